"""The reference engine: declarations as `construct` definitions.

Slow and easy to read: for studying a format, for extending it in construct, and for checking the other engines.
`construct` is imported with this module only.
"""

from __future__ import annotations

import operator
from typing import Any, TypeVar

import construct as cs

from lustre_wire.engines.straightline import ByteOrder, at_least, effective_order, fit, foreign_errors
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.schema.struct import StructSpec, spec_of
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Hole, Raw, Scalar, Struct, as_type
from lustre_wire.schema.union import member_value

_T = TypeVar("_T")
_structs: dict[tuple[type, str, bool], Any] = {}
_compiled: dict[tuple[type, str], Any] = {}


class _UpTo(cs.Subconstruct):  # type: ignore[misc]  # construct carries no types
    """As many whole elements as the stream holds, at most `limit(context)` of them."""

    def __init__(self, subcon: Any, limit: Any) -> None:
        super().__init__(subcon)
        self.limit = limit

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        out = cs.ListContainer()
        limit = self.limit(context)
        while limit is None or len(out) < limit:
            start = stream.tell()
            try:
                out.append(self.subcon._parsereport(stream, context, path))
            except cs.StreamError:
                stream.seek(start)
                break
        return out

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for element in obj:
            self.subcon._build(element, stream, context, path)
        return obj


def struct(cls: type, byteorder: ByteOrder = "little", *, compiled: bool = False) -> Any:
    """The `construct` definition of a wire struct, to parse and build with or to drop into another definition.

    Args:
        cls: a class made by `wire_struct`.
        byteorder: the sender's byte order; integers that a receiver does not swap are read as little-endian in both.
        compiled: return construct's compiled form (made once).

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    spec = spec_of(cls)
    order = effective_order(spec, not spec.swab, byteorder)
    if compiled:
        if (cls, order) not in _compiled:
            _compiled[cls, order] = _struct(spec, order).compile()
        return _compiled[cls, order]
    return _struct(spec, order)


def _struct(spec: StructSpec, order: ByteOrder, at_end: bool = True) -> Any:
    """`at_end`: nothing follows, so that a flexible tail may have more than its least number of elements."""
    key = (spec.cls, order, at_end)
    if key not in _structs:
        ends = [at_end and field is spec.fields[-1] for field in spec.fields]
        fields = [field.name / _field(field.type, order, end) for field, end in zip(spec.fields, ends, strict=True)]
        _structs[key] = _union(spec, fields, order) if spec.is_union else cs.Struct(*fields)
    return _structs[key]


class _Sized(cs.Union):  # type: ignore[misc]  # construct carries no types
    """A union that knows its size, so that it can be a member of another one."""

    def __init__(self, size: int, *members: Any) -> None:
        super().__init__(0, *members)
        self.size = size

    def _sizeof(self, context: Any, path: str) -> int:
        return self.size


def _union(spec: StructSpec, members: list[Any], order: ByteOrder) -> Any:
    """Members are views of little-endian bytes, so a big-endian union is swapped as a whole around them."""
    little = [field.name / _field(field.type, "little") for field in spec.fields]
    union = _Sized(spec.size, "raw" / cs.Bytes(spec.size), *little)
    if order == "little" or spec.swab_as is None or not spec.size:
        return union
    member = spec.by_name[spec.swab_as].type
    one, other, used = _field(member, "little"), _field(member, "big"), member.size

    def swab(raw: bytes) -> bytes:
        return bytes(one.build(other.parse(raw[:used])) + raw[used:])

    return cs.Transformed(union, swab, spec.size, swab, spec.size)


def _joined(pieces: Any, context: Any) -> bytes:
    return b"".join(pieces)


def _cut(data: bytes, context: Any) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def _field(kind: FieldType, order: ByteOrder, at_end: bool = False) -> Any:
    if isinstance(kind, Scalar):
        code = kind.code.replace("I", "L").replace("i", "l")  # construct's name for four bytes
        return cs.FormatField("<" if kind.opaque or order == "little" else ">", code)
    if isinstance(kind, (Raw, Chars, Hole)):
        return cs.Bytes(kind.size)
    if isinstance(kind, Struct):
        spec: StructSpec = kind.cls.__wire__
        return _struct(spec, effective_order(spec, kind.opaque, order), at_end)
    if isinstance(kind, Flex) and not at_end:
        element = as_type(kind.element)
        raw = isinstance(element, (Raw, Chars))
        return cs.Bytes(kind.size) if raw else cs.Array(kind.minimum, _field(element, order))
    if isinstance(kind, Array):
        return cs.Array(kind.count, _field(as_type(kind.element), order))
    if isinstance(kind, Flex):
        name, element = kind.count, as_type(kind.element)
        up_to = _UpTo(_field(element, order), lambda context: getattr(context, name) if name else None)
        return cs.ExprAdapter(up_to, _joined, _cut) if isinstance(element, (Raw, Chars)) else up_to
    if isinstance(kind, Foreign):
        return kind.codec
    raise TypeError(type(kind).__name__)


def unpack(cls: type[_T], data: bytes, *, byteorder: ByteOrder = "little", compiled: bool = False) -> _T:
    """One wire struct from bytes, read by construct; the same value as `record.unpack`.

    Raises:
        TruncatedError: fewer bytes than the struct's size.
        WireError: a field's own codec refuses its bytes.
    """
    spec = spec_of(cls)
    if len(data) < spec.size:
        raise TruncatedError(f"expected {spec.size} bytes, got {len(data)}", path=spec.name, offset=0)
    try:
        made: _T = to_object(cls, struct(cls, byteorder, compiled=compiled).parse(data))
    except foreign_errors() as error:
        raise WireError(str(error), path=spec.name) from None
    return made


def pack(obj: Any, *, byteorder: ByteOrder = "little", compiled: bool = False) -> bytes:
    """The bytes of one wire struct, written by construct.

    Raises:
        WireError: a value that does not fit its field.
    """
    try:
        return bytes(struct(type(obj), byteorder, compiled=compiled).build(to_container(obj)))
    except foreign_errors() as error:
        raise WireError(str(error), path=spec_of(obj).name) from None


def to_object(cls: type, container: Any) -> Any:
    """An instance of `cls` from what its construct definition parsed."""
    spec = spec_of(cls)
    if spec.is_union:
        return cls(raw=container["raw"])
    values = {}
    for field in spec.fields:
        value = _to_value(field.type, container[field.name])
        values[field.name] = field.enum(value) if field.enum is not None else value
    return cls(**values)


def _to_value(kind: FieldType, value: Any) -> Any:
    if isinstance(kind, Struct):
        return to_object(kind.cls, value)
    if isinstance(kind, (Array, Flex)) and not isinstance(value, bytes):
        return [_to_value(as_type(kind.element), v) for v in value]
    return value


def to_container(obj: Any) -> Any:
    """What a construct definition builds from: nested `construct.Container` of plain values."""
    spec = spec_of(obj)
    if spec.is_union:
        members = {f.name: to_container(member_value(obj, f.name)) for f in spec.fields if isinstance(f.type, Struct)}
        return cs.Container(raw=obj.raw, **members)
    return cs.Container({f.name: _to_plain(f.type, getattr(obj, f.name), f.name) for f in spec.fields})


def _to_plain(kind: FieldType, value: Any, path: str) -> Any:
    if isinstance(kind, Struct):
        return to_container(value)
    if isinstance(kind, (Array, Flex)) and not isinstance(value, bytes):
        if isinstance(kind, Flex):
            at_least(value, kind.minimum, path)
        return [_to_plain(as_type(kind.element), v, path) for v in value]
    if isinstance(kind, Chars):
        return fit(value, kind.size, path, True)
    return operator.index(value) if isinstance(kind, Scalar) else value
