"""Times of captures as commands show them: in UTC, with the digits a capture has."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from lustre_wire.text.numbers import LAST_SECOND

NANO: Final = 1_000_000_000


def clock(time_ns: int) -> str:
    """The time of day, to the microsecond."""
    seconds, rest = divmod(time_ns, NANO)
    return f"{_second(seconds, '%H:%M:%S')}.{rest // 1000:06}"


def iso(time_ns: int) -> str | None:
    """Date and time, to the nanosecond; None where it is not known."""
    if not time_ns:
        return None
    seconds, rest = divmod(time_ns, NANO)
    return f"{_second(seconds, '%Y-%m-%dT%H:%M:%S')}.{rest:09}Z"


@lru_cache(maxsize=2)
def _second(seconds: int, form: str) -> str:
    """A time in the calendar; one that a damaged file gives and no calendar has stays a number."""
    return f"{datetime.fromtimestamp(seconds, UTC):{form}}" if 0 <= seconds <= LAST_SECOND else str(seconds)
