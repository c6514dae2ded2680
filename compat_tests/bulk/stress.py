"""Threads against the bulk calls: inputs that change while they are read, objects that are shared.

``python -m compat_tests.bulk.stress SECONDS [SCENARIO...]`` tries each scenario for an equal share of the time. Right
results are not asked for where an input changes, only that memory is what it should be: run it on a core built with a
sanitizer (``compat_tests/bulk/sanitize.py`` does), which ends the process at the first byte out of bounds.
Exit status 0: no finding, and nothing but `WireError` came out.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from array import array
from collections.abc import Callable
from typing import Any

import lustre_wire as lw
from compat_tests.bulk.test_translate import opens
from compat_tests.recorded import messages
from lustre_wire import bulk

MdtBody = lw.dialect("2.0").structs["mdt_body"]
Work = Callable[[], Any]
#: What threads do side by side: callers that must raise nothing but `WireError`, and one that changes their input.
Scenario = tuple[list[Work], Work | None]


def exact(data: bytes) -> bytearray:
    """The bytes in memory of their own that ends where they do, so that a read beyond is found."""
    return bytearray(data)


def mixed(dialect: str = "2.0") -> bytes:
    """Recorded messages, one behind the other."""
    return b"".join(m.data for m in messages()[::7] if m.dialect == dialect and len(m.data) % 8 == 0)


def lengths_change(use: Callable[[bytearray], Any]) -> Scenario:
    """Another thread makes a buffer length in every message huge and right again, while all of them are read.

    The messages are opens with long names, so that each is looked at by itself, with structs behind that buffer.
    """
    names = bulk.Strings.of([b"x" * 3000] * 100)
    data = exact(bulk.pack_messages("LDLM_ENQUEUE/INTENT_OPEN", {"rec.cr_opcode": 6}, names, dialect="1.8"))
    size, highest = len(data) // 100, 32 + 4 * 1 + 3
    huge, right = b"\x7f" * 100, bytes(100)

    def change() -> None:
        for _ in range(50):
            data[highest::size] = huge
            data[highest::size] = right

    return [lambda: use(data)], change


def swab_while_lengths_change() -> Scenario:
    out: list[bytearray] = []

    def use(data: bytearray) -> None:
        if not out:
            out.append(exact(bytes(len(data))))
        bulk.swab(data, "1.8", out[0])

    return lengths_change(use)


def index_while_lengths_change() -> Scenario:
    return lengths_change(lambda data: bulk.index(data, "1.8"))


def translate_while_lengths_change() -> Scenario:
    known = bulk.Translator("1.8", "2.0")
    return lengths_change(lambda data: known.run(data))


def offsets_of_rows_change() -> Scenario:
    data, offsets = exact(bytes(216 * 64)), array("Q", [0] * 64)

    def change() -> None:
        for _ in range(200):
            offsets[63] = 1 << 40
            offsets[63] = 216 * 63

    return [lambda: bulk.unpack(MdtBody, data, offsets=offsets)], change


def offsets_of_strings_change() -> Scenario:
    names = bulk.Strings(exact(b"x" * 640), array("Q", range(0, 641, 10)))

    def change() -> None:
        for _ in range(200):
            names.offsets[32] = 1 << 33
            names.offsets[32] = 320

    return [lambda: bulk.pack_messages("MDS_GETATTR_NAME", {}, names, dialect="2.0")], change


def one_translator() -> Scenario:
    """One thread translates many messages of a known kind, while others teach the translator new kinds."""
    shared = [bulk.Translator("1.8", "2.0")]
    many, numbers = opens(9_000, "little"), itertools.count(10)

    def learn() -> None:
        number = next(numbers)
        if number % 100 == 0:
            shared[0] = bulk.Translator("1.8", "2.0")
        shared[0].run(opens(3, "little", **{"rec.cr_fid.generation": number}))

    return [lambda: shared[0].run(many), learn, learn], None


def one_index() -> Scenario:
    streams = [mixed() * n for n in (1, 40)]
    shared = [bulk.index(b"", "2.0")]
    numbers = itertools.count()

    def use() -> None:
        number = next(numbers)
        if number % 8 == 0:
            shared[0] = bulk.index(b"", "2.0")
        bulk.index(streams[number % 2], "2.0", out=shared[0])

    return [use] * 3, None


def one_set_of_columns() -> Scenario:
    data = exact(bytes(216 * 500))
    columns = bulk.unpack(MdtBody, data)
    return [
        lambda: bulk.unpack(MdtBody, data, out=columns),
        lambda: bulk.pack(MdtBody, columns, byteorder="big"),
        lambda: bulk.unpack(MdtBody, data[: 216 * 9], out=columns),
    ], None


def plans_made_at_once() -> Scenario:
    """Many threads use a struct's plan for the first time."""
    names = list(bulk.unpack(MdtBody, bytes(216)))
    choices = itertools.combinations(names, 6)
    data = exact(bytes(216 * 20_000))
    gate = threading.Barrier(3)
    chosen = [next(choices)]

    def use() -> None:
        try:
            if gate.wait(1) == 0:
                chosen[0] = next(choices)
            gate.wait(1)
        except threading.BrokenBarrierError:
            return
        bulk.unpack(MdtBody, data, fields=chosen[0])

    return [use] * 3, None


SCENARIOS: list[Callable[[], Scenario]] = [
    swab_while_lengths_change, index_while_lengths_change, translate_while_lengths_change, offsets_of_rows_change,
    offsets_of_strings_change, one_translator, one_index, one_set_of_columns, plans_made_at_once,
]  # fmt: skip


def run(scenario: Scenario, seconds: float) -> list[BaseException]:
    """Do it in threads for so long; what came out that should not have."""
    callers, change = scenario
    end, faults = time.monotonic() + seconds, []

    def loop(work: Work) -> None:
        while time.monotonic() < end and not faults:
            try:
                work()
            except lw.WireError:
                pass
            except BaseException as error:
                faults.append(error)

    works = [*callers, *([change] if change is not None else [])]
    threads = [threading.Thread(target=loop, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def main(seconds: float, names: list[str]) -> int:
    """Entry point of the module."""
    sys.setswitchinterval(1e-5)
    chosen = [s for s in SCENARIOS if not names or s.__name__ in names]
    failed = 0
    for make in chosen:
        print(make.__name__, flush=True)
        for fault in run(make(), seconds / len(chosen)):
            print(f"  {type(fault).__name__}: {fault}", flush=True)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:]))
