"""The namespace of an MDT in a `Store`: inodes, directory entries, and the identities that name them."""

from __future__ import annotations

import errno
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from lustre_wire.recovery.store import Store
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import quota
from lustre_wire.testbed.operations import NOBODY, Ident

ROOT_INO, ROOT_GENERATION = 0xA1B2, 0x1111
FIRST_INO = 0x20000
#: How many directories' listings are kept.
LISTED = 64


#: Bytes of the longest name of a file, and of an extended attribute (linux/limits.h: NAME_MAX, XATTR_NAME_MAX).
NAME_MAX = XATTR_NAME_MAX = 255


def filename(name: bytes | None, *, dots: tuple[int, int] = (0, 0)) -> bytes:
    """A name that may stand in a directory.

    Args:
        dots: errno for ".", and for ".."; 0 where they are names like others.

    Raises:
        Refused: with the errno of Linux.
    """
    if not name:
        raise Refused(-errno.ENOENT)
    if b"\0" in name or b"/" in name:
        raise Refused(-errno.EINVAL)
    if len(name) > NAME_MAX:
        raise Refused(-errno.ENAMETOOLONG)
    dot = dict(zip((b".", b".."), dots, strict=True)).get(name)
    if dot:
        raise Refused(-dot)
    return name


def xattr_name(name: bytes | None) -> bytes:
    """A name that an extended attribute may have.

    Raises:
        Refused: with the errno of Linux.
    """
    if not name or len(name) > XATTR_NAME_MAX:
        raise Refused(-errno.ERANGE)
    return name


@attrs.define(slots=True, frozen=True)
class Inode:
    """One object of the MDT.

    Attributes:
        fid: the FID its creator gave it, or `NOBODY`: then its name is its inode and generation (an IGIF).
        md: LOV EA of a file, bytes.
        target: of a symbolic link.
        entries: names in a directory, in the order they were made.
        xattrs: name and value.
        told: size and blocks of a file as its last close told them; None before.
        btime: when it was made.
        name: that it was given last; another may have it since.
        written: of a file whose bytes are here: a bit for each block there is (`transfers.Object`).
        shards: of a directory whose names are in others: those, and by which `hash` of a name.
        shard_of: of one of these: whose it is.
    """

    ino: int
    generation: int
    mode: int
    fid: Ident = NOBODY
    uid: int = 0
    gid: int = 0
    size: int = 0
    atime: int = 0
    mtime: int = 0
    ctime: int = 0
    nlink: int = 1
    rdev: int = 0
    flags: int = 0
    parent: int = 0
    md: bytes = b""
    target: bytes = b""
    entries: tuple[bytes, ...] = ()
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    told: tuple[int, int] | None = None
    btime: int = 0
    name: bytes = b""
    written: int = 0
    shards: tuple[int, ...] = ()
    hash: int = 0
    shard_of: int = 0

    @property
    def weight(self) -> int:
        """Bytes it takes to keep it as it was (`Store`): one place for each name, and its attributes."""
        return 8 * len(self.entries) + sum(len(value) for _, value in self.xattrs)

    @property
    def is_dir(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


class Space:
    """What is where.

    Args:
        by_fid: objects are named by FID, or else by inode and generation.
        root: of a new root: its FID, or `NOBODY`; and its extended attributes.

    Attributes:
        scrubbed: a FID was taken away; that has to be on disk before anybody is answered.
    """

    def __init__(
        self, store: Store, *, by_fid: bool, root: Ident = NOBODY, xattrs: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        self.store, self.by_fid = store, by_fid
        self.scrubbed = False
        self._listed: dict[tuple[int, str], tuple[tuple[bytes, ...], int, Any]] = {}
        if ("inode", ROOT_INO) not in store:
            store.set("next_ino", FIRST_INO)
            mode = stat.S_IFDIR | 0o755
            self.add(Inode(ROOT_INO, ROOT_GENERATION, mode, root, nlink=2, parent=ROOT_INO, xattrs=xattrs))
            store.commit()

    # -- identities ----------------------------------------------------------------------------------------------

    def ident(self, inode: Inode) -> Ident:
        """What the dialect calls an object."""
        if not self.by_fid:
            return inode.ino, inode.generation, stat.S_IFMT(inode.mode)
        return inode.fid if inode.fid != NOBODY else (inode.ino, inode.generation, 0)

    def find(self, ident: Ident) -> Inode | None:
        """The object of that name; an inode and generation name it in either dialect."""
        ino = self.store.get(("ident", ident[0], ident[1]))
        inode: Inode | None = self.store.get(("inode", ino)) if ino is not None else None
        return self._shown(inode) if inode is not None else None

    def need(self, ident: Ident, missing: int = errno.ENOENT) -> Inode:
        found = self.find(ident)
        if found is None:
            raise Refused(-missing)
        return found

    def need_dir(self, ident: Ident) -> Inode:
        found = self.need(ident, errno.ESTALE)
        if not found.is_dir:
            raise Refused(-errno.ENOTDIR)
        return found

    def living_dir(self, ident: Ident) -> Inode:
        """A directory that names can be put into: not one that was removed while somebody had it open."""
        found = self.need_dir(ident)
        if not found.nlink:
            raise Refused(-errno.ENOENT)
        return found

    def holds(self, folder: Inode, inode: Inode) -> bool:
        """Is a directory this one, or somewhere above it?"""
        while inode.ino != folder.ino and inode.parent != inode.ino:
            inode = self.get(inode.parent)
        return inode.ino == folder.ino

    # -- objects -------------------------------------------------------------------------------------------------

    def get(self, ino: int) -> Inode:
        """An object that is about to be shown to somebody.

        Raises:
            Refused: -ENOENT.
        """
        found: Inode | None = self.store.get(("inode", ino))
        if found is None:
            raise Refused(-errno.ENOENT)
        return self._shown(found)

    def _shown(self, inode: Inode) -> Inode:
        """A server that names objects by inode takes away the FID of one it shows (mds/mds_reint.c: mds_lookup).

        Otherwise the object would come back under the FID after the next upgrade, to clients that know its inode.
        """
        if self.by_fid or inode.fid == NOBODY:
            return inode
        self.store.delete(("ident", inode.fid[0], inode.fid[1]))
        shown = attrs.evolve(inode, fid=NOBODY)
        self.put(shown)
        self.scrubbed = True
        return shown

    def put(self, inode: Inode) -> None:
        self._charge(inode.ino, inode)
        self.store.set(("inode", inode.ino), inode)

    def _charge(self, ino: int, after: Inode | None) -> None:
        before: Inode | None = self.store.get(("inode", ino))
        owned = [None if inode is None else (inode.uid, inode.gid, 1) for inode in (before, after)]
        quota.charge(self.store, *owned)
        more = (after is not None) - (before is not None)
        if more:
            self.store.set("inodes", self.inodes + more)

    @property
    def inodes(self) -> int:
        """How many objects there are."""
        return int(self.store.get("inodes", 0))

    def new(self, mode: int, named: Ident, *, again: bool) -> tuple[int, int, Ident]:
        """Inode number, generation and FID of a new object.

        Args:
            named: the identity it is to have; `again` when it had it before (a replay).
        """
        if self.by_fid:
            if self.find(named) is not None:
                raise Refused(-errno.EEXIST)
            return (*self._number(), named)
        if again and named != NOBODY:
            self.store.set("next_ino", max(self.store.get("next_ino"), named[0] + 1))
            return named[0], named[1], NOBODY
        return (*self._number(), NOBODY)

    def _number(self) -> tuple[int, int]:
        ino = self.store.get("next_ino")
        self.store.set("next_ino", ino + 1)
        return ino, zlib.crc32(ino.to_bytes(8, "little")) | 1

    def add(self, inode: Inode) -> None:
        """A new object, known by every name it has."""
        self.put(inode)
        self.store.set(("ident", inode.ino, inode.generation), inode.ino)
        if inode.fid != NOBODY:
            self.store.set(("ident", inode.fid[0], inode.fid[1]), inode.ino)

    def remove(self, inode: Inode) -> None:
        """The object is gone for good."""
        self._charge(inode.ino, None)
        self.store.remove(f"object {inode.ino}")
        self.store.delete(("inode", inode.ino))
        self.store.delete(("ident", inode.ino, inode.generation))
        self.store.delete(("orphan", inode.ino))
        self.store.delete(("version", inode.ino))
        if inode.fid != NOBODY:
            self.store.delete(("ident", inode.fid[0], inode.fid[1]))

    def orphans(self) -> Iterator[Inode]:
        """Objects without a name that somebody had open."""
        return (self.get(key[1]) for key, _ in self.store.items("orphan"))

    # -- directories ---------------------------------------------------------------------------------------------

    def listed(self, folder: Inode, what: str, make: Callable[[], Any]) -> Any:
        """What is made of a directory's entries, made again when they have changed: reading it page by page, or asking
        for its size, is not to cost its length each time."""
        known = self._listed.get((folder.ino, what))
        if known is not None and known[0] is folder.entries and known[1] == folder.parent:
            return known[2]
        if len(self._listed) >= LISTED:
            self._listed.clear()
        made = make()
        self._listed[folder.ino, what] = folder.entries, folder.parent, made
        return made

    def lookup(self, parent: Inode, name: bytes) -> Inode | None:
        if name == b".":
            return parent
        if name == b"..":
            return self.get(parent.parent)
        ino = self.store.get(("entry", parent.ino, name))
        return self.get(ino) if ino is not None else None

    def link(self, parent: Inode, name: bytes, inode: Inode, time: int) -> Inode:
        """Enter a name; the directory as it is afterwards."""
        self.store.set(("entry", parent.ino, name), inode.ino)
        self.put(attrs.evolve(inode, name=name))
        more = 1 if inode.is_dir else 0
        changed = attrs.evolve(
            parent, entries=(*parent.entries, name), mtime=time, ctime=time, nlink=parent.nlink + more
        )
        self.put(changed)
        return changed

    def named(self, inode: Inode) -> bytes:
        """A name an object has in its directory.

        Raises:
            Refused: -ENOENT, where it has none.
        """
        folder = self.get(inode.parent)
        if self.store.get(("entry", folder.ino, inode.name)) == inode.ino:
            return inode.name
        found = (n for n in folder.entries if self.store.get(("entry", folder.ino, n)) == inode.ino)
        name = next(found, None)
        if name is None:
            raise Refused(-errno.ENOENT)
        return name

    def path(self, inode: Inode, longest: int) -> bytes:
        """The path of an object, without a slash in front.

        Raises:
            Refused: -ENOENT, or -EOVERFLOW for a path of more than so many bytes.
        """
        parts: list[bytes] = []
        size = 0
        while inode.ino != ROOT_INO:
            if inode.shard_of:  # a stripe of a directory has no name
                inode = self.get(inode.shard_of)
                continue
            parts.append(self.named(inode))
            size += len(parts[-1]) + 1
            if size > longest:
                raise Refused(-errno.EOVERFLOW)
            inode = self.get(inode.parent)
        return b"/".join(reversed(parts))

    def unlink(self, parent: Inode, name: bytes, inode: Inode, time: int) -> Inode:
        """Take a name away; the directory as it is afterwards."""
        self.store.delete(("entry", parent.ino, name))
        left = tuple(other for other in parent.entries if other != name)
        less = 1 if inode.is_dir else 0
        changed = attrs.evolve(parent, entries=left, mtime=time, ctime=time, nlink=parent.nlink - less)
        self.put(changed)
        return changed
