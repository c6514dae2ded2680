"""Quota."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until
from lustre_wire.schema.numbers import constant


class QuotaCmd(WireEnum):
    """qc_cmd of an obd_quotactl."""

    LUSTRE_Q_QUOTAON = 0x800002
    LUSTRE_Q_QUOTAOFF = 0x800003
    LUSTRE_Q_GETINFO = 0x800005
    LUSTRE_Q_SETINFO = 0x800006
    LUSTRE_Q_GETQUOTA = 0x800007
    LUSTRE_Q_SETQUOTA = 0x800008
    LUSTRE_Q_INVALIDATE = 0x80000b
    LUSTRE_Q_FINVALIDATE = 0x80000c
    LUSTRE_Q_GETDEFAULT = 0x80000d, since("2.12")
    LUSTRE_Q_SETDEFAULT = 0x80000e, since("2.12")
    LUSTRE_Q_GETQUOTAPOOL = 0x80000f, since("2.14")
    LUSTRE_Q_SETQUOTAPOOL = 0x800010, since("2.14")
    LUSTRE_Q_GETINFOPOOL = 0x800011, since("2.14")
    LUSTRE_Q_SETINFOPOOL = 0x800012, since("2.14")
    LUSTRE_Q_GETDEFAULT_POOL = 0x800013, since("2.15")
    LUSTRE_Q_SETDEFAULT_POOL = 0x800014, since("2.15")
    LUSTRE_Q_DELETEQID = 0x800015, since("2.15")
    LUSTRE_Q_RESETQID = 0x800016, since("2.16")
    LUSTRE_Q_ITERQUOTA = 0x800017, since("2.16")
    LUSTRE_Q_ITEROQUOTA = 0x800018, since("2.16")
    LUSTRE_Q_GETALLQUOTA = 0x800019, since("2.16")
    Q_QUOTACHECK = 0x800100
    Q_INITQUOTA = 0x800101
    Q_GETOINFO = 0x800102
    Q_GETOQUOTA = 0x800103
    Q_FINVALIDATE = 0x800104


class QifValid(WireFlag):
    """dqb_valid of an obd_dqblk."""

    QIF_BLIMITS = 1
    QIF_SPACE = 2
    QIF_ILIMITS = 4
    QIF_INODES = 8
    QIF_BTIME = 0x10
    QIF_ITIME = 0x20
    QIF_LIMITS = 5
    QIF_USAGE = 0xa
    QIF_TIMES = 0x30
    QIF_ALL = 0x3f


class LquotaFlags(WireFlag, until="2.4"):
    """qd_flags: what a quota unit is about."""

    LQUOTA_FLAGS_GRP = 1
    LQUOTA_FLAGS_BLK = 2
    LQUOTA_FLAGS_ADJBLK = 4
    LQUOTA_FLAGS_ADJINO = 8
    LQUOTA_FLAGS_CHG_QS = 0x10
    LQUOTA_FLAGS_RECOVERY = 0x20, since("2.1").until("2.4")
    LQUOTA_FLAGS_SETQUOTA = 0x40, since("2.1").until("2.4")


class LquotaType(WireEnum, since="2.4"):
    """Whose quota."""

    LQUOTA_TYPE_USR = 0
    LQUOTA_TYPE_GRP = 1
    LQUOTA_TYPE_PRJ = 2, since("2.10")


class LquotaResType(WireEnum, since="2.4"):
    """What is counted: inodes or blocks."""

    LQUOTA_RES_MD = 1
    LQUOTA_RES_DT = 2


class LquotaEntryFlags(WireFlag):
    """Flags of a quota entry."""

    LQUOTA_FL_EDQUOT = 1, since("2.4")


class QuotaDqacqFlags(WireFlag, since="2.4"):
    """qb_flags: what a slave asks for."""

    QUOTA_DQACQ_FL_ACQ = 1
    QUOTA_DQACQ_FL_PREACQ = 2
    QUOTA_DQACQ_FL_REL = 4
    QUOTA_DQACQ_FL_REPORT = 8


# lustre_quota.h
UGQUOTA: Final = constant(2, until("2.10"))
LQUOTA_QAQ_CREATE_LQS: Final = constant(-2147483648, since("1.8.9", "2.0").until("2.4"))
LQUOTA_QUNIT_FLAGS: Final = constant(3, until("2.4"))
QUOTA_REQUEST: Final = constant(1, until("2.4"))
QUOTA_REPLY: Final = constant(0, until("2.4"))
QUOTA_EXPORT: Final = constant(1, until("2.4"))
QUOTA_IMPORT: Final = constant(0, until("2.4"))
QUOTA_RET_OK: Final = constant(0, until("2.4"))
QUOTA_RET_NOQUOTA: Final = constant(1, until("2.4"))
QUOTA_RET_NOLIMIT: Final = constant(2, until("2.4"))
QUOTA_RET_ACQUOTA: Final = constant(4, until("2.4"))
QFMT_LDISKFS: Final = constant(2, until("2.0"))
LUSTRE_QUOTA_V2: Final = 1
LUSTRE_QUOTA_V1: Final = constant(0, until("2.0"))
QUOTABLOCK_BITS: Final = constant(0xa, until("2.15"))
QUOTABLOCK_SIZE: Final = constant(0x400, until("2.15"))
MIN_QLIMIT: Final = constant(1, until("2.4"))
QC_GENERAL: Final = constant(0, since("2.0"))
QC_MDTIDX: Final = constant(1, since("2.0"))
QC_OSTIDX: Final = constant(2, since("2.0"))
QC_UUID: Final = constant(3, since("2.0"))
QIF_DQBLKSIZE: Final = constant(0x400, since("2.15"))
QIF_DQBLKSIZE_BITS: Final = constant(0xa, since("2.15"))

# First opcode of each service, and the one after the last
QUOTA_FIRST_OPC: Final = 0x259
