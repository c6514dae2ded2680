"""Magics and limits of layouts.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant

LOV_MAGIC_V1: Final = 0xbd10bd0
LOV_MAGIC_V3: Final = 0xbd30bd0
LOV_MAGIC_JOIN: Final = constant(0xbd20bd0, until("2.0"))
LOV_USER_MAGIC_V1: Final = 0xbd10bd0
LOV_USER_MAGIC_V3: Final = 0xbd30bd0
LOV_USER_MAGIC_JOIN: Final = constant(0xbd20bd0, until("2.0"))
LOV_DESC_MAGIC: Final = 0xb0ccde5c
LOV_MAXPOOLNAME: Final = constant(15, was(0x10).since("2.7"))
MEA_MAGIC_LAST_CHAR: Final = constant(0xb2221ca1, since("2.0").until("2.17"))
MEA_MAGIC_ALL_CHARS: Final = constant(0xb222a11c, since("2.0").until("2.17"))
MEA_MAGIC_HASH_SEGMENT: Final = constant(0xb222a11b, since("2.0").until("2.17"))
LINK_EA_MAGIC: Final = constant(0x11eaf1df, since("2.0"))
LMV_MAGIC_V1: Final = constant(0xcd20cd0, was(0xcd10cd0, "2.4").since("2.6"))
LMV_USER_MAGIC: Final = constant(0xcd30cd0, was(0xcd20cd0, "2.4").since("2.6"))
