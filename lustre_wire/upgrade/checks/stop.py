"""Invariants of the barrier and the controlled stop (B), checked in a finished play."""

from __future__ import annotations

import errno
from math import inf
from typing import Any

from lustre_wire.checking.verdict import Verdict
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.upgrade.checks.common import SLACK, at, invariant, snapshots
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.mark import Start
from lustre_wire.upgrade.protocol.policy import Cache
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play

#: What a client may still send while it cleans up (B1); and between its release and the restart (B2).
CLEANING = frozenset({
    "MDS_CLOSE", "LDLM_CANCEL", "MDS_SYNC", "OST_SYNC", "OST_WRITE", "OST_PUNCH", "MDS_DISCONNECT", "OST_DISCONNECT",
    "OBD_PING",
})  # fmt: skip
CONNECTS = frozenset({"MDS_CONNECT", "OST_CONNECT", "MGS_CONNECT"})
DISCONNECTS = frozenset({"MDS_DISCONNECT", "OST_DISCONNECT"})
WAITING = frozenset({"OBD_PING", "LDLM_CANCEL"}) | CONNECTS | DISCONNECTS
STOPPING = (ServerState.REVOKING, ServerState.QUIET, ServerState.COMMITTED, ServerState.HALTED)


@invariant("B1")
def b1(play: Play, verdict: Verdict) -> None:
    """From DRAINING on a client makes nothing new but what cleaning needs; calls that had passed the gate finish."""
    for made in play.journal.formatted:
        if made.barrier is ClientState.DRAINING and not made.cleaning:
            why = f"{at(play, made.time, made.client)}: {made.name} by nobody who had passed the gate"
            verdict.must(made.inside > 0 or made.name in CLEANING, why)
        elif made.barrier in (ClientState.CLEANING, ClientState.WAITING, ClientState.DISCONNECTED):
            allowed = made.cleaning or made.name in CLEANING
            verdict.must(allowed, f"{at(play, made.time, made.client)}: {made.name} while {made.barrier}")


@invariant("B3")
def b3(play: Play, verdict: Verdict) -> None:
    """At HALTED no client has an uncommitted request, and replay lists hold opens only."""
    for snapshot in snapshots(play, ServerState.HALTED):
        for client in snapshot.clients:
            why = f"{at(play, snapshot.time, client.nid)}: {client.uncommitted} uncommitted, {client.others} not opens"
            verdict.must(not client.uncommitted and not client.others, why)


@invariant("B4")
def b4(play: Play, verdict: Verdict) -> None:
    """At HALTED clients cache nothing of this server: no locks, no dirty pages."""
    for snapshot in snapshots(play, ServerState.HALTED):
        cached = play.policy.cache is Cache.CANCEL
        for client in snapshot.clients:
            why = f"{at(play, snapshot.time, client.nid)}: {client.locks} locks, {client.dirty} dirty bytes"
            verdict.must(not client.dirty and not (cached and client.locks), why)
        if cached and snapshot.remembers:
            verdict.must(not snapshot.locks, f"{at(play, snapshot.time, snapshot.nid)}: {snapshot.locks} locks left")


@invariant("B5")
def b5(play: Play, verdict: Verdict) -> None:
    """Everybody is done or evicted before QUIET, and QUIET comes within the callback timeout."""
    for name, node in play.nodes.items():
        begun = None
        for life in node.history:
            if life.what in ("stop", ServerState.REVOKING):
                begun = life.time
            elif life.what == ServerState.QUIET and begun is not None:
                took, most = life.time - begun, CALLBACK_TIMEOUT + SLACK + play.simulator.behind
                verdict.must(took <= most, f"{life.time:.3f} {name}: quiet after {took:.1f} s")
                begun = None
    for snapshot in snapshots(play, ServerState.QUIET):
        verdict.must(not snapshot.pending, f"{at(play, snapshot.time, snapshot.nid)}: {snapshot.pending} not done")


@invariant("B7")
def b7(play: Play, verdict: Verdict) -> None:
    """After RUN is resumed open files are usable and nothing acknowledged is lost."""
    if not play.policy.keeps_clients or play.went_back() or any(s.how == Start.FORGET for s in play.starts()):
        return
    blameless = play.untouched()
    for worker in play.workers:
        if worker.client.nid in blameless and worker.ledger.acknowledged:
            signals = sum(1 for signal in play.journal.interrupted if signal.client == worker.client.nid)
            unasked = sum(worker.ledger.failed.values()) - signals
            verdict.must(unasked == 0, f"{worker.home}: calls failed: {worker.ledger.failed}, interrupted: {signals}")
    for line in play.lost or []:
        verdict.must(False, line)


@invariant("B9")
def b9(play: Play, verdict: Verdict) -> None:
    """A call that is held back can be interrupted, and nothing is sent for it."""
    for signal in play.journal.interrupted:
        before, after = signal.made
        why = f"{at(play, signal.time, signal.client)}: status {signal.status}, {after - before} requests made"
        verdict.must(signal.status == -errno.EINTR and before == after, why)


@invariant("B11")
def b11(play: Play, verdict: Verdict) -> None:
    """A barrier set by hand is lifted by hand only."""
    evicted = play.clients_evicted()
    done = play.journal.by_hand
    for number, begun in enumerate(done):
        if begun.on and play.name_of(begun.client) not in evicted:
            mine = (begun.client, begun.target)
            end = min((o.time for o in done[number:] if not o.on and (o.client, o.target) == mine), default=inf)
            runs = [m.time for m in play.journal.moved if (m.client, m.target) == mine and m.state is ClientState.RUN]
            early = [time for time in runs if begun.time < time < end]
            verdict.must(not early, f"{at(play, begun.time, begun.client)}: the barrier set for {begun.target} opened")


@invariant("B12")
def b12(play: Play, verdict: Verdict) -> None:
    """A client releases only when it has nothing in flight, nothing dirty and nothing uncommitted: each by itself."""
    for moved in play.journal.moved:
        if moved.state is ClientState.WAITING:
            facts = moved.facts
            clean = not facts.in_flight and not facts.dirty and not facts.uncommitted
            verdict.must(clean, f"{at(play, moved.time, moved.client)}: released with {facts}")


@invariant("B13")
def b13(play: Play, verdict: Verdict) -> None:
    """While one server is behind the barrier, clients go on working with the others."""
    closed: dict[tuple[int, str], bool] = {}
    events: list[tuple[float, int, Any]] = [(m.time, 0, m) for m in play.journal.moved]
    events += [(f.time, 1, f) for f in play.journal.formatted]
    for _, kind, event in sorted(events, key=lambda e: e[:2]):
        if kind == 0:
            closed[event.client, event.target] = event.state is not ClientState.RUN
        elif event.barrier is ClientState.RUN:
            verdict.seen += any(shut and c == event.client and t != event.target for (c, t), shut in closed.items())
    for held in play.journal.held:
        why = f"{at(play, held.time, held.client)}: held back by {sorted(held.closed)}, needs {sorted(held.needs)}"
        verdict.must(bool(held.needs & held.closed), why)


@invariant("B14")
def b14(play: Play, verdict: Verdict) -> None:
    """Until the notice a client keeps its replay list: every file that is open has its open on it."""
    for state in (ServerState.QUIET, ServerState.COMMITTED):
        for snapshot in snapshots(play, state):
            for client in snapshot.clients:
                why = f"{at(play, snapshot.time, client.nid)}: {client.files} files open, {client.opens} opens kept"
                verdict.must(client.opens >= client.files, why)


@invariant("B15")
def b15(play: Play, verdict: Verdict) -> None:
    """While the lock is wanted nobody new gets it: from QUIET on no client holds it."""
    for snapshot in play.snapshots:
        if snapshot.state in STOPPING[1:] and snapshot.wanted:
            verdict.must(
                not snapshot.access, f"{at(play, snapshot.time, snapshot.nid)}: {snapshot.access} hold the lock"
            )
