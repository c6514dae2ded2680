"""Named numbers: what has no name is kept, and costs nothing to keep."""

from __future__ import annotations

from typing import Any

import pytest

from lustre_wire.schema import WireEnum, WireFlag
from lustre_wire.schema.enums import CACHE_LIMIT, MemberCache


class Access(WireFlag):
    """Bits, one name for two of them together, one for none."""

    NONE = 0
    READ = 1
    WRITE = 2
    BOTH = 3
    HIGH = 0x80


class Colour(WireEnum):
    """Numbers."""

    RED = 1
    GREEN = 2


def test_bits_without_names_are_kept() -> None:
    value = Access(0x44)
    assert isinstance(value, Access) and int(value) == 0x44 and value.value == 0x44 and value.name is None
    assert Access(0x45) & Access.READ and int(Access(0x45) | 2) == 0x47
    assert int(~Access(0x44) & 0xFF) == 0xBB


def test_unnamed_values_are_not_entered() -> None:
    """So hostile input cannot make the process grow."""
    before = len(Access._value2member_map_), len(Colour._value2member_map_)
    assert Access(0x1000) is not Access(0x1000) and Colour(77) is not Colour(77)
    assert (len(Access._value2member_map_), len(Colour._value2member_map_)) == before


def test_zero_without_a_name_is_kept_like_any_other() -> None:
    class Few(WireFlag):
        ONE = 1

    before = len(Few._value2member_map_)
    assert Few(0) == 0 and Few(0) is not Few(0) and len(Few._value2member_map_) == before


def test_negative_numbers_are_bits() -> None:
    """As in any flag set of the standard library: nothing on the wire is negative."""
    assert int(Access(-1)) >= 0 and Access(-1) & Access.READ and int(Access(-2)) & 3 == 2


def test_named_values_are_the_members() -> None:
    assert Access(1) is Access.READ and Colour(2) is Colour.GREEN


@pytest.mark.parametrize("value", ["x", None, 1.5])
def test_what_is_no_number_is_refused(value: Any) -> None:
    for cls in (Access, Colour):
        with pytest.raises(ValueError, match="is not a valid"):
            cls(value)


def test_names_of_bits() -> None:
    """Single bits in the order of declaration, then the rest as one number."""
    assert Access.names_of(0) == []
    assert Access.names_of(3) == ["READ", "WRITE"]
    assert Access.names_of(0x82) == ["WRITE", "HIGH"]
    assert Access.names_of(0x46) == ["WRITE", "0x44"]


def test_how_they_print() -> None:
    assert repr(Access(3)) == "<Access READ|WRITE>" and repr(Access(0)) == "<Access 0>"
    assert repr(Access(0x41)) == "<Access READ|0x40>"
    assert repr(Colour(1)) == "<Colour RED>" and repr(Colour(77)) == "<Colour 77>"


def test_names_of_numbers() -> None:
    assert (Colour.name_of(2), Colour.name_of(3), Colour.name_of(Colour(3))) == ("GREEN", "3", "3")


def test_extending_keeps_names_and_adds_some() -> None:
    class More(WireFlag, extends=Access):
        EXEC = 4

    assert list(More.__members__) == ["NONE", "READ", "WRITE", "BOTH", "HIGH", "EXEC"]
    assert More.READ == 1 and isinstance(More.READ, More) and not isinstance(More.READ, Access)
    assert More.names_of(5) == ["READ", "EXEC"]


def test_a_cache_of_members() -> None:
    cache = MemberCache(Colour)
    assert cache[1] is Colour.RED and cache[77] == 77 and cache[77] is cache[77]
    assert isinstance(cache[77], Colour) and len(cache) == 2


def test_a_cache_is_bounded() -> None:
    cache = MemberCache(Access)
    for value in range(CACHE_LIMIT + 10):
        assert int(cache[value << 8]) == value << 8
    assert len(cache) == CACHE_LIMIT == 4096
