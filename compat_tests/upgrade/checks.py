"""The checks of the monitor, listed from their source: each `must` in a function under `CHECKS`, numbered."""

from __future__ import annotations

import ast
import inspect
import sys

import attrs

from lustre_wire.upgrade.checks.monitor import CHECKS
from lustre_wire.upgrade.checks.verdict import Verdict
from lustre_wire.upgrade.stage.play import Play


def _sites() -> dict[str, tuple[str, range]]:
    """Each `must`: ``B1.2`` is the second of B1. The file it stands in and its lines."""
    found = {}
    for name, (_, check) in CHECKS.items():
        lines, first = inspect.getsourcelines(check)
        file = inspect.getsourcefile(check)
        calls = [
            node for node in ast.walk(ast.parse("".join(lines)))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "must"
        ]  # fmt: skip
        assert calls, f"{name} cannot fail"
        for number, call in enumerate(sorted(calls, key=lambda call: call.lineno), 1):
            assert file is not None
            assert call.end_lineno is not None
            found[f"{name}.{number}"] = (file, range(first + call.lineno - 1, first + call.end_lineno))
    return found


SITES = _sites()


@attrs.define(slots=True)
class Witness(Verdict):
    """Notes which check reported."""

    where: set[str] = attrs.field(factory=set)

    def must(self, holds: bool, why: str) -> None:
        super().must(holds, why)  # type: ignore[misc]
        if not holds:
            frame = sys._getframe(1)
            file, line = frame.f_code.co_filename, frame.f_lineno
            self.where |= {site for site, (other, lines) in SITES.items() if file == other and line in lines}


def reported(made: Play, *names: str) -> set[str]:
    """The checks that report something."""
    witness = Witness()
    for name in names or CHECKS:
        CHECKS[name][1](made, witness)
    return witness.where
