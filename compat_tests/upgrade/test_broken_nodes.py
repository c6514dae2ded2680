"""The monitor notices nodes with one thing broken: for every invariant there are some that violate it.

One thing is broken at a time, in nodes that are otherwise as they were. What they note of themselves is a lie: what
nodes noted of which nothing was broken is put in its place.
"""

from __future__ import annotations

import ast
import errno
import inspect
import sys
from contextlib import suppress
from typing import Any

import pytest

from compat_tests.upgrade.checks import reported
from compat_tests.upgrade.plays import copied, play, played, watched
from lustre_wire.dialects import dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.exports import Answer
from lustre_wire.recovery.last_rcvd import LastRcvd
from lustre_wire.recovery.replay import ReplayList
from lustre_wire.recovery.target import Target
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.mds.service import Metadata
from lustre_wire.testbed.mgs import Configuration
from lustre_wire.testbed.node import ServerNode
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.testbed.space import Inode, Space
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.upgrade.checks.monitor import CHECKS, judge
from lustre_wire.upgrade.evidence.journal import Journal
from lustre_wire.upgrade.nodes import reopen
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.nodes.participant import Participant
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState, Step
from lustre_wire.upgrade.protocol.gate import Caller, Gate
from lustre_wire.upgrade.protocol.mark import Start
from lustre_wire.upgrade.protocol.shutdown import Act, ServerState, Shutdown
from lustre_wire.upgrade.scenario import Scenario, parse
from lustre_wire.upgrade.stage import operator
from lustre_wire.upgrade.stage.play import Play

NEW = dialect("2.0")


def _let_everybody_in(self: Gate, caller: Caller) -> None:
    self._let_in(caller)


def _release_at_once(self: Barrier, facts: Any) -> list[Step]:
    if self.state is not ClientState.DRAINING:
        return []
    self.state = ClientState.WAITING
    return [Step.RELEASE]


def _leave_with_the_release(self: Barrier, facts: Any) -> list[Step]:
    steps = LOOK(self, facts)
    return [Step.DISCONNECT, *steps] if Step.RELEASE in steps else steps


def _halt_without_waiting(self: Shutdown) -> list[Act]:
    if self.state is not ServerState.REVOKING:
        return []
    self.state = ServerState.QUIET
    return [Act.COMMIT]


def _open_at_reconnect(self: Barrier) -> list[Step]:
    return self._run() if self.state is ClientState.REOPENING else []


def _open_when_connected(self: Barrier) -> list[Step]:
    return self._run() if self.closed else []


def _let_go_on(self: Gate, caller: Caller) -> bool:
    if caller not in self.waiting:
        return False
    self._end([caller], 0)
    return True


def _kill_files(file: Any, dialect: Any, again: Any = reopen.open_again) -> Any:
    made = again(file, dialect)
    file.dead = True
    return made


def _keep_everything(self: ReplayList, transno: int) -> None:
    self.last_committed = max(self.last_committed, transno)


def _forget_replays(self: Participant, barred: Any) -> None:
    for owner in barred.imports:
        owner.replay.clear()
    RELEASE(self, barred)


def _count_but_keep(self: Target, export: Any, now: float, why: str = "") -> None:
    self.namespace.drop_owner(export)
    assert isinstance(self.guard, Controlled)
    self.guard._do(self.guard.life.released(export.uuid))


def _forget_nobody(self: Controlled, how: Start) -> None:
    book = LastRcvd(self.store, self.dialect, metadata=True)
    head = book.header()
    head.lsd_feature_compat ^= book.k.OBD_COMPAT_20
    book.write_header(head)


def _forget_everybody(self: LastRcvd, head: Any) -> None:
    self.slots = {}


def _never_mark(self: Controlled) -> None:
    assert self.target is not None
    self.target.commit()


def _power_off(self: ServerNode, now: float) -> None:
    self.crash()


def _remember_names(self: ClientNode, parent: Any, name: bytes) -> Any:
    known = self.__dict__.setdefault("remembered", {})
    if name not in known:
        known[name] = yield from LOOKUP(self, parent, name)
    return known[name]


def _keep_the_FID(self: Space, inode: Inode) -> Inode:
    return inode


def _keep_files(self: ClientNode, owner: Any) -> None:
    self.names.clear()


def _convert_logs(self: Configuration, version: Any, logs: dict[bytes, bytes], *more: Any) -> None:
    CONFIGURATION(self, version, logs, *more)
    for name in logs:
        logs[name] = logs[name][:-16] + b"\1" * 16 if version is NEW else logs[name]


def _drop_the_MGC(self: UpgradeClient, before: Any) -> None:
    OTHER_DIALECT(self, before)
    self.mgc = None


LOOK, RELEASE, LOOKUP = Barrier.look, Participant._release, ClientNode.lookup
CONFIGURATION, OTHER_DIALECT = Configuration.__init__, UpgradeClient._other_dialect


def as_if_well(made: Play, other: Play | None) -> None:
    """The nodes say what those of another play noted, in which nothing was broken; or nothing at all."""
    made.journal = other.journal if other is not None else Journal()
    for name, node in made.nodes.items():
        node.history = list(other.nodes[name].history) if other is not None else []


BACK = parse(
    "back",
    'title = "t"\nabout = "a"\nversion = "2.0"\nsteps = ["work 2", "downgrade mds", "work 2"]',
)
DEVICES = parse("devices", 'title = "t"\nabout = "a"\nsteps = ["work 2", "upgrade mds", "wait 100"]')
#: Invariant, scenario, policy, and what is put in the place of which part.
BROKEN: list[tuple[str, str | Scenario, str, Any, str, Any]] = [
    ("B2", "clean-upgrade", "simplified", Gate, "enter", _let_everybody_in),
    ("B3", "clean-upgrade", "simplified", ReplayList, "committed", _keep_everything),
    ("B4", "clean-upgrade", "simplified", Barrier, "look", _release_at_once),
    ("B5", "clean-upgrade", "simplified", Shutdown, "_quiet", _halt_without_waiting),
    ("B6", "new-clients", "simplified", Shutdown, "newcomer", lambda self, first: 0),
    ("B7", "clean-upgrade", "simplified", reopen, "open_again", _kill_files),
    ("B8", "clean-upgrade", "simplified", Barrier, "look", _leave_with_the_release),
    ("B9", "by-hand", "simplified", Gate, "interrupt", _let_go_on),
    ("B10", "clean-upgrade", "simplified", reopen, "carry", lambda old, new: None),
    ("B11", "by-hand", "simplified", Barrier, "recovered", _open_at_reconnect),
    ("B12", "clean-upgrade", "simplified", Barrier, "look", _release_at_once),
    ("B13", "piecemeal-osts", "simplified", Gate, "_held", lambda self, caller: bool(self.closed)),
    ("B14", "clean-upgrade", "simplified", Participant, "_release", _forget_replays),
    ("B15", "silent-client", "simplified", Target, "evict", _count_but_keep),
    ("SI14", "clean-upgrade", "simplified", Barrier, "restarted", _open_when_connected),
    ("S1", "brief-absence", "simplified", Target, "evict", _count_but_keep),
    ("S2", "clean-upgrade", "simplified", Controlled, "_write_mark", _never_mark),
    ("S3", "failover-pair", "simplified", mark, "read", lambda store: None),
    ("S4", "forced-start", "simplified", Controlled, "_prepare", _forget_nobody),
    ("D1", "downgrade", "simplified", Controlled, "_prepare", _forget_nobody),
    ("D2", "downgrade", "shipped", Controlled, "shut_down", _power_off),
    ("D4", BACK, "simplified", ClientNode, "lookup", _remember_names),
    ("D8", "downgrade", "simplified", Space, "_shown", _keep_the_FID),
    ("E1", "clean-upgrade", "shipped", Controlled, "_prepare", _forget_nobody),
    ("E2", "recover-then-upgrade", "simplified", LastRcvd, "_read_slots", _forget_everybody),
    ("E4", "clean-upgrade", "shipped", ClientNode, "_evicted", _keep_files),
    ("G1", "config", "simplified", Configuration, "__init__", _convert_logs),
    ("G5", DEVICES, "simplified", UpgradeClient, "_other_dialect", _drop_the_MGC),
    ("G7", "config", "simplified", operator, "writeconf", lambda target, logs: None),
    ("dialect", "clean-upgrade", "simplified", reopen, "open_again", lambda file, dialect: None),
]


@pytest.mark.parametrize(
    ("name", "scenario", "policy", "owner", "attribute", "broken"), BROKEN, ids=[f"{b[0]}-{b[4]}" for b in BROKEN]
)
def test_broken_nodes_are_noticed(
    name: str, scenario: Any, policy: str, owner: Any, attribute: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = (played if isinstance(scenario, str) else play)(scenario, policy).play
    made = watched(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(owner, attribute, broken)
        if name == "dialect":  # an MDS evicts who replays what it cannot read; this one answers him
            patch.setattr(Metadata, "unreadable", lambda self, request: Answer(-errno.EOPNOTSUPP, failed=True))
        with suppress(Stuck, OperationFailed, WireError, AssertionError):  # what they did before that is judged too
            play(scenario, policy)
    as_if_well(made[-1], well)
    assert reported(made[-1], name)


def test_no_check_asks_what_a_node_says_of_itself() -> None:
    """Neither what it notes, nor what it holds in memory."""
    modules = {sys.modules[found.check.__module__] for found in CHECKS.values()}
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        own = {"journal", "history", "events", "exports", "life", "barred", "barrier", "mdc", "oscs", "store", "files"}
        assert not names & own, module.__name__


@pytest.mark.parametrize("scenario", ["clean-upgrade", "silent-client", "downgrade", "by-hand", "config"])
def test_the_verdict_is_the_same_when_all_they_note_is_thrown_away(scenario: str) -> None:
    made = played(scenario)
    thrown = copied(made.play)
    as_if_well(thrown, None)
    assert {name: (v.seen, v.wrong) for name, v in judge(thrown).items()} == {
        name: (v.seen, v.wrong) for name, v in judge(made.play).items()
    }
