"""Every command that writes a file: it appears whole or not at all, and never on what the command reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from compat_tests.cli.test_commands import commands
from compat_tests.ports import free_port
from compat_tests.recorded import FIXTURES
from lustre_wire.capture.outputs import check_output, write_whole, writing
from lustre_wire.cli.main import cli
from lustre_wire.errors import WireError

CAPTURE = FIXTURES / "captures" / "02-lnet-ping-discover.pcap"
CRASHES = "sh -c 'kill -9 $$'"
FUZZ = ["fuzz", "--dialect", "1.8", "--count", "1", "--no-minimise", "--exec", CRASHES, "--findings"]


def tcp() -> list[str]:
    return ["--tcp", "--port", str(free_port())]


#: (words of the command, option) -> the command line that writes to a path.
WRITERS: dict[tuple[str, str], Callable[[str], list[str]]] = {
    ("translate", "output"): lambda out: ["translate", str(CAPTURE), "--to", "2.17", "-o", out],
    ("testbed run", "pcap"): lambda out: ["testbed", "run", "quiet", "--dialect", "1.8", *tcp(), "--pcap", out],
    ("testbed serve", "pcap"): lambda out: [
        "testbed",
        "serve",
        "--dialect",
        "1.8",
        "--port",
        str(free_port()),
        "--seconds",
        "0.1",
        "--pcap",
        out,
    ],
    ("upgrade", "output"): lambda out: ["upgrade", "--clients", "1", "-o", out],
    ("upgrade", "pcap"): lambda out: ["upgrade", "--clients", "1", *tcp(), "--pcap", out],
    ("fuzz", "findings"): lambda out: [*FUZZ, out],
    ("stubs", "output"): lambda out: ["stubs", "2.0", "-o", out],
}
#: What is written while a command runs, and stays: it does not appear whole.
LIVE = {("testbed serve", name) for name in ("state", "control", "log")}
FOLDERS = (("fuzz", "findings"), ("stubs", "output"))
FILES = [words for name, words in WRITERS.items() if name not in FOLDERS and name != ("upgrade", "pcap")]
ALL_FILES = [words for name, words in WRITERS.items() if name not in FOLDERS]


def run(args: list[str], status: int) -> Result:
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == status, result.output
    return result


def refused(args: list[str]) -> str:
    result = run(args, 2)
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("lustre-wire: ")
    return result.stderr


def test_every_option_that_names_an_output_is_tried_here() -> None:
    found = set()
    for words in commands():
        command: click.Command = cli
        for word in words:
            assert isinstance(command, click.Group)
            inner = command.get_command(click.Context(command), word)
            assert inner is not None
            command = inner
        for option in command.params:
            if isinstance(option, click.Option) and isinstance(option.type, click.Path) and not option.type.exists:
                found.add((" ".join(words), option.name))
    assert found == set(WRITERS) | LIVE


@pytest.mark.parametrize("option", sorted(name for _, name in LIVE))
def test_what_cannot_be_written_while_a_command_runs(option: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    serve = ["testbed", "serve", "--dialect", "1.8", "--port", str(free_port()), "--seconds", "0.1"]
    refused([*serve, f"--{option}", str(tmp_path / "file" / "inside")])
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("words", FILES)
def test_what_was_there_is_replaced_and_keeps_its_mode(words: Callable[[str], list[str]], tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    out.write_bytes(b"before")
    out.chmod(0o640)
    other.hardlink_to(out)
    run(words(str(out)), 0)
    assert len(out.read_bytes()) >= 24
    assert out.stat().st_mode & 0o777 == 0o640
    assert other.read_bytes() == b"before"
    assert sorted(tmp_path.iterdir()) == [other, out]


@pytest.mark.parametrize("words", ALL_FILES)
def test_a_link_is_neither_followed_nor_replaced(words: Callable[[str], list[str]], tmp_path: Path) -> None:
    out, real = tmp_path / "out", tmp_path / "real"
    out.symlink_to(real)
    for before in (None, b"before"):
        if before is not None:
            real.write_bytes(before)
        assert f"{out}: is a link to {real}" in refused(words(str(out)))
        assert out.is_symlink()
        assert (real.read_bytes() if real.exists() else None) == before


def test_findings_do_not_go_through_links(tmp_path: Path) -> None:
    found, real = tmp_path / "found", tmp_path / "real"
    run([*FUZZ, str(found)], 1)
    names = sorted(path.name for path in found.iterdir())
    assert [name.partition(".")[2] for name in names] == ["bin", "json"]
    for path in found.iterdir():
        path.unlink()
        path.symlink_to(real)
    refused([*FUZZ, str(found)])
    assert not real.exists()


@pytest.mark.parametrize("words", ALL_FILES)
def test_a_folder_that_is_not_there(words: Callable[[str], list[str]], tmp_path: Path) -> None:
    missing = tmp_path / "none" / "out"
    assert f"{missing}: No such file or directory" in refused(words(str(missing)))
    assert list(tmp_path.iterdir()) == []


def test_a_full_device() -> None:
    assert "/dev/full: No space left on device" in refused(WRITERS["translate", "output"]("/dev/full"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("words", list(WRITERS.values()))
def test_a_folder_that_may_not_be_written(words: Callable[[str], list[str]], tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "Permission denied" in refused(words(str(tmp_path / "out")))


@pytest.mark.parametrize(
    "args",
    [["translate", "missing.pcap", "--to", "2.0", "-o"], ["translate", str(CAPTURE), "--to", "9.9", "-o"],
     ["translate", __file__, "--to", "2.0", "-o"], ["upgrade", "no-such-scenario", "-o"],
     ["testbed", "run", "nothing", "--dialect", "1.8", "--tcp", "--pcap"],
     ["testbed", "run", "quiet", "--dialect", "1.8", "--pcap"]],
)  # fmt: skip
def test_a_failed_run_changes_nothing(args: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"before")
    refused([*args, str(out)])
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]


def test_one_bad_input_of_several_leaves_no_output(tmp_path: Path) -> None:
    result = run(["translate", "missing", str(CAPTURE), "--to", "2.0", "-o", str(tmp_path / "out")], 2)
    assert [line.split(": ", 1)[1] for line in result.stderr.splitlines()] == [
        "missing: No such file or directory", f"{tmp_path / 'out'}: not written, since not all files could be read",
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["itself", "another spelling", "a link", "a hard link"])
def test_an_input_is_no_output(kind: str, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.pcap", tmp_path / "out.pcap"
    mine.write_bytes(CAPTURE.read_bytes())
    if kind == "a link":
        out.symlink_to(mine)
    elif kind == "a hard link":
        out.hardlink_to(mine)
    else:
        out = mine if kind == "itself" else tmp_path / ".." / tmp_path.name / "mine.pcap"
    args = ["translate", str(CAPTURE), str(mine), "--to", "2.0", "-o", str(out)]
    assert "is an input too" in refused(args)
    assert mine.read_bytes() == CAPTURE.read_bytes()
    with mine.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-m", "lustre_wire", "translate", "-", "--to", "2.0", "-o", str(out)],
            stdin=stdin, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr.count(b"\n"), b"is an input too" in done.stderr) == (2, 1, True)
    assert mine.read_bytes() == CAPTURE.read_bytes()


def test_outputs_and_inputs_of_other_commands_are_not_the_same(tmp_path: Path) -> None:
    played = tmp_path / "mine.toml"
    played.write_text('title = "t"\nabout = "a"\nsteps = ["work 1"]\n')
    assert "is an input too" in refused(["upgrade", str(played), "-o", str(played)])
    out = str(tmp_path / "out")
    assert "is an input too" in refused(["upgrade", *tcp(), "--pcap", out, "-o", out])
    (tmp_path / "corpus").mkdir()
    assert "same folder" in refused([*FUZZ, str(tmp_path / "corpus"), "--corpus", str(tmp_path / "corpus")])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_run_changes_nothing(number: signal.Signals, status: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"before")
    command = [sys.executable, "-m", "lustre_wire", "translate", "-", "--to", "2.0", "-o", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(CAPTURE.read_bytes())
        process.stdin.flush()
        for _ in range(600):
            if len(list(tmp_path.iterdir())) == 2:
                break
            time.sleep(0.05)
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(number)
        assert process.wait(60) == status
        assert process.stderr.read() in (b"", b"\n")
    assert list(tmp_path.iterdir()) == [out]
    assert out.read_bytes() == b"before"


def test_a_closed_standard_output_is_said_where_a_file_is_not_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(WireError, match="not written, since standard output was closed"), writing(out):
        raise BrokenPipeError
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_as_the_bytes_come(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with writing(pipe) as stream:
        stream.write(b"early")
        stream.flush()
        assert os.read(reader, 10) == b"early"
    os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_new_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    write_whole(tmp_path / "out", b"new")
    (tmp_path / "other").write_bytes(b"new")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode
    long = tmp_path / ("n" * 255)
    write_whole(long, b"new")
    assert long.read_bytes() == b"new"
    with pytest.raises(WireError, match="neither a file nor a pipe"):
        check_output(tmp_path)


def test_nothing_else_writes_files() -> None:
    """One mechanism: no other module opens a file for writing."""
    root = FIXTURES.parent
    wrong = []
    for path in sorted([*(root / "lustre_wire").rglob("*.py"), *(root / "tools" / "reference").rglob("*.py")]):
        text = path.read_text()
        if path.name != "outputs.py" and any(word in text for word in (".write_bytes(", ".write_text(", '("wb")')):
            wrong.append(path.name)
    assert wrong == []
