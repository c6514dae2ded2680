"""Frozen records of what was seen from outside: disks, what the operator did, what befell nodes, what users asked."""

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
    """A node began to serve a target in a version.

    Attributes:
        flushes: how often disks had been flushed before; `until` when it had started.
        fids: inode and generation of the objects on an MDT's disk that had a FID of their own before.
    """

    place: int
    flushes: int
    time: float
    nid: int
    target: str
    version: str
    until: int = 0
    fids: frozenset[tuple[int, int]] = frozenset()


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


@attrs.frozen
class Mounted:
    """A user's mount was done; he had asked for it at `began`."""

    began: float
    time: float
    client: int


@attrs.frozen
class ByHand:
    """The operator told a client to set its barrier for a target, or to lift it."""

    time: float
    client: int
    target: str
    on: bool


@attrs.frozen
class Writeconf:
    """The operator wanted the configuration erased while so many clients were mounted, and was refused or not."""

    time: float
    mounted: int
    refused: bool


@attrs.frozen
class Absence:
    """A client that was cut off for a while."""

    nid: int
    begin: float
    end: float
