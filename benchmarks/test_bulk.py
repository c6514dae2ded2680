"""The bulk engine, each case beside what it is compared with: ``pytest benchmarks/test_bulk.py``."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.bulk_cases import Case, inside

CASES = inside()
WORKS = [(case, who) for case in CASES for who in ("lustre-wire", *case.others)]


@pytest.mark.parametrize(("case", "who"), WORKS, ids=[f"{case.name} / {who}" for case, who in WORKS])
def test_work(case: Case, who: str, benchmark: Any) -> None:
    benchmark.group = case.name
    benchmark.extra_info["items"] = case.items
    benchmark(case.ours if who == "lustre-wire" else case.others[who])
