"""The same work done by other libraries: one whole request, read and written by construct and by msgspec.

construct gets the definitions of the reference engine, put together to one definition of the whole message: container
header, buffer lengths, ptlrpc_body and buffers with their padding. msgspec gets an equal object, every field with the
same value, in MessagePack.
"""

from __future__ import annotations

from typing import Any

import construct as cs
import msgspec

import lustre_wire as lw
from lustre_wire.engines import reference
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.schema.rpc import Blob, Text
from lustre_wire.schema.types import Array, Chars, Flex, Hole, Raw, Scalar, Struct, as_type


def header() -> Any:
    """The container header with its buffer lengths and the padding behind them."""
    count = cs.this.lm_bufcount
    fields = [field for field in reference.struct(LustreMsgV2).subcons if field.name != "lm_buflens"]
    return cs.Struct(*fields, "lm_buflens" / cs.Array(count, cs.Int32ul), cs.Padding(lambda c: 4 * (c.lm_bufcount & 1)))


def message(side: Any, body: Any, lengths: list[int]) -> Any:
    """One construct definition of a whole message whose buffers are those of `side`."""
    parts = ["header" / header(), "ptlrpc_body" / reference.struct(body)]
    for slot in side.__slot_specs__:
        length = lengths[slot.index] if slot.index < len(lengths) else 0
        if isinstance(slot.type, Struct) and length:
            inner = reference.struct(slot.type.cls)
            if slot.type.cls.__wire__.tail is not None:
                inner = cs.FixedSized(length, inner)
            parts.append(slot.name / cs.Aligned(8, inner))
        elif isinstance(slot.type, (Text, Blob)) and length:
            size = lambda context, i=slot.index: context.header.lm_buflens[i]  # noqa: E731
            parts.append(slot.name / cs.Aligned(8, cs.Bytes(size)))
    return cs.Struct(*parts)


def _plain_type(kind: Any) -> Any:
    if isinstance(kind, Scalar):
        return int
    if isinstance(kind, (Raw, Chars, Hole)):
        return bytes
    if isinstance(kind, (Array, Flex)):
        return list[_plain_type(as_type(kind.element))]  # type: ignore[misc]
    return struct_type(kind.cls)


_types: dict[Any, Any] = {}


def struct_type(cls: Any) -> Any:
    """A msgspec.Struct with the fields of a wire struct; a union is its bytes."""
    spec = cls.__wire__
    if spec.is_union:
        return bytes
    if cls not in _types:
        fields = [(f.name, _plain_type(f.type)) for f in spec.fields]
        _types[cls] = msgspec.defstruct(cls.__name__, fields, array_like=True)
    return _types[cls]


def _plain(kind: Any, value: Any) -> Any:
    if isinstance(kind, Struct):
        return value.raw if kind.cls.__wire__.is_union else plain(value)
    if isinstance(kind, (Array, Flex)) and not isinstance(value, bytes):
        return [_plain(as_type(kind.element), v) for v in value]
    return int(value) if isinstance(kind, Scalar) else value


def plain(obj: Any) -> Any:
    """The msgspec.Struct equal to a wire struct."""
    return struct_type(type(obj))(*(_plain(f.type, getattr(obj, f.name)) for f in obj.__wire__.fields))


def same_for_msgspec(found: lw.Message) -> tuple[Any, Any]:
    """(type, object): the whole message as one msgspec.Struct."""
    values = {"header": plain(found.header), "ptlrpc_body": plain(found.body)}
    for slot in found.buffers.__slot_specs__:
        value = getattr(found.buffers, slot.name)
        values[slot.name] = plain(value) if hasattr(value, "__wire__") else value
    fields = [(name, type(value) if value is not None else type(None)) for name, value in values.items()]
    made = msgspec.defstruct("Message", fields, array_like=True)
    return made, made(**values)
