"""What reading a capture costs: pcap to typed messages, requests matched to replies, against tshark on the same file.

`python -m benchmarks.captures` prints two tables, `--append FILE` also adds them to a file. The second one is of the
command on large captures of many connections, which are a recorded one again and again, each time from other ports.
Exit status 1 when a number is below the one wanted. Processor time counts, not time on the clock; the best of several
runs taken in turns.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import platform
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from compat_tests.recorded import by_id
from lustre_wire.capture import read_messages, read_packets
from lustre_wire.capture.compose import ConversationWriter
from lustre_wire.capture.pcap import PcapWriter
from lustre_wire.capture.rpcs import SOCKLND_PORT
from lustre_wire.cli.summary import Summary

#: Where both ports stand in a packet of the repeated capture: behind Ethernet's and IPv4's headers.
_PORTS = 14 + 20
#: How often the capture is repeated for the command's rows: the same command on a small and on a large file.
_TIMES = (10, 100)
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
    """Read a whole capture and decode every message; returns how many there were."""
    count = 0
    for captured in read_messages(io.BytesIO(data)):
        captured.message  # noqa: B018  # decoded when it is asked for
        count += 1
    return count


def summarize(data: bytes) -> int:
    """What ``decode --summary`` does with a capture; returns how many messages it held."""
    summary = Summary()
    for captured in read_messages(io.BytesIO(data)):
        summary.add(captured)
    return sum(row.requests + row.replies for row in summary.rows.values())


def repeated(source: Path, times: int, path: Path) -> None:
    """A capture that holds another one so often, each time from other client ports and later."""
    packets = list(read_packets(io.BytesIO(source.read_bytes())))
    length = packets[-1].time_ns - packets[0].time_ns + 1
    ports = slice(_PORTS, _PORTS + 4)
    with path.open("wb") as file:
        writer = PcapWriter(file)
        for number in range(times):
            for packet in packets:
                data = bytearray(packet.data)
                found = struct.unpack(">HH", data[ports])
                moved = [p if p == SOCKLND_PORT else 1024 + (p + number * 64) % 64_000 for p in found]
                data[ports] = struct.pack(">HH", *moved)
                writer.write(packet.time_ns + number * length, bytes(data), packet.length)


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
    ours, counted, theirs, start = [], [], [], []
    for number in range(_ROUNDS):
        ours.append(_own(lambda: read(one.data)))
        counted.append(_own(lambda: summarize(one.data)))
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
    out[0] += f" | {min(counted) / one.messages * 1e6:.1f} | {one.messages / min(counted):,.0f}"
    return [line + " |" for line in out]


def _verdict(reached: float, wanted: int) -> str:
    return f"{wanted:,}" + ("" if reached >= wanted else " (missed)")


def table() -> str:
    """The whole table, in Markdown."""
    titles = [
        "capture", "messages", "us each", "messages/s", "wanted", "tshark, us each", "ratio", "wanted",
        "ratio without tshark's start", "summary, us each", "messages/s",
    ]  # fmt: skip
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name) / "empty.pcap"
        with empty.open("wb") as file:
            PcapWriter(file)
        for one in captures(Path(name)):
            lines += rows(one, empty)
    return "\n".join(lines) + "\n"


def command_rows(folder: Path) -> Iterator[str]:
    """The command on captures of many connections."""
    for option, several in (("--summary", _TIMES), ("--json", _TIMES[:1])):
        for times in several:
            path = folder / f"{times}.pcap"
            if not path.exists():
                repeated(NAMESPACE, times, path)
            messages = capture("", NAMESPACE).messages * times
            seconds, peak = _command(["decode", option, str(path)])
            megabytes = path.stat().st_size / 1e6
            speeds = f"{messages / seconds:,.0f} | {megabytes / seconds:.0f} MB/s"
            what = f"`decode {option}` | {megabytes:,.0f} MB | {messages:,}"
            yield f"| {what} | {seconds:.1f} s | {speeds} | {peak:.0f} MiB |"


def _command(words: list[str]) -> tuple[float, float]:
    """Processor time in seconds and peak memory in MiB of the command, whose output is dropped."""
    process = subprocess.Popen([sys.executable, "-m", "lustre_wire", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the command ended with status {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def command_table() -> str:
    """The table of the command, in Markdown."""
    titles = ["command", "capture", "messages", "processor time", "messages/s", "bytes", "peak memory"]
    with tempfile.TemporaryDirectory() as name:
        rows = list(command_rows(Path(name)))
    return "\n".join(["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|", *rows]) + "\n"


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--append", type=Path, metavar="FILE", help="add the table to this file")
    chosen = parser.parse_args()
    made = table()
    large = command_table()
    print(made, large, sep="\n", end="")
    if chosen.append is not None:
        title = f"\n## Captures (Python {platform.python_version()}, {platform.machine()})\n\n"
        command = (
            "Made with `python -m benchmarks.captures --append benchmarks/RESULTS.md`: pcap to typed messages,\n"
            "requests matched to replies, dialect found out, each message dropped at once; against `tshark -T json`\n"
            "writing to nowhere; and what a summary costs, for which no message is decoded. Processor time, best of\n"
            "several runs taken in turns.\n\n"
        )
        then = (
            "\nThe command, start included, on captures of many connections (the first one again and again, each time\n"
            "from other ports):\n\n"
        )
        with chosen.append.open("a", encoding="utf-8") as file:
            file.write(title + command + made + then + large)
    return 1 if "(missed)" in made else 0


if __name__ == "__main__":
    sys.exit(main())
