"""What a translated stream comes to: where each message went, by which plan, and what was lost on the way."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lustre_wire.bulk.index import columns_table
from lustre_wire.engines.bulk.columns import Columns, whole
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.errors import WireError
from lustre_wire.translate import Entry

MESSAGES = columns_table({
    C.LW_IN_OFFSET: ("offset", "Q"), C.LW_IN_LENGTH: ("length", "I"), C.LW_OUT_OFFSET: ("out_offset", "Q"),
    C.LW_OUT_LENGTH: ("out_length", "I"), C.LW_PLAN: ("plan", "i"),
})  # fmt: skip
REPORT = columns_table({0: ("message", "Q"), 1: ("entry", "I")})
#: Values of the column `plan` below 0: translated by itself, cannot be translated, no message.
SINGLE, IMPOSSIBLE, UNREADABLE = -1, -2, -3


@dataclass
class Plan:
    """A translation that is known: its report, the result without strings, and the message it was made from."""

    entries: tuple[Entry, ...]
    result: bytes
    image: bytes
    data: bytes


class Translated(Mapping[str, memoryview]):
    """A translated stream.

    Columns by message: `offset` and `length` in the source, `out_offset` and `out_length` in the result (length 0 where
    nothing came out), and `plan`: the plan's number, or SINGLE, IMPOSSIBLE, UNREADABLE. The report: row by row
    `message` is a message's number and `entry` the number of one of `entries`.

    Attributes:
        data: the messages in the other dialect.
        errors: by message, why nothing came out.
        planned, single: how many messages went by a plan, and how many by themselves.
    """

    __slots__ = ("_found", "_messages", "_plans", "_report", "data", "errors", "planned", "single")

    def __init__(
        self, data: memoryview, messages: Columns, plans: list[Plan], found: dict[int, tuple[Entry, ...]],
        errors: dict[int, WireError], single: int,
    ) -> None:  # fmt: skip
        self.data, self.errors, self.single = data, errors, single
        self.planned = messages.rows - single - len(errors)
        self._messages, self._plans, self._found = messages, plans, found
        self._report: tuple[Columns, list[Entry]] | None = None

    @property
    def rows(self) -> int:
        """Number of messages, and of bad stretches."""
        return self._messages.rows

    @property
    def entries(self) -> list[Entry]:
        """The distinct entries of the report."""
        return self._made_report()[1]

    def entries_of(self, number: int) -> tuple[Entry, ...]:
        """The report of one message.

        Raises:
            WireError: there is no message of that number.
        """
        number = whole(number, "number", most=self.rows - 1)
        plan = self._messages["plan"][number]
        return self._plans[plan].entries if plan >= 0 else self._found.get(number, ())

    def _made_report(self) -> tuple[Columns, list[Entry]]:
        if self._report is None:
            numbers: dict[Any, int] = {}
            entries: list[Entry] = []
            rows = array("Q"), array("I")
            for message in range(self.rows):
                for entry in self.entries_of(message):
                    key = repr(entry)
                    if key not in numbers:
                        numbers[key] = len(entries)
                        entries.append(entry)
                    rows[0].append(message)
                    rows[1].append(numbers[key])
            columns = Columns(REPORT, len(rows[0]), tuple(memoryview(column).cast("B") for column in rows))
            self._report = columns, entries
        return self._report

    def __getitem__(self, name: str) -> memoryview:
        return self._made_report()[0][name] if name in REPORT.numbers else self._messages[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*MESSAGES.numbers, *REPORT.numbers])

    def __len__(self) -> int:
        return len(MESSAGES.numbers) + len(REPORT.numbers)
