"""The reference engine: declarations as `construct` definitions.

Slow and easy to read: for studying a format, for extending it in construct, and for checking the other engines.
`construct` is imported with this module only.
"""

from __future__ import annotations

from typing import Any, TypeVar

import construct as cs

from lustre_wire.engines.record import UNFIT, standing_order
from lustre_wire.engines.straightline import at_least
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.schema.nodes import ByteOrder, Cell, Group, Node, Overlap, resolved, turner
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.union import member_value

_T = TypeVar("_T")
_structs: dict[tuple[type, str], Any] = {}
_compiled: dict[tuple[type, str], Any] = {}
#: What construct and the codecs in it raise on bytes and values that are not theirs.
_REFUSED = (*UNFIT, LookupError, ArithmeticError, EOFError, cs.ConstructError)


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
    order = standing_order(cls, byteorder)
    if (cls, order) not in _structs:
        _structs[cls, order] = _definition(spec_of(cls).node, order, at_end=True)
    if compiled and (cls, order) not in _compiled:
        _compiled[cls, order] = _structs[cls, order].compile()
    return (_compiled if compiled else _structs)[cls, order]


def _definition(node: Node, order: ByteOrder, *, at_end: bool = False) -> Any:
    """The definition of a node; `at_end`: nothing follows, so that a tail may have more than its least number."""
    if isinstance(node, Cell):
        return node.kind.construct(cs, node, order)
    if isinstance(node, Group):
        ends = [at_end and member is node.members[-1] for member in node.members]
        members = zip(node.members, ends, strict=True)
        return cs.Struct(*(member.name / _definition(member, order, at_end=end) for member, end in members))
    if isinstance(node, Overlap):
        return _union(node, order)
    if not (node.tail and at_end):
        return cs.Bytes(node.width) if node.joined else cs.Array(node.count, _definition(node.node, order))
    up_to = _UpTo(_definition(node.node, order), lambda context: getattr(context, node.limit) if node.limit else None)
    return cs.ExprAdapter(up_to, _joined, _cut) if node.joined else up_to


class _Sized(cs.Union):  # type: ignore[misc]  # construct carries no types
    """A union that knows its size, so that it can be a member of another one."""

    def __init__(self, size: int, *members: Any) -> None:
        super().__init__(0, *members)
        self.size = size

    def _sizeof(self, context: Any, path: str) -> int:
        return self.size


def _union(node: Overlap, order: ByteOrder) -> Any:
    """Members are views of little-endian bytes, so a big-endian union is swapped as a whole around them."""
    members = [view.name / _definition(view, "little") for view in node.views]
    union = _Sized(node.width, "raw" / cs.Bytes(node.width), *members)
    if not node.swab or resolved(node.order, order) == "little":
        return union
    swab = turner(node.swab)
    return cs.Transformed(union, swab, node.width, swab, node.width)


def _joined(pieces: Any, context: Any) -> bytes:
    return b"".join(pieces)


def _cut(data: bytes, context: Any) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


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
    except _REFUSED as error:
        raise WireError(str(error), path=spec.name) from None
    return made


def pack(obj: Any, *, byteorder: ByteOrder = "little", compiled: bool = False) -> bytes:
    """The bytes of one wire struct, written by construct.

    Raises:
        WireError: a value that does not fit its field.
    """
    try:
        return bytes(struct(type(obj), byteorder, compiled=compiled).build(to_container(obj)))
    except _REFUSED as error:
        raise WireError(str(error), path=spec_of(obj).name) from None


def to_object(cls: type, container: Any) -> Any:
    """An instance of `cls` from what its construct definition parsed."""
    return _to_value(spec_of(cls).node, container)


def _to_value(node: Node, value: Any) -> Any:
    if isinstance(node, Cell):
        return node.kind.value(value)
    if isinstance(node, Group):
        return node.cls(**{member.name: _to_value(member, value[member.name]) for member in node.members})
    if isinstance(node, Overlap):
        return node.cls(raw=value["raw"])
    return value if node.joined else [_to_value(node.node, each) for each in value]


def to_container(obj: Any) -> Any:
    """What a construct definition builds from: nested `construct.Container` of plain values."""
    spec = spec_of(obj)
    return _to_plain(spec.node, obj, spec.name)


def _to_plain(node: Node, value: Any, path: str) -> Any:
    if isinstance(node, Cell):
        return node.kind.plain(value, path)
    if isinstance(node, Group):
        return cs.Container({m.name: _to_plain(m, getattr(value, m.name), f"{path}.{m.name}") for m in node.members})
    if isinstance(node, Overlap):
        members = {v.name: _to_plain(v, member_value(value, v.name), path) for v in node.views if isinstance(v, Group)}
        return cs.Container(raw=value.raw, **members)
    if node.tail:
        at_least(value, node.width if node.joined else node.count, path)
    return value if node.joined else [_to_plain(node.node, each, path) for each in value]
