"""FLOCK: what a new range does to the ranges its own process holds (ldlm/ldlm_flock.c: ldlm_process_flock_lock)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from lustre_wire.recovery.ldlm.held import Held
from lustre_wire.recovery.ldlm.locks import Lock
from lustre_wire.recovery.ldlm.policies import Flock


def _flock(lock: Lock) -> Flock:
    assert isinstance(lock.policy, Flock)
    return lock.policy


def same_owner(one: Lock, other: Lock) -> bool:
    """Do two locks belong to one process of one client?"""
    return one.owner is other.owner and _flock(one).pid == _flock(other).pid


def absorb(granted: Held | list[Lock], new: Lock, unlock: int, copy: Callable[[Lock], Lock]) -> None:
    """Merge `new` into the ranges its process holds, in place; it is not itself added.

    Args:
        granted: the resource's granted locks; ranges that end are taken out, a range cut in two gets a second lock.
        unlock: the mode that means giving the range back (`LCK_NL`).
        copy: makes the second lock of a range that is cut in two.
    """
    for lock in [other for other in granted if other is not new and same_owner(other, new)]:
        old, now = _flock(lock), _flock(new)
        if lock.mode == new.mode and new.mode != unlock:
            if old.touches(now):
                new.policy = Flock(min(old.start, now.start), max(old.end, now.end), now.pid)
                granted.remove(lock)
        elif old.overlaps(now):
            left = attrs.evolve(old, end=now.start - 1) if old.start < now.start else None
            right = attrs.evolve(old, start=now.end + 1) if old.end > now.end else None
            if left and right:
                second = copy(lock)
                second.policy, second.granted = right, lock.granted
                granted.append(second)
            if left or right:
                lock.policy = left or right
            else:
                granted.remove(lock)


def deadlock(
    new: Lock,
    blockers: Iterable[Lock],
    waiting: Callable[[Lock], Lock | None],
    blocked_by: Callable[[Lock], list[Lock]],
) -> bool:
    """Would `new` wait for somebody who waits, directly or not, for its own process?

    Args:
        blockers: the locks in its way.
        waiting: the lock that the owner of a granted lock waits for, if any.
        blocked_by: the granted locks a waiting lock waits for.
    """
    todo, seen = list(blockers), set()
    while todo:
        blocker = todo.pop()
        waits = waiting(blocker)
        if waits is None or waits.cookie in seen:
            continue
        seen.add(waits.cookie)
        for behind in blocked_by(waits):
            if same_owner(behind, new):
                return True
            todo.append(behind)
    return False
