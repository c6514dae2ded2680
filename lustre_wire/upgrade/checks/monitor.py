"""The numbered invariants of upgrade and downgrade (B, S, D, E, G and the law of dialects), checked in a finished play.

Each check says how often the situation it is about occurred and what was wrong: a check that saw nothing proves
nothing. What is checked is the recorded traffic and what the nodes noted of themselves; `Snapshot`s hold what can only
be seen at the moment a server reaches a state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lustre_wire.upgrade.checks import start as invariants_start
from lustre_wire.upgrade.checks import stop as invariants_stop
from lustre_wire.upgrade.checks.verdict import CHECKS, Verdict

if TYPE_CHECKING:
    from lustre_wire.upgrade.stage.play import Play

#: Where checks are declared.
DECLARED = (invariants_stop, invariants_start)


def judge(play: Play) -> dict[str, Verdict]:
    """All invariants over a play that is over."""
    found: dict[str, Verdict] = {}
    for name, (_, check) in CHECKS.items():
        found[name] = Verdict()
        check(play, found[name])
    return found


__all__ = ["CHECKS", "DECLARED", "Verdict", "judge"]
