"""In which dialect a message is laid out, as its bytes show it, and which messages are the same in two dialects: those
a node may send before it knows what the other speaks."""

from __future__ import annotations

from functools import cache

from lustre_wire import rpc
from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg


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


def laid_out(data: bytes, version: str) -> bool:
    """Whether each buffer of a request that is there can hold the struct its format has for it in a dialect: 1.8 sends
    some that are longer than it needs, and one of 1.8 that makes or opens something is too short for 2.0."""
    try:
        request = rpc.decode(data, dialect(version))
    except WireError:
        return False
    form = request.format
    if form is None:
        return False
    lengths = lustre_msg.split(data).lengths[1:]
    slots = form.request.__slot_specs__
    sizes = [slot.struct.__wire__.size if slot.struct is not None else 0 for slot in slots]
    return all(not length or length >= size for size, length in zip(sizes, lengths, strict=False))
