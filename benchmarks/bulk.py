"""Prints what the bulk engine is worth: against memcpy, numpy, construct and the record engine, in one run.

``python -m benchmarks.bulk`` prints the table; ``--append FILE`` adds it to a file; ``--plot FILE.png`` measures the
throughput against the batch size for every engine and draws it (needs matplotlib), with the numbers beside it in
FILE.csv. Exit status 1 when a ratio is below the one wanted.
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import bulk_cases
from benchmarks.bulk_cases import Case, MdtBody
from lustre_wire import bulk
from lustre_wire.engines import record, reference

ROUNDS = 40


def cases() -> Iterator[Case]:
    """All cases; those that need gigabytes are made when their turn comes."""
    yield from bulk_cases.inside()
    for order in ("little", "big"):
        yield from bulk_cases.rows_beyond(order)
    yield from (c for c in bulk_cases.streams() if "400 MB" in c.name)
    yield bulk_cases.translations()[1]


def measure(case: Case) -> dict[str, float]:
    """Seconds of ours ("") and of each other, taken in turns; the fastest counts, since other work only slows down."""
    works: dict[str, Callable[[], Any]] = {"": case.ours, **case.others}
    best = dict.fromkeys(works, float("inf"))
    rounds = ROUNDS if case.bytes < 100_000_000 else 5
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return {name: seconds * case.scale.get(name, 1) for name, seconds in best.items()}


def row(case: Case) -> str:
    """Table row of one case."""
    found = measure(case)
    ours = found.pop("")
    rate = case.items / ours / 1e6
    parts = [f"{theirs / ours:.2f} of {name}" if name == "memcpy" else f"{theirs / ours:.3g} x {name}"
             for name, theirs in found.items()]  # fmt: skip
    missed = [name for name, goal in case.wanted.items() if found[name] / ours < goal]
    goals = [f"{goal:g} {'of' if name == 'memcpy' else 'x'} {name}" for name, goal in case.wanted.items()]
    if case.rate:
        goals.append(f"{case.rate:g} M/s")
        missed += ["rate"] if rate < case.rate else []
    verdict = ", ".join(goals) + (" (missed)" if missed else "")
    each = f"{ours / case.items * 1e9:.1f} ns, {rate:.1f} M/s"
    return f"| {case.name} | {each} | {', '.join(parts) or '-'} | {verdict} |"


def engines(rows: int, data: bytes) -> dict[str, Callable[[], Any]]:
    """One way of each engine to `rows` bodies of 216 bytes."""
    size = bulk_cases.SIZE
    codec, plain = record.codec(MdtBody, "little"), reference.struct(MdtBody)
    compiled, view = reference.struct(MdtBody, compiled=True), bulk_cases.np.frombuffer(data, dtype="u1")
    starts, columns = range(0, rows * size, size), bulk.unpack(MdtBody, data)
    return {
        "bulk": lambda: bulk.unpack(MdtBody, data, out=columns),
        "bulk, new columns": lambda: bulk.unpack(MdtBody, data),
        "record": lambda: [codec.unpack(data, start, start + size) for start in starts],
        "reference, compiled": lambda: [compiled.parse(data[start : start + size]) for start in starts],
        "reference": lambda: [plain.parse(data[start : start + size]) for start in starts],
        "numpy": bulk_cases.numpy_columns(view, "little"),
        "memcpy": bulk_cases.memcpy(rows * size),
    }


def sweep() -> list[tuple[str, int, float]]:
    """(engine, batch size, million bodies a second)."""
    found = []
    sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536, 262144]
    for rows in sizes:
        data = bulk_cases.noise(rows * bulk_cases.SIZE).tobytes()
        for name, work in engines(rows, data).items():
            if rows > 4096 and name.startswith(("record", "reference")):
                continue
            best, runs, end = float("inf"), 0, time.perf_counter() + 0.15
            while runs < 7 or time.perf_counter() < end:
                runs, start = runs + 1, time.perf_counter()
                work()
                best = min(best, time.perf_counter() - start)
            found.append((name, rows, rows / best / 1e6))
    return found


def plot(file: Path, found: list[tuple[str, int, float]]) -> None:
    """Draw the sweep, and write its numbers beside it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with file.with_suffix(".csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("engine", "batch", "million_a_second"), *((n, r, f"{m:.4f}") for n, r, m in found)])
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for name in dict.fromkeys(n for n, _, _ in found):
        points = [(r, m) for n, r, m in found if n == name]
        axes.loglog(*zip(*points, strict=True), marker="o", markersize=3, label=name)
    axes.set_xlabel("bodies of 216 bytes in a batch")
    axes.set_ylabel("million bodies a second")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--append", type=Path, metavar="FILE", help="add the table to this file")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw throughput against batch size instead")
    chosen = parser.parse_args()
    if chosen.plot is not None:
        plot(chosen.plot, sweep())
        return 0
    lines = ["| work | ours, by item | against others | wanted |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for case in cases():
        lines.append(row(case))
        print(lines[-1], flush=True)
    if chosen.append is not None:
        title = f"\n## Bulk (Python {platform.python_version()}, {platform.machine()})\n\n"
        command = "Made with `python -m benchmarks.bulk --append benchmarks/RESULTS.md`; best of runs in turns.\n\n"
        with chosen.append.open("a", encoding="utf-8") as out:
            out.write(title + command + "\n".join(lines) + "\n")
    return 1 if any("(missed)" in line for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
