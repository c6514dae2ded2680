"""The command as a process: exit statuses, closed pipes, unreadable files, and no traceback on any input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat_tests import recorded
from compat_tests.recorded import FIXTURES
from lustre_wire.cli.main import cli
from lustre_wire.testing import damaged

GOLDEN = FIXTURES / "golden" / "lustre-1.8.9-dialect-1.8.jsonl"
CAPTURE = (FIXTURES / "captures" / "02-lnet-ping-discover.pcap").read_bytes()
COMMAND = [sys.executable, "-m", "lustre_wire"]


def run(*args: str, stdin: bytes | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *args], input=stdin, capture_output=True, env={**os.environ, **env}, timeout=60, check=False
    )


def test_a_reader_that_stops_early_is_no_error() -> None:
    process = subprocess.Popen([*COMMAND, "decode", str(GOLDEN)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0


@pytest.mark.parametrize("command", ["decode", "verify"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", b"No such file or directory"), ("folder", b"Is a directory"), ("empty", b"empty file")],
)
def test_files_that_cannot_be_used(tmp_path: Path, command: str, name: str, reason: bytes) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    result = run(command, str(tmp_path / name))
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"lustre-wire: ")
    assert reason in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_a_file_that_opens_but_cannot_be_read() -> None:
    result = run("decode", "/proc/self/mem")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr == b"lustre-wire: /proc/self/mem: Input/output error\n"


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [*COMMAND, "decode", str(GOLDEN)], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert result.returncode == 2
    assert result.stderr == b"lustre-wire: No space left on device\n"


def test_standard_input() -> None:
    shown = run("decode", "-", "--limit", "40", stdin=GOLDEN.read_bytes()).stdout
    assert shown == run("decode", "--limit", "40", str(GOLDEN)).stdout
    assert shown.count(b"\n") == 40


def test_messages_of_a_running_capture_are_shown_as_they_come() -> None:
    """As with `tcpdump -w - | lustre-wire decode -`: what has arrived is shown, though more may follow."""
    process = subprocess.Popen([*COMMAND, "decode", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    middle = len(CAPTURE) * 3 // 4
    process.stdin.write(CAPTURE[:middle])
    process.stdin.flush()
    early = [process.stdout.readline() for _ in range(8)]
    assert process.poll() is None
    process.stdin.write(CAPTURE[middle:])
    process.stdin.close()
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == 0
    assert b"".join(early) + rest == run("decode", "-", stdin=CAPTURE).stdout


def test_text_for_a_terminal_without_unicode() -> None:
    result = run("decode", "-v", "--limit", "40", str(GOLDEN), PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.isascii()


def test_no_colour_in_a_pipe() -> None:
    assert b"\x1b" not in run("decode", "--limit", "40", str(GOLDEN)).stdout + run("layout").stdout


def test_help_loads_nothing_that_help_does_not_need() -> None:
    """No dialect, no engine, no table printer: that is what makes it quick."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lustre_wire", "--help"], capture_output=True, check=True
    )
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in result.stderr.splitlines()}
    ours = {name for name in loaded if name.startswith(("lustre_wire", "lustre_codecs"))}
    assert ours == {"lustre_wire", "lustre_wire.cli", "lustre_wire.cli.main", "lustre_wire.errors"}
    assert "click" in loaded and not loaded & {"rich", "numpy", "hypothesis", "pyarrow"}


def test_completion() -> None:
    shown = run(_LUSTRE_WIRE_COMPLETE="bash_source").stdout
    assert b"_LUSTRE_WIRE_COMPLETE=bash_complete" in shown
    words = run(_LUSTRE_WIRE_COMPLETE="bash_complete", COMP_WORDS="lustre-wire lay", COMP_CWORD="1").stdout
    assert words.split() == [b"plain,layout"]


MESSAGES = [m.data for m in recorded.messages()[::40]]
FILES = st.one_of(
    st.binary(max_size=400),
    st.sampled_from(MESSAGES).flatmap(lambda data: st.integers(0, len(data)).map(lambda n: data[:n])),
    st.sampled_from(MESSAGES).map(lambda data: data.hex().encode()),
    st.binary(max_size=60).map(lambda junk: CAPTURE[:400] + junk),
    st.integers(0, len(CAPTURE)).map(lambda n: CAPTURE[:n]),
    st.text(max_size=80).map(lambda text: b'{"hex": "' + text.encode() + b'"}'),
    st.sampled_from([b'{"buffers": 1}', b'{"hex": 5}', b"{" * 100_000, b"[1]", b"\xff\xfe", b"00 " * 400]),
)


@given(data=FILES, command=st.sampled_from(["decode", "verify"]), tree=st.booleans(), as_json=st.booleans())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_input_is_too_odd(data: bytes, command: str, tree: bool, as_json: bool) -> None:
    _survives(data, command, tree, as_json)


@given(data=damaged(), tree=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_message_is_too_damaged(data: bytes, tree: bool) -> None:
    _survives(data, "decode", tree, False)


def _survives(data: bytes, command: str, tree: bool, as_json: bool) -> None:
    options = ["-v"] * (tree and command == "decode") + ["--json"] * as_json
    result = CliRunner().invoke(cli, [command, *options, "-"], input=data)
    assert result.exit_code in (0, 1, 2), result.output
    assert isinstance(result.exception, SystemExit | None)
    assert (result.exit_code == 2) == result.stderr.startswith("lustre-wire: ")
    assert result.stderr.count("\n") <= 1
