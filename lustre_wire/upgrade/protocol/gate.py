"""The gate in front of a client's operations: behind it nothing is formatted.

An operation enters before it makes its first message and leaves when its last answer is in; in between it holds the
gate like the reader of a read/write lock (TH-16). A closed gate lets nobody in whose operation needs the closed server
(B13); who waits can be interrupted (SI-9, B9).
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

import attrs


@attrs.define(slots=True, eq=False)
class Caller:
    """A user's call.

    Attributes:
        needs: names of the targets it will send to.
        update: it changes something.
        once: it is not begun anew when its requests come to nothing at a change of dialect: nothing is left to do.
        status: None while it waits, 0 once it is inside, a negative errno when it must not go on.
    """

    needs: frozenset[str]
    update: bool
    once: bool = False
    status: int | None = None


@attrs.define(slots=True)
class Gate:
    """One client's gate.

    Attributes:
        closed: targets behind the gate -> whether reading is held back too.
        inside: calls under way.
        waiting: calls held back, in order of arrival.
    """

    closed: dict[str, bool] = attrs.field(factory=dict)
    inside: list[Caller] = attrs.field(factory=list)
    waiting: list[Caller] = attrs.field(factory=list)

    def enter(self, caller: Caller) -> None:
        """Let a call in, or make it wait: see its `status`."""
        if self._held(caller):
            self.waiting.append(caller)
        else:
            self._let_in(caller)

    def leave(self, caller: Caller) -> None:
        """A call is over, or whoever made it is gone."""
        for where in (self.inside, self.waiting):
            if caller in where:
                where.remove(caller)

    def busy(self, targets: Iterable[str]) -> int:
        """Calls under way that need one of these targets."""
        wanted = frozenset(targets)
        return sum(1 for caller in self.inside if caller.needs & wanted)

    def close(self, targets: Iterable[str], *, reading: bool) -> None:
        """Let no more calls through to these targets; without `reading` only those that change something."""
        for target in targets:
            self.closed[target] = reading or self.closed.get(target, False)

    def open(self, targets: Iterable[str]) -> None:
        """Let calls through again, those that waited first."""
        for target in targets:
            self.closed.pop(target, None)
        for caller in [caller for caller in self.waiting if not self._held(caller)]:
            self.waiting.remove(caller)
            self._let_in(caller)

    def fail(self, targets: Iterable[str], status: int) -> None:
        """Calls that wait for these targets end with `status`, a negative errno."""
        wanted = frozenset(targets)
        self._end([caller for caller in self.waiting if caller.needs & wanted], status)

    def interrupt(self, caller: Caller) -> bool:
        """A signal: a call that waits ends with -EINTR, nothing was sent for it. False for one that does not wait."""
        if caller not in self.waiting:
            return False
        self._end([caller], -errno.EINTR)
        return True

    def _held(self, caller: Caller) -> bool:
        return any(target in self.closed and (caller.update or self.closed[target]) for target in caller.needs)

    def _let_in(self, caller: Caller) -> None:
        caller.status = 0
        self.inside.append(caller)

    def _end(self, callers: list[Caller], status: int) -> None:
        for caller in callers:
            self.waiting.remove(caller)
            caller.status = status
