"""Every kind of field in every place, read and written by both engines, against bytes written out here."""

from __future__ import annotations

import linecache
import struct
from typing import Annotated, Any

import construct as cs
import pytest

import lustre_wire as lw
from lustre_wire.engines import record, reference
from lustre_wire.engines.straightline import at_least, counted
from lustre_wire.errors import SchemaError, TruncatedError, WireError
from lustre_wire.schema import (
    AS_SENT,
    S16,
    U8,
    U16,
    U32,
    U64,
    Array,
    Chars,
    Flex,
    Foreign,
    Hole,
    Raw,
    Struct,
    WireEnum,
    WireUnion,
    s32,
    spec_of,
    u8,
    u16,
    u32,
    u64,
    wire_union,
)
from lustre_wire.schema.nodes import ByteOrder, compile_functions, fit
from lustre_wire.schema.types import FieldType
from lustre_wire.schema.types.foreign import foreign_build, foreign_errors, foreign_parse

ENGINES: Any = [record, reference]


class Kind(WireEnum):
    """Named numbers."""

    ONE = 1


@lw.wire_struct(size=4)
class Word:
    """Two halves."""

    low: u16 = 0
    high: u16 = 0


@lw.wire_struct(size=4, byteorder="big")
class Fixed:
    """Big-endian whoever sends it."""

    number: u32 = 0


@lw.wire_struct(size=4, swab=False)
class Unswabbed:
    """As sent when it stands alone; swapped inside another."""

    number: u32 = 0


@wire_union(size=8, swab_as="word")
class Either(WireUnion):
    """A receiver swaps it by its shorter member."""

    word: Word
    wide: u64


def both_ways(value: Any, little: str, big: str) -> None:
    """A value and its bytes in both byte orders, by both engines."""
    order: ByteOrder
    for order, text in (("little", little), ("big", big)):
        data = bytes.fromhex(text.replace(" ", ""))
        for engine in ENGINES:
            assert engine.pack(value, byteorder=order).hex(" ") == data.hex(" "), (engine, order)
            assert engine.unpack(type(value), data, byteorder=order) == value, (engine, order)
        assert reference.pack(value, byteorder=order, compiled=True) == data
        assert reference.unpack(type(value), data, byteorder=order, compiled=True) == value


@lw.wire_struct(size=17)
class Plain:
    """Integers and bytes."""

    small: u8 = 0
    signed: Annotated[int, S16] = 0
    kind: Annotated[Kind, U16] = Kind(0)
    kept: Annotated[Kind, U16, AS_SENT] = Kind(0)
    text: Annotated[bytes, Chars(3)] = bytes(3)
    raw: Annotated[bytes, Raw(2)] = bytes(2)
    hole: Annotated[bytes, Hole(1)] = bytes(1)
    minus: Annotated[int, S16, AS_SENT] = 0
    last: u16 = 0


def test_integers_and_bytes() -> None:
    value = Plain(0x11, -2, Kind.ONE, Kind(0x0203), b"abc", b"\x04\x05", b"\x06", -3, 0x0708)
    both_ways(
        value,
        "11 feff 0100 0302 616263 0405 06 fdff 0807",
        "11 fffe 0001 0302 616263 0405 06 fdff 0708",
    )
    made = record.unpack(Plain, record.pack(value))
    assert made.kind is Kind.ONE and isinstance(made.kept, Kind)


@lw.wire_struct(size=24)
class Nested:
    """Structs inside."""

    word: Word = Word()
    sent: Annotated[Word, AS_SENT] = Word()
    fixed: Fixed = Fixed()
    plain: Unswabbed = Unswabbed()
    either: Either = Either()


def test_structs_inside() -> None:
    """As sent: as the little-endian writes it. A fixed byte order wins; the lack of a swab function does not count."""
    value = Nested(Word(1, 2), Word(3, 4), Fixed(5), Unswabbed(6), Either(bytes.fromhex("0700080009000a00")))
    both_ways(
        value,
        "01000200 03000400 00000005 06000000 0700080009000a00",
        "00010002 03000400 00000005 00000006 0007000809000a00",
    )


def test_alone_a_struct_without_swab_function_stays_as_sent() -> None:
    both_ways(Unswabbed(6), "06000000", "06000000")
    both_ways(Fixed(5), "00000005", "00000005")


@lw.wire_struct(size=78)
class Arrays:
    """Arrays, short and long."""

    few: Annotated[list[int], Array(U16, 2)] = [0] * 2
    eight: Annotated[list[int], Array(U16, 8)] = [0] * 8
    nine: Annotated[list[int], Array(U16, 9)] = [0] * 9
    sent: Annotated[list[int], Array(U16, 9), AS_SENT] = [0] * 9
    words: Annotated[list[Word], Array(Word, 2)] = [Word(), Word()]
    texts: Annotated[list[bytes], Array(Chars(2), 2)] = [bytes(2), bytes(2)]
    one: Annotated[list[int], Array(U32, 1), AS_SENT] = [0]
    two: Annotated[list[list[int]], Array(Array(U16, 1), 3)] = [[0], [0], [0]]


def test_arrays() -> None:
    eight, nine = list(range(1, 9)), list(range(1, 10))
    value = Arrays([1, 2], eight, nine, nine, [Word(1, 2), Word(3, 4)], [b"ab", b"c\0"], [5], [[1], [2], [3]])
    little, big = struct.pack("<8H", *eight).hex(), struct.pack(">8H", *eight).hex()
    both_ways(
        value,
        f"01000200 {little} {little}0900 {little}0900 0100020003000400 61626300 05000000 010002000300",
        f"00010002 {big} {big}0009 {little}0900 0001000200030004 61626300 05000000 000100020003",
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["few", "eight", "nine", "words", "texts"])
def test_arrays_have_their_length(engine: Any, name: str) -> None:
    value = Arrays()
    for changed in ([*getattr(value, name), getattr(value, name)[0]], getattr(value, name)[:-1]):
        with pytest.raises(WireError):
            engine.pack(Arrays(**{name: changed}))
    with pytest.raises(WireError, match="expected 9 elements, got 8") as caught:
        record.pack(Arrays(nine=[0] * 8))
    assert caught.value.path == "arrays.nine"


@lw.wire_struct(size=8)
class Counted:
    """One element always, as many as it counts."""

    count: u32 = 0
    items: Annotated[list[int], Flex(U32, minimum=1, count="count")] = [0]


@lw.wire_struct(size=4)
class Free:
    """As many structs as there are."""

    number: u32 = 0
    items: Annotated[list[Word], Flex(Word)] = []


@lw.wire_struct(size=2)
class Bytes:
    """As many bytes as there are."""

    number: u16 = 0
    data: Annotated[bytes, Flex(Raw(1))] = b""


@lw.wire_struct(size=2)
class Sent:
    """Numbers as sent."""

    number: u16 = 0
    items: Annotated[list[int], Flex(U16), AS_SENT] = []


@lw.wire_struct(size=2)
class SentWords:
    """Structs as sent, and structs of a fixed order."""

    number: u16 = 0
    items: Annotated[list[Word], Flex(Struct(Word)), AS_SENT] = []


@lw.wire_struct(size=2)
class FixedTail:
    """Structs of a byte order of their own."""

    number: u16 = 0
    items: Annotated[list[Fixed], Flex(Fixed)] = []


@lw.wire_struct(size=10)
class Around:
    """A tail in the last field, and one that cannot grow in the middle."""

    first: Annotated[list[Bytes], Array(Bytes, 1)] = [Bytes()]
    middle: Free = Free()
    last: Free = Free()


@lw.wire_struct(size=40)
class Many:
    """More structs than numbers are read one by one."""

    words: Annotated[list[Word], Array(Word, 10)] = [Word() for _ in range(10)]


@lw.wire_struct(size=2)
class Small:
    """As many bytes as numbers as there are."""

    number: u16 = 0
    items: Annotated[list[int], Flex(U8)] = []


def test_many_structs() -> None:
    words = [Word(n, 0) for n in range(10)]
    little, big = (b"".join(struct.pack(f"{o}HH", n, 0) for n in range(10)).hex() for o in "<>")
    both_ways(Many(words), little, big)


class TestTails:
    def test_bytes_as_numbers(self) -> None:
        both_ways(Small(1, [2, 3, 4]), "0100 020304", "0001 020304")
        both_ways(Small(1), "0100", "0001")

    def test_what_is_counted(self) -> None:
        both_ways(Counted(2, [1, 2]), "02000000 01000000 02000000", "00000002 00000001 00000002")
        data = struct.pack("<5I", 2, 1, 2, 3, 4)
        for engine in ENGINES:
            assert engine.unpack(Counted, data) == Counted(2, [1, 2])
            assert engine.unpack(Counted, data[:14]) == Counted(2, [1, 2])
            assert engine.unpack(Counted, data[:11]) == Counted(2, [1])
            assert engine.unpack(Counted, struct.pack("<3I", 9, 1, 2)) == Counted(9, [1, 2])

    def test_a_count_of_none(self) -> None:
        """The record engine reads what its count says, and then no more than that."""
        assert record.unpack(Counted, bytes(12)).items == reference.unpack(Counted, bytes(12)).items == []

    def test_at_least_the_minimum_is_written(self) -> None:
        with pytest.raises(WireError, match="expected at least 1 elements, got 0") as caught:
            record.pack(Counted(0, []))
        assert caught.value.path == "counted.items"
        with pytest.raises(WireError, match="expected at least 1 elements"):
            reference.pack(Counted(0, []))

    def test_structs(self) -> None:
        both_ways(Free(1, [Word(2, 3), Word(4, 5)]), "01000000 02000300 04000500", "00000001 00020003 00040005")
        both_ways(Free(1), "01000000", "00000001")
        for engine in ENGINES:
            assert engine.unpack(Free, bytes(11)) == Free(0, [Word()])
            assert engine.unpack(Free, bytes(12)) == Free(0, [Word(), Word()])

    def test_bytes(self) -> None:
        both_ways(Bytes(1, b"abc"), "0100 616263", "0001 616263")
        both_ways(Bytes(1), "0100", "0001")

    def test_as_sent_and_of_a_fixed_order(self) -> None:
        both_ways(Sent(1, [2, 3]), "0100 0200 0300", "0001 0200 0300")
        both_ways(SentWords(1, [Word(2, 3)]), "0100 02000300", "0001 02000300")
        both_ways(FixedTail(1, [Fixed(2)]), "0100 00000002", "0001 00000002")

    def test_inside_another_struct(self) -> None:
        value = Around([Bytes(1)], Free(2), Free(3, [Word(4, 5)]))
        both_ways(value, "0100 02000000 03000000 04000500", "0001 00000002 00000003 00040005")

    def test_where_it_cannot_grow_it_is_empty(self) -> None:
        value = record.unpack(Around, bytes(14))
        assert value == Around(last=Free(0, [Word()])) and value.first[0].data == b"" and value.middle.items == []
        for wrong in (Around(first=[Bytes(1, b"x")]), Around(middle=Free(0, [Word()]))):
            with pytest.raises(WireError, match="expected 0 elements, got 1"):
                record.pack(wrong)

    def test_behind_an_offset(self) -> None:
        data = b"xyz" + record.pack(Free(1, [Word(2, 3)]))
        assert record.unpack(Free, data, offset=3) == Free(1, [Word(2, 3)])
        assert record.unpack(Counted, b"xyz" + struct.pack("<4I", 2, 1, 2, 3), offset=3) == Counted(2, [1, 2])

    def test_the_fixed_part_alone(self) -> None:
        """`bare_codec` takes the elements that are always there."""
        codec = record.bare_codec(Counted, "little")
        data = struct.pack("<3I", 7, 1, 2)
        assert codec.unpack(data, 0, 12) == Counted(7, [1]) and not codec.flexible and codec.size == 8
        assert codec.pack(Counted(7, [1])) == data[:8]
        assert record.codec(Counted, "little").flexible and not record.codec(Word, "little").flexible

    def test_elements_that_no_tail_can_have(self) -> None:
        @lw.wire_struct(size=2)
        class Wrong:
            number: u16 = 0
            items: Annotated[list[Any], Flex(Array(U16, 2))] = []

        with pytest.raises(TypeError, match="a flexible array cannot hold"):
            record.codec(Wrong, "little")


#: A user's own construct definition: a length-prefixed name in eight bytes.
NAME = cs.FixedSized(8, cs.Prefixed(cs.Byte, cs.GreedyBytes))


class Broken:
    """A codec that is no good."""

    def sizeof(self) -> int:
        """Two bytes."""
        return 2

    def parse(self, data: bytes) -> Any:
        """It cannot."""
        raise LookupError("no such thing")

    def build(self, obj: Any) -> bytes:
        """Always too long, if it can."""
        if obj is None:
            raise ArithmeticError("nothing there")
        return b"abc"


@lw.wire_struct(size=10)
class Named:
    """A field that its own codec describes."""

    number: u16 = 0
    name: Annotated[bytes, Foreign(NAME)] = b""


@lw.wire_struct(size=4)
class Strange:
    """A field whose codec refuses everything."""

    number: u16 = 0
    strange: Annotated[Any, Foreign(Broken())] = None


class TestForeign:
    def test_a_users_own_definition(self) -> None:
        both_ways(Named(1, b"abc"), "0100 0361626300000000", "0001 0361626300000000")

    def test_what_it_refuses_is_an_error_of_ours(self) -> None:
        for call in (lambda: record.unpack(Named, b"\0\0\x09" + bytes(7)), lambda: record.pack(Named(1, b"x" * 9))):
            with pytest.raises(WireError, match="the field's own codec refuses it: ") as caught:
                call()
            assert caught.value.path in ("name", "named.name")

    def test_any_exception_a_codec_may_raise(self) -> None:
        for call, words in (
            (lambda: record.unpack(Strange, bytes(4)), "refuses it: no such thing"),
            (lambda: record.pack(Strange()), "refuses it: nothing there"),
            (lambda: record.pack(Strange(1, 5)), "expected 2 bytes, got 3"),
        ):
            with pytest.raises(WireError, match=words):
                call()
        with pytest.raises(WireError, match="expected 2 bytes, got 3") as caught:
            foreign_build(Broken(), 5, 2, "here")
        assert caught.value.path == "here"
        with pytest.raises(WireError, match="expected 4 bytes, got 3"):
            foreign_build(Broken(), 5, 4, "here")
        with pytest.raises(WireError) as caught:
            foreign_parse(Broken(), b"", "there")
        assert caught.value.path == "there"

    def test_constructs_own_errors_count(self) -> None:
        assert cs.ConstructError in foreign_errors() and ValueError in foreign_errors()

    def test_the_reference_engine_names_the_struct(self) -> None:
        for call in (
            lambda: reference.unpack(Named, b"\0\0\x09" + bytes(7)),
            lambda: reference.pack(Named(1, b"x" * 9)),
        ):
            with pytest.raises(WireError) as caught:
                call()
            assert caught.value.path == "named"


class TestHelpers:
    def test_bytes_of_a_size(self) -> None:
        assert fit(b"ab", 2, "x", False) == b"ab" == fit(bytearray(b"ab"), 2, "x", True)
        assert fit(b"a", 3, "x", True) == b"a\0\0"
        for value, pad in ((b"a", False), (b"abc", True), (b"abc", False)):
            with pytest.raises(WireError, match=f"expected 2 bytes, got {len(value)}") as caught:
                fit(value, 2, "where", pad)
            assert caught.value.path == "where"

    def test_numbers_of_elements(self) -> None:
        assert counted([1, 2], 2, "x") == [1, 2] == at_least([1, 2], 2, "x") and at_least([1, 2], 1, "x") == [1, 2]
        for call, wrong in ((counted, [1]), (counted, [1, 2, 3]), (at_least, [1])):
            with pytest.raises(WireError, match=f"got {len(wrong)}") as caught:
                call(wrong, 2, "where")
            assert caught.value.path == "where"

    def test_generated_text_is_kept(self) -> None:
        names = compile_functions("a test", "def twice(x):\n    return x * two\n", {"two": 2})
        assert names["twice"](4) == 8 and linecache.getline("<lustre_wire a test>", 2) == "    return x * two\n"
        linecache.checkcache()
        assert linecache.getline("<lustre_wire a test>", 1) == "def twice(x):\n"

    def test_two_texts_under_one_title_are_told_apart(self) -> None:
        one = compile_functions("one title", "def f():\n    return 1\n", {})["f"]
        two = compile_functions("one title", "def f():\n    return 2\n", {})["f"]
        again = compile_functions("one title", "def f():\n    return 1\n", {})["f"]
        assert one.__code__.co_filename == again.__code__.co_filename != two.__code__.co_filename
        for f, value in ((one, 1), (two, 2)):
            assert linecache.getline(f.__code__.co_filename, 2) == f"    return {value}\n"


class Odd(FieldType):
    """No engine knows it."""

    size = 4


class TestErrors:
    """Which field it was, and where the input ends."""

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            (Plain(small=-1), "plain.small"),
            (Plain(signed=1 << 15), "plain.signed"),
            (Plain(signed=-(1 << 15) - 1), "plain.signed"),
            (Plain(minus=1 << 15), "plain.minus"),
            (Plain(last=1 << 16), "plain.last"),
            (Plain(last="1"), "plain.last"),  # type: ignore[arg-type]
            (Plain(text=b"abcd"), "plain.text"),
            (Nested(fixed=Fixed(-1)), "nested.fixed.number"),
            (Nested(plain=5), "nested.plain"),  # type: ignore[arg-type]
            (Nested(either=5), "nested.either"),  # type: ignore[arg-type]
            (Nested(either=Either(b"short")), "nested.either"),
            (Arrays(few=[1 << 16, 0]), "arrays.few[0]"),
            (Around(last=Free(-1)), "around.last.number"),
        ],
    )
    def test_the_field_at_fault(self, value: Any, path: str) -> None:
        with pytest.raises(WireError) as caught:
            record.pack(value)
        assert caught.value.path == path

    @pytest.mark.parametrize("value", [Plain(signed=-(1 << 15)), Plain(signed=(1 << 15) - 1), Plain(small=255)])
    def test_numbers_that_just_fit(self, value: Any) -> None:
        for name, wrong in (("signed", -(1 << 15) - 1), ("signed", 1 << 15), ("small", 256), ("small", -1)):
            odd = Plain()
            setattr(odd, name, wrong)
            found = record.fault(spec_of(Plain).node, odd, "plain")
            assert found is not None and found.path == f"plain.{name}"
        assert record.unpack(Plain, record.pack(value)) == value
        assert record.fault(spec_of(Plain).node, value, "plain") is None

    def test_a_missing_attribute(self) -> None:
        value = object.__new__(Word)
        value.low = 1
        with pytest.raises(WireError) as caught:
            record.pack(value)
        assert caught.value.path == "word.high"

    @pytest.mark.parametrize("engine", ENGINES)
    def test_short_input(self, engine: Any) -> None:
        with pytest.raises(TruncatedError, match="expected 17 bytes, got 16") as caught:
            engine.unpack(Plain, bytes(16))
        assert (caught.value.path, caught.value.offset) == ("plain", 0)

    @pytest.mark.parametrize(("offset", "left"), [(1, 16), (16, 1), (17, 0), (18, 0), (-1, 18)])
    def test_input_that_ends_too_early(self, offset: int, left: int) -> None:
        with pytest.raises(TruncatedError, match=f"expected 17 bytes, got {left}") as caught:
            record.unpack(Plain, bytes(17), offset=offset)
        assert (caught.value.path, caught.value.offset) == ("plain", offset)

    def test_input_of_wide_items_is_counted_in_bytes(self) -> None:
        data = memoryview(bytes(24)).cast("Q")
        with pytest.raises(TruncatedError, match="expected 17 bytes, got 14"):
            record.unpack(Plain, data, offset=10)

    def test_fields_of_no_kind(self) -> None:
        @lw.wire_struct(size=4)
        class Holder:
            number: Annotated[int, Odd()] = 0

        with pytest.raises(TypeError, match="number: Odd"):
            record.codec(Holder, "little")
        with pytest.raises(TypeError, match="Odd"):
            reference.struct(Holder)


class TestReference:
    def test_definitions_are_made_once(self) -> None:
        assert reference.struct(Word, compiled=True) is reference.struct(Word, compiled=True)
        assert reference.struct(Word) is reference.struct(Word) is not reference.struct(Word, "big")

    def test_they_are_compiled_only_if_asked(self) -> None:
        assert isinstance(reference.struct(Word), cs.Struct)
        assert not isinstance(reference.struct(Word, compiled=True), cs.Struct)

    def test_a_union_has_a_size(self) -> None:
        assert reference.struct(Either).sizeof() == reference.struct(Either, "big").sizeof() == 8
        assert reference.struct(Either).parse(bytes(range(8))).word.high == 0x0302
        assert reference.struct(Either, "big").parse(bytes(range(8))).word.high == 0x0203
        assert reference.unpack(Either, bytes(range(8))).raw == bytes(range(8))

    def test_containers_are_plain(self) -> None:
        made = reference.to_container(Nested(word=Word(1, 2), either=Either(word=Word(3, 4))))
        assert made.word == cs.Container(low=1, high=2)
        assert made.either.raw == b"\3\0\4\0\0\0\0\0" and made.either.word == cs.Container(low=3, high=4)

    def test_integers_only(self) -> None:
        for value in (Word(low=1.0), Word(low="1")):  # type: ignore[arg-type]
            with pytest.raises(WireError) as caught:
                reference.pack(value)
            assert caught.value.path == "word"

    def test_what_is_no_wire_struct(self) -> None:
        with pytest.raises(SchemaError):
            reference.unpack(int, b"")


def test_signed_numbers_of_four_bytes() -> None:
    @lw.wire_struct(size=12)
    class Signed:
        number: s32 = 0
        sent: Annotated[int, U64, AS_SENT] = 0

    both_ways(Signed(-2, 1), "feffffff 0100000000000000", "fffffffe 0100000000000000")
