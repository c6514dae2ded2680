"""What opaque bytes hold: layouts, ACLs, values of keys. Recognised by what the declarations say about them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.engines.payload import whole_value
from lustre_wire.schema.nodes import ByteOrder, Cell, Group, Node, resolved
from lustre_wire.schema.rpc import Chosen, SlotSpec
from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of

_LONGEST_KEY: Final = 64
#: A smaller magic occurs by chance: it counts only where the declaration of the buffer names the struct.
_LEAST_MAGIC: Final = 1 << 16


@lru_cache(maxsize=64)
def _by_magic(dialect: Dialect) -> tuple[tuple[StructSpec, FieldSpec], ...]:
    """The structs of a dialect that announce themselves."""
    specs = [spec_of(cls) for cls in dialect.structs.values()]
    marked = ((spec, field) for spec in specs for field in spec.fields)
    return tuple((spec, field) for spec, field in marked if field.magic and min(field.magic) >= _LEAST_MAGIC)


def has_magic(spec: StructSpec, field: FieldSpec, data: bytes, order: ByteOrder) -> bool:
    """Whether bytes that are long enough for a struct have one of its magics in `field`."""
    number = int.from_bytes(data[field.offset : field.offset + field.size], resolved(spec.order, order))
    return len(data) >= spec.size and number in field.magic


def _read_all(spec: StructSpec, data: bytes, order: ByteOrder) -> Any:
    """A struct that takes all of `data` but zeroes at its end, or None."""
    made: Any = record.unpack(spec.cls, data, byteorder=order)
    whole = record.pack(made, byteorder=order)
    return made if data[: len(whole)] == whole and not data[len(whole) :].strip(b"\0") else None


def recognise(data: bytes, dialect: Dialect, order: ByteOrder) -> Any:
    """The wire struct that opaque bytes are by their magic and length, or None."""
    for spec, field in _by_magic(dialect):
        if has_magic(spec, field, data, order):
            made = _read_all(spec, data, order)
            if made is not None:
                return made
    return None


def _as_declared(spec: StructSpec, data: bytes, order: ByteOrder) -> Any:
    magic = next((f for f in spec.fields if f.magic), None)
    if len(data) < spec.size or (magic is not None and not has_magic(spec, magic, data, order)):
        return None
    return _read_all(spec, data, order)


def holding(slot: SlotSpec, data: bytes, buffers: Any, dialect: Dialect, order: ByteOrder) -> tuple[Node, Any] | None:
    """What an opaque buffer holds, as a node and its value, or None.

    Args:
        slot: the buffer's declaration, which may say what it holds and which other buffer decides.
        buffers: the message's other buffers.
    """
    held = slot.held
    if isinstance(held, Chosen):
        by = getattr(buffers, held.by)
        key = bytes(by[:_LONGEST_KEY]).split(b"\0", 1)[0] if isinstance(by, (bytes, bytearray)) else b""
        held = held.nodes.get(key.decode("latin-1"))
    if isinstance(held, Group):
        made = _as_declared(spec_of(held.cls), data, order)
        if made is not None:
            return held, made
    elif isinstance(held, Cell) and len(data) == held.width:
        return held, whole_value(held, data, order)
    found = recognise(data, dialect, order)
    return (spec_of(found).alone, found) if found is not None else None
