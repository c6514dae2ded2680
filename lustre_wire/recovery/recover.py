"""From a new connection back to FULL: ptlrpc/import.c: ptlrpc_import_recovery_state_machine, ptlrpc/recover.c."""

from __future__ import annotations

import errno
from typing import Any, Protocol

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.recovery.connect import ImportEvent, ImportState, Outcome
from lustre_wire.recovery.ldlm import Lock, LockTable
from lustre_wire.recovery.names import names
from lustre_wire.recovery.replay import ReplayList
from lustre_wire.recovery.request import Request, repsize
from lustre_wire.recovery.rules import rules_of


class Connection(Protocol):
    """What recovery needs of the import it is about; see `Import`."""

    state: ImportState
    invalid: bool
    locks: LockTable
    replay: ReplayList
    sending: dict[int, Request]
    delayed: list[Request]
    events: list[ImportEvent]

    @property
    def dialect(self) -> Dialect:
        """What new requests are formatted in."""

    def request(self, name: str, **options: Any) -> Request:
        """A request in that dialect."""

    def send(self, request: Request, now: float, flags: int = 0) -> None:
        """Put a request on the wire."""

    def start(self, request: Request, now: float) -> None:
        """Send it, or let it wait."""

    def finish(self, request: Request, status: int, now: float) -> None:
        """It is over."""

    def set_state(self, state: ImportState) -> None:
        """Go into a state."""

    def lost(self, now: float) -> None:
        """The connection is of no use any more."""

    def invalidate(self, now: float) -> None:
        """Evicted."""


class Recovery:
    """One import's recovery.

    Attributes:
        last_replayed: transno of the last request whose replay was answered.
        version_failed: a replay failed its version check: the list is finished, then the client is evicted (V3).
    """

    def __init__(self, owner: Connection) -> None:
        self.owner = owner
        self.last_replayed = 0
        self.version_failed = False
        self._replaying: Request | None = None
        self._interrupted: Request | None = None
        self._locks: dict[Request, Lock] = {}
        self._ping: Request | None = None
        self._skip_locks = False

    def begin(self, found: Outcome, now: float) -> None:
        """A connect succeeded."""
        self._skip_locks = found.skip_locks
        if not found.resume:
            self.last_replayed, self.version_failed, self._interrupted = 0, False, None
        self._advance(now)

    def stop(self) -> None:
        """The connection broke: the request being replayed will be sent with MSG_RESENT (R9)."""
        owner = self.owner
        self._interrupted = self._replaying or self._interrupted
        for request in [self._replaying, self._ping, *self._locks]:
            if request is not None:
                owner.sending.pop(request.xid, None)
        self._replaying, self._ping, self._locks = None, None, {}

    def answered(self, request: Request, message: rpc.Message, now: float) -> bool:
        """A reply that belongs to recovery; False for any other."""
        if request is self._replaying:
            self._replied(request, message, now)
        elif request in self._locks:
            self._lock_replied(request, message, now)
        elif request is self._ping:
            self._done(message, now)
        else:
            return False
        return True

    def timed_out(self, request: Request, now: float) -> bool:
        """A step of recovery without an answer starts the connecting again."""
        if request is self._replaying or request is self._ping or request in self._locks:
            self.owner.lost(now)
            return True
        return False

    def _advance(self, now: float) -> None:
        owner, states = self.owner, ImportState
        if owner.state is states.EVICTED:
            owner.invalidate(now)
            owner.set_state(states.RECOVER)
        if owner.state is states.REPLAY and not self._replay_next(now):
            owner.set_state(states.REPLAY_LOCKS)
            self._replay_locks(now)
        elif owner.state is states.REPLAY_LOCKS and not self._locks:
            self._replay_locks(now)
        if owner.state is states.REPLAY_LOCKS and not self._locks:
            owner.set_state(states.REPLAY_WAIT)
            self._say_done(now)
        if owner.state in (states.RECOVER, states.FULL):
            self._resend(now)

    def _replay_next(self, now: float) -> bool:
        owner = self.owner
        request = owner.replay.after(self.last_replayed)
        if request is None:
            return False
        self._replaying = request
        resent = names(request.message.dialect).MSG_RESENT if request is self._interrupted else 0
        owner.send(request, now, int(resent))
        return True

    def _replied(self, request: Request, message: rpc.Message, now: float) -> None:
        owner, status = self.owner, message.status
        self._replaying = None
        owner.sending.pop(request.xid, None)
        if status in (-errno.ENOTCONN, -errno.ENODEV):
            self._interrupted = request
            owner.lost(now)
            return
        if status == -errno.EOVERFLOW:
            self.version_failed = True
            self._event("version failed", request.transno)
        elif message.body.pb_transno not in (0, request.transno):
            self._event("transno changed", (request.transno, message.body.pb_transno))
            owner.invalid = True
            owner.lost(now)
            return
        if status != request.status:
            self._event("replay status", (request.status, status))
        self.last_replayed, self._interrupted = request.transno, None
        if request.replayed is not None:
            request.replayed(request, message)
        self._advance(now)

    def _replay_locks(self, now: float) -> None:
        owner, rules = self.owner, rules_of(self.owner.dialect)
        if self._skip_locks or (self.version_failed and not rules.locks_after_version_failure):
            return
        k = names(owner.dialect)
        keep, dropped = owner.locks.for_replay(k, rules.drops_unused_locks)
        for lock in dropped:
            self._event("lock dropped", lock)
        for lock in keep:
            body = owner.locks.replay_body(owner.dialect, lock)
            request = owner.request("LDLM_ENQUEUE", buffers={"dlm_req": body}, recovery=True)
            request.message.body.pb_flags = rules.lock_replay_flags
            structs = owner.dialect.structs
            rooms = (structs[name].__wire__.size for name in ("ldlm_reply", "ost_lvb"))
            request.message.header.lm_repsize = repsize(owner.dialect, *rooms)
            self._locks[request] = lock
            owner.send(request, now)

    def _lock_replied(self, request: Request, message: rpc.Message, now: float) -> None:
        owner = self.owner
        lock = self._locks.pop(request)
        owner.sending.pop(request.xid, None)
        reply = getattr(message.buffers, "dlm_rep", None)
        if message.status or reply is None or lock.cookie not in owner.locks.locks:
            owner.lost(now)
            return
        lock.remote = reply.lock_handle.cookie
        if not self._locks:
            owner.set_state(ImportState.REPLAY_WAIT)
            self._say_done(now)

    def _say_done(self, now: float) -> None:
        owner = self.owner
        self._ping = owner.request("OBD_PING", recovery=True)
        self._ping.message.body.pb_flags = rules_of(owner.dialect).done_flags
        owner.send(self._ping, now)

    def _done(self, message: rpc.Message, now: float) -> None:
        owner, ping = self.owner, self._ping
        self._ping = None
        if ping is not None:
            owner.sending.pop(ping.xid, None)
        if message.status or self.version_failed:
            owner.lost(now)
            return
        owner.replay.committed(message.body.pb_last_committed)
        owner.set_state(ImportState.RECOVER)
        self._resend(now)

    def _resend(self, now: float) -> None:
        """Send again what was never answered (R10), then let everything else go."""
        owner = self.owner
        pending = list(owner.sending.values())
        self.last_replayed, self.version_failed = 0, False
        for request in pending:
            if request.no_resend:
                owner.finish(request, -errno.ETIMEDOUT, now)
                continue
            request.resend = True
            if request.data is not None or request.expects:
                owner.sending.pop(request.xid, None)
                request.xid = 0
            owner.send(request, now)
        owner.set_state(ImportState.FULL)
        held, owner.delayed = owner.delayed, []
        for request in held:
            if request.not_before > now:
                owner.delayed.append(request)
            else:
                owner.start(request, now)

    def _event(self, kind: str, detail: object) -> None:
        self.owner.events.append(ImportEvent(kind, detail))
