"""RPC formats: what a buffer's declaration says, and what is derived from it."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

import lustre_wire as lw
from lustre_wire.schema import U16, U32, Array, WireUnion, u16, u32, wire_union
from lustre_wire.schema.conditions import Peek, resolve
from lustre_wire.schema.holds import Chosen, Records
from lustre_wire.schema.rpc import (
    Absent,
    Bits,
    Blob,
    Buffers,
    Counted,
    CString,
    FixedText,
    Items,
    Length,
    NonZero,
    Opaque,
    Prefix,
    RpcFormat,
    SlotSpec,
    Text,
    Uncounted,
    buffers,
    derive,
    rpc,
    rpc_of,
    slot,
)
from lustre_wire.schema.types import Struct


@lw.wire_struct(size=4)
class Half:
    """Two words."""

    low: u16 = 0
    high: u16 = 0


@lw.wire_struct(size=8, byteorder="big")
class Fixed:
    """Big-endian whoever sends it."""

    number: u32 = 0
    half: Half = Half()


@lw.wire_struct(size=4, byteorder="little")
class Contrary:
    """Little-endian inside whatever."""

    number: u32 = 0


@lw.wire_struct(size=20)
class Outer:
    """Nested two deep."""

    before: u32 = 0
    fixed: Fixed = Fixed()
    contrary: Contrary = Contrary()
    pair: Annotated[list[int], Array(U16, 2)] = [0, 0]


Opcode: Any = lw.dialect("2.0").enums["Opcode"]
CLOSE = {"outer.before": 5}


@rpc(7, name="SAMPLE")
class Sample:
    """Every type of buffer."""

    class Request(Buffers):
        """All of them."""

        outer: Outer | None = slot()
        number: u32 | None = slot(optional=True)
        name: CString | None = slot(omit=True, when="there is one")
        fixed: Annotated[bytes, FixedText(16)] | None = slot(room=5, minimum=3)
        blob: Opaque | None = slot(present=CLOSE, holds=Half)
        halves: list[Half] | None = slot(holds=Records(Half))
        numbers: list[u32] | None = slot(holds=U32)
        chosen: Annotated[bytes, Blob(8)] | None = slot(holds=Chosen("name", {"a": U16}))


REQUEST: Any = rpc_of(Sample).request


def test_every_type_of_buffer() -> None:
    assert [(s.name, s.index, s.type) for s in REQUEST.__slot_specs__] == [
        ("outer", 1, Struct(Outer)), ("number", 2, U32), ("name", 3, Text()), ("fixed", 4, FixedText(16)),
        ("blob", 5, Blob()), ("halves", 6, Items(Struct(Half))), ("numbers", 7, Items(U32)), ("chosen", 8, Blob(8)),
    ]  # fmt: skip
    assert (Text().size, Blob().size, Items(U32).size) == (0, 0, 0)


def test_a_buffer_says_nothing_unless_told() -> None:
    first = REQUEST.__slot_specs__[0]
    assert first == SlotSpec("outer", 1, Struct(Outer), False, False, "", 0, 0, None, None)


def test_what_is_said_of_a_buffer() -> None:
    """A buffer that may be left out altogether may be empty too."""
    _, number, name, fixed, blob, halves, numbers, chosen = REQUEST.__slot_specs__
    assert (number.optional, number.omit) == (True, False)
    assert (name.optional, name.omit, name.when) == (True, True, "there is one")
    assert (fixed.room, fixed.minimum, fixed.optional) == (5, 3, False)
    assert (blob.present, blob.holds, halves.holds) == (CLOSE, Half, Records(Half))
    assert (numbers.holds, chosen.holds) == (U32, Chosen("name", {"a": U16}))


class TestObjects:
    def test_made_by_place_or_name(self) -> None:
        value = REQUEST(Outer(1), 2, name=b"x")
        assert (value.outer, value.number, value.name, value.fixed) == (Outer(1), 2, b"x", None)
        assert value == REQUEST(Outer(1), 2, b"x") != REQUEST(Outer(1), 2)

    @pytest.mark.parametrize(
        ("args", "named"), [((None,) * 9, {}), ((Outer(),), {"outer": Outer()}), ((), {"nothing": 1})]
    )
    def test_made_wrongly(self, args: Any, named: Any) -> None:
        words = "Sample.Request takes the buffers outer, number, name, fixed, blob, halves, numbers, chosen"
        with pytest.raises(TypeError, match=f"^{words}$"):
            REQUEST(*args, **named)

    def test_compared_with_something_else(self) -> None:
        class Plain:
            outer: Outer | None = slot()

        other: Any = buffers(Plain)
        assert REQUEST() != other() and REQUEST() != 5 and other() == other()
        assert REQUEST().__eq__(5) is NotImplemented
        with pytest.raises(TypeError, match="unhashable"):
            hash(REQUEST())

    def test_they_print_as_they_are_made(self) -> None:
        class Plain:
            number: u32 | None = slot()
            name: CString | None = slot()

        made: Any = buffers(Plain)
        assert repr(made(3, b"x")).endswith("Plain(number=3, name=b'x')")
        assert repr(rpc_of(Sample).reply()) == "_NoBuffers()"

    def test_operations_may_share_them(self) -> None:
        @buffers
        class Shared(Buffers):
            outer: Outer | None = slot()

        @rpc(8, name="FIRST")
        class First:
            Request = Shared

        @rpc(9, name="SECOND")
        class Second:
            Request = Reply = Shared

        assert rpc_of(First).request is rpc_of(Second).request is rpc_of(Second).reply is First.Request is Shared
        assert [s.name for s in Shared.__slot_specs__] == ["outer"]

    def test_they_have_slots_only(self) -> None:
        class Plain:
            """Words about it."""

            number: u32 | None = slot()

        cls: Any = buffers(Plain)
        assert cls.__bases__ == (Buffers,) and cls.__doc__ == "Words about it." and cls.__slots__ == ("number",)
        assert REQUEST.__bases__ == (Buffers,)
        made: Any
        for made in (cls(), REQUEST(), rpc_of(Sample).reply()):
            with pytest.raises(AttributeError):
                made.nothing = 1


class TestRpc:
    def test_what_is_not_said(self) -> None:
        made = rpc_of(Sample)
        assert (made.name, made.opcode, made.version, made.match, made.key) == ("SAMPLE", 7, 0, {}, "SAMPLE")
        assert (made.portal, made.reply_portal, made.bulk_portal, made.also_on) == (None, None, None, ())
        assert (made.bulk, made.variant, made.note, made.status, made.bulk_holds) == ("", "", "", "", None)
        assert made.request is Sample.Request and made.reply is Sample.Reply and made.reply.__slot_specs__ == ()  # type: ignore[attr-defined]

    def test_what_is_said(self) -> None:
        @rpc(
            Opcode.MDS_CLOSE, version=0x30000, match={"[1]": Absent()}, portal=1,
            reply_portal=2, also_on=(3,), bulk_portal=4, bulk="server PUT", variant="odd", note="words",
            status="reserved", bulk_holds=Records(Half),
        )  # fmt: skip
        class Told:
            class Reply(Buffers):
                number: u32 | None = slot()

        made = rpc_of(Told)
        assert made == RpcFormat(
            "MDS_CLOSE", 35, 0x30000, {"[1]": Absent()}, Told.Request, Told.Reply, 1, 2, (3,), 4, "server PUT", "odd",  # type: ignore[attr-defined]
            "words", "reserved", Records(Half),
        )  # fmt: skip
        assert made.key == "MDS_CLOSE (odd)" and type(made.opcode) is int
        assert [s.name for s in made.reply.__slot_specs__] == ["number"] and made.request.__slot_specs__ == ()

    def test_the_name_is_the_opcodes_unless_given(self) -> None:
        @rpc(9)
        class Unnamed:
            pass

        assert rpc_of(Unnamed).name == "9"

    def test_what_is_no_rpc(self) -> None:
        with pytest.raises(lw.SchemaError, match="<class 'int'> is not an RPC declaration"):
            rpc_of(int)

    def test_what_was_found_out_stays_out_of_sight(self) -> None:
        one, other = rpc_of(Sample), rpc_of(derive(Sample))
        one.cache["x"] = 1
        assert other.cache == {} and one == other and "cache" not in repr(one)
        del one.cache["x"]

    def test_an_operation_like_another(self) -> None:
        class Bare(Buffers):
            number: u32 | None = slot()

        bare = buffers(Bare)
        made = derive(Sample, "Other words.", variant="bare", request=bare)
        assert (made.__name__, made.__doc__, made.Request) == ("Sample", "Other words.", bare)
        assert made.Reply is rpc_of(Sample).reply and rpc_of(made).key == "SAMPLE (bare)"
        assert derive(Sample).__doc__ == "Every type of buffer."


class TestPaths:
    """What the condition of a format looks at."""

    @pytest.mark.parametrize(
        ("path", "index", "cell"),
        [
            ("[3]", 3, None), ("[12]", 12, None), ("outer", 1, None), ("name", 3, None), ("halves", 6, None),
            ("number", 2, (0, 4, "sender")), ("numbers", 7, (0, 4, "sender")), ("outer.before", 1, (0, 4, "sender")),
            ("outer.fixed", 1, None), ("outer.fixed.number", 1, (4, 4, "big")),
            ("outer.fixed.half.high", 1, (10, 2, "big")), ("outer.contrary.number", 1, (12, 4, "little")),
            ("outer.pair", 1, None),
        ],
    )  # fmt: skip
    def test_where_it_is(self, path: str, index: int, cell: tuple[int, int, str] | None) -> None:
        found = resolve(REQUEST.__slot_specs__, path)
        here = found.cell and (found.cell.offset, found.cell.width, found.cell.order)
        assert (found.index, here, found.end) == (index, cell, sum(cell[:2]) if cell else 0)

    def test_the_same_bytes_have_the_same_mark(self) -> None:
        """Whatever the field is called, and whatever class it belongs to."""

        other: Any = buffers(type("Side", (), {"__annotations__": {"thing": Outer}, "thing": slot()}))
        before = resolve(REQUEST.__slot_specs__, "outer.before")
        assert before.mark == resolve(other.__slot_specs__, "thing.before").mark
        number, outer = (resolve(REQUEST.__slot_specs__, path) for path in ("number", "outer"))
        assert before.mark != number.mark != outer.mark != before.mark

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("nothing", "no buffer 'nothing'"),
            ("outer.nothing", "no field 'nothing'"),
            ("name.inside", "no field 'inside'"),
            ("outer.before.inside", "no field 'inside'"),
        ],
    )
    def test_where_nothing_is(self, path: str, words: str) -> None:
        with pytest.raises(lw.SchemaError, match=words) as caught:
            resolve(REQUEST.__slot_specs__, path)
        assert caught.value.path == path


class TestAnnotations:
    @pytest.mark.parametrize("hint", [int, u32 | CString, Annotated[int, "words"], list[int]])
    def test_that_are_no_buffers(self, hint: Any) -> None:
        cls = type("Wrong", (), {"__annotations__": {"bad": hint}, "bad": slot(), "__qualname__": "Wrong"})
        with pytest.raises(lw.SchemaError, match="no buffer type in annotation") as caught:
            buffers(cls)
        assert caught.value.path == "Wrong.bad"

    def test_without_a_slot(self) -> None:
        cls = type("Wrong", (), {"__annotations__": {"bad": u32}, "bad": 0, "__qualname__": "Wrong"})
        with pytest.raises(lw.SchemaError, match="a buffer is declared as") as caught:
            buffers(cls)
        assert caught.value.path == "Wrong.bad"

    def test_none_is_optional(self) -> None:
        cls = type("Fine", (), {"__annotations__": {"a": u32, "b": Half}, "a": slot(), "b": slot()})
        assert [s.type for s in buffers(cls).__slot_specs__] == [U32, Struct(Half)]


def test_what_is_declared_never_changes() -> None:
    said = (
        Text(), FixedText(1), Blob(), Items(U32), Bits(1), Prefix(b""), Length(1), Absent(), Uncounted(), NonZero(),
        Counted(), Records(Half), Peek(1), REQUEST.__slot_specs__[0],
    )  # fmt: skip
    for each in said:
        assert each in {each}
    for declared in (*said, Chosen("name", {}), rpc_of(Sample)):
        for name in ("size", "index", "name", "mask", "data", "head", "by", "anything"):
            with pytest.raises(AttributeError):
                setattr(declared, name, 5)


def test_conditions_are_exact_unless_told() -> None:
    assert Bits(3) == Bits(3, some=False) != Bits(3, some=True)


def test_unions_can_be_buffers_of_their_own_bytes() -> None:
    """A buffer is a struct; a union inside it has no swab of its own."""

    @wire_union(size=4)
    class Either(WireUnion):
        number: u32

    assert Struct(Either).size == 4
