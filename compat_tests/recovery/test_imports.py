"""The import against a server played by the test: the table of C.3, failover, replay, resend, early replies."""

from __future__ import annotations

import errno
from typing import Any

import pytest

import lustre_wire as lw
from lustre_wire import rpc
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery import connect, timeouts
from lustre_wire.recovery.connect import ImportState, outcome
from lustre_wire.recovery.imports import Import, ImportConfig
from lustre_wire.recovery.ldlm import Bits, LockTable
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Handles, Packet, Xids
from lustre_wire.recovery.request import Request

DIALECTS = ["1.8", "2.0"]
CLIENT, SERVER, OTHER = 1, 2, 3
S = ImportState


class Played:
    """An import, and a server that answers what the test says."""

    def __init__(self, dialect: str, *, peers: list[int] | None = None) -> None:
        self.dialect = lw.dialect(dialect)
        self.k = names(self.dialect)
        k = self.k
        flags = k.OBD_CONNECT_VERSION | k.OBD_CONNECT_AT | k.OBD_CONNECT_VBR | k.OBD_CONNECT_IBITS
        flags |= k.OBD_CONNECT_FID if dialect == "2.0" else 0
        handles = Handles(1)
        config = ImportConfig(
            b"target", b"client", peers or [SERVER], "MDS_CONNECT", "MDS_DISCONNECT", flags, (self.dialect,), CLIENT, 77
        )
        self.made = Import(config, Xids(1297600000), LockTable(handles))
        self.now = 0.0

    def sent(self) -> list[tuple[Packet, rpc.Message]]:
        out, self.made.out = self.made.out, []
        return [(p, lw.decode(p.data, self.dialect)) for p in out]

    def one(self) -> tuple[Packet, rpc.Message]:
        (found,) = self.sent()
        return found

    def answer(
        self, packet: Packet, status: int = 0, *, error: bool = False, early: bool = False, **fields: Any
    ) -> None:
        """Answer a request; `fields` are of the ptlrpc_body, `buffers` of the reply."""
        request = lw.decode(packet.data, self.dialect)
        assert request.format is not None
        buffers = fields.pop("buffers", {})
        reply = lw.build(self.dialect, request.format.key, "reply", **buffers)
        body = reply.body
        body.pb_type = self.k.PTL_RPC_MSG_ERR if error else self.k.PTL_RPC_MSG_REPLY
        body.pb_status, body.pb_timeout, body.pb_opc = status & 0xFFFFFFFF, 1, request.opcode
        handle = fields.pop("handle", None)
        if handle is not None:
            body.pb_handle.cookie = handle
        for name, value in fields.items():
            setattr(body, f"pb_{name}", value)
        at = request.header.lm_flags & self.k.MSGHDR_AT_SUPPORT
        offset = lustre_msg.early_reply_size(152) if at else 0
        portal = request.format.reply_portal if request.name != "OBD_PING" else 10
        self.made.receive(
            Packet(PUT, packet.target, CLIENT, portal or 0, packet.match_bits, offset, lw.encode(reply)), self.now
        )

    def accept(self, op_flags: int = 0, handle: int = 500, committed: int = 0, granted: int | None = None) -> None:
        packet, message = self.one()
        assert message.name == "MDS_CONNECT"
        data = self.dialect.structs["obd_connect_data"](
            ocd_connect_flags=self.made.config.flags if granted is None else granted
        )
        self.answer(packet, op_flags=op_flags, handle=handle, last_committed=committed, buffers={"connect_data": data})

    def connected(self) -> Played:
        self.made.connect(self.now)
        self.accept()
        assert self.made.state is S.FULL
        return self

    def change(self, transno: int, *, committed: int = 0, status: int = 0, name: bytes = b"d") -> Request:
        """A mkdir that was answered."""
        request = self.ask(name)
        packet, _ = self.one()
        self.answer(packet, status, transno=transno, last_committed=committed, pre_versions=[transno, 0, 0, 0])
        return request

    def ask(self, name: bytes = b"d") -> Request:
        rec = "rec" if self.dialect.name == "1.8" else "rec_reint"
        cls = self.dialect.structs["mds_rec_create" if rec == "rec" else "mdt_rec_create"]
        buffers = {rec: cls(cr_opcode=self.k.REINT_CREATE), "name": name}
        request = self.made.request("MDS_REINT/CREATE", buffers=buffers, wants_replay=True)
        self.made.submit(request, self.now)
        return request

    def broken(self) -> None:
        """The server was restarted: a ping is answered with -ENOTCONN, the next connect is on its way."""
        self.made.ping(self.now)
        packet, _ = self.one()
        self.answer(packet, -errno.ENOTCONN, error=True)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.made.events]


#: C.3: previous, RECONNECT, RECOVERING, handle, import invalid -> next state, go on where it was.
TABLE = [
    (True, False, False, 5, False, S.FULL, False),
    (True, False, True, 5, False, S.REPLAY_LOCKS, False),
    (False, True, False, 0, False, S.DISCON, False),
    (False, True, True, 5, True, S.EVICTED, False),
    (False, True, False, 5, True, S.EVICTED, False),
    (False, True, False, 6, False, S.EVICTED, False),
    (False, True, True, 5, False, S.REPLAY, True),
    (False, True, True, 6, False, S.REPLAY, True),
    (False, True, False, 5, False, S.RECOVER, False),
    (False, False, True, 6, False, S.REPLAY, False),
    (False, False, True, 6, True, S.EVICTED, False),
    (False, False, False, 6, False, S.EVICTED, False),
]


@pytest.mark.parametrize("row", TABLE)
def test_the_connect_reply_table(row: tuple[Any, ...]) -> None:
    first, reconnect, recovering, handle, invalid, state, resume = row
    found = outcome(
        first=first,
        reconnect=reconnect,
        recovering=recovering,
        handle=handle,
        known_handle=5,
        invalid=invalid,
        delayed=False,
    )
    assert (found.state, found.resume) == (state, resume)


def test_a_delayed_client_of_1_8_replays_without_its_locks() -> None:
    found = outcome(first=False, reconnect=True, recovering=True, handle=5, known_handle=5, invalid=False, delayed=True)
    assert found == connect.Outcome(S.REPLAY, resume=True, skip_locks=True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_busy_tries_the_same_node_again_and_other_errors_the_next(dialect: str) -> None:
    for status, peer in (
        (-errno.EBUSY, SERVER),
        (-errno.EAGAIN, SERVER),
        (-errno.ENODEV, OTHER),
        (-errno.EALREADY, OTHER),
    ):
        p = Played(dialect, peers=[SERVER, OTHER])
        p.made.connect(0.0)
        packet, _ = p.one()
        assert packet.target == SERVER
        p.answer(packet, status, error=True)
        assert p.made.state is S.DISCON
        p.made.tick(p.made.next_try)
        assert p.one()[0].target == peer


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_answer_tries_the_next_node(dialect: str) -> None:
    p = Played(dialect, peers=[SERVER, OTHER])
    p.made.connect(0.0)
    p.sent()
    p.made.tick(timeouts.INITIAL_CONNECT_TIMEOUT + 2)
    p.made.tick(timeouts.INITIAL_CONNECT_TIMEOUT + 20)
    assert p.one()[0].target == OTHER


@pytest.mark.parametrize("dialect", DIALECTS)
def test_another_protocol_version_closes_the_import(dialect: str) -> None:
    p = Played(dialect)
    p.made.connect(0.0)
    waiting = p.ask()
    packet, _ = p.one()
    p.answer(
        packet,
        -errno.EPROTO,
        error=True,
        buffers={"connect_data": p.dialect.structs["obd_connect_data"](ocd_version=9)},
    )
    assert p.made.state is S.CLOSED and waiting.finished


@pytest.mark.parametrize("dialect", DIALECTS)
def test_R14_a_grant_beyond_what_was_asked_is_refused(dialect: str) -> None:
    p = Played(dialect)
    p.made.connect(0.0)
    p.accept(granted=p.made.config.flags | 1 << 60)
    assert p.made.state is S.DISCON and "granted more than asked" in p.kinds()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_R4_what_an_eviction_does_to_requests(dialect: str) -> None:
    p = Played(dialect).connected()
    done = p.change(11)
    under_way = p.ask()
    p.sent()
    p.made.lost(p.now)
    delayed = p.ask()
    hasty = p.made.request("OBD_PING", no_delay=True)
    p.made.submit(hasty, p.now)
    assert hasty.status == -errno.EWOULDBLOCK
    p.accept(handle=900)
    assert (under_way.status, delayed.status) == (-errno.EINTR, -errno.EINTR)
    assert p.made.state is S.FULL and not len(p.made.replay) and done.finished
    old = p.made.request("OBD_PING")
    old.generation = 0
    p.made.start(old, p.now)
    assert old.status == -errno.EIO


@pytest.mark.parametrize("dialect", DIALECTS)
def test_R6_a_last_committed_that_went_backwards_changes_nothing(dialect: str) -> None:
    p = Played(dialect).connected()
    p.change(11)
    p.change(12, committed=11)
    assert [r.transno for r in p.made.replay.requests()] == [12]
    p.broken()
    p.accept(p.k.MSG_CONNECT_RECOVERING, committed=5)
    packet, message = p.one()
    assert message.transno == 12
    p.answer(packet, transno=12, last_committed=4)
    assert p.made.replay.last_committed == 11 and len(p.made.replay) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_R7_another_transno_in_the_answer_to_a_replay_ends_in_eviction(dialect: str) -> None:
    for answered, evicted in ((0, False), (11, False), (99, True)):
        p = Played(dialect).connected()
        p.change(11)
        p.broken()
        p.accept(p.k.MSG_CONNECT_RECOVERING)
        packet, _ = p.one()
        p.answer(packet, transno=answered)
        if evicted:
            p.accept(p.k.MSG_CONNECT_RECOVERING)
            assert "evicted" in p.kinds()
        else:
            assert p.made.state is S.REPLAY_WAIT


@pytest.mark.parametrize("dialect", DIALECTS)
def test_R8_another_status_is_noted_and_replay_goes_on(dialect: str) -> None:
    p = Played(dialect).connected()
    p.change(11)
    p.change(12)
    p.broken()
    p.accept(p.k.MSG_CONNECT_RECOVERING)
    packet, _ = p.one()
    p.answer(packet, -errno.EEXIST, transno=11)
    assert "replay status" in p.kinds() and p.one()[1].transno == 12


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("status", [-errno.ENOTCONN, -errno.ENODEV])
def test_R8_only_a_lost_connection_starts_recovery_again(dialect: str, status: int) -> None:
    p = Played(dialect).connected()
    p.change(11)
    p.broken()
    p.accept(p.k.MSG_CONNECT_RECOVERING)
    packet, _ = p.one()
    p.answer(packet, status, error=True)
    assert p.made.state is S.CONNECTING and p.one()[1].name == "MDS_CONNECT"


def test_R10b_1_8_asks_again_under_a_new_number_when_told_to_wait() -> None:
    p = Played("1.8").connected()
    request = p.ask()
    numbers, gaps = [], []
    for _ in range(4):
        packet, _ = p.one()
        numbers.append(packet.match_bits)
        p.answer(packet, -errno.EINPROGRESS)
        assert p.sent() == []
        (again,) = [r.not_before for r in p.made.delayed]
        gaps.append(again - p.now)
        p.now = again
        p.made.tick(p.now)
    assert len(set(numbers)) == 4 and gaps == [1, 2, 3, 4] and not request.finished


def test_R10b_2_0_has_no_such_rule() -> None:
    p = Played("2.0").connected()
    request = p.ask()
    packet, _ = p.one()
    p.answer(packet, -errno.EINPROGRESS)
    assert request.status == -errno.EINPROGRESS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_L2_what_is_replayed_of_the_lock_table(dialect: str) -> None:
    """Failed and canceling locks are skipped, CANCEL_ON_BLOCK is dropped; 1.8.9 drops unused locks without OPEN too."""
    p = Played(dialect).connected()
    k, table = p.k, p.made.locks
    wanted = {}
    for number, (flags, users, bits) in enumerate(
        [
            (0, 1, 2),
            (0, 0, 2),
            (0, 0, 4),
            (k.LDLM_FL_FAILED, 1, 2),
            (k.LDLM_FL_CANCELING, 1, 2),
            (k.LDLM_FL_CANCEL_ON_BLOCK, 1, 2),
        ]
    ):
        lock = table.request(k.LDLM_IBITS, (number, 0, 0, 0), k.LCK_CR, Bits(bits))
        lock.granted, lock.remote, lock.flags, lock.users = lock.mode, 100 + number, flags, users
        wanted[lock.cookie] = number
    waiting = table.request(k.LDLM_IBITS, (9, 0, 0, 0), k.LCK_CR, Bits(2))
    waiting.remote = 109
    wanted[waiting.cookie] = 9
    p.broken()
    p.accept(k.MSG_CONNECT_RECOVERING)
    sent = [m for _, m in p.sent()]
    replayed = {wanted[m.buffers.dlm_req.lock_handle[0].cookie]: int(m.buffers.dlm_req.lock_flags) for m in sent}
    granted = k.LDLM_FL_REPLAY | k.LDLM_FL_BLOCK_GRANTED
    expected = {0: granted, 2: granted, 9: k.LDLM_FL_REPLAY | k.LDLM_FL_BLOCK_WAIT}
    assert replayed == (expected if dialect == "1.8" else {**expected, 1: granted})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_L3_there_is_room_for_an_lvb_in_the_answer(dialect: str) -> None:
    p = Played(dialect).connected()
    lock = p.made.locks.request(p.k.LDLM_IBITS, (1, 0, 0, 0), p.k.LCK_CR, Bits(4))
    lock.granted, lock.remote = lock.mode, 5
    p.broken()
    p.accept(p.k.MSG_CONNECT_RECOVERING)
    _, message = p.one()
    reply = lw.build(
        p.dialect,
        "LDLM_ENQUEUE",
        "reply",
        dlm_rep=p.dialect.structs["ldlm_reply"](),
        lvb=p.dialect.structs["ost_lvb"](),
    )
    assert message.header.lm_repsize >= len(lw.encode(reply))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_L6_a_failed_lock_replay_reconnects_and_keeps_the_lock(dialect: str) -> None:
    p = Played(dialect).connected()
    lock = p.made.locks.request(p.k.LDLM_IBITS, (1, 0, 0, 0), p.k.LCK_CR, Bits(4))
    lock.granted, lock.remote = lock.mode, 5
    p.broken()
    p.accept(p.k.MSG_CONNECT_RECOVERING)
    packet, _ = p.one()
    p.answer(packet, -errno.ENOMEM, error=True)
    assert p.made.state is S.CONNECTING and lock.cookie in p.made.locks.locks


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_ping_that_ends_replay(dialect: str) -> None:
    """C.4, recorded: 0xc1 from 1.8.9, 0xc0 from 2.0.0."""
    p = Played(dialect).connected()
    p.broken()
    p.accept(p.k.MSG_CONNECT_RECOVERING)
    packet, message = p.one()
    assert message.body.pb_flags == (0xC1 if dialect == "1.8" else 0xC0)
    p.answer(packet)
    assert p.made.state is S.FULL


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_early_reply_gives_more_time_and_a_broken_one_does_not(dialect: str) -> None:
    for broken in (False, True):
        p = Played(dialect).connected()
        request = p.ask()
        packet, message = p.one()
        first = request.deadline
        reply = lw.build(p.dialect, "OBD_PING", "reply")
        reply.body.pb_opc, reply.body.pb_timeout = message.opcode, 60
        body = lw.encode(reply)[40:192]
        whole = dialect == "2.0" and bool(message.header.lm_flags & 2)
        reply.header.lm_cksum = lustre_msg.early_reply_checksum(body, whole=whole) ^ int(broken)
        p.made.receive(Packet(PUT, SERVER, CLIENT, 10, packet.match_bits, 0, lw.encode(reply)), 1.0)
        assert (request.deadline > first) == (not broken)
        assert not request.finished


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_unanswered_request_is_sent_again_with_the_same_number(dialect: str) -> None:
    p = Played(dialect).connected()
    request = p.ask()
    packet, _ = p.one()
    p.now = request.deadline
    p.made.tick(p.now)
    p.accept(p.k.MSG_CONNECT_RECONNECT)
    again, message = p.one()
    assert again.match_bits == packet.match_bits
    assert message.body.pb_flags == p.k.MSG_RESENT and message.body.pb_conn_cnt == 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_pinger_asks_when_nothing_else_does(dialect: str) -> None:
    p = Played(dialect).connected()
    p.made.tick(timeouts.PING_INTERVAL + 0.1)
    assert p.one()[1].name == "OBD_PING"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_requests_of_one_lane_wait_for_each_other(dialect: str) -> None:
    p = Played(dialect).connected()
    for _ in range(2):
        p.made.submit(p.made.request("OBD_PING", lane="mdc"), 0.0)
    packet, _ = p.one()
    p.answer(packet)
    assert p.one()[0].match_bits == packet.match_bits + 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_garbage_instead_of_a_reply_is_noted_and_ignored(dialect: str) -> None:
    p = Played(dialect).connected()
    request = p.ask()
    packet, _ = p.one()
    for data in (b"", b"x" * 300, packet.data):
        p.made.receive(Packet(PUT, SERVER, CLIENT, 10, packet.match_bits, 192, data), 0.0)
    assert not request.finished and p.kinds().count("bad reply") == 3
