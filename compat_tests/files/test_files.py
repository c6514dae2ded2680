"""Every file of a target is recognised, read whole, and written as the same bytes where we write its kind."""

from __future__ import annotations

import json
import struct
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat_tests.shared import needs_real, real
from lustre_wire.cli.main import cli
from lustre_wire.payloads import attributes, directory, last_rcvd, llog, mountdata, records
from lustre_wire.payloads.files import ServerFile, recognise

FILES = [path for path in real("*--*") if path.suffix != ".pcapng"]
WRITERS = {
    "LogFile": llog.write_log, "LastRcvd": last_rcvd.write, "MountData": mountdata.write, "RecordFile": records.write,
}  # fmt: skip


def read(path: Path | str, data: bytes) -> ServerFile:
    found = recognise(path.name if isinstance(path, Path) else path, data, "2.0", "2.17.0")
    assert found is not None, path
    return found


@needs_real
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_real_file_is_read_whole_and_written_again(path: Path) -> None:
    data = path.read_bytes()
    file = read(path, data)
    value = file.reading.value
    assert file.reading.faults == []
    name = type(value).__name__
    if name in WRITERS:
        assert WRITERS[name](value) == data
    elif file.kind == "directory":
        assert directory.write_blocks(value, "1.8") == data
    elif file.kind == "extended attributes":
        rows = [json.loads(line)["xattrs"] for line in data.decode().splitlines()]
        assert [{v.name: attributes.write(v).hex() for v in each.values} for each in value] == rows
    else:
        assert name == "Table"


@needs_real
def test_what_the_real_files_are() -> None:
    kinds = Counter(read(path, path.read_bytes()).kind for path in FILES)
    assert kinds["configuration log"] == 39
    assert sum(kinds.values()) == len(FILES)
    assert {"log", "catalogue", "last_rcvd", "mountdata", "directory", "user quota", "group quota"} <= set(kinds)


@needs_real
def test_composite_layouts_and_both_generations_of_attributes() -> None:
    (path,) = real("2.10-mdt1--xattrs.jsonl")
    listed = read(path, path.read_bytes()).reading.value
    composite = next(v.holds for each in listed for v in each.values if hasattr(v.holds, "components"))
    assert composite.head.lcm_entries[0].lcme_flags.name == "LCME_FL_INIT"
    assert len(composite.components) == composite.head.lcm_entry_count == 2
    lmas = [v.holds for each in listed for v in each.values if v.name == "trusted.lma"]
    assert {type(lma).__wire__.size for lma in lmas} == {24}
    (path,) = real("2.1.1-mdt--xattrs.jsonl")
    listed = read(path, path.read_bytes()).reading.value
    assert {type(v.holds).__wire__.size for each in listed for v in each.values if v.name == "trusted.lma"} == {64}


# --- kinds of which there is no real sample: made here as Lustre's headers lay them out -------------------------------


def iam(key: int, record: int, entries: list[tuple[bytes, bytes]]) -> bytes:
    root = struct.pack("<Q3H2B", 0xBEDABB1ED, key, record, 4, 0, 0).ljust(4096, b"\0")
    leaf = struct.pack("<2H", 0x1976, len(entries)) + b"".join(k + r for k, r in entries)
    return root + leaf.ljust(4096, b"\0")


def test_an_object_index() -> None:
    data = iam(16, 8, [(struct.pack(">QII", 0x200000400, 5, 0), struct.pack(">II", 77, 99))])
    (entry,) = read("oi.16", data).reading.value.entries
    assert (entry.key.f_seq, entry.key.f_oid, entry.record.oii_ino, entry.record.oii_gen) == (0x200000400, 5, 77, 99)
    assert entry.offset == 4096 + 4


@pytest.mark.parametrize(
    ("record", "index"), [(struct.pack(">QQII", 0x400, 0x800, 3, 1), 3), (struct.pack(">Q", 3), 3)]
)
def test_a_fid_location_database(record: bytes, index: int) -> None:
    (entry,) = read("fld", iam(8, len(record), [(struct.pack(">Q", 0x400), record)])).reading.value.entries
    assert entry.key.seq == 0x400
    assert getattr(entry.record, "lsr_index", getattr(entry.record, "mdt", None)) == index


def test_limits_of_the_second_generation_and_nodemaps() -> None:
    limits = iam(8, 32, [(struct.pack("<Q", 1000), struct.pack("<4Q", 20, 10, 0, 5))])
    (entry,) = read("quota_master/dt-0x0/0x20000", limits).reading.value.entries
    assert (entry.key.qid, entry.record.qbr_hardlimit) == (1000, 20)
    name = b"default".ljust(17, b"\0") + bytes([3, 0, 0]) + struct.pack("<3I", 0, 99, 99)
    (entry,) = read("CONFIGS/nodemap", iam(8, 32, [(struct.pack("<2I", 0x10000000, 0), name)])).reading.value.entries
    assert (entry.record.ncr_name, entry.record.ncr_squash_uid) == (b"default".ljust(17, b"\0"), 99)


def test_an_index_block_that_announces_more_than_it_holds() -> None:
    data = bytearray(iam(16, 8, [(bytes(16), bytes(8))]))
    struct.pack_into("<H", data, 4098, 9999)
    reading = read("oi.16", bytes(data)).reading
    assert [(fault.path, fault.offset) for fault in reading.faults] == [("ill_count", 4098)]
    assert len(reading.value.entries) == (4096 - 4) // 24


def test_replies_of_both_versions() -> None:
    old = struct.pack("<3I", 0xBDABDA01, 32, 32).ljust(32, b"\0") + struct.pack("<3Q2I", 9, 8, 7, 0, 2)
    file = read("reply_data", old).reading
    assert (file.faults, file.value.records[0].lrd_xid) == ([], 8)
    new = struct.pack("<3I", 0xBDABDA02, 32, 64).ljust(32, b"\0") + struct.pack("<3Q3I", 9, 8, 7, 0, 2, 6).ljust(
        64, b"\0"
    )
    assert read("reply_data", new).reading.value.records[0].lrd_batch_idx == 6
    wrong = old[:8] + struct.pack("<I", 48) + old[12:]
    (fault,) = read("reply_data", wrong).reading.faults
    assert (fault.path, str(fault.does)) == ("lrh_reply_size", "refuses to start: -EINVAL")
    assert fault.does is not None
    assert fault.does.function == "target/tgt_lastrcvd.c:tgt_reply_data_init"


def test_keys_and_states_of_checks() -> None:
    key = struct.pack("<Q2I", 0, 1, 0) + b"k" * 56
    assert [k.lk_keyid for k in read("capa_keys", key * 2).reading.value.records] == [1, 1]
    head = struct.pack("<4I5Q", 0xA0621A0B, 3, 1, 2, 5, 6, 1297555200, 0, 0)
    value = read("LFSCK/lfsck_namespace", head + bytes(512 - 56)).reading.value
    assert (value.head.lf_status.name, value.head.lf_success_count) == ("LS_COMPLETED", 2)
    assert records.write(value) == head + bytes(512 - 56)
    mark = struct.pack("<IHHIHH", 0x20130C1D, 1, 0, 10, 0, 0).ljust(64, b"\0")
    assert read("lfsck_bookmark", mark).reading.value.head.lb_speed_limit == 10


def test_what_getfattr_prints() -> None:
    text = f"# file: home/a\ntrusted.lma=0x{struct.pack('<2IQ2I', 0, 0, 0x200000400, 5, 0).hex()}\n\n"
    text += (
        "# file: home/b\ntrusted.lma=0x00\ntrusted.lov=0x"
        + struct.pack("<2I2QI2H", 0xBD10BD0, 1, 0, 0, 65536, 3, 9).hex()
    )
    reading = read("-", text.encode()).reading
    first, second = reading.value
    assert (first.about, first.values[0].holds.lma_self_fid.f_oid) == ("home/a", 5)
    default = second.values[1].holds
    assert (default.lmm_stripe_count, default.lmm_layout_gen) == (3, 9)
    assert [fault.path for fault in reading.faults] == ["home/b trusted.lma.trusted.lma"]


@pytest.mark.parametrize("path", ["CATALOGS", "LAST_ID", "seq_srv", "capa_keys", "lov_objid"])
def test_a_file_cut_short_is_told_by_its_reader(path: str) -> None:
    reading = read(path, b"\x01" * 20 + b"\x02").reading
    (fault,) = reading.faults
    assert fault.does is not None
    assert fault.does.function


def test_the_command_goes_on_behind_a_file_that_is_none(tmp_path: Path) -> None:
    junk, ids = tmp_path / "junk", tmp_path / "lov_objid"
    junk.write_bytes(b"?" * 50)
    ids.write_bytes(struct.pack("<2Q", 7, 9))
    result = CliRunner().invoke(cli, ["file", str(junk), str(tmp_path / "missing"), str(ids)])
    assert result.exit_code == 2
    assert "junk: no file of a server is like this" in result.stderr
    assert "missing: No such file" in result.stderr
    assert "      1  9\n" in result.stdout
