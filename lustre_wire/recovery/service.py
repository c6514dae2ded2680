"""What a target serves, and how it and its handlers speak with each other."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Any, Protocol

import attrs

from lustre_wire.recovery.exports import Answer, Export, Incoming


@attrs.define(slots=True, eq=False)
class Wait:
    """Yielded by a handler that cannot go on until `ready`.

    Attributes:
        bulk: bytes wanted from the client: it is ready when they are there.
        until: when it is ready by itself.
        told: called when it is.
    """

    ready: bool = False
    bulk: int = 0
    until: float = inf
    told: Callable[[], None] | None = None

    def wake(self, _: Any = None) -> None:
        """It can go on."""
        self.ready = True
        if self.told is not None:
            self.told()


Handling = Generator[Wait, None, Answer]


def answered(made: Answer | Handling) -> Handling:
    """What a handler makes of a request: an answer at once, or one after some waits."""
    return made if isinstance(made, Answer) else (yield from made)


class Guard(Protocol):
    """Who decides besides the target itself: what controls its life (an upgrade)."""

    def connecting(self, export: Export | None, *, first: bool) -> int:
        """What the connect of an unknown client is answered, or of one that is known and not connected while the target
        serves: 0 to let it in, or a negative errno. `first`: the client has never been connected."""

    def handling(self, request: Incoming, inner: Handling) -> Handling:
        """The handling of a request other than connect, disconnect and ping: as it is, refused, or kept waiting."""

    def keeps(self, export: Export) -> bool:
        """Whether a client that disconnects stays known, to come back after a restart."""


class Service(Protocol):
    """What a target serves.

    Attributes:
        metadata: an MDT; decides how last_rcvd is read and which opcodes pass during recovery.
        remembers: whether clients are kept in last_rcvd, and recovered.
        supported, supported2: connect flags it grants, and of ocd_connect_flags2.
    """

    metadata: bool
    remembers: bool
    supported: int
    supported2: int

    def handle(self, request: Incoming, now: float) -> Handling:
        """Do what is asked."""

    def reconstruct(self, request: Incoming, slot: Any, close: bool) -> Answer:
        """The answer that got lost: made from the client's slot, without doing anything again (R24, R25)."""

    def connected(self, export: Export, data: Any) -> None:
        """A client connects; `data` is the reply's connect data, to be completed."""

    def dropped(self, export: Export) -> None:
        """A client is gone: close what it left open."""

    def recovered(self) -> None:
        """Recovery is over: what nobody came back for can go."""


@attrs.define(slots=True, frozen=True)
class TargetEvent:
    """With its subject: ``commit recovered evicted left connected forgotten transaction unserved``.

    Attributes:
        why: somebody was evicted.
    """

    kind: str
    detail: Any = None
    why: str = ""
