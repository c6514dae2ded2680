"""What every field is lowered to, and what code is generated with.

Four nodes are all that a backend knows: `Cell`, `Group`, `Repeat`, `Overlap`, a closed set. What a field *is* stays
with its kind (`lustre_wire.schema.types`), which a cell carries and which gives expressions; a backend puts them
together with an `Emitter`. Offsets and widths are in bytes.
"""

from __future__ import annotations

import enum
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from json.encoder import encode_basestring_ascii
from struct import Struct as Packer
from typing import Any, Final, Literal, TypeAlias

from lustre_wire.errors import WireError
from lustre_wire.kinds import octets

ByteOrder = Literal["little", "big"]
#: "sender": that of the message; "sent": no receiver swaps it, and it is read as a little-endian machine reads it.
Order = Literal["sender", "sent", "little", "big"]
PREFIX: Final[dict[str, str]] = {"little": "<", "big": ">"}


def resolved(order: Order | None, message: ByteOrder) -> ByteOrder:
    """The byte order that a node is read in, in a message or struct that is read in `message`."""
    if order == "sender" or order is None:
        return message
    return "little" if order == "sent" else order


class Form(enum.Enum):
    """What the value of a cell is to whoever does not know its kind."""

    NUMBER = "an integer"
    BYTES = "bytes"
    FOREIGN = "something that only the kind can turn into bytes"


@dataclass(frozen=True, slots=True)
class Cell:
    """`width` bytes at `offset` of the outermost struct that become one value; of a buffer's cell 0: as many as there
    are.

    `order` is None where the bytes have none. `field` is the declaration (`FieldSpec`), with its marks, or None.
    """

    name: str
    offset: int
    width: int
    order: Order | None
    kind: Any
    field: Any = None

    @property
    def form(self) -> Form:
        """What the value is."""
        found: Form = self.kind.form
        return found

    @property
    def swapped(self) -> bool:
        """Whether a receiver of the other byte order turns these bytes."""
        return self.order == "sender" and self.width > 1

    def order_in(self, order: ByteOrder) -> ByteOrder:
        """The byte order in a struct that is read in `order`."""
        return resolved(self.order, order)


@dataclass(frozen=True, slots=True)
class Group:
    """A struct: an object of class `cls`, whose members lie one behind the other. `order` is that of the struct."""

    name: str
    offset: int
    width: int
    order: Order
    cls: Any
    members: tuple[Node, ...]
    field: Any = None

    @property
    def tail(self) -> Repeat | None:
        """What makes the length depend on the buffer: the struct's own or its last member's flexible array."""
        last = self.members[-1] if self.members else None
        if isinstance(last, Group):
            return last.tail
        return last if isinstance(last, Repeat) and last.tail else None

    @property
    def tail_path(self) -> str:
        """The dotted name of `tail`."""
        last = self.members[-1]
        return f"{last.name}.{last.tail_path}" if isinstance(last, Group) else last.name

    @property
    def limit(self) -> Cell | None:
        """The number that says how many elements of `tail` count."""
        last = self.members[-1] if self.members else None
        if isinstance(last, Group):
            return last.limit
        found = self.member(last.limit) if isinstance(last, Repeat) and last.tail and last.limit else None
        return found if isinstance(found, Cell) and found.form is Form.NUMBER else None

    def member(self, path: str) -> Node:
        """The node of a field by its dotted name; KeyError when there is none."""
        outer, _, inner = path.partition(".")
        for found in self.members:
            if found.name == outer:
                if not inner:
                    return found
                if isinstance(found, Group):
                    return found.member(inner)
        raise KeyError(path)


@dataclass(frozen=True, slots=True)
class Repeat:
    """`count` times the same, `stride` bytes from one to the next; `node` is the first.

    With `tail` there are as many more as the buffer holds, where `limit` names a field of the same struct no more than
    that says. (A limit that stands in another buffer is a path here; only what asks for the end of a tail must know.)
    """

    name: str
    offset: int
    width: int
    node: Node
    count: int
    stride: int
    tail: bool = False
    limit: str = ""
    field: Any = None

    @property
    def joined(self) -> bool:
        """A tail of bytes: its value is all of them in one, not a list."""
        return self.tail and isinstance(self.node, Cell) and self.node.form is Form.BYTES


@dataclass(frozen=True, slots=True)
class Overlap:
    """A union: an object of class `cls` that holds its bytes as a little-endian sender writes them.

    `swab` says what a big-endian message turns: (offset, width) counted from the union. `views` are the members, each
    lowered as little-endian from offset 0. (A union told apart by a value will have a `select`, the path of that value,
    and a swab for each case: whoever emits an Overlap emits a function of its bytes, which then takes the value too.)
    """

    name: str
    offset: int
    width: int
    order: Order
    cls: Any
    swab: tuple[tuple[int, int], ...]
    views: tuple[Node, ...]
    field: Any = None

    def view(self, name: str) -> Node:
        """A member by its name; KeyError when there is none."""
        for found in self.views:
            if found.name == name:
                return found
        raise KeyError(name)


Node: TypeAlias = "Cell | Group | Repeat | Overlap"


def cells(node: Node) -> Iterator[Cell]:
    """Every cell within a node's own width, repetitions spread out; of a union what its swab turns, without a kind."""
    if isinstance(node, Cell):
        yield node
    elif isinstance(node, Group):
        for member in node.members:
            yield from cells(member)
    elif isinstance(node, Repeat):
        inner = list(cells(node.node))
        for i in range(node.count):
            yield from (replace(cell, offset=cell.offset + i * node.stride) for cell in inner)
    else:
        for at, width in node.swab if node.order == "sender" else ():
            yield Cell(node.name, node.offset + at, width, node.order, None)


def swapped_in(node: Node) -> list[tuple[int, int]]:
    """(offset, width) of each integer that a receiver of the other byte order swaps, within the node's own width."""
    return [(cell.offset, cell.width) for cell in cells(node) if cell.swapped]


def turner(swab: tuple[tuple[int, int], ...]) -> Callable[[bytes], bytes]:
    """A function that turns the bytes of a union."""

    def turn(raw: bytes) -> bytes:
        out = bytearray(raw)
        for at, width in swab:
            out[at : at + width] = out[at : at + width][::-1]
        return bytes(out)

    return turn


def fit(value: Any, size: int, path: str, pad: bool) -> bytes:
    """Bytes of exactly `size`; a shorter character array is filled with NUL, everything else is refused."""
    data = octets(value, path)
    if len(data) == size:
        return data
    if pad and len(data) < size:
        return data.ljust(size, b"\0")
    raise WireError(f"expected {size} bytes, got {len(data)}", path=path)


def unhex(value: Any, path: str) -> bytes:
    """The bytes of hexadecimal digits.

    Raises:
        WireError: no such digits.
    """
    if not isinstance(value, str):
        raise WireError(f"expected hexadecimal digits, got {type(value).__name__}", path=path)
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise WireError(f"expected hexadecimal digits: {error}", path=path) from None


def quote(text: str) -> str:
    """Text as a JSON string of ASCII that can be shown."""
    return encode_basestring_ascii(text).replace("\x7f", "\\u007f")  # all others are escaped, or no ASCII


# --- generated code ---------------------------------------------------------------------------------------------------


def compile_functions(title: str, source: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run `source` in `namespace` and return it; the text stays in `linecache` under ``<lustre_wire title>``.

    Another text under the same title (two classes may have one name) gets a number behind it.
    """
    lines, filename, number = source.splitlines(True), f"<lustre_wire {title}>", 1
    while filename in linecache.cache and linecache.getlines(filename) != lines:
        number += 1
        filename = f"<lustre_wire {title} #{number}>"
    linecache.cache[filename] = (len(source), None, lines, filename)
    exec(compile(source, filename, "exec"), namespace)  # our own text, made from declarations
    return namespace


class Emitter:
    """The names that generated code uses, and the functions made of it so far."""

    def __init__(self, **names: Any) -> None:
        self.names: dict[str, Any] = names
        self.source = ""
        self._serial = 0

    def local(self, prefix: str) -> str:
        """A name nobody has used."""
        self._serial += 1
        return f"{prefix}{self._serial}"

    def const(self, prefix: str, value: Any) -> str:
        """The name of a value that the code needs."""
        name = self.local(prefix)
        self.names[name] = value
        return name

    def use(self, function: Any) -> str:
        """The name of a function that many lines call."""
        name = f"_{function.__name__}"
        self.names[name] = function
        return name

    def function(self, signature: str, lines: list[str]) -> None:
        """Add a function."""
        self.source += f"def {signature}:\n" + "".join(f"    {line}\n" for line in lines)

    def compile(self, title: str) -> dict[str, Any]:
        """The functions by name, among the names that they use."""
        return compile_functions(title, self.source, self.names)


def raw_of(em: Emitter, cell: Cell, data: str, at: str, order: ByteOrder) -> str:
    """The expression of a cell's value in the bytes `data` at `at`, both expressions, outside of any other struct."""
    unpack = em.const("_u", Packer(PREFIX[order] + cell.kind.format(cell, order)).unpack_from)
    raw = f"{unpack}({data}, {at})[0]"
    return cell.kind.load(em, cell, raw, order) or raw


def bytes_of(em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
    """The expression of a cell's bytes."""
    pack = em.const("_k", Packer(PREFIX[order] + cell.kind.format(cell, order)).pack)
    return f"{pack}({cell.kind.store(em, cell, value, path, order)})"


Access: TypeAlias = tuple[Callable[[Any, int], Any], Callable[[Any], bytes]]
_accesses: dict[tuple[int, str], tuple[Cell, Access]] = {}


def access(cell: Cell, order: ByteOrder = "little") -> Access:
    """(read, write) of one cell by itself: read(data, offset) gives its value, write(value) its bytes."""
    found = _accesses.get((id(cell), order))
    if found is None:
        em = Emitter(_int=int.from_bytes)
        em.function("read(_data, _at)", [f"return {raw_of(em, cell, '_data', '_at', order)}"])
        em.function("write(_value)", [f"return {bytes_of(em, cell, '_value', cell.name, order)}"])
        made = em.compile(f"cell {cell.kind.c_type} {order}")
        access_ = made["read"], made["write"]
        found = _accesses[id(cell), order] = cell, access_  # with the cell, so that nobody else gets its id
    return found[1]
