"""pcap and pcapng files: what the formats' descriptions say, written out by hand here, is what the reader gives."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_tests.recorded import FIXTURES
from lustre_wire.capture import pcap
from lustre_wire.capture.pcap import MAX_BLOCK, MAX_PACKET, CaptureError, Packet, PcapWriter, is_capture, read_packets

ORDERS = ("<", ">")


class Trickle(io.RawIOBase):
    """A stream that gives at most `most` bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, most: int) -> None:
        self._inner, self._most = io.BytesIO(data), most

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(self._most if size < 0 else min(size, self._most))


def packets(data: bytes) -> list[Packet]:
    return list(read_packets(io.BytesIO(data)))


def classic(order: str, magic: int, records: list[tuple[int, int, bytes, int]], linktype: int = 1) -> bytes:
    """A pcap file as pcap-savefile(5) describes it."""
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, linktype)
    for seconds, fraction, data, length in records:
        out += struct.pack(order + "IIII", seconds, fraction, len(data), length) + data
    return out


def block(order: str, kind: int, body: bytes) -> bytes:
    """A pcapng block: type, total length, body padded to 32 bits, total length again."""
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(order: str, linktype: int = 1, snaplen: int = 0, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", linktype, 0, snaplen) + options)


def enhanced(order: str, number: int, stamp: int, data: bytes, length: int | None = None) -> bytes:
    head = struct.pack(order + "IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(data), length or len(data))
    return block(order, 6, head + data)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_both_resolutions_in_both_byte_orders(order: str, magic: int, unit: int) -> None:
    data = classic(order, magic, [(1297600000, 123456, b"abc", 3), (1297600001, 999999, b"", 60)], linktype=101)
    assert packets(data) == [
        Packet(1297600000 * 10**9 + 123456 * unit, 101, b"abc", 3),
        Packet(1297600001 * 10**9 + 999999 * unit, 101, b"", 60),
    ]


def test_link_type_without_the_checksum_length_in_its_upper_half() -> None:
    assert packets(classic("<", 0xA1B2C3D4, [(0, 0, b"x", 1)], linktype=0x24000001))[0].linktype == 1


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999999999), st.binary(max_size=70)), max_size=12),
    st.integers(1, 40),
)
def test_what_is_written_is_read_again_however_it_is_portioned(
    records: list[tuple[int, int, bytes]], portion: int
) -> None:
    out = io.BytesIO()
    writer = PcapWriter(out)
    for seconds, fraction, data in records:
        writer.write(seconds * 10**9 + fraction, data, len(data) + 5)
    wanted = [Packet(s * 10**9 + f, 1, data, len(data) + 5) for s, f, data in records]
    assert list(read_packets(Trickle(out.getvalue(), portion))) == wanted  # type: ignore[arg-type]


def test_a_microsecond_file_drops_the_rest_of_the_time() -> None:
    out = io.BytesIO()
    PcapWriter(out, nanosecond=False).write(1_000_001_999, b"x")
    assert packets(out.getvalue()) == [Packet(1_000_001_000, 1, b"x", 1)]


@pytest.mark.parametrize(
    ("time_ns", "data", "length"),
    [(-1, b"", None), (2**32 * 10**9, b"", None), (0, bytes(MAX_PACKET + 1), None), (0, b"abc", 2), (0, b"", 2**32)],
)
def test_the_writer_refuses_what_the_format_cannot_hold(time_ns: int, data: bytes, length: int | None) -> None:
    writer = PcapWriter(io.BytesIO())
    with pytest.raises(CaptureError):
        writer.write(time_ns, data, length)


def test_the_writer_refuses_a_link_type_above_16_bits() -> None:
    with pytest.raises(CaptureError, match="link type"):
        PcapWriter(io.BytesIO(), linktype=0x10000)


@pytest.mark.parametrize("order", ORDERS)
def test_pcapng_packets_of_three_kinds(order: str) -> None:
    stamp = 1297600000_123456
    obsolete = struct.pack(order + "HHIIII", 0, 7, stamp >> 32, stamp & 0xFFFFFFFF, 5, 9) + b"hello"
    data = (
        section(order)
        + interface(order, snaplen=4)
        + block(order, 4, b"names of hosts are skipped")
        + enhanced(order, 0, stamp, b"abc", 60)
        + block(order, 2, obsolete)
        + block(order, 3, struct.pack(order + "I", 6) + b"snap")
    )
    time_ns = stamp * 1000
    assert packets(data) == [
        Packet(time_ns, 1, b"abc", 60), Packet(time_ns, 1, b"hello", 9), Packet(0, 1, b"snap", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "stamp", "time_ns"),
    [
        (b"", 5, 5000),
        (option("<", 9, b"\x09"), 5, 5),
        (option("<", 9, b"\x03"), 5, 5_000_000),
        (option("<", 9, b"\x0c"), 5999, 5),
        (option("<", 9, b"\x8a"), 1024, 10**9),
        (option("<", 9, b"\x06") + option("<", 14, struct.pack("<q", 100)), 5, 100 * 10**9 + 5000),
        (option("<", 0, b"") + option("<", 9, b"\x09"), 5, 5000),
    ],
)
def test_time_resolution_and_offset_of_an_interface(options: bytes, stamp: int, time_ns: int) -> None:
    data = section("<") + interface("<", options=options) + enhanced("<", 0, stamp, b"")
    assert [p.time_ns for p in packets(data)] == [time_ns]


def test_a_new_section_has_its_own_byte_order_and_interfaces() -> None:
    first = section("<") + interface("<", 1) + interface("<", 113) + enhanced("<", 1, 1, b"a")
    second = section(">") + interface(">", 276) + enhanced(">", 0, 1, b"b")
    assert [(p.linktype, p.data) for p in packets(first + second)] == [(113, b"a"), (276, b"b")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd4\xc3",
        b"GARBAGE!" * 8,
        classic("<", 0xA1B2C3D4, [])[:20],
        classic("<", 0xA1B2C3D4, []).replace(b"\x02\x00\x04\x00", b"\x03\x00\x04\x00"),
        classic("<", 0xA1B2C3D4, [(0, 0, b"abcdef", 6)])[:-1],
        classic("<", 0xA1B2C3D4, [(0, 0, b"", 0)])[:-1],
        classic("<", 0xA1B2C3D4, []) + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0),
        section("<")[:-4],
        section("<").replace(b"\x4d\x3c\x2b\x1a", b"\x4d\x3c\x2b\x1b"),
        section("<")[:-4] + b"\x20\x00\x00\x00",
        section("<") + struct.pack("<II", 6, MAX_BLOCK + 4) + bytes(40),
        section("<") + struct.pack("<II", 6, 13) + bytes(40),
        section("<") + struct.pack("<II", 6, 0) + bytes(40),
        section("<") + enhanced("<", 0, 1, b"no interface was described"),
        section("<") + interface("<") + block("<", 6, bytes(8)),
        section("<") + interface("<") + block("<", 6, struct.pack("<IIIII", 0, 0, 0, 500, 500) + b"abc"),
        section("<") + interface("<") + block("<", 3, struct.pack("<I", 400) + b"abc"),
        section("<") + interface("<", options=struct.pack("<HH", 2, 400)),
    ],
)
def test_a_damaged_file_gives_one_clear_error(data: bytes) -> None:
    with pytest.raises(CaptureError) as raised:
        packets(data)
    assert raised.value.offset is not None


def test_packets_before_a_cut_are_given_out() -> None:
    data = classic("<", 0xA1B2C3D4, [(0, 0, b"whole", 5), (0, 0, b"cut", 3)])[:-1]
    found = read_packets(io.BytesIO(data))
    assert next(found).data == b"whole"
    with pytest.raises(CaptureError, match="cut"):
        next(found)


def test_a_length_in_a_file_is_not_believed_before_the_bytes_are_there() -> None:
    """A record of the largest length in a file of 40 bytes asks the stream for no more than a chunk at a time."""
    asked: list[int] = []

    class Watched(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            asked.append(size or 0)
            return super().read1(size)

    data = classic("<", 0xA1B2C3D4, []) + struct.pack("<IIII", 0, 0, MAX_PACKET, MAX_PACKET)
    with pytest.raises(CaptureError):
        list(read_packets(Watched(data)))
    assert set(asked) == {pcap._CHUNK}


GOOD = (
    classic("<", 0xA1B2C3D4, [(1, 2, b"some packet", 11), (3, 4, b"another one", 30)]),
    section(">") + interface(">", options=option(">", 9, b"\x09")) + enhanced(">", 0, 5, b"packet") * 2,
)


@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(0, 300),
)
def test_whatever_the_bytes_only_capture_errors_come_out(good: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(good)
    for at, value in changes:
        data[at % len(data)] = value
    try:
        for packet in read_packets(io.BytesIO(bytes(data[:cut]))):
            assert len(packet.data) <= packet.length
    except CaptureError as error:
        assert str(error)


def test_recorded_captures_are_recognised() -> None:
    for path in sorted((FIXTURES / "captures").glob("*.pcap")):
        head = path.read_bytes()[:4]
        assert is_capture(head)
    assert not is_capture(b"{}\n\n")
    assert not is_capture(b"")
