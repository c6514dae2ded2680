"""Scenarios over TCP: clients that neither read nor write their sockets, answers that get lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from compat_tests.ports import free_port
from compat_tests.upgrade.test_scenarios import complaints
from lustre_wire.upgrade import scenario
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.network import TcpNetwork
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play


@pytest.fixture
def network() -> Iterator[TcpNetwork]:
    made = TcpNetwork(free_port(), speed=8.0)
    yield made
    made.close()


def play(network: TcpNetwork, name: str, policy_name: str) -> scenario.Outcome:
    found = scenario.load(name)
    made = Play(policy(policy_name), seed=1, network=network, **scenario.play_options(found, clients=3, osts=1))
    return scenario.run(found, made)


def test_a_silent_client_is_evicted_and_the_others_replay_their_opens(network: TcpNetwork) -> None:
    outcome = play(network, "silent-client", "simplified")
    assert complaints(outcome) == []
    assert outcome.play.clients_evicted() == {"client2"}
    assert all(outcome.verdicts[name].seen for name in ("B1", "B2", "B3", "B4", "B5", "B10", "D4", "S1", "dialect"))


def test_who_was_silent_comes_back_over_new_connections(network: TcpNetwork) -> None:
    outcome = play(network, "brief-absence", "reformat")
    assert complaints(outcome) == []
    assert outcome.play.clients_evicted() == set()
    assert outcome.verdicts["B10"].seen


def test_a_lost_answer_is_made_again_from_last_rcvd(network: TcpNetwork) -> None:
    outcome = play(network, "lost-answer", "reformat")
    assert complaints(outcome) == []
    assert any(
        not rebuilt.why and rebuilt.client == outcome.play.clients[1].nid for rebuilt in outcome.play.journal.rebuilt
    )


def test_while_it_is_silent_nothing_goes_either_way(network: TcpNetwork) -> None:
    made = Play(policy("simplified"), seed=1, network=network, clients=1, osts=1)
    client = made.clients[0]
    made.mishaps.cut(client.nid)
    begun = made.now
    made.wait(60.0)
    packets = [s for s in network.trace.packets if s.time > begun and client.nid in (s.packet.source, s.packet.target)]
    assert [sent for sent in packets if sent.packet.source == client.nid]
    assert [sent for sent in packets if sent.packet.source == client.nid and sent.arrived] == []
    made.mishaps.rejoin(client.nid)
    Operator(made).settled()
    made.work(2)
    assert made.losses() == []


def test_on_a_machine_that_hardly_lets_it_run_a_client_mounts_all_the_same() -> None:
    """Each look comes 0.04 seconds late: eight seconds to the nodes, and after six they give a connect up."""
    network = TcpNetwork(free_port(), speed=200.0)
    try:
        made = Play(policy("simplified"), seed=1, network=network, clients=0, osts=1)
        network.on_event = lambda number: time.sleep(0.04)
        client = made.new_client(wait=False)
        made.until(lambda: made.mounting[0][0].done, "it mounts", 400.0)
        assert client.mounted_at < made.now
    finally:
        network.close()
