"""Compares this state of the project with another commit: ``python -m benchmarks.compare --against REV [NAME...]``.

Both states are copied to a temporary folder and built there, this one with what is not committed yet. In each round two
fresh processes are started, one for each state, and measure every row in turns, the one that begins changing from row
to row: what else the machine does meets both. A row says the processor time of one item in both states, and the ratio
now to before, the median of all rounds, with the lowest and the highest. Below 1 this state is faster. NAME picks the
rows whose names hold it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"
NAMESPACE = FIXTURES / "captures/05-namespace.pcap"
#: Rows that are whole processes: their arguments to Python.
COLD = {
    "import lustre_wire": ["-c", "import lustre_wire"],
    "cold lustre-wire decode --json, 2,506 messages": ["-m", "lustre_wire", "decode", "--json", str(NAMESPACE)],
    "cold lustre-wire decode": ["-m", "lustre_wire", "decode", str(FIXTURES / "captures/02-lnet-ping-discover.pcap")],
}


@dataclass
class State:
    """One state of the project, copied and built."""

    folder: Path
    worker: subprocess.Popen[str] | None = None
    rows: list[str] = field(default_factory=list)

    def environment(self, seed: int = 0) -> dict[str, str]:
        """So that this state's packages are found before the installed ones, and both hash alike."""
        path = os.pathsep.join((str(self.folder), str(self.folder / "codecs")))
        return os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": str(seed)}

    def build(self) -> None:
        """The C core, the entry points, and the compiled files."""
        for command in (
            ["-W", "ignore", "setup.py", "-q", "egg_info", "build_ext", "--inplace"],
            ["-m", "compileall", "-q", "lustre_wire", "codecs"],
        ):
            subprocess.run([sys.executable, *command], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def start(self, seed: int) -> None:
        """Begin a round."""
        command = [sys.executable, "-P", str(ROOT / "benchmarks/compare_rows.py"), str(FIXTURES), str(self.folder)]
        self.worker = subprocess.Popen(
            command, env=self.environment(seed), text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if seed else None,  # what a state lacks is said once
        )  # fmt: skip
        self.rows = self._answer()

    def _answer(self) -> Any:
        assert self.worker is not None and self.worker.stdout is not None
        line = self.worker.stdout.readline()
        if not line:
            raise SystemExit(f"the measuring process of {self.folder} ended with status {self.worker.wait()}")
        return json.loads(line)

    def measure(self, name: str) -> float | None:
        """Seconds of one item; None where this state has no such thing."""
        if name in COLD:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command, environment = [sys.executable, *COLD[name], *self.alike(name)], self.environment()
            made = subprocess.run(command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return None if made.returncode else seconds
        assert self.worker is not None and self.worker.stdin is not None
        self.worker.stdin.write(f"{name}\n")
        found: float | None = self._answer()
        return found

    def alike(self, name: str) -> list[str]:
        """What makes the command say no more than it did before JSON had names."""
        says_names = "--numbers" in (self.folder / "lustre_wire/cli/decode.py").read_text()
        return ["--numbers"] if says_names and "--json" in name else []

    def stop(self) -> None:
        """End a round."""
        if self.worker is not None:
            self.worker.communicate()
            self.worker = None


def git(*arguments: str) -> bytes:
    """What git answers."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def copy_commit(revision: str, folder: Path) -> None:
    """The files of a commit."""
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=git("archive", revision), check=True)


def copy_this(folder: Path) -> None:
    """The files as they are here, committed or not."""
    for name in filter(None, git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split(b"\0")):
        source = ROOT / os.fsdecode(name)
        if source.is_file():
            target = folder / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def shown(seconds: float) -> str:
    """A time that is easy to read."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(found: dict[str, list[tuple[float, float]]]) -> str:
    """Markdown."""
    lines = ["| work | before, an item | now, an item | now / before | lowest to highest |", "|---|---|---|---|---|"]
    for name, pairs in found.items():
        if not pairs:
            lines.append(f"| {name} | - | - | only in one state | |")
            continue
        before, now = (median(times) for times in zip(*pairs, strict=True))
        ratios = sorted(b / a for a, b in pairs)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        lines.append(f"| {name} | {shown(before)} | {shown(now)} | {median(ratios):.3f} | {spread} |")
    return "\n".join(lines)


def compare(before: State, now: State, names: list[str], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """By row, the times of both states in each round."""
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds):
        try:
            before.start(number)
            now.start(number)
            rows = [name for name in [*now.rows, *COLD] if not names or any(part in name for part in names)]
            for place, name in enumerate(rows):
                order = (before, now) if (place + number) % 2 else (now, before)
                times = {id(state): state.measure(name) for state in order}
                old, new = times[id(before)], times[id(now)]
                pairs = found.setdefault(name, [])
                if old is not None and new is not None:
                    pairs.append((old, new))
        finally:
            before.stop()
            now.stop()
    return found


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="measure only rows whose name holds this")
    parser.add_argument("--against", required=True, metavar="REV", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=9, help="how often both states are started (default: 9)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        before, now = State(Path(name).resolve() / "before"), State(Path(name).resolve() / "now")
        copy_commit(chosen.against, before.folder)
        copy_this(now.folder)
        for state in (before, now):
            state.build()
        found = compare(before, now, chosen.names, max(1, chosen.rounds))
    if not found:
        parser.error(f"no row's name holds {' or '.join(chosen.names)}")
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
