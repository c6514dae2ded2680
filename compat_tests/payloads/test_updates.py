"""Many operations in one buffer, as real MDTs of 2.17.0 send them, and cut or odd ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.capture.captures import messages, path_of
from lustre_wire.payloads import batch, updates

CAPTURES = ("00", "05", "12b")


def recorded(name: str, kind: str) -> list[Any]:
    found = [m for each in CAPTURES for m in messages(path_of(each)) if (m.name, m.kind) == (name, kind)]
    return [m.message for m in found if m.message is not None]


def inlined(name: str, slot: str, head: str) -> list[bytes]:
    found = (updates.inline(getattr(m.buffers, slot), m.dialect, m.order, head) for m in recorded(name, "request"))
    return [rest for _, rest in found if rest]


def test_updates_and_their_results() -> None:
    kinds: Counter[str] = Counter()
    for data in inlined("OUT_UPDATE", "out_update_header", "out_update_header"):
        read = updates.read(data, "2.17")
        assert not read.rest and updates.write(read, "2.17") == data
        kinds.update(update.head.ou_type.name or "" for update in read.updates)
    assert {"OUT_CREATE", "OUT_INDEX_INSERT", "OUT_ATTR_GET", "OUT_XATTR_GET", "OUT_WRITE", "OUT_READ"} <= kinds.keys()
    for message in recorded("OUT_UPDATE", "reply"):
        data = bytes(message.buffers.object_update_reply)
        results = updates.read_results(data, "2.17")
        assert results.results and updates.write_results(results) == data
        assert not results.rest.strip(b"\0")


def test_updates_that_travel_in_bulk() -> None:
    found = [m for m in messages(path_of("00")) if m.kind == "bulk" and m.request is not None]
    moved = [updates.read(m.raw, "2.17") for m in found if m.request is not None and m.request.name == "OUT_UPDATE"]
    assert sum(len(each.updates) for each in moved) > len(moved) > 0


def test_requests_in_a_batch_and_their_replies() -> None:
    asked = 0
    for data in inlined("MDS_BATCH", "but_update_header", "but_update_header"):
        read = batch.read(data, "2.17")
        assert not read.rest and batch.write(read) == data
        for message in read.messages:
            assert message.format is not None and message.format.name == "MDS_BATCH sub GETATTR"
            assert message.buffers.ldlm_intent.opc.name == "IT_GETATTR"
            assert message.buffers.name or message.buffers.mdt_body.mbo_fid1.f_seq
            asked += 1
    assert asked > 100
    answered = 0
    for message in recorded("MDS_BATCH", "reply"):
        data = bytes(message.buffers.batch_update_reply)
        read = batch.read(data, "2.17", direction="reply")
        assert batch.write(read) == data
        answered += sum(each.code == 0 and each.buffers.mdt_body is not None for each in read.messages)
    assert answered > 100


@given(st.binary(max_size=200), st.sampled_from(["little", "big"]))
def test_odd_bytes_are_read_or_refused(data: bytes, order: Any) -> None:
    for read in (updates.inline, updates.read, updates.read_results, batch.read):
        try:
            read(data, "2.17", order)
        except lw.WireError:
            continue


def test_what_is_cut_is_refused() -> None:
    (data, *_) = inlined("OUT_UPDATE", "out_update_header", "out_update_header")
    for size in range(len(data) - 8):
        with pytest.raises(lw.WireError):
            updates.read(data[:size], "2.17")
    (data, *_) = inlined("MDS_BATCH", "but_update_header", "but_update_header")
    for size in range(0, len(data) - 8, 16):
        with pytest.raises(lw.WireError):
            batch.read(data[:size], "2.17")
    with pytest.raises(lw.WireError, match="no struct"):
        updates.inline(data, "2.17", "little", "nothing")
    with pytest.raises(lw.WireError, match="direction"):
        batch.read(data, "2.17", "little", "sideways")
