"""Columns and offsets of every kind of number: converted when nothing is lost, and refused otherwise."""

from __future__ import annotations

import ctypes
from array import array
from typing import Any

import numpy as np
import pytest

import lustre_wire as lw
from compat_tests.bulk.engines import everywhere
from lustre_wire import bulk

MdtBody = lw.dialect("2.0").structs["mdt_body"]
VALUES = [1, 2, 100]
KINDS = [f"{order}{kind}{size}" for order in "<>" for kind in "ui" for size in (1, 2, 4, 8)]


def written(column: Any, name: str = "size") -> Any:
    """What comes out of a column that went in, on all engines."""
    (first, *others) = everywhere(lambda: bulk.unpack(MdtBody, bulk.pack(MdtBody, {name: column}))[name].tolist())
    assert all(other == first for other in others)
    return first


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["size", "mode"])
def test_integers_of_every_width_sign_and_order_are_the_same_numbers(kind: str, name: str) -> None:
    column = np.array(VALUES, kind)
    assert written(column, name) == VALUES
    assert written(np.array([*VALUES, *VALUES], kind)[::2], name) == [1, 100, 2]
    assert written(memoryview(column), name) == VALUES


def test_integers_without_numpy() -> None:
    for code in "bBhHiIlLqQ":
        assert written(array(code, VALUES)) == VALUES
    for kind in (ctypes.c_uint64, ctypes.c_uint16, ctypes.c_uint64.__ctype_be__, ctypes.c_uint32.__ctype_be__):
        assert written((kind * 3)(*VALUES)) == VALUES
    assert written(b"".join(v.to_bytes(8, "little") for v in VALUES)) == VALUES


@pytest.mark.parametrize(
    "column",
    [
        np.array([1.0]), np.array([1], "f4"), np.array([True]), np.array([-1]), np.array(["1"]), np.array([1], "M8[s]"),
        np.array([1], "c16"), np.array([1], "O"), np.array([[1, 2]]), np.array(1), array("d", [1]), [1.0], ["1"], [-1],
        [1 << 64], "1", 1.5, (ctypes.c_double * 1)(1),
    ],
)  # fmt: skip
def test_what_is_no_such_integer_is_refused(column: Any) -> None:
    for call in (
        lambda: bulk.pack(MdtBody, {"size": column}),
        lambda: bulk.pack_messages("OBD_PING", {"pb_transno": column}, dialect="2.0"),
        lambda: bulk.unpack(MdtBody, bytes(500), offsets=column),
    ):
        with pytest.raises(lw.WireError):
            call()


def test_values_too_large_for_a_narrower_field_are_refused() -> None:
    for kind in ("<u8", ">u8", "<i8"):
        with pytest.raises(lw.WireError, match="mode"):
            bulk.pack(MdtBody, {"mode": np.array([1 << 32], kind)})
    assert written(np.array([(1 << 32) - 1]), "mode") == [(1 << 32) - 1]


@pytest.mark.parametrize("kind", KINDS)
def test_offsets_of_every_kind(kind: str) -> None:
    data = bulk.pack(MdtBody, {"size": VALUES})
    places = np.array([0] if kind.endswith("1") else [432, 0], kind)
    found = bulk.unpack(MdtBody, data, offsets=places)["size"].tolist()
    assert found == [VALUES[int(at) // 216] for at in places]
    names = bulk.Strings(b"abc", np.array([0, 1, 3], kind))
    stream = bulk.pack_messages("MDS_GETATTR_NAME", {}, names, dialect="2.0")
    assert stream == bulk.pack_messages("MDS_GETATTR_NAME", {}, [b"a", b"bc"], dialect="2.0")


@pytest.mark.parametrize("kind", [">u8", "<u4", "<f8", "<u1", ">i8", "<i8"])
def test_out_is_of_the_columns_own_kind(kind: str) -> None:
    data = bulk.pack(MdtBody, {"size": VALUES})
    with pytest.raises(lw.WireError, match="elements of 8 bytes"):
        bulk.unpack(MdtBody, data, fields="size", out={"size": np.zeros(99, kind)})
    out = np.zeros(3, "u8")
    bulk.unpack(MdtBody, data, fields="size", out={"size": out})
    assert out.tolist() == VALUES
