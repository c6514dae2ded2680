"""Compiling generated source so that tracebacks and debuggers can show it."""

from __future__ import annotations

import linecache
from typing import Any


def compile_functions(title: str, source: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run `source` in `namespace` and return it; the text stays in `linecache` under ``<lustre_wire title>``.

    Another text under the same title (two classes may have one name) gets a number behind it.
    """
    lines, filename, number = source.splitlines(True), f"<lustre_wire {title}>", 1
    while filename in linecache.cache and linecache.getlines(filename) != lines:
        number += 1
        filename = f"<lustre_wire {title} #{number}>"
    linecache.cache[filename] = (len(source), None, lines, filename)
    exec(compile(source, filename, "exec"), namespace)  # our own text, made from declarations
    return namespace
