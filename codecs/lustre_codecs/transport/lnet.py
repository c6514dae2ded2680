"""LNet's, socklnd's and the container's wire structs.

They are the same bytes in all releases, and are declared in `lustre_wire.frames`,
which knows no release. Here stand the names by which a dialect finds them, and what 1.8 declares otherwise.
Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 (lib-types.h, socklnd.h,
lnet-idl.h, lustre_idl.h).
"""

from __future__ import annotations

from typing import Annotated

from lustre_wire.frames.ksock import KsockHelloMsg, KsockMsg, KsockMsgU
from lustre_wire.frames.lnet import (
    LNET_PROTO_ACCEPTOR_VERSION,
    LNET_PROTO_PING_MAGIC,
    LNET_PROTO_TCP_MAGIC,
    LNET_PROTO_TCP_VERSION_MAJOR,
    LNET_PROTO_TCP_VERSION_MINOR,
    LnetAcceptorConnreq,
    LnetAck,
    LnetGet,
    LnetHandleWire,
    LnetHdr,
    LnetHdrMsg,
    LnetHello,
    LnetMagicversion,
    LnetMsgType,
    LnetNiStatus,
    LnetProcessIdPacked,
    LnetPut,
    LnetReply,
)
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import since, until, usual
from lustre_wire.schema.types import U64, Chars, Flex, u32, u64
from lustre_wire.schema.union import WireUnion

__all__ = [
    "LNET_PROTO_ACCEPTOR_VERSION", "LNET_PROTO_PING_MAGIC", "LNET_PROTO_TCP_MAGIC", "LNET_PROTO_TCP_VERSION_MAJOR",
    "LNET_PROTO_TCP_VERSION_MINOR",
    "KsockHelloMsg", "KsockLnetMsg", "KsockMsg", "KsockMsgU", "LnetAcceptorConnreq", "LnetAck",
    "LnetCountersCommon", "LnetGet", "LnetHandleWire", "LnetHdr", "LnetHdrMsg", "LnetHello",
    "LnetMagicversion", "LnetMsgType", "LnetNiStatus", "LnetPingInfo",
    "LnetPingInfoPiBody", "LnetProcessIdPacked", "LnetPut", "LnetReply", "LustreMsgV2",
]  # fmt: skip


@history(size={"1.8": 0, "2.0": None}, c_name="lnet_ping_info_t::pi_body", swab_as="pb_nid")
class LnetPingInfoPiBody(WireUnion):
    """What follows a ping reply's header: NIDs alone in version 1, with a status in version 2; no bytes of its own."""

    pb_nid: Annotated[list[int], Flex(U64)]
    pb_ni: Annotated[list[LnetNiStatus], Flex(LnetNiStatus)]


@history(size={"1.8": 16, "2.10": None}, c_name="lnet_ping_info_t")
class LnetPingInfo(Wire):
    """The header of a ping reply (lib-types.h)."""

    pi_magic: u32   = usual(LNET_PROTO_PING_MAGIC)
    pi_version: u32 = usual(2)
    pi_pid: u32     = usual(12345)
    pi_nnis: u32
    pi_body: LnetPingInfoPiBody                              = until("2.0")
    pi_ni: Annotated[list[LnetNiStatus], Flex(LnetNiStatus)] = since("2.0")


@history(size=72, c_name="ksock_lnet_msg_t", byteorder="little")
class KsockLnetMsg(Wire):
    """The LNet header inside a socklnd message, and its payload (socklnd.h)."""

    ksnm_hdr: LnetHdr
    ksnm_payload: Annotated[bytes, Flex(Chars(1))] = until("2.0")


@history(size={"2.12": 60})
class LnetCountersCommon(Wire):
    """Counters of a node: messages, and lengths in bytes (lnet-idl.h)."""

    lcc_msgs_alloc: u32
    lcc_msgs_max: u32
    lcc_errors: u32
    lcc_send_count: u32
    lcc_recv_count: u32
    lcc_route_count: u32
    lcc_drop_count: u32
    lcc_send_length: u64
    lcc_recv_length: u64
    lcc_route_length: u64
    lcc_drop_length: u64
