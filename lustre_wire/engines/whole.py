"""Whole messages of a regular shape in one step: container header, ptlrpc_body and buffers.

For a side of an RPC and the presence of its buffers, one function is generated around one `struct.Struct` that covers
the message from its first byte to the first buffer of variable size (see `straightline`). Longer structs of a later
version and additional buffers are read too: what the declarations leave over goes to `Extra`. Whatever else is not
regular (short buffers, padding with content, strings without their NUL) makes the function give up with None, and the
message is read or written piece by piece by `payload`; the result is the same either way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lustre_wire.engines import record
from lustre_wire.engines.payload import Extra, Piece, piece
from lustre_wire.engines.straightline import Generator
from lustre_wire.schema.nodes import ByteOrder, Emitter, Group, Node
from lustre_wire.schema.rpc import Buffers
from lustre_wire.schema.struct import spec_of

#: What a generated function takes and gives: (data, offsets, lengths, dialect, direction, format) -> message or None.
Read = Callable[[bytes, Any, Any, Any, str, Any], Any]
Write = Callable[[Any], bytes]
_READ = "read(_data, _offsets, _lengths, dialect, direction, format)"

#: Presence patterns of one side for which functions are kept; others go piece by piece.
MOST_PATTERNS = 32
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


def _fixed_size(node: Node) -> int:
    """Bytes of a buffer that holds exactly its type, 0 where its size varies or is not the whole story."""
    tail = node.tail if isinstance(node, Group) else None
    return 0 if tail is not None and tail.limit and tail.count else node.width


def _is_variable(node: Node) -> bool:
    """Whether a buffer can be of any length."""
    return node.tail is not None if isinstance(node, Group) else not node.width


class Side:
    """The generated functions of one side of an RPC, found by buffer lengths or by which buffers have a value."""

    def __init__(self, frame: Frame, side: type[Buffers], order: ByteOrder) -> None:
        self.frame = frame
        self.side = side
        self.order: ByteOrder = order
        self.slots = side.__slot_specs__
        self.sizes = tuple(_fixed_size(s.node) for s in self.slots)
        self.body_size = spec_of(frame.body).size
        self.plain = not any(s.present for s in self.slots)  # buffers that depend on others go piece by piece
        self._readers: dict[Pattern, Read] = {}
        self._writers: dict[Pattern, Write | None] = {}
        self.tellers: dict[tuple[Pattern, str, Any], Any] = {}  # kept for `telling`
        self.pattern_of_values: Callable[[Any], Pattern] | None = None  # made when first needed

    def reader(self, lengths: tuple[int, ...]) -> Read | None:
        """The function for a message with these buffer lengths, None where it is to be read piece by piece."""
        pattern = self.pattern(lengths)
        if pattern is None:
            return None
        if pattern not in self._readers:
            if len(self._readers) >= MOST_PATTERNS:
                return None
            self._readers[pattern] = WholeGenerator(self, pattern).reader()
        return self._readers[pattern]

    def pattern(self, lengths: tuple[int, ...]) -> Pattern | None:
        """What each buffer holds, None where one is read piece by piece."""
        if not self.plain or not lengths or lengths[0] < self.body_size:
            return None
        if len(lengths) > 1 + len(self.slots) + _MOST_UNDECLARED:
            return None
        known = [_room(slot.node, *both) for slot, *both in zip(self.slots, self.sizes, lengths[1:], strict=False)]
        more = [VARIABLE if length else ABSENT for length in lengths[1 + len(self.slots) :]]
        return None if BY_PIECES in known else (lengths[0], *known, *more)

    def counted(self, pattern: Pattern) -> int:
        """How many buffers a regular message counts."""
        total = len(self.slots) + 1
        for slot in reversed(self.slots):
            if slot.index < len(pattern) and pattern[slot.index] != ABSENT:
                break
            if slot.omit:
                total = slot.index
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
            if len(self._writers) >= MOST_PATTERNS:
                return None
            made = self._writers[pattern] = WholeGenerator(self, pattern[: self.counted(pattern)]).writer()
            return made

    def _values_function(self) -> Callable[[Any], Pattern]:
        """A function of the buffers that gives the pattern."""
        parts = [str(self.body_size)]
        for slot, fixed in zip(self.slots, self.sizes, strict=True):
            value, node = f"b.{slot.name}", slot.node
            there = str(fixed or VARIABLE)
            if fixed and isinstance(node, Group) and (tail := node.tail) is not None:
                least = tail.width if tail.joined else tail.count
                there = f"{fixed} if len({value}.{node.tail_path}) == {least} else {VARIABLE}"
            parts.append(f"{ABSENT} if {value} is None else {there}")
        em = Emitter()
        em.function("pattern(b)", [f"return ({', '.join(parts)},)"])
        made: Callable[[Any], Pattern] = em.compile(f"pattern {self.side.__qualname__}")["pattern"]
        return made


_sides: dict[tuple[Frame, type[Buffers], ByteOrder], Side] = {}


def side(frame: Frame, cls: type[Buffers], order: ByteOrder) -> Side:
    """The functions of one side of an RPC, made once for all dialects that have it and the same things around it."""
    found = _sides.get((frame, cls, order))
    if found is None:
        found = _sides[frame, cls, order] = Side(frame, cls, order)
    return found


def _room(node: Node, fixed: int, length: int) -> int:
    """What a buffer of this length has in a pattern. Only a buffer that never varies can be longer than its type."""
    if length in (ABSENT, fixed):
        return length
    if _is_variable(node):
        return VARIABLE
    return length if fixed and length > fixed else BY_PIECES


class WholeGenerator(Generator):
    """Collects the run of fixed buffers at the front in one struct, and the statements for the rest."""

    def __init__(self, side: Side, pattern: Pattern) -> None:
        super().__init__(side.order, record.nested_codec, 0)
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
        self.object("_body", spec_of(side.frame.body).alone, 0)
        run = pattern.index(VARIABLE) if VARIABLE in pattern else len(pattern)
        declared = len(side.slots) + 1
        for index in range(1, min(run, declared)):
            self.front(index)
        for index in range(run, min(len(pattern), declared)):
            self.behind(index)
        for index in range(declared, len(pattern)):
            self.undeclared(index)

    def header(self, count: int) -> None:
        """The container header, its lengths and the gap behind them; lengths are known from outside when reading."""
        head = spec_of(self.side.frame.header).node
        lengths = head.tail
        self.before.append(f"_head = _new({self.em.const('_C', head.cls)})")
        for node in head.members:
            if node is not lengths:
                self.node(node, f"_head.{node.name}", node.name)
        if self.side.frame.flavour_mask:
            self.checks.append(f"not _head.lm_secflvr & {self.side.frame.flavour_mask}")
        self.lengths = slice(len(self.format), len(self.format) + count)
        for number in range(count):
            self.cell(replace(lengths.node, name=f"_n{number}"), f"_n{number}", f"_n{number}")
        self.length_size = lengths.stride
        self.zeroes(head.width + lengths.stride * count)

    def zeroes(self, end: int) -> None:
        """The padding behind something that ends at `end`."""
        if end & 7:
            size = -end % 8
            local = self.em.local("z")
            self.atom(f"{size}s", local, repr(bytes(size)))
            self.checks.append(f"{local} == {bytes(size)!r}")

    def object(self, name: str, node: Group, index: int) -> None:
        """A struct in the run under a local name, and what follows it."""
        self.before.append(f"{name} = _new({self.em.const('_C', node.cls)})")
        self.group(node, name, "", at_end=False)
        self.room(node.width, index)

    def room(self, size: int, index: int) -> None:
        """What follows a type of `size` bytes in the run: its buffer's tail, and the padding."""
        length = self.pattern[index]
        if length > size:
            local = self.em.local("t")
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
        if isinstance(slot.node, Group):
            self.object(local, slot.node, index)
        else:
            self.node(slot.node, local, slot.name)
            self.room(slot.node.width, index)
        self.after.append(f"_p.{slot.name} = {local}")

    def behind(self, index: int) -> None:
        """A buffer behind the run: read at its offset, written as bytes of its own."""
        slot, fixed = self.side.slots[index - 1], self.side.sizes[index - 1]
        if self.pattern[index] == ABSENT:
            self.rest.append(f"_p.{slot.name} = None")
            self.sizes.append(f"_n{index} = 0")
            return
        how = self.apart(index, f"_p.{slot.name}")
        if self.pattern[index] > fixed:
            self.tails.append(f"{index}: t{index}")
        self.sizes += [f"_d{index} = {how.write}", f"_n{index} = len(_d{index})"]
        self.pieces += [f"_d{index}", f"_zeroes[_n{index} & 7]"]

    def apart(self, index: int, value: str) -> Piece:
        """Read a buffer at its offset."""
        slot, fixed = self.side.slots[index - 1], self.side.sizes[index - 1]
        how = piece(self.em, slot.node, value, self.order)
        self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]"]
        varies = self.pattern[index] == VARIABLE
        if varies and how.test != "True":
            self.rest += [f"if not ({how.test}):", "    return None"]
        self.rest += [f"{value} = v = {how.read}"]
        if varies and how.taken:
            self.rest += [f"if m != {slot.node.width} and {how.taken} != m:", "    return None"]
        if self.pattern[index] > fixed:
            self.rest.append(f"t{index} = _data[a + {fixed} : a + m]")
        self.padding()
        return how

    def undeclared(self, index: int) -> None:
        if self.pattern[index] == ABSENT:
            self.more.append('b""')
            return
        self.rest += [f"a = _offsets[{index}]", f"m = _lengths[{index}]", f"b{index} = _data[a : a + m]"]
        self.more.append(f"b{index}")
        self.padding()

    def padding(self) -> None:
        self.rest += ["if m & 7 and _data[a + m : (a + m + 7) & ~7] != _zeroes[m & 7]:", "    return None"]

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
        codes[self.lengths] = [f"{self.length_size * len(self.pattern)}x"]  # known already
        self.targets[self.lengths] = []
        self.em.names["_unpack"] = self.packer().unpack_from
        read = [*self.before, f"({', '.join(self.targets)},) = _unpack(_data)"]
        if self.checks:
            read += [f"if not ({' and '.join(self.checks)}):", "    return None"]
        absent = [f"_p.{slot.name} = None" for slot in self.side.slots[len(self.pattern) - 1 :]]
        read += ["_p = _new(_side)", *self.after, *self.rest, *absent]
        read += ["_head.lm_buflens = [*_lengths]", "_o = _new(_message)"]
        read += [f"_o.{name} = {name}" for name in ("dialect", "direction", "format")]
        read += [f"_o.order = {self.order!r}", "_o.header = _head", "_o.body = _body", "_o.buffers = _p"]
        read.append("_o.asked = None")
        made: Read = self.function(_READ, [*read, *self.extra(), "return _o"])
        return made

    def writer(self) -> Write:
        count = len(self.pattern)
        self.em.names["_pack"] = self.packer().pack
        write = ["_p = _o.buffers", "_head = _o.header", "_body = _o.body", f"_n0 = {self.pattern[0]}", *self.sizes]
        write += [f"_head.lm_bufcount = {count}", *self.setup, f"out = _pack({', '.join(self.sources)})"]
        write += [f"_head.lm_buflens = [{', '.join(f'_n{i}' for i in range(count))}]"]
        write += [f'return b"".join((out, {", ".join(self.pieces)}))' if self.pieces else "return out"]
        made: Write = self.function("write(_o)", write)
        return made

    def function(self, signature: str, lines: list[str]) -> Any:
        self.em.names |= {"_side": self.side.side, "_message": self.side.frame.message, "_Extra": Extra}
        self.em.names["_zeroes"] = tuple(bytes(-n % 8) for n in range(8))
        self.em.function(signature, lines)
        name, pattern = signature.split("(")[0], ",".join(str(what) for what in self.pattern)
        return self.em.compile(f"whole {name} {self.side.side.__qualname__} {pattern} {self.order}")[name]


__all__ = ["Frame", "Side", "side"]
