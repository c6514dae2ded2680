"""Users of a client: what they do, what they were told was done, and whether it is still there afterwards."""

from __future__ import annotations

import errno
import random
from collections.abc import Generator
from typing import Any

import attrs

from lustre_wire.recovery.names import names
from lustre_wire.testbed.simulator import Simulator
from lustre_wire.testbed.tasks import OperationFailed, Task
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.stage.network import TcpNetwork

#: Seconds a user thinks between two calls, at most.
THINKING = 0.4
#: Seconds a call may take without its user noticing.
USUAL = 1.0
#: Files a user keeps open at once.
HELD = 2

Script = Generator[tuple[Any, ...], Any, Any]


@attrs.define(slots=True)
class Ledger:
    """What a client's users were told.

    Attributes:
        files: path and content of what was made and not removed again.
        folders: directories made.
        gone: paths removed or renamed away.
        doubtful: paths an operation on which failed or was cut off: either outcome is right.
        acknowledged: how many calls succeeded; `failed` how many did not, by errno.
        cached: files with writes that may still be in the client's memory, and go with it.
        changes: when a user was told of the last change of each path.
    """

    files: dict[str, bytes] = attrs.field(factory=dict)
    folders: set[str] = attrs.field(factory=set)
    gone: set[str] = attrs.field(factory=set)
    doubtful: set[str] = attrs.field(factory=set)
    acknowledged: int = 0
    failed: dict[int, int] = attrs.field(factory=dict)
    cached: set[str] = attrs.field(factory=set)
    changes: dict[str, float] = attrs.field(factory=dict)

    def unsure_since(self, first: float, last: float) -> None:
        """What was done in this time may be lost by right: the server crashed before it was on disk, and this client
        was not there to replay it."""
        self.doubtful |= {path for path, time in self.changes.items() if first < time <= last}


class Worker:
    """One user on one client, in a directory of his own; the same seed does the same things.

    Attributes:
        held: open files: path and the client's number.
        task: the call under way; `trying` the paths it changes.
        wrong: what he read that was not what he wrote.
        blocked: seconds spent in calls that took longer than `USUAL`; `longest` the longest of them.
    """

    def __init__(self, client: UpgradeClient, simulator: Simulator | TcpNetwork, number: int, seed: int) -> None:
        self.client, self.simulator = client, simulator
        self.random = random.Random(seed * 1009 + number)
        self.home = f"/c{number}"
        self.ledger = Ledger()
        self.held: dict[str, int] = {}
        self.task: Task | None = None
        self.wrong: list[str] = []
        self.left = 0
        self.blocked = self.longest = self._asked_at = self._told_at = 0.0
        self.trying: frozenset[str] = frozenset()
        self._serial = 0
        self._script: Script | None = None

    # -- running -------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        return self._script is not None

    def work(self, rounds: int) -> None:
        """Do some rounds of work, or with -1 work until `rest`."""
        self.left = rounds
        if self._script is None:
            self._script = self._life()
            self._next(None, None)

    def rest(self) -> None:
        """Finish the round under way and do no more."""
        self.left = 0

    def _next(self, result: Any, error: OperationFailed | None) -> None:
        script = self._script
        if script is None or not self.client.up:
            self._script = None
            return
        try:
            name, *args = script.send(result) if error is None else script.throw(error)
        except StopIteration:
            self._script = None
            return
        self.client.now = self._asked_at = self.simulator.now
        self.task = self.client.perform(name, *args, then=self._answered)
        self.simulator.flush(self.client)

    def _answered(self, result: Any, error: OperationFailed | None) -> None:
        self._told_at = self.simulator.now
        took = self._told_at - self._asked_at
        self.longest, self.blocked = max(self.longest, took), self.blocked + (took if took > USUAL else 0.0)
        if error is None:
            self.ledger.acknowledged += 1
        else:
            self.ledger.failed[-error.status] = self.ledger.failed.get(-error.status, 0) + 1
        think = self.random.uniform(0, THINKING)
        self.simulator.at(self.simulator.now + think, lambda: self._next(result, error))

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
        if choice < 0.3 or not mine:
            path = self._new("f")
            yield from self._tried(self._make(path, keep=len(self.held) < HELD), path)
        elif choice < 0.5 and self.held:
            path = self.random.choice(sorted(self.held))
            yield from self._tried(self._append(path, later=self.random.random() < 0.5), path)
        elif choice < 0.6 and self.held:
            path = self.random.choice(sorted(self.held))
            yield from self._tried(self._close(path), path)
        elif choice < 0.7:
            path = self._new("d")
            yield from self._tried(self._mkdir(path), path)
        elif choice < 0.8:
            old, new = self.random.choice(mine), self._new("r")
            yield from self._tried(self._rename(old, new), old, new)
        elif choice < 0.9:
            path = self.random.choice(mine)
            yield from self._tried(self._unlink(path), path)
        else:
            path = self.random.choice(mine)
            yield from self._tried(self._read(path), path, changing=False)

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
        yield "close", self.held.pop(path)
        self.ledger.cached.discard(path)

    def _mkdir(self, path: str) -> Script:
        yield "mkdir", path
        self.ledger.folders.add(path)

    def _rename(self, old: str, new: str) -> Script:
        yield "rename", old, new
        self.ledger.files[new] = self.ledger.files.pop(old)
        self.ledger.gone.add(old)

    def _unlink(self, path: str) -> Script:
        yield "unlink", path
        del self.ledger.files[path]
        self.ledger.gone.add(path)

    def _read(self, path: str) -> Script:
        number: Any = yield from self._open(path, "read")
        found = yield "read", number, 0, len(self.ledger.files[path]) + 10
        self._compare(path, found)
        yield "close", number

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
    for path in sorted(ledger.gone - ledger.doubtful - ledger.files.keys()):
        status = yield from _status(client.getattr(path))
        wrong += [f"{path}: removed, and there again"] if status != -errno.ENOENT else []
    return wrong


def _status(steps: Any) -> Any:
    try:
        yield from steps
    except OperationFailed as failure:
        return failure.status
    return 0
