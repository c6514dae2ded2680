"""LNet selftest: its portals, and the type each of its messages begins with (lnet/selftest/rpc.h)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from lustre_wire.kinds import checked, octets

__all__ = ["SELFTEST_PORTALS", "SrpcMsgType", "selftest_type"]

#: Requests of tests and of the framework, and what they move in bulk; replies come where the request says.
SELFTEST_PORTALS: Final = frozenset({50, 51, 52})
_MAGIC: Final = 0xEEB0F00D


class SrpcMsgType(IntEnum):
    """`msg_type` of a srpc_msg."""

    SRPC_MSG_MKSN_REQST = 0
    SRPC_MSG_MKSN_REPLY = 1
    SRPC_MSG_RMSN_REQST = 2
    SRPC_MSG_RMSN_REPLY = 3
    SRPC_MSG_BATCH_REQST = 4
    SRPC_MSG_BATCH_REPLY = 5
    SRPC_MSG_STAT_REQST = 6
    SRPC_MSG_STAT_REPLY = 7
    SRPC_MSG_TEST_REQST = 8
    SRPC_MSG_TEST_REPLY = 9
    SRPC_MSG_DEBUG_REQST = 10
    SRPC_MSG_DEBUG_REPLY = 11
    SRPC_MSG_BRW_REQST = 12
    SRPC_MSG_BRW_REPLY = 13
    SRPC_MSG_PING_REQST = 14
    SRPC_MSG_PING_REPLY = 15
    SRPC_MSG_JOIN_REQST = 16
    SRPC_MSG_JOIN_REPLY = 17


@checked
def selftest_type(data: bytes) -> SrpcMsgType | None:
    """The type of a selftest message in either byte order; None for bulk data and for a number that is no type."""
    head = octets(data, "data")[:12]
    for order in ("little", "big"):
        if len(head) == 12 and int.from_bytes(head[:4], order) == _MAGIC:
            number = int.from_bytes(head[8:], order)
            return SrpcMsgType(number) if number in SrpcMsgType._value2member_map_ else None
    return None
