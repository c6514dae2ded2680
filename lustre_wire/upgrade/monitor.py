"""The numbered invariants of upgrade and downgrade (B, S, D, E and the law of dialects), checked in a finished play.

Each check says how often the situation it is about occurred and what was wrong: a check that saw nothing proves
nothing. What is checked is the recorded traffic and what the nodes noted of themselves; `Snapshot`s hold what can only
be seen at the moment a server reaches a state.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import dialect
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT
from lustre_wire.testbed.operations import NOBODY
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.alike import alike
from lustre_wire.upgrade.barrier import ClientState
from lustre_wire.upgrade.journal import Put
from lustre_wire.upgrade.mark import Start
from lustre_wire.upgrade.policy import Cache, Newcomers
from lustre_wire.upgrade.shutdown import ServerState
from lustre_wire.upgrade.snapshot import Snapshot

if TYPE_CHECKING:
    from lustre_wire.upgrade.play import Play

#: What a client may still send while it cleans up (B1); and between its release and the restart (B2).
CLEANING = frozenset({
    "MDS_CLOSE", "LDLM_CANCEL", "MDS_SYNC", "OST_SYNC", "OST_WRITE", "OST_PUNCH", "MDS_DISCONNECT", "OST_DISCONNECT",
    "OBD_PING",
})  # fmt: skip
CONNECTS = frozenset({"MDS_CONNECT", "OST_CONNECT", "MGS_CONNECT"})
WAITING = frozenset({"OBD_PING", "LDLM_CANCEL", "MDS_DISCONNECT", "OST_DISCONNECT"}) | CONNECTS
STOPPING = (ServerState.REVOKING, ServerState.QUIET, ServerState.COMMITTED, ServerState.HALTED)
#: Seconds a commit and the last messages may take beyond the callback timeout.
SLACK = 1.0


@attrs.define(slots=True)
class Verdict:
    """`seen`: how often the invariant applied; `wrong`: where it did not hold."""

    seen: int = 0
    wrong: list[str] = attrs.field(factory=list)

    def must(self, holds: bool, why: str) -> None:
        self.seen += 1
        if not holds:
            self.wrong.append(why)


Check = Callable[["Play", Verdict], None]
CHECKS: dict[str, tuple[str, Check]] = {}


def invariant(name: str) -> Callable[[Check], Check]:
    """Register a check under the invariant's number; its first line says what must hold."""

    def register(check: Check) -> Check:
        CHECKS[name] = ((check.__doc__ or "").strip().splitlines()[0], check)
        return check

    return register


def judge(play: Play) -> dict[str, Verdict]:
    """All invariants over a play that is over."""
    found: dict[str, Verdict] = {}
    for name, (_, check) in CHECKS.items():
        found[name] = Verdict()
        check(play, found[name])
    return found


def _snapshots(play: Play, state: ServerState) -> list[Snapshot]:
    return [snapshot for snapshot in play.snapshots if snapshot.state == state]


def _at(play: Play, time: float, nid: int) -> str:
    return f"{time:.3f} {play.name_of(nid)}"


# -- B: barrier and controlled stop ------------------------------------------------------------------------------


@invariant("B1")
def b1(play: Play, verdict: Verdict) -> None:
    """From DRAINING on a client makes nothing new but what cleaning needs; calls that had passed the gate finish."""
    for made in play.journal.formatted:
        if made.barrier is ClientState.DRAINING and not made.cleaning:
            why = f"{_at(play, made.time, made.client)}: {made.name} by nobody who had passed the gate"
            verdict.must(made.inside > 0 or made.name in CLEANING, why)
        elif made.barrier in (ClientState.CLEANING, ClientState.WAITING, ClientState.DISCONNECTED):
            allowed = made.cleaning or made.name in CLEANING
            verdict.must(allowed, f"{_at(play, made.time, made.client)}: {made.name} while {made.barrier}")


@invariant("B2")
def b2(play: Play, verdict: Verdict) -> None:
    """Between its release and the restart a client sends nothing but ping, release, disconnect and connect."""
    targets = {node.uuid.decode(): node.nid for node in play.servers.values()}
    for client, target, begin, end in _waits(play):
        for put in play.journal.put:
            if put.client == client and put.server == targets.get(target) and begin < put.time < end:
                why = f"{_at(play, put.time, client)}: {put.name} to {target} after its release"
                verdict.must(put.name in WAITING, why)


def _waits(play: Play) -> list[tuple[int, str, float, float]]:
    """Each time a client waited for a target: from its release to whatever came next."""
    found: list[tuple[int, str, float, float]] = []
    since: dict[tuple[int, str], float] = {}
    for moved in play.journal.moved:
        key = (moved.client, moved.target)
        begin = since.pop(key, None)
        if begin is not None and moved.state is ClientState.DISCONNECTED:
            since[key] = begin
        elif begin is not None:
            found.append((*key, begin, moved.time))
        if moved.state is ClientState.WAITING:
            since[key] = moved.time
    return found + [(*key, begin, float("inf")) for key, begin in since.items()]


@invariant("B3")
def b3(play: Play, verdict: Verdict) -> None:
    """At HALTED no client has an uncommitted request, and replay lists hold opens only."""
    for snapshot in _snapshots(play, ServerState.HALTED):
        for client in snapshot.clients:
            why = f"{_at(play, snapshot.time, client.nid)}: {client.uncommitted} uncommitted, {client.others} not opens"
            verdict.must(not client.uncommitted and not client.others, why)


@invariant("B4")
def b4(play: Play, verdict: Verdict) -> None:
    """At HALTED clients cache nothing of this server: no locks, no dirty pages."""
    for snapshot in _snapshots(play, ServerState.HALTED):
        cached = play.policy.cache is Cache.CANCEL
        for client in snapshot.clients:
            why = f"{_at(play, snapshot.time, client.nid)}: {client.locks} locks, {client.dirty} dirty bytes"
            verdict.must(not client.dirty and not (cached and client.locks), why)
        if cached and snapshot.remembers:
            verdict.must(not snapshot.locks, f"{_at(play, snapshot.time, snapshot.nid)}: {snapshot.locks} locks left")


@invariant("B5")
def b5(play: Play, verdict: Verdict) -> None:
    """Everybody is done or evicted before QUIET, and QUIET comes within the callback timeout."""
    for name, node in play.nodes.items():
        begun = None
        for life in node.history:
            if life.what == ServerState.REVOKING:
                begun = life.time
            elif life.what == ServerState.QUIET and begun is not None:
                took = life.time - begun
                verdict.must(took <= CALLBACK_TIMEOUT + SLACK, f"{life.time:.3f} {name}: quiet after {took:.1f} s")
                begun = None
    for snapshot in _snapshots(play, ServerState.QUIET):
        verdict.must(not snapshot.pending, f"{_at(play, snapshot.time, snapshot.nid)}: {snapshot.pending} not done")


@invariant("B6")
def b6(play: Play, verdict: Verdict) -> None:
    """No new client is let in from REVOKING to HALTED; it gets in after the restart."""
    if play.policy.newcomers is Newcomers.HOLD:
        return
    for admitted in play.journal.admitted:
        why = f"{_at(play, admitted.time, admitted.server)}: a new client let in while {admitted.state}"
        verdict.must(admitted.state not in STOPPING, why)
    for task, client in play.mounting:
        verdict.must(task.done and task.error is None, f"{play.name_of(client.nid)}: not mounted in the end")


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


@invariant("B8")
def b8(play: Play, verdict: Verdict) -> None:
    """Between its release and the notice a client stays connected."""
    committed = [s for s in play.snapshots if s.state == ServerState.COMMITTED]
    for snapshot in committed:
        for client in snapshot.clients:
            verdict.must(client.connected, f"{_at(play, snapshot.time, client.nid)}: gone before the notice")


@invariant("B9")
def b9(play: Play, verdict: Verdict) -> None:
    """A call that is held back can be interrupted, and nothing is sent for it."""
    for signal in play.journal.interrupted:
        before, after = signal.made
        why = f"{_at(play, signal.time, signal.client)}: status {signal.status}, {after - before} requests made"
        verdict.must(signal.status == -errno.EINTR and before == after, why)


@invariant("B10")
def b10(play: Play, verdict: Verdict) -> None:
    """A replayed open has its original number and transno; across dialects it creates nothing and names the object."""
    first: dict[tuple[int, int], Put] = {}
    answers = _transnos(play)
    for put, message in _requests(play):
        known = first.setdefault((put.client, put.xid), put)
        if put is known or not put.replay or "INTENT_OPEN" not in put.name:
            continue
        who = _at(play, put.time, put.client)
        verdict.must(put.transno == answers.get((put.client, put.xid)), f"{who}: a replayed open has another transno")
        found = packer(message.dialect).read(message)
        if put.dialect != known.dialect and found is not None:
            k, asked = names(message.dialect), found[1]
            making = asked.flags & (k.MDS_OPEN_CREAT | k.MDS_OPEN_EXCL | k.MDS_OPEN_TRUNC)
            verdict.must(not making and asked.child != NOBODY, f"{who}: an open replayed in {put.dialect} may create")


def _transnos(play: Play) -> dict[tuple[int, int], int]:
    """The transno each request was answered with, the first time."""
    found: dict[tuple[int, int], int] = {}
    body = record.codec(dialect("1.8").body, "little")
    for sent in play.simulator.trace.packets:
        packet = sent.packet
        if packet.kind == PUT and play.is_metadata(packet.source) and packet.data:
            parts = lustre_msg.split(packet.data)
            answer = body.unpack(packet.data, parts.offsets[0], parts.lengths[0])
            if answer.pb_transno:
                found.setdefault((packet.target, packet.match_bits), answer.pb_transno)
    return found


@invariant("B12")
def b12(play: Play, verdict: Verdict) -> None:
    """A client releases only when it has nothing in flight, nothing dirty and nothing uncommitted: each by itself."""
    for moved in play.journal.moved:
        if moved.state is ClientState.WAITING:
            facts = moved.facts
            clean = not facts.in_flight and not facts.dirty and not facts.uncommitted
            verdict.must(clean, f"{_at(play, moved.time, moved.client)}: released with {facts}")


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


@invariant("B14")
def b14(play: Play, verdict: Verdict) -> None:
    """Until the notice a client keeps its replay list: every file that is open has its open on it."""
    for state in (ServerState.QUIET, ServerState.COMMITTED):
        for snapshot in _snapshots(play, state):
            for client in snapshot.clients:
                why = f"{_at(play, snapshot.time, client.nid)}: {client.files} files open, {client.opens} opens kept"
                verdict.must(client.opens >= client.files, why)


@invariant("B15")
def b15(play: Play, verdict: Verdict) -> None:
    """While the lock is wanted nobody new gets it: from QUIET on no client holds it."""
    for snapshot in play.snapshots:
        if snapshot.state in STOPPING[1:] and snapshot.wanted:
            verdict.must(
                not snapshot.access, f"{_at(play, snapshot.time, snapshot.nid)}: {snapshot.access} hold the lock"
            )


# -- S: start rule -----------------------------------------------------------------------------------------------


@invariant("S1")
def s1(play: Play, verdict: Verdict) -> None:
    """A client that was cut off during a controlled stop is evicted, by the server or at its return."""
    for absence in play.absences:
        for name, node in play.nodes.items():
            quiet = [life.time for life in node.history if life.what == ServerState.QUIET]
            if any(absence.begin + SLACK < time < absence.end for time in quiet) and name in absence.knew:
                evicted = play.name_of(absence.nid) in play.evicted().get(name, [])
                verdict.must(evicted, f"{play.name_of(absence.nid)} missed the stop of {name} and was not evicted")


@invariant("S3")
def s3(play: Play, verdict: Verdict) -> None:
    """The mark travels with the target: its partner's node starts it by what the last node left."""
    for start in play.starts():
        if start.elsewhere:
            fits = start.how != Start.FIRST and (not start.changed or start.clean or start.how == Start.FORGET)
            verdict.must(fits or not play.policy.start_rule, f"{start.time:.3f}: started as {start.how}")


@invariant("S2")
def s2(play: Play, verdict: Verdict) -> None:
    """A target that serves has no clean mark on its disk; one that halted has."""
    for snapshot in play.snapshots:
        if snapshot.state in (ServerState.SERVING, ServerState.HALTED):
            halted = snapshot.state == ServerState.HALTED
            why = f"{_at(play, snapshot.time, snapshot.nid)}: {snapshot.state} with clean={snapshot.clean}"
            verdict.must(snapshot.clean == halted and not snapshot.unwritten, why)


@invariant("S4")
def s4(play: Play, verdict: Verdict) -> None:
    """After a forced start in another version nothing of the old dialect is replayed."""
    for start in play.starts():
        if start.how == Start.FORGET:
            replays = [p for p in play.journal.put if p.replay and p.time > start.time and p.dialect != start.version]
            at_it = [p for p in replays if play.is_metadata(p.server)]
            verdict.must(not at_it and not start.known, f"{start.time:.3f}: {len(at_it)} replays, {start.known} known")


# -- D, E, dialects ----------------------------------------------------------------------------------------------


@invariant("D1")
def d1(play: Play, verdict: Verdict) -> None:
    """A step back evicts everybody."""
    for start in play.starts():
        if start.metadata and start.back and start.had_clients:
            verdict.must(not start.known, f"{start.time:.3f}: {start.known} clients still known after a step back")
            for client in play.present_before(start.time):
                told = any(nid == client.nid and time > start.time for time, nid in play.journal.evicted)
                verdict.must(told, f"{start.time:.3f} {play.name_of(client.nid)} was not evicted")


@invariant("D2")
def d2(play: Play, verdict: Verdict) -> None:
    """A step back behind the barrier loses nothing that was acknowledged."""
    if play.went_back() and play.lost is not None:
        verdict.must(not play.lost, "; ".join(play.lost))


@invariant("D4")
def d4(play: Play, verdict: Verdict) -> None:
    """No FID reaches a 1.8 server: what names an object there is an inode number of 32 bits."""
    for put, message in _requests(play):
        if not packer(message.dialect).personality.client_names:
            for ident in _identities(message):
                verdict.must(ident < 1 << 32, f"{_at(play, put.time, put.client)}: {put.name} names {ident:#x}")


def _requests(play: Play) -> Iterator[tuple[Put, rpc.Message]]:
    """Requests to an MDS with their messages, decoded in the dialect they were made in."""
    packets = {
        (sent.time, sent.packet.source, sent.packet.match_bits): sent.packet.data
        for sent in play.simulator.trace.packets if sent.packet.kind == PUT
    }  # fmt: skip
    for put in play.journal.put:
        data = packets.get((put.time, put.client, put.xid))
        if data is not None and play.is_metadata(put.server):
            yield put, rpc.decode(data, dialect(put.dialect))


def _identities(message: rpc.Message) -> list[int]:
    """The first number of every object a request names."""
    found = packer(message.dialect).read(message)
    if found is None:
        return []
    form, asked = found
    return [int(getattr(asked, attribute)[0]) for attribute in form.named]


@invariant("E1")
def e1(play: Play, verdict: Verdict) -> None:
    """As shipped, the first start in another version forgets every client, before it answers a connect (E3)."""
    for start in play.starts():
        if start.metadata and start.changed and start.had_clients and not play.policy.keeps_clients:
            verdict.must(start.forgotten and not start.known, f"{start.time:.3f} {start.version}: clients still known")


@invariant("E2")
def e2(play: Play, verdict: Verdict) -> None:
    """A start in the same version forgets nobody."""
    for start in play.starts():
        if not start.changed and start.had_clients:
            verdict.must(
                not start.forgotten and start.known > 0, f"{start.time:.3f} {start.version}: clients forgotten"
            )


@invariant("E4")
def e4(play: Play, verdict: Verdict) -> None:
    """A client evicted by a change of version goes on in the new dialect; files it had open are dead."""
    for start in play.starts():
        if not (start.metadata and start.changed and start.forgotten):
            continue
        for client in play.present_before(start.time):
            speaks = client.mdc is not None and client.mdc.dialect.name == play.servers["mds"].dialect.name
            verdict.must(speaks, f"{start.time:.3f} {play.name_of(client.nid)} speaks another dialect than its MDS")
            alive = [file.number for file in client.files.values() if file.request.sent < start.time and not file.dead]
            verdict.must(not alive, f"{start.time:.3f} {play.name_of(client.nid)}: files {alive} outlived the eviction")


@invariant("dialect")
def dialects(play: Play, verdict: Verdict) -> None:
    """An MDS looks into requests of its own dialect only, those laid out alike in both aside."""
    made: dict[tuple[int, int], list[Put]] = {}
    for put in play.journal.put:
        made.setdefault((put.client, put.xid), []).append(put)
    for handled in play.journal.handled:
        sent = [put for put in made.get((handled.client, handled.xid), []) if put.time <= handled.time]
        if sent and play.is_metadata(handled.server):
            put = sent[-1]
            fits = put.dialect == handled.dialect or alike(put.name, put.dialect, handled.dialect)
            who = _at(play, handled.time, handled.server)
            verdict.must(fits, f"{who} in {handled.dialect} read {put.name} made in {put.dialect}")
