"""Locks.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was


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
    LDLM_FL_WARN = 0x8000, until("2.0")
    LDLM_FL_NO_LRU = 0x1000000000000, was(0x400000).until("2.0").was(0x400000, "2.2").since("2.4")
    LDLM_FL_SKIPPED = 0x200000000, until("2.0")


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


class LdlmType(WireEnum):
    """lr_type: what a resource is about, and so which policy its locks have."""

    LDLM_PLAIN = 10
    LDLM_EXTENT = 11
    LDLM_FLOCK = 12
    LDLM_IBITS = 13


class LdlmError(WireEnum):
    """Positive pb_status of lock replies."""

    ELDLM_OK = 0
    ELDLM_LOCK_CHANGED = 300
    ELDLM_LOCK_ABORTED = 301
    ELDLM_LOCK_REPLACED = 302
    ELDLM_NO_LOCK_DATA = 303
    ELDLM_NAMESPACE_EXISTS = 400
    ELDLM_BAD_NAMESPACE = 401
    ELDLM_LOCK_MATCHED = 1, until("2.0").since("2.17")
