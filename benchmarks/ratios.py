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

REPEAT, SECONDS = 9, 0.02


def best(work: Work) -> float:
    """Microseconds of the fastest of several runs: what else the machine does only makes a run slower."""
    timer = timeit.Timer(work)
    number = max(1, int(SECONDS / max(min(timer.repeat(3, 3)) / 3, 1e-7)))
    return min(timer.repeat(REPEAT, number)) / number * 1e6


def rows(case: Case) -> list[str]:
    """Table rows of one case."""
    ours = best(case.ours)
    out = []
    for who, work in case.others.items():
        theirs = best(work)
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
