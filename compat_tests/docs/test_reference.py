"""The reference pages are what the declarations say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lustre_wire as lw
from tools.reference import pages
from tools.reference.__main__ import DIRECTORY, differing, main


def test_the_pages_are_up_to_date() -> None:
    """`python -m tools.reference` writes them again."""
    assert differing() == []


def test_a_changed_or_missing_page_is_found(tmp_path: Path) -> None:
    made = pages()
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    assert differing(tmp_path) == []
    (tmp_path / "mds.md").write_text(made["mds.md"] + "more\n")
    (tmp_path / "structs.md").unlink()
    (tmp_path / "old.md").write_text("")
    assert differing(tmp_path) == ["mds.md", "old.md", "structs.md"]


def test_check_changes_nothing() -> None:
    before = {path.name: path.read_bytes() for path in DIRECTORY.glob("*.md")}
    assert main(["--check"]) == 0
    assert {path.name: path.read_bytes() for path in DIRECTORY.glob("*.md")} == before


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_nothing_is_left_out(dialect: str) -> None:
    found, made = lw.dialect(dialect), pages()
    headings = {heading for text in made.values() for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert {form.name for form in found.formats} <= headings
    assert set(found.structs) <= headings
    assert set(found.enums) <= headings
    assert all(f"| `{name}` |" in made["constants.md"] for name in found.constants)


def test_every_link_has_a_target() -> None:
    made = pages()
    anchors = {
        name: {re.sub(r"[^\w-]", "", h.lower()) for h in re.findall(r"^## (.+)$", text, re.MULTILINE)}
        for name, text in made.items()
    }
    for page, text in made.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            name, _, fragment = target.partition("#")
            assert (name or page) in made, target
            assert not fragment or fragment in anchors[name or page], f"{page}: {target}"
