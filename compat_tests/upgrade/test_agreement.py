"""The running machines go no way that the model does not know."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from compat_tests.upgrade.plays import played
from lustre_wire.upgrade.model.agreement import Pair, Projection, project
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play

projection = cache(lambda **options: project(policy("simplified", **options)))


def traces(play: Play) -> Iterator[list[Pair]]:
    """What each server and each client nothing happened to went through together."""
    states = {*map(str, ServerState), "down"}
    for node in (node for node in play.nodes.values() if node.uuid != b"MGS"):  # which has no lock of theirs here
        for client in play.untouched():
            target = node.uuid.decode()
            begun = next((m.time for m in play.journal.mounted if m.client == client), float("inf"))
            events = [(life.time, 0, life.what) for life in node.history if life.what in states]
            mine = [moved for moved in play.journal.moved if (moved.client, moved.target) == (client, target)]
            events += [(moved.time, 1, str(moved.state)) for moved in mine]
            pair, found = ["serving", "run"], []
            for time, who, state in sorted(events, key=lambda event: event[0]):
                pair[who] = state
                if time > begun and not (who == 0 and state == ServerState.HALTED):  # it is down at the same moment
                    found.append((pair[0], pair[1]))
            yield found


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
    found = [trace for trace in traces(play) if trace]
    assert found
    assert [line for trace in found for line in projection(**options).refuses(trace)] == []


def test_a_trace_that_the_model_does_not_have_is_refused() -> None:
    found: Projection = projection()
    assert list(found.refuses([("serving", "run"), ("halted", "run")]))
    assert list(found.refuses([("serving", "run"), ("serving", "reopening")]))
