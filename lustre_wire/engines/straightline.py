"""Generates the straight-line code of the record engine: one unpack and one pack function for a struct and byte order.

The fixed part of a struct becomes one `struct.Struct`, whose values are assigned to their places in a single statement;
statements before it make the nested objects, statements after it finish what needs more than an integer (named numbers,
arrays, unions, integers of the other byte order).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Any, Literal

from lustre_wire.engines.source import compile_functions
from lustre_wire.errors import WireError
from lustre_wire.kinds import octets
from lustre_wire.schema.enums import MemberCache
from lustre_wire.schema.struct import StructSpec
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Hole, Raw, Scalar, Struct, as_type

ByteOrder = Literal["little", "big"]
PREFIX = {"little": "<", "big": ">"}
# Longer arrays of integers are unpacked by a struct of their own instead of one local variable an element.
_INLINE_ELEMENTS = 8

_members: dict[type, MemberCache] = {}


def fit(value: Any, size: int, path: str, pad: bool) -> bytes:
    """Bytes of exactly `size`; a shorter character array is filled with NUL, everything else is refused."""
    data = octets(value, path)
    if len(data) == size:
        return data
    if pad and len(data) < size:
        return data.ljust(size, b"\0")
    raise WireError(f"expected {size} bytes, got {len(data)}", path=path)


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


def foreign_errors() -> tuple[type[Exception], ...]:
    """What somebody else's codec may raise on bytes or values that are not its own."""
    construct = sys.modules.get("construct")
    own = (construct.ConstructError,) if construct is not None else ()
    return (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, EOFError, struct.error, *own)


def foreign_parse(codec: Any, data: bytes, path: str) -> Any:
    """What a foreign codec reads from `data`."""
    try:
        return codec.parse(data)
    except foreign_errors() as error:
        raise WireError(f"the field's own codec refuses it: {error}", path=path) from None


def foreign_build(codec: Any, value: Any, size: int, path: str) -> bytes:
    """The bytes that a foreign codec makes of `value`."""
    try:
        data = codec.build(value)
    except foreign_errors() as error:
        raise WireError(f"the field's own codec refuses it: {error}", path=path) from None
    return fit(data, size, path, False)


def effective_order(spec: StructSpec, opaque: bool, order: ByteOrder) -> ByteOrder:
    """The byte order inside a struct: fixed by its format, or as sent (read as little-endian), or the message's."""
    if spec.order != "sender":
        return spec.order
    return "little" if opaque else order


class Generator:
    """Collects the pieces of both functions while walking a declaration."""

    def __init__(
        self, spec: StructSpec, order: ByteOrder, codec_of: Callable[[type, ByteOrder], Any], *, fixed: bool = False
    ) -> None:
        self.spec = spec
        self.order = order
        self.codec_of = codec_of
        self.fixed = fixed  # flexible tails hold their minimum and no more
        self.namespace: dict[str, Any] = {
            "_new": object.__new__, "_fit": fit, "_counted": counted, "_at_least": at_least,
            "_int": int.from_bytes, "_cls": spec.cls, "_foreign_parse": foreign_parse, "_foreign_build": foreign_build,
        }  # fmt: skip
        self.format: list[str] = []
        self.targets: list[str] = []  # where unpacking assigns to
        self.before: list[str] = []  # unpack: makes the nested objects
        self.after: list[str] = []  # unpack: finishes what was read raw
        self.setup: list[str] = []  # pack: local variables
        self.sources: list[str] = []  # pack: what is packed
        self.tail = ""  # pack: the bytes of a flexible tail
        self.serial = 0

    def local(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial}"

    def constant(self, prefix: str, value: Any) -> str:
        name = self.local(prefix)
        self.namespace[name] = value
        return name

    def atom(self, code: str, target: str, source: str) -> None:
        self.format.append(code)
        self.targets.append(target)
        self.sources.append(source)

    def raw(self, size: int, source: str) -> str:
        """Read `size` bytes into a local variable, for a statement of `after` to finish; returns its name."""
        local = self.local("r")
        self.atom(f"{size}s", local, source)
        return local

    def fields(self, spec: StructSpec, obj: str, path: str, order: ByteOrder) -> None:
        at_end = not self.fixed
        for field in spec.fields:
            where = f"{path}.{field.name}" if path else field.name
            target = f"{obj}.{field.name}"
            self.fixed = not (at_end and field is spec.fields[-1])  # elsewhere a tail has no room to grow
            if isinstance(field.type, Flex):
                self.flexible(field.type, obj, target, where, order)
            elif field.enum is not None and isinstance(field.type, Scalar):
                local = self.local("v")
                self.scalar(field.type, local, target, order)
                cache = self.constant("_m", _members.setdefault(field.enum, MemberCache(field.enum)))
                self.after.append(f"{target} = {cache}[{local}]")
            else:
                self.value(field.type, target, where, order)
        self.fixed = not at_end

    def value(self, kind: FieldType, target: str, path: str, order: ByteOrder) -> None:
        if isinstance(kind, Scalar):
            self.scalar(kind, target, target, order)
        elif isinstance(kind, (Raw, Chars, Hole)):
            self.atom(f"{kind.size}s", target, f"_fit({target}, {kind.size}, {path!r}, {isinstance(kind, Chars)})")
        elif isinstance(kind, Struct):
            self.nested(kind, target, path, order)
        elif isinstance(kind, Array):
            self.array(kind, target, path, order)
        elif isinstance(kind, Foreign):
            codec = self.constant("_c", kind.codec)
            local = self.raw(kind.size, f"_foreign_build({codec}, {target}, {kind.size}, {path!r})")
            self.after.append(f"{target} = _foreign_parse({codec}, {local}, {path!r})")
        else:
            raise TypeError(f"{path}: {type(kind).__name__}")

    def scalar(self, kind: Scalar, target: str, source: str, order: ByteOrder) -> None:
        wanted = "little" if kind.opaque else order
        if kind.size == 1 or wanted == self.order:
            self.atom(kind.code, target, source)
            return
        local = self.raw(kind.size, f"{source}.to_bytes({kind.size}, {wanted!r}, signed={kind.signed})")
        self.after.append(f"{target} = _int({local}, {wanted!r}, signed={kind.signed})")

    def nested(self, kind: Struct, target: str, path: str, order: ByteOrder) -> None:
        spec: StructSpec = kind.cls.__wire__
        inner = effective_order(spec, kind.opaque, order)
        local = self.local("o")
        self.before.append(f"{local} = _new({self.constant('_C', kind.cls)})")
        self.after.append(f"{target} = {local}")
        if spec.is_union:
            self.union(spec, local, target, path, inner)
        else:
            self.setup.append(f"{local} = {target}")
            self.fields(spec, local, path, inner)

    def union(self, spec: StructSpec, local: str, target: str, path: str, order: ByteOrder) -> None:
        source = f"_fit({target}.raw, {spec.size}, {path!r}, False)"
        if order == "little" or spec.swab_as is None or not spec.size:
            self.atom(f"{spec.size}s", f"{local}.raw", source)
            return
        swab = self.constant("_u", self.union_swab(spec))
        raw = self.raw(spec.size, f"{swab}({source})")
        self.after.append(f"{local}.raw = {swab}({raw})")

    def union_swab(self, spec: StructSpec) -> Callable[[bytes], bytes]:
        """Swaps a union's bytes by the fields of the member that its receiver swaps by."""
        kind = next(f.type for f in spec.fields if f.name == spec.swab_as)
        assert isinstance(kind, Struct)
        little, big = self.codec_of(kind.cls, "little"), self.codec_of(kind.cls, "big")

        def swab(raw: bytes) -> bytes:
            size = big.size
            return bytes(little.pack(big.unpack(raw, 0, size)) + raw[size:])

        return swab

    def array(self, kind: Array, target: str, path: str, order: ByteOrder) -> None:
        element = as_type(kind.element)
        if isinstance(element, Scalar) and kind.count > _INLINE_ELEMENTS:
            wanted = "little" if element.opaque else order
            packer = self.constant("_s", struct.Struct(f"{PREFIX[wanted]}{kind.count}{element.code}"))
            local = self.raw(kind.size, f"{packer}.pack(*_counted({target}, {kind.count}, {path!r}))")
            self.after.append(f"{target} = list({packer}.unpack({local}))")
            return
        locals_ = [self.local("e") for _ in range(kind.count)]
        self.setup.append(f"{', '.join(locals_)}, = _counted({target}, {kind.count}, {path!r})")
        fixed, self.fixed = self.fixed, True
        for i, local in enumerate(locals_):
            self.value(element, local, f"{path}[{i}]", order)
        self.fixed = fixed
        self.after.append(f"{target} = [{', '.join(locals_)}]")

    def flexible(self, kind: Flex, obj: str, target: str, path: str, order: ByteOrder) -> None:
        element = as_type(kind.element)
        if self.fixed:
            self.least(kind, target, path, order)
            return
        start = self.spec.size - kind.size
        end = "_end"
        if kind.count:
            end = f"min(_end, _off + {start} + {element.size} * {obj}.{kind.count})"
        read, write = self.elements(element, order)
        self.after.append(f"{target} = {read}(_buf, _off + {start}, {end})")
        values = f"_at_least({target}, {kind.minimum}, {path!r})" if kind.minimum else target
        self.tail = f" + {write}({values})"

    def least(self, kind: Flex, target: str, path: str, order: ByteOrder) -> None:
        """A flexible array with as many elements as its struct always has."""
        if kind.minimum:
            self.array(Array(kind.element, kind.minimum), target, path, order)
            return
        empty = "b''" if isinstance(as_type(kind.element), (Raw, Chars)) else "[]"
        self.after.append(f"{target} = {empty}")
        self.setup.append(f"_counted({target}, 0, {path!r})")

    def elements(self, element: FieldType, order: ByteOrder) -> tuple[str, str]:
        """Names of the functions that read all elements between two offsets, and write a list of them."""
        if isinstance(element, Scalar):
            prefix, code, size = PREFIX["little" if element.opaque else order], element.code, element.size

            def read(buf: Any, start: int, end: int) -> Any:
                return list(struct.unpack_from(f"{prefix}{max(0, end - start) // size}{code}", buf, start))

            def write(values: Any) -> bytes:
                return struct.pack(f"{prefix}{len(values)}{code}", *values)
        elif isinstance(element, Struct):
            inner = self.codec_of(element.cls, effective_order(element.cls.__wire__, element.opaque, order))
            unpack, pack, size = inner.unpack, inner.pack, inner.size

            def read(buf: Any, start: int, end: int) -> Any:
                return [unpack(buf, at, at + size) for at in range(start, end - size + 1, size)]

            def write(values: Any) -> bytes:
                return b"".join([pack(value) for value in values])
        elif isinstance(element, (Raw, Chars)):

            def read(buf: Any, start: int, end: int) -> Any:
                return bytes(buf[start : max(start, end)])

            def write(values: Any) -> bytes:
                return octets(values)
        else:
            raise TypeError(f"a flexible array cannot hold {type(element).__name__}")
        return self.constant("_f", read), self.constant("_w", write)

    def compile(self) -> tuple[Callable[[Any, int, int], Any], Callable[[Any], bytes]]:
        """The two functions: ``unpack(buffer, offset, end)`` and ``pack(object)``."""
        self.fields(self.spec, "_o", "", self.order)
        packer = struct.Struct(PREFIX[self.order] + "".join(self.format))
        self.namespace["_unpack"], self.namespace["_pack"] = packer.unpack_from, packer.pack
        assign = f"({', '.join(self.targets)},) = _unpack(_buf, _off)" if self.targets else "pass"
        unpack = ["_o = _new(_cls)", *self.before, assign, *self.after, "return _o"]
        pack = [*self.setup, f"return _pack({', '.join(self.sources)}){self.tail}"]
        source = "def unpack(_buf, _off, _end):\n"
        source += "".join(f"    {line}\n" for line in unpack)
        source += "def pack(_o):\n" + "".join(f"    {line}\n" for line in pack)
        compile_functions(f"record {self.spec.name} {self.order}", source, self.namespace)
        return self.namespace["unpack"], self.namespace["pack"]
