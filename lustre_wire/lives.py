"""What declarations with a past say of it: where a struct, a field, a number or a format is, release by release."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from lustre_wire.dialects import lines
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.numbers import EnumHistory, number_at
from lustre_wire.schema.releases import Release, known, release
from lustre_wire.schema.rpc_history import RpcHistory
from lustre_wire.schema.views import history_of

#: First and last release of a span, both included, and what is so there.
Span = tuple[str, str, Any]


@dataclass(frozen=True)
class Life:
    """The life of something declared.

    Attributes:
        name: as it was asked for.
        kind: "struct", "field", "number" or "format".
        spans: where it is: of a struct its size in bytes, of a field (offset, size), of a number its value, of a format
            its opcode.
        fields: of a struct its fields by the C name they have then, with (offset, size); of a format its buffers, as
            ``request.name`` and ``reply.name``, with their places.
    """

    name: str
    kind: str
    spans: tuple[Span, ...]
    fields: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)


def spans_of(value: Callable[[Release], Any]) -> tuple[Span, ...]:
    """Runs of releases, by version, for which `value` is the same and not None."""
    found = [(name, value(release(name))) for name in known()]
    runs = ((value, [name for name, _ in run]) for value, run in itertools.groupby(found, key=lambda pair: pair[1]))
    return tuple((names[0], names[-1], value) for value, names in runs if value is not None)


@checked
def history(name: str) -> Life:
    """The life of a struct, a field (``"mdt_body.mbo_projid"``), a number or an RPC format.

    Any name that it has in some release is good.

    Raises:
        WireError: nothing of that name is declared.

    >>> import lustre_wire as lw
    >>> lw.history("mdt_body").fields["mbo_projid"]
    (('2.10.0', '2.17.0', (172, 4)),)
    >>> lw.history("OBD_CONNECT_CROW").spans
    (('1.8.0', '2.9.0', 512),)
    """
    for declared in _declared():
        found = history_of(declared)
        if isinstance(found, StructHistory) and name in {declared.__name__, *found.c_names()}:
            return _struct(name, found)
        if isinstance(found, RpcHistory) and name in {declared.__name__, *found.c_names()}:
            return _format(name, found)
    owner, _, inner = name.partition(".")
    if inner:
        fields = history(owner).fields
        if inner in fields:
            return Life(name, "field", fields[inner])
    for declared in _numbers():
        if name in declared:
            return Life(name, "number", spans_of(declared[name]))
    raise WireError(f"nothing is declared under the name {name!r}")


def _modules() -> Iterator[Any]:
    return (import_module(module) for line in lines() for module in line.modules)


def _declared() -> Iterator[Any]:
    for module in _modules():
        yield from (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)


def _numbers() -> Iterator[Mapping[str, Callable[[Release], Any]]]:
    for module in _modules():
        loose = {n: v for n, v in vars(module).items() if n[:1].isupper() and isinstance(v, (int, str))}
        yield {n: partial(number_at, v) for n, v in loose.items()}
    for declared in _declared():
        found = history_of(declared)
        if isinstance(found, EnumHistory):
            yield {n: partial(found.number, n) for n in found.declared}
        elif issubclass(declared, (WireFlag, WireEnum)):
            yield {n: partial(number_at, int(m)) for n, m in declared.__members__.items()}


def _struct(name: str, found: StructHistory) -> Life:
    def size(at: Release) -> int | None:
        view = found.view(at)
        return None if view is None else int(view.__wire__.size)

    def places(at: Release) -> Iterable[tuple[str, tuple[int, int]]]:
        view = found.view(at)
        spec = None if view is None else view.__wire__
        return [] if spec is None else [(f.name, (f.offset, f.size)) for f in (*spec.fields, *spec.overlays)]

    return Life(name, "struct", spans_of(size), _by_name(places))


def _format(name: str, found: RpcHistory) -> Life:
    def opcode(at: Release) -> int | None:
        form = found.format(at)
        return None if form is None else form.opcode

    def buffers(at: Release) -> Iterable[tuple[str, int]]:
        form = found.format(at)
        sides = {} if form is None else {"request": form.request, "reply": form.reply}
        return [(f"{side}.{s.name}", s.index) for side, made in sides.items() for s in made.__slot_specs__]

    return Life(name, "format", spans_of(opcode), _by_name(buffers))


def _by_name(parts: Callable[[Release], Iterable[tuple[str, Any]]]) -> dict[str, tuple[Span, ...]]:
    at = {name: dict(parts(release(name))) for name in known()}

    def place(part: str, when: Release) -> Any:
        return at[when.name].get(part)

    names = dict.fromkeys(part for found in at.values() for part in found)
    return {part: spans_of(partial(place, part)) for part in names}
