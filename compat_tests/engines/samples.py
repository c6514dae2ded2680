"""Buffers of every type, and values of them."""

from __future__ import annotations

import struct
from typing import Annotated, Any

import lustre_wire as lw
from lustre_wire.schema import U32, Flex, u16, u32
from lustre_wire.schema.rpc import Bits, CString, FixedText, NonZero, Opaque, buffers, slot


@lw.wire_struct(size=6)
class Part:
    """Of a size that needs padding."""

    number: u32 = 0
    low: u16 = 0


@lw.wire_struct(size=12)
class Tailed:
    """It has two elements at least, and no more than it counts."""

    count: u32 = 0
    items: Annotated[list[int], Flex(U32, minimum=2, count="count")] = [0, 0]


@lw.wire_struct(size=16)
class Outer:
    """A tail inside a struct."""

    before: u32 = 0
    inner: Tailed = Tailed()


class _All:
    part: Part | None = slot(minimum=4)
    outer: Outer | None = slot()
    number: u32 | None = slot()
    name: CString | None = slot()
    fixed: Annotated[bytes, FixedText(5)] | None = slot()
    blob: Opaque | None = slot()
    parts: list[Part] | None = slot(omit=True)
    numbers: list[u32] | None = slot(omit=True)


class _Floating:
    part: Part | None = slot()
    first: Opaque | None = slot(present={"part.number": Bits(3)})
    second: Opaque | None = slot(present={"part.number": Bits(12, some=True)})
    third: Opaque | None = slot(present={"part.low": NonZero()})
    fourth: Opaque | None = slot(present={"part.low": 2})
    last: Opaque | None = slot()


All: Any = buffers(_All)
Floating: Any = buffers(_Floating)
#: The bytes of each buffer of a regular message, and the values.
REGULAR = [
    bytes.fromhex("01000000 0200".replace(" ", "")),
    struct.pack("<5I", 9, 3, 1, 2, 3),
    struct.pack("<I", 7),
    b"name\0",
    b"ab\0\0\0",
    b"blob",
    struct.pack("<IHIH", 1, 2, 3, 4),
    struct.pack("<3I", 4, 5, 6),
]
VALUE = All(Part(1, 2), Outer(9, Tailed(3, [1, 2, 3])), 7, b"name", b"ab", b"blob", [Part(1, 2), Part(3, 4)], [4, 5, 6])
