"""A play over TCP on loopback: what the simulator offers, with the testbed's TCP nodes underneath."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lustre_wire.errors import WireError
from lustre_wire.testbed.node import Node, ServerNode
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.testbed.tcp import Clock, Tap, TcpNode
from lustre_wire.testbed.trace import Trace

#: Real seconds between two looks at whether what is awaited has come.
LOOK = 0.005


class TcpNetwork:
    """Nodes on TCP, and a clock that runs `speed` times as fast as the real one.

    Attributes:
        now, nodes, trace, on_event: as of the `Simulator`; `on_event` is called at every look.
    """

    def __init__(self, port: int, *, speed: float = 20.0, tap: Tap | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._port, self._tap = port, tap
        self._clock: Clock = self._loop.run_until_complete(_clock(speed))
        self._tcp: dict[int, TcpNode] = {}
        self.nodes: dict[int, Node] = {}
        self.trace = Trace()
        self.on_event: Callable[[int], None] | None = None
        self.events = 0
        self.partitions: set[frozenset[int]] = set()

    @property
    def now(self) -> float:
        return self._loop.run_until_complete(self._now()) if not self._loop.is_running() else self._clock.now()

    async def _now(self) -> float:
        return self._clock.now()

    def add(self, node: Node) -> None:
        self.nodes[node.nid] = node
        self.start(node.nid)

    def start(self, nid: int) -> None:
        node = self.nodes[nid]
        if nid in self._tcp:
            self._loop.run_until_complete(self._tcp[nid].stop())
        listens = isinstance(node, ServerNode)
        self._tcp[nid] = TcpNode(node, self._port, self._clock, trace=self.trace, tap=self._tap, listens=listens)
        self._loop.run_until_complete(self._tcp[nid].start())

    def crash(self, nid: int) -> None:
        self._loop.run_until_complete(self._tcp[nid].stop(crash=True))

    def partition(self, one: int, other: int) -> None:
        """Not on a real network.

        Raises:
            WireError: always.
        """
        raise WireError("nobody can be cut off over TCP: play this scenario in the simulator")

    def flush(self, node: Node) -> None:
        if not self._loop.is_running():
            self._loop.run_until_complete(self._flush(node))
        elif node.nid in self._tcp:
            self._tcp[node.nid].flush()

    async def _flush(self, node: Node) -> None:
        if node.nid in self._tcp:
            self._tcp[node.nid].flush()

    def at(self, time: float, what: Callable[[], None]) -> None:
        wait = max(0.0, time - self.now) / self._clock.speed
        self._loop.call_later(wait, what)

    def run(self, until: Callable[[], bool], limit: float = 5000.0) -> None:
        """Run until something is so.

        Raises:
            Stuck: not within `limit` seconds of the nodes' time.
        """
        end = self.now + limit
        while not until():
            self.events += 1
            if self.on_event is not None:
                self.on_event(self.events)
            self._loop.run_until_complete(asyncio.sleep(LOOK))
            if self.now > end:
                raise Stuck(f"not there after {limit} seconds")

    def settle(self, seconds: float) -> None:
        end = self.now + seconds
        self.run(lambda: self.now >= end, seconds + 1.0)

    def close(self) -> None:
        """Stop every node."""
        for tcp in self._tcp.values():
            self._loop.run_until_complete(tcp.stop())
        self._loop.close()


async def _clock(speed: float) -> Any:
    return Clock(speed)
