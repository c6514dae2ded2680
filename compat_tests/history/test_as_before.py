"""The views of 1.8 and 2.0 are what those dialects declared: same bytes, same text, same generated code."""

from __future__ import annotations

import linecache
from typing import Any

import pytest

import lustre_wire as lw
from lustre_codecs.common import structs as common
from lustre_codecs.line import LINE
from lustre_codecs.v1_8 import structs as v1_8
from lustre_codecs.v2_0 import structs as v2_0
from lustre_wire.dialects import Dialect
from lustre_wire.engines.record import codec
from lustre_wire.schema import spec_of, swab_ranges
from lustre_wire.schema.releases import release
from lustre_wire.schema.struct import FieldSpec
from lustre_wire.schema.types import Array, FieldType, Flex, Scalar, Struct, as_type

HISTORIES = {
    name: Dialect(name, LINE.modules, body=None, body_minimum=0, release=release(full))
    for name, full in (("1.8", "1.8.9-wc1"), ("2.0", "2.0.0"))
}
DECLARED = [
    (dialect, cls.__wire__.name, cls)
    for dialect, own in (("1.8", v1_8), ("2.0", v2_0))
    for module in (common, own)
    for cls in vars(module).values()
    if getattr(cls, "__module__", "") == module.__name__ and hasattr(cls, "__wire__")
]
IDS = [f"{dialect}-{name}" for dialect, name, _ in DECLARED]


def kind(found: FieldType, *, swab: bool) -> Any:
    """A field's type by name and shape. Where nothing swaps the struct, what is swapped of a field says nothing."""
    if isinstance(found, Struct):
        return found.cls.__wire__.name, found.opaque and swab
    if isinstance(found, (Array, Flex)):
        shape = (found.count, getattr(found, "minimum", 0))
        return type(found).__name__, kind(as_type(found.element), swab=swab), shape
    return (found.size, found.signed, found.opaque and swab) if isinstance(found, Scalar) else found


def said(field: FieldSpec, *, swab: bool) -> Any:
    tag = (field.tag.field, tuple((int(n), m) for n, m in field.tag.members)) if field.tag is not None else None
    given = (field.given.field, int(field.given.mask)) if field.given is not None else None
    enum = field.enum.__name__ if field.enum is not None else None
    return field.name, field.offset, kind(field.type, swab=swab), enum, tag, given, field.shown, field.magic


def code(cls: Any, order: Any) -> list[list[str]]:
    functions = codec(cls, order)
    return [linecache.getlines(f.__code__.co_filename) for f in (functions.unpack, functions.pack)]


@pytest.mark.parametrize(("dialect", "name", "before"), DECLARED, ids=IDS)
class TestTheView:
    def test_says_the_same(self, dialect: str, name: str, before: Any) -> None:
        now, was = spec_of(HISTORIES[dialect].structs[name]), spec_of(before)
        assert (now.name, now.size, now.order, now.swab, now.is_union, now.swab_as) == (
            was.name, was.size, was.order, was.swab, was.is_union, was.swab_as,
        )  # fmt: skip
        assert [said(f, swab=was.swab) for f in now.fields] == [said(f, swab=was.swab) for f in was.fields]
        assert {(o.name, o.offset, o.size) for o in now.overlays} == {(o.name, o.offset, o.size) for o in was.overlays}
        assert now.text == was.text
        assert lw.layout(now.cls).fields == lw.layout(before).fields or not was.swab

    def test_is_swapped_and_read_the_same(self, dialect: str, name: str, before: Any) -> None:
        now = HISTORIES[dialect].structs[name]
        assert swab_ranges(now) == swab_ranges(before)
        if not spec_of(before).is_union:
            assert [code(now, order) for order in ("little", "big")] == [code(before, o) for o in ("little", "big")]

    def test_begins_as_before(self, dialect: str, name: str, before: Any) -> None:
        assert repr(HISTORIES[dialect].structs[name]()) == repr(before())
