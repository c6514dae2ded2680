"""Directories, and the names of files.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.layout import LINK_EA_MAGIC
from lustre_codecs.enums.metadata import LuDirentAttrs, LuDirpageFlags
from lustre_codecs.structs.fid import LuFid
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in16, in32, padding, until, was
from lustre_wire.schema.shorthand import hex64
from lustre_wire.schema.shown import Magic, Shown
from lustre_wire.schema.types import Chars, Flex, Hole, Raw, u8, u16, u32, u64


@history(size=32, byteorder="little", swab=False, text="{lde_fid} {lde_name}")
class LuDirent(Wire):
    """One entry of a directory page; the name and, with LUDA_TYPE, a `LudaType` follow."""

    lde_fid: LuFid
    lde_hash: hex64
    lde_reclen: u16
    lde_namelen: u16
    lde_attrs: in32[LuDirentAttrs]
    lde_name: Annotated[bytes, Flex(Chars(1))]


@history(size=2, byteorder="little", swab=False)
class LudaType(Wire):
    """File type attribute behind the name of a `LuDirent`."""

    lt_type: u16


@history(size=24, byteorder="little", swab=False)
class LuDirpage(Wire):
    """A page of directory entries ordered by hash; a 1.8 client has its own declaration of it (llite/dir.c)."""

    ldp_hash_start: hex64
    ldp_hash_end: hex64
    ldp_flags: in32[LuDirpageFlags] = was(type=in16[LuDirpageFlags]).since("2.0")
    ldp_pad0: u32                   = was(type=u16).since("2.0")
    ldp_pad1: u32                   = until("2.0")
    ldp_entries: Annotated[bytes, Flex(Raw(1))]


@history(size={"1.8": 264, "2.0": None}, byteorder="little", swab=False, text="{lde_inode} {lde_name}")
class LlDirEntry(Wire):
    """One entry of a 1.8 directory block, in the manner of ext2 (llite/llite_internal.h)."""

    lde_inode: u32
    lde_rec_len: u16
    lde_name_len: u8
    lde_file_type: u8
    lde_name: Annotated[bytes, Chars(255)]
    hole_0: Annotated[bytes, Hole(1)]


@history(size={"2.0": 24}, swab=False)
class LinkEaHeader(Wire):
    """Head of the link EA: the names of a file, `leh_reccount` of them, `leh_len` bytes in all."""

    leh_magic: Annotated[u32, Shown.HEX, Magic(LINK_EA_MAGIC)]
    leh_reccount: u32
    leh_len: u64
    leh_overflow_time: u32 = padding("padding1").since("2.10")
    leh_padding: u32       = was("padding2").since("2.10")


@history(size={"2.0": 18}, byteorder="big")
class LinkEaEntry(Wire):
    """One name of a file: parent FID and name; integers big-endian."""

    lee_reclen: Annotated[bytes, Raw(2)]
    lee_parent_fid: Annotated[bytes, Raw(16)]
    lee_name: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.0": 32}, text="{gf_fid} {gf_path}")
class GetinfoFid2path(Wire):
    """Path of a FID: question and answer. From 2.9 the question may be the root's FID in the place of the path."""

    gf_fid: LuFid
    gf_recno: u64
    gf_linkno: u32
    gf_pathlen: u32
    gf_path: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.1": 48}, c_name="fid2path:key", text="{gfk_key} {gfk_fid}")
class Fid2pathKey(Wire):
    """Key of a question for a path: its name, filled up, and a `GetinfoFid2path` without a path."""

    gfk_key: Annotated[bytes, Chars(16)]
    gfk_fid: LuFid
    gfk_recno: u64
    gfk_linkno: u32
    gfk_pathlen: u32


@history(size={"2.9": 64}, c_name="fid2path:rooted", text=("{gfr_key}", " below {gfr_root_fid}"))
class Fid2pathRooted(Wire):
    """The same, and the FID that the path begins at."""

    gfr_key: Fid2pathKey
    gfr_root_fid: LuFid
