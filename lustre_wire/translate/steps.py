"""Rules between two neighbouring releases, as far as they follow from the histories.

What both have is the same or renamed; what one alone has is new there (its default), and gone on the way back: dropped
if it says nothing, else lost under its own name. A padding that was put to use is new, not the same. Bits of flag words
go by their names. What changes its meaning is declared beside (`Changes`), for a release and all that come after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from errno import EOPNOTSUPP
from functools import cached_property
from importlib import import_module
from operator import attrgetter
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.engines.chooser import looks
from lustre_wire.schema.enums import WireFlag
from lustre_wire.schema.history import Place, StructHistory
from lustre_wire.schema.nodes import Cell, Form, Group, Node, Overlap, Repeat
from lustre_wire.schema.numbers import EnumHistory
from lustre_wire.schema.releases import Release
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.schema.rpc_history import BuffersHistory, RpcHistory
from lustre_wire.schema.struct import FieldSpec, spec_of
from lustre_wire.schema.union import member_value
from lustre_wire.schema.views import history_of
from lustre_wire.translate.buffers import default_of
from lustre_wire.translate.rules import (
    DOWN,
    UP,
    Compute,
    FieldRule,
    Looks,
    Operation,
    RuleSet,
    Side,
    Slot,
    StructRule,
    computed,
    looks_at,
    looks_of,
    only_new,
    only_old,
    pair,
)
from lustre_wire.translate.structs import make_struct

_SAME = FieldRule("lm_flags", "lm_flags")


@dataclass(frozen=True)
class Changes:
    """What changes its meaning between two releases, which no history can tell.

    Attributes:
        reused: names of bits by the class of the flag set: where a name is gone, its number means something else.
        fields: rules by the struct's declared class, instead of those that its history gives for the same fields; after
            what becomes of single bits, where that is told by name.
    """

    reused: Mapping[Any, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[Any, tuple[FieldRule, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """What becomes of single bits of a flag set: number -> number there, 0 for none."""

    up: dict[int, int]
    down: dict[int, int]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Step(RuleSet):
    """The rules between two neighbouring releases."""

    before: Dialect
    after: Dialect
    structs: tuple[StructRule, ...] = ()
    operations: tuple[Operation, ...] = ()
    buffers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    added: Mapping[str, Slot] = field(default_factory=dict)
    old_only: Mapping[str, int] = field(default_factory=dict)
    new_only: Mapping[str, int] = field(default_factory=dict)
    no_format_errno: int = EOPNOTSUPP
    completes: bool = True
    lm_flags: FieldRule = _SAME

    @cached_property
    def ends(self) -> tuple[Release, Release]:
        assert self.before.release is not None and self.after.release is not None
        return self.before.release, self.after.release

    @cached_property
    def changes(self) -> Changes:
        """What is declared to change at the newer release."""
        name = self.after.translation
        made: Changes = import_module(name).at(self.ends[1]) if name else Changes()
        return made

    @cached_property
    def moved(self) -> dict[Any, Moved]:
        """The flag sets of which bits have another number, or a number another meaning, by their classes."""
        found = {h.cls: self._moved(h) for h in self.before.enum_histories() if issubclass(h.cls, WireFlag)}
        return {cls: moved for cls, moved in found.items() if moved.up or moved.down}

    def _moved(self, history: EnumHistory) -> Moved:
        then, now = history.numbers(self.ends[0]), history.numbers(self.ends[1])
        moved = {a: b for name, a in then.items() if _is_bit(a) and _is_bit(b := now.get(name, a)) and a != b}
        back = {b: a for a, b in moved.items()}
        gone = [then[name] for name in self.changes.reused.get(history.cls, ()) if name in then and name not in now]
        # a bit where a name was, or is to be, would be taken for that name
        return Moved(dict.fromkeys((*gone, *back), 0) | moved, dict.fromkeys((*gone, *moved), 0) | back)

    def is_same(self, form: RpcFormat | None, body: Any, direction: str) -> bool:
        """Whether a message with this format and ptlrpc_body is the same in both releases."""
        if self.moved or form is None or self.before.body is not self.after.body or body is None:
            return False
        same = form is self.before.rpcs.get(form.key) is self.after.rpcs.get(form.key)
        return same and not self.readings(form, direction)

    def struct_rule(self, old: type[Any], new: type[Any]) -> StructRule:
        """The rule of two struct classes, from their history where they have one."""
        key = ("rule", old, new)
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = self._rule(old, new)
        made: StructRule = found
        return made

    def _rule(self, old: type[Any], new: type[Any]) -> StructRule:
        history, other = (history_of(getattr(cls, "__made__", (cls,))[0]) for cls in (old, new))
        if history is other and isinstance(history, StructHistory):
            told = self.changes.fields.get(history.cls, ())
            covered = {rule.old for rule in told} | {rule.new for rule in told}
            rules = [rule for place in history.places for rule in self._of_place(place, history, old, new)]
            own = {(rule.old, rule.new): rule for rule in rules}
            told = tuple(_after(own.get((rule.old, rule.new)), rule) for rule in told)
            kept = [rule for rule in rules if not {rule.old, rule.new} & covered - {""}]
            return pair(old, new, *told, *kept)
        names = [[f.name for f in spec_of(cls).fields if not f.hole] for cls in (old, new)]
        both = [self._kept(n, n, old, new) for n in names[0] if n in names[1]]
        return pair(
            old, new, *both, *(only_old(n, loss=_loss(n)) for n in names[0] if n not in names[1]),
            *(only_new(n, loss=_loss(n)) for n in names[1] if n not in names[0]),
        )  # fmt: skip

    def _of_place(self, place: Place, history: StructHistory, old: Any, new: Any) -> list[FieldRule]:
        one, other = (place.at(when, history.prefix) for when in self.ends)
        appears = [p for p in history.places if p.margin.same_as and self._appears(p, history)]
        if place in appears:
            return self._cut_otherwise(place, history, old, new)
        if any(place.name in p.margin.same_as for p in appears):
            return []
        holes = [f.name for cls in (old, new) for f in spec_of(cls).fields if f.hole]
        one = None if one is None or one.name in holes else one
        other = None if other is None or other.name in holes else other
        if one is not None and other is not None and one.state.is_padding == other.state.is_padding:
            return [self._kept(one.name, other.name, old, new)]
        out = []
        if one is not None:
            out.append(only_old(one.name, loss=_loss(one.name, one.state.is_padding)))
        if other is not None:
            out.append(only_new(other.name, loss=_loss(other.name, other.state.is_padding)))
        return out

    def _appears(self, place: Place, history: StructHistory) -> bool:
        one, other = (place.at(when, history.prefix) for when in self.ends)
        return one is None and other is not None

    def _kept(self, name: str, other: str, old: Any, new: Any) -> FieldRule:
        here, there = spec_of(old).by_name[name], spec_of(new).by_name[other]
        one, made = spec_of(old).node.member(name), spec_of(new).node.member(other)
        moved = self.moved.get(here.enum)
        if moved is not None and here.enum is there.enum:
            return computed(name, other, up=_bits(other, moved.up, made), down=_bits(name, moved.down, one))
        chosen = here.tag is not None and there.tag is not None
        if chosen and isinstance(one, Overlap) and isinstance(made, Overlap) and one.cls is not made.cls:
            up, down = self._chosen(here, there, made.cls, UP), self._chosen(there, here, one.cls, DOWN)
            return computed(name, other, up=up, down=down)
        if _alike(one, made):
            return FieldRule(name, other)
        return computed(name, other, up=_fitted(name, new, other), down=_fitted(other, old, name))

    def _chosen(self, source: FieldSpec, target: FieldSpec, cls: Any, direction: str) -> Compute:
        """A union as that member of it which another field chooses: what only this side's has is lost by its name."""
        assert source.tag is not None and target.tag is not None
        here, there, path = dict(source.tag.members), dict(target.tag.members), source.tag.field

        def make(value: Any, struct: Any, work: Any) -> Any:
            number = int(attrgetter(path)(struct))
            made = cls(raw=value.raw)
            if number in here and number in there:
                part = member_value(value, here[number])
                behind = value.raw[spec_of(part).size :]
                if behind.strip(b"\0"):
                    work.lose("padding", f"{source.name}.{here[number]}", behind)
                wanted = type(member_value(made, there[number]))
                made = cls(**{there[number]: make_struct(self, type(part), wanted, direction)(part, work)})
            return made

        return looks_at(reads=path)(make)

    def _cut_otherwise(self, place: Place, history: StructHistory, old: Any, new: Any) -> list[FieldRule]:
        """Fields that hold the same bytes, cut otherwise."""
        then = history.names(self.ends[0])
        parts = [then[name] for name in place.margin.same_as if name in then]
        now = history.names(self.ends[1])[place.name]
        first, last = spec_of(old).by_name[parts[0]], spec_of(old).by_name[parts[-1]]
        span = slice(first.offset, last.offset + last.size)
        at = spec_of(new).by_name[now].offset
        told = [only_new(now, up=_from_bytes(span, new, at, now), down=_nothing)]
        for part in parts:
            found = spec_of(old).by_name[part]
            start = at + found.offset - span.start
            told.append(only_old(part, up=_nothing, down=_from_bytes(
                slice(start, start + found.size), old, found.offset, part)))  # fmt: skip
        return told

    def operation(self, form: RpcFormat, direction: str) -> Operation:
        """What becomes of an operation: both formats of its history, or that none is left."""
        other = self.counterpart(form, direction)
        if other is None:
            why = f"{(self.after if direction == UP else self.before).name} has no {form.key}"
            gone = Side(errno_up=EOPNOTSUPP, errno_down=EOPNOTSUPP, why=why)
            return Operation(form.name, form.name, request=gone, reply=gone)
        return self._between(form, other, direction)

    def _between(self, form: RpcFormat, other: RpcFormat, direction: str) -> Operation:
        old, new = (form, other) if direction == UP else (other, form)
        return Operation(
            old.name, new.name, request=self._side(old.request, new.request), reply=self._side(old.reply, new.reply)
        )

    def counterpart(self, form: RpcFormat, direction: str) -> RpcFormat | None:
        """The format of the other release: the same in the history, of the same name, or what it was split from."""
        here, there = (self.before, self.after) if direction == UP else (self.after, self.before)
        history = here.format_history(form)
        assert there.release is not None
        found = history.format(there.release) if history is not None else None
        found = found or there.rpcs.get(form.key) or there.rpcs.get(form.name)
        if found is None and history is not None and isinstance(history.split_from, RpcHistory):
            found = history.split_from.format(there.release)
        return found

    def readings(self, form: RpcFormat, direction: str) -> list[tuple[RpcFormat, Operation]]:
        """The formats of the other side alone that take some of the messages of `form` there, by what is in them."""
        key = ("readings", form.key, direction)
        found: list[tuple[RpcFormat, Operation]] | None = self.cache.get(key)
        if found is None:
            found = self.cache[key] = self._readings(form, direction)
        return found

    def _readings(self, form: RpcFormat, direction: str) -> list[tuple[RpcFormat, Operation]]:
        there = self.after if direction == UP else self.before
        other = self.counterpart(form, direction)
        if other is None or form.within is not None:  # what is inside of another message has numbers of its own
            return []
        found = []
        for one in there.by_opcode.get(other.opcode, ()):
            own = self.counterpart(one, DOWN if direction == UP else UP)
            # one that this side has as well was told apart here
            if _rivals(one, other) and not (own is not None and _rivals(own, form)):
                found.append((one, self._between(form, one, direction)))
        return found

    def targets(self, form: RpcFormat, wanted: str, target: Dialect) -> list[RpcFormat]:
        """The formats a message may become."""
        found = self.counterpart(form, UP if target.release is self.after.release else DOWN)
        return [] if found is None else [found]

    def _side(self, old: Any, new: Any) -> Side:
        olds, news = ({s.name: s for s in cls.__slot_specs__} for cls in (old, new))
        names = {n: n for n in olds if n in news}
        history, other = (history_of(getattr(cls, "__made__", (cls,))[0]) for cls in (old, new))
        if history is other and isinstance(history, BuffersHistory):
            then, now = history.names(self.ends[0]), history.names(self.ends[1])
            names = {name: now[key] for key, name in then.items() if key in now}
        else:  # one was split from the other: what stands in the same place under another name
            left = {s.index: n for n, s in news.items() if n not in names}
            names |= {n: left[s.index] for n, s in olds.items() if n not in names and s.index in left}
        names = {one: other for one, other in names.items() if _carried(olds[one].node, news[other].node)}
        taken = set(names.values())
        ends = {n: e for n, o in names.items() if (e := [_ending(s.node) for s in (olds[n], news[o])]) and e[0] != e[1]}
        return Side(
            names=names,
            up=_ended({names[n]: (one, other) for n, (one, other) in ends.items()}) if ends else None,
            down=_ended({n: (other, one) for n, (one, other) in ends.items()}) if ends else None,
            only_old={n: Slot(loss=n, make=default_of(s)) for n, s in olds.items() if n not in names},
            only_new={n: Slot(loss=n, make=default_of(s)) for n, s in news.items() if n not in taken},
        )  # fmt: skip


def _after(first: FieldRule | None, rule: FieldRule) -> FieldRule:
    """A rule that goes on with what another one has made of the value."""
    if first is None:
        return rule
    return replace(rule, up=_both(first.up, rule.up), down=_both(first.down, rule.down))


def _both(first: Compute | None, then: Compute | None) -> Compute | None:
    if first is None or then is None:
        return first or then

    def make(value: Any, struct: Any, work: Any) -> Any:
        return then(first(value, struct, work), struct, work)

    one, other = looks_of(first), looks_of(then)
    make.__looks__ = Looks(*(a + b for a, b in zip(vars(one).values(), vars(other).values(), strict=True)))  # type: ignore[attr-defined]
    return make


def _rivals(one: RpcFormat, other: RpcFormat) -> bool:
    """Whether what is read as a format may meet the conditions of one that wants more, or something else."""
    wants, has = ({(p.mark, c.shape): c.wanted for p, c in looks(form)} for form in (one, other))
    return any(has.get(n) != v for n, v in wants.items()) and all(wants.get(n, v) == v for n, v in has.items())


def _is_bit(number: int) -> bool:
    return number > 0 and not number & (number - 1)


def _loss(name: str, padding: bool = False) -> str:
    return "padding" if padding or "padding" in name else name


def _nothing(value: Any, struct: Any, work: Any) -> None:
    """Told by another field."""


def _alike(one: Node, other: Node) -> bool:
    """Whether a value can be carried over as it is."""
    if isinstance(one, Cell) and isinstance(other, Cell):
        return (one.width, one.form, one.kind.form) == (other.width, other.form, other.kind.form)
    if isinstance(one, Repeat) and isinstance(other, Repeat):
        return one.tail == other.tail and one.width == other.width and _alike(one.node, other.node)
    if isinstance(one, Overlap) and isinstance(other, Overlap):
        return spec_of(one.cls).size == spec_of(other.cls).size
    return isinstance(one, Group) and isinstance(other, Group)


def _carried(one: Node, other: Node) -> bool:
    """Whether a buffer can become another: a struct a struct or bytes, an array or one of it the same of that kind."""
    if isinstance(one, Repeat) or isinstance(other, Repeat):
        return _carried(*(node.node if isinstance(node, Repeat) else node for node in (one, other)))
    if isinstance(one, Cell) and isinstance(other, Cell):
        return one.kind == other.kind or one.form is other.form is Form.BYTES
    return {type(one), type(other)} in ({Group}, {Overlap}) or any(
        isinstance(a, Group) and isinstance(b, Cell) and b.form is Form.BYTES for a, b in ((one, other), (other, one))
    )


def _ending(node: Node) -> bytes:
    return node.kind.ending if isinstance(node, Cell) else b""


def _ended(endings: dict[str, tuple[bytes, bytes]]) -> Callable[[Any, Any, Any], None]:
    """Text becomes bytes with its NUL, or bytes the text that they hold."""

    def finish(source: Any, target: Any, work: Any) -> None:
        for name, (one, other) in endings.items():
            value = getattr(target, name)
            if value is not None:
                setattr(target, name, bytes(value + one).removesuffix(other) if other else bytes(value + one))

    return finish


def _bits(name: str, numbers: dict[int, int], node: Cell) -> Callable[[Any, Any, Any], int]:
    """Moves single bits of a flag word; those that have no place are dropped."""
    room = (1 << 8 * node.width) - 1
    places = {number: there & room for number, there in numbers.items()}
    watched = sum(places)

    def make(value: int, struct: Any, work: Any) -> int:
        value = int(value)
        if not value & watched:
            return value
        made, lost = value & ~watched, 0
        for number, there in places.items():
            if value & number:
                made |= there
                lost |= 0 if there else number
        if lost:
            work.drop(name, lost)
        if made != value & ~lost:
            work.change(name, value)
        return made

    return make


def _fitted(name: str, cls: Any, field_name: str) -> Callable[[Any, Any, Any], Any]:
    """A value as a field of another size or kind holds it: what does not fit is lost, under the field's name."""
    node: Node = spec_of(cls).node.member(field_name)

    def make(value: Any, struct: Any, work: Any) -> Any:
        default = getattr(cls(), field_name)
        if isinstance(node, Cell) and node.form is Form.NUMBER and isinstance(value, int):
            if int(value) >> 8 * node.width:
                work.lose(_loss(name), name, value)
                return default
            return type(default)(value)
        if isinstance(default, bytes) and isinstance(value, (bytes, bytearray)):
            width = node.width if isinstance(node, Cell) else len(value)
            if bytes(value[width:]).strip(b"\0"):
                work.lose(_loss(name), name, bytes(value))
            return bytes(value[:width]).ljust(width, b"\0")
        if isinstance(default, list) and isinstance(value, list):
            room = len(value) if isinstance(node, Repeat) and node.tail else len(default)
            if any(one != type(one)() for one in value[room:]):
                work.lose(_loss(name), name, value)
            added = default[len(value) :]
            if added:
                work.fill(name, len(added))
            return [*value[:room], *added]
        if value != type(value)():
            work.lose(_loss(name), name, value)
        return default

    return make


def _from_bytes(span: slice, cls: Any, at: int, name: str) -> Callable[[Any, Any, Any], Any]:
    """A field from the bytes that others had."""

    def make(value: Any, struct: Any, work: Any) -> Any:
        data = record.pack(struct)[span]
        whole = bytearray(spec_of(cls).size)
        whole[at : at + len(data)] = data
        return getattr(record.unpack(cls, bytes(whole)), name)

    return make
