"""What an MDS does in the stops of its OSTs, of which it is a client: it takes part in them as clients do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.recovery.target import Target
from lustre_wire.testbed.client.callee import Callee
from lustre_wire.testbed.mds.osts import OstSide
from lustre_wire.testbed.tasks import Steps, Until
from lustre_wire.upgrade.evidence.journal import Journal, Moved
from lustre_wire.upgrade.nodes.barred import Barred
from lustre_wire.upgrade.nodes.participant import Participant
from lustre_wire.upgrade.protocol.barrier import ClientState, Facts
from lustre_wire.upgrade.protocol.gate import Caller
from lustre_wire.upgrade.protocol.policy import Policy, Resume, Scope


class PartakingOstSide:
    """The connections of an MDS to its OSTs behind barriers.

    Args:
        osts: the connections; what is asked over them passes the gate here.

    Attributes:
        part: its part in the stops of OSTs, made anew at each start.
    """

    def __init__(self, osts: OstSide, policy: Policy, journal: Journal) -> None:
        self.osts, self.policy, self.journal, self._now = osts, policy, journal, 0.0
        osts.through = self._gated
        self._take_part()

    def _take_part(self) -> None:
        self.callee = Callee(self.osts.nid, lambda: self._now)
        self.part = Participant(
            self.osts.nid, self.policy, self.journal, self.callee, lambda: self._now, lambda: self.osts.tasks,
            self.osts.ask,
        )  # fmt: skip

    def start(self, target: Target, now: float) -> None:
        """The target was started."""
        self._now = now
        for closed in self.part.closed():  # forgotten in a crash
            self.journal.moved.append(Moved(now, self.osts.nid, closed, ClientState.RUN, Facts()))
        self._take_part()
        self.osts.start(target, now)
        if self.policy.controlled and self.policy.scope is Scope.TARGET:
            self._join()
        self.osts.tasks.run(now)

    def _join(self) -> None:
        """Nobody lifts a barrier of an MDS by hand: where an operator has to, it goes on when it has reconnected."""
        alone = self.policy.resume is Resume.OPERATOR
        policy = attrs.evolve(self.policy, resume=Resume.RECONNECT) if alone else self.policy
        for osc in self.osts.imports.values():
            name = osc.config.target.decode()
            self.part.join(name, osc, [osc], policy)
            self.osts.tasks.start(self._first_lock(self.part.barred[name]), f"all-access lock of {name}")

    def _first_lock(self, barred: Barred) -> Steps:
        yield Until(lambda: barred.holder.state is ImportState.FULL)
        yield from self.part.ask_for_lock(barred)

    def _gated(self, osc: Import, begin: Callable[[], Any]) -> Any:
        """What the MDS wants of an OST waits at the gate, until the OST is back."""
        while True:
            caller = Caller(frozenset({osc.config.target.decode()}), update=True)
            self.part.gate.enter(caller)
            try:
                if caller.status is None:
                    yield Until(lambda: caller.status is not None)  # noqa: B023
                if not caller.status:
                    return (yield from begin())
            finally:
                self.part.gate.leave(caller)

    def receive(self, packet: Packet, now: float) -> bool:
        """Take a packet of an OST, callbacks too; False for any other."""
        self._now = now
        owners = [osc for osc in self.osts.imports.values() if packet.source in osc.config.peers]
        if packet.kind == PUT and owners and not any(packet.match_bits in osc.sending for osc in owners):
            self.callee.called_back(packet, owners)
            return True
        return self.osts.receive(packet, now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._now = now
        self.osts.tick(now)

    def go_on(self, now: float) -> None:
        """Do what can be done."""
        self._now = now
        self.osts.go_on(now)

    def watch(self) -> bool:
        """Let the barriers see what happened."""
        self.part.watch()
        return True

    def next_deadline(self) -> float | None:
        """When the next tick is due."""
        return self.osts.next_deadline()

    def take(self) -> list[Packet]:
        """Packets to be sent."""
        return self.osts.take() + self.callee.take()
