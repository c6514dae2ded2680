"""The states of one server with its clients, as numbers, and how they follow each other.

All servers are alike, so one graph serves for each of them. It is walked breadth first, from a server whose turn has
not come; what other servers have to say to that is the business of `joint`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import attrs

from lustre_wire.upgrade.model.laws import laws
from lustre_wire.upgrade.model.moves import make, moves
from lustre_wire.upgrade.model.world import Broken, Part


@attrs.define(slots=True)
class Graph:
    """One server's states by number, the first is 0. A broken law is a state too, from which nothing follows.

    Attributes:
        content: a number for what the state is apart from turn, deaths and faults.
        lost, crashed: messages lost, and crashes of the server, on the way to it.
        over: nothing is left to be done here.
        inner: states that follow by a move of this server alone; `faulty` those that follow by a fault.
        shared: states that follow by a shared move, by its name.
        broken: laws that do not hold.
        came: where the state was come from first, and by which move.
        whole: every state is there.
    """

    content: list[int] = attrs.field(factory=list)
    lost: list[int] = attrs.field(factory=list)
    crashed: list[int] = attrs.field(factory=list)
    over: list[bool] = attrs.field(factory=list)
    inner: list[list[int]] = attrs.field(factory=list)
    faulty: list[list[int]] = attrs.field(factory=list)
    shared: list[dict[str, int]] = attrs.field(factory=list)
    broken: dict[int, str] = attrs.field(factory=dict)
    came: list[tuple[int, str]] = attrs.field(factory=list)
    whole: bool = False

    def __len__(self) -> int:
        return len(self.content)

    def transitions(self) -> int:
        return sum(map(len, self.inner)) + sum(map(len, self.faulty)) + sum(map(len, self.shared))

    def trail(self, state: int) -> list[str]:
        """The moves from the beginning to a state."""
        steps: list[str] = []
        while state:
            state, move = self.came[state]
            steps.append(move)
        return steps[::-1]

    def closure(self, seeds: Iterable[int]) -> list[int]:
        """What can be reached without a shared move."""
        seen = set(seeds)
        found = list(seen)
        for state in found:
            for then in (*self.inner[state], *self.faulty[state]):
                if then not in seen:
                    seen.add(then)
                    found.append(then)
        return found


def walk(first: Part, losses: int, crashes: int, limit: int, say: Callable[[str], None] = lambda text: None) -> Graph:
    """Walk through all states, until there are `limit` of them.

    Args:
        losses, crashes: how many messages may be lost, and how many nodes may crash.
        say: told every now and then how far it is.
    """
    graph = Graph()
    contents: dict[Any, int] = {}
    numbers: dict[Any, int] = {}
    queue: deque[tuple[int, Part]] = deque()

    def number(part: Part, law: str, here: int, move: str) -> int:
        content = contents.setdefault(law or part.key(), len(contents))
        state = numbers.setdefault((content, part.turn, part.faults()), len(numbers))
        if state == len(graph):
            _add(graph, part, content, (here, move))
            law = law or _law(laws, part)
            if law:
                graph.broken[state] = law
            else:
                queue.append((state, part))
        return state

    number(first, "", 0, "")
    while queue and len(graph) < limit:
        here, part = queue.popleft()
        for move in moves(part, losses, crashes):
            there = part.copy()
            then = number(there, _law(partial(make, move), there), here, move.name)
            if move.shared:
                graph.shared[here][move.name] = then
            else:
                (graph.faulty if move.fault else graph.inner)[here].append(then)
        if here and not here % 10_000:
            say(f"{len(graph):,} states, {len(queue):,} to look at")
    graph.whole = not queue
    return graph


def _add(graph: Graph, part: Part, content: int, came: tuple[int, str]) -> None:
    graph.content.append(content)
    graph.lost.append(part.lost)
    graph.crashed.append(part.crashed)
    graph.over.append(part.over())
    graph.inner.append([])
    graph.faulty.append([])
    graph.shared.append({})
    graph.came.append(came)


def _law(do: Callable[[Part], None], part: Part) -> str:
    """The law that is broken by this, if any."""
    try:
        do(part)
    except Broken as broken:
        return str(broken)
    return ""
