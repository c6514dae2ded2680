"""What `model` moves: a server, the clients' connections with it and what is on the network between them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from operator import attrgetter
from typing import Any

import attrs

from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState
from lustre_wire.upgrade.protocol.mark import VERSIONS, Mark
from lustre_wire.upgrade.protocol.policy import Policy
from lustre_wire.upgrade.protocol.shutdown import Shutdown

#: kind, client, and what it says.
Message = tuple[Any, ...]


class Broken(Exception):
    """A law that does not hold."""


class Turn(IntEnum):
    """Servers are upgraded one after the other: what the administrator is to this one."""

    BEFORE = 0
    NOW = 1
    DONE = 2


@attrs.define(slots=True)
class Link:
    """A client's connection with the server, and what the client has of it.

    Attributes:
        instance: of the server it is connected to; 0 while it is not.
        handle: of the server's export of it, as far as it was told: how many it had before.
        state: ``full``, ``lost``, ``replaying``, or ``away`` after a good-bye.
        version: what the server speaks, and what requests are formatted in.
        call: ``""``, ``behind the gate``, ``sent``; `calls` how many are still to be made.
        view: the same of a call that changes nothing; `views` how many are still to be made.
        both: the same of a call that needs every server: ``to come``, ``inside`` the gates of all of them, ``sent`` and
            ``answered`` here; nothing once it was answered everywhere.
        gate: what it holds back: 0 nothing, 1 what changes something, 2 everything.
        formatted: the version the call was formatted in, as long as it may be sent again.
        uncommitted: the call it has an answer for is on the replay list.
        done: calls acknowledged.
        hand: an administrator is still to set its barrier.
        open: its file is open; `dirty` and `locks` cached.
        access: the all-access lock is ours; `asking` for it.
        lock: number of the all-access lock that was asked for last, where an MGS has it; `releasing`: of the one given
            back, until that is answered, else 0.
        synced: sync under way: ``""``, ``sent``.
        leaving: it says good-bye, until that is answered.
        gone: evicted once, or it booted and nobody knew it.
        queued: the all-access lock was asked for and has to be waited for; `called`: the MGS wants it back.
        mgc: handle of the connection with the MGS, 0 without one; it counts where that has the lock.
        other: ``lost`` and ``replaying`` where another server was started anew.
    """

    instance: int = 1
    handle: int = 0
    state: str = "full"
    version: int = 0
    call: str = ""
    calls: int = 1
    view: str = ""
    views: int = 0
    both: str = ""
    hand: bool = False
    gate: int = 0
    formatted: int = 0
    uncommitted: bool = False
    done: int = 0
    open: bool = True
    dirty: bool = False
    locks: bool = True
    access: bool = True
    asking: bool = False
    lock: int = 1
    releasing: int = 0
    synced: str = ""
    leaving: bool = False
    gone: bool = False
    queued: bool = False
    called: bool = False
    mgc: int = 1
    other: str = ""


@attrs.define(slots=True)
class Server:
    """A target.

    Attributes:
        instance: which start this is; `up` whether it runs; `version` the index of what it runs.
        known: clients on its disk; `connected` those of them with a live export.
        exports: how many each client had that are gone.
        awaited: clients that have not finished recovery.
        done: calls executed per client, in memory; `disk` the same, committed.
        holders: clients that hold the all-access lock; `opens` those with their file open.
        unheard: clients with a callback on the way or to be repeated; `untold` with a notice.
        withheld: clients whose release is not answered yet.
    """

    instance: int = 1
    up: bool = True
    version: int = 0
    mark: Mark = attrs.field(factory=lambda: Mark(VERSIONS[0], clean=False))
    known: frozenset[int] = frozenset()
    connected: frozenset[int] = frozenset()
    exports: tuple[int, ...] = ()
    awaited: frozenset[int] = frozenset()
    done: tuple[int, ...] = ()
    disk: tuple[int, ...] = ()
    holders: frozenset[int] = frozenset()
    opens: frozenset[int] = frozenset()
    unheard: frozenset[int] = frozenset()
    untold: frozenset[int] = frozenset()
    withheld: frozenset[int] = frozenset()
    stops: int = 0


@attrs.define(slots=True)
class Mgs:
    """An MGS that has the all-access lock for all servers, with one barrier of each client for all of them (TH-8).

    Attributes:
        life: the stop for which it takes the locks back.
        about: whose that is: ``this`` server's, ``another``'s, or nobody's.
        left: how often another server may still be stopped, at any time.
        known: clients that are connected; `handles` the last connection each had.
        locks: the number of the lock each has, or waits for; 0 for none.
        holders, queued: clients with the lock, and that wait for it; `ungranted` are to be told that they have it.
        unheard, untold: see `Server`; `withheld` with the numbers of the locks.
    """

    life: Shutdown
    about: str = ""
    left: int = 1
    known: frozenset[int] = frozenset()
    handles: tuple[int, ...] = ()
    locks: tuple[int, ...] = ()
    holders: frozenset[int] = frozenset()
    queued: frozenset[int] = frozenset()
    ungranted: frozenset[int] = frozenset()
    unheard: frozenset[int] = frozenset()
    untold: frozenset[int] = frozenset()
    withheld: frozenset[tuple[int, int]] = frozenset()

    def has(self, client: int, lock: int) -> None:
        """This is the lock a client has, or waits for."""
        self.locks = tuple(lock if c == client else n for c, n in enumerate(self.locks))

    def forget(self, client: int) -> None:
        """Nothing is known of a client any more."""
        self.has(client, 0)
        for field in ("known", "holders", "queued", "ungranted", "unheard", "untold"):
            setattr(self, field, getattr(self, field) - {client})
        self.withheld = frozenset(each for each in self.withheld if each[0] != client)


def _fields(kind: type[attrs.AttrsInstance], *skip: str) -> attrgetter[tuple[Any, ...]]:
    return attrgetter(*(field.name for field in attrs.fields(kind) if field.name not in skip))


_LINK, _SERVER = _fields(Link), _fields(Server)
_LIFE, _BARRIER = _fields(Shutdown), _fields(Barrier)
_MGS = _fields(Mgs, "life")
_LIFE_STATE, _BARRIER_STATE = _fields(Shutdown, "policy"), _fields(Barrier, "policy")


@attrs.define(slots=True)
class Part:
    """One server with all that it shares with the clients.

    Attributes:
        links, barriers: per client.
        network: messages on their way.
        turn: what the administrator is to this server.
        dead: clients that crashed; `booted` those of them that came back, which nobody knew any more.
        cut: clients without a network; `heard` those of them that have it again.
        others: clients of whom nothing is told but that at some time they are done, and at some time they leave.
        mgs: where that has the lock; None where each server has its own.
        lost: messages lost here; `crashed` how often the server crashed.
    """

    policy: Policy
    server: Server
    life: Shutdown
    links: list[Link]
    barriers: list[Barrier]
    network: frozenset[Message] = frozenset()
    turn: Turn = Turn.BEFORE
    dead: frozenset[int] = frozenset()
    lost: int = 0
    crashed: int = 0
    booted: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    heard: frozenset[int] = frozenset()
    others: frozenset[str] = frozenset()
    mgs: Mgs | None = None

    def copy(self) -> Part:
        return Part(
            self.policy, Server(*_SERVER(self.server)), Shutdown(*_LIFE(self.life)),
            [Link(*_LINK(link)) for link in self.links], [again(barrier) for barrier in self.barriers],
            self.network, self.turn, self.dead, self.lost, self.crashed, self.booted, self.cut, self.heard, self.others,
            None if self.mgs is None else Mgs(Shutdown(*_LIFE(self.mgs.life)), *_MGS(self.mgs)),
        )  # fmt: skip

    def key(self) -> tuple[Any, ...]:
        """Equal for what is equal, but for what `faults` and `turn` say."""
        return (
            _SERVER(self.server), _LIFE_STATE(self.life), tuple(map(_LINK, self.links)),
            tuple(map(_BARRIER_STATE, self.barriers)), self.network,
            self.mgs and (_LIFE_STATE(self.mgs.life), _MGS(self.mgs)),
        )  # fmt: skip

    def faults(self) -> tuple[Any, ...]:
        """What has gone wrong."""
        return self.lost, self.crashed, self.dead, self.booted, self.cut, self.heard

    def missed(self) -> frozenset[int]:
        """Clients that were away at any time."""
        return self.dead | self.booted | self.cut | self.heard

    def living(self) -> Sequence[int]:
        if not self.dead:
            return range(len(self.links))
        return [client for client in range(len(self.links)) if client not in self.dead]

    def over(self) -> bool:
        """The server runs the new version, and whoever lives and has a network has made his calls."""
        server = self.server
        held = self.mgs is not None and self.mgs.about
        return server.up and server.version == 1 and not server.awaited and not held and all(
            link.state == "full" and not (link.calls or link.call or link.views or link.view or link.both)
            and barrier.state is ClientState.RUN
            for client, (link, barrier) in enumerate(zip(self.links, self.barriers, strict=True))
            if client not in self.dead | self.cut
        )  # fmt: skip

    def send(self, *message: Any) -> None:
        if message[1] not in self.cut:
            self.network |= {message}

    def on_way(self, kind: str, client: int) -> bool:
        """Is a message of this kind, or the answer to it, on the network?"""
        kinds = kind, "re " + kind
        return any(message[1] == client and message[0] in kinds for message in self.network)


def again(barrier: Barrier) -> Barrier:
    return Barrier(*_BARRIER(barrier))
