"""Compiles the text of one shape of messages into the plan that the C core writes it by."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lustre_wire.engines.bulk import Core
from lustre_wire.schema.nodes import ByteOrder

#: Bytes of the longest number, with its sign.
_DIGITS = 20


class Place(NamedTuple):
    """Where a value stands: a number, or bytes that are shown as hexadecimal digits.

    `code` is the number's format character of `struct`, "s" of bytes; offset and width are in bytes, the offset within
    a buffer behind the ptlrpc_body or (`buffer` 0) within the message.
    """

    code: str
    offset: int
    width: int
    buffer: int = 0

    @property
    def is_number(self) -> bool:
        return self.code != "s"

    @property
    def end(self) -> int:
        return self.offset + self.width


class Rest(NamedTuple):
    """All bytes of a buffer behind the ptlrpc_body, as hexadecimal digits."""

    buffer: int


class String(NamedTuple):
    """The string that fills a buffer behind the ptlrpc_body, without the NUL that ends it."""

    buffer: int


class Elements(NamedTuple):
    """Elements of `stride` bytes that fill a buffer from an offset on; in `pieces` offsets are those in the element."""

    buffer: int
    offset: int
    stride: int
    pieces: tuple[str | Place, ...]


class Gap(NamedTuple):
    """What the core cannot make: a NUL stands in its place. `made` is the expression of its text."""

    made: str


Piece = str | Place | Rest | String | Elements | Gap


class Blank(NamedTuple):
    """What must be zero in a message: all bits of a place, or those of a number that are in `mask`."""

    place: Place
    mask: int = 0


class Padding(NamedTuple):
    """What must be zero too: the bytes between a buffer and the next."""

    buffer: int


class Around(NamedTuple):
    """Where the buffer lengths of a message stand, four bytes each, and where its first buffer begins."""

    lengths: int
    first: int


class _Program:
    """Values and literals as the core reads them, and how long their text may be: `room`, and `growth` a byte."""

    def __init__(self, core: Core) -> None:
        self.lib = core.lib
        self.values: list[list[int]] = []
        self.literals = ""
        self.room = 0
        self.growth = 0.0
        self.needs: dict[int, int] = {}

    def add(self, pieces: Sequence[Piece], *, inner: bool = False) -> int:
        """Add them; the length of the literal behind the last one."""
        literal = ""
        for piece in pieces:
            if isinstance(piece, str):
                literal += piece
                continue
            self._literal(literal)
            self.values.append([len(literal), *self._value(piece, inner), 0])
            literal = ""
            if isinstance(piece, Elements):
                at, room = len(self.values), self.room
                last = self.add(piece.pieces, inner=True)
                self.values.append([last, self.lib.LW_LITERAL, 0, 0, 0, 0])
                self.values[at - 1][-1] = len(self.values) - at
                self.growth += (1 + self.room - room) / piece.stride
        self._literal(literal)
        return len(literal)

    def _literal(self, text: str) -> None:
        self.literals += text
        self.room += len(text)

    def _value(self, piece: Place | Rest | String | Elements | Gap, inner: bool) -> tuple[int, int, int, int]:
        """What it is, in which buffer, at which offset, how wide."""
        lib = self.lib
        if isinstance(piece, Place):
            code, offset, width, buffer = piece
            if not inner:
                self.need(buffer, offset + width)
            if not piece.is_number:
                self.room += 2 * width
                return lib.LW_HEX, buffer, offset, width
            self.room += _DIGITS
            return lib.LW_UNSIGNED if code.isupper() else lib.LW_SIGNED, buffer, offset, width
        if isinstance(piece, Gap):
            self.room += 1
            return lib.LW_GAP, 0, 0, 0
        if isinstance(piece, Elements):
            self.need(piece.buffer, piece.offset)
            return lib.LW_EACH, piece.buffer, piece.offset, piece.stride
        self.growth += 2
        self.need(piece.buffer, 0)
        return lib.LW_REST if isinstance(piece, Rest) else lib.LW_STRING, piece.buffer, 0, 0

    def need(self, buffer: int, size: int) -> None:
        """That a buffer has so many bytes at least."""
        self.needs[buffer] = max(self.needs.get(buffer, 0), size)


def filler(
    core: Core,
    order: ByteOrder,
    around: Around,
    pieces: Sequence[Piece],
    blanks: Sequence[Blank | Padding],
    least: Mapping[int, int],
) -> Callable[..., str | None]:
    """A function of a message's bytes that gives its text, None where it is not regular.

    That is where something is not zero that must be, a string has characters that are escaped in JSON, or elements do
    not fill their buffer. What else the function is given it does not look at.

    Args:
        order: the message's, in which all numbers are.
        pieces: ASCII text, and what stands between.
        least: bytes that buffers have at least, by their number.
    """
    lib, new, program = core.lib, core.ffi.new, _Program(core)
    last = program.add(pieces)
    program.need(0, around.first)
    zeroes = []
    for blank in blanks:
        if isinstance(blank, Padding):
            program.need(blank.buffer, 0)
            zeroes.append((blank.buffer, 0, 0, 0))
        else:
            place = blank.place
            program.need(place.buffer, place.end)
            zeroes.append((place.buffer, place.offset, place.width, blank.mask))
    for number, size in least.items():
        program.need(number, size)
    needs = [program.needs.get(number, 0) for number in range(1 + max(program.needs))]
    values = program.values
    c_needs, c_zeroes = new("uint32_t[]", needs), new("lw_blank[]", zeroes or 1)
    c_values = new("lw_value[]", values or 1)
    text = new("char[]", program.literals.encode("ascii") + bytes(lib.LW_BEYOND))
    swap, lengths = order != sys.byteorder, around.lengths
    made = (
        swap, lengths, around.first, len(needs), c_needs, len(zeroes), len(values), c_zeroes, c_values, text, last,
    )  # fmt: skip
    plan = new("lw_text_plan *", made)
    room, growth = program.room + lib.LW_BEYOND, math.ceil(program.growth)
    text_of, allocate, chars, buffer = lib.lw_text_of, core.allocator, core.ffi.typeof("char[]"), core.ffi.buffer

    def fill(
        data: bytes, _offsets: Any = (), _lengths: Any = (), _dialect: Any = None, _inside: Any = None
    ) -> str | None:
        out = allocate(chars, room + growth * len(data))
        size = text_of(plan, data, len(data), out) if made else 0  # `made` has what the plan points to
        return str(buffer(out, size), "ascii") if size else None

    return fill
