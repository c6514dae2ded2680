"""Columns of rows: the C core says what the record and reference engines say, whatever the input."""

from __future__ import annotations

import gc
import struct
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.bulk.engines import DIALECTS, ORDERS, everywhere, noise, plain, record_engine, structs
from lustre_wire import bulk
from lustre_wire.engines import record, reference
from lustre_wire.schema import AS_SENT, U16, U64, Array, Raw, Struct, u8, u16, u32, u64, wire_struct

ALL = [(dialect, cls) for dialect in DIALECTS for cls in structs(dialect)]
IDS = [f"{dialect}:{cls.__wire__.name}" for dialect, cls in ALL]  # type: ignore[attr-defined]
MdtBody = lw.dialect("2.0").structs["mdt_body"]


@wire_struct(size=31)
class Crooked:
    """A user's own struct whose fields stand at odd places."""

    a: u8 = 1
    b: u64 = 2
    c: u16 = 3
    d: u32 = 4
    e: Annotated[list[int], Array(U16, 3)] = [5, 6, 7]
    f: Annotated[bytes, Raw(2)] = b"ab"
    g: Annotated[int, U64, AS_SENT] = 8


def leaves(obj: Any) -> Any:
    """Values of an object as its columns have them, nested lists as they are."""
    if hasattr(obj, "raw"):
        return list(obj.raw)
    if isinstance(obj, (bytes, bytearray)):
        return list(obj)
    if isinstance(obj, list):
        return [leaves(element) for element in obj]
    return int(obj)


def value_of(obj: Any, name: str) -> Any:
    """The value a dotted name leads to; through a list, the list of what its elements have."""
    for part in name.split("."):
        obj = [getattr(o, part) for o in obj] if isinstance(obj, list) else getattr(obj, part)
    return leaves(obj)


def flexible_inside(cls: Any) -> bool:
    """Whether a flexible array stands before the last field, where the struct's own size has no room for it."""
    fields = cls.__wire__.fields[:-1]
    return any(isinstance(f.type, Struct) and f.type.cls.__wire__.tail is not None for f in fields)


@pytest.mark.parametrize(("dialect", "cls"), ALL, ids=IDS)
@pytest.mark.parametrize("order", ORDERS)
def test_every_struct_has_the_columns_of_its_records(dialect: str, cls: Any, order: Any) -> None:
    size, rows = cls.__wire__.size, 7
    data = noise(size * rows, cls.__name__)
    core, scalar, by_record = everywhere(lambda: bulk.unpack(cls, data, byteorder=order))
    assert plain(core) == plain(scalar) == plain(by_record)
    objects = [record.unpack(cls, data[i * size : (i + 1) * size], byteorder=order) for i in range(rows)]
    for name, column in core.items():
        assert column.tolist() == [value_of(o, name) for o in objects]
    for packed in everywhere(lambda: bulk.pack(cls, core, byteorder=order)):
        assert bytes(packed) == data


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_the_reference_engine_says_the_same(dialect: str, draw: Any) -> None:
    cls: Any = draw.draw(st.sampled_from([cls for cls in structs(dialect) if not flexible_inside(cls)]))
    order: Any = draw.draw(st.sampled_from(ORDERS))
    size = cls.__wire__.size
    data = draw.draw(st.binary(min_size=size, max_size=size))
    parsed = reference.unpack(cls, data, byteorder=order)
    for name, column in bulk.unpack(cls, data, byteorder=order).items():
        assert column.tolist() == [value_of(parsed, name)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shift", range(9))
@pytest.mark.parametrize("rows", [0, 1, 3, 4, 5, 63, 64, 65, 200])
def test_any_alignment_and_number_of_rows(rows: int, shift: int, order: Any) -> None:
    for cls in (MdtBody, Crooked):
        size = cls.__wire__.size
        whole = bytearray(noise(shift + size * rows, rows))
        data = memoryview(whole)[shift:]
        core, scalar, by_record = everywhere(lambda cls=cls, data=data: plain(bulk.unpack(cls, data, byteorder=order)))
        assert core == scalar == by_record
        out = memoryview(bytearray(shift + size * rows))[shift:]
        assert bulk.pack(cls, bulk.unpack(cls, data, byteorder=order), out, order) == data


@pytest.mark.parametrize("order", ORDERS)
def test_rows_farther_apart_than_their_size_and_at_given_places(order: Any) -> None:
    data = noise(5000, 1)
    for stride in (216, 217, 240, 1000):
        rows = (len(data) - 216) // stride + 1
        cut = data[: (rows - 1) * stride + 216]
        for columns in everywhere(lambda cut=cut, stride=stride: bulk.unpack(MdtBody, cut, stride, byteorder=order)):
            assert columns.rows == rows
            at = [record.unpack(MdtBody, cut, offset=i * stride, byteorder=order) for i in range(rows)]
            assert columns["mode"].tolist() == [o.mode for o in at]
    places = [0, 4784, 3, 3, 1001]
    for columns in everywhere(lambda: bulk.unpack(MdtBody, data, offsets=places, fields=["fid1"], byteorder=order)):
        assert list(columns) == ["fid1.f_seq", "fid1.f_oid", "fid1.f_ver"]
        found = [record.unpack(MdtBody, data, offset=i, byteorder=order).fid1 for i in places]
        assert columns["fid1.f_ver"].tolist() == [f.f_ver for f in found]


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=40, deadline=None)
@given(draw=st.data())
def test_any_choice_of_fields(order: Any, draw: Any) -> None:
    rows = draw.draw(st.integers(0, 70))
    data = noise(216 * rows, rows)
    everything = bulk.unpack(MdtBody, data, byteorder=order)
    names = draw.draw(st.lists(st.sampled_from(list(everything)), unique=True))
    some = bulk.unpack(MdtBody, data, fields=names, byteorder=order)
    assert plain(some) == {name: everything[name].tolist() for name in names}
    assert list(some) == names
    packed = everywhere(lambda: bytes(bulk.pack(MdtBody, some, byteorder=order, rows=rows)))
    assert packed[0] == packed[1] == packed[2]
    again = bulk.unpack(MdtBody, packed[0], byteorder=order)
    assert plain(again) == plain(everything) | {name: [0] * rows for name in everything if name not in names}


def test_a_field_that_is_not_given_has_its_default() -> None:
    for packed in everywhere(lambda: bulk.pack(Crooked, {"d": [10, 11], "f": b"xy", "e": [[1, 2, 3], [4, 5, 6]]})):
        assert bytes(packed) == b"".join(
            record.pack(Crooked(d=d, f=b"xy", e=e)) for d, e in ((10, [1, 2, 3]), (11, [4, 5, 6]))
        )
    assert bytes(bulk.pack(Crooked, {}, rows=2)) == record.pack(Crooked()) * 2
    assert bytes(bulk.pack(Crooked, {"a": 9}, None, "big", rows=3)) == record.pack(Crooked(a=9), byteorder="big") * 3


def test_a_union_is_its_bytes_and_its_members_can_be_asked_for() -> None:
    cls = lw.dialect("2.0").structs["ldlm_lock_desc"]
    size = cls.__wire__.size
    fields = ["l_policy_data", "l_policy_data.l_extent.start", "l_policy_data.l_inodebits.bits"]
    for order in ORDERS:
        data = noise(size * 5, order)
        for columns in everywhere(lambda data=data, order=order: bulk.unpack(cls, data, None, fields, order)):
            objects = [record.unpack(cls, data, offset=i * size, byteorder=order) for i in range(5)]
            assert [bytes(row) for row in columns["l_policy_data"].tolist()] == [o.l_policy_data.raw for o in objects]
            assert columns[fields[1]].tolist() == [o.l_policy_data.l_extent.start for o in objects]
            assert columns[fields[2]].tolist() == [int(o.l_policy_data.l_inodebits.bits) for o in objects]


@pytest.mark.parametrize("block", [1, 3, 64, 4096])
def test_blocks_reuse_one_piece_of_memory(block: int) -> None:
    data = noise(216 * 150, 0)
    for order in ORDERS:
        seen: list[int] = []
        first = None
        for columns in bulk.iter_unpack(MdtBody, data, byteorder=order, block=block):
            first = first or columns
            seen += columns["size"].tolist()
            assert columns["size"].obj is first["size"].obj
        assert seen == bulk.unpack(MdtBody, data, byteorder=order)["size"].tolist()
    assert list(bulk.iter_unpack(MdtBody, b"")) == []


def test_recorded_bodies_come_out_as_they_were_sent() -> None:
    """Every mdt_body of a recorded 2.0 getattr reply, by its place in the message."""
    found = [m for m in recorded.messages() if m.dialect == "2.0" and m.direction == "reply" and m.endian == "little"]
    bodies = [m.decode().buffers.mdt_body for m in found if hasattr(m.decode().buffers, "mdt_body")]
    bodies = [body for body in bodies if body is not None]
    assert len(bodies) > 10
    data = b"".join(record.pack(body) for body in bodies)
    assert bulk.unpack(MdtBody, data)["valid"].tolist() == [int(b.valid) for b in bodies]


def test_columns_are_buffers_of_this_machines_order() -> None:
    columns = bulk.unpack(Crooked, record.pack(Crooked(), byteorder="big") * 3, byteorder="big")
    assert (columns["d"].format, columns["d"].shape) == ("I", (3,))
    assert (columns["e"].format, columns["e"].shape) == ("H", (3, 3))
    assert (columns["f"].format, columns["f"].shape) == ("B", (3, 2))
    assert struct.unpack("3I", columns["d"]) == (4, 4, 4)


def test_numpy_sees_a_column_without_a_copy() -> None:
    numpy = pytest.importorskip("numpy")
    columns = bulk.unpack(Crooked, record.pack(Crooked()) * 3)
    array = numpy.asarray(columns["d"])
    assert array.dtype == numpy.uint32
    array[1] = 77
    assert columns["d"].tolist() == [4, 77, 4]
    assert bulk.pack(Crooked, {"d": array})[31:62] == record.pack(Crooked(d=77))


def test_out_may_be_the_callers_own_buffers() -> None:
    data = noise(31 * 10, 2)
    wanted = bulk.unpack(Crooked, data)
    out = {name: bytearray(column.nbytes + 5) for name, column in wanted.items()}
    for columns in everywhere(lambda: bulk.unpack(Crooked, data, out=out)):
        assert plain(columns) == plain(wanted)
    odd = memoryview(bytearray(100))[1:81]
    assert bulk.unpack(Crooked, data, fields=["b"], out={"b": odd})["b"].tolist() == wanted["b"].tolist()
    assert odd.cast("Q").tolist() == wanted["b"].tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bulk.unpack(MdtBody, bytes(215)), "mdt_body|buffer"),
        (lambda: bulk.unpack(MdtBody, bytes(216 + 10)), "do not make rows"),
        (lambda: bulk.unpack(MdtBody, bytes(216), stride=8), "stride"),
        (lambda: bulk.unpack(MdtBody, bytes(500), offsets=[0, 285]), "row 1"),
        (lambda: bulk.unpack(MdtBody, bytes(500), offsets=[1 << 63]), "row 0"),
        (lambda: bulk.unpack(MdtBody, bytes(500), offsets=[-1]), "offsets"),
        (lambda: bulk.unpack(MdtBody, bytes(500), offsets=[(1 << 64) - 100]), "row 0"),
        (lambda: bulk.unpack(MdtBody, bytes(216), fields=["nothing"]), "no column 'nothing'"),
        (lambda: bulk.unpack(MdtBody, bytes(216), byteorder="middle"), "byteorder"),
        (lambda: bulk.unpack(MdtBody, "text"), "buffer protocol"),
        (lambda: bulk.unpack(MdtBody, memoryview(bytes(432))[::2]), "contiguous"),
        (lambda: bulk.unpack(MdtBody, bytes(216), fields="mode", out={}), "mode"),
        (lambda: bulk.unpack(MdtBody, bytes(216), fields="mode", out={"mode": bytes(4)}), "written"),
        (lambda: bulk.unpack(MdtBody, bytes(216), fields="mode", out={"mode": bytearray(3)}), "expected 4 bytes"),
        (lambda: bulk.pack(MdtBody, {"mode": [1 << 32]}), "mode"),
        (lambda: bulk.pack(MdtBody, {"mode": [-1]}), "mode"),
        (lambda: bulk.pack(MdtBody, {"mode": 1 << 32}, rows=1), "mode"),
        (lambda: bulk.pack(MdtBody, {"mode": [1, 2], "uid": [1]}), "one length"),
        (lambda: bulk.pack(MdtBody, {"mode": 1}), "one length"),
        (lambda: bulk.pack(MdtBody, {"mode": bytes(5)}), "whole rows"),
        (lambda: bulk.pack(MdtBody, {"nothing": [1]}), "no column 'nothing'"),
        (lambda: bulk.pack(MdtBody, {"mode": [1]}, bytearray(215)), "at least 216"),
        (lambda: bulk.pack(MdtBody, {"mode": [1]}, bytes(216)), "written"),
        (lambda: bulk.unpack(lw.dialect("2.0").structs["ldlm_policy_data_t"], bytes(32)), "union"),
        (lambda: bulk.unpack(int, bytes(32)), "not a wire struct"),
    ],
)
def test_bad_input_is_one_clear_error(call: Any, message: str) -> None:
    errors = []
    for run in (call, lambda: _by_record(call)):
        with pytest.raises(lw.WireError, match=message) as caught:
            run()
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def _by_record(call: Any) -> None:
    with record_engine():
        call()


def test_overlapping_memory_is_refused_and_touching_memory_is_not() -> None:
    memory = bytearray(noise(216 * 4, 3))
    view = memoryview(memory)
    for run in (bulk.unpack, lambda *a, **k: _recorded(bulk.unpack, *a, **k)):
        with pytest.raises(lw.WireError, match="overlaps"):
            run(MdtBody, view[:432], fields="mode", out={"mode": view[428:436]})
        with pytest.raises(lw.WireError, match="overlaps"):
            run(MdtBody, view[:432].toreadonly(), fields="mode", out={"mode": view[:8]})
        before = bytes(view[:432])
        columns = run(MdtBody, view[:432], fields="mode", out={"mode": view[432:440]})
        assert columns["mode"].tolist() == bulk.unpack(MdtBody, before, fields="mode")["mode"].tolist()
    with pytest.raises(lw.WireError, match="overlaps"):
        bulk.pack(MdtBody, {"mode": view[:4]}, view[:216])


def _recorded(call: Any, *args: Any, **kwargs: Any) -> Any:
    with record_engine():
        return call(*args, **kwargs)


def test_a_read_only_input_is_read() -> None:
    data = noise(432, 4)
    assert plain(bulk.unpack(MdtBody, memoryview(data))) == plain(bulk.unpack(MdtBody, bytearray(data)))


def test_a_row_out_of_bounds_is_named_where_its_block_is_reached() -> None:
    places = [0] * 100 + [9]
    blocks = bulk.iter_unpack(MdtBody, bytes(216), offsets=places, block=64)
    assert next(blocks).rows == 64
    with pytest.raises(lw.TruncatedError, match="needs 216 bytes") as caught:
        next(blocks)
    assert caught.value.offset == 9


def test_errors_that_are_kept_do_no_harm() -> None:
    """A traceback in a cycle keeps the buffers of the call; collecting it must not crash (CPython 3.11 once did)."""
    for _ in range(5):
        blocks = bulk.iter_unpack(MdtBody, bytes(216), offsets=[0] * 100 + [9], block=64)
        next(blocks)
        try:
            next(blocks)
        except lw.TruncatedError as error:
            error.itself = error  # type: ignore[attr-defined]
        columns = bulk.unpack(MdtBody, bytes(216))
        keeper = [columns]
        keeper.append(keeper)  # type: ignore[arg-type]
        del columns, keeper, blocks
        gc.collect()
