"""The numbered invariants, by the traffic monitor in plays that meet with them."""

from __future__ import annotations

import errno

import attrs
import pytest

from compat_tests.upgrade.checks import breaks
from compat_tests.upgrade.plays import copied, played
from compat_tests.upgrade.plays import play as new_play
from lustre_wire.checking.verdict import Verdict
from lustre_wire.upgrade.checks.monitor import CHECKS
from lustre_wire.upgrade.evidence.wire import Wire
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.stage.mishaps import SERVER_STATES


def seen(name: str, scenario: str, *args: str, **options: str) -> Verdict:
    """The invariant held in this play, and was met with."""
    verdict = played(scenario, *args, **options).verdicts[name]
    assert verdict.wrong == []
    assert verdict.seen > 0
    return verdict


def test_B1_nothing_new_is_made_behind_the_barrier_but_what_cleaning_needs() -> None:
    seen("B1", "clean-upgrade")
    seen("B1", "clean-upgrade", held="updates")


def test_B2_nothing_is_formatted_and_sent_between_release_and_restart() -> None:
    seen("B2", "clean-upgrade")
    seen("B2", "clean-upgrade", scope="mgs")


def test_B3_at_halted_replay_lists_hold_opens_only() -> None:
    seen("B3", "clean-upgrade")
    seen("B3", "downgrade")


def test_B4_at_halted_nothing_is_cached() -> None:
    seen("B4", "clean-upgrade")
    seen("B4", "piecemeal-osts")


def test_B5_quiet_comes_within_the_callback_timeout_with_everybody_done_or_evicted() -> None:
    seen("B5", "clean-upgrade")
    seen("B5", "silent-client")


def test_B6_no_new_client_from_revoking_to_halted() -> None:
    outcome = played("new-clients")
    assert outcome.verdicts["B6"].wrong == []
    made = outcome.play
    came = [(a, reply.status) for a, reply in made.wire().connects if made.is_metadata(a.server)]
    for newcomer, stop, state in zip(made.clients[4:], made.stopped, SERVER_STATES, strict=False):
        lives = made.servers["mds"].history
        at = next(life.time for life in lives if life.what == state and life.time >= stop.time)
        assert [status for a, status in came if a.client == newcomer.nid and a.arrived == at] == [-errno.EBUSY]


def test_B7_open_files_survive_and_nothing_acknowledged_is_lost() -> None:
    seen("B7", "clean-upgrade")
    held = [worker.held for worker in played("clean-upgrade").play.workers]
    assert any(held)


def test_B8_a_client_stays_connected_until_the_notice() -> None:
    seen("B8", "clean-upgrade")
    seen("B8", "clean-upgrade", farewell="leave")


def test_B9_a_blocked_call_is_interrupted_with_EINTR_and_nothing_is_sent() -> None:
    assert seen("B9", "by-hand").seen == 1


def test_B10_a_replayed_open_keeps_number_and_transno_and_creates_nothing() -> None:
    seen("B10", "clean-upgrade")
    seen("B10", "clean-upgrade", "simplified", "mds-crash@quiet")


def test_B11_a_barrier_set_by_hand_is_lifted_by_hand_only() -> None:
    seen("B11", "by-hand")
    made = played("by-hand").play
    lifted = next(done.time for done in made.operated if done.text.startswith("lift the barrier"))
    started = next(done.time for done in made.operated if done.text.startswith("start mds in 2.0"))
    runs = [m.time for m in made.journal.moved if m.state is ClientState.RUN and "MDT" in m.target and m.time > started]
    assert runs
    assert min(runs) >= lifted


def test_B12_flight_dirt_and_commit_are_separate_conditions() -> None:
    seen("B12", "clean-upgrade")


def test_B13_the_barrier_of_one_server_does_not_stop_work_with_another() -> None:
    seen("B13", "piecemeal-osts")


def test_B14_the_replay_list_is_kept_until_the_notice() -> None:
    seen("B14", "clean-upgrade")
    assert played("clean-upgrade", "simplified", "mds-crash@quiet").lost == []


def test_B15_the_lock_is_granted_to_nobody_while_it_is_wanted() -> None:
    seen("B15", "new-clients")
    seen("B15", "new-clients", newcomers="hold")


def test_S1_a_client_cut_off_during_the_stop_is_evicted() -> None:
    seen("S1", "returning-client")


def test_S2_the_mark_is_cleared_first_and_set_last() -> None:
    seen("S2", "clean-upgrade")
    seen("S2", "clean-upgrade", "simplified", "mds-crash@committed")


def test_SI7_where_the_MGS_has_the_locks_of_all_it_has_to_have_waited_itself() -> None:
    play = copied(new_play("silent-client", seed=31, scope="mgs", synchronous="yes").play)
    assert breaks(play, "SI7") is False
    late = [attrs.evolve(stop, time=stop.time + 40.0) if stop.holds else stop for stop in play.stopped]
    assert late != play.stopped
    play.stopped[:] = late
    wire = play.wire()
    callbacks = [m for m in wire.messages if m not in wire.revocations or play.nodes["mgs"].nid != m.server]
    play._wire = play.place, Wire(callbacks, wire.dialect)
    assert breaks(play, "SI7") is True


@pytest.mark.parametrize(("scenario", "targets"), [("failover-pair", {"mds"}), ("oss-pair", {"ost0", "ost1", "mds"})])
def test_S3_the_mark_travels_with_the_target(scenario: str, targets: set[str]) -> None:
    seen("S3", scenario)
    play = played(scenario).play
    started = {name for name, node in play.nodes.items() if any(life.what.startswith("start") for life in node.history)}
    assert {f"{name}-partner" for name in targets} <= started
    assert all(len(owner.config.peers) == 2 for owner in play.clients[0].imports()[1:])


def test_S4_after_a_forced_start_nothing_old_is_replayed() -> None:
    seen("S4", "forced-start")


def test_D1_a_step_back_evicts_everybody() -> None:
    seen("D1", "downgrade")
    seen("D1", "downgrade", "shipped")


def test_D2_a_step_back_behind_the_barrier_loses_nothing() -> None:
    seen("D2", "downgrade")


def test_D4_no_FID_reaches_a_1_8_server() -> None:
    seen("D4", "downgrade")
    seen("D4", "downgrade", "shipped")


def test_D8_what_1_8_showed_has_lost_its_FID_on_disk() -> None:
    seen("D8", "downgrade")
    seen("D8", "downgrade", "shipped")


def test_E1_E3_as_shipped_the_first_start_of_another_version_forgets_everybody() -> None:
    seen("E1", "clean-upgrade", "shipped")


def test_E2_a_second_start_in_the_same_version_forgets_nobody() -> None:
    seen("E2", "clean-upgrade", "simplified", "mds-crash@committed")
    seen("E2", "recover-then-upgrade", "shipped")


def test_E4_evicted_clients_go_on_in_the_new_dialect_and_their_open_files_are_dead() -> None:
    seen("E4", "clean-upgrade", "shipped")
    assert any(errno.EIO in worker.ledger.failed for worker in played("clean-upgrade", "shipped").play.workers)


def test_G1_G3_an_MGS_of_another_version_serves_the_logs_it_found() -> None:
    seen("G1", "config")
    seen("G1", "clean-upgrade", "shipped")


def test_G5_a_mounted_client_keeps_its_devices() -> None:
    seen("G5", "clean-upgrade")


def test_G7_writeconf_under_a_mounted_client_is_refused() -> None:
    seen("G7", "config")


def test_no_message_of_one_dialect_reaches_the_parser_of_the_other() -> None:
    for scenario in ("clean-upgrade", "downgrade", "failover-pair"):
        seen("dialect", scenario)
        seen("dialect", scenario, "shipped")


def test_SI12_clients_are_told_of_the_commit_when_it_is_on_disk() -> None:
    seen("SI12", "clean-upgrade")
    seen("SI12", "clean-upgrade", notice="withheld")
    seen("SI12", "clean-upgrade", scope="mgs")


def test_TH9_a_quiet_server_answers_nothing_more() -> None:
    seen("TH9", "new-clients", newcomers="hold")


def test_SI14_nothing_is_made_before_the_new_start_has_recovered() -> None:
    seen("SI14", "clean-upgrade")


def test_SI7_who_is_evicted_was_away() -> None:
    seen("SI7", "silent-client")
    seen("SI7", "drain-crash")


def test_TH5_an_unanswered_change_keeps_its_number() -> None:
    seen("TH5", "lost-answer", "reformat")


def test_transno_handle_slot_and_grant_are_what_they_were_given_for() -> None:
    for name in ("transno", "handle", "grant"):
        seen(name, "clean-upgrade")
        seen(name, "recover-then-upgrade")
    seen("slot", "rewritten-config")
    seen("slot", "mixed-months")


def test_what_recovery_has_to_keep_is_judged_in_plays() -> None:
    for name in ("R1", "R5", "R10a", "R11", "R15", "L2", "L5", "V1"):
        seen(name, "recover-then-upgrade")
    for name in ("R3", "R13", "R16", "R25"):
        seen(name, "clean-upgrade")


def test_every_invariant_has_a_test_named_after_it() -> None:
    named = {part for test in globals() if test.startswith("test_") for part in test.split("_")}
    assert {name for name in CHECKS if name != "dialect"} <= named
