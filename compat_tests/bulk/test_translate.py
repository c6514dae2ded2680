"""Streams from one dialect to the other: message by message what the single-message path makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.bulk.engines import record_engine, without_vectors
from compat_tests.translate import pairs
from lustre_wire import bulk
from lustre_wire.frames import lustre_msg

WAYS = [("1.8", "2.0"), ("2.0", "1.8")]


def whole(dialect: str) -> list[bytes]:
    """Recorded messages without bytes behind their last buffer."""
    found = [m.data for m in recorded.messages() if m.dialect == dialect]
    return [data for data in found if lustre_msg.split(data).end == len(data)]


def singly(stream: bytes, found: Any, source: str, target: str, session: lw.Session) -> list[tuple[bytes, Any]]:
    """(result, report entries) of each message by the single-message path; no bytes where it raises."""
    out: list[tuple[bytes, Any]] = []
    for start, length in zip(found["offset"], found["length"], strict=True):
        try:
            message = lw.decode(stream[start : start + length], source)
            made = lw.translate(message, target, session=session, on_loss="report")
            out.append((lw.encode(made.message), made.report.entries))
        except lw.WireError:
            out.append((b"", ()))
    return out


def results(found: Any) -> list[tuple[bytes, Any]]:
    places = zip(found["out_offset"], found["out_length"], strict=True)
    return [(bytes(found.data[o : o + n]), found.entries_of(i)) for i, (o, n) in enumerate(places)]


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_recorded_messages_again_and_again(source: str, target: str) -> None:
    """The first of a kind goes by itself, those like it by plan; a session that learns changes what plans may do."""
    stream = b"".join(whole(source)) * 3
    found = bulk.translate(stream, source, target, pairs.session())
    assert results(found) == singly(stream, found, source, target, pairs.session())
    assert found.planned > 400 and found.single > 100 and len(found.errors) > 50
    assert found.planned + found.single + len(found.errors) == found.rows


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_the_record_engine_and_plain_code_do_the_same(source: str, target: str) -> None:
    stream = b"".join(whole(source)[::4]) * 2
    core = bulk.translate(stream, source, target, pairs.session())
    with without_vectors():
        plain = bulk.translate(stream, source, target, pairs.session())
    with record_engine():
        singles = bulk.translate(stream, source, target, pairs.session())
    assert results(core) == results(plain) == results(singles)
    assert core.planned == plain.planned > 0 == singles.planned


def opens(count: int, order: Any, **changes: Any) -> bytes:
    """Opens of 1.8 in three directories."""
    columns = {
        "pb_last_xid": range(count), "pb_status": [100 + i for i in range(count)], "rec.cr_fid.generation": 9,
        "rec.cr_fid.id": [1000 + i % 3 for i in range(count)], "rec.cr_time": range(5, count + 5),
        "rec.cr_flags": 3, "rec.cr_opcode": 6, "dlm_req.lock_handle.cookie": [[i, 2 * i] for i in range(count)],
    }  # fmt: skip
    names = [b"n" * (i % 40) for i in range(count)]
    made = bulk.pack_messages("LDLM_ENQUEUE/INTENT_OPEN", columns | changes, names, dialect="1.8", byteorder=order)
    return bytes(made)


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_stream_of_opens_goes_by_plans(order: Any) -> None:
    stream = opens(300, order)
    found = bulk.translate(stream, "1.8", "2.0")
    assert results(found) == singly(stream, found, "1.8", "2.0", lw.Session())
    assert found.planned > 250 and not found.errors
    assert set(bulk.index(found.data, "2.0")["reason"].tolist()) == {bulk.Reason.GOOD}


def test_what_a_function_of_the_rules_looks_at_is_no_part_of_a_plan() -> None:
    """Flags, names and identities decide; a translator keeps its plans while its session gives the same answers."""
    session = lw.Session()
    translator = bulk.Translator("1.8", "2.0", session)
    for flags in (3, 0x1000 | 3, 0o100000003, 0x2000000):
        stream = opens(60, "little", **{"rec.cr_flags": flags})
        found = translator.run(stream)
        assert results(found) == singly(stream, found, "1.8", "2.0", session)
    stream = opens(60, "little")
    before = translator.run(stream)
    assert before.planned > 50
    session.identify(inode=1001, generation=9, fid=(0x200000400, 5, 0))
    after = translator.run(stream)
    assert results(after) == singly(stream, after, "1.8", "2.0", session)
    assert results(after) != results(before)


@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_damaged_streams(draw: Any) -> None:
    source, target = draw.draw(st.sampled_from(WAYS))
    picked = draw.draw(st.lists(st.sampled_from(whole(source)[::9]), min_size=1, max_size=3))
    stream = bytearray(b"".join(picked) * 3)
    for _ in range(draw.draw(st.integers(0, 4))):
        at = draw.draw(st.integers(0, len(stream) - 1))
        stream[at] = draw.draw(st.integers(0, 255))
    data = bytes(stream)
    found = bulk.translate(data, source, target, pairs.session())
    assert results(found) == singly(data, found, source, target, pairs.session())
    assert sum(found["length"].tolist()) == len(data)


def test_the_report_is_columns() -> None:
    stream = b"".join(whole("2.0"))
    found = bulk.translate(stream, "2.0", "1.8", pairs.session())
    rows = list(zip(found["message"], found["entry"], strict=True))
    assert rows == [(i, found.entries.index(e)) for i in range(found.rows) for e in found.entries_of(i)]
    assert any(e.kind == "lost" for e in found.entries)
    with pytest.raises(lw.WireError):
        bulk.translate(stream, "2.0", "1.8", pairs.session(), on_loss="raise")


def test_bad_arguments_are_one_clear_error() -> None:
    stream = opens(3, "little")
    memory = bytearray(stream + bytes(5000))
    out = bytearray(5000)
    assert bulk.translate(stream, "1.8", "2.0", out=out).data == bulk.translate(stream, "1.8", "2.0").data
    for call, message in (
        (lambda: bulk.translate("text", "1.8", "2.0"), "buffer protocol"),
        (lambda: bulk.translate(stream, "1.8", "0.1"), "no dialect"),
        (lambda: bulk.translate(stream, "1.8", "2.0", on_loss="ignore"), "on_loss"),
        (lambda: bulk.translate(stream, "1.8", "2.0", out=bytearray(100)), "not enough"),
        (lambda: bulk.translate(memoryview(memory)[: len(stream)], "1.8", "2.0", out=memory), "overlaps"),
    ):
        with pytest.raises(lw.WireError, match=message):
            call()
