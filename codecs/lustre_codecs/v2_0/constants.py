"""Constants of 2.0: the common ones and its own."""

# A dialect's enumeration takes the place of the common one that it extends.
# mypy: disable-error-code="no-redef"

from __future__ import annotations

from typing import Final

from lustre_codecs.common import constants as common
from lustre_codecs.common.constants import *
from lustre_wire.schema import WireEnum, WireFlag


class Opcode(WireEnum, extends=common.Opcode):
    """pb_opc."""

    MDS_GET_INFO = 53
    LDLM_SET_INFO = 107
    FLD_QUERY = 900


class MsghdrFlags(WireFlag, extends=common.MsghdrFlags):
    """lm_flags of a lustre_msg v2."""

    MSGHDR_CKSUM_INCOMPAT18 = 2


class ObdMd(WireFlag, extends=common.ObdMd):
    """Which attributes a body holds or asks for."""

    OBD_MD_MDTIDX = 0x800000000
    OBD_MD_FLGETATTRLOCK = 0x200000000000


class ObdFl(WireFlag, extends=common.ObdFl):
    """o_flags of an obdo."""

    OBD_FL_SRVLOCK = 0x800


class ObdBrw(WireFlag, extends=common.ObdBrw):
    """flags of a niobuf_remote."""

    OBD_BRW_NOCACHE = 0x80


class MdsOpen(WireFlag, extends=common.MdsOpen):
    """Open flags of a record; the low bits are those of open(2)."""

    FMODE_EPOCH = 0x40000
    FMODE_TRUNC = 0x80000
    FMODE_SOM = 0x100000
    FMODE_CLOSED = 0
    MDS_OPEN_CREATED = 8
    MDS_OPEN_CROSS = 0x10


class LdlmMode(WireFlag, extends=common.LdlmMode):
    """Lock modes; a mask, one bit a mode."""

    LCK_COS = 0x80


class LlogOp(WireEnum, extends=common.LlogOp):
    """lrh_type of llog records."""

    CHANGELOG_USER_REC = 0x10670000


class LcfgCommand(WireEnum, extends=common.LcfgCommand):
    """lcfg_command of configuration records."""

    LCFG_ADD_MDC = 0xcf014
    LCFG_DEL_MDC = 0xcf015
    LCFG_SPTLRPC_CONF = 0xce016


class LddFlags(WireFlag, extends=common.LddFlags):
    """Flags of a target: ldd_flags, mti_flags."""

    LDD_F_SV_ALL = 8
    LDD_F_IAM_DIR = 0x800


class CapaOpc(WireFlag):
    """lc_opc: what a capability allows."""

    CAPA_OPC_BODY_WRITE = 0x1
    CAPA_OPC_BODY_READ = 0x2
    CAPA_OPC_INDEX_LOOKUP = 0x4
    CAPA_OPC_INDEX_INSERT = 0x8
    CAPA_OPC_INDEX_DELETE = 0x10
    CAPA_OPC_OSS_WRITE = 0x20
    CAPA_OPC_OSS_READ = 0x40
    CAPA_OPC_OSS_TRUNC = 0x80
    CAPA_OPC_OSS_DESTROY = 0x100
    CAPA_OPC_META_WRITE = 0x200
    CAPA_OPC_META_READ = 0x400


class ChangelogRecType(WireEnum):
    """cr_type."""

    CL_MARK = 0
    CL_CREATE = 1
    CL_MKDIR = 2
    CL_HARDLINK = 3
    CL_SOFTLINK = 4
    CL_MKNOD = 5
    CL_UNLINK = 6
    CL_RMDIR = 7
    CL_RENAME = 8
    CL_EXT = 9
    CL_OPEN = 10
    CL_CLOSE = 11
    CL_IOCTL = 12
    CL_TRUNC = 13
    CL_SETATTR = 14
    CL_XATTR = 15
    CL_HSM = 16
    CL_TIME = 17


class FidSeq(WireEnum):
    """Reserved FID sequences and the ends of their ranges."""

    FID_SEQ_OST_MDT0 = 0
    FID_SEQ_LLOG = 1
    FID_SEQ_ECHO = 2
    FID_SEQ_OST_MDT1 = 3
    FID_SEQ_OST_MAX = 9
    FID_SEQ_RSVD = 0xb
    FID_SEQ_IGIF = 0xc
    FID_SEQ_IGIF_MAX = 0xffffffff
    FID_SEQ_IDIF = 0x100000000
    FID_SEQ_IDIF_MAX = 0x1ffffffff
    FID_SEQ_START = 0x200000000
    FID_SEQ_LOCAL_FILE = 0x200000001
    FID_SEQ_DOT_LUSTRE = 0x200000002
    FID_SEQ_NORMAL = 0x200000400


class MdOpFlags(WireFlag):
    """Flags of an I/O epoch."""

    MF_SOM_CHANGE = 1
    MF_EPOCH_OPEN = 2
    MF_EPOCH_CLOSE = 4
    MF_MDC_CANCEL_FID1 = 8
    MF_MDC_CANCEL_FID2 = 0x10
    MF_MDC_CANCEL_FID3 = 0x20
    MF_MDC_CANCEL_FID4 = 0x40
    MF_SOM_AU = 0x80
    MF_GETATTR_LOCK = 0x100


class MdsMay(WireFlag):
    """Permission bits of a remote permission."""

    MAY_CREATE = 0x80
    MAY_LINK = 0x100
    MAY_UNLINK = 0x200
    MAY_RENAME_SRC = 0x400
    MAY_RENAME_TAR = 0x800
    MAY_VTX_PART = 0x1000
    MAY_VTX_FULL = 0x2000
    MAY_RGETFACL = 0x4000


class SptlrpcPolicy(WireEnum):
    """Policy of a security flavour."""

    SPTLRPC_POLICY_NULL = 0
    SPTLRPC_POLICY_PLAIN = 1
    SPTLRPC_POLICY_GSS = 2


class SptlrpcService(WireEnum):
    """Protection of RPCs."""

    SPTLRPC_SVC_NULL = 0
    SPTLRPC_SVC_AUTH = 1
    SPTLRPC_SVC_INTG = 2
    SPTLRPC_SVC_PRIV = 3


class SptlrpcBulkType(WireEnum):
    """Kind of bulk protection."""

    SPTLRPC_BULK_DEFAULT = 0
    SPTLRPC_BULK_HASH = 1


class SptlrpcBulkService(WireEnum):
    """Protection of bulk."""

    SPTLRPC_BULK_SVC_NULL = 0
    SPTLRPC_BULK_SVC_AUTH = 1
    SPTLRPC_BULK_SVC_INTG = 2
    SPTLRPC_BULK_SVC_PRIV = 3


class BulkHashAlg(WireEnum):
    """Hash over bulk."""

    BULK_HASH_ALG_NULL = 0
    BULK_HASH_ALG_ADLER32 = 1
    BULK_HASH_ALG_CRC32 = 2
    BULK_HASH_ALG_MD5 = 3
    BULK_HASH_ALG_SHA1 = 4
    BULK_HASH_ALG_SHA256 = 5
    BULK_HASH_ALG_SHA384 = 6
    BULK_HASH_ALG_SHA512 = 7


class LustreSecPart(WireEnum):
    """Sender part of lm_secflvr."""

    LUSTRE_SP_CLI = 0
    LUSTRE_SP_MDT = 1
    LUSTRE_SP_OST = 2
    LUSTRE_SP_MGC = 3
    LUSTRE_SP_MGS = 4
    LUSTRE_SP_ANY = 255


class PtlrpcGssProc(WireEnum):
    """gh_proc of a GSS header."""

    PTLRPC_GSS_PROC_DATA = 0
    PTLRPC_GSS_PROC_INIT = 1
    PTLRPC_GSS_PROC_CONTINUE_INIT = 2
    PTLRPC_GSS_PROC_DESTROY = 3
    PTLRPC_GSS_PROC_ERR = 4


class PtlrpcGssFlags(WireFlag):
    """gh_flags of a GSS header."""

    LUSTRE_GSS_PACK_BULK = 1
    LUSTRE_GSS_PACK_USER = 2

# mds_cmd_t
MDS_LAST_OPC: Final = 54

# ldlm_cmd_t
LDLM_LAST_OPC: Final = 108

# llogd_rpc_ops
LLOG_LAST_OPC: Final = 510
LLOG_FIRST_OPC: Final = 501

# fld_rpc_opc
FLD_LAST_OPC: Final = 901
FLD_FIRST_OPC: Final = 900

# ldlm_mode_t
LCK_MAXMODE: Final = 129

# ldd
OBD_INCOMPAT_IAM_DIR: Final = 64
OBD_INCOMPAT_LMA: Final = 128
LUSTRE_FLD_NAME: Final = "fld"
LUSTRE_CMM_NAME: Final = "cmm"
LUSTRE_MDD_NAME: Final = "mdd"
LUSTRE_OSD_NAME: Final = "osd-ldiskfs"
LUSTRE_VVP_NAME: Final = "vvp"
LUSTRE_LMV_NAME: Final = "lmv"
LUSTRE_CMM_MDC_NAME: Final = "cmm-mdc"
LUSTRE_SLP_NAME: Final = "slp"

# changelog_rec_type
CL_LAST: Final = 18

# sptlrpc_policy
SPTLRPC_POLICY_MAX: Final = 3

# sptlrpc_service_type
SPTLRPC_SVC_MAX: Final = 4

# sptlrpc_bulk_type
SPTLRPC_BULK_MAX: Final = 2

# sptlrpc_bulk_service
SPTLRPC_BULK_SVC_MAX: Final = 4

# sptlrpc_bulk_hash_alg
BULK_HASH_ALG_MAX: Final = 8

# capa
CAPA_OPC_OSS_RW: Final = 0x60
CAPA_OPC_MDS_ONLY: Final = 0x1f
CAPA_OPC_OSS_ONLY: Final = 0x1e0
CAPA_OPC_MDS_DEFAULT: Final = -0x1e1
CAPA_OPC_OSS_DEFAULT: Final = -0x200
CAPA_FL_MASK: Final = 0xffffff
CAPA_HMAC_ALG_MASK: Final = 0xff000000
CAPA_KEYS: Final = "capa_keys"
CAPA_TIMEOUT: Final = 0x708
CAPA_KEY_TIMEOUT: Final = 0x15180

# LUSTRE_RES_ID_SEQ_OFF
LUSTRE_RES_ID_OID_OFF: Final = 1
LUSTRE_RES_ID_VER_OFF: Final = 2

# LUSTRE_SEQ_MAX_WIDTH
LUSTRE_SEQ_META_WIDTH: Final = 1
LUSTRE_SEQ_BATCH_WIDTH: Final = 0x3e8
LUSTRE_SEQ_SUPER_WIDTH: Final = 0x40000000

# llog_ctxt_id
LLOG_RD1_ORIG_CTXT: Final = 6
LLOG_RD1_REPL_CTXT: Final = 7
LLOG_TEST_ORIG_CTXT: Final = 8
LLOG_TEST_REPL_CTXT: Final = 9
LLOG_LOVEA_ORIG_CTXT: Final = 10
LLOG_LOVEA_REPL_CTXT: Final = 11
LLOG_CHANGELOG_ORIG_CTXT: Final = 12
LLOG_CHANGELOG_REPL_CTXT: Final = 13
LLOG_CHANGELOG_USER_ORIG_CTXT: Final = 14
LLOG_MAX_CTXTS: Final = 15

# fid
OBIF_OID_MAX_BITS: Final = 0x20
OBIF_MAX_OID: Final = 0x100000000
OBIF_OID_MASK: Final = 0xffffffff
IDIF_OID_MAX_BITS: Final = 0x30
IDIF_MAX_OID: Final = 0x1000000000000
IDIF_OID_MASK: Final = 0xffffffffffff
LUSTRE_SEQ_NAME: Final = "seq"
FID_SEQ_DISTRIBUTED_START: Final = 0x200000400
LUSTRE_SEQ_SRV_NAME: Final = "seq_srv"
LUSTRE_SEQ_CTL_NAME: Final = "seq_ctl"

# hash
DIR_END_OFF: Final = 0xfffffffffffffffe
MAX_HASH_SIZE_32: Final = 0x7fffffff
MAX_HASH_SIZE: Final = 0x7fffffffffffffff
MAX_HASH_HIGHEST_BIT: Final = 0x1000000000000000

# key_strings
KEY_CHANGELOG_CLEAR: Final = "changelog_clear"
KEY_FID2PATH: Final = "fid2path"
KEY_CONN_DATA: Final = "conn_data"
KEY_FLUSH_CTX: Final = "flush_ctx"
KEY_HSM_COPYTOOL_SEND: Final = "hsm_send"
KEY_INTERMDS: Final = "inter_mds"
KEY_LOV_IDX: Final = "lov_idx"
KEY_MAX_EASIZE: Final = "max_easize"
KEY_MGSSEC: Final = "mgssec"
KEY_READ_ONLY: Final = "read-only"
KEY_REVIMP_UPD: Final = "revimp_update"
KEY_SPTLRPC_CONF: Final = "sptlrpc_conf"

# lck
LCK_MODE_NUM: Final = 8
LCK_COMPAT_COS: Final = 128

# ldlm_misc
LDLM_CTIME_AGE_LIMIT: Final = 10

# llog
LLOG_FLAG_NODEAMON: Final = 1

# lov_magic_pattern
LOV_USER_MAGIC_JOIN_V1: Final = 0xbd20bd0
LOV_MAGIC_JOIN_V1: Final = 0xbd20bd0
MEA_MAGIC_LAST_CHAR: Final = 0xb2221ca1
MEA_MAGIC_ALL_CHARS: Final = 0xb222a11c
MEA_MAGIC_HASH_SEGMENT: Final = 0xb222a11b

# obd_connect_supported
MDT_CONNECT_SUPPORTED: Final = 0x11c7f3b1a1
OST_CONNECT_SUPPORTED: Final = 0x16b36f047e
MGS_CONNECT_SUPPORTED: Final = 0x1001000020

# lustre_dlm.h
LUSTRE_TRACKS_LOCK_EXP_REFS: Final = 1

# lustre_idl.h
DRANGE: Final = "[%#16.16lx-%#16.16lx):%x"
LMA_INCOMPAT_SUPP: Final = 0
MF_SOM_LOCAL_FLAGS: Final = 7
LINK_EA_MAGIC: Final = 0x11eaf1df

# lustre_mds.h
MDD_OBD_NAME: Final = "mdd_obd"
MDD_OBD_UUID: Final = "mdd_obd_uuid"
MDD_OBD_TYPE: Final = "mds"

# lustre_user.h
LL_FILE_RMTACL: Final = 8
IDENTITY_DOWNCALL_MAGIC: Final = 0x6d6dd620
N_PERMS_MAX: Final = 0x40
NOBODY_UID: Final = 0x63
NOBODY_GID: Final = 0x63
INVALID_ID: Final = -1

# param_strings
PARAM_NETWORK: Final = "network="
PARAM_MDD: Final = "mdd."
PARAM_SRPC: Final = "srpc."
PARAM_SRPC_FLVR: Final = "srpc.flavor."
PARAM_SRPC_UDESC: Final = "srpc.udesc.cli2mdt"
PARAM_SEC: Final = "security."

# ptlrpc_sizes
MAX_MDT_COUNT: Final = 8
MAX_MD_SIZE: Final = 128
MIN_MD_SIZE: Final = 56
CONNECTION_SWITCH_INC: Final = 5
PTLRPC_CTX_NEW_BIT: Final = 0
PTLRPC_CTX_UPTODATE_BIT: Final = 1
PTLRPC_CTX_DEAD_BIT: Final = 2
PTLRPC_CTX_ERROR_BIT: Final = 3
PTLRPC_CTX_CACHED_BIT: Final = 8
PTLRPC_CTX_ETERNAL_BIT: Final = 9
PTLRPC_CTX_NEW: Final = 1
PTLRPC_CTX_UPTODATE: Final = 2
PTLRPC_CTX_DEAD: Final = 4
PTLRPC_CTX_ERROR: Final = 8
PTLRPC_CTX_CACHED: Final = 256
PTLRPC_CTX_ETERNAL: Final = 512
PTLRPC_CTX_STATUS_MASK: Final = 14
PTLRPC_SEC_FL_REVERSE: Final = 1
PTLRPC_SEC_FL_ROOTONLY: Final = 2
PTLRPC_SEC_FL_UDESC: Final = 4
PTLRPC_SEC_FL_BULK: Final = 8
PTLRPC_SEC_FL_PAG: Final = 16
MGS_THREADS_AUTO_MIN: Final = 3
MGS_MAXREQSIZE: Final = 7168

# release_version
LUSTRE_MAJOR: Final = 2
LUSTRE_MINOR: Final = 0
LUSTRE_PATCH: Final = 0
LUSTRE_FIX: Final = 1
LUSTRE_VERSION_STRING: Final = "2.0.0.1"
CLIENT_URN: Final = "LUSTRE-200-CLT"
MDS_URN: Final = "LUSTRE-200-MDS"
MGS_URN: Final = "LUSTRE-200-MGS"
OSS_URN: Final = "LUSTRE-200-OSS"
LUSTRE_VERSION_CODE: Final = 0x2000001

# sptlrpc
SPTLRPC_SUBFLVR_KRB5N: Final = 1
SPTLRPC_SUBFLVR_KRB5A: Final = 0x11
SPTLRPC_SUBFLVR_KRB5I: Final = 0x21
SPTLRPC_SUBFLVR_KRB5P: Final = 0x31
SPTLRPC_FLVR_NULL: Final = 0
SPTLRPC_FLVR_PLAIN: Final = 0x21001
SPTLRPC_FLVR_KRB5N: Final = 0x12
SPTLRPC_FLVR_KRB5A: Final = 0x112
SPTLRPC_FLVR_KRB5I: Final = 0x20212
SPTLRPC_FLVR_KRB5P: Final = 0x30312
SPTLRPC_FLVR_DEFAULT: Final = 0
SPTLRPC_FLVR_INVALID: Final = 0xffffffff
SPTLRPC_FLVR_ANY: Final = 0xfff00000
SPTLRPC_MAX_PAYLOAD: Final = 0x400
PTLRPC_GSS_VERSION: Final = 1
PTLRPC_GSS_MAX_HANDLE_SIZE: Final = 8
GSS_SEQ_WIN: Final = 0x800
GSS_SEQ_WIN_MAIN: Final = 0x800
GSS_SEQ_WIN_BACK: Final = 0x80
PLAIN_PACK_SEGMENTS: Final = 4
PLAIN_PACK_HDR_OFF: Final = 0
PLAIN_PACK_MSG_OFF: Final = 1
PLAIN_PACK_USER_OFF: Final = 2
PLAIN_PACK_BULK_OFF: Final = 3
PLAIN_FL_USER: Final = 1
PLAIN_FL_BULK: Final = 2
PLAIN_BSD_SIZE: Final = 0x10

# changelog
CLF_VERSION: Final = 0x1000
CLF_FLAGMASK: Final = 0xfff
CR_MAXSIZE: Final = 0x1040
CHANGELOG_MAGIC: Final = 0xca103000
CHANGELOG_MINMASK: Final = 1
CHANGELOG_ALLMASK: Final = 0xffffffff
CHANGELOG_DEFMASK: Final = 0xffffffff
CHANGELOG_CATALOG: Final = "changelog_catalog"
CHANGELOG_USER_PREFIX: Final = "cl"
CHANGELOG_USERS: Final = "changelog_users"

# CAPA_HMAC_ALG_SHA1
CAPA_HMAC_ALG_SHA1: Final = 1
CAPA_HMAC_ALG_MAX: Final = 2

# CAPA_SITE_CLIENT
CAPA_SITE_CLIENT: Final = 0
CAPA_SITE_SERVER: Final = 1
CAPA_SITE_MAX: Final = 2

# ESERIOUS
ESERIOUS: Final = 4096

# MDS_CHECK_SPLIT
MDS_CHECK_SPLIT: Final = 1
MDS_CROSS_REF: Final = 2
MDS_VTX_BYPASS: Final = 4
MDS_PERM_BYPASS: Final = 8
MDS_SOM: Final = 16
MDS_QUOTA_IGNORE: Final = 32
MDS_CLOSE_CLEANUP: Final = 64

# QC_GENERAL
QC_GENERAL: Final = 0
QC_MDTIDX: Final = 1
QC_OSTIDX: Final = 2
QC_UUID: Final = 3

# changelog_message_type
CL_RECORD: Final = 10
CL_EOF: Final = 11

# hsm_action
HSMA_ARCHIVE: Final = 20
HSMA_RESTORE: Final = 21
HSMA_REMOVE: Final = 22
HSMA_CANCEL: Final = 23

# hsm_request
HSMR_ARCHIVE: Final = 10
HSMR_RESTORE: Final = 11
HSMR_RELEASE: Final = 12
HSMR_REMOVE: Final = 13
HSMR_CANCEL: Final = 14

# lma_compat
LMAC_HSM: Final = 1
LMAC_SOM: Final = 2

# ptlrpc_gss_tgt
LUSTRE_GSS_TGT_MGS: Final = 0
LUSTRE_GSS_TGT_MDS: Final = 1
LUSTRE_GSS_TGT_OSS: Final = 2

# sptlrpc_mech_gss
SPTLRPC_MECH_GSS_NULL: Final = 0
SPTLRPC_MECH_GSS_KRB5: Final = 1
SPTLRPC_MECH_GSS_MAX: Final = 2

# sptlrpc_mech_null
SPTLRPC_MECH_NULL: Final = 0
SPTLRPC_MECH_NULL_MAX: Final = 1

# sptlrpc_mech_plain
SPTLRPC_MECH_PLAIN: Final = 0
SPTLRPC_MECH_PLAIN_MAX: Final = 1

# lustre_acl.h
LUSTRE_POSIX_ACL_MAX_ENTRIES: Final = 32
LUSTRE_POSIX_ACL_MAX_SIZE: Final = 0

# lustre_cfg.h
INVALID_UID: Final = -1

# lustre_disk.h
CONFIGS_FILE: Final = "mountdata"
ENOENT_VERSION: Final = 1

# lustre_fid.h
LU_DOT_LUSTRE_SEQ: Final = 0x200000002

# lustre_sec.h
FLVR_POLICY_OFFSET: Final = 0
FLVR_MECH_OFFSET: Final = 4
FLVR_SVC_OFFSET: Final = 8
FLVR_BULK_TYPE_OFFSET: Final = 12
FLVR_BULK_SVC_OFFSET: Final = 16
LUSTRE_MAX_GROUPS: Final = 128

# xattr_names
XATTR_NAME_ACL_ACCESS: Final = "system.posix_acl_access"
XATTR_NAME_ACL_DEFAULT: Final = "system.posix_acl_default"
XATTR_USER_PREFIX: Final = "user."
XATTR_TRUSTED_PREFIX: Final = "trusted."
XATTR_SECURITY_PREFIX: Final = "security."
XATTR_LUSTRE_PREFIX: Final = "lustre."
XATTR_NAME_LOV: Final = "trusted.lov"
XATTR_NAME_LMA: Final = "trusted.lma"
XATTR_NAME_LMV: Final = "trusted.lmv"
XATTR_NAME_LINK: Final = "trusted.link"
