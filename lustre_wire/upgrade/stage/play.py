"""A file system under load, and what goes wrong with it. What is done with its servers is the operator's business."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf

import attrs

from lustre_wire.dialects import dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.limits import DEFAULT, Limits
from lustre_wire.recovery.packet import Packet
from lustre_wire.testbed.file_system import CLIENT_NID, FSNAME
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.simulator import Faults, Simulator, Stuck
from lustre_wire.testbed.tasks import Steps, Task
from lustre_wire.testbed.tcp import ALIAS_MASK
from lustre_wire.upgrade.evidence import snapshot, wire
from lustre_wire.upgrade.evidence.evictions import Eviction, evictions
from lustre_wire.upgrade.evidence.journal import Journal
from lustre_wire.upgrade.evidence.records import Asked, Began, ByHand, Flushed, Mounted, Signalled, Stopped, Writeconf
from lustre_wire.upgrade.evidence.starts import Started, starts
from lustre_wire.upgrade.evidence.wire import Wire
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.nodes.system import System
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.protocol.policy import Policy, Scope
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.all_of import AllOf
from lustre_wire.upgrade.stage.mishaps import Mishaps
from lustre_wire.upgrade.stage.network import TcpNetwork
from lustre_wire.upgrade.stage.workload import THINKING, Worker, inspect

#: Simulated seconds anything is waited for.
PATIENCE = 3000.0
#: Clients that come later, and locks of one client on one target, at most: what targets have room for.
SPARE, LOCKS = 64, 8


def _uuid(number: int, boots: int) -> bytes:
    """A client's UUID, another one at each boot."""
    return f"{number:08x}-6c75-7374-{0x7265 + boots:04x}-746573746264".encode()


def _boot(uuid: str) -> str:
    """What all UUIDs of a client's connections have in common, from one boot to the next."""
    return uuid[:23]


def limits_for(clients: int) -> Limits:
    """What targets keep where so many clients are to be served, and a few more."""
    many = clients + SPARE
    return Limits(
        clients=max(DEFAULT.clients, many), locks=max(DEFAULT.locks, LOCKS * many),
        on_resource=max(DEFAULT.on_resource, 2 * many), inodes=max(DEFAULT.inodes, 2 * many),
        entries=max(DEFAULT.entries, 2 * many),
    )  # fmt: skip


@attrs.define(slots=True)
class Operated:
    """Something the operator did, or saw."""

    time: float
    text: str


class Play:
    """One run.

    Args:
        policy: how servers are stopped and started.
        clients, osts: how many; targets have room for these clients, or for `room` if that is more.
        seed: of everything that is left to chance.
        faults: of the network.
        version: what the servers speak at first; clients speak all versions.
        pair: the MDS and the OSTs have failover partners.
        hardware: what links, servers and disks of the simulator can do, by default whatever is asked of them.
        say: called with what happens, as it happens.
        network: what connects the nodes, instead of a simulator.

    Attributes:
        mishaps: what goes wrong.
        operated: what the operator did.
        servers: the node each target runs on now; `nodes` all nodes, partners of failover pairs too.
        lost: what was acknowledged and is not there, once somebody looked.
        unmounted: when clients were unmounted.
        signalled: when the operator interrupted users.
        forced: when the operator unmounted a server by force, or aborted a recovery: either evicts by plan (TH-14).
        insisting: when the operator insisted on the start of which target.
        mounted: each mount of a client that was done; `by_hand`, `writeconfs` what the operator did with barriers and
            with the configuration.
        flushed: each time a target's disk was flushed; `began`, `stopped` starts and stops of targets.
        journal: what nodes note of themselves.
    """

    def __init__(
        self, policy: Policy, *, clients: int = 4, osts: int = 2, seed: int = 0, faults: Faults | None = None,
        version: str = VERSIONS[0], pair: bool = False, say: Callable[[float, str], None] | None = None,
        journal: Journal | None = None, network: TcpNetwork | None = None, hardware: Hardware | None = None,
        room: int = 0,
    ) -> None:  # fmt: skip
        self.policy, self.seed, self.journal = policy, seed, journal or Journal()
        limits = limits_for(max(clients, room))
        self.system = System(dialect(version), osts=osts, pair=pair, hardware=hardware, limits=limits)
        self.simulator: Simulator | TcpNetwork = network or Simulator(seed, faults, hardware)
        self.operated: list[Operated] = []
        self._say = say
        self.servers: dict[str, Controlled] = {"mgs": self._mgs(), "mds": self._mds()}
        self.servers |= {f"ost{n}": node for n, node in enumerate(self.system.osts)}  # type: ignore[misc]
        self.clients: list[UpgradeClient] = []
        self.workers: list[Worker] = []
        self.nodes = dict(self.servers)
        for name, node in self.servers.items():
            if node.nid in self.system.partners:
                self.nodes[f"{name}-partner"] = self.system.partners[node.nid]  # type: ignore[assignment]
        self.mounting: list[tuple[Task, UpgradeClient]] = []
        self.unmounted: list[tuple[float, int]] = []
        self.signalled: list[Signalled] = []
        self._looked: list[Asked] = []
        self._departed: set[str] = set()
        self.forced: list[float] = []
        self.insisting: list[tuple[float, str]] = []
        self._crashes: list[tuple[float, str, int]] = []
        self.mounted: list[Mounted] = []
        self.by_hand: list[ByHand] = []
        self.writeconfs: list[Writeconf] = []
        self.lost: list[str] | None = None
        self.flushed: list[Flushed] = []
        self.began: list[Began] = []
        self.stopped: list[Stopped] = []
        self._awaited: list[tuple[int, str, Callable[[], object]]] = []
        self._wire: tuple[int, Wire] | None = None
        self._evictions: tuple[Wire, tuple[Began, ...], tuple[Flushed, ...], list[Eviction]] | None = None
        for node in self.nodes.values():
            node.control(policy, self.journal)
            node.observer = self._observe
            node.keeps_events = not self.journal.quiet
            self.simulator.nodes[node.nid] = node
            if not self.journal.quiet:
                node.store.on_commit = partial(self._note_disk, node)
        for name in self.servers:
            self.start(name)
        self.mishaps = Mishaps(
            self.simulator, self.servers, self.nodes, self.workers, self.name_of, self.say, self.until, self._note_crash
        )
        self.simulator.on_event = self._before_event
        for _ in range(clients):
            self.new_client()

    def _mgs(self) -> Controlled:
        assert isinstance(self.system.mgs, Controlled)
        return self.system.mgs

    def _mds(self) -> Controlled:
        assert isinstance(self.system.mds, Controlled)
        return self.system.mds

    @property
    def now(self) -> float:
        return self.simulator.now

    def say(self, text: str) -> None:
        self.operated.append(Operated(self.now, text))
        if self._say is not None:
            self._say(self.now, text)

    def name_of(self, nid: int) -> str:
        """``mds``, ``ost0``, ``client3``: what a node is called."""
        found = next((name for name, node in self.nodes.items() if node.nid == nid), None)
        return found or f"client{nid - CLIENT_NID}"

    def targets(self) -> dict[int, str]:
        """What each node serves: NID -> UUID of the target."""
        return {node.nid: node.uuid.decode() for node in self.nodes.values()}

    def client_of(self, uuid: str) -> str:
        """What a client is called whose UUID a server knows; an MDS is a client of its OSTs."""
        return "mds" if uuid.startswith(FSNAME) else f"client{int(uuid[:8], 16)}"

    def has_left(self, uuid: str) -> bool:
        """Was this client unmounted? A server that crashed right afterwards may still wait for it, and evict nobody."""
        return _boot(uuid) in self._departed

    def own_nid(self, seen: int) -> int:
        """A client's own NID; over TCP each server knows it by another, since it may share its address."""
        return seen & ~ALIAS_MASK

    def is_metadata(self, nid: int) -> bool:
        """Is this an MDS?"""
        return any(node.nid == nid and node.metadata for node in self.nodes.values())

    def starts(self) -> list[Started]:
        """Every start of a server."""
        return starts(self.began, self.flushed, self.is_metadata)

    def went_back(self) -> bool:
        """Was there a step back to an older version?"""
        return any(start.back for start in self.starts())

    def present_before(self, time: float) -> list[UpgradeClient]:
        """Clients that are up and on the network, and were mounted before this time."""
        return [
            client for task, client in self.mounting
            if client.up and client.nid not in self.mishaps.cut_off and task.done and self.is_mounted(client.nid, time)
        ]  # fmt: skip

    def is_mounted(self, nid: int, time: float) -> bool:
        """Was the last mount of a client done by then?"""
        return max((mounted.time for mounted in self.mounted if mounted.client == nid), default=inf) < time

    def is_reachable(self, nid: int) -> bool:
        """Is a client up and on the network?"""
        return self.simulator.nodes[nid].up and nid not in self.mishaps.cut_off

    def insisted(self, time: float) -> set[str]:
        """Targets whose start at this time the operator insisted on (SI-4a)."""
        return {target for then, target in self.insisting if then == time}

    def untouched(self) -> set[int]:
        """Clients nothing happened to: never cut off, crashed or evicted."""
        evicted = self.clients_evicted()
        away = {absence.nid for absence in self.mishaps.absences} | {nid for _, nid in self.mishaps.deaths}
        return {
            c.nid for c in self.clients if c.up and c.nid not in away and self.name_of(c.nid) not in evicted
        }  # fmt: skip

    # -- what is seen from outside -------------------------------------------------------------------------------

    def wire(self) -> Wire:
        """What went over the network, of a play that is over."""
        packets = self.simulator.trace.packets
        if self._wire is None or self._wire[0] != len(packets):
            self._wire = len(packets), wire.read(packets, self.system.dialect)
        return self._wire[1]

    @property
    def place(self) -> int:
        """How many packets have gone over the network."""
        return len(self.simulator.trace.packets)

    def start(self, name: str) -> None:
        """Start the node a target runs on.

        Raises:
            StartRefused, MountRefused: it does not start.
        """
        node, place, flushes, now = self.servers[name], self.place, len(self.flushed), self.now
        if node.forced:
            self.insisting.append((now, node.uuid.decode()))
        self._note_what_is_down()
        fids = snapshot.fids(node.store) if self.is_metadata(node.nid) and not self.journal.quiet else frozenset()
        self.simulator.start(node.nid)
        target, until = node.uuid.decode(), len(self.flushed)
        self.began.append(Began(place, flushes, now, node.nid, target, node.dialect.name, until, fids))

    def stop(self, name: str) -> None:
        """Have a server stopped."""
        node = self.servers[name]
        holder = self.servers["mgs"] if self.policy.scope is Scope.MGS else node
        self._note_stop(name, node, holder, holds=False)
        node.stop(self.now)
        self.simulator.flush(node)

    def force_down(self, name: str) -> None:
        """Have a server unmounted by force: it evicts whoever it knows."""
        node = self.servers[name]
        self.forced.append(self.now)
        self._note_stop(name, node, node, holds=False)
        node.force_down(self.now)
        self._note_what_is_down()

    def abort_recovery(self, name: str) -> None:
        """Have a server that recovers wait for nobody any more: who is not back is evicted."""
        node = self.servers[name]
        self.forced.append(self.now)
        node.abort_recovery(self.now)
        self.simulator.flush(node)

    def hold(self) -> None:
        """Have the MGS take the locks of the whole file system back."""
        mgs = self.servers["mgs"]
        self._note_stop("mgs", mgs, mgs, holds=True)
        mgs.hold(self.now)
        self.simulator.flush(mgs)

    def let_go(self) -> None:
        """Have it give them again."""
        mgs = self.servers["mgs"]
        self._note_ends(lambda stop: stop.holds)
        mgs.let_go(self.now)
        self.simulator.flush(mgs)

    def _note_stop(self, name: str, node: Controlled, holder: Controlled, *, holds: bool) -> None:
        target, flushes = node.uuid.decode(), len(self.flushed)
        self.stopped.append(Stopped(self.place, flushes, self.now, name, node.nid, target, holds, holder.nid))

    def _note_ends(self, over: Callable[[Stopped], bool], *, crashed: bool = False) -> None:
        for index, stop in enumerate(self.stopped):
            if stop.ended == inf and over(stop):
                self.stopped[index] = attrs.evolve(
                    stop, end=self.place, last=len(self.flushed), ended=self.now, crashed=crashed
                )

    def _note_what_is_down(self) -> None:
        self._note_ends(lambda stop: not self.simulator.nodes[stop.nid].up)

    def _note_crash(self, nid: int) -> None:
        target = self.targets().get(nid)
        if target is not None:
            self._crashes.append((self.now, target, len(self.flushed)))
        self._note_ends(lambda stop: stop.nid == nid, crashed=True)

    def _note_disk(self, node: Controlled) -> None:
        target = node.uuid.decode()
        self.flushed.append(snapshot.flushed(self.place, self.now, target, node.store, node.dialect))

    def _observe(self, node: Controlled, what: str) -> None:
        for awaited in [each for each in self._awaited if each[:2] == (node.nid, what)]:
            self._awaited.remove(awaited)
            awaited[2]()

    # -- clients -------------------------------------------------------------------------------------------------

    def new_client(self, *, wait: bool = True) -> UpgradeClient:
        """One more client, mounted (or, without `wait`, mounting)."""
        number = len(self.clients)
        made = UpgradeClient(
            CLIENT_NID + number, _uuid(number, 0), tuple(dialect(version) for version in VERSIONS),
            [self.servers["mgs"].nid], FSNAME, 100 + number, policy=self.policy, journal=self.journal,
        )  # fmt: skip
        self.clients.append(made)
        self.workers.append(Worker(made, self.simulator, number, self.seed))
        self.simulator.add(made)
        self._mount(made, wait=wait)
        return made

    def _mount(self, client: UpgradeClient, *, wait: bool = True) -> None:
        task = client.do(self._mounts(client, self.now), self.now, "mount")
        self.simulator.flush(client)
        self.mounting.append((task, client))
        if wait:
            self.until(lambda: task.done, f"{self.name_of(client.nid)} mounts")
            if task.error is not None:
                raise task.error

    def _mounts(self, client: UpgradeClient, began: float) -> Steps:
        root = yield from client.mount()
        self.mounted.append(Mounted(began, self.now, client.nid))
        return root

    def unmount(self, number: int) -> None:
        """A client's user finishes what he does, closes what he has open, and the client goes down. One that is cut off
        can only be switched off."""
        worker, client = self.workers[number], self.clients[number]
        if client.nid in self.mishaps.cut_off:
            self.mishaps.crash(client.nid)
        if not client.up:
            return
        self.say(f"client{number} unmounts")
        worker.rest()
        self.until(lambda: not client.up or not worker.busy, f"client{number} is idle")
        task = client.do(client.unmount(), self.now, "unmount")
        self.simulator.flush(client)
        self.until(lambda: task.done or not self.able(worker), f"client{number} is unmounted")
        if task.error is not None:
            raise task.error
        if task.done:
            worker.cut_short(cleanly=True)
            self.unmounted.append((self.now, client.nid))
            self._departed.add(_boot(client.uuid.decode()))
            self.simulator.crash(client.nid)

    def mount(self, number: int, version: str = "") -> None:
        """A client that is down boots, in another version if one is named, and mounts: as a new one, for all servers
        know. One that is cut off cannot.

        Raises:
            WireError: it is up.
        """
        client = self.clients[number]
        if client.nid in self.mishaps.cut_off:
            self.say(f"client{number} has no network to mount over")
            return
        if client.up:
            raise WireError(f"client{number} is up already")
        if version:
            others = (dialect(other) for other in VERSIONS if other != version)
            client.dialects = (dialect(version), *others)
        client.uuid = _uuid(number, client.boots)
        self.say(f"client{number} mounts in {client.dialects[0].name}")
        self.simulator.start(client.nid)
        self._mount(client)

    def newcomer(self, name: str, state: str) -> None:
        """One more client mounts, and its connect reaches a server as soon as that comes into a state: in the simulator
        exactly then, since the network holds the packet up; over TCP it begins to mount then."""
        if self.policy.controlled and self.policy.scope is Scope.MGS:  # that is who keeps the door
            name, state = "mgs", ServerState.COMMITTED if state == ServerState.HALTED else state
        node = self.servers[name]
        if not isinstance(self.simulator, Simulator):
            self._awaited.append((node.nid, state, lambda: self.new_client(wait=False)))
            return
        simulator, held, before = self.simulator, list[Packet](), self.simulator.lose
        nid = CLIENT_NID + len(self.clients)

        def hold_up(packet: Packet) -> bool:
            mine = packet.source == nid and packet.target == node.nid
            held.extend([packet] if mine else [])
            return mine

        simulator.lose = hold_up
        made = self.new_client(wait=False)
        self.until(lambda: bool(held), f"{self.name_of(nid)} asks {name} to let it in")
        simulator.lose = before
        self._awaited.append((node.nid, state, lambda: self._comes(made, name, state, held[0])))

    def _comes(self, client: UpgradeClient, name: str, state: str, packet: Packet) -> None:
        assert isinstance(self.simulator, Simulator)
        self.say(f"{self.name_of(client.nid)} asks {name} to let it in, which is {state}")
        self.simulator.late(packet)

    def work(self, rounds: int) -> None:
        """Everybody does some rounds of work; returns when all have, or cannot."""
        self.load(rounds)
        self.until(AllOf(self.workers, lambda worker: not self.able(worker) or not worker.busy), "the work is done")

    def load(self, rounds: int = -1, thinking: float = THINKING) -> None:
        """Everybody begins to work, without end unless told otherwise, thinking so many seconds at most in between."""
        for worker in filter(self.able, self.workers):
            worker.thinking = thinking
            worker.work(rounds)

    def look(self) -> None:
        """Everybody looks at every file he made."""
        for worker in filter(self.able, self.workers):
            for path in sorted(worker.ledger.files):
                began = worker.client.now = self.now
                task = worker.client.perform("getattr", path)
                self.simulator.flush(worker.client)
                self.until(lambda: task.done, f"{path} is looked at")  # noqa: B023
                self._looked.append(Asked(worker.client.nid, "getattr", began, self.now))

    def asked(self) -> list[Asked]:
        """Every call that users made, in no particular order."""
        return [*self._looked, *(asked for worker in self.workers for asked in worker.asked)]

    def interrupt(self, client: UpgradeClient) -> None:
        """A signal for whoever waits on a client."""
        self.signalled.append(Signalled(self.now, client.nid))
        for task in list(client.tasks.running):
            client.interrupt(task)

    def rest(self) -> None:
        """Everybody finishes what he does."""
        for worker in self.workers:
            worker.rest()
        self.until(AllOf(self.workers, lambda worker: not self.able(worker) or not worker.busy), "the work is done")

    def able(self, worker: Worker) -> bool:
        """Is the client up, mounted and on the network?"""
        client = worker.client
        return client.up and client.mounted_at <= self.now and client.nid not in self.mishaps.cut_off

    # -- time ----------------------------------------------------------------------------------------------------

    def until(self, holds: Callable[[], bool], what: str, limit: float | None = None) -> None:
        """Let time pass until something is so, `PATIENCE` seconds unless told otherwise.

        Raises:
            Stuck: it does not come, or not within `limit` seconds.
        """
        try:
            self.simulator.run(holds, PATIENCE if limit is None else limit)
        except Stuck as stuck:
            raise Stuck(f"waiting for: {what}: {stuck}") from None

    def wait(self, seconds: float) -> None:
        self.simulator.settle(seconds)

    def _before_event(self, _: int) -> None:
        if self.stopped and self.stopped[-1].ended == inf:
            self._note_what_is_down()
        self.mishaps.strike()

    # -- the end -------------------------------------------------------------------------------------------------

    def evicted(self) -> dict[str, list[str]]:
        """Clients each server says it evicted, over all its starts."""
        found: dict[str, list[str]] = {}
        for name, node in self.nodes.items():
            for life in node.history:
                uuid = life.what.removeprefix("evicted ")
                if uuid != life.what and not self.has_left(uuid):
                    found.setdefault(name, []).append(self.client_of(uuid))
        return found

    def evictions(self) -> list[Eviction]:
        """Evictions of clients, of MDSs as well, as disks and network show them; not of those that were unmounted."""
        seen, began, flushed = self.wire(), tuple(self.began), tuple(self.flushed)
        if self._evictions is None or self._evictions[0] is not seen or self._evictions[1:3] != (began, flushed):
            self._evictions = seen, began, flushed, evictions(seen, flushed, began, self.targets())
        return [each for each in self._evictions[3] if not self.has_left(each.uuid.decode())]

    def clients_evicted(self) -> set[str]:
        """Clients that were evicted by any server."""
        return {self.name_of(each.client) for each in self.evictions() if each.client not in self.targets()}

    def why_evicted(self, name: str) -> str:
        """What an evicted client did to be evicted, as far as a reason can be seen."""
        client = next(client for client in self.clients if self.name_of(client.nid) == name)
        away = next((absence.begin for absence in self.mishaps.absences if absence.nid == client.nid), None)
        died = next((time for time, nid in self.mishaps.deaths if nid == client.nid), None)
        if died is not None:
            return f"crashed at {died:.1f}"
        if away is not None:
            return f"cut off at {away:.1f}"
        if name in self.version_failures():
            return "could not replay what it had built on a change of a client that did not come back"
        if any(start.back for start in self.starts()):
            return "a step back evicts everybody"
        if self.policy.start_rule and any(start.forced for start in self.starts()):
            return "the start was forced"
        if self.forced:
            return "a server was unmounted by force, or its recovery aborted"
        return f"policy {self.policy.name} forgets clients at a change of version" if self.last_change() else "unknown"

    def version_failures(self) -> dict[str, int]:
        """Clients that could not replay what they had done, because somebody who was not there had changed the same
        objects before them (version-based recovery), and how many of their paths that leaves in doubt."""
        return {
            self.name_of(worker.client.nid): len(worker.ledger.doubtful) for worker in self.workers
            if any(found.client == worker.client.nid for found in self.wire().version_failures)
        }  # fmt: skip

    def first_change(self) -> float:
        """When the MDS first started in another version."""
        return min((s.time for s in self.starts() if s.metadata and s.changed), default=float("inf"))

    def last_change(self) -> float:
        """When a server last started in another version."""
        return max((start.time for start in self.starts() if start.changed), default=0.0)

    def losses(self) -> list[str]:
        """What was acknowledged and is not there: looked up by a client that was never part of it, over a network that
        loses nothing more: a callback that got lost would evict it."""
        if isinstance(self.simulator, Simulator):
            self.simulator.faults = Faults()
        self.until(lambda: all(task.done for task, client in self.mounting if client.up), "everybody is mounted")
        self._doubt()
        wrong = [line for worker in self.workers for line in worker.wrong]
        viewer = self.new_client()
        for worker in self.workers[:-1]:
            task = viewer.do(inspect(worker.ledger, viewer), self.now, "inspect")
            self.simulator.flush(viewer)
            self.until(lambda: task.done, "everything is looked up")  # noqa: B023
            if task.error is not None:
                raise task.error
            wrong += task.result
        self.lost = wrong
        return wrong

    def _doubt(self) -> None:
        """What may be lost by right: what only a client's memory had, and what it did not come back to replay."""
        evicted = self.clients_evicted()
        for worker in self.workers:
            mine = [each for each in self.evictions() if each.client == worker.client.nid]
            mds = [each for each in mine if each.by_mds]
            if mds:
                worker.unlocked_by_eviction(max(each.told or each.time for each in mds))
            died = any(nid == worker.client.nid for _, nid in self.mishaps.deaths)
            absent = died or worker.client.nid in self.mishaps.cut_off
            if absent:
                worker.ledger.locked.clear()
                worker.ledger.doubtful |= worker.trying
            if self.name_of(worker.client.nid) in evicted or absent:
                worker.ledger.doubtful |= worker.ledger.cached
                learnt = [each.told for each in mds if each.told is not None]
                for crashed, target, flushes in self._crashes:
                    committed = max((f.time for f in self.flushed[:flushes] if f.target == target), default=0.0)
                    told = min((time for time in learnt if time >= crashed), default=crashed)
                    worker.ledger.unsure_since(committed, told)
