"""Wire structs as short text, by generated code: one function for each struct, dialect and length.

What comes out is what `lustre_wire.text.values` gives, which walks the declaration; that is done until a struct has
come often enough to be worth a function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.engines.often import Often
from lustre_wire.frames.nid import LnetNid, nid_str
from lustre_wire.kinds import FAULTS, checked
from lustre_wire.schema import Shown, spec_of
from lustre_wire.schema.nodes import Cell, Emitter, Form, Group, Node, Overlap, Repeat
from lustre_wire.text import numbers
from lustre_wire.text.values import (
    COUNT,
    DEEPEST,
    field_path,
    formatted,
    hexed,
    is_zero,
    list_text,
    named,
    pieces,
    quoted,
    rows,
    union_text,
    walked,
)

Write = Callable[[Any], str]
#: Texts of one enumeration's numbers that are kept.
_MOST_NAMES: Final = 4096


@checked
def struct_text(obj: Any, dialect: Dialect, *, short: bool = False) -> str:
    """A wire struct in one line: its declared text, or its fields that are not zero.

    Raises:
        SchemaError: `obj` is no wire struct.
    """
    try:
        cls: Any = type(obj)
        text: str = writer(cls, dialect, short).do(obj)
    except FAULTS:
        walked(obj, dialect, short)  # says what is wrong with a value; where nothing is, the fault is in the function
        raise
    return text


@lru_cache(maxsize=1024)
def writer(cls: Any, dialect: Dialect, short: bool, line: tuple[str, ...] = ()) -> Often:
    """What `struct_text` does with objects of one class; `line` is a text instead of its own (`SlotSpec.line`)."""
    spec_of(cls)
    return Often(
        partial(walked, dialect=dialect, short=short, line=line), partial(_function, cls, dialect, short, line)
    )  # fmt: skip


class Texts(dict[int, str]):
    """number -> what `text` gives for it, kept as far as there are not too many."""

    def __init__(self, text: Callable[[int], str]) -> None:
        super().__init__()
        self.text = text

    def __missing__(self, number: int) -> str:
        text = self.text(number)
        if len(self) < _MOST_NAMES:
            self[number] = text
        return text


class _Expressions:
    """How kinds of fields have their values written: as expressions."""

    def __init__(self, em: Emitter, dialect: Dialect, short: bool) -> None:
        self.em, self.dialect, self.short = em, dialect, short

    def number(self, value: str, width: int, field: Any) -> str:
        if (enum := self.dialect.names_of(field)) is not None:
            return self.named(enum, value, field)
        shown = field.shown if field is not None else None
        if shown is None:
            return f"str(int({value}))"
        return f"{self.em.use(numbers.WRITERS[shown])}(int({value}), {width})"

    def named(self, enum: Any, value: str, field: Any) -> str:
        octal = field is not None and field.shown is Shown.OCTAL and not self.short
        text = partial(named, self.dialect.enum_of(enum), short=self.short, octal=octal)
        return f"{self.em.const('_n', Texts(text))}[int({value})]"

    def text(self, data: str, quotes: str = "") -> str:
        text = f"{self.em.use(quoted)}(bytes({data}))"
        return f"{quotes!r} + {text} + {quotes!r}" if quotes else text

    def opaque(self, data: str, field: Any) -> str:
        text = field is not None and field.shown is Shown.TEXT
        return f"{self.em.use(quoted if text else hexed)}(bytes({data}))"

    def applied(self, function: Callable[[Any], Any], value: str) -> str:
        return f"{self.em.const('_a', function)}({value})"


def _height(node: Node) -> int:
    """How deep the nodes below a node go."""
    if isinstance(node, Cell):
        return 0
    inner = node.members if isinstance(node, Group) else node.views if isinstance(node, Overlap) else (node.node,)
    return 1 + max(map(_height, inner), default=0)


@lru_cache(maxsize=1024)
def _function(cls: Any, dialect: Dialect, short: bool, line: tuple[str, ...] = ()) -> Write:
    """The text of a struct."""
    spec = spec_of(cls)
    node = spec.node
    if issubclass(cls, LnetNid):
        return nid_str
    if isinstance(node, Overlap) or _height(node) >= DEEPEST:
        return partial(walked, dialect=dialect, short=short, line=line)
    show = _Expressions(Emitter(), dialect, short)
    if text := line or spec.text:
        parts = [_piece(show, node, piece, i == 0, own=not line) for i, piece in enumerate(text)]
        lines = ["t = ''", *parts, "return t.strip()"]
    else:
        lines = ["t = []"]
        for member in node.members:
            value = f"o.{member.name}"
            test = " and ".join(filter(None, (_some(show, member, value), _counts(member, "o"))))
            lines.append(f"if {test}: t.append({member.name + ' '!r} + {_expression(show, member, value, 'o')})")
        lines.append("return '{' + ', '.join(t) + '}'")
    show.em.function("text(o)", lines)
    made: Write = show.em.compile(f"text {node.name} {dialect.name}{' short' if short else ''}")["text"]
    return made


def _piece(show: _Expressions, group: Group, piece: str, always: bool, *, own: bool) -> str:
    """The statement that adds one piece of a declared text; `own`: the struct's own, and not that of one place."""
    texts, tests = [], []
    for literal, path, form in pieces(piece):
        texts += [repr(literal)] if literal else []
        if not path:
            continue
        name, _, index = path.partition("[")
        outer, node = field_path(group, name)
        obj = ".".join(("o", *outer))
        value = f"{obj}.{node.name}"
        given = node.field.given if own and node.field is not None else None
        some = _some(show, node, value)
        tests.append(some if given is None else f"({_counts(node, obj)}{'' if given.zero else f' and {some}'})")
        if form:
            formatted(0, "", form, piece)
            number, noun = f"int({value}{'[' if index else ''}{index})", form.removeprefix(COUNT)
            plain = f"f'{{{number}:{form}}}'"
            texts.append(plain if noun == form else f"{show.em.use(numbers.counted)}({number}, {noun!r})")
        else:
            texts.append(_expression(show, node, value, obj))
    text = f"t += {' + '.join(texts)}" if texts else "pass"
    return text if always else f"if {' or '.join(tests) or 'False'}: {text}"


def _expression(show: _Expressions, node: Node, value: str, outer: str = "") -> str:
    """The expression of a value's text; `outer` is the struct it is in."""
    em = show.em
    if isinstance(node, Cell):
        text: str = node.kind.text(show, value, node.field)
        where = node.field.named_where if node.field is not None else None
        if where is not None and outer:
            other = show.named(where.enum, value, node.field)
            return f"({other} if int({outer}.{where.field}) & {int(where.mask)} else {text})"
        return text
    if isinstance(node, Group):
        return f"{em.const('_t', _function(node.cls, show.dialect, show.short))}({value})"
    if isinstance(node, Overlap):
        tag = node.field.tag if node.field is not None else None
        telling = spec_of(node.cls).telling
        if telling is not None:  # its bytes say which member counts
            where, by_bytes, other = telling
            ways = {name: _member(show, node, name) for name in {*by_bytes.values(), other}}
            told = {data: ways[name] for data, name in by_bytes.items()}
            return f"{em.const('_u', partial(_told, where, told, ways[other]))}({value})"
        if tag is None or not outer:
            return f"{em.use(union_text)}({value})"
        members = {number: _member(show, node, name) for number, name in tag.members}
        return f"{em.const('_u', partial(_tagged, members))}({outer}.{tag.field}, {value})"
    if node.joined and node.stride == 1:
        return _expression(show, node.node, value, outer)
    if node.joined:
        value = f"{em.use(rows)}({value}, {node.stride})"
    some, one = (_one(show, node.node, make) for make in (_some, _expression))
    return f"{em.const('_l', partial(list_text, node, show.short, some, one))}({value})"


def _one(show: _Expressions, node: Node, make: Callable[..., str]) -> Callable[[Any], Any]:
    """What `make` gives of a value that stands alone, as a function."""
    inner = _Expressions(Emitter(), show.dialect, show.short)
    inner.em.function("one(v)", [f"return {make(inner, node, 'v')}"])
    made: Callable[[Any], Any] = inner.em.compile(f"text of {node.name or 'a value'} {show.dialect.name}")["one"]
    return made


def _member(show: _Expressions, node: Overlap, name: str) -> Write:
    """What gives the text of a member of a union, of the union's bytes."""
    read, one = record.member(node, name), _one(show, node.view(name), _expression)
    return lambda raw: one(read(raw))


def _tagged(members: dict[int, Write], selector: int, union: Any) -> str:
    found = members.get(int(selector))
    return union_text(union) if found is None else found(union.raw)


def _told(where: slice, members: dict[bytes, Write], other: Write, union: Any) -> str:
    return members.get(bytes(union.raw[where]), other)(union.raw)


def _counts(node: Node, obj: str) -> str:
    """The expression of whether the flag that makes a field count is set; "" for one that always counts."""
    given = node.field.given if node.field is not None else None
    return f"int({obj}.{given.field}) & {int(given.mask)}" if given is not None else ""


def _some(show: _Expressions, node: Node, value: str) -> str:
    """The expression of whether a value is anything but zeroes."""
    if isinstance(node, Cell) and node.form is Form.NUMBER:
        return value
    if isinstance(node, Group):
        return f"({' or '.join(_some(show, m, f'{value}.{m.name}') for m in node.members) or 'False'})"
    zero = show.em.use(is_zero)
    raw = f"{value}.raw" if isinstance(node, Overlap) else value
    if isinstance(node, Repeat) and not node.joined:
        numbers_ = isinstance(node.node, Cell) and node.node.form is Form.NUMBER
        return f"any({raw})" if numbers_ else f"any(map({show.em.const('_s', _one(show, node.node, _some))}, {raw}))"
    return f"({raw}.strip({bytes(1)!r}) if type({raw}) is bytes else not {zero}({raw}))"
