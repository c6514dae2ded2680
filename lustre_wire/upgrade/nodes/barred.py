"""One barrier of one client, the connections it is about, and the all-access lock behind it."""

from __future__ import annotations

import errno
from typing import Any

import attrs

from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Lock
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.protocol.policy import Scope


@attrs.define(slots=True, eq=False)
class Barred:
    """A client's part in the stops of one server, or of all of them.

    Attributes:
        holder: the import whose server has the lock.
        imports: those the barrier closes; their targets' names are in `targets`.
        lock: the all-access lock, held or waited for; None without one.
        given_back: this client's handle of the lock it released: the notice carries it.
        release: the release, until it is answered.
        notice: everything is committed; taken by the next look.
        asking: a request for the lock is under way.
        checks: questions whether the servers are there, not answered yet.
    """

    barrier: Barrier
    holder: Import
    imports: list[Import]
    lock: Lock | None = None
    given_back: int = 0
    release: Request | None = None
    notice: bool = False
    asking: bool = False
    checks: set[Request] = attrs.field(factory=set)
    _seen: dict[int, int] = attrs.field(factory=dict)

    @property
    def targets(self) -> list[str]:
        return [owner.config.target.decode() for owner in self.imports]

    @property
    def in_use(self) -> list[Import]:
        """Connections that there are: a mount that is under way has some of them yet to make."""
        return [owner for owner in self.imports if owner.state is not ImportState.NEW]

    def facts(self, calls: int, dirty: int) -> Facts:
        """What the books of the imports say.

        Args:
            calls: calls behind the gate.
            dirty: bytes not yet written.
        """
        busy = uncommitted = locks = 0
        for owner in self.imports:
            quiet = names(owner.dialect).OBD_PING
            busy += sum(
                1 for r in [*owner.sending.values(), *owner.delayed]
                if r.message.opcode != quiet and not r.recovery and r is not self.release
            )  # fmt: skip
            uncommitted += sum(1 for r in owner.replay.requests() if r.transno > owner.replay.last_committed)
            locks += len(self.cached(owner))
        return Facts(calls + busy, dirty, locks, uncommitted)

    def cached(self, owner: Import) -> list[Lock]:
        """Locks of an import that a client can do without: not the all-access lock, and not users' own (FLOCK)."""
        flock = names(owner.dialect).LDLM_FLOCK
        return [lock for lock in owner.locks.locks.values() if lock is not self.lock and lock.type != flock]

    def news(self, policy_controlled: bool) -> list[Step]:
        """What happened to the imports and the lock since the last look."""
        steps: list[Step] = []
        for owner in dict.fromkeys([self.holder, *self.imports]):
            start = self._seen.get(id(owner), 0)
            fresh = owner.events[start:] if start <= len(owner.events) else owner.events
            self._seen[id(owner)] = len(owner.events)
            for event in fresh:
                steps += self._event(owner, event)
        if policy_controlled:
            steps += self._lock_news()
        if self.notice:
            self.notice = False
            steps += self.barrier.all_committed()
        if self.barrier.state is ClientState.REOPENING and self.all_full() and not (self.asking or self._waits):
            steps += self.barrier.recovered()
        return steps

    def _event(self, owner: Import, event: Any) -> list[Step]:
        if event.kind == "evicted":
            if owner is self.holder:
                self.lock, self.release, self.asking = None, None, False
            return self.barrier.evicted() if owner in self.imports else self.barrier.lock_forgotten()
        if event.kind == "state" and event.detail[1] is ImportState.REPLAY:
            return self._restarted(owner)
        return []

    def _restarted(self, owner: Import) -> list[Step]:
        """A new server: what the old one wanted of the lock is void, a release it never answered needs no answer."""
        if owner is self.holder and self.lock is not None:
            self.lock.flags &= ~names(owner.dialect).LDLM_FL_CBPENDING
        if owner is self.holder and self.release is not None:
            request, self.release = self.release, None
            owner.finish(request, -errno.EINTR, 0.0)
        return self.barrier.restarted() if owner in self.imports else []

    def _lock_news(self) -> list[Step]:
        lock = self.lock
        if lock is None or self.asking or self.checks:
            return []
        if self._wanted:
            return self.barrier.revoked()
        return self.barrier.granted() if lock.granted else self.barrier.queued()

    @property
    def _waits(self) -> bool:
        """Does it go on when the lock comes? That of a server comes with the next start alone."""
        shared = self.barrier.policy.scope is Scope.MGS
        return shared and self.lock is not None and not self.lock.granted and not self._wanted

    @property
    def _wanted(self) -> bool:
        """Is the lock wanted back?"""
        return bool(self.lock is not None and self.lock.flags & names(self.holder.dialect).LDLM_FL_CBPENDING)

    def all_full(self) -> bool:
        """Are all connections the barrier is about usable, as far as is known?"""
        return not self.checks and all(owner.state is ImportState.FULL for owner in self.in_use)
