"""Users of a client: what they do, what they were told was done, and whether it is still there afterwards."""

from __future__ import annotations

import errno
import stat
from collections.abc import Generator
from functools import cached_property
from random import Random
from typing import Any

import attrs

from lustre_wire.recovery.names import names
from lustre_wire.testbed.simulator import Simulator
from lustre_wire.testbed.tasks import OperationFailed, Task
from lustre_wire.upgrade.evidence.records import Asked
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.stage.network import TcpNetwork

#: Seconds a user thinks between two calls, at most.
THINKING = 0.4
#: Seconds a call may take without its user noticing.
USUAL = 1.0
#: Files a user keeps open at once.
HELD = 2
#: The extended attribute a user sets.
NOTE = b"user.note"

Script = Generator[tuple[Any, ...], Any, Any]


@attrs.define(slots=True)
class Ledger:
    """What a client's users were told.

    Attributes:
        files: path and content of what was made and not removed again.
        folders: directories made; `links` symbolic links and where they point.
        modes, notes: what was set of a file's mode, and of its extended attribute `NOTE`.
        locked: open files with a lock of this user's own (FLOCK) that keeps others out.
        gone: paths removed or renamed away.
        doubtful: paths an operation on which failed or was cut off: either outcome is right.
        acknowledged: how many calls succeeded; `failed` how many did not, by errno.
        cached: files with writes that may still be in the client's memory, and go with it.
        changes: when a user was told of the last change of each path.
    """

    files: dict[str, bytes] = attrs.field(factory=dict)
    folders: set[str] = attrs.field(factory=set)
    links: dict[str, str] = attrs.field(factory=dict)
    modes: dict[str, int] = attrs.field(factory=dict)
    notes: dict[str, bytes] = attrs.field(factory=dict)
    locked: set[str] = attrs.field(factory=set)
    gone: set[str] = attrs.field(factory=set)
    doubtful: set[str] = attrs.field(factory=set)
    acknowledged: int = 0
    failed: dict[int, int] = attrs.field(factory=dict)
    cached: set[str] = attrs.field(factory=set)
    changes: dict[str, float] = attrs.field(factory=dict)

    def moved(self, old: str, new: str) -> None:
        """A file has another name."""
        self.files[new] = self.files.pop(old)
        if old in self.modes:
            self.modes[new] = self.modes.pop(old)
        if old in self.notes:
            self.notes[new] = self.notes.pop(old)
        self.gone.add(old)

    def removed(self, path: str) -> None:
        """A name is gone."""
        self.files.pop(path, None)
        self.modes.pop(path, None)
        self.notes.pop(path, None)
        self.folders.discard(path)
        self.gone.add(path)

    def unsure_since(self, first: float, last: float) -> None:
        """What was done in this time may be lost by right: the server crashed before it was on disk, and this client
        was not there to replay it."""
        self.doubtful |= {path for path, time in self.changes.items() if first < time <= last}


class Worker:
    """One user on one client, in a directory of his own; the same seed does the same things.

    Attributes:
        held: open files: path and the client's number.
        thinking: seconds he thinks between two calls, at most.
        task: the call under way; `trying` the paths it changes.
        wrong: what he read that was not what he wrote.
        asked: every call he made.
        blocked: seconds spent in calls that took longer than `USUAL`; `longest` the longest of them.
    """

    def __init__(self, client: UpgradeClient, simulator: Simulator | TcpNetwork, number: int, seed: int) -> None:
        self.client, self.simulator = client, simulator
        self._seed = seed * 1009 + number
        self.home = f"/c{number}"
        self.ledger = Ledger()
        self.held: dict[str, int] = {}
        self.thinking = THINKING
        self.task: Task | None = None
        self.wrong: list[str] = []
        self.asked: list[Asked] = []
        self.left = 0
        self.blocked = self.longest = self._asked_at = self._told_at = 0.0
        self.trying: frozenset[str] = frozenset()
        self._serial = 0
        self._script: Script | None = None

    @cached_property
    def random(self) -> Random:
        """What is left to chance; 2.5 KB that nobody has who does nothing."""
        return Random(self._seed)

    # -- running -------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        return self._script is not None

    def work(self, rounds: int) -> None:
        """Do some rounds of work, or with -1 work until `rest`."""
        self.left = rounds
        if self._script is None:
            self._script = self._life()
            self._next(self._script, None, None)

    def rest(self) -> None:
        """Finish the round under way and do no more."""
        self.left = 0

    def cut_short(self, *, cleanly: bool) -> None:
        """His client is gone. After a clean end nothing is in doubt: all is closed, and nothing was under way."""
        if not cleanly:
            self.ledger.doubtful |= self.trying | self.ledger.cached
        self._script, self.task, self.trying = None, None, frozenset()
        self.held.clear()
        self.ledger.cached.clear()
        self.ledger.locked.clear()

    def _next(self, script: Script | None, result: Any, error: OperationFailed | None) -> None:
        if script is None or script is not self._script:  # of a client that is gone
            return
        try:
            name, *args = script.send(result) if error is None else script.throw(error)
            options = args.pop() if args and isinstance(args[-1], dict) else {}
        except StopIteration:
            self._script = None
            return
        self.client.now = self._asked_at = self.simulator.now
        self.asked.append(Asked(self.client.nid, name, self._asked_at))
        self.task = self.client.perform(name, *args, then=self._answered, **options)
        self.simulator.flush(self.client)

    def _answered(self, result: Any, error: OperationFailed | None) -> None:
        self._told_at = self.simulator.now
        took = self._told_at - self._asked_at
        status = error.status if error is not None else 0
        self.asked[-1] = attrs.evolve(self.asked[-1], ended=self._told_at, status=status)
        self.longest, self.blocked = max(self.longest, took), self.blocked + (took if took > USUAL else 0.0)
        if error is None:
            self.ledger.acknowledged += 1
        else:
            self.ledger.failed[-error.status] = self.ledger.failed.get(-error.status, 0) + 1
        think, script = self.random.uniform(0, self.thinking), self._script
        self.simulator.at(self.simulator.now + think, lambda: self._next(script, result, error))

    def unlocked_by_eviction(self, time: float) -> None:
        """A file that died in an eviction has no lock any more."""
        self.ledger.locked = {path for path in self.ledger.locked if self.ledger.changes.get(path, time) > time}

    # -- what he does --------------------------------------------------------------------------------------------

    def _life(self) -> Script:
        if self.home not in self.ledger.folders:
            yield from self._tried(self._mkdir(self.home), self.home)
        while self.left:
            self.left -= self.left > 0
            yield from self._round()

    def _round(self) -> Script:
        choice = self.random.random()
        mine = sorted(self.ledger.files.keys() - self.held.keys() - self.ledger.doubtful)
        if choice < 0.25 or not mine:
            path = self._new("f")
            yield from self._tried(self._make(path, keep=len(self.held) < HELD), path)
        elif choice < 0.4 and self.held:
            path = self.random.choice(sorted(self.held))
            yield from self._tried(self._append(path, later=self.random.random() < 0.5), path)
        elif choice < 0.48 and self.held:
            path = self.random.choice(sorted(self.held))
            yield from self._tried(self._close(path), path)
        elif choice < 0.56:
            path = self._new("d")
            yield from self._tried(self._mkdir(path), path)
        elif choice < 0.64:
            old, new = self.random.choice(mine), self._new("r")
            yield from self._tried(self._rename(old, new), old, new)
        elif choice < 0.72:
            path = self.random.choice(mine)
            yield from self._tried(self._unlink(path), path)
        elif choice < 0.8:
            path = self.random.choice(mine)
            yield from self._tried(self._read(path), path, changing=False)
        else:
            yield from self._seldom(self.random.choice(mine))

    def _seldom(self, path: str) -> Script:
        """One of the calls that users make now and then, on a closed file, an open one, or a name of its own."""
        open_one = self.random.choice(sorted(self.held)) if self.held else None
        empty = sorted(self.ledger.folders - {self.home} - self.ledger.doubtful)
        new = self._new("s")
        calls: list[tuple[Script, tuple[str, ...], bool]] = [
            (self._chmod(path), (path,), True), (self._annotate(path), (path,), True),
            (self._symlink(path, new), (new,), True), (self._second_name(path, new), (path, new), True),
            (self._list(), (), False), (self._statistics(), (), False),
        ]  # fmt: skip
        if empty:
            folder = self.random.choice(empty)
            calls.append((self._rmdir(folder), (folder,), True))
        if open_one is not None:
            calls += [
                (self._lock(open_one), (open_one,), True), (self._cut(open_one), (open_one,), True),
                (self._fsync(open_one), (open_one,), True),
            ]  # fmt: skip
        script, paths, changing = self.random.choice(calls)
        yield from self._tried(script, *paths, changing=changing)

    def _tried(self, script: Script, *paths: str, changing: bool = True) -> Script:
        """A failure leaves it open what became of the paths, and so does an end without an answer."""
        self.trying = frozenset(paths if changing else ())
        try:
            yield from script
        except OperationFailed:
            if changing:
                self.ledger.doubtful |= set(paths)
            for path in paths:
                self.held.pop(path, None)
                self.ledger.locked.discard(path)
        else:
            if changing:
                self.ledger.changes |= dict.fromkeys(paths, self._told_at)
        self.trying = frozenset()

    def _new(self, kind: str) -> str:
        self._serial += 1
        return f"{self.home}/{kind}{self._serial}"

    def _open(self, path: str, flags: str) -> Script:
        k = names(self.client.metadata().dialect)
        bits = {"make": k.MDS_OPEN_CREAT | k.FMODE_READ | k.FMODE_WRITE, "read": k.FMODE_READ}[flags]
        return (yield "open", path, int(bits))

    def _make(self, path: str, *, keep: bool) -> Script:
        data = f"{path} by {self.client.nid:x}".encode()
        number: Any = yield from self._open(path, "make")
        if keep:
            self.held[path] = number
        yield "write", number, 0, data
        self.ledger.files[path] = data
        if not keep:
            yield "close", number

    def _append(self, path: str, *, later: bool) -> Script:
        number, before = self.held[path], self.ledger.files.get(path, b"")
        more = f" {self._serial}".encode()
        yield "write_later" if later else "write", number, len(before), more
        self.ledger.files[path] = before + more
        if later:
            self.ledger.cached.add(path)
            return
        found = yield "read", number, 0, len(before) + len(more) + 10
        self._compare(path, found)
        self.ledger.cached.discard(path)

    def _close(self, path: str) -> Script:
        if path in self.ledger.locked:
            yield from self._lock(path)
        yield "close", self.held.pop(path)
        self.ledger.cached.discard(path)

    def _mkdir(self, path: str) -> Script:
        yield "mkdir", path
        self.ledger.folders.add(path)

    def _rename(self, old: str, new: str) -> Script:
        yield "rename", old, new
        self.ledger.moved(old, new)

    def _unlink(self, path: str) -> Script:
        yield "unlink", path
        self.ledger.removed(path)

    def _read(self, path: str) -> Script:
        number: Any = yield from self._open(path, "read")
        found = yield "read", number, 0, len(self.ledger.files[path]) + 10
        self._compare(path, found)
        yield "close", number

    def _chmod(self, path: str) -> Script:
        k, mode = names(self.client.metadata().dialect), self.random.choice((0o600, 0o640, 0o644))
        valid = k.MDS_ATTR_MODE | k.MDS_ATTR_CTIME
        yield "setattr", path, int(valid), {"mode": stat.S_IFREG | mode, "ctime": self.client.seconds()}
        self.ledger.modes[path] = mode
        self._same(f"{path}: mode", stat.S_IMODE((yield "getattr", path).mode), mode)

    def _annotate(self, path: str) -> Script:
        """Sets the attribute, or takes it away again."""
        if path in self.ledger.notes:
            yield "removexattr", path, NOTE
            del self.ledger.notes[path]
        else:
            value = f"{path} {self._serial}".encode()
            yield "setxattr", path, NOTE, value
            self.ledger.notes[path] = value
            self._same(f"{path}: attribute", (yield "getxattr", path, NOTE), value)
        self._same(f"{path}: has the attribute", NOTE in (yield "listxattr", path), path in self.ledger.notes)

    def _symlink(self, path: str, new: str) -> Script:
        yield "symlink", path, new
        self.ledger.links[new] = path
        self._same(f"{new}: points to", (yield "readlink", new), path)

    def _second_name(self, path: str, new: str) -> Script:
        """A second name that takes the place of the first."""
        yield "link", path, new
        yield "unlink", path
        self.ledger.moved(path, new)

    def _list(self) -> Script:
        ledger = self.ledger
        there = {path for path in (*ledger.files, *ledger.folders, *ledger.links) if path not in ledger.doubtful}
        found = {f"{self.home}/{name.decode()}" for name in (yield "readdir", self.home)}
        self._same(f"{self.home}: lacks", sorted(there - {self.home} - found), [])
        self._same(f"{self.home}: still has", sorted((ledger.gone - ledger.doubtful - there) & found), [])

    def _statistics(self) -> Script:
        yield ("statfs",)
        yield ("sync",)

    def _rmdir(self, folder: str) -> Script:
        yield "rmdir", folder
        self.ledger.removed(folder)

    def _lock(self, path: str) -> Script:
        """Locks a whole file, or unlocks it."""
        unlock = path in self.ledger.locked
        yield "flock", self.held[path], "LCK_NL" if unlock else "LCK_PW", {"wait": False}
        (self.ledger.locked.discard if unlock else self.ledger.locked.add)(path)

    def _cut(self, path: str) -> Script:
        left = self.ledger.files[path][:-1]
        yield "truncate", self.held[path], len(left)
        self.ledger.files[path] = left
        self.ledger.cached.discard(path)
        self._compare(path, (yield "read", self.held[path], 0, len(left) + 10))

    def _fsync(self, path: str) -> Script:
        yield "fsync", self.held[path]
        self.ledger.cached.discard(path)

    def _same(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.wrong.append(f"{what} {found!r}, not {expected!r}")

    def _compare(self, path: str, found: bytes) -> None:
        if found != self.ledger.files[path]:
            self.wrong.append(f"{path}: read {found!r}, wrote {self.ledger.files[path]!r}")


def inspect(ledger: Ledger, client: UpgradeClient) -> Generator[Any, Any, list[str]]:
    """Look for everything a ledger says, with another client. What is missing, as lines of text."""
    wrong: list[str] = []
    k = names(client.metadata().dialect)
    for path in sorted(ledger.folders - ledger.doubtful):
        status = yield from _status(client.getattr(path))
        wrong += [f"{path}: the directory is gone"] if status else []
    for path, data in sorted(ledger.files.items()):
        if path in ledger.doubtful:
            continue
        try:
            number = yield from client.open(path, int(k.FMODE_READ))
            found = yield from client.read(number, 0, len(data) + 10)
            yield from client.close(number)
        except OperationFailed as failure:
            wrong.append(f"{path}: {failure}")
        else:
            if found != data:
                wrong.append(f"{path}: holds {found!r}, acknowledged {data!r}")
            wrong += yield from _attributes(path, ledger, client)
    for path, target in sorted(ledger.links.items()):
        if path not in ledger.doubtful:
            found = yield from _result(client.readlink(path))
            wrong += [f"{path}: points to {found!r}, acknowledged {target!r}"] if found != target else []
    for path in sorted(ledger.locked - ledger.doubtful):
        number = yield from client.open(path, int(k.FMODE_READ | k.FMODE_WRITE))
        status = yield from _status(client.flock(number, "LCK_PW", wait=False))
        yield from client.close(number)
        wrong += [f"{path}: locked by its user, and another gets the lock"] if status != -errno.EAGAIN else []
    for path in sorted(ledger.gone - ledger.doubtful - ledger.files.keys()):
        status = yield from _status(client.getattr(path))
        wrong += [f"{path}: removed, and there again"] if status != -errno.ENOENT else []
    return wrong


def _attributes(path: str, ledger: Ledger, client: UpgradeClient) -> Generator[Any, Any, list[str]]:
    """What was set of a file besides its bytes, and is not so."""
    wrong = []
    if path in ledger.modes:
        mode = stat.S_IMODE((yield from client.getattr(path)).mode)
        wrong += [f"{path}: mode {mode:o}, acknowledged {ledger.modes[path]:o}"] if mode != ledger.modes[path] else []
    if path in ledger.notes:
        note = yield from _result(client.getxattr(path, NOTE))
        wrong += [f"{path}: {NOTE!r} is {note!r}"] if note != ledger.notes[path] else []
    return wrong


def _result(steps: Any) -> Any:
    """What an operation found, or how it failed."""
    try:
        return (yield from steps)
    except OperationFailed as failure:
        return str(failure)


def _status(steps: Any) -> Any:
    try:
        yield from steps
    except OperationFailed as failure:
        return failure.status
    return 0
