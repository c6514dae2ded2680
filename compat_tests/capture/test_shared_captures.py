"""Traffic of other real nodes, where it lies beside the project: 1.8.9 and 2.0.0 clients, and one of 2.15.5."""

from __future__ import annotations

from pathlib import Path

import pytest

import lustre_wire as lw
from compat_tests.capture.captures import messages, statistics
from compat_tests.shared import REAL, real
from lustre_wire.capture.connected import connected

FILES = [*real("*.pcapng"), *sorted((REAL.parent / "real-clients").glob("*.pcap"))]
#: The older of both sides, as it says itself, and the dialect that the connection is read in.
RELEASES = {"1.8.9": "1.8", "2.0.0": "2.0", "2.0.0.1": "2.0", "2.15.5": "2.17"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_has_a_format_and_belongs_together(path: Path) -> None:
    counts = statistics(path)
    assert (counts.errors, counts.unparsed, counts.replies_unmatched) == (0, 0, 0)
    for captured in messages(path):
        if captured.kind in ("reply", "early reply", "bulk", "bulk get"):
            assert captured.request is not None, captured.kind
        if captured.message is not None:
            assert captured.message.format is not None
            assert lw.encode(captured.message) == captured.raw


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_connection_is_read_as_what_both_sides_are(path: Path) -> None:
    found = [each for captured in messages(path) if (each := connected(captured)) is not None and not each.status]
    assert found
    for each in found:
        assert each.dialect == RELEASES[min(each.client_release, each.server_release)], each
