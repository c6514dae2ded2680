"""Prints how many times faster the record engine is than others at the same work, measured in one run.

`python -m benchmarks.ratios` prints the table, `--append FILE` also adds it to a file. Exit status 1 when a ratio is
below the one wanted.
"""

from __future__ import annotations

import argparse
import platform
import sys
import timeit
from pathlib import Path

from benchmarks.cases import Case, Work, cases

REPEAT, SECONDS = 80, 0.003


def best(works: dict[str, Work]) -> dict[str, float]:
    """Microseconds of each, taken in turns: what else the machine does only makes a run slower; the fastest counts."""
    timers = {who: timeit.Timer(work) for who, work in works.items()}
    numbers = {who: max(1, int(SECONDS / max(min(timer.repeat(3, 3)) / 3, 1e-7))) for who, timer in timers.items()}
    rounds = [{who: timer.timeit(numbers[who]) for who, timer in timers.items()} for _ in range(REPEAT)]
    return {who: min(one[who] for one in rounds) / numbers[who] * 1e6 for who in works}


def rows(case: Case) -> list[str]:
    """Table rows of one case."""
    found = best({"lustre-wire": case.ours, **case.others})
    ours = found.pop("lustre-wire")
    out = []
    for who, theirs in found.items():
        wanted = case.wanted.get(who)
        verdict = "" if wanted is None else f"{wanted:.3g}" + ("" if theirs / ours >= wanted else " (missed)")
        out.append(f"| {case.name} | {ours:.2f} | {who} | {theirs:.2f} | {theirs / ours:.2f} | {verdict} |")
    return out


def table() -> str:
    """The whole table, in Markdown."""
    head = "| work | lustre-wire, us | against | us | ratio | wanted |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(row for case in cases() for row in rows(case)) + "\n"


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--append", type=Path, metavar="FILE", help="add the table to this file")
    chosen = parser.parse_args()
    made = table()
    print(made, end="")
    if chosen.append is not None:
        title = f"\n## Single messages (Python {platform.python_version()}, {platform.machine()})\n\n"
        command = "Made with `python -m benchmarks.ratios --append benchmarks/RESULTS.md`; best of several runs.\n\n"
        with chosen.append.open("a", encoding="utf-8") as file:
            file.write(title + command + made)
    return 1 if "(missed)" in made else 0


if __name__ == "__main__":
    sys.exit(main())
