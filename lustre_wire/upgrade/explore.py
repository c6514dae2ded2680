"""Every state of a small file system that is upgraded: the two machines with a network, faults and an administrator.

The machines are those the nodes run (`barrier`, `shutdown`, `mark`); around them stands as little as they need: servers
with a disk, clients with a call to make, messages that arrive in any order or not at all, one node that crashes at any
moment. Each state is looked at once; what must hold in all of them is in `laws`, and from each the end must be within
reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import attrs

from lustre_wire.upgrade.laws import laws
from lustre_wire.upgrade.model import first_world, moves, settle
from lustre_wire.upgrade.policy import Policy
from lustre_wire.upgrade.world import Broken, World


@attrs.define(slots=True)
class Exploration:
    """What was found.

    Attributes:
        states, transitions: how many.
        depth: moves from the beginning to the farthest state.
        ends: states in which the upgrade is over.
        crashed: states in which a node has crashed, by node.
        truncated: the limit was reached: not every state was seen.
    """

    states: int = 0
    transitions: int = 0
    depth: int = 0
    ends: int = 0
    crashed: dict[str, int] = attrs.field(factory=dict)
    truncated: bool = False


def explore(
    policy: Policy, *, clients: int = 2, servers: tuple[str, ...] = ("mds", "ost"), losses: int = 1, crashes: int = 1,
    limit: int = 5_000_000,
) -> Exploration:  # fmt: skip
    """Walk through all states.

    Args:
        losses, crashes: how many messages may be lost and how many nodes may crash, anywhere.
        limit: states after which to give up.

    Raises:
        Broken: a law does not hold, or the end cannot be reached from some state; `trail` leads there.
    """
    found = Exploration()
    first = first_world(policy, clients, servers, losses, crashes)
    key = first.key()
    number: dict[object, int] = {key: 0}
    parent: list[tuple[int, str]] = [(0, "")]
    depth = [0]
    edges: list[list[int]] = [[]]
    over: list[int] = []
    queue: deque[tuple[int, World]] = deque([(0, first)])
    while queue:
        here, world = queue.popleft()
        if world.over():
            over.append(here)
        for move, there in _successors(world, parent, here):
            found.transitions += 1
            key = there.key()
            index = number.get(key)
            if index is None:
                index = number[key] = len(parent)
                parent.append((here, move))
                depth.append(depth[here] + 1)
                edges.append([])
                queue.append((index, there))
                if there.crashed:
                    found.crashed[there.crashed] = found.crashed.get(there.crashed, 0) + 1
            edges[index].append(here)
        if len(parent) > limit:
            found.truncated = True
            break
    found.states, found.depth, found.ends = len(parent), max(depth), len(over)
    if not found.truncated:
        _all_reach(over, edges, parent)
    return found


def _successors(world: World, parent: list[tuple[int, str]], here: int) -> Iterator[tuple[str, World]]:
    for move in moves(world):
        there = world.copy()
        try:
            move.do(there)
            settle(there)
            laws(there)
        except Broken as broken:
            raise Broken(broken.law, move.name, [*trail(parent, here), move.name]) from None
        yield move.name, there


def trail(parent: list[tuple[int, str]], index: int) -> list[str]:
    """The moves from the beginning to a state."""
    steps: list[str] = []
    while index:
        index, move = parent[index]
        steps.append(move)
    return steps[::-1]


def _all_reach(over: list[int], edges: list[list[int]], parent: list[tuple[int, str]]) -> None:
    seen = set(over)
    queue = deque(over)
    while queue:
        for before in edges[queue.popleft()]:
            if before not in seen:
                seen.add(before)
                queue.append(before)
    if len(seen) != len(edges):
        stuck = next(index for index in range(len(edges)) if index not in seen)
        raise Broken("the end cannot be reached any more", "", trail(parent, stuck))
