"""The numbered invariants of recovery, checked in what went over the network and in nothing else.

Each check gives how often the situation it is about was seen, and what was wrong. A check that saw nothing proves
nothing: whoever runs it has to look at the count.
"""

from __future__ import annotations

from lustre_wire.checking import registry
from lustre_wire.checking.verdict import Verdict
from lustre_wire.testbed import invariants_client, invariants_locks, invariants_server
from lustre_wire.testbed.reading import Recording
from lustre_wire.testbed.seen import TRAFFIC, Seen

#: Where checks are declared.
DECLARED = (invariants_client, invariants_server, invariants_locks)
#: Every check, by the number of its invariant.
CHECKS = registry.of(TRAFFIC)


def judge(messages: list[Seen], names: list[str] | None = None) -> dict[str, Verdict]:
    """Every check, or those named, over one recording."""
    return registry.judge(TRAFFIC, Recording(messages), names)
