"""LNet of 2.17 where it differs: headers and connection requests with 20-byte NIDs, and its ping replies.

Sources: uapi/linux/lnet/lnet-idl.h of 2.17.0 and recorded traffic. `LnetNid` is big-endian always; the large header's
integers are little-endian, those of connection requests and ping replies have the sender's byte order.
"""

from __future__ import annotations

from typing import Annotated, Final

import attrs

from lustre_wire.engines import record
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import lnet
from lustre_wire.frames.nid import LnetNid
from lustre_wire.kinds import checked
from lustre_wire.schema import AS_SENT, U32, Flex, WireFlag, spec_of, u32, u64, wire_struct
from lustre_wire.schema.nodes import ByteOrder

LNET_PROTO_ACCEPTOR_VERSION_16: Final = 2


class LnetPingFeature(WireFlag):
    """What a node says of itself in `pi_features` (lnet-idl.h: LNET_PING_FEAT_*)."""

    LNET_PING_FEAT_BASE = 1
    LNET_PING_FEAT_NI_STATUS = 2
    LNET_PING_FEAT_RTE_DISABLED = 4
    LNET_PING_FEAT_MULTI_RAIL = 8
    LNET_PING_FEAT_DISCOVERY = 0x10
    LNET_PING_FEAT_LARGE_ADDR = 0x20
    LNET_PING_FEAT_PRIMARY_LARGE = 0x40
    LNET_PING_FEAT_METADATA = 0x80


@wire_struct(size=96, c_name="lnet_hdr", byteorder="little")
class LnetHdrLarge:
    """The header of an LNet message between nodes of which one has a large NID."""

    dest_nid: Annotated[LnetNid, AS_SENT] = LnetNid()
    src_nid: Annotated[LnetNid, AS_SENT] = LnetNid()
    dest_pid: u32 = lnet.LNET_PID_LUSTRE
    src_pid: u32 = lnet.LNET_PID_LUSTRE
    type: u32 = 0
    payload_length: u32 = 0
    msg: lnet.LnetHdrMsg = lnet.LnetHdrMsg()


@wire_struct(size=28, c_name="lnet_acceptor_connreq_v2")
class LnetAcceptorConnreqV2:
    """The first bytes of a connection to the acceptor of a node with a large NID."""

    acr_magic: u32 = lnet.LNET_PROTO_ACCEPTOR_MAGIC
    acr_version: u32 = LNET_PROTO_ACCEPTOR_VERSION_16
    acr_nid: Annotated[LnetNid, AS_SENT] = LnetNid()


@wire_struct(size=16, c_name="lnet_ni_status")
class LnetNiStatusV2:
    """One interface with a 64-bit NID. Where large NIDs follow, `ns_msg_size` of the first is the size of the whole."""

    ns_nid: u64 = 0
    ns_status: u32 = lnet.LNET_NI_STATUS_UP
    ns_msg_size: u32 = 0


@wire_struct(size=24)
class LnetNiLargeStatus:
    """One interface with a large NID."""

    ns_status: u32 = lnet.LNET_NI_STATUS_UP
    ns_nid: Annotated[LnetNid, AS_SENT] = LnetNid()


@wire_struct(size=16, c_name="lnet_ping_info")
class LnetPingInfoV2:
    """Payload of a ping reply and of a discovery push. `pi_ni` begins with the loopback; its status counts pushes."""

    pi_magic: u32 = lnet.LNET_PROTO_PING_MAGIC
    pi_features: Annotated[LnetPingFeature, U32] = LnetPingFeature(0)
    pi_pid: u32 = lnet.LNET_PID_LUSTRE
    pi_nnis: u32 = 0
    pi_ni: Annotated[list[LnetNiStatusV2], Flex(LnetNiStatusV2, count="pi_nnis")] = []  # copied per instance


@attrs.define
class PingInfo:
    """A ping reply or push of 2.17 taken apart.

    Attributes:
        order: the sender's byte order.
        info: features, PID and interfaces with 64-bit NIDs, the loopback first.
        large: interfaces with large NIDs.
        rest: bytes behind them, such as metadata.
    """

    order: ByteOrder
    info: LnetPingInfoV2
    large: list[LnetNiLargeStatus] = attrs.field(factory=list)
    rest: bytes = b""

    @property
    def push(self) -> int:
        """The sequence number that a push carries in the loopback's status; 0 without a loopback."""
        return self.info.pi_ni[0].ns_status if self.info.pi_ni else 0

    def encode(self) -> bytes:
        """The payload's bytes.

        Raises:
            WireError: a value that does not fit its field.
        """
        parts = [record.pack(item, byteorder=self.order) for item in (self.info, *self.large)]
        return b"".join(parts) + self.rest


@checked
def parse_ping_info(data: bytes) -> PingInfo:
    """The payload of a ping reply or of a discovery push of 2.17, in either byte order.

    Raises:
        TruncatedError: fewer interfaces than it says.
        WireError: no ping magic.
    """
    order = lnet.ping_order(data)
    info = record.unpack(LnetPingInfoV2, data, byteorder=order)
    if len(info.pi_ni) < info.pi_nnis:
        text = f"{info.pi_nnis} interfaces said, {len(info.pi_ni)} there"
        raise TruncatedError(text, path="pi_nnis", offset=len(data))
    at = spec_of(LnetPingInfoV2).size + spec_of(LnetNiStatusV2).size * info.pi_nnis
    large: list[LnetNiLargeStatus] = []
    if info.pi_features & LnetPingFeature.LNET_PING_FEAT_LARGE_ADDR and info.pi_ni:
        end = info.pi_ni[0].ns_msg_size
        if not at <= end <= len(data):
            text = f"the whole is said to have {end} bytes, it has {at} to {len(data)}"
            raise WireError(text, path="ns_msg_size", offset=at)
        codec = record.codec(LnetNiLargeStatus, order)
        large = [codec.unpack(data, i, i + codec.size) for i in range(at, end - codec.size + 1, codec.size)]
        at += codec.size * len(large)
    return PingInfo(order, info, large, bytes(data[at:]))
