"""Waiting for all of many is the same as looking at all of them, with fewer looks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lustre_wire.upgrade.stage.all_of import AllOf


@given(st.lists(st.booleans(), max_size=8), st.lists(st.integers(0, 9), max_size=30))
def test_it_holds_of_everybody_when_it_holds_of_each(those: list[bool], changes: list[int]) -> None:
    everybody = AllOf(range(100)[: len(those)], lambda index: those[index])
    assert everybody() == all(those)
    for index in changes:
        if index < len(those):
            those[index] = not those[index]
        assert everybody() == all(those)


def test_who_is_awaited_is_looked_at_first() -> None:
    looks: list[int] = []
    ready: set[int] = set()
    everybody = AllOf(range(1000), lambda index: looks.append(index) or index in ready)  # type: ignore[func-returns-value]
    for index in range(1000):
        assert not everybody()
        ready.add(index)
    assert everybody()
    assert len(looks) <= 4000
