"""LNet's and socklnd's wire structs, the same in 1.8 and 2.0; declared beside the frames that read them."""

from lustre_wire.frames.ksock import KsockHelloMsg, KsockMsg, KsockMsgU
from lustre_wire.frames.lnet import (
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

__all__ = [
    "KsockHelloMsg", "KsockMsg", "KsockMsgU", "LnetAcceptorConnreq", "LnetAck", "LnetGet", "LnetHandleWire", "LnetHdr",
    "LnetHdrMsg", "LnetHello", "LnetMagicversion", "LnetMsgType", "LnetNiStatus", "LnetProcessIdPacked", "LnetPut",
    "LnetReply",
]  # fmt: skip
