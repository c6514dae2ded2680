"""LNet."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class LnetNiStatusValue(WireEnum, since=("1.8.9", "2.0")):
    """ns_status."""

    LNET_NI_STATUS_INVALID = 0
    LNET_NI_STATUS_UP = 0x15aac0de
    LNET_NI_STATUS_DOWN = 0xdeadface


class LnetPingFeat(WireFlag, since="2.3"):
    """pi_features."""

    LNET_PING_FEAT_INVAL = 0
    LNET_PING_FEAT_BASE = 1
    LNET_PING_FEAT_NI_STATUS = 2
    LNET_PING_FEAT_RTE_DISABLED = 4, since("2.7")
    LNET_PING_FEAT_MULTI_RAIL = 8, since("2.11")
    LNET_PING_FEAT_DISCOVERY = 0x10, since("2.11")
    LNET_PING_FEAT_LARGE_ADDR = 0x20, since("2.16")
    LNET_PING_FEAT_PRIMARY_LARGE = 0x40, since("2.16")
    LNET_PING_FEAT_METADATA = 0x80, since("2.17")
    LNET_PING_FEAT_BITS = 0xff, was(0x1f, "2.11").was(0x7f, "2.16").since("2.17")


# lnet_misc
LNET_MSG_MATCHBITS: Final = constant(0, until("2.6"))
