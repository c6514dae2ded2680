"""JSON text of wire structs and of what fills a buffer: ``%`` templates, made from nodes, and what fills them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from lustre_wire.engines import record
from lustre_wire.engines.often import Often
from lustre_wire.kinds import octets
from lustre_wire.schema.nodes import Cell, Emitter, Form, Group, Node, Overlap, quote
from lustre_wire.schema.struct import spec_of

Write = Callable[[Any], str]
#: Names that come again and again.
quoted = lru_cache(maxsize=4096)(quote)


@lru_cache(maxsize=2048)
def writer(cls: Any) -> Often:
    """What gives the JSON text of objects of one class."""
    node = spec_of(cls).node
    return Often(lambda obj: walked(node, obj), lambda: _function(node))


def walked(node: Node, value: Any) -> str:
    """The JSON text of a value, for which no code is made."""
    if isinstance(node, Cell):
        return str(int(value)) if node.form is Form.NUMBER else _cell_writer(node.kind)(value)
    if isinstance(node, Group):
        return "{" + ",".join([f'"{m.name}":{walked(m, getattr(value, m.name))}' for m in node.members]) + "}"
    if isinstance(node, Overlap):
        return union_writer(node.cls)(value.raw)
    if node.joined:
        return walked(node.node, value)
    return f"[{','.join([walked(node.node, each) for each in value])}]"


@lru_cache(maxsize=256)
def union_writer(cls: Any) -> Callable[[bytes], str]:
    """What gives the JSON text of a union's bytes: those, or where they tell which member counts that member."""
    spec = spec_of(cls)
    if spec.telling is None:
        return lambda raw: f'{{"raw":"{raw.hex()}"}}'
    where, members, other = spec.telling
    node: Any = spec.node
    ways = {name: (record.member(node, name), _member_writer(node.view(name))) for name in {*members.values(), other}}

    def write(raw: bytes) -> str:
        name = members.get(raw[where], other)
        read, text = ways[name]
        return f'{{"{name}":{text(read(raw))}}}'

    return write


def _member_writer(node: Node) -> Write:
    if not isinstance(node, Group):
        return partial(walked, node)
    often = writer(node.cls)
    return lambda value: often.do(value)


@lru_cache(maxsize=1024)
def _cell_writer(kind: Any) -> Write:
    """Of a kind whose values are no numbers, wherever they stand."""
    return _function(kind.buffer(""))


def _function(node: Node) -> Write:
    em = Emitter()
    lines: list[str] = []
    args: list[str] = []
    made = template(em, lines, node, "o", args)
    em.function("text(o)", [*lines, f"return {made!r} % ({', '.join(args)},)" if args else f"return {made!r}"])
    found: Write = em.compile(f"json text {node.name}")["text"]
    return found


def template(em: Emitter, lines: list[str], node: Node, value: str, args: list[str]) -> str:
    """The template of a value; statements before it go to `lines`, what fills it to `args`."""
    if isinstance(node, Cell):
        text, argument = node.kind.json_text(em, node, value)
        args.append(argument)
        return str(text)
    if isinstance(node, Overlap):
        args.append(f"{em.const('u', union_writer(node.cls))}({value}.raw)")
        return "%s"
    if isinstance(node, Group):
        if "." in value:
            local = em.local("o")
            lines.append(f"{local} = {value}")
            value = local
        members = [(m.name, template(em, lines, m, f"{value}.{m.name}", args)) for m in node.members]
        return "{" + ",".join(f'"{name}":{text}' for name, text in members) + "}"
    if node.joined:
        return template(em, lines, node.node, value, args)
    if isinstance(node.node, Group):
        args.append(f"','.join([{em.const('w', writer(node.node.cls))}.do(e) for e in {value}])")
    else:
        inner: list[str] = []
        one = template(em, lines, node.node, "e", inner)
        if (one, inner) == ("%d", ["e"]):
            args.append(f"('%d,' * len({value}))[:-1] % tuple({value})")
            return "[%s]"
        args.append(f"','.join([{one!r} % ({', '.join(inner)},) for e in {value}])")
    return "[%s]"


def prefix(node: Node) -> str:
    """What stands before the JSON text of a buffer's value, as members of the buffer's JSON object."""
    if isinstance(node, Cell):
        return f',"{node.kind.json_key}":'
    struct, key = (node, "fields") if isinstance(node, (Group, Overlap)) else (node.node, "items")
    named = f',"struct":{quote(spec_of(struct.cls).name)}' if isinstance(struct, Group) else ""
    return f'{named},"{key}":'


def buffer_writer(node: Node) -> Write:
    """What gives those members for the values of a buffer."""
    before = prefix(node)
    if isinstance(node, Group):
        often = writer(node.cls)
    elif isinstance(node, Cell) and not node.width and node.kind.json_key == "hex":
        return lambda value: f'{before}"{octets(value).hex()}"'
    else:
        often = Often(lambda value: walked(node, value), lambda: _function(node))
    return lambda value: before + often.do(value)
