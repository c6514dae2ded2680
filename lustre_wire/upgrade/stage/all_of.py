"""Waiting until something holds of all of many, without looking at all of them at every event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class AllOf(Generic[T]):
    """True once something holds of all at one moment. Who it did not hold of the last time is looked at first.

    Args:
        those: all; they may become more.
    """

    def __init__(self, those: Sequence[T], holds: Callable[[T], bool]) -> None:
        self._those, self._holds, self._at = those, holds, 0

    def __call__(self) -> bool:
        for _ in range(len(self._those)):
            if not self._holds(self._those[self._at % len(self._those)]):
                return False
            self._at += 1
        return True
