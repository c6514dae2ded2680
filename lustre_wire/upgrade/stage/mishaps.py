"""What goes wrong in a play: nodes that crash, clients that are cut off, answers that get lost."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lustre_wire.checking.faults import Fault
from lustre_wire.checking.faults import fault as parse_fault
from lustre_wire.errors import WireError
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.simulator import Simulator
from lustre_wire.testbed.tcp import ALIAS_MASK
from lustre_wire.upgrade.evidence.records import Absence
from lustre_wire.upgrade.evidence.wire import is_change
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.network import TcpNetwork
from lustre_wire.upgrade.stage.workload import Worker

#: States at which something may go wrong.
SERVER_STATES = tuple(str(state) for state in ServerState if state is not ServerState.SERVING)
CLIENT_STATES = tuple(str(state) for state in ClientState if state is not ClientState.RUN)
_IN_ORDER = tuple(ClientState)


class Mishaps:
    """What goes wrong, and what has.

    Args:
        simulator: what connects the nodes.
        servers: the node each target runs on now; `nodes` all nodes of servers.
        workers: the clients and what they do.
        name_of: what a node is called, by its NID.
        say: told what happens.
        until: lets time pass until something is so, which is said in words too.
        crashed: told the NID of a node that crashed.

    Attributes:
        pending: what goes wrong at which moment and has not yet; each fault happens once.
        crashes: of servers: when, and which NID.
        deaths: of clients: when, and which NID.
        cut_off: NIDs of clients without a network.
        absences: when clients had none.
    """

    def __init__(
        self, simulator: Simulator | TcpNetwork, servers: dict[str, Controlled], nodes: dict[str, Controlled],
        workers: list[Worker], name_of: Callable[[int], str], say: Callable[[str], None],
        until: Callable[[Callable[[], bool], str], None], crashed: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._simulator, self._servers, self._nodes, self._workers = simulator, servers, nodes, workers
        self._name_of, self._say, self._until, self._crashed = name_of, say, until, crashed
        self.pending: list[Fault] = []
        self.crashes: list[tuple[float, int]] = []
        self.deaths: list[tuple[float, int]] = []
        self.cut_off: set[int] = set()
        self.absences: list[Absence] = []

    def expect(self, text: str) -> None:
        """Let something go wrong as soon as its moment comes: ``mds-crash@quiet``.

        Raises:
            WireError: it is no fault, or there is no such node.
        """
        fault = parse_fault(text, SERVER_STATES, CLIENT_STATES)
        if fault.client is None and fault.node not in self._servers:
            raise WireError(f"no {fault.node}: there are {', '.join(self._servers)}")
        if fault.client is not None and fault.client >= len(self._workers):
            raise WireError(f"no {fault.node}: there are {len(self._workers)} clients")
        self.pending.append(fault)

    def strike(self) -> None:
        """Let happen what is due."""
        for fault in [fault for fault in self.pending if self._due(fault)] if self.pending else ():
            self.pending.remove(fault)
            node = self._servers[fault.node] if fault.client is None else self._workers[fault.client].client
            self.crash(node.nid) if fault.what == "crash" else self.cut(node.nid)

    def _due(self, fault: Fault) -> bool:
        """Is this the moment?"""
        if fault.state in list(ServerState):
            named = [self._servers[fault.node]] if fault.client is None else self._servers.values()
            return any(node.up and node.life.state == fault.state for node in named)
        assert fault.client is not None
        wanted = _IN_ORDER.index(ClientState(fault.state))
        barred = self._workers[fault.client].client.part.barred.values()
        return any(_IN_ORDER.index(barred.barrier.state) >= wanted for barred in barred)

    def crash(self, nid: int) -> None:
        """A node loses its memory."""
        if not self._simulator.nodes[nid].up:
            return
        name, worker = self._name_of(nid), next((w for w in self._workers if w.client.nid == nid), None)
        if worker is not None:
            self.deaths.append((self._simulator.now, nid))
            worker.cut_short(cleanly=False)
        else:
            self.crashes.append((self._simulator.now, nid))
        self._say(f"{name} crashes")
        self._simulator.crash(nid)
        self._crashed(nid)

    def cut(self, nid: int) -> None:
        """A client hears and says nothing any more."""
        self._say(f"{self._name_of(nid)} is cut off")
        self.cut_off.add(nid)
        self.absences.append(Absence(nid, self._simulator.now, float("inf")))
        for node in self._nodes.values():
            self._simulator.partition(nid, node.nid)

    def rejoin(self, nid: int) -> None:
        """It is back on the network."""
        now = self._simulator.now
        self._say(f"{self._name_of(nid)} is back on the network")
        self.cut_off.discard(nid)
        self.absences = [attrs.evolve(a, end=now) if a.nid == nid and a.end > now else a for a in self.absences]
        for node in self._nodes.values():
            self._simulator.rejoin(nid, node.nid)

    def lose_answer(self, nid: int) -> None:
        """Let time pass until the MDS answers a change of a client (a close is none); that answer gets lost."""
        lost: list[Packet] = []
        metadata = {node.nid: node for node in self._nodes.values() if node.metadata}

        def lose(packet: Packet) -> bool:
            answer = packet.kind == PUT and packet.target & ~ALIAS_MASK == nid and packet.source in metadata
            found = not lost and answer and is_change(packet, self._servers["mds"].dialect)
            lost.extend([packet] if found else [])
            return found

        self._simulator.lose = lose
        self._until(lambda: bool(lost), f"a change of {self._name_of(nid)} is answered")
        self._simulator.lose = None
        self._say(f"the answer to a change of {self._name_of(nid)} is lost")
