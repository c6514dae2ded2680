"""`rpc`: the buffers of one operation's request and reply, declared in wire order.

::

    @rpc(Opcode.MDS_REINT, name="MDS_REINT/LINK", match={"rec.lk_opcode": MdsReint.REINT_LINK}, portal=12)
    class MdsReintLink:
        class Request(Buffers):
            rec: MdsRecLink | None = slot()
            name: CString | None = slot()
            dlm_req: LdlmRequest | None = slot(optional=True, omit=True, when="OBD_CONNECT_CANCELSET was granted")

        class Reply(Buffers):
            mds_body: MdsBody | None = slot()

A slot is None when its buffer is absent or has no bytes. Buffer 0 of a lustre_msg v2, the ptlrpc_body, belongs to every
message and is not declared.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    TypeAlias,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

from lustre_wire.errors import SchemaError, WireError
from lustre_wire.schema.conditions import (
    Absent as Absent,
)
from lustre_wire.schema.conditions import (
    Bits as Bits,
)
from lustre_wire.schema.conditions import (
    Condition as Condition,
)
from lustre_wire.schema.conditions import (
    Counted as Counted,
)
from lustre_wire.schema.conditions import (
    Equal as Equal,
)
from lustre_wire.schema.conditions import (
    Length as Length,
)
from lustre_wire.schema.conditions import (
    Match as Match,
)
from lustre_wire.schema.conditions import (
    NonZero as NonZero,
)
from lustre_wire.schema.conditions import (
    Prefix as Prefix,
)
from lustre_wire.schema.conditions import (
    Uncounted as Uncounted,
)
from lustre_wire.schema.holds import Beginning, Cases, Chosen, Content, Held, Parts, Records, nodes_of, options_of
from lustre_wire.schema.nodes import Cell, Group, Node, Overlap, Repeat
from lustre_wire.schema.struct import FieldSpec, Hints, parse_annotation
from lustre_wire.schema.types import (
    Blob as Blob,
)
from lustre_wire.schema.types import (
    FieldType,
    Scalar,
    Struct,
)
from lustre_wire.schema.types import (
    FixedText as FixedText,
)
from lustre_wire.schema.types import (
    Items as Items,
)
from lustre_wire.schema.types import (
    Names as Names,
)
from lustre_wire.schema.types import (
    Text as Text,
)
from lustre_wire.schema.views import ViewType

_T = TypeVar("_T")


CString: TypeAlias = Annotated[bytes, Text()]
Opaque: TypeAlias = Annotated[bytes, Blob()]


@dataclass(frozen=True)
class SlotSpec:
    """One declared buffer. `index` is its place in a lustre_msg v2 (v1: one less)."""

    name: str
    index: int
    type: FieldType
    optional: bool
    omit: bool
    when: str
    room: int
    minimum: int
    present: Match | None
    holds: Any = None
    line: tuple[str, ...] = ()
    """Of a struct how people write it in this place, where that is not what it says of itself."""
    field: FieldSpec | None = None
    """Of a number how people read it, where the annotation says so."""

    @cached_property
    def node(self) -> Node:
        """What fills the buffer."""
        return self.type.buffer(self.name) if self.field is None else self.field.lower(0, "sender")

    @property
    def least(self) -> int:
        """Bytes that a receiver is content with."""
        return self.minimum or self.type.least

    @cached_property
    def held(self) -> Held | Chosen | Cases | Parts:
        """What it may hold: nodes that fill a buffer, or what says them."""
        if isinstance(self.holds, (Chosen, Cases, Parts)):
            return self.holds
        return nodes_of(self.holds) if self.holds is not None else ()

    def held_beside(self, buffers: Any, asked: Any = None) -> Held:
        """What it may hold beside the values of the other buffers of its message.

        Args:
            asked: of a reply the buffers of its request, where they are known.
        """
        held = self.held
        if isinstance(held, (tuple, Records, Beginning, Content)):
            return held
        if isinstance(held, Chosen):
            beside = asked if held.asked else buffers
            return held.of_key(getattr(beside, held.by)) if hasattr(beside, held.by) else ()
        return held.of_buffers(buffers) if isinstance(held, Cases) else ()

    @property
    def asks(self) -> bool:
        """Whether its request says what it holds."""
        return isinstance(self.holds, (Chosen, Records)) and bool(self.holds.asked)

    @cached_property
    def with_records(self) -> bool:
        """Whether it may hold records."""
        return any(isinstance(one, Records) for one in options_of(self.holds))

    @property
    def struct(self) -> Any:
        """The class of the struct that fills it, or None."""
        return self.node.cls if isinstance(self.node, Group) else None

    @property
    def structs(self) -> Any:
        """The class of the structs that it is an array of, or None."""
        return self.node.node.cls if isinstance(self.node, Repeat) and isinstance(self.node.node, Group) else None

    @cached_property
    def text(self) -> bool:
        """Whether it is a string of any length that ends with a NUL."""
        return isinstance(self.node, Cell) and not self.node.width and bool(self.node.kind.ending)

    @cached_property
    def string(self) -> bool:
        """Whether it is bytes of any length: a string, or opaque ones."""
        return isinstance(self.node, Cell) and not self.node.width

    @property
    def opaque(self) -> bool:
        """Whether it is bytes without a declared inside, of any length."""
        return self.string and not self.text

    @cached_property
    def looked_into(self) -> bool:
        """Whether what it holds is more than its type says: opaque bytes, or a union of which others say what it is."""
        return self.opaque or (isinstance(self.node, Overlap) and self.holds is not None)

    @property
    def may_be_empty(self) -> bool:
        """Whether a correct sender may leave it without bytes."""
        return self.optional or self.present is not None or (self.opaque and not self.type.size)


@dataclass(frozen=True)
class _Slot:
    optional: bool = False
    omit: bool = False
    when: str = ""
    room: int = 0
    minimum: int = 0
    present: Match | None = None
    holds: Any = None
    line: tuple[str, ...] = ()


def slot(
    *,
    optional: bool = False,
    omit: bool = False,
    when: str = "",
    room: int = 0,
    minimum: int = 0,
    present: Match | None = None,
    holds: Any = None,
    line: tuple[str, ...] = (),
) -> Any:
    """Say more about a buffer than its type.

    Args:
        optional: a correct sender may leave it without bytes.
        omit: without bytes in it and in all behind it, neither it nor they are even counted (otherwise it is, with
            length 0).
        when: in words, what decides that it has bytes.
        room: bytes some correct sender reserves for it, where that is more than its struct's size.
        minimum: bytes a receiver is content with, where that is less than its struct's size.
        present: the buffer only exists if these conditions on earlier buffers hold; if not, later ones move down and
            an empty one is put at the end.
        holds: what an opaque buffer may hold: a wire struct, several that their magics tell apart, a scalar type,
            `Records`, a `Beginning`, `Content`, a `Chosen` or `Cases` of these, or `Parts`. For whoever looks into it;
            the buffer's value stays bytes. Of a union that receivers swap by what they find in it: which struct that
            is.
        line: how people write the struct in this place, as the ``text`` of `wire_struct`: some of its fields mean
            something else here.
    """
    return _Slot(optional or omit, omit, when, room, minimum, present, holds, line)


@dataclass_transform(field_specifiers=(slot,))
class Buffers(metaclass=ViewType):
    """Base of the request and reply classes; the fields are the buffers in wire order.

    Instances are made and compared slot by slot here, since there are hundreds of these classes and few are ever made
    by hand: methods of their own would cost more than the rest of loading a dialect.
    """

    __slots__ = ()
    __slot_specs__: ClassVar[tuple[SlotSpec, ...]] = ()

    if not TYPE_CHECKING:

        def __init__(self, *args: Any, **values: Any) -> None:
            names = [spec.name for spec in self.__slot_specs__]
            given = dict(zip(names, args, strict=False)) | values if args else values
            if len(given) != len(args) + len(values) or not given.keys() <= set(names):
                raise TypeError(f"{type(self).__qualname__} takes the buffers {', '.join(names) or 'none'}")
            for name in names:
                setattr(self, name, given.get(name))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, spec.name) == getattr(other, spec.name) for spec in self.__slot_specs__)

    __hash__ = None  # type: ignore[assignment]  # values change

    def __repr__(self) -> str:
        values = ", ".join(f"{spec.name}={getattr(self, spec.name)!r}" for spec in self.__slot_specs__)
        return f"{type(self).__qualname__}({values})"


def without_none(hint: Any) -> Any:
    """A buffer's annotation without the None that says it may be absent."""
    if get_origin(hint) in (Union, types.UnionType):
        options = [a for a in get_args(hint) if a is not type(None)]
        return options[0] if len(options) == 1 else hint
    return hint


def _slot_type(path: str, hint: Any) -> FieldType:
    hint = without_none(hint)
    if get_origin(hint) is list:
        (element,) = get_args(hint)
        return Items(_slot_type(path, element))
    if get_origin(hint) is Annotated:
        kinds = [a for a in get_args(hint)[1:] if isinstance(a, FieldType)]
        if kinds:
            return kinds[0]
    if hasattr(hint, "__wire__"):
        return Struct(hint)
    raise SchemaError(f"no buffer type in annotation {hint!r}", path=path)


def buffers(cls: type) -> type[Buffers]:
    """Make one side of an RPC from the declaration of its buffers; `rpc` does this for the classes it decorates.

    A class that several operations share is decorated itself, and made once: ``Reply = MdsLastUnlinkServer``.

    Raises:
        SchemaError: an annotation that says no buffer type, or a buffer without ``slot()``.
    """
    if issubclass(cls, Buffers) and "__slot_specs__" in vars(cls):
        return cls
    specs = []
    for index, (name, hint) in enumerate(Hints(cls).items(), 1):
        said = cls.__dict__.get(name)
        if not isinstance(said, _Slot):
            path = f"{cls.__qualname__}.{name}"
            raise SchemaError("a buffer is declared as `name: type | None = slot(...)`", path=path)
        path, hint = f"{cls.__qualname__}.{name}", without_none(hint)
        kind, options = _slot_type(path, hint), {f: getattr(said, f) for f in _Slot.__dataclass_fields__}
        field = parse_annotation(path, name, hint, 0) if isinstance(kind, Scalar) else None
        told = field is not None and (field.enum is not None or field.shown is not None)
        specs.append(SlotSpec(name, index, kind, **options, field=field if told else None))
    names = [spec.name for spec in specs]
    left_out = {*names, "__dict__", "__weakref__"}
    body = {name: value for name, value in vars(cls).items() if name not in left_out}
    body |= {"__slots__": tuple(names), "__slot_specs__": tuple(specs), "__qualname__": cls.__qualname__}
    return type(cls.__name__, cls.__bases__ if issubclass(cls, Buffers) else (Buffers,), body)


class _NoBuffers(Buffers):
    """A side that has only the ptlrpc_body."""

    __slots__ = ()


@dataclass(frozen=True, repr=False)
class RpcFormat:
    """The declared form of one operation.

    Attributes:
        name: as in the format tables, e.g. ``LDLM_ENQUEUE/INTENT_OPEN``.
        opcode: value of pb_opc.
        version: service class in the high half of pb_version, or 0.
        match: what tells it from the other formats of its opcode.
        request, reply: the buffers.
        portal, reply_portal, bulk_portal: LNet portals, None where there is none.
        also_on: further portals the request is accepted on.
        variant: empty for the dialect's own form; otherwise who sends this one.
        note: what else a reader should know.
        bulk_holds: what the bulk data are, where they are no file's content; `Cases` where numbers of the request
            decide.
        within: the opcode of the message it travels inside of, among others: in an MDS_BATCH as a lustre_msg without a
            ptlrpc_body, in an OUT_UPDATE as an update, whose number `opcode` is then; None for a message of its own.
    """

    name: str
    opcode: int
    version: int
    match: Match
    request: type[Buffers]
    reply: type[Buffers]
    portal: int | None
    reply_portal: int | None
    also_on: tuple[int, ...] = ()
    bulk_portal: int | None = None
    bulk: str = ""
    variant: str = ""
    note: str = ""
    status: str = ""
    bulk_holds: Records | Cases | None = None
    within: int | None = None
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False, hash=False)

    @property
    def key(self) -> str:
        """The name, with the variant in parentheses where there is one."""
        return f"{self.name} ({self.variant})" if self.variant else self.name

    def bulk_of(self, buffers: Any) -> Records | None:
        """What the bulk data are beside the buffers of the request.

        Raises:
            WireError: buffers of something else.
        """
        if not isinstance(buffers, self.request):
            raise WireError(f"expected {self.request.__qualname__}, got {type(buffers).__qualname__}", path="buffers")
        held: Any = self.bulk_holds.of_buffers(buffers) if isinstance(self.bulk_holds, Cases) else self.bulk_holds
        return held if isinstance(held, Records) else None

    @cached_property
    def asks(self) -> bool:
        """Whether a request says what its reply holds."""
        return any(slot.asks for slot in self.reply.__slot_specs__)

    @cached_property
    def bulk_is_told_by_reply(self) -> bool:
        """Whether the reply says what the bulk data are."""
        return any(isinstance(one, Records) and bool(one.width) for one in options_of(self.bulk_holds))

    def __repr__(self) -> str:
        return f"<RpcFormat {self.key}>"


def rpc(
    opcode: int,
    *,
    name: str = "",
    version: int = 0,
    match: Match | None = None,
    portal: int | None = None,
    reply_portal: int | None = None,
    also_on: tuple[int, ...] = (),
    bulk_portal: int | None = None,
    bulk: str = "",
    variant: str = "",
    note: str = "",
    status: str = "",
    bulk_holds: Records | Cases | None = None,
    within: int | None = None,
) -> Callable[[type[_T]], type[_T]]:
    """Declare the buffers of an operation; the decorated class holds ``Request`` and ``Reply``, both optional.

    The class gets an attribute ``__rpc__`` (`RpcFormat`). Arguments as in `RpcFormat`; `name` is the opcode's own name
    unless given; `bulk` says who moves the bulk data, as "server PUT" or "server GET"; `status` is empty for an
    operation in use, otherwise why no message of it is seen ("never sent", "reserved" …).

    Raises:
        SchemaError: an annotation that says no buffer type.
    """

    def build(cls: type[_T]) -> type[_T]:
        sides = {}
        for side in ("Request", "Reply"):
            declared = cls.__dict__.get(side)
            sides[side] = buffers(declared) if declared is not None else _NoBuffers
            setattr(cls, side, sides[side])
        made = RpcFormat(
            name or getattr(opcode, "name", str(opcode)), int(opcode), version, match or {}, sides["Request"],
            sides["Reply"], portal, reply_portal, also_on, bulk_portal, bulk, variant, note, status, bulk_holds, within,
        )  # fmt: skip
        cls.__rpc__ = made  # type: ignore[attr-defined]
        return cls

    return build


def rpc_of(cls: Any) -> RpcFormat:
    """The format an RPC declaration stands for.

    Raises:
        SchemaError: `cls` is no RPC declaration.
    """
    found = getattr(cls, "__rpc__", None)
    if not isinstance(found, RpcFormat):
        raise SchemaError(f"{cls!r} is not an RPC declaration")
    return found


def derive(cls: Any, doc: str = "", **changes: Any) -> Any:
    """An operation like another one: ``derive(MdsGetattr, variant="1.8.9", match=..., request=Bare)``.

    Args:
        cls: the declaration to start from.
        doc: what the docstring says, if not the same.
        changes: attributes of `RpcFormat`; a class for `request` or `reply` is made with `buffers`.
    """
    made = replace(rpc_of(cls), cache={}, **changes)
    body = {"Request": made.request, "Reply": made.reply, "__rpc__": made, "__doc__": doc or cls.__doc__}
    return type(cls.__name__, (), body)
