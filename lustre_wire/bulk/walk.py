"""The walk through a stream in plain Python, on the record engine: for where the C core was not built."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lustre_wire.bulk import geometry
from lustre_wire.engines import record
from lustre_wire.engines.straightline import PREFIX, ByteOrder
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import ksock, lnet, lustre_msg
from lustre_wire.schema.struct import spec_of

# As the C core's: after bad bytes no message with more buffers is believed.
_PLAUSIBLE = 64
_MOST = 1 << 30

GOOD, TRUNCATED, NO_MAGIC, CONTAINER, NO_BODY, BAD_TYPE, BAD_VERSION, WRAPPED, NO_RPC = range(9)


@dataclass
class Row:
    """One row of an index; `after` is where the walk goes on."""

    offset: int
    end: int
    reason: int
    magic: int = 0
    big_endian: int = 0
    values: tuple[int, ...] = (0, 0, 0, 0, 0)
    buffers: list[tuple[int, int]] = field(default_factory=list)
    xid: int = 0
    frame: int = 0
    portal: int = 0
    after: int = 0

    @property
    def is_message(self) -> bool:
        return self.reason not in (TRUNCATED, NO_MAGIC)


@lru_cache(maxsize=1)
def _magics() -> dict[bytes, tuple[type, ByteOrder]]:
    """The magics as they stand on the wire, and the container and byte order they tell."""
    return {
        cls().lm_magic.to_bytes(4, order): (cls, order)
        for cls in geometry.VERSIONS.values()
        for order in geometry.ORDERS
    }


def has_magic(data: memoryview, at: int, end: int) -> bool:
    """Whether a container's magic stands where that of a container at `at` would."""
    start = at + geometry.magic_at()
    return start + 4 <= end and bytes(data[start : start + 4]) in _magics()


def _bufcount(data: memoryview, at: int, end: int) -> tuple[type, ByteOrder, int] | None:
    """The container at `at`, its byte order and its number of buffers; None where they are not before `end`."""
    if not has_magic(data, at, end):
        return None
    start = at + geometry.magic_at()
    cls, order = _magics()[bytes(data[start : start + 4])]
    place = at + geometry.place(cls, "lm_bufcount")
    if place + 4 > end:
        return None
    return cls, order, int.from_bytes(data[place : place + 4], order)


def _first_buffers_fit(data: memoryview, at: int, end: int) -> bool:
    """Whether as many buffers of a message as are looked at first end before `end`, if there are more."""
    found = _bufcount(data, at, end)
    if found is None or found[2] <= _PLAUSIBLE:
        return True
    cls, order, _ = found
    first = at + spec_of(cls).size
    count = max(0, min(_PLAUSIBLE, (end - first) // 4))
    lengths: tuple[int, ...] = struct.unpack_from(f"{PREFIX[order]}{count}I", data, first)
    return first + sum(lengths) <= end


def look(data: memoryview, at: int, end: int, what: geometry.Rules) -> Row:
    """The message at `at` in the bytes before `end`."""
    if not _first_buffers_fit(data, at, end):
        return Row(at, at, TRUNCATED)
    try:
        parts = lustre_msg.split(data[at:end])
    except TruncatedError:
        return Row(at, at, TRUNCATED)
    except WireError:
        return Row(at, at, NO_MAGIC)
    if parts.end > 0xFFFFFFFF:
        return Row(at, at, TRUNCATED)
    row = Row(at, at + parts.end, GOOD, int(parts.header.lm_magic), int(parts.order == "big"))
    row.buffers = [(at + offset, length) for offset, length in zip(parts.offsets, parts.lengths, strict=True)]
    row.reason, row.values = _judge(data, row, parts, what)
    return row


def _judge(data: memoryview, row: Row, parts: Any, what: geometry.Rules) -> tuple[int, tuple[int, ...]]:
    """What receivers check, and (type, opcode, status, transno, flags)."""
    nothing = (0, 0, 0, 0, 0)
    if parts.version not in what.containers:
        return CONTAINER, nothing
    source, prefix, mask = parts.header, "lm", 0xFFFFFFFF
    if parts.version == 2:
        if parts.header.lm_secflvr & what.wrapped:
            return WRAPPED, nothing
        if not row.buffers or row.buffers[0][1] < what.body_minimum:
            return NO_BODY, nothing
        codec = record.codec(what.body, parts.order)
        start, length = row.buffers[0]
        body = bytes(data[start : start + length]).ljust(codec.size, b"\0")
        source, prefix, mask = codec.unpack(body, 0, codec.size), "pb", what.version_mask
    values = {name: int(getattr(source, f"{prefix}_{name}")) for name in geometry.FIELDS}
    shown = tuple(values[name] for name in ("type", "opc", "status", "transno", "flags"))
    if values["type"] not in what.types:
        return BAD_TYPE, shown
    return (GOOD if values["version"] & mask == what.version else BAD_VERSION), shown


def _plausible(data: memoryview, at: int, end: int, what: geometry.Rules) -> bool:
    found = _bufcount(data, at, end)
    return found is not None and found[2] <= _PLAUSIBLE and look(data, at, end, what).reason in (GOOD, WRAPPED)


def messages(data: memoryview, what: geometry.Rules, at: int = 0, *, whole: bool = False) -> Iterator[Row]:
    """The rows of a stream of bare messages from `at` on; with `whole` no further than they are messages."""
    size, shortest = data.nbytes, geometry.magic_at() + 4
    while at < size:
        row = look(data, at, size, what)
        if not row.is_message:
            if whole:
                return
            end = at + 1
            while size - end >= shortest and not _plausible(data, end, size, what):
                end += 1
            row.end = min(at + _MOST, end if size - end >= shortest else size)
        at = row.after = row.end
        yield row


@dataclass
class _Frame:
    payload: int
    end: int
    reason: int
    header: Any = None


def _frame(data: memoryview, at: int, framing: str) -> _Frame:
    head = geometry.before_lnet(framing)
    size = data.nbytes
    if head:
        if size - at < head:
            return _Frame(at, at, TRUNCATED)
        start = at + geometry.place(ksock.KsockMsg, "ksm_type")
        kinds = [int.from_bytes(data[start : start + 4], order) for order in geometry.ORDERS]
        if ksock.KSOCK_MSG_NOOP in kinds:
            return _Frame(at, at + head, NO_RPC)
        if ksock.KSOCK_MSG_LNET not in kinds:
            return _Frame(at, at, NO_MAGIC)
    codec = record.codec(geometry.lnet_header(framing), "little")
    payload = at + head + codec.size
    if size < payload:
        return _Frame(at, at, TRUNCATED)
    header = codec.unpack(data, at + head, payload)
    if header.type > max(lnet.LnetMsgType) or header.payload_length > lnet.LNET_MAX_PAYLOAD:
        return _Frame(at, at, NO_MAGIC)
    if size - payload < header.payload_length:
        return _Frame(at, at, TRUNCATED)
    return _Frame(payload, payload + header.payload_length, NO_RPC, header)


def _is_put(found: _Frame) -> bool:
    return found.header is not None and found.header.type == lnet.LnetMsgType.LNET_MSG_PUT and found.end > found.payload


def frames(data: memoryview, what: geometry.Rules, framing: str, at: int = 0, *, whole: bool = False) -> Iterator[Row]:
    """The rows of a stream of frames from `at` on; with `whole` no further than they are frames."""
    size = data.nbytes
    while at < size:
        found = _frame(data, at, framing)
        end = found.end
        if _is_put(found) and has_magic(data, found.payload, found.end):
            row = look(data, found.payload, found.end, what)
            if not row.is_message:
                row.end = found.end
        elif found.reason == NO_RPC:
            row = Row(at, end, NO_RPC)
        elif whole:
            return
        else:
            end = at + 1
            while end < size and not _resumes(data, end, framing, what):
                end += 1
            end = min(end, at + _MOST)
            row = Row(at, end, found.reason)
        row.frame = at
        if _is_put(found):
            row.xid, row.portal = found.header.msg.put.match_bits, found.header.msg.put.ptl_index
        at = row.after = end
        yield row


def _resumes(data: memoryview, at: int, framing: str, what: geometry.Rules) -> bool:
    found = _frame(data, at, framing)
    return _is_put(found) and _plausible(data, found.payload, found.end, what)


class Walk:
    """A walk to be taken in steps, as the C core's."""

    def __init__(self, data: memoryview, what: geometry.Rules, framing: str, at: int, *, whole: bool) -> None:
        self.rows = frames(data, what, framing, at, whole=whole) if framing else messages(data, what, at, whole=whole)
        self.waiting: Row | None = None
        self.position = at

    def step(self, room: Any, rows: int, buffers: int, most: int) -> tuple[int, int, bool]:
        """Write rows until the end (True) or until there is no room."""
        while True:
            row, self.waiting = self.waiting or next(self.rows, None), None
            if row is None:
                return rows, buffers, True
            if rows == most or len(row.buffers) > room.buffers.rows - buffers:
                self.waiting = row
                return rows, buffers, False
            _write(room, rows, buffers, row)
            self.position = row.after
            rows, buffers = rows + 1, buffers + len(row.buffers)


def _write(room: Any, number: int, first: int, row: Row) -> None:
    kind, opcode, status, transno, flags = row.values
    status -= (status & 0x80000000) << 1
    written = {
        "offset": row.offset, "length": row.end - row.offset, "magic": row.magic, "big_endian": row.big_endian,
        "reason": row.reason, "type": kind, "opcode": opcode, "status": status, "transno": transno, "xid": row.xid,
        "flags": flags, "buffer_count": len(row.buffers), "first_buffer": first, "frame": row.frame,
        "portal": row.portal,
    }  # fmt: skip
    for column, leaf in enumerate(room.messages.table.leaves):
        struct.pack_into(f"={leaf.code}", room.messages.bytes_of(column), number * leaf.itemsize, written[leaf.name])
    for i, (offset, length) in enumerate(row.buffers, first):
        struct.pack_into("=Q", room.buffers.bytes_of(0), i * 8, offset)
        struct.pack_into("=I", room.buffers.bytes_of(1), i * 4, length)
