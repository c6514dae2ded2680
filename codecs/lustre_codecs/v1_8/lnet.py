"""LNet's and socklnd's wire structs that 1.8 declares otherwise than 2.0 (lib-types.h, socklnd.h of 1.8.9-wc1)."""

from __future__ import annotations

from typing import Annotated

from lustre_wire.frames import lnet
from lustre_wire.schema import U64, Chars, Flex, u32, wire_struct, wire_union


@wire_union(size=0, c_name="lnet_ping_info_t::pi_body", swab_as="pb_nid")
class LnetPingInfoPiBody:
    """What follows a ping reply's header: NIDs alone in version 1, with a status in version 2; no bytes of its own."""

    pb_nid: Annotated[list[int], Flex(U64)]
    pb_ni: Annotated[list[lnet.LnetNiStatus], Flex(lnet.LnetNiStatus)]


@wire_struct(size=16, c_name="lnet_ping_info_t")
class LnetPingInfo:
    """The header of a ping reply."""

    pi_magic: u32 = lnet.LNET_PROTO_PING_MAGIC
    pi_version: u32 = lnet.LNET_PROTO_PING_VERSION
    pi_pid: u32 = lnet.LNET_PID_LUSTRE
    pi_nnis: u32 = 0
    pi_body: LnetPingInfoPiBody = LnetPingInfoPiBody()


@wire_struct(size=72, c_name="ksock_lnet_msg_t", byteorder="little")
class KsockLnetMsg:
    """The LNet header inside a socklnd message, and its payload."""

    ksnm_hdr: lnet.LnetHdr = lnet.LnetHdr()
    ksnm_payload: Annotated[bytes, Flex(Chars(1))] = b""
