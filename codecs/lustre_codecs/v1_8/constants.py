"""Constants of 1.8: the common ones and its own."""

# A dialect's enumeration takes the place of the common one that it extends.
# mypy: disable-error-code="no-redef"

from __future__ import annotations

from typing import Final

from lustre_codecs.common import constants as common
from lustre_codecs.common.constants import *
from lustre_wire.schema import WireEnum, WireFlag


class MsgConnect(WireFlag, extends=common.MsgConnect):
    """pb_op_flags of a connect."""

    MSG_CONNECT_DELAYED = 0x200


class ObdConnect(WireFlag, extends=common.ObdConnect):
    """ocd_connect_flags."""

    OBD_CONNECT_64BITHASH = 0x4000000000
    OBD_CONNECT_MAXBYTES = 0x8000000000
    OBD_CONNECT_IMP_RECOV = 0x10000000000
    OBD_CONNECT_JOBSTATS = 0x20000000000
    OBD_CONNECT_UMASK = 0x40000000000
    OBD_CONNECT_EINPROGRESS = 0x80000000000
    OBD_CONNECT_GRANT_PARAM = 0x100000000000
    OBD_CONNECT_FLOCK_OWNER = 0x200000000000
    OBD_CONNECT_LVB_TYPE = 0x400000000000
    OBD_CONNECT_NANOSEC_TIME = 0x800000000000
    OBD_CONNECT_LIGHTWEIGHT = 0x1000000000000
    OBD_CONNECT_PINGLESS = 0x4000000000000


class ObdFl(WireFlag, extends=common.ObdFl):
    """o_flags of an obdo."""

    OBD_FL_TRUNCLOCK = 0x800
    OBD_FL_MMAP = 0x40000
    OBD_FL_RECOV_RESEND = 0x80000
    OBD_FL_HAVE_LOCK = 0x20000000


class ObdBrw(WireFlag, extends=common.ObdBrw):
    """flags of a niobuf_remote."""

    OBD_BRW_DROP = 0x80
    OBD_BRW_ASYNC = 0x400
    OBD_BRW_READA = 0x1000


class LdlmFl(WireFlag, extends=common.LdlmFl):
    """lock_flags of requests and replies."""

    LDLM_FL_WARN = 0x8000
    LDLM_FL_NO_LRU = 0x400000
    LDLM_FL_SKIPPED = 0x200000000


class LdlmError(WireEnum, extends=common.LdlmError):
    """Positive pb_status of lock replies."""

    ELDLM_LOCK_MATCHED = 1


class LddFlags(WireFlag, extends=common.LddFlags):
    """Flags of a target: ldd_flags, mti_flags."""

    LDD_F_NO_PRIMNODE = 0x1000

# mds_cmd_t
MDS_LAST_OPC: Final = 53

# ldlm_cmd_t
LDLM_LAST_OPC: Final = 107

# llog_cmd_t
LLOG_LAST_OPC: Final = 510

# ldlm_mode_t
LCK_MAXMODE: Final = 65

# ldd
LMD_FLG_WRITECONF: Final = 64
OBD_ROCOMPAT_CROW: Final = 2

# quota
QFMT_LDISKFS: Final = 2

# LUSTRE_RES_ID_SEQ_OFF
LUSTRE_RES_ID_VER_OID_OFF: Final = 1
LUSTRE_RES_ID_WAS_VER_OFF: Final = 2

# llog_ctxt_id
LLOG_MD_ORIG_CTXT: Final = 6
LLOG_MD_REPL_CTXT: Final = 7
LLOG_RD1_ORIG_CTXT: Final = 8
LLOG_RD1_REPL_CTXT: Final = 9
LLOG_TEST_ORIG_CTXT: Final = 10
LLOG_TEST_REPL_CTXT: Final = 11
LLOG_LOVEA_ORIG_CTXT: Final = 12
LLOG_LOVEA_REPL_CTXT: Final = 13
LLOG_MAX_CTXTS: Final = 14

# lustre_quota_version_t
LUSTRE_QUOTA_V1: Final = 0

# o_gr
FILTER_GROUP_LLOG: Final = 1
FILTER_GROUP_ECHO: Final = 2

# fid
FID_SEQ_START: Final = 0x200000000
IDIF_SEQ_START: Final = 0x100000000

# hash
MDS_DIR_END_OFF: Final = 0xfffffffffffffffe

# key_strings
KEY_READONLY: Final = "read-only"
KEY_READONLY_166COMPAT: Final = "readonly"
KEY_MAX_EASIZE: Final = "max_ea_size"
KEY_SYNC_LOCK_CANCEL: Final = "sync_lock_cancel"
KEY_OFF_RPCSIZE: Final = "off_rpcsize"

# lcfg
LCFG_FLG_MOUNTCONF: Final = 1024

# lck
LCK_MODE_NUM: Final = 7

# llog
LLOG_FIRST_OPC: Final = 501

# lov_magic_pattern
LOV_USER_MAGIC_JOIN: Final = 0xbd20bd0
LOV_USER_MAGIC_V1_SWABBED: Final = 0xd00bd10b
LOV_USER_MAGIC_V3_SWABBED: Final = 0xd00bd30b
LOV_MAGIC_JOIN: Final = 0xbd20bd0

# mds_bflags
MDS_BFLAG_EXT_FLAGS: Final = 0x80000000

# obd_connect_supported
MDS_CONNECT_SUPPORTED: Final = 0x8018340f1a1
OST_CONNECT_SUPPORTED: Final = 0x804b34c047e
MGS_CONNECT_SUPPORTED: Final = 0x1000020

# obd_statfs_flags
OBD_STATFS_CACHE_SECONDS: Final = 1

# lustre_idl.h
DRANGE: Final = "[%#16.16lx-%#16.16lx)"
JOIN_FILE_ALIGN: Final = 4096

# lustre_mds.h
LUSTRE_POSIX_ACL_MAX_ENTRIES: Final = 0x20
M_JOIN_FILE: Final = 0x4000000

# lustre_user.h
LL_FILE_LOCKED_DIRECTIO: Final = 8
LL_FILE_LOCKLESS_IO: Final = 0x10
MDS_GRP_DOWNCALL_MAGIC: Final = 0x6d6dd620

# param_strings
PARAM_MDT_UPCALL: Final = "mdt.group_upcall="

# ptlrpc_sizes
JOBSTATS_JOBID_SIZE: Final = 32
PTLRPC_INTEROP_1_6: Final = 1
PTLRPC_BODY_MIN_SIZE: Final = 88
PING_SVC_TIMEOUT: Final = 15
CONNECTION_SWITCH_INC: Final = 1
MGS_THREADS_AUTO_MIN: Final = 2
MGS_MAXREQSIZE: Final = 8192
OSC_DEFAULT_CKSUM: Final = 1

# release_version
LUSTRE_MAJOR: Final = 1
LUSTRE_MINOR: Final = 8
LUSTRE_PATCH: Final = 9
LUSTRE_FIX: Final = 0
LUSTRE_VERSION_STRING: Final = "1.8.9"
CLIENT_URN: Final = "LUSTRE-189-CLT"
MDS_URN: Final = "LUSTRE-189-MDS"
MGS_URN: Final = "LUSTRE-189-MGS"
OSS_URN: Final = "LUSTRE-189-OSS"
LUSTRE_VERSION_CODE: Final = 0x1080900
