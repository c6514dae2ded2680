"""LNet: the header of every message between nodes, the acceptor's connection request, and LNet ping.

Sources: lnet/include/lnet/lib-types.h, lnet/lnet/lib-move.c (lnet_parse) and lnet/lnet/api-ni.c of 1.8.9-wc1 and 2.0.0.
The header is little-endian always; wire handles and `hdr_data` are echoed, never interpreted, and are read here as
little-endian. The connection request and ping replies have the sender's byte order, told by their magic. What is LNet's
in 2.17 alone is in `lnet_large`.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_wire.engines import record
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked
from lustre_wire.schema import (
    AS_SENT,
    U32,
    U64,
    Flex,
    WireEnum,
    WireUnion,
    spec_of,
    u16,
    u32,
    u64,
    wire_struct,
    wire_union,
)
from lustre_wire.schema.nodes import ByteOrder

LNET_PROTO_MAGIC: Final = 0x45726963
LNET_PROTO_TCP_MAGIC: Final = 0xEEBC0DED
LNET_PROTO_TCP_VERSION_MAJOR: Final = 1
LNET_PROTO_TCP_VERSION_MINOR: Final = 0
LNET_PROTO_ACCEPTOR_MAGIC: Final = 0xACCE7100
LNET_PROTO_ACCEPTOR_VERSION: Final = 1
LNET_PROTO_PING_MAGIC: Final = 0x70696E67
LNET_PROTO_PING_VERSION1: Final = 1
LNET_PROTO_PING_VERSION: Final = 2
LNET_PROTO_PING_MATCHBITS: Final = 0x8000000000000000
LNET_NI_STATUS_UP: Final = 0x15AAC0DE
LNET_NI_STATUS_DOWN: Final = 0xDEADFACE
LNET_PID_LUSTRE: Final = 12345
LNET_PID_USERFLAG: Final = 0x80000000
LNET_WIRE_HANDLE_COOKIE_NONE: Final = 0xFFFFFFFFFFFFFFFF
LNET_RESERVED_PORTAL: Final = 0
#: The longest payload a PUT or REPLY may have, in bytes.
LNET_MAX_PAYLOAD: Final = 1 << 20
LNET_MAX_INTERFACES: Final = 16


class LnetMsgType(WireEnum):
    """What an LNet message is for (lib-types.h: lnet_msg_type_t)."""

    LNET_MSG_ACK = 0
    LNET_MSG_PUT = 1
    LNET_MSG_GET = 2
    LNET_MSG_REPLY = 3
    LNET_MSG_HELLO = 4


@wire_struct(size=16, c_name="lnet_handle_wire_t", byteorder="little")
class LnetHandleWire:
    """A handle to a memory descriptor of the peer. All bits set: none."""

    wh_interface_cookie: Annotated[int, U64, AS_SENT] = LNET_WIRE_HANDLE_COOKIE_NONE
    wh_object_cookie: Annotated[int, U64, AS_SENT] = LNET_WIRE_HANDLE_COOKIE_NONE


@wire_struct(size=12, c_name="lnet_process_id_packed_t", swab=False)
class LnetProcessIdPacked:
    """A process: NID and PID, without the hole C would leave."""

    nid: u64 = 0
    pid: u32 = 0


@wire_struct(size=28, byteorder="little")
class LnetAck:
    """What an ACK carries: how many bytes of the PUT were taken."""

    dst_wmd: Annotated[LnetHandleWire, AS_SENT] = LnetHandleWire()
    match_bits: u64 = 0
    mlength: u32 = 0


@wire_struct(size=40, byteorder="little")
class LnetPut:
    """What a PUT carries besides its payload. `offset` is in bytes into the receiver's buffer."""

    ack_wmd: Annotated[LnetHandleWire, AS_SENT] = LnetHandleWire()
    match_bits: u64 = 0
    hdr_data: Annotated[int, U64, AS_SENT] = 0
    ptl_index: u32 = 0
    offset: u32 = 0


@wire_struct(size=36, byteorder="little")
class LnetGet:
    """What a GET asks for: `sink_length` bytes at most, from byte `src_offset`."""

    return_wmd: Annotated[LnetHandleWire, AS_SENT] = LnetHandleWire()
    match_bits: u64 = 0
    ptl_index: u32 = 0
    src_offset: u32 = 0
    sink_length: u32 = 0


@wire_struct(size=16, byteorder="little")
class LnetReply:
    """What a REPLY carries besides its payload: the handle of the GET."""

    dst_wmd: Annotated[LnetHandleWire, AS_SENT] = LnetHandleWire()


@wire_struct(size=12, byteorder="little")
class LnetHello:
    """What a HELLO of socklnd version 1 carries: the sender's incarnation and the connection's type."""

    incarnation: u64 = 0
    type: u32 = 0


@wire_union(size=40, c_name="lnet_hdr_t::msg", byteorder="little")
class LnetHdrMsg(WireUnion):
    """What depends on the message's type."""

    ack: LnetAck
    put: LnetPut
    get: LnetGet
    reply: LnetReply
    hello: LnetHello


@wire_struct(size=72, c_name="lnet_hdr_t", byteorder="little")
class LnetHdr:
    """The header of every LNet message. `payload_length` is in bytes; `type` is one of `LnetMsgType`."""

    dest_nid: u64 = 0
    src_nid: u64 = 0
    dest_pid: u32 = LNET_PID_LUSTRE
    src_pid: u32 = LNET_PID_LUSTRE
    type: u32 = 0
    payload_length: u32 = 0
    msg: LnetHdrMsg = LnetHdrMsg()


@wire_struct(size=8, c_name="lnet_magicversion_t", byteorder="little")
class LnetMagicversion:
    """What a HELLO of socklnd version 1 has in the place of the header's `dest_nid`."""

    magic: u32 = LNET_PROTO_TCP_MAGIC
    version_major: u16 = LNET_PROTO_TCP_VERSION_MAJOR
    version_minor: u16 = LNET_PROTO_TCP_VERSION_MINOR


@wire_struct(size=16, c_name="lnet_acceptor_connreq_t")
class LnetAcceptorConnreq:
    """The first bytes of a connection to the acceptor: the NID that is wanted."""

    acr_magic: u32 = LNET_PROTO_ACCEPTOR_MAGIC
    acr_version: u32 = LNET_PROTO_ACCEPTOR_VERSION
    acr_nid: u64 = 0


@wire_struct(size=16, c_name="lnet_ni_status_t")
class LnetNiStatus:
    """One network interface of a ping reply; `ns_status` is LNET_NI_STATUS_UP or LNET_NI_STATUS_DOWN."""

    ns_nid: u64 = 0
    ns_status: u32 = LNET_NI_STATUS_UP
    ns_unused: Annotated[int, U32, AS_SENT] = 0


@wire_struct(size=16, c_name="lnet_ping_info_t")
class LnetPingInfo:
    """The payload of a ping reply, version 2: a node's interfaces."""

    pi_magic: u32 = LNET_PROTO_PING_MAGIC
    pi_version: u32 = LNET_PROTO_PING_VERSION
    pi_pid: u32 = LNET_PID_LUSTRE
    pi_nnis: u32 = 0
    pi_ni: Annotated[list[LnetNiStatus], Flex(LnetNiStatus, count="pi_nnis")] = []  # copied per instance


@checked
def ping_order(data: bytes) -> ByteOrder:
    """The byte order of a ping reply's payload, from its magic.

    Raises:
        WireError: no ping magic.
    """
    magic = LNET_PROTO_PING_MAGIC.to_bytes(4, "little")
    if data[:4] == magic:
        return "little"
    if data[:4] == magic[::-1]:
        return "big"
    raise WireError(f"expected a ping magic, got bytes {bytes(data[:4]).hex()}", path="pi_magic", offset=0)


#: Room for a ping reply with as many interfaces as a node may have, in bytes.
PING_ROOM: Final = spec_of(LnetPingInfo).size + LNET_MAX_INTERFACES * spec_of(LnetNiStatus).size


@checked
def ping_request(src_nid: int, dest_nid: int, handle: LnetHandleWire, *, room: int = PING_ROOM) -> LnetHdr:
    """The header of an LNet ping: a GET on the reserved portal.

    Args:
        src_nid, dest_nid: 64-bit NIDs of both nodes.
        handle: what the reply will carry in `dst_wmd`.
        room: how many bytes the reply may have.
    """
    header = LnetHdr(dest_nid, src_nid, type=LnetMsgType.LNET_MSG_GET)
    header.msg.get = LnetGet(handle, LNET_PROTO_PING_MATCHBITS, LNET_RESERVED_PORTAL, 0, room)
    return header


@checked
def ping_reply(request: LnetHdr, info: LnetPingInfo, *, byteorder: ByteOrder = "little") -> tuple[LnetHdr, bytes]:
    """The answer to an LNet ping: the REPLY's header, and its payload, cut to what the request has room for.

    Raises:
        WireError: a value that does not fit its field.
    """
    payload = record.pack(info, byteorder=byteorder)[: request.msg.get.sink_length]
    header = LnetHdr(request.src_nid, request.dest_nid, request.src_pid, request.dest_pid, LnetMsgType.LNET_MSG_REPLY)
    header.payload_length = len(payload)
    header.msg.reply.dst_wmd = request.msg.get.return_wmd
    return header, payload


@checked
def parse_ping_reply(data: bytes) -> LnetPingInfo:
    """The payload of a ping reply of 1.8 or 2.0, in either byte order.

    A reply of version 1 names interfaces by NID alone: they come back as up.

    Raises:
        TruncatedError: fewer interfaces than it says.
        WireError: no ping magic, or a version other than 1 and 2.
    """
    order = ping_order(data)
    info = record.unpack(LnetPingInfo, data, byteorder=order)
    if info.pi_version == LNET_PROTO_PING_VERSION1:
        width, rest = U64.size, data[spec_of(LnetPingInfo).size :]
        whole = range(0, min(len(rest) // width, info.pi_nnis) * width, width)
        info.pi_ni = [LnetNiStatus(int.from_bytes(rest[at : at + width], order)) for at in whole]
    elif info.pi_version != LNET_PROTO_PING_VERSION:
        raise WireError(f"unknown ping version {info.pi_version}", path="pi_version", offset=4)
    if len(info.pi_ni) < info.pi_nnis:
        text = f"{info.pi_nnis} interfaces said, {len(info.pi_ni)} there"
        raise TruncatedError(text, path="pi_nnis", offset=len(data))
    return info
