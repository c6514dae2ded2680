"""Every struct, and any struct a user declares, gets everything: engines, byte orders, JSON, construct, layout."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar

import construct as cs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.engines import record, reference
from lustre_wire.jsonform import struct_from_json, struct_to_json
from lustre_wire.schema import (
    AS_SENT,
    U16,
    U32,
    Array,
    Chars,
    Flex,
    Foreign,
    Overlay,
    Raw,
    Struct,
    WireEnum,
    WireFlag,
    WireUnion,
    member_value,
    s16,
    swab_ranges,
    u8,
    u16,
    u32,
    u64,
    wire_union,
)
from lustre_wire.testing import structs

ORDERS = ("little", "big")
EVERY = sorted(
    {cls for name in ("1.8", "2.0") for cls in lw.dialect(name).structs.values() if not cls.__wire__.is_union},
    key=lambda cls: (cls.__module__, cls.__qualname__),
)


def follows_the_sender(cls: Any) -> bool:
    """Whether no struct inside has a byte order of its own."""
    inside = [f.type.cls for f in cls.__wire__.fields if isinstance(f.type, Struct)]
    return cls.__wire__.order == "sender" and all(map(follows_the_sender, inside))


SWAPPED = [cls for cls in EVERY if follows_the_sender(cls) and swab_ranges(cls)]


def check(cls: Any, value: Any) -> None:
    """Both engines, both byte orders and JSON give the value back, and agree on the bytes."""
    for order in ORDERS:
        data = record.pack(value, byteorder=order)
        assert record.unpack(cls, data, byteorder=order) == value
        assert reference.pack(value, byteorder=order) == data
        assert reference.unpack(cls, data, byteorder=order) == value
    assert struct_from_json(cls, json.loads(json.dumps(struct_to_json(value)))) == value


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: f"{cls.__module__.split('.')[-2]}.{cls.__qualname__}")
def test_every_declared_struct(cls: Any) -> None:
    @settings(max_examples=4)
    @given(structs(cls))
    def roundtrip(value: Any) -> None:
        check(cls, value)

    roundtrip()


@pytest.mark.parametrize("cls", SWAPPED, ids=lambda cls: f"{cls.__module__.split('.')[-2]}.{cls.__qualname__}")
def test_byte_orders_differ_where_receivers_swap(cls: Any) -> None:
    """Bytes 1, 2, 3, ... written in the other order differ exactly in the ranges that are swapped."""
    spec = cls.__wire__
    data = bytes(i % 251 + 1 for i in range(spec.size))
    swapped = bytearray(data)
    for start, width, *flex in swab_ranges(cls):
        if not flex:
            swapped[start : start + width] = data[start : start + width][::-1]
    value = record.unpack(cls, data)
    assert record.pack(value, byteorder="big")[: spec.size] == bytes(swapped)


class Colour(WireEnum):
    """Names for some numbers."""

    RED = 1
    GREEN = 2


class Access(WireFlag):
    """Names for some bits."""

    READ = 1
    WRITE = 2


@lw.wire_struct(size=6)
class Point:
    """A struct inside another."""

    x: s16 = 0
    y: u32 = 0


@lw.wire_struct(size=8)
class Pair:
    """What the union's receiver swaps by."""

    low: u32 = 0
    high: u32 = 0


@lw.wire_struct(size=4)
class Half:
    """A shorter member of the union."""

    low: u16 = 0
    mark: Annotated[bytes, Raw(2)] = bytes(2)


@wire_union(size=8, swab_as="pair")
class Either(WireUnion):
    """Two members in one place."""

    pair: Pair
    half: Half


#: A user's own construct definition: a length-prefixed name in eight bytes.
NAME = cs.FixedSized(8, cs.Prefixed(cs.Byte, cs.GreedyBytes))


@lw.wire_struct(size=78, c_name="everything")
class Everything:
    """A user's own struct with one field of each kind."""

    tag: u8 = 0
    colour: Annotated[Colour, U16] = Colour(0)
    access: Annotated[Access, U32] = Access(0)
    first: Point = Point()
    cookie: Annotated[int, U32, AS_SENT] = 0
    points: Annotated[list[Point], Array(Struct(Point), 2)] = [Point(), Point()]
    kept: Annotated[list[int], Array(U16, 3), AS_SENT] = [0] * 3
    title: Annotated[bytes, Chars(10)] = bytes(10)
    noise: Annotated[bytes, Raw(5)] = bytes(5)
    choice: Either = Either()
    stamp: u64 = 0
    low: ClassVar[Overlay] = Overlay(U16, over="stamp")
    wide: Annotated[int, Foreign(cs.Int64sb)] = 0
    count: u32 = 0
    more: Annotated[list[int], Flex(U32, count="count")] = []


@lw.wire_struct(size=10)
class Named:
    """A field that its own codec describes, and may refuse."""

    number: u16 = 0
    name: Annotated[bytes, Foreign(NAME)] = b""


@settings(max_examples=60)
@given(structs(Everything))
def test_a_users_own_struct(value: Any) -> None:
    check(Everything, value)


def test_layout_of_a_users_own_struct() -> None:
    table = lw.layout(Everything)
    assert (table.name, table.size) == ("everything", 78)
    assert [(f.name, f.offset, f.size, f.type) for f in table.fields] == [
        ("tag", 0, 1, "u8"), ("colour", 1, 2, "u16"), ("access", 3, 4, "u32"), ("first", 7, 6, "struct point"),
        ("cookie", 13, 4, "u32"), ("points", 17, 12, "struct point[2]"),
        ("kept", 29, 6, "u16[3]"), ("title", 35, 10, "char[10]"), ("noise", 45, 5, "u8[5]"),
        ("choice", 50, 8, "union either"), ("stamp", 58, 8, "u64"), ("low", 58, 2, "u16"),
        ("wide", 66, 8, "foreign[8]"),
        ("count", 74, 4, "u32"), ("more", 78, 0, "u32[]"),
    ]  # fmt: skip


def test_swapping_of_a_users_own_struct() -> None:
    value = Everything(
        colour=Colour.GREEN, access=Access.READ, first=Point(-2, 3), cookie=0x01020304, kept=[1, 2, 3], stamp=5,
        choice=Either(pair=Pair(1, 2)), count=1, more=[9],
    )  # fmt: skip
    little, big = record.pack(value), record.pack(value, byteorder="big")
    assert big[1:7] == b"\0\2" + b"\0\0\0\1"
    assert little[13:17] == big[13:17] == b"\4\3\2\1"  # as sent
    assert little[29:35] == big[29:35]
    assert (little[50:58], big[50:58]) == (b"\1\0\0\0\2\0\0\0", b"\0\0\0\1\0\0\0\2")
    assert big[-4:] == b"\0\0\0\x09"


@given(structs(Everything), st.integers(0, 0xFFFF))
def test_an_overlay_is_the_first_bytes_of_its_field(value: Any, number: int) -> None:
    high = value.stamp >> 16
    value.low = number
    assert value.low == number
    assert value.stamp == high << 16 | number
    assert record.pack(value)[58:60] == number.to_bytes(2, "little")


@given(st.binary(min_size=8, max_size=8))
def test_a_unions_members_are_views_of_the_same_bytes(raw: bytes) -> None:
    union = Either(raw=raw)
    assert member_value(union, "pair") == record.unpack(Pair, raw)
    assert member_value(union, "half") == record.unpack(Half, raw[:4])
    union.pair.high = 7
    assert union.raw == raw[:4] + b"\7\0\0\0"
    union.half = Half(low=0x0102, mark=b"ab")
    assert union.raw[:4] == b"\2\1ab"


@pytest.mark.parametrize("order", ORDERS)
@given(value=structs(Everything))
def test_a_declared_struct_inside_a_construct_definition(order: Any, value: Any) -> None:
    """The reference engine's definition is an ordinary construct object."""
    outer = cs.Struct("before" / cs.Int16ub, "inner" / cs.Prefixed(cs.Int8ub, reference.struct(Everything, order)))
    data = record.pack(value, byteorder=order)
    found = outer.parse(b"\0\5" + bytes([len(data)]) + data)
    assert reference.to_object(Everything, found.inner) == value
    assert outer.build({"before": 5, "inner": reference.to_container(value)}) == b"\0\5" + bytes([len(data)]) + data


@given(st.binary(max_size=7))
def test_a_construct_definition_inside_a_declared_struct(name: bytes) -> None:
    value = Named(number=1, name=name)
    data = record.pack(value)
    assert data == b"\1\0" + NAME.build(name) == b"\1\0" + bytes([len(name)]) + name + bytes(7 - len(name))
    assert record.unpack(Named, data).name == name
    check(Named, value)


def test_a_construct_definition_that_fails_gives_a_wire_error() -> None:
    data = b"\1\0" + bytes([200]) + bytes(7)  # a length prefix beyond the eight bytes
    with pytest.raises(lw.WireError, match="name"):
        record.unpack(Named, data)
    with pytest.raises(lw.WireError):
        reference.unpack(Named, data)
    for engine in (record, reference):
        with pytest.raises(lw.WireError, match=r"(?i)named"):
            engine.pack(Named(name=bytes(20)))
    with pytest.raises(lw.WireError, match="name"):
        struct_from_json(Named, {"name": data[2:].hex()})


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF))
def test_unknown_bits_and_numbers_are_kept(bits: int, number: int) -> None:
    value = Everything(access=Access(bits), colour=Colour(number))
    found = record.unpack(Everything, record.pack(value))
    assert (int(found.access), int(found.colour)) == (bits, number)
    assert isinstance(found.access, Access) and isinstance(found.colour, Colour)
    assert bool(found.access & Access.READ) == bool(bits & 1)
    names = Access.names_of(bits)
    assert sum(int(Access.__members__[n]) if n in Access.__members__ else int(n, 16) for n in names) == bits


@given(st.lists(st.integers(0, 0xFFFFFFFF), max_size=20), st.integers(0, 30), st.integers(0, 3))
def test_a_flexible_tail_takes_whole_elements_up_to_its_count(items: list[int], count: int, rest: int) -> None:
    data = record.pack(Everything(count=count, more=items)) + bytes(rest)
    found = record.unpack(Everything, data)
    assert found.more == items[:count]
    assert reference.unpack(Everything, data).more == items[:count]


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: f"{cls.__module__.split('.')[-2]}.{cls.__qualname__}")
def test_every_struct_refuses_short_input(cls: Any) -> None:
    size = cls.__wire__.size
    if size:
        with pytest.raises(lw.TruncatedError, match=f"expected {size} bytes, got {size - 1}"):
            record.unpack(cls, bytes(size - 1))
        with pytest.raises(lw.TruncatedError, match=f"expected {size} bytes, got {size - 1}"):
            reference.unpack(cls, bytes(size - 1))
