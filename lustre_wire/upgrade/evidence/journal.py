"""What the nodes note beside the traffic, for whoever checks it afterwards."""

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


@attrs.frozen
class ByHand:
    """An administrator set a client's barrier for a target, or lifted it."""

    time: float
    client: int
    target: str
    on: bool


@attrs.frozen
class Mounted:
    """A client mounted, with connections to these targets."""

    time: float
    client: int
    targets: tuple[str, ...]


@attrs.frozen
class Writeconf:
    """The configuration was to be erased while so many clients were mounted."""

    time: float
    mounted: int
    refused: bool


@attrs.frozen
class Started:
    """A server started.

    Attributes:
        version: which; `how` by which case of the start rule.
        changed, back: another version ran last, and it was a newer one.
        elsewhere: on another node than the last time.
        clean: the mark the last stop left; `had_clients` whether last_rcvd held any.
        forgotten, known: whether they were forgotten, and how many are known.
        fids: inode and generation of the objects on an MDT's disk that have a FID of their own.
        logs: a checksum of an MGS's configuration logs, 0 for other servers.
    """

    time: float
    version: str
    how: str
    metadata: bool
    changed: bool
    back: bool
    elsewhere: bool
    clean: bool
    had_clients: bool
    forgotten: bool
    known: int
    fids: frozenset[tuple[int, int]] = frozenset()
    logs: int = 0


@attrs.frozen
class Absence:
    """A client that was cut off for a while; `knew` are the servers that knew it when that began."""

    nid: int
    begin: float
    end: float
    knew: frozenset[str]


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
    started: list[Started] = attrs.field(factory=list)
    by_hand: list[ByHand] = attrs.field(factory=list)
    mounted: list[Mounted] = attrs.field(factory=list)
    writeconfs: list[Writeconf] = attrs.field(factory=list)
