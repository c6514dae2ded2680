"""The invariants a server keeps: its recovery window, and that nothing is done twice (R17a to R25)."""

from __future__ import annotations

import errno
from math import inf

from lustre_wire.checking.registry import invariant
from lustre_wire.checking.verdict import Verdict
from lustre_wire.recovery.names import names
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.timeouts import RECOVERY_SOFT
from lustre_wire.testbed.reading import Part, Recording, answer_of, first_reply, joined, lost, parts_of
from lustre_wire.testbed.seen import TRAFFIC, Seen

#: Seconds within which a server answers what it need not hold back.
AT_ONCE = 0.1


def _window_began(server: list[Seen], parts: list[Part], reply: Seen) -> float:
    """When the first client joined the recovery that this is an answer in: also one that was told so in an answer that
    got lost, or in one that is not shown (what an MDS of another version is answered)."""
    first = min((p.told.time for p in parts if p.told.time <= reply.time < p.end), default=inf)
    joins = [m for m in server if m.connect and m.time < first and (m.request or _recovering(m))]
    done = [m.time for m in server if not (m.request or m.status or _recovering(m)) and m.time < first]
    before = max(done, default=0.0)  # what an earlier start did; this one has answered nobody but that it recovers
    answered = {(m.client, m.xid) for m in server if not m.request}
    unseen = [m.arrived or inf for m in joins if m.request and (m.client, m.xid) not in answered]
    return min((t for t in (first, *unseen, *(m.time for m in joins if not m.request)) if t > before), default=inf)


def _recovering(m: Seen) -> bool:
    told = not m.request and m.connect and not m.status
    return told and bool(m.op_flags & names(m.dialect).MSG_CONNECT_RECOVERING)


def _answered_too_soon(part: Part, parts: list[Part], server: list[Seen], verdict: Verdict) -> None:
    """The last ping of one client is answered when everybody who takes part has sent one."""
    for ping in [m for m in part.pair if m.request and m.done_ping and part.begin <= m.time < part.end]:
        reply = first_reply(part.pair, ping)
        if reply is None or reply.status:
            continue
        if _window_began(server, parts, reply) + RECOVERY_SOFT <= reply.time:  # it ran out
            continue
        for other in parts:
            if other.told.time < reply.time < other.end and reply.time > other.begin:
                since = joined(other.pair, other.begin)
                done = [m for m in other.pair if m.request and m.done_ping and m.time >= since]
                arrived = any(m.arrived is not None and m.arrived <= reply.time for m in done)
                verdict.must(arrived, reply, "answered before another client was done")


@invariant("R17a", TRAFFIC)
def r17a(messages: Recording, verdict: Verdict) -> None:
    """The last ping is answered when every client that takes part has sent its own."""
    for server in messages.servers:
        parts = parts_of(server)
        for part in parts:
            _answered_too_soon(part, parts, server, verdict)


@invariant("R18", TRAFFIC)
def r18(messages: Recording, verdict: Verdict) -> None:
    """What has no transno is no replay: it is answered at once, unless done flags put it into a stage's queue."""
    for server in messages.servers:
        for part in parts_of(server):
            k = names(part.told.dialect)
            staged = k.MSG_REQ_REPLAY_DONE | k.MSG_LOCK_REPLAY_DONE
            for m in part.pair:
                if not m.request or m.transno or m.connect or m.flags & staged or m.arrived is None:
                    continue
                if part.begin <= m.time < part.end:
                    reply = answer_of(part.pair, m)
                    verdict.must(reply is not None and reply.time - m.arrived < AT_ONCE, m, "held back")


@invariant("R19", TRAFFIC)
def r19(messages: Recording, verdict: Verdict) -> None:
    """An open that was committed long ago is replayed at once in 1.8, and in its stage in 2.0 (R23)."""
    for server in messages.servers:
        for part in parts_of(server):
            for m in part.pair:
                if not (m.request and m.replay and part.begin <= m.time < part.end) or m.arrived is None:
                    continue
                reply = answer_of(part.pair, m)
                if m.transno > part.told.committed or rules_of(m.dialect).staged:
                    continue
                verdict.must(reply is not None and reply.time - m.arrived < AT_ONCE, m, "an old open was held back")


@invariant("R20", TRAFFIC)
def r20(messages: Recording, verdict: Verdict) -> None:
    """A replay delivered more than once is answered once for each time it was sent, not for each copy."""
    for pair in messages.pairs:
        for xid in {m.xid for m in pair if m.request and m.replay and m.copies > 1}:
            sent = [m for m in pair.of(xid) if m.request and m.replay]
            answers = [m for m in pair.of(xid) if not m.request and not m.early and m.time >= sent[0].time]
            answers = [m for m in answers if m.status != -errno.ENOTCONN]
            verdict.must(len(answers) <= len(sent), sent[-1], f"sent {len(sent)} times, answered {len(answers)} times")


@invariant("R21", TRAFFIC)
def r21(messages: Recording, verdict: Verdict) -> None:
    """A server answers new replays of all its clients in the order of their transnos."""
    requests: dict[tuple[int, int], list[Seen]] = {}
    for m in messages:
        if m.request:
            requests.setdefault((m.client, m.xid), []).append(m)
    for server in messages.servers:
        answered: list[Seen] = []
        for m in server:
            if "CALLBACK" in m.name:
                continue
            if m.connect and not m.request and m.op_flags & names(m.dialect).MSG_CONNECT_RECOVERING and not answered:
                answered = []
            if not m.request and not m.early and m.transno and m.transno > m.committed:
                asked = [r for r in requests.get((m.client, m.xid), ()) if r.time <= m.time]
                if asked and asked[-1].replay and not asked[-1].has("MSG_RESENT"):
                    if answered and answered[-1].committed == m.committed:
                        verdict.must(answered[-1].transno < m.transno, m, f"{m.transno} after {answered[-1].transno}")
                    answered.append(m)
                else:
                    answered = []


@invariant("R22", TRAFFIC)
def r22(messages: Recording, verdict: Verdict) -> None:
    """While a server recovers it does what recovery needs, and tells all other requests to come again."""
    for server in messages.servers:
        for part in parts_of(server):
            rules = rules_of(part.told.dialect)
            metadata = any(m.name == "MDS_CONNECT" for m in part.pair)
            passing = rules.mds_during_recovery if metadata else rules.ost_during_recovery
            for m in part.pair:
                if not m.request or m.connect or m.arrived is None or not part.begin <= m.time < part.end:
                    continue
                reply = answer_of(part.pair, m)
                if reply is not None and m.opcode not in passing:
                    verdict.must(reply.status == -errno.EAGAIN, m, f"{m.name} answered {reply.status} in recovery")
                elif reply is not None:
                    verdict.must(reply.status != -errno.EAGAIN, m, f"{m.name} refused in recovery")


@invariant("R23", TRAFFIC)
def r23(messages: Recording, verdict: Verdict) -> None:
    """Where recovery has stages, nobody's replay is answered before everybody is back or the window ended."""
    for server in {m.server for m in messages}:
        replayed: set[tuple[int, int]] = set()
        pings = {(m.client, m.xid) for m in messages if m.server == server and m.request and m.done_ping}
        answered = False
        for m in (m for m in messages if m.server == server and not m.early):
            k = names(m.dialect)
            if m.request:
                (replayed.add if m.replay else replayed.discard)((m.client, m.xid))
            elif (m.client, m.xid) in replayed and m.transno:
                answered = True
            elif m.connect and m.status == 0 and rules_of(m.dialect).staged:
                if not m.op_flags & k.MSG_CONNECT_RECOVERING:
                    answered = False
                elif not m.op_flags & k.MSG_CONNECT_RECONNECT:
                    verdict.must(not answered, m, "a replay was answered before this client was back")
            elif m.name == "OBD_PING" and (m.client, m.xid) in pings:
                answered = False


@invariant("R23a", TRAFFIC)
def r23a(messages: Recording, verdict: Verdict) -> None:
    """A client that says twice that it is done counts once: the others are still waited for."""
    for server in messages.servers:
        parts = parts_of(server)
        for part in parts:
            since = joined(part.pair, part.begin)
            said = [m for m in part.pair if m.request and m.done_ping and since <= m.time < part.end]
            if len(said) > 1:
                _answered_too_soon(part, parts, server, verdict)


@invariant("R24", TRAFFIC)
def r24(messages: Recording, verdict: Verdict) -> None:
    """A request sent again is not done again: whatever is answered twice is answered with the same transno."""
    for pair in messages.pairs:
        known: dict[int, Seen] = {}
        for m in pair:
            if m.request or m.early or not m.transno:
                continue
            if m.xid in known and lost(pair, known[m.xid], m.time):
                known[m.xid] = m
            if m.xid in known:
                verdict.must(known[m.xid].transno == m.transno, m, f"transno {m.transno}, was {known[m.xid].transno}")
            known.setdefault(m.xid, m)


@invariant("R25", TRAFFIC)
def r25(messages: Recording, verdict: Verdict) -> None:
    """A rebuilt or replayed answer names the same object."""
    for pair in messages.pairs:
        known: dict[int, Seen] = {}
        for m in pair:
            if m.request or m.early or not m.transno or not any(m.ident):
                continue
            if m.xid in known and lost(pair, known[m.xid], m.time):
                known[m.xid] = m
            if m.xid in known:
                before = known[m.xid]
                numbers = 3 if m.dialect is before.dialect else 2  # inode and generation name it in either (IGIF)
                verdict.must(m.ident[:numbers] == before.ident[:numbers], m, f"{m.ident}, was {before.ident}")
            known.setdefault(m.xid, m)
