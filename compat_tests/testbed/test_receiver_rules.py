"""What receivers check: every rule believes our servers, and sees an answer that is wrong in its respect."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

import lustre_wire as lw
from compat_tests.testbed.modes import READ, WRITE
from lustre_wire import rpc
from lustre_wire.payloads import llog
from lustre_wire.recovery.exports import Export
from lustre_wire.recovery.ldlm import Flock
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Packet
from lustre_wire.testbed import checksums, receivers
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.file_io import flock_resource
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.exercises import every_operation
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.grants import Grants
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.receivers import Received
from lustre_wire.testbed.tasks import OperationFailed

DIALECTS = ["1.8", "2.0"]
both = pytest.mark.parametrize("dialect", DIALECTS)


def file_of(fs: Simulated, path: str, number: int = 0) -> int:
    c, k = fs.clients[number], names(fs.system.dialect)
    return int(fs.do(c.open(path, k.MDS_OPEN_CREAT | READ | WRITE), c))


def asked(fs: Simulated, owner: Any, operation: op.Operation, c: ClientNode, name: str = "") -> Any:
    return fs.do(c.ask(owner, operation, name), c)


@cache
def seen(dialect: str) -> list[Received]:
    """Every answer to a client in a run of every operation, with a restart in the middle."""
    with pytest.MonkeyPatch.context() as patch:
        found: list[Received] = []
        judge = receivers.complaints

        def record(received: Received) -> Any:
            copy = rpc.decode(rpc.encode(received.request), received.request.dialect)
            found.append(attrs.evolve(received, request=copy))
            return judge(received)

        patch.setattr(receivers, "complaints", record)
        fs = Simulated(dialect, mount=False)
        c, k = fs.clients[0], names(fs.system.dialect)
        for step in every_operation(c, fs.system.dialect):
            if step.steps is None:
                fs.restart()
                fs.recovered()
            else:
                fs.do(step.steps(), c)
            if step.name == "flock":
                ask_for_a_test(fs, c)
            if step.name == "close" and "LCFG_ADD_MDC" in fs.system.dialect.constants:
                asked(fs, c.mdc, op.FldQuery(start=c.sequence[0]), c)
            if step.name == "close":
                asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_GETQUOTA), c, "MDS_QUOTACTL")
        return found


def ask_for_a_test(fs: Simulated, c: ClientNode) -> None:
    k, mdc = names(fs.system.dialect), c.mdc
    assert mdc is not None
    lock = mdc.locks.request(k.LDLM_FLOCK, flock_resource(c.files[1].ident, mdc.dialect), k.LCK_PR, Flock(0, 9, 5))
    asked(fs, mdc, op.Enqueue(dlm_req=request_of(mdc.dialect, lock, k.LDLM_FL_TEST_LOCK, 0)), c, "LDLM_ENQUEUE")


def quota(fs: Simulated, command: int, number: int = 0, kind: int = 0, **limits: int) -> op.Quota:
    body = fs.system.dialect.structs["obd_quotactl"](qc_cmd=command, qc_type=kind, qc_id=number)
    body.qc_dqblk.dqb_valid = int(names(fs.system.dialect).QIF_LIMITS)
    for name, value in limits.items():
        setattr(body.qc_dqblk, name, value)
    return op.Quota(quota=body)


@both
def test_no_receiver_complains_of_our_servers(dialect: str) -> None:
    assert [wrong for received in seen(dialect) for wrong in receivers.complaints(received)] == []
    assert len(seen(dialect)) > 60


def nothing(r: Received) -> None:
    """Take every buffer but the ptlrpc_body away."""
    r.reply = attrs.evolve(r.reply, buffers=rpc.Generic([]))


def body(**values: Any) -> Callable[[Received], None]:
    def change(r: Received) -> None:
        for name, value in values.items():
            setattr(r.reply.body, name, value)

    return change


def buffer(path: str, value: Any) -> Callable[[Received], None]:
    """Change a field of a reply: its first part by the packer's name for it in either dialect."""

    def change(r: Received) -> None:
        form = packer(r.request.dialect).by_format[r.name]
        found = next(
            p for p, source in form.reply.items() if getattr(source, "attribute", source) == path.split(".")[0]
        )
        *inner, last = [*found.split("."), *path.split(".")[1:]]
        target = r.reply.buffers
        for part in inner:
            target = getattr(target, part)
        setattr(target, last, value)

    return change


def connect(**values: Any) -> Callable[[Received], None]:
    def change(r: Received) -> None:
        for name, value in values.items():
            setattr(r.reply.buffers.connect_data, name, value)

    return change


def replayed(r: Received) -> None:
    r.request.body.pb_flags |= r.k.MSG_REPLAY
    r.request.body.pb_transno = r.reply.body.pb_transno + 1


def flavoured(r: Received) -> None:
    r.reply.header.lm_secflvr ^= r.request.dialect.flavour_mask


def other_flags(r: Received) -> None:
    r.request.buffers.dlm_req.lock_flags |= r.k.LDLM_FL_CANCEL_ON_BLOCK


def no_context(r: Received) -> None:
    for cookie in r.reply.buffers.logcookies or ():
        cookie.lgc_subsys = 7


def reopened(r: Received) -> None:
    r.request.body.pb_flags |= r.k.MSG_REPLAY
    nothing(r)


#: Receiver, operation, what makes an answer wrong in its respect, and the dialect where the other has no such thing.
WRONG: list[tuple[str, str, Callable[[Received], None], str]] = [
    ("after_reply", "MDS_SYNC", body(pb_type=4711), ""),
    ("after_reply", "MDS_GETSTATUS", lambda r: setattr(r, "size", 100_000), ""),
    ("ptlrpc_check_status", "MDS_CLOSE", body(pb_type=4712), ""),
    ("do_cli_unwrap_reply", "MDS_STATFS", flavoured, "2.0"),
    ("ldlm_cli_update_pool", "MDS_STATFS", body(pb_slv=0), ""),
    ("ldlm_cli_update_pool", "OST_STATFS", body(pb_limit=0), ""),
    ("ptlrpc_replay_interpret", "MDS_REINT/CREATE", replayed, ""),
    ("ptlrpc_connect_interpret", "MDS_CONNECT", lambda r: setattr(r.reply.body.pb_handle, "cookie", 0), ""),
    ("ptlrpc_connect_interpret", "MGS_CONNECT", nothing, ""),
    ("ptlrpc_connect_interpret", "OST_CONNECT", connect(ocd_connect_flags=(1 << 64) - 1), ""),
    ("ptlrpc_connect_interpret", "OST_CONNECT", connect(ocd_brw_size=0), ""),
    ("ptlrpc_connect_interpret", "OST_CONNECT", connect(ocd_cksum_types=0), ""),
    ("ptlrpc_connect_interpret", "OST_CONNECT", connect(ocd_grant=1 << 31), ""),
    ("ptlrpc_connect_interpret", "OST_CONNECT", connect(ocd_index=7), ""),
    ("ptlrpc_connect_interpret", "MDS_CONNECT", connect(ocd_ibits_known=0), ""),
    ("mgc_process_log", "LLOG_ORIGIN_HANDLE_CREATE", nothing, ""),
    ("llog_client_read_header", "LLOG_ORIGIN_HANDLE_READ_HEADER", buffer("log_header.llh_hdr.lrh_type", 5), ""),
    ("llog_process_thread", "LLOG_ORIGIN_HANDLE_NEXT_BLOCK", buffer("block", b"x" * 8192), ""),
    ("mdc_getattr_common", "MDS_GETATTR", nothing, ""),
    ("mdc_getattr_common", "MDS_REINT/LINK", nothing, ""),
    ("mdc_getattr_common", "MDS_GETATTR", buffer("easize", 4000), ""),
    ("ll_objects_destroy", "MDS_REINT/UNLINK", buffer("cookies", []), ""),
    ("ll_objects_destroy", "MDS_REINT/UNLINK", buffer("valid", 0x800000), ""),
    ("ll_objects_destroy", "MDS_REINT/UNLINK", no_context, ""),
    ("mdc_getstatus", "MDS_GETSTATUS", buffer("ident.f_seq", 0), "2.0"),
    ("mdc_getstatus", "MDS_GETSTATUS", buffer("ident.id", 0), "1.8"),
    ("ll_getxattr_common", "MDS_GETXATTR", buffer("easize", 900), ""),
    ("mdc_readpage", "MDS_READPAGE", lambda r: setattr(r, "bulk", (r.bulk or b"")[:-1]), ""),
    ("mdc_readpage", "MDS_READPAGE", lambda r: setattr(r, "bulk", b"\1" * 4096), "1.8"),
    ("mdc_statfs", "OST_STATFS", nothing, ""),
    ("client_quota_ctl", "MDS_QUOTACTL", nothing, ""),
    ("seq_client_rpc", "SEQ_QUERY", buffer("end", 5), "2.0"),
    ("fld_client_rpc", "FLD_QUERY", buffer("end", 5), "2.0"),
    ("ldlm_cli_enqueue_fini", "LDLM_ENQUEUE", nothing, ""),
    ("ldlm_cli_enqueue_fini", "LDLM_ENQUEUE/GLIMPSE", buffer("lvb", None), ""),
    ("ldlm_cli_enqueue_fini", "LDLM_ENQUEUE", other_flags, ""),
    ("ldlm_cli_enqueue_fini", "LDLM_ENQUEUE", buffer("dlm_rep.lock_flags", 0), ""),
    ("mdc_finish_enqueue", "LDLM_ENQUEUE/INTENT_LOOKUP", nothing, ""),
    ("mdc_finish_enqueue", "LDLM_ENQUEUE/INTENT_OPEN_CREAT", buffer("easize", 4000), ""),
    ("mdc_finish_intent_lock", "LDLM_ENQUEUE/INTENT_LOOKUP", buffer("dlm_rep.lock_policy_res1", 0), ""),
    ("mdc_finish_intent_lock", "LDLM_ENQUEUE/INTENT_OPEN", buffer("dlm_rep.lock_policy_res1", 0x3F), ""),
    ("mdc_finish_intent_lock", "LDLM_ENQUEUE/INTENT_OPEN", buffer("handle", 0), ""),
    (
        "mdc_finish_intent_lock",
        "LDLM_ENQUEUE/INTENT_GETATTR",
        buffer("dlm_rep.lock_desc.l_resource.lr_name.name", [1] * 4),
        "",
    ),
    ("mdc_replay_open", "LDLM_ENQUEUE/INTENT_OPEN_CREAT", reopened, ""),
    ("osc_getattr", "OST_PUNCH", nothing, ""),
    ("osc_brw_fini_request", "OST_READ", body(pb_status=1), ""),
    ("osc_brw_fini_request", "OST_READ", buffer("cksum", 1), ""),
    ("osc_brw_fini_request", "OST_READ", buffer("valid", 0), ""),
    ("check_write_checksum", "OST_WRITE", buffer("cksum", 1), ""),
    ("check_write_checksum", "OST_WRITE", buffer("rcs", [1]), ""),
    ("check_write_checksum", "OST_WRITE", buffer("rcs", None), ""),
    ("check_write_checksum", "OST_WRITE", body(pb_status=1), ""),
    ("osc_update_grant", "OST_WRITE", buffer("grant", 1 << 31), ""),
]


@both
@pytest.mark.parametrize(("receiver", "name", "change", "only"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_a_receiver_sees_what_is_wrong(
    dialect: str, receiver: str, name: str, change: Callable[[Received], None], only: str
) -> None:
    if only not in ("", dialect):
        pytest.skip(f"only {only} has it")
    noticed = []
    for received in [
        r for r in seen(dialect) if r.name == name and (r.status in (0, r.k.ELDLM_LOCK_ABORTED) or name == "OST_READ")
    ]:
        copy = attrs.evolve(
            received, request=rpc.decode(rpc.encode(received.request), received.request.dialect),
            reply=rpc.decode(rpc.encode(received.reply), received.reply.dialect, request=received.request),
        )  # fmt: skip
        try:
            change(copy)
        except AttributeError:
            continue  # this answer has no such buffer
        noticed += list(receivers.complaints(copy))
    assert any(re.search(rf"\b{receiver}\b", wrong) for wrong in noticed), noticed


def test_every_rule_was_seen_to_fail() -> None:
    named = {receiver for receiver, _, _, _ in WRONG} | {"ll_dom_finish_open"}  # that of 2.17: test_data_on_mdt.py
    assert [r.receiver for r in receivers.RULES if not any(re.search(rf"\b{n}\b", r.receiver) for n in named)] == []


def test_the_page_of_receivers_names_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "receivers.md").read_text()
    functions = {
        name for rule in receivers.RULES for name in re.findall(r"\b\w+_\w+\b(?!\.c)", rule.receiver.split(": ", 1)[1])
    }
    assert {name for name in functions if f"`{name}`" not in page} == set()


# -- D4: metadata by LMV, and where sequences are ------------------------------------------------------------------


@both
def test_the_client_log_sets_up_an_lmv_where_the_release_has_one(dialect: str) -> None:
    fs = Simulated(dialect, mount=False)
    configs = []
    log = fs.system.mgs.make(fs.system.dialect, fs.system.mgs.store).logs[b"lustre-client"]
    configs = [r.config for r in llog.read_log(log, fs.system.dialect).records if r.config is not None]
    commands = [fs.system.dialect.enums["LcfgCommand"](c.command).name for c in configs]
    mount = next(c for c, name in zip(configs, commands, strict=True) if name == "LCFG_MOUNTOPT")
    attached = {c.device: c.text(1) for c, name in zip(configs, commands, strict=True) if name == "LCFG_ATTACH"}
    if dialect == "1.8":
        assert "LCFG_ADD_MDC" not in commands and mount.text(3) == "lustre-MDT0000-mdc"
        assert "lmv" not in attached.values()
        return
    added = next(c for c, name in zip(configs, commands, strict=True) if name == "LCFG_ADD_MDC")
    mdc = next(c for c in configs if c.device == "lustre-MDT0000-mdc" and c.text(1) == "mdc")
    assert (mount.text(2), mount.text(3)) == ("lustre-clilov", "lustre-clilmv") and attached["lustre-clilmv"] == "lmv"
    assert [added.device, *(added.text(n) for n in range(1, 5))] == [
        "lustre-clilmv", "lustre-MDT0000_UUID", "0", "1", "lustre-MDT0000-mdc_UUID"
    ]  # fmt: skip
    assert mdc.text(2) == "lustre-clilmv_UUID"
    setup = next(c for c in configs if c.device == "lustre-clilmv" and c.buffers[1:] and len(c.buffers[1]) == 88)
    assert setup.buffers[1][48:].rstrip(b"\0") == b"lustre-clilmv_UUID"


def test_the_place_of_a_sequence_is_known_where_there_is_one() -> None:
    fs = Simulated("2.0")
    c = fs.clients[0]
    file_of(fs, "/f")
    found = asked(fs, c.mdc, op.FldQuery(start=c.sequence[0]), c)
    assert found.status == 0
    where = found.reply.buffers.fld_range
    assert where.lsr_start == c.sequence[0] < where.lsr_end and where.lsr_mdt == 0
    assert asked(fs, c.mdc, op.FldQuery(start=1 << 50), c).status == -errno.ENOENT


# -- D6: checksums of bulk data ------------------------------------------------------------------------------------


def test_checksums_start_and_end_as_lustre_s_do() -> None:
    k = names(lw.dialect("1.8"))
    assert checksums.of(k, b"123456789", 0, 0) == 0xCBF43926 ^ 0xFFFFFFFF and checksums.of(k, b"", 0, 0) == 0xFFFFFFFF
    adler = k.OBD_MD_FLFLAGS, k.OBD_FL_CKSUM_ADLER
    assert checksums.of(k, b"Wikipedia", *adler) == 0x11E60398 and checksums.of(k, b"", *adler) == 1
    assert [checksums.known(k, asked, 3) for asked in (0, 1, 2, 3, 4)] == [1, 1, 2, 3, 1]


@both
def test_damage_on_the_way_is_found_by_its_checksum(dialect: str) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    file = file_of(fs, "/f")
    fs.do(c.write(file, 0, b"as it is"))

    def damage(packet: Packet) -> Packet:
        return attrs.evolve(packet, data=b"As it is") if packet.data == b"as it is" else packet

    fs.simulator.alter = damage
    with pytest.raises(OperationFailed, match="EPROTO"):
        fs.do(c.write(file, 0, b"as it is"))
    fs.simulator.alter = None
    fs.do(c.write(file, 0, b"as it is"))
    fs.simulator.alter = damage
    with pytest.raises(OperationFailed, match="EPROTO"):
        fs.do(c.read(file, 0, 8))
    fs.simulator.alter = None
    assert fs.do(c.read(file, 0, 8)) == b"as it is"


# -- D7: quota -----------------------------------------------------------------------------------------------------


@both
def test_usage_and_limits_of_an_owner(dialect: str) -> None:
    fs = Simulated(dialect, osts=2)
    c, k = fs.clients[0], names(fs.system.dialect)
    c.credentials = {"uid": 500, "gid": 100}
    for name in ("/a", "/b"):
        fs.do(c.write(file_of(fs, name), 0, bytes(5000)))
    fs.do(c.mkdir("/d"))
    said = asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_GETQUOTA, 500), c, "MDS_QUOTACTL").reply.buffers.quotactl.qc_dqblk
    assert said.dqb_curinodes == 3 and said.dqb_valid == k.QIF_ALL
    limits = {"dqb_bhardlimit": 8, "dqb_ihardlimit": 4}
    assert asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_SETQUOTA, 500, **limits), c, "MDS_QUOTACTL").status == 0
    fs.restart()
    fs.recovered()
    said = asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_GETQUOTA, 500), c, "MDS_QUOTACTL").reply.buffers.quotactl.qc_dqblk
    assert (said.dqb_bhardlimit, said.dqb_ihardlimit, said.dqb_curinodes) == (8, 4, 3)
    fs.do(c.mkdir("/e"))
    for operation in (c.mkdir("/f"), c.open("/g", k.MDS_OPEN_CREAT | WRITE)):
        with pytest.raises(OperationFailed, match="EDQUOT"):
            fs.do(operation)
    fs.do(c.rmdir("/e"))
    fs.do(c.mkdir("/f"))


@both
def test_who_is_over_its_limit_is_told_by_a_body(dialect: str) -> None:
    fs = Simulated(dialect)
    c, k = fs.clients[0], names(fs.system.dialect)
    c.credentials = {"uid": 500, "gid": 100}
    file = file_of(fs, "/f")
    index, obj = c.files[file].objects[0]
    valid = k.OBD_MD_FLID | k.OBD_MD_FLUID | k.OBD_MD_FLGID
    fs.do(c.want(c.oscs[index], op.ObjectSetAttr(id=obj, valid=valid, owner=500, group=100)))
    asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_SETQUOTA, 500, dqb_bhardlimit=4), c, "MDS_QUOTACTL")
    fs.do(c.write(file, 0, bytes(4096)))
    fs.simulator.trace.packets.clear()
    with pytest.raises(OperationFailed, match="EDQUOT"):
        fs.do(c.write(file, 4096, b"1"))
    (reply,) = [
        e.message for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "OST_WRITE" and not e.is_request
    ]
    oa = reply.buffers.ost_body.oa
    assert oa.o_valid & k.OBD_MD_FLUSRQUOTA and oa.o_flags & k.OBD_FL_NO_USRQUOTA and oa.o_uid == 500
    said = asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_GETQUOTA, 500), c, "MDS_QUOTACTL").reply.buffers.quotactl.qc_dqblk
    assert said.dqb_curspace == 4096
    fs.do(c.write(file, 0, b"over what is there"))


@both
def test_a_soft_limit_may_be_passed_for_a_time_of_grace(dialect: str) -> None:
    """dqacq_handler: the time begins when the limit is passed, ends when usage is back, and is what GETQUOTA says."""
    fs = Simulated(dialect)
    c, k = fs.clients[0], names(fs.system.dialect)
    c.credentials = {"uid": 500, "gid": 100}
    file = file_of(fs, "/f")
    index, obj = c.files[file].objects[0]
    valid = k.OBD_MD_FLID | k.OBD_MD_FLUID | k.OBD_MD_FLGID
    fs.do(c.want(c.oscs[index], op.ObjectSetAttr(id=obj, valid=valid, owner=500, group=100)))
    info = quota(fs, k.LUSTRE_Q_SETINFO)
    info.quota.qc_dqinfo.dqi_bgrace, info.quota.qc_dqinfo.dqi_igrace = 1000, 50
    assert asked(fs, c.mdc, info, c, "MDS_QUOTACTL").status == 0
    limits = {"dqb_bsoftlimit": 4, "dqb_isoftlimit": 2}
    assert asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_SETQUOTA, 500, **limits), c, "MDS_QUOTACTL").status == 0

    def times() -> tuple[int, int]:
        reply = asked(fs, c.mdc, quota(fs, k.LUSTRE_Q_GETQUOTA, 500), c, "MDS_QUOTACTL").reply
        block = reply.buffers.quotactl.qc_dqblk
        return tuple(int(t and t - c.seconds()) for t in (block.dqb_btime, block.dqb_itime))  # type: ignore[return-value]

    fs.do(c.write(file, 0, bytes(4096)))
    fs.do(c.mkdir("/d"))
    assert times() == (0, 0)
    fs.do(c.write(file, 4096, b"1"))
    fs.do(c.mkdir("/e"))
    left = times()
    assert 990 < left[0] <= 1000 and 40 < left[1] <= 50
    fs.simulator.settle(60)
    with pytest.raises(OperationFailed, match="EDQUOT"):
        fs.do(c.mkdir("/g"))
    fs.do(c.write(file, 4097, b"2"))
    fs.simulator.settle(1000)
    with pytest.raises(OperationFailed, match="EDQUOT"):
        fs.do(c.write(file, 4098, b"3"))
    fs.do(c.write(file, 0, b"what is there already"))
    fs.do(c.rmdir("/e"))
    fs.do(c.truncate(file, 100))
    assert times() == (0, 0)
    fs.do(c.write(file, 0, bytes(5000)))
    fs.do(c.mkdir("/g"))
    assert times()[0] > 900 and times()[1] > 40
    raised = quota(fs, k.LUSTRE_Q_SETQUOTA, 500, dqb_bsoftlimit=100, dqb_isoftlimit=100)
    assert asked(fs, c.mdc, raised, c, "MDS_QUOTACTL").status == 0 and times() == (0, 0)
    lowered = quota(fs, k.LUSTRE_Q_SETQUOTA, 500, dqb_bsoftlimit=1, dqb_isoftlimit=1)
    assert asked(fs, c.mdc, lowered, c, "MDS_QUOTACTL").status == 0
    assert times()[0] > 900 and times()[1] > 40, "who is over his new limit has his time from now on"


# -- D9: grants ----------------------------------------------------------------------------------------------------


@both
def test_client_and_server_agree_on_what_was_granted(dialect: str) -> None:
    """However much it uses: held at the server is what the client was given less what it used, and is filled up."""
    fs = Simulated(dialect)
    c, k = fs.clients[0], names(fs.system.dialect)
    file = file_of(fs, "/f")
    index, obj = c.files[file].objects[0]
    osc, structs = c.oscs[index], fs.system.dialect.structs
    grants: Grants = fs.system.osts[0].target.service.grants  # type: ignore[union-attr,attr-defined]
    (export,) = [e for e in fs.system.osts[0].target.exports.values() if e.nid == c.nid]  # type: ignore[union-attr]
    mine = c._promised(c.oscs[index])
    assert mine == grants.held(export) > 0
    for number in range(12):
        data = bytes(300_000)
        wanted = op.ObjectWrite(
            id=obj, valid=k.OBD_MD_FLID | k.OBD_MD_FLGRANT | k.OBD_MD_FLBLOCKS, grant=mine - 303_104, mode=32 << 20,
            ioobj=[structs["obd_ioobj"](ioo_id=obj, ioo_bufcnt=1)],
            niobufs=[structs["niobuf_remote"](offset=number * 303_104, len=len(data), flags=k.OBD_BRW_FROM_GRANT)],
        )  # fmt: skip
        request = fs.do(c.ask(osc, wanted, data=data), c)
        oa = request.reply.buffers.ost_body.oa
        assert request.status == 0 and oa.o_valid & k.OBD_MD_FLGRANT and oa.o_grant > 0
        mine += oa.o_grant - 303_104
        assert mine == grants.held(export)
    assert mine > 4 << 20
    fs.do(c.unmount(), c)
    assert grants.held(export) == 0


def test_no_more_is_granted_than_there_is() -> None:
    k = names(lw.dialect("2.0"))
    left = [1 << 20]
    grants = Grants(k, lambda: left[0])
    exports = [export_of(number, int(k.OBD_CONNECT_GRANT)) for number in range(50)]
    total = sum(grants.connected(export, 2 << 20) for export in exports)
    assert 0 < total <= left[0] and grants.free == left[0] - total
    grants.dropped(exports[0])
    assert grants.free > left[0] - total


def export_of(number: int, granted: int) -> Any:
    return Export(b"%d" % number, number, granted=granted)


# -- D10: an answer that an old client's replay can use ------------------------------------------------------------


def test_a_replay_that_cannot_be_read_evicts_its_client() -> None:
    """A client of 1.8 replays an open of the other format: any body-less answer but -ENOTCONN is an assertion there."""
    old = Simulated("1.8")
    file_of(old, "/f")
    old.restart()
    old.recovered()
    replay = next(
        s.packet.data for s in old.simulator.trace.packets if s.packet.portal == 12 and is_replay(s.packet.data, "1.8")
    )
    fs = Simulated("2.0")
    c, k = fs.clients[0], names(fs.system.dialect)
    file_of(fs, "/g")

    def in_the_old_format(packet: Packet) -> Packet:
        if packet.portal != 12 or not is_replay(packet.data, "2.0"):
            return packet
        new, other = rpc.decode(packet.data, fs.system.dialect), rpc.decode(replay, lw.dialect("1.8"))
        for name in ("pb_handle", "pb_conn_cnt", "pb_transno"):
            setattr(other.body, name, getattr(new.body, name))
        return attrs.evolve(packet, data=rpc.encode(other))

    fs.simulator.alter = in_the_old_format
    fs.simulator.trace.packets.clear()
    fs.restart()
    fs.simulator.settle(60)
    fs.simulator.alter = None
    fs.recovered()
    answers = [
        rpc.decode(s.packet.data, fs.system.dialect) for s in fs.simulator.trace.packets
        if s.packet.portal == 10 and s.packet.data and s.packet.source == fs.system.mds.nid and s.packet.offset
    ]  # fmt: skip
    refused = [m for m in answers if m.name.startswith("LDLM_ENQUEUE")]
    assert [(m.status, m.body.pb_type) for m in refused] == [(-errno.ENOTCONN, k.PTL_RPC_MSG_ERR)]
    assert all(file.dead for file in c.files.values())
    file_of(fs, "/h")


def is_replay(data: bytes, dialect: str) -> bool:
    if len(data) < 200:
        return False
    message = rpc.decode(data, lw.dialect(dialect))
    return bool(message.body.pb_flags & 4) and message.opcode == 101


# -- D11: callbacks are sent once ----------------------------------------------------------------------------------


@both
def test_a_callback_is_sent_once_and_its_answer_waited_for(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    one, two = fs.clients
    fs.do(one.mkdir("/d"), one)
    fs.do(one.getattr("/d"), one)
    portal = fs.system.dialect.rpcs["LDLM_BL_CALLBACK"].portal
    fs.simulator.lose = lambda packet: packet.portal == portal and packet.target == one.nid
    fs.simulator.trace.packets.clear()
    began = fs.simulator.now
    fs.do(two.setattr("/d", names(fs.system.dialect).MDS_ATTR_MODE, mode=0o40700), two)
    sent = [s for s in fs.simulator.trace.packets if s.packet.portal == portal and s.packet.target == one.nid]
    assert len(sent) == 1 and 50 <= fs.simulator.now - began < 60
    assert not any(e.nid == one.nid for e in fs.system.mds.target.exports.values())  # type: ignore[union-attr]
