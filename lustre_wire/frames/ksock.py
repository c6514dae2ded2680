"""socklnd's own structs: the HELLO and the header before each LNet message.

Sources: lnet/include/lnet/socklnd.h of 1.8.9-wc1 and 2.0.0. Both have the sender's byte order, which the magic of the
HELLO tells for the whole connection; the LNet header inside is little-endian always.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_wire.frames import lnet
from lustre_wire.schema import U32, U64, Array, Flex, WireEnum, WireUnion, u32, u64, wire_struct, wire_union

KSOCK_PROTO_V1: Final = 1
KSOCK_PROTO_V2: Final = 2
KSOCK_PROTO_V3: Final = 3
KSOCK_MSG_NOOP: Final = 0xC0
KSOCK_MSG_LNET: Final = 0xC1


class SocklndConnType(WireEnum):
    """What a connection is for (lnet/types.h: SOCKLND_CONN_*); NONE, all bits set on the wire, refuses it."""

    SOCKLND_CONN_NONE = 0xFFFFFFFF
    SOCKLND_CONN_ANY = 0
    SOCKLND_CONN_CONTROL = 1
    SOCKLND_CONN_BULK_IN = 2
    SOCKLND_CONN_BULK_OUT = 3


@wire_struct(size=56, c_name="ksock_hello_msg_t")
class KsockHelloMsg:
    """The HELLO of versions 2 and 3. `kshm_ips` are IPv4 addresses, at most 16."""

    kshm_magic: u32 = lnet.LNET_PROTO_MAGIC
    kshm_version: u32 = KSOCK_PROTO_V3
    kshm_src_nid: u64 = 0
    kshm_dst_nid: u64 = 0
    kshm_src_pid: u32 = lnet.LNET_PID_LUSTRE
    kshm_dst_pid: u32 = lnet.LNET_PID_LUSTRE
    kshm_src_incarnation: u64 = 0
    kshm_dst_incarnation: u64 = 0
    kshm_ctype: u32 = 0
    kshm_nips: u32 = 0
    kshm_ips: Annotated[list[int], Flex(U32, count="kshm_nips")] = []  # copied per instance


@wire_struct(size=72, c_name="ksock_lnet_msg_t", byteorder="little")
class KsockLnetMsg:
    """The LNet header inside a socklnd message."""

    ksnm_hdr: lnet.LnetHdr = lnet.LnetHdr()


@wire_union(size=72, c_name="ksock_msg_t::ksm_u", swab_as="lnetmsg")
class KsockMsgU(WireUnion):
    """What follows the socklnd header."""

    lnetmsg: KsockLnetMsg


@wire_struct(size=96, c_name="ksock_msg_t")
class KsockMsg:
    """socklnd header and LNet header; a NOOP ends before `ksm_u`."""

    ksm_type: u32 = KSOCK_MSG_LNET
    ksm_csum: u32 = 0
    ksm_zc_cookies: Annotated[list[int], Array(U64, 2)] = [0, 0]  # copied per instance
    ksm_u: KsockMsgU = KsockMsgU()
