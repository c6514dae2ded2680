"""pytest-benchmark suite of the record engine: `pytest benchmarks/test_record.py`.

Each group holds the same work done by lustre-wire and by others; `python -m benchmarks.ratios` prints only the ratios.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import Case, Work, cases

ALL = [
    pytest.param(case, who, work, id=f"{case.name}-{who}")
    for case in cases()
    for who, work in {"lustre-wire": case.ours, **case.others}.items()
]


@pytest.mark.parametrize(("case", "who", "work"), ALL)
def test_speed(benchmark: Any, case: Case, who: str, work: Work) -> None:
    benchmark.group = case.name
    benchmark.name = who
    assert benchmark(work) is not None
