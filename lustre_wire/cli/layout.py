"""``lustre-wire layout``: offset tables, the buffers of RPC formats, the members of enumerations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from lustre_wire.cli.names import DIALECT, default_dialect, found_in
from lustre_wire.cli.output import examples, json_option, print_json, print_table, say
from lustre_wire.dialects import Dialect
from lustre_wire.schema import LayoutField, StructSpec, WireFlag, layout, spec_of
from lustre_wire.schema.nodes import Cell, Node, Repeat
from lustre_wire.schema.rpc import Buffers, RpcFormat, SlotSpec
from lustre_wire.text.values import named


@click.command(
    epilog=examples("""
        lustre-wire layout --dialect 2.0
        lustre-wire layout mdt_body --dialect 2.0
        lustre-wire layout 'mds_rec_*' --dialect 1.8
        lustre-wire layout LDLM_ENQUEUE/INTENT_OPEN --dialect 2.0
        lustre-wire layout ObdConnect --dialect 1.8 --json
    """)
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--dialect", "-d", type=DIALECT, help="Which dialect; the latest one if not given.")
@json_option
def command(names: tuple[str, ...], dialect: Dialect | None, as_json: bool) -> None:
    """Show offset tables.

    NAME is a struct by its C name, an RPC format or an enumeration; * and ? stand for any characters. Without a NAME
    all structs are listed with their sizes. Offsets and sizes are in bytes.
    """
    chosen = dialect or default_dialect()
    tables: dict[str, Any] = {"struct": chosen.structs, "rpc": chosen.rpcs, "enum": chosen.enums}
    if not names:
        _list(chosen, as_json)
        return
    show: dict[str, Callable[[Any, Dialect, bool], None]] = {"struct": _struct, "rpc": _rpc, "enum": _enum}
    first = True
    for kind, name in (found for pattern in names for found in found_in(pattern, tables, chosen)):
        if not first and not as_json:
            say("")
        first = False
        show[kind](tables[kind][name], chosen, as_json)


def _list(dialect: Dialect, as_json: bool) -> None:
    layouts = [layout(cls) for _, cls in sorted(dialect.structs.items())]
    if as_json:
        for each in layouts:
            print_json({"dialect": dialect.name, "kind": each.kind, "name": each.name, "size": each.size})
        return
    rows = [[each.name, str(each.size), each.kind, _doc(dialect.structs[each.name])] for each in layouts]
    print_table(["name", "size#", "kind", "what it is"], rows, title=f"Wire structs of dialect {dialect.name}")


def _doc(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n", 1)[0]


def _struct(cls: type, dialect: Dialect, as_json: bool) -> None:
    table, spec = layout(cls), spec_of(cls)
    enums = {f.name: f.enum.__name__ for f in spec.fields if f.enum is not None}
    if as_json:
        fields = [
            {"name": f.name, "offset": f.offset, "size": f.size, "count": f.count, "type": f.type, "signed": f.signed,
             "opaque": f.opaque, "enum": enums.get(f.name)}
            for f in table.fields
        ]  # fmt: skip
        head = {"dialect": dialect.name, "kind": table.kind, "name": table.name, "size": table.size}
        print_json({**head, "order": table.order, "fields": fields})
        return
    rows = [[str(f.offset), str(f.size), f.type, f.name, _notes(f, spec, enums.get(f.name, ""))] for f in table.fields]
    order = "" if table.order == "sender" else f", {table.order}-endian"
    title = f"{table.kind} {table.name}: {table.size} bytes{order} (dialect {dialect.name}). {_doc(cls)}"
    print_table(["offset#", "size#", "type", "field", ""], rows, title=title)


def _notes(field: LayoutField, spec: StructSpec, enum: str) -> str:
    """The enumeration, whether a receiver swaps it, and the flags of another field that make it count."""
    notes = [enum, "as sent" if field.opaque else ""]
    declared = spec.by_name.get(field.name)
    if declared is not None and declared.given is not None:
        flags = spec.by_name[declared.given.field].enum
        names = named(flags, declared.given.mask) if flags is not None else hex(declared.given.mask)
        notes.append(f"with {names}")
    return ", ".join(filter(None, notes))


def type_text(node: Node) -> str:
    """A buffer's type in words."""
    if isinstance(node, Cell):
        return str(node.kind.c_type)
    return f"{type_text(node.node)}[]" if isinstance(node, Repeat) else spec_of(node.cls).name


def _slot_row(side: str, slot: SlotSpec) -> list[str]:
    need = "may be empty" if slot.optional else ""
    size = str(slot.type.size) if slot.type.size else ""
    return [side, str(slot.index), slot.name, type_text(slot.node), size, "; ".join(filter(None, [need, slot.when]))]


def _rpc(form: RpcFormat, dialect: Dialect, as_json: bool) -> None:
    sides: list[tuple[str, type[Buffers]]] = [("request", form.request), ("reply", form.reply)]
    rows = [_slot_row(side, slot) for side, cls in sides for slot in cls.__slot_specs__]
    if as_json:
        keys = ("side", "index", "name", "type", "size", "when")
        head = {"dialect": dialect.name, "kind": "rpc", "name": form.key, "opcode": form.opcode}
        ports = {"portal": form.portal, "reply_portal": form.reply_portal, "bulk_portal": form.bulk_portal}
        print_json({**head, **ports, "buffers": [dict(zip(keys, row, strict=True)) for row in rows]})
        return
    title = f"rpc {form.key}: opcode {form.opcode}, portal {form.portal}, reply portal {form.reply_portal}"
    print_table(["side", "index#", "buffer", "type", "size#", "when"], rows, title=f"{title} (dialect {dialect.name})")


def _enum(cls: Any, dialect: Dialect, as_json: bool) -> None:
    members = sorted(((int(m), name) for name, m in cls.__members__.items()), key=lambda pair: pair[0])
    if as_json:
        head = {"dialect": dialect.name, "kind": "enum", "name": cls.__name__}
        print_json({**head, "members": {name: value for value, name in members}})
        return
    flags = issubclass(cls, WireFlag)
    title = f"{'flags' if flags else 'enum'} {cls.__name__} (dialect {dialect.name}). {_doc(cls)}"
    print_table(["value#", "name"], [[hex(v) if flags else str(v), name] for v, name in members], title=title)
