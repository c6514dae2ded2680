"""The world that `model` moves: servers, clients and what is on the network, at one moment."""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire.upgrade.barrier import Barrier, ClientState
from lustre_wire.upgrade.mark import Mark
from lustre_wire.upgrade.policy import Policy
from lustre_wire.upgrade.shutdown import Shutdown

VERSIONS = ("1.8", "2.0")
#: kind, client, server, and what it says.
Message = tuple[Any, ...]


class Broken(Exception):
    """A law that does not hold, and the moves that lead there."""

    def __init__(self, law: str, move: str, trail: list[str] | None = None) -> None:
        super().__init__(law)
        self.law, self.move, self.trail = law, move, trail or []


@attrs.define(slots=True)
class Link:
    """A client's connection with a server, and what the client has of it.

    Attributes:
        instance: of the server it is connected to; 0 while it is not.
        state: ``full``, ``lost`` or ``replaying``.
        version: what requests are formatted in.
        call: ``""``, ``behind the gate``, ``sent``; `calls` how many are still to be made.
        uncommitted: the call it has an answer for is on the replay list.
        done: calls acknowledged.
        open: its file is open; `dirty` and `locks` cached.
        access: the all-access lock is ours; `asking` for it; `releasing` until the release is answered.
        synced: sync under way: ``""``, ``sent``.
        gone: evicted once.
    """

    instance: int = 1
    state: str = "full"
    version: int = 0
    call: str = ""
    calls: int = 1
    uncommitted: bool = False
    done: int = 0
    open: bool = True
    dirty: bool = False
    locks: bool = True
    access: bool = True
    asking: bool = False
    releasing: bool = False
    synced: str = ""
    gone: bool = False


@attrs.define(slots=True)
class Server:
    """A target.

    Attributes:
        instance: which start this is; `up` whether it runs; `version` the index of what it runs.
        known: clients on its disk; `connected` those of them with a live export.
        awaited: clients that have not finished recovery.
        done: calls executed per client, in memory; `disk` the same, committed.
        holders: clients that hold the all-access lock; `opens` those with their file open.
        unheard: clients with a callback on the way or to be repeated; `untold` with a notice.
    """

    life: Shutdown
    instance: int = 1
    up: bool = True
    version: int = 0
    mark: Mark = attrs.field(factory=lambda: Mark(VERSIONS[0], clean=False))
    known: frozenset[int] = frozenset()
    connected: frozenset[int] = frozenset()
    awaited: frozenset[int] = frozenset()
    done: tuple[int, ...] = ()
    disk: tuple[int, ...] = ()
    holders: frozenset[int] = frozenset()
    opens: frozenset[int] = frozenset()
    unheard: frozenset[int] = frozenset()
    untold: frozenset[int] = frozenset()
    stops: int = 0


@attrs.define(slots=True)
class World:
    """One state of everything."""

    policy: Policy
    names: tuple[str, ...]
    servers: list[Server]
    links: list[list[Link]]
    barriers: list[list[Barrier]]
    dead: frozenset[int]
    network: frozenset[Message]
    losses: int
    crashes: int
    turn: int = 0
    crashed: str = ""

    def copy(self) -> World:
        return World(
            self.policy, self.names,
            [attrs.evolve(s, life=attrs.evolve(s.life)) for s in self.servers],
            [[attrs.evolve(link) for link in row] for row in self.links],
            [[again(barrier) for barrier in row] for row in self.barriers],
            self.dead, self.network, self.losses, self.crashes, self.turn, self.crashed,
        )  # fmt: skip

    def key(self) -> object:
        return (
            tuple((attrs.astuple(s, recurse=False)[1:], life_of(s.life)) for s in self.servers),
            tuple(tuple(attrs.astuple(link) for link in row) for row in self.links),
            tuple(tuple((b.state, b.noticed, b.wanted, b._asked) for b in row) for row in self.barriers),
            self.dead, self.network, self.losses, self.crashes, self.turn,
        )  # fmt: skip

    def over(self) -> bool:
        """Everything runs the new version, and whoever lives has made his calls."""
        return all(s.up and s.version == 1 and not s.awaited for s in self.servers) and all(
            link.state == "full" and not link.calls and not link.call and self.barriers[c][n].state is ClientState.RUN
            for c, row in enumerate(self.links) if c not in self.dead for n, link in enumerate(row)
        )  # fmt: skip

    def send(self, *message: Any) -> None:
        self.network |= {message}

    def on_way(self, *start: Any) -> bool:
        """Is a message that begins like this, or the answer to it, on the network?"""
        kinds = {start[0], "re " + start[0]}
        return any(m[0] in kinds and m[1 : len(start)] == start[1:] for m in self.network)


def life_of(life: Shutdown) -> object:
    return life.state, life.pending, life.present, life.unaware


def again(barrier: Barrier) -> Barrier:
    return Barrier(barrier.policy, barrier.state, barrier.manual, barrier.noticed, barrier.wanted, barrier._asked)
