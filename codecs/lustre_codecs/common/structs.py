"""Wire structs that 1.8 and 2.0 have in common.

Source: lustre_idl.h of 1.8.9-wc1 and 2.0.0, or the header a class names.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.common.constants import (
    LOV_DESC_MAGIC,
    POSIX_ACL_XATTR_VERSION,
    AclPerm,
    AclTag,
    CfgMarkerFlags,
    Disposition,
    FiemapExtentFlags,
    FiemapFlags,
    ItOp,
    LcfgCommand,
    LddFlags,
    LdlmFl,
    LdlmMode,
    LdlmType,
    LlogFlags,
    LlogOp,
    LquotaFlags,
    LuDirentAttrs,
    MdsInodelock,
    MsgConnect,
    MsgFlags,
    ObdBrw,
    Opcode,
    OsState,
    PtlrpcMsgType,
    QifValid,
    QuotaCmd,
)
from lustre_wire.schema import (
    AS_SENT,
    U16,
    U32,
    U64,
    Array,
    Chars,
    Flex,
    Magic,
    Raw,
    Shown,
    Tag,
    WireUnion,
    u16,
    u32,
    u64,
    wire_struct,
    wire_union,
)


@wire_struct(size=8, byteorder="little", swab=False, text="{e_tag} {e_id} {e_perm}")
class XattrAclEntry:
    """One entry of a POSIX ACL in its extended attribute form (liblustre.h)."""

    e_tag: Annotated[AclTag, U16] = AclTag(0)
    e_perm: Annotated[AclPerm, U16] = AclPerm(0)
    e_id: Annotated[u32, Shown.ID] = 0


@wire_struct(size=4, byteorder="little", swab=False, text="ACL {a_entries}")
class XattrAclHeader:
    """A POSIX ACL as the value of system.posix_acl_access; `a_version` is 2 (liblustre.h)."""

    a_version: Annotated[u32, Shown.HEX, Magic(POSIX_ACL_XATTR_VERSION)] = 0
    a_entries: Annotated[list[XattrAclEntry], Flex(XattrAclEntry)] = []


#: The extended attributes whose value is a POSIX ACL.
ACL_XATTRS = {"system.posix_acl_access": XattrAclHeader, "system.posix_acl_default": XattrAclHeader}


@wire_struct(size=56)
class LlFiemapExtent:
    """One extent of a file map; offsets and lengths in bytes (ll_fiemap.h)."""

    fe_logical: u64 = 0
    fe_physical: u64 = 0
    fe_length: u64 = 0
    fe_reserved64: Annotated[list[int], Array(U64.as_sent(), 2)] = [0] * 2
    fe_flags: Annotated[FiemapExtentFlags, U32] = FiemapExtentFlags(0)
    fe_device: u32 = 0
    fe_reserved: Annotated[list[int], Array(U32.as_sent(), 2)] = [0] * 2


@wire_struct(size=32, text=("[{fm_start}+{fm_length}]", " {fm_mapped_extents} extents"))
class LlUserFiemap:
    """A file map request and its answer; `fm_mapped_extents` extents follow (ll_fiemap.h)."""

    fm_start: u64 = 0
    fm_length: u64 = 0
    fm_flags: Annotated[FiemapFlags, U32] = FiemapFlags(0)
    fm_mapped_extents: u32 = 0
    fm_extent_count: u32 = 0
    fm_reserved: u32 = 0
    fm_extents: Annotated[list[LlFiemapExtent], Flex(LlFiemapExtent, count="fm_mapped_extents")] = []


@wire_struct(size=144, text="blocks {os_bfree} of {os_blocks} free, files {os_ffree} of {os_files} free")
class ObdStatfs:
    """File system statistics: blocks of `os_bsize` bytes, and files (lustre_user.h)."""

    os_type: Annotated[u64, Shown.HEX] = 0
    os_blocks: u64 = 0
    os_bfree: u64 = 0
    os_bavail: u64 = 0
    os_files: u64 = 0
    os_ffree: u64 = 0
    os_fsid: Annotated[bytes, Raw(40)] = bytes(40)
    os_bsize: Annotated[u32, Shown.BYTES] = 0
    os_namelen: u32 = 0
    os_maxbytes: u64 = 0
    os_state: Annotated[OsState, U32] = OsState(0)
    os_spare1: Annotated[int, U32, AS_SENT] = 0
    os_spare2: Annotated[int, U32, AS_SENT] = 0
    os_spare3: Annotated[int, U32, AS_SENT] = 0
    os_spare4: Annotated[int, U32, AS_SENT] = 0
    os_spare5: Annotated[int, U32, AS_SENT] = 0
    os_spare6: Annotated[int, U32, AS_SENT] = 0
    os_spare7: Annotated[int, U32, AS_SENT] = 0
    os_spare8: Annotated[int, U32, AS_SENT] = 0
    os_spare9: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=16, text=("{id}/{generation}", "/{f_type}"))
class LlFid:
    """File identity of 1.8: inode number, generation and type (lustre_user.h)."""

    id: u64 = 0
    generation: u32 = 0
    f_type: Annotated[u32, Shown.OCTAL] = 0


@wire_struct(size=40, text="{uuid}")
class ObdUuid:
    """A UUID as text, NUL-padded (lustre_user.h)."""

    uuid: Annotated[bytes, Chars(40)] = bytes(40)


@wire_struct(size=16, text="[{f_seq:#x}:{f_oid:#x}:{f_ver:#x}]")
class LuFid:
    """File identifier: sequence, object in the sequence, version (zero for a live object) (lustre_user.h)."""

    f_seq: u64 = 0
    f_oid: u32 = 0
    f_ver: u32 = 0


@wire_struct(size=24)
class ObdDqinfo:
    """Grace times of a quota type, in seconds (lustre_user.h)."""

    dqi_bgrace: u64 = 0
    dqi_igrace: u64 = 0
    dqi_flags: u32 = 0
    dqi_valid: u32 = 0


@wire_struct(size=72)
class ObdDqblk:
    """Quota limits (KiB, inodes) and usage (bytes, inodes) of one id (lustre_user.h)."""

    dqb_bhardlimit: u64 = 0
    dqb_bsoftlimit: u64 = 0
    dqb_curspace: u64 = 0
    dqb_ihardlimit: u64 = 0
    dqb_isoftlimit: u64 = 0
    dqb_curinodes: u64 = 0
    dqb_btime: Annotated[u64, Shown.TIME] = 0
    dqb_itime: Annotated[u64, Shown.TIME] = 0
    dqb_valid: Annotated[QifValid, U32] = QifValid(0)
    padding: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=32, byteorder="little", swab=False, text="{lde_fid} {lde_name}")
class LuDirent:
    """One entry of a directory page; the name and, with LUDA_TYPE, a `LudaType` follow."""

    lde_fid: LuFid = LuFid()
    lde_hash: Annotated[u64, Shown.HEX] = 0
    lde_reclen: u16 = 0
    lde_namelen: u16 = 0
    lde_attrs: Annotated[LuDirentAttrs, U32] = LuDirentAttrs(0)
    lde_name: Annotated[bytes, Flex(Chars(1))] = b""


@wire_struct(size=2, byteorder="little", swab=False)
class LudaType:
    """File type attribute behind the name of a `LuDirent`."""

    lt_type: u16 = 0


@wire_struct(size=8, swab=False, text="{cookie:#x}")
class LustreHandle:
    """A handle: opaque to everybody but the node that made it."""

    cookie: u64 = 0


@wire_struct(size=152)
class PtlrpcBody:
    """Buffer 0 of every lustre_msg v2: who asks for what, with which result, and where recovery stands."""

    pb_handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    pb_type: Annotated[PtlrpcMsgType, U32] = PtlrpcMsgType(0)
    pb_version: Annotated[u32, Shown.HEX] = 0
    pb_opc: Annotated[Opcode, U32] = Opcode(0)
    pb_status: Annotated[u32, Shown.STATUS] = 0
    pb_last_xid: u64 = 0
    pb_last_seen: u64 = 0
    pb_last_committed: u64 = 0
    pb_transno: u64 = 0
    pb_flags: Annotated[MsgFlags, U32] = MsgFlags(0)
    pb_op_flags: Annotated[MsgConnect, U32] = MsgConnect(0)
    pb_conn_cnt: u32 = 0
    pb_timeout: u32 = 0
    pb_service_time: u32 = 0
    pb_limit: u32 = 0
    pb_slv: u64 = 0
    pb_pre_versions: Annotated[list[int], Array(U64, 4), Shown.HEX] = [0] * 4
    pb_padding: Annotated[list[int], Array(U64.as_sent(), 4)] = [0] * 4


@wire_struct(size=16, text=("[{offset}+{len}]", " {flags}"))
class NiobufRemote:
    """One extent of a bulk transfer; `offset` and `len` in bytes."""

    offset: u64 = 0
    len: u32 = 0
    flags: Annotated[ObdBrw, U32] = ObdBrw(0)


@wire_struct(size=40, text=("size {lvb_size}", " blocks {lvb_blocks}"))
class OstLvb:
    """Lock value block of an object: size in bytes, times in seconds, blocks of 512 bytes."""

    lvb_size: u64 = 0
    lvb_mtime: Annotated[u64, Shown.TIME] = 0
    lvb_atime: Annotated[u64, Shown.TIME] = 0
    lvb_ctime: Annotated[u64, Shown.TIME] = 0
    lvb_blocks: u64 = 0


@wire_struct(size=8)
class MdsStatusReq:
    """Identity of a remote client at connect; no current code sends it."""

    flags: u32 = 0
    repbuf: u32 = 0


@wire_struct(size=112, text="{qc_cmd} type {qc_type} id {qc_id}")
class ObdQuotactl:
    """A quota command with its argument and answer."""

    qc_cmd: Annotated[QuotaCmd, U32] = QuotaCmd(0)
    qc_type: u32 = 0
    qc_id: Annotated[u32, Shown.ID] = 0
    qc_stat: u32 = 0
    qc_dqinfo: ObdDqinfo = ObdDqinfo()
    qc_dqblk: ObdDqblk = ObdDqblk()


@wire_struct(size=88)
class LovDesc:
    """Default striping and targets of a file system, as its configuration log holds them.

    There, `ld_active_tgt_count` is LOV_DESC_MAGIC.
    """

    ld_tgt_count: u32 = 0
    ld_active_tgt_count: Annotated[u32, Magic(LOV_DESC_MAGIC)] = 0
    ld_default_stripe_count: u32 = 0
    ld_pattern: Annotated[u32, Shown.HEX] = 0
    ld_default_stripe_size: Annotated[u64, Shown.BYTES] = 0
    ld_default_stripe_offset: u64 = 0
    ld_padding_0: Annotated[int, U32, AS_SENT] = 0
    ld_qos_maxage: u32 = 0
    ld_padding_1: Annotated[int, U32, AS_SENT] = 0
    ld_padding_2: Annotated[int, U32, AS_SENT] = 0
    ld_uuid: ObdUuid = ObdUuid()


@wire_struct(size=32, text="[{name[0]:#x}:{name[1]:#x}:{name[2]:#x}:{name[3]:#x}]")
class LdlmResId:
    """Name of a lock resource."""

    name: Annotated[list[int], Array(U64, 4), Shown.HEX] = [0] * 4


@wire_struct(size=24, swab=False, text=("[{start}-{end}]", " gid {gid}"))
class LdlmExtent:
    """Byte range of an extent lock, both ends included; `gid` for group locks."""

    start: u64 = 0
    end: Annotated[u64, Shown.END] = 0
    gid: u64 = 0


@wire_struct(size=8, swab=False, text="{bits}")
class LdlmInodebits:
    """Which aspects of an inode a lock covers."""

    bits: Annotated[MdsInodelock, U64] = MdsInodelock(0)


@wire_struct(size=32, swab=False, text=("[{start}-{end}] pid {pid}", " blocked by pid {blocking_pid}"))
class LdlmFlock:
    """Byte range and owner of a flock lock."""

    start: u64 = 0
    end: Annotated[u64, Shown.END] = 0
    blocking_export: u64 = 0
    blocking_pid: Annotated[int, U32, AS_SENT] = 0
    pid: u32 = 0


@wire_union(size=32, c_name="ldlm_policy_data_t", swab_as="l_flock")
class LdlmPolicyData(WireUnion):
    """Policy of a lock; the resource's type says which member counts. A receiver swaps it by `l_flock`."""

    l_extent: LdlmExtent
    l_flock: LdlmFlock
    l_inodebits: LdlmInodebits


@wire_struct(size=8, text="intent {opc}")
class LdlmIntent:
    """What the client means to do with the lock it asks for."""

    opc: Annotated[ItOp, U64] = ItOp(0)


@wire_struct(size=40, text=("", "{lr_type} {lr_name}"))
class LdlmResourceDesc:
    """Type and name of the resource a lock is on."""

    lr_type: Annotated[LdlmType, U32] = LdlmType(0)
    lr_padding: Annotated[int, U32, AS_SENT] = 0
    lr_name: LdlmResId = LdlmResId()


POLICY_OF_TYPE = Tag(
    "l_resource.lr_type",
    ((LdlmType.LDLM_EXTENT, "l_extent"), (LdlmType.LDLM_FLOCK, "l_flock"), (LdlmType.LDLM_IBITS, "l_inodebits")),
)


@wire_struct(size=80, text=("", "{l_resource}", " {l_req_mode}", " granted {l_granted_mode}", " {l_policy_data}"))
class LdlmLockDesc:
    """A lock as one side describes it to the other."""

    l_resource: LdlmResourceDesc = LdlmResourceDesc()
    l_req_mode: Annotated[LdlmMode, U32] = LdlmMode(0)
    l_granted_mode: Annotated[LdlmMode, U32] = LdlmMode(0)
    l_policy_data: Annotated[LdlmPolicyData, POLICY_OF_TYPE] = LdlmPolicyData()


@wire_struct(size=104, text=("", "{lock_desc}", " flags {lock_flags}", " handle {lock_handle}"))
class LdlmRequest:
    """Lock request; more than the two built-in handles follow when locks are cancelled early."""

    lock_flags: Annotated[LdlmFl, U32] = LdlmFl(0)
    lock_count: u32 = 0
    lock_desc: LdlmLockDesc = LdlmLockDesc()
    lock_handle: Annotated[list[LustreHandle], Flex(LustreHandle, minimum=2), AS_SENT] = [LustreHandle()] * 2


@wire_struct(
    size=112,
    text=(
        "",
        "{lock_desc}",
        " flags {lock_flags}",
        " handle {lock_handle}",
        " disposition {lock_policy_res1}",
        " result {lock_policy_res2}",
    ),
)
class LdlmReply:
    """Answer to a lock request; for intents `lock_policy_res1` is the disposition and `lock_policy_res2` the result."""

    lock_flags: Annotated[LdlmFl, U32] = LdlmFl(0)
    lock_padding: Annotated[int, U32, AS_SENT] = 0
    lock_desc: LdlmLockDesc = LdlmLockDesc()
    lock_handle: Annotated[LustreHandle, AS_SENT] = LustreHandle()
    lock_policy_res1: Annotated[Disposition, U64] = Disposition(0)
    lock_policy_res2: Annotated[u64, Shown.STATUS] = 0


@wire_struct(size=1024, text="{mgs_param}")
class MgsSendParam:
    """One configuration parameter for the MGS."""

    mgs_param: Annotated[bytes, Chars(1024)] = bytes(1024)


@wire_struct(size=4544, text=("{mti_svname}", " {mti_flags}", " {mti_params}"))
class MgsTargetInfo:
    """What a target tells the MGS when it registers."""

    mti_lustre_ver: Annotated[u32, Shown.RELEASE] = 0
    mti_stripe_index: u32 = 0
    mti_config_ver: u32 = 0
    mti_flags: Annotated[LddFlags, U32] = LddFlags(0)
    mti_nid_count: u32 = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    mti_fsname: Annotated[bytes, Chars(64)] = bytes(64)
    mti_svname: Annotated[bytes, Chars(64)] = bytes(64)
    mti_uuid: Annotated[bytes, Chars(40)] = bytes(40)
    mti_nids: Annotated[list[int], Array(U64, 32), Shown.NID] = [0] * 32
    mti_params: Annotated[bytes, Chars(4096)] = bytes(4096)


@wire_struct(size=160, text="{cm_tgtname} {cm_comment} {cm_flags}")
class CfgMarker:
    """Start or end of a group of records in a configuration log; times in seconds."""

    cm_step: u32 = 0
    cm_flags: Annotated[CfgMarkerFlags, U32] = CfgMarkerFlags(0)
    cm_vers: Annotated[u32, Shown.RELEASE] = 0
    padding: Annotated[int, U32, AS_SENT] = 0
    cm_createtime: Annotated[u64, Shown.TIME] = 0
    cm_canceltime: Annotated[u64, Shown.TIME] = 0
    cm_tgtname: Annotated[bytes, Chars(64)] = bytes(64)
    cm_comment: Annotated[bytes, Chars(64)] = bytes(64)


@wire_struct(size=16, text="{lrh_type} {lrh_index} ({lrh_len} bytes)")
class LlogRecHdr:
    """Head of every llog record; `lrh_len` in bytes counts head, body and tail."""

    lrh_len: u32 = 0
    lrh_index: u32 = 0
    lrh_type: Annotated[LlogOp, U32] = LlogOp(0)
    padding: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=8, text="{lrt_index} ({lrt_len} bytes)")
class LlogRecTail:
    """Tail of every llog record; repeats length and index."""

    lrt_len: u32 = 0
    lrt_index: u32 = 0


@wire_struct(size=40, swab=False)
class LlogOrphanRec:
    """Log record: an orphan object."""

    lor_hdr: LlogRecHdr = LlogRecHdr()
    lor_oid: u64 = 0
    lor_ogen: u32 = 0
    padding: u32 = 0
    lor_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=16, swab=False, text="mount {mnt_cnt} connection {conn_cnt}")
class LlogGen:
    """Generation of a log: mount count and connection count."""

    mnt_cnt: u64 = 0
    conn_cnt: u64 = 0


@wire_struct(size=40, swab=False)
class LlogGenRec:
    """Log record: generation."""

    lgr_hdr: LlogRecHdr = LlogRecHdr()
    lgr_gen: LlogGen = LlogGen()
    lgr_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=8192)
class LlogLogHdr:
    """Record 0 of an llog: 8192 bytes with the bitmap of live records (little-endian words, never swapped)."""

    llh_hdr: LlogRecHdr = LlogRecHdr()
    llh_timestamp: Annotated[u64, Shown.TIME] = 0
    llh_count: u32 = 0
    llh_bitmap_offset: u32 = 0
    llh_size: u32 = 0
    llh_flags: Annotated[LlogFlags, U32] = LlogFlags(0)
    llh_cat_idx: u32 = 0
    llh_tgtuuid: ObdUuid = ObdUuid()
    llh_reserved: Annotated[int, U32, AS_SENT] = 0
    llh_bitmap: Annotated[list[int], Array(U32.as_sent(), 2024)] = [0] * 2024
    llh_tail: LlogRecTail = LlogRecTail()


@wire_struct(size=32, text=("id {qd_id} count {qd_count}", " flags {qd_flags}"))
class QunitData:
    """Quota unit acquired or released by an OST; `qd_count` in bytes or inodes."""

    qd_id: Annotated[u32, Shown.ID] = 0
    qd_flags: Annotated[LquotaFlags, U32] = LquotaFlags(0)
    qd_count: u64 = 0
    qd_qunit: u64 = 0
    padding: Annotated[int, U64, AS_SENT] = 0


@wire_struct(size=32, text="{lcfg_command}")
class LustreCfg:
    """Head of a configuration command; the buffers follow, each rounded up to 8 bytes (lustre_cfg.h)."""

    lcfg_version: Annotated[u32, Shown.HEX] = 0
    lcfg_command: Annotated[LcfgCommand, U32] = LcfgCommand(0)
    lcfg_num: u32 = 0
    lcfg_flags: u32 = 0
    lcfg_nid: Annotated[u64, Shown.NID] = 0
    lcfg_nal: Annotated[int, U32, AS_SENT] = 0
    lcfg_bufcount: u32 = 0
    lcfg_buflens: Annotated[list[int], Flex(U32, count="lcfg_bufcount")] = []
