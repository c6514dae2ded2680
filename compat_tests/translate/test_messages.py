"""What the rules say of single fields and buffers, one by one."""

from __future__ import annotations

import json
from errno import EOPNOTSUPP, EPROTO
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import by_id
from compat_tests.translate.test_verdicts import (
    D18,
    D20,
    DIR18,
    DIR20,
    FILE18,
    FILE20,
    FLAGS,
    NO_GROUP,
    body18,
    body20,
    connect,
    lock,
    mkdir18,
    open18,
    open20,
    ost,
    reint20,
    reply,
    request,
    s18,
    s20,
)
from lustre_wire.engines.payload import Extra

EXT_MARK = 0x80000000
FLID = FLAGS["OBD_MD_FLID"]


def up(message: lw.Message, **more: Any) -> lw.Message:
    """The message in 2.0, having gone over the wire."""
    return _read(lw.translate(message, D20, **more).message)


def down(message: lw.Message, **more: Any) -> lw.Message:
    """The message in 1.8, having gone over the wire."""
    return _read(lw.translate(message, D18, **more).message)


def _read(made: lw.Message) -> lw.Message:
    return lw.decode(lw.encode(made), made.dialect, request=made.format, strict=True)


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_2_0_is_told_that_a_body_names_a_file() -> None:
    asked = request(D18, "MDS_GETXATTR", mds_body=body18(valid=FLAGS["OBD_MD_FLXATTR"]), xattr_name=b"user.a")
    made = up(asked)
    assert made.buffers.mdt_body.valid == FLAGS["OBD_MD_FLXATTR"] | FLID
    assert down(made).buffers.mds_body.valid == FLAGS["OBD_MD_FLXATTR"]
    assert up(request(D18, "MDS_GETSTATUS", mds_body=s18("mds_body"))).buffers.mdt_body.valid == 0


def test_1_8_compares_the_flags_getattr_with_that_bit_alone() -> None:
    asked = request(D20, "MDS_GETATTR", mdt_body=body20(valid=FLAGS["OBD_MD_FLFLAGS"] | FLID))
    made = down(asked)
    assert made.buffers.mds_body.valid == FLAGS["OBD_MD_FLFLAGS"]
    assert made.buffers.mds_body.flags == EXT_MARK, "flags are asked for as those of the ext file systems"


def test_bodies_of_requests_to_1_8_are_as_long_as_1_8_9_sends_them() -> None:
    made = lw.translate(request(D20, "MDS_GETATTR", mdt_body=body20()), D18).message
    lw.encode(made)
    assert made.header.lm_buflens == [152, 216]


def test_a_reply_repeats_the_words_of_its_fid_in_1_8_alone() -> None:
    answer = reply(D20, "MDS_GETATTR", mdt_body=body20(ino=77, generation=0))
    body = down(answer).buffers.mds_body
    assert (body.ino, body.generation) == (4711, 77), "2.0 puts object id and version there"
    assert body.fid1.f_type == 0


def test_a_reply_repeats_the_files_type_where_it_says_it() -> None:
    seen = FLAGS["OBD_MD_FLTYPE"]
    assert down(reply(D20, "MDS_GETATTR", mdt_body=body20(valid=seen, mode=0o100644))).buffers.mds_body.fid1 == FILE18
    assert down(reply(D20, "MDS_GETATTR", mdt_body=body20(mode=0o100644))).buffers.mds_body.fid1.f_type == 0


def test_flags_of_a_reply_are_marked_in_1_8_and_translated_if_they_are_not() -> None:
    valid = FLAGS["OBD_MD_FLFLAGS"]
    assert down(reply(D20, "MDS_GETATTR", mdt_body=body20(valid=valid, flags=0x10))).buffers.mds_body.flags == (
        EXT_MARK | 0x10
    )
    marked = reply(D18, "MDS_GETATTR", mds_body=body18(valid=valid, flags=EXT_MARK | 0x10))
    assert up(marked).buffers.mdt_body.flags == 0x10
    for kernel, ext in ((1, 8), (2, 0x80), (4, 0x20), (8, 0x10), (0x40, 0x10000)):
        plain = reply(D18, "MDS_GETATTR", mds_body=body18(valid=valid, flags=kernel))
        assert up(plain).buffers.mdt_body.flags == ext
    unsaid = reply(D18, "MDS_GETATTR", mds_body=body18(valid=0, flags=1))
    assert up(unsaid).buffers.mdt_body.flags == 1


def test_a_readpage_asks_2_0_for_fids_and_types() -> None:
    made = up(request(D18, "MDS_READPAGE", mds_body=body18(fid1=DIR18, nlink=4096)))
    assert (made.buffers.mdt_body.mode, made.buffers.mdt_body.nlink, made.buffers.mdt_body.size) == (3, 4096, 0)
    assert down(made).buffers.mds_body.mode == 0
    cut = down(request(D20, "MDS_READPAGE", mdt_body=body20(size=0x1234)), allow=["cursor"])
    assert cut.buffers.mds_body.size == 0, "the scan starts again"


def test_capabilities_and_remote_permissions_are_asked_for_in_vain() -> None:
    asked = request(D20, "MDS_GETATTR", mdt_body=body20(valid=FLAGS["OBD_MD_FLMDSCAPA"] | FLAGS["OBD_MD_FLRMTPERM"]))
    with pytest.raises(lw.LossyTranslation) as caught:
        down(asked)
    assert set(caught.value.names) == {"capa", "remote"}
    assert down(asked, on_loss="report").buffers.mds_body.valid == 0


# --- slots -----------------------------------------------------------------------------------------------------------


def test_an_acl_floats_in_1_8_and_stands_in_2_0() -> None:
    answer = reply(D20, "MDS_GETATTR", mdt_body=body20(valid=FLAGS["OBD_MD_FLACL"], aclsize=8), acl=b"a" * 8)
    made = down(answer)
    assert made.buffers.acl == b"a" * 8
    assert made.header.lm_buflens[:3] == [152, 168, 8], "it takes the place of the layout that is not there"
    assert up(made).header.lm_buflens[:4] == [152, 216, 0, 8]


def test_a_layout_and_an_acl_are_both_there() -> None:
    valid = FLAGS["OBD_MD_FLEASIZE"] | FLAGS["OBD_MD_FLACL"]
    answer = reply(
        D18, "MDS_GETATTR", mds_body=body18(valid=valid, eadatasize=32, aclsize=8), lov_md_or_linkname=bytes(32),
        acl=b"a" * 8,
    )  # fmt: skip
    made = up(answer)
    assert (made.buffers.mdt_md, made.buffers.acl) == (bytes(32), b"a" * 8)
    back = down(made)
    assert (back.buffers.lov_md_or_linkname, back.buffers.acl) == (bytes(32), b"a" * 8)


def test_a_layout_that_the_body_does_not_announce_has_no_place_in_1_8() -> None:
    answer = reply(D20, "MDS_GETATTR", mdt_body=body20(), mdt_md=b"m" * 8)
    with pytest.raises(lw.LossyTranslation) as caught:
        down(answer)
    assert caught.value.fields == ("mdt_md",)


def test_cookies_of_the_last_close_come_along() -> None:
    cookie = s20("llog_cookie", lgc_index=7)
    cookie.lgc_lgl.lgl_oseq = 3
    valid = FLAGS["OBD_MD_FLEASIZE"] | FLAGS["OBD_MD_FLCOOKIE"]
    answer = reply(
        D20, "MDS_CLOSE", mdt_body=body20(valid=valid, eadatasize=32, aclsize=32), mdt_md=bytes(32), logcookies=[cookie]
    )
    made = down(answer)
    assert made.buffers.logcookies[0].lgc_index == 7
    assert made.buffers.logcookies[0].lgc_lgl.lgl_ogr == 3
    assert up(made).buffers.logcookies == [cookie]


def test_names_end_with_one_nul_in_1_8() -> None:
    asked = request(D20, "MDS_GETATTR_NAME", mdt_body=body20(fid1=DIR20), name=b"two")
    asked.extra = Extra(tails={3: b"\0"})
    twice = lw.decode(lw.encode(asked), D20)
    assert twice.header.lm_buflens[3] == 5
    assert down(twice).header.lm_buflens[2] == 4


def test_an_absent_last_buffer_stays_absent_and_an_empty_one_empty() -> None:
    listing = request(D18, "MDS_GETXATTR", mds_body=body18(valid=FLAGS["OBD_MD_FLXATTRLS"]))
    made = up(listing)
    assert made.header.lm_bufcount == 3
    assert down(made).header.lm_bufcount == 2
    listing.extra = Extra(count=3)
    empty = lw.decode(lw.encode(listing), D18)
    assert empty.header.lm_bufcount == 3
    assert up(empty).header.lm_bufcount == 4


def test_a_2_0_client_reserves_more_room_for_replies() -> None:
    asked = open18()
    asked.header.lm_repsize = 1824
    assert up(asked).header.lm_repsize == 2072
    assert down(up(asked)).header.lm_repsize == 1824


# --- close, setxattr -------------------------------------------------------------------------------------------------

TIMES = FLAGS["MDS_ATTR_ATIME_SET"] | FLAGS["MDS_ATTR_MTIME_SET"] | FLAGS["MDS_ATTR_CTIME_SET"]
OLD_TIMES = FLAGS["OBD_MD_FLATIME"] | FLAGS["OBD_MD_FLMTIME"] | FLAGS["OBD_MD_FLCTIME"]


def test_a_close_sets_times_in_2_0_by_the_set_bits() -> None:
    asked = request(
        D18, "MDS_CLOSE", mds_body=body18(valid=OLD_TIMES | FLAGS["OBD_MD_FLSIZE"], atime=1, mtime=2, ctime=3, size=4)
    )
    session = lw.Session(fsuid=500, fsgid=100, capability=7)
    made = up(asked, session=session).buffers.rec_reint
    plain = FLAGS["MDS_ATTR_ATIME"] | FLAGS["MDS_ATTR_MTIME"] | FLAGS["MDS_ATTR_CTIME"]
    assert made.sa_valid == TIMES | plain | FLAGS["MDS_ATTR_SIZE"]
    assert (made.sa_atime, made.sa_mtime, made.sa_ctime, made.sa_size) == (1, 2, 3, 4)
    assert (made.sa_opcode, made.sa_fsuid, made.sa_fsgid, made.sa_cap) == (FLAGS["REINT_SETATTR"], 500, 100, 7)
    assert made.sa_suppgid == NO_GROUP


def test_a_close_of_2_0_says_only_the_set_bits() -> None:
    record = s20("mdt_rec_setattr", sa_fid=FILE20, sa_valid=TIMES | FLAGS["MDS_ATTR_MODE"], sa_atime=1, sa_mode=0o644)
    handle = s20("lustre_handle", cookie=0xABC)
    made = down(request(D20, "MDS_CLOSE", mdt_ioepoch=s20("mdt_ioepoch", handle=handle, flags=4), rec_reint=record))
    body = made.buffers.mds_body
    assert body.valid == OLD_TIMES
    assert (body.atime, body.handle.cookie, body.fid1.id, body.mode, body.fsuid) == (1, 0xABC, 4711, 0, 0)


def test_setxattr_is_a_record_in_2_0() -> None:
    body = body18(valid=FLAGS["OBD_MD_FLXATTR"], flags=1, eadatasize=0, suppgid=5, fsuid=500)
    made = up(request(D18, "MDS_SETXATTR", mds_body=body, xattr_name=b"user.a", value=b"v"))
    assert made.opcode == FLAGS["MDS_REINT"]
    assert made.body.pb_version & 0xFFFF0000 == FLAGS["LUSTRE_MDS_VERSION"]
    record = made.buffers.rec_reint
    assert (record.sx_opcode, record.sx_valid, record.sx_flags) == (FLAGS["REINT_SETXATTR"], FLAGS["OBD_MD_FLXATTR"], 1)
    assert (record.sx_suppgid1, record.sx_suppgid2, record.sx_time) == (5, NO_GROUP, 0)
    assert (made.buffers.name, made.buffers.eadata) == (b"user.a", b"v")
    back = down(made)
    assert back.opcode == FLAGS["MDS_SETXATTR"]
    body.fid1 = s18("ll_fid", id=FILE18.id, generation=FILE18.generation)
    assert back.buffers.mds_body == body
    body.suppgid = 0
    assert up(request(D18, "MDS_SETXATTR", mds_body=body, xattr_name=b"a")).buffers.rec_reint.sx_suppgid1 == NO_GROUP


# --- open ------------------------------------------------------------------------------------------------------------


def test_an_open_by_identity_names_the_file_in_the_other_fid() -> None:
    flags = FLAGS["FMODE_READ"] | FLAGS["MDS_OPEN_LOCK"]
    made = up(open18(flags, name=b"", cr_fid=FILE18)).buffers.rec_reint
    assert (made.cr_fid1, made.cr_fid2) == (FILE20, FILE20)
    back = down(open20(flags, name=b"", cr_fid1=DIR20, cr_fid2=FILE20)).buffers.rec
    assert (back.cr_fid.id, back.cr_replayfid.id) == (FILE20.f_seq, 0)


def test_an_open_without_create_must_not_name_the_file_in_1_8() -> None:
    made = lw.translate(open20(cr_fid2=FILE20), D18)
    assert made.message.buffers.rec.cr_replayfid == s18("ll_fid")
    assert [(e.kind, e.name) for e in made.report.entries if e.name == "cr_fid2"] == [("dropped", "cr_fid2")]


def test_an_open_with_a_layout_may_name_the_file() -> None:
    flags = FLAGS["FMODE_WRITE"] | FLAGS["MDS_OPEN_HAS_EA"]
    asked = open18(flags, cr_replayfid=FILE18)
    asked.buffers.lov_ea = bytes(32)
    made = up(asked)
    assert made.buffers.rec_reint.cr_fid2 == FILE20
    assert down(made).buffers.rec.cr_replayfid.id == FILE18.id


def test_what_only_a_2_0_server_sets_is_dropped() -> None:
    made = lw.translate(open20(FLAGS["FMODE_READ"] | FLAGS["MDS_OPEN_CREATED"] | FLAGS["MDS_OPEN_CROSS"]), D18)
    assert made.message.buffers.rec.cr_flags == FLAGS["FMODE_READ"]
    assert made.report.lossless


def test_a_fid_in_a_first_open_is_refused_by_1_8_and_lost() -> None:
    with pytest.raises(lw.LossyTranslation) as caught:
        up(open18(cr_replayfid=FILE18))
    assert caught.value.fields == ("rec.cr_replayfid",)


# --- layouts ---------------------------------------------------------------------------------------------------------


def _layout(magic: int, size: int = 72) -> bytes:
    return magic.to_bytes(4, "little").ljust(size, b"\1")


def _answer20(layout: bytes) -> lw.Message:
    body = body20(valid=FLAGS["OBD_MD_FLEASIZE"], eadatasize=len(layout))
    return reply(D20, "MDS_GETATTR", mdt_body=body, mdt_md=layout)


def test_a_pool_is_lost_towards_a_peer_that_knows_none() -> None:
    layout = _layout(FLAGS["LOV_MAGIC_V3"])
    assert down(_answer20(layout)).buffers.lov_md_or_linkname == layout, "where nothing is known nothing is changed"
    both = lw.Session(connect_flags=FLAGS["OBD_CONNECT_LOV_V3"])
    assert down(_answer20(layout), session=both).buffers.lov_md_or_linkname == layout
    neither = lw.Session(connect_flags=0)
    with pytest.raises(lw.LossyTranslation) as caught:
        down(_answer20(layout), session=neither)
    assert caught.value.names == ("pool",)
    made = down(_answer20(layout), session=neither, allow=["pool"])
    assert made.buffers.lov_md_or_linkname == _layout(FLAGS["LOV_MAGIC_V1"])[:32] + layout[48:]
    assert made.buffers.mds_body.eadatasize == 56


def test_layouts_of_joined_files_and_split_directories_are_in_one_dialect_alone() -> None:
    joined = _layout(0x0BD20BD0)
    body = body18(valid=FLAGS["OBD_MD_FLEASIZE"], eadatasize=len(joined))
    with pytest.raises(lw.Untranslatable) as caught:
        up(reply(D18, "MDS_GETATTR", mds_body=body, lov_md_or_linkname=joined))
    assert caught.value.errno == EOPNOTSUPP
    with pytest.raises(lw.Untranslatable) as caught:
        down(_answer20(_layout(0xB2221CA1)))
    assert caught.value.errno == EOPNOTSUPP


def test_a_layout_in_a_request_is_one_too() -> None:
    for layout, errno in ((_layout(0x0BD20BD0), EOPNOTSUPP), (_layout(FLAGS["LOV_MAGIC_V1"]), 0)):
        asked = open18(FLAGS["FMODE_WRITE"] | FLAGS["MDS_OPEN_HAS_EA"])
        asked.buffers.lov_ea = layout
        if errno:
            with pytest.raises(lw.Untranslatable) as caught:
                up(asked)
            assert (caught.value.errno, caught.value.path) == (errno, "lov_ea")
        else:
            assert down(up(asked)).buffers.lov_ea == layout
    pooled = reint20("SETATTR", "mdt_rec_setattr", "sa", {"eadata": _layout(FLAGS["LOV_MAGIC_V3"])}, sa_fid=FILE20)
    with pytest.raises(lw.LossyTranslation) as caught_loss:
        down(pooled, session=lw.Session(connect_flags=0))
    assert caught_loss.value.names == ("pool",)


# --- OST -------------------------------------------------------------------------------------------------------------


def test_obdo_flags_2_0_lacks_are_cleared() -> None:
    flags = FLAGS["OBD_FL_MMAP"] | FLAGS["OBD_FL_RECOV_RESEND"] | FLAGS["OBD_FL_HAVE_LOCK"]
    made = lw.translate(ost(D18, "OST_GETATTR", o_flags=flags | FLAGS["OBD_FL_SRVLOCK"]), D20)
    assert made.message.buffers.ost_body.oa.o_flags == FLAGS["OBD_FL_SRVLOCK"], "TRUNCLOCK of 1.8"
    assert made.report.lossless


def test_flags_of_extents_that_mean_something_else_are_cleared() -> None:
    both = FLAGS["OBD_BRW_SYNC"] | 0x80

    def read(dialect: Any, flags: int) -> lw.Message:
        return request(
            dialect, "OST_READ", ost_body=dialect.structs["ost_body"](), obd_ioobj=[dialect.structs["obd_ioobj"]()],
            niobuf_remote=[dialect.structs["niobuf_remote"](offset=1, len=2, flags=flags)],
        )  # fmt: skip

    assert up(read(D18, both | 0x400 | 0x1000)).buffers.niobuf_remote[0].flags == FLAGS["OBD_BRW_SYNC"]
    assert down(read(D20, both | 0x400)).buffers.niobuf_remote[0].flags == FLAGS["OBD_BRW_SYNC"] | 0x400


def test_return_codes_of_a_write_stay_and_those_of_a_read_go() -> None:
    write = reply(D18, "OST_WRITE", ost_body=s18("ost_body"), rcs=[0, 5])
    assert up(write).buffers.rcs == [0, 5]
    read = lw.decode(lw.encode(reply(D20, "OST_READ", ost_body=s20("ost_body"))), D20, request=D20.rpcs["OST_READ"])
    read.extra = Extra(more=[bytes(4)[:3] + b"\1"])
    out = lw.translate(read, D18)
    assert out.report.lossless
    assert out.message.extra is None
    assert any(e.kind == "dropped" for e in out.report.entries)


# --- logs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_log_with_readers_of_changelogs_is_2_0_alone(order: Any) -> None:
    def block(kind: int) -> lw.Message:
        records = [(24, 1, 0x10620000), (24, 2, kind)]
        data = b"".join(b"".join(n.to_bytes(4, order) for n in record).ljust(24, b"\0") for record in records)
        data = data.ljust(8192, b"\0")
        made = reply(D20, "LLOG_ORIGIN_HANDLE_NEXT_BLOCK", llogd_body=s20("llogd_body"), log_block=data)
        made.order = order
        return made

    assert down(block(0x10620000)).buffers.log_block == block(0x10620000).buffers.log_block
    with pytest.raises(lw.Untranslatable) as caught:
        down(block(FLAGS["CHANGELOG_USER_REC"]))
    assert (caught.value.errno, caught.value.path) == (EOPNOTSUPP, "log_block")


# --- locks, connect, pings -------------------------------------------------------------------------------------------


def test_lock_flags_1_8_keeps_to_itself_are_cleared() -> None:
    asked = request(D18, "LDLM_ENQUEUE", dlm_req=lock(lock_flags=0x8000 | 0x400000 | FLAGS["LDLM_FL_BLOCK_NOWAIT"]))
    assert up(asked).buffers.dlm_req.lock_flags == FLAGS["LDLM_FL_BLOCK_NOWAIT"]


def test_an_enqueue_without_intent_counts_itself_in_1_8() -> None:
    asked = request(D20, "LDLM_ENQUEUE", dlm_req=lock())
    asked.buffers.dlm_req.lock_count = 0
    assert down(asked).buffers.dlm_req.lock_count == 1
    cancel = request(D20, "LDLM_CANCEL", dlm_req=lock(0, 0))
    cancel.buffers.dlm_req.lock_count = 0
    assert down(cancel).buffers.dlm_req.lock_count == 0


def test_a_lock_value_block_is_for_extents_in_1_8_and_always_there_in_2_0() -> None:
    made = up(reply(D18, "LDLM_ENQUEUE", dlm_rep=s18("ldlm_reply")))
    assert made.buffers.lvb == s20("ost_lvb")
    assert down(made).buffers.lvb is None
    done = request(D20, "LDLM_CP_CALLBACK", dlm_req=lock(), lvb=s20("ost_lvb", lvb_size=5))
    assert down(done).buffers.lvb is None
    extent = request(D20, "LDLM_CP_CALLBACK", dlm_req=lock(5, 0, kind="LDLM_EXTENT"), lvb=s20("ost_lvb", lvb_size=5))
    assert down(extent).buffers.lvb.lvb_size == 5


def test_an_answer_grants_no_more_than_was_asked_and_the_translator_can_do() -> None:
    fid, at, vbr = (FLAGS[f"OBD_CONNECT_{name}"] for name in ("FID", "AT", "VBR"))
    full, capa = FLAGS["OBD_CONNECT_FULL20"], FLAGS["OBD_CONNECT_MDS_CAPA"]
    asked = connect(D18, fid | at)
    granted = connect(D20, fid | at | vbr | full | capa, "reply")
    assert down(granted, request=asked).buffers.connect_data.ocd_connect_flags == at
    assert down(granted).buffers.connect_data.ocd_connect_flags == at | vbr
    answer = connect(D18, at | vbr, "reply")
    assert up(answer, request=connect(D20, fid | at)).buffers.connect_data.ocd_connect_flags == at
    assert down(connect(D20, fid | at | full)).buffers.connect_data.ocd_connect_flags == fid | at
    assert up(asked).buffers.connect_data.ocd_connect_flags == fid | at, "1.8.9 tells both the same"


def test_slots_of_the_connect_data_that_are_others_there_are_not_taken_over() -> None:
    answer = connect(D18, FLAGS["OBD_CONNECT_AT"], "reply")
    answer.buffers.connect_data.ocd_maxbytes = answer.buffers.connect_data.ocd_unused = 5
    made = up(answer).buffers.connect_data
    assert (made.ocd_nllu, made.ocd_nllg, made.padding1, made.padding2) == (0, 0, 0, 0)


def test_lock_pool_figures_count_only_where_they_were_agreed_on() -> None:
    answer = reply(D20, "OBD_PING")
    answer.body.pb_slv, answer.body.pb_limit = 1 << 40, 7
    assert down(answer).body.pb_slv == 1 << 40
    assert down(answer, session=lw.Session(connect_flags=0)).body.pb_slv == 0
    agreed = lw.Session(connect_flags=FLAGS["OBD_CONNECT_LRU_RESIZE"])
    assert down(answer, session=agreed).body.pb_limit == 7


def test_delayed_recovery_is_1_8_alone() -> None:
    answer = connect(D18, FLAGS["OBD_CONNECT_AT"], "reply")
    answer.body.pb_op_flags = 0x200 | 4
    with pytest.raises(lw.LossyTranslation) as caught:
        up(answer)
    assert caught.value.names == ("delayed",)
    assert up(answer, allow=["delayed"]).body.pb_op_flags == 4


# --- what no declared buffer holds -----------------------------------------------------------------------------------


def test_bytes_behind_a_message_go_if_they_are_zero_and_are_lost_if_not() -> None:
    asked = request(D18, "MDS_GETATTR", mds_body=body18())
    for trailing, lossless in ((bytes(16), True), (b"x" * 16, False)):
        asked.extra = Extra(trailing=trailing)
        out = lw.translate(lw.decode(lw.encode(asked), D18), D20, on_loss="report")
        assert out.report.lossless is lossless
        assert out.message.extra is None


def test_buffers_behind_the_declared_ones_are_lost() -> None:
    asked = request(D18, "MDS_GETATTR", mds_body=body18())
    asked.extra = Extra(more=[b"more"])
    with pytest.raises(lw.LossyTranslation) as caught:
        up(lw.decode(lw.encode(asked), D18))
    assert caught.value.names == ("surplus",)
    assert caught.value.fields == ("more[0]",)


def test_a_buffer_that_is_not_what_its_format_says_is_impossible() -> None:
    short = request(D18, "MDS_GETATTR", mds_body=None)
    short.extra = Extra(raw={1: bytes(20)})
    with pytest.raises(lw.Untranslatable) as caught:
        up(lw.decode(lw.encode(short), D18))
    assert (caught.value.errno, caught.value.path) == (EPROTO, "mds_body")


def test_words_no_sender_fills_are_lost_as_padding() -> None:
    with pytest.raises(lw.LossyTranslation) as caught:
        down(request(D20, "MDS_GETATTR", mdt_body=body20(padding_9=1)))
    assert caught.value.names == ("padding",)


# --- the call --------------------------------------------------------------------------------------------------------


def test_a_message_under_a_security_policy_cannot_be_read() -> None:
    wrapped = request(D20, "OBD_PING")
    wrapped.header.lm_secflvr = D20.flavour_mask
    found = lw.decode(lw.encode(wrapped), D20)
    assert found.body is None
    with pytest.raises(lw.Untranslatable) as caught:
        lw.translate(found, D18)
    assert caught.value.errno == EPROTO


def test_an_operation_nobody_knows_is_impossible() -> None:
    unknown = request(D18, "OBD_PING")
    unknown.body.pb_opc = 9999
    with pytest.raises(lw.Untranslatable) as caught:
        lw.translate(lw.decode(lw.encode(unknown), D18), D20)
    assert caught.value.errno == EOPNOTSUPP


def test_a_reply_that_was_decoded_without_its_request_is_refused() -> None:
    answer = by_id()["1.8", "1.8.9-wc1", "intent-open-d18-openlock.reply"]
    with pytest.raises(lw.WireError, match="with its request"):
        lw.translate(lw.decode(answer.data, D18), D20)


def test_the_call_says_what_it_cannot_take() -> None:
    message = request(D18, "OBD_PING")
    with pytest.raises(lw.WireError, match="on_loss"):
        lw.translate(message, D20, on_loss="ignore")  # type: ignore[arg-type]
    with pytest.raises(lw.WireError, match="no dialect"):
        lw.translate(message, "9.9")
    assert lw.translate(message, D18).message is message
    assert lw.translate(message, "1.8").report.lossless


def test_the_report_is_data_and_prints_well() -> None:
    asked = reint20("UNLINK", "mdt_rec_unlink", "ul", ul_fid1=DIR20, ul_suppgid2=1002)
    report = lw.translate(asked, D18, on_loss="report").report
    told = json.loads(json.dumps(report.to_json()))
    assert told["lossless"] is False
    lost = next(e for e in told["entries"] if e["kind"] == "lost")
    assert lost == {
        "kind": "lost", "name": "suppgid2", "path": "rec_reint.ul_suppgid2", "value": 1002, "allowed": False,
    }  # fmt: skip
    assert str(report).splitlines()[:2] == [
        "MDS_REINT/UNLINK request 2.0 -> 1.8: lossy", "  lost suppgid2 (rec_reint.ul_suppgid2): 0x3ea",
    ]  # fmt: skip
    for allow in ("suppgid2", "rec_reint.ul_suppgid2", ["ul_suppgid2"]):
        assert lw.translate(asked, D18, allow=allow).report.losses[0].allowed


def test_everything_that_is_lost_is_named_at_once() -> None:
    asked = reint20(
        "UNLINK", "mdt_rec_unlink", "ul", {"capa1": s20("lustre_capa", lc_opc=1)}, ul_fid1=DIR20, ul_suppgid2=1002,
        ul_padding_2=1,
    )  # fmt: skip
    with pytest.raises(lw.LossyTranslation) as caught:
        lw.translate(asked, D18, allow=["capa"])
    assert set(caught.value.names) == {"suppgid2", "padding"}
    assert {e.name for e in caught.value.report.losses} == {"suppgid2", "padding", "capa"}


def test_the_package_can_be_called_like_the_function() -> None:
    import lustre_wire.translate as package

    assert package(request(D18, "OBD_PING"), D20).message.dialect is D20  # type: ignore[operator]


def test_translating_twice_gives_new_structs_each_time() -> None:
    asked = mkdir18()
    session = lw.Session(fids=lw.FidAllocator(0x200000400))
    one, other = (lw.translate(asked, D20, session=session).message for _ in range(2))
    assert one == other
    one.buffers.rec_reint.cr_fid1.f_oid = 1
    one.buffers.dlm_req.lock_handle[0].cookie = 9
    assert other.buffers.rec_reint.cr_fid1.f_oid == DIR18.generation
    assert asked.buffers.dlm_req.lock_handle[0].cookie == 0
