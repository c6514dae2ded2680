"""TH-5: requests without an answer at a change of dialect are rebuilt by the translator and keep their numbers."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from lustre_wire.dialects import dialect
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.recovery.target import TargetEvent
from lustre_wire.testbed.mds.changes import Changes
from lustre_wire.testbed.tasks import Task
from lustre_wire.upgrade.checks.monitor import judge
from lustre_wire.upgrade.evidence.wire import Kind
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

OLD, NEW = dialect("1.8"), dialect("2.0")
MODE = OLD.constants["MDS_ATTR_MODE"]
CREATE = OLD.constants["FMODE_WRITE"] | OLD.constants["MDS_OPEN_CREAT"]

#: A call, and what has to be there before it.
CALLS: dict[str, tuple[tuple[Any, ...], list[tuple[Any, ...]]]] = {
    "mkdir": (("mkdir", "/d"), []),
    "symlink": (("symlink", "/there", "/d"), []),
    "open": (("open", "/f", CREATE), []),
    "unlink": (("unlink", "/f"), [("open", "/f", CREATE), ("close", 1)]),
    "rmdir": (("rmdir", "/d"), [("mkdir", "/d")]),
    "rename": (("rename", "/d", "/e"), [("mkdir", "/d")]),
    "link": (("link", "/f", "/g"), [("open", "/f", CREATE), ("close", 1)]),
    "setattr": (("setattr", "/d", MODE), [("mkdir", "/d")]),
    "setxattr": (("setxattr", "/d", b"user.x", b"1"), [("mkdir", "/d")]),
}


class Staged:
    """One client, one OST, and an upgrade in the middle of a call."""

    def __init__(self) -> None:
        self.play = Play(policy("reformat"), clients=1, osts=1, seed=3)
        self.client, self.mds = self.play.clients[0], self.play.servers["mds"]

    def begin(self, *call: Any) -> Task:
        self.client.now = self.play.now
        task = self.client.perform(*call)
        self.play.simulator.flush(self.client)
        return task

    def do(self, *call: Any) -> Any:
        task = self.begin(*call)
        self.play.until(lambda: task.done, f"{call[0]} is over")
        assert task.error is None
        return task.result

    def upgrade_at(self, lost: Callable[[Packet], bool], *calls: tuple[Any, ...]) -> list[Task]:
        """Begin calls, lose the first packet of a kind, and go to 2.0 at that moment."""
        gone: list[Packet] = []

        def lose(packet: Packet) -> bool:
            if not gone and lost(packet):
                gone.append(packet)
            return bool(gone)

        self.play.simulator.lose = lose
        tasks = [self.begin(*call) for call in calls]
        self.play.until(lambda: bool(gone), "a packet is lost")
        self.mds.stop(self.play.now)
        self.play.simulator.lose = None
        Operator(self.play).start("mds", "2.0")
        self.play.until(lambda: all(task.done for task in tasks), "all is answered")
        return tasks

    def changes(self) -> list[TargetEvent]:
        """Changes made by either release."""
        return [event for event in self.mds.events if event.kind == "transaction"]

    def an_answer_to_a_change(self) -> Callable[[Packet], bool]:
        before = len(self.changes())

        def is_one(packet: Packet) -> bool:
            made = [e.detail for e in [*self.mds.events, *self.mds.target.events] if e.kind == "transaction"]  # type: ignore[union-attr]
            return (
                packet.kind == PUT and packet.source == self.mds.nid and len(made) > before
                and packet.match_bits == made[-1].xid
            )  # fmt: skip

        return is_one

    def a_change(self, packet: Packet) -> bool:
        """A request whose answer would be kept for replay."""
        request = self.client.mdc.sending.get(packet.match_bits)  # type: ignore[union-attr]
        return packet.target == self.mds.nid and request is not None and request.wants_replay

    def sent(self, xid: int) -> list[str]:
        """The dialects in which a request went out, the first time and again."""
        made = self.play.wire().spoken([dialect(version) for version in VERSIONS])
        return [made[m.place] for m in self.play.wire().of(Kind.REQUEST) if m.xid == xid]


@pytest.mark.parametrize("name", CALLS)
def test_TH5_what_was_done_and_only_its_answer_lost_is_not_done_twice(name: str) -> None:
    staged = Staged()
    call, before = CALLS[name]
    for each in before:
        staged.do(*each)
    made = len(staged.changes())
    (task,) = staged.upgrade_at(staged.an_answer_to_a_change(), call)
    assert task.error is None
    (change,) = staged.changes()[made:]
    assert staged.sent(change.detail.xid) == ["1.8", "2.0"]
    assert [(rebuilt.xid, rebuilt.why) for rebuilt in staged.play.journal.rebuilt] == [(change.detail.xid, "")]
    assert [line for verdict in judge(staged.play).values() for line in verdict.wrong] == []


@pytest.mark.parametrize("name", CALLS)
def test_TH5_what_never_arrived_is_done_once_in_the_new_dialect(name: str) -> None:
    staged = Staged()
    call, before = CALLS[name]
    for each in before:
        staged.do(*each)
    made = len(staged.changes())
    (task,) = staged.upgrade_at(staged.a_change, call)
    assert task.error is None
    (change,) = staged.changes()[made:]
    assert change.detail.message.dialect is NEW
    assert [(rebuilt.xid, rebuilt.why) for rebuilt in staged.play.journal.rebuilt] == [(change.detail.xid, "")]


def test_TH5_a_directory_made_in_1_8_is_there_once_and_answered_with_its_inode() -> None:
    staged = Staged()
    (task,) = staged.upgrade_at(staged.an_answer_to_a_change(), ("mkdir", "/d"))
    assert staged.do("readdir", "/").count(b"d") == 1
    inode, generation, version = task.result
    assert version == 0
    assert 12 <= inode < 1 << 32
    assert staged.do("getattr", "/d").ident == (inode, generation, 0)


def test_TH5_a_2_0_server_that_looks_for_creates_by_FID_only_would_not_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the plan needs besides a translator: shipped 2.0 looks for what a create made under the FID it chose."""
    monkeypatch.setattr(Changes, "made", lambda self, asked: self.mdt.space.find(asked.child))
    staged = Staged()
    (task,) = staged.upgrade_at(staged.an_answer_to_a_change(), ("mkdir", "/d"))
    assert task.error.status == -errno.ENOENT  # type: ignore[union-attr]


def test_TH5_calls_that_wait_behind_each_other_keep_their_order() -> None:
    staged = Staged()
    staged.do("getattr", "/")
    calls = [("mkdir", f"/d{number}") for number in range(4)]
    tasks = staged.upgrade_at(staged.a_change, *calls)
    assert [task.error for task in tasks] == [None] * 4
    assert [rebuilt.why for rebuilt in staged.play.journal.rebuilt] == [""] * 4
    changes = [event.detail for event in staged.changes()]
    assert [change.message.buffers.name for change in changes] == [b"d0", b"d1", b"d2", b"d3"]
    fids = [change.message.buffers.rec_reint.cr_fid2 for change in changes]
    assert len({(fid.f_seq, fid.f_oid) for fid in fids}) == 4
    assert all(fid.f_seq >= 0x200000400 for fid in fids)


def test_TH5_what_the_translator_refuses_begins_anew() -> None:
    staged = Staged()
    made = {f"name-of-some-length-{number:04d}".encode() for number in range(150)}
    for name in sorted(made):
        staged.do("mkdir", f"/{name.decode()}")
    pages: list[int] = []

    def second_page(packet: Packet) -> bool:
        request = staged.client.mdc.sending.get(packet.match_bits)  # type: ignore[union-attr]
        if packet.target == staged.mds.nid and request is not None and request.message.name == "MDS_READPAGE":
            pages.append(packet.match_bits)
        return len(pages) == 2

    (task,) = staged.upgrade_at(second_page, ("readdir", "/"))
    assert set(task.result) - {b".", b".."} == made
    (rebuilt,) = staged.play.journal.rebuilt
    assert rebuilt.name == "MDS_READPAGE"
    assert "cursor" in rebuilt.why


def test_TH5_a_close_without_an_answer_is_over_with_the_server_that_knew_the_handle() -> None:
    staged = Staged()
    number = staged.do("open", "/f", CREATE)
    (task,) = staged.upgrade_at(staged.a_change, ("close", number))
    assert task.error is None
    assert [r.why for r in staged.play.journal.rebuilt] == ["its open is not made again, which closes the file"]
    assert not any(export.files for export in staged.mds.target.exports.values())  # type: ignore[union-attr]


def test_TH5_who_is_evicted_meanwhile_gets_an_error() -> None:
    staged = Staged()

    def lose(packet: Packet) -> bool:
        request = staged.client.mdc.sending.get(packet.match_bits)  # type: ignore[union-attr]
        return staged.a_change(packet) or (request is not None and request.message.name == "SEQ_QUERY")

    staged.play.simulator.lose = lose
    task = staged.begin("mkdir", "/d")
    staged.mds.stop(staged.play.now)
    Operator(staged.play).start("mds", "2.0")
    asking = staged.client.mdc.sending  # type: ignore[union-attr]
    staged.play.until(lambda: any(r.message.name == "SEQ_QUERY" for r in asking.values()), "FIDs are asked for")
    target = staged.mds.target
    assert target is not None
    target.evict(next(iter(target.exports.values())), staged.play.now)
    staged.play.until(lambda: task.done, "the call ends")
    assert task.error.status == -errno.EINTR  # type: ignore[union-attr]
    assert staged.play.journal.rebuilt == []
