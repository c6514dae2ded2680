"""``lustre-wire history``: the life of a struct, field, number, enumeration or RPC format over the releases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import click

import lustre_wire as lw
from lustre_wire.cli.output import examples, json_option, print_json, print_table, say
from lustre_wire.lives import Life, Span

#: What a span says of each kind, and of what belongs to it: names of columns.
_SAID: Final = {
    "struct": ("size",), "field": ("offset", "size"), "number": ("value",), "enum": ("members",), "format": ("opcode",),
}  # fmt: skip
_SAID_INSIDE: Final = {"struct": ("offset", "size"), "enum": ("value",), "format": ("buffer",)}


@click.command(
    epilog=examples("""
        lustre-wire history mdt_body
        lustre-wire history mdt_body.mbo_projid obdo.o_easize
        lustre-wire history OBD_CONNECT_GRANT_PARAM LOV_MAXPOOLNAME
        lustre-wire history MDS_GETSTATUS
        lustre-wire history ObdConnect --json
    """)
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> None:
    """Show since when, until when and under which names something is on the wire.

    NAME is a struct, a field of it (struct.field), a constant, a flag, an enumeration, an opcode or an RPC format, by
    any name that it has in some release. Releases are those of `lustre_wire.releases()`, first and last included.
    Offsets and sizes are in bytes.
    """
    lives = [lw.history(name) for name in names]
    for number, life in enumerate(lives):
        if as_json:
            print_json(_object(life))
            continue
        if number:
            say("")
        _print(life)


def _first(life: Life) -> Any:
    return life.spans[0][2] if life.spans else None


def _own(life: Life) -> tuple[str, ...]:
    """What a span of the thing itself says: a field of a format has a place only."""
    is_buffer = life.kind == "field" and not isinstance(_first(life), tuple)
    return ("buffer",) if is_buffer else _SAID[life.kind]


def _rows(spans: tuple[Span, ...], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for first, last, said in spans:
        values = said if isinstance(said, tuple) else (said,)
        yield {"first": first, "last": last, **dict(zip(names, values, strict=True))}


def _object(life: Life) -> dict[str, Any]:
    inside = _SAID_INSIDE.get(life.kind) or _own(life)
    return {
        "name": life.name, "kind": life.kind, "spans": list(_rows(life.spans, _own(life))),
        "called": list(_rows(life.called, ("name",))),
        "fields": {name: list(_rows(spans, inside)) for name, spans in life.fields.items()},
        "places": [list(names) for names in life.places if len(names) > 1],
        "shorter": dict(life.shorter),
    }  # fmt: skip


def _print(life: Life) -> None:
    """What it is itself, then its parts: each by its newest name, older ones indented below."""
    own = _own(life)
    if life.kind == "field":
        rows = [(name, row) for name, spans in life.fields.items() for row in _rows(spans, own)]
        _table(("name", *own), rows, f"field {life.name}")
        return
    called = {first: name for first, _, name in life.called} if len(life.called) > 1 else {}
    head = ", ".join(f"{name} from {first}" for first, name in called.items())
    rows = [("", row) for row in _rows(life.spans, own)]
    _table(("", *own), rows, f"{life.kind} {life.name}{': ' if head else ''}{head}")
    for when, size in life.shorter.items():
        say(f"{when}: {size} bytes")
    if life.fields:
        inside = _SAID_INSIDE[life.kind]
        say("")
        parts = [(label, row) for label, name in _labels(life) for row in _rows(life.fields[name], inside)]
        _table(("name", *inside), parts, "")


def _labels(life: Life) -> Iterator[tuple[str, str]]:
    """What each part is called in the table, and its name; every name stands once."""
    places = [*life.places, *((name,) for name in life.fields)]
    seen: set[str] = set()
    for names in places:
        new = [name for name in names if name not in seen]
        seen.update(new)
        yield from ((name if name == names[0] else f"  {name}", name) for name in new)


def _table(columns: tuple[str, ...], rows: list[tuple[str, dict[str, Any]]], title: str) -> None:
    name, *said = columns
    table, before = [], None
    for label, row in rows:
        values = [_value(row[key], key) for key in said]
        table.append(["" if label == before else label, row["first"], row["last"], *values])
        before = label
    head = [name, "from", "to", *(f"{each}#" for each in said)]
    if not name:
        head, table = head[1:], [row[1:] for row in table]
    print_table(head, table, title=title)


def _value(value: Any, key: str) -> str:
    if key == "value" and isinstance(value, int):
        return hex(value) if abs(value) > 999 else str(int(value))
    return str(int(value)) if isinstance(value, int) else repr(value)
