"""What is on a target's disk, read by whoever looks at it and not by the node that runs there."""

from __future__ import annotations

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.last_rcvd import FILE, LastRcvd
from lustre_wire.recovery.store import Store
from lustre_wire.testbed.operations import NOBODY
from lustre_wire.upgrade.evidence.records import Flushed
from lustre_wire.upgrade.protocol.mark import KEY


def flushed(place: int, time: float, target: str, store: Store, dialect: Dialect) -> Flushed:
    """The disk of a target that was flushed just now."""
    mark = store.get(KEY)
    version, clean = (mark.version, mark.clean) if mark is not None else ("", False)
    transno, clients = 0, frozenset[bytes]()
    if store.size(FILE):
        book = LastRcvd(store, dialect, metadata=False)
        transno, clients = int(book.header().lsd_last_transno), book.clients()
    return Flushed(place, time, target, version, clean, transno, clients)


def fids(store: Store) -> frozenset[tuple[int, int]]:
    """Inode and generation of the objects that have a FID of their own."""
    inodes = (inode for _, inode in store.items("inode"))
    return frozenset((inode.ino, inode.generation) for inode in inodes if inode.fid != NOBODY)
