"""The checks of the monitor, listed from their source: each `must` in a function under `CHECKS`, numbered."""

from __future__ import annotations

import ast
import inspect
import sys
from typing import Any

import attrs

from lustre_wire.checking import registry
from lustre_wire.checking.verdict import Verdict
from lustre_wire.testbed import monitor
from lustre_wire.upgrade.checks import traffic
from lustre_wire.upgrade.checks.common import PLAY
from lustre_wire.upgrade.checks.monitor import CHECKS
from lustre_wire.upgrade.stage.play import Play


def _sites() -> dict[str, tuple[str, range]]:
    """Each `must`: ``B1.2`` is the second of B1, in its function or one it hands its verdict to. Its file and lines."""
    found = {}
    for name, found_check in CHECKS.items():
        check = found_check.check
        number = 0
        for function in _functions(check):
            _, first = inspect.getsourcelines(function)
            for call in _calls(function):
                if isinstance(call.func, ast.Attribute) and call.func.attr == "must":
                    number += 1
                    assert call.end_lineno is not None
                    where = range(first + call.lineno - 1, first + call.end_lineno)
                    found[f"{name}.{number}"] = (inspect.getsourcefile(function) or "", where)
        assert number, f"{name} cannot fail"
    return found


def _functions(check: Any) -> list[Any]:
    """A check and the functions of its module it hands its verdict to."""
    handed = [
        call.func.id for call in _calls(check)
        if isinstance(call.func, ast.Name) and any(isinstance(a, ast.Name) and a.id == "verdict" for a in call.args)
    ]  # fmt: skip
    return [check, *(getattr(sys.modules[check.__module__], name) for name in dict.fromkeys(handed))]


def _calls(function: Any) -> list[ast.Call]:
    tree = ast.parse("".join(inspect.getsourcelines(function)[0]))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


SITES = _sites()


@attrs.define(slots=True)
class Witness(Verdict):
    """Notes which check reported."""

    where: set[str] = attrs.field(factory=set)

    def must(self, holds: bool, *said: object) -> None:
        super().must(holds, *said)  # type: ignore[misc]
        if not holds:
            frame = sys._getframe(1)
            file, line = frame.f_code.co_filename, frame.f_lineno
            self.where |= {site for site, (other, lines) in SITES.items() if file == other and line in lines}


def reported(made: Play, *names: str) -> set[str]:
    """The checks that report something."""
    witness = Witness()
    for name in names or CHECKS:
        CHECKS[name].check(made, witness)
    return witness.where


def breaks(made: Play, name: str) -> bool:
    """Does an invariant not hold in a play? It may be one of recovery."""
    found = registry.judge(PLAY, made, [name]) if name in CHECKS else monitor.judge(traffic.seen(made), [name])
    return bool(found[name].wrong)
