"""Stubs of one release: what type checkers are to know of the declarations, with that release's names alone.

The declarations show the newest name of every field. Code that is of one release is better checked against a stub: a
field, a buffer, a member or a struct that the release does not have is an error there, and constructors take its names.
"""

from __future__ import annotations

import enum
from importlib import import_module
from inspect import get_annotations
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin

from lustre_wire.dialects import lines
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.numbers import EnumHistory, number_at
from lustre_wire.schema.releases import Release
from lustre_wire.schema.rpc_history import BuffersHistory, RpcHistory
from lustre_wire.schema.struct import StructSpec
from lustre_wire.schema.views import history_of

#: How each stub begins.
HEADER = "# Made by `lustre-wire stubs "


@checked
def stubs(name: str) -> dict[str, str]:
    """The stubs of a release: file name, below the directory where a checker looks for stubs, and text.

    Args:
        name: a release or a line, as for `lustre_wire.dialect`.

    Raises:
        WireError: there is no such release.

    >>> "mbo_fid1" in stubs("2.0")["lustre_codecs/structs/attributes.pyi"]
    False
    """
    for line in lines():
        when = line.release_of(name)
        if when is not None:
            modules = {module: _module(import_module(module), when) for module in line.modules}
            packages = {module.rpartition(".")[0] for module in line.modules}
            packages |= {package.rpartition(".")[0] for package in packages}
            texts: dict[str, list[str]] = {f"{_file(package)}/__init__.pyi": [] for package in packages}
            texts |= {f"{_file(module)}.pyi": text for module, text in modules.items()}
            return {file: "\n".join([f"{HEADER}{when.name}`.", *text, ""]) for file, text in sorted(texts.items())}
    raise WireError(f"no release {name[:64]!r}")


def _file(module: str) -> str:
    return module.replace(".", "/")


def _module(module: ModuleType, when: Release) -> list[str]:
    body: list[str] = []
    used: set[str] = {"lustre_wire.schema", "lustre_wire.schema.rpc"}
    for name in get_annotations(module):
        value = vars(module).get(name)
        if name[:1].isupper() and isinstance(value, (int, str, bytes)):
            dated = number_at(value, when)
            body += [] if dated is None else [f"{name}: Final = {_literal(dated)}"]
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__ and not name.startswith("_"):
            body += _class(name, value, when, used)
    imports = [f"import {each}" for each in sorted({*used, module.__name__})]
    return [*imports, "from typing import Final", "", *body]


def _literal(value: Any) -> str:
    return repr(int(value)) if isinstance(value, int) else repr(value)


def _class(name: str, declared: Any, when: Release, used: set[str]) -> list[str]:
    """A class of a module as it is in a release; nothing where the release has it not."""
    history = history_of(declared)
    if history is not None and not history.exists(when):
        return []
    if isinstance(history, StructHistory):
        return _struct(name, history.view(when), history.is_union, used)
    if isinstance(history, BuffersHistory):
        return _buffers(name, history, when, used)
    if isinstance(history, RpcHistory):
        return _format(name, history, when, used)
    if isinstance(history, EnumHistory):
        return _enum(name, declared, history.numbers(when))
    if issubclass(declared, (WireFlag, WireEnum)):
        return _enum(name, declared, {n: int(m) for n, m in declared.__members__.items()})
    if isinstance(vars(declared).get("__wire__"), StructSpec):
        return _struct(name, declared, False, used)
    return []


def _struct(name: str, view: Any, is_union: bool, used: set[str]) -> list[str]:
    spec = view.__wire__
    hints = {field.name: _type(_hint(view, field.name), used) for field in spec.fields}
    overlays = [f"    {each.name}: int" for each in spec.overlays]
    base = "lustre_wire.schema.WireUnion" if is_union else "lustre_wire.schema.history.Wire"
    used.add("lustre_wire.schema.history")
    fields = [f"    {n}: {hint}" for n, hint in hints.items()]
    return _block(f"class {name}({base}):", [*fields, *overlays, *([] if is_union else [_init(hints)])])


def _block(head: str, body: list[str]) -> list[str]:
    return [head, *(body or ["    ..."]), ""]


def _hint(view: Any, name: str) -> Any:
    said = (vars(cls).get("__annotations__", {}) for cls in view.__mro__)
    return next(hints[name] for hints in said if name in hints)


def _init(hints: dict[str, str]) -> str:
    given = "".join(f", {name}: {hint} = ..." for name, hint in hints.items())
    return f"    def __init__(self{given}) -> None: ..."


def _enum(name: str, declared: Any, numbers: dict[str, int]) -> list[str]:
    base = "WireFlag" if issubclass(declared, enum.IntFlag) else "WireEnum"
    return _block(f"class {name}(lustre_wire.schema.{base}):", [f"    {n} = {number}" for n, number in numbers.items()])


def _buffers(name: str, history: BuffersHistory, when: Release, used: set[str]) -> list[str]:
    names = history.names(when)
    hints = {names[each]: f"{_type(history.hint(each, when), used)} | None" for each in names}
    fields = [f"    {n}: {hint}" for n, hint in hints.items()]
    return _block(f"class {name}(lustre_wire.schema.rpc.Buffers):", [*fields, _init(hints)])


def _format(name: str, history: RpcHistory, when: Release, used: set[str]) -> list[str]:
    body: list[str] = []
    for side, inner in history.sides().items():
        if _is_elsewhere(name, inner.cls, when):
            used.add(inner.cls.__module__)
            body.append(f"    {side} = {inner.cls.__module__}.{inner.cls.__qualname__}")
        else:
            body += [f"    {line}" for line in _buffers(side, inner, when, used)[:-1]]
    return _block(f"class {name}:", body)


def _is_elsewhere(owner: str, side: Any, when: Release) -> bool:
    """Whether the buffers of an operation are declared at another place, which the stubs of the release have."""
    outer, _, _ = side.__qualname__.rpartition(".")
    if not outer:
        return True
    history = history_of(getattr(import_module(side.__module__), outer, None))
    return outer != owner and history is not None and history.exists(when)


def _type(hint: Any, used: set[str]) -> str:
    """An annotation of a view as a checker needs it: without sizes, with declared classes."""
    origin = get_origin(hint)
    if origin is Annotated:
        return _type(get_args(hint)[0], used)
    if origin is list:
        return f"list[{_type(get_args(hint)[0], used)}]"
    if get_args(hint):
        return " | ".join(_type(each, used) for each in get_args(hint))
    if hint.__module__ == "builtins":
        return str(hint.__name__)
    used.add(hint.__module__)
    return f"{hint.__module__}.{hint.__qualname__}"
