"""The recovery window: who is expected back, what waits for its turn, and when it ends (ldlm/ldlm_lib.c).

Two ways, chosen by `RecoveryRules.staged`: in stages, each of which waits for everybody (2.0), or in one run that ends
when every client has said LAST_REPLAY (1.8).
"""

from __future__ import annotations

import enum
import errno
from bisect import bisect_left, insort
from collections import Counter, OrderedDict
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
        versioned: the window ran out once: versions say whether a replay still fits (`obd_version_recov`).
        deadline: when the window, or its present stage, ends; 0 until the first client connects.
        lost: exports and uuids to be evicted, for the target.
    """

    def __init__(self, k: Names, rules: RecoveryRules, clients: set[bytes], next_transno: int, filtered: Any) -> None:
        self.k, self.rules, self.filter = k, rules, filtered
        self.expected = set(clients)
        self.connected: dict[bytes, Export] = {}
        self._absent, self._replaying, self._unfinished = set(clients), set(clients), set(clients)
        self.next = next_transno
        self.stage = Stage.COLLECT if rules.staged else Stage.REQUESTS
        self.versioned = False
        self.deadline = 0.0
        self.began = 0.0
        self.queue: list[tuple[int, int, Incoming]] = []
        self._queued: Counter[bytes] = Counter()
        self.lock_queue: OrderedDict[tuple[bytes, int], Incoming] = OrderedDict()
        self.final: OrderedDict[tuple[bytes, int], Incoming] = OrderedDict()
        self.handled_done = 0
        self.windows = 0

    # -- clients -------------------------------------------------------------------------------------------------

    def joined(self, export: Export, reported: int, now: float) -> None:
        """A known client connected; `reported` is the lowest transno it has to replay, 0 for none."""
        self.connected[export.uuid] = export
        self._absent.discard(export.uuid)
        if not self.deadline:
            self.began, self.deadline = now, now + timeouts.RECOVERY_SOFT
        else:
            self.extend(now + timeouts.OBD_TIMEOUT)
        if reported and self.rules.next_replay_reported and self.stage is Stage.COLLECT:
            self.next = min(self.next, reported)

    def left(self, uuid: bytes) -> None:
        """A client is evicted or gone: nobody waits for it, what it queued is discarded (R23a)."""
        for owing in (self.expected, self._absent, self._replaying, self._unfinished):
            owing.discard(uuid)
        self.connected.pop(uuid, None)
        if self._queued.pop(uuid, 0):
            self.queue = [entry for entry in self.queue if entry[2].export.uuid != uuid]
        for kept in (self.lock_queue, self.final):
            for key in [key for key in kept if key[0] == uuid]:
                del kept[key]

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
                self._replaying.discard(request.export.uuid)
                return self._keep(self.lock_queue, request)
        elif flags & k.flag("MSG_LAST_REPLAY"):
            return self._keep(self.final, request)
        if not transno:
            return Verdict.HANDLE
        if transno < self.next and self.stage >= Stage.REQUESTS:
            return Verdict.HANDLE
        place = bisect_left(self.queue, transno, key=lambda e: e[0])
        if place < len(self.queue) and self.queue[place][0] == transno:
            queued = self.queue[place][2]
            if queued.export is request.export:
                queued.packet, queued.message = request.packet, request.message
                queued.arrived, queued.deadline = request.arrived, request.deadline
            return Verdict.DROP
        insort(self.queue, (transno, request.xid, request), key=lambda e: e[:2])
        self._queued[request.export.uuid] += 1
        return Verdict.QUEUED

    def _keep(self, queue: OrderedDict[tuple[bytes, int], Incoming], request: Incoming) -> Verdict:
        uuid = request.export.uuid
        queue[uuid, request.xid] = request
        if request.flags & (self.k.flag("MSG_LAST_REPLAY") | self.k.MSG_LOCK_REPLAY_DONE):
            self._replaying.discard(uuid)
            self._unfinished.discard(uuid)
        return Verdict.QUEUED

    def take(self) -> Incoming | None:
        """The next request to be handled, if its turn has come; moves the stages on."""
        if self.stage is Stage.COLLECT and not self._absent:
            self.stage = Stage.REQUESTS
        if self.stage is Stage.REQUESTS:
            if self.queue and (self.queue[0][0] <= self.next or self._gap_may_be_skipped()):
                return self._take_first()
            if self.rules.staged and not self.queue and not self._replaying:
                self.stage = Stage.LOCKS
        if self.stage is Stage.LOCKS:
            if self.lock_queue:
                return self.lock_queue.popitem(last=False)[1]
            if not self._unfinished:
                self.stage = Stage.OVER
        if not self.rules.staged and not self.queue and not self._unfinished:
            self.stage = Stage.OVER
        return None

    def _take_first(self) -> Incoming:
        transno, _, request = self.queue.pop(0)
        self.next = max(self.next, transno + 1)
        self._queued[request.export.uuid] -= 1
        if not self._queued[request.export.uuid]:
            del self._queued[request.export.uuid]
        return request

    def _gap_may_be_skipped(self) -> bool:
        """Everybody who can still replay has something queued, and nobody has what is missing (R21), also when the
        window has run out (`check_for_next_transno`). In one run those who are absent count too; in stages they are
        gone by then."""
        return len(self._queued) >= max(1, len(self._replaying))

    @property
    def over(self) -> bool:
        return self.stage is Stage.OVER

    # -- the end of the window -----------------------------------------------------------------------------------

    def expire(self, now: float) -> list[bytes]:
        """The window ran out: which clients are to be evicted, by uuid. Recovery goes on with those that stay."""
        vbr = self.k.OBD_CONNECT_VBR
        if self.rules.staged:
            owing = self._replaying if self.stage <= Stage.REQUESTS else self._unfinished
            idle = set() if self.stage is Stage.COLLECT else owing - self._queued.keys()
            gone = self._absent | idle
        elif self.rules.spare_new_window and not self.windows:
            gone = {u for u in self._unfinished if u not in self.connected or not self.connected[u].granted & vbr}
        else:
            gone = self._unfinished
        self.windows += 1
        self.versioned = True
        self.deadline = now + timeouts.RECOVERY_SOFT
        return sorted(gone)

    def abort(self) -> tuple[list[bytes], list[Incoming]]:
        """End it now: the clients to be evicted, and the queued requests to be failed with -ENOTCONN."""
        queued = [*(e[2] for e in self.queue), *self.lock_queue.values()]
        self.queue, self.stage = [], Stage.OVER
        self._queued.clear()
        self.lock_queue.clear()
        return sorted(self._unfinished), queued
