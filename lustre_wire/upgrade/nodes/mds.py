"""An MDS under control; of its OSTs it is a client, and takes part in their stops as clients do."""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.callee import Callee
from lustre_wire.testbed.node import MetadataNode
from lustre_wire.testbed.tasks import Steps, Until
from lustre_wire.upgrade.evidence.journal import Journal, Moved
from lustre_wire.upgrade.nodes.barred import Barred
from lustre_wire.upgrade.nodes.participant import Participant
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.protocol.barrier import ClientState, Facts
from lustre_wire.upgrade.protocol.gate import Caller
from lustre_wire.upgrade.protocol.policy import Away, Policy, Resume, Scope


class ControlledMetadata(Controlled, MetadataNode):
    """An MDS under control.

    Attributes:
        part: its part in the stops of OSTs.
    """

    def control(self, policy: Policy, journal: Journal | None = None) -> None:
        super().control(policy, journal)
        self._take_part()

    def _take_part(self) -> None:
        self.callee = Callee(self.nid, lambda: self.now)
        self.part = Participant(
            self.nid, self.policy, self.journal, self.callee, lambda: self.now, lambda: self.tasks, self.ask
        )

    def start(self, now: float) -> None:
        for target in self.part.closed():
            self.journal.moved.append(Moved(now, self.nid, target, ClientState.RUN, Facts()))  # forgotten in a crash
        self._take_part()
        super().start(now)
        self.service.changes.made_by_name = self.way.away is Away.REFORMAT
        if self.policy.controlled and self.policy.scope is Scope.TARGET:
            self._join_osts()
        self.tasks.run(now)

    def _join_osts(self) -> None:
        """Nobody lifts a barrier of an MDS by hand: where an operator has to, it goes on when it has reconnected."""
        alone = self.policy.resume is Resume.OPERATOR
        policy = attrs.evolve(self.policy, resume=Resume.RECONNECT) if alone else self.policy
        for osc in self.imports.values():
            name = osc.config.target.decode()
            self.part.join(name, osc, [osc], policy)
            self.tasks.start(self._first_lock(self.part.barred[name]), f"all-access lock of {name}")

    def _first_lock(self, barred: Barred) -> Steps:
        yield Until(lambda: barred.holder.state is ImportState.FULL)
        yield from self.part.ask_for_lock(barred)

    def _ask(self, osc: Import, asked: op.Operation) -> Any:
        """What the MDS wants of an OST waits at the gate, until the OST is back."""
        while True:
            caller = Caller(frozenset({osc.config.target.decode()}), update=True)
            self.part.gate.enter(caller)
            try:
                if caller.status is None:
                    yield Until(lambda: caller.status is not None)  # noqa: B023
                if not caller.status:
                    return (yield from super()._ask(osc, asked))
            finally:
                self.part.gate.leave(caller)

    def receive(self, packet: Packet, now: float) -> None:
        owners = [osc for osc in self.imports.values() if packet.source in osc.config.peers]
        if packet.kind == PUT and owners and not any(packet.match_bits in osc.sending for osc in owners):
            self.now = now
            self.callee.called_back(packet, owners)
        else:
            super().receive(packet, now)
        self._see(now)

    def tick(self, now: float) -> None:
        super().tick(now)
        self._see(now)

    def _see(self, now: float) -> None:
        if self.up:
            self.part.watch()
            self._go_on(now)

    def take(self) -> list[Packet]:
        return super().take() + self.callee.take()
