"""A file system that is served to anybody's clients, whose servers change their dialect as a policy says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import attrs

from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery import timeouts
from lustre_wire.testbed.control import Control, Row
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tcp import TcpNode
from lustre_wire.testbed.tcp_system import TcpSystem
from lustre_wire.upgrade.evidence.journal import Journal
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.nodes.system import System
from lustre_wire.upgrade.protocol.policy import Policy
from lustre_wire.upgrade.protocol.policy import policy as named_policy
from lustre_wire.upgrade.protocol.shutdown import ServerState

#: As shipped; and the MDS takes part when an OST is stopped under control.
SERVING: Final = attrs.evolve(named_policy("shipped"), controlled=True)
#: Real seconds between two looks at whether a server is down.
LOOK: Final = 0.05


class Served(System):
    """The servers: each goes on as shipped until a command says otherwise.

    Args:
        args, options: of `FileSystem`.

    Attributes:
        note: called with a line for each state a stop comes to.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.note: Callable[[str], None] | None = None
        for node in self.nodes():
            node.control(SERVING, Journal(quiet=True))
            node.observer = self._observed

    def nodes(self) -> list[Controlled]:
        """Every server, and the partners of pairs."""
        return [node for node in (*self.servers, *self.partners.values()) if isinstance(node, Controlled)]

    def _observed(self, node: Controlled, what: str) -> None:
        del node.history[:-1]  # nobody reads it, and it would grow with the time served
        if self.note is not None and what in list(ServerState):
            self.note(f"{node.uuid.decode()} {what}")


class UpgradeControl(Control):
    """The commands to a served file system, and `upgrade`."""

    def __init__(self, system: TcpSystem) -> None:
        super().__init__(system)
        self.commands["upgrade"] = self.upgrade, "SERVER --to DIALECT [--policy POLICY]"

    def _state(self, served: TcpNode) -> str:
        node, state = self._node(served), super()._state(served)
        if state != "up" or not isinstance(node, Controlled) or node.life.state is ServerState.SERVING:
            return state
        return str(node.life.state)

    async def upgrade(self, name: str, *, to: str, policy: str = "shipped") -> list[Row]:
        """Stop a server and start it in another dialect on the same disk, as a policy says.

        Raises:
            WireError: no such server, dialect or policy; an upgrade of it is under way; it was started meanwhile; the
                policy's start rule or the disk refuses the start, so that it is down.
        """
        served, dialect, way = self._server(name), named_dialect(to), named_policy(policy)
        packer(dialect)
        node = self._node(served)
        assert isinstance(node, Controlled)
        if node.changing is not None:
            raise WireError(f"{name} is being upgraded already")
        before = node.dialect
        node.change(way)
        try:
            if node.up:
                await self._stop(name, served, node, way)
            node.dialect = dialect
            await served.start()
        except WireError:
            node.dialect = before
            if not (node.up and node.target is not None):
                await served.stop(crash=True)
            raise
        finally:
            node.change(None)
        return [{"server": name, "from": before.name, "to": dialect.name, "policy": policy}]

    async def _stop(self, name: str, served: TcpNode, node: Controlled, way: Policy) -> None:
        """Stop a server in the way of a policy, and wait until it is down.

        Where nothing answered may be replayed but opens, everybody has to know first that it is on disk: that is so
        when each has been answered once more, since whoever has nothing to say pings.
        """
        clock, boots = self.system.clock, node.boots
        if served.paused:
            served.go_on()
        if way.synchronous and node.target is not None:
            node.target.synchronous = True
            node.target.commit()
            await asyncio.sleep(timeouts.PING_INTERVAL / clock.speed)
        if node.up and node.boots == boots:
            node.stop(clock.now())
            served.flush()
        while node.up and node.boots == boots:
            await asyncio.sleep(LOOK)
        if node.up:
            raise WireError(f"{name} was started before it was down")
        await served.stop()
