"""The client's side of a controlled stop, one machine per server (or one for all, where the MGS has the lock).

Facts go in, steps to be taken come out; the machine itself sends nothing and knows no clock. States and moves are those
of the requirements (C.10.2 of the upgrade facts).
"""

from __future__ import annotations

from enum import StrEnum

import attrs

from lustre_wire.upgrade.protocol.policy import Cache, Farewell, Held, Policy, Resume, Scope


class ClientState(StrEnum):
    """Where a client stands."""

    RUN = "run"
    DRAINING = "draining"
    CLEANING = "cleaning"
    WAITING = "waiting"
    DISCONNECTED = "disconnected"
    REOPENING = "reopening"


class Step(StrEnum):
    """What the client has to do now."""

    CLOSE_GATE = "close gate"
    CLOSE_GATE_TO_READING = "close gate to reading"
    FLUSH = "flush"
    CANCEL = "cancel"
    SYNC = "sync"
    RELEASE = "release"
    DISCONNECT = "disconnect"
    CHECK = "check"
    ASK_AGAIN = "ask again"
    OPEN_GATE = "open gate"
    FAIL_GATE = "fail gate"


@attrs.define(slots=True, frozen=True)
class Facts:
    """What the client's own books say about the servers concerned.

    Attributes:
        in_flight: calls behind the gate and requests without an answer.
        dirty: pages, or any measure of data not yet written.
        locks: cached locks, the all-access lock apart.
        uncommitted: answered requests the server may still lose.
    """

    in_flight: int = 0
    dirty: int = 0
    locks: int = 0
    uncommitted: int = 0


@attrs.define(slots=True)
class Barrier:
    """The barrier of one client for one server.

    Attributes:
        manual: set by a command, not by the server: it is lifted by a command too (B11).
        wanted: the server wants the lock back.
        noticed: the server said that everything is committed.
        void: who wanted the lock has forgotten it.
    """

    policy: Policy
    state: ClientState = ClientState.RUN
    manual: bool = False
    noticed: bool = False
    wanted: bool = False
    void: bool = False
    _asked: frozenset[Step] = frozenset()

    @property
    def closed(self) -> bool:
        return self.state is not ClientState.RUN

    # -- events --------------------------------------------------------------------------------------------------

    def revoked(self) -> list[Step]:
        """The server wants the all-access lock. Whose barrier is closed already gives it back when all is clean."""
        if self.closed:
            wanted, self.wanted, self.void = self.wanted, True, False
            return [Step.RELEASE] if not wanted and self.state is ClientState.WAITING else []
        self.state, self.noticed, self.wanted, self._asked = ClientState.DRAINING, False, True, frozenset()
        return [Step.CLOSE_GATE if self.policy.held is Held.UPDATES else Step.CLOSE_GATE_TO_READING]

    def set_by_hand(self) -> list[Step]:
        """The administrator's command."""
        if self.closed:
            return []
        steps = self.revoked()
        self.manual, self.wanted = True, False
        return steps

    def lift_by_hand(self) -> list[Step]:
        """The administrator's other command; it ends a barrier the server set only where the policy leaves that to him.

        A barrier that still has work to do is left alone: there is no way back before the cleaning is done. Where a
        server has taken the lock back meanwhile, the barrier is that server's from here on.
        """
        if self.manual and self.state in (ClientState.WAITING, ClientState.REOPENING):
            self.manual = False
            return [] if self.wanted else self._run()
        if self.policy.resume is Resume.OPERATOR and self.state is ClientState.REOPENING:
            return self._run()
        return []

    def look(self, facts: Facts) -> list[Step]:
        """See what can be done now; called whenever the facts may have changed."""
        steps: list[Step] = []
        if self.state is ClientState.DRAINING and not facts.in_flight:
            self.state = ClientState.CLEANING
            if self.policy.held is Held.UPDATES:  # who read on would fill the cache that is being emptied
                steps = [Step.CLOSE_GATE_TO_READING]
        return steps + self._clean(facts) if self.state is ClientState.CLEANING else []

    def _clean(self, facts: Facts) -> list[Step]:
        if facts.dirty:
            return self._once(Step.FLUSH)
        if facts.in_flight:
            return []
        if facts.locks and self.policy.cache is Cache.CANCEL:
            return self._once(Step.CANCEL)
        if Step.SYNC not in self._asked:
            return self._once(Step.SYNC)
        if facts.uncommitted:
            return []
        self.state = ClientState.WAITING
        return [Step.RELEASE] if self.wanted else []

    def all_committed(self) -> list[Step]:
        """The server's notice. Until it comes the replay list is kept and the connection too (B8, B14)."""
        if self.state is not ClientState.WAITING or self.noticed:
            return []
        self.noticed = True
        if self.policy.farewell is Farewell.LEAVE:
            self.state = ClientState.DISCONNECTED
            return [Step.DISCONNECT]
        return []

    def restarted(self) -> list[Step]:
        """Connected to a server that started anew; recovery goes on."""
        if self.closed:
            self.state, self.wanted, self.void, self._asked = ClientState.REOPENING, False, False, frozenset()
        return []

    def recovered(self) -> list[Step]:
        """Recovery with a server that started anew is over: whatever the last one wanted is void. Whoever goes on
        waiting, for a command or for the lock, needs the lock all the same: the new server may want it back."""
        if self.state is not ClientState.REOPENING:
            return []
        if self.wanted:  # the new server stops already: there is nothing to open in between
            self.state, self._asked = ClientState.DRAINING, frozenset()
            return []
        waits = self.manual or self.policy.resume is not Resume.RECONNECT
        return self._once(Step.ASK_AGAIN) if waits else self._run()

    def granted(self) -> list[Step]:
        """The all-access lock is ours again: what the block waited for, or nobody wants it any more (TH-8). Who waited
        for that of the MGS does not know which servers were restarted, and goes on when it has heard of all."""
        if not self.closed or self.manual or self.wanted:
            return []
        if self.void or (self.state is ClientState.REOPENING and self.policy.resume is Resume.LOCK):
            return self._run()
        if self.policy.scope is Scope.TARGET or self.state is ClientState.REOPENING:
            return []
        self.restarted()
        return [Step.CHECK]

    def lock_forgotten(self) -> list[Step]:
        """Who wanted the lock for all servers started anew and knows nothing of it: unless a server is restarting, the
        stop is off as soon as the lock is ours again."""
        self.wanted, self.void = False, self.closed and self.state is not ClientState.REOPENING
        return [Step.ASK_AGAIN]

    def queued(self) -> list[Step]:
        """We asked for the lock and have to wait: a stop is under way. An MGS says beside it if it waits for us too
        (`revoked`); if not, ours is to wait until all is over."""
        if self.policy.scope is Scope.MGS:
            if self.closed:
                return []
            steps = self.revoked()
            self.wanted = False
            return steps
        if not self.closed or self.manual:
            return self.revoked()
        if self.state is ClientState.REOPENING:
            self.state, self.wanted, self._asked = ClientState.DRAINING, True, frozenset()
        return []

    def evicted(self) -> list[Step]:
        """The server forgot this client: who waits gets an error, then life goes on. But an MGS wants what it wanted:
        who has given its lock back goes on when it has it again."""
        if not self.closed:
            return [Step.ASK_AGAIN]
        if self.policy.scope is Scope.MGS:
            if self.state is not ClientState.WAITING or not self.wanted:
                return [Step.FAIL_GATE]
            self.wanted = False
            return [Step.FAIL_GATE, Step.ASK_AGAIN]
        return [Step.FAIL_GATE, *self._run()]

    # ------------------------------------------------------------------------------------------------------------

    def _once(self, step: Step) -> list[Step]:
        if step in self._asked:
            return []
        self._asked |= {step}
        return [step]

    def _run(self) -> list[Step]:
        self.state, self.manual, self.noticed, self.wanted, self.void = ClientState.RUN, False, False, False, False
        self._asked = frozenset()
        return [Step.OPEN_GATE, Step.ASK_AGAIN]
