"""The bulk engine, each case beside what it is compared with: ``pytest benchmarks/test_bulk.py``.

Every row handles the same number of items, so that the rows of a group can be compared: what is done one by one is
repeated as often. `extra_info` says the nanoseconds of one item; `python -m benchmarks.bulk` prints the ratios.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.bulk_cases import Case, inside

CASES = inside()
WORKS = [(case, who) for case in CASES for who in ("lustre-wire", *case.others)]


@pytest.mark.parametrize(("case", "who"), WORKS, ids=[f"{case.name} / {who}" for case, who in WORKS])
def test_work(case: Case, who: str, benchmark: Any) -> None:
    benchmark.group = f"{case.name}, {case.items} items"
    work = case.ours if who == "lustre-wire" else case.others[who]
    scale = int(case.scale.get(who, 1))

    def as_many() -> None:
        for _ in range(scale):
            work()

    benchmark.pedantic(as_many if scale > 1 else work, rounds=3 if scale > 1 else 20, warmup_rounds=1)
    if benchmark.stats is not None:
        benchmark.extra_info["items"] = case.items
        benchmark.extra_info["ns an item"] = round(benchmark.stats.stats.min / case.items * 1e9, 2)
