"""The server's side of a controlled stop, per target (C.10.3 of the upgrade facts). Sends nothing, knows no clock."""

from __future__ import annotations

import errno
from collections.abc import Hashable, Iterable
from collections.abc import Set as AbstractSet
from enum import StrEnum

import attrs

from lustre_wire.upgrade.protocol.policy import Farewell, Newcomers, Policy


class ServerState(StrEnum):
    """Where a target stands."""

    SERVING = "serving"
    REVOKING = "revoking"
    QUIET = "quiet"
    COMMITTED = "committed"
    HALTED = "halted"


class Act(StrEnum):
    """What the server has to do now."""

    REVOKE = "revoke"
    COMMIT = "commit"
    NOTIFY = "notify"
    MARK = "mark"
    HALT = "halt"


#: Requests that pass once the target is quiet.
PASSING_WHEN_QUIET = ("disconnect", "ping", "connect")


@attrs.define(slots=True)
class Shutdown:
    """One target's stop.

    Attributes:
        pending: clients that have not released their all-access lock yet.
        present: clients still connected once everything is committed.
        unaware: clients that have not answered the notice.
            All three are frozen sets if `begin` was given one, as whoever compares states does; others are changed in
            place, or each of a hundred thousand releases would copy what is left.
        stays: it takes the locks back for others and never halts itself (an MGS).
    """

    policy: Policy
    state: ServerState = ServerState.SERVING
    pending: AbstractSet[Hashable] = frozenset()
    present: AbstractSet[Hashable] = frozenset()
    unaware: AbstractSet[Hashable] = frozenset()
    stays: bool = False

    def begin(self, clients: Iterable[Hashable]) -> list[Act]:
        """The administrator's command. `clients` are those connected: the list is fixed from here on (B15)."""
        if self.state is not ServerState.SERVING:
            return []
        kind = frozenset if isinstance(clients, frozenset) else set
        self.state, self.pending = ServerState.REVOKING, kind(clients)
        self.present, self.unaware = kind(self.pending), kind(self.pending)
        return [Act.REVOKE, *self._quiet()]

    def released(self, client: Hashable) -> list[Act]:
        """A client gave its lock back: it is done (SI-16)."""
        self.pending = _without(self.pending, client)
        return self._quiet()

    def evicted(self, client: Hashable) -> list[Act]:
        """A client was silent for longer than the callback timeout, or evicted for another reason."""
        self.pending = _without(self.pending, client)
        self.present = _without(self.present, client)
        self.unaware = _without(self.unaware, client)
        return [*self._quiet(), *self._halt()]

    def committed(self) -> list[Act]:
        """Everything done is on disk."""
        if self.state is not ServerState.QUIET:
            return []
        self.state = ServerState.COMMITTED
        return [Act.NOTIFY, *self._halt()]

    def informed(self, client: Hashable) -> list[Act]:
        """A client has the notice."""
        self.unaware = _without(self.unaware, client)
        return self._halt()

    def left(self, client: Hashable) -> list[Act]:
        """A client disconnected."""
        self.pending = _without(self.pending, client)
        self.present = _without(self.present, client)
        self.unaware = _without(self.unaware, client)
        return [*self._quiet(), *self._halt()]

    def waited_enough(self) -> list[Act]:
        """Who has not left by now is waited for no longer: all it did is on disk."""
        self.present = self.unaware = frozenset()
        return self._halt()

    def newcomer(self, *, first: bool) -> int:
        """What an unknown client's connect is answered: the same from the first moment of the stop to the last (B6).

        Args:
            first: it is its first connect. Who was evicted and comes back is let in by the next start only: it may not
                have heard of its eviction yet, and still ask for what it asked of the server that knew it.
        """
        if self.state is ServerState.SERVING or (first and self.policy.newcomers is Newcomers.HOLD):
            return 0
        return -errno.EBUSY

    def returning(self) -> int:
        """What the connect of a client is answered that disconnected: after its good-bye it is to come back to the
        next start, not to a server that waits for others to leave."""
        return 0 if self.state is ServerState.SERVING else -errno.EBUSY

    def request(self, kind: str) -> int:
        """What a request is answered before anybody looks at it: 0 to handle it, or a negative errno.

        Args:
            kind: ``"connect"``, ``"disconnect"``, ``"ping"`` or anything else.
        """
        if self.stays or self.state in (ServerState.SERVING, ServerState.REVOKING) or kind in PASSING_WHEN_QUIET:
            return 0
        return -errno.EAGAIN

    def _quiet(self) -> list[Act]:
        if self.state is not ServerState.REVOKING or self.pending:
            return []
        self.state = ServerState.QUIET
        return [Act.COMMIT]

    def _halt(self) -> list[Act]:
        waits = self.present if self.policy.farewell is Farewell.LEAVE else self.unaware
        if self.state is not ServerState.COMMITTED or waits or self.stays:
            return []
        self.state = ServerState.HALTED
        return [Act.MARK, Act.HALT]


def _without(those: AbstractSet[Hashable], client: Hashable) -> AbstractSet[Hashable]:
    if isinstance(those, set):
        those.discard(client)
        return those
    return those - {client}
