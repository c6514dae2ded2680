"""A bounded table forgets what was kept first, and is itself again when it was pickled or copied."""

from __future__ import annotations

import copy
import pickle

from lustre_wire.bounded import Bounded


def test_the_earliest_goes() -> None:
    table: Bounded[int, str] = Bounded(3)
    for number in range(5):
        table.keep(number, str(number))
    assert list(table.items()) == [(2, "2"), (3, "3"), (4, "4")]
    table.keep(2, "again")
    table.keep(5, "5")
    assert list(table) == [4, 2, 5] and table[2] == "again"


def test_copies_are_as_bounded() -> None:
    table: Bounded[int, str] = Bounded(2)
    table.keep(1, "1")
    for again in (copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert again == table and again.most == 2
        again.keep(2, "2")
        again.keep(3, "3")
        assert list(again) == [2, 3]
