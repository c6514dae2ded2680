"""What a declaration says, to the last detail: types, layouts, swabbing, defaults, overlays."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest

import lustre_wire as lw
from lustre_wire.engines import record
from lustre_wire.schema import (
    AS_SENT,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Array,
    Chars,
    FieldSpec,
    FieldType,
    Flex,
    Foreign,
    Given,
    Hole,
    LayoutField,
    Magic,
    Overlay,
    Raw,
    Scalar,
    Shown,
    Struct,
    Tag,
    WireEnum,
    WireUnion,
    spec_of,
    swab_ranges,
    u8,
    u16,
    u32,
    u64,
    wire_union,
)
from lustre_wire.schema.commands import Command
from lustre_wire.schema.shown import is_padding
from lustre_wire.schema.struct import announce, c_name_of, each_declared
from lustre_wire.schema.types import as_type


class Eight:
    """Somebody else's codec of eight bytes."""

    def parse(self, data: bytes) -> bytes:
        """As they are."""
        return data

    def build(self, obj: bytes) -> bytes:
        """As it is."""
        return obj

    def sizeof(self) -> int:
        """In bytes."""
        return 8


class Colour(WireEnum):
    """Named numbers."""

    RED = 1


@lw.wire_struct(size=12)
class Part:
    """A struct to nest: 8 bytes at 0, 2 at 8, a byte, a hole."""

    wide: u64 = 0
    narrow: u16 = 0
    small: u8 = 0
    gap: Annotated[bytes, Hole(1)] = bytes(1)


@lw.wire_struct(size=77)
class Everything:
    """A field of each kind."""

    signed: Annotated[int, S16] = 0
    byte: Annotated[int, S8] = 0
    chars: Annotated[bytes, Chars(3)] = bytes(3)
    raw: Annotated[bytes, Raw(4)] = bytes(4)
    hole: Annotated[bytes, Hole(2)] = bytes(2)
    part: Part = Part()
    parts: Annotated[list[Part], Array(Part, 2)] = [Part(), Part()]
    kept: Annotated[Part, AS_SENT] = Part()
    numbers: Annotated[list[int], Array(S16, 3)] = [0, 0, 0]
    sent: Annotated[int, U16, AS_SENT] = 0
    strange: Annotated[bytes, Foreign(Eight())] = bytes(8)
    bytes_: Annotated[list[int], Array(U8, 1), AS_SENT] = [0]
    tail: Annotated[list[Part], Flex(Part)] = []


class TestLayout:
    def test_every_kind_of_field(self) -> None:
        def row(name: str, offset: int, size: int, count: int, type: str, *marks: str) -> LayoutField:
            return LayoutField(name, offset, size, count, type, "signed" in marks, "opaque" in marks)

        assert lw.layout(Everything).fields == (
            row("signed", 0, 2, 1, "s16", "signed"), row("byte", 2, 1, 1, "s8", "signed"),
            row("chars", 3, 3, 3, "char[3]", "signed", "opaque"), row("raw", 6, 4, 4, "u8[4]", "opaque"),
            row("part", 12, 12, 1, "struct part"), row("parts", 24, 24, 2, "struct part[2]"),
            row("kept", 48, 12, 1, "struct part", "opaque"), row("numbers", 60, 6, 3, "s16[3]", "signed"),
            row("sent", 66, 2, 1, "u16", "opaque"), row("strange", 68, 8, 1, "foreign[8]"),
            row("bytes_", 76, 1, 1, "u8[1]", "opaque"), row("tail", 77, 0, 0, "struct part[]"),
        )  # fmt: skip

    def test_a_tail_with_elements_of_its_own(self) -> None:
        @lw.wire_struct(size=12)
        class Tailed:
            count: u32 = 0
            tail: Annotated[list[int], Flex(U32, minimum=2)] = [0, 0]

        (_, tail) = lw.layout(Tailed).fields
        assert (tail.size, tail.count, tail.type) == (8, 2, "u32[2]")
        assert swab_ranges(Tailed) == [(0, 4), (4, 4), (8, 4)]

    def test_names_size_kind_and_order(self) -> None:
        @lw.wire_struct(size=4, c_name="a_name", byteorder="big")
        class Named:
            number: u32 = 0

        found = lw.layout(Named)
        assert (found.name, found.size, found.kind, found.order) == ("a_name", 4, "struct", "big")

    def test_a_union(self) -> None:
        @wire_union(size=4)
        class Either(WireUnion):
            number: u32
            low: u16

        found = lw.layout(Either)
        assert (found.name, found.size, found.kind) == ("either", 4, "union")
        assert [(f.name, f.offset, f.size) for f in found.fields] == [("number", 0, 4), ("low", 0, 2)]

    def test_a_kind_nobody_knows(self) -> None:
        class Odd(FieldType):
            size = 4

        spec = FieldSpec("odd", 0, Odd())

        @lw.wire_struct(size=4)
        class Holder:
            number: u32 = 0

        object.__setattr__(spec_of(Holder), "fields", (spec,))
        with pytest.raises(TypeError, match="Odd"):
            lw.layout(Holder)


class TestSwabbing:
    def test_what_receivers_swap(self) -> None:
        """Integers of more than a byte, in structs and arrays too; no bytes, nothing as sent."""

        def part(at: int) -> list[tuple[int, int]]:
            return [(at, 8), (at + 8, 2)]

        flexible = [(77, 8, "flex", 12), (85, 2, "flex", 12)]
        assert swab_ranges(Everything) == [
            (0, 2), *part(12), *part(24), *part(36), (60, 2), (62, 2), (64, 2), *flexible,
        ]  # fmt: skip

    def test_a_struct_without_swab_function(self) -> None:
        @lw.wire_struct(size=4, swab=False)
        class Plain:
            number: u32 = 0

        assert swab_ranges(Plain) == []

    def test_arrays_and_tails_as_sent(self) -> None:
        @lw.wire_struct(size=20)
        class Sent:
            pair: Annotated[list[int], Array(U32, 2), AS_SENT] = [0, 0]
            part: Annotated[list[Part], Array(Part, 1), AS_SENT] = [Part()]
            tail: Annotated[list[int], Flex(U64), AS_SENT] = []

        assert swab_ranges(Sent) == []
        assert [f.opaque for f in lw.layout(Sent).fields] == [True, True, True]
        value = Sent([1, 2], [Part(3)], [4])
        assert record.pack(value, byteorder="big") == record.pack(value)

    def test_bytes_as_sent_are_what_they_were(self) -> None:
        @lw.wire_struct(size=2)
        class Marked:
            raw: Annotated[bytes, Raw(2), AS_SENT] = bytes(2)

        assert spec_of(Marked).fields[0].type == Raw(2)


class TestTypes:
    def test_sizes_and_format_characters(self) -> None:
        unsigned = {kind: (kind.size, kind.code) for kind in (U8, U16, U32, U64)}
        assert unsigned == {U8: (1, "B"), U16: (2, "H"), U32: (4, "I"), U64: (8, "Q")}
        assert {kind: (kind.size, kind.code) for kind in (S8, S16, S32, S64)} == {
            S8: (1, "b"), S16: (2, "h"), S32: (4, "i"), S64: (8, "q"),
        }  # fmt: skip

    def test_as_sent_changes_nothing_else(self) -> None:
        assert S32.as_sent() == Scalar(4, signed=True, opaque=True)
        assert (S32.opaque, Struct(Part).opaque) == (False, False)

    def test_sizes_of_what_is_made_of_others(self) -> None:
        assert Struct(Part).size == 12 and Array(Part, 3).size == 36 and Array(U16, 3).size == 6
        assert Flex(Part).size == 0 and Flex(U32, minimum=3).size == 12 and Flex(U32).count == ""

    def test_what_an_element_is(self) -> None:
        assert as_type(U16) is U16 and as_type(Part) == Struct(Part)
        with pytest.raises(TypeError, match="neither a field type nor a wire struct"):
            as_type(int)

    def test_marks_of_a_field(self) -> None:
        @lw.wire_struct(size=12)
        class Marked:
            magic: Annotated[int, U32, Magic(1, 2), Shown.HEX] = 1
            number: Annotated[int, U32, Given("magic", 4)] = 0
            part: Annotated[Colour, U32, Tag("magic", ((1, "a"),))] = Colour(0)

        magic, number, part = spec_of(Marked).fields
        assert (magic.magic, magic.shown, magic.given, magic.enum) == ((1, 2), Shown.HEX, None, None)
        assert (number.magic, number.shown, number.given) == ((), None, Given("magic", 4))
        assert part.enum is Colour and part.tag == Tag("magic", ((1, "a"),))

    def test_paddings_are_known_by_their_names(self) -> None:
        for name in ("padding_1", "rn_pad", "o_spare", "fm_reserved", "ocd_unused", "hole_3"):
            assert is_padding(name), name

    def test_what_is_no_padding(self) -> None:
        assert not any(is_padding(name) for name in ("pad", "o_size", "f_seq"))

    def test_ways_to_show_a_number_say_what_they_are(self) -> None:
        assert len(Shown) == len(Shown.__members__) == 14 and all(isinstance(kind.value, str) for kind in Shown)

    def test_what_a_declaration_says_never_changes(self) -> None:
        said = (
            U8, Raw(1), Chars(1), Hole(1), Struct(Part), Array(U8, 1), Flex(U8), Foreign(Eight()), AS_SENT,
            Tag("a", ()), Given("a", 1), FieldSpec("a", 0, U8), spec_of(Part), lw.layout(Part),
            lw.layout(Part).fields[0],
        )  # fmt: skip
        for each in said:
            assert each in {each}
            for name in ("size", "anything"):
                with pytest.raises(AttributeError):
                    setattr(each, name, 5)
        with pytest.raises(AttributeError):
            Command("attach").verb = "detach"  # type: ignore[misc]

    def test_a_command_says_nothing_unless_told(self) -> None:
        assert Command("attach") == Command("attach", (), (), False, False, "", {})
        assert Command("attach").structs is not Command("attach").structs


class TestOverlays:
    """A second name for the first bytes of a field."""

    @staticmethod
    def overlaid() -> Any:
        @lw.wire_struct(size=14)
        class Overlaid:
            before: u16 = 0
            part: Part = Part()
            low: ClassVar[Overlay] = Overlay(U32, over="part")

        return Overlaid

    def test_it_is_no_field_but_has_a_place(self) -> None:
        cls = self.overlaid()
        assert [f.name for f in spec_of(cls).fields] == ["before", "part"] and not spec_of(cls).overlays[0].enum
        assert [(f.name, f.offset, f.size) for f in lw.layout(cls).fields][1:] == [("part", 2, 12), ("low", 2, 4)]
        assert isinstance(cls.low, Overlay) and cls.low.over == "part" and cls.low.type is U32

    def test_it_is_read_and_written_through_nested_structs(self) -> None:
        value = self.overlaid()(part=Part(0x1122334455667788))
        assert value.low == 0x55667788
        value.low = 0x99AABBCCDD
        assert value.part == Part(0x11223344AABBCCDD) and value.low == 0xAABBCCDD

    def test_over_a_plain_field(self) -> None:
        @lw.wire_struct(size=8)
        class Plain:
            wide: u64 = 0
            low: ClassVar[Overlay] = Overlay(U16, over="wide")

        value: Any = Plain(0x0102030405060708)
        value.low = 0
        assert value.wide == 0x0102030405060000 and value.low == 0


class TestDeclaring:
    @pytest.mark.parametrize(
        ("name", "c_name"), [("MdtRecCreate", "mdt_rec_create"), ("Word", "word"), ("lower", "lower"), ("ABc", "a_bc")]
    )
    def test_c_names(self, name: str, c_name: str) -> None:
        assert c_name_of(name) == c_name

    def test_a_default_of_its_own_for_each(self) -> None:
        """Whether it is the nested struct's own default or another value."""

        @lw.wire_struct(size=24)
        class Nesting:
            plain: Part = Part()
            other: Part = Part(7)

        one, two = Nesting(), Nesting()
        one.plain.wide = one.other.wide = 9
        assert two == Nesting(Part(), Part(7)) and one == Nesting(Part(9), Part(9))

    def test_a_field_without_default_must_be_given(self) -> None:
        @lw.wire_struct(size=4)
        class Bare:
            number: u32

        assert Bare(5).number == 5
        with pytest.raises(TypeError):
            Bare()  # type: ignore[call-arg]

    def test_objects_have_slots_only_and_no_order(self) -> None:
        value: Any = Part()
        with pytest.raises(AttributeError):
            value.nothing = 1
        with pytest.raises(TypeError):
            assert value < Part(1)

    def test_a_class_may_print_itself(self) -> None:
        @lw.wire_struct(size=4)
        class Printing:
            number: u32 = 0

            def __repr__(self) -> str:
                return "mine"

        assert repr(Printing()) == "mine" and repr(Part(1, 2)) == "Part(wide=1, narrow=2, small=0, gap=b'\\x00')"

    def test_the_text_of_a_value_is_kept_in_pieces(self) -> None:
        def text(said: Any) -> Any:
            @lw.wire_struct(size=4, text=said)
            class Told:
                number: u32 = 0

            return spec_of(Told).text

        assert text("{number}") == ("{number}",) and text(("{number}", "!")) == ("{number}", "!")
        assert spec_of(Part).text == () and spec_of(Part).order == "sender" and spec_of(Part).swab

    def test_class_variables_are_no_fields(self) -> None:
        @lw.wire_struct(size=4)
        class Counted:
            number: u32 = 0
            often: ClassVar[int] = 3
            bare: ClassVar = 4

        assert [f.name for f in spec_of(Counted).fields] == ["number"] and Counted.often == 3 and Counted.bare == 4

    def test_annotations_need_not_be_text(self) -> None:
        cls: Any = type("Made", (), {"__annotations__": {"number": u32}, "__module__": "nowhere", "number": 3})
        made = lw.wire_struct(size=4)(cls)
        assert made().number == 3 and spec_of(made).fields == (FieldSpec("number", 0, U32),)

    @pytest.mark.parametrize("words", ["Nothing", "U32.nothing", "1()", "not an expression"])
    def test_annotations_that_say_nothing(self, words: str) -> None:
        cls = type("Made", (), {"__annotations__": {"number": words}})
        with pytest.raises(lw.SchemaError, match="cannot resolve an annotation: ") as caught:
            lw.wire_struct(size=4)(cls)
        assert caught.value.path == "Made.number"

    def test_fields_lie_one_behind_the_other(self) -> None:
        assert [(f.name, f.offset, f.size) for f in spec_of(Part).fields] == [
            ("wide", 0, 8), ("narrow", 8, 2), ("small", 10, 1), ("gap", 11, 1),
        ]  # fmt: skip
        assert spec_of(Part).by_name["small"] is spec_of(Part).fields[2]

    def test_a_flexible_array_inside_names_its_field(self) -> None:
        with pytest.raises(lw.SchemaError, match="must be the last field") as caught:

            @lw.wire_struct(size=4)
            class Wrong:
                tail: Annotated[list[int], Flex(U32)] = []
                number: u32 = 0

        assert caught.value.path == "Wrong.tail"

    def test_where_a_struct_may_grow(self) -> None:
        @lw.wire_struct(size=0)
        class Empty:
            pass

        @lw.wire_struct(size=77)
        class Outer:
            inner: Everything = Everything()

        assert spec_of(Everything).tail is spec_of(Everything).node.members[-1]
        assert spec_of(Outer).tail is spec_of(Outer).node.members[0].members[-1]
        assert spec_of(Part).tail is spec_of(Empty).tail is None

    def test_whoever_asks_hears_of_every_declaration(self) -> None:
        heard: list[Any] = []
        each_declared(heard.append)
        assert Part in heard and Everything in heard
        before = len(heard)

        @lw.wire_struct(size=4)
        class Late:
            number: u32 = 0

        assert heard[before:] == [Late]
        announce(Part)
        assert heard[-1] is Part

    def test_what_is_no_wire_struct(self) -> None:
        with pytest.raises(lw.SchemaError, match="int is not a wire struct"):
            spec_of(int)
        assert spec_of(Part()) is spec_of(Part)
