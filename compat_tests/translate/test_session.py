"""What a session knows, how long, and what a report says."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from lustre_wire.errors import WireError
from lustre_wire.translate.report import Entry, Report
from lustre_wire.translate.session import MEMORY, FidAllocator, OpenFile, Session
from lustre_wire.translate.work import Work

D18, D20 = lw.dialect("1.8"), lw.dialect("2.0")


class TestAllocator:
    def test_one_after_the_other(self) -> None:
        given = FidAllocator(0x200000400)
        assert [given.new() for _ in range(3)] == [(0x200000400, oid, 0) for oid in (1, 2, 3)]

    def test_sequences_are_used_up_one_by_one(self) -> None:
        given = FidAllocator(5, last_sequence=6, next_oid=2, width=2)
        assert [given.new() for _ in range(3)] == [(5, 2, 0), (6, 1, 0), (6, 2, 0)]
        with pytest.raises(WireError, match="all FIDs up to sequence 0x6 are used"):
            given.new()
        assert (given.sequence, given.next_oid) == (6, 3)

    def test_what_is_not_said(self) -> None:
        """A sequence is its own last one, and 0x20000 wide."""
        given = FidAllocator(5)
        assert (given.last_sequence, given.next_oid, given.width) == (5, 1, 0x20000)
        assert FidAllocator(5, 3).last_sequence == 5 and FidAllocator(5, 9).last_sequence == 9


class TestIdentities:
    def test_both_ways(self) -> None:
        session = Session()
        session.identify(inode=1, generation=2, fid=(3, 4, 5), type=6)
        assert session.fid_of(1, 2) == (3, 4, 5)
        assert session.fid_of(1, 3) is None and session.fid_of(2, 2) is None

    def test_a_new_name_beats_the_former(self) -> None:
        session = Session()
        session.identify(inode=1, generation=2, fid=(3, 4, 0))
        session.identify(inode=1, generation=2, fid=(7, 8, 0))
        assert session.fid_of(1, 2) == (7, 8, 0) and session.inode_of(3, 4) is None
        session.identify(inode=9, generation=9, fid=(7, 8, 0))
        assert session.fid_of(1, 2) is None and session.fid_of(9, 9) == (7, 8, 0)

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"inode": 1 << 64}, "inode 18446744073709551616 does not fit 64 bits"),
            ({"inode": -1}, "inode -1 does not fit 64 bits"),
            ({"generation": 1 << 32}, "generation 4294967296 does not fit 32 bits"),
            ({"fid": (1 << 64, 0, 0)}, "sequence 18446744073709551616 does not fit 64 bits"),
            ({"fid": (0, 1 << 32, 0)}, "object id 4294967296 does not fit 32 bits"),
            ({"fid": (0, 0, 1 << 32)}, "version 4294967296 does not fit 32 bits"),
            ({"type": 1 << 32}, "type 4294967296 does not fit 32 bits"),
        ],
    )
    def test_numbers_that_do_not_fit(self, changed: Any, words: str) -> None:
        fits = {"inode": (1 << 64) - 1, "generation": (1 << 32) - 1, "fid": ((1 << 64) - 1, *[(1 << 32) - 1] * 2)}
        session = Session()
        session.identify(**fits, type=(1 << 32) - 1)  # type: ignore[arg-type]
        with pytest.raises(WireError) as caught:
            session.identify(**(fits | changed))
        assert (caught.value.path, caught.value.message) == ("identify", words)

    def test_a_fid_is_three_numbers(self) -> None:
        with pytest.raises(WireError, match="a FID is a sequence, an object id and a version") as caught:
            Session().identify(inode=1, generation=2, fid=(3, 4))  # type: ignore[arg-type]
        assert caught.value.path == "identify"


class TestMemory:
    def test_a_create_has_one_fid_until_it_is_answered(self) -> None:
        session = Session(fids=FidAllocator(5))
        assert session.new_fid("a") == session.new_fid("a") == (5, 1, 0) and session.new_fid("b") == (5, 2, 0)
        session.answered("a")
        session.answered("never asked")
        assert session.new_fid("a") == (5, 3, 0) and session.new_fid("b") == (5, 2, 0)
        assert Session().new_fid("a") is None

    def test_opens(self) -> None:
        session = Session()
        session.opened(transno=7, handle=8)
        session.opened(transno=9, handle=10, ioepoch=11)
        assert session.open_file(7) == OpenFile(8, 0) == OpenFile(8) and session.open_file(9) == OpenFile(10, 11)
        assert session.open_file(8) is None
        with pytest.raises(AttributeError):
            OpenFile(1).handle = 2  # type: ignore[misc]

    def test_the_oldest_is_forgotten_first(self) -> None:
        session = Session(fids=FidAllocator(5, last_sequence=9))
        for number in range(MEMORY + 1):
            session.opened(transno=number, handle=number)
        assert MEMORY == 65536 and session.open_file(0) is None and session.open_file(1) == OpenFile(1)
        session.opened(transno=1, handle=5)  # the newest again
        session.opened(transno=MEMORY + 1, handle=0)
        assert session.open_file(1) == OpenFile(5) and session.open_file(2) is None

    def test_what_is_committed_only_grows(self) -> None:
        session = Session()
        for transno, committed in ((0, 0), (7, 7), (3, 7), (8, 8)):
            session.commit(transno)
            assert session.last_committed == committed

    def test_a_new_session_knows_nothing(self) -> None:
        session = Session()
        assert (session.fids, session.keep_created, session.connect_flags) == (None, False, None)
        assert (session.fsuid, session.fsgid, session.capability, session.last_committed) == (None, None, None, 0)
        assert repr(session).count("=") == 7 and Session() == session


class TestReports:
    LOST = Entry("lost", "short", "long.path", 0x10)
    REPORT = Report("OP", "request", "1.8", "2.0", (Entry("filled", "a", "a"), LOST))

    def test_entries_print(self) -> None:
        assert str(self.LOST) == "lost short (long.path): 0x10"
        for value, shown in ((9, "9"), (10, "0xa"), (b"\1\2", "0102"), (None, "None"), ("text", "text")):
            assert str(Entry("dropped", "a", "a", value)) == f"dropped a: {shown}"

    def test_entries_as_json(self) -> None:
        """A loss says whether it was allowed; bytes are hexadecimal, named numbers plain."""
        assert self.LOST.to_json() == {
            "kind": "lost", "name": "short", "path": "long.path", "value": 16, "allowed": False,
        }  # fmt: skip
        flags = Entry("dropped", "a", "b", D20.enums["MsgFlags"](4)).to_json()
        assert flags == {"kind": "dropped", "name": "a", "path": "b", "value": 4} and type(flags["value"]) is int
        assert Entry("changed", "a", "b", b"\1").to_json()["value"] == "01"
        assert Entry("changed", "a", "b", "text").to_json()["value"] == "text"

    def test_reports_print(self) -> None:
        assert str(self.REPORT) == "OP request 1.8 -> 2.0: lossy\n  filled a: None\n  lost short (long.path): 0x10"
        assert str(Report("OP", "reply", "2.0", "1.8", (Entry("filled", "a", "a", 1),))) == (
            "OP reply 2.0 -> 1.8: lossless\n  filled a: 1"
        )
        assert str(Report("OP", "reply", "2.0", "2.0")) == "OP reply 2.0 -> 2.0: carried over"

    def test_reports_as_json(self) -> None:
        assert self.REPORT.to_json() == {
            "operation": "OP", "direction": "request", "source": "1.8", "target": "2.0", "lossless": False,
            "entries": [e.to_json() for e in self.REPORT.entries],
        }  # fmt: skip
        assert self.REPORT.losses == (self.LOST,) and not self.REPORT.lossless
        assert Report("OP", "reply", "2.0", "2.0").lossless and Report("OP", "reply", "2.0", "2.0").entries == ()

    def test_they_never_change(self) -> None:
        for each in (self.LOST, self.REPORT):
            for name in ("kind", "source", "anything"):
                with pytest.raises(AttributeError):
                    setattr(each, name, 1)


class TestWork:
    @staticmethod
    def work(direction: str = "request", allow: frozenset[str] = frozenset(), **more: Any) -> Work:
        source = lw.build(D18, "MDS_GETATTR", direction)
        return Work(source, D20, Session(), more.get("request"), more.get("xid"), allow)

    def test_what_it_begins_with(self) -> None:
        work = self.work(xid=5)
        assert (work.operation, work.reply, work.replay, work.order) == ("MDS_GETATTR", False, False, "little")
        assert (work.at, work.entries, work.lossy, work.xid) == ("", [], False, 5)
        assert self.work("reply").reply

    def test_paths(self) -> None:
        work = self.work()
        assert work.path("") == "" and work.path("field") == "field"
        work.at = "rec"
        assert work.path("") == "rec" and work.path("field") == "rec.field"

    @pytest.mark.parametrize("allow", ["name", "rec.field", "field"])
    def test_losses_may_be_allowed(self, allow: str) -> None:
        for allowed, kept in ((frozenset({allow}), True), (frozenset({"other"}), False)):
            work = self.work(allow=allowed)
            work.at = "rec"
            work.lose("name", "field", 5)
            assert work.entries == [Entry("lost", "name", "rec.field", 5, kept)] and work.lossy is not kept
        work.lose("other", "x", 5)
        assert work.lossy

    def test_what_is_no_loss(self) -> None:
        work = self.work()
        work.at = "rec"
        work.drop("a", 1)
        work.drop("b", 2, "named")
        work.fill("c", 3)
        work.change("d", 4)
        assert work.entries == [
            Entry("dropped", "a", "rec.a", 1), Entry("dropped", "named", "rec.b", 2), Entry("filled", "c", "rec.c", 3),
            Entry("changed", "d", "rec.d", 4),
        ] and not work.lossy  # fmt: skip

    def test_the_request_of_a_reply(self) -> None:
        """In the dialect it is in, and not in the other."""
        old, new = lw.build(D18, "MDS_GETATTR"), lw.build(D20, "MDS_GETATTR")
        assert self.work("reply", request=old).asked is old.buffers and self.work("reply", request=old).asker is None
        assert self.work("reply", request=new).asker is new.buffers and self.work("reply", request=new).asked is None
        assert self.work("reply").asked is self.work("reply").asker is None

    def test_it_has_slots_only(self) -> None:
        with pytest.raises(AttributeError):
            self.work().nothing = 1  # type: ignore[attr-defined]
