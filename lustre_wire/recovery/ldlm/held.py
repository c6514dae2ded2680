"""The locks on one resource: thousands of one kind are looked at as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import attrs

from lustre_wire.recovery.ldlm.locks import Lock
from lustre_wire.recovery.ldlm.policies import Bits, compatible, conflict
from lustre_wire.recovery.names import Names


@attrs.frozen(cache_hash=True)
class Kind:
    """What decides whether a lock is in the way of another, ranges apart: its mode and its inode bits."""

    mode: int
    policy: Bits | None
    owner: Any = None


_kind = lru_cache(maxsize=4096)(Kind)


def kind_of(lock: Lock) -> Kind:
    return _kind(lock.mode, lock.policy if isinstance(lock.policy, Bits) else None)


class Held:
    """Locks in order of arrival: the granted ones of a resource, or those that wait."""

    def __init__(self) -> None:
        self._locks: dict[int, Lock] = {}
        self._kinds: Counter[Kind] = Counter()
        self._unasked: dict[int, Lock] = {}

    def __iter__(self) -> Iterator[Lock]:
        return iter(self._locks.values())

    def __len__(self) -> int:
        return len(self._locks)

    def __contains__(self, lock: Lock) -> bool:
        return lock.cookie in self._locks

    def append(self, lock: Lock) -> None:
        self._locks[lock.cookie] = lock
        self._kinds[kind_of(lock)] += 1
        if lock.owner is not None:
            self._unasked[lock.cookie] = lock

    def remove(self, lock: Lock) -> None:
        del self._locks[lock.cookie]
        self._unasked.pop(lock.cookie, None)
        kind = kind_of(lock)
        self._kinds[kind] -= 1
        if not self._kinds[kind]:
            del self._kinds[kind]

    def against(self, k: Names, lock: Lock) -> list[Lock]:
        """Those that conflict with a lock."""
        return _among(self._locks, self._suspects(k, lock), k, lock)

    def any_against(self, k: Names, lock: Lock) -> bool:
        """Is there one that conflicts with a lock?"""
        suspects = self._suspects(k, lock)
        if not suspects or _by_kind(lock):
            return bool(suspects)
        return any(kind_of(other) in suspects and conflict(k, lock, other) for other in self)

    def ask(self, k: Names, lock: Lock) -> list[Lock]:
        """Those that conflict with a lock and were not asked back before; from now on they were."""
        found = _among(self._unasked, self._suspects(k, lock), k, lock)
        for other in found:
            del self._unasked[other.cookie]
        return found

    def _suspects(self, k: Names, lock: Lock) -> set[Kind]:
        """Kinds of which some, or where no range decides all, conflict with a lock."""
        if _by_kind(lock):
            return {kind for kind in self._kinds if conflict(k, lock, kind)}
        group = k.LCK_GROUP
        return {kind for kind in self._kinds if kind.mode == group or not compatible(k, lock.mode, kind.mode)}


def _by_kind(lock: Lock) -> bool:
    return lock.policy is None or isinstance(lock.policy, Bits)


def _among(locks: dict[int, Lock], suspects: set[Kind], k: Names, lock: Lock) -> list[Lock]:
    if not suspects:
        return []
    found = [other for other in locks.values() if kind_of(other) in suspects]
    return found if _by_kind(lock) else [other for other in found if conflict(k, lock, other)]
