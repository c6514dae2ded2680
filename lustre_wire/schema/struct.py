"""`wire_struct`: a C struct declared as a Python class.

The decorator turns an annotated class into an attrs class with slots and hangs a `StructSpec` on it (``cls.__wire__``),
from which everything else is derived: engines, layout tables, JSON form, C plans, Hypothesis strategies.
"""

from __future__ import annotations

import copy
import inspect
import operator
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import CodeType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    TypeAlias,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
)

import attrs

from lustre_wire.errors import SchemaError
from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.nodes import Form, Group, Node, Order, Overlap, Repeat, swapped_in
from lustre_wire.schema.shown import Called, Given, Magic, NamedBy, NamedWhere, Pieces, Shown
from lustre_wire.schema.types import AsSent, ByValue, CellType, FieldType, Flex, Hole, Scalar, Struct, Tag
from lustre_wire.schema.types.named import Named

EnumClass: TypeAlias = "type[WireFlag] | type[WireEnum]"
_T = TypeVar("_T")


@dataclass(frozen=True)
class FieldSpec:
    """One field of a wire struct: where it is, how it travels, how it is read. Offsets and sizes in bytes."""

    name: str
    offset: int
    type: FieldType
    enum: EnumClass | None = None
    tag: Tag | None = None
    shown: Shown | None = None
    given: Given | None = None
    magic: tuple[int, ...] = ()
    pieces: Pieces | None = None
    called: Called | None = None
    named_by: NamedBy | None = None
    named_where: NamedWhere | None = None

    @property
    def size(self) -> int:
        return self.type.size

    @property
    def hole(self) -> bool:
        """Whether it is bytes that the C compiler left, and no field of the C struct."""
        return isinstance(self.type, Hole)

    def lower(self, at: int, order: Order) -> Node:
        """The field as a node of a struct that begins at `at` and is in byte order `order`."""
        kind: FieldType = self.type
        if self.enum is not None and isinstance(kind, CellType) and kind.form is Form.NUMBER:
            kind = Named(kind, self.enum)
        return kind.lower(self.name, at + self.offset, order, self)


@dataclass(frozen=True)
class StructSpec:
    """What a declaration says.

    `order` is "sender" (byte order of the message), or the fixed "little" or "big". `swab` is False where Lustre has no
    swab function for the struct standing alone: such a buffer stays as sent (nested in another struct its fields are
    swapped as declared). `size` is sizeof() in bytes, without what a flexible tail adds. `text` says how people write a
    value of it, or is empty (see `wire_struct`). `told` says which member of a union counts, where its bytes do.
    """

    cls: type
    name: str
    size: int
    order: Order
    swab: bool
    fields: tuple[FieldSpec, ...]
    overlays: tuple[FieldSpec, ...] = ()
    swab_as: str | None = None
    is_union: bool = False
    text: tuple[str, ...] = ()
    told: ByValue | None = None
    by_name: dict[str, FieldSpec] = field(default_factory=dict, compare=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """The declaration of a class is one object; that of a view is found by way of a value."""
        return spec_of, (self.cls() if "__made__" in vars(self.cls) else self.cls,)

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        """The struct as a node at offset `at` of another one; a byte order that its format fixes wins."""
        return self._lowered(name, at, order if self.order == "sender" else self.order, field)

    def _lowered(self, name: str, at: int, order: Order, field: Any) -> Node:
        if self.is_union:
            return Overlap(name, at, self.size, order, self.cls, self._swab, self._views, field)
        return Group(name, at, self.size, order, self.cls, tuple(f.lower(at, order) for f in self.fields), field)

    @cached_property
    def node(self) -> Any:
        """The struct by itself, a `Group` (a union: an `Overlap`), in whatever byte order it is read in."""
        return self._lowered(self.name, 0, "sender", None)

    @cached_property
    def alone(self) -> Any:
        """The struct where it fills a buffer: without a swab function of its own it stays as sent."""
        return self.lower(self.name, 0, "sender" if self.swab else "sent")

    @cached_property
    def members(self) -> dict[str, Node]:
        """The fields (of a union the members) as nodes, by name."""
        return {node.name: node for node in (self.node.views if self.is_union else self.node.members)}

    @cached_property
    def _views(self) -> tuple[Node, ...]:
        return tuple(f.lower(0, "little") for f in self.fields)

    @cached_property
    def _swab(self) -> tuple[tuple[int, int], ...]:
        """What the union's receiver turns: the fields of the member it swaps by."""
        return tuple(swapped_in(self.by_name[self.swab_as].lower(0, "sender"))) if self.swab_as is not None else ()

    @cached_property
    def values(self) -> Callable[[Any], Any]:
        """A function that gives an object's values, to compare."""
        return operator.attrgetter(*(f.name for f in self.fields)) if self.fields else lambda obj: ()

    @cached_property
    def telling(self) -> tuple[slice, dict[bytes, str], str] | None:
        """Of a union whose bytes tell which member counts: which bytes, the members by them, and the one otherwise."""
        if self.told is None:
            return None
        start = self._place(self.told.field).start
        stop = self._place(self.told.last or self.told.field).stop
        members = {int(value).to_bytes(stop - start, "little"): member for value, member in self.told.members}
        return slice(start, stop), members, self.told.other

    def _place(self, path: str) -> slice:
        """Where a number in a member lies."""
        name, *rest = path.split(".")
        node: Any = self.members[name]
        at = node.offset
        for part in rest:
            node = node.cls.__wire__.members[part]
            at += node.offset
        return slice(at, at + node.width)

    @cached_property
    def says_pieces(self) -> FieldSpec | None:
        """The field whose elements say where pieces of the bytes lie (`Pieces`)."""
        return next((f for f in self.fields if f.pieces is not None), None)

    @property
    def tail(self) -> Repeat | None:
        """What makes the length depend on the buffer: the struct's own or its last member's flexible array."""
        found: Repeat | None = None if self.is_union else self.node.tail
        return found


class Overlay:
    """A second C name for the first bytes of a field: the other member of an anonymous union.

    Declared as ``cr_markerflags: ClassVar[Overlay] = Overlay(U32, over="cr_tfid")``; read and written
    like any attribute.
    """

    def __init__(self, type: Scalar, over: str) -> None:  # the declaration reads best this way
        self.type = type
        self.over = over

    def _first(self, obj: Any) -> tuple[Any, str]:
        name = self.over
        value = getattr(obj, name)
        while hasattr(value, "__wire__"):
            obj, name = value, value.__wire__.fields[0].name
            value = getattr(obj, name)
        return obj, name

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        inner, name = self._first(obj)
        return getattr(inner, name) & ((1 << 8 * self.type.size) - 1)

    def __set__(self, obj: Any, value: int) -> None:
        inner, name = self._first(obj)
        mask = (1 << 8 * self.type.size) - 1
        setattr(inner, name, (getattr(inner, name) & ~mask) | (value & mask))


def c_name_of(class_name: str) -> str:
    """``MdtRecCreate`` -> ``mdt_rec_create``: the C name a class stands for unless its declaration says otherwise."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def parse_annotation(path: str, name: str, hint: Any, offset: int = 0) -> FieldSpec:
    """What one annotation says: field type, enumeration class, union tag, and how the value is read.

    Raises:
        SchemaError: the annotation says no wire type.
    """
    base, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    marks: dict[type, Any] = {type(extra): extra for extra in reversed(extras)}
    kind = next((e for e in extras if isinstance(e, FieldType)), None)
    if kind is None:
        if not hasattr(base, "__wire__"):
            raise SchemaError(f"no wire type in annotation {hint!r}", path=path)
        kind = Struct(base.__wire__.cls)  # of a history the newest view
    if AsSent in marks:
        kind = kind.as_sent()
    is_enum = isinstance(base, type) and issubclass(base, (WireFlag, WireEnum))
    tag, shown, given, pieces, called, by, where = map(marks.get, _MARKS)
    magic = marks[Magic].values if Magic in marks else ()
    return FieldSpec(
        name, offset, kind, base if is_enum else None, tag, shown, given, magic, pieces, called, by, where
    )  # fmt: skip


_MARKS: Final = (Tag, Shown, Given, Pieces, Called, NamedBy, NamedWhere)


class Hints(Mapping[str, Any]):
    """The class's own annotations, in order, class variables left out; each is resolved when it is first asked for.

    Most of what is declared is not used in a run, and resolving is most of what a declaration costs.
    """

    def __init__(self, cls: type) -> None:
        self._cls, self._own = cls, dict(vars(cls))
        self._said = {n: a for n, a in inspect.get_annotations(cls).items() if not _is_class_variable(a)}
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Raises: SchemaError: the annotation cannot be resolved."""
        if name not in self._known:
            self._known[name] = self._resolved(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

    def __len__(self) -> int:
        return len(self._said)

    def _resolved(self, name: str) -> Any:
        cls, said = self._cls, self._said[name]
        if not isinstance(said, str):
            return said
        names = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
        if said in names and said not in self._own:  # most annotations are one name
            return names[said]
        try:
            return eval(_code(said), names, self._own)
        except (NameError, AttributeError, TypeError, SyntaxError) as error:
            raise SchemaError(f"cannot resolve an annotation: {error}", path=f"{cls.__name__}.{name}") from None


def _is_class_variable(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.removeprefix("typing.").startswith("ClassVar")
    return annotation is ClassVar or get_origin(annotation) is ClassVar


@lru_cache(maxsize=1024)
def _code(annotation: str) -> CodeType:
    """An annotation compiled: most of a dialect's fields share a few."""
    return compile(annotation, "<annotation>", "eval")


def _default_of(value: Any) -> Any:
    """An attrs default: mutable values (nested structs, lists and what is in them) are made anew for each instance."""
    if isinstance(value, list):
        if all(isinstance(element, (int, bytes, str)) for element in value):
            return attrs.Factory(value.copy)
        return attrs.Factory(lambda: [copy.deepcopy(element) for element in value])
    if hasattr(type(value), "__wire__"):
        made: Callable[[], Any] = type(value) if value == type(value)() else lambda: copy.deepcopy(value)
        return attrs.Factory(made)
    return value


def specs_of(cls: type, hints: Mapping[str, Any], *, union: bool) -> tuple[FieldSpec, ...]:
    """Field specifications in declaration order; members of a union all begin at 0."""
    out: list[FieldSpec] = []
    offset = 0
    for name, hint in hints.items():
        if out and isinstance(out[-1].type, Flex) and not union:
            raise SchemaError("a flexible array must be the last field", path=f"{cls.__name__}.{out[-1].name}")
        out.append(parse_annotation(f"{cls.__name__}.{name}", name, hint, 0 if union else offset))
        offset += out[-1].size
    return tuple(out)


@dataclass_transform(field_specifiers=(attrs.field,))
def wire_struct(
    *,
    size: int,
    c_name: str | None = None,
    byteorder: Order = "sender",
    swab: bool = True,
    text: str | tuple[str, ...] = (),
) -> Callable[[type[_T]], type[_T]]:
    """Declare a wire struct.

    Args:
        size: sizeof() in bytes, checked now.
        c_name: the C struct's name, where it does not follow from the class name.
        byteorder: "sender" for the message's byte order, "little" or "big" where the format fixes it.
        swab: False where Lustre has no swab function for the struct standing alone.
        text: how people write a value, where a list of its fields is not it: ``"{name}"`` stands for the field as
            shown, ``"{name:spec}"`` for its number formatted that way, ``"{name[0]:spec}"`` for an element's. Of
            several pieces those are left out whose fields are all zero or empty, except the first.

    Raises:
        SchemaError: when the fields do not add up to `size`, or an annotation says no wire type.
    """

    def build(cls: type[_T]) -> type[_T]:
        hints = Hints(cls)
        fields = specs_of(cls, hints, union=False)
        total = sum(f.size for f in fields)
        if total != size:
            raise SchemaError(f"declared size {size}, but the fields take {total} bytes", path=cls.__name__)
        overlays = tuple(
            FieldSpec(name, next(f.offset for f in fields if f.name == o.over), o.type)
            for name, o in vars(cls).items()
            if isinstance(o, Overlay)
        )
        made: Any = _slotted(cls, fields)
        pieces = (text,) if isinstance(text, str) else text
        spec = StructSpec(made, c_name or c_name_of(cls.__name__), size, byteorder, swab, fields, overlays, text=pieces)
        spec.by_name.update({f.name: f for f in fields})
        made.__wire__ = spec
        announce(made)
        return made  # type: ignore[no-any-return]  # the class, made anew

    return build


def _slotted(cls: Any, fields: Sequence[FieldSpec]) -> Any:
    """The class with slots, as attrs makes it but for what attrs generates, which is made when it is first used."""
    names = [f.name for f in fields]
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    left_out = {*names, "__dict__", "__weakref__"}
    body = {name: value for name, value in vars(cls).items() if name not in left_out}
    body = {"__repr__": _repr, **body, "__eq__": _equal, "__hash__": hash_by_value, "__match_args__": tuple(names)}
    body["__slots__"] = (*names, *(() if cls.__base__.__weakrefoffset__ else ("__weakref__",)))
    init = "__attrs_init__" if "__init__" in body else "__init__"
    body |= {name: _Generated(name, init, names, defaults) for name in (init, "__attrs_attrs__")}
    return type(cls)(cls.__name__, cls.__bases__, body)


class _Generated:
    """What attrs generates for a struct: most of those that are declared are never made an object of."""

    def __init__(self, name: str, init: str, fields: Sequence[str], defaults: Mapping[str, Any]) -> None:
        self.name, self._init, self._fields, self._defaults = name, init, fields, defaults

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        cls: Any = self._owner
        if vars(cls)[self.name] is self:
            usual = {name: _default_of(value) for name, value in self._defaults.items()}
            these = {name: attrs.field(default=usual.get(name, attrs.NOTHING)) for name in self._fields}
            named = {name: getattr(cls, name) for name in ("__module__", "__qualname__", "__annotations__")}
            made = attrs.define(type(cls.__name__, (), named), these=these, order=False, repr=False, eq=False)
            setattr(cls, self._init, vars(made)["__init__"])
            cls.__attrs_attrs__ = vars(made)["__attrs_attrs__"]
        return getattr(cls if obj is None else obj, self.name)


_declared: list[type] = []
_watchers: list[Callable[[type], object]] = []


def announce(cls: type) -> None:
    """Register a class that was just declared."""
    _declared.append(cls)
    for watcher in _watchers:
        watcher(cls)


def each_declared(watcher: Callable[[type], object]) -> None:
    """Call `watcher` with every wire struct and union declared so far, and with each one declared from now on."""
    _watchers.append(watcher)
    for cls in _declared:
        watcher(cls)


def _repr(obj: Any) -> str:
    values = ", ".join(f"{field.name}={getattr(obj, field.name)!r}" for field in spec_of(obj).fields)
    return f"{type(obj).__qualname__}({values})"


def _equal(obj: Any, other: Any) -> Any:
    if other.__class__ is not obj.__class__:
        return NotImplemented
    values = obj.__wire__.values
    return values(obj) == values(other)


def hash_by_value(obj: Any) -> int:
    """The hash of a wire struct, or of a view of one: that of its values, all of which must have one."""
    return hash(tuple([getattr(obj, field.name) for field in obj.__wire__.fields]))


def spec_of(cls: Any) -> StructSpec:
    """The declaration behind a wire struct class or instance.

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    spec = getattr(cls, "__wire__", None)
    if not isinstance(spec, StructSpec):
        what = cls.__qualname__ if isinstance(cls, type) else type(cls).__name__
        raise SchemaError(f"{what} is not a wire struct")
    return spec


def field_at(cls: Any, path: str) -> tuple[int, FieldSpec]:
    """Where a field of a wire struct lies, in bytes, and its declaration; nested names are dotted.

    Raises:
        SchemaError: no such field.
    """
    spec, offset = spec_of(cls), 0
    *outer, last = path.split(".")
    for name in outer:
        inner = spec.by_name.get(name)
        if inner is None or not isinstance(inner.type, Struct):
            raise SchemaError(f"no struct {name!r}", path=spec.name)
        offset, spec = offset + inner.offset, spec_of(inner.type.cls)
    found = spec.by_name.get(last)
    if found is None:
        raise SchemaError(f"no field {last!r}", path=spec.name)
    return offset + found.offset, found
