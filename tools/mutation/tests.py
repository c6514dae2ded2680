"""Which tests reach which lines, how long each takes, and in what order they are tried on a fault."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from hypothesis import Phase, settings

Lines = set[tuple[str, int]]

#: A test that takes longer is left out.
LONGEST = 0.7


#: A property is tried on so many values, and a failing one is not made smaller.
VALUES = 15


@dataclass(frozen=True)
class Effort:
    """How much is tried: of a parametrised test so many examples; seconds of tests after which a fault counts as
    unnoticed; the monotonic time at which to stop.
    """

    examples: int
    enough: float
    end: float


@dataclass
class Timed:
    """One test: its id, its seconds, and the lines of the modules at hand that it reaches."""

    id: str
    seconds: float
    lines: Lines = field(default_factory=set)

    @property
    def function(self) -> str:
        return self.id.partition("[")[0]


@contextmanager
def traced(files: frozenset[str]) -> Any:
    """Notes the lines of `files` that run."""
    seen: Lines = set()

    def inside(frame: FrameType, event: str, arg: Any) -> Any:
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return inside

    def called(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return inside

    sys.settrace(called)
    try:
        yield seen
    finally:
        sys.settrace(None)


def in_order(tests: Iterable[Timed], enough: float) -> list[Timed]:
    """The tests to try: the quickest example of every test function, then the next ones, `enough` seconds of them."""
    rounds: dict[str, int] = {}
    ranked = []
    for test in sorted(tests, key=lambda t: t.seconds):
        rounds[test.function] = rounds.get(test.function, -1) + 1
        ranked.append((rounds[test.function], test.seconds, test.id, test))
    chosen, total = [], 0.0
    for *_, test in sorted(ranked):
        total += test.seconds
        if total > enough:
            break
        chosen.append(test)
    return chosen


def thinned(ids: list[str], examples: int) -> list[int]:
    """Places of the tests that are looked at: of a parametrised one some examples, evenly spread."""
    by_function: dict[str, list[int]] = {}
    for i, name in enumerate(ids):
        by_function.setdefault(name.partition("[")[0], []).append(i)
    out = []
    for places in by_function.values():
        step = max(1.0, len(places) / examples)
        out += [places[int(n * step)] for n in range(min(examples, len(places)))]
    return sorted(out)


def hurried(items: Iterable[Any]) -> None:
    """Make properties look at few values."""
    for item in items:
        test = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)
        said = getattr(test, "_hypothesis_internal_use_settings", None)
        if test is not None and said is not None:
            few = settings(said, max_examples=min(VALUES, said.max_examples), phases=(Phase.explicit, Phase.generate))
            test._hypothesis_internal_use_settings = few
