"""Numbers of what targets keep on disk.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until


class LddFlags(WireFlag):
    """Flags of a target: ldd_flags, mti_flags."""

    LDD_F_SV_TYPE_MDT = 1
    LDD_F_SV_TYPE_OST = 2
    LDD_F_SV_TYPE_MGS = 4
    LDD_F_NEED_INDEX = 0x10
    LDD_F_VIRGIN = 0x20
    LDD_F_UPDATE = 0x40
    LDD_F_REWRITE_LDD = 0x80
    LDD_F_WRITECONF = 0x100
    LDD_F_UPGRADE14 = 0x200, until("2.17")
    LDD_F_PARAM = 0x400
    LDD_F_SV_ALL = 8, since("2.0")
    LDD_F_IAM_DIR = 0x800, since("2.0").until("2.17")
    LDD_F_NO_PRIMNODE = 0x1000, since("1.8.9", "2.1")


class LddMountType(WireEnum):
    """ldd_mount_type."""

    LDD_MT_EXT3 = 0
    LDD_MT_LDISKFS = 1
    LDD_MT_SMFS = 2, until("2.17")
    LDD_MT_REISERFS = 3
    LDD_MT_LDISKFS2 = 4
