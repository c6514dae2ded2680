"""`rpc_history`: the buffers of an operation, declared once through all releases.

::

    @rpc_history(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_OPEN", match={...}, portal=..., since="2.0")
    class LdlmEnqueueIntentOpen:
        class Request(Buffers):
            rec_reint: MdtRecCreate | None = dated_slot()
            capa1: LustreCapa | None = dated_slot(until="2.12")
            file_secctx: Opaque | None = dated_slot(since="2.9", optional=True)

`Request` and `Reply` are bases as declared structs are: ``isinstance(message.buffers, LdlmEnqueueIntentOpen.Request)``
holds in every release. The annotation says what type checkers see; where a slot's type changed it names them all, and
``type={"1.8": MdsRecCreate, "2.0": MdtRecCreate}`` says which one it is when.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from lustre_wire.errors import SchemaError
from lustre_wire.schema.history import StructHistory, histories_in, path_at, resolve
from lustre_wire.schema.holds import Beginning, Cases, Chosen, Content, Parts, Records, options_of
from lustre_wire.schema.margins import Margin, lasting, life
from lustre_wire.schema.numbers import mask_at, moments_of, number_at
from lustre_wire.schema.releases import Release
from lustre_wire.schema.rpc import Bits, Buffers, Match, RpcFormat, buffers, rpc, without_none
from lustre_wire.schema.rpc import slot as plain_slot
from lustre_wire.schema.struct import Hints
from lustre_wire.schema.types import Struct
from lustre_wire.schema.views import History, history_of, shape_of, view

_T = TypeVar("_T")


class Slot:
    """A declared buffer: where it is, its name in a release, and what is said of it."""

    def __init__(self, alive: Margin, called: Any, type: Any, said: Mapping[str, Any]) -> None:
        self.alive, self.called, self.type = alive, lasting(called), lasting(type)
        self.said = {name: value if name in _MAPPINGS else lasting(value) for name, value in said.items()}

    @property
    def moments(self) -> set[str]:
        dated = [self.alive, self.called, self.type, *(m for m in self.said.values() if isinstance(m, Margin))]
        return {moment for margin in dated for moment in margin.moments} | _match_moments(self.said.get("present"))


#: Keywords whose values are mappings already; by release they are given as ``dated({...})``.
_MAPPINGS = ("present", "match")


def dated_slot(
    *, since: str | tuple[str, ...] = (), until: str | tuple[str, ...] = (), called: Any = "", type: Any = None,
    **said: Any,
) -> Any:  # fmt: skip
    """A buffer, and the releases that have it.

    Args:
        since, until: where it appears and vanishes: a release, or one on each branch.
        called: its name, where it is not the attribute's; by release where it changed.
        type: what it holds, by release, where the annotation names more than one type.
        said: as for `lustre_wire.schema.rpc.slot`; each may be given by release, ``minimum={"1.8": 72, "2.8": 192}``.
    """
    return Slot(life(since, until), called, type, said)


class BuffersHistory(History):
    """One side of an operation through all releases."""

    def __init__(self, cls: Any, hints: Mapping[str, Any], slots: dict[str, Slot]) -> None:
        super().__init__(cls)
        self.hints, self.slots = hints, slots

    def own_moments(self) -> set[str]:
        return {moment for slot in self.slots.values() for moment in slot.moments}

    def inner(self) -> Iterable[History]:
        for name, slot in self.slots.items():
            held = (one for value in _values(slot.said.get("holds")) for one in _inner(value))
            values = [self.hints[name], *_values(slot.type), *held]
            yield from (h for value in values for h in histories_in(value))

    def exists(self, when: Release) -> bool:
        return True

    def c_name(self, when: Release) -> str:
        return str(self.cls.__qualname__)

    def names(self, when: Release) -> dict[str, str]:
        """Newest name -> name in a release, of the buffers it has."""
        alive = {name: slot for name, slot in self.slots.items() if not slot.alive.at(when).is_gone}
        return {name: slot.called.at(when).value or name for name, slot in alive.items()}

    def hint(self, name: str, when: Release) -> Any:
        """What a buffer's annotation is in a release."""
        return without_none(self.slots[name].type.at(when).value or self.hints[name])

    def make(self, when: Release) -> Any:
        names = self.names(when)
        hints = {names[n]: resolve(self.hint(n, when), when) for n in names}
        said = {names[n]: self._said(self.slots[n], names, when) for n in names}
        shape = tuple(hints.items()), shape_of(said), tuple(names.items())
        return self.views.get(shape) or self.shared(shape, self._class(hints, said, names, when))

    def _said(self, slot: Slot, names: dict[str, str], when: Release) -> dict[str, Any]:
        said = {name: value.at(when).value if isinstance(value, Margin) else value for name, value in slot.said.items()}
        if said.get("present"):
            said["present"] = self.match_at(said["present"], when)
        if said.get("holds") is not None:
            said["holds"] = self.held_at(said["holds"], names, when)
        return {name: value for name, value in said.items() if value is not None}

    def held_at(self, held: Any, names: dict[str, str], when: Release) -> Any:
        """What a buffer holds, or what travels in bulk beside this request, in a release."""
        if not isinstance(held, Cases):
            return _held_at(held, names, when)
        known = ((match, one) for match, one in held.cases if all(_is_known(c, when) for c in match.values()))
        found = tuple((self.match_at(match, when), _held_at(one, names, when)) for match, one in known)
        cases, other = tuple(case for case in found if case[1] is not None), _held_at(held.other, names, when)
        return Cases(cases, other if other is not None else ()) if cases else other

    def match_at(self, match: Match, when: Release) -> Match:
        """Conditions written with newest names, as they are in a release."""
        names = self.names(when)
        hints = {name: self.hint(name, when) for name in names}
        found = {}
        for path, condition in match.items():
            at = path if path.startswith("[") else path_at(path, hints, names, when)
            if at is None:
                raise SchemaError(f"{when.name} has no {path!r}", path=self.cls.__qualname__)
            found[at] = _condition(condition, when)
        return found

    def _class(
        self, hints: dict[str, Any], said: dict[str, Any], names: dict[str, str], when: Release
    ) -> type[Buffers]:
        cls = self.cls
        body: dict[str, Any] = {
            "__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__,
            "__annotations__": hints, "__made__": (cls, when.name), "__reduce__": _reduce,
        }  # fmt: skip
        made = buffers(type(cls.__name__, (cls,), body | {n: plain_slot(**kw) for n, kw in said.items()}))
        for newest, name in names.items():
            if newest != name and newest not in hints:
                setattr(made, newest, vars(made)[name])
        return made


def _reduce(self: Any) -> Any:
    return _again, (*self.__made__, tuple(getattr(self, spec.name) for spec in self.__slot_specs__))


def _again(declared: Any, when: str, values: tuple[Any, ...]) -> Any:
    return view(declared, when)(*values)


def _match_moments(match: Any) -> set[str]:
    """Names of the releases at which a number that conditions name may be another."""
    several = _values(match) if isinstance(match, Margin) else [match or {}]
    conditions = [condition for one in several for condition in one.values()]
    return {moment for c in conditions for moment in moments_of(getattr(c, "mask", c))}


def _condition(condition: Any, when: Release) -> Any:
    return replace(condition, mask=mask_at(condition.mask, when)) if isinstance(condition, Bits) else (
        number_at(condition, when)
    )  # fmt: skip


def _is_known(condition: Any, when: Release) -> bool:
    """Whether a release has the number that a condition names."""
    found = _condition(condition, when)
    return found is not None and (not isinstance(found, Bits) or bool(found.mask))


#: What of records is a type.
_TYPES: Final = ("head", "key", "record")


def _inner(held: Any) -> list[Any]:
    """The types that a declaration of what a buffer holds names."""
    inner: list[Any] = []
    for one in options_of(held):
        if isinstance(one, Records):
            inner += [one.head, one.key, *(one.record if isinstance(one.record, tuple) else [one.record])]
        else:
            inner.append(getattr(one, "of", one))
    return [one for one in inner if one is not None]


def _values(margin: Any) -> list[Any]:
    """What a dated option is at any time."""
    states = [margin.first, *(state for _, state in margin.changes)] if isinstance(margin, Margin) else []
    return [state.value for state in states if state.value is not None]


def _held_at(held: Any, names: dict[str, str], when: Release) -> Any:
    """What an opaque buffer holds in a release; None where it is no struct of it."""
    if isinstance(held, Chosen):
        by = held.by if held.asked else names.get(held.by, held.by)
        return Chosen(by, _alive(held.options, names, when), held.asked)
    if isinstance(held, Parts):
        return Parts(names[held.names], names[held.sizes], _alive(held.options, names, when))
    if isinstance(held, tuple):
        return tuple(found for one in held if (found := _held_at(one, names, when)) is not None) or None
    if isinstance(held, Content):
        return held
    if isinstance(held, Beginning):
        inner = _held_at(held.of, names, when)
        return Beginning(inner) if inner is not None else None
    if isinstance(held, Records):
        made = {name: _held_at(one, names, when) for name in _TYPES if (one := getattr(held, name)) is not None}
        return replace(held, **made) if None not in made.values() else None
    owner = held.cls if isinstance(held, Struct) else held
    return resolve(held, when) if _is_alive(owner, when) else None


def _alive(options: Mapping[str, Any], names: dict[str, str], when: Release) -> dict[str, Any]:
    """The options that a release has, by their keys."""
    return {key: found for key, one in options.items() if (found := _held_at(one, names, when)) is not None}


def _is_alive(hint: Any, when: Release) -> bool:
    history = history_of(hint)
    return not isinstance(history, StructHistory) or history.exists(when)


class RpcHistory(History):
    """The format of an operation through all releases."""

    def __init__(self, cls: Any, opcode: Any, alive: Margin, options: dict[str, Any]) -> None:
        super().__init__(cls)
        self.opcode, self.alive = opcode, alive
        self.within, self.variant = options.get("within"), options.get("variant", "")
        self.split_from: History | None = None
        self.options = {name: value if name in _MAPPINGS else lasting(value) for name, value in options.items()}

    def own_moments(self) -> set[str]:
        dated = [self.alive, *(m for m in self.options.values() if isinstance(m, Margin))]
        found = {moment for margin in dated for moment in margin.moments} | _match_moments(self.options.get("match"))
        held = (one for one in _values(self.options.get("bulk_holds")) if isinstance(one, Cases))
        return found.union(*(_match_moments(match) for one in held for match, _ in one.cases))

    def sides(self) -> dict[str, BuffersHistory]:
        """The histories of the request and of the reply, as far as they are declared."""
        found = {side: history_of(getattr(self.cls, side, None)) for side in ("Request", "Reply")}
        return {side: h for side, h in found.items() if isinstance(h, BuffersHistory)}

    def inner(self) -> Iterable[History]:
        held = (one for value in _values(self.options.get("bulk_holds")) for one in _inner(value))
        return *self.sides().values(), *(h for one in held for h in histories_in(one))

    def exists(self, when: Release) -> bool:
        return not self.alive.at(when).is_gone

    def c_name(self, when: Release) -> str:
        name = self.option("name", when) or self.opcode.name
        variant = self.option("variant", when)
        return f"{name} ({variant})" if variant else name

    def option(self, name: str, when: Release) -> Any:
        """What the declaration says of `name` (``"portal"``) in a release, None where it says nothing."""
        said = self.options.get(name)
        return said.at(when).value if isinstance(said, Margin) else said

    def make(self, when: Release) -> Any:
        """The decorated class with the sides and the `RpcFormat` of a release."""
        if not self.exists(when):
            return None
        sides = self.sides()
        options = {name: self.option(name, when) for name in self.options}
        if options.get("match"):
            options["match"] = sides["Request"].match_at(options["match"], when)
        if options.get("bulk_holds") is not None:
            request = sides["Request"]
            options["bulk_holds"] = request.held_at(options["bulk_holds"], request.names(when), when)
        options = {name: value for name, value in options.items() if value is not None}
        made = {side: history.view(when) for side, history in sides.items()}
        shape = tuple(made.values()), shape_of(options)
        found = self.views.get(shape)
        if found is None:
            body = {**made, "__doc__": self.cls.__doc__, "__module__": self.cls.__module__}
            found = self.shared(shape, rpc(self.opcode, **options)(type(self.cls.__name__, (), body)))
        return found

    def format(self, when: Release) -> RpcFormat | None:
        """The format in a release, None where it has none."""
        found = self.view(when)
        return None if found is None else found.__rpc__


def buffers_history(cls: type[_T]) -> type[_T]:
    """One side of several operations, declared once: ``Reply = AttributesReply``."""
    if history_of(cls) is not None:
        return cls
    hints = Hints(cls)
    slots = {}
    for name in hints:
        said = vars(cls).get(name)
        if not isinstance(said, Slot):
            path = f"{cls.__qualname__}.{name}"
            raise SchemaError("a buffer is declared as `name: type | None = dated_slot(...)`", path=path)
        slots[name] = said
    left_out = {*hints, "__dict__", "__weakref__", "__annotations__"}
    body = {n: v for n, v in vars(cls).items() if n not in left_out}
    made: Any = type(cls.__name__, (Buffers,), body | {"__slots__": (), "__qualname__": cls.__qualname__})
    made.__history__ = BuffersHistory(made, hints, slots)
    return made  # type: ignore[no-any-return]  # the class, made anew


def rpc_history(
    opcode: Any, *, since: str | tuple[str, ...] = (), until: str | tuple[str, ...] = (), split_from: Any = None,
    **options: Any,
) -> Callable[[type[_T]], type[_T]]:  # fmt: skip
    """Declare an operation through all releases.

    Args:
        opcode: a member of the enumeration of opcodes.
        since, until: where the format appears and vanishes.
        split_from: the operation whose format its messages had before it appeared: they were sent all along.
        options: as for `lustre_wire.schema.rpc.rpc`; each may be given by release (``portal={"2.0": 12, "2.11": 13}``),
            `match` as ``dated({...})``. Names and numbers are the newest ones.

    Raises:
        SchemaError: a buffer without `dated_slot`, a margin that names no release.
    """

    def build(cls: type[_T]) -> type[_T]:
        for side in ("Request", "Reply"):
            if side in vars(cls):
                setattr(cls, side, buffers_history(vars(cls)[side]))
        made = RpcHistory(cls, opcode, life(since, until), options)
        made.split_from = history_of(split_from)
        cls.__history__ = made  # type: ignore[attr-defined]
        return cls

    return build


def variant(
    declared: Any, sender: str, doc: str = "", *, since: str | tuple[str, ...] = (), until: str | tuple[str, ...] = (),
    opcode: Any = None, match: Match | None = None, request: Any = None, reply: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """The form of an operation that some peers send: ``variant(OstGetattr, "1.8.9", match=..., request=Object)``.

    Args:
        declared: the operation.
        sender: who sends it, or when.
        doc: what the docstring says, if not the same.
        since, until: where the form appears and vanishes, if not where the operation does.
        opcode: if not the operation's own.
        match: what tells it from the operation's own form, beside what tells that one from others.
        request, reply: the buffers, where they differ.
        options: what else differs, as for `rpc_history`.

    Raises:
        SchemaError: `declared` is no operation with a history.
    """
    history = history_of(declared)
    if not isinstance(history, RpcHistory):
        raise SchemaError(f"{declared!r} is no operation with a history")
    sides = {side: inner.cls for side, inner in history.sides().items()}
    sides |= {side: cls for side, cls in (("Request", request), ("Reply", reply)) if cls is not None}
    matched: Any = history.options.get("match", {})
    named = history.options.get("name", history.opcode.name)
    said = {"name": named, "variant": sender, "match": {**matched, **(match or {})}}
    module = sys._getframe(1).f_globals["__name__"]  # where it is declared, as a class statement would have it
    made: Any = type(declared.__name__, (), {**sides, "__doc__": doc or declared.__doc__, "__module__": module})
    made.__history__ = RpcHistory(made, opcode or history.opcode, history.alive, {**history.options, **options, **said})
    if since or until:
        made.__history__.alive = life(since, until)
    return made
