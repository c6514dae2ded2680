"""Configuration logs as the MGS serves them and clients read them: parsed once, however many read them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.payloads import llog

#: How many parsed logs and blocks are kept.
KEPT = 256


@lru_cache(maxsize=KEPT)
def header(log: bytes, dialect: Dialect) -> Any:
    """The header of a log; it belongs to everybody and is not to be changed.

    Raises:
        WireError: this is no log.
    """
    return llog.read_log(log, dialect).header


@lru_cache(maxsize=KEPT)
def records(block: bytes, dialect: Dialect) -> tuple[llog.LogRecord, ...]:
    """The records of a block; they belong to everybody and are not to be changed.

    Raises:
        WireError: this is no block of a log.
    """
    return tuple(llog.read_chunk(block, dialect).records)
