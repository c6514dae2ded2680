"""A user's own declarations read as they say, and a mark that contradicts the struct is a `SchemaError`."""

from __future__ import annotations

from typing import Annotated

import pytest

import lustre_wire as lw
from lustre_wire.schema import U32, U64, Array, Chars, Given, Shown, Tag, WireFlag, u32, u64, wire_struct, wire_union
from lustre_wire.text import Node, struct_text, struct_tree

DIALECT = lw.dialect("2.0")


class Colour(WireFlag):
    """Bits of light."""

    COLOUR_RED = 1
    COLOUR_GREEN = 2


@wire_struct(size=8)
class Point:
    x: u32 = 0
    y: u32 = 0


@wire_struct(size=8, text="{name:x}")
class Tagged:
    name: u64 = 0


@wire_union(size=8)
class Place:
    point: Point
    tagged: Tagged


@wire_struct(size=64, text=("{colour}", " at {place}", " since {since}", " list {numbers[1]:#x}"))
class Lamp:
    kind: u32 = 0
    colour: Annotated[Colour, U32] = Colour(0)
    place: Annotated[Place, Tag("kind", ((1, "point"), (2, "tagged")))] = Place()
    since: Annotated[u64, Shown.TIME, Given("colour", Colour.COLOUR_RED)] = 0
    numbers: Annotated[list[int], Array(U64, 2)] = [0, 0]
    label: Annotated[bytes, Chars(20)] = bytes(20)
    padding: u32 = 0


def test_pieces_without_a_value_are_left_out() -> None:
    assert struct_text(Lamp(), DIALECT) == "0"
    assert struct_text(Lamp(colour=Colour(3)), DIALECT, short=True) == "RED|GREEN since 0"
    assert struct_text(Lamp(colour=Colour(2), since=7), DIALECT) == "COLOUR_GREEN"
    assert struct_text(Lamp(numbers=[0, 255]), DIALECT) == "0 list 0xff"


@pytest.mark.parametrize(("kind", "text"), [(1, "{x 3}"), (2, "3"), (7, "0300000000000000")])
def test_the_tag_chooses_the_member(kind: int, text: str) -> None:
    assert struct_text(Lamp(kind=kind, place=Place(point=Point(x=3))), DIALECT) == f"0 at {text}"


def test_a_tree_of_fields_at_their_offsets() -> None:
    tree = struct_tree(Lamp(kind=1, colour=Colour(2), since=5, label=b"a\x1b[0mb".ljust(20, b"\0")), DIALECT)
    assert tree.name == "lamp"
    assert [(n.name, n.offset) for n in tree.children] == [
        ("kind", 0), ("colour", 4), ("place", 8), ("since", 16), ("numbers", 24), ("label", 40),
    ]  # fmt: skip
    by_name: dict[str, Node] = {n.name: n for n in tree.children}
    assert by_name["label"].text == r"a\x1b[0mb"
    assert not by_name["since"].counts
    assert [n.offset for n in by_name["place"].children] == [8, 12]


@wire_struct(size=4, text="{nothing}")
class NoField:
    a: u32 = 0


@wire_struct(size=4, text="{a")
class NoText:
    a: u32 = 0


@wire_struct(size=8, text="{p:d}")
class NoNumber:
    p: Point = Point()


@wire_struct(size=16, text="{n[2]:d}")
class NoElement:
    n: Annotated[list[int], Array(U64, 2)] = [0, 0]


@wire_struct(size=4)
class NoGiver:
    a: Annotated[u32, Given("nothing", 1)] = 1


@pytest.mark.parametrize("cls", [NoField, NoText, NoNumber, NoElement, NoGiver])
def test_marks_that_contradict_the_struct(cls: type) -> None:
    with pytest.raises(lw.SchemaError):
        struct_text(cls(), DIALECT)


def test_what_a_field_is_called_by_a_flag() -> None:
    """In reads and writes an obdo tells of grants and checksums where it has blocks, mode and links else."""
    d217 = lw.dialect("2.17")
    flags = d217.enums["ObdMd"]
    values = {"o_blocks": 8, "o_mode": 0o100644, "o_nlink": 0x143792EF, "o_misc": 3, "o_data_version": 9}
    for valid, told in (
        (0, {
            "o_blocks": "8", "o_mode": "0100644 -rw-r--r--", "o_nlink": str(0x143792EF), "o_misc": "3",
            "o_data_version": "9",
        }),
        (flags.OBD_MD_FLGRANT | flags.OBD_MD_FLCKSUM, {
            "o_dirty": "8", "o_undirty": str(0o100644), "o_cksum": "0x143792ef", "o_dropped": "3",
            "o_grant_used": "9",
        }),
    ):  # fmt: skip
        tree = struct_tree(d217.structs["obdo"](o_valid=valid, **values), d217)
        shown = {each.name: (each.text, each.offset) for each in tree.children}
        assert {name: shown[name][0] for name in told} == told
        assert [shown[name][1] for name in told] == [64, 84, 100, 108, 176]
        assert len(values.keys() & shown.keys()) in (0, 5)
