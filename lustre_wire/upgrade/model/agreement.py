"""Do model and code agree? What a server and one client of it went through together in a play, held to the model.

A play is projected onto pairs: the state of a server's stop (or ``down``) and that of a client's barrier for it. The
model says which pairs there are, and which follow which; a play that is in another, or comes to one otherwise, shows
something that the model leaves out or the code does wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise

import attrs

from lustre_wire.upgrade.model.laws import laws
from lustre_wire.upgrade.model.moves import first_part, is_fault, make, moves
from lustre_wire.upgrade.model.world import Broken, Part
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.policy import Policy
from lustre_wire.upgrade.protocol.shutdown import ServerState

#: The server's state and the client's.
Pair = tuple[str, str]
#: How many moves of the model one change of a play may stand for: nodes note where they end, not what they pass.
STEPS = 2

#: What a server goes through in a stop, up to its next start.
A_STOP = (*map(str, ServerState), "down", str(ServerState.SERVING))


@attrs.frozen
class Projection:
    """The pairs of a model, and which pairs follow each by one move."""

    follow: dict[Pair, frozenset[Pair]]

    def refuses(self, trace: Iterable[Pair]) -> Iterator[str]:
        """What in a trace the model does not have."""
        before: Pair | None = None
        for pair in trace:
            if pair not in self.follow:
                yield f"the model has no {pair[0]} server with a {pair[1]} client"
            elif before is not None and before in self.follow and pair not in self._within(before):
                yield f"in the model {before} is not followed by {pair}"
            before = pair

    def _within(self, pair: Pair) -> set[Pair]:
        found = {pair}
        for _ in range(STEPS):
            found |= {then for each in found for then in self.follow[each]}
        return found


def project(
    how: Policy, *, losses: int = 1, crashes: int = 1, calls: int = 1, touched: bool = False, by_hand: bool = False
) -> Projection:  # fmt: skip
    """All pairs of one server and one client that is up, with so many messages lost and so many nodes that crash or
    fall silent.

    Args:
        touched: what happens to one that was cut off, evicted or booted again is there too, and other clients, for whom
            a server waits when this one is gone.
        by_hand: its barrier may be set by a command.
        calls: how many the client makes. With none there are few states, and all pairs but some of a server that
            crashes while its client drains; more than one show no more pairs.
    """
    follow: dict[Pair, set[Pair]] = {}
    first = first_part(how, 1, by_hand=int(by_hand))
    first.links[0].calls, first.links[0].views = calls, 0
    first.others = frozenset(["others"] if touched else [])
    seen, queue = {_key(first)}, deque([first])
    while queue:
        part = queue.popleft()
        here = _pair(part)
        if not part.dead:
            follow.setdefault(here, set())
        for move in moves(part, losses, crashes):
            if not touched and move.shared and is_fault(move.name):
                continue
            there = part.copy()
            try:
                make(move, there)
                laws(there)
            except Broken:
                continue
            if not (part.dead or there.dead):
                follow[here].add(_pair(there))
                follow.setdefault(_pair(there), set())
            if _key(there) not in seen:
                seen.add(_key(there))
                queue.append(there)
    if touched:
        for client in {client for server, client in follow if server == ServerState.SERVING}:
            _misses_a_stop(follow, client)
    return Projection({pair: frozenset(then) for pair, then in follow.items()})


def _misses_a_stop(follow: dict[Pair, set[Pair]], client: str) -> None:
    """Who is not heard of during one stop may be silent for the next as well, whatever state he is in: for more faults
    than one the model has no room. He may hear at any moment that he was evicted."""
    run = str(ClientState.RUN)
    for server, then in pairwise(A_STOP):
        follow.setdefault((server, client), set()).update({(then, client), (server, run)})
        follow.setdefault((server, run), set()).add((then, run))
        follow.setdefault((then, client), set())
        follow.setdefault((then, run), set())


def _pair(part: Part) -> Pair:
    state = str(part.life.state) if part.server.up else "down"
    return state, str(part.barriers[0].state)


def _key(part: Part) -> object:
    return part.key(), part.turn, part.faults()
