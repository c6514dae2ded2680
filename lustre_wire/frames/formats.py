"""Header formats of socklnd's versions as `socklnd` reads them, derived from the declarations.

A format is what stands before a payload: the socklnd header (versions 2 to 4) and the LNet header.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any, Final

from lustre_wire.engines import record
from lustre_wire.frames import ksock, ksock_large, lnet, nid
from lustre_wire.frames.events import LnetMessage, lnet_header_class
from lustre_wire.schema.nodes import PREFIX, ByteOrder, Cell, Group, Repeat
from lustre_wire.schema.struct import spec_of

#: What the headers before a payload say, from `handle` on as those of a PUT; a `Head` has the values in this order.
HEAD_FIELDS: Final = (
    "type", "csum", "asked", "acknowledged", "dest_nid", "src_nid", "dest_pid", "src_pid", "message", "length",
    "handle", "match_bits", "hdr_data", "portal", "offset",
)  # fmt: skip
Head = tuple[Any, ...]
AT_TYPE, AT_CSUM, AT_MESSAGE, AT_LENGTH = map(HEAD_FIELDS.index, ("type", "csum", "message", "length"))
AT_COOKIES: Final = slice(HEAD_FIELDS.index("asked"), HEAD_FIELDS.index("acknowledged") + 1)

_ACK, _IS_PUT, _GET = (int(t) for t in list(lnet.LnetMsgType)[:3])
_new = tuple.__new__

_LNDS = b"[%c-%c]" % (min(nid.NETWORKS), max(nid.NETWORKS))
_TYPES = b"[%c-%c]" % (lnet.LnetMsgType.LNET_MSG_ACK, lnet.LnetMsgType.LNET_MSG_REPLY)


def _codes(cls: Any) -> str:
    """A struct's fields up to its first union as format characters, structs within it as bytes."""
    out = []
    for node in spec_of(cls).node.members:
        if isinstance(node, Cell):
            out.append(node.kind.format(node, node.order_in("little")))
        elif isinstance(node, Repeat) and isinstance(node.node, Cell):
            out.append(f"{node.count}{node.node.kind.format(node.node, node.node.order_in('little'))}")
        elif isinstance(node, Group):
            out.append(f"{node.width}s")
    return "".join(out)


def _reader(cls: Any, order: ByteOrder = "little") -> Callable[[Any, int], Any]:
    return struct.Struct(PREFIX[order] + _codes(cls)).unpack_from


#: How the part of an LNet header that depends on the type is read: handle first, then the rest in declaration order.
read_ack, read_get, read_reply = (_reader(c) for c in (lnet.LnetAck, lnet.LnetGet, lnet.LnetReply))
_PUT: Final = _codes(lnet.LnetPut)  # as long as that part is

KSOCK_SIZE: Final = spec_of(ksock_large.KsockMsgHdr).size
_KSOCK_TYPE: Final = spec_of(ksock_large.KsockMsgHdr).by_name["ksh_type"]


class Format:
    """The headers before a payload in one version and byte order. Sizes and offsets in bytes.

    Attributes:
        ksock: size of the socklnd header, 0 in version 1.
        size: of both headers.
        body: where the part begins that depends on the LNet message's type.
        read: reads the fields before it, and it as that of a PUT, which most messages are.
        pattern: what a plausible header looks like, for `re`.
    """

    def __init__(self, version: int, order: ByteOrder) -> None:
        self.version = version
        self.byteorder: ByteOrder = order
        self.ksock = 0 if version == ksock.KSOCK_PROTO_V1 else KSOCK_SIZE
        self.large = version == ksock_large.KSOCK_PROTO_V4
        header = spec_of(lnet_header_class(version))
        self.size = self.ksock + header.size
        self.body = self.ksock + header.by_name["msg"].offset
        self.read = self._read(header.cls)
        self.read_ksock = _reader(ksock_large.KsockMsgHdr, order)
        self.pattern = self._pattern(header)

    def __reduce__(self) -> tuple[Any, ...]:
        return _format, (self.version, self.byteorder)  # there is one of each

    def _read(self, cls: type) -> Callable[[Any, int], Head]:
        lnet_part: Any = struct.Struct(PREFIX["little"] + _codes(cls) + _PUT).unpack_from
        if not self.ksock:
            without = (ksock.KSOCK_MSG_LNET, 0, 0, 0)
            return lambda data, at: without + lnet_part(data, at)
        if self.byteorder == "little" and not self.large:
            both = struct.Struct(PREFIX["little"] + _codes(ksock_large.KsockMsgHdr) + _codes(cls) + _PUT)
            return both.unpack_from
        first, size = _reader(ksock_large.KsockMsgHdr, self.byteorder), self.ksock
        if not self.large:
            return lambda data, at: first(data, at) + lnet_part(data, at + size)

        def read(data: Any, at: int) -> Any:
            dest, src, *rest = lnet_part(data, at + size)
            return (*first(data, at), _large(dest), _large(src), *rest)

        return read

    def _pattern(self, header: Any) -> bytes:
        """Type of the socklnd header, LND of both NIDs, type of the message; anything in between."""
        known: list[tuple[int, int, bytes]] = []
        if self.ksock:
            kind = ksock.KSOCK_MSG_LNET.to_bytes(_KSOCK_TYPE.size, self.byteorder)
            known.append((_KSOCK_TYPE.offset, len(kind), re.escape(kind)))
        for name in ("dest_nid", "src_nid"):
            at = self.ksock + header.by_name[name].offset
            if self.large:
                known.append((at + spec_of(nid.LnetNid).by_name["nid_type"].offset, 1, _LNDS))
            else:
                known.append((at + 6, 2, _LNDS + rb"\0"))  # the highest 16 of 64 bits, little-endian
        known.append((self.ksock + header.by_name["type"].offset, 4, _TYPES + rb"\0{3}"))
        out, at = b"", 0
        for offset, width, pattern in known:
            out += b".{%d}%s" % (offset - at, pattern)
            at = offset + width
        return out + b".{%d}" % (self.size - at)


_unpack_nid = record.codec(nid.LnetNid, "big").unpack


def _large(raw: bytes) -> Any:
    return _unpack_nid(raw, 0, len(raw))


#: The one format of each version and byte order; version 1 is little-endian always.
FORMATS: Final[dict[tuple[int, str], Format]] = {
    (version, order): Format(version, order)
    for version in range(ksock.KSOCK_PROTO_V1, ksock_large.KSOCK_PROTO_V4 + 1)
    for order in ("little", "big")
    if version > ksock.KSOCK_PROTO_V1 or order == "little"
}


def _format(version: int, order: ByteOrder) -> Format:
    return FORMATS[version, order]


def lnet_message(form: Format, head: Head, data: bytes, pos: int, payload: bytes, missing: int, at: int) -> LnetMessage:
    """The event of a message whose headers begin at `pos` of `data`."""
    _, csum, ask, ack, dest, src, dest_pid, src_pid, kind, count, handle, match, _, portal, offset = head
    if kind == _GET:
        handle, match, portal, offset, count = read_get(data, pos + form.body)
    elif kind != _IS_PUT:
        match, portal, offset = 0, -1, 0
        if kind == _ACK:
            handle, match, count = read_ack(data, pos + form.body)
        else:
            (handle,) = read_reply(data, pos + form.body)
    made: LnetMessage = _new(
        LnetMessage,
        (
            at, kind, src, dest, src_pid, dest_pid, portal, match, offset, count, handle, payload, missing,
            form.version, form.byteorder, csum, (ask, ack), data[pos + form.ksock : pos + form.size],
        ),
    )  # fmt: skip
    return made
