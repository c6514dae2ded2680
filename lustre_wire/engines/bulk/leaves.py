"""What of a wire struct becomes a column: its *leaves*, with the pieces of a row that each is made of.

Nested structs are spread out under dotted names (``fid1.f_seq``). An integer becomes a typed column, an array one with
more than one dimension; bytes (`Raw`, `Chars`, holes, foreign fields) and unions become (rows, n) columns of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

from lustre_wire.engines.straightline import ByteOrder, effective_order
from lustre_wire.errors import SchemaError
from lustre_wire.schema.struct import StructSpec, spec_of
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Hole, Raw, Scalar, Struct, as_type

#: Repetitions around a field: (count, bytes from one to the next).
Dims = tuple[tuple[int, int], ...]
#: How to reach a leaf from the object: attribute names, None for "each element of this list".
Steps = tuple[str | None, ...]


@dataclass(frozen=True)
class Piece:
    """Part of a leaf that is moved alike. Offsets and sizes in bytes; `order` is None for bytes that have none."""

    offset: int
    width: int
    order: ByteOrder | None
    dims: Dims
    within: int = 0


@dataclass(frozen=True)
class Leaf:
    """One column: `code` is the `struct` module's format character of an element, `shape` that of one row."""

    name: str
    steps: Steps
    offset: int
    code: str
    itemsize: int
    shape: tuple[int, ...]
    pieces: tuple[Piece, ...]
    member: bool = False

    @cached_property
    def pitch(self) -> int:
        """Bytes of one row of the column."""
        return self.itemsize * prod(self.shape)


def _walk(kind: FieldType, name: str, steps: Steps, at: int, order: ByteOrder, dims: Dims) -> Iterator[Leaf]:
    if not kind.size:  # a flexible tail, or the empty union of one of Lustre's structs
        return
    counts = tuple(count for count, _ in dims)
    if isinstance(kind, Scalar):
        piece = Piece(at, kind.size, "little" if kind.opaque else order, dims)
        yield Leaf(name, steps, at, kind.code, kind.size, counts, (piece,))
    elif isinstance(kind, (Raw, Chars, Hole, Foreign)):
        yield Leaf(name, steps, at, "B", 1, (*counts, kind.size), (Piece(at, kind.size, None, dims),))
    elif isinstance(kind, Struct):
        spec: StructSpec = kind.cls.__wire__
        inner = effective_order(spec, kind.opaque, order)
        yield from (_union if spec.is_union else _fields)(spec, name, steps, at, inner, dims)
    elif isinstance(kind, (Array, Flex)):
        element = as_type(kind.element)
        count = kind.count if isinstance(kind, Array) else kind.minimum
        if isinstance(kind, Flex) and kind.count:
            raise SchemaError("a counted array with a minimum cannot be a column", path=name)
        if isinstance(kind, Flex) and isinstance(element, (Raw, Chars)):
            raise SchemaError("flexible bytes with a minimum cannot be a column", path=name)
        yield from _walk(element, name, (*steps, None), at, order, (*dims, (count, element.size)))
    else:
        raise SchemaError(f"{type(kind).__name__} cannot be a column", path=name)


def _fields(spec: StructSpec, name: str, steps: Steps, at: int, order: ByteOrder, dims: Dims) -> Iterator[Leaf]:
    for field in spec.fields:
        inner = f"{name}.{field.name}" if name else field.name
        yield from _walk(field.type, inner, (*steps, field.name), at + field.offset, order, dims)


def _union(spec: StructSpec, name: str, steps: Steps, at: int, order: ByteOrder, dims: Dims) -> Iterator[Leaf]:
    """The bytes as a little-endian sender writes them, then the members' fields, which are columns when asked for."""
    swapped: dict[int, Piece] = {}
    if order == "big" and spec.swab_as is not None:
        for leaf in _walk(spec.by_name[spec.swab_as].type, "", (), 0, order, ()):
            for piece in leaf.pieces:
                for offset in _spread(piece):
                    if piece.order == "big" and piece.width > 1:
                        swapped[offset] = Piece(at + offset, piece.width, "big", dims, offset)
    counts = tuple(count for count, _ in dims)
    whole = Piece(at, spec.size, None, dims)
    yield Leaf(name, (*steps, "raw"), at, "B", 1, (*counts, spec.size), (whole, *swapped.values()))
    for member in spec.fields:
        for leaf in _walk(member.type, f"{name}.{member.name}", (*steps, member.name), 0, "little", ()):
            found = _member_order(leaf, swapped)
            if found is not None and not leaf.shape and not dims:
                piece = Piece(at + leaf.offset, leaf.itemsize, found, dims)
                yield Leaf(leaf.name, leaf.steps, at + leaf.offset, leaf.code, leaf.itemsize, (), (piece,), member=True)


def _member_order(leaf: Leaf, swapped: dict[int, Piece]) -> ByteOrder | None:
    """Byte order of a union member's integer; None where the union's swab does not turn exactly this integer."""
    touched = [o for o, p in swapped.items() if o < leaf.offset + leaf.itemsize and leaf.offset < o + p.width]
    if not touched:
        return "little"
    return "big" if touched == [leaf.offset] and swapped[leaf.offset].width == leaf.itemsize else None


def _spread(piece: Piece) -> Iterator[int]:
    """Offset of each element of a piece."""
    offsets = [piece.offset]
    for count, step in piece.dims:
        offsets = [o + i * step for o in offsets for i in range(count)]
    return iter(offsets)


@lru_cache(maxsize=2048)
def all_leaves(cls: type, order: ByteOrder) -> tuple[Leaf, ...]:
    """Every leaf of a struct that stands alone in a message of byte order `order`, union members' fields included.

    Raises:
        SchemaError: no wire struct, a union, or a field that cannot be a column.
    """
    spec = spec_of(cls)
    if spec.is_union:
        raise SchemaError("a union has no columns of its own: name the struct that holds it", path=spec.name)
    return tuple(_fields(spec, "", (), 0, effective_order(spec, not spec.swab, order), ()))


class Table:
    """Some leaves of one struct in one byte order: what a set of columns is. Made once, compared by identity.

    Attributes:
        leaves: the columns, in order.
        numbers: their places by name.
        size: bytes of a row.
        whole: whether the columns say every byte of a row.
        plans: what engines compile from it.
    """

    __slots__ = ("cls", "leaves", "numbers", "order", "plans", "size", "whole")

    def __init__(self, cls: type | None, order: ByteOrder, leaves: tuple[Leaf, ...], size: int) -> None:
        self.cls = cls
        self.order: ByteOrder = order
        self.leaves = leaves
        self.numbers = {leaf.name: number for number, leaf in enumerate(leaves)}
        self.size = size
        self.whole = sum(leaf.pitch for leaf in leaves if not leaf.member) == size
        self.plans: dict[str, Any] = {}

    @property
    def path(self) -> str:
        """The struct's C name, for errors."""
        return spec_of(self.cls).name if self.cls is not None else ""


@lru_cache(maxsize=2048)
def table(cls: type, order: ByteOrder, fields: tuple[str, ...] | None) -> Table:
    """The leaves that `fields` names, in that order; a struct's name stands for all its fields; None for everything.

    Raises:
        SchemaError: no field of that name.
    """
    leaves, size = all_leaves(cls, order), spec_of(cls).size
    if fields is None:
        return Table(cls, order, tuple(leaf for leaf in leaves if not leaf.member), size)
    found: dict[str, Leaf] = {}
    for name in fields:
        here = [leaf for leaf in leaves if leaf.name == name]
        here = here or [leaf for leaf in leaves if leaf.name.startswith(f"{name}.") and not leaf.member]
        if not here:
            raise SchemaError(f"no column {name!r}", path=spec_of(cls).name)
        found.update({leaf.name: leaf for leaf in here})
    return Table(cls, order, tuple(found.values()), size)


def leaves_of(kind: FieldType, name: str, order: ByteOrder) -> tuple[Leaf, ...]:
    """The leaves of a type that fills a buffer called `name`."""
    return tuple(_walk(kind, name, (name,), 0, order, ()))


@dataclass(frozen=True)
class Tail:
    """A flexible array: its element, and where the number of elements stands (None: as many as there are bytes)."""

    element: FieldType
    opaque: bool
    count_at: int | None = None
    count: Scalar | None = None


def swapped(kind: FieldType, *, alone: bool = False) -> list[tuple[int, int]]:
    """(offset, width) of each integer that a receiver of the other byte order swaps, within the type's own size.

    Args:
        kind: a scalar or a wire struct.
        alone: the type fills a buffer by itself, where a struct without a swab function stays as sent.
    """
    if alone and isinstance(kind, Struct) and not kind.cls.__wire__.swab:
        return []
    found: dict[ByteOrder, set[tuple[int, int]]] = {}
    for order in ("little", "big"):
        leaves = [leaf for leaf in _walk(kind, "", (), 0, order, ()) if not leaf.member]
        pieces = [piece for leaf in leaves for piece in leaf.pieces if piece.order == "big" and piece.width > 1]
        found[order] = {(offset, piece.width) for piece in pieces for offset in _spread(piece)}
    return sorted(found["big"] - found["little"])


def tail_of(spec: StructSpec, *, opaque: bool = False, at: int = 0) -> Tail | None:
    """The flexible array of a struct or of a struct in it, as far as it goes beyond the struct's size."""
    opaque = opaque or spec.order != "sender"
    for field in spec.fields:
        kind = field.type
        if isinstance(kind, Struct) and not kind.cls.__wire__.is_union:
            found = tail_of(kind.cls.__wire__, opaque=opaque or kind.opaque, at=at + field.offset)
            if found is not None:
                return found
        if isinstance(kind, Flex):
            number = spec.by_name.get(kind.count)
            if number is None or not isinstance(number.type, Scalar):
                return Tail(as_type(kind.element), opaque)
            return Tail(as_type(kind.element), opaque, at + number.offset, number.type)
    return None
