"""`wire_union`: a C union declared as a Python class.

Which member counts is known elsewhere (a lock's type, a message's type), so the value keeps the bytes and shows every
member as a live view: reading ``policy.l_extent.start`` reads the bytes, assigning to it changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from lustre_wire.errors import SchemaError, WireError
from lustre_wire.kinds import octets
from lustre_wire.schema.struct import (
    FieldSpec,
    Order,
    StructSpec,
    announce,
    c_name_of,
    hash_by_value,
    hints_of,
    spec_of,
    specs_of,
)
from lustre_wire.schema.types import Array, Chars, Flex, Raw, Scalar, Struct, as_type

_T = TypeVar("_T")


def _read(raw: bytes, at: int, spec: FieldSpec) -> Any:
    kind = spec.type
    if isinstance(kind, Scalar):
        value = int.from_bytes(raw[at : at + kind.size], "little", signed=kind.signed)
        return spec.enum(value) if spec.enum is not None else value
    if isinstance(kind, (Raw, Chars)):
        return raw[at : at + kind.size]
    if isinstance(kind, (Array, Flex)):
        element, count = as_type(kind.element), kind.size // as_type(kind.element).size
        return [_read(raw, at + i * element.size, FieldSpec("", 0, element)) for i in range(count)]
    raise SchemaError(f"a union member cannot hold {type(kind).__name__}", path=spec.name)


def _write(raw: bytearray, at: int, spec: FieldSpec, value: Any) -> None:
    kind = spec.type
    if isinstance(kind, Scalar):
        low, high = kind.bounds
        if not isinstance(value, int) or not low <= value <= high:
            raise WireError(f"expected a number from {low} to {high}, got {_shown(value)}", path=spec.name)
        raw[at : at + kind.size] = value.to_bytes(kind.size, "little", signed=kind.signed)
    elif isinstance(kind, Struct):
        if not hasattr(value, "__wire__") or value.__wire__ is not kind.cls.__wire__:
            raise WireError(f"expected {kind.cls.__name__}, got {type(value).__name__}", path=spec.name)
        for inner in value.__wire__.fields:
            _write(raw, at + inner.offset, inner, getattr(value, inner.name))
    elif isinstance(kind, (Raw, Chars)):
        raw[at : at + kind.size] = octets(value).ljust(kind.size, b"\0")[: kind.size]
    elif isinstance(kind, (Array, Flex)):
        element = as_type(kind.element)
        count = kind.size // element.size
        if not isinstance(value, Sequence) or len(value) != count:
            raise WireError(f"expected {count} elements", path=spec.name)
        for i in range(count):
            _write(raw, at + i * element.size, FieldSpec("", 0, element), value[i])
    else:
        raise SchemaError(f"a union member cannot hold {type(kind).__name__}", path=spec.name)


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

    def __getattr__(self, name: str) -> Any:
        found = self._spec.by_name.get(name)
        if found is None:
            raise AttributeError(f"{self._spec.name} has no field {name!r}")
        if isinstance(found.type, Struct):
            return MemberView(self._union, found.type.cls.__wire__, self._at + found.offset)
        return _read(self._union.raw, self._at + found.offset, found)

    def __setattr__(self, name: str, value: Any) -> None:
        found = self._spec.by_name.get(name)
        if found is None:
            raise AttributeError(f"{self._spec.name} has no field {name!r}")
        raw = bytearray(self._union.raw)
        _write(raw, self._at + found.offset, found, value)
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

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        if isinstance(self.spec.type, Struct):
            return MemberView(obj, self.spec.type.cls.__wire__, 0)
        return _read(obj.raw, 0, self.spec)

    def __set__(self, obj: Any, value: Any) -> None:
        raw = bytearray(obj.raw)
        _write(raw, 0, self.spec, value)
        obj.raw = bytes(raw)


class WireUnion:
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
    *, size: int, c_name: str | None = None, byteorder: Order = "sender", swab_as: str | None = None
) -> Callable[[type[_T]], type[_T]]:
    """Declare a union of wire structs (or scalars), as a class derived from `WireUnion`.

    Instances have one slot, ``raw``: the bytes as a little-endian sender writes them, so that values compare across
    byte orders.

    Args:
        size: sizeof() in bytes, checked now: the largest member.
        c_name: the C name where it does not follow from the class name.
        byteorder: "sender" for the message's byte order, "little" or "big" where the format fixes it.
        swab_as: the member whose fields a receiver of the other byte order swaps; None when it swaps nothing.

    Raises:
        SchemaError: the members do not fit `size`, or `swab_as` names none of them.
    """

    def build(cls: type[_T]) -> type[_T]:
        fields = specs_of(cls, hints_of(cls), union=True)
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
        spec = StructSpec(made, name, size, byteorder, True, fields, swab_as=swab_as, is_union=True)
        spec.by_name.update({f.name: f for f in fields})
        made.__wire__ = spec
        announce(made)
        return made  # type: ignore[no-any-return]  # the class, made anew

    return build


def member_value(union: Any, member: str) -> Any:
    """A copy of one member that stands on its own.

    Raises:
        SchemaError: no wire union, or no such member.
    """
    spec = spec_of(union).by_name.get(member) if isinstance(member, str) else None
    if spec is None:
        raise SchemaError(f"expected one of {', '.join(spec_of(union).by_name)}", path="member")
    if not isinstance(spec.type, Struct):
        return getattr(union, member)
    cls = spec.type.cls
    view = getattr(union, member)
    return cls(**{f.name: _copied(getattr(view, f.name)) for f in cls.__wire__.fields})


def _copied(value: Any) -> Any:
    if isinstance(value, MemberView):
        spec = value.__wire__
        return spec.cls(**{f.name: _copied(getattr(value, f.name)) for f in spec.fields})
    return value
