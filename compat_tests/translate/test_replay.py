"""Replay and resend: what is kept, what comes from the session, what is left out."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import by_id
from compat_tests.translate.pairs import fields, session
from compat_tests.translate.test_verdicts import (
    CREATING,
    D18,
    D20,
    DIR18,
    DIR20,
    FILE18,
    FILE20,
    FLAGS,
    body18,
    body20,
    lock,
    mkdir18,
    open18,
    open20,
    reint18,
    reint20,
    replay,
    reply,
    request,
    s20,
)
from lustre_wire.engines import record
from lustre_wire.frames.lustre_msg import early_reply_checksum
from lustre_wire.rpc import Generic

VERSIONS = [100, 200, 300, 400]


def recorded(dialect: str, start: str) -> Any:
    """The recorded message of 1.8.9 whose id begins so."""
    found = [m for (d, v, i), m in by_id().items() if (d, v[:3]) == (dialect, "1.8") and i.startswith(start)]
    assert found, start
    return found[0]


OPENS = ["append-sync", "creat-elc3", "creat-excl-trunc-n255", "directory", "openlock", "rdonly-n1"]
#: What two recordings of the same open differ in: they had connections and transactions of their own.
OWN = {"ptlrpc_body.pb_handle.cookie", "ptlrpc_body.pb_transno", "header.lm_repsize", "extra.trailing"}


@pytest.mark.parametrize("name", OPENS)
def test_a_recorded_open_replay_of_18_is_that_of_20(name: str) -> None:
    old, new = (recorded(d, f"open-replay-intent-open-{name}-d{d[0]}{d[2]}") for d in ("1.8", "2.0"))
    wanted = new.decode()
    known = session()
    known.opened(
        transno=old.decode().transno, handle=wanted.buffers.rec_reint.cr_old_handle.cookie,
        ioepoch=wanted.buffers.rec_reint.cr_ioepoch,
    )  # fmt: skip
    made = lw.translate(old.decode(), D20, session=known).message
    lw.encode(made)
    here, there = fields(made), fields(wanted)
    differ = {k for k in here.keys() | there.keys() if here.get(k) != there.get(k)} - OWN
    assert {k for k in differ if "lock_handle" not in k} == {"rec_reint.cr_suppgid2"}
    assert made.body.pb_flags & FLAGS["MSG_REPLAY"]
    assert made.transno == old.decode().transno


@pytest.mark.parametrize("name", OPENS)
def test_a_recorded_open_replay_of_20_is_that_of_18(name: str) -> None:
    old, new = (recorded(d, f"open-replay-intent-open-{name}-d{d[0]}{d[2]}") for d in ("1.8", "2.0"))
    made = lw.translate(new.decode(), D18, session=session(), allow=["suppgid2"]).message
    lw.encode(made)
    here, there = fields(made), fields(old.decode())
    differ = {k for k in here.keys() | there.keys() if here.get(k) != there.get(k)} - OWN
    assert {k for k in differ if "lock_handle" not in k} == set()


def test_a_replayed_open_gets_its_handle_from_the_reply_the_session_has_seen() -> None:
    known = lw.Session()
    answer = reply(D20, "LDLM_ENQUEUE/INTENT_OPEN", dlm_rep=s20("ldlm_reply"),
                   mdt_body=body20(handle=s20("lustre_handle", cookie=0xABC), ioepoch=9))  # fmt: skip
    answer.body.pb_transno = 5
    lw.translate(answer, D18, session=known)
    made = lw.translate(replay(open18(cr_replayfid=FILE18)), D20, session=known).message.buffers.rec_reint
    assert (made.cr_old_handle.cookie, made.cr_ioepoch) == (0xABC, 9)
    assert made.cr_fid2 == FILE20
    other = lw.translate(replay(open18(cr_replayfid=FILE18), transno=6), D20, session=known)
    assert other.message.buffers.rec_reint.cr_old_handle.cookie == 0
    assert any(e.kind == "filled" and e.name == "cr_old_handle" for e in other.report.entries)


def test_a_replay_keeps_transno_flags_and_last_xid() -> None:
    message = replay(reint18("UNLINK", "mds_rec_unlink", "ul", ul_fid1=DIR18), transno=77)
    message.body.pb_last_xid, message.body.pb_pre_versions = 99, [1000, 2000, 0, 0]
    made = lw.translate(message, D20).message.body
    assert (made.pb_transno, made.pb_last_xid, made.pb_flags) == (77, 99, FLAGS["MSG_REPLAY"])
    assert made.pb_pre_versions == [1000, 2000, 0, 0]


@pytest.mark.parametrize("way", ["up", "down"])
def test_only_what_is_on_disk_is_left_out_of_a_replayed_open(way: str) -> None:
    asked = CREATING | FLAGS["MDS_OPEN_EXCL"] | FLAGS["MDS_OPEN_TRUNC"] | FLAGS["MDS_OPEN_APPEND"]
    known = lw.Session()
    known.commit(50)
    for transno, left in ((50, FLAGS["FMODE_WRITE"] | FLAGS["MDS_OPEN_APPEND"]), (51, asked)):
        if way == "up":
            message = replay(open18(asked, intents="IT_OPEN|IT_CREAT", cr_replayfid=FILE18), transno)
            made = lw.translate(message, D20, session=known).message.buffers.rec_reint
        else:
            message = replay(open20(asked, intents="IT_OPEN|IT_CREAT", cr_fid2=FILE20), transno)
            made = lw.translate(message, D18, session=known).message.buffers.rec
        assert made.cr_flags == left
    first = open18(asked, intents="IT_OPEN|IT_CREAT")
    known.fids = lw.FidAllocator(0x200000400)
    assert lw.translate(first, D20, session=known).message.buffers.rec_reint.cr_flags == asked, "no replay"


def test_R27_a_resend_is_the_first_send_but_for_its_flag() -> None:
    known = lw.Session(fids=lw.FidAllocator(0x200000400))
    first = lw.translate(mkdir18(cr_time=5), D20, session=known).message
    again = mkdir18(cr_time=5)
    again.body.pb_flags = FLAGS["MSG_RESENT"]
    resent = lw.translate(again, D20, session=known).message
    resent.body.pb_flags = type(resent.body.pb_flags)(0)
    assert lw.encode(resent) == lw.encode(first)


def test_a_create_that_is_answered_and_one_with_another_xid_are_other_files() -> None:
    known = lw.Session(fids=lw.FidAllocator(0x200000400))
    asked = mkdir18(cr_time=5)
    first = lw.translate(asked, D20, session=known).message.buffers.rec_reint.cr_fid2
    fid = (first.f_seq, first.f_oid, first.f_ver)
    known.identify(inode=900, generation=3, fid=fid)
    answer = reply(D20, "MDS_REINT/CREATE", mdt_body=body20(fid1=first))
    lw.translate(answer, D18, session=known, request=asked)
    assert lw.translate(mkdir18(cr_time=5), D20, session=known).message.buffers.rec_reint.cr_fid2 != first
    one, other, same = (
        lw.translate(mkdir18(cr_time=6), D20, session=known, xid=xid).message.buffers.rec_reint.cr_fid2
        for xid in (1, 2, 1)
    )
    assert one != other
    assert one == same


def test_the_recorded_resend_is_translated_to_the_recorded_resend() -> None:
    known = session()
    known.fids = lw.FidAllocator(0x200000400, next_oid=14)
    first = recorded("1.8", "reint-mkdir-d18-resend-first").decode()
    resent = recorded("1.8", "resend-reint-mkdir-resend-first-d18").decode()
    made = [lw.encode(lw.translate(m, D20, session=known).message) for m in (first, resent)]
    differ = [i for i, (a, b) in enumerate(zip(*made, strict=True)) if a != b]
    told = [i for i, (a, b) in enumerate(zip(lw.encode(first), lw.encode(resent), strict=True)) if a != b]
    assert len(differ) == len(told), "they differ in what the sends differ in"


def test_the_allocator_goes_on_with_the_next_granted_sequence_and_then_ends() -> None:
    fids = lw.FidAllocator(0x200000400, 0x200000401, next_oid=2, width=2)
    assert [fids.new() for _ in range(3)] == [(0x200000400, 2, 0), (0x200000401, 1, 0), (0x200000401, 2, 0)]
    with pytest.raises(lw.WireError, match="0x200000401"):
        fids.new()


def _versions(message: lw.Message, dialect: Any, there: list[int]) -> list[int]:
    message = replay(message)
    message.body.pb_pre_versions = there
    versions: list[int] = lw.translate(message, dialect, session=_known()).message.body.pb_pre_versions
    return versions


def _known() -> lw.Session:
    made = lw.Session()
    made.identify(inode=4711, generation=77, fid=(4711, 77, 0))
    return made


def _rename18(other: Any = None) -> lw.Message:
    return reint18("RENAME", "mds_rec_rename", "rn", rn_fid1=DIR18, rn_fid2=other or FILE18)


def _rename20(other: Any = None) -> lw.Message:
    return reint20("RENAME", "mdt_rec_rename", "rn", rn_fid1=DIR20, rn_fid2=other or FILE20)


def test_V5_the_versions_of_a_rename_are_in_another_order() -> None:
    assert _versions(_rename18(), D20, VERSIONS) == [100, 300, 200, 400]
    assert _versions(_rename20(), D18, [100, 300, 200, 400]) == VERSIONS
    assert _versions(_rename18(), D20, [100, 200, 300, 0]) == [100, 300, 200, 1], "there was no target"
    assert _versions(_rename20(), D18, [100, 300, 200, 1]) == [100, 200, 300, 0]


def test_V5_the_versions_of_a_rename_inside_one_directory() -> None:
    assert _versions(_rename18(DIR18), D20, [100, 200, 100, 0]) == [100, 0, 200, 1]
    assert _versions(_rename20(DIR20), D18, [100, 0, 200, 1]) == [100, 200, 100, 0]


def test_V5_an_object_that_does_not_exist_is_0_in_18_and_1_in_20() -> None:
    link18 = reint18("LINK", "mds_rec_link", "lk", lk_fid1=FILE18, lk_fid2=DIR18)
    assert _versions(link18, D20, [100, 200, 0, 0]) == [100, 200, 1, 0]
    assert _versions(mkdir18(cr_replayfid=FILE18), D20, [100, 0, 0, 0]) == [100, 1, 1, 0]
    creating = open18(CREATING, intents="IT_OPEN|IT_CREAT", cr_replayfid=FILE18)
    assert _versions(creating, D20, [100, 0, 0, 0]) == [100, 1, 0, 0]
    back = open20(CREATING, intents="IT_OPEN|IT_CREAT", cr_fid2=FILE20)
    assert _versions(back, D18, [100, 1, 0, 0]) == [100, 0, 0, 0]


def test_without_versions_there_are_none_afterwards() -> None:
    assert _versions(_rename18(), D20, [0, 0, 0, 0]) == [0, 0, 0, 0]


def test_a_truncate_by_handle_cannot_be_replayed_on_18_without_its_version() -> None:
    message = replay(reint20("SETATTR", "mdt_rec_setattr", "sa", sa_fid=FILE20, sa_valid=FLAGS["MDS_ATTR_FROM_OPEN"]))
    with pytest.raises(lw.Untranslatable, match="EOVERFLOW"):
        lw.translate(message, D18)
    message.body.pb_pre_versions = [5, 0, 0, 0]
    assert lw.translate(message, D18).report.lossless


def test_a_lock_replay_says_the_locks_state_alone() -> None:
    state = FLAGS["LDLM_FL_REPLAY"] | FLAGS["LDLM_FL_BLOCK_GRANTED"]
    message = request(D20, "LDLM_ENQUEUE", dlm_req=lock(lock_flags=state | FLAGS["LDLM_FL_LVB_READY"]))
    message.body.pb_flags = FLAGS["MSG_REQ_REPLAY_DONE"]
    made = lw.translate(message, D18).message
    assert made.buffers.dlm_req.lock_flags == state
    assert made.body.pb_flags == 0, "1.8 does not look at MSG_REQ_REPLAY_DONE"
    assert made.transno == 0
    again = lw.translate(made, D20).message
    assert again.buffers.dlm_req.lock_flags == state


def test_R17_the_ping_that_ends_a_replay() -> None:
    done = FLAGS["MSG_REQ_REPLAY_DONE"] | FLAGS["MSG_LOCK_REPLAY_DONE"]
    ping = request(D20, "OBD_PING")
    ping.body.pb_flags = done
    assert lw.translate(ping, D18).message.body.pb_flags == done | FLAGS["MSG_LAST_REPLAY"]
    old, new = recorded("1.8", "recovery-ping-obd_ping-d18"), recorded("2.0", "recovery-ping-obd_ping-d20")
    assert old.decode().body.pb_flags == new.decode().body.pb_flags
    assert lw.translate(old.decode(), D20).message.body.pb_flags == new.decode().body.pb_flags
    plain = request(D20, "OBD_PING")
    assert lw.translate(plain, D18).message.body.pb_flags == 0


def test_an_early_replys_checksum_is_that_of_its_new_body() -> None:
    early = lw.decode(lw.encode(reply(D20, "OBD_PING")), D20)
    early.body.pb_padding = [1, 2, 3, 4]
    early.header.lm_flags = 2
    early.header.lm_cksum = early_reply_checksum(record.pack(early.body), whole=True)
    made = lw.translate(early, D18, on_loss="report").message
    assert made.header.lm_cksum == early_reply_checksum(record.pack(made.body))
    assert made.header.lm_flags == 0
    asked = request(D20, "OBD_PING")
    asked.header.lm_flags = 2
    back = lw.translate(made, D20, request=asked).message
    assert back.header.lm_cksum == early_reply_checksum(record.pack(back.body), whole=True)


def test_an_error_reply_keeps_its_status_and_has_no_buffers() -> None:
    answer = recorded("1.8", "getattr-d18-err-enoent.reply").decode()
    made = lw.translate(answer, D20, session=session()).message
    assert made.status == answer.status
    assert made.status < 0
    empty = reply(D18, "MDS_GETATTR", mds_body=body18())
    bare = lw.encode(_bare(empty))
    read = lw.decode(bare, D18, request=empty.format)
    there = lw.translate(read, D20).message
    assert there.header.lm_bufcount in (0, 1)
    assert len(lw.encode(there)) == len(bare)


def _bare(message: lw.Message) -> lw.Message:
    message.body.pb_status = (1 << 32) - 13
    message.buffers = Generic([])
    return message


def test_a_lustre_msg_v1_becomes_a_v2() -> None:
    found = recorded("1.8", "getattr-v1").decode()
    assert found.version == 1
    out = lw.translate(found, D20, session=session())
    assert out.message.version == 2
    assert out.message.body.pb_opc == found.opcode
    assert out.message.body.pb_handle.cookie == found.header.lm_handle
    assert lw.decode(lw.encode(out.message), D20, strict=True) == out.message
    assert out.message.buffers.mdt_body.fid1.f_ver == 0
