"""`wire_union`: a C union declared as a Python class.

Which member counts is known elsewhere (a lock's type, a message's type), so the value keeps the bytes and shows every
member as a live view: reading ``policy.l_extent.start`` reads the bytes, assigning to it changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from lustre_wire.errors import SchemaError, WireError
from lustre_wire.kinds import FAULTS, octets
from lustre_wire.schema.nodes import Cell, Form, Group, Node, Order, Overlap, Repeat, access
from lustre_wire.schema.struct import (
    FieldSpec,
    Hints,
    StructSpec,
    announce,
    c_name_of,
    hash_by_value,
    spec_of,
    specs_of,
)
from lustre_wire.schema.types import ByValue
from lustre_wire.schema.views import ViewType

_T = TypeVar("_T")


def _read(union: Any, node: Node, at: int) -> Any:
    """The value, or a view, of a node whose offsets count from `at`."""
    if isinstance(node, Cell):
        return access(node)[0](union.raw, at + node.offset)
    if isinstance(node, (Group, Overlap)):
        return MemberView(union, node.cls.__wire__, at + node.offset)
    if node.joined:
        return union.raw[at + node.offset : at + node.offset + node.width]
    return [_read(union, node.node, at + i * node.stride) for i in range(node.count)]


def _write(raw: bytearray, node: Node, at: int, value: Any) -> None:
    if isinstance(node, Group):
        if not hasattr(value, "__wire__") or value.__wire__ is not node.cls.__wire__:
            raise WireError(f"expected {node.cls.__name__}, got {type(value).__name__}", path=node.name)
        for inner in node.members:
            _write(raw, inner, at, getattr(value, inner.name))
        return
    if isinstance(node, Repeat) and not node.joined:
        if not isinstance(value, Sequence) or len(value) != node.count:
            raise WireError(f"expected {node.count} elements", path=node.name)
        for i in range(node.count):
            _write(raw, node.node, at + i * node.stride, value[i])
        return
    if isinstance(node, Cell) and node.form is not Form.BYTES:
        try:
            data = access(node)[1](value)
        except FAULTS:
            raise WireError(f"expected {node.kind.expects}, got {_shown(value)}", path=node.name) from None
    else:
        data = octets(value.raw if isinstance(node, Overlap) else value).ljust(node.width, b"\0")[: node.width]
    raw[at + node.offset : at + node.offset + node.width] = data


def _shown(value: Any) -> str:
    return hex(value) if isinstance(value, int) and value.bit_length() <= 128 else type(value).__name__


class MemberView:
    """One member of a union, seen through the union's bytes."""

    __slots__ = ("_at", "_spec", "_union")

    def __init__(self, union: Any, spec: StructSpec, at: int) -> None:
        object.__setattr__(self, "_union", union)
        object.__setattr__(self, "_spec", spec)
        object.__setattr__(self, "_at", at)

    @property
    def __wire__(self) -> StructSpec:
        return self._spec  # type: ignore[no-any-return]

    def _find(self, name: str) -> Node:
        spec: StructSpec = self._spec
        field = spec.by_name.get(name)  # under its newest name too
        if field is None:
            raise AttributeError(f"{spec.name} has no field {name!r}")
        return spec.members[field.name]

    def __getattr__(self, name: str) -> Any:
        return _read(self._union, self._find(name), self._at)

    def __setattr__(self, name: str, value: Any) -> None:
        raw = bytearray(self._union.raw)
        _write(raw, self._find(name), self._at, value)
        self._union.raw = bytes(raw)

    def __eq__(self, other: object) -> bool:
        spec: StructSpec = self._spec
        if getattr(other, "__wire__", None) is not spec:
            return NotImplemented
        return all(getattr(self, f.name) == getattr(other, f.name) for f in spec.fields)

    __hash__ = hash_by_value

    def __reduce__(self) -> tuple[Any, ...]:
        return MemberView, (self._union, self._spec, self._at)

    def __repr__(self) -> str:
        inside = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in self._spec.fields)
        return f"{self._spec.cls.__name__}({inside})"


class _Member:
    """Descriptor of one union member."""

    def __init__(self, spec: FieldSpec) -> None:
        self.spec = spec

    @cached_property
    def node(self) -> Node:
        return self.spec.lower(0, "little")

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else _read(obj, self.node, 0)

    def __set__(self, obj: Any, value: Any) -> None:
        raw = bytearray(obj.raw)
        _write(raw, self.node, 0, value)
        obj.raw = bytes(raw)


class WireUnion(metaclass=ViewType):
    """Base of all unions. `raw`: the bytes as a little-endian sender writes them, whatever the message's byte order."""

    __slots__ = ("raw",)
    __wire__: ClassVar[StructSpec]
    raw: bytes

    def __init__(self, raw: bytes | None = None, **members: Any) -> None:
        self.raw = bytes(self.__wire__.size) if raw is None else raw
        for name, value in members.items():
            if name not in self.__wire__.by_name:
                raise TypeError(f"{type(self).__name__} has no member {name!r}")
            setattr(self, name, value)

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, WireUnion) and type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(raw=bytes.fromhex({self.raw.hex()!r}))"


def wire_union(
    *,
    size: int,
    c_name: str | None = None,
    byteorder: Order = "sender",
    swab_as: str | None = None,
    told: ByValue | None = None,
) -> Callable[[type[_T]], type[_T]]:
    """Declare a union of wire structs (or scalars), as a class derived from `WireUnion`.

    Instances have one slot, ``raw``: the bytes as a little-endian sender writes them, so that values compare across
    byte orders.

    Args:
        size: sizeof() in bytes, checked now: the largest member.
        c_name: the C name where it does not follow from the class name.
        byteorder: "sender" for the message's byte order, "little" or "big" where the format fixes it.
        swab_as: the member whose fields a receiver of the other byte order swaps; None when it swaps nothing.
        told: which member counts, where a number in the union says so.

    Raises:
        SchemaError: the members do not fit `size`, or `swab_as` names none of them.
    """

    def build(cls: type[_T]) -> type[_T]:
        fields = specs_of(cls, Hints(cls), union=True)
        largest = max((f.size for f in fields), default=0)
        if largest != size:
            raise SchemaError(f"declared size {size}, but the largest member takes {largest} bytes", path=cls.__name__)
        if swab_as is not None and swab_as not in {f.name for f in fields}:
            raise SchemaError(f"no member {swab_as!r}", path=cls.__name__)
        body: dict[str, Any] = {f.name: _Member(f) for f in fields}
        body |= {"__slots__": (), "__doc__": cls.__doc__, "__module__": cls.__module__}
        body |= {"__qualname__": cls.__qualname__, "__annotations__": cls.__annotations__}
        made: Any = type(cls.__name__, cls.__bases__ if issubclass(cls, WireUnion) else (WireUnion,), body)
        name = c_name or c_name_of(cls.__name__)
        spec = StructSpec(made, name, size, byteorder, True, fields, swab_as=swab_as, is_union=True, told=told)
        spec.by_name.update({f.name: f for f in fields})
        made.__wire__ = spec
        announce(made)
        return made  # type: ignore[no-any-return]  # the class, made anew

    return build


def told_member(union: Any) -> str:
    """The name of the member that the union's own bytes say counts; "" where they do not.

    Raises:
        SchemaError: no wire union.
    """
    telling = spec_of(union).telling
    if telling is None:
        return ""
    where, members, other = telling
    return members.get(bytes(union.raw[where]), other)


def member_value(union: Any, member: str) -> Any:
    """A copy of one member that stands on its own.

    Raises:
        SchemaError: no wire union, or no such member.
    """
    if not isinstance(member, str) or member not in spec_of(union).by_name:
        raise SchemaError(f"expected one of {', '.join(spec_of(union).by_name)}", path="member")
    return _copied(getattr(union, member))


def _copied(value: Any) -> Any:
    if not isinstance(value, MemberView):
        return value
    spec = value.__wire__
    if spec.is_union:
        at = value._at
        return spec.cls(raw=value._union.raw[at : at + spec.size])
    return spec.cls(**{f.name: _copied(getattr(value, f.name)) for f in spec.fields})
