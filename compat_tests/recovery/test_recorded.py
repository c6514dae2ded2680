"""What the recovery machines send is what Lustre's own clients sent: connects, pings, lock replays, callbacks.

The inputs (UUIDs, flags, handles, locks) are those of the recorded messages; every byte has to be the same.
"""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.recorded import Recorded
from lustre_wire.recovery.imports import Import, ImportConfig
from lustre_wire.recovery.ldlm import LockTable, policy_of
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Handles, Packet, Xids
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.timeouts import Estimate

#: Dialect, and the release whose client was recorded.
CLIENTS = [("1.8", "1.8.9-wc1"), ("2.0", "2.0.0")]
both = pytest.mark.parametrize(("dialect", "release"), CLIENTS)


def requests(dialect: str, release: str, kind: str) -> list[Recorded]:
    found = [
        m for m in recorded.messages()
        if m.dialect == dialect and m.row["lustre_version"] == release and m.kind == kind and m.direction == "request"
        and m.endian == "little" and "-v1" not in m.id
    ]  # fmt: skip
    assert found
    return found


def imported(connect: Recorded) -> Import:
    """An import with the inputs of a recorded connect."""
    message = connect.decode()
    buffers, data = message.buffers, message.buffers.connect_data
    kind = message.name.removesuffix("_CONNECT")
    config = ImportConfig(
        buffers.target_uuid, buffers.client_uuid, [2], message.name, f"{kind}_DISCONNECT", int(data.ocd_connect_flags),
        (message.dialect,), 1, buffers.conn_handle.cookie, {"ocd_ibits_known": int(data.ocd_ibits_known)},
        pid=message.body.pb_status, secflvr=message.header.lm_secflvr,
    )  # fmt: skip
    return Import(config, Xids(0), LockTable(Handles(1)))


def sent(owner: Import) -> Packet:
    (packet,) = owner.out
    owner.out = []
    return packet


def answer(owner: Import, packet: Packet, buffers: dict[str, Any]) -> None:
    """Accept a connect."""
    request = lw.decode(packet.data, owner.dialect)
    assert request.format is not None
    reply = lw.build(owner.dialect, request.format.key, "reply", **buffers)
    reply.body.pb_timeout = 1
    data = lw.encode(reply)
    owner.receive(Packet("PUT", 2, 1, request.format.reply_portal or 0, packet.match_bits, 0, data), 0.0)


def accepted(connect: Recorded, handle: int, granted: int) -> Import:
    """An import whose connect was answered with that handle and those flags."""
    owner = imported(connect)
    owner.connect(0.0)
    data = owner.dialect.structs["obd_connect_data"](ocd_connect_flags=granted, ocd_ibits_known=7)
    answer(owner, sent(owner), {"connect_data": data})
    owner.remote = handle
    return owner


@both
def test_connects(dialect: str, release: str) -> None:
    for connect in requests(dialect, release, "connect"):
        owner = imported(connect)
        owner.connect(0.0)
        assert sent(owner).data.hex() == connect.data.hex(), connect.id


@both
def test_pings_and_disconnects(dialect: str, release: str) -> None:
    (connect,) = [m for m in requests(dialect, release, "connect") if "mds" in m.id]
    granted = int(_reply(connect).buffers.connect_data.ocd_connect_flags)
    for kind, name in (("ping", "OBD_PING"), ("disconnect", "MDS_DISCONNECT")):
        for message in requests(dialect, release, kind):
            old = message.decode()
            if old.name != name or "ost" in message.id:
                continue
            owner = accepted(connect, old.body.pb_handle.cookie, granted)
            owner.conn_cnt = old.body.pb_conn_cnt
            if name == "OBD_PING":
                owner.ping(0.0)
            else:
                owner.disconnect(0.0)
            assert sent(owner).data.hex() == message.data.hex(), message.id


def _reply(request: Recorded) -> lw.Message:
    found = recorded.by_id()[request.dialect, str(request.row["lustre_version"]), f"{request.id}.reply"]
    return found.decode()


@both
def test_reconnects_tell_the_lowest_transno(dialect: str, release: str) -> None:
    (connect,) = [m for m in requests(dialect, release, "connect") if "mds" in m.id]
    for again in requests(dialect, release, "reconnect"):
        old = again.decode()
        owner = imported(connect)
        owner.connected_before, owner.conn_cnt = True, old.body.pb_conn_cnt - 1
        owner.remote = old.body.pb_handle.cookie
        owner.connect_data = old.buffers.connect_data
        owner.estimates.setdefault(12, Estimate()).measure(1, 0.0)
        request = owner.request("OBD_PING")
        request.transno, request.xid = old.buffers.connect_data.ocd_transno, 1
        owner.replay.retain(request)
        owner.connect(0.0)
        assert sent(owner).data.hex() == again.data.hex(), again.id


@both
def test_lock_replays_and_the_last_ping(dialect: str, release: str) -> None:
    rules, d = rules_of(lw.dialect(dialect)), lw.dialect(dialect)
    for message in requests(dialect, release, "lock-replay"):
        old = message.decode()
        body, k = old.buffers.dlm_req, names(d)
        desc = body.lock_desc
        kind = int(desc.l_resource.lr_type)
        table = LockTable(Handles(1))
        lock = table.request(
            kind, tuple(desc.l_resource.lr_name.name), int(desc.l_req_mode), policy_of(d, kind, desc.l_policy_data)
        )
        lock.granted, lock.cookie = int(desc.l_granted_mode), body.lock_handle[0].cookie
        assert lw.encode(lw.build(d, "LDLM_ENQUEUE", dlm_req=table.replay_body(d, lock)))[200:] == message.data[200:], (
            message.id
        )
        assert old.body.pb_flags == rules.lock_replay_flags and old.transno == 0
        assert int(body.lock_flags) == k.LDLM_FL_REPLAY | k.LDLM_FL_BLOCK_GRANTED
    for message in requests(dialect, release, "recovery-ping"):
        assert message.decode().body.pb_flags == rules.done_flags


@both
def test_enqueues_count_themselves_as_their_release_does(dialect: str, release: str) -> None:
    d = lw.dialect(dialect)
    for kind in ("ldlm-enqueue-extent", "ldlm-enqueue-flock", "ldlm-enqueue-ibits", "ldlm-enqueue-plain"):
        for message in requests(dialect, release, kind):
            old = message.decode().buffers.dlm_req
            desc = old.lock_desc
            lock_type = int(desc.l_resource.lr_type)
            lock = LockTable(Handles(1)).request(
                lock_type,
                tuple(desc.l_resource.lr_name.name),
                int(desc.l_req_mode),
                policy_of(d, lock_type, desc.l_policy_data),
            )
            lock.cookie = old.lock_handle[0].cookie
            made = request_of(d, lock, int(old.lock_flags), rules_of(d).plain_enqueue_count)
            assert lw.encode(lw.build(d, "LDLM_ENQUEUE", dlm_req=made))[200:] == message.data[200:], message.id


@both
def test_error_replies_have_the_type_of_their_release(dialect: str, release: str) -> None:
    """-ENOENT comes back as PTL_RPC_MSG_REPLY from 1.8.9 and as PTL_RPC_MSG_ERR from 2.0.0 (wholly recorded)."""
    (reply,) = [
        m for m in recorded.messages()
        if m.dialect == dialect and m.row["lustre_version"] == release and m.endian == "little"
        and m.id.startswith("getattr") and m.id.endswith("err-enoent.reply")
    ]  # fmt: skip
    old = reply.decode()
    k, rules = names(old.dialect), rules_of(old.dialect)
    expected = k.PTL_RPC_MSG_REPLY if old.status in rules.plain_errors else k.PTL_RPC_MSG_ERR
    assert int(old.body.pb_type) == expected
