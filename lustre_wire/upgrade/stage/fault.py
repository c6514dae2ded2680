"""What goes wrong at which moment: ``mds-crash@quiet``, ``client2-silent@revoking``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from lustre_wire.errors import WireError
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.shutdown import ServerState

if TYPE_CHECKING:
    from lustre_wire.upgrade.stage.play import Play

_FORM = re.compile(r"(?P<node>mgs|mds|ost\d+|client\d+)-(?P<what>crash|silent)@(?P<state>[a-z]+)")


@attrs.define(slots=True)
class Fault:
    """`node` crashes, or falls silent, when a state is reached: a server's own, or a client's own; a client's fault at
    a server's state waits for any server to come there."""

    node: str
    what: str
    state: str
    happened: bool = False

    def due(self, play: Play) -> bool:
        """Is this the moment?"""
        if self.state in list(ServerState):
            named = [play.servers[self.node]] if self.node in play.servers else list(play.servers.values())
            return any(node.up and node.life.state == self.state for node in named)
        wanted = list(ClientState).index(ClientState(self.state))
        client = play.clients[self._number(play)]
        return any(list(ClientState).index(m.barrier.state) >= wanted for m in client.members.values())

    def strike(self, play: Play) -> None:
        nid = play.servers[self.node].nid if self.node in play.servers else play.clients[self._number(play)].nid
        if self.what == "crash":
            play.crash(nid)
        else:
            play.cut(nid)

    def check(self, play: Play) -> None:
        """Does the file system have such a node?

        Raises:
            WireError: it has not.
        """
        if self.node.startswith("client"):
            self._number(play)
        elif self.node not in play.servers:
            raise WireError(f"no {self.node}: there are {', '.join(play.servers)}")

    def _number(self, play: Play) -> int:
        number = int(self.node.removeprefix("client"))
        if number >= len(play.clients):
            raise WireError(f"no {self.node}: there are {len(play.clients)} clients")
        return number


def fault(text: str) -> Fault:
    """A fault from its short form.

    Raises:
        WireError: it is none.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise WireError(f"not a fault: {text!r} (NODE-crash@STATE or NODE-silent@STATE)")
    node, what, state = found.groups()
    known = [s for s in ServerState if s is not ServerState.SERVING] + [
        s for s in ClientState if s is not ClientState.RUN
    ]
    if state not in known:
        raise WireError(f"no state {state!r}: there are {', '.join(known)}")
    if node.startswith("client") == (what == "silent") or what == "crash":
        if not node.startswith("client") and state not in list(ServerState):
            raise WireError(f"{node} is a server: its states are {', '.join(list(ServerState)[1:])}")
        return Fault(node, what, state)
    raise WireError("only a client falls silent; a server crashes")
