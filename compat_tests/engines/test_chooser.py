"""Which of an opcode's formats a request is of: every kind of condition, and which of several wins."""

from __future__ import annotations

import struct
from typing import Annotated, Any

import pytest

import lustre_wire as lw
from lustre_wire.engines.chooser import chooser, possible
from lustre_wire.schema import AS_SENT, U32, u16, u32
from lustre_wire.schema.rpc import (
    Absent,
    Bits,
    Buffers,
    Counted,
    CString,
    Length,
    Match,
    NonZero,
    Opaque,
    Prefix,
    RpcFormat,
    Uncounted,
    buffers,
    slot,
)


@lw.wire_struct(size=12)
class Head:
    """What conditions look at."""

    kind: u32 = 0
    low: u16 = 0
    high: u16 = 0
    kept: Annotated[int, U32, AS_SENT] = 0


@lw.wire_struct(size=4, byteorder="big")
class Fixed:
    """Big-endian whoever sends it."""

    number: u32 = 0


class _Request:
    head: Head | None = slot()
    fixed: Fixed | None = slot()
    name: CString | None = slot()
    rest: Opaque | None = slot()


Request = buffers(_Request)


def form(name: str, match: Match | None = None) -> RpcFormat:
    return RpcFormat(name, 1, 0, match or {}, Request, Buffers, None, None)


def chosen(forms: list[RpcFormat], *pieces: bytes, order: Any = "little") -> str | None:
    data, offsets = b"", []
    for piece in (b"body", *pieces):
        offsets.append(len(data))
        data += piece
    found = chooser(forms, order)(data, offsets, [4, *map(len, pieces)])
    return found.name if found is not None else None


def head(kind: int = 0, low: int = 0, high: int = 0, kept: int = 0, order: str = "<") -> bytes:
    return struct.pack(f"{order}IHH", kind, low, high) + struct.pack("<I", kept)


def test_a_number() -> None:
    forms = [form("one", {"head.kind": 1}), form("two", {"head.kind": 2})]
    assert [chosen(forms, head(kind)) for kind in (0, 1, 2, 3)] == [None, "one", "two", None]


def test_a_number_that_is_not_the_first() -> None:
    forms = [form("yes", {"head.high": 7})]
    assert chosen(forms, head(high=7)) == "yes" and chosen(forms, head(low=7)) is None
    assert chosen(forms, head(high=7)[:8]) == "yes" and chosen(forms, head(high=7)[:7]) is None


def test_byte_orders() -> None:
    """The message's, unless the format fixes it or no receiver swaps the number."""
    forms = [form("kind", {"head.kind": 1}), form("kept", {"head.kept": 1}), form("fixed", {"fixed.number": 1})]
    assert chosen(forms, head(1, order=">"), order="big") == "kind" and chosen(forms, head(1), order="big") is None
    assert chosen(forms, head(kept=1), order="big") == chosen(forms, head(kept=1)) == "kept"
    for order in ("little", "big"):
        assert chosen(forms, head(), b"\0\0\0\1", order=order) == "fixed"
        assert chosen(forms, head(), b"\1\0\0\0", order=order) is None


def test_bits() -> None:
    forms = [form("both", {"head.kind": Bits(5)})]
    assert [kind for kind in range(16) if chosen(forms, head(kind))] == [5, 7, 13, 15]


def test_a_prefix() -> None:
    forms = [form("max", {"name": Prefix(b"max_")}), form("mds", {"name": Prefix(b"mds")})]
    assert chosen(forms, head(), b"", b"max_easize\0") == "max" and chosen(forms, head(), b"", b"max_") == "max"
    assert chosen(forms, head(), b"", b"mds_conn\0") == "mds"
    assert chosen(forms, head(), b"", b"max") is chosen(forms, head()) is chosen(forms, head(), b"", b"MAX_") is None


def test_a_length() -> None:
    forms = [form("eight", {"rest": Length(8)}), form("four", {"rest": Length(4)})]
    assert chosen(forms, b"", b"", b"", bytes(8)) == "eight" and chosen(forms, b"", b"", b"", bytes(4)) == "four"
    assert chosen(forms, b"", b"", b"", bytes(5)) is chosen(forms, b"", b"", b"") is None


def test_a_missing_buffer() -> None:
    """Absent: without bytes, or not counted. Uncounted: the latter alone, and Counted its opposite."""
    absent, uncounted = [form("absent", {"rest": Absent()})], [form("uncounted", {"[4]": Uncounted()})]
    counted = [form("counted", {"[4]": Counted()})]
    assert chosen(counted, b"", b"", b"", b"") == chosen(counted, b"", b"", b"", b"x") == "counted"
    assert chosen(counted, b"", b"", b"") is None
    assert chosen(absent, b"", b"", b"") == chosen(absent, b"", b"", b"", b"") == "absent"
    assert chosen(absent, b"", b"", b"", b"x") is None
    assert chosen(uncounted, b"", b"", b"") == "uncounted"
    assert chosen(uncounted, b"", b"", b"", b"") is chosen(uncounted, b"", b"", b"", b"", b"") is None


def test_the_most_specific_wins() -> None:
    """Whatever stands first; without any condition is the last resort."""
    forms = [form("any"), form("one", {"head.kind": 1}), form("both", {"head.kind": 1, "name": Prefix(b"x")})]
    for some in (forms, forms[::-1]):
        assert chosen(some, head(1), b"", b"x\0") == "both"
        assert chosen(some, head(1), b"", b"y\0") == "one"
        assert chosen(some, head(2), b"", b"x\0") == "any"
        assert chosen(some) == "any"


def test_all_conditions_hold() -> None:
    forms = [form("both", {"head.kind": 1, "head.low": 2}), form("other", {"head.kind": 1, "rest": Absent()})]
    assert chosen(forms, head(1, 2)) == "both"
    assert chosen(forms, head(1, 3)) == chosen(forms, head(1)) == "other"
    assert chosen(forms, head(2, 2)) is None


def test_different_conditions_on_one_number() -> None:
    forms = [form("bits", {"head.kind": Bits(4)}), form("more", {"head.kind": Bits(8)}), form("five", {"head.kind": 5})]
    assert chosen(forms, head(4)) == "bits" and chosen(forms, head(8)) == "more" and chosen(forms, head(1)) is None


def test_prefixes_of_different_lengths() -> None:
    forms = [form("short", {"name": Prefix(b"ab")}), form("long", {"name": Prefix(b"xyz")})]
    assert chosen(forms, b"", b"", b"abc") == "short" and chosen(forms, b"", b"", b"xyz") == "long"


def test_no_formats_but_one() -> None:
    assert chosen([form("only")]) == "only"


@pytest.mark.parametrize("path", ["head", "name"])
def test_a_condition_that_needs_a_number(path: str) -> None:
    with pytest.raises(TypeError, match=f"{path}: this condition needs a number"):
        chooser([form("bad", {path: Bits(1)})], "little")


def test_nonzero_is_for_buffers_that_float() -> None:
    """A format is chosen by what a number is, or its bits."""
    with pytest.raises(TypeError):
        chooser([form("bad", {"head.kind": NonZero()})], "little")


@pytest.mark.parametrize(
    ("path", "condition", "holds", "fails"),
    [
        ("[4]", Uncounted(), (4, 0, 0, 0), (4, 0, 0, 0, 0)),
        ("[4]", Counted(), (4, 0, 0, 0, 0), (4, 0, 0, 0)),
        ("rest", Absent(), (4, 0, 0, 0), (4, 0, 0, 0, 1)),
        ("rest", Absent(), (4, 0, 0, 0, 0), (4, 0, 0, 0, 1)),
        ("rest", Length(8), (4, 0, 0, 0, 8), (4, 0, 0, 0, 9)),
        ("rest", Length(8), (4, 0, 0, 0, 8), (4, 0, 0, 0)),
        ("name", Prefix(b"abc"), (4, 0, 0, 3), (4, 0, 0, 2)),
        ("name", Prefix(b"abc"), (4, 0, 0, 9), (4, 0, 0)),
        ("head.high", 1, (4, 8), (4, 7)),
        ("head.high", Bits(1), (4, 12), (4,)),
    ],
)
def test_which_formats_lengths_leave_possible(path: str, condition: Any, holds: Any, fails: Any) -> None:
    forms = [form("some", {path: condition}), form("any"), form("both", {path: condition, "fixed": Absent()})]
    assert [f.name for f in possible(forms, holds)] == ["some", "any", "both"]
    assert [f.name for f in possible(forms, fails)] == ["any"]
    assert possible([], holds) == ()
