"""A seeded mutator that knows the structure of messages.

Mutant number n of a seed is always the same bytes, so any finding is replayed from two numbers. Where values may be
changed (`Site`) is worked out once a base message, from the declarations; making a mutant is then a few slices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import Parts
from lustre_wire.kinds import checked
from lustre_wire.rpc import Generic, Message, decode
from lustre_wire.schema.nodes import Cell, Form, Group, Node, Repeat
from lustre_wire.schema.struct import spec_of

_MASK = (1 << 64) - 1
#: Numbers at which lengths, counts and offsets go wrong, cut to the width of the field.
_EDGES = (
    0, 1, 2, 7, 8, 9, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x1FFFFFF7, 0x7FFFFFF9, 0x7FFFFFFF,
    0x80000000, 0xFFFFFFF8, 0xFFFFFFF9, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
)  # fmt: skip
_CUT, _GROW, _EDGE, _NAMED, _FLIP, _RANDOM, _NEAR = range(7)
#: Sixteen of them, so that four random bits choose one.
_PLANS = (
    _CUT, _GROW, _EDGE, _EDGE, _EDGE, _NAMED, _NAMED, _FLIP, _FLIP, _RANDOM, _RANDOM, _NEAR, _NEAR, _NEAR, _EDGE,
    _NAMED,
)  # fmt: skip


def spread(seed: int, number: int) -> int:
    """64 bits that depend on both numbers in every bit (the finaliser of SplitMix64)."""
    z = (seed + number * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


@dataclass(frozen=True, slots=True)
class Site:
    """A number in a base message: its path, where it is, and what a named field may hold, as bytes."""

    path: str
    offset: int
    size: int
    order: str
    named: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Base:
    """A message that mutants are made of, and where it can be changed. `origin` says what it is."""

    origin: str
    data: bytes
    sites: tuple[Site, ...]


@dataclass(frozen=True)
class Change:
    """One change of a mutant: bytes `old` at `offset` (counted in the base) became `new`."""

    path: str
    offset: int
    old: bytes
    new: bytes


@dataclass(frozen=True)
class Mutant:
    """One mutant, with what was changed."""

    seed: int
    number: int
    base: Base
    changes: tuple[Change, ...]
    data: bytes

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; "seed" and "number" are enough to make it again from the same bases."""
        changes = [{"path": c.path, "offset": c.offset, "old": c.old.hex(), "new": c.new.hex()} for c in self.changes]
        return {
            "seed": self.seed, "number": self.number, "base": self.base.origin, "changes": changes,
            "hex": self.data.hex(),
        }  # fmt: skip


class Mutator:
    """Makes mutants of a set of messages.

    Args:
        messages: (dialect or its name, bytes) of each base message; replies are read without their requests.
        seed: what all random choices depend on, with the mutant's number.
        confuse: also put the buffers of one dialect under the opcode of another (a 1.8 body in a 2.0 request).

    Raises:
        WireError: no base message, or one that does not decode.
    """

    def __init__(self, messages: Iterable[tuple[Dialect | str, bytes]], *, seed: int = 0, confuse: bool = True) -> None:
        decoded = [(decode(data, named_dialect(d)), data) for d, data in messages]
        if not decoded:
            raise WireError("expected at least one message to make mutants of")
        bases = [Base(f"{m.dialect.name} {m.name} {m.direction}", data, tuple(sites(m, data))) for m, data in decoded]
        self.seed = seed
        self.bases: tuple[Base, ...] = (*bases, *(_confused(decoded) if confuse else ()))
        self._fast = tuple((b.data, b.sites, len(b.sites)) for b in self.bases)

    def data(self, number: int) -> bytes:
        """The bytes of mutant `number`."""
        return self._make(number, None)

    def mutant(self, number: int) -> Mutant:
        """Mutant `number` with the account of its changes."""
        changes: list[Change] = []
        data = self._make(number, changes)
        return Mutant(self.seed, number, self.bases[spread(self.seed, number) % len(self.bases)], tuple(changes), data)

    def __iter__(self) -> Iterator[bytes]:
        """All mutants from number 0 on, without end."""
        number = 0
        while True:
            yield self._make(number, None)
            number += 1

    def fill(self, count: int, *, start: int = 0) -> tuple[bytearray, list[int]]:
        """Mutants `start` to `start + count` behind one another, and where each begins (with the end as the last)."""
        make = self._make
        out = bytearray()
        offsets = [0]
        for number in range(start, start + count):
            out += make(number, None)
            offsets.append(len(out))
        return out, offsets

    def _make(self, number: int, log: list[Change] | None) -> bytes:
        z = spread(self.seed, number)
        data, places, count = self._fast[z % len(self._fast)]
        z = (z >> 16) * 0x9E3779B97F4A7C15 & _MASK
        plan = _PLANS[z & 15]
        again = (z >> 4) & 3
        z >>= 6
        if plan <= _GROW or not count:
            return _resized(data, plan, z, log)
        data = _changed(data, places[z % count], plan, z >> 12, log)
        if not again:  # one mutant in four is changed twice
            z = spread(z, number)
            data = _changed(data, places[z % count], _PLANS[(z >> 20) & 15] | 2, z >> 24, log)
        return data


def _resized(data: bytes, plan: int, z: int, log: list[Change] | None) -> bytes:
    """Cut anywhere, or lengthen by up to 64 bytes."""
    if plan == _CUT and data:
        at = z % len(data)
        if log is not None:
            log.append(Change("", at, data[at:], b""))
        return data[:at]
    more = z.to_bytes(8, "little") * (1 + (z & 7))
    if log is not None:
        log.append(Change("", len(data), b"", more))
    return data + more


def _changed(data: bytes, site: Site, plan: int, z: int, log: list[Change] | None) -> bytes:
    at, size = site.offset, site.size
    end = at + size
    old = data[at:end]
    if plan == _NAMED and site.named:
        new = site.named[z % len(site.named)]
    elif plan == _FLIP:
        new = _number(int.from_bytes(old, "little") ^ (1 << z % (8 * size)), size, "little")
    elif plan == _NEAR:
        new = _number(int.from_bytes(old, site.order) + (z & 15) - 8, size, site.order)  # type: ignore[arg-type]
    elif plan == _RANDOM:
        new = _number(z, size, "little")
    else:
        new = _number(_EDGES[z % len(_EDGES)], size, site.order)
    if log is not None:
        log.append(Change(site.path, at, old, new))
    return data[:at] + new + data[end:]


def _number(value: int, size: int, order: Any) -> bytes:
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, order)


def sites(message: Message, data: bytes) -> Iterator[Site]:
    """Every number of a message: container, ptlrpc_body and the structs in its buffers."""
    parts = lustre_msg.split(data)
    yield from _header_sites(parts)
    if message.body is not None:
        yield from _node_sites(spec_of(message.body).alone, "ptlrpc_body", parts, 0, 0)
    if isinstance(message.buffers, Generic):
        return
    shift = 0 if parts.version == 2 else 1
    for spec in message.buffers.__slot_specs__:
        index = spec.index - shift
        if index >= len(parts.lengths) or getattr(message.buffers, spec.name) is None:
            continue
        node = spec.node
        if isinstance(node, Group):
            yield from _node_sites(node, spec.name, parts, index, 0)
        elif isinstance(node, Repeat) and isinstance(node.node, Group):
            for at in range(0, parts.lengths[index] - node.stride + 1, node.stride):
                yield from _node_sites(node.node, f"{spec.name}[{at // node.stride}]", parts, index, at)
        else:
            for at in range(parts.lengths[index]):
                yield Site(f"{spec.name}[{at}]", parts.offsets[index] + at, 1, parts.order, ())


def _header_sites(parts: Parts) -> Iterator[Site]:
    head = spec_of(parts.header).node
    for path, cell, at in _numbers(head, "", 0):
        yield Site(path.removeprefix("."), at, cell.width, parts.order, ())
    tail = head.tail
    for i in range(len(parts.lengths)):
        yield Site(f"{tail.name}[{i}]", head.width + i * tail.stride, tail.stride, parts.order, ())


def _node_sites(node: Group, name: str, parts: Parts, index: int, at: int) -> Iterator[Site]:
    for path, cell, offset in _numbers(node, name, at):
        if offset + cell.width <= parts.lengths[index]:
            order = cell.order_in(parts.order)
            named = tuple(_number(number, cell.width, order) for number in cell.kind.numbers())
            yield Site(path, parts.offsets[index] + offset, cell.width, order, named)


def _numbers(node: Node, path: str, base: int) -> Iterator[tuple[str, Cell, int]]:
    """(path, cell, offset) of every integer in a node, arrays included; a union's are those of its largest member."""
    if isinstance(node, Cell):
        if node.form is Form.NUMBER:
            yield path, node, base + node.offset
    elif isinstance(node, Group):
        for member in node.members:
            yield from _numbers(member, f"{path}.{member.name}", base)
    elif isinstance(node, Repeat):
        for i in range(node.count):
            yield from _numbers(node.node, f"{path}[{i}]", base + i * node.stride)
    elif node.views:
        largest = max(node.views, key=lambda view: view.width)
        yield from _numbers(largest, f"{path}.{largest.name}", base + node.offset)


def _confused(decoded: list[tuple[Message, bytes]]) -> Iterator[Base]:
    """For each opcode that several dialects have: the header and ptlrpc_body of one around the buffers of the other."""
    seen: dict[tuple[int, str], list[tuple[Message, bytes]]] = {}
    for message, data in decoded:
        seen.setdefault((message.opcode, message.direction), []).append((message, data))
    for group in seen.values():
        for message, data in group:
            other = next((o for o in group if _foreign(message, o[0])), None)
            if other is not None:
                mixed = _transplanted(data, other[1])
                sender = other[0].dialect.name
                origin = f"{message.dialect.name} {message.name} {message.direction} with buffers of {sender}"
                yield Base(origin, mixed, tuple(_header_sites(lustre_msg.split(mixed))))


def _foreign(message: Message, other: Message) -> bool:
    """Whether the other one's buffers can be put into `message`, and are of another dialect."""
    same = (message.order, message.version) == (other.order, other.version) == (message.order, 2)
    return same and other.dialect is not message.dialect


def _transplanted(outer: bytes, inner: bytes) -> bytes:
    a, b = lustre_msg.split(outer), lustre_msg.split(inner)
    first = outer[a.offsets[0] : a.offsets[0] + a.lengths[0]] if a.lengths else b""
    rest = [inner[o : o + n] for o, n in zip(b.offsets[1:], b.lengths[1:], strict=True)]
    return lustre_msg.join(a.header, [first, *rest], a.order)


@checked
def minimised(data: bytes, base: bytes, still_fails: Callable[[bytes], bool]) -> bytes:
    """The smallest difference from `base` that still fails, found by taking changes back and cutting the end.

    Args:
        data: bytes for which `still_fails` is true.
        base: what they were made of.
        still_fails: called at most a few hundred times.
    """
    best = data
    if len(best) == len(base):
        changed = [i for i in range(len(best)) if best[i] != base[i]]
        step = max(1, len(changed) // 2)
        while step:
            for start in range(0, len(changed), step):
                trial = bytearray(best)
                for i in changed[start : start + step]:
                    trial[i] = base[i]
                if bytes(trial) != best and still_fails(bytes(trial)):
                    best = bytes(trial)
            step //= 2
    keep = len(best)
    step = keep // 2
    while step:
        if keep > step and still_fails(best[: keep - step]):
            keep -= step
        else:
            step //= 2
    return best[:keep]
