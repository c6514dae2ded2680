"""Whatever several clients do that is allowed, nobody waits for ever: every call is answered, or its client is evicted
for a reason, within simulated time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT, Callbacks
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Bits, Extent, Lock
from lustre_wire.recovery.ldlm.namespace import Namespace
from lustre_wire.recovery.ldlm.policies import EOF
from lustre_wire.recovery.names import names
from lustre_wire.recovery.target import SILENCE
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.tasks import OperationFailed, Steps, Task

FILES = ["/f", "/g", "/d/f", "/d/e/f"]
FOLDERS = ["/d", "/d/e", "/x", "/d/x"]
CLIENTS = 3
#: Seconds a call may take when nobody is in its way but servers, and how much longer for each who may be.
ALONE, EACH = 20.0, 2.0 * CALLBACK_TIMEOUT
files, folders, who = st.sampled_from(FILES), st.sampled_from(FOLDERS), st.integers(0, CLIENTS - 1)
paths = st.one_of(files, folders)
PLACES = st.sampled_from([(0, EOF), (0, 4095), (4096, 8191), (100, 200)])
MODES = st.sampled_from(["LCK_PR", "LCK_PW", "LCK_GROUP", "LCK_CR", "LCK_CW", "LCK_EX"])
#: Of each OST.
FIRST_OBJECT = 1
#: How long a lock is in use: less than a server waits for it, or more.
SHORT, LONG = CALLBACK_TIMEOUT / 5, 1.5 * CALLBACK_TIMEOUT


@attrs.define(eq=False)
class Call:
    """A call under way: `patient` if it waits for a lock of another user's, who may keep it as long as he likes."""

    task: Task
    client: int
    name: str
    began: float
    patient: bool = False


class Clients(RuleBasedStateMachine):
    """Several clients of one file system, which begin calls without waiting for those of others."""

    dialect = "1.8"

    @initialize(seed=st.integers(0, 1000))
    def begin(self, seed: int) -> None:
        self.fs = Simulated(self.dialect, clients=CLIENTS, osts=2, stripes=2, seed=seed)
        self.k = names(self.fs.system.dialect)
        self.calls: list[Call] = []
        self.reasons: set[bytes] = set()
        self.holds = 0
        self.busy: set[tuple[int, int]] = set()
        self.opened: dict[int, list[int]] = {number: [] for number in range(CLIENTS)}
        self.dead: set[int] = set()
        one = self.fs.clients[0]
        for folder in FOLDERS[:2]:
            self.fs.do(one.mkdir(folder))
        for file in FILES:
            self.fs.do(self._made(one, file))

    # -- doing ---------------------------------------------------------------------------------------------------

    def call(self, number: int, name: str, steps: Callable[[ClientNode], Steps], *, patient: bool = False) -> None:
        if number not in self.dead:
            client, now = self.fs.clients[number], self.fs.simulator.now
            self.calls.append(Call(self.fs.start(steps(client), client, name), number, name, now, patient))

    def _made(self, c: ClientNode, path: str, mode: int = 0) -> Any:
        flags = self.k.MDS_OPEN_CREAT | self.k.FMODE_READ | self.k.FMODE_WRITE
        number = yield from c.open(path, flags)
        yield from c.close(number)

    def _open(self, c: ClientNode, number: int, path: str) -> Any:
        self.opened[number].append((yield from c.open(path, self.k.FMODE_READ | self.k.FMODE_WRITE)))

    @rule(number=who, path=files)
    def create(self, number: int, path: str) -> None:
        self.call(number, "create", lambda c: self._made(c, path))

    @rule(number=who, path=files)
    def open(self, number: int, path: str) -> None:
        self.call(number, "open", lambda c: self._open(c, number, path))

    def last(self, number: int) -> int:
        """The file a client opened last; none has the number 0."""
        return next(iter(self.opened[number][-1:]), 0)

    @rule(number=who, place=st.sampled_from([0, 5000, 70_000]), size=st.sampled_from([1, 4096, 100_000]))
    def write(self, number: int, place: int, size: int) -> None:
        if file := self.last(number):
            self.call(number, "write", lambda c: c.write(file, place, bytes(size)))

    @rule(number=who, what=st.sampled_from(["read", "truncate", "fsync"]))
    def use(self, number: int, what: str) -> None:
        arguments: tuple[int, ...] = {"read": (0, 100_000), "truncate": (5,)}.get(what, ())
        if file := self.last(number):
            self.call(number, what, lambda c: getattr(c, what)(file, *arguments))

    @rule(number=who)
    def close(self, number: int) -> None:
        if file := self.last(number):
            self.opened[number].pop()
            self.call(number, "close", lambda c: c.close(file))

    @rule(number=who, path=folders)
    def mkdir(self, number: int, path: str) -> None:
        self.call(number, "mkdir", lambda c: c.mkdir(path))

    @rule(number=who, path=paths, folder=st.booleans())
    def unlink(self, number: int, path: str, folder: bool) -> None:
        self.call(number, "unlink", lambda c: c.unlink(path, folder=folder))

    @rule(number=who, old=paths, new=paths)
    def rename(self, number: int, old: str, new: str) -> None:
        self.call(number, "rename", lambda c: c.rename(old, new))

    @rule(number=who, old=files, new=files)
    def link(self, number: int, old: str, new: str) -> None:
        self.call(number, "link", lambda c: c.link(old, new))

    @rule(number=who, path=paths, what=st.sampled_from(["getattr", "readdir", "setattr", "setxattr", "listxattr"]))
    def attributes(self, number: int, path: str, what: str) -> None:
        arguments: dict[str, tuple[Any, ...]] = {
            "setattr": (self.k.MDS_ATTR_MODE,), "setxattr": (b"user.colour", b"blue"),
        }  # fmt: skip
        options = {"mode": 0o100600} if what == "setattr" else {}
        self.call(number, what, lambda c: getattr(c, what)(path, *arguments.get(what, ()), **options))

    @rule(number=who, what=st.sampled_from(["statfs", "sync"]))
    def whole(self, number: int, what: str) -> None:
        self.call(number, what, lambda c: getattr(c, what)())

    # -- locks ---------------------------------------------------------------------------------------------------

    @rule(number=who, mode=st.sampled_from(["LCK_PR", "LCK_PW", "LCK_NL"]), place=PLACES, pid=st.integers(1, 2),
          wait=st.booleans())  # fmt: skip
    def flock(self, number: int, mode: str, place: tuple[int, int], pid: int, wait: bool) -> None:
        """Of a process, which waits for no two locks at a time."""
        file = self.last(number)
        if file and (number, pid) not in self.busy and number not in self.dead:
            self.busy.add((number, pid))
            steps = partial(self._flocked, number=number, pid=pid, file=file, mode=mode, place=place, wait=wait)
            self.call(number, "flock", steps, patient=True)

    def _flocked(self, c: ClientNode, number: int, pid: int, file: int, mode: str, place: Any, wait: bool) -> Any:
        try:
            yield from c.flock(file, mode, *place, pid, wait=wait)
        finally:
            self.busy.discard((number, pid))

    @rule(number=who, kind=st.sampled_from(["extent", "inode", "plain"]), mode=MODES, place=PLACES,
          which=st.integers(0, 1), seconds=st.sampled_from([0.0, SHORT, SHORT, LONG]))  # fmt: skip
    def hold(self, number: int, kind: str, mode: str, place: tuple[int, int], which: int, seconds: float) -> None:
        """A lock that is in use for a while; who keeps one for too long has himself to blame."""
        if kind != "extent" and mode == "LCK_GROUP":
            mode = "LCK_EX"
        self.holds += 1
        self.call(number, "lock", lambda c: self._held(c, kind, getattr(self.k, mode), place, which, seconds))

    def _held(self, c: ClientNode, kind: str, mode: int, place: tuple[int, int], which: int, seconds: float) -> Any:
        k, owner = self.k, c.metadata()
        if kind == "extent":
            owner = c.oscs[which]
            policy: Any = Extent(0, EOF, 7) if mode == k.LCK_GROUP else Extent(*place)
            resource, type_ = (FIRST_OBJECT, 0, 0, 0), k.LDLM_EXTENT
        elif kind == "inode":
            policy, type_ = Bits(k.MDS_INODELOCK_UPDATE | k.MDS_INODELOCK_LOOKUP), k.LDLM_IBITS
            resource = (*(yield from c.resolve("/d"))[:2], 0, 0) if which else (c.root[0], c.root[1], 0, 0)
        else:
            policy, type_, resource = None, k.LDLM_PLAIN, (77 + which, 0, 0, 0)
        lock = yield from c.lock(owner, type_, resource, mode, policy)
        if seconds > CALLBACK_TIMEOUT:
            self.reasons.add(c.uuid[:8])
        self.fs.simulator.at(self.fs.simulator.now + seconds, lambda: self._let_go(c, owner, lock))

    def _let_go(self, c: ClientNode, owner: Import, lock: Lock) -> None:
        if c.up and lock.cookie in owner.locks.locks:
            c.now = self.fs.simulator.now
            c.release(owner, lock)
            self.fs.simulator.flush(c)

    @rule(number=who)
    def cancel(self, number: int) -> None:
        """A client gives back what it does not use."""
        client = self.fs.clients[number]
        client.now = self.fs.simulator.now
        for owner in client.imports() if number not in self.dead else []:
            unused = [lock for lock in owner.locks.locks.values() if lock.granted and not lock.users]
            client.callee.cancel(owner, owner.locks.give_up([o for o in unused if o.type != self.k.LDLM_FLOCK], self.k))
        self.fs.simulator.flush(client)

    # -- time ----------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.0005, 0.002, 0.1, 10.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.fs.simulator.settle(seconds)

    @precondition(lambda self: not self.dead)
    @rule(number=who)
    def dies(self, number: int) -> None:
        """A client that says nothing any more, whatever it held."""
        self.dead.add(number)
        self.holds += 1
        self.reasons.add(self.fs.clients[number].uuid[:8])
        self.fs.simulator.crash(self.fs.clients[number].nid)

    # -- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def nobody_waits_for_long(self) -> None:
        if hasattr(self, "fs"):
            now = self.fs.simulator.now
            late = [
                (call.name, call.client, now - call.began) for call in self.under_way()
                if not call.patient and now - call.began > ALONE + EACH * self.holds
            ]  # fmt: skip
            assert late == []
            assert self.evicted() <= self.reasons, "who keeps to the rules is not evicted"

    def under_way(self) -> list[Call]:
        self.calls = [call for call in self.calls if not call.task.done and call.client not in self.dead]
        return self.calls

    def evicted(self) -> set[bytes]:
        """Beginnings of their UUIDs, as the connections of one client have them in common."""
        events = [event for node in self.fs.system.servers for event in node.events if event.kind == "evicted"]
        assert all(event.why for event in events)
        return {event.detail[:8] for event in events}

    def teardown(self) -> None:
        if hasattr(self, "fs"):
            self.fs.simulator.settle(ALONE + EACH * self.holds + SILENCE)
            assert [call.name for call in self.under_way() if not call.patient] == []
            self._unlock_everything()
            assert [(call.name, call.client) for call in self.under_way()] == []
            for node in self.fs.system.servers:
                target = node.target
                assert target is not None and not target.callbacks.pending
                assert not [xid for export in target.exports.values() for xid in export.active]
                assert not [r for r in target.namespace.resources.values() if r.waiting]
            assert self.evicted() <= self.reasons

    def _unlock_everything(self) -> None:
        """Users give their file locks back; whoever waited for one gets his, and gives it back in turn."""
        for _ in range(CLIENTS * 2 + 1):
            for number, client in enumerate(self.fs.clients):
                for file in list(client.files) if number not in self.dead else []:
                    for pid in (1, 2):
                        if (number, pid) not in self.busy:
                            self.fs.start(self._unlocked(client, file, pid), client)
            self.fs.simulator.settle(ALONE)

    def _unlocked(self, c: ClientNode, file: int, pid: int) -> Any:
        try:
            yield from c.flock(file, "LCK_NL", 0, EOF, pid)
        except OperationFailed:
            assert c.files[file].dead


class Clients20(Clients):
    dialect = "2.0"


QUICK = settings(
    max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.mark.parametrize(("kind", "name", "seconds"), [(Namespace, "_reprocess", SHORT), (Callbacks, "late", LONG)])
def test_a_hang_is_seen(kind: Any, name: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is free again and not granted, and a holder who is waited for without end."""
    machine: Any = Clients()
    machine.begin(seed=1)
    machine.hold(0, "plain", "LCK_EX", (0, EOF), 0, seconds)
    machine.wait(0.1)
    machine.hold(1, "plain", "LCK_EX", (0, EOF), 0, 0.0)
    real = getattr(kind, name)
    monkeypatch.setattr(kind, name, lambda self, what: None if name == "_reprocess" else real(self, what) and [])
    monkeypatch.setattr(machine, "_let_go", lambda *_: None) if name == "late" else None
    machine.wait(3 * CALLBACK_TIMEOUT)
    with pytest.raises(AssertionError):
        machine.teardown()


def test_every_call_of_1_8_is_answered() -> None:
    run_state_machine_as_test(Clients, settings=QUICK)


def test_every_call_of_2_0_is_answered() -> None:
    run_state_machine_as_test(Clients20, settings=QUICK)
