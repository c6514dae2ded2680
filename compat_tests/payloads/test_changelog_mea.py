"""Changelogs and split directories of 2.0, and the log of a joined file of 1.8."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.payloads import changelog, llog, logwriter, lov, mea

FID = struct.pack("<QII", 0x200000400, 5, 0)
PARENT = struct.pack("<QII", 0x200000007, 1, 0)
#: 2011-02-13 00:00:00 UTC and 42 ns: seconds in the high part, nanoseconds in the low 30 bits.
TIME = (1297555200 << 30) + 42


def change(index: int, kind: int, name: bytes, flags: int = 0) -> bytes:
    """namelen u16, flags u16, type u32, index, prev, time u64, FID of the target and of its directory, name."""
    data = struct.pack("<HHIQQQ", len(name), flags, kind, index, index - 1, TIME) + FID + PARENT + name
    return data.ljust(-(-len(data) // 8) * 8, b"\0")


def test_a_changelog_as_lfs_shows_it() -> None:
    log = logwriter.new_log("2.0")
    logwriter.append(log, change(1, 1, b"hello"), 0x10660000)
    gone = logwriter.append(log, change(2, 6, b"gone", flags=0x1001), 0x10660000)
    logwriter.append(log, change(3, 14, b""), 0x10660000)
    logwriter.append(log, change(4, 99, b"odd \xff"), 0x10660000)
    log = llog.read_log(llog.write_log(log), "2.0")
    assert changelog.lines(log) == [
        "1 01CREAT 00:00:00.000042 2011.02.13 0x0 t=[0x200000400:0x5:0x0] p=[0x200000007:0x1:0x0] hello",
        "2 06UNLNK 00:00:00.000042 2011.02.13 0x1 t=[0x200000400:0x5:0x0] p=[0x200000007:0x1:0x0] gone",
        "3 14SATTR 00:00:00.000042 2011.02.13 0x0 t=[0x200000400:0x5:0x0]",
        r"4 99?     00:00:00.000042 2011.02.13 0x0 t=[0x200000400:0x5:0x0] p=[0x200000007:0x1:0x0] odd \xff",
    ]
    logwriter.cancel(log, log.records[gone.index - 1])
    assert [c.cr_index for c in changelog.changes(log)] == [1, 3, 4]


def test_readers_of_a_changelog() -> None:
    log, cls = logwriter.new_log("2.0"), lw.dialect("2.0").structs["llog_changelog_user_rec"]
    logwriter.append(log, cls(cur_id=1, cur_endrec=40))
    logwriter.append(log, cls(cur_id=2, cur_endrec=7))
    assert changelog.readers(log) == {1: 40, 2: 7}
    assert changelog.changes(log) == []


def test_the_extents_of_a_joined_file() -> None:
    """1.8: start, length, and the layout of the extent with its objects."""
    layout = struct.pack("<2I2Q2I", 0x0BD10BD0, 1, 5, 0, 65536, 1) + struct.pack("<2Q2I", 10, 0, 0, 4)
    log = logwriter.new_log("1.8")
    logwriter.append(log, struct.pack("<2Q", 4096, 8192) + layout, 0x10650000)
    data = llog.write_log(log)
    extent = llog.read_log(data, "1.8").records[0].value
    assert (extent.med_start, extent.med_len) == (4096, 8192)
    assert [o.l_object_id for o in extent.med_lmm.lmm_objects] == [10]
    assert lov.stripe(lov.write(extent.med_lmm), "1.8").objects[0].ost == 4
    assert llog.write_log(llog.read_log(data, "1.8")) == data


# --- split directories ----------------------------------------------------------------------------------------------


def mea_bytes(order: str, fids: list[tuple[int, int, int]], count: int | None = None, magic: int = 0xB2221CA1) -> bytes:
    """magic, count, master, padding; pool name 16; FIDs."""
    head = struct.pack(f"{order}4I", magic, len(fids) if count is None else count, 0, 0) + b"pool".ljust(16, b"\0")
    return head + b"".join(struct.pack("<QII", *fid) for fid in fids)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xB2221CA1, 0xB222A11C, 0xB222A11B])
def test_a_split_directory(order: str, magic: int) -> None:
    data = mea_bytes(order, [(0x200000400, 1, 0), (0x240000400, 2, 0)], magic=magic)
    read, found = mea.read(data, "2.0")
    assert found == {"<": "little", ">": "big"}[order]
    assert [fid.f_oid for fid in read.mea_ids] == [1, 2]
    assert mea.write(read, found) == data


@pytest.mark.parametrize("data", [b"", bytes(32), mea_bytes("<", [], count=1), mea_bytes("<", [])[:31]])
def test_split_directories_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError):
        mea.read(data, "2.0")


def test_1_8_splits_none() -> None:
    with pytest.raises(lw.WireError, match="split"):
        mea.read(mea_bytes("<", []), "1.8")


@given(st.binary(max_size=80), st.sampled_from(["<", ">"]), st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_arbitrary_split_directories(tail: bytes, order: str, count: int) -> None:
    data = struct.pack(f"{order}2I", 0xB2221CA1, count) + tail
    try:
        read, found = mea.read(data, "2.0")
    except lw.WireError:
        return
    written = mea.write(read, found)
    assert data[: len(written)] == written
