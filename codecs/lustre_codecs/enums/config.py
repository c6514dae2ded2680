"""Configuration: commands, markers, what a target may be asked for."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until
from lustre_wire.schema.numbers import constant


class LcfgCommand(WireEnum):
    """lcfg_command of configuration records."""

    LCFG_LOG_START = 0xce011
    LCFG_LOG_END = 0xce012
    LCFG_LOV_ADD_INA = 0xce013
    LCFG_SPTLRPC_CONF = 0xce016, since("2.0")
    LCFG_POOL_NEW = 0xce020
    LCFG_POOL_ADD = 0xce021
    LCFG_POOL_REM = 0xce022
    LCFG_POOL_DEL = 0xce023
    LCFG_SET_LDLM_TIMEOUT = 0xce030, since("1.8.9", "2.0")
    LCFG_SET_PARAM = 0xce032, since("2.5")
    LCFG_NODEMAP_ADD = 0xce040, since("2.6")
    LCFG_NODEMAP_DEL = 0xce041, since("2.6")
    LCFG_NODEMAP_ADD_RANGE = 0xce042, since("2.6")
    LCFG_NODEMAP_DEL_RANGE = 0xce043, since("2.6")
    LCFG_NODEMAP_ADD_UIDMAP = 0xce044, since("2.6")
    LCFG_NODEMAP_DEL_UIDMAP = 0xce045, since("2.6")
    LCFG_NODEMAP_ADD_GIDMAP = 0xce046, since("2.6")
    LCFG_NODEMAP_DEL_GIDMAP = 0xce047, since("2.6")
    LCFG_NODEMAP_ACTIVATE = 0xce048, since("2.6")
    LCFG_NODEMAP_ADMIN = 0xce049, since("2.6")
    LCFG_NODEMAP_ADD_PROJIDMAP = 0xce04a, since("2.15")
    LCFG_NODEMAP_DEL_PROJIDMAP = 0xce04b, since("2.15")
    LCFG_NODEMAP_ADD_OFFSET = 0xce04c, since("2.17")
    LCFG_NODEMAP_DEL_OFFSET = 0xce04d, since("2.17")
    LCFG_NODEMAP_TRUSTED = 0xce050, since("2.6")
    LCFG_NODEMAP_SQUASH_UID = 0xce051, since("2.6")
    LCFG_NODEMAP_SQUASH_GID = 0xce052, since("2.6")
    LCFG_NODEMAP_ADD_SHKEY = 0xce053, since("2.6")
    LCFG_NODEMAP_DEL_SHKEY = 0xce054, since("2.6")
    LCFG_NODEMAP_TEST_NID = 0xce055, since("2.6")
    LCFG_NODEMAP_TEST_ID = 0xce056, since("2.6")
    LCFG_NODEMAP_SET_FILESET = 0xce057, since("2.9")
    LCFG_NODEMAP_DENY_UNKNOWN = 0xce058, since("2.9")
    LCFG_NODEMAP_MAP_MODE = 0xce059, since("2.10")
    LCFG_NODEMAP_AUDIT_MODE = 0xce05a, since("2.11")
    LCFG_NODEMAP_SET_SEPOL = 0xce05b, since("2.12.9", "2.13")
    LCFG_NODEMAP_FORBID_ENCRYPT = 0xce05c, since("2.14")
    LCFG_NODEMAP_SQUASH_PROJID = 0xce05d, since("2.15")
    LCFG_NODEMAP_READONLY_MOUNT = 0xce05e, since("2.16")
    LCFG_NODEMAP_RBAC = 0xce05f, since("2.16")
    LCFG_NODEMAP_DENY_MOUNT = 0xce060, since("2.17")
    LCFG_NODEMAP_RAISE_PRIVS = 0xce061, since("2.17")
    LCFG_NODEMAP_FILESET_ADD = 0xce062, since("2.17")
    LCFG_NODEMAP_SET_CAPS = 0xce063, since("2.17")
    LCFG_NODEMAP_FILESET_DEL = 0xce064, since("2.17")
    LCFG_NODEMAP_GSS_IDENTIFY = 0xce065, since("2.17")
    LCFG_NODEMAP_LOOKUP_SHA = 0xce066, since("2.17")
    LCFG_NODEMAP_FILESET_MODIFY = 0xce067, since("2.17")
    LCFG_NODEMAP_BANLIST_ADD = 0xce068, since("2.17")
    LCFG_NODEMAP_BANLIST_DEL = 0xce069, since("2.17")
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
    LCFG_ADD_MDC = 0xcf014, since("2.0")
    LCFG_DEL_MDC = 0xcf015, since("2.0")
    LCFG_PRE_CLEANUP = 0xcf031, since("2.4")


class CfgMarkerFlags(WireFlag):
    """cm_flags."""

    CM_START = 1
    CM_END = 2
    CM_SKIP = 4
    CM_UPGRADE146 = 8
    CM_EXCLUDE = 0x10
    CM_START_SKIP = 5


class BarrierStatus(WireEnum, since="2.10"):
    """How far a write barrier is (lustre_barrier_user.h)."""

    BS_INIT = 0
    BS_FREEZING_P1 = 1
    BS_FREEZING_P2 = 2
    BS_FROZEN = 3
    BS_THAWING = 4
    BS_THAWED = 5
    BS_FAILED = 6
    BS_EXPIRED = 7
    BS_RESCAN = 8


class MgsCfgType(WireEnum, since="2.15"):
    """Which log of the MGS."""

    CONFIG_T_CONFIG = 0, since("2.2").until("2.15")
    MGS_CFG_T_CONFIG = 0
    CONFIG_T_SPTLRPC = 1, since("2.2").until("2.15")
    MGS_CFG_T_SPTLRPC = 1
    CONFIG_T_RECOVER = 2, since("2.2").until("2.15")
    MGS_CFG_T_RECOVER = 2
    CONFIG_T_PARAMS = 3, since("2.5").until("2.15")
    MGS_CFG_T_PARAMS = 3
    CONFIG_T_NODEMAP = 4, since("2.9").until("2.15")
    MGS_CFG_T_NODEMAP = 4
    CONFIG_T_BARRIER = 5, since("2.10").until("2.15")
    MGS_CFG_T_BARRIER = 5


class NidlistFlags(WireFlag, since="2.17"):
    """mtn_flags."""

    NIDLIST_APPEND = 1
    NIDLIST_IN_BULK = 2
    NIDLIST_COMPRESSED = 4


# lustre_cfg.h, lustre_idl.h
PORTALS_CFG_TYPE: Final = 1
LUSTRE_CFG_TYPE: Final = 0x7b
LUSTRE_CFG_VERSION: Final = 0x1cf60001
LUSTRE_CFG_MAX_BUFCOUNT: Final = 8
LCFG_REQUIRED: Final = 0x1000
LCFG_FLG_MOUNTCONF: Final = constant(0x400, until("2.0"))
MGS_PARAM_MAXLEN: Final = 0x400
MTI_NAME_MAXLEN: Final = 0x40
MTI_PARAM_MAXLEN: Final = 0x1000
MTI_NIDS_MAX: Final = 0x20
INVALID_UID: Final = constant(-1, since("2.0").until("2.14"))
