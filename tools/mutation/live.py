"""Faults in functions that have not run while the tests load: their code is exchanged in a fork of that process."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tools.mutation.forks import CRASHED, TIMED_OUT, forked, say
from tools.mutation.mutants import Mutant, mutated
from tools.mutation.tests import LONGEST, Effort, Lines, Timed, hurried, in_order, thinned, traced

Verdict = tuple[Mutant, str]


class Live:
    """A pytest plugin: times the collected tests, then tries every fault it can on those that reach it.

    Attributes:
        tests: the tests that are looked at.
        early: lines that ran while the tests were loaded; faults in their functions need a fresh process.
        verdicts: what became of the faults that were tried.
        left: faults for a fresh process, each with the tests to try.
    """

    def __init__(
        self, mutants: list[Mutant], files: frozenset[str], early: Lines, first: tuple[str, ...], effort: Effort
    ) -> None:
        self.mutants = mutants
        self.files = files
        self.early = early
        self.first = first
        self.effort = effort
        self.tests: list[Timed] = []
        self.verdicts: list[Verdict] = []
        self.left: list[tuple[Mutant, list[str]]] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.settrace(None)  # from here on nothing is early
        hurried(session.items)
        items = [session.items[i] for i in thinned([item.nodeid for item in session.items], self.effort.examples)]
        by_id = {item.nodeid: item for item in items}
        for item in items:
            found = forked(partial(_timed, item, self.files), 60.0)
            if isinstance(found, Timed) and found.seconds <= LONGEST:
                self.tests.append(found)
        say(f"{len(self.tests)} of {len(session.items)} tests looked at")
        early = _functions_with(self.early)
        live = _live_functions(self.files)
        loading = sum(_key(m) is None or _key(m) in early for m in self.mutants)
        say(f"{len(self.mutants)} faults, {loading} of them in what runs while loading")
        for mutant in self.mutants:
            if time.monotonic() > self.effort.end:
                break
            path = str(Path(mutant.file).resolve())
            key = _key(mutant)
            at = (path, mutant.line)
            code = _code(mutant) if key in live and key not in early else None
            if key is None or code is None or any(f.__code__.co_freevars != code.co_freevars for f in live[key]):
                quick = [t for t in self.tests if t.id.startswith(self.first)]
                reaching = in_order((t for t in quick if at in t.lines), self.effort.enough)
                tests = [*reaching, *in_order(quick, self.effort.enough)]
                self.left.append((mutant, list(dict.fromkeys(t.id for t in tests))))
                continue
            tests = in_order((t for t in self.tests if at in t.lines), self.effort.enough)
            if not tests:
                self.verdicts.append((mutant, "not reached"))
                continue
            limit = 10.0 + 10 * sum(t.seconds for t in tests)
            outcome = forked(partial(_tried, code, live[key], [by_id[t.id] for t in tests]), limit)
            self.verdicts.append((mutant, outcome))
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        """Only what came of it leaves the process."""
        return _Done, (self.verdicts, self.left)


class _Done:
    def __init__(self, verdicts: list[Verdict], left: list[tuple[Mutant, list[str]]]) -> None:
        self.verdicts = verdicts
        self.left = left


def _key(mutant: Mutant) -> tuple[str, int, str] | None:
    return (str(Path(mutant.file).resolve()), *mutant.function) if mutant.function is not None else None


def _timed(item: pytest.Item, files: frozenset[str]) -> Timed | None:
    start = time.monotonic()
    with traced(files) as lines:
        reports = runtestprotocol(item, log=False, nextitem=None)
    passed = all(r.passed for r in reports)
    return Timed(item.nodeid, time.monotonic() - start, lines) if passed else None


def _code(mutant: Mutant) -> CodeType:
    """Of the function with the fault in it."""
    return next(c for c in _codes(mutated(mutant)) if (c.co_firstlineno, c.co_name) == mutant.function)


def _tried(code: CodeType, functions: list[FunctionType], items: list[pytest.Item]) -> str:
    """Runs in a child: exchange the code, run the tests until one fails."""
    for function in functions:
        function.__code__ = code
    for item, following in zip(items, [*items[1:], None], strict=True):
        if any(r.failed for r in runtestprotocol(item, log=False, nextitem=following)):
            return "killed"
    return "survived"


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


def _functions_with(lines: Lines) -> set[tuple[str, int, str]]:
    """Functions (file, first line, name), also those around nested ones, of which some line ran."""
    out = set()
    for file in {file for file, _ in lines}:
        ran = {line for f, line in lines if f == file}
        module = compile(Path(file).read_text(), file, "exec")
        for code in _outermost(module):
            inner = [code, *_codes(code)]
            body = {line for c in inner for *_, line in c.co_lines() if line is not None and line != c.co_firstlineno}
            if body & ran:
                out.add((file, code.co_firstlineno, code.co_name))
    return out


def _outermost(module: CodeType) -> Iterator[CodeType]:
    """Code of functions at module level and in classes."""
    for code in module.co_consts:
        if isinstance(code, CodeType):
            if code.co_flags & 0x0002:  # CO_NEWLOCALS: a function; a class body has not that flag
                yield code
            else:
                yield from _outermost(code)


def _live_functions(files: frozenset[str]) -> dict[tuple[str, int, str], list[FunctionType]]:
    out: dict[tuple[str, int, str], list[FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename in files:
            code = each.__code__
            out.setdefault((code.co_filename, code.co_firstlineno, code.co_name), []).append(each)
    return out


def killed(outcome: str) -> bool:
    """Whether the tests noticed."""
    return outcome in ("killed", TIMED_OUT, CRASHED)
