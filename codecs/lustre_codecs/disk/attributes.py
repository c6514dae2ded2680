"""Extended attributes of objects on MDTs and OSTs, of all releases; little-endian.

Source: lustre_user.h, lustre_idl.h of 1.8.9-wc1, 2.0.0, 2.4.0, 2.10.8 and 2.17.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from lustre_codecs.common.structs import LuFid
from lustre_wire.schema import (
    U16,
    U32,
    Array,
    Chars,
    Flex,
    Magic,
    Raw,
    Shown,
    WireFlag,
    u8,
    u16,
    u32,
    u64,
    wire_struct,
)
from lustre_wire.schema.files import Attribute

LOV_MAGIC_V1: Final = 0x0BD10BD0
LOV_MAGIC_JOIN_V1: Final = 0x0BD20BD0
LOV_MAGIC_V3: Final = 0x0BD30BD0
LOV_MAGIC_COMP_V1: Final = 0x0BD60BD0
LOV_MAGIC_FOREIGN: Final = 0x0BD70BD0
LOV_MAGIC_SEL: Final = 0x0BD80BD0
LMV_MAGIC_V1: Final = 0x0CD20CD0
LMV_USER_MAGIC: Final = 0x0CD30CD0
LMV_MAGIC_STRIPE: Final = 0x0CD40CD0


class LmacFlags(WireFlag):
    """lma_compat."""

    LMAC_HSM = 0x1
    LMAC_SOM = 0x2
    LMAC_NOT_IN_OI = 0x4
    LMAC_FID_ON_OST = 0x8
    LMAC_STRIPE_INFO = 0x10
    LMAC_COMP_INFO = 0x20
    LMAC_IDX_BACKUP = 0x40


class LmaiFlags(WireFlag):
    """lma_incompat: a release that does not know a bit leaves the object alone."""

    LMAI_RELEASED = 0x1
    LMAI_AGENT = 0x2
    LMAI_REMOTE_PARENT = 0x4
    LMAI_STRIPED = 0x8
    LMAI_ORPHAN = 0x10
    LMAI_ENCRYPT = 0x20


class LcmeFlags(WireFlag):
    """lcme_flags."""

    LCME_FL_STALE = 0x1
    LCME_FL_PREF_RD = 0x2
    LCME_FL_PREF_WR = 0x4
    LCME_FL_OFFLINE = 0x8
    LCME_FL_INIT = 0x10
    LCME_FL_NOSYNC = 0x20
    LCME_FL_EXTENSION = 0x40
    LCME_FL_PARITY = 0x80
    LCME_FL_COMPRESS = 0x100
    LCME_FL_PARTIAL = 0x200
    LCME_FL_NOCOMPR = 0x400


@wire_struct(size=24, c_name="lustre_mdt_attrs", byteorder="little", swab=False)
class LustreMdtAttrs:
    """trusted.lma of 2.4 and later: the object's own FID."""

    lma_compat: Annotated[LmacFlags, U32] = LmacFlags(0)
    lma_incompat: Annotated[LmaiFlags, U32] = LmaiFlags(0)
    lma_self_fid: LuFid = LuFid()


@wire_struct(size=64, c_name="lustre_mdt_attrs:old", byteorder="little", swab=False)
class LustreMdtAttrsOld:
    """trusted.lma of 2.0 to 2.3, with what Size-on-MDS kept."""

    lma_compat: Annotated[LmacFlags, U32] = LmacFlags(0)
    lma_incompat: Annotated[LmaiFlags, U32] = LmaiFlags(0)
    lma_self_fid: LuFid = LuFid()
    lma_flags: Annotated[u64, Shown.HEX] = 0
    lma_ioepoch: u64 = 0
    lma_som_size: u64 = 0
    lma_som_blocks: u64 = 0
    lma_som_mountid: u64 = 0


@wire_struct(size=64, c_name="lustre_ost_attrs", byteorder="little", swab=False)
class LustreOstAttrs:
    """trusted.lma of an OST object of 2.11 and later: its own FID, and what trusted.fid says elsewhere."""

    lma_compat: Annotated[LmacFlags, U32] = LmacFlags(0)
    lma_incompat: Annotated[LmaiFlags, U32] = LmaiFlags(0)
    lma_self_fid: LuFid = LuFid()
    loa_parent_fid: LuFid = LuFid()
    loa_stripe_size: u32 = 0
    loa_comp_id: u32 = 0
    loa_comp_start: u64 = 0
    loa_comp_end: Annotated[u64, Shown.END] = 0


@wire_struct(size=24, c_name="lov_ost_data_v1", byteorder="little", text="object {l_object_id} on OST {l_ost_idx}")
class LovOstData:
    """One stripe: the object, and the OST that has it."""

    l_object_id: u64 = 0
    l_object_seq: u64 = 0
    l_ost_gen: u32 = 0
    l_ost_idx: u32 = 0


@wire_struct(size=32, c_name="lov_mds_md_v1", byteorder="little", swab=False)
class LovMdsMdV1:
    """trusted.lov of a file; of a directory (without objects) the default for files in it. Count and generation have 16
    bits; the generation was 0, and of a default the OST to begin with, before 2.4."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_V1)] = LOV_MAGIC_V1
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_seq: u64 = 0
    lmm_stripe_size: u32 = 0
    lmm_stripe_count: u16 = 0
    lmm_layout_gen: u16 = 0
    lmm_objects: Annotated[list[LovOstData], Flex(LovOstData)] = []


@wire_struct(size=48, c_name="lov_mds_md_v3", byteorder="little", swab=False)
class LovMdsMdV3:
    """The same with the name of a pool."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_V3)] = LOV_MAGIC_V3
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_seq: u64 = 0
    lmm_stripe_size: u32 = 0
    lmm_stripe_count: u16 = 0
    lmm_layout_gen: u16 = 0
    lmm_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    lmm_objects: Annotated[list[LovOstData], Flex(LovOstData)] = []


@wire_struct(size=48, byteorder="little", swab=False)
class LovCompMdEntryV1:
    """One component of a composite layout: which part of the file, and where its own layout stands."""

    lcme_id: Annotated[u32, Shown.HEX] = 0
    lcme_flags: Annotated[LcmeFlags, U32] = LcmeFlags(0)
    lcme_extent_start: u64 = 0
    lcme_extent_end: Annotated[u64, Shown.END] = 0
    lcme_offset: u32 = 0
    lcme_size: u32 = 0
    lcme_layout_gen: u32 = 0
    lcme_timestamp: u64 = 0
    lcme_padding: u32 = 0


@wire_struct(size=32, byteorder="little", swab=False)
class LovCompMdV1:
    """trusted.lov of a file with several components (2.10 and later): progressive layouts, mirrors, data on the MDT."""

    lcm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_COMP_V1)] = LOV_MAGIC_COMP_V1
    lcm_size: u32 = 0
    lcm_layout_gen: u32 = 0
    lcm_flags: u16 = 0
    lcm_entry_count: u16 = 0
    lcm_mirror_count: u16 = 0
    lcm_ec_count: u8 = 0
    lcm_padding3: u8 = 0
    lcm_padding1: Annotated[list[int], Array(U16, 2)] = [0] * 2
    lcm_padding2: u64 = 0
    lcm_entries: Annotated[list[LovCompMdEntryV1], Flex(LovCompMdEntryV1, count="lcm_entry_count")] = []


@wire_struct(size=16, byteorder="little", swab=False)
class LovForeignMd:
    """trusted.lov of a file whose data are not Lustre's (2.13 and later)."""

    lfm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_FOREIGN)] = LOV_MAGIC_FOREIGN
    lfm_length: u32 = 0
    lfm_type: u32 = 0
    lfm_flags: Annotated[u32, Shown.HEX] = 0
    lfm_value: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=32, c_name="lov_mds_md_join", byteorder="little", swab=False)
class LovMdsMdJoin:
    """trusted.lov of a joined file of 1.8: its parts stand in a log."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_JOIN_V1)] = LOV_MAGIC_JOIN_V1
    lmm_pattern: u32 = 0
    lmm_object_id: u64 = 0
    lmm_object_gr: u64 = 0
    lmm_stripe_size: u32 = 0
    lmm_stripe_count: u32 = 0
    lmmj_rest: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=56, byteorder="little", swab=False)
class LmvMdsMdV1:
    """trusted.lmv of a striped directory (2.6 and later), or of one of its stripes."""

    lmv_magic: Annotated[u32, Shown.HEX, Magic(LMV_MAGIC_V1, LMV_MAGIC_STRIPE)] = LMV_MAGIC_V1
    lmv_stripe_count: u32 = 0
    lmv_master_mdt_index: u32 = 0
    lmv_hash_type: Annotated[u32, Shown.HEX] = 0
    lmv_layout_version: u32 = 0
    lmv_migrate_offset: u32 = 0
    lmv_migrate_hash: u32 = 0
    lmv_padding2: u32 = 0
    lmv_padding3: u64 = 0
    lmv_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    lmv_stripe_fids: Annotated[list[LuFid], Flex(LuFid)] = []


@wire_struct(size=48, byteorder="little", swab=False)
class LmvUserMdV1:
    """trusted.dmv: how directories in this one are striped by default."""

    lum_magic: Annotated[u32, Shown.HEX, Magic(LMV_USER_MAGIC)] = LMV_USER_MAGIC
    lum_stripe_count: u32 = 0
    lum_stripe_offset: u32 = 0
    lum_hash_type: Annotated[u32, Shown.HEX] = 0
    lum_type: u32 = 0
    lum_max_inherit: u8 = 0
    lum_max_inherit_rr: u8 = 0
    lum_padding1: u16 = 0
    lum_padding2: u32 = 0
    lum_padding3: u32 = 0
    lum_pool_name: Annotated[bytes, Chars(16)] = bytes(16)


@wire_struct(size=16, c_name="filter_fid:small", byteorder="little", swab=False)
class FilterFidSmall:
    """trusted.fid of an OST object of 2.4 to 2.10: the file, its version the stripe's number."""

    ff_parent: LuFid = LuFid()


@wire_struct(size=32, c_name="filter_fid:old", byteorder="little", swab=False)
class FilterFidOld:
    """trusted.fid of an OST object of 1.8 to 2.3: the file (its inode and generation in 1.8), its own id and group."""

    ff_parent: LuFid = LuFid()
    ff_objid: u64 = 0
    ff_seq: u64 = 0


@wire_struct(size=44, c_name="filter_fid", byteorder="little", swab=False)
class FilterFid:
    """trusted.fid of an OST object of 2.10: with the component that it belongs to; 8 bytes more from 2.11 on."""

    ff_parent: LuFid = LuFid()
    ol_stripe_size: u32 = 0
    ol_stripe_count: u32 = 0
    ol_comp_start: u64 = 0
    ol_comp_end: Annotated[u64, Shown.END] = 0
    ol_comp_id: u32 = 0


@wire_struct(size=52, c_name="filter_fid:mirrored", byteorder="little", swab=False)
class FilterFidMirrored:
    """trusted.fid of an OST object of 2.11 and later."""

    ff_parent: LuFid = LuFid()
    ol_stripe_size: u32 = 0
    ol_stripe_count: u32 = 0
    ol_comp_start: u64 = 0
    ol_comp_end: Annotated[u64, Shown.END] = 0
    ol_comp_id: u32 = 0
    ff_layout_version: u32 = 0
    ff_range: u32 = 0


@wire_struct(size=24, byteorder="little", swab=False)
class HsmAttrs:
    """trusted.hsm: what hierarchical storage knows of a file."""

    hsm_compat: u32 = 0
    hsm_flags: Annotated[u32, Shown.HEX] = 0
    hsm_arch_id: u64 = 0
    hsm_arch_ver: u64 = 0


@wire_struct(size=8, byteorder="little", swab=False)
class Version:
    """trusted.version: the object's last transaction."""

    version: Annotated[u64, Shown.HEX] = 0


@wire_struct(size=24, byteorder="little", swab=False)
class LustreSomAttrs:
    """trusted.som: the size that the MDT believes a file to have."""

    lsa_valid: u16 = 0
    lsa_reserved: Annotated[list[int], Array(U16, 3)] = [0] * 3
    lsa_size: u64 = 0
    lsa_blocks: u64 = 0


_LOV: Final[Mapping[int, type]] = {
    LOV_MAGIC_V1: LovMdsMdV1, LOV_MAGIC_V3: LovMdsMdV3, LOV_MAGIC_COMP_V1: LovCompMdV1, LOV_MAGIC_SEL: LovCompMdV1,
    LOV_MAGIC_FOREIGN: LovForeignMd, LOV_MAGIC_JOIN_V1: LovMdsMdJoin,
}  # fmt: skip
_LMV: Final[Mapping[int, type]] = {
    LMV_MAGIC_V1: LmvMdsMdV1, LMV_MAGIC_STRIPE: LmvMdsMdV1, LMV_USER_MAGIC: LmvUserMdV1,
}  # fmt: skip

#: What the attributes of objects hold; trusted.link and the ACLs have readers of their own.
ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    Attribute("trusted.lov", by_magic=_LOV),
    Attribute("trusted.lmv", by_magic=_LMV),
    Attribute("trusted.dmv", by_magic=_LMV),
    Attribute(
        "trusted.lma", structs=(LustreMdtAttrs, LustreOstAttrs, LustreMdtAttrsOld),
        by_bits={LustreOstAttrs: ("lma_compat", LmacFlags.LMAC_STRIPE_INFO)},
    ),
    Attribute("trusted.fid", structs=(FilterFidSmall, FilterFidOld, FilterFid, FilterFidMirrored)),
    Attribute("trusted.hsm", structs=(HsmAttrs,)),
    Attribute("trusted.som", structs=(LustreSomAttrs,)),
    Attribute("trusted.version", structs=(Version,)),
)  # fmt: skip
