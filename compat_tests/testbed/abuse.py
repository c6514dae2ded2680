"""Abuse without end, in simulated time: peers that come, take what they can get and are never heard of again, or say
what nobody should; and one client that wants to work all the while."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from compat_tests import recorded
from compat_tests.testbed.test_hostile import connect, kept
from lustre_wire import rpc
from lustre_wire.recovery.ldlm import Extent
from lustre_wire.recovery.ldlm.policies import EOF
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import GET, PUT, Packet
from lustre_wire.recovery.target import SILENCE
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import CLIENT_NID, Simulated
from lustre_wire.testbed.tasks import OperationFailed, Steps
from lustre_wire.testing import Mutator

#: Addresses that strangers come from, one after the other; messages of nonsense a minute.
ADDRESSES, NONSENSE = 64, 20


class Abuse:
    """A file system whose servers keep no events, as when it is served, and what is done to it minute by minute.

    Attributes:
        works: how often the client that means well has made, written, read and removed its file.
    """

    def __init__(self, dialect: str, seed: int = 0) -> None:
        self.fs = Simulated(dialect, clients=1, seed=seed)
        self.k, self.random = names(self.fs.system.dialect), random.Random(seed)
        for server in self.fs.system.servers:
            server.keeps_events = False
        self.numbers, self.works = itertools.count(1), 0
        self.mutator = Mutator([(m.dialect, m.data) for m in recorded.messages() if m.dialect == dialect], seed=seed)
        self.attacks: list[Callable[[], None]] = [
            self.strangers, self.impostor, self.nonsense, self.takes_and_dies, self.never_delivers, self.piles_up,
            self.queues,
        ]  # fmt: skip

    def minutes(self, count: int) -> None:
        """So many minutes of abuse, and what is kept of the traffic is thrown away."""
        for _ in range(count):
            for attack in self.random.sample(self.attacks, 2):
                attack()
            self.fs.simulator.settle(60)
            self.work()
            self.fs.simulator.trace.packets.clear()
            self.fs.simulator.trace.marks.clear()
            for client in self.fs.clients:
                for owner in client.imports():
                    owner.events.clear()

    def work(self) -> None:
        """What everybody else is there for."""
        c, k = self.fs.clients[0], self.k
        file = self.fs.do(c.open("/work", k.MDS_OPEN_CREAT | k.FMODE_READ | k.FMODE_WRITE))
        self.fs.do(c.write(file, 0, b"work"))
        assert self.fs.do(c.read(file, 0, 4)) == b"work"
        self.fs.do(c.close(file))
        self.fs.do(c.unlink("/work"))
        self.works += 1

    def kept(self) -> list[tuple[int, ...]]:
        """How much each target keeps when those who are not heard of are forgotten, and the client gives back its
        unused locks: exports and their handles, opens and requests, locks and resources, callbacks, slots, what is on
        disk."""
        self.fs.simulator.settle(2 * SILENCE)
        c = self.fs.clients[0]
        for owner in c.imports():
            unused = [lock for lock in owner.locks.locks.values() if lock.granted and not lock.users]
            c.callee.cancel(owner, owner.locks.give_up(unused, self.k))
        self.fs.simulator.flush(c)
        self.fs.simulator.settle(1)
        return [kept(node.target, node.store) for node in self.fs.system.servers if node.target is not None]

    # -- attacks -------------------------------------------------------------------------------------------------

    def _nid(self) -> int:
        return CLIENT_NID + 1000 + next(self.numbers) % ADDRESSES

    def _deliver(self, packet: Packet) -> None:
        self.fs.simulator.late(packet)

    def strangers(self) -> None:
        """Clients that connect, each in a new name, and no more."""
        for _ in range(10):
            number = next(self.numbers)
            self._deliver(connect(self.fs, b"stranger %d" % number, self._nid(), number))

    def impostor(self) -> None:
        """A connect in the name of a client that is there, from elsewhere; and a request with its handle."""
        c, mds = self.fs.clients[0], self.fs.system.mds
        self._deliver(connect(self.fs, c.uuid, self._nid(), next(self.numbers)))
        assert mds.target is not None and c.mdc is not None
        ping = c.mdc.request("OBD_PING").message
        ping.body.pb_handle.cookie = c.mdc.remote
        self._deliver(Packet(PUT, self._nid(), mds.nid, 12, next(self.numbers), 0, rpc.encode(ping)))

    def nonsense(self) -> None:
        """Recorded messages with something wrong, on any portal of any server."""
        portals = sorted({form.portal for form in self.fs.system.dialect.rpcs.values() if form.portal})
        for _ in range(NONSENSE):
            number, server = next(self.numbers), self.random.choice(self.fs.system.servers)
            kind = self.random.choice([PUT, PUT, PUT, GET])
            data = self.mutator.data(number)
            self._deliver(Packet(kind, self._nid(), server.nid, self.random.choice(portals), number, 0, data))

    def _guest(self) -> ClientNode:
        number = next(self.numbers)
        guest = self.fs.system.client(number)
        guest.nid = self._nid()
        if guest.nid in self.fs.simulator.nodes:
            self.fs.simulator.crash(guest.nid)
        self.fs.simulator.add(guest)
        self.fs.do(guest.mount(), guest)
        return guest

    def _dies(self, guest: ClientNode) -> None:
        self.fs.simulator.crash(guest.nid)

    def _file(self, guest: ClientNode) -> int:
        flags = self.k.MDS_OPEN_CREAT | self.k.FMODE_READ | self.k.FMODE_WRITE
        number: int = self.fs.do(guest.open(f"/guest {next(self.numbers) % 20}", flags), guest)
        return number

    def _tries(self, guest: ClientNode, steps: Steps) -> None:
        """Whatever comes of it."""
        with suppress(OperationFailed):
            self.fs.do(steps, guest)

    def takes_and_dies(self) -> None:
        """A client that opens, writes and locks, and is gone; what it made stays without a name."""
        guest = self._guest()
        file = self._file(guest)
        self.fs.do(guest.write(file, 0, bytes(100_000)), guest)
        self.fs.do(guest.flock(file, "LCK_PW", 0, 9), guest)
        self._tries(guest, guest.unlink(f"/guest {self.random.randrange(20)}"))
        self._dies(guest)

    def never_delivers(self) -> None:
        """A write whose bytes nobody sends."""
        guest = self._guest()
        file = self._file(guest)
        self.fs.simulator.lose = lambda packet: packet.source == guest.nid and packet.kind != PUT
        self.fs.start(guest.write(file, 0, bytes(50_000)), guest)
        self.fs.simulator.settle(1)
        self.fs.simulator.lose = None
        self._dies(guest)

    def piles_up(self) -> None:
        """Attributes, opens and locks, as many as may be; and the same bytes made and thrown away."""
        guest = self._guest()
        file = self._file(guest)
        for number in range(10):
            self._tries(guest, guest.setxattr("/", b"user.%d" % number, bytes(3000)))
            self._tries(guest, guest.flock(file, "LCK_PW", 2 * number, 2 * number, 7))
            self._file(guest)
            self._tries(guest, guest.truncate(file, 1 << 20))
            self._tries(guest, guest.truncate(file, 0))
        self._dies(guest)

    def queues(self) -> None:
        """Ranges that wait for one lock, whose holder says nothing any more."""
        guest = self._guest()
        index, obj = guest.files[self._file(guest)].objects[0]
        k, osc = self.k, guest.oscs[index]
        self.fs.do(guest.lock(osc, k.LDLM_EXTENT, (obj, 0, 0, 0), k.LCK_GROUP, Extent(0, EOF, 1)), guest)
        other = self._guest()
        for number in range(30):
            wanted: Any = Extent(number, number)
            self.fs.start(other.lock(other.oscs[index], k.LDLM_EXTENT, (obj, 0, 0, 0), k.LCK_PW, wanted), other)
        self.fs.simulator.settle(1)
        self._dies(guest)
        self._dies(other)
