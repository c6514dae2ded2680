"""Arrays: of so many elements, of as many as a struct's buffer holds, and of as many as fill a buffer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lustre_wire.schema.nodes import Node, Order, Repeat
from lustre_wire.schema.types.base import FieldType, as_type


class _Several(FieldType):
    element: Any

    @property
    def signed(self) -> bool:
        return bool(as_type(self.element).signed)

    @property
    def opaque(self) -> bool:
        return bool(as_type(self.element).opaque)


@dataclass(frozen=True)
class Array(_Several):
    """`count` elements of one type in place."""

    element: Any
    count: int

    @property
    def size(self) -> int:  # type: ignore[override]
        return as_type(self.element).size * self.count

    @property
    def c_type(self) -> str:
        return f"{as_type(self.element).c_type}[{self.count}]"

    @property
    def times(self) -> int:
        return self.count

    def as_sent(self) -> Array:
        return replace(self, element=as_type(self.element).as_sent())

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        element = as_type(self.element)
        node = element.lower(name, at, order, field)
        return Repeat(name, at, self.size, node, self.count, element.size, field=field)


@dataclass(frozen=True)
class Flex(_Several):
    """A flexible array at the end of a struct: as many whole elements as the buffer holds.

    `minimum` elements belong to the struct's own size (``lock_handle[2]`` of `ldlm_request`); more follow in a longer
    buffer. Where `count` names an integer field of the struct, no more than that many elements are taken; what follows
    them is the buffer's tail.
    """

    element: Any
    minimum: int = 0
    count: str = ""

    @property
    def size(self) -> int:  # type: ignore[override]
        return as_type(self.element).size * self.minimum

    @property
    def c_type(self) -> str:
        return f"{as_type(self.element).c_type}[{self.minimum or ''}]"

    @property
    def times(self) -> int:
        return self.minimum

    def as_sent(self) -> Flex:
        return replace(self, element=as_type(self.element).as_sent())

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        element = as_type(self.element)
        node = element.lower(name, at, order, field)
        return Repeat(name, at, self.size, node, self.minimum, element.size, True, self.count, field)


@dataclass(frozen=True)
class Items(_Several):
    """As many elements as the buffer holds."""

    element: Any
    size: int = 0

    def as_sent(self) -> Items:
        return replace(self, element=as_type(self.element).as_sent())

    @property
    def c_type(self) -> str:
        return f"{as_type(self.element).c_type}[]"

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        element = as_type(self.element)
        return Repeat(name, at, 0, element.buffer(""), 0, element.size, True, field=field)
