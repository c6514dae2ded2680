"""Plays the tests look at, each played once."""

from __future__ import annotations

from functools import cache

from lustre_wire.upgrade import scenario
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.scenario import Outcome, Scenario
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
        made.expect(text)
    return scenario.run(found, made)


played = cache(play)
