"""The buffers of one side of an RPC: what is regular, what is kept beside the values, and what cannot be written."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from compat_tests.engines.samples import REGULAR, VALUE, All, Floating, Outer, Part, Tailed
from lustre_wire.engines import payload, record
from lustre_wire.engines.payload import Extra, PayloadCodec
from lustre_wire.errors import WireError
from lustre_wire.schema import U32, Array, Chars
from lustre_wire.schema.rpc import Buffers, SlotSpec

#: What a ptlrpc_body of 8 bytes would be.
BODY = b"\xbb" * 8


def laid(pieces: list[bytes], fill: bytes = b"\0") -> tuple[bytes, list[int], list[int]]:
    """(data, offsets, lengths) of buffers behind a ptlrpc_body, each filled up to a multiple of 8."""
    data, offsets = b"", []
    for piece in (BODY, *pieces):
        offsets.append(len(data))
        data += piece + fill * (-len(piece) % 8)
    return data, offsets, [len(BODY), *map(len, pieces)]


def unpacked(cls: Any, pieces: list[bytes], *, order: Any = "little", fill: bytes = b"\0") -> Any:
    return payload.codec(cls, order).unpack(*laid(pieces, fill))


class TestRegular:
    def test_every_type_of_buffer_both_ways(self) -> None:
        assert unpacked(All, REGULAR) == (VALUE, None)
        assert payload.codec(All, "little").pack(VALUE) == REGULAR

    def test_the_other_byte_order(self) -> None:
        big = payload.codec(All, "big").pack(VALUE)
        assert big[:3] == [b"\0\0\0\1\0\2", struct.pack(">5I", 9, 3, 1, 2, 3), b"\0\0\0\7"]
        assert big[6:] == [struct.pack(">IHIH", 1, 2, 3, 4), struct.pack(">3I", 4, 5, 6)]
        assert unpacked(All, big, order="big") == (VALUE, None)

    def test_empty_buffers_are_none(self) -> None:
        assert unpacked(All, [b""] * 6) == (All(), None)
        assert payload.codec(All, "little").pack(All()) == [b""] * 8

    @pytest.mark.parametrize(("count", "kept"), [(6, None), (7, 8), (8, 9), (2, 3)])
    def test_how_many_buffers_are_counted(self, count: int, kept: int | None) -> None:
        """What may be left out and has no bytes is not counted in a regular message."""
        assert unpacked(All, [b""] * count) == (All(), None if kept is None else Extra(count=kept))

    @pytest.mark.parametrize(("value", "count"), [(All(), 7), (All(parts=[]), 8), (All(numbers=[1]), 9), (VALUE, 9)])
    def test_what_a_regular_message_counts(self, value: Any, count: int) -> None:
        assert payload.codec(All, "little").count(value) == count

    def test_places_are_all_slots(self) -> None:
        assert payload.codec(All, "little").places(All()) == All.__slot_specs__

    def test_a_codec_is_made_once_for_each_order(self) -> None:
        made = payload.codec(All, "little")
        assert isinstance(made, PayloadCodec) and made is payload.codec(All, "little") is not payload.codec(All, "big")


class TestIrregular:
    """What the type of a buffer does not cover is kept, so that the same bytes come out again."""

    @staticmethod
    def one(index: int, data: bytes) -> tuple[Any, Any]:
        pieces = [b""] * 6
        pieces[index - 1 :] = [data, *pieces[index:]]
        made, extra = unpacked(All, pieces)
        return getattr(made, All.__slot_specs__[index - 1].name), extra

    def test_a_longer_struct_has_a_tail(self) -> None:
        assert self.one(1, REGULAR[0] + b"xy") == (Part(1, 2), Extra(tails={1: b"xy"}))

    def test_a_shorter_struct_is_zero_where_it_is_cut(self) -> None:
        assert self.one(1, REGULAR[0][:5]) == (Part(1, 2), Extra(cut={1: 5}))
        assert self.one(1, REGULAR[0][:4]) == (Part(1, 0), Extra(cut={1: 4}))

    def test_too_short_for_its_receiver_it_is_raw(self) -> None:
        assert self.one(1, REGULAR[0][:3]) == (None, Extra(raw={1: REGULAR[0][:3]}))
        assert self.one(2, REGULAR[1][:15]) == (None, Extra(raw={2: REGULAR[1][:15]}))

    def test_a_flexible_tail_takes_what_it_counts(self) -> None:
        data = struct.pack("<6I", 9, 3, 1, 2, 3, 4)
        assert self.one(2, data) == (Outer(9, Tailed(3, [1, 2, 3])), Extra(tails={2: data[20:]}))
        assert self.one(2, data[:16]) == (Outer(9, Tailed(3, [1, 2])), None)
        assert self.one(2, data[:18]) == (Outer(9, Tailed(3, [1, 2])), Extra(tails={2: data[16:18]}))

    @pytest.mark.parametrize("size", [1, 3, 5])
    def test_a_number_of_another_width(self, size: int) -> None:
        data = b"\7\0\0\0x"[:size]
        value, extra = self.one(3, data)
        assert (value, extra) == ((7, Extra(tails={3: b"x"})) if size == 5 else (None, Extra(raw={3: data})))

    def test_strings(self) -> None:
        assert self.one(4, b"name") == (b"name", Extra(cut={4: 4}))
        assert self.one(4, b"na\0me\0") == (b"na", Extra(tails={4: b"me\0"}))
        assert self.one(4, b"name\0\0") == (b"name", Extra(tails={4: b"\0"}))
        assert self.one(4, b"\0") == (b"", None)
        assert self.one(4, b"\0x") == (b"", Extra(tails={4: b"x"}))

    def test_strings_of_fixed_size(self) -> None:
        assert self.one(5, b"abcde") == (b"abcde", None)
        assert self.one(5, b"ab\0") == (b"ab", Extra(cut={5: 3}))
        assert self.one(5, b"aX\0\0\0xy") == (b"aX", Extra(tails={5: b"xy"}))
        assert self.one(5, b"ab\0\0\0xy") == (b"ab", Extra(tails={5: b"xy"}))

    def test_lists_are_whole_elements(self) -> None:
        assert self.one(7, REGULAR[6] + b"xyz") == ([Part(1, 2), Part(3, 4)], Extra(tails={7: b"xyz"}))
        value, extra = unpacked(All, [*REGULAR[:7], REGULAR[7] + b"\1"])
        assert value == VALUE and extra == Extra(tails={8: b"\1"})

    def test_less_than_one_element_is_raw(self) -> None:
        value, extra = unpacked(All, [*REGULAR[:7], b"\1\2\3"])
        assert value.numbers is None and extra == Extra(raw={8: b"\1\2\3"}, count=9)

    def test_several_at_once(self) -> None:
        _, extra = unpacked(All, [b"x", b"", b"y", b"name"])
        assert extra == Extra(raw={1: b"x", 3: b"y"}, cut={4: 4}, count=5)

    def test_padding_that_is_not_zero(self) -> None:
        _, extra = unpacked(All, REGULAR, fill=b"\1")
        sizes = {1: 2, 2: 4, 3: 4, 4: 3, 5: 3, 6: 4, 7: 4, 8: 4}
        assert extra == Extra(padding={index: b"\1" * size for index, size in sizes.items()})

    def test_padding_behind_an_irregular_buffer(self) -> None:
        _, extra = unpacked(All, [REGULAR[0] + b"x", *REGULAR[1:]], fill=b"\1")
        assert extra.tails == {1: b"x"} and extra.padding[1] == b"\1"

    def test_more_buffers_than_declared(self) -> None:
        value, extra = unpacked(All, [*REGULAR, b"more", b"", b"even"])
        assert value == VALUE and extra == Extra(more=[b"more", b"", b"even"], count=12)
        assert unpacked(All, [*REGULAR, b"", b""])[1] == Extra(count=11)

    def test_padding_behind_more_buffers(self) -> None:
        _, extra = unpacked(All, [*REGULAR[:7], REGULAR[7] + bytes(4), b"more", bytes(8)], fill=b"\1")
        assert extra.padding[9] == b"\1" * 4 and 10 not in extra.padding


class TestFloating:
    """A buffer that depends on others moves those behind it."""

    @pytest.mark.parametrize(
        ("number", "low", "there"),
        [
            (0, 0, "last"), (3, 0, "first last"), (1, 0, "last"), (4, 0, "second last"), (8, 0, "second last"),
            (7, 0, "first second last"), (0, 1, "third last"), (0, 2, "third fourth last"),
        ],
    )  # fmt: skip
    def test_what_is_there(self, number: int, low: int, there: str) -> None:
        names = there.split()
        value = Floating(part=Part(number, low), **{name: name.encode() for name in names})
        codec = payload.codec(Floating, "little")
        assert [s.name for s in codec.places(value)] == ["part", *names]
        pieces = [struct.pack("<IH", number, low), *(name.encode() for name in names)]
        wanted = pieces + [b""] * (6 - len(pieces))
        assert codec.pack(value) == wanted and codec.count(value) == 7
        assert unpacked(Floating, wanted) == (value, None)

    def test_without_the_struct_that_decides_nothing_floats(self) -> None:
        value, extra = unpacked(Floating, [b"", b"last", b"", b"", b"", b""])
        assert value == Floating(last=b"last") and extra is None

    def test_a_value_where_no_buffer_is(self) -> None:
        with pytest.raises(WireError, match="the buffers before it say that it is not there") as caught:
            payload.codec(Floating, "little").pack(Floating(part=Part(), second=b"x"))
        assert caught.value.path == "second"

    def test_what_is_left_over_is_more(self) -> None:
        _, extra = unpacked(Floating, [bytes(6), b"last", b"", b"", b"", b"over"])
        assert extra == Extra(more=[b"", b"", b"", b"over"])

    def test_fewer_than_counted(self) -> None:
        assert unpacked(Floating, [bytes(6), b"last"]) == (Floating(part=Part(), last=b"last"), Extra(count=3))


class TestFaults:
    """`fault` says which buffer of a message cannot be written, and why."""

    @staticmethod
    def fault(name: str, value: Any) -> tuple[str, str] | None:
        spec = next(s for s in All.__slot_specs__ if s.name == name)
        error = record.fault(spec.node, value, spec.name)
        return (error.path, error.message) if error is not None else None

    @pytest.mark.parametrize("spec", All.__slot_specs__, ids=lambda s: s.name)
    def test_nothing_is_wrong(self, spec: Any) -> None:
        assert record.fault(spec.node, getattr(VALUE, spec.name), spec.name) is None

    @pytest.mark.parametrize(
        ("name", "value", "path"),
        [
            ("part", Part(low=1 << 16), "part.low"),
            ("part", 5, "part"),
            ("outer", Outer(inner=Tailed(items=[1])), "outer.inner.items"),
            ("number", 1 << 32, "number"),
            ("number", "1", "number"),
            ("name", "text", "name"),
            ("fixed", b"abcdef", "fixed"),
            ("fixed", 5, "fixed"),
            ("blob", 5, "blob"),
            ("parts", [Part(), Part(number=-1)], "parts[1].number"),
            ("parts", 5, "parts"),
            ("numbers", [1, 2, 1 << 32], "numbers[2]"),
        ],
    )
    def test_where_it_is(self, name: str, value: Any, path: str) -> None:
        found = self.fault(name, value)
        assert found is not None and found[0] == path

    def test_texts_that_are_too_long(self) -> None:
        assert self.fault("fixed", b"abcdef") == ("fixed", "expected at most 5 bytes, got 6")
        with pytest.raises(WireError, match="expected at most 5 bytes") as caught:
            payload.codec(All, "little").pack(All(fixed=b"abcdef"))
        assert caught.value.path == "fixed"


@pytest.mark.parametrize(
    "extra",
    [
        Extra(tails={1: b"x"}), Extra(cut={1: 2}), Extra(raw={1: b"x"}), Extra(padding={1: b"x"}), Extra(more=[b""]),
        Extra(count=0), Extra(gap=b"x"), Extra(trailing=b"x"),
    ],
    ids=str,
)  # fmt: skip
def test_an_extra_with_anything_in_it_counts(extra: Extra) -> None:
    assert extra and not Extra() and extra != Extra()


def test_what_is_kept_and_what_is_made_are_fixed_in_shape() -> None:
    with pytest.raises(AttributeError):
        Extra().nothing = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        payload.codec(All, "little").pack = None  # type: ignore[misc, assignment]


def test_buffers_that_nobody_can_read() -> None:
    """Whatever a field can be, a buffer can, but for an array of so many elements."""
    for kind, regular in ((Array(U32, 2), None), (Chars(3), b"abc")):
        spec = SlotSpec("a", 1, kind, False, False, "", 0, 0, None)
        cls = type("Side", (Buffers,), {"__slots__": ("a",), "__slot_specs__": (spec,)})
        if regular is not None:
            assert unpacked(cls, [regular]) == (cls(regular), None)
            assert payload.codec(cls, "little").pack(cls(regular)) == [regular]
            continue
        with pytest.raises(TypeError, match="Repeat"):
            payload.codec(cls, "little")
        with pytest.raises(TypeError, match="Repeat"):
            payload.whole_value(spec.node, b"1234", "little")
