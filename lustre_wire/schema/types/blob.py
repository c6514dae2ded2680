"""Opaque bytes that fill a buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lustre_wire.kinds import octets
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Node, Order
from lustre_wire.schema.types.base import CellType, Showing


@dataclass(frozen=True)
class Blob(CellType):
    """Bytes without a declared inside. `size` is what a correct sender fills, 0 where that varies."""

    size: int = 0

    @property
    def c_type(self) -> str:
        return f"bytes[{self.size}]" if self.size else "bytes"

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        return Cell(name, at, 0, None, self, field)

    def piece(self, em: Emitter, cell: Cell, value: str, order: ByteOrder) -> tuple[str, str, str]:
        return "_data[a : a + m]", "True", f"{em.use(octets)}({value})"

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.opaque(value, None)

    def draw(self, st: Any) -> Any:
        return st.binary(min_size=1, max_size=96)
