"""The invariants of lock replay (L) and of versions (V)."""

from __future__ import annotations

import errno

from lustre_wire.checking.registry import invariant
from lustre_wire.checking.verdict import Verdict
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import repsize
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed.reading import (
    Recording,
    accepted,
    answer_of,
    evictions,
    first_reply,
    original,
    parts_of,
    replays,
)
from lustre_wire.testbed.seen import TRAFFIC


@invariant("L1", TRAFFIC)
def l1(messages: Recording, verdict: Verdict) -> None:
    """A lock replay says its lock's state, and has neither MSG_REPLAY nor a transno."""
    for m in messages:
        if m.request and m.lock_replay:
            k = names(m.dialect)
            states = k.LDLM_FL_BLOCK_GRANTED | k.LDLM_FL_BLOCK_WAIT | k.flag("LDLM_FL_BLOCK_CONV")
            verdict.must(not m.has("MSG_REPLAY") and not m.transno, m, "MSG_REPLAY or a transno")
            verdict.must((m.lock_flags & states).bit_count() <= 1, m, "two states")


@invariant("L2", TRAFFIC)
def l2(messages: Recording, verdict: Verdict) -> None:
    """A lock that its client gave back is not replayed."""
    for pair in messages.pairs:
        given: set[int] = set()
        remote: dict[int, int] = {}
        for m in pair:
            if not m.request and m.remote and m.arrived is not None:
                asked = next((x for x in pair.of(m.xid) if x.request), None)
                if asked is not None and asked.lock:
                    remote[asked.lock] = m.remote
            elif m.request and m.cancels:
                given |= set(m.cancels)
            elif m.request and m.lock_replay:
                verdict.must(remote.get(m.lock) not in given, m, "replayed after it was given back")


@invariant("L3", TRAFFIC)
def l3(messages: Recording, verdict: Verdict) -> None:
    """The answer to a lock replay has room for an ost_lvb."""
    for m in messages:
        if m.request and m.lock_replay:
            rooms = [m.dialect.structs[name].__wire__.size for name in ("ldlm_reply", "ost_lvb")]
            verdict.must(m.room >= repsize(m.dialect, *rooms), m, f"room for {m.room} bytes")


@invariant("L4", TRAFFIC)
def l4(messages: Recording, verdict: Verdict) -> None:
    """A lock replay has the dialect's pb_flags: nothing in 1.8, REQ_REPLAY_DONE in 2.0."""
    for m in messages:
        if m.request and m.lock_replay:
            verdict.must(m.flags == rules_of(m.dialect).lock_replay_flags, m, f"pb_flags {m.flags:#x}")


@invariant("L5", TRAFFIC)
def l5(messages: Recording, verdict: Verdict) -> None:
    """A lock is replayed under the client's own handle, known from its enqueue."""
    for pair in messages.pairs:
        enqueued: set[int] = set()
        for m in pair:
            if m.request and m.lock and not m.lock_replay:
                enqueued.add(m.lock)
            elif m.request and m.lock_replay:
                verdict.must(m.lock in enqueued, m, "a lock that was never asked for")


@invariant("L6", TRAFFIC)
def l6(messages: Recording, verdict: Verdict) -> None:
    """A failed lock replay is followed by a reconnect; what was replayed goes by the new handle."""
    for pair in messages.pairs:
        for m in pair:
            if not (m.request and m.lock_replay):
                continue
            reply = first_reply(pair, m)
            if reply is not None and not reply.status:
                verdict.must(reply.remote != 0, reply, "no handle in the answer")
            elif reply is not None:
                after = next((x for x in pair if x.request and x.time >= (reply.arrived or reply.time)), None)
                verdict.must(after is None or after.connect, reply, "no reconnect")


@invariant("V1", TRAFFIC)
def v1(messages: Recording, verdict: Verdict) -> None:
    """A replay brings along the versions of its first answer, bit for bit."""
    for pair in messages.pairs:
        for replay in replays(pair):
            reply = original(pair, replay)
            if reply is not None:
                verdict.must(replay.versions == reply.versions, replay, f"{replay.versions}, was {reply.versions}")


@invariant("V2", TRAFFIC)
def v2(messages: Recording, verdict: Verdict) -> None:
    """The version of what does not exist yet is ENOENT_VERSION in 2.0, and no version in 1.8."""
    for pair in messages.pairs:
        replayed = {m.xid for m in replays(pair)}
        for m in pair:
            made = not m.request and not m.early and m.name == "MDS_REINT/CREATE" and m.transno and not m.status
            first = next((x.dialect for x in pair.of(m.xid) if x.request), m.dialect)  # what that release did may count
            if made and m.xid not in replayed and first is m.dialect:
                absent = rules_of(m.dialect).absent_version
                verdict.must(m.versions[1] == absent, m, f"slot 1 is {m.versions[1]}")


@invariant("V3", TRAFFIC)
def v3(messages: Recording, verdict: Verdict) -> None:
    """After a failed version check the client ends its list, says so, connects again and is evicted."""
    for pair in messages.pairs:
        for m in pair:
            if m.request or m.status != -errno.EOVERFLOW or m.arrived is None:
                continue
            pings = [x for x in pair if x.request and x.done_ping and x.time >= m.arrived]
            later = [reply for _, reply in accepted(pair) if reply.time > m.time]
            verdict.must(bool(pings) and bool(later), m, "no last ping, or no new connection")
            verdict.must(any(e.time > m.time for e in evictions(pair)), m, "not evicted")


@invariant("V4", TRAFFIC)
def v4(messages: Recording, verdict: Verdict) -> None:
    """When everybody is back the versions match by themselves."""
    for server in messages.servers:
        parts = parts_of(server)
        for part in parts:
            known = {m.client for pair in server.pairs for m in pair if m.transno and m.time < part.begin}
            for m in [m for m in part.pair if m.request and m.replay and part.begin <= m.time < part.end]:
                reply = answer_of(part.pair, m)
                if reply is None:
                    continue
                back = {p.told.client for p in parts if p.told.time <= reply.time and p.end > part.begin}
                if known <= back:
                    verdict.must(reply.status != -errno.EOVERFLOW, reply, "versions differ though nobody is missing")


@invariant("V6", TRAFFIC)
def v6(messages: Recording, verdict: Verdict) -> None:
    """Versions are compared for replays alone, and only of clients that were granted it."""
    for pair in messages.pairs:
        for m in [m for m in pair if m.request and not m.connect]:
            reply = answer_of(pair, m)
            if reply is None:
                continue
            granted = [r.offered for _, r in accepted(pair) if r.time <= reply.time]
            compared = bool(granted) and bool(granted[-1] & names(m.dialect).OBD_CONNECT_VBR) and m.replay
            if not compared:
                verdict.must(reply.status != -errno.EOVERFLOW, reply, "versions compared")
