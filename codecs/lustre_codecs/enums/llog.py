"""Logs, configuration commands, changelogs.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until


class LlogOp(WireEnum):
    """lrh_type of llog records."""

    LLOG_PAD_MAGIC = 0x10600000
    OST_SZ_REC = 0x10600f00
    OST_RAID1_REC = 0x10601000, until("2.4")
    MDS_UNLINK_REC = 0x10612404
    MDS_SETATTR_REC = 0x10612401, until("2.4")
    MDS_SETATTR64_REC = 0x10692401
    OBD_CFG_REC = 0x10620000
    PTL_CFG_REC = 0x10630000, until("2.4")
    LLOG_GEN_REC = 0x10640000
    LLOG_JOIN_REC = 0x10650000, until("2.4")
    CHANGELOG_REC = 0x10660000, since("1.8.9", "2.0")
    LLOG_HDR_MAGIC = 0x10645539
    LLOG_LOGID_MAGIC = 0x1064553b
    CHANGELOG_USER_REC = 0x10670000, since("2.0")


class LlogFlags(WireFlag):
    """llh_flags of an llog: what kind of log it is."""

    LLOG_F_ZAP_WHEN_EMPTY = 1
    LLOG_F_IS_CAT = 2
    LLOG_F_IS_PLAIN = 4


class LcfgCommand(WireEnum):
    """lcfg_command of configuration records."""

    LCFG_ATTACH = 0xcf001
    LCFG_DETACH = 0xcf002
    LCFG_SETUP = 0xcf003
    LCFG_CLEANUP = 0xcf004
    LCFG_ADD_UUID = 0xcf005
    LCFG_DEL_UUID = 0xcf006
    LCFG_MOUNTOPT = 0xcf007
    LCFG_DEL_MOUNTOPT = 0xcf008
    LCFG_SET_TIMEOUT = 0xcf009
    LCFG_SET_UPCALL = 0xcf00a
    LCFG_ADD_CONN = 0xcf00b
    LCFG_DEL_CONN = 0xcf00c
    LCFG_LOV_ADD_OBD = 0xcf00d
    LCFG_LOV_DEL_OBD = 0xcf00e
    LCFG_PARAM = 0xcf00f
    LCFG_MARKER = 0xcf010
    LCFG_LOG_START = 0xce011
    LCFG_LOG_END = 0xce012
    LCFG_LOV_ADD_INA = 0xce013
    LCFG_POOL_NEW = 0xce020
    LCFG_POOL_ADD = 0xce021
    LCFG_POOL_REM = 0xce022
    LCFG_POOL_DEL = 0xce023
    LCFG_SET_LDLM_TIMEOUT = 0xce030, since("1.8.9", "2.0")
    LCFG_ADD_MDC = 0xcf014, since("2.0")
    LCFG_DEL_MDC = 0xcf015, since("2.0")
    LCFG_SPTLRPC_CONF = 0xce016, since("2.0")


class CfgMarkerFlags(WireFlag):
    """cm_flags."""

    CM_START = 1
    CM_END = 2
    CM_SKIP = 4
    CM_UPGRADE146 = 8
    CM_EXCLUDE = 0x10
    CM_START_SKIP = 5


class ChangelogRecType(WireEnum):
    """cr_type."""

    CL_MARK = 0, since("2.0")
    CL_CREATE = 1, since("2.0")
    CL_MKDIR = 2, since("2.0")
    CL_HARDLINK = 3, since("2.0")
    CL_SOFTLINK = 4, since("2.0")
    CL_MKNOD = 5, since("2.0")
    CL_UNLINK = 6, since("2.0")
    CL_RMDIR = 7, since("2.0")
    CL_RENAME = 8, since("2.0")
    CL_EXT = 9, since("2.0")
    CL_OPEN = 10, since("2.0")
    CL_CLOSE = 11, since("2.0")
    CL_IOCTL = 12, since("2.0").until("2.17")
    CL_TRUNC = 13, since("2.0")
    CL_SETATTR = 14, since("2.0")
    CL_XATTR = 15, since("2.0")
    CL_HSM = 16, since("2.0")
    CL_TIME = 17, since("2.0").until("2.17")
