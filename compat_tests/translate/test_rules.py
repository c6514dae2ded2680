"""The rule engine on small structs: every kind of rule, both ways, and declarations that say too little."""

from __future__ import annotations

from errno import EINVAL, EOVERFLOW
from typing import Annotated, Any

import pytest

import lustre_wire as lw
from lustre_wire.errors import SchemaError, Untranslatable
from lustre_wire.schema import (
    U8,
    U16,
    U32,
    Array,
    Chars,
    Flex,
    Hole,
    Raw,
    WireEnum,
    WireFlag,
    WireUnion,
    u8,
    u16,
    u32,
    u64,
    wire_union,
)
from lustre_wire.translate.report import Entry
from lustre_wire.translate.rules import (
    DOWN,
    UP,
    Bits,
    FieldRule,
    Operation,
    RuleSet,
    Side,
    Slot,
    StructRule,
    Versions,
    bits,
    computed,
    nested,
    numbers,
    only_new,
    only_old,
    paddings,
    pair,
    renamed,
)
from lustre_wire.translate.session import Session
from lustre_wire.translate.structs import make_joined, make_struct
from lustre_wire.translate.tables import Place, field_rows
from lustre_wire.translate.work import Work

D18, D20 = lw.dialect("1.8"), lw.dialect("2.0")


class OldFlags(WireFlag):
    """Bits of the older side."""

    A = 1
    B = 2


class NewFlags(WireFlag):
    """The same of the newer side."""

    A = 1
    C = 4


class Kind(WireEnum):
    """Named numbers that both have."""

    ONE = 1


@lw.wire_struct(size=4)
class Word:
    """Two halves, the same on both sides."""

    low: u16 = 0
    high: u16 = 0


@lw.wire_struct(size=4)
class OldWord:
    """Of the older side."""

    one: u16 = 0
    two: u16 = 0


@wire_union(size=4)
class Either(WireUnion):
    """The same on both sides."""

    word: Word
    whole: u32


@lw.wire_struct(size=60)
class Old:
    """The older side."""

    same: u32 = 0
    before: u32 = 0
    made: u32 = 0
    flags: Annotated[OldFlags, U32] = OldFlags(0)
    kind: Annotated[Kind, U16] = Kind(0)
    kept: u16 = 0
    gone: u32 = 0
    lost: u32 = 0
    wrong: u32 = 0
    either: Either = Either()
    word: OldWord = OldWord()
    words: Annotated[list[OldWord], Array(OldWord, 2)] = [OldWord(), OldWord()]
    list_: Annotated[list[int], Array(U16, 2)] = [0, 0]
    text: Annotated[bytes, Chars(3)] = bytes(3)
    hole: Annotated[bytes, Hole(1)] = bytes(1)
    pad: u32 = 0


@lw.wire_struct(size=64)
class New:
    """The newer side."""

    same: u32 = 0
    after: u32 = 0
    made: u32 = 0
    flags: Annotated[NewFlags, U32] = NewFlags(0)
    kind: Annotated[Kind, U16] = Kind(0)
    deep: Word = Word()
    filled: u32 = 0
    either: Either = Either()
    word: Word = Word()
    words: Annotated[list[Word], Array(Word, 2)] = [Word(), Word()]
    list_: Annotated[list[int], Array(U16, 2)] = [0, 0]
    text: Annotated[bytes, Chars(3)] = bytes(3)
    hole: Annotated[bytes, Hole(3)] = bytes(3)
    own: Word = Word()
    more: Annotated[list[int], Array(U16, 2)] = [0, 0]
    raw: Annotated[bytes, Raw(2)] = bytes(2)
    tiny: Annotated[Kind, U8] = Kind(0)
    rest: Annotated[list[int], Flex(U8, minimum=1)] = [0]


@lw.wire_struct(size=8)
class Listing:
    """More than plain numbers."""

    numbers: Annotated[list[int], Array(U16, 2)] = [0, 0]
    kind: Annotated[Kind, U32] = Kind(0)


@lw.wire_struct(size=2)
class Less:
    """Less than a word."""

    low: u16 = 0


def one_more(value: int, struct: Any, work: Any) -> int:
    return value + 1


def one_less(value: int, struct: Any, work: Any) -> int:
    return value - 1


WORDS = pair(OldWord, Word, renamed("one", "low"), renamed("two", "high"))
RULE = pair(
    Old, New,
    renamed("before", "after", note="words"),
    computed("made", "made", up=one_more, down=one_less),
    bits("flags", up=Bits(clear=1, loss={2: "b"}), down=Bits(errno={4: EINVAL}, clear=8)),
    FieldRule("kept", "deep.low"),
    only_old("gone", quiet=(9,)),
    only_old("lost", default=5, loss="lost"),
    only_old("wrong", errno=EOVERFLOW),
    only_old("pad", loss="padding"),
    only_new("filled", default=0x10, loss="filled", quiet=(7,)),
    only_new("deep.high", default=3),
    only_new("own", loss="own"),
    only_new("more", default=(0, 0), loss="more"),
    only_new("raw", default=bytes(2), errno=EINVAL),
    only_new("tiny", default=1),
    only_new("rest", default=(4,)),
)  # fmt: skip


def rule_set(*structs: StructRule, **more: Any) -> RuleSet:
    fields: dict[str, Any] = {
        "old": "1.8", "new": "2.0", "structs": structs, "operations": (), "buffers": {}, "added": {}, "old_only": {},
        "new_only": {}, "no_format_errno": EINVAL, "lm_flags": renamed("lm_flags", "lm_flags"),
    }  # fmt: skip
    return RuleSet(**(fields | more))


RULES = rule_set(RULE, WORDS)


def work(direction: str, allow: frozenset[str] = frozenset()) -> Work:
    source, target = (D18, D20) if direction == UP else (D20, D18)
    made = Work(lw.build(source, "OBD_PING"), target, Session(), None, None, allow)
    made.at = "rec"
    return made


def up(**values: Any) -> tuple[Any, list[Entry]]:
    state = work(UP)
    return make_struct(RULES, Old, New, UP)(Old(**{"lost": 5, **values}), state), state.entries


def down(**values: Any) -> tuple[Any, list[Entry]]:
    state = work(DOWN)
    values = {"filled": 0x10, "deep": Word(0, 3), "own": Word(), "tiny": Kind(1), **values}
    return make_struct(RULES, New, Old, DOWN)(New(**values), state), state.entries


class TestUp:
    def test_everything_at_once(self) -> None:
        """Defaults are filled in; each nested struct and list is one of its own."""
        given = Old(
            1, 2, 3, OldFlags(0), Kind.ONE, 6, either=Either(b"abcd"), word=OldWord(7, 8),
            words=[OldWord(1, 2), OldWord(3, 4)], list_=[5, 6], text=b"abc", hole=b"x", lost=5,
        )  # fmt: skip
        state = work(UP)
        made = make_struct(RULES, Old, New, UP)(given, state)
        assert made == New(
            1, 2, 4, NewFlags(0), Kind.ONE, Word(6, 3), 0x10, Either(b"abcd"), Word(7, 8), [Word(1, 2), Word(3, 4)],
            [5, 6], b"abc", bytes(3), Word(), [0, 0], bytes(2), Kind.ONE, [4],
        )  # fmt: skip
        assert state.entries == []
        assert made.either is not given.either and made.words is not given.words and made.list_ is not given.list_
        assert isinstance(made.flags, NewFlags) and isinstance(made.tiny, Kind)
        again = make_struct(RULES, Old, New, UP)(given, state)
        assert again.own is not made.own and again.rest is not made.rest

    def test_bits(self) -> None:
        assert up(flags=OldFlags(0xF0))[0].flags == 0xF0
        assert up(flags=OldFlags(0xF1)) == (up(flags=OldFlags(0xF0))[0], [Entry("dropped", "flags", "rec.flags", 1)])
        assert up(flags=OldFlags(2))[1] == [Entry("lost", "b", "rec.flags", 2)]
        made, entries = up(flags=OldFlags(3))
        assert made.flags == 0
        assert entries == [Entry("lost", "b", "rec.flags", 2), Entry("dropped", "flags", "rec.flags", 1)]

    @pytest.mark.parametrize(
        ("name", "value", "entries"),
        [
            ("gone", 0, []),
            ("gone", 9, [Entry("dropped", "gone", "rec.gone", 9)]),
            ("gone", 8, [Entry("dropped", "gone", "rec.gone", 8)]),
            ("lost", 5, []),
            ("lost", 0, [Entry("dropped", "lost", "rec.lost", 0)]),
            ("lost", 4, [Entry("lost", "lost", "rec.lost", 4)]),
            ("pad", 1, [Entry("lost", "padding", "rec.pad", 1)]),
        ],
    )
    def test_fields_without_place(self, name: str, value: int, entries: list[Entry]) -> None:
        assert up(**{name: value})[1] == entries

    def test_a_field_that_makes_it_impossible(self) -> None:
        with pytest.raises(Untranslatable, match="wrong must be 0") as caught:
            up(wrong=1)
        assert (caught.value.errno, caught.value.path, caught.value.dialect) == (EOVERFLOW, "rec.wrong", "1.8")


class TestDown:
    def test_everything_at_once(self) -> None:
        made, entries = down(
            same=1, after=2, made=3, flags=NewFlags(0x10), kind=Kind.ONE, deep=Word(6, 3), word=Word(7, 8),
            words=[Word(1, 2), Word(3, 4)], list_=[5, 6], text=b"abc", either=Either(b"abcd"),
        )  # fmt: skip
        assert made == Old(
            1, 2, 2, OldFlags(0x10), Kind.ONE, 6, 0, 5, 0, Either(b"abcd"), OldWord(7, 8),
            [OldWord(1, 2), OldWord(3, 4)], [5, 6], b"abc",
        )  # fmt: skip
        assert entries == [] and isinstance(made.flags, OldFlags) and made.hole == bytes(1)

    @pytest.mark.parametrize(
        ("values", "entries"),
        [
            ({"filled": 0}, [Entry("dropped", "filled", "rec.filled", 0)]),
            ({"filled": 7}, [Entry("dropped", "filled", "rec.filled", 7)]),
            ({"filled": 8}, [Entry("lost", "filled", "rec.filled", 8)]),
            ({"deep": Word(0, 4)}, [Entry("dropped", "deep.high", "rec.deep.high", 4)]),
            ({"own": Word(7, 0)}, [Entry("lost", "own", "rec.own", Word(7, 0))]),
            ({"more": [0, 1]}, [Entry("lost", "more", "rec.more", [0, 1])]),
            ({"tiny": Kind(0)}, [Entry("dropped", "tiny", "rec.tiny", 0)]),
            ({"tiny": Kind(2)}, [Entry("dropped", "tiny", "rec.tiny", 2)]),
            ({"rest": [0, 1]}, [Entry("dropped", "rest", "rec.rest", [0, 1])]),
            ({"flags": NewFlags(8)}, [Entry("dropped", "flags", "rec.flags", 8)]),
        ],
    )
    def test_fields_without_place(self, values: dict[str, Any], entries: list[Entry]) -> None:
        assert down(**values)[1] == entries

    @pytest.mark.parametrize(
        ("values", "path", "words"),
        [
            ({"raw": b"\0\1"}, "rec.raw", "raw must be 0"),
            ({"flags": NewFlags(0x14)}, "rec.flags", "flags 0x4 have no meaning there"),
        ],
    )
    def test_what_makes_it_impossible(self, values: dict[str, Any], path: str, words: str) -> None:
        with pytest.raises(Untranslatable, match=words) as caught:
            down(**values)
        assert (caught.value.errno, caught.value.path, caught.value.dialect) == (EINVAL, path, "2.0")


class TestJoined:
    """Several newer structs are one older one."""

    @staticmethod
    def rules() -> RuleSet:
        @lw.wire_struct(size=12)
        class Whole:
            first: u32 = 0
            second: u32 = 0
            third: u32 = 0

        @lw.wire_struct(size=4)
        class First:
            first: u32 = 0

        @lw.wire_struct(size=8)
        class Second:
            second: u32 = 0
            third: u32 = 0

        return rule_set(pair(Whole, First, partial=True), pair(Whole, Second, partial=True))

    def test_each_part_fills_its_fields(self) -> None:
        rules = self.rules()
        whole, (first, second) = rules.structs[0].old, (r.new for r in rules.structs)
        join = make_joined(rules, (first, second), whole, DOWN)
        assert join((first(1), second(2, 3)), work(DOWN)) == whole(1, 2, 3)
        assert join((None, second(2, 3)), work(DOWN)) == whole(0, 2, 3)
        assert join((first(1), None), work(DOWN)) == whole(1, 0, 0)
        with pytest.raises(ValueError, match="longer"):
            join((first(1),), work(DOWN))

    def test_each_part_is_made(self) -> None:
        rules = self.rules()
        whole, (first, second) = rules.structs[0].old, (r.new for r in rules.structs)
        given = whole(1, 2, 3)
        assert make_struct(rules, whole, first, UP)(given, work(UP)) == first(1)
        assert make_struct(rules, whole, second, UP)(given, work(UP)) == second(2, 3)


class TestKinds:
    """What a rule says it does, in each direction."""

    @pytest.mark.parametrize(
        ("rule", "up", "down"),
        [
            (renamed("a", "a"), "same", "same"),
            (renamed("a", "b"), "renamed", "renamed"),
            (computed("a", "b", up=one_more), "computed", "renamed"),
            (computed("a", "a", down=one_more), "same", "computed"),
            (bits("a", up=Bits(1)), "bits", "same"),
            (bits("a", "b", down=Bits(1)), "renamed", "bits"),
            (only_old("a"), "dropped", "default"),
            (only_old("a", loss="x", down=one_more), "lossy", "computed"),
            (only_old("a", loss="x", errno=5), "impossible", "default"),
            (only_new("a"), "default", "dropped"),
            (only_new("a", loss="x", up=one_more), "computed", "lossy"),
            (only_new("a", errno=5), "default", "impossible"),
        ],
    )
    def test_in_words(self, rule: FieldRule, up: str, down: str) -> None:
        assert (rule.kind(UP), rule.kind(DOWN)) == (up, down)

    def test_what_is_not_said(self) -> None:
        assert FieldRule("a", "b") == FieldRule("a", "b", None, None, None, None, 0, (), "", 0, "")
        assert renamed("a", "b", "n").note == computed("a", "b", note="n").note == bits("a", note="n").note == "n"
        assert only_old("a", note="n").note == only_new("a", note="n").note == "n"
        assert (only_old("a").old, only_old("a").new, only_new("a").old, only_new("a").new) == ("a", "", "", "a")
        assert bits("a").new == "a" and bits("a", "b").new == "b"
        for each in (only_old("a"), only_new("a")):
            assert (each.default, each.quiet, each.loss, each.errno, each.up, each.down) == (0, (), "", 0, None, None)
        assert Operation("a", "b") == Operation("a", "b", Side(), Side(), None, 0, "")
        assert Slot() == Slot("", 0, None, "")
        assert Side() == Side({}, {}, {}, {}, None, None, 0, 0, "", "surplus")
        assert (UP, DOWN) == ("up", "down") and not StructRule(Word, Word, ()).partial
        assert Versions() == Versions((0, 1, 2, 3), (), None) and not pair(Word, Word).partial
        plain = rule_set()
        assert (plain.variant, plain.page_up, plain.page_down) == ("", None, None) and rule_set() != plain
        assert plain.cache == {} and "cache" not in repr(plain)

    def test_paddings_are_lost_by_that_name(self) -> None:
        found = paddings("a b", "c")
        assert [(r.old, r.new, r.loss) for r in found] == [
            ("a", "", "padding"), ("b", "", "padding"), ("", "c", "padding"),
        ]  # fmt: skip
        assert paddings() == ()

    def test_watched_bits(self) -> None:
        assert Bits().watched == 0 and Bits(1, {2: "x", 4: "y"}, {8: 5}).watched == 15
        assert Bits(loss={3: "x"}).watched == 3

    def test_of_several_bits_those_that_are_set(self) -> None:
        state = work(UP)
        assert state.lose_bits("flags", 0x11, Bits(clear=0x30, loss={3: "x"})) == 0
        assert state.entries == [Entry("lost", "x", "rec.flags", 1), Entry("dropped", "flags", "rec.flags", 0x10)]
        with pytest.raises(Untranslatable, match="flags 0x4 have no meaning there"):
            state.lose_bits("flags", 4, Bits(errno={12: EINVAL}))

    def test_numbers_are_plain(self) -> None:
        assert numbers(OldFlags).A == 1 and type(numbers(OldFlags).B) is int

    def test_declarations_never_change(self) -> None:
        for each in (Bits(), FieldRule("a", "b"), WORDS, Slot(), Side(), Versions(), Operation("a", "b"), RULES):
            with pytest.raises(AttributeError):
                each.nothing = 1  # type: ignore[union-attr]


def test_rows_of_a_table() -> None:
    """In the order of the older struct, then what only the newer one has."""
    rows = field_rows(RULE)
    told = {(r.old.name if r.old else "", r.new.name if r.new else ""): (r.up, r.down) for r in rows}
    assert [r.old.name for r in rows if r.old] == [
        "same", "before", "made", "flags", "kind", "kept", "gone", "lost", "wrong", "either", "word", "words", "list_",
        "text", "pad",
    ]  # fmt: skip
    assert [r.new.name for r in rows if r.new and not r.old] == [
        "deep.high", "filled", "own", "more", "raw", "tiny", "rest",
    ]  # fmt: skip
    assert all(r.old is None for r in rows[15:]) and len(rows) == 22
    assert told["same", "same"] == ("same", "same") and told["before", "after"] == ("renamed", "renamed")
    assert told["either", "either"] == ("moved", "moved") and told["kept", "deep.low"] == ("renamed", "renamed")
    assert told["made", "made"] == ("computed", "computed") and told["flags", "flags"] == ("bits", "bits")
    assert told["gone", ""] == ("dropped", "default 0") and told["lost", ""] == ("lossy lost", "default 0x5")
    assert told["wrong", ""] == ("impossible EOVERFLOW", "default 0") and told["", "raw"][1] == "impossible EINVAL"
    assert told["", "filled"] == ("default 0x10", "lossy filled") and told["", "more"] == ("default 0", "lossy more")
    assert rows[1].note == "words" and rows[0].note == "" and rows[5].new == Place("deep.low", 18, 2)


class TestDeclaring:
    def test_names_of_rules(self) -> None:
        assert RULE.name == "old <-> new" and pair(Word, Word).name == "word"

    def test_common_fields_need_no_rule(self) -> None:
        names = [(r.old, r.new) for r in RULE.fields]
        for common in ("same", "kind", "either", "word", "words", "list_", "text"):
            assert (common, common) in names
        assert ("hole", "hole") not in names and len(names) == len(set(names))

    @pytest.mark.parametrize(
        ("rules", "words", "path"),
        [
            ((renamed("nothing", "low"),), "no field 'nothing'", "old_word"),
            ((renamed("one", "nothing"),), "no field 'nothing'", "word"),
            ((renamed("one", "low"),), "no rule for two", "old_word"),
            ((renamed("one", "low"), renamed("one", "high"), only_old("two")), "a field is named twice", "old_word"),
            ((renamed("one", "low"), only_old("two")), "no rule for high", "word"),
        ],
    )
    def test_rules_that_say_too_little(self, rules: Any, words: str, path: str) -> None:
        with pytest.raises(SchemaError, match=words) as caught:
            pair(OldWord, Word, *rules)
        assert caught.value.path == path

    def test_of_a_part_only_the_newer_side_is_whole(self) -> None:
        made = pair(OldWord, Word, renamed("one", "low"), renamed("one", "high"), partial=True)
        assert made.partial and [r.old for r in made.fields] == ["one", "one"]
        with pytest.raises(SchemaError, match="no rule for high"):
            pair(OldWord, Word, renamed("one", "low"), partial=True)

    def test_rules_that_are_not_declared(self) -> None:
        """Structs with the same fields need none; others do, and it is made once."""
        rules = rule_set(WORDS)
        assert rules.struct_rule(OldWord, Word) is WORDS
        assert rules.struct_rule(Word, Word) is rules.struct_rule(Word, Word)
        with pytest.raises(SchemaError, match="no rule for"):
            rules.struct_rule(Word, OldWord)

    def test_where_a_field_lies(self) -> None:
        assert nested(RULE, "old", "kept")[0] == 18 and nested(RULE, "new", "deep.high")[0] == 20
        assert nested(RULE, "new", "deep.high")[1].name == "high" and nested(RULE, "new", "filled")[0] == 22

    def test_fields_of_different_types_need_a_rule(self) -> None:
        @lw.wire_struct(size=8)
        class Wide:
            same: u64 = 0

        @lw.wire_struct(size=4)
        class Narrow:
            same: u32 = 0

        @lw.wire_struct(size=4)
        class Bytes:
            same: Annotated[bytes, Raw(4)] = bytes(4)

        @lw.wire_struct(size=4)
        class Nested:
            same: Word = Word()

        @lw.wire_struct(size=4)
        class Halves:
            same: Annotated[list[int], Array(U16, 2)] = [0, 0]

        @lw.wire_struct(size=4)
        class Whole:
            same: Annotated[list[int], Array(U32, 1)] = [0]

        @lw.wire_struct(size=4)
        class Words:
            same: Annotated[list[Word], Array(Word, 1)] = [Word()]

        different = (
            (Wide, Narrow), (Narrow, Bytes), (Narrow, Nested), (Nested, Narrow), (Narrow, Halves), (Halves, Whole),
            (Whole, Words), (Words, Whole),
        )  # fmt: skip
        for old, new in different:
            names = f"{old.__name__.lower()} and {new.__name__.lower()}"
            with pytest.raises(SchemaError, match=f"{names} need a rule") as caught:
                make_struct(rule_set(), old, new, UP)
            assert caught.value.path == "same"

    def test_functions_are_made_once(self) -> None:
        assert make_struct(RULES, Old, New, UP) is make_struct(RULES, Old, New, UP)
        assert make_struct(RULES, OldWord, Word, UP) is not make_struct(RULES, Word, OldWord, DOWN)

    def test_nested_structs_with_more_than_numbers_are_copied_too(self) -> None:
        @lw.wire_struct(size=20)
        class Holder:
            listing: Listing = Listing()
            either: Either = Either()
            flags: Annotated[OldFlags, U32] = OldFlags(0)
            deep: Word = Word()

        given = Holder(Listing([1, 2], Kind.ONE), Either(b"abcd"), OldFlags.B, Word(3, 4))
        made = make_struct(rule_set(), Holder, Holder, UP)(given, work(UP))
        assert made == given and made.listing is not given.listing and made.deep is not given.deep
        assert made.listing.numbers is not given.listing.numbers and made.either is not given.either
        assert made.listing.kind is Kind.ONE and made.flags is OldFlags.B

    def test_nested_structs_with_rules_of_their_own(self) -> None:
        """Renamed, or with a value that has no place."""

        @lw.wire_struct(size=6)
        class OldHolder:
            less: Less = Less()
            swapped: OldWord = OldWord()

        @lw.wire_struct(size=8)
        class NewHolder:
            less: Word = Word()
            swapped: Word = Word()

        rules = rule_set(
            pair(Less, Word, only_new("high", loss="high", default=9)),
            pair(OldWord, Word, renamed("one", "high"), renamed("two", "low")),
        )
        made = make_struct(rules, OldHolder, NewHolder, UP)(OldHolder(Less(1), OldWord(2, 3)), work(UP))
        assert made == NewHolder(Word(1, 9), Word(3, 2))
        state = work(DOWN)
        back = make_struct(rules, NewHolder, OldHolder, DOWN)(NewHolder(Word(1, 8), Word(3, 2)), state)
        assert back == OldHolder(Less(1), OldWord(2, 3)) and [e.name for e in state.entries] == ["high"]

    def test_quiet_values_of_a_field_that_must_be_zero(self) -> None:
        @lw.wire_struct(size=4)
        class Strict:
            word: u32 = 0

        @lw.wire_struct(size=0)
        class Nothing:
            pass

        rules = rule_set(pair(Strict, Nothing, only_old("word", quiet=(9,), errno=EINVAL)))
        state = work(UP)
        make_struct(rules, Strict, Nothing, UP)(Strict(9), state)
        assert state.entries == []
        with pytest.raises(Untranslatable, match="word must be 0"):
            make_struct(rules, Strict, Nothing, UP)(Strict(8), state)

    def test_flags_of_which_no_bit_is_watched(self) -> None:
        @lw.wire_struct(size=4)
        class Word4:
            word: u32 = 0

        rules = rule_set(pair(Word4, Word4, bits("word", up=Bits())))
        state = work(UP)
        assert make_struct(rules, Word4, Word4, UP)(Word4(0xFF), state) == Word4(0xFF) and state.entries == []

    def test_unions_are_copied(self) -> None:
        given = Either(b"abcd")
        made = make_struct(RULES, Either, Either, UP)(given, work(UP))
        assert made == given and made is not given

    def test_small_structs_that_are_the_same_are_copied_too(self) -> None:
        @lw.wire_struct(size=5)
        class Holder:
            word: Word = Word()
            small: u8 = 0

        given = Holder(Word(1, 2), 3)
        made = make_struct(rule_set(), Holder, Holder, UP)(given, work(UP))
        assert made == given and made.word is not given.word


class TestPaddings:
    """No rule is needed for them: of two histories they have nothing but the name in common."""

    def test_what_one_fills_is_lost(self) -> None:
        old, new = D18.structs["mds_rec_link"], D20.structs["mdt_rec_link"]
        rules = lw.rules_between("1.8", "2.0").struct_rule(old, new).fields
        told = {(rule.old, rule.new): rule.loss for rule in rules if "padding" in rule.old + rule.new}
        assert set(told.values()) == {"padding"}
        assert all(not one or not other for one, other in told)
        assert {name for pair in told for name in pair if name} == {
            field.name for cls in (old, new) for field in lw.layout(cls).fields if "padding" in field.name
        }

    def test_those_of_one_history_are_the_same(self) -> None:
        body = D18.structs["ptlrpc_body"], D20.structs["ptlrpc_body"]
        rules = lw.rules_between("1.8", "2.0").struct_rule(*body).fields
        assert [(rule.old, rule.new) for rule in rules if "padding" in rule.old] == [("pb_padding", "pb_padding")]
