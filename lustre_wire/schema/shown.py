"""What a declaration says about a value beyond how it travels: how people read it, when it counts, what it announces.

These marks stand in a field's annotation beside its type and change no byte. Whoever shows or looks for values reads
them::

    mode: Annotated[u32, Shown.MODE]
    lmm_magic: Annotated[u32, Magic(LOV_MAGIC_V1)]
    ocd_grant: Annotated[u32, Given("ocd_connect_flags", ObdConnect.OBD_CONNECT_GRANT)]
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Shown(enum.Enum):
    """How people read a number whose type does not say it."""

    HEX = "hexadecimal: magics, versions, sequences"
    OCTAL = "octal, behind the names if it is a flag set"
    MODE = "file type and permissions: octal and as ls -l writes them"
    TIME = "seconds since 1970, UTC"
    STATUS = "0, a positive number, or minus an errno in two's complement"
    NID = "an LNet NID"
    END = "last byte of a range; all ones is the end of the file"
    OFFSET = "last byte of a program's lock on a range; the largest offset there is, 63 bits, is the end of the file"
    BYTES = "a number of bytes, with a binary unit where it is a whole number of them"
    DEVICE = "a device number, major and minor"
    ID = "a user, group or project id; all ones is none"
    ANY = "an index of servers; all ones is any"
    TEXT = "bytes that are a string, filled with NUL"
    RELEASE = "a Lustre version, one byte each for major, minor, patch, fix"


@dataclass(frozen=True)
class NamedBy:
    """The numbers have the names that a dialect's enumeration of this class name gives them, if it has one: what
    declares the field stands before all dialects."""

    enum: str


@dataclass(frozen=True)
class NamedWhere:
    """The numbers are those of another enumeration where `field` of the same struct has some bit of `mask`."""

    enum: type[enum.IntFlag]
    field: str
    mask: int


@dataclass(frozen=True, eq=False)
class Given:
    """The field counts only where `field` of the same struct has some bit of `mask`.

    `zero`: whether a line says that it is zero, too; where the bits may as well say what is asked for it does not.
    """

    field: str
    mask: int
    zero: bool = True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Given):
            return NotImplemented
        return (self.field, self.zero) == (other.field, other.zero) and _same(self.mask, other.mask)

    def __hash__(self) -> int:
        return hash((self.field, self.mask, self.zero))


def _same(one: int, two: int) -> bool:
    """Whether two numbers are one, also in what is known of them: typing hands out equal annotations in one's place."""
    return one == two and type(one) is type(two) and getattr(one, "margin", None) is getattr(two, "margin", None)


@dataclass(frozen=True)
class Called:
    """The field holds something else, under another C name, where `field` of the same struct has some bit of `mask`.

    `shown` is how people read that number.
    """

    name: str
    field: str
    mask: int
    shown: Shown | None = None


@dataclass(frozen=True)
class Pieces:
    """Each element of the array says where a piece lies among the bytes that its struct begins: by the fields named
    `offset`, in bytes from that beginning, and `size`."""

    offset: str
    size: str


_PADDING: Final = ("padding", "_pad", "spare", "reserved", "unused", "hole_")


def is_padding(name: str) -> bool:
    """Whether a field is one that Lustre's headers name as padding, and so says nothing while it is zero."""
    return any(part in name for part in _PADDING)


class Magic:
    """The numbers a struct of this kind can have in this field, so that it is recognised among opaque bytes."""

    def __init__(self, *values: int) -> None:
        self.values = values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Magic):
            return NotImplemented
        return len(self.values) == len(other.values) and all(map(_same, self.values, other.values))

    def __hash__(self) -> int:
        return hash(self.values)

    def __repr__(self) -> str:
        return f"Magic({', '.join(map(hex, self.values))})"
