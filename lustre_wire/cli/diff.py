"""``lustre-wire diff``: two dialects side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import click

from lustre_wire.cli.names import DIALECT, asked_of_either, close_to, either, found_in, matching
from lustre_wire.cli.output import examples, json_option, print_json, print_table
from lustre_wire.cli.rpcdiff import all_rpcs, one_rpc
from lustre_wire.dialects import Dialect
from lustre_wire.schema import LayoutField, layout, spec_of
from lustre_wire.schema.history import renamed
from lustre_wire.schema.shown import is_padding
from lustre_wire.translate import rules_between
from lustre_wire.translate.tables import Place, field_rows

_SECTIONS: Final = (("struct", "field", "Structs"), ("rpc", "buffer", "RPC formats"), ("constant", "", "Constants"))
SAME, MOVED, RENAMED, RESIZED, RETYPED = "same", "moved", "renamed", "resized", "other type"


@dataclass(frozen=True)
class Pair:
    """One field of the old struct and its counterpart in the new one; None on the side that has none."""

    old: LayoutField | None
    new: LayoutField | None
    what: str


def compare(old: Any, new: Any) -> list[Pair]:
    """The fields of two structs side by side, in the order of the old one, then what only the new one has.

    Of two releases of one struct its history says which field is which. Otherwise a field of another name is the same
    one renamed if offset, size and type agree and neither name exists on the other side.
    """
    before, after, known = layout(old), layout(new), renamed(old, new)
    by_name = {f.name: f for f in after.fields}
    olds = {f.name for f in before.fields}
    unnamed = {(f.offset, f.size, f.type): f for f in after.fields if f.name not in olds}
    pairs, used = [], set()
    for field in before.fields:
        if known is not None:
            other = by_name.get(known.get(field.name, ""))
        else:
            other = by_name.get(field.name) or unnamed.get((field.offset, field.size, field.type))
        if other is not None:
            used.add(other.name)
        pairs.append(Pair(field, other, _what(field, other)))
    pairs += [Pair(None, f, "only new") for f in after.fields if f.name not in used]
    return pairs


def _what(old: LayoutField, new: LayoutField | None) -> str:
    if new is None:
        return "only old"
    changes = []
    if old.name != new.name:
        paddings = is_padding(old.name), is_padding(new.name)
        changes.append({(True, False): "was padding", (False, True): "now padding"}.get(paddings, RENAMED))
    if old.offset != new.offset:
        changes.append(MOVED)
    if old.size != new.size:
        changes.append(RESIZED)
    elif old.type != new.type:
        changes.append(RETYPED)
    if old.opaque != new.opaque:
        changes.append("as sent" if new.opaque else "swapped")
    return ", ".join(changes) or SAME


@click.command(
    epilog=examples("""
        lustre-wire diff 1.8 2.0
        lustre-wire diff 1.8 2.0 obdo
        lustre-wire diff 1.8 2.0 mds_body:mdt_body
        lustre-wire diff 1.8 2.0 --rules 'mds_rec_*'
        lustre-wire diff 1.8 2.0 MDS_GETXATTR
        lustre-wire diff 1.8 2.0 'OBD_CONNECT_*'
        lustre-wire diff 1.8 2.0 --json --exit-code
        lustre-wire diff 2.5 2.17 mdt_body
    """)
)
@click.argument("old", type=DIALECT)
@click.argument("new", type=DIALECT)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "-a", "everything", is_flag=True, help="List what is the same, too.")
@click.option("--rules", "as_rules", is_flag=True, help="What translation makes of each field, instead of the layouts.")
@click.option("--exit-code", is_flag=True, help="Leave with status 1 if anything differs.")
@json_option
def command(
    old: Dialect, new: Dialect, names: tuple[str, ...], everything: bool, as_rules: bool, exit_code: bool, as_json: bool
) -> int:
    """Compare dialect OLD with dialect NEW.

    NAME is a struct, two structs as old:new, an RPC format or a constant; * and ? stand for any characters. Without a
    NAME everything that differs is listed.
    """
    if as_rules:
        return _print_rules(old, new, names, everything, as_json)
    if names:
        rows = [row for name in names for row in _named(name, old, new, as_json)]
    else:
        rows = [*_structs(old, new), *all_rpcs(old, new), *_constants(old, new)]
    rows = [row for row in rows if everything or names or row["change"] != SAME]
    _print(rows, old, new, as_json)
    return int(exit_code and any(row["change"] != SAME for row in rows))


def _print_rules(old: Dialect, new: Dialect, names: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """The translation rules of structs; `names` are those of either side."""
    rules = rules_between(old, new)
    pairs = [(spec_of(rule.old).name, spec_of(rule.new).name, rule) for rule in rules.structs]
    wanted = [rule for *ends, rule in pairs if not names or any(matching(name, ends) for name in names)]
    ends = {name for *ends, _ in pairs for name in ends}
    for name in names:
        if not matching(name, ends):
            raise click.UsageError(f"no rule is about {name!r}{close_to(name, sorted(ends))}")
    rows = [(rule.name, row) for rule in wanted for row in field_rows(rule)]
    rows = [(name, row) for name, row in rows if everything or (row.up, row.down) != (SAME, SAME)]
    if as_json:
        for name, row in rows:
            places = {"old": row.old._asdict() if row.old else None, "new": row.new._asdict() if row.new else None}
            print_json({"struct": name, **places, "up": row.up, "down": row.down, "note": row.note})
        return 0
    columns = ("struct", rules.old, rules.new, "up", "down", "note")
    print_table(columns, [(name, _at(r.old), _at(r.new), r.up, r.down, r.note) for name, r in rows])
    return 0


def _at(place: Place | None) -> str:
    return "-" if place is None else f"{place.offset:>4} {place.name}"


def _named(name: str, old: Dialect, new: Dialect, as_json: bool) -> Iterator[dict[str, Any]]:
    first, _, second = name.partition(":")
    if second:
        for dialect, each in ((old, first), (new, second)):
            if each not in dialect.structs:
                raise click.UsageError(
                    f"dialect {dialect.name} knows no struct {each!r}{close_to(each, dialect.structs)}"
                )
        yield from _side_by_side(old.structs[first], new.structs[second])
        return
    structs = asked_of_either(name, old.structs, new.structs)
    for each in structs:
        if each in old.structs and each in new.structs:
            yield from _side_by_side(old.structs[each], new.structs[each])
        else:
            yield _struct_row(each, old, new)
    rpcs = asked_of_either(name, old.rpcs, new.rpcs)
    for each in rpcs:
        yield from one_rpc(each, old, new)
    constants = [row for row in _constants(old, new) if matching(name, [row["name"]])]
    yield from constants
    if not structs and not rpcs and not constants:
        parts = ("structs", "rpcs", "constants")
        found_in(name, {part: {**getattr(old, part), **getattr(new, part)} for part in parts}, new)


def _name(old: Any, new: Any) -> str:
    names = dict.fromkeys(spec_of(cls).name for cls in (old, new) if cls is not None)
    return ":".join(names)


def _side_by_side(old: Any, new: Any) -> Iterator[dict[str, Any]]:
    name, sizes = _name(old, new), [spec_of(cls).size for cls in (old, new)]
    change = ", ".join(_changed(old, new)) or SAME
    yield {"kind": "struct", "name": name, "old": f"{sizes[0]} bytes", "new": f"{sizes[1]} bytes", "change": change}
    for pair in compare(old, new):
        field = (pair.old or pair.new).name  # type: ignore[union-attr]  # one of them is there
        yield {
            "kind": "field", "name": f"{name}.{field}", "old": _field(pair.old), "new": _field(pair.new),
            "change": pair.what,
        }  # fmt: skip


def _changed(old: Any, new: Any) -> list[str]:
    """What differs of two structs as a whole."""
    specs = spec_of(old), spec_of(new)
    is_renamed = specs[0].name != specs[1].name and renamed(old, new) is not None
    return [*([RENAMED] if is_renamed else []), *([RESIZED] if specs[0].size != specs[1].size else [])]


def _field(field: LayoutField | None) -> str:
    return "-" if field is None else f"{field.offset:>4} +{field.size:<3} {field.type} {field.name}"


def _struct_row(name: str, old: Dialect, new: Dialect) -> dict[str, Any]:
    sides = [d.structs.get(name) for d in (old, new)]
    texts = ["-" if side is None else f"{spec_of(side).size} bytes" for side in sides]
    return {"kind": "struct", "name": _name(*sides), "old": texts[0], "new": texts[1], "change": _struct_change(*sides)}


def _struct_change(old: Any, new: Any) -> str:
    if old is None or new is None:
        return "only old" if new is None else "only new"
    changed = [p for p in compare(old, new) if p.what != SAME]
    text = f"{len(changed)} field{'s' if len(changed) > 1 else ''} differ{'' if len(changed) > 1 else 's'}"
    return ", ".join([*_changed(old, new), *([text] if changed else [])]) or SAME


def _structs(old: Dialect, new: Dialect) -> Iterator[dict[str, Any]]:
    for name in either(old.structs, new.structs):
        yield _struct_row(name, old, new)


def _constants(old: Dialect, new: Dialect) -> Iterator[dict[str, Any]]:
    for name in sorted({*old.constants, *new.constants}):
        before, after = old.constants.get(name), new.constants.get(name)
        if before is None or after is None:
            change = "only old" if after is None else "only new"
        else:
            change = SAME if before == after else "other value"
        yield {"kind": "constant", "name": name, "old": _value(before), "new": _value(after), "change": change}


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return hex(value) if abs(value) > 999 else str(int(value))
    return repr(value)


def _label(row: dict[str, Any]) -> str:
    return f"  {row['name'].rpartition('.')[2]}" if row["kind"] in ("field", "buffer") else str(row["name"])


def _print(rows: list[dict[str, Any]], old: Dialect, new: Dialect, as_json: bool) -> None:
    if as_json:
        for row in rows:
            print_json({**row, "old": row["old"].strip(), "new": row["new"].strip()})
        return
    for kind, part, title in _SECTIONS:
        chosen = [row for row in rows if row["kind"] in (kind, part)]
        if chosen:
            table = [[_label(r), r["old"], r["new"], r["change"]] for r in chosen]
            print_table(["name", old.name, new.name, "change"], table, title=title)
