"""The same disk under the other release, and clients of one release at servers of the other, as shipped (C.9, C.13)."""

from __future__ import annotations

import errno

import pytest

import lustre_wire as lw
from compat_tests.testbed.recoveries import create
from lustre_wire import rpc
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.monitor import judge
from lustre_wire.testbed.seen import watch
from lustre_wire.testbed.space import Inode
from lustre_wire.testbed.tasks import OperationFailed

OLD, NEW = lw.dialect("1.8"), lw.dialect("2.0")


def mixed(servers: lw.Dialect) -> Simulated:
    """Servers of one release, and a client of 1.8.9, which speaks both dialects."""
    fs = Simulated(servers, clients=0, osts=2)
    client = fs.system.client(0, (OLD, NEW))
    fs.clients.append(client)
    fs.simulator.add(client)
    fs.do(client.mount(), client)
    return fs


def change_release(fs: Simulated, dialect: lw.Dialect) -> None:
    """Stop the MDS cleanly and start the other release on its disk."""
    mds = fs.system.mds
    mds.shut_down(fs.simulator.now)
    mds.dialect = dialect
    fs.simulator.settle(1)
    fs.simulator.start(mds.nid)
    fs.simulator.settle(40)  # until the pinger has noticed
    fs.recovered()


def speaks(client: ClientNode) -> str:
    assert client.mdc is not None
    return client.mdc.dialect.name


@pytest.mark.parametrize("servers", [OLD, NEW], ids=str)
def test_a_1_8_9_client_speaks_what_is_granted(servers: lw.Dialect) -> None:
    fs = mixed(servers)
    c = fs.clients[0]
    assert speaks(c) == servers.name
    file = create(fs, "/f")
    fs.do(c.write(file, 0, b"bytes" * 9))
    fs.do(c.mkdir("/d"))
    fs.restart()
    fs.recovered()
    assert fs.do(c.read(file, 0, 5)) == b"bytes" and sorted(fs.do(c.readdir("/"))) == [b".", b"..", b"d", b"f"]
    fs.do(c.close(file))


def test_O4_the_osts_keep_the_dialect_of_the_client() -> None:
    """A 2.0 OST grants no FIDs: a 1.8 client goes on as before, and sequence 0 names its objects."""
    fs = mixed(NEW)
    create(fs, "/f")
    assert {osc.dialect.name for osc in fs.clients[0].oscs.values()} == {"1.8"}
    asked = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.is_request and e.name.startswith("OST_")]
    bodies = [e.message.buffers.ost_body.oa for e in asked if getattr(e.message.buffers, "ost_body", None)]
    assert bodies and all(oa.o_oi.oi_seq == 0 for oa in bodies)


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_O1_the_mds_makes_objects_of_group_0_in_advance_and_deletes_what_a_crash_left(dialect: str) -> None:
    fs = Simulated(dialect)
    create(fs, "/f")
    fs.do(fs.clients[0].sync())
    fs.restart()
    fs.recovered()
    fs.simulator.settle(5)
    creates = [
        e.message.buffers.ost_body.oa
        for e in fs.simulator.trace.exchanges(fs.dialects)
        if e.is_request and e.name == "OST_CREATE" and e.client == fs.system.mds.nid
    ]
    k = names(fs.system.dialect)
    orphans = [oa for oa in creates if oa.o_flags & k.OBD_FL_DELORPHAN]
    assert len(orphans) == 2 and len(creates) >= 4
    identity = [oa.o_gr if dialect == "1.8" else oa.o_oi.oi_seq for oa in creates]
    assert set(identity) == {0}
    used = fs.system.mds.store.get(("lov_objid", 0))
    assert fs.system.osts[0].store.get(("object", used)) is not None


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_O2_O3_the_mds_says_who_it_is_and_a_new_connection_replaces_the_old(dialect: str) -> None:
    fs = Simulated(dialect)
    fs.restart()
    fs.recovered()
    fs.simulator.settle(5)
    seen = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.client == fs.system.mds.nid and e.is_request]
    told = [e.message.buffers for e in seen if e.name == "OST_SET_INFO"]
    assert len(told) == 2 and all(b.key.startswith(b"mds_conn") and b.val == bytes(4) for b in told)
    target = fs.system.osts[0].target
    assert target is not None and sum(b"mdtlov" in uuid for uuid in target.exports) == 1


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_O5_O6_O7_writes_are_on_disk_when_they_are_answered_and_are_never_replayed(dialect: str) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    file = create(fs, "/f")
    fs.do(c.write(file, 0, b"durable"))
    fs.restart(fs.system.osts[0])
    assert fs.do(c.read(file, 0, 9)) == b"durable"
    fs.recovered()
    messages = watch(fs.simulator.trace, fs.dialects)
    assert not [m for m in messages if m.request and m.replay and m.name == "OST_WRITE"]
    answers = [m for m in messages if not m.request and m.name == "OST_WRITE" and m.transno]
    assert answers and all(m.committed >= m.transno for m in answers)
    reads = [e for e in fs.simulator.trace.exchanges(fs.dialects) if not e.is_request and e.name == "OST_READ"]
    assert reads and all(getattr(e.message.buffers, "rcs", None) is None for e in reads)


def test_E1_E4_an_upgrade_evicts_and_the_client_goes_on_in_the_new_dialect() -> None:
    fs = mixed(OLD)
    c = fs.clients[0]
    file = create(fs, "/old")
    fs.do(c.mkdir("/dir"))
    change_release(fs, NEW)
    assert speaks(c) == "2.0"
    assert any(e.kind == "evicted" for e in c.mdc.events)  # type: ignore[union-attr]
    with pytest.raises(OperationFailed) as caught:
        fs.do(c.close(file))
    assert caught.value.status == -errno.EIO
    fs.do(c.mkdir("/dir/new"))
    assert sorted(fs.do(c.readdir("/"))) == [b".", b"..", b"dir", b"old"]
    inode = fs.system.mds.service.mdt.space.get(0x20000)
    found = fs.do(c.getattr("/old"))
    assert found.ident == (inode.ino, inode.generation, 0), "an object of 1.8 is named by its inode and generation"
    again = create(fs, "/fresh")
    fs.do(c.write(again, 0, b"x"))
    own = [m for m in watch(fs.simulator.trace, fs.dialects) if m.client == c.nid]
    found_wrong = judge(own, ["R4", "R12", "R13", "R14", "R15"])
    assert found_wrong["R4"].seen and {n: v.wrong[:2] for n, v in found_wrong.items() if v.wrong} == {}


def test_E2_a_second_start_of_the_same_release_evicts_nobody() -> None:
    fs = mixed(OLD)
    change_release(fs, NEW)
    file = create(fs, "/f")
    events = len([e for e in fs.clients[0].mdc.events if e.kind == "evicted"])  # type: ignore[union-attr]
    fs.restart()
    fs.recovered()
    assert len([e for e in fs.clients[0].mdc.events if e.kind == "evicted"]) == events  # type: ignore[union-attr]
    fs.do(fs.clients[0].close(file))


def test_E1_a_downgrade_evicts_too_and_lookups_take_the_fids_away() -> None:
    """C.9: an object looked up under 1.8.9 loses its FID for good; one that was not keeps it (D8)."""
    fs = mixed(NEW)
    c = fs.clients[0]
    for path in ("/seen", "/unseen"):
        fs.do(c.mkdir(path))
    before = {inode.ino: inode.fid for _, inode in fs.system.mds.store.items("inode") if inode.fid[0]}
    assert len(before) == 2
    change_release(fs, OLD)
    assert speaks(c) == "1.8"
    fs.do(c.getattr("/seen"))
    fs.system.mds.store.crash()
    after = {inode.ino: inode.fid for _, inode in fs.system.mds.store.items("inode") if inode.ino in before}
    assert sorted(fid != (0, 0, 0) for fid in after.values()) == [False, True], "on disk before the answer"
    change_release(fs, NEW)
    idents = {path: fs.do(c.getattr(path)).ident for path in ("/seen", "/unseen")}
    seen: Inode = next(i for _, i in fs.system.mds.store.items("inode") if i.ino in before and i.fid == (0, 0, 0))
    assert idents["/seen"] == (seen.ino, seen.generation, 0)
    assert idents["/unseen"] in before.values()


@pytest.mark.parametrize("speaks", ["1.8", "2.0"])
def test_a_message_with_the_head_of_an_older_release_is_no_fault(speaks: str) -> None:
    """Its ptlrpc_body is shorter than that of 2.17: it is not read, nobody fails, and others are served."""
    fs = Simulated("2.17")
    c, target = fs.clients[0], fs.system.mds.target
    assert target is not None
    for name in ("OBD_PING", "MDS_SYNC"):
        data = rpc.encode(rpc.build(lw.dialect(speaks), name))
        target.receive(Packet(PUT, c.nid + 9, fs.system.mds.nid, 12, 77, 0, data), fs.simulator.now)
    assert fs.do(c.getattr("/")).ident[0]
