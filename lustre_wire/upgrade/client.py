"""A client that takes part in upgrades: its operations pass a gate, its barriers do what servers and users ask."""

from __future__ import annotations

import errno
import stat
from functools import partial
from typing import Any

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.recovery.request import Request
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import OperationFailed, Steps, Until
from lustre_wire.translate import FidAllocator, Session
from lustre_wire.upgrade import access, rebuild, reopen
from lustre_wire.upgrade.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.calls import Calls
from lustre_wire.upgrade.journal import ByHand, Evicted, Formatted, Journal, Mounted, Moved, Put, Rebuilt
from lustre_wire.upgrade.member import Member
from lustre_wire.upgrade.policy import Away, Notice, Policy, Scope

#: Seconds between a client's good-bye and its first try to come back.
BACK_AFTER = 1.0


class UpgradeClient(Calls):
    """A client of a file system that is upgraded.

    Attributes:
        members: its barriers by the name of their server (``MGS`` for the one barrier of scope `mgs`).
    """

    def __init__(self, *args: Any, policy: Policy, journal: Journal | None = None, **options: Any) -> None:
        self.policy = policy
        self.journal = journal or Journal()
        super().__init__(*args, **options)

    def forget(self) -> None:
        super().forget()
        self.members: dict[str, Member] = {}
        self.dirty = []
        self.mounted_at = float("inf")
        self._states: dict[str, ClientState] = {}

    # -- taking part ---------------------------------------------------------------------------------------------

    def mount(self) -> Steps:
        """Mount, and get the all-access locks: a mount during a stop waits at the barrier."""
        root = yield from super().mount()
        assert self.mdc is not None
        for member in self.members.values():
            yield from self._ask(member)
        self.mounted_at = self.now
        self.journal.mounted.append(Mounted(self.now, self.nid, self.targets()))
        self.journal.spoke.append((self.now, self.nid, self.mdc.dialect.name))
        return root

    def targets(self) -> tuple[str, ...]:
        """What it is connected with, by the names of the configuration."""
        return tuple(owner.config.target.decode() for owner in self.imports())

    def _attach(self, devices: list[Any]) -> Steps:
        """The first request to the MDS has to wait for its all-access lock."""
        yield from super()._attach(devices)
        assert self.mdc is not None and self.mgc is not None
        self.mdc.on_dialect = self._other_dialect
        imports = [self.mdc, *self.oscs.values()]
        if self.policy.scope is Scope.MGS:
            self._join("MGS", self.mgc, imports)
        else:
            for owner in imports:
                self._join(owner.config.target.decode(), owner, [owner])
        member = next(iter(self.members.values()))
        yield from self._ask(member)
        yield Until(lambda: not member.barrier.closed)

    def _join(self, name: str, holder: Import, imports: list[Import]) -> None:
        member = self.members[name] = Member(Barrier(self.policy), holder, imports)
        member.news(False)

    def _ask(self, member: Member) -> Steps:
        """Ask for the all-access lock; where it is not granted at once, a stop is under way (B15)."""
        if not self.policy.controlled or member.asking or member.lock is not None:
            return
        member.asking = True
        owner = member.holder
        k, generation = names(owner.dialect), owner.generation
        lock = owner.locks.request(k.LDLM_PLAIN, access.RESOURCE, k.LCK_PR)
        body = request_of(owner.dialect, lock, 0, rules_of(owner.dialect).plain_enqueue_count)
        request = yield from self.ask(owner, op.Enqueue(dlm_req=body), "LDLM_ENQUEUE")
        if owner.generation != generation:
            return
        member.asking = False
        reply = self.result(request).dlm_rep if request.reply is not None and request.status == 0 else None
        owner.locks.answered(lock, owner.dialect, reply, 0 if reply is not None else request.status or -errno.EIO)
        if reply is None:
            self._take(member, member.barrier.revoked())
        else:
            member.lock = lock

    def set_barrier(self, name: str) -> None:
        """The administrator's command: hold everything for a server (or ``MGS``: for all)."""
        self._by_hand(name, on=True)

    def lift_barrier(self, name: str) -> None:
        """The other command."""
        self._by_hand(name, on=False)

    def _by_hand(self, name: str, *, on: bool) -> None:
        member = self.members[name]
        self.journal.by_hand += [ByHand(self.now, self.nid, target, on) for target in member.targets]
        self._take(member, member.barrier.set_by_hand() if on else member.barrier.lift_by_hand())
        self._watch()

    # -- Node ----------------------------------------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        super().receive(packet, now)
        self._watch()

    def tick(self, now: float) -> None:
        super().tick(now)
        self._watch()

    def _called(self, owner: Import, message: rpc.Message, packet: Packet) -> None:
        super()._called(owner, message, packet)
        if message.opcode != names(owner.dialect).LDLM_CP_CALLBACK:
            return
        cookie = message.buffers.dlm_req.lock_handle[0].cookie
        for member in self.members.values():
            if member.holder is owner and cookie == member.given_back:
                member.notice = True

    def _evicted(self, owner: Import) -> None:
        super()._evicted(owner)
        if owner is self.mdc:
            alive = sum(1 for file in self.files.values() if not file.dead)
            self.journal.evicted.append(Evicted(self.now, self.nid, alive))
        for index, osc in self.oscs.items():
            if osc is owner:
                self.drop_pages(index)

    def ask(self, owner: Import, asked: op.Operation, name: str = "", **options: Any) -> Any:
        if owner is self.mdc and self.policy.away is Away.REFORMAT:
            rebuild.name_anew(asked, owner.dialect)
        self._note_formatting(owner, name or packer(owner.dialect).form(asked).format)
        return (yield from super().ask(owner, asked, name, **options))

    def _note_formatting(self, owner: Import, name: str, *, cleaning: bool = False) -> None:
        if self.journal.quiet:
            return
        target, now, dialect = owner.config.target.decode(), self.now, owner.dialect.name
        for member in self.members.values():
            if owner in member.imports:
                state = member.barrier.state
                inside = self.gate.busy([target])
                self.journal.formatted.append(Formatted(now, self.nid, target, name, dialect, state, cleaning, inside))

    def take(self) -> list[Packet]:
        if not self.journal.quiet:
            for owner in self.imports():
                for packet in owner.out:
                    self._note_sending(owner, packet)
        return super().take()

    def _note_sending(self, owner: Import, packet: Packet) -> None:
        request = owner.sending.get(packet.match_bits)
        if packet.kind != PUT or request is None:
            return
        message, replay = request.message, owner.state is ImportState.REPLAY
        transno = message.body.pb_transno
        self.journal.put.append(
            Put(
                self.now,
                self.nid,
                packet.target,
                packet.match_bits,
                message.name,
                message.dialect.name,
                transno,
                replay,
            )
        )

    # -- what the barriers ask -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Let every barrier see what happened, until nothing more follows from it."""
        progress = True
        while progress:
            progress = False
            for member in self.members.values():
                steps = member.news(self.policy.controlled)
                if member.barrier.state in (ClientState.DRAINING, ClientState.CLEANING):
                    steps += member.barrier.look(self._facts(member))
                progress |= bool(steps)
                self._take(member, steps)
            pages = self.wanted_pages()
            if pages:
                self.tasks.start(self.flush_pages(pages), "flush")
            self.tasks.run(self.now)

    def _facts(self, member: Member) -> Facts:
        dirty = sum(len(page.data) for page in self.dirty if self.oscs[page.index] in member.imports)
        return member.facts(self.gate.busy(member.targets), dirty)

    def _take(self, member: Member, steps: list[Step]) -> None:
        for step in steps:
            self._steps[step](self, member)
        state = member.barrier.state
        for target in member.targets:
            last = self._states.get(target, ClientState.RUN)
            if last is not state:
                self._states[target] = state
                self.journal.moved.append(Moved(self.now, self.nid, target, state, self._facts(member)))

    def _close_gate(self, member: Member) -> None:
        self.gate.close(member.targets, reading=False)

    def _close_gate_to_reading(self, member: Member) -> None:
        self.gate.close(member.targets, reading=True)

    def _open_gate(self, member: Member) -> None:
        self.gate.open(member.targets)

    def _fail_gate(self, member: Member) -> None:
        self.gate.fail(member.targets, -errno.EIO)

    def _flush(self, member: Member) -> None:
        pages = [page for page in self.dirty if self.oscs[page.index] in member.imports]
        self.tasks.start(self.flush_pages(pages), "flush")

    def _cancel_cached(self, member: Member) -> None:
        for owner in member.imports:
            self.cancel(owner, owner.locks.give_up(member.cached(owner), names(owner.dialect)))

    def _sync(self, member: Member) -> None:
        for owner in member.imports:
            asked = op.Sync() if owner is self.mdc else op.ObjectSync()
            self._note_formatting(owner, packer(owner.dialect).form(asked).format, cleaning=True)
            owner.submit(owner.wrap(packer(owner.dialect).request(asked), op=asked), self.now)

    def _release(self, member: Member) -> None:
        lock, owner = member.lock, member.holder
        if lock is None:
            return
        owner.locks.release(lock, names(owner.dialect))
        owner.locks.locks.pop(lock.cookie, None)
        member.lock, member.given_back = None, lock.cookie
        asked = op.Cancel(cancels=(lock.remote,))
        self._note_formatting(owner, "LDLM_CANCEL", cleaning=True)
        request = owner.wrap(packer(owner.dialect).request(asked), op=asked)
        request.done = lambda answered: self._released(member, answered)
        member.release = request
        owner.submit(request, self.now)

    def _released(self, member: Member, request: Request) -> None:
        if member.release is request:
            member.release = None
            if not request.status and self.policy.notice is Notice.WITHHELD:
                member.notice = True

    def _disconnect(self, member: Member) -> None:
        for owner in member.imports:
            request = owner.request(owner.config.disconnect, no_resend=True)
            request.done = partial(self._gone, owner)
            owner.submit(request, self.now)

    def _gone(self, owner: Import, _: Request) -> None:
        owner.set_state(ImportState.DISCON)
        owner.next_try = self.now + BACK_AFTER

    def _ask_again(self, member: Member) -> None:
        self.tasks.start(self._ask(member), "all-access lock")

    _steps = {
        Step.CLOSE_GATE: _close_gate,
        Step.CLOSE_GATE_TO_READING: _close_gate_to_reading,
        Step.OPEN_GATE: _open_gate,
        Step.FAIL_GATE: _fail_gate,
        Step.FLUSH: _flush,
        Step.CANCEL: _cancel_cached,
        Step.SYNC: _sync,
        Step.RELEASE: _release,
        Step.DISCONNECT: _disconnect,
        Step.ASK_AGAIN: _ask_again,
    }

    # -- another dialect -----------------------------------------------------------------------------------------

    def _other_dialect(self, before: Dialect) -> None:
        """The MDS speaks another dialect: objects are named as it names them, opens are made again (TH-4)."""
        assert self.mdc is not None
        dialect = self.mdc.dialect
        self.journal.spoke.append((self.now, self.nid, dialect.name))
        self.root = reopen.renamed(self.root, dialect, stat.S_IFDIR)
        self.names.clear()
        if self.mdc.state is ImportState.EVICTED or not self.policy.keeps_clients:
            return
        if self.policy.away is Away.REFORMAT:
            self._purge(self.mdc)
        for file in self.files.values():
            if not file.dead:
                reopen.open_again(file, dialect)
                self._note_formatting(self.mdc, "LDLM_ENQUEUE/INTENT_OPEN", cleaning=True)

    def _purge(self, owner: Import) -> None:
        """What was answered is on disk, since the server committed before each answer: nothing of it is replayed but
        opens (TH-5a). What was not answered is rebuilt (TH-5b)."""
        asked = rebuild.take(owner)
        if asked:
            self.tasks.start(self._rebuild(owner, asked), "rebuild")
        held = {id(file.request) for file in self.files.values()}
        for request in owner.replay.requests():
            request.keep = id(request) in held  # an open whose close is under way is not opened again: that closes it
        owner.replay.committed(owner.replay.last_committed)

    def _rebuild(self, owner: Import, asked: list[Request]) -> Steps:
        """New files need FIDs, and these the server's consent: until then everything waits."""
        try:
            got = yield from self.want(owner, op.SeqQuery(opc=names(owner.dialect).SEQ_ALLOC_META))
        except OperationFailed as failure:
            for request in reversed(asked):
                rebuild.give_up(request, owner, failure.status, self.now)
            return
        session = Session(FidAllocator(got.start), connect_flags=owner.granted)
        for request in asked:
            name = request.message.name
            why = rebuild.rebuild(request, owner, session)
            self.journal.rebuilt.append(Rebuilt(self.now, self.nid, request.xid, name, why))
            if not why:
                self._note_formatting(owner, request.message.name)
        done = [request for request in asked if request.message.dialect is owner.dialect]
        for request in done:
            rebuild.send(request, owner, self.now)
        for request in reversed([request for request in asked if request not in done]):
            rebuild.give_up(request, owner, -errno.ERESTART, self.now)
