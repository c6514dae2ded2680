"""Finding one's way in what was seen: whose reply a reply is, when a client recovered, when it was evicted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

import attrs

from lustre_wire.recovery.names import names
from lustre_wire.testbed.seen import Seen


class Pair(list[Seen]):
    """The messages of a client with a server, in the order of sending."""

    def __init__(self) -> None:
        super().__init__()
        self._by_xid: dict[int, list[Seen]] = {}

    def add(self, message: Seen) -> None:
        self.append(message)
        self._by_xid.setdefault(message.xid, []).append(message)

    def of(self, xid: int) -> list[Seen]:
        """The messages of one number."""
        return self._by_xid.get(xid, [])


class Recording(list[Seen]):
    """All messages in the order of sending, sorted once for everybody who asks; it is not to be changed."""

    @cached_property
    def pairs(self) -> list[Pair]:
        """The messages of each client with each server; callbacks belong to nobody."""
        out: dict[tuple[int, int], Pair] = defaultdict(Pair)
        for m in self:
            if "CALLBACK" not in m.name:
                out[m.client, m.server].add(m)
        return list(out.values())

    @cached_property
    def servers(self) -> list[Recording]:
        """The messages of each server with all of its clients."""
        out: dict[int, Recording] = defaultdict(Recording)
        for m in self:
            out[m.server].append(m)
        return list(out.values())


def answer_of(pair: Pair, request: Seen) -> Seen | None:
    """What the server said to this sending of a request, whether it arrived or not."""
    if request.arrived is None:
        return None
    same = pair.of(request.xid)
    again = min((m.time for m in same if m.request and m.time > request.time), default=None)
    return next(
        (m for m in same if not m.request and not m.early and m.time >= request.arrived
         and (again is None or m.time < again)), None,
    )  # fmt: skip


def first_reply(pair: Pair, request: Seen) -> Seen | None:
    """The first final reply to a request that reached its sender."""
    return next(
        (m for m in pair.of(request.xid)
         if not m.request and not m.early and m.arrived is not None and m.arrived >= request.time), None,
    )  # fmt: skip


def original(pair: Pair, replay: Seen) -> Seen | None:
    """The reply that a replay owes its transno to: the first to its request that reached the client."""
    return next(
        (m for m in pair.of(replay.xid) if not m.request and not m.early and m.transno
         and m.arrived is not None and m.arrived <= replay.time), None,
    )  # fmt: skip


def lost(pair: Pair, reply: Seen, time: float) -> bool:
    """Did the server lose in a crash, by this time, what it answered and the client never heard of? Then it may do it
    again."""
    return reply.arrived is None and any(
        reply.time < told.time <= time and told.committed < reply.transno for _, told in accepted(pair)
        if not told.op_flags & names(told.dialect).MSG_CONNECT_RECONNECT
    )  # fmt: skip


def known_committed(pair: list[Seen], time: float) -> int:
    """The highest last_committed the client was told by then."""
    told = [m.committed for m in pair if not m.request and not m.early and m.arrived is not None and m.arrived <= time]
    return max(told, default=0)


def replays(pair: list[Seen]) -> list[Seen]:
    return [m for m in pair if m.request and m.replay]


def connects(pair: list[Seen]) -> list[Seen]:
    return [m for m in pair if m.request and m.connect]


def accepted(pair: Pair) -> Iterator[tuple[Seen, Seen]]:
    """Connect requests with the replies that accepted them and arrived."""
    for request in connects(pair):
        reply = next((m for m in pair.of(request.xid) if not m.request and m.arrived is not None), None)
        if reply is not None and reply.status == 0:
            yield request, reply


def recoveries(pair: Pair) -> Iterator[tuple[float, float, Seen]]:
    """Stretches in which a client takes part in recovery: from the connect reply with RECOVERING to the answer to its
    last ping, or to the next connect.
    """
    for _, reply in accepted(pair):
        k = names(reply.dialect)
        if reply.op_flags & k.MSG_CONNECT_RECOVERING:
            begin = reply.arrived or reply.time
            ends = [m.arrived for m in pair if not m.request and answers_done(pair, m) and (m.arrived or 0) > begin]
            ends += [m.time for m in connects(pair) if m.time > begin]
            yield begin, min((e for e in ends if e is not None), default=float("inf")), reply


@attrs.define(slots=True)
class Part:
    """One client's part in a server's recovery: `told` is the connect reply that said so."""

    pair: Pair
    begin: float
    end: float
    told: Seen


def parts_of(server: Recording) -> list[Part]:
    """Who took part in the recoveries of a server, each from when to when."""
    return [Part(pair, *found) for pair in server.pairs for found in recoveries(pair)]


def answers_done(pair: Pair, reply: Seen) -> bool:
    return not reply.early and any(m.request and m.done_ping for m in pair.of(reply.xid))


def evictions(pair: Pair) -> Iterator[Seen]:
    """Connect replies that tell a client that it was evicted."""
    for number, (request, reply) in enumerate(accepted(pair)):
        k = names(reply.dialect)
        told = reply.op_flags & (k.MSG_CONNECT_RECONNECT | k.MSG_CONNECT_RECOVERING)
        if number and not told and request.conn_cnt > 1:
            yield reply


def joined(pair: Pair, time: float) -> float:
    """When a client that recovers at `time` joined: at its last connection that the server took for a new one."""
    found = 0.0
    for _, reply in accepted(pair):
        at = reply.arrived or reply.time
        if at <= time and not reply.op_flags & names(reply.dialect).MSG_CONNECT_RECONNECT:
            found = at
    return found
