"""precheck: the targets that Lustre's own tests upgrade are ready, and every planted obstacle is found.

conf-sanity's test_32 upgrades the images that these files are of; an obstacle is planted by one change.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat_tests.files.test_target import unpack
from compat_tests.recorded import FIXTURES
from compat_tests.shared import CASES, REAL, needs_cases, needs_real
from lustre_wire.cli.main import cli

SESSION = FIXTURES / "captures" / "recorded-session-1.8.pcap"


def found(paths: list[Path], old: str, new: str) -> list[dict[str, str]]:
    result = CliRunner().invoke(cli, ["precheck", *map(str, paths), "--from", old, "--to", new, "--json"])
    *findings, verdict = map(json.loads, result.stdout.splitlines())
    assert verdict["ready"] == (not findings)
    assert result.exit_code == int(bool(findings)), result.output
    return findings


@needs_real
@pytest.mark.parametrize(
    ("mdt", "ost", "old", "new"),
    [
        ("1.6-mds", "1.6-ost", "1.6", "1.8"),
        ("1.8.7-mdt", "1.8.7-ost", "1.8", "2.0"), ("1.8.7-mdt", "1.8.7-ost", "1.8", "2.4.0"),
        ("1.8.9-mdt", "1.8.9-ost", "1.8", "2.5"), ("1.8.0-mds", "1.8.0-ost", "1.8.0", "1.8.9-wc1"),
        ("2.1.1-mdt", "2.1.1-ost", "2.1", "2.4.0"), ("2.1.4-mdt", "2.1.4-ost", "2.1", "2.10"),
        ("2.3.0-mdt", "2.1.4-ost", "2.3", "2.17"), ("2.5-mdt1", "2.1.4-ost", "2.5", "2.12"),
        ("2.10-mdt1", "2.10-ost", "2.10", "2.17"),
    ],
)  # fmt: skip
def test_what_lustres_own_tests_upgrade_is_ready(mdt: str, ost: str, old: str, new: str, tmp_path: Path) -> None:
    assert found([unpack(mdt, tmp_path / "mdt"), unpack(ost, tmp_path / "ost")], old, new) == []


@needs_real
@pytest.mark.parametrize(
    ("mdt", "ost", "old", "new", "rules"),
    [
        ("1.6-mds", "1.6-ost", "1.6", "2.0", {"clients"}),
        ("2.1.4-mdt", "2.1.4-ost", "2.1", "1.8", {"commands"}),
        ("2.3.0-mdt", "2.1.4-ost", "2.3", "2.1", {"features"}),
        ("2.10-mdt1", "2.10-ost", "2.10", "2.5", {"features", "logs", "records", "layouts", "objects"}),
        ("2.10-mdt1", "2.10-ost", "2.10", "2.8.0", {"layouts"}),
    ],
)
def test_what_cannot_go_there(mdt: str, ost: str, old: str, new: str, rules: set[str], tmp_path: Path) -> None:
    findings = found([unpack(mdt, tmp_path / "mdt"), unpack(ost, tmp_path / "ost")], old, new)
    assert {finding["rule"] for finding in findings} == rules
    assert all(finding["do"] and finding["function"] for finding in findings)


def change(path: str, at: int, data: bytes) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        whole = bytearray((folder / path).read_bytes())
        whole[at : at + len(data)] = data
        (folder / path).write_bytes(whole)

    return plant


def client(folder: Path) -> None:
    whole = (folder / "mdt" / "last_rcvd").read_bytes()[:8192]
    (folder / "mdt" / "last_rcvd").write_bytes(whole + b"a-client".ljust(128, b"\0"))


def other_type(folder: Path) -> None:
    """The first device of type "mdc" becomes one of a type that nobody has."""
    log = folder / "mdt" / "CONFIGS" / "t32fs-client"
    log.write_bytes(log.read_bytes().replace(b"\0mdc\0", b"\0abc\0", 1))


def listed(name: str, value: bytes) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        (folder / "mdt" / "xattrs.jsonl").write_text(json.dumps({"ino": 7, "xattrs": {name: value.hex()}}))

    return plant


def joined_record(folder: Path) -> None:
    """The one live record of a catalogue's log becomes a part of a joined file."""
    whole = bytearray((folder / "mdt" / "OBJECTS" / "2711_c495ecaa").read_bytes())
    whole[36] = 4  # plain
    whole[24:28] = struct.pack("<I", 2)
    whole[88] = 3
    whole[8200:8204] = struct.pack("<I", 0x10650000)
    (folder / "mdt" / "OBJECTS" / "2711_c495ecaa").write_bytes(whole)


#: What is planted into targets of 1.8.7, and which rule finds it on the way to 2.0.
PLANTED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a feature that 2.0 lacks": (change("mdt/last_rcvd", 72, struct.pack("<I", 0x24)), "features"),
    "a feature of an MDT on an OST": (change("ost/last_rcvd", 72, struct.pack("<I", 6)), "features"),
    "a feature in mountdata": (change("ost/CONFIGS/mountdata", 12, struct.pack("<I", 1)), "features"),
    "a client that is known": (client, "clients"),
    "a damaged configuration log": (change("mdt/CONFIGS/t32fs-client", 8200, struct.pack("<I", 0x10620099)), "damage"),
    "another target's last_rcvd": (change("ost/last_rcvd", 0, b"t32fs-OST0009_UUID"), "damage"),
    "a command of a later release": (change("mdt/CONFIGS/t32fs-client", 8436, struct.pack("<I", 0xCF077)), "commands"),
    "a device of a later release": (other_type, "commands"),
    "an OST that lost objects": (change("ost/O/0/LAST_ID", 0, struct.pack("<Q", 5)), "object numbers"),
    "a joined file": (listed("trusted.lov", struct.pack("<2I2Q2I", 0xBD20BD0, 1, 7, 0, 65536, 2)), "joined files"),
    "a joined file's log": (joined_record, "joined files"),
    "a layout of a later release": (listed("trusted.lov", struct.pack("<4I", 0xBD70BD0, 0, 1, 0)), "layouts"),
    "an object of a later release": (listed("trusted.lma", struct.pack("<2IQ2I", 0, 8, 0x400, 1, 0)), "objects"),
}  # fmt: skip


@needs_real
@pytest.mark.parametrize("obstacle", PLANTED)
def test_a_planted_obstacle_is_found(obstacle: str, tmp_path: Path) -> None:
    targets = [unpack("1.8.7-mdt", tmp_path / "mdt"), unpack("1.8.7-ost", tmp_path / "ost")]
    plant, rule = PLANTED[obstacle]
    plant(tmp_path)
    findings = found(targets, "1.8", "2.0")
    assert {finding["rule"] for finding in findings} == {rule}
    assert all(finding["do"] for finding in findings)


@needs_cases
@pytest.mark.parametrize(
    ("case", "old", "new", "rules"),
    [
        ("client-2.1.llog", "2.1", "1.8", []), ("lr-mdt-som", "1.8", "2.0", ["features"]),
        ("lr-2.10-ost-real", "2.10", "1.8", ["features"]), ("lr-2.10-ost-real", "2.10", "2.17", []),
        ("update-2.10.llog", "2.10", "2.7", ["logs"]), ("lr-compat-unknown", "1.8", "2.0", []),
    ],
)  # fmt: skip
def test_single_files(case: str, old: str, new: str, rules: list[str]) -> None:
    assert [finding["rule"] for finding in found([CASES / case], old, new)] == rules


def test_a_session_whose_clients_offer_what_2_0_needs() -> None:
    assert found([SESSION], "1.8", "2.0") == []


@pytest.mark.skipif(not (REAL.parent / "real-clients").is_dir(), reason="needs ../shared/real-clients")
def test_a_client_without_fids_is_named() -> None:
    (finding,) = found([REAL.parent / "real-clients" / "r189_18b.pcap"], "1.8", "2.0")
    assert finding["rule"] == "connect flags"
    assert "client 127.0.0.5@tcp" in finding["where"]
    assert finding["function"] == "mdt/mdt_handler.c:mdt_connect_internal"


def test_what_is_no_release() -> None:
    result = CliRunner().invoke(cli, ["precheck", str(SESSION), "--from", "1.8", "--to", "3.0"])
    assert result.exit_code == 2
    assert "no release '3.0'; there are 1.8.0, 1.8.9-wc1, 2.0.0" in result.stderr
