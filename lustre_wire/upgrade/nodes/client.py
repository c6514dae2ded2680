"""A client that takes part in upgrades: its operations pass a gate, its barriers do what servers and users ask."""

from __future__ import annotations

import errno
import stat
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Packet
from lustre_wire.recovery.request import Request
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.file_io import flock_resource
from lustre_wire.testbed.tasks import OperationFailed, Steps, Until
from lustre_wire.translate import FidAllocator, Session
from lustre_wire.upgrade.evidence.journal import Evicted, Journal, Rebuilt
from lustre_wire.upgrade.nodes import rebuild, reopen
from lustre_wire.upgrade.nodes.barred import Barred
from lustre_wire.upgrade.nodes.calls import Calls
from lustre_wire.upgrade.nodes.participant import Participant
from lustre_wire.upgrade.nodes.writeback import Page
from lustre_wire.upgrade.protocol.policy import Away, Policy, Scope


class UpgradeClient(Calls):
    """A client of a file system that is upgraded.

    Attributes:
        part: its part in the stops of servers.
        mounted_at: when its mount was done.
    """

    def __init__(self, *args: Any, policy: Policy, journal: Journal | None = None, **options: Any) -> None:
        self.policy = policy
        self.journal = journal or Journal()
        super().__init__(*args, **options)

    def forget(self) -> None:
        super().forget()
        self.part = Participant(
            self.nid, self.policy, self.journal, self.callee, lambda: self.now, lambda: self.tasks, self.ask,
            lambda barred: sum(len(page.data) for page in self._pages(barred)),
            lambda barred: self._flush_later(self._pages(barred)), lambda: self._flush_later(self.wanted_pages()),
        )  # fmt: skip
        self.gate = self.part.gate
        self.dirty = []
        self.mounted_at = float("inf")

    # -- taking part ---------------------------------------------------------------------------------------------

    def mount(self) -> Steps:
        """Mount, and get the all-access locks: a mount during a stop waits at the barrier."""
        root = yield from super().mount()
        assert self.mdc is not None
        for barred in self.part.barred.values():
            yield Until(lambda: not barred.barrier.closed)  # noqa: B023
            yield from self.part.ask_for_lock(barred)
        self.mounted_at = self.now
        self.journal.spoke.append((self.now, self.nid, self.mdc.dialect.name))
        return root

    def _attach(self, devices: list[Any]) -> Steps:
        """The first request to the MDS has to wait for its all-access lock."""
        yield from super()._attach(devices)
        assert self.mdc is not None and self.mgc is not None
        self.mdc.on_dialect = self._other_dialect
        imports = [self.mdc, *self.oscs.values()]
        if self.policy.scope is Scope.MGS:
            self.part.join("MGS", self.mgc, imports, self.policy)
        else:
            for owner in imports:
                self.part.join(owner.config.target.decode(), owner, [owner], self.policy)
        barred = next(iter(self.part.barred.values()))
        yield from self.part.ask_for_lock(barred)
        yield Until(lambda: not barred.barrier.closed)

    def set_barrier(self, name: str) -> None:
        """The administrator's command: hold everything for a server (or ``MGS``: for all)."""
        self._by_hand(name, on=True)

    def lift_barrier(self, name: str) -> None:
        """The other command."""
        self._by_hand(name, on=False)

    def _by_hand(self, name: str, *, on: bool) -> None:
        barred = self.part.barred[name]
        self.part.take(barred, barred.barrier.set_by_hand() if on else barred.barrier.lift_by_hand())
        self._watch()

    # -- Node ----------------------------------------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        super().receive(packet, now)
        self._watch()

    def tick(self, now: float) -> None:
        super().tick(now)
        self._watch()

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
        return (yield from super().ask(owner, asked, name, **options))

    # -- what the barriers ask -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        self.part.watch()

    def _flush_later(self, pages: list[Page]) -> None:
        if pages:
            self.tasks.start(self.flush_pages(pages), "flush")

    def _pages(self, barred: Barred) -> list[Page]:
        return [page for page in self.dirty if self.oscs[page.index] in barred.imports]

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
        for lock in self.mdc.locks.locks.values():
            if lock.type == names(dialect).LDLM_FLOCK:  # it is replayed, under the name the others will ask for it by
                lock.resource = flock_resource((lock.resource[0], lock.resource[1], 0), dialect)
        for file in self.files.values():
            if not file.dead:
                reopen.open_again(file, dialect)

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
        done = [request for request in asked if request.message.dialect is owner.dialect]
        for request in done:
            rebuild.send(request, owner, self.now)
        for request in reversed([request for request in asked if request not in done]):
            rebuild.give_up(request, owner, -errno.ERESTART, self.now)
