"""Generates the code that reads and writes all buffers of one side of an RPC, and the code that chooses the format.

What regular messages do not have is kept in an `Extra` beside the values, so that encoding gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import attrs

from lustre_wire.engines import record
from lustre_wire.engines.straightline import elements
from lustre_wire.errors import WireError
from lustre_wire.schema.conditions import Match, conditions
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Group, Node, Overlap, Repeat, access, resolved, turner
from lustre_wire.schema.rpc import Buffers, SlotSpec

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
    places: Callable[[Any], Sequence[SlotSpec]]


@dataclass(frozen=True)
class Piece:
    """How a buffer is read and written on its own, as expressions: `a` is where it begins in `_data`, `m` its length.

    Attributes:
        read: the value.
        test: whether the buffer is regular, so that it may be read so.
        write: the bytes.
        taken: of a value ``v`` with a flexible tail, how many bytes of the buffer it is; "" for all of them.
    """

    read: str
    test: str
    write: str
    taken: str = ""


def piece(em: Emitter, node: Node, value: str, order: ByteOrder) -> Piece:
    """The expressions for what fills a buffer; `value` is what is written.

    Raises:
        TypeError: nothing that can fill a buffer.
    """
    if isinstance(node, Cell):
        return Piece(*node.kind.piece(em, node, value, order))
    if isinstance(node, Group):
        codec = record.codec(node.cls, order)
        unpack, pack = em.const("_u", codec.unpack), em.const("_k", codec.pack)
        read, write = f"{unpack}(_data, a, a + m)", f"{pack}({value})"
        tail = node.tail
        if tail is None:
            return Piece(read, f"m == {node.width}", write)
        each = 1 if tail.joined else tail.stride
        return Piece(read, f"m >= {node.width}", write, f"{node.width - tail.width} + {each} * len(v.{node.tail_path})")
    if isinstance(node, Overlap):
        turn = em.const("_s", _turning(node, order))
        return Piece(
            f"{em.const('_U', node.cls)}({turn}(_data[a : a + m]))", f"m == {node.width}", f"{turn}({value}.raw)"
        )
    if not isinstance(node, Repeat) or not node.tail:
        raise TypeError(type(node).__name__)
    size, test = node.stride, f"not m % {node.stride}"
    if isinstance(node.node, Group):
        codec = record.codec(node.node.cls, order)
        unpack, pack = em.const("_u", codec.unpack), em.const("_k", codec.pack)
        read = f"[{unpack}(_data, b, b + {size}) for b in range(a, a + m, {size})]"
        return Piece(read, test, f'b"".join([{pack}(e) for e in {value}])')
    read_all, write_all = elements(node.node, order, record.nested_codec)
    return Piece(f"{em.const('_u', read_all)}(_data, a, a + m)", test, f"{em.const('_k', write_all)}({value})")


def _turning(node: Overlap, order: ByteOrder) -> Callable[[bytes], bytes]:
    """What a union's bytes are as a receiver has them, and the other way round."""
    return turner(node.swab) if node.swab and resolved(node.order, order) != "little" else bytes


def whole_value(node: Node, data: bytes, order: ByteOrder) -> Any:
    """The value of a whole buffer of regular length."""
    if isinstance(node, Group):
        return record.codec(node.cls, order).unpack(data, 0, len(data))
    if isinstance(node, Overlap):
        return node.cls(_turning(node, order)(data))
    if isinstance(node, Cell):
        return access(node, order)[0](data, 0) if node.width else node.kind.torn(data)[0]
    if not isinstance(node, Repeat) or not node.tail:
        raise TypeError(type(node).__name__)
    codec_of = record.codec
    return elements(node.node, order, codec_of)[0](data, 0, len(data))


def _condition(match: Match) -> str:
    """The expression of whether a buffer is there that has conditions, on the values before it."""
    parts = []
    for path, condition in conditions(match):
        parts += [f"p.{path.partition('.')[0]} is not None", condition.holds(f"p.{path}")]
    return " and ".join(dict.fromkeys(parts))


class _Generator:
    def __init__(self, cls: type[Buffers], order: ByteOrder) -> None:
        self.cls = cls
        self.order = order
        self.slots = cls.__slot_specs__
        self.em = Emitter(_new=object.__new__, _cls=cls, _Extra=Extra, _ZEROES=ZEROES, _int=int.from_bytes)
        self.pieces = [piece(self.em, s.node, f"p.{s.name}", order) for s in self.slots]
        self.floats = any(s.present for s in self.slots)

    def unpack(self) -> list[str]:
        out = ["p = _new(_cls)", "x = None", "n = len(_lengths)"]
        dynamic = False
        for s, how in zip(self.slots, self.pieces, strict=True):
            if s.present and not dynamic:
                out.append(f"i = {s.index}")
                dynamic = True
            index, lead = ("i" if dynamic else str(s.index)), ""
            if s.present:
                out += [f"if not ({_condition(s.present)}):", f"    p.{s.name} = None", "else:"]
                lead = "    "
            out += [lead + line for line in self.unpack_slot(s, how, index, dynamic)]
        declared, rest = len(self.slots) + 1, self.em.use(_rest)
        if dynamic:
            out += ["if n != count(p) or i < n:", f"    x = {rest}(x, _data, _offsets, _lengths, i, count(p))"]
        else:
            out += ["if n != count(p):" if any(s.omit for s in self.slots) else f"if n != {declared}:"]
            out.append(f"    x = {rest}(x, _data, _offsets, _lengths, {declared}, count(p))")
        return [*out, "return p, x"]

    def unpack_slot(self, s: SlotSpec, how: Piece, index: str, dynamic: bool) -> list[str]:
        irregular, padded = self.em.const("_i", _irregular(s, self.order)), self.em.use(_padded)
        size = getattr(s.node, "width", 0)
        out = [
            f"m = _lengths[{index}] if n > {index} else 0",
            "if m:",
            f"    a = _offsets[{index}]",
            f"    if {how.test}:",
            f"        p.{s.name} = v = {how.read}",
        ]
        if how.taken:
            out += [f"        if m != {size} and (k := {how.taken}) != m:"]
            out += ["            x = x or _Extra()", f"            x.tails[{index}] = _data[a + k : a + m]"]
        out += ["    else:", f"        p.{s.name}, x = {irregular}(x, _data, a, m, {index})"]
        # a buffer of regular size that is a multiple of 8 has no padding; one of another size may have
        lead = "    " if size % 8 or not size or how.taken else "        "
        out += [lead + "if m & 7 and _data[a + m : (a + m + 7) & ~7] != _ZEROES[8 - (m & 7)]:"]
        out += [lead + f"    x = {padded}(x, _data, a + m, {index})"]
        out += ["else:", f"    p.{s.name} = None"]
        return [*out, "i += 1"] if dynamic else out

    def pack(self) -> list[str]:
        if not self.floats:
            items = [f"p.{s.name}" for s in self.slots]
            made = zip(items, self.pieces, strict=True)
            return [f'return [{", ".join(f"""b"" if {v} is None else {how.write}""" for v, how in made)}]']
        out = ["b = []"]
        for s, how in zip(self.slots, self.pieces, strict=True):
            lead = ""
            if s.present:
                out.append(f"if {_condition(s.present)}:")
                lead = "    "
            out.append(f'{lead}b.append(b"" if p.{s.name} is None else {how.write})')
            if s.present:
                out += [f"elif p.{s.name} is not None:", f"    raise {self.em.use(_misplaced)}({s.name!r})"]
        return [*out, f'return b + [b""] * ({len(self.slots)} - len(b))']

    def places(self) -> list[str]:
        """A function that gives the slots that are there."""
        if not self.floats:
            return [f"return {self.em.const('_s', self.slots)}"]
        out = ["s = []"]
        for s in self.slots:
            lead = f"if {_condition(s.present)}: " if s.present else ""
            out.append(f"{lead}s.append({self.em.const('_s', s)})")
        return [*out, "return s"]

    def count(self) -> list[str]:
        out = []
        total = len(self.slots) + 1
        for s in reversed(self.slots):
            if any(slot.omit for slot in self.slots[: s.index]):
                out += [f"if p.{s.name} is not None:", f"    return {total}"]
            if s.omit:
                total = s.index
        return [*out, f"return {total}"]

    def compile(self) -> PayloadCodec:
        self.em.function("unpack(_data, _offsets, _lengths)", self.unpack())
        for name, lines in (("pack", self.pack()), ("count", self.count()), ("places", self.places())):
            self.em.function(f"{name}(p)", lines)
        made = self.em.compile(f"payload {self.cls.__qualname__} {self.order}")
        return PayloadCodec(*(made[name] for name in ("unpack", "pack", "count", "places")))


def _misplaced(name: str) -> WireError:
    return WireError("has a value, but the buffers before it say that it is not there", path=name)


def _irregular(s: SlotSpec, order: ByteOrder) -> Callable[..., tuple[Any, Extra]]:
    """Reads a buffer whose length is not what its type asks for."""
    node, least = s.node, s.least

    def read(x: Extra | None, data: bytes, at: int, size: int, index: int) -> tuple[Any, Extra]:
        extra = x or Extra()
        whole = data[at : at + size]
        if isinstance(node, Cell) and not node.width:
            value, rest = node.kind.torn(whole)
            if rest is None:
                extra.cut[index] = size
            else:
                extra.tails[index] = rest
            return value, extra
        wanted = size - size % node.stride if isinstance(node, Repeat) else node.width
        if size > wanted > 0:
            extra.tails[index] = whole[wanted:]
            return whole_value(node, whole[:wanted], order), extra
        if wanted and size >= least:
            extra.cut[index] = size
            return whole_value(node, whole.ljust(wanted, b"\0"), order), extra
        extra.raw[index] = whole
        return None, extra

    return read


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


def codec(cls: type[Buffers], order: ByteOrder) -> PayloadCodec:
    """The payload functions of one side of an RPC, made once."""
    found = _codecs.get((cls, order))
    if found is None:
        found = _codecs[cls, order] = _Generator(cls, order).compile()
    return found


_codecs: dict[tuple[type, str], PayloadCodec] = {}
