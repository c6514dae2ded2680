"""Invariants of the barrier and the controlled stop (B), checked in a finished play."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from math import inf

import attrs

from lustre_wire import rpc
from lustre_wire.checking.verdict import Verdict
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.names import names
from lustre_wire.testbed.operations import Close, ObjectWrite
from lustre_wire.upgrade.checks.common import SLACK, at, invariant
from lustre_wire.upgrade.checks.traffic import Decoded, decoded
from lustre_wire.upgrade.checks.wire import Stop, goes_on, of_recovery, patient, released_in, stops, waits
from lustre_wire.upgrade.evidence.records import Asked, ByHand, Signalled
from lustre_wire.upgrade.evidence.wire import ACCESS, Kind, Message, Wire
from lustre_wire.upgrade.nodes.calls import DATA, DESTROYING, READING
from lustre_wire.upgrade.nodes.server import LINGER
from lustre_wire.upgrade.protocol.policy import Cache, Held, Scope
from lustre_wire.upgrade.stage.play import Play


@attrs.frozen
class Drain:
    """A client that was asked for its lock.

    Attributes:
        client: NID; `about` those of the servers it is to leave alone.
        begin, end: from when it knew until it gave the lock back, or had no reason to any more.
    """

    client: int
    about: frozenset[int]
    begin: float
    end: float


def drains(play: Play) -> Iterator[Drain]:
    """Clients that drain, as the network shows it: an MDS, which is a client of its OSTs, has no users and is none."""
    wire = play.wire()
    servers = {node.nid for node in play.nodes.values()}
    fresh = [
        (asked.client, asked.server, answer.arrived) for asked, answer in wire.connects
        if answer.arrived is not None and not answer.status and not answer.op_flags & wire.k.MSG_CONNECT_RECONNECT
    ]  # fmt: skip
    gone = [*((who, time) for time, who in play.mishaps.deaths), *((c.nid, c.begin) for c in play.mishaps.absences)]
    for stop in stops(play):
        said = stop.said
        about = _targets(play) if play.policy.scope is Scope.MGS else frozenset({said.holder})
        for asked in wire.revocations:
            if asked.server != said.holder or not said.place <= asked.place < said.end or asked.client in servers:
                continue
            begin = asked.heard
            if begin is not None:
                ends = [m.time for m in wire.releases if (m.client, m.server) == (asked.client, asked.server)]
                ends += [time for who, server, time in fresh if who == asked.client and server in about]
                ends += [time for who, time in gone if who == asked.client]
                end = min((time for time in ends if time >= begin), default=inf)
                yield Drain(asked.client, about, begin, min(end, said.ended))


def _targets(play: Play) -> frozenset[int]:
    """Every node but the MGS."""
    return frozenset(node.nid for name, node in play.nodes.items() if name != "mgs")


@invariant("B1")
def b1(play: Play, verdict: Verdict) -> None:
    """From DRAINING on a client makes nothing new but what cleaning needs; calls that had passed the gate finish."""
    wire = play.wire()
    k = wire.k
    cleaning = goes_on(wire) | {
        k.MDS_CLOSE, k.LDLM_CANCEL, k.MDS_SYNC, k.OST_SYNC, k.OST_WRITE, k.OST_PUNCH,
        k.MDS_GETSTATUS,  # of a mount: it waits before this one
    }  # fmt: skip
    begun: dict[int, list[Asked]] = {}
    for call in play.asked():
        begun.setdefault(call.client, []).append(call)
    known: set[tuple[int, int]] = set()
    requests: dict[int, list[Message]] = {}
    for message in wire.of(Kind.REQUEST):
        if message.opcode not in cleaning and (message.client, message.xid) not in known:
            known.add((message.client, message.xid))
            requests.setdefault(message.client, []).append(message)
    for drain in drains(play):
        reads = play.policy.held is Held.UPDATES  # who only reads may begin until the cache is emptied
        for message in requests.get(drain.client, ()):
            if message.server not in drain.about:
                continue
            if not drain.begin < message.time < drain.end or _about_the_lock(wire, message):
                continue
            calls = (c for c in begun.get(message.client, ()) if c.began <= message.time <= c.ended)
            under_way = any(c.began <= drain.begin or (reads and c.name in READING) for c in calls)
            who = at(play, message.time, message.client)
            verdict.must(under_way, f"{who}: opcode {message.opcode} by nobody who had passed the gate")
        verdict.seen += 1


def _about_the_lock(wire: Wire, message: Message) -> bool:
    return message.opcode == wire.k.LDLM_ENQUEUE and wire.about_access(message)


@invariant("B3")
def b3(play: Play, verdict: Verdict) -> None:
    """Who gave his lock back replays opens only to the next start, and nothing that was not on disk before."""
    replay = play.wire().k.MSG_REPLAY
    for stop, clients in _clean(play):
        begun = min((b for b in play.began if b.target == stop.said.target and b.place >= stop.said.end),
                    key=lambda b: b.place, default=None)  # fmt: skip
        held = max((f.transno for f in play.flushed[: stop.said.last] if f.target == stop.said.target), default=0)
        if begun is None:
            continue
        until = min((b.place for b in play.began if b.target == begun.target and b.place > begun.place), default=inf)
        verdict.seen += len(clients)
        for each in decoded(play):
            sent = each.sent
            if (
                each.request is None and sent.client in clients and sent.server == begun.nid
                and begun.place <= sent.place < until and sent.flags & replay and sent.transno
            ):  # fmt: skip
                who = at(play, sent.time, sent.client)
                name = each.message.name
                verdict.must("INTENT_OPEN" in name, f"{who} replays {name} after a clean stop")
                verdict.must(sent.transno <= held, f"{who} replays {sent.transno:#x}, {held:#x} was on disk")


def _clean(play: Play) -> Iterator[tuple[Stop, frozenset[int]]]:
    """Stops of targets that came to their end, and the clients that had given the lock back, perhaps to the MGS."""
    for stop in stops(play):
        said = stop.said
        if not said.holds and not said.crashed and said.ended < inf:
            yield stop, released_in(play, said)


@invariant("B4")
def b4(play: Play, verdict: Verdict) -> None:
    """With its release a client has given back every lock of the server, and writes under new ones only afterwards."""
    if play.policy.cache is not Cache.CANCEL or not play.policy.controlled:
        return
    wire = play.wire()
    targets, uuids = play.targets(), {uuid for uuid in play.targets().values() if uuid != "MGS"}
    releases = {m.place for m in wire.first_releases}
    locks: dict[tuple[int, str], dict[int, str]] = {}
    since: dict[tuple[int, str], set[int]] = {}
    first: set[tuple[int, int]] = set()
    for each in decoded(play):
        sent, pair = each.sent, (each.sent.client, targets[each.sent.server])
        who, held = at(play, sent.time, sent.client), locks.setdefault(pair, {})
        if each.request is not None:
            if sent.arrived is not None and not sent.status:
                if sent.opcode in wire.connect_opcodes and not sent.op_flags & wire.k.MSG_CONNECT_RECONNECT:
                    held.clear()
                held.update(_granted(each))
            continue
        for handle in given_back(each.message):
            held.pop(handle, None)
        fresh = (sent.client, sent.xid) not in first
        first.add((sent.client, sent.xid))
        if sent.opcode == wire.k.LDLM_ENQUEUE and pair in since:
            since[pair].add(_object(wire, sent))
        elif isinstance(each.asked, ObjectWrite) and fresh and pair in since:
            covered = each.asked.id in since[pair]
            verdict.must(covered, f"{who} writes to {each.asked.id} under no lock asked for since its release")
        if sent.place in releases:
            for uuid in uuids if play.policy.scope is Scope.MGS else {pair[1]}:
                left = locks.get((sent.client, uuid), {})
                verdict.must(not left, f"{who} has {len(left)} locks of {uuid} left: {', '.join(left.values())}")
                since[sent.client, uuid] = set()


def _object(wire: Wire, sent: Message) -> int:
    return int(wire.lock_request(sent).lock_desc.l_resource.lr_name.name[0])


def _granted(answer: Decoded) -> dict[int, str]:
    """The lock that an answer grants, by the server's handle; not the all-access lock, nor users' own (FLOCK)."""
    reply = getattr(answer.message.buffers, "dlm_rep", None)
    if reply is None or not reply.lock_handle.cookie or not reply.lock_desc.l_granted_mode:
        return {}
    about, k = reply.lock_desc.l_resource, names(answer.message.dialect)
    if about.lr_type == k.LDLM_FLOCK or tuple(about.lr_name.name[:2]) == tuple(ACCESS[:2]):
        return {}
    return {reply.lock_handle.cookie: f"{answer.message.name} of {list(about.lr_name.name)}"}


def given_back(request: rpc.Message) -> list[int]:
    """Handles of the locks that a request gives back, by itself or on its way."""
    dlm = getattr(request.buffers, "dlm_req", None)
    if dlm is None:
        return []
    return [h.cookie for h in dlm.lock_handle[1 if request.name.startswith("LDLM_ENQUEUE") else 0 :] if h.cookie]


@invariant("B5")
def b5(play: Play, verdict: Verdict) -> None:
    """Everybody is done or evicted before QUIET, and QUIET comes within the callback timeout."""
    found = list(stops(play))
    for stop in found:
        said = stop.said
        if not said.crashed:
            marks = (f.time for f in play.flushed[said.flushes : said.last] if f.target == said.target and f.clean)
            below = (s.said.time for s in found if said.holds and said.place < s.said.place < said.end)
            signs = [m.time for m in stop.told] + [*below]
            if not signs:  # who has told nobody may still wait for somebody to leave
                signs = [min([*marks, said.ended, play.now]) - LINGER]
            took = min(signs) - said.time
            most = CALLBACK_TIMEOUT + SLACK + play.simulator.behind
            verdict.must(took <= most, f"{at(play, said.time, said.nid)} is not quiet after {most:.1f} s")
        for notice in stop.told:
            who = at(play, notice.time, notice.server)
            early = notice.time < stop.quiet and notice.time < said.time + CALLBACK_TIMEOUT - SLACK
            missing = stop.awaited - stop.releases.keys()
            away = all(patient(play, client, said.holder, notice.time) for client in missing)
            held = all((m.arrived or inf) <= notice.time for m in stop.releases.values())
            verdict.must(not early or (away and held), f"{who} tells of a commit before everybody is done")
        if stop.awaited <= stop.releases.keys():
            for answer in (m for m in play.wire().of(Kind.REPLY) if m.server == said.nid):
                if answer.status == -errno.EAGAIN and said.place <= answer.place < said.end:
                    who = f"{at(play, answer.time, answer.server)} turned {play.name_of(answer.client)} away"
                    verdict.must(answer.time >= stop.quiet, f"{who} before everybody was done")


@invariant("B7")
def b7(play: Play, verdict: Verdict) -> None:
    """After RUN is resumed open files are usable and nothing acknowledged is lost."""
    if not play.policy.keeps_clients or play.went_back() or any(s.forced for s in play.starts()):
        return
    blameless = play.untouched()
    for worker in play.workers:
        if worker.client.nid in blameless and worker.ledger.acknowledged:
            signals = sum(1 for _, call in interrupted(play) if call.client == worker.client.nid and call.status)
            unasked = sum(worker.ledger.failed.values()) - signals
            verdict.must(unasked == 0, f"{worker.home}: calls failed: {worker.ledger.failed}, interrupted: {signals}")
    for line in play.lost or []:
        verdict.must(False, line)


def interrupted(play: Play) -> Iterator[tuple[Signalled, Asked]]:
    """Signals with the call each came to."""
    for signal in play.signalled:
        for call in play.asked():
            if call.client == signal.client and call.began < signal.time <= call.ended:
                yield signal, call


@invariant("B9")
def b9(play: Play, verdict: Verdict) -> None:
    """A call that is held back can be interrupted, and nothing is sent for it."""
    wire = play.wire()
    passing = goes_on(wire)
    for signal, call in interrupted(play):
        sent = [
            m.time for m in wire.of(Kind.REQUEST)
            if m.client == call.client and call.began <= m.time <= call.ended and m.opcode not in passing
        ]  # fmt: skip
        if not any(time < signal.time for time in sent):  # else it was not held back
            over = call.ended <= signal.time + SLACK and call.status == -errno.EINTR
            why = f"{at(play, signal.time, signal.client)}: {call.name} ended with {call.status} at {call.ended:.3f}"
            verdict.must(over and not sent, f"{why}, {len(sent)} requests")


@invariant("B11")
def b11(play: Play, verdict: Verdict) -> None:
    """A barrier set by hand is lifted by hand only.

    Until then its client makes nothing new for that server but what cleaning and recovery need.
    """
    wire, targets = play.wire(), play.targets()
    k = wire.k
    first: dict[tuple[int, int], Message] = {}
    for message in wire.of(Kind.REQUEST):
        first.setdefault((message.client, message.xid), message)
    for begun, end in _by_hand(play):
        verdict.seen += 1
        own = (m for m in first.values() if m.client == begun.client and targets[m.server] == begun.target)
        mine = [m for m in own if begun.time < m.time < end]
        emptied = min((m.time for m in mine if m.opcode in (k.MDS_SYNC, k.OST_SYNC)), default=end)
        calls = [c for c in play.asked() if c.client == begun.client]
        for message in mine:
            time, passing = message.time, goes_on(wire) | {k.LDLM_CANCEL, k.MDS_SYNC, k.OST_SYNC}
            cleans = time <= emptied and message.opcode in (k.MDS_CLOSE, k.OST_WRITE, k.OST_PUNCH)
            if message.opcode in passing or cleans or message.flags & k.MSG_REPLAY or of_recovery(wire, message):
                continue
            reads = emptied if play.policy.held is Held.UPDATES else begun.time
            under_way = any(c.began <= (reads if c.name in READING else begun.time) and time <= c.ended for c in calls)
            why = f"{at(play, time, begun.client)}: opcode {message.opcode} behind the barrier set at {begun.time:.3f}"
            verdict.must(under_way, why)


def _by_hand(play: Play) -> Iterator[tuple[ByHand, float]]:
    """Barriers set by hand, where none was closed then, and until when: the command to lift it, the client's end, or
    its eviction."""
    targets, taken = play.targets(), waits(play)
    for number, begun in enumerate(play.by_hand):
        client, target = begun.client, begun.target
        nodes = {nid for nid, each in targets.items() if each == target}
        shut = any(w.release.client == client and w.about & nodes and w.release.time <= begun.time <= w.over
                   for w in taken)  # fmt: skip
        shut |= any(d.client == client and d.about & nodes and d.begin <= begun.time <= d.end
                    for d in drains(play))  # fmt: skip
        if not begun.on or shut:
            continue
        ends = [o.time for o in play.by_hand[number:] if not o.on and (o.client, o.target) == (client, target)]
        ends += [time for time, who in play.mishaps.deaths if who == client and time > begun.time]
        ends += [e.told or e.time for e in play.evictions() if e.client == client and e.time > begun.time]
        yield begun, min(ends, default=inf)


@invariant("B12")
def b12(play: Play, verdict: Verdict) -> None:
    """A client releases only when it has nothing in flight and nothing uncommitted: each by itself."""
    wire = play.wire()
    passing = goes_on(wire) | {wire.k.LDLM_CANCEL}  # a cancel that is lost is not sent again
    targets = play.targets()
    releases = {m.place for m in wire.first_releases}
    open_: dict[tuple[int, str], dict[int, Message]] = {}
    done: dict[tuple[int, str], int] = {}
    answers = sorted((m for m in wire.of(Kind.REPLY) if m.arrived is not None), key=lambda m: m.arrived or 0.0)
    number = 0
    told: dict[tuple[int, str], int] = {}
    starts = sorted(play.began, key=lambda begun: begun.place)
    for message in wire.of(Kind.REQUEST):
        while starts and starts[0].place <= message.place:  # what the last start did not answer is sent to this one
            begun = starts.pop(0)
            for pair in [pair for pair in open_ if pair[1] == begun.target]:
                open_[pair].clear()
        while number < len(answers) and (answers[number].arrived or 0.0) <= message.time:
            answer, number = answers[number], number + 1
            pair = answer.client, targets[answer.server]
            waiting = open_.setdefault(pair, {})
            if answer.opcode in wire.connect_opcodes and not answer.status and not answer.op_flags & _known(wire):
                waiting.clear()
            waiting.pop(answer.xid, None)
            done[pair] = max(done.get(pair, 0), answer.transno)
            told[pair] = max(told.get(pair, 0), answer.committed)
        pair = message.client, targets[message.server]
        if message.place in releases:
            mgs = play.policy.scope is Scope.MGS
            for each in [(message.client, uuid) for uuid in set(targets.values()) - {"MGS"}] if mgs else [pair]:
                who, left = at(play, message.time, message.client), open_.get(each, {})
                verdict.must(not left, f"{who} released with {sorted(m.opcode for m in left.values())} unanswered")
                most, known = done.get(each, 0), told.get(each, 0)
                verdict.must(most <= known, f"{who} released with {most:#x} done and {known:#x} known to be on disk")
        if message.opcode not in passing:
            open_.setdefault(pair, {})[message.xid] = message


def _known(wire: Wire) -> int:
    return int(wire.k.MSG_CONNECT_RECONNECT | wire.k.MSG_CONNECT_RECOVERING)


@invariant("B13")
def b13(play: Play, verdict: Verdict) -> None:
    """While one server is behind the barrier, clients go on working with the others."""
    wire = play.wire()
    mds = {node.nid for node in play.nodes.values() if play.is_metadata(node.nid)}
    passing = goes_on(wire)
    requests = [m for m in wire.of(Kind.REQUEST) if m.opcode not in passing]
    all_waits = waits(play) if play.policy.scope is Scope.TARGET else []
    shut = [(w.release.client, w.release.time, w.over) for w in all_waits if w.about & mds]
    down = [(time, inf) for time, who in play.mishaps.crashes if who in mds]
    for wait in all_waits:
        client, begin, end = wait.release.client, wait.release.time, wait.over
        if wait.about & mds:
            continue
        own = [m for m in requests if m.client == client and begin <= m.time]
        verdict.seen += sum(1 for m in own if m.server not in wait.about and m.time < end)
        other = [*down, *((b, e) for who, b, e in shut if who == client)]
        if any(b <= end and begin <= e for b, e in other):
            continue
        for call in play.asked():
            mine = call.client == client and begin < call.began < end
            if mine and call.name not in DATA | DESTROYING | {"close"}:  # what it needs is the MDS and nothing else
                asked = any(m.server in mds and call.began <= m.time < end for m in own)
                fine = call.ended <= end or asked or call.began + SLACK > end
                verdict.must(fine, f"{at(play, call.began, client)}: {call.name} needs the MDS and waited for another")


@invariant("B14")
def b14(play: Play, verdict: Verdict) -> None:
    """Every file that is open has its open kept: who comes back to a new start makes each of them again."""
    wire = play.wire()
    targets = play.targets()
    files: dict[tuple[int, str], dict[int, set[int]]] = {}
    owed: dict[tuple[int, str], set[int]] = {}
    for each in decoded(play):
        sent, pair = each.sent, (each.sent.client, targets[each.sent.server])
        mine = files.setdefault(pair, {})
        if each.request is None:
            if isinstance(each.asked, Close):
                for xid in [xid for xid, handles in mine.items() if each.asked.handle in handles]:
                    del mine[xid]
                    owed.get(pair, set()).discard(xid)
            elif sent.flags & wire.k.MSG_REPLAY:
                owed.get(pair, set()).discard(sent.xid)
        elif sent.arrived is None or sent.status < 0:
            continue
        elif sent.opcode in wire.connect_opcodes:
            if not sent.op_flags & wire.k.MSG_CONNECT_RECONNECT:
                if not sent.op_flags & wire.k.MSG_CONNECT_RECOVERING:
                    mine.clear()
                    owed.pop(pair, None)
                else:
                    owed.setdefault(pair, set()).update(mine)
        elif "INTENT_OPEN" in each.request.name and each.said is not None and each.said.handle:
            mine.setdefault(sent.xid, set()).add(each.said.handle)
        elif sent.opcode == wire.k.OBD_PING:
            asked = wire.request_of(sent)
            if asked is not None and asked.flags & _done(wire) == _done(wire) and pair in owed:
                left = owed.pop(pair)
                who = at(play, sent.time, sent.client)
                verdict.must(not left, f"{who} is back and did not make {len(left)} opens again")


def _done(wire: Wire) -> int:
    return int(wire.k.MSG_REQ_REPLAY_DONE | wire.k.MSG_LOCK_REPLAY_DONE)


@invariant("B15")
def b15(play: Play, verdict: Verdict) -> None:
    """While the lock is wanted nobody gets it, and who did not give it back is forgotten before the clean mark."""
    wire = play.wire()
    for stop in stops(play):
        said = stop.said
        for answer in wire.of(Kind.REPLY, wire.k.LDLM_ENQUEUE):
            asked = wire.request_of(answer)
            mine = answer.server == said.holder and said.place <= answer.place < said.end and not answer.status
            if mine and asked is not None and stop.awaited and wire.about_access(asked):
                who = f"{at(play, answer.time, answer.server)} gave {play.name_of(answer.client)}"
                verdict.must(not wire.granted_lock(answer), f"{who} the lock it wants back")
        if said.holds or said.crashed:
            continue
        for marked in (f for f in play.flushed[said.flushes : said.last] if f.target == said.target and f.clean):
            known = {play.client_of(uuid.decode()) for uuid in marked.clients}
            for client in stop.asked:
                done = client in stop.releases
                who = f"{at(play, marked.time, said.nid)} is marked clean and knows {play.name_of(client)}"
                verdict.must(done or play.name_of(client) not in known, f"{who}, which has its lock")
