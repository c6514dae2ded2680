"""Every state of a small upgrade: no law is broken in any, and the end can be reached from each."""

import pytest

from lustre_wire.upgrade.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.explore import explore
from lustre_wire.upgrade.policy import policy
from lustre_wire.upgrade.shutdown import Act, ServerState, Shutdown
from lustre_wire.upgrade.world import Broken

SIMPLIFIED = policy("simplified")


def test_one_client_any_message_lost_and_one_crash_anywhere() -> None:
    found = explore(SIMPLIFIED, clients=1, servers=("mds",))
    assert not found.truncated
    assert found.ends
    assert found.crashed.keys() == {"mds", "client0"}


@pytest.mark.parametrize("options", [{"resume": "lock"}, {"held": "updates"}, {"cache": "flush"}])
def test_the_same_with_other_options(options: dict[str, str]) -> None:
    assert explore(policy("simplified", **options), clients=1, servers=("mds",)).ends


def test_two_clients_without_faults() -> None:
    found = explore(SIMPLIFIED, clients=2, servers=("mds",), losses=0, crashes=0)
    assert found.ends
    assert found.crashed == {}


def test_a_limit_is_kept_and_said() -> None:
    assert explore(SIMPLIFIED, clients=2, servers=("mds",), limit=500).truncated


# -- and what is broken is found ---------------------------------------------------------------------------------


def test_a_client_that_releases_before_it_is_clean_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(self: Barrier, facts: Facts) -> list[Step]:
        if self.state is not ClientState.DRAINING:
            return []
        self.state = ClientState.WAITING
        return [Step.RELEASE]

    monkeypatch.setattr(Barrier, "look", look)
    with pytest.raises(Broken, match=r"B3|B4|B7|quiet|2\.0 reads a request of 1\.8"):
        explore(SIMPLIFIED, clients=1, servers=("mds",), losses=0, crashes=0)


def test_a_server_that_does_not_wait_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def quiet(self: Shutdown) -> list[Act]:
        if self.state is not ServerState.REVOKING:
            return []
        self.state = ServerState.QUIET
        return [Act.COMMIT]

    monkeypatch.setattr(Shutdown, "_quiet", quiet)
    with pytest.raises(Broken, match="B5"):
        explore(SIMPLIFIED, clients=1, servers=("mds",), losses=0, crashes=0)


def test_a_client_that_forgets_a_second_stop_gets_stuck_and_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that crashes, recovers and stops again before the client has heard that recovery is over."""
    recovered = Barrier.recovered

    def forgetful(self: Barrier) -> list[Step]:
        self.wanted = False
        return recovered(self)

    monkeypatch.setattr(Barrier, "recovered", forgetful)
    with pytest.raises(Broken, match="the end cannot be reached") as found:
        explore(SIMPLIFIED, clients=1, servers=("mds",))
    assert "mds crashes" in found.value.trail
