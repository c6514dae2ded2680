"""Unions keep bytes and show every member as a live view of them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

import lustre_wire as lw
from lustre_wire import bulk
from lustre_wire.engines import record, reference
from lustre_wire.jsonform import struct_from_json, struct_to_json
from lustre_wire.schema import (
    S16,
    U16,
    Array,
    Chars,
    Flex,
    Foreign,
    MemberView,
    Raw,
    WireEnum,
    WireUnion,
    member_value,
    spec_of,
    swab_ranges,
    u8,
    u16,
    u32,
    u64,
    wire_union,
)
from lustre_wire.schema.types import ByValue
from lustre_wire.schema.union import told_member
from lustre_wire.text import struct_text


class Kind(WireEnum):
    """Something named."""

    ONE = 1
    TWO = 2


@lw.wire_struct(size=4)
class Inner:
    """The struct inside a member."""

    low: u16 = 0
    kind: Annotated[Kind, U16] = Kind(0)


@lw.wire_struct(size=16)
class Outer:
    """A member with one field of every sort."""

    number: u32 = 0
    inner: Inner = Inner()
    text: Annotated[bytes, Chars(3)] = bytes(3)
    raw: Annotated[bytes, Raw(1)] = bytes(1)
    pair: Annotated[list[int], Array(S16, 2)] = [0, 0]


@lw.wire_struct(size=8)
class Other:
    """A shorter member."""

    long: u64 = 0


@wire_union(size=16, swab_as="outer")
class Choice(WireUnion):
    """One of several."""

    outer: Outer
    other: Other
    word: u16
    words: Annotated[list[int], Array(U16, 8)]
    tail: Annotated[list[int], Flex(U16, minimum=1)]
    name: Annotated[bytes, Chars(5)]


BYTES = bytes.fromhex("04030201 0605 0200 616200 7f feff 0100".replace(" ", ""))


def test_a_new_union_is_zero() -> None:
    assert Choice().raw == bytes(16)
    assert Choice(BYTES).raw == BYTES == Choice(raw=BYTES).raw


def test_members_are_made_by_name() -> None:
    assert Choice(word=0x0201).raw == b"\1\2" + bytes(14)
    assert Choice(other=Other(1 << 56)).raw == bytes(7) + b"\1" + bytes(8)
    with pytest.raises(TypeError, match="Choice has no member 'none'"):
        Choice(none=1)


def test_reading_through_a_member() -> None:
    """Little-endian, whatever sort of field."""
    outer: Any = Choice(BYTES).outer
    assert outer.number == 0x01020304
    assert outer.inner.low == 0x0506 and outer.inner.kind is Kind.TWO
    assert outer.text == b"ab\0" and outer.raw == b"\x7f"
    assert outer.pair == [-2, 1]


def test_members_that_are_no_structs() -> None:
    value: Any = Choice(BYTES)
    assert value.word == 0x0304 and value.name == BYTES[:5]
    assert value.words == [0x0304, 0x0102, 0x0506, 2, 0x6261, 0x7F00, 0xFFFE, 1]
    assert value.tail == [0x0304]


def test_writing_through_a_member_changes_the_bytes() -> None:
    value: Any = Choice()
    value.outer.number = 0x01020304
    value.outer.inner.low = 0x0506
    value.outer.inner.kind = Kind.TWO
    value.outer.text = b"ab"
    value.outer.raw = b"\x7f"
    value.outer.pair = [-2, 1]
    assert value.raw == BYTES


def test_writing_a_struct_into_a_struct() -> None:
    value: Any = Choice(b"\xff" * 16)
    value.outer.inner = Inner(0x0201, Kind.ONE)
    assert value.raw == b"\xff" * 4 + b"\1\2\1\0" + b"\xff" * 8
    value.other = Other(7)
    assert value.raw == b"\7" + bytes(7) + b"\xff" * 8


def test_characters_are_filled_and_cut() -> None:
    value: Any = Choice(b"\xff" * 16)
    value.name = b"ab"
    assert value.raw == b"ab\0\0\0" + b"\xff" * 11
    value.name = b"abcdefgh"
    assert value.raw == b"abcde" + b"\xff" * 11


def test_arrays_are_written_whole() -> None:
    value: Any = Choice()
    value.words = range(1, 9)
    assert value.raw == b"".join(bytes((n, 0)) for n in range(1, 9))
    value.tail = [0x0807]
    assert value.raw[:4] == b"\7\x08\2\0"


def test_unknown_fields_are_refused() -> None:
    view: Any = Choice().outer
    for call in (lambda: view.nothing, lambda: setattr(view, "nothing", 1)):
        with pytest.raises(AttributeError, match="outer has no field 'nothing'"):
            call()


def test_values_that_do_not_fit() -> None:
    value: Any = Choice()
    with pytest.raises(lw.WireError, match="word: expected a number from 0 to 65535, got 0x10000"):
        value.word = 1 << 16
    with pytest.raises(lw.WireError, match="expected a number from -32768 to 32767"):
        value.outer.pair = [-32769, 0]
    with pytest.raises(lw.WireError, match="pair: expected 2 elements"):
        value.outer.pair = [1]
    with pytest.raises(lw.WireError, match="outer: expected Outer, got int"):
        value.outer = 5
    assert value.raw == bytes(16)


def test_views_compare_by_their_fields() -> None:
    one: Any = Choice(BYTES)
    other: Any = Choice(BYTES)
    assert one.outer == other.outer and one.outer.inner == other.outer.inner
    other.outer.pair = [-2, 2]
    assert one.outer != other.outer and one.outer.inner == other.outer.inner
    assert one.outer != one.other and one.outer != 5
    assert one.outer == Outer(0x01020304, Inner(0x0506, Kind.TWO), b"ab\0", b"\x7f", [-2, 1])


def test_views_say_what_they_show() -> None:
    view = Choice(BYTES).outer
    assert isinstance(view, MemberView) and spec_of(view) is spec_of(Outer)
    assert repr(view) == (
        "Outer(number=16909060, inner=Inner(low=1286, kind=<Kind TWO>), text=b'ab\\x00', raw=b'\\x7f', pair=[-2, 1])"
    )
    with pytest.raises(TypeError, match="unhashable"):
        hash(view)  # one of its values is a list
    assert hash(view.inner) == hash(Inner(0x0506, Kind.TWO))


def test_unions_compare_by_bytes_and_class() -> None:
    @wire_union(size=16)
    class Same(WireUnion):
        words: Annotated[list[int], Array(U16, 8)]

    assert Choice(BYTES) == Choice(BYTES) != Choice(bytes(16))
    assert Choice(BYTES) != Same(BYTES) and Choice(BYTES) != BYTES
    assert repr(Choice(word=1)) == "Choice(raw=bytes.fromhex('01000000000000000000000000000000'))"
    assert hash(Choice(BYTES)) == hash(Choice(BYTES))


def test_copies_of_members_stand_alone() -> None:
    value: Any = Choice(BYTES)
    copy = member_value(value, "outer")
    assert isinstance(copy, Outer) and copy == value.outer and isinstance(copy.inner, Inner)
    copy.inner.low = 1
    assert value.raw == BYTES
    assert member_value(value, "word") == 0x0304


def test_the_class_shows_its_members() -> None:
    cls: Any = Choice
    assert cls.outer.spec.type.cls is Outer and cls.__doc__ == "One of several."
    assert (cls.__module__, cls.__qualname__) == (__name__, "Choice")
    assert Choice.__wire__.is_union and [f.offset for f in Choice.__wire__.fields] == [0] * 6
    assert not hasattr(Choice(), "__dict__")


def test_one_member_says_how_receivers_swap() -> None:
    @lw.wire_struct(size=20)
    class Around:
        before: u32 = 0
        choice: Choice = Choice()

    assert [f.type for f in lw.layout(Around).fields] == ["u32", "union choice"]
    assert swab_ranges(Around) == [(0, 4), (4, 4), (8, 2), (10, 2), (16, 2), (18, 2)]
    little = record.pack(Around(choice=Choice(BYTES)))
    big = record.pack(Around(choice=Choice(BYTES)), byteorder="big")
    assert little[4:] == BYTES
    assert big[4:] == bytes.fromhex("01020304 0506 0002 616200 7f fffe 0001".replace(" ", ""))
    assert record.unpack(Around, big, byteorder="big") == Around(choice=Choice(BYTES))


@wire_union(size=4)
class Bare(WireUnion):
    """A union that no receiver swaps."""

    number: u32


@lw.wire_struct(size=4)
class Holder:
    """What is around it."""

    bare: Bare = Bare()


def test_a_union_needs_no_swab_function() -> None:
    assert swab_ranges(Holder) == []
    assert record.pack(Holder(Bare(number=1)), byteorder="big") == b"\1\0\0\0"


class Codec:
    """Somebody else's."""

    def sizeof(self) -> int:
        """Of one byte."""
        return 1

    def parse(self, data: bytes) -> str:
        """In decimal."""
        return str(data[0])

    def build(self, obj: str) -> bytes:
        """From decimal."""
        return bytes([int(obj)])


def test_members_of_any_kind() -> None:
    @wire_union(size=1)
    class Odd(WireUnion):
        strange: Annotated[Any, Foreign(Codec())]
        small: u8

    value: Any = Odd(b"\1")
    assert value.strange == "1" and value.small == 1
    value.strange = "7"
    assert value.raw == b"\7"


def test_a_union_of_nothing() -> None:
    @wire_union(size=0)
    class Nothing(WireUnion):
        pass

    assert Nothing().raw == b"" and spec_of(Nothing).name == "nothing" and spec_of(Nothing).order == "sender"


def test_c_name_and_byte_order_are_declared() -> None:
    @wire_union(size=2, c_name="some_union", byteorder="big")
    class Named(WireUnion):
        word: u16

    assert (spec_of(Named).name, spec_of(Named).order, spec_of(Named).swab) == ("some_union", "big", True)


def test_declarations_that_do_not_fit_name_the_class() -> None:
    for size, swab_as, words in ((4, None, "declared size 4, but the largest member takes 2"), (2, "b", "no member")):
        with pytest.raises(lw.SchemaError, match=words) as caught:

            @wire_union(size=size, swab_as=swab_as)
            class Wrong(WireUnion):
                word: u16

        assert caught.value.path == "Wrong"


def test_unions_are_not_read_alone() -> None:
    with pytest.raises(lw.WireError, match="read with its outer struct") as caught:
        record.unpack(Choice, bytes(16))
    assert caught.value.path == "choice"


@lw.wire_struct(size=16)
class Numbered:
    """Named by a number and a group."""

    number: u64 = 0
    group: u64 = 0


@lw.wire_struct(size=16, text="<{sequence}:{place}>")
class Placed:
    """Named by a sequence and a place in it."""

    sequence: u64 = 0
    place: u32 = 0
    version: u32 = 0


@wire_union(
    size=16, swab_as="placed", told=ByValue("numbered.group", ((0, "numbered"), (2**64 - 1, "numbered")), "placed")
)
class Named(WireUnion):
    """One of the two: the group says which. All zeroes and all ones are turned alike in one piece or two."""

    numbered: Numbered
    placed: Placed


@lw.wire_struct(size=24)
class Bearer:
    """A thing and its name."""

    kind: u64 = 0
    name: Named = Named()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (Named(numbered=Numbered(7, 0)), "numbered"), (Named(numbered=Numbered(7, 2**64 - 1)), "numbered"),
        (Named(placed=Placed(0x200000400, 2, 0)), "placed"), (Named(placed=Placed(9, 0, 1)), "placed"),
        (Named(), "numbered"),
    ],
)  # fmt: skip
class TestToldByAValue:
    def test_the_member_that_counts(self, made: Any, told: str) -> None:
        assert told_member(made) == told
        assert told_member(Choice()) == ""

    @pytest.mark.parametrize("order", ["little", "big"])
    def test_it_travels_as_that_member(self, made: Any, told: str, order: Any) -> None:
        """By all engines, in either byte order: as the member alone does."""
        data = record.pack(Bearer(1, made), byteorder=order)
        assert data[8:] == record.pack(member_value(made, told), byteorder=order)
        assert record.unpack(Bearer, data, byteorder=order) == reference.unpack(Bearer, data, byteorder=order)
        assert bytes(bulk.unpack(Bearer, data, byteorder=order)["name"]) == made.raw

    def test_its_json_is_that_member(self, made: Any, told: str) -> None:
        plain = struct_to_json(Bearer(1, made))
        assert list(plain["name"]) == [told]
        assert struct_from_json(Bearer, plain) == Bearer(1, made)
        assert struct_from_json(Bearer, {"kind": 1, "name": {"raw": made.raw.hex()}}) == Bearer(1, made)


def test_the_text_of_one_told_by_a_value() -> None:
    assert struct_text(Bearer(1, Named(placed=Placed(5, 6))), lw.dialect("2.0")) == "{kind 1, name <5:6>}"
