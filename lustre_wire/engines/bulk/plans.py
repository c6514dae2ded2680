"""Compiles leaves into the plans that the C core runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lustre_wire.engines.bulk import Core
from lustre_wire.engines.bulk.leaves import Dims, Leaf, Piece, Table

_WORD = 8
_TILE = 2
_PLAIN = {True: (3, 2, 1, 0), False: (0, 1, 2, 3)}


@dataclass(frozen=True)
class Op:
    """One `lw_op`; sizes in bytes."""

    offset: int
    step: int
    count: int
    width: int
    swap: bool
    column: int
    pitch: int
    within: int


@dataclass(frozen=True)
class Word:
    """One `lw_word`: one operation on eight bytes, or two on four."""

    offset: int
    ops: tuple[Op, ...]

    @property
    def mask(self) -> tuple[int, ...]:
        if len(self.ops) == 1:
            return tuple(range(7, -1, -1)) if self.ops[0].swap else tuple(range(8))
        low, high = (_PLAIN[op.swap] for op in self.ops)
        return (*low, *(4 + i for i in high))


def plan(core: Core, table: Table) -> Any:
    """The `lw_plan` of a table, made once."""
    found = table.plans.get("rows")
    if found is None:  # where two threads make it at once, both use the one that is kept
        found = table.plans.setdefault("rows", _compile(core, table))
    return found[0]


def _compile(core: Core, table: Table) -> tuple[Any, ...]:
    """A `lw_plan` and the memory it points to."""
    leaves = enumerate(table.leaves)
    ops = [op for number, leaf in leaves for piece in leaf.pieces for op in _ops(leaf, piece, number)]
    tiles, rest = _tiles(ops)
    c_ops, c_rest = _c_ops(core, ops), _c_ops(core, rest)
    c_tiles = core.ffi.new("lw_tile[]", [_c_tile(tile) for tile in tiles])
    made = core.ffi.new("lw_plan *", (table.size, len(ops), len(rest), len(tiles), c_ops, c_rest, c_tiles))
    return made, c_ops, c_rest, c_tiles


def _ops(leaf: Leaf, piece: Piece, column: int) -> Iterator[Op]:
    """The operations of one piece: its innermost repetition is an operation's count, outer ones are more operations."""
    swap = piece.order not in (None, sys.byteorder) and piece.width > 1
    element = leaf.pieces[0].width
    outer, (count, step) = (piece.dims[:-1], piece.dims[-1]) if piece.dims else ((), (1, 0))
    if piece.width != element:
        outer, count, step = piece.dims, 1, 0
    for offset, number in _places(piece.offset, outer):
        within = number * count * element + piece.within
        yield Op(offset, step, count, piece.width, swap, column, leaf.pitch, within)


def _places(at: int, dims: Dims) -> list[tuple[int, int]]:
    """(offset, number) of each element of nested repetitions."""
    places = [(at, 0)]
    for count, step in dims:
        places = [(offset + i * step, number * count + i) for offset, number in places for i in range(count)]
    return places


def _tiles(ops: list[Op]) -> tuple[list[list[Word]], list[Op]]:
    """Tiles for the runs of two or more words side by side, and the operations that are in none."""
    tiles: list[list[Word]] = []
    taken: set[Op] = set()
    for run in _runs(_words(ops)):
        if len(run) >= _TILE:
            starts = sorted({*range(0, len(run) - _TILE + 1, _TILE), len(run) - _TILE})
            tiles += [run[start : start + _TILE] for start in starts]
            taken |= {op for word in run for op in word.ops}
    return tiles, [op for op in ops if op not in taken]


def _words(ops: list[Op]) -> Iterator[Word]:
    plain = {op.offset: op for op in ops if op.count == 1 and op.width in (4, _WORD) and op.pitch == op.width}
    at = -1
    for offset in sorted(plain):
        op, after = plain[offset], plain.get(offset + 4)
        if offset < at:
            continue
        if op.width == _WORD:
            yield Word(offset, (op,))
            at = offset + _WORD
        elif after is not None and after.width == 4:
            yield Word(offset, (op, after))
            at = offset + _WORD


def _runs(words: Iterator[Word]) -> Iterator[list[Word]]:
    run: list[Word] = []
    for word in words:
        if run and run[-1].offset + _WORD != word.offset:
            yield run
            run = []
        run.append(word)
    yield run


def _c_ops(core: Core, ops: list[Op]) -> Any:
    rows = [(o.offset, o.step, o.count, o.width, int(o.swap), o.column, o.pitch, o.within) for o in ops]
    return core.ffi.new("lw_op[]", rows)


def _c_tile(tile: list[Word]) -> tuple[int, tuple[int, ...], list[tuple[int, int, int]]]:
    mask = (*tile[0].mask, *(_WORD + i for i in tile[1].mask))
    words = [(w.ops[0].column, w.ops[-1].column, int(len(w.ops) == 2)) for w in tile]
    return tile[0].offset, mask, words
