"""Every state of several servers, in every order of their moves: what `joint` must come to without looking at them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import attrs

from lustre_wire.upgrade.model.graph import Graph
from lustre_wire.upgrade.model.joint import STUCK
from lustre_wire.upgrade.model.moves import (
    DONE,
    ITS_TURN,
    boot,
    death,
    enter,
    is_call,
    is_fault,
    leave,
    silence,
    voice,
)  # fmt: skip


class State(NamedTuple):
    """Of everything: of each server's part, by its number in the graph; whose turn it is, and what befell clients."""

    parts: tuple[int, ...]
    turn: int = 0
    befallen: frozenset[str] = frozenset()


@attrs.define
class Everything:
    """Several servers with the same clients."""

    graph: Graph
    clients: int
    servers: int
    losses: int
    crashes: int

    def walk(self) -> tuple[int, int, set[str]]:
        """How many states there are, how many of them are over, and the laws that are broken."""
        first = State((self.graph.shared[0][ITS_TURN], *(0,) * (self.servers - 1)))
        seen, states, before, laws = {self.key(first): 0}, [first], [[]], set[str]()
        for number, here in enumerate(states):
            for there, fault in self.follow(here):
                key = self.key(there)
                if key not in seen:
                    seen[key] = len(states)
                    states.append(there)
                    before.append([])
                if not fault:
                    before[seen[key]].append(number)
        for here in states:
            laws |= self.broken(here)
        ends = [number for number, here in enumerate(states) if all(self.graph.over[part] for part in here.parts)]
        hope, hopeful = set(ends), list(ends)
        for number in hopeful:
            more = set(before[number]) - hope
            hope |= more
            hopeful += more
        if any(not self.broken(here) for number, here in enumerate(states) if number not in hope):
            laws.add(STUCK)
        return len(states), len(ends), laws

    def broken(self, here: State) -> set[str]:
        return {self.graph.broken[part] for part in here.parts if part in self.graph.broken}

    def faults(self, here: State) -> tuple[int, int]:
        lost, crashed = (sum(counts[p] for p in here.parts) for counts in (self.graph.lost, self.graph.crashed))
        return lost, crashed + sum(map(is_fault, here.befallen))

    def key(self, here: State) -> object:
        content = tuple(self.graph.content[part] for part in here.parts)
        return content, here.turn, here.befallen, self.faults(here)

    def follow(self, here: State) -> Iterator[tuple[State, bool]]:
        """What comes next, and whether by a fault."""
        if self.broken(here):
            return
        for there, fault in self._moves(here):
            lost, crashed = self.faults(there) if fault else (0, 0)
            if lost <= self.losses and crashed <= self.crashes:
                yield there, fault

    def _moves(self, here: State) -> Iterator[tuple[State, bool]]:
        graph, (parts, turn, befallen) = self.graph, here
        for server, part in enumerate(parts):
            for follow, fault in ((graph.inner[part], False), (graph.faulty[part], True)):
                for then in follow:
                    yield State((*parts[:server], then, *parts[server + 1 :]), turn, befallen), fault
        for client, name in product(range(self.clients), (death, boot, silence, voice, enter, leave)):
            move = name(client)
            shared = [graph.shared[part].get(move) for part in parts]
            if None not in shared:
                more = frozenset() if is_call(move) else frozenset([move])
                yield State(tuple(shared), turn, befallen | more), is_fault(move)
        if turn < self.servers and DONE in graph.shared[parts[turn]]:
            shared = list(parts)
            for server, name in ((turn, DONE), (turn + 1, ITS_TURN)):
                if server < self.servers:
                    shared[server] = graph.shared[parts[server]][name]
            yield State(tuple(shared), turn + 1, befallen), False
