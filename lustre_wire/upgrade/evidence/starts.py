"""Starts of servers, by what was on the disk before and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from lustre_wire.upgrade.evidence.records import Began, Flushed
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.mark import VERSIONS, Mark


@attrs.frozen
class Started:
    """A server started.

    Attributes:
        place, time, nid, target, version, fids: see `Began`; `last` is where the target was started next.
        metadata: it is an MDS.
        changed, back: another version ran last, and it was a newer one.
        elsewhere: on another node than the last time.
        clean: the mark the last stop left.
        before, after: clients with a slot on the disk, before it and as soon as it was done.
    """

    place: int
    last: float
    time: float
    nid: int
    target: str
    version: str
    metadata: bool
    changed: bool
    back: bool
    elsewhere: bool
    clean: bool
    before: frozenset[bytes]
    after: frozenset[bytes]
    fids: frozenset[tuple[int, int]]

    @property
    def forced(self) -> bool:
        """Only who insists gets another version started after such a stop, where there is a start rule (SI-4a)."""
        return self.changed and not self.clean


def starts(began: Sequence[Began], flushed: Sequence[Flushed], metadata: Callable[[int], bool]) -> list[Started]:
    """Every start, in order.

    Args:
        metadata: whether an MDS has this NID.
    """
    found: list[Started] = []
    ran: dict[str, Began] = {}
    places: dict[str, float] = {}
    after: list[float] = []
    for begun in reversed(began):
        after.append(places.get(begun.target, float("inf")))
        places[begun.target] = begun.place
    for begun, last in zip(began, reversed(after), strict=True):
        disk, before = _held(flushed, begun.target, 0, begun.flushes), ran.get(begun.target)
        previous = Mark(disk.version, disk.clean) if disk is not None and disk.version else None
        if previous is None and before is not None:  # nobody looks at the disks
            previous = Mark(before.version, clean=False)
        now = _held(flushed, begun.target, begun.flushes, begun.until)
        found.append(
            Started(
                begun.place, last, begun.time, begun.nid, begun.target, begun.version, metadata(begun.nid),
                previous is not None and previous.version != begun.version,
                mark.downgrades(previous, begun.version, VERSIONS), before is not None and before.nid != begun.nid,
                previous is not None and previous.clean, disk.clients if disk is not None else frozenset(),
                now.clients if now is not None else frozenset(), begun.fids,
            )
        )  # fmt: skip
        ran[begun.target] = begun
    return found


def _held(flushed: Sequence[Flushed], target: str, begin: int, end: int) -> Flushed | None:
    """The last of these flushes of a target's disk."""
    numbers = range(min(end, len(flushed)) - 1, begin - 1, -1)
    return next((flushed[number] for number in numbers if flushed[number].target == target), None)
