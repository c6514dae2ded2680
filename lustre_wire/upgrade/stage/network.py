"""A play over TCP on loopback: what the simulator offers, with the testbed's TCP nodes underneath."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lustre_wire.recovery.packet import Packet
from lustre_wire.testbed.node import Node, ServerNode
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.testbed.tcp import Clock, Tap, TcpNode
from lustre_wire.testbed.trace import Trace

#: Real seconds between two looks at whether what is awaited has come, and the longest that count from one look at the
#: clock to the next.
LOOK = 0.005
LONGEST = 2 * LOOK


class TcpNetwork:
    """Nodes on TCP, and a clock that runs `speed` times as fast as the real one.

    Attributes:
        now, nodes, trace, lose, on_event: as of the `Simulator`; `on_event` is called at every look.
        behind: the longest that a look came later than it should, in the nodes' seconds: what a busy machine costs.
    """

    def __init__(self, port: int, *, speed: float = 20.0, tap: Tap | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._port, self._tap = port, tap
        self._clock: Clock = self._loop.run_until_complete(_clock(speed))
        self._tcp: dict[int, TcpNode] = {}
        self.nodes: dict[int, Node] = {}
        self.trace = Trace()
        self.behind = 0.0
        self.on_event: Callable[[int], None] | None = None
        self.events = 0
        self.lose: Callable[[Packet], bool] | None = None

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
        self._tcp[nid].lose = self._lost
        self._loop.run_until_complete(self._tcp[nid].start())

    def _lost(self, packet: Packet) -> bool:
        return self.lose is not None and self.lose(packet)

    def crash(self, nid: int) -> None:
        self._loop.run_until_complete(self._tcp[nid].stop(crash=True))

    def partition(self, one: int, other: int) -> None:
        """`one` neither reads nor writes its sockets with `other`."""
        self._tcp[one].fall_silent(other)

    def rejoin(self, one: int, other: int) -> None:
        """It does so again, over new connections."""
        self._loop.run_until_complete(self._speak_again(one, other))

    async def _speak_again(self, one: int, other: int) -> None:
        self._tcp[one].speak_again(other)

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
            looked = self.now
            self._loop.run_until_complete(asyncio.sleep(LOOK))
            self.behind = max(self.behind, self.now - looked - LOOK * self._clock.speed)
            if self.now > end and not until():
                raise Stuck(f"not there after {limit} seconds")

    def settle(self, seconds: float) -> None:
        end = self.now + seconds
        self.run(lambda: self.now >= end, seconds + 1.0)

    def close(self) -> None:
        """Stop every node."""
        for tcp in self._tcp.values():
            self._loop.run_until_complete(tcp.stop())
        self._loop.close()


class SteadyClock(Clock):
    """Time that stands still while the machine lets nobody run, or takes long over one message: all timeouts of all
    nodes would be over at once, and with enough of that no answer ever comes in time."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self._looked = self._began

    def now(self) -> float:
        time = asyncio.get_running_loop().time()
        self._began += max(0.0, time - self._looked - LONGEST)
        self._looked = time
        return (time - self._began) * self.speed


async def _clock(speed: float) -> Any:
    return SteadyClock(speed)
