"""Operations, faults and restarts in any order, against a model of a file system.

No acknowledged update is lost after its commit or its replay, nothing is done twice, everybody ends FULL or EVICTED,
and the monitor finds no invariant broken in anything that went over the network.
"""

from __future__ import annotations

import copy
import errno
from typing import Any

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

from compat_tests.testbed.modes import READ, WRITE
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.names import names
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.monitor import judge
from lustre_wire.testbed.node import Node
from lustre_wire.testbed.seen import watch
from lustre_wire.testbed.simulator import Faults
from lustre_wire.testbed.tasks import OperationFailed, Steps

PATHS = ["/a", "/b", "/a/x", "/a/y", "/b/x", "/f"]
paths = st.sampled_from(PATHS)
clients = st.integers(0, 1)
#: Statuses of an operation whose client was evicted: whether it was done is not known.
UNKNOWN = (-errno.EINTR, -errno.EIO, -errno.ESTALE)


class Model:
    """Names, and what they stand for: a directory, or a file's number; what files hold."""

    def __init__(self, link_looks_up: bool) -> None:
        self.link_looks_up = link_looks_up
        self.names: dict[str, int | None] = {}
        self.data: dict[int, bytes] = {}

    def parent(self, path: str) -> int:
        """The errno of a path whose directory is not there or none; 0 if it is fine."""
        folder = path.rpartition("/")[0]
        if not folder:
            return 0
        if folder not in self.names:
            return errno.ENOENT
        return 0 if self.names[folder] is None else errno.ENOTDIR

    def below(self, path: str) -> list[str]:
        return [p for p in self.names if p.startswith(f"{path}/")]

    def mkdir(self, path: str) -> int:
        wrong = self.parent(path) or (errno.EEXIST if path in self.names else 0)
        if not wrong:
            self.names[path] = None
        return wrong

    def write(self, path: str, data: bytes) -> int:
        """Open or make a file, and put `data` at its beginning."""
        wrong = self.parent(path)
        if not wrong and path in self.names and self.names[path] is None:
            wrong = errno.EISDIR
        if wrong:
            return wrong
        number = self.names.get(path)
        if number is None:
            number = self.names[path] = max(self.data, default=0) + 1
            self.data[number] = b""
        self.data[number] = data + self.data[number][len(data) :]
        return 0

    def link(self, old: str, new: str) -> int:
        wrong = self.parent(old) or (0 if old in self.names else errno.ENOENT) or self.parent(new)
        if not wrong:
            taken, folder = new in self.names, self.names[old] is None
            both = errno.EEXIST if self.link_looks_up else errno.EPERM
            wrong = both if taken and folder else errno.EEXIST if taken else errno.EPERM if folder else 0
        if not wrong:
            self.names[new] = self.names[old]
        return wrong

    def remove(self, path: str, folder: bool) -> int:
        wrong = self.parent(path) or (0 if path in self.names else errno.ENOENT)
        if not wrong and (self.names[path] is None) != folder:
            wrong = errno.ENOTDIR if folder else errno.EISDIR
        if not wrong and self.below(path):
            wrong = errno.ENOTEMPTY
        if not wrong:
            del self.names[path]
        return wrong

    def rename(self, old: str, new: str) -> int:
        missing = errno.ENOENT in (self.parent(old), self.parent(new))
        wrong = self.parent(old) or self.parent(new) or (0 if old in self.names else errno.ENOENT)
        if missing:  # the client finds both directories before the server looks at them
            return errno.ENOENT
        if wrong:
            return wrong
        source, target = self.names[old], self.names.get(new, 0)
        if new in self.names and old != new and not (source is not None and source == target):
            if target is None and source is not None:
                return errno.EISDIR
            if target is not None and source is None:
                return errno.ENOTDIR
            if self.below(new):
                return errno.ENOTEMPTY
        if source is None and new.startswith(f"{old}/"):
            return errno.EINVAL
        if old == new or (source is not None and source == target and new in self.names):
            return 0
        moved = {p: self.names[p] for p in self.below(old)}
        for path in [old, new, *moved]:
            self.names.pop(path, None)
        self.names[new] = source
        self.names.update({new + p[len(old) :]: number for p, number in moved.items()})
        return 0


class Machine(RuleBasedStateMachine):
    """One file system, two clients, any number of misfortunes that clients survive."""

    dialect = "1.8"
    #: Which of two errors a server finds first: the name is there, or what is linked is a directory.
    link_looks_up = True

    @initialize(seed=st.integers(0, 1000), loss=st.sampled_from([0.0, 0.0, 0.03]), mess=st.sampled_from([0.0, 0.1]))
    def begin(self, seed: int, loss: float, mess: float) -> None:
        self.fs = Simulated(self.dialect, clients=2, seed=seed)
        self.fs.simulator.faults = Faults(loss=loss, duplicate=mess, reorder=mess)
        self.model, self.evicted = Model(self.link_looks_up), False

    # -- doing ---------------------------------------------------------------------------------------------------

    def run(self, steps: Steps, client: ClientNode) -> int | bytes:
        task = self.fs.start(steps, client)
        self.fs.simulator.run(lambda: task.done)
        if task.error is not None:
            assert isinstance(task.error, OperationFailed)
            return -task.error.status
        return task.result if isinstance(task.result, bytes) else 0

    def check(self, client: ClientNode, steps: Steps, expected: int) -> None:
        found = self.run(steps, client)
        assert found == expected, f"{found} instead of {expected}"

    @rule(path=paths, who=clients)
    def mkdir(self, path: str, who: int) -> None:
        c = self.fs.clients[who]
        self.check(c, c.mkdir(path), self.model.mkdir(path))

    @rule(path=paths, who=clients, data=st.binary(min_size=1, max_size=40))
    def write(self, path: str, who: int, data: bytes) -> None:
        c = self.fs.clients[who]
        self.check(c, self._written(c, path, data), self.model.write(path, data))

    def _written(self, c: ClientNode, path: str, data: bytes) -> Any:
        k = names(self.fs.system.dialect)
        number = yield from c.open(path, k.MDS_OPEN_CREAT | READ | WRITE)
        yield from c.write(number, 0, data)
        yield from c.close(number)

    @rule(old=paths, new=paths, who=clients)
    def link(self, old: str, new: str, who: int) -> None:
        c = self.fs.clients[who]
        self.check(c, c.link(old, new), self.model.link(old, new))

    @rule(path=paths, who=clients, folder=st.booleans())
    def remove(self, path: str, who: int, folder: bool) -> None:
        c = self.fs.clients[who]
        self.check(c, c.unlink(path, folder=folder), self.model.remove(path, folder))

    @rule(old=paths, new=paths, who=clients)
    def rename(self, old: str, new: str, who: int) -> None:
        c = self.fs.clients[who]
        self.check(c, c.rename(old, new), self.model.rename(old, new))

    @rule(who=clients)
    def sync(self, who: int) -> None:
        c = self.fs.clients[who]
        self.check(c, c.sync(), 0)

    @rule(seconds=st.sampled_from([0.1, 3.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.fs.simulator.settle(seconds)

    # -- misfortunes ---------------------------------------------------------------------------------------------

    @rule(ost=st.booleans(), down=st.sampled_from([0.5, 10.0]))
    def restart(self, ost: bool, down: float) -> None:
        self.fs.restart(self._server(ost), down)

    def _server(self, ost: bool) -> Node:
        return self.fs.system.osts[0] if ost else self.fs.system.mds

    @rule(ost=st.booleans(), step=st.integers(1, 40))
    def crash_later(self, ost: bool, step: int) -> None:
        """A crash some events from now, in the middle of whatever comes."""
        simulator, node = self.fs.simulator, self._server(ost)
        due = simulator.events + step

        def crash(event: int) -> None:
            if event >= due and node.up:
                simulator.on_event = None
                simulator.crash(node.nid)
                simulator.at(simulator.now + 2.0, lambda: simulator.start(node.nid))

        simulator.on_event = crash

    @rule(who=clients, seconds=st.sampled_from([1.0, 20.0]))
    def cut_off(self, who: int, seconds: float) -> None:
        """A client hears nothing of the MDS for a while, not long enough to be given up."""
        simulator = self.fs.simulator
        simulator.partition(self.fs.clients[who].nid, self.fs.system.mds.nid)
        simulator.settle(seconds)
        simulator.heal()

    @rule(interval=st.sampled_from([0.01, 5.0, 200.0]))
    def disk(self, interval: float) -> None:
        """A fast disk, or one that hardly ever writes."""
        self.fs.system.mds.commit_interval = interval

    # -- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def nobody_was_evicted(self) -> None:
        if hasattr(self, "fs"):
            gone = [
                e
                for c in self.fs.clients
                for i in c.imports()
                for e in i.events
                if e.kind == "evicted" and i is not c.mgc
            ]
            assert gone == []

    def teardown(self) -> None:
        if hasattr(self, "fs"):
            self.quiet_down()
            self.compare(self.model, PATHS)
            self.judged()

    def quiet_down(self) -> None:
        """No more faults: everybody finds together again."""
        simulator = self.fs.simulator
        simulator.on_event, simulator.faults = None, Faults()
        simulator.heal()
        simulator.settle(5)
        self.fs.recovered()
        states = {i.state for c in self.fs.clients for i in c.imports()}
        assert states == {ImportState.FULL}

    def compare(self, model: Model, paths_: list[str]) -> None:
        """Both clients see what the model says."""
        for c in self.fs.clients:
            for path in paths_:
                expected = model.names.get(path, -1)
                if expected == -1:
                    assert self.run(c.getattr(path), c) in (errno.ENOENT, errno.ENOTDIR)
                elif expected is None:
                    assert self.run(c.readdir(path), c) == 0
                else:
                    assert self.run(self._read(c, path, READ), c) == model.data[expected]

    def _read(self, c: ClientNode, path: str, flags: int) -> Any:
        number = yield from c.open(path, flags)
        data = yield from c.read(number, 0, 100)
        yield from c.close(number)
        return data

    def judged(self) -> None:
        found = judge(watch(self.fs.simulator.trace, self.fs.dialects))
        assert {name: v.wrong[:3] for name, v in found.items() if v.wrong} == {}


class Machine20(Machine):
    dialect = "2.0"
    link_looks_up = False


QUICK = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def test_no_update_is_lost_and_nothing_is_done_twice_in_1_8() -> None:
    run_state_machine_as_test(Machine, settings=QUICK)


def test_no_update_is_lost_and_nothing_is_done_twice_in_2_0() -> None:
    run_state_machine_as_test(Machine20, settings=QUICK)


class Evictions(Machine):
    """The same, with a client that stays away too long: what it had not on disk may be lost, nothing else may."""

    def check(self, client: ClientNode, steps: Steps, expected: int) -> None:
        found = self.run(steps, client)
        if -int(found) in UNKNOWN if isinstance(found, int) else False:
            self.evicted = True
        elif not self.evicted:
            assert found == expected, f"{found} instead of {expected}"

    @precondition(lambda self: not self.evicted)
    @rule(who=clients)
    def stays_away(self, who: int) -> None:
        """Everything is on disk; then a client goes on alone, and is away when the MDS restarts."""
        away, here = self.fs.clients[who], self.fs.clients[1 - who]
        simulator, mds = self.fs.simulator, self.fs.system.mds
        self.quiet_down()
        self.check(away, away.sync(), 0)
        durable = copy.deepcopy(self.model)
        self.check(away, away.mkdir("/alone"), 0)
        simulator.partition(away.nid, mds.nid)
        self.fs.restart(down=0.5)
        mdc = here.mdc
        assert mdc is not None
        simulator.run(lambda: mdc.state is ImportState.FULL and not (mds.target is None or mds.target.recovering))
        self.quiet_down()
        self.evicted = True
        self.compare(durable, PATHS)

    @invariant()
    def nobody_was_evicted(self) -> None:
        """Here somebody may be."""

    def teardown(self) -> None:
        if hasattr(self, "fs"):
            self.quiet_down()
            if not self.evicted:
                self.compare(self.model, PATHS)
            self.judged()


class Evictions20(Evictions):
    dialect = "2.0"


def test_what_was_on_disk_survives_an_eviction_in_1_8() -> None:
    run_state_machine_as_test(Evictions, settings=QUICK)


def test_what_was_on_disk_survives_an_eviction_in_2_0() -> None:
    run_state_machine_as_test(Evictions20, settings=QUICK)
