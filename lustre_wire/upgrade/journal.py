"""What the nodes note beside the traffic, for whoever checks it afterwards."""

from __future__ import annotations

import attrs

from lustre_wire.upgrade.barrier import ClientState


@attrs.frozen
class Formatted:
    """A client made a request.

    Attributes:
        target, name, dialect: whom for, its format, and in which dialect.
        barrier: where the client's barrier for that target stood.
        cleaning: made by the barrier itself, or to open a file again.
    """

    time: float
    client: int
    target: str
    name: str
    dialect: str
    barrier: ClientState
    cleaning: bool


@attrs.frozen
class Put:
    """A request went out, the first time or again: `xid` names it, `dialect` is the one it was made in."""

    time: float
    client: int
    server: int
    xid: int
    name: str
    dialect: str
    transno: int
    replay: bool


@attrs.frozen
class Handled:
    """A server looked into a request of a client it knows: past the handle, into the buffers."""

    time: float
    server: int
    client: int
    xid: int
    dialect: str
    state: str


@attrs.frozen
class Moved:
    """A client's barrier for a target came into another state."""

    time: float
    client: int
    target: str
    state: ClientState


@attrs.frozen
class Admitted:
    """A target let a client in that it had not known."""

    time: float
    server: int
    state: str


@attrs.define(slots=True)
class Journal:
    """Everything noted. With `quiet` only states are: what grows with the traffic is left out."""

    quiet: bool = False
    formatted: list[Formatted] = attrs.field(factory=list)
    put: list[Put] = attrs.field(factory=list)
    handled: list[Handled] = attrs.field(factory=list)
    moved: list[Moved] = attrs.field(factory=list)
    admitted: list[Admitted] = attrs.field(factory=list)
    problems: list[str] = attrs.field(factory=list)
