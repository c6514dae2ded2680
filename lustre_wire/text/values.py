"""Field values and wire structs as short text.

What a value looks like follows from its declaration: enumeration class, `Shown` mark, the struct's ``text``, the
union's `Tag`. Nothing here raises on any value a decode can produce, and what it returns is of bounded length.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.errors import SchemaError, WireError
from lustre_wire.frames.nid import LnetNid, nid_str
from lustre_wire.kinds import FAULTS, checked
from lustre_wire.schema import FieldSpec, Shown, StructSpec, WireEnum, WireFlag, spec_of
from lustre_wire.schema.nodes import Cell, Form, Group, Node, Overlap, Repeat
from lustre_wire.schema.union import told_member
from lustre_wire.text import numbers
from lustre_wire.text.quoting import shown

#: Elements of a list and bytes of a string that are written out; the rest is counted.
MOST_ELEMENTS: Final = 8
MOST_BYTES: Final = 1024
MOST_HEX: Final = 32
DEEPEST: Final = 8
#: With what the format of a number in a declared text begins that says of what it is a count: ``{count:count stripe}``.
COUNT: Final = "count "


def quoted(data: bytes) -> str:
    """Bytes up to their first NUL as text, everything a terminal would act on escaped."""
    head = data.split(b"\0", 1)[0]
    text = shown(head[:MOST_BYTES].decode("utf-8", "backslashreplace"))
    return text if len(head) <= MOST_BYTES else f"{text}... ({len(head)} bytes)"


def hexed(data: bytes) -> str:
    """Opaque bytes: in hexadecimal as far as they are few, ``0`` for zeroes."""
    if not data.strip(b"\0"):
        return f"{len(data)} zero bytes" if data else "empty"
    return data.hex() if len(data) <= MOST_HEX else f"{data[:MOST_HEX].hex()}... ({len(data)} bytes)"


@lru_cache(maxsize=1024)
def _prefix(cls: type[WireFlag] | type[WireEnum]) -> str:
    """What all names of an enumeration begin with, up to the last underscore."""
    names = [name for name, member in cls.__members__.items() if name == member.name]  # no aliases
    first, last = min(names, default=""), max(names, default="")
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("_", 0, same) + 1] if len(names) > 1 else ""


def named(cls: type[WireFlag] | type[WireEnum], value: int, *, short: bool = False, octal: bool = False) -> str:
    """A number by the names of its enumeration, without their common prefix if `short`, in digits too if `octal`."""
    names = cls.names_of(value) if issubclass(cls, WireFlag) else [cls.name_of(value)]
    cut = _prefix(cls) if short else ""
    text = "|".join(n.removeprefix(cut) for n in names) or "0"
    return f"{text} ({numbers.octal(value)})" if octal and value else text


def node_text(node: Node, value: Any, dialect: Dialect, *, outer: Any = None, short: bool = False) -> str:
    """The value of one field as people read it.

    Args:
        outer: the struct the field belongs to; says which member of a union counts.
        short: leave out the common prefix of names.
    """
    return _text(node, value, _show(dialect, short), outer, 0)


@checked
def field_text(field: FieldSpec, value: Any, dialect: Dialect, *, outer: Any = None, short: bool = False) -> str:
    """The same for a field that is known by its declaration.

    Raises:
        WireError: a value that the field cannot have.
    """
    try:
        return node_text(field.lower(0, "sender"), value, dialect, outer=outer, short=short)
    except FAULTS:
        raise WireError(f"cannot be {type(value).__name__}", path=field.name) from None


def walked(obj: Any, dialect: Dialect, short: bool, line: tuple[str, ...] = ()) -> str:
    """A wire struct in one line, as `lustre_wire.text.struct_text` gives it; `line`: instead of its own text."""
    return _struct(obj, _show(dialect, short), 0, line)


class _Show:
    """How kinds of fields have their values written."""

    def __init__(self, dialect: Dialect, short: bool) -> None:
        self.dialect, self.short = dialect, short

    def number(self, value: int, width: int, field: Any) -> str:
        if (enum := self.dialect.names_of(field)) is not None:
            return named(enum, int(value), short=self.short)
        shown = field.shown if field is not None else None
        return str(int(value)) if shown is None else numbers.WRITERS[shown](int(value), width)

    def named(self, enum: Any, value: int, field: Any) -> str:
        octal = field is not None and field.shown is Shown.OCTAL and not self.short
        return named(self.dialect.enum_of(enum), int(value), short=self.short, octal=octal)

    def text(self, data: bytes, quotes: str = "") -> str:
        return f"{quotes}{quoted(bytes(data))}{quotes}"

    def opaque(self, data: bytes, field: Any) -> str:
        text = field is not None and field.shown is Shown.TEXT
        return quoted(bytes(data)) if text else hexed(bytes(data))

    def applied(self, function: Callable[[Any], Any], value: Any) -> Any:
        return function(value)


@lru_cache(maxsize=64)
def _show(dialect: Dialect, short: bool) -> _Show:
    return _Show(dialect, short)


def _text(node: Node, value: Any, show: _Show, outer: Any, depth: int) -> str:
    if isinstance(node, Cell):
        where = node.field.named_where if node.field is not None else None
        if where is not None and outer is not None and int(getattr(outer, where.field)) & where.mask:
            return show.named(where.enum, value, node.field)
        text: str = node.kind.text(show, value, node.field)
        return text
    if isinstance(node, Overlap):
        return _union(node, value, outer, show, depth)
    if isinstance(node, Group):
        return _struct(value, show, depth)
    if node.joined and node.stride == 1:
        return _text(node.node, value, show, outer, depth)
    if node.joined:
        value = rows(value, node.stride)
    if depth >= DEEPEST:
        return f"[{len(value)}]"
    return list_text(node, show.short, _some, lambda each: _text(node.node, each, show, None, depth + 1), value)


def rows(data: bytes, width: int) -> list[bytes]:
    """Bytes that are joined strings of one width, one by one."""
    return [bytes(data[at : at + width]) for at in range(0, len(data), width)]


def _some(value: Any) -> bool:
    return not is_zero(value)


def list_text(node: Repeat, short: bool, some: Callable[[Any], Any], one: Callable[[Any], str], values: Any) -> str:
    """The elements, each by `one`; `some` says whether one is anything but zeroes."""
    if isinstance(node.node, Cell) and node.node.form is Form.NUMBER and not any(values):
        return f"{len(values)} zeroes" if values else "[]"
    if short and node.tail and (node.count or isinstance(node.node, Group)):
        values = values[: max((i for i, v in enumerate(values, 1) if some(v)), default=1)]
    texts = [one(v) for v in values[:MOST_ELEMENTS]]
    more = f", ... {len(values)} in all" if len(values) > MOST_ELEMENTS else ""
    return f"[{', '.join(texts)}{more}]"


def union_member(node: Overlap, value: Any, outer: Any) -> tuple[Node, Any] | None:
    """Which member of a union counts, and its value; None where the declaration or the message does not say."""
    told = told_member(value)
    if told:
        return _known(node.cls, told), getattr(value, told)
    tag = node.field.tag if node.field is not None else None
    if tag is None or outer is None:
        return None
    inner, selector = _resolved(outer, tag.field)
    name = dict(tag.members).get(int(getattr(inner, selector.name)))
    if name is None:
        return None
    return _known(node.cls, name), getattr(value, name)


def _union(node: Overlap, value: Any, outer: Any, show: _Show, depth: int) -> str:
    found = union_member(node, value, outer)
    if found is None:
        return union_text(value)
    member, inner = found
    return _text(member, inner, show, None, depth + 1)


def union_text(value: Any) -> str:
    """A union of which nothing says what member counts."""
    return hexed(value.raw) if value.raw.strip(b"\0") else "0"


def counts(field: FieldSpec, obj: Any) -> bool:
    """Whether the flag that makes a field count is set; True for a field that always counts."""
    if field.given is None:
        return True
    return bool(int(getattr(obj, _known(obj, field.given.field).name)) & field.given.mask)


def is_zero(value: Any) -> bool:
    """Nothing but zeroes: numbers, bytes, lists and structs of them."""
    if isinstance(value, (bytes, bytearray)):
        return not bytes(value).strip(b"\0")
    if isinstance(value, list):
        return all(is_zero(v) for v in value)
    spec: StructSpec | None = getattr(value, "__wire__", None)
    if spec is not None:
        raw = getattr(value, "raw", None) if spec.is_union else None
        return is_zero(raw) if raw is not None else all(is_zero(getattr(value, f.name)) for f in spec.fields)
    return not value


# --- a struct's declared text -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def pieces(text: str) -> tuple[tuple[str, str, str], ...]:
    """(literal, dotted field or "", format) triples of one piece of a declared text."""
    try:
        return tuple((lit, name or "", spec or "") for lit, name, spec, _ in string.Formatter().parse(text))
    except ValueError as error:
        raise SchemaError(f"{error} in the text {text!r}") from None


def _struct(obj: Any, show: _Show, depth: int, line: tuple[str, ...] = ()) -> str:
    spec = spec_of(obj)
    if depth >= DEEPEST:
        return "..."
    if isinstance(obj, LnetNid):
        return nid_str(obj)
    if spec.is_union:
        return hexed(obj.raw)
    if text := line or spec.text:
        parts = [_piece(piece, obj, show, depth, i == 0, own=not line) for i, piece in enumerate(text)]
        return "".join(parts).strip()
    shown = (n for n in spec.node.members if not is_zero(getattr(obj, n.name)) and counts(n.field, obj))
    return "{" + ", ".join(f"{n.name} {_field(obj, n, show, depth)}" for n in shown) + "}"


def _piece(piece: str, obj: Any, show: _Show, depth: int, always: bool, *, own: bool) -> str:
    """A piece of a text; in one that is not the struct's `own` fields mean what that says, whatever its flags say."""
    out, seen = [], always
    for literal, name, form in pieces(piece):
        out.append(literal)
        if name:
            name, _, index = name.partition("[")
            inner, node = _resolved(obj, name)
            value, field = getattr(inner, node.name), node.field
            says_zero = own and field.given is not None and field.given.zero
            seen = seen or ((counts(field, inner) or not own) and (says_zero or not is_zero(value)))
            shown = formatted(value, index, form, piece) if form else _field(inner, node, show, depth)
            out.append(shown)
    return "".join(out) if seen else ""


def formatted(value: Any, index: str, form: str, piece: str) -> str:
    """A number, or element ``index]`` of a list, in a format of a declared text: Python's, or of what it is a count."""
    try:
        number = int(value[int(index.rstrip("]"))] if index else value)
        noun = form.removeprefix(COUNT)
        return format(number, form) if noun == form else numbers.counted(number, noun)
    except (ValueError, TypeError, IndexError) as error:
        raise SchemaError(f"{error} in the text {piece!r}") from None


def _resolved(obj: Any, path: str) -> tuple[Any, Node]:
    """The struct that a dotted path leads to, and the field in it."""
    *outer, last = path.split(".")
    for part in outer:
        obj = getattr(obj, _known(obj, part).name)
    return obj, _known(obj, last)


def field_path(group: Group, path: str) -> tuple[list[str], Node]:
    """The names of the structs that a dotted path goes through, and the field it leads to."""
    *outer, _ = path.split(".")
    for name in outer:
        inner = _known(group.cls, name)
        if not isinstance(inner, Group):
            raise SchemaError(f"{name!r} is no struct", path=group.name)
        group = inner
    return outer, _known(group.cls, path.rpartition(".")[2])


def _known(obj: Any, name: str) -> Node:
    spec = spec_of(obj)
    found = spec.members.get(name)
    if found is None:
        raise SchemaError(f"no field {name!r}", path=spec.name)
    return found


def _field(obj: Any, node: Node, show: _Show, depth: int) -> str:
    return _text(node, getattr(obj, node.name), show, obj, depth + 1)
