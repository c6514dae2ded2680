"""The lustre_msg container, versions 1 and 2: splitting bytes into header and buffers, and joining them again.

The checks are those of Lustre's own unpack (``lustre_unpack_msg_v1``, ``lustre_unpack_msg_v2`` in ptlrpc/pack_generic.c
of 1.8.9 and 2.0.0), computed without 32-bit overflow, and no others. Which container versions a dialect accepts, and
what its ptlrpc_body must be, is decided above this layer.
"""

from __future__ import annotations

import struct
import zlib
from typing import Annotated, Any, Final

from lustre_wire.engines import record
from lustre_wire.engines.straightline import PREFIX, ByteOrder
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.schema import AS_SENT, U32, U64, Flex, spec_of, u32, u64, wire_struct

LUSTRE_MSG_MAGIC_V1: Final = 0x0BD00BD0
LUSTRE_MSG_MAGIC_V2: Final = 0x0BD00BD3
#: How many bytes of the ptlrpc_body the checksum of an early reply covers, unless the request asked for all of it.
EARLY_CHECKSUM_BYTES: Final = 88


@wire_struct(size=64)
class LustreMsgV1:
    """Container header of 1.6 and, towards old peers, 1.8, with what version 2 has in ptlrpc_body (lustre_idl.h)."""

    lm_handle: Annotated[int, U64, AS_SENT] = 0
    lm_magic: u32 = LUSTRE_MSG_MAGIC_V1
    lm_type: u32 = 0
    lm_version: u32 = 0
    lm_opc: u32 = 0
    lm_last_xid: u64 = 0
    lm_last_committed: u64 = 0
    lm_transno: u64 = 0
    lm_status: u32 = 0
    lm_flags: u32 = 0
    lm_conn_cnt: u32 = 0
    lm_bufcount: u32 = 0
    lm_buflens: Annotated[list[int], Flex(U32, count="lm_bufcount")] = []  # copied per instance


@wire_struct(size=32)
class LustreMsgV2:
    """Container header (lustre_idl.h). `lm_repsize` is the reply room the client reserved, in bytes."""

    lm_bufcount: u32 = 0
    lm_secflvr: u32 = 0
    lm_magic: u32 = LUSTRE_MSG_MAGIC_V2
    lm_repsize: u32 = 0
    lm_cksum: u32 = 0
    lm_flags: u32 = 0
    lm_padding_2: Annotated[int, U32, AS_SENT] = 0
    lm_padding_3: Annotated[int, U32, AS_SENT] = 0
    lm_buflens: Annotated[list[int], Flex(U32, count="lm_bufcount")] = []  # copied per instance


_MAGIC_AT = spec_of(LustreMsgV2).by_name["lm_magic"].offset  # the same in both versions
_SHORTEST = _MAGIC_AT + U32.size
_magic_le = struct.Struct("<I").unpack_from


class _Version:
    """What splitting needs to know of one container version in one byte order."""

    __slots__ = ("bufcount", "codec", "number", "order", "size")

    def __init__(self, number: int, cls: type, order: ByteOrder) -> None:
        self.number = number
        self.order: ByteOrder = order
        self.codec = record.codec(cls, order)
        self.size = self.codec.size
        count = spec_of(cls).by_name["lm_bufcount"]
        self.bufcount = struct.Struct(f"{PREFIX[order]}{count.offset}x{U32.code}").unpack_from


_VERSIONS = {
    int.from_bytes(magic.to_bytes(4, order), "little"): _Version(number, cls, order)
    for number, magic, cls in ((1, LUSTRE_MSG_MAGIC_V1, LustreMsgV1), (2, LUSTRE_MSG_MAGIC_V2, LustreMsgV2))
    for order in ("little", "big")
}
_CLASSES: dict[type, int] = {LustreMsgV1: 1, LustreMsgV2: 2}


def rounded(size: int) -> int:
    """`size` bytes rounded up to the alignment of buffers."""
    return (size + 7) & ~7


def begins_message(data: bytes) -> bool:
    """Whether the magic of a lustre_msg, of either version and byte order, stands where it should."""
    return len(data) >= _SHORTEST and _magic_le(data, _MAGIC_AT)[0] in _VERSIONS


class Parts:
    """One lustre_msg taken apart, nothing interpreted beyond the container.

    Attributes:
        version: 1 or 2, from the magic.
        order: "little" or "big", the sender's byte order, from the magic.
        header: `LustreMsgV1` or `LustreMsgV2`, with the buffer lengths.
        offsets, lengths: where each buffer lies in the input, in bytes; lengths without padding.
        end: first byte after the padded last buffer.
    """

    __slots__ = ("end", "header", "lengths", "offsets", "order", "version")

    def __init__(self, version: int, order: ByteOrder, header: Any, offsets: list[int], end: int) -> None:
        self.version = version
        self.order: ByteOrder = order
        self.header = header
        self.lengths: list[int] = header.lm_buflens
        self.offsets = offsets
        self.end = end

    def gap(self, data: Any) -> bytes:
        """The bytes between the buffer lengths and the first buffer."""
        start = self.header.__wire__.size + U32.size * len(self.lengths)
        return bytes(data[start : rounded(start)])


def split(data: Any) -> Parts:
    """Take a lustre_msg apart.

    Args:
        data: any object with the buffer protocol, beginning with the message; bytes after it are left alone.

    Raises:
        TruncatedError: shorter than its header or its buffers say.
        WireError: no lustre_msg magic.
    """
    size = len(data)
    if size < _SHORTEST:
        raise TruncatedError(f"expected a lustre_msg of at least {_SHORTEST} bytes, got {size}", offset=0)
    found = _VERSIONS.get(_magic_le(data, _MAGIC_AT)[0])
    if found is None:
        magic = bytes(data[_MAGIC_AT:_SHORTEST]).hex()
        raise WireError(f"expected a lustre_msg magic, got bytes {magic}", path="lm_magic", offset=_MAGIC_AT)
    if size < found.size:
        raise TruncatedError(f"expected a header of {found.size} bytes, got {size}", path="header", offset=0)
    (count,) = found.bufcount(data)
    at = rounded(found.size + U32.size * count)
    if size < at:
        what = f"{count} buffer lengths need a header of {at} bytes, got {size}"
        raise TruncatedError(what, path="lm_buflens", offset=found.size)
    header = found.codec.unpack(data, 0, size)
    offsets = []
    for length in header.lm_buflens:
        offsets.append(at)
        at += (length + 7) & ~7
    if at > size:
        raise TruncatedError(f"the buffers end at byte {at}, the message at {size}", path="lm_buflens", offset=size)
    return Parts(found.number, found.order, header, offsets, at)


def join(
    header: Any, buffers: list[bytes], order: ByteOrder, paddings: dict[int, bytes] | None = None, gap: bytes = b""
) -> bytes:
    """Put a lustre_msg together.

    Args:
        header: `LustreMsgV1` or `LustreMsgV2`; its `lm_bufcount` and `lm_buflens` are set from the buffers.
        buffers: the buffers, unpadded.
        order: byte order to write the header in.
        paddings: bytes to use instead of zeroes behind a buffer, by buffer index.
        gap: bytes to use instead of zeroes behind the buffer lengths.

    Raises:
        WireError: a header value that does not fit its field.
    """
    header.lm_bufcount = len(buffers)
    header.lm_buflens = [len(b) for b in buffers]
    head = record.checked(record.codec(type(header), order), header)
    if len(head) & 7:
        head += gap.ljust(8 - (len(head) & 7), b"\0")
    out = [head]
    for i, data in enumerate(buffers):
        out.append(data)
        if len(data) & 7:
            pad = paddings.get(i, b"") if paddings else b""
            out.append(pad.ljust(8 - (len(data) & 7), b"\0"))
    return b"".join(out)


def version_of(header: Any) -> int:
    """1 or 2: the container version a header belongs to."""
    return _CLASSES[type(header)]


def early_reply_size(body_size: int) -> int:
    """Bytes of an early reply with a ptlrpc_body of `body_size` bytes; the final reply is put behind it."""
    return rounded(spec_of(LustreMsgV2).size + U32.size) + rounded(body_size)


def early_reply_checksum(body: bytes, *, whole: bool = False) -> int:
    """`lm_cksum` of an early reply: CRC-32 of the ptlrpc_body as sent, preset to ones, not inverted at the end.

    Args:
        body: the ptlrpc_body buffer in the sender's byte order.
        whole: True when the request carried MSGHDR_CKSUM_INCOMPAT18: then the whole buffer counts, otherwise its
            first 88 bytes (ptlrpc/pack_generic.c: lustre_msg_calc_cksum of 1.8.9 and 2.0.0).
    """
    return zlib.crc32(body if whole else body[:EARLY_CHECKSUM_BYTES]) ^ 0xFFFFFFFF
