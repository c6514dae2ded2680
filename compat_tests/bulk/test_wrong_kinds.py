"""Every public function and method of `lustre_wire.bulk` with values of every wrong kind and size: one clear error.

What is public is read off `bulk.__all__`: a new name without a call here fails the first test.
"""

from __future__ import annotations

import inspect
import mmap
from array import array
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
import pytest

import lustre_wire as lw
from compat_tests.bulk.engines import noise, record_engine
from compat_tests.bulk.test_translate import opens
from lustre_wire import bulk

MdtBody = lw.dialect("2.0").structs["mdt_body"]
STREAM = opens(3, "little")
DATA = noise(216 * 3, 1)


def released() -> memoryview:
    view = memoryview(bytearray(648))
    view.release()
    return view


def wrong() -> Iterator[Any]:
    """Values of every kind and size that some argument does not expect."""
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    yield from (None, True, -1, 0, 1, 3, 1 << 45, 1 << 62, 1 << 64, 1 << 200, -(1 << 63), 1.5, float("nan"), 1j)
    yield from ("", "text", "size", "\0", b"", b"x", bytes(647), bytearray(648), bytearray(3), mmap.mmap(-1, 648))
    yield from ((), [], {}, set(), [None], ["a"], [b"a"], [1.5], [-1], [1 << 64], [[1]], [[1, 2], [3]], deep)
    yield from (range(1 << 62), range(-5, 1 << 70), object(), object, int, lambda: None, iter(()), released())
    yield from ({"size": value} for value in (1, None, "abc", deep, object(), released(), b"abc", range(1 << 62)))
    yield from ({"nothing": 1}, {1: 2}, {"mode": [1, 2], "size": [1]}, {"size": np.array([1.0])})
    yield from (memoryview(bytes(1296))[::2], memoryview(bytes(648)).cast("Q"), memoryview(bytes(648)).cast("d"))
    yield from (array("d", [1.0]), array("q", [-1]), array("H", [1]), np.float64(1), np.uint64(1), np.array(1))
    yield from (np.array(["a"]), np.array([object()]), np.array([1], "M8[s]"), np.array([(1, 2)], "i4,i4"))
    yield from (np.zeros((3, 3), ">u2"), np.array([True]), np.array([1.0, 2.0]), {"size": np.array([[1, 2]])})
    yield from (MdtBody, MdtBody(), lw.dialect("2.0"), lw.dialect("2.0").rpcs["OBD_PING"])
    yield from (bulk.Strings(b"", [0]), bulk.Strings(b"", [5, 1]), bulk.Strings(None, None), bulk.Strings("a", "b"))
    yield from (bulk.index(STREAM, "1.8"), bulk.unpack(MdtBody, DATA))


def drained(made: Any) -> list[Any]:
    return [one for _, one in zip(range(20), made, strict=False)]


def calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Each public function and method with good arguments by name, of which one after the other is replaced."""
    columns = bulk.unpack(MdtBody, DATA)
    translator = bulk.Translator("1.8", "2.0")
    translated = bulk.translate(STREAM, "1.8", "2.0")
    body = {"cls": MdtBody, "buffer": DATA, "stride": 216, "fields": ["size"], "byteorder": "big"}
    return {
        "unpack": (bulk.unpack, body | {"out": None, "offsets": [0]}),
        "iter_unpack": (lambda **given: drained(bulk.iter_unpack(**given)), body | {"offsets": None, "block": 2}),
        "pack": (bulk.pack, {"cls": MdtBody, "columns": {"size": [1]}, "out": None, "byteorder": "little", "rows": 1}),
        "pack_messages": (bulk.pack_messages, {
            "format": "MDS_GETATTR_NAME", "columns": {"pb_transno": [1]}, "names": [b"a"], "direction": "request",
            "dialect": "2.0", "byteorder": "little", "rows": 1, "out": None}),
        "index": (bulk.index, {"stream": STREAM, "dialect": "1.8", "frames": "", "out": None, "parts": None}),
        "iter_index": (lambda **given: drained(bulk.iter_index(**given)), {
            "stream": STREAM, "dialect": "1.8", "frames": "", "block": 2}),
        "swab": (bulk.swab, {"messages": bytearray(STREAM), "dialect": "1.8", "out": None, "formats": None}),
        "table": (bulk.table, {"columns": columns}),
        "translate": (bulk.translate, {
            "stream": STREAM, "source": "1.8", "target": "2.0", "session": None, "allow": (), "on_loss": "report",
            "out": None}),
        "Translator": (bulk.Translator, {"source": "1.8", "target": "2.0", "session": None, "allow": ()}),
        "Translator.run": (translator.run, {"stream": STREAM, "on_loss": "report", "out": None}),
        "Translated.entries_of": (translated.entries_of, {"number": 0}),
        "Strings.of": (bulk.Strings.of, {"values": [b"a"]}),
        "Strings.checked": (lambda **given: bulk.Strings(**given).checked("x"), {"data": b"a", "offsets": [0, 1]}),
        "Columns.over": (partial(bulk.Columns.over, columns.table), {"rows": 3, "out": columns}),
        "Columns.slice": (columns.slice, {"start": 0, "stop": 2}),
        "Columns.grown": (columns.grown, {"rows": 5}),
        "Columns.allocate": (partial(bulk.Columns.allocate, columns.table), {"rows": 5}),
    }  # fmt: skip


#: Made by calls and handed to users: their other methods are the engine's own, with its own types.
ENGINES_OWN = {"Columns.bytes_of", "Columns.pointers", "Columns.overlaps"}


def public() -> set[str]:
    """Functions, classes that users make, and methods, by name."""
    found = set()
    for name in bulk.__all__:
        value = getattr(bulk, name)
        if inspect.isfunction(value):
            found.add(name)
        elif inspect.isclass(value) and name != "Reason":
            for method, member in vars(value).items():
                if not method.startswith("_") and (inspect.isfunction(member) or isinstance(member, classmethod)):
                    found.add(f"{name}.{method}")
    return found


def test_everything_public_is_called() -> None:
    assert public() - ENGINES_OWN <= set(calls())


@pytest.mark.parametrize("without_core", [False, True])
@pytest.mark.parametrize("name", sorted(calls()))
def test_wrong_values_are_one_clear_error(name: str, without_core: bool) -> None:
    tried = 0
    with record_engine() if without_core else nullcontext():
        call, good = calls()[name]
        call(**good)
        for argument in good:
            for value in wrong():
                tried += 1
                try:
                    call(**good | {argument: value})
                except lw.WireError as error:
                    assert str(error)
    assert tried > 60


@pytest.mark.parametrize("without_core", [False, True])
def test_wrong_values_for_every_kind_of_slot(without_core: bool) -> None:
    """One format for each type of buffer and each shape of its numbers, in either direction."""
    seen = set()
    with record_engine() if without_core else nullcontext():
        for key, form in lw.dialect("2.0").rpcs.items():
            for direction, side in (("request", form.request), ("reply", form.reply)):
                for slot in side.__slot_specs__:
                    kind = (type(slot.type), slot.optional)
                    if kind in seen:
                        continue
                    seen.add(kind)
                    for value in wrong():
                        for given in ({slot.name: value}, {f"{slot.name}.size": value}, {"pb_status": value}):
                            for names in (None, {slot.name: value}):
                                try:
                                    bulk.pack_messages(key, given, names, direction=direction, dialect="2.0", rows=2)
                                except lw.WireError as error:
                                    assert str(error)
    assert len(seen) > 5
