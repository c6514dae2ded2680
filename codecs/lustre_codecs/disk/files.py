"""The small files of targets: object numbers, sequences, catalogues, replies, quota, keys, checks.

Source: lustre_disk.h, lustre_idl.h, lustre_quota.h, lfsck/lfsck_internal.h, osd-ldiskfs/osd_iam_lfix.c and osd_oi.h,
and the functions named; of 1.8.9-wc1, 2.0.0, 2.10.8 and 2.17.0. Little-endian unless said otherwise.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from lustre_codecs.enums.disk import LRH_MAGIC_V1, LRH_MAGIC_V2
from lustre_codecs.enums.lfsck import LfsckStatus
from lustre_codecs.structs.disk import LsdReplyDataV1, LsdReplyDataV2, LsdReplyHeader
from lustre_codecs.structs.fid import LuFid, LuSeqRange
from lustre_codecs.structs.llog import LlogCatid
from lustre_codecs.structs.quota import LquotaGlbRec, LquotaSlvRec
from lustre_codecs.structs.security import LustreCapaKey
from lustre_wire.schema import (
    U32,
    U64,
    Array,
    Chars,
    Flex,
    Magic,
    Raw,
    Shown,
    WireEnum,
    WireFlag,
    u8,
    u16,
    u32,
    u64,
    wire_struct,
)
from lustre_wire.schema.files import FileKind, IndexKind
from lustre_wire.schema.servers import Does
from lustre_wire.schema.views import newest_view

# structs that the histories have, in the form of today
_FID: Final = newest_view(LuFid)
_CATALOGUE: Final = newest_view(LlogCatid)
_SEQUENCES: Final = newest_view(LuSeqRange)
_HEADER: Final = newest_view(LsdReplyHeader)


@wire_struct(size=8, byteorder="little", swab=False, text="{id}")
class ObjectId:
    """One object number."""

    id: u64 = 0


class AgentReqStatus(WireEnum):
    """arr_status: how far a request to a copy tool has come."""

    ARS_WAITING = 0
    ARS_STARTED = 1
    ARS_FAILED = 2
    ARS_CANCELED = 3
    ARS_SUCCEED = 4


@wire_struct(size=40, swab=False)
class LlogAgentReqBody:
    """A log's request to a copy tool (2.5 and later); the action, an `hsm_action_item`, follows."""

    arr_status: Annotated[AgentReqStatus, U32] = AgentReqStatus(0)
    arr_archive_id: u32 = 0
    arr_flags: Annotated[u64, Shown.HEX] = 0
    arr_compound_id: u64 = 0
    arr_req_create: Annotated[u64, Shown.TIME] = 0
    arr_req_change: Annotated[u64, Shown.TIME] = 0
    arr_hai: Annotated[bytes, Flex(Raw(1))] = b""


class LfsckFlags(WireFlag):
    """What a check has found out about the target."""

    LF_SCANNED_ONCE = 0x1
    LF_INCONSISTENT = 0x2
    LF_UPGRADE = 0x4
    LF_INCOMPLETE = 0x8
    LF_CRASHED_LASTID = 0x10


@wire_struct(size=64, byteorder="little", swab=False)
class LfsckBookmark:
    """lfsck_bookmark: how checks run."""

    lb_magic: Annotated[u32, Shown.HEX, Magic(0x20130C1D)] = 0x20130C1D
    lb_version: u16 = 0
    lb_param: Annotated[u16, Shown.HEX] = 0
    lb_speed_limit: u32 = 0
    lb_async_windows: u16 = 0
    lb_padding: u16 = 0
    lb_lpf_fid: LuFid = LuFid()
    lb_last_fid: LuFid = LuFid()
    lb_reserved: Annotated[list[int], Array(U64, 2)] = [0] * 2


@wire_struct(size=56, byteorder="little", swab=False)
class LfsckHead:
    """lfsck_layout, lfsck_namespace and the attribute trusted.lfsck_ns: how the last check went; counts follow."""

    lf_magic: Annotated[u32, Shown.HEX] = 0
    lf_status: Annotated[LfsckStatus, U32] = LfsckStatus(0)
    lf_flags: Annotated[LfsckFlags, U32] = LfsckFlags(0)
    lf_success_count: u32 = 0
    lf_run_time_phase1: u64 = 0
    lf_run_time_phase2: u64 = 0
    lf_time_last_complete: Annotated[u64, Shown.TIME] = 0
    lf_time_latest_start: Annotated[u64, Shown.TIME] = 0
    lf_time_last_checkpoint: Annotated[u64, Shown.TIME] = 0
    lf_counts: Annotated[list[int], Flex(U64)] = []


# --- quota files of 1.6 to 2.3 ----------------------------------------------------------------------------------------


@wire_struct(size=32, byteorder="little", swab=False)
class V2DiskDqheader:
    """Head of a quota file: of the kernel's format, or of Lustre's with 64-bit limits (version 1)."""

    dqh_magic: Annotated[u32, Shown.HEX] = 0
    dqh_version: u32 = 0
    dqi_bgrace: u32 = 0
    dqi_igrace: u32 = 0
    dqi_flags: u32 = 0
    dqi_blocks: u32 = 0
    dqi_free_blk: u32 = 0
    dqi_free_entry: u32 = 0


@wire_struct(size=16, byteorder="little", swab=False)
class V2DiskDqdbheader:
    """Head of a block of limits."""

    dqdh_next_free: u32 = 0
    dqdh_prev_free: u32 = 0
    dqdh_entries: u16 = 0
    dqdh_pad1: u16 = 0
    dqdh_pad2: u32 = 0


@wire_struct(
    size=48, byteorder="little", swab=False,
    text="id {dqb_id}: {dqb_curspace} bytes, {dqb_curinodes} inodes; at most {dqb_bhardlimit} KiB, {dqb_ihardlimit}",
)  # fmt: skip
class LustreDiskDqblk:
    """Limits and use of one user or group, 32-bit limits (version 0)."""

    dqb_id: u32 = 0
    dqb_ihardlimit: u32 = 0
    dqb_isoftlimit: u32 = 0
    dqb_curinodes: u32 = 0
    dqb_bhardlimit: u32 = 0
    dqb_bsoftlimit: u32 = 0
    dqb_curspace: u64 = 0
    dqb_btime: Annotated[u64, Shown.TIME] = 0
    dqb_itime: Annotated[u64, Shown.TIME] = 0


@wire_struct(
    size=72, byteorder="little", swab=False,
    text="id {dqb_id}: {dqb_curspace} bytes, {dqb_curinodes} inodes; at most {dqb_bhardlimit} KiB, {dqb_ihardlimit}",
)  # fmt: skip
class LustreDiskDqblkV2:
    """Limits and use of one user or group, 64-bit limits (version 1)."""

    dqb_id: u32 = 0
    padding: u32 = 0
    dqb_ihardlimit: u64 = 0
    dqb_isoftlimit: u64 = 0
    dqb_curinodes: u64 = 0
    dqb_bhardlimit: u64 = 0
    dqb_bsoftlimit: u64 = 0
    dqb_curspace: u64 = 0
    dqb_btime: Annotated[u64, Shown.TIME] = 0
    dqb_itime: Annotated[u64, Shown.TIME] = 0


#: The magics of quota files, of users and of groups.
QUOTA_MAGICS: Final = (0xD9C01F11, 0xD9C01927)
#: The struct of a quota file's limits by its version.
QUOTA_ENTRIES: Final = {0: LustreDiskDqblk, 1: LustreDiskDqblkV2}
QUOTA_HEAD: Final = V2DiskDqheader
QUOTA_BLOCK_HEAD: Final = V2DiskDqdbheader

# --- index files of ldiskfs -------------------------------------------------------------------------------------------


@wire_struct(size=16, byteorder="little", swab=False)
class IamLfixRoot:
    """Head of an index file whose keys have one size."""

    ilr_magic: Annotated[u64, Shown.HEX, Magic(0xBEDABB1ED)] = 0xBEDABB1ED
    ilr_keysize: u16 = 0
    ilr_recsize: u16 = 0
    ilr_ptrsize: u16 = 4
    ilr_indirect_levels: u8 = 0
    ilr_padding: u8 = 0


@wire_struct(size=4, byteorder="little", swab=False)
class IamLeafHead:
    """Head of a block of entries, each a key and a record."""

    ill_magic: Annotated[u16, Shown.HEX, Magic(0x1976)] = 0x1976
    ill_count: u16 = 0


@wire_struct(size=8, byteorder="big", swab=False, text="inode {oii_ino} generation {oii_gen}")
class OsdInodeId:
    """Which inode an object is (big-endian)."""

    oii_ino: u32 = 0
    oii_gen: u32 = 0


@wire_struct(size=16, c_name="lu_fid:big", byteorder="big", swab=False, text="[{f_seq:#x}:{f_oid:#x}:{f_ver:#x}]")
class LuFidBig:
    """A FID as a key: big-endian, so that keys sort."""

    f_seq: u64 = 0
    f_oid: u32 = 0
    f_ver: u32 = 0


@wire_struct(size=8, byteorder="big", swab=False, text="sequence {seq:#x}")
class FldKey:
    """The first sequence of a range (big-endian)."""

    seq: u64 = 0


@wire_struct(size=8, c_name="fld_record:old", byteorder="big", swab=False, text="MDT {mdt}")
class FldRecordOld:
    """Which MDT has a sequence, in 2.0 (big-endian)."""

    mdt: u64 = 0


@wire_struct(
    size=24, c_name="lu_seq_range:big", byteorder="big", swab=False,
    text="[{lsr_start:#x}-{lsr_end:#x}) on {lsr_index:#x}",
)  # fmt: skip
class FldRecord:
    """A range of sequences, and which MDT (flags 0) or OST (flags 1) has it (big-endian)."""

    lsr_start: u64 = 0
    lsr_end: u64 = 0
    lsr_index: u32 = 0
    lsr_flags: u32 = 0


@wire_struct(size=8, byteorder="little", swab=False, text="id {qid}")
class LquotaKey:
    """A user, group or project."""

    qid: u64 = 0


@wire_struct(size=8, byteorder="little", swab=False, text="{nk_nodemap_id:#x}/{nk_sub:#x}")
class NodemapKey:
    """Which record of which nodemap; the kind of record stands in the upper four bits of the first word."""

    nk_nodemap_id: u32 = 0
    nk_sub: u32 = 0


@wire_struct(size=32, byteorder="little", swab=False)
class NodemapRec:
    """A record of a nodemap: the cluster's name and flags, or what its key says (`nodemap_range_rec` ...)."""

    ncr_name: Annotated[bytes, Chars(17)] = bytes(17)
    ncr_flags: Annotated[u8, Shown.HEX] = 0
    ncr_flags2: Annotated[u8, Shown.HEX] = 0
    ncr_padding1: u8 = 0
    ncr_squash_projid: u32 = 0
    ncr_squash_uid: u32 = 0
    ncr_squash_gid: u32 = 0


INDEX_ROOT: Final = IamLfixRoot
INDEX_LEAF: Final = IamLeafHead

#: Index files, by their path and the sizes of their keys and records.
INDEXES: Final = (
    IndexKind("object index", r"oi\.\d+(?:\.\d+)?", LuFidBig, OsdInodeId),
    IndexKind("FID location database", r"fld", FldKey, FldRecord),
    IndexKind("FID location database", r"fld", FldKey, FldRecordOld),
    IndexKind("quota limits", r"quota_master(?:/|--).*|quota_slave.*|0x[0-9a-f]+(?:-.*)?", LquotaKey,
              newest_view(LquotaGlbRec)),
    IndexKind("quota grants", r"quota_master(?:/|--).*|quota_slave.*|0x[0-9a-f]+(?:-.*)?", LquotaKey,
              newest_view(LquotaSlvRec)),
    IndexKind("nodemap", r"nodemap", NodemapKey, NodemapRec),
)


def _kind(name: str, path: str, function: str, does: str, head: type | None, records: type | None) -> FileKind:
    return FileKind(name, path, Does(does, function), head, records)


#: Files of one head and records, in the order of how often people meet them.
FILES: Final = (
    _kind("catalogue list", "CATALOGS", "obdclass/llog_osd.c:llog_osd_get_cat_list",
          "takes what is missing for zeroes: a new catalogue", None, _CATALOGUE),
    _kind("object numbers of OSTs", "lov_objid", "mds/mds_lov.c:mds_lov_read_objids",
          "passes over what is no whole number", None, ObjectId),
    _kind("last object number", "LAST_ID", "obdfilter/filter.c:filter_prep_groups",
          "refuses to start", None, ObjectId),
    _kind("sequences of the server", "seq_srv(?:-.*)?", "fid/fid_store.c:seq_store_read",
          "refuses to start: -EIO", None, _SEQUENCES),
    _kind("sequences of the controller", "seq_ctl(?:-.*)?", "fid/fid_store.c:seq_store_read",
          "refuses to start: -EIO", None, _SEQUENCES),
    _kind("capability keys", "capa_keys", "mdt/mdt_capa.c:mdt_capa_keys_init", "refuses to start", None,
          newest_view(LustreCapaKey)),
    FileKind("replies", "reply_data", Does("refuses to start: -EINVAL", "target/tgt_lastrcvd.c:tgt_reply_data_init"),
             sizes=("lrh_header_size", "lrh_reply_size"), by_magic={
                 LRH_MAGIC_V1: (_HEADER, newest_view(LsdReplyDataV1)),
                 LRH_MAGIC_V2: (_HEADER, newest_view(LsdReplyDataV2))}),
    FileKind("check's bookmark", "lfsck_bookmark",
             Does("makes a new one", "lfsck/lfsck_bookmark.c:lfsck_bookmark_setup"),
             by_magic={0x20130C1D: (LfsckBookmark, None)}),
    FileKind("check of layouts", "lfsck_layout", Does("makes a new one", "lfsck/lfsck_layout.c:lfsck_layout_setup"),
             by_magic=dict.fromkeys((0xB173AE14, 0xB1734D76, 0xB17371B9, 0xB1732FED), (LfsckHead, None))),
    FileKind("check of the namespace", r"lfsck_namespace(?:_\d+)?",
             Does("makes a new one", "lfsck/lfsck_namespace.c:lfsck_namespace_setup"),
             by_magic=dict.fromkeys((0xA0629D03, 0xA0621A0B, 0xA06249FF), (LfsckHead, None))),
)  # fmt: skip

#: Paths of logs; one of 0 bytes is a log that was never written to.
LOGS: Final = re.compile(
    r"(?:^|/|--)(?:CONFIGS(?:/|--)(?!mountdata$)[^/]*|OBJECTS(?:/|--)[0-9a-f]+[_:][0-9a-f]+|changelog_catalog|"
    r"changelog_users|hsm_actions|update_log|update_log_dir(?:/|--).*|O(?:/|--)(?:1|a|10)(?:/|--)d\d+(?:/|--)\d+)$"
)
