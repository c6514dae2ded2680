"""The numbered invariants of recovery, checked in what went over the network and in nothing else.

Each check gives how often the situation it is about was seen, and what was wrong. A check that saw nothing proves
nothing: whoever runs it has to look at the count.
"""

from __future__ import annotations

from lustre_wire.testbed import invariants_client, invariants_locks, invariants_server
from lustre_wire.testbed.seen import Seen
from lustre_wire.testbed.verdict import Check, Verdict

#: Every check, by the number of its invariant.
CHECKS: dict[str, Check] = {**invariants_client.CHECKS, **invariants_server.CHECKS, **invariants_locks.CHECKS}


def judge(messages: list[Seen], names: list[str] | None = None) -> dict[str, Verdict]:
    """Every check, or those named, over one recording."""
    return {name: check(messages) for name, check in CHECKS.items() if names is None or name in names}
