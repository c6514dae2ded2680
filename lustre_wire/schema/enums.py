"""Named numbers: flag sets and enumerations that keep what they do not know.

Both are ordinary `enum` classes whose members carry Lustre's own names, so they compare, hash and pack as integers. Two
things differ from the standard library. A value without a name is kept as an instance of the class instead of being
refused, and it is not entered into the class's registry, so that hostile input cannot make the process grow. And a
class may *extend* another one (``class ObdMd(WireFlag, extends=common.ObdMd)``), which is how a dialect adds its own
names to those that all dialects share.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, TypeVar

_E = TypeVar("_E", bound="WireFlag | WireEnum")

# Names a decode produces again and again are looked up here; past this many the values are built anew each time.
CACHE_LIMIT = 4096


class _Extending(enum.EnumMeta):
    """Lets a class body start with the members of another enumeration."""

    @classmethod
    def __prepare__(  # type: ignore[override]  # typeshed knows no extra keyword
        metacls, cls: str, bases: tuple[type, ...], *, extends: type[enum.Enum] | None = None, **kwds: Any
    ) -> Any:
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
        **kwds: Any,
    ) -> Any:
        return super().__new__(metacls, cls, bases, classdict, **kwds)

    if TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Any: ...  # members that come through `extends`

    def __init__(self, *args: Any, extends: type[enum.Enum] | None = None, **kwds: Any) -> None:
        super().__init__(*args, **kwds)


def _unnamed(cls: type[_E], value: int) -> _E:
    member = int.__new__(cls, value)
    member._name_ = None
    member._value_ = value
    member._inverted_ = None  # type: ignore[union-attr]  # enum.Flag caches the inverse here
    return member


class WireFlag(enum.IntFlag, metaclass=_Extending):
    """A set of bits. Unknown bits are kept: ``int(flag)`` is always the number that was on the wire."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if isinstance(value, int) and value >= 0:
            return _unnamed(cls, value)
        return super()._missing_(value)

    @classmethod
    def names_of(cls, value: int) -> list[str]:
        """Names of the bits set in `value`, single-bit names only; what has no name comes last as one hex number."""
        names, rest = [], int(value)
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
