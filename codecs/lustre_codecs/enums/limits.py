"""Sizes, threads and timeouts of an implementation: nobody's bytes, but what its headers say."""

from __future__ import annotations

from typing import Final, TypeVar

from lustre_wire.schema.margins import dated, since, until, was
from lustre_wire.schema.numbers import constant

_T = TypeVar("_T")

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

# release_version: what each says of itself (lustre-version.ac; since 2.9 LUSTRE-VERSION-GEN, which takes the tag)
_OWN_VERSION: Final = {
    "1.8.0": "1.8.0", "1.8.9": "1.8.9", "2.0.0": "2.0.0.1", "2.1.0": "2.1.0", "2.1.6": "2.1.6", "2.2.0": "2.2.0",
    "2.3.0": "2.3.0", "2.4.0": "2.4.0", "2.5.0": "2.5.0", "2.5.3": "2.5.3", "2.6.0": "2.6.0", "2.7.0": "2.7.0",
    "2.8.0": "2.8.0", "2.9.0": "2.9.0", "2.10.0": "2.10.0", "2.10.8": "2.10.8", "2.11.0": "2.11.0",
    "2.12.0": "2.12.0", "2.12.9": "2.12.9", "2.13.0": "2.13.0", "2.14.0": "2.14.0", "2.15.0": "2.15.0",
    "2.15.8": "2.15.8", "2.16.0": "2.16.0", "2.16.1": "2.16.1",
    "2.17.0": "2.17.0",
}  # fmt: skip
_PARTS: Final = {name: tuple(map(int, f"{version}.0".split(".")[:4])) for name, version in _OWN_VERSION.items()}
#: Of the targets' names as well, while there were some.
_URN: Final = {"1.8.0": "LUSTRE-180-", "1.8.9": "LUSTRE-189-", "2.0.0": "LUSTRE-200-", "2.1.0": "LUSTRE-210-"}


def _own(values: dict[str, _T], until: str = "") -> _T:
    """A constant that each of these releases has a value of its own for."""
    return constant(list(values.values())[-1], dated(values | ({until: None} if until else {})))


def _urn(of: str) -> str:
    return _own({name: line + of for name, line in _URN.items()}, until="2.2")


LUSTRE_VERSION_STRING: Final = _own(_OWN_VERSION)
LUSTRE_MAJOR: Final = _own({name: numbers[0] for name, numbers in _PARTS.items()})
LUSTRE_MINOR: Final = _own({name: numbers[1] for name, numbers in _PARTS.items()})
LUSTRE_PATCH: Final = _own({name: numbers[2] for name, numbers in _PARTS.items()})
LUSTRE_FIX: Final = _own({name: numbers[3] for name, numbers in _PARTS.items()})
LUSTRE_VERSION_CODE: Final = _own({name: int.from_bytes(numbers, "big") for name, numbers in _PARTS.items()})
CLIENT_URN: Final = _urn("CLT")
MDS_URN: Final = _urn("MDS")
MGS_URN: Final = _urn("MGS")
OSS_URN: Final = _urn("OSS")
LUSTRE_VERSION_ALLOWED_OFFSET: Final = constant(0x120, until("2.11"))
LUSTRE_VERSION_OFFSET_WARN: Final = constant(0x43200, was(0x120).since("2.8"))  # liblustre's while there was one
