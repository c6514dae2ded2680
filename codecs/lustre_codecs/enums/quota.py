"""Quota.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import until


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


class LquotaFlags(WireFlag):
    """qd_flags: what a quota unit is about."""

    LQUOTA_FLAGS_GRP = 1, until("2.4")
    LQUOTA_FLAGS_BLK = 2, until("2.4")
    LQUOTA_FLAGS_ADJBLK = 4, until("2.4")
    LQUOTA_FLAGS_ADJINO = 8, until("2.4")
    LQUOTA_FLAGS_CHG_QS = 16, until("2.4")
