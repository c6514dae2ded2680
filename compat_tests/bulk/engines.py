"""Both ways the bulk calls run: the C core with and without vector code, and the record engine."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lustre_wire as lw
from lustre_wire import dialects
from lustre_wire.engines import bulk as engine

DIALECTS = tuple(dialects.names())
ORDERS = ("little", "big")
CORE = engine.core


@contextmanager
def record_engine() -> Iterator[None]:
    """Run without the C core, as where it was not built."""
    kept, engine.core = engine.core, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        engine.core = kept


@contextmanager
def without_vectors() -> Iterator[None]:
    """Run the C core as on a machine without AVX2."""
    assert CORE is not None
    CORE.lib.lw_use_vectors(0)
    try:
        yield
    finally:
        CORE.lib.lw_use_vectors(1)


def everywhere(call: Callable[[], Any]) -> list[Any]:
    """The result of a call on the C core, on the C core without vectors, and on the record engine."""
    assert CORE is not None
    results = [call()]
    with without_vectors():
        results.append(call())
    with record_engine():
        results.append(call())
    return results


def structs(dialect: str) -> list[type]:
    """Every wire struct of a dialect that has columns, by name."""
    found = lw.dialect(dialect).structs
    return [found[name] for name in sorted(found) if not found[name].__wire__.is_union and found[name].__wire__.size]


def noise(size: int, seed: Any) -> bytes:
    """Reproducible bytes without any pattern."""
    return random.Random(str(seed)).randbytes(size)


def plain(columns: Any) -> dict[str, Any]:
    """Columns as lists."""
    return {name: column.tolist() for name, column in columns.items()}
