"""Whole messages of a regular shape in one step: container header, ptlrpc_body and buffers.

For a side of an RPC and the presence of its buffers, one function is generated around one `struct.Struct` that covers
the message from its first byte to the first buffer of variable size (see `straightline`). Longer structs of a later
version and additional buffers are read too: what the declarations leave over goes to `Extra`. Whatever else is not
regular (short buffers, padding with content, strings without their NUL) makes the function give up with None, and the
message is read or written piece by piece by `payload`; the result is the same either way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lustre_wire.engines import record
from lustre_wire.engines.payload import Extra, covered
from lustre_wire.engines.source import compile_functions
from lustre_wire.engines.straightline import PREFIX, ByteOrder, Generator
from lustre_wire.kinds import octets
from lustre_wire.schema.rpc import Blob, Buffers, Items, SlotSpec, Text
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.types import U32, Flex, Scalar, Struct, as_type

#: What a generated function takes and gives: (data, offsets, lengths, dialect, direction, format) -> message or None.
Read = Callable[[bytes, Any, Any, Any, str, Any], Any]
Write = Callable[[Any], bytes]
_READ = "read(_data, _offsets, _lengths, dialect, direction, format)"

#: Presence patterns of one side for which functions are kept; others go piece by piece.
_MOST_PATTERNS = 32
#: How many buffers behind the declared ones a function is made for.
_MOST_UNDECLARED = 8

#: What stands for a buffer in a pattern: nothing there, a length that may vary, one that is read piece by piece, or
#: else the length.
ABSENT, VARIABLE, BY_PIECES = 0, -1, -2
Pattern = tuple[int, ...]
"""The ptlrpc_body and each buffer behind it."""


@dataclass(frozen=True)
class Frame:
    """What is around the buffers: classes of message, container header (version 2) and ptlrpc_body, and the bits of
    `lm_secflvr` that a message has under a security policy, whose buffers are not what they seem.
    """

    message: type
    header: type
    body: type
    flavour_mask: int


def _fixed_size(slot: SlotSpec) -> int:
    """Bytes of a buffer that holds exactly its type, 0 where its size varies or is not the whole story."""
    kind = slot.type
    if isinstance(kind, Scalar):
        return kind.size
    if isinstance(kind, Struct):
        tail = spec_of(kind.cls).tail
        while tail is not None and isinstance(tail.type, Struct):
            tail = spec_of(tail.type.cls).tail
        counted = tail is not None and isinstance(tail.type, Flex) and tail.type.count and tail.type.minimum
        return 0 if counted else kind.size
    return 0


def _is_variable(slot: SlotSpec) -> bool:
    kind = slot.type
    if isinstance(kind, Struct):
        return spec_of(kind.cls).tail is not None
    return isinstance(kind, (Text, Blob)) or (isinstance(kind, Items) and isinstance(as_type(kind.element), Struct))


class Side:
    """The generated functions of one side of an RPC, found by buffer lengths or by which buffers have a value."""

    def __init__(self, frame: Frame, side: type[Buffers], order: ByteOrder) -> None:
        self.frame = frame
        self.side = side
        self.order: ByteOrder = order
        self.slots = side.__slot_specs__
        self.sizes = tuple(_fixed_size(s) for s in self.slots)
        self.body_size = spec_of(frame.body).size
        self.plain = not any(s.present for s in self.slots)  # buffers that depend on others go piece by piece
        self._readers: dict[Pattern, Read] = {}
        self._writers: dict[Pattern, Write | None] = {}
        self.pattern_of_values: Callable[[Any], Pattern] | None = None  # made when first needed

    def reader(self, lengths: tuple[int, ...]) -> Read | None:
        """The function for a message with these buffer lengths, None where it is to be read piece by piece."""
        pattern = self._pattern(lengths)
        if pattern is None:
            return None
        if pattern not in self._readers:
            if len(self._readers) >= _MOST_PATTERNS:
                return None
            self._readers[pattern] = _Generator(self, pattern).reader()
        return self._readers[pattern]

    def _pattern(self, lengths: tuple[int, ...]) -> Pattern | None:
        """What each buffer holds, None where one is read piece by piece."""
        if not self.plain or not lengths or lengths[0] < self.body_size:
            return None
        if len(lengths) > 1 + len(self.slots) + _MOST_UNDECLARED:
            return None
        known = [_room(slot, *both) for slot, *both in zip(self.slots, self.sizes, lengths[1:], strict=False)]
        more = [VARIABLE if length else ABSENT for length in lengths[1 + len(self.slots) :]]
        return None if BY_PIECES in known else (lengths[0], *known, *more)

    def counted(self, pattern: Pattern) -> int:
        """How many buffers a regular message counts."""
        total = len(self.slots) + 1
        while total > 1 and self.slots[total - 2].omit and (total > len(pattern) or pattern[total - 1] == ABSENT):
            total -= 1
        return total

    def writer(self, buffers: Any) -> Write | None:
        """The function for a message with these values, None where it is to be written piece by piece."""
        if self.pattern_of_values is None:
            if not self.plain:
                return None
            self.pattern_of_values = self._values_function()
        pattern = self.pattern_of_values(buffers)
        try:
            return self._writers[pattern]
        except KeyError:
            if len(self._writers) >= _MOST_PATTERNS or BY_PIECES in pattern:
                return None
            made = self._writers[pattern] = _Generator(self, pattern[: self.counted(pattern)]).writer()
            return made

    def _values_function(self) -> Callable[[Any], Pattern]:
        """A function of the buffers that gives the pattern."""
        namespace: dict[str, Any] = {}
        parts = [str(self.body_size)]
        for slot, fixed in zip(self.slots, self.sizes, strict=True):
            value = f"b.{slot.name}"
            tail = spec_of(slot.type.cls).tail if isinstance(slot.type, Struct) else None
            if isinstance(slot.type, Struct) and tail is not None:
                length = f"len({value}.{_tail_path(slot.type)})"
                there = f"{fixed} if {length} == {_tail_minimum(slot.type)} else {VARIABLE}" if fixed else str(VARIABLE)
            elif fixed:
                there = str(fixed)
            else:
                there = str(VARIABLE if _is_variable(slot) else BY_PIECES)
            parts.append(f"{ABSENT} if {value} is None else {there}")
        source = f"def pattern(b):\n    return ({', '.join(parts)},)\n"
        compile_functions(f"pattern {self.side.__qualname__}", source, namespace)
        made: Callable[[Any], Pattern] = namespace["pattern"]
        return made


def _room(slot: SlotSpec, fixed: int, length: int) -> int:
    """What a buffer of this length has in a pattern. Only a buffer that never varies can be longer than its type."""
    if length in (ABSENT, fixed):
        return length
    if _is_variable(slot):
        return VARIABLE
    return length if fixed and length > fixed else BY_PIECES


def _tail_path(kind: Struct) -> str:
    tail = spec_of(kind.cls).tail
    assert tail is not None
    return f"{tail.name}.{_tail_path(tail.type)}" if isinstance(tail.type, Struct) else tail.name


def _tail_minimum(kind: Struct) -> int:
    tail = spec_of(kind.cls).tail
    assert tail is not None
    if isinstance(tail.type, Struct):
        return _tail_minimum(tail.type)
    assert isinstance(tail.type, Flex)
    return tail.type.minimum


class _Generator(Generator):
    """Collects the run of fixed buffers at the front in one struct, and the statements for the rest."""

    def __init__(self, side: Side, pattern: Pattern) -> None:
        super().__init__(spec_of(side.frame.header), side.order, record.nested_codec, fixed=True)
        self.side = side
        self.pattern = pattern
        self.rest: list[str] = []  # read: the buffers behind the run
        self.checks: list[str] = []  # read: what must hold for a regular message
        self.tails: list[str] = []  # read: what follows the type in its buffer, as entries of a dictionary
        self.more: list[str] = []  # read: buffers behind the declared ones
        self.sizes: list[str] = []  # write: the buffers behind the run, and their lengths
        self.pieces: list[str] = []  # write: what follows the packed run
        self.lengths = slice(0)  # which of the packed values are the buffer lengths
        self.header(len(pattern))
        self.object("_body", side.frame.body, 0)
        run = pattern.index(VARIABLE) if VARIABLE in pattern else len(pattern)
        declared = len(side.slots) + 1
        for index in range(1, min(run, declared)):
            self.front(index)
        for index in range(run, min(len(pattern), declared)):
            self.behind(index)
        for index in range(declared, len(pattern)):
            self.undeclared(index)
        self.rest += [f"_p.{slot.name} = None" for slot in side.slots[len(pattern) - 1 :]]

    def header(self, count: int) -> None:
        """The container header, its lengths and the gap behind them; lengths are known from outside when reading."""
        spec = self.spec
        self.before.append(f"_head = _new({self.constant('_C', spec.cls)})")
        for field in spec.fields:
            if not isinstance(field.type, Flex):
                self.value(field.type, f"_head.{field.name}", field.name, self.order)
        if self.side.frame.flavour_mask:
            self.checks.append(f"not _head.lm_secflvr & {self.side.frame.flavour_mask}")
        self.lengths = slice(len(self.format), len(self.format) + count)
        for number in range(count):
            self.atom(U32.code, "", f"_n{number}")
        self.zeroes(spec.size + U32.size * count)

    def zeroes(self, end: int) -> None:
        """The padding behind something that ends at `end`."""
        if end & 7:
            size = -end % 8
            local = self.local("z")
            self.atom(f"{size}s", local, repr(bytes(size)))
            self.checks.append(f"{local} == {bytes(size)!r}")

    def object(self, name: str, cls: type, index: int) -> None:
        """A struct in the run under a local name, and what follows it."""
        self.before.append(f"{name} = _new({self.constant('_C', cls)})")
        self.fields(spec_of(cls), name, "", record.standing_order(cls, self.order))
        self.room(spec_of(cls).size, index)

    def room(self, size: int, index: int) -> None:
        """What follows a type of `size` bytes in the run: its buffer's tail, and the padding."""
        length = self.pattern[index]
        if length > size:
            local = self.local("t")
            self.atom(f"{length - size}s", local, "")
            self.tails.append(f"{index}: {local}")
        self.zeroes(length)

    def front(self, index: int) -> None:
        slot = self.side.slots[index - 1]
        self.sizes.append(f"_n{index} = {self.pattern[index]}")
        if self.pattern[index] == ABSENT:
            self.after.append(f"_p.{slot.name} = None")
            return
        local = f"_s{index}"
        self.setup.append(f"{local} = _p.{slot.name}")
        if isinstance(slot.type, Struct):
            self.object(local, slot.type.cls, index)
        else:
            assert isinstance(slot.type, Scalar)
            self.scalar(slot.type, local, local, self.order)
            self.room(slot.type.size, index)
        self.after.append(f"_p.{slot.name} = {local}")

    def behind(self, index: int) -> None:
        """A buffer behind the run: read at its offset, written as bytes of its own."""
        slot, fixed = self.side.slots[index - 1], self.side.sizes[index - 1]
        if self.pattern[index] == ABSENT:
            self.rest.append(f"_p.{slot.name} = None")
            self.sizes.append(f"_n{index} = 0")
            return
        read, write, before, after = self.piece(slot)
        self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]"]
        if before:
            self.rest += [f"if {before}:", "    return None"]
        self.rest += [f"_p.{slot.name} = v = {read}"]
        if after:
            self.rest += [f"if {after}:", "    return None"]
        if self.pattern[index] > fixed:
            self.rest.append(f"t{index} = _data[a + {fixed} : a + m]")
            self.tails.append(f"{index}: t{index}")
        self.padding()
        self.sizes += [f"_d{index} = {write}", f"_n{index} = len(_d{index})"]
        self.pieces += [f"_d{index}", f"_zeroes[_n{index} & 7]"]

    def undeclared(self, index: int) -> None:
        if self.pattern[index] == ABSENT:
            self.more.append('b""')
            return
        self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]", f"b{index} = _data[a : a + m]"]
        self.more.append(f"b{index}")
        self.padding()

    def padding(self) -> None:
        self.rest += ["if m & 7 and _data[a + m : (a + m + 7) & ~7] != _zeroes[m & 7]:", "    return None"]

    def piece(self, slot: SlotSpec) -> tuple[str, str, str, str]:
        """How a buffer is read and written on its own, and the tests before and after reading that make it give up."""
        kind, value = slot.type, f"_p.{slot.name}"
        if isinstance(kind, Text):
            return "_data[a : a + m - 1]", f'{value} + b"\\0"', "_data.find(0, a, a + m) != a + m - 1", ""
        if isinstance(kind, Blob):
            return "_data[a : a + m]", f"_octets({value})", "", ""
        if isinstance(kind, Scalar):
            packer = struct.Struct(PREFIX[self.order] + kind.code)
            unpack, pack = self.constant("_u", packer.unpack_from), self.constant("_k", packer.pack)
            return f"{unpack}(_data, a)[0]", f"{pack}({value})", "", ""
        cls = as_type(kind.element).cls if isinstance(kind, Items) else kind.cls  # type: ignore[attr-defined]
        codec = record.codec(cls, self.order)
        unpack, pack = self.constant("_u", codec.unpack), self.constant("_k", codec.pack)
        if isinstance(kind, Items):
            read = f"[{unpack}(_data, i, i + {codec.size}) for i in range(a, a + m, {codec.size})]"
            return read, f'b"".join([{pack}(e) for e in {value}])', f"m % {codec.size}", ""
        read = f"{unpack}(_data, a, a + m)"
        if not codec.flexible:
            return read, f"{pack}({value})", "", ""
        taken = f"{self.constant('_v', covered)}({self.constant('_w', kind)}, v, {codec.size})"
        return read, f"{pack}({value})", f"m < {codec.size}", f"m != {codec.size} and {taken} != m"

    def extra(self) -> list[str]:
        """Statements that keep what the declared buffers do not hold."""
        count = len(self.pattern)
        while self.more and self.more[-1] == 'b""':
            self.more.pop()
        if not self.tails and count == self.side.counted(self.pattern):
            return ["_o.extra = None"]
        values = dict.fromkeys(("cut", "raw", "padding"), "{}") | {"gap": 'b""', "trailing": 'b""'}
        values["tails"] = f"{{{', '.join(self.tails)}}}"
        values["more"] = f"[{', '.join(self.more)}]"
        values["count"] = str(None if count == self.side.counted(self.pattern) else count)
        return ["_o.extra = _x = _new(_Extra)", *(f"_x.{name} = {value}" for name, value in values.items())]

    def reader(self) -> Read:
        codes = self.format
        codes[self.lengths], self.targets[self.lengths] = [f"{U32.size * len(self.pattern)}x"], []  # known already
        self.namespace["_unpack"] = struct.Struct(PREFIX[self.order] + "".join(codes)).unpack_from
        read = [*self.before, f"({', '.join(self.targets)},) = _unpack(_data)"]
        if self.checks:
            read += [f"if not ({' and '.join(self.checks)}):", "    return None"]
        read += ["_p = _new(_side)", *self.after, *self.rest, "_head.lm_buflens = [*_lengths]", "_o = _new(_message)"]
        read += [f"_o.{name} = {name}" for name in ("dialect", "direction", "format")]
        read += [f"_o.order = {self.order!r}", "_o.header = _head", "_o.body = _body", "_o.buffers = _p"]
        made: Read = self.function(_READ, [*read, *self.extra(), "return _o"])
        return made

    def writer(self) -> Write:
        count = len(self.pattern)
        self.namespace["_pack"] = struct.Struct(PREFIX[self.order] + "".join(self.format)).pack
        write = ["_p = _o.buffers", "_head = _o.header", "_body = _o.body", f"_n0 = {self.pattern[0]}", *self.sizes]
        write += [f"_head.lm_bufcount = {count}", *self.setup, f"out = _pack({', '.join(self.sources)})"]
        write += [f"_head.lm_buflens = [{', '.join(f'_n{i}' for i in range(count))}]"]
        write += [f'return b"".join((out, {", ".join(self.pieces)}))' if self.pieces else "return out"]
        made: Write = self.function("write(_o)", write)
        return made

    def function(self, signature: str, lines: list[str]) -> Any:
        self.namespace |= {"_side": self.side.side, "_message": self.side.frame.message, "_Extra": Extra}
        self.namespace["_octets"] = octets
        self.namespace["_zeroes"] = tuple(bytes(-n % 8) for n in range(8))
        source = f"def {signature}:\n" + "".join(f"    {line}\n" for line in lines)
        name, pattern = signature.split("(")[0], ",".join(str(what) for what in self.pattern)
        compile_functions(f"whole {name} {self.side.side.__qualname__} {pattern} {self.order}", source, self.namespace)
        return self.namespace[name]


__all__ = ["Frame", "Side"]
