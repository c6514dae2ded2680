"""The numbered invariants of upgrade and downgrade (B, S, D, E, G, some requirements, and the law of dialects).

Each check says how often the situation it is about occurred and what was wrong: a check that saw nothing proves
nothing. What is checked is the bytes that went over the network and what was on the disks (`wire`), and besides what
the nodes noted of themselves; `Snapshot`s hold what can only be seen at the moment a server reaches a state.
"""

from __future__ import annotations

from lustre_wire.upgrade.checks import start, stop, wire
from lustre_wire.upgrade.checks.verdict import CHECKS, Verdict
from lustre_wire.upgrade.stage.play import Play

#: Where checks are declared.
DECLARED = (stop, start, wire)


def judge(play: Play) -> dict[str, Verdict]:
    """All invariants over a play that is over."""
    found: dict[str, Verdict] = {}
    for name, (_, check) in CHECKS.items():
        found[name] = Verdict()
        check(play, found[name])
    return found


__all__ = ["CHECKS", "DECLARED", "Verdict", "judge"]
