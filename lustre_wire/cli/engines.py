"""One message through every engine: what `verify` checks.

The record engine decoded the message; the reference engine must give the same values and both must write the same
bytes, the bulk engine must give the same columns and pack them to the same bytes, and the message must come back from
its own encoding and from its JSON form byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import lustre_wire.bulk as bulk
from lustre_wire.engines import record, reference
from lustre_wire.engines.payload import codec
from lustre_wire.frames import lustre_msg
from lustre_wire.jsonform import from_json, to_json
from lustre_wire.rpc import Generic, Message, encode
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of


def findings(message: Message, data: bytes) -> list[str]:
    """What differs between the engines, one line each; empty when all agree.

    Args:
        data: the bytes `message` was decoded from.
    """
    found = []
    written = encode(message)
    if written != data:
        found.append(f"encode: {_difference(written, data)}")
    again = encode(from_json(json.loads(json.dumps(to_json(message)))))
    if again != data:
        found.append(f"JSON: {_difference(again, data)}")
    for name, cls, piece in structs_in(message, data):
        found += [f"{name}: {fault}" for fault in _struct_findings(cls, piece, message.order)]
    return found


def _difference(got: bytes, wanted: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), min(len(got), len(wanted)))
    return f"{len(got)} bytes for {len(wanted)}, the first other one at byte {at}"


def structs_in(message: Message, data: bytes) -> Iterator[tuple[str, type, bytes]]:
    """(name, class, bytes) of every wire struct at a buffer's beginning, the header and ptlrpc_body included."""
    parts = lustre_msg.split(data)
    head = lustre_msg.V1 if parts.version == 1 else lustre_msg.V2
    yield spec_of(head.cls).name, head.cls, data[: head.length_at(len(parts.lengths))]
    pieces = [data[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)]
    if message.body is not None:
        yield from _whole(message.body.__wire__.name, type(message.body), pieces.pop(0))
    if isinstance(message.buffers, Generic):
        return
    slots = codec(type(message.buffers), message.order).places(message.buffers)
    for slot, piece in zip(slots, pieces, strict=False):
        if slot.struct is not None:
            yield from _whole(slot.name, slot.struct, piece)
        elif slot.structs is not None:
            size = spec_of(slot.structs).size
            for i in range(len(piece) // size):
                yield f"{slot.name}[{i}]", slot.structs, piece[i * size : (i + 1) * size]


def _whole(name: str, cls: Any, piece: bytes) -> Iterator[tuple[str, type, bytes]]:
    spec = cls.__wire__
    if len(piece) >= spec.size:
        yield name, cls, piece if spec.tail is not None else piece[: spec.size]


def _struct_findings(cls: Any, piece: bytes, order: ByteOrder) -> Iterator[str]:
    by_record = record.unpack(cls, piece, byteorder=order)
    by_reference = reference.unpack(cls, piece, byteorder=order)
    if by_record != by_reference:
        yield "record and reference engine give other values"
    written = record.pack(by_record, byteorder=order)
    if piece[: len(written)] != written:
        yield f"record engine: {_difference(written, piece)}"
    if reference.pack(by_reference, byteorder=order) != written:
        yield "record and reference engine write other bytes"
    yield from _bulk_findings(cls, piece[: cls.__wire__.size], by_record, order)


def _bulk_findings(cls: Any, piece: bytes, by_record: Any, order: ByteOrder) -> Iterator[str]:
    columns = bulk.unpack(cls, piece, byteorder=order)
    for name in columns:
        value = _dotted(by_record, name)
        if isinstance(value, int) and columns[name][0] != value:
            yield f"bulk engine: column {name} holds {columns[name][0]}, not {value}"
    packed = bytes(bulk.pack(cls, columns, byteorder=order))
    if packed != piece:
        yield f"bulk engine: {_difference(packed, piece)}"


def _dotted(obj: Any, name: str) -> Any:
    """The value a column's name stands for; None where it is no plain attribute."""
    for part in name.split("."):
        obj = getattr(obj, part, None)
    return obj
