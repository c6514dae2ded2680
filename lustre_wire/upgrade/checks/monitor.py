"""The numbered invariants of upgrade and downgrade (B, S, D, E, G, some requirements, and the law of dialects).

Each check says how often the situation it is about occurred and what was wrong: a check that saw nothing proves
nothing. What is checked is the bytes that went over the network and what was on the disks (`wire`), and besides what
the nodes noted of themselves.

What recovery has to keep (R, L, V) is judged in plays as well, by the checks of the testbed.
"""

from __future__ import annotations

from lustre_wire.checking import registry
from lustre_wire.checking.verdict import Verdict
from lustre_wire.testbed import monitor
from lustre_wire.testbed.simulator import Simulator
from lustre_wire.upgrade.checks import numbers, start, stop, traffic, wire
from lustre_wire.upgrade.checks.common import PLAY
from lustre_wire.upgrade.stage.play import Play

#: Where checks are declared.
DECLARED = (stop, start, wire, numbers, monitor)
#: Every check, by the number of its invariant.
CHECKS = registry.of(PLAY)


def judge(play: Play) -> dict[str, Verdict]:
    """All invariants over a play that is over. Those of recovery compare times of both ends, and over TCP each node has
    its own clock: there they are left out."""
    found = registry.judge(PLAY, play)
    return found | monitor.judge(traffic.seen(play)) if isinstance(play.simulator, Simulator) else found
