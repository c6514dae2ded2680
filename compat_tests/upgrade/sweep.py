"""Plays over policies, options, scenarios and faults, and what must come of each, whatever is combined. ::

python -m compat_tests.upgrade.sweep --random 2000       # drawn from everything
python -m compat_tests.upgrade.sweep --pairs             # all pairs, and every single option with every fault
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, product

import attrs

from compat_tests.upgrade.plays import NEEDED
from compat_tests.upgrade.projected import refusals
from lustre_wire.errors import WireError
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.upgrade import scenario
from lustre_wire.upgrade.protocol.policy import OPTIONS, POLICIES, policy
from lustre_wire.upgrade.stage.mishaps import CLIENT_STATES, SERVER_STATES
from lustre_wire.upgrade.stage.play import Play

SCENARIOS = scenario.names()
#: Hours of simulated time: drawn a tenth as often as the others.
LONG = {"mixed-months"}
#: Each option's values.
VALUES = {
    name: ("no", "yes") if kind is bool else tuple(str(value) for value in kind) for name, kind in OPTIONS.items()
}
FAULTS = (
    *(f"{node}-crash@{state}" for node in ("mgs", "mds", "ost0") for state in SERVER_STATES),
    *(f"client1-{what}@{state}" for what in ("crash", "silent") for state in (*SERVER_STATES, *CLIENT_STATES)),
)


@attrs.frozen
class Case:
    """What is combined."""

    scenario: str
    policy: str = "simplified"
    options: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()
    seed: int = 7

    def __str__(self) -> str:
        said = [f"{key}={value}" for key, value in self.options] + [f"--fault {text}" for text in self.faults]
        return " ".join([self.scenario, self.policy, *said, f"--seed {self.seed}"])


def play(case: Case) -> str:
    """Play it. What came of it: ``fine``, ``refused: ...`` before it began, or what is wrong with it."""
    found = scenario.load(case.scenario)
    try:
        how = policy(case.policy, **dict(case.options))
    except WireError as refusal:
        return f"refused: {refusal}"
    made = Play(how, seed=case.seed, **scenario.play_options(found, clients=NEEDED.get(found.name, 2)))
    for text in case.faults:
        made.mishaps.expect(text)
    try:
        outcome = scenario.run(found, made)
    except Stuck as stuck:
        return f"stuck: {stuck}"
    except WireError as error:
        return f"error: {error}"
    wrong = [f"{name}: {line}" for name, verdict in outcome.verdicts.items() for line in verdict.wrong]
    wrong += [f"lost: {line}" for line in outcome.lost]
    wrong += [f"model: {line}" for line in refusals(made)]
    return "fine" if not wrong else f"wrong: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if wrong[1:] else "")


def drawn(many: int, seed: int) -> Iterator[Case]:
    """Cases drawn from everything."""
    chance = random.Random(seed)
    weights = [0.1 if name in LONG else 1.0 for name in SCENARIOS]
    for number in range(many):
        options = tuple(
            (name, chance.choice(values)) for name, values in VALUES.items() if chance.random() < 0.35
        )  # fmt: skip
        faults = tuple(chance.choice(FAULTS) for _ in range(chance.choice((0, 1, 1, 1, 2))))
        name = chance.choices(list(POLICIES), (1, 4, 1))[0]
        yield Case(chance.choices(SCENARIOS, weights)[0], name, options, faults, number)


def single() -> Iterator[Case]:
    """Every value of every option with every fault, and with every scenario."""
    for name, values in VALUES.items():
        for value in values[1:] if name != "scope" else values:
            for text in FAULTS:
                yield Case("clean-upgrade", "simplified", ((name, value),), (text,))
            for each in SCENARIOS:
                yield Case(each, "simplified", ((name, value),))


def pairs() -> Iterator[Case]:
    """All pairs of option, policy, scenario and fault state, packed into few cases greedily."""
    axes: dict[str, tuple[str, ...]] = {
        "scenario": tuple(SCENARIOS), "policy": tuple(POLICIES), "fault": ("", *FAULTS), **VALUES
    }  # fmt: skip
    chance = random.Random(1)
    left = {(one, a, other, b) for one, other in combinations(axes, 2) for a, b in product(axes[one], axes[other])}
    while left:
        best: dict[str, str] = {}
        most = -1
        first = chance.choice(sorted(left))
        for _ in range(30):
            made = _playable({name: chance.choice(values) for name, values in axes.items()}, first)
            covers = len(left & _pairs(made))
            if covers > most:
                best, most = made, covers
        left -= _pairs(best) if not _refused(best) else {first}
        options = tuple((name, best[name]) for name in VALUES)
        yield Case(best["scenario"], best["policy"], options, tuple(filter(None, [best["fault"]])))


def _playable(made: dict[str, str], first: tuple[str, str, str, str]) -> dict[str, str]:
    """A case with a pair in it, and with what is refused beside it taken back; it is refused if the pair is."""
    made = made | {first[0]: first[1], first[2]: first[3]}
    fixed = {first[0], first[2]}
    for name in ["policy", *VALUES]:
        if name not in fixed and _refused(made):
            made[name] = "simplified" if name == "policy" else _own(made["policy"], name)
    return made


def _own(name: str, option: str) -> str:
    """What a policy does unless told otherwise."""
    value = getattr(POLICIES[name], option)
    return {True: "yes", False: "no"}[value] if OPTIONS[option] is bool else str(value)


def _refused(made: dict[str, str]) -> bool:
    try:
        policy(made["policy"], **{name: made[name] for name in VALUES})
    except WireError:
        return True
    return False


def _pairs(made: dict[str, str]) -> set[tuple[str, str, str, str]]:
    return {(one, made[one], other, made[other]) for one, other in combinations(made, 2)}


def sweep(cases: Iterable[Case]) -> Counter[str]:
    """Play all of them, and print those that are not fine."""
    counted: Counter[str] = Counter()
    for case in cases:
        came = play(case)
        counted[came.partition(":")[0]] += 1
        if came != "fine" and not came.startswith("refused"):
            print(f"{case}\n    {came}", flush=True)
    return counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cases = list(drawn(options.random, options.seed))
    cases += [*(single() if options.single else ()), *(pairs() if options.pairs else ())]
    counted = sweep(cases)
    print(f"{len(cases)} plays, {time.process_time():.0f} processor seconds: {dict(counted)}")
    return int(bool(counted.keys() - {"fine", "refused"}))


if __name__ == "__main__":
    sys.exit(main())
