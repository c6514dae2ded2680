"""What a translation needs to know beyond the message: identities, open files, the client's credentials."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from lustre_wire.bounded import Bounded
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked

Fid = tuple[int, int, int]

#: How many unanswered creates and open files a session remembers; the oldest are forgotten first.
MEMORY: Final = 65536


@dataclass
class FidAllocator:
    """Gives new FIDs out of sequences a server has granted, for clients that cannot allocate them.

    Attributes:
        sequence: the sequence in use.
        last_sequence: the last one granted.
        next_oid: object id of the next FID in it; ids begin at 1.
        width: ids in one sequence (LUSTRE_SEQ_MAX_WIDTH of 1.8.9 and 2.0.0).
    """

    sequence: int
    last_sequence: int = 0
    next_oid: int = 1
    width: int = 0x20000

    def __post_init__(self) -> None:
        self.last_sequence = max(self.sequence, self.last_sequence)

    def new(self) -> Fid:
        """The next FID.

        Raises:
            WireError: the granted sequences are used up.
        """
        if self.next_oid > self.width:
            if self.sequence >= self.last_sequence:
                raise WireError(f"all FIDs up to sequence {self.last_sequence:#x} are used")
            self.sequence, self.next_oid = self.sequence + 1, 1
        fid = (self.sequence, self.next_oid, 0)
        self.next_oid += 1
        return fid


@dataclass(frozen=True)
class OpenFile:
    """An open as its reply told it: the server's cookie, and the I/O epoch (0 where there is none)."""

    handle: int
    ioepoch: int = 0


@dataclass
class Session:
    """What one client and its server know of each other.

    Attributes:
        fids: gives FIDs to the creates of a client that cannot allocate them; None makes such creates impossible.
        keep_created: remember which inode the server gave to a FID the client chose (from the reply, which must be
            translated with its `request`), so that a newer client can create files on an older server.
        fsuid, fsgid, capability: credentials of the client's process, for messages that carry none in its dialect;
            where none of the three is known such a message becomes root's, which is a loss.
        connect_flags: OBD_CONNECT_* bits both sides have agreed on; None when not known.
        last_committed: every transaction up to this one is on the server's disk, as far as `commit` was told.
    """

    fids: FidAllocator | None = None
    keep_created: bool = False
    fsuid: int | None = None
    fsgid: int | None = None
    capability: int | None = None
    connect_flags: int | None = None
    last_committed: int = 0
    _fid_of: dict[tuple[int, int], Fid] = field(default_factory=dict, repr=False)
    _inode_of: dict[Fid, tuple[int, int, int]] = field(default_factory=dict, repr=False)
    _given: Bounded[Hashable, Fid] = field(default_factory=partial(Bounded, MEMORY), repr=False)
    _opens: Bounded[int, OpenFile] = field(default_factory=partial(Bounded, MEMORY), repr=False)

    @property
    def is_nobody(self) -> bool:
        """Whether no credentials are known."""
        return self.fsuid is None and self.fsgid is None and self.capability is None

    @checked
    def identify(self, *, inode: int, generation: int, fid: Fid, type: int = 0) -> None:
        """Say that a file has both names; this beats what could be computed.

        Args:
            inode, generation: its name of the older dialect.
            fid: (sequence, object id, version).
            type: its S_IFMT bits, which fill `f_type` of a translated ll_fid; 0 when not known.

        Raises:
            WireError: a number that does not fit its field.
        """
        if len(fid) != 3:
            raise WireError(f"a FID is a sequence, an object id and a version, not {fid}", path="identify")
        seq, oid, ver = fid
        for name, value, width in (
            ("inode", inode, 64), ("generation", generation, 32), ("sequence", seq, 64), ("object id", oid, 32),
            ("version", ver, 32), ("type", type, 32),
        ):  # fmt: skip
            if not 0 <= value < 1 << width:
                raise WireError(f"{name} {value} does not fit {width} bits", path="identify")
        former = self._fid_of.pop((inode, generation), None)
        if former is not None:
            self._inode_of.pop(former, None)
        other = self._inode_of.pop((seq, oid, ver), None)
        if other is not None:
            self._fid_of.pop(other[:2], None)
        self._fid_of[inode, generation] = (seq, oid, ver)
        self._inode_of[seq, oid, ver] = (inode, generation, type)

    @checked
    def fid_of(self, inode: int, generation: int) -> Fid | None:
        """The FID a file of the older dialect was identified with."""
        return self._fid_of.get((inode, generation))

    @checked
    def inode_of(self, seq: int, oid: int, ver: int = 0) -> tuple[int, int, int] | None:
        """(inode, generation, type) a FID was identified with."""
        return self._inode_of.get((seq, oid, ver))

    @checked
    def new_fid(self, request: Hashable) -> Fid | None:
        """The FID for a create; the same again for the same `request` until it is `answered`. None without allocator.

        Raises:
            WireError: the allocator has none left.
        """
        found = self._given.get(request)
        if found is None and self.fids is not None:
            found = self.fids.new()
            self._given.keep(request, found)
        return found

    @checked
    def answered(self, request: Hashable) -> None:
        """A create is done: the next one like it is another file."""
        self._given.pop(request, None)

    @checked
    def opened(self, *, transno: int, handle: int, ioepoch: int = 0) -> None:
        """Remember an open by its transaction number, for its replay; translating the reply of an open does this."""
        self._opens.keep(transno, OpenFile(handle, ioepoch))

    @checked
    def open_file(self, transno: int) -> OpenFile | None:
        """What is known of an open."""
        return self._opens.get(transno)

    @checked
    def commit(self, transno: int) -> None:
        """Everything up to `transno` is on disk: replays of these opens no longer create or truncate."""
        self.last_committed = max(self.last_committed, transno)
