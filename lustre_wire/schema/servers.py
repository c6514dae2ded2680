"""How a release's servers treat the files they find: what a dialect's table of servers is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Does", "LogReader", "Server", "Servers", "TargetKind"]


class Does(str):
    """What a receiver does with something it does not expect, as text.

    Attributes:
        function: the one of Lustre that does it.
        noticed: False where it makes no difference to the receiver.
    """

    __slots__ = ("function", "noticed")
    function: str
    noticed: bool

    def __new__(cls, what: str, function: str, noticed: bool = True) -> Does:
        made = super().__new__(cls, what)
        made.function = function
        made.noticed = noticed
        return made

    def __reduce__(self) -> tuple[type[Does], tuple[str, str, bool]]:
        return Does, (str(self), self.function, self.noticed)


@dataclass(frozen=True)
class TargetKind:
    """What targets of one kind make of their last_rcvd.

    Attributes:
        rocompat, incompat: the bits of those feature words that do not keep the target from starting; nobody looks at
            those of lsd_feature_compat.
        features: what other bits lead to, and which function compares.
        sizes: a size of 0.
        slots: slots that overlap the server's data or each other.
        cut: a slot that the file ends in.
        twice: a client that has two slots.
        index: its index is not the one that its name has; None where nobody compares.
        fills_index: an index of 0 is set to that of the name.
        keeps_clients: the OBD_COMPAT_20 bit of a file whose clients it remembers: True set, False not set, None either.
    """

    rocompat: int
    incompat: int
    features: Does
    sizes: Does
    slots: Does
    cut: Does
    twice: Does
    index: Does | None = None
    fills_index: bool = False
    keeps_clients: bool | None = None


@dataclass(frozen=True)
class LogReader:
    """How nodes of a release read a log; None where nobody looks.

    Attributes:
        largest: bytes of the largest chunk that a header may announce; the smallest is the size of the header.
        header: a header of another type or size.
        kind: neither a catalogue nor a plain log.
        count: its number of live records is not that of the bitmap.
        last: its last index is not that of the last record.
        never_last: its last index is 0 although there are records.
        length: a record of a length that no record has.
        behind, ahead: an index lower or higher than the one whose turn it is.
        ends: an index of 0 where records are still to come.
        missing: a live index without a record.
        tail: the tail of the last record of a chunk is not that record's.
        inner_tail: the same of any other record.
        catalogue: a live record of a catalogue that names no log.
        unknown: a live record of another log whose type nobody knows.
        header_tail: the header's tail does not repeat its size.
        bitmap: the header says that its bitmap lies elsewhere.
        magic: a type outside of those of log records.
    """

    largest: int
    header: Does
    kind: Does
    count: Does
    last: Does
    never_last: Does
    length: Does
    behind: Does
    ahead: Does
    ends: Does
    missing: Does
    tail: Does
    inner_tail: Does
    catalogue: Does
    unknown: Does
    header_tail: Does | None = None
    bitmap: Does | None = None
    magic: Does | None = None


@dataclass(frozen=True)
class Server:
    """How the servers and clients of one release treat files.

    Attributes:
        release: its name.
        targets: by the kind of target that a name has, "MDT" or "OST".
        log: its way to read logs.
        command: a configuration command whose lengths or version make no sense.
        overrun: one whose buffers end in the tail of its record or less than a head behind; None where that counts
            as no sense too.
        marker: a marker of another size.
        stranger: a live record of a configuration log that is no command.
        refused, optional: a command that no device knows, with and without LCFG_REQUIRED.
        skips_lmv: whether clients pass over the commands for LMVs, which they do not have.
        commands: the configuration commands that it knows.
        types: the types of devices that a command may attach; `attach` what becomes of another.
        records: the types of log records that it takes.
        layouts: the magics of trusted.lov and trusted.lmv that it reads; `layout` what becomes of another.
        lma: the bits of lma_incompat that do not keep an object from being used; `lma_other` what others do.
        needs_fid: what becomes of a client of an MDT whose connect does not offer OBD_CONNECT_FID; None if it is taken.
        mountdata: features in a target's mountdata; None where the kernel does not read it.
        tools: a mountdata that makes no sense, by the tools that mount.
    """

    release: str
    targets: Mapping[str, TargetKind]
    log: LogReader
    command: Does
    marker: Does
    stranger: Does
    refused: Does
    optional: Does
    tools: Does
    commands: frozenset[int]
    types: frozenset[str]
    attach: Does
    records: frozenset[int]
    layouts: frozenset[int]
    layout: Does
    lma: int
    lma_other: Does
    overrun: Does | None = None
    needs_fid: Does | None = None
    skips_lmv: Does | None = None
    mountdata: Does | None = None


@dataclass(frozen=True)
class Servers:
    """What a release's servers make of the files they find, and those of every other release.

    Attributes:
        own: those of the release.
        all: every release that has files of its own, by name, in the order of the releases.
        features: the names of the bits of each feature word of last_rcvd, those of all releases.
    """

    own: Server
    all: Mapping[str, Server]
    features: Mapping[str, Any]
