"""A session that notes what it is asked: while it answers the same, the plans made from its answers hold."""

from __future__ import annotations

from typing import Any

from lustre_wire.translate import Session

#: What a session is asked; everything else it does changes it.
LOOKUPS = frozenset({"fid_of", "inode_of", "open_file"})


class WouldChange(Exception):
    """A session was to be changed where that must not be. Never leaves the library."""


class WatchedSession:
    """A session, with what was asked of it, and the names of what changed it.

    Args:
        session: the session behind it.
        frozen: raise `WouldChange` instead of changing it.
    """

    def __init__(self, session: Session, *, frozen: bool = False) -> None:
        self._session = session
        self._frozen = frozen
        self.changed: set[str] = set()
        self.asked: dict[tuple[str, tuple[Any, ...] | None], Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._session, name)
        if not callable(value):
            self.asked[name, None] = value
            return value
        if name in LOOKUPS:
            return lambda *args: self._look_up(name, args)
        if self._frozen:
            raise WouldChange
        self.changed.add(name)
        return value

    def _look_up(self, name: str, args: tuple[Any, ...]) -> Any:
        value = getattr(self._session, name)(*args)
        self.asked[name, args] = value
        return value


def same_answers(session: Session, asked: dict[tuple[str, tuple[Any, ...] | None], Any]) -> bool:
    """Whether a session still answers as it did."""
    for (name, args), value in asked.items():
        now = getattr(session, name)
        if (now if args is None else now(*args)) != value:
            return False
    return True
