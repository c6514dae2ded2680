"""Generates the functions that make one format's buffers of another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from errno import EOPNOTSUPP
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import SchemaError
from lustre_wire.rpc import REQUEST
from lustre_wire.schema.nodes import Cell, Emitter, Form, Group, Node, Overlap, Repeat
from lustre_wire.schema.rpc import RpcFormat, SlotSpec
from lustre_wire.translate.rules import UP, RuleSet, Side, Slot
from lustre_wire.translate.structs import make_joined, make_struct


@dataclass(frozen=True)
class Path:
    """One way for the buffers of one side of an operation.

    Attributes:
        form: the target's format.
        names: source buffer -> target buffer.
        absent: source buffers the target format has no place for: it is chosen only if these are empty.
        make: the function of (source buffers, `Work`).
        plain: neither side has buffers that float, nor the target one that is sent longer than its struct.
    """

    form: RpcFormat
    target: Any
    names: dict[str, str]
    absent: tuple[str, ...]
    make: Callable[[Any, Any], Any]
    plain: bool


def paths(rules: RuleSet, form: RpcFormat, target: Dialect, direction: str, side_name: str) -> tuple[Path, ...]:
    """The ways to translate one side ("request" or "reply") of a format, the tightest first; empty where there is none.

    Raises:
        SchemaError: a buffer of which no rule says what becomes of it.
    """
    operation = rules.operation(form, direction)
    wanted = operation.new if direction == UP else operation.old
    found = rules.targets(form, wanted, target)
    if side_name != REQUEST:
        found = [f for f in found if not f.variant]
    favoured = rules.variant if direction == UP else ""
    found.sort(key=lambda f: (len(_specs(f, side_name)), f.variant != favoured))
    side: Side = operation.request if side_name == REQUEST else operation.reply
    best = max((len(pairs_of(rules, side, form, f, direction, side_name)) for f in found), default=0)
    out = []
    for candidate in found:
        out.append(_Writer(rules, side, form, candidate, direction, side_name).path())
        if len(out[-1].names) == best:
            break
    return tuple(out)


def readings(rules: RuleSet, form: RpcFormat, direction: str, side_name: str) -> tuple[Path, ...]:
    """The ways to what the target's receivers may read in messages of a format beside what `paths` leads to."""
    found = [
        (other, operation.request if side_name == REQUEST else operation.reply)
        for other, operation in rules.readings(form, direction)
    ]
    return tuple(_Writer(rules, side, form, other, direction, side_name).path() for other, side in found)


def _specs(form: RpcFormat, side: str) -> tuple[SlotSpec, ...]:
    return (form.request if side == REQUEST else form.reply).__slot_specs__


def pairs_of(
    rules: RuleSet, side: Side, source: RpcFormat, target: RpcFormat, direction: str, side_name: str
) -> dict[str, str]:
    """Source buffer -> target buffer."""
    up = direction == UP
    old, new = (source, target) if up else (target, source)
    news = {s.name for s in _specs(new, side_name)} - set(side.only_new)
    out = {}
    for spec in _specs(old, side_name):
        if spec.name in side.only_old or spec.name in side.split:
            continue
        said = side.names.get(spec.name)
        choices = (said,) if said is not None else (*rules.buffers.get(spec.name, ()), spec.name)
        name = next((c for c in choices if c in news), None)
        if name is not None:
            news.discard(name)
            out[spec.name if up else name] = name if up else spec.name
    return out


class _Writer:
    def __init__(
        self, rules: RuleSet, side: Side, source: RpcFormat, target: RpcFormat, direction: str, side_name: str
    ) -> None:
        self.rules = rules
        self.side = side
        self.up = direction == UP
        self.direction = direction
        self.form = target
        self.sources = _specs(source, side_name)
        self.targets = _specs(target, side_name)
        self.cls = target.request if side_name == REQUEST else target.reply
        self.pairs = pairs_of(rules, side, source, target, direction, side_name)
        self.title = f"translate {source.key} {side_name} {rules.old} {direction} {rules.new}"
        self.em = Emitter(_new=object.__new__, _cls=self.cls)

    def path(self) -> Path:
        lines = ["q = _new(_cls)"]
        by_name = {s.name: s for s in self.sources}
        back = {t: s for s, t in self.pairs.items()}
        split = self.split_lines(by_name)
        for spec in self.targets:
            if spec.name in back:
                lines += self.carried(by_name[back[spec.name]], spec)
            elif spec.name not in split:
                lines += self.appearing(spec)
        for made in split.values():
            lines += made
        absent = []
        splits = set(self.side.split) if self.up else {n for ns in self.side.split.values() for n in ns}
        for spec in self.sources:
            if spec.name not in self.pairs and spec.name not in splits:
                gone = self.vanishing(spec)
                if gone is None:
                    absent.append(spec.name)
                else:
                    lines += gone
        finish = self.side.up if self.up else self.side.down
        if finish is not None:
            lines.append(f"{self.em.const('_f', finish)}(p, q, c)")
        self.em.function("make(p, c)", [*lines, "return q"])
        make = self.em.compile(self.title)["make"]
        plain = not any(s.present for s in (*self.sources, *self.targets)) and not any(s.room for s in self.targets)
        return Path(self.form, self.cls, self.pairs, tuple(absent), make, plain)

    def split_lines(self, by_name: dict[str, SlotSpec]) -> dict[str, list[str]]:
        """Target buffers that come from a split or join -> their lines."""
        out: dict[str, list[str]] = {}
        targets = {s.name: s for s in self.targets}
        for old, news in self.side.split.items():
            if self.up:
                self.check_covered(by_name[old], [targets[name] for name in news])
                for name in news:
                    made = self.carried(by_name[old], targets[name])
                    out[name] = made
            else:
                classes = tuple(_struct(by_name[n]) for n in news)
                join = self.em.const("_j", make_joined(self.rules, classes, _struct(targets[old]), self.direction))
                parts = ", ".join(f"p.{n}" for n in news)
                out[old] = [f"c.at = {news[-1]!r}", f"q.{old} = {join}(({parts}), c)"]
        return out

    def check_covered(self, source: SlotSpec, targets: list[SlotSpec]) -> None:
        """Every field of a struct that is split has a rule in one of the parts."""
        cls = _struct(source)
        rules = [self.rules.struct_rule(cls, _struct(t)) for t in targets]
        told = {field.old.partition(".")[0] for rule in rules for field in rule.fields}
        missing = [name for name in cls.__wire__.by_name if name not in told]
        if missing:
            raise SchemaError(f"no rule for {', '.join(missing)}", path=source.name)

    def carried(self, source: SlotSpec, target: SlotSpec) -> list[str]:
        value = self.value(source.name, source.node, target.node, "v")
        lines = [
            f"v = p.{source.name}",
            f"c.at = {source.name!r}",
            f"q.{target.name} = {'v' if value == 'v' else f'None if v is None else {value}'}",
        ]
        fill = default_of(target) if self.rules.completes and source.may_be_empty else None
        if fill is not None:
            filled = f"{self.em.const('_f', fill)}(None, p, c)"
            lines += [f"if q.{target.name} is None:", f"    q.{target.name} = {filled}"]
        return lines

    def value(self, path: str, source: Node, target: Node, name: str) -> str:
        if isinstance(source, (Group, Overlap)) and type(source) is type(target):
            return f"{self.em.const('_t', make_struct(self.rules, source.cls, target.cls, self.direction))}({name}, c)"
        if isinstance(source, Group) and isinstance(target, Cell) and target.form is Form.BYTES:
            return f"{self.em.const('_t', _as_bytes)}({name}, c)"
        if isinstance(target, Group) and isinstance(source, Cell) and source.form is Form.BYTES:
            return f"{self.em.const('_t', _as_struct(target.cls, path))}({name}, c)"
        if isinstance(source, Repeat) and isinstance(target, Repeat):
            made = self.value(path, source.node, target.node, "e")
            return f"{name}[:]" if made == "e" else f"[{made} for e in {name}]"
        if isinstance(source, Repeat):
            return f"{self.em.const('_o', _only)}([{self.value(path, source.node, target, 'e')} for e in {name}], c)"
        if isinstance(target, Repeat):
            return f"[{self.value(path, source, target.node, name)}]"
        if isinstance(source, Cell) and isinstance(target, Cell):
            bytes_alike = source.form is target.form is Form.BYTES
            if bytes_alike or (source.kind == target.kind and target.kind.unlike(self.em, name, source) == name):
                return name
        kinds = [n.kind.c_type if isinstance(n, Cell) else type(n).__name__ for n in (source, target)]
        raise SchemaError(f"{' cannot become '.join(kinds)} without a rule", path=path)

    def appearing(self, spec: SlotSpec) -> list[str]:
        slot = self.declared(spec.name, new=self.up)
        if slot is None and not spec.optional:
            raise SchemaError(f"nothing says what fills it ({self.title})", path=spec.name)
        make = slot.make if slot is not None else None
        return [f"q.{spec.name} = " + (f"{self.em.const('_f', make)}(None, p, c)" if make is not None else "None")]

    def vanishing(self, spec: SlotSpec) -> list[str] | None:
        """Lines for a source buffer without place in the target; None where another target format may have one."""
        slot = self.declared(spec.name, new=not self.up)
        if slot is None:
            return None
        value = f"p.{spec.name}"
        brief = f"{self.em.const('_d', _brief)}({value})"
        # bytes that are none say as little as a buffer that is not there
        empty = spec.string or spec.structs is not None
        end = [f"elif {value} is not None:", f"    c.at = {spec.name!r}", f"    c.drop('', {brief}, {spec.name!r})"]
        end = end if empty else []
        out = [f"if {value if empty else f'{value} is not None'}:", f"    c.at = {spec.name!r}"]
        if spec.struct is not None and not slot.errno:
            out[0] = f"if {value} is not None and {value} == {self.em.const('_z', spec.struct())}:"
            out += [
                f"    c.drop('', 'zeroes', {spec.name!r})",
                f"elif {value} is not None:",
                f"    c.at = {spec.name!r}",
            ]
        if slot.errno:
            return [*out, f"    c.impossible({slot.errno}, {slot.why or 'has no counterpart'!r})", *end]
        if slot.loss:
            return [*out, f"    c.lose({slot.loss!r}, '', {brief})", *end]
        return [*out, f"    c.drop('', {brief}, {spec.name!r})", *end]

    def declared(self, name: str, *, new: bool) -> Slot | None:
        return (self.side.only_new.get(name) or self.rules.added.get(name)) if new else self.side.only_old.get(name)


def default_of(slot: SlotSpec) -> Callable[[Any, Any, Any], Any] | None:
    """What fills a buffer that the target's receivers need: zeroes; an array of structs cannot be made up.

    None where they need none.
    """
    if slot.may_be_empty:
        return None
    name, node = slot.name, slot.node

    def make(value: Any, buffers: Any, work: Any) -> Any:
        work.at = ""
        if isinstance(node, Repeat) and not isinstance(node.node, Cell):
            work.impossible(EOPNOTSUPP, "nothing says what is in a buffer that it needs", name)
        work.fill(name, "" if slot.text else "zeroes")
        return [_zeroes(node.node)] if isinstance(node, Repeat) else _zeroes(node)

    return make


def _zeroes(node: Node) -> Any:
    if isinstance(node, Cell):
        return 0 if node.form is Form.NUMBER else bytes(node.width)
    return node.cls() if isinstance(node, (Group, Overlap)) else None


def _only(values: list[Any], work: Any) -> Any:
    """The one value of an array; further ones are lost."""
    if len(values) > 1:
        work.lose(work.at, "", values[1:])
    return values[0] if values else None


def _as_bytes(value: Any, work: Any) -> bytes:
    """A struct that a release no longer knows as one."""
    return record.checked(record.codec(type(value), work.order), value)


def _as_struct(cls: Any, name: str) -> Callable[[Any, Any], Any]:
    """Bytes that a release knows as a struct; what is none is lost."""

    def make(value: bytes, work: Any) -> Any:
        codec = record.codec(cls, work.order)
        if len(value) == codec.size:
            return codec.unpack(value, 0, len(value))
        if value:
            work.lose(name, "", value)
        else:
            work.drop("", value, name)
        return None

    return make


def _struct(slot: SlotSpec) -> Any:
    if slot.struct is None:
        raise SchemaError("only a struct can be split or joined", path=slot.name)
    return slot.struct


def _brief(value: Any) -> Any:
    """What a report says of a whole buffer."""
    return value if isinstance(value, (int, bytes)) else type(value).__name__
