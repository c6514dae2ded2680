"""What a lock covers, and when two locks stand in each other's way.

Facts: lock mode compatibility from lustre_dlm.h (``LCK_COMPAT_*``); ldlm/ldlm_plain.c, ldlm_inodebits.c, ldlm_extent.c,
ldlm_flock.c of 1.8.9 and 2.0.0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs

from lustre_wire.recovery.names import Names

EOF = 0xFFFFFFFFFFFFFFFF


@attrs.define(slots=True, frozen=True)
class Extent:
    """A range of bytes, both ends included; `gid` tells group locks apart."""

    start: int = 0
    end: int = EOF
    gid: int = 0

    def overlaps(self, other: Extent | Flock) -> bool:
        return self.start <= other.end and other.start <= self.end

    def covers(self, other: Extent) -> bool:
        return self.start <= other.start and other.end <= self.end and self.gid == other.gid


@attrs.define(slots=True, frozen=True)
class Flock:
    """A range of bytes locked for one process of one client."""

    start: int = 0
    end: int = EOF
    pid: int = 0

    def overlaps(self, other: Extent | Flock) -> bool:
        return self.start <= other.end and other.start <= self.end

    def touches(self, other: Flock) -> bool:
        """Overlapping, or side by side so that two locks can be one."""
        return self.start <= min(other.end, EOF - 1) + 1 and other.start <= min(self.end, EOF - 1) + 1


@attrs.define(slots=True, frozen=True)
class Bits:
    """Inode bits (`MDS_INODELOCK_*`)."""

    bits: int = 0


Policy: TypeAlias = "Extent | Flock | Bits | None"


def compatible(k: Names, one: int, other: int) -> bool:
    """Can locks of these modes be held together?"""
    for name in ("EX", "PW", "PR", "CW", "CR", "NL", "GROUP"):
        if getattr(k, f"LCK_{name}") == one:
            return bool(getattr(k, f"LCK_COMPAT_{name}") & other)
    return False


def conflict(k: Names, one: Any, other: Any) -> bool:
    """Do two locks on one resource exclude each other?

    Args:
        one, other: objects with `mode`, `policy` and, for FLOCK, `owner`.
    """
    if isinstance(one.policy, Flock) and one.owner is other.owner and one.policy.pid == other.policy.pid:
        return False
    if compatible(k, one.mode, other.mode):
        group = k.LCK_GROUP
        return bool(one.mode == group == other.mode and one.policy.gid != other.policy.gid)
    if isinstance(one.policy, Bits):
        return bool(one.policy.bits & other.policy.bits)
    if isinstance(one.policy, (Extent, Flock)):
        return one.policy.overlaps(other.policy)
    return True


def grown(k: Names, wanted: Any, others: list[Any]) -> Extent:
    """The largest extent around the wanted one that meets no other lock (ldlm_extent.c: ldlm_extent_policy)."""
    start, end = 0, EOF
    for other in others:
        if other is wanted or compatible(k, wanted.mode, other.mode):
            continue
        if other.policy.end < wanted.policy.start:
            start = max(start, other.policy.end + 1)
        elif other.policy.start > wanted.policy.end:
            end = min(end, other.policy.start - 1)
        else:
            return wanted.policy  # type: ignore[no-any-return]
    return Extent(start, end, wanted.policy.gid)
