"""Every operation of the testbed, in both dialects, in the simulator."""

from __future__ import annotations

import errno
import stat

import pytest

from compat_tests.testbed.modes import READ, WRITE
from lustre_wire.recovery.names import names
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import OperationFailed


@pytest.fixture(params=["1.8", "2.0", "2.17"])
def fs(request: pytest.FixtureRequest) -> Simulated:
    return Simulated(request.param, osts=2, stripes=2)


def refused(fs: Simulated, steps: object) -> int:
    with pytest.raises(OperationFailed) as caught:
        fs.do(steps)  # type: ignore[arg-type]
    return -caught.value.status


def create(fs: Simulated, path: str, client: int = 0) -> int:
    c, n = fs.clients[client], names(fs.system.dialect)
    return int(fs.do(c.open(path, n.MDS_OPEN_CREAT | READ | WRITE), c))


def test_a_mount_asks_the_mgs_first_then_the_mds_then_the_osts(fs: Simulated) -> None:
    asked = [
        e.name for e in fs.simulator.trace.exchanges(fs.dialects) if e.is_request and e.client == fs.clients[0].nid
    ]
    assert asked[:2] == ["MGS_CONNECT", "LDLM_ENQUEUE"]
    assert asked[2:4] == ["LLOG_ORIGIN_HANDLE_CREATE", "LLOG_ORIGIN_HANDLE_READ_HEADER"]
    assert set(asked[4:-4]) == {"LLOG_ORIGIN_HANDLE_NEXT_BLOCK"}
    status = packer(fs.system.dialect).form(op.GetStatus()).format
    assert asked[-4:] == ["MDS_CONNECT", status, "OST_CONNECT", "OST_CONNECT"]


def test_bytes_come_back_from_where_they_were_written(fs: Simulated) -> None:
    c = fs.clients[0]
    file = create(fs, "/f")
    data = bytes(range(256)) * 1024
    fs.do(c.write(file, 0, data))
    fs.do(c.write(file, 100_000, b"X" * 50_000))
    wanted = data[:100_000] + b"X" * 50_000 + data[150_000:]
    assert fs.do(c.read(file, 0, 1 << 20)) == wanted
    assert fs.do(c.read(file, 65_530, 12)) == wanted[65_530:65_542]
    assert fs.do(c.getattr("/f")).size == len(wanted)
    for cut in (200_000, 70_000, 3, 0):
        fs.do(c.truncate(file, cut))
        assert fs.do(c.read(file, 0, 1 << 20)) == wanted[:cut]
    fs.do(c.fsync(file))
    fs.do(c.close(file))
    assert refused(fs, c.read(file, 0, 1)) == errno.EBADF


def test_names_can_be_made_linked_moved_and_removed(fs: Simulated) -> None:
    c = fs.clients[0]
    fs.do(c.mkdir("/d"))
    fs.do(c.mkdir("/d/e"))
    fs.do(c.symlink("some/where", "/d/s"))
    fs.do(c.close(create(fs, "/d/f")))
    fs.do(c.link("/d/f", "/g"))
    assert fs.do(c.readlink("/d/s")) == "some/where"
    assert fs.do(c.getattr("/g")).nlink == 2
    fs.do(c.rename("/g", "/d/e/h"))
    assert sorted(fs.do(c.readdir("/d"))) == [b".", b"..", b"e", b"f", b"s"]
    assert sorted(fs.do(c.readdir("/"))) == [b".", b"..", b"d"]
    assert refused(fs, c.rmdir("/d")) == errno.ENOTEMPTY
    assert refused(fs, c.mkdir("/d/e")) == errno.EEXIST
    assert refused(fs, c.getattr("/nothing")) == errno.ENOENT
    assert refused(fs, c.rename("/d", "/d/e/inside")) == errno.EINVAL
    for path in ("/d/e/h", "/d/f", "/d/s"):
        fs.do(c.unlink(path))
    fs.do(c.rmdir("/d/e"))
    fs.do(c.rmdir("/d"))
    assert sorted(fs.do(c.readdir("/"))) == [b".", b".."]
    fs.do(c.sync())
    fs.do(c.statfs())
    assert _only_precreated(fs)


def _only_precreated(fs: Simulated) -> bool:
    """No object below those in stock is left: those of removed files were destroyed, by the client or the MDT."""
    fs.simulator.settle(0.1)
    for index, node in enumerate(fs.system.osts):
        stock = fs.system.mds.service.opens.pool[index]
        assert sorted(key[1] for key, _ in node.store.items("object")) == stock
    return True


def test_a_large_directory_is_read_page_by_page(fs: Simulated) -> None:
    c = fs.clients[0]
    fs.do(c.mkdir("/d"))
    made = [f"a-name-to-fill-pages-{n:05}" for n in range(250)]
    for name in made:
        fs.do(c.mkdir(f"/d/{name}"))
    found = fs.do(c.readdir("/d"))
    assert sorted(found) == sorted([b".", b"..", *(n.encode() for n in made)])
    pages = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.is_request and e.name == "MDS_READPAGE"]
    assert len(pages) > 2


def test_attributes_and_extended_attributes(fs: Simulated) -> None:
    c, n = fs.clients[0], names(fs.system.dialect)
    fs.do(c.mkdir("/d"))
    fs.do(c.setattr("/d", n.MDS_ATTR_MODE | n.MDS_ATTR_UID | n.MDS_ATTR_GID, mode=0o700, owner=5, group=6))
    got = fs.do(c.getattr("/d"))
    assert (stat.S_IMODE(got.mode), got.owner, got.group) == (0o700, 5, 6)
    fs.do(c.setxattr("/d", b"user.one", b"1"))
    fs.do(c.setxattr("/d", b"user.two", b"22"))
    assert fs.do(c.getxattr("/d", b"user.two")) == b"22"
    assert listed(fs, "/d") == [b"user.one", b"user.two"]
    fs.do(c.removexattr("/d", b"user.one"))
    assert refused(fs, c.getxattr("/d", b"user.one")) == errno.ENODATA
    assert refused(fs, c.setxattr("/d", b"trusted.lov", b"x")) == errno.EACCES
    fs.do(c.setxattr("/d", b"trusted.lma", b"x"))
    assert listed(fs, "/d") == [b"user.two"]


def listed(fs: Simulated, path: str) -> list[bytes]:
    """Extended attributes without those that a release lists beside them: what the MDT itself keeps there."""
    own = (b"trusted.lma", b"trusted.lov", b"trusted.link", b"trusted.som")
    return [name for name in fs.do(fs.clients[0].listxattr(path)) if name not in own]


def test_an_open_file_survives_its_name(fs: Simulated) -> None:
    c = fs.clients[0]
    file = create(fs, "/f")
    fs.do(c.write(file, 0, b"still here"))
    fs.do(c.unlink("/f"))
    assert refused(fs, c.getattr("/f")) == errno.ENOENT
    assert fs.do(c.read(file, 0, 99)) == b"still here"
    fs.do(c.close(file))
    assert _only_precreated(fs)


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_clients_see_what_others_do_and_give_up_their_locks_for_it(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    one, two = fs.clients
    fs.do(one.mkdir("/d"), one)
    assert stat.S_ISDIR(fs.do(two.getattr("/d"), two).mode)
    fs.do(one.rename("/d", "/e"), one)
    with pytest.raises(OperationFailed):
        fs.do(two.getattr("/d"), two)
    file = create(fs, "/f")
    fs.do(one.write(file, 0, b"from one"), one)
    other = create(fs, "/f", 1)
    assert fs.do(two.read(other, 0, 99), two) == b"from one"
    fs.do(two.write(other, 0, b"from TWO"), two)
    assert fs.do(one.read(file, 0, 99), one) == b"from TWO"
    seen = [e.name for e in fs.simulator.trace.exchanges(fs.dialects) if e.is_request]
    assert "LDLM_BL_CALLBACK" in seen and "LDLM_CANCEL" in seen and "LDLM_GL_CALLBACK" in seen


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_a_flock_waits_for_the_other_and_is_told_when_it_is_free(dialect: str) -> None:
    fs = Simulated(dialect, clients=2)
    one, two = fs.clients
    mine, other = create(fs, "/f"), create(fs, "/f", 1)
    fs.do(one.flock(mine, "LCK_PW", 0, 9), one)
    with pytest.raises(OperationFailed):
        fs.do(two.flock(other, "LCK_PR", 5, 20, wait=False), two)
    waiting = fs.start(two.flock(other, "LCK_PR", 5, 20), two)
    fs.simulator.settle(1.0)
    assert not waiting.done
    fs.do(one.flock(mine, "LCK_NL", 0, 9), one)
    fs.simulator.run(lambda: waiting.done)
    assert waiting.error is None and waiting.result.granted
    seen = [e.name for e in fs.simulator.trace.exchanges(fs.dialects) if e.is_request]
    assert "LDLM_CP_CALLBACK" in seen


def test_the_same_seed_gives_the_same_bytes(fs: Simulated) -> None:
    again = Simulated(fs.system.dialect, osts=2, stripes=2)
    for each in (fs, again):
        create(each, "/f")
    assert [p.packet for p in fs.simulator.trace.packets] == [p.packet for p in again.simulator.trace.packets]


def test_an_unmount_closes_and_disconnects(fs: Simulated) -> None:
    c = fs.clients[0]
    create(fs, "/f")
    fs.do(c.unmount())
    targets = [node.target for node in fs.system.servers]
    assert all(t is not None and c.uuid not in t.exports for t in targets)


@pytest.mark.parametrize(("dialect", "both"), [("1.8", errno.EEXIST), ("2.0", errno.EPERM), ("2.17", errno.EEXIST)])
def test_which_of_two_errors_a_link_ends_with(dialect: str, both: int) -> None:
    """mds_reint_link looks the name up first, and so does mdt_reint_link of 2.17; that of 2.0 leaves it to the disk."""
    fs = Simulated(dialect)
    client = fs.clients[0]
    fs.do(client.mkdir("/a"))
    for new, status in (("/a", both), ("/b", errno.EPERM)):
        with pytest.raises(OperationFailed) as failed:
            fs.do(client.link("/a", new))
        assert failed.value.status == -status
