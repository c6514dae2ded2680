"""pytest-benchmark suite of captures: `pytest benchmarks/test_capture.py`.

Each group holds the same file read by lustre-wire and by tshark; `python -m benchmarks.captures` prints the ratios.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.captures import TSHARK, Capture, captures, read, run_tshark, summarize


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Capture]:
    return captures(tmp_path_factory.mktemp("captures"))


@pytest.fixture(params=[0, 1], ids=["file operations", "pings"])
def one(request: Any, files: list[Capture]) -> Capture:
    found: Capture = files[request.param]
    return found


def test_lustre_wire(benchmark: Any, one: Capture) -> None:
    benchmark.group = one.title
    assert benchmark(read, one.data) == one.messages > 2000


def test_summary(benchmark: Any, one: Capture) -> None:
    benchmark.group = one.title
    assert benchmark(summarize, one.data) == one.messages


@pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: nothing to compare with")
def test_tshark(benchmark: Any, one: Capture) -> None:
    benchmark.group = one.title
    assert benchmark.pedantic(run_tshark, args=(one.path,), rounds=2) == 0
