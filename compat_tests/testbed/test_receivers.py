"""What Lustre's own receivers need of an answer, and what they check: read in the bytes, not with our own client."""

from __future__ import annotations

import asyncio
import errno
import itertools
import stat
from collections import Counter
from typing import Any

import attrs
import pytest

import lustre_wire as lw
from compat_tests.ports import free_port
from compat_tests.testbed.modes import READ, WRITE
from lustre_wire import rpc
from lustre_wire.dialects import dialect as named
from lustre_wire.engines import record
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Bits, Flock
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Handles, Packet
from lustre_wire.testbed import layouts, pages
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.file_io import flock_resource
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.testbed.tcp_system import TcpSystem
from lustre_wire.testbed.trace import Exchange

DIALECTS = ["1.8", "2.0"]
both = pytest.mark.parametrize("dialect", DIALECTS)


def created(fs: Simulated, path: str, number: int = 0) -> int:
    c, k = fs.clients[number], names(fs.system.dialect)
    return int(fs.do(c.open(path, k.MDS_OPEN_CREAT | READ | WRITE), c))


def replies(fs: Simulated, name: str) -> list[Exchange]:
    return [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == name and not e.is_request]


def asked(fs: Simulated, owner: Import, operation: op.Operation, c: ClientNode, name: str = "") -> Any:
    return fs.do(c.ask(owner, operation, name), c)


# -- numbers in the status -----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("offset", "length", "there"), [(0, 4096, 4096), (4096, 4096, 904), (8192, 4096, 0)])
def test_the_status_of_a_read_is_the_number_of_bytes(dialect: str, offset: int, length: int, there: int) -> None:
    fs = Simulated(dialect)
    c, data = fs.clients[0], bytes(2000) + b"x" * 3000
    file = created(fs, "/f")
    fs.do(c.write(file, 2000, data[2000:]))  # what is before is a hole
    obj = c.files[file].objects[0]
    fs.simulator.trace.packets.clear()
    assert (
        fs.do(c._transfer(op.ObjectRead, c.files[file], obj, offset, length))
        == data[offset:].ljust(length, b"\0")[:length]
    )
    (reply,) = replies(fs, "OST_READ")
    portal = reply.request.format.bulk_portal  # type: ignore[union-attr]
    (bulk,) = [s.packet.data for s in fs.simulator.trace.packets if s.packet.portal == portal]
    assert reply.message.status == len(bulk) == there and bulk == data[offset : offset + length]


@both
@pytest.mark.parametrize("wrong", [-1, 1, 1 << 20])
def test_a_client_takes_no_other_status_for_a_read(dialect: str, wrong: int) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    file = created(fs, "/f")
    fs.do(c.write(file, 0, b"hello"))
    altered(fs, "OST_READ", lambda body: body.pb_status + wrong)
    with pytest.raises(OperationFailed, match="EPROTO"):
        fs.do(c.read(file, 0, 5))


@both
def test_a_client_takes_no_status_above_0_for_a_write(dialect: str) -> None:
    fs = Simulated(dialect)
    file = created(fs, "/f")
    altered(fs, "OST_WRITE", lambda body: 5)
    with pytest.raises(OperationFailed, match="EPROTO"):
        fs.do(fs.clients[0].write(file, 0, b"hello"))


def altered(fs: Simulated, name: str, status: Any) -> None:
    """From now on the answers to an operation have another status."""
    d = fs.system.dialect
    form = d.rpcs[name]
    opened: dict[int, rpc.Message] = {}

    def alter(packet: Packet) -> Packet:
        if not packet.data or packet.kind != "PUT":
            return packet
        if packet.portal == form.portal:
            opened[packet.match_bits] = rpc.decode(packet.data, d)
        asked = opened.get(packet.match_bits)
        if asked is None or asked.name != name or packet.portal != form.reply_portal:
            return packet
        message = rpc.decode(packet.data, d, request=asked)
        message.body.pb_status = status(message.body)
        return attrs.evolve(packet, data=rpc.encode(message))

    fs.simulator.alter = alter


@both
def test_a_cancel_of_no_lock_of_the_client_s_is_answered_with_a_positive_estale(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    c, other = fs.clients
    assert c.mdc is not None and other.mdc is not None
    fs.do(c.mkdir("/d"))
    fs.do(c.getattr("/d"))
    held = next(lock for lock in c.mdc.locks.locks.values() if lock.granted)
    space = fs.system.mds.target.namespace  # type: ignore[union-attr]
    for cookie in (12345, held.remote):
        assert asked(fs, other.mdc, op.Cancel(cancels=(cookie,)), other).status == errno.ESTALE
        assert held.remote in space.locks
    assert asked(fs, c.mdc, op.Cancel(cancels=(held.remote,)), c).status == 0
    assert held.remote not in space.locks


# -- directories ---------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("entries", [0, 1, 18, 19, 60])
def test_a_directory_has_a_size_in_whole_pages_and_every_page_is_whole(dialect: str, entries: int) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    fs.do(c.mkdir("/d"))
    for number in range(entries):
        fs.do(c.make(f"/d/{number:0200}", stat.S_IFIFO))
    seen = fs.do(c.getattr("/d"))
    assert seen.size >= 4096 and seen.size % 4096 == 0 and seen.blocks == seen.size // 512 and seen.nlink == 2
    assert len(fs.do(c.readdir("/d"))) == entries + 2
    pack = packer(fs.system.dialect)
    for reply in replies(fs, "MDS_READPAGE"):
        assert pack.result(pack.form(op.ReadPage()), reply.message).size == seen.size
    portal = fs.system.dialect.rpcs["MDS_READPAGE"].bulk_portal
    sizes = {len(s.packet.data) for s in fs.simulator.trace.packets if s.packet.portal == portal}
    assert sizes == {4096}
    if dialect == "1.8":
        space = fs.system.mds.service.mdt.space
        folder = space.need_dir(fs.do(c.resolve("/d")))
        assert pages.blocks(fs.system.dialect, space, folder, 0, 4096)[1] == seen.size


@both
def test_a_client_lists_nothing_of_a_directory_without_a_size(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "directory_size", lambda _: 0)
    fs = Simulated(dialect)
    assert fs.do(fs.clients[0].readdir("/")) == []


# -- locks ---------------------------------------------------------------------------------------------------------


def getlk(fs: Simulated, c: ClientNode, file: int, mode: str, policy: Flock, flags: int) -> tuple[int, Any]:
    """Ask for a FLOCK as F_GETLK does: status, and the `ldlm_reply`."""
    assert c.mdc is not None
    k = names(fs.system.dialect)
    resource = flock_resource(c.files[file].ident, fs.system.dialect)
    lock = c.mdc.locks.request(k.LDLM_FLOCK, resource, getattr(k, mode), policy)
    request = asked(fs, c.mdc, op.Enqueue(dlm_req=request_of(fs.system.dialect, lock, flags, 0)), c, "LDLM_ENQUEUE")
    return request.status, request.reply.buffers.dlm_rep if request.status == 0 else None


@both
def test_f_getlk_names_the_lock_in_the_way_and_takes_none(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    one, two = fs.clients
    k = names(fs.system.dialect)
    file, same = created(fs, "/f"), fs.do(two.open("/f", READ), two) if created(fs, "/f", 1) else 0
    fs.do(one.flock(file, "LCK_PW", 0, 99, pid=77), one)
    status, reply = getlk(fs, two, same, "LCK_PR", Flock(50, 149, 88), k.LDLM_FL_TEST_LOCK)
    assert status == 0 and reply.lock_flags == k.LDLM_FL_TEST_LOCK | k.LDLM_FL_LOCK_CHANGED
    found = reply.lock_desc.l_policy_data.l_flock
    assert (reply.lock_desc.l_req_mode, found.start, found.end, found.pid) == (k.LCK_PW, 0, 99, 77)
    status, reply = getlk(fs, two, same, "LCK_PR", Flock(100, 149, 88), k.LDLM_FL_TEST_LOCK)
    assert reply.lock_desc.l_req_mode == k.LCK_NL
    assert reply.lock_flags == k.LDLM_FL_TEST_LOCK | k.LDLM_FL_LOCK_CHANGED
    status, reply = getlk(fs, two, same, "LCK_PR", Flock(0, 9, 88), k.LDLM_FL_TEST_LOCK | k.LDLM_FL_BLOCK_NOWAIT)
    assert status == -errno.EAGAIN
    held = [lock for lock in fs.system.mds.target.namespace.locks.values() if lock.type == k.LDLM_FLOCK]  # type: ignore[union-attr]
    assert [lock.policy for lock in held] == [Flock(0, 99, 77)]


def enqueue_directory(fs: Simulated, c: ClientNode, flags: int) -> Any:
    """A lock on the root's entries, as liblustre asks for it; the client's lock and the `ldlm_reply`."""
    assert c.mdc is not None
    k = names(fs.system.dialect)
    lock = c.mdc.locks.request(k.LDLM_IBITS, (*c.root[:2], 0, 0), k.LCK_CR, Bits(k.MDS_INODELOCK_UPDATE))
    body = request_of(fs.system.dialect, lock, flags, 0)
    reply = asked(fs, c.mdc, op.Enqueue(dlm_req=body), c, "LDLM_ENQUEUE").reply.buffers.dlm_rep
    c.mdc.locks.answered(lock, fs.system.dialect, reply, 0)
    return lock, reply


@both
def test_a_lock_to_be_cancelled_on_block_is_taken_away_at_once(dialect: str) -> None:
    """Its holder may sleep for as long as it likes: liblustre answers nothing between two calls of its user."""
    fs = Simulated(dialect, clients=2)
    sleeper, other = fs.clients
    k = names(fs.system.dialect)
    lock, reply = enqueue_directory(fs, sleeper, k.LDLM_FL_CANCEL_ON_BLOCK)
    assert reply.lock_flags == k.LDLM_FL_CANCEL_ON_BLOCK
    fs.simulator.partition(sleeper.nid, fs.system.mds.nid)
    began = fs.simulator.now
    fs.do(other.mkdir("/d"), other)
    assert fs.simulator.now - began < 1
    assert lock.remote not in fs.system.mds.target.namespace.locks  # type: ignore[union-attr]
    sent = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "LDLM_BL_CALLBACK" and e.is_request]
    assert [e.message.buffers.dlm_req.lock_handle[0].cookie for e in sent] == [lock.cookie]
    fs.simulator.heal()
    fs.simulator.settle(200)
    assert sum(e.kind == "evicted" for e in fs.system.mds.events) == 0


@both
def test_a_client_told_of_such_a_lock_cancels_nothing(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    holder, other = fs.clients
    lock, _ = enqueue_directory(fs, holder, names(fs.system.dialect).LDLM_FL_CANCEL_ON_BLOCK)
    holder.release(holder.mdc, lock)  # type: ignore[arg-type]
    fs.do(other.mkdir("/d"), other)
    fs.simulator.settle(5)
    assert lock.cookie not in holder.mdc.locks.locks  # type: ignore[union-attr]
    asked_by = Counter(e.client for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "LDLM_CANCEL")
    assert asked_by[holder.nid] == 0


@both
def test_the_flags_of_a_request_come_back(dialect: str) -> None:
    fs = Simulated(dialect)
    k = names(fs.system.dialect)
    lock, reply = enqueue_directory(fs, fs.clients[0], k.LDLM_FL_NO_TIMEOUT)
    assert reply.lock_flags == k.LDLM_FL_NO_TIMEOUT
    c = fs.clients[0]
    c.release(c.mdc, lock)  # type: ignore[arg-type]
    fs.do(c.mkdir("/d"))
    fs.do(c.getattr("/d"))
    last = replies(fs, "LDLM_ENQUEUE/INTENT_GETATTR")[-1].message.buffers.dlm_rep
    assert last.lock_flags == k.LDLM_FL_HAS_INTENT | k.LDLM_FL_LOCK_CHANGED


@both
def test_a_lookup_gets_no_lock_on_the_attributes(dialect: str) -> None:
    fs = Simulated(dialect)
    k, c = names(fs.system.dialect), fs.clients[0]
    fs.do(c.mkdir("/d"))
    fs.do(c.lookup(c.root, b"d"))
    reply = replies(fs, "LDLM_ENQUEUE/INTENT_LOOKUP")[-1].message.buffers.dlm_rep
    assert reply.lock_desc.l_policy_data.l_inodebits.bits == k.MDS_INODELOCK_LOOKUP


@both
@pytest.mark.parametrize(("kind", "mode"), [(9, 16), (14, 16), (13, 0), (13, 3), (13, 1 << 20)])
def test_a_lock_of_no_kind_or_mode_is_refused(dialect: str, kind: int, mode: int) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    assert c.mdc is not None
    lock = c.mdc.locks.request(kind, (1, 2, 0, 0), mode)
    request = asked(fs, c.mdc, op.Enqueue(dlm_req=request_of(fs.system.dialect, lock, 0, 0)), c, "LDLM_ENQUEUE")
    assert request.status == -errno.EFAULT


# -- connections ---------------------------------------------------------------------------------------------------


@both
def test_each_kind_of_target_grants_what_its_release_grants_there(dialect: str) -> None:
    fs = Simulated(dialect)
    k, c = names(fs.system.dialect), fs.clients[0]
    everything = (1 << 64) - 1
    supported = {
        "MGS_CONNECT": (fs.system.mgs, k.MGS_CONNECT_SUPPORTED),
        "OST_CONNECT": (fs.system.osts[0], k.OST_CONNECT_SUPPORTED),
        "MDS_CONNECT": (fs.system.mds, k.MDS_CONNECT_SUPPORTED if dialect == "1.8" else k.MDT_CONNECT_SUPPORTED),
    }
    for name, (node, mask) in supported.items():
        owner = next(i for i in c.imports() if i.config.connect == name)
        owner.config.flags = everything
        fs.restart(node)
        fs.simulator.settle(60)
        last = replies(fs, name)[-1].message.buffers.connect_data
        assert last.ocd_connect_flags and not last.ocd_connect_flags & ~mask, name
        if name == "MGS_CONNECT":
            assert last.ocd_connect_flags == mask


@both
def test_who_may_size_its_lru_is_told_by_what(dialect: str) -> None:
    """ldlm/ldlm_request.c: ldlm_cli_update_pool complains of a volume or a limit of 0."""
    fs = Simulated(dialect)
    fs.do(fs.clients[0].mkdir("/d"))
    for name, resizes in (("MDS_REINT/CREATE", True), ("LLOG_ORIGIN_HANDLE_NEXT_BLOCK", False)):
        body = replies(fs, name)[-1].message.body
        assert bool(body.pb_limit) == bool(body.pb_slv) == resizes, name


@both
def test_a_handle_is_good_for_its_owner_only(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    owner, thief = fs.clients
    assert owner.mdc is not None and thief.mdc is not None
    file = created(fs, "/f")
    stolen = owner.files[file].handle
    assert asked(fs, thief.mdc, op.Close(ident=owner.files[file].ident, handle=stolen), thief).status == -errno.ESTALE
    victim = fs.system.mds.target.exports[owner.uuid]  # type: ignore[union-attr]
    heard, before = victim.heard, fs.simulator.now
    message = packer(fs.system.dialect).request(op.GetAttr(ident=owner.root))
    request = thief.mdc.wrap(message)

    def as_if(packet: Packet) -> Packet:
        if packet.source != thief.nid or packet.target != fs.system.mds.nid or packet.match_bits != request.xid:
            return packet
        forged = rpc.decode(packet.data, fs.system.dialect)
        forged.body.pb_handle.cookie = victim.cookie
        return attrs.evolve(packet, data=rpc.encode(forged))

    fs.simulator.alter = as_if
    task = fs.start(thief.call(thief.mdc, request), thief)
    fs.simulator.settle(1)
    fs.simulator.alter = None
    answers = [e.message.status for e in replies(fs, "MDS_GETATTR")]
    assert answers[:1] == [-errno.ENOTCONN] and victim.heard == heard <= before
    fs.simulator.run(lambda: task.done)
    fs.do(owner.close(file), owner)


def test_one_handle_says_nothing_of_the_next() -> None:
    handles = Handles(7)
    seen = [handles.new() for _ in range(2000)]
    again = Handles(7)
    assert seen == [again.new() for _ in range(2000)] and seen != [Handles(8).new() for _ in range(2000)]
    assert len(set(seen)) == len(seen) and all(0 < cookie < 1 << 64 for cookie in seen)
    steps = Counter((b - a) & (1 << 64) - 1 for a, b in itertools.pairwise(seen))
    assert steps.most_common(1)[0][1] == 1
    for bit in range(64):
        assert 800 < sum(cookie >> bit & 1 for cookie in seen) < 1200


@both
def test_a_replay_to_a_target_that_does_not_recover_is_refused(dialect: str) -> None:
    fs = Simulated(dialect)
    c, k = fs.clients[0], names(fs.system.dialect)
    assert c.mdc is not None
    target = fs.system.mds.target
    assert target is not None
    last = target.last_transno
    for transno in (1, last, last + 1, 1 << 62):
        message = packer(fs.system.dialect).request(op.SetAttr(ident=c.root, valid=k.MDS_ATTR_MODE, mode=0o700))
        message.body.pb_transno = transno
        message.body.pb_flags |= k.MSG_REPLAY
        portal = fs.system.dialect.rpcs["MDS_REINT/SETATTR"].portal or 0
        raw = Packet("PUT", c.nid, fs.system.mds.nid, portal, 4711 + transno)
        message.body.pb_handle.cookie = target.exports[c.uuid].cookie
        message.body.pb_conn_cnt, message.body.pb_timeout = target.exports[c.uuid].conn_cnt, 100
        target.receive(attrs.evolve(raw, data=rpc.encode(message)), fs.simulator.now)
        (answer,) = target.out
        target.out = []
        assert rpc.decode(answer.data, fs.system.dialect, request=message).status == -errno.ENOTCONN
        assert target.last_transno == last
    assert fs.do(c.getattr("/")).mode == stat.S_IFDIR | 0o755


# -- faults --------------------------------------------------------------------------------------------------------


class Fault(Exception):
    """What no handler is meant to raise."""


@both
def test_a_fault_in_a_handler_is_seen_and_stops_nobody(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    one, two = fs.clients
    service = fs.system.mds.service
    right = service.handlers[op.Create]

    def wrong(form: Any, asked: Any, request: Any) -> Any:
        answer = yield from right(form, asked, request)
        service.mdt.space.store.set("half done", True)
        raise Fault(answer.status)

    service.handlers[op.Create] = wrong
    task = fs.start(one.mkdir("/d"), one)
    with pytest.raises(Fault):
        fs.simulator.run(lambda: task.done)
    service.handlers[op.Create] = right
    fs.simulator.run(lambda: task.done, limit=5)
    assert isinstance(task.error, OperationFailed) and task.error.status == -errno.EIO
    assert "half done" not in service.mdt.space.store and fs.do(two.readdir("/"), two) == [b".", b".."]
    fs.do(two.mkdir("/d"), two)
    fs.do(one.rmdir("/d"), one)


@both
def test_an_evicted_client_s_handler_lets_go_of_what_it_locked(dialect: str) -> None:
    fs = Simulated(dialect, clients=3)
    k = names(fs.system.dialect)
    holder, waiter, other = fs.clients
    fs.do(holder.mkdir("/a"), holder)
    fs.do(holder.getattr("/a"), holder)
    fs.simulator.partition(holder.nid, fs.system.mds.nid)
    fs.start(waiter.rmdir("/a"), waiter)
    fs.simulator.settle(2)
    target = fs.system.mds.target
    assert target is not None
    locked = [lock for lock in target.namespace.locks.values() if lock.owner is None]
    assert locked and all(lock.mode == k.LCK_EX for lock in locked)
    target.evict(target.exports[waiter.uuid], fs.simulator.now)
    assert not [lock for lock in target.namespace.locks.values() if lock.owner is None]
    fs.simulator.partition(waiter.nid, fs.system.mds.nid)
    fs.do(other.mkdir("/b"), other)


# -- what is kept --------------------------------------------------------------------------------------------------


@both
def test_what_is_served_keeps_nothing_of_what_went_by(dialect: str) -> None:
    async def visit() -> tuple[TcpSystem, list[int]]:
        system = TcpSystem(lw.dialect(dialect), free_port(), speed=20.0, keep=False)
        await system.start()
        client = await system.client()
        node, k, sizes = client.node, names(named(dialect)), []
        assert isinstance(node, ClientNode)

        def work() -> Any:
            for name in ("/f", "/g", "/h"):
                file = yield from node.open(name, k.MDS_OPEN_CREAT | WRITE | READ)
                yield from node.write(file, 0, bytes(5000))
                yield from node.close(file)
                yield from node.mkdir("/d")
                yield from node.rename(name, "/d/f")
                yield from node.unlink("/d/f")
                yield from node.rmdir("/d")

        await system.do(client, node.mount())
        for _ in range(3):
            await system.do(client, work())
            sizes.append(len(system.system.mds.store._values))
        await system.stop()
        return system, sizes

    system, sizes = asyncio.run(visit())
    assert sizes[0] == sizes[1] == sizes[2]
    assert system.trace.packets == [] and all(server.events == [] for server in system.system.servers)


# -- callbacks -----------------------------------------------------------------------------------------------------

EVERY = pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])


def shared(dialect: str) -> tuple[Simulated, tuple[int, int]]:
    """A file of which the second client has a lock, and its object."""
    fs = Simulated(dialect, clients=2)
    one, other = fs.clients
    file = created(fs, "/f")
    fs.do(one.write(file, 0, b"x" * 700))
    obj = one.files[file].objects[0]
    fs.do(one.close(file))
    fs.do(other.read(fs.do(other.open("/f", READ), other), 0, 10), other)
    fs.simulator.trace.packets.clear()
    return fs, obj


def called(fs: Simulated, name: str, number: int) -> list[Any]:
    """Callbacks of a kind to a client."""
    nid = fs.clients[number].nid
    found = fs.simulator.trace.exchanges(fs.dialects)
    return [e.message.buffers for e in found if e.name == name and e.is_request and e.sent.packet.target == nid]


@EVERY
def test_a_lock_that_was_waited_for_brings_the_attributes_of_the_object(dialect: str) -> None:
    fs, _ = shared(dialect)
    one = fs.clients[0]
    file = fs.do(one.open("/f", READ | WRITE))
    fs.do(one.write(file, 0, b"y"))
    (said,) = called(fs, "LDLM_CP_CALLBACK", 0)
    lvb = said.lvb
    lvb = record.unpack(fs.system.dialect.structs["ost_lvb"], lvb) if isinstance(lvb, bytes) else lvb
    assert lvb.lvb_size == 700 and lvb.lvb_blocks == 8


@EVERY
def test_who_knows_an_object_that_is_destroyed_throws_its_data_away(dialect: str) -> None:
    fs, (_, number) = shared(dialect)
    other, k = fs.clients[1], names(fs.system.dialect)
    fs.do(other.close(1), other)
    fs.do(fs.clients[0].unlink("/f"))
    fs.simulator.settle(1)
    said = [c.dlm_req for c in called(fs, "LDLM_BL_CALLBACK", 1)]
    gone = [c for c in said if c.lock_desc.l_resource.lr_type == k.LDLM_EXTENT]
    assert [int(c.lock_flags) & int(k.LDLM_FL_DISCARD_DATA) for c in gone] == [0x10000]
    assert [bool(c.lock_handle[1].cookie) for c in gone] == [dialect == "2.17"]
    target = fs.system.osts[0].target
    assert target is not None and not target.namespace.locks and ("object", number) not in target.store


@EVERY
def test_nobody_frees_bytes_in_the_middle_of_an_object(dialect: str) -> None:
    fs, (index, number) = shared(dialect)
    c, k = fs.clients[0], names(fs.system.dialect)
    seq = layouts.sequence_of(fs.system.dialect, index)
    valid = k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
    asked_for = op.ObjectPunch(id=number, seq=seq, valid=valid, size=1, blocks=9)
    assert asked(fs, c.oscs[index], asked_for, c).status == -(errno.EPROTO if dialect == "2.17" else errno.EFAULT)
    assert fs.do(c.getattr("/f")).size == 700


def test_size_on_mdt_is_not_granted_though_the_release_has_it() -> None:
    """As by default (mdt_init0: mdt_som_conf), whoever asks."""
    fs = Simulated("2.0", mount=False)
    fs.simulator.settle(1)
    k, personality = names(fs.system.dialect), packer(fs.system.dialect).personality
    assert personality.mds_supported & k.OBD_CONNECT_SOM
    assert not fs.system.mds.service.supported & k.OBD_CONNECT_SOM
