"""Generates the code that reads and writes all buffers of one side of an RPC, and the code that chooses the format.

What regular messages do not have is kept in an `Extra` beside the values, so that encoding gives the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import attrs

from lustre_wire.engines import record
from lustre_wire.engines.source import compile_functions
from lustre_wire.engines.straightline import PREFIX, ByteOrder
from lustre_wire.errors import WireError
from lustre_wire.kinds import octets
from lustre_wire.schema.rpc import (
    Bits,
    Blob,
    Buffers,
    FixedText,
    Items,
    Match,
    NonZero,
    SlotSpec,
    Text,
)
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.types import Scalar, Struct, as_type

ZEROES = tuple(bytes(n) for n in range(8))


@attrs.define(slots=True)
class Extra:
    """What the declared buffers of a message do not hold; each mapping is by buffer index.

    Attributes:
        tails: bytes behind what the buffer's type covers.
        cut: the buffer's length, where it ends before its type does (the values of the missing part are 0).
        raw: a buffer that could not be read as its type.
        padding: bytes other than zero behind a buffer.
        more: buffers behind the declared ones.
        count: number of buffers with the ptlrpc_body, where it is not what the format gives.
        gap: bytes other than zero behind the buffer lengths.
        trailing: bytes behind the message.
    """

    tails: dict[int, bytes] = attrs.field(factory=dict)
    cut: dict[int, int] = attrs.field(factory=dict)
    raw: dict[int, bytes] = attrs.field(factory=dict)
    padding: dict[int, bytes] = attrs.field(factory=dict)
    more: list[bytes] = attrs.field(factory=list)
    count: int | None = None
    gap: bytes = b""
    trailing: bytes = b""

    def __bool__(self) -> bool:
        return bool(
            self.tails or self.cut or self.raw or self.padding or self.more or self.gap or self.trailing
            or self.count is not None
        )  # fmt: skip


@dataclass(frozen=True)
class PayloadCodec:
    """The generated functions of one side of an RPC in one byte order.

    `unpack(data, offsets, lengths)` gives (buffers, Extra or None); entry 0 of both lists is the ptlrpc_body.
    `pack(buffers)` gives every declared buffer's bytes, `count(buffers)` how many a regular message counts, with
    the ptlrpc_body; `places(buffers)` the slots that are there, beginning with the one behind the ptlrpc_body.
    """

    unpack: Callable[[Any, Sequence[int], Sequence[int]], tuple[Any, Extra | None]]
    pack: Callable[[Any], list[bytes]]
    count: Callable[[Any], int]
    places: Callable[[Any], list[SlotSpec]]


def covered(kind: Any, obj: Any, size: int) -> int:
    """Bytes of a buffer that a struct with a flexible tail took."""
    tail = kind.cls.__wire__.tail
    while isinstance(tail.type, Struct):
        obj, tail = getattr(obj, tail.name), tail.type.cls.__wire__.tail
    return int(size + as_type(tail.type.element).size * (len(getattr(obj, tail.name)) - tail.type.minimum))


class _Generator:
    def __init__(self, cls: type[Buffers], order: ByteOrder) -> None:
        self.cls = cls
        self.order = order
        self.slots = cls.__slot_specs__
        self.namespace: dict[str, Any] = {"_new": object.__new__, "_cls": cls, "_Extra": Extra, "_ZEROES": ZEROES}
        self.floats = any(s.present for s in self.slots)

    def bind(self, name: str, value: Any) -> str:
        self.namespace[name] = value
        return name

    def regular(self, s: SlotSpec) -> tuple[str, str, int]:
        """Expression that reads the slot, the test that it may, and the size without padding to look at (0: look)."""
        kind, name = s.type, s.name
        if isinstance(kind, Struct):
            codec = record.codec(kind.cls, self.order)
            unpack = self.bind(f"_u_{name}", codec.unpack)
            if codec.flexible:
                return f"{unpack}(_data, a, a + m)", f"m >= {codec.size}", 0
            return f"{unpack}(_data, a, a + m)", f"m == {codec.size}", codec.size
        if isinstance(kind, Scalar):
            unpack = self.bind(f"_u_{name}", struct.Struct(PREFIX[self.order] + kind.code).unpack_from)
            return f"{unpack}(_data, a)[0]", f"m == {kind.size}", kind.size
        if isinstance(kind, Text):
            return "_data[a : a + m - 1]", "_data.find(0, a, a + m) == a + m - 1", 0
        if isinstance(kind, FixedText):
            return '_data[a : a + m].rstrip(b"\\0")', f"m == {kind.size}", kind.size
        if isinstance(kind, Blob):
            return "_data[a : a + m]", "True", 0
        if isinstance(kind, Items):
            element = as_type(kind.element)
            if isinstance(element, Scalar):
                read = self.bind(f"_r_{name}", _scalars(element, self.order))
                return f"{read}(_data, a, m)", f"not m % {element.size}", 0
            assert isinstance(element, Struct)
            unpack = self.bind(f"_u_{name}", record.codec(element.cls, self.order).unpack)
            size = element.size
            return f"[{unpack}(_data, b, b + {size}) for b in range(a, a + m, {size})]", f"not m % {size}", 0
        raise TypeError(type(kind).__name__)

    def condition(self, match: Match) -> str:
        parts = []
        for path, condition in match.items():
            name, *rest = path.split(".")
            value = ".".join(("p", name, *rest))
            parts.append(f"p.{name} is not None")
            if isinstance(condition, Bits):
                parts.append(f"{value} & {condition.mask}" + ("" if condition.some else f" == {condition.mask}"))
            elif isinstance(condition, NonZero):
                parts.append(value)
            else:
                parts.append(f"{value} == {int(condition)}")  # type: ignore[arg-type]
        return " and ".join(dict.fromkeys(parts))

    def unpack(self) -> str:
        out = ["p = _new(_cls)", "x = None", "n = len(_lengths)"]
        dynamic = False
        for s in self.slots:
            if s.present and not dynamic:
                out.append(f"i = {s.index}")
                dynamic = True
            index, lead = ("i" if dynamic else str(s.index)), ""
            if s.present:
                out.append(f"if not ({self.condition(s.present)}):")
                out.append(f"    p.{s.name} = None")
                out.append("else:")
                lead = "    "
            out += [lead + line for line in self.unpack_slot(s, index, dynamic)]
        declared = len(self.slots) + 1
        if dynamic:
            out += ["if n != _count(p) or i < n:", "    x = _rest(x, _data, _offsets, _lengths, i, _count(p))"]
        else:
            out += ["if n != _count(p):" if any(s.omit for s in self.slots) else f"if n != {declared}:"]
            out.append(f"    x = _rest(x, _data, _offsets, _lengths, {declared}, _count(p))")
        out.append("return p, x")
        return "def unpack(_data, _offsets, _lengths):\n" + "".join(f"    {line}\n" for line in out)

    def unpack_slot(self, s: SlotSpec, index: str, dynamic: bool) -> list[str]:
        read, test, fixed = self.regular(s)
        irregular = self.bind(f"_i_{s.name}", _irregular(s, self.order))
        out = [
            f"m = _lengths[{index}] if n > {index} else 0",
            "if m:",
            f"    a = _offsets[{index}]",
            f"    if {test}:",
            f"        p.{s.name} = {read}",
        ]
        if isinstance(s.type, Struct) and not fixed:
            covered = self.bind(f"_k_{s.name}", _Covered(s))
            out += [f"        if m != {s.type.size} and (k := {covered}(p.{s.name})) != m:"]
            out += ["            x = x or _Extra()", f"            x.tails[{index}] = _data[a + k : a + m]"]
        out += ["    else:", f"        p.{s.name}, x = {irregular}(x, _data, a, m, {index})"]
        # a buffer of regular size that is a multiple of 8 has no padding; one of another size may have
        lead = "    " if fixed % 8 or not fixed else "        "
        out += [lead + "if m & 7 and _data[a + m : (a + m + 7) & ~7] != _ZEROES[8 - (m & 7)]:"]
        out += [lead + f"    x = _padded(x, _data, a + m, {index})"]
        out += ["else:", f"    p.{s.name} = None"]
        if dynamic:
            out.append("i += 1")
        return out

    def packed(self, s: SlotSpec) -> str:
        kind, name = s.type, s.name
        if isinstance(kind, Struct):
            return f"{self.bind(f'_p_{name}', record.codec(kind.cls, self.order).pack)}(p.{name})"
        if isinstance(kind, Scalar):
            return f"{self.bind(f'_p_{name}', struct.Struct(PREFIX[self.order] + kind.code).pack)}(p.{name})"
        if isinstance(kind, Text):
            return f'p.{name} + b"\\0"'
        if isinstance(kind, FixedText):
            return f"{self.bind('_filled', _filled)}(p.{name}, {kind.size}, {name!r})"
        if isinstance(kind, Blob):
            return f"{self.bind('_octets', octets)}(p.{name})"
        element = as_type(kind.element)  # type: ignore[attr-defined]
        if isinstance(element, Scalar):
            return f"{self.bind(f'_p_{name}', _scalars_pack(element, self.order))}(p.{name})"
        pack = self.bind(f"_p_{name}", record.codec(element.cls, self.order).pack)  # type: ignore[attr-defined]
        return f'b"".join([{pack}(e) for e in p.{name}])'

    def pack(self) -> str:
        if not self.floats:
            items = "".join(f'        b"" if p.{s.name} is None else {self.packed(s)},\n' for s in self.slots)
            return f"def pack(p):\n    return [\n{items}    ]\n"
        out = ["b = []"]
        for s in self.slots:
            lead = ""
            if s.present:
                out.append(f"if {self.condition(s.present)}:")
                lead = "    "
            out.append(f'{lead}b.append(b"" if p.{s.name} is None else {self.packed(s)})')
            if s.present:
                out += [f"elif p.{s.name} is not None:", f"    raise _misplaced({s.name!r})"]
        out.append(f'return b + [b""] * ({len(self.slots)} - len(b))')
        self.bind("_misplaced", _misplaced)
        return "def pack(p):\n" + "".join(f"    {line}\n" for line in out)

    def places(self) -> str:
        """A function that gives the slots that are there."""
        out = ["s = []"]
        for number, s in enumerate(self.slots):
            lead = f"if {self.condition(s.present)}: " if s.present else ""
            out.append(f"{lead}s.append({self.bind(f'_s{number}', s)})")
        return "def places(p):\n" + "".join(f"    {line}\n" for line in [*out, "return s"])

    def count(self) -> str:
        total = len(self.slots) + 1
        out = ["def count(p):\n"]
        for s in reversed(self.slots):
            if not s.omit:
                break
            out.append(f"    if p.{s.name} is not None:\n        return {total}\n")
            total -= 1
        out.append(f"    return {total}\n")
        return "".join(out)

    def compile(self) -> PayloadCodec:
        self.namespace |= {"_rest": _rest, "_padded": _padded}
        source = self.unpack() + self.pack() + self.count() + self.places()
        compile_functions(f"payload {self.cls.__qualname__} {self.order}", source, self.namespace)
        self.namespace["_count"] = self.namespace["count"]
        return PayloadCodec(*(self.namespace[name] for name in ("unpack", "pack", "count", "places")))


class _Covered:
    """How many bytes of its buffer a struct with a flexible tail takes."""

    __slots__ = ("kind", "size")

    def __init__(self, s: SlotSpec) -> None:
        self.kind = s.type
        self.size = s.type.size

    def __call__(self, obj: Any) -> int:
        return covered(self.kind, obj, self.size)


def _scalars(element: Scalar, order: ByteOrder) -> Callable[[Any, int, int], list[int]]:
    def read(data: Any, at: int, size: int) -> list[int]:
        return list(struct.unpack_from(f"{PREFIX[order]}{size // element.size}{element.code}", data, at))

    return read


def _scalars_pack(element: Scalar, order: ByteOrder) -> Callable[[list[int]], bytes]:
    def write(values: list[int]) -> bytes:
        return struct.pack(f"{PREFIX[order]}{len(values)}{element.code}", *values)

    return write


def _filled(value: bytes, size: int, name: str) -> bytes:
    if len(value) > size:
        raise WireError(f"expected at most {size} bytes, got {len(value)}", path=name)
    return value.ljust(size, b"\0")


def _misplaced(name: str) -> WireError:
    return WireError("has a value, but the buffers before it say that it is not there", path=name)


def _irregular(s: SlotSpec, order: ByteOrder) -> Callable[..., tuple[Any, Extra]]:
    """Reads a buffer whose length is not what its type asks for."""
    kind = s.type

    def read(x: Extra | None, data: bytes, at: int, size: int, index: int) -> tuple[Any, Extra]:
        extra = x or Extra()
        whole = data[at : at + size]
        if isinstance(kind, Text):
            end = whole.find(0)
            if end < 0:
                extra.cut[index] = size
                return whole, extra
            extra.tails[index] = whole[end + 1 :]
            return whole[:end], extra
        if isinstance(kind, Items):
            element = as_type(kind.element).size
            used = size - size % element
            extra.tails[index] = whole[used:]
            if not used:
                extra.raw[index] = extra.tails.pop(index)
                return None, extra
            return read_value(kind, whole[:used], order), extra
        wanted = kind.size
        if size > wanted:
            extra.tails[index] = whole[wanted:]
            return read_value(kind, whole[:wanted], order), extra
        if isinstance(kind, FixedText) or (s.minimum and size >= s.minimum):
            extra.cut[index] = size
            return read_value(kind, whole.ljust(wanted, b"\0"), order), extra
        extra.raw[index] = whole
        return None, extra

    return read


def read_value(kind: Any, whole: bytes, order: ByteOrder) -> Any:
    """The value of a whole buffer of regular length."""
    if isinstance(kind, Struct):
        return record.codec(kind.cls, order).unpack(whole, 0, len(whole))
    if isinstance(kind, Scalar):
        return struct.unpack(PREFIX[order] + kind.code, whole)[0]
    if isinstance(kind, FixedText):
        return whole.rstrip(b"\0")
    if isinstance(kind, Items):
        element = as_type(kind.element)
        return [read_value(element, whole[i : i + element.size], order) for i in range(0, len(whole), element.size)]
    raise TypeError(type(kind).__name__)


def _padded(x: Extra | None, data: bytes, at: int, index: int) -> Extra:
    extra = x or Extra()
    extra.padding[index] = data[at : (at + 7) & ~7]
    return extra


def _rest(
    x: Extra | None, data: bytes, offsets: Sequence[int], lengths: Sequence[int], start: int, regular: int
) -> Extra | None:
    """Keep what the declared buffers leave over: more buffers, or a count that is not the regular one."""
    end = len(lengths)
    while end > start and not lengths[end - 1] and end > regular:
        end -= 1
    more = [data[offsets[i] : offsets[i] + lengths[i]] for i in range(start, end)]
    if any(more):
        x = x or Extra()
        x.more = more
        for i in range(start, end):
            stop = offsets[i] + lengths[i]
            if lengths[i] & 7 and data[stop : (stop + 7) & ~7].strip(b"\0"):
                x = _padded(x, data, stop, i)
    if len(lengths) != regular:
        x = x or Extra()
        x.count = len(lengths)
    return x


def fault(s: SlotSpec, value: Any, order: ByteOrder) -> WireError | None:
    """What is wrong with the value of a buffer, or None."""
    kind = s.type
    if value is None:
        return None
    try:
        if isinstance(kind, Struct):
            record.checked(record.codec(kind.cls, order), value)
        elif isinstance(kind, Items):
            element = as_type(kind.element)
            for i, each in enumerate(value):
                inner = fault(SlotSpec(f"{s.name}[{i}]", s.index, element, False, False, "", 0, 0, None), each, order)
                if inner is not None:
                    return inner
        elif isinstance(kind, Scalar):
            struct.pack(PREFIX[order] + kind.code, value)
        else:
            data = memoryview(value)
            if isinstance(kind, FixedText):
                _filled(bytes(data), kind.size, s.name)
    except WireError as error:
        if isinstance(kind, Struct):  # the buffer's name takes the place of its struct's
            error.path = s.name + error.path[len(spec_of(kind.cls).name) :]
        return error
    except (struct.error, TypeError, ValueError) as error:
        return WireError(str(error), path=s.name)
    return None


def codec(cls: type[Buffers], order: ByteOrder) -> PayloadCodec:
    """The payload functions of one side of an RPC, made once."""
    found = _codecs.get((cls, order))
    if found is None:
        found = _codecs[cls, order] = _Generator(cls, order).compile()
    return found


_codecs: dict[tuple[type, str], PayloadCodec] = {}
