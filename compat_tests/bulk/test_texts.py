"""Texts that the C core fills in are those that Python makes of the same bytes; nothing is read that is not there."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lustre_wire.engines.bulk import core
from lustre_wire.engines.bulk.texts import Around, Blank, Elements, Gap, Padding, Piece, Place, Rest, String, filler
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
    text = filler(core, order, AROUND, ["'", *pieces], [], {})(data)
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
        assert filler(core, order, AROUND, [Place(code, 8, width)], [], {})(data) == str(number)


@pytest.mark.parametrize("order", ORDERS)
def test_what_must_be_zero(order: Any) -> None:
    assert core is not None
    padding, bits = Blank(Place("s", 21, 3)), Blank(Place("H", 2, 2, 1), 0x0F00)
    fill = filler(core, order, AROUND, ["it"], [padding, bits], {})
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
    fill = filler(core, "little", AROUND, [Place("I", 4, 4, 1)], [], {})
    data = message("little", bytes(SIZE - 8))
    assert [n for n in range(SIZE + 1) if fill(data[:n]) is not None] == [SIZE]  # with the padding behind the last
    for length in (41, 1 << 31, (1 << 32) - 1):  # of the buffer before: nothing is read at where it would end
        assert fill(struct.pack("<2I", length, 13) + bytes(SIZE - 8)) is None


def buffers(order: Any, body: bytes, *others: bytes) -> tuple[Around, bytes]:
    """A message of a ptlrpc_body and other buffers, padded with zeroes, and where they stand."""
    lengths = [len(each) for each in (body, *others)]
    first = -(-4 * len(lengths) // 8) * 8
    head = struct.pack(f"{PREFIX[order]}{len(lengths)}I", *lengths).ljust(first, b"\0")
    return Around(0, first), head + b"".join(each + bytes(-len(each) % 8) for each in (body, *others))


def told(order: Any, pieces: Sequence[Piece], *others: bytes, least: Any = None, padding: bytes = b"") -> str | None:
    """The text of a message with these buffers; `padding` is what its last bytes are."""
    assert core is not None
    around, data = buffers(order, b"body", *others)
    data = data[: len(data) - len(padding)] + padding
    paddings = [Padding(number) for number in range(1, 1 + len(others))]
    return filler(core, order, around, pieces, paddings, least or {})(data)


@given(st.binary(max_size=40), st.binary(max_size=9))
def test_what_a_buffer_holds_as_digits(data: bytes, before: bytes) -> None:
    assert told("little", ["<", Rest(2), "> <", Rest(1), ">"], before, data) == f"<{data.hex()}> <{before.hex()}>"


@given(st.text(st.characters(max_codepoint=255), max_size=20))
def test_strings_of_plain_characters(text: str) -> None:
    data = text.encode("latin-1")
    plain = all(" " <= c <= "~" and c not in '"\\' for c in text)
    assert told("big", ['"', String(1), '"'], data + b"\0") == (f'"{text}"' if plain else None)


@pytest.mark.parametrize(
    "data", [b"", b"abc", b"a\0b\0", b"ab\0\0"], ids=["no bytes", "no NUL", "two strings", "two NULs"]
)
def test_what_is_no_string(data: bytes) -> None:
    assert told("little", [String(1)], data) is None


@given(order=st.sampled_from(ORDERS), numbers=st.lists(st.integers(0, 0xFFFF), max_size=20), lead=st.binary(max_size=9))
def test_as_many_elements_as_there_are(order: Any, numbers: list[int], lead: bytes) -> None:
    raw = b"".join(struct.pack(f"{PREFIX[order]}HxB", n, n & 0xFF) for n in numbers)
    each = Elements(1, len(lead), 4, ("{", Place("H", 0, 2), "|", Place("b", 3, 1), "|", Place("s", 2, 1), "}"))
    wanted = ",".join(f"{{{n}|{(n & 0xFF) - 256 * (n >> 7 & 1)}|00}}" for n in numbers)
    pieces = ["[", each, "] ", Rest(2)]
    assert told(order, pieces, lead + raw, b"x") == f"[{wanted}] 78"
    for size in (1, 2, 3):
        assert told(order, pieces, lead + raw + bytes(size), b"x") is None, "part of an element"


def test_a_buffer_shorter_than_what_elements_begin_at() -> None:
    each = Elements(1, 8, 4, (Place("I", 0, 4),))
    assert told("little", ["it", each], bytes(8)) == "it" and told("little", ["it", each], bytes(7)) is None
    assert (
        told("little", ["it"], bytes(8), least={1: 8}) == "it"
        and told("little", ["it"], bytes(7), least={1: 8}) is None
    )


def test_gaps_are_left_for_others_to_fill() -> None:
    assert told("little", ["a", Gap("x"), "b", Rest(1), Gap("y")], b"\x12") == "a\0b12\0"


@pytest.mark.parametrize("size", range(1, 9))
def test_the_bytes_between_buffers_are_zero(size: int) -> None:
    data, width = bytes([7] * size), -size % 8
    assert told("little", [Rest(1)], data) == data.hex()
    for at in range(width):
        dirty = bytes(number == at for number in range(width))
        assert told("little", [Rest(1)], data, padding=dirty) is None, at
