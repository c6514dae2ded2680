"""Objects, and the data of bulk transfers.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from lustre_codecs.enums.metadata import LustreFl, ObdMd
from lustre_codecs.enums.ost import (
    FiemapExtentFlags,
    FiemapFlags,
    LadviseFlags,
    LuLadviseType,
    ObdBrw,
    ObdFl,
    OfdAccessFlags,
)
from lustre_codecs.structs.fid import LuFid, LustreHandle, OstId
from lustre_codecs.structs.layouts import OstLayout
from lustre_codecs.structs.llog import LlogCookie
from lustre_wire.schema.history import Wire, history, same_bytes
from lustre_wire.schema.margins import as_sent, called, in16, in32, in64, pad32, pad64, padding, since, until, was
from lustre_wire.schema.shorthand import hex32, hex64, id32, mode32, time64
from lustre_wire.schema.shown import Called, Given, Shown
from lustre_wire.schema.types import AS_SENT, U32, U64, Array, Chars, Flex, u16, u32, u64

#: A field of an obdo that its valid bits say is there.
_said = partial(Given, "o_valid", zero=False)
_PARENT = ObdMd.OBD_MD_FLFID | ObdMd.OBD_MD_FLPARENT
_MODE = ObdMd.OBD_MD_FLMODE | ObdMd.OBD_MD_FLTYPE


@history(
    size=208,
    text=("object {o_id}:{o_gr}", "object {o_oi}", " uid {o_uid}", " gid {o_gid}", " size {o_size}", " {o_flags}"),
)  # fmt: skip
class Obdo(Wire):
    """An object and its attributes, as OSTs know them."""

    o_valid: in64[ObdMd]
    o_id: u64                      = until("2.0")
    o_gr: u64                      = until("2.0")
    o_oi: OstId                    = since("2.0", same_as=("o_id", "o_gr"))
    o_fid: Annotated[u64, _said(ObdMd.OBD_MD_FLFID)] = until("2.0")
    o_parent_seq: Annotated[hex64, _said(_PARENT)] = since("2.0")
    o_size: Annotated[u64, _said(ObdMd.OBD_MD_FLSIZE)]
    o_mtime: Annotated[time64, _said(ObdMd.OBD_MD_FLMTIME)]
    o_atime: Annotated[time64, _said(ObdMd.OBD_MD_FLATIME)]
    o_ctime: Annotated[time64, _said(ObdMd.OBD_MD_FLCTIME)]
    o_blocks: Annotated[u64, _said(ObdMd.OBD_MD_FLBLOCKS), Called("o_dirty", "o_valid", ObdMd.OBD_MD_FLGRANT)]
    o_grant: Annotated[u64, _said(ObdMd.OBD_MD_FLGRANT)]
    o_blksize: Annotated[u32, _said(ObdMd.OBD_MD_FLBLKSZ)]
    o_mode: Annotated[mode32, _said(_MODE), Called("o_undirty", "o_valid", ObdMd.OBD_MD_FLGRANT)]
    o_uid: Annotated[id32, _said(ObdMd.OBD_MD_FLUID)]
    o_gid: Annotated[id32, _said(ObdMd.OBD_MD_FLGID)]
    o_flags: Annotated[ObdFl, U32, Given("o_valid", ObdMd.OBD_MD_FLFLAGS)]
    o_nlink: Annotated[u32, _said(ObdMd.OBD_MD_FLNLINK), Called("o_cksum", "o_valid", ObdMd.OBD_MD_FLCKSUM, Shown.HEX)]
    o_generation: Annotated[u32, _said(ObdMd.OBD_MD_FLGENER | ObdMd.OBD_MD_FLFID)] = until("2.0")
    o_parent_oid: Annotated[hex32, _said(_PARENT)] = since("2.0")
    o_misc: Annotated[u32, _said(ObdMd.OBD_MD_FLOBJCOUNT), Called("o_dropped", "o_valid", ObdMd.OBD_MD_FLGRANT)]
    o_easize: Annotated[u32, _said(ObdMd.OBD_MD_FLEASIZE | ObdMd.OBD_MD_FLEPOCH)] = until("2.0")
    o_mds: Annotated[u32, _said(ObdMd.OBD_MD_FLEPOCH)] = until("2.0")
    o_ioepoch: Annotated[u64, _said(ObdMd.OBD_MD_FLEPOCH)] = since("2.0")
    o_stripe_idx: u32  # there is no bit for it
    o_parent_ver: Annotated[u32, _said(_PARENT)] = padding("o_padding_1", swab=True).since("2.0")
    o_handle: Annotated[as_sent[LustreHandle], _said(ObdMd.OBD_MD_FLHANDLE)]
    o_lcookie: Annotated[as_sent[LlogCookie], _said(ObdMd.OBD_MD_FLCOOKIE)] = until("2.10")
    o_layout: Annotated[OstLayout, _said(ObdMd.OBD_MD_FLOSTLAYOUT)] = since("2.10")
    o_layout_version: Annotated[u32, _said(ObdMd.OBD_MD_LAYOUT_VERSION)] = padding("o_padding_3", "2.10").since("2.11")
    o_padding_2: pad64             = until("2.0")
    o_uid_h: u32                   = since("2.0")
    o_gid_h: u32                   = since("2.0")
    o_data_version: Annotated[
        u64, _said(ObdMd.OBD_MD_FLDATAVERSION), Called("o_grant_used", "o_valid", ObdMd.OBD_MD_FLGRANT)
    ] = padding("o_padding_3").since("2.2")
    o_padding_4_: pad64            = called("o_padding_4").until("2.10")
    o_projid: Annotated[u32, _said(ObdMd.OBD_MD_FLPROJID)] = since("2.10")
    o_padding_4: pad32             = since("2.10")
    o_padding_5: pad64
    o_padding_6: pad64


@same_bytes(
    Obdo, size={"2.6": 208}, o_flags=Annotated[LustreFl, U32, Given("o_valid", ObdMd.OBD_MD_FLFLAGS)],
    text=("", "mode {o_mode}", " uid {o_uid}", " gid {o_gid}", " size {o_size}", " flags {o_flags}"),
)  # fmt: skip
class UpdateAttributes(Obdo):
    """Attributes of a file or an object in an update: an obdo whose flags are those of an inode (obdo_from_la)."""


@history(size=208, text="{oa}")
class OstBody(Wire):
    """Body of most OST RPCs."""

    oa: Obdo


@history(size=24, text="object {ioo_id}:{ioo_seq} in {ioo_bufcnt:count piece}")
class ObdIoobj(Wire):
    """Object of a bulk transfer and how many `NiobufRemote` belong to it."""

    ioo_id: u64      = until("2.4")
    ioo_seq: u64     = was("ioo_gr").since("2.0").until("2.4")
    ioo_oid: OstId   = since("2.4", same_as=("ioo_id", "ioo_seq"))
    ioo_type: u32    = until("2.4")
    ioo_max_brw: hex32 = since("2.4")
    ioo_bufcnt: u32


@history(size=16, prefix=("rnb_", "2.7"), text=("", "[{rnb_offset}+{rnb_len}]", " {rnb_flags}"))
class NiobufRemote(Wire):
    """One extent of a bulk transfer; `offset` and `len` in bytes."""

    rnb_offset: u64
    rnb_len: u32
    rnb_flags: in32[ObdBrw]


@history(size=56, c_name={"1.8": "ll_fiemap_extent", "2.8": "fiemap_extent"})
class LlFiemapExtent(Wire):
    """One extent of a file map; offsets and lengths in bytes (ll_fiemap.h)."""

    fe_logical: u64
    fe_physical: u64
    fe_length: u64
    fe_reserved64: Annotated[list[int], Array(U64.as_sent(), 2)]
    fe_flags: in32[FiemapExtentFlags]
    fe_device: u32                                   = until("2.8")
    fe_reserved: Annotated[list[int], Array(U32, 3)] = (
        was(type=Annotated[list[int], Array(U32.as_sent(), 2)]).since("2.8")
    )


@history(
    size=32, c_name={"1.8": "ll_user_fiemap", "2.8": "fiemap"},
    text=("[{fm_start}+{fm_length}]", " {fm_mapped_extents:count extent}"),
)  # fmt: skip
class LlUserFiemap(Wire):
    """A file map request and its answer; `fm_mapped_extents` extents follow (ll_fiemap.h)."""

    fm_start: u64
    fm_length: u64
    fm_flags: in32[FiemapFlags]
    fm_mapped_extents: u32
    fm_extent_count: u32
    fm_reserved: u32
    fm_extents: Annotated[list[LlFiemapExtent], Flex(LlFiemapExtent, count="fm_mapped_extents")]


@history(size=248, swab={"1.8": False, "2.13": True}, text="{lfik_name} {lfik_oa} {lfik_fiemap}")
class LlFiemapInfoKey(Wire):
    """Key of a file map request sent as get_info."""

    lfik_name: Annotated[bytes, Chars(8)] = was("name").since("2.8")
    lfik_oa: Obdo                         = was("oa").since("2.8")
    lfik_fiemap: LlUserFiemap             = was("fiemap").since("2.8")


@history(size={"2.9": 32}, text="{lla_advice} [{lla_start}-{lla_end})")
class LuLadvise(Wire):
    """One piece of advice: offsets in bytes."""

    lla_advice: in16[LuLadviseType]
    lla_value1: u16
    lla_value2: u32
    lla_start: u64
    lla_end: u64
    lla_value3: u32
    lla_value4: u32


@history(size={"2.9": 32}, text=("", "{lah_flags}"))
class LadviseHdr(Wire):
    """Head of a list of advice."""

    lah_magic: u32
    lah_count: u32
    lah_flags: in64[LadviseFlags]
    lah_value1: u32
    lah_value2: u32
    lah_value3: u64
    lah_advise: Annotated[list[LuLadvise], Flex(LuLadvise), AS_SENT]


@history(size={"2.14": 168}, swab=False)
class LustreAccessLogInfoV1(Wire):
    """State of an access log (lustre_access_log.h); the last six fields have names that begin with "_"."""

    lali_version: u32
    lali_type: u32
    lali_name: Annotated[bytes, Chars(128)]
    lali_log_size: u32
    lali_entry_size: u32
    lali_head: u32
    lali_tail: u32
    lali_entry_space: u32
    lali_entry_count: u32
    lali_drop_count: u32
    lali_is_closed: u32


@history(size={"2.14": 64}, swab=False)
class OfdAccessEntryV1(Wire):
    """One entry of an access log: offsets, sizes in bytes (lustre_access_log.h)."""

    oae_parent_fid: LuFid
    oae_begin: u64
    oae_end: u64
    oae_time: u64
    oae_size: u32
    oae_segment_count: u32
    oae_flags: in32[OfdAccessFlags]
    oae_reserved1: u32
    oae_reserved2: u32
    oae_reserved3: u32
