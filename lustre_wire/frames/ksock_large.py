"""socklnd of 2.17 where it differs: the HELLO of version 4, and the header as a struct of its own.

Source: lnet/include/lnet/socklnd.h of 2.17.0. Integers have the sender's byte order, NIDs are big-endian always.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_wire.frames import lnet
from lustre_wire.frames.nid import LnetNid
from lustre_wire.schema import AS_SENT, U32, U64, Array, Flex, u32, u64, wire_struct

KSOCK_PROTO_V4: Final = 4


@wire_struct(size=80, c_name="ksock_hello_msg")
class KsockHelloMsgLarge:
    """The HELLO of version 4."""

    kshm_magic: u32 = lnet.LNET_PROTO_MAGIC
    kshm_version: u32 = KSOCK_PROTO_V4
    kshm_src_nid: Annotated[LnetNid, AS_SENT] = LnetNid()
    kshm_dst_nid: Annotated[LnetNid, AS_SENT] = LnetNid()
    kshm_src_pid: u32 = lnet.LNET_PID_LUSTRE
    kshm_dst_pid: u32 = lnet.LNET_PID_LUSTRE
    kshm_src_incarnation: u64 = 0
    kshm_dst_incarnation: u64 = 0
    kshm_ctype: u32 = 0
    kshm_nips: u32 = 0
    kshm_ips: Annotated[list[int], Flex(U32, count="kshm_nips")] = []  # copied per instance


@wire_struct(size=24)
class KsockMsgHdr:
    """What stands before each LNet header, and alone in a NOOP."""

    ksh_type: u32 = 0
    ksh_csum: u32 = 0
    ksh_zc_cookies: Annotated[list[int], Array(U64, 2)] = [0, 0]  # copied per instance
