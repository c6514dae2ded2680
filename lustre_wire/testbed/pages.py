"""Directory pages in both formats, for the server that fills them and the client that reads them."""

from __future__ import annotations

import errno
import stat
import zlib
from bisect import bisect_left
from itertools import islice

from lustre_wire.dialects import Dialect
from lustre_wire.payloads import directory
from lustre_wire.recovery.names import names
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed.operations import Ident
from lustre_wire.testbed.space import Inode, Space

#: ext2 type codes by S_IFMT.
EXT2_TYPES = {
    stat.S_IFREG: 1, stat.S_IFDIR: 2, stat.S_IFCHR: 3, stat.S_IFBLK: 4, stat.S_IFIFO: 5, stat.S_IFSOCK: 6,
    stat.S_IFLNK: 7,
}  # fmt: skip


#: Bytes of an ext2 directory entry before its name, which is filled up to 4 bytes (EXT2_DIR_REC_LEN).
ENTRY_HEAD = 8


def listing(space: Space, folder: Inode) -> list[tuple[bytes, Inode]]:
    """The entries of a directory, "." and ".." first."""
    out = [(b".", folder), (b"..", space.get(folder.parent))]
    for name in folder.entries:
        found = space.lookup(folder, name)
        if found is not None:
            out.append((name, found))
    return out


def hash_of(name: bytes) -> int:
    """Where a name stands among the pages: below `DIR_END_OFF`, dots first."""
    if name in (b".", b".."):
        return len(name)
    return (zlib.crc32(name) << 31 | zlib.adler32(name) & 0x7FFFFFFF) + 3


def directory_size(folder: Inode) -> int:
    """Bytes of a directory on disk, in either release: whole blocks, of which an empty one has one.

    A client lists nothing of a directory of size 0, one of 1.8 no block behind the size (liblustre/dir.c).
    """
    whole, used = 1, 0
    for name in (b".", b"..", *folder.entries):
        length = ENTRY_HEAD + len(name) + 3 & ~3
        if used + length > directory.PAGE:
            whole, used = whole + 1, 0
        used += length
    return whole * directory.PAGE


def blocks(dialect: Dialect, space: Space, folder: Inode, offset: int, size: int) -> tuple[bytes, int]:
    """The 1.8 form: `size` bytes of the directory file from `offset` on, and its whole size."""

    def make() -> bytes:
        made = [
            directory.BlockEntry(inode.ino, name, EXT2_TYPES.get(stat.S_IFMT(inode.mode), 0))
            for name, inode in listing(space, folder)
        ]
        return directory.build_blocks(made, dialect)

    data = space.listed(folder, "blocks", make)
    if offset % directory.PAGE or size % directory.PAGE or not size:
        raise Refused(-errno.EFAULT)
    if offset + size > len(data):
        raise Refused(-errno.EIO)
    return data[offset : offset + size], len(data)


def end_of(dialect: Dialect) -> int:
    """The hash behind the last entry of a directory."""
    k = names(dialect)
    return k.flag("MDS_DIR_END_OFF") or k.flag("DIR_END_OFF")


def many(dialect: Dialect, space: Space, folder: Inode, start: int, size: int) -> bytes:
    """As many pages of the 2.0 form as there are, or as go into `size` bytes."""
    data = b""
    while len(data) + directory.PAGE <= size:
        data += pages(dialect, space, folder, start, directory.PAGE)
        start = int(directory.read_pages(data[-directory.PAGE :], dialect).head.ldp_hash_end)
        if start == end_of(dialect):
            break
    return data


def pages(dialect: Dialect, space: Space, folder: Inode, start: int, size: int) -> bytes:
    """The 2.0 form: one page of entries from hash `start` on, at most `size` bytes."""
    entry, k = dialect.structs["lu_dirent"], names(dialect)
    everything = space.listed(
        folder, "hashes", lambda: sorted((hash_of(n), n, ino) for n, ino in listing_keys(space, folder))
    )
    made: list[directory.PageEntry] = []
    used, end = dialect.structs["lu_dirpage"].__wire__.size, None
    for value, name, ino in islice(everything, bisect_left(everything, (start,)), None):
        inode = space.get(ino)
        head = entry(lde_hash=value, lde_attrs=k.LUDA_FID | k.LUDA_TYPE)
        head.lde_fid.f_seq, head.lde_fid.f_oid, head.lde_fid.f_ver = space.ident(inode)
        length = entry.__wire__.size + (len(name) + 1 & ~1) + 2 + 7 & ~7
        if used + length > min(size, directory.PAGE):
            end = value
            break
        used += length
        made.append(directory.PageEntry(head, name, stat.S_IFMT(inode.mode)))
    built = directory.build_pages(made, dialect, start=start, end=end)
    return directory.write_pages(built)


def listing_keys(space: Space, folder: Inode) -> list[tuple[bytes, int]]:
    """Names with inode numbers, which sort."""
    return [(name, inode.ino) for name, inode in listing(space, folder)]


def read_blocks(dialect: Dialect, data: bytes) -> list[tuple[bytes, int]]:
    """Names and inode numbers in blocks of 1.8."""
    return [(e.name, e.inode) for block in directory.read_blocks(data, dialect) for e in block if e.inode]


def read_pages(dialect: Dialect, data: bytes) -> tuple[list[tuple[bytes, Ident]], int]:
    """Names and identities in pages of 2.0, and the hash to go on from: `DIR_END_OFF` behind the last."""
    read = directory.read_pages(data, dialect)
    entries = [
        (e.name, (e.head.lde_fid.f_seq, e.head.lde_fid.f_oid, e.head.lde_fid.f_ver)) for e in read.entries if e.name
    ]
    return entries, int(read.head.ldp_hash_end)
