"""The invariants a client keeps: what it replays, sends again, and says when it connects (R1 to R16)."""

from __future__ import annotations

import errno
from itertools import pairwise

from lustre_wire.checking.registry import invariant
from lustre_wire.checking.verdict import Verdict
from lustre_wire.recovery.names import names
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed.reading import (
    Recording,
    accepted,
    answer_of,
    connects,
    evictions,
    first_reply,
    known_committed,
    original,
    recoveries,
    replays,
)
from lustre_wire.testbed.seen import TRAFFIC, Seen


@invariant("R1", TRAFFIC)
def r1(messages: Recording, verdict: Verdict) -> None:
    """Only what was answered with a transno is replayed, and only where replay exists."""
    for pair in messages.pairs:
        for replay in replays(pair):
            reply = original(pair, replay)
            verdict.must(reply is not None, replay, "replayed without an answer that had a transno")


@invariant("R2", TRAFFIC)
def r2(messages: Recording, verdict: Verdict) -> None:
    """What is known to be committed is not replayed, opens aside."""
    for pair in messages.pairs:
        for replay in replays(pair):
            done = replay.transno <= known_committed(pair, replay.time)
            verdict.must(not done or replay.opens, replay, "replayed although committed")


@invariant("R3", TRAFFIC)
def r3(messages: Recording, verdict: Verdict) -> None:
    """Opens are replayed under their original transno, until their close is committed."""
    for pair in messages.pairs:
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


@invariant("R4", TRAFFIC)
def r4(messages: Recording, verdict: Verdict) -> None:
    """After an eviction nothing from before is sent again."""
    for pair in messages.pairs:
        for evicted in evictions(pair):
            at = evicted.arrived or evicted.time
            before = {m.xid for m in pair if m.request and m.time < at}
            verdict.seen += 1
            for m in pair:
                if m.request and m.time > at:
                    verdict.must(m.xid not in before, m, "sent again after the eviction")


@invariant("R5", TRAFFIC)
def r5(messages: Recording, verdict: Verdict) -> None:
    """Replays go out in ascending transno, one at a time."""
    for pair in messages.pairs:
        for begin, end, _ in recoveries(pair):
            sent = [m for m in replays(pair) if begin <= m.time < end]
            for one, two in pairwise(sent):
                verdict.must(one.transno < two.transno, two, f"transno {two.transno} after {one.transno}")
                reply = first_reply(pair, one)
                answered = reply is not None and (reply.arrived or reply.time) <= two.time
                verdict.must(answered, two, "sent before the last was answered")


@invariant("R6", TRAFFIC)
def r6(messages: Recording, verdict: Verdict) -> None:
    """A last_committed that goes backwards brings nothing back."""
    for pair in messages.pairs:
        told = 0
        for m in sorted((m for m in pair if not m.request and not m.early and m.arrived), key=lambda m: m.arrived or 0):
            if m.committed < told and not m.connect:
                verdict.seen += 1
                for replay in replays(pair):
                    if replay.time > (m.arrived or 0) and not replay.opens:
                        verdict.must(replay.transno > told, replay, f"replayed, {told} was committed")
            told = max(told, m.committed)


@invariant("R7", TRAFFIC)
def r7(messages: Recording, verdict: Verdict) -> None:
    """Another transno in the answer to a replay ends this connection, and nothing from before is sent again."""
    for pair in messages.pairs:
        for replay in replays(pair):
            reply = first_reply(pair, replay)
            if reply is None or reply.transno in (0, replay.transno) or reply.status == -errno.EOVERFLOW:
                continue
            after = [m for m in pair if m.request and m.time >= (reply.arrived or 0)]
            verdict.must(bool(after) and after[0].connect, reply, "no reconnect after another transno")
            verdict.must(not any(m.replay for m in after), reply, "replayed after another transno")


@invariant("R8", TRAFFIC)
def r8(messages: Recording, verdict: Verdict) -> None:
    """Another status in the answer to a replay does not stop the replay."""
    for pair in messages.pairs:
        for replay in replays(pair):
            reply, before = answer_of(pair, replay), original(pair, replay)
            if reply is None or before is None or reply.status == before.status or reply.arrived is None:
                continue
            if reply.status in (-errno.ENOTCONN, -errno.ENODEV):
                continue
            after = next((m for m in pair if m.request and m.time >= (reply.arrived or 0)), None)
            on = after is not None and (after.replay or after.lock_replay or after.done_ping)
            verdict.must(on, reply, "replay did not go on")


@invariant("R9", TRAFFIC)
def r9(messages: Recording, verdict: Verdict) -> None:
    """What was being replayed when the connection broke is replayed with MSG_RESENT."""
    for pair in messages.pairs:
        sent = replays(pair)
        for request, reply in accepted(pair):
            k = names(reply.dialect)
            both = k.MSG_CONNECT_RECONNECT | k.MSG_CONNECT_RECOVERING
            if reply.op_flags & both != both:
                continue
            before, since = [m for m in sent if m.time < request.time], reply.arrived or reply.time
            later = min((m.time for m in connects(pair) if m.time > since), default=float("inf"))
            after = next((m for m in sent if since <= m.time < later), None)
            if before and after is not None and after.xid == before[-1].xid:
                verdict.must(after.has("MSG_RESENT"), after, "replayed again without MSG_RESENT")


@invariant("R10", TRAFFIC)
def r10(messages: Recording, verdict: Verdict) -> None:
    """What is sent again has the same xid and MSG_RESENT, in the order of the first time; bulk gets a new xid."""
    for pair in messages.pairs:
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


@invariant("R10a", TRAFFIC)
def r10a(messages: Recording, verdict: Verdict) -> None:
    """A replay has MSG_REPLAY, and MSG_RESENT only when it was under way as the connection broke."""
    for pair in messages.pairs:
        replayed: set[tuple[int, int]] = set()
        for m in replays(pair):
            if m.has("MSG_RESENT"):
                verdict.must(any(xid == m.xid for xid, _ in replayed), m, "MSG_RESENT in its first replay")
            else:
                verdict.seen += 1
            replayed.add((m.xid, m.conn_cnt))


@invariant("R10b", TRAFFIC)
def r10b(messages: Recording, verdict: Verdict) -> None:
    """1.8 asks again after -EINPROGRESS, under a new xid, later each time; 2.0 does not."""
    for pair in messages.pairs:
        waits: dict[tuple[bytes, ...], list[float]] = {}
        for reply in pair:
            if reply.request or reply.status != -errno.EINPROGRESS or reply.arrived is None:
                continue
            asked = next((m for m in reversed(pair.of(reply.xid)) if m.request), None)
            if asked is None:  # a recording without the request
                continue
            again = [
                m
                for m in pair
                if m.request and m.time >= reply.arrived and (m.name, m.content) == (asked.name, asked.content)
            ]
            if not rules_of(reply.dialect).repeats_inprogress:
                verdict.must(not again, reply, "asked again")
                continue
            verdict.must(bool(again) and again[0].xid != reply.xid, reply, "not asked again under a new xid")
            if again:
                before = waits.setdefault(asked.content, [0.0])
                verdict.must(again[0].time - reply.arrived > before[-1], reply, "not later than the time before")
                before.append(again[0].time - reply.arrived)


@invariant("R11", TRAFFIC)
def r11(messages: Recording, verdict: Verdict) -> None:
    """While a client recovers it sends nothing but connects, replays, lock replays, cancels and pings."""
    for pair in messages.pairs:
        for begin, end, _ in recoveries(pair):
            for m in pair:
                if m.request and begin <= m.time < end:
                    fine = m.connect or m.replay or m.lock_replay or m.name in ("OBD_PING", "LDLM_CANCEL")
                    verdict.must(fine, m, f"{m.name} while recovering")


@invariant("R12", TRAFFIC)
def r12(messages: Recording, verdict: Verdict) -> None:
    """conn_cnt increases with every attempt."""
    for pair in messages.pairs:
        tried = connects(pair)
        for one, two in pairwise(tried):
            fresh = two.op_flags & names(two.dialect).MSG_CONNECT_INITIAL and two.conn_cnt == 1
            verdict.must(two.conn_cnt > one.conn_cnt or bool(fresh), two, f"{two.conn_cnt} after {one.conn_cnt}")


@invariant("R13", TRAFFIC)
def r13(messages: Recording, verdict: Verdict) -> None:
    """Every connect offers the flags of the first."""
    for pair in messages.pairs:
        first: Seen | None = None
        for m in connects(pair):
            begins = m.op_flags & names(m.dialect).MSG_CONNECT_INITIAL and m.conn_cnt == 1
            if first is None or begins:  # whoever boots anew may be of another release
                first = m
            else:
                verdict.must(m.offered == first.offered, m, f"offers {m.offered:#x}, first {first.offered:#x}")


@invariant("R14", TRAFFIC)
def r14(messages: Recording, verdict: Verdict) -> None:
    """Nothing is granted that was not offered."""
    for pair in messages.pairs:
        for request, reply in accepted(pair):
            verdict.must(not reply.offered & ~request.offered, reply, "grants what was not offered")


@invariant("R15", TRAFFIC)
def r15(messages: Recording, verdict: Verdict) -> None:
    """A replay is the request as it was formatted; only opens and creates got what their reply said."""
    for pair in messages.pairs:
        sent: dict[int, Seen] = {}
        for m in pair:
            if not m.request:
                continue
            before = sent.setdefault(m.xid, m)
            if m.replay and m.dialect is before.dialect:  # what an open made again in another has to say: B10
                same = (
                    m.content == before.content
                    if not (m.opens or "CREATE" in m.name or m.name == "MDS_CLOSE")
                    else True
                )
                verdict.must(same and m.name == before.name, m, "reformatted")


@invariant("R16", TRAFFIC)
def r16(messages: Recording, verdict: Verdict) -> None:
    """A close sent after its open was replayed carries the handle of the replay's answer."""
    for pair in messages.pairs:
        owner: dict[int, int] = {}
        current: dict[int, int] = {}
        for m in sorted(pair, key=lambda m: m.time if m.request else m.arrived or float("inf")):
            if not m.request and m.opens and m.file and m.arrived is not None:
                owner[m.file], current[m.xid] = m.xid, m.file
            elif m.request and m.name == "MDS_CLOSE" and m.file in owner:
                verdict.must(current[owner[m.file]] == m.file, m, "a handle the server no longer knows")
