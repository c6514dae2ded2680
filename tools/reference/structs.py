"""The page of wire structs."""

from __future__ import annotations

from typing import Any

from lustre_wire.schema import Shown, layout, spec_of
from tools.reference.common import dialects, enum_link, said, struct_link, table

_ORDERS = {"sender": "the sender's byte order", "little": "little-endian", "big": "big-endian"}
_NO_SWAB = "no swab function: a receiver of the other byte order leaves it as sent, unless it is part of another struct"


#: How a number is written says nothing about what it is.
_NOTATIONS = (Shown.HEX, Shown.OCTAL)


def page() -> str:
    names = sorted({name for d in dialects() for name in d.structs})
    return "# Wire structs\n\n" + _INTRODUCTION + "\n" + "\n".join(_section(name) for name in names)


_INTRODUCTION = """Made from the declarations by `python -m tools.reference`. Do not edit.

Offsets and sizes are in bytes. "swap" is the width of the integers that a receiver of the other byte order swaps;
"as sent" is what it leaves alone; "by field" means what the struct in place says of itself.
"""


def _section(name: str) -> str:
    found = [(d.name, d.structs[name]) for d in dialects() if name in d.structs]
    groups: list[tuple[list[str], str]] = []
    for dialect, cls in found:
        text = _table(cls)
        if groups and groups[-1][1] == text:
            groups[-1][0].append(dialect)
        else:
            groups.append(([dialect], text))
    parts = [f"**{' and '.join(names)}**\n\n{text}" for names, text in groups]
    return f"## {name}\n\n{said(found[-1][1])}\n\n" + "\n".join(parts)


def _table(cls: Any) -> str:
    spec, shown = spec_of(cls), layout(cls)
    about = [f"{shown.kind}, {shown.size} bytes, {_ORDERS[shown.order]}"]
    if not spec.swab and shown.order == "sender":
        about.append(_NO_SWAB)
    rows = []
    for field in shown.fields:
        declared = spec.by_name.get(field.name)
        values = [enum_link(declared.enum.__name__)] if declared is not None and declared.enum is not None else []
        if declared is not None and declared.shown not in (None, *_NOTATIONS):
            values.append(declared.shown.value)
        if declared is not None and declared.given is not None:
            values.append(f"counts with {declared.given.mask:#x} in {declared.given.field}")
        if declared is not None and declared.magic:
            values.append(" or ".join(f"{number:#x}" for number in declared.magic))
        place = [str(field.offset), f"`{field.name}`", str(field.size)]
        rows.append([*place, _type(field.type), _swap(field, spec.order), ", ".join(values)])
    return "; ".join(about) + ".\n\n" + table(["offset", "field", "size", "type", "swap", "values"], rows)


def _type(name: str) -> str:
    word, _, rest = name.partition(" ")
    if word not in ("struct", "union"):
        return name
    bare, bracket, count = rest.partition("[")
    return f"{word} {struct_link(bare)}{bracket}{count}"


def _swap(field: Any, order: str) -> str:
    if order != "sender":
        return "-"
    if field.opaque:
        return "as sent"
    if field.type.startswith(("struct", "union")):
        return "by field"
    width = int("".join(c for c in field.type.partition("[")[0] if c.isdigit()) or 8) // 8
    return str(width) if width > 1 else "-"
