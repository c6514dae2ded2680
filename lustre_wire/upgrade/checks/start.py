"""Invariants of starts, and whom a server then knows (S, D, E, G), checked in a finished play.

What a start did is read off the disk, from before it to when it was done, and off the answers to the connects that come
to it; what the operator did he says himself. Servers and clients are not asked.
"""

from __future__ import annotations

from math import inf

import attrs

from lustre_wire.checking.verdict import Verdict
from lustre_wire.dialects import dialect
from lustre_wire.recovery.timeouts import PING_INTERVAL, RECOVERY_SOFT
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.checks.common import SLACK, at, invariant
from lustre_wire.upgrade.checks.traffic import decoded, identities, shown
from lustre_wire.upgrade.checks.wire import connected, released_in, stops
from lustre_wire.upgrade.evidence.evictions import known
from lustre_wire.upgrade.evidence.same_layout import laid_out
from lustre_wire.upgrade.evidence.starts import Started
from lustre_wire.upgrade.evidence.wire import Kind, Message
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.stage.play import Play

#: Seconds after which a connection was used by who has it, whatever befell.
USED = 3 * PING_INTERVAL


def first_connects(play: Play, start: Started) -> dict[bytes, Message]:
    """The answer by which each client was let in first after a start, by its UUID."""
    wire, found = play.wire(), dict[bytes, Message]()
    for asked, answer in wire.connects:
        if answer.server == start.nid and start.place <= answer.place < start.last and not answer.status:
            found.setdefault(wire.who(asked), answer)
    return found


def kept(play: Play, start: Started) -> frozenset[bytes]:
    """Clients from before a start that have a slot afterwards, or are let in as ones that are known."""
    wire = play.wire()
    welcome = {uuid for uuid, answer in first_connects(play, start).items() if known(wire, answer)}
    return start.before & (start.after | welcome)


@invariant("S1")
def s1(play: Play, verdict: Verdict) -> None:
    """A client that was cut off during a controlled stop is evicted, by the target's node or the one it moved to."""
    wire, starts = play.wire(), play.starts()
    for stop in stops(play):
        said = stop.said
        if said.holds or said.crashed or said.ended == inf:
            continue
        done, there = released_in(play, said), connected(play, said.nid, said.place)
        marks = [f for f in play.flushed[: said.last] if f.target == said.target]
        after = next((start for start in starts if start.target == said.target and start.place >= said.end), None)
        for absence in play.mishaps.absences:
            away = absence.begin < said.ended and said.time < absence.end
            if not marks or not away or absence.nid in done or absence.nid not in there:
                continue
            uuid = there[absence.nid]
            answer = first_connects(play, after).get(uuid) if after is not None else None
            welcome = answer is not None and known(wire, answer)
            who = f"{play.name_of(absence.nid)} missed the stop of {said.target}"
            verdict.must(uuid not in marks[-1].clients and not welcome, f"{said.ended:.3f} {who} and is known")


@invariant("S3")
def s3(play: Play, verdict: Verdict) -> None:
    """The mark travels with the target: its partner's node starts it by what the last node left."""
    if not play.policy.start_rule:
        return
    for start in play.starts():
        if start.elsewhere:
            keeps = start.before <= start.after or start.back or start.forced
            fits = keeps and (not start.forced or start.target in play.insisted(start.time))
            verdict.must(fits, f"{start.time:.3f}: started in {start.version}, not by what the last node left")


@invariant("S4")
def s4(play: Play, verdict: Verdict) -> None:
    """After a forced start in another version nothing of the old dialect is replayed."""
    wire = play.wire()
    made = wire.spoken([dialect(version) for version in VERSIONS])
    asked = [m for m in wire.of(Kind.REQUEST) if play.is_metadata(m.server)]
    replays = [m for m in asked if m.flags & wire.k.MSG_REPLAY and m.transno]
    starts = [start for start in play.starts() if start.metadata]
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        if play.policy.start_rule and (start.forced or start.back):
            until, left = after.time if after is not None else inf, kept(play, start)
            old = [m for m in replays if start.time < m.time < until and made[m.place] != start.version]
            verdict.must(not old and not left, f"{start.time:.3f}: {len(old)} replays, {len(left)} known")


@invariant("D1")
def d1(play: Play, verdict: Verdict) -> None:
    """A step back evicts everybody."""
    for start in play.starts():
        if start.metadata and start.back and start.before:
            left = kept(play, start)
            verdict.must(not left, f"{start.time:.3f}: {len(left)} clients still known after a step back")
            came = {answer.client: answer for answer in first_connects(play, attrs.evolve(start, last=inf)).values()}
            for client in play.present_before(start.time):
                answer = came.get(client.nid)  # who was cut off comes after another start, perhaps
                told = answer is not None and not known(play.wire(), answer)
                verdict.must(told, f"{start.time:.3f} {play.name_of(client.nid)} was not evicted")


@invariant("D2")
def d2(play: Play, verdict: Verdict) -> None:
    """A step back behind the barrier loses nothing that was acknowledged."""
    if play.went_back() and play.lost is not None:
        verdict.must(not play.lost, "; ".join(play.lost))


@invariant("D4")
def d4(play: Play, verdict: Verdict) -> None:
    """No FID reaches a 1.8 server: what names an object there is an inode number of 32 bits."""
    for each in decoded(play):
        sent, message = each.sent, each.message
        by_inode = not packer(message.dialect).personality.client_names
        if each.request is None and by_inode and play.is_metadata(sent.server):
            for ident in identities(each):
                verdict.must(ident < 1 << 32, f"{at(play, sent.time, sent.client)}: {message.name} names {ident:#x}")


@invariant("D8")
def d8(play: Play, verdict: Verdict) -> None:
    """An object made under 2.0 that a 1.8 MDS told somebody of has lost its FID, on disk, before the answer."""
    if not play.went_back():
        return
    told = {ident[:2]: time for time, ident in shown(play)}
    had: set[tuple[int, int]] = set()
    for start in (start for start in play.starts() if start.metadata):
        for ident in sorted(had & told.keys()):
            if told[ident] < start.time:
                verdict.must(ident not in start.fids, f"{start.time:.3f} {start.version}: {ident} has its FID again")
        had |= start.fids


@invariant("E1")
def e1(play: Play, verdict: Verdict) -> None:
    """As shipped, the first start in another version forgets every client, before it answers a connect (E3)."""
    for start in play.starts():
        if start.metadata and start.changed and start.before and not play.policy.keeps_clients:
            left = kept(play, start)
            verdict.must(not left, f"{start.time:.3f} {start.version}: {len(left)} clients still known")


@invariant("E2")
def e2(play: Play, verdict: Verdict) -> None:
    """A start in the same version forgets nobody.

    Each client is on the disk afterwards, and let in as one that is known.
    """
    for start in play.starts():
        if not start.changed and start.before:
            late = min([start.time + RECOVERY_SOFT - SLACK, *(time for time in play.forced if time >= start.time)])
            came = first_connects(play, start)
            mine = [answer for uuid, answer in came.items() if uuid in start.before and answer.time < late]
            lost = len(start.before - start.after) + sum(1 for answer in mine if not known(play.wire(), answer))
            verdict.must(not lost, f"{start.time:.3f} {start.version}: {lost} clients forgotten")


@invariant("E4")
def e4(play: Play, verdict: Verdict) -> None:
    """A client evicted by a change of version goes on in the new dialect; files it had open are dead."""
    wire = play.wire()
    for start in play.starts():
        if not (start.metadata and start.changed and start.before) or kept(play, start):
            continue
        came = {answer.client: answer for answer in first_connects(play, start).values()}
        for client in play.present_before(start.time):
            if client.nid not in came:
                continue
            since = came[client.nid].place
            asked = (m for m in wire.of(Kind.REQUEST) if m.client == client.nid and since < m.place < start.last)
            speaks = all(laid_out(m.data, start.version) for m in asked if m.server == start.nid)
            verdict.must(speaks, f"{start.time:.3f} {play.name_of(client.nid)} speaks another dialect than its MDS")
    _dead_files(play, verdict)


def _dead_files(play: Play, verdict: Verdict) -> None:
    """Whoever is evicted by the MDS names no file that it had opened before."""
    told: dict[int, list[float]] = {}
    for eviction in play.evictions():
        if eviction.told is not None and eviction.by_mds:
            told.setdefault(eviction.client, []).append(eviction.told)
    opened: dict[tuple[int, int], float] = {}
    for each in decoded(play):
        sent = each.sent
        if each.request is not None and sent.arrived is not None and each.said is not None and each.said.handle:
            opened[sent.client, each.said.handle] = sent.arrived
        elif each.request is None and isinstance(each.asked, op.Close):
            since = opened.get((sent.client, each.asked.handle), inf)
            dead = any(since <= time < sent.time for time in told.get(sent.client, ()))
            verdict.must(not dead, f"{at(play, sent.time, sent.client)} closes a file it had open when it was evicted")


@invariant("G1")
def g1(play: Play, verdict: Verdict) -> None:
    """An MGS of another version serves the logs it found, byte for byte (G3: with the names 1.8 gave)."""
    erased = any(not writeconf.refused for writeconf in play.writeconfs)
    served: dict[tuple[int, int], bytes] = {}
    for each in decoded(play):
        sent, asked = each.sent, each.asked
        if each.said is not None and not sent.status and isinstance(asked, op.LogBlock) and not erased:
            block = each.said.block or b""
            same = served.setdefault((asked.oid, asked.offset), block) == block
            verdict.must(same, f"{at(play, sent.time, sent.server)} served {play.name_of(sent.client)} another log")


@invariant("G5")
def g5(play: Play, verdict: Verdict) -> None:
    """A client that is mounted while servers change keeps the devices it built at mount.

    It connects with nobody else, and goes on asking each.
    """
    wire, targets = play.wire(), play.targets()
    mounts = {mounted.client: mounted for mounted in play.mounted}
    asked: dict[int, dict[str, float]] = {}
    for message in wire.of(Kind.REQUEST):
        asked.setdefault(message.client, {})[targets[message.server]] = message.time
    for client in play.clients:
        mounted = mounts.get(client.nid)
        if mounted is None or mounted.time >= play.last_change() or not play.is_reachable(client.nid):
            continue
        mine = [(targets[answer.server], answer.time) for request, answer in wire.connects
                if request.client == client.nid and answer.time >= mounted.began and not answer.status]  # fmt: skip
        devices = {target for target, time in mine if time <= mounted.time}
        strange = {target for target, _ in mine} - devices
        who = play.name_of(client.nid)
        verdict.must(not strange, f"{who}: mounted {sorted(devices)}, and connects with {sorted(strange)}")
        since = max([mounted.time, *(a.end for a in play.mishaps.absences if a.nid == client.nid)])
        still = {target for target, time in asked[client.nid].items() if time > play.now - USED}
        silent = devices - still if play.now - since > USED else set()
        verdict.must(not silent, f"{who}: mounted {sorted(devices)}, and asks nothing of {sorted(silent)}")


@invariant("G7")
def g7(play: Play, verdict: Verdict) -> None:
    """Nobody erases the configuration under a mounted client."""
    for writeconf in play.writeconfs:
        why = f"{writeconf.time:.3f}: writeconf under {writeconf.mounted} mounted clients"
        verdict.must(writeconf.refused or not writeconf.mounted, why)
