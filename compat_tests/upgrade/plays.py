"""Plays the tests look at, each played once."""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import cache
from typing import Any

import attrs
import pytest

from lustre_wire.errors import WireError
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.upgrade import scenario
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.scenario import Outcome, Scenario
from lustre_wire.upgrade.stage import play as stage_play
from lustre_wire.upgrade.stage.play import Play

#: Clients a scenario talks of by number.
NEEDED = {"new-clients": 4, "config": 4, "silent-client": 3}


def play(
    name: str | Scenario, policy_name: str = "simplified", *faults: str, seed: int = 7, osts: int | None = None,
    **options: str,
) -> Outcome:  # fmt: skip
    """A scenario from beginning to end, with as few clients as it needs."""
    found = scenario.load(name) if isinstance(name, str) else name
    clients = NEEDED.get(found.name, 2)
    made = Play(policy(policy_name, **options), seed=seed, **scenario.play_options(found, clients=clients, osts=osts))
    for text in faults:
        made.mishaps.expect(text)
    return scenario.run(found, made)


played = cache(play)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Play]:
    """Every play made from here on; it is for the test to judge them."""
    made: list[Play] = []
    begin = Play.__init__

    def note(self: Play, *args: Any, **options: Any) -> None:
        made.append(self)
        begin(self, *args, **options)

    monkeypatch.setattr(Play, "__init__", note)
    monkeypatch.setattr(scenario, "judge", lambda play: {})
    return made


def played_with(
    monkeypatch: pytest.MonkeyPatch, owner: Any, attribute: str, broken: Any, *which: Any, **options: Any
) -> Play:
    """A play with one thing broken in its nodes. Where that ends it, what they did before is there to be judged."""
    made = watched(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(stage_play, "PATIENCE", 120.0)
        patch.setattr(owner, attribute, broken)
        with suppress(Stuck, OperationFailed, WireError):
            play(*which, **options)
    return made[-1]


def copied(made: Play) -> Play:
    """A play whose records may be changed."""
    other = copy.copy(made)
    lists = {a.name: list(getattr(made.journal, a.name)) for a in attrs.fields(type(made.journal)) if a.name != "quiet"}
    other.journal = attrs.evolve(made.journal, **lists)
    for name in ("mounting", "mounted", "by_hand", "writeconfs", "flushed", "began", "stopped"):
        setattr(other, name, list(getattr(made, name)))
    other.nodes = {name: copy.copy(node) for name, node in made.nodes.items()}
    for node in other.nodes.values():
        node.history = list(node.history)
    other.clients = [copy.copy(client) for client in made.clients]
    other.workers = [copy.copy(worker) for worker in made.workers]
    other.simulator = copy.copy(made.simulator)
    other.simulator.trace = copy.copy(made.simulator.trace)
    other.simulator.trace.packets = list(made.simulator.trace.packets)
    return other
