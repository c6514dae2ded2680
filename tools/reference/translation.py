"""The page of translation rules, made from their declarations."""

from __future__ import annotations

from collections.abc import Iterator

from lustre_wire.rpc import REPLY, REQUEST
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.translate import rules_between
from lustre_wire.translate.rules import RuleSet
from lustre_wire.translate.tables import (
    BufferRow,
    FieldRow,
    Place,
    buffer_rows,
    field_rows,
    looking_rows,
    operations,
    refusals,
)


def page(old: str = "1.8", new: str = "2.0") -> str:
    """The text of the page."""
    rules = rules_between(old, new)
    parts = (*_head(rules), *_refused(rules), *_operations(rules), *_structs(rules), *_looking(rules))
    return "\n".join(parts) + "\n"


def _head(rules: RuleSet) -> Iterator[str]:
    yield f"# Translation between {rules.old} and {rules.new}"
    yield ""
    yield "Made from `codecs/lustre_codecs/translation` by `python -m tools.reference`. Do not edit."
    yield ""
    yield f"*Up* is from {rules.old} to {rules.new}, *down* from {rules.new} to {rules.old}; offsets are in bytes."
    yield 'Unless it is 0 (or the default), a field that is "lossy N" is lost under the name N, and one that is'
    yield '"impossible E" makes the message untranslatable with that errno. The rest is in `docs/translation.md`.'
    yield ""


def _refused(rules: RuleSet) -> Iterator[str]:
    yield "## Requests that are never translated"
    yield ""
    yield "| operation | direction | errno | why |"
    yield "|---|---|---|---|"
    for name, direction, errno, why in refusals(rules):
        yield f"| {name} | {direction} | {errno} | {why} |"
    yield ""


def _operations(rules: RuleSet) -> Iterator[str]:
    yield "## Operations whose buffers change"
    yield ""
    yield "Buffer 0 is the ptlrpc_body. Operations that are not listed have the same buffers in the same places."
    for old, new in operations(rules):
        lines = [line for side in (REQUEST, REPLY) for line in _side(rules, old, new, side)]
        if not lines:
            continue
        title = old.name if old.name == new.name else f"{old.name} and {new.name}"
        yield from ("", f"### {title}", "", f"| | {rules.old} | {rules.new} | |", "|---|---|---|---|", *lines)
    yield ""


def _side(rules: RuleSet, old: RpcFormat, new: RpcFormat, side: str) -> list[str]:
    if side == REQUEST and old.name in {name for name, *_ in refusals(rules)}:
        return []
    rows = buffer_rows(rules, old, new, side)
    if all((row.old, row.old_index) == (row.new, row.new_index) for row in rows):
        return []
    return [f"| {side} | {_buffer(row, new=False)} | {_buffer(row, new=True)} | {row.note} |" for row in rows]


def _buffer(row: BufferRow, *, new: bool) -> str:
    name, index = (row.new, row.new_index) if new else (row.old, row.old_index)
    return f"{index} `{name}`" if name else "-"


def _structs(rules: RuleSet) -> Iterator[str]:
    yield "## Structs"
    for rule in rules.structs:
        yield from ("", f"### {rule.name}", "", f"| {rules.old} | {rules.new} | up | down | |", "|---|---|---|---|---|")
        for row in field_rows(rule):
            yield _field(row)


def _field(row: FieldRow) -> str:
    return f"| {_place(row.old)} | {_place(row.new)} | {row.up} | {row.down} | {row.note} |"


def _place(place: Place | None) -> str:
    return f"{place.offset} `{place.name}`" if place is not None else "-"


def _looking(rules: RuleSet) -> Iterator[str]:
    yield from ("", "## What rules look at", "")
    yield "What a field becomes follows from its value, but for these: they look at other fields and buffers too, ask"
    yield "the session, or change it. A message whose translation changes the session is never translated by a copy"
    yield "plan. Nor is one without format or ptlrpc_body (a lustre_msg v1), nor a reply with a checksum in its header."
    yield from ("", "| rule | direction | looks at | asks | changes |", "|---|---|---|---|---|")
    for row in looking_rows(rules):
        said = (", ".join(f"`{name}`" for name in names) for names in (row.reads, row.asks, row.changes))
        yield f"| {row.rule} | {row.direction} | {' | '.join(said)} |"
