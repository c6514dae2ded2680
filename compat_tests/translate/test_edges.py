"""What is left out, empty, already right, or known beforehand: the other half of every rule's conditions."""

from __future__ import annotations

from errno import EOPNOTSUPP, ESTALE
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.translate.test_pages import entry, page
from compat_tests.translate.test_verdicts import (
    BORN20,
    D18,
    D20,
    FILE18,
    FLAGS,
    body18,
    body20,
    lock,
    ost,
    reply,
    request,
    s18,
    s20,
)
from lustre_wire.engines.payload import Extra
from lustre_wire.payloads.directory import read_blocks
from lustre_wire.translate import translate_pages
from lustre_wire.translate.report import Entry


def translated(message: lw.Message, target: Any, **more: Any) -> tuple[lw.Message, tuple[Entry, ...]]:
    made = lw.translate(message, target, **more)
    return made.message, made.report.entries


def kinds(entries: tuple[Entry, ...]) -> set[tuple[str, str]]:
    return {(e.kind, e.name) for e in entries}


class TestBodies:
    def test_words_of_a_fid_that_are_right_already(self) -> None:
        """ino and generation of a reply repeat fid1 in 1.8; where 2.0 says the same, nothing changes."""
        for ino, generation, changed in ((4711, 77, set()), (1, 77, {"ino"}), (4711, 1, {"generation"})):
            message = reply(D20, "MDS_GETATTR", mdt_body=body20(ino=ino, generation=generation))
            made, entries = translated(message, D18)
            assert (made.buffers.mds_body.ino, made.buffers.mds_body.generation) == (4711, 77)
            assert {e.name for e in entries if e.kind == "changed"} & {"ino", "generation"} == changed

    @pytest.mark.parametrize(
        ("flags", "there", "said"),
        [(0x80000010, 0x10, {("changed", "flags")}), (0, 0, set()), (0x8, 0x10, {("changed", "flags")})],
    )
    def test_flags_of_a_reply(self, flags: int, there: int, said: set[Any]) -> None:
        """Marked ones are those of the ext file systems, unmarked ones the kernel's."""
        body = body18(flags=flags, valid=FLAGS["OBD_MD_FLFLAGS"])
        made, entries = translated(reply(D18, "MDS_GETATTR", mds_body=body), D20)
        assert made.buffers.mdt_body.flags == there and {k for k in kinds(entries) if k[1] == "flags"} == said


class TestParents:
    """An object's parent, whose identity is in the obdo."""

    def test_a_session_knows_it(self) -> None:
        session = lw.Session()
        session.identify(inode=5, generation=6, fid=(0x200000400, 7, 0))
        message = ost(D20, "OST_SETATTR", o_parent_seq=0x200000400, o_parent_oid=7)
        made, _ = translated(message, D18, session=session)
        assert (made.buffers.ost_body.oa.o_fid, made.buffers.ost_body.oa.o_generation) == (5, 6)

    def test_the_last_igif_is_an_inode(self) -> None:
        for seq, fits in ((0xFFFFFFFF, True), (0x100000000, False)):
            message = ost(D20, "OST_SETATTR", o_parent_seq=seq, o_parent_oid=7)
            message.buffers.ost_body.oa.o_valid |= FLAGS["OBD_MD_FLFID"]
            if fits:
                assert translated(message, D18)[0].buffers.ost_body.oa.o_fid == seq
            else:
                with pytest.raises(lw.Untranslatable) as caught:
                    translated(message, D18)
                assert caught.value.errno == ESTALE


class TestEmptyMessages:
    """Buffers that ought to be there and are not: nothing is made of nothing."""

    @pytest.mark.parametrize("form", ["LDLM_ENQUEUE/INTENT_OPEN", "LDLM_ENQUEUE/INTENT_OPEN_CREAT", "MDS_REINT/OPEN"])
    @pytest.mark.parametrize("direction", ["request", "reply"])
    def test_opens(self, form: str, direction: str) -> None:
        """Without a record or a body there is nothing to finish, to remember or to learn."""
        for source, target in ((D18, D20), (D20, D18)):
            session = lw.Session(keep_created=True)
            made, _ = translated(lw.build(source, form, direction), target, session=session)
            there = made.buffers
            assert getattr(there, "rec", None) is getattr(there, "rec_reint", None) is None
            assert getattr(there, "mds_body", None) is getattr(there, "mdt_body", None) is None
            assert session == lw.Session(keep_created=True)

    def test_creates(self) -> None:
        """A reply without body, a failed one, and one that names nothing."""
        empty = reply(D18, "MDS_REINT/CREATE")
        assert translated(empty, D20)[0].buffers.mdt_body is None
        failed = reply(D18, "MDS_REINT/CREATE", mds_body=body18())
        failed.body.pb_status = (1 << 32) - 17
        assert translated(failed, D20)[0].buffers.mdt_body.fid1 == s20("lu_fid", f_seq=4711, f_oid=77)
        nameless = reply(D18, "MDS_REINT/CREATE", mds_body=body18(fid1=s18("ll_fid")))
        assert translated(nameless, D20)[0].buffers.mdt_body.fid1 == s20("lu_fid")
        with pytest.raises(lw.Untranslatable) as caught:
            translated(reply(D18, "MDS_REINT/CREATE", mds_body=body18(fid1=FILE18)), D20)
        assert caught.value.errno == ESTALE

    def test_renames_without_a_record(self) -> None:
        """Replayed, with versions: whose parents these are cannot be told."""
        for source, target in ((D18, D20), (D20, D18)):
            message = request(source, "MDS_REINT/RENAME", old_name=b"a", new_name=b"b")
            message.body.pb_flags = FLAGS["MSG_REPLAY"]
            message.body.pb_pre_versions = [1, 2, 3, 4]
            assert translated(message, target)[0].body.pb_pre_versions == [1, 3, 2, 4]

    def test_locks_without_a_reply(self) -> None:
        made, entries = translated(reply(D18, "LDLM_ENQUEUE"), D20)
        assert made.buffers.lvb is None and ("filled", "lvb") not in kinds(entries)
        value = s20("ost_lvb", lvb_size=5)
        made, entries = translated(reply(D20, "LDLM_ENQUEUE", lvb=value), D18)
        assert made.buffers.lvb == s18("ost_lvb", lvb_size=5)

    def test_completions_without_a_lock(self) -> None:
        message = request(D20, "LDLM_CP_CALLBACK", lvb=s20("ost_lvb", lvb_size=5))
        assert translated(message, D18)[0].buffers.lvb == s18("ost_lvb", lvb_size=5)
        message = request(D20, "LDLM_CP_CALLBACK", dlm_req=lock(), lvb=s20("ost_lvb", lvb_size=5))
        made, entries = translated(message, D18)
        assert made.buffers.lvb is None and ("dropped", "lvb") in kinds(entries)


class TestPages:
    def test_entries_that_name_nothing_are_left_out(self) -> None:
        data = page(entry(0, 0, b"gone", 0o100000), entry(4711, 77, b"here", 0o100000, last=True))
        made = translate_pages(data, "2.0", "1.8", allow=["generation", "hash"])
        assert [e.name for block in read_blocks(made.data, "1.8") for e in block] == [b"here"]
        assert [e.value for e in made.report.losses] == [1, 1] and all(e.allowed for e in made.report.losses)

    def test_an_empty_directory_loses_nothing(self) -> None:
        made = translate_pages(page(), "2.0", "1.8")
        assert made.report.lossless and made.report.entries == ()
        assert (made.report.operation, made.report.direction) == ("MDS_READPAGE", "bulk")

    @pytest.mark.parametrize("allow", ["generation", ["generation"]])
    def test_one_loss_allowed_is_not_all(self, allow: Any) -> None:
        data = page(entry(4711, 77, b"here", 0o100000, last=True))
        with pytest.raises(lw.LossyTranslation) as caught:
            translate_pages(data, "2.0", "1.8", allow=allow)
        assert caught.value.names == ("hash",) and caught.value.dialect == "2.0"

    def test_in_their_own_dialect_they_are_themselves(self) -> None:
        made = translate_pages(bytearray(page()), "2.0", "2.0")  # type: ignore[arg-type]
        assert made.data == page() and type(made.data) is bytes
        assert (made.report.source, made.report.target, made.report.entries) == ("2.0", "2.0", ())
        assert (made.report.operation, made.report.direction) == ("MDS_READPAGE", "bulk")
        with pytest.raises(AttributeError):
            made.data = b""  # type: ignore[misc]

    def test_the_other_way_there_are_none(self) -> None:
        with pytest.raises(lw.Untranslatable, match="do not say the generations") as caught:
            translate_pages(bytes(4096), "1.8", "2.0")
        assert caught.value.errno == EOPNOTSUPP


class TestReplies:
    def test_a_failed_reply_has_no_buffers(self) -> None:
        message = reply(D18, "MDS_GETATTR")
        message.extra = Extra(count=1)
        made, _ = translated(message, D20)
        assert made.extra == Extra(count=1) and lw.encode(made)[:4] == b"\1\0\0\0"
        pong, _ = translated(reply(D18, "OBD_PING"), D20)
        assert pong.extra is None

    def test_a_reply_read_without_its_request(self) -> None:
        made = reply(D18, "LDLM_ENQUEUE/INTENT_GETATTR", dlm_rep=s18("ldlm_reply"), mds_body=body18())
        message = lw.decode(lw.encode(made), D18)
        assert message.format is None
        with pytest.raises(lw.WireError, match="decode the reply to opcode 101 with its request") as caught:
            translated(message, D20)
        assert caught.value.path == "pb_opc"

    def test_what_the_session_created_is_done(self) -> None:
        """The same request again is another file."""
        session = lw.Session(fids=lw.FidAllocator(0x200000400))
        rec = s18("mds_rec_create", cr_opcode=FLAGS["REINT_CREATE"], cr_fid=FILE18, cr_mode=0o040755)
        asked = request(D18, "MDS_REINT/CREATE", rec=rec, name=b"d", dlm_req=s18("ldlm_request"))
        first = translated(asked, D20, session=session)[0].buffers.rec_reint.cr_fid2
        assert translated(asked, D20, session=session)[0].buffers.rec_reint.cr_fid2 == first
        answer = reply(D20, "MDS_REINT/CREATE", mdt_body=body20(fid1=first), capa1=None)
        session.identify(inode=9, generation=9, fid=(first.f_seq, first.f_oid, 0))
        lw.translate(answer, D18, session=session, request=asked, on_loss="report")
        assert translated(asked, D20, session=session)[0].buffers.rec_reint.cr_fid2 != first
        assert first != BORN20
