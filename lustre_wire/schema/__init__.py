"""How a wire struct and an RPC format are declared; layouts derived from that."""

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.layout import Layout, LayoutField, layout, swab_ranges
from lustre_wire.schema.shown import Given, Magic, Shown
from lustre_wire.schema.struct import FieldSpec, Overlay, StructSpec, spec_of, wire_struct
from lustre_wire.schema.types import (
    AS_SENT,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Array,
    AsSent,
    Chars,
    FieldType,
    Flex,
    Foreign,
    Hole,
    Raw,
    Scalar,
    Struct,
    Tag,
    s8,
    s16,
    s32,
    s64,
    u8,
    u16,
    u32,
    u64,
)
from lustre_wire.schema.union import MemberView, WireUnion, member_value, wire_union

__all__ = [
    "AS_SENT", "S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "Array", "AsSent", "Chars", "FieldSpec",
    "FieldType", "Flex", "Foreign", "Given", "Hole", "Layout", "LayoutField", "Magic", "MemberView", "Overlay", "Raw",
    "Scalar", "Shown", "Struct", "StructSpec", "Tag", "WireEnum", "WireFlag", "WireUnion", "layout", "member_value",
    "s8", "s16", "s32", "s64", "spec_of", "swab_ranges", "u8", "u16", "u32", "u64", "wire_struct", "wire_union",
]  # fmt: skip
