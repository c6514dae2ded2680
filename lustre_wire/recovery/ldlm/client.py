"""The client's lock table: what it holds, what it may give up, and what it replays from scratch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.ldlm import flock
from lustre_wire.recovery.ldlm.locks import Lock, ResName, policy_of, request_of
from lustre_wire.recovery.ldlm.policies import Bits, Extent, Flock, Policy
from lustre_wire.recovery.names import Names, names
from lustre_wire.recovery.packet import Handles
from lustre_wire.recovery.rules import rules_of


class LockTable:
    """Locks one import holds or asks for.

    Attributes:
        locks: by this client's own cookie.
        lru_size: how many unused locks are kept; the longest unused goes first.
        before_cancel: called with a lock about to be given up, so that what it protects can be written out.
    """

    def __init__(self, handles: Handles, lru_size: int = 100) -> None:
        self.handles = handles
        self.lru_size = lru_size
        self.locks: dict[int, Lock] = {}
        self.before_cancel: Callable[[Lock], None] | None = None
        self._clock = 0

    def request(self, lock_type: int, resource: ResName, mode: int, policy: Policy = None, flags: int = 0) -> Lock:
        """A lock about to be asked for; in use until `release`."""
        lock = Lock(self.handles.new(), lock_type, resource, mode, policy, flags=flags, users=1)
        self.locks[lock.cookie] = lock
        return lock

    def answered(self, lock: Lock, dialect: Dialect, reply: Any, status: int) -> None:
        """The answer to an enqueue: the server's handle, and what it granted, or that the lock is waited for.

        What the server says of the lock counts only with `LDLM_FL_LOCK_CHANGED`, and whether it is held is what the
        other flags say (ldlm/ldlm_request.c: ldlm_cli_enqueue_fini).
        """
        k = names(dialect)
        if status or not reply.lock_handle.cookie:
            self.locks.pop(lock.cookie, None)
            return
        flags = int(reply.lock_flags)
        lock.remote = reply.lock_handle.cookie
        lock.flags |= flags & int(rules_of(dialect).inherited_lock_flags)
        if flags & k.LDLM_FL_LOCK_CHANGED:
            desc = reply.lock_desc
            lock.resource = tuple(desc.l_resource.lr_name.name)
            lock.mode = int(desc.l_req_mode) or lock.mode
            lock.policy = policy_of(dialect, lock.type, desc.l_policy_data)
        if flags & k.LDLM_FL_AST_SENT:
            lock.flags |= k.LDLM_FL_CBPENDING
        if flags & k.LDLM_FL_TEST_LOCK:
            self.locks.pop(lock.cookie, None)
        elif not lock.granted and not flags & (
            k.LDLM_FL_BLOCK_GRANTED | k.LDLM_FL_BLOCK_WAIT | k.flag("LDLM_FL_BLOCK_CONV")
        ):
            self._grant(lock, k)

    def completed(self, cookie: int, dialect: Dialect, desc: Any) -> Lock | None:
        """A completion callback: a lock that was waited for is granted."""
        lock = self.locks.get(cookie)
        if lock is not None:
            lock.mode = int(desc.l_granted_mode) or lock.mode
            lock.policy = policy_of(dialect, lock.type, desc.l_policy_data)
            self._grant(lock, names(dialect))
        return lock

    def _grant(self, lock: Lock, k: Names) -> None:
        lock.granted = lock.mode
        if isinstance(lock.policy, Flock):
            self._absorb(lock, k)

    def _absorb(self, lock: Lock, k: Names) -> None:
        held = [o for o in self.locks.values() if o.type == lock.type and o.resource == lock.resource and o.granted]
        before = set(held)
        flock.absorb(held, lock, k.LCK_NL, self._copy)
        for gone in before - set(held):
            self.locks.pop(gone.cookie, None)
        if lock.mode == k.LCK_NL:
            self.locks.pop(lock.cookie, None)

    def _copy(self, lock: Lock) -> Lock:
        made = self.request(lock.type, lock.resource, lock.mode, lock.policy)
        made.granted, made.remote = lock.granted, lock.remote
        return made

    def match(self, k: Names, lock_type: int, resource: ResName, modes: int, policy: Policy = None) -> Lock | None:
        """A held lock that covers what is asked for, now in use; None when a new one must be asked for.

        Args:
            modes: acceptable modes, or'ed together.
        """
        barred = k.LDLM_FL_CBPENDING | k.LDLM_FL_CANCELING | k.LDLM_FL_FAILED
        for lock in self.locks.values():
            if (
                lock.type == lock_type
                and lock.resource == resource
                and lock.granted & modes
                and not lock.flags & barred
            ):
                if isinstance(policy, Bits) and isinstance(lock.policy, Bits) and policy.bits & ~lock.policy.bits:
                    continue
                if isinstance(policy, Extent) and isinstance(lock.policy, Extent) and not lock.policy.covers(policy):
                    continue
                lock.users += 1
                return lock
        return None

    def release(self, lock: Lock, k: Names) -> list[Lock]:
        """Done with a lock. Returns the locks to cancel now: this one if somebody wants it, others past the LRU."""
        lock.users -= 1
        self._clock += 1
        lock.used = self._clock
        if lock.cookie not in self.locks or lock.users:
            return []
        if lock.flags & k.LDLM_FL_CBPENDING:
            return self.give_up([lock], k)
        return self.give_up(self._past_lru(k), k)

    def _past_lru(self, k: Names) -> list[Lock]:
        unused = sorted(
            (o for o in self.locks.values() if o.granted and not o.users and o.type != k.LDLM_FLOCK),
            key=lambda o: o.used,
        )
        return unused[: max(0, len(unused) - self.lru_size)]

    def give_up(self, locks: Iterable[Lock], k: Names) -> list[Lock]:
        """Take locks out of the table; those whose cancels the caller has to send."""
        out = []
        for lock in locks:
            if not lock.flags & k.LDLM_FL_CANCELING:
                lock.flags |= k.LDLM_FL_CANCELING
                if self.before_cancel is not None:
                    self.before_cancel(lock)
                self.locks.pop(lock.cookie, None)
                if not lock.flags & k.LDLM_FL_CANCEL_ON_BLOCK:
                    out.append(lock)
        return out

    def blocked(self, cookie: int, k: Names) -> tuple[Lock | None, list[Lock]]:
        """A blocking callback: the lock (None if unknown), and the locks to cancel now (not one in use)."""
        lock = self.locks.get(cookie)
        if lock is None:
            return None, []
        lock.flags |= k.LDLM_FL_CBPENDING
        return lock, [] if lock.users or not lock.granted else self.give_up([lock], k)

    def early_cancels(self, k: Names, wanted: Iterable[tuple[ResName, int]], limit: int = 8) -> tuple[int, ...]:
        """Early lock cancel: unused locks that an operation is about to conflict with, as the server's handles.

        Args:
            wanted: resources with the inode bits the operation changes.
        """
        out: list[Lock] = []
        for resource, bits in wanted:
            for lock in list(self.locks.values()):
                if (
                    lock.type == k.LDLM_IBITS and lock.resource == resource and lock.granted and not lock.users
                    and lock.remote and isinstance(lock.policy, Bits) and lock.policy.bits & bits and len(out) < limit
                ):  # fmt: skip
                    out += self.give_up([lock], k)
        return tuple(lock.remote for lock in out)

    def for_replay(self, k: Names, drops_unused: bool) -> tuple[list[Lock], list[Lock]]:
        """Locks to replay, and locks given up instead (L2).

        Args:
            drops_unused: unused inode-bit locks without the OPEN bit are dropped first (1.8.9).
        """
        barred = k.LDLM_FL_CANCELING | k.LDLM_FL_FAILED
        keep, drop = [], []
        for lock in list(self.locks.values()):
            unused = lock.granted and not lock.users and isinstance(lock.policy, Bits)
            droppable = drops_unused and unused and not lock.policy.bits & k.MDS_INODELOCK_OPEN  # type: ignore[union-attr]
            if lock.flags & barred:
                continue
            if lock.flags & k.LDLM_FL_CANCEL_ON_BLOCK or droppable:
                self.locks.pop(lock.cookie)
                drop.append(lock)
            elif lock.granted or lock.remote:
                keep.append(lock)
        return keep, drop

    def replay_body(self, dialect: Dialect, lock: Lock) -> Any:
        """The `ldlm_request` of a lock replay, made from the table and nothing else (L1, L5)."""
        k = names(dialect)
        state = k.LDLM_FL_BLOCK_GRANTED if lock.granted else k.LDLM_FL_BLOCK_WAIT if lock.remote else 0
        return request_of(dialect, lock, int(k.LDLM_FL_REPLAY | state), 0, granted=True)

    def clear(self) -> list[Lock]:
        """Eviction: every lock is gone."""
        gone, self.locks = list(self.locks.values()), {}
        return gone
