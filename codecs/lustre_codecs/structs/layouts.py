"""Layouts of files and directories, and the targets they name.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_codecs.enums.layout import (
    LMV_MAGIC_STRIPE,
    LMV_MAGIC_V1,
    LMV_USER_MAGIC,
    LOV_DESC_MAGIC,
    LOV_MAGIC_COMP_V1,
    LOV_MAGIC_FOREIGN,
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
    LOV_USER_MAGIC_JOIN,
    LOV_USER_MAGIC_V1,
    LOV_USER_MAGIC_V3,
    MEA_MAGIC_ALL_CHARS,
    MEA_MAGIC_HASH_SEGMENT,
    MEA_MAGIC_LAST_CHAR,
    LayoutIntentFlags,
    LayoutIntentOpc,
    LcmeFlags,
    LcmFlags,
    LmvHashFlags,
    LovPattern,
    LustreForeignTypes,
)
from lustre_codecs.enums.metadata import SwapLayouts
from lustre_codecs.structs.fid import LlogLogid, LmmOstId, LuFid, ObdUuid, OstId
from lustre_wire.schema.history import Wire, history, same_bytes
from lustre_wire.schema.margins import (
    as_sent,
    called,
    in16,
    in32,
    in64,
    over,
    pad16,
    pad32,
    pad64,
    padding,
    since,
    until,
    was,
)
from lustre_wire.schema.shorthand import bytes32, bytes64, hex32
from lustre_wire.schema.shown import Magic, Pieces, Shown
from lustre_wire.schema.types import AS_SENT, U16, U32, Array, Chars, Flex, Raw, u8, u16, u32, u64


@history(
    size=24, byteorder="little",
    text=("object {l_object_id}:{l_object_seq} on OST {l_ost_idx}", "object {l_ost_oi} on OST {l_ost_idx}"),
)  # fmt: skip
class LovUserOstDataV1(Wire):
    """One stripe of a layout a user asks for or sees (lustre_user.h)."""

    l_object_id: u64  = until("2.4")
    l_object_seq: u64 = was("l_object_gr").since("2.0").until("2.4")
    l_ost_oi: OstId   = since("2.4", same_as=("l_object_id", "l_object_seq"))
    l_ost_gen: u32
    l_ost_type: u32   = over("l_ost_gen").since("2.17")
    l_ost_idx: u32


@history(
    size=24, byteorder="little", swab=False,
    text=("object {l_object_id}:{l_object_seq} on OST {l_ost_idx}", "object {l_ost_oi} on OST {l_ost_idx}"),
)  # fmt: skip
class LovOstDataV1(Wire):
    """One stripe of a file layout: the object and the OST it is on."""

    l_object_id: u64  = until("2.4")
    l_object_seq: u64 = was("l_object_gr").since("2.0").until("2.4")
    l_ost_oi: OstId   = since("2.4", same_as=("l_object_id", "l_object_seq"))
    l_ost_gen: u32
    l_ost_type: u32   = over("l_ost_gen").since("2.17")
    l_ost_idx: u32


@history(
    size=32, byteorder="little",
    text=("stripe {lmm_stripe_count} x {lmm_stripe_size}", " pattern {lmm_pattern}", " {lmm_objects}"),
)  # fmt: skip
class LovMdsMdV1(Wire):
    """File layout (LOV EA); `lmm_stripe_size` in bytes."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_V1)]
    lmm_pattern: in32[LovPattern]
    lmm_object_id: u64    = until("2.4")
    lmm_object_seq: u64   = was("lmm_object_gr").since("2.0").until("2.4")
    lmm_oi: LmmOstId      = since("2.4", same_as=("lmm_object_id", "lmm_object_seq"))
    lmm_stripe_size: bytes32
    lmm_stripe_count: u16 = was(type=u32).since("2.2")
    lmm_layout_gen: u16   = since("2.2")
    lmm_objects: Annotated[list[LovOstDataV1], Flex(LovOstDataV1, count="lmm_stripe_count"), AS_SENT]


@history(
    size=48, byteorder="little", swab=False,
    text=(
        "stripe {lmm_stripe_count} x {lmm_stripe_size}", " pattern {lmm_pattern}", " {lmm_objects}",
        " pool {lmm_pool_name}",
    ),
)  # fmt: skip
class LovMdsMdV3(Wire):
    """File layout (LOV EA) with a pool."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_V3)]
    lmm_pattern: in32[LovPattern]
    lmm_object_id: u64    = until("2.4")
    lmm_object_seq: u64   = was("lmm_object_gr").since("2.0").until("2.4")
    lmm_oi: LmmOstId      = since("2.4", same_as=("lmm_object_id", "lmm_object_seq"))
    lmm_stripe_size: bytes32
    lmm_stripe_count: u16 = was(type=u32).since("2.2")
    lmm_layout_gen: u16   = since("2.2")
    lmm_pool_name: Annotated[bytes, Chars(16)]
    lmm_objects: Annotated[list[LovOstDataV1], Flex(LovOstDataV1, count="lmm_stripe_count"), AS_SENT]


# Behind what is stored, which has the same magic: without a word of its slot, a layout is a file's.
_ASKED: Final = "stripe_count {lmm_stripe_count} offset {lmm_stripe_offset} size {lmm_stripe_size}"


@history(
    size=32, byteorder="little",
    text=(_ASKED, " pattern {lmm_pattern}"),
)  # fmt: skip
class LovUserMdV1(Wire):
    """Layout a user asks for or sees (lustre_user.h)."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_USER_MAGIC_V1)]
    lmm_pattern: in32[LovPattern]
    lmm_object_id: u64  = until("2.4")
    lmm_object_seq: u64 = was("lmm_object_gr").since("2.0").until("2.4")
    lmm_oi: LmmOstId    = since("2.4", same_as=("lmm_object_id", "lmm_object_seq"))
    lmm_stripe_size: bytes32
    lmm_stripe_count: u16
    lmm_stripe_offset: Annotated[u16, Shown.ID]
    lmm_layout_gen: u16 = over("lmm_stripe_offset").since("2.4")
    lmm_objects: Annotated[list[LovUserOstDataV1], Flex(LovUserOstDataV1, count="lmm_stripe_count"), AS_SENT]


@history(
    size=48, byteorder="little",
    text=(_ASKED, " pattern {lmm_pattern}", " pool {lmm_pool_name}"),
)  # fmt: skip
class LovUserMdV3(Wire):
    """Layout a user asks for or sees, with a pool (lustre_user.h)."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_USER_MAGIC_V3)]
    lmm_pattern: in32[LovPattern]
    lmm_object_id: u64  = until("2.4")
    lmm_object_seq: u64 = was("lmm_object_gr").since("2.0").until("2.4")
    lmm_oi: LmmOstId    = since("2.4", same_as=("lmm_object_id", "lmm_object_seq"))
    lmm_stripe_size: bytes32
    lmm_stripe_count: u16
    lmm_stripe_offset: Annotated[u16, Shown.ID]
    lmm_layout_gen: u16 = over("lmm_stripe_offset").since("2.4")
    lmm_pool_name: Annotated[bytes, Chars(16)]
    lmm_objects: Annotated[list[LovUserOstDataV1], Flex(LovUserOstDataV1, count="lmm_stripe_count"), AS_SENT]


@history(size={"1.8": 56, "2.0": None}, byteorder="little", swab=False)
class LovMdsMdJoin(Wire):
    """File layout of a joined file; the extents are in a log of their own."""

    lmmj_md: LovMdsMdV1
    lmmj_array_id: LlogLogid
    lmmj_extent_count: u32


@history(size={"1.8": 48, "2.0": None}, byteorder="little", swab=False)
class MdsExtentDesc(Wire):
    """One extent of a joined file."""

    med_start: u64
    med_len: u64
    med_lmm: LovMdsMdV1


@history(size={"1.8": 40, "2.0": None}, byteorder="little", swab=False)
class LovUserOstDataJoin(Wire):
    """One stripe of a joined file's layout."""

    l_extent_start: u64
    l_extent_end: u64
    l_object_id: u64
    l_object_gr: u64
    l_ost_gen: u32
    l_ost_idx: u32


@history(size={"1.8": 72, "2.0": None}, byteorder="little")
class LovUserMdJoin(Wire):
    """Layout of a joined file."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_USER_MAGIC_JOIN)]
    lmm_pattern: in32[LovPattern]
    lmm_object_id: u64
    lmm_object_gr: u64
    lmm_stripe_size: bytes32
    lmm_stripe_count: u32
    lmm_extent_count: u32
    lmm_tree_id: pad64
    lmm_tree_gen: pad64
    lmm_array_id: as_sent[LlogLogid]
    lmm_objects: Annotated[list[LovUserOstDataJoin], Flex(LovUserOstDataJoin, count="lmm_stripe_count"), AS_SENT]


@history(size=88)
class LovDesc(Wire):
    """Default striping and targets of a file system, as its configuration log holds them.

    There, `ld_active_tgt_count` is LOV_DESC_MAGIC.
    """

    ld_tgt_count: u32
    ld_active_tgt_count: Annotated[u32, Magic(LOV_DESC_MAGIC)]
    ld_default_stripe_count: u32
    ld_pattern: hex32
    ld_default_stripe_size: bytes64
    ld_default_stripe_offset: u64
    ld_padding_0: pad32
    ld_qos_maxage: u32
    ld_padding_1: pad32
    ld_padding_2: pad32
    ld_uuid: ObdUuid


@history(size={"2.0": 88})
class LmvDesc(Wire):
    """Metadata targets of a file system."""

    ld_tgt_count: u32
    ld_active_tgt_count: u32
    ld_default_stripe_count: u32
    ld_pattern: hex32
    ld_default_hash_size: u64
    ld_padding_1: pad64
    ld_padding_2: pad32
    ld_qos_maxage: u32
    ld_padding_3: pad32
    ld_padding_4: pad32
    ld_uuid: ObdUuid


@history(size={"2.0": 32})
class LmvStripeMd(Wire):
    """Layout of a split directory (MEA)."""

    mea_magic: Annotated[u32, Shown.HEX, Magic(MEA_MAGIC_LAST_CHAR, MEA_MAGIC_ALL_CHARS, MEA_MAGIC_HASH_SEGMENT)]
    mea_count: u32
    mea_master: u32
    mea_padding: pad32
    mea_pool_name: Annotated[bytes, Chars(16)]
    mea_ids: Annotated[list[LuFid], Flex(LuFid, count="mea_count"), AS_SENT]


@history(
    size={"2.10": 28},
    text=(
        "", "component {ol_comp_id}", " [{ol_comp_start}-{ol_comp_end})",
        " stripe {ol_stripe_count} x {ol_stripe_size}",
    ),
)  # fmt: skip
class OstLayout(Wire):
    """The component of a layout that an object belongs to; offsets and sizes in bytes."""

    ol_stripe_size: bytes32
    ol_stripe_count: u32
    ol_comp_start: u64
    ol_comp_end: Annotated[u64, Shown.END]
    ol_comp_id: u32


@history(size={"2.10": 16}, byteorder="little", text="[{e_start}-{e_end})")
class LuExtent(Wire):
    """A range of a file: first byte, and the one behind the last (lustre_user.h)."""

    e_start: u64
    e_end: Annotated[u64, Shown.END]


@history(size={"2.4": 24}, text=("{lai_opc}", " {lai_extent}", " {lai_flags}"))
class LayoutIntent(Wire):
    """What is to be done with a layout."""

    lai_opc: in32[LayoutIntentOpc] = was("li_opc").since("2.16")
    lai_flags: in32[LayoutIntentFlags] = was("li_flags").since("2.16")
    li_start: u64 = until("2.11")
    lai_extent: LuExtent = was("li_extent", "2.11").since("2.16", same_as=("li_start", "li_end"))
    li_end: u64 = until("2.11")


@history(size={"2.10": 48}, byteorder="little")
class LovCompMdEntryV1(Wire):
    """One component of a composite layout (lustre_user.h).

    `lcme_compr_bits` is two bit fields of 4: lcme_compr_lvl below, lcme_compr_chunk_log_bits above.
    """

    lcme_id: u32
    lcme_flags: in32[LcmeFlags]
    lcme_extent: LuExtent
    lcme_offset: u32
    lcme_size: u32
    lcme_layout_gen: u32 = since("2.12")
    lcme_padding: Annotated[bytes, Raw(16)] = until("2.12")
    lcme_timestamp: u64 = since("2.12")
    lcme_dstripe_count: u8 = since("2.16")
    lcme_padding_1: pad32 = since("2.12").until("2.16")
    lcme_cstripe_count: u8 = since("2.16")
    lcme_compr_type: u8 = since("2.16")
    lcme_compr_bits: u8 = since("2.16")


@history(size={"2.10": 32}, byteorder="little")
class LovCompMdV1(Wire):
    """A composite layout: entries and, behind them, the components (lustre_user.h)."""

    lcm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_COMP_V1)]
    lcm_size: u32
    lcm_layout_gen: u32
    lcm_flags: in16[LcmFlags]
    lcm_entry_count: u16
    lcm_mirror_count: u16 = since("2.11")
    lcm_padding1: pad64 = until("2.11")
    lcm_ec_count: u8 = since("2.16")
    lcm_padding1_: Annotated[bytes, Raw(6)] = called("lcm_padding1").since("2.11").until("2.16")
    lcm_padding3: Annotated[bytes, Raw(1)] = since("2.16")
    lcm_padding1__: Annotated[list[int], Array(U16.as_sent(), 2)] = called("lcm_padding1").since("2.16")
    lcm_padding2: pad64
    lcm_entries: Annotated[
        list[LovCompMdEntryV1], Flex(LovCompMdEntryV1, count="lcm_entry_count"), AS_SENT,
        Pieces("lcme_offset", "lcme_size"),
    ]  # fmt: skip


@history(size={"2.13": 16}, byteorder="little", text="foreign layout {lfm_type} of {lfm_length} bytes")
class LovForeignMd(Wire):
    """A layout that others interpret (lustre_user.h)."""

    lfm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_FOREIGN)]
    lfm_length: u32
    lfm_type: in32[LustreForeignTypes]
    lfm_flags: u32
    lfm_value: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.16": 56}, byteorder="little", swab=False)
class LovHsmBase(Wire):
    """Where the archive has a file (lustre_user.h)."""

    lhb_archive_id: u64
    lhb_archive_ver: u64
    lhb_uuid: Annotated[bytes, Chars(40)]


@history(size={"2.16": 72}, byteorder="little")
class LovHsmMd(Wire):
    """A component that is in an archive (lustre_user.h)."""

    lhm_magic: u32
    lhm_length: u32
    lhm_type: u32
    lhm_flags: u32
    lhm_hsm: LovHsmBase


@history(
    size={"2.6": 56}, byteorder="little",
    text=("{lmv_stripe_count:count stripe}, master MDT {lmv_master_mdt_index}", " {lmv_stripe_fids}"),
)  # fmt: skip
class LmvMdsMdV1(Wire):
    """Layout of a striped directory; of one of its stripes without FIDs."""

    lmv_magic: Annotated[u32, Shown.HEX, Magic(LMV_MAGIC_V1, LMV_MAGIC_STRIPE)]
    lmv_stripe_count: u32
    lmv_master_mdt_index: u32
    lmv_hash_type: in32[LmvHashFlags]
    lmv_layout_version: u32
    lmv_migrate_offset: Annotated[int, U32, AS_SENT] = padding("lmv_padding1").since("2.12")
    lmv_migrate_hash: Annotated[int, U32, AS_SENT] = since("2.12")
    lmv_padding2: pad64 = until("2.12")
    lmv_padding2_: pad32 = called("lmv_padding2").since("2.12")
    lmv_padding3: pad64
    lmv_pool_name: Annotated[bytes, Chars(16)]
    lmv_stripe_fids: Annotated[list[LuFid], Flex(LuFid, count="lmv_stripe_count")]


@history(size={"2.4": 32}, swab=False)
class LustreSwapLayouts(Wire):
    """Two files whose layouts a user wants swapped (lustre_user.h)."""

    sl_flags: u64
    sl_fd: u32
    sl_gid: u32
    sl_dv1: u64
    sl_dv2: u64


@history(size={"2.4": 8}, text="{msl_flags}")
class MdcSwapLayouts(Wire):
    """Flags of a swap of layouts."""

    msl_flags: in64[SwapLayouts]


@history(size={"2.4": 24})
class LmvUserMdsData(Wire):
    """One stripe of a directory's layout a user asks for or sees (lustre_user.h)."""

    lum_fid: as_sent[LuFid]
    lum_padding: pad32
    lum_mds: u32


@history(size={"2.13": 16}, byteorder="little", swab=False)
class LmvForeignMd(Wire):
    """A directory's layout that others interpret (lustre_user.h)."""

    lfm_magic: hex32
    lfm_length: u32
    lfm_type: in32[LustreForeignTypes]
    lfm_flags: u32
    lfm_value: Annotated[bytes, Flex(Chars(1))]


@history(
    size={"2.4": 48}, byteorder="little",
    text=("{lum_stripe_count:count stripe}, first MDT {lum_stripe_offset}", " pool {lum_pool_name}"),
)  # fmt: skip
class LmvUserMdV1(Wire):
    """Layout of directories that a user asks for, and that subdirectories are made with (lustre_user.h)."""

    lum_magic: Annotated[u32, Shown.HEX, Magic(LMV_USER_MAGIC)]
    lum_stripe_count: u32
    lum_stripe_offset: Annotated[u32, Shown.ANY]
    lum_hash_type: in32[LmvHashFlags]
    lum_type: u32
    lum_padding1_: pad32 = called("lum_padding1").until("2.15")
    lum_max_inherit: u8 = since("2.15")
    lum_max_inherit_rr: u8 = since("2.15")
    lum_padding1: pad16 = since("2.15")
    lum_padding2: pad32
    lum_padding3: pad32
    lum_pool_name: Annotated[bytes, Chars(16)]
    lum_objects: Annotated[list[LmvUserMdsData], Flex(LmvUserMdsData, count="lum_stripe_count")]


@same_bytes(
    LmvUserMdV1, c_name="lmv_user_md_v1",
    text=("by default {lum_stripe_count:count stripe}, first MDT {lum_stripe_offset}", " pool {lum_pool_name}"),
)  # fmt: skip
class LmvDefault(LmvUserMdV1):
    """What subdirectories of a directory are made with."""
