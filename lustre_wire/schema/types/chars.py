"""Characters: arrays of them in a struct, and strings that fill a buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lustre_wire.errors import WireError
from lustre_wire.kinds import octets
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Node, Order, fit, quote
from lustre_wire.schema.types.base import CellType, Showing


@dataclass(frozen=True)
class Chars(CellType):
    """A character array: `size` bytes, filled with NUL when a shorter value is encoded."""

    size: int

    signed = True
    opaque = True

    @property
    def times(self) -> int:
        return self.size

    @property
    def c_type(self) -> str:
        return f"char[{self.size}]"

    def store(self, em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
        return f"{em.use(fit)}({value}, {cell.width}, {path!r}, True)"

    def plain(self, value: Any, path: str) -> Any:
        return fit(value, self.size, path, True)

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.text(value)

    def draw(self, st: Any) -> Any:
        return st.binary(max_size=self.size).map(lambda text: text.ljust(self.size, b"\0"))


class _String(CellType):
    """In a buffer: JSON has it as text, whatever its bytes."""

    json_key: ClassVar[str] = "text"

    def json(self, em: Emitter, cell: Cell, value: str) -> str:
        return f"{value}.decode('utf-8', 'surrogateescape')"

    def json_text(self, em: Emitter, cell: Cell, value: str) -> tuple[str, str]:
        return "%s", f"{em.use(quote)}({self.json(em, cell, value)})"

    def from_json(self, value: Any, path: str) -> Any:
        if not isinstance(value, str):
            raise WireError(f"expected a string, got {type(value).__name__}", path=path)
        try:
            return value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise WireError(f"expected text: {error.reason}", path=path) from None

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.text(value, '"')


@dataclass(frozen=True)
class Text(_String):
    """A string with its NUL, filling the buffer. The value is the bytes before the NUL."""

    size: int = 0

    ending: ClassVar[bytes] = b"\0"

    @property
    def c_type(self) -> str:
        return "string"

    @property
    def as_string(self) -> bool:
        return True

    def piece(self, em: Emitter, cell: Cell, value: str, order: ByteOrder) -> tuple[str, str, str]:
        return "_data[a : a + m - 1]", "_data.find(0, a, a + m) == a + m - 1", f'{value} + b"\\0"'

    def torn(self, data: bytes) -> tuple[Any, bytes | None]:
        end = data.find(0)
        return (data, None) if end < 0 else (data[:end], data[end + 1 :])

    def draw(self, st: Any) -> Any:
        return st.binary(max_size=64).map(lambda text: text.replace(b"\0", b"n"))


@dataclass(frozen=True)
class Names(CellType):
    """Strings that fill a buffer, one behind the other, each with its NUL. The value is the bytes, NULs included."""

    size: int = 0

    json_key: ClassVar[str] = "names"

    @property
    def c_type(self) -> str:
        return "string[]"

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        return Cell(name, at, 0, None, self, field)

    def piece(self, em: Emitter, cell: Cell, value: str, order: ByteOrder) -> tuple[str, str, str]:
        return "_data[a : a + m]", "not m or not _data[a + m - 1]", f"{em.use(octets)}({value})"

    def torn(self, data: bytes) -> tuple[Any, bytes | None]:
        return data, b"" if data.endswith(b"\0") else None

    def json(self, em: Emitter, cell: Cell, value: str) -> str:
        return f"[n.decode('utf-8', 'surrogateescape') for n in {em.use(names_of)}({value})]"

    def json_text(self, em: Emitter, cell: Cell, value: str) -> tuple[str, str]:
        return "[%s]", f"','.join([{em.use(quote)}(n) for n in {self.json(em, cell, value)}])"

    def from_json(self, value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise WireError(f"expected a list, got {type(value).__name__}", path=path)
        one = Text()
        return b"".join(one.from_json(each, f"{path}[{i}]") + one.ending for i, each in enumerate(value))

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.text(show.applied(_spaced, value), '"')

    def draw(self, st: Any) -> Any:
        return st.lists(Text().draw(st), min_size=1, max_size=4).map(lambda names: b"".join(n + b"\0" for n in names))


def names_of(data: bytes) -> list[bytes]:
    """The strings of bytes that hold some, each with its NUL; what follows the last NUL is none."""
    return octets(data).split(b"\0")[:-1]


def _spaced(data: bytes) -> bytes:
    return b" ".join(names_of(data))


@dataclass(frozen=True)
class FixedText(_String):
    """A string in a buffer of `size` bytes, filled with NUL. The value is the bytes without the filling."""

    size: int

    least = 0

    @property
    def c_type(self) -> str:
        return f"string[{self.size}]"

    def load(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> str:
        return f'{raw}.rstrip(b"\\0")'

    def store(self, em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
        return f"{em.use(filled)}({value}, {cell.width}, {path!r})"

    def draw(self, st: Any) -> Any:
        return st.binary(max_size=self.size).map(lambda text: text.rstrip(b"\0"))


def filled(value: bytes, size: int, path: str) -> bytes:
    """A string with NUL behind it up to `size`."""
    if len(value) > size:
        raise WireError(f"expected at most {size} bytes, got {len(value)}", path=path)
    return value.ljust(size, b"\0")
