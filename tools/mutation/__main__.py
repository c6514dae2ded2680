"""Command line of the mutation tests."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tools.mutation import fresh
from tools.mutation.forks import forked, say
from tools.mutation.live import Live, killed
from tools.mutation.mutants import Mutant, mutants_of
from tools.mutation.tests import Effort, traced


def main() -> int:
    """Try the faults of some modules; exit status 1 if any goes unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description="Put faults into modules, run tests.")
    parser.add_argument("paths", nargs="+", type=Path, help="modules, or folders of modules, not searched deeper")
    parser.add_argument("--tests", nargs="+", required=True, help="test files or folders")
    parser.add_argument("--fresh-tests", nargs="+", help="those for faults in what runs at loading time; few and quick")
    parser.add_argument("--sample", type=int, default=0, help="try so many faults of each module, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--enough", type=float, default=1.0, help="seconds of tests after which a fault is unnoticed")
    parser.add_argument("--examples", type=int, default=4, help="of a parametrised test try so many")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no fault after so many seconds")
    parser.add_argument("--record", type=Path, help="JSON lines of outcomes: faults noticed before are not tried again")
    options = parser.parse_args()
    files = [str(f) for p in options.paths for f in (sorted(p.glob("*.py")) if p.is_dir() else [p])]
    mutants = [m for file in files for m in _sampled(mutants_of(file), options)]
    before = _recorded(options.record)
    known = {m: before.get((m.file, m.number, m.what), "") for m in mutants}
    outcomes = {m: outcome for m, outcome in known.items() if killed(outcome)}
    fresh.preload()
    for mutant, outcome in _tried([m for m in mutants if m not in outcomes], options):
        outcomes[mutant] = outcome
        say(f"{outcome:11} {mutant}")
        if options.record:
            with options.record.open("a") as out:
                out.write(json.dumps({**asdict(mutant), "outcome": outcome}) + "\n")
    return _summary(files, outcomes, len(mutants))


def _sampled(mutants: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    if 0 < options.sample < len(mutants):
        shuffled = random.Random(options.seed).sample(mutants, len(mutants))  # a larger sample contains a smaller one
        return sorted(shuffled[: options.sample], key=lambda m: m.number)
    return mutants


def _recorded(path: Path | None) -> dict[tuple[str, int, str], str]:
    """What is known of earlier runs: (file, number, what) -> outcome. Lines may have moved since."""
    rows = path.read_text().splitlines() if path is not None and path.exists() else ()
    return {(row["file"], row["number"], row["what"]): row["outcome"] for row in map(json.loads, rows)}


def _tried(mutants: list[Mutant], options: argparse.Namespace) -> Iterator[tuple[Mutant, str]]:
    """First what can be tried in a process that has loaded everything, itself a fork of this one, then the rest."""
    end = time.monotonic() + options.seconds
    paths = frozenset(str(Path(m.file).resolve()) for m in mutants)
    first = tuple(options.fresh_tests or options.tests)

    def live() -> Live:
        with traced(paths) as early:
            plugin = Live(mutants, paths, early, first, Effort(options.examples, options.enough, end))
            fresh.run_pytest(options.tests, plugin)
        return plugin

    found = forked(live, 1e6)
    yield from found.verdicts
    for mutant, ids in found.left:
        if time.monotonic() > end:
            return
        yield mutant, forked(partial(fresh.tried, mutant, ids), 90.0)


def _summary(files: list[str], outcomes: dict[Mutant, str], wanted: int) -> int:
    for mutant, outcome in sorted(outcomes.items(), key=lambda v: (v[0].file, v[0].number)):
        if not killed(outcome):
            print(f"{outcome}: {mutant}")
    for name in (*files, ""):
        counts = Counter(outcome for mutant, outcome in outcomes.items() if name in ("", mutant.file))
        total = sum(counts.values())
        if total:
            share = 100 * sum(n for o, n in counts.items() if killed(o)) / total
            print(f"{name or 'all'}: {total} faults, {dict(counts)}, {share:.1f} % noticed")
    if len(outcomes) < wanted:
        print(f"{wanted - len(outcomes)} faults not tried")
    return int(not all(killed(outcome) for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
