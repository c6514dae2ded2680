"""TCP reassembly: segments of many connections in, the bytes of each direction in order out.

What a receiver does with sequence numbers is RFC 9293; a capture differs from a receiver in that it may lack what the
receiver got. A hole counts as lost when the other end acknowledged what lies behind it, and otherwise when it stays
open for too long or too much waits behind it.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Generator, Iterable, Iterator
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import attrs

from lustre_wire.capture.packets import ACK, FIN, RST, SYN, Segment

_HALF = 1 << 31
_MASK = 0xFFFFFFFF
_UNEVENTFUL = SYN | FIN | RST | ACK
#: What keeping a segment costs beside its payload, bytes.
_OVERHEAD = 512
#: A segment this far behind what was delivered, bytes, is of another connection with the same addresses and ports.
_FAR = 1 << 26

Ahead = tuple[int, bytes, int]
"""A segment that came too early: position, payload, bytes of it that were not captured."""


class Flow:
    """One direction of one connection.

    Attributes:
        key: addresses and ports as `Segment.flow` has them.
        peer: the other direction, as soon as it has been seen.
        whole: True when the capture has the direction's beginning.
        reader: whatever the user of the reassembly wants to keep with it.
        time_ns: when the last segment was captured.
    """

    __slots__ = (
        "ack", "ahead", "closed", "end", "hole_ns", "key", "next", "peer", "reader", "start", "time_ns",
        "waiting", "whole",
    )  # fmt: skip

    def __init__(self, key: bytes, position: int, whole: bool, peer: Flow | None) -> None:
        self.key = key
        self.peer = peer
        self.whole = whole
        self.reader: Any = None
        self.time_ns = 0
        self.ack = -1  # what this direction acknowledged last of the other one
        self.start = self.next = position  # of the byte to deliver next; it grows beyond 32 bits
        self.end = -1  # position of the FIN, once it was seen
        self.ahead: list[Ahead] = []
        self.waiting = 0  # bytes in `ahead`, with overhead
        self.hole_ns = 0  # when the present hole was noticed
        self.closed = False

    def position(self, seq: int) -> int:
        """Where a 32-bit sequence number lies: the place nearest to the byte that is due next."""
        return self.next + ((seq - self.next + _HALF) & _MASK) - _HALF

    def stale(self, seq: int) -> bool:
        """Whether a segment with that number can only be of a later connection with the same addresses and ports."""
        distance = self.position(seq) - self.next
        return distance < -_FAR or (self.closed and distance > _FAR)


class Piece(NamedTuple):
    """What comes next in one direction: bytes, or a hole of `lost` bytes, or (neither) its end.

    `time_ns` is the capture time of the segment that made it known, `number` its packet's in the file.
    """

    time_ns: int
    flow: Flow
    data: bytes
    lost: int
    number: int


_new = tuple.__new__


@attrs.define(slots=True)
class ReassemblyCounts:
    """What became of the segments.

    Attributes:
        segments: those looked at, of the wanted ports.
        other_ports: those of other ports, not looked at.
        repeated: payload bytes that had been delivered or kept before.
        lost: bytes that the capture lacks.
        evicted: directions given up because there were too many.
    """

    segments: int = 0
    other_ports: int = 0
    repeated: int = 0
    lost: int = 0
    evicted: int = 0


class Reassembler:
    """Puts the segments of many connections in order. Memory is bounded by the three limits.

    Args:
        port: only connections with this TCP port at one end; None for all.
        max_flows: most directions known at one time; the longest idle ones are given up for new ones.
        max_ahead: most bytes kept behind a hole of one direction.
        max_waiting: most bytes kept behind holes altogether.
        patience_ns: how long a hole may stay open while segments behind it arrive.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        max_flows: int = 4096,
        max_ahead: int = 4 << 20,
        max_waiting: int = 64 << 20,
        patience_ns: int = 3_000_000_000,
    ) -> None:
        self.counts = ReassemblyCounts()
        self.waiting = 0
        self._port = None if port is None else port.to_bytes(2, "big")
        self._max_flows = max(max_flows, 2)
        self._max_ahead = max_ahead
        self._max_waiting = max_waiting
        self._patience_ns = patience_ns
        self._flows: dict[bytes, Flow] = {}
        self._number = 0  # of the packet at hand

    def __len__(self) -> int:
        """How many directions are known."""
        return len(self._flows)

    def _wanted(self, key: bytes) -> bool:
        return self._port is None or self._port in (key[-4:-2], key[-2:])

    def feed(self, segments: Iterable[Segment]) -> list[Piece]:
        """What the next segments deliver, in order of delivery."""
        flows, counts = self._flows, self.counts
        out: list[Piece] = []
        looked_at = 0
        for segment in segments:
            time_ns, key, seq, ack, flags, payload, missing, self._number = segment
            flow = flows.get(key)
            if flow is None and not self._wanted(key):
                counts.other_ports += 1
                continue
            looked_at += 1
            if flow is not None and flags & _UNEVENTFUL == ACK and not (flow.ahead or missing or flow.closed):
                peer = flow.peer
                flow.ack = ack
                flow.time_ns = time_ns
                if peer is not None and peer.ahead:
                    out += self._acknowledged(time_ns, peer, ack)
                if not payload:
                    continue
                if seq == flow.next & _MASK:
                    flow.next += len(payload)
                    out.append(_new(Piece, (time_ns, flow, payload, 0, self._number)))
                    continue
            out += self._unusual(segment, flow)
        counts.segments += looked_at
        return out

    def close(self) -> list[Piece]:
        """Every direction ends."""
        return [piece for flow in list(self._flows.values()) for piece in self._finish(flow.time_ns, flow)]

    def _unusual(self, segment: Segment, flow: Flow | None) -> Iterator[Piece]:
        """A segment that opens, closes, repeats, comes early, was cut, or is the first of its direction."""
        time_ns, key, seq, ack, flags, payload, missing, _ = segment
        if flags & SYN:
            seq += 1
            if flow is None or flow.closed or (seq - flow.start) & _MASK:
                flow = yield from self._begin(time_ns, key, seq & _MASK, True, flow)
        elif flow is None or flow.stale(seq):
            if not payload and not missing:
                return  # a keepalive's sequence number is one below, so it says nothing of where data begins
            flow = yield from self._begin(time_ns, key, seq, False, flow)
        flow.time_ns = time_ns
        if flags & ACK:
            flow.ack = ack
            if flow.peer is not None and flow.peer.ahead:
                yield from self._acknowledged(time_ns, flow.peer, ack)
        if flow.closed:
            return
        if payload or missing:
            yield from self._place(time_ns, flow, flow.position(seq), payload, missing)
        if flags & FIN:
            flow.end = flow.position(seq + len(payload) + missing)
        # a reset at bytes that were there before is ignored by who gets it (RFC 5961), and so the stream goes on
        if (flags & RST and flow.position(seq) >= flow.next) or -1 < flow.end <= flow.next:
            yield from self._close(time_ns, flow)

    def _begin(
        self, time_ns: int, key: bytes, position: int, whole: bool, former: Flow | None
    ) -> Generator[Piece, None, Flow]:
        """A new direction, in the place of a former one with the same addresses and ports."""
        if former is not None:
            yield from self._finish(time_ns, former)
        elif len(self._flows) >= self._max_flows:
            yield from self._evict()
        middle = len(key) // 2 - 2
        peer = self._flows.get(key[middle:-4] + key[:middle] + key[-2:] + key[-4:-2])
        flow = self._flows[key] = Flow(key, position, whole, peer)
        if peer is not None:
            peer.peer = flow
        return flow

    def _place(self, time_ns: int, flow: Flow, position: int, payload: bytes, missing: int) -> Iterator[Piece]:
        """Payload that is not simply the next: deliver it, keep it, or drop what was there before."""
        if position > flow.next:
            if not flow.ahead:
                flow.hole_ns = time_ns
            insort(flow.ahead, (position, payload, missing), key=itemgetter(0))
            size = len(payload) + _OVERHEAD
            flow.waiting += size
            self.waiting += size
            if flow.peer is not None and flow.peer.ack >= 0:
                yield from self._acknowledged(time_ns, flow, flow.peer.ack)
            while flow.ahead and self._impatient(time_ns, flow):
                yield from self._skip_hole(time_ns, flow)
            return
        yield from self._deliver(time_ns, flow, position, payload, missing)
        if flow.ahead:
            yield from self._drain(time_ns, flow)

    def _impatient(self, time_ns: int, flow: Flow) -> bool:
        return (
            flow.waiting > self._max_ahead
            or self.waiting > self._max_waiting
            or time_ns - flow.hole_ns > self._patience_ns
        )

    def _deliver(self, time_ns: int, flow: Flow, position: int, payload: bytes, missing: int) -> Iterator[Piece]:
        """What is new of a segment that begins at the byte due next or before it."""
        known = flow.next - position
        if known:
            self.counts.repeated += min(known, len(payload))
            missing -= max(0, known - len(payload))
            payload = payload[known:]
        if payload:
            flow.next += len(payload)
            yield _new(Piece, (time_ns, flow, payload, 0, self._number))
        if missing > 0:
            yield self._lost(time_ns, flow, missing)

    def _lost(self, time_ns: int, flow: Flow, size: int) -> Piece:
        flow.next += size
        self.counts.lost += size
        return Piece(time_ns, flow, b"", size, self._number)

    def _drain(self, time_ns: int, flow: Flow) -> Iterator[Piece]:
        """Deliver what was kept, up to the next hole."""
        ahead, taken = flow.ahead, 0
        while taken < len(ahead) and ahead[taken][0] <= flow.next:
            position, payload, missing = ahead[taken]
            taken += 1
            self._release(flow, payload)
            yield from self._deliver(time_ns, flow, position, payload, missing)
        del ahead[:taken]
        flow.hole_ns = time_ns

    def _release(self, flow: Flow, payload: bytes) -> None:
        size = len(payload) + _OVERHEAD
        flow.waiting -= size
        self.waiting -= size

    def _skip_hole(self, time_ns: int, flow: Flow) -> Iterator[Piece]:
        yield self._lost(time_ns, flow, flow.ahead[0][0] - flow.next)
        yield from self._drain(time_ns, flow)

    def _acknowledged(self, time_ns: int, flow: Flow, ack: int) -> Iterator[Piece]:
        """The other end has everything up to `ack`: a hole before it will not be filled any more."""
        position = flow.position(ack)
        while flow.ahead and flow.ahead[0][0] <= position:
            yield from self._skip_hole(time_ns, flow)
        if -1 < flow.end <= flow.next:
            yield from self._close(time_ns, flow)

    def _close(self, time_ns: int, flow: Flow) -> Iterator[Piece]:
        """The direction has ended; it stays known, so that late repetitions are recognised."""
        while flow.ahead:
            yield from self._skip_hole(time_ns, flow)
        if not flow.closed:
            rest = self._known_end(flow) - flow.next
            if 0 < rest < _FAR:
                yield self._lost(time_ns, flow, rest)
            flow.closed = True
            yield Piece(time_ns, flow, b"", 0, self._number)

    def _known_end(self, flow: Flow) -> int:
        """How far the direction went: to its FIN, else to what was acknowledged (which may count a FIN as one byte)."""
        if flow.end >= 0:
            return flow.end
        acknowledged = flow.peer.ack if flow.peer is not None else -1
        return flow.position(acknowledged) - 1 if acknowledged >= 0 else -1

    def _finish(self, time_ns: int, flow: Flow) -> Iterator[Piece]:
        """Close a direction and forget it."""
        yield from self._close(time_ns, flow)
        self._flows.pop(flow.key, None)
        if flow.peer is not None and flow.peer.peer is flow:
            flow.peer.peer = None

    def _evict(self) -> Iterator[Piece]:
        """Give up the eighth of the directions that has been idle longest, one at least."""
        oldest = heapq.nsmallest(max(1, len(self._flows) // 8), self._flows.values(), key=attrgetter("time_ns"))
        for flow in oldest:
            self.counts.evicted += not flow.closed
            yield from self._finish(flow.time_ns, flow)
