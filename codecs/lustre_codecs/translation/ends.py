"""The two ends of these rules, 1.8.9 and 2.0.0, and what is declared with the newest names as it is there."""

from __future__ import annotations

import enum
from typing import Any, Final

from lustre_wire.schema.releases import release
from lustre_wire.schema.views import view
from lustre_wire.translate import rules
from lustre_wire.translate.rules import FieldRule, Numbers, StructRule

OLD: Final = release("1.8.9-wc1")
NEW: Final = release("2.0.0")


def pair(old: Any, new: Any, *told: FieldRule, partial: bool = False) -> StructRule:
    """`lustre_wire.translate.rules.pair` of what two histories are in 1.8.9 and in 2.0.0."""
    return rules.pair(view(old, OLD), view(new, NEW), *told, partial=partial)


def old_numbers(declared: type[enum.Enum]) -> Numbers:
    """The members that an enumeration has in 1.8.9."""
    return rules.numbers(view(declared, OLD))


def new_numbers(declared: type[enum.Enum]) -> Numbers:
    """The members that an enumeration has in 2.0.0."""
    return rules.numbers(view(declared, NEW))
