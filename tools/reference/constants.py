"""The page of constants."""

from __future__ import annotations

from typing import Any

from lustre_wire.schema import WireFlag
from tools.reference.common import dialects, summary, table


def page() -> str:
    names = sorted({name for d in dialects() for name in d.enums})
    sections = "\n".join(_section(name) for name in names)
    return f"# Constants\n\n{_INTRODUCTION}\n{sections}\n{_others()}"


_INTRODUCTION = """Made from the declarations by `python -m tools.reference`. Do not edit.

A number or a bit that has no name here is kept when a message is read and written.
"""


def _section(name: str) -> str:
    found = [d.enums.get(name) for d in dialects()]
    cls = next(each for each in reversed(found) if each is not None)
    members: dict[str, list[str]] = {}
    for position, each in enumerate(found):
        for member, value in each.__members__.items() if each is not None else ():
            members.setdefault(member, ["-"] * len(found))[position] = _number(int(value), issubclass(cls, WireFlag))
    rows = [[f"`{member}`", *values] for member, values in members.items()]
    kind = "Flags" if issubclass(cls, WireFlag) else "One of"
    return f"## {name}\n\n{summary(cls)} {kind}:\n\n" + table(["name", *(d.name for d in dialects())], rows)


def _number(value: int, hexadecimal: bool) -> str:
    return hex(value) if hexadecimal or abs(value) > 4095 else str(value)


def _others() -> str:
    named = [{member for cls in d.enums.values() for member in cls.__members__} for d in dialects()]
    every = sorted({name for d in dialects() for name in d.constants} - set().union(*named))
    rows = [[f"`{name}`", *(_shown(d.constants.get(name)) for d in dialects())] for name in every]
    return "## Others\n\n" + table(["name", *(d.name for d in dialects())], rows)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bytes):
        return f"`{value.decode('ascii', 'backslashreplace')!r}`"
    return f"`{value!r}`" if isinstance(value, str) else _number(int(value), False)
