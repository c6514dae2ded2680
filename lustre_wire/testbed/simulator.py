"""The deterministic network: the same seed gives the same run, and no time passes but simulated time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs

from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.hardware import Hardware, Wires
from lustre_wire.testbed.node import Node, ServerNode
from lustre_wire.testbed.trace import Sent, Trace


@attrs.define(slots=True)
class Faults:
    """What may happen to a packet; times in seconds, probabilities 0 to 1."""

    delay: tuple[float, float] = (0.0005, 0.002)
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


class Stuck(Exception):
    """A simulation that did not come to the awaited end."""


class Simulator:
    """Nodes and the network between them.

    Args:
        hardware: what links and servers can do; None for whatever is asked of them, so that only delays take time.

    Attributes:
        now: simulated seconds.
        events: how many events were handled.
        partitions: pairs of NIDs that do not hear each other.
        lose: says which packets are lost, besides those that chance takes.
        alter: what is sent instead of a packet: a node that does not keep to the rules.
        on_event: called before each event with its number: where a test crashes a node at any step.
        behind: seconds by which events come later than they are due: none, unlike where real time passes.
    """

    behind = 0.0

    def __init__(self, seed: int = 0, faults: Faults | None = None, hardware: Hardware | None = None) -> None:
        self.random = random.Random(seed)
        self.faults = faults or Faults()
        self._wires = Wires(hardware) if hardware is not None else None
        self.now = 0.0
        self.events = 0
        self.nodes: dict[int, Node] = {}
        self.partitions: set[frozenset[int]] = set()
        self.trace = Trace()
        self.lose: Callable[[Packet], bool] | None = None
        self.alter: Callable[[Packet], Packet] | None = None
        self.on_event: Callable[[int], None] | None = None
        self._queue: list[tuple[float, int, str, Any]] = []
        self._number = 0
        self._last: dict[tuple[int, int], float] = {}
        self._wakes: dict[int, float] = {}

    def add(self, node: Node) -> None:
        """A node, started."""
        self.nodes[node.nid] = node
        self.start(node.nid)

    def start(self, nid: int) -> None:
        node = self.nodes[nid]
        self.trace.mark(self.now, "start", nid)
        node.start(self.now)
        self.flush(node)

    def crash(self, nid: int) -> None:
        """A node loses its memory and what it had not written."""
        self.trace.mark(self.now, "crash", nid)
        self.nodes[nid].crash()
        self._wakes.pop(nid, None)
        if self._wires is not None:
            self._wires.forget(nid)

    def partition(self, one: int, other: int) -> None:
        self.partitions.add(frozenset((one, other)))

    def rejoin(self, one: int, other: int) -> None:
        """These two hear each other again."""
        self.partitions.discard(frozenset((one, other)))

    def heal(self) -> None:
        self.partitions.clear()

    def flush(self, node: Node) -> None:
        """Put a node's packets on the network, and note when it wants to be woken."""
        if not node.up:
            return
        for packet in node.take():
            self._send(packet)
        wake = node.next_deadline()
        if wake is not None and self._wakes.get(node.nid) != wake:
            self._wakes[node.nid] = wake
            self._push(max(wake, self.now), "wake", node.nid)

    def step(self) -> bool:
        """Handle one event; False when there is none."""
        if not self._queue:
            return False
        time, _, kind, what = heapq.heappop(self._queue)
        self.now = max(self.now, time)
        self.events += 1
        if self.on_event is not None:
            self.on_event(self.events)
        if kind == "wake":
            self._wake(what)
        elif kind == "packet":
            self._arrive(what)
        else:
            what()
        return True

    def late(self, packet: Packet) -> None:
        """A packet that was held up somewhere arrives now."""
        self._push(self.now, "packet", self.trace.sent(self.now, packet))

    def at(self, time: float, what: Callable[[], None]) -> None:
        """Do something at a time."""
        self._push(time, "call", what)

    def run(self, until: Callable[[], bool], limit: float = 5000.0) -> None:
        """Run until something is so.

        Raises:
            Stuck: nothing more happens, or `limit` simulated seconds passed.
        """
        end = self.now + limit
        while not until():
            if not self.step():
                raise Stuck("nothing more happens")
            if self.now > end:
                raise Stuck(f"not there after {limit} seconds")

    def settle(self, seconds: float) -> None:
        """Let some time pass."""
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            self.step()
        self.now = end

    def _wake(self, nid: int) -> None:
        node = self.nodes[nid]
        if node.up and self._wakes.get(nid) is not None and self._wakes[nid] <= self.now:
            del self._wakes[nid]
            try:
                node.tick(self.now)
            finally:
                self.flush(node)

    def _arrive(self, sent: Sent) -> None:
        packet, node = sent.packet, self.nodes.get(sent.packet.target)
        if node is None or not node.up:
            return
        if self.partitions and frozenset((packet.source, packet.target)) in self.partitions:
            return
        if self._wires is None:
            self._deliver(sent, node, node.boots)
            return
        by_server = isinstance(node, ServerNode) and packet.kind == PUT
        self.at(
            self._wires.taken(packet, self.now, by_server=by_server), partial(self._deliver, sent, node, node.boots)
        )

    def _deliver(self, sent: Sent, node: Node, boots: int) -> None:
        """Hand a packet to its target, unless that crashed since the packet came."""
        if not node.up or node.boots != boots:
            return
        sent.arrived.append(self.now)
        try:
            node.receive(sent.packet, self.now)
        finally:
            self.flush(node)

    def _send(self, packet: Packet) -> None:
        if self.alter is not None:
            packet = self.alter(packet)
        sent = self.trace.sent(self.now, packet)
        faults, rng = self.faults, self.random
        if self.lose is not None and self.lose(packet):
            return
        left = self.now if self._wires is None else self._wires.sent(packet, self.now)
        copies = 1 + (rng.random() < faults.duplicate)
        for _ in range(copies):
            if rng.random() < faults.loss:
                continue
            arrival = left + rng.uniform(*faults.delay)
            pair = (packet.source, packet.target)
            if rng.random() >= faults.reorder:
                arrival = max(arrival, self._last.get(pair, 0.0))
                self._last[pair] = arrival
            else:
                arrival += rng.uniform(0, 3 * faults.delay[1])
            self._push(arrival, "packet", sent)

    def _push(self, time: float, kind: str, what: Any) -> None:
        self._number += 1
        heapq.heappush(self._queue, (time, self._number, kind, what))
