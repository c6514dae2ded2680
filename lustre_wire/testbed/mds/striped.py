"""Directories of several stripes: a directory whose names are in others, by a hash of each (lod/lod_object.c: striped
directories; include/lustre_lmv.h of 2.17.0). All stripes are on the one MDT.

A client finds them in the layout (LMV EA) of the directory, picks one by the name, and speaks of that one to the MDT.
"""

from __future__ import annotations

import errno
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.recovery.names import names
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed.operations import Ident
from lustre_wire.testbed.space import Inode, Space

#: The sequence of what the MDT makes itself, among those that no client is given.
OWN_SEQ = 0x23FFFFFFF
#: How many of its FIDs at most were given out and not on disk when an MDT crashed.
LOST = 1 << 16
#: Offset basis and prime of FNV-1a with 64 bits.
_FNV_BASIS, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


@attrs.define(slots=True, frozen=True)
class Wanted:
    """A directory as somebody wants it.

    Attributes:
        stripes: how many, 0 for a plain one.
        hash: how names are spread (`LMV_HASH_TYPE_*`).
        idents: of the stripes, where a replay says them.
    """

    stripes: int = 0
    hash: int = 0
    idents: tuple[Ident, ...] = ()


def is_layout(dialect: Dialect, ea: bytes) -> bool:
    """Do these bytes say how a directory is striped, or what its subdirectories are to be like?"""
    k = names(dialect)
    magics = (k.flag("LMV_USER_MAGIC"), k.flag("LMV_MAGIC_V1"))
    return len(ea) > 4 and any(magic and ea[:4] == magic.to_bytes(4, "little") for magic in magics)


def wanted(dialect: Dialect, ea: bytes, most: int) -> Wanted:
    """What a create asks for.

    Args:
        most: stripes an MDT makes.

    Raises:
        WireError: no layout.
    """
    k = names(dialect)
    if int.from_bytes(ea[:4], "little") == k.LMV_MAGIC_V1:  # a replay: as it was made
        made = read(dialect, ea)
        idents = tuple((int(fid.f_seq), int(fid.f_oid), int(fid.f_ver)) for fid in made.lmv_stripe_fids)
        if len(idents) > most:
            raise WireError(f"{len(idents)} stripes", path="lmv_stripe_count", dialect=dialect.name)
        return Wanted(len(idents), int(made.lmv_hash_type), idents)
    asked = _asked(dialect, ea)
    count = int(asked.lum_stripe_count) & 0xFFFF
    count = 0x10000 - count if count >> 15 else count  # so many on each MDT (lod_ah_init)
    kind = int(asked.lum_hash_type) & k.LMV_HASH_TYPE_MASK
    known = kind if k.LMV_HASH_TYPE_ALL_CHARS <= kind <= k.LMV_HASH_TYPE_CRUSH2 else k.LMV_HASH_TYPE_FNV_1A_64
    return Wanted(min(count, most) if count > 1 else 0, int(known))


def _asked(dialect: Dialect, ea: bytes) -> Any:
    """What a user says of a directory, without what may stand behind it."""
    cls = dialect.structs["lmv_user_md_v1"]
    return record.unpack(cls, ea[: cls.__wire__.size])


def read(dialect: Dialect, ea: bytes) -> Any:
    """The `lmv_mds_md_v1` of a striped directory.

    Raises:
        WireError: it is none, or has fewer stripes than it says.
    """
    made = record.unpack(dialect.structs["lmv_mds_md_v1"], ea)
    if made.lmv_magic != names(dialect).LMV_MAGIC_V1 or not 0 < made.lmv_stripe_count == len(made.lmv_stripe_fids):
        raise WireError("no striped directory", path="lmv_magic", dialect=dialect.name)
    return made


def layout(dialect: Dialect, space: Space, inode: Inode) -> bytes:
    """What a directory says of its stripes, or a stripe of itself; nothing of one that is neither."""
    k, cls = names(dialect), dialect.structs.get("lmv_mds_md_v1")
    if cls is None or not (inode.shards or inode.shard_of):
        return b""
    master = space.get(inode.shard_of) if inode.shard_of else inode
    made = cls(lmv_magic=k.LMV_MAGIC_V1, lmv_stripe_count=len(master.shards), lmv_hash_type=master.hash)
    if inode.shard_of:
        made.lmv_magic, made.lmv_master_mdt_index = k.LMV_MAGIC_STRIPE, master.shards.index(inode.ino)
        return record.pack(made)[: cls.__wire__.size]
    fid = dialect.structs["lu_fid"]
    made.lmv_stripe_fids = [fid(*space.ident(space.get(ino))) for ino in inode.shards]
    return record.pack(made)


def make(space: Space, master: Inode, wish: Wanted) -> Inode:
    """Make the stripes of a new directory; the directory as it is then.

    Raises:
        Refused: -EINVAL: a replay names stripes that were never made here.
    """
    store, shards = space.store, []
    for number in range(wish.stripes):
        last = int(store.get("own_oid", 0))
        fid = wish.idents[number] if wish.idents else (OWN_SEQ, last + 1, 0)
        if fid[0] != OWN_SEQ or not 0 < fid[1] <= last + LOST:
            raise Refused(-errno.EINVAL)
        store.set("own_oid", max(last, fid[1]))
        ino, generation, _ = space.new(master.mode, fid, again=bool(wish.idents))
        space.add(attrs.evolve(
            master, ino=ino, generation=generation, fid=fid, parent=master.ino, shard_of=master.ino, nlink=2, name=b"",
            xattrs=(), md=b"",
        ))  # fmt: skip
        shards.append(ino)
    made = attrs.evolve(master, shards=tuple(shards), hash=wish.hash, nlink=2 + len(shards))
    space.put(made)
    return made


def is_usual(dialect: Dialect, ea: bytes) -> bool:
    """Does a default layout over MDTs say nothing, and is to be forgotten (LMVEA_DELETE_VALUES)?

    Raises:
        Refused: -EINVAL for none.
    """
    try:
        asked = _asked(dialect, ea)
    except WireError:
        raise Refused(-errno.EINVAL) from None
    return bool(asked.lum_stripe_count == 0 and asked.lum_stripe_offset == 0xFFFFFFFF)


def spread(k: Any, kind: int, count: int, name: bytes) -> int:
    """Which of so many stripes a name is in (__lmv_name_to_stripe_index).

    Raises:
        WireError: a kind of hash that is not known here.
    """
    if kind & k.LMV_HASH_TYPE_MASK == k.LMV_HASH_TYPE_ALL_CHARS:
        return sum(name) % count
    if kind & k.LMV_HASH_TYPE_MASK != k.LMV_HASH_TYPE_FNV_1A_64:
        raise WireError(f"hash {kind:#x}", path="lmv_hash_type", dialect=k.dialect.name)
    value = _FNV_BASIS
    for byte in name:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return value % count


def empty(space: Space, folder: Inode) -> bool:
    """Has a directory no names, nor any of its stripes?"""
    return not folder.entries and not any(space.get(ino).entries for ino in folder.shards)
