"""The faults: every place of a module where one can be put, in a fixed order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitXor: ast.BitOr, ast.Pow: ast.Mult, ast.Div: ast.Mult,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
#: Faults in generated code, which stands in string literals: pattern -> what takes its place.
_GENERATED = (
    (r"==", "!="), (r"!=", "=="), (r">=", ">"), (r"(?<![<>=])<(?![<=])", "<="), (r"(?<=[\w)\]]) \+ (?=[\w(\[])", " - "),
    (r"(?<=[\w)]) - (?=\w)", " + "), (r"\band\b", "or"), (r"\bor\b", "and"), (r"\bis not None\b", "is None"),
    (r"\bis None\b", "is not None"), (r"\bnot (?!None)", ""), (r"&", "|"), (r"\d+", "{+1}"),
    (r"\breturn None\b", "pass"),
)  # fmt: skip
_TEXT_ONLY = re.compile(r"Error$|^(Untranslatable|LossyTranslation|TypeVar)$")


@dataclass(frozen=True)
class Mutant:
    """One fault. `number` is its place among the faults of its module; `function` is (first line, name) of the
    outermost function around it, or None where it stands at module or class level.
    """

    file: str
    number: int
    line: int
    what: str
    function: tuple[int, str] | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line} #{self.number} {self.what}"


@dataclass
class _Place:
    """Where a node stands, and what takes its place."""

    owner: Any
    name: str
    index: int | None
    new: Any
    line: int
    what: str
    function: tuple[int, str] | None

    def put(self) -> None:
        if self.index is None:
            setattr(self.owner, self.name, self.new)
        else:
            getattr(self.owner, self.name)[self.index] = self.new


class _Finder:
    def __init__(self, generates: bool) -> None:
        self.generates = generates
        self.function: tuple[int, str] | None = None
        self.formatted = False  # inside an f-string

    def walk(self, owner: Any, name: str, index: int | None, node: ast.AST) -> Iterator[_Place]:
        def at(new: Any, what: str) -> _Place:
            line = node.target.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 0)
            return _Place(owner, name, index, new, line, what, self.function)

        if _skipped(node):
            return
        outer, inner = self.function, self.function
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and outer is None:
            inner = (min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.name)
        yield from self.faults(node, at)
        formatted, self.formatted = self.formatted, isinstance(node, ast.JoinedStr)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_comment", "ctx", "op", "ops"):
                continue
            self.function = inner if field == "body" else outer  # decorators and defaults run outside
            if isinstance(value, list):
                for i, item in enumerate(value):
                    if isinstance(item, ast.AST) and not _is_message(node, field, i, item):
                        yield from self.walk(node, field, i, item)
            elif isinstance(value, ast.AST):
                yield from self.walk(node, field, None, value)
        self.function, self.formatted = outer, formatted

    def faults(self, node: ast.AST, at: Any) -> Iterator[_Place]:
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _BINARY:
            new = _BINARY[type(node.op)]
            yield at(_copy(node, op=new()), f"{type(node.op).__name__} -> {new.__name__}")
        elif isinstance(node, ast.Compare):
            for i, op in enumerate(node.ops):
                other = _COMPARE[type(op)]
                ops = [other() if i == n else o for n, o in enumerate(node.ops)]
                yield at(_copy(node, ops=ops), f"{type(op).__name__} -> {other.__name__}")
        elif isinstance(node, ast.BoolOp):
            swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield at(_copy(node, op=swapped()), f"{type(node.op).__name__} -> {swapped.__name__}")
        elif isinstance(node, ast.UnaryOp):
            yield at(node.operand, f"{type(node.op).__name__} left out")
        elif isinstance(node, ast.Constant):
            yield from self.constant(node, at)
        elif isinstance(node, ast.Slice):
            for part in ("lower", "upper", "step"):
                if getattr(node, part) is not None:
                    yield at(_copy(node, **{part: None}), f"slice without {part}")
        elif isinstance(node, (ast.If, ast.While, ast.IfExp)) and isinstance(
            node.test, (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript)
        ):
            yield at(_copy(node, test=_negated(node.test)), "condition negated")
        elif isinstance(node, ast.comprehension):
            for i in range(len(node.ifs)):
                yield at(_copy(node, ifs=node.ifs[:i] + node.ifs[i + 1 :]), "filter left out")
        elif isinstance(node, ast.Break):
            yield at(ast.copy_location(ast.Continue(), node), "break -> continue")
        elif isinstance(node, ast.Continue):
            yield at(ast.copy_location(ast.Break(), node), "continue -> break")
        else:
            yield from self.statement(node, at)

    def statement(self, node: ast.AST, at: Any) -> Iterator[_Place]:
        none = isinstance(getattr(node, "value", None), ast.Constant) and node.value.value is None  # type: ignore[attr-defined]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and not none:
            yield at(_copy(node, value=_none(node.value)), "assigns None")
        elif isinstance(node, ast.Return) and node.value is not None and not none:
            yield at(_copy(node, value=_none(node.value)), "returns None")
        elif isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.YieldFrom, ast.Yield)):
            yield at(ast.copy_location(ast.Pass(), node), "statement left out")

    def constant(self, node: ast.Constant, at: Any) -> Iterator[_Place]:
        value = node.value
        if isinstance(value, bool):
            yield at(_copy(node, value=not value), f"{value} -> {not value}")
        elif isinstance(value, int):
            yield at(_copy(node, value=value + 1), f"{value} -> {value + 1}")
        elif isinstance(value, bytes):
            yield at(_copy(node, value=b"X" + value), f"{value!r} -> {b'X' + value!r}")
        elif isinstance(value, str):
            code = self.generates and (self.formatted or re.search(r"\W", value) is not None)
            for new, what in _in_text(value) if code else ():
                yield at(_copy(node, value=new), f"generated {what} in {value.strip()!r}")
            # elsewhere in generated code one letter more is only a syntax error; what has blanks is for people
            if value and not code and " " not in value.strip():
                yield at(_copy(node, value="X" + value), f"{value!r} -> {'X' + value!r}")


def _in_text(text: str) -> Iterator[tuple[str, str]]:
    for pattern, new in _GENERATED:
        for found in re.finditer(pattern, text):
            said = str(int(found.group()) + 1) if new == "{+1}" else new
            yield text[: found.start()] + said + text[found.end() :], f"{found.group()!r} -> {said!r}"


def _copy(node: Any, **changes: Any) -> Any:
    values = {field: getattr(node, field, None) for field in node._fields} | changes
    return ast.copy_location(type(node)(**values), node)


def _none(node: ast.expr) -> ast.Constant:
    return ast.copy_location(ast.Constant(None), node)


def _negated(node: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), node), node)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _skipped(node: ast.AST) -> bool:
    """What no running program looks at: docstrings, assertions for the type checker, aliases of types."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Call) and _name(node.func) in ("TypeVar", "dataclass_transform"):
        return True
    if isinstance(node, ast.AnnAssign):
        return _name(node.annotation) == "TypeAlias" or node.value is None
    if isinstance(node, ast.Assign) and ([_name(t) for t in node.targets] == ["__all__"] or _is_type(node.value)):
        return True
    return isinstance(node, (ast.Assert, ast.Import, ast.ImportFrom))


def _is_type(node: ast.expr) -> bool:
    """An alias of types, or a type variable."""
    if isinstance(node, ast.BinOp):
        return _is_type(node.left)
    if isinstance(node, ast.Call):
        return _name(node.func) == "TypeVar"
    return isinstance(node, ast.Subscript) and _name(node.value) in ("Literal", "Callable", "Mapping", "tuple", "dict")


def _is_message(owner: ast.AST, field: str, index: int, node: ast.AST) -> bool:
    """The words of an error, for people (its path and offset are no such words), and parts of names in generated code,
    where any name will do.
    """
    if not isinstance(owner, ast.Call) or field != "args" or not isinstance(node, (ast.Constant, ast.JoinedStr)):
        return False
    name = _name(owner.func)
    if name in ("bind", "constant", "local"):
        return index == 0
    return bool(_TEXT_ONLY.search(name)) or (name == "impossible" and index == 1)


def _places(source: str) -> tuple[ast.Module, list[_Place]]:
    tree = ast.parse(source)
    finder = _Finder("compile_functions(" in source)
    places = [p for i, node in enumerate(tree.body) for p in finder.walk(tree, "body", i, node)]
    return tree, places


def mutants_of(file: str) -> list[Mutant]:
    """All faults of one module; `file` is relative to the root."""
    _, places = _places(Path(file).read_text())
    return [Mutant(file, i, p.line, p.what, p.function) for i, p in enumerate(places)]


def mutated(mutant: Mutant) -> CodeType:
    """The module with the fault in it, compiled."""
    path = Path(mutant.file).resolve()
    tree, places = _places(path.read_text())
    places[mutant.number].put()
    return compile(ast.fix_missing_locations(tree), str(path), "exec")
