"""The views of 1.8 and 2.0 are what those dialects declared: same bytes, same text, same generated code."""

from __future__ import annotations

import linecache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.history.test_walk import present
from lustre_codecs.common import disk as common_disk
from lustre_codecs.common import lnet as common_lnet
from lustre_codecs.common import structs as common
from lustre_codecs.line import LINE
from lustre_codecs.v1_8 import disk as v1_8_disk
from lustre_codecs.v1_8 import lnet as v1_8_lnet
from lustre_codecs.v1_8 import structs as v1_8
from lustre_codecs.v2_0 import disk as v2_0_disk
from lustre_codecs.v2_0 import hsm
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
    for dialect, own in (("1.8", (v1_8, v1_8_disk, v1_8_lnet)), ("2.0", (v2_0, v2_0_disk, hsm)))
    for module in (common, common_disk, common_lnet, *own)
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
        if before.__module__.endswith((".disk", ".lnet", ".hsm")):
            return  # began with their magics and sizes, which whoever writes them has to give now
        assert repr(HISTORIES[dialect].structs[name]()) == repr(before())


@pytest.mark.parametrize("dialect", HISTORIES)
class TestNumbers:
    """Every constant and enumeration, by name and number."""

    def test_constants(self, dialect: str) -> None:
        before, now = lw.dialect(dialect).constants, HISTORIES[dialect].constants
        assert {name: plain(now.get(name)) for name in before} == {name: plain(v) for name, v in before.items()}

    def test_what_came_besides_is_in_the_headers(self, dialect: str) -> None:
        """Names that the dialect did not have: the facts say that its release has them."""
        release = HISTORIES[dialect].release
        assert release is not None
        besides = set(HISTORIES[dialect].constants) - set(lw.dialect(dialect).constants)
        assert besides - LNET <= present(release.name)

    def test_enumerations(self, dialect: str) -> None:
        for name, before in lw.dialect(dialect).enums.items():
            now = HISTORIES[dialect].enums[name]
            assert issubclass(now, before.__mro__[1])
            assert {n: int(m) for n, m in now.__members__.items()} == {n: int(m) for n, m in before.__members__.items()}


#: LNet's numbers, of which the facts hold only what they assert.
LNET = {
    "LNET_MSG_MATCHBITS", "LNET_NI_STATUS_DOWN", "LNET_NI_STATUS_INVALID", "LNET_NI_STATUS_UP",
    "LNET_PROTO_ACCEPTOR_VERSION", "LNET_PROTO_PING_MAGIC", "LNET_PROTO_TCP_MAGIC", "LNET_PROTO_TCP_VERSION_MAJOR",
    "LNET_PROTO_TCP_VERSION_MINOR",
}  # fmt: skip


def plain(value: Any) -> Any:
    return int(value) if isinstance(value, int) else value
