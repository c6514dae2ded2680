"""Wire structs particular to 2.0.

Source: lustre_idl.h of 2.0.0, or the header a class names.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from lustre_codecs.common.structs import (
    LlFid,
    LlogGen,
    LlogRecHdr,
    LlogRecTail,
    LlUserFiemap,
    LuFid,
    LustreHandle,
    ObdUuid,
)
from lustre_codecs.v2_0.constants import (
    LINK_EA_MAGIC,
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
    LOV_USER_MAGIC_V1,
    LOV_USER_MAGIC_V3,
    MEA_MAGIC_ALL_CHARS,
    MEA_MAGIC_HASH_SEGMENT,
    MEA_MAGIC_LAST_CHAR,
    CapaOpc,
    ChangelogRecType,
    LlogFlags,
    LquotaFlags,
    LuDirpageFlags,
    MdsAttr,
    MdsInodeFl,
    MdsInodelock,
    MdsOpen,
    MdsReint,
    ObdCksum,
    ObdConnect,
    ObdFl,
    ObdMd,
)
from lustre_wire.frames.lustre_msg import LustreMsgV2 as LustreMsgV2
from lustre_wire.schema import (
    AS_SENT,
    U16,
    U32,
    U64,
    Chars,
    Flex,
    Given,
    Hole,
    Magic,
    Overlay,
    Raw,
    Shown,
    WireUnion,
    u8,
    u16,
    u32,
    u64,
    wire_struct,
    wire_union,
)


@wire_struct(size=24, byteorder="little", text="object {l_object_id}:{l_object_seq} on OST {l_ost_idx}")
class LovUserOstDataV1:
    """One stripe of a layout a user asks for or sees (lustre_user.h)."""

    l_object_id: u64 = 0
    l_object_seq: u64 = 0
    l_ost_gen: u32 = 0
    l_ost_idx: u32 = 0


@wire_struct(
    size=32, byteorder="little",
    text=("stripe_count {lmm_stripe_count} size {lmm_stripe_size}", " pattern {lmm_pattern}"),
)
class LovUserMdV1:
    """Layout a user asks for or sees (lustre_user.h)."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_USER_MAGIC_V1)] = 0
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_seq: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u16 = 0
    lmm_stripe_offset: u16 = 0
    lmm_objects: Annotated[list[LovUserOstDataV1], Flex(LovUserOstDataV1, count="lmm_stripe_count"), AS_SENT] = []


@wire_struct(
    size=48, byteorder="little",
    text=("stripe_count {lmm_stripe_count} size {lmm_stripe_size}", " pattern {lmm_pattern}", " pool {lmm_pool_name}"),
)
class LovUserMdV3:
    """Layout a user asks for or sees, with a pool (lustre_user.h)."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_USER_MAGIC_V3)] = 0
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_seq: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u16 = 0
    lmm_stripe_offset: u16 = 0
    lmm_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    lmm_objects: Annotated[list[LovUserOstDataV1], Flex(LovUserOstDataV1, count="lmm_stripe_count"), AS_SENT] = []


@wire_struct(size=64, swab=False, text="{cr_index} {cr_type} {cr_tfid} in {cr_pfid} {cr_name}")
class ChangelogRec:
    """One change of the namespace; the name follows (lustre_user.h)."""

    cr_namelen: u16 = 0
    cr_flags: u16 = 0
    cr_type: Annotated[ChangelogRecType, U32] = ChangelogRecType(0)
    cr_index: u64 = 0
    cr_prev: u64 = 0
    cr_time: u64 = 0
    cr_tfid: LuFid = LuFid()
    cr_markerflags: ClassVar[Overlay] = Overlay(U32, over="cr_tfid")
    cr_pfid: LuFid = LuFid()
    cr_name: Annotated[bytes, Flex(Chars(1), count="cr_namelen")] = b""


@wire_struct(size=24, text=("[{lsr_start:#x}-{lsr_end:#x})", " MDT {lsr_mdt}"))
class LuSeqRange:
    """A range of FID sequences."""

    lsr_start: u64 = 0
    lsr_end: u64 = 0
    lsr_mdt: u32 = 0
    lsr_padding: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=16, swab=False, text="{oi_id}:{oi_seq}")
class OstId:
    """Object id and sequence."""

    oi_id: u64 = 0
    oi_seq: u64 = 0


@wire_struct(size=24, byteorder="little", swab=False)
class LuDirpage:
    """A page of directory entries ordered by hash."""

    ldp_hash_start: Annotated[u64, Shown.HEX] = 0
    ldp_hash_end: Annotated[u64, Shown.HEX] = 0
    ldp_flags: Annotated[LuDirpageFlags, U32] = LuDirpageFlags(0)
    ldp_pad0: u32 = 0
    ldp_entries: Annotated[bytes, Flex(Raw(1))] = b""


_FLAGS = "ocd_connect_flags"


@wire_struct(size=72, text=("connect", " {ocd_version}", " {ocd_connect_flags}"))
class ObdConnectData:
    """What the two sides of a connection offer and grant; which fields count is said by `ocd_connect_flags`."""

    ocd_connect_flags: Annotated[ObdConnect, U64] = ObdConnect(0)
    ocd_version: Annotated[u32, Shown.RELEASE, Given(_FLAGS, ObdConnect.OBD_CONNECT_VERSION)] = 0
    ocd_grant: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT)] = 0
    ocd_index: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_INDEX)] = 0
    ocd_brw_size: Annotated[u32, Shown.BYTES, Given(_FLAGS, ObdConnect.OBD_CONNECT_BRW_SIZE)] = 0
    ocd_ibits_known: Annotated[MdsInodelock, U64, Given(_FLAGS, ObdConnect.OBD_CONNECT_IBITS)] = MdsInodelock(0)
    ocd_nllu: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_RMT_CLIENT)] = 0
    ocd_nllg: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_RMT_CLIENT)] = 0
    ocd_transno: Annotated[u64, Given(_FLAGS, ObdConnect.OBD_CONNECT_TRANSNO)] = 0
    ocd_group: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_MDS)] = 0
    ocd_cksum_types: Annotated[ObdCksum, U32, Given(_FLAGS, ObdConnect.OBD_CONNECT_CKSUM)] = ObdCksum(0)
    padding1: Annotated[int, U64, AS_SENT] = 0
    padding2: Annotated[int, U64, AS_SENT] = 0


@wire_struct(size=24, byteorder="little", swab=False, text="object {l_object_id}:{l_object_seq} on OST {l_ost_idx}")
class LovOstDataV1:
    """One stripe of a file layout: the object and the OST it is on."""

    l_object_id: u64 = 0
    l_object_seq: u64 = 0
    l_ost_gen: u32 = 0
    l_ost_idx: u32 = 0


@wire_struct(
    size=32, byteorder="little",
    text=("stripe_count {lmm_stripe_count} size {lmm_stripe_size}", " pattern {lmm_pattern}"),
)
class LovMdsMdV1:
    """File layout (LOV EA); `lmm_stripe_size` in bytes."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_V1)] = 0
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_seq: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u32 = 0
    lmm_objects: Annotated[list[LovOstDataV1], Flex(LovOstDataV1, count="lmm_stripe_count"), AS_SENT] = []


@wire_struct(
    size=48, byteorder="little", swab=False,
    text=("stripe_count {lmm_stripe_count} size {lmm_stripe_size}", " pattern {lmm_pattern}", " pool {lmm_pool_name}"),
)
class LovMdsMdV3:
    """File layout (LOV EA) with a pool."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_V3)] = 0
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_seq: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u32 = 0
    lmm_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    lmm_objects: Annotated[list[LovOstDataV1], Flex(LovOstDataV1, count="lmm_stripe_count"), AS_SENT] = []


@wire_struct(size=24, text="object {ioo_id}:{ioo_seq} in {ioo_bufcnt} pieces")
class ObdIoobj:
    """Object of a bulk transfer and how many `NiobufRemote` belong to it."""

    ioo_id: u64 = 0
    ioo_seq: u64 = 0
    ioo_type: u32 = 0
    ioo_bufcnt: u32 = 0


@wire_struct(size=168, text=("{fid1}", " {fid2}", " {mode}", " size {size}", " handle {handle}"))
class MdsBody:
    """Attributes of a file as an MDS of 1.8 knows it."""

    fid1: LlFid = LlFid()
    fid2: LlFid = LlFid()
    handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    valid: Annotated[ObdMd, U64] = ObdMd(0)
    size: u64 = 0
    mtime: Annotated[u64, Shown.TIME] = 0
    atime: Annotated[u64, Shown.TIME] = 0
    ctime: Annotated[u64, Shown.TIME] = 0
    blocks: u64 = 0
    io_epoch: u64 = 0
    ino: u64 = 0
    fsuid: Annotated[u32, Shown.ID] = 0
    fsgid: Annotated[u32, Shown.ID] = 0
    capability: Annotated[u32, Shown.HEX] = 0
    mode: Annotated[u32, Shown.MODE] = 0
    uid: Annotated[u32, Shown.ID] = 0
    gid: Annotated[u32, Shown.ID] = 0
    flags: Annotated[MdsInodeFl, U32] = MdsInodeFl(0)
    rdev: Annotated[u32, Shown.DEVICE] = 0
    nlink: u32 = 0
    generation: u32 = 0
    suppgid: Annotated[u32, Shown.ID] = 0
    eadatasize: u32 = 0
    aclsize: u32 = 0
    max_mdsize: u32 = 0
    max_cookiesize: u32 = 0
    padding_4: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=216, text=("{fid1}", " {fid2}", " {mode}", " size {size}", " handle {handle}"))
class MdtBody:
    """Attributes of a file as a 2.0 metadata target knows it."""

    fid1: LuFid = LuFid()
    fid2: LuFid = LuFid()
    handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    valid: Annotated[ObdMd, U64] = ObdMd(0)
    size: u64 = 0
    mtime: Annotated[u64, Shown.TIME] = 0
    atime: Annotated[u64, Shown.TIME] = 0
    ctime: Annotated[u64, Shown.TIME] = 0
    blocks: u64 = 0
    ioepoch: u64 = 0
    ino: u64 = 0
    fsuid: Annotated[u32, Shown.ID] = 0
    fsgid: Annotated[u32, Shown.ID] = 0
    capability: Annotated[u32, Shown.HEX] = 0
    mode: Annotated[u32, Shown.MODE] = 0
    uid: Annotated[u32, Shown.ID] = 0
    gid: Annotated[u32, Shown.ID] = 0
    flags: Annotated[MdsInodeFl, U32] = MdsInodeFl(0)
    rdev: Annotated[u32, Shown.DEVICE] = 0
    nlink: u32 = 0
    generation: u32 = 0
    suppgid: Annotated[u32, Shown.ID] = 0
    eadatasize: u32 = 0
    aclsize: u32 = 0
    max_mdsize: u32 = 0
    max_cookiesize: u32 = 0
    uid_h: u32 = 0
    gid_h: u32 = 0
    padding_5: Annotated[int, U32, AS_SENT] = 0
    padding_6: Annotated[int, U64, AS_SENT] = 0
    padding_7: Annotated[int, U64, AS_SENT] = 0
    padding_8: Annotated[int, U64, AS_SENT] = 0
    padding_9: Annotated[int, U64, AS_SENT] = 0
    padding_10: Annotated[int, U64, AS_SENT] = 0


@wire_struct(size=24, text=("handle {handle}", " epoch {ioepoch}"))
class MdtIoepoch:
    """Open handle and I/O epoch."""

    handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    ioepoch: u64 = 0
    flags: u32 = 0
    padding: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=32)
class QuotaAdjustQunit:
    """Change of quota unit sizes, broadcast by the master."""

    qaq_flags: Annotated[LquotaFlags, U32] = LquotaFlags(0)
    qaq_id: Annotated[u32, Shown.ID] = 0
    qaq_bunit_sz: Annotated[u64, Shown.BYTES] = 0
    qaq_iunit_sz: u64 = 0
    padding1: u64 = 0


@wire_struct(size=20, text="uid {rp_uid} may {rp_access_perm:o}")
class MdsRemotePerm:
    """Permissions of a remote user (32-bit ids)."""

    rp_uid: Annotated[u32, Shown.ID] = 0
    rp_gid: Annotated[u32, Shown.ID] = 0
    rp_fsuid: Annotated[u32, Shown.ID] = 0
    rp_fsgid: Annotated[u32, Shown.ID] = 0
    rp_access_perm: u32 = 0


@wire_struct(size=28, text="uid {rp_uid} may {rp_access_perm:o}")
class MdtRemotePerm:
    """Permissions of a remote user."""

    rp_uid: Annotated[u32, Shown.ID] = 0
    rp_gid: Annotated[u32, Shown.ID] = 0
    rp_fsuid: Annotated[u32, Shown.ID] = 0
    rp_fsuid_h: u32 = 0
    rp_fsgid: Annotated[u32, Shown.ID] = 0
    rp_fsgid_h: u32 = 0
    rp_access_perm: u32 = 0


#: The bits with which a setattr record sets a time: to now, or to the record's.
_SETS_ATIME = MdsAttr.MDS_ATTR_ATIME | MdsAttr.MDS_ATTR_ATIME_SET
_SETS_MTIME = MdsAttr.MDS_ATTR_MTIME | MdsAttr.MDS_ATTR_MTIME_SET
_SETS_CTIME = MdsAttr.MDS_ATTR_CTIME | MdsAttr.MDS_ATTR_CTIME_SET
_SETATTR = ("{sa_fid} set {sa_valid}", " {sa_mode}", " uid {sa_uid}", " gid {sa_gid}", " size {sa_size}")


@wire_struct(size=136, text=_SETATTR)
class MdtRecSetattr:
    """Set attributes, 2.0."""

    sa_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    sa_cap: Annotated[u32, Shown.HEX] = 0
    sa_fsuid: Annotated[u32, Shown.ID] = 0
    sa_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    sa_fsgid: Annotated[u32, Shown.ID] = 0
    sa_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    sa_suppgid: Annotated[u32, Shown.ID] = 0
    sa_suppgid_h: Annotated[int, U32, AS_SENT] = 0
    sa_padding_1: u32 = 0
    sa_padding_1_h: Annotated[int, U32, AS_SENT] = 0
    sa_fid: LuFid = LuFid()
    sa_valid: Annotated[MdsAttr, U64] = MdsAttr(0)
    sa_uid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_UID)] = 0
    sa_gid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_GID)] = 0
    sa_size: Annotated[u64, Given("sa_valid", MdsAttr.MDS_ATTR_SIZE)] = 0
    sa_blocks: Annotated[u64, Given("sa_valid", MdsAttr.MDS_ATTR_BLOCKS)] = 0
    sa_mtime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_MTIME)] = 0
    sa_atime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_ATIME)] = 0
    sa_ctime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_CTIME)] = 0
    sa_attr_flags: Annotated[MdsInodeFl, U32, Given("sa_valid", MdsAttr.MDS_ATTR_ATTR_FLAG)] = MdsInodeFl(0)
    sa_mode: Annotated[u32, Shown.MODE, Given("sa_valid", MdsAttr.MDS_ATTR_MODE)] = 0
    sa_padding_2: u32 = 0
    sa_padding_3: Annotated[int, U32, AS_SENT] = 0
    sa_padding_4: Annotated[int, U32, AS_SENT] = 0
    sa_padding_5: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, text=("in {cr_fid1}", " new {cr_fid2}", " {cr_mode}", " {cr_flags}"))
class MdtRecCreate:
    """Create or open, 2.0."""

    cr_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    cr_cap: Annotated[u32, Shown.HEX] = 0
    cr_fsuid: Annotated[u32, Shown.ID] = 0
    cr_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    cr_fsgid: Annotated[u32, Shown.ID] = 0
    cr_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    cr_suppgid1: Annotated[u32, Shown.ID] = 0
    cr_suppgid1_h: Annotated[int, U32, AS_SENT] = 0
    cr_suppgid2: Annotated[u32, Shown.ID] = 0
    cr_suppgid2_h: Annotated[int, U32, AS_SENT] = 0
    cr_fid1: LuFid = LuFid()
    cr_fid2: LuFid = LuFid()
    cr_old_handle: LustreHandle = LustreHandle()
    cr_time: Annotated[u64, Shown.TIME] = 0
    cr_rdev: Annotated[u64, Shown.DEVICE] = 0
    cr_ioepoch: u64 = 0
    cr_padding_1: u64 = 0
    cr_mode: Annotated[u32, Shown.MODE] = 0
    cr_bias: u32 = 0
    cr_flags: Annotated[MdsOpen, U32, Shown.OCTAL] = MdsOpen(0)
    cr_padding_2: Annotated[int, U32, AS_SENT] = 0
    cr_padding_3: Annotated[int, U32, AS_SENT] = 0
    cr_padding_4: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, text="{lk_fid1} in {lk_fid2}")
class MdtRecLink:
    """Hard link, 2.0."""

    lk_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    lk_cap: Annotated[u32, Shown.HEX] = 0
    lk_fsuid: Annotated[u32, Shown.ID] = 0
    lk_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    lk_fsgid: Annotated[u32, Shown.ID] = 0
    lk_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    lk_suppgid1: Annotated[u32, Shown.ID] = 0
    lk_suppgid1_h: Annotated[int, U32, AS_SENT] = 0
    lk_suppgid2: Annotated[u32, Shown.ID] = 0
    lk_suppgid2_h: Annotated[int, U32, AS_SENT] = 0
    lk_fid1: LuFid = LuFid()
    lk_fid2: LuFid = LuFid()
    lk_time: Annotated[u64, Shown.TIME] = 0
    lk_padding_1: u64 = 0
    lk_padding_2: u64 = 0
    lk_padding_3: u64 = 0
    lk_padding_4: u64 = 0
    lk_bias: u32 = 0
    lk_padding_5: u32 = 0
    lk_padding_6: u32 = 0
    lk_padding_7: Annotated[int, U32, AS_SENT] = 0
    lk_padding_8: Annotated[int, U32, AS_SENT] = 0
    lk_padding_9: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, text=("in {ul_fid1}", " {ul_fid2}", " {ul_mode}"))
class MdtRecUnlink:
    """Unlink, 2.0."""

    ul_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    ul_cap: Annotated[u32, Shown.HEX] = 0
    ul_fsuid: Annotated[u32, Shown.ID] = 0
    ul_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    ul_fsgid: Annotated[u32, Shown.ID] = 0
    ul_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    ul_suppgid1: Annotated[u32, Shown.ID] = 0
    ul_suppgid1_h: Annotated[int, U32, AS_SENT] = 0
    ul_suppgid2: Annotated[u32, Shown.ID] = 0
    ul_suppgid2_h: Annotated[int, U32, AS_SENT] = 0
    ul_fid1: LuFid = LuFid()
    ul_fid2: LuFid = LuFid()
    ul_time: Annotated[u64, Shown.TIME] = 0
    ul_padding_2: u64 = 0
    ul_padding_3: u64 = 0
    ul_padding_4: u64 = 0
    ul_padding_5: u64 = 0
    ul_bias: u32 = 0
    ul_mode: Annotated[u32, Shown.MODE] = 0
    ul_padding_6: u32 = 0
    ul_padding_7: Annotated[int, U32, AS_SENT] = 0
    ul_padding_8: Annotated[int, U32, AS_SENT] = 0
    ul_padding_9: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, text="from {rn_fid1} to {rn_fid2}")
class MdtRecRename:
    """Rename, 2.0."""

    rn_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    rn_cap: Annotated[u32, Shown.HEX] = 0
    rn_fsuid: Annotated[u32, Shown.ID] = 0
    rn_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    rn_fsgid: Annotated[u32, Shown.ID] = 0
    rn_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    rn_suppgid1: Annotated[u32, Shown.ID] = 0
    rn_suppgid1_h: Annotated[int, U32, AS_SENT] = 0
    rn_suppgid2: Annotated[u32, Shown.ID] = 0
    rn_suppgid2_h: Annotated[int, U32, AS_SENT] = 0
    rn_fid1: LuFid = LuFid()
    rn_fid2: LuFid = LuFid()
    rn_time: Annotated[u64, Shown.TIME] = 0
    rn_padding_1: u64 = 0
    rn_padding_2: u64 = 0
    rn_padding_3: u64 = 0
    rn_padding_4: u64 = 0
    rn_bias: u32 = 0
    rn_mode: Annotated[u32, Shown.MODE] = 0
    rn_padding_5: u32 = 0
    rn_padding_6: Annotated[int, U32, AS_SENT] = 0
    rn_padding_7: Annotated[int, U32, AS_SENT] = 0
    rn_padding_8: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, text="{sx_fid} {sx_valid}")
class MdtRecSetxattr:
    """Set an extended attribute, 2.0."""

    sx_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    sx_cap: Annotated[u32, Shown.HEX] = 0
    sx_fsuid: Annotated[u32, Shown.ID] = 0
    sx_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    sx_fsgid: Annotated[u32, Shown.ID] = 0
    sx_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    sx_suppgid1: Annotated[u32, Shown.ID] = 0
    sx_suppgid1_h: Annotated[int, U32, AS_SENT] = 0
    sx_suppgid2: Annotated[u32, Shown.ID] = 0
    sx_suppgid2_h: Annotated[int, U32, AS_SENT] = 0
    sx_fid: LuFid = LuFid()
    sx_padding_1: u64 = 0
    sx_padding_2: u32 = 0
    sx_padding_3: u32 = 0
    sx_valid: Annotated[ObdMd, U64] = ObdMd(0)
    sx_time: Annotated[u64, Shown.TIME] = 0
    sx_padding_5: u64 = 0
    sx_padding_6: u64 = 0
    sx_padding_7: u64 = 0
    sx_size: u32 = 0
    sx_flags: u32 = 0
    sx_padding_8: u32 = 0
    sx_padding_9: Annotated[int, U32, AS_SENT] = 0
    sx_padding_10: Annotated[int, U32, AS_SENT] = 0
    sx_padding_11: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136)
class MdtRecReint:
    """The part all 2.0 metadata records have in common."""

    rr_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    rr_cap: Annotated[u32, Shown.HEX] = 0
    rr_fsuid: Annotated[u32, Shown.ID] = 0
    rr_fsuid_h: Annotated[int, U32, AS_SENT] = 0
    rr_fsgid: Annotated[u32, Shown.ID] = 0
    rr_fsgid_h: Annotated[int, U32, AS_SENT] = 0
    rr_suppgid1: Annotated[u32, Shown.ID] = 0
    rr_suppgid1_h: Annotated[int, U32, AS_SENT] = 0
    rr_suppgid2: Annotated[u32, Shown.ID] = 0
    rr_suppgid2_h: Annotated[int, U32, AS_SENT] = 0
    rr_fid1: LuFid = LuFid()
    rr_fid2: LuFid = LuFid()
    rr_mtime: Annotated[u64, Shown.TIME] = 0
    rr_atime: Annotated[u64, Shown.TIME] = 0
    rr_ctime: Annotated[u64, Shown.TIME] = 0
    rr_size: u64 = 0
    rr_blocks: u64 = 0
    rr_bias: u32 = 0
    rr_mode: Annotated[u32, Shown.MODE] = 0
    rr_flags: u32 = 0
    rr_padding_2: Annotated[int, U32, AS_SENT] = 0
    rr_padding_3: Annotated[int, U32, AS_SENT] = 0
    rr_padding_4: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=88)
class LmvDesc:
    """Metadata targets of a file system."""

    ld_tgt_count: u32 = 0
    ld_active_tgt_count: u32 = 0
    ld_default_stripe_count: u32 = 0
    ld_pattern: Annotated[u32, Shown.HEX] = 0
    ld_default_hash_size: u64 = 0
    ld_padding_1: Annotated[int, U64, AS_SENT] = 0
    ld_padding_2: Annotated[int, U32, AS_SENT] = 0
    ld_qos_maxage: u32 = 0
    ld_padding_3: Annotated[int, U32, AS_SENT] = 0
    ld_padding_4: Annotated[int, U32, AS_SENT] = 0
    ld_uuid: ObdUuid = ObdUuid()


@wire_struct(size=32)
class LmvStripeMd:
    """Layout of a split directory (MEA)."""

    mea_magic: Annotated[u32, Shown.HEX, Magic(MEA_MAGIC_LAST_CHAR, MEA_MAGIC_ALL_CHARS, MEA_MAGIC_HASH_SEGMENT)] = 0
    mea_count: u32 = 0
    mea_master: u32 = 0
    mea_padding: Annotated[int, U32, AS_SENT] = 0
    mea_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    mea_ids: Annotated[list[LuFid], Flex(LuFid, count="mea_count"), AS_SENT] = []


@wire_struct(size=16, swab=False, text=("sequence {mf_seq:#x}", " on MDT {mf_mds}"))
class MdFld:
    """A sequence and the server that has it."""

    mf_seq: u64 = 0
    mf_mds: u32 = 0
    hole_0: Annotated[bytes, Hole(4)] = bytes(4)


@wire_struct(size=20, swab=False, text="#{lgl_oid:x}#{lgl_oseq:x}#{lgl_ogen:08x}")
class LlogLogid:
    """Identity of a log object."""

    lgl_oid: u64 = 0
    lgl_oseq: u64 = 0
    lgl_ogen: u32 = 0


@wire_struct(size=32, swab=False)
class LlogCatid:
    """Identity of a catalogue, as the CATALOGS file holds it."""

    lci_logid: LlogLogid = LlogLogid()
    lci_padding1: u32 = 0
    lci_padding2: u32 = 0
    lci_padding3: u32 = 0


@wire_struct(size=64)
class LlogLogidRec:
    """Catalogue entry: a log."""

    lid_hdr: LlogRecHdr = LlogRecHdr()
    lid_id: LlogLogid = LlogLogid()
    padding1: Annotated[int, U32, AS_SENT] = 0
    padding2: Annotated[int, U32, AS_SENT] = 0
    padding3: Annotated[int, U32, AS_SENT] = 0
    padding4: Annotated[int, U32, AS_SENT] = 0
    padding5: Annotated[int, U32, AS_SENT] = 0
    lid_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=56, swab=False)
class LlogCreateRec:
    """Log record: an object created."""

    lcr_hdr: LlogRecHdr = LlogRecHdr()
    lcr_fid: LlFid = LlFid()
    lcr_oid: u64 = 0
    lcr_oseq: u32 = 0
    padding: u32 = 0
    lcr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=40)
class LlogUnlinkRec:
    """Log record: objects to destroy."""

    lur_hdr: LlogRecHdr = LlogRecHdr()
    lur_oid: u64 = 0
    lur_oseq: u32 = 0
    lur_count: u32 = 0
    lur_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=48)
class LlogSetattrRec:
    """Log record: owner to set, 32-bit ids."""

    lsr_hdr: LlogRecHdr = LlogRecHdr()
    lsr_oid: u64 = 0
    lsr_oseq: u32 = 0
    lsr_uid: Annotated[u32, Shown.ID] = 0
    lsr_gid: Annotated[u32, Shown.ID] = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    lsr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=56)
class LlogSetattr64Rec:
    """Log record: owner to set, ids in two halves."""

    lsr_hdr: LlogRecHdr = LlogRecHdr()
    lsr_oid: u64 = 0
    lsr_oseq: u32 = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    lsr_uid: Annotated[u32, Shown.ID] = 0
    lsr_uid_h: Annotated[int, U32, AS_SENT] = 0
    lsr_gid: Annotated[u32, Shown.ID] = 0
    lsr_gid_h: Annotated[int, U32, AS_SENT] = 0
    lsr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=48)
class LlogSizeChangeRec:
    """Log record: a size to be refreshed."""

    lsc_hdr: LlogRecHdr = LlogRecHdr()
    lsc_fid: LlFid = LlFid()
    lsc_ioepoch: u32 = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    lsc_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=12, swab=False, text="up to {cs_recno} for reader {cs_id}")
class ChangelogSetinfo:
    """Purge a changelog up to a record, for one reader."""

    cs_recno: u64 = 0
    cs_id: u32 = 0


@wire_struct(size=88)
class LlogChangelogRec:
    """Log record: a change of the namespace."""

    cr_hdr: LlogRecHdr = LlogRecHdr()
    cr: ChangelogRec = ChangelogRec()
    cr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=40)
class LlogChangelogUserRec:
    """Log record: a reader of the changelog."""

    cur_hdr: LlogRecHdr = LlogRecHdr()
    cur_id: u32 = 0
    cur_padding: Annotated[int, U32, AS_SENT] = 0
    cur_endrec: u64 = 0
    cur_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=32, swab=False, text="{lgc_lgl} record {lgc_index}")
class LlogCookie:
    """Where a log record is: what the OST sends back once it has done its part."""

    lgc_lgl: LlogLogid = LlogLogid()
    lgc_subsys: u32 = 0
    lgc_index: u32 = 0
    lgc_padding: u32 = 0


@wire_struct(size=48, text=("{lgd_logid} index {lgd_index}", " length {lgd_len}", " offset {lgd_cur_offset}"))
class LlogdBody:
    """Body of the llog RPCs."""

    lgd_logid: LlogLogid = LlogLogid()
    lgd_ctxt_idx: u32 = 0
    lgd_llh_flags: Annotated[LlogFlags, U32] = LlogFlags(0)
    lgd_index: u32 = 0
    lgd_saved_index: u32 = 0
    lgd_len: u32 = 0
    lgd_cur_offset: u64 = 0


@wire_struct(size=40, text="{lgdc_logid} {lgdc_gen}")
class LlogdConnBody:
    """Body of a log connect."""

    lgdc_gen: LlogGen = LlogGen()
    lgdc_logid: LlogLogid = LlogLogid()
    lgdc_ctxt_idx: u32 = 0


@wire_struct(size=208, text=("object {o_oi}", " size {o_size}", " {o_valid}"))
class Obdo:
    """An object and its attributes, as OSTs know them."""

    o_valid: Annotated[ObdMd, U64] = ObdMd(0)
    o_oi: OstId = OstId()
    o_parent_seq: u64 = 0
    o_size: u64 = 0
    o_mtime: Annotated[u64, Shown.TIME] = 0
    o_atime: Annotated[u64, Shown.TIME] = 0
    o_ctime: Annotated[u64, Shown.TIME] = 0
    o_blocks: u64 = 0
    o_grant: u64 = 0
    o_blksize: u32 = 0
    o_mode: Annotated[u32, Shown.MODE] = 0
    o_uid: Annotated[u32, Shown.ID] = 0
    o_gid: Annotated[u32, Shown.ID] = 0
    o_flags: Annotated[ObdFl, U32] = ObdFl(0)
    o_nlink: u32 = 0
    o_parent_oid: u32 = 0
    o_misc: u32 = 0
    o_ioepoch: u64 = 0
    o_stripe_idx: u32 = 0
    o_parent_ver: u32 = 0
    o_handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    o_lcookie: Annotated[LlogCookie, AS_SENT] = LlogCookie()
    o_uid_h: u32 = 0
    o_gid_h: u32 = 0
    o_padding_3: Annotated[int, U64, AS_SENT] = 0
    o_padding_4: Annotated[int, U64, AS_SENT] = 0
    o_padding_5: Annotated[int, U64, AS_SENT] = 0
    o_padding_6: Annotated[int, U64, AS_SENT] = 0


@wire_struct(size=208, text="{oa}")
class OstBody:
    """Body of most OST RPCs."""

    oa: Obdo = Obdo()


@wire_struct(size=248, swab=False, text="{name} {oa} {fiemap}")
class LlFiemapInfoKey:
    """Key of a file map request sent as get_info."""

    name: Annotated[bytes, Chars(8)] = bytes(8)
    oa: Obdo = Obdo()
    fiemap: LlUserFiemap = LlUserFiemap()


@wire_struct(size=120, text="capability for {lc_fid}")
class LustreCapa:
    """Capability; `lc_hmac` covers what stands before it."""

    lc_fid: LuFid = LuFid()
    lc_opc: Annotated[CapaOpc, U64] = CapaOpc(0)
    lc_uid: u64 = 0
    lc_gid: u64 = 0
    lc_flags: u32 = 0
    lc_keyid: u32 = 0
    lc_timeout: u32 = 0
    lc_expiry: Annotated[u32, Shown.TIME] = 0
    lc_hmac: Annotated[bytes, Raw(64)] = bytes(64)


@wire_struct(size=72)
class LustreCapaKey:
    """Key that capabilities are signed with."""

    lk_seq: u64 = 0
    lk_keyid: u32 = 0
    lk_padding: Annotated[int, U32, AS_SENT] = 0
    lk_key: Annotated[bytes, Raw(56)] = bytes(56)


@wire_struct(size=24, swab=False)
class LinkEaHeader:
    """Head of the link EA: the names of a file, `leh_reccount` of them, `leh_len` bytes in all."""

    leh_magic: Annotated[u32, Shown.HEX, Magic(LINK_EA_MAGIC)] = 0
    leh_reccount: u32 = 0
    leh_len: u64 = 0
    padding1: u32 = 0
    padding2: u32 = 0


@wire_struct(size=18, byteorder="big")
class LinkEaEntry:
    """One name of a file: parent FID and name; integers big-endian."""

    lee_reclen: Annotated[bytes, Raw(2)] = bytes(2)
    lee_parent_fid: Annotated[bytes, Raw(16)] = bytes(16)
    lee_name: Annotated[bytes, Flex(Chars(1))] = b""


@wire_struct(size=32, text="{gf_fid} {gf_path}")
class GetinfoFid2path:
    """Path of a FID: question and answer."""

    gf_fid: LuFid = LuFid()
    gf_recno: u64 = 0
    gf_linkno: u32 = 0
    gf_pathlen: u32 = 0
    gf_path: Annotated[bytes, Flex(Chars(1))] = b""


@wire_union(size=0, c_name="sptlrpc_flavor::u_rpc")
class SptlrpcFlavorURpc(WireUnion):
    """Parameters of an RPC flavour (lustre_sec.h)."""



@wire_struct(size=1)
class BulkSpecHash:
    """Hash algorithm of protected bulk (lustre_sec.h)."""

    hash_alg: u8 = 0


@wire_union(size=1, c_name="sptlrpc_flavor::u_bulk")
class SptlrpcFlavorUBulk(WireUnion):
    """Parameters of a bulk flavour (lustre_sec.h)."""

    hash: BulkSpecHash


@wire_struct(size=12, swab=False)
class SptlrpcFlavor:
    """Security flavour (lustre_sec.h)."""

    sf_rpc: Annotated[u32, Shown.HEX] = 0
    sf_flags: u32 = 0
    u_rpc: SptlrpcFlavorURpc = SptlrpcFlavorURpc()
    u_bulk: SptlrpcFlavorUBulk = SptlrpcFlavorUBulk()
    hole_0: Annotated[bytes, Hole(3)] = bytes(3)


@wire_struct(size=20, swab=False)
class SptlrpcRule:
    """One rule that chooses a security flavour (lustre_sec.h)."""

    sr_netid: u32 = 0
    sr_from: u8 = 0
    sr_to: u8 = 0
    sr_padding: u16 = 0
    sr_flvr: SptlrpcFlavor = SptlrpcFlavor()


@wire_struct(size=24)
class PtlrpcUserDesc:
    """User on whose behalf a request is sent, for protected messages (lustre_sec.h)."""

    pud_uid: Annotated[u32, Shown.ID] = 0
    pud_gid: Annotated[u32, Shown.ID] = 0
    pud_fsuid: Annotated[u32, Shown.ID] = 0
    pud_fsgid: Annotated[u32, Shown.ID] = 0
    pud_cap: Annotated[u32, Shown.HEX] = 0
    pud_ngroups: u32 = 0
    pud_groups: Annotated[list[int], Flex(U32, count="pud_ngroups")] = []


@wire_struct(size=8)
class PtlrpcBulkSecDesc:
    """Head of the token that protects bulk (lustre_sec.h)."""

    bsd_version: u8 = 0
    bsd_type: u8 = 0
    bsd_svc: u8 = 0
    bsd_flags: u8 = 0
    bsd_nob: u32 = 0
    bsd_data: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=12, byteorder="little", swab=False)
class ExtAclXattrEntry:
    """One entry of an extended ACL (lustre_eacl.h)."""

    e_tag: u16 = 0
    e_perm: u16 = 0
    e_id: Annotated[u32, Shown.ID] = 0
    e_stat: u32 = 0


@wire_struct(size=4, byteorder="little", swab=False)
class ExtAclXattrHeader:
    """An extended ACL (lustre_eacl.h)."""

    a_count: u32 = 0
    a_entries: Annotated[list[ExtAclXattrEntry], Flex(ExtAclXattrEntry)] = []


@wire_struct(size=16, byteorder="big", swab=False)
class Krb5Header:
    """Head of a Kerberos token; big-endian (ptlrpc/gss/gss_krb5.h)."""

    kh_tok_id: Annotated[u16, Shown.HEX] = 0
    kh_flags: u8 = 0
    kh_filler: u8 = 0
    kh_ec: u16 = 0
    kh_rrc: u16 = 0
    kh_seq: u64 = 0
    kh_cksum: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=8)
class PlainHeader:
    """Head of a message under the plain policy (ptlrpc/sec_plain.c)."""

    ph_ver: u8 = 0
    ph_flags: u8 = 0
    ph_sp: u8 = 0
    ph_bulk_hash_alg: u8 = 0
    ph_pad: Annotated[bytes, Raw(4)] = bytes(4)


@wire_struct(size=8)
class PlainBulkToken:
    """Hash of the bulk under the plain policy (ptlrpc/sec_plain.c)."""

    pbt_hash: Annotated[bytes, Raw(8)] = bytes(8)


@wire_struct(size=4, swab=False)
class NetobjS:
    """Counted bytes in a GSS message (ptlrpc/gss/gss_internal.h)."""

    len: u32 = 0
    data: Annotated[bytes, Flex(Raw(1), count="len")] = b""


@wire_struct(size=36)
class GssHeader:
    """Head of a GSS message (ptlrpc/gss/gss_internal.h)."""

    gh_version: u8 = 0
    gh_sp: u8 = 0
    gh_pad0: Annotated[int, U16, AS_SENT] = 0
    gh_flags: Annotated[u32, Shown.HEX] = 0
    gh_proc: u32 = 0
    gh_seq: u32 = 0
    gh_svc: u32 = 0
    gh_pad1: u32 = 0
    gh_pad2: Annotated[int, U32, AS_SENT] = 0
    gh_pad3: Annotated[int, U32, AS_SENT] = 0
    gh_handle: NetobjS = NetobjS()


@wire_struct(size=36, swab=False)
class GssRepHeader:
    """Head of a GSS reply (ptlrpc/gss/gss_internal.h)."""

    gh_version: u8 = 0
    gh_sp: u8 = 0
    gh_pad0: u16 = 0
    gh_flags: Annotated[u32, Shown.HEX] = 0
    gh_proc: u32 = 0
    gh_major: u32 = 0
    gh_minor: u32 = 0
    gh_seqwin: u32 = 0
    gh_pad2: u32 = 0
    gh_pad3: u32 = 0
    gh_handle: NetobjS = NetobjS()


@wire_struct(size=36, swab=False)
class GssErrHeader:
    """Head of a GSS error reply (ptlrpc/gss/gss_internal.h)."""

    gh_version: u8 = 0
    gh_sp: u8 = 0
    gh_pad0: u16 = 0
    gh_flags: Annotated[u32, Shown.HEX] = 0
    gh_proc: u32 = 0
    gh_major: u32 = 0
    gh_minor: u32 = 0
    gh_pad1: u32 = 0
    gh_pad2: u32 = 0
    gh_pad3: u32 = 0
    gh_handle: NetobjS = NetobjS()
