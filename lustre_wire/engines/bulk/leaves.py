"""What of a wire struct becomes a column: its *leaves*, with the pieces of a row that each is made of.

Nested structs are spread out under dotted names (``fid1.f_seq``). An integer becomes a typed column, an array one with
more than one dimension; bytes (`Raw`, `Chars`, holes, foreign fields) and unions become (rows, n) columns of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Any

from lustre_wire.engines.record import standing_order
from lustre_wire.errors import SchemaError
from lustre_wire.schema.nodes import ByteOrder, Cell, Group, Node, Overlap, resolved
from lustre_wire.schema.struct import spec_of

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
    """One column: `code` is the `struct` module's format character of an element, `shape` that of one row.

    `cell` is what an element is in the struct; None where a column is of no struct, or of a union's bytes. `raw`: the
    column has the elements' bytes as they are.
    """

    name: str
    steps: Steps
    offset: int
    code: str
    itemsize: int
    shape: tuple[int, ...]
    pieces: tuple[Piece, ...]
    member: bool = False
    cell: Cell | None = None

    @property
    def raw(self) -> bool:
        return self.code == "B" and bool(self.shape) and self.pieces[0].order is None

    @cached_property
    def pitch(self) -> int:
        """Bytes of one row of the column."""
        return self.itemsize * prod(self.shape)


def _walk(node: Node, name: str, steps: Steps, order: ByteOrder, dims: Dims = (), base: int = 0) -> Iterator[Leaf]:
    """The leaves of a node; its offsets count from `base`."""
    if not node.width:  # a flexible tail, or the empty union of one of Lustre's structs
        return
    counts, at = tuple(count for count, _ in dims), base + node.offset
    if isinstance(node, Cell):
        code, size, shape = node.kind.column(node)
        piece = Piece(at, node.width, node.order_in(order) if node.order and not shape else None, dims)
        yield Leaf(name, steps, at, code, size, (*counts, *shape), (piece,), cell=_resolved(node, order))
    elif isinstance(node, Group):
        for member in node.members:
            yield from _walk(
                member, f"{name}.{member.name}" if name else member.name, (*steps, member.name), order, dims, base
            )
    elif isinstance(node, Overlap):
        yield from _union(node, name, steps, at, order, dims)
    elif node.limit:
        raise SchemaError("a counted array with a minimum cannot be a column", path=name)
    elif node.joined:
        raise SchemaError("flexible bytes with a minimum cannot be a column", path=name)
    else:
        yield from _walk(node.node, name, (*steps, None), order, (*dims, (node.count, node.stride)), base)


def _resolved(cell: Cell, order: ByteOrder) -> Cell:
    return replace(cell, order=cell.order_in(order)) if cell.order == "sender" else cell


def _union(node: Overlap, name: str, steps: Steps, at: int, order: ByteOrder, dims: Dims) -> Iterator[Leaf]:
    """The bytes as a little-endian sender writes them, then the members' fields, which are columns when asked for."""
    turned = node.swab if resolved(node.order, order) == "big" else ()
    swapped = {offset: Piece(at + offset, width, "big", dims, offset) for offset, width in turned}
    counts = tuple(count for count, _ in dims)
    whole = Piece(at, node.width, None, dims)
    yield Leaf(name, (*steps, "raw"), at, "B", 1, (*counts, node.width), (whole, *swapped.values()))
    for view in node.views:
        for leaf in _walk(view, f"{name}.{view.name}", (*steps, view.name), "little", (), at):
            found = _member_order(leaf, at, swapped)
            if found is not None and not leaf.shape and not dims:
                piece = Piece(leaf.offset, leaf.itemsize, found, dims)
                yield Leaf(leaf.name, leaf.steps, leaf.offset, leaf.code, leaf.itemsize, (), (piece,), True, leaf.cell)


def _member_order(leaf: Leaf, at: int, swapped: dict[int, Piece]) -> ByteOrder | None:
    """Byte order of a union member's integer; None where the union's swab does not turn exactly this integer."""
    start, size = leaf.offset - at, leaf.itemsize
    touched = [o for o, p in swapped.items() if o < start + size and start < o + p.width]
    if not touched:
        return "little"
    return "big" if touched == [start] and swapped[start].width == size else None


@lru_cache(maxsize=2048)
def all_leaves(cls: type, order: ByteOrder) -> tuple[Leaf, ...]:
    """Every leaf of a struct that stands alone in a message of byte order `order`, union members' fields included.

    Raises:
        SchemaError: no wire struct, a union, or a field that cannot be a column.
    """
    spec = spec_of(cls)
    if spec.is_union:
        raise SchemaError("a union has no columns of its own: name the struct that holds it", path=spec.name)
    return tuple(_walk(spec.node, "", (), standing_order(cls, order)))


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


def leaves_of(node: Node, name: str, order: ByteOrder) -> tuple[Leaf, ...]:
    """The leaves of what fills a buffer called `name`."""
    return tuple(_walk(node, name, (name,), order))
