"""Logs and changelogs."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class LlogOp(WireEnum):
    """lrh_type of llog records."""

    LLOG_PAD_MAGIC = 0x10600000
    OST_SZ_REC = 0x10600f00
    OST_RAID1_REC = 0x10601000, until("2.4")
    MDS_SETATTR_REC = 0x10612401, until("2.4")
    MDS_UNLINK_REC = 0x10612404
    OBD_CFG_REC = 0x10620000
    PTL_CFG_REC = 0x10630000, until("2.4")
    LLOG_GEN_REC = 0x10640000
    LLOG_HDR_MAGIC = 0x10645539
    LLOG_LOGID_MAGIC = 0x1064553b
    LLOG_JOIN_REC = 0x10650000, until("2.4")
    CHANGELOG_REC = 0x10660000, since("1.8.9", "2.0")
    CHANGELOG_USER_REC = 0x10670000, since("2.0")
    CHANGELOG_USER_REC2 = 0x10670002, since("2.12.9", "2.15")
    HSM_AGENT_REC = 0x10680000, since("2.5")
    MDS_SETATTR64_REC = 0x10692401
    MDS_UNLINK64_REC = 0x10692404, since("2.4")
    UPDATE_REC = 0x106a0000, since("2.8")


class LlogFlags(WireFlag):
    """llh_flags of an llog: what kind of log it is."""

    LLOG_F_ZAP_WHEN_EMPTY = 1
    LLOG_F_IS_CAT = 2
    LLOG_F_IS_PLAIN = 4
    LLOG_F_EXT_JOBID = 8, since("2.7")
    LLOG_F_IS_FIXSIZE = 0x10, since("2.8")
    LLOG_F_EXT_EXTRA_FLAGS = 0x20, since("2.11")
    LLOG_F_EXT_X_UIDGID = 0x40, since("2.11")
    LLOG_F_EXT_X_NID = 0x80, since("2.11")
    LLOG_F_EXT_X_OMODE = 0x100, since("2.11")
    LLOG_F_EXT_X_XATTR = 0x200, since("2.11")
    LLOG_F_EXT_X_NID_BE = 0x1000, since("2.16")


class ChangelogRecType(WireEnum, since="2.0"):
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
    CL_OPEN = 0xa
    CL_CLOSE = 0xb
    CL_IOCTL = 0xc, since("2.0").until("2.1.6", "2.4")
    CL_TRUNC = 0xd
    CL_SETATTR = 0xe
    CL_XATTR = 0xf, since("2.0").until("2.11")
    CL_HSM = 0x10
    CL_TIME = 0x11, since("2.0").until("2.1")
    CL_LAYOUT = 0xc, since("2.1.6", "2.4")
    CL_SETXATTR = 0xf, since("2.11")
    CL_MTIME = 0x11, since("2.1")
    CL_CTIME = 0x12, since("2.1")
    CL_ATIME = 0x13, since("2.1")
    CL_MIGRATE = 0x14, since("2.8")
    CL_FLRW = 0x15, since("2.11")
    CL_RESYNC = 0x16, since("2.11")
    CL_GETXATTR = 0x17, since("2.11")
    CL_DN_OPEN = 0x18, since("2.11")


class ChangelogRecFlags(WireFlag, since="2.0"):
    """cr_flags: which optional parts a record has; the low 12 bits mean something else in each type."""

    CLF_VERSION = 0x1000
    CLF_RENAME = 0x2000, since("2.7")
    CLF_EXT_VERSION = 0x2000, since("2.1.6", "2.3").until("2.7")
    CLF_JOBID = 0x4000, since("2.7")
    CLF_EXTRA_FLAGS = 0x8000, since("2.11")


class ChangelogRecExtraFlags(WireFlag, since="2.11"):
    """cr_extra_flags: further parts; the NID is one of today's, big-endian, with NID_BE."""

    CLFE_UIDGID = 1
    CLFE_NID = 2
    CLFE_OPEN = 4
    CLFE_XATTR = 8
    CLFE_NID_BE = 0x10, since("2.16")


# Contexts of logs
LLOG_CONFIG_ORIG_CTXT: Final = 0
LLOG_CONFIG_REPL_CTXT: Final = 1
LLOG_MDS_OST_ORIG_CTXT: Final = 2
LLOG_MDS_OST_REPL_CTXT: Final = 3
LLOG_SIZE_ORIG_CTXT: Final = 4
LLOG_SIZE_REPL_CTXT: Final = 5
LLOG_MD_ORIG_CTXT: Final = constant(6, until("2.0"))
LLOG_MD_REPL_CTXT: Final = constant(7, until("2.0"))
LLOG_RD1_ORIG_CTXT: Final = constant(6, was(8).since("2.0").until("2.6"))
LLOG_RD1_REPL_CTXT: Final = constant(7, was(9).since("2.0").until("2.6"))
LLOG_TEST_ORIG_CTXT: Final = constant(8, was(0xa).since("2.0"))
LLOG_TEST_REPL_CTXT: Final = constant(9, was(0xb).since("2.0"))
LLOG_LOVEA_ORIG_CTXT: Final = constant(0xa, was(0xc).since("2.0").until("2.6"))
LLOG_LOVEA_REPL_CTXT: Final = constant(0xb, was(0xd).since("2.0").until("2.6"))
LLOG_MAX_CTXTS: Final = constant(0x12, was(0xe).was(0xf, "2.0").was(0x10, "2.5").since("2.8"))
LLOG_CHANGELOG_ORIG_CTXT: Final = constant(0xc, since("2.0"))
LLOG_CHANGELOG_REPL_CTXT: Final = constant(0xd, since("2.0"))
LLOG_CHANGELOG_USER_ORIG_CTXT: Final = constant(0xe, since("2.0"))
LLOG_AGENT_ORIG_CTXT: Final = constant(0xf, since("2.5"))
LLOG_UPDATELOG_ORIG_CTXT: Final = constant(0x10, since("2.8"))
LLOG_UPDATELOG_REPL_CTXT: Final = constant(0x11, since("2.8"))

# llog
CATLIST: Final = "CATALOGS"
LLOG_OP_MAGIC: Final = 0x10600000
LLOG_OP_MASK: Final = 0xfff00000
LLOG_CHUNK_SIZE: Final = constant(0x2000, until("2.8"))
LLOG_HEADER_SIZE: Final = 0x60
LLOG_BITMAP_BYTES: Final = 0x1fa0
LLOG_MIN_REC_SIZE: Final = 0x18
LLOG_EEMPTY: Final = 0x1267
LLOG_CTXT_FLAG_UNINITIALIZED: Final = 1
LLOG_PROC_BREAK: Final = 1
LLOG_DEL_RECORD: Final = 2
LLOG_FLAG_NODEAMON: Final = constant(1, since("2.0"))

# First opcode of each service, and the one after the last
LLOG_FIRST_OPC: Final = 0x1f5

# Changelogs
CL_LAST: Final = constant(0x19, was(0x12, "2.0").was(0x14, "2.1").was(0x15, "2.8").since("2.11"))
CLF_FLAGMASK: Final = constant(0xfff, since("2.0"))
CR_MAXSIZE: Final = constant(0x1040, since("2.0"))
CHANGELOG_MAGIC: Final = constant(0xca103000, since("2.0"))
CHANGELOG_MINMASK: Final = constant(1, since("2.0"))
CHANGELOG_ALLMASK: Final = constant(0x1ffffff, was(0xffffffff, "2.0").since("2.15"))
CHANGELOG_DEFMASK: Final = constant(
    0x77fbff, was(0xffffffff, "2.0").was(0xfff7ffff, "2.1").was(0xfff7f7ff, "2.2").was(0xfff7ffff, "2.8")
    .was(0xfe77fbff, "2.11").since("2.15")
)  # fmt: skip
CHANGELOG_CATALOG: Final = constant("changelog_catalog", since("2.0"))
CHANGELOG_USER_PREFIX: Final = constant("cl", since("2.0"))
CHANGELOG_USERS: Final = constant("changelog_users", since("2.0"))
CL_RECORD: Final = constant(0xa, since("2.0"))
CL_EOF: Final = constant(0xb, since("2.0"))
