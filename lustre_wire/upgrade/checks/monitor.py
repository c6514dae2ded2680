"""The numbered invariants of upgrade and downgrade (B, S, D, E, G, some requirements, and the law of dialects).

Each check says how often the situation it is about occurred and what was wrong: a check that saw nothing proves
nothing. What is checked is the bytes that went over the network and what was on the disks (`wire`), and besides what
the nodes noted of themselves; `Snapshot`s hold what can only be seen at the moment a server reaches a state.
"""

from __future__ import annotations

from lustre_wire.checking import registry
from lustre_wire.checking.verdict import Verdict
from lustre_wire.upgrade.checks import start, stop, wire
from lustre_wire.upgrade.checks.common import PLAY
from lustre_wire.upgrade.stage.play import Play

#: Where checks are declared.
DECLARED = (stop, start, wire)
#: Every check, by the number of its invariant.
CHECKS = registry.of(PLAY)


def judge(play: Play) -> dict[str, Verdict]:
    """All invariants over a play that is over."""
    return registry.judge(PLAY, play)
