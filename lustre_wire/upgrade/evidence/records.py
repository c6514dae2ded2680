"""Frozen records of what was seen from outside: disks, starts and stops of servers, and what users asked for."""

from __future__ import annotations

import attrs


@attrs.frozen
class Flushed:
    """What was on a target's disk when it was flushed.

    Attributes:
        place: how many packets had gone over the network by then; `time` when it was.
        target: UUID.
        version, clean: of the mark; nothing on a disk that has none.
        transno: the last one in last_rcvd; `clients` those it has a slot for, by UUID.
    """

    place: int
    time: float
    target: str
    version: str
    clean: bool
    transno: int
    clients: frozenset[bytes] = frozenset()


@attrs.frozen
class Began:
    """A node began to serve a target in a version; `flushes` of all disks came before."""

    place: int
    flushes: int
    time: float
    nid: int
    target: str
    version: str


@attrs.frozen
class Stopped:
    """The operator had a target stopped, or told the MGS to take the locks of the whole file system back.

    Attributes:
        place, time: when he said so; `end`, `ended` when the node was down, or the MGS gave the locks again.
        flushes: how often disks had been flushed by then; `last` by the end.
        server, nid, target: whom.
        holds: it is the MGS, which goes on serving.
        holder: NID of the server whose all-access lock it is about.
        crashed: it went down by a crash.
    """

    place: int
    flushes: int
    time: float
    server: str
    nid: int
    target: str
    holds: bool
    holder: int
    end: int = 1 << 62
    last: int = 1 << 62
    ended: float = float("inf")
    crashed: bool = False


@attrs.frozen
class Asked:
    """A user's call, as he saw it: `status` is 0 or a negative errno, and `ended` infinite while he has no answer."""

    client: int
    name: str
    began: float
    ended: float = float("inf")
    status: int = 0


@attrs.frozen
class Signalled:
    """The operator interrupted whoever waits on a client."""

    time: float
    client: int
