"""The walk through a stream in plain Python, on the record engine: for where the C core was not built."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lustre_wire.bulk import geometry
from lustre_wire.bulk.reason import Reason
from lustre_wire.engines import record
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import ksock, lnet, lustre_msg

# As the C core's: after bad bytes no message with more buffers is believed.
_PLAUSIBLE = 64
_MOST = 1 << 30


@dataclass
class Row:
    """One row of an index; `after` is where the walk goes on."""

    offset: int
    end: int
    reason: int
    magic: int = 0
    big_endian: int = 0
    values: tuple[int, ...] = (0, 0, 0, 0, 0, 0)
    buffers: list[tuple[int, int]] = field(default_factory=list)
    xid: int = 0
    frame: int = 0
    portal: int = 0
    after: int = 0

    @property
    def is_message(self) -> bool:
        return self.reason not in (Reason.TRUNCATED, Reason.NO_MAGIC)


def has_magic(data: memoryview, at: int, end: int) -> bool:
    """Whether a container's magic stands where that of a container at `at` would."""
    return at + lustre_msg.MAGIC.stop <= end and lustre_msg.begins_message(data[at : at + lustre_msg.MAGIC.stop])


def _bufcount(data: memoryview, at: int, end: int) -> tuple[lustre_msg.Version, int] | None:
    """The container at `at` and its number of buffers; None where they are not before `end`."""
    if not has_magic(data, at, end):
        return None
    found = lustre_msg.VERSIONS[bytes(data[at + lustre_msg.MAGIC.start : at + lustre_msg.MAGIC.stop])]
    return (found, found.bufcount(data, at)[0]) if at + found.head.bufcount.stop <= end else None


def _first_buffers_fit(data: memoryview, at: int, end: int) -> bool:
    """Whether as many buffers of a message as are looked at first end before `end`, if there are more."""
    found = _bufcount(data, at, end)
    if found is None or found[1] <= _PLAUSIBLE:
        return True
    head, first = found[0].head, at + found[0].size
    count = max(0, min(_PLAUSIBLE, (end - first) // head.word))
    return bool(first + sum(head.lengths(found[0].order, count).unpack_from(data, first)) <= end)


def look(data: memoryview, at: int, end: int, what: geometry.Rules) -> Row:
    """The message at `at` in the bytes before `end`."""
    if not _first_buffers_fit(data, at, end):
        return Row(at, at, Reason.TRUNCATED)
    try:
        parts = lustre_msg.split(data[at:end])
    except TruncatedError:
        return Row(at, at, Reason.TRUNCATED)
    except WireError:
        return Row(at, at, Reason.NO_MAGIC)
    if parts.end > 0xFFFFFFFF:
        return Row(at, at, Reason.TRUNCATED)
    row = Row(at, at + parts.end, Reason.GOOD, int(parts.header.lm_magic), int(parts.order == "big"))
    row.buffers = [(at + offset, length) for offset, length in zip(parts.offsets, parts.lengths, strict=True)]
    row.reason, row.values = _judge(data, row, parts, what)
    return row


def _judge(data: memoryview, row: Row, parts: Any, what: geometry.Rules) -> tuple[int, tuple[int, ...]]:
    """What receivers check, and (type, opcode, status, transno, flags, match bits)."""
    nothing = (0, 0, 0, 0, 0, 0)
    if parts.version not in what.containers:
        return Reason.CONTAINER, nothing
    source, prefix, mask = parts.header, "lm", 0xFFFFFFFF
    if parts.version == 2:
        if parts.header.lm_secflvr & what.wrapped:
            return Reason.WRAPPED, nothing
        if not row.buffers or row.buffers[0][1] < what.body_minimum:
            return Reason.NO_BODY, nothing
        codec = record.codec(what.body, parts.order)
        start, length = row.buffers[0]
        body = bytes(data[start : start + length]).ljust(codec.size, b"\0")
        source, prefix, mask = codec.unpack(body, 0, codec.size), "pb", what.version_mask
    values = {name: int(getattr(source, f"{prefix}_{name}")) for name in geometry.FIELDS}
    mbits = int(getattr(source, geometry.MBITS)) if parts.version == 2 and geometry.mbits_at(what) else 0
    shown = *(values[name] for name in ("type", "opc", "status", "transno", "flags")), mbits
    if values["type"] not in what.types:
        return Reason.BAD_TYPE, shown
    return (Reason.GOOD if values["version"] & mask == what.version else Reason.BAD_VERSION), shown


def _plausible(data: memoryview, at: int, end: int, what: geometry.Rules) -> bool:
    found = _bufcount(data, at, end)
    return (
        found is not None
        and found[1] <= _PLAUSIBLE
        and look(data, at, end, what).reason in (Reason.GOOD, Reason.WRAPPED)
    )


def messages(data: memoryview, what: geometry.Rules, at: int = 0, *, whole: bool = False) -> Iterator[Row]:
    """The rows of a stream of bare messages from `at` on; with `whole` no further than they are messages."""
    size, shortest = data.nbytes, lustre_msg.MAGIC.stop
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
            return _Frame(at, at, Reason.TRUNCATED)
        start = at + geometry.place(ksock.KsockMsg, "ksm_type")
        kinds = [int.from_bytes(data[start : start + 4], order) for order in geometry.ORDERS]
        if ksock.KSOCK_MSG_NOOP in kinds:
            return _Frame(at, at + head, Reason.NO_RPC)
        if ksock.KSOCK_MSG_LNET not in kinds:
            return _Frame(at, at, Reason.NO_MAGIC)
    codec = record.codec(geometry.lnet_header(framing), "little")
    payload = at + head + codec.size
    if size < payload:
        return _Frame(at, at, Reason.TRUNCATED)
    header = codec.unpack(data, at + head, payload)
    if header.type > max(lnet.LnetMsgType) or header.payload_length > lnet.LNET_MAX_PAYLOAD:
        return _Frame(at, at, Reason.NO_MAGIC)
    if size - payload < header.payload_length:
        return _Frame(at, at, Reason.TRUNCATED)
    return _Frame(payload, payload + header.payload_length, Reason.NO_RPC, header)


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
        elif found.reason == Reason.NO_RPC:
            row = Row(at, end, Reason.NO_RPC)
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
    kind, opcode, status, transno, flags, mbits = row.values
    status -= (status & 0x80000000) << 1
    written = {
        "offset": row.offset, "length": row.end - row.offset, "magic": row.magic, "big_endian": row.big_endian,
        "reason": row.reason, "type": kind, "opcode": opcode, "status": status, "transno": transno, "xid": row.xid,
        "flags": flags, "mbits": mbits, "buffer_count": len(row.buffers), "first_buffer": first, "frame": row.frame,
        "portal": row.portal,
    }  # fmt: skip
    for column, leaf in enumerate(room.messages.table.leaves):
        struct.pack_into(f"={leaf.code}", room.messages.bytes_of(column), number * leaf.itemsize, written[leaf.name])
    for i, (offset, length) in enumerate(row.buffers, first):
        struct.pack_into("=Q", room.buffers.bytes_of(0), i * 8, offset)
        struct.pack_into("=I", room.buffers.bytes_of(1), i * 4, length)
