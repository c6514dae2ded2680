"""A message, or one wire struct, as a tree of named values with their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lustre_wire import embedded
from lustre_wire.dialects import Dialect
from lustre_wire.engines.payload import Extra, codec
from lustre_wire.frames import lustre_msg
from lustre_wire.kinds import checked
from lustre_wire.rpc import Generic, Message, encode
from lustre_wire.schema import nodes
from lustre_wire.schema.holds import Content
from lustre_wire.schema.rpc import SlotSpec
from lustre_wire.schema.shown import is_padding
from lustre_wire.schema.struct import StructSpec, spec_of
from lustre_wire.text import numbers
from lustre_wire.text.structs import struct_text, writer
from lustre_wire.text.values import counts, hexed, is_zero, node_text, pieces, quoted, union_member

#: Printable characters that end with a NUL or the bytes themselves.
_STRING: Final = re.compile(rb"([ -~]{2,})(?:\0+|\Z)")
#: Elements of a list that get a node each.
MOST_NODES: Final = 64
#: A struct up to this many bytes that has a text of its own is shown by that alone.
_SMALL: Final = 40


@dataclass(slots=True)
class Node:
    """One named value.

    Attributes:
        name: C name of the field, or the buffer's name.
        text: the value, or what kind of thing the children make up.
        offset: in bytes from the beginning of the message (or of the struct shown alone); None where it has no place.
        children: what it consists of.
        counts: False for a field whose flag says that it means nothing.
    """

    name: str
    text: str = ""
    offset: int | None = None
    children: tuple[Node, ...] = ()
    counts: bool = True


@checked
def struct_tree(obj: Any, dialect: Dialect, *, name: str = "", offset: int = 0, line: tuple[str, ...] = ()) -> Node:
    """One wire struct and its fields; zero paddings, and zero fields that do not count, are left out.

    `line`: its text in this place (`SlotSpec.line`); what that names counts.
    """
    spec = spec_of(obj)
    text = writer(spec.cls, dialect, False, line).do(obj) if line else struct_text(obj, dialect) if spec.text else ""
    meant = frozenset(path for piece in line for _, path, _ in pieces(piece) if path)
    return Node(name or spec.name, text, offset, tuple(_children(spec.node, obj, dialect, offset, meant)))


def _fields(obj: Any, spec: StructSpec, dialect: Dialect, base: int, meant: frozenset[str]) -> Iterator[Node]:
    for member in spec.node.members:
        value = getattr(obj, member.name)
        called = member.field.called if member.field is not None else None
        if called is not None and int(getattr(obj, called.field)) & called.mask:
            text = numbers.WRITERS[called.shown](value, member.width) if called.shown is not None else str(value)
            yield Node(called.name, text, base + member.offset)
            continue
        valid = counts(member.field, obj) or member.name in meant
        if is_zero(value) and (not valid or is_padding(member.name)):
            continue
        inner = frozenset(path.removeprefix(f"{member.name}.") for path in meant)
        yield _member(member, value, dialect, base + member.offset, obj, valid, inner)


def _member(
    member: nodes.Node, value: Any, dialect: Dialect, at: int, outer: Any, valid: bool, meant: frozenset[str]
) -> Node:
    text = node_text(member, value, dialect, outer=outer)
    children: tuple[Node, ...] = ()
    if isinstance(member, nodes.Overlap):
        found = union_member(member, value, outer)
        children = tuple(_children(*found, dialect, at)) if found is not None else ()
    elif not isinstance(member, nodes.Cell):
        children = tuple(_children(member, value, dialect, at, meant))
        if children and not (isinstance(member, nodes.Group) and spec_of(member.cls).text):
            text = ""
    return Node(member.name, text, at, children, valid)


def _children(
    node: nodes.Node, value: Any, dialect: Dialect, at: int, meant: frozenset[str] = frozenset()
) -> Iterator[Node]:
    """The nodes below a value; none where its text says all."""
    if isinstance(node, nodes.Group):
        spec = spec_of(node.cls)
        if not (spec.text and spec.size <= _SMALL and spec.tail is None):
            yield from _fields(value, spec, dialect, at, meant)
    elif isinstance(node, nodes.Repeat) and isinstance(node.node, (nodes.Group, nodes.Overlap)):
        yield from _elements(node, value, dialect, at)


def _elements(node: nodes.Repeat, values: Any, dialect: Dialect, at: int) -> Iterator[Node]:
    for i, each in enumerate(values[:MOST_NODES]):
        place = at + i * node.stride
        yield Node(f"[{i}]", struct_text(each, dialect), place, tuple(_children(node.node, each, dialect, place)))
    if len(values) > MOST_NODES:
        yield Node("...", f"{len(values)} in all")


# --- messages ---------------------------------------------------------------------------------------------------------


@checked
def message_tree(message: Message) -> Node:
    """A message: its header, the ptlrpc_body, each buffer, and what no declaration covers."""
    parts = lustre_msg.split(encode(message))
    offsets = list(parts.offsets)
    dialect = message.dialect
    found = [struct_tree(message.header, dialect, offset=0)]
    if message.body is not None:
        found.append(struct_tree(message.body, dialect, offset=offsets[0]))
        offsets = offsets[1:]
    if isinstance(message.buffers, Generic):
        first = 0 if message.body is None and message.version == 2 else 1
        buffers = enumerate(message.buffers.buffers, first)
        found += [Node(f"buffer_{i}", blob_text(data), at) for (i, data), at in zip(buffers, offsets, strict=False)]
    else:
        slots = codec(type(message.buffers), message.order).places(message.buffers)
        for spec, at in zip(slots, offsets, strict=False):
            value = getattr(message.buffers, spec.name)
            if value is not None:
                found.append(slot_node(spec, value, message, at))
    found += _extra(message.extra)
    return Node(message.name, message.direction, None, tuple(found))


@checked
def cut_tree(message: Message, there: int) -> Node:
    """The tree of a message of which only the first `there` bytes are known: nothing that reaches behind them."""
    whole = message_tree(message)
    return Node(whole.name, whole.text, None, tuple(_within(whole.children, there, len(encode(message)))))


def _within(nodes: tuple[Node, ...], there: int, end: int) -> Iterator[Node]:
    """`end`: where what follows the nodes begins."""
    ends = [end if node.offset is None else node.offset for node in nodes[1:]] + [end]
    for node, behind in zip(nodes, ends, strict=False):
        if node.offset is None or node.offset >= there:
            continue
        inner = tuple(_within(node.children, there, behind))
        yield node if behind <= there else Node(node.name, "cut", node.offset, inner, node.counts)


def slot_node(spec: SlotSpec, value: Any, message: Message, at: int = 0) -> Node:
    """One buffer of a message, and what it holds. `at`: where it begins, which offsets count from."""
    node, dialect = spec.node, message.dialect
    parts: tuple[embedded.Piece, ...] = ()
    if spec.looked_into:
        data = embedded.bytes_in(value)
        inside = embedded.inside(spec, data, message)
        if inside is None:
            text = f"{len(data)} bytes of a file" if isinstance(spec.held, Content) else blob_text(data)
            return Node(spec.name, text, at)
        parts = inside.pieces
        if inside.found is None:
            return Node(spec.name, f"{len(parts)} values", at, tuple(_pieces(parts, dialect)))
        node, value = inside.found
    if isinstance(node, nodes.Group):
        inner = struct_tree(value, dialect, offset=at, line=spec.line)
        text = f"{inner.name} {inner.text}".strip() if inner.name != spec.name else inner.text
        return Node(spec.name, text, at, (*inner.children, *_pieces(parts, dialect)))
    children = tuple(_children(node, value, dialect, at))
    text = f"{len(value)} elements" if children else node_text(node, value, dialect)
    return Node(spec.name, text, at, children)


def _pieces(parts: Iterable[embedded.Piece], dialect: Dialect) -> Iterator[Node]:
    for number, part in enumerate(parts):
        name = quoted(part.name) if part.name else f"piece {number}"
        if part.found is None:
            yield Node(name, blob_text(part.data))
        elif isinstance(part.found[0], nodes.Group):
            inner = struct_tree(part.found[1], dialect)
            yield Node(name, f"{inner.name} {inner.text}".strip(), None, inner.children)
        else:
            yield Node(name, node_text(*part.found, dialect))


def blob_text(data: bytes) -> str:
    """Opaque bytes: a string at their beginning as text, what follows its NULs in hexadecimal."""
    found = _STRING.match(data)
    if found is None:
        return hexed(data)
    rest = data[found.end() :]
    return f'"{quoted(found[1])}" {hexed(rest)}' if rest else f'"{quoted(found[1])}"'


def _extra(extra: Extra | None) -> list[Node]:
    if extra is None:
        return []
    found = [Node(f"buffer {i} tail", hexed(data)) for i, data in sorted(extra.tails.items())]
    found += [Node(f"buffer {i} unreadable", hexed(data)) for i, data in sorted(extra.raw.items())]
    found += [Node(f"buffer {i} ends after", f"{size} bytes") for i, size in sorted(extra.cut.items())]
    found += [Node(f"buffer {i} padding", hexed(data)) for i, data in sorted(extra.padding.items())]
    found += [Node("undeclared buffer", hexed(data)) for data in extra.more[:MOST_NODES]]
    if extra.gap:
        found.append(Node("header padding", hexed(extra.gap)))
    if extra.trailing:
        found.append(Node("behind the message", hexed(extra.trailing)))
    return found
