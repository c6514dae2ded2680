"""One page for each service: its operations, both dialects side by side."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Final

from lustre_wire import Dialect
from lustre_wire.schema import spec_of
from lustre_wire.schema.conditions import conditions
from lustre_wire.schema.holds import Beginning, Cases, Chosen, Content, Held, Parts, Records, nodes_of
from lustre_wire.schema.nodes import Cell, Group, Node, Repeat
from lustre_wire.schema.rpc import Buffers, RpcFormat, SlotSpec
from lustre_wire.schema.rpc_history import RpcHistory
from lustre_wire.schema.views import history_of
from tools.reference.common import NAMES, dialects, said, struct_link, table

#: (file, title, what it holds); an operation belongs to the first whose prefixes its name has.
SERVICES: Final = (
    ("mds", "MDS", "metadata: namespace, attributes, open files"),
    ("ost", "OST", "objects and their data"),
    ("mgs", "MGS", "configuration"),
    ("ldlm", "LDLM", "locks, their callbacks, and the intents that ride on them"),
    ("llog", "LLOG", "logs read over the network"),
    ("obd", "OBD", "what every target answers, and quota between servers"),
    ("fid", "SEQ and FLD", "sequences of FIDs and where they are"),
    ("sec", "SEC", "security contexts"),
)
_PREFIXES: Final = {
    "mds": ("MDS_",), "ost": ("OST_",), "mgs": ("MGS_",), "ldlm": ("LDLM_",), "llog": ("LLOG_",),
    "obd": ("OBD_", "QUOTA_"), "fid": ("SEQ_", "FLD_"), "sec": ("SEC_",),
}  # fmt: skip
_CLASSES: Final = ("LUSTRE_OBD_VERSION", "LUSTRE_MDS_VERSION", "LUSTRE_OST_VERSION", "LUSTRE_DLM_VERSION",
                   "LUSTRE_LOG_VERSION", "LUSTRE_MGS_VERSION")  # fmt: skip


def pages() -> dict[str, str]:
    return {f"{name}.md": _page(name, title, what) for name, title, what in SERVICES}


def _page(service: str, title: str, what: str) -> str:
    names: dict[str, None] = {}
    for d in dialects():
        names.update(dict.fromkeys(form.name for form in d.formats if form.name.startswith(_PREFIXES[service])))
    forms = {name: [_forms(d, name) for d in dialects()] for name in names}
    ordered = sorted(names, key=lambda name: (min(f.opcode for each in forms[name] for f in each), name))
    listed = table(
        ["operation", "opcode", *NAMES],
        [[f"[{n}](#{_anchor(n)})", str(_opcode(forms[n])), *(_status(each) for each in forms[n])] for n in ordered],
    )
    sections = "\n".join(_section(name, forms[name]) for name in ordered)
    return (
        f"# {title}: {what}\n\nMade from the declarations by `python -m tools.reference`. Do not edit.\n\n"
        f"{listed}\n{_undeclared(service)}{sections}"
    )


def _forms(d: Dialect, name: str) -> list[RpcFormat]:
    """The dialect's own form first, then those of other senders."""
    return sorted((f for f in d.formats if f.name == name), key=lambda f: f.variant)


def _opcode(forms: list[list[RpcFormat]]) -> int:
    return next(f.opcode for each in forms for f in each if not f.variant)


def _status(forms: list[RpcFormat]) -> str:
    own = next((f for f in forms if not f.variant), None)
    told = [own.status or "used"] if own is not None else ["-"]
    return ", ".join([*told, *(f"also from {f.variant}" for f in forms if f.variant)])


def _anchor(name: str) -> str:
    return re.sub(r"[^\w-]", "", name.lower())


def _undeclared(service: str) -> str:
    """Opcodes that no node of a dialect sends."""
    lines = []
    for d in dialects():
        opcodes = d.enums["Opcode"].__members__
        free = [n for n, v in opcodes.items() if n.startswith(_PREFIXES[service]) and int(v) not in d.by_opcode]
        if free:
            lines.append(f"{d.name} has numbers for {', '.join(f'{n} ({int(opcodes[n])})' for n in free)}, "
                         "which nobody sends.\n")  # fmt: skip
    return "\n".join(lines) + "\n" if lines else ""


# --- one operation ----------------------------------------------------------------------------------------------------


def _section(name: str, forms: list[list[RpcFormat]]) -> str:
    paired = [(d, form) for d, each in zip(dialects(), forms, strict=True) for form in each]
    columns = [(f"{d.name} ({form.variant})" if form.variant else d.name, d, form) for d, form in paired]
    head = ["", *(title for title, _, _ in columns)]
    facts = table(head, [
        ["opcode", *(str(f.opcode) for _, _, f in columns)],
        ["service class", *(_class(d, f) for _, d, f in columns)],
        ["portals", *(_portals(d, f) for _, d, f in columns)],
        ["bulk", *(f"{f.bulk}, portal {f.bulk_portal}" if f.bulk else "-" for _, _, f in columns)],
        ["told by", *(_conditions(f.match) or "the opcode" for _, d, f in columns)],
    ])  # fmt: skip
    sides = [_side(title, [(t, d, getattr(f, title.lower())) for t, d, f in columns]) for title in ("Request", "Reply")]
    notes = "".join(_notes(title, d, f) for title, d, f in columns)
    return f"## {name}\n\n{facts}\n" + "\n".join(sides) + f"\n{notes}"


def _class(d: Dialect, form: RpcFormat) -> str:
    return next((c.split("_")[1] for c in _CLASSES if d.constants.get(c) == form.version), "-")


def _portals(d: Dialect, form: RpcFormat) -> str:
    further = f", also on {', '.join(str(int(p)) for p in form.also_on)}" if form.also_on else ""
    return f"{int(form.portal or 0)} to {int(form.reply_portal or 0)}{further}"


def _side(title: str, columns: list[tuple[str, Dialect, type[Buffers]]]) -> str:
    slots = [side.__slot_specs__ for _, _, side in columns]
    longest = max(map(len, slots))
    if not longest:
        return f"{title}: the ptlrpc_body alone.\n"
    rows = [[str(i + 1), *(_buffer(s[i]) if i < len(s) else "" for s in slots)] for i in range(longest)]
    return f"{title}:\n\n" + table(["buffer", *(name for name, _, _ in columns)], rows)


def _buffer(slot: SlotSpec) -> str:
    about = [_kind(slot.node)]
    if isinstance(slot.held, (Beginning, Content)) or (isinstance(slot.held, tuple) and slot.held):
        about.append(f"may hold {_either(slot.held)}")
    if slot.room:
        about.append(f"up to {slot.room} bytes")
    if slot.minimum:
        about.append(f"from {slot.minimum} bytes")
    if slot.omit:
        about.append("may be left out")
    elif slot.optional:
        about.append("may be empty")
    return f"`{slot.name}`: {', '.join(about)}"


def _either(held: Held) -> str:
    if isinstance(held, Records):
        return f"{struct_link(spec_of(held.head).name)} and what follows"
    if isinstance(held, Content):
        return "what is in a file"
    if isinstance(held, Beginning):
        return f"{_kind(held.node)} and data"
    return " or ".join(map(_kind, held))


def _kind(node: Node) -> str:
    if isinstance(node, Cell):
        return str(node.kind.c_type)
    if isinstance(node, Repeat):
        element = node.node
        return f"array of {struct_link(spec_of(element.cls).name) if isinstance(element, Group) else _kind(element)}"
    spec = spec_of(node.cls)
    return f"{struct_link(spec.name)}, {spec.size} bytes{' and more' if spec.tail is not None else ''}"


def _conditions(match: Any) -> str:
    return "; ".join(c.told(f"buffer {p[1:-1]}" if p.startswith("[") else f"`{p}`") for p, c in conditions(match))


def _notes(title: str, d: Dialect, form: RpcFormat) -> str:
    """What the declaration says in words: senders and receivers, and what decides about a buffer."""
    lines = []
    if not form.variant:
        lines += [paragraph.replace("\n", " ") for paragraph in said(_declaration(d, form)).split("\n\n") if paragraph]
    if form.note:
        lines.append(form.note[0].upper() + form.note[1:] + ".")
    for side, buffers in (("request", form.request), ("reply", form.reply)):
        for slot in buffers.__slot_specs__:
            about = [slot.when] if slot.when else []
            if slot.present:
                about.append(f"not counted at all unless {_conditions(slot.present)}")
            if isinstance(slot.holds, Chosen):
                whose = " of the request" if slot.holds.asked else ""
                about.append(f"typed by `{slot.holds.by}`{whose} for {_keys(slot.holds.options)}")
            if isinstance(slot.holds, Parts):
                cut = f"a value for each name in `{slot.holds.names}`, of the size in `{slot.holds.sizes}`"
                about.append(f"{cut}, typed for {_keys(slot.holds.options)}")
            if isinstance(slot.holds, Cases):
                about += [f"{_either(nodes_of(held))} if {_conditions(match)}" for match, held in slot.holds.cases]
                about.append(f"otherwise {_either(nodes_of(slot.holds.other))}")
            if about:
                lines.append(f"{side} `{slot.name}`: {'; '.join(about)}")
    return f"{title}:\n\n" + "".join(f"- {line}\n" for line in lines) + "\n" if lines else ""


def _keys(options: Any) -> str:
    return ", ".join(f"`{key}`" if key else "none" for key in options)


def _declaration(d: Dialect, form: RpcFormat) -> Any:
    """The class whose history has the format."""
    assert d.release is not None
    for module in d.modules:
        for value in vars(import_module(str(module))).values():
            history = history_of(value)
            if isinstance(history, RpcHistory) and history.format(d.release) is form:
                return value
    raise LookupError(form.key)
