"""Every example of the documentation runs, and every public name has one."""

from __future__ import annotations

import doctest
import os
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(page: Path) -> list[tuple[int, str]]:
    """(line, source) of each Python block of a page."""
    text = page.read_text()
    return [(text.count("\n", 0, m.start(1)), m[1]) for m in _BLOCK.finditer(text)]


WITH_EXAMPLES = [page for page in PAGES if _blocks(page)]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda p: p.name)
def test_examples_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, in the checkout; those with prompts give what stands below them."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "example"}
    for line, source in _blocks(page):
        if ">>>" in source:
            test = doctest.DocTestParser().get_doctest(source, names, page.name, str(page), line)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            said: list[str] = []
            runner.run(test, out=said.append, clear_globs=False)
            assert runner.failures == 0, "".join(said)
            names.update(test.globs)
        else:
            exec(compile("\n" * line + source, os.fspath(page), "exec"), names)


def test_pages_have_examples() -> None:
    assert ROOT / "README.md" in WITH_EXAMPLES


#: Rooms whose names are for users; `register` is for whoever declares dialects and rules, and described there.
ROOMS = ("lustre_wire", *(f"lustre_wire.{room}" for room in ("bulk", "capture", "testing", "text", "translate")))


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_an_example(room: str) -> None:
    sources = "\n".join(source for page in PAGES for _, source in _blocks(page))
    names = set(import_module(room).__all__) - {"register"}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", sources)] == []


def test_the_readme_lists_every_page() -> None:
    listed = set(re.findall(r"\]\((docs/[a-z/]+(?:\.md)?)\)", PAGES[0].read_text()))
    assert listed == {f"docs/{page.name}" for page in PAGES[1:]} | {"docs/reference/"}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
        assert (page.parent / target).exists(), target
