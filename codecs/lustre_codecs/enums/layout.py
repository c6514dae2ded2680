"""Magics and limits of layouts."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class LayoutIntentOpc(WireEnum, since="2.4"):
    """lai_opc."""

    LAYOUT_INTENT_ACCESS = 0
    LAYOUT_INTENT_READ = 1
    LAYOUT_INTENT_WRITE = 2
    LAYOUT_INTENT_GLIMPSE = 3
    LAYOUT_INTENT_TRUNC = 4
    LAYOUT_INTENT_RELEASE = 5
    LAYOUT_INTENT_RESTORE = 6
    LAYOUT_INTENT_PCCRO_SET = 7, since("2.16")
    LAYOUT_INTENT_PCCRO_CLEAR = 8, since("2.16")
    LAYOUT_INTENT_CHANGE = 9, since("2.17")


class LayoutIntentFlags(WireFlag):
    """lai_flags."""

    LAIF_INCOMPRESSIBLE = 1, since("2.17")


class LovPattern(WireFlag):
    """lmm_pattern."""

    LOV_PATTERN_RAID0 = 1
    LOV_PATTERN_RAID1 = 2
    LOV_PATTERN_PARITY = 4, since("2.17")
    LOV_PATTERN_MDT = 0x100, since("2.11")
    LOV_PATTERN_OVERSTRIPING = 0x200, since("2.13")
    LOV_PATTERN_FOREIGN = 0x400, since("2.14")
    LOV_PATTERN_COMPRESS = 0x800, since("2.16")
    LOV_PATTERN_F_HOLE = 0x40000000, since("2.6")
    LOV_PATTERN_F_RELEASED = 0x80000000, since("2.5")


class LcmeFlags(WireFlag, since="2.16"):
    """lcme_flags."""

    LCME_FL_STALE = 1, was(2, "2.10").since("2.11")
    LCME_FL_PREF_RD = 2, since("2.11")
    LCME_FL_PREF_WR = 4, since("2.11")
    LCME_FL_PREF_RW = 6, since("2.11")
    LCME_FL_OFFLINE = 8, was(4, "2.10").since("2.11")
    LCME_FL_INIT = 0x10, since("2.10")
    LCME_FL_NOSYNC = 0x20, since("2.12")
    LCME_FL_EXTENSION = 0x40, since("2.13")
    LCME_FL_PARITY = 0x80
    LCME_FL_COMPRESS = 0x100
    LCME_FL_PARTIAL = 0x200
    LCME_FL_NOCOMPR = 0x400
    LCME_FL_NEG = 0x80000000, since("2.10")


class LcmFlags(WireFlag, since="2.11"):
    """lcm_flags."""

    LCM_FL_NONE = 0
    LCM_FL_RDONLY = 1
    LCM_FL_WRITE_PENDING = 2
    LCM_FL_SYNC_PENDING = 3
    LCM_FL_PCC_RDONLY = 8, since("2.15")
    LCM_FL_FLR_MASK = 0xb, was(3, "2.11").since("2.15")


class LmvHashFlags(WireFlag, since="2.14"):
    """lmv_hash_type: a number in the lower bits, flags above."""

    __numbers__ = ("LMV_HASH_TYPE_MASK",)

    LMV_HASH_TYPE_ALL_CHARS = 1, since("2.6")
    LMV_HASH_TYPE_FNV_1A_64 = 2, since("2.6")
    LMV_HASH_TYPE_CRUSH = 3
    LMV_HASH_TYPE_CRUSH2 = 4, since("2.16")
    LMV_HASH_TYPE_MASK = 0xffff, since("2.6")
    LMV_HASH_FLAG_OVERSTRIPED = 0x1000000, since("2.16")
    LMV_HASH_FLAG_FIXED = 0x2000000, since("2.15")
    LMV_HASH_FLAG_MERGE = 0x4000000
    LMV_HASH_FLAG_SPLIT = 0x8000000
    LMV_HASH_FLAG_LOST_LMV = 0x10000000, since("2.7")
    LMV_HASH_FLAG_BAD_TYPE = 0x20000000, since("2.7")
    LMV_HASH_FLAG_DEAD = 0x40000000, since("2.6").until("2.13")
    LMV_HASH_FLAG_MIGRATION = 0x80000000, since("2.6")


class LustreForeignTypes(WireEnum, since="2.16"):
    """lfm_type."""

    LU_FOREIGN_TYPE_NONE = 0, since("2.13")
    LU_FOREIGN_TYPE_POSIX = 1
    LU_FOREIGN_TYPE_PCCRW = 2
    LU_FOREIGN_TYPE_PCCRO = 3
    LU_FOREIGN_TYPE_S3 = 4
    LU_FOREIGN_TYPE_SYMLINK = 0xda05, since("2.15")
    LU_FOREIGN_TYPE_UNKNOWN = 0xffffffff, since("2.13")


# Magics and patterns
LOV_DESC_MAGIC: Final = 0xb0ccde5c
LOV_MAGIC_V1: Final = 0xbd10bd0
LOV_MAGIC_V3: Final = 0xbd30bd0
LOV_USER_MAGIC_JOIN: Final = constant(0xbd20bd0, until("2.0"))
LOV_USER_MAGIC_V1: Final = 0xbd10bd0
LOV_USER_MAGIC_V3: Final = 0xbd30bd0
LOV_USER_MAGIC: Final = 0xbd10bd0
LOV_PATTERN_FIRST: Final = constant(0x100, until("2.11"))
LOV_MAGIC: Final = 0xbd10bd0
LOV_PATTERN_CMOBD: Final = constant(0x200, until("2.13"))
LOV_OBJECT_GROUP_DEFAULT: Final = constant(0xffffffffffffffff, until("2.1"))
LOV_OBJECT_GROUP_CLEAR: Final = constant(0, until("2.1"))
LOV_USER_MAGIC_V1_SWABBED: Final = constant(0xd00bd10b, until("2.0"))
LOV_USER_MAGIC_V3_SWABBED: Final = constant(0xd00bd30b, until("2.0"))
LOV_MAGIC_JOIN: Final = constant(0xbd20bd0, until("2.0"))
MEA_MAGIC_ALL_CHARS: Final = constant(0xb222a11c, since("2.0").until("2.6"))
MEA_MAGIC_HASH_SEGMENT: Final = constant(0xb222a11b, since("2.0").until("2.6"))
MEA_MAGIC_LAST_CHAR: Final = constant(0xb2221ca1, since("2.0").until("2.6"))
LOV_USER_MAGIC_JOIN_V1: Final = constant(0xbd20bd0, since("2.0"))
LOV_MAGIC_JOIN_V1: Final = constant(0xbd20bd0, since("2.0"))
LOV_MAGIC_COMP_V1: Final = constant(0xbd60bd0, since("2.10"))
LOV_MAGIC_FOREIGN: Final = constant(0xbd70bd0, since("2.13"))

# Limits
LOV_MAXPOOLNAME: Final = constant(0xf, was(0x10).since("2.7"))
LOV_POOLNAMEF: Final = constant("%.15s", was("%.16s").since("2.7"))
LOV_MIN_STRIPE_BITS: Final = 0x10
LOV_MIN_STRIPE_SIZE: Final = 0x10000
LOV_MAX_STRIPE_COUNT: Final = constant(0x7d0, was(0xa0).since("2.2"))
LOV_V1_INSANE_STRIPE_COUNT: Final = constant(0xffdf, was(0xfffc).since("2.16"))
LOV_MAX_UUID_BUFFER_SIZE: Final = 0x2000
LOV_OBJID: Final = "lov_objid"

# lustre_idl.h
LINK_EA_MAGIC: Final = constant(0x11eaf1df, since("2.0"))

# Striped directories
LMV_CRUSH_PG_COUNT: Final = constant(0x1000, since("2.14"))
LMV_USER_MAGIC: Final = constant(0xcd30cd0, was(0xcd20cd0, "2.4").since("2.6"))
LMV_MAGIC_STRIPE: Final = constant(0xcd40cd0, since("2.6"))
LMV_MAGIC_V1: Final = constant(0xcd20cd0, was(0xcd10cd0, "2.4").since("2.6"))
