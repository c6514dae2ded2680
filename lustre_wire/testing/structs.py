"""Hypothesis strategies for wire structs, derived from their declarations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from lustre_wire.engines import record
from lustre_wire.kinds import checked
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Hole, Raw, Scalar, Struct, as_type

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
    spec = spec_of(cls)
    if spec.is_union:
        return st.binary(min_size=spec.size, max_size=spec.size).map(lambda raw: cls(raw=raw))
    sparse = _sparse(spec)
    return sparse if _has_foreign(spec) else st.one_of(sparse, sparse, sparse, _dense(spec))


def _has_foreign(spec: StructSpec) -> bool:
    """Whether some field is described by somebody else's codec, which need not accept every byte."""
    for field in spec.fields:
        kind: Any = field.type
        if isinstance(kind, (Array, Flex)):
            kind = as_type(kind.element)
        if isinstance(kind, Foreign) or (isinstance(kind, Struct) and _has_foreign(spec_of(kind.cls))):
            return True
    return False


def _dense(spec: StructSpec) -> st.SearchStrategy[Any]:
    unpack = record.codec(spec.cls, "little").unpack
    size = spec.size

    tail = spec.flex
    count = tail.type.count if tail is not None and isinstance(tail.type, Flex) else ""

    def read(data: bytes) -> Any:
        made = unpack(data, 0, size)
        if count and tail is not None:
            setattr(made, count, len(getattr(made, tail.name)))
        return made

    return st.binary(min_size=size, max_size=size).map(read)


def _sparse(spec: StructSpec) -> st.SearchStrategy[Any]:
    cls = spec.cls
    fixed = [field for field in spec.fields if not isinstance(field.type, Flex)]
    choices = [_Choice(field) for field in fixed]
    needed = [choice for choice in choices if not _has_default(cls, choice.name)]
    tail = spec.flex
    elements = _elements(tail.type) if tail is not None and isinstance(tail.type, Flex) else None
    count = tail.type.count if tail is not None and isinstance(tail.type, Flex) else ""
    some = st.lists(st.sampled_from(choices), max_size=min(_MOST_CHANGED, len(choices))) if choices else st.just([])

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
        values = {choice.name: draw(choice.strategy) for choice in needed}
        for choice in draw(some):
            values[choice.name] = draw(choice.strategy)
        if elements is not None and tail is not None:
            values[tail.name] = draw(elements)
            if count:
                values[count] = len(values[tail.name])
        return cls(**values)

    return build()


def _has_default(cls: Any, name: str) -> bool:
    return bool(attrs.fields_dict(cls)[name].default is not attrs.NOTHING)


class _Choice:
    """One field, and what may stand in it; the strategy is made when it is first drawn from."""

    def __init__(self, field: FieldSpec) -> None:
        self.name = field.name
        self._field = field
        self._strategy: st.SearchStrategy[Any] | None = None

    @property
    def strategy(self) -> st.SearchStrategy[Any]:
        if self._strategy is None:
            self._strategy = field_values(self._field)
        return self._strategy

    def __repr__(self) -> str:
        return self.name


def field_values(field: FieldSpec) -> st.SearchStrategy[Any]:
    """What may stand in one field: named numbers by name as well as any number of its width."""
    if field.enum is not None and isinstance(field.type, Scalar):
        return _named(field.enum, field.type)
    return values(field.type)


def _named(cls: type[WireFlag] | type[WireEnum], kind: Scalar) -> st.SearchStrategy[Any]:
    low, high = kind.bounds
    members = [m for m in cls.__members__.values() if low <= int(m) <= high]
    anything = st.integers(low, high)
    if not members:
        return anything.map(cls)
    if issubclass(cls, WireFlag):
        several = st.lists(st.sampled_from(members), max_size=3).map(_united)
        return st.one_of(several, several, anything).map(cls)
    return st.one_of(st.sampled_from(members), anything.map(cls))


def _united(flags: list[Any]) -> int:
    out = 0
    for flag in flags:
        out |= int(flag)
    return out


def values(kind: FieldType) -> st.SearchStrategy[Any]:
    """Values of one field type.

    Raises:
        TypeError: a flexible array, which is drawn with its struct, or an unknown kind.
    """
    if isinstance(kind, Scalar):
        return st.integers(*kind.bounds)
    if isinstance(kind, (Raw, Hole)):
        return st.binary(min_size=kind.size, max_size=kind.size)
    if isinstance(kind, Chars):
        size = kind.size
        return st.binary(max_size=size).map(lambda text: text.ljust(size, b"\0"))
    if isinstance(kind, Struct):
        inside = _structs(kind.cls)
        return inside.map(_without_tail) if spec_of(kind.cls).flex is not None else inside
    if isinstance(kind, Array):
        return st.lists(values(as_type(kind.element)), min_size=kind.count, max_size=kind.count)
    if isinstance(kind, Foreign):
        return st.binary(min_size=kind.size, max_size=kind.size).map(kind.codec.parse)
    raise TypeError(type(kind).__name__)


def _without_tail(value: Any) -> Any:
    """A struct inside another one has no room for more than the least number of its flexible array's elements."""
    tail = spec_of(value).flex
    if tail is not None:
        setattr(value, tail.name, getattr(value, tail.name)[: tail.size // as_type(tail.type.element).size])  # type: ignore[attr-defined]
    return value


def _elements(kind: Flex) -> st.SearchStrategy[Any]:
    element = as_type(kind.element)
    least, most = kind.minimum, kind.minimum + _MOST_ELEMENTS
    if isinstance(element, (Raw, Chars)):
        return st.binary(min_size=least * element.size, max_size=most * element.size)
    return st.lists(values(element), min_size=least, max_size=most)
