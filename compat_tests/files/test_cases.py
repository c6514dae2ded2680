"""Each case of a damaged, odd or newer file gives what Lustre's source says of it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from compat_tests.shared import CASES, needs_cases
from lustre_wire.cli.main import cli

pytestmark = needs_cases


def run(command: str, case: str, *options: str, status: int) -> Result:
    result = CliRunner().invoke(cli, [command, str(CASES / case), *options])
    assert result.exit_code == status, result.output
    return result


#: case, records that are read, what is said (LU-15938, LU-16203, LU-19015, LU-14098).
DAMAGED = [
    ("zeroed-rec", 9, "byte 9624: expected a record, got 3304 bytes that are none; stops"),
    ("zeroed-rec", 9, "llh_bitmap, byte 89: expected records 10-28, got none; stops: -EIO"),
    ("bitbeyond", 28, "llh_bitmap, byte 93: expected records 40, got none; stops: -EIO"),
    ("headeronly", 0, "llh_bitmap, byte 88: expected records 1-28, got none; stops: -EIO"),
    ("indexgap", 28, "record 8.lrh_index, byte 9364: expected 8, got 50; takes it for the record whose turn it is"),
    ("badtype", 28, "record 10.lrh_type, byte 9624: expected 0x10620000, got 0x10620099; skips"),
    ("cfg-version", 28, "record 8.lcfg_version, byte 9376: expected 0x1cf60001 in either byte order, got 0xdeadbeef; "),
    ("cfg-bufcount9", 28, "record 8.lcfg_bufcount, byte 9376: expected fewer than 8 buffers, got 9; stops: -EINVAL"),
    ("cfg-buflen", 28, "record 8.buffer 0, byte 9424: expected 4048 bytes, got 112; stops: -EINVAL, and the mount"),
    ("badtail", 28, "record 8.lrt_index, byte 9492: expected 8, got 9; goes astray where it reads the log backwards"),
    ("badlen", 9, "lrh_len, byte 9624: expected a multiple of 8 from 24 to 8192, got 305419896; stops: -EINVAL"),
    ("len0", 9, "lrh_len, byte 9624: expected a multiple of 8 from 24 to 8192, got 0; stops: -EINVAL"),
    ("unaligned", 9, "lrh_len, byte 9624: expected a multiple of 8 from 24 to 8192, got 228; stops: -EINVAL"),
    ("cut", 20, "lrh_len, byte 11704: expected a record of 80 bytes, got 40; stops: -EINVAL"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "records", "said"), DAMAGED)
def test_what_is_good_is_shown_and_then_the_damage(case: str, records: int, said: str) -> None:
    lines = run("llog", f"{case}.llog", "-d", "1.8", "-r", status=1).stdout.splitlines()
    rows = [line for line in lines[1:] if line.split()[0].isdigit() and line.split()[1] == "live"]
    damage = [line for line in lines if said in line]
    assert len(damage) == 1
    assert lines.index(damage[0]) > records
    assert len(rows) in (records, records - 1)  # a record whose own number is wrong is not live
    told = json.loads(run("llog", f"{case}.llog", "-d", "1.8", "--json", status=1).stdout)
    assert len(told["records"]) == records
    assert all(fault["function"] for fault in told["faults"])


def test_live_records_that_are_no_command_stand_in_the_command_view() -> None:
    shown = run("llog", "badtype.llog", "-d", "1.8", status=1).stdout
    assert "# skipped: record 10 is no command: type 0x10620099, 224 bytes\n" in shown
    shown = run("llog", "cfg-version.llog", "-d", "1.8", status=1).stdout
    assert "# skipped: record 8 is no command: type 0x10620000, 136 bytes\n" in shown


@pytest.mark.parametrize("case", ["be", "be32", "skip"])
def test_odd_but_whole(case: str) -> None:
    """b=16771, LU-7276, LU-5631, LU-2645."""
    assert run("llog", f"{case}.llog", "-d", "1.8", status=0).stdout


def test_a_client_of_1_8_passes_over_all_that_is_for_an_lmv() -> None:
    lines = run("llog", "client-2.1.llog", "-d", "2.0", "--unknown-to", "1.8", status=1).stdout.splitlines()
    assert [line.split()[:4] for line in lines] == [["record", f"{n}:", "1.8", "skips"] for n in (6, 7, 13)]
    assert all(line.endswith("(obdclass/obd_config.c:class_config_llog_handler)") for line in lines)


def test_a_log_never_written_to() -> None:
    """LU-12420, LU-7276."""
    assert run("llog", "empty.llog", status=0).stdout == "uninitialised log: nothing was ever written to it\n"


@pytest.mark.parametrize("case", ["clogle", "clogbe"])
def test_changes_with_their_times_and_flags(case: str) -> None:
    shown = run("llog", f"{case}.llog", "--dialect", "2.0", status=0).stdout
    assert "2 06UNLNK 00:00:01.000000 2011.02.13 0x1 t=[0x200000400:0x5:0x0]" in shown
    assert "new\\nline" in shown


def test_a_log_of_2_10_has_larger_chunks() -> None:
    shown = run("llog", "update-2.10.llog", status=0).stdout
    assert shown.count("LLOG_LOGID_MAGIC") >= 3
    refused = run("llog", "update-2.10.llog", "-d", "1.8", status=1).stdout
    assert "llh_hdr.lrh_len, byte 0: expected at most 8192, got 32768; refuses the log: -EIO" in refused


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("lr-mdt-groups", "lsd_feature_incompat, byte 72: expected none of 0x1, "),
        ("lr-mdt-som", "lsd_feature_incompat, byte 72: expected none of 0x20, "),
        ("lr-mdt-crow", "lsd_feature_rocompat, byte 68: expected none of 0x2, "),
        ("lr-ost-fid", "lsd_feature_incompat, byte 72: expected none of 0x10, "),
        ("lr-ost-mdtbit", "lsd_feature_incompat, byte 72: expected none of 0x4, "),
        ("lr-ost-lovobjid", "lsd_feature_rocompat, byte 68: expected none of 0x1, "),
        ("lr-2.10-ost-real", "lsd_feature_rocompat, byte 68: expected none of 0x2, "),
        ("lr-compat-unknown", ""),
    ],
)
def test_a_server_refuses_what_its_kind_of_target_does_not_have(case: str, said: str) -> None:
    shown = run("last-rcvd", case, "-d", "1.8", status=int(bool(said))).stdout
    assert said in shown
    assert ("refuses to start: -EINVAL" in shown) == bool(said)
