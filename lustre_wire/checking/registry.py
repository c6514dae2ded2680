"""The register of invariants: one number, one sentence, one check, whatever evidence the check reads."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Generic, TypeVar

import attrs

from lustre_wire.checking.verdict import Verdict

E = TypeVar("E")


@attrs.frozen
class Invariant(Generic[E]):
    """What must hold.

    Attributes:
        number: as in the requirements and facts (``R5``, ``B12``, ``SI14``).
        sentence: in words: the first line of the check.
        reads: what kind of evidence the check reads.
        check: looks through evidence and enters what it sees into a verdict.
    """

    number: str
    sentence: str
    reads: str
    check: Callable[[E, Verdict], None]


#: Every invariant by its number, once the rooms that declare them are imported.
INVARIANTS: dict[str, Invariant[Any]] = {}


def invariant(number: str, reads: str) -> Callable[[Callable[[E, Verdict], None]], Callable[[E, Verdict], None]]:
    """Register a check under the number of its invariant."""

    def register(check: Callable[[E, Verdict], None]) -> Callable[[E, Verdict], None]:
        sentence = (check.__doc__ or "").strip().splitlines()[0]
        assert number not in INVARIANTS, f"{number} is declared twice"
        INVARIANTS[number] = Invariant(number, sentence, reads, check)
        return check

    return register


def of(reads: str) -> dict[str, Invariant[Any]]:
    """The invariants whose checks read a kind of evidence."""
    return {number: found for number, found in INVARIANTS.items() if found.reads == reads}


def judge(reads: str, evidence: object, numbers: Collection[str] | None = None) -> dict[str, Verdict]:
    """The verdicts of all invariants, or of those named, over evidence of one kind."""
    found = {}
    for number, one in of(reads).items():
        if numbers is None or number in numbers:
            found[number] = Verdict()
            one.check(evidence, found[number])
    return found
