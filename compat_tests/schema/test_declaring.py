"""Declarations that contradict themselves never load."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

import lustre_wire as lw
from lustre_wire.schema import (
    U32,
    Array,
    Flex,
    WireEnum,
    WireFlag,
    WireUnion,
    spec_of,
    u16,
    u32,
    u64,
    wire_union,
)
from lustre_wire.schema.conditions import resolve
from lustre_wire.schema.rpc import Buffers, CString, buffers, rpc, slot


def test_sizes_must_add_up() -> None:
    with pytest.raises(lw.SchemaError, match="declared size 8, but the fields take 6 bytes") as caught:

        @lw.wire_struct(size=8)
        class Wrong:
            a: u32 = 0
            b: u16 = 0

    assert caught.value.path == "Wrong"


def test_every_annotation_must_be_a_wire_type() -> None:
    with pytest.raises(lw.SchemaError, match="no wire type") as caught:

        @lw.wire_struct(size=4)
        class Wrong:
            a: int = 0

    assert caught.value.path == "Wrong.a"


def test_every_annotation_must_resolve() -> None:
    with pytest.raises(lw.SchemaError, match="cannot resolve"):

        @lw.wire_struct(size=4)
        class Wrong:
            a: NoSuchType = 0  # type: ignore[name-defined]  # noqa: F821


def test_a_flexible_array_must_be_last() -> None:
    with pytest.raises(lw.SchemaError, match="must be the last field"):

        @lw.wire_struct(size=4)
        class Wrong:
            a: Annotated[list[int], Flex(U32)] = []
            b: u32 = 0


@pytest.mark.parametrize(("size", "swab_as"), [(4, None), (8, "c")])
def test_unions_must_fit(size: int, swab_as: str | None) -> None:
    with pytest.raises(lw.SchemaError):

        @wire_union(size=size, swab_as=swab_as)
        class Wrong(WireUnion):
            a: u64
            b: u32


def test_defaults_are_made_anew() -> None:
    """Nested structs, lists, and what is in lists."""

    cls: Any = lw.dialect("2.0").structs["ldlm_request"]
    one, other = cls(), cls()
    one.lock_desc.l_resource.lr_type = 11
    one.lock_handle[0].cookie = 7
    assert other.lock_desc.l_resource.lr_type == 0
    assert [h.cookie for h in other.lock_handle] == [0, 0] and [h.cookie for h in one.lock_handle] == [7, 0]


def test_values_compare_by_their_fields() -> None:
    fid: Any = lw.dialect("2.0").structs["lu_fid"]
    assert fid(1, 2, 3) == fid(1, 2, 3) != fid(1, 2, 4)
    assert repr(fid(1, 2, 3)) == "LuFid(f_seq=1, f_oid=2, f_ver=3)"


def test_c_names_follow_from_class_names() -> None:
    @lw.wire_struct(size=4)
    class MdtRecThing:
        a: u32 = 0

    assert spec_of(MdtRecThing).name == "mdt_rec_thing"


def test_extended_enumerations_contain_the_ones_they_extend() -> None:
    class Old(WireEnum):
        A = 1

    class New(WireEnum, extends=Old):
        B = 2

    class Bits(WireFlag):
        X = 1

    assert [*New.__members__] == ["A", "B"] and New(1).name == "A" and New.name_of(3) == "3"
    assert Bits(6) == 6 and Bits.names_of(7) == ["X", "0x6"]


class TestFormats:
    def test_buffers_are_declared_with_slot(self) -> None:
        with pytest.raises(lw.SchemaError, match="a buffer is declared as"):

            @buffers
            class Wrong(Buffers):
                name: CString | None = None

    def test_buffers_have_buffer_types(self) -> None:
        with pytest.raises(lw.SchemaError, match="no buffer type"):

            @buffers
            class Wrong(Buffers):
                name: int | None = slot()

    def test_conditions_name_what_is_there(self) -> None:
        form = lw.dialect("2.0").rpcs["MDS_GETATTR"]
        assert resolve(form.request.__slot_specs__, "mdt_body.valid").index == 1
        for path in ("nothing", "mdt_body.nothing", "mdt_body.fid1.nothing"):
            with pytest.raises(lw.SchemaError, match="no "):
                resolve(form.request.__slot_specs__, path)

    def test_a_side_may_have_no_buffers(self) -> None:
        @rpc(1, name="EMPTY")
        class Empty:
            """Only a ptlrpc_body."""

        made: Any = Empty
        assert made.__rpc__.request.__slot_specs__ == () and made.Request() == made.Request()
        with pytest.raises(TypeError, match="takes the buffers none"):
            made.Request(name=b"x")

    def test_buffer_objects_compare_and_print(self) -> None:
        request: Any = lw.dialect("2.0").rpcs["MDS_GETATTR_NAME"].request
        assert request(name=b"a") == request(name=b"a") != request(name=b"b")
        assert "name=b'a'" in repr(request(name=b"a"))


@lw.wire_struct(size=8)
class Doubled:
    """An array of the declared length."""

    values: Annotated[list[int], Array(U32, 2)] = [0, 0]


def test_layout_takes_classes_and_instances() -> None:
    assert lw.layout(Doubled) == lw.layout(Doubled())
    with pytest.raises(lw.SchemaError):
        lw.layout(5)
