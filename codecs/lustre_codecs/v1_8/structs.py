"""Wire structs particular to 1.8.

Source: lustre_idl.h of 1.8.9-wc1, or the header a class names.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.common.structs import (
    LlFid,
    LlogGen,
    LlogRecHdr,
    LlogRecTail,
    LlUserFiemap,
    LuFid,
    LustreHandle,
)
from lustre_codecs.v1_8.constants import (
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
    LOV_USER_MAGIC_JOIN,
    LOV_USER_MAGIC_V1,
    LOV_USER_MAGIC_V3,
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
from lustre_wire.frames.lustre_msg import LustreMsgV1 as LustreMsgV1
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
    Raw,
    Shown,
    u8,
    u16,
    u32,
    u64,
    wire_struct,
)


@wire_struct(size=24, byteorder="little", text="object {l_object_id}:{l_object_gr} on OST {l_ost_idx}")
class LovUserOstDataV1:
    """One stripe of a layout a user asks for or sees (lustre_user.h)."""

    l_object_id: u64 = 0
    l_object_gr: u64 = 0
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
    lmm_object_gr: u64 = 0
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
    lmm_object_gr: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u16 = 0
    lmm_stripe_offset: u16 = 0
    lmm_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    lmm_objects: Annotated[list[LovUserOstDataV1], Flex(LovUserOstDataV1, count="lmm_stripe_count"), AS_SENT] = []


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
    ocd_blocksize: Annotated[u8, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = 0
    ocd_inodespace: Annotated[u8, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = 0
    ocd_grant_extent: Annotated[u16, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = 0
    ocd_unused: Annotated[int, U32, AS_SENT] = 0
    ocd_transno: Annotated[u64, Given(_FLAGS, ObdConnect.OBD_CONNECT_TRANSNO)] = 0
    ocd_group: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_MDS)] = 0
    ocd_cksum_types: Annotated[ObdCksum, U32, Given(_FLAGS, ObdConnect.OBD_CONNECT_CKSUM)] = ObdCksum(0)
    ocd_max_easize: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_MAX_EASIZE)] = 0
    ocd_instance: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_IMP_RECOV)] = 0
    ocd_maxbytes: Annotated[u64, Given(_FLAGS, ObdConnect.OBD_CONNECT_MAXBYTES)] = 0


@wire_struct(size=24, byteorder="little", swab=False, text="object {l_object_id}:{l_object_gr} on OST {l_ost_idx}")
class LovOstDataV1:
    """One stripe of a file layout: the object and the OST it is on."""

    l_object_id: u64 = 0
    l_object_gr: u64 = 0
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
    lmm_object_gr: u64 = 0
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
    lmm_object_gr: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u32 = 0
    lmm_pool_name: Annotated[bytes, Chars(16)] = bytes(16)
    lmm_objects: Annotated[list[LovOstDataV1], Flex(LovOstDataV1, count="lmm_stripe_count"), AS_SENT] = []


@wire_struct(size=24, text="object {ioo_id}:{ioo_gr} in {ioo_bufcnt} pieces")
class ObdIoobj:
    """Object of a bulk transfer and how many `NiobufRemote` belong to it."""

    ioo_id: u64 = 0
    ioo_gr: u64 = 0
    ioo_type: u32 = 0
    ioo_bufcnt: u32 = 0


@wire_struct(size=24, swab=False, text=("[{lsr_start:#x}-{lsr_end:#x})", " MDT {lsr_mdt}"))
class LuSeqRange:
    """A range of FID sequences."""

    lsr_start: u64 = 0
    lsr_end: u64 = 0
    lsr_mdt: u32 = 0
    lsr_padding: u32 = 0


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
    padding_4: u32 = 0


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
    padding_4: u32 = 0
    padding_5: Annotated[int, U64, AS_SENT] = 0
    padding_6: Annotated[int, U64, AS_SENT] = 0
    padding_7: Annotated[int, U64, AS_SENT] = 0
    padding_8: Annotated[int, U64, AS_SENT] = 0
    padding_9: Annotated[int, U64, AS_SENT] = 0
    padding_10: Annotated[int, U64, AS_SENT] = 0


@wire_struct(size=32)
class QuotaAdjustQunit:
    """Change of quota unit sizes, broadcast by the master."""

    qaq_flags: Annotated[LquotaFlags, U32] = LquotaFlags(0)
    qaq_id: Annotated[u32, Shown.ID] = 0
    qaq_bunit_sz: Annotated[u64, Shown.BYTES] = 0
    qaq_iunit_sz: u64 = 0
    padding1: Annotated[int, U64, AS_SENT] = 0


#: The bits with which a setattr record sets a time: to now, or to the record's.
_SETS_ATIME = MdsAttr.MDS_ATTR_ATIME | MdsAttr.MDS_ATTR_ATIME_SET
_SETS_MTIME = MdsAttr.MDS_ATTR_MTIME | MdsAttr.MDS_ATTR_MTIME_SET
_SETS_CTIME = MdsAttr.MDS_ATTR_CTIME | MdsAttr.MDS_ATTR_CTIME_SET
_SETATTR = ("{sa_fid} set {sa_valid}", " {sa_mode}", " uid {sa_uid}", " gid {sa_gid}", " size {sa_size}")


@wire_struct(size=96, text=_SETATTR)
class MdsRecSetattr:
    """Set attributes, 1.8."""

    sa_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    sa_fsuid: Annotated[u32, Shown.ID] = 0
    sa_fsgid: Annotated[u32, Shown.ID] = 0
    sa_cap: Annotated[u32, Shown.HEX] = 0
    sa_suppgid: Annotated[u32, Shown.ID] = 0
    sa_mode: Annotated[u32, Shown.MODE, Given("sa_valid", MdsAttr.MDS_ATTR_MODE)] = 0
    sa_fid: LlFid = LlFid()
    sa_valid: Annotated[MdsAttr, U64] = MdsAttr(0)
    sa_size: Annotated[u64, Given("sa_valid", MdsAttr.MDS_ATTR_SIZE)] = 0
    sa_mtime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_MTIME)] = 0
    sa_atime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_ATIME)] = 0
    sa_ctime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_CTIME)] = 0
    sa_uid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_UID)] = 0
    sa_gid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_GID)] = 0
    sa_attr_flags: Annotated[MdsInodeFl, U32, Given("sa_valid", MdsAttr.MDS_ATTR_ATTR_FLAG)] = MdsInodeFl(0)
    sa_padding: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=96, text=("in {cr_fid}", " replay {cr_replayfid}", " {cr_mode}", " {cr_flags}"))
class MdsRecCreate:
    """Create or open, 1.8."""

    cr_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    cr_fsuid: Annotated[u32, Shown.ID] = 0
    cr_fsgid: Annotated[u32, Shown.ID] = 0
    cr_cap: Annotated[u32, Shown.HEX] = 0
    cr_flags: Annotated[MdsOpen, U32, Shown.OCTAL] = MdsOpen(0)
    cr_mode: Annotated[u32, Shown.MODE] = 0
    cr_fid: LlFid = LlFid()
    cr_replayfid: LlFid = LlFid()
    cr_time: Annotated[u64, Shown.TIME] = 0
    cr_rdev: Annotated[u64, Shown.DEVICE] = 0
    cr_suppgid: Annotated[u32, Shown.ID] = 0
    cr_padding_1: Annotated[int, U32, AS_SENT] = 0
    cr_padding_2: Annotated[int, U32, AS_SENT] = 0
    cr_padding_3: Annotated[int, U32, AS_SENT] = 0
    cr_padding_4: Annotated[int, U32, AS_SENT] = 0
    cr_padding_5: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, swab=False, text=("in {cr_fid1}", " new {cr_fid2}", " {cr_mode}", " {cr_flags}"))
class MdtRecCreate:
    """Create or open, 2.0."""

    cr_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    cr_cap: Annotated[u32, Shown.HEX] = 0
    cr_fsuid: Annotated[u32, Shown.ID] = 0
    cr_fsuid_h: u32 = 0
    cr_fsgid: Annotated[u32, Shown.ID] = 0
    cr_fsgid_h: u32 = 0
    cr_suppgid1: Annotated[u32, Shown.ID] = 0
    cr_suppgid1_h: u32 = 0
    cr_suppgid2: Annotated[u32, Shown.ID] = 0
    cr_suppgid2_h: u32 = 0
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
    cr_padding_2: u32 = 0
    cr_padding_3: u32 = 0
    cr_padding_4: u32 = 0


@wire_struct(size=24, swab=False, text=("handle {handle}", " epoch {ioepoch}"))
class MdtEpoch:
    """Open handle and I/O epoch, as the 1.8.9 client sends them to a 2.0 server."""

    handle: LustreHandle = LustreHandle()
    ioepoch: u64 = 0
    flags: u32 = 0
    padding: u32 = 0


@wire_struct(size=24, text="{jr_fid}")
class MdsRecJoin:
    """Join one file to another, 1.8."""

    jr_fid: LlFid = LlFid()
    jr_headsize: u64 = 0


@wire_struct(size=24, swab=False, text="{jr_fid}")
class MdtRecJoin:
    """Join one file to another, towards a 2.0 server."""

    jr_fid: LuFid = LuFid()
    jr_headsize: u64 = 0


@wire_struct(size=80, text="{lk_fid1} in {lk_fid2}")
class MdsRecLink:
    """Hard link, 1.8."""

    lk_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    lk_fsuid: Annotated[u32, Shown.ID] = 0
    lk_fsgid: Annotated[u32, Shown.ID] = 0
    lk_cap: Annotated[u32, Shown.HEX] = 0
    lk_suppgid1: Annotated[u32, Shown.ID] = 0
    lk_suppgid2: Annotated[u32, Shown.ID] = 0
    lk_fid1: LlFid = LlFid()
    lk_fid2: LlFid = LlFid()
    lk_time: Annotated[u64, Shown.TIME] = 0
    lk_padding_1: Annotated[int, U32, AS_SENT] = 0
    lk_padding_2: Annotated[int, U32, AS_SENT] = 0
    lk_padding_3: Annotated[int, U32, AS_SENT] = 0
    lk_padding_4: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, swab=False, text="{lk_fid1} in {lk_fid2}")
class MdtRecLink:
    """Hard link, 2.0."""

    lk_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    lk_cap: Annotated[u32, Shown.HEX] = 0
    lk_fsuid: Annotated[u32, Shown.ID] = 0
    lk_fsuid_h: u32 = 0
    lk_fsgid: Annotated[u32, Shown.ID] = 0
    lk_fsgid_h: u32 = 0
    lk_suppgid1: Annotated[u32, Shown.ID] = 0
    lk_suppgid1_h: u32 = 0
    lk_suppgid2: Annotated[u32, Shown.ID] = 0
    lk_suppgid2_h: u32 = 0
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
    lk_padding_7: u32 = 0
    lk_padding_8: u32 = 0
    lk_padding_9: u32 = 0


@wire_struct(size=80, text=("in {ul_fid1}", " {ul_fid2}", " {ul_mode}"))
class MdsRecUnlink:
    """Unlink, 1.8."""

    ul_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    ul_fsuid: Annotated[u32, Shown.ID] = 0
    ul_fsgid: Annotated[u32, Shown.ID] = 0
    ul_cap: Annotated[u32, Shown.HEX] = 0
    ul_suppgid: Annotated[u32, Shown.ID] = 0
    ul_mode: Annotated[u32, Shown.MODE] = 0
    ul_fid1: LlFid = LlFid()
    ul_fid2: LlFid = LlFid()
    ul_time: Annotated[u64, Shown.TIME] = 0
    ul_padding_1: Annotated[int, U32, AS_SENT] = 0
    ul_padding_2: Annotated[int, U32, AS_SENT] = 0
    ul_padding_3: Annotated[int, U32, AS_SENT] = 0
    ul_padding_4: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, swab=False, text=("in {ul_fid1}", " {ul_fid2}", " {ul_mode}"))
class MdtRecUnlink:
    """Unlink, 2.0."""

    ul_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    ul_cap: Annotated[u32, Shown.HEX] = 0
    ul_fsuid: Annotated[u32, Shown.ID] = 0
    ul_fsuid_h: u32 = 0
    ul_fsgid: Annotated[u32, Shown.ID] = 0
    ul_fsgid_h: u32 = 0
    ul_suppgid1: Annotated[u32, Shown.ID] = 0
    ul_suppgid1_h: u32 = 0
    ul_suppgid2: Annotated[u32, Shown.ID] = 0
    ul_suppgid2_h: u32 = 0
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
    ul_padding_7: u32 = 0
    ul_padding_8: u32 = 0
    ul_padding_9: u32 = 0


@wire_struct(size=80, text="from {rn_fid1} to {rn_fid2}")
class MdsRecRename:
    """Rename, 1.8."""

    rn_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    rn_fsuid: Annotated[u32, Shown.ID] = 0
    rn_fsgid: Annotated[u32, Shown.ID] = 0
    rn_cap: Annotated[u32, Shown.HEX] = 0
    rn_suppgid1: Annotated[u32, Shown.ID] = 0
    rn_suppgid2: Annotated[u32, Shown.ID] = 0
    rn_fid1: LlFid = LlFid()
    rn_fid2: LlFid = LlFid()
    rn_time: Annotated[u64, Shown.TIME] = 0
    rn_padding_1: Annotated[int, U32, AS_SENT] = 0
    rn_padding_2: Annotated[int, U32, AS_SENT] = 0
    rn_padding_3: Annotated[int, U32, AS_SENT] = 0
    rn_padding_4: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=136, swab=False, text="from {rn_fid1} to {rn_fid2}")
class MdtRecRename:
    """Rename, 2.0."""

    rn_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    rn_cap: Annotated[u32, Shown.HEX] = 0
    rn_fsuid: Annotated[u32, Shown.ID] = 0
    rn_fsuid_h: u32 = 0
    rn_fsgid: Annotated[u32, Shown.ID] = 0
    rn_fsgid_h: u32 = 0
    rn_suppgid1: Annotated[u32, Shown.ID] = 0
    rn_suppgid1_h: u32 = 0
    rn_suppgid2: Annotated[u32, Shown.ID] = 0
    rn_suppgid2_h: u32 = 0
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
    rn_padding_6: u32 = 0
    rn_padding_7: u32 = 0
    rn_padding_8: u32 = 0


@wire_struct(size=136, swab=False, text=_SETATTR)
class MdtRecSetattr:
    """Set attributes, 2.0."""

    sa_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    sa_cap: Annotated[u32, Shown.HEX] = 0
    sa_fsuid: Annotated[u32, Shown.ID] = 0
    sa_fsuid_h: u32 = 0
    sa_fsgid: Annotated[u32, Shown.ID] = 0
    sa_fsgid_h: u32 = 0
    sa_suppgid: Annotated[u32, Shown.ID] = 0
    sa_suppgid_h: u32 = 0
    sa_padding_1: u32 = 0
    sa_padding_1_h: u32 = 0
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
    sa_padding_3: u32 = 0
    sa_padding_4: u32 = 0
    sa_padding_5: u32 = 0


@wire_struct(size=136, swab=False, text="{sx_fid} {sx_valid}")
class MdtRecSetxattr:
    """Set an extended attribute, 2.0."""

    sx_opcode: Annotated[MdsReint, U32] = MdsReint(0)
    sx_cap: Annotated[u32, Shown.HEX] = 0
    sx_fsuid: Annotated[u32, Shown.ID] = 0
    sx_fsuid_h: u32 = 0
    sx_fsgid: Annotated[u32, Shown.ID] = 0
    sx_fsgid_h: u32 = 0
    sx_suppgid1: Annotated[u32, Shown.ID] = 0
    sx_suppgid1_h: u32 = 0
    sx_suppgid2: Annotated[u32, Shown.ID] = 0
    sx_suppgid2_h: u32 = 0
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
    sx_padding_9: u32 = 0
    sx_padding_10: u32 = 0
    sx_padding_11: u32 = 0


@wire_struct(size=20, swab=False, text="#{lgl_oid:x}#{lgl_ogr:x}#{lgl_ogen:08x}")
class LlogLogid:
    """Identity of a log object."""

    lgl_oid: u64 = 0
    lgl_ogr: u64 = 0
    lgl_ogen: u32 = 0


@wire_struct(size=32, swab=False)
class LlogCatid:
    """Identity of a catalogue, as the CATALOGS file holds it."""

    lci_logid: LlogLogid = LlogLogid()
    lci_padding1: u32 = 0
    lci_padding2: u32 = 0
    lci_padding3: u32 = 0


@wire_struct(size=56, byteorder="little", swab=False)
class LovMdsMdJoin:
    """File layout of a joined file; the extents are in a log of their own."""

    lmmj_md: LovMdsMdV1 = LovMdsMdV1()
    lmmj_array_id: LlogLogid = LlogLogid()
    lmmj_extent_count: u32 = 0


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


@wire_struct(size=48, byteorder="little", swab=False)
class MdsExtentDesc:
    """One extent of a joined file."""

    med_start: u64 = 0
    med_len: u64 = 0
    med_lmm: LovMdsMdV1 = LovMdsMdV1()


@wire_struct(size=72, swab=False)
class LlogArrayRec:
    """Log record: one extent of a joined file."""

    lmr_hdr: LlogRecHdr = LlogRecHdr()
    lmr_med: MdsExtentDesc = MdsExtentDesc()
    lmr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=56, swab=False)
class LlogCreateRec:
    """Log record: an object created."""

    lcr_hdr: LlogRecHdr = LlogRecHdr()
    lcr_fid: LlFid = LlFid()
    lcr_oid: u64 = 0
    lcr_ogr: u32 = 0
    padding: u32 = 0
    lcr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=40)
class LlogUnlinkRec:
    """Log record: objects to destroy."""

    lur_hdr: LlogRecHdr = LlogRecHdr()
    lur_oid: u64 = 0
    lur_ogr: u32 = 0
    lur_count: u32 = 0
    lur_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=48)
class LlogSetattrRec:
    """Log record: owner to set, 32-bit ids."""

    lsr_hdr: LlogRecHdr = LlogRecHdr()
    lsr_oid: u64 = 0
    lsr_ogr: u32 = 0
    lsr_uid: Annotated[u32, Shown.ID] = 0
    lsr_gid: Annotated[u32, Shown.ID] = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    lsr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=56)
class LlogSetattr64Rec:
    """Log record: owner to set, ids in two halves."""

    lsr_hdr: LlogRecHdr = LlogRecHdr()
    lsr_oid: u64 = 0
    lsr_ogr: u32 = 0
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
    lsc_io_epoch: u32 = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    lsc_tail: LlogRecTail = LlogRecTail()


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


@wire_struct(size=40, byteorder="little", swab=False)
class LovUserOstDataJoin:
    """One stripe of a joined file's layout."""

    l_extent_start: u64 = 0
    l_extent_end: u64 = 0
    l_object_id: u64 = 0
    l_object_gr: u64 = 0
    l_ost_gen: u32 = 0
    l_ost_idx: u32 = 0


@wire_struct(size=72, byteorder="little")
class LovUserMdJoin:
    """Layout of a joined file."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_USER_MAGIC_JOIN)] = 0
    lmm_pattern: Annotated[u32, Shown.HEX] = 0
    lmm_object_id: u64 = 0
    lmm_object_gr: u64 = 0
    lmm_stripe_size: Annotated[u32, Shown.BYTES] = 0
    lmm_stripe_count: u32 = 0
    lmm_extent_count: u32 = 0
    lmm_tree_id: Annotated[int, U64, AS_SENT] = 0
    lmm_tree_gen: Annotated[int, U64, AS_SENT] = 0
    lmm_array_id: Annotated[LlogLogid, AS_SENT] = LlogLogid()
    lmm_objects: Annotated[list[LovUserOstDataJoin], Flex(LovUserOstDataJoin, count="lmm_stripe_count"), AS_SENT] = []


@wire_struct(size=208, text=("object {o_id}:{o_gr}", " size {o_size}", " {o_valid}"))
class Obdo:
    """An object and its attributes, as OSTs know them."""

    o_valid: Annotated[ObdMd, U64] = ObdMd(0)
    o_id: u64 = 0
    o_gr: u64 = 0
    o_fid: u64 = 0
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
    o_generation: u32 = 0
    o_misc: u32 = 0
    o_easize: u32 = 0
    o_mds: u32 = 0
    o_stripe_idx: u32 = 0
    o_padding_1: u32 = 0
    o_handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    o_lcookie: Annotated[LlogCookie, AS_SENT] = LlogCookie()
    o_padding_2: Annotated[int, U64, AS_SENT] = 0
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


@wire_struct(size=16)
class QunitDataOld2:
    """Quota unit in the old 16-byte form, for peers without OBD_CONNECT_CHANGE_QS."""

    qd_id: Annotated[u32, Shown.ID] = 0
    qd_flags: Annotated[LquotaFlags, U32] = LquotaFlags(0)
    qd_count: u64 = 0


@wire_struct(size=120, swab=False, text="capability for {lc_fid}")
class LustreCapa:
    """Capability; `lc_hmac` covers what stands before it."""

    lc_fid: LuFid = LuFid()
    lc_opc: Annotated[u64, Shown.HEX] = 0
    lc_uid: u64 = 0
    lc_gid: u64 = 0
    lc_flags: u32 = 0
    lc_keyid: u32 = 0
    lc_timeout: u32 = 0
    lc_expiry: Annotated[u32, Shown.TIME] = 0
    lc_hmac: Annotated[bytes, Raw(64)] = bytes(64)


@wire_struct(size=264, byteorder="little", swab=False, text="{lde_inode} {lde_name}")
class LlDirEntry:
    """One entry of a 1.8 directory block, in the manner of ext2 (llite/llite_internal.h)."""

    lde_inode: u32 = 0
    lde_rec_len: u16 = 0
    lde_name_len: u8 = 0
    lde_file_type: u8 = 0
    lde_name: Annotated[bytes, Chars(255)] = bytes(255)
    hole_0: Annotated[bytes, Hole(1)] = bytes(1)


@wire_struct(size=24, byteorder="little", swab=False)
class LuDirpage:
    """A page of directory entries ordered by hash (llite/dir.c)."""

    ldp_hash_start: Annotated[u64, Shown.HEX] = 0
    ldp_hash_end: Annotated[u64, Shown.HEX] = 0
    ldp_flags: Annotated[LuDirpageFlags, U16] = LuDirpageFlags(0)
    ldp_pad0: u16 = 0
    ldp_pad1: u32 = 0
    ldp_entries: Annotated[bytes, Flex(Raw(1))] = b""
