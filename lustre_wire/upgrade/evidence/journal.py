"""What nodes note of themselves, for the timeline and for whoever holds them to the model: no check reads it."""

from __future__ import annotations

import attrs

from lustre_wire.upgrade.protocol.barrier import ClientState, Facts


@attrs.frozen
class Rebuilt:
    """A request without an answer, at a change of dialect: `xid` names it. `why` it could not be rebuilt, and the call
    behind it began anew; nothing if it could."""

    time: float
    client: int
    xid: int
    name: str
    why: str


@attrs.frozen
class Moved:
    """A client's barrier for a target came into another state, and what its books said then."""

    time: float
    client: int
    target: str
    state: ClientState
    facts: Facts


@attrs.frozen
class Evicted:
    """A client learnt that the MDS had evicted it; `alive` files it had open did not die of that."""

    time: float
    client: int
    alive: int


@attrs.define(slots=True)
class Journal:
    """Everything noted. With `quiet` only states are: what grows with the traffic is left out.

    Attributes:
        spoke: when a client began to speak a dialect with the MDS.
    """

    quiet: bool = False
    rebuilt: list[Rebuilt] = attrs.field(factory=list)
    moved: list[Moved] = attrs.field(factory=list)
    evicted: list[Evicted] = attrs.field(factory=list)
    spoke: list[tuple[float, int, str]] = attrs.field(factory=list)
