"""Abuse without end leaves nothing behind, and everybody else is served (benchmarks/reliability.py has 24 hours)."""

from __future__ import annotations

import pytest

from compat_tests.testbed.abuse import Abuse
from lustre_wire.recovery.target import Target


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_what_is_kept_does_not_grow_with_the_time_of_abuse(dialect: str) -> None:
    abused = Abuse(dialect)
    clean = abused.kept()
    for _ in range(2):
        abused.minutes(7)
        kept = abused.kept()
        assert [target[:7] for target in kept] == [target[:7] for target in clean]
        assert all(values < 200 and size < 4 << 20 for *_, values, size in kept)
    assert abused.works == 14


def test_a_target_that_forgets_to_forget_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Target, "_silent_at", lambda self, export: None)
    abused = Abuse("2.0")
    clean = abused.kept()
    abused.minutes(4)
    assert [target[0] for target in abused.kept()] > [target[0] for target in clean]
