"""The bulk tests compare the C core with the record engine, so they need both."""

from __future__ import annotations

from pathlib import Path

import pytest

from lustre_wire import bulk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not bulk.available:
        needs_core = pytest.mark.skip(reason="the C core was not built: nothing to compare the record engine with")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(needs_core)
