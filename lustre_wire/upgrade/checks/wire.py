"""Invariants read off the network and the disks: what a server or a client says of itself is not asked here."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from math import inf

import attrs

from lustre_wire import rpc
from lustre_wire.checking.verdict import Verdict
from lustre_wire.dialects import dialect
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.names import names
from lustre_wire.recovery.target import SILENCE
from lustre_wire.recovery.timeouts import RECOVERY_SOFT
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.operations import NOBODY, Ident
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.checks.common import SLACK, at, invariant
from lustre_wire.upgrade.checks.traffic import decoded
from lustre_wire.upgrade.evidence.records import Flushed, Stopped
from lustre_wire.upgrade.evidence.same_layout import same_layout
from lustre_wire.upgrade.evidence.wire import Kind, Message, Wire
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.protocol.policy import Newcomers, Notice, Scope
from lustre_wire.upgrade.stage.play import Play

#: Answers of a server that did not look into a request.
REFUSALS = frozenset({-errno.EAGAIN, -errno.ENOTCONN, -errno.EBUSY, -errno.ENODEV})


@attrs.frozen
class Stop:
    """One stop, as the network shows it.

    Attributes:
        said: the operator's command.
        releases: by client, the first release that arrived while the stop was under way.
        asked: clients that were asked for the lock; `awaited` those, and whoever else was connected.
        told: what says that all is committed: notices, or answers to releases that were kept back.
        quiet: from when on nobody may have anything to ask any more: the last release, or the timeout.
    """

    said: Stopped
    releases: dict[int, Message]
    asked: frozenset[int]
    awaited: frozenset[int]
    told: tuple[Message, ...]
    quiet: float


def stops(play: Play) -> Iterator[Stop]:
    """The controlled stops of a play."""
    if not play.policy.controlled:
        return
    wire = play.wire()
    revocations, releases, notices = wire.revocations, wire.releases, wire.notices
    answers = [(wire.request_of(m), m) for m in wire.of(Kind.REPLY, wire.k.LDLM_CANCEL) if not m.status]
    if play.policy.notice is Notice.WITHHELD:
        places = {m.place for m in releases}
        notices = [m for asked, m in answers if asked is not None and asked.place in places]
    for said in play.stopped:
        own = play.policy.scope is Scope.TARGET or said.holds
        span = (lambda m, s=said: m.server == s.holder and s.place <= m.place < s.end) if own else (lambda m: False)
        asked = frozenset(m.client for m in revocations if span(m))
        first: dict[int, Message] = {}
        for message in releases:
            if span(message) and message.arrived is not None and message.arrived <= said.ended:
                first.setdefault(message.client, message)
        awaited = asked | (connected(play, said.holder, said.place).keys() if own else frozenset())
        came = [m.arrived for client, m in first.items() if m.arrived is not None and client in awaited]
        last = max(came, default=said.time)
        quiet = last if awaited <= first.keys() else max(last, said.time + CALLBACK_TIMEOUT + SLACK)
        yield Stop(said, first, asked, awaited, tuple(m for m in notices if span(m)), quiet)


def connected(play: Play, server: int, place: int) -> dict[int, bytes]:
    """Clients connected with a server at a place of the recording, and their UUIDs."""
    wire = play.wire()
    begun = max((b.place for b in play.began if b.nid == server and b.place <= place), default=0)
    found = {
        asked.client: wire.who(asked) for asked, answer in wire.connects
        if asked.server == server and begun <= answer.place < place and not answer.status
    }  # fmt: skip
    gone = wire.of(Kind.REQUEST, wire.k.MDS_DISCONNECT, wire.k.OST_DISCONNECT, wire.k.MGS_DISCONNECT)
    left = {m.client for m in gone if m.server == server and begun <= m.place < place}
    return {client: uuid for client, uuid in found.items() if client not in left}


def released_in(play: Play, stop: Stopped) -> frozenset[int]:
    """Clients that gave their lock back in the stop of a target, to it or to the MGS."""
    found = list(stops(play))
    around = (s for s in found if s.said.holds and s.said.place <= stop.place < s.said.end)
    own = (s for s in found if s.said is stop)
    return frozenset().union(*(s.releases for s in (*own, *around)))


def _disk(play: Play, target: str) -> list[Flushed]:
    return [flushed for flushed in play.flushed if flushed.target == target]


def _served(play: Play, stop: Stopped) -> int:
    """The place from which on the node that is stopped served."""
    return max((b.place for b in play.began if b.nid == stop.nid and b.place <= stop.place), default=0)


def goes_on(wire: Wire) -> frozenset[int]:
    """Opcodes a server answers to its last moment."""
    k = wire.k
    return wire.connect_opcodes | {k.OBD_PING, k.MDS_DISCONNECT, k.OST_DISCONNECT, k.MGS_DISCONNECT}


def _lost(play: Play, nid: int, before: float) -> bool:
    """Did a client crash, or was it cut off, before a time?"""
    return any(who == nid and when <= before for when, who in play.mishaps.deaths) or any(
        absence.nid == nid and absence.begin <= before for absence in play.mishaps.absences
    )


@invariant("SI12")
def si12(play: Play, verdict: Verdict) -> None:
    """Clients are told that all is committed when it is, on the disk, and everybody who released is told."""
    wire = play.wire()
    found = list(stops(play))
    for stop in found:
        served = [s for s in found if not s.said.holds and stop.said.place <= s.said.place < stop.said.end]
        for notice in stop.told:
            who = at(play, notice.time, notice.server)
            below = [s for s in ([stop] if not stop.said.holds else served) if s.said.time <= notice.time]
            verdict.must(bool(below), f"{who} tells of a commit, and no target was stopped")
            for each in below:
                _on_disk(play, wire, each, stop, notice, verdict)
        halted = [each for each in served if not each.said.crashed and each.said.ended < inf]
        if stop.said.crashed or stop.said.ended == inf or (stop.said.holds and not halted):
            continue
        for client, release in stop.releases.items():
            told = any(m.client == client and m.place > release.place for m in stop.told)
            excused = _lost(play, client, stop.said.ended) or _down(play, client, release.time, stop.said.ended)
            excused |= _evicted(play, client, stop.said)  # with what right is for SI7 to say
            why = f"{at(play, stop.said.ended, stop.said.nid)} went down without telling {play.name_of(client)}"
            verdict.must(told or excused, why)


def _on_disk(play: Play, wire: Wire, target: Stop, stop: Stop, notice: Message, verdict: Verdict) -> None:
    """At a notice, everything the target answered is on its disk, and the disk was flushed since the last release."""
    said = target.said
    came = [m.arrived for m in stop.releases.values() if m.arrived is not None and m.arrived <= notice.time]
    since = max(came, default=said.time)
    notes = [f for f in _disk(play, said.target) if f.place <= notice.place and f.time <= notice.time]
    who = f"{at(play, notice.time, notice.server)} told {play.name_of(notice.client)}"
    verdict.must(any(f.time >= since for f in notes), f"{who}: nothing was committed since the last release")
    answered = (
        m.transno for m in wire.of(Kind.REPLY) if m.server == said.nid and _served(play, said) <= m.place < notice.place
    )
    most, held = max(answered, default=0), notes[-1].transno if notes else 0
    verdict.must(most <= held, f"{who}: {most:#x} was answered and {held:#x} is on disk")


def _evicted(play: Play, client: int, stop: Stopped) -> bool:
    """Did the target that is stopped evict a client in the stop?"""
    return any(
        each.client == client and each.target == stop.target and stop.time <= each.time <= stop.ended
        for each in play.evictions()
    )  # fmt: skip


def _down(play: Play, nid: int, begin: float, end: float) -> bool:
    """Was a server down, or started anew, in this time? An MDS is a client of its OSTs."""
    return any(who == nid and when <= end for when, who in play.mishaps.crashes) or any(
        s.nid == nid and s.time <= end and s.ended >= begin for s in play.stopped
    )


@invariant("B10")
def b10(play: Play, verdict: Verdict) -> None:
    """A replayed open has the number, transno, flags and object of the first; in another dialect it creates nothing."""
    replay, resent = play.wire().k.MSG_REPLAY, play.wire().k.MSG_RESENT
    first: dict[tuple[int, int], op.Open] = {}
    answers: dict[tuple[int, int], tuple[int, Ident, str]] = {}
    for each in decoded(play):
        sent, message, request = each.sent, each.message, each.request
        if "INTENT_OPEN" not in (request or message).name or not play.is_metadata(sent.server) or each.found is None:
            continue
        key, asked = (sent.client, sent.xid), each.found[1]
        if request is not None:
            if sent.transno and sent.arrived is not None:
                answers.setdefault(key, (sent.transno, each.said.ident, message.dialect.name))  # type: ignore[union-attr]
        elif key not in first:
            first[key] = asked
        elif sent.flags & replay or not sent.flags & resent:  # else it is sent again for want of an answer
            who, k = at(play, sent.time, sent.client), names(message.dialect)
            transno, ident, made = answers.get(key, (0, NOBODY, ""))
            verdict.must(sent.transno == transno, f"{who}: a replayed open has another transno")
            making = k.MDS_OPEN_CREAT | k.MDS_OPEN_EXCL | k.MDS_OPEN_TRUNC if made != message.dialect.name else 0
            flags = first[key].flags & ~making
            verdict.must(asked.flags == flags, f"{who}: an open replayed with flags {asked.flags:#o}, not {flags:#o}")
            verdict.must(asked.child[:2] == ident[:2], f"{who}: an open of {ident} replayed for {asked.child}")


@invariant("TH9")
def th9(play: Play, verdict: Verdict) -> None:
    """Once all clients are done or evicted a server answers nothing but ping, good-bye, and that it is leaving."""
    wire = play.wire()
    passing = goes_on(wire)
    releases = {m.place for m in wire.releases}
    for stop in (stop for stop in stops(play) if not stop.said.holds):  # an MGS that takes locks back goes on serving
        for reply in wire.of(Kind.REPLY):
            if reply.server != stop.said.nid or not stop.said.place <= reply.place < stop.said.end:
                continue
            asked = wire.request_of(reply)
            if asked is None or asked.opcode in passing or asked.place in releases or asked.place < stop.said.place:
                continue
            if asked.arrived is not None and asked.arrived > stop.quiet:
                who = f"{at(play, reply.time, reply.server)} answered {play.name_of(reply.client)}"
                verdict.must(reply.status in REFUSALS, f"{who} with {reply.status} to opcode {asked.opcode} when quiet")


@invariant("B2")
def b2(play: Play, verdict: Verdict) -> None:
    """Between its release and the restart a client sends nothing but ping, release, disconnect and connect."""
    wire = play.wire()
    allowed = goes_on(wire) | {wire.k.LDLM_CANCEL}
    for release, message in _after_releases(play):
        who = at(play, message.time, message.client)
        verdict.must(message.opcode in allowed, f"{who}: opcode {message.opcode} after its release {release.time:.3f}")


@invariant("B8")
def b8(play: Play, verdict: Verdict) -> None:
    """A client that was asked for its lock stays connected until the notice."""
    wire = play.wire()
    left = wire.of(Kind.REQUEST, wire.k.MDS_DISCONNECT, wire.k.OST_DISCONNECT)
    for stop in stops(play):
        heard = {m.client: m.arrived for m in reversed(stop.told) if m.arrived is not None}
        gone = [m for m in left if m.client in stop.asked and stop.said.place <= m.place < stop.said.end]
        verdict.seen += len(stop.told)
        for message in gone:
            if message.server == stop.said.holder or stop.said.holds:
                early = heard.get(message.client, inf) > message.time
                verdict.must(not early, f"{at(play, message.time, message.client)} left before it had the notice")


@invariant("SI14")
def si14(play: Play, verdict: Verdict) -> None:
    """After its release a client makes nothing new until the new start knows it and its files are open again."""
    wire = play.wire()
    replay, passing = wire.k.MSG_REPLAY, goes_on(wire) | {wire.k.LDLM_CANCEL}
    first: dict[tuple[int, int], Message] = {}
    for message in wire.of(Kind.REQUEST):
        if message.opcode not in passing and not message.flags & replay:
            first.setdefault((message.client, message.xid), message)
    for wait in waits(play):
        mine = (m for m in first.values() if m.client == wait.release.client and m.server in wait.about)
        for made in (m for m in mine if m.xid > wait.release.xid):
            early = made.xid < wait.last or made.time < wait.over
            why = f"{at(play, made.time, made.client)}: opcode {made.opcode} was made before it was back"
            verdict.must(not early or of_recovery(wire, made), why)


def of_recovery(wire: Wire, message: Message) -> bool:
    """Is it the replay of a lock, or a request for the all-access lock?"""
    if message.opcode != wire.k.LDLM_ENQUEUE:
        return False
    return bool(wire.lock_request(message).lock_flags & wire.k.LDLM_FL_REPLAY) or wire.about_access(message)


@attrs.frozen
class Wait:
    """A client that released its lock: `about` are the nodes it may not bother until `end`, when it is connected with a
    new start of one, and nothing is made for them until `over`, when that has recovered it.

    Attributes:
        last: the number of the request that ended its recovery, 0 if none did. Numbers are given in the order of
            making: what has a smaller one was made before, whenever it was sent.
    """

    release: Message
    about: frozenset[int]
    end: float
    over: float
    last: int = 0


def waits(play: Play) -> list[Wait]:
    """Every release and what it began."""
    if not play.policy.controlled:
        return []
    wire = play.wire()
    k, gone = wire.k, [*play.mishaps.deaths, *play.mishaps.crashes]
    answered: dict[tuple[int, int], list[Message]] = {}
    for connect, answer in wire.connects:
        if not answer.status:
            answered.setdefault((connect.client, connect.server), []).append(answer)
    fresh = []
    for (client, target), answers in answered.items():
        for first in (each for each in answers if not each.op_flags & k.MSG_CONNECT_RECONNECT):
            # a lost answer counts from when its client hears another one
            heard = (each.arrived for each in answers if each.arrived is not None and each.place >= first.place)
            fresh.append((client, target, min(heard, default=inf), first.op_flags & k.MSG_CONNECT_RECOVERING))
    done = k.MSG_REQ_REPLAY_DONE | k.MSG_LOCK_REPLAY_DONE
    recovered = [
        (reply.client, reply.server, reply.arrived, reply.xid) for reply in wire.of(Kind.REPLY, k.OBD_PING)
        if (asked := wire.request_of(reply)) is not None and asked.flags & done == done and reply.arrived is not None
    ]  # fmt: skip
    recovered += [  # where the answer to the last ping was lost, a connect says that recovery is over
        (client, target, each.arrived, 0)
        for (client, target), answers in answered.items()
        for each in answers
        if each.arrived is not None and not each.op_flags & k.MSG_CONNECT_RECOVERING
    ]
    nodes: dict[str, set[int]] = {}
    for node in play.nodes.values():
        nodes.setdefault(node.uuid.decode(), set()).add(node.nid)
    found = []
    for release in wire.first_releases:
        own = next(nids for nids in nodes.values() if release.server in nids)
        about = set.union(*nodes.values()) - own if play.policy.scope is Scope.MGS else own
        starts = [(t, s, r) for c, s, t, r in fresh if c == release.client and s in about | own and t > release.time]
        when, server, recovering = min(starts, default=(inf, 0, 0))
        over, last = when, 0
        if recovering:
            mine = ((t, xid) for c, s, t, xid in recovered if c == release.client and s == server and t > when)
            over, last = min(mine, default=(inf, 0))
        died = min((t for t, who in gone if who == release.client and t > release.time), default=inf)
        found.append(Wait(release, frozenset(about), min(when, died), min(over, died), last))
    return found


def _after_releases(play: Play) -> Iterator[tuple[Message, Message]]:
    """What a client sends after a release, to servers its lock was about, until it is connected with a new start."""
    requests = play.wire().of(Kind.REQUEST)
    for wait in waits(play):
        for message in requests:
            mine = message.client == wait.release.client and message.server in wait.about
            if mine and wait.release.place < message.place and message.time < wait.end:
                yield wait.release, message


@invariant("SI7")
def si7(play: Play, verdict: Verdict) -> None:
    """Who is evicted was away or missed a callback, and was waited for as long as Lustre waits; or the policy evicts.

    Away is also who died; and who could not replay because another was missing is evicted by right.
    """
    happened = play.mishaps
    lost = [(each.nid, each.begin) for each in happened.absences] + [(who, time) for time, who in happened.deaths]
    forgets = not play.policy.keeps_clients
    forced = [
        start.time for start in play.starts()
        if start.metadata and ((start.forced and play.policy.start_rule) or start.back or (start.changed and forgets))
    ] + play.forced  # fmt: skip
    servers = play.targets()
    for each in play.evictions():
        client, time = each.client, each.time
        if client in servers:  # an MDS, which is a client of its OSTs
            continue
        who = f"{time:.3f} {play.name_of(client)} was evicted by {each.target}"
        away = any(nid == client and begin <= time for nid, begin in lost)
        failed = any(begin <= time for _, begin in lost) and any(
            refusal.client == client and refusal.time <= time for refusal in play.wire().version_failures
        )
        nids = [nid for nid, target in servers.items() if target == each.target]
        unheard = away or any(_missed(play, client, nid, time) for nid in nids)
        by_right = failed or any(start <= time for start in forced)
        verdict.must(unheard or by_right, f"{who} and had never been away")
        waited = each.told is not None or any(patient(play, client, nid, time) for nid in nids)
        waited = waited or _given_up_by_all(play, client, time)
        verdict.must(waited or by_right or not unheard, f"{who} before its time")


def _given_up_by_all(play: Play, client: int, time: float) -> bool:
    """Where the MGS has the locks of all: did it wait for this client in vain as long as a callback may take, and has
    the client not come back to it since? (An MGS that crashed remembers nobody, and cannot ask who has not come back.)
    """
    if play.policy.scope is not Scope.MGS:
        return False
    mgs = play.nodes["mgs"].nid
    begun = max((b.time for b in play.began if b.nid == mgs and b.time <= time), default=0.0)
    late = time - CALLBACK_TIMEOUT + SLACK
    asked = [s.time for s in play.stopped if s.holds and begun <= s.time <= late]
    since = max(asked) + CALLBACK_TIMEOUT - SLACK if asked else begun
    came = any(
        request.client == client and request.server == mgs and since <= answer.time <= time and not answer.status
        for request, answer in play.wire().connects
    )
    return patient(play, client, mgs, time) and not came


def _missed(play: Play, client: int, server: int, time: float) -> bool:
    """Was a callback that ran out by then lost, or its answer?"""
    return any(
        m.client == client and m.server == server and m.time <= time - CALLBACK_TIMEOUT + SLACK
        and (m.arrived is None or m.answered is None) for m in play.wire().of(Kind.CALLBACK)
    )  # fmt: skip


def patient(play: Play, client: int, server: int, time: float) -> bool:
    """Has a server that counts a client as gone by this time waited for it as long as Lustre does: for the answer to a
    callback, for the release of the all-access lock, for any message at all, or for it to come back and recover?"""
    wire, late = play.wire(), time - CALLBACK_TIMEOUT + SLACK
    begun = max((b.time for b in play.began if b.nid == server and b.time <= time), default=0.0)
    if any(m.client == client and m.server == server and begun <= m.time <= late for m in wire.of(Kind.CALLBACK)):
        return True
    if any(stop.holder == server and begun <= stop.time <= late for stop in play.stopped):
        return True
    back = [(asked, answer) for asked, answer in wire.connects
            if asked.server == server and begun <= answer.time <= time and not answer.status]  # fmt: skip
    recovering = [answer.time for _, answer in back if answer.op_flags & wire.k.MSG_CONNECT_RECOVERING]
    if recovering and min(recovering) <= time - RECOVERY_SOFT + SLACK:
        return True
    if not any(asked.client == client for asked, _ in back):  # nobody it knows: there is nothing to wait for
        return not recovering
    gone = max((t for t, who in play.mishaps.deaths if who == client and t <= time), default=time)
    heard = (m.arrived for m in wire.of(Kind.REQUEST)
             if m.client == client and m.server == server and m.arrived is not None and m.arrived <= gone)  # fmt: skip
    return max(heard, default=begun) <= time - SILENCE + SLACK


@invariant("B6")
def b6(play: Play, verdict: Verdict) -> None:
    """No new client is let in from REVOKING to HALTED; it gets in after the restart."""
    if play.policy.newcomers is Newcomers.HOLD:
        return
    wire = play.wire()
    old = wire.k.MSG_CONNECT_RECONNECT | wire.k.MSG_CONNECT_RECOVERING
    controlled = [stop for stop in play.stopped if play.policy.controlled]
    for asked, answer in wire.connects:
        for stop in controlled:
            arrived = asked.arrived if asked.arrived is not None else inf
            if asked.server == stop.nid and stop.place <= asked.place and arrived < stop.ended:
                who = f"{at(play, answer.time, answer.server)}: {play.name_of(asked.client)}, which is new, was let in"
                verdict.must(bool(answer.status or answer.op_flags & old), f"{who} during the stop")
    for task, client in play.mounting:
        verdict.must(
            not client.up or (task.done and task.error is None) or client.nid in play.mishaps.cut_off,
            f"{play.name_of(client.nid)}: not mounted in the end",
        )


@invariant("S2")
def s2(play: Play, verdict: Verdict) -> None:
    """The clean mark comes to disk last of a controlled stop, and goes before anything else of a start does."""
    found = [stop for stop in stops(play) if not stop.said.holds]
    begun = {b.flushes for b in play.began}
    clean: dict[str, bool] = {}
    for number, flushed in enumerate(play.flushed):
        who = f"{flushed.time:.3f} {flushed.target}"
        mine = (stop for stop in found if stop.said.target == flushed.target)
        stop = next((stop for stop in mine if stop.said.flushes <= number < stop.said.last), None)
        before, clean[flushed.target] = clean.get(flushed.target, False), flushed.clean
        runs = [b.version for b in play.began if b.target == flushed.target and b.flushes <= number]
        if flushed.version and runs:
            verdict.must(flushed.version == runs[-1], f"{who}: the mark says {flushed.version}, {runs[-1]} runs")
        if before and not flushed.clean:
            verdict.must(number in begun, f"{who}: the clean mark was taken away by no start")
        elif before:
            verdict.must(stop is not None, f"{who}: something is on disk before the mark is cleared")
        elif flushed.clean:
            verdict.must(stop is not None, f"{who}: a server that serves is marked clean")
            if stop is not None:
                _mark_is_last(play, stop, flushed, verdict)
    for stop in found:
        if not stop.said.crashed and stop.said.ended < inf:
            notes = [f for f in play.flushed[: stop.said.last] if f.target == stop.said.target]
            who = at(play, stop.said.ended, stop.said.nid)
            verdict.must(bool(notes) and notes[-1].clean, f"{who} left no clean mark")


def _mark_is_last(play: Play, stop: Stop, flushed: Flushed, verdict: Verdict) -> None:
    who = f"{at(play, flushed.time, stop.said.nid)} is marked clean"
    done = [m for m in stop.releases.values() if (m.arrived or inf) <= flushed.time]
    late = flushed.time >= stop.said.time + CALLBACK_TIMEOUT - SLACK or len(done) == len(stop.releases)
    verdict.must(late, f"{who} before everybody is done")
    passing = goes_on(play.wire())
    for message in play.wire().messages:
        if message.server == stop.said.nid and flushed.place <= message.place < stop.said.end:
            if message.kind is Kind.REPLY and message.status >= 0 and message.opcode not in passing:
                verdict.must(False, f"{who} and answers opcode {message.opcode} afterwards")
            elif message.kind is Kind.CALLBACK:
                verdict.must(False, f"{who} and calls {play.name_of(message.client)} back afterwards")


def _looked_into(play: Play) -> Iterator[tuple[Message, str, str]]:
    """Requests that came to an MDS over a live connection and were not refused by their head, answered or not, with the
    dialect they were made in and the MDS's own."""
    wire = play.wire()
    made = wire.spoken([dialect(version) for version in VERSIONS])
    refused = {a.place for m in wire.of(Kind.REPLY) if m.status in REFUSALS and (a := wire.request_of(m)) is not None}
    accepted = [(asked.client, asked.server, answer) for asked, answer in wire.connects if not answer.status]
    for asked in wire.of(Kind.REQUEST):
        if asked.arrived is None or asked.opcode == wire.k.MDS_CONNECT or not play.is_metadata(asked.server):
            continue
        served = [b for b in play.began if b.nid == asked.server and b.place <= asked.place]
        known = any(
            client == asked.client and server == asked.server and served[-1].place <= answer.place < asked.place
            for client, server, answer in accepted
        )  # fmt: skip
        if known and asked.place not in refused:
            yield asked, made[asked.place], served[-1].version


@invariant("dialect")
def dialects(play: Play, verdict: Verdict) -> None:
    """An MDS looks into requests of its own dialect only, those laid out alike in both aside."""
    for asked, made, own in _looked_into(play):
        name = "" if made == own else rpc.decode(asked.data, dialect(made)).name
        fits = made == own or same_layout(name, made, own)
        verdict.must(fits, f"{at(play, asked.time, asked.server)} in {own} read {name} made in {made}")


@invariant("TH5")
def th5(play: Play, verdict: Verdict) -> None:
    """A change without an answer is sent again under its own number, also when it is made anew in another dialect: only
    so is it known for what was done already."""
    wire = play.wire()
    answered = {(m.client, m.xid) for m in wire.of(Kind.REPLY) if m.arrived is not None and m.status not in REFUSALS}
    first: dict[tuple[int, object], Message] = {}
    made = wire.spoken([dialect(version) for version in VERSIONS])
    for message in wire.of(Kind.REQUEST, wire.k.MDS_REINT, wire.k.LDLM_ENQUEUE):
        what = _change(message, made[message.place]) if play.is_metadata(message.server) else None
        if what is None:
            continue
        before = first.setdefault((message.client, what), message)
        if before.xid != message.xid and (before.client, before.xid) not in answered:
            again = any(m.client == before.client and m.xid == before.xid and m.place > before.place
                        for m in wire.of(Kind.REQUEST))  # fmt: skip
            why = f"{at(play, message.time, message.client)}: {what[0]} of {before.xid:#x} sent as {message.xid:#x}"
            verdict.must(again, why)
        else:
            verdict.seen += 1


def _change(message: Message, made: str) -> tuple[object, ...] | None:
    """What a request changes, in words that are the same in every dialect; None if it changes nothing."""
    request = rpc.decode(message.data, dialect(made))
    found = packer(dialect(made)).read(request)
    asked = found[1] if found is not None else None
    creates = isinstance(asked, op.Open) and asked.flags & names(dialect(made)).MDS_OPEN_CREAT
    if asked is None or not hasattr(asked, "name") or not (creates or request.name.startswith("MDS_REINT")):
        return None
    return type(asked).__name__, tuple(getattr(asked, a)[:2] for a in ("parent",) if hasattr(asked, a)), asked.name
