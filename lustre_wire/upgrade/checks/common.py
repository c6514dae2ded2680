"""What the checks of a play share."""

from __future__ import annotations

from collections.abc import Callable

from lustre_wire.checking import registry
from lustre_wire.checking.verdict import Verdict
from lustre_wire.upgrade.stage.play import Play

#: Seconds a commit and the last messages may take beyond the callback timeout.
SLACK = 1.0
#: What checks of a play are said to read.
PLAY = "play"

Check = Callable[[Play, Verdict], None]


def invariant(number: str) -> Callable[[Check], Check]:
    """Register a check of a play under the invariant's number; its first line says what must hold."""
    return registry.invariant(number, PLAY)


def at(play: Play, time: float, nid: int) -> str:
    """When and where, for people."""
    return f"{time:.3f} {play.name_of(nid)}"
