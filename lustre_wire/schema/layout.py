"""Offset tables and swab ranges, read off a declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lustre_wire.schema.nodes import Cell, Group, Node, Repeat
from lustre_wire.schema.struct import FieldSpec, spec_of

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


def _field(spec: FieldSpec) -> LayoutField:
    kind = spec.type
    return LayoutField(spec.name, spec.offset, spec.size, kind.times, kind.c_type, kind.signed, kind.opaque)


def layout(cls: Any) -> Layout:
    """The offset table of a wire struct class (or instance).

    Fields stand in declaration order; the C compiler's holes are no fields and are left out.

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    spec = spec_of(cls)
    ordered = sorted((*spec.fields, *spec.overlays), key=lambda f: f.offset)
    fields = [_field(f) for f in ordered if not f.hole]
    return Layout(spec.name, spec.size, "union" if spec.is_union else "struct", spec.order, tuple(fields))


def swab_ranges(cls: Any) -> list[SwabRange]:
    """What a receiver of the other byte order swaps: ``(offset, width)`` per integer, in bytes, in order.

    Elements of a flexible tail stand as ``(offset of the first, width, "flex", stride)``. Whatever is not listed stays
    as sent. A struct without a swab function of its own (``swab=False``) gives an empty list.
    """
    spec = spec_of(cls)
    if not spec.swab:
        return []
    return list(_turned(spec.node))


def _turned(node: Node) -> Iterator[SwabRange]:
    """The integers that somebody swaps: all but those that stay as sent."""
    if node.field is not None and node.field.type.opaque:
        return
    if isinstance(node, Cell):
        if node.order is not None and node.width > 1:
            yield node.offset, node.width
    elif isinstance(node, Group):
        for member in node.members:
            yield from _turned(member)
    elif isinstance(node, Repeat):
        for offset, width, *_ in _turned(node.node):
            if node.tail and not node.count:
                yield offset, width, "flex", node.stride
        for at in range(0, node.count * node.stride, node.stride):
            yield from ((at + offset, width) for offset, width, *_ in _turned(node.node))
    else:
        spec = spec_of(node.cls)
        if spec.swab_as is not None:
            yield from _turned(spec.by_name[spec.swab_as].lower(node.offset, "sender"))
