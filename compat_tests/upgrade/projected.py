"""What a play's servers and clients went through together, held to the model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lustre_wire.upgrade.model.agreement import Pair, Projection, project
from lustre_wire.upgrade.model.explore import IGNORED
from lustre_wire.upgrade.protocol.policy import OPTIONS, Policy, Scope, policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play


@cache
def projection(**options: str) -> Projection:
    return project(policy("simplified", **options), losses=0)


def traces(play: Play) -> Iterator[list[Pair]]:
    """What each server and each client nothing happened to went through together, from when the client was mounted."""
    states = {*map(str, ServerState), "down"}
    for node in (node for node in play.nodes.values() if node.uuid != b"MGS"):  # which has no lock of theirs here
        for client in play.untouched():
            target = node.uuid.decode()
            begun = max((m.time for m in play.journal.mounted if m.client == client), default=float("inf"))
            events = [(life.time, 0, life.what) for life in node.history if life.what in states]
            mine = [moved for moved in play.journal.moved if (moved.client, moved.target) == (client, target)]
            events += [(moved.time, 1, str(moved.state)) for moved in mine]
            pair, found = ["serving", "run"], []
            for time, who, state in sorted(events, key=lambda event: event[0]):
                pair[who] = state
                if time > begun and not (who == 0 and state == ServerState.HALTED):  # it is down at the same moment
                    found.append((pair[0], pair[1]))
            yield found


def comparable(how: Policy) -> bool:
    """Is there a model of this policy?"""
    return how.controlled and how.scope is Scope.TARGET


def refusals(play: Play) -> list[str]:
    """What in a play the model does not have; nothing of barriers set by hand and of pairs, which it does not know."""
    if not comparable(play.policy) or play.journal.by_hand or play.system.partners:
        return []
    options = {name: getattr(play.policy, name) for name in OPTIONS if name not in IGNORED}
    model = projection(**options)
    return [line for trace in traces(play) for line in model.refuses(trace)]
