"""The mark on a target that says how it was stopped and by which version, and the rule that reads it (C.10.4).

The mark is part of the target's disk, so it travels with the target between the nodes of a failover pair (S3). Clearing
it is the first durable action of a start, setting it the last of a clean stop (S2).
"""

from __future__ import annotations

from enum import StrEnum

import attrs

from lustre_wire.errors import WireError
from lustre_wire.recovery.store import Store

#: Dialects that are run, from old to new.
VERSIONS = ("1.8", "2.0")
#: Where it stands in a target's store.
KEY = ("shutdown mark",)


@attrs.frozen
class Mark:
    """`version`: name of the dialect that ran last; `clean`: it was stopped in a controlled way."""

    version: str
    clean: bool


class Start(StrEnum):
    """What a start may do with the clients it knows."""

    FIRST = "first"
    RECOVER = "recover"
    REOPEN = "reopen"
    FORGET = "forget"


class StartRefused(WireError):
    """Another version, not stopped cleanly, and nobody insists (SI-4)."""


def read(store: Store) -> Mark | None:
    """The mark, None on a disk that never ran."""
    found: Mark | None = store.get(KEY)
    return found


def write(store: Store, mark: Mark) -> None:
    """Write the mark and wait until it is on disk."""
    store.set(KEY, mark)
    store.commit()


def decide(previous: Mark | None, version: str, *, forced: bool = False) -> Start:
    """The start rule.

    Returns:
        `RECOVER` in the same version, `REOPEN` after a clean stop in another (nothing but open files to recover),
        `FORGET` when forced: all clients known are evicted (SI-4a), nothing of the other version is replayed (S4).

    Raises:
        StartRefused: start the old version, let it recover, and stop it cleanly first.
    """
    if previous is None:
        return Start.FIRST
    if previous.version == version:
        return Start.RECOVER
    if previous.clean:
        return Start.REOPEN
    if forced:
        return Start.FORGET
    raise StartRefused(f"last run by {previous.version} and not stopped cleanly: {version} does not start")


def downgrades(previous: Mark | None, version: str, order: tuple[str, ...]) -> bool:
    """Whether this start goes back to an older version: the versions in `order` go from old to new, and one that is not
    among them is newer than all."""
    if previous is None:
        return False
    age, oldest = {name: number for number, name in enumerate(order)}, len(order)
    return age.get(version, oldest) < age.get(previous.version, oldest)
