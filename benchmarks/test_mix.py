"""A realistic mix: one recorded message of each of 50 kinds and more, decoded and encoded as one stream."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests import recorded


def _mix(dialect: str) -> list[tuple[bytes, Any]]:
    """The first little-endian message of each RPC format and direction, with the request's format for a reply."""
    found: dict[tuple[str, str], tuple[bytes, Any]] = {}
    for each in recorded.messages():
        if each.dialect == dialect and each.endian == "little":
            message = each.decode()
            if message.format is not None:
                found.setdefault((message.format.key, message.direction), (each.data, message.format))
    return [(data, form) for data, form in found.values()]


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_decode_mix(benchmark: Any, dialect: str) -> None:
    mix, found = _mix(dialect), lw.dialect(dialect)
    assert len(mix) >= 50
    benchmark.extra_info["messages"] = len(mix)
    decoded = benchmark(lambda: [lw.decode(data, found, request=form) for data, form in mix])
    assert [lw.encode(m) for m in decoded] == [data for data, _ in mix]


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_encode_mix(benchmark: Any, dialect: str) -> None:
    mix, found = _mix(dialect), lw.dialect(dialect)
    messages = [lw.decode(data, found, request=form) for data, form in mix]
    benchmark.extra_info["messages"] = len(mix)
    assert benchmark(lambda: [lw.encode(m) for m in messages]) == [data for data, _ in mix]
