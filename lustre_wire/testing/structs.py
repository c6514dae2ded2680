"""Hypothesis strategies for wire structs, derived from their declarations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from lustre_wire.engines import record
from lustre_wire.kinds import checked
from lustre_wire.schema.nodes import Cell, Form, Group, Node, Overlap, Repeat, cells
from lustre_wire.schema.struct import spec_of

_T = TypeVar("_T")

#: At most this many fields of a sparse example differ from their defaults.
_MOST_CHANGED = 6
#: At most this many elements are put into a flexible array beyond those the struct's size holds.
_MOST_ELEMENTS = 4


@checked
def structs(cls: type[_T]) -> st.SearchStrategy[_T]:
    """Values of a wire struct that every engine encodes and decodes to the same value.

    Most examples change a few fields of the default value, so that a failing one shrinks to the fields that matter; the
    others fill every byte.

    Args:
        cls: a class made by `wire_struct` or `wire_union`.

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    made: st.SearchStrategy[_T] = _structs(spec_of(cls).cls)
    return made


@cache
def _structs(cls: Any) -> st.SearchStrategy[Any]:
    node = spec_of(cls).node
    if isinstance(node, Overlap):
        return st.binary(min_size=node.width, max_size=node.width).map(lambda raw: cls(raw=raw))
    sparse = _sparse(node)
    # somebody else's codec need not accept every byte
    foreign = any(cell.kind is not None and cell.form is Form.FOREIGN for cell in cells(node))
    return sparse if foreign else st.one_of(sparse, sparse, sparse, _dense(node))


def _dense(node: Group) -> st.SearchStrategy[Any]:
    unpack = record.codec(node.cls, "little").unpack
    size, tail = node.width, _own_tail(node)

    def read(data: bytes) -> Any:
        made = unpack(data, 0, size)
        if tail is not None and tail.limit:
            setattr(made, tail.limit, len(getattr(made, tail.name)))
        return made

    return st.binary(min_size=size, max_size=size).map(read)


def _own_tail(node: Group) -> Repeat | None:
    """The flexible array of the struct itself."""
    last = node.members[-1] if node.members else None
    return last if isinstance(last, Repeat) and last.tail else None


def _sparse(node: Group) -> st.SearchStrategy[Any]:
    cls, tail = node.cls, _own_tail(node)
    choices = [_Choice(member) for member in node.members if member is not tail]
    needed = [choice for choice in choices if not _has_default(cls, choice.name)]
    elements = _elements(tail) if tail is not None else None
    some = st.lists(st.sampled_from(choices), max_size=min(_MOST_CHANGED, len(choices))) if choices else st.just([])

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
        values = {choice.name: draw(choice.strategy) for choice in needed}
        for choice in draw(some):
            values[choice.name] = draw(choice.strategy)
        if elements is not None and tail is not None:
            values[tail.name] = draw(elements)
            if tail.limit:
                values[tail.limit] = len(values[tail.name])
        return cls(**values)

    return build()


def _has_default(cls: Any, name: str) -> bool:
    return bool(attrs.fields_dict(cls)[name].default is not attrs.NOTHING)


class _Choice:
    """One field, and what may stand in it; the strategy is made when it is first drawn from."""

    def __init__(self, node: Node) -> None:
        self.name = node.name
        self._node = node
        self._strategy: st.SearchStrategy[Any] | None = None

    @property
    def strategy(self) -> st.SearchStrategy[Any]:
        if self._strategy is None:
            self._strategy = values(self._node)
        return self._strategy

    def __repr__(self) -> str:
        return self.name


def values(node: Node) -> st.SearchStrategy[Any]:
    """What may stand in one field: named numbers by name as well as any number of its width."""
    if isinstance(node, Cell):
        drawn: st.SearchStrategy[Any] = node.kind.draw(st)
        return drawn
    if isinstance(node, (Group, Overlap)):
        inside = _structs(node.cls)
        return inside.map(_without_tail) if isinstance(node, Group) and _own_tail(node) is not None else inside
    if node.joined:
        return st.binary(min_size=node.width, max_size=node.width)
    return st.lists(values(node.node), min_size=node.count, max_size=node.count)


def _without_tail(value: Any) -> Any:
    """A struct inside another one has no room for more than the least number of its flexible array's elements."""
    tail = _own_tail(spec_of(value).node)
    if tail is not None:
        setattr(value, tail.name, getattr(value, tail.name)[: tail.width if tail.joined else tail.count])
    return value


def _elements(tail: Repeat) -> st.SearchStrategy[Any]:
    least, most = tail.count, tail.count + _MOST_ELEMENTS
    if tail.joined:
        return st.binary(min_size=least * tail.stride, max_size=most * tail.stride)
    return st.lists(values(tail.node), min_size=least, max_size=most)
