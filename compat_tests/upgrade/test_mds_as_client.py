"""An MDS is a client of its OSTs, and takes part in their stops as clients do."""

from __future__ import annotations

import errno
from itertools import groupby

import pytest

from compat_tests.upgrade.plays import played
from compat_tests.upgrade.test_scenarios import complaints
from lustre_wire.upgrade.checks.monitor import judge
from lustre_wire.upgrade.evidence.wire import Kind
from lustre_wire.upgrade.protocol import all_access_lock as access
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

PATH = [ClientState.CLEANING, ClientState.WAITING, ClientState.REOPENING, ClientState.RUN]


def states(play: Play, ost: str) -> list[ClientState]:
    """What the MDS went through with an OST."""
    uuid, mds = play.nodes[ost].uuid.decode(), play.nodes["mds"].nid
    moved = (m.state for m in play.journal.moved if m.client == mds and m.target == uuid)
    return [state for state, _ in groupby(moved) if state is not ClientState.DRAINING]


def holders(play: Play, ost: str) -> set[bytes]:
    target = play.servers[ost].target
    assert target is not None
    return {lock.owner.uuid for lock in access.holders(target.namespace) if lock.granted}


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, PATH), ({"notice": "withheld"}, PATH), ({"resume": "lock"}, PATH), ({"held": "updates"}, PATH),
        ({"farewell": "leave"}, [*PATH[:2], ClientState.DISCONNECTED, *PATH[2:]]),
    ],
    ids=str,
)  # fmt: skip
def test_it_drains_releases_and_goes_on(options: dict[str, str], path: list[ClientState]) -> None:
    outcome = played("piecemeal-osts", **options)
    assert complaints(outcome) == []
    play = outcome.play
    assert {ost: states(play, ost) for ost in ("ost0", "ost1")} == {"ost0": path, "ost1": path}
    assert "mds" not in {name for names in play.evicted().values() for name in names}
    for ost in ("ost0", "ost1", "ost2"):
        assert b"lustre-MDT0000-mdtlov_UUID" in holders(play, ost)


def test_nothing_of_it_is_refused() -> None:
    play = played("piecemeal-osts").play
    mds = play.nodes["mds"].nid
    answers = [m for m in play.wire().of(Kind.REPLY) if m.client == mds]
    assert answers
    assert -errno.EAGAIN not in {answer.status for answer in answers}
    waits = [m.facts for m in play.journal.moved if m.client == mds and m.state is ClientState.WAITING]
    assert waits
    assert not any(facts.in_flight for facts in waits)


def test_with_the_lock_at_the_MGS_it_is_refused_and_waits_as_before() -> None:
    play = played("piecemeal-osts", scope="mgs").play
    assert states(play, "ost0") == []
    assert complaints(played("piecemeal-osts", scope="mgs")) == []


def test_objects_it_needs_meanwhile_are_made_after_the_restart() -> None:
    play = Play(policy("simplified"), clients=1, osts=1, seed=2)
    client, mds = play.clients[0], play.servers["mds"]
    Operator(play).stop("ost0")
    made = mds.service.opens.pool[0]  # type: ignore[attr-defined]
    del made[1:]
    flags = mds.dialect.constants["MDS_OPEN_CREAT"] | mds.dialect.constants["FMODE_WRITE"]
    tasks = [client.perform("open", f"/f{number}", flags) for number in range(3)]
    play.simulator.flush(client)
    play.wait(20.0)
    assert [task.done for task in tasks] == [True, False, False]
    Operator(play).start("ost0", "2.0")
    play.until(lambda: all(task.done for task in tasks), "the files are made")
    assert [task.error for task in tasks] == [None] * 3
    assert [line for verdict in judge(play).values() for line in verdict.wrong] == []


@pytest.mark.parametrize("state", [ServerState.REVOKING, ServerState.QUIET])
def test_an_MDS_that_crashes_under_the_stop_of_an_OST_holds_nobody_up_for_longer_than_the_timeout(state: str) -> None:
    play = Play(policy("simplified"), clients=2, osts=1, seed=2)
    play.load()
    play.wait(1.0)
    Operator(play).stop("ost0", wait=False)
    play.until(lambda: play.servers["ost0"].life.state == state, f"the OST is {state}")
    play.mishaps.crash(play.servers["mds"].nid)
    play.until(lambda: not play.servers["ost0"].up, "the OST is down")
    Operator(play).start("ost0", "2.0")
    Operator(play).start("mds")
    Operator(play).settled()
    play.rest()
    assert play.losses() == []
    assert [line for verdict in judge(play).values() for line in verdict.wrong] == []
    assert play.clients_evicted() == set()


def test_an_MDS_that_comes_back_during_the_stop_of_an_OST() -> None:
    play = Play(policy("simplified"), clients=1, osts=1, seed=2)
    play.mishaps.cut(play.clients[0].nid)  # so that the stop takes its time
    Operator(play).stop("ost0", wait=False)
    play.wait(1.0)
    play.mishaps.crash(play.servers["mds"].nid)
    play.wait(1.0)
    Operator(play).start("mds")
    play.until(lambda: not play.servers["ost0"].up, "the OST is down")
    Operator(play).start("ost0", "2.0")
    play.mishaps.rejoin(play.clients[0].nid)
    Operator(play).settled()
    play.work(3)
    assert [line for verdict in judge(play).values() for line in verdict.wrong] == []
    assert b"lustre-MDT0000-mdtlov_UUID" in holders(play, "ost0")
