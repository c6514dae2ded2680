"""The same calls on the record engine, for where the C core was not built."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lustre_wire.engines import record
from lustre_wire.engines.bulk.columns import Columns
from lustre_wire.engines.bulk.leaves import Leaf, Steps
from lustre_wire.errors import WireError
from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.types import Array, Flex, Foreign, Struct, as_type

Getter = Callable[[Any], bytes]


def unpack(data: memoryview, offsets: Iterable[int], columns: Columns) -> int:
    """Fill `columns` from the rows at `offsets`; returns how many rows lay within `data`."""
    cls, codec = _codec(columns)
    getters = [_getter(spec_of(cls), leaf) for leaf in columns.table.leaves]
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
    cls, codec = _codec(columns)
    sources = [(leaf, columns.bytes_of(number)) for number, leaf in enumerate(columns.table.leaves)]
    codes = [_foreign(spec_of(cls), leaf) for leaf, _ in sources]
    for row in range(columns.rows):
        obj = codec.unpack(fill, 0, codec.size)
        for (leaf, source), code in zip(sources, codes, strict=True):
            data = source[row * leaf.pitch : (row + 1) * leaf.pitch]
            assign(obj, leaf.steps, values(leaf, data, code))
        out[row * codec.size : (row + 1) * codec.size] = codec.pack(obj)


def _codec(columns: Columns) -> tuple[type, record.Codec]:
    cls = columns.table.cls
    if cls is None:
        raise WireError("these columns are of no struct")
    return cls, record.codec(cls, columns.table.order)


def _foreign(spec: StructSpec, leaf: Leaf) -> Any:
    """The foreign codec of a leaf's field, if it has one."""
    foreign = None
    for step in leaf.steps:
        found = spec.by_name.get(step) if step is not None else None
        if found is None:
            continue
        kind = _innermost(found)
        foreign = kind.codec if isinstance(kind, Foreign) else None
        if isinstance(kind, Struct):
            spec = kind.cls.__wire__
    return foreign


def _innermost(field: FieldSpec) -> Any:
    kind = field.type
    while isinstance(kind, (Array, Flex)):
        kind = as_type(kind.element)
    return kind


def _getter(spec: StructSpec, leaf: Leaf) -> Getter:
    """A function that gives one row of a leaf's column from the object."""
    if leaf.code == "B" and leaf.pieces[0].order is None:
        codec = _foreign(spec, leaf)
        if codec is not None:
            return lambda obj: b"".join(bytes(codec.build(v)) for v in _found(obj, leaf.steps))
        return lambda obj: b"".join(_found(obj, leaf.steps))
    packer = struct.Struct(f"={leaf.pitch // leaf.itemsize}{leaf.code}")
    return lambda obj: packer.pack(*_found(obj, leaf.steps))


def _found(obj: Any, steps: Steps) -> Iterator[Any]:
    """Every value a leaf's steps lead to."""
    if not steps:
        yield obj
    elif steps[0] is None:
        for element in obj:
            yield from _found(element, steps[1:])
    else:
        yield from _found(getattr(obj, steps[0]), steps[1:])


def values(leaf: Leaf, data: memoryview, codec: Any) -> Iterator[Any]:
    """The values that one row of a leaf's column holds."""
    if leaf.code == "B" and leaf.pieces[0].order is None:
        size = leaf.shape[-1]
        parts: Sequence[bytes] = [bytes(data[i : i + size]) for i in range(0, leaf.pitch, size)]
        return iter(parts if codec is None else [codec.parse(part) for part in parts])
    return iter(struct.unpack(f"={leaf.pitch // leaf.itemsize}{leaf.code}", data))


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
