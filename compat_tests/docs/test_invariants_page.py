"""docs/invariants.md has every invariant of the register with its sentence, and no other."""

from pathlib import Path

import lustre_wire.testbed.monitor
import lustre_wire.upgrade.checks.monitor  # noqa: F401 declares the others
from lustre_wire.checking.registry import INVARIANTS

PAGE = Path(__file__).parents[2] / "docs" / "invariants.md"


def test_every_invariant_stands_there_with_its_sentence() -> None:
    rows = [line.strip("|").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    told = {number.strip(): (reads, sentence.strip()) for number, reads, sentence in rows[1:]}
    assert told == {number: (found.reads, found.sentence) for number, found in INVARIANTS.items()}
