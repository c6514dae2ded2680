"""Another wire struct, or a union, in place or in a buffer of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lustre_wire.schema.nodes import Group, Node, Order, Overlap
from lustre_wire.schema.types.base import FieldType


@dataclass(frozen=True)
class Struct(FieldType):
    """Another wire struct in place. `opaque`: the receiver swaps none of it."""

    cls: Any
    opaque: bool = False

    @property
    def size(self) -> int:  # type: ignore[override]
        return int(self.cls.__wire__.size)

    @property
    def c_type(self) -> str:
        spec = self.cls.__wire__
        return f"{'union' if spec.is_union else 'struct'} {spec.name}"

    def as_sent(self) -> Struct:
        return replace(self, opaque=True)

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        """A byte order that the struct's format fixes stands above that of the outer struct."""
        lowered: Node = self.cls.__wire__.lower(name, at, "sent" if self.opaque else order, field)
        return lowered

    def buffer(self, name: str) -> Node:
        alone: Group | Overlap = self.cls.__wire__.alone
        return replace(alone, name=name)
