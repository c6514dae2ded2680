"""What a play's servers and clients went through together, held to the model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import inf

from lustre_wire.upgrade.model.agreement import Pair, Projection, project
from lustre_wire.upgrade.model.explore import IGNORED
from lustre_wire.upgrade.protocol.policy import OPTIONS, Policy, Scope, policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play


@cache
def projection(*, calls: int = 1, touched: bool = False, by_hand: bool = False, **options: str) -> Projection:
    return project(policy("simplified", **options), losses=0, calls=calls, touched=touched, by_hand=by_hand)


def lives(play: Play) -> Iterator[tuple[int, float, float, float]]:
    """Each client from when it was last down: when it was mounted, and until it went down."""
    for mounted in play.mounted:
        downs = [t for t, client in [*play.mishaps.deaths, *play.unmounted] if client == mounted.client]
        before = max((t for t in downs if t <= mounted.time), default=-inf)
        yield mounted.client, before, mounted.time, min((t for t in downs if t > mounted.time), default=inf)


def traces(play: Play) -> Iterator[tuple[int, list[Pair]]]:
    """Each client by its NID, and what it and each target went through together, from when it was mounted until it went
    down. A target that is failed over goes on elsewhere."""
    states = {*map(str, ServerState), "down"}
    lived: dict[str, list[tuple[float, int, str]]] = {}
    for node in (node for node in play.nodes.values() if node.uuid != b"MGS"):  # which has no lock of theirs here
        lived.setdefault(node.uuid.decode(), []).extend(
            (life.time, 0, life.what) for life in node.history if life.what in states
        )
    for target, own in lived.items():
        for client, booted, begun, end in lives(play):
            events = list(own)
            mine = [moved for moved in play.journal.moved if (moved.client, moved.target) == (client, target)]
            events += [(moved.time, 1, str(moved.state)) for moved in mine if moved.time > booted]
            pair, found = ["serving", "run"], []
            for time, who, state in sorted(events, key=lambda event: event[0]):
                pair[who] = state
                if begun < time < end and not (who == 0 and state == ServerState.HALTED):  # it is down at that moment
                    found.append((pair[0], pair[1]))
            yield client, found


def comparable(how: Policy) -> bool:
    """Is there a model of this policy?"""
    return how.controlled


def refusals(play: Play) -> list[str]:
    """What in a play the model does not have; what the model has without calls, it has with them.

    With `scope=mgs` no MGS crashes in it, and clients to whom something happened, who have most states, are left out.
    """
    mgs = play.policy.scope is Scope.MGS
    if not comparable(play.policy) or (mgs and any(nid == play.nodes["mgs"].nid for _, nid in play.mishaps.crashes)):
        return []
    options = {name: getattr(play.policy, name) for name in OPTIONS if name not in IGNORED}
    untouched, found = play.untouched(), []
    for client, trace in traces(play):
        if mgs and client not in untouched:
            continue
        by_hand = any(done.client == client for done in play.by_hand)
        how = {"touched": client not in untouched, "by_hand": by_hand, **options}
        if any(projection(calls=0, **how).refuses(trace)):
            found += projection(**how).refuses(trace)
    return found
