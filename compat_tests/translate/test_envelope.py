"""What stands around the buffers: header, ptlrpc_body, versions, checksums."""

from __future__ import annotations

import zlib
from errno import EPROTO
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.translate.test_verdicts import (
    D18,
    D20,
    DIR18,
    DIR20,
    FILE18,
    FILE20,
    FLAGS,
    body18,
    body20,
    reply,
    request,
    s18,
    s20,
)
from lustre_wire.engines import record
from lustre_wire.engines.payload import Extra
from lustre_wire.frames.lustre_msg import LustreMsgV1, LustreMsgV2
from lustre_wire.rpc import Generic, Message
from lustre_wire.translate.report import Entry

INCOMPAT = FLAGS["MSGHDR_CKSUM_INCOMPAT18"]


def test_a_container_of_version_1_says_the_same_in_its_header() -> None:
    made = request(D18, "MDS_GETATTR", mds_body=body18(valid=FLAGS["OBD_MD_FLID"]))
    head = LustreMsgV1(
        lm_handle=1, lm_type=4711, lm_version=3, lm_opc=33, lm_last_xid=5, lm_last_committed=6, lm_transno=7,
        lm_status=8, lm_flags=0x00050002, lm_conn_cnt=9,
    )  # fmt: skip
    message = Message(D18, "request", "little", head, None, made.format, made.buffers)
    found = lw.translate(message, D20)
    body = found.message.body
    assert (body.pb_handle.cookie, int(body.pb_type), body.pb_last_xid, body.pb_last_committed) == (1, 4711, 5, 6)
    assert (body.pb_transno, body.pb_status, body.pb_conn_cnt, int(body.pb_opc)) == (7, 8, 9, 33)
    assert (int(body.pb_flags), int(body.pb_op_flags)) == (2, 5)
    assert made.format is not None and body.pb_version == made.format.version | 3
    assert found.message.header == LustreMsgV2() and found.message.version == 2
    assert found.report.entries[0] == Entry("changed", "lm_magic", "header.lm_magic", 0x0BD00BD0)
    regular = request(D20, "MDS_GETATTR").body
    assert [type(getattr(body, n)) for n in ("pb_type", "pb_opc", "pb_flags", "pb_op_flags")] == [
        type(getattr(regular, n)) for n in ("pb_type", "pb_opc", "pb_flags", "pb_op_flags")
    ]


def test_a_message_under_a_security_policy() -> None:
    message = Message(D20, "request", "little", LustreMsgV2(), None, None, Generic([]))
    with pytest.raises(lw.Untranslatable, match="under a security policy cannot be read") as caught:
        lw.translate(message, D18)
    assert caught.value.errno == EPROTO


def test_bits_of_a_security_flavour_that_1_8_leaves_unread() -> None:
    """2.0 takes a message with such a flavour for a wrapped one."""
    message = request(D18, "OBD_PING")
    for flavour, kept in ((0x100005, 0x100000), (0x300000, 0x300000), (0, 0)):
        message.header.lm_secflvr = flavour
        made = lw.translate(message, D20)
        assert made.message.header.lm_secflvr == kept
        dropped = [e for e in made.report.entries if e.name == "lm_secflvr"]
        assert dropped == ([Entry("dropped", "lm_secflvr", "header.lm_secflvr", flavour)] if kept != flavour else [])


@pytest.mark.parametrize("order", ["little", "big"])
def test_checksums_of_early_replies(order: Any) -> None:
    """The first 88 bytes of the ptlrpc_body, all of them where the client's request asks for that."""
    for source, target in ((D18, D20), (D20, D18)):
        early = lw.build(source, "MDS_GETATTR", "reply", order=order)
        early.header.lm_cksum = 1
        early.body.pb_pre_versions = [1, 2, 3, 4]
        early.body.pb_limit = 5
        asked, other = lw.build(target, "MDS_GETATTR"), lw.build(source, "MDS_GETATTR")
        known = target is D20  # 1.8 has no such flag
        for client, flags, whole in (
            (None, 0, False), (asked, 0, False), (asked, INCOMPAT, known), (other, INCOMPAT, False),
        ):  # fmt: skip
            if client is not None:
                client.header.lm_flags = flags
            made = lw.translate(early, target, request=client, on_loss="report").message
            body = record.pack(made.body, byteorder=order)
            assert made.header.lm_cksum == zlib.crc32(body if whole else body[:88]) ^ 0xFFFFFFFF, (target, whole)
    early.header.lm_cksum = 0
    assert lw.translate(early, D18).message.header.lm_cksum == 0


def test_a_requests_checksum_is_carried() -> None:
    message = request(D18, "OBD_PING")
    message.header.lm_cksum = 5
    assert lw.translate(message, D20).message.header.lm_cksum == 5


class TestVersions:
    """pb_pre_versions of a rename: parents and children change places."""

    @staticmethod
    def rename(source: Any, there: list[int], *, same: bool, replay: bool = True) -> Message:
        if source is D18:
            rec = s18("mds_rec_rename", rn_fid1=DIR18, rn_fid2=DIR18 if same else FILE18, rn_opcode=5)
            made = request(D18, "MDS_REINT/RENAME", rec=rec, old_name=b"a", new_name=b"b")
        else:
            new = s20("mdt_rec_rename", rn_fid1=DIR20, rn_fid2=DIR20 if same else FILE20, rn_opcode=5)
            made = request(D20, "MDS_REINT/RENAME", rec_reint=new, old_name=b"a", new_name=b"b")
        made.body.pb_pre_versions = there
        made.body.pb_flags = FLAGS["MSG_REPLAY"] if replay else 0
        return made

    @pytest.mark.parametrize(
        ("source", "there", "same", "made"),
        [
            (D18, [1, 2, 3, 4], False, [1, 3, 2, 4]), (D18, [1, 2, 3, 0], False, [1, 3, 2, 1]),
            (D18, [5, 5, 3, 4], True, [5, 3, 5, 4]), (D20, [1, 2, 3, 4], False, [1, 3, 2, 4]),
            (D20, [7, 2, 3, 1], False, [7, 3, 2, 0]), (D20, [0, 0, 0, 0], False, [0, 0, 0, 0]),
        ],
    )  # fmt: skip
    def test_replays(self, source: Any, there: list[int], same: bool, made: list[int]) -> None:
        target = D20 if source is D18 else D18
        found = lw.translate(self.rename(source, there, same=same), target, on_loss="report")
        if same:  # one parent: what its second slot holds is the matter of another test
            found.message.body.pb_pre_versions[2] = made[2]
            found.message.body.pb_pre_versions[1] = made[1]
        assert found.message.body.pb_pre_versions == made
        said = [e for e in found.report.entries if e.name == "pb_pre_versions"]
        path = "ptlrpc_body.pb_pre_versions"
        assert said == ([Entry("changed", "pb_pre_versions", path, tuple(there))] if any(there) else [])

    def test_a_first_sending_has_none(self) -> None:
        """Versions mean something in replays, and in replies with a transaction."""
        message = self.rename(D18, [1, 2, 3, 4], same=False, replay=False)
        assert lw.translate(message, D20).message.body.pb_pre_versions == [1, 2, 3, 4]
        answer = reply(D18, "MDS_REINT/RENAME", mds_body=body18())
        answer.body.pb_pre_versions = [1, 2, 3, 4]
        for transno, made in ((0, [1, 2, 3, 4]), (9, [1, 3, 2, 4])):
            answer.body.pb_transno = transno
            found = lw.translate(answer, D20, on_loss="report").message
            assert found.body.pb_pre_versions == made

    def test_replies_take_their_request_for_whose_parents_they_are(self) -> None:
        answer = reply(D20, "MDS_REINT/RENAME", mdt_body=body20())
        answer.body.pb_transno = 9
        answer.body.pb_pre_versions = [7, 0, 2, 4]
        made = {}
        for same in (False, True):
            asked = self.rename(D18, [0, 0, 0, 0], same=same)
            made[same] = lw.translate(answer, D18, request=asked, on_loss="report").message.body.pb_pre_versions
        alone = lw.translate(answer, D18, on_loss="report").message.body.pb_pre_versions
        assert made[False] == alone and made[True] != alone and made[True].count(7) == 2


class TestBareReplies:
    """Early replies and failed ones have no buffer behind the ptlrpc_body."""

    def test_of_an_operation_with_a_format(self) -> None:
        for count, bare in ((1, True), (0, True), (2, False)):
            message = reply(D18, "MDS_GETATTR", mds_body=None if bare else body18())
            message.extra = Extra(count=count)
            made = lw.translate(message, D20, on_loss="report").message
            assert made.format is D20.rpcs["MDS_GETATTR"]
            assert (made.buffers.mdt_body is None) == bare
            assert (made.extra == Extra(count=1)) == bare

    def test_of_one_without_buffers(self) -> None:
        made = lw.translate(reply(D18, "OBD_PING"), D20).message
        assert made.extra is None and made.format is D20.rpcs["OBD_PING"]

    def test_read_without_a_request(self) -> None:
        """Nothing is there that a format would have to be known for; what is there needs one."""
        message = Message(D18, "reply", "little", LustreMsgV2(), reply(D18, "MDS_GETATTR").body, None, Generic([]))
        made = lw.translate(message, D20).message
        assert made.buffers == Generic([]) and made.format is None and made.extra is None
        message.buffers = Generic([b"x"])
        with pytest.raises(lw.WireError, match="decode the reply to opcode 33") as caught:
            lw.translate(message, D20)
        assert caught.value.path == "pb_opc"
