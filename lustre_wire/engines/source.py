"""Compiling generated source so that tracebacks and debuggers can show it."""

from __future__ import annotations

import linecache
from typing import Any


def compile_functions(title: str, source: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run `source` in `namespace` and return it; the text stays in `linecache` under ``<lustre_wire title>``."""
    filename = f"<lustre_wire {title}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), namespace)  # our own text, made from declarations
    return namespace
