"""The loop of `fuzz`: mutants to a target, findings minimised and kept."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lustre_wire.capture.outputs import write_whole
from lustre_wire.errors import WireError
from lustre_wire.testing.mutate import Mutant, Mutator, minimised
from lustre_wire.testing.targets import Outcome, Target

#: Findings with the same kind and detail beyond this many are counted but not kept.
_MOST_ALIKE: Final = 3


@dataclass(frozen=True)
class Finding:
    """An input a target failed on. `smallest` is what is left of it when everything that does not matter is gone."""

    outcome: Outcome
    mutant: Mutant
    smallest: bytes

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "kind": self.outcome.kind, "detail": self.outcome.detail, **self.mutant.to_json(),
            "smallest": self.smallest.hex(),
        }  # fmt: skip

    @property
    def name(self) -> str:
        """A file name: kind, seed and number."""
        return f"{self.outcome.kind}-{self.mutant.seed}-{self.mutant.number}"


@dataclass
class Summary:
    """How a run went: inputs tried, outcomes counted, findings kept, seconds taken."""

    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "tried": self.tried, "outcomes": dict(sorted(self.outcomes.items())), "seconds": round(self.seconds, 3),
            "findings": [finding.to_json() for finding in self.findings],
        }  # fmt: skip


def run(
    target: Target,
    mutator: Mutator,
    *,
    count: int | None = None,
    seconds: float | None = None,
    start: int = 0,
    minimise: bool = True,
    on_progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Give mutants `start`, `start` + 1, ... to a target until `count` are tried or `seconds` are over.

    Args:
        on_progress: called after each input.

    Raises:
        WireError: neither `count` nor `seconds` given.
        OSError: what the target raises when it cannot be driven at all.
    """
    if count is None and seconds is None:
        raise WireError("expected a number of inputs or of seconds to run for")
    summary = Summary()
    alike: Counter[tuple[str, str]] = Counter()
    begun = time.monotonic()
    for number in _numbers(start, count):
        data = mutator.data(number)
        outcome = target.give(data)
        summary.tried += 1
        summary.outcomes[outcome.kind] += 1
        if outcome.failed:
            alike[outcome.kind, outcome.detail] += 1
            if alike[outcome.kind, outcome.detail] <= _MOST_ALIKE:
                summary.findings.append(_finding(target, mutator.mutant(number), outcome, minimise))
        summary.seconds = time.monotonic() - begun
        if on_progress is not None:
            on_progress(summary)
        if seconds is not None and summary.seconds >= seconds:
            break
    return summary


def _numbers(start: int, count: int | None) -> Iterator[int]:
    number = start
    while count is None or number < start + count:
        yield number
        number += 1


def _finding(target: Target, mutant: Mutant, outcome: Outcome, minimise: bool) -> Finding:
    if not minimise:
        return Finding(outcome, mutant, mutant.data)
    smallest = minimised(mutant.data, mutant.base.data, lambda data: target.give(data).kind == outcome.kind)
    return Finding(outcome, mutant, smallest)


def keep(findings: Iterable[Finding], folder: Path) -> list[Path]:
    """Write each finding into `folder`: the smallest input as ``NAME.bin``, the account as ``NAME.json``.

    Raises:
        WireError: one of them is a link.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for finding in findings:
        account = folder / f"{finding.name}.json"
        write_whole(folder / f"{finding.name}.bin", finding.smallest)
        write_whole(account, f"{json.dumps(finding.to_json(), indent=1)}\n".encode())
        written.append(account)
    return written


def corpus(folder: Path) -> list[bytes]:
    """The messages of a corpus folder: every ``*.bin`` file, in the order of their names.

    Raises:
        WireError: there is none.
        OSError: the folder cannot be read.
    """
    found = [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix == ".bin"]
    if not found:
        raise WireError(f"no *.bin file in {folder}")
    return found
