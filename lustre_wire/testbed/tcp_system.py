"""A file system of nodes on TCP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import FileSystem
from lustre_wire.testbed.node import Node, ServerNode
from lustre_wire.testbed.tasks import Steps, Task
from lustre_wire.testbed.tcp import Clock, Tap, TcpNode, address_of
from lustre_wire.testbed.trace import Trace


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
        while not accepting(server.node):
            server.changed.clear()
            await server.changed.wait()

    async def stop(self) -> None:
        for node in [*self.clients, *self.servers.values()]:
            await node.stop()


def accepting(node: Node) -> bool:
    """Does a server let clients in?"""
    assert isinstance(node, ServerNode)
    return node.target is not None and node.target.accepting
