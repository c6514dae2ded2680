"""The earliest of many times is what looking at all of them would find."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lustre_wire.recovery.deadlines import FEW, Deadlines

MOVES = st.tuples(st.sampled_from(["add", "later", "gone", "take"]), st.integers(0, 7), st.integers(1, 9))


@given(st.lists(MOVES, max_size=40))
def test_the_earliest_is_found_whatever_happened_to_the_others(moves: list[tuple[str, int, int]]) -> None:
    times: dict[int, int] = {}
    found: Deadlines[int] = Deadlines(times.get)
    waiting: list[int] = []
    for serial, (move, which, number) in enumerate(moves):
        chosen = waiting[which % len(waiting)] if waiting else None
        if move == "add":
            times[serial] = number
            found.add(serial)
            waiting.append(serial)
        elif move == "take":
            due = [each for each in waiting if times[each] <= number]
            assert found.take(number) == due
            waiting = [each for each in waiting if each not in due]
        elif move == "later" and chosen is not None:
            times[chosen] += number
        elif move == "gone" and chosen is not None:
            del times[chosen]
            waiting.remove(chosen)
        assert found.first() == min((times[each] for each in waiting), default=None)


def test_what_is_due_comes_in_the_order_in_which_it_was_added() -> None:
    found: Deadlines[tuple[str, float]] = Deadlines(lambda each: each[1])
    for each in (("a", 3.0), ("b", 1.0), ("c", 2.0), ("d", 9.0)):
        found.add(each)
    assert [name for name, _ in found.take(3.0)] == ["a", "b", "c"]
    assert found.take(3.0) == [] and found.first() == 9.0


def test_what_has_no_time_any_more_is_not_kept() -> None:
    times = dict.fromkeys(range(100_000), 5.0)
    found: Deadlines[int] = Deadlines(times.get)
    most = 0
    for number in list(times):
        found.add(number)
        most = max(most, len(found))
        if number % 100:
            del times[number]
    assert len(times) == 1000 and most <= 2 * 1000 + FEW
    assert found.take(5.0) == list(times)
