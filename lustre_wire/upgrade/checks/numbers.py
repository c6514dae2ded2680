"""What servers give out, and what is said of it later: transnos, handles, slots in last_rcvd, grants, logs.

All of it is read from the bytes that went over the network and from the disks.
"""

from __future__ import annotations

from lustre_wire.checking.verdict import Verdict
from lustre_wire.recovery.names import names
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.grants import CHUNK
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.checks.common import at, invariant
from lustre_wire.upgrade.checks.traffic import decoded
from lustre_wire.upgrade.evidence.wire import Kind
from lustre_wire.upgrade.stage.play import Play


@invariant("transno")
def transno(play: Play, verdict: Verdict) -> None:
    """A target gives no transno twice, and in a later start none below those of an earlier one."""
    targets = play.targets()
    given: dict[tuple[str, int], tuple[int, int]] = {}
    highest: dict[str, int] = {}
    bound: dict[str, int] = {}
    starts = iter(sorted(play.began, key=lambda begun: begun.place))
    begun = next(starts, None)
    for reply in play.wire().of(Kind.REPLY):
        while begun is not None and begun.place <= reply.place:
            bound[begun.target] = highest.get(begun.target, 0)
            begun = next(starts, None)
        target, who = targets[reply.server], (reply.client, reply.xid)
        if not reply.transno:
            continue
        first = (target, reply.transno) not in given
        owner = given.setdefault((target, reply.transno), who)
        said = f"{at(play, reply.time, reply.server)} gave {reply.transno:#x} to {play.name_of(reply.client)}"
        verdict.must(owner == who, f"{said}, and before to {play.name_of(owner[0])}")
        asked = play.wire().request_of(reply)
        if first and asked is not None and not asked.transno:  # a replay brings the number it had
            verdict.must(reply.transno > bound.get(target, 0), f"{said} after {bound.get(target, 0):#x}")
        highest[target] = max(highest.get(target, 0), reply.transno)


@invariant("handle")
def handle(play: Play, verdict: Verdict) -> None:
    """The handle of a connection is that of one client with one start of a server, and of no other."""
    wire = play.wire()
    owners: dict[tuple[int, int], tuple[bytes, int]] = {}
    for asked, answer in wire.connects:
        if answer.status:
            continue
        begun = max((b.place for b in play.began if b.nid == answer.server and b.place <= answer.place), default=0)
        owner = wire.who(asked), begun
        first = owners.setdefault((answer.server, answer.handle), owner)
        said = f"{at(play, answer.time, answer.server)} gave {play.name_of(answer.client)} a handle"
        verdict.must(first == owner, f"{said} that was another connection's")


@invariant("slot")
def slot(play: Play, verdict: Verdict) -> None:
    """Who said good-bye, not in a stop, has no slot in last_rcvd afterwards: no later start waits for him."""
    wire, k = play.wire(), play.wire().k
    targets = play.targets()
    by_handle: dict[tuple[int, int], bytes] = {}
    connected: dict[tuple[str, bytes], list[int]] = {}
    for connect, answer in wire.connects:
        if not answer.status:
            by_handle[answer.server, answer.handle] = wire.who(connect)
            connected.setdefault((targets[answer.server], wire.who(connect)), []).append(answer.place)
    for answer in wire.of(Kind.REPLY, k.MDS_DISCONNECT, k.OST_DISCONNECT):
        asked = wire.request_of(answer)
        uuid = by_handle.get((answer.server, asked.handle)) if asked is not None else None
        target = targets[answer.server]
        stopping = any(stop.nid == answer.server and stop.place <= answer.place < stop.end for stop in play.stopped)
        if uuid is None or answer.status or stopping:
            continue
        if not _on_disk(play, target, answer.place):  # a crash came before
            continue
        again = min((place for place in connected[target, uuid] if place > answer.place), default=play.place + 1)
        after = [f for f in play.flushed if f.target == target and answer.place < f.place < again]
        late = [f for f in after if uuid in f.clients]
        said = f"{at(play, answer.time, answer.server)} let {play.name_of(answer.client)} go"
        verdict.must(not late, f"{said}, and kept its slot" if late else "")


def _on_disk(play: Play, target: str, place: int) -> bool:
    """Did the start of the target that served at this place flush the disk later, or serve to the end of the play?"""
    begun = min((b.flushes for b in play.began if b.target == target and b.place > place), default=None)
    return begun is None or any(f.target == target and f.place > place for f in play.flushed[:begun])


@invariant("grant")
def grant(play: Play, verdict: Verdict) -> None:
    """An OST grants what is wanted, a chunk at most; a client holds no more than it was granted since it connected.

    What was made before a new connection and waited for it says what was held then.
    """
    wire = play.wire()
    targets = play.targets()
    held: dict[tuple[int, str], int] = {}
    before: dict[tuple[int, str], int] = {}
    for each in decoded(play):
        sent, message, request, found = each.sent, each.message, each.request, each.found
        pair, k = (sent.client, targets[sent.server]), names(message.dialect)
        if request is not None and sent.opcode == wire.k.OST_CONNECT and not sent.status:
            data = message.buffers.connect_data
            before[pair], held[pair] = held.get(pair, 0), int(data.ocd_grant) if data is not None else 0
        elif found is not None and isinstance(found[1], (op.ObjectRead, op.ObjectWrite)):
            asked, who = found[1], at(play, sent.time, sent.client)
            if request is None and asked.valid & k.OBD_MD_FLGRANT and not sent.flags & wire.k.MSG_RESENT:
                most = max(held.get(pair, 0), before.get(pair, 0))
                verdict.must(asked.grant <= most, f"{who} holds {asked.grant} bytes of grant and was given {most}")
            elif request is not None and sent.status >= 0:
                result = packer(message.dialect).result(found[0], message)
                more = result.grant if result.valid & k.OBD_MD_FLGRANT else 0
                fits, who = more <= min(CHUNK, max(0, asked.mode)), at(play, sent.time, sent.server)
                verdict.must(fits, f"{who} grants {more} bytes where {asked.mode} are wanted")
                held[pair] = held.get(pair, 0) + more
