"""A callback is sent once: who misses one is evicted, and nobody is at fault."""

from __future__ import annotations

import pytest

from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.trace import Sent
from lustre_wire.upgrade import scenario
from lustre_wire.upgrade.evidence import wire
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.scenario import Outcome
from lustre_wire.upgrade.stage.play import Play

STEPS = 'title = "t"\nabout = "a"\nosts = 1\nclients = 2\nsteps = ["work 4", "upgrade mds", "work 2"]'


def lossy(what: str) -> Outcome:
    """An upgrade that loses one packet: what asks client1 for its all-access lock, or the answer to that."""
    found = scenario.parse("lost", STEPS)
    made = Play(policy("simplified"), seed=7, **scenario.play_options(found))
    mds, client, asked = made.servers["mds"], made.clients[1], list[int]()

    def lose(packet: Packet) -> bool:
        if packet.kind == PUT and packet.data and (packet.source, packet.target) == (mds.nid, client.nid):
            asks = wire.read([Sent(0.0, packet)], made.system.dialect).revocations
            asked.extend(message.xid for message in asks)
            return bool(asks) and what == "callback"
        return what == "answer" and packet.source == client.nid and packet.match_bits in asked

    made.simulator.lose = lose
    outcome = scenario.run(found, made)
    assert len(asked) == 1
    return outcome


def test_a_client_that_missed_a_callback_is_evicted_and_nobody_is_at_fault() -> None:
    outcome = lossy("callback")
    made = outcome.play
    evicted = [life.time for life in made.nodes["mds"].history if life.what.startswith("evicted")]
    asked = next(message for message in made.wire().revocations if message.client == made.clients[1].nid)
    assert made.clients_evicted() == {"client1"}
    assert evicted == [pytest.approx(asked.time + CALLBACK_TIMEOUT, abs=0.1)]
    assert asked.arrived is None
    assert [line for verdict in outcome.verdicts.values() for line in verdict.wrong] == []
    assert outcome.lost == []


def test_a_client_whose_answer_alone_was_lost_gives_its_lock_back_and_stays() -> None:
    outcome = lossy("answer")
    asked = next(m for m in outcome.play.wire().revocations if m.client == outcome.play.clients[1].nid)
    assert asked.arrived is not None
    assert asked.answered is None
    assert outcome.play.clients_evicted() == set()
    assert outcome.fine
