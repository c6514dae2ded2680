"""Generates the straight-line code of the record engine: one unpack and one pack function for a struct and byte order.

The fixed part of a struct becomes one `struct.Struct`, whose values are assigned to their places in a single statement;
statements before it make the nested objects, statements after it finish what needs more than an integer (named numbers,
arrays, unions, integers of the other byte order).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lustre_wire.errors import WireError
from lustre_wire.kinds import octets
from lustre_wire.schema.nodes import (
    PREFIX,
    ByteOrder,
    Cell,
    Emitter,
    Form,
    Group,
    Node,
    Overlap,
    Repeat,
    access,
    fit,
    resolved,
    turner,
)

# Longer arrays of integers are unpacked by a struct of their own instead of one local variable an element.
_INLINE_ELEMENTS = 8


def counted(values: Any, count: int, path: str) -> Any:
    """`values`, after checking that there are exactly `count` of them."""
    if len(values) != count:
        raise WireError(f"expected {count} elements, got {len(values)}", path=path)
    return values


def at_least(values: Any, count: int, path: str) -> Any:
    """`values`, after checking that there are `count` of them or more."""
    if len(values) < count:
        raise WireError(f"expected at least {count} elements, got {len(values)}", path=path)
    return values


def own_code(cell: Cell, order: ByteOrder) -> str:
    """The format character of a number in its own byte order, or "" where `struct` has none for it."""
    code: str = cell.kind.format(cell, cell.order_in(order)) if cell.form is Form.NUMBER else "s"
    return "" if code.endswith("s") or cell.kind.load(Emitter(), cell, "", cell.order_in(order)) else code


class Generator:
    """Collects the pieces of both functions while walking nodes.

    Args:
        order: the byte order of the one `struct.Struct`, and of what follows the sender.
        codec_of: gives the codec of a struct in a flexible array.
        size: bytes of the fixed part, where a flexible tail begins.
    """

    def __init__(self, order: ByteOrder, codec_of: Callable[[type, ByteOrder], Any], size: int) -> None:
        self.order = order
        self.codec_of = codec_of
        self.size = size
        self.em = Emitter(_new=object.__new__, _int=int.from_bytes)
        self.format: list[str] = []
        self.targets: list[str] = []  # where unpacking assigns to
        self.before: list[str] = []  # unpack: makes the nested objects
        self.after: list[str] = []  # unpack: finishes what was read raw
        self.setup: list[str] = []  # pack: local variables
        self.sources: list[str] = []  # pack: what is packed
        self.tail = ""  # pack: the bytes of a flexible tail

    def atom(self, code: str, target: str, source: str) -> None:
        self.format.append(code)
        self.targets.append(target)
        self.sources.append(source)

    def raw(self, size: int, source: str) -> str:
        """Read `size` bytes into a local variable, for a statement of `after` to finish; returns its name."""
        local = self.em.local("r")
        self.atom(f"{size}s", local, source)
        return local

    def group(self, group: Group, obj: str, path: str, *, at_end: bool) -> None:
        """The members of a struct; `at_end`: nothing follows it, so that a flexible tail has room to grow."""
        for node in group.members:
            where = f"{path}.{node.name}" if path else node.name
            self.node(node, f"{obj}.{node.name}", where, obj, at_end=at_end and node is group.members[-1])

    def node(self, node: Node, target: str, path: str, obj: str = "", *, at_end: bool = False) -> None:
        if isinstance(node, Cell):
            self.cell(node, target, path)
        elif isinstance(node, (Group, Overlap)):
            local = self.em.local("o")
            self.before.append(f"{local} = _new({self.em.const('_C', node.cls)})")
            self.after.append(f"{target} = {local}")
            if isinstance(node, Overlap):
                self.union(node, local, target, path)
            else:
                self.setup.append(f"{local} = {target}")
                self.group(node, local, path, at_end=at_end)
        elif node.tail and at_end:
            self.flexible(node, target, path, obj)
        else:
            self.array(node, target, path)

    def cell(self, cell: Cell, target: str, path: str) -> None:
        kind, em = cell.kind, self.em
        raw = em.local("r")
        named = cell if path == cell.name else replace(cell, name=path)
        load = kind.load(em, named, raw, self.order)
        source = kind.store(em, cell, target, path, self.order)
        self.atom(kind.format(cell, self.order), raw if load else target, source)
        if load:
            self.after.append(f"{target} = {load}")

    def union(self, node: Overlap, local: str, target: str, path: str) -> None:
        source = f"{self.em.use(fit)}({target}.raw, {node.width}, {path!r}, False)"
        if not node.swab or resolved(node.order, self.order) == "little":
            self.atom(f"{node.width}s", f"{local}.raw", source)
            return
        turn = self.em.const("_u", turner(node.swab))
        raw = self.raw(node.width, f"{turn}({source})")
        self.after.append(f"{local}.raw = {turn}({raw})")

    def array(self, node: Repeat, target: str, path: str) -> None:
        """As many elements as there always are."""
        check = f"{self.em.use(counted)}({target}, {{}}, {path!r})"
        if node.joined or not node.count:
            self.after.append(f"{target} = " + ("b''" if node.joined else "[]"))
            self.setup.append(check.format(node.width if node.joined else 0))
            if node.width:
                self.after[-1] = f"{target} = {self.raw(node.width, target)}"
            return
        element = node.node
        code = own_code(element, self.order) if isinstance(element, Cell) else ""
        if code and isinstance(element, Cell) and node.count > _INLINE_ELEMENTS:
            packer = self.em.const("_s", struct.Struct(f"{PREFIX[element.order_in(self.order)]}{node.count}{code}"))
            local = self.raw(node.width, f"{packer}.pack(*{check.format(node.count)})")
            self.after.append(f"{target} = list({packer}.unpack({local}))")
            return
        locals_ = [self.em.local("e") for _ in range(node.count)]
        self.setup.append(f"{', '.join(locals_)}, = {check.format(node.count)}")
        for i, local in enumerate(locals_):
            self.node(element, local, f"{path}[{i}]")
        self.after.append(f"{target} = [{', '.join(locals_)}]")

    def flexible(self, node: Repeat, target: str, path: str, obj: str) -> None:
        """As many elements as the buffer holds; `end_of` says where they end."""
        start = self.size - node.width
        read, write = elements(node.node, self.order, self.codec_of, joined=node.joined)
        self.after.append(
            f"{target} = {self.em.const('_f', read)}(_buf, _off + {start}, {self.end_of(node, start, obj)})"
        )
        least = node.width if node.joined else node.count
        values = f"{self.em.use(at_least)}({target}, {least}, {path!r})" if least else target
        self.tail = f" + {self.em.const('_w', write)}({values})"

    def end_of(self, node: Repeat, start: int, obj: str) -> str:
        """The expression of where a tail ends: with its buffer, or with the elements that its limit counts."""
        return f"min(_end, _off + {start} + {node.stride} * {obj}.{node.limit})" if node.limit else "_end"

    def packer(self) -> struct.Struct:
        """All of the fixed part."""
        return struct.Struct(PREFIX[self.order] + "".join(self.format))

    def compile(self, group: Group, *, fixed: bool) -> tuple[Callable[[Any, int, int], Any], Callable[[Any], bytes]]:
        """The functions ``unpack(buffer, offset, end)`` and ``pack(object)`` of a struct; `fixed`: without its tail."""
        self.group(group, "_o", "", at_end=not fixed)
        packer, em = self.packer(), self.em
        em.names |= {"_cls": group.cls, "_unpack": packer.unpack_from, "_pack": packer.pack}
        assign = f"({', '.join(self.targets)},) = _unpack(_buf, _off)" if self.targets else "pass"
        em.function("unpack(_buf, _off, _end)", ["_o = _new(_cls)", *self.before, assign, *self.after, "return _o"])
        em.function("pack(_o)", [*self.setup, f"return _pack({', '.join(self.sources)}){self.tail}"])
        made = em.compile(f"record {group.name} {self.order}")
        return made["unpack"], made["pack"]


def elements(
    node: Node, order: ByteOrder, codec_of: Callable[[type, ByteOrder], Any], *, joined: bool = False
) -> tuple[Callable[[Any, int, int], Any], Callable[[Any], bytes]]:
    """Functions that read all elements between two offsets, and write a list of them (`joined`: bytes)."""
    if joined:
        return (lambda buf, start, end: bytes(buf[start : max(start, end)])), octets
    size = node.width
    if isinstance(node, Cell):
        prefix, code = PREFIX[node.order_in(order)], own_code(node, order)
        if code:

            def read(buf: Any, start: int, end: int) -> Any:
                return list(struct.unpack_from(f"{prefix}{max(0, end - start) // size}{code}", buf, start))

            def write(values: Any) -> bytes:
                return struct.pack(f"{prefix}{len(values)}{code}", *values)

            return read, write
        one, put = access(node, order)
        return (lambda buf, start, end: [one(buf, at) for at in range(start, end - size + 1, size)]), (
            lambda values: b"".join([put(value) for value in values])
        )
    if not isinstance(node, Group):
        raise TypeError(f"a flexible array cannot hold {type(node).__name__}")
    inner = codec_of(node.cls, resolved(node.order, order))
    unpack, pack = inner.unpack, inner.pack
    return (lambda buf, start, end: [unpack(buf, at, at + size) for at in range(start, end - size + 1, size)]), (
        lambda values: b"".join([pack(value) for value in values])
    )
