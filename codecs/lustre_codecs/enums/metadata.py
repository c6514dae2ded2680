"""Numbers of metadata operations, directories and attributes."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class ObdMd(WireFlag):
    """Which attributes a body holds or asks for."""

    OBD_MD_FLID = 1
    OBD_MD_FLATIME = 2
    OBD_MD_FLMTIME = 4
    OBD_MD_FLCTIME = 8
    OBD_MD_FLSIZE = 0x10
    OBD_MD_FLBLOCKS = 0x20
    OBD_MD_FLBLKSZ = 0x40
    OBD_MD_FLMODE = 0x80
    OBD_MD_FLTYPE = 0x100
    OBD_MD_FLUID = 0x200
    OBD_MD_FLGID = 0x400
    OBD_MD_FLFLAGS = 0x800
    OBD_MD_DOM_SIZE = 0x1000, since("2.11")
    OBD_MD_FLNLINK = 0x2000
    OBD_MD_FLGENER = 0x4000, until("2.12")
    OBD_MD_FLPARENT = 0x4000, since("2.12")
    OBD_MD_FLRDEV = 0x10000
    OBD_MD_FLEASIZE = 0x20000
    OBD_MD_LINKNAME = 0x40000
    OBD_MD_FLHANDLE = 0x80000
    OBD_MD_FLCKSUM = 0x100000
    OBD_MD_FLQOS = 0x200000, until("2.12")
    OBD_MD_FLPRJQUOTA = 0x400000, since("2.10")
    OBD_MD_FLOSCOPQ = 0x400000, until("1.8.9", "2.0")
    OBD_MD_FLCOOKIE = 0x800000, until("2.8")
    OBD_MD_FLGROUP = 0x1000000
    OBD_MD_FLFID = 0x2000000
    OBD_MD_FLEPOCH = 0x4000000, until("2.12")
    OBD_MD_FLGRANT = 0x8000000
    OBD_MD_FLDIREA = 0x10000000
    OBD_MD_FLUSRQUOTA = 0x20000000
    OBD_MD_FLGRPQUOTA = 0x40000000
    OBD_MD_FLMODEASIZE = 0x80000000
    OBD_MD_MDS = 0x100000000
    OBD_MD_REINT = 0x200000000, until("2.12")
    OBD_MD_MEA = 0x400000000
    OBD_MD_MDTIDX = 0x800000000, since("2.0").until("2.4")
    OBD_MD_TSTATE = 0x800000000, since("2.5")
    OBD_MD_FLXATTR = 0x1000000000
    OBD_MD_FLXATTRLS = 0x2000000000
    OBD_MD_FLXATTRRM = 0x4000000000
    OBD_MD_FLACL = 0x8000000000
    OBD_MD_FLRMTPERM = 0x10000000000, until("2.9")
    OBD_MD_FLAGSTATFS = 0x10000000000, since("2.12")
    OBD_MD_FLMDSCAPA = 0x20000000000, until("2.12")
    OBD_MD_FLOSSCAPA = 0x40000000000, until("2.12")
    OBD_MD_FLCKSPLIT = 0x80000000000, until("2.12")
    OBD_MD_FLCROSSREF = 0x100000000000
    OBD_MD_FLGETATTRLOCK = 0x200000000000, since("2.0")
    OBD_MD_FLOBJCOUNT = 0x400000000000, since("2.3")
    OBD_MD_FLRMTLSETFACL = 0x1000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLRMTLGETFACL = 0x2000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLRMTRSETFACL = 0x4000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLRMTRGETFACL = 0x8000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLDATAVERSION = 0x10000000000000, since("2.2")
    OBD_MD_CLOSE_INTENT_EXECED = 0x20000000000000, since("2.8")
    OBD_MD_FLRELEASED = 0x20000000000000, since("2.5").until("2.8")
    OBD_MD_DEFAULT_MEA = 0x40000000000000, since("2.6")
    OBD_MD_FLOSTLAYOUT = 0x80000000000000, since("2.10")
    OBD_MD_FLPROJID = 0x100000000000000, since("2.10")
    OBD_MD_SECCTX = 0x200000000000000, since("2.12.9", "2.13")
    OBD_MD_FLLAZYSIZE = 0x400000000000000, since("2.12.9", "2.13")
    OBD_MD_FLLAZYBLOCKS = 0x800000000000000, since("2.12.9", "2.13")
    OBD_MD_FLBTIME = 0x1000000000000000, since("2.14")
    OBD_MD_ENCCTX = 0x2000000000000000, since("2.14")
    OBD_MD_LAYOUT_VERSION = 0x8000, since("2.11")
    OBD_MD_NAMEHASH = 0x4000000000000000, since("2.15")


class MdsReint(WireEnum):
    """First word of a metadata record."""

    REINT_SETATTR = 1
    REINT_CREATE = 2
    REINT_LINK = 3
    REINT_UNLINK = 4
    REINT_RENAME = 5
    REINT_OPEN = 6
    REINT_SETXATTR = 7
    REINT_RMENTRY = 8, since("2.4")
    REINT_MIGRATE = 9, since("2.6")
    REINT_RESYNC = 0xa, since("2.11")


class MdsAttr(WireFlag):
    """Which attributes a setattr record sets."""

    MDS_ATTR_MODE = 1
    MDS_ATTR_UID = 2
    MDS_ATTR_GID = 4
    MDS_ATTR_SIZE = 8
    MDS_ATTR_ATIME = 0x10
    MDS_ATTR_MTIME = 0x20
    MDS_ATTR_CTIME = 0x40
    MDS_ATTR_ATIME_SET = 0x80
    MDS_ATTR_MTIME_SET = 0x100
    MDS_ATTR_FORCE = 0x200
    MDS_ATTR_ATTR_FLAG = 0x400
    MDS_ATTR_KILL_SUID = 0x800
    MDS_ATTR_KILL_SGID = 0x1000
    MDS_ATTR_CTIME_SET = 0x2000
    MDS_ATTR_FROM_OPEN = 0x4000
    MDS_ATTR_BLOCKS = 0x8000
    MDS_ATTR_PROJID = 0x10000, since("2.10")
    MDS_ATTR_LSIZE = 0x20000, since("2.12")
    MDS_ATTR_LBLOCKS = 0x40000, since("2.12")
    MDS_ATTR_OVERRIDE = 0x2000000, since("2.12")


class MdsOpen(WireFlag):
    """Open flags of a record; the low bits are those of open(2)."""

    FMODE_CLOSED = 0, since("2.0").until("2.2")
    MDS_FMODE_CLOSED = 0, since("2.2")
    FMODE_READ = 1, until("2.11")
    FMODE_WRITE = 2, until("2.11")
    MDS_FMODE_READ = 1, since("2.11")
    MDS_FMODE_WRITE = 2, since("2.11")
    MDS_FMODE_EXEC = 4
    MDS_OPEN_CREATED = 8, since("2.0")
    MDS_OPEN_CROSS = 0x10, since("2.0").until("2.12")
    MDS_OPEN_CREAT = 0x40
    MDS_OPEN_EXCL = 0x80
    MDS_OPEN_TRUNC = 0x200
    MDS_OPEN_APPEND = 0x400
    MDS_OPEN_SYNC = 0x1000
    MDS_OPEN_DIRECTORY = 0x10000
    FMODE_EPOCH = 0x40000, since("2.0").until("2.2")
    MDS_FMODE_EPOCH = 0x40000, since("2.2").until("2.8")
    FMODE_TRUNC = 0x80000, since("2.0").until("2.2")
    MDS_FMODE_TRUNC = 0x80000, since("2.2").until("2.8")
    FMODE_SOM = 0x100000, since("2.0").until("2.2")
    MDS_FMODE_SOM = 0x100000, since("2.2").until("2.8")
    MDS_OPEN_BY_FID = 0x800000, since("2.3")
    MDS_OPEN_DELAY_CREATE = 0x1000000
    MDS_OPEN_OWNEROVERRIDE = 0x2000000
    MDS_OPEN_JOIN_FILE = 0x4000000, until("2.16")
    MDS_CREATE_RMT_ACL = 0x8000000, since("1.8.9", "2.0").until("2.4")
    MDS_CREATE_SLAVE_OBJ = 0x10000000, since("1.8.9", "2.0").until("2.4")
    MDS_OPEN_LOCK = 0x20000000
    MDS_OPEN_HAS_EA = 0x40000000
    MDS_OPEN_HAS_OBJS = 0x80000000
    MDS_OPEN_NORESTORE = 0x200000000, since("2.1")
    MDS_OPEN_NEWSTRIPE = 0x400000000, since("2.1")
    MDS_OPEN_VOLATILE = 0x800000000, since("2.4")
    MDS_OPEN_LEASE = 0x1000000000, since("2.5")
    MDS_OPEN_RESYNC = 0x4000000000, since("2.11")
    MDS_OPEN_PCC = 0x8000000000, since("2.13")
    MDS_OPEN_DEFAULT_LMV = 0x20000000000, since("2.16")
    MDS_FMODE_EXECUTE = 0x10, since("2.17")
    MDS_OPEN_NOCTTY = 0x100, since("2.17")
    MDS_OPEN_NONBLOCK = 0x800, since("2.17")
    MDS_OPEN_FASYNC = 0x2000, since("2.17")
    MDS_OPEN_LARGEFILE = 0x8000, since("2.17")
    MDS_OPEN_NOFOLLOW = 0x20000, since("2.17")
    MDS_OPEN_RELEASE = 0x2000000000, since("2.5")
    MDS_OP_WITH_FID = 0x10000000000, since("2.15")


class _MdsOpenHigh(WireFlag):
    """The upper half of `MdsOpen`, which has a field of its own."""

    _ignore_ = ["name", "member"]
    for name, member in MdsOpen.__members__.items():
        if int(member) >> 32:
            vars()[name] = int(member) >> 32


class _MdsMakeHigh(WireFlag):
    """The same half of a mkdir, which says that it takes a layout in the reply by an open's bit (lustre_user.h)."""

    _ignore_ = ["name", "member"]
    for name, member in _MdsOpenHigh.__members__.items():
        vars()[name if name != "MDS_OPEN_RESYNC" else "MDS_MKDIR_LMV"] = int(member)


class MdsInodeFl(WireFlag, until="2.2"):
    """Inode flags of a body or a setattr record."""

    MDS_SYNC_FL = 8
    MDS_IMMUTABLE_FL = 0x10
    MDS_APPEND_FL = 0x20
    MDS_NOATIME_FL = 0x80
    MDS_DIRSYNC_FL = 0x10000
    MDS_BFLAG_EXT_FLAGS = 0x80000000, until("2.0")


class MdsInodelock(WireFlag):
    """Bits of an inode lock."""

    MDS_INODELOCK_LOOKUP = 1
    MDS_INODELOCK_UPDATE = 2
    MDS_INODELOCK_OPEN = 4
    MDS_INODELOCK_LAYOUT = 8, since("2.2")
    MDS_INODELOCK_PERM = 0x10, since("2.4")
    MDS_INODELOCK_XATTR = 0x20, since("2.5")
    MDS_INODELOCK_DOM = 0x40, since("2.11")


class Disposition(WireFlag):
    """lock_policy_res1 of an intent's reply: what the server did."""

    DISP_IT_EXECD = 1
    DISP_LOOKUP_EXECD = 2
    DISP_LOOKUP_NEG = 4
    DISP_LOOKUP_POS = 8
    DISP_OPEN_CREATE = 0x10
    DISP_OPEN_OPEN = 0x20
    DISP_ENQ_COMPLETE = 0x400000
    DISP_ENQ_OPEN_REF = 0x800000
    DISP_ENQ_CREATE_REF = 0x1000000
    DISP_OPEN_LOCK = 0x2000000
    DISP_OPEN_LEASE = 0x4000000, since("2.5")
    DISP_OPEN_STRIPE = 0x8000000, since("2.5.3", "2.6")
    DISP_OPEN_DENY = 0x10000000, since("2.7")


class ItOp(WireFlag):
    """opc of an ldlm_intent."""

    IT_OPEN = 1
    IT_CREAT = 2
    IT_READDIR = 4
    IT_GETATTR = 8
    IT_LOOKUP = 0x10
    IT_UNLINK = 0x20, until("2.12")
    IT_TRUNC = 0x40, until("2.12")
    IT_GETXATTR = 0x80
    IT_EXEC = 0x100, since("2.1").until("2.12")
    IT_PIN = 0x200, since("2.1").until("2.12")
    IT_LAYOUT = 0x400, since("2.2")
    IT_QUOTA_DQACQ = 0x800, since("2.4")
    IT_QUOTA_CONN = 0x1000, since("2.4")
    IT_SETXATTR = 0x2000, since("2.5").until("2.12")
    IT_GLIMPSE = 0x4000, since("2.11")
    IT_BRW = 0x8000, since("2.11")


class MdOpFlags(WireFlag, since="2.0", until="2.8"):
    """Flags of an I/O epoch."""

    MF_SOM_CHANGE = 1
    MF_EPOCH_OPEN = 2
    MF_EPOCH_CLOSE = 4
    MF_MDC_CANCEL_FID1 = 1, was(8, "2.0").since("2.8")
    MF_MDC_CANCEL_FID2 = 2, was(0x10, "2.0").since("2.8")
    MF_MDC_CANCEL_FID3 = 4, was(0x20, "2.0").since("2.8")
    MF_MDC_CANCEL_FID4 = 8, was(0x40, "2.0").since("2.8")
    MF_SOM_AU = 0x80
    MF_GETATTR_LOCK = 0x100


class MdsMay(WireFlag, since="2.0", until="2.8"):
    """Permission bits of a remote permission."""

    MAY_CREATE = 0x80
    MAY_LINK = 0x100
    MAY_UNLINK = 0x200
    MAY_RENAME_SRC = 0x400
    MAY_RENAME_TAR = 0x800
    MAY_VTX_PART = 0x1000
    MAY_VTX_FULL = 0x2000
    MAY_RGETFACL = 0x4000, since("2.0")


class LuDirentAttrs(WireFlag, since=("1.8.9", "2.0")):
    """Which attributes follow the name of a directory entry."""

    LUDA_FID = 1
    LUDA_TYPE = 2
    LUDA_64BITHASH = 4, since("2.1")


class LuDirpageFlags(WireFlag):
    """ldp_flags."""

    LDF_EMPTY = 1, since("1.8.9", "2.0")
    LDF_COLLIDE = 2, since("2.1")


class AclTag(WireEnum):
    """e_tag of a POSIX ACL entry: whom it is about (linux/posix_acl.h)."""

    ACL_USER_OBJ = 1
    ACL_USER = 2
    ACL_GROUP_OBJ = 4
    ACL_GROUP = 8
    ACL_MASK = 0x10
    ACL_OTHER = 0x20


class AclPerm(WireFlag):
    """e_perm of a POSIX ACL entry (linux/posix_acl.h)."""

    ACL_READ = 4
    ACL_WRITE = 2
    ACL_EXECUTE = 1


class LmaCompat(WireFlag, since="2.5"):
    """lma_compat: which further attributes of a file count."""

    LMAC_HSM = 1, since("2.0")
    LMAC_SOM = 2, since("2.0").until("2.8")
    LMAC_NOT_IN_OI = 4
    LMAC_FID_ON_OST = 8
    LMAC_STRIPE_INFO = 0x10, since("2.10")
    LMAC_COMP_INFO = 0x20, since("2.10")
    LMAC_IDX_BACKUP = 0x40, since("2.11")


class LmaIncompat(WireFlag, since="2.4"):
    """lma_incompat: what a version must know to use the file."""

    LMAI_RELEASED = 1
    LMAI_AGENT = 2
    LMAI_REMOTE_PARENT = 4
    LMAI_STRIPED = 8, since("2.6")
    LMAI_ORPHAN = 0x10, since("2.8")
    LMAI_ENCRYPT = 0x20, since("2.14")


class LustreFl(WireFlag, since="2.2"):
    """Inode flags."""

    LUSTRE_SYNC_FL = 8
    LUSTRE_IMMUTABLE_FL = 0x10
    LUSTRE_APPEND_FL = 0x20
    LUSTRE_NODUMP_FL = 0x40, since("2.8")
    LUSTRE_NOATIME_FL = 0x80
    LUSTRE_INDEX_FL = 0x1000, since("2.8")
    LUSTRE_ORPHAN_FL = 0x2000, since("2.8")
    LUSTRE_DIRSYNC_FL = 0x10000
    LUSTRE_TOPDIR_FL = 0x20000, since("2.8")
    LUSTRE_SET_SYNC_FL = 0x40000, since("2.11")
    LUSTRE_DIRECTIO_FL = 0x100000, since("2.8").until("2.14")
    LUSTRE_ENCRYPT_FL = 0x800000, since("2.14")
    LUSTRE_INLINE_DATA_FL = 0x10000000, since("2.8")
    LUSTRE_UNRM_FL = 2, since("2.17")
    LUSTRE_COMPR_FL = 4, since("2.17")
    LUSTRE_NOCOMPR_FL = 0x400, since("2.17")
    LUSTRE_JOURNAL_DATA_FL = 0x4000, since("2.17")
    LUSTRE_EXTENTS_FL = 0x80000, since("2.17")
    LUSTRE_VERITY_FL = 0x100000, since("2.17")
    LUSTRE_PROJINHERIT_FL = 0x20000000, since("2.10")
    LUSTRE_CASEFOLD_FL = 0x40000000, since("2.17")


class MdsOpBias(WireFlag, since="2.0"):
    """What is special about a metadata operation."""

    MDS_CHECK_SPLIT = 1, since("2.0").until("2.12")
    MDS_CROSS_REF = 2
    MDS_VTX_BYPASS = 4, since("2.0").until("2.12")
    MDS_PERM_BYPASS = 8
    MDS_SOM = 0x10, since("2.0").until("2.8")
    MDS_QUOTA_IGNORE = 0x20
    MDS_CLOSE_CLEANUP = 0x40, since("2.0").until("2.5")
    MDS_KEEP_ORPHAN = 0x80, since("2.1")
    MDS_RECOV_OPEN = 0x100, since("2.2")
    MDS_DATA_MODIFIED = 0x200, since("2.4")
    MDS_CREATE_VOLATILE = 0x400, since("2.4")
    MDS_OWNEROVERRIDE = 0x800, since("2.4")
    MDS_HSM_RELEASE = 0x1000, since("2.5")
    MDS_CLOSE_MIGRATE = 0x2000, since("2.12")
    MDS_CLOSE_LAYOUT_SWAP = 0x4000, since("2.8")
    MDS_CLOSE_LAYOUT_MERGE = 0x8000, since("2.11")
    MDS_CLOSE_RESYNC_DONE = 0x10000, since("2.11")
    MDS_CLOSE_LAYOUT_SPLIT = 0x20000, since("2.11")
    MDS_TRUNC_KEEP_LEASE = 0x40000, since("2.12")
    MDS_PCC_ATTACH = 0x80000, since("2.13")
    MDS_CLOSE_UPDATE_TIMES = 0x100000, since("2.12.9", "2.13")
    MDS_SETSTRIPE_CREATE = 0x200000, since("2.15")
    MDS_FID_OP = 0x400000, since("2.15")
    MDS_MIGRATE_NSONLY = 0x800000, since("2.15")
    MDS_CREATE_DEFAULT_LMV = 0x1000000, since("2.16")


class SwapLayouts(WireFlag, since="2.4"):
    """msl_flags."""

    SWAP_LAYOUTS_CHECK_DV1 = 1
    SWAP_LAYOUTS_CHECK_DV2 = 2
    SWAP_LAYOUTS_KEEP_MTIME = 4
    SWAP_LAYOUTS_KEEP_ATIME = 8
    SWAP_LAYOUTS_CLOSE = 0x10, since("2.8")


# ACLs
POSIX_ACL_XATTR_VERSION: Final = 2
LUSTRE_POSIX_ACL_MAX_SIZE: Final = constant(0, since("2.0").until("2.10"))

# Sets of bits, and one past the last record
REINT_MAX: Final = constant(0xb, was(8).was(9, "2.4").was(0xa, "2.6").since("2.11"))
OBD_FL_TRUNC: Final = constant(0x200000000000, since("1.8.9", "2.0").until("2.2"))
OBD_MD_FLGETATTR: Final = constant(0x1100000001016fdf, was(0x1016fdf).was(0x100000001016fdf, "2.10").since("2.14"))
MDS_INODELOCK_MAXSHIFT: Final = constant(6, was(2).was(4, "2.4").was(5, "2.5").since("2.11").until("2.12.9", "2.13"))
MDS_INODELOCK_FULL: Final = constant(0x7f, was(7).was(0x1f, "2.4").was(0x3f, "2.5").since("2.11"))

# lustre_mds.h
MDS_BFLAG_UNCOMMITTED_WRITES: Final = constant(1, until("2.2"))
MDS_BFLAG_EXT_FLAGS: Final = constant(0x80000000, until("2.0"))
MDS_STATUS_CONN: Final = 1
MDS_STATUS_LOV: Final = 2
M_CHECK_STALE: Final = constant(0x2000000, since("1.8.9", "2.0").until("2.6"))
LUSTRE_POSIX_ACL_MAX_ENTRIES: Final = constant(0x20, until("2.2").since("2.5"))
M_JOIN_FILE: Final = constant(0x4000000, since("1.8.9"))
MDD_OBD_NAME: Final = constant("mdd_obd", since("2.0"))
MDD_OBD_UUID: Final = constant("mdd_obd_uuid", since("2.0"))
MDD_OBD_TYPE: Final = constant("mds", since("2.0").until("2.4"))
ESERIOUS: Final = constant(0x1000, since("2.0"))

# lustre_user.h
LL_SUPER_MAGIC: Final = 0xbd00bd0
FSFILT_IOC_GETFLAGS: Final = constant(0x80086601, since("1.8.9", "2.0").until("2.12"))
FSFILT_IOC_SETFLAGS: Final = constant(0x40086602, since("1.8.9", "2.0").until("2.12"))
FSFILT_IOC_GETVERSION: Final = constant(0x80086603, since("1.8.9", "2.0"))
FSFILT_IOC_SETVERSION: Final = constant(0x40086604, since("1.8.9", "2.0").until("2.12"))
FSFILT_IOC_GETVERSION_OLD: Final = constant(0x80087601, since("1.8.9", "2.0").until("2.12"))
FSFILT_IOC_SETVERSION_OLD: Final = constant(0x40087602, since("1.8.9", "2.0").until("2.12"))
FSFILT_IOC_FIEMAP: Final = constant(0xc020660b, since("1.8.9", "2.0").until("2.8"))
LL_STATFS_MDC: Final = constant(1, until("2.2"))
LL_STATFS_LOV: Final = 2
O_LOV_DELAY_CREATE: Final = constant(0x1400000, was(0x1000000).since("2.3").until("2.5.3", "2.6"))
LL_FILE_IGNORE_LOCK: Final = 1
LL_FILE_GROUP_LOCKED: Final = 2
LL_FILE_READAHEAD: Final = constant(4, until("2.1"))
DFID: Final = constant(
    "[%#llx:0x%x:0x%x]", was("[%#llx:0x%x:0x%x]").was("[%#lx:0x%x:0x%x]", "1.8.9", "2.0").since("2.13")
)  # fmt: skip
SFID: Final = constant("0x%llx:0x%x:0x%x", was("0x%lx:0x%x:0x%x", "1.8.9", "2.0").since("2.8"))
LL_FILE_LOCKED_DIRECTIO: Final = constant(8, since("1.8.9", "2.1"))
LL_FILE_LOCKLESS_IO: Final = constant(0x10, since("1.8.9", "2.1").until("2.14"))
MDS_GRP_DOWNCALL_MAGIC: Final = constant(0x6d6dd620, until("2.0"))
LL_FILE_RMTACL: Final = constant(0x20, was(8, "2.0").since("2.1").until("2.9"))
IDENTITY_DOWNCALL_MAGIC: Final = constant(0x6d6dd629, was(0x6d6dd620, "2.0").since("2.1"))
N_PERMS_MAX: Final = constant(0x40, since("2.0"))
NOBODY_UID: Final = constant(0x63, since("2.0").until("2.9"))
NOBODY_GID: Final = constant(0x63, since("2.0").until("2.9"))
INVALID_ID: Final = constant(-1, since("2.0").until("2.9"))

# Hashes of names
MDS_DIR_END_OFF: Final = constant(0xfffffffffffffffe, since("1.8.9", "2.1"))
DIR_END_OFF: Final = constant(0xfffffffffffffffe, since("2.0").until("2.1"))
MAX_HASH_SIZE_32: Final = constant(0x7fffffff, since("2.0").until("2.6"))
MAX_HASH_SIZE: Final = constant(0x7fffffffffffffff, since("2.0").until("2.6"))
MAX_HASH_HIGHEST_BIT: Final = constant(0x1000000000000000, since("2.0").until("2.6"))

# lustre_idl.h
LUSTRE_BFLAG_UNCOMMITTED_WRITES: Final = constant(1, since("2.2").until("2.8"))
