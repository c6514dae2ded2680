"""Reads what comes before data on a socklnd connection: the acceptor's request and the HELLO.

Sources: lnet/lnet/acceptor.c, lnet/klnds/socklnd/socklnd_proto.c and socklnd_cb.c of 1.8.9-wc1, 2.0.0 and 2.17.0.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.frames import ksock, ksock_large, lnet, lnet_large
from lustre_wire.frames.events import AcceptorRequest, Hello
from lustre_wire.frames.nid import LNET_NID_ANY, small_nid
from lustre_wire.schema import spec_of
from lustre_wire.schema.nodes import PREFIX, ByteOrder

MAGIC_SIZE: Final = 4
_U32 = {order: struct.Struct(PREFIX[order] + "I").unpack_from for order in ("little", "big")}


def _orders(magic: int) -> dict[bytes, ByteOrder]:
    return {magic.to_bytes(MAGIC_SIZE, "little"): "little", magic.to_bytes(MAGIC_SIZE, "big"): "big"}


#: First bytes of a connection request, of a HELLO of version 2 to 4, and of a HELLO of version 1 -> byte order.
ACCEPTOR: Final = _orders(lnet.LNET_PROTO_ACCEPTOR_MAGIC)
HELLO: Final = _orders(lnet.LNET_PROTO_MAGIC)
HELLO_V1: Final = lnet.LNET_PROTO_TCP_MAGIC.to_bytes(MAGIC_SIZE, "little")

_REQUESTS: dict[int, Any] = {
    lnet.LNET_PROTO_ACCEPTOR_VERSION: lnet.LnetAcceptorConnreq,
    lnet_large.LNET_PROTO_ACCEPTOR_VERSION_16: lnet_large.LnetAcceptorConnreqV2,
}
_HELLOS: dict[int, Any] = {
    ksock.KSOCK_PROTO_V2: ksock.KsockHelloMsg,
    ksock.KSOCK_PROTO_V3: ksock.KsockHelloMsg,
    ksock_large.KSOCK_PROTO_V4: ksock_large.KsockHelloMsgLarge,
}


def _version(data: bytes, pos: int, cls: Any, field: str, order: ByteOrder) -> int | None:
    """The version field, where it is there; its place is the same in all versions of a struct."""
    spec = spec_of(cls).by_name[field]
    if len(data) < pos + spec.offset + spec.size:
        return None
    return int(_U32[order](data, pos + spec.offset)[0])


def acceptor_request(data: bytes, pos: int, at: int) -> tuple[AcceptorRequest, int] | None:
    """A connection request and where it ends in `data`, or None while bytes are missing.

    Raises:
        WireError: a version without a known size (`path` is "acr_version").
    """
    order = ACCEPTOR[data[pos : pos + MAGIC_SIZE]]
    version = _version(data, pos, lnet.LnetAcceptorConnreq, "acr_version", order)
    if version is None:
        return None
    cls = _REQUESTS.get(version)
    if cls is None:
        raise WireError(f"unknown version {version} of a connection request", path="acr_version", offset=at)
    end = pos + spec_of(cls).size
    if len(data) < end:
        return None
    return AcceptorRequest(at, version, order, record.unpack(cls, data, byteorder=order, offset=pos).acr_nid), end


def hello(data: bytes, pos: int, at: int) -> tuple[Hello, int] | None:
    """A HELLO and where it ends in `data`, or None while bytes are missing.

    Raises:
        WireError: an unknown version (`path` is "kshm_version"), more than 16 addresses, an address 0.0.0.0, or any NID
            as the sender's.
    """
    return _hello_v1(data, pos, at) if data.startswith(HELLO_V1, pos) else _hello(data, pos, at)


def _hello(data: bytes, pos: int, at: int) -> tuple[Hello, int] | None:
    order = HELLO[data[pos : pos + MAGIC_SIZE]]
    version = _version(data, pos, ksock.KsockHelloMsg, "kshm_version", order)
    if version is None:
        return None
    cls = _HELLOS.get(version)
    if cls is None:
        raise WireError(f"unknown version {version} of socklnd", path="kshm_version", offset=at)
    end = pos + spec_of(cls).size
    if len(data) < end:
        return None
    made = record.unpack(cls, data[pos:end], byteorder=order)
    _check_count(made.kshm_nips, "kshm_nips", at)
    ips_end = end + 4 * made.kshm_nips
    if len(data) < ips_end:
        return None
    ips = struct.unpack_from(f"{PREFIX[order]}{made.kshm_nips}I", data, end)
    _check(made.kshm_src_nid, ips, "kshm", at)
    found = Hello(
        at, version, order, made.kshm_src_nid, made.kshm_dst_nid, made.kshm_src_pid, made.kshm_dst_pid,
        made.kshm_src_incarnation, made.kshm_dst_incarnation, made.kshm_ctype, ips,
    )  # fmt: skip
    return found, ips_end


def _hello_v1(data: bytes, pos: int, at: int) -> tuple[Hello, int] | None:
    end = pos + spec_of(lnet.LnetHdr).size
    if len(data) < end:
        return None
    first = record.unpack(lnet.LnetMagicversion, data, offset=pos)
    if first != lnet.LnetMagicversion():
        text = f"unknown version {first.version_major}.{first.version_minor} of socklnd"
        raise WireError(text, path="kshm_version", offset=at)
    header = record.unpack(lnet.LnetHdr, data, offset=pos)
    if header.type != lnet.LnetMsgType.LNET_MSG_HELLO:
        raise WireError(f"expected a HELLO, got type {header.type}", path="type", offset=at)
    count = header.payload_length // 4
    _check_count(count, "payload_length", at)
    ips_end = end + 4 * count
    if len(data) < ips_end:
        return None
    ips = struct.unpack_from(f"<{count}I", data, end)
    _check(header.src_nid, ips, "lnet_hdr", at)
    said = header.msg.hello
    found = Hello(
        at, ksock.KSOCK_PROTO_V1, "little", header.src_nid, 0, header.src_pid, header.dest_pid,
        said.incarnation, 0, said.type, ips, data[pos:end],
    )  # fmt: skip
    return found, ips_end


def _check_count(count: int, path: str, at: int) -> None:
    if count > lnet.LNET_MAX_INTERFACES:
        raise WireError(f"{count} addresses where {lnet.LNET_MAX_INTERFACES} are allowed", path=path, offset=at)


def _check(src: Any, ips: tuple[int, ...], path: str, at: int) -> None:
    if 0 in ips:
        raise WireError("0.0.0.0 among the addresses of a HELLO", path=f"{path}_ips", offset=at)
    if not getattr(src, "nid_size", 0) and small_nid(src) == LNET_NID_ANY:
        raise WireError("a HELLO from any NID", path=f"{path}_src_nid", offset=at)
