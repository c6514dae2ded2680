"""What means another thing from some release of 2.x on, there and back: the same bytes say it in neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import lustre_wire as lw
from lustre_wire import bulk
from lustre_wire.translate import Report


def struct(name: str, c_name: str, **values: Any) -> Any:
    return lw.dialect(name).structs[c_name](**values)


def told(report: Report, kind: str) -> list[tuple[str, Any]]:
    return [(entry.name, entry.value) for entry in report.entries if entry.kind == kind]


def connected(name: str, **values: Any) -> lw.Message:
    return lw.build(name, "OST_CONNECT", "reply", connect_data=struct(name, "obd_connect_data", **values))


class TestUnits:
    """Of what a target tells its clients of grants (ofd_obd.c of 2.8.0 and 2.9.0)."""

    def test_up(self) -> None:
        sent = connected("2.8.0", ocd_blocksize=12, ocd_inodespace=28, ocd_grant_extent=24)
        made = lw.translate(sent, "2.9.0")
        data = made.message.buffers.connect_data
        found = data.ocd_grant_blkbits, data.ocd_grant_inobits, data.ocd_grant_tax_kb, data.ocd_grant_max_blks
        assert found == (12, 5, 24, 0)
        assert (made.report.lossless, told(made.report, "changed")) == (True, [("ocd_inodespace", 28)])

    def test_down(self) -> None:
        sent = connected("2.9.0", ocd_grant_blkbits=12, ocd_grant_inobits=5, ocd_grant_tax_kb=24)
        made = lw.translate(sent, "2.8.0")
        data = made.message.buffers.connect_data
        assert (data.ocd_blocksize, data.ocd_inodespace, data.ocd_grant_extent) == (12, 32, 24)
        assert lw.translate(made.message, "2.9.0").message.buffers == sent.buffers

    @pytest.mark.parametrize(("values", "lost"), [
        ({"ocd_grant_inobits": 9}, ("ocd_grant_inobits", 9)), ({"ocd_grant_max_blks": 7}, ("ocd_grant_max_blks", 7)),
    ])  # fmt: skip
    def test_what_has_no_room(self, values: dict[str, int], lost: tuple[str, int]) -> None:
        made = lw.translate(connected("2.9.0", **values), "2.8.0", on_loss="report")
        assert told(made.report, "lost") == [lost]
        assert made.message.buffers.connect_data.ocd_inodespace == 0

    def test_nothing_is_nothing(self) -> None:
        for source, target in (("2.8.0", "2.9.0"), ("2.9.0", "2.8.0")):
            assert lw.translate(connected(source), target).report.entries == ()


def written(name: str, **values: Any) -> lw.Message:
    body = lw.dialect(name).structs["ost_body"]()
    ioobj = struct(name, "obd_ioobj", ioo_bufcnt=1, **values)
    return lw.build(name, "OST_WRITE", ost_body=body, obd_ioobj=[ioobj], niobuf_remote=[])


def test_the_mode_of_an_object_is_no_number_of_transfers() -> None:
    made = lw.translate(written("2.3.0", ioo_type=0o100644), "2.4.0")
    assert made.message.buffers.obd_ioobj[0].ioo_max_brw == 0
    assert told(made.report, "dropped") == [("ioo_type", 0o100644)]
    down = lw.translate(written("2.4.0", ioo_max_brw=3 << 16), "2.3.0", on_loss="report")
    assert told(down.report, "lost") == [("ioo_max_brw", 3 << 16)]
    assert down.message.buffers.obd_ioobj[0].ioo_type == 0
    assert told(lw.translate(written("2.4.0", ioo_max_brw=0o644), "2.3.0").report, "lost") == []


def locked(name: str, kind: str, **values: Any) -> lw.Message:
    dialect = lw.dialect(name)
    member = {"LDLM_IBITS": "l_inodebits", "LDLM_FLOCK": "l_flock", "LDLM_EXTENT": "l_extent"}[kind]
    desc = dialect.structs["ldlm_lock_desc"]()
    desc.l_resource.lr_type = dialect.constants[kind]
    for field, value in values.items():
        setattr(getattr(desc.l_policy_data, member), field, value)
    return lw.build(name, "LDLM_ENQUEUE", dlm_req=dialect.structs["ldlm_request"](lock_desc=desc))


def policy(message: lw.Message) -> Any:
    return message.buffers.dlm_req.lock_desc.l_policy_data


@pytest.mark.parametrize(("new", "old", "kind", "name"), [
    ("2.11.0", "2.10.0", "LDLM_IBITS", "try_bits"), ("2.14.0", "2.13.0", "LDLM_IBITS", "li_gid"),
    ("2.16.0", "2.15", "LDLM_IBITS", "li_initiator_id"), ("2.1.0", "2.0", "LDLM_FLOCK", "lfw_owner"),
])  # fmt: skip
def test_of_a_policy_that_member_is_translated_which_its_lock_has(new: str, old: str, kind: str, name: str) -> None:
    kept = {"bits": 3} if kind == "LDLM_IBITS" else {"lfw_start": 3, "lfw_end": 5, "lfw_pid": 7}
    made = lw.translate(locked(new, kind, **kept, **{name: 5}), old, on_loss="report")
    assert told(made.report, "lost") == [(name, 5)]
    there = lw.translate(locked(new, kind, **kept), old)
    assert there.report.lossless
    assert policy(there.message).raw == policy(made.message).raw
    assert policy(lw.translate(there.message, new).message) == policy(locked(new, kind, **kept))
    # the same bytes are an extent's own
    extent = locked(new, "LDLM_EXTENT", start=1, end=2, gid=5)
    assert policy(lw.translate(extent, old).message).raw == policy(extent).raw


def test_what_an_older_sender_leaves_behind_a_policy_is_no_bit_to_try() -> None:
    sent = locked("2.10.0", "LDLM_IBITS", bits=3)
    policy(sent).raw = policy(sent).raw[:8] + b"\1" + policy(sent).raw[9:]
    made = lw.translate(sent, "2.11.0", on_loss="report")
    assert [name for name, _ in told(made.report, "lost")] == ["padding"]
    assert policy(made.message).l_inodebits.try_bits == 0


def test_who_blocks_a_flock_is_nobodys_owner() -> None:
    made = lw.translate(locked("2.0", "LDLM_FLOCK", pid=7, blocking_export=0xFFFF), "2.1.0")
    assert told(made.report, "dropped") == [("blocking_export", 0xFFFF)]
    assert (policy(made.message).l_flock.lfw_owner, policy(made.message).l_flock.lfw_pid) == (0, 7)


def test_a_policy_in_either_byte_order_and_in_streams() -> None:
    sent = locked("2.11.0", "LDLM_IBITS", bits=3)
    big = lw.build("2.11.0", "LDLM_ENQUEUE", order="big", dlm_req=sent.buffers.dlm_req)
    assert policy(lw.translate(big, "2.10.0").message).raw == policy(lw.translate(sent, "2.10.0").message).raw
    lossy = locked("2.11.0", "LDLM_IBITS", bits=3, try_bits=5)
    stream = [sent, lossy, big, sent]
    made = bulk.translate(b"".join(map(lw.encode, stream)), "2.11.0", "2.10.0")
    one_by_one = [lw.encode(lw.translate(one, "2.10.0", on_loss="report").message) for one in stream]
    assert bytes(made.data) == b"".join(one_by_one)


def checked_write(name: str, kind: str) -> lw.Message:
    k = lw.dialect(name).constants
    valid = k["OBD_MD_FLFLAGS"] | k["OBD_MD_FLCKSUM"] | k["OBD_MD_FLSIZE"]
    flags = int(k[kind]) | k["OBD_FL_SRVLOCK"]
    oa = struct(name, "obdo", o_valid=valid, o_flags=flags, o_nlink=0xABCD)
    return lw.build(name, "OST_PUNCH", ost_body=struct(name, "ost_body", oa=oa))


@pytest.mark.parametrize(("new", "old", "kind"), [
    ("2.2.0", "2.1.0", "OBD_FL_CKSUM_CRC32C"), ("2.12.0", "2.11.0", "OBD_FL_CKSUM_T10IP512"),
    ("2.12.0", "2.11.0", "OBD_FL_CKSUM_T10IP4K"), ("2.12.0", "2.11.0", "OBD_FL_CKSUM_T10CRC512"),
    ("2.12.0", "2.11.0", "OBD_FL_CKSUM_T10CRC4K"),
])  # fmt: skip
def test_a_checksum_of_a_new_kind_is_none_to_an_older_peer(new: str, old: str, kind: str) -> None:
    made = lw.translate(checked_write(new, kind), old, on_loss="report")
    oa, k = made.message.buffers.ost_body.oa, lw.dialect(old).constants
    assert told(made.report, "lost") == [("cksum", lw.dialect(new).constants[kind])]
    assert (int(oa.o_flags), int(oa.o_valid)) == (k["OBD_FL_SRVLOCK"], k["OBD_MD_FLFLAGS"] | k["OBD_MD_FLSIZE"])
    for source, target in ((new, old), (old, new)):
        sent = checked_write(source, "OBD_FL_CKSUM_ADLER")
        known = lw.translate(sent, target)
        assert known.report.lossless
        assert int(known.message.buffers.ost_body.oa.o_flags) == int(sent.buffers.ost_body.oa.o_flags)


def recovery_log(name: str, kind: str, **values: Any) -> lw.Message:
    prefix = "MGS_CFG_T_" if name != "2.13.0" else "CONFIG_T_"
    body = struct(name, "mgs_config_body", mcb_type=lw.dialect(name).constants[prefix + kind], **values)
    return lw.build(name, "MGS_CONFIG_READ", mgs_config_body=body)


def test_the_length_of_nids_is_no_pass_over_nodemaps() -> None:
    sent = recovery_log("2.16.0", "RECOVER", mcb_rec_nid_size=20)
    made = lw.translate(sent, "2.15.0", on_loss="report")
    assert told(made.report, "lost") == [("mcb_rec_nid_size", 20)]
    assert made.message.buffers.mgs_config_body.mcb_nm_cur_pass == 0
    again = recovery_log("2.16.0", "NODEMAP", mcb_rec_nid_size=2)
    made = lw.translate(again, "2.15.0")
    assert (made.report.lossless, made.message.buffers.mgs_config_body.mcb_nm_cur_pass) == (True, 2)
    assert lw.translate(made.message, "2.16.0").message.buffers == again.buffers


def test_from_where_to_where_a_layout_is_wanted_stays() -> None:
    """Two numbers became one extent, and mean the same."""
    old = lw.dialect("2.10.0")
    intent = old.structs["layout_intent"](li_opc=1, li_start=4096, li_end=8191)
    sent = lw.build(old, "LDLM_ENQUEUE/INTENT_LAYOUT", layout_intent=intent, ldlm_intent=old.structs["ldlm_intent"](
        opc=old.constants["IT_LAYOUT"]), dlm_req=old.structs["ldlm_request"]())  # fmt: skip
    for target in ("2.11.0", "2.17"):
        made = lw.translate(sent, target)
        extent = made.message.buffers.layout_intent.lai_extent
        assert (made.report.lossless, extent.e_start, extent.e_end) == (True, 4096, 8191)
        assert lw.translate(made.message, old).message.buffers.layout_intent == intent


def attributes(name: str, valid: int) -> lw.Message:
    body = struct(name, "mdt_body", mbo_valid=valid)
    return lw.build(name, "MDS_GETATTR", mdt_body=body)


def statfs(name: str, state: int) -> lw.Message:
    return lw.build(name, "OST_STATFS", "reply", obd_statfs=struct(name, "obd_statfs", os_state=state))


def of_attributes(message: lw.Message) -> int:
    return int(message.buffers.mdt_body.mbo_valid)


def of_statfs(message: lw.Message) -> int:
    return int(message.buffers.obd_statfs.os_state)


@pytest.mark.parametrize(("old", "before", "new", "after", "make", "read"), [
    ("2.3.0", "OBD_MD_MDTIDX", "2.5.0", "OBD_MD_TSTATE", attributes, of_attributes),
    ("2.8.0", "OBD_MD_FLRMTPERM", "2.12.0", "OBD_MD_FLAGSTATFS", attributes, of_attributes),
    ("2.11.0", "OBD_MD_FLGENER", "2.12.0", "OBD_MD_FLPARENT", attributes, of_attributes),
    ("2.8.0", "OS_STATE_RDONLY_1", "2.12.0", "OS_STATE_NOPRECREATE", statfs, of_statfs),
])  # fmt: skip
def test_a_bit_that_means_something_else_is_dropped_both_ways(
    old: str, before: str, new: str, after: str, make: Callable[..., lw.Message], read: Callable[[lw.Message], int]
) -> None:
    bit = int(lw.dialect(old).constants[before])
    assert bit == lw.dialect(new).constants[after]
    for source, target in ((old, new), (new, old)):
        made = lw.translate(make(source, bit | 1), target)
        assert read(made.message) == 1
        assert [entry.value for entry in made.report.entries if entry.kind == "dropped"] == [bit]
