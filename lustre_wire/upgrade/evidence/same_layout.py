"""Which messages are the same bytes in two dialects: those a node may send before it knows what the other speaks."""

from __future__ import annotations

from functools import cache

from lustre_wire.dialects import Dialect, dialect


@cache
def same_layout(name: str, one: str, other: str) -> bool:
    """Whether a request of this format is laid out the same in two dialects, buffer by buffer, field by field."""
    first, second = dialect(one), dialect(other)
    if name not in first.rpcs or name not in second.rpcs:
        return False
    return _shape(first, name) == _shape(second, name)


def _shape(where: Dialect, name: str) -> list[object]:
    shape: list[object] = []
    for slot in where.rpcs[name].request.__slot_specs__:
        if slot.struct is not None:
            shape.append([(spec.offset, spec.size) for spec in slot.struct.__wire__.fields])
        else:
            shape.append((slot.string, slot.text, slot.node.width))
    return shape
