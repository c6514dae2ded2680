"""Whole messages of a regular shape in one step: container header, ptlrpc_body and buffers.

For a side of an RPC and the presence of its buffers, one function is generated around one `struct.Struct` that covers
the message from its first byte to the first buffer of variable size (see `straightline`). Longer structs of a later
version and additional buffers are read too: what the declarations leave over goes to `Extra`. Whatever else is not
regular (short buffers, padding with content, strings without their NUL) makes the function give up with None, and the
message is read or written piece by piece by `payload`; the result is the same either way.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from lustre_wire.engines import record
from lustre_wire.engines.bulk import Core, core
from lustre_wire.engines.bulk.texts import Around, Blank, Place, filler
from lustre_wire.engines.jsontext import prefix, quoted, template, union_writer
from lustre_wire.engines.payload import Extra, Piece, piece
from lustre_wire.engines.straightline import Generator, elements
from lustre_wire.schema.nodes import PREFIX, ByteOrder, Cell, Emitter, Group, Node, Overlap, Repeat, resolved, turner
from lustre_wire.schema.rpc import Buffers, Cases, Chosen, Held, Parts, SlotSpec
from lustre_wire.schema.struct import spec_of

#: What a generated function takes and gives: (data, offsets, lengths, dialect, direction, format) -> message or None.
Read = Callable[[bytes, Any, Any, Any, str, Any], Any]
Write = Callable[[Any], bytes]
#: What opaque bytes hold, as members of the buffer's JSON object: (nodes it may be, bytes, dialect, order) -> text.
Inside = Callable[[Held, bytes, Any, ByteOrder], str]
#: As `Read`, and what tells of opaque bytes -> the message's JSON text, or None.
Tell = Callable[[bytes, Any, Any, Any, str, Any, Inside], "str | None"]


class Naming(Protocol):
    """What numbers are called: members of a JSON object, each with a comma behind it, "" where there is nothing."""

    def texts(self, cell: Cell) -> Mapping[int, str] | None:
        """number -> text of a field, None where its numbers have no names."""

    def value(self, node: Node, name: str) -> Callable[[Any], str] | None:
        """What gives the text of anything else under a name, None where nothing in it has any."""

    def tagged(self, union: Overlap) -> Callable[[int, bytes], str] | None:
        """What gives that of a union, of the number that chooses a member and of its bytes."""

    def nested(self, name: str, text: str) -> str:
        """The texts of what is within something of this name."""

    def listed(self, name: str, texts: Sequence[str]) -> str:
        """The texts of what is within its elements."""


_WORD = re.compile(r"[A-Za-z_]\w*")
_TELL = "tell(_data, _offsets, _lengths, dialect, direction, format, inside)"
_READ = "read(_data, _offsets, _lengths, dialect, direction, format)"

#: Presence patterns of one side for which functions are kept; others go piece by piece.
_MOST_PATTERNS = 32
#: How many buffers behind the declared ones a function is made for.
_MOST_UNDECLARED = 8

#: What stands for a buffer in a pattern: nothing there, a length that may vary, one that is read piece by piece, or
#: else the length.
ABSENT, VARIABLE, BY_PIECES = 0, -1, -2
Pattern = tuple[int, ...]
"""The ptlrpc_body and each buffer behind it."""


@dataclass(frozen=True)
class Frame:
    """What is around the buffers: classes of message, container header (version 2) and ptlrpc_body, and the bits of
    `lm_secflvr` that a message has under a security policy, whose buffers are not what they seem.
    """

    message: type
    header: type
    body: type
    flavour_mask: int


def _fixed_size(node: Node) -> int:
    """Bytes of a buffer that holds exactly its type, 0 where its size varies or is not the whole story."""
    tail = node.tail if isinstance(node, Group) else None
    return 0 if tail is not None and tail.limit and tail.count else node.width


def _is_variable(node: Node) -> bool:
    """Whether a buffer can be of any length."""
    return node.tail is not None if isinstance(node, Group) else not node.width


class Side:
    """The generated functions of one side of an RPC, found by buffer lengths or by which buffers have a value."""

    def __init__(self, frame: Frame, side: type[Buffers], order: ByteOrder) -> None:
        self.frame = frame
        self.side = side
        self.order: ByteOrder = order
        self.slots = side.__slot_specs__
        self.sizes = tuple(_fixed_size(s.node) for s in self.slots)
        self.body_size = spec_of(frame.body).size
        self.plain = not any(s.present for s in self.slots)  # buffers that depend on others go piece by piece
        self._readers: dict[Pattern, Read] = {}
        self._writers: dict[Pattern, Write | None] = {}
        self._tellers: dict[tuple[Pattern, Naming | None], Tell | None] = {}
        self.pattern_of_values: Callable[[Any], Pattern] | None = None  # made when first needed

    def reader(self, lengths: tuple[int, ...]) -> Read | None:
        """The function for a message with these buffer lengths, None where it is to be read piece by piece."""
        pattern = self._pattern(lengths)
        if pattern is None:
            return None
        if pattern not in self._readers:
            if len(self._readers) >= _MOST_PATTERNS:
                return None
            self._readers[pattern] = _Generator(self, pattern).reader()
        return self._readers[pattern]

    def teller(self, lengths: tuple[int, ...], naming: Naming | None) -> Tell | None:
        """The function that gives the JSON text of a message with these buffer lengths, None where none is made.

        It is made for the first message, as the function that reads one is: that takes no longer.

        With `naming` the object has one member more: ``names``, what numbers of the message are called.
        """
        pattern = self._pattern(lengths)
        if pattern is None:
            return None
        key = pattern, naming
        if key not in self._tellers:
            if len(self._tellers) >= _MOST_PATTERNS:
                return None
            self._tellers[key] = _Telling(self, pattern, naming).teller()
        return self._tellers[key]

    def _pattern(self, lengths: tuple[int, ...]) -> Pattern | None:
        """What each buffer holds, None where one is read piece by piece."""
        if not self.plain or not lengths or lengths[0] < self.body_size:
            return None
        if len(lengths) > 1 + len(self.slots) + _MOST_UNDECLARED:
            return None
        known = [_room(slot.node, *both) for slot, *both in zip(self.slots, self.sizes, lengths[1:], strict=False)]
        more = [VARIABLE if length else ABSENT for length in lengths[1 + len(self.slots) :]]
        return None if BY_PIECES in known else (lengths[0], *known, *more)

    def counted(self, pattern: Pattern) -> int:
        """How many buffers a regular message counts."""
        total = len(self.slots) + 1
        for slot in reversed(self.slots):
            if slot.index < len(pattern) and pattern[slot.index] != ABSENT:
                break
            if slot.omit:
                total = slot.index
        return total

    def writer(self, buffers: Any) -> Write | None:
        """The function for a message with these values, None where it is to be written piece by piece."""
        if self.pattern_of_values is None:
            if not self.plain:
                return None
            self.pattern_of_values = self._values_function()
        pattern = self.pattern_of_values(buffers)
        try:
            return self._writers[pattern]
        except KeyError:
            if len(self._writers) >= _MOST_PATTERNS:
                return None
            made = self._writers[pattern] = _Generator(self, pattern[: self.counted(pattern)]).writer()
            return made

    def _values_function(self) -> Callable[[Any], Pattern]:
        """A function of the buffers that gives the pattern."""
        parts = [str(self.body_size)]
        for slot, fixed in zip(self.slots, self.sizes, strict=True):
            value, node = f"b.{slot.name}", slot.node
            there = str(fixed or VARIABLE)
            if fixed and isinstance(node, Group) and (tail := node.tail) is not None:
                least = tail.width if tail.joined else tail.count
                there = f"{fixed} if len({value}.{node.tail_path}) == {least} else {VARIABLE}"
            parts.append(f"{ABSENT} if {value} is None else {there}")
        em = Emitter()
        em.function("pattern(b)", [f"return ({', '.join(parts)},)"])
        made: Callable[[Any], Pattern] = em.compile(f"pattern {self.side.__qualname__}")["pattern"]
        return made


_sides: dict[tuple[Frame, type[Buffers], ByteOrder], Side] = {}


def side(frame: Frame, cls: type[Buffers], order: ByteOrder) -> Side:
    """The functions of one side of an RPC, made once for all dialects that have it and the same things around it."""
    found = _sides.get((frame, cls, order))
    if found is None:
        found = _sides[frame, cls, order] = Side(frame, cls, order)
    return found


def _room(node: Node, fixed: int, length: int) -> int:
    """What a buffer of this length has in a pattern. Only a buffer that never varies can be longer than its type."""
    if length in (ABSENT, fixed):
        return length
    if _is_variable(node):
        return VARIABLE
    return length if fixed and length > fixed else BY_PIECES


class _Generator(Generator):
    """Collects the run of fixed buffers at the front in one struct, and the statements for the rest."""

    def __init__(self, side: Side, pattern: Pattern) -> None:
        super().__init__(side.order, record.nested_codec, 0)
        self.side = side
        self.pattern = pattern
        self.rest: list[str] = []  # read: the buffers behind the run
        self.checks: list[str] = []  # read: what must hold for a regular message
        self.tails: list[str] = []  # read: what follows the type in its buffer, as entries of a dictionary
        self.more: list[str] = []  # read: buffers behind the declared ones
        self.sizes: list[str] = []  # write: the buffers behind the run, and their lengths
        self.pieces: list[str] = []  # write: what follows the packed run
        self.lengths = slice(0)  # which of the packed values are the buffer lengths
        self.header(len(pattern))
        self.object("_body", spec_of(side.frame.body).alone, 0)
        run = pattern.index(VARIABLE) if VARIABLE in pattern else len(pattern)
        declared = len(side.slots) + 1
        for index in range(1, min(run, declared)):
            self.front(index)
        for index in range(run, min(len(pattern), declared)):
            self.behind(index)
        for index in range(declared, len(pattern)):
            self.undeclared(index)

    def header(self, count: int) -> None:
        """The container header, its lengths and the gap behind them; lengths are known from outside when reading."""
        head = spec_of(self.side.frame.header).node
        lengths = head.tail
        self.before.append(f"_head = _new({self.em.const('_C', head.cls)})")
        for node in head.members:
            if node is not lengths:
                self.node(node, f"_head.{node.name}", node.name)
        if self.side.frame.flavour_mask:
            self.checks.append(f"not _head.lm_secflvr & {self.side.frame.flavour_mask}")
        self.lengths = slice(len(self.format), len(self.format) + count)
        for number in range(count):
            self.cell(replace(lengths.node, name=f"_n{number}"), f"_n{number}", f"_n{number}")
        self.length_size = lengths.stride
        self.zeroes(head.width + lengths.stride * count)

    def zeroes(self, end: int) -> None:
        """The padding behind something that ends at `end`."""
        if end & 7:
            size = -end % 8
            local = self.em.local("z")
            self.atom(f"{size}s", local, repr(bytes(size)))
            self.checks.append(f"{local} == {bytes(size)!r}")

    def object(self, name: str, node: Group, index: int) -> None:
        """A struct in the run under a local name, and what follows it."""
        self.before.append(f"{name} = _new({self.em.const('_C', node.cls)})")
        self.group(node, name, "", at_end=False)
        self.room(node.width, index)

    def room(self, size: int, index: int) -> None:
        """What follows a type of `size` bytes in the run: its buffer's tail, and the padding."""
        length = self.pattern[index]
        if length > size:
            local = self.em.local("t")
            self.atom(f"{length - size}s", local, "")
            self.tails.append(f"{index}: {local}")
        self.zeroes(length)

    def front(self, index: int) -> None:
        slot = self.side.slots[index - 1]
        self.sizes.append(f"_n{index} = {self.pattern[index]}")
        if self.pattern[index] == ABSENT:
            self.after.append(f"_p.{slot.name} = None")
            return
        local = f"_s{index}"
        self.setup.append(f"{local} = _p.{slot.name}")
        if isinstance(slot.node, Group):
            self.object(local, slot.node, index)
        else:
            self.node(slot.node, local, slot.name)
            self.room(slot.node.width, index)
        self.after.append(f"_p.{slot.name} = {local}")

    def behind(self, index: int) -> None:
        """A buffer behind the run: read at its offset, written as bytes of its own."""
        slot, fixed = self.side.slots[index - 1], self.side.sizes[index - 1]
        if self.pattern[index] == ABSENT:
            self.rest.append(f"_p.{slot.name} = None")
            self.sizes.append(f"_n{index} = 0")
            return
        how = self.apart(index, f"_p.{slot.name}")
        if self.pattern[index] > fixed:
            self.tails.append(f"{index}: t{index}")
        self.sizes += [f"_d{index} = {how.write}", f"_n{index} = len(_d{index})"]
        self.pieces += [f"_d{index}", f"_zeroes[_n{index} & 7]"]

    def apart(self, index: int, value: str) -> Piece:
        """Read a buffer at its offset."""
        slot, fixed = self.side.slots[index - 1], self.side.sizes[index - 1]
        how = piece(self.em, slot.node, value, self.order)
        self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]"]
        varies = self.pattern[index] == VARIABLE
        if varies and how.test != "True":
            self.rest += [f"if not ({how.test}):", "    return None"]
        self.rest += [f"{value} = v = {how.read}"]
        if varies and how.taken:
            self.rest += [f"if m != {slot.node.width} and {how.taken} != m:", "    return None"]
        if self.pattern[index] > fixed:
            self.rest.append(f"t{index} = _data[a + {fixed} : a + m]")
        self.padding()
        return how

    def undeclared(self, index: int) -> None:
        if self.pattern[index] == ABSENT:
            self.more.append('b""')
            return
        self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]", f"b{index} = _data[a : a + m]"]
        self.more.append(f"b{index}")
        self.padding()

    def padding(self) -> None:
        self.rest += ["if m & 7 and _data[a + m : (a + m + 7) & ~7] != _zeroes[m & 7]:", "    return None"]

    def extra(self) -> list[str]:
        """Statements that keep what the declared buffers do not hold."""
        count = len(self.pattern)
        while self.more and self.more[-1] == 'b""':
            self.more.pop()
        if not self.tails and count == self.side.counted(self.pattern):
            return ["_o.extra = None"]
        values = dict.fromkeys(("cut", "raw", "padding"), "{}") | {"gap": 'b""', "trailing": 'b""'}
        values["tails"] = f"{{{', '.join(self.tails)}}}"
        values["more"] = f"[{', '.join(self.more)}]"
        values["count"] = str(None if count == self.side.counted(self.pattern) else count)
        return ["_o.extra = _x = _new(_Extra)", *(f"_x.{name} = {value}" for name, value in values.items())]

    def reader(self) -> Read:
        codes = self.format
        codes[self.lengths] = [f"{self.length_size * len(self.pattern)}x"]  # known already
        self.targets[self.lengths] = []
        self.em.names["_unpack"] = self.packer().unpack_from
        read = [*self.before, f"({', '.join(self.targets)},) = _unpack(_data)"]
        if self.checks:
            read += [f"if not ({' and '.join(self.checks)}):", "    return None"]
        absent = [f"_p.{slot.name} = None" for slot in self.side.slots[len(self.pattern) - 1 :]]
        read += ["_p = _new(_side)", *self.after, *self.rest, *absent]
        read += ["_head.lm_buflens = [*_lengths]", "_o = _new(_message)"]
        read += [f"_o.{name} = {name}" for name in ("dialect", "direction", "format")]
        read += [f"_o.order = {self.order!r}", "_o.header = _head", "_o.body = _body", "_o.buffers = _p"]
        read.append("_o.asked = None")
        made: Read = self.function(_READ, [*read, *self.extra(), "return _o"])
        return made

    def writer(self) -> Write:
        count = len(self.pattern)
        self.em.names["_pack"] = self.packer().pack
        write = ["_p = _o.buffers", "_head = _o.header", "_body = _o.body", f"_n0 = {self.pattern[0]}", *self.sizes]
        write += [f"_head.lm_bufcount = {count}", *self.setup, f"out = _pack({', '.join(self.sources)})"]
        write += [f"_head.lm_buflens = [{', '.join(f'_n{i}' for i in range(count))}]"]
        write += [f'return b"".join((out, {", ".join(self.pieces)}))' if self.pieces else "return out"]
        made: Write = self.function("write(_o)", write)
        return made

    def function(self, signature: str, lines: list[str]) -> Any:
        self.em.names |= {"_side": self.side.side, "_message": self.side.frame.message, "_Extra": Extra}
        self.em.names["_zeroes"] = tuple(bytes(-n % 8) for n in range(8))
        self.em.function(signature, lines)
        name, pattern = signature.split("(")[0], ",".join(str(what) for what in self.pattern)
        return self.em.compile(f"whole {name} {self.side.side.__qualname__} {pattern} {self.order}")[name]


class _Telling(_Generator):
    """The same with JSON text as what comes out: one template, and what fills it.

    The C core fills in the numbers and bytes that are shown as they stand; the generated function the rest.
    """

    def __init__(self, side: Side, pattern: Pattern, naming: Naming | None) -> None:
        self.naming = naming
        self.names: list[str] = []  # expressions of what is called so at the level at hand
        self.parts: list[tuple[str, tuple[str, ...]]] = []  # of the template, each with what fills it
        self.places: dict[str, Place] = {}  # where variables stand in the message
        self.blanks: list[Blank] = []
        self.buffer = self.end = 0  # in which buffer, 0 being the whole message, and up to where, values are taken
        self.least: list[str] = []  # tests of what buffers have at least
        self.numbers: dict[str, str] = {}  # variables by path; of header and ptlrpc_body by name
        self.whole = True  # whether all that must be known is
        super().__init__(side, pattern)

    def put(self, text: str, *args: str) -> None:
        self.parts.append((text, args))

    def hex(self, size: int) -> None:
        """The next bytes, as they are."""
        self.put('"')
        self.put("%s", f"{self.taken(f'{size}s')}.hex()")
        self.put('"')

    def atom(self, code: str, target: str, source: str) -> None:
        width = struct.calcsize(f"<{code}")
        self.places[target] = Place("s" if code.endswith("s") else code, self.end, width, self.buffer)
        self.end += width
        super().atom(code, target, source)

    def zeroes(self, end: int) -> None:
        super().zeroes(end)
        if end & 7:
            self.blanks.append(Blank(self.places[self.targets[-1]]))

    def node(self, node: Node, target: str, path: str, obj: str = "", *, at_end: bool = False) -> None:
        if isinstance(node, Cell):
            raw = self.taken(node.kind.format(node, self.order))
            self.numbers.setdefault(path, raw)
            text, value = node.kind.json_raw(self.em, node, raw, self.order)
            self.put(text, value)
            named = self.naming.texts(node) if self.naming is not None else None
            if named is not None:
                self.names.append(f"{self.em.const('n', named)}[{value}]")
        elif isinstance(node, Overlap):
            raw = self.taken(f"{node.width}s")
            if node.swab and resolved(node.order, self.order) != "little":
                raw = f"{self.em.const('_u', turner(node.swab))}({raw})"
            self.put("%s", f"{self.em.const('u', union_writer(node.cls))}({raw})")
            self.tagged(node, raw, path)
        elif isinstance(node, Group):
            self.within(node.name, lambda: self.group(node, "", path, at_end=at_end))
        elif node.tail and at_end:
            self.tail_of(node, path)
        elif node.joined:
            self.hex(node.width)
        else:
            self.put("[")
            elements: list[list[str]] = []
            outer = self.names
            for number in range(node.count):
                self.put("," if number else "")
                self.names = []
                self.node(node.node, "", "")
                elements.append(self.names)
            self.names = outer
            self.put("]")
            if isinstance(node.node, Group) and any(elements) and self.naming is not None:
                each = ", ".join(" + ".join(texts) for texts in elements)
                self.names.append(f"{self.em.use(self.naming.listed)}({node.name!r}, ({each},))")

    def within(self, name: str, put: Callable[[], None]) -> None:
        """What `put` adds, its names as those of something with a name."""
        outer, self.names = self.names, []
        put()
        inner, self.names = self.names, outer
        if inner and self.naming is not None:
            self.names.append(f"{self.em.use(self.naming.nested)}({name!r}, {' + '.join(inner)})")

    def tagged(self, node: Overlap, raw: str, path: str) -> None:
        """The names of the member of a union that another field tells."""
        tell = self.naming.tagged(node) if self.naming is not None else None
        if tell is not None:
            outer, field = path.rpartition(".")[0], node.field.tag.field
            number = self.numbers[f"{outer}.{field}" if outer else field]
            self.names.append(f"{self.em.const('u', tell)}({number}, {raw})")

    def group(self, group: Group, obj: str, path: str, *, at_end: bool) -> None:
        for number, node in enumerate(group.members):
            self.put(f'{"," if number else "{"}"{node.name}":')
            where = f"{path}.{node.name}" if path else node.name
            self.node(node, "", where, at_end=at_end and node is group.members[-1])
        self.put("}" if group.members else "{}")

    def tail_of(self, node: Repeat, path: str) -> None:
        """As many elements as a buffer holds of which `a` is where it begins, `m` its length."""
        outer, values, start = path.rpartition(".")[0], self.em.local("f"), self.end
        limit = self.numbers[f"{outer}.{node.limit}"] if node.limit else ""
        end = f"min(a + m, a + {start} + {node.stride} * {limit})" if limit else "a + m"
        read, _ = elements(node.node, self.order, record.nested_codec, joined=node.joined)
        self.rest.append(f"{values} = {self.em.const('_f', read)}(_data, a + {start}, {end})")
        each = 1 if node.joined else node.stride
        self.rest += [f"if m != {start + node.width} and {start} + {each} * len({values}) != m:", "    return None"]
        args: list[str] = []
        self.put(template(self.em, self.rest, node, values, args), *args)
        named = self.naming.value(node, node.name) if self.naming is not None else None
        if named is not None:
            self.names.append(f"{self.em.const('n', named)}({values})")

    def taken(self, code: str) -> str:
        """The variable of a value that is unpacked."""
        local = self.em.local("r")
        self.atom(code, local, "")
        return local

    def header(self, count: int) -> None:
        head = spec_of(self.side.frame.header).node
        lengths = head.tail
        for node in head.members:
            if node is lengths:
                continue
            self.put(f'"{node.name}":')
            self.node(node, "", node.name)
            self.put(",")
        if self.side.frame.flavour_mask:
            flavour, mask = self.numbers["lm_secflvr"], self.side.frame.flavour_mask
            self.checks.append(f"not {flavour} & {mask}")
            self.blanks.append(Blank(self.places[flavour], mask))
        self.put(f'"{lengths.name}":[')
        for number, size in enumerate(self.pattern):
            self.put("," if number else "")
            self.put("%d", f"_lengths[{number}]") if size == VARIABLE else self.put(str(size))
        self.put(']},"buffers":[')
        start = self.end
        for number in range(count):
            self.atom(lengths.node.kind.format(lengths.node, self.order), f"_lengths[{number}]", "")
        self.zeroes(head.width + lengths.stride * count)
        self.around = Around(start, self.end)

    def object(self, name: str, node: Group, index: int) -> None:
        self.put(prefix(node) if index else f'{{"name":"ptlrpc_body"{prefix(node)}')
        path = name if index else ""  # numbers of the ptlrpc_body go by their names alone
        self.within(name if index else "ptlrpc_body", lambda: self.group(node, "", path, at_end=False))
        self.room(node.width, index)

    def room(self, size: int, index: int) -> None:
        if self.pattern[index] > size:
            self.put(',"extra":{"tail":')
            self.hex(self.pattern[index] - size)
            self.put("}")
        self.put("}")
        self.zeroes(self.pattern[index])

    def slot(self, index: int) -> None:
        self.put(f',{{"name":"{self.side.slots[index - 1].name}"')

    def front(self, index: int) -> None:
        slot = self.side.slots[index - 1]
        self.slot(index)
        if self.pattern[index] == ABSENT:
            self.put("}")
        elif isinstance(slot.node, Group):
            self.object(slot.name, slot.node, index)
        else:
            self.put(prefix(slot.node))
            self.node(replace(slot.node, name=slot.name), "", "")
            self.whole &= not slot.looked_into  # what others say of its bytes
            self.room(slot.node.width, index)

    def behind(self, index: int) -> None:
        slot, node = self.side.slots[index - 1], self.side.slots[index - 1].node
        self.buffer, self.end = index, 0
        if self.pattern[index] != VARIABLE:
            self.front(index)
            return
        self.slot(index)
        if isinstance(node, Group):
            self.least += [f"if _lengths[{index}] < {node.width}:", "    return None"]
            self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]"]
            self.put(prefix(node))
            self.within(slot.name, lambda: self.group(node, "", slot.name, at_end=True))
            self.padding()
        else:
            value = f"_v{index}"
            self.apart(index, value)
            args: list[str] = []
            self.put(prefix(node) + template(self.em, self.rest, node, value, args), *args)
            names = self.naming.value(node, slot.name) if self.naming is not None else None
            if names is not None:
                self.names.append(f"{self.em.const('n', names)}({value})")
            if slot.opaque:
                self.put("%s", f"inside({self.held(slot)}, {value}, dialect, {self.order!r})")
        self.put("}")

    def held(self, slot: SlotSpec) -> str:
        """The expression of what an opaque buffer may hold."""
        held = slot.held
        if isinstance(held, Parts) or slot.asks:  # other buffers, or the request, have to be decoded for it
            self.whole = False
            return "()"
        if isinstance(held, Chosen):
            by = next(s.index for s in self.side.slots if s.name == held.by)
            there = by < slot.index and self.pattern[by] != ABSENT
            self.whole &= not there or self.pattern.index(VARIABLE) <= by
            return f"{self.em.const('_h', held.of_key)}({f'_v{by}' if there else None})"
        made = held.expression(self.em, self.numbers.get) if isinstance(held, Cases) else None
        self.whole &= made is not None or not isinstance(held, Cases)
        return made or self.em.const("_h", () if isinstance(held, Cases) else held)

    def teller(self) -> Tell | None:
        if not self.whole:
            return None
        count = len(self.pattern)
        for slot in self.side.slots[count - 1 :]:
            self.put(f',{{"name":"{slot.name}"}}')
        self.put("]%s", "',\"variant\":' + quoted(format.variant) if format.variant else ''")
        while self.more and self.more[-1] == 'b""':
            self.more.pop()
        said = []
        if self.more:
            said.append(f'"more":[{",".join(["%s"] * len(self.more))}]')
        if count != self.side.counted(self.pattern):
            said.append(f'"count":{count}')
        self.put(f',"extra":{{{",".join(said)}}}' if said else "", *[f"f'\"{{{each}.hex()}}\"'" for each in self.more])
        if self.naming is not None:
            self.put(',"names":{%s}', f"({' + '.join(self.names)})[:-1]" if self.names else "''")
        self.put("}")
        self.parts[:0] = [
            ('{"dialect":%s,"direction":"%s","opcode":', ("quoted(dialect.name)", "direction")),
            ("%d", (self.numbers["pb_opc"],)),
            (f',"format":%s,"endian":"{self.order}","header":{{', ("quoted(format.name)",)),
        ]
        if core is None:
            filled, args = (
                repr("".join(text for text, _ in self.parts)),
                [arg for _, args in self.parts for arg in args],
            )
            checks = [f"if not ({' and '.join(self.checks)}):", "    return None"] if self.checks else []
        else:
            filled, args = "_text", self.by_core(core)
            checks = ["_text = _fill(_data)", "if _text is None:", "    return None"]
        lines = [*self.rest, f"return {filled} % ({', '.join(args)},)"]
        lines = [*self.least, *self.unpacking([*checks, *lines]), *checks, *lines]
        self.em.names["quoted"] = quoted
        made: Tell = self.function(_TELL, lines)
        return made

    def by_core(self, core: Core) -> list[str]:
        """Have the C core fill in what it can; what fills the rest."""
        pieces: list[str | Place] = []
        rest: list[str] = []
        for text, args in self.parts:
            place = self.place(args[0]) if len(args) == 1 and text in ("%d", "%s") else None
            if place is not None and place.is_number == (text == "%d"):
                pieces.append(place)
            else:
                pieces.append(text)
                rest += args
        self.em.names["_fill"] = filler(core, self.order, self.around, pieces, self.blanks)
        return rest

    def place(self, arg: str) -> Place | None:
        """Where it stands in the message as it is shown, None where it has to be made of that."""
        return self.places.get(arg) or self.places.get(arg.removesuffix(".hex()"))

    def unpacking(self, lines: list[str]) -> list[str]:
        """The statements that set the variables that others use."""
        used = set(_WORD.findall("\n".join(lines))) & self.places.keys()
        out = []
        for buffer in sorted({self.places[name].buffer for name in used}):
            names = sorted((n for n in used if self.places[n].buffer == buffer), key=lambda n: self.places[n].offset)
            format, at = PREFIX[self.order], 0
            for place in map(self.places.__getitem__, names):
                format += f"{place.offset - at}x{place.width if place.code == 's' else ''}{place.code}"
                at = place.end
            unpack = self.em.const("_unpack", struct.Struct(format).unpack_from)
            out.append(f"({', '.join(names)},) = {unpack}(_data{f', _offsets[{buffer}]' if buffer else ''})")
        return out


__all__ = ["Frame", "Inside", "Naming", "Side", "Tell", "side"]
