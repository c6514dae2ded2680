"""What is asked for and is not there is said: names, nodes, files, dialects."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.cli.main import cli

CAPTURE = str(FIXTURES / "captures" / "02-lnet-ping-discover.pcap")
GOLDEN = str(FIXTURES / "golden" / "lustre-1.8.9-dialect-1.8.jsonl")


def run(*args: str, input: bytes | None = None, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, args, input=input)
    assert result.exit_code == status, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.mark.parametrize(
    ("args", "close"),
    [
        (["decode", CAPTURE, "--opcode", "MDS_GETATR"], "MDS_GETATTR"),
        (["decode", CAPTURE, "--opcode", "MDX_*"], "MDX_*"),
        (["decode", CAPTURE, "--kind", "repli"], "close: reply"),
        (["decode", CAPTURE, "--kind", "zzz"], "there are request, reply"),
        (["decode", CAPTURE, "--nid", "10.0.0.9@tcp"], "10.0.0.3@tcp"),
        (["decode", CAPTURE, "--xid", "5"], "no message has transfer id 5"),
        (["decode", CAPTURE, "--dialect", "2,0"], "close: 2.0"),
        (["bench", "MDS_GETATR", "--dialect", "1.8"], "MDS_GETATTR"),
        (["layout", "mdt_bodi"], "mdt_body"),
        (["diff", "1.8", "2.0", "mds_bodi"], "mds_body"),
        (["diff", "1.8", "2.0", "mds_bodi:mdt_body"], "mds_body"),
        (["diff", "1.8", "2.0", "--rules", "mds_bodi"], "mds_body"),
        (["testbed", "run", "quite", "--dialect", "1.8"], "quiet"),
        (["upgrade", "clean-upgrad"], "clean-upgrade"),
        (["upgrade", "--policy", "shiped"], "shipped"),
    ],
)
def test_an_unknown_name_is_said_with_those_that_come_close(args: list[str], close: str) -> None:
    result = run(*args, status=2)
    assert result.stdout == "" and result.stderr.count("\n") == 1
    assert close in result.stderr


def test_what_is_known_and_not_there_is_said_too() -> None:
    result = run("decode", CAPTURE, "--opcode", "MDS_REINT")
    assert (result.stdout, result.stderr) == ("", "lustre-wire: none of 24 messages passes the filters\n")
    assert run("decode", CAPTURE, "--nid", "10.0.0.3@tcp", "--nid", "10.0.0.1@tcp").stderr == ""
    assert "10.0.0.9@tcp" in run("decode", CAPTURE, "--nid", "10.0.0.3@tcp", "--nid", "10.0.0.9@tcp", status=2).stderr


@pytest.mark.parametrize("command", [["decode"], ["verify", "--no-coverage"], ["translate", "--to", "2.17"]])
def test_a_file_that_cannot_be_read_does_not_stop_the_others(command: list[str], tmp_path: Path) -> None:
    for name, data in (("empty", b""), ("noise", b"\xff" * 50), ("cut.pcap", Path(CAPTURE).read_bytes()[:3000])):
        (tmp_path / name).write_bytes(data)
    bad = [str(tmp_path / name) for name in ("missing", "empty", "noise", "cut.pcap", ".")]
    result = run(*command, *bad[:2], CAPTURE, *bad[2:], status=2)
    assert [line.split(": ")[1].split(",")[0] for line in result.stderr.splitlines()] == bad
    alone = run(*command, CAPTURE).stdout.splitlines()
    if command == ["decode"]:
        assert result.stdout.splitlines()[: len(alone)] == alone
    else:
        assert result.stdout != ""


@pytest.mark.parametrize(("command", "found"), [(["decode"], 1), (["verify"], 1), (["translate", "--to", "1.8"], 1)])
def test_a_wrong_dialect_is_warned_of(command: list[str], found: int) -> None:
    result = run(*command, GOLDEN, "--dialect", "2.0", status=found)
    assert "warning: not dialect 2.0?" in result.stderr and "fit dialect 1.8" in result.stderr
    assert "warning" not in run("decode", GOLDEN, "--dialect", "1.8", "--summary").stderr


@pytest.mark.parametrize(
    "args",
    [["fuzz", "--exec", "a 'b"], ["fuzz", "--exec", ""], ["fuzz", "--exec", "/none/such"], ["fuzz", "--connect", "x:1"],
     ["fuzz", "--connect", "127.0.0.1:²"], ["fuzz", "--corpus", "/proc/self/fdinfo"],
     ["conformance", str(FIXTURES / "vectors"), "--exec", "a 'b"], ["conformance", __file__, "--exec", "true"],
     ["conformance", str(FIXTURES / "captures"), "--exec", "false"],
     ["upgrade", __file__.replace(".py", ".toml")], ["upgrade", "--fault", "x"], ["upgrade", "--set", "x"],
     ["translate", CAPTURE, "--to", "2.17", "--fids", "9" * 5000],
     ["llog", "/"], ["last-rcvd", "/"], ["mountdata", "/"], ["testbed", "run", "--dialect", ""]],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(args: list[str]) -> None:
    result = run(*args, status=2)
    assert result.stdout == "" and result.stderr.count("\n") == 1 and result.stderr.startswith("lustre-wire: ")


def block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


@pytest.mark.parametrize("offset", [1 << 62, -(1 << 62)])
def test_times_that_no_calendar_has(offset: int) -> None:
    """pcapng: a time stamp of 64 bits, and the interface's if_tsoffset in seconds."""
    packets = []
    data = Path(CAPTURE).read_bytes()
    at = 24
    while at < len(data):
        captured, length = struct.unpack_from("<II", data, at + 8)
        body = struct.pack("<IIIII", 0, 0xFFFFFFFF, 0xFFFFFFFF, captured, length)
        packets.append(block(6, body + data[at + 16 : at + 16 + captured].ljust(captured + 3 & ~3, b"\0")))
        at += 16 + captured
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHqHH", 14, 8, offset, 0, 0))
    file = b"".join([section, interface, *packets])
    for words in ([], ["--json"], ["-v"], ["--summary"]):
        assert run("decode", "-", *words, input=file).stdout.count("\n") > 2
    result = run("translate", "-", "--to", "2.17", "-o", "/dev/null", input=file, status=2)
    assert "years 1970 to 2106" in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.parametrize("release", ["2.17", "2.12", "2.15.5"])
def test_a_single_message_is_read_in_the_light_of_any_release(release: str, tmp_path: Path) -> None:
    path = tmp_path / "message.hex"
    path.write_text(lw.encode(lw.build(release, "MDS_GET_ROOT")).hex())
    (row,) = map(json.loads, run("decode", "--dialect", release, "--json", str(path)).stdout.splitlines())
    assert row["format"] == "MDS_GET_ROOT" and row["dialect"] == lw.dialect(release).name


def test_an_ipv6_nid_may_be_written_in_any_way() -> None:
    capture = str(FIXTURES / "captures" / "17-lnet-ipv6-large-nid.pcap")
    shown = run("decode", capture, "--nid", "fd00:988::2@tcp").stdout
    assert shown and run("decode", capture, "--nid", "FD00:0988:0:0::2@tcp").stdout == shown
    assert "no IPv6 address" in run("decode", capture, "--nid", "fd00:::2@tcp", status=2).stderr


@pytest.mark.parametrize("words", [["--numbers"], ["--data"], ["--summary", "--connections"]])
def test_options_that_do_not_go_together(words: list[str]) -> None:
    assert run("decode", GOLDEN, *words, status=2).stderr.startswith("lustre-wire: ")
