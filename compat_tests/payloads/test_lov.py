"""File layouts: what Lustre's own code packed, what a client refuses, and where the bytes of a file are."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.capture.captures import messages, path_of
from compat_tests.recorded import payloads
from lustre_wire.payloads import lov

RECORDED = [pytest.param(row["dialect"], row, id=f"{row['dialect']}-{row['id']}") for row in payloads("lov-ea")]
V1, V3, JOIN = 0x0BD10BD0, 0x0BD30BD0, 0x0BD20BD0
dialects = pytest.mark.parametrize("dialect", ["1.8", "2.0"])


def ea(*objects: tuple[int, int, int, int], magic: int = V1, pattern: int = 1, oid: int = 5, size: int = 65536,
       count: int | None = None, pool: bytes = b"", order: str = "<") -> bytes:  # fmt: skip
    """magic, pattern, object id and group, stripe size and count; v3: pool name; then 24 bytes for each object."""
    number = len(objects) if count is None else count
    out = struct.pack(f"{order}2I2Q2I", magic, pattern, oid, 0, size, number)
    out += pool.ljust(16, b"\0") if magic == V3 else b""
    return out + b"".join(struct.pack(f"{order}2Q2I", *o) for o in objects)


@pytest.mark.parametrize(("dialect", "row"), RECORDED)
def test_recorded(dialect: str, row: dict[str, Any]) -> None:
    data, params = bytes.fromhex(row["hex"]), row["params"]
    found = lov.stripe(data, dialect)
    objects = next(v for k, v in params.items() if k.startswith("objects["))
    assert [[o.id, o.seq, o.generation, o.ost] for o in found.objects] == objects
    assert (found.pattern, found.id, found.stripe_size) == (1, params["object_id"], params["stripe_size"])
    assert found.seq == params.get("object_gr", params.get("object_seq"))
    assert found.pool == params["pool"]
    assert lov.write(lov.read(data, dialect)) == data


def test_a_layout_names_its_file_by_id_and_sequence() -> None:
    """As 2.17 writes it, though the sequence is that of a FID, in which these numbers stand the other way round."""
    told = 0
    for captured in messages(path_of("05")):
        message = captured.message
        if message is None or captured.kind != "reply" or captured.name != "LDLM_ENQUEUE/INTENT_OPEN_CREAT":
            continue
        if message.buffers.mdt_md:
            own, fid = lov.read(message.buffers.mdt_md, "2.17").lmm_oi, message.buffers.mdt_body.mbo_fid1
            assert (own.oi_seq, own.oi_id) == (fid.f_seq, fid.f_oid)
            told += 1
    assert told


@pytest.mark.parametrize(("dialect", "row"), RECORDED)
def test_a_pool_is_dropped_for_clients_that_know_none(dialect: str, row: dict[str, Any]) -> None:
    data = bytes.fromhex(row["hex"])
    plain = lov.stripe(lov.write(lov.without_pool(lov.read(data, dialect), dialect)), dialect)
    assert plain.pool == ""
    assert plain.objects == lov.stripe(data, dialect).objects


@dialects
def test_where_a_byte_is(dialect: str) -> None:
    """Stripes go round the objects; on each object they stand behind one another."""
    found = lov.stripe(ea((10, 0, 0, 4), (11, 0, 0, 2), size=1 << 20), dialect)
    first, second = found.objects
    assert found.locate(0) == (first, 0)
    assert found.locate((1 << 20) - 1) == (first, (1 << 20) - 1)
    assert found.locate(1 << 20) == (second, 0)
    assert found.locate(5 * (1 << 20) + 7) == (second, 2 * (1 << 20) + 7)
    with pytest.raises(lw.WireError):
        found.locate(-1)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (ea((1, 0, 0, 0), pattern=2), "lmm_pattern"),
        (ea((1, 0, 0, 0), oid=0), "lmm_object_id"),
        (ea((1, 0, 0, 0), size=0), "lmm_stripe_size"),
        (ea((1, 0, 0, 0), size=65537), "lmm_stripe_size"),
        (ea(), "lmm_stripe_count"),
        (ea((1, 0, 0, 0), count=2), "lmm_objects"),
        (ea((1, 0, 0, 0), count=0xFFFFFFFF), "lmm_objects"),
        (ea(*[(1, 0, 0, 0)] * 65533), "lmm_stripe_count"),
        (ea((1, 0, 0, 0), magic=0x0BD40BD0), "lmm_magic"),
        (ea((1, 0, 0, 0), order=">"), "lmm_magic"),
        (ea()[:31], "lov_mds_md_v1"),
        (b"\xd0", "lmm_magic"),
    ],
)
def test_what_a_client_refuses(data: bytes, path: str) -> None:
    with pytest.raises(lw.WireError) as caught:
        lov.stripe(data, "2.0")
    assert caught.value.path == path
    assert caught.value.dialect == "2.0"


def test_joined_files_are_of_1_8_alone() -> None:
    """The v1 layout without objects, the log that has the extents, and how many there are."""
    data = ea(magic=JOIN) + struct.pack("<QQII", 77, 0, 1, 3)
    layout = lov.read(data, "1.8")
    assert (layout.lmmj_array_id.lgl_oid, layout.lmmj_extent_count) == (77, 3)
    assert lov.write(layout) == data
    with pytest.raises(lw.WireError, match="log of their own"):
        lov.stripe(data, "1.8")
    with pytest.raises(lw.WireError, match="magic"):
        lov.read(data, "2.0")


@dialects
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [V1, V3])
def test_what_a_user_asks_for_has_the_byte_order_of_its_magic(dialect: str, order: str, magic: int) -> None:
    """The same layout with a count of 16 bits and an offset of 16 bits."""
    pool = b"gold".ljust(16, b"\0") if magic == V3 else b""
    data = struct.pack(f"{order}2I2QI2H", magic, 1, 0, 0, 1 << 22, 3, 0xFFFF) + pool
    asked, found = lov.read_asked(data, dialect)
    assert found == {"<": "little", ">": "big"}[order]
    assert (asked.lmm_stripe_size, asked.lmm_stripe_count, asked.lmm_stripe_offset) == (1 << 22, 3, 0xFFFF)
    assert lov.write(asked, found) == data


def test_nobody_asks_with_another_magic() -> None:
    with pytest.raises(lw.WireError, match="magic"):
        lov.read_asked(bytes(32), "1.8")


u64s, u32s = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)


@dialects
@given(st.lists(st.tuples(u64s, u64s, u32s, u32s), max_size=5), st.sampled_from([V1, V3]), st.binary(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_layout_gives_the_same_bytes(dialect: str, objects: list[Any], magic: int, tail: bytes) -> None:
    """What follows the objects is not part of the layout."""
    data = ea(*objects, magic=magic, pool=b"gold")
    assert lov.write(lov.read(data + tail, dialect)) == data


@dialects
@given(st.sampled_from([V1, V3, JOIN, 0]), st.binary(max_size=120))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes(dialect: str, magic: int, tail: bytes) -> None:
    for read in (lov.stripe, lov.read_asked):
        try:
            read(struct.pack("<I", magic) + tail, dialect)
        except lw.WireError as error:
            assert error.dialect in ("", dialect)
