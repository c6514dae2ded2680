"""What an operator does in a play: stops, starts, moves and fails over servers, and waits until all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lustre_wire.dialects import dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.last_rcvd import MountRefused
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.upgrade.evidence.journal import Writeconf
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.nodes.writeconf import WriteconfRefused, writeconf
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.mark import StartRefused
from lustre_wire.upgrade.protocol.policy import Scope
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.everybody import Everybody

if TYPE_CHECKING:
    from lustre_wire.upgrade.stage.play import Play

#: Simulated seconds a server is down, and after a fault until the operator acts.
DOWN, REACTION = 2.0, 2.0
#: How often a stop that a crash cut short is tried again.
TRIES = 4


class Operator:
    """The part of `Play` that the operator does."""

    def stop(self: Play, name: str, *, wait: bool = True) -> bool:  # type: ignore[misc]
        """Stop a server as the policy says. False if it went down otherwise (a crash)."""
        node = self.servers[name]
        if self.policy.scope is Scope.MGS and self.policy.controlled and name != "mgs":
            self._hold()
        self.say(f"stop {name}")
        node.stop(self.now)
        self.simulator.flush(node)
        if wait:
            self.until(lambda: not node.up, f"{name} is down")
            if self.policy.scope is Scope.MGS and self.policy.controlled and node.life.state is ServerState.HALTED:
                self._tell()
        return self.stopped_well(name)

    def stopped_well(self: Play, name: str) -> bool:  # type: ignore[misc]
        """Whether a server that is down was stopped as the policy wants it."""
        found = mark.read(self.servers[name].store)
        return not self.policy.start_rule or (found is not None and found.clean)

    def start(self: Play, name: str, version: str = "", *, forced: bool = False) -> None:  # type: ignore[misc]
        """Start a server, in another version if one is named.

        Raises:
            StartRefused, MountRefused: it does not start.
        """
        node = self.servers[name]
        if version:
            node.dialect = dialect(version)
        node.forced = forced
        self.say(f"start {name} in {node.dialect.name}{', forced' if forced else ''}")
        try:
            self.simulator.start(node.nid)
        except (StartRefused, MountRefused) as refusal:
            self.say(f"{name} does not start: {refusal}")
            raise

    def move(self: Play, name: str, version: str) -> None:  # type: ignore[misc]
        """Stop a server and start it in another version; a stop that a crash cut short is repeated from the start.

        Raises:
            Stuck: it cannot be stopped cleanly.
        """
        node = self.servers[name]
        for _ in range(TRIES):
            before = node.dialect.name
            if (node.up and self.stop(name)) or (not node.up and self.stopped_well(name)):
                self.wait(DOWN)
                self.start(name, version)
                if self.policy.scope is Scope.MGS and self.policy.controlled:
                    self._let_go()
                self.settled()
                return
            self.wait(REACTION)
            self.start(name, before)
            self.settled()
        raise Stuck(f"{name} could not be stopped cleanly in {TRIES} tries")

    def fail_over(self: Play, name: str, version: str) -> None:  # type: ignore[misc]
        """Stop a target on its node and start it on the partner's.

        Raises:
            WireError: it has no partner.
            StartRefused, MountRefused: it does not start there.
        """
        pair = [self.nodes.get(other) for other in (name, f"{name}-partner")]
        partner = next((node for node in pair if node is not self.servers[name]), None)
        if partner is None:
            raise WireError(f"{name} has no failover partner in this scenario")
        if self.servers[name].up:
            self.stop(name)
        self.servers[name] = partner
        self.wait(DOWN)
        self.start(name, version)
        self.settled()

    def by_hand(self: Play, name: str, *, on: bool) -> None:  # type: ignore[misc]
        """Set or lift the barrier for a server on every client (TH-16, TH-19)."""
        target = self.servers[name].uuid.decode()
        self.say(f"{'set' if on else 'lift'} the barrier for {name} on every client")
        for worker in filter(self.able, self.workers):
            client = worker.client
            member = target if target in client.members else "MGS"
            client.now = self.now
            client.set_barrier(member) if on else client.lift_barrier(member)
            self.simulator.flush(client)

    def writeconf_refused(self: Play) -> None:  # type: ignore[misc]
        """Try to erase the configuration: an error while a client is mounted (G7).

        Raises:
            WireError: it was not refused.
        """
        target, refused = self._target(self.servers["mgs"]), False
        mounted = sum(1 for export in target.exports.values() if export.connected)
        try:
            writeconf(target, {})
        except WriteconfRefused as refusal:
            self.say(f"writeconf: {refusal}")
            refused = True
        self.journal.writeconfs.append(Writeconf(self.now, mounted, refused))
        if not refused:
            raise WireError("writeconf went through under mounted clients")

    def settled(self: Play) -> None:  # type: ignore[misc]
        """Until everybody who can is back to work."""
        everybody = Everybody(self.workers, lambda worker: not self.able(worker) or self._well(worker.client))
        self.until(lambda: not self._recovering() and everybody(), "everybody is back")

    def _recovering(self: Play) -> bool:  # type: ignore[misc]
        up = [node.target for node in self.servers.values() if node.up and node.target is not None]
        return any(target.recovering for target in up)

    def _well(self: Play, client: UpgradeClient) -> bool:  # type: ignore[misc]
        down = {node.nid for node in self.servers.values() if not node.up}
        usable = [owner for owner in client.imports() if not down & set(owner.config.peers)]
        full = all(owner.state is ImportState.FULL and owner.remote for owner in usable)
        barred = [m for m in client.members.values() if not down & {p for o in m.imports for p in o.config.peers}]
        return full and not any(m.barrier.closed and not m.barrier.manual for m in barred) and self._current(client)

    def _current(self: Play, client: UpgradeClient) -> bool:  # type: ignore[misc]
        """It knows the servers that run now, not those that ran before."""
        for node in self.servers.values():
            if node.up and node.target is not None:
                for owner in client.imports():
                    if node.nid == owner.peer and owner.remote not in node.target.by_cookie:
                        return False
        return True

    # -- the lock of the whole file system (TH-8) ----------------------------------------------------------------

    def _hold(self: Play) -> None:  # type: ignore[misc]
        """The MGS takes the locks back; who is evicted there is evicted everywhere."""
        mgs = self.servers["mgs"]
        if mgs.holding or not mgs.up:
            return
        known = {self.own_nid(export.nid) for export in self._target(mgs).exports.values()}
        mgs.hold(self.now)
        self.simulator.flush(mgs)
        self.until(lambda: mgs.life.state is ServerState.QUIET or not mgs.up, "the MGS has all locks back")
        left = {self.own_nid(export.nid) for export in self._target(mgs).exports.values()} if mgs.up else set()
        for nid in known - left:
            for node in self.servers.values():
                if node is not mgs and node.up:
                    target = self._target(node)
                    for export in [e for e in target.exports.values() if self.own_nid(e.nid) == nid]:
                        target.evict(export, self.now)
                    self.simulator.flush(node)

    def _target(self: Play, node: Controlled) -> Any:  # type: ignore[misc]
        assert node.target is not None
        return node.target

    def _tell(self: Play) -> None:  # type: ignore[misc]
        mgs = self.servers["mgs"]
        if mgs.up and mgs.holding:
            mgs.committed_everywhere(self.now)
            self.simulator.flush(mgs)

    def _let_go(self: Play) -> None:  # type: ignore[misc]
        mgs = self.servers["mgs"]
        if mgs.up and mgs.holding:
            mgs.let_go(self.now)
            self.simulator.flush(mgs)
