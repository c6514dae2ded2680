"""Histories: one page a subject of structs, one a service, each field and buffer with the releases that have it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import lustre_wire as lw
from lustre_wire.lives import Life, Span
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.releases import known, release
from lustre_wire.schema.rpc_history import RpcHistory
from lustre_wire.schema.views import History, history_of
from tools.reference.common import summary, table

_KINDS = (("structs", StructHistory), ("transport", StructHistory), ("rpcs", RpcHistory))
_FIELDS = ("field", "releases", "offset", "size")
_HEADS = {"structs": _FIELDS, "transport": _FIELDS, "rpcs": ("buffer", "releases", "place")}


@cache
def pages() -> dict[str, str]:
    """The text of every page, by file name."""
    lw.releases()
    made = {"releases.md": _counts()}
    for package, kind in _KINDS:
        for subject, module in _modules(package):
            declared = [cls for cls in vars(module).values() if getattr(cls, "__module__", "") == module.__name__]
            found = map(history_of, declared)
            own: list[History] = [history for history in dict.fromkeys(found) if isinstance(history, kind)]
            if own:
                made[f"history-{package}-{subject}.md"] = _page(package, subject, own)
    return made


def index() -> str:
    """The rows of the index."""
    rows = "| [releases](releases.md) | how many structs, fields, constants and formats each release has |\n"
    for package, what in (("structs", "structs of"), ("transport", "transport's structs of"), ("rpcs", "formats of")):
        links = [f"[{name}](history-{package}-{name}.md)" for name, _ in _modules(package)
                 if f"history-{package}-{name}.md" in pages()]  # fmt: skip
        rows += f"| {', '.join(links)} | the {what} all releases: since when and until when each part is there |\n"
    return rows


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    found = importlib.import_module(f"lustre_codecs.{package}")
    for each in pkgutil.iter_modules(found.__path__):
        yield each.name, importlib.import_module(f"{found.__name__}.{each.name}")


def _page(package: str, subject: str, histories: list[History]) -> str:
    what = "formats" if package == "rpcs" else "structs"
    head = f"# History: {subject}, {what}\n\nFrom 1.8.0 to 2.17.0, first and last release included. A field is called "
    head += "by its newest name, older ones below it. Offsets and sizes are in bytes.\n"
    return head + "".join(_section(package, history) for history in histories)


def _section(package: str, history: History) -> str:
    when = next(release(name) for name in reversed(known()) if history.exists(release(name)))
    life = lw.history(history.c_name(when))
    there = ", ".join(f"{_span(span)}: {_said(span[2])}" for span in life.spans)
    own = "opcode" if package == "rpcs" else "bytes"
    called = f" Called {', '.join(f'{name} ({_span(span)})' for span in life.called for name in [span[2]])}." if (
        len(life.called) > 1) else ""  # fmt: skip
    called += "".join(f" {when.capitalize()}: {size}." for when, size in life.shorter.items())
    rows = [(label, _span(span), *_values(span)) for label, name in _labels(life) for span in life.fields[name]]
    text = table(_HEADS[package], rows) if rows else ""
    return f"\n## {life.name}\n\n{summary(history.cls)} {own.capitalize()}: {there}.{called}\n\n{text}"


def _labels(life: Life) -> Iterator[tuple[str, str]]:
    """Each part's newest name, then its older ones; every name once."""
    seen: set[str] = set()
    for names in (*life.places, *((name,) for name in life.fields)):
        for name in names:
            if name not in seen:
                seen.add(name)
                yield (f"`{name}`" if name == names[0] else f"- `{name}`"), name


def _span(span: Span) -> str:
    first, last, _ = span
    return first if first == last else f"{first} to {last}"


def _values(span: Span) -> tuple[str, ...]:
    values = span[2] if isinstance(span[2], tuple) else (span[2],)
    return tuple(map(_said, values))


def _said(value: object) -> str:
    return str(int(value)) if isinstance(value, int) else str(value)


def _counts() -> str:
    rows = []
    for name in lw.releases():
        found = lw.dialect(name)
        specs = [cls.__wire__ for cls in found.structs.values()]
        fields = sum(len(spec.fields) for spec in specs)
        rows.append((name, *map(str, (len(specs), fields, len(found.constants), len(found.formats)))))
    text = table(("release", "structs", "fields", "constants", "formats"), rows)
    return f"# Releases\n\nWhat is declared of each release. A variant of a single sender counts as a format.\n\n{text}"
