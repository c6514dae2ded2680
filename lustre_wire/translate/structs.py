"""Generates the functions that make one dialect's struct of another's: straight-line Python from the field rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lustre_wire.engines.source import compile_functions
from lustre_wire.errors import SchemaError
from lustre_wire.schema.enums import MemberCache
from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.types import Array, FieldType, Flex, Hole, Scalar, Struct, as_type
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
        self.source: StructSpec = spec_of(rule.old if up else rule.new)
        self.target: StructSpec = spec_of(rule.new if up else rule.old)
        self.names: dict[str, Any] = {"_new": object.__new__, "_target": self.target.cls, "_int": int}
        self.made: set[str] = set()

    def bind(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def function(self, *, into: bool = False) -> Make:
        lines = [] if into else ["q = _new(_target)"]
        for rule in self.rule.fields:
            there, back = (rule.new, rule.old) if self.direction == UP else (rule.old, rule.new)
            if there:
                lines += self.prepare(there) + self.assign(rule, there, back)
            if not there and back:
                lines += self.leave(rule, back)
        for hole in self.target.fields:
            if isinstance(hole.type, Hole):
                lines.append(f"q.{hole.name} = {bytes(hole.size)!r}")
        title = f"translate {self.rule.name} {self.rules.old} {self.direction} {self.rules.new}"
        source = f"def make(p, c{', q' if into else ''}):\n" + "".join(f"    {line}\n" for line in [*lines, "return q"])
        made: Make = compile_functions(title, source, self.names)["make"]
        return made

    def prepare(self, there: str) -> list[str]:
        """Makes the nested struct a dotted path goes into."""
        outer = there.partition(".")[0]
        if "." not in there or outer in self.made:
            return []
        self.made.add(outer)
        kind = self.target.by_name[outer].type
        assert isinstance(kind, Struct)
        return [f"q.{outer} = {self.bind('_new_', kind.cls)}()"]

    def assign(self, rule: FieldRule, there: str, back: str) -> list[str]:
        spec = _find(self.target, there)
        compute = rule.up if self.direction == UP else rule.down
        word = rule.up_bits if self.direction == UP else rule.down_bits
        value = f"p.{back}" if back else "None"
        if compute is not None:
            return [f"q.{there} = {self.member(spec, self.bind('_f', compute) + f'({value}, p, c)')}"]
        if not back:
            return [f"q.{there} = {self.constant(spec, rule.default)}"]
        if word is not None:
            out = [f"v = _int({value})"]
            if word.watched:
                out += [f"if v & {word.watched}:", f"    v = c.lose_bits({back!r}, v, {self.bind('_b', word)})"]
            return [*out, f"q.{there} = {self.member(spec, 'v')}"]
        found = _find(self.source, back)
        if spec.enum is not None:
            return [f"q.{there} = {value if found.enum is spec.enum else self.member(spec, f'_int({value})')}"]
        inlined = self.inlined(value, found.type, spec.type, f"q.{there}")
        return inlined or [f"q.{there} = {self.copied(value, found.type, spec.type, there)}"]

    def inlined(self, value: str, source: FieldType, target: FieldType, there: str) -> list[str]:
        """A nested struct of plain numbers, copied in place: a call costs more than that."""
        if not isinstance(source, Struct) or not isinstance(target, Struct) or source.cls.__wire__.is_union:
            return []
        rule = self.rules.struct_rule(*((source.cls, target.cls) if self.direction == UP else (target.cls, source.cls)))
        if any(f.kind(self.direction) != "same" for f in rule.fields) or len(rule.fields) != len(
            target.cls.__wire__.fields
        ):
            return []
        names = [f.new for f in rule.fields]
        if not all(isinstance(s.cls.__wire__.by_name[n].type, Scalar) for s in (source, target) for n in names):
            return []
        if any(s.cls.__wire__.by_name[n].enum is not None for s in (source, target) for n in names):
            return []
        made = [f"o = _new({self.bind('_C', target.cls)})", f"v = {value}"]
        return [*made, *(f"o.{name} = v.{name}" for name in names), f"{there} = o"]

    def constant(self, spec: FieldSpec, default: Any) -> str:
        """A value of its own for every message."""
        if isinstance(spec.type, Struct):
            return f"{self.bind('_new_', spec.type.cls)}()"
        if isinstance(spec.type, (Array, Flex)):
            return f"list({self.bind('_v', default or [])})"
        return self.member(spec, repr(default))

    def member(self, spec: FieldSpec, expression: str) -> str:
        return expression if spec.enum is None else f"{self.bind('_m', MemberCache(spec.enum))}[{expression}]"

    def leave(self, rule: FieldRule, back: str) -> list[str]:
        """What becomes of a value the other side has no field for."""
        compute = rule.up if self.direction == UP else rule.down
        if compute is not None:
            return [f"{self.bind('_f', compute)}(p.{back}, p, c)"]
        spec = _find(self.source, back)
        quiet = dict.fromkeys((0, rule.default, *rule.quiet))
        value = f"p.{back}"
        if isinstance(spec.type, Struct):
            test = f"{value} != {self.bind('_z', spec.type.cls())}"
        elif isinstance(spec.type, Scalar):
            test = f"{value} not in {tuple(quiet)!r}" if len(quiet) > 1 else value
        else:
            test = f"any({value})"
        if rule.errno:
            why = f"{back} must be 0"
            act = f"c.impossible({rule.errno}, {why!r}, {back!r})"
        elif rule.loss:
            act = f"c.lose({rule.loss!r}, {back!r}, {value})"
        else:
            act = f"c.drop({back!r}, {value})"
        out = [f"if {test}:", f"    {act}"]
        if len(quiet) > 1 and isinstance(spec.type, Scalar) and not rule.errno:
            out += [f"elif {value} != {rule.default!r}:", f"    c.drop({back!r}, {value})"]
        return out

    def copied(self, value: str, source: FieldType, target: FieldType, path: str) -> str:
        if isinstance(source, Struct) and isinstance(target, Struct):
            return f"{self.bind('_t', make_struct(self.rules, source.cls, target.cls, self.direction))}({value}, c)"
        if isinstance(source, (Array, Flex)) and type(source) is type(target):
            inner, other = as_type(source.element), as_type(target.element)
            if isinstance(inner, Struct) and isinstance(other, Struct):
                make = self.bind("_t", make_struct(self.rules, inner.cls, other.cls, self.direction))
                return f"[{make}(e, c) for e in {value}]"
            if inner.size == other.size and type(inner) is type(other):
                return f"{value}[:]"
            raise SchemaError(f"{self.source.name} and {self.target.name} need a rule", path=path)
        if source.size != target.size or type(source) is not type(target):
            raise SchemaError(f"{self.source.name} and {self.target.name} need a rule", path=path)
        return value


def _find(spec: StructSpec, path: str) -> FieldSpec:
    outer, _, inner = path.partition(".")
    found = spec.by_name[outer]
    if not inner:
        return found
    assert isinstance(found.type, Struct)
    return _find(found.type.cls.__wire__, inner)
