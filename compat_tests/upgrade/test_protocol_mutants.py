"""Nodes that break the protocol on purpose, each in a plain play: the monitor reports every one of them.

What is broken is the node; what reports it are bytes and disks wherever the fault can be seen there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from compat_tests.upgrade.checks import reported
from compat_tests.upgrade.plays import played, played_with
from compat_tests.upgrade.test_broken_nodes import BROKEN, as_if_well
from compat_tests.upgrade.test_own_mutants import MUTANTS as OWN_MUTANTS
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.last_rcvd import LastRcvd
from lustre_wire.recovery.replay import ReplayList
from lustre_wire.recovery.service import Wait
from lustre_wire.recovery.target import Target
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.checks.monitor import CHECKS
from lustre_wire.upgrade.nodes import client as client_node
from lustre_wire.upgrade.nodes import rebuild, reopen, server
from lustre_wire.upgrade.nodes.participant import Participant
from lustre_wire.upgrade.nodes.server import LINGER, Controlled
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.protocol.gate import Gate
from lustre_wire.upgrade.protocol.mark import Mark
from lustre_wire.upgrade.protocol.shutdown import Act, ServerState, Shutdown

LOOK, RESTARTED, NOTIFY, HANDLING = Barrier.look, Barrier.restarted, Controlled._notify, Controlled.handling
RELEASE, REBUILD, REVOKE, RECOVERED = Participant._release, rebuild.rebuild, Controlled._revoke, Barrier.recovered
NEWCOMER, QUIET, COMMIT_SOON = Shutdown.newcomer, Shutdown._quiet, Controlled._commit_soon


def no_commit(self: Controlled) -> None:
    self._do(self.life.committed())


def no_notice(self: Controlled) -> None:
    self._halt_due = self.now + LINGER


def notice_for_one(self: Controlled) -> None:
    self._released = dict(list(self._released.items())[:1])
    NOTIFY(self)


def marked_at(state: ServerState) -> Callable[[Controlled, str], None]:
    """The clean mark is on disk as soon as this state is reached."""

    def note(self: Controlled, what: str) -> None:
        if what == state:
            mark.write(self.store, Mark(self.dialect.name, clean=True))
        NOTE(self, what)

    return note


NOTE = Controlled._note


def let_in_at(*states: ServerState) -> Callable[[Shutdown, bool], int]:
    return lambda self, first: 0 if self.state in states else NEWCOMER(self, first=first)


def new_number(request: Any, owner: Any, session: Any) -> str:
    why = REBUILD(request, owner, session)
    if not why:
        request.xid = 0
    return why


def asks_secretly(self: Participant, barred: Any) -> None:
    """Something is asked after the release, and noted nowhere."""
    RELEASE(self, barred)
    for owner in barred.in_use:
        if owner.config.connect == "MDS_CONNECT":
            asked = op.GetStatus()
            owner.submit(owner.wrap(packer(owner.dialect).request(asked), op=asked), self._now())


def asks_while_cleaning(self: Participant, barred: Any) -> None:
    SYNC(self, barred)
    for owner in barred.in_use:
        if owner.config.connect == "MDS_CONNECT":
            asked = op.StatFs()
            owner.submit(owner.wrap(packer(owner.dialect).request(asked), op=asked), self._now())


def answers_at_once(**_: Any) -> Wait:
    return Wait(ready=True)


def lifted_early(self: Barrier) -> list[Step]:
    RESTARTED(self)
    return self._run()


def lifted_at_the_notice(self: Barrier) -> list[Step]:
    return self._run() if self.state is ClientState.WAITING else []


def blind_to(fact: str) -> Callable[[Barrier, Facts], list[Step]]:
    return lambda self, facts: LOOK(self, attrs.evolve(facts, **{fact: 0}))


def forgets_opens(self: ReplayList, transno: int) -> None:
    self.last_committed = max(self.last_committed, transno)
    self._entries = [e for e in self._entries if e[0] > self.last_committed]


def creates_again(file: Any, dialect: Any) -> None:
    OPEN_AGAIN(file, dialect)
    file.request.message.body.pb_transno += 1


def everybody_evicted(self: Controlled) -> None:
    """Nobody is asked for his lock: all are evicted when the time is over."""
    self._evict_due = self.now + 5.0


def evicts_one(self: Controlled) -> None:
    COMMIT_SOON(self)
    if self.target is not None and self.target.service.metadata:
        self.target.evict(next(iter(self.target.exports.values())), self.now)


def tells_first(self: Shutdown) -> list[Act]:
    acts = QUIET(self)
    return [Act.NOTIFY, *acts] if acts else acts


def commits_nothing(self: Target) -> None:
    """The header is written and the disk is not flushed."""
    self.last_committed = self.last_transno


def never_evicts(self: Target, export: Any, now: float, why: str = "") -> None:
    """Who does not answer counts as done, and stays known."""
    self.namespace.drop_owner(export)
    assert isinstance(self.guard, Controlled)
    self.guard._do(self.guard.life.released(export.uuid))


def old_dialect(self: Import, granted: int, data: Any) -> None:
    dialect = self.dialect
    ADOPT(self, granted, data)
    if self.connected_before and self.config.connect == "MDS_CONNECT":
        self.dialect = dialect


ADOPT, OPEN_AGAIN = Import._adopt, reopen.open_again
SYNC = Participant._sync
HOLD = {"newcomers": "hold"}
PLAIN = "clean-upgrade"
#: What is broken: the check that reports it, the scenario, the policy, its options, and what stands in which place.
MUTANTS: dict[str, tuple[str, str, str, dict[str, str], Any, str, Any]] = {
    # those of the issue
    "notifies without committing": ("SI12", PLAIN, "simplified", {}, Controlled, "_commit_soon", no_commit),
    "never notifies": ("SI12", PLAIN, "simplified", {}, Controlled, "_notify", no_notice),
    "answers in QUIET": ("TH9", "new-clients", "simplified", HOLD, Shutdown, "request", lambda self, kind: 0),
    "marked clean at QUIET": (
        "S2", PLAIN, "simplified", {}, Controlled, "_note", marked_at(ServerState.QUIET)),
    "marked clean at COMMITTED": (
        "S2", PLAIN, "simplified", {}, Controlled, "_note", marked_at(ServerState.COMMITTED)),
    "a newcomer at REVOKING": (
        "B6", "new-clients", "simplified", {}, Shutdown, "newcomer", let_in_at(ServerState.REVOKING)),
    "a newcomer at QUIET": ("B6", "new-clients", "simplified", {}, Shutdown, "newcomer", let_in_at(ServerState.QUIET)),
    "a newcomer at COMMITTED": (
        "B6", "new-clients", "simplified", {}, Shutdown, "newcomer", let_in_at(ServerState.COMMITTED)),
    "a newcomer at HALTED": (
        "B6", "new-clients", "simplified", {}, Shutdown, "newcomer", let_in_at(ServerState.HALTED)),
    "rebuilt under a new number": ("TH5", "lost-answer", "reformat", {}, rebuild, "rebuild", new_number),
    "asks after its release": ("B2", PLAIN, "simplified", {}, Participant, "_release", asks_secretly),
    "an answer not kept back": ("SI12", PLAIN, "simplified", {"notice": "withheld"}, server, "Wait", answers_at_once),
    "the barrier lifted before reopening": ("SI14", PLAIN, "simplified", {}, Barrier, "restarted", lifted_early),
    # twenty more
    "tells one client only": ("SI12", PLAIN, "simplified", {}, Controlled, "_notify", notice_for_one),
    "the barrier lifted at the notice": (
        "SI14", PLAIN, "simplified", {}, Barrier, "all_committed", lifted_at_the_notice),
    "does not flush": ("B4", "piecemeal-osts", "simplified", {}, Barrier, "look", blind_to("dirty")),
    "does not cancel": ("B4", PLAIN, "simplified", {}, Barrier, "look", blind_to("locks")),
    "does not wait for its calls": ("B12", PLAIN, "simplified", {}, Barrier, "look", blind_to("in_flight")),
    "opens do not outlive their commit": ("B14", PLAIN, "simplified", {}, ReplayList, "committed", forgets_opens),
    "replays under another transno": ("B10", PLAIN, "simplified", {}, client_node.reopen, "open_again", creates_again),
    "asks nobody for the lock": ("SI7", PLAIN, "simplified", {}, Controlled, "_revoke", everybody_evicted),
    "counts the silent as done": ("B15", "silent-client", "simplified", {}, Target, "evict", never_evicts),
    "speaks the old dialect for ever": ("B7", PLAIN, "simplified", {}, Import, "_adopt", old_dialect),
    "never marks": ("S2", PLAIN, "simplified", {}, Controlled, "_write_mark", lambda self: None),
    "does not clear the mark": (
        "S2", PLAIN, "simplified", {}, server.mark, "write",
        lambda store, found: (store.set(("shutdown mark",), Mark(found.version, clean=True)), store.commit())),
    "leaves with its release": (
        "B8", PLAIN, "simplified", {"farewell": "leave"}, Barrier, "look",
        lambda self, facts: [Step.DISCONNECT, *steps] if Step.RELEASE in (steps := LOOK(self, facts)) else steps),
    "holds back nothing": ("B2", PLAIN, "simplified", {}, Gate, "_held", lambda self, caller: False),
    "asks while it cleans": ("B1", PLAIN, "simplified", {}, Participant, "_sync", asks_while_cleaning),
    "quiet before all are done": (
        "B5", PLAIN, "simplified", {}, Shutdown, "released",
        lambda self, client: (setattr(self, "pending", frozenset()), self._quiet())[1]),
    "opens a barrier set by hand": ("B11", "by-hand", "simplified", {}, Barrier, "recovered", lambda self: self._run()),
    "evicts one that is done": ("SI7", PLAIN, "simplified", {}, Controlled, "_commit_soon", evicts_one),
    "tells before it commits": ("SI12", PLAIN, "simplified", {}, Shutdown, "_quiet", tells_first),
    "commits, but not what clients changed": ("SI12", PLAIN, "simplified", {}, Target, "commit", commits_nothing),
    "forgets its clients at every start": (
        "E2", "recover-then-upgrade", "simplified", {}, LastRcvd, "_read_slots",
        lambda self, head: setattr(self, "slots", {})),
}  # fmt: skip


def test_every_invariant_is_violated_by_some_broken_node() -> None:
    found = {case[0] for case in BROKEN} | {case[0] for case in MUTANTS.values()}
    assert found | {case[1] for case in OWN_MUTANTS.values()} >= CHECKS.keys()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_node_that_breaks_the_protocol_is_reported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, scenario, policy, options, owner, attribute, broken = MUTANTS[name]
    osts = None if scenario == "piecemeal-osts" else 1
    well = played(scenario, policy, osts=osts, **options).play
    made = played_with(monkeypatch, owner, attribute, broken, scenario, policy, osts=osts, **options)
    as_if_well(made, well)
    assert check in {site.partition(".")[0] for site in reported(made)}
