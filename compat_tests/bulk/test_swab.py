"""Swabbing whole messages: what the record engine writes in the other byte order, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.bulk.engines import DIALECTS, everywhere, noise, plain, record_engine
from lustre_wire import bulk
from lustre_wire.bulk import Reason
from lustre_wire.frames import lustre_msg


def turned(message: lw.Message) -> bytes:
    """A message in the other byte order, by the record engine."""
    message.order = "big" if message.order == "little" else "little"
    return lw.encode(message)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_recorded_message(dialect: str) -> None:
    for one in [m for m in recorded.messages() if m.dialect == dialect]:
        request = one.request()
        form = request.format if request is not None else None
        wanted = turned(one.decode())

        def call(one: Any = one, form: Any = form) -> tuple[bytes, Any]:
            out = bytearray(len(one.data))
            return bulk.swab(one.data, dialect, out, formats=form), bytes(out)

        for columns, out in everywhere(call):
            assert out == wanted, str(one)
            assert columns["reason"][0] in (Reason.GOOD, Reason.NO_FORMAT)


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_recorded_big_endian_messages_come_out_as_their_little_endian_originals(dialect: str) -> None:
    """Lustre's own swab functions made the big-endian ones."""
    pairs = [(m, recorded.by_id().get((m.dialect, m.row["lustre_version"], m.id.removeprefix("be-"))))
             for m in recorded.messages() if m.dialect == dialect and m.endian == "big"]  # fmt: skip
    checked = 0
    for big, little in pairs:
        if little is None or len(little.data) != len(big.data):
            continue
        request = little.request()
        data = bytearray(big.data)
        bulk.swab(data, dialect, formats=request.format if request is not None else None)
        if turned(big.decode()) == little.data:
            assert bytes(data) == little.data
            checked += 1
    assert checked or not pairs


@pytest.mark.parametrize("dialect", DIALECTS)
def test_streams_in_place_and_back(dialect: str) -> None:
    messages = [m for m in recorded.messages() if m.dialect == dialect]
    stream = b"".join(m.data for m in messages) * 3
    results = []
    for columns, data in everywhere(lambda: _in_place(stream, dialect)):
        results.append((plain(columns), data))
        back = bytearray(data)
        bulk.swab(back, dialect)
        assert back == stream
    assert results[0] == results[1] == results[2]


def _in_place(stream: bytes, dialect: str) -> tuple[Any, bytes]:
    data = bytearray(stream)
    return bulk.swab(data, dialect), bytes(data)


def test_shapes_that_come_again_and_again_are_swapped_alike() -> None:
    """The C core remembers shapes: conditions, lengths and byte orders that change must not be overlooked."""
    picked = [m for m in recorded.messages() if m.dialect == "1.8"][::5]
    stream = b"".join(m.data for m in picked * 2 for _ in range(3))
    core, scalar, by_record = everywhere(lambda: _in_place(stream, "1.8")[1])
    assert core == scalar == by_record


@settings(max_examples=100, deadline=None)
@given(draw=st.data())
def test_damaged_streams(draw: Any) -> None:
    dialect = draw.draw(st.sampled_from(DIALECTS))
    messages = [m for m in recorded.messages() if m.dialect == dialect]
    picked = draw.draw(st.lists(st.sampled_from(messages[::11]), max_size=3))
    stream = bytearray(b"".join(m.data for m in picked) * draw.draw(st.integers(1, 3)))
    for _ in range(draw.draw(st.integers(0, 2))):
        at = draw.draw(st.integers(0, len(stream)))
        stream[at : at + draw.draw(st.integers(0, 9))] = draw.draw(st.binary(max_size=9))
    results = [(plain(c), data) for c, data in everywhere(lambda: _in_place(bytes(stream), dialect))]
    assert results[0] == results[1] == results[2]


def test_a_format_for_each_reply() -> None:
    replies = [m for m in recorded.messages() if m.dialect == "2.0" and m.direction == "reply" and m.request()]
    replies = [m for m in replies if m.request().format is not None and len(m.data) % 8 == 0]  # type: ignore[union-attr]
    replies = [m for m in replies if lustre_msg.split(m.data).end == len(m.data)]
    forms = [m.request().format for m in replies]  # type: ignore[union-attr]
    stream = b"".join(m.data for m in replies)
    out = bytearray(len(stream))
    columns = bulk.swab(stream, "2.0", out, formats=forms)
    assert bytes(out) == b"".join(turned(m.decode()) for m in replies)
    assert set(columns["reason"].tolist()) == {Reason.GOOD}
    by_name = bulk.swab(bytearray(stream), "2.0", formats=[form.key for form in forms])
    assert columns["format"].tolist() == by_name["format"].tolist()


def test_bad_arguments_are_one_clear_error() -> None:
    memory = bytearray(400)
    view = memoryview(memory)
    for call, message in (
        (lambda: bulk.swab(bytes(8), "2.0"), "written"),
        (lambda: bulk.swab(bytes(8), "2.0", bytearray(7)), "expected 8 bytes"),
        (lambda: bulk.swab(view[:200], "2.0", view[8:208]), "overlaps"),
        (lambda: bulk.swab(memory, "0.1"), "no dialect"),
        (lambda: bulk.swab(memory, "2.0", formats="NOTHING"), "no RPC format"),
    ):
        with pytest.raises(lw.WireError, match=message):
            call()
        with record_engine(), pytest.raises(lw.WireError, match=message):
            call()


def test_noise_is_left_alone() -> None:
    data = noise(1000, 5)
    columns, out = _in_place(data, "2.0")
    assert out == data
    assert columns["reason"].tolist() == [Reason.NO_MAGIC]
    assert _in_place(b"", "2.0")[0].rows == 0


def with_lengths(data: bytes, draw: Any) -> bytes:
    """A message with buffers of other lengths, odd ones too."""
    parts = lustre_msg.split(data)
    buffers = [data[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)]
    for number in draw.draw(st.sets(st.integers(0, len(buffers) - 1), max_size=3)) if buffers else ():
        length = draw.draw(st.one_of(st.integers(0, 300), st.just(max(0, len(buffers[number]) - 1))))
        buffers[number] = (buffers[number] + noise(300, number))[:length]
    return lustre_msg.join(parts.header, buffers, parts.order)


@settings(max_examples=250, deadline=None)
@given(draw=st.data())
def test_swabbing_twice_gives_the_same_bytes_again(draw: Any) -> None:
    """Also where a buffer is too short for what decides the message's format, or holds what decides it wrongly."""
    one = draw.draw(st.sampled_from(recorded.messages()))
    data = bytearray(with_lengths(one.data, draw) if lustre_msg.split(one.data).version == 2 else one.data)
    for _ in range(draw.draw(st.integers(0, 2))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    del data[len(data) - draw.draw(st.sampled_from([0, 0, 1, 3, 7])) :]

    def there_and_back() -> tuple[bytes, bytes]:
        turned = bytearray(data)
        bulk.swab(turned, one.dialect)
        again = bytearray(turned)
        bulk.swab(again, one.dialect)
        return bytes(turned), bytes(again)

    core, scalar, by_record = everywhere(there_and_back)
    assert core == scalar == by_record
    assert core[1] == data


def test_a_record_too_short_for_its_format_comes_back() -> None:
    one = next(m for m in recorded.messages() if m.id == "be-reint-setattr-d20-epoch")
    parts = lustre_msg.split(one.data)
    buffers = [one.data[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)]
    buffers[1] = buffers[1][:-7]
    data = lustre_msg.join(parts.header, buffers, parts.order)
    turned = bytearray(data)
    bulk.swab(turned, "2.0")
    assert turned != data
    bulk.swab(turned, "2.0")
    assert turned == data
