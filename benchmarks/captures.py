"""What reading a capture costs: pcap to typed messages, requests matched to replies, against tshark on the same file.

`python -m benchmarks.captures` prints the table, `--append FILE` also adds it to a file. Exit status 1 when a number is
below the one wanted. Processor time counts, not time on the clock; the best of several runs taken in turns.
"""

from __future__ import annotations

import argparse
import gc
import io
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compat_tests.recorded import by_id
from lustre_wire.capture import read_messages
from lustre_wire.capture.compose import ConversationWriter
from lustre_wire.capture.pcap import PcapWriter

TSHARK = shutil.which("tshark")
NAMESPACE = Path(__file__).parents[1] / "fixtures" / "captures" / "05-namespace.pcap"
#: What is wanted: messages a second, and how many times tshark's throughput.
MESSAGES_PER_SECOND, TIMES_TSHARK = 100_000, 20
_ROUNDS, _ROUNDS_TSHARK = 40, 5


@dataclass(frozen=True)
class Capture:
    """A capture file, and how many LNet messages it holds."""

    title: str
    path: Path
    data: bytes
    messages: int


def capture(title: str, path: Path) -> Capture:
    data = path.read_bytes()
    return Capture(title, path, data, read(data))


def read(data: bytes) -> int:
    """Read a whole capture; returns how many messages it held."""
    return sum(1 for _ in read_messages(io.BytesIO(data)))


def small_messages(path: Path, pairs: int = 5_000) -> None:
    """A capture of pings and their replies, the smallest messages there are."""
    request, reply = (by_id()["1.8", "1.8.9-wc1", name].data for name in ("ping-ost-d18", "ping-ost-d18.reply"))
    with path.open("wb") as file:
        conversation = ConversationWriter(PcapWriter(file))
        for xid in range(1, pairs + 1):
            conversation.request(xid * 2000, request, xid, portal=28)
            conversation.reply(xid * 2000 + 1000, reply, xid, portal=4)
        conversation.close(pairs * 2000 + 2000)


def captures(folder: Path) -> list[Capture]:
    """Both captures; `folder` is for the one that is made."""
    small_messages(folder / "small.pcap")
    return [
        capture("file operations of 2.17", NAMESPACE),
        capture("pings of 1.8.9", folder / "small.pcap"),
    ]


def run_tshark(path: Path) -> int:
    """Let tshark write the whole dissection as JSON, to nowhere; returns its exit status."""
    assert TSHARK is not None
    command = [TSHARK, "-r", str(path), "-T", "json"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


def _own(work: Callable[[], object]) -> float:
    gc.collect()
    before = time.process_time()
    work()
    return time.process_time() - before


def _children(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows(one: Capture, empty: Path) -> list[str]:
    """Table rows of one capture: with tshark's start, and without it."""
    ours, theirs, start = [], [], []
    for number in range(_ROUNDS):
        ours.append(_own(lambda: read(one.data)))
        if TSHARK is not None and number % (_ROUNDS // _ROUNDS_TSHARK) == 0:
            theirs.append(_children(lambda: run_tshark(one.path)))
            start.append(_children(lambda: run_tshark(empty)))
    best = min(ours)
    rate = one.messages / best
    head = f"| {one.title} | {one.messages} | {best / one.messages * 1e6:.1f} | {rate:,.0f}"
    out = [head + f" | {_verdict(rate, MESSAGES_PER_SECOND)}"]
    if theirs:
        ratio = min(theirs) / best
        out[0] += f" | {min(theirs) / one.messages * 1e6:.0f} | {ratio:.1f} | {_verdict(ratio, TIMES_TSHARK)}"
        out[0] += f" | {(min(theirs) - min(start)) / best:.1f}"
    else:
        out[0] += " | | | |"
    return [line + " |" for line in out]


def _verdict(reached: float, wanted: int) -> str:
    return f"{wanted:,}" + ("" if reached >= wanted else " (missed)")


def table() -> str:
    """The whole table, in Markdown."""
    titles = [
        "capture", "messages", "us each", "messages/s", "wanted", "tshark, us each", "ratio", "wanted",
        "ratio without tshark's start",
    ]  # fmt: skip
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name) / "empty.pcap"
        with empty.open("wb") as file:
            PcapWriter(file)
        for one in captures(Path(name)):
            lines += rows(one, empty)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--append", type=Path, metavar="FILE", help="add the table to this file")
    chosen = parser.parse_args()
    made = table()
    print(made, end="")
    if chosen.append is not None:
        title = f"\n## Captures (Python {platform.python_version()}, {platform.machine()})\n\n"
        command = (
            "Made with `python -m benchmarks.captures --append benchmarks/RESULTS.md`: pcap to typed messages,\n"
            "requests matched to replies, dialect found out, each message dropped at once; against `tshark -T json`\n"
            "writing to nowhere. Processor time, best of several runs taken in turns.\n\n"
        )
        with chosen.append.open("a", encoding="utf-8") as file:
            file.write(title + command + made)
    return 1 if "(missed)" in made else 0


if __name__ == "__main__":
    sys.exit(main())
