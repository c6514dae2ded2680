"""Messages that no capture at hand shows, made from the declarations: each is taken by a strict receiver, and JSON and
text name what it carries."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.cli.main import cli
from lustre_wire.engines.record import pack
from lustre_wire.jsontext import json_text, json_text_of
from lustre_wire.payloads import hsm
from lustre_wire.payloads.inside import records_in
from lustre_wire.text import Node, brief, message_tree, struct_text

D217 = lw.dialect("2.17")
S, C, E = D217.structs, D217.constants, D217.enums
#: Version, modes of contents and names, flags; in v2 4 bytes reserved; the key, and 16 bytes of nonce.
ENCRYPTED_V1 = bytes([1, 1, 4, 0]) + b"key-desc" + bytes(range(16))
ENCRYPTED_V2 = bytes([2, 1, 4, 2]) + bytes(4) + b"0123456789abcdef" + bytes(range(16))
ID = S["lquota_id"](qid_uid=1000)
ADDRESS = b"fd00::3@tcp".ljust(64, b"\0")
SECOND = b"10.0.0.3@tcp".ljust(64, b"\0")
CONTEXT, POLICY = b"unconfined_u:object_r:user_home_t:s0\0", b"1:targeted:31:" + b"a" * 64


def fid(number: int = 5) -> Any:
    return S["lu_fid"](f_seq=0x200000400, f_oid=number)


def extent(start: int, size: int) -> Any:
    return S["hsm_extent"](offset=start, length=size)


def intent(opc: int) -> dict[str, Any]:
    flags = E["LdlmFl"].LDLM_FL_HAS_INTENT
    return {"dlm_req": S["ldlm_request"](lock_flags=flags), "ldlm_intent": S["ldlm_intent"](opc=opc)}


def glimpse(name: tuple[int, ...], told: Any, order: Any = "little") -> dict[str, Any]:
    resource = S["ldlm_resource_desc"](lr_type=E["LdlmType"].LDLM_PLAIN, lr_name=S["ldlm_res_id"]([*name, 0, 0, 0][:4]))
    request = S["ldlm_request"](lock_desc=S["ldlm_lock_desc"](l_resource=resource))
    return {"dlm_req": request, "gl_desc": S["ldlm_gl_desc"](pack(told, byteorder=order).ljust(64, b"\0"))}


def answered(**more: Any) -> dict[str, Any]:
    return {"dlm_rep": S["ldlm_reply"](), "mdt_body": S["mdt_body"](), **more}


def copy_actions() -> bytes:
    item = S["hsm_action_item"](
        hai_action=E["HsmAction"].HSMA_RESTORE, hai_fid=fid(), hai_dfid=fid(6), hai_extent=extent(0, 4096), hai_cookie=9
    )  # fmt: skip
    return hsm.write(hsm.build("lustre", [item], D217))


def created(**more: Any) -> dict[str, Any]:
    record = S["mdt_rec_create"](cr_opcode=E["MdsReint"].REINT_CREATE, cr_fid1=fid(1), cr_fid2=fid(), cr_mode=0o100644)
    return {"rec_reint": record, "name": b"file", **more}


#: key of the format, direction, buffers, what JSON says ("names of fields and values"), what the line says.
CASES: dict[str, tuple[str, str, Callable[[], dict[str, Any]], tuple[str, ...], str]] = {
    "encryption of a new file": (
        "MDS_REINT/CREATE", "request", lambda: created(file_encctx=ENCRYPTED_V2),
        ("llcrypt_context_v2", '"filenames_encryption_mode": 4'), "encryption v2, modes 1 and 4, key 30313233",
    ),
    "encryption of a file looked at": (
        "LDLM_ENQUEUE/INTENT_GETATTR", "reply", lambda: answered(file_encctx=ENCRYPTED_V1),
        ("llcrypt_context_v1", '"version": 1'), "encryption v1, modes 1 and 4, key 6b65792d64657363",
    ),
    "security context of a new file": (
        "MDS_REINT/CREATE", "request",
        lambda: created(file_secctx_name=b"security.selinux", file_secctx=CONTEXT, selinux_pol=POLICY),
        ('"text": "security.selinux"', f'"hex": "{CONTEXT.hex()}"', '"text": "1:targeted:31:'), CONTEXT[:-1].decode(),
    ),
    "SELinux policy of a client": (
        "MDS_CONNECT", "request",
        lambda: {
            "target_uuid": b"t", "client_uuid": b"c", "conn_handle": S["lustre_handle"](cookie=1),
            "connect_data": S["obd_connect_data"](), "selinux_pol": POLICY,
        },
        ('"name": "selinux_pol", "text": "1:targeted:31:',), '"1:targeted:31:',
    ),
    "SELinux policy of an attribute's reader": (
        "MDS_GETXATTR", "request", lambda: {"name": b"user.a", "mdt_body": S["mdt_body"](), "selinux_pol": POLICY},
        ('"name": "selinux_pol", "text": "1:targeted:31:',), '"user.a" "1:targeted:31:',
    ),
    "progress of a copy tool": (
        "MDS_HSM_PROGRESS", "request",
        lambda: {
            "mdt_body": S["mdt_body"](),
            "hsm_progress": S["hsm_progress_kernel"](
                hpk_fid=fid(), hpk_cookie=9, hpk_extent=extent(0, 4096), hpk_errval=5
            ),
        },
        ('"hpk_cookie": 9', '"length": 4096'), "[0x200000400:0x5:0x0] cookie 9 [0+4096] error 5",
    ),
    "archives of a copy tool": (
        "MDS_HSM_CT_REGISTER", "request", lambda: {"mdt_body": S["mdt_body"](), "archive_ids": [1, 33]},
        ('"name": "archive_ids", "items": [1, 33]',), "",
    ),
    "state of a file": (
        "MDS_HSM_STATE_GET", "reply",
        lambda: {
            "mdt_body": S["mdt_body"](),
            "hsm_user_state": S["hsm_user_state"](
                hus_states=9, hus_archive_id=2, hus_in_progress_action=E["HsmUserAction"].HUA_RESTORE,
                hus_in_progress_state=E["HsmProgressStates"].HPS_RUNNING,
            ),
        },
        ('"hus_states": 9', '"hus_archive_id": 2'), "states EXISTS|ARCHIVED archive 2 RESTORE RUNNING",
    ),
    "state to set": (
        "MDS_HSM_STATE_SET", "request",
        lambda: {"mdt_body": S["mdt_body"](), "hsm_state_set": S["hsm_state_set"](hss_setmask=4, hss_clearmask=1)},
        ('"hss_setmask": 4',), "set RELEASED clear EXISTS",
    ),
    "action on a file": (
        "MDS_HSM_ACTION", "reply",
        lambda: {
            "mdt_body": S["mdt_body"](),
            "hsm_current_action": S["hsm_current_action"](
                hca_action=E["HsmUserAction"].HUA_ARCHIVE, hca_state=E["HsmProgressStates"].HPS_WAITING,
                hca_location=extent(1, 2),
            ),
        },
        ('"hca_action": 10',), "ARCHIVE WAITING [1+2]",
    ),
    "request of a user": (
        "MDS_HSM_REQUEST", "request",
        lambda: {
            "mdt_body": S["mdt_body"](),
            "hsm_request": S["hsm_request"](
                hr_action=E["HsmUserAction"].HUA_ARCHIVE, hr_archive_id=2, hr_itemcount=2, hr_data_len=4
            ),
            "hsm_user_item": [
                S["hsm_user_item"](hui_fid=fid(), hui_extent=extent(0, 1)), S["hsm_user_item"](hui_fid=fid(6)),
            ],
            "hsm_data": b"tape",
        },
        ('"hr_itemcount": 2', '"f_oid": 6'), 'ARCHIVE of 2 files archive 2 [0x200000400:0x5:0x0] [0+1]',
    ),
    "actions for a copy tool": (
        "LDLM_SET_INFO", "request", lambda: {"key": b"hsm_send\0", "val": copy_actions()},
        (f'"hex": "{b"hsm_send".hex()}00"',), '"hsm_send"',
    ),
    "version of data": (
        "MDS_HSM_DATA_VERSION", "request", lambda: {"mdt_body": S["mdt_body"](mbo_fid1=fid())},
        ('"format": "MDS_HSM_DATA_VERSION"', '"f_oid": 5'), "[0x200000400:0x5:0x0]",
    ),
    "layouts swapped": (
        "MDS_SWAP_LAYOUTS", "request",
        lambda: {
            "mdt_body": S["mdt_body"](mbo_fid1=fid(), mbo_fid2=fid(6)),
            "swap_layouts": S["mdc_swap_layouts"](msl_flags=E["SwapLayouts"].SWAP_LAYOUTS_KEEP_MTIME),
        },
        ('"msl_flags": 4',), "[0x200000400:0x6:0x0] KEEP_MTIME",
    ),
    "mirror to be in sync again": (
        "MDS_REINT/RESYNC", "request",
        lambda: {
            "rec_reint": S["mdt_rec_resync"](
                rs_opcode=E["MdsReint"].REINT_RESYNC, rs_fid=fid(), rs_mirror_id_old=2,
                rs_lease_handle=S["lustre_handle"](cookie=7),
            ),
        },
        ('"rs_mirror_id_old": 2',), "[0x200000400:0x5:0x0] mirror 2 lease 0x7",
    ),
    "advice": (
        "OST_LADVISE", "request",
        lambda: {
            "ost_body": S["ost_body"](), "ladvise_hdr": S["ladvise_hdr"](lah_magic=C["LADVISE_MAGIC"], lah_count=1),
            "ladvise": [S["lu_ladvise"](lla_advice=E["LuLadviseType"].LU_LADVISE_WILLREAD, lla_end=4096)],
        },
        ('"lla_end": 4096',), "WILLREAD [0-4096)",
    ),
    "check of the file system": (
        "LFSCK_NOTIFY", "request",
        lambda: {
            "lfsck_request": S["lfsck_request"](
                lr_event=E["LfsckEvents"].LE_PEER_EXIT, lr_active=E["LfsckType"].LFSCK_TYPE_LAYOUT, lr_fid=fid()
            ),
        },
        ('"lr_active": 1',), "PEER_EXIT LAYOUT [0x200000400:0x5:0x0]",
    ),
    "state of a check": (
        "LFSCK_QUERY", "reply", lambda: {"lfsck_reply": S["lfsck_reply"](lr_status=3, lr_repaired=12)},
        ('"lr_repaired": 12',), "COMPLETED repaired 12",
    ),
    "quota asked for": (
        "QUOTA_DQACQ", "request",
        lambda: {"quota_body": S["quota_body"](qb_fid=fid(), qb_count=1024, qb_usage=3, qb_flags=1, qb_id=ID)},
        ('"qb_count": 1024', '"qb_id": {"qid_uid": 1000}'), "[0x200000400:0x5:0x0] id 1000 count 1024 usage 3 ACQ",
    ),
    "quota's limits in a glimpse": (
        "LDLM_GL_CALLBACK/DESC", "request",
        lambda: glimpse((C["FID_SEQ_QUOTA_GLB"], 0x10000, 1000), S["ldlm_gl_lquota_desc"](
            gl_id=ID, gl_hardlimit=4096, gl_softlimit=2048, gl_ver=7, gl_flags=1
        )),
        ('"gl_id": {"qid_uid": 1000}', '"gl_hardlimit": 4096'),
        "id 1000 hardlimit 4096 softlimit 2048 version 7 LQUOTA_FL_EDQUOT",
    ),
    "a barrier in a glimpse": (
        "LDLM_GL_CALLBACK/DESC", "request",
        lambda: glimpse((int.from_bytes(b"lustre", "little"), 5), S["ldlm_gl_barrier_desc"](
            lgbd_status=E["BarrierStatus"].BS_FREEZING_P2, lgbd_timeout=30
        )),
        ('"lgbd_timeout": 30',), "FREEZING_P2 timeout 30",
    ),
    "a glimpse of a lock that nobody knows": (
        "LDLM_GL_CALLBACK/DESC", "request", lambda: glimpse((1, 2), S["ldlm_gl_barrier_desc"](lgbd_status=3)),
        ('"name": "gl_desc"',), "PLAIN [0x1:0x2:0x0:0x0]",
    ),
    "a path asked for": (
        "MDS_GET_INFO/FID2PATH", "request",
        lambda: {
            "key": struct.pack(
                "<16s QII QII QII", b"fid2path", 0x200000400, 5, 0, 2**64 - 1, 0, 64, 0x200000007, 1, 0
            ),
            "vallen": 96,
        },
        ("fid2path:rooted", '"gfk_pathlen": 64'), "fid2path [0x200000400:0x5:0x0] below [0x200000007:0x1:0x0]",
    ),
    "data that an open brings along": (
        "LDLM_ENQUEUE/INTENT_OPEN", "reply",
        lambda: answered(niobuf_inline=struct.pack("<QII", 0, 5, 0) + b"hello"),
        ('"hex": "00000000000000000500000000000000', '"struct": "niobuf_remote"', '"rnb_len": 5'), "[0+5]",
    ),
    "a layout to be written": (
        "LDLM_ENQUEUE/INTENT_LAYOUT", "request",
        lambda: {
            **intent(E["ItOp"].IT_LAYOUT),
            "layout_intent": S["layout_intent"](
                lai_opc=E["LayoutIntentOpc"].LAYOUT_INTENT_WRITE, lai_extent=S["lu_extent"](e_start=0, e_end=4096)
            ),
        },
        ('"e_end": 4096',), "intent LAYOUT WRITE [0-4096)",
    ),
    "quota asked of a pool": (
        "MDS_QUOTACTL", "request",
        lambda: {"quotactl": S["obd_quotactl"](qc_cmd=E["QuotaCmd"].LUSTRE_Q_GETQUOTAPOOL, qc_id=1000)},
        ('"qc_id": 1000',), "GETQUOTAPOOL type USR id 1000",
    ),
    "an object cut off": (
        "OST_PUNCH", "request",
        lambda: {"ost_body": S["ost_body"](oa=S["obdo"](o_size=4096, o_blocks=2**64 - 1, o_valid=8))},
        ('"o_size": 4096',), " from 4096",
    ),
    "which part of a directory": (
        "MDS_READPAGE", "request",
        lambda: {"mdt_body": S["mdt_body"](mbo_fid1=fid(), mbo_size=0xABC, mbo_nlink=1 << 20, mbo_mode=3)},
        ('"mbo_nlink": 1048576',), "[0x200000400:0x5:0x0] from 0xabc 1048576 bytes",
    ),
    "who has a range of sequences": (
        "FLD_QUERY", "reply",
        lambda: {"fld_range": S["lu_seq_range"](lsr_start=1 << 32, lsr_end=1 << 33, lsr_index=3, lsr_flags=1)},
        ('"lsr_index": 3',), "[0x100000000-0x200000000) OST 3",
    ),
    "a directory on any MDT": (
        "MDS_REINT/CREATE", "request",
        lambda: created(eadata=struct.pack("<4I", 0x0CD30CD0, 2, 2**32 - 1, 0) + bytes(32)),
        ("lmv_user_md_v1", '"lum_stripe_offset": 4294967295'), "2 stripes, first MDT any",
    ),
    "many pieces of a file": (
        "OST_READ", "request",
        lambda: {
            "ost_body": S["ost_body"](), "obd_ioobj": [S["obd_ioobj"](ioo_max_brw=3 << 16, ioo_bufcnt=4)],
            "niobuf_remote": [S["niobuf_remote"](rnb_offset=n << 20, rnb_len=1 << 20) for n in range(4)],
        },
        ('"ioo_bufcnt": 4', '"rnb_offset": 3145728'), "[1048576+1048576] [2097152+1048576] [3145728+1048576]",
    ),
    "addresses of a server of today": (
        "MGS_TARGET_REG", "request",
        lambda: {
            "mgs_target_info": S["mgs_target_info"](
                mti_svname=b"lustre-OST0000".ljust(64, b"\0"), mti_nid_count=1, mti_nidlist=ADDRESS
            ),
            "mgs_target_nidlist": S["mgs_target_nidlist"](mtn_nids=2, mtn_inline_list=ADDRESS + SECOND),
        },
        (b"fd00::3@tcp".hex(),), "2 NIDs [fd00::3@tcp, 10.0.0.3@tcp]",
    ),
}  # fmt: skip


def made(key: str, direction: str, buffers: dict[str, Any], order: Any = "little") -> lw.Message:
    return lw.build(D217, key, direction, order=order, **buffers)


def texts(node: Node) -> list[str]:
    return [f"{node.name} {node.text}", *(text for child in node.children for text in texts(child))]


@pytest.mark.parametrize("case", CASES)
def test_json_and_text_name_what_is_in_it(case: str) -> None:
    key, direction, buffers, in_json, in_line = CASES[case]
    message = made(key, direction, buffers())
    data = lw.encode(message)
    request = message.format if direction == "reply" else None
    again = lw.decode(data, D217, request=request, strict=True)
    assert again == message and again.format is not None and again.format.key == key
    assert lw.encode(again) == data
    told = lw.to_json(again)
    assert lw.encode(lw.from_json(told)) == data
    assert json.loads(json_text(again)) == told
    for said in in_json:
        assert said in json.dumps(told)
    assert in_line in brief(again)
    shown = texts(message_tree(again))
    assert all(any(text.startswith(f"{slot} ") for text in shown) for slot in buffers())


@pytest.mark.parametrize("case", CASES)
def test_a_sender_of_the_other_byte_order(case: str) -> None:
    """What does not come as bytes of a certain order is the same message."""
    key, direction, buffers, _, _ = CASES[case]
    given = {name: value for name, value in buffers().items() if not isinstance(value, bytes) or name == "key"}
    message = made(key, direction, given, "big")
    request = message.format if direction == "reply" else None
    again = lw.decode(lw.encode(message), D217, request=request)
    assert again.buffers == message.buffers and lw.encode(again) == lw.encode(message)


@pytest.mark.parametrize("order", ["little", "big"])
def test_what_a_glimpse_tells_is_read_in_the_order_of_its_sender(order: Any) -> None:
    """The first words of the lock's name say what it is; receivers swap it by that. From the bytes, and from values."""
    limits = S["ldlm_gl_lquota_desc"](gl_id=ID, gl_hardlimit=4096)
    data = lw.encode(made("LDLM_GL_CALLBACK/DESC", "request", glimpse((0x200000006, 1), limits, order), order))
    (told,) = {json_text_of(data, D217) for _ in range(30)}
    inside = json.loads(told)["buffers"][-1]["inside"]
    assert (inside["struct"], inside["fields"]["gl_id"]) == ("ldlm_gl_lquota_desc", {"qid_uid": 1000})
    assert inside["fields"]["gl_hardlimit"] == 4096 and told == json_text(lw.decode(data, D217))
    older = lw.dialect("2.4")  # which has no barriers
    request, desc = older.structs["ldlm_request"](), older.structs["ldlm_gl_desc"](b"\1" * 64)
    message = lw.build(older, "LDLM_GL_CALLBACK/DESC", dlm_req=request, gl_desc=desc)
    message.buffers.dlm_req.lock_desc.l_resource.lr_name.name = [0x200000006, 1, 2, 3]
    assert "version 72340172838076673" in brief(message)
    message.buffers.dlm_req.lock_desc.l_resource.lr_name.name = [7, 5, 0, 0]
    assert "timeout" not in brief(message)


def test_whose_quota_it_is_is_kept_whole() -> None:
    """An id has nothing behind it, a FID has."""
    for raw, member in ((struct.pack("<2Q", 1000, 0), "qid_uid"), (struct.pack("<Q2I", 1000, 0, 7), "qid_fid")):
        told = lw.jsonform.struct_to_json(S["lquota_id"](raw))
        assert list(told) == [member]
        assert lw.jsonform.struct_from_json(S["lquota_id"], told).raw == raw


def test_data_that_an_open_brings_stands_in_json_once() -> None:
    """In the buffer's bytes; what is inside is their head, which lines leave out where the room was left empty."""
    message = made("LDLM_ENQUEUE/INTENT_OPEN", "reply", answered(niobuf_inline=struct.pack("<QII", 0, 5, 0) + b"hello"))
    assert json_text(message).count(b"hello".hex()) == 1
    message.buffers.niobuf_inline = bytes(16)
    assert "[0+0]" not in brief(message)


@pytest.mark.parametrize(
    ("bits", "names"),
    [
        (0x1000, ["CRC32"]), (0x2000, ["ADLER"]), (0x4000, ["CRC32C"]), (0x5000, ["T10IP512"]), (0x6000, ["T10IP4K"]),
        (0x7000, ["T10CRC512"]), (0x8000, ["T10CRC4K"]), (0x3000, ["0x3000"]),
    ],
)  # fmt: skip
def test_the_type_of_a_checksum_is_a_number(bits: int, names: list[str]) -> None:
    """Several bits are not several types (obd_cksum_type_unpack); 1.8 has one bit a type, which is the same."""
    flags = E["ObdFl"]
    assert [name.removeprefix("OBD_FL_CKSUM_") for name in flags.names_of(bits)] == names
    assert flags.names_of(bits | 0x400000)[-1] == "OBD_FL_SHORT_IO"
    body = S["ost_body"](oa=S["obdo"](o_flags=bits, o_valid=E["ObdMd"].OBD_MD_FLFLAGS))
    message = made("OST_READ", "request", {"ost_body": body})
    told = json.loads(json_text(message, names=True))["names"]["ost_body"]["oa"]["o_flags"]
    assert told == flags.names_of(bits) and names[0] in brief(message)
    assert lw.dialect("1.8").enums["ObdFl"].names_of(0x2000) == ["OBD_FL_CKSUM_ADLER"]


def test_a_hash_of_names_is_a_number_below_its_flags() -> None:
    assert E["LmvHashFlags"].names_of(0x2000003) == ["LMV_HASH_TYPE_CRUSH", "LMV_HASH_FLAG_FIXED"]


def test_no_flag_of_a_mount_is_without_a_name() -> None:
    """In recorded sessions of 2.17, but for what the kernel left in pb_flags of a MDS_GET_ROOT."""
    odd: set[str] = set()

    def look(path: str, value: Any) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, each in pairs:
            if isinstance(each, str) and each.startswith("0x"):
                odd.add(f"{path} {each}")
            look(f"{path}.{key}" if isinstance(key, str) else path, each)

    for name in ("00-complete-session-from-mkfs", "05-namespace", "12b-mdt-restart-open-lock-replay"):
        said = CliRunner().invoke(cli, ["decode", "--json", str(FIXTURES / "captures" / f"{name}.pcap")])
        for line in said.output.splitlines():
            row = json.loads(line)
            look("", row.get("names", {}))
            for buffer in row.get("buffers", ()):
                look(buffer["name"], buffer.get("inside", {}).get("names", {}))
    assert odd == {".ptlrpc_body.pb_flags 0x9"}


def test_an_object_destroyed_is_not_the_next_one() -> None:
    """The reply names the object behind the last that was destroyed, which has nothing to do with it."""
    body = S["ost_body"](oa=S["obdo"](o_oi=S["ost_id"](), o_size=7))
    assert brief(made("OST_DESTROY", "reply", {"ost_body": body})) == ""
    assert brief(made("OST_DESTROY", "request", {"ost_body": body})).startswith("object ")


def test_a_body_without_a_file_shows_none() -> None:
    assert brief(made("MDS_CLOSE", "reply", {"mdt_body": S["mdt_body"]()})) == ""


def test_actions_for_a_copy_tool_are_shown() -> None:
    key, direction, buffers, _, _ = CASES["actions for a copy tool"]
    (node,) = records_in(made(key, direction, buffers()))
    assert [(each.name, each.text) for each in node.children] == [
        ("HSMA_RESTORE", "RESTORE [0x200000400:0x5:0x0] data [0x200000400:0x6:0x0] [0+4096] cookie 0x9")
    ]  # fmt: skip


def test_the_job_and_the_user_stand_in_the_line() -> None:
    message = made("OST_READ", "request", CASES["many pieces of a file"][2]())
    message.body.pb_jobid, message.body.pb_uid = b"tar.1000".ljust(32, b"\0"), 1000
    said = CliRunner().invoke(cli, ["decode", "-"], input=json.dumps(lw.to_json(message)))
    assert said.exit_code == 0 and said.output.rstrip().endswith("job tar.1000 uid 1000")
    body = lw.to_json(message)["buffers"][0]["fields"]
    assert bytes.fromhex(body["pb_jobid"]).rstrip(b"\0") == b"tar.1000"


@pytest.mark.parametrize(("release", "nids"), [("2.15", "mti_nids"), ("2.16", "mti_nidlist")])
def test_an_older_server_names_its_addresses_as_it_can(release: str, nids: str) -> None:
    """Numbers of 64 bits up to 2.15, text since; both are read as today's, and written as they came."""
    known = lw.dialect(release)
    info = known.structs["mgs_target_info"](mti_svname=b"lustre-OST0000", mti_nid_count=1)
    value = ADDRESS if nids == "mti_nidlist" else [2 << 48 | 0x0A000003] + [0] * 31
    setattr(info, nids, value)
    data = lw.encode(lw.build(release, "MGS_TARGET_REG", mgs_target_info=info))
    read = lw.decode(data, D217)
    assert getattr(read.buffers.mgs_target_info, nids) == value and lw.encode(read) == data
    wanted = "fd00::3@tcp" if nids == "mti_nidlist" else "10.0.0.3@tcp"
    assert any(wanted in text for text in texts(message_tree(read)))


def test_addresses_are_shown_one_by_one_however_often_they_come() -> None:
    """By the walk of the declaration at first, then by a function made of it."""
    value = S["mgs_target_nidlist"](mtn_nids=2, mtn_inline_list=ADDRESS + SECOND)
    assert {struct_text(value, D217) for _ in range(20)} == {"2 NIDs [fd00::3@tcp, 10.0.0.3@tcp]"}
