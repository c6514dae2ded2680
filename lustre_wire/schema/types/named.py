"""Numbers with names: flag sets and enumerations, over the kind of number that travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lustre_wire.schema.enums import MemberCache, WireEnum, WireFlag
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Form, Node, Order
from lustre_wire.schema.types.base import CellType, Showing

_members: dict[type, MemberCache] = {}


@dataclass(frozen=True)
class Named(CellType):
    """A number of the kind `inner` that is a member of `enum`."""

    inner: Any
    enum: type[WireFlag] | type[WireEnum]

    form: ClassVar[Form] = Form.NUMBER
    json_key: ClassVar[str] = "value"

    @property
    def size(self) -> int:  # type: ignore[override]
        found: int = self.inner.size
        return found

    @property
    def expects(self) -> str:
        """In words."""
        words: str = self.inner.expects
        return words

    @property
    def c_type(self) -> str:
        name: str = self.inner.c_type
        return name

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        cell = self.inner.lower(name, at, order, field)
        return Cell(name, at, cell.width, cell.order, self, field)

    def format(self, cell: Cell, order: ByteOrder) -> str:
        code: str = self.inner.format(cell, order)
        return code

    def load(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> str:
        cache = em.const("_m", _members.setdefault(self.enum, MemberCache(self.enum)))
        return f"{cache}[{self.inner.load(em, cell, raw, order) or raw}]"

    def store(self, em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
        stored: str = self.inner.store(em, cell, value, path, order)
        return stored

    def column(self, cell: Cell) -> tuple[str, int, tuple[int, ...]]:
        found: tuple[str, int, tuple[int, ...]] = self.inner.column(cell)
        return found

    def construct(self, cs: Any, cell: Cell, order: ByteOrder) -> Any:
        return self.inner.construct(cs, cell, order)

    def plain(self, value: Any, path: str) -> Any:
        return self.inner.plain(value, path)

    def value(self, plain: Any) -> Any:
        return self.enum(self.inner.value(plain))

    def json(self, em: Emitter, cell: Cell, value: str) -> str:
        made: str = self.inner.json(em, cell, value)
        return made

    def json_text(self, em: Emitter, cell: Cell, value: str) -> tuple[str, str]:
        made: tuple[str, str] = self.inner.json_text(em, cell, value)
        return made

    def json_raw(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> tuple[str, str]:
        made: tuple[str, str] = self.inner.json_raw(em, cell, raw, order)
        return made

    def from_json(self, value: Any, path: str) -> Any:
        return self.enum(self.inner.from_json(value, path))

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.named(self.enum, value, field)

    def said(self, value: str) -> str:
        return value

    def unlike(self, em: Emitter, value: str, other: Cell | None) -> str:
        if other is not None and isinstance(other.kind, Named) and other.kind.enum is self.enum:
            return value
        number = value if other is None else f"int({value})"
        return f"{em.const('_m', MemberCache(self.enum))}[{number}]"

    def draw(self, st: Any) -> Any:
        """Named numbers by name, several at once in a flag set, as well as any number of the width."""
        low, high = self.inner.bounds
        members = [m for m in self.enum.__members__.values() if low <= int(m) <= high]
        anything = st.integers(low, high)
        if not members:
            return anything.map(self.enum)
        if issubclass(self.enum, WireFlag):
            several = st.lists(st.sampled_from(members), max_size=3).map(_united)
            return st.one_of(several, several, anything).map(self.enum)
        return st.one_of(st.sampled_from(members), anything.map(self.enum))

    def numbers(self) -> tuple[int, ...]:
        return tuple(int(member) for member in self.enum.__members__.values())


def _united(flags: list[Any]) -> int:
    out = 0
    for flag in flags:
        out |= int(flag)
    return out
