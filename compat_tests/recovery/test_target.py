"""The target against clients played by the test: connect answers in their order, the recovery window, duplicates."""

from __future__ import annotations

import errno
from typing import Any

import attrs
import pytest

import lustre_wire as lw
from lustre_wire import rpc
from lustre_wire.recovery import target as target_module
from lustre_wire.recovery import timeouts
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.recovery.store import Store
from lustre_wire.recovery.target import Handling, Target
from lustre_wire.recovery.window import Stage

DIALECTS = ["1.8", "2.0"]
both = pytest.mark.parametrize("dialect", DIALECTS)


class Counting:
    """A service that counts: every create changes something, everything else reads."""

    metadata, remembers = True, True

    def __init__(self, dialect: lw.Dialect) -> None:
        self.k = names(dialect)
        self.supported, self.supported2 = (1 << 63) - 1, 0
        self.target: Any = None
        self.done: list[tuple[bytes, int]] = []
        self.rebuilt: list[int] = []

    def handle(self, request: Incoming, now: float) -> Handling:
        self.done.append((request.export.uuid, request.message.transno))
        if request.message.opcode == self.k.MDS_REINT:
            transaction = self.target.begin(request)
            transaction.versions("create", parent="p", name=None, child=None)
            transaction.finish()
        return Answer(0)
        yield

    def reconstruct(self, request: Incoming, slot: Any, close: bool) -> Answer:
        self.rebuilt.append(request.xid)
        return Answer(0)

    def connected(self, export: Export, data: Any) -> None:
        """Nothing to add."""

    def dropped(self, export: Export) -> None:
        """Nothing to close."""

    def recovered(self) -> None:
        """Nothing to clean up."""


@attrs.define
class Client:
    """What a played client knows of itself."""

    uuid: bytes
    nid: int
    handle: int = 0
    conn_cnt: int = 0
    own: int = 40


class Played:
    """A target on a store, and what clients send to it."""

    def __init__(self, dialect: str) -> None:
        self.dialect = lw.dialect(dialect)
        self.k = names(self.dialect)
        self.store, self.now, self.boots = Store(), 0.0, 0
        self.xid = 1000
        self.start()

    def start(self) -> None:
        self.boots += 1
        self.service = Counting(self.dialect)
        self.target = Target(b"target", 1, self.dialect, self.store, self.service, self.boots, "MDS_CONNECT")
        self.service.target = self.target

    def crash(self) -> None:
        self.store.crash()
        self.start()

    def send(self, client: Client, message: rpc.Message, *, xid: int = 0, portal: int = 12, nid: int = 0) -> int:
        if not xid:
            self.xid += 1
            xid = self.xid
        message.body.pb_handle.cookie = client.handle
        message.body.pb_conn_cnt = client.conn_cnt
        message.body.pb_timeout = 10
        self.target.receive(Packet(PUT, nid or client.nid, 1, portal, xid, 0, lw.encode(message)), self.now)
        return xid

    def replies(self) -> dict[int, rpc.Message]:
        out, self.target.out = self.target.out, []
        return {p.match_bits: lw.decode(p.data, self.dialect) for p in out}

    def connect(
        self, client: Client, *, flags: int | None = None, op_flags: int = 0, transno: int = 0, **how: Any
    ) -> rpc.Message:
        """Connect; `how` changes the request: target, own (its handle), data (None to leave it out), nid, count."""
        client.conn_cnt = how.get("count", client.conn_cnt + 1)
        default = self.k.OBD_CONNECT_FID | self.k.OBD_CONNECT_VBR | self.k.OBD_CONNECT_IBITS
        data = self.dialect.structs["obd_connect_data"](
            ocd_connect_flags=default if flags is None else flags, ocd_transno=transno
        )
        message = lw.build(
            self.dialect, "MDS_CONNECT", target_uuid=how.get("target", b"target"), client_uuid=client.uuid,
            conn_handle=self.dialect.structs["lustre_handle"](cookie=how.get("own", client.own)),
            connect_data=how.get("data", data),
        )  # fmt: skip
        message.body.pb_op_flags = op_flags | (self.k.MSG_CONNECT_TRANSNO if transno else 0)
        held, client.handle = client.handle, client.handle
        xid = self.send(client, message, nid=how.get("nid", 0))
        reply = self.replies()[xid]
        client.handle = reply.body.pb_handle.cookie if reply.status == 0 else held
        return reply

    def status(self, client: Client, **how: Any) -> int:
        return self.connect(client, **how).status

    def create(self, transno: int = 0, flags: int = 0, versions: tuple[int, ...] = (0, 0, 0, 0)) -> rpc.Message:
        rec = "rec" if self.dialect.name == "1.8" else "rec_reint"
        cls = self.dialect.structs["mds_rec_create" if rec == "rec" else "mdt_rec_create"]
        message = lw.build(self.dialect, "MDS_REINT/CREATE", **{rec: cls(cr_opcode=self.k.REINT_CREATE), "name": b"d"})
        message.body.pb_transno, message.body.pb_flags = transno, flags
        message.body.pb_pre_versions = list(versions)
        return message

    def replay(self, transno: int) -> rpc.Message:
        absent = 1 if self.dialect.name == "2.0" else 0
        return self.create(transno, self.k.MSG_REPLAY, (0, absent, absent, 0))

    def ping(self, flags: int = 0) -> rpc.Message:
        message = lw.build(self.dialect, "OBD_PING")
        message.body.pb_flags = flags
        return message

    def done_ping(self) -> rpc.Message:
        return self.ping(0xC1 if self.dialect.name == "1.8" else 0xC0)

    def two(self) -> tuple[Client, Client]:
        """Two clients with a change each, not committed; then a crash."""
        a, b = Client(b"client a", 11), Client(b"client b", 12)
        for client in (a, b):
            assert self.status(client) == 0
        for client in (a, b):
            self.send(client, self.create())
        self.transnos = sorted(r.transno for r in self.replies().values())
        self.crash()
        a.handle = b.handle = 0
        return a, b


# -- connect, in the order of target_handle_connect


@both
def test_what_is_wrong_with_a_connect_itself(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    assert p.status(c, target=b"other") == -errno.EINVAL
    p.target.stopping = True
    assert p.status(c) == -errno.ENODEV
    p.target.stopping, p.target.accepting = False, False
    assert p.status(c) == -errno.EAGAIN
    p.target.accepting = True
    assert p.status(Client(b"", 11)) == -errno.EINVAL
    without = p.status(Client(b"bare", 11), data=None)
    assert without == (-errno.EPROTO if dialect == "2.0" else 0)
    assert p.status(c, op_flags=p.k.MSG_CONNECT_LIBCLIENT) == -errno.EPROTO


@both
def test_what_speaks_against_a_known_client(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    initial = p.k.MSG_CONNECT_INITIAL
    assert p.status(c, op_flags=initial) == 0
    assert p.status(c, op_flags=initial, nid=99) == -errno.EALREADY
    assert p.status(c, count=1) == -errno.EALREADY
    other = p.connect(c, own=41, count=9)
    assert other.status == -errno.EALREADY and other.body.pb_handle.cookie == 0
    c.conn_cnt = 1
    again = p.connect(c)
    assert again.status == 0 and again.body.pb_op_flags & p.k.MSG_CONNECT_RECONNECT
    assert p.status(c, count=2) == -errno.EALREADY


@both
def test_an_mds_that_connects_anew_replaces_its_old_connection(dialect: str) -> None:
    """O2: a new MDS export replaces the old."""
    p, c = Played(dialect), Client(b"mds", 11)
    flags = p.k.OBD_CONNECT_MDS | p.k.OBD_CONNECT_FID
    assert p.status(c, flags=flags, op_flags=p.k.MSG_CONNECT_INITIAL) == 0
    old = c.handle
    fresh = p.connect(c, flags=flags, op_flags=p.k.MSG_CONNECT_INITIAL, count=1, own=77)
    assert fresh.status == 0 and not fresh.body.pb_op_flags & p.k.MSG_CONNECT_RECONNECT and c.handle != old


def test_a_2_0_mdt_refuses_a_client_without_fids() -> None:
    p = Played("2.0")
    assert p.status(Client(b"old", 11), flags=p.k.OBD_CONNECT_VBR) == -errno.EBADE


@both
def test_requests_without_a_live_export_are_not_connected(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11, handle=12345, conn_cnt=1)
    xid = p.send(c, p.ping())
    reply = p.replies()[xid]
    assert reply.status == -errno.ENOTCONN and int(reply.body.pb_type) == p.k.PTL_RPC_MSG_ERR


@both
def test_requests_of_an_older_connection_are_dropped(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    p.connect(c)
    c.conn_cnt = 1
    p.send(c, p.ping())
    assert p.replies() == {}


# -- requests


def test_a_client_that_makes_several_changes_has_the_answer_to_each_remembered() -> None:
    """By its tag; without tags only the last is, and each that comes again takes its place."""
    for tags, rebuilt in (((1, 2), 2), ((0, 0), 0)):
        p, c = Played("2.17"), Client(b"client", 11)
        p.connect(c, flags=p.k.OBD_CONNECT_FID | p.k.OBD_CONNECT_MULTIMODRPCS)
        xids = []
        for tag in tags:
            message = p.create()
            message.body.pb_tag = tag
            xids.append(p.send(c, message))
        first = p.replies()
        p.connect(c, flags=p.k.OBD_CONNECT_FID | p.k.OBD_CONNECT_MULTIMODRPCS)
        for tag, xid in zip(tags, xids, strict=True):
            message = p.create(flags=p.k.MSG_RESENT)
            message.body.pb_tag = tag
            p.send(c, message, xid=xid)
        again = p.replies()
        assert len(p.service.rebuilt) == rebuilt and len(p.service.done) == 2 + 2 - rebuilt
        same = [again[xid].transno == first[xid].transno for xid in xids]
        assert same == [rebuilt == 2] * 2
        p.target.drop(p.target.exports[b"client"])
        assert list(p.store.items("reply")) == []


@both
def test_R24_a_resend_is_answered_from_the_slot(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    xid = p.send(c, p.create())
    first = p.replies()[xid]
    p.connect(c)
    p.send(c, p.create(flags=p.k.MSG_RESENT), xid=xid)
    again = p.replies()[xid]
    assert len(p.service.done) == 1 and p.service.rebuilt == [xid]
    assert (again.transno, again.body.pb_pre_versions) == (first.transno, first.body.pb_pre_versions)


@both
def test_R24_a_resend_is_answered_after_a_restart_too_when_it_was_committed(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    xid = p.send(c, p.create())
    transno = p.replies()[xid].transno
    p.target.commit()
    p.crash()
    p.connect(c)
    p.send(c, p.done_ping())
    p.replies()
    p.send(c, p.create(flags=p.k.MSG_RESENT), xid=xid)
    assert p.replies()[xid].transno == transno and p.service.done == []


@both
def test_R26_the_last_number_without_a_reason_is_refused(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    xid = p.send(c, p.create())
    p.replies()
    p.connect(c)
    p.send(c, p.create(), xid=xid)
    assert p.replies()[xid].status == -errno.ENOTCONN and len(p.service.done) == 1


@both
def test_a_packet_delivered_twice_is_one_request(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    xid = p.send(c, p.create())
    p.replies()
    p.send(c, p.create(), xid=xid)
    assert p.replies() == {} and len(p.service.done) == 1


@both
def test_transnos_of_a_new_start_lie_above_all_before(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    seen = []
    for _ in range(3):
        p.connect(c)
        p.send(c, p.done_ping())
        xid = p.send(c, p.create())
        seen.append(p.replies()[xid].transno)
        p.target.commit()
        p.crash()
    assert seen == sorted(seen) and len({t >> p.k.LR_EPOCH_BITS for t in seen}) == 3


# -- the window


@both
def test_new_clients_wait_while_known_ones_recover(dialect: str) -> None:
    p = Played(dialect)
    a, _ = p.two()
    assert p.status(Client(b"new", 13)) == -errno.EBUSY
    reply = p.connect(a, transno=p.transnos[0])
    assert reply.body.pb_op_flags == p.k.MSG_CONNECT_RECOVERING | p.k.MSG_CONNECT_REPLAYABLE


@both
def test_R18_what_is_no_replay_is_handled_at_once(dialect: str) -> None:
    p = Played(dialect)
    a, _ = p.two()
    p.connect(a, transno=p.transnos[0])
    xid = p.send(a, p.ping())
    assert p.replies()[xid].status == 0


def test_R18_in_2_0_the_done_flags_come_first() -> None:
    p = Played("2.0")
    a, _ = p.two()
    p.connect(a, transno=p.transnos[0])
    lock = lw.build(p.dialect, "LDLM_ENQUEUE", dlm_req=p.dialect.structs["ldlm_request"]())
    lock.body.pb_flags = p.k.MSG_REQ_REPLAY_DONE
    p.send(a, lock)
    p.send(a, p.done_ping())
    assert p.replies() == {}
    window = p.target.window
    assert window is not None and len(window.lock_queue) == len(window.final) == 1


@both
def test_R19_old_transnos_are_handled_at_once_in_1_8_and_in_their_stage_in_2_0(dialect: str) -> None:
    p = Played(dialect)
    c, d = Client(b"client a", 11), Client(b"client b", 12)
    p.connect(c)
    p.connect(d)
    p.send(c, p.create())
    p.replies()
    p.target.commit()
    old = p.target.last_committed
    p.crash()
    c.handle = d.handle = 0
    p.connect(c, transno=old)
    xid = p.send(c, p.replay(old))
    assert (xid in p.replies()) == bool(p.service.done) == (dialect == "1.8")
    p.connect(d)
    assert p.service.done == [(c.uuid, old)]


def test_R19a_a_replay_from_outside_recovery_is_not_connected() -> None:
    p = Played("2.0")
    a, b = p.two()
    p.connect(a, transno=p.transnos[0])
    p.connect(b, transno=p.transnos[1])
    assert p.target.window is not None
    p.target.window.expected.discard(a.uuid)
    xid = p.send(a, p.done_ping())
    assert p.replies()[xid].status == -errno.ENOTCONN


@both
def test_R20_a_transno_queued_already_is_dropped_without_an_answer(dialect: str) -> None:
    p = Played(dialect)
    a, _b = p.two()
    p.connect(a, transno=p.transnos[1])
    p.send(a, p.replay(p.transnos[1]), xid=1)
    p.connect(a, op_flags=0)
    p.send(a, p.replay(p.transnos[1]), xid=1)
    p.send(a, p.replay(p.transnos[1]), xid=2)
    assert p.replies() == {} and p.target.window is not None and len(p.target.window.queue) == 1


@both
def test_R21_order_is_that_of_transnos_and_gaps_wait_for_everybody(dialect: str) -> None:
    p = Played(dialect)
    a, b = p.two()
    p.connect(a, transno=p.transnos[0])
    p.connect(b, transno=p.transnos[1] + 5)
    late = p.send(b, p.replay(p.transnos[1] + 5))
    assert p.replies() == {}
    early = p.send(a, p.replay(p.transnos[0]))
    assert list(p.replies()) == [early]
    p.send(a, p.done_ping())
    assert late in p.replies()


@both
def test_R22_other_requests_are_told_to_come_again(dialect: str) -> None:
    p = Played(dialect)
    a, _ = p.two()
    p.connect(a, transno=p.transnos[0])
    xid = p.send(a, lw.build(p.dialect, "MDS_STATFS"))
    assert p.replies()[xid].status == -errno.EAGAIN


@both
def test_R23_when_recovery_ends(dialect: str) -> None:
    p = Played(dialect)
    a, b = p.two()
    p.connect(a, transno=p.transnos[0])
    replayed = p.send(a, p.replay(p.transnos[0]))
    answered = replayed in p.replies()
    assert answered == (dialect == "1.8")
    p.connect(b, transno=p.transnos[1])
    pings = [p.send(a, p.done_ping()), p.send(b, p.replay(p.transnos[1]))]
    assert pings[0] not in p.replies() and p.target.recovering
    last = p.send(b, p.done_ping())
    assert {pings[0], last} <= set(p.replies()) and not p.target.recovering


def test_R23a_what_an_evicted_client_queued_is_discarded() -> None:
    p = Played("2.0")
    a, b = p.two()
    p.connect(a, transno=p.transnos[0])
    p.send(a, p.replay(p.transnos[0]))
    p.target.evict(p.target.exports[a.uuid], p.now)
    p.connect(b, transno=p.transnos[1])
    xid = p.send(b, p.replay(p.transnos[1]))
    assert list(p.replies()) == [xid] and [u for u, _ in p.service.done] == [b.uuid]


def test_in_2_0_the_absent_go_when_the_window_ends() -> None:
    p = Played("2.0")
    a, b = p.two()
    p.connect(a, transno=p.transnos[0])
    p.now = timeouts.RECOVERY_SOFT + 1
    p.target.tick(p.now)
    assert b.uuid not in p.target.exports and p.target.window is not None
    assert p.target.window.stage is Stage.REQUESTS and p.target.window.versioned


def test_in_1_8_connected_clients_with_versions_get_another_window() -> None:
    p = Played("1.8")
    a, b = p.two()
    p.connect(a, transno=p.transnos[1])
    p.connect(b, flags=0, transno=p.transnos[0])
    p.now = timeouts.RECOVERY_SOFT + 1
    p.target.tick(p.now)
    assert a.uuid in p.target.exports and b.uuid not in p.target.exports and p.target.recovering
    xid = p.send(a, p.replay(p.transnos[1]))
    assert p.replies()[xid].body.pb_flags & p.k.MSG_VERSION_REPLAY
    p.now += timeouts.RECOVERY_SOFT + 1
    p.target.tick(p.now)
    assert a.uuid not in p.target.exports and not p.target.recovering


@both
def test_abort_recovery_evicts_the_unfinished_and_fails_what_is_queued(dialect: str) -> None:
    p = Played(dialect)
    a, _b = p.two()
    p.connect(a, transno=p.transnos[1])
    xid = p.send(a, p.replay(p.transnos[1]))
    p.target.abort_recovery(p.now)
    assert p.replies()[xid].status == -errno.ENOTCONN and not p.target.recovering and not p.target.exports
    new = Client(b"new", 13)
    assert p.status(new) == 0


@both
def test_queued_replays_get_early_replies(dialect: str) -> None:
    p = Played(dialect)
    a, _ = p.two()
    p.connect(a, transno=p.transnos[1])
    message = p.replay(p.transnos[1])
    message.header.lm_flags = p.k.MSGHDR_AT_SUPPORT
    xid = p.send(a, message)
    p.now = 6.0
    p.target.tick(p.now)
    (packet,) = p.target.out
    early = p.replies()[xid]
    assert packet.offset == 0 and early.header.lm_cksum and early.body.pb_timeout > 10


@both
def test_V1_V2_another_version_fails_the_replay_and_what_is_absent_has_one(dialect: str) -> None:
    p = Played(dialect)
    a, b = p.two()
    absent = 1 if dialect == "2.0" else 0
    p.connect(a, transno=p.transnos[0])
    p.connect(b, transno=p.transnos[1])
    good = p.send(a, p.create(p.transnos[0], p.k.MSG_REPLAY, (0, absent, absent, 0)))
    wrong = p.send(b, p.create(p.transnos[1], p.k.MSG_REPLAY, (99, absent, absent, 0)))
    found = p.replies()
    assert found[good].status == 0 and found[wrong].status == -errno.EOVERFLOW


@both
def test_V6_versions_are_not_compared_for_a_client_without_vbr(dialect: str) -> None:
    p = Played(dialect)
    a, b = p.two()
    p.connect(a, transno=p.transnos[0], flags=p.k.OBD_CONNECT_FID)
    p.connect(b, transno=p.transnos[1])
    xid = p.send(a, p.create(p.transnos[0], p.k.MSG_REPLAY, (99, 99, 99, 0)))
    assert p.replies()[xid].status == 0


@both
def test_the_done_ping_outside_recovery(dialect: str) -> None:
    """R17a: 1.8 answers LAST_REPLAY with -ENOTCONN when it does not recover, 2.0 answers normally."""
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    xid = p.send(c, p.done_ping())
    assert p.replies()[xid].status == (-errno.ENOTCONN if dialect == "1.8" else 0)


@both
def test_a_silent_client_is_evicted(dialect: str) -> None:
    p, c = Played(dialect), Client(b"client", 11)
    p.connect(c)
    p.target.tick(6 * timeouts.PING_INTERVAL - 1)
    assert c.uuid in p.target.exports
    p.target.tick(6 * timeouts.PING_INTERVAL + 1)
    assert c.uuid not in p.target.exports


@both
def test_the_head_decides_before_anything_else_is_read(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request over a connection that is gone may be of the other dialect: its buffers are nobody's business."""
    p, c = Played(dialect), Client(b"client", 11, handle=12345, conn_cnt=1)

    def read(*_: Any, **__: Any) -> Any:
        raise AssertionError("the whole message was read")

    with monkeypatch.context() as patch:
        patch.setattr(target_module.rpc, "decode", read)
        xid = p.send(c, p.create())
    portal = p.target.out[-1].portal
    assert p.replies()[xid].status == -errno.ENOTCONN
    assert portal == p.dialect.rpcs["MDS_REINT/CREATE"].reply_portal
