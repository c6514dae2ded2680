"""One message to the other byte order in plain Python: for where the C core was not built."""

from __future__ import annotations

from collections.abc import Iterator

from lustre_wire import rpc
from lustre_wire.bulk.formats import deciding_numbers
from lustre_wire.engines import payload
from lustre_wire.frames import lustre_msg
from lustre_wire.message import Generic
from lustre_wire.schema.nodes import ByteOrder, Group, Node, Repeat, swapped_in
from lustre_wire.schema.struct import spec_of

#: (offset, width) of an integer in a message.
Place = tuple[int, int]


def turned(message: rpc.Message, data: bytes) -> bytes:
    """The bytes of a message in the other byte order, as the C core makes them.

    Args:
        message: the message, decoded.
        data: its bytes.
    """
    parts, made = lustre_msg.split(data), bytearray(data)
    head = lustre_msg.V1 if parts.version == 1 else lustre_msg.V2
    places = set(_within(spec_of(head.cls).alone, 0, head.size))
    places |= {(head.length_at(i), head.word) for i in range(len(parts.lengths))}
    buffers = [*([(0, 0)] if message.version == 1 else []), *zip(parts.offsets, parts.lengths, strict=True)]
    for (node, minimum), (offset, length) in zip(_nodes(message), buffers, strict=False):
        if node is not None:
            places |= set(_places(node, minimum, offset, length, data, message.order))
    if message.body is not None or message.version == 1:
        places |= set(_deciding(message, buffers, places))
    for offset, width in places:
        made[offset : offset + width] = made[offset : offset + width][::-1]
    return bytes(made)


def _nodes(message: rpc.Message) -> Iterator[tuple[Node | None, int]]:
    """What fills each buffer, and the bytes of it that a receiver is content with."""
    if message.body is not None:
        yield spec_of(message.dialect.body).alone, message.dialect.body_minimum
    elif message.version == 1:
        yield None, 0
    if not isinstance(message.buffers, Generic):
        for slot in payload.codec(type(message.buffers), message.order).places(message.buffers):
            yield slot.node, slot.minimum


def _places(node: Node, minimum: int, offset: int, length: int, data: bytes, order: ByteOrder) -> Iterator[Place]:
    """The integers of a buffer that are swapped."""
    if isinstance(node, Repeat):
        for at in range(0, length - node.stride + 1, node.stride):
            yield from _within(node.node, offset + at, node.stride)
    elif length >= (minimum or node.width):
        yield from _within(node, offset, length)
        if isinstance(node, Group) and length > node.width:
            yield from _tail(node, offset, length, data, order)


def _within(node: Node, at: int, length: int) -> Iterator[Place]:
    """The integers of what begins at `at`, as far as there are `length` bytes of it."""
    found = ((place - node.offset, width) for place, width in swapped_in(node))
    return ((at + place, width) for place, width in found if place + width <= length)


def _tail(group: Group, offset: int, length: int, data: bytes, order: ByteOrder) -> Iterator[Place]:
    """The integers of the elements behind a struct."""
    tail, number = group.tail, group.limit
    if tail is None:
        return
    count = (length - group.width) // tail.stride
    if number is not None:
        at = offset + number.offset
        count = min(count, int.from_bytes(data[at : at + number.width], number.order_in(order)))
    for i in range(count):
        yield from _within(tail.node, offset + group.width + i * tail.stride, tail.stride)


def _deciding(message: rpc.Message, buffers: list[tuple[int, int]], places: set[Place]) -> Iterator[Place]:
    """The numbers that tell formats apart, where they are not among `places`."""
    covered = {offset + i for offset, width in places for i in range(width)}
    forms = message.dialect.by_opcode.get(message.opcode, ()) if message.direction == rpc.REQUEST else ()
    for buffer, offset, width in deciding_numbers(forms):
        if buffer < len(buffers) and offset + width <= buffers[buffer][1]:
            at = buffers[buffer][0] + offset
            if at not in covered:
                yield at, width
