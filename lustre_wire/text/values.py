"""Field values and wire structs as short text.

What a value looks like follows from its declaration: enumeration class, `Shown` mark, the struct's ``text``, the
union's `Tag`. Nothing here raises on any value a decode can produce, and what it returns is of bounded length.
"""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.errors import SchemaError, WireError
from lustre_wire.frames.nid import LnetNid, nid_str
from lustre_wire.kinds import FAULTS, checked
from lustre_wire.schema import FieldSpec, Shown, StructSpec, WireEnum, WireFlag, spec_of
from lustre_wire.schema.rpc import Items
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Scalar, Struct, as_type
from lustre_wire.text import numbers
from lustre_wire.text.quoting import shown

#: Elements of a list and bytes of a string that are written out; the rest is counted.
MOST_ELEMENTS: Final = 8
MOST_BYTES: Final = 1024
MOST_HEX: Final = 32
_DEEPEST: Final = 8


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


def named(cls: type[WireFlag] | type[WireEnum], value: int, *, short: bool = False) -> str:
    """A number by the names of its enumeration, without their common prefix if `short`."""
    names = cls.names_of(value) if issubclass(cls, WireFlag) else [cls.name_of(value)]
    cut = _prefix(cls) if short else ""
    return "|".join(n.removeprefix(cut) for n in names) or "0"


@checked
def field_text(field: FieldSpec, value: Any, dialect: Dialect, *, outer: Any = None, short: bool = False) -> str:
    """The value of one field as people read it.

    Args:
        outer: the struct the field belongs to; says which member of a union counts.
        short: leave out the common prefix of names.

    Raises:
        WireError: a value that the field cannot have.
    """
    try:
        return _text(field.type, field, value, dialect, outer, short, 0)
    except FAULTS:
        raise WireError(f"cannot be {type(value).__name__}", path=field.name) from None


@checked
def struct_text(obj: Any, dialect: Dialect, *, short: bool = False) -> str:
    """A wire struct in one line: its declared text, or its fields that are not zero."""
    return _struct(obj, dialect, short, 0)


def _text(kind: FieldType, field: FieldSpec, value: Any, dialect: Dialect, outer: Any, short: bool, depth: int) -> str:
    if isinstance(kind, Scalar):
        return _number(kind, field, int(value), dialect, short)
    if isinstance(kind, Struct):
        if field.tag is not None or kind.cls.__wire__.is_union:
            return _union(field, value, outer, dialect, short, depth)
        return _struct(value, dialect, short, depth)
    if isinstance(value, (bytes, bytearray)):
        data = bytes(value)
        return quoted(data) if field.shown is Shown.TEXT or _is_text(kind) else hexed(data)
    if isinstance(kind, (Array, Flex, Items)):
        return _list(as_type(kind.element), field, value, dialect, short, depth)
    if isinstance(kind, Foreign):
        return hexed(bytes(kind.codec.build(value)))
    return str(value)


def _is_text(kind: FieldType) -> bool:
    element = as_type(kind.element) if isinstance(kind, (Array, Flex)) else kind
    return isinstance(element, Chars)


def _number(kind: Scalar, field: FieldSpec, value: int, dialect: Dialect, short: bool) -> str:
    if field.enum is not None:
        text = named(dialect.enum_of(field.enum), value, short=short)
        return f"{text} ({numbers.octal(value)})" if field.shown is Shown.OCTAL and value and not short else text
    if field.shown is not None:
        return numbers.WRITERS[field.shown](value, kind.size)
    return str(value)


def _list(element: FieldType, field: FieldSpec, values: Any, dialect: Dialect, short: bool, depth: int) -> str:
    if depth >= _DEEPEST:
        return f"[{len(values)}]"
    if isinstance(element, Scalar) and not any(values):
        return f"{len(values)} zeroes" if values else "[]"
    if short and isinstance(field.type, Flex) and field.type.minimum:
        values = values[: max((i for i, v in enumerate(values, 1) if not is_zero(v)), default=1)]
    texts = [_text(element, field, v, dialect, None, short, depth + 1) for v in values[:MOST_ELEMENTS]]
    more = f", ... {len(values)} in all" if len(values) > MOST_ELEMENTS else ""
    return f"[{', '.join(texts)}{more}]"


def union_member(field: FieldSpec, value: Any, outer: Any) -> tuple[FieldSpec, Any] | None:
    """Which member of a union counts, and its value; None where the declaration or the message does not say."""
    if field.tag is None or outer is None:
        return None
    inner, selector = _resolved(outer, field.tag.field)
    name = dict(field.tag.members).get(int(getattr(inner, selector.name)))
    if name is None:
        return None
    return _known(value, name), getattr(value, name)


def _union(field: FieldSpec, value: Any, outer: Any, dialect: Dialect, short: bool, depth: int) -> str:
    found = union_member(field, value, outer)
    if found is None:
        return hexed(value.raw) if value.raw.strip(b"\0") else "0"
    member, inner = found
    return _text(member.type, member, inner, dialect, None, short, depth + 1)


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
def _pieces(text: str) -> tuple[tuple[str, str, str], ...]:
    """(literal, dotted field or "", format) triples of one piece of a declared text."""
    try:
        return tuple((lit, name or "", spec or "") for lit, name, spec, _ in string.Formatter().parse(text))
    except ValueError as error:
        raise SchemaError(f"{error} in the text {text!r}") from None


def _struct(obj: Any, dialect: Dialect, short: bool, depth: int) -> str:
    spec = spec_of(obj)
    if depth >= _DEEPEST:
        return "..."
    if isinstance(obj, LnetNid):
        return nid_str(obj)
    if spec.is_union:
        return hexed(obj.raw)
    if spec.text:
        parts = [_piece(piece, obj, dialect, short, depth, i == 0) for i, piece in enumerate(spec.text)]
        return "".join(parts).strip()
    shown = (f for f in spec.fields if not is_zero(getattr(obj, f.name)) and counts(f, obj))
    return "{" + ", ".join(f"{f.name} {_field(obj, f, dialect, short, depth)}" for f in shown) + "}"


def _piece(piece: str, obj: Any, dialect: Dialect, short: bool, depth: int, always: bool) -> str:
    out, seen = [], always
    for literal, name, form in _pieces(piece):
        out.append(literal)
        if name:
            name, _, index = name.partition("[")
            inner, field = _resolved(obj, name)
            value = getattr(inner, field.name)
            seen = seen or (counts(field, inner) and (field.given is not None or not is_zero(value)))
            shown = _formatted(value, index, form, piece) if form else _field(inner, field, dialect, short, depth)
            out.append(shown)
    return "".join(out) if seen else ""


def _formatted(value: Any, index: str, form: str, piece: str) -> str:
    try:
        return format(int(value[int(index.rstrip("]"))] if index else value), form)
    except (ValueError, TypeError, IndexError) as error:
        raise SchemaError(f"{error} in the text {piece!r}") from None


def _resolved(obj: Any, path: str) -> tuple[Any, FieldSpec]:
    """The struct that a dotted path leads to, and the field in it."""
    *outer, last = path.split(".")
    for part in outer:
        obj = getattr(obj, _known(obj, part).name)
    return obj, _known(obj, last)


def _known(obj: Any, name: str) -> FieldSpec:
    spec = spec_of(obj)
    found = spec.by_name.get(name)
    if found is None:
        raise SchemaError(f"no field {name!r}", path=spec.name)
    return found


def _field(obj: Any, field: FieldSpec, dialect: Dialect, short: bool, depth: int) -> str:
    return _text(field.type, field, getattr(obj, field.name), dialect, obj, short, depth + 1)
