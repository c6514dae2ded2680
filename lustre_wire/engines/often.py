"""Code for shapes that come often: made when a shape comes for the eighth time, since making it costs some 50 uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

USES: Final = 8


class Often:
    """`do(*arguments)` gives what `walk` gives; from the eighth call on by the function that `make()` gives."""

    __slots__ = ("_left", "_make", "_walk", "do")

    def __init__(self, walk: Callable[..., Any], make: Callable[[], Callable[..., Any]]) -> None:
        self._walk, self._make, self._left = walk, make, USES
        self.do: Callable[..., Any] = self._first

    def _first(self, *arguments: Any) -> Any:
        self._left -= 1
        if self._left:
            return self._walk(*arguments)
        self.do = self._make()
        return self.do(*arguments)
