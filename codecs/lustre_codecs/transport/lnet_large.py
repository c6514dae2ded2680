"""LNet's wire structs of later releases, declared in `lustre_wire.frames`: by these names dialects find them."""

from lustre_wire.frames.lnet_large import (
    LnetAcceptorConnreqV2,
    LnetHdrLarge,
    LnetNiLargeStatus,
    LnetNiStatusV2,
    LnetPingInfoV2,
)
from lustre_wire.frames.nid import LnetNid

__all__ = ["LnetAcceptorConnreqV2", "LnetHdrLarge", "LnetNiLargeStatus", "LnetNiStatusV2", "LnetNid", "LnetPingInfoV2"]

#: The first release that asserts one of them; before it `lnet_ni_status_t` is another name of the small one.
__since__ = "2.11"
