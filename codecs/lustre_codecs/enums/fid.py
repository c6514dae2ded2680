"""Sequences.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireEnum
from lustre_wire.schema.margins import since


class FidSeq(WireEnum):
    """Reserved FID sequences and the ends of their ranges."""

    FID_SEQ_OST_MDT0 = 0, since("2.0")
    FID_SEQ_LLOG = 1, since("2.0")
    FID_SEQ_ECHO = 2, since("2.0")
    FID_SEQ_OST_MDT1 = 3, since("2.0").until("2.8")
    FID_SEQ_OST_MAX = 9, since("2.0").until("2.8")
    FID_SEQ_RSVD = 0xb, since("2.0")
    FID_SEQ_IGIF = 0xc, since("2.0")
    FID_SEQ_IGIF_MAX = 0xffffffff, since("2.0")
    FID_SEQ_IDIF = 0x100000000, since("2.0")
    FID_SEQ_IDIF_MAX = 0x1ffffffff, since("2.0")
    FID_SEQ_START = 0x200000000
    FID_SEQ_LOCAL_FILE = 0x200000001, since("2.0")
    FID_SEQ_DOT_LUSTRE = 0x200000002, since("2.0")
    FID_SEQ_NORMAL = 0x200000400, since("2.0")


class SeqOp(WireEnum):
    """What a sequence query asks for."""

    SEQ_ALLOC_SUPER = 0
    SEQ_ALLOC_META = 1
