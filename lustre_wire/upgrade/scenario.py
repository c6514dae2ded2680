"""Scenarios: small readable files that say what the operator does and what goes wrong, and what must come of it.

A scenario is a TOML file with `title`, `about`, `steps` (sentences, see `stage/sentences.py`) and `expect`: what must
hold beyond the invariants, per policy. Those shipped with the package are found by name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from importlib import resources
from typing import Any

import attrs

from lustre_wire.checking.faults import Fault
from lustre_wire.checking.verdict import Verdict
from lustre_wire.errors import WireError
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.upgrade.checks.monitor import judge
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.protocol.policy import POLICIES
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play
from lustre_wire.upgrade.stage.sentences import OLD, sentence

#: How many clients and OSTs a scenario may have.
MOST = {"clients": 20000, "osts": 64}
_KEYS = {"title", "about", "clients", "osts", "pair", "version", "steps", "expect"}


@attrs.define(slots=True, frozen=True)
class Scenario:
    """What is played.

    Attributes:
        name, title, about: for people.
        clients, osts: how many, unless the user says otherwise.
        pair: the MDS and every OST have a partner that can take the target over.
        version: what everything runs at first.
        steps: sentences.
        expect: per policy, what must come of it.
    """

    name: str
    title: str
    about: str
    steps: tuple[str, ...]
    clients: int = 4
    osts: int = 2
    pair: bool = False
    version: str = OLD
    expect: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.define(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        verdicts: of each invariant.
        lost: what was acknowledged and is not there.
        unmet: expectations that did not come true.
        unstruck: faults whose moment never came.
        stuck: what was waited for in vain; the play ended there.
    """

    play: Play
    verdicts: dict[str, Verdict]
    lost: list[str]
    unmet: list[str]
    unstruck: list[Fault]
    stuck: str = ""

    @property
    def fine(self) -> bool:
        wrong = any(verdict.wrong for verdict in self.verdicts.values())
        return not (self.stuck or self.lost or self.unmet or wrong)


def names() -> list[str]:
    """Names of the scenarios that come with the package."""
    folder = resources.files("lustre_wire.upgrade") / "scenarios"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """A scenario of the package by name.

    Raises:
        WireError: there is none of that name.
    """
    if name not in names():
        raise WireError(f"no scenario {name!r}: there are {', '.join(names())}")
    return parse(name, (resources.files("lustre_wire.upgrade") / "scenarios" / f"{name}.toml").read_text("utf-8"))


def parse(name: str, text: str) -> Scenario:
    """A scenario from its text.

    Raises:
        WireError: what is wrong with it.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WireError(f"{name}: {error}") from error
    unknown = found.keys() - _KEYS
    if unknown or not {"title", "about", "steps"} <= found.keys():
        raise WireError(f"{name}: a scenario has title, about and steps, and may have {', '.join(sorted(_KEYS))}")
    expect = found.pop("expect", {})
    if not isinstance(expect, dict) or expect.keys() - POLICIES.keys():
        raise WireError(f"{name}: expect holds lists by policy: {', '.join(POLICIES)}")
    for key, value in expect.items():
        if not isinstance(value, list) or any(not isinstance(each, str) for each in value):
            raise WireError(f"{name}: expect.{key} = {value!r}: a list of sentences")
    kinds = {"title": str, "about": str, "clients": int, "osts": int, "pair": bool, "version": str, "steps": list}
    wrong = [key for key, value in found.items() if type(value) is not kinds[key]]
    if wrong or any(not isinstance(step, str) for step in found["steps"]):
        raise WireError(f"{name}: {', '.join(wrong) or 'steps'} is not what it should be")
    for key, most in MOST.items():
        if found.get(key, 1) < 1:
            raise WireError(f"{name}: {key} = {found[key]}: there must be one at least")
        if found.get(key, 1) > most:
            raise WireError(f"{name}: {key} = {found[key]}: {most} at most")
    if found.get("version", OLD) not in VERSIONS:
        raise WireError(f"{name}: version = {found['version']!r}: there are {', '.join(VERSIONS)}")
    made = Scenario(
        name, steps=tuple(found.pop("steps")), expect={key: tuple(value) for key, value in expect.items()}, **found
    )
    for step in made.steps:
        sentence(step)
    for expectation in (e for each in made.expect.values() for e in each):
        _expectation(expectation)
    if not made.steps:
        raise WireError(f"{name}: there are no steps")
    return made


# -- expectations ------------------------------------------------------------------------------------------------


_EXPECTATION = re.compile(
    r"(?P<who>nobody|everybody|client\d+) is evicted|(?P<mds>the MDS speaks (?P<version>\d\.\d+))"
)


def _expectation(text: str) -> Callable[[Play], bool]:
    found = _EXPECTATION.fullmatch(text)
    if found is None:
        raise WireError(
            f"not an expectation: {text!r} (nobody, everybody or CLIENT is evicted; the MDS speaks VERSION)"
        )
    if found["mds"]:
        return lambda play: play.servers["mds"].dialect.name == found["version"]
    who = found["who"]
    if who == "nobody":
        return lambda play: not play.clients_evicted()
    if who == "everybody":
        return lambda play: (
            {play.name_of(c.nid) for _, c in play.mounting if play.is_mounted(c.nid, play.first_change())}
            <= (play.clients_evicted())
        )
    return lambda play: who in play.clients_evicted()


def run(scenario: Scenario, play: Play) -> Outcome:
    """Play a scenario to its end and judge it.

    Raises:
        WireError: a step that cannot be taken.
        Stuck: something awaited did not come.
    """
    operator = Operator(play)
    for step in scenario.steps:
        action, values = sentence(step)
        action(operator, **{key: value for key, value in values.items() if value is not None})
    return judged(scenario, play)


def judged(scenario: Scenario, play: Play) -> Outcome:
    """What came of a play that is over."""
    unstruck = list(play.mishaps.pending)
    play.rest()
    lost = play.losses()
    unmet = [text for text in scenario.expect.get(play.policy.name, ()) if not _expectation(text)(play)]
    return Outcome(play, judge(play), lost, unmet, unstruck)


def stuck(play: Play, why: Stuck) -> Outcome:
    """What came of a play that did not come to its end."""
    return Outcome(play, judge(play), [], [], list(play.mishaps.pending), str(why))


def play_options(scenario: Scenario, **chosen: Any) -> dict[str, Any]:
    """Arguments of `Play` for a scenario: its own, except where the user chose otherwise."""
    own = {"clients": scenario.clients, "osts": scenario.osts, "version": scenario.version, "pair": scenario.pair}
    return own | {key: value for key, value in chosen.items() if value is not None}
