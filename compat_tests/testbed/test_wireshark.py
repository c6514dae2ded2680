"""Captures that `testbed serve` writes open in Wireshark; what it calls malformed is what docs/testbed.md lists."""

from __future__ import annotations

import asyncio
import gzip
import re
import signal
from pathlib import Path

import pytest

import lustre_wire as lw
from compat_tests import tshark
from compat_tests.ports import free_port
from compat_tests.testbed.realclients import FOLDER, conversations
from compat_tests.testbed.test_instrument import Visitor, served
from compat_tests.tshark import needs_tshark
from lustre_wire.capture.rpcs import read_messages
from lustre_wire.testbed.exercises import RESTART, every_operation

PAGE = (Path(__file__).parents[2] / "docs" / "testbed.md").read_text()
#: A row of the page: dialects, frames, and why.
ROW = re.compile(r"^\| (1\.8|2\.0|both) \| (`[^|]*`) \| ([^|]{20,}) \|$", re.MULTILINE)


def listed(dialect: str) -> set[str]:
    """The frames that the page lists for a dialect."""
    rows = [frames for which, frames, _ in ROW.findall(PAGE) if which in (dialect, "both")]
    return {frame.replace("\\", "") for frames in rows for frame in re.findall(r"`([^`]*)`", frames)}


def malformed(path: Path) -> set[str]:
    """What tshark's column Info calls the frames it takes for malformed."""
    told = tshark.run("-r", str(path), "-T", "fields", "-e", "_ws.col.Info", "-Y", "_ws.malformed")
    return {line.replace("[Malformed Packet]", "").strip() for line in told.splitlines()}


def write_capture(dialect: str, path: Path) -> None:
    """Every operation once, of a client over TCP, while `serve` writes."""
    port = free_port()
    arguments = ["--dialect", dialect, "--port", str(port), "--listen", "127.0.1.1", "--pcap", str(path)]

    async def play() -> None:
        with served(*arguments) as process:
            visitor = Visitor(dialect, port, 0x7F000101)
            await visitor.served.start()
            for step in every_operation(visitor.node, lw.dialect(dialect)):
                if step.steps is not None:
                    await visitor.do(step.steps())
                else:
                    assert step.name == RESTART
            await visitor.served.stop()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0

    asyncio.run(play())


@needs_tshark
@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_tshark_reads_what_serve_writes_but_what_the_page_lists(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "served.pcap"
    write_capture(dialect, path)
    with path.open("rb") as stream:
        ours = len(list(read_messages(stream, dialect=dialect)))
    shown = tshark.run(
        "-r", str(path), "-T", "fields", "-e", "lnet.msg_type", "-E", "occurrence=a", "-Y", "lnet.msg_type"
    )
    assert len(shown.replace(",", "\n").split()) == ours > 100
    assert malformed(path) == listed(dialect)


@needs_tshark
def test_what_it_calls_malformed_of_1_8_it_does_so_in_what_a_real_client_sent(tmp_path: Path) -> None:
    path = tmp_path / "real.pcap"
    path.write_bytes(gzip.decompress((FOLDER / "r189_18b.pcap.gz").read_bytes()))
    asked = {frame for frame in listed("1.8") if " request" in frame}
    assert len(asked) > 5 and asked - malformed(path) == {"MDS_GETXATTR request", "MDS_SETXATTR request"}
    assert not any("XATTR" in step.message.name for step in conversations("r189_18b", "1.8")[0]), "it sent none"
