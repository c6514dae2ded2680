"""What declarations with a past say of it: where a struct, a field, a number or a format is, release by release."""

from __future__ import annotations

import difflib
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
        kind: "struct", "field", "number", "enum" or "format".
        spans: where it is: of a struct its size in bytes, of a field (offset, size), of a number its value, of a format
            its opcode, of an enumeration how many members it has.
        fields: of a struct its fields by the C name they have then, with (offset, size); of a format its buffers, as
            ``request.name`` and ``reply.name``, with their places; of an enumeration its members with their numbers; of
            a field all names it has had.
        places: of a struct or format, what of `fields` is the same thing under other names, each as its names from the
            newest to the oldest.
        called: the C names of a struct or format.
        shorter: of a struct its shorter forms, which travel at the same time: when -> bytes.
    """

    name: str
    kind: str
    spans: tuple[Span, ...]
    fields: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    places: tuple[tuple[str, ...], ...] = ()
    called: tuple[Span, ...] = ()
    shorter: Mapping[str, int] = field(default_factory=dict)


def spans_of(value: Callable[[Release], Any]) -> tuple[Span, ...]:
    """Runs of releases, by version, for which `value` is the same and not None."""
    found = [(name, value(release(name))) for name in known()]
    runs = ((value, [name for name, _ in run]) for value, run in itertools.groupby(found, key=lambda pair: pair[1]))
    return tuple((names[0], names[-1], value) for value, names in runs if value is not None)


@checked
def history(name: str) -> Life:
    """The life of a struct, a field (``"mdt_body.mbo_projid"``), a number, an enumeration or an RPC format.

    Any name that it has in some release is good, an opcode's for the format that it has to itself.

    Raises:
        WireError: nothing of that name is declared; says which names come close.

    >>> import lustre_wire as lw
    >>> lw.history("mdt_body").fields["mbo_projid"]
    (('2.10.0', '2.17.0', (172, 4)),)
    >>> lw.history("OBD_CONNECT_CROW").spans
    (('1.8.0', '2.9.0', 512),)
    """
    for declared in _declared():
        found = history_of(declared)
        if isinstance(found, (StructHistory, RpcHistory)) and name in {declared.__name__, *found.c_names()}:
            return _struct(name, found) if isinstance(found, StructHistory) else _format(name, found)
        if name == declared.__name__ and (members := _members(declared)):
            return _enum(name, members)
    for numbers in _numbers():
        if name in numbers:
            return Life(name, "number", spans_of(numbers[name]))
    owner, _, inner = name.partition(".")
    if inner and owner in _names():
        return _field(history(owner), inner)
    raise _unknown(name, _names())


def _field(owner: Life, name: str) -> Life:
    if name not in owner.fields:
        raise _unknown(f"{owner.name}.{name}", [f"{owner.name}.{each}" for each in owner.fields])
    names = next((place for place in owner.places if name in place), (name,))
    return Life(f"{owner.name}.{name}", "field", owner.fields[name], {each: owner.fields[each] for each in names})


def _names() -> set[str]:
    """Every name that `history` knows but for those of fields."""
    found = {name for numbers in _numbers() for name in numbers}
    for declared in _declared():
        dated = history_of(declared)
        if isinstance(dated, (StructHistory, RpcHistory)):
            found |= {declared.__name__, *dated.c_names()}
        elif _members(declared):
            found.add(declared.__name__)
    return found


def _unknown(name: str, known: Iterable[str]) -> WireError:
    names = {each.lower(): each for each in known}
    close = [names[each] for each in difflib.get_close_matches(name[:64].lower(), names, 3)]
    hint = f"; close: {', '.join(close)}" if close else ""
    return WireError(f"nothing is declared under the name {name[:64]!r}{hint}")


def _modules() -> Iterator[Any]:
    return (import_module(module) for line in lines() for module in line.modules)


def _declared() -> Iterator[Any]:
    for module in _modules():
        yield from (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)


def _numbers() -> Iterator[Mapping[str, Callable[[Release], Any]]]:
    for module in _modules():
        loose = {n: v for n, v in vars(module).items() if n[:1].isupper() and isinstance(v, (int, str))}
        yield {n: partial(number_at, v) for n, v in loose.items()}
    yield from (members for declared in _declared() if (members := _members(declared)))


def _members(declared: type) -> Mapping[str, Callable[[Release], Any]]:
    """The members of an enumeration, and what says their numbers; none of anything else."""
    found = history_of(declared)
    if isinstance(found, EnumHistory):
        return {n: partial(found.number, n) for n in found.declared}
    if issubclass(declared, (WireFlag, WireEnum)):
        return {n: partial(number_at, int(m)) for n, m in declared.__members__.items()}
    return {}


def _enum(name: str, members: Mapping[str, Callable[[Release], Any]]) -> Life:
    def count(at: Release) -> int | None:
        return sum(number(at) is not None for number in members.values()) or None

    return Life(name, "enum", spans_of(count), {n: spans_of(number) for n, number in members.items()})


def _struct(name: str, found: StructHistory) -> Life:
    def size(at: Release) -> int | None:
        view = found.view(at)
        return None if view is None else int(view.__wire__.size)

    def places(at: Release) -> Iterable[tuple[str, tuple[int, int]]]:
        view = found.view(at)
        spec = None if view is None else view.__wire__
        return [] if spec is None else [(f.name, (f.offset, f.size)) for f in (*spec.fields, *spec.overlays)]

    fields = _by_name(places)
    dated = [[f.name for at in _newest_first() if (f := p.at(at, found.prefix)) is not None] for p in found.places]
    return Life(name, "struct", spans_of(size), fields, _sorted_out(dated, fields), _called(found), found.short)


def _format(name: str, found: RpcHistory) -> Life:
    def opcode(at: Release) -> int | None:
        form = found.format(at)
        return None if form is None else form.opcode

    def buffers(at: Release) -> Iterable[tuple[str, int]]:
        form = found.format(at)
        sides = {} if form is None else {"request": form.request, "reply": form.reply}
        return [(f"{side}.{s.name}", s.index) for side, made in sides.items() for s in made.__slot_specs__]

    fields = _by_name(buffers)
    sides = [(side.lower(), declared) for side, declared in found.sides().items()]
    dated = [
        [f"{side}.{names[slot]}" for at in _newest_first() if slot in (names := declared.names(at))]
        for side, declared in sides for slot in declared.slots
    ]  # fmt: skip
    return Life(name, "format", spans_of(opcode), fields, _sorted_out(dated, fields), _called(found))


def _newest_first() -> list[Release]:
    return [release(name) for name in reversed(known())]


def _sorted_out(dated: Iterable[Iterable[str]], fields: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The names of each place, once each; places that no release has are left out."""
    places = (tuple(name for name in dict.fromkeys(names) if name in fields) for names in dated)
    return tuple(place for place in places if place)


def _called(found: StructHistory | RpcHistory) -> tuple[Span, ...]:
    return spans_of(lambda at: found.c_name(at) if found.exists(at) else None)


def _by_name(parts: Callable[[Release], Iterable[tuple[str, Any]]]) -> dict[str, tuple[Span, ...]]:
    at = {name: dict(parts(release(name))) for name in known()}

    def place(part: str, when: Release) -> Any:
        return at[when.name].get(part)

    names = dict.fromkeys(part for found in at.values() for part in found)
    return {part: spans_of(partial(place, part)) for part in names}
