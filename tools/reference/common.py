"""What the pages have in common."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from lustre_wire import Dialect, dialect

#: The dialects that stand side by side.
NAMES: Final = ("1.8", "2.0")


def dialects() -> list[Dialect]:
    return [dialect(name) for name in NAMES]


def anchor(name: str) -> str:
    """The fragment a heading of that name gets."""
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def said(cls: Any) -> str:
    """A declaration's docstring."""
    return inspect.cleandoc(cls.__doc__ or "")


def summary(cls: Any) -> str:
    """The first paragraph of a declaration's docstring, on one line."""
    return " ".join(said(cls).split("\n\n")[0].split())


def struct_link(name: str) -> str:
    return f"[`{name}`](structs.md#{anchor(name)})"


def enum_link(name: str) -> str:
    return f"[{name}](constants.md#{anchor(name)})"
