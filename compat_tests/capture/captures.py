"""The captures of real nodes, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from compat_tests.recorded import FIXTURES
from lustre_wire.capture import Captured, Statistics, read_messages

#: Those of real nodes; their names begin with a number.
CAPTURES = sorted((FIXTURES / "captures").glob("[0-9]*.pcap"))


def path_of(start: str) -> Path:
    """The capture whose name begins so."""
    (found,) = (p for p in CAPTURES if p.name.startswith(start))
    return found


@cache
def messages(path: Path) -> tuple[Captured, ...]:
    """Everything in a capture."""
    return _read(path)[0]


@cache
def statistics(path: Path) -> Statistics:
    """What reading it counted."""
    return _read(path)[1]


@cache
def _read(path: Path) -> tuple[tuple[Captured, ...], Statistics]:
    counts = Statistics()
    with path.open("rb") as stream:
        return tuple(read_messages(stream, statistics=counts)), counts
