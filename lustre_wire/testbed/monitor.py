"""The numbered invariants of recovery, checked in what went over the network and in nothing else.

Each check gives how often the situation it is about was seen, and what was wrong. A check that saw nothing proves
nothing: whoever runs it has to look at the count.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from itertools import pairwise

import attrs

from lustre_wire.recovery.names import names
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed.reading import (
    accepted,
    connects,
    evictions,
    first_reply,
    joined,
    known_committed,
    original,
    pairs,
    recoveries,
    replays,
)
from lustre_wire.testbed.seen import Seen


@attrs.define(slots=True)
class Verdict:
    """`seen`: how often the invariant applied; `wrong`: where it did not hold."""

    seen: int = 0
    wrong: list[str] = attrs.field(factory=list)

    def must(self, holds: bool, what: Seen, why: str) -> None:
        self.seen += 1
        if not holds:
            self.wrong.append(f"message {what.number} at {what.time:.3f}: {why}")


Check = Callable[[list[Seen]], Verdict]
CHECKS: dict[str, Check] = {}


def invariant(name: str) -> Callable[[Callable[[list[Seen], Verdict], None]], Check]:
    """Register a check under the invariant's number."""

    def made(function: Callable[[list[Seen], Verdict], None]) -> Check:
        def check(messages: list[Seen]) -> Verdict:
            verdict = Verdict()
            function(messages, verdict)
            return verdict

        CHECKS[name] = check
        return check

    return made


# -- R: requests, replay, resend -----------------------------------------------------------------------------------


@invariant("R1")
def r1(messages: list[Seen], verdict: Verdict) -> None:
    """Only what was answered with a transno is replayed, and only where replay exists."""
    for pair in pairs(messages):
        for replay in replays(pair):
            reply = original(pair, replay)
            verdict.must(reply is not None, replay, "replayed without an answer that had a transno")


@invariant("R2")
def r2(messages: list[Seen], verdict: Verdict) -> None:
    """What is known to be committed is not replayed, opens aside."""
    for pair in pairs(messages):
        for replay in replays(pair):
            done = replay.transno <= known_committed(pair, replay.time)
            verdict.must(not done or replay.opens, replay, "replayed although committed")


@invariant("R3")
def r3(messages: list[Seen], verdict: Verdict) -> None:
    """Opens are replayed under their original transno, until their close is committed."""
    for pair in pairs(messages):
        handles = {m.file: m.xid for m in pair if not m.request and m.opens and m.file}
        for replay in replays(pair):
            if not replay.opens:
                continue
            reply = original(pair, replay)
            verdict.must(reply is not None and reply.transno == replay.transno, replay, "another transno")
            for close in pair:
                if close.request and close.name == "MDS_CLOSE" and handles.get(close.file) == replay.xid:
                    answer = first_reply(pair, close)
                    gone = answer is not None and 0 < answer.transno <= known_committed(pair, replay.time)
                    verdict.must(not gone, replay, "replayed although its close is committed")


@invariant("R4")
def r4(messages: list[Seen], verdict: Verdict) -> None:
    """After an eviction nothing from before is sent again."""
    for pair in pairs(messages):
        for evicted in evictions(pair):
            at = evicted.arrived or evicted.time
            before = {m.xid for m in pair if m.request and m.time < at}
            verdict.seen += 1
            for m in pair:
                if m.request and m.time > at:
                    verdict.must(m.xid not in before, m, "sent again after the eviction")


@invariant("R5")
def r5(messages: list[Seen], verdict: Verdict) -> None:
    """Replays go out in ascending transno, one at a time."""
    for pair in pairs(messages):
        for begin, end, _ in recoveries(pair):
            sent = [m for m in replays(pair) if begin <= m.time < end]
            for one, two in pairwise(sent):
                verdict.must(one.transno < two.transno, two, f"transno {two.transno} after {one.transno}")
                reply = first_reply(pair, one)
                answered = reply is not None and (reply.arrived or reply.time) <= two.time
                verdict.must(answered, two, "sent before the last was answered")


@invariant("R9")
def r9(messages: list[Seen], verdict: Verdict) -> None:
    """What was being replayed when the connection broke is replayed with MSG_RESENT."""
    for pair in pairs(messages):
        sent = replays(pair)
        for request, reply in accepted(pair):
            k = names(reply.dialect)
            both = k.MSG_CONNECT_RECONNECT | k.MSG_CONNECT_RECOVERING
            if reply.op_flags & both != both:
                continue
            before = [m for m in sent if m.time < request.time]
            after = next((m for m in sent if m.time >= (reply.arrived or reply.time)), None)
            if before and after is not None and after.xid == before[-1].xid:
                verdict.must(after.has("MSG_RESENT"), after, "replayed again without MSG_RESENT")


@invariant("R10")
def r10(messages: list[Seen], verdict: Verdict) -> None:
    """What is sent again has the same xid and MSG_RESENT, in the order of the first time; bulk gets a new xid."""
    for pair in pairs(messages):
        first: dict[int, Seen] = {}
        last = 0
        for m in pair:
            if not m.request or m.connect or m.replay:
                last = 0
                continue
            if m.xid in first:
                verdict.must(m.has("MSG_RESENT"), m, "sent again without MSG_RESENT")
                verdict.must(not m.bulk, m, "bulk sent again under the same xid")
                verdict.must(m.xid > last, m, "not in the order of the first time")
                last = m.xid
            first.setdefault(m.xid, m)


@invariant("R10a")
def r10a(messages: list[Seen], verdict: Verdict) -> None:
    """A replay has MSG_REPLAY, and MSG_RESENT only when it was under way as the connection broke."""
    for pair in pairs(messages):
        replayed: set[tuple[int, int]] = set()
        for m in replays(pair):
            if m.has("MSG_RESENT"):
                verdict.must(any(xid == m.xid for xid, _ in replayed), m, "MSG_RESENT in its first replay")
            else:
                verdict.seen += 1
            replayed.add((m.xid, m.conn_cnt))


@invariant("R11")
def r11(messages: list[Seen], verdict: Verdict) -> None:
    """While a client recovers it sends nothing but connects, replays, lock replays, cancels and pings."""
    for pair in pairs(messages):
        for begin, end, _ in recoveries(pair):
            for m in pair:
                if m.request and begin < m.time < end:
                    fine = m.connect or m.replay or m.lock_replay or m.name in ("OBD_PING", "LDLM_CANCEL")
                    verdict.must(fine, m, f"{m.name} while recovering")


@invariant("R12")
def r12(messages: list[Seen], verdict: Verdict) -> None:
    """conn_cnt increases with every attempt."""
    for pair in pairs(messages):
        tried = connects(pair)
        for one, two in pairwise(tried):
            fresh = two.op_flags & names(two.dialect).MSG_CONNECT_INITIAL and two.conn_cnt == 1
            verdict.must(two.conn_cnt > one.conn_cnt or bool(fresh), two, f"{two.conn_cnt} after {one.conn_cnt}")


@invariant("R13")
def r13(messages: list[Seen], verdict: Verdict) -> None:
    """Every connect offers the flags of the first."""
    for pair in pairs(messages):
        tried = connects(pair)
        for m in tried[1:]:
            verdict.must(m.offered == tried[0].offered, m, f"offers {m.offered:#x}, first {tried[0].offered:#x}")


@invariant("R14")
def r14(messages: list[Seen], verdict: Verdict) -> None:
    """Nothing is granted that was not offered."""
    for pair in pairs(messages):
        for request, reply in accepted(pair):
            verdict.must(not reply.offered & ~request.offered, reply, "grants what was not offered")


@invariant("R15")
def r15(messages: list[Seen], verdict: Verdict) -> None:
    """A replay is the request as it was formatted; only opens and creates got what their reply said."""
    for pair in pairs(messages):
        sent: dict[int, Seen] = {}
        for m in pair:
            if not m.request:
                continue
            before = sent.setdefault(m.xid, m)
            if m.replay:
                same = (
                    m.content == before.content
                    if not (m.opens or "CREATE" in m.name or m.name == "MDS_CLOSE")
                    else True
                )
                verdict.must(same and m.name == before.name, m, "reformatted")


@invariant("R16")
def r16(messages: list[Seen], verdict: Verdict) -> None:
    """A close sent after its open was replayed carries the handle of the replay's answer."""
    for pair in pairs(messages):
        owner: dict[int, int] = {}
        current: dict[int, int] = {}
        for m in sorted(pair, key=lambda m: m.time if m.request else m.arrived or float("inf")):
            if not m.request and m.opens and m.file and m.arrived is not None:
                owner[m.file], current[m.xid] = m.xid, m.file
            elif m.request and m.name == "MDS_CLOSE" and m.file in owner:
                verdict.must(current[owner[m.file]] == m.file, m, "a handle the server no longer knows")


@invariant("R17a")
def r17a(messages: list[Seen], verdict: Verdict) -> None:
    """The last ping is answered when every client that takes part has sent its own."""
    for server in {m.server for m in messages}:
        parts = [
            (pair, *found) for pair in pairs([m for m in messages if m.server == server]) for found in recoveries(pair)
        ]
        for pair, begin, end, _ in parts:
            for ping in [m for m in pair if m.request and m.done_ping and begin <= m.time < end]:
                reply = first_reply(pair, ping)
                if reply is None or reply.status:
                    continue
                for other, other_begin, other_end, told in parts:
                    if told.time < reply.time and other_end > reply.time and reply.time > other_begin:
                        since = joined(other, other_begin)
                        done = [m for m in other if m.request and m.done_ping and m.time >= since]
                        arrived = any(m.arrived is not None and m.arrived <= reply.time for m in done)
                        verdict.must(arrived, reply, "answered before another client was done")


@invariant("R21")
def r21(messages: list[Seen], verdict: Verdict) -> None:
    """A server answers new replays of all its clients in the order of their transnos."""
    for server in {m.server for m in messages}:
        answered: list[Seen] = []
        for m in messages:
            if m.server != server or "CALLBACK" in m.name:
                continue
            if m.connect and not m.request and m.op_flags & names(m.dialect).MSG_CONNECT_RECOVERING and not answered:
                answered = []
            if not m.request and not m.early and m.transno and m.transno > m.committed:
                asked = [
                    r for r in messages if r.request and r.xid == m.xid and r.client == m.client and r.time <= m.time
                ]
                if asked and asked[-1].replay and not asked[-1].has("MSG_RESENT"):
                    if answered and answered[-1].committed == m.committed:
                        verdict.must(answered[-1].transno < m.transno, m, f"{m.transno} after {answered[-1].transno}")
                    answered.append(m)
                else:
                    answered = []


@invariant("R23")
def r23(messages: list[Seen], verdict: Verdict) -> None:
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


@invariant("R24")
def r24(messages: list[Seen], verdict: Verdict) -> None:
    """A request sent again is not done again: whatever is answered twice is answered with the same transno."""
    for pair in pairs(messages):
        known: dict[int, Seen] = {}
        for m in pair:
            if m.request or m.early or not m.transno:
                continue
            if m.xid in known:
                verdict.must(known[m.xid].transno == m.transno, m, f"transno {m.transno}, was {known[m.xid].transno}")
            known.setdefault(m.xid, m)


@invariant("R25")
def r25(messages: list[Seen], verdict: Verdict) -> None:
    """A rebuilt or replayed answer names the same object."""
    for pair in pairs(messages):
        known: dict[int, Seen] = {}
        for m in pair:
            if m.request or m.early or not m.transno or not any(m.ident):
                continue
            if m.xid in known:
                verdict.must(known[m.xid].ident == m.ident, m, f"{m.ident}, was {known[m.xid].ident}")
            known.setdefault(m.xid, m)


# -- L: lock replay -----------------------------------------------------------------------------------------------


@invariant("L1")
def l1(messages: list[Seen], verdict: Verdict) -> None:
    """A lock replay says its lock's state, and has neither MSG_REPLAY nor a transno."""
    for m in messages:
        if m.request and m.lock_replay:
            k = names(m.dialect)
            states = k.LDLM_FL_BLOCK_GRANTED | k.LDLM_FL_BLOCK_WAIT | k.LDLM_FL_BLOCK_CONV
            verdict.must(not m.has("MSG_REPLAY") and not m.transno, m, "MSG_REPLAY or a transno")
            verdict.must((m.lock_flags & states).bit_count() <= 1, m, "two states")


@invariant("L4")
def l4(messages: list[Seen], verdict: Verdict) -> None:
    """A lock replay has the dialect's pb_flags: nothing in 1.8, REQ_REPLAY_DONE in 2.0."""
    for m in messages:
        if m.request and m.lock_replay:
            verdict.must(m.flags == rules_of(m.dialect).lock_replay_flags, m, f"pb_flags {m.flags:#x}")


@invariant("L5")
def l5(messages: list[Seen], verdict: Verdict) -> None:
    """A lock is replayed under the client's own handle, known from its enqueue."""
    for pair in pairs(messages):
        enqueued: set[int] = set()
        for m in pair:
            if m.request and m.lock and not m.lock_replay:
                enqueued.add(m.lock)
            elif m.request and m.lock_replay:
                verdict.must(m.lock in enqueued, m, "a lock that was never asked for")


@invariant("L6")
def l6(messages: list[Seen], verdict: Verdict) -> None:
    """A failed lock replay is followed by a reconnect; what was replayed goes by the new handle."""
    for pair in pairs(messages):
        for m in pair:
            if not (m.request and m.lock_replay):
                continue
            reply = first_reply(pair, m)
            if reply is not None and not reply.status:
                verdict.must(reply.remote != 0, reply, "no handle in the answer")
            elif reply is not None:
                after = next((x for x in pair if x.request and x.time >= (reply.arrived or reply.time)), None)
                verdict.must(after is None or after.connect, reply, "no reconnect")


# -- V: versions ----------------------------------------------------------------------------------------------------


@invariant("V1")
def v1(messages: list[Seen], verdict: Verdict) -> None:
    """A replay brings along the versions of its first answer, bit for bit."""
    for pair in pairs(messages):
        for replay in replays(pair):
            reply = original(pair, replay)
            if reply is not None:
                verdict.must(replay.versions == reply.versions, replay, f"{replay.versions}, was {reply.versions}")


@invariant("V3")
def v3(messages: list[Seen], verdict: Verdict) -> None:
    """After a failed version check the client ends its list, says so, connects again and is evicted."""
    for pair in pairs(messages):
        for m in pair:
            if m.request or m.status != -errno.EOVERFLOW or m.arrived is None:
                continue
            pings = [x for x in pair if x.request and x.done_ping and x.time >= m.arrived]
            later = [reply for _, reply in accepted(pair) if reply.time > m.time]
            verdict.must(bool(pings) and bool(later), m, "no last ping, or no new connection")
            verdict.must(any(e.time > m.time for e in evictions(pair)), m, "not evicted")


def judge(messages: list[Seen], names_: list[str] | None = None) -> dict[str, Verdict]:
    """Every check, or those named, over one recording."""
    return {name: check(messages) for name, check in CHECKS.items() if names_ is None or name in names_}
