"""The record engine: generated code that says what is wrong, and the one-step reading of whole messages."""

from __future__ import annotations

import linecache
from typing import Annotated, Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import messages
from lustre_wire.engines import record, reference, whole
from lustre_wire.engines.record import Codec
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.message import Message
from lustre_wire.schema import AS_SENT, U32, Array, Chars, Flex, Raw, u8, u16, u32

MdtBody = lw.dialect("2.0").structs["mdt_body"]


@lw.wire_struct(size=4)
class Word:
    """Something to nest."""

    low: u16 = 0
    high: u16 = 0


@lw.wire_struct(size=28)
class Sample:
    """A struct with something to go wrong in each field."""

    small: u8 = 0
    pad: Annotated[bytes, Raw(3)] = bytes(3)
    word: Word = Word()
    pair: Annotated[list[Word], Array(Word, 2)] = [Word(), Word()]
    text: Annotated[bytes, Chars(4)] = bytes(4)
    count: u32 = 0
    kept: Annotated[int, U32, AS_SENT] = 0
    tail: Annotated[list[Word], Flex(Word, count="count")] = []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"small": 256}, "sample.small"),
        ({"small": -1}, "sample.small"),
        ({"small": "1"}, "sample.small"),
        ({"pad": b"1234"}, "sample.pad"),
        ({"word": Word(low=1 << 16)}, "sample.word.low"),
        ({"word": None}, "sample.word"),
        ({"pair": [Word()]}, "sample.pair"),
        ({"text": b"12345"}, "sample.text"),
        ({"kept": 1.5}, "sample.kept"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(lw.WireError) as caught:
        record.pack(Sample(**change))
    assert caught.value.path == path
    with pytest.raises(lw.WireError):
        reference.pack(Sample(**change))


def test_what_is_no_wire_struct() -> None:
    for call in (lambda: record.pack(5), lambda: record.unpack(int, b"1234"), lambda: reference.struct(int)):
        with pytest.raises(lw.SchemaError, match="not a wire struct"):
            call()


@pytest.mark.parametrize("offset", [-1, 1, 300])
def test_offsets_outside_the_input(offset: int) -> None:
    with pytest.raises(lw.TruncatedError, match="expected 28 bytes"):
        record.unpack(Sample, bytes(28), offset=offset)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes(kind: Any) -> None:
    data = record.pack(Sample(small=7, count=1, tail=[Word(1, 2)]))
    assert record.unpack(Sample, kind(b"xyz" + data), offset=3) == Sample(small=7, count=1, tail=[Word(1, 2)])


def test_short_character_arrays_are_filled() -> None:
    data = record.pack(Sample(text=b"ab"))
    assert data[16:20] == b"ab\0\0" == record.unpack(Sample, data).text


def test_integers_as_sent_are_read_as_little_endian() -> None:
    data = record.pack(Sample(kept=1, count=0), byteorder="big")
    assert data[24:28] == b"\1\0\0\0"
    assert record.unpack(Sample, data, byteorder="big").kept == 1


def test_a_fixed_byte_order_wins() -> None:
    """An EA is little-endian whoever sends it."""
    cls = lw.dialect("2.0").structs["lov_mds_md_v1"]
    value = cls(lmm_magic=0x0BD10BD0, lmm_stripe_count=0)
    assert record.pack(value, byteorder="big") == record.pack(value, byteorder="little")
    assert reference.pack(value, byteorder="big")[:4] == bytes.fromhex("d00bd10b")


def test_without_a_swab_function_a_struct_stays_as_sent() -> None:
    """lustre_handle alone in a buffer is not swapped; nor is it inside ldlm_request."""
    handle = lw.dialect("2.0").structs["lustre_handle"]
    assert record.pack(handle(1), byteorder="big") == b"\1" + bytes(7)
    request = lw.dialect("2.0").structs["ldlm_request"](lock_handle=[handle(1), handle(2)])
    assert record.pack(request, byteorder="big")[88:] == b"\1" + bytes(7) + b"\2" + bytes(7)


def test_the_generated_code_can_be_read() -> None:
    record.codec(Sample, "little")
    source = "".join(linecache.getlines("<lustre_wire record sample little>"))
    assert "def unpack(" in source and "_o.small" in source


def test_a_codec_is_made_once() -> None:
    first = record.codec(Sample, "little")
    assert isinstance(first, Codec) and record.codec(Sample, "little") is first
    assert record.codec(Sample, "big") is not first


class TestWholeMessages:
    """`whole.Side`: one function per side and pattern of buffers, and how many of them there may be."""

    @staticmethod
    def side(name: str, direction: str = "request") -> whole.Side:
        dialect = lw.dialect("2.0")
        frame = whole.Frame(Message, LustreMsgV2, dialect.body, dialect.flavour_mask)
        form = dialect.rpcs[name]
        return whole.Side(frame, form.request if direction == "request" else form.reply, "little")

    def test_regular_lengths_have_a_function(self) -> None:
        side = self.side("MDS_GETATTR")
        assert side.reader((152, 216, 0)) is not None
        assert side.reader((152, 216, 0)) is side.reader((152, 216, 0))

    @pytest.mark.parametrize("lengths", [(151, 216, 0), (152, 215, 0), (152, 216, 3, *[8] * 9), ()])
    def test_others_go_piece_by_piece(self, lengths: tuple[int, ...]) -> None:
        assert self.side("MDS_GETATTR").reader(lengths) is None

    def test_names_of_any_length_share_a_function(self) -> None:
        side = self.side("MDS_GETATTR_NAME")
        assert side.reader((152, 216, 0, 2)) is side.reader((152, 216, 0, 200))

    def test_what_is_remembered_is_bounded(self) -> None:
        side = self.side("MDS_GETATTR_NAME")
        made = {side.reader((152, 216 + length, 0, 8)) for length in range(100)}
        assert None in made
        assert len(made) < 40

    def test_most_recorded_messages_are_regular(self) -> None:
        """The quick way is the usual way: what is read piece by piece has something odd about it."""
        some = [m for m in messages() if m.direction == "request" and m.row["msg_format"] == "lustre_msg_v2"]
        odd = [m for m in some if m.decode().extra is not None]
        assert len(odd) < len(some) / 3
