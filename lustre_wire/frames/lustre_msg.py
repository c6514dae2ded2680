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
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked, flat, octets
from lustre_wire.schema import AS_SENT, U32, U64, Flex, Shown, spec_of, u32, u64, wire_struct
from lustre_wire.schema.nodes import PREFIX, ByteOrder
from lustre_wire.schema.shown import NamedBy

LUSTRE_MSG_MAGIC_V1: Final = 0x0BD00BD0
LUSTRE_MSG_MAGIC_V2: Final = 0x0BD00BD3
#: How many bytes of the ptlrpc_body the checksum of an early reply covers, unless the request asked for all of it.
EARLY_CHECKSUM_BYTES: Final = 88


@wire_struct(size=64)
class LustreMsgV1:
    """Container header of 1.6 and, towards old peers, 1.8, with what version 2 has in ptlrpc_body (lustre_idl.h)."""

    lm_handle: Annotated[int, U64, AS_SENT] = 0
    lm_magic: Annotated[u32, Shown.HEX] = LUSTRE_MSG_MAGIC_V1
    lm_type: u32 = 0
    lm_version: Annotated[u32, Shown.HEX] = 0
    lm_opc: u32 = 0
    lm_last_xid: u64 = 0
    lm_last_committed: u64 = 0
    lm_transno: u64 = 0
    lm_status: Annotated[u32, Shown.STATUS] = 0
    lm_flags: u32 = 0
    lm_conn_cnt: u32 = 0
    lm_bufcount: u32 = 0
    lm_buflens: Annotated[list[int], Flex(U32, count="lm_bufcount")] = []  # copied per instance


@wire_struct(size=32)
class LustreMsgV2:
    """Container header (lustre_idl.h). `lm_repsize` is the reply room the client reserved, in bytes."""

    lm_bufcount: u32 = 0
    lm_secflvr: Annotated[u32, Shown.HEX] = 0
    lm_magic: Annotated[u32, Shown.HEX] = LUSTRE_MSG_MAGIC_V2
    lm_repsize: u32 = 0
    lm_cksum: Annotated[u32, Shown.HEX] = 0
    lm_flags: Annotated[u32, NamedBy("MsghdrFlags")] = 0
    lm_padding_2: Annotated[int, U32, AS_SENT] = 0
    lm_padding_3: Annotated[int, U32, AS_SENT] = 0
    lm_buflens: Annotated[list[int], Flex(U32, count="lm_bufcount")] = []  # copied per instance

    @property
    def lm_opc(self) -> int:
        """What 2.16 and later call `lm_padding_2`: in a batch the number of a request, or the result of a reply."""
        return self.lm_padding_2


class Head:
    """Where things stand in the header of one container version, read off its declaration: offsets and sizes in bytes.

    Attributes:
        cls: the header's class.
        number: the version.
        size: of the header without the buffer lengths, which follow it.
        magic, bufcount: where the magic and the number of buffers stand; the magic in both versions at one place.
        word: bytes of a buffer length, and of those two.
    """

    __slots__ = ("bufcount", "cls", "magic", "number", "size", "word")

    def __init__(self, number: int, cls: Any) -> None:
        node = spec_of(cls).node
        self.number, self.cls = number, cls
        self.size, self.word = node.width, node.tail.stride
        self.magic, self.bufcount = (
            slice(at, at + self.word) for at in (node.member(name).offset for name in ("lm_magic", "lm_bufcount"))
        )

    def length_at(self, number: int) -> int:
        """Where the length of a buffer stands, and for the number of buffers where the lengths end."""
        return int(self.size + self.word * number)

    def first(self, buffers: int) -> int:
        """Where the first of so many buffers begins."""
        return rounded(self.length_at(buffers))

    def lengths(self, order: ByteOrder, buffers: int) -> struct.Struct:
        """The lengths of so many buffers."""
        return struct.Struct(f"{PREFIX[order]}{buffers}{U32.code}")


@checked
def rounded(size: int) -> int:
    """`size` bytes rounded up to the alignment of buffers."""
    return (size + 7) & ~7


V1, V2 = Head(1, LustreMsgV1), Head(2, LustreMsgV2)
#: Where the magic stands, and in version 2 the number of buffers.
MAGIC: Final = V2.magic
BUFCOUNT: Final = V2.bufcount
#: The magic of version 2 as it stands there, by byte order.
MAGICS_V2: Final[dict[ByteOrder, bytes]] = {
    "little": LUSTRE_MSG_MAGIC_V2.to_bytes(V2.word, "little"),
    "big": LUSTRE_MSG_MAGIC_V2.to_bytes(V2.word, "big"),
}


#: Of how many buffers a message may be, for its shape to be remembered.
MOST_BUFFERS: Final = 16
#: How many shapes are remembered, by version and byte order, before all are forgotten.
_MOST_SHAPES = 1024


class Shape:
    """Where the buffers of a message lie, in bytes from its beginning; `end` is behind the padded last one."""

    __slots__ = ("end", "lengths", "offsets")

    def __init__(self, start: int, lengths: tuple[int, ...]) -> None:
        self.lengths = lengths
        offsets = []
        for length in lengths:
            offsets.append(start)
            start += (length + 7) & ~7
        self.offsets = tuple(offsets)
        self.end = start


class Version:
    """What splitting needs to know of one container version in one byte order."""

    __slots__ = ("bufcount", "head", "header", "number", "order", "shapes", "size", "word")

    def __init__(self, head: Head, order: ByteOrder) -> None:
        self.head = head
        self.number, self.size, self.word = head.number, head.size, head.word
        self.order: ByteOrder = order
        self.header = record.bare_codec(head.cls, order).unpack
        self.shapes: dict[bytes, Shape] = {}
        self.bufcount = struct.Struct(f"{PREFIX[order]}{head.bufcount.start}x{U32.code}").unpack_from


#: What a magic says, as its bytes stand on the wire.
VERSIONS: Final = {
    head.cls().lm_magic.to_bytes(head.word, order): Version(head, order)
    for head in (V1, V2)
    for order in ("little", "big")
}
_CLASSES: dict[type, int] = {LustreMsgV1: 1, LustreMsgV2: 2}


def spans_of_lengths(order: ByteOrder) -> dict[bytes, slice]:
    """Where the buffer lengths of a message of version 2 stand, by the bytes at `BUFCOUNT`, up to `MOST_BUFFERS`."""
    counts = range(1, MOST_BUFFERS + 1)
    return {count.to_bytes(V2.word, order): slice(V2.size, V2.length_at(count)) for count in counts}


def begins_message(data: Any) -> bool:
    """Whether the magic of a lustre_msg, of either version and byte order, stands where it should."""
    return bytes(data[MAGIC]) in VERSIONS


class Parts:
    """One lustre_msg taken apart, nothing interpreted beyond the container.

    Attributes:
        version: 1 or 2, from the magic.
        order: "little" or "big", the sender's byte order, from the magic.
        header: `LustreMsgV1` or `LustreMsgV2`, with the buffer lengths; read when first asked for.
        offsets, lengths: where each buffer lies in the input, in bytes; lengths without padding.
        end: first byte after the padded last buffer.
    """

    __slots__ = ("_found", "_head", "_header", "end", "lengths", "offsets", "order", "version")

    def __init__(self, data: Any, found: Version, shape: Shape) -> None:
        self._head = data if type(data) is bytes else bytes(data[: found.size])
        self._found = found
        self._header: Any = None
        self.version = found.number
        self.order: ByteOrder = found.order
        self.lengths = shape.lengths
        self.offsets = shape.offsets
        self.end = shape.end

    @property
    def header(self) -> Any:
        if self._header is None:
            self._header = self._found.header(self._head, 0, self._found.size)
            self._header.lm_buflens = [*self.lengths]
        return self._header

    def gap(self, data: Any) -> bytes:
        """The bytes between the buffer lengths and the first buffer."""
        start = self._found.head.length_at(len(self.lengths))
        return bytes(data[start : rounded(start)])


def split(data: Any) -> Parts:
    """Take a lustre_msg apart.

    Args:
        data: any object with the buffer protocol, beginning with the message; bytes after it are left alone.

    Raises:
        TruncatedError: shorter than its header or its buffers say.
        WireError: no lustre_msg magic.
    """
    data = flat(data)
    return Parts(data, *locate(data))


def locate(data: Any) -> tuple[Version, Shape]:
    """Where the buffers of a lustre_msg are, nothing read beyond their lengths; arguments and errors as for `split`."""
    magic = data[MAGIC]
    found = VERSIONS.get(magic if type(data) is bytes else bytes(magic))
    size = len(data)
    if found is None or size < found.size:
        raise _no_header(size, bytes(magic), found)
    (count,) = found.bufcount(data)
    raw = data[found.size : found.size + found.word * count]
    if type(data) is not bytes:
        raw = bytes(raw)
    shape = found.shapes.get(raw)
    if shape is None or len(raw) != found.word * count:
        shape = _new_shape(found, count, raw, size)
    if shape.end > size:
        what = f"the buffers end at byte {shape.end}, the message at {size}"
        raise TruncatedError(what, path="lm_buflens", offset=size)
    return found, shape


def _no_header(size: int, magic: bytes, found: Version | None) -> WireError:
    if size < V2.magic.stop:
        return TruncatedError(f"expected a lustre_msg of at least {V2.magic.stop} bytes, got {size}", offset=0)
    if found is None:
        what = f"expected a lustre_msg magic, got bytes {magic.hex()}"
        return WireError(what, path="lm_magic", offset=V2.magic.start)
    return TruncatedError(f"expected a header of {found.size} bytes, got {size}", path="header", offset=0)


def _new_shape(found: Version, count: int, raw: bytes, size: int) -> Shape:
    start = found.head.first(count)
    if size < start:
        what = f"{count} buffer lengths need a header of {start} bytes, got {size}"
        raise TruncatedError(what, path="lm_buflens", offset=found.size)
    shape = Shape(start, found.head.lengths(found.order, count).unpack(raw))
    if count <= MOST_BUFFERS:
        if len(found.shapes) >= _MOST_SHAPES:
            found.shapes.clear()
        found.shapes[raw] = shape
    return shape


@checked
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
    version_of(header)
    header.lm_bufcount = len(buffers)
    header.lm_buflens = [len(b) for b in buffers]
    head = record.checked(record.codec(type(header), order), header)
    if len(head) & 7:
        head += octets(gap, "gap").ljust(8 - (len(head) & 7), b"\0")
    out = [head]
    for i, data in enumerate(buffers):
        out.append(data)
        if len(data) & 7:
            pad = paddings.get(i, b"") if paddings else b""
            out.append(pad.ljust(8 - (len(data) & 7), b"\0"))
    return b"".join(out)


def version_of(header: Any) -> int:
    """1 or 2: the container version a header belongs to.

    Raises:
        WireError: it is no header.
    """
    found = _CLASSES.get(type(header))
    if found is None:
        raise WireError(f"expected LustreMsgV1 or LustreMsgV2, got {type(header).__name__}", path="header")
    return found


@checked
def early_reply_size(body_size: int) -> int:
    """Bytes of an early reply with a ptlrpc_body of `body_size` bytes; the final reply is put behind it."""
    return V2.first(1) + rounded(body_size)


@checked
def early_reply_checksum(body: bytes, *, whole: bool = False) -> int:
    """`lm_cksum` of an early reply: CRC-32 of the ptlrpc_body as sent, preset to ones, not inverted at the end.

    Args:
        body: the ptlrpc_body buffer in the sender's byte order.
        whole: True when the request carried MSGHDR_CKSUM_INCOMPAT18: then the whole buffer counts, otherwise its
            first 88 bytes (ptlrpc/pack_generic.c: lustre_msg_calc_cksum of 1.8.9 and 2.0.0).
    """
    return zlib.crc32(octets(body)[: None if whole else EARLY_CHECKSUM_BYTES]) ^ 0xFFFFFFFF
