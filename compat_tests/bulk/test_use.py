"""The bulk calls in use: without the core, in threads, over a long time, with numpy and pyarrow."""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
import warnings
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.bulk.engines import noise, plain, record_engine
from compat_tests.bulk.test_translate import opens, results, whole
from lustre_wire import bulk
from lustre_wire.engines import bulk as engine

MdtBody = lw.dialect("2.0").structs["mdt_body"]


def test_without_the_core_there_is_one_warning_and_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bulk.available == (engine.core is not None)
    data = noise(432, 1)
    wanted = plain(bulk.unpack(MdtBody, data))
    monkeypatch.setattr(engine, "core", None)
    monkeypatch.setattr(engine, "_warned", False)
    with pytest.warns(RuntimeWarning, match="the C core was not built"):
        assert plain(bulk.unpack(MdtBody, data)) == wanted
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plain(bulk.unpack(MdtBody, data)) == wanted


def test_two_threads_on_one_input_give_the_same_answer() -> None:
    data, stream = noise(216 * 20_000, 2), b"".join(whole("2.0")) * 20
    out: list[Any] = [None, None]

    def work(number: int) -> None:
        columns = bulk.unpack(MdtBody, data, byteorder="big")
        swapped = bytearray(len(stream))
        bulk.swab(stream, "2.0", swapped)
        index = bulk.index(stream, "2.0")
        packed = bytes(bulk.pack(MdtBody, columns, byteorder="big"))
        out[number] = (columns["valid"].tobytes(), swapped, index["transno"].tobytes(), packed)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert out[0] == out[1]
    assert out[0][3] == data


def test_many_calls_leave_nothing_behind() -> None:
    """Ten thousand small calls; set LUSTRE_WIRE_CALLS for more (a million take a few seconds without the tracing)."""
    data, message = noise(216 * 2, 3), whole("2.0")[0]
    columns, out = bulk.unpack(MdtBody, data), bytearray(432)
    index, target = bulk.index(message, "2.0"), bytearray(len(message))
    calls = (
        lambda: bulk.unpack(MdtBody, data, out=columns), lambda: bulk.pack(MdtBody, columns, out),
        lambda: bulk.index(message, "2.0", out=index), lambda: bulk.swab(message, "2.0", target),
    )  # fmt: skip

    def run(times: int) -> tuple[int, int]:
        for _ in range(times):
            for call in calls:
                call()
        gc.collect()
        return sys.getallocatedblocks(), sys.getrefcount(data)

    run(50)
    blocks, references = run(50)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    blocks_after, references_after = run(int(os.environ.get("LUSTRE_WIRE_CALLS", "10000")) // len(calls))
    assert blocks_after - blocks < 100
    assert references_after == references
    keeps_freed_memory = "libasan" in os.environ.get("LD_PRELOAD", "")  # as AddressSanitizer does for a while
    assert keeps_freed_memory or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 8192  # KiB


def test_a_table_shares_the_columns_memory() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    columns = bulk.unpack(lw.dialect("2.0").structs["obd_statfs"], noise(144 * 5, 4))
    table = bulk.table(columns)
    assert table.num_rows == 5 and table.column_names == list(columns)
    assert table["os_files"].to_pylist() == columns["os_files"].tolist()
    assert table["os_fsid"].to_pylist() == [bytes(row) for row in columns["os_fsid"].tolist()]
    columns["os_files"][2] = 7
    assert table["os_files"][2].as_py() == 7
    body = bulk.table(bulk.unpack(lw.dialect("2.0").body, noise(152 * 2, 5), fields=["pb_pre_versions"]))
    assert body.schema.field("pb_pre_versions").type == pyarrow.list_(pyarrow.uint64(), 4)
    index = bulk.table(bulk.index(b"".join(whole("2.0")), "2.0"))
    assert index.num_rows == len(whole("2.0"))
    with pytest.raises(lw.WireError, match="at least one"):
        bulk.table({})


def test_numpy_sees_every_result_without_a_copy() -> None:
    numpy = pytest.importorskip("numpy")
    for column in bulk.index(opens(20, "little"), "1.8").values():
        array = numpy.asarray(column)
        assert array.tolist() == column.tolist() and not array.flags.owndata


def test_a_batch_answered_and_asked_in_the_other_dialect() -> None:
    """Opens are made, found, turned, translated: each step's output is the next one's input."""
    stream = opens(50, "big")
    index = bulk.index(stream, "1.8")
    turned = bytearray(stream)
    bulk.swab(turned, "1.8")
    assert set(bulk.index(turned, "1.8")["big_endian"].tolist()) == {0}
    made = bulk.translate(turned, "1.8", "2.0")
    other = bulk.translate(stream, "1.8", "2.0")
    back = bytearray(other.data)
    bulk.swab(back, "2.0")
    assert bytes(made.data) == bytes(back)
    assert made.rows == index.rows == 50
    with record_engine():
        assert [r for r, _ in results(bulk.translate(turned, "1.8", "2.0"))] == [r for r, _ in results(made)]
