"""The public names, found: what the tests of values and of wrong kinds go through, so that a new one is tested too."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

#: Modules and packages whose names are for users. `bulk` has tests of its own; recovery, testbed and upgrade take what
#: the library itself decoded.
ROOMS = (
    "lustre_wire", *(
        f"lustre_wire.{room}" for room in (
            "capture", "dialects", "engines.record", "errors", "frames", "jsonform", "message", "payloads", "rpc",
            "schema", "schema.holds", "schema.rpc", "strict", "testing", "text", "translate",
        )
    ),
)  # fmt: skip
_DOCS = Path(__file__).parent.parent.parent / "docs"


@cache
def _examples() -> str:
    """The examples of the documentation."""
    blocks = (re.findall(r"^```python\n(.*?)^```$", p.read_text(), re.M | re.S) for p in _DOCS.glob("*.md"))
    return "\n".join(block for page in blocks for block in page)


def _is_shown(module: str, name: str) -> bool:
    """Whether an example imports the name, or takes it from its module."""
    return bool(re.search(rf"\b{module.rpartition('.')[2]}\.{name}\b|import .*\b{name}\b", _examples()))


def modules() -> list[ModuleType]:
    """The modules that hold public names."""
    out = []
    for room in map(import_module, ROOMS):
        if hasattr(room, "__path__") and not hasattr(room, "__all__"):
            inside = (info.name for info in iter_modules(room.__path__) if info.name != "wire")  # payloads share that
            out += [import_module(f"{room.__name__}.{name}") for name in inside]
        else:
            out.append(room)
    return out


def names_of(module: ModuleType) -> list[str]:
    """A module's `__all__`; without one, what it defines and the documentation shows."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return list(listed)
    own = (name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__)
    return [name for name in own if not name.startswith("_") and _is_shown(module.__name__, name)]


def public() -> dict[str, Any]:
    """Every public object once, by the first of its names."""
    found: dict[int, tuple[str, Any]] = {}
    for module in modules():
        for name in names_of(module):
            value = getattr(module, name)
            found.setdefault(id(value), (f"{module.__name__}.{name}", value))
    return dict(found.values())
