"""How translation rules between two neighbouring dialects are declared.

A `RuleSet` joins an older and a newer dialect. *Up* is from the older to the newer, *down* the way back. Its struct
rules say field by field what becomes of a value; what they do not mention and both structs have under one name is the
same. One declaration serves both directions: a renamed field is renamed back; a field that only one side has is filled
with its default on the way there, and must hold nothing (or be lost, or make the message impossible) on the way back.

::

    pair(MdsRecUnlink, MdtRecUnlink,
        renamed("ul_suppgid", "ul_suppgid1"),
        computed("ul_fid1", "ul_fid1", up=fid_up, down=fid_down, note="ll_fid is an IGIF"),
        only_new("ul_suppgid2", default=NONE, loss="suppgid2"),
        only_new("ul_bias", errno=EOPNOTSUPP),
    )

The declarations are data: the functions of `lustre_wire.translate.structs` and `buffers`, the tables in the
documentation and the copy plans of the bulk engine are derived from them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from lustre_wire.dialects import Dialect
from lustre_wire.errors import SchemaError
from lustre_wire.kinds import checked
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.releases import release
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.schema.struct import StructSpec, field_at, spec_of
from lustre_wire.schema.views import history_of

#: What a value becomes: a function of (value, the whole source struct, the `Work` in progress).
Compute = Callable[[Any, Any, Any], Any]
#: Looks at, or finishes, the buffers of a message: a function of (source buffers, target buffers, the `Work`).
Finish = Callable[[Any, Any, Any], None]

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Looks:
    """What a function of the rules looks at beside the value it is given.

    Attributes:
        reads: dotted paths in its source: the struct of a field's rule, the buffers of an operation's; those that
            begin with ptlrpc_body are of the message's. What is only tested for being there is no matter.
        asks: names of `Session`: what it asks of the session.
        changes: names of `Session`: how it changes the session. What it reads only in order to do that is not said:
            such a message is never translated by a plan.
    """

    reads: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


def looks_at(*, reads: str = "", asks: str = "", changes: str = "") -> Callable[[_F], _F]:
    """Say what a function of the rules looks at (see `Looks`), names separated by blanks; without, it is its value.

    ::

        @looks_at(reads="lr_type", asks="fid_of")
        def resource_up(value, desc, work): ...
    """

    def say(function: _F) -> _F:
        function.__looks__ = Looks(  # type: ignore[attr-defined]  # functions take attributes
            tuple(reads.split()), tuple(asks.split()), tuple(changes.split())
        )
        return function

    return say


def looks_of(function: Callable[..., Any] | None) -> Looks:
    """What a function said that it looks at."""
    return getattr(function, "__looks__", None) or Looks()


UP: Final = "up"
DOWN: Final = "down"


@dataclass(frozen=True)
class Bits:
    """What becomes of single bits of a flag word on its way to the other side; bits not named stay.

    Attributes:
        clear: without meaning on the other side, and without loss.
        loss: mask -> name of the loss, cleared.
        errno: mask -> error number; with one of these bits the message is impossible.
    """

    clear: int = 0
    loss: Mapping[int, str] = field(default_factory=dict)
    errno: Mapping[int, int] = field(default_factory=dict)

    @property
    def watched(self) -> int:
        """Bits that are not simply copied."""
        mask = self.clear
        for bits in (*self.loss, *self.errno):
            mask |= bits
        return mask


@dataclass(frozen=True)
class FieldRule:
    """One field and its counterpart; `old` or `new` is "" where that side has none.

    Attributes:
        old, new: field names, dotted where the field lies in a nested struct.
        up, down: what computes the value on the way; None copies it.
        up_bits, down_bits: what becomes of single bits of a flag word.
        default: value the side without counterpart is filled with.
        quiet: values of a field without counterpart that say nothing; 0 and `default` always are.
        loss: name of the loss when such a field says something; "" where dropping it costs nothing.
        errno: instead of a loss, the error number that makes the message impossible.
        note: in words, for the tables.
    """

    old: str
    new: str
    up: Compute | None = None
    down: Compute | None = None
    up_bits: Bits | None = None
    down_bits: Bits | None = None
    default: Any = 0
    quiet: tuple[Any, ...] = ()
    loss: str = ""
    errno: int = 0
    note: str = ""

    def kind(self, direction: str) -> str:
        """same, renamed, computed, bits, default, dropped, lossy or impossible."""
        there, back = (self.new, self.old) if direction == UP else (self.old, self.new)
        if not back:
            return "computed" if self._compute(direction) else "default"
        if not there:
            return "impossible" if self.errno else "lossy" if self.loss else "dropped"
        if self._compute(direction):
            return "computed"
        if (self.up_bits if direction == UP else self.down_bits) is not None:
            return "bits"
        return "same" if there == back else "renamed"

    def _compute(self, direction: str) -> Compute | None:
        return self.up if direction == UP else self.down


class Numbers:
    """Named numbers, as attributes."""

    def __init__(self, named: Mapping[str, int]) -> None:
        self.__dict__.update(named)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int: ...


def numbers(cls: type[enum.Enum]) -> Numbers:
    """The members of a flag set as plain numbers: rules test many bits, and the bits of an `enum.Flag` test slowly."""
    return Numbers({name: int(member.value) for name, member in cls.__members__.items()})


def renamed(old: str, new: str, note: str = "") -> FieldRule:
    """The same value under another name."""
    return FieldRule(old, new, note=note)


def computed(
    old: str, new: str, *, up: Compute | None = None, down: Compute | None = None, note: str = ""
) -> FieldRule:
    """A value the functions make; where one is None the value is copied."""
    return FieldRule(old, new, up=up, down=down, note=note)


def bits(old: str, new: str = "", *, up: Bits | None = None, down: Bits | None = None, note: str = "") -> FieldRule:
    """A flag word; `new` is the name on the newer side where it differs."""
    return FieldRule(old, new or old, up_bits=up, down_bits=down, note=note)


def only_old(
    name: str, *, default: Any = 0, up: Compute | None = None, down: Compute | None = None, quiet: tuple[Any, ...] = (),
    loss: str = "", errno: int = 0, note: str = "",
) -> FieldRule:  # fmt: skip
    """A field the newer side does not have; `down` makes its value on the way back, where `default` is not enough."""
    return FieldRule(name, "", up=up, down=down, default=default, quiet=quiet, loss=loss, errno=errno, note=note)


def only_new(
    name: str, *, default: Any = 0, up: Compute | None = None, down: Compute | None = None, quiet: tuple[Any, ...] = (),
    loss: str = "", errno: int = 0, note: str = "",
) -> FieldRule:  # fmt: skip
    """A field the older side does not have; `up` makes its value on the way there, where `default` is not enough."""
    return FieldRule("", name, up=up, down=down, default=default, quiet=quiet, loss=loss, errno=errno, note=note)


def paddings(old: str = "", new: str = "") -> tuple[FieldRule, ...]:
    """Fields (names separated by blanks) that no sender fills; one that is filled all the same is lost as "padding"."""
    return (
        *(only_old(name, loss="padding") for name in old.split()),
        *(only_new(name, loss="padding") for name in new.split()),
    )


@dataclass(frozen=True)
class StructRule:
    """What becomes of a struct: `fields` covers every field of both sides (`partial`: of the newer side)."""

    old: Any
    new: Any
    fields: tuple[FieldRule, ...]
    partial: bool = False

    @property
    def name(self) -> str:
        old, new = spec_of(self.old).name, spec_of(self.new).name
        return old if old == new else f"{old} <-> {new}"


def _top(path: str) -> str:
    return path.partition(".")[0]


def pair(old: Any, new: Any, *rules: FieldRule, partial: bool = False) -> StructRule:
    """The rule of two structs, the unnamed common fields filled in: of one name, or one field of a history.

    Paddings that only one has, or that two structs of different histories have, are lost as "padding" where filled.

    Args:
        old, new: wire struct classes.
        rules: what is not simply the same, see `renamed`, `computed`, `bits`, `only_old`, `only_new`.
        partial: the older struct becomes several; fields of it that are not mentioned belong to another of them.

    Raises:
        SchemaError: a field that does not exist, is named twice, or of which nothing is said.
    """
    old_spec, new_spec = spec_of(old), spec_of(new)
    told_old = [_top(r.old) for r in rules if r.old]
    told_new = [_top(r.new) for r in rules if r.new]
    for spec, told in ((old_spec, told_old), (new_spec, told_new)):
        for name in told:
            if name not in spec.by_name:
                raise SchemaError(f"no field {name!r}", path=spec.name)
    whole_old = [r.old for r in rules if r.old]
    if len(set(whole_old)) != len(whole_old) and not partial:
        raise SchemaError("a field is named twice", path=old_spec.name)
    named = {*told_old, *told_new}
    own = {f.name for f in old_spec.fields}
    both = [f.name for f in new_spec.fields if f.name in own and not f.hole and f.name not in named]
    if _history(old) is None or _history(old) is not _history(new):
        both = [name for name in both if "padding" not in name]  # they have nothing but the name in common
    common = [FieldRule(name, name) for name in both]
    common += [FieldRule(o, n) for o, n in _renamed(old, new) if o not in named and n not in named]
    done = (*rules, *_paddings(old_spec, new_spec, (*rules, *common), partial), *common)
    if not partial:
        _check_covered(old_spec, [_top(r.old) for r in done])
    _check_covered(new_spec, [_top(r.new) for r in done])
    return StructRule(old, new, done, partial)


def _paddings(old: StructSpec, new: StructSpec, told: tuple[FieldRule, ...], partial: bool) -> tuple[FieldRule, ...]:
    """Those that nothing else is said of: no sender fills them."""
    olds, news = {_top(rule.old) for rule in told}, {_top(rule.new) for rule in told}
    gone = [f.name for f in old.fields if "padding" in f.name and f.name not in olds and not partial]
    return paddings(" ".join(gone), " ".join(f.name for f in new.fields if "padding" in f.name and f.name not in news))


def _history(cls: Any) -> Any:
    return history_of(getattr(cls, "__made__", (cls,))[0])


def _renamed(old: Any, new: Any) -> list[tuple[str, str]]:
    """The fields of two views of one history that have another name in each."""
    (declared, before), (other, after) = (getattr(cls, "__made__", (None, "")) for cls in (old, new))
    history = history_of(declared)
    if declared is not other or not isinstance(history, StructHistory):
        return []
    then, now = history.names(release(before)), history.names(release(after))
    return [(name, now[key]) for key, name in then.items() if key in now and now[key] != name]


def _check_covered(spec: StructSpec, named: list[str]) -> None:
    missing = [f.name for f in spec.fields if f.name not in named and not f.hole]
    if missing:
        raise SchemaError(f"no rule for {', '.join(missing)}", path=spec.name)


@dataclass(frozen=True)
class Slot:
    """A buffer without counterpart, or with one that is made by more than its struct's rule.

    Attributes:
        loss, errno: as in `FieldRule`, for a buffer that is not empty.
        make: what computes its value instead of leaving it empty: a function of (None, source buffers, `Work`).
        why: in words, for the error.
    """

    loss: str = ""
    errno: int = 0
    make: Compute | None = None
    why: str = ""


@dataclass(frozen=True)
class Side:
    """The buffers of a request or a reply.

    Attributes:
        names: older buffer -> newer buffer, where the rule set's own `RuleSet.buffers` does not say it.
        only_old, only_new: buffers without counterpart.
        split: older buffer -> newer buffers that are made of it.
        up, down: finish the translated buffers where several of them bear on each other.
        errno_up, errno_down: this side has no counterpart at all; 0 where it has one.
        why: in words, for that error.
        surplus: name of the loss of buffers behind the declared ones; "" where they mean nothing.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    only_old: Mapping[str, Slot] = field(default_factory=dict)
    only_new: Mapping[str, Slot] = field(default_factory=dict)
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    up: Finish | None = None
    down: Finish | None = None
    errno_up: int = 0
    errno_down: int = 0
    why: str = ""
    surplus: str = "surplus"


@dataclass(frozen=True)
class Versions:
    """Which object each slot of pb_pre_versions belongs to.

    Attributes:
        order: for every slot of the newer side, the slot of the older side with the same object.
        absent: slots of the newer side that hold 1 for an object that does not exist, where the older side has 0.
        shared: with this test true (a function of the request's buffers) both parents are one object: the newer side
            then leaves the second parent's slot zero, the older side repeats the first one's there.
        parents: the older side's slots of both parents, where there is a `shared`.
    """

    order: tuple[int, int, int, int] = (0, 1, 2, 3)
    absent: tuple[int, ...] = ()
    shared: Callable[[Any], bool] | None = None
    parents: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        old, new: names of its formats in both dialects.
        request, reply: their buffers.
        versions: its slots of pb_pre_versions, where they are not the same.
        reply_room: bytes the newer client reserves more for the reply than the older one.
        note: in words, for the tables.
    """

    old: str
    new: str
    request: Side = Side()
    reply: Side = Side()
    versions: Versions | None = None
    reply_room: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class RuleSet:
    """All rules between two dialects.

    Attributes:
        old, new: names of the dialects.
        structs: rules of struct pairs. Pairs of classes with the same fields need none.
        operations: rules of operations. Formats with one name in both dialects need none.
        buffers: older name -> newer names of a buffer, the first that the format has.
        added: buffers that only newer formats have: they appear empty.
        old_only, new_only: name or key of a format -> error number of an operation the other side lacks.
        no_format_errno: error number of an operation neither rules nor formats know.
        completes: whether a buffer that receivers need is filled with zeroes where the sender's peers do not need it.
        lm_flags: what becomes of the flags in the container's header.
        variant: whose form of a newer request is used where there is one (`RpcFormat.variant`).
        page_up, page_down: functions of (page, `Work`) that translate a page of directory entries.
    """

    old: str
    new: str
    structs: tuple[StructRule, ...]
    operations: tuple[Operation, ...]
    buffers: Mapping[str, tuple[str, ...]]
    added: Mapping[str, Slot]
    old_only: Mapping[str, int]
    new_only: Mapping[str, int]
    no_format_errno: int
    completes: bool = field(default=False, kw_only=True)
    lm_flags: FieldRule
    variant: str = ""
    page_up: Callable[[bytes, Any], bytes] | None = None
    page_down: Callable[[bytes, Any], bytes] | None = None
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<RuleSet {self.old}-{self.new}>"

    @checked
    def struct_rule(self, old: type[Any], new: type[Any]) -> StructRule:
        """The rule of two struct classes; one is made where all their fields have the same names.

        Raises:
            SchemaError: they differ and no rule is declared.
        """
        found = self._struct_rules.get((old, new))
        if found is None:
            found = self._struct_rules[old, new] = pair(old, new)
        return found

    @checked
    def operation(self, form: RpcFormat, direction: str) -> Operation:
        """What is declared of the operation of a format, or that everything is the same."""
        table = self.cache.get(("operations", direction))
        if table is None:
            table = {(o.old if direction == UP else o.new): o for o in self.operations}
            self.cache["operations", direction] = table
        return table.get(form.name) or Operation(form.name, form.name)

    @checked
    def targets(self, form: RpcFormat, wanted: str, target: Dialect) -> list[RpcFormat]:
        """The formats that a message of one may become: those of the operation `wanted`."""
        return [f for f in target.formats if f.name == wanted]

    @checked
    def readings(self, form: RpcFormat, direction: str) -> list[tuple[RpcFormat, Operation]]:
        """What the other side may read in a message of one format, beside what `targets` says: nothing."""
        return []

    @cached_property
    def _struct_rules(self) -> dict[tuple[Any, Any], StructRule]:
        return {(rule.old, rule.new): rule for rule in self.structs}


class Way(NamedTuple):
    """A rule set in one direction, and where it leads from and to; `replay` is the bit of pb_flags of a replay."""

    rules: RuleSet
    direction: str
    replay: int
    ends: tuple[Dialect, Dialect]


def nested(rule: StructRule, side: str, path: str) -> tuple[int, Any]:
    """(offset, field specification) of a field's dotted path in the older ("old") or newer ("new") struct."""
    return field_at(rule.old if side == "old" else rule.new, path)
