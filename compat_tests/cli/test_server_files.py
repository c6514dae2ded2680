"""llog, last-rcvd and mountdata: files of servers, of bytes that Lustre's own code wrote or its headers lay out."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_tests.recorded import payloads
from lustre_wire.cli.main import cli

CHUNK = 8192
CFG, PAD, UNLINK, CHANGELOG = 0x10620000, 0x10600000, 0x10612404, 0x10660000


def run(*args: str, data: bytes, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, [*args, "-"], input=data)
    assert result.exit_code == status, result.output
    return result


def record(index: int, kind: int, body: bytes) -> bytes:
    size = 16 + len(body) + 8
    return struct.pack("<4I", size, index, kind, 0) + body + struct.pack("<2I", size, index)


def log(*bodies: tuple[int, bytes], cancelled: tuple[int, ...] = ()) -> bytes:
    """A log of one chunk, filled up with a padding record, little-endian."""
    records = [record(i, kind, body) for i, (kind, body) in enumerate(bodies, 1)]
    left = CHUNK - sum(map(len, records))
    records.append(record(len(records) + 1, PAD, bytes(left - 24)))
    bitmap = bytearray(8096)
    for i in range(len(bodies) + 1):
        if i not in cancelled:
            bitmap[i // 8] |= 1 << i % 8
    count = len(bodies) + 1 - len(cancelled)
    head = struct.pack("<4I", CHUNK, 0, 0x10645539, 0) + struct.pack("<Q5I", 1297555200, count, 88, 0, 4, 0)
    head += b"config_uuid".ljust(40, b"\0") + bytes(4) + bytes(bitmap) + struct.pack("<2I", CHUNK, len(records))
    return head + b"".join(records)


def marker(flags: int, step: int = 1) -> bytes:
    """A lustre_cfg with the command LCFG_MARKER: two buffers, the second a cfg_marker of 160 bytes."""
    inside = struct.pack("<4I2Q", step, flags, 0x1080900, 0, 1297555200, 0)
    inside += b"golden-MDT0000".ljust(64, b"\0") + b"add mdc".ljust(64, b"\0")
    return struct.pack("<4IQ2I", 0x1CF60001, 0xCF010, 0, 0, 0, 0, 2) + struct.pack("<2I", 0, 160) + inside


ATTACH = next(row for row in payloads("lustre-cfg") if row["params"]["cmd"] == "LCFG_ATTACH")


class TestLlog:
    CONFIGS = log((CFG, marker(1)), (CFG, bytes.fromhex(ATTACH["hex"])), (CFG, marker(2)))

    @pytest.mark.parametrize("dialect", ["1.8", "2.0"])
    def test_a_configuration_log_is_the_script_that_writes_it(self, dialect: str) -> None:
        name, kind, uuid = ATTACH["params"]["bufs"]
        start, *script, end = run("llog", "-d", dialect, data=self.CONFIGS).stdout.splitlines()
        assert script == [f"attach {kind} {name} {uuid}"]
        assert "golden-MDT0000 'add mdc'" in start
        assert "CM_START" in start
        assert "CM_END" in end

    def test_what_a_reader_passes_over(self) -> None:
        shown = run("llog", "-d", "1.8", data=log((CFG, bytes.fromhex(ATTACH["hex"])))).stdout
        assert shown.startswith("# skipped: attach ")

    def test_every_record_of_any_log(self) -> None:
        body = struct.pack("<QII", 4711, 0, 1)
        shown = run("llog", "-d", "1.8", data=log((UNLINK, body), (UNLINK, body), cancelled=(2,))).stdout.splitlines()
        assert shown[0] == "1 live of 3 records, little-endian"
        assert shown[2].split()[:3] == ["1", "live", "MDS_UNLINK_REC"]
        assert "4711" in shown[2]
        assert shown[3].split()[:2] == ["2", "MDS_UNLINK_REC"]
        assert shown[4].split()[:2] == ["3", "LLOG_PAD_MAGIC"]

    def test_records_another_version_does_not_know(self) -> None:
        data = log((0x10670000, bytes(8)), (CFG, bytes.fromhex(ATTACH["hex"])))
        question = ("llog", "-d", "2.0", "--unknown-to", "1.8")
        assert run(*question, data=data, status=1).stdout.startswith("record 1: 1.8 skips")
        assert run(*question, data=self.CONFIGS).stdout == ""

    def test_without_a_release_files_are_read_in_the_light_of_the_newest(self, tmp_path: Path) -> None:
        """Names that 2.0 does not have are there, and where that release is named they are not; as the help says."""
        (tmp_path / "last_rcvd").write_bytes(last_rcvd(incompat=0x200))
        renamed = struct.pack("<2HI", 1, 0x2000, 8) + bytes(56) + b"\1" * 32 + b"n".ljust(8, b"\0")  # CLF_RENAME: 2.7
        (tmp_path / "log").write_bytes(log((CHANGELOG, renamed)))
        for command, name, new in (("last-rcvd", "last_rcvd", "MULTI_OI"), ("file", "last_rcvd", "MULTI_OI"),
                                   ("llog", "log", "s=["), ("file", "log", "s=[")):  # fmt: skip
            shown = {}
            for release in ((), ("-d", "2.17"), ("-d", "2.0")):
                shown[release] = CliRunner().invoke(cli, [command, *release, str(tmp_path / name)]).stdout
            assert shown[()] == shown["-d", "2.17"] and new in shown[()], (command, shown[()])
            assert new not in shown["-d", "2.0"]
            told = CliRunner().invoke(cli, [command, "--help"]).stdout
            assert "the newest one if not" in told

    def test_json(self) -> None:
        shown = json.loads(run("llog", "-d", "1.8", "--json", data=self.CONFIGS).stdout)
        assert [r["type"] for r in shown["records"]] == ["OBD_CFG_REC"] * 3 + ["LLOG_PAD_MAGIC"]
        texts = ATTACH["params"]["bufs"]
        assert shown["records"][1]["config"]["buffers"] == [f"{text.encode().hex()}00" for text in texts]


def last_rcvd(*uuids: bytes, incompat: int = 0xC) -> bytes:
    head = b"golden-MDT0000_UUID".ljust(40, b"\0")
    head += struct.pack("<3Q4IIHH", 4711, 0, 3, 4, 1, incompat, 512, 8192, 128, 0)
    slots = [uuid.ljust(40, b"\0") + struct.pack("<2Q2I", 17, 99, 0xFFFFFFFE, 3) + bytes(64) for uuid in uuids]
    return head.ljust(8192, b"\0") + b"".join(slots)


class TestLastRcvd:
    def test_the_server_and_its_clients(self) -> None:
        shown = run("last-rcvd", "-d", "2.0", data=last_rcvd(b"first", b"", b"third")).stdout
        assert "lsd_uuid: golden-MDT0000_UUID" in shown
        assert "lsd_feature_incompat: OBD_INCOMPAT_MDT|OBD_INCOMPAT_COMMON_LR" in shown
        assert f"{8192 + 2 * 128:>7}  client 2\n" in shown
        assert shown.count("lcd_last_result: -2 ENOENT") == 2
        assert shown.splitlines()[-1] == "2 clients, last transaction 4711"

    def test_features_that_a_server_of_the_dialect_refuses(self) -> None:
        shown = run("last-rcvd", "-d", "1.8", data=last_rcvd(incompat=0x8000C), status=1).stdout
        assert "lsd_feature_incompat, byte 72: expected none of 0x80000, got 0x8000c; refuses to start" in shown
        assert "(mds/mds_fs.c:mds_init_server_data)" in shown

    def test_json(self) -> None:
        shown = json.loads(run("last-rcvd", "-d", "2.0", "--json", data=last_rcvd(b"first", b"", b"third")).stdout)
        assert [(client["slot"], client["uuid"]) for client in shown["clients"]] == [(0, "first"), (2, "third")]


def test_mountdata() -> None:
    head = struct.pack("<8I", 0x1DD00001, 4, 0, 0, 1, 0x101, 0, 1)
    head += b"golden".ljust(64, b"\0") + b"golden-MDT0000".ljust(64, b"\0") + b"golden-MDT0000_UUID"
    data = head.ljust(12288, b"\0")
    shown = run("mountdata", "-d", "1.8", data=data).stdout
    assert shown.startswith("      0  golden-MDT0000\n")
    assert "ldd_flags: LDD_F_SV_TYPE_MDT|LDD_F_WRITECONF" in shown
    assert "ldd_uuid: golden-MDT0000_UUID" in shown
    assert json.loads(run("mountdata", "-d", "1.8", "--json", data=data).stdout)["service"] == "golden-MDT0000"
    features = data[:12] + struct.pack("<3I", 0x10, 1, 0x101) + data[24:]
    assert (
        "ldd_feature_incompat, byte 12: expected 0, got 0x10; refuses to mount: -EINVAL"
        in run("mountdata", "-d", "1.8", data=features, status=1).stdout
    )


@pytest.mark.parametrize("command", ["llog", "last-rcvd", "mountdata"])
def test_files_that_cannot_be_used(command: str, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"no file of a server")
    for name in (str(tmp_path), str(tmp_path / "missing"), str(junk)):
        result = CliRunner().invoke(cli, [command, name])
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=100).map(lambda junk: TestLlog.CONFIGS[: CHUNK + 300] + junk),
        st.tuples(st.integers(0, 2 * CHUNK - 1), st.integers(0, 255)).map(
            lambda at: TestLlog.CONFIGS[: at[0]] + bytes([at[1]]) + TestLlog.CONFIGS[at[0] + 1 :]
        ),
        st.binary(max_size=60).map(lambda junk: junk + last_rcvd(b"one", b"two")[len(junk) :]),
    ),
    command=st.sampled_from(["llog", "last-rcvd", "mountdata"]),
    as_json=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_no_file_is_too_odd(data: bytes, command: str, as_json: bool) -> None:
    result = CliRunner().invoke(cli, [command, *["--json"] * as_json, "-"], input=data)
    assert result.exit_code in (0, 1, 2)
    assert isinstance(result.exception, SystemExit | None)
