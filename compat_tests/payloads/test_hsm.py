"""Actions for copy tools, byte by byte from the format."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.payloads import hsm


def item_bytes(order: str, data: bytes, action: int = 20, size: int | None = None) -> bytes:
    """len, action, FID, cookie, extent, group lock id; data; rounded up to 8."""
    length = 56 + len(data) if size is None else size
    out = struct.pack(f"{order}2IQ2I4Q", length, action, 0x200000400, 5, 0, 7, 0, 2**64 - 1, 0) + data
    return out.ljust(-(-len(out) // 8) * 8, b"\0")


def message(order: str, *items: bytes, name: bytes = b"lustre\0", count: int | None = None) -> bytes:
    """magic u16, transport u8, flags u8, type u16, length u16; version, count, archive, padding; name; actions."""
    name = name.ljust(-(-len(name) // 8) * 8, b"\0")
    body = struct.pack(f"{order}4I", 1, len(items) if count is None else count, 3, 0) + name + b"".join(items)
    return struct.pack(f"{order}HBBHH", 0x191C, 2, 0, 0, 8 + len(body)) + body


@pytest.mark.parametrize("order", ["<", ">"])
def test_actions(order: str) -> None:
    data = message(order, item_bytes(order, b""), item_bytes(order, b"to tape", action=22), name=b"a longer name\0")
    read = hsm.read(data, "2.0")
    assert [(item.hai_action.name, item.hai_fid.f_oid, item.hai_cookie) for item in read.items] == [
        ("HSMA_ARCHIVE", 5, 7), ("HSMA_REMOVE", 5, 7),
    ]  # fmt: skip
    assert read.items[1].hai_data.rstrip(b"\0") == b"to tape"
    assert read.list.hal_fsname.rstrip(b"\0") == b"a longer name"
    assert (read.order, read.list.hal_archive_num) == ({"<": "little", ">": "big"}[order], 3)
    assert hsm.write(read) == data


@pytest.mark.parametrize("order", ["<", ">"])
def test_building(order: str) -> None:
    data = message(order, item_bytes(order, b"x"), item_bytes(order, b""))
    there = hsm.read(data, "2.0")
    there.items[0].hai_data = b"x"
    made = hsm.build("lustre", there.items, "2.0", there.order)
    made.list.hal_archive_num = 3
    assert hsm.write(made) == data


@pytest.mark.parametrize(
    "data",
    [
        b"", bytes(8), message("<")[:20], message("<")[:24] + b"no end",
        message("<", count=1), message("<", count=0xFFFFFFFF),
        message("<", item_bytes("<", b"", size=55)), message("<", item_bytes("<", b"", size=57)),
        message("<", item_bytes("<", b"", size=0)), message("<", item_bytes("<", b"", size=0xFFFFFFFF)),
    ],
)  # fmt: skip
def test_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError):
        hsm.read(data, "2.0")


def test_1_8_has_no_copy_tools() -> None:
    for call in (lambda: hsm.read(message("<"), "1.8"), lambda: hsm.build("x", [], "1.8")):
        with pytest.raises(lw.WireError, match="copy tools"):
            call()


@given(st.integers(0, 3), st.binary(max_size=200), st.sampled_from(["<", ">"]))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes(count: int, tail: bytes, order: str) -> None:
    data = message(order, tail, count=count)
    try:
        read = hsm.read(data, "2.0")
    except lw.WireError:
        return
    assert hsm.write(read) == data


@given(st.lists(st.binary(max_size=40), max_size=5), st.sampled_from(["<", ">"]))
@settings(max_examples=50, deadline=None)
def test_any_actions_read_again(wanted: list[bytes], order: str) -> None:
    data = message(order, *[item_bytes(order, each) for each in wanted]) + b"rest"
    read = hsm.read(data, "2.0")
    assert [item.hai_data[: item.hai_len - 56] for item in read.items] == wanted
    assert hsm.write(read) == data
