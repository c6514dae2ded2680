"""A node that takes part in the stops of servers it is connected with: a client, or an MDS as a client of its OSTs."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from lustre_wire import rpc
from lustre_wire.recovery import timeouts
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Packet
from lustre_wire.recovery.request import Request
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.callee import Callee
from lustre_wire.testbed.packing import packer, result_of
from lustre_wire.testbed.tasks import Steps, Tasks
from lustre_wire.upgrade.evidence.journal import Journal, Moved
from lustre_wire.upgrade.nodes.barred import Barred
from lustre_wire.upgrade.protocol import all_access_lock as access
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.protocol.gate import Gate
from lustre_wire.upgrade.protocol.policy import Notice, Policy, Watch

#: Seconds between a good-bye and the first try to come back.
BACK_AFTER = 1.0
#: Seconds between two questions of a node that looks out for the restart.
PROBE_EVERY = 1.5


class Participant:
    """What in a node does as its barriers ask. Made anew at each boot.

    Args:
        nid: the node's.
        callee: its answers to callbacks, from which notices are learned.
        now, tasks: tell the time, and the operations of the node.
        ask: one operation on one import; the finished request, whatever its status.
        dirty: bytes not yet written that a barrier is about; `flush` writes them.
        look_around: does whatever else follows from what happened.

    Attributes:
        gate: in front of everything the node sends on its own account.
        barred: its barriers by the name of their server (``MGS`` for the one barrier of scope `mgs`).
        journal: what it notes for whoever checks.
    """

    def __init__(
        self, nid: int, policy: Policy, journal: Journal, callee: Callee, now: Callable[[], float],
        tasks: Callable[[], Tasks], ask: Callable[[Import, op.Operation, str], Any],
        dirty: Callable[[Barred], int] = lambda barred: 0, flush: Callable[[Barred], None] = lambda barred: None,
        look_around: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.nid, self.policy, self.journal, self.gate = nid, policy, journal, Gate()
        self.barred: dict[str, Barred] = {}
        self._callee, self._now, self._tasks, self._ask = callee, now, tasks, ask
        self._dirty, self._flush, self._look_around = dirty, flush, look_around
        self._states: dict[str, ClientState] = {}
        callee.told = self._called

    def closed(self) -> list[str]:
        """Targets it did not run with, when last looked at."""
        return [target for target, state in self._states.items() if state is not ClientState.RUN]

    def join(self, name: str, holder: Import, imports: list[Import], policy: Policy) -> None:
        """Take part in the stops of one more server, whose lock `holder` is to ask for."""
        barred = self.barred[name] = Barred(Barrier(policy), holder, imports)
        barred.news(False)

    def ask_for_lock(self, barred: Barred) -> Steps:
        """Ask for the all-access lock; where it is not granted at once, a stop is under way (B15)."""
        if not self.policy.controlled or barred.asking or barred.lock is not None:
            return
        barred.asking = True
        owner = barred.holder
        k, generation = names(owner.dialect), owner.generation
        lock = owner.locks.request(k.LDLM_PLAIN, access.RESOURCE, k.LCK_PR)
        body = request_of(owner.dialect, lock, 0, rules_of(owner.dialect).plain_enqueue_count)
        request = yield from self._ask(owner, op.Enqueue(dlm_req=body), "LDLM_ENQUEUE")
        if owner.generation != generation:
            return
        barred.asking = False
        reply = result_of(request).dlm_rep if request.reply is not None and request.status == 0 else None
        owner.locks.answered(lock, owner.dialect, reply, 0 if reply is not None else request.status or -errno.EIO)
        if reply is None:
            self.take(barred, barred.barrier.revoked())
        else:
            barred.lock = lock
            if not lock.granted:
                self.take(barred, barred.barrier.queued())

    def _called(self, owner: Import, message: rpc.Message, packet: Packet) -> None:
        if message.opcode != names(owner.dialect).LDLM_CP_CALLBACK:
            return
        cookie = message.buffers.dlm_req.lock_handle[0].cookie
        for barred in self.barred.values():
            if barred.holder is owner and cookie == barred.given_back:
                barred.notice = True

    def watch(self) -> None:
        """Let every barrier see what happened, until nothing more follows from it."""
        progress = True
        while progress:
            progress = False
            for barred in self.barred.values():
                steps = barred.news(self.policy.controlled)
                if barred.barrier.state in (ClientState.DRAINING, ClientState.CLEANING):
                    steps += barred.barrier.look(self._facts(barred))
                progress |= bool(steps)
                self.take(barred, steps)
            self._look_around()
            self._tasks().run(self._now())

    def _facts(self, barred: Barred) -> Facts:
        return barred.facts(self.gate.busy(barred.targets), self._dirty(barred))

    def take(self, barred: Barred, steps: list[Step]) -> None:
        """Do what a barrier wants done."""
        for step in steps:
            self._steps[step](self, barred)
        if self.policy.watch is Watch.PROBE:
            self._look_out(barred)
        state = barred.barrier.state
        for target in barred.targets:
            last = self._states.get(target, ClientState.RUN)
            if last is not state:
                self._states[target] = state
                self.journal.moved.append(Moved(self._now(), self.nid, target, state, self._facts(barred)))

    def _look_out(self, barred: Barred) -> None:
        """From the notice until it runs again a node asks often whether the server is back."""
        waits = barred.barrier.closed and barred.barrier.noticed
        for owner in barred.in_use:
            if waits and owner.ping_interval > PROBE_EVERY:
                owner.ping_interval, owner.next_ping = PROBE_EVERY, self._now() + PROBE_EVERY
            elif not waits:
                owner.ping_interval = float(timeouts.PING_INTERVAL)

    def _cancel_cached(self, barred: Barred) -> None:
        for owner in barred.imports:
            self._callee.cancel(owner, owner.locks.give_up(barred.cached(owner), names(owner.dialect)))

    def _sync(self, barred: Barred) -> None:
        for owner in barred.in_use:
            asked = op.Sync() if owner.config.connect == "MDS_CONNECT" else op.ObjectSync()
            owner.submit(owner.wrap(packer(owner.dialect).request(asked), op=asked), self._now())

    def _release(self, barred: Barred) -> None:
        lock, owner = barred.lock, barred.holder
        if lock is None:
            return
        owner.locks.release(lock, names(owner.dialect))
        owner.locks.locks.pop(lock.cookie, None)
        barred.lock, barred.given_back = None, lock.cookie
        asked = op.Cancel(cancels=(lock.remote,))
        request = owner.wrap(packer(owner.dialect).request(asked), op=asked)
        request.done = lambda answered: self._release_answered(barred, answered)
        barred.release = request
        owner.submit(request, self._now())

    def _release_answered(self, barred: Barred, request: Request) -> None:
        if barred.release is request:
            barred.release = None
            if not request.status and self.policy.notice is Notice.WITHHELD:
                barred.notice = True

    def _disconnect(self, barred: Barred) -> None:
        for owner in barred.in_use:
            request = owner.request(owner.config.disconnect, no_resend=True)
            request.done = partial(self._gone, owner)
            owner.submit(request, self._now())

    def _gone(self, owner: Import, _: Request) -> None:
        owner.set_state(ImportState.DISCON)
        owner.next_try = self._now() + BACK_AFTER

    def _check(self, barred: Barred) -> None:
        """Hear of every server: one that restarted does not know who asks."""
        for owner in barred.in_use:
            request = owner.ping(self._now())
            if not request.finished:
                barred.checks.add(request)
                request.done = barred.checks.discard

    def _ask_again(self, barred: Barred) -> None:
        self._tasks().start(self.ask_for_lock(barred), "all-access lock")

    _steps: ClassVar[dict[Step, Callable[[Participant, Barred], None]]] = {
        Step.CLOSE_GATE: lambda self, barred: self.gate.close(barred.targets, reading=False),
        Step.CLOSE_GATE_TO_READING: lambda self, barred: self.gate.close(barred.targets, reading=True),
        Step.OPEN_GATE: lambda self, barred: self.gate.open(barred.targets),
        Step.FAIL_GATE: lambda self, barred: self.gate.fail(barred.targets, -errno.EIO),
        Step.FLUSH: lambda self, barred: self._flush(barred),
        Step.CANCEL: lambda self, barred: self._cancel_cached(barred),
        Step.SYNC: lambda self, barred: self._sync(barred),
        Step.RELEASE: lambda self, barred: self._release(barred),
        Step.DISCONNECT: lambda self, barred: self._disconnect(barred),
        Step.CHECK: lambda self, barred: self._check(barred),
        Step.ASK_AGAIN: lambda self, barred: self._ask_again(barred),
    }
