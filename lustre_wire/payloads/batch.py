"""Messages inside of a message: the requests of an MDS_BATCH, and their replies.

Each is a lustre_msg without a ptlrpc_body, and begins at a multiple of 8 bytes. In lm_opc, where other messages have a
padding, a request says which one it is, and a reply its result. Source: ptlrpc/batch.c and mdt/mdt_batch.c of 2.17.0.
"""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.engines import payload
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import formats_inside, head_at, pack, round8
from lustre_wire.rpc import REPLY, REQUEST
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.rpc import RpcFormat

__all__ = ["Batch", "Submessage", "read", "write"]

_HEADS = {REQUEST: ("batch_update_request", "burq_count"), REPLY: ("batch_update_reply", "burp_count")}


@attrs.define(slots=True)
class Submessage:
    """One message of a batch.

    Attributes:
        header: its lustre_msg header, with `lm_opc` as a number.
        format: what it is; None for one that is not declared.
        buffers: its buffers by name; None where there is no format.
        raw: the bytes as they came, without padding behind them.
    """

    header: Any
    format: RpcFormat | None
    buffers: Any
    raw: bytes

    @property
    def code(self) -> int:
        """Of a request which one it is (BUT_GETATTR), of a reply its result as a signed number."""
        number = int(self.header.lm_opc)
        return number - (1 << 32) if number >> 31 else number


@attrs.define(slots=True)
class Batch:
    """The head (`batch_update_request` or `batch_update_reply`), the messages, and what is behind the last one."""

    head: Any
    messages: tuple[Submessage, ...]
    rest: bytes = b""


def _format(code: int, direction: str, number: int, request: Batch | None, wanted: Dialect) -> RpcFormat | None:
    """What a message is: a request says it, a reply is what the request in its place is."""
    inside = formats_inside(wanted, "MDS_BATCH")
    if direction == REQUEST:
        return inside.get(code)
    if request is not None and number < len(request.messages):
        return request.messages[number].format
    return next(iter(inside.values())) if len(inside) == 1 else None


def _turned(header: Any, order: ByteOrder) -> int:
    """`lm_opc`, which receivers swap, of a header whose padding there they leave as sent; and the other way round."""
    number: int = header.lm_opc
    return int.from_bytes(number.to_bytes(4, "little"), order)


@checked
def read(
    data: Any, of: Dialect | str, order: ByteOrder = "little", direction: str = REQUEST, request: Batch | None = None
) -> Batch:
    """The messages of a batch.

    Args:
        data: a `batch_update_request`, or a `batch_update_reply`.
        of: the dialect, or its name.
        order: byte order of the message around it.
        direction: "request" or "reply".
        request: of replies, the requests that they answer in the same order.

    Raises:
        TruncatedError: fewer bytes than its count and lengths say.
        WireError: a message that is no lustre_msg.
    """
    if direction not in _HEADS:
        raise WireError(f"expected {REQUEST!r} or {REPLY!r}", path="direction")
    wanted, view = dialect(of), bytes(octets(data))
    name, count = _HEADS[direction]
    head, at = head_at(view, 0, name, wanted, order)
    messages: list[Submessage] = []
    whole = memoryview(view)  # of which what is left is no copy, however many messages there are
    for number in range(getattr(head, count)):
        parts = lustre_msg.split(whole[at:])
        if parts.end > len(view) - at:
            raise TruncatedError(f"expected {parts.end} bytes, got {len(view) - at}", path=f"[{number}]", offset=at)
        parts.header.lm_padding_2 = _turned(parts.header, parts.order)
        form = _format(parts.header.lm_opc, direction, number, request, wanted)
        raw, buffers = view[at : at + parts.end], None
        if form is not None:
            side = form.request if direction == REQUEST else form.reply
            # its first buffer stands where other messages have their ptlrpc_body
            places = (0, *parts.offsets), (0, *parts.lengths)
            buffers, _ = payload.codec(side, parts.order).unpack(raw, *places)
        messages.append(Submessage(parts.header, form, buffers, raw))
        at += round8(parts.end)
    return Batch(head, tuple(messages), view[at:])


@checked
def write(batch: Batch, order: ByteOrder = "little") -> bytes:
    """The bytes of a batch, of its messages as many and as long as they are; those without a format as they came.

    Raises:
        WireError: a value that does not fit its field.
    """
    count = next((name for _, name in _HEADS.values() if hasattr(batch.head, name)), "")
    if not count:
        raise WireError("expected the head of a batch", path="head")
    setattr(batch.head, count, len(batch.messages))
    out = [pack(batch.head, order)]
    for message in batch.messages:
        if message.buffers is None:
            out.append(message.raw.ljust(round8(len(message.raw)), b"\0"))
            continue
        codec = payload.codec(type(message.buffers), order)
        pieces = codec.pack(message.buffers)[: codec.count(message.buffers) - 1]
        header = attrs.evolve(message.header, lm_padding_2=_turned(message.header, order))
        out.append(lustre_msg.join(header, pieces, order))
    return b"".join(out) + batch.rest
