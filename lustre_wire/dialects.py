"""Dialects: what one wire version consists of, and how they are found.

A dialect is found through the entry-point group ``lustre_wire.dialects``: its name, and the module attribute that holds
a `Dialect`. A vendor's fork or a later version is one more package and one more line.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any

from lustre_wire.engines.chooser import Chooser, chooser
from lustre_wire.engines.straightline import ByteOrder
from lustre_wire.errors import WireError
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.rpc import RpcFormat

GROUP = "lustre_wire.dialects"


@dataclass(frozen=True, eq=False)
class Dialect:
    """One wire version.

    Attributes:
        name: as in ``lustre_wire.dialect(name)``.
        modules: where the declarations are: constants, structs, RPCs; a later module's names win.
        body: the class of buffer 0, ptlrpc_body.
        body_minimum: bytes of it a receiver is content with.
        containers: the lustre_msg versions it accepts, 1 and 2.
        flavour_mask: the bits of lm_secflvr that are not 0 in a wrapped message, 0 where they are ignored.
        grants: what the reply to a connect shows of the dialect: opcode of the connect -> (mask, value), where
            ``ocd_connect_flags & mask == value`` says that the connection speaks this dialect. A target whose connect
            shows nothing is left out. A dialect without any is never found out from messages, only asked for by name.
    """

    name: str
    modules: tuple[ModuleType, ...]
    body: Any
    body_minimum: int
    containers: frozenset[int] = frozenset({2})
    flavour_mask: int = 0
    grants: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    _choosers: dict[tuple[str, ...], Chooser] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def structs(self) -> MappingProxyType[str, Any]:
        """Wire struct classes by their C names."""
        found = (v for m in self.modules for v in vars(m).values() if isinstance(v, type) and hasattr(v, "__wire__"))
        return MappingProxyType({cls.__wire__.name: cls for cls in found})

    @cached_property
    def enums(self) -> MappingProxyType[str, type[WireFlag] | type[WireEnum]]:
        """Flag sets and enumerations by class name."""
        found = (v for m in self.modules for v in vars(m).values() if isinstance(v, type))
        return MappingProxyType({c.__name__: c for c in found if issubclass(c, (WireFlag, WireEnum)) and c.__members__})

    @cached_property
    def constants(self) -> MappingProxyType[str, Any]:
        """Every constant by its C name: enumeration members, and plain numbers and strings."""
        named = (item for module in self.modules for item in vars(module).items() if item[0][:1].isupper())
        out: dict[str, Any] = {name: value for name, value in named if isinstance(value, (int, str, bytes))}
        for cls in self.enums.values():
            out.update(cls.__members__)
        return MappingProxyType(out)

    @cached_property
    def formats(self) -> tuple[RpcFormat, ...]:
        """All RPC formats, variants included."""
        found: dict[str, RpcFormat] = {}
        for module in self.modules:
            for value in vars(module).values():
                form = getattr(value, "__rpc__", None)
                if isinstance(form, RpcFormat):
                    found[form.key] = form
        return tuple(found.values())

    @cached_property
    def rpcs(self) -> MappingProxyType[str, RpcFormat]:
        """RPC formats by name (``"LDLM_ENQUEUE/INTENT_OPEN"``); variants by ``"name (variant)"``."""
        return MappingProxyType({form.key: form for form in self.formats})

    @cached_property
    def by_opcode(self) -> MappingProxyType[int, tuple[RpcFormat, ...]]:
        """RPC formats of each opcode."""
        out: dict[int, list[RpcFormat]] = {}
        for form in self.formats:
            out.setdefault(form.opcode, []).append(form)
        return MappingProxyType({opcode: tuple(forms) for opcode, forms in out.items()})

    def chooser(self, forms: tuple[RpcFormat, ...], order: ByteOrder) -> Chooser:
        """What tells these formats of one opcode apart."""
        key = (order, *(form.key for form in forms))
        found = self._choosers.get(key)
        if found is None:
            found = self._choosers[key] = chooser(list(forms), order)
        return found

    def enum_of(self, cls: type[enum.Enum]) -> Any:
        """This dialect's own version of an enumeration that a shared struct names."""
        return self.enums.get(cls.__name__, cls)

    def part(self, name: str) -> ModuleType:
        """A further module of declarations beside the dialect's own, loaded when first asked for: ``part("recovery")``.

        Raises:
            WireError: the dialect has no such part.
        """
        package = self.modules[-1].__name__.rpartition(".")[0]
        if find_spec(f"{package}.{name}") is None:
            raise WireError(f"no declarations for {name!r}", dialect=self.name)
        return import_module(f"{package}.{name}")

    @cached_property
    def version_mask(self) -> int:
        """The bits of pb_version that hold the version of the message; the others are its service class."""
        return 0xFFFFFFFF ^ int(self.constants["LUSTRE_VERSION_MASK"])

    def __repr__(self) -> str:
        return f"<Dialect {self.name}>"


_found: dict[str, Dialect] = {}


@cache
def _announced() -> dict[str, EntryPoint]:
    """What installed packages announce; looking that up takes milliseconds."""
    return {e.name: e for e in entry_points(group=GROUP)}


def names() -> list[str]:
    """Names of the installed dialects, sorted by version."""
    return sorted(_announced().keys() | set(_found), key=_version_key)


def _version_key(name: str) -> list[Any]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in name.split(".")]


def register(made: Dialect) -> Dialect:
    """Make a dialect known that no installed package announces, for tests and experiments."""
    _found[made.name] = made
    return made


def dialect(name: str | Dialect) -> Dialect:
    """The dialect of that name.

    Raises:
        WireError: no such dialect is installed.
    """
    if isinstance(name, Dialect):
        return name
    found = _found.get(name)
    if found is None:
        announced = _announced().get(name)
        if announced is None:
            raise WireError(f"no dialect {name!r}; installed: {', '.join(names()) or 'none'}")
        found = register(announced.load())
    return found


def all_dialects() -> Iterable[Dialect]:
    """Every installed dialect."""
    return [dialect(name) for name in names()]
