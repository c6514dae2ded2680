"""What a set of messages comes to: how many of each operation, their failures, and how long replies took."""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire.capture import Captured
from lustre_wire.capture.rpcs import Statistics
from lustre_wire.cli.inputs import latency
from lustre_wire.cli.output import print_json, print_table, say
from lustre_wire.rpc import REPLY


@attrs.define(slots=True)
class Row:
    """One operation. Times in seconds; `timed` replies have one."""

    requests: int = 0
    replies: int = 0
    failed: int = 0
    timed: int = 0
    total: float = 0.0
    longest: float = 0.0


class Summary:
    """Counts messages as they are shown to it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}

    def add(self, captured: Captured) -> None:
        """Count one message."""
        dialect = captured.dialect
        key = (dialect.name, captured.name) if dialect is not None else ("", captured.kind)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Row()
        if captured.direction != REPLY:
            row.requests += 1
            return
        row.replies += 1
        row.failed += dialect is None or captured.status < 0
        taken = latency(captured)
        if taken is not None:
            row.timed += 1
            row.total += taken
            row.longest = max(row.longest, taken)

    def show(self, statistics: Statistics, as_json: bool) -> None:
        """The table, or one JSON object for each of its rows."""
        rows = sorted(self.rows.items(), key=lambda item: -item[1].requests - item[1].replies)
        if as_json:
            for (dialect, name), row in rows:
                print_json({"dialect": dialect or None, "name": name, **attrs.asdict(row)})
            return
        print_table(
            ["dialect", "operation", "requests#", "replies#", "failed#", "mean ms#", "longest ms#"],
            [_cells(dialect, name, row) for (dialect, name), row in rows],
        )
        for count, what in _losses(statistics):
            if count:
                say(f"{count} {what}")


def _cells(dialect: str, name: str, row: Row) -> list[str]:
    times = [f"{row.total / row.timed * 1000:.3f}", f"{row.longest * 1000:.3f}"] if row.timed else ["", ""]
    return [dialect, name, *(str(n) if n else "" for n in (row.requests, row.replies, row.failed)), *times]


def _losses(statistics: Statistics) -> list[tuple[Any, str]]:
    return [
        (statistics.errors, "messages not decoded"), (statistics.replies_unmatched, "replies without their request"),
        (statistics.incomplete, "messages incomplete"), (statistics.segments.lost, "bytes lost"),
        (statistics.unparsed, "bytes between messages that are none"),
    ]  # fmt: skip
