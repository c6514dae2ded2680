"""Where the fields of message and frame headers stand, read off their declarations for the C core's walks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lustre_wire import dialects
from lustre_wire.dialects import Dialect
from lustre_wire.errors import SchemaError
from lustre_wire.frames import ksock, lnet, lnet_large, lustre_msg
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import field_at, spec_of

#: What is read of a message, by the names without "pb_" and "lm_".
FIELDS: Final = ("type", "version", "opc", "status", "transno", "flags")
#: What only the ptlrpc_body of later releases has.
MBITS: Final = "pb_mbits"
ORDERS: Final[tuple[ByteOrder, ...]] = ("little", "big")


def place(cls: Any, path: str) -> int:
    """Offset in bytes of a field of a wire struct, nested names dotted.

    Raises:
        SchemaError: no such field.
    """
    return field_at(cls, path)[0]


@dataclass(frozen=True)
class Rules:
    """What receivers check of a message: those of one dialect, or what any installed one accepts.

    Attributes:
        body: the ptlrpc_body's class.
        body_minimum: least bytes of it.
        containers: accepted lustre_msg versions.
        wrapped: bits of lm_secflvr that say that a security policy wraps the message.
        types: values of pb_type.
        version: of the message, in the bits `version_mask` of pb_version.
    """

    body: Any
    body_minimum: int
    containers: frozenset[int]
    wrapped: int
    types: tuple[int, ...]
    version: int
    version_mask: int


def mbits_at(what: Rules) -> int:
    """Where a ptlrpc_body has match bits; 0 where not every one that receivers are content with is so long."""
    field = spec_of(what.body).by_name.get(MBITS)
    return field.offset if field is not None and field.offset + field.size <= what.body_minimum else 0


_TYPES = ("PTL_RPC_MSG_REQUEST", "PTL_RPC_MSG_ERR", "PTL_RPC_MSG_REPLY")


def _of(dialect: Dialect) -> Rules:
    members = dialect.enums["PtlrpcMsgType"].__members__
    types = tuple(sorted(int(members[name]) for name in _TYPES))
    version = int(dialect.constants["PTLRPC_MSG_VERSION"])
    return Rules(
        dialect.body, dialect.body_minimum, dialect.containers, dialect.flavour_mask, types, version,
        dialect.version_mask,
    )  # fmt: skip


@lru_cache(maxsize=64)
def rules(dialect: Dialect | None) -> Rules:
    """What to check of a stream's messages; for None what any installed dialect accepts.

    Raises:
        SchemaError: dialects that have the fields of the ptlrpc_body at different places: one must be named.
    """
    if dialect is not None:
        return _of(dialect)
    found = [_of(d) for d in dialects.all_dialects()]
    first = found[0]
    for other in found:
        if [place(other.body, f"pb_{f}") for f in FIELDS] != [place(first.body, f"pb_{f}") for f in FIELDS]:
            raise SchemaError("the installed dialects differ in their ptlrpc_body: name one")
    wrapped = 0
    for other in found:
        wrapped |= other.wrapped
    return Rules(
        first.body, min(r.body_minimum for r in found), frozenset[int]().union(*(r.containers for r in found)), wrapped,
        first.types, first.version, first.version_mask,
    )  # fmt: skip


def containers(what: Rules) -> list[dict[str, int]]:
    """`lw_container` of both versions in both byte orders."""
    return [_container(what, head, order) for head in (lustre_msg.V1, lustre_msg.V2) for order in ORDERS]


def _container(what: Rules, head: lustre_msg.Head, order: ByteOrder) -> dict[str, int]:
    cls = head.cls
    in_header = "lm_opc" in spec_of(cls).by_name
    fields, prefix = (cls, "lm") if in_header else (what.body, "pb")
    places = {"opcode" if name == "opc" else name: place(fields, f"{prefix}_{name}") for name in FIELDS}
    return places | {
        "magic": int.from_bytes(cls().lm_magic.to_bytes(head.word, order), sys.byteorder),
        "swap": int(order != sys.byteorder),
        "size": head.size,
        "bufcount": head.bufcount.start,
        "accepted": int(head.number in what.containers),
        "secflvr": 0 if in_header else place(cls, "lm_secflvr"),
        "wrapped": 0 if in_header else what.wrapped,
        "body_size": 0 if in_header else what.body_minimum,
        "version_mask": 0xFFFFFFFF if in_header else what.version_mask,
        "in_header": int(in_header),
        "mbits": 0 if in_header else mbits_at(what),
    }


#: Framings of a stream: bare messages, LNet messages, and LNet messages in socklnd's, those of version 4 by themselves.
FRAMINGS: Final = ("", "lnet", "socklnd", "socklnd4")


def lnet_header(framing: str) -> Any:
    """The class of the LNet header in a framing."""
    return lnet_large.LnetHdrLarge if framing == "socklnd4" else lnet.LnetHdr


def before_lnet(framing: str) -> int:
    """Bytes before the LNet header in a framing."""
    return place(ksock.KsockMsg, "ksm_u") if framing.startswith("socklnd") else 0


def framing(name: str) -> dict[str, int]:
    """`lw_framing` of a stream: all zero for bare messages."""
    if not name:
        return dict.fromkeys(("size",), 0)
    before, header = before_lnet(name), lnet_header(name)
    put = before + place(header, "msg")
    return {
        "size": before + spec_of(header).size,
        "noop_size": before,
        "has_kind": int(bool(before)),
        "kind": place(ksock.KsockMsg, "ksm_type"),
        "kind_noop": ksock.KSOCK_MSG_NOOP,
        "kind_lnet": ksock.KSOCK_MSG_LNET,
        "type": before + place(header, "type"),
        "type_put": int(lnet.LnetMsgType.LNET_MSG_PUT),
        "type_most": int(max(lnet.LnetMsgType)),
        "payload_length": before + place(header, "payload_length"),
        "payload_most": lnet.LNET_MAX_PAYLOAD,
        "match_bits": put + place(lnet.LnetPut, "match_bits"),
        "portal": put + place(lnet.LnetPut, "ptl_index"),
    }
