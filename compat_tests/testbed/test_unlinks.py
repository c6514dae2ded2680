"""Objects of files that are gone, the cookies clients are told for them, and what a close tells (docs/receivers.md)."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from compat_tests.testbed.modes import READ, WRITE
from lustre_wire import rpc
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Packet
from lustre_wire.recovery.target import SILENCE
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.mds import unlinks
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.testbed.trace import Exchange

both = pytest.mark.parametrize("dialect", ["1.8", "2.0"])


def file_of(fs: Simulated, path: str, flags: int = READ | WRITE, number: int = 0) -> int:
    c, k = fs.clients[number], names(fs.system.dialect)
    return int(fs.do(c.open(path, k.MDS_OPEN_CREAT | flags), c))


def seen(fs: Simulated, name: str, *, request: bool = False) -> list[rpc.Message]:
    found: list[Exchange] = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == name]
    return [e.message for e in found if e.is_request == request]


def records(fs: Simulated) -> list[Any]:
    """What the MDT's log still has."""
    return [gone for _, gone in fs.system.mds.store.items("unlink")]


def there(fs: Simulated, objects: list[tuple[int, int]]) -> list[bool]:
    """Which of these objects are on their OSTs."""
    return [("object", number) in fs.system.osts[index].store for index, number in objects]


def losing(fs: Simulated, name: str) -> None:
    """From now on requests of this kind are lost, those of clients at least."""
    form, servers = fs.system.dialect.rpcs[name], {node.nid for node in fs.system.servers}

    def lost(packet: Packet) -> bool:
        if packet.kind != "PUT" or packet.portal != form.portal or packet.source in servers:
            return False
        return rpc.decode(packet.data, fs.system.dialect).name == name

    fs.simulator.lose = lost


def gone_without_objects(fs: Simulated) -> list[tuple[int, int]]:
    """A file whose client is answered, and whose objects nobody removes; those."""
    c = fs.clients[0]
    file = file_of(fs, "/f")
    objects = list(c.files[file].objects)
    fs.do(c.close(file))
    losing(fs, "OST_DESTROY")
    fs.start(c.unlink("/f"), c)
    fs.simulator.settle(6)
    assert there(fs, objects) == [True, True] and len(records(fs)) == 2
    return objects


@both
@pytest.mark.parametrize("how", ["unlink", "rename", "close"])
def test_who_takes_the_last_name_away_is_told_a_cookie_for_each_object(dialect: str, how: str) -> None:
    fs = Simulated(dialect, osts=2, stripes=2)
    c, k = fs.clients[0], names(fs.system.dialect)
    file = file_of(fs, "/f")
    objects = list(c.files[file].objects)
    if how == "close":
        fs.do(c.unlink("/f"))
    fs.do(c.close(file))
    if how == "rename":
        fs.do(c.close(file_of(fs, "/other")))
        fs.do(c.rename("/other", "/f"))
    elif how == "unlink":
        fs.do(c.unlink("/f"))
    name = {"unlink": "MDS_REINT/UNLINK", "rename": "MDS_REINT/RENAME", "close": "MDS_CLOSE"}[how]
    reply = seen(fs, name)[-1]
    result = packer(reply.dialect).result(packer(reply.dialect).by_format[name], reply)
    assert result.valid & k.OBD_MD_FLCOOKIE and result.valid & k.OBD_MD_FLEASIZE
    told = [(int(one.lgc_subsys), int(one.lgc_lgl.lgl_oid)) for one in result.cookies]
    assert told == [(k.LLOG_MDS_OST_ORIG_CTXT, unlinks.FIRST_LOG + index) for index, _ in objects]
    assert result.aclsize == (0 if dialect == "1.8" else 64)
    destroys = [m.buffers.ost_body.oa for m in seen(fs, "OST_DESTROY", request=True)]
    assert [int(oa.o_lcookie.lgc_index) for oa in destroys] == [int(one.lgc_index) for one in result.cookies]
    assert all(oa.o_valid & k.OBD_MD_FLCOOKIE for oa in destroys)
    fs.simulator.settle(1)
    assert there(fs, objects) == [False, False] and records(fs) == []
    assert len(seen(fs, "OBD_LOG_CANCEL", request=True)) == len(seen(fs, "OBD_LOG_CANCEL")) == 2


@both
def test_what_a_client_leaves_the_mdt_removes_when_it_is_gone(dialect: str) -> None:
    fs = Simulated(dialect, osts=2, stripes=2)
    objects = gone_without_objects(fs)
    fs.simulator.crash(fs.clients[0].nid)
    fs.simulator.settle(SILENCE + 60)
    assert there(fs, objects) == [False, False] and records(fs) == []


@both
def test_what_a_client_leaves_the_mdt_removes_when_it_comes_back(dialect: str) -> None:
    fs = Simulated(dialect, osts=2, stripes=2)
    objects = gone_without_objects(fs)
    fs.restart()
    fs.simulator.settle(60)
    assert there(fs, objects) == [False, False] and records(fs) == []


@both
def test_an_end_that_is_undone_by_a_crash_leaves_no_record(dialect: str) -> None:
    fs = Simulated(dialect, clients=2, osts=2, stripes=2)
    c, other = fs.clients
    file = file_of(fs, "/f")
    objects = list(c.files[file].objects)
    fs.do(c.close(file))
    fs.simulator.settle(6)
    fs.system.mds.commit_interval = 1000.0
    losing(fs, "OST_DESTROY")
    fs.start(c.unlink("/f"), c)
    fs.simulator.settle(1)
    assert len(records(fs)) == 2
    fs.simulator.crash(c.nid)  # nobody replays it
    fs.restart()
    fs.simulator.settle(2 * SILENCE)
    assert there(fs, objects) == [True, True] and records(fs) == []
    assert fs.do(other.getattr("/f"), other).ident[0]


@both
def test_an_orphan_nobody_comes_back_for_leaves_no_objects(dialect: str) -> None:
    fs = Simulated(dialect, clients=2, osts=2, stripes=2)
    c = fs.clients[0]
    file = file_of(fs, "/f")
    objects = list(c.files[file].objects)
    fs.do(c.unlink("/f"))
    fs.simulator.settle(6)
    assert there(fs, objects) == [True, True]
    fs.simulator.crash(c.nid)
    fs.restart()
    fs.simulator.settle(1000)
    assert there(fs, objects) == [False, False] and records(fs) == []


@both
def test_one_client_owes_so_much_and_no_more(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlinks, "OWED", 4)
    fs = Simulated(dialect)
    c = fs.clients[0]
    losing(fs, "OST_DESTROY")
    for number in range(10):
        fs.do(c.close(file_of(fs, f"/f{number}")))
        fs.start(c.unlink(f"/f{number}"), c)
        fs.simulator.settle(1)
    fs.simulator.settle(60)
    assert len(records(fs)) == 4


@both
def test_a_cookie_that_is_nobody_s_takes_nothing_away(dialect: str) -> None:
    """Of another OST, or of a record that is not there."""
    fs = Simulated(dialect, osts=2, stripes=2)
    gone_without_objects(fs)
    log = fs.system.mds.service.mdt.unlinks
    one, other = (log._cookie(gone) for gone in records(fs))
    one.lgc_lgl.lgl_oid, one.lgc_index, other.lgc_index = other.lgc_lgl.lgl_oid, one.lgc_index, 4711
    log.cancel([one, other])
    assert len(records(fs)) == 2


# -- I/O epochs, writers and programs, size on MDT ------------------------------------------------------------------


def epochs(fs: Simulated) -> list[int]:
    found = []
    for name in ("LDLM_ENQUEUE/INTENT_OPEN", "LDLM_ENQUEUE/INTENT_OPEN_CREAT"):
        found += [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == name and not e.is_request]
    said = [packer(e.message.dialect).result(packer(e.message.dialect).by_format[e.name], e.message) for e in found]
    return [result.epoch for result in said]


def test_writers_share_an_epoch_which_ends_with_the_last_of_them() -> None:
    fs = Simulated("1.8", clients=2)
    one, other = fs.clients
    first = file_of(fs, "/f")
    second = int(fs.do(other.open("/f", WRITE), other))
    reader = int(fs.do(one.open("/f", READ), one))
    for client, number in ((one, first), (other, second), (one, reader)):
        fs.do(client.close(number), client)
    fs.do(one.close(int(fs.do(one.open("/f", WRITE), one))), one)
    opened = sorted(epochs(fs))
    assert opened == [0, 1, 1, 2] and fs.system.mds.service.opens.access == {}


def test_without_size_on_mdt_nobody_is_told_an_epoch() -> None:
    fs = Simulated("2.0")
    file_of(fs, "/f")
    assert epochs(fs) == [0]


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_what_is_executed_is_not_written_and_what_is_written_not_executed(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    one, other = fs.clients
    k = names(fs.system.dialect)
    program, run = file_of(fs, "/f"), int(k.MDS_FMODE_EXEC) | READ
    with pytest.raises(OperationFailed, match="ETXTBSY"):
        fs.do(other.open("/f", run), other)
    fs.do(one.close(program), one)
    running = int(fs.do(other.open("/f", run), other))
    fs.do(other.open("/f", run), other)
    fs.do(other.close(running), other)
    with pytest.raises(OperationFailed, match="ETXTBSY"):
        fs.do(one.open("/f", WRITE), one)
    fs.do(one.open("/f", READ), one)


@both
def test_done_writing_is_answered_as_where_no_size_is_kept(dialect: str) -> None:
    fs = Simulated(dialect)
    c = fs.clients[0]
    assert c.mdc is not None
    file = c.files[file_of(fs, "/f")]
    request = fs.do(c.ask(c.mdc, op.DoneWriting(ident=file.ident, handle=file.handle)), c)
    assert request.status == (0 if dialect == "1.8" else -errno.ESTALE)
    body = request.reply.buffers.mds_body if dialect == "1.8" else request.reply.buffers.mdt_body
    assert body is not None and not body.valid


@both
@pytest.mark.parametrize(("later", "kept"), [(60, False), (61, True)])
def test_a_close_tells_the_time_of_access_when_it_is_late_enough(dialect: str, later: int, kept: bool) -> None:
    """And 1.8 keeps, roughly, the size that comes with it (mds_mfd_close)."""
    fs = Simulated(dialect)
    c = fs.clients[0]
    number = file_of(fs, "/f")
    fs.do(c.write(number, 0, b"twelve bytes"))
    space = fs.system.mds.service.mdt.space
    inode = space.need(c.files[number].ident)
    began, ident = inode.atime, c.files[number].ident
    c.seconds = lambda: began + later  # type: ignore[method-assign]
    fs.do(c.close(number))
    inode = space.need(ident)
    assert inode.atime == (began + later if kept else began)
    assert inode.size == (12 if kept and dialect == "1.8" else 0)
