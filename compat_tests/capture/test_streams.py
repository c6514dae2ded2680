"""The index finds what the streaming reader finds: same messages, same order, same errors, whatever the input.

What is compared with is made the plain way: segment by segment, each piece of a stream through `SocklndStream`, every
message decoded at once.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.bulk.engines import record_engine
from compat_tests.capture.captures import CAPTURES
from compat_tests.capture.conversation import SENDERS, capture_of, exchanges, segments_of
from compat_tests.recorded import FIXTURES
from lustre_wire.capture import Captured, CaptureError, PcapWriter, Statistics, read_messages
from lustre_wire.capture.packets import Segment, build_tcp_packet
from lustre_wire.capture.reassembly import Reassembler
from lustre_wire.capture.rpcs import Matcher
from lustre_wire.frames import events, lnet
from lustre_wire.frames.events import AcceptorRequest, Hello, LnetMessage, Noop, Unparsed
from lustre_wire.frames.socklnd import SocklndStream

SESSION = FIXTURES / "captures" / "recorded-session-1.8.pcap"


def plainly(data: bytes) -> tuple[list[Captured], Statistics]:
    """The messages of a capture, read one after the other."""
    counts, matcher = Statistics(), Matcher()
    assembler = Reassembler(port=988)
    counts.segments = assembler.counts
    found = []
    for pieces in [*(assembler.feed([s]) for s in segments_of(data)), assembler.close()]:
        for time_ns, flow, piece, lost, packet in pieces:
            reader = flow.reader = flow.reader or SocklndStream(resync=True)
            for event in reader.feed(piece) if piece else reader.lost(lost) if lost else reader.close():
                if isinstance(event, LnetMessage):
                    found.append(matcher.message(time_ns, event, flow.key))
                    found[-1].packet = packet
                    counts.count(found[-1])
                    counts.lnet_types[event.type] += 1
                    counts.incomplete += event.missing > 0
                elif isinstance(event, Unparsed):
                    counts.unparsed += event.size
                else:
                    counts.noops += isinstance(event, Noop)
                    counts.handshakes += isinstance(event, (AcceptorRequest, Hello))
    return found, counts


def told(found: list[Captured], counts: Statistics) -> list[Any]:
    """All there is to know, in plain values."""
    numbers = {id(m): number for number, m in enumerate(found)}
    rows: list[Any] = [
        (
            m.time_ns, m.packet, m.kind, m.raw, m.direction, str(m.error), m.flow, m.lnet, m.message,
            m.request and numbers[id(m.request)],
        )
        for m in found
    ]  # fmt: skip
    lost = counts.segments.lost
    return [*rows, counts.kinds, counts.lnet_types, counts.errors, counts.replies_unmatched, counts.handshakes,
            counts.noops, counts.incomplete, counts.unparsed, lost]  # fmt: skip


class Portions(io.BytesIO):
    """A stream that gives so many bytes at a time, as a pipe does."""

    size = 1 << 20

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(min(self.size, size or 0))


def check(data: bytes, portion: int = 1 << 20) -> list[Captured]:
    """The messages as `read_messages` gives them, after checking them; the order of asking must not matter either."""
    wanted = told(*plainly(data))
    counts = Statistics()
    stream = Portions(data)
    stream.size = portion
    found = list(read_messages(stream, statistics=counts))
    for captured in found:
        known = [captured.dialect, captured.opcode, captured.status, captured.format, captured.is_rpc]
        name, message = captured.name, captured.message
        after = [captured.dialect, captured.opcode, captured.status, captured.format, captured.is_rpc]
        assert known == after and name == captured.name
        assert captured.is_rpc == (message is not None or captured.partial is not None)  # the latter in cut captures
    assert told(found, counts) == wanted
    return found


@pytest.mark.parametrize("path", [*CAPTURES, SESSION], ids=lambda p: p.stem)
def test_recorded_captures(path: Path) -> None:
    data = path.read_bytes()
    assert len(check(data)) == len(check(data, 1500)) > 0


@pytest.mark.parametrize("path", [*CAPTURES[:2], SESSION], ids=lambda p: p.stem)
def test_without_the_c_core(path: Path) -> None:
    data = path.read_bytes()[:300_000][:-1]
    with record_engine():
        found = messages_before_the_cut(data)
    assert [(m.kind, m.raw, m.message) for m in found] == [
        (m.kind, m.raw, m.message) for m in messages_before_the_cut(data)
    ]


def messages_before_the_cut(data: bytes) -> list[Captured]:
    found: list[Captured] = []
    with pytest.raises(CaptureError, match="cut"):
        found.extend(read_messages(io.BytesIO(data)))
    assert found
    return found


def test_messages_are_not_decoded_before_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a capture with a connect only the messages that may tell of a dialect are decoded to count all of them."""
    decoded = 0
    real = lw.decode

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal decoded
        decoded += 1
        return real(*arguments, **options)

    for module in ("captured", "connections"):
        monkeypatch.setattr(f"lustre_wire.capture.{module}.decode", counting)
    with (FIXTURES / "captures" / "05-namespace.pcap").open("rb") as stream:
        names = [m.name for m in read_messages(stream) if m.is_rpc]
    assert len(names) > 2400
    assert len(set(names)) > 20
    assert decoded < len(names) // 20


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(SENDERS), st.integers(1, 3), st.sampled_from(["little", "big"]), st.integers(20, 3000),
    st.integers(1, 9000), st.integers(0, 2**32),
)  # fmt: skip
def test_any_version_order_and_portions(
    sender: tuple[str, str], version: int, order: str, size: int, portion: int, seed: int
) -> None:
    said = Random(seed).sample(exchanges(*sender), 12)
    check(capture_of(said, version=version, byteorder=order, segment_size=size), portion)


def damaged(segments: list[Segment], random: Random) -> Iterator[Segment]:
    """The segments with some of them lost, repeated, late, cut or with other bytes."""
    late: list[Segment] = []
    for one in segments:
        what = random.random()
        if what < 0.03:
            continue
        if what < 0.06:
            late.append(one)
            continue
        if what < 0.09:
            yield one
        if what < 0.15 and one.payload:
            payload = bytearray(one.payload)
            for _ in range(random.randint(1, 4)):
                payload[random.randrange(len(payload))] = random.choice([0, 0xC0, 0xC1, random.randrange(256)])
            one = one._replace(payload=bytes(payload))
        yield one
        if late and random.random() < 0.3:
            yield late.pop()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(SENDERS), st.sampled_from([1, 2, 3]), st.integers(20, 3000), st.integers(1, 20_000),
    st.integers(0, 2**32), st.integers(60, 3000),
)  # fmt: skip
def test_damaged_captures(sender: tuple[str, str], version: int, size: int, portion: int, seed: int, snap: int) -> None:
    random = Random(seed)
    said = random.sample(exchanges(*sender), 20)
    segments = segments_of(capture_of(said, version=version, segment_size=size))
    check(rewritten(damaged(segments, random), snap if random.random() < 0.3 else 1 << 16), portion)


def rewritten(segments: Iterator[Segment], snap: int = 1 << 16) -> bytes:
    """A capture of these segments, packets cut after so many bytes."""
    out = io.BytesIO()
    writer = PcapWriter(out)
    for number, s in enumerate(segments):
        packet = build_tcp_packet(s.src, s.sport, s.dst, s.dport, s.seq, s.ack, s.flags, s.payload)
        writer.write(number * 1000, packet[:snap], len(packet))
    return out.getvalue()


def put(payload: bytes, xid: int, **options: Any) -> bytes:
    header = lnet.LnetHdr(dest_nid=2 << 48 | 2, src_nid=2 << 48 | 1, type=lnet.LnetMsgType.LNET_MSG_PUT)
    header.msg = lnet.LnetHdrMsg(put=lnet.LnetPut(match_bits=xid, ptl_index=28))
    return events.encode_message(header, payload, **options)


PING = exchanges("2.0", "2.0.0")[0].request.data
FRAMES = (
    put(PING, 1), put(PING, 2), put(PING, 3, zc_cookies=(7, 0)), put(PING, 4, version=2, with_checksum=True),
    put(PING[:70], 5), put(b"", 6), put(PING, 7, byteorder="big"), put(bytes(5000), 8),
    events.encode_noop(), events.encode_noop((3, 9)), events.encode_noop(byteorder="big"),
    events.encode_noop(with_checksum=True), b"\xc1\0\0\0", bytes(40),
    events.encode_message(lnet.LnetHdr(type=lnet.LnetMsgType.LNET_MSG_ACK), b""),
    events.encode_message(lnet.LnetHdr(type=lnet.LnetMsgType.LNET_MSG_ACK), b"no payload is allowed"),
    events.encode_message(lnet.LnetHdr(type=lnet.LnetMsgType.LNET_MSG_GET), b""),
    events.encode_message(lnet.LnetHdr(type=lnet.LnetMsgType.LNET_MSG_REPLY), b"some data"),
    events.encode_message(lnet.LnetHdr(type=lnet.LnetMsgType.LNET_MSG_HELLO), b""),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FRAMES), max_size=25), st.integers(1, 400), st.integers(1, 20_000), st.integers(1, 3))
def test_any_frames_one_after_the_other(frames: list[bytes], size: int, portion: int, ways: int) -> None:
    """NOOPs, checksums, the other byte order, messages of all types, and what no receiver takes, on several streams."""
    segments = []
    for way in range(ways):
        stream = b"".join((put(PING, 9), *frames[way:]))
        flow = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + (1000 + way).to_bytes(2, "big") + (988).to_bytes(2, "big")
        segments += [Segment(0, flow, 1 + at, 0, 16, stream[at : at + size], 0) for at in range(0, len(stream), size)]
    check(rewritten(iter(Random(size).sample(segments, len(segments)) if size > 300 else segments)), portion)


def test_what_is_no_message_is_not_looked_at_again_and_again() -> None:
    """Every second frame is one that the index leaves to the streaming reader. Otherwise this does not end."""
    stream = (put(PING, 1) + put(PING, 2, version=2, with_checksum=True) + bytes(3)) * 10_000
    flow = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + (1000).to_bytes(2, "big") + (988).to_bytes(2, "big")
    segments = [Segment(0, flow, 1 + at, 0, 16, stream[at : at + 1400], 0) for at in range(0, len(stream), 1400)]
    data = rewritten(iter(segments))
    assert sum(1 for _ in read_messages(io.BytesIO(data))) >= 10_000
