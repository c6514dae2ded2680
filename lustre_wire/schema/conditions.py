"""Conditions on buffers: what tells formats of one opcode apart, and whether a buffer is there at all.

All that is to be known of a condition stands in its class: how generated code tests it in bytes and in values, what the
C core is told, how to make it hold, and how the documentation says it. A number stands for `Equal`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct as Packer
from typing import Any, ClassVar, TypeAlias

from lustre_wire.errors import SchemaError
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.nodes import PREFIX, ByteOrder, Cell, Emitter, Form, Group, Repeat


@dataclass(frozen=True)
class Peek:
    """What a condition looks at: the buffer number `index` (as in `SlotSpec`), or the number `cell` in it."""

    index: int
    cell: Cell | None = None

    @property
    def mark(self) -> tuple[Any, ...]:
        """The same for all that look at the same bytes in the same way, whatever they are called."""
        cell = self.cell
        if cell is None:
            return (self.index,)
        return self.index, cell.offset, cell.order, cell.kind.format(cell, cell.order_in("little"))

    @property
    def end(self) -> int:
        """Bytes that the buffer must have for it."""
        return self.cell.offset + self.cell.width if self.cell is not None else 0


def resolve(slots: Sequence[Any], path: str) -> Peek:
    """Find what a condition's path names among the `SlotSpec`s of a side.

    Raises:
        SchemaError: no such slot or field.
    """
    if path.startswith("["):
        return Peek(int(path[1:-1]))
    name, *rest = path.split(".")
    found = next((s for s in slots if s.name == name), None)
    if found is None:
        raise SchemaError(f"no buffer {name!r}", path=path)
    node = found.node
    for part in rest:
        inner = next((m for m in node.members if m.name == part), None) if isinstance(node, Group) else None
        if inner is None:
            raise SchemaError(f"no field {part!r}", path=path)
        node = inner
    if isinstance(node, Repeat) and not rest:
        node = node.node
    return Peek(found.index, node if isinstance(node, Cell) and node.form is Form.NUMBER else None)


class Condition(ABC):
    """Base of all conditions.

    `on_number`: it looks at a number, otherwise at a buffer. `exact`: what it looks at is one value where it holds, so
    that it can tell formats apart. `test`: the C core's name for it.
    """

    on_number: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    test: ClassVar[str] = "LW_EQUAL"

    @property
    def shape(self) -> Any:
        """What of it `looked_at` depends on."""
        return type(self)

    @abstractmethod
    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        """(guard, expression) that look at what the condition is about, in a message not yet decoded."""

    @property
    def wanted(self) -> Any:
        """The value of that expression where the condition holds."""
        return True

    def possible(self, peek: Peek, lengths: Sequence[int]) -> bool:
        """Whether it can hold where the buffers have these lengths."""
        return (lengths[peek.index] if peek.index < len(lengths) else 0) >= peek.end

    def holds(self, value: str) -> str:
        """The expression of the condition on a decoded number."""
        raise TypeError(f"{type(self).__name__} says nothing of a decoded number")

    def row(self, peek: Peek, memory: Callable[[bytes], Any]) -> dict[str, Any]:
        """What `lw_condition` has beside the place and `test`; `memory` keeps bytes for it."""
        return {}

    def met(self, value: Any) -> Any:
        """The number, or the bytes of a buffer, changed so that the condition holds."""
        return value

    #: Instead of changing the buffer: take it away, with all behind it.
    clears: ClassVar[bool] = False

    @abstractmethod
    def told(self, place: str) -> str:
        """In words, about the buffer or number `place`."""


class _OnNumber(Condition):
    on_number: ClassVar[bool] = True

    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        cell, i = peek.cell, peek.index
        assert cell is not None
        unpack = Packer(PREFIX[cell.order_in(order)] + cell.kind.format(cell, cell.order_in(order))).unpack_from
        raw = f"{em.const('_peek', unpack)}(_data, _offsets[{i}] + {cell.offset})[0]"
        return f"n > {i} and _lengths[{i}] >= {peek.end}", self.of(raw)

    def of(self, number: str) -> str:
        """The expression that is compared, of the number's."""
        return number

    def counting(self, peek: Peek) -> int:
        """The bits of the number that count."""
        return (1 << 8 * peek.cell.width) - 1 if peek.cell is not None else 0

    def row(self, peek: Peek, memory: Callable[[bytes], Any]) -> dict[str, Any]:
        mask = self.counting(peek)
        value = int(self.wanted) & mask
        return {"mask": mask, "value": value}


@dataclass(frozen=True)
class Equal(_OnNumber):
    """Condition on a number: it is this one."""

    number: int

    @property
    def wanted(self) -> int:
        return int(self.number)

    def holds(self, value: str) -> str:
        return f"{value} == {int(self.number)}"

    def met(self, value: Any) -> Any:
        return int(self.number)

    def told(self, place: str) -> str:
        name = self.number.name if isinstance(self.number, (WireFlag, WireEnum)) else None
        return f"{place} is {name or int(self.number)}"


@dataclass(frozen=True)
class Bits(_OnNumber):
    """Condition on a number: all (or, with `some`, any) of these bits are set."""

    mask: int
    some: bool = False

    @property
    def test(self) -> str:  # type: ignore[override]
        return "LW_ANY" if self.some else "LW_EQUAL"

    @property
    def exact(self) -> bool:  # type: ignore[override]
        return not self.some

    @property
    def shape(self) -> Any:
        return type(self), self.mask

    def of(self, number: str) -> str:
        return f"{number} & {int(self.mask)}"

    @property
    def wanted(self) -> int:
        return int(self.mask)

    def counting(self, peek: Peek) -> int:
        return int(self.mask)

    def holds(self, value: str) -> str:
        return f"{value} & {int(self.mask)}" + ("" if self.some else f" == {int(self.mask)}")

    def met(self, value: Any) -> Any:
        return value | (self.mask & -self.mask if self.some else self.mask)

    def told(self, place: str) -> str:
        names = ", ".join(type(self.mask).names_of(self.mask)) if isinstance(self.mask, WireFlag) else hex(self.mask)
        return f"{place} has {'any' if self.some else 'all'} of {names}"


@dataclass(frozen=True)
class NonZero(_OnNumber):
    """Condition on a number: it is not 0."""

    test: ClassVar[str] = "LW_ANY"
    exact: ClassVar[bool] = False

    @property
    def wanted(self) -> int:
        return 0

    def holds(self, value: str) -> str:
        return value

    def met(self, value: Any) -> Any:
        return value or 1

    def told(self, place: str) -> str:
        return f"{place} is not 0"


@dataclass(frozen=True)
class Prefix(Condition):
    """Condition on a buffer: it begins with these bytes."""

    data: bytes

    test: ClassVar[str] = "LW_PREFIX"

    @property
    def shape(self) -> Any:
        return type(self), len(self.data)

    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        i, size = peek.index, len(self.data)
        return f"n > {i} and _lengths[{i}] >= {size}", f"_data[_offsets[{i}] : _offsets[{i}] + {size}]"

    @property
    def wanted(self) -> bytes:
        return self.data

    def possible(self, peek: Peek, lengths: Sequence[int]) -> bool:
        return peek.index < len(lengths) and lengths[peek.index] >= len(self.data)

    def row(self, peek: Peek, memory: Callable[[bytes], Any]) -> dict[str, Any]:
        return {"length": len(self.data), "prefix": memory(self.data)}

    def met(self, value: Any) -> Any:
        return self.data + value[len(self.data) :]

    def told(self, place: str) -> str:
        return f"{place} begins with `{self.data.decode()}`"


@dataclass(frozen=True)
class Length(Condition):
    """Condition on a buffer: it has this many bytes."""

    size: int

    test: ClassVar[str] = "LW_HAS_LENGTH"

    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        return f"n > {peek.index}", f"_lengths[{peek.index}]"

    @property
    def wanted(self) -> int:
        return self.size

    def possible(self, peek: Peek, lengths: Sequence[int]) -> bool:
        return (lengths[peek.index] if peek.index < len(lengths) else 0) == self.size

    def row(self, peek: Peek, memory: Callable[[bytes], Any]) -> dict[str, Any]:
        return {"length": self.size}

    def met(self, value: Any) -> Any:
        return value.ljust(self.size, b"\1")[: self.size]

    def told(self, place: str) -> str:
        return f"{place} has {self.size} bytes"


@dataclass(frozen=True)
class Absent(Condition):
    """Condition on a buffer: it is missing or has no bytes."""

    test: ClassVar[str] = "LW_ABSENT"
    clears: ClassVar[bool] = True

    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        return "", f"(n <= {peek.index} or not _lengths[{peek.index}])"

    def possible(self, peek: Peek, lengths: Sequence[int]) -> bool:
        return peek.index >= len(lengths) or not lengths[peek.index]

    def told(self, place: str) -> str:
        return f"{place} is empty"


@dataclass(frozen=True)
class Uncounted(Condition):
    """Condition on a buffer: the message has fewer buffers than that."""

    test: ClassVar[str] = "LW_UNCOUNTED"
    clears: ClassVar[bool] = True

    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        return "", f"n <= {peek.index}"

    def possible(self, peek: Peek, lengths: Sequence[int]) -> bool:
        return len(lengths) <= peek.index

    def told(self, place: str) -> str:
        return f"{place} is not counted"


@dataclass(frozen=True)
class Counted(Condition):
    """Condition on a buffer: the message has as many buffers as that, with bytes or without."""

    test: ClassVar[str] = "LW_COUNTED"

    def looked_at(self, em: Emitter, peek: Peek, order: ByteOrder) -> tuple[str, str]:
        return "", f"n > {peek.index}"

    def possible(self, peek: Peek, lengths: Sequence[int]) -> bool:
        return len(lengths) > peek.index

    def told(self, place: str) -> str:
        return f"{place} is counted"


#: Conditions by what they look at: ``"slot.field"`` for a number, ``"slot"`` or ``"[index]"`` for a buffer.
Match: TypeAlias = Mapping[str, "int | Condition"]


def conditions(match: Match | None) -> list[tuple[str, Condition]]:
    """(path, condition) of a declared match."""
    return [(path, c if isinstance(c, Condition) else Equal(c)) for path, c in (match or {}).items()]
