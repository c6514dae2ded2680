"""The file system checker, and OI scrub."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since
from lustre_wire.schema.numbers import constant


class LfsckEvents(WireEnum, since="2.6"):
    """lr_event."""

    LE_LASTID_REBUILDING = 1
    LE_LASTID_REBUILT = 2
    LE_PHASE1_DONE = 3
    LE_PHASE2_DONE = 4
    LE_START = 5
    LE_STOP = 6
    LE_QUERY = 7
    LE_FID_ACCESSED = 8, since("2.6").until("2.10")
    LE_PEER_EXIT = 9
    LE_CONDITIONAL_DESTROY = 0xa
    LE_PAIRS_VERIFY = 0xb
    LE_SKIP_NLINK_DECLARE = 0xd, since("2.7").until("2.10")
    LE_SKIP_NLINK = 0xe, since("2.7").until("2.10")
    LE_SET_LMV_MASTER = 0xf, since("2.7")
    LE_SET_LMV_SLAVE = 0x10, since("2.7")


class LfsckEventFlags(WireFlag, since="2.7"):
    """lr_flags of events."""

    LEF_TO_OST = 1, since("2.6")
    LEF_FROM_OST = 2, since("2.6")
    LEF_SET_LMV_HASH = 4
    LEF_SET_LMV_ALL = 8
    LEF_RECHECK_NAME_HASH = 0x10
    LEF_QUERY_ALL = 0x20, since("2.9")


class LfsckStatus(WireEnum, since="2.6"):
    """lr_status of a checker's state (lustre_lfsck_user.h)."""

    LS_INIT = 0
    LS_SCANNING_PHASE1 = 1
    LS_SCANNING_PHASE2 = 2
    LS_COMPLETED = 3
    LS_FAILED = 4
    LS_STOPPED = 5
    LS_PAUSED = 6
    LS_CRASHED = 7
    LS_PARTIAL = 8
    LS_CO_FAILED = 9
    LS_CO_STOPPED = 0xa
    LS_CO_PAUSED = 0xb


class LfsckType(WireFlag, since="2.6"):
    """lr_active."""

    LFSCK_TYPE_SCRUB = 0
    LFSCK_TYPE_LAYOUT = 1
    LFSCK_TYPE_DNE = 2, since("2.6").until("2.7")
    LFSCK_TYPE_NAMESPACE = 4


class ScrubFlags(WireFlag, since="2.3"):
    """sf_flags."""

    SF_RECREATED = 1
    SF_INCONSISTENT = 2
    SF_AUTO = 4
    SF_UPGRADE = 8, since("2.4")


class ScrubParam(WireFlag):
    """sf_param."""

    SP_FAILOUT = 1, since("2.3")
    SP_DRYRUN = 2, since("2.5")


class ScrubStatus(WireEnum, since="2.3"):
    """sf_status."""

    SS_INIT = 0
    SS_SCANNING = 1
    SS_COMPLETED = 2
    SS_FAILED = 3
    SS_STOPPED = 4
    SS_PAUSED = 5
    SS_CRASHED = 6


# First opcode of each service, and the one after the last
LFSCK_FIRST_OPC: Final = constant(0x44d, since("2.6"))
LFSCK_LAST_OPC: Final = constant(0x44f, since("2.6"))

# lustre_disk.h
SCRUB_MAGIC_V1: Final = constant(0x4c5fd252, since("2.3"))
SCRUB_MAGIC_V2: Final = constant(0x4c5fe253, since("2.15.8", "2.16"))
SCRUB_OI_BITMAP_SIZE: Final = constant(0x80, since("2.3"))
