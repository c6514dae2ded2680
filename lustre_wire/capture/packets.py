"""From captured packets to TCP segments, and TCP segments to packets.

Sources: IEEE 802.3 and 802.1Q (Ethernet, VLAN tags), the tcpdump.org LINKTYPE_ registry (cooked, raw and loopback
headers), RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP). All of these are big-endian.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import attrs

from lustre_wire.capture.pcap import MAX_PACKET, CaptureError, Packet, PcapWriter, Records

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

LINKTYPE_NULL = 0
LINKTYPE_ETHERNET = 1
LINKTYPE_LOOP = 108
LINKTYPE_LINUX_SLL = 113
LINKTYPE_LINUX_SLL2 = 276
# LINKTYPE_RAW, the two values DLT_RAW has had on BSD and elsewhere, LINKTYPE_IPV4, LINKTYPE_IPV6
LINKTYPES_RAW = frozenset({101, 12, 14, 228, 229})

_ETHERTYPE_IPV4 = 0x0800
_ETHERTYPE_IPV6 = 0x86DD
_ETHERTYPES_IP = frozenset({_ETHERTYPE_IPV4, _ETHERTYPE_IPV6})
_ETHERTYPES_VLAN = frozenset({0x8100, 0x88A8, 0x9100})
# AF_INET, and AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin
_LOOPBACK_FAMILIES = frozenset({2, 10, 24, 28, 30})

_PROTOCOL_TCP = 6
_IPV6_FRAGMENT = 44
_IPV6_OPTIONS = frozenset({0, 43, 60})  # hop-by-hop, routing, destination options: one layout

_MAX_TCP_PAYLOAD = 65535 - 20 - 20

_ports = struct.Struct(">HH").unpack_from
_ipv4_head = struct.Struct(">BxHxxHxB").unpack_from  # version and IHL, total length, fragment field, protocol
_tcp_head = struct.Struct(">4xIIBB").unpack_from  # seq, ack, data offset, flags
# Ethernet + IPv4 without options + TCP in one go: ethertype, version and IHL, total length, fragment field, protocol,
# both addresses and ports, seq, ack, data offset, flags
_common_head = struct.Struct(">12xHBxH2xHxB2x12sIIBB").unpack_from


class Segment(NamedTuple):
    """One TCP segment.

    Attributes:
        time_ns: capture time, nanoseconds since 1970.
        flow: source address, destination address, source port, destination port as they stand in the packet; 12 bytes
            for IPv4, 36 for IPv6. One short key for one direction of one connection.
        seq: sequence number.
        ack: acknowledgment number; means something only with the ACK flag.
        flags: the TCP flags byte (`FIN`, `SYN`, `RST`, `PSH`, `ACK`).
        payload: the payload as far as it was captured.
        missing: bytes of payload that follow `payload` on the wire and were cut off by the snap length.
        number: of the packet in its file, from 1; 0 where there is none.
    """

    time_ns: int
    flow: bytes
    seq: int
    ack: int
    flags: int
    payload: bytes
    missing: int
    number: int = 0

    @property
    def src(self) -> bytes:
        """Source address, 4 or 16 bytes."""
        return self.flow[: len(self.flow) // 2 - 2]

    @property
    def dst(self) -> bytes:
        """Destination address, 4 or 16 bytes."""
        return self.flow[len(self.flow) // 2 - 2 : -4]

    @property
    def sport(self) -> int:
        """Source port."""
        return int.from_bytes(self.flow[-4:-2], "big")

    @property
    def dport(self) -> int:
        """Destination port."""
        return int.from_bytes(self.flow[-2:], "big")


@attrs.define(slots=True)
class SkipCounts:
    """How many packets gave no segment, and why.

    Attributes:
        fragments: IP fragments (they are not put together).
        malformed: headers cut by the snap length, or lengths in them that contradict each other.
        other: not TCP, or a link layer this module does not know.
    """

    fragments: int = 0
    malformed: int = 0
    other: int = 0


def parse_segments(records: Records, counts: SkipCounts | None = None, *, first: int = 1) -> list[Segment]:
    """The TCP segments among packets, in order: `parse_segment` over all of them, with a short cut.

    Args:
        first: the number of the first packet in its file.
    """
    skipped = SkipCounts() if counts is None else counts
    new = tuple.__new__  # skips the Python-level constructor of the NamedTuple
    out: list[Segment] = []
    chunk = records.chunk
    for number, (time_ns, linktype, at, stop, length) in enumerate(records.places, first):
        if linktype == 1 and stop - at >= 54:
            ethertype, version, total, fragment, protocol, flow, seq, ack, header, flags = _common_head(chunk, at)
            start = at + 34 + (header >> 4 << 2)
            end = at + 14 + total
            if (
                ethertype == 0x0800
                and version == 0x45
                and protocol == 6
                and at + 54 <= start <= end <= stop
                and not fragment & 0x3FFF
            ):
                out.append(new(Segment, (time_ns, flow, seq, ack, flags, chunk[start:end], 0, number)))
                continue
        segment = parse_segment(Packet(time_ns, linktype, chunk[at:stop], length), skipped)
        if segment is not None:
            out.append(segment._replace(number=number))
    return out


def parse_segment(packet: Packet, counts: SkipCounts | None = None) -> Segment | None:
    """The TCP segment in `packet`; None when it is not TCP, is an IP fragment or cannot be decoded.

    The end of the payload is where the IP header says, not where the frame ends (Ethernet pads short frames). An IP
    length of 0 stands for a packet the sending host handed to its network card to be split (segmentation offload):
    the frame's own length is taken. Checksums are not looked at: with offload the sender's are wrong in the capture.

    Raises nothing, whatever the bytes; why a packet was skipped is added to `counts`.
    """
    skipped = SkipCounts() if counts is None else counts
    data = packet.data
    start = _ip_start(packet.linktype, data)
    if start < 0:
        skipped.other += 1
        return None
    if start >= len(data):
        skipped.malformed += 1
        return None
    version = data[start] >> 4
    if version == 4:
        return _parse_ipv4(packet, start, skipped)
    if version == 6:
        return _parse_ipv6(packet, start, skipped)
    skipped.malformed += 1
    return None


def _ip_start(linktype: int, data: bytes) -> int:
    """Offset of the IP header in a frame, -1 when the frame holds something else; may lie beyond a cut frame."""
    if linktype == LINKTYPE_ETHERNET:
        return _after_ethertype(data, 12)
    if linktype == LINKTYPE_LINUX_SLL:
        return _after_ethertype(data, 14)
    if linktype == LINKTYPE_LINUX_SLL2:
        return 20 if int.from_bytes(data[:2], "big") in _ETHERTYPES_IP else _cooked_vlan(data)
    if linktype in LINKTYPES_RAW:
        return 0
    if linktype in (LINKTYPE_NULL, LINKTYPE_LOOP):
        # LINKTYPE_NULL is in the byte order of the capturing host, which may not be that of the file
        family = data[:4]
        known = int.from_bytes(family, "big") in _LOOPBACK_FAMILIES or (
            linktype == LINKTYPE_NULL and int.from_bytes(family, "little") in _LOOPBACK_FAMILIES
        )
        return 4 if known else -1
    return -1


def _after_ethertype(data: bytes, at: int) -> int:
    """Offset behind the ethertype at `at` and the VLAN tags that follow it, -1 when the last one is not IP."""
    ethertype = int.from_bytes(data[at : at + 2], "big")
    while ethertype in _ETHERTYPES_VLAN:
        at += 4
        ethertype = int.from_bytes(data[at : at + 2], "big")
    return at + 2 if ethertype in _ETHERTYPES_IP else -1


def _cooked_vlan(data: bytes) -> int:
    """The IP offset in a cooked v2 frame whose protocol is a VLAN tag: the tag follows the 20-byte header."""
    if int.from_bytes(data[:2], "big") not in _ETHERTYPES_VLAN:
        return -1
    return _after_ethertype(data, 22)


def _parse_ipv4(packet: Packet, start: int, skipped: SkipCounts) -> Segment | None:
    data = packet.data
    if len(data) - start < 20:
        skipped.malformed += 1
        return None
    version, total, fragment, protocol = _ipv4_head(data, start)
    if protocol != _PROTOCOL_TCP:
        skipped.other += 1
        return None
    if fragment & 0x3FFF:  # more fragments, or a fragment offset
        skipped.fragments += 1
        return None
    header = (version & 0x0F) * 4
    if header < 20:
        skipped.malformed += 1
        return None
    return _parse_tcp(packet, start + 12, 8, start + header, start + total if total else packet.length, skipped)


def _parse_ipv6(packet: Packet, start: int, skipped: SkipCounts) -> Segment | None:
    data = packet.data
    size = len(data)
    if size - start < 40:
        skipped.malformed += 1
        return None
    length = int.from_bytes(data[start + 4 : start + 6], "big")
    end = start + 40 + length if length else packet.length
    following = data[start + 6]
    at = start + 40
    while following != _PROTOCOL_TCP:
        if following not in _IPV6_OPTIONS and following != _IPV6_FRAGMENT:
            skipped.other += 1
            return None
        if size - at < 8:
            skipped.malformed += 1
            return None
        if following == _IPV6_FRAGMENT:
            if int.from_bytes(data[at + 2 : at + 4], "big") & 0xFFF9:  # an offset, or more fragments
                skipped.fragments += 1
                return None
            width = 8
        else:
            width = (data[at + 1] + 1) * 8
        following = data[at]
        at += width
    return _parse_tcp(packet, start + 8, 32, at, end, skipped)


def _parse_tcp(packet: Packet, addresses: int, width: int, at: int, end: int, skipped: SkipCounts) -> Segment | None:
    """The segment whose TCP header is at `at` and whose IP packet ends at `end`.

    Both addresses together are the `width` bytes at `addresses`.
    """
    data = packet.data
    size = len(data)
    if size - at < 20 or end > MAX_PACKET:
        skipped.malformed += 1
        return None
    seq, ack, offset, flags = _tcp_head(data, at)
    start = at + (offset >> 4 << 2)
    if not at + 20 <= start <= end:
        skipped.malformed += 1
        return None
    payload = data[start:end]
    flow = data[addresses : addresses + width] + data[at : at + 4]
    return Segment(packet.time_ns, flow, seq, ack, flags, payload, end - start - len(payload))


def _checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071): a number modulo 65535 is the end-around-carry sum of its 16-bit digits."""
    if len(data) % 2:
        data += b"\0"
    return -int.from_bytes(data, "big") % 0xFFFF


def build_tcp_packet(
    src: bytes, sport: int, dst: bytes, dport: int, seq: int, ack: int, flags: int, payload: bytes = b""
) -> bytes:
    """An Ethernet frame with one TCP segment, checksums right, without TCP options.

    `src` and `dst` are both 4 bytes (IPv4) or both 16 (IPv6); `seq` and `ack` are taken modulo 2**32.

    Raises:
        CaptureError: addresses of other or different lengths, a port or flags out of range, or a payload above 65495
            bytes, more than one IPv4 packet holds.
    """
    if len(src) != len(dst) or len(src) not in (4, 16):
        raise CaptureError(f"addresses of {len(src)} and {len(dst)} bytes, expected both 4 or both 16")
    if not (0 <= sport <= 0xFFFF and 0 <= dport <= 0xFFFF and 0 <= flags <= 0xFF):
        raise CaptureError(f"ports {sport} and {dport} or flags {flags} out of range")
    if len(payload) > _MAX_TCP_PAYLOAD:
        raise CaptureError(f"payload of {len(payload)} bytes is above {_MAX_TCP_PAYLOAD}")
    length = 20 + len(payload)
    window = 0xFFFF
    head = struct.pack(">HHIIBBH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, window)
    pseudo = src + dst + struct.pack(">II", length, _PROTOCOL_TCP)
    tcp = head + struct.pack(">HH", _checksum(pseudo + head + payload), 0) + payload
    if len(src) == 16:
        ethertype = _ETHERTYPE_IPV6
        ip = struct.pack(">IHBB", 6 << 28, length, _PROTOCOL_TCP, 64) + src + dst
    else:
        ethertype = _ETHERTYPE_IPV4
        front = struct.pack(">BBHHHBB", 0x45, 0, 20 + length, 0, 0x4000, 64, _PROTOCOL_TCP)
        ip = front + struct.pack(">H", _checksum(front + src + dst)) + src + dst
    # locally administered MAC addresses that end like the IP addresses
    return b"\x02\x00" + dst[-4:] + b"\x02\x00" + src[-4:] + struct.pack(">H", ethertype) + ip + tcp


class TcpStreamWriter:
    """Writes one TCP connection into a capture: handshake, data both ways, close.

    Args:
        writer: where the frames go; of link type Ethernet.
        client, server: (address of 4 or 16 bytes, port); the client opens the connection.
        isn: initial sequence numbers of client and server.
        segment_size: most payload bytes in one segment, 1 to 65495.

    Raises:
        CaptureError: `segment_size` out of range; and from the methods, what `build_tcp_packet` and
            `PcapWriter.write` raise.
    """

    def __init__(
        self,
        writer: PcapWriter,
        client: tuple[bytes, int] = (b"\x0a\x00\x00\x01", 1023),
        server: tuple[bytes, int] = (b"\x0a\x00\x00\x02", 988),
        *,
        isn: tuple[int, int] = (1000, 2000),
        segment_size: int = 1448,
    ) -> None:
        if not 1 <= segment_size <= _MAX_TCP_PAYLOAD:
            raise CaptureError(f"segment size {segment_size} is not between 1 and {_MAX_TCP_PAYLOAD}")
        self._writer = writer
        self._ends = (client, server)
        self._next = list(isn)
        self._segment_size = segment_size

    def open(self, time_ns: int) -> None:
        """Write the three-way handshake: SYN, SYN/ACK, ACK."""
        self._segment(time_ns, 0, SYN)
        self._segment(time_ns, 1, SYN | ACK)
        self._segment(time_ns, 0, ACK)

    def send(self, time_ns: int, direction: int, data: bytes) -> None:
        """Write `data` from the client (direction 0) or the server (1), in as few segments as its size allows."""
        size = self._segment_size
        for start in range(0, len(data), size):
            last = start + size >= len(data)
            self._segment(time_ns, direction, ACK | PSH if last else ACK, data[start : start + size])

    def acknowledge(self, time_ns: int, direction: int) -> None:
        """Write an empty segment from one end that acknowledges all the other has sent."""
        self._segment(time_ns, direction, ACK)

    def close(self, time_ns: int) -> None:
        """Write an orderly close: FIN from the client, FIN from the server, ACK."""
        self._segment(time_ns, 0, FIN | ACK)
        self._segment(time_ns, 1, FIN | ACK)
        self._segment(time_ns, 0, ACK)

    def reset(self, time_ns: int, direction: int) -> None:
        """Write a RST from one end."""
        self._segment(time_ns, direction, RST | ACK)

    def _segment(self, time_ns: int, direction: int, flags: int, payload: bytes = b"") -> None:
        (src, sport), (dst, dport) = self._ends[direction], self._ends[1 - direction]
        seq = self._next[direction]
        ack = self._next[1 - direction] if flags & ACK else 0
        self._writer.write(time_ns, build_tcp_packet(src, sport, dst, dport, seq, ack, flags, payload))
        self._next[direction] = seq + len(payload) + (1 if flags & (SYN | FIN) else 0)
