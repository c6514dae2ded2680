"""What an operator does in a play: stops, starts, moves and fails over servers, and waits until all is well."""

from __future__ import annotations

from lustre_wire.dialects import dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.exports import Export
from lustre_wire.recovery.last_rcvd import MountRefused
from lustre_wire.recovery.target import Target
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.upgrade.evidence.records import ByHand, Writeconf
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.nodes.writeconf import WriteconfRefused, writeconf
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.mark import StartRefused
from lustre_wire.upgrade.protocol.policy import Resume, Scope
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.all_of import AllOf
from lustre_wire.upgrade.stage.play import Play

#: Simulated seconds a server is down, and after a fault until the operator acts.
DOWN, REACTION = 2.0, 2.0
#: How often a stop that a crash cut short is tried again.
TRIES = 4
#: Simulated seconds between two looks at barriers that only a command lifts.
ROUND = 1.0


class Operator:
    """Who is in charge of the servers of a play.

    Attributes:
        down: servers he stopped, or a scenario crashed: they stay down until he starts them.
        cut_short: servers whose stop a crash cut short.
    """

    def __init__(self, play: Play) -> None:
        self.play = play
        self.down: set[str] = set()
        self.cut_short: set[str] = set()
        if play.policy.controlled and play.policy.resume is Resume.OPERATOR:
            play.simulator.at(play.now + ROUND, self._lift_what_is_ready)

    @property
    def _mgs_has_the_lock(self) -> bool:
        return self.play.policy.controlled and self.play.policy.scope is Scope.MGS

    # -- stopping and starting -----------------------------------------------------------------------------------

    def stop(self, name: str, *, wait: bool = True) -> bool:
        """Stop a server as the policy says. False if it went down otherwise (a crash).

        Raises:
            WireError: it is down already.
            Stuck: it does not go down.
        """
        play, node = self.play, self.play.servers[name]
        if not node.up:
            raise WireError(f"{name} is down already")
        if self._mgs_has_the_lock and name != "mgs":
            self._take_locks_back()
        play.say(f"stop {name}")
        self.down.add(name)
        play.stop(name)
        return self.stopped(name) if wait else False

    def stopped(self, name: str) -> bool:
        """Wait until a server that is being stopped is down. False if it went down otherwise."""
        node = self.play.servers[name]
        self.play.until(lambda: not node.up, f"{name} is down")
        if node.life.state is ServerState.HALTED:
            self._tell_that_all_is_committed()
        well = self.stopped_well(name)
        (self.cut_short.discard if well else self.cut_short.add)(name)
        return well

    def stopped_well(self, name: str) -> bool:
        """Whether a server that is down was stopped as the policy wants it."""
        found = mark.read(self.play.servers[name].store)
        return not self.play.policy.start_rule or (found is not None and found.clean)

    def start(self, name: str, version: str = "", *, forced: bool = False) -> None:
        """Start a server, in another version if one is named.

        Raises:
            StartRefused, MountRefused: it does not start.
        """
        play, node = self.play, self.play.servers[name]
        if version:
            node.dialect = dialect(version)
        node.forced = forced
        play.say(f"start {name} in {node.dialect.name}{', forced' if forced else ''}")
        try:
            play.start(name)
        except (StartRefused, MountRefused) as refusal:
            play.say(f"{name} does not start: {refusal}")
            raise
        self.down.discard(name)
        self.cut_short.discard(name)
        if not self.down:
            self._give_locks_again()

    def start_in(self, name: str, version: str) -> None:
        """Start a server that was stopped for it in a version; where a crash cut that stop short, start it as it was
        and stop it again first.

        Raises:
            StartRefused, MountRefused: it does not start.
            Stuck: it cannot be stopped cleanly.
        """
        if name in self.cut_short:
            self.play.say(f"the stop of {name} was cut short")
            self.move(name, version)
        else:
            self.start(name, version)

    def move(self, name: str, version: str) -> None:
        """Stop a server and start it in another version; a stop that a crash cut short is repeated from the start.

        Raises:
            Stuck: it cannot be stopped cleanly.
        """
        node = self.play.servers[name]
        for _ in range(TRIES):
            mark_ = mark.read(node.store)
            before = node.dialect.name if mark_ is None else mark_.version
            if (node.up and self.stop(name)) or (not node.up and self.stopped_well(name)):
                self.play.wait(DOWN)
                self.start(name, version)
                self.settled()
                return
            self.play.wait(REACTION)
            self.start(name, before)
            self.settled()
        raise Stuck(f"{name} could not be stopped cleanly in {TRIES} tries")

    def fail_over(self, name: str, version: str = "") -> None:
        """Stop a target on its node and start it on the partner's, in another version if one is named.

        Raises:
            WireError: it has no partner.
            StartRefused, MountRefused: it does not start there.
        """
        play = self.play
        here = play.servers[name]
        pair = [play.nodes.get(other) for other in (name, f"{name}-partner")]
        partner = next((node for node in pair if node is not here and node is not None), None)
        if partner is None:
            raise WireError(f"{name} has no failover partner in this scenario")
        before, well = here.dialect.name, not here.up or self.stop(name)
        for _ in range(TRIES):
            if well or (version or before) == before:
                break
            play.wait(REACTION)
            self.start(name, before)
            self.settled()
            well = self.stop(name)
        play.servers[name] = partner
        play.wait(DOWN)
        self.start(name, version or before)
        self.settled()

    def nobody_mounted(self) -> None:
        """Wait until the MGS knows of nobody who is mounted: who is silent it evicts."""
        mgs = _target(self.play.servers["mgs"])
        self.play.until(lambda: not any(e.connected for e in mgs.exports.values()), "the MGS has no clients left")

    def force_down(self, name: str) -> None:
        """Unmount a server by force (TH-14).

        Raises:
            WireError: it is down already.
        """
        if not self.play.servers[name].up:
            raise WireError(f"{name} is down already")
        self.play.say(f"unmount {name} by force")
        self.down.add(name)
        self.play.force_down(name)

    def abort_recovery(self, name: str) -> None:
        """Let a server that was just started wait for nobody."""
        self.play.say(f"abort the recovery of {name}")
        self.play.abort_recovery(name)

    def crash(self, name: str) -> None:
        """A server loses its memory, and stays down until it is started."""
        self.down.add(name)
        self.play.mishaps.crash(self.play.servers[name].nid)

    # -- waiting -------------------------------------------------------------------------------------------------

    def settled(self) -> None:
        """Until everybody who can is back to work; servers that crashed meanwhile are started as they were.

        Raises:
            Stuck: somebody does not come back, or servers crash again and again.
        """
        play = self.play
        for _ in range(TRIES):
            everybody = AllOf(play.workers, lambda worker: not play.able(worker) or self._well(worker.client))
            play.until(lambda: not self._recovering() and everybody(), "everybody is back")  # noqa: B023
            crashed = [name for name, node in play.servers.items() if not node.up and name not in self.down]
            if not crashed:
                return
            play.wait(REACTION)
            for name in crashed:
                self.start(name)
        raise Stuck(f"servers crashed in each of {TRIES} tries")

    def _recovering(self) -> bool:
        up = [node.target for node in self.play.servers.values() if node.up and node.target is not None]
        return any(target.recovering for target in up)

    def _well(self, client: UpgradeClient) -> bool:
        """Its connections with servers that are up work, and so do its barriers where they can."""
        down = {node.nid for node in self.play.servers.values() if not node.up}
        usable = [owner for owner in client.imports() if not down & set(owner.config.peers)]
        full = all(owner.state is ImportState.FULL and owner.remote for owner in usable)
        barred = [
            barred for barred in client.part.barred.values()
            if not down & {peer for owner in (barred.holder, *barred.imports) for peer in owner.config.peers}
        ]  # fmt: skip
        return full and not any(m.barrier.closed and not m.barrier.manual for m in barred) and self._current(client)

    def _current(self, client: UpgradeClient) -> bool:
        """It knows the servers that run now, not those that ran before."""
        for node in self.play.servers.values():
            if node.up and node.target is not None:
                for owner in client.imports():
                    if node.nid == owner.peer and owner.remote not in node.target.by_cookie:
                        return False
        return True

    # -- barriers ------------------------------------------------------------------------------------------------

    def by_hand(self, name: str, *, on: bool) -> None:
        """Set or lift the barrier for a server on every client (TH-16, TH-19)."""
        play = self.play
        target = play.servers[name].uuid.decode()
        play.say(f"{'set' if on else 'lift'} the barrier for {name} on every client")
        for worker in filter(play.able, play.workers):
            client = worker.client
            if client.part.barred:
                barred = target if target in client.part.barred else "MGS"
                client.now = play.now
                whom = [target] if barred == target else sorted(set(play.targets().values()) - {"MGS"})
                play.by_hand += [ByHand(play.now, client.nid, each, on) for each in whom]
                client.set_barrier(barred) if on else client.lift_barrier(barred)
                play.simulator.flush(client)

    def _lift_what_is_ready(self) -> None:
        """Where only a command ends the block (TH-19), he gives it to every client that is connected again."""
        play = self.play
        lifted = 0
        for client in (client for client in play.clients if client.up and client.nid not in play.mishaps.cut_off):
            for name, barred in client.part.barred.items():
                barrier = barred.barrier
                if barrier.state is ClientState.REOPENING and not barrier.manual and barred.all_full():
                    client.now = play.now
                    client.lift_barrier(name)
                    play.simulator.flush(client)
                    lifted += 1
        if lifted:
            play.say(f"lift the barrier on {lifted} client{'s' if lifted > 1 else ''}")
        play.simulator.at(play.now + ROUND, self._lift_what_is_ready)

    # -- configuration -------------------------------------------------------------------------------------------

    def writeconf(self) -> bool:
        """Erase the configuration; the targets register anew, so that the MGS writes it in its own version (TH-18).
        False if a client is mounted: then it is left as it is (G7)."""
        play, mgs = self.play, self.play.servers["mgs"]
        mounted, refused = sum(map(play.able, play.workers)), False
        try:
            writeconf(_target(mgs), play.system.logs(mgs.dialect))
            play.say(f"writeconf: the configuration is written anew by {mgs.dialect.name}")
        except WriteconfRefused as refusal:
            play.say(f"writeconf: {refusal}")
            refused = True
        play.writeconfs.append(Writeconf(play.now, mounted, refused))
        return not refused

    # -- the lock of the whole file system (TH-8) ----------------------------------------------------------------

    def _take_locks_back(self) -> None:
        """The MGS takes the locks back; who has not given it its lock is evicted everywhere: who was silent, and who
        is a stranger to it (an MGS that crashed remembers nobody, and does not ask who has not come back to it). Where
        it crashes meanwhile, that is done again."""
        play, mgs = self.play, self.play.servers["mgs"]
        for _ in range(TRIES):
            if mgs.holding and mgs.up:
                return
            if not mgs.up:
                self.settled()
            given_up = play.now + CALLBACK_TIMEOUT
            play.until(lambda: not self._strangers() or play.now >= given_up, "the MGS knows everybody")  # noqa: B023
            play.hold()
            play.until(lambda: mgs.life.state is ServerState.QUIET or not mgs.up, "the MGS has all locks back")
            if mgs.up:
                for node, export in self._strangers():
                    _target(node).evict(export, play.now)
                    play.simulator.flush(node)
                return
        raise Stuck(f"the MGS could not take the locks back in {TRIES} tries")

    def _strangers(self) -> list[tuple[Controlled, Export]]:
        """Clients of targets, where they are known, that the MGS does not know."""
        play = self.play
        known = {play.own_nid(e.nid) for e in _target(play.servers["mgs"]).exports.values() if e.connected}
        return [
            (node, export) for node in play.servers.values() if node.up for export in _target(node).exports.values()
            if export.connected and play.own_nid(export.nid) not in known and not play.is_metadata(export.nid)
        ]  # fmt: skip

    def _tell_that_all_is_committed(self) -> None:
        mgs = self.play.servers["mgs"]
        if mgs.up and mgs.holding:
            mgs.committed_everywhere(self.play.now)
            self.play.simulator.flush(mgs)

    def _give_locks_again(self) -> None:
        mgs = self.play.servers["mgs"]
        if mgs.up and mgs.holding:
            self.play.let_go()


def _target(node: Controlled) -> Target:
    assert node.target is not None
    return node.target
