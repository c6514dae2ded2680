"""The rules as data: rows for tables."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final, NamedTuple

from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.rpc import REQUEST
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.translate.buffers import pairs_of
from lustre_wire.translate.rules import (
    DOWN,
    UP,
    Compute,
    FieldRule,
    Finish,
    Looks,
    RuleSet,
    Side,
    Slot,
    StructRule,
    looks_of,
    nested,
)

_ERRNO_NAMES: Final = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}


class Place(NamedTuple):
    """Where a field lies: offset and size in bytes."""

    name: str
    offset: int
    size: int


class FieldRow(NamedTuple):
    """One field rule: where the field is in both structs, and what becomes of it either way.

    `up` and `down` are "same", "moved", "renamed", "computed", "bits", "default V", "dropped", "lossy NAME" or
    "impossible ERRNO"; `old` or `new` is None where that side has no such field.
    """

    old: Place | None
    new: Place | None
    up: str
    down: str
    note: str


class BufferRow(NamedTuple):
    """One buffer of a request or reply on both sides; index in a lustre_msg v2, 0 and "" where a side has none."""

    old: str
    old_index: int
    new: str
    new_index: int
    note: str


class LookingRow(NamedTuple):
    """One function of the rules: whose it is, its direction, and what it looks at beside its value (see `Looks`)."""

    rule: str
    direction: str
    reads: tuple[str, ...]
    asks: tuple[str, ...]
    changes: tuple[str, ...]


def looking_rows(rules: RuleSet) -> Iterator[LookingRow]:
    """Every function of the rules that looks at more than its value: the others decide by that alone."""
    for name, direction, function in _functions(rules):
        looks = looks_of(function)
        if looks != Looks():
            yield LookingRow(name, direction, looks.reads, looks.asks, looks.changes)


def _functions(rules: RuleSet) -> Iterator[tuple[str, str, Compute | Finish | None]]:
    for rule in rules.structs:
        for field in rule.fields:
            for direction, function, name in ((UP, field.up, field.new), (DOWN, field.down, field.old)):
                yield f"{rule.name}: {name or field.new or field.old}", direction, function
    for operation in rules.operations:
        for side, where in ((operation.request, "request"), (operation.reply, "reply")):
            yield f"{operation.old} {where}", UP, side.up
            yield f"{operation.old} {where}", DOWN, side.down


def _place(rule: StructRule, side: str, path: str) -> Place | None:
    if not path:
        return None
    offset, spec = nested(rule, side, path)
    return Place(path, offset, spec.size)


def field_rows(rule: StructRule) -> list[FieldRow]:
    """The rows of a struct rule, in the order of the older struct, then what only the newer one has."""
    rows = []
    for field in rule.fields:
        old, new = _place(rule, "old", field.old), _place(rule, "new", field.new)
        rows.append(FieldRow(old, new, _said(field, UP, old, new), _said(field, DOWN, old, new), field.note))
    return sorted(rows, key=lambda r: (r.old is None, r.old.offset if r.old else r.new.offset if r.new else 0))


def _said(field: FieldRule, direction: str, old: Place | None, new: Place | None) -> str:
    kind = field.kind(direction)
    if kind in ("same", "renamed") and old is not None and new is not None and old.offset != new.offset:
        return "moved" if kind == "same" else "renamed, moved"
    if kind == "default":
        return f"default {field.default:#x}" if isinstance(field.default, int) and field.default else "default 0"
    if kind == "lossy":
        return f"lossy {field.loss}"
    if kind == "impossible":
        return f"impossible {_ERRNO_NAMES.get(field.errno, field.errno)}"
    return kind


def buffer_rows(rules: RuleSet, old: RpcFormat, new: RpcFormat, side_name: str) -> list[BufferRow]:
    """The buffers of one side ("request" or "reply") of an operation, in the order of the newer dialect."""
    side = _side(rules, old, side_name)
    pairs = pairs_of(rules, side, old, new, UP, side_name)
    olds = {s.name: s.index for s in (old.request if side_name == REQUEST else old.reply).__slot_specs__}
    news = {s.name: s.index for s in (new.request if side_name == REQUEST else new.reply).__slot_specs__}
    back = {n: o for o, n in pairs.items()} | {n: o for o, ns in side.split.items() for n in ns}
    rows = []
    for name, index in news.items():
        source = back.get(name, "")
        slot = side.only_new.get(name) or rules.added.get(name)
        note = "split" if source in side.split else "" if source else _slot_note(slot)
        rows.append(BufferRow(source, olds.get(source, 0), name, index, note))
    told = {row.old for row in rows}
    for name, index in olds.items():
        if name not in told:
            rows.append(BufferRow(name, index, "", 0, _slot_note(side.only_old.get(name))))
    return rows


def _slot_note(slot: Slot | None) -> str:
    """What becomes of a buffer without counterpart, if it holds something."""
    if slot is None:
        return ""
    if slot.errno:
        return f"filled is impossible ({_ERRNO_NAMES.get(slot.errno, slot.errno)})"
    return f"filled is lossy ({slot.loss})" if slot.loss else "dropped"


def _side(rules: RuleSet, old: RpcFormat, side_name: str) -> Side:
    operation = rules.operation(old, UP)
    return operation.request if side_name == REQUEST else operation.reply


def operations(rules: RuleSet) -> Iterator[tuple[RpcFormat, RpcFormat]]:
    """(older, newer) format of every operation both dialects have, without variants of single senders."""
    old, new = named_dialect(rules.old), named_dialect(rules.new)
    for form in old.formats:
        wanted = rules.operation(form, UP).new
        found = next((f for f in new.formats if f.name == wanted and not f.variant), None)
        if found is not None and not form.variant:
            yield form, found


def refusals(rules: RuleSet) -> Iterator[tuple[str, str, str, str]]:
    """(operation, direction, errno name, why) of requests that are never translated."""
    for name, code in rules.old_only.items():
        yield name, UP, _ERRNO_NAMES.get(code, str(code)), "the newer dialect does not have it"
    for name, code in rules.new_only.items():
        yield name, DOWN, _ERRNO_NAMES.get(code, str(code)), "the older dialect does not have it"
    for operation in rules.operations:
        for direction, code in ((UP, operation.request.errno_up), (DOWN, operation.request.errno_down)):
            if code:
                yield operation.old, direction, _ERRNO_NAMES.get(code, str(code)), operation.request.why
