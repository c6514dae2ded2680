"""The client's barrier, the server's stop and the start rule, move by move (C.10.2 to C.10.4)."""

import errno

import pytest

from lustre_wire.errors import WireError
from lustre_wire.recovery.store import Store
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.protocol.mark import Mark, Start, StartRefused
from lustre_wire.upgrade.protocol.policy import OPTIONS, POLICIES, policy
from lustre_wire.upgrade.protocol.shutdown import Act, ServerState, Shutdown

SIMPLIFIED = policy("simplified")
IDLE = Facts()


def waiting_barrier(**options: str) -> Barrier:
    barrier = Barrier(policy("simplified", **options))
    barrier.revoked()
    for _ in range(4):
        barrier.look(IDLE)
    assert barrier.state is ClientState.WAITING
    return barrier


# -- client ------------------------------------------------------------------------------------------------------


def test_the_gate_closes_first_and_nothing_is_cleaned_while_requests_are_under_way() -> None:
    barrier = Barrier(SIMPLIFIED)
    assert barrier.revoked() == [Step.CLOSE_GATE_TO_READING]
    assert barrier.look(Facts(in_flight=3, dirty=5, locks=2, uncommitted=1)) == []
    assert barrier.state is ClientState.DRAINING


def test_flush_then_cancel_then_sync_then_release_each_once_and_only_when_the_one_before_is_done() -> None:
    barrier = Barrier(SIMPLIFIED)
    barrier.revoked()
    assert barrier.look(Facts(dirty=5, locks=2, uncommitted=1)) == [Step.FLUSH]
    assert barrier.look(Facts(in_flight=1, dirty=5, locks=2, uncommitted=1)) == []
    assert barrier.look(Facts(in_flight=1, locks=2, uncommitted=1)) == []
    assert barrier.look(Facts(locks=2, uncommitted=1)) == [Step.CANCEL]
    assert barrier.look(Facts(locks=1, uncommitted=1)) == []
    assert barrier.look(Facts(uncommitted=1)) == [Step.SYNC]
    assert barrier.look(Facts(uncommitted=1)) == []
    assert barrier.look(IDLE) == [Step.RELEASE]
    assert barrier.state is ClientState.WAITING
    assert barrier.look(IDLE) == []


def test_B12_an_answered_sync_is_not_enough_while_something_is_in_flight_or_uncommitted() -> None:
    barrier = Barrier(SIMPLIFIED)
    barrier.revoked()
    assert barrier.look(Facts()) == [Step.SYNC]
    assert barrier.look(Facts(in_flight=1)) == []
    assert barrier.look(Facts(uncommitted=1)) == []
    assert barrier.state is ClientState.CLEANING


def test_a_second_callback_for_the_same_stop_changes_nothing() -> None:
    barrier = Barrier(SIMPLIFIED)
    barrier.revoked()
    barrier.look(Facts(dirty=1))
    assert barrier.revoked() == []
    assert barrier.state is ClientState.CLEANING


def test_with_updates_held_reading_is_held_back_as_soon_as_the_cache_is_emptied() -> None:
    barrier = Barrier(policy("simplified", held="updates"))
    assert barrier.revoked() == [Step.CLOSE_GATE]
    assert barrier.look(Facts(in_flight=1)) == []
    assert barrier.look(IDLE) == [Step.CLOSE_GATE_TO_READING, Step.SYNC]
    assert barrier.look(IDLE) == [Step.RELEASE]


def test_locks_may_stay_where_the_policy_only_flushes() -> None:
    barrier = Barrier(policy("simplified", cache="flush"))
    barrier.revoked()
    assert barrier.look(Facts(locks=4)) == [Step.SYNC]
    assert barrier.look(Facts(locks=4)) == [Step.RELEASE]


def test_SI18_a_client_stays_connected_after_the_notice() -> None:
    barrier = waiting_barrier()
    assert barrier.all_committed() == []
    assert (barrier.state, barrier.noticed) == (ClientState.WAITING, True)


def test_SI13_or_disconnects_but_never_before_the_notice() -> None:
    barrier = waiting_barrier(farewell="leave")
    assert barrier.state is ClientState.WAITING
    assert barrier.all_committed() == [Step.DISCONNECT]
    assert barrier.state is ClientState.DISCONNECTED


def test_a_notice_nobody_waits_for_is_ignored() -> None:
    barrier = Barrier(SIMPLIFIED)
    assert barrier.all_committed() == []
    barrier.revoked()
    assert barrier.all_committed() == []
    assert barrier.state is ClientState.DRAINING


def test_life_goes_on_after_recovery_with_a_server_that_started_anew() -> None:
    barrier = waiting_barrier()
    barrier.restarted()
    assert barrier.state is ClientState.REOPENING
    assert barrier.recovered() == [Step.OPEN_GATE, Step.ASK_AGAIN]
    assert barrier.state is ClientState.RUN


def test_recovery_without_a_restart_lifts_nothing() -> None:
    barrier = waiting_barrier()
    assert barrier.recovered() == []
    assert barrier.state is ClientState.WAITING


def test_TH16_behind_a_barrier_set_by_hand_a_second_stop_gets_its_lock_too() -> None:
    """The server crashed after its stop and started as it was: the barrier stays, and there is a lock to ask for."""
    barrier = waiting_barrier()
    barrier.manual = True
    barrier.restarted()
    assert barrier.recovered() == [Step.ASK_AGAIN]
    assert barrier.recovered() == barrier.granted() == []
    barrier.revoked()
    assert barrier.recovered() == []
    assert barrier.look(IDLE) == [Step.SYNC]
    assert barrier.look(IDLE) == [Step.RELEASE]
    assert (barrier.state, barrier.manual) == (ClientState.WAITING, True)


def test_TH8_where_the_lock_resumes_recovery_alone_does_not() -> None:
    barrier = waiting_barrier(resume="lock")
    barrier.restarted()
    assert barrier.recovered() == [Step.ASK_AGAIN]
    assert barrier.closed
    assert barrier.granted() == [Step.OPEN_GATE, Step.ASK_AGAIN]
    assert not barrier.closed


def test_a_lock_that_is_not_granted_at_once_means_the_next_stop_or_with_the_MGS_the_last_one() -> None:
    running = Barrier(SIMPLIFIED)
    assert running.queued() == [Step.CLOSE_GATE_TO_READING]
    own, mgs = waiting_barrier(resume="lock"), waiting_barrier(resume="lock", scope="mgs")
    for barrier in (own, mgs):
        barrier.restarted()
        assert barrier.recovered() == [Step.ASK_AGAIN]
        assert barrier.queued() == []
    assert (own.state, mgs.state) == (ClientState.DRAINING, ClientState.REOPENING)
    assert mgs.granted() == [Step.OPEN_GATE, Step.ASK_AGAIN]


def test_TH19_where_the_operator_resumes_nothing_else_does() -> None:
    barrier = waiting_barrier(resume="operator")
    assert barrier.lift_by_hand() == []
    barrier.restarted()
    assert barrier.recovered() == [Step.ASK_AGAIN]
    assert barrier.granted() == []
    assert barrier.lift_by_hand() == [Step.OPEN_GATE, Step.ASK_AGAIN]


@pytest.mark.parametrize("moves", range(5))
def test_an_evicted_client_fails_who_waits_and_runs_again_whatever_its_state(moves: int) -> None:
    barrier = Barrier(SIMPLIFIED)
    barrier.revoked()
    for facts in [Facts(dirty=1), Facts(locks=1), IDLE, IDLE][:moves]:
        barrier.look(facts)
    assert barrier.evicted() == [Step.FAIL_GATE, Step.OPEN_GATE, Step.ASK_AGAIN]
    assert barrier.state is ClientState.RUN


def test_B11_a_barrier_set_by_hand_cleans_releases_nothing_and_is_lifted_by_hand() -> None:
    barrier = Barrier(SIMPLIFIED)
    assert barrier.set_by_hand() == [Step.CLOSE_GATE_TO_READING]
    steps = [barrier.look(facts) for facts in (Facts(dirty=1), Facts(locks=1), IDLE, IDLE)]
    assert steps == [[Step.FLUSH], [Step.CANCEL], [Step.SYNC], []]
    assert barrier.state is ClientState.WAITING
    barrier.restarted()
    assert barrier.recovered() == [Step.ASK_AGAIN]
    assert barrier.lift_by_hand() == [Step.OPEN_GATE, Step.ASK_AGAIN]


def test_B11_lifted_while_its_server_stops_a_barrier_set_by_hand_is_that_servers_and_opens_after_the_restart() -> None:
    barrier = Barrier(SIMPLIFIED)
    barrier.set_by_hand()
    for _ in range(3):
        barrier.look(IDLE)
    assert barrier.revoked() == [Step.RELEASE]
    assert barrier.lift_by_hand() == []
    assert barrier.state is ClientState.WAITING
    barrier.restarted()
    assert barrier.recovered() == [Step.OPEN_GATE, Step.ASK_AGAIN]


@pytest.mark.parametrize("clean", [False, True])
def test_a_server_that_wants_the_lock_behind_a_barrier_set_by_hand_gets_it_once(clean: bool) -> None:
    barrier = Barrier(SIMPLIFIED)
    barrier.set_by_hand()
    for _ in range(2 if clean else 0):
        barrier.look(IDLE)
    steps = barrier.revoked()
    for _ in range(3):
        steps += barrier.look(IDLE) + barrier.revoked()
    assert steps.count(Step.RELEASE) == 1
    barrier.restarted()
    assert barrier.recovered() == [Step.ASK_AGAIN]
    assert barrier.lift_by_hand() == [Step.OPEN_GATE, Step.ASK_AGAIN]


def test_a_barrier_set_by_the_server_is_not_lifted_by_hand() -> None:
    assert waiting_barrier().lift_by_hand() == []


# -- server ------------------------------------------------------------------------------------------------------


def test_the_stop_step_by_step() -> None:
    stop = Shutdown(SIMPLIFIED)
    assert stop.begin(["a", "b"]) == [Act.REVOKE]
    assert stop.released("a") == []
    assert stop.state is ServerState.REVOKING
    assert stop.released("b") == [Act.COMMIT]
    assert stop.state is ServerState.QUIET
    assert stop.committed() == [Act.NOTIFY]
    assert stop.informed("a") == []
    assert stop.informed("b") == [Act.MARK, Act.HALT]
    assert stop.state is ServerState.HALTED


def test_B5_a_silent_client_is_evicted_and_waited_for_no_longer() -> None:
    stop = Shutdown(SIMPLIFIED)
    stop.begin(["a", "b"])
    stop.released("a")
    assert stop.evicted("b") == [Act.COMMIT]


def test_without_clients_the_stop_goes_straight_through() -> None:
    stop = Shutdown(SIMPLIFIED)
    assert stop.begin([]) == [Act.REVOKE, Act.COMMIT]
    assert stop.committed() == [Act.NOTIFY, Act.MARK, Act.HALT]


def test_SI13_where_clients_leave_the_server_waits_until_they_have() -> None:
    stop = Shutdown(policy("simplified", farewell="leave"))
    stop.begin(["a", "b"])
    stop.released("a")
    stop.released("b")
    stop.committed()
    stop.informed("a")
    stop.informed("b")
    assert stop.state is ServerState.COMMITTED
    assert stop.left("a") == []
    assert stop.left("b") == [Act.MARK, Act.HALT]


def test_a_client_that_never_leaves_does_not_stop_the_stop() -> None:
    stop = Shutdown(policy("simplified", farewell="leave"))
    stop.begin(["a"])
    stop.released("a")
    stop.committed()
    assert stop.waited_enough() == [Act.MARK, Act.HALT]


def test_B6_new_clients_get_one_answer_from_the_first_moment_to_the_last() -> None:
    stop = Shutdown(SIMPLIFIED)
    assert stop.newcomer(first=True) == 0
    answers = []
    for move in (lambda: stop.begin(["a"]), lambda: stop.released("a"), stop.committed, lambda: stop.informed("a")):
        move()
        answers.append((stop.state, stop.newcomer(first=True)))
    assert [state for state, _ in answers] == ["revoking", "quiet", "committed", "halted"]
    assert {answer for _, answer in answers} == {-errno.EBUSY}


def test_B6_who_comes_back_during_a_stop_is_refused_where_new_clients_are_held() -> None:
    """It may not have heard that it was evicted, and ask the next version for what it asked the last."""
    stop = Shutdown(policy("simplified", newcomers="hold"))
    stop.begin(["a"])
    assert stop.newcomer(first=True) == 0
    assert stop.newcomer(first=False) == -errno.EBUSY


def test_TH9_once_quiet_everything_but_ping_and_disconnect_is_refused() -> None:
    stop = Shutdown(SIMPLIFIED)
    stop.begin(["a"])
    assert stop.request("anything") == 0
    stop.released("a")
    assert stop.request("anything") == -errno.EAGAIN
    assert stop.request("ping") == stop.request("disconnect") == 0
    stop.committed()
    assert stop.request("anything") == -errno.EAGAIN


# -- start rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("clean", [False, True])
def test_SI4_the_same_version_always_starts(clean: bool, forced: bool) -> None:
    assert mark.decide(Mark("1.8", clean), "1.8", forced=forced) is Start.RECOVER


@pytest.mark.parametrize("forced", [False, True])
def test_SI4_another_version_starts_after_a_clean_stop(forced: bool) -> None:
    assert mark.decide(Mark("1.8", clean=True), "2.0", forced=forced) is Start.REOPEN


def test_SI4_another_version_is_refused_after_anything_else() -> None:
    with pytest.raises(StartRefused, match=r"1\.8.*not stopped cleanly.*2\.0"):
        mark.decide(Mark("1.8", clean=False), "2.0")


def test_SI4a_unless_forced_and_then_everybody_is_forgotten() -> None:
    assert mark.decide(Mark("1.8", clean=False), "2.0", forced=True) is Start.FORGET


def test_a_disk_that_never_ran_starts() -> None:
    assert mark.decide(None, "2.0") is Start.FIRST


def test_S2_the_mark_is_on_disk_when_written() -> None:
    store = Store()
    assert mark.read(store) is None
    mark.write(store, Mark("1.8", clean=True))
    store.crash()
    assert mark.read(store) == Mark("1.8", clean=True)


# -- policies ----------------------------------------------------------------------------------------------------


def test_policies_by_name_and_every_value_of_every_option() -> None:
    assert set(POLICIES) == {"shipped", "simplified", "reformat"}
    for name, kind in OPTIONS.items():
        values = ["yes", "no"] if kind is bool else [str(value) for value in kind]  # type: ignore[attr-defined]
        seen = {getattr(policy("simplified", **{name: value}), name) for value in values}
        assert len(seen) == len(values)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("grand", {}, "no policy 'grand': there are shipped, simplified, reformat"),
        ("simplified", {"colour": "red"}, "no option 'colour'"),
        ("simplified", {"scope": "galaxy"}, "option scope is one of mgs, target, not 'galaxy'"),
        ("simplified", {"synchronous": "maybe"}, "option synchronous is one of yes, no"),
        ("simplified", {"scope": "mgs", "farewell": "leave"}, "cannot know which servers leave"),
    ],
)
def test_what_there_is_not(name: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(WireError, match=said):
        policy(name, **options)


def test_a_version_that_is_not_among_those_upgraded_is_newer_than_all() -> None:
    started = Mark("2.17", clean=False)
    assert not mark.downgrades(started, "2.17", mark.VERSIONS) and mark.downgrades(started, "2.0", mark.VERSIONS)
    assert mark.downgrades(Mark("2.0", clean=True), "1.8", mark.VERSIONS) and not mark.downgrades(None, "1.8", ())


def test_a_server_that_forgets_a_client_does_not_end_what_an_MGS_wants() -> None:
    barrier = Barrier(policy("simplified", scope="mgs"))
    barrier.revoked()
    assert barrier.evicted() == [Step.FAIL_GATE]
    assert barrier.state is ClientState.DRAINING
    for _ in range(2):  # the sync, and its answer
        steps = barrier.look(Facts())
    assert (steps, barrier.state) == ([Step.RELEASE], ClientState.WAITING)
    assert barrier.evicted() == [Step.FAIL_GATE, Step.ASK_AGAIN]
    assert barrier.queued() == []
    assert barrier.granted() == [Step.CHECK]
    assert barrier.recovered() == [Step.OPEN_GATE, Step.ASK_AGAIN]
