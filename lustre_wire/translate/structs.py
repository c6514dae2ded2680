"""Generates the functions that make one dialect's struct of another's: straight-line Python from the field rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lustre_wire.errors import SchemaError
from lustre_wire.schema.nodes import Cell, Emitter, Form, Group, Node, Overlap, Repeat
from lustre_wire.schema.struct import spec_of
from lustre_wire.translate.rules import UP, FieldRule, RuleSet, StructRule

#: A translated struct of (source struct, `Work`).
Make = Callable[[Any, Any], Any]


def make_struct(rules: RuleSet, source: Any, target: Any, direction: str) -> Make:
    """The function that makes a `target` of a `source`.

    Raises:
        SchemaError: the structs differ and there is no rule.
    """
    key = ("make", source, target, direction)
    found = rules.cache.get(key)
    if found is None:
        if spec_of(source).is_union:
            found = _copy_union(target)
        else:
            rule = rules.struct_rule(*((source, target) if direction == UP else (target, source)))
            found = _Writer(rules, rule, direction).function()
        rules.cache[key] = found
    return found


def make_joined(rules: RuleSet, sources: tuple[Any, ...], target: Any, direction: str) -> Make:
    """The function that makes one `target` of several structs, given as a tuple in place of the one source.

    A source that is None is taken as a struct of zeroes.
    """
    makers: list[Callable[..., Any]] = [
        _Writer(rules, rules.struct_rule(target, source), direction).function(into=True) for source in sources
    ]

    def join(parts: Any, work: Any) -> Any:
        made = target()
        for part, source, make in zip(parts, sources, makers, strict=True):
            make(source() if part is None else part, work, made)
        return made

    return join


def _copy_union(cls: Any) -> Make:
    def copy(value: Any, work: Any) -> Any:
        made = object.__new__(cls)
        made.raw = value.raw
        return made

    return copy


class _Writer:
    """Writes the lines of one struct rule in one direction."""

    def __init__(self, rules: RuleSet, rule: StructRule, direction: str) -> None:
        self.rules = rules
        self.rule = rule
        self.direction = direction
        up = direction == UP
        self.source: Group = spec_of(rule.old if up else rule.new).node
        self.target: Group = spec_of(rule.new if up else rule.old).node
        self.em = Emitter(_new=object.__new__, _target=self.target.cls)
        self.made: set[str] = set()

    def function(self, *, into: bool = False) -> Make:
        lines = [] if into else ["q = _new(_target)"]
        for rule in self.rule.fields:
            there, back = (rule.new, rule.old) if self.direction == UP else (rule.old, rule.new)
            if there:
                lines += self.prepare(there) + self.assign(rule, there, back)
            if not there and back:
                lines += self.leave(rule, back)
        lines += [f"q.{hole.name} = {bytes(hole.size)!r}" for hole in spec_of(self.target.cls).fields if hole.hole]
        self.em.function(f"make(p, c{', q' if into else ''})", [*lines, "return q"])
        made: Make = self.em.compile(f"translate {self.rule.name} {self.rules.old} {self.direction} {self.rules.new}")[
            "make"
        ]
        return made

    def prepare(self, there: str) -> list[str]:
        """Makes the nested struct a dotted path goes into."""
        outer = there.partition(".")[0]
        if "." not in there or outer in self.made:
            return []
        self.made.add(outer)
        return [f"q.{outer} = {self.em.const('_new', _class(self.target.member(outer)))}()"]

    def assign(self, rule: FieldRule, there: str, back: str) -> list[str]:
        node = self.target.member(there)
        compute = rule.up if self.direction == UP else rule.down
        word = rule.up_bits if self.direction == UP else rule.down_bits
        value = f"p.{back}" if back else "None"
        if compute is not None:
            return [f"q.{there} = {self.like(node, self.em.const('_f', compute) + f'({value}, p, c)')}"]
        if not back:
            return [f"q.{there} = {self.constant(node, rule.default)}"]
        if word is not None:
            out = [f"v = int({value})"]
            if word.watched:
                out += [f"if v & {word.watched}:", f"    v = c.lose_bits({back!r}, v, {self.em.const('_b', word)})"]
            return [*out, f"q.{there} = {self.like(node, 'v')}"]
        found = self.source.member(back)
        inlined = self.inlined(value, found, node, f"q.{there}")
        return inlined or [f"q.{there} = {self.copied(value, found, node, there)}"]

    def inlined(self, value: str, source: Node, target: Node, there: str) -> list[str]:
        """A nested struct of plain numbers, copied in place: a call costs more than that."""
        if not isinstance(source, Group) or not isinstance(target, Group):
            return []
        rule = self.rules.struct_rule(*((source.cls, target.cls) if self.direction == UP else (target.cls, source.cls)))
        if any(f.kind(self.direction) != "same" for f in rule.fields) or len(rule.fields) != len(target.members):
            return []
        local, lines = self.em.local("o"), []
        for name in (f.new for f in rule.fields):
            one, other = source.member(name), target.member(name)
            if not isinstance(one, Cell) or not isinstance(other, Cell) or other.form is not Form.NUMBER:
                return []
            if other.kind.unlike(self.em, "v", one) != "v":
                return []
            lines.append(f"{local}.{name} = v.{name}")
        made = [f"{local} = _new({self.em.const('_C', target.cls)})", f"v = {value}"]
        return [*made, *lines, f"{there} = {local}"]

    def constant(self, node: Node, default: Any) -> str:
        """A value of its own for every message."""
        if isinstance(node, (Group, Overlap)):
            return f"{self.em.const('_new', node.cls)}()"
        if isinstance(node, Repeat):
            inner = node.node
            if default or node.joined:
                return "b''" if node.joined else f"list({self.em.const('_v', default)})"
            made = f"{self.em.const('_new', inner.cls)}()" if isinstance(inner, (Group, Overlap)) else "0"
            return f"[{made} for _ in range({node.count})]"
        if node.form is not Form.NUMBER and not default:
            return repr(bytes(node.width))
        return self.like(node, repr(default))

    def like(self, node: Node, number: str) -> str:
        """A computed number, or another value, as what the field holds."""
        made: str = node.kind.unlike(self.em, number, None) if isinstance(node, Cell) else number
        return made

    def leave(self, rule: FieldRule, back: str) -> list[str]:
        """What becomes of a value the other side has no field for."""
        compute = rule.up if self.direction == UP else rule.down
        if compute is not None:
            return [f"{self.em.const('_f', compute)}(p.{back}, p, c)"]
        node = self.source.member(back)
        quiet = dict.fromkeys((0, rule.default, *rule.quiet))
        value = f"p.{back}"
        number = isinstance(node, Cell) and node.form is Form.NUMBER
        if isinstance(node, (Group, Overlap)):
            test = f"{value} != {self.em.const('_z', node.cls())}"
        elif number and len(quiet) > 1:
            test = f"{value} not in {tuple(quiet)!r}"
        else:
            test = node.kind.said(value) if isinstance(node, Cell) else f"any({value})"
        if rule.errno:
            why = f"{back} must be 0"
            act = f"c.impossible({rule.errno}, {why!r}, {back!r})"
        elif rule.loss:
            act = f"c.lose({rule.loss!r}, {back!r}, {value})"
        else:
            act = f"c.drop({back!r}, {value})"
        out = [f"if {test}:", f"    {act}"]
        if len(quiet) > 1 and number and not rule.errno:
            out += [f"elif {value} != {rule.default!r}:", f"    c.drop({back!r}, {value})"]
        return out

    def copied(self, value: str, source: Node, target: Node, path: str) -> str:
        made = ""
        if isinstance(source, (Group, Overlap)) and type(source) is type(target):
            make = make_struct(self.rules, source.cls, _class(target), self.direction)
            made = f"{self.em.const('_t', make)}({value}, c)"
        elif isinstance(source, Repeat) and isinstance(target, Repeat) and source.tail == target.tail:
            inner, other = source.node, target.node
            if isinstance(inner, Group) and isinstance(other, Group):
                make = make_struct(self.rules, inner.cls, other.cls, self.direction)
                made = f"[{self.em.const('_t', make)}(e, c) for e in {value}]"
            elif inner.width == other.width and self.copied("e", inner, other, path) == "e":
                made = f"{value}[:]"
        elif isinstance(source, Cell) and isinstance(target, Cell):
            made = target.kind.unlike(self.em, value, source)
        if not made:
            raise SchemaError(f"{self.source.name} and {self.target.name} need a rule", path=path)
        return made


def _class(node: Node) -> Any:
    assert isinstance(node, (Group, Overlap))
    return node.cls
