"""The tree of releases: each is its base with some changes.

The main line is the trunk, a maintenance release or a vendor's is a branch of it. A change that a history dates counts
in the release where it was made and in all that come from it, and so nothing leaks from a leaf into the trunk. Which
releases there are is declared outside of the engine, with `branch`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from lustre_wire.errors import SchemaError


@dataclass(frozen=True, eq=False)
class Release:
    """One release. `path`: its own name and those of all it comes from."""

    name: str
    base: Release | None
    path: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", frozenset({self.name}) | (self.base.path if self.base else frozenset()))

    def __repr__(self) -> str:
        return f"<Release {self.name}>"


_releases: dict[str, Release] = {}
_words: dict[str, Release] = {}


def branch(name: str, base: str | None, *words: str) -> Release:
    """Declare a release that comes from `base`, None for the first one.

    Args:
        name: how it is called; must be new.
        base: the release it comes from, as `release` finds it.
        words: shorter names of it. ``2.12.0`` is also found as ``2.12``, unless another release has that name.

    Raises:
        SchemaError: the name is taken, or there is no such base.
    """
    if name in _releases:
        raise SchemaError(f"a release {name!r} is already declared")
    made = _releases[name] = Release(name, release(base) if base is not None else None)
    for word in (name, *words, name.removesuffix(".0")):
        _words.setdefault(word, made)
    newest.cache_clear()
    return made


def release(word: str) -> Release:
    """The release a margin means: ``"2.12"`` is 2.12.0, where that line began.

    Raises:
        SchemaError: no such release is declared.
    """
    found = _words.get(word)
    if found is None:
        raise SchemaError(f"no release {word!r}; declared are {', '.join(known()) or 'none'}")
    return found


def known() -> tuple[str, ...]:
    """Names of all declared releases, by version."""
    return tuple(sorted(_releases, key=version_of))


@cache
def newest() -> Release:
    """The last release of the main line: the one that the longest way leads to."""
    if not _releases:
        raise SchemaError("no release is declared")
    longest = max(len(r.path) for r in _releases.values())
    return max((r for r in _releases.values() if len(r.path) == longest), key=lambda r: version_of(r.name))


def version_of(name: str) -> tuple[int, ...]:
    """``"2.12.9"`` as (2, 12, 9): the leading numbers, so that names sort by version."""
    numbers = re.match(r"\D*(\d{1,9}(?:\.\d{1,9})*)", name)
    return tuple(int(n) for n in numbers[1].split(".")) if numbers else ()


def way(old: Release, new: Release) -> list[Release]:
    """The releases between two, step by step: back to where their branches part, then on; both ends included."""
    back = []
    while old.name not in new.path:
        back.append(old)
        assert old.base is not None  # all releases come from one root
        old = old.base
    on = []
    while new is not old:
        on.append(new)
        assert new.base is not None
        new = new.base
    return [*back, old, *reversed(on)]
