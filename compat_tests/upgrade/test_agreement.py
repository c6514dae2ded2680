"""The running machines go no way that the model does not know."""

from __future__ import annotations

import pytest

from compat_tests.upgrade.plays import played
from compat_tests.upgrade.projected import projection, refusals, traces


@pytest.mark.parametrize(
    ("scenario", "faults", "options"),
    [
        ("clean-upgrade", (), {}), ("clean-upgrade", (), {"resume": "lock"}),
        ("clean-upgrade", (), {"held": "updates"}),
        ("piecemeal-osts", ("mds-crash@quiet",), {}), ("piecemeal-osts", ("ost0-crash@revoking",), {}),
        ("silent-client", (), {}),
    ],
)  # fmt: skip
def test_what_happens_in_plays_happens_in_the_model(
    scenario: str, faults: tuple[str, ...], options: dict[str, str]
) -> None:
    play = played(scenario, "simplified", *faults, **options).play
    assert any(traces(play))
    assert refusals(play) == []


def test_a_trace_that_the_model_does_not_have_is_refused() -> None:
    found = projection()
    assert list(found.refuses([("serving", "run"), ("halted", "run")]))
    assert list(found.refuses([("serving", "run"), ("serving", "reopening")]))
