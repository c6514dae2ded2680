"""Sequences."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class FidSeq(WireEnum):
    """Reserved FID sequences and the ends of their ranges."""

    FID_SEQ_OST_MDT0 = 0, since("2.0")
    FID_SEQ_LLOG = 1, since("2.0")
    FID_SEQ_ECHO = 2, since("2.0")
    FID_SEQ_OST_MDT1 = 3, since("2.0").until("2.8")
    FID_SEQ_UNUSED_START = 3, since("2.8")
    FID_SEQ_OST_MAX = 9, since("2.0").until("2.8")
    FID_SEQ_UNUSED_END = 9, since("2.8")
    FID_SEQ_LLOG_NAME = 0xa, since("2.4")
    FID_SEQ_RSVD = 0xb, since("2.0")
    FID_SEQ_IGIF = 0xc, since("2.0")
    FID_SEQ_IGIF_MAX = 0xffffffff, since("2.0")
    FID_SEQ_IDIF = 0x100000000, since("2.0")
    FID_SEQ_IDIF_MAX = 0x1ffffffff, since("2.0")
    FID_SEQ_START = 0x200000000
    FID_SEQ_LOCAL_FILE = 0x200000001, since("2.0")
    FID_SEQ_DOT_LUSTRE = 0x200000002, since("2.0")
    FID_SEQ_LOCAL_NAME = 0x200000003, since("2.4")
    FID_SEQ_SPECIAL = 0x200000004, since("2.2")
    FID_SEQ_QUOTA = 0x200000005, since("2.3")
    FID_SEQ_QUOTA_GLB = 0x200000006, since("2.3")
    FID_SEQ_ROOT = 0x200000007, since("2.4")
    FID_SEQ_LAYOUT_RBTREE = 0x200000008, since("2.6")
    FID_SEQ_UPDATE_LOG = 0x200000009, since("2.8")
    FID_SEQ_UPDATE_LOG_DIR = 0x20000000a, since("2.8")
    FID_SEQ_NORMAL = 0x200000400, since("2.0")
    FID_SEQ_LOV_DEFAULT = 0xffffffffffffffff, since("2.1")


class SeqOp(WireEnum):
    """What a sequence query asks for."""

    SEQ_ALLOC_SUPER = 0
    SEQ_ALLOC_META = 1


class FidSeqOid(WireEnum, since="2.2"):
    """Objects of the special sequences."""

    FID_OID_DOT_LUSTRE = 1
    FID_OID_SPECIAL_BFL = 1
    FID_OID_DOT_LUSTRE_OBF = 2
    FID_OID_DOT_LUSTRE_LPF = 3, since("2.6")


class LuSeqRangeType(WireEnum, since="2.1"):
    """Whose a range of sequences is: lsr_flags."""

    LU_SEQ_RANGE_MDT = 0
    LU_SEQ_RANGE_OST = 1
    LU_SEQ_RANGE_ANY = 3, since("2.4")


class FldOp(WireEnum, since="2.0"):
    """What a query of the FID location database asks for."""

    FLD_CREATE = 0
    FLD_DELETE = 1
    FLD_LOOKUP = 2


# Sequences and objects
LUSTRE_FID_INIT_OID: Final = 1
IDIF_SEQ_START: Final = constant(0x100000000, until("2.0"))
OBIF_OID_MAX_BITS: Final = constant(0x20, since("2.0"))
OBIF_MAX_OID: Final = constant(0xffffffff, was(0x100000000, "2.0").since("2.16"))
OBIF_OID_MASK: Final = constant(0xffffffff, since("2.0").until("2.16"))
IDIF_OID_MAX_BITS: Final = constant(0x30, since("2.0"))
IDIF_MAX_OID: Final = constant(0xffffffffffff, was(0x1000000000000, "2.0").since("2.16"))
IDIF_OID_MASK: Final = constant(0xffffffffffff, since("2.0").until("2.16"))
LUSTRE_SEQ_NAME: Final = constant("seq", since("2.0"))
FID_SEQ_DISTRIBUTED_START: Final = constant(0x200000400, since("2.0").until("2.1"))
LUSTRE_SEQ_SRV_NAME: Final = constant("seq_srv", since("2.0"))
LUSTRE_SEQ_CTL_NAME: Final = constant("seq_ctl", since("2.0"))
LU_DOT_LUSTRE_SEQ: Final = constant(0x200000002, since("2.0").until("2.1"))
LUSTRE_SEQ_MAX_WIDTH: Final = constant(0x20000, was(0x4000).since("1.8.9", "2.0").until("2.4"))
LUSTRE_SEQ_META_WIDTH: Final = constant(1, since("2.0"))
LUSTRE_SEQ_BATCH_WIDTH: Final = constant(0x3e8, since("2.0"))
LUSTRE_SEQ_SUPER_WIDTH: Final = constant(0x40000000, since("2.0"))
LUSTRE_SEQ_METADATA: Final = constant(1, was(0).until("2.4").since("2.5"))
LUSTRE_SEQ_DATA: Final = constant(2, was(1).until("2.4").since("2.5"))
FILTER_GROUP_LLOG: Final = constant(1, until("2.0"))
FILTER_GROUP_ECHO: Final = constant(2, until("2.0"))

# Words of the name of a lock resource
LUSTRE_RES_ID_SEQ_OFF: Final = 0
LUSTRE_RES_ID_HSH_OFF: Final = 3
LUSTRE_RES_ID_VER_OID_OFF: Final = constant(1, since("1.8.9", "2.1.6", "2.2"))
LUSTRE_RES_ID_WAS_VER_OFF: Final = constant(2, since("1.8.9", "2.1.6", "2.2"))
LUSTRE_RES_ID_OID_OFF: Final = constant(1, since("2.0").until("2.1.6", "2.2"))
LUSTRE_RES_ID_VER_OFF: Final = constant(2, since("2.0").until("2.1.6", "2.2"))
LUSTRE_RES_ID_QUOTA_SEQ_OFF: Final = constant(2, since("2.4"))
LUSTRE_RES_ID_QUOTA_VER_OID_OFF: Final = constant(3, since("2.4"))

# lustre_idl.h

# lustre_user.h
PFID_STRIPE_COUNT_MASK: Final = constant(0xffff, since("2.11"))
PFID_STRIPE_IDX_BITS: Final = constant(0x10, since("2.11"))
