"""`SocklndStream`: recorded streams and made ones, in any portions, with holes and garbage, and what it refuses."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_tests.frames.streams import CAPTURES, streams
from compat_tests.recorded import payloads
from lustre_wire import WireError
from lustre_wire.frames import ksock_large, lnet, lnet_large
from lustre_wire.frames.events import (
    AcceptorRequest,
    Event,
    Hello,
    LnetMessage,
    Noop,
    Unparsed,
    Violation,
    acknowledged,
    checksum,
    encode,
    encode_message,
    encode_noop,
)
from lustre_wire.frames.nid import nid_str, parse_large_nid, parse_nid
from lustre_wire.frames.socklnd import SocklndStream
from lustre_wire.schema import spec_of

CLIENT, SERVER = parse_nid("192.0.2.2@tcp"), parse_nid("192.0.2.1@tcp")
LARGE = parse_large_nid("2001:db8::1@tcp")
ORDERS = ("little", "big")
RECORDED = [(c, data) for c in CAPTURES for data in streams(c).values()]


def read(data: bytes, **options: Any) -> list[Event]:
    """All events of a whole stream."""
    stream = SocklndStream(**options)
    return [*stream.feed(data), *stream.close()]


def hello(version: int, byteorder: Any = "little", **changes: Any) -> Hello:
    nid = LARGE if version == 4 else CLIENT
    other = 0 if version == 1 else LARGE if version == 4 else SERVER
    incarnation = 0 if version == 1 else 9
    return Hello(0, version, byteorder, nid, other, 12345, 12345, 7, incarnation, 1)._replace(**changes)


def header(version: int, **fields: Any) -> Any:
    if version == 4:
        return lnet_large.LnetHdrLarge(LARGE, LARGE, **fields)
    return lnet.LnetHdr(SERVER, CLIENT, **fields)


def put(version: int = 3, payload: bytes = b"payload!", byteorder: Any = "little", **options: Any) -> bytes:
    """A PUT to portal 12 with match bits 5 at offset 224."""
    made = header(version, type=1)
    made.msg.put = lnet.LnetPut(lnet.LnetHandleWire(1, 2), 5, 3, 12, 224)
    return encode_message(made, payload, version=version, byteorder=byteorder, **options)


# ---- recorded bytes ----


@pytest.mark.parametrize("kind", ["lnet-acceptor-connreq", "socklnd-hello", "socklnd-msg"])
def test_recorded_rows_read_and_encode_to_the_same_bytes(kind: str) -> None:
    rows = payloads(kind)
    assert {row["dialect"] for row in rows} == {"1.8", "2.0"}
    for row in rows:
        data = bytes.fromhex(row["hex"])
        (event,) = read(data, resync=True)
        assert encode(event) == data


def test_recorded_hello_says_who_connects() -> None:
    for row in payloads("socklnd-hello"):
        (event,) = read(bytes.fromhex(row["hex"]))
        assert isinstance(event, Hello)
        assert (nid_str(event.src_nid), nid_str(event.dst_nid)) == ("192.0.2.2@tcp", "127.0.0.1@tcp")
        assert (event.version, event.src_pid, event.ctype, event.ips) == (2, 12345 | lnet.LNET_PID_USERFLAG, 0, ())


def test_recorded_put_carries_an_mds_connect() -> None:
    for row in payloads("socklnd-msg"):
        (event,) = read(bytes.fromhex(row["hex"]), resync=True)
        assert isinstance(event, LnetMessage)
        assert (event.type, event.portal, event.offset) == (lnet.LnetMsgType.LNET_MSG_PUT, 12, 0)
        assert event.payload == bytes.fromhex(row["buffers"][2]["hex"])
        assert event.header == bytes.fromhex(row["buffers"][1]["hex"])
        assert event.lnet_hdr().msg.put.ptl_index == event.portal
        assert event.lnet_hdr().msg.put.match_bits == event.match_bits


@pytest.mark.parametrize(("capture", "data"), RECORDED)
def test_recorded_streams_read_and_encode_to_the_same_bytes(capture: str, data: bytes) -> None:
    events = read(data, resync=True)
    assert not [e for e in events if isinstance(e, (Unparsed, Violation))]
    assert b"".join(map(encode, events)) == data
    if isinstance(events[0], (AcceptorRequest, Hello)):
        assert read(data) == events


def test_recorded_messages_are_those_that_tshark_counts() -> None:
    """tshark 4.0.17, ``-Y lnet -T fields -e lnet.msg_type`` on the same capture: 4 ACK, 12 PUT, 4 GET, 4 REPLY."""
    events = [e for data in streams(CAPTURES[0]).values() for e in read(data, resync=True)]
    assert Counter(e.type for e in events if isinstance(e, LnetMessage)) == {0: 4, 1: 12, 2: 4, 3: 4}


def test_recorded_ipv6_stream_is_version_4() -> None:
    for data in streams("17-lnet-ipv6-large-nid.pcap").values():
        for event in read(data):
            expected = lnet_large.LNET_PROTO_ACCEPTOR_VERSION_16 if isinstance(event, AcceptorRequest) else 4
            assert not isinstance(event, (Unparsed, Violation)) and event.version == expected


@pytest.mark.parametrize(("capture", "data"), RECORDED)
def test_a_capture_may_begin_at_any_message(capture: str, data: bytes) -> None:
    events = read(data, resync=True)
    for i, event in enumerate(events):
        if isinstance(event, LnetMessage):
            later = [e._replace(at=e.at - event.at) for e in events[i:]]
            assert read(data[event.at :], resync=True) == later


# ---- portions ----


def made_stream(version: int, byteorder: Any) -> bytes:
    """Every kind of message there is in a version."""
    messages = [put(version, byteorder=byteorder), put(version, b"", byteorder)]
    others = (lnet.LnetMsgType.LNET_MSG_ACK, lnet.LnetMsgType.LNET_MSG_GET, lnet.LnetMsgType.LNET_MSG_REPLY)
    messages += [encode_message(header(version, type=t), version=version, byteorder=byteorder) for t in others]
    if version > 1:
        messages.insert(1, encode_noop((3, 9), byteorder=byteorder))
        messages.append(put(version, bytes(300), byteorder, zc_cookies=(4, 2)))
        messages.append(encode_noop(byteorder=byteorder))
    if version == 2:
        messages.append(put(2, b"sum me", byteorder, with_checksum=True))
        messages.append(encode_noop((0, 5), byteorder=byteorder, with_checksum=True))
    return b"".join([encode(hello(version, byteorder, ips=(CLIENT & 0xFFFFFFFF,))), *messages])


VERSIONS = [(v, o) for v in (1, 2, 3, 4) for o in ORDERS if v > 1 or o == "little"]
ALL_STREAMS = [data for _, data in RECORDED] + [made_stream(v, o) for v, o in VERSIONS]


@pytest.mark.parametrize(("version", "byteorder"), VERSIONS)
def test_every_message_of_every_version_round_trips(version: int, byteorder: str) -> None:
    data = made_stream(version, byteorder)
    events = read(data)
    assert not [e for e in events if isinstance(e, (Unparsed, Violation))]
    assert all(e.version == version and e.byteorder == byteorder for e in events)  # type: ignore[union-attr]
    assert {e.type for e in events if isinstance(e, LnetMessage)} == {0, 1, 2, 3}
    assert b"".join(map(encode, events)) == data


@given(st.sampled_from(ALL_STREAMS), st.data())
def test_portions_do_not_matter(data: bytes, draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(data)), max_size=30)))
    noise = draw.draw(st.binary(max_size=150))
    data = noise + data if draw.draw(st.booleans()) else data
    stream = SocklndStream(resync=True)
    events = [e for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) for e in stream.feed(data[a:b])]
    assert events + stream.close() == read(data, resync=True)


@pytest.mark.parametrize("data", ALL_STREAMS)
def test_byte_by_byte(data: bytes) -> None:
    for start in (0, 1, 80):
        stream = SocklndStream(resync=True)
        events = [e for i in range(start, len(data)) for e in stream.feed(memoryview(data)[i : i + 1])]
        assert events + stream.close() == read(data[start:], resync=True)


@given(st.sampled_from(ALL_STREAMS), st.data())
def test_portions_do_not_matter_around_a_hole(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    size = draw.draw(st.integers(0, len(data) - start))
    cuts = draw.draw(st.lists(st.integers(0, len(data)), max_size=10))

    def run(places: list[int]) -> list[Event]:
        stream = SocklndStream(resync=True)
        events: list[Event] = []
        for first, last in ((0, start), (start + size, len(data))):
            inside = [first, *sorted(p for p in places if first < p < last), last]
            if first:
                events += stream.lost(size)
            for a, b in pairwise(inside):
                events += stream.feed(data[a:b])
        return events + stream.close()

    assert run(cuts) == run([])


@pytest.mark.parametrize(("version", "byteorder"), VERSIONS)
def test_a_made_stream_may_begin_at_any_message(version: int, byteorder: str) -> None:
    """Without the HELLO nothing tells version 2 from version 3, or of which version a NOOP is."""
    data = made_stream(version, byteorder)
    for event in read(data)[1:]:
        found = read(data[event.at :], resync=True)
        assert b"".join(map(encode, found)) == data[event.at :]
        known = {e.version for e in found if isinstance(e, LnetMessage)}
        assert known <= ({2, 3} if version == 2 else {version})


# ---- garbage and holes ----


@given(st.one_of(st.binary(max_size=400), st.sampled_from(ALL_STREAMS).map(lambda d: d[:400])), st.data())
@settings(max_examples=300)
def test_any_bytes_are_accounted_for(data: bytes, draw: st.DataObject) -> None:
    spot = draw.draw(st.integers(0, max(0, len(data) - 1)))
    data = data[:spot] + draw.draw(st.binary(max_size=3)) + data[spot + 1 :]
    at = 0
    for event in read(data, resync=True):
        assert event.at == at
        if isinstance(event, LnetMessage) and event.missing:
            at = len(data)
        elif isinstance(event, Unparsed):
            at += event.size
        else:
            assert data.startswith(encode(event), at)
            at += len(encode(event))
    assert at == len(data)


@given(st.sampled_from(VERSIONS), st.data())
def test_what_is_read_from_any_greeting_encodes_to_the_same_bytes(kind: tuple[int, Any], draw: st.DataObject) -> None:
    request = AcceptorRequest(0, 2 if kind[0] == 4 else 1, kind[1], LARGE if kind[0] == 4 else SERVER)
    data = bytearray(encode(request) + encode(hello(*kind, ips=(1, 2))))
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    at = 0
    for event in read(bytes(data)):
        if isinstance(event, (AcceptorRequest, Hello)):
            assert bytes(data[at:]).startswith(encode(event))
            at += len(encode(event))
        else:
            assert isinstance(event, (Violation, Unparsed, LnetMessage, Noop)) and event.at >= at


@given(st.one_of(st.binary(max_size=400), st.sampled_from(ALL_STREAMS)), st.data())
def test_a_server_gets_events_then_at_most_one_violation(data: bytes, draw: st.DataObject) -> None:
    spot = draw.draw(st.integers(0, max(0, len(data) - 1)))
    data = data[:spot] + draw.draw(st.binary(max_size=3)) + data[spot + 1 :]
    stream = SocklndStream()
    events = stream.feed(data)
    broken = [e for e in events if isinstance(e, Violation)]
    assert broken in ([], events[-1:])
    if broken:
        with pytest.raises(WireError) as raised:
            stream.feed(b"")
        assert raised.value is broken[0].error
        assert stream.close() == []


@pytest.mark.parametrize(("version", "byteorder"), VERSIONS)
def test_garbage_is_skipped_to_the_next_message(version: int, byteorder: str) -> None:
    start, good = encode(hello(version, byteorder)), put(version, byteorder=byteorder)
    junk = b"\xff" * 333
    first, second, bad, third = read(start + good + junk + good, resync=True)
    assert isinstance(first, Hello) and isinstance(second, LnetMessage) and isinstance(third, LnetMessage)
    assert isinstance(bad, Unparsed) and (bad.at, bad.size) == (len(start + good), len(junk))
    assert third.payload == second.payload


def test_a_hole_inside_a_payload_marks_the_message() -> None:
    start, long = encode(hello(3)), put(3, bytes(range(200)))
    stream = SocklndStream(resync=True)
    events = stream.feed(start + long[:146])
    events += stream.lost(100)
    events += stream.feed(long[246:] + put())
    cut, whole = events[1:]
    assert isinstance(cut, LnetMessage) and isinstance(whole, LnetMessage)
    assert (cut.payload, cut.missing, whole.missing) == (bytes(range(50)), 150, 0)
    assert whole.at == len(start + long)
    with pytest.raises(WireError, match="150 bytes"):
        encode(cut)


def test_a_hole_that_ends_with_a_payload_leaves_the_stream_in_step() -> None:
    stream = SocklndStream(resync=True)
    long = put(3, bytes(200))
    stream.feed(encode(hello(3)) + long[:-20])
    (cut,) = stream.lost(20)
    assert isinstance(cut, LnetMessage) and cut.missing == 20
    (noop,) = stream.feed(encode_noop())  # only read as one by a stream that is in step
    assert isinstance(noop, Noop) and noop.keepalive


@pytest.mark.parametrize(("version", "byteorder"), VERSIONS)
def test_a_hole_across_headers_is_skipped(version: int, byteorder: str) -> None:
    start, good = encode(hello(version, byteorder)), put(version, byteorder=byteorder)
    stream = SocklndStream(resync=True)
    events = stream.feed(start + good[:10])
    events += stream.lost(len(good) - 5)
    events += stream.feed(good[5:] + good)
    assert events[1:] == [
        Unparsed(len(start), 2 * len(good), "bytes are missing"),
        read(start + good)[1]._replace(at=len(start + good + good)),
    ]


def test_only_a_capture_may_have_holes() -> None:
    with pytest.raises(WireError, match="5 bytes"):
        SocklndStream().lost(5)
    with pytest.raises(WireError, match="-1 bytes"):
        SocklndStream(resync=True).lost(-1)


def test_an_end_inside_a_message_is_an_event() -> None:
    start = encode(hello(3))
    (_, rest) = read(start + put()[:50])
    assert rest == Unparsed(len(start), 50, "the stream ends inside a header")
    (_, cut) = read(start + put()[:-3])
    assert isinstance(cut, LnetMessage) and cut.missing == 3


def test_memory_does_not_follow_a_length_field() -> None:
    at = 24 + spec_of(lnet.LnetHdr).by_name["payload_length"].offset
    claim = patched(put(3, b""), at, (1 << 31).to_bytes(4, "little"))
    (_, violation) = read(encode(hello(3)) + claim)
    assert isinstance(violation, Violation) and violation.error.path == "payload_length"


# ---- what a receiver closes the connection for ----


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def raw_get(payload: bytes) -> bytes:
    return encode_message(header(3, type=2), payload)


BAD_SUM = patched(put(2, with_checksum=True), 4, b"\1\2\3\4")
VIOLATIONS = {
    "unknown LNet type": (3, patched(put(), 24 + 24, b"\7"), "type"),
    "HELLO as data": (3, patched(put(), 24 + 24, b"\4"), "type"),
    "over-long": (3, put(3, bytes((1 << 20) + 1)), "payload_length"),
    "GET with payload": (3, raw_get(b"x"), "payload_length"),
    "ACK with payload": (3, encode_message(header(3, type=0), b"x"), "payload_length"),
    "unknown socklnd type": (3, patched(put(), 0, b"\xc2"), "ksm_type"),
    "checksum in version 3": (3, patched(put(), 4, b"\1"), "ksm_csum"),
    "checksum of a version 3 NOOP": (3, encode_noop((0, 5), with_checksum=True), "ksm_csum"),
    "wrong checksum": (2, BAD_SUM, "ksm_csum"),
    "wrong checksum of a NOOP": (2, patched(encode_noop((0, 5), with_checksum=True), 4, b"\1\2\3\4"), "ksm_csum"),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_names_the_field(name: str) -> None:
    version, data, path = VIOLATIONS[name]
    start = encode(hello(version))
    (_, violation) = read(start + data)
    assert isinstance(violation, Violation)
    assert (violation.error.path, violation.error.offset, violation.at) == (path, len(start), len(start))


BAD_HELLOS = {
    "17 addresses": (patched(encode(hello(3)), 52, b"\x11"), "kshm_nips"),
    "an address of zero": (encode(hello(3, ips=(1, 0))), "kshm_ips"),
    "any NID": (encode(hello(3, src_nid=0xFFFFFFFFFFFFFFFF)), "kshm_src_nid"),
    "version 9": (patched(encode(hello(3)), 4, b"\x09"), "kshm_version"),
    "version 1.1": (patched(encode(hello(1)), 6, b"\x01"), "kshm_version"),
    "version 1, no HELLO": (patched(encode(hello(1)), 24, b"\x01"), "type"),
    "version 1, 17 addresses": (patched(encode(hello(1)), 28, b"\x44"), "payload_length"),
    "version 4, any NID": (encode(hello(4, src_nid=parse_large_nid("LNET_NID_ANY"))), "kshm_src_nid"),
    "no HELLO": (b"SSH-2.0-OpenSSH", "kshm_magic"),
    "acceptor version 7": (patched(encode(AcceptorRequest(0, 1, "little", SERVER)), 4, b"\7"), "acr_version"),
}


@pytest.mark.parametrize("name", BAD_HELLOS)
def test_a_bad_beginning_names_the_field(name: str) -> None:
    data, path = BAD_HELLOS[name]
    (violation,) = read(data)
    assert isinstance(violation, Violation) and violation.error.path == path


def test_a_wrong_checksum_does_not_put_a_capture_out_of_step() -> None:
    (_, bad, good) = read(encode(hello(2)) + BAD_SUM + put(2), resync=True)
    assert isinstance(bad, Unparsed) and bad.size == len(BAD_SUM)
    assert isinstance(good, LnetMessage)


def test_the_checksum_is_crc32_not_inverted() -> None:
    # CRC-32/JAMCRC, whose check value is known
    assert checksum(b"123456789") == 0x340BC6D9
    assert checksum(b"6789", checksum(b"12345")) == 0x340BC6D9


# ---- details ----


def test_nips_of_a_version_1_hello_ignore_a_remainder() -> None:
    data = patched(encode(hello(1, ips=(1,))), 28, b"\6")
    (event,) = read(data)
    assert isinstance(event, Hello) and event.ips == (1,)
    assert encode(event) == data


@pytest.mark.parametrize(
    ("cookies", "noop", "expected"),
    [
        ((0, 0), True, []),
        ((0, 9), True, [9]),
        ((9, 4), True, [9, 4]),
        ((4, 9), True, [4, 5, 6, 7, 8, 9]),
        ((7, 9), False, [9]),
        ((7, 0), False, []),
    ],
)
def test_what_cookies_acknowledge(cookies: tuple[int, int], noop: bool, expected: list[int]) -> None:
    assert [c for r in acknowledged(cookies, noop=noop) for c in r] == expected


def test_encoders_refuse_what_a_version_lacks() -> None:
    for options in ({"version": 1, "zc_cookies": (2, 0)}, {"version": 3, "with_checksum": True}, {"version": 4}):
        with pytest.raises(WireError):
            encode_message(header(3, type=1), b"", **options)
    for event in (Unparsed(0, 5, ""), Violation(0, WireError(""))):
        with pytest.raises(WireError):
            encode(event)


def test_large_structs_have_their_sizes() -> None:
    assert len(encode(hello(4))) == spec_of(ksock_large.KsockHelloMsgLarge).size == 80
    assert len(put(4, b"")) == 24 + 96
