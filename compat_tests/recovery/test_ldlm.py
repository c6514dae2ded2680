"""The lock manager against the rules of ldlm/: modes, policies, callbacks, early cancels, LRU, replay."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.recovery.ldlm import Bits, Extent, Flock, LockTable, Namespace, describe
from lustre_wire.recovery.ldlm.held import Held
from lustre_wire.recovery.ldlm.locks import Lock
from lustre_wire.recovery.ldlm.policies import EOF, compatible, conflict
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import Handles

DIALECTS = [lw.dialect("1.8"), lw.dialect("2.0")]
K = names(DIALECTS[0])
MODES = ["EX", "PW", "PR", "CW", "CR", "NL"]
#: lustre_dlm.h: which modes can be held together, the classic VAX cluster table.
TOGETHER = {
    "EX": {"NL"}, "PW": {"CR", "NL"}, "PR": {"PR", "CR", "NL"}, "CW": {"CW", "CR", "NL"},
    "CR": {"PW", "PR", "CW", "CR", "NL"}, "NL": set(MODES),
}  # fmt: skip
NAME = (1, 2, 0, 0)


def mode(name: str) -> int:
    return int(getattr(K, f"LCK_{name}"))


def namespace() -> Namespace:
    return Namespace(DIALECTS[0], Handles(1))


@pytest.mark.parametrize("one", MODES)
@pytest.mark.parametrize("other", MODES)
def test_modes_are_compatible_as_lustre_dlm_h_says(one: str, other: str) -> None:
    assert compatible(K, mode(one), mode(other)) == (other in TOGETHER[one])


def test_a_conflicting_lock_waits_asks_the_holder_and_gets_it_when_given_back() -> None:
    space, holder, taker = namespace(), object(), object()
    first, flags, status = space.enqueue(K.LDLM_PLAIN, NAME, K.LCK_PR, None, owner=holder, remote=7)
    assert (first.granted, flags, status) == (K.LCK_PR, 0, 0)
    second, flags, status = space.enqueue(K.LDLM_PLAIN, NAME, K.LCK_EX, None, owner=taker, remote=8)
    assert (second.granted, flags, status) == (0, K.LDLM_FL_BLOCK_GRANTED, 0)
    assert [(a.kind, a.lock, a.cause) for a in space.take_asts()] == [("blocking", first, second)]
    space.cancel(first.cookie)
    assert second.granted == K.LCK_EX
    assert [(a.kind, a.lock) for a in space.take_asts()] == [("completion", second)]


def test_the_holder_is_asked_once_however_many_wait() -> None:
    space, holder = namespace(), object()
    space.enqueue(K.LDLM_PLAIN, NAME, K.LCK_EX, None, owner=holder)
    for _ in range(3):
        space.enqueue(K.LDLM_PLAIN, NAME, K.LCK_EX, None, owner=object())
    assert len(space.take_asts()) == 1


def test_inode_bits_conflict_only_where_they_meet() -> None:
    space = namespace()
    space.enqueue(K.LDLM_IBITS, NAME, K.LCK_EX, Bits(K.MDS_INODELOCK_LOOKUP), owner=object())
    other, _, _ = space.enqueue(K.LDLM_IBITS, NAME, K.LCK_EX, Bits(K.MDS_INODELOCK_UPDATE), owner=object())
    same, _, _ = space.enqueue(K.LDLM_IBITS, NAME, K.LCK_PR, Bits(K.MDS_INODELOCK_LOOKUP), owner=object())
    assert other.granted and not same.granted


def test_an_extent_grows_as_far_as_nobody_is_in_the_way() -> None:
    space = namespace()
    space.enqueue(K.LDLM_EXTENT, NAME, K.LCK_PW, Extent(8192, 12287), owner=object(), flags=K.LDLM_FL_HAS_INTENT)
    lock, flags, _ = space.enqueue(K.LDLM_EXTENT, NAME, K.LCK_PW, Extent(0, 4095), owner=object())
    assert lock.policy == Extent(0, 8191) and flags == K.LDLM_FL_LOCK_CHANGED
    alone, _, _ = space.enqueue(K.LDLM_EXTENT, (9, 0, 0, 0), K.LCK_PW, Extent(4096, 8191), owner=object())
    assert alone.policy == Extent(0, EOF)


def test_group_locks_share_only_with_their_own_group() -> None:
    space = namespace()
    space.enqueue(K.LDLM_EXTENT, NAME, K.LCK_GROUP, Extent(0, EOF, 5), owner=object())
    same, _, _ = space.enqueue(K.LDLM_EXTENT, NAME, K.LCK_GROUP, Extent(0, EOF, 5), owner=object())
    other, _, _ = space.enqueue(K.LDLM_EXTENT, NAME, K.LCK_GROUP, Extent(0, EOF, 6), owner=object())
    assert same.granted and not other.granted


def test_no_wait_is_refused_instead_of_waiting() -> None:
    space = namespace()
    space.enqueue(K.LDLM_PLAIN, NAME, K.LCK_EX, None, owner=object())
    assert space.enqueue(K.LDLM_PLAIN, NAME, K.LCK_EX, None, flags=K.LDLM_FL_BLOCK_NOWAIT) == (None, 0, -errno.EAGAIN)


def flock(space: Namespace, owner: Any, start: int, end: int, name: str = "PW", pid: int = 1, flags: int = 0) -> Any:
    return space.enqueue(K.LDLM_FLOCK, NAME, mode(name), Flock(start, end, pid), owner=owner, flags=flags)


def test_unlocking_the_middle_of_a_flock_leaves_both_ends() -> None:
    space, me = namespace(), object()
    flock(space, me, 0, 99)
    flock(space, me, 40, 59, "NL")
    assert sorted((lock.policy.start, lock.policy.end) for lock in space.granted()) == [(0, 39), (60, 99)]
    assert flock(space, object(), 45, 50)[0].granted
    assert not flock(space, object(), 39, 39)[0].granted


def test_flocks_of_one_process_merge_and_never_conflict() -> None:
    space, me = namespace(), object()
    flock(space, me, 0, 9)
    flock(space, me, 10, 19)
    assert [(lock.policy.start, lock.policy.end) for lock in space.granted()] == [(0, 19)]
    flock(space, me, 5, 7, "PR")
    held = sorted((lock.policy.start, lock.policy.end, lock.mode) for lock in space.granted())
    assert held == [(0, 4, K.LCK_PW), (5, 7, K.LCK_PR), (8, 19, K.LCK_PW)]


def test_a_flock_that_would_wait_for_itself_is_refused() -> None:
    space, one, two = namespace(), object(), object()
    flock(space, one, 0, 0)
    flock(space, two, 1, 1)
    assert not flock(space, one, 1, 1)[0].granted
    assert flock(space, two, 0, 0)[2] == -errno.EDEADLK


def test_testing_a_flock_names_who_is_in_the_way_and_takes_nothing() -> None:
    space, me = namespace(), object()
    flock(space, me, 10, 20, pid=77)
    found, _, _ = flock(space, object(), 0, 99, flags=K.LDLM_FL_TEST_LOCK)
    assert (found.mode, found.policy) == (K.LCK_PW, Flock(10, 20, 77))
    free, _, _ = flock(space, object(), 21, 99, flags=K.LDLM_FL_TEST_LOCK)
    assert free.mode == K.LCK_NL and len(space.locks) == 1


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 30), st.sampled_from(["PW", "PR", "NL"])))
)
def test_flocks_are_what_posix_says_of_single_bytes(steps: list[tuple[int, int, int, str]]) -> None:
    space, owners = namespace(), [object(), object(), object()]
    held: dict[tuple[int, int], str] = {}
    for who, start, end, name in steps:
        start, end = min(start, end), max(start, end)
        others = {held[o, b] for o, b in held if o != who and start <= b <= end}
        refused = name != "NL" and ("PW" in others or (name == "PW" and others))
        _, _, status = flock(space, owners[who], start, end, name, flags=K.LDLM_FL_BLOCK_NOWAIT)
        assert status == (-errno.EAGAIN if refused else 0)
        if not refused:
            for byte in range(start, end + 1):
                held.pop((who, byte), None)
                if name != "NL":
                    held[who, byte] = name
    found = {
        (owners.index(lock.owner), byte): "PW" if lock.mode == K.LCK_PW else "PR"
        for lock in space.granted()
        for byte in range(lock.policy.start, lock.policy.end + 1)
    }
    assert found == held


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(MODES), st.integers(0, 3)), max_size=25), st.data())
def test_never_are_two_conflicting_locks_granted_and_nobody_waits_for_nothing(
    steps: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    space = namespace()
    for who, name, bits in steps:
        space.enqueue(K.LDLM_IBITS, NAME, mode(name), Bits(bits), owner=f"client {who}", remote=1)
        if space.locks and data.draw(st.booleans()):
            space.cancel(data.draw(st.sampled_from(sorted(space.locks))))
    for place in space.resources.values():
        for a in place.granted:
            for b in place.granted:
                assert a is b or compatible(K, a.mode, b.mode) or not a.policy.bits & b.policy.bits
        for index, lock in enumerate(place.waiting):
            before = [*place.granted, *list(place.waiting)[:index]]
            assert any(not compatible(K, lock.mode, o.mode) and lock.policy.bits & o.policy.bits for o in before)


def table() -> tuple[LockTable, list[Any]]:
    made = LockTable(Handles(5), lru_size=2)
    locks = []
    for number in range(4):
        lock = made.request(K.LDLM_IBITS, (number, 0, 0, 0), K.LCK_CR, Bits(K.MDS_INODELOCK_UPDATE))
        lock.granted, lock.remote = lock.mode, 100 + number
        locks.append(lock)
    return made, locks


def test_the_longest_unused_lock_goes_first_when_there_are_too_many() -> None:
    made, locks = table()
    gone = [lock for number in (2, 0, 3, 1) for lock in made.release(locks[number], K)]
    assert gone == [locks[2], locks[0]]


def test_a_lock_in_use_is_given_back_when_its_user_is_done() -> None:
    made, locks = table()
    assert made.blocked(locks[0].cookie, K) == (locks[0], [])
    assert made.match(K, K.LDLM_IBITS, (0, 0, 0, 0), K.LCK_CR) is None
    assert made.release(locks[0], K) == [locks[0]]
    assert made.blocked(locks[0].cookie, K) == (None, [])


def test_early_cancel_takes_unused_locks_on_what_is_about_to_change() -> None:
    made, locks = table()
    made.release(locks[0], K)
    wanted = [((0, 0, 0, 0), K.MDS_INODELOCK_UPDATE), ((1, 0, 0, 0), K.MDS_INODELOCK_UPDATE)]
    assert made.early_cancels(K, wanted) == (100,)
    assert locks[0].cookie not in made.locks and locks[1].cookie in made.locks


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_locks_are_read_back_from_what_describes_them(dialect: lw.Dialect) -> None:
    from lustre_wire.recovery.ldlm import policy_of

    made = LockTable(Handles(5))
    for kind, policy in ((K.LDLM_EXTENT, Extent(3, 9, 1)), (K.LDLM_FLOCK, Flock(1, 2, 42)), (K.LDLM_IBITS, Bits(3))):
        lock = made.request(kind, NAME, K.LCK_PW, policy)
        assert policy_of(dialect, kind, describe(dialect, lock).l_policy_data) == policy


@given(
    st.lists(st.tuples(st.sampled_from(MODES), st.integers(0, 3), st.booleans()), max_size=25),
    st.sampled_from(MODES),
    st.integers(0, 3),
)
def test_locks_looked_at_by_kind_conflict_as_they_do_one_by_one(
    steps: list[tuple[str, int, bool]], name: str, bits: int
) -> None:
    held, there = Held(), []
    for cookie, (other, own, goes) in enumerate(steps):
        lock = Lock(cookie, K.LDLM_IBITS, NAME, mode(other), Bits(own), owner="a client")
        held.append(lock)
        there.append(lock)
        if goes:
            held.remove(there.pop(len(there) // 2))
    wanted = Lock(99, K.LDLM_IBITS, NAME, mode(name), Bits(bits))
    found = [lock for lock in there if conflict(K, wanted, lock)]
    assert held.against(K, wanted) == found
    assert held.any_against(K, wanted) == bool(found)
    assert held.ask(K, wanted) == found and held.ask(K, wanted) == []
    assert list(held) == there
