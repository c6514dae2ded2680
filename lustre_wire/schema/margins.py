"""What stands in the margin of a declaration: how a field, a number or a buffer came to be what it is today.

The declaration says what is so in the newest release; the margin is a chain in the order of time::

    mbo_open_handle: as_sent[LustreHandle] = was("mbo_handle").since("2.12")           # renamed, the same thing
    ioepoch: u64                           = until("2.11")                             # the same bytes,
    mbo_version: u64                       = since("2.11")                             #   another meaning: two lines
    mbo_projid: u32                        = padding("padding_5").since("2.10")        # a padding put to use
    lmm_stripe_count: u16                  = was(type=u32).since("2.2")                # narrowed

The first word says how it began: `since`, or `was` and `padding` with a release, mean that it was absent before; `was`
and `padding` without one that it was so from the start, as `until` does. Releases are a tree (`lustre_wire.schema
.releases`): of several releases named, each is one branch that the change was made on, ``since("2.12.9", "2.13")``. Two
names are the same field where `was` stands between them; what means another thing is another line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from lustre_wire.errors import SchemaError
from lustre_wire.schema.releases import Release, release
from lustre_wire.schema.types import AS_SENT, U8, U16, U32, U64

_T = TypeVar("_T")


@dataclass(frozen=True)
class State:
    """What a place is from some release on. An empty name and a type or value of None are the declaration's own."""

    name: str = ""
    type: Any = None
    value: Any = None
    is_padding: bool = False
    is_gone: bool = False
    is_exact: bool = False  # the name is not prefixed as the struct's others are


OWN: Final = State()
GONE: Final = State(is_gone=True)


class Margin:
    """The past of a place: what it was at first, and its changes in the order of time."""

    own_name = over = ""
    usual: int | None = None
    same_as: tuple[str, ...] = ()

    def __init__(self, first: State = OWN) -> None:
        self.first = first
        self.changes: list[tuple[tuple[Release, ...], State]] = []

    def since(self, *releases: str, same_as: tuple[str, ...] = ()) -> Any:
        """It is what the declaration says from there on.

        Args:
            releases: where: one, or one on each branch.
            same_as: the fields that held the same in the same bytes before, cut otherwise.
        """
        self.same_as = same_as or self.same_as
        return self._from(OWN, releases)

    def until(self, *releases: str, padding: str = "", swab: bool = False) -> Any:
        """It is there no more from there on, or only as the padding of that name."""
        return self._change(_padding(padding, swab) if padding else GONE, releases)

    def padding(self, name: str, *releases: str, swab: bool = False) -> Any:
        """It was a padding of that name, from the start or from these releases on; `swab`: one that receivers swap."""
        return self._from(_padding(name, swab), releases)

    def was(self, name: str | int = "", *releases: str, type: Any = None) -> Any:
        """It was the same thing under that name, or of that type; a number was that number."""
        if isinstance(name, str):
            return self._from(State(name, type), releases)
        return self._from(State(value=name), releases)

    def _from(self, state: State, releases: tuple[str, ...]) -> Margin:
        if not releases:
            if self.changes or self.first is not OWN:
                raise SchemaError("only the first word of a margin may stand without a release")
            self.first = state
            return self
        if not self.changes and self.first is OWN:
            self.first = GONE
        return self._change(state, releases)

    def of_text(self) -> Margin:
        """The same where what `was` names are earlier values: of a string constant, whose value is a name elsewhere."""
        self.first = replace(self.first, name="", value=self.first.name or self.first.value)
        self.changes = [(made, replace(s, name="", value=s.name or s.value)) for made, s in self.changes]
        return self

    def amend(self, state: State, *releases: str) -> None:
        """Another state from these releases on, of a margin that is declared already: a vendor's change on a branch."""
        self._change(state, releases)

    def _change(self, state: State, releases: tuple[str, ...]) -> Margin:
        if not releases:
            raise SchemaError("a change without a release")
        self.changes.append((tuple(map(release, releases)), state))
        return self

    def at(self, when: Release) -> State:
        """What it is in a release: the last change on the way there."""
        found, depth = self.first, 0
        for releases, state in self.changes:
            for made in releases:
                if made.name in when.path and len(made.path) >= depth:
                    found, depth = state, len(made.path)
        return found

    @property
    def moments(self) -> set[str]:
        """Names of the releases in which something changes."""
        return {r.name for releases, _ in self.changes for r in releases}


def _padding(name: str, swab: bool) -> State:
    return State(name, is_padding=True, type=None if not swab else SWABBED)


#: The type of a padding that receivers swap: the field's own, without what it means.
SWABBED: Final = object()


def margin_of(value: Any) -> Margin:
    """The margin that stands beside a name in a class body; an empty one where nothing does."""
    return value if isinstance(value, Margin) else Margin()


def since(*releases: str, same_as: tuple[str, ...] = ()) -> Any:
    """See `Margin.since`."""
    return Margin().since(*releases, same_as=same_as)


def until(*releases: str, padding: str = "", swab: bool = False) -> Any:
    """See `Margin.until`."""
    return Margin().until(*releases, padding=padding, swab=swab)


def padding(name: str, *releases: str, swab: bool = False) -> Any:
    """See `Margin.padding`."""
    return Margin().padding(name, *releases, swab=swab)


def was(name: str | int = "", *releases: str, type: Any = None) -> Any:
    """See `Margin.was`."""
    return Margin().was(name, *releases, type=type)


def called(name: str) -> Any:
    """The C name, where the attribute needs another: one C name that stands for several places in turn."""
    made = Margin()
    made.own_name = name
    return made


def usual(value: int) -> Any:
    """What a new struct has there, where that is not 0: ``lsd_server_size: u32 = usual(512)``."""
    made = Margin()
    made.usual = int(value)
    return made


def over(name: str) -> Any:
    """Another name of the first bytes of that field: a member of an anonymous union (see `Overlay`)."""
    made = Margin()
    made.over = name
    return made


def dated(values: Mapping[Any, Any]) -> Margin:
    """Values by the release from which they hold: ``{"2.0": 216, ("2.12.9", "2.13"): 220, "2.14": None}``.

    None means that there is nothing from there on, and before the first release there is nothing.
    """
    made = Margin(GONE)
    for releases, value in values.items():
        state = GONE if value is None else State(value=value)
        made._change(state, (releases,) if isinstance(releases, str) else releases)
    return made


def lasting(value: Any) -> Margin:
    """An option of a declaration as a margin: a `Mapping` is dated, anything else holds in all releases."""
    if isinstance(value, Margin):
        return value
    if isinstance(value, Mapping):
        return dated(value)
    return Margin(State(value=value) if value is not None else OWN)


def life(since: str | tuple[str, ...] = (), until: str | tuple[str, ...] = ()) -> Margin:
    """Where something is that has but a beginning and an end."""
    made = Margin()
    if since:
        made.since(*((since,) if isinstance(since, str) else since))
    if until:
        made.until(*((until,) if isinstance(until, str) else until))
    return made


#: A field that receivers do not swap, and integers and paddings by their width.
as_sent: TypeAlias = Annotated[_T, AS_SENT]
in8: TypeAlias = Annotated[_T, U8]
in16: TypeAlias = Annotated[_T, U16]
in32: TypeAlias = Annotated[_T, U32]
in64: TypeAlias = Annotated[_T, U64]
pad16: TypeAlias = Annotated[int, U16, AS_SENT]
pad32: TypeAlias = Annotated[int, U32, AS_SENT]
pad64: TypeAlias = Annotated[int, U64, AS_SENT]
