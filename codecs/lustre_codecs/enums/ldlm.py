"""Locks."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class LdlmFl(WireFlag):
    """lock_flags of requests and replies."""

    LDLM_FL_LOCK_CHANGED = 1
    LDLM_FL_BLOCK_GRANTED = 2
    LDLM_FL_BLOCK_CONV = 4, until("2.17")
    LDLM_FL_BLOCK_WAIT = 8
    LDLM_FL_CBPENDING = 0x400000000, was(0x10).since("2.4")
    LDLM_FL_AST_SENT = 0x20
    LDLM_FL_WAIT_NOREPROC = 0x800000000, was(0x40).since("2.4")
    LDLM_FL_CANCEL = 0x1000000000, was(0x80).since("2.4")
    LDLM_FL_REPLAY = 0x100
    LDLM_FL_INTENT_ONLY = 0x200
    LDLM_FL_LOCAL_ONLY = 0x2000000000, was(0x400).since("2.4")
    LDLM_FL_FAILED = 0x4000000000, was(0x800).since("2.4")
    LDLM_FL_HAS_INTENT = 0x1000
    LDLM_FL_CANCELING = 0x8000000000, was(0x2000).since("2.4")
    LDLM_FL_LOCAL = 0x10000000000, was(0x4000).since("2.4")
    LDLM_FL_DISCARD_DATA = 0x10000
    LDLM_FL_NO_TIMEOUT = 0x20000
    LDLM_FL_BLOCK_NOWAIT = 0x40000
    LDLM_FL_TEST_LOCK = 0x80000
    LDLM_FL_LVB_READY = 0x20000000000, was(0x100000).since("2.4")
    LDLM_FL_KMS_IGNORE = 0x40000000000, was(0x200000).since("2.4")
    LDLM_FL_CANCEL_ON_BLOCK = 0x800000
    LDLM_FL_CP_REQD = 0x80000000000, was(0x1000000).since("2.4")
    LDLM_FL_CLEANED = 0x100000000000, was(0x2000000).since("2.4")
    LDLM_FL_ATOMIC_CB = 0x200000000000, was(0x4000000).since("2.4")
    LDLM_FL_BL_AST = 0x400000000000, was(0x10000000).since("2.4")
    LDLM_FL_BL_DONE = 0x800000000000, was(0x20000000).since("2.4")
    LDLM_FL_DENY_ON_CONTENTION = 0x40000000
    LDLM_FL_FAIL_LOC = 0x100000000
    LDLM_FL_WARN = 0x8000, until("2.0").since("2.1").until("2.5")
    LDLM_FL_FLOCK_DEADLOCK = 0x8000, since("2.5")
    LDLM_FL_MATCH_LOCK = 0x100000, since("2.8")
    LDLM_FL_AST_DISCARD_DATA = 0x80000000, since("2.5")
    LDLM_FL_NO_LRU = 0x1000000000000, was(0x400000).until("2.0").was(0x400000, "2.2").since("2.4")
    LDLM_FL_SKIPPED = 0x200000000, since("1.8.9", "2.1").until("2.10.8", "2.12")
    LDLM_FL_SPECULATIVE = 0x10, since("2.11")
    LDLM_FL_COS_INCOMPAT = 0x1000000, since("2.8").until("2.16")
    LDLM_FL_CONVERTING = 0x2000000, since("2.12")
    LDLM_FL_LOCKAHEAD_OLD_RESERVED = 0x10000000, since("2.11").until("2.14")
    LDLM_FL_NO_EXPANSION = 0x20000000, since("2.11")


class LdlmMode(WireFlag):
    """Lock modes; a mask, one bit a mode."""

    LCK_EX = 1
    LCK_PW = 2
    LCK_PR = 4
    LCK_CW = 8
    LCK_CR = 0x10
    LCK_NL = 0x20
    LCK_GROUP = 0x40
    LCK_COS = 0x80, since("2.0")
    LCK_TXN = 0x100, since("2.16")


class LdlmType(WireEnum):
    """lr_type: what a resource is about, and so which policy its locks have."""

    LDLM_PLAIN = 0xa
    LDLM_EXTENT = 0xb
    LDLM_FLOCK = 0xc
    LDLM_IBITS = 0xd


class LdlmError(WireEnum):
    """Positive pb_status of lock replies."""

    ELDLM_OK = 0
    ELDLM_LOCK_CHANGED = 0x12c
    ELDLM_LOCK_ABORTED = 0x12d
    ELDLM_LOCK_REPLACED = 0x12e
    ELDLM_NO_LOCK_DATA = 0x12f
    ELDLM_NAMESPACE_EXISTS = 0x190
    ELDLM_BAD_NAMESPACE = 0x191
    ELDLM_LOCK_MATCHED = 1, since("1.8.9", "2.7")


# Modes and types
LCK_MINMODE: Final = 0
LCK_MAXMODE: Final = constant(0x101, was(0x41).was(0x81, "2.0").since("2.16"))
LDLM_MAX_TYPE: Final = constant(0xe, until("2.17"))
LCK_COMPAT_EX: Final = 0x20
LCK_COMPAT_PW: Final = 0x30
LCK_COMPAT_PR: Final = constant(0x134, was(0x34).since("2.16"))
LCK_COMPAT_CW: Final = 0x38
LCK_COMPAT_CR: Final = constant(0x13e, was(0x3e).since("2.16"))
LCK_COMPAT_NL: Final = constant(0x1ff, was(0x7f).since("2.16"))
LCK_COMPAT_GROUP: Final = 0x60
LCK_MODE_NUM: Final = constant(9, was(7).was(8, "2.0").since("2.16"))
LCK_COMPAT_COS: Final = constant(0xa0, was(0x80, "2.0").since("2.16"))
LCK_MODE_END: Final = constant(0x101, since("2.17"))
LCK_MODE_MIN: Final = constant(0, since("2.17"))
LDLM_TYPE_END: Final = constant(0xe, since("2.17"))

# lustre_dlm.h
LDLM_INHERIT_FLAGS: Final = constant(0x800000, until("2.6"))
LDLM_AST_DISCARD_DATA: Final = constant(0x80000000, until("2.5"))
LDLM_AST_FLAGS: Final = constant(0x10000, until("2.6"))
LDLM_MIN_TYPE: Final = constant(0xa, until("2.17"))
LDLM_LOCKREQ_HANDLES: Final = 2
LDLM_TIMEOUT_DEFAULT: Final = 0x14
LDLM_THREADS_AUTO_MIN: Final = constant(2, until("2.3"))
LDLM_BL_THREADS: Final = 2
LDLM_NBUFS: Final = constant(0x40, until("2.4"))
LDLM_BUFSIZE: Final = 0x2000
LDLM_MAXREQSIZE: Final = 0x1400
LDLM_MAXREPSIZE: Final = 0x400
LDLM_DEFAULT_LRU_SIZE: Final = 0x64
LDLM_CB_BLOCKING: Final = 1
LDLM_CB_CANCELING: Final = 2
LDLM_POOLS_THREAD_PERIOD: Final = 1
LDLM_POOLS_MODEST_MARGIN_SHIFT: Final = constant(4, since("1.8.9", "2.0"))
LDLM_POOL_SRV_DEF_RECALC_PERIOD: Final = 1
LDLM_POOL_CLI_DEF_RECALC_PERIOD: Final = 0xa
LDLM_ITER_CONTINUE: Final = 1
LDLM_ITER_STOP: Final = 2
LDLM_CTIME_AGE_LIMIT: Final = constant(0xa, since("2.0"))
OBD_LDLM_DEVICENAME: Final = "ldlm"
DLM_OST_NAMESPACE: Final = 1
DLM_MDS_NAMESPACE: Final = 2
NS_DEFAULT_MAX_NOLOCK_BYTES: Final = 0
NS_DEFAULT_CONTENTION_SECONDS: Final = 2
NS_DEFAULT_CONTENDED_LOCKS: Final = 0x20
LUSTRE_TRACKS_LOCK_EXP_REFS: Final = constant(0, was(1, "2.0").since("2.3"))

# First opcode of each service, and the one after the last
LDLM_FIRST_OPC: Final = 0x65

# res
RES_NAME_SIZE: Final = 4
RES_HASH_BITS: Final = constant(0xc, was(0xa).since("1.8.9", "2.0").until("2.1"))
RES_HASH_SIZE: Final = constant(0x1000, until("2.1"))
RES_HASH_MASK: Final = constant(0xfff, until("2.1"))
