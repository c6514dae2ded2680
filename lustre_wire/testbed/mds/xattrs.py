"""The extended attributes of an object: those people set, and where they are listed too, those the MDT keeps itself."""

from __future__ import annotations

from lustre_wire.engines import record
from lustre_wire.payloads import linkea
from lustre_wire.testbed.mds import striped
from lustre_wire.testbed.mds.mdt import LMV, Mdt
from lustre_wire.testbed.space import Inode


def listed(mdt: Mdt, inode: Inode) -> list[tuple[bytes, bytes]]:
    """Names and values, as listxattr(2) finds them on an MDT (osd: lma, lov, link, som, then the others)."""
    if not mdt.personality.lists_attributes:
        return list(inode.xattrs)
    found = [(b"trusted.lma", _lma(mdt, inode))]
    if inode.md:
        found.append((b"trusted.lov", inode.md))
    lmv = striped.layout(mdt.dialect, mdt.space, inode)
    if lmv:
        found.append((LMV, lmv))
    found.append((b"trusted.link", _link(mdt, inode)))
    if inode.told is not None:
        found.append((b"trusted.som", _som(mdt, *inode.told)))
    return [*found, *inode.xattrs]


def _lma(mdt: Mdt, inode: Inode) -> bytes:
    made = mdt.dialect.structs["lustre_mdt_attrs"]()
    own = made.lma_self_fid
    own.f_seq, own.f_oid, own.f_ver = mdt.space.ident(inode)
    return record.pack(made)


def _som(mdt: Mdt, size: int, blocks: int) -> bytes:
    made = mdt.dialect.structs["lustre_som_attrs"](lsa_size=size, lsa_blocks=blocks)
    return record.pack(made)


def _link(mdt: Mdt, inode: Inode) -> bytes:
    """The names an object has in the directory it was put into last; none of the root and of what has lost them all."""
    fid, names = mdt.dialect.structs["lu_fid"](), []
    if inode.nlink and inode.parent != inode.ino:
        folder = mdt.space.get(inode.parent)
        fid.f_seq, fid.f_oid, fid.f_ver = mdt.space.ident(folder)
        if inode.nlink > 1 and not inode.is_dir:
            names = [n for n in folder.entries if mdt.space.store.get(("entry", folder.ino, n)) == inode.ino]
        else:
            names = [mdt.space.named(inode)]
    return linkea.write(linkea.build([linkea.Link(fid, name) for name in names], mdt.dialect))
