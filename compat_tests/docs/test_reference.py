"""The reference pages are what the declarations say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lustre_wire as lw
from lustre_wire.schema import spec_of
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


@pytest.mark.parametrize("name", ["1.8.0", "2.0", "2.12.9", "2.17.0"])
def test_every_part_of_a_release_has_its_history(name: str) -> None:
    made = "".join(text for page, text in pages().items() if page.startswith("history-"))
    found = lw.dialect(name)
    named = {field.name for cls in found.structs.values() if hasattr(cls, "__made__") for field in spec_of(cls).fields}
    assert not {field for field in named if f"`{field}`" not in made and not field.startswith("hole_")}
    assert not {slot.name for form in found.formats for slot in form.request.__slot_specs__
                if not form.variant and f"`request.{slot.name}`" not in made}  # fmt: skip


def test_a_page_says_when_a_field_came_and_under_which_names() -> None:
    page = pages()["history-structs-attributes.md"]
    assert "| `mbo_open_handle` | 2.12.0 to 2.17.0 | 32 | 8 |\n| - `mbo_handle` | 2.6.0 to 2.11.0 | 32 | 8 |" in page
    assert "| `mbo_projid` | 2.10.0 to 2.17.0 |" in page
