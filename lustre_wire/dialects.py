"""Dialects: what one wire version consists of, and how they are found.

A dialect is found through the entry-point group ``lustre_wire.dialects``: its name, and the module attribute that holds
a `Dialect`. A vendor's fork or a later version is one more package and one more line. Releases whose declarations are
histories need no line each: the group ``lustre_wire.releases`` names a `Line`, which makes the dialect of any of them.
"""

from __future__ import annotations

import copyreg
import enum
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple, TypeVar

from lustre_wire.engines.chooser import Chooser, chooser
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.schema import releases as tree
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.margins import OWN, lasting, life
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.numbers import EnumHistory, number_at
from lustre_wire.schema.releases import Release
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.schema.rpc_history import RpcHistory
from lustre_wire.schema.struct import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.views import History, history_of

GROUP = "lustre_wire.dialects"
LINES = "lustre_wire.releases"


class Declared(Mapping[Any, Any]):
    """What a dialect has of one kind, by name: histories are viewed when they are first asked for.

    `others` are further names that are found but not listed: those that a thing has in other releases.
    """

    def __init__(self, found: Mapping[Any, Any], when: Release, others: Callable[[], Mapping[Any, Any]] = dict) -> None:
        self._found, self._when, self._find_others = found, when, others
        self._known: dict[Any, Any] = {}

    @cached_property
    def _others(self) -> Mapping[Any, Any]:
        return self._find_others()

    def __getitem__(self, name: Any) -> Any:
        known = self._known
        if name not in known:
            known[name] = self._at(self._found[name] if name in self._found else self._others[name])
        return known[name]

    def get(self, name: Any, default: Any = None) -> Any:
        """As of any mapping; not by way of an exception for each name that is not there."""
        if name in self._known or name in self:
            return self[name]
        return default

    def _at(self, found: Any) -> Any:
        if isinstance(found, tuple):
            return tuple(map(self._at, found))
        if isinstance(found, RpcHistory):
            return found.format(self._when)
        return found.view(self._when) if isinstance(found, History) else found

    def __contains__(self, name: object) -> bool:
        return name in self._found or name in self._others

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Constants(Mapping[str, Any]):
    """Constants by name; what a name means in the release is looked up when it is first asked for.

    The last of the enumerations counts that the release has with a member of that name, before `plain` numbers and
    strings; all are with or without a history.
    """

    def __init__(self, plain: Mapping[str, Any], enums: Iterable[Any], when: Release | None) -> None:
        self._plain, self._when = plain, when
        self._members = [(one, one.declared if isinstance(one, EnumHistory) else one.__members__) for one in enums]
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            found = [self._plain[name]] if name in self._plain else []
            found += [one for one, members in self._members if name in members]
            values = (self._of(name, one) for one in reversed(found))
            self._known[name] = next((value for value in values if value is not None), None)
        value = self._known[name]
        if value is None:
            raise KeyError(name)
        return value

    def _of(self, name: str, found: Any) -> Any:
        if isinstance(found, EnumHistory):
            when = self._when or tree.newest()
            return None if found.number(name, when) is None else found.view(when).__members__[name]
        if isinstance(found, type):
            return found.__members__[name]  # type: ignore[attr-defined]
        return found if self._when is None else number_at(found, self._when)

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys((*self._plain, *(name for _, members in self._members for name in members)))
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


_H = TypeVar("_H", bound=History)


class _Names(NamedTuple):
    """What a module has names for; the dialects of one line have most modules in common."""

    histories: tuple[History, ...]
    classes: tuple[tuple[str, type], ...]
    without_past: tuple[tuple[str, type], ...]
    constants: Mapping[str, Any]


@lru_cache(maxsize=256)
def _names_in(module: ModuleType) -> _Names:
    classes = tuple((name, value) for name, value in vars(module).items() if isinstance(value, type))
    without_past = tuple(item for item in classes if history_of(item[1]) is None)
    plain = {n: v for n, v in vars(module).items() if n[:1].isupper() and isinstance(v, (int, str, bytes))}
    histories = dict.fromkeys(h for _, cls in classes if (h := history_of(cls)) is not None)
    return _Names(tuple(histories), classes, without_past, plain)


@dataclass(frozen=True)
class Grant:
    """What connect data show of a dialect.

    Attributes:
        every: flags of `ocd_connect_flags` that are all there.
        some: flags of which one at least is there, where it is not 0.
        none: flags that are not there.
        before: `ocd_version` is there and below this, where it is not 0.
        since: `ocd_version` is not below this, if it is there.
        version: the flag that says that it is (OBD_CONNECT_VERSION).
    """

    every: int = 0
    some: int = 0
    none: int = 0
    before: int = 0
    since: int = 0
    version: int = 0

    def shown(self, flags: int, version: int) -> bool:
        """Whether connect data with these flags and this version show it."""
        if flags & self.every != self.every or flags & self.none or (self.some and not flags & self.some):
            return False
        if not flags & self.version:
            return not self.before
        return version >= self.since and not 0 < self.before <= version


@dataclass(frozen=True, eq=False)
class Dialect:
    """One wire version.

    Attributes:
        name: as in ``lustre_wire.dialect(name)``.
        modules: where the declarations are: constants, structs, RPCs, as modules or their names; a later one's names
            win.
        body: the class of buffer 0, ptlrpc_body.
        body_minimum: bytes of it a receiver is content with.
        containers: the lustre_msg versions it accepts, 1 and 2.
        flavour_mask: the bits of lm_secflvr that are not 0 in a wrapped message, 0 where they are ignored.
        grants: what the reply to a connect shows of the dialect, by the connect's opcode; of several that are shown the
            last one by version counts. A target whose connect shows nothing is left out. A dialect without any is never
            found out from messages, only asked for by name.
        behaviour: the package of what its code does beyond its formats, see `part`; "" where nothing is known of it.
        translation: the module whose function `at` says what changes its meaning at a release; "" where nothing does.
        release: the release at which histories are viewed; None for declarations that are of one version.
        note: what else a reader should know: which release was asked for, where there are no facts of it.
    """

    name: str
    modules: tuple[ModuleType | str, ...]
    body: Any
    body_minimum: int
    containers: frozenset[int] = frozenset({2})
    flavour_mask: int = 0
    grants: Mapping[int, Grant] = field(default_factory=dict)
    behaviour: str = ""
    translation: str = ""
    release: Release | None = None
    note: str = ""
    _parts: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _choosers: dict[tuple[str, ...], Chooser] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _loaded(self) -> tuple[ModuleType, ...]:
        found = (import_module(m) if isinstance(m, str) else m for m in self.modules)
        if self.release is None:
            return tuple(found)
        lives = ((m, life(getattr(m, "__since__", ()), getattr(m, "__until__", ()))) for m in found)
        return tuple(m for m, alive in lives if alive.at(self.release) is OWN)

    @cached_property
    def _when(self) -> Release:
        return self.release or tree.newest()

    def _histories(self, kind: type[_H]) -> list[_H]:
        """The histories of one kind that the release has, as they stand in the modules."""
        if self.release is None:
            return []
        found = dict.fromkeys(h for m in self._loaded for h in _names_in(m).histories if isinstance(h, kind))
        return [h for h in found if h.exists(self._when)]

    def _named(self, kind: type[_H]) -> dict[str, _H]:
        """The same by each of the names they have in any release."""
        return {name: history for history in self._histories(kind) for name in history.c_names()}

    @property
    def _classes(self) -> Iterator[tuple[str, type]]:
        """The classes that modules have names for; in a release, those without a past."""
        found = (_names_in(module) for module in self._loaded)
        return (item for one in found for item in (one.classes if self.release is None else one.without_past))

    @cached_property
    def _structs(self) -> dict[str, Any]:
        """The wire structs of the release by their C names: those without a past, and the histories."""
        plain = {s.name: c for _, c in self._classes if isinstance(s := vars(c).get("__wire__"), StructSpec)}
        if self.release is not None:  # a view that a module made for itself is of another release
            plain = {name: c for name, c in plain.items() if not hasattr(c, "__made__")}
        histories: dict[str, Any] = {}
        for history in self._histories(StructHistory):
            histories.setdefault(history.c_name(self._when), history)  # one declared by another has its name
        return plain | histories

    @cached_property
    def structs(self) -> Mapping[str, Any]:
        """Wire struct classes by their C names; those of other releases are found too."""
        return Declared(self._structs, self._when, partial(self._named, StructHistory))

    @cached_property
    def with_magic(self) -> tuple[StructSpec, ...]:
        """The wire structs in which a number of their own says what they are."""
        has = (n for n, one in self._structs.items() if not isinstance(one, StructHistory) or one.has_magic)
        return tuple(spec for spec in (spec_of(self.structs[n]) for n in has) if any(f.magic for f in spec.fields))

    @cached_property
    def _enums(self) -> dict[str, Any]:
        """Enumerations as they are declared, by class name: those without a past, and the histories.

        Private ones are for single fields, whose names they have: their numbers are no constants.
        """
        found = (c for name, c in self._classes if isinstance(c, enum.EnumType) and not name.startswith("_"))
        plain: dict[str, Any] = {c.__name__: c for c in found if issubclass(c, (WireFlag, WireEnum)) and c.__members__}
        return plain | {h.c_name(self._when): h for h in self._histories(EnumHistory)}

    @cached_property
    def enums(self) -> Mapping[str, Any]:
        """Flag sets and enumerations by class name."""
        return Declared(self._enums, self._when)

    @cached_property
    def constants(self) -> Mapping[str, Any]:
        """Every constant by its C name: enumeration members, and plain numbers and strings."""
        plain = {name: value for m in self._loaded for name, value in _names_in(m).constants.items()}
        return Constants(plain, self._enums.values(), self.release)

    @cached_property
    def _formats(self) -> dict[str, Any]:
        """The formats of the release by key: those without a past, and the histories."""
        found = (getattr(cls, "__rpc__", None) for _, cls in self._classes)
        plain: dict[str, Any] = {form.key: form for form in found if isinstance(form, RpcFormat)}
        return plain | {h.c_name(self._when): h for h in self._histories(RpcHistory)}

    def enum_histories(self) -> list[EnumHistory]:
        """The enumerations of the release that have a past."""
        return [h for h in self._enums.values() if isinstance(h, EnumHistory)]

    @checked
    def format_history(self, form: RpcFormat) -> RpcHistory | None:
        """What declares one of its formats through the releases."""
        found = self._formats.get(form.key)
        return found if isinstance(found, RpcHistory) else None

    @cached_property
    def formats(self) -> tuple[RpcFormat, ...]:
        """All RPC formats, variants included."""
        return tuple(Declared(self._formats, self._when).values())

    @cached_property
    def portals(self) -> Mapping[int, str]:
        """What each LNet portal that an RPC format names carries: "request", "reply" or "bulk"."""
        roles: dict[int, str] = {}
        for form in self._formats.values():
            said = partial(form.option, when=self._when) if isinstance(form, RpcHistory) else partial(getattr, form)
            named = [(portal, "request") for portal in (said("portal"), *(said("also_on") or ()))]
            for portal, role in [*named, (said("reply_portal"), "reply"), (said("bulk_portal"), "bulk")]:
                if portal is not None:
                    roles.setdefault(int(portal), role)
        return MappingProxyType(roles)

    @cached_property
    def rpcs(self) -> Mapping[str, RpcFormat]:
        """RPC formats by name (``"LDLM_ENQUEUE/INTENT_OPEN"``); variants by ``"name (variant)"``.

        A format that was renamed is found under the names it has in other releases too.
        """
        return Declared(self._formats, self._when, partial(self._named, RpcHistory))

    @checked
    def own_format(self, name: str) -> RpcFormat:
        """The RPC format of that name, of messages that travel by themselves.

        Raises:
            WireError: there is none, or it is one of messages that are in other messages alone.
        """
        found = self.rpcs.get(name)
        if found is None:
            raise WireError(f"no RPC format {name[:64]!r}", dialect=self.name)
        if found.within is not None:
            around = self.by_opcode[found.within][0].name
            raise WireError(f"{name} is no message of its own: it is sent in {around} alone", dialect=self.name)
        return found

    @cached_property
    def by_opcode(self) -> Mapping[int, tuple[RpcFormat, ...]]:
        """RPC formats of each opcode, of messages that travel by themselves."""
        out: dict[int, tuple[Any, ...]] = {}
        for declared in self._formats.values():
            if declared.within is None:
                out[int(declared.opcode)] = (*out.get(int(declared.opcode), ()), declared)
        return Declared(out, self._when)

    @cached_property
    def inside(self) -> Mapping[int, Mapping[int, RpcFormat]]:
        """RPC formats of messages that travel inside of others: by the opcode of those, then by their own numbers.

        Variants are among `rpcs` alone: those of updates are the forms that these have in logs.
        """
        out: dict[int, dict[int, Any]] = {}
        for declared in self._formats.values():
            if declared.within is not None and not declared.variant:
                out.setdefault(int(declared.within), {})[int(declared.opcode)] = declared
        return {around: Declared(forms, self._when) for around, forms in out.items()}

    @checked
    def chooser(self, forms: tuple[RpcFormat, ...], order: ByteOrder) -> Chooser:
        """What tells these formats of one opcode apart.

        Raises:
            WireError: there are none.
        """
        if not forms:
            raise WireError("expected formats to tell apart", dialect=self.name)
        key = (order, *(form.key for form in forms))
        found = self._choosers.get(key)
        if found is None:
            found = self._choosers[key] = chooser(list(forms), order)
        return found

    @checked
    def enum_of(self, cls: type[enum.Enum]) -> Any:
        """This dialect's own version of an enumeration that a shared struct names."""
        return self.enums.get(cls.__name__, cls)

    @checked
    def names_of(self, field: FieldSpec | None) -> Any:
        """The enumeration that names the numbers of a field, None where they have no names."""
        if field is None:
            return None
        if field.enum is not None:
            return self.enum_of(field.enum)
        return self.enums.get(field.named_by.enum) if field.named_by is not None else None

    @checked
    def part(self, name: str) -> Any:
        """What is known of its code on a subject, made when first asked for: ``part("recovery")``.

        It is what the function `at` of that module of `behaviour` makes of the release.

        Raises:
            WireError: nothing is known of the release there.
        """
        found = self._parts.get(name)
        if found is None and self.behaviour and name.isidentifier() and find_spec(f"{self.behaviour}.{name}"):
            found = self._parts[name] = import_module(f"{self.behaviour}.{name}").at(self._when)
        if found is None:
            raise WireError(f"no declarations for {name[:64]!r}", dialect=self.name)
        return found

    @cached_property
    def version_mask(self) -> int:
        """The bits of pb_version that hold the version of the message; the others are its service class."""
        return 0xFFFFFFFF ^ int(self.constants["LUSTRE_VERSION_MASK"])

    def __reduce__(self) -> tuple[Any, ...]:
        """By name: wherever it is unpickled or copied to, it is the one dialect of that name."""
        for name, found in _known():
            if found is self:
                return dialect, (name,)
        raise WireError("expected a dialect that is registered", dialect=self.name)

    def __repr__(self) -> str:
        return f"<Dialect {self.name}>"


_found: dict[str, Dialect] = {}


@cache
def _entries() -> Any:  # another type in Python 3.11 than later
    """What installed packages announce; looking that up takes milliseconds."""
    return entry_points()


@cache
def _announced() -> dict[str, EntryPoint]:
    """The dialects among it."""
    return {e.name: e for e in _entries().select(group=GROUP)}


def names() -> list[str]:
    """Names of the installed dialects, sorted by version."""
    return sorted(_announced().keys() | set(_found), key=_version_key)


def _version_key(name: str) -> list[Any]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in name.split(".")]


def register(made: Dialect) -> Dialect:
    """Make a dialect known that no installed package announces, for tests and experiments."""
    _found[made.name] = made
    return made


@dataclass(frozen=True, eq=False)
class Line:
    """Releases whose declarations are histories, and what makes a dialect of each.

    Attributes:
        packages: whose modules hold the histories, and what has none: a module may say in `__since__` and `__until__`
            which releases have that.
        traits: attributes of `Dialect` beside name and modules, each the same for all releases or by release (see
            `lustre_wire.schema.margins.dated`).
        called: releases whose dialect has a name of its own: ``{"1.8.9-wc1": "1.8"}``.
        made: the dialects that have been asked for, by that name.
    """

    packages: tuple[str, ...]
    traits: Mapping[str, Any]
    called: Mapping[str, str] = field(default_factory=dict)
    made: dict[str, Dialect] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules that hold histories."""
        return tuple(
            f"{package}.{found.name}"
            for package in self.packages
            for found in pkgutil.iter_modules(import_module(package).__path__)
        )

    def release_of(self, name: str) -> Release | None:
        """The release a dialect's name means: itself, the last of the line it names, or the nearest older one of it."""
        names = tree.known()
        own = {short: full for full, short in self.called.items()}
        if name in own:
            return tree.release(own[name])
        wanted = tree.version_of(name)
        if name not in names and len(wanted) >= 2:
            line = [n for n in names if tree.version_of(n)[:2] == wanted[:2]]
            older = [n for n in line if len(wanted) == 2 or tree.version_of(n)[:4] <= wanted]
            return tree.release(older[-1]) if older else None
        return tree.release(name) if name in names else None

    @property
    def newest(self) -> Dialect:
        """The dialect of the last release of the main line, called by its line; any 2.1 or later peer is read in it."""
        found = self.dialect(tree.newest().name)
        assert found is not None  # every release has a dialect
        return found

    @staticmethod
    def _line_of(release: Release) -> str:
        return ".".join(str(number) for number in tree.version_of(release.name)[:2])

    def dialect(self, name: str) -> Dialect | None:
        """The dialect of a release, of a line, or of the nearest older release; None where there is none."""
        found = self.made.get(name)
        if found is not None:
            return found
        release = self.release_of(name)
        if release is None:
            return None
        short = self.called.get(release.name) or (release.name, self._line_of(release))[release is tree.newest()]
        if short != name and short in _announced():
            return dialect(short)
        exact = tree.version_of(name) in (tree.version_of(release.name), tree.version_of(release.name)[:2])
        note = "" if exact else f"there are no facts of {name}: it is read as {release.name}"
        if short != name and not note:
            return self.dialect(short)
        dated = {key: lasting(value).at(release).value for key, value in self.traits.items()}
        traits = {key: value(release) if callable(value) else value for key, value in dated.items()}
        return self.made.setdefault(name, Dialect(short, self.modules, release=release, note=note, **traits))


@cache
def lines() -> tuple[Line, ...]:
    """The lines of releases that installed packages announce."""
    return tuple(entry.load() for entry in _entries().select(group=LINES))


def releases() -> tuple[str, ...]:
    """Names of all releases there are dialects of, by version.

    >>> import lustre_wire as lw
    >>> lw.releases()[0], lw.releases()[-1]
    ('1.8.0', '2.17.0')
    """
    lines()
    return tree.known()


def of_version(code: int) -> Dialect:
    """The dialect that a peer of this `ocd_version` speaks: one byte each for major, minor, patch and fix.

    Raises:
        WireError: no release of that line is known.
    """
    return dialect(".".join(str(code >> shift & 0xFF) for shift in (24, 16, 8)))


def dialect(name: str | Dialect) -> Dialect:
    """The dialect of that name: a release, a line (``"2.12"`` is its last release), or one that is announced.

    A release without facts of its own is read as the nearest older one of its line; the dialect's `note` says so.

    Raises:
        WireError: no such dialect is installed.
    """
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str):
        raise WireError(f"expected a dialect or its name, got {type(name).__name__}")
    found = _found.get(name)
    if found is None:
        announced = _announced().get(name)
        if announced is None:
            made = next((d for line in lines() if (d := line.dialect(name)) is not None), None)
            if made is not None:
                return made
            known = releases()
            more = f"; releases: {known[0]} to {known[-1]}" if known else ""
            raise WireError(f"no dialect {name[:64]!r}; installed: {', '.join(names()) or 'none'}{more}")
        found = register(announced.load())
    return found


def _known() -> Iterator[tuple[str, Dialect]]:
    """The dialects that have been asked for, with what they were asked for by."""
    yield from list(_found.items())
    for line in lines():
        yield from list(line.made.items())


def _format_by_name(form: RpcFormat) -> tuple[Any, ...]:
    """How a format is pickled and copied: by its key in a dialect that has it, so that it stays the same object."""
    for name, found in _known():
        if found.rpcs.get(form.key) is form:
            return _format, (name, form.key)
    raise WireError(f"expected a format of a registered dialect, got {form.key}")


def _format(name: str, key: str) -> RpcFormat:
    return dialect(name).rpcs[key]


copyreg.pickle(RpcFormat, _format_by_name)


def granted() -> tuple[Dialect, ...]:
    """The dialects that connections are read in, by version: those installed that a connect shows, and of each line of
    releases the newest one, whose declarations read what all its releases since 2.1 send.
    """
    own = [d for d in all_dialects() if d.grants]
    return tuple(dict.fromkeys([*own, *(d for line in lines() if (d := line.newest).grants)]))


def all_dialects() -> Iterable[Dialect]:
    """Every installed dialect."""
    return [dialect(name) for name in names()]
