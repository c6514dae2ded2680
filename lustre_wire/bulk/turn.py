"""One message to the other byte order in plain Python: for where the C core was not built."""

from __future__ import annotations

from collections.abc import Iterator

from lustre_wire import rpc
from lustre_wire.bulk.formats import deciding_numbers
from lustre_wire.engines import payload
from lustre_wire.engines.bulk.leaves import swapped, tail_of
from lustre_wire.engines.straightline import ByteOrder
from lustre_wire.frames import lustre_msg
from lustre_wire.message import Generic
from lustre_wire.schema.rpc import Items
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.types import FieldType, Scalar, Struct, as_type

#: (offset, width) of an integer in a message.
Place = tuple[int, int]


def turned(message: rpc.Message, data: bytes) -> bytes:
    """The bytes of a message in the other byte order, as the C core makes them.

    Args:
        message: the message, decoded.
        data: its bytes.
    """
    parts, made = lustre_msg.split(data), bytearray(data)
    head = spec_of(type(parts.header)).size
    places = set(_within(Struct(type(parts.header)), 0, head))
    places |= {(head + 4 * i, 4) for i in range(len(parts.lengths))}
    buffers = [*([(0, 0)] if message.version == 1 else []), *zip(parts.offsets, parts.lengths, strict=True)]
    for (kind, minimum), (offset, length) in zip(_kinds(message), buffers, strict=False):
        if kind is not None:
            places |= set(_places(kind, minimum, offset, length, data, message.order))
    if message.body is not None or message.version == 1:
        places |= set(_deciding(message, buffers, places))
    for offset, width in places:
        made[offset : offset + width] = made[offset : offset + width][::-1]
    return bytes(made)


def _kinds(message: rpc.Message) -> Iterator[tuple[FieldType | None, int]]:
    """What each buffer holds, and the bytes of it that a receiver is content with."""
    if message.body is not None:
        yield Struct(message.dialect.body), message.dialect.body_minimum
    elif message.version == 1:
        yield None, 0
    if not isinstance(message.buffers, Generic):
        for slot in payload.codec(type(message.buffers), message.order).places(message.buffers):
            yield slot.type, slot.minimum


def _places(kind: FieldType, minimum: int, offset: int, length: int, data: bytes, order: ByteOrder) -> Iterator[Place]:
    """The integers of a buffer that are swapped."""
    if isinstance(kind, Items):
        element = as_type(kind.element)
        if isinstance(element, (Scalar, Struct)):
            for at in range(0, length - element.size + 1, element.size):
                yield from _within(element, offset + at, element.size)
    elif isinstance(kind, (Scalar, Struct)) and length >= (minimum or kind.size):
        yield from _within(kind, offset, length)
        if isinstance(kind, Struct) and kind.cls.__wire__.swab and length > kind.size:
            yield from _tail(kind, offset, length, data, order)


def _within(kind: FieldType, at: int, length: int) -> Iterator[Place]:
    """The integers of a scalar or struct that fills a buffer, as far as there are `length` bytes of it."""
    return ((at + offset, width) for offset, width in swapped(kind, alone=True) if offset + width <= length)


def _tail(kind: Struct, offset: int, length: int, data: bytes, order: ByteOrder) -> Iterator[Place]:
    """The integers of the elements behind a struct."""
    spec = kind.cls.__wire__
    tail = tail_of(spec, opaque=kind.opaque)
    if tail is None or tail.opaque or not isinstance(tail.element, (Scalar, Struct)):
        return
    count = (length - kind.size) // tail.element.size
    if tail.count is not None and tail.count_at is not None:
        at = offset + tail.count_at
        fixed: ByteOrder = "little" if tail.count.opaque else order if spec.order == "sender" else spec.order
        count = min(count, int.from_bytes(data[at : at + tail.count.size], fixed))
    for number in range(count):
        at = offset + kind.size + number * tail.element.size
        yield from ((at + place, width) for place, width in swapped(tail.element))


def _deciding(message: rpc.Message, buffers: list[tuple[int, int]], places: set[Place]) -> Iterator[Place]:
    """The numbers that tell formats apart, where they are not among `places`."""
    covered = {offset + i for offset, width in places for i in range(width)}
    forms = message.dialect.by_opcode.get(message.opcode, ()) if message.direction == rpc.REQUEST else ()
    for buffer, offset, width in deciding_numbers(forms):
        if buffer < len(buffers) and offset + width <= buffers[buffer][1]:
            at = buffers[buffer][0] + offset
            if at not in covered:
                yield at, width
