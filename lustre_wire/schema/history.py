"""`history`: a C struct or union declared once, through all releases.

::

    @history(size={"2.0": 216}, prefix=("mbo_", "2.6"), text=("{mbo_fid1}", " size {mbo_size}"))
    class MdtBody(Wire):
        mbo_fid1: LuFid
        mbo_open_handle: as_sent[LustreHandle] = was("mbo_handle").since("2.12")
        mbo_projid: u32                        = padding("padding_5").since("2.10")

The class declared is an empty base. Each of its views (`view`) is an ordinary wire struct derived from it, so that
``isinstance(x, MdtBody)`` holds in every release; where a field had another name, the newest one is a second name of
the same slot. Called by itself the declared class makes a struct of today.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from lustre_wire.errors import SchemaError
from lustre_wire.schema.margins import OWN, SWABBED, Margin, State, lasting, margin_of
from lustre_wire.schema.nodes import Order
from lustre_wire.schema.numbers import mask_at, moments_of, number_at
from lustre_wire.schema.releases import Release, release
from lustre_wire.schema.shown import Given, Magic, NamedWhere
from lustre_wire.schema.struct import Hints, Overlay, StructSpec, announce, c_name_of, wire_struct
from lustre_wire.schema.types import AS_SENT, Array, ByValue, FieldType, Flex, Scalar, Struct, Tag, as_type
from lustre_wire.schema.union import WireUnion, wire_union
from lustre_wire.schema.views import History, ViewType, changed, history_of, newest_view, shape_of, view

_T = TypeVar("_T")
_KEPT_OUT = ("__dict__", "__weakref__", "__annotations__", "__slots__")


class _NewestSpec:
    """``MdtBody.__wire__`` of a declared class: the declaration of its newest view."""

    def __get__(self, obj: Any, owner: type) -> StructSpec:
        if history_of(owner) is None:
            raise AttributeError(f"{owner.__name__} is no wire struct")
        return newest_view(owner).__wire__  # type: ignore[attr-defined, no-any-return]


class Wire(metaclass=ViewType):
    """Base of every struct with a history."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **values: Any) -> None: ...

    else:
        __wire__ = _NewestSpec()

        def __new__(cls, *args, **values):
            return object.__new__(newest_view(cls))

        def __reduce__(self):
            values = tuple(getattr(self, field.name) for field in self.__wire__.fields)
            return _again, (*self.__made__, values)


def _itself(cls: Any, *args: Any, **values: Any) -> Any:
    """How a view makes an object: what was declared would look for the newest one first."""
    return object.__new__(cls)


def _again(declared: Any, when: str, values: tuple[Any, ...]) -> Any:
    return view(declared, when)(*values)


@dataclass(frozen=True)
class Place:
    """One line of a declaration: an attribute, its annotation among those of its class, and its past."""

    name: str
    hints: Mapping[str, Any] = field(compare=False, repr=False)
    margin: Margin

    @property
    def hint(self) -> Any:
        """Its annotation, resolved."""
        return self.hints[self.name]

    def at(self, when: Release, prefix: tuple[str, str] | None) -> Field | None:
        """What stands there in a release."""
        state = self.margin.at(when)
        if state.is_gone:
            return None
        name = state.name or self.margin.own_name or self.name
        if prefix is not None and not state.is_exact:
            short, since = prefix
            name = name.removeprefix(short)
            if release(since).name in when.path:
                name = short + name
        return Field(name, _padding_of(self.hint, state) if state.is_padding else state.type or self.hint, state)


@dataclass(frozen=True)
class Field:
    """What a place is in one release: the C name, the annotation, whether it is a padding."""

    name: str
    hint: Any
    state: State


def _padding_of(hint: Any, state: State) -> Any:
    """The same bytes as a padding, which says nothing but what is in it."""
    base, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    kind = next((e for e in extras if isinstance(e, FieldType)), None)
    if isinstance(kind, Scalar):
        base = int
    marks = [] if state.type is SWABBED else [AS_SENT]
    return Annotated[(base, *([] if kind is None else [kind]), *marks)] if kind or marks else base


class StructHistory(History):
    """A struct or union through all releases."""

    def __init__(
        self, cls: Any, places: list[Place], size: Margin, options: dict[str, Margin], prefix: tuple[str, str] | None,
        short: Mapping[str, int],
    ) -> None:  # fmt: skip
        super().__init__(cls)
        self.places = [p for p in places if not p.margin.over]
        self.overlays = [p for p in places if p.margin.over]
        self.size, self.options, self.prefix, self.short = size, options, prefix, short
        self.is_union = issubclass(cls, WireUnion)

    @cached_property
    def has_magic(self) -> bool:
        """Whether a field, in some release, says by a number what the struct is."""
        hints = (hint for p in self.places for hint in (p.hint, *_types_of(p.margin)))
        return any(isinstance(extra, Magic) for hint in hints for extra in get_args(hint))

    def own_moments(self) -> set[str]:
        dated = [self.size, *self.options.values(), *(p.margin for p in (*self.places, *self.overlays))]
        found = {moment for margin in dated for moment in margin.moments}
        found |= {moment for p in self.places for number in _numbers_in(p.hint) for moment in moments_of(number)}
        return found | ({release(self.prefix[1]).name} if self.prefix else set())

    def inner(self) -> Iterable[History]:
        return (h for p in self.places for hint in (p.hint, *_types_of(p.margin)) for h in histories_in(hint))

    def exists(self, when: Release) -> bool:
        return not self.size.at(when).is_gone

    def c_name(self, when: Release) -> str:
        named = self.options.get("c_name")
        return (named.at(when).value if named is not None else None) or c_name_of(self.cls.__name__)

    def c_names(self) -> set[str]:
        return super().c_names() if "c_name" in self.options else {c_name_of(self.cls.__name__)}

    def names(self, when: Release) -> dict[str, str]:
        """Newest name -> name in a release, of the fields it has; paddings left out."""
        found = {p.name: p.at(when, self.prefix) for p in self.places}
        return {name: f.name for name, f in found.items() if f is not None and not f.state.is_padding}

    def make(self, when: Release) -> Any:
        size = self.size.at(when)
        if size.is_gone:
            return None
        places = {p: p.hint for p in self.places}
        fields = {p: f for p in places if (f := p.at(when, self.prefix)) is not None}
        names = self.names(when)
        # two places under one C name cannot be in one release: a misdated margin
        if len({f.name for f in fields.values()}) < len(fields):
            raise SchemaError(f"two fields of one name in {when.name}", path=self.cls.__name__)
        hints = {f.name: self._resolved(f.hint, names, when) for f in fields.values()}
        overlays = {p.name: p for p in self.overlays if p.margin.over in names and p.margin.at(when) is OWN}
        options = {name: margin.at(when).value for name, margin in self.options.items()}
        options = {name: value for name, value in options.items() if value is not None}
        if "text" in options:
            options["text"] = _text(options["text"], names)
        if self.is_union and "swab_as" in options:
            options["swab_as"] = names[options["swab_as"]]
        shape = size.value, tuple(hints.items()), tuple(overlays), tuple(names.items()), shape_of(options)
        found = self.views.get(shape)
        return found or self.shared(shape, self._class(int(size.value), hints, names, overlays, options, when))

    def _resolved(self, hint: Any, names: dict[str, str], when: Release) -> Any:
        """An annotation as it is in a release: views for histories, names and numbers of that time."""
        hint = resolve(hint, when)
        if get_origin(hint) is not Annotated:
            return hint
        base, *extras = get_args(hint)
        kept = [e for extra in extras if (e := self._extra(extra, names, when)) is not None]
        if _are(kept, extras):
            return hint
        return Annotated[(base, *kept)] if kept else base

    def _extra(self, extra: Any, names: dict[str, str], when: Release) -> Any:
        if isinstance(extra, Flex) and extra.count:
            return replace(extra, count=names[extra.count])
        if isinstance(extra, Given):
            mask = mask_at(extra.mask, when)
            return Given(names[extra.field], mask, extra.zero) if mask and extra.field in names else None
        if isinstance(extra, NamedWhere):
            return replace(extra, field=names[extra.field]) if extra.field in names else None
        if isinstance(extra, Magic):
            values = [n for n in (number_at(value, when) for value in extra.values) if n is not None]
            return Magic(*values) if values else None
        if isinstance(extra, Tag):
            return self._tag(extra, names, when)
        return extra

    def _tag(self, tag: Tag, names: dict[str, str], when: Release) -> Tag | None:
        owner = next((p.hint for p in self.places if _has_tag(p.hint, tag)), None)
        union = next(iter(histories_in(owner)), None)
        members = union.names(when) if isinstance(union, StructHistory) else {name: name for _, name in tag.members}
        found = tuple((number_at(n, when), members[name]) for n, name in tag.members if name in members)
        path = path_at(tag.field, {p.name: p.hint for p in self.places}, names, when)
        return Tag(path, found) if path and found else None

    def _class(
        self, size: int, hints: dict[str, Any], names: dict[str, str], overlays: dict[str, Place],
        options: dict[str, Any], when: Release,
    ) -> Any:  # fmt: skip
        cls = self.cls
        body: dict[str, Any] = {
            "__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__,
            "__annotations__": hints, "__made__": (cls, when.name), "__new__": _itself,
        }  # fmt: skip
        renamed = {newest: name for newest, name in names.items() if newest != name and newest not in hints}
        made: Any
        if self.is_union:
            made = wire_union(size=size, **options)(type(cls.__name__, (cls,), body | {"__slots__": ()}))
            made.__made__ = cls, when.name
        else:
            body |= {name: default_of(hint) for name, hint in hints.items()}
            body |= {names[p.name]: p.margin.usual for p in self.places if p.margin.usual is not None}
            body |= {n: Overlay(_scalar(p.hint), names[p.margin.over]) for n, p in overlays.items()}
            if renamed:
                body["__init__"] = _init(renamed)
            made = wire_struct(size=size, **options)(type(cls.__name__, (cls,), body))
        spec = made.__wire__
        for newest, name in renamed.items():
            setattr(made, newest, vars(made)[name])  # the slot's own descriptor: no slower under its second name
            spec.by_name[newest] = spec.by_name[name]
        return made


def renamed(old: Any, new: Any) -> dict[str, str] | None:
    """The fields of a view that another view of the same declaration has too: C name there -> C name here.

    None where the two are not views of one history.
    """
    (declared, before), (other, after) = (getattr(cls, "__made__", (cls, "")) for cls in (old, new))
    history = history_of(declared)
    if not isinstance(history, StructHistory) or declared is not other:
        return None
    places = [(p.at(release(before), history.prefix), p.at(release(after), history.prefix)) for p in history.places]
    names = {one.name: two.name for one, two in places if one is not None and two is not None}
    return names | {p.name: p.name for p in history.overlays}


def _init(renamed: dict[str, str]) -> Callable[..., None]:
    """A constructor that takes newest names too."""

    def __init__(self: Any, *args: Any, **values: Any) -> None:
        self.__attrs_init__(*args, **{renamed.get(name, name): value for name, value in values.items()})

    return __init__


def _types_of(margin: Margin) -> list[Any]:
    return [state.type for state in (margin.first, *(s for _, s in margin.changes)) if state.type is not None]


def _numbers_in(hint: Any) -> Iterable[Any]:
    """The numbers an annotation names: of the bits a field is given by, magics, values that choose a union's member."""
    for extra in get_args(hint) if get_origin(hint) is Annotated else ():
        if isinstance(extra, Given):
            yield extra.mask
        elif isinstance(extra, Magic):
            yield from extra.values
        elif isinstance(extra, Tag):
            yield from (number for number, _ in extra.members)


def _has_tag(hint: Any, tag: Tag) -> bool:
    return get_origin(hint) is Annotated and any(extra is tag for extra in get_args(hint))


def _scalar(hint: Any) -> Scalar:
    found = next((e for e in get_args(hint) if isinstance(e, Scalar)), None)
    if found is None:
        raise SchemaError(f"no integer type in annotation {hint!r}")
    return found


def resolve(hint: Any, when: Release) -> Any:
    """An annotation with every struct in it replaced by its view; enumerations stay what they are."""
    if isinstance(hint, type):
        return view(hint, when) if isinstance(history_of(hint), StructHistory) else hint
    if isinstance(hint, (Array, Flex)):
        element = resolve(hint.element, when)
        return hint if element is hint.element else replace(hint, element=element)
    if isinstance(hint, Struct):
        cls = resolve(hint.cls, when)
        return hint if cls is hint.cls else replace(hint, cls=cls)
    if isinstance(hint, FieldType):
        return hint
    origin = get_origin(hint)
    if origin is Annotated:
        args = get_args(hint)
        found = [resolve(arg, when) for arg in args]
        return hint if _are(found, args) else Annotated[tuple(found)]
    if origin is list:
        return list[resolve(get_args(hint)[0], when)]  # type: ignore[misc]  # computed
    return hint


def _are(found: Sequence[Any], those: Sequence[Any]) -> bool:
    """Whether they are the very same objects: typing takes its time to make an annotation anew."""
    return len(found) == len(those) and all(map(operator.is_, found, those))


def histories_in(hint: Any) -> list[History]:
    """The histories of the structs that an annotation, or what stands in it, names."""
    if isinstance(hint, type):
        found = history_of(hint)
        return [found] if isinstance(found, StructHistory) else []
    if isinstance(hint, (Array, Flex)):
        return histories_in(hint.element)
    if isinstance(hint, Struct):
        return histories_in(hint.cls)
    if isinstance(hint, FieldType):
        return []
    return [h for inner in get_args(hint) for h in histories_in(inner)]


def path_at(path: str, hints: Mapping[str, Any], names: Mapping[str, str], when: Release) -> str | None:
    """A dotted path written with newest names, as it is in a release; None where it leads nowhere there.

    Its last name may have the number of an element behind it: ``lr_name.name[0]``.
    """
    first, _, rest = path.partition(".")
    first, bracket, element = first.partition("[")
    if first not in names:
        return None
    if not rest:
        return f"{names[first]}{bracket}{element}"
    inner = next(iter(histories_in(hints[first])), None)
    if not isinstance(inner, StructHistory):
        return f"{names[first]}.{rest}"
    found = path_at(rest, {p.name: p.hint for p in inner.places}, inner.names(when), when)
    return f"{names[first]}.{found}" if found else None


def default_of(hint: Any) -> Any:
    """Nothing set: 0, no bytes or as many zeros as the field has, a fresh struct."""
    base, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    kind = next((e for e in extras if isinstance(e, FieldType)), None)
    if isinstance(kind, (Array, Flex)):
        if base is bytes:
            return bytes(kind.size)
        count = kind.count if isinstance(kind, Array) else kind.minimum
        element = as_type(kind.element)
        return [0 if isinstance(element, Scalar) else kind.element() for _ in range(count)]
    if kind is not None and not isinstance(kind, Scalar):
        size = kind.size
        return bytes(size) if isinstance(base, type) and issubclass(base, bytes) else base()
    return base(0) if isinstance(base, type) and issubclass(base, int) else base()


def _text(text: str | tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """The pieces whose fields a release has, with its names."""
    pieces = (text,) if isinstance(text, str) else text
    there = [piece for piece in pieces if all(name in names for name in re.findall(r"\{(\w+)", piece))]
    return tuple(re.sub(r"\{(\w+)", lambda m: "{" + names[m[1]], piece) for piece in there)


def history(
    *,
    size: int | Mapping[Any, int | None],
    prefix: tuple[str, str] | None = None,
    short: Mapping[str, int] | None = None,
    c_name: str | Mapping[Any, str] | None = None,
    byteorder: Order = "sender",
    swab: bool | Mapping[Any, bool] = True,
    swab_as: str | None = None,
    told: ByValue | None = None,
    text: str | tuple[str, ...] | Mapping[Any, str | tuple[str, ...]] = (),
) -> Callable[[type[_T]], type[_T]]:
    """Declare a C struct (a class derived from `Wire`) or union (from `WireUnion`) through all releases.

    Options that may change are given by release, as `lustre_wire.schema.margins.dated` reads them.

    Args:
        size: sizeof() in bytes; None from where it is gone. Checked when a view is made, as annotations are.
        prefix: what the C names of all fields begin with, and since when; attributes are written with it.
        short: shorter forms that travel at the same time, and what decides it: ``{"without LVB_TYPE": 40}``.
        c_name: the C name, where it does not follow from the class name.
        byteorder, swab, text: as for `wire_struct`; pieces of the text whose fields a release has not are left out.
        swab_as, told: as for `wire_union`.

    Raises:
        SchemaError: a margin names no release.
    """

    def build(cls: type[_T]) -> type[_T]:
        is_union = issubclass(cls, WireUnion)
        if not is_union and not issubclass(cls, Wire):
            raise SchemaError("a struct with a history derives from Wire or WireUnion", path=cls.__name__)
        hints = Hints(cls)
        places = [Place(name, hints, margin_of(vars(cls).get(name))) for name in hints]
        left_out = {*hints, *_KEPT_OUT}
        body = {name: value for name, value in vars(cls).items() if name not in left_out}
        if is_union:
            body |= {"__wire__": _NewestSpec(), "__new__": Wire.__new__, "__reduce__": _union_reduce}
        made: Any = type(cls.__name__, cls.__bases__, body | {"__slots__": ()})
        options: dict[str, Any] = {"c_name": c_name, "byteorder": byteorder}
        options |= {"swab_as": swab_as, "told": told} if is_union else {"swab": swab, "text": text}
        margins = {name: lasting(value) for name, value in options.items() if value is not None}
        made.__history__ = StructHistory(made, places, lasting(size), margins, prefix, short or {})
        announce(made)
        return made  # type: ignore[no-any-return]  # the class, made anew

    return build


def same_bytes(
    declared: Any, *, size: int | Mapping[Any, int | None] | None = None, c_name: str = "",
    byteorder: Order | None = None, text: str | tuple[str, ...] = (), **hints: Any,
) -> Callable[[type[_T]], type[_T]]:  # fmt: skip
    """Declare what another struct is where some of its fields mean something else; the class derives from that one.

    Args:
        declared: the struct.
        size: as for `history`, where it is not in all releases that have the struct.
        c_name: the C name, where it is the same struct in C; a dialect's struct of that name is the other one.
        byteorder: as for `history`, where it is another one.
        text: as for `history`.
        hints: the annotations of those fields.

    Raises:
        SchemaError: no struct with a history, or no such field.
    """
    of = history_of(declared)
    if not isinstance(of, StructHistory) or not hints.keys() <= {place.name for place in of.places}:
        raise SchemaError(f"expected fields of a struct with a history, got {', '.join(hints)}")

    def build(cls: type[_T]) -> type[_T]:
        body = {name: value for name, value in vars(cls).items() if name not in _KEPT_OUT}
        made: Any = type(cls.__name__, cls.__bases__, body | {"__slots__": ()})
        places = [Place(p.name, {p.name: hints.get(p.name, p.hint)}, p.margin) for p in (*of.places, *of.overlays)]
        options = {name: margin for name, margin in of.options.items() if name != "c_name"} | {"text": lasting(text)}
        said = {"byteorder": byteorder, "c_name": c_name or None}
        options |= {name: lasting(value) for name, value in said.items() if value is not None}
        made.__history__ = StructHistory(
            made, places, of.size if size is None else lasting(size), options, of.prefix, of.short
        )  # fmt: skip
        announce(made)
        return made  # type: ignore[no-any-return]  # the class, made anew

    return build


def amend(declared: Any, field: str, when: str, *, name: str = "", type: Any = None) -> None:
    """Change a field of a struct on a vendor's branch, which `lustre_wire.schema.releases.branch` made.

    Args:
        declared: the class with the history.
        field: the attribute.
        when: the branch, of which there are no views yet.
        name: the C name there; "" for no field of that name.
        type: another annotation of the same size.

    Raises:
        SchemaError: no such field.
    """
    history = history_of(declared)
    places = {p.name: p for p in history.places} if isinstance(history, StructHistory) else {}
    if field not in places:
        raise SchemaError(f"no field {field!r}", path=declared.__name__)
    places[field].margin.amend(State(name, type, is_gone=not name, is_exact=True), when)
    changed()


def _union_reduce(self: Any) -> Any:
    return _again, (*self.__made__, (self.raw,))
