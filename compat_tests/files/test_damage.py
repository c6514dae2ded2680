"""No damage that changes what a server would do passes in silence.

The oracle is read out of Lustre's source: one damage a row, with what the reader of a release does about it, and its
function. Files are taken apart here with `struct`, not with our own reader.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from compat_tests.shared import needs_real, real
from lustre_wire.payloads import last_rcvd, logcheck
from lustre_wire.payloads.files import recognise
from lustre_wire.payloads.reading import Fault

pytestmark = needs_real

LLOG, LVFS, OSD = "obdclass/llog.c", "obdclass/llog_lvfs.c", "obdclass/llog_osd.c"
PROCESS = f"{LLOG}:llog_process_thread"
CONFIG = "obdclass/obd_config.c:class_config_llog_handler"
OBD_CFG_REC = 0x10620000

#: Places of a log: (offset, length, index) of its records from the second on, none at the end of a chunk.
Place = tuple[int, int, int]
Damage = Callable[[bytearray, Place], None]


def put(data: bytearray, at: int, value: int) -> None:
    struct.pack_into("<I", data, at, value)


@cache
def places(path: Path) -> tuple[Place, ...]:
    data, at, found = path.read_bytes(), struct.unpack_from("<I", path.read_bytes())[0], []
    while at + 24 <= len(data):
        size, index = struct.unpack_from("<2I", data, at)
        found.append((at, size, index))
        at += size
    return tuple(found)


def field(offset: int, value: int) -> Damage:
    """A field of the header is overwritten."""
    return lambda data, _: put(data, offset, value)


def of_record(offset: int, value: int) -> Damage:
    return lambda data, place: put(data, place[0] + offset, value)


def of_tail(offset: int, value: int) -> Damage:
    return lambda data, place: put(data, place[0] + place[1] - 8 + offset, value)


def zero(data: bytearray, place: Place) -> None:
    data[place[0] : place[0] + place[1]] = bytes(place[1])


def cut(data: bytearray, place: Place) -> None:
    del data[place[0] + 16 :]


def longer_buffer(data: bytearray, place: Place) -> None:
    """The last buffer of a command is said to be 8 bytes longer."""
    count = struct.unpack_from("<I", data, place[0] + 16 + 28)[0]
    at = place[0] + 16 + 32 + 4 * (count - 1)
    put(data, at, struct.unpack_from("<I", data, at)[0] + 8)


def gone(data: bytearray, place: Place) -> None:
    del data[place[0] :]


def misnumbered(by: int) -> Damage:
    return lambda data, place: put(data, place[0] + 4, place[2] + by)


def chunk_tail_index(data: bytearray, place: Place) -> None:
    put(data, len(data) - 4, 0)


def beyond(data: bytearray, place: Place) -> None:
    """A bit of the bitmap for which there is no record, and a count to match."""
    data[88 + 7000] |= 1
    put(data, 24, struct.unpack_from("<I", data, 24)[0] + 1)


ALL = ("1.8.9-wc1", "2.0.0", "2.5.3", "2.7.0", "2.10.8", "2.12.9", "2.17.0")
OLD, NEW = ALL[:2], ALL[2:]


def each(releases: tuple[str, ...], does: str, function: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(releases, (does, function))


#: What is done to a log, and by release what its reader does about it and where in Lustre's source.
OF_ANY_LOG: dict[str, tuple[Damage, dict[str, tuple[str, str]]]] = {
    "header of another type": (field(8, 0x10620000), {
        **each(OLD, "refuses", f"{LVFS}:llog_lvfs_read_header"), **each(NEW, "refuses", f"{OSD}:llog_osd_read_header"),
    }),
    "header of another size": (field(0, 4096), {
        **each(OLD, "refuses", f"{LVFS}:llog_lvfs_read_header"), **each(NEW, "refuses", f"{OSD}:llog_osd_read_header"),
    }),
    "neither catalogue nor plain": (field(36, 0), {
        **each(OLD, "stops the node", f"{LLOG}:llog_init_handle"), **each(NEW, "refuses", f"{LLOG}:llog_init_handle"),
    }),
    "wrong count": (field(24, 3000), each(ALL, "destroys the log", f"{LLOG}:llog_cancel_rec")),
    "wrong last index": (field(8188, 3000), {
        **each(OLD, "gives the next record", f"{LVFS}:llog_lvfs_write_rec"),
        **each(NEW, "gives the next record", f"{OSD}:llog_osd_write_rec"),
    }),
    "header's tail of another size": (field(8184, 4096), each(ALL[4:], "refuses", f"{OSD}:llog_osd_read_header")),
    "bitmap elsewhere": (field(28, 96), each(ALL[4:], "looks for the bitmap there", PROCESS)),
    "bit without record": (beyond, {
        **each(OLD, "stops: -EIO", f"{LVFS}:llog_lvfs_next_block"),
        **each(("2.5.3",), "stops: -EIO", f"{OSD}:llog_osd_next_block"), **each(ALL[3:], "cancels all", PROCESS),
    }),
    "length 0": (of_record(0, 0), {
        **each(ALL[:5], "stops: -EINVAL", PROCESS), **each(ALL[5:], "passes over", f"{LLOG}:llog_verify_record"),
    }),
    "length of more than a chunk": (of_record(0, 70000), {
        **each(ALL[:5], "stops: -EINVAL", PROCESS), **each(ALL[5:], "passes over", f"{LLOG}:llog_verify_record"),
    }),
    "repeated": (misnumbered(-1), each(ALL, "skips", PROCESS)),
    "ahead of its turn": (misnumbered(500), {
        **each(ALL[:4], "takes it for", PROCESS), **each(ALL[4:6], "stops: -ERANGE", PROCESS),
        **each(ALL[6:], "goes on", PROCESS),
    }),
    "zeroed": (zero, {
        **each(OLD, "stops", PROCESS), **each(ALL[2:4], "again", PROCESS), **each(("2.10.8",), "stops", PROCESS),
        **each(ALL[5:], "passes over", f"{LLOG}:llog_verify_record"),
    }),
    "cut": (cut, {
        **each(ALL[:5], "stops: -EINVAL", PROCESS), **each(ALL[5:], "passes over", f"{LLOG}:llog_verify_record"),
    }),
    "missing to the end": (gone, {
        **each(OLD, "stops: -EIO", f"{LVFS}:llog_lvfs_next_block"), **each(ALL[3:], "cancels all", PROCESS),
    }),
    "tail of another length": (of_tail(0, 999), each(ALL, "astray", f"{LLOG}:llog_reverse_process")),
    "tail of another index": (of_tail(4, 999), each(ALL, "astray", f"{LLOG}:llog_reverse_process")),
    "a chunk's last tail": (chunk_tail_index, {
        **each(OLD, "seeks by its index", f"{LVFS}:llog_lvfs_next_block"),
        **each(ALL[2:4], "stops the node", f"{OSD}:llog_osd_next_block"),
        **each(ALL[4:], "stops: -EINVAL", f"{OSD}:llog_osd_next_block"),
    }),
}  # fmt: skip
#: cfg_len is the whole record's up to 2.16; the header file moved twice.
REFUSED = {
    **each(ALL[:4], "the mount fails", "include/lustre_cfg.h:lustre_cfg_sanity_check"),
    **each(ALL[4:5], "the mount fails", "include/uapi/linux/lustre_cfg.h:lustre_cfg_sanity_check"),
    **each(ALL[5:], "the mount fails", "include/uapi/linux/lustre/lustre_cfg.h:lustre_cfg_sanity_check"),
}
OF_CONFIGURATIONS: dict[str, tuple[Damage, dict[str, tuple[str, str]]]] = {
    "no command": (of_record(8, 0x10620099), each(ALL, "skips", CONFIG)),
    "no log record": (of_record(8, 0x77), {
        **each(ALL[:5], "skips", CONFIG), **each(ALL[5:], "passes over", f"{LLOG}:llog_verify_record"),
    }),
    "another version": (of_record(16, 0xDEADBEEF), REFUSED),
    "too many buffers": (of_record(16 + 28, 9), REFUSED),
    "a buffer beyond the record": (of_record(16 + 32, 5000), REFUSED),
    "a buffer that ends in the tail": (longer_buffer, {
        **each(ALL[:6], "takes the end of the record", CONFIG), "2.17.0": REFUSED["2.17.0"],
    }),
}  # fmt: skip

CONFIGURATIONS = [p for p in real("*CONFIGS--*") if p.stat().st_size and "mountdata" not in p.name]
PLAIN = [p for p in real("*OBJECTS--*_*", "*O--1--d*") if p.stat().st_size and len(places(p)) > 4]


def damaged(path: Path, damage: Damage) -> bytes:
    """The file with one damage, to a record in its midst that is neither the first nor the last of a chunk."""
    data, found = bytearray(path.read_bytes()), places(path)
    damage(data, found[len(found) // 2])
    return bytes(data)


def told(faults: list[Fault]) -> list[tuple[str, str]]:
    return [(str(fault.does), fault.does.function) for fault in faults if fault.does is not None and fault.matters]


@pytest.mark.parametrize("path", [*CONFIGURATIONS, *PLAIN], ids=lambda path: path.name)
def test_a_whole_log_has_no_fault(path: Path) -> None:
    for release in ALL:
        assert logcheck.examine(path.read_bytes(), "2.0", release).faults == []


@pytest.mark.parametrize("damage", OF_ANY_LOG)
@pytest.mark.parametrize("path", [*CONFIGURATIONS[::9], *PLAIN[:1]], ids=lambda path: path.name)
def test_every_damage_of_a_log_is_told_with_what_its_reader_does(path: Path, damage: str) -> None:
    data = damaged(path, OF_ANY_LOG[damage][0])
    for release, (does, function) in OF_ANY_LOG[damage][1].items():
        said = told(logcheck.examine(data, "2.0", release).faults)
        assert any(does in what and where == function for what, where in said), (release, said)


@pytest.mark.parametrize("damage", OF_CONFIGURATIONS)
@pytest.mark.parametrize("path", CONFIGURATIONS[1::9], ids=lambda path: path.name)
def test_every_damage_of_a_command_is_told(path: Path, damage: str) -> None:
    data = damaged(path, OF_CONFIGURATIONS[damage][0])
    for release, (does, function) in OF_CONFIGURATIONS[damage][1].items():
        said = told(logcheck.examine(data, "2.0", release).faults)
        assert any(does in what and where == function for what, where in said), (release, said)


@pytest.mark.parametrize("path", [*CONFIGURATIONS[::16], *PLAIN[:1]], ids=lambda path: path.name)
def test_no_single_changed_word_of_a_record_but_its_contents_passes(path: Path) -> None:
    """Length, index and both words of the tail, of every record in turn; the type only where somebody looks at it."""
    whole = path.read_bytes()
    for at, size, index in places(path):
        live = whole[88 + index // 8] >> index % 8 & 1
        for offset in (0, 4, size - 8, size - 4, *[8] * live):
            data = bytearray(whole)
            put(data, at + offset, struct.unpack_from("<I", data, at + offset)[0] ^ 0x00010100)
            assert told(logcheck.examine(bytes(data), "2.0").faults), (index, offset)


# --- last_rcvd --------------------------------------------------------------------------------------------------------

MDS, FILTER = "mds/mds_fs.c:mds_init_server_data", "obdfilter/filter.c:filter_init_server_data"
MDT, OFD = "mdt/mdt_recovery.c:mdt_server_data_init", "ofd/ofd_fs.c:ofd_server_data_init"
TGT = "target/tgt_lastrcvd.c:tgt_server_data_init"
BY_KIND = {
    "MDT": {"1.8.9-wc1": MDS, "2.0.0": MDT, "2.5.3": MDT, "2.7.0": TGT, "2.10.8": TGT, "2.17.0": TGT},
    "OST": {"1.8.9-wc1": FILTER, "2.0.0": FILTER, "2.5.3": OFD, "2.7.0": TGT, "2.10.8": TGT, "2.17.0": TGT},
}
#: kind -> release -> the bits of (rocompat, incompat) that the release's source lists as supported.
SUPPORTED = {
    "MDT": {
        "1.8.9-wc1": (0x1, 0x1C), "2.0.0": (0x1, 0x5C), "2.5.3": (0x1, 0x35C), "2.7.0": (0x1, 0x35C),
        "2.10.8": (0x1, 0x75C), "2.17.0": (0x1, 0x75C),
    },
    "OST": {
        "1.8.9-wc1": (0, 0xB), "2.0.0": (0, 0xB), "2.5.3": (0, 0x1B), "2.7.0": (0x2, 0x1A),
        "2.10.8": (0x2, 0x1A), "2.17.0": (0x2, 0x1A),
    },
}  # fmt: skip
LAST_RCVDS = real("1.8.7*--last_rcvd")


def said_of(data: bytes | bytearray, release: str) -> list[tuple[str, str]]:
    return told(last_rcvd.examine(bytes(data), "1.8", release).faults)


@pytest.mark.parametrize("path", LAST_RCVDS, ids=lambda path: path.name)
def test_every_bit_of_every_feature_word(path: Path) -> None:
    kind = "OST" if "-ost--" in path.name else "MDT"
    for release, function in BY_KIND[kind].items():
        for word, offset in (("compat", 64), ("rocompat", 68), ("incompat", 72)):
            known = {
                "compat": 0xFFFFFFFF,
                "rocompat": SUPPORTED[kind][release][0],
                "incompat": SUPPORTED[kind][release][1],
            }
            for bit in range(32):
                data = bytearray(path.read_bytes())
                put(data, offset, 1 << bit)
                said = said_of(data, release)
                assert bool(said) == (not known[word] >> bit & 1), (release, word, bit)
                assert said in ([], [("refuses to start: -EINVAL", function)])


@pytest.mark.parametrize("path", LAST_RCVDS, ids=lambda path: path.name)
def test_every_other_damage_of_a_last_rcvd(path: Path) -> None:
    for release in BY_KIND["MDT"]:
        for offset, width in ((76, 4), (80, 4), (84, 2)):
            data = bytearray(path.read_bytes())
            data[offset : offset + width] = bytes(width)
            assert said_of(data, release), (release, offset)
        slot = bytearray(path.read_bytes()[:8192]) + b"one".ljust(128, b"\0")
        assert said_of(slot, release) == []
        assert said_of(slot[:-1], release), release
        assert said_of(slot + b"one".ljust(128, b"\0"), release), release
        index = bytearray(path.read_bytes())
        put(index, 140, 7)
        assert bool(said_of(index, release)) == (release not in ("1.8.9-wc1", "2.0.0"))


# --- the other files --------------------------------------------------------------------------------------------------


def word(at: int, value: int) -> Callable[[bytearray], None]:
    return lambda data: put(data, at, value)


def shorter(data: bytearray) -> None:
    del data[-3:]


def half(data: bytearray) -> None:
    del data[len(data) // 3 :]


MOUNT = "utils/mount_lustre.c:main"
SEQUENCES, GROUPS = "fid/fid_store.c:seq_store_read", "obdfilter/filter.c:filter_prep_groups"
QUOTA, ENTRY = "lvfs/lustre_quota_fmt.c:check_quota_file", "ldiskfs/namei.c:ext4_check_dir_entry"
OBJIDS = "mds/mds_lov.c:mds_lov_read_objids"
USERS, DISK = "1.8.9-mdt--OBJECTS--admin_quotafile_v2.usr", "1.8.7-mdt--CONFIGS--mountdata"
PARSE, CATALOGUES = "obdclass/obd_mount.c:ldd_parse", "obdclass/llog_osd.c:llog_osd_get_cat_list"
#: file, what is done to it, release, what its reader does, and its function.
OF_OTHERS: list[tuple[str, str, Callable[[bytearray], None], str, str, str]] = [
    ("mountdata magic", DISK, word(0, 5), "1.8.9-wc1", "refuses to mount", PARSE),
    ("mountdata magic later", "2.10-ost--CONFIGS--mountdata", word(0, 5), "2.10.8", "does not mount", MOUNT),
    ("mountdata rocompat", DISK, word(8, 1), "2.3.0", "refuses to mount", PARSE),
    ("mountdata incompat", DISK, word(12, 1), "1.8.0", "refuses to mount", PARSE),
    ("mountdata index", DISK, word(24, 3), "2.17.0", "does not mount", MOUNT),
    ("mountdata cut", DISK, shorter, "1.8.9-wc1", "refuses to mount", PARSE),
    ("catalogue list cut", "1.8.7-mdt--CATALOGS", shorter, "2.0.0", "takes what is missing for zeroes", CATALOGUES),
    ("sequences cut", "2.1.1-mdt--seq_srv", shorter, "2.1.6", "refuses to start: -EIO", SEQUENCES),
    ("object numbers cut", "2.10-mdt1--lov_objid", shorter, "2.10.8", "passes over", OBJIDS),
    ("last object number cut", "2.10-ost--O--0--LAST_ID", shorter, "2.10.8", "refuses", GROUPS),
    ("quota magic's version", USERS, word(4, 9), "1.8.9-wc1", "refuses the file", QUOTA),
    ("quota cut", USERS, half, "1.8.9-wc1", "refuses the file", QUOTA),
    ("directory entry", "1.8.7-mdt--dir-2.blocks", word(28, 0x0A010003), "1.8.9-wc1", "-EIO", ENTRY),
]  # fmt: skip


@pytest.mark.parametrize("row", OF_OTHERS, ids=lambda row: row[0])
def test_every_damage_of_another_file_is_told(row: tuple[str, str, Callable[[bytearray], None], str, str, str]) -> None:
    _, name, damage, release, does, function = row
    (path,) = real(name)
    data = bytearray(path.read_bytes())
    damage(data)
    file = recognise(name, bytes(data), "2.0", release)
    assert file is not None
    assert any(does in what and where == function for what, where in told(file.reading.faults)), file.reading.faults
