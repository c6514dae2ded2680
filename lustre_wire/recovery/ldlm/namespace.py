"""The server's namespace: resources with their granted and waiting locks, and the callbacks it owes."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.ldlm import flock
from lustre_wire.recovery.ldlm.held import Held
from lustre_wire.recovery.ldlm.locks import Lock, ResName
from lustre_wire.recovery.ldlm.policies import Bits, Extent, Flock, Policy, grown
from lustre_wire.recovery.limits import DEFAULT, Limits
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Handles
from lustre_wire.recovery.rules import rules_of

BLOCKING, COMPLETION, GLIMPSE = "blocking", "completion", "glimpse"


@attrs.define(slots=True, frozen=True)
class Ast:
    """A callback the server owes a client: `lock` is the client's own, `cause` what wants it (blocking only)."""

    kind: str
    lock: Lock
    cause: Lock | None = None


@attrs.define(slots=True, eq=False)
class Resource:
    name: ResName
    type: int
    granted: Held = attrs.field(factory=Held)
    waiting: Held = attrs.field(factory=Held)


class Namespace:
    """Locks of one target.

    Attributes:
        asts: callbacks to be sent, taken by the target.
        locks: by the server's own cookie.
    """

    def __init__(self, dialect: Dialect, handles: Handles, limits: Limits = DEFAULT) -> None:
        self.dialect, self.limits = dialect, limits
        self.k = names(dialect)
        rules = rules_of(dialect)
        self._inherited, self._blocked = int(rules.inherited_lock_flags), int(rules.blocked_extent_flags)
        self.handles = handles
        self.resources: dict[tuple[int, ResName], Resource] = {}
        self.locks: dict[int, Lock] = {}
        self._owned: dict[Any, dict[int, Lock]] = {}
        self._remote: dict[tuple[Any, int], Lock] = {}
        self._flocks: dict[tuple[Any, int], dict[int, Lock]] = {}
        self.asts: list[Ast] = []

    def enqueue(
        self, lock_type: int, resource: ResName, mode: int, policy: Policy, *, owner: Any = None, remote: int = 0,
        flags: int = 0, notify: Callable[[Lock], None] | None = None,
    ) -> tuple[Lock | None, int, int]:  # fmt: skip
        """Ask for a lock.

        Args:
            owner, remote: the export and its handle for the lock; None for a lock of the server itself.
            flags: `LDLM_FL_*` of the request; some stay with the lock (`RecoveryRules.inherited_lock_flags`). A lock of
                the server itself may have `LDLM_FL_DISCARD_DATA`: who gives his back for it does not write anything.
            notify: called when such a lock is granted, at once or later.

        Returns:
            The lock (None when refused), the `LDLM_FL_*` of the reply (the request's and what became of it), and the
            status: 0 or a negative errno.
        """
        k, place = self.k, self._resource(lock_type, resource)
        if owner is not None and self._full(place, owner):
            return self._refused(place, -errno.ENOMEM)
        lock = Lock(self.handles.new(), lock_type, resource, mode, policy, owner, remote, notify=notify)
        lock.flags = flags & (self._inherited if owner is not None else int(k.LDLM_FL_DISCARD_DATA))
        if flags & k.LDLM_FL_REPLAY:
            return self._replayed(place, lock, flags)
        blockers = place.granted.against(k, lock)
        ahead = not isinstance(policy, Flock) and place.waiting.any_against(k, lock)
        if (blockers or ahead) and flags & k.LDLM_FL_BLOCK_NOWAIT:
            return self._refused(place, -errno.EAGAIN)
        if flags & k.LDLM_FL_TEST_LOCK:
            return self._tested(place, lock, blockers, flags)
        if lock_type == k.LDLM_FLOCK and mode == k.LCK_NL:
            self._apply_flock(place, lock)
            self._reprocess(place)
            lock.granted = mode  # that nothing is locked is granted too
            return lock, flags, 0
        if self._ask_back(place, lock):
            blockers = place.granted.against(k, lock)
        if blockers or ahead:
            if isinstance(policy, Flock) and self._deadlocks(place, lock, blockers):
                return self._refused(place, -errno.EDEADLK)
            if owner is not None and len(place.waiting) >= self._may_wait(policy):
                return self._refused(place, -errno.ENOMEM)
            self._keep(lock)
            self._wait(place, lock)
            waits = int(k.LDLM_FL_BLOCK_GRANTED if blockers else k.LDLM_FL_BLOCK_WAIT)
            return lock, flags | waits | (self._blocked if isinstance(policy, Extent) else 0), 0
        changed = 0
        if isinstance(policy, Extent) and not flags & k.LDLM_FL_HAS_INTENT and mode != k.LCK_GROUP:
            lock.policy = grown(k, lock, [*place.granted, *place.waiting])
            changed = int(k.LDLM_FL_LOCK_CHANGED) if lock.policy != policy else 0
        self._grant(place, lock)
        return lock, flags | changed, 0

    def cancel(self, cookie: int) -> Lock | None:
        """A lock is given back; who waited for it gets it. None for an unknown handle."""
        lock = self.locks.get(cookie)
        if lock is None:
            return None
        self._lose(lock)
        place = self.resources[lock.type, lock.resource]
        if lock in place.granted:
            place.granted.remove(lock)
        else:
            self._wait_no_more(place, lock)
        self._reprocess(place)
        return lock

    def convert(self, lock: Lock, bits: int) -> None:
        """A granted lock of inode bits keeps these of them; who waited for the others gets them."""
        place = self.resources[lock.type, lock.resource]
        place.granted.remove(lock)
        lock.policy = Bits(bits)
        lock.flags &= ~int(self.k.LDLM_FL_AST_SENT)
        lock.callback_deadline = 0.0
        place.granted.append(lock)
        self._reprocess(place)

    def drop_owner(self, owner: Any) -> None:
        """Take away every lock of an export that is evicted or gone."""
        for cookie in list(self._owned.get(owner, ())):
            self.cancel(cookie)

    def holders(self, lock_type: int, resource: ResName, mode: int, policy: Policy, owner: Any = None) -> list[Lock]:
        """Granted locks of others that a lock like this would have to wait for."""
        place = self.resources.get((lock_type, resource))
        probe = Lock(0, lock_type, resource, mode, policy, owner)
        return place.granted.against(self.k, probe) if place else []

    def by_remote(self, owner: Any, remote: int) -> Lock | None:
        """The lock an export knows by its own handle `remote`."""
        return self._remote.get((owner, remote))

    def owned(self, owner: Any) -> int:
        """How many locks an export has or waits for."""
        return len(self._owned.get(owner, ()))

    def take_asts(self) -> list[Ast]:
        found, self.asts = self.asts, []
        return found

    def granted(self) -> Iterator[Lock]:
        return (lock for lock in self.locks.values() if lock.granted)

    def _full(self, place: Resource, owner: Any) -> bool:
        """Has a client, or everybody together, what locks there may be?"""
        limits, own = self.limits, self.owned(owner)
        return len(self.locks) >= limits.locks or own >= limits.locks_each or len(place.granted) >= limits.on_resource

    def _may_wait(self, policy: Policy) -> int:
        """How many locks may wait for a resource: ranges are compared one by one."""
        return self.limits.ranges_waiting if isinstance(policy, (Extent, Flock)) else self.limits.on_resource

    def _keep(self, lock: Lock) -> None:
        self.locks[lock.cookie] = lock
        if lock.owner is not None:
            self._remote.setdefault((lock.owner, lock.remote), lock)
        self._owned.setdefault(lock.owner, {})[lock.cookie] = lock

    def _lose(self, lock: Lock) -> None:
        del self.locks[lock.cookie]
        if self._remote.get((lock.owner, lock.remote)) is lock:
            del self._remote[lock.owner, lock.remote]
        owned = self._owned[lock.owner]
        del owned[lock.cookie]
        if not owned:
            del self._owned[lock.owner]

    def _resource(self, lock_type: int, name: ResName) -> Resource:
        found = self.resources.get((lock_type, name))
        if found is None:
            found = self.resources[lock_type, name] = Resource(name, lock_type)
        return found

    def _drop_if_empty(self, place: Resource) -> None:
        if not place.granted and not place.waiting:
            self.resources.pop((place.type, place.name), None)

    def _refused(self, place: Resource, status: int) -> tuple[None, int, int]:
        self._drop_if_empty(place)
        return None, 0, status

    def _grant(self, place: Resource, lock: Lock) -> None:
        if isinstance(lock.policy, Flock):
            self._apply_flock(place, lock)
        lock.granted = lock.mode
        self._keep(lock)
        place.granted.append(lock)
        if lock.notify is not None:
            lock.notify(lock)

    def _apply_flock(self, place: Resource, lock: Lock) -> None:
        before = set(place.granted)
        flock.absorb(place.granted, lock, self.k.LCK_NL, self._copy)
        for gone in before - set(place.granted):
            self._lose(gone)
        self._drop_if_empty(place)
        if lock.mode != self.k.LCK_NL:
            self.resources[place.type, place.name] = place

    def _copy(self, lock: Lock) -> Lock:
        made = attrs.evolve(lock, cookie=self.handles.new())
        self._keep(made)
        return made

    def _replayed(self, place: Resource, lock: Lock, flags: int) -> tuple[Lock, int, int]:
        """A lock the client held before the restart: taken as its state says, nobody asked (L1)."""
        old = self.by_remote(lock.owner, lock.remote)
        if old is not None:
            return old, flags, 0
        if flags & (self.k.LDLM_FL_BLOCK_WAIT | self.k.flag("LDLM_FL_BLOCK_CONV")):
            self._keep(lock)
            self._wait(place, lock)
        else:
            self._grant(place, lock)
        return lock, flags, 0

    def _tested(self, place: Resource, lock: Lock, blockers: list[Lock], flags: int) -> tuple[Lock, int, int]:
        """Who is in the way, or `LCK_NL` for nobody; nothing is locked."""
        if blockers:
            lock.mode, lock.policy = blockers[0].mode, blockers[0].policy
        else:
            lock.mode = self.k.LCK_NL
        self._drop_if_empty(place)
        return lock, flags | int(self.k.LDLM_FL_LOCK_CHANGED), 0

    def _ask_back(self, place: Resource, lock: Lock) -> bool:
        """Blocking callbacks to the holders, once each; nobody is asked to give up a FLOCK.

        A lock with `LDLM_FL_CANCEL_ON_BLOCK` is taken away at once; its holder is told, not waited for.

        Returns:
            Whether one was taken away.
        """
        if lock.type == self.k.LDLM_FLOCK:
            return False
        cleared = False
        for blocker in place.granted.ask(self.k, lock):
            blocker.flags |= self.k.LDLM_FL_AST_SENT
            self.asts.append(Ast(BLOCKING, blocker, lock))
            if blocker.flags & self.k.LDLM_FL_CANCEL_ON_BLOCK:
                self._lose(blocker)
                place.granted.remove(blocker)
                cleared = True
        return cleared

    def _reprocess(self, place: Resource) -> None:
        """Grant what can be granted, in order of arrival; ask the holders in the way of the first that cannot."""
        while (lock := self._next_grantable(place)) is not None:
            self._wait_no_more(place, lock)
            self._grant(place, lock)
            if lock.owner is not None:
                self.asts.append(Ast(COMPLETION, lock))
        self._drop_if_empty(place)

    def _next_grantable(self, place: Resource) -> Lock | None:
        ahead = Held()
        for lock in place.waiting:
            behind = lock.type != self.k.LDLM_FLOCK and ahead.any_against(self.k, lock)
            blocked = place.granted.any_against(self.k, lock)
            if blocked and self._ask_back(place, lock):
                blocked = place.granted.any_against(self.k, lock)
            if not behind and not blocked:
                return lock
            ahead.append(lock)
        return None

    def _deadlocks(self, place: Resource, lock: Lock, blockers: list[Lock]) -> bool:
        def waiting(held: Lock) -> Lock | None:
            return next(iter(self._flocks.get(_process(held), {}).values()), None)

        def blocked_by(waits: Lock) -> list[Lock]:
            return self.resources[waits.type, waits.resource].granted.against(self.k, waits)

        return flock.deadlock(lock, blockers, waiting, blocked_by)

    def _wait(self, place: Resource, lock: Lock) -> None:
        place.waiting.append(lock)
        if isinstance(lock.policy, Flock):
            self._flocks.setdefault(_process(lock), {})[lock.cookie] = lock

    def _wait_no_more(self, place: Resource, lock: Lock) -> None:
        place.waiting.remove(lock)
        if isinstance(lock.policy, Flock):
            own = self._flocks[_process(lock)]
            del own[lock.cookie]
            if not own:
                del self._flocks[_process(lock)]


def _process(lock: Lock) -> tuple[Any, int]:
    """Who a file lock belongs to: a process of a client."""
    assert isinstance(lock.policy, Flock)
    return lock.owner, lock.policy.pid
