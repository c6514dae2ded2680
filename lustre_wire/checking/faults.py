"""The vocabulary of faults: what goes wrong with which node at which moment, ``mds-crash@quiet``."""

from __future__ import annotations

import re
from collections.abc import Collection

import attrs

from lustre_wire.errors import WireError

_FORM = re.compile(r"(?P<node>mgs|mds|ost\d+|client\d+)-(?P<what>crash|silent)@(?P<state>[a-z]+)")


@attrs.frozen
class Fault:
    """`node` loses its memory (``crash``) or falls silent (``silent``) when `state` is reached: a server's own, or a
    client's own; a client's fault at a server's state waits for any server to come there."""

    node: str
    what: str
    state: str

    def __str__(self) -> str:
        return f"{self.node}-{self.what}@{self.state}"

    @property
    def client(self) -> int | None:
        """The client's number; None for a server."""
        return int(self.node.removeprefix("client")) if self.node.startswith("client") else None


def fault(text: str, server_states: Collection[str], client_states: Collection[str]) -> Fault:
    """A fault from its short form; the states are those a server, or a client, can come to.

    Raises:
        WireError: it is none.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise WireError(f"not a fault: {text!r} (NODE-crash@STATE or NODE-silent@STATE)")
    made = Fault(*found.groups())
    if made.client is None and made.what == "silent":
        raise WireError("only a client falls silent; a server crashes")
    if made.state not in [*server_states, *client_states]:
        raise WireError(f"no state {made.state!r}: there are {', '.join([*server_states, *client_states])}")
    if made.client is None and made.state not in server_states:
        raise WireError(f"{made.node} is a server: its states are {', '.join(server_states)}")
    return made
