"""The command line, and a client of one process at the file system of another."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lustre_wire as lw
from compat_tests.testbed.modes import READ, WRITE
from compat_tests.testbed.test_tcp import free_port
from lustre_wire.capture.rpcs import read_messages
from lustre_wire.recovery.names import names
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import FileSystem
from lustre_wire.testbed.tcp import Clock, TcpNode

PROGRAM = [sys.executable, "-m", "lustre_wire", "testbed"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_run_plays_every_operation_with_a_restart_in_the_middle(dialect: str) -> None:
    done = run("run", "--dialect", dialect, "--json")
    *steps, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and done.stderr == ""
    assert all(step["ok"] for step in steps) and last["failed"] == []
    wanted = {"mount", "lookup", "getattr", "open", "create", "mkdir", "symlink", "link", "unlink", "rename", "setattr"}
    wanted |= {"setxattr", "getxattr", "readdir", "read", "write", "punch", "statfs", "sync", "flock", "close"}
    assert wanted | {"restart of the MDS"} <= {step["step"] for step in steps}


def test_run_over_tcp_writes_a_capture_that_decodes(tmp_path: Path) -> None:
    file, port = tmp_path / "out.pcap", free_port()
    done = run("run", "quiet", "--dialect", "2.0", "--tcp", "--port", str(port), "--pcap", str(file))
    assert done.returncode == 0 and "0 failed" in done.stdout
    with file.open("rb") as stream:
        found = [m.message.name for m in read_messages(stream, dialect="2.0") if m.message is not None]
    assert {"MGS_CONNECT", "MDS_CONNECT", "OST_CONNECT", "OST_WRITE", "MDS_DISCONNECT"} <= set(found)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "nothing", "--dialect", "2.0"], "no exercise 'nothing'"),
        (["run", "--dialect", "2.0", "--pcap", "x.pcap"], "--pcap needs --tcp"),
        (["run", "--dialect", "9.9"], "9.9"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert complaint in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_a_foreign_client_mounts_what_is_served(dialect: str) -> None:
    port = free_port()
    command = [*PROGRAM, "serve", "--dialect", dialect, "--port", str(port), "--seconds", "50"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as served:
        assert served.stdout is not None
        said = [served.stdout.readline() for _ in range(3)]
        assert "127.0.0.1@tcp" in said[0] and "127.0.0.2@tcp" in said[2]
        try:
            assert asyncio.run(_visit(dialect, port)) == b"from abroad"
        finally:
            served.send_signal(signal.SIGINT)
            assert served.wait(20) == 0


async def _visit(dialect: str, port: int) -> bytes:
    """Mount, write and read from here."""
    node: ClientNode = FileSystem(lw.dialect(dialect), seed=4711).client(3)
    client = TcpNode(node, port, Clock(), listens=False)
    await client.start()

    def everything():  # type: ignore[no-untyped-def]
        yield from node.mount()
        k = names(lw.dialect(dialect))
        file = yield from node.open("/visit", k.MDS_OPEN_CREAT | WRITE | READ)
        yield from node.write(file, 0, b"from abroad")
        data = yield from node.read(file, 0, 99)
        yield from node.unmount()
        return data

    task = node.do(everything(), client.clock.now())
    client.flush()
    async with asyncio.timeout(20):
        while not task.done:
            client.changed.clear()
            await client.changed.wait()
    await client.stop()
    assert task.error is None
    assert isinstance(task.result, bytes)
    return task.result
