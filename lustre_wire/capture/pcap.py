"""Streaming reader of pcap and pcapng files, writer of pcap files.

Sources: pcap(5) / draft-ietf-opsawg-pcap for the classic format, draft-ietf-opsawg-pcapng for the block format.
A reader holds one chunk of the file and the record it is in, whatever the size of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple

from lustre_wire.errors import WireError
from lustre_wire.kinds import checked

MAX_PACKET = 256 * 1024
"""Largest captured length believed, bytes (the largest snap length tcpdump writes)."""

MAX_BLOCK = 16 * 1024 * 1024
"""Largest pcapng block believed, bytes, whatever its type."""

MAX_INTERFACES = 65536
"""Most interfaces one pcapng section may describe."""

_CHUNK = 1 << 20
_NS = 1_000_000_000

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_OBSOLETE_PACKET = 2
_SIMPLE_PACKET = 3
_ENHANCED_PACKET = 6
_BYTE_ORDER_MAGIC = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}

_OPT_END = 0
_OPT_IF_TSRESOL = 9
_OPT_IF_TSOFFSET = 14

# magic as it stands in the file -> (byte order, nanoseconds per unit of the fraction field)
_CLASSIC_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}


class CaptureError(WireError):
    """A capture file, or something to be written to one, that is not what the format allows.

    `offset` is the byte offset in the file of the record or field that is wrong.
    """


class Packet(NamedTuple):
    """One captured packet.

    Attributes:
        time_ns: capture time, nanoseconds since 1970-01-01 UTC; 0 where the file holds none (Simple Packet Block).
        linktype: LINKTYPE_ number of the link layer (1 is Ethernet).
        data: the captured bytes, from the link layer header on.
        length: bytes the packet had on the wire; never less than ``len(data)``.
    """

    time_ns: int
    linktype: int
    data: bytes
    length: int


Place = tuple[int, int, int, int, int]
"""Where a packet stands: time_ns and linktype as in `Packet`, begin and end in the chunk, length as in `Packet`."""


class Records(NamedTuple):
    """The packets that stand wholly in one piece of a file."""

    chunk: bytes
    places: list[Place]


@checked
def read_packets(stream: BinaryIO) -> Iterator[Packet]:
    """Packets of a pcap or pcapng file, in file order; the format is found from the first four bytes.

    `stream` is read forward only, so it may be a pipe; short reads are fine.

    Raises:
        CaptureError: the file is of neither format, a length in it cannot be true, or it ends inside a record. Packets
            before the faulty place have been given out by then.
        OSError: whatever reading `stream` raises.
    """
    for chunk, places in read_records(stream):
        for time_ns, linktype, start, stop, length in places:
            yield Packet(time_ns, linktype, chunk[start:stop], length)


def read_records(stream: BinaryIO) -> Iterator[Records]:
    """The same packets, those of one reading of `stream` at a time: where it can, it gives what there is at once."""
    chunk = _refill(stream, b"", 4)
    magic = chunk[:4]
    if magic in _CLASSIC_MAGIC:
        return _read_classic(stream, chunk)
    if is_capture(magic):
        return _read_pcapng(stream, chunk)
    there = f"bytes {magic.hex(' ')}" if magic else "an empty file"
    raise CaptureError(f"expected a pcap or pcapng magic number, found {there}", offset=0)


def is_capture(head: bytes) -> bool:
    """Whether a file that begins with these bytes, four at least, is a pcap or pcapng file."""
    return head[:4] in _CLASSIC_MAGIC or head[:4] == _SECTION_HEADER.to_bytes(4, "big")


def reading(stream: Any) -> Callable[[int], bytes]:
    """Reads at most so many bytes of a stream, and waits for none where some are there."""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    return read


def _refill(stream: BinaryIO, rest: bytes, want: int) -> bytes:
    """`rest` and what follows it in `stream`: at least `want` bytes, fewer only where the stream ends."""
    have, read = len(rest), reading(stream)
    parts = [rest]
    while have < want:
        piece = read(_CHUNK)
        if not piece:
            break
        parts.append(piece)
        have += len(piece)
    return b"".join(parts)


def _cut(what: str, want: int, there: int, offset: int) -> CaptureError:
    return CaptureError(f"the file is cut: expected {what} of {want} bytes, found {there}", offset=offset)


def _read_classic(stream: BinaryIO, chunk: bytes) -> Iterator[Records]:
    """Records of a classic pcap file of which `chunk` is the beginning."""
    chunk = _refill(stream, chunk, 24)
    if len(chunk) < 24:
        raise _cut("a pcap file header", 24, len(chunk), 0)
    order, fraction_ns = _CLASSIC_MAGIC[chunk[:4]]
    major, minor, linktype = struct.unpack_from(order + "4xHH12xI", chunk)
    if major != 2:
        raise CaptureError(f"expected pcap version 2, found {major}.{minor}", offset=4)
    linktype &= 0xFFFF  # the upper half holds the length of the frame check sequence
    unpack = struct.Struct(order + "IIII").unpack_from
    base, pos = 0, 24
    while True:
        size = len(chunk)
        want = 16
        places: list[Place] = []
        captured = 0
        while size - pos >= 16:
            seconds, fraction, captured, length = unpack(chunk, pos)
            start = pos + 16
            stop = start + captured
            if stop > size or captured > MAX_PACKET:
                want = 16 + captured
                break
            if length < captured:
                length = captured
            places.append((seconds * _NS + fraction * fraction_ns, linktype, start, stop, length))
            pos = stop
        if places:
            yield Records(chunk, places)
        if captured > MAX_PACKET:
            raise CaptureError(f"captured length {captured} is above {MAX_PACKET}", offset=base + pos)
        base += pos
        chunk = _refill(stream, chunk[pos:], want)
        pos = 0
        if len(chunk) < want:
            if chunk:
                raise _cut("a packet record" if want > 16 else "a packet record header", want, len(chunk), base)
            return


class _Interface(NamedTuple):
    """What an Interface Description Block says: ns = timestamp * numerator // denominator + offset_ns."""

    linktype: int
    snaplen: int
    numerator: int
    denominator: int
    offset_ns: int


class _Section:
    """Byte order and interfaces of the pcapng section being read."""

    __slots__ = ("enhanced", "header", "interfaces", "obsolete", "option", "order", "word")

    def __init__(self, order: str) -> None:
        self.order = order
        self.interfaces: list[_Interface] = []
        self.header = struct.Struct(order + "II").unpack_from
        self.word = struct.Struct(order + "I").unpack_from
        self.enhanced = struct.Struct(order + "IIIII").unpack_from
        self.obsolete = struct.Struct(order + "HHIIII").unpack_from
        self.option = struct.Struct(order + "HH").unpack_from

    def interface(self, number: int, offset: int) -> _Interface:
        """The interface described as the `number`-th of the section; `offset` is that of the asking block."""
        if number >= len(self.interfaces):
            raise CaptureError(f"packet of interface {number}, but {len(self.interfaces)} are described", offset=offset)
        return self.interfaces[number]


def _read_pcapng(stream: BinaryIO, chunk: bytes) -> Iterator[Records]:
    """Packets of a pcapng file of which `chunk` is the beginning."""
    base = 0
    section = _Section("<")  # replaced at once: the file begins with a Section Header Block
    while chunk:
        places: list[Place] = []
        try:
            pos, want = 0, 12
            while len(chunk) - pos >= want:
                section, total = _block(section, chunk, pos, base)
                want = total
                if len(chunk) - pos >= total:
                    _read_block(section, chunk, pos, total, base + pos, places)
                    pos, want = pos + total, 12
        except CaptureError:
            if places:
                yield Records(chunk, places)
            raise
        if places:
            yield Records(chunk, places)
        base += pos
        chunk = _refill(stream, chunk[pos:], want)
        if chunk and len(chunk) < want:
            raise _cut("a block header" if want == 12 else "a block", want, len(chunk), base)


def _block(section: _Section, chunk: bytes, pos: int, base: int) -> tuple[_Section, int]:
    """The section of the block at `pos`, and the block's length; `base` is where `chunk` stands in the file."""
    kind, total = section.header(chunk, pos)
    if kind == _SECTION_HEADER:  # reads the same in both byte orders
        section = _begin_section(chunk[pos + 8 : pos + 12], base + pos)
        kind, total = section.header(chunk, pos)
    if total % 4 or not 12 <= total <= MAX_BLOCK:
        raise CaptureError(f"block length {total} is not a multiple of 4 between 12 and {MAX_BLOCK}", offset=base + pos)
    return section, total


def _read_block(section: _Section, chunk: bytes, pos: int, total: int, offset: int, places: list[Place]) -> None:
    """A whole block at `pos` of `chunk` and at `offset` of the file: its packet is added to `places`."""
    (trailer,) = section.word(chunk, pos + total - 4)
    if trailer != total:
        raise CaptureError(f"block begins with length {total} and ends with {trailer}", offset=offset)
    kind, _ = section.header(chunk, pos)
    if kind in _PACKETS:
        places.append(_PACKETS[kind](section, chunk, pos, total, offset))
    elif kind == _INTERFACE_DESCRIPTION:
        _add_interface(section, chunk, pos, total, offset)
    elif kind == _SECTION_HEADER:
        _check_section(section, chunk, pos, total, offset)


def _begin_section(magic: bytes, offset: int) -> _Section:
    order = _BYTE_ORDER_MAGIC.get(magic)
    if order is None:
        raise CaptureError(f"expected a byte-order magic, found {magic.hex(' ')}", offset=offset + 8)
    return _Section(order)


def _need(what: str, total: int, least: int, offset: int) -> None:
    if total < least:
        raise CaptureError(f"{what} of {total} bytes, expected at least {least}", offset=offset)


def _check_section(section: _Section, chunk: bytes, pos: int, total: int, offset: int) -> None:
    _need("Section Header Block", total, 28, offset)
    major, minor = section.option(chunk, pos + 12)
    if major != 1:
        raise CaptureError(f"expected pcapng version 1, found {major}.{minor}", offset=offset + 12)


def _add_interface(section: _Section, chunk: bytes, pos: int, total: int, offset: int) -> None:
    """Append what an Interface Description Block describes to the section's interfaces."""
    _need("Interface Description Block", total, 20, offset)
    if len(section.interfaces) >= MAX_INTERFACES:
        raise CaptureError(f"more than {MAX_INTERFACES} interfaces in one section", offset=offset)
    linktype, _ = section.option(chunk, pos + 8)
    (snaplen,) = section.word(chunk, pos + 12)
    numerator, denominator, offset_ns = 1000, 1, 0  # microseconds unless if_tsresol says otherwise
    at, end = pos + 16, pos + total - 4
    while end - at >= 4:
        code, length = section.option(chunk, at)
        value = chunk[at + 4 : min(at + 4 + length, end)]
        if len(value) < length:
            raise CaptureError(f"option {code} of {length} bytes overruns its block", offset=offset + at - pos)
        if code == _OPT_END:
            break
        if code == _OPT_IF_TSRESOL and length == 1:
            numerator, denominator = _resolution(value[0])
        elif code == _OPT_IF_TSOFFSET and length == 8:
            offset_ns = struct.unpack(section.order + "q", value)[0] * _NS
        at += 4 + (length + 3 & ~3)
    section.interfaces.append(_Interface(linktype, snaplen, numerator, denominator, offset_ns))


def _resolution(tsresol: int) -> tuple[int, int]:
    """Nanoseconds per timestamp unit as numerator and denominator; the high bit of `tsresol` means a power of 2."""
    exponent = tsresol & 0x7F
    if tsresol & 0x80:
        return _NS, 1 << exponent
    return (10 ** (9 - exponent), 1) if exponent <= 9 else (1, 10 ** (exponent - 9))


def _captured_end(start: int, captured: int, end: int, offset: int) -> int:
    """Where the `captured` bytes at `start` end, in a block whose body ends at `end`."""
    if captured > MAX_PACKET:
        raise CaptureError(f"captured length {captured} is above {MAX_PACKET}", offset=offset)
    if captured > end - start:
        raise CaptureError(f"captured length {captured} in a block with room for {end - start}", offset=offset)
    return start + captured


def _enhanced_packet(section: _Section, chunk: bytes, pos: int, total: int, offset: int) -> Place:
    _need("Enhanced Packet Block", total, 32, offset)
    number, high, low, captured, length = section.enhanced(chunk, pos + 8)
    linktype, _, numerator, denominator, offset_ns = section.interface(number, offset)
    end = _captured_end(pos + 28, captured, pos + total - 4, offset)
    time_ns = (high << 32 | low) * numerator // denominator + offset_ns
    return time_ns, linktype, pos + 28, end, max(length, captured)


def _obsolete_packet(section: _Section, chunk: bytes, pos: int, total: int, offset: int) -> Place:
    _need("Packet Block", total, 32, offset)
    number, _drops, high, low, captured, length = section.obsolete(chunk, pos + 8)
    linktype, _, numerator, denominator, offset_ns = section.interface(number, offset)
    end = _captured_end(pos + 28, captured, pos + total - 4, offset)
    time_ns = (high << 32 | low) * numerator // denominator + offset_ns
    return time_ns, linktype, pos + 28, end, max(length, captured)


def _simple_packet(section: _Section, chunk: bytes, pos: int, total: int, offset: int) -> Place:
    """A Simple Packet Block: of interface 0, no time, captured length implied by the snap length and the block."""
    _need("Simple Packet Block", total, 16, offset)
    (length,) = section.word(chunk, pos + 8)
    interface = section.interface(0, offset)
    captured = min(length, interface.snaplen) if interface.snaplen else length
    return 0, interface.linktype, pos + 12, _captured_end(pos + 12, captured, pos + total - 4, offset), length


_PACKETS: Final = {
    _ENHANCED_PACKET: _enhanced_packet, _SIMPLE_PACKET: _simple_packet, _OBSOLETE_PACKET: _obsolete_packet,
}  # fmt: skip


class PcapWriter:
    """Writer of a classic, little-endian pcap file; the file header is written at once.

    Args:
        stream: where to write; left open.
        linktype: LINKTYPE_ number of all packets, 1 (Ethernet) unless told.
        nanosecond: timestamps in nanoseconds; otherwise in microseconds, the rest of the time being dropped.

    Raises:
        CaptureError: `linktype` is not a 16-bit number.
    """

    def __init__(self, stream: BinaryIO, linktype: int = 1, nanosecond: bool = True) -> None:
        if not 0 <= linktype <= 0xFFFF:
            raise CaptureError(f"link type {linktype} does not fit in 16 bits")
        self._write = stream.write
        self._fraction_ns = 1 if nanosecond else 1000
        magic = 0xA1B23C4D if nanosecond else 0xA1B2C3D4
        self._write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, MAX_PACKET, linktype))

    def write(self, time_ns: int, data: bytes, length: int | None = None) -> None:
        """Append a packet captured at `time_ns` (since 1970); `length` is its length on the wire if it was cut.

        Raises:
            CaptureError: `data` is above `MAX_PACKET` bytes, `length` is less than that of `data`, or the time is
                not within the unsigned 32-bit seconds of the format.
        """
        seconds, fraction = divmod(time_ns, _NS)
        captured = len(data)
        original = captured if length is None else length
        if captured > MAX_PACKET:
            raise CaptureError(f"packet of {captured} bytes is above {MAX_PACKET}")
        if not captured <= original <= 0xFFFFFFFF:
            raise CaptureError(f"length on the wire {original}, but {captured} bytes are captured")
        if not 0 <= seconds <= 0xFFFFFFFF:
            raise CaptureError(f"time {time_ns} ns is outside the years 1970 to 2106")
        self._write(struct.pack("<IIII", seconds, fraction // self._fraction_ns, captured, original) + data)
