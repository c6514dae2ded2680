"""Link layers and IP: frames laid out by hand, as the standards say, give the TCP segment inside."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_tests.capture.conversation import segments_of
from lustre_wire.capture.packets import (
    ACK,
    FIN,
    PSH,
    RST,
    SYN,
    Segment,
    SkipCounts,
    TcpStreamWriter,
    build_tcp_packet,
    parse_segment,
    parse_segments,
)
from lustre_wire.capture.pcap import CaptureError, Packet, PcapWriter, Records

SRC4, DST4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
SRC6, DST6 = bytes.fromhex("fd00" + "00" * 13 + "01"), bytes.fromhex("fd00" + "00" * 13 + "02")
PAYLOAD = b"what socklnd sends"


def tcp(payload: bytes = PAYLOAD, options: bytes = b"", flags: int = ACK) -> bytes:
    """RFC 9293: ports, seq, ack, data offset, flags, window, checksum, urgent pointer, options."""
    head = struct.pack(">HHIIBBHHH", 1023, 988, 7, 9, (5 + len(options) // 4) << 4, flags, 500, 0, 0)
    return head + options + payload


def ipv4(
    inner: bytes, protocol: int = 6, fragment: int = 0x4000, options: bytes = b"", total: int | None = None
) -> bytes:
    header = 20 + len(options)
    size = header + len(inner) if total is None else total
    first = 0x40 | header // 4
    return struct.pack(">BBHHHBBH", first, 0, size, 1, fragment, 64, protocol, 0) + SRC4 + DST4 + options + inner


def ipv6(inner: bytes, following: int = 6, extensions: bytes = b"", length: int | None = None) -> bytes:
    size = len(extensions) + len(inner) if length is None else length
    return struct.pack(">IHBB", 6 << 28, size, following, 64) + SRC6 + DST6 + extensions + inner


def ethernet(inner: bytes, ethertype: int = 0x0800, tags: bytes = b"") -> bytes:
    return bytes(12) + tags + struct.pack(">H", ethertype) + inner


def segment_of(data: bytes, linktype: int = 1, length: int | None = None) -> tuple[Segment | None, SkipCounts]:
    """What both ways of parsing give; they must agree."""
    packet = Packet(5, linktype, data, len(data) if length is None else length)
    one, many = SkipCounts(), SkipCounts()
    found = parse_segment(packet, one)
    around = b"\xff" * 20
    records = Records(around + data + around, [(5, linktype, len(around), len(around) + len(data), packet.length)])
    assert parse_segments(records, many) == ([] if found is None else [found._replace(number=1)])
    assert [getattr(one, name) for name in one.__slots__] == [getattr(many, name) for name in many.__slots__]
    return found, one


VLAN = struct.pack(">HH", 0x8100, 42)
QINQ = struct.pack(">HH", 0x88A8, 1) + VLAN
FRAMES = {
    "Ethernet": (1, ethernet(ipv4(tcp()))),
    "Ethernet with padding": (1, ethernet(ipv4(tcp())) + bytes(9)),
    "VLAN": (1, ethernet(ipv4(tcp()), tags=VLAN)),
    "VLAN in VLAN": (1, ethernet(ipv4(tcp()), tags=QINQ)),
    "Linux cooked": (113, struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + ipv4(tcp())),
    "Linux cooked, VLAN": (113, struct.pack(">HHH8s", 0, 1, 6, bytes(8)) + VLAN + b"\x08\x00" + ipv4(tcp())),
    "Linux cooked v2": (276, struct.pack(">HHIHBB8s", 0x0800, 0, 3, 1, 0, 6, bytes(8)) + ipv4(tcp())),
    "Linux cooked v2, VLAN": (
        276,
        struct.pack(">HHIHBB8s", 0x8100, 0, 3, 1, 0, 6, bytes(8)) + b"\x00\x2a\x08\x00" + ipv4(tcp()),
    ),
    "raw IP": (101, ipv4(tcp())),
    "raw IPv4": (228, ipv4(tcp())),
    "BSD loopback, little-endian host": (0, struct.pack("<I", 2) + ipv4(tcp())),
    "BSD loopback, big-endian host": (0, struct.pack(">I", 2) + ipv4(tcp())),
    "OpenBSD loopback": (108, struct.pack(">I", 2) + ipv4(tcp())),
    "IPv4 options": (1, ethernet(ipv4(tcp(), options=b"\x01" * 8))),
    "TCP options": (1, ethernet(ipv4(tcp(options=b"\x01" * 12)))),
    "segmentation offload": (1, ethernet(ipv4(tcp(), total=0))),
}
FRAMES6 = {
    "Ethernet": (1, ethernet(ipv6(tcp()), 0x86DD)),
    "raw IP": (101, ipv6(tcp())),
    "raw IPv6": (229, ipv6(tcp())),
    "loopback": (0, struct.pack("<I", 30) + ipv6(tcp())),
    "hop-by-hop options": (101, ipv6(tcp(), 0, bytes([6, 0]) + bytes(6))),
    "routing and destination options": (101, ipv6(tcp(), 43, bytes([60, 1]) + bytes(14) + bytes([6, 0]) + bytes(6))),
    "atomic fragment": (101, ipv6(tcp(), 44, bytes([6, 0, 0, 0]) + bytes(4))),
    "jumbo or offload": (101, ipv6(tcp(), length=0)),
}


@pytest.mark.parametrize("name", FRAMES)
def test_ipv4_segment_from_every_link_layer(name: str) -> None:
    linktype, data = FRAMES[name]
    found, _ = segment_of(data, linktype)
    assert found == Segment(5, SRC4 + DST4 + struct.pack(">HH", 1023, 988), 7, 9, ACK, PAYLOAD, 0)
    assert (found.src, found.dst, found.sport, found.dport) == (SRC4, DST4, 1023, 988)


@pytest.mark.parametrize("name", FRAMES6)
def test_ipv6_segment_from_every_link_layer(name: str) -> None:
    linktype, data = FRAMES6[name]
    found, _ = segment_of(data, linktype)
    assert found == Segment(5, SRC6 + DST6 + struct.pack(">HH", 1023, 988), 7, 9, ACK, PAYLOAD, 0)
    assert (found.src, found.dst, found.sport, found.dport) == (SRC6, DST6, 1023, 988)


@pytest.mark.parametrize("name", ["Ethernet", "VLAN", "Linux cooked v2", "raw IP"])
@pytest.mark.parametrize("cut", [1, 5, len(PAYLOAD)])
def test_a_snapshot_that_ends_in_the_payload_says_how_much_is_missing(name: str, cut: int) -> None:
    linktype, data = FRAMES[name]
    found, _ = segment_of(data[:-cut], linktype, len(data))
    assert found is not None
    assert (found.payload, found.missing) == (PAYLOAD[:-cut], cut)


@pytest.mark.parametrize("name", FRAMES)
def test_a_snapshot_that_ends_in_the_headers_gives_no_payload(name: str) -> None:
    """Cut inside the TCP options everything but the payload is known; before that there is no segment."""
    linktype, data = FRAMES[name]
    headers = data.index(PAYLOAD)
    for size in range(headers):
        found, counts = segment_of(data[:size], linktype, len(data))
        if found is None:
            assert counts.malformed + counts.other == 1
        else:
            assert size >= headers - 12
            assert (found.payload, found.missing) == (b"", len(PAYLOAD))


@pytest.mark.parametrize(
    ("linktype", "data", "reason"),
    [
        (1, ethernet(ipv4(tcp(), protocol=17)), "other"),
        (1, ethernet(b"who has", 0x0806), "other"),
        (1, ethernet(ipv4(tcp(), fragment=0x2000)), "fragments"),
        (1, ethernet(ipv4(tcp(), fragment=185)), "fragments"),
        (101, ipv6(tcp(), 44, bytes([6, 0, 0, 1]) + bytes(4)), "fragments"),
        (101, ipv6(tcp(), 58), "other"),
        (101, b"\x75" + ipv4(tcp())[1:], "malformed"),
        (101, b"\x41" + ipv4(tcp())[1:], "malformed"),
        (101, ipv4(tcp()[:12] + b"\x10" + tcp()[13:]), "malformed"),
        (101, ipv4(tcp()[:12] + b"\xf0" + tcp()[13:]), "malformed"),
        (101, ipv4(tcp(), total=25), "malformed"),
        (147, ipv4(tcp()), "other"),
        (0, struct.pack("<I", 99) + ipv4(tcp()), "other"),
    ],
)
def test_what_is_no_segment_is_counted_by_reason(linktype: int, data: bytes, reason: str) -> None:
    found, counts = segment_of(data, linktype)
    assert found is None
    assert {name: getattr(counts, name) for name in counts.__slots__ if getattr(counts, name)} == {reason: 1}


@given(st.sampled_from([*FRAMES.values(), *FRAMES6.values()]), st.integers(0, 150), st.binary(max_size=40))
def test_whatever_the_bytes_nothing_is_raised(frame: tuple[int, bytes], at: int, noise: bytes) -> None:
    linktype, data = frame
    mixed = data[: at % len(data)] + noise
    found, _ = segment_of(mixed, linktype)
    assert found is None or len(found.payload) <= len(mixed)


def checksum(data: bytes) -> int:
    """RFC 1071, word by word."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@given(
    st.booleans(), st.binary(max_size=99), st.integers(0, 2**32 - 1), st.sampled_from([ACK, SYN, FIN | ACK, RST, PSH])
)
def test_a_built_packet_has_right_checksums_and_reads_back(large: bool, payload: bytes, seq: int, flags: int) -> None:
    src, dst = (SRC6, DST6) if large else (SRC4, DST4)
    frame = build_tcp_packet(src, 1023, dst, 988, seq, 17, flags, payload)
    found, _ = segment_of(frame)
    assert found == Segment(5, src + dst + struct.pack(">HH", 1023, 988), seq, 17, flags, payload, 0)
    inner = frame[14 + (40 if large else 20) :]
    assert checksum(src + dst + struct.pack(">II", len(inner), 6) + inner) == 0
    if not large:
        assert checksum(frame[14:34]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (b"abc", 1, b"abc", 2, 0, 0, 0),
        (SRC4, 1, DST6, 2, 0, 0, 0),
        (SRC4, 65536, DST4, 2, 0, 0, 0),
        (SRC4, 1, DST4, 2, 0, 0, 256),
        (SRC4, 1, DST4, 2, 0, 0, 0, bytes(65496)),
    ],
)
def test_what_no_packet_can_hold_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(CaptureError):
        build_tcp_packet(*arguments)  # type: ignore[arg-type]


def test_a_written_connection_numbers_its_bytes_as_tcp_does() -> None:
    out = io.BytesIO()
    stream = TcpStreamWriter(PcapWriter(out), isn=(0xFFFFFFFE, 50), segment_size=3)
    stream.open(1)
    stream.send(2, 0, b"abcde")
    stream.send(3, 1, b"xy")
    stream.acknowledge(4, 0)
    stream.close(5)
    seen = [(s.dport, s.seq, s.ack, s.flags, s.payload) for s in segments_of(out.getvalue())]
    assert seen == [
        (988, 0xFFFFFFFE, 0, SYN, b""),
        (1023, 50, 0xFFFFFFFF, SYN | ACK, b""),
        (988, 0xFFFFFFFF, 51, ACK, b""),
        (988, 0xFFFFFFFF, 51, ACK, b"abc"),
        (988, 2, 51, ACK | PSH, b"de"),
        (1023, 51, 4, ACK | PSH, b"xy"),
        (988, 4, 53, ACK, b""),
        (988, 4, 53, FIN | ACK, b""),
        (1023, 53, 5, FIN | ACK, b""),
        (988, 5, 54, ACK, b""),
    ]
    with pytest.raises(CaptureError, match="segment size"):
        TcpStreamWriter(PcapWriter(io.BytesIO()), segment_size=0)
