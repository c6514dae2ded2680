"""Each numbered invariant of recovery, checked by the monitor in recordings of the simulator, in each dialect.

`test_every_check_can_fail` proves that the checks see: in recordings with one thing changed each of them finds fault.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from compat_tests.testbed.recoveries import DIALECTS, PLAYED, STORIES, recorded
from lustre_wire.recovery.names import names
from lustre_wire.testbed.monitor import CHECKS, judge
from lustre_wire.testbed.seen import Seen

#: Invariants that only one dialect's recordings can show.
ONLY = {"R23": ("2.0", "2.17"), "R18": ("1.8",), "R19": ("1.8",)}


def stories(name: str) -> list[str]:
    """Recordings in which an invariant can be seen."""
    return [*STORIES, *(played for played in PLAYED if played == name)]


def holds(name: str, dialect: str) -> None:
    """The invariant holds in every story, and was seen to apply."""
    seen = 0
    for story in stories(name):
        verdict = judge(recorded(story, dialect), [name])[name]
        assert verdict.wrong == [], f"{story}: {verdict.wrong}"
        seen += verdict.seen
    assert seen > 0 or dialect not in ONLY.get(name, DIALECTS)


both = pytest.mark.parametrize("dialect", DIALECTS)


@both
def test_R1_only_what_had_a_transno_is_replayed(dialect: str) -> None:
    holds("R1", dialect)


@both
def test_R2_what_is_committed_is_not_replayed(dialect: str) -> None:
    holds("R2", dialect)


@both
def test_R3_opens_keep_their_transno_until_their_close_is_committed(dialect: str) -> None:
    holds("R3", dialect)


@both
def test_R4_nothing_from_before_an_eviction_is_sent_again(dialect: str) -> None:
    holds("R4", dialect)


@both
def test_R5_replays_ascend_one_at_a_time(dialect: str) -> None:
    holds("R5", dialect)


@both
def test_R6_a_last_committed_that_goes_backwards_brings_nothing_back(dialect: str) -> None:
    holds("R6", dialect)


@both
def test_R7_another_transno_in_the_answer_to_a_replay_ends_it(dialect: str) -> None:
    holds("R7", dialect)


@both
def test_R8_another_status_does_not_stop_the_replay(dialect: str) -> None:
    holds("R8", dialect)


@both
def test_R9_an_interrupted_replay_is_marked_resent(dialect: str) -> None:
    holds("R9", dialect)


@both
def test_R10_resends_keep_xid_and_order_and_bulk_does_not(dialect: str) -> None:
    holds("R10", dialect)


@both
def test_R10a_replays_are_marked_replay_and_not_resent(dialect: str) -> None:
    holds("R10a", dialect)


@both
def test_R10b_in_progress_is_asked_again_in_1_8_alone(dialect: str) -> None:
    holds("R10b", dialect)


@both
def test_R11_only_recovery_is_sent_while_recovering(dialect: str) -> None:
    holds("R11", dialect)


@both
def test_R12_conn_cnt_increases(dialect: str) -> None:
    holds("R12", dialect)


@both
def test_R13_the_flags_of_the_mount_are_offered_every_time(dialect: str) -> None:
    holds("R13", dialect)


@both
def test_R14_what_is_granted_was_offered(dialect: str) -> None:
    holds("R14", dialect)


@both
def test_R15_nothing_is_formatted_again(dialect: str) -> None:
    holds("R15", dialect)


@both
def test_R16_a_close_has_the_handle_of_the_replayed_open(dialect: str) -> None:
    holds("R16", dialect)


@both
def test_R17a_the_last_ping_is_answered_last(dialect: str) -> None:
    holds("R17a", dialect)


@both
def test_R18_what_is_no_replay_is_answered_at_once(dialect: str) -> None:
    holds("R18", dialect)


@both
def test_R19_old_opens_do_not_wait_in_1_8(dialect: str) -> None:
    holds("R19", dialect)


@both
def test_R20_copies_of_a_replay_are_not_answered(dialect: str) -> None:
    holds("R20", dialect)


@both
def test_R21_replays_are_done_in_the_order_of_their_transnos(dialect: str) -> None:
    holds("R21", dialect)


@both
def test_R22_only_what_recovery_needs_is_done_in_it(dialect: str) -> None:
    holds("R22", dialect)


@both
def test_R23_stages_wait_for_everybody(dialect: str) -> None:
    holds("R23", dialect)


@both
def test_R23a_who_says_twice_that_it_is_done_counts_once(dialect: str) -> None:
    holds("R23a", dialect)


@both
def test_R24_nothing_is_done_twice(dialect: str) -> None:
    holds("R24", dialect)


@both
def test_R25_rebuilt_answers_name_the_same_object(dialect: str) -> None:
    holds("R25", dialect)


@both
def test_L1_a_lock_replay_says_the_state_of_its_lock(dialect: str) -> None:
    holds("L1", dialect)


@both
def test_L2_what_was_given_back_is_not_replayed(dialect: str) -> None:
    holds("L2", dialect)


@both
def test_L3_there_is_room_for_an_lvb_in_the_answer(dialect: str) -> None:
    holds("L3", dialect)


@both
def test_L4_lock_replays_have_the_flags_of_their_dialect(dialect: str) -> None:
    holds("L4", dialect)


@both
def test_L5_locks_keep_their_names_and_handles(dialect: str) -> None:
    holds("L5", dialect)


@both
def test_L6_a_replayed_lock_gets_a_new_handle(dialect: str) -> None:
    holds("L6", dialect)


@both
def test_V1_versions_come_back_bit_for_bit(dialect: str) -> None:
    holds("V1", dialect)


@both
def test_V2_what_is_absent_has_a_version_in_2_0(dialect: str) -> None:
    holds("V2", dialect)


@both
def test_V3_a_failed_version_check_ends_in_eviction(dialect: str) -> None:
    holds("V3", dialect)


@both
def test_V4_with_everybody_back_versions_match(dialect: str) -> None:
    holds("V4", dialect)


@both
def test_V6_versions_are_compared_of_replays_alone(dialect: str) -> None:
    holds("V6", dialect)


def _spoiled(messages: list[Seen], rng: random.Random) -> Iterator[list[Seen]]:
    """Recordings with one thing wrong."""
    handles = tuple(message.remote for message in messages if message.remote)
    for index, message in enumerate(messages):
        k = names(message.dialect)
        changes: list[dict[str, Any]] = [
            {"flags": message.flags ^ k.MSG_RESENT},
            {"flags": message.flags ^ k.MSG_REPLAY},
            {"flags": message.flags ^ k.MSG_REQ_REPLAY_DONE},
            {"transno": message.transno + 5 if message.transno else 0},
            {"transno": 1 if message.transno else 0},
            {"conn_cnt": 0, "offered": message.offered ^ 0x40000000},
            {"offered": message.offered | 1 << 60},
            {"versions": (9, 9, 9, 9)},
            {"content": (b"other",)},
            {"name": "MDS_GETSTATUS"},
            {"ident": (7, 7, 7)},
            {"committed": 1 << 60},
            {"time": message.time + 1000},
            {"time": 0.0, "arrived": 0.0},
            {"arrived": None},
            {"status": -75, "arrived": message.arrived},
            {"lock": 5, "remote": 0},
            {"file": 5},
            {"xid": 1},
            {"op_flags": message.op_flags ^ 3},
            {"bulk": True},
            {"room": 0},
            {"copies": 2},
            {"opcode": 1},
            {"status": message.status - 5},
            {"cancels": handles},
        ]
        for change in rng.sample(changes, 13):
            copy = list(messages)
            copy[index] = attrs.evolve(message, **change)
            yield copy
        if index and rng.random() < 0.5:
            yield messages[:index] + messages[index + 1 :]
        if index + 1 < len(messages):
            swapped = list(messages)
            swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]
            swapped[index] = attrs.evolve(swapped[index], time=message.time)
            yield swapped


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_can_fail(name: str) -> None:
    rng = random.Random(1)
    dialect = ONLY.get(name, ("1.8",))[0]
    for story in sorted(stories(name), key=lambda story: len(recorded(story, dialect))):
        messages = recorded(story, dialect)
        if judge(messages, [name])[name].seen:
            for tried, spoiled in enumerate(_spoiled(messages, rng)):
                if judge(spoiled, [name])[name].wrong:
                    return
                assert tried < 8000
    raise AssertionError(f"no change was noticed by {name}")


def test_the_monitor_knows_every_check() -> None:
    assert set(judge(recorded("restart", "2.0"))) == set(CHECKS) and len(CHECKS) >= 39
