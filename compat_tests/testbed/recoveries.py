"""Recordings of recovery in the simulator, for the monitor: each a story with crashes, losses or absences."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import cache

import attrs

import lustre_wire as lw
from compat_tests.testbed.modes import READ, WRITE
from lustre_wire import rpc
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Packet
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.seen import Seen, watch
from lustre_wire.testbed.simulator import Faults
from lustre_wire.testbed.tasks import Task

DIALECTS = ("1.8", "2.0", "2.17")


def create(fs: Simulated, path: str, client: ClientNode | None = None) -> int:
    c = client or fs.clients[0]
    k = names(fs.system.dialect)
    return int(fs.do(c.open(path, k.MDS_OPEN_CREAT | READ | WRITE), c))


def busy(fs: Simulated) -> dict[str, int]:
    """Both clients have committed and uncommitted changes, open files, a file closed, locks."""
    one, two = fs.clients[:2]
    files = {"old": create(fs, "/old")}
    fs.do(one.mkdir("/shared"), one)
    fs.do(one.sync(), one)
    files["new"] = create(fs, "/new")
    fs.do(one.mkdir("/shared/one"), one)
    files["other"] = create(fs, "/shared/other", two)
    fs.do(two.mkdir("/shared/two"), two)
    closed = create(fs, "/closed", two)
    fs.do(two.close(closed), two)
    fs.do(one.rename("/shared/one", "/one"), one)
    fs.do(one.setattr("/one", names(fs.system.dialect).MDS_ATTR_MODE, mode=0o711), one)
    fs.do(two.link("/closed", "/shared/closed"), two)
    fs.do(one.flock(files["old"], "LCK_PW", 0, 9), one)
    return files


def finish(fs: Simulated, *tasks: Task) -> Simulated:
    fs.simulator.lose = None
    fs.simulator.heal()
    fs.recovered()
    fs.simulator.run(lambda: all(t.done for t in tasks))
    fs.simulator.settle(30)
    fs.recovered()
    return fs


def restart(dialect: str) -> Simulated:
    """A crash of the MDS; both clients come back, use and close what they had open."""
    fs = Simulated(dialect, clients=2, osts=2)
    files = busy(fs)
    one, two = fs.clients
    fs.restart()
    waiting = fs.start(two.mkdir("/after"), two)
    finish(fs, waiting)
    fs.do(one.close(files["old"]), one)
    fs.do(two.close(files["other"]), two)
    fs.restart()
    return finish(fs)


def lost_replies(dialect: str) -> Simulated:
    """Every first answer of the MDS to a change is lost: all are asked for again."""
    fs = Simulated(dialect)
    lost: set[int] = set()

    def lose(packet: Packet) -> bool:
        first = packet.source == fs.system.mds.nid and packet.portal == 10 and packet.offset > 0
        if first and packet.match_bits not in lost:
            lost.add(packet.match_bits)
            return True
        return False

    fs.simulator.lose = lose
    file = create(fs, "/f")
    one = fs.clients[0]
    fs.do(one.mkdir("/d"))
    fs.do(one.symlink("x", "/s"))
    fs.do(one.rename("/d", "/e"))
    fs.do(one.link("/f", "/g"))
    fs.do(one.unlink("/g"))
    fs.do(one.close(file))
    return finish(fs)


def lost_bulk(dialect: str) -> Simulated:
    """Answers of the OST are lost: bulk is sent again, under a new number."""
    fs = Simulated(dialect)
    file = create(fs, "/f")
    seen: list[int] = []

    def lose(packet: Packet) -> bool:
        if packet.source == fs.system.osts[0].nid and packet.portal == 4 and packet.offset and len(seen) < 6:
            seen.append(packet.match_bits)
            return True
        return False

    one = fs.clients[0]
    fs.do(one.write(file, 0, b"first"))
    fs.simulator.lose = lose
    fs.do(one.write(file, 0, b"again"))
    assert fs.do(one.read(file, 0, 9)) == b"again"
    return finish(fs)


def cut_in_replay(dialect: str) -> Simulated:
    """The connection breaks while a client replays: it goes on where it was."""
    fs = Simulated(dialect, clients=2)
    busy(fs)
    fs.simulator.crash(fs.system.mds.nid)
    fs.simulator.settle(1)
    fs.simulator.start(fs.system.mds.nid)
    dropped: list[Packet] = []

    def lose(packet: Packet) -> bool:
        if (
            packet.source == fs.system.mds.nid
            and packet.target == fs.clients[0].nid
            and packet.offset
            and len(dropped) < 2
        ):
            message = lw.decode(packet.data, fs.system.dialect)
            if message.body.pb_transno:
                dropped.append(packet)
                return True
        return False

    fs.simulator.lose = lose
    fs.simulator.run(lambda: len(dropped) == 2)
    return finish(fs)


def _alone(fs: Simulated) -> None:
    """The first client recovers while the second is away until the window has ended."""
    one, two = fs.clients
    fs.simulator.partition(two.nid, fs.system.mds.nid)
    waiting = fs.start(two.mkdir("/lost"), two)
    fs.restart()
    mdc = one.mdc
    assert mdc is not None
    fs.simulator.run(lambda: mdc.state.name == "FULL" and not _recovering(fs))
    finish(fs, waiting)


def absent(dialect: str) -> Simulated:
    """One client misses the window and is evicted; what it had not committed is lost."""
    fs = Simulated(dialect, clients=2)
    busy(fs)
    _alone(fs)
    return fs


def _recovering(fs: Simulated) -> bool:
    target = fs.system.mds.target
    return target is None or target.recovering


def gap(dialect: str) -> Simulated:
    """A client comes back whose change builds on one of a client that does not: its version check fails (V3)."""
    fs = Simulated(dialect, clients=2)
    one, two = fs.clients
    fs.do(one.mkdir("/d"), one)
    fs.do(one.sync(), one)
    k = names(fs.system.dialect)
    fs.do(two.setattr("/d", k.MDS_ATTR_MODE, mode=0o700), two)
    fs.do(one.setattr("/d", k.MDS_ATTR_MODE, mode=0o750), one)
    fs.do(one.mkdir("/e"), one)
    _alone(fs)
    return fs


def copies(dialect: str) -> Simulated:
    """A network that delivers half of all packets twice, and a restart."""
    fs = Simulated(dialect, clients=2)
    busy(fs)
    fs.simulator.faults = Faults(duplicate=0.5)
    fs.restart()
    fs.simulator.settle(40)
    return finish(fs)


def done_twice(dialect: str) -> Simulated:
    """One client has to say twice that it is done, while the other cannot yet say it."""
    fs = Simulated(dialect, clients=2)
    files = busy(fs)
    one, two = fs.clients
    fs.do(two.flock(files["other"], "LCK_PW", 0, 9), two)
    said: list[Packet] = []

    def lose(packet: Packet) -> bool:
        if len(said) > 1 or packet.portal not in (10, 12):
            return False
        if packet.target == one.nid:
            return bool(said) and packet.match_bits == said[0].match_bits
        if packet.source not in (one.nid, two.nid):
            return False
        flags = lw.decode(packet.data, fs.system.dialect).body.pb_flags
        if not flags & names(fs.system.dialect).MSG_LOCK_REPLAY_DONE:
            return False
        if packet.source == one.nid:
            said.append(packet)
        return packet.source == two.nid

    fs.simulator.crash(fs.system.mds.nid)
    fs.simulator.settle(1)
    fs.simulator.lose = lose
    fs.simulator.start(fs.system.mds.nid)
    fs.simulator.run(lambda: len(said) > 1)
    return finish(fs)


def _altered(fs: Simulated, change: Callable[[rpc.Message, rpc.Message], bool]) -> None:
    """The MDS answers the first client otherwise than it should, until `change` has changed an answer."""
    asked: dict[int, rpc.Message] = {}
    mds, one = fs.system.mds.nid, fs.clients[0].nid

    def alter(packet: Packet) -> Packet:
        if packet.source == one and packet.target == mds and packet.data:
            asked[packet.match_bits] = lw.decode(packet.data, fs.system.dialect)
        request = asked.get(packet.match_bits)
        if packet.source != mds or packet.target != one or request is None or not packet.offset:
            return packet
        reply = lw.decode(packet.data, fs.system.dialect, request=request)
        return attrs.evolve(packet, data=lw.encode(reply)) if change(request, reply) else packet

    fs.simulator.alter = alter


def other_answers(dialect: str, change: Callable[[rpc.Message, rpc.Message], bool]) -> Simulated:
    """A restart after which the MDS answers replays otherwise than it should."""
    fs = Simulated(dialect)
    one = fs.clients[0]
    for name in ("/a", "/b", "/c"):
        fs.do(one.mkdir(name))
    _altered(fs, change)
    fs.restart()
    fs.simulator.settle(40)
    return finish(fs)


def other_status(dialect: str) -> Simulated:
    """A replay is answered with another status than the first time."""

    def change(request: rpc.Message, reply: rpc.Message) -> bool:
        if request.transno and request.name == "MDS_REINT/CREATE":
            reply.body.pb_status = -errno.EPERM & 0xFFFFFFFF
            return True
        return False

    return other_answers(dialect, change)


def other_transno(dialect: str) -> Simulated:
    """A replay is answered with another transno than the first time."""

    def change(request: rpc.Message, reply: rpc.Message) -> bool:
        if request.transno and reply.body.pb_transno and request.name == "MDS_REINT/CREATE":
            reply.body.pb_transno += 7
            return True
        return False

    return other_answers(dialect, change)


def backwards(dialect: str) -> Simulated:
    """An answer says less is committed than an earlier one did; then the MDS restarts."""
    fs = Simulated(dialect)
    one = fs.clients[0]
    fs.do(one.mkdir("/committed"))
    fs.do(one.sync())
    fs.do(one.mkdir("/told"))

    def change(request: rpc.Message, reply: rpc.Message) -> bool:
        if request.name == "MDS_REINT/CREATE":
            reply.body.pb_last_committed = 1
            return True
        return False

    _altered(fs, change)
    fs.do(one.mkdir("/backwards"))
    fs.simulator.alter = None
    fs.restart()
    fs.simulator.settle(40)
    return finish(fs)


def in_progress(dialect: str) -> Simulated:
    """The MDS says three times that it is not ready with an answer."""
    fs = Simulated(dialect)
    one = fs.clients[0]
    told: list[int] = []

    def change(request: rpc.Message, reply: rpc.Message) -> bool:
        if request.name == "MDS_STATFS" and len(told) < 3:
            told.append(1)
            reply.body.pb_status = -errno.EINPROGRESS & 0xFFFFFFFF
            return True
        return False

    _altered(fs, change)
    waiting = fs.start(one.statfs(), one)
    return finish(fs, waiting)


def impatient(dialect: str) -> Simulated:
    """A client asks for something else while the MDS recovers: it breaks R11, so that R22 is seen."""
    fs = Simulated(dialect, clients=2)
    busy(fs)
    one, two = fs.clients
    fs.simulator.partition(two.nid, fs.system.mds.nid)
    fs.restart()
    mdc = one.mdc
    assert mdc is not None
    fs.simulator.run(lambda: mdc.state.name.startswith("REPLAY"))
    request = mdc.request("MDS_GETSTATUS", recovery=True)
    mdc.submit(request, fs.simulator.now)
    fs.simulator.flush(one)
    fs.simulator.settle(1)
    return finish(fs)


#: What happens between nodes that keep to the rules.
STORIES: dict[str, Callable[[str], Simulated]] = {
    story.__name__: story
    for story in (restart, lost_replies, lost_bulk, cut_in_replay, absent, gap, copies, done_twice)
}
#: What happens to a node that keeps to the rules when another does not; by the invariants that are to be seen.
PLAYED: dict[str, Callable[[str], Simulated]] = {
    "R6": backwards, "R7": other_transno, "R8": other_status, "R10b": in_progress, "R22": impatient,
}  # fmt: skip


@cache
def recorded(story: str, dialect: str) -> list[Seen]:
    """What a watcher saw of a story."""
    fs = (STORIES.get(story) or PLAYED[story])(dialect)
    return watch(fs.simulator.trace, fs.dialects)
