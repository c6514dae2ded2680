"""The same calls on the record engine, for where the C core was not built."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lustre_wire.engines import record
from lustre_wire.engines.bulk.columns import Columns
from lustre_wire.engines.bulk.leaves import Leaf, Steps
from lustre_wire.errors import WireError
from lustre_wire.schema.nodes import access

Getter = Callable[[Any], bytes]


def unpack(data: memoryview, offsets: Iterable[int], columns: Columns) -> int:
    """Fill `columns` from the rows at `offsets`; returns how many rows lay within `data`."""
    codec = _codec(columns)
    getters = [_getter(leaf) for leaf in columns.table.leaves]
    targets = [columns.bytes_of(number) for number in range(len(getters))]
    done = 0
    for at in offsets:
        if at < 0 or at + codec.size > data.nbytes:
            break
        obj = codec.unpack(data, at, at + codec.size)
        for leaf, get, target in zip(columns.table.leaves, getters, targets, strict=True):
            target[done * leaf.pitch : (done + 1) * leaf.pitch] = get(obj)
        done += 1
    return done


def pack(fill: bytes, columns: Columns, out: memoryview) -> None:
    """Write every row of `columns` to `out`; what they do not say is as in `fill`."""
    codec = _codec(columns)
    sources = [(leaf, columns.bytes_of(number)) for number, leaf in enumerate(columns.table.leaves)]
    for row in range(columns.rows):
        obj = codec.unpack(fill, 0, codec.size)
        for leaf, source in sources:
            assign(obj, leaf.steps, values(leaf, source[row * leaf.pitch : (row + 1) * leaf.pitch]))
        out[row * codec.size : (row + 1) * codec.size] = codec.pack(obj)


def _codec(columns: Columns) -> record.Codec:
    cls = columns.table.cls
    if cls is None:
        raise WireError("these columns are of no struct")
    return record.codec(cls, columns.table.order)


def _getter(leaf: Leaf) -> Getter:
    """A function that gives one row of a leaf's column from the object."""
    if leaf.raw:
        write = access(leaf.cell)[1] if leaf.cell is not None else bytes
        return lambda obj: b"".join(map(write, found(obj, leaf.steps)))
    packer = struct.Struct(f"={leaf.pitch // leaf.itemsize}{leaf.code}")
    return lambda obj: packer.pack(*found(obj, leaf.steps))


def found(obj: Any, steps: Steps) -> Iterator[Any]:
    """Every value a leaf's steps lead to."""
    if not steps:
        yield obj
    elif steps[0] is None:
        for element in obj:
            yield from found(element, steps[1:])
    else:
        yield from found(getattr(obj, steps[0]), steps[1:])


def values(leaf: Leaf, data: memoryview) -> Iterator[Any]:
    """The values that one row of a leaf's column holds."""
    if not leaf.raw:
        return iter(struct.unpack(f"={leaf.pitch // leaf.itemsize}{leaf.code}", data))
    size = leaf.shape[-1]
    read = access(leaf.cell)[0] if leaf.cell is not None else lambda whole, at: bytes(whole[at : at + size])
    return (read(data, at) for at in range(0, leaf.pitch, size))


def assign(obj: Any, steps: Steps, values: Iterator[Any]) -> None:
    """Set every value a leaf's steps lead to."""
    name, *rest = steps
    assert name is not None
    if not rest:
        setattr(obj, name, next(values))
    elif rest[0] is not None:
        assign(getattr(obj, name), tuple(rest), values)
    else:
        _assign_each(getattr(obj, name), tuple(rest[1:]), values)


def _assign_each(elements: list[Any], steps: Steps, values: Iterator[Any]) -> None:
    for i, element in enumerate(elements):
        if not steps:
            elements[i] = next(values)
        elif steps[0] is None:
            _assign_each(element, steps[1:], values)
        else:
            assign(element, steps, values)
