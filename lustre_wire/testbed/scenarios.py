"""Scenarios: what a client does, step by step, the same in the simulator and over TCP."""

from __future__ import annotations

import asyncio
import secrets
import stat
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.names import names
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.node import Node, ServerNode
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.scenario import FileSystem, Simulated
from lustre_wire.testbed.simulator import Faults
from lustre_wire.testbed.tasks import Steps, Task
from lustre_wire.testbed.tcp import Clock, Tap, TcpNode, address_of
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


SCENARIOS: dict[str, Callable[[ClientNode, Dialect], Iterator[Step]]] = {"default": every_operation, "quiet": quiet}


@attrs.define(slots=True)
class Outcome:
    """How a scenario went.

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


def scenario(name: str) -> Callable[[ClientNode, Dialect], Iterator[Step]]:
    """The scenario of that name.

    Raises:
        WireError: there is none.
    """
    if name not in SCENARIOS:
        raise WireError(f"no scenario {name!r}; there are: {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


def simulate(name: str, dialect: Dialect, seed: int = 0, faults: Faults | None = None) -> Outcome:
    """Run a scenario in the simulator.

    Raises:
        WireError: no such scenario.
        Stuck: it came to no end.
    """
    steps = scenario(name)
    system = Simulated(dialect, seed=seed, faults=faults, mount=False)
    done: list[tuple[str, object]] = []
    for step in steps(system.clients[0], dialect):
        if step.steps is None:
            system.restart()
            system.simulator.run(lambda: _accepting(system.system.mds))
            done.append((step.name, None))
        else:
            task = system.start(step.steps(), name=step.name)
            system.simulator.run(lambda task=task: task.done)  # type: ignore[misc]
            done.append((step.name, task.error or task.result))
    return Outcome(done, system.simulator.trace, system.dialects, system.simulator.now)


class TcpSystem:
    """A file system on TCP.

    Args:
        port: where every server listens, each on its own loopback address.
        speed: how much faster than real time the nodes' clock runs.
        tap: who sees the bytes.
        keep: what goes on is kept: packets in `trace`, and the events of every server.
        address: where a NID is to be found.
        make: makes the file system; `options` are its own.
    """

    def __init__(
        self, dialect: Dialect, port: int, *, osts: int = 1, speed: float = 1.0, tap: Tap | None = None,
        keep: bool = True, address: Callable[[int], str] = address_of, make: type[FileSystem] = FileSystem,
        **options: Any,
    ) -> None:  # fmt: skip
        # handles are all that proves who somebody is: strangers must not be able to guess them
        self.system = make(dialect, osts=osts, seed=secrets.randbits(48), **options)
        self.trace, self.clock = Trace(), Clock(speed)
        self.port, self._tap, self._keep, self._address = port, tap, keep, address
        self.servers = {n.nid: self.serve(n) for n in self.system.servers}
        self.clients: list[TcpNode] = []

    def serve(self, server: ServerNode) -> TcpNode:
        """A server of the file system on the network, not yet started."""
        server.keeps_events = self._keep
        return self._node(server, listens=True)

    def _node(self, node: Node, *, listens: bool) -> TcpNode:
        trace = self.trace if self._keep else None
        return TcpNode(node, self.port, self.clock, trace=trace, tap=self._tap, listens=listens, address=self._address)

    async def start(self) -> None:
        """Start every server.

        Raises:
            OSError: the port is taken.
        """
        for server in self.servers.values():
            await server.start()

    async def client(self, number: int = 0) -> TcpNode:
        """A new client, not mounted."""
        made = self._node(self.system.client(number), listens=False)
        self.clients.append(made)
        await made.start()
        return made

    async def do(self, client: TcpNode, steps: Steps, name: str = "", limit: float = 60.0) -> Task:
        """An operation, to its end.

        Raises:
            TimeoutError: not within `limit` real seconds.
        """
        node = client.node
        assert isinstance(node, ClientNode)
        task = node.do(steps, self.clock.now(), name)
        client.flush()
        async with asyncio.timeout(limit):
            while not task.done:
                client.changed.clear()
                await client.changed.wait()
        return task

    async def restart(self, nid: int, down: float = 1.0) -> None:
        """Crash a server, start it again `down` seconds of its own time later, and wait until it lets clients in."""
        server = self.servers[nid]
        await server.stop(crash=True)
        await asyncio.sleep(down / self.clock.speed)
        await server.start()
        while not _accepting(server.node):
            server.changed.clear()
            await server.changed.wait()

    async def stop(self) -> None:
        for node in [*self.clients, *self.servers.values()]:
            await node.stop()


def _accepting(node: Node) -> bool:
    """Does a server let clients in?"""
    assert isinstance(node, ServerNode)
    return node.target is not None and node.target.accepting


async def over_tcp(name: str, dialect: Dialect, port: int, *, speed: float = 20.0, tap: Tap | None = None) -> Outcome:
    """Run a scenario over TCP on loopback.

    Raises:
        WireError: no such scenario.
        OSError: the port is taken.
        TimeoutError: a step came to no end.
    """
    steps = scenario(name)
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
