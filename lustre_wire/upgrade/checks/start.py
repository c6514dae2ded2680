"""Invariants of starts, and whom a server then knows (S, D, E, G), the law of dialects, checked in a finished play."""

from __future__ import annotations

from lustre_wire.checking.verdict import Verdict
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.checks.common import SLACK, at, invariant
from lustre_wire.upgrade.checks.traffic import decoded, identities, shown
from lustre_wire.upgrade.protocol.mark import Start
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play


@invariant("S1")
def s1(play: Play, verdict: Verdict) -> None:
    """A client that was cut off during a controlled stop is evicted, by the target's node or the one it moved to."""
    targets: dict[str, list[str]] = {}
    for name, node in play.nodes.items():
        targets.setdefault(node.uuid.decode(), []).append(name)
    evicted = play.evicted()
    for absence in play.mishaps.absences:
        who = play.name_of(absence.nid)
        for target, names in targets.items():
            lives = [life for name in names for life in play.nodes[name].history]
            missed = any(
                life.what == ServerState.QUIET and absence.begin + SLACK < life.time < absence.end for life in lives
            )
            if missed and target != "MGS" and absence.knew & set(names):
                verdict.must(any(who in evicted.get(name, ()) for name in names), f"{who} missed the stop of {target}")


@invariant("S3")
def s3(play: Play, verdict: Verdict) -> None:
    """The mark travels with the target: its partner's node starts it by what the last node left."""
    for start in play.starts():
        if start.elsewhere:
            fits = start.how != Start.FIRST and (not start.changed or start.clean or start.how == Start.FORGET)
            verdict.must(fits or not play.policy.start_rule, f"{start.time:.3f}: started as {start.how}")


@invariant("D1")
def d1(play: Play, verdict: Verdict) -> None:
    """A step back evicts everybody."""
    for start in play.starts():
        if start.metadata and start.back and start.had_clients:
            verdict.must(not start.known, f"{start.time:.3f}: {start.known} clients still known after a step back")
            for client in play.present_before(start.time):
                told = any(e.client == client.nid and e.time > start.time for e in play.journal.evicted)
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
        for evicted in play.journal.evicted:
            why = f"{at(play, evicted.time, evicted.client)}: {evicted.alive} open files outlived the eviction"
            verdict.must(not evicted.alive, why)


@invariant("G1")
def g1(play: Play, verdict: Verdict) -> None:
    """An MGS of another version serves the logs it found, byte for byte (G3: with the names 1.8 gave)."""
    erased = any(not writeconf.refused for writeconf in play.journal.writeconfs)
    before: int | None = None
    for start in (start for start in play.starts() if start.logs):
        if start.changed and not erased:
            verdict.must(start.logs == before, f"{start.time:.3f} {start.version}: the logs are others")
        before = start.logs
    served: dict[tuple[int, int], bytes] = {}
    for each in decoded(play):
        sent, asked = each.sent, each.asked
        if each.said is not None and not sent.status and isinstance(asked, op.LogBlock) and not erased:
            block = each.said.block or b""
            same = served.setdefault((asked.oid, asked.offset), block) == block
            verdict.must(same, f"{at(play, sent.time, sent.server)} served {play.name_of(sent.client)} another log")


@invariant("G5")
def g5(play: Play, verdict: Verdict) -> None:
    """A client that is mounted while servers change keeps the devices it built at mount."""
    then = {mounted.client: mounted.targets for mounted in play.journal.mounted}
    for client in (c for c in play.clients if c.up and c.mounted_at < play.last_change()):
        now = client.targets()
        verdict.must(now == then[client.nid], f"{play.name_of(client.nid)}: mounted {then[client.nid]}, has {now}")


@invariant("G7")
def g7(play: Play, verdict: Verdict) -> None:
    """Nobody erases the configuration under a mounted client."""
    for writeconf in play.journal.writeconfs:
        why = f"{writeconf.time:.3f}: writeconf under {writeconf.mounted} mounted clients"
        verdict.must(writeconf.refused or not writeconf.mounted, why)
