"""What happens to segments and bytes on the way costs only the messages it touches, and memory stays bounded."""

from __future__ import annotations

import io
from itertools import groupby
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.capture.conversation import (
    capture_of,
    changed,
    exchanges,
    lnet_of,
    ping_pair,
    read,
)
from compat_tests.recorded import Recorded, messages
from lustre_wire.capture import Captured, CaptureError, PcapWriter, Statistics, read_messages
from lustre_wire.capture.packets import Segment
from lustre_wire.capture.pcap import read_packets
from lustre_wire.capture.reassembly import Reassembler
from lustre_wire.capture.rpcs import Matcher, Recent
from lustre_wire.capture.said import Other, Said
from lustre_wire.capture.streams import Streams
from lustre_wire.engines import record
from lustre_wire.frames import lnet
from lustre_wire.frames.events import LnetMessage, ksock_header


def told(found: list[Captured]) -> list[tuple[str, bytes]]:
    return [(m.kind, m.raw) for m in found]


SAID = exchanges("2.0", "2.0.0")[:12]
WHOLE = capture_of(SAID)
TOLD = told(read(WHOLE))


@settings(max_examples=25)
@given(st.integers(1, 3000))
def test_the_size_of_segments_does_not_matter(size: int) -> None:
    assert told(read(capture_of(SAID, segment_size=size))) == TOLD


def runs(segments: list[Segment]) -> list[list[Segment]]:
    """Segments that follow each other in one direction: within these the network may change the order."""
    return [list(run) for _, run in groupby(segments, key=lambda s: s.flow)]


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(0, 2**32))
def test_order_and_repetition_of_segments_do_not_matter(size: int, seed: int) -> None:
    random = Random(seed)

    def change(segments: list[Segment]) -> list[Segment]:
        out: list[Segment] = []
        for run in runs(segments):
            mixed = run + [s for s in run if random.random() < 0.3]
            random.shuffle(mixed)
            out += mixed
            out += [s for s in out[-40:] if random.random() < 0.1]
        return out

    assert told(read(changed(capture_of(SAID, segment_size=size), change))) == TOLD


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(20, 700), st.integers(0, 10**6))
def test_a_lost_segment_costs_only_the_messages_it_touches(size: int, which: int) -> None:
    """Those come without their end, or not at all when a header is gone; everything else is as it was."""
    data = capture_of(SAID, segment_size=size)
    gone: list[Segment] = []

    def change(segments: list[Segment]) -> list[Segment]:
        with_data = [i for i, s in enumerate(segments) if s.payload]
        at = with_data[which % len(with_data)]
        gone.append(segments[at])
        return segments[:at] + segments[at + 1 :]

    counts = Statistics()
    found = read(changed(data, change), counts)
    whole = [(m.kind, m.raw) for m in found if not m.missing]
    lost = len(TOLD) - len(whole)
    # a segment of `size` bytes touches at most the messages that lie in it, and one at each end
    smallest = min(len(raw) for _, raw in TOLD) + 96
    assert lost <= size // smallest + 2
    rest = iter(TOLD)
    assert all(t in rest for t in whole), "something that was not said, or not in that order"
    assert counts.segments.lost + counts.unparsed + counts.incomplete >= (lost > 0)
    assert counts.replies_unmatched <= lost


def test_cut_snapshots_give_what_was_captured() -> None:
    """tcpdump -s 200: the payloads end early, and each message says how much is missing."""
    out = io.BytesIO()
    writer = PcapWriter(out)
    for packet in read_packets(io.BytesIO(WHOLE)):
        writer.write(packet.time_ns, packet.data[:400], len(packet.data))
    found = read(out.getvalue())
    assert [m.kind for m in found] == [kind for kind, _ in TOLD]
    for m, (_, raw) in zip(found, TOLD, strict=True):
        assert raw.startswith(m.raw)
        assert len(m.raw) + m.missing == len(raw)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=20), st.integers(0, 2**20))
def test_damaged_captures_raise_nothing_but_capture_errors(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at % len(data)] = value
    counts = Statistics()
    seen = 0
    try:
        for m in read_messages(io.BytesIO(bytes(data[: 24 + cut % len(data)])), statistics=counts):
            seen += 1
            assert m.message is None or m.error is None
    except CaptureError as error:
        assert error.offset is not None
    assert counts.messages == seen


MUTABLE = tuple(m for m in messages() if "_lnet" in m.row["params"])[::7]


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(MUTABLE),
            st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=8)), max_size=4),
            st.integers(0, 700),
            st.integers(1, 3),
        ),
        max_size=8,
    )
)
def test_damaged_messages_come_with_their_error(
    said: list[tuple[Recorded, list[tuple[int, bytes]], int, int]],
) -> None:
    """Both dialects in question, requests and replies mixed: what decodes keeps every byte, the rest has an error."""
    matcher = Matcher()
    for recorded, changes, cut, xid in said:
        data = bytearray(recorded.data)
        for at, value in changes:
            data[at % len(data) : at % len(data) + len(value)] = value
        whole = bytes(data[: cut if cut < 300 else None])
        found = matcher.message(0, put(xid, whole, 1)._replace(portal=lnet_of(recorded, "portal")))
        assert found.raw == whole
        assert (found.message is None) == isinstance(found.error, lw.WireError)
        if found.message is not None:
            assert lw.encode(found.message) == whole


# --- memory ----------------------------------------------------------------------------------------------------------


def put(xid: int, data: bytes, client: int) -> LnetMessage:
    src, dest = lnet_nid(client), lnet_nid(255)
    none = b"\xff" * 16
    return LnetMessage(0, 1, src, dest, 0, 0, 28, xid, 0, len(data), none, data, 0, 3, "little", 0, (0, 0), b"")


def lnet_nid(host: int) -> int:
    return 2 << 48 | 0x0A000000 | host


def test_requests_that_are_never_answered_do_not_pile_up() -> None:
    matcher = Matcher(max_requests=100, max_bytes=1 << 20)
    data = ping_pair().request.data
    for xid in range(5000):
        matcher.message(0, put(xid, data, xid % 200))
    assert len(matcher._requests) <= 100


def test_what_is_kept_is_bounded_by_bytes_too() -> None:
    kept = Recent(1000, 100_000)
    for i in range(50):
        kept.put(i, Captured(0, "bulk", bytes(30_000)))
        assert len(kept) <= 3
    kept.put("large", Captured(0, "bulk", bytes(200_000)))
    assert len(kept) == 0
    assert kept.get(49) is None


def test_the_newest_requests_are_kept() -> None:
    kept = Recent(3, 1 << 30)
    for i in (1, 2, 3, 1, 4):
        kept.put(i, Captured(i, "request", b""))
    assert [kept.get(i) is not None for i in (1, 2, 3, 4)] == [True, False, True, True]
    assert kept.pop(1) is not None
    assert kept.pop(1) is None


def test_of_what_was_served_only_the_latest_are_kept() -> None:
    kept = Recent(100, 1 << 30, max_served=2)
    made = [Captured(i, "request", b"") for i in range(5)]
    for one in made:
        kept.put(one.time_ns, one)
    for one in (made[0], made[1], made[2]):
        kept.serve(one.time_ns, one)
    assert [kept.get(i) is not None for i in range(5)] == [False, True, True, True, True]
    again = Captured(1, "request", b"")
    kept.put(1, again)
    kept.serve(3, made[3])
    assert kept.get(1) is again  # another message with the key of one that was served


def test_many_connections_with_messages_that_never_end() -> None:
    """Each of 300 clients begins a message of a megabyte and goes silent: no more than has come is ever kept."""
    head = lnet.LnetHdr(lnet_nid(1), lnet_nid(2), type=1)
    head.payload_length = 1 << 20
    start = ksock_header(0xC1, 0, (0, 0), "little") + record.pack(head)
    segments = [
        Segment(i, bytes(4) + i.to_bytes(4, "big") + b"\x03\xff\x03\xdc", 1, 0, 16, start + bytes(100), 0)
        for i in range(300)
    ]
    assembler, streams = Reassembler(port=988, max_flows=32), Streams(Statistics(), lw.dialect("2.0"))
    said: list[Said] = []
    for segment in segments:
        said += streams.read(assembler.feed([segment]))
        assert len(assembler) <= 32
    said += streams.read(assembler.close())
    found = [one for _, _, one in said if isinstance(one, Other)]
    assert [(len(one.event.payload), one.event.missing) for one in found] == [(100, (1 << 20) - 100)] * 300
