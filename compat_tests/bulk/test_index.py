"""Walking streams: recorded messages are found where they are, bad bytes are marked, and nothing crashes the walk."""

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
from lustre_wire.engines import record
from lustre_wire.engines.payload import Extra
from lustre_wire.frames import ksock, lnet, lnet_large, lustre_msg


def whole(dialect: str) -> list[recorded.Recorded]:
    """Recorded messages without bytes behind their last buffer."""
    found = [m for m in recorded.messages() if m.dialect == dialect]
    return [m for m in found if lustre_msg.split(m.data).end == len(m.data)]


def both(stream: Any, dialect: str | None = None, **options: Any) -> Any:
    """The index, after checking that the record engine's is the same."""
    found = bulk.index(stream, dialect, **options)
    with record_engine():
        other = bulk.index(stream, dialect, **options)
    assert plain(found) == plain(other)
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_recorded_message_is_found(dialect: str) -> None:
    messages = whole(dialect)
    found = both(b"".join(m.data for m in messages), dialect)
    assert found.rows == len(messages) > 300 * (dialect in ("1.8", "2.0"))
    at = 0
    for row, one in enumerate(messages):
        message, parts = one.decode(), lustre_msg.split(one.data)
        assert found["offset"][row] == at and found["length"][row] == len(one.data)
        assert found["big_endian"][row] == (message.order == "big")
        assert found["magic"][row] == message.header.lm_magic
        if message.body is not None or message.version == 1:
            assert found["reason"][row] == Reason.GOOD
            assert found["opcode"][row] == message.opcode
            assert found["status"][row] == message.status
            assert found["transno"][row] == message.transno
            source = message.body if message.body is not None else message.header
            assert found["type"][row] == getattr(source, "pb_type", getattr(source, "lm_type", None))
            assert found["flags"][row] == getattr(source, "pb_flags", getattr(source, "lm_flags", None))
            assert found["mbits"][row] == getattr(message.body, "pb_mbits", 0)
        first, count = found["first_buffer"][row], found["buffer_count"][row]
        assert found["buffer_offset"].tolist()[first : first + count] == [at + o for o in parts.offsets]
        assert found["buffer_length"].tolist()[first : first + count] == list(parts.lengths)
        at += len(one.data)


@pytest.mark.parametrize("order", ["little", "big"])
def test_match_bits_are_those_of_the_ptlrpc_body(order: Any) -> None:
    d217 = lw.dialect("2.17")
    sent, short = lw.build(d217, "OBD_PING", order=order), d217.body_minimum
    without = lw.encode(sent)
    sent.body.pb_mbits = 0x1122334455667788
    stream = lw.encode(sent)
    sent.extra = Extra(cut={0: short})
    old = lw.encode(sent)
    assert lw.decode(old, d217).header.lm_buflens == [short]
    found = both(stream + old + without, "2.17")
    assert found["mbits"].tolist() == [0x1122334455667788] * 2 + [0] and set(found["reason"]) == {Reason.GOOD}
    assert not any(both(old, "2.0")["mbits"])  # padding there


def test_without_a_dialect_messages_of_all_are_good() -> None:
    stream = b"".join(m.data for dialect in ("1.8", "2.0") for m in whole(dialect))
    reasons = set(both(stream)["reason"].tolist())
    assert reasons == {Reason.GOOD}
    assert Reason.CONTAINER in set(both(stream, "2.0")["reason"].tolist())


def test_bytes_between_messages_are_a_row_of_their_own() -> None:
    one, two = whole("2.0")[0].data, whole("2.0")[9].data
    stream = one + b"some bytes that are none" + two + one[:-8] + two + two
    found = both(stream, "2.0")
    assert found["reason"].tolist()[:3] == [Reason.GOOD, Reason.NO_MAGIC, Reason.GOOD]
    assert found["length"].tolist()[:3] == [len(one), 24, len(two)]
    assert sum(found["length"].tolist()) == len(stream)
    assert found["reason"].tolist()[-1] == Reason.GOOD


def test_a_cut_message_is_marked() -> None:
    data = whole("2.0")[0].data
    for size in range(len(data)):
        found = both(data[:size], "2.0")
        assert Reason.GOOD not in found["reason"].tolist()
        assert sum(found["length"].tolist()) == size


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [("pb_type", 5, Reason.BAD_TYPE), ("pb_version", 7, Reason.BAD_VERSION), ("lm_secflvr", 1, Reason.WRAPPED)],
)
def test_what_receivers_refuse_is_marked_and_the_walk_goes_on(path: str, value: int, reason: Reason) -> None:
    good = next(m for m in whole("2.0") if m.endian == "little")
    message = good.decode()
    setattr(message.body if path.startswith("pb") else message.header, path, value)
    found = both(good.data + lw.encode(message) + good.data, "2.0")
    assert found["reason"].tolist() == [Reason.GOOD, reason, Reason.GOOD]


def test_a_message_without_a_body_is_marked() -> None:
    empty = lustre_msg.join(lustre_msg.LustreMsgV2(), [], "big")
    short = lustre_msg.join(lustre_msg.LustreMsgV2(), [bytes(16)], "little")
    assert both(empty + short, "2.0")["reason"].tolist() == [Reason.NO_BODY, Reason.NO_BODY]


@settings(max_examples=150, deadline=None)
@given(draw=st.data())
def test_any_damage_is_survived_and_both_engines_agree(draw: Any) -> None:
    dialect = draw.draw(st.sampled_from(DIALECTS))
    picked = draw.draw(st.lists(st.sampled_from(whole(dialect)[::7]), max_size=4))
    stream = bytearray(b"".join(m.data for m in picked))
    for _ in range(draw.draw(st.integers(0, 3))):
        kind = draw.draw(st.sampled_from(["flip", "cut", "insert"]))
        at = draw.draw(st.integers(0, len(stream)))
        if kind == "flip" and at < len(stream):
            stream[at] ^= 1 << draw.draw(st.integers(0, 7))
        elif kind == "cut":
            del stream[at : at + draw.draw(st.integers(1, 40))]
        else:
            stream[at:at] = draw.draw(st.binary(max_size=40))
    found = both(stream, draw.draw(st.sampled_from([dialect, None])))
    assert sum(found["length"].tolist()) == len(stream)
    assert found["offset"].tolist() == [sum(found["length"].tolist()[:i]) for i in range(found.rows)]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "lnet", "socklnd", "socklnd4"]))
def test_any_bytes_are_survived(data: bytes, frames: Any) -> None:
    found = both(data, frames=frames)
    assert all(o + n <= len(data) for o, n in zip(found["offset"], found["length"], strict=True))


def test_huge_lengths_and_counts_are_not_believed() -> None:
    for count in (0xFFFFFFFF, 0x40000000, 1000):
        header = record.pack(lustre_msg.LustreMsgV2(lm_bufcount=count))
        found = both(header + b"\xff" * 64)
        assert found["reason"].tolist() == [Reason.TRUNCATED]
    lengths = record.pack(lustre_msg.LustreMsgV2(lm_bufcount=3, lm_buflens=[0xFFFFFFFF] * 3))
    assert both(lengths + bytes(200))["reason"][0] == Reason.TRUNCATED


def test_a_message_with_very_many_buffers_is_whole() -> None:
    body = whole("2.0")[0].decode().body
    count = 100_000
    data = lustre_msg.join(lustre_msg.LustreMsgV2(), [record.pack(body), *[b""] * (count - 1)], "little")
    for found in everywhere(lambda: bulk.index(data, "2.0")):
        assert (found.rows, found.buffers.rows, found["reason"][0]) == (1, count, Reason.GOOD)


@pytest.mark.parametrize("pattern", [b"\xd0\x0b", b"\xd3\x0b\xd0\x0b", b"\x0b\xd0\x0b\xd3", bytes(8)])
def test_magics_everywhere_cost_a_bounded_number_of_looks_at_each_byte(pattern: bytes) -> None:
    """Otherwise this does not end."""
    data = pattern * (4_000_000 // len(pattern))
    assert sum(bulk.index(data)["length"].tolist()) == len(data)


def test_headers_that_claim_all_the_rest_cost_no_look_at_it() -> None:
    """Headers that say as many buffers as the stream has room for stand between good messages. Else it does not end."""
    good, empty, count = next(m.data for m in whole("2.0") if m.endian == "little"), bytes(16_000_000), 2_000
    head, stream = record.pack(lustre_msg.LustreMsgV2()), bytearray()
    rest = count * (len(good) + len(head)) + len(empty)
    for _ in range(count):
        rest -= len(good) + len(head)
        stream += good + record.pack(lustre_msg.LustreMsgV2(lm_bufcount=rest // 4))
    for found in everywhere(lambda: next(iter(bulk.iter_index(stream + empty, "2.0", block=2 * count)))):
        assert found["reason"].tolist().count(Reason.GOOD) == count


def test_blocks_give_the_same_rows() -> None:
    stream = b"".join(m.data for m in whole("2.0"))
    everything = bulk.index(stream, "2.0")
    for block in (1, 7, 100_000):
        names = ("offset", "opcode", "transno")
        seen: dict[str, list[int]] = {name: [] for name in names}
        lengths: list[int] = []
        for part in bulk.iter_index(stream, "2.0", block=block):
            assert part.rows <= block
            for name in names:
                seen[name] += part[name].tolist()
            lengths += part["buffer_length"].tolist()
        assert seen == {name: everything[name].tolist() for name in names}
        assert lengths == everything["buffer_length"].tolist()


def test_memory_of_a_former_result_is_used_again() -> None:
    stream = b"".join(m.data for m in whole("2.0"))
    first = bulk.index(stream[:1000], "2.0")
    second = bulk.index(stream, "2.0", out=first)
    assert plain(second) == plain(bulk.index(stream, "2.0"))
    third = bulk.index(stream, "2.0", out=second)
    assert third["offset"].obj is second["offset"].obj


def test_buffers_of_one_kind_unpack_from_where_the_index_says() -> None:
    bodies = [m for m in whole("2.0") if m.endian == "little"]
    stream = b"".join(m.data for m in bodies)
    found = bulk.index(stream, "2.0")
    places = [found["buffer_offset"][first] for first in found["first_buffer"]]
    body = lw.dialect("2.0").body
    assert bulk.unpack(body, stream, offsets=places)["pb_opc"].tolist() == found["opcode"].tolist()


def frame(
    payload: bytes,
    xid: int,
    order: Any = "little",
    kind: int = 1,
    socklnd: bool = True,
    header_class: Any = lnet.LnetHdr,
) -> bytes:
    """An LNet PUT (or another message) with its headers."""
    header = header_class(type=kind, payload_length=len(payload))
    if kind == lnet.LnetMsgType.LNET_MSG_PUT:
        header.msg = lnet.LnetHdrMsg(put=lnet.LnetPut(match_bits=xid, ptl_index=12))
    raw = record.pack(header)
    before = record.pack(ksock.KsockMsg(), byteorder=order)[: -lnet.LnetHdr.__wire__.size] if socklnd else b""  # type: ignore[attr-defined]
    return before + raw + payload


@pytest.mark.parametrize("framing", ["lnet", "socklnd", "socklnd4"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_frames_bring_the_xid(framing: Any, order: Any) -> None:
    picked = whole("2.0")[:20]
    socklnd = framing != "lnet"
    options: Any = {"socklnd": socklnd}
    if framing == "socklnd4":
        options["header_class"] = lnet_large.LnetHdrLarge
    frames = [frame(m.data, 1000 + i, order, **options) for i, m in enumerate(picked)]
    frames.insert(3, frame(b"", 0, order, kind=lnet.LnetMsgType.LNET_MSG_ACK, **options))
    frames.insert(5, frame(noise(100, 0), 77, order, **options))
    if socklnd:
        noop = record.pack(ksock.KsockMsg(ksm_type=ksock.KSOCK_MSG_NOOP), byteorder=order)
        frames.insert(7, noop[: -lnet.LnetHdr.__wire__.size])  # type: ignore[attr-defined]
    stream = b"".join(frames)
    found = both(stream, "2.0", frames=framing)
    good = [row for row in range(found.rows) if found["reason"][row] == Reason.GOOD]
    assert found.rows == len(frames) and len(good) == len(picked)
    assert [found["xid"][row] for row in good] == [1000 + i for i in range(len(picked))]
    assert {found["portal"][row] for row in good} == {12}
    starts = [sum(map(len, frames[:i])) for i in range(len(frames))]
    assert found["frame"].tolist() == starts
    for row, one in zip(good, picked, strict=True):
        start = found["offset"][row]
        assert stream[start : start + found["length"][row]] == one.data


def test_a_walk_through_frames_finds_its_way_again() -> None:
    data = whole("2.0")[0].data
    stream = noise(333, 1) + frame(data, 5) + noise(40, 2) + frame(data, 6) + frame(data, 7)[:-1]
    found = both(stream, "2.0", frames="socklnd")
    assert [found["xid"][r] for r in range(found.rows) if found["reason"][r] == Reason.GOOD] == [5, 6]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.binary(max_size=23)), max_size=5))
def test_each_part_of_a_stream_is_walked_as_far_as_it_is_whole(made: list[tuple[int, int, bytes]]) -> None:
    """Whole frames, then the beginning of one or anything else: what is behind that belongs to nobody."""
    data = whole("2.0")[3].data
    one = frame(data, 5)
    stream, parts, ends, rows = b"", [], [], 0
    for frames, cut, rest in made:
        parts.append(len(stream))
        tail = one[: len(one) * cut // 6] if cut else rest
        rows += frames
        ends.append((len(stream) + frames * len(one), rows))
        stream += one * frames + tail
    found = both(stream, "2.0", frames="socklnd", parts=parts)
    assert found.ends == ends
    assert found.rows == rows and set(found["reason"].tolist()) <= {Reason.GOOD}
    small = bulk.index(one, frames="socklnd", parts=[0])
    assert plain(bulk.index(stream, frames="socklnd", parts=parts, out=small)) == plain(found)


def test_parts_of_bare_messages_end_where_they_are_none() -> None:
    data = whole("2.0")[3].data
    stream = data * 2 + b"none" + data * 3 + data[:-8]
    found = both(stream, "2.0", parts=[0, 2 * len(data) + 4])
    assert found.ends == [(2 * len(data), 2), (5 * len(data) + 4, 5)]
    assert both(stream, "2.0").ends == [(len(stream), both(stream, "2.0").rows)]


def test_bad_arguments_are_one_clear_error() -> None:
    for call, message in (
        (lambda: bulk.index("text"), "buffer protocol"),
        (lambda: bulk.index(b"", "0.1"), "no dialect"),
        (lambda: bulk.index(b"", frames="ethernet"), "frames"),  # type: ignore[arg-type]
        (lambda: bulk.iter_index(b"", block=0), "block"),
        (lambda: bulk.index(b"ab", parts=[1]), "parts"),
        (lambda: bulk.index(b"ab", parts=[0, 2, 1]), "parts"),
        (lambda: bulk.index(b"ab", parts=[0, 3]), "parts"),
    ):
        with pytest.raises(lw.WireError, match=message):
            call()
    assert bulk.index(b"").rows == 0
