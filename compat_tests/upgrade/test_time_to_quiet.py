"""How long a server that is stopped waits for its clients: never longer than what they have to write takes, and the
callback timeout for those that say nothing (TH-26)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.layouts import STRIPE_SIZE
from lustre_wire.testbed.simulator import Faults
from lustre_wire.upgrade.plan import time_to_quiet
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

#: MDS_OPEN_CREAT, FMODE_READ, FMODE_WRITE.
MAKE = 0o100 | 0x3


def waited(server: str, dirty: list[int], silent: int, hardware: Hardware | None, delay: float) -> float:
    """From the command to stop until the last client is done; `dirty` has bytes to write for each client."""
    play = Play(policy("simplified"), clients=len(dirty), osts=1, faults=Faults(delay=(0.0, delay)), hardware=hardware)
    for number, (client, size) in enumerate(zip(play.clients, dirty, strict=True)):
        client.now = play.now
        for name, *arguments in (("open", f"/{number}", MAKE), ("write_later", 1, 0, bytes(size))):
            task = client.perform(name, *arguments)
            play.simulator.flush(client)
            play.until(lambda task=task: task.done, name)  # type: ignore[misc]
            assert task.error is None
            client.now = play.now
    for client in play.clients[:silent]:
        play.mishaps.cut(client.nid)
    node = play.servers[server]
    Operator(play).stop(server, wait=False)
    play.until(lambda: node.life.state is not ServerState.REVOKING, "all are done", 2.0 * CALLBACK_TIMEOUT)
    times = {life.what: life.time for life in node.history}
    return times[ServerState.QUIET] - times[ServerState.REVOKING]


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["mds", "ost0"]),
    st.lists(st.integers(0, 5 * STRIPE_SIZE), min_size=1, max_size=4),
    st.builds(
        Hardware, link=st.floats(2e6, 1e9), disk=st.floats(2e5, 1e9), requests=st.floats(2e3, 1e6)
    ),
    st.floats(0.0, 0.01),
)  # fmt: skip
def test_time_to_quiet_is_bounded_by_what_there_is_to_write(
    server: str, dirty: list[int], hardware: Hardware, delay: float
) -> None:
    found = waited(server, dirty, 0, hardware, delay)
    written = sum(dirty) if server == "ost0" else 0
    assert written / hardware.writing <= found <= time_to_quiet(server, dirty, hardware, delay)


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(["mds", "ost0"]), st.integers(1, 4), st.integers(0, 2), st.integers(0, 3 * STRIPE_SIZE))
def test_silent_clients_cost_the_callback_timeout_once(server: str, silent: int, others: int, size: int) -> None:
    hardware = Hardware(link=1e8, disk=1e8, requests=1e4)
    found = waited(server, [size] * (silent + others), silent, hardware, 0.002)
    assert found == pytest.approx(CALLBACK_TIMEOUT, abs=1e-6)


def test_a_client_that_cannot_write_in_time_is_waited_for_no_longer_than_a_silent_one() -> None:
    hardware = Hardware(disk=STRIPE_SIZE / (CALLBACK_TIMEOUT - 1))
    assert CALLBACK_TIMEOUT - 1 < waited("ost0", [STRIPE_SIZE], 0, hardware, 0.002) < CALLBACK_TIMEOUT
    assert waited("ost0", [2 * STRIPE_SIZE], 0, hardware, 0.002) == pytest.approx(CALLBACK_TIMEOUT)
