"""Directory pages: hashed entries with FIDs in 2.0, blocks of the file system with inode numbers in 1.8.

Sources: mdc/mdc_lib.c (mdc_readdir_pack_18, _20) and lustre_idl.h (ll_dirent_type_get, lu_dirpage) of 1.8.9,
mdd/mdd_object.c of 2.0.0.
"""

from __future__ import annotations

from errno import EOPNOTSUPP
from typing import Final, NoReturn

from lustre_codecs.translation.identity import fid_to_inode
from lustre_wire.payloads.directory import BlockEntry, build_blocks, read_pages
from lustre_wire.translate.work import Work

#: S_IFMT bits of a mode >> 12 -> type of an ext2 directory entry.
_TYPES: Final = {0x8: 1, 0x4: 2, 0x2: 3, 0x6: 4, 0x1: 5, 0xC: 6, 0xA: 7}
_UNKNOWN: Final = 0


def page_down(data: bytes, work: Work) -> bytes:
    """Blocks of 1.8 with the entries of 2.0's pages. An entry of 1.8 says neither generation nor hash.

    Raises:
        Untranslatable: a file that was made by 2.0 (ESTALE).
        WireError: the pages cannot be read.
    """
    entries = []
    for number, entry in enumerate(read_pages(data, work.source.dialect).entries):
        fid = entry.head.lde_fid
        work.at = f"lu_dirent[{number}]"
        inode, _, _ = fid_to_inode(fid.f_seq, fid.f_oid, fid.f_ver, work, "lde_fid")
        if inode:
            entries.append(BlockEntry(inode, entry.name, _TYPES.get((entry.file_type or 0) >> 12, _UNKNOWN)))
    if entries:
        work.at = "lu_dirpage"
        work.lose("generation", "lde_fid", len(entries))
        work.lose("hash", "lde_hash", len(entries))
    return build_blocks(entries, work.target)


def page_up(data: bytes, work: Work) -> NoReturn:
    """Pages of 2.0 cannot be made: the entries of 1.8 lack the generation that is half of each FID.

    Raises:
        Untranslatable: always (EOPNOTSUPP).
    """
    work.impossible(EOPNOTSUPP, "the entries of a 1.8 page do not say the generations that FIDs need", "lde_inode")
