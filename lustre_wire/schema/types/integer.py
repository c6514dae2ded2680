"""Integers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, TypeAlias

from lustre_wire.errors import WireError
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Form, Node, Order
from lustre_wire.schema.types.base import CellType, Showing

_LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True)
class Scalar(CellType):
    """An integer of `size` bytes.

    `opaque` integers (handles, cookies, paddings without swab) are never swapped by a receiver of the other byte order:
    they stay as sent, and are read as a little-endian machine reads them.
    """

    size: int
    signed: bool = False
    opaque: bool = False

    form: ClassVar[Form] = Form.NUMBER
    json_key: ClassVar[str] = "value"

    @cached_property
    def code(self) -> str:
        """The `struct` module's format character; that of bytes for widths that it has none for."""
        letter = _LETTERS.get(self.size, f"{self.size}s")
        return letter.lower() if self.signed else letter

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        bits = self.size * 8
        return (-(1 << bits - 1), (1 << bits - 1) - 1) if self.signed else (0, (1 << bits) - 1)

    @property
    def expects(self) -> str:
        """In words."""
        return "a number from {} to {}".format(*self.bounds)

    @property
    def c_type(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.size * 8}"

    def as_sent(self) -> Scalar:
        """The same integer, not swapped by the receiver."""
        return replace(self, opaque=True)

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        return Cell(name, at, self.size, "sent" if self.opaque else order, self, field)

    def format(self, cell: Cell, order: ByteOrder) -> str:
        own = cell.width == 1 or cell.order_in(order) == order
        return self.code if own else f"{cell.width}s"

    def load(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> str:
        if self.format(cell, order)[-1] != "s":
            return ""
        return f"_int({raw}, {cell.order_in(order)!r}, signed={self.signed})"

    def store(self, em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
        if self.format(cell, order)[-1] != "s":
            return value
        return f"{value}.to_bytes({cell.width}, {cell.order_in(order)!r}, signed={self.signed})"

    def column(self, cell: Cell) -> tuple[str, int, tuple[int, ...]]:
        if cell.width not in _LETTERS:
            return super().column(cell)
        return self.code, cell.width, ()

    def construct(self, cs: Any, cell: Cell, order: ByteOrder) -> Any:
        big = cell.order_in(order) == "big"
        if cell.width not in _LETTERS:
            return cs.BytesInteger(cell.width, self.signed, swapped=not big)
        code = self.code.replace("I", "L").replace("i", "l")  # construct's name for four bytes
        return cs.FormatField(">" if big else "<", code)

    def plain(self, value: Any, path: str) -> Any:
        return value.__index__()

    def json(self, em: Emitter, cell: Cell, value: str) -> str:
        return f"int({value})"

    def json_text(self, em: Emitter, cell: Cell, value: str) -> tuple[str, str]:
        return "%d", value

    def from_json(self, value: Any, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise WireError(f"expected a number, got {type(value).__name__}", path=path)
        return value

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.number(value, self.size, field)

    def said(self, value: str) -> str:
        return value

    def unlike(self, em: Emitter, value: str, other: Cell | None) -> str:
        alike = other is None or (other.form is Form.NUMBER and other.width == self.size)
        return value if alike else ""

    def draw(self, st: Any) -> Any:
        return st.integers(*self.bounds)


U8, U16, U32, U64 = Scalar(1), Scalar(2), Scalar(4), Scalar(8)
S8, S16, S32, S64 = (Scalar(n, signed=True) for n in (1, 2, 4, 8))

u8: TypeAlias = Annotated[int, U8]
u16: TypeAlias = Annotated[int, U16]
u32: TypeAlias = Annotated[int, U32]
u64: TypeAlias = Annotated[int, U64]
s8: TypeAlias = Annotated[int, S8]
s16: TypeAlias = Annotated[int, S16]
s32: TypeAlias = Annotated[int, S32]
s64: TypeAlias = Annotated[int, S64]
