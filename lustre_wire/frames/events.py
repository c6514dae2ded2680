"""What one direction of a socklnd connection says, piece by piece, and the bytes of each piece.

Every event has `at`, the offset in the stream (bytes) where it began. `encode` gives back the bytes an event came from.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.frames import ksock, ksock_large, lnet, lnet_large
from lustre_wire.frames.nid import Nid, large_nid, small_nid
from lustre_wire.kinds import checked, octets
from lustre_wire.schema.nodes import ByteOrder

#: The cookie that makes a NOOP a keepalive ping; cookies of zero-copy sends begin above it (socklnd.h).
SOCKNAL_KEEPALIVE_PING: Final = 1


class AcceptorRequest(NamedTuple):
    """The connection request that an active node sends first, or an acceptor's answer to a version it does not know."""

    at: int
    version: int
    byteorder: ByteOrder
    nid: Nid


class Hello(NamedTuple):
    """A HELLO of socklnd, versions 1 to 4.

    NIDs are `LnetNid` in version 4 and 64-bit numbers before; version 1 has no `dst_nid` and no `dst_incarnation`, and
    is little-endian always. `ctype` is one of `ksock.SocklndConnType`; `ips` are IPv4 addresses as numbers. `header`
    keeps a received HELLO of version 1 as it was; it may be empty.
    """

    at: int
    version: int
    byteorder: ByteOrder
    src_nid: Nid
    dst_nid: Nid
    src_pid: int
    dst_pid: int
    src_incarnation: int
    dst_incarnation: int
    ctype: int
    ips: tuple[int, ...] = ()
    header: bytes = b""


class LnetMessage(NamedTuple):
    """An LNet message with its payload.

    Attributes:
        at: offset in the stream, of the socklnd header where there is one.
        type: LNET_MSG_ACK 0, LNET_MSG_PUT 1, LNET_MSG_GET 2, LNET_MSG_REPLY 3.
        portal: `ptl_index` of a PUT or GET, otherwise -1.
        match_bits: of an ACK, PUT or GET, otherwise 0.
        offset: bytes: `offset` of a PUT, `src_offset` of a GET, otherwise 0.
        length: bytes: `mlength` of an ACK, `sink_length` of a GET, otherwise `payload_length`.
        handle: the 16 bytes of the wire handle (`ack_wmd`, `return_wmd`, `dst_wmd`) as sent.
        payload: the payload up to its end or to the first byte that is missing.
        missing: how many bytes of `payload_length` are not in `payload`.
        version: of the socklnd protocol, 1 to 4; 2 and 3 look the same without a HELLO, 3 is assumed.
        byteorder: of the socklnd header; the LNet header is little-endian always.
        csum, zc_cookies: of the socklnd header; 0 in version 1.
        header: the LNet header's bytes; `lnet_hdr` reads them.
    """

    at: int
    type: int
    src_nid: Nid
    dest_nid: Nid
    src_pid: int
    dest_pid: int
    portal: int
    match_bits: int
    offset: int
    length: int
    handle: bytes
    payload: bytes
    missing: int
    version: int
    byteorder: ByteOrder
    csum: int
    zc_cookies: tuple[int, int]
    header: bytes

    def lnet_hdr(self) -> Any:
        """The whole header: `lnet.LnetHdr`, or `lnet_large.LnetHdrLarge` in version 4."""
        return record.unpack(lnet_header_class(self.version), self.header)


class Noop(NamedTuple):
    """A socklnd message without an LNet message: acknowledges zero-copy sends, or keeps the connection alive."""

    at: int
    version: int
    byteorder: ByteOrder
    csum: int
    zc_cookies: tuple[int, int]

    @property
    def keepalive(self) -> bool:
        """Only keeps the connection alive (a version 3 receiver ignores it)."""
        return self.zc_cookies == (0, SOCKNAL_KEEPALIVE_PING)


class Unparsed(NamedTuple):
    """`size` bytes that are no message, and why; bytes lost by a capture count."""

    at: int
    size: int
    reason: str


class Violation(NamedTuple):
    """What a receiver closes the connection for; the last event of a stream that does not resynchronise."""

    at: int
    error: WireError


Event: TypeAlias = AcceptorRequest | Hello | LnetMessage | Noop | Unparsed | Violation


def lnet_header_class(version: int) -> Any:
    """The class of the LNet header in a version of the socklnd protocol."""
    return lnet.LnetHdr if version < ksock_large.KSOCK_PROTO_V4 else lnet_large.LnetHdrLarge


@checked
def acknowledged(zc_cookies: tuple[int, int], *, noop: bool) -> tuple[range, ...]:
    """The cookies that a socklnd header acknowledges, as ranges.

    Args:
        zc_cookies: both words of `ksm_zc_cookies`.
        noop: True in a NOOP, where the first word counts too: two cookies, or a range when the first is the smaller
            (socklnd_proto.c: ksocknal_handle_zcack). In an LNet message the first word asks for an acknowledgement.
    """
    first, last = zc_cookies
    if not last:
        return ()
    if not noop or not first:
        return (range(last, last + 1),)
    if first > last:
        return range(first, first + 1), range(last, last + 1)
    return (range(first, last + 1),)


@checked
def checksum(data: bytes, seed: int = 0xFFFFFFFF) -> int:
    """`ksm_csum`: CRC-32, the register preset to ones and not inverted at the end; `seed` continues an earlier one."""
    return zlib.crc32(octets(data), seed ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def ksock_header(kind: int, csum: int, zc_cookies: tuple[int, int], byteorder: ByteOrder) -> bytes:
    """The 24 bytes before an LNet header, or a whole NOOP."""
    return record.pack(ksock_large.KsockMsgHdr(kind, csum, list(zc_cookies)), byteorder=byteorder)


@checked
def encode_message(
    header: Any,
    payload: bytes = b"",
    *,
    version: int = ksock.KSOCK_PROTO_V3,
    byteorder: ByteOrder = "little",
    zc_cookies: tuple[int, int] = (0, 0),
    with_checksum: bool = False,
) -> bytes:
    """The bytes of an LNet message on a socklnd connection.

    Args:
        header: `lnet.LnetHdr`, in version 4 `lnet_large.LnetHdrLarge`; its `payload_length` is set from the payload.
        payload: what follows it.
        version: of the socklnd protocol, 1 to 4.
        byteorder: of the socklnd header.
        zc_cookies: (asks for an acknowledgement by this cookie, acknowledges that one); 0 is none. Version 1 has none.
        with_checksum: computes `ksm_csum`; only version 2 has it.

    Raises:
        WireError: a value that does not fit its field, a header of another version, or something version lacks.
    """
    if not isinstance(header, lnet_header_class(version)):
        raise WireError(f"a {type(header).__name__} does not travel in socklnd version {version}", path="header")
    if with_checksum and version != ksock.KSOCK_PROTO_V2:
        raise WireError(f"socklnd version {version} has no checksums", path="ksm_csum")
    if any(zc_cookies) and version == ksock.KSOCK_PROTO_V1:
        raise WireError("socklnd version 1 has no cookies", path="ksm_zc_cookies")
    payload = octets(payload)
    header.payload_length = len(payload)
    packed = record.pack(header)
    if version == ksock.KSOCK_PROTO_V1:
        return packed + payload
    head = ksock_header(ksock.KSOCK_MSG_LNET, 0, zc_cookies, byteorder)
    if with_checksum:
        csum = checksum(payload, checksum(head + packed))
        head = ksock_header(ksock.KSOCK_MSG_LNET, csum, zc_cookies, byteorder)
    return head + packed + payload


@checked
def encode_noop(
    zc_cookies: tuple[int, int] = (0, SOCKNAL_KEEPALIVE_PING),
    *,
    byteorder: ByteOrder = "little",
    with_checksum: bool = False,
) -> bytes:
    """The bytes of a NOOP: without arguments the keepalive ping, which version 3 knows.

    Raises:
        WireError: a cookie that does not fit 64 bits.
    """
    data = ksock_header(ksock.KSOCK_MSG_NOOP, 0, zc_cookies, byteorder)
    return ksock_header(ksock.KSOCK_MSG_NOOP, checksum(data), zc_cookies, byteorder) if with_checksum else data


def _acceptor(event: AcceptorRequest) -> bytes:
    if event.version == lnet_large.LNET_PROTO_ACCEPTOR_VERSION_16:
        large = lnet_large.LnetAcceptorConnreqV2(acr_nid=large_nid(event.nid))
        return record.pack(large, byteorder=event.byteorder)
    small = lnet.LnetAcceptorConnreq(acr_version=event.version, acr_nid=small_nid(event.nid))
    return record.pack(small, byteorder=event.byteorder)


def _hello(event: Hello) -> bytes:
    if event.version == ksock.KSOCK_PROTO_V1:
        return _hello_v1(event)
    large = event.version == ksock_large.KSOCK_PROTO_V4
    cls: Any = ksock_large.KsockHelloMsgLarge if large else ksock.KsockHelloMsg
    nid: Callable[[Nid], Nid] = large_nid if large else small_nid
    made = cls(
        kshm_version=event.version,
        kshm_src_nid=nid(event.src_nid),
        kshm_dst_nid=nid(event.dst_nid),
        kshm_src_pid=event.src_pid,
        kshm_dst_pid=event.dst_pid,
        kshm_src_incarnation=event.src_incarnation,
        kshm_dst_incarnation=event.dst_incarnation,
        kshm_ctype=event.ctype,
        kshm_nips=len(event.ips),
        kshm_ips=list(event.ips),
    )
    return record.pack(made, byteorder=event.byteorder)


def _hello_v1(event: Hello) -> bytes:
    header = record.unpack(lnet.LnetHdr, event.header) if event.header else lnet.LnetHdr()
    header.dest_nid = int.from_bytes(record.pack(lnet.LnetMagicversion()), "little")
    header.src_nid, header.src_pid, header.dest_pid = small_nid(event.src_nid), event.src_pid, event.dst_pid
    header.type = lnet.LnetMsgType.LNET_MSG_HELLO
    header.payload_length = 4 * len(event.ips) + (header.payload_length & 3)
    header.msg.hello = lnet.LnetHello(event.src_incarnation, event.ctype)
    return record.pack(header) + b"".join(ip.to_bytes(4, "little") for ip in event.ips)


def _message(event: LnetMessage) -> bytes:
    if event.missing:
        raise WireError(f"{event.missing} bytes of the payload are missing", path="payload", offset=event.at)
    if event.version == ksock.KSOCK_PROTO_V1:
        return event.header + event.payload
    head = ksock_header(ksock.KSOCK_MSG_LNET, event.csum, event.zc_cookies, event.byteorder)
    return head + event.header + event.payload


def _noop(event: Noop) -> bytes:
    return ksock_header(ksock.KSOCK_MSG_NOOP, event.csum, event.zc_cookies, event.byteorder)


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    AcceptorRequest: _acceptor, Hello: _hello, LnetMessage: _message, Noop: _noop,
}  # fmt: skip


@checked
def encode(event: Event) -> bytes:
    """The bytes an event stands for.

    Raises:
        WireError: an event without bytes of its own (`Unparsed`, `Violation`, an incomplete message), or a value that
            does not fit its field.
    """
    encoder = _ENCODERS.get(type(event))
    if encoder is None:
        raise WireError(f"{type(event).__name__} has no bytes of its own", offset=event.at)
    return encoder(event)
