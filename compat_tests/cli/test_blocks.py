"""When lines come out: in blocks from a file, each at once where somebody is waiting for it."""

from __future__ import annotations

import os
import select
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from compat_tests.recorded import FIXTURES
from lustre_wire.cli.main import cli

CAPTURE = FIXTURES / "captures/05-namespace.pcap"
WRITES = 2506 // 64 + 1


@pytest.mark.parametrize("form", [[], ["--json"], ["--json", "--numbers"]])
def test_a_file_is_told_in_blocks(form: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    echo = click.echo

    def counting(message: str = "", **options: bool) -> None:
        written.append(message)
        echo(message, **options)

    monkeypatch.setattr(click, "echo", counting)
    result = CliRunner().invoke(cli, ["decode", *form, str(CAPTURE)])
    assert result.exit_code == 0
    assert len(written) <= WRITES
    assert "".join(written).count("\n") == 2506


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_comes_through_a_pipe_is_told_before_the_pipe_ends(form: list[str]) -> None:
    """Fewer messages than a block has, and the other end stays open."""
    data = (FIXTURES / "captures/02-lnet-ping-discover.pcap").read_bytes()
    command = [sys.executable, "-m", "lustre_wire", "decode", *form, "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(data)
        there, _, _ = select.select([process.stdout], [], [], 60)
        assert there, "nothing came while the pipe was open"
        assert b"ping" in os.read(process.stdout.fileno(), 4096)
        process.stdin.close()
        while process.stdout.read(65536):
            pass
        assert process.wait(60) == 0
