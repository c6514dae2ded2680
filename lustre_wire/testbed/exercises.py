"""Exercises: what a client does, step by step, the same in the simulator and over TCP."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.names import names
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.simulator import Faults
from lustre_wire.testbed.tasks import Steps
from lustre_wire.testbed.tcp import Tap
from lustre_wire.testbed.tcp_system import TcpSystem, accepting
from lustre_wire.testbed.trace import Trace, shape

#: The step that crashes the MDS and starts it again.
RESTART = "restart of the MDS"


@attrs.define(slots=True, frozen=True)
class Step:
    """One thing that happens: an operation of the client, or (without one) a restart of the MDS."""

    name: str
    steps: Callable[[], Steps] | None = None


def every_operation(client: ClientNode, dialect: Dialect) -> Iterator[Step]:
    """Every operation once, with a restart in the middle; the file stays open across it."""
    k, c, own = names(dialect), client, packer(dialect).personality
    read, both = own.read_mode, own.read_mode | own.write_mode
    yield Step("mount", c.mount)
    yield Step("mkdir", lambda: c.mkdir("/dir"))
    yield Step("create", lambda: c.open("/dir/file", k.MDS_OPEN_CREAT | both))
    yield Step("write", lambda: c.write(1, 0, bytes(range(256)) * 400))
    yield Step("symlink", lambda: c.symlink("dir/file", "/soft"))
    yield Step("link", lambda: c.link("/dir/file", "/hard"))
    yield Step("lookup", lambda: c.resolve("/dir/file"))
    yield Step("getattr", lambda: c.getattr("/dir/file"))
    yield Step("setattr", lambda: c.setattr("/dir", k.MDS_ATTR_MODE, mode=stat.S_IFDIR | 0o700))
    yield Step("setxattr", lambda: c.setxattr("/dir", b"user.colour", b"blue"))
    yield Step("flock", lambda: c.flock(1, "LCK_PW", 0, 99))
    yield Step(RESTART)
    yield Step("getxattr", lambda: c.getxattr("/dir", b"user.colour"))
    yield Step("listxattr", lambda: c.listxattr("/dir"))
    yield Step("readlink", lambda: c.readlink("/soft"))
    yield Step("rename", lambda: c.rename("/hard", "/dir/other"))
    yield Step("readdir", lambda: c.readdir("/dir"))
    yield Step("read", lambda: c.read(1, 1000, 5000))
    yield Step("punch", lambda: c.truncate(1, 500))
    yield Step("fsync", lambda: c.fsync(1))
    yield Step("unlock", lambda: c.flock(1, "LCK_NL", 0, 99))
    yield Step("statfs", c.statfs)
    yield Step("unlink", lambda: c.unlink("/dir/other"))
    yield Step("open", lambda: c.open("/dir/file", read))
    yield Step("close", lambda: c.close(2))
    yield Step("close the first", lambda: c.close(1))
    yield Step("unlink the last name", lambda: c.unlink("/dir/file"))
    yield Step("rmdir", lambda: c.rmdir("/dir"))
    yield Step("sync", c.sync)
    yield Step("umount", c.unmount)


def quiet(client: ClientNode, dialect: Dialect) -> Iterator[Step]:
    """A mount, one file, an unmount."""
    k, c, own = names(dialect), client, packer(dialect).personality
    both = own.read_mode | own.write_mode
    yield Step("mount", c.mount)
    yield Step("create", lambda: c.open("/file", k.MDS_OPEN_CREAT | both))
    yield Step("write", lambda: c.write(1, 0, b"hello"))
    yield Step("read", lambda: c.read(1, 0, 5))
    yield Step("close", lambda: c.close(1))
    yield Step("umount", c.unmount)


EXERCISES: dict[str, Callable[[ClientNode, Dialect], Iterator[Step]]] = {"default": every_operation, "quiet": quiet}


@attrs.define(slots=True)
class Outcome:
    """How an exercise went.

    Attributes:
        steps: name and result of each step, or what it failed with.
        trace: the traffic.
        dialects: of each server by NID, for reading the trace.
        seconds: how long it took, in the nodes' own time.
    """

    steps: list[tuple[str, object]]
    trace: Trace
    dialects: dict[int, Dialect]
    seconds: float

    @property
    def failed(self) -> list[str]:
        return [name for name, result in self.steps if isinstance(result, Exception)]


def exercise(name: str) -> Callable[[ClientNode, Dialect], Iterator[Step]]:
    """The exercise of that name.

    Raises:
        WireError: there is none.
    """
    if name not in EXERCISES:
        raise WireError(f"no exercise {name!r}; there are: {', '.join(EXERCISES)}")
    return EXERCISES[name]


def simulate(name: str, dialect: Dialect, seed: int = 0, faults: Faults | None = None) -> Outcome:
    """Run an exercise in the simulator.

    Raises:
        WireError: no such exercise.
        Stuck: it came to no end.
    """
    steps = exercise(name)
    system = Simulated(dialect, seed=seed, faults=faults, mount=False)
    done: list[tuple[str, object]] = []
    for step in steps(system.clients[0], dialect):
        if step.steps is None:
            system.restart()
            system.simulator.run(lambda: accepting(system.system.mds))
            done.append((step.name, None))
        else:
            task = system.start(step.steps(), name=step.name)
            system.simulator.run(lambda task=task: task.done)  # type: ignore[misc]
            done.append((step.name, task.error or task.result))
    return Outcome(done, system.simulator.trace, system.dialects, system.simulator.now)


async def over_tcp(name: str, dialect: Dialect, port: int, *, speed: float = 20.0, tap: Tap | None = None) -> Outcome:
    """Run an exercise over TCP on loopback.

    Raises:
        WireError: no such exercise.
        OSError: the port is taken.
        TimeoutError: a step came to no end.
    """
    steps = exercise(name)
    system = TcpSystem(dialect, port, speed=speed, tap=tap)
    done: list[tuple[str, object]] = []
    try:
        await system.start()
        client = await system.client()
        assert isinstance(client.node, ClientNode)
        for step in steps(client.node, dialect):
            if step.steps is None:
                await system.restart(system.system.mds.nid)
                done.append((step.name, None))
            else:
                task = await system.do(client, step.steps(), step.name)
                done.append((step.name, task.error or task.result))
    finally:
        await system.stop()
    dialects = {n.nid: n.dialect for n in system.system.servers}
    return Outcome(done, system.trace, dialects, system.clock.now())


def sequence(outcome: Outcome, *, client: int) -> list[tuple[object, ...]]:
    """What went between a client and the servers, without what depends on the clock: pings and early replies."""
    out = []
    for exchange in outcome.trace.exchanges(outcome.dialects):
        if client in (exchange.client, exchange.server) and not exchange.early and exchange.name != "OBD_PING":
            server = exchange.server if exchange.client == client else exchange.client
            out.append((server, *shape(exchange.message)))
    return out
