"""What numbers of a wire struct are called, as JSON text beside them: one generated function a struct and dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.engines.payload import codec
from lustre_wire.kinds import checked
from lustre_wire.rpc import Generic, Message
from lustre_wire.schema import Shown, WireFlag
from lustre_wire.schema.nodes import Cell, Emitter, Form, Group, Node, Overlap, Repeat
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import numbers
from lustre_wire.text.quoting import json_line
from lustre_wire.text.structs import Texts

Write = Callable[[Any], str]
#: Elements of a list that are named.
_ELEMENTS: Final = 64


class Naming:
    """The names of the numbers of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.nested, self.listed = nested, listed

    def named(self, em: Emitter, cell: Cell, value: str, other: Callable[[str], str]) -> str | None:
        """The expression of what a field adds, None where nothing of it has a name.

        Where another field says that it does not count, it adds nothing; where that says that it holds something else,
        what that is called.

        Args:
            value: the expression of its number.
            other: what gives that of another field of its struct.
        """
        texts, field = _texts(cell, self.dialect), cell.field
        found = f"{em.const('n', texts)}[{value}]" if texts is not None else ""
        where = field.named_where if field is not None else None
        if where is not None:
            others = Texts(partial(_member, cell.name, self.dialect.enum_of(where.enum).names_of))
            found = f"({em.const('n', others)}[{value}] if {other(where.field)} & {int(where.mask)} else {found})"
        if found and field is not None and field.given is not None:
            found = f"({found} if {other(field.given.field)} & {int(field.given.mask)} else '')"
        called = field.called if field is not None else None
        if called is not None:
            second = f'"{cell.name}":"{called.name}",'
            found = f"({second!r} if {other(called.field)} & {int(called.mask)} else {found or repr('')})"
        return found or None

    def tagged(self, union: Overlap) -> Callable[[int, bytes], str] | None:
        """What a union adds, of the number that chooses a member and of its bytes; None where no member adds any."""
        tag = union.field.tag if union.field is not None else None
        told = [(number, name, self.value(union.view(name), name)) for number, name in tag.members] if tag else []
        ways = {number: (record.member(union, name), tell) for number, name, tell in told if tell is not None}
        return partial(_tagged, union.name, ways) if ways else None

    def value(self, node: Node, name: str) -> Write | None:
        """What a buffer, or a field, adds for its value."""
        if isinstance(node, Cell):
            texts = _texts(replace(node, name=name), self.dialect)
            return (lambda value: texts[int(value)]) if texts is not None else None
        inner = node.node if isinstance(node, Repeat) else node
        write = _function(inner.cls, self.dialect) if isinstance(inner, Group) else None
        if write is None:
            return None
        if isinstance(node, Repeat):
            return lambda value: listed(name, [write(each) for each in value[:_ELEMENTS]])
        return lambda value: nested(name, write(value))


@lru_cache(maxsize=64)
def naming(dialect: Dialect) -> Naming:
    """What names the numbers of messages of a dialect."""
    return Naming(dialect)


@checked
def names_json(message: Message) -> str:
    """The names of a message's numbers, an object for the header and each buffer; ``{}`` where none has a name."""
    buffers, dialect = message.buffers, message.dialect
    side: Any = type(buffers)
    parts = []
    for name, fixed in (("header", message.header), ("ptlrpc_body", message.body)):
        cls: Any = type(fixed)
        if fixed is not None and (write := _function(cls, dialect)) is not None:
            parts.append(nested(name, write(fixed)))
    if not isinstance(buffers, Generic):
        tellers = _tellers(side, dialect)
        for slot in codec(side, message.order).places(buffers):
            tell = tellers[slot.index]
            if tell is not None and (value := getattr(buffers, slot.name)) is not None:
                parts.append(tell(value))
    return f"{{{''.join(parts)[:-1]}}}"


@lru_cache(maxsize=2048)
def _tellers(side: Any, dialect: Dialect) -> dict[int, Write | None]:
    return {slot.index: naming(dialect).value(slot.node, slot.name) for slot in side.__slot_specs__}


def _tagged(name: str, ways: Mapping[int, tuple[Callable[[bytes], Any], Write]], number: int, raw: bytes) -> str:
    found = ways.get(number)
    return nested(name, found[1](found[0](raw))) if found is not None else ""


def nested(name: str, text: str) -> str:
    """What is within something that has a name."""
    return f'"{name}":{{{text[:-1]}}},' if text else ""


def listed(name: str, texts: Sequence[str]) -> str:
    """What is within the first elements of a list."""
    return f'"{name}":[{",".join([f"{{{text[:-1]}}}" for text in texts[:_ELEMENTS]])}],' if any(texts) else ""


def _member(name: str, told: Callable[[int], Any], number: int) -> str:
    """A number's name, of flags a list of names, as a member of a JSON object; "" where there is nothing to say."""
    found = told(number)
    return f'"{name}":{json_line(found)},' if found else ""


def _texts(node: Cell, dialect: Dialect) -> Texts | None:
    """The texts of a number that has names."""
    if node.field is None or node.form is not Form.NUMBER:
        return None
    enum = dialect.names_of(node.field)
    if enum is not None:
        if issubclass(enum, WireFlag):
            return Texts(partial(_member, node.name, enum.names_of))
        return Texts(partial(_member, node.name, lambda n: enum.name_of(n) if not enum.name_of(n).isdigit() else None))
    if node.field.shown is Shown.STATUS:
        return Texts(partial(_member, node.name, lambda n: numbers.status(n, node.width).partition(" ")[2]))
    return None


@lru_cache(maxsize=2048)
def _function(cls: Any, dialect: Dialect) -> Write | None:
    """The names of a struct's fields as members of a JSON object, each with a comma behind; None where none has any."""
    node = spec_of(cls).node
    if not isinstance(node, Group):
        return None
    em, parts = Emitter(), []
    for member in node.members:
        if isinstance(member, Cell):
            found = naming(dialect).named(em, member, f"int(o.{member.name})", "int(o.{})".format)
            parts += [found] if found is not None else []
        elif isinstance(member, Overlap):
            if (tagged := naming(dialect).tagged(member)) is not None:
                parts.append(f"{em.const('u', tagged)}(int(o.{member.field.tag.field}), o.{member.name}.raw)")
        elif (tell := naming(dialect).value(member, member.name)) is not None:
            parts.append(f"{em.const('t', tell)}(o.{member.name})")
    if not parts:
        return None
    em.function("names(o)", [f"return {' + '.join(parts)}"])
    made: Write = em.compile(f"names {node.name} {dialect.name}")["names"]
    return made
