"""Finding what a user names on the command line: dialects, structs, RPC formats, enumerations."""

from __future__ import annotations

import difflib
import fnmatch
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from lustre_wire import dialects
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError


class DialectType(click.ParamType[Dialect]):
    """A dialect by name, as an option or argument."""

    name = "dialect"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Dialect:
        if isinstance(value, Dialect):
            return value
        try:
            return dialects.dialect(value)
        except WireError as error:
            known = dict.fromkeys([*dialects.names(), *dialects.releases()])
            self.fail(f"{error.message}{close_to(str(value), known)}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        known = dict.fromkeys([*dialects.names(), *dialects.releases()])
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]


DIALECT = DialectType()


def default_dialect() -> Dialect:
    """The dialect meant when none is named: that of the newest release, without releases the latest one installed.

    Raises:
        WireError: none is installed.
    """
    names = dialects.releases() or dialects.names()
    return dialects.dialect(names[-1] if names else "")


def command_words(text: str) -> list[str]:
    """The words of a command given as one option, as a shell splits them.

    Raises:
        click.UsageError: a quotation without an end, or no word at all.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise click.UsageError(f"--exec {text!r}: {error}") from None
    if not words:
        raise click.UsageError("--exec: expected a command")
    return words


def matching(pattern: str, names: Collection[str]) -> list[str]:
    """The names a pattern with ``*`` and ``?`` stands for, whatever their case.

    A table may know more names than it lists, those that things have in other releases: they are found too.
    """
    found = [name for name in names if fnmatch.fnmatchcase(name.lower(), pattern.lower())]
    return found or [pattern] * (pattern in names)


def either(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of what either table lists, sorted; what was renamed between them once, by its old name."""
    renamed = {id(new[name]) for name in old if name in new}
    return sorted({*old, *(name for name in new if id(new[name]) not in renamed)})


def asked_of_either(pattern: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Of `either`, what a pattern names on one side at least."""
    names = {*matching(pattern, old), *matching(pattern, new)}
    wanted = {id(table[name]) for table in (old, new) for name in names if name in table}
    found = either(old, new)
    return [name for name in found if any(name in table and id(table[name]) in wanted for table in (old, new))]


def close_to(name: str, known: Iterable[str]) -> str:
    """What to say behind the complaint that a name is unknown: which come close; empty if none does."""
    names = {each.lower(): each for each in known}
    close = [names[each] for each in difflib.get_close_matches(name.lower(), names, 3)]
    return f"; close: {', '.join(close)}" if close else ""


def found_in(pattern: str, tables: Mapping[str, Mapping[str, Any]], dialect: Dialect) -> list[tuple[str, str]]:
    """(table, name) of everything a pattern names.

    Raises:
        click.UsageError: nothing; says which names come close.
    """
    found = [(kind, name) for kind, table in tables.items() for name in matching(pattern, table)]
    if found:
        return found
    known = (name for table in tables.values() for name in table)
    raise click.UsageError(f"dialect {dialect.name} knows no {pattern!r}{close_to(pattern, known)}")
