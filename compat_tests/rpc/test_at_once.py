"""Regular messages are read in one step: what comes out is what reading piece by piece gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages
from lustre_wire import rpc
from lustre_wire.capture import read_messages
from lustre_wire.frames import lustre_msg
from lustre_wire.message import Message
from lustre_wire.reading import read_at_once, reader_of

CAPTURES = sorted((Path(__file__).parents[2] / "fixtures" / "captures").glob("*.pcap"))
RECORDED = [m for m in messages() if m.row["msg_format"] == "lustre_msg_v2"]


def both(data: bytes, dialect: lw.Dialect, request: Message | None) -> tuple[Message | None, Message]:
    """The message read in one step, None where that is not possible, and read piece by piece."""
    quick = read_at_once(data, dialect, request)
    return quick, rpc._decode_by_parts(data, dialect, lustre_msg.split(data), request)


def altered(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """The message with other buffers: each change is (buffer, how many of its bytes to keep, what to put behind)."""
    parts = lustre_msg.split(data)
    buffers = [data[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)]
    for index, keep, put in changes:
        buffers += [b""] * (index + 1 - len(buffers))
        buffers[index] = buffers[index][:keep] + put
    return lustre_msg.join(parts.header, buffers, parts.order)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.stem)
def test_captured_messages(path: Path) -> None:
    with path.open("rb") as file:
        found = [c for c in read_messages(file) if c.message is not None]
    assert found or path.stem.startswith(("02-", "17-"))
    for one in found:
        assert one.message is not None
        said = one.request.message if one.request is not None else None
        quick, slow = both(one.raw, one.message.dialect, said)
        assert quick is None or quick == slow
        assert lw.encode(one.message) == one.raw


def test_messages_of_a_later_version_are_regular() -> None:
    """The ptlrpc_body of 2.17 is 32 bytes longer than that of 2.0; its messages are read in one step all the same."""
    with (CAPTURES[0].parent / "05-namespace.pcap").open("rb") as file:
        found = [c for c in read_messages(file, dialect="2.0") if c.message is not None]
    asked = [c.request.message if c.request is not None else None for c in found]
    quick = [read_at_once(c.raw, lw.dialect("2.0"), said) for c, said in zip(found, asked, strict=True)]
    assert sum(m is not None for m in quick) > 0.9 * len(found)
    assert any(m is not None and m.extra is not None and m.extra.tails[0] == bytes(32) for m in quick)


def change() -> st.SearchStrategy[tuple[int, int, bytes]]:
    keep = st.sampled_from([0, 1, 8, 150, 1 << 20])
    put = st.sampled_from([b"", b"\0", b"name\0", bytes(8), bytes(range(24)), b"\xff" * 13])
    return st.tuples(st.integers(0, 12), keep, put)


@given(st.sampled_from(RECORDED), st.lists(change(), max_size=4), st.integers(0, 1 << 12), st.integers(0, 255))
def test_altered_messages(recorded: Recorded, changes: list[tuple[int, int, bytes]], at: int, value: int) -> None:
    """Longer, shorter, additional, missing buffers, and one byte changed anywhere behind the header's lengths."""
    dialect, request = lw.dialect(recorded.dialect), recorded.request()
    data = altered(recorded.data, changes)
    at = max(at % len(data), lustre_msg.split(data).offsets[0])
    data = data[:at] + bytes([value]) + data[at + 1 :]
    try:
        quick, slow = both(data, dialect, request)
    except lw.WireError:
        with pytest.raises(lw.WireError):
            lw.decode(data, dialect, request=request)
        return
    assert quick is None or quick == slow
    assert lw.encode(lw.decode(data, dialect, request=request)) == data


def test_what_is_remembered_is_bounded() -> None:
    """Of buffer lengths, and of kinds of messages with the same lengths."""
    recorded = next(m for m in RECORDED if m.id == "getattr-d20")
    dialect, parts = lw.dialect(recorded.dialect), lustre_msg.split(recorded.data)
    reader = reader_of(dialect, parts.order)
    for length in range(1200):
        read_at_once(altered(recorded.data, [(1, 0, bytes(length))]), dialect, None)
    assert len(reader.plans) <= 1024
    opcode_at = parts.offsets[0] + 16
    for opcode in range(100):
        data = recorded.data[:opcode_at] + opcode.to_bytes(4, parts.order) + recorded.data[opcode_at + 4 :]
        read_at_once(data, dialect, None)
    assert 0 < max(len(plan) for plan in reader.plans.values()) <= 64
