"""A small file system of nodes: MGS, MDS, OSTs and clients, and what is done with it in the simulator."""

from __future__ import annotations

from functools import partial
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.limits import DEFAULT, Limits
from lustre_wire.recovery.store import Store
from lustre_wire.testbed import mgs
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.mds.osts import OstSide
from lustre_wire.testbed.mds.service import Metadata
from lustre_wire.testbed.node import Node, ServerNode
from lustre_wire.testbed.ost import Objects
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.simulator import Faults, Simulator
from lustre_wire.testbed.tasks import Steps, Task

#: LND type TCP, network 0, in the upper half of a NID (lnet/types.h).
TCP = 2 << 48
FSNAME = "lustre"
#: From an OST's node to its partner.
PARTNER = 0x40
MGS_NID, MDS_NID, OST_NID, CLIENT_NID = (TCP | 0x7F000000 | n for n in (1, 2, 0x10, 0x100))


class FileSystem:
    """The servers of one file system.

    Args:
        dialect: what they speak.
        osts, stripes: how many OSTs, and objects of a file.
        pair: the MDS and every OST have a failover partner.
        hardware: what its OSTs can do.
        limits: what its targets keep for clients.

    Attributes:
        server: class of its nodes.
        partners: NID of a target's node -> the other node of its pair, on the same disk, not started.
    """

    server: type[ServerNode] = ServerNode

    def __init__(
        self,
        dialect: Dialect | str,
        *,
        osts: int = 1,
        stripes: int = 1,
        seed: int = 1,
        nids: tuple[int, int, int] | None = None,
        pair: bool = False,
        hardware: Hardware | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        found = named_dialect(dialect)
        self.dialect, self.seed, self.hardware = found, seed, hardware or Hardware()
        mgs_nid, mds_nid, ost_nid = nids or (MGS_NID, MDS_NID, OST_NID)
        ost_nids = [ost_nid + n for n in range(osts)]
        spare = {mds_nid: mds_nid + 1} | {nid: nid + PARTNER for nid in ost_nids} if pair else {}
        self._places = mds_nid, ost_nids, stripes, spare
        self._logs = self.logs(found)
        self.mgs = self.server(mgs_nid, b"MGS", found, self._configuration, "MGS_CONNECT", seed + 1)
        self.osts = [self._ost(number, nid, seed + 10) for number, nid in enumerate(ost_nids)]
        known = [(ost.uuid, [n for n in (ost.nid, spare.get(ost.nid)) if n is not None]) for ost in self.osts]
        uuid = f"{FSNAME}-MDT0000_UUID".encode()
        self.mds = self._mds(mds_nid, uuid, known, seed + 2, stripes)
        self.partners: dict[int, ServerNode] = {}
        if pair:
            self.partners[mds_nid] = self._mds(mds_nid + 1, uuid, known, seed + 3, stripes)
            self.partners |= {o.nid: self._ost(n, spare[o.nid], seed + 100) for n, o in enumerate(self.osts)}
        for node in (*self.servers, *self.partners.values()):
            node.limits = limits
        for node in (self.mds, *self.osts):
            if node.nid in self.partners:
                self.partners[node.nid].store = node.store

    def logs(self, dialect: Dialect) -> dict[bytes, bytes]:
        """The configuration logs, as an MGS of this dialect writes them when the targets register."""
        more = {name.encode(): mgs.empty_log(dialect) for name in packer(dialect).personality.extra_logs}
        return {f"{FSNAME}-client".encode(): mgs.client_log(dialect, FSNAME, *self._places), **more}

    def _configuration(self, dialect: Dialect, _: Any) -> mgs.Configuration:
        mds_nid, ost_nids, _, _ = self._places
        osts = (mgs.Place(2, index, nid) for index, nid in enumerate(ost_nids))
        return mgs.Configuration(dialect, self._logs, (mgs.Place(1, 0, mds_nid), *osts))

    def _mds(self, nid: int, uuid: bytes, osts: list[tuple[bytes, list[int]]], seed: int, stripes: int) -> ServerNode:
        """An MDS; `osts` are the UUID of each OST, and the NIDs it may be found at."""

        def make(dialect: Dialect, store: Store) -> Metadata:
            return Metadata(dialect, store, stripes, len(osts))

        node = self.server(nid, uuid, self.dialect, make, "MDS_CONNECT", seed)
        node.beside = OstSide(nid, uuid, osts, seed)
        return node

    def _ost(self, number: int, nid: int, seed: int) -> ServerNode:
        uuid = f"{FSNAME}-OST{number:04x}_UUID".encode()
        make = partial(Objects, hardware=self.hardware)
        return self.server(nid, uuid, self.dialect, make, "OST_CONNECT", seed + number)

    @property
    def servers(self) -> list[ServerNode]:
        return [self.mgs, *self.osts, self.mds]

    def client(self, number: int = 0, dialects: tuple[Dialect, ...] | None = None, nid: int = 0) -> ClientNode:
        """A client of it, not yet mounted."""
        uuid = f"{number:08x}-6c75-7374-7265-746573746264".encode()
        return ClientNode(
            nid or CLIENT_NID + number,
            uuid,
            dialects or (self.dialect,),
            [self.mgs.nid],
            FSNAME,
            self.seed * 256 + number,
        )


class Simulated:
    """A file system in the simulator.

    Args:
        clients: how many, mounted unless `mount` is False.
    """

    def __init__(
        self, dialect: Dialect | str, *, clients: int = 1, osts: int = 1, stripes: int = 1, seed: int = 0,
        faults: Faults | None = None, mount: bool = True, hardware: Hardware | None = None,
    ) -> None:  # fmt: skip
        self.system = FileSystem(dialect, osts=osts, stripes=stripes, hardware=hardware)
        self.simulator = Simulator(seed, faults, hardware)
        for node in self.system.servers:
            self.simulator.add(node)
        self.clients = [self.system.client(number) for number in range(clients)]
        for client in self.clients:
            self.simulator.add(client)
        if mount:
            for client in self.clients:
                self.do(client.mount(), client)

    @property
    def dialects(self) -> dict[int, Dialect]:
        """The dialect of each server, for whoever reads the trace."""
        return {node.nid: node.dialect for node in self.system.servers}

    def start(self, steps: Steps, client: ClientNode | None = None, name: str = "") -> Task:
        """Begin an operation."""
        node = client or self.clients[0]
        task = node.do(steps, self.simulator.now, name)
        self.simulator.flush(node)
        return task

    def do(self, steps: Steps, client: ClientNode | None = None) -> Any:
        """An operation from beginning to end.

        Raises:
            OperationFailed: what the file system refused.
            Stuck: it never ended.
        """
        task = self.start(steps, client)
        self.simulator.run(lambda: task.done)
        if task.error is not None:
            raise task.error
        return task.result

    def restart(self, node: Node | None = None, down: float = 1.0) -> None:
        """Crash a server and start it again."""
        nid = (node or self.system.mds).nid
        self.simulator.crash(nid)
        self.simulator.settle(down)
        self.simulator.start(nid)

    def recovered(self, limit: float = 5000.0) -> None:
        """Run until every import of every client is FULL and no target recovers."""
        self.simulator.run(self._all_well, limit)

    def _all_well(self) -> bool:
        imports = [i for client in self.clients for i in client.imports()]
        targets = [node.target for node in self.system.servers if node.up and node.target is not None]
        return all(i.state is ImportState.FULL for i in imports) and not any(t.recovering for t in targets)
