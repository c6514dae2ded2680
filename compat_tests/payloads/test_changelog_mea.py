"""Changelogs and split directories of 2.0, and the log of a joined file of 1.8."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.frames.nid import nid_str
from lustre_wire.payloads import changelog, inside, llog, logwriter, lov, mea
from lustre_wire.payloads.wire import unpack

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


# --- changelogs of 2.7 and later --------------------------------------------------------------------------------------

RENAME, JOBID, EXTRA, UIDGID, NID, OPEN, XATTR, NID_BE = 0x2000, 0x4000, 0x8000, 1, 2, 4, 8, 16
SOURCE = struct.pack("<QIIQII", 0x200000400, 6, 0, 0x200000007, 2, 0)
JOB, IDS, XATTR_NAME = b"cp.1000".ljust(32, b"\0"), struct.pack("<2Q", 1000, 100), b"user.colour".ljust(256, b"\0")
SMALL = struct.pack("<QQI4x", 2 << 48 | 0x0A000003, 0, 0)
#: struct lnet_nid, big-endian, in 24 bytes: size less 4, type, network, address.
LARGE = struct.pack(">BBH", 12, 2, 0) + bytes.fromhex("fd000000000000000000000000000003") + bytes(4)


def changed(kind: int, flags: int, *tails: bytes, name: bytes = b"a", order: str = "<") -> bytes:
    data = struct.pack(f"{order}HHIQQQ", len(name), flags, kind, 7, 6, TIME) + FID + PARENT + b"".join(tails) + name
    return data.ljust(-(-len(data) // 8) * 8, b"\0")


def extra(flags: int) -> bytes:
    return struct.pack("<Q", flags)


@pytest.mark.parametrize(
    ("release", "data", "told"),
    [
        ("2.7", changed(1, 0), "p=[0x200000007:0x1:0x0] a"),
        ("2.7", changed(1, JOBID, JOB), "j=cp.1000 p=[0x200000007:0x1:0x0] a"),
        (
            "2.12",
            changed(8, RENAME | JOBID | EXTRA, SOURCE, JOB, extra(UIDGID | NID), IDS, SMALL, name=b"b\0a"),
            "j=cp.1000 ef=0x3 u=1000:100 nid=10.0.0.3@tcp p=[0x200000007:0x1:0x0] b "
            "s=[0x200000400:0x6:0x0] sp=[0x200000007:0x2:0x0] a",
        ),
        (
            "2.17",
            changed(10, JOBID | EXTRA, JOB, extra(UIDGID | NID | OPEN | NID_BE), IDS, LARGE, struct.pack("<I", 2)),
            "j=cp.1000 ef=0x17 u=1000:100 nid=fd00::3@tcp m=-w- p=[0x200000007:0x1:0x0] a",
        ),
        (
            "2.17", changed(15, JOBID | EXTRA, JOB, extra(XATTR), XATTR_NAME, name=b""),
            "j=cp.1000 ef=0x8 x=user.colour p=[0x200000007:0x1:0x0]",
        ),
    ],
)  # fmt: skip
def test_a_change_with_its_optional_parts(release: str, data: bytes, told: str) -> None:
    """In the order of their flags."""
    log = logwriter.new_log(release)
    logwriter.append(log, data, 0x10660000)
    (found,) = changelog.lines(llog.read_log(llog.write_log(log), release))
    assert found.partition(" t=")[2] == f"[0x200000400:0x5:0x0] {told}"


@pytest.mark.parametrize("cut", [1, 40])
def test_a_change_that_ends_in_its_parts(cut: int) -> None:
    data = changed(8, RENAME | JOBID, SOURCE, JOB, name=b"")
    change = unpack(lw.dialect("2.17").structs["changelog_rec"], data[: len(data) - cut], "little")
    with pytest.raises(lw.TruncatedError):
        changelog.parts(change, lw.dialect("2.17"))
    log = logwriter.new_log("2.17")
    told = inside.text_of(logwriter.append(log, change, 0x10660000), lw.dialect("2.17"))
    assert told.startswith("7 RENAME [0x200000400:0x5:0x0] in [0x200000007:0x1:0x0] unreadable: ")


def test_a_nid_of_today_is_big_endian_in_any_log() -> None:
    ids = struct.pack(">3Q", UIDGID | NID | NID_BE, 1000, 100)
    data = changed(1, EXTRA, ids, LARGE, order=">")
    change = unpack(lw.dialect("2.17").structs["changelog_rec"], data, "big")
    found = changelog.parts(change, lw.dialect("2.17"), "big")
    assert found.nid is not None and nid_str(found.nid) == "fd00::3@tcp"
    assert (found.structs["changelog_ext_uidgid"].cr_uid, found.name) == (1000, b"a")


def test_readers_have_names_from_2_15_on() -> None:
    log, cls = logwriter.new_log("2.17"), lw.dialect("2.17").structs["llog_changelog_user_rec2"]
    logwriter.append(log, cls(cur_id=1, cur_endrec=40, cur_name=b"robinhood"))
    assert changelog.readers(log) == {1: 40}
