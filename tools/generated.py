"""Which lines of generated code the tests run: ``pytest -p tools.generated``.

Coverage tools look at files; the code that engines and translation generate stands in `linecache` alone.
"""

from __future__ import annotations

import linecache
import sys
from collections import Counter
from types import CodeType, FrameType
from typing import Any

import pytest

_PREFIX = "<lustre_wire "
_seen: dict[CodeType, set[int]] = {}


def _inside(frame: FrameType, event: str, arg: Any) -> Any:
    _seen[frame.f_code].add(frame.f_lineno)
    return _inside


def _called(frame: FrameType, event: str, arg: Any) -> Any:
    if not frame.f_code.co_filename.startswith(_PREFIX):
        return None
    _seen.setdefault(frame.f_code, set())
    return _inside


def pytest_sessionstart(session: pytest.Session) -> None:
    """From here on lines are noted."""
    sys.settrace(_called)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Lines that ran, of the functions that ran and of all that were generated, by what they were generated for."""
    sys.settrace(None)
    called: Counter[str] = Counter()
    ran: Counter[str] = Counter()
    for code, lines in _seen.items():
        kind = code.co_filename.removeprefix(_PREFIX).split()[0]
        body = {line for *_, line in code.co_lines() if line is not None and line > code.co_firstlineno}
        called[kind] += len(body)
        ran[kind] += len(body & lines)
    generated = Counter(name.removeprefix(_PREFIX).split()[0] for name in linecache.cache if name.startswith(_PREFIX))
    for kind in sorted(generated):
        terminalreporter.write_line(
            f"{kind}: {generated[kind]} texts generated; of {called[kind]} lines in functions that were called "
            f"{ran[kind]} ran ({100 * ran[kind] / max(1, called[kind]):.1f} %)"
        )
