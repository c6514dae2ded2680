"""TCP reassembly: whatever happened to the segments on their way, the bytes of a direction come in order and once."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from lustre_wire.capture.packets import ACK, FIN, RST, SYN, Segment
from lustre_wire.capture.reassembly import Flow, Piece, Reassembler

FORTH = b"\x0a\0\0\x01\x0a\0\0\x02\x03\xff\x03\xdc"
BACK = b"\x0a\0\0\x02\x0a\0\0\x01\x03\xdc\x03\xff"
STREAM = bytes(range(256)) * 4


def seg(
    seq: int,
    payload: bytes = b"",
    flags: int = ACK,
    *,
    flow: bytes = FORTH,
    ack: int = 0,
    time_ns: int = 0,
    missing: int = 0,
) -> Segment:
    return Segment(time_ns, flow, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, flags, payload, missing)


def each(assembler: Reassembler, segments: list[Segment]) -> Iterator[Piece]:
    """What each segment delivers at once, and the end what is left."""
    for segment in segments:
        yield from assembler.feed([segment])
    yield from assembler.close()


def pieces(segments: list[Segment], **limits: int) -> list[Piece]:
    """What all segments deliver together, after checking that it is the same for each by itself."""
    assembler = Reassembler(**limits)
    found = assembler.feed(segments) + assembler.close()
    singly = each(Reassembler(**limits), segments)
    assert [(p.time_ns, p.flow.key, p.data, p.lost) for p in singly] == [
        (p.time_ns, p.flow.key, p.data, p.lost) for p in found
    ]
    return found


def told(found: list[Piece], flow: bytes = FORTH) -> list[bytes | int | None]:
    """Runs of bytes joined, holes as their size, the end as None."""
    out: list[bytes | int | None] = []
    for piece in found:
        if piece.flow.key != flow:
            continue
        if piece.data and out and isinstance(out[-1], bytes):
            out[-1] += piece.data
        else:
            out.append(piece.data or piece.lost or None)
    return out


def cut(data: bytes, sizes: list[int], first: int = 1) -> list[Segment]:
    """The stream in segments of these sizes, over and over."""
    out, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        out.append(seg(first + at, data[at : at + size]))
        at, turn = at + size, turn + 1
    return out


SIZES = st.lists(st.integers(1, 90), min_size=1, max_size=8)
ISN = st.sampled_from([0, 77, 2**31 - 100, 2**32 - 500, 2**32 - 1])


@given(SIZES, ISN, st.data())
def test_order_repetition_and_overlap_do_not_change_the_bytes(sizes: list[int], isn: int, data: st.DataObject) -> None:
    segments = cut(STREAM, sizes, isn + 1)
    for _ in range(data.draw(st.integers(0, 6))):  # retransmissions, of other pieces than were sent first
        start = data.draw(st.integers(0, len(STREAM) - 1))
        size = data.draw(st.integers(1, 200))
        at = data.draw(st.integers(0, len(segments)))
        segments.insert(at, seg(isn + 1 + start, STREAM[start : start + size]))
    order = data.draw(st.permutations(range(len(segments)))) if len(segments) < 40 else range(len(segments))
    found = pieces([seg(isn, flags=SYN), *(segments[i] for i in order)])
    assert told(found) == [STREAM, None]


@given(SIZES, ISN, st.integers(0, 10**6))
def test_one_lost_segment_is_one_hole_of_its_size(sizes: list[int], isn: int, which: int) -> None:
    segments = cut(STREAM, sizes, isn + 1)
    gone = segments.pop(which % len(segments))
    at = (gone.seq - isn - 1) & 0xFFFFFFFF
    wanted = [STREAM[:at] or None, len(gone.payload), STREAM[at + len(gone.payload) :] or None]
    if not segments or at + len(gone.payload) == len(STREAM):
        wanted = [STREAM[:at] or None]  # nothing behind it shows that it is missing
    found = pieces([seg(isn, flags=SYN), *segments])
    assert told(found) == [*(w for w in wanted if w), None]


def test_a_hole_waits_for_its_retransmission() -> None:
    found = pieces([seg(0, flags=SYN), seg(1, b"ab"), seg(5, b"ef"), seg(3, b"cd"), seg(7, b"gh")])
    assert told(found) == [b"abcdefgh", None]


def test_a_hole_is_lost_as_soon_as_the_other_end_acknowledges_what_is_behind_it() -> None:
    segments = [
        seg(0, flags=SYN), seg(50, flags=SYN | ACK, flow=BACK, ack=1), seg(1, b"ab"), seg(5, b"ef"),
        seg(51, b"reply", flow=BACK, ack=7),
    ]  # fmt: skip
    found = pieces(segments)
    order = [(p.flow.key, p.data or p.lost) for p in found if p.data or p.lost]
    assert order == [(FORTH, b"ab"), (FORTH, 2), (FORTH, b"ef"), (BACK, b"reply")]


def test_a_hole_that_was_acknowledged_before_it_showed() -> None:
    segments = [seg(1, b"ab"), seg(51, flow=BACK, ack=5), seg(51, b"x", flow=BACK, ack=5), seg(5, b"ef"), seg(7, b"gh")]
    found = pieces(segments)
    assert [(p.data or p.lost) for p in found if p.flow.key == FORTH][:4] == [b"ab", 2, b"ef", b"gh"]


def test_an_acknowledgement_that_stops_before_the_hole_proves_nothing() -> None:
    segments = [seg(1, b"ab"), seg(51, b"x", flow=BACK, ack=3), seg(5, b"ef"), seg(52, flow=BACK, ack=3), seg(3, b"cd")]
    assert told(pieces(segments)) == [b"abcdef", None]


def test_a_hole_is_given_up_after_a_while() -> None:
    late = 10**10
    segments = [seg(1, b"ab"), seg(5, b"ef"), seg(7, b"gh", time_ns=late), seg(3, b"cd", time_ns=late)]
    assert told(pieces(segments)) == [b"ab", 2, b"efgh", None]


@given(st.integers(1, 400), SIZES)
def test_what_waits_behind_holes_is_bounded(step: int, sizes: list[int]) -> None:
    """Every other segment is missing and nothing is ever acknowledged."""
    assembler = Reassembler(max_ahead=20_000, patience_ns=10**18)
    most = 0
    for _ in each(assembler, cut(STREAM * 20, [step, *sizes])[::2]):
        most = max(most, assembler.waiting)
    assert most <= 20_000 + 400 + 1024
    assert assembler.waiting == 0


def test_what_waits_behind_holes_of_all_directions_is_bounded() -> None:
    assembler = Reassembler(max_waiting=50_000, patience_ns=10**18)
    keys = [FORTH[:8] + port.to_bytes(2, "big") + b"\x03\xdc" for port in range(200)]
    segments = [seg(at, bytes(100), flow=key) for at in (1, 301, 601) for key in keys]
    most = 0
    for _ in each(assembler, segments):
        most = max(most, assembler.waiting)
    assert 0 < most <= 51_000


def test_directions_are_bounded_and_the_idle_ones_go_first() -> None:
    assembler = Reassembler(max_flows=16)
    keys = [FORTH[:8] + port.to_bytes(2, "big") + b"\x03\xdc" for port in range(1, 500)]
    busy = keys[0]
    segments = []
    for i, key in enumerate(keys):
        segments += [seg(1, b"x", flow=key, time_ns=3 * i), seg(1 + i, b"y", flow=busy, time_ns=3 * i + 1)]
    known = 0
    ended = set()
    for piece in each(assembler, segments[1:]):
        known = max(known, len(assembler))
        if not piece.data and not piece.lost:
            ended.add(piece.flow.key)
            if piece.flow.key == busy:
                assert len(ended) > 450, "the busy direction was given up before idle ones"
    assert known <= 16
    assert ended == set(keys)
    assert assembler.counts.evicted >= len(keys) - 17
    assert len(assembler) == 0


def test_a_direction_that_begins_with_a_keepalive() -> None:
    """A keepalive is empty and its number is one below; the first byte of data must not count as behind a hole."""
    found = pieces([seg(99), seg(100, b"ab"), seg(101), seg(102, b"cd")])
    assert told(found) == [b"abcd", None]
    assert not found[0].flow.whole


def test_a_keepalive_in_between_with_and_without_a_byte() -> None:
    found = pieces([seg(0, flags=SYN), seg(1, b"ab"), seg(2), seg(2, b"b"), seg(3, b"cd")])
    assert told(found) == [b"abcd", None]
    assert found[0].flow.whole


def test_bytes_cut_by_the_snapshot_are_a_hole() -> None:
    found = pieces([seg(1, b"ab", missing=3), seg(6, b"fg"), seg(8, b"", missing=4), seg(12, b"m")])
    assert told(found) == [b"ab", 3, b"fg", 4, b"m", None]


def test_a_retransmission_fills_what_an_overlapping_snapshot_cut() -> None:
    found = pieces([seg(1, b"ab"), seg(5, b"e", missing=2), seg(3, b"cdefg")])
    assert told(found) == [b"abcdefg", None]


def test_fin_ends_a_direction_only_after_its_bytes() -> None:
    found = pieces([seg(1, b"ab"), seg(5, b"ef", FIN | ACK), seg(3, b"cd"), seg(7, flags=ACK), seg(3, b"cd")])
    assert told(found) == [b"abcdef", None]


def test_what_is_missing_before_the_end_is_a_hole() -> None:
    assert told(pieces([seg(1, b"ab"), seg(6, flags=FIN | ACK)])) == [b"ab", 3, None]
    acknowledged = [seg(1, b"ab"), seg(51, b"x", flow=BACK, ack=8), seg(52, flow=BACK, ack=8)]
    assert told(pieces(acknowledged)) == [b"ab", 4, None], "one byte less: it may be a FIN"
    assert told(pieces([seg(1, b"ab"), seg(51, b"x", flow=BACK, ack=4)])) == [b"ab", None]


def test_a_reset_at_an_old_number_ends_nothing() -> None:
    """Who gets it ignores it, whatever it looks like to who listens."""
    for old in (0, 1, 2):
        found = pieces([seg(1, b"ab"), seg(old, flags=RST), seg(3, b"cd"), seg(5, flags=RST), seg(5, b"ef")])
        assert told(found) == [b"abcd", None]


def test_rst_ends_a_direction_at_once() -> None:
    found = pieces([seg(1, b"ab"), seg(5, b"ef"), seg(7, flags=RST), seg(7, b"gh")])
    assert told(found) == [b"ab", 2, b"ef", None]


def test_a_repeated_syn_changes_nothing() -> None:
    found = pieces([seg(9, flags=SYN), seg(9, flags=SYN), seg(10, b"ab"), seg(9, flags=SYN), seg(12, b"cd")])
    assert told(found) == [b"abcd", None]
    assert len({id(p.flow) for p in found}) == 1


def test_the_same_addresses_and_ports_used_again() -> None:
    """After the end, without one, and when the second opening was not captured."""
    again = [seg(5000, flags=SYN), seg(5001, b"cd")]
    for former in ([seg(0, flags=SYN), seg(1, b"ab", FIN | ACK)], [seg(0, flags=SYN), seg(1, b"ab")]):
        found = pieces([*former, *again])
        assert told(found) == [b"ab", None, b"cd", None]
        assert len({id(p.flow) for p in found}) == 2
    unopened = pieces([seg(0, flags=SYN), seg(1, b"ab", FIN | ACK), seg(2**30, b"cd")])
    assert told(unopened) == [b"ab", None, b"cd", None]


def test_a_syn_may_carry_data() -> None:
    assert told(pieces([seg(9, b"ab", SYN), seg(12, b"cd")])) == [b"abcd", None]


def test_both_directions_know_each_other() -> None:
    flows: dict[bytes, Flow] = {}
    for piece in each(Reassembler(), [seg(1, b"ab"), seg(50, b"x", flow=BACK), seg(3, b"c")]):
        flows[piece.flow.key] = piece.flow
        if piece.data == b"c":
            assert piece.flow.peer is flows[BACK]
            assert flows[BACK].peer is piece.flow


def test_other_ports_are_left_alone() -> None:
    assembler = Reassembler(port=989)
    assert list(each(assembler, [seg(1, b"ab"), seg(50, b"x", flow=BACK)])) == []
    assert assembler.counts.other_ports == 2
    assert told(pieces([seg(1, b"ab")], port=1023)) == [b"ab", None]


ANY = st.builds(
    seg,
    st.one_of(st.integers(0, 2000), st.integers(0, 2**32 - 1)),
    st.binary(max_size=50),
    st.integers(0, 255),
    flow=st.sampled_from([FORTH, BACK, FORTH[:8] + b"\0\1\3\xdc"]),
    ack=st.integers(0, 2**32 - 1),
    time_ns=st.integers(0, 10**10),
    missing=st.integers(0, 300),
)


@settings(max_examples=200)
@given(st.lists(ANY, max_size=60))
def test_whatever_the_segments_every_direction_ends_once_and_nothing_is_raised(segments: list[Segment]) -> None:
    assembler = Reassembler(max_flows=2, max_ahead=3000)
    ended: set[int] = set()
    flows = []  # kept, so that no id is used twice
    for piece in each(assembler, segments):
        assert id(piece.flow) not in ended
        flows.append(piece.flow)
        if not piece.data and not piece.lost:
            ended.add(id(piece.flow))
    assert {id(f) for f in flows} == ended
    assert assembler.waiting == 0
