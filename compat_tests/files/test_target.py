"""Whole targets: folders of their files, and ldiskfs images made here and read through debugfs."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from compat_tests.shared import needs_real, real
from lustre_wire.cli.main import cli

needs_tools = pytest.mark.skipif(
    not (shutil.which("debugfs") and shutil.which("mkfs.ext4")), reason="needs e2fsprogs"
)  # fmt: skip


def unpack(name: str, into: Path) -> Path:
    """The real files of one target, where they stood in it."""
    for path in real(f"{name}--*"):
        inside = into / path.name.removeprefix(f"{name}--").replace("--", "/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes(path.read_bytes())
    return into


def run(*args: str, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["target", *args])
    assert result.exit_code == status, result.output
    return result


@needs_real
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1.8.9-mdt", ("t32fs-MDT0000: MGS and MDT", "written by 1.8.9.0", "0 clients", "lov_objid: 588")),
        ("1.8.9-ost", ("t32fs-OST0000: OST", "O/0/LAST_ID: 609", "incompat: OBD_INCOMPAT_OST")),
        ("2.3.0-mdt", ("written by 2.3.0.0", "OBD_INCOMPAT_MULTI_OI", "lov_objid: 393")),
        ("2.10-mdt1", ("t32fs-MDT0001: MDT", "written by 2.10.0.0", "2 records wait in update_log_dir/")),
        ("2.10-ost", ("t32fs-OST0000: OST", "rocompat: OBD_ROCOMPAT_IDX_IN_IDIF", "failover.node=1.2.3.4@tcp")),
        (
            "1.6-mds",
            ("lustre-MDT0000: MGS and MDT", "slot 0: 0e9b6ad0-1e45-0ebf-d037-ed3a2b6028f6, last transaction 3"),
        ),
    ],
)
def test_what_a_target_is(name: str, said: tuple[str, ...], tmp_path: Path) -> None:
    shown = run(str(unpack(name, tmp_path))).stdout
    for text in said:
        assert text in shown
    told = json.loads(run(str(tmp_path), "--json").stdout)
    assert told["faults"] == []
    assert told["name"] == said[0].split(":")[0] or said[0].startswith("written")


@needs_real
@needs_tools
def test_an_image_says_what_the_folder_says(tmp_path: Path) -> None:
    folder, image = tmp_path / "files", tmp_path / "image"
    unpack("1.8.7-mdt", folder)
    (folder / "ROOT").mkdir()
    (folder / "ROOT" / "a user's file").write_bytes(bytes(4096))
    with image.open("wb") as stream:
        stream.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", str(folder), str(image)], check=True, capture_output=True)
    before = image.read_bytes()
    assert run(str(image)).stdout == run(str(folder)).stdout
    assert image.read_bytes() == before


@needs_real
def test_an_image_where_debugfs_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(1080) + b"\x53\xef" + bytes(4096))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs debugfs, which is not installed (Debian: e2fsprogs)" in run(str(image), status=2).stderr


@needs_tools
def test_an_image_that_is_broken(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(1080) + b"\x53\xef" + bytes(4096))
    assert run(str(image), status=2).stderr.startswith(f"lustre-wire: {image}: debugfs: ")


def test_what_is_no_target(tmp_path: Path) -> None:
    assert run(str(tmp_path), status=1).stdout == "no file of a target\n"
    (tmp_path / "notes").write_text("?")
    assert "neither a folder" in run(str(tmp_path / "notes"), status=2).stderr


@needs_real
def test_the_last_rcvd_of_another_target(tmp_path: Path) -> None:
    folder = unpack("1.8.9-ost", tmp_path)
    data = bytearray((folder / "last_rcvd").read_bytes())
    data[:20] = b"t32fs-OST0007_UUID\0\0"
    (folder / "last_rcvd").write_bytes(data)
    shown = run(str(folder), "--release", "1.8", status=1).stdout
    assert "lsd_uuid, byte 0: expected t32fs-OST0000_UUID, got t32fs-OST0007_UUID; refuses to start: -EINVAL" in shown


@needs_real
def test_a_name_that_a_terminal_would_act_on(tmp_path: Path) -> None:
    folder = unpack("1.8.9-ost", tmp_path)
    data = bytearray((folder / "CONFIGS" / "mountdata").read_bytes())
    struct.pack_into("64s", data, 96, b"\x1b[2Jevil-OST0000")
    (folder / "CONFIGS" / "mountdata").write_bytes(data)
    (folder / "\x1b[31mred").write_text("?")
    shown = CliRunner().invoke(cli, ["target", str(folder)]).stdout
    assert "\x1b" not in shown
    assert "\\x1b[2Jevil" in shown
