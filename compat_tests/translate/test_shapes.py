"""Buffers that appear, vanish, move, split and join, between two small dialects made up for this."""

from __future__ import annotations

from dataclasses import replace
from errno import EINVAL, ENOTTY, EOPNOTSUPP, EOVERFLOW, EPROTO
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.translate.small import (
    NEW,
    OLD,
    RULES,
    First,
    Lonely,
    NewAll,
    NewAnswer,
    NewFloat,
    NewGone,
    NewNarrow,
    NewOdd,
    NewPart,
    NewSplit,
    NewWide,
    OldAll,
    OldAnswer,
    OldFloat,
    OldGone,
    OldPart,
    OldSplit,
    OldWide,
    Second,
    dialect,
)
from lustre_codecs.enums.ptlrpc import Opcode
from lustre_wire.dialects import Dialect
from lustre_wire.engines.payload import Extra
from lustre_wire.errors import LossyTranslation, SchemaError, Untranslatable, WireError
from lustre_wire.rpc import Generic
from lustre_wire.schema import u16, u32
from lustre_wire.schema.rpc import Buffers, rpc, rpc_of, slot
from lustre_wire.translate import engine, rules_between, translate, translate_pages
from lustre_wire.translate.buffers import pairs_of, paths
from lustre_wire.translate.report import Entry
from lustre_wire.translate.rules import DOWN, UP, Operation, RuleSet, Side, Slot
from lustre_wire.translate.tables import BufferRow, FieldRow, Place, buffer_rows, field_rows, operations, refusals


def sent(message: lw.Message, target: Dialect, **more: Any) -> tuple[Any, list[Entry]]:
    made = translate(message, target, on_loss="report", **more)
    assert made.message.dialect is target and made.message.order == message.order
    return made.message.buffers, list(made.report.entries)


def request(cls: Any, *args: Any, **values: Any) -> Any:
    """The buffers of a declared operation's request."""
    made: Any = rpc_of(cls).request
    return made(*args, **values)


def old(form: str, /, **values: Any) -> lw.Message:
    return lw.build(OLD, form, **values)


def new(form: str, /, **values: Any) -> lw.Message:
    return lw.build(NEW, form, **values)


OLD_VALUES: dict[str, Any] = {
    "part": OldPart(1, 2), "number": 3, "name": b"n", "fixed": b"f", "blob": b"b", "parts": [OldPart(4, 5)],
    "numbers": [6, 7],
}  # fmt: skip
NEW_VALUES: dict[str, Any] = {**OLD_VALUES, "piece": NewPart(1, 2), "parts": [NewPart(4, 5)]}
del NEW_VALUES["part"]


class TestCarried:
    def test_up_and_finished(self) -> None:
        made, entries = sent(old("ALL", **OLD_VALUES), NEW)
        assert made == request(NewAll, **NEW_VALUES)
        assert entries == [Entry("changed", "finished", "numbers.finished", b"n")]

    def test_down(self) -> None:
        made, entries = sent(new("ALL", **NEW_VALUES), OLD)
        assert (made, entries) == (request(OldAll, **OLD_VALUES), [])

    def test_what_is_absent_stays_absent(self) -> None:
        assert sent(new("ALL"), OLD)[0] == request(OldAll)
        assert sent(old("ALL"), NEW)[0] == request(NewAll)

    def test_lists_are_lists_of_their_own(self) -> None:
        message = old("ALL", numbers=[1])
        sent(message, NEW)[0].numbers.append(2)
        assert message.buffers.numbers == [1]

    def test_the_message_is_not_changed(self) -> None:
        message = old("ALL", **OLD_VALUES)
        before = lw.encode(message)
        sent(message, NEW)
        assert lw.encode(message) == before


class TestVanishing:
    """Buffers that only the older side has."""

    def test_nothing_is_there(self) -> None:
        made, entries = sent(old("GONE", name=b"n"), NEW)
        assert made == request(NewGone, b"n", b"N") and entries == [Entry("filled", "made", "name.made", 1)]

    @pytest.mark.parametrize(
        ("values", "entry"),
        [
            ({"free": OldPart(1)}, Entry("dropped", "free", "free", "OldPart")),
            ({"free": OldPart()}, Entry("dropped", "free", "free", "zeroes")),
            ({"dear": b"x"}, Entry("lost", "dear", "dear", b"x")),
            ({"costly": OldPart(1)}, Entry("lost", "costly", "costly", "OldPart")),
            ({"costly": OldPart()}, Entry("dropped", "costly", "costly", "zeroes")),
        ],
    )
    def test_what_becomes_of_it(self, values: dict[str, Any], entry: Entry) -> None:
        assert sent(old("GONE", name=b"n", **values), NEW)[1][1:] == [entry]

    @pytest.mark.parametrize(
        ("name", "errno", "words"),
        [("wrong", EINVAL, "it is wrong"), ("mute", EOVERFLOW, "has no counterpart")],
    )
    def test_what_makes_it_impossible(self, name: str, errno: int, words: str) -> None:
        with pytest.raises(Untranslatable, match=words) as caught:
            sent(old("GONE", name=b"n", **{name: b"x"}), NEW)
        assert (caught.value.errno, caught.value.path) == (errno, name)

    def test_buffers_only_the_newer_side_has(self) -> None:
        made, entries = sent(new("GONE", name=b"n", made=b"M", empty=b"e", late=b"l"), OLD)
        assert made == request(OldGone, name=b"n")
        assert entries == [
            Entry("dropped", "made", "made", b"M"), Entry("dropped", "empty", "empty", b"e"),
            Entry("lost", "late", "late", b"l"), Entry("changed", "finished", "late.finished", b"n"),
        ]  # fmt: skip

    def test_buffers_without_any_rule(self) -> None:
        """A target format that has no place for a buffer, and no rule for it, is not chosen."""
        with pytest.raises(Untranslatable, match="the operation has no format there") as caught:
            sent(new("GONE", name=b"n", optional=b"x"), OLD)
        assert caught.value.errno == ENOTTY


class TestSplitting:
    def test_up(self) -> None:
        made, entries = sent(old("SPLIT", part=OldPart(1, 2)), NEW)
        assert made == request(NewSplit, First(1), Second(2))
        assert entries == [Entry("changed", "pb_opc", "ptlrpc_body.pb_opc", 3)]

    def test_the_opcode_follows_the_format(self) -> None:
        made = translate(old("SPLIT", part=OldPart(1, 2)), NEW).message
        assert (made.opcode, made.format) == (4, rpc_of(NewSplit)) and isinstance(made.body.pb_opc, Opcode)

    def test_down(self) -> None:
        assert sent(new("SPLIT", first=First(1), second=Second(2)), OLD)[0].part == OldPart(1, 2)
        assert sent(new("SPLIT", second=Second(2)), OLD)[0].part == OldPart(0, 2)


class TestChoosing:
    def test_the_tightest_format_that_has_a_place(self) -> None:
        for values in ({"name": b"n"}, {"name": b"n", "more": b"m"}):
            made = translate(old("WIDE", **values), NEW).message
            assert made.format is rpc_of(NewNarrow) and made.buffers.name == b"n"
        wide = translate(new("WIDE", name=b"n", room=NewPart(1)), OLD, on_loss="report")
        assert wide.report.entries == (Entry("dropped", "room", "room", "NewPart"),)

    def test_the_variant_a_rule_set_favours(self) -> None:
        """Upwards and for requests; otherwise the dialect's own form."""
        favouring = replace(RULES, cache={}, variant="odd")
        for rules, first in ((RULES, NewAnswer), (favouring, NewOdd)):
            assert paths(rules, rpc_of(OldAnswer), NEW, UP, "request")[0].form is rpc_of(first)
            assert [p.form for p in paths(rules, rpc_of(OldAnswer), NEW, UP, "reply")] == [rpc_of(NewAnswer)]
        backwards = replace(favouring, old="new", new="old")
        assert paths(backwards, rpc_of(OldAnswer), NEW, DOWN, "request")[0].form is rpc_of(NewAnswer)

    def test_rules_may_be_replaced(self) -> None:
        refusing = replace(RULES, cache={}, old_only={"WIDE": EPROTO})
        message = old("WIDE", name=b"n")
        assert translate(message, NEW).message.buffers.name == b"n"
        try:
            engine.register(refusing)
            with pytest.raises(Untranslatable, match="the operation does not exist there"):
                translate(message, NEW)
        finally:
            engine.register(RULES)
        assert translate(message, NEW).message.buffers.name == b"n"

    def test_ways_never_change(self) -> None:
        (path,) = paths(RULES, rpc_of(OldAll), NEW, UP, "request")
        with pytest.raises(AttributeError):
            path.plain = False  # type: ignore[misc]
        with pytest.raises(AttributeError):
            translate(old("WIDE", name=b"n"), NEW).report = None  # type: ignore[misc, assignment]

    def test_ways_are_looked_up_once(self) -> None:
        form = rpc_of(OldWide)
        translate(old("WIDE", name=b"n"), NEW)
        assert [k[1:] for k in form.cache if k[0] is RULES] == [(UP, "request")]

    def test_variants_are_for_requests_alone(self) -> None:
        found = paths(RULES, rpc_of(OldWide), NEW, UP, "reply")
        assert [p.form for p in found] == [rpc_of(NewWide)] and not found[0].plain
        assert [p.form for p in paths(RULES, rpc_of(OldWide), NEW, UP, "request")] == [rpc_of(NewNarrow)]
        assert paths(RULES, rpc_of(Lonely), NEW, UP, "request") == ()


class TestFloating:
    def test_a_buffer_that_would_not_be_there_is_lost(self) -> None:
        made, entries = sent(old("FLOAT", part=OldPart(0, 1), first=b"f", second=b"s"), NEW)
        assert made == request(NewFloat, NewPart(0, 1), None, b"s")
        assert entries == [Entry("lost", "first", "first", b"f")]

    def test_one_that_is_there_stays(self) -> None:
        made, entries = sent(old("FLOAT", part=OldPart(1, 1), first=b"f", second=b"s"), NEW)
        assert made == request(NewFloat, NewPart(1, 1), b"f", b"s") and entries == []
        back, entries = sent(new("FLOAT", part=NewPart(1, 1), first=b"f", second=b"s"), OLD)
        assert back == request(OldFloat, OldPart(1, 1), b"f", b"s") and entries == []

    def test_tails_follow_their_buffer(self) -> None:
        """What is left over stands by place, and places move."""
        message = old("FLOAT", part=OldPart(0, 1), second=b"s")
        message.extra = Extra(more=[b"x"])
        made = translate(message, NEW, on_loss="report")
        assert made.report.entries == (Entry("lost", "over", "more[0]", b"x"),) and made.message.extra is None


class TestLeftOver:
    """What no declared buffer holds."""

    @staticmethod
    def entries(extra: Extra, target: Dialect = NEW) -> tuple[Extra | None, list[Entry]]:
        message = lw.build(OLD if target is NEW else NEW, "ALL", name=b"n")
        message.extra = extra
        made = translate(message, target, on_loss="report")
        return made.message.extra, [e for e in made.report.entries if e.name != "finished"]

    def test_tails_of_strings(self) -> None:
        """Upwards they are carried; downwards more than a NUL is lost."""
        assert self.entries(Extra(tails={3: b"X"})) == (Extra(tails={3: b"X"}), [])
        assert self.entries(Extra(tails={3: b"X\0"}), OLD) == (None, [Entry("lost", "tail", "name", b"X\0")])
        assert self.entries(Extra(tails={3: b"\0"}), OLD) == (None, [Entry("dropped", "NUL", "name", b"\0")])

    def test_tails_of_structs(self) -> None:
        assert self.entries(Extra(tails={1: b"X"})) == (None, [Entry("lost", "tail", "part", b"X")])
        assert self.entries(Extra(tails={1: b"\0"})) == (None, [Entry("dropped", "tail", "part", b"\0")])
        assert self.entries(Extra(tails={0: b"x"})) == (None, [Entry("lost", "tail", "ptlrpc_body", b"x")])

    def test_strings_without_nul(self) -> None:
        assert self.entries(Extra(cut={3: 1})) == (Extra(cut={3: 1}), [])
        assert self.entries(Extra(cut={1: 1, 0: 5})) == (None, [])

    def test_what_cannot_be_read(self) -> None:
        with pytest.raises(Untranslatable, match="the buffer is not what its format says") as caught:
            self.entries(Extra(raw={1: b"x"}))
        assert (caught.value.errno, caught.value.path) == (EPROTO, "part")

    def test_paddings_gaps_and_what_trails(self) -> None:
        extra = Extra(padding={1: b"p", 9: b"q"}, gap=b"\0", trailing=b"X")
        assert self.entries(extra) == (None, [
            Entry("lost", "padding", "part", b"p"), Entry("lost", "padding", "[9]", b"q"),
            Entry("dropped", "gap", "gap", b"\0"), Entry("lost", "trailing", "trailing", b"X"),
        ])  # fmt: skip

    def test_more_buffers(self) -> None:
        found = self.entries(Extra(more=[b"", b"x"], count=10))
        assert found[1] == [Entry("lost", "surplus", "more[1]", b"x")]

    def test_counts(self) -> None:
        """As many as were counted, where that is not what a regular message has."""
        message = old("ALL", part=OldPart(1, 2), number=3)
        message.extra = Extra(count=3)
        made = translate(message, NEW, on_loss="report").message
        assert made.extra == Extra(count=3) and (made.buffers.piece, made.buffers.number) == (NewPart(1, 2), 3)

    @pytest.mark.parametrize(("count", "kept"), [(1, 1), (2, 3), (3, 3), (4, 4), (5, 5), (7, None), (8, 8)])
    def test_empty_buffers_that_were_counted(self, count: int, kept: int | None) -> None:
        """The first of the older side is the second of the newer; seven are what a regular message counts."""
        message = old("ALL")
        message.extra = Extra(count=count)
        assert translate(message, NEW).message.extra == (Extra(count=kept) if kept is not None else None)

    def test_a_string_without_nul_that_vanishes(self) -> None:
        message = new("GONE", name=b"n", made=b"M")
        message.extra = Extra(cut={2: 1})
        assert translate(message, OLD).message.extra is None

    def test_more_buffers_that_mean_nothing(self) -> None:
        message = lw.build(OLD, "ANSWER", "reply", part=OldPart(1, 2))
        message.extra = Extra(more=[b"x"])
        made = translate(message, NEW)
        assert made.report.entries == (Entry("dropped", "surplus", "more[0]", b"x"),)

    def test_buffers_that_are_sent_longer(self) -> None:
        message = lw.build(OLD, "ANSWER", "reply", part=OldPart(1, 2))
        made = translate(message, NEW).message
        assert made.extra == Extra(tails={1: bytes(16)}) and made.buffers.part == NewPart(1, 2)
        empty = translate(lw.build(OLD, "ANSWER", "reply"), NEW).message
        assert empty.extra is None


class TestRefusing:
    @pytest.mark.parametrize(
        ("message", "target", "errno", "words"),
        [
            (old("OLDER"), NEW, EOPNOTSUPP, "the operation does not exist there"),
            (new("NEWER"), OLD, EOPNOTSUPP, "the operation does not exist there"),
            (old("REFUSED"), NEW, EPROTO, "by rule"),
            (new("REFUSED"), OLD, ENOTTY, "by rule"),
            (old("LONELY"), NEW, ENOTTY, "the operation has no format there"),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_operations(self, message: Any, target: Dialect, errno: int, words: str) -> None:
        with pytest.raises(Untranslatable, match=words) as caught:
            translate(message, target)
        assert caught.value.errno == errno

    def test_an_opcode_that_nobody_knows(self) -> None:
        for opcode, words in ((99, "the operation does not exist there"), (1, "the operation has no format there")):
            message = old("ALL")
            message.body.pb_opc, message.format, message.buffers = opcode, None, Generic([b"x"])
            with pytest.raises(Untranslatable, match=words) as caught:
                translate(message, NEW)
            assert caught.value.errno == ENOTTY

    def test_directory_pages_without_rules(self) -> None:
        for source, target in ((OLD, NEW), (NEW, OLD)):
            with pytest.raises(Untranslatable, match="there are no rules for directory pages") as caught:
                translate_pages(b"", source, target)
            assert (caught.value.errno, caught.value.dialect) == (EOPNOTSUPP, source.name)

    def test_losses_are_raised_unless_allowed(self) -> None:
        message = old("GONE", name=b"n", dear=b"x")
        for allow in ("dear", ["dear"], ("other", "dear")):
            made = translate(message, NEW, allow=allow)
            assert [e.allowed for e in made.report.losses] == [True]
        for none in ("", "other"):
            with pytest.raises(LossyTranslation) as caught:
                translate(message, NEW, allow=none)
            assert [e.name for e in caught.value.report.losses] == ["dear"] and caught.value.dialect == "old"

    def test_what_to_do_about_losses_is_one_of_two(self) -> None:
        with pytest.raises(WireError, match="on_loss is 'raise' or 'report', not 'ignore'"):
            translate(old("ALL"), NEW, on_loss="ignore")  # type: ignore[arg-type]

    def test_dialects_without_rules(self) -> None:
        with pytest.raises(WireError, match=r"no rules between the dialects old and 2\.0"):
            translate(old("ALL"), "2.0")
        assert rules_between(OLD, NEW) is rules_between(NEW, OLD) is RULES

    def test_into_its_own_dialect_it_is_itself(self) -> None:
        message = old("ALL")
        made = translate(message, OLD)
        assert made.message is message and (made.report.source, made.report.target) == ("old", "old")


class TestAround:
    def test_room_for_the_reply(self) -> None:
        """The newer client reserves more, where there is any; never less than nothing, nor more than fits."""
        for source, target, given, wanted in (
            (OLD, NEW, 0, 0), (OLD, NEW, 10, 18), (NEW, OLD, 10, 2), (NEW, OLD, 8, 0), (NEW, OLD, 5, 0),
            (OLD, NEW, (1 << 32) - 1, (1 << 32) - 1), (OLD, NEW, (1 << 32) - 9, (1 << 32) - 1),
        ):  # fmt: skip
            message = lw.build(source, "ALL")
            message.header.lm_repsize = given
            assert translate(message, target).message.header.lm_repsize == wanted, (given, source.name)

    def test_flags_of_the_header(self) -> None:
        for source, target, kept, entry in ((OLD, NEW, 0xE, 1), (NEW, OLD, 0xD, 2)):
            message = lw.build(source, "WIDE", name=b"n")
            message.header.lm_flags = 0xF
            made = translate(message, target)
            assert made.message.header.lm_flags == kept
            assert made.report.entries == (Entry("dropped", "lm_flags", "header.lm_flags", entry),)

    def test_other_fields_of_the_header_are_carried(self) -> None:
        message = old("WIDE", name=b"n")
        for number, name in enumerate(("lm_secflvr", "lm_cksum", "lm_padding_2", "lm_padding_3", "lm_repsize"), 1):
            setattr(message.header, name, number)
        made = translate(message, NEW).message.header
        assert (made.lm_secflvr, made.lm_cksum, made.lm_padding_2, made.lm_padding_3) == (1, 2, 3, 4)
        assert made.lm_repsize == 5


class TestDeclaring:
    """Rules that say too little about buffers never work."""

    @staticmethod
    def rules(**changes: Any) -> RuleSet:
        return replace(RULES, cache={}, **changes)

    def test_buffers_of_which_nothing_is_said(self) -> None:
        with pytest.raises(SchemaError, match="nothing says what fills it") as caught:
            paths(self.rules(operations=()), rpc_of(OldGone), NEW, UP, "request")
        assert caught.value.path == "made"

    def test_types_that_do_not_fit(self) -> None:
        @rpc(1, name="ALL")
        class Odd:
            class Request(Buffers):
                name: u32 | None = slot()

        with pytest.raises(SchemaError, match="string cannot become u32 without a rule") as caught:
            paths(self.rules(operations=()), rpc_of(OldAll), dialect("odd", Odd), UP, "request")
        assert caught.value.path == "name"

    def test_lists_of_other_numbers(self) -> None:
        @rpc(1, name="ALL")
        class Odd:
            class Request(Buffers):
                numbers: list[u16] | None = slot()

        with pytest.raises(SchemaError, match="u32 cannot become u16 without a rule") as caught:
            paths(self.rules(operations=()), rpc_of(OldAll), dialect("odd", Odd), UP, "request")
        assert caught.value.path == "numbers"

    def test_each_buffer_has_one_counterpart(self) -> None:
        """Two that may have the same name: the first takes it."""

        @rpc(1, name="ONE")
        class One:
            class Request(Buffers):
                first: u32 | None = slot()
                second: u32 | None = slot()

        @rpc(1, name="ONE")
        class Other:
            class Request(Buffers):
                shared: u32 | None = slot()

        rules = self.rules(buffers={"first": ("missing", "shared"), "second": ("shared",)})
        assert pairs_of(rules, Side(), rpc_of(One), rpc_of(Other), UP, "request") == {"first": "shared"}
        assert pairs_of(rules, Side(), rpc_of(Other), rpc_of(One), DOWN, "request") == {"shared": "first"}
        last = Side(names={"second": "shared"}, only_old={"first": Slot()})
        assert pairs_of(rules, last, rpc_of(One), rpc_of(Other), UP, "request") == {"second": "shared"}
        assert pairs_of(rules, Side(only_new={"shared": Slot()}), rpc_of(One), rpc_of(Other), UP, "request") == {}

    def test_rules_are_found_whichever_dialect_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also when they have not been looked for yet."""
        for names in (("2.0", "1.8"), ("1.8", "2.0")):
            monkeypatch.setattr(engine, "_rules", {})
            assert (rules_between(*names).old, rules_between(*names).new) == ("1.8", "2.0")
            assert engine.rule_sets() == [rules_between(*names)]
        assert engine.register(RULES) is RULES and RULES in engine.rule_sets()

    def test_only_structs_are_split(self) -> None:
        rules = self.rules(operations=(Operation("ALL", "ALL", request=Side(split={"name": ("name",)})),))
        with pytest.raises(SchemaError, match="only a struct can be split or joined") as caught:
            paths(rules, rpc_of(OldAll), NEW, UP, "request")
        assert caught.value.path == "name"

    def test_a_split_struct_is_covered(self) -> None:
        rules = self.rules(operations=(Operation("SPLIT", "SPLIT", request=Side(split={"part": ("first",)})),))
        with pytest.raises(SchemaError, match="no rule for two") as caught:
            paths(rules, rpc_of(OldSplit), NEW, UP, "request")
        assert caught.value.path == "part"


class TestTables:
    """The same rules as rows."""

    def test_fields(self) -> None:
        assert field_rows(RULES.structs[0]) == [
            FieldRow(Place("one", 0, 2), Place("uno", 0, 2), "renamed", "renamed", ""),
            FieldRow(Place("two", 2, 2), Place("dos", 2, 2), "renamed", "renamed", ""),
        ]
        assert field_rows(RULES.structs[2])[0][2:4] == ("renamed, moved", "renamed, moved")

    def test_buffers(self) -> None:
        assert buffer_rows(RULES, rpc_of(OldGone), rpc_of(NewGone), "request") == [
            BufferRow("name", 2, "name", 1, ""), BufferRow("", 0, "made", 2, "dropped"),
            BufferRow("", 0, "empty", 3, "dropped"), BufferRow("", 0, "optional", 4, ""),
            BufferRow("", 0, "late", 5, "filled is lossy (late)"), BufferRow("free", 1, "", 0, "dropped"),
            BufferRow("dear", 3, "", 0, "filled is lossy (dear)"),
            BufferRow("wrong", 4, "", 0, "filled is impossible (EINVAL)"),
            BufferRow("mute", 5, "", 0, "filled is impossible (EOVERFLOW)"),
            BufferRow("costly", 6, "", 0, "filled is lossy (costly)"),
        ]  # fmt: skip
        assert buffer_rows(RULES, rpc_of(OldSplit), rpc_of(NewSplit), "request") == [
            BufferRow("part", 1, "first", 1, "split"), BufferRow("part", 1, "second", 2, "split"),
        ]  # fmt: skip
        assert buffer_rows(RULES, rpc_of(OldAnswer), rpc_of(NewAnswer), "reply") == [
            BufferRow("part", 1, "part", 1, ""),
        ]  # fmt: skip

    def test_operations_both_have(self) -> None:
        assert [pair for pair in operations(rules_between("1.8", "2.0")) if pair[0].variant or pair[1].variant] == []

    def test_refusals(self) -> None:
        assert list(refusals(RULES)) == [
            ("OLDER", UP, "EOPNOTSUPP", "the newer dialect does not have it"),
            ("NEWER", DOWN, "EOPNOTSUPP", "the older dialect does not have it"),
            ("REFUSED", UP, "EPROTO", "by rule"), ("REFUSED", DOWN, "ENOTTY", "by rule"),
        ]  # fmt: skip
