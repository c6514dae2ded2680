"""The record engine: one wire struct to a Python object and back, for every single-message decode and encode.

For each class and byte order straight-line Python is generated once (see `straightline`) and kept.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lustre_wire.engines.straightline import PREFIX, ByteOrder, Generator, effective_order
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import flat
from lustre_wire.schema.struct import StructSpec, spec_of
from lustre_wire.schema.types import Scalar, Struct

_T = TypeVar("_T")


@dataclass(frozen=True)
class Codec:
    """The generated functions of one class in one byte order.

    `unpack(buffer, offset, end)` makes an object of the `size` bytes at `offset` (the caller has checked that they lie
    before `end`) and of as many elements of a flexible tail as fit before `end`. `pack(object)` gives the bytes.
    """

    cls: type
    size: int
    unpack: Callable[[Any, int, int], Any]
    pack: Callable[[Any], bytes]
    flexible: bool


_codecs: dict[tuple[type, str], Codec] = {}


def nested_codec(cls: type, order: ByteOrder) -> Codec:
    """The codec of a struct inside another one, where its own lack of a swab function does not count."""
    found = _codecs.get((cls, order))
    if found is None:
        spec = spec_of(cls)
        if spec.is_union:
            raise WireError("a union is read with its outer struct, which says what member counts", path=spec.name)
        unpack, pack = Generator(spec, order, nested_codec).compile()
        found = _codecs[cls, order] = Codec(cls, spec.size, unpack, pack, spec.tail is not None)
    return found


def bare_codec(cls: type, order: ByteOrder) -> Codec:
    """The codec of a struct's fixed part: of a flexible tail it reads and writes the elements that are always there."""
    spec = spec_of(cls)
    return Codec(cls, spec.size, *Generator(spec, order, nested_codec, fixed=True).compile(), flexible=False)


def codec(cls: type, order: ByteOrder) -> Codec:
    """The codec of a struct that stands alone in a buffer of a message with byte order `order`.

    A struct whose format fixes its byte order is read in that; one without a swab function stays as sent, which a
    little-endian receiver reads as little-endian.

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    return nested_codec(cls, standing_order(cls, order))


def standing_order(cls: type, order: ByteOrder) -> ByteOrder:
    """Byte order of a struct that stands alone in a buffer of a message with byte order `order`."""
    spec = spec_of(cls)
    return effective_order(spec, not spec.swab, order)


def unpack(cls: type[_T], data: Any, *, byteorder: ByteOrder = "little", offset: int = 0) -> _T:
    """One wire struct from bytes.

    Args:
        cls: a class made by `wire_struct`.
        data: any object with the buffer protocol.
        byteorder: the sender's byte order.
        offset: where the struct begins, in bytes; a flexible tail extends to the end of `data`.

    Raises:
        TruncatedError: fewer bytes than the struct's size.
    """
    functions = _codec_for(cls, byteorder)
    data = flat(data)
    end = len(data)
    if not isinstance(offset, int):
        raise WireError(f"expected a number, got {type(offset).__name__}", path="offset")
    if offset < 0 or end - offset < functions.size:
        raise TruncatedError(
            f"expected {functions.size} bytes, got {max(0, end - offset)}", path=spec_of(cls).name, offset=offset
        )
    made: _T = functions.unpack(data, offset, end)
    return made


def pack(obj: Any, *, byteorder: ByteOrder = "little") -> bytes:
    """The bytes of one wire struct.

    Raises:
        WireError: a value that does not fit its field; `path` names the field.
    """
    return checked(_codec_for(type(obj), byteorder), obj)


def _codec_for(cls: type, byteorder: ByteOrder) -> Codec:
    try:
        return codec(cls, byteorder)
    except (KeyError, TypeError, ValueError):
        if not isinstance(byteorder, str) or byteorder not in PREFIX:
            raise WireError("expected byte order little or big", path="byteorder") from None
        raise


def checked(functions: Codec, obj: Any) -> bytes:
    """Pack, and say which field is at fault where that fails."""
    try:
        return functions.pack(obj)
    except WireError as error:
        raise error.within(spec_of(functions.cls).name) from None
    except (struct.error, AttributeError, TypeError, ValueError, OverflowError) as error:
        path = fault(spec_of(functions.cls), obj) or spec_of(functions.cls).name
        raise WireError(str(error), path=path) from None


def fault(spec: StructSpec, obj: Any) -> str:
    """Path of the first field whose value cannot be encoded, or ""."""
    if not isinstance(obj, spec.cls):
        return spec.name
    for field in spec.fields:
        value = getattr(obj, field.name, None)
        where = f"{spec.name}.{field.name}"
        if isinstance(field.type, Struct):
            inner = "" if field.type.cls.__wire__.is_union else fault(field.type.cls.__wire__, value)
            if inner:
                return where + inner[len(field.type.cls.__wire__.name) :]
        elif isinstance(field.type, Scalar) and not _fits(value, field.type):
            return where
    return ""


def _fits(value: Any, kind: Scalar) -> bool:
    low, high = kind.bounds
    return isinstance(value, int) and low <= value <= high
