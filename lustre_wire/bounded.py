"""A table of a bounded number of things, for what comes from outside and never ends."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Bounded(OrderedDict[_K, _V]):
    """A dictionary with at most `most` entries: `keep` forgets what was kept first.

    (A plain dict takes its time to tell its oldest entry where many older ones were removed.)
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.most,), None, None, iter(self.items())

    def keep(self, key: _K, value: _V) -> None:
        """An entry, as the latest; the earliest goes where there are too many."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self.most:
            self.popitem(last=False)
