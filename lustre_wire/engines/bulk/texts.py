"""Compiles the text of one shape of messages into the plan that the C core writes it by."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lustre_wire.engines.bulk import Core
from lustre_wire.schema.nodes import ByteOrder

#: Bytes of the longest number, with its sign.
_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Place:
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

    @property
    def room(self) -> int:
        """Most characters of its text."""
        return _DIGITS if self.is_number else 2 * self.width


@dataclass(frozen=True, slots=True)
class Blank:
    """What must be zero in a message: all bits of a place, or those of a number that are in `mask`."""

    place: Place
    mask: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """Where the buffer lengths of a message stand, four bytes each, and where its first buffer begins."""

    lengths: int
    first: int


def filler(
    core: Core, order: ByteOrder, around: Around, pieces: Sequence[str | Place], blanks: Sequence[Blank]
) -> Callable[[bytes], str | None]:
    """A function of a message's bytes that gives its text, None where something is not zero that must be.

    Args:
        order: the message's, in which all numbers are.
        pieces: ASCII text, and the places of what stands between.
    """
    literals, places = [""], list[Place]()
    for piece in pieces:
        if isinstance(piece, Place):
            places.append(piece)
            literals.append("")
        else:
            literals[-1] += piece
    lib, new = core.lib, core.ffi.new
    what = [lib.LW_HEX if not p.is_number else lib.LW_UNSIGNED if p.code.isupper() else lib.LW_SIGNED for p in places]
    values = [(len(t), w, p.buffer, p.offset, p.width) for t, w, p in zip(literals, what, places, strict=False)]
    zeroes = [(b.place.buffer, b.place.offset, b.place.width, b.mask) for b in blanks]
    needs = [around.first]
    for place in [*places, *(blank.place for blank in blanks)]:
        needs += [0] * (1 + place.buffer - len(needs))
        needs[place.buffer] = max(needs[place.buffer], place.end)
    c_needs, c_zeroes = new("uint32_t[]", needs), new("lw_blank[]", zeroes or 1)
    c_values = new("lw_value[]", values or 1)
    text = new("char[]", "".join(literals).encode("ascii"))
    swap, last = order != sys.byteorder, len(literals[-1])
    made = (
        swap, around.lengths, around.first, len(needs), c_needs, len(zeroes), len(values), c_zeroes, c_values,
        text, last,
    )  # fmt: skip
    plan = new("lw_text_plan *", made)
    room = sum(map(len, literals)) + sum(place.room for place in places)
    text_of, allocate, chars, buffer = lib.lw_text_of, core.allocator, core.ffi.typeof("char[]"), core.ffi.buffer

    def fill(data: bytes) -> str | None:
        out = allocate(chars, room)
        size = text_of(plan, data, len(data), out) if made else 0  # `made` has what the plan points to
        return str(buffer(out, size), "ascii") if size else None

    return fill
