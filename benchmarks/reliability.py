"""Reliability, measured: what comes out when very many bad messages go in.

::

    python benchmarks/reliability.py index --count 100000000    # mutants through the C index
    python benchmarks/reliability.py decode --count 5000000     # mutants through full decode and encode
    python benchmarks/reliability.py memory                     # peak memory while decoding hostile lengths
    python benchmarks/reliability.py linear                     # time against input length
    python benchmarks/reliability.py capture --gigabytes 10     # a capture of any length in flat memory
    python benchmarks/reliability.py leaks --count 1000000      # memory after many calls
    python -m benchmarks.reliability abuse --hours 24           # a file system abused for so many simulated hours

Each prints one JSON object a line and ends with status 1 where something was found.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import resource
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.testbed.abuse import Abuse
from lustre_wire import bulk
from lustre_wire.capture import ConversationWriter, PcapWriter, Statistics, read_messages
from lustre_wire.frames import lustre_msg
from lustre_wire.testing import Mutator

# Few mutants a stream: one whose length was made long takes those behind it into itself.
_BLOCK = 16
_CORES = 2


def _mutator(seed: int) -> Mutator:
    return Mutator([(m.dialect, m.data) for m in recorded.messages()], seed=seed)


def _report(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def _index_part(seed: int, count: int) -> Counter[str]:
    mutator, outcomes = _mutator(seed), Counter[str]()
    slowest = 0.0
    for start in range(0, count, _BLOCK):
        stream, _ = mutator.fill(min(_BLOCK, count - start), start=start)
        begun = time.process_time()
        found = bulk.index(stream)
        slowest = max(slowest, (time.process_time() - begun) / len(stream))
        outcomes.update({f"reason {k}": v for k, v in Counter(found["reason"].tolist()).items()})
    outcomes["slowest block, ns a byte"] = round(slowest * 1e9)
    return outcomes


def _decode_part(seed: int, count: int) -> Counter[str]:
    mutator, outcomes = _mutator(seed), Counter[str]()
    for number in range(count):
        data = mutator.data(number)
        dialect = "1.8" if number & 1 else "2.0"
        begun = time.process_time()
        try:
            message = lw.decode(data, dialect)
        except lw.WireError:
            outcomes["refused"] += 1
        except Exception as error:  # what the measurement is looking for
            outcomes[f"FOREIGN {type(error).__name__} at seed {seed} number {number}"] += 1
        else:
            outcomes["decoded" if lw.encode(message) == data else f"UNFAITHFUL at seed {seed} number {number}"] += 1
        outcomes["slower than 50 ms"] += time.process_time() - begun > 0.05
    return outcomes


def _shared(part: Any, count: int) -> tuple[Counter[str], float]:
    """Run a part on each core, with a seed of its own."""
    begun = time.perf_counter()
    with ProcessPoolExecutor(_CORES) as pool:
        done = list(pool.map(part, range(_CORES), [count // _CORES] * _CORES))
    total: Counter[str] = Counter()
    for outcomes in done:
        total.update(outcomes)
    return total, time.perf_counter() - begun


def index(options: argparse.Namespace) -> bool:
    """Mutants through the C index: no crash of the process, every byte accounted for."""
    total, seconds = _shared(_index_part, options.count)
    slow = total.pop("slowest block, ns a byte") / _CORES
    _report(
        check="index", mutants=options.count, seconds=round(seconds, 1), slowest_ns_a_byte=slow, outcomes=dict(total)
    )
    return bool(total)


def decode(options: argparse.Namespace) -> bool:
    """Mutants through decode and encode: a faithful message or a WireError."""
    total, seconds = _shared(_decode_part, options.count)
    _report(check="decode", mutants=options.count, seconds=round(seconds, 1), outcomes=dict(total))
    return not any(key.startswith(("FOREIGN", "UNFAITHFUL")) for key in total)


def memory(options: argparse.Namespace) -> bool:
    """Peak memory of decoding one message whose lengths and counts lie, in bytes."""
    worst: tuple[int, int, str] = (0, 0, "")
    cases = 0
    for each in recorded.messages():
        each.decode()  # code generated at first use is not part of a message's memory
    for each in recorded.messages():
        for at in range(0, 32 + 4 * len(lustre_msg.split(each.data).lengths), 4):
            for word in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xf7\xff\xff\x1f", b"\x00\x00\x10\x00"):
                data = each.data[:at] + word + each.data[at + 4 :]
                tracemalloc.start()
                with suppress(lw.WireError):
                    lw.decode(data, each.dialect)
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                cases += 1
                worst = max(worst, (peak, len(data), f"{each.id} word at {at}"))
    _report(check="memory", cases=cases, worst_peak_bytes=worst[0], of_input_bytes=worst[1], worst_case=worst[2])
    return worst[0] < 1 << 20


def linear(options: argparse.Namespace) -> bool:
    """Time of decoding grows with the input, not faster: messages of 2^k empty buffers, and of one long buffer."""
    fine = True
    ping = lw.encode(lw.build("2.0", "OBD_PING"))
    first = lustre_msg.split(ping)
    body = ping[first.offsets[0] : first.offsets[0] + first.lengths[0]]
    for shape in ("empty buffers", "one buffer"):
        rates = []
        for power in range(12, 21, 2):
            rest = [b""] * (1 << power) if shape == "empty buffers" else [bytes(4 << power)]
            data = lustre_msg.join(first.header, [body, *rest], "little")
            begun = time.process_time()
            lw.decode(data, "2.0")
            rates.append(round((time.process_time() - begun) / len(data) * 1e9, 3))
        _report(check="linear", shape=shape, ns_a_byte=rates)
        fine = fine and rates[-1] < 8 * max(rates[0], 1.0)
    return fine


class _Endless(io.RawIOBase):
    """A capture that begins with `head` and goes on with `again` until `size` bytes were read."""

    def __init__(self, head: bytes, again: Iterator[bytes], size: int) -> None:
        self.rest, self.again, self.left = head, again, size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size and self.left > 0:
            piece = next(self.again)
            self.left -= len(piece)
            self.rest += piece
        out, self.rest = self.rest[:size], self.rest[size:]
        return out


def _traffic() -> Iterator[bytes]:
    """Packets of one conversation without end: reads of 32 KiB with their bulk data and replies, xids going up."""
    opcode = int(lw.dialect("2.0").constants["OST_READ"])
    some = [m for m in recorded.messages() if m.dialect == "2.0" and m.endian == "little" and m.row["opc"] == opcode]
    request = next(m for m in some if m.direction == "request").decode()
    reply = next(m for m in some if m.direction == "reply").decode()
    data = bytes(32768)
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out), segment_size=8948)
    yield out.getvalue()
    xid = 1
    while True:
        out.seek(0)
        out.truncate()
        for _ in range(50):
            writer.request(xid * 1000, request, xid)
            writer.bulk_put(xid * 1000 + 300, data, request.format.bulk_portal, xid)
            writer.reply(xid * 1000 + 500, reply, xid)
            xid += 1
        yield out.getvalue()


def capture(options: argparse.Namespace) -> bool:
    """A synthetic capture of any length, read from a stream: memory at a tenth of it and at its end."""
    pieces = _traffic()
    stream = _Endless(next(pieces), pieces, int(options.gigabytes * 1e9))
    statistics = Statistics()
    begun, messages, early = time.perf_counter(), 0, 0
    for _ in read_messages(stream, statistics=statistics):
        messages += 1
        if not early and stream.left < options.gigabytes * 9e8:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = time.perf_counter() - begun
    _report(
        check="capture", gigabytes=options.gigabytes, messages=messages, seconds=round(seconds, 1),
        peak_kib_after_a_tenth=early, peak_kib_at_the_end=peak,
    )  # fmt: skip
    return messages > 0 and peak < early * 1.1 + 10_000


def leaks(options: argparse.Namespace) -> bool:
    """Memory in use after many calls, against that after the first tenth."""
    sample = recorded.messages()[::50]
    stream = b"".join(m.data for m in sample)
    used = []
    for part in range(10):
        for _ in range(options.count // 10 // len(sample)):
            for each in sample:
                lw.encode(lw.decode(each.data, each.dialect))
            bulk.index(stream)
        gc.collect()
        used.append(_resident())
        _report(check="leaks", tenth=part + 1, resident_kib=used[-1])
    return used[-1] < used[0] + 4096


def abuse(options: argparse.Namespace) -> bool:
    """Memory in use while a simulated file system is abused, hour by hour, and how often its one client worked."""
    abused, used, begun = Abuse("2.0"), list[int](), time.perf_counter()
    for hour in range(options.hours):
        abused.minutes(60)
        gc.collect()
        used.append(_resident())
        seconds = round(time.perf_counter() - begun, 1)
        _report(check="abuse", hour=hour + 1, resident_kib=used[-1], worked=abused.works, seconds=seconds)
    return max(used) < used[0] * 1.1 + 4096


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


CHECKS = {check.__name__: check for check in (index, decode, memory, linear, capture, leaks, abuse)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--hours", type=int, default=24)
    options = parser.parse_args()
    return 0 if CHECKS[options.check](options) else 1


if __name__ == "__main__":
    sys.exit(main())
