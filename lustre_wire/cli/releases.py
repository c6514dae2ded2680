"""Releases as options: any whose servers are known, by name or by the dialect that stands for it."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from lustre_wire import dialects
from lustre_wire.dialects import Dialect
from lustre_wire.payloads.reading import server, servers


def _number(name: Any) -> list[int]:
    """A release's name as numbers; empty where it is none."""
    parts = str(name).split("-")[0].split(".")
    return [int(part) for part in parts] if all(part.isdigit() for part in parts) else []


class ReleaseType(click.ParamType[str]):
    """A release: one of the table of servers, a dialect's name, or the beginning of a release's name (its last one)."""

    name = "release"

    def __init__(self, *, as_named: bool = False) -> None:
        self._as_named = as_named

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        known = list(servers())
        if value in known or (self._as_named and value in dialects.names()):
            return str(value)
        if value in dialects.names():
            return server(dialects.dialect(value)).release
        line = [name for name in known if name.startswith((f"{value}.", f"{value}-"))]
        if not line and _number(value) and _number(value) < _number(known[0]):
            return known[0]  # files of older servers read as those of the first
        if not line:
            self.fail(f"no release {value!r}; there are {', '.join(known)}", param, ctx)
        return line[-1]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in servers() if name.startswith(incomplete)]


RELEASE = ReleaseType()
#: The same, a dialect's name kept as it was given.
RELEASE_NAME = ReleaseType(as_named=True)


#: Which release wrote a file, or is to use it.
release_option = click.option(
    "--dialect", "-d", "--release", "release", type=RELEASE,
    help="Release of the servers that wrote it, or are to use it; the newest one if not given.",
)  # fmt: skip


def newest() -> str:
    """The newest release whose servers are known."""
    return list(servers())[-1]


def light_of(release: str | None) -> Dialect:
    """The dialect in whose light files of a release are read: its own, without one that of the newest."""
    return dialects.dialect(release or newest())
