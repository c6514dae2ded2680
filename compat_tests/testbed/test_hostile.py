"""Peers that mean no good: each attack is tried, whoever passes a limit is told so, and everybody else is served."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from compat_tests.testbed.modes import READ, WRITE
from compat_tests.testbed.test_receiver_rules import asked, file_of, quota
from compat_tests.testbed.test_tcp import Served, greeted, put
from lustre_wire import rpc
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.ldlm import Extent, Flock, held
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.ldlm.policies import EOF
from lustre_wire.recovery.limits import Limits
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet, host
from lustre_wire.recovery.target import SILENCE, Target
from lustre_wire.testbed import operations as op
from lustre_wire.testbed import pages, tcp
from lustre_wire.testbed import quota as quota_rules
from lustre_wire.testbed.client.file_io import flock_resource
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import MDS_NID, MGS_NID, Simulated
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.testbed.tcp import Clock, TcpNode

DIALECTS = ["1.8", "2.0", "2.17"]
both = pytest.mark.parametrize("dialect", DIALECTS)


def limited(dialect: str, clients: int = 1, **limits: int) -> Simulated:
    """A file system whose targets keep no more than this."""
    fs = Simulated(dialect, clients=clients, mount=False)
    for server in fs.system.servers:
        fs.simulator.crash(server.nid)
        server.limits = Limits(**limits)
        fs.simulator.start(server.nid)
    for c in fs.clients:
        fs.do(c.mount(), c)
    return fs


def target(fs: Simulated) -> Target:
    assert fs.system.mds.target is not None
    return fs.system.mds.target


# -- who somebody is -----------------------------------------------------------------------------------------------


def connect(fs: Simulated, uuid: bytes, nid: int, xid: int, *, handle: int = 99, flags: int = 0) -> Packet:
    """A connect to the MDS, from wherever, in whoever's name."""
    d, mds = fs.system.dialect, fs.system.mds
    form, k = d.rpcs["MDS_CONNECT"], names(d)
    data = d.structs["obd_connect_data"](ocd_connect_flags=mds.service.supported, ocd_ibits_known=3)
    message = rpc.build(
        d, form.name, target_uuid=mds.uuid, client_uuid=uuid, conn_handle=d.structs["lustre_handle"](cookie=handle),
        connect_data=data,
    )  # fmt: skip
    message.body.pb_op_flags, message.body.pb_conn_cnt, message.body.pb_timeout = flags, 2, 50
    assert k.MSG_CONNECT_INITIAL is not None
    return Packet(PUT, nid, mds.nid, form.portal or 0, xid, 0, rpc.encode(message))


def answers(fs: Simulated) -> list[rpc.Message]:
    """What the MDS says to strangers; taken away."""
    out, target(fs).out = target(fs).out, []
    asked_ = connect(fs, b"x", 1, 1)
    request = rpc.decode(asked_.data, fs.system.dialect)
    return [rpc.decode(packet.data, fs.system.dialect, request=request) for packet in out if packet.portal == 10]


@both
@pytest.mark.parametrize("crashed", [False, True], ids=["connected", "recovering"])
def test_nobody_comes_back_as_somebody_else_from_elsewhere(dialect: str, crashed: bool) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    file_of(fs, "/f")
    if crashed:
        fs.simulator.crash(fs.system.mds.nid)
        fs.simulator.start(fs.system.mds.nid)
        fs.simulator.run(lambda: target(fs).accepting)
    cookie = next(e.cookie for e in target(fs).exports.values() if host(e.nid) == c.nid)
    for flags in (0, names(fs.system.dialect).MSG_CONNECT_INITIAL):
        target(fs).receive(connect(fs, c.uuid, c.nid + 5, 1 + flags, flags=flags), fs.simulator.now)
        (said,) = answers(fs)
        assert said.status == -errno.EALREADY and said.body.pb_handle.cookie in (0, cookie)
    fs.recovered()
    assert c.mdc is not None and not any(event.kind == "evicted" for event in c.mdc.events)
    fs.do(c.mkdir("/d"))


def test_a_name_for_a_peer_never_comes_round() -> None:
    async def made() -> list[int]:
        fs = Simulated("2.0", clients=0, mount=False)
        node = TcpNode(fs.system.mds, 1, Clock())
        return [node.alias(7) for _ in range(70_000)]

    found = asyncio.run(made())
    assert len(set(found)) == len(found) and {host(nid) for nid in found} == {7}


# -- how much a target keeps ---------------------------------------------------------------------------------------


@both
def test_strangers_fill_the_list_of_clients_and_no_more(dialect: str) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    target(fs).limits = Limits(clients=100)
    statuses = []
    for number in range(400):
        target(fs).receive(connect(fs, b"stranger %d" % number, 1000 + number, number), fs.simulator.now)
        statuses += [said.status for said in answers(fs)]
    assert set(statuses) == {0, -errno.EOVERFLOW} and len(target(fs).exports) == 100
    assert len(target(fs).last_rcvd.slots) == 100
    fs.do(c.mkdir("/d"), c)
    fs.simulator.settle(SILENCE + 60)
    assert len(target(fs).exports) == 1, "who is silent is forgotten"
    target(fs).receive(connect(fs, b"newcomer", 999, 5), fs.simulator.now)
    assert [said.status for said in answers(fs)] == [0]


@both
def test_an_mdt_takes_no_place_of_a_client_on_an_ost(dialect: str) -> None:
    fs = Simulated(dialect, clients=2, mount=False)
    for server in fs.system.servers:
        assert server.target is not None
        server.target.limits = Limits(clients=2)
    for c in fs.clients:
        fs.do(c.mount(), c)


@both
@pytest.mark.parametrize(
    ("limits", "steps", "status"),
    [
        ({"inodes": 40}, lambda fs, c, n: c.make(f"/{n}", 0o10644), errno.ENOSPC),
        ({"inodes": 40}, lambda fs, c, n: c.open(f"/{n}", names(fs.system.dialect).MDS_OPEN_CREAT), errno.ENOSPC),
        ({"entries": 40}, lambda fs, c, n: c.make(f"/{n}", 0o10644), errno.ENOSPC),
        ({"entries": 40}, lambda fs, c, n: c.link("/f", f"/{n}"), errno.ENOSPC),
        ({"xattrs": 1 << 14}, lambda fs, c, n: c.setxattr("/f", b"user.%d" % n, bytes(1000)), errno.ENOSPC),
        ({"opens": 40}, lambda fs, c, n: c.open("/f", READ), errno.EMFILE),
    ],
    ids=["inodes", "inodes by open", "entries", "entries by link", "xattrs", "opens"],
)
def test_what_one_client_makes_has_an_end(
    dialect: str, limits: dict[str, int], steps: Callable[..., Any], status: int
) -> None:
    fs = limited(dialect, clients=2, **limits)
    one, two = fs.clients
    fs.do(one.mkdir("/there"), one)
    file_of(fs, "/f")
    done = 0
    with pytest.raises(OperationFailed) as failure:
        for number in range(100):
            fs.do(steps(fs, one, number), one)
            done += 1
    assert -failure.value.status == status and done >= 14
    assert fs.do(two.getattr("/there"), two).nlink == 2
    fs.do(two.open("/f", READ), two)


@both
def test_the_locks_of_one_client_have_an_end(dialect: str) -> None:
    fs = limited(dialect, clients=2, locks_each=50)
    one, two = fs.clients
    k = names(fs.system.dialect)
    for file in (file_of(fs, "/f"), fs.do(two.open("/f", READ | WRITE), two)):
        assert file
    statuses = [refuse(fs, one, 2 * n, k) for n in range(80)]
    assert statuses[:40] == [0] * 40 and statuses[-1] == -errno.ENOMEM
    assert refuse(fs, two, 1001, k) == 0


def refuse(fs: Simulated, c: ClientNode, at: int, k: Any) -> int:
    """The status of a lock on one byte of a file."""
    resource = flock_resource(c.files[1].ident, fs.system.dialect)
    assert c.mdc is not None
    lock = c.mdc.locks.request(k.LDLM_FLOCK, resource, k.LCK_PW, Flock(at, at, 7))
    return int(
        asked(fs, c.mdc, op.Enqueue(dlm_req=request_of(fs.system.dialect, lock, 0, 0)), c, "LDLM_ENQUEUE").status
    )


@both
@pytest.mark.parametrize("limit", ["locks", "on_resource"])
def test_the_locks_of_all_clients_and_of_one_resource_have_an_end(dialect: str, limit: str) -> None:
    fs = limited(dialect, clients=2, **{limit: 50})
    one, two = fs.clients
    k = names(fs.system.dialect)

    def plain(c: ClientNode, number: int) -> int:
        assert c.mdc is not None
        resource = (77, number if limit == "locks" else 0, 0, 0)
        lock = c.mdc.locks.request(k.LDLM_PLAIN, resource, k.LCK_PR)
        request = request_of(fs.system.dialect, lock, 0, 1)
        return int(asked(fs, c.mdc, op.Enqueue(dlm_req=request), c, "LDLM_ENQUEUE").status)

    statuses = [plain(one, number) for number in range(80)]
    assert 40 <= statuses.count(0) <= 50 and set(statuses[50:]) == {-errno.ENOMEM}
    assert plain(two, 79) == -errno.ENOMEM
    if limit == "on_resource":
        fs.do(two.mkdir("/served"), two)
    fs.do(one.unmount(), one)
    assert plain(two, 80) == 0


@both
def test_a_queue_of_ranges_has_an_end_and_costs_nobody_else(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 waiting locks of one object stopped everybody for 45 s: each was compared with each."""
    fs = limited(dialect, clients=3, ranges_waiting=64)
    one, two, three = fs.clients
    file = file_of(fs, "/f")
    index, obj = one.files[file].objects[0]
    k, d = names(fs.system.dialect), fs.system.dialect
    fs.do(one.lock(one.oscs[index], k.LDLM_EXTENT, (obj, 0, 0, 0), k.LCK_GROUP, Extent(0, EOF, 1)), one)
    compared = 0
    real = held.conflict

    def conflict(*args: Any) -> bool:
        nonlocal compared
        compared += 1
        return real(*args)

    monkeypatch.setattr(held, "conflict", conflict)
    statuses = []
    for number in range(150):
        lock = two.oscs[index].locks.request(k.LDLM_EXTENT, (obj, 0, 0, 0), k.LCK_PW, Extent(number, number))
        request = request_of(d, lock, 0, 1)
        statuses.append(asked(fs, two.oscs[index], op.Enqueue(dlm_req=request), two, "LDLM_ENQUEUE").status)
    assert statuses.count(0) == 64 and statuses.count(-errno.ENOMEM) == 86
    before = compared
    space = fs.system.osts[0].target.namespace  # type: ignore[union-attr]
    first = next(lock for lock in space.locks.values() if lock.mode == k.LCK_GROUP)
    space.cancel(first.cookie)
    assert compared - before < 64 * 64 * 4
    file_of(fs, "/other", 2)
    fs.do(three.write(1, 0, b"served"), three)


@both
def test_requests_under_way_have_an_end(dialect: str) -> None:
    """Somebody holds a lock and does not give it back; another asks for what needs it, again and again."""
    fs = limited(dialect, clients=3, requests=30)
    one, two, three = fs.clients
    fs.do(one.mkdir("/d"), one)
    fs.do(one.getattr("/d"), one)
    portal = fs.system.dialect.rpcs["LDLM_BL_CALLBACK"].portal
    fs.simulator.lose = lambda packet: packet.portal == portal and packet.target == one.nid
    k = names(fs.system.dialect)
    assert two.mdc is not None
    ident = fs.do(two.resolve("/d"), two)
    two_lanes = [
        two.do(
            two.ask(two.mdc, op.SetAttr(ident=ident, valid=k.MDS_ATTR_MODE, mode=0o40700), lane=""), fs.simulator.now
        )
        for _ in range(50)
    ]
    fs.simulator.flush(two)
    fs.simulator.settle(5)
    busy = [task for task in two_lanes if task.done and task.result.status == -errno.EBUSY]
    assert len(busy) == 20
    fs.do(three.mkdir("/served"), three)
    fs.simulator.settle(120)
    assert all(task.done for task in two_lanes)


@both
def test_what_is_kept_to_undo_punches_has_an_end(dialect: str) -> None:
    fs = limited(dialect, undo=1 << 18)
    c = fs.clients[0]
    file = file_of(fs, "/f")
    store = fs.system.osts[0].store
    most = 0
    for _ in range(10):
        fs.do(c.truncate(file, 2 << 20), c)
        fs.do(c.truncate(file, 0), c)
        most = max(most, store.undo_bytes)
    assert most <= (2 << 20) + (1 << 18) and fs.simulator.now < 5, "nothing was committed by the clock"


@both
@pytest.mark.parametrize("what", ["a value", "a long list of names"])
def test_what_is_kept_to_undo_changes_of_large_objects_has_an_end(dialect: str, what: str) -> None:
    """Each change of a directory of 60,000 names leaves half a megabyte until it is on disk."""
    fs = limited(dialect, undo=1 << 18)
    c, store = fs.clients[0], fs.system.mds.store
    fs.do(c.mkdir("/d"))
    found, space = fs.do(c.resolve("/d")), fs.system.mds.service.mdt.space
    if what != "a value":
        folder = space.need(found)
        space.put(attrs.evolve(folder, entries=tuple(b"%d" % n for n in range(20_000))))
        target(fs).commit()
    began, most, left = fs.simulator.now, 0, 0
    for number in range(30):
        if what == "a value":
            fs.do(c.setxattr("/d", b"user.%d" % (number % 10), bytes(4000)))
        else:
            fs.do(c.make(f"/d/name{number}", 0o10644))
        most, left = max(most, store.undo_bytes), left + 30_000
    assert most < (1 << 19) < left and fs.simulator.now - began < 5, "nothing was committed by the clock"


@both
def test_a_directory_that_is_asked_for_again_is_not_gone_through_again(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs = Simulated(dialect)
    c, gone_through = fs.clients[0], list[str]()
    fs.do(c.mkdir("/d"))
    for number in range(60):
        fs.do(c.make(f"/d/{number:0200}", 0o10644))
    for name in ("listing", "directory_size"):
        real = getattr(pages, name)
        monkeypatch.setattr(pages, name, lambda *args, real=real, name=name: gone_through.append(name) or real(*args))
    for _ in range(3):
        assert len(fs.do(c.readdir("/d"))) == 62
    assert gone_through.count("listing") == 1 and gone_through.count("directory_size") <= 2


@both
def test_owners_with_limits_have_an_end(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_rules, "MAX_OWNERS", 30)
    fs = Simulated(dialect)
    c, k = fs.clients[0], names(fs.system.dialect)
    asks = [quota(fs, k.LUSTRE_Q_SETQUOTA, number, dqb_bhardlimit=9) for number in (*range(40), 5)]
    statuses = [asked(fs, c.mdc, each, c, "MDS_QUOTACTL").status for each in asks]
    assert statuses == [0] * 30 + [-errno.ENOSPC] * 10 + [0]


@both
def test_strangers_leave_nothing_behind(dialect: str) -> None:
    """Some come, open, lock and write, and are never heard of again; others come."""
    fs = Simulated(dialect)
    sizes = []
    for visit in range(8):
        for number in range(3):
            stranger = fs.system.client(10 + visit * 3 + number)
            fs.simulator.add(stranger)
            fs.do(stranger.mount(), stranger)
            k = names(fs.system.dialect)
            flags = k.MDS_OPEN_CREAT | READ | WRITE
            file = fs.do(stranger.open(f"/{number}", flags), stranger)
            fs.do(stranger.write(file, 0, bytes(5000)), stranger)
            fs.do(stranger.flock(file, "LCK_PW", 0, 9), stranger)
            fs.simulator.crash(stranger.nid)
        fs.simulator.settle(2 * SILENCE)
        fs.simulator.trace.packets.clear()
        sizes.append([kept(node.target, node.store) for node in fs.system.servers if node.target is not None])
    assert sizes[1:] == [sizes[1]] * 7
    fs.do(fs.clients[0].mkdir("/d"))


@both
def test_a_file_without_a_name_goes_with_its_last_client(dialect: str) -> None:
    """Its objects too, which the client can destroy no more."""
    fs = Simulated(dialect, clients=2, osts=2, stripes=2)
    one, two = fs.clients
    before = [ost.store.file_bytes for ost in fs.system.osts]
    file = file_of(fs, "/f")
    fs.do(one.write(file, 0, bytes(200_000)), one)
    fs.do(two.unlink("/f"), two)
    assert sum(ost.store.file_bytes for ost in fs.system.osts) > sum(before) + 100_000
    fs.simulator.crash(one.nid)
    fs.simulator.settle(2 * SILENCE)
    after = [ost.store.file_bytes for ost in fs.system.osts]
    assert max(after) < 20_000, "last_rcvd is all there is"


def kept(t: Target, store: Any) -> tuple[int, ...]:
    files = sum(len(export.files) + len(export.active) for export in t.exports.values())
    return (
        len(t.exports), len(t.by_cookie), files, len(t.namespace.locks), len(t.namespace.resources),
        len(t.callbacks.pending), len(t.last_rcvd.slots), len(store._values), store.file_bytes,
    )  # fmt: skip


# -- connections ---------------------------------------------------------------------------------------------------


def test_idle_connections_lock_no_newcomer_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 40)

    async def attack() -> None:
        async with Served("2.0") as served:
            idle = []
            for _ in range(200):
                reader, writer = await served.stranger(MDS_NID)
                writer.write(greeted(MDS_NID))
                idle.append((reader, writer))
            await asyncio.sleep(0.05)
            assert len(served.system.servers[MDS_NID].connections) <= 40
            await served.works()
            other = await served.system.client(1)
            node: ClientNode = other.node  # type: ignore[assignment]
            task = await served.system.do(other, node.mount())
            assert task.error is None and node.mdc is not None and node.mdc.state is ImportState.FULL
            for _, writer in idle:
                writer.close()

    asyncio.run(attack())


def test_halves_of_messages_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_HALF_READ", 1 << 20)

    async def attack() -> None:
        async with Served("2.0") as served:
            half = put(MGS_NID, 26, bytes(1 << 20), 1)[: 300 << 10]
            open_ones = [await served.stranger(MGS_NID) for _ in range(20)]
            node = served.system.servers[MGS_NID]
            for _, writer in open_ones:
                writer.write(greeted(MGS_NID) + half)
                await asyncio.sleep(0.01)
                assert node.half_read <= (1 << 20) + (1 << 18)
            await served.works()
            for _, writer in open_ones:
                writer.close()
            await asyncio.sleep(0.05)
            assert node.half_read == 0

    asyncio.run(attack())


class Unread:
    """A transport whose peer reads nothing."""

    def __init__(self) -> None:
        self.waiting, self.aborted = 0, False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.aborted

    def write(self, data: bytes) -> None:
        self.waiting += len(data)

    def abort(self) -> None:
        self.waiting, self.aborted = 0, True


def test_what_a_peer_does_not_read_has_an_end_for_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_UNSENT", 1 << 20)

    async def attack() -> None:
        fs = Simulated("2.0", clients=0, mount=False)
        node = TcpNode(fs.system.mds, 1, Clock())
        peers = [tcp.Connection(node) for _ in range(30)]
        for number, peer in enumerate(peers):
            transport: Any = Unread()
            peer.transport, peer._socklnd = transport, tcp.SocklndConnection(MDS_NID)
            peer._socklnd.feed(greeted(MDS_NID))
            node.connections[peer] = None
            for _ in range(1 + number % 7):
                peer.send(Packet(PUT, MDS_NID, 7, 10, 1, 0, bytes(100_000)))
                assert sum(c.unsent for c in node.connections) < 2 << 20
        gone = [peer for peer in peers if peer.transport.aborted]  # type: ignore[union-attr]
        assert gone and len(gone) + len(node.connections) == 30
        for peer in peers:
            peer.ready.cancel()

    asyncio.run(attack())


@pytest.mark.parametrize("reads", [False, True], ids=["reads nothing", "acknowledges nothing"])
def test_what_one_peer_leaves_unread_or_unacknowledged_has_an_end(reads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_BACKLOG", 1 << 20)
    monkeypatch.setattr(tcp, "MAX_UNACKNOWLEDGED", 20)

    async def attack() -> None:
        fs = Simulated("2.0", clients=0, mount=False)
        node = TcpNode(fs.system.mds, 1, Clock())
        peer, transport = tcp.Connection(node), Unread()
        peer.transport, peer._socklnd = transport, tcp.SocklndConnection(MDS_NID)  # type: ignore[assignment]
        peer._socklnd.feed(greeted(MDS_NID))
        node.connections[peer] = None
        sent = 0
        while not transport.aborted and sent < 100:
            peer.send(Packet(PUT, MDS_NID, 7, 10, 1, 0, bytes(100_000)))
            sent += 1
            transport.waiting = 0 if reads else transport.waiting
        assert transport.aborted and (sent == 22 if reads else 11 <= sent <= 13)
        peer.ready.cancel()

    asyncio.run(attack())


def test_who_does_not_say_who_he_is_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "HANDSHAKE_TIMEOUT", 0.1)

    async def attack() -> None:
        async with Served("2.0") as served:
            silent = [await served.stranger(MGS_NID) for _ in range(5)]
            before = len(served.system.servers[MGS_NID].connections)
            for reader, writer in silent:
                async with asyncio.timeout(10):
                    assert await reader.read() == b""
                writer.close()
            assert before - len(served.system.servers[MGS_NID].connections) == 5
            await served.works()

    asyncio.run(attack())


def test_limits_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testbed.md").read_text()
    for number in (f"{tcp.MAX_CONNECTIONS:,} connections", f"{tcp.MAX_UNACKNOWLEDGED:,} messages", "in 10 s", "8 MiB"):
        assert number in page
    assert (tcp.HANDSHAKE_TIMEOUT, tcp.MAX_BACKLOG) == (10.0, 8 << 20)
    assert tcp.MAX_UNSENT == tcp.MAX_HALF_READ == 64 << 20 and "64 MiB wait for all peers together" in page
    for field in attrs.fields(Limits):
        assert f"`{field.name}` | {field.default:,} |" in page
