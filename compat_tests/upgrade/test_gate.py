"""The gate: who is let in, who waits, who is told to go."""

import errno

from hypothesis import given
from hypothesis import strategies as st

from lustre_wire.upgrade.protocol.gate import Caller, Gate

MDT, OST0, OST1 = "mdt", "ost0", "ost1"


def caller(*needs: str, update: bool = True) -> Caller:
    return Caller(frozenset(needs), update)


def test_an_open_gate_lets_everybody_in() -> None:
    gate, one = Gate(), caller(MDT)
    gate.enter(one)
    assert one.status == 0
    assert gate.busy([MDT]) == 1


def test_a_closed_gate_holds_who_needs_the_server_and_nobody_else() -> None:
    gate = Gate()
    gate.close([OST0], reading=True)
    held, free = caller(MDT, OST0), caller(MDT, OST1)
    gate.enter(held)
    gate.enter(free)
    assert (held.status, free.status) == (None, 0)


def test_a_call_under_way_is_not_stopped_and_counts_until_it_leaves() -> None:
    gate, one = Gate(), caller(MDT)
    gate.enter(one)
    gate.close([MDT], reading=True)
    assert gate.busy([MDT]) == 1
    gate.leave(one)
    assert gate.busy([MDT]) == 0


def test_who_waited_goes_in_first_come_first_served() -> None:
    gate, calls = Gate(), [caller(MDT) for _ in range(5)]
    gate.close([MDT], reading=True)
    for one in calls:
        gate.enter(one)
    gate.open([MDT])
    assert gate.inside == calls
    assert gate.waiting == []


def test_B9_a_blocked_call_can_be_interrupted_and_the_others_stay() -> None:
    gate, one, other = Gate(), caller(MDT), caller(MDT)
    gate.close([MDT], reading=True)
    gate.enter(one)
    gate.enter(other)
    assert gate.interrupt(one)
    assert (one.status, other.status) == (-errno.EINTR, None)
    gate.open([MDT])
    assert (one.status, other.status) == (-errno.EINTR, 0)
    assert gate.busy([MDT]) == 1


def test_a_call_under_way_is_none_of_the_gates_business() -> None:
    gate, one = Gate(), caller(MDT)
    gate.enter(one)
    assert not gate.interrupt(one)
    assert one.status == 0


def test_reading_may_pass_while_updates_are_held() -> None:
    gate = Gate()
    gate.close([MDT], reading=False)
    reader, writer = caller(MDT, update=False), caller(MDT)
    gate.enter(reader)
    gate.enter(writer)
    assert (reader.status, writer.status) == (0, None)
    gate.close([MDT], reading=True)
    late = caller(MDT, update=False)
    gate.enter(late)
    assert late.status is None


def test_closing_again_for_updates_only_lets_no_reader_through() -> None:
    gate, reader = Gate(), caller(MDT, update=False)
    gate.close([MDT], reading=True)
    gate.close([MDT], reading=False)
    gate.enter(reader)
    assert reader.status is None


def test_a_call_behind_two_closed_servers_waits_for_both() -> None:
    gate, one = Gate(), caller(MDT, OST0)
    gate.close([MDT, OST0], reading=True)
    gate.enter(one)
    gate.open([MDT])
    assert one.status is None
    gate.open([OST0])
    assert one.status == 0


def test_a_gate_that_fails_sends_away_who_waits_for_that_server() -> None:
    gate, one, other = Gate(), caller(MDT), caller(OST0)
    gate.close([MDT, OST0], reading=True)
    gate.enter(one)
    gate.enter(other)
    gate.fail([MDT], -errno.EIO)
    assert (one.status, other.status) == (-errno.EIO, None)


def test_a_waiting_call_whose_caller_is_gone_is_forgotten() -> None:
    gate, one = Gate(), caller(MDT)
    gate.close([MDT], reading=True)
    gate.enter(one)
    gate.leave(one)
    gate.open([MDT])
    assert gate.inside == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["enter", "leave", "close", "open", "interrupt"]), st.integers(0, 5)), max_size=60
    )
)
def test_nobody_is_inside_and_waiting_and_nobody_enters_through_a_closed_gate(moves: list[tuple[str, int]]) -> None:
    gate, calls, targets = Gate(), [], (MDT, OST0, OST1)
    for move, number in moves:
        if move == "enter":
            one = caller(targets[number % 3], update=number < 3)
            held = gate.closed.get(targets[number % 3], None)
            gate.enter(one)
            calls.append(one)
            assert (one.status is None) == (held is True or (held is False and one.update))
        elif move in ("close", "open"):
            target = [targets[number % 3]]
            gate.close(target, reading=number < 3) if move == "close" else gate.open(target)
        elif calls:
            one = calls[number % len(calls)]
            gate.leave(one) if move == "leave" else gate.interrupt(one)
        assert not set(gate.inside) & set(gate.waiting)
        assert all(one.status == 0 for one in gate.inside)
        assert all(one.status is None for one in gate.waiting)
        assert all(gate._held(one) for one in gate.waiting)
