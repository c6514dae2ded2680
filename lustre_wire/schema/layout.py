"""Offset tables and swab ranges, read off a declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Hole, Raw, Scalar, Struct, as_type

SwabRange = tuple[int, int] | tuple[int, int, str, int]


@dataclass(frozen=True)
class LayoutField:
    """One field: offsets and sizes in bytes. `count` is 1 for a plain field, N for an array, 0 for a flexible one."""

    name: str
    offset: int
    size: int
    count: int
    type: str
    signed: bool
    opaque: bool


@dataclass(frozen=True)
class Layout:
    """sizeof() and the fields of one wire struct."""

    name: str
    size: int
    kind: str
    order: str
    fields: tuple[LayoutField, ...]


def _element(kind: FieldType) -> FieldType:
    return as_type(kind.element) if isinstance(kind, (Array, Flex)) else kind


def type_name(kind: FieldType) -> str:
    """A field's type as offset tables write it: ``u32``, ``struct lu_fid``, ``char[16]``, ``u64[]``."""
    if isinstance(kind, Scalar):
        return f"{'s' if kind.signed else 'u'}{kind.size * 8}"
    if isinstance(kind, Struct):
        spec: StructSpec = kind.cls.__wire__
        return f"{'union' if spec.is_union else 'struct'} {spec.name}"
    if isinstance(kind, (Chars, Raw)):
        return f"{'char' if isinstance(kind, Chars) else 'u8'}[{kind.size}]"
    if isinstance(kind, Foreign):
        return f"foreign[{kind.size}]"
    if isinstance(kind, Array):
        return f"{type_name(_element(kind))}[{kind.count}]"
    if isinstance(kind, Flex):
        return f"{type_name(_element(kind))}[{kind.minimum or ''}]"
    raise TypeError(type(kind).__name__)


def _count(kind: FieldType) -> int:
    if isinstance(kind, (Chars, Raw)):
        return kind.size
    if isinstance(kind, Array):
        return kind.count
    return kind.minimum if isinstance(kind, Flex) else 1


def _is_opaque(kind: FieldType) -> bool:
    element = _element(kind)
    if isinstance(element, (Scalar, Struct)):
        return element.opaque
    return isinstance(element, (Raw, Chars))


def _field(spec: FieldSpec) -> LayoutField:
    element = _element(spec.type)
    signed = isinstance(element, Chars) or (isinstance(element, Scalar) and element.signed)
    return LayoutField(
        spec.name, spec.offset, spec.size, _count(spec.type), type_name(spec.type), signed, _is_opaque(spec.type)
    )


def layout(cls: Any) -> Layout:
    """The offset table of a wire struct class (or instance).

    Fields stand in declaration order; the C compiler's holes are no fields and are left out.

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    spec = spec_of(cls)
    ordered = sorted((*spec.fields, *spec.overlays), key=lambda f: f.offset)
    fields = [_field(f) for f in ordered if not isinstance(f.type, Hole)]
    return Layout(spec.name, spec.size, "union" if spec.is_union else "struct", spec.order, tuple(fields))


def swab_ranges(cls: Any) -> list[SwabRange]:
    """What a receiver of the other byte order swaps: ``(offset, width)`` per integer, in bytes, in order.

    Elements of a flexible tail stand as ``(offset of the first, width, "flex", stride)``. Whatever is not listed stays
    as sent. A struct without a swab function of its own (``swab=False``) gives an empty list.
    """
    spec = spec_of(cls)
    return list(_ranges(spec, 0)) if spec.swab else []


def _ranges(spec: StructSpec, base: int) -> Iterator[SwabRange]:
    fields: tuple[FieldSpec, ...] = spec.fields
    if spec.is_union:
        fields = tuple(f for f in fields if f.name == spec.swab_as)
    for field in fields:
        yield from _field_ranges(field.type, base + field.offset)


def _field_ranges(kind: FieldType, at: int) -> Iterator[SwabRange]:
    if isinstance(kind, Scalar):
        if kind.size > 1 and not kind.opaque:
            yield at, kind.size
    elif isinstance(kind, Struct):
        if not kind.opaque:
            yield from _ranges(kind.cls.__wire__, at)
    elif isinstance(kind, (Array, Flex)):
        element = as_type(kind.element)
        for i in range(kind.count if isinstance(kind, Array) else kind.minimum):
            yield from _field_ranges(element, at + i * element.size)
        if isinstance(kind, Flex) and not kind.minimum:
            for found in _field_ranges(element, at):
                yield found[0], found[1], "flex", element.size
