"""Enumerations and constants by release.

A field keeps the declared class, whose names are those of all releases; what a number is called in one release is said
by the view of its enumeration there. So structs need not be made again because a bit was added somewhere.
"""

from __future__ import annotations

import enum
from functools import cache
from typing import Any, TypeVar, cast

from lustre_wire.schema.margins import Margin
from lustre_wire.schema.releases import Release, release
from lustre_wire.schema.views import History, history_of, view

_T = TypeVar("_T")


class EnumHistory(History):
    """A flag set or an enumeration through all releases."""

    def __init__(self, cls: Any, declared: dict[str, int], margins: dict[str, Margin], life: Margin) -> None:
        """`declared`: the newest number of each name; `life`: of the members without a margin of their own."""
        super().__init__(cls)
        self.declared, self.margins, self.life = declared, margins, life

    def own_moments(self) -> set[str]:
        return self.life.moments.union(*(m.moments for m in self.margins.values()))

    def exists(self, when: Release) -> bool:
        return any(self.number(name, when) is not None for name in self.declared)

    def c_name(self, when: Release) -> str:
        return str(self.cls.__name__)

    def c_names(self) -> set[str]:
        return {str(self.cls.__name__)}

    def number(self, name: str, when: Release) -> int | None:
        """The number of a member in a release, None where the release has no such name."""
        margin = self.margins.get(name)
        state = margin.at(when) if margin is not None else self.life.at(when)
        if state.is_gone:
            return None
        return self.declared[name] if state.value is None else int(state.value)

    def numbers(self, when: Release) -> dict[str, int]:
        """Names and numbers in a release."""
        found = {name: self.number(name, when) for name in self.declared}
        return {name: number for name, number in found.items() if number is not None}

    def make(self, when: Release) -> Any:
        numbers = self.numbers(when)
        if not numbers:
            return None
        shape = tuple(numbers.items())
        return self.views.get(shape) or self.shared(shape, self._class(numbers, when))

    def _class(self, numbers: dict[str, int], when: Release) -> Any:
        kind, cls = self.cls.__mro__[1], self.cls
        body: Any = type(kind).__prepare__(cls.__name__, (kind,))
        for name, number in numbers.items():
            body[name] = number
        body.update({"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__})
        if getattr(cls, "__numbers__", ()):
            body["__numbers__"] = cls.__numbers__
        body["__reduce_ex__"] = lambda self, protocol: (_again, (cls, when.name, int(self)))
        return type(kind)(cls.__name__, (kind,), body)


def _again(cls: Any, when: str, number: int) -> Any:
    return view(cls, release(when))(number)


def mask_at(mask: int, when: Release) -> int:
    """A mask written with newest names, as the numbers of a release: bits that have no name there are left out."""
    if not isinstance(mask, enum.IntFlag):
        return int(mask)
    history = history_of(type(mask))
    if not isinstance(history, EnumHistory):
        return int(mask)
    found, bits = 0, int(mask)
    for name, bit in history.declared.items():
        if bit and bit & bits == bit:
            found |= history.number(name, when) or 0
    return found


def number_at(value: Any, when: Release) -> Any:
    """A number or constant written with its newest name, as it is in a release; None where the release has none."""
    if isinstance(value, enum.Enum):
        history = history_of(type(value))
        if not isinstance(history, EnumHistory):
            return value
        named = [n for n, number in history.declared.items() if number == value.value]
        if not named and isinstance(value, enum.IntFlag):
            return mask_at(value, when) or None
        return next((n for n in (history.number(name, when) for name in named) if n is not None), None)
    margin = getattr(value, "margin", None)
    if isinstance(margin, Margin):
        state = margin.at(when)
        return None if state.is_gone else _plain(value) if state.value is None else state.value
    return value


def moments_of(value: Any) -> set[str]:
    """Names of the releases at which a mask, a number or a constant, written with newest names, may be another."""
    history = history_of(type(value))
    if isinstance(value, enum.Enum) and isinstance(history, EnumHistory):
        used = [n for n, number in history.declared.items() if number and number & value.value == number]
        margins = [history.margins.get(name, history.life) for name in used]
        return {moment for margin in margins for moment in margin.moments}
    margin = getattr(value, "margin", None)
    return margin.moments if isinstance(margin, Margin) else set()


def constant(value: _T, margin: Any) -> _T:
    """A number or a string of its own with a past: ``LOV_MAXPOOLNAME = constant(15, was(16).since("2.7"))``.

    It is its newest value to whoever uses it; `number_at` says what it was.
    """
    plain: Any = type(value)
    kind = _dated(plain)
    made = kind(value)
    made.margin = margin.of_text() if isinstance(value, str) else margin
    return cast(_T, made)


def _plain(value: Any) -> Any:
    return type(value).__mro__[1](value)


@cache
def _dated(kind: Any) -> Any:
    """The subclass of `int`, `str` or `bytes` that has a margin, and pickles as the plain value."""
    return type(kind.__name__, (kind,), {"__reduce__": lambda self: (kind, (_plain(self),))})
