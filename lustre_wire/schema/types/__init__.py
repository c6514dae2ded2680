"""The kinds of fields a wire struct is declared with, one file a kind.

A field's annotation says two things: what Python sees (``int``, ``bytes``, another wire struct, a list) and how it
travels (`Scalar`, `Raw`, `Chars`, `Array`, `Flex`, `Foreign`). ``u32 = Annotated[int, U32]`` and so on are the common
ones. All integers are unsigned unless the type says otherwise; byte order belongs to the message, not to the type.

Declarations name these, and only `lustre_wire.schema` imports them: engines, JSON, text, translation and tests see the
nodes that kinds lower themselves to (`lustre_wire.schema.nodes`).
"""

from dataclasses import dataclass

from lustre_wire.schema.types.array import Array, Flex, Items
from lustre_wire.schema.types.base import CellType, FieldType, Showing, as_type
from lustre_wire.schema.types.blob import Blob
from lustre_wire.schema.types.chars import Chars, FixedText, Names, Text, names_of
from lustre_wire.schema.types.foreign import ConstructLike, Foreign
from lustre_wire.schema.types.integer import (
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Scalar,
    s8,
    s16,
    s32,
    s64,
    u8,
    u16,
    u32,
    u64,
)
from lustre_wire.schema.types.raw import Hole, Raw
from lustre_wire.schema.types.struct import Struct


@dataclass(frozen=True)
class Tag:
    """Which member of a union a message uses: `field` (dotted path in the outer struct) -> member name."""

    field: str
    members: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ByValue:
    """Which member of a union counts, where one of its own numbers says so.

    Attributes:
        field: dotted path of the number in a member of the union.
        members: value -> member name.
        other: the member for any other value.
        last: where several numbers behind each other are one value, the last of them.
    """

    field: str
    members: tuple[tuple[int, str], ...]
    other: str
    last: str = ""


@dataclass(frozen=True)
class AsSent:
    """Marks a field as left alone by a receiver of the other byte order (see `FieldType.as_sent`)."""


AS_SENT = AsSent()

__all__ = [
    "AS_SENT", "S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "Array", "AsSent", "Blob", "ByValue", "CellType",
    "Chars", "ConstructLike", "FieldType", "FixedText", "Flex", "Foreign", "Hole", "Items", "Names", "Raw", "Scalar",
    "Showing", "Struct", "Tag", "Text", "as_type", "names_of", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64",
]  # fmt: skip
