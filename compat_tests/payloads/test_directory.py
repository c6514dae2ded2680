"""Directory pages: the blocks of 1.8 and the pages of 2.0, byte by byte from the format."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.payloads.directory import (
    BlockEntry,
    PageEntry,
    build_blocks,
    build_pages,
    read_blocks,
    read_pages,
    write_blocks,
    write_pages,
)

END = 0xFFFFFFFFFFFFFFFE
DIR, REG = 0x4000, 0x8000


def dirent(inode: int, name: bytes, kind: int, size: int) -> bytes:
    """ext2: inode u32, rec_len u16, name_len u8, file_type u8, name; little-endian."""
    return (struct.pack("<IHBB", inode, size, len(name), kind) + name).ljust(size, b"\0")


BLOCK = dirent(2, b".", 2, 12) + dirent(2, b"..", 2, 12) + dirent(12, b"hello.txt", 1, 20) + dirent(0, b"", 0, 4052)


def test_a_block_of_1_8() -> None:
    (entries,) = read_blocks(BLOCK, "1.8")
    assert [(e.inode, e.name, e.file_type) for e in entries] == [
        (2, b".", 2), (2, b"..", 2), (12, b"hello.txt", 1), (0, b"", 0),
    ]  # fmt: skip
    assert write_blocks([entries], "1.8") == BLOCK


def test_what_deleted_entries_left_is_kept() -> None:
    """The space of a deleted entry belongs to the one before it, with its old bytes in it."""
    block = dirent(2, b".", 2, 12) + dirent(2, b"..", 2, 12) + dirent(9, b"a", 1, 4072)
    block = block[:40] + b"old bytes" + block[49:]
    assert write_blocks(read_blocks(block * 2, "1.8"), "1.8") == block * 2


def test_building_blocks() -> None:
    """The last entry of a block reaches its end; an entry never crosses into the next block."""
    entries = [BlockEntry(i + 1, b"%0200d" % i, 1) for i in range(40)]
    data = build_blocks(entries, "1.8")
    blocks = read_blocks(data, "1.8")
    assert len(data) == 3 * 4096
    assert [e.name for block in blocks for e in block] == [e.name for e in entries]
    assert [len(block) for block in blocks] == [19, 19, 2]
    assert build_blocks([], "1.8") == dirent(0, b"", 0, 4096)
    assert len(build_blocks(entries, "1.8", block=1024)) % 1024 == 0


@pytest.mark.parametrize(
    "block",
    [
        BLOCK[:-1],
        dirent(1, b"x", 1, 12)[:4] + struct.pack("<H", 0) + bytes(4090),
        dirent(1, b"x", 1, 12)[:4] + struct.pack("<H", 8) + b"\x01" + bytes(4089),
        dirent(1, b"x", 1, 12)[:4] + struct.pack("<H", 14) + b"\x01" + bytes(4089),
        dirent(1, b"x", 1, 12)[:4] + struct.pack("<H", 4100) + bytes(4090),
        dirent(1, b"x", 1, 4092) + bytes(4),
    ],
)
def test_blocks_refused(block: bytes) -> None:
    with pytest.raises(lw.WireError):
        read_blocks(block, "1.8")


def test_2_0_has_no_blocks() -> None:
    with pytest.raises(lw.WireError, match="blocks"):
        read_blocks(BLOCK, "2.0")
    with pytest.raises(lw.WireError, match="4096"):
        write_blocks([[BlockEntry(1, b"x" * 255)] * 16], "1.8")


new = st.tuples(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=255), st.integers(0, 7))


@given(st.lists(new, max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_blocks_read_again(wanted: list[tuple[int, bytes, int]]) -> None:
    data = build_blocks([BlockEntry(*w) for w in wanted], "1.8")
    blocks = read_blocks(data, "1.8")
    found = [(e.inode, e.name, e.file_type) for block in blocks for e in block]
    assert (found if wanted else []) == wanted
    assert write_blocks(blocks, "1.8") == data


@given(st.binary(min_size=64, max_size=64), st.sampled_from([64, 32, 16]))
@settings(max_examples=100, deadline=None)
def test_arbitrary_blocks(data: bytes, block: int) -> None:
    try:
        blocks = read_blocks(data, "1.8", block)
    except lw.WireError:
        return
    assert write_blocks(blocks, "1.8", block) == data


# --- pages of 2.0 ----------------------------------------------------------------------------------------------------


def entry_bytes(fid: tuple[int, int, int], hash_: int, name: bytes, kind: int | None, reclen: int) -> bytes:
    """fid 16, hash u64, reclen u16, namelen u16, attrs u32; name; with LUDA_TYPE a u16 at the next even offset."""
    attrs = 1 | (2 if kind is not None else 0)
    data = struct.pack("<QII", *fid) + struct.pack("<QHHI", hash_, reclen, len(name), attrs) + name
    if kind is not None:
        data = data.ljust((len(data) + 1) & ~1, b"\0") + struct.pack("<H", kind)
    return data.ljust(reclen, b"\0")


def page_head(start: int, end: int, flags: int = 0) -> bytes:
    return struct.pack("<QQII", start, end, flags, 0)


#: size = round8(round2(32 + namelen) + 2)
TWO = (
    page_head(0, END)
    + entry_bytes((0x200000400, 1, 0), 0x10, b".", DIR, 40)
    + entry_bytes((0x200000400, 7, 0), 0x20, b"hello.txt", REG, 0)
)


def test_a_page_of_2_0() -> None:
    data = TWO.ljust(4096, b"\0")
    pages = read_pages(data, "2.0")
    assert [(e.head.lde_hash, e.name) for e in pages.entries] == [(0x10, b"."), (0x20, b"hello.txt")]
    assert [e.file_type for e in pages.entries] == [DIR, REG]
    assert pages.entries[1].head.lde_fid.f_oid == 7
    assert pages.head.ldp_hash_end == END
    assert write_pages(pages) == data


def test_1_8_9_reads_the_same_page() -> None:
    """The 1.8.9 client reads what a 2.0 server sends."""
    data = TWO.ljust(4096, b"\0")
    assert [e.name for e in read_pages(data, "1.8").entries] == [b".", b"hello.txt"]
    assert write_pages(read_pages(data, "1.8")) == data


def test_entries_without_types() -> None:
    data = page_head(5, 0x30) + entry_bytes((1, 2, 3), 5, b"odd", None, 40) + entry_bytes((1, 3, 3), 6, b"b", None, 0)
    pages = read_pages(data, "2.0")
    assert [(e.name, e.file_type) for e in pages.entries] == [(b"odd", None), (b"b", None)]
    assert write_pages(pages) == data


def test_an_empty_page() -> None:
    """A removed directory: nothing but the flag and the end mark."""
    data = page_head(0, END, flags=1).ljust(4096, b"\0")
    pages = read_pages(data, "2.0")
    assert pages.entries == []
    assert write_pages(pages) == data
    assert write_pages(build_pages([], "2.0")) == data


def new_entries(count: int, name: bytes = b"n%04d") -> list[PageEntry]:
    dialect = lw.dialect("2.0")
    cls, fid, attrs = dialect.structs["lu_dirent"], dialect.structs["lu_fid"], dialect.enums["LuDirentAttrs"]
    heads = [cls(lde_fid=fid(f_seq=1, f_oid=i), lde_hash=i, lde_attrs=attrs(3)) for i in range(count)]
    return [PageEntry(head, name % i, REG) for i, head in enumerate(heads)]


def test_building_pages() -> None:
    """Head on the first page only; the last entry of a page reaches its end, the last of all has length 0."""
    data = write_pages(build_pages(new_entries(300), "2.0", end=300))
    assert len(data) == 3 * 4096
    expected = entry_bytes((1, 0, 0), 0, b"n0000", REG, 40)
    assert data[:64] == page_head(0, 300) + expected
    # 24 + 101 * 40 = 4064: the entry that would begin there does not fit, so the one before has 32 bytes more.
    assert data[24 + 100 * 40 : 4096] == entry_bytes((1, 100, 0), 100, b"n0100", REG, 72)
    assert data[4096:4136] == entry_bytes((1, 101, 0), 101, b"n0101", REG, 40)
    pages = read_pages(data, "2.0")
    assert [e.name for e in pages.entries] == [b"n%04d" % i for i in range(300)]
    assert pages.entries[-1].head.lde_reclen == 0
    assert write_pages(pages) == data


def with_sizes(reclen: int, namelen: int) -> bytes:
    """A page whose only entry, of 40 bytes, says other sizes."""
    entry = entry_bytes((1, 1, 0), 1, b"name", REG, 40)
    return page_head(0, END) + entry[:24] + struct.pack("<HH", reclen, namelen) + entry[28:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        page_head(0, END)[:23],
        page_head(0, END) + bytes(10),
        with_sizes(40, 4)[:-4],
        with_sizes(36, 4),
        with_sizes(48, 4),
        with_sizes(0, 400),
    ],
)
def test_pages_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError) as caught:
        read_pages(data, "2.0")
    assert caught.value.dialect == "2.0"


names = st.lists(st.binary(min_size=1, max_size=255), max_size=30)


@given(names, st.booleans(), st.sampled_from([512, 4096]))
@settings(max_examples=50, deadline=None)
def test_any_pages_read_again(wanted: list[bytes], typed: bool, page: int) -> None:
    dialect = lw.dialect("2.0")
    cls, attrs = dialect.structs["lu_dirent"], dialect.enums["LuDirentAttrs"]
    head, kind = cls(lde_attrs=attrs(3 if typed else 1)), DIR if typed else None
    entries = [PageEntry(head, name, kind) for name in wanted]
    data = write_pages(build_pages(entries, "2.0", page=page))
    pages = read_pages(data, "2.0")
    assert len(data) % page == 0
    assert [(e.name, e.file_type) for e in pages.entries] == [(e.name, e.file_type) for e in entries]
    assert write_pages(pages) == data


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_arbitrary_pages(tail: bytes) -> None:
    data = page_head(0, END) + tail
    try:
        pages: Any = read_pages(data, "2.0")
    except lw.WireError:
        return
    assert write_pages(pages) == data
