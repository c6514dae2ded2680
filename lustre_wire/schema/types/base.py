"""What every kind of field can do, and what those can that become one value: `FieldType` and `CellType`.

A kind is one class in one file, and nobody else knows it: a backend asks the nodes that it lowers itself to. Methods
that give *expressions* (text of Python) go into whatever code a backend generates, and cost no call; `em` is the
backend's `Emitter`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from lustre_wire.kinds import octets
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Form, Node, Order, bytes_of, fit, raw_of, unhex


class FieldType:
    """Base of all kinds of fields. `size` is the bytes within the struct.

    `times`, `signed` and `opaque` are what offset tables say: 1 for a plain field, N for an array, 0 for a flexible
    one; whether no receiver swaps it.
    """

    size: int
    times: Any = 1
    signed: Any = False
    opaque: Any = False

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        """The node of a field of this kind at offset `at` of a struct in byte order `order`."""
        raise TypeError(f"{name}: {type(self).__name__}")

    def buffer(self, name: str) -> Node:
        """The node where the kind fills a buffer by itself."""
        return self.lower(name, 0, "sender")

    def as_sent(self) -> FieldType:
        """The same, which no receiver swaps."""
        return self

    @property
    def least(self) -> int:
        """Bytes of a buffer that are enough to read it, the missing ones as zeroes."""
        return self.size

    @property
    def c_type(self) -> str:
        """How offset tables write it: ``u32``, ``struct lu_fid``, ``char[16]``, ``u64[]``."""
        raise TypeError(type(self).__name__)


class Showing(Protocol):
    """How values become text: the writer of the text room, or one that gives expressions."""

    def number(self, value: Any, width: int, field: Any) -> str: ...

    def named(self, enum: Any, value: Any, field: Any) -> str: ...

    def text(self, data: Any, quotes: str = "") -> str: ...

    def opaque(self, data: Any, field: Any) -> str: ...

    def applied(self, function: Any, value: Any) -> Any: ...


class CellType(FieldType):
    """Base of the kinds that become one value. What is here is right for bytes.

    `json_key` is what the value of a whole buffer is called in JSON, `ending` what travels behind it there, `expects`
    what can be written, in words.
    """

    form: ClassVar[Form] = Form.BYTES
    json_key: ClassVar[str] = "hex"
    expects: Any = "bytes"
    ending: ClassVar[bytes] = b""

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        return Cell(name, at, self.size, None, self, field)

    # --- engines ---

    def format(self, cell: Cell, order: ByteOrder) -> str:
        """The `struct` module's code in a struct that is read in `order`."""
        return f"{cell.width}s"

    def load(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> str:
        """Expression of the value, made of what `struct` gives, a variable; "" for that as it is."""
        return ""

    def store(self, em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
        """Expression of what `struct` takes, made of the value; errors in it are told of `path`."""
        return f"{em.use(fit)}({value}, {cell.width}, {path!r}, False)"

    def column(self, cell: Cell) -> tuple[str, int, tuple[int, ...]]:
        """Of a column: format character of an element, bytes of it, and the shape of a row."""
        return "B", 1, (cell.width,)

    def construct(self, cs: Any, cell: Cell, order: ByteOrder) -> Any:
        """The field of a definition in `construct`, which is `cs`."""
        return cs.Bytes(cell.width)

    def plain(self, value: Any, path: str) -> Any:
        """What such a definition builds from."""
        return value

    def value(self, plain: Any) -> Any:
        """The value of what such a definition reads."""
        return plain

    # --- whole buffers: `a` is where it begins in `_data`, `m` its length ---

    def piece(self, em: Emitter, cell: Cell, value: str, order: ByteOrder) -> tuple[str, str, str]:
        """How a buffer is read and written: (expression of the value, of the test that it is regular, of the bytes)."""
        read, write = raw_of(em, cell, "_data", "a", order), bytes_of(em, cell, value, cell.name, order)
        return read, f"m == {cell.width}", write

    def torn(self, data: bytes) -> tuple[Any, bytes | None]:
        """The value of a buffer of no size of its own that is not regular, and what follows it; None if it is cut."""
        return data, b""

    # --- text and JSON ---

    def json(self, em: Emitter, cell: Cell, value: str) -> str:
        """Expression of the plain JSON value."""
        return f"({value} if type({value}) is bytes else {em.use(octets)}({value})).hex()"

    @property
    def as_string(self) -> bool:
        """Whether JSON has a buffer of it as the text before its NUL."""
        return False

    @property
    def as_digits(self) -> bool:
        """Whether JSON has the bytes of its values as hexadecimal digits."""
        return type(self).json is CellType.json

    def json_text(self, em: Emitter, cell: Cell, value: str) -> tuple[str, str]:
        """The piece of a ``%`` template that is the value's JSON text, and the expression that fills it."""
        return "%d" if self.form is Form.NUMBER else '"%s"', self.json(em, cell, value)

    def json_raw(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> tuple[str, str]:
        """The same of what `struct` gives, a variable."""
        loaded = self.load(em, cell, raw, order)
        if not loaded and self.as_digits:
            return '"%s"', f"{raw}.hex()"
        return self.json_text(em, cell, loaded or raw)

    def from_json(self, value: Any, path: str) -> Any:
        """The value of a plain JSON value; WireError for one of the wrong kind."""
        return unhex(value, path)

    def text(self, show: Showing, value: Any, field: Any) -> str:
        """As people read it."""
        return show.opaque(value, field)

    # --- translation, tests, tools ---

    def said(self, value: str) -> str:
        """Expression of a test whether the value is anything but zero."""
        return f"any({value})"

    def unlike(self, em: Emitter, value: str, other: Cell | None) -> str:
        """Expression of this kind's value made of an integer or of another cell's value; "" if that takes a rule."""
        if other is None:
            return value
        alike = type(other.kind) is type(self) and (self.size == other.width)
        return value if alike else ""

    def draw(self, st: Any) -> Any:
        """A strategy of `hypothesis.strategies`, which is `st`, for the value."""
        return st.binary(min_size=self.size, max_size=self.size)

    def numbers(self) -> tuple[int, ...]:
        """Values that have a name, for whoever tries what happens."""
        return ()


def as_type(element: Any) -> FieldType:
    """The field type an element stands for: a `FieldType` itself, or a wire struct class."""
    if isinstance(element, FieldType):
        return element
    if hasattr(element, "__wire__"):
        from lustre_wire.schema.types.struct import Struct  # a kind of its own; this is what kinds share

        return Struct(element)
    raise TypeError(f"{element!r} is neither a field type nor a wire struct")
