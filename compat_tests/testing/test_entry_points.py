"""The fuzz entry points let nothing out, on damaged input of the kind each of them reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import recorded
from lustre_wire.testing.entry_points import ENTRY_POINTS

CAPTURE = (recorded.FIXTURES / "captures" / "02-lnet-ping-discover.pcap").read_bytes()[:4096]
SEEDS = [CAPTURE, *(m.data for m in recorded.messages()[::40])]


@st.composite
def _damaged(draw: Callable[[st.SearchStrategy[object]], object]) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))  # type: ignore[arg-type]
    for at, value in draw(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=6)):  # type: ignore[attr-defined]
        if at < len(data):
            data[at] = value
    return bytes(data[: draw(st.integers(0, len(data)))])  # type: ignore[misc]


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_nothing_but_wire_error_on_damaged_input(name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.one_of(_damaged(), st.binary(max_size=300)))
    def check(data: bytes) -> None:
        ENTRY_POINTS[name](data)

    check()


def test_an_entry_point_fails_where_reading_is_not_faithful(monkeypatch: pytest.MonkeyPatch) -> None:
    message = recorded.messages()[0].data
    ENTRY_POINTS["one_message"](message)
    real = lw.encode
    monkeypatch.setattr("lustre_wire.testing.entry_points.encode", lambda m: real(m) + b"\0")
    with pytest.raises(AssertionError, match="other bytes"):
        ENTRY_POINTS["one_message"](message)
