"""The table of requirements in docs/upgrade.md: all stand there, and broken nodes make the checks of each fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compat_tests.upgrade.test_broken_nodes import BROKEN
from compat_tests.upgrade.test_own_mutants import MUTANTS as OWN
from compat_tests.upgrade.test_protocol_mutants import MUTANTS as PROTOCOL
from lustre_wire.checking.registry import INVARIANTS

PAGE = (Path(__file__).parents[2] / "docs" / "upgrade.md").read_text("utf-8")
#: The requirements of 2008 (SI) and what its discussion added (TH), by number; TH-2 has five parts.
ALL = {f"SI-{n}" for n in range(1, 19)} | {f"TH-{n}" for n in range(1, 28)} - {"TH-2"}
ALL |= {"SI-4a", *(f"TH-2{part}" for part in "abcde")}
#: Refers to the requirements of the SI list, whose rows stand for it.
REFERS = {"TH-27"}
#: The check that reports each broken node, by the node's name; and every check that some broken node makes report.
REPORTED = {name: made[0] for name, made in PROTOCOL.items()} | {name: made[1] for name, made in OWN.items()}
FAILING = set(REPORTED.values()) | {made[0] for made in BROKEN}


def _table(heading: str) -> list[list[str]]:
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def _numbers(cell: str) -> set[str]:
    """The requirements a row is about: several, or from one to another."""
    span = re.match(r"(SI|TH)-(\d+) to (?:SI|TH)-(\d+)", cell)
    if span:
        return {f"{span[1]}-{n}" for n in range(int(span[2]), int(span[3]) + 1)}
    found = re.match(r"(?:(?:SI|TH)-\d+[a-e]?(?:, )?)+", cell)
    assert found is not None, cell
    return set(re.findall(r"(?:SI|TH)-\d+[a-e]?", found[0]))


ROWS = {row[0]: row[-1] for row in _table("Requirements")}


def test_every_requirement_has_a_row() -> None:
    assert set[str]().union(*map(_numbers, ROWS)) == ALL


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.partition(" ")[0].rstrip(","))
def test_its_check_is_one_that_a_broken_node_makes_report(row: str) -> None:
    if _numbers(row) == REFERS:
        assert ROWS[row] == ""
        return
    without = re.sub(r"\([^)]*\)", "", ROWS[row]).partition(":")[0]
    checks = {check.strip() for check in without.split(",")}
    assert checks <= INVARIANTS.keys()
    assert checks <= FAILING
    assert {REPORTED[name] for name in re.findall(r"\*([^*]+)\*", ROWS[row])} <= checks


def test_every_broken_node_is_listed_with_what_reports_it() -> None:
    listed = {name: (kind, check) for name, kind, check in _table("Nodes broken on purpose")}
    made = {name: ("protocol", each[0]) for name, each in PROTOCOL.items()}
    assert listed == made | {name: (each[0], each[1]) for name, each in OWN.items()}
