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
from lustre_wire.schema.nodes import Cell, Form, Overlap, Repeat


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
        if slot.struct is not None and length:
            inner = reference.struct(slot.struct)
            if slot.node.tail is not None:
                inner = cs.FixedSized(length, inner)
            parts.append(slot.name / cs.Aligned(8, inner))
        elif slot.string and length:
            size = lambda context, i=slot.index: context.header.lm_buflens[i]  # noqa: E731
            parts.append(slot.name / cs.Aligned(8, cs.Bytes(size)))
    return cs.Struct(*parts)


def _plain_type(node: Any) -> Any:
    if isinstance(node, Cell):
        return int if node.form is Form.NUMBER else bytes
    if isinstance(node, Repeat):
        return list[_plain_type(node.node)]  # type: ignore[misc]
    return struct_type(node.cls)


_types: dict[Any, Any] = {}


def struct_type(cls: Any) -> Any:
    """A msgspec.Struct with the fields of a wire struct; a union is its bytes."""
    spec = cls.__wire__
    if spec.is_union:
        return bytes
    if cls not in _types:
        fields = [(node.name, _plain_type(node)) for node in spec.node.members]
        _types[cls] = msgspec.defstruct(cls.__name__, fields, array_like=True)
    return _types[cls]


def _plain(node: Any, value: Any) -> Any:
    if isinstance(node, Cell):
        return int(value) if node.form is Form.NUMBER else value
    if isinstance(node, Repeat):
        return value if node.joined else [_plain(node.node, v) for v in value]
    return value.raw if isinstance(node, Overlap) else plain(value)


def plain(obj: Any) -> Any:
    """The msgspec.Struct equal to a wire struct."""
    return struct_type(type(obj))(*(_plain(node, getattr(obj, node.name)) for node in obj.__wire__.node.members))


def same_for_msgspec(found: lw.Message) -> tuple[Any, Any]:
    """(type, object): the whole message as one msgspec.Struct."""
    values = {"header": plain(found.header), "ptlrpc_body": plain(found.body)}
    for slot in found.buffers.__slot_specs__:
        value = getattr(found.buffers, slot.name)
        values[slot.name] = plain(value) if hasattr(value, "__wire__") else value
    fields = [(name, type(value) if value is not None else type(None)) for name, value in values.items()]
    made = msgspec.defstruct("Message", fields, array_like=True)
    return made, made(**values)
