"""The field types a wire struct is declared with.

A field's annotation says two things: what Python sees (``int``, ``bytes``, another wire struct, a list) and how it
travels (`Scalar`, `Raw`, `Chars`, `Array`, `Flex`, `Foreign`). ``u32 = Annotated[int, U32]`` and so on are the common
ones. All integers are unsigned unless the type says otherwise; byte order belongs to the message, not to the type.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol, TypeAlias


class FieldType:
    """Base of all field types."""

    size: int


@dataclass(frozen=True)
class Scalar(FieldType):
    """An integer of 1, 2, 4 or 8 bytes.

    `opaque` integers (handles, cookies, paddings without swab) are never swapped by a receiver of the other byte order:
    they stay as sent, and are read as a little-endian machine reads them.
    """

    size: int
    signed: bool = False
    opaque: bool = False

    @property
    def code(self) -> str:
        """The `struct` module's format character."""
        letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[self.size]
        return letter.lower() if self.signed else letter

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        bits = self.size * 8
        return (-(1 << bits - 1), (1 << bits - 1) - 1) if self.signed else (0, (1 << bits) - 1)

    def as_sent(self) -> Scalar:
        """The same integer, not swapped by the receiver."""
        return replace(self, opaque=True)


@dataclass(frozen=True)
class Raw(FieldType):
    """Exactly `size` opaque bytes."""

    size: int


@dataclass(frozen=True)
class Chars(FieldType):
    """A character array: `size` bytes, filled with NUL when a shorter value is encoded."""

    size: int


@dataclass(frozen=True)
class Hole(FieldType):
    """Bytes the C compiler left between or after fields. Kept, but no field of the C struct."""

    size: int


@dataclass(frozen=True)
class Struct(FieldType):
    """Another wire struct in place. `opaque`: the receiver swaps none of it."""

    cls: Any
    opaque: bool = False

    @property
    def size(self) -> int:  # type: ignore[override]
        return int(self.cls.__wire__.size)


@dataclass(frozen=True)
class Array(FieldType):
    """`count` elements of one type in place."""

    element: Any
    count: int

    @property
    def size(self) -> int:  # type: ignore[override]
        return as_type(self.element).size * self.count


@dataclass(frozen=True)
class Flex(FieldType):
    """A flexible array at the end of a struct: as many whole elements as the buffer holds.

    `minimum` elements belong to the struct's own size (``lock_handle[2]`` of `ldlm_request`); more follow in a longer
    buffer. Where `count` names an integer field of the struct, no more than that many elements are taken; what follows
    them is the buffer's tail.
    """

    element: Any
    minimum: int = 0
    count: str = ""

    @property
    def size(self) -> int:  # type: ignore[override]
        return as_type(self.element).size * self.minimum


class ConstructLike(Protocol):
    """What a foreign definition must offer; every fixed-size `construct` object does."""

    def parse(self, data: bytes) -> Any: ...

    def build(self, obj: Any) -> bytes: ...

    def sizeof(self) -> int: ...


@dataclass(frozen=True)
class Foreign(FieldType):
    """A field described by somebody else's fixed-size codec, such as a user's own construct definition."""

    codec: Any

    @property
    def size(self) -> int:  # type: ignore[override]
        return int(self.codec.sizeof())


@dataclass(frozen=True)
class Tag:
    """Which member of a union a message uses: `field` (dotted path in the outer struct) -> member name."""

    field: str
    members: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class AsSent:
    """Marks a field as left alone by a receiver of the other byte order (see `Scalar.opaque`, `Struct.opaque`)."""


AS_SENT = AsSent()

U8, U16, U32, U64 = Scalar(1), Scalar(2), Scalar(4), Scalar(8)
S8, S16, S32, S64 = (Scalar(n, signed=True) for n in (1, 2, 4, 8))

u8: TypeAlias = Annotated[int, U8]
u16: TypeAlias = Annotated[int, U16]
u32: TypeAlias = Annotated[int, U32]
u64: TypeAlias = Annotated[int, U64]
s8: TypeAlias = Annotated[int, S8]
s16: TypeAlias = Annotated[int, S16]
s32: TypeAlias = Annotated[int, S32]
s64: TypeAlias = Annotated[int, S64]


def as_type(element: Any) -> FieldType:
    """The field type an element stands for: a `FieldType` itself, or a wire struct class."""
    if isinstance(element, FieldType):
        return element
    if hasattr(element, "__wire__"):
        return Struct(element)
    raise TypeError(f"{element!r} is neither a field type nor a wire struct")
