"""Every declared struct against the layouts that were measured in Lustre's compiled headers."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.facts import DIALECTS, layouts, swabbed
from lustre_wire.frames import ksock, lnet
from lustre_wire.schema import spec_of, swab_ranges
from lustre_wire.schema.struct import field_at

#: Structs of one node's memory, which the layouts of wire structs leave out; the walk over all releases holds them to
#: what Lustre itself asserts of them.
NOT_MEASURED = {"gss_wire_ctx", "rawobj_s"}
DECLARED = [(d, name) for d in DIALECTS for name in sorted(lw.dialect(d).structs.keys() - NOT_MEASURED)]

#: Wire structs of the facts that no dialect declares, and why.
SET_ASIDE = {
    "kib_": "RDMA traffic of o2iblnd: not on TCP",
    "kptl_": "Portals traffic of ptllnd: not on TCP",
    "srpc_": "LNet self-test",
    "lst_": "LNet self-test",
    "sfw_": "LNet self-test",
    "test_": "LNet self-test",
    "lov_stripe_md::": "a member of an in-memory struct, in host order: lov_mds_md is what it is packed into",
}
#: Fields declared as something simpler than their C struct.
SIMPLER = {
    ("lu_dirpage", "ldp_entries"): "bytes: each entry has its own length",
    ("lustre_msg_v1", "lm_handle"): "an integer: a handle is its cookie",
}
#: LNet frames are the same in both versions and belong to `lustre_wire.frames`.
FRAMES = {
    cls.__wire__.name: cls
    for module in (lnet, ksock)
    for cls in vars(module).values()
    if isinstance(cls, type) and hasattr(cls, "__wire__")
}


def fact(dialect: str, name: str) -> dict[str, Any]:
    return dict(layouts(dialect)[name])


@pytest.mark.parametrize(("dialect", "name"), DECLARED)
class TestDeclared:
    def test_size_and_kind(self, dialect: str, name: str) -> None:
        found, wanted = lw.layout(lw.dialect(dialect).structs[name]), fact(dialect, name)
        assert (found.name, found.size, found.kind) == (name, wanted["size"], wanted["kind"])

    def test_fields(self, dialect: str, name: str) -> None:
        found = [(f.name, f.offset, f.size, f.count) for f in lw.layout(lw.dialect(dialect).structs[name]).fields]
        assert found == [(f["name"], f["offset"], f["size"], f["count"]) for f in fact(dialect, name)["fields"]]

    def test_signedness(self, dialect: str, name: str) -> None:
        found = {f.name: f.signed for f in lw.layout(lw.dialect(dialect).structs[name]).fields}
        assert found == {f["name"]: f.get("signed", False) for f in fact(dialect, name)["fields"]}

    def test_nested_structs(self, dialect: str, name: str) -> None:
        """A field that is a struct in C is the struct of that name here; a typedef counts as its struct."""
        for field, wanted in zip(
            lw.layout(lw.dialect(dialect).structs[name]).fields, fact(dialect, name)["fields"], strict=True
        ):
            if "nested" in wanted and (name, field.name) not in SIMPLER:
                assert field.type.split("[")[0].split()[-1] == wanted["nested"], field.name

    def test_byte_order(self, dialect: str, name: str) -> None:
        orders = {"sender": "sender", "host": "sender", "le": "little", "be": "big"}
        assert lw.layout(lw.dialect(dialect).structs[name]).order == orders[fact(dialect, name)["endian"]]

    def test_swab_ranges(self, dialect: str, name: str) -> None:
        """What a receiver of the other byte order swaps, byte for byte as Lustre's swab function does."""
        found = swab_ranges(lw.dialect(dialect).structs[name])
        assert sorted(found, key=str) == sorted(swabbed(dialect, name), key=str)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_wire_struct_is_declared(dialect: str) -> None:
    declared = {*lw.dialect(dialect).structs, *FRAMES}
    wire = {name for name, found in layouts(dialect).items() if found["wire"]}
    missing = {name for name in wire - declared if not name.startswith(tuple(SET_ASIDE))}
    assert not missing


@pytest.mark.parametrize("dialect", DIALECTS)
def test_set_aside_names_are_real(dialect: str) -> None:
    for prefix in SET_ASIDE:
        assert any(name.startswith(prefix) for name in layouts(dialect)), prefix


@pytest.mark.parametrize(("dialect", "name"), [(d, n) for d in DIALECTS for n in sorted(FRAMES) if n in layouts(d)])
def test_frames(dialect: str, name: str) -> None:
    """The LNet and socklnd structs have the size that both versions give them."""
    assert spec_of(FRAMES[name]).size == fact(dialect, name)["size"]


def shape(dialect: str, name: str) -> Any:
    """What the facts of one version say of a struct."""
    found = fact(dialect, name)
    fields = [(f["name"], f["offset"], f["size"], f["count"], f.get("nested")) for f in found["fields"]]
    return found["size"], found["endian"], fields, found.get("swab_flat")


IN_BOTH = sorted(set(lw.dialect("1.8").structs) & set(lw.dialect("2.0").structs))
SHARED = [name for name in IN_BOTH if lw.dialect("1.8").structs[name] is lw.dialect("2.0").structs[name]]


@pytest.mark.parametrize("name", SHARED)
def test_what_is_declared_once_is_the_same_in_both_versions(name: str) -> None:
    assert shape("1.8", name) == shape("2.0", name)


@pytest.mark.parametrize("name", sorted(set(IN_BOTH) - set(SHARED)))
def test_what_is_declared_twice_differs(name: str) -> None:
    """In the facts, or in the named numbers of a field, or in a struct inside."""

    def inner(dialect: str) -> Any:
        return [(f.enum, f.type) for f in spec_of(lw.dialect(dialect).structs[name]).fields]

    assert shape("1.8", name) != shape("2.0", name) or inner("1.8") != inner("2.0")


def test_where_a_field_lies() -> None:
    """A field's place, through nested structs; what is on the way must be a struct."""
    request = lw.dialect("2.0").structs["ldlm_request"]
    offset, field = field_at(request, "lock_desc.l_resource.lr_name")
    assert (offset, field.name) == (16, "lr_name")
    assert field_at(request, "lock_handle")[0] == 88
    for path, words in (("lock_desc.nothing", "nothing"), ("lock_flags.more", "lock_flags"), ("none.x", "none")):
        with pytest.raises(lw.SchemaError, match=words):
            field_at(request, path)
