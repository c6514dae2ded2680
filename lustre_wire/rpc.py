"""One message: bytes to `Message` and back.

`decode` accepts what Lustre's own receivers accept (the rules of ptlrpc/pack_generic.c and ptlrpc/service.c of 1.8.9
and 2.0.0) and keeps every byte, so that ``encode(decode(data, dialect)) == data``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.engines import payload, record
from lustre_wire.engines.payload import ZEROES, Extra
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LustreMsgV1, LustreMsgV2, Parts
from lustre_wire.kinds import FAULTS, blame, checked, octets
from lustre_wire.message import REPLY, REQUEST, Generic, Message
from lustre_wire.reading import Reader, read_at_once, reader_of, written_at_once
from lustre_wire.schema import spec_of
from lustre_wire.schema.nodes import PREFIX, ByteOrder
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.strict import check


def decode(
    data: Any, dialect: Dialect | str, *, request: Message | RpcFormat | None = None, strict: bool = False
) -> Message:
    """One lustre_msg from bytes.

    Args:
        data: any object with the buffer protocol, beginning with the message.
        dialect: the connection's dialect, or its name.
        request: for a reply, the request it answers (or its format): an intent's reply cannot be told from its opcode.
        strict: also refuse what a correct sender never emits.

    Raises:
        TruncatedError: shorter than its lengths say.
        WireError: what the dialect's receivers refuse.
        StrictError: only with `strict`.
    """
    if not isinstance(dialect, Dialect):
        dialect = named_dialect(dialect)
    try:
        if type(data) is not bytes:
            data = octets(data)
        message = read_at_once(data, dialect, request)
        if message is None:
            message = _decode_by_parts(data, dialect, Parts(data, *lustre_msg.locate(data)), request)
        if isinstance(request, Message) and message.format is not None and message.format.asks:
            message.asked = request
        if strict:
            check(message)
    except WireError as error:
        error.dialect = dialect.name
        raise
    except FAULTS:
        blame(decode, (data, dialect), {"request": request, "strict": strict})
        raise
    return message


def _decode_by_parts(data: bytes, dialect: Dialect, parts: Parts, request: Message | RpcFormat | None) -> Message:
    reader = reader_of(dialect, parts.order)
    if parts.version not in dialect.containers:
        accepted = ", ".join(f"v{n}" for n in sorted(dialect.containers))
        raise WireError(f"expected lustre_msg {accepted}, got v{parts.version}", path="lm_magic")
    offsets: Sequence[int] = parts.offsets
    lengths: Sequence[int] = parts.lengths
    extra: Extra | None = None
    body = None
    if parts.version == 1:
        header = parts.header
        if header.lm_version != reader.version:
            raise WireError(f"expected {reader.version}, got {header.lm_version:#x}", path="lm_version")
        direction, opcode = reader.check(header.lm_type, header.lm_version, "lm"), header.lm_opc
        offsets, lengths = [0, *offsets], [0, *lengths]
    elif parts.header.lm_secflvr & dialect.flavour_mask:
        return _wrapped(data, dialect, parts)
    else:
        if not lengths:
            raise TruncatedError("expected a ptlrpc_body, got no buffers", path="ptlrpc_body", offset=parts.end)
        size = lengths[0]
        if size == reader.size:
            body = reader.body(data, offsets[0], offsets[0] + size)
        else:
            body, extra = _odd_body(reader, data, offsets[0], size)
        direction, opcode = reader.check(body.pb_type, body.pb_version, "ptlrpc_body.pb"), body.pb_opc
    form = reader.form(direction, opcode, data, offsets, lengths, request)
    if form is None:
        buffers: Any = Generic([data[o : o + n] for o, n in zip(offsets[1:], lengths[1:], strict=True)])
        extra = _paddings(extra, data, offsets, lengths)
    else:
        side = form.request if direction == REQUEST else form.reply
        buffers, more = payload.codec(side, parts.order).unpack(data, offsets, lengths)
        extra = more if extra is None else _merged(extra, more)
    if parts.end != len(data) or (offsets and (len(parts.lengths) & 1)):
        extra = _around(extra, data, parts)
    return Message(dialect, direction, parts.order, parts.header, body, form, buffers, extra)


def _odd_body(reader: Reader, data: bytes, at: int, size: int) -> tuple[Any, Extra]:
    """A ptlrpc_body of another size than the dialect's own: shorter ones end early, longer ones have a tail."""
    if size < reader.minimum:
        raise TruncatedError(f"expected at least {reader.minimum} bytes, got {size}", path="ptlrpc_body", offset=at)
    extra = Extra()
    whole = data[at : at + size]
    if size < reader.size:
        extra.cut[0] = size
        whole = whole.ljust(reader.size, b"\0")
    else:
        extra.tails[0] = whole[reader.size :]
    if size & 7 and data[at + size : (at + size + 7) & ~7].strip(b"\0"):
        extra.padding[0] = data[at + size : (at + size + 7) & ~7]
    return reader.body(whole, 0, reader.size), extra


def _wrapped(data: bytes, dialect: Dialect, parts: Parts) -> Message:
    """A message under a security policy: its buffers are the policy's, and stay as they are."""
    buffers = Generic([data[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)])
    extra = _around(_paddings(None, data, parts.offsets, parts.lengths), data, parts)
    return Message(dialect, REQUEST, parts.order, parts.header, None, None, buffers, extra)


def _paddings(extra: Extra | None, data: bytes, offsets: Sequence[int], lengths: Sequence[int]) -> Extra | None:
    for index, (offset, length) in enumerate(zip(offsets, lengths, strict=True)):
        if length & 7:
            padding = data[offset + length : (offset + length + 7) & ~7]
            if padding != ZEROES[len(padding)]:
                extra = extra or Extra()
                extra.padding[index] = padding
    return extra


def _merged(first: Extra, second: Extra | None) -> Extra:
    if second is not None:
        for name in ("tails", "cut", "raw", "padding"):
            getattr(first, name).update(getattr(second, name))
        first.more, first.count = second.more, second.count
    return first


def _around(extra: Extra | None, data: bytes, parts: Parts) -> Extra | None:
    """Bytes other than zero behind the buffer lengths, and bytes behind the message."""
    gap, trailing = parts.gap(data), data[parts.end :]
    gap = gap if gap.strip(b"\0") else b""
    if trailing or gap:
        extra = extra or Extra()
        extra.gap, extra.trailing = gap, trailing
    return extra


def encode(message: Message) -> bytes:
    """The bytes of a message.

    `lm_bufcount` and `lm_buflens` of the header are set from the buffers; everything else is written as it stands.

    Raises:
        WireError: a value that does not fit its field; `path` names it.
    """
    try:
        data = written_at_once(message)
        return data if data is not None else _encode_by_parts(message)
    except record.UNFIT as error:
        if not isinstance(error, WireError):
            blame(encode, (message,), {})
        found = _fault(message) or (error if isinstance(error, WireError) else None)
        if found is None:  # every value fits its field: the fault is in the code that writes them
            raise
    found.dialect = message.dialect.name
    raise found


def _fault(message: Message) -> WireError | None:
    """Which value of a message cannot be written, and why; None where each can."""
    for part in (message.header, message.body):
        if part is not None:
            spec = spec_of(part)
            found = record.fault(spec.node, part, spec.name)
            if found is not None:
                return found
    for spec in () if isinstance(message.buffers, Generic) else message.buffers.__slot_specs__:
        value = getattr(message.buffers, spec.name)
        found = record.fault(spec.node, value, spec.name) if value is not None else None
        if found is not None:
            return found
    return None


def _encode_by_parts(message: Message) -> bytes:
    order, extra, buffers = message.order, message.extra, message.buffers
    body = message.body
    first = [] if body is None else [record.codec(message.dialect.body, order).pack(body)]
    if isinstance(buffers, Generic):
        rest, regular = list(buffers.buffers), len(buffers.buffers) + 1
    else:
        codec = payload.codec(type(buffers), order)
        rest, regular = codec.pack(buffers), codec.count(buffers)
        if extra and extra.more:  # they come behind the slots that are there; those that are not take no place
            rest = rest[: len(codec.places(buffers))]
    if extra:
        shift = 0 if message.version == 2 else 1
        return _with_extra(message, first, rest, regular, extra, shift)
    return lustre_msg.join(message.header, [*first, *rest[: regular - 1]], order)


def _with_extra(
    message: Message, first: list[bytes], rest: list[bytes], regular: int, extra: Extra, shift: int
) -> bytes:
    wrapped = not first and not shift
    whole = rest if wrapped else [*(first or [b""]), *rest]
    for index in (*extra.raw, *extra.cut, *extra.tails):
        if not 0 <= index < len(whole):
            raise WireError("has bytes, but there is no such buffer", path=f"buffer {index}")
    for index, data in extra.raw.items():
        if not whole[index]:
            whole[index] = data
    for index, size in extra.cut.items():
        if whole[index][size:].strip(b"\0"):
            raise WireError(f"has values behind its {size} bytes", path=f"buffer {index}")
        whole[index] = whole[index][:size]
    for index, tail in extra.tails.items():
        whole[index] += tail
    whole += extra.more
    count = extra.count if extra.count is not None else max(regular, len(whole) if extra.more else 0)
    count = len(whole) if isinstance(message.buffers, Generic) else max(count, _last_used(whole))
    whole = whole[:count] + [b""] * (count - len(whole))
    paddings = {index - shift: padding for index, padding in extra.padding.items()}
    out = lustre_msg.join(message.header, whole[shift:], message.order, paddings, extra.gap)
    return out + extra.trailing


def _last_used(buffers: list[bytes]) -> int:
    """How many buffers there are up to the last one with bytes."""
    return max((i for i, data in enumerate(buffers, 1) if data), default=0)


@checked
def build(
    dialect: Dialect | str, name: str, direction: str = REQUEST, /, *, order: ByteOrder = "little", **buffers: Any
) -> Message:
    """A new message of a declared format: header and ptlrpc_body filled in as far as the format says.

    Args:
        name: format name, as in ``dialect.rpcs``.
        direction: "request" or "reply".
        order: byte order to write.
        buffers: values of the buffers, by name (``name`` among them, so the first three go by position only).

    Raises:
        WireError: no such format, or one of messages inside of others; no such direction, byte order or buffer.
    """
    found = named_dialect(dialect)
    form = found.own_format(name)
    if direction not in (REQUEST, REPLY):
        raise WireError(f"expected a request or reply, got {direction!r}", path="direction", dialect=found.name)
    if order not in PREFIX:
        raise WireError(f"expected byte order little or big, got {order!r}", path="order", dialect=found.name)
    side = form.request if direction == REQUEST else form.reply
    known, kind, version, opcode = _fixed(found, name, direction)
    if not buffers.keys() <= known:
        unknown = sorted(buffers.keys() - known)[0]
        raise WireError(f"no buffer {unknown!r} in the {direction} of {name}", dialect=found.name)
    body = found.body()
    body.pb_type, body.pb_version, body.pb_opc = kind, version, opcode
    return Message(found, direction, order, LustreMsgV2(), body, form, side(**buffers))


@cache
def _fixed(dialect: Dialect, name: str, direction: str) -> tuple[frozenset[str], int, int, int]:
    """What every message of a format has in common: its buffers' names, pb_type, pb_version and pb_opc."""
    form = dialect.own_format(name)
    side = form.request if direction == REQUEST else form.reply
    types = dialect.enums["PtlrpcMsgType"].__members__
    named = spec_of(dialect.body).by_name["pb_opc"].enum
    return (
        frozenset(spec.name for spec in side.__slot_specs__),
        types["PTL_RPC_MSG_REQUEST" if direction == REQUEST else "PTL_RPC_MSG_REPLY"],
        form.version | int(dialect.constants["PTLRPC_MSG_VERSION"]),
        named(form.opcode) if named is not None else form.opcode,
    )


__all__ = ["REPLY", "REQUEST", "Generic", "LustreMsgV1", "LustreMsgV2", "Message", "build", "decode", "encode"]
