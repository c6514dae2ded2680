"""Bytes: opaque ones, and the holes that a C compiler leaves."""

from __future__ import annotations

from dataclasses import dataclass

from lustre_wire.schema.types.base import CellType


@dataclass(frozen=True)
class Raw(CellType):
    """Exactly `size` opaque bytes."""

    size: int

    opaque = True

    @property
    def times(self) -> int:
        return self.size

    @property
    def c_type(self) -> str:
        return f"u8[{self.size}]"


@dataclass(frozen=True)
class Hole(CellType):
    """Bytes the C compiler left between or after fields. Kept, but no field of the C struct."""

    size: int

    @property
    def c_type(self) -> str:
        return f"hole[{self.size}]"
