"""Wire structs in payloads: the byte order their writer had, and structs that are the whole of some bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from lustre_wire import embedded
from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.schema.nodes import ByteOrder, resolved
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.schema.struct import field_at, spec_of

OTHER: Final[dict[ByteOrder, ByteOrder]] = {"little": "big", "big": "little"}


def round8(size: int) -> int:
    """`size` rounded up to the 8 bytes that buffers and records are made of."""
    return size + 7 & ~7


def struct_of(dialect: Dialect, name: str) -> Any:
    """A dialect's struct by its C name.

    Raises:
        WireError: it has none of that name.
    """
    if name not in dialect.structs:
        raise WireError(f"no struct {name[:64]!r}", dialect=dialect.name)
    return dialect.structs[name]


def head_at(data: bytes, at: int, name: str, dialect: Dialect, order: ByteOrder) -> tuple[Any, int]:
    """A struct at offset `at` of `data`, without its flexible end, and where it ends.

    Raises:
        TruncatedError: `data` ends before it.
        WireError: the dialect has no such struct.
    """
    cls = struct_of(dialect, name)
    size = int(spec_of(cls).size)
    if len(data) - at < size:
        raise TruncatedError(f"expected {size} bytes of {name}, got {len(data) - at}", path=name, offset=at)
    return unpack(cls, data[at : at + size], order), at + size


@cache
def place(cls: Any, path: str) -> tuple[int, int]:
    """Offset and size in bytes of a field, nested ones as ``"llh_hdr.lrh_type"``."""
    offset, field = field_at(cls, path)
    return offset, field.size


def offset_in(obj: Any, path: str) -> int:
    """Offset in bytes of a field in a struct, nested ones as for `place`."""
    cls: Any = type(obj)
    return place(cls, path)[0]


def peek(cls: Any, path: str, data: Any, order: ByteOrder, at: int = 0) -> int:
    """One number of a struct at offset `at` of `data`, without reading the rest of it.

    Raises:
        TruncatedError: `data` ends before it.
    """
    offset, size = place(cls, path)
    found = bytes(data[at + offset : at + offset + size])
    if len(found) < size:
        raise TruncatedError(f"expected {size} bytes, got {len(found)}", path=path, offset=at + offset)
    return int.from_bytes(found, order)


def order_of(cls: Any, path: str, magic: int, data: Any) -> ByteOrder:
    """The byte order in which a struct has its magic.

    Raises:
        WireError: neither byte order gives it.
    """
    for order in OTHER:
        if peek(cls, path, data, order) == magic:
            return order
    size = place(cls, path)[1]
    found = peek(cls, path, data, "little")
    raise WireError(f"expected {magic:#0{2 * size + 2}x} in either byte order, got {found:#x}", path=path, offset=0)


def formats_inside(of: Dialect, name: str) -> Mapping[int, RpcFormat]:
    """The formats of what travels inside of a message, by its numbers; none where the dialect has no such message."""
    around = of.rpcs.get(name)
    return of.inside.get(around.opcode, {}) if around is not None else {}


def unpack(cls: Any, data: Any, order: ByteOrder, at: int = 0, end: int | None = None, *, told: bool = False) -> Any:
    """A struct in the byte order of whoever wrote it, whether or not Lustre swaps it on the wire.

    A flexible tail reaches to `end`, or to the end of `data`. `told`: `order` was seen in the bytes themselves, and
    stands above a byte order that the struct's declaration fixes.

    Raises:
        TruncatedError: fewer bytes than the struct's size.
    """
    codec = record.nested_codec(cls, order if told else _read_order(cls, order))
    stop = len(data) if end is None else min(end, len(data))
    if stop - at < codec.size:
        missing = f"expected {codec.size} bytes, got {max(0, stop - at)}"
        raise TruncatedError(missing, path=spec_of(cls).name, offset=at)
    return codec.unpack(data, at, stop)


def pack(obj: Any, order: ByteOrder, *, told: bool = False) -> bytes:
    """The bytes of a struct in a byte order; `told` as in `unpack`.

    Raises:
        WireError: a value that does not fit its field.
    """
    cls = type(obj)
    return record.checked(record.nested_codec(cls, order if told else _read_order(cls, order)), obj)


def _read_order(cls: Any, order: ByteOrder) -> ByteOrder:
    return resolved(spec_of(cls).order, order)


def exactly(cls: Any, data: bytes, order: ByteOrder) -> Any:
    """The struct that is the whole of `data`, up to zeroes that round it up to 8 bytes; or None."""
    if len(data) < spec_of(cls).size:
        return None
    made = unpack(cls, data, order)
    return made if rounded(made, order) == data or pack(made, order) == data else None


def rounded(obj: Any, order: ByteOrder) -> bytes:
    """The bytes of a struct, filled up with zeroes to a multiple of 8."""
    data = pack(obj, order)
    return data.ljust(round8(len(data)), b"\0")


def has_magic(cls: Any, data: bytes, order: ByteOrder) -> bool:
    """Whether `data` has the number that structs of this kind announce themselves by; True for structs without one."""
    spec = spec_of(cls)
    field = next((f for f in spec.fields if f.magic), None)
    return field is None or embedded.has_magic(spec, field, data, order)


def expect(obj: Any, *names: str) -> None:
    """Refuse what is not a wire struct of one of these C names.

    Raises:
        WireError: it is something else.
    """
    found = spec_of(obj).name
    if found not in names:
        raise WireError(f"expected {' or '.join(names)}, got {found}")


def encoded(text: str, path: str = "") -> bytes:
    """The bytes of a text, as `text` reads them.

    Raises:
        WireError: a character that no bytes stand for.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise WireError(f"expected text: {error.reason}", path=path) from None


def text(data: bytes) -> str:
    """Characters up to the first NUL; bytes that are no UTF-8 as lone surrogates."""
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
