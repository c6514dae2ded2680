"""What opaque bytes hold: layouts, ACLs, values of keys. Recognised by what the declarations say about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Final

from lustre_wire.bounded import Bounded
from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.engines.payload import whole_value
from lustre_wire.kinds import octets
from lustre_wire.message import Message
from lustre_wire.schema.holds import Beginning, Content, Held, Parts
from lustre_wire.schema.nodes import ByteOrder, Cell, Group, Node, resolved
from lustre_wire.schema.rpc import SlotSpec
from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.union import WireUnion

#: A smaller magic occurs by chance: it counts only where the declaration of the buffer names the struct.
_LEAST_MAGIC: Final = 1 << 16
#: How many texts of opaque bytes are recalled, and of how many bytes.
_MOST_KNOWN: Final = 1024
_SHORT: Final = 512


@lru_cache(maxsize=64)
def _by_magic(dialect: Dialect, order: ByteOrder) -> list[tuple[slice, ByteOrder, dict[int, list[StructSpec]]]]:
    """The structs of a dialect that announce themselves: by where their magic stands, by the numbers there."""
    places: dict[tuple[int, int, ByteOrder], dict[int, list[StructSpec]]] = {}
    for spec in dialect.with_magic:
        for field in spec.fields:
            if field.magic and min(field.magic) >= _LEAST_MAGIC:
                place = field.offset, field.offset + field.size, resolved(spec.order, order)
                for number in field.magic:
                    places.setdefault(place, {}).setdefault(number, []).append(spec)
    return [(slice(start, end), own, numbers) for (start, end, own), numbers in places.items()]


def has_magic(spec: StructSpec, field: FieldSpec, data: bytes, order: ByteOrder) -> bool:
    """Whether bytes that are long enough for a struct have one of its magics in `field`."""
    number = int.from_bytes(data[field.offset : field.offset + field.size], resolved(spec.order, order))
    return len(data) >= spec.size and number in field.magic


def _read_all(spec: StructSpec, data: bytes, order: ByteOrder) -> Any:
    """A struct that takes all of `data` but zeroes at its end, or None."""
    made: Any = record.unpack(spec.cls, data, byteorder=order)
    whole = record.pack(made, byteorder=order)
    spans = _spans(made)
    if spans:
        fits = all(len(whole) <= span.start <= span.stop <= len(data) for span in spans)
    else:
        fits = not data[len(whole) :].strip(b"\0")
    return made if fits and data[: len(whole)] == whole else None


def _spans(value: Any) -> list[slice]:
    """Where the pieces lie that a struct says the places of (`Pieces`)."""
    field = spec_of(value).says_pieces
    if field is None or field.pieces is None:
        return []
    said = field.pieces
    starts = [(getattr(one, said.offset), getattr(one, said.size)) for one in getattr(value, field.name)]
    return [slice(start, start + size) for start, size in starts]


@dataclass(slots=True)
class Piece:
    """Bytes within opaque bytes, and what they are: a node and its value, or None. `name` where it has one."""

    data: bytes
    found: tuple[Node, Any] | None
    name: bytes = b""


@dataclass(slots=True)
class Inside:
    """What a buffer of opaque bytes holds: what it is as a whole, and the pieces it consists of, as far as is known."""

    found: tuple[Node, Any] | None
    pieces: tuple[Piece, ...] = ()


def held_in(slot: SlotSpec, message: Message) -> Held:
    """What a buffer may hold in its message."""
    return slot.held_beside(message.buffers, message.asked.buffers if message.asked is not None else None)


def parts_of(slot: SlotSpec, data: bytes, message: Message) -> tuple[Piece, ...]:
    """The values that a buffer holds one behind the other, where others say so (`Parts`)."""
    assert isinstance(slot.held, Parts)
    dialect, order = message.dialect, message.order
    parts = slot.held.of_buffers(message.buffers, data)
    return tuple(Piece(part, holding(held, part, dialect, order), name) for name, held, part in parts)


def bytes_in(value: Any) -> bytes:
    """The bytes of a buffer that is to be looked into (`SlotSpec.looked_into`)."""
    return value.raw if isinstance(value, WireUnion) else octets(value)


def inside(slot: SlotSpec, data: bytes, message: Message) -> Inside | None:
    """What a buffer holds in its message, None where nobody knows.

    Args:
        slot: one that is to be looked into; `data` are its bytes.
    """
    if isinstance(slot.held, Parts):
        parts = parts_of(slot, data, message)
        return Inside(None, parts) if parts else None
    return inside_of(held_in(slot, message), data, message.dialect, message.order)


def inside_of(held: Held, data: bytes, dialect: Dialect, order: ByteOrder) -> Inside | None:
    """The same of bytes that may be `held`."""
    found = holding(held, data, dialect, order)
    return Inside(found, pieces(found[1], held, data, dialect, order)) if found is not None else None


def pieces(value: Any, held: Held, data: bytes, dialect: Dialect, order: ByteOrder) -> tuple[Piece, ...]:
    """What the pieces are that a struct says the places of, in its order.

    Args:
        value: the struct, as `holding` found it in `data` beside `held`. Pieces of a piece are not looked for.
    """
    parts = [data[span] for span in _spans(value)] if hasattr(value, "__wire__") else []
    return tuple(Piece(part, holding(held, part, dialect, order)) for part in parts)


def recognise(data: bytes, dialect: Dialect, order: ByteOrder) -> Any:
    """The wire struct that opaque bytes are by their magic and length, or None."""
    for place, own, numbers in _by_magic(dialect, order):
        for spec in numbers.get(int.from_bytes(data[place], own), ()):
            made = _read_all(spec, data, order) if len(data) >= spec.size else None
            if made is not None:
                return made
    return None


def _as_declared(spec: StructSpec, data: bytes, order: ByteOrder) -> Any:
    magic = next((f for f in spec.fields if f.magic), None)
    if len(data) < spec.size or (magic is not None and not has_magic(spec, magic, data, order)):
        return None
    return _read_all(spec, data, order)


def recalled(tell: Callable[[Held, bytes, Dialect, ByteOrder], str]) -> Callable[..., str]:
    """What tells the text of opaque bytes, each short one once: layouts and intents come again and again."""
    known: Bounded[tuple[Any, ...], tuple[Any, str]] = Bounded(_MOST_KNOWN)

    @wraps(tell)
    def recall(held: Held, data: bytes, dialect: Dialect, order: ByteOrder) -> str:
        if len(data) > _SHORT:
            return tell(held, data, dialect, order)
        key = id(held), data, dialect, order
        found = known.get(key)
        if found is None:
            found = held, tell(held, data, dialect, order)  # with `held`, so that nothing else gets its id
            known.keep(key, found)
        return found[1]

    return recall


def holding(held: Held, data: bytes, dialect: Dialect, order: ByteOrder) -> tuple[Node, Any] | None:
    """What opaque bytes are, as a node and its value, or None.

    Args:
        held: what its slot says that the buffer may hold (`SlotSpec.held_beside`), before any magic is looked for.
            Records are for whoever reads them (`payloads.inside`).
    """
    if isinstance(held, Content):
        return None
    if isinstance(held, Beginning):
        node = held.node
        assert isinstance(node, Group)
        return (node, whole_value(node, data[: node.width], order)) if len(data) >= node.width else None
    for node in held if isinstance(held, tuple) else ():
        if isinstance(node, Group):
            made = _as_declared(spec_of(node.cls), data, order)
            if made is not None:
                return node, made
        elif isinstance(node, Cell) and (len(data) == node.width if node.width else node.kind.torn(data)[1] == b""):
            return node, whole_value(node, data, order)
    found = recognise(data, dialect, order)
    return (spec_of(found).alone, found) if found is not None else None
