"""docs/wireshark.md: each row is what both readers say of that frame."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from compat_tests.recorded import FIXTURES
from compat_tests.tshark import needs_tshark, run
from lustre_wire.cli.main import cli

PAGE = FIXTURES.parent / "docs" / "wireshark.md"
ROW = re.compile(r"\| (\w+) \| (\d+) \| `([^`]*)`(, malformed)? \| `([^`]*)` `([^`]*?)( \.\.\.)?` \|")


class Row(NamedTuple):
    """A frame, and what both say of it."""

    frame: int
    theirs: str
    malformed: bool
    time: str
    ours: str


@cache
def rows() -> dict[str, list[Row]]:
    found = defaultdict(list)
    for number, frame, theirs, malformed, time, ours, _ in ROW.findall(PAGE.read_text()):
        found[number].append(Row(int(frame), theirs, bool(malformed), time, ours))
    return found


def capture(number: str) -> Path:
    [path] = (FIXTURES / "captures").glob(f"{number}-*.pcap")
    return path


def numbers() -> list[str]:
    assert sum(map(len, rows().values())) == PAGE.read_text().count("\n| ") - 1
    return list(rows())


@pytest.mark.parametrize("number", numbers())
def test_decode_says_what_the_page_says(number: str) -> None:
    result = CliRunner().invoke(cli, ["decode", str(capture(number))])
    lines = {line.partition(" ")[0]: " ".join(line.split()) for line in result.output.splitlines()}
    for row in rows()[number]:
        assert " ".join(row.ours.split()) in lines[row.time], row


@needs_tshark
@pytest.mark.parametrize("number", numbers())
def test_tshark_says_what_the_page_says(number: str) -> None:
    wanted = " || ".join(f"frame.number == {row.frame}" for row in rows()[number])
    shown = ["-T", "fields", "-e", "frame.number", "-e", "_ws.col.Info", "-e", "_ws.malformed"]
    told = [line.split("\t") for line in run("-r", str(capture(number)), "-Y", wanted, *shown).splitlines()]
    found = {int(frame): (info.strip(), bool(bad)) for frame, info, bad in told}
    assert found == {row.frame: (row.theirs, row.malformed) for row in rows()[number]}
