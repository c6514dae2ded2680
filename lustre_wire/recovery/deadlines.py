"""The earliest of many times, found without looking at all of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: So few are not worth sweeping.
FEW = 64


class Deadlines(Generic[T]):
    """Things with a time each, in seconds.

    Args:
        due: when something is due, asked anew whenever it is looked at: None once it has no time any more, otherwise
            never earlier than it was.
    """

    def __init__(self, due: Callable[[T], float | None]) -> None:
        self._due = due
        self._heap: list[tuple[float, int, T]] = []
        self._added = 0
        self._sweep_at = FEW

    def add(self, what: T) -> None:
        time = self._due(what)
        if time is not None:
            self._added += 1
            heapq.heappush(self._heap, (time, self._added, what))
        if len(self._heap) > self._sweep_at:
            self._sweep()

    def __len__(self) -> int:
        """How many are kept: at most twice as many as have a time, `FEW` apart."""
        return len(self._heap)

    def _sweep(self) -> None:
        """Forget what has no time any more."""
        self._heap = [entry for entry in self._heap if self._due(entry[2]) is not None]
        heapq.heapify(self._heap)
        self._sweep_at = max(FEW, 2 * len(self._heap))

    def first(self) -> float | None:
        """The earliest time, None when there is none."""
        while self._heap:
            noted, order, what = self._heap[0]
            time = self._due(what)
            if time == noted:
                return noted
            if time is None:
                heapq.heappop(self._heap)
            else:
                heapq.heapreplace(self._heap, (time, order, what))
        return None

    def take(self, now: float) -> list[T]:
        """What is due, in the order in which it was added; it is not looked at again unless it is added again."""
        found: list[tuple[int, T]] = []
        while (time := self.first()) is not None and time <= now:
            _, order, what = heapq.heappop(self._heap)
            found.append((order, what))
        return [what for _, what in sorted(found, key=lambda each: each[0])]
