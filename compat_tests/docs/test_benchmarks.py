"""The benchmarks, which no other test runs, find what they measure where it is now."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

FOUND = sorted(path.stem for path in (Path(__file__).parents[2] / "benchmarks").glob("*.py"))
OURS = {"benchmarks", "codecs", "compat_tests", "lustre_codecs", "lustre_wire", "tools"}


@pytest.mark.parametrize("name", FOUND)
def test_it_can_be_imported(name: str) -> None:
    try:
        import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OURS:
            raise
        pytest.skip(f"needs {error.name}, of the extra [bench]")
