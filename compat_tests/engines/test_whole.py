"""Messages in one step: which have a function, and that it reads and writes what piece by piece gives."""

from __future__ import annotations

import linecache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.engines.samples import REGULAR, VALUE, All, Floating, Outer, Part, Tailed
from lustre_wire.engines import payload, record, whole
from lustre_wire.engines.payload import Extra
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.message import Message
from lustre_wire.schema import u32
from lustre_wire.schema.rpc import Buffers, CString, Opaque, buffers, slot


@lw.wire_struct(size=12)
class Body:
    """Instead of a ptlrpc_body, and of a size that needs padding."""

    opcode: u32 = 0
    kind: u32 = 0
    status: u32 = 0


class _Simple:
    part: Part | None = slot()
    number: u32 | None = slot(omit=True)
    name: CString | None = slot(omit=True)


class _Behind:
    name: CString | None = slot()
    number: u32 | None = slot()
    part: Part | None = slot()
    parts: list[Part] | None = slot()
    outer: Outer | None = slot()
    blob: Opaque | None = slot()


class _Odd:
    numbers: list[u32] | None = slot()


class _Stopping:
    number: u32 | None = slot()
    name: CString | None = slot(omit=True)
    rest: Opaque | None = slot(optional=True)
    more: CString | None = slot(omit=True)
    last: Opaque | None = slot(optional=True)


Stopping: Any = buffers(_Stopping)
Simple: Any = buffers(_Simple)
Behind: Any = buffers(_Behind)
Odd: Any = buffers(_Odd)
BODY = Body(1, 2, 3)
PART, NUMBER = Part(1, 2), 0x01020304


def side(cls: type[Buffers], order: Any = "little", mask: int = 0) -> whole.Side:
    return whole.Side(whole.Frame(Message, LustreMsgV2, Body, mask), cls, order)


def joined(pieces: list[bytes], order: Any = "little", body: Any = None, **header: Any) -> bytes:
    first = record.pack(BODY, byteorder=order) if body is None else body
    return lustre_msg.join(LustreMsgV2(**header), [first, *pieces], order)


def read(of: whole.Side, data: bytes) -> Message | None:
    """The message, None where the function gives up; there must be one."""
    parts = lustre_msg.split(data)
    function = of.reader(tuple(parts.lengths))
    assert function is not None
    made: Message | None = function(data, parts.offsets, parts.lengths, "dialect", "request", "format")
    return made


def written(of: whole.Side, message: Any) -> bytes | None:
    function = of.writer(message.buffers)
    return function(message) if function is not None else None


def message(values: Any, **header: Any) -> Any:
    return Message("dialect", "request", "little", LustreMsgV2(**header), BODY, None, values)  # type: ignore[arg-type]


def packed(values: Any, order: Any = "little") -> list[bytes]:
    codec = payload.codec(type(values), order)
    return codec.pack(values)[: codec.count(values) - 1]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(
    "values",
    [
        Simple(PART, NUMBER, b"name"), Simple(PART, NUMBER), Simple(PART), Simple(), Simple(None, NUMBER),
        Simple(None, None, b""), Simple(PART, None, b"some name"),
        Behind(b"n", NUMBER, PART, [PART, Part(3, 4)], Outer(1, Tailed(3, [1, 2, 3])), b"blob"),
        Behind(b"longer name", None, None, None, None, None), Behind(None, NUMBER, PART, None, Outer(), b""),
        Behind(b"", NUMBER, PART, [], Outer(1, Tailed(2, [1, 2])), b"12345678"), Behind(),
        Stopping(NUMBER), Stopping(NUMBER, b"n"), Stopping(NUMBER, None, b"r"), Stopping(), Stopping(NUMBER, last=b"l"),
    ],
)  # fmt: skip
class TestBothWays:
    def test_reading(self, order: Any, values: Any) -> None:
        """Every part of the message is what the pieces are; buffers without bytes are None."""
        header = {"lm_secflvr": 1, "lm_repsize": 2, "lm_cksum": 3, "lm_flags": 4, "lm_padding_2": 5, "lm_padding_3": 6}
        pieces = packed(values, order)
        found = read(side(type(values), order), joined(pieces, order, **header))
        assert found is not None
        lengths = [12, *map(len, pieces)]
        assert found.header == LustreMsgV2(lm_bufcount=len(lengths), lm_buflens=lengths, **header)
        around: Any = (found.dialect, found.direction, found.order, found.format)
        assert around == ("dialect", "request", order, "format")
        assert found.body == BODY and found.extra is None
        wanted, _ = payload.codec(type(values), order).unpack(*_laid(pieces))
        assert found.buffers == wanted

    def test_writing(self, order: Any, values: Any) -> None:
        header = {"lm_secflvr": 1, "lm_repsize": 2, "lm_cksum": 3, "lm_flags": 4, "lm_padding_2": 5, "lm_padding_3": 6}
        made = message(values, **header)
        assert written(side(type(values), order), made) == joined(packed(values, order), order, **header)
        lengths = [12, *map(len, packed(values, order))]
        assert (made.header.lm_bufcount, made.header.lm_buflens) == (len(lengths), lengths)


@pytest.mark.parametrize(
    ("values", "counted"),
    [
        (Stopping(), 2), (Stopping(NUMBER), 2), (Stopping(NUMBER, b"n"), 4), (Stopping(NUMBER, None, b"r"), 4),
        (Stopping(more=b"m"), 6), (Stopping(NUMBER, b"n", last=b"l"), 6),
    ],
)  # fmt: skip
def test_nothing_is_counted_from_the_first_buffer_on_that_may_be_left_out(values: Any, counted: int) -> None:
    """As a 2.x client packs it: up to the first one whose size was never set."""
    assert payload.codec(Stopping, "little").count(values) == counted
    data = written(side(Stopping), message(values))
    assert data is not None and len(lustre_msg.split(data).lengths) == counted


def _laid(pieces: list[bytes]) -> tuple[bytes, list[int], list[int]]:
    data, offsets = b"", []
    for piece in (bytes(16), *pieces):
        offsets.append(len(data))
        data += piece + bytes(-len(piece) % 8)
    return data, offsets, [16, *map(len, pieces)]


class TestWhichHaveAFunction:
    def test_writing(self) -> None:
        """All but sides whose buffers float."""
        for values in (All(part=PART), All(fixed=b"x"), All(numbers=[1]), All(fixed=b"x", part=PART), Odd([1]), Odd()):
            assert written(side(type(values)), message(values)) == joined(packed(values)), values
        assert side(Floating).writer(Floating()) is None

    def test_a_function_is_made_once_for_each_pattern(self) -> None:
        of = side(Behind)
        first = of.writer(Behind(b"a"))
        assert first is of.writer(Behind(b"abc")) is not of.writer(Behind(b"a", 1))
        short, long = Behind(outer=Outer(1, Tailed(2, [1, 2]))), Behind(outer=Outer(1, Tailed(3, [1, 2, 3])))
        assert of.writer(short) is of.writer(long)  # its elements are counted, so its length is never known before

    def test_a_tail_without_count_may_have_its_least_length(self) -> None:
        cls = lw.dialect("2.0").rpcs["LDLM_CANCEL"].request
        of, request = side(cls), lw.dialect("2.0").structs["ldlm_request"]
        handle = lw.dialect("2.0").structs["lustre_handle"]
        two, three = cls(request(lock_handle=[handle()] * 2)), cls(request(lock_handle=[handle()] * 3))  # type: ignore[call-arg]
        assert of.writer(two) is not of.writer(three) is not None
        for values in (two, three):
            assert written(of, message(values)) == joined(packed(values))

    def test_how_many_are_kept_for_writing(self) -> None:
        names = list("abcdef")
        body = {"__annotations__": dict.fromkeys(names, u32), **{name: slot() for name in names}}
        cls: Any = buffers(type("Wide", (), body))
        of = side(cls)
        values = [cls(**{n: 1 for i, n in enumerate(names) if bits >> i & 1}) for bits in range(64)]
        made = [of.writer(each) for each in values]
        assert sum(function is not None for function in made) == 32 and None not in made[:32]
        assert of.writer(values[0]) is made[0]

    def test_how_many_are_kept_for_reading(self) -> None:
        of = side(Simple)
        made = [of.reader((12, 6 + more)) for more in range(40)]
        assert None not in made[:32] and made[32:] == [None] * 8 and of.reader((12, 6)) is made[0]

    @pytest.mark.parametrize("lengths", [(), (11, 6), (12, 5), (12, 6, 3), (12, 0, 1), (12, 6, 4, 5, *[8] * 9)])
    def test_lengths_that_go_piece_by_piece(self, lengths: tuple[int, ...]) -> None:
        assert side(Simple).reader(lengths) is None

    @pytest.mark.parametrize("lengths", [(12,), (12, 6), (12, 7), (13, 6), (12, 6, 5), (12, 6, 4, 5, *[8] * 8)])
    def test_lengths_that_do_not(self, lengths: tuple[int, ...]) -> None:
        assert side(Simple).reader(lengths) is not None

    def test_floating_buffers_go_piece_by_piece(self) -> None:
        assert side(Floating).reader((12, 6, 0, 0, 0, 0, 0)) is None

    @pytest.mark.parametrize(("index", "length"), [(1, 5), (3, 3), (5, 4)])
    def test_types_that_go_piece_by_piece(self, index: int, length: int) -> None:
        lengths = [12, *[0] * 8]
        assert side(All).reader(tuple(lengths)) is not None
        lengths[index] = length
        assert side(All).reader(tuple(lengths)) is None

    def test_the_functions_can_be_read(self) -> None:
        of = side(Simple)
        read(of, joined(packed(Simple(PART, NUMBER, b"x"))))
        title = next(t for t in linecache.cache if t.startswith("<lustre_wire whole read") and "Simple 12,6,4,-1" in t)
        assert "def read(_data, _offsets, _lengths, dialect, direction, format):" in linecache.getline(title, 1)


def test_what_is_around_the_buffers_never_changes() -> None:
    frame = whole.Frame(Message, LustreMsgV2, Body, 0)
    with pytest.raises(AttributeError):
        frame.body = Part  # type: ignore[misc]
    with pytest.raises(AttributeError):
        record.codec(Part, "little").size = 3  # type: ignore[misc]


class TestWhatIsLeftOver:
    """Longer structs, more and fewer buffers: kept in an `Extra`, as piece by piece."""

    @pytest.mark.parametrize(
        ("pieces", "values", "extra"),
        [
            ([b"\1\0\0\0\2\0xy"], Simple(PART), Extra(tails={1: b"xy"})),
            ([b"\1\0\0\0\2\0x", b"", b"n\0"], Simple(PART, None, b"n"), Extra(tails={1: b"x"})),
            ([b"", b"\4\3\2\1zzzz", b"n\0"], Simple(None, NUMBER, b"n"), Extra(tails={2: b"zzzz"})),
            ([], Simple(), Extra(count=1)),
            ([b"", b""], Simple(), Extra(count=3)),
            ([b"", b"", b"", b""], Simple(), Extra(count=5)),
            ([b"", b"", b"n\0", b"more", b"", b"x"], Simple(name=b"n"), Extra(more=[b"more", b"", b"x"], count=7)),
            ([b"", b"", b"n\0", b"more", b""], Simple(name=b"n"), Extra(more=[b"more"], count=6)),
        ],
    )
    def test_they_are_kept(self, pieces: list[bytes], values: Any, extra: Extra) -> None:
        found = read(side(Simple), joined(pieces))
        assert found is not None and (found.buffers, found.extra) == (values, extra)

    def test_behind_a_buffer_of_variable_length(self) -> None:
        pieces = packed(Behind(b"n", NUMBER, PART, None, None, b"b"))
        pieces[1] += b"t"
        pieces[2] += b"ail"
        found = read(side(Behind), joined(pieces))
        assert found is not None and found.extra == Extra(tails={2: b"t", 3: b"ail"})
        assert found.buffers == Behind(b"n", NUMBER, PART, None, None, b"b")

    def test_a_longer_body(self) -> None:
        found = read(side(Simple), joined([record.pack(PART)], body=record.pack(BODY) + b"later"))
        assert found is not None and (found.body, found.extra) == (BODY, Extra(tails={0: b"later"}))


class TestGivingUp:
    """What is not regular is read piece by piece: the function says None."""

    @staticmethod
    def changed(pieces: list[bytes], at: int, cls: Any = Simple) -> Message | None:
        """With one bit set at an offset from the end."""
        data = bytearray(joined(pieces))
        data[at] |= 1
        return read(side(cls), bytes(data))

    def test_padding_with_content(self) -> None:
        pieces = packed(Simple(PART, NUMBER, b"four"))
        assert read(side(Simple), joined(pieces)) is not None
        # the name's three, the number's four, the struct's two, the body's four bytes of padding
        for at in (-1, -3, -9, -12, -17, -18, -25, -28):
            assert self.changed(pieces, at) is None, at

    def test_a_gap_with_content(self) -> None:
        assert self.changed(packed(Simple(PART, NUMBER)), 44) is None
        assert self.changed(packed(Simple(PART, NUMBER)), 47) is None

    def test_no_gap(self) -> None:
        assert read(side(Simple), joined(packed(Simple(PART)))) is not None

    @pytest.mark.parametrize("name", [b"abc", b"a\0c\0", b"abc\0\0"])
    def test_strings_without_exactly_one_nul(self, name: bytes) -> None:
        assert read(side(Simple), joined([b"", b"", name])) is None

    @pytest.mark.parametrize(("index", "data"), [(3, bytes(7)), (4, bytes(15)), (4, bytes(18))])
    def test_lengths_that_do_not_add_up(self, index: int, data: bytes) -> None:
        pieces = packed(Behind(b"n", NUMBER, PART, [PART], Outer(), b"b"))
        pieces[index] = data
        assert read(side(Behind), joined(pieces)) is None

    def test_elements_beyond_their_count(self) -> None:
        pieces = packed(Behind(b"n", NUMBER, PART, [PART], Outer(1, Tailed(2, [1, 2])), b"b"))
        pieces[4] += bytes(4)
        assert read(side(Behind), joined(pieces)) is None

    def test_padding_behind_a_variable_buffer(self) -> None:
        pieces = packed(Behind(b"n", NUMBER, PART, [PART], Outer(), b"b"))
        for at in (-1, -7, -25, -26):  # of the bytes, and of the structs before 16 bytes that need none
            assert self.changed(pieces, at, Behind) is None, at

    def test_padding_behind_more_buffers(self) -> None:
        pieces = [b"", b"", b"n\0", b"more"]
        assert read(side(Simple), joined(pieces)) is not None and self.changed(pieces, -1) is None

    @pytest.mark.parametrize(("mask", "flavour", "reads"), [(0xF, 0x10, True), (0xF, 0x18, False), (0, 0xFF, True)])
    def test_a_message_under_a_security_policy(self, mask: int, flavour: int, reads: bool) -> None:
        data = joined(packed(Simple(PART)), lm_secflvr=flavour)
        assert (read(side(Simple, mask=mask), data) is not None) == reads


def test_every_type_of_the_samples() -> None:
    found = read(side(All), joined(REGULAR))
    assert found is not None and found.buffers == VALUE and found.extra is None
    assert written(side(All), message(VALUE)) == joined(REGULAR)
