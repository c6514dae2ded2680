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


def swabbed(dialect: str, name: str) -> list[tuple[Any, ...]]:
    """What a receiver of the other byte order swaps: (offset, width) of each integer, "flex" ranges as they stand.

    A ping reply's entries are said to be swapped as their struct; their ranges stand with that struct alone.
    """
    out: list[tuple[Any, ...]] = []
    for start, width, *more in layouts(dialect)[name].get("swab_flat") or []:
        if len(more) == 1:
            out += [(start + i * width, width) for i in range(more[0])]
        else:
            out.append((start, width, *more))
    if name == "lnet_ping_info_t" and (last := layouts(dialect)[name]["fields"][-1])["swab"] == "lnet_ni_status_t":
        out += [(last["offset"] + s, w, "flex", last["elem_size"]) for s, w in swabbed(dialect, last["swab"])]
    return out


@cache
def constants(dialect: str) -> dict[str, dict[str, int | str]]:
    """Group -> name -> value."""
    return _read(f"constants-{dialect}.json")


@cache
def rpc_formats(dialect: str) -> dict[str, Any]:
    """Format name -> buffers of request and reply."""
    read = _read("rpc-formats-2.17.json")["dialects"] if dialect == "2.17" else _read("rpc-formats.json")
    return dict(read[dialect])


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "facts" / name).read_text()))
