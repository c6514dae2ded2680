"""Named numbers: flag sets and enumerations that keep what they do not know.

Both are ordinary `enum` classes whose members carry Lustre's own names, so they compare, hash and pack as integers. Two
things differ from the standard library. A value without a name is kept as an instance of the class instead of being
refused, and it is not entered into the class's registry, so that hostile input cannot make the process grow. And a
class may *extend* another one (``class ObdMd(WireFlag, extends=common.ObdMd)``), which is how a dialect adds its own
names to those that all dialects share.

A member may have a past in its margin (``OBD_CONNECT_REQPORTAL = 0x40, until("2.17")``), and the class a life
(``class ObdConnect2(WireFlag, since="2.8")``). The class itself then has the names of all releases, today's first;
`lustre_wire.schema.numbers` makes the class of one release from it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from lustre_wire.schema.margins import Margin, life
from lustre_wire.schema.numbers import EnumHistory
from lustre_wire.schema.releases import newest

_E = TypeVar("_E", bound="WireFlag | WireEnum")

# Names a decode produces again and again are looked up here; past this many the values are built anew each time.
CACHE_LIMIT = 4096


class _Extending(enum.EnumMeta):
    """Lets a class body start with the members of another enumeration."""

    @classmethod
    def __prepare__(  # type: ignore[override]  # typeshed knows no extra keyword
        metacls, cls: str, bases: tuple[type, ...], *, extends: type[enum.Enum] | None = None, since: Any = (),
        until: Any = (), **kwds: Any,
    ) -> Any:  # fmt: skip
        namespace = super().__prepare__(cls, bases, **kwds)
        for name, member in (extends.__members__ if extends is not None else {}).items():
            namespace[name] = member.value
        return namespace

    def __new__(
        metacls,
        cls: str,
        bases: tuple[type, ...],
        classdict: Any,
        *,
        extends: type[enum.Enum] | None = None,
        since: str | tuple[str, ...] = (),
        until: str | tuple[str, ...] = (),
        **kwds: Any,
    ) -> Any:
        margins = {
            name: value[1]
            for name in classdict._member_names
            if isinstance(value := classdict[name], tuple) and isinstance(value[-1], Margin)
        }
        if not margins and not since and not until:
            return super().__new__(metacls, cls, bases, classdict, **kwds)
        members = {n: classdict[n][0] if n in margins else classdict[n] for n in classdict._member_names}
        now = newest()
        for name in sorted(members, key=lambda n: n in margins and margins[n].at(now).is_gone):
            del classdict[name]
            dict.__setitem__(classdict, name, members[name])  # a member it is already
        made: Any = super().__new__(metacls, cls, bases, classdict, **kwds)
        made.__history__ = EnumHistory(made, members, margins, life(since, until))
        return made

    def __init__(self, *args: Any, extends: Any = None, since: Any = (), until: Any = (), **kwds: Any) -> None:
        super().__init__(*args, **kwds)


def _unnamed(cls: type[_E], value: int) -> _E:
    member = int.__new__(cls, value)
    member._name_ = None
    member._value_ = value
    member._inverted_ = None  # type: ignore[union-attr]  # enum.Flag caches the inverse here
    return member


class WireFlag(enum.IntFlag, metaclass=_Extending):
    """A set of bits. Unknown bits are kept: ``int(flag)`` is always the number that was on the wire.

    `__numbers__` names members that are masks: the bits of each are one number, and no flags (a type of checksum).
    """

    __numbers__: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:
        _value_: Any  # a member may be declared as number and margin

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if isinstance(value, int) and value >= 0:
            return _unnamed(cls, value)
        return super()._missing_(value)

    @classmethod
    def names_of(cls, value: int) -> list[str]:
        """Names of the numbers in `value`, then of the bits that are set, single-bit names only; what has no name comes
        last as one hex number.
        """
        names, rest = [], int(value)
        for mask in (int(cls.__members__[name]) for name in cls.__numbers__ if name in cls.__members__):
            if number := rest & mask:
                member = cls._value2member_map_.get(number)
                names.append(member.name or hex(number) if member is not None else hex(number))
                rest &= ~mask
        for name, member in cls.__members__.items():
            bit = int(member)
            if bit and not bit & (bit - 1) and rest & bit:
                names.append(name)
                rest &= ~bit
        return [*names, hex(rest)] if rest else names

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'|'.join(type(self).names_of(self)) or '0'}>"


class WireEnum(enum.IntEnum, metaclass=_Extending):
    """One of several numbers. A number without a name is kept as it is."""

    if TYPE_CHECKING:
        _value_: Any

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return _unnamed(cls, value) if isinstance(value, int) else None

    @classmethod
    def name_of(cls, value: int) -> str:
        """The name of `value`, or the number in decimal where there is none."""
        member = cls._value2member_map_.get(value)
        return member.name if member is not None else str(int(value))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {type(self).name_of(self)}>"


class MemberCache(dict[int, Any]):
    """value -> member of one enumeration, filled on demand and never longer than `CACHE_LIMIT`.

    Engines index it (``cache[value]``): a plain dict look-up for what was seen before.
    """

    __slots__ = ("cls",)

    def __init__(self, cls: type[WireFlag] | type[WireEnum]) -> None:
        super().__init__()
        self.cls = cls

    def __missing__(self, value: int) -> Any:
        member = self.cls(value)
        if len(self) < CACHE_LIMIT:
            self[value] = member
        return member
