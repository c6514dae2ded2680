"""The recovery window: who is expected back, what waits for its turn, and when it ends (ldlm/ldlm_lib.c).

Two ways, chosen by `RecoveryRules.staged`: in stages, each of which waits for everybody (2.0), or in one run that ends
when every client has said LAST_REPLAY (1.8).
"""

from __future__ import annotations

import enum
import errno
from bisect import insort
from typing import Any

from lustre_wire.recovery import timeouts
from lustre_wire.recovery.exports import Export, Incoming
from lustre_wire.recovery.names import Names
from lustre_wire.recovery.rules import RecoveryRules


class Stage(enum.IntEnum):
    """Where recovery stands."""

    COLLECT = 0
    REQUESTS = 1
    LOCKS = 2
    OVER = 3


class Verdict(enum.Enum):
    """What becomes of a request that comes while the target recovers."""

    HANDLE = "handle"
    QUEUED = "queued"
    DROP = "drop"


class RecoveryWindow:
    """Recovery of one target.

    Attributes:
        expected: uuids of the clients that may still come or finish.
        next: the transno to be replayed next.
        versioned: gaps no longer stop the queue: versions decide (`obd_version_recov`).
        deadline: when the window, or its present stage, ends; 0 until the first client connects.
        lost: exports and uuids to be evicted, for the target.
    """

    def __init__(self, k: Names, rules: RecoveryRules, clients: set[bytes], next_transno: int, filtered: Any) -> None:
        self.k, self.rules, self.filter = k, rules, filtered
        self.expected = set(clients)
        self.connected: dict[bytes, Export] = {}
        self.requests_done: set[bytes] = set()
        self.locks_done: set[bytes] = set()
        self.next = next_transno
        self.stage = Stage.COLLECT if rules.staged else Stage.REQUESTS
        self.versioned = False
        self.deadline = 0.0
        self.began = 0.0
        self._reported: list[int] = []
        self.queue: list[tuple[int, int, Incoming]] = []
        self.lock_queue: list[Incoming] = []
        self.final: list[Incoming] = []
        self.handled_done = 0
        self.windows = 0

    # -- clients -------------------------------------------------------------------------------------------------

    def joined(self, export: Export, reported: int, now: float) -> None:
        """A known client connected; `reported` is the lowest transno it has to replay, 0 for none."""
        self.connected[export.uuid] = export
        if not self.deadline:
            self.began, self.deadline = now, now + timeouts.RECOVERY_SOFT
        else:
            self.extend(now + timeouts.OBD_TIMEOUT)
        if reported and self.rules.next_replay_reported and self.stage is Stage.COLLECT:
            self._reported.append(reported)
            self.next = min(self.next, *self._reported)

    def left(self, uuid: bytes) -> None:
        """A client is evicted or gone: nobody waits for it, what it queued is discarded (R23a)."""
        self.expected.discard(uuid)
        self.connected.pop(uuid, None)
        self.requests_done.discard(uuid)
        self.locks_done.discard(uuid)
        self.queue = [entry for entry in self.queue if entry[2].export.uuid != uuid]
        self.lock_queue = [r for r in self.lock_queue if r.export.uuid != uuid]
        self.final = [r for r in self.final if r.export.uuid != uuid]

    def extend(self, until: float) -> None:
        """More time, up to the hard limit."""
        self.deadline = max(self.deadline, min(until, self.began + timeouts.RECOVERY_HARD))

    # -- requests ------------------------------------------------------------------------------------------------

    def admit(self, request: Incoming) -> Verdict | int:
        """A request other than connect and disconnect: handle, keep, drop, or a negative errno to refuse it with."""
        k, flags, transno = self.k, request.flags, request.message.transno
        if request.message.opcode not in self.filter:
            return -errno.EAGAIN
        if self.rules.staged:
            if flags & (k.MSG_REQ_REPLAY_DONE | k.MSG_LOCK_REPLAY_DONE) and request.export.uuid not in self.expected:
                return -errno.ENOTCONN
            if flags & k.MSG_LOCK_REPLAY_DONE:
                return self._keep(self.final, request)
            if flags & k.MSG_REQ_REPLAY_DONE:
                self.requests_done.add(request.export.uuid)
                return self._keep(self.lock_queue, request)
        elif flags & k.MSG_LAST_REPLAY:
            return self._keep(self.final, request)
        if not transno:
            return Verdict.HANDLE
        if transno < self.next and self.stage >= Stage.REQUESTS:
            return Verdict.HANDLE
        for other, _, queued in self.queue:
            if other == transno:
                if queued.export is request.export:
                    queued.packet, queued.message = request.packet, request.message
                    queued.arrived, queued.deadline = request.arrived, request.deadline
                return Verdict.DROP
        insort(self.queue, (transno, request.xid, request), key=lambda e: e[:2])
        return Verdict.QUEUED

    def _keep(self, queue: list[Incoming], request: Incoming) -> Verdict:
        for index, other in enumerate(queue):
            if other.export is request.export and other.xid == request.xid:
                queue[index] = request
                return Verdict.QUEUED
        queue.append(request)
        done = request.flags
        if done & (self.k.MSG_LAST_REPLAY | self.k.MSG_LOCK_REPLAY_DONE):
            self.requests_done.add(request.export.uuid)
            self.locks_done.add(request.export.uuid)
        return Verdict.QUEUED

    def take(self) -> Incoming | None:
        """The next request to be handled, if its turn has come; moves the stages on."""
        if self.stage is Stage.COLLECT and self.expected <= set(self.connected):
            self.stage = Stage.REQUESTS
        if self.stage is Stage.REQUESTS:
            if self.queue and (self.queue[0][0] <= self.next or self._gap_may_be_skipped()):
                transno, _, request = self.queue.pop(0)
                self.next = max(self.next, transno + 1)
                return request
            if self.rules.staged and not self.queue and self._owing(self.requests_done) == 0:
                self.stage = Stage.LOCKS
        if self.stage is Stage.LOCKS:
            if self.lock_queue:
                return self.lock_queue.pop(0)
            if self._owing(self.locks_done) == 0:
                self.stage = Stage.OVER
        if not self.rules.staged and not self.queue and self._owing(self.locks_done) == 0:
            self.stage = Stage.OVER
        return None

    def _gap_may_be_skipped(self) -> bool:
        """Everybody who can still replay has something queued, and nobody has what is missing (R21)."""
        return self.versioned or len({id(e[2].export) for e in self.queue}) >= max(1, self._owing(self.requests_done))

    def _owing(self, done: set[bytes]) -> int:
        """Clients that still owe something: in one run the absent count too, in stages they are gone by then."""
        return len(self.expected - done)

    @property
    def over(self) -> bool:
        return self.stage is Stage.OVER

    # -- the end of the window -----------------------------------------------------------------------------------

    def expire(self, now: float) -> list[bytes]:
        """The window ran out: which clients are to be evicted, by uuid. Recovery goes on with those that stay."""
        vbr = self.k.OBD_CONNECT_VBR
        unfinished = self.expected - self.locks_done
        if self.rules.staged:
            done = self.requests_done if self.stage <= Stage.REQUESTS else self.locks_done
            holding = {e[2].export.uuid for e in self.queue}
            absent = self.expected - set(self.connected)
            idle = set() if self.stage is Stage.COLLECT else self.expected - done - holding
            gone = absent | idle
        elif self.rules.spare_new_window and not self.windows:
            gone = {u for u in unfinished if u not in self.connected or not self.connected[u].granted & vbr}
        else:
            gone = unfinished
        self.windows += 1
        self.versioned = True
        self.deadline = now + timeouts.RECOVERY_SOFT
        return sorted(gone)

    def abort(self) -> tuple[list[bytes], list[Incoming]]:
        """End it now: the clients to be evicted, and the queued requests to be failed with -ENOTCONN."""
        unfinished = sorted(self.expected - self.locks_done)
        queued = [e[2] for e in self.queue] + self.lock_queue
        self.queue, self.lock_queue, self.stage = [], [], Stage.OVER
        return unfinished, queued
