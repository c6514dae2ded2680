"""Sizes, threads and timeouts of an implementation: nobody's bytes, but what its headers say."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant

# ptlrpc_sizes
PTLRPC_NUM_VERSIONS: Final = 4
OST_MIN_PRECREATE: Final = 0x20
OST_MAX_PRECREATE: Final = 0x4e20
OBD_TIMEOUT_DEFAULT: Final = 0x64
MDS_LDLM_TIMEOUT_DEFAULT: Final = 6
DISK_TIMEOUT: Final = 0x32
CONNECTION_SWITCH_MIN: Final = 5
AT_BINS: Final = 4
AT_FLG_NOHIST: Final = 1
PTLRPC_MD_OPTIONS: Final = 0
PTLRPC_MAX_BRW_BITS: Final = constant(0x1a, was(0x14).since("2.4"))
PTLRPC_MAX_BRW_SIZE: Final = constant(0x4000000, was(0x100000).since("2.10"))
PTLRPC_MAX_BRW_PAGES: Final = constant(0x4000, was(0x100).since("2.9"))
MDS_THREADS_MIN: Final = constant(2, until("2.1"))
MDS_THREADS_MAX: Final = constant(0x200, until("2.1"))
MDS_THREADS_MIN_READPAGE: Final = constant(2, until("2.1"))
MDS_NBUFS: Final = 0x40
MDS_BUFSIZE: Final = 0x2000
MDS_MAXREQSIZE: Final = 0x1400
MDS_MAXREPSIZE: Final = constant(0x2400, was(0x2400).was(0x246a, "1.8.9", "2.0").since("2.4"))
MGS_THREADS_AUTO_MAX: Final = constant(0x20, until("2.3"))
MGS_NBUFS: Final = 0x40
MGS_BUFSIZE: Final = 0x2000
MGS_MAXREPSIZE: Final = 0x2400
OST_NBUFS: Final = 0x40
OST_BUFSIZE: Final = constant(0x8000, was(0x2000).since("2.13"))
OST_MAXREQSIZE: Final = constant(0x4000, was(0x1400).since("2.5.3", "2.7"))
OST_MAXREPSIZE: Final = 0x2400
PTLRPC_SVC_HP_RATIO: Final = 0xa
PTLRPC_REPLY_MAYBE_DIFFICULT: Final = 1
PTLRPC_REPLY_EARLY: Final = 2
OSC_MAX_RIF_DEFAULT: Final = constant(8, until("2.6"))
OSC_MAX_RIF_MAX: Final = 0x100
OSC_MAX_DIRTY_DEFAULT: Final = constant(0x7d0, was(0x20).since("2.12"))
OSC_MAX_DIRTY_MB_MAX: Final = 0x800
OSC_DEFAULT_RESENDS: Final = 0xa
JOBSTATS_JOBID_SIZE: Final = constant(0x20, since("1.8.9", "2.3").until("2.7"))
PTLRPC_INTEROP_1_6: Final = constant(1, until("2.0"))
PTLRPC_BODY_MIN_SIZE: Final = constant(0x58, until("2.0"))
PING_SVC_TIMEOUT: Final = constant(0xf, since("1.8.9"))
CONNECTION_SWITCH_INC: Final = constant(5, was(5).was(1, "1.8.9"))
MGS_THREADS_AUTO_MIN: Final = constant(3, was(2).since("2.0").until("2.3"))
MGS_MAXREQSIZE: Final = constant(0x1c00, was(0x2000).since("2.0"))
OSC_DEFAULT_CKSUM: Final = constant(1, until("2.0").since("2.1").until("2.2"))
MAX_MDT_COUNT: Final = constant(8, since("2.0").until("2.4"))
MAX_MD_SIZE: Final = constant(0x2e0, was(0x80, "2.0").since("2.10.8", "2.12"))
MIN_MD_SIZE: Final = constant(0x38, since("2.0"))
PTLRPC_CTX_NEW_BIT: Final = constant(0, since("2.0"))
PTLRPC_CTX_UPTODATE_BIT: Final = constant(1, since("2.0"))
PTLRPC_CTX_DEAD_BIT: Final = constant(2, since("2.0"))
PTLRPC_CTX_ERROR_BIT: Final = constant(3, since("2.0"))
PTLRPC_CTX_CACHED_BIT: Final = constant(8, since("2.0"))
PTLRPC_CTX_ETERNAL_BIT: Final = constant(9, since("2.0"))
PTLRPC_CTX_NEW: Final = constant(1, since("2.0"))
PTLRPC_CTX_UPTODATE: Final = constant(2, since("2.0"))
PTLRPC_CTX_DEAD: Final = constant(4, since("2.0"))
PTLRPC_CTX_ERROR: Final = constant(8, since("2.0"))
PTLRPC_CTX_CACHED: Final = constant(0x100, since("2.0"))
PTLRPC_CTX_ETERNAL: Final = constant(0x200, since("2.0"))
PTLRPC_CTX_STATUS_MASK: Final = constant(0xe, since("2.0"))
PTLRPC_SEC_FL_REVERSE: Final = constant(1, since("2.0"))
PTLRPC_SEC_FL_ROOTONLY: Final = constant(2, since("2.0"))
PTLRPC_SEC_FL_UDESC: Final = constant(4, since("2.0"))
PTLRPC_SEC_FL_BULK: Final = constant(8, since("2.0"))
PTLRPC_SEC_FL_PAG: Final = constant(0x10, since("2.0"))

# First opcode of each service, and the one after the last
MGS_FIRST_OPC: Final = 0xfa

# release_version
LUSTRE_VERSION_ALLOWED_OFFSET: Final = constant(0x120, since("1.8.9", "2.0").until("2.1").since("2.9").until("2.11"))
LUSTRE_VERSION_OFFSET_WARN: Final = constant(0x43200, was(0x120, "1.8.9", "2.0").until("2.1").since("2.9"))
LUSTRE_MAJOR: Final = constant(2, was(1, "1.8.9").since("2.0").until("2.1"))
LUSTRE_MINOR: Final = constant(0, was(8, "1.8.9").since("2.0").until("2.1"))
LUSTRE_PATCH: Final = constant(0, was(9, "1.8.9").since("2.0").until("2.1"))
LUSTRE_FIX: Final = constant(1, was(0, "1.8.9").since("2.0").until("2.1"))
LUSTRE_VERSION_STRING: Final = constant("2.0.0.1", was("1.8.9", "1.8.9").since("2.0").until("2.1").since("2.17"))
CLIENT_URN: Final = constant("LUSTRE-200-CLT", was("LUSTRE-189-CLT", "1.8.9").since("2.0").until("2.1"))
MDS_URN: Final = constant("LUSTRE-200-MDS", was("LUSTRE-189-MDS", "1.8.9").since("2.0").until("2.1"))
MGS_URN: Final = constant("LUSTRE-200-MGS", was("LUSTRE-189-MGS", "1.8.9").since("2.0").until("2.1"))
OSS_URN: Final = constant("LUSTRE-200-OSS", was("LUSTRE-189-OSS", "1.8.9").since("2.0").until("2.1"))
LUSTRE_VERSION_CODE: Final = constant(
    0x2110000, was(0x1080900, "1.8.9").was(0x2000001, "2.0").until("2.1").since("2.17")
)  # fmt: skip
