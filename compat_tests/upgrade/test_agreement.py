"""The running machines go no way that the model does not know."""

from __future__ import annotations

import pytest

from compat_tests.upgrade.plays import played
from compat_tests.upgrade.projected import projection, refusals, traces
from lustre_wire.upgrade.model.agreement import A_STOP


@pytest.mark.parametrize(
    ("scenario", "faults", "options"),
    [
        ("clean-upgrade", (), {}), ("clean-upgrade", (), {"resume": "lock"}),
        ("clean-upgrade", (), {"held": "updates"}),
        ("piecemeal-osts", ("mds-crash@quiet",), {}), ("piecemeal-osts", ("ost0-crash@revoking",), {}),
        ("silent-client", (), {}), ("drain-crash", (), {}), ("brief-absence", (), {}), ("returning-client", (), {}),
        ("clean-upgrade", ("client1-silent@cleaning",), {}), ("clean-upgrade", ("client1-crash@waiting",), {}),
        ("any-order", (), {}), ("new-clients", (), {}), ("rewritten-config", (), {}),
        ("by-hand", (), {}), ("by-hand", ("mds-crash@committed",), {"resume": "lock"}),
        ("failover-pair", (), {}), ("oss-pair", ("ost0-crash@quiet",), {}),
        ("clean-upgrade", (), {"scope": "mgs"}), ("piecemeal-osts", (), {"scope": "mgs", "resume": "lock"}),
        ("silent-client", (), {"scope": "mgs"}), ("by-hand", (), {"scope": "mgs", "notice": "withheld"}),
        # one that is cut off while the same server is stopped again and again
        ("new-clients", ("client1-silent@cleaning",), {}),
        # whose mount is not over when the server it has the lock of is stopped
        ("new-clients", ("client1-silent@cleaning",), {"newcomers": "hold"}),
        # a notice that is on its way when its server crashes
        ("lost-answer", ("client1-crash@waiting", "mds-crash@committed"), {"farewell": "leave"}),
    ],
)  # fmt: skip
def test_what_happens_in_plays_happens_in_the_model(
    scenario: str, faults: tuple[str, ...], options: dict[str, str]
) -> None:
    play = played(scenario, "simplified", *faults, **options).play
    assert any(trace for _, trace in traces(play))
    assert refusals(play) == []


def test_a_trace_that_the_model_does_not_have_is_refused() -> None:
    found = projection()
    assert list(found.refuses([("serving", "run"), ("halted", "run")]))
    assert list(found.refuses([("serving", "run"), ("revoking", "waiting")]))


def test_what_only_happens_to_who_was_evicted_is_refused_of_anybody_else() -> None:
    evicted = ("committed", "run")
    assert evicted in projection(touched=True).follow
    assert evicted not in projection().follow


def test_who_is_silent_in_one_stop_may_be_so_in_the_next() -> None:
    found = projection(touched=True)
    assert list(found.refuses([*((server, "reopening") for server in A_STOP), ("serving", "run")])) == []
    assert list(projection().refuses([(server, "reopening") for server in A_STOP]))
