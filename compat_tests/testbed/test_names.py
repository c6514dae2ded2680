"""Names: what Linux refuses the MDS refuses with the same errno, in both dialects, and serves everybody afterwards."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_tests.testbed.modes import WRITE
from lustre_wire import rpc
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.operations import Ident
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import OperationFailed

DIALECTS = ("1.8", "2.0", "2.17")
LONGEST = b"n" * 255
Steps = Any


def child(c: ClientNode) -> Steps:
    """An identity for a new object, where the client chooses it."""
    assert c.mdc is not None
    return (yield from c.new_ident()) if packer(c.mdc.dialect).personality.client_names else op.NOBODY


def create(mode: int, data: bytes | None = None) -> Callable[..., Steps]:
    def steps(c: ClientNode, parent: Ident, name: bytes) -> Steps:
        new = yield from child(c)
        return (yield from c.want(c.metadata(), c.making(parent, new, name, mode, data)))

    return steps


def remove(mode: int) -> Callable[..., Steps]:
    return lambda c, parent, name: c.want(c.metadata(), op.Unlink(parent=parent, name=name, mode=mode))


def link(c: ClientNode, parent: Ident, name: bytes) -> Steps:
    source = yield from c.resolve("/file")
    return (yield from c.want(c.metadata(), op.Link(source=source, parent=parent, name=name)))


def rename_from(c: ClientNode, parent: Ident, name: bytes) -> Steps:
    return c.want(c.metadata(), op.Rename(source_dir=parent, target_dir=parent, old=name, new=b"new"))


def rename_to(c: ClientNode, parent: Ident, name: bytes) -> Steps:
    return c.want(c.metadata(), op.Rename(source_dir=parent, target_dir=parent, old=b"old", new=name))


def getattr_name(c: ClientNode, parent: Ident, name: bytes) -> Steps:
    return c.want(c.metadata(), op.GetAttrName(ident=parent, name=name))


def open_new(c: ClientNode, parent: Ident, name: bytes) -> Steps:
    assert c.mdc is not None
    k = names(c.mdc.dialect)
    lock = c.mdc.locks.request(k.LDLM_IBITS, (*parent[:2], 0, 0), k.LCK_CW)
    body = request_of(c.mdc.dialect, lock, k.LDLM_FL_HAS_INTENT, 1)
    asked = op.Open(
        parent=parent, child=(yield from child(c)), name=name, intent=k.IT_OPEN | k.IT_CREAT,
        flags=k.MDS_OPEN_CREAT, mode=stat.S_IFREG | 0o644, dlm_req=body,
    )  # fmt: skip
    said = yield from c.want(c.metadata(), asked, "LDLM_ENQUEUE/INTENT_OPEN_CREAT")
    failed = int(said.dlm_rep.lock_policy_res2) if said.dlm_rep is not None else 0
    if failed:  # an intent may say it here
        raise OperationFailed(failed - (1 << 64))
    return said


MADE = {b".": errno.EEXIST, b"..": errno.EEXIST}
BUSY = {b".": errno.EBUSY, b"..": errno.EBUSY}
DIRECTORY = {b".": errno.EISDIR, b"..": errno.EISDIR}
ALWAYS = {b"": errno.ENOENT, LONGEST + b"n": errno.ENAMETOOLONG, b"a/b": errno.EINVAL, b"a\0b": errno.EINVAL}
OPERATIONS: dict[str, tuple[Callable[..., Any], dict[bytes, int]]] = {
    "mkdir": (create(stat.S_IFDIR | 0o755), MADE),
    "mknod": (create(stat.S_IFIFO | 0o644), MADE),
    "symlink": (create(stat.S_IFLNK | 0o777, b"target\0"), MADE),
    "link": (link, MADE),
    "open": (open_new, DIRECTORY),
    "unlink": (remove(stat.S_IFREG), DIRECTORY),
    "rmdir": (remove(stat.S_IFDIR), {b".": errno.EINVAL, b"..": errno.ENOTEMPTY}),
    "rename": (rename_from, BUSY),
    "rename to": (rename_to, BUSY),
    "getattr": (getattr_name, {}),
}


def with_names(dialect: str) -> tuple[Simulated, Ident]:
    """A directory with a file ``old``, and a ``/file``."""
    fs = Simulated(dialect, clients=2)
    c, k = fs.clients[0], names(fs.system.dialect)
    fs.do(c.mkdir("/d"))
    for path in ("/file", "/d/old"):
        fs.do(c.open(path, k.MDS_OPEN_CREAT | WRITE))
    return fs, fs.do(c.resolve("/d"))


def status(fs: Simulated, steps: Any) -> int:
    """The errno of an operation, 0 if it was done. Nothing waits for longer than a network may take."""
    task = fs.start(steps)
    fs.simulator.run(lambda: task.done, limit=30)
    if task.error is None:
        return 0
    assert isinstance(task.error, OperationFailed)
    return -task.error.status


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_name_that_cannot_be_gets_the_errno_of_linux(dialect: str, operation: str) -> None:
    steps, dots = OPERATIONS[operation]
    fs, folder = with_names(dialect)
    for name, expected in {**ALWAYS, **dots}.items():
        assert status(fs, steps(fs.clients[0], folder, name)) == expected, name
    assert still_serves(fs)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_longest_name_is_a_name(dialect: str) -> None:
    fs, folder = with_names(dialect)
    c = fs.clients[0]
    for operation in ("mkdir", "rmdir", "mknod", "rename", "rename to", "unlink"):
        steps, _ = OPERATIONS[operation]
        expected = errno.ENOENT if operation == "rename to" and b"old" not in fs.do(c.readdir("/d")) else 0
        assert status(fs, steps(c, folder, LONGEST)) == expected, operation
        if operation == "rename":
            fs.do(c.rename("/d/new", "/d/old"))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_extended_attributes_have_names_too(dialect: str) -> None:
    fs, _ = with_names(dialect)
    c = fs.clients[0]
    for name, expected in {b"": errno.ERANGE, b"user." + LONGEST: errno.ERANGE, b"user.a\0b": errno.EINVAL}.items():
        assert status(fs, c.setxattr("/file", name, b"value")) == expected, name
        assert status(fs, c.getxattr("/file", name)) == expected, name
        assert status(fs, c.removexattr("/file", name)) == expected, name
    assert status(fs, c.setxattr("/file", b"user." + b"n" * 250, b"value")) == 0
    assert still_serves(fs)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("length", "expected"), [(0, errno.ENOENT), (4095, 0), (4096, errno.ENAMETOOLONG)])
def test_a_symbolic_link_needs_a_path_to_point_to(dialect: str, length: int, expected: int) -> None:
    fs, _ = with_names(dialect)
    assert status(fs, fs.clients[0].symlink("t" * length, "/link")) == expected
    assert still_serves(fs)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_string_without_its_nul_is_refused(dialect: str) -> None:
    fs, folder = with_names(dialect)
    request = packer(fs.system.dialect).request(op.GetAttrName(ident=folder, name=b"old"))
    raw = rpc.encode(request)
    assert raw.count(b"old\0") == 1
    cut = rpc.decode(raw.replace(b"old\0", b"oldX"), fs.system.dialect)
    c = fs.clients[0]
    assert c.mdc is not None
    asked = fs.do(c.call(c.mdc, c.mdc.wrap(cut)))
    assert asked.status == -errno.EINVAL


def still_serves(fs: Simulated) -> bool:
    """Does another client get its work done, in every directory there is?"""
    c = fs.clients[1]
    task = fs.start(_visit(c, "/"), c)
    fs.simulator.run(lambda: task.done, limit=60)
    return task.error is None


def _visit(c: ClientNode, path: str) -> Any:
    yield from c.mkdir(path + "probe")
    yield from c.rename(path + "probe", path + "moved")
    yield from c.rmdir(path + "moved")
    for name in (yield from c.readdir(path)):
        if name in (b".", b".."):
            continue
        below = path + name.decode()
        if stat.S_ISDIR((yield from c.getattr(below)).mode):
            yield from _visit(c, below + "/")


# -- whatever is asked, Linux is asked too -------------------------------------------------------------------------

ANY_NAME = st.sampled_from([b"a", b"b", b"c", b".", b"..", b"", LONGEST, LONGEST + b"n"])
ANY_STEP = st.tuples(
    st.sampled_from(["mkdir", "mkdir", "mknod", "symlink", "link", "unlink", "rmdir", "rename", "rename"]),
    st.integers(0, 5), ANY_NAME, st.integers(0, 5), ANY_NAME,
)  # fmt: skip


class Linux:
    """The same directories in a file system of this machine, by descriptors, which stay with a directory that moves."""

    def __init__(self, root: str) -> None:
        self.folders = [os.open(root, os.O_RDONLY)]

    def do(self, what: str, at: int, name: bytes, to: int, other: bytes) -> int:
        one, two = self.folders[at], self.folders[to]
        doing: dict[str, Callable[[], Any]] = {
            "mkdir": lambda: os.mkdir(name, dir_fd=one),
            "mknod": lambda: os.mknod(name, stat.S_IFIFO | 0o644, dir_fd=one),
            "symlink": lambda: os.symlink(b"target", name, dir_fd=one),
            "link": lambda: os.link(name, other, src_dir_fd=one, dst_dir_fd=two, follow_symlinks=False),
            "unlink": lambda: os.unlink(name, dir_fd=one),
            "rmdir": lambda: os.rmdir(name, dir_fd=one),
            "rename": lambda: os.rename(name, other, src_dir_fd=one, dst_dir_fd=two),
        }
        try:
            doing[what]()
        except OSError as error:
            return error.errno or 0
        if what == "mkdir":
            self.folders.append(os.open(name, os.O_RDONLY, dir_fd=one))
        return 0

    def names(self, at: int) -> list[bytes]:
        with os.scandir(self.folders[at]) as entries:
            return sorted(os.fsencode(entry.name) for entry in entries)

    def close(self) -> None:
        for descriptor in self.folders:
            os.close(descriptor)


def in_testbed(c: ClientNode, what: str, one: Ident, name: bytes, two: Ident, other: bytes) -> Any:
    if what == "link":
        source = yield from c.want(c.metadata(), op.GetAttrName(ident=one, name=name))  # as link(2) finds what it links
        return (yield from c.want(c.metadata(), op.Link(source=source.ident, parent=two, name=other)))
    if what == "rename":
        return (yield from c.want(c.metadata(), op.Rename(source_dir=one, target_dir=two, old=name, new=other)))
    return (yield from OPERATIONS[what][0](c, one, name))


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(ANY_STEP, min_size=5, max_size=25))
def test_every_operation_does_what_linux_does(dialect: str, steps: list[tuple[str, int, bytes, int, bytes]]) -> None:
    fs = Simulated(dialect, clients=2)
    c = fs.clients[0]
    folders = [c.root]
    with tempfile.TemporaryDirectory() as root:
        linux = Linux(root)
        for what, at, name, to, other in steps:
            one, two = at % len(folders), to % len(folders)
            got = status(fs, in_testbed(c, what, folders[one], name, folders[two], other))
            assert got == linux.do(what, one, name, two, other), (what, one, name, two, other)
            if got == 0 and what == "mkdir":
                made = fs.do(c.want(c.metadata(), op.GetAttrName(ident=folders[one], name=name)))
                folders.append(made.ident)
            if got == 0 and what in ("rmdir", "rename"):  # what is gone has no number any more, or none to compare
                for number in reversed(range(1, len(folders))):
                    if not os.fstat(linux.folders[number]).st_nlink or not _linked(linux.folders[number]):
                        os.close(linux.folders.pop(number))
                        folders.pop(number)
        for number, ident in enumerate(folders):
            assert sorted(fs.do(listed(c, ident))) == linux.names(number)
        linux.close()
    assert still_serves(fs)


def _linked(descriptor: int) -> bool:
    """Is a directory still somewhere?"""
    return not str(Path(f"/proc/self/fd/{descriptor}").readlink()).endswith(" (deleted)")


def listed(c: ClientNode, ident: Ident) -> Any:
    assert c.mdc is not None
    c.root, root = ident, c.root
    found = yield from c.readdir("/")
    c.root = root
    return [name for name in found if name not in (b".", b"..")]
