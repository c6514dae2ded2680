"""`History`: what every declaration with a past has in common, and how its views are made and shared.

A view is the class that a declaration is in one release. Releases in which nothing differs share it: one in which
nothing of the declaration, nor of what it contains, is dated has its base's view, and where something is, views are
found again by their shape. Views are made under one lock and published once, so threads may ask for them at will.
"""

from __future__ import annotations

import copyreg
import threading
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from lustre_wire.errors import SchemaError
from lustre_wire.schema.releases import Release, known, newest, release

_T = TypeVar("_T")
_lock = threading.RLock()
# Counts the times a history was changed after it had been declared, by a vendor's branch.
_edition = 0


class History:
    """One declaration through all releases.

    Attributes:
        cls: what was declared.
        views: by shape, what has been made so far.
    """

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.views: dict[Hashable, Any] = {}
        self._at: dict[str, Any] = {}
        self._moments: tuple[int, frozenset[str]] | None = None

    @abstractmethod
    def own_moments(self) -> set[str]:
        """Names of the releases that the declaration itself dates something at."""

    def inner(self) -> Iterable[History]:
        """The histories of what it contains."""
        return ()

    @abstractmethod
    def make(self, when: Release) -> Any:
        """The view at a release, found by its shape or made; None where it does not exist."""

    @abstractmethod
    def exists(self, when: Release) -> bool:
        """Whether the release has it."""

    @abstractmethod
    def c_name(self, when: Release) -> str:
        """Its name in a release."""

    def c_names(self) -> set[str]:
        """The names it has in any release."""
        return {self.c_name(release(name)) for name in known() if self.exists(release(name))}

    def moments(self) -> frozenset[str]:
        """Names of the releases at which the view may differ from that of the release before."""
        if self._moments is None or self._moments[0] != _edition:
            found = frozenset(self.own_moments()).union(*(inner.moments() for inner in self.inner()))
            self._moments = _edition, found
        return self._moments[1]

    def view(self, when: Release) -> Any:
        """The view at a release, None where it does not exist."""
        found = self._at.get(when.name, self)
        if found is not self:
            return found
        with _lock:
            if when.base is not None and when.name not in self.moments():
                found = self.view(when.base)
            else:
                found = self.make(when)
            self._at[when.name] = found
            return found

    def shared(self, shape: Hashable, made: Any) -> Any:
        """Keep a view under its shape."""
        return self.views.setdefault(shape, made)


class ViewType(type):
    """The class of classes that have views: a view is pickled as what was declared and its release."""


def _by_release(cls: Any) -> Any:
    made = vars(cls).get("__made__")
    return cls.__qualname__ if made is None else (view, made)


copyreg.pickle(ViewType, _by_release)


def shape_of(value: Any) -> Hashable:
    """A value as part of a shape: equal for two views only where they hold the same objects.

    Not a `repr`: two views of one struct print alike.
    """
    if isinstance(value, Mapping):
        return tuple((name, shape_of(one)) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(shape_of(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), tuple(shape_of(getattr(value, field.name)) for field in fields(value) if field.compare)
    return type(value), value


def changed() -> None:
    """To be called when a margin was added to after its history had been declared: a vendor's change on a branch."""
    global _edition
    with _lock:
        _edition += 1
        _newest.clear()


def history_of(declared: Any) -> History | None:
    """The history of something declared with one, None for everything else."""
    return vars(declared).get("__history__") if isinstance(declared, type) else None


def view(declared: type[_T], when: str | Release) -> type[_T]:
    """The class that `declared` is in a release. What has no history is the same in every release.

    Raises:
        SchemaError: that release has none, or there is no such release.
    """
    at = when if isinstance(when, Release) else release(when)
    history = history_of(declared)
    if history is None:
        return declared
    found = history.view(at)
    if found is None:
        raise SchemaError(f"{at.name} has no {declared.__name__}")
    return found  # type: ignore[no-any-return]


_newest: dict[Any, tuple[Release, Any]] = {}


def newest_view(declared: type[_T]) -> type[_T]:
    """The class that `declared` is today, or was last: in the newest release that has it.

    Raises:
        SchemaError: no release has it.
    """
    today = newest()
    known = _newest.get(declared)
    if known is not None and known[0] is today:  # looked up with every object that is made of a declaration
        return known[1]  # type: ignore[no-any-return]
    history = history_of(declared)
    if history is None:
        return declared
    at: Release | None = today
    while at is not None:
        found = history.view(at)
        if found is not None:
            _newest[declared] = today, found
            return found  # type: ignore[no-any-return]
        at = at.base
    raise SchemaError(f"no release of the main line has {declared.__name__}")
