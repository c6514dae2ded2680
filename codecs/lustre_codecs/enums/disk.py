"""Numbers of what targets keep on disk."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class LddFlags(WireFlag):
    """Flags of a target: ldd_flags, mti_flags."""

    LDD_F_SV_TYPE_MDT = 1
    LDD_F_SV_TYPE_OST = 2
    LDD_F_SV_TYPE_MGS = 4
    LDD_F_SV_ALL = 8, since("2.0")
    LDD_F_NEED_INDEX = 0x10
    LDD_F_VIRGIN = 0x20
    LDD_F_UPDATE = 0x40
    LDD_F_REWRITE_LDD = 0x80
    LDD_F_WRITECONF = 0x100
    LDD_F_UPGRADE14 = 0x200, until("2.12")
    LDD_F_PARAM = 0x400
    LDD_F_IAM_DIR = 0x800, since("2.0").until("2.4")
    LDD_F_NO_PRIMNODE = 0x1000, since("1.8.9", "2.1")
    LDD_F_IR_CAPABLE = 0x2000, since("2.2")
    LDD_F_ERROR = 0x4000, since("2.2")
    LDD_F_PARAM2 = 0x8000, since("2.5")
    LDD_F_NO_LOCAL_LOGS = 0x10000, since("2.15")
    LDD_F_LARGE_NID = 0x20000, since("2.16")
    LDD_F_OPC_REG = 0x10000000, since("2.2")
    LDD_F_OPC_UNREG = 0x20000000, since("2.2")
    LDD_F_OPC_READY = 0x40000000, since("2.2")


class LddMountType(WireEnum):
    """ldd_mount_type."""

    LDD_MT_EXT3 = 0
    LDD_MT_LDISKFS = 1
    LDD_MT_SMFS = 2, until("2.16")
    LDD_MT_REISERFS = 3
    LDD_MT_LDISKFS2 = 4


class ObdCompat(WireFlag):
    """Features that a version without them may ignore."""

    OBD_COMPAT_OST = 2
    OBD_COMPAT_MDT = 4
    OBD_COMPAT_20 = 8, since("1.8.9", "2.0")


class ObdRocompat(WireFlag):
    """Features without which a target must not be written."""

    OBD_ROCOMPAT_LOVOBJID = 1
    OBD_ROCOMPAT_CROW = 2, until("2.0")
    OBD_ROCOMPAT_IDX_IN_IDIF = 2, since("2.7")


class ObdIncompat(WireFlag):
    """Features without which a target must not be used."""

    OBD_INCOMPAT_GROUPS = 1
    OBD_INCOMPAT_OST = 2
    OBD_INCOMPAT_MDT = 4
    OBD_INCOMPAT_COMMON_LR = 8
    OBD_INCOMPAT_FID = 0x10
    OBD_INCOMPAT_SOM = 0x20
    OBD_INCOMPAT_IAM_DIR = 0x40, since("2.0")
    OBD_INCOMPAT_LMA = 0x80, since("2.0")
    OBD_INCOMPAT_LMM_VER = 0x100, since("2.2")
    OBD_INCOMPAT_MULTI_OI = 0x200, since("2.2")
    OBD_INCOMPAT_MULTI_RPCS = 0x400, since("2.8")


# lustre_disk.h
MDT_LOGS_DIR: Final = "LOGS"
MOUNT_CONFIGS_DIR: Final = "CONFIGS"
MOUNT_DATA_FILE: Final = "CONFIGS/mountdata"
LAST_RCVD: Final = "last_rcvd"
HEALTH_CHECK: Final = "health_check"
LDD_INCOMPAT_SUPP: Final = constant(0, until("2.10"))
LDD_ROCOMPAT_SUPP: Final = constant(0, until("2.10"))
LDD_MAGIC: Final = 0x1dd00001
LMD_MAGIC: Final = 0xbdacbd03
LMD_FLG_SERVER: Final = constant(1, until("2.16"))
LMD_FLG_CLIENT: Final = constant(0, was(2).since("2.16"))
LMD_FLG_ABORT_RECOV: Final = constant(2, was(8).since("2.16"))
LMD_FLG_NOSVC: Final = constant(3, was(0x10).since("2.16"))
LMD_FLG_NOMGS: Final = constant(4, was(0x20).since("2.16"))
LR_SERVER_SIZE: Final = 0x200
LR_CLIENT_START: Final = 0x2000
LR_CLIENT_SIZE: Final = 0x80
LR_MAX_CLIENTS: Final = 0x20000
LR_EPOCH_BITS: Final = 0x20
LR_EXPIRE_INTERVALS: Final = 0x10
LUSTRE_MDS_NAME: Final = "mds"
LUSTRE_MDT_NAME: Final = "mdt"
LUSTRE_MDC_NAME: Final = "mdc"
LUSTRE_OSS_NAME: Final = "ost"
LUSTRE_OST_NAME: Final = "obdfilter"
LUSTRE_OSC_NAME: Final = "osc"
LUSTRE_LOV_NAME: Final = "lov"
LUSTRE_MGS_NAME: Final = "mgs"
LUSTRE_MGC_NAME: Final = "mgc"
LUSTRE_CACHEOBD_NAME: Final = constant("cobd", until("2.4"))
LUSTRE_ECHO_NAME: Final = "obdecho"
LUSTRE_ECHO_CLIENT_NAME: Final = "echo_client"
LUSTRE_MDS_OBDNAME: Final = "MDS"
LUSTRE_OSS_OBDNAME: Final = "OSS"
LUSTRE_MGS_OBDNAME: Final = "MGS"
LUSTRE_MGC_OBDNAME: Final = "MGC"
LMD_FLG_WRITECONF: Final = constant(5, was(0x40, "1.8.9", "2.1").since("2.16"))
LUSTRE_FLD_NAME: Final = constant("fld", since("2.0"))
LUSTRE_CMM_NAME: Final = constant("cmm", since("2.0").until("2.4"))
LUSTRE_MDD_NAME: Final = constant("mdd", since("2.0"))
LUSTRE_OSD_NAME: Final = constant("osd-ldiskfs", since("2.0").until("2.4"))
LUSTRE_VVP_NAME: Final = constant("vvp", since("2.0"))
LUSTRE_LMV_NAME: Final = constant("lmv", since("2.0"))
LUSTRE_CMM_MDC_NAME: Final = constant("cmm-mdc", since("2.0").until("2.4"))
LUSTRE_SLP_NAME: Final = constant("slp", since("2.0"))
LDD_MT_LAST: Final = constant(7, was(5).was(6, "2.3").since("2.17"))
CONFIGS_FILE: Final = constant("mountdata", since("2.0"))
ENOENT_VERSION: Final = constant(1, since("2.0"))
LRH_MAGIC_V1: Final = constant(0xbdabda01, since("2.16"))
LRH_MAGIC_V2: Final = constant(0xbdabda02, since("2.16"))
