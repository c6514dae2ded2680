"""What commands print with: lines, tables and JSON on standard output, progress on standard error.

Nothing else prints. What is printed may come from bytes, so that a line is one line, and everything a terminal would
act on is escaped (`lustre_wire.text.quoting.shown`); styles are put around text afterwards. Colour and progress appear
only on a terminal; piped text has no trailing blanks and is never wrapped or cut.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeVar

import click

from lustre_wire.text import Node
from lustre_wire.text.quoting import json_line, shown

_T = TypeVar("_T")
_UNLIMITED: Final = 100_000
#: Lines that are written at once.
_BLOCK: Final = 64

#: Options and text many commands share.
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


def examples(text: str) -> str:
    """Example lines for a command's epilog, which click leaves as they are."""
    lines = "\n".join(f"  {line.strip()}" for line in text.strip().splitlines())
    return f"\b\nExamples:\n{lines}"


class Styled(NamedTuple):
    """Text with a style of `click.style`."""

    text: str
    style: dict[str, Any]


def paint(text: str, **style: Any) -> Styled:
    """Text that `say` prints in a style where `coloured` says so."""
    return Styled(text, style)


def say(*parts: str | Styled, sep: str = " ", err: bool = False) -> None:
    """Print one line, on standard error if `err`."""
    click.echo(line_of(parts, sep, colour=coloured()), err=err)


def line_of(parts: Sequence[str | Styled], sep: str = " ", *, colour: bool) -> str:
    """One line of what can be shown; with `colour` in its styles."""
    if not colour:
        return shown(sep.join([part if isinstance(part, str) else part.text for part in parts]))
    return sep.join([shown(p) if isinstance(p, str) else click.style(shown(p.text), **p.style) for p in parts])


@contextmanager
def lines_of(live: bool) -> Iterator[Callable[[str], None]]:
    """A function that prints lines, in blocks; `live`: each at once. What else prints in between comes first."""
    if live or sys.stdout.isatty():
        yield click.echo
        return
    block: list[str] = []

    def write() -> None:
        lines, block[:] = "\n".join([*block, ""]), []
        click.echo(lines, nl=False, color=True)  # there is no colour to be taken out

    def put(line: str) -> None:
        block.append(line)
        if len(block) == _BLOCK:
            write()

    try:
        yield put
    finally:
        write()


def complain(text: str) -> None:
    """Say in one line on standard error what is wrong."""
    say(f"lustre-wire: {' '.join(text.split())}", err=True)


def say_now(text: str) -> None:
    """Show on standard error, if that is a terminal, how far a run is, instead of what `say_now` said before."""
    if sys.stderr.isatty():
        click.echo(f"\r{shown(text)}\x1b[K", nl=False, err=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """A table with a header line. A column whose name ends in "#" (which is not printed) is aligned to the right."""
    from rich.console import Console  # takes its time to load, and few commands need it
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", title=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.removesuffix("#"), justify="right" if column.endswith("#") else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(shown, row))
    if title:
        say(paint(title, bold=True))
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


def print_json(obj: Any) -> None:
    """One JSON object on a line of its own."""
    click.echo(json_line(obj))


def print_node(node: Node, depth: int = 0) -> None:
    """A value and what it consists of, one line each: offset in bytes, name, text."""
    offset = f"{node.offset:>7}" if node.offset is not None else " " * 7
    name = paint(node.name, bold=depth == 0)
    text = f"{node.text} (not valid)" if not node.counts else node.text
    say(paint(offset, dim=True), f"  {'  ' * depth}", name, f": {text}" if text else "", sep="")
    for child in node.children:
        print_node(child, depth + 1)


def progress(items: Iterable[_T], label: str) -> Iterator[_T]:
    """The items; how many have passed is shown on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=label, console=Console(stderr=True), transient=True)
