"""Texts that the C core fills in are those that Python makes of the same bytes; nothing is read that is not there."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lustre_wire.engines.bulk import core
from lustre_wire.engines.bulk.texts import Around, Blank, Place, filler
from lustre_wire.schema.nodes import PREFIX

#: A message of these tests: two lengths of buffers, what else is in front, and the two buffers.
AROUND = Around(0, 24)
LENGTHS = (24, 13)
STARTS = (0, 48)
SIZE = 48 + 16
ORDERS = ["little", "big"]


def message(order: Any, rest: bytes) -> bytes:
    return struct.pack(f"{PREFIX[order]}2I", *LENGTHS) + rest


def expected(data: bytes, order: Any, pieces: Sequence[str | Place]) -> str:
    out = ""
    for piece in pieces:
        if isinstance(piece, str):
            out += piece
            continue
        at = STARTS[piece.buffer] + piece.offset
        raw = data[at : at + piece.width]
        out += str(struct.unpack(PREFIX[order] + piece.code, raw)[0]) if piece.is_number else raw.hex()
    return out


@st.composite
def places(draw: st.DrawFn) -> Place:
    code = draw(st.sampled_from("BbHhIiQqs"))
    width = struct.calcsize(f"<{code}") if code != "s" else draw(st.integers(0, 9))
    buffer = draw(st.integers(0, 1))
    most = (SIZE, LENGTHS[1])[buffer] - width
    return Place(code, draw(st.integers(0, most)), width, buffer)


@given(
    order=st.sampled_from(ORDERS),
    pieces=st.lists(st.one_of(st.text('ab%"{', max_size=9), places()), max_size=12),
    rest=st.binary(min_size=SIZE - 8, max_size=SIZE - 8),
)
def test_numbers_and_bytes_from_anywhere(order: Any, pieces: list[str | Place], rest: bytes) -> None:
    assert core is not None
    data = message(order, rest)
    text = filler(core, order, AROUND, ["'", *pieces], [])(data)
    assert text == "'" + expected(data, order, pieces)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("code", "BbHhIiQq")
def test_numbers_at_their_limits(order: Any, code: str) -> None:
    assert core is not None
    width = struct.calcsize(f"<{code}")
    bits = 8 * width - (not code.isupper())
    least = 0 if code.isupper() else -(1 << bits)
    tens = [s * (10**n + d) for n in range(20) for d in (-1, 0) for s in (1, -1)]
    for number in (n for n in (least, (1 << bits) - 1, *tens) if least <= n < 1 << bits):
        rest = struct.pack(PREFIX[order] + code, number).ljust(SIZE - 8, b"\xff")
        data = message(order, rest)
        assert filler(core, order, AROUND, [Place(code, 8, width)], [])(data) == str(number)


@pytest.mark.parametrize("order", ORDERS)
def test_what_must_be_zero(order: Any) -> None:
    assert core is not None
    padding, bits = Blank(Place("s", 21, 3)), Blank(Place("H", 2, 2, 1), 0x0F00)
    fill = filler(core, order, AROUND, ["it"], [padding, bits])
    data = bytearray(message(order, bytes(SIZE - 8)))
    assert fill(bytes(data)) == "it"
    for at in range(8, SIZE):
        for bit in range(8):
            data[at] = 1 << bit
            high = at == STARTS[1] + (3 if order == "little" else 2)
            refused = 21 <= at < 24 or (high and bit < 4)
            assert (fill(bytes(data)) is None) == refused, (at, bit)
        data[at] = 0


def test_messages_that_lack_bytes() -> None:
    assert core is not None
    fill = filler(core, "little", AROUND, [Place("I", 4, 4, 1)], [])
    data = message("little", bytes(SIZE - 8))
    assert [n for n in range(SIZE + 1) if fill(data[:n]) is not None] == list(range(STARTS[1] + 8, SIZE + 1))
    for length in (41, 1 << 31, (1 << 32) - 1):  # of the buffer before: nothing is read at where it would end
        assert fill(struct.pack("<2I", length, 13) + bytes(SIZE - 8)) is None
