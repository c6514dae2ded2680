"""Copy plans: what the rules of a translation move unchanged to the other message, and what must be guarded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from random import Random
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import payload
from lustre_wire.engines.chooser import looks
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import V2
from lustre_wire.rpc import Message
from lustre_wire.schema.conditions import Match, resolve
from lustre_wire.schema.nodes import Cell, Form, Group, Node, Repeat
from lustre_wire.schema.rpc import Buffers
from lustre_wire.schema.struct import spec_of
from lustre_wire.translate.engine import way_of
from lustre_wire.translate.looked import BODY, Looked, Path
from lustre_wire.translate.rules import UP, RuleSet

FIXED, TEXT, BYTES = range(3)
#: Fields of the ptlrpc_body that decide how a message is read, before any rule looks at it.
_DECIDING = frozenset({"pb_type", "pb_version", "pb_opc"})


@dataclass(frozen=True)
class Move:
    """Bytes that a rule carries over as they are; offsets count within a part (0: the header, 1: buffer 0 ...)."""

    path: Path
    from_part: int
    offset: int
    to_part: int
    to: int
    size: int

    def touches(self, source: frozenset[tuple[int, int]], target: frozenset[tuple[int, int]]) -> bool:
        """Whether one of these (part, offset) is moved."""
        here = any(part == self.from_part and self.offset <= at < self.offset + self.size for part, at in source)
        return here or any(part == self.to_part and self.to <= at < self.to + self.size for part, at in target)


#: Strings that may hold anything: number of the buffer -> (TEXT or BYTES, part of the result that is the same).
Strings = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Carried:
    """What the rules carry over in a format's messages with certain buffers, whatever it holds."""

    moves: list[Move]
    strings: Strings


def carried(rules: RuleSet, direction: str, looked: Looked, message: Message, made: Message) -> Carried:
    """What is carried over in messages of a kind: of one format, with the same buffers.

    Args:
        rules, direction: by which `message` was translated.
        looked: what they look at.
        message, made: one of them, and what it became.
    """
    way = way_of(rules, direction, message, made)
    here, there = (payload.codec(type(m.buffers), m.order).places(m.buffers) for m in (message, made))
    numbers = {slot.name: (number, slot) for number, slot in enumerate(there, 2)}
    pairs = [(BODY, 1, 1, message.dialect.body, made.dialect.body)]
    strings: Strings = {}
    judged = judged_by(message.dialect, message.opcode)
    for number, slot in enumerate(here, 1):
        part, other = numbers.get(way.names.get(slot.name, ""), (0, slot))
        if part and slot.struct is not None and other.struct is not None:
            pairs.append((slot.name, number + 1, part, slot.struct, other.struct))
        alike = part and slot.string and other.string and slot.text == other.text
        if alike and number not in judged and not looked.at((slot.name,)):
            strings[number] = (TEXT if slot.text else BYTES, part)
    # Buffers are hashable as classes are; what decides how a message is read is the same for all of a plan.
    fixed = (
        deciding(type(message.buffers)) | looked_at_by(message.dialect, message.opcode),  # type: ignore[arg-type]
        deciding(type(made.buffers)),  # type: ignore[arg-type]
    )
    found = [
        replace(m, path=(name, *m.path), from_part=one, to_part=part)
        for name, one, part, source, target in pairs
        for m in struct_moves(rules, source, target, direction)
    ]
    kept = (m for m in found if m.path[-1] not in _DECIDING and not looked.at(m.path))
    return Carried([m for m in kept if not m.touches(*fixed)], strings)


@lru_cache(maxsize=1024)
def looked_at_by(dialect: Dialect, opcode: int) -> frozenset[tuple[int, int]]:
    """(part, offset) of the numbers by which requests of an opcode are told apart."""
    forms = dialect.by_opcode[opcode]
    return frozenset(place for form in forms for place in _looked_at(form.request, form.match))


@lru_cache(maxsize=1024)
def judged_by(dialect: Dialect, opcode: int) -> frozenset[int]:
    """Numbers of the buffers by whose length or content requests of an opcode are told apart."""
    looked = [each for form in dialect.by_opcode[opcode] for each in looks(form)]
    return frozenset(peek.index for peek, condition in looked if peek.cell is None or not condition.on_number)


def _looked_at(side: type[Buffers], match: Match) -> set[tuple[int, int]]:
    peeks = [resolve(side.__slot_specs__, path) for path in match]
    return {(peek.index + 1, peek.cell.offset) for peek in peeks if peek.cell is not None}


@lru_cache(maxsize=1024)
def deciding(side: type[Buffers]) -> frozenset[tuple[int, int]]:
    """(part, offset) of the numbers that say which of a side's buffers there are."""
    return frozenset(place for slot in side.__slot_specs__ for place in _looked_at(side, slot.present or {}))


def struct_moves(rules: RuleSet, source: Any, target: Any, direction: str) -> Iterator[Move]:
    """The fields of a struct that its rule copies; parts are 0."""
    if spec_of(source).is_union or spec_of(target).is_union:
        return
    if spec_of(source).swab != spec_of(target).swab or spec_of(source).order != spec_of(target).order:
        return
    rule = rules.struct_rule(*((source, target) if direction == UP else (target, source)))
    for field in rule.fields:
        if field.kind(direction) not in ("same", "renamed"):
            continue
        name, other = (field.old, field.new) if direction == UP else (field.new, field.old)
        one, made = spec_of(source).node.member(name), spec_of(target).node.member(other)
        path = tuple(name.split("."))
        if isinstance(one, Group) and isinstance(made, Group):
            if one.order == made.order:
                for move in struct_moves(rules, one.cls, made.cls, direction):
                    yield replace(
                        move, path=(*path, *move.path), offset=one.offset + move.offset, to=made.offset + move.to
                    )
        elif _alike(one, made) or _same_elements(rules, one, made, direction):
            yield Move(path, 0, one.offset, 0, made.offset, one.width)


def _same_elements(rules: RuleSet, one: Node, other: Node, direction: str) -> bool:
    """Whether an array's structs are carried over byte for byte (of a flexible one, those within the struct's size)."""
    if (
        not isinstance(one, Repeat)
        or not isinstance(other, Repeat)
        or (one.tail, one.width) != (other.tail, other.width)
    ):
        return False
    inner, made = one.node, other.node
    if not isinstance(inner, Group) or not isinstance(made, Group) or inner.order != made.order:
        return False
    moves = list(struct_moves(rules, inner.cls, made.cls, direction))
    return inner.width == made.width == sum(m.size for m in moves) and all(m.offset == m.to for m in moves)


def _alike(one: Node, other: Node) -> bool:
    """Whether the bytes of two fields can be copied in either byte order."""
    if isinstance(one, Repeat) and isinstance(other, Repeat):
        same = one.count == other.count and not one.tail and not other.tail
        return same and isinstance(one.node, Cell) and one.node.form is Form.NUMBER and _alike(one.node, other.node)
    if not isinstance(one, Cell) or not isinstance(other, Cell):
        return False
    return (one.form, one.width, one.order) == (other.form, other.width, other.order) and one.form is not Form.FOREIGN


class Places:
    """Where the parts of a message stand when its strings are left out, and how many strings stand before each."""

    def __init__(self, lengths: list[tuple[int, bool]], head: int) -> None:
        self.offsets, self.strings = [0], [0]
        at, strings = head, 0
        for length, is_string in lengths:
            self.offsets.append(at)
            self.strings.append(strings)
            at += 0 if is_string else lustre_msg.rounded(length)
            strings += is_string
        self.size = at

    def of(self, part: int, offset: int) -> tuple[int, int]:
        """(offset, strings before) of a byte of a part."""
        return self.offsets[part] + offset, self.strings[part]


@dataclass(frozen=True, eq=False)
class Shape:
    """What the messages of a group have in common.

    Attributes:
        source: (form, length) of each buffer, the ptlrpc_body first; the length counts for FIXED ones.
        target: (length, part it is a copy of or 0) of each buffer of the result.
        moves: what is moved.
        guards: (part, offset, size) of all other bytes.
    """

    source: tuple[tuple[int, int], ...]
    target: tuple[tuple[int, int], ...]
    moves: tuple[Move, ...]
    guards: tuple[tuple[int, int, int], ...]

    @cached_property
    def places(self) -> tuple[Places, Places]:
        """Places of the message and of the result."""
        source = [(length, form != FIXED) for form, length in self.source]
        target = [(length, bool(copied)) for length, copied in self.target]
        heads = (V2.first(len(lengths)) for lengths in (source, target))
        return Places(source, next(heads)), Places(target, next(heads))

    @cached_property
    def mask(self) -> bytes:
        """Which bytes of a message without its strings are guarded."""
        here, _ = self.places
        made = bytearray(here.size)
        for part, offset, size in self.guards:
            at, _ = here.of(part, offset)
            made[at : at + size] = b"\xff" * size
        return bytes(made)

    @cached_property
    def merged(self) -> list[Move]:
        """Moves of neighbouring bytes put together."""
        out: list[Move] = []
        for m in sorted(self.moves, key=lambda m: (m.from_part, m.offset)):
            last = out[-1] if out else None
            if (
                last is not None and (last.from_part, last.to_part) == (m.from_part, m.to_part)
                and last.offset + last.size == m.offset and last.to + last.size == m.to
            ):  # fmt: skip
                out[-1] = replace(last, size=last.size + m.size)
            else:
                out.append(m)
        return out


def shape_of(moves: list[Move], parts: lustre_msg.Parts, result: lustre_msg.Parts, free: Strings) -> Shape:
    """The shape of a message.

    Args:
        moves: all moves that the rules allow, with parts.
        parts, result: the message and what it becomes.
        free: those of its strings that are not empty.
    """
    source = [(FIXED, length) for length in parts.lengths]
    target = [(length, 0) for length in result.lengths]
    for number, (form, part) in free.items():
        source[number] = (form, 0)
        target[part - 1] = (0, number + 1)
    kept = tuple(m for m in moves if _inside(m, parts, result))
    return Shape(tuple(source), tuple(target), kept, tuple(_guards(source, kept, parts)))


def _inside(move: Move, parts: lustre_msg.Parts, result: lustre_msg.Parts) -> bool:
    fits = move.from_part <= len(parts.lengths) and move.to_part <= len(result.lengths)
    return (
        fits and move.offset + move.size <= parts.lengths[move.from_part - 1]
        and move.to + move.size <= result.lengths[move.to_part - 1]
    )  # fmt: skip


def _guards(
    source: list[tuple[int, int]], moves: tuple[Move, ...], parts: lustre_msg.Parts
) -> Iterator[tuple[int, int, int]]:
    head = parts.offsets[0]
    free = [(V2.length_at(i), V2.word) for i, (form, _) in enumerate(source) if form != FIXED]
    yield from ((0, offset, size) for offset, size in _between(free, head))
    for number, (form, length) in enumerate(source, 1):
        if form == FIXED:
            spans = [(m.offset, m.size) for m in moves if m.from_part == number]
            yield from ((number, offset, size) for offset, size in _between(spans, lustre_msg.rounded(length)))


def _between(free: list[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
    """What the free spans leave of the bytes up to `end`."""
    at = 0
    for offset, size in sorted(free):
        if offset > at:
            yield at, offset - at
        at = max(at, offset + size)
    if end > at:
        yield at, end - at


def image(shape: Shape, data: bytes, parts: lustre_msg.Parts) -> bytes:
    """The guarded bytes of a message without its strings, zero elsewhere."""
    whole = int.from_bytes(fixed_parts(data, parts, [form != FIXED for form, _ in shape.source]), "little")
    guarded = shape.mask
    return (whole & int.from_bytes(guarded, "little")).to_bytes(len(guarded), "little")


def fixed_parts(data: bytes, parts: lustre_msg.Parts, strings: list[bool]) -> bytes:
    """A message without its strings."""
    kept = [data[: parts.offsets[0]]]
    for offset, length, is_string in zip(parts.offsets, parts.lengths, strings, strict=True):
        if not is_string:
            kept.append(data[offset : offset + lustre_msg.rounded(length)])
    return b"".join(kept)


def keys(shape: Shape, images: list[bytes]) -> list[tuple[int, int, int]]:
    """`lw_key` rows: the guarded words by which images differ; offsets count without strings."""
    here, _ = shape.places
    guarded = shape.mask
    words = range(0, len(guarded), 8)
    found = [at for at in words if len({one[at : at + 8] for one in images}) > 1]
    ends = [here.offsets[i + 1] for i, (form, _) in enumerate(shape.source) if form != FIXED]
    return [(at, sum(end <= at for end in ends), int.from_bytes(guarded[at : at + 8], sys.byteorder)) for at in found]


def masked(image: bytes, keys: list[tuple[int, int, int]]) -> bytes:
    """What of an image belongs to the key."""
    return b"".join(image[at : at + 8] for at, _, _ in keys)


def strings(shape: Shape) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """`lw_string` of the message and `lw_copy` of the result."""
    here, there = shape.places
    found = [i for i, (form, _) in enumerate(shape.source) if form != FIXED]
    texts = [(int(shape.source[i][0] == TEXT), here.offsets[i + 1], V2.length_at(i)) for i in found]
    copied = [(i, part) for i, (_, part) in enumerate(shape.target) if part]
    return texts, [(found.index(part - 1), there.offsets[i + 1], V2.length_at(i)) for i, part in copied]


def moves_of(shape: Shape) -> list[tuple[int, int, int, int, int]]:
    """`lw_move` rows."""
    here, there = shape.places
    return [(*here.of(m.from_part, m.offset), *there.of(m.to_part, m.to), m.size) for m in shape.merged]


def probe(shape: Shape, data: bytes, result: bytes, random: Random) -> tuple[bytes, bytes]:
    """Another message of the group with the same guarded bytes, and what the plan makes of it."""
    parts, made = lustre_msg.split(data), lustre_msg.split(result)
    source, lengths = _buffers(data, parts), list(parts.lengths)
    target, made_lengths = _buffers(result, made), list(made.lengths)
    for m in shape.merged:
        source[m.from_part - 1][m.offset : m.offset + m.size] = random.randbytes(m.size)
    for i, (form, _) in enumerate(shape.source):
        if form != FIXED:
            value = bytes(random.choices(range(1, 256), k=random.randrange(1, 60)))
            value += b"\0" * (form == TEXT)
            lengths[i] = len(value)
            source[i] = bytearray(value.ljust(lustre_msg.rounded(len(value)), b"\0"))
    for i, (_, copied) in enumerate(shape.target):
        if copied:
            target[i], made_lengths[i] = source[copied - 1], lengths[copied - 1]
    for m in shape.merged:
        moved = source[m.from_part - 1][m.offset : m.offset + m.size]
        target[m.to_part - 1][m.to : m.to + m.size] = moved
    return _joined(data, parts, lengths, source), _joined(result, made, made_lengths, target)


def _buffers(data: bytes, parts: lustre_msg.Parts) -> list[bytearray]:
    places = zip(parts.offsets, parts.lengths, strict=True)
    return [bytearray(data[offset : offset + lustre_msg.rounded(length)]) for offset, length in places]


def _joined(data: bytes, parts: lustre_msg.Parts, lengths: list[int], buffers: list[bytearray]) -> bytes:
    head = bytearray(data[: parts.offsets[0]])
    V2.lengths(parts.order, len(lengths)).pack_into(head, V2.size, *lengths)
    return bytes(head) + b"".join(buffers)
