"""Nodes of every kind with one thing broken, of our own invention: the monitor reports each in a plain play.

Those of `test_protocol_mutants` break the protocol of the upgrade; these break what it stands on: replies, locks,
transnos, last_rcvd, the mark, FIDs, numbers of requests, versions, grants, handles and configuration logs.
"""

from __future__ import annotations

import errno
from typing import Any

import pytest

from compat_tests.upgrade.checks import breaks
from compat_tests.upgrade.plays import played_with
from lustre_wire.dialects import dialect
from lustre_wire.recovery import connect_request
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.last_answers import LastAnswers
from lustre_wire.recovery.last_rcvd import FILE, LastRcvd
from lustre_wire.recovery.ldlm import LockTable
from lustre_wire.recovery.names import names
from lustre_wire.recovery.recover import Recovery
from lustre_wire.recovery.replay import ReplayList
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.store import Store
from lustre_wire.recovery.target import Target
from lustre_wire.recovery.transaction import Transaction
from lustre_wire.recovery.window import RecoveryWindow, Stage, Verdict
from lustre_wire.testbed import node as testbed_node
from lustre_wire.testbed.client.file_io import FileIo
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.grants import CHUNK, Grants
from lustre_wire.testbed.mgs import Configuration
from lustre_wire.testbed.operations import NOBODY
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.space import Space
from lustre_wire.upgrade.nodes import client as client_node
from lustre_wire.upgrade.nodes import reopen, server
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.protocol.mark import VERSIONS, Mark
from lustre_wire.upgrade.protocol.shutdown import Act, Shutdown
from lustre_wire.upgrade.scenario import Scenario, parse

OLD, NEW = (dialect(version) for version in VERSIONS)
OPEN_AGAIN, RETAIN, SEND, CONNECT = reopen.open_again, ReplayList.retain, Import.send, Import.connect
OFFER, BEGIN, ANNOUNCE, TRANSFER = Import._connect_request, Recovery.begin, FileIo._announce, FileIo._transfer
WRITE, VERSIONS_OF, TAKE, KEEP = Store.write, Transaction.versions, RecoveryWindow.take, RecoveryWindow._keep
NUMBER, IDENT, GRANTED, RECONSTRUCT = Space.new, Space.ident, connect_request.granted, Target._reconstruct
FLOCK, BLOCK, MAKE, BODY = (
    client_node.flock_resource, Configuration._block, testbed_node.Target, LockTable.replay_body,
)  # fmt: skip
ADMIT, EPOCH, DO = RecoveryWindow.admit, Target._new_epoch, Controlled._do


# -- clients -----------------------------------------------------------------------------------------------------


def opens_to_read(file: Any, dialect: Any) -> None:
    OPEN_AGAIN(file, dialect)
    packer(dialect).amend(file.request.message, flags=names(dialect).FMODE_READ)


def opens_the_directory(file: Any, dialect: Any) -> None:
    OPEN_AGAIN(file, dialect)
    packer(dialect).amend(file.request.message, child=file.request.op.parent)


def forgets_versions(self: ReplayList, request: Any) -> None:
    RETAIN(self, request)
    request.message.body.pb_pre_versions = [0] * 4


def newest_first(self: ReplayList, transno: int) -> Any:
    below = [entry for entry in self._entries if not transno or entry[0] < transno]
    return below[-1][2] if below else None


def keeps_all(self: ReplayList, transno: int) -> None:
    self.last_committed = max(self.last_committed, transno)


def keeps_closed_opens(self: ReplayList, transno: int) -> None:
    self.last_committed = max(self.last_committed, transno)
    self._entries = [e for e in self._entries if e[0] > self.last_committed or "INTENT_OPEN" in e[2].message.name]


def sends_as_new(self: Import, request: Any, now: float, flags: int = 0) -> None:
    """Once: who sends a number again without MSG_RESENT is told to connect anew."""
    request.resend = request.resend and request.tries > 1
    SEND(self, request, now, flags)


def sends_under_new_number(self: Import, request: Any, now: float, flags: int = 0) -> None:
    if request.resend:
        self.sending.pop(request.xid, None)
        request.xid, request.resend = 0, False
    SEND(self, request, now, flags)


def offers_less(self: Import) -> Any:
    request = OFFER(self)
    if self.connected_before:
        request.message.buffers.connect_data.ocd_connect_flags &= ~names(self.dialect).OBD_CONNECT_ACL
    return request


def counts_no_attempt(self: Import, now: float) -> None:
    before = self.conn_cnt
    CONNECT(self, now)
    if self.connected_before:
        self.conn_cnt = before


def holds_more(self: FileIo, owner: Any, asked: Any) -> None:
    ANNOUNCE(self, owner, asked)
    asked.grant += CHUNK


def writes_nothing_but_zeroes(self: FileIo, kind: Any, file: Any, obj: Any, at: int, what: Any) -> Any:
    return (yield from TRANSFER(self, kind, file, obj, at, what if isinstance(what, int) else bytes(len(what))))


def another_handle(self: LockTable, dialect: Any, lock: Any) -> Any:
    body = BODY(self, dialect, lock)
    body.lock_handle[0].cookie ^= 1
    return body


def sends_again_too_early(self: Recovery, found: Any, now: float) -> None:
    unanswered = [request for request in self.owner.sending.values() if not request.recovery]
    BEGIN(self, found, now)
    for request in unanswered:
        request.resend = True
        self.owner.send(request, now)


def closes_by_the_old_handle(self: ClientNode, file: Any, reply: Any) -> None:
    """The new handle is looked at and forgotten."""


# -- OSTs --------------------------------------------------------------------------------------------------------


def writes_zeroes(self: Store, name: str, offset: int, data: bytes) -> None:
    WRITE(self, name, offset, data if name == FILE else bytes(len(data)))


def grants_without_measure(self: Grants, export: Any, current: int, wanted: int) -> int:
    return 2 * CHUNK


# -- MDSs --------------------------------------------------------------------------------------------------------


def begins_anew(self: Target) -> None:
    EPOCH(self)
    self.last_transno = self.last_committed = 1 << self.k.LR_EPOCH_BITS


def names_it_anew(self: Space, mode: int, named: Any, *, again: bool) -> Any:
    if again:
        self._number()
    return NUMBER(self, mode, NOBODY if again else named, again=False)


def answers_without_versions(self: Transaction, operation: str, **objects: Any) -> None:
    VERSIONS_OF(self, operation, **objects)
    self.request.versions = (0, 0, 0, 0)


def waits_for_nobody(self: RecoveryWindow) -> Any:
    self.stage = max(self.stage, Stage.REQUESTS)
    return TAKE(self)


def done_at_once(self: RecoveryWindow, queue: Any, request: Any) -> Any:
    found = KEEP(self, queue, request)
    if queue is self.final:
        self.final.clear()
        return Verdict.HANDLE
    return found


def refuses_locks(self: RecoveryWindow, request: Any) -> Any:
    """The first of each client."""
    refused = self.__dict__.setdefault("refused", set())
    if request.message.opcode != self.k.LDLM_ENQUEUE or request.export in refused:
        return ADMIT(self, request)
    refused.add(request.export)
    return -errno.EAGAIN


def another_name(self: Space, inode: Any) -> Any:
    first, second, third = IDENT(self, inode)
    return (first, second ^ 1, third) if self.by_fid and inode.is_file else (first, second, third)


def grants_too_much(export: Any, asked: Any, service: Any, rules: Any) -> Any:
    data = GRANTED(export, asked, service, rules)
    if rules is rules_of(NEW):
        data.ocd_connect_flags |= 1 << 50
    return data


def another_transno(self: Target, request: Any, slot: Any, close: bool) -> None:
    slot.lcd_last_transno += 1
    RECONSTRUCT(self, request, slot, close)


def marks_the_other_version(self: Controlled) -> None:
    assert self.target is not None
    self.target.commit()
    other = next(version for version in VERSIONS if version != self.dialect.name)
    server.mark.write(self.store, Mark(other, clean=True))


def keeps_the_slot(self: LastRcvd, uuid: bytes) -> None:
    self.slots.pop(uuid, None)


def same_handles(*args: Any, **options: Any) -> Target:
    uuid, nid, language, store, service, seed, *more = args
    return MAKE(uuid, nid, language, store, service, seed // 1000, *more, **options)


# -- MGSs --------------------------------------------------------------------------------------------------------


def another_log(self: Configuration, form: Any, asked: Any, request: Any) -> Any:
    answer = BLOCK(self, form, asked, request)
    if self.dialect is NEW:
        for name, value in answer.buffers.items():
            if isinstance(value, bytes):
                answer.buffers[name] = value[:-16] + b"\1" * 16
    return answer


def tells_at_once(self: Controlled, acts: Any) -> None:
    DO(self, acts)
    if self.holding and Act.COMMIT in acts:
        DO(self, self.life.committed())


CRASH = "recover-then-upgrade"
CRASH_OF_2_0 = parse(
    "crash of 2.0",
    'title = "t"\nabout = "a"\nversion = "2.0"\n'
    'steps = ["work 4", "load", "wait 1", "crash mds", "wait 2", "start mds in 2.0", "wait 2", "rest"]',
)
LONG = parse("long", 'title = "t"\nabout = "a"\nosts = 1\nclients = 2\nsteps = ["work 40", "upgrade mds", "work 2"]')
PLAIN = "clean-upgrade"
#: What is broken: what kind of thing, the check that reports it, the scenario, its options, and what is where.
MUTANTS: dict[str, tuple[str, str, str | Scenario, dict[str, str], Any, str, Any]] = {
    "opens again for reading only": ("client", "B10", PLAIN, {}, client_node.reopen, "open_again", opens_to_read),
    "opens the directory again": ("client", "B10", PLAIN, {}, client_node.reopen, "open_again", opens_the_directory),
    "replays without versions": ("pre-versions", "V1", CRASH, {}, ReplayList, "retain", forgets_versions),
    "replays the newest first": ("transno", "R5", CRASH, {}, ReplayList, "after", newest_first),
    "replays what is committed": ("client", "R2", CRASH, {}, ReplayList, "committed", keeps_all),
    "opens again what it closed": ("client", "R3", PLAIN, {}, ReplayList, "committed", keeps_closed_opens),
    "sends again as if for the first time": ("xid", "R10", "lost-answer", {}, Import, "send", sends_as_new),
    "sends again under a new number": ("xid", "TH5", "lost-answer", {}, Import, "send", sends_under_new_number),
    "offers other flags to come back": ("client", "R13", PLAIN, {}, Import, "_connect_request", offers_less),
    "counts no attempt": ("client", "R12", PLAIN, {}, Import, "connect", counts_no_attempt),
    "claims a grant nobody gave": ("grant", "grant", PLAIN, {}, FileIo, "_announce", holds_more),
    "writes zeroes": ("client", "B7", PLAIN, {}, FileIo, "_transfer", writes_nothing_but_zeroes),
    "replays a lock under another handle": ("lock", "L5", CRASH, {}, LockTable, "replay_body", another_handle),
    "sends again before it has recovered": (
        "client", "R11", CRASH_OF_2_0, {}, Recovery, "begin", sends_again_too_early),
    "closes by the old handle": ("handle", "R16", PLAIN, {}, ClientNode, "_open_replayed", closes_by_the_old_handle),
    "keeps the old name of file locks": (
        "lock", "B7", LONG, {}, client_node, "flock_resource", lambda ident, _: FLOCK(ident, OLD)),
    "an OST writes zeroes": ("OST", "B7", PLAIN, {}, Store, "write", writes_zeroes),
    "an OST grants without measure": ("grant", "grant", PLAIN, {}, Grants, "_more", grants_without_measure),
    "transnos begin anew": ("transno", "transno", CRASH, {}, Target, "_new_epoch", begins_anew),
    "remembers no answer": ("last_rcvd", "R24", "lost-answer", {}, LastAnswers, "remember", lambda *_: None),
    "a replayed create makes another object": ("FID", "R25", CRASH, {}, Space, "new", names_it_anew),
    "answers without versions": ("pre-versions", "V4", CRASH, {}, Transaction, "versions", answers_without_versions),
    "replays before all are back": ("MDS", "R23", CRASH_OF_2_0, {}, RecoveryWindow, "take", waits_for_nobody),
    "answers the last ping at once": ("reply", "R17a", CRASH, {}, RecoveryWindow, "_keep", done_at_once),
    "refuses locks in recovery": ("lock", "R22", CRASH, {}, RecoveryWindow, "admit", refuses_locks),
    "gives old files new names": ("FID", "R25", PLAIN, {}, Space, "ident", another_name),
    "grants what nobody asked for": ("reply", "R14", PLAIN, {}, connect_request, "granted", grants_too_much),
    "a rebuilt answer has another transno": (
        "reply", "R24", "lost-answer", {}, Target, "_reconstruct", another_transno),
    "marks the other version": ("mark", "S2", PLAIN, {}, Controlled, "_write_mark", marks_the_other_version),
    "keeps the slot of who left": ("last_rcvd", "slot", "rewritten-config", {}, LastRcvd, "free", keeps_the_slot),
    "the same handles at every start": ("handle", "handle", PLAIN, {}, testbed_node, "Target", same_handles),
    "evicts after three seconds": ("MDS", "SI7", "silent-client", {}, server, "CALLBACK_TIMEOUT", 3),
    "an MGS serves another log": ("MGS", "G1", "config", {}, Configuration, "_block", another_log),
    "an MGS lets newcomers in": (
        "MGS", "B6", "new-clients", {"scope": "mgs"}, Shutdown, "newcomer", lambda self, first: 0),
    "an MGS tells before targets commit": ("MGS", "SI12", PLAIN, {"scope": "mgs"}, Controlled, "_do", tells_at_once),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_node_is_reported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, check, scenario, options, owner, attribute, broken = MUTANTS[name]
    assert breaks(played_with(monkeypatch, owner, attribute, broken, scenario, osts=1, **options), check)
