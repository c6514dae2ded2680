"""A server whose target is started by the start rule and stopped through the all-access lock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import attrs

from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.last_rcvd import FILE, LastRcvd
from lustre_wire.recovery.ldlm import Lock
from lustre_wire.recovery.packet import Packet
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.target import Handling, Target, Wait
from lustre_wire.testbed.mds.osts import OstSide
from lustre_wire.testbed.node import ServerNode
from lustre_wire.upgrade.evidence.journal import Journal
from lustre_wire.upgrade.nodes.mds import PartakingOstSide
from lustre_wire.upgrade.protocol import all_access_lock as access
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.mark import VERSIONS, Mark, Start
from lustre_wire.upgrade.protocol.policy import Away, Notice, Policy, Scope
from lustre_wire.upgrade.protocol.shutdown import Act, ServerState, Shutdown

#: Seconds the last commit takes; seconds a target that is done waits for clients that have not said good-bye.
COMMIT_TIME, LINGER = 0.05, 10.0


@attrs.define(slots=True, frozen=True)
class Life:
    """Something that happened to a server: a state it reached, or how it started."""

    time: float
    what: str


@attrs.define(slots=True, eq=False)
class Told(Wait):
    """A notice under way."""

    heard: Callable[[], None] = lambda: None

    def wake(self, _: Any = None) -> None:
        self.ready = True
        self.heard()


class Controlled(ServerNode):
    """What a server has besides its target.

    Attributes:
        policy: how it is stopped and started; `changing` how a change of version under way is done, if in another way.
        forced: the administrator insists on the next start (SI-4a).
        holding: an MGS has taken the locks of the whole file system back and stops no further.
        life: the stop, if one is under way.
        history: its states with their times, over all its starts; `observer` is told of each as it comes.
    """

    policy: Policy
    changing: Policy | None = None
    forced = False
    holding = False
    life: Shutdown
    now = 0.0

    def control(self, policy: Policy, journal: Journal | None = None) -> None:
        """Choose a policy; to be called before the first start."""
        self.policy, self.journal, self.changing = policy, journal or Journal(), None
        self.life = Shutdown(policy)
        osts = self.beside.osts if isinstance(self.beside, PartakingOstSide) else self.beside
        if isinstance(osts, OstSide):
            self.beside = PartakingOstSide(osts, policy, self.journal)
        self.history: list[Life] = []
        self.observer: Callable[[Controlled, str], None] | None = None
        self._idle()

    @property
    def way(self) -> Policy:
        """How it is stopped and started now."""
        return self.changing or self.policy

    def change(self, way: Policy | None) -> None:
        """Be stopped and started in another way, for one change of version; None for its own."""
        self.changing = way
        if self.life.state is ServerState.SERVING:
            self.life = Shutdown(self.way)

    def _idle(self) -> None:
        self._released: dict[int, Lock] = {}
        self._withheld: list[Wait] = []
        self._departed: list[bytes] = []
        self._barring: Lock | None = None
        self._commit_due: float | None = None
        self._halt_due: float | None = None
        self._evict_due: float | None = None

    # -- starting ------------------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Start by the rule.

        Raises:
            StartRefused: another version ran last, and was not stopped cleanly.
        """
        previous = mark.read(self.store)
        how = self._how(previous)
        if previous is not None and previous.version != self.dialect.name:
            self._prepare(how)
        mark.write(self.store, Mark(self.dialect.name, clean=False))
        self.now, self.life, self.forced, self.holding = now, Shutdown(self.way), False, False
        self._idle()
        super().start(now)
        assert self.target is not None
        self.target.guard = self
        self.target.synchronous = self.way.synchronous
        if self.metadata:
            self.service.changes.made_by_name = self.way.away is Away.REFORMAT
        self._note(f"start {self.dialect.name} ({how})")
        self._note(self.life.state)

    def _how(self, previous: Mark | None) -> Start:
        if not self.way.start_rule:
            return Start.RECOVER if previous is not None else Start.FIRST
        how = mark.decide(previous, self.dialect.name, forced=self.forced)
        back = mark.downgrades(previous, self.dialect.name, VERSIONS)
        return Start.FORGET if back and how is Start.REOPEN else how

    def _prepare(self, how: Start) -> None:
        """The disk of another version: its clients stay known where the policy says so, by the mark both releases read
        (OBD_COMPAT_20); a forced start and a way back forget them (SI-4a, D1). It comes to disk with the mark (S2)."""
        assert self.dialect is not None
        book = LastRcvd(self.store, self.dialect, metadata=self.metadata)
        if not self.store.size(FILE):
            return
        head = book.header()
        if how is Start.FORGET:
            self.store.truncate(FILE, head.lsd_client_start)
        elif self.metadata and self.way.keeps_clients and rules_of(self.dialect).compat_20:
            head.lsd_feature_compat |= book.k.OBD_COMPAT_20
            book.write_header(head)

    # -- stopping ------------------------------------------------------------------------------------------------

    def stop(self, now: float) -> None:
        """The administrator's command: a controlled stop, or a plain one where the policy has no other."""
        self.now = now
        if not self.way.controlled:
            self.shut_down(now)
            return
        assert self.target is not None
        self._note("stop")
        self._do(self.life.begin(self._asked(self.target)))
        self.target.tick(now)
        self._after(now)

    def _asked(self, target: Target) -> list[bytes]:
        """Clients whose locks this target wants back: none where the MGS has them, and none of an MGS that only stops
        itself, since it remembers nothing of its clients."""
        if not (self.holding or (self.way.scope is Scope.TARGET and target.service.remembers)):
            return []
        return [export.uuid for export in target.exports.values() if export.connected]

    def hold(self, now: float) -> None:
        """An MGS takes the all-access locks of the whole file system back, and goes on serving (TH-8)."""
        self.holding, self.life = True, Shutdown(self.policy, stays=True)
        self.stop(now)

    def committed_everywhere(self, now: float) -> None:
        """All targets have committed: clients may be told."""
        assert self.target is not None
        self.now = now
        self._do(self.life.committed())
        self.target.tick(now)
        self._after(now)

    def let_go(self, now: float) -> None:
        """The MGS wants the locks no longer: who waits for his gets it."""
        self.now, self.holding, self.life = now, False, Shutdown(self.policy)
        assert self.target is not None and self._barring is not None
        self.target.namespace.cancel(self._barring.cookie)
        self._idle()
        self._note(self.life.state)
        self.target.tick(now)
        self._after(now)

    def force_down(self, now: float) -> None:
        """Unmounted by force (umount -f): everybody is evicted, so nothing is left to recover, which is as clean a stop
        as a controlled one where there is a mark to say so (TH-14)."""
        self.now = now
        target = self.target
        assert target is not None
        for export in list(target.exports.values()):
            target.evict(export, now, "the server is unmounted by force")
        self._after(now)
        if self.way.start_rule:
            self._write_mark()
        self.shut_down(now)

    def abort_recovery(self, now: float) -> None:
        """The administrator waits for nobody any more (abort_recov)."""
        self.now = now
        assert self.target is not None
        self.target.abort_recovery(now)
        self._after(now)

    def crash(self) -> None:
        was_up = self.up
        super().crash()
        if was_up:
            self._note("down")
        self._idle()

    def _do(self, acts: list[Act]) -> None:
        if not acts:
            return
        for act in acts:
            if self.holding and act is Act.COMMIT:  # that is for the targets to do
                continue
            {
                Act.REVOKE: self._revoke,
                Act.COMMIT: self._commit_soon,
                Act.NOTIFY: self._notify,
                Act.MARK: self._write_mark,
                Act.HALT: self._halt_soon,
            }[act]()
        self._note(self.life.state)

    def _revoke(self) -> None:
        assert self.target is not None
        self._evict_due = self.now + CALLBACK_TIMEOUT
        if self.holding or self.way.scope is Scope.TARGET:
            self._barring = access.want_back(self.target.namespace)

    def _commit_soon(self) -> None:
        self._commit_due = self.now + COMMIT_TIME

    def _notify(self) -> None:
        """Tell every client: a completion callback for the lock it released, or the answer to the release."""
        target = self.target
        assert target is not None
        self._halt_due = self.now + LINGER
        for wait in self._withheld:
            wait.wake()
        if self.way.notice is Notice.WITHHELD:
            return
        k = target.k
        for lock in self._released.values():
            export = lock.owner
            if export.connected:
                granted = attrs.evolve(lock, mode=k.LCK_EX, granted=k.LCK_EX)
                told = Told(heard=partial(self._informed, export.uuid))
                target.callbacks.tell(granted, told, self.now)

    def _informed(self, uuid: bytes) -> None:
        self._do(self.life.informed(uuid))

    def _write_mark(self) -> None:
        assert self.target is not None
        self.target.commit()
        mark.write(self.store, Mark(self.dialect.name, clean=True))

    def _halt_soon(self) -> None:
        self._halt_due = self.now

    def _note(self, what: str) -> None:
        if not self.history or self.history[-1].what != str(what):
            self.history.append(Life(self.now, str(what)))
            if self.observer is not None:
                self.observer(self, str(what))

    # -- Guard ---------------------------------------------------------------------------------------------------

    def connecting(self, export: Export | None, *, first: bool) -> int:
        if export is not None:
            return self.life.returning()
        return self.life.newcomer(first=first)

    def keeps(self, export: Export) -> bool:
        self._departed.append(export.uuid)
        return self.life.state is ServerState.COMMITTED

    def handling(self, request: Incoming, inner: Handling) -> Handling:
        release = self._release_in(request)
        refused = 0 if release else self.life.request("request")
        if refused:
            inner.close()
            return Answer(refused, failed=True)
        answer: Answer = yield from inner
        if self.holding:
            self._want_back(request, answer)
        if release is not None:
            self._do(self.life.released(release.owner.uuid))
            if self.way.notice is Notice.WITHHELD and self.life.state in (ServerState.REVOKING, ServerState.QUIET):
                wait = Wait()
                self._withheld.append(wait)
                yield wait
        return answer

    def _want_back(self, request: Incoming, answer: Answer) -> None:
        """A client that is waited for although it had no lock, and asks for it now, is told that it is wanted back."""
        target, reply = self.target, answer.buffers.get("dlm_rep")
        assert target is not None
        if reply is None or request.message.opcode != target.k.LDLM_ENQUEUE or request.export is None:
            return
        lock = target.namespace.locks.get(reply.lock_handle.cookie)
        if lock is not None and lock.resource == access.RESOURCE and request.export.uuid in self.life.pending:
            reply.lock_flags |= target.k.LDLM_FL_AST_SENT

    def _release_in(self, request: Incoming) -> Lock | None:
        """The all-access lock that a cancel gives back, or gave back when it came the first time."""
        target = self.target
        assert target is not None
        if request.message.opcode != target.k.LDLM_CANCEL or self.life.state is ServerState.SERVING:
            return None
        asked = request.message.buffers.dlm_req
        for handle in asked.lock_handle[: asked.lock_count]:
            lock = target.namespace.locks.get(handle.cookie)
            if lock is not None and lock.resource == access.RESOURCE and lock.owner is request.export:
                self._released[handle.cookie] = lock
            if handle.cookie in self._released:
                return self._released[handle.cookie]
        return None

    # -- Node ----------------------------------------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        self.now = now
        super().receive(packet, now)

    def tick(self, now: float) -> None:
        self.now = now
        if self._commit_due is not None and self._commit_due <= now:
            self._commit_due = None
            assert self.target is not None
            self.target.commit()
            self._do(self.life.committed())
        if self._evict_due is not None and self._evict_due <= now:
            self._evict_due = None
            self._evict_pending()
        if self._halt_due is not None and self._halt_due <= now:
            self._halt_due = None
            if self.life.state is ServerState.HALTED:
                self.shut_down(now)
                return
            self._do(self.life.waited_enough())
        super().tick(now)

    def _evict_pending(self) -> None:
        """Who is not done by now, whether it had the lock to be asked for or was about to get it (TH-26)."""
        target = self.target
        assert target is not None
        if self.life.state is ServerState.REVOKING:
            for export in [export for export in target.exports.values() if export.uuid in self.life.pending]:
                target.evict(export, self.now, "it has not given the all-access lock back")
            for uuid in self.life.pending - target.exports.keys():  # it left, and was not let in again
                self._do(self.life.evicted(uuid))

    def _after(self, now: float) -> None:
        assert self.target is not None
        gone = [event.detail for event in self.target.events if event.kind == "evicted"]
        left, self._departed = self._departed, []
        super()._after(now)
        for uuid in gone:
            self._note(f"evicted {uuid.decode()}")
            self._do(self.life.evicted(uuid))
        for uuid in left:
            self._do(self.life.left(uuid))

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), self._commit_due, self._halt_due, self._evict_due]
        known = [time for time in times if time is not None]
        return min(known) if known else None
