"""What commands print with: tables and styled text on standard output, JSON lines, progress on standard error.

Colour and progress appear only on a terminal; piped text has no trailing blanks and is never wrapped or cut.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lustre_wire.text import Node

_T = TypeVar("_T")
_UNLIMITED: Final = 100_000

_json: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode

#: Options and text many commands share.
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


def examples(text: str) -> str:
    """Example lines for a command's epilog, which click leaves as they are."""
    lines = "\n".join(f"  {line.strip()}" for line in text.strip().splitlines())
    return f"\b\nExamples:\n{lines}"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, title: str = "") -> None:
    """A table with a header line. A column whose name ends in "#" (which is not printed) is aligned to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", title=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.removesuffix("#"), justify="right" if column.endswith("#") else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    if title:
        click.echo(paint(title, bold=True))
    out = Console(
        width=_UNLIMITED, highlight=False, markup=False, emoji=False,
        force_terminal=coloured(), color_system="auto" if coloured() else None,
    )  # fmt: skip
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def coloured() -> bool:
    """Whether standard output is a terminal whose user wants colour (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, **style: Any) -> str:
    """Text with a style of `click.style`, plain where `coloured` says no."""
    return click.style(text, **style) if coloured() else text


def print_json(obj: Any) -> None:
    """One JSON object on a line of its own."""
    click.echo(_json(obj))


def print_node(node: Node, depth: int = 0) -> None:
    """A value and what it consists of, one line each: offset in bytes, name, text."""
    offset = f"{node.offset:>7}" if node.offset is not None else " " * 7
    name = paint(node.name, bold=depth == 0)
    text = f"{node.text} (not valid)" if not node.counts else node.text
    click.echo(f"{paint(offset, dim=True)}  {'  ' * depth}{name}{f': {text}' if text else ''}")
    for child in node.children:
        print_node(child, depth + 1)


def progress(items: Iterable[_T], label: str) -> Iterator[_T]:
    """The items; how many have passed is shown on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import track

    yield from track(items, description=label, console=Console(stderr=True), transient=True)
