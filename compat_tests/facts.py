"""The facts of `fixtures/facts`: layouts, constants and RPC formats, read off Lustre's own headers and sources."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from compat_tests.recorded import FIXTURES

DIALECTS = ("1.8", "2.0")


@cache
def layouts(dialect: str) -> dict[str, Any]:
    """Struct name -> size, fields, swab ranges."""
    return _read(f"layout-{dialect}.json")


@cache
def constants(dialect: str) -> dict[str, dict[str, int | str]]:
    """Group -> name -> value."""
    return _read(f"constants-{dialect}.json")


@cache
def rpc_formats(dialect: str) -> dict[str, Any]:
    """Format name -> buffers of request and reply."""
    return dict(_read("rpc-formats.json")[dialect])


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "facts" / name).read_text()))
