"""Wireshark's own dissector of Lustre, where it is installed: a second reader that shares nothing with ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lustre_wire.schema import spec_of

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: nothing to compare with")


def run(*arguments: str) -> str:
    """What tshark prints."""
    assert TSHARK is not None
    done = subprocess.run([TSHARK, *arguments], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def values(path: Path, *names: str) -> list[list[list[str]]]:
    """Of each frame, all values of each named field."""
    columns = [part for name in names for part in ("-e", name)]
    out = run("-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", *columns)
    return [[column.split(",") if column else [] for column in line.split("\t")] for line in out.splitlines()]


def pairs(objects: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """A JSON object as a list, since tshark repeats keys."""
    return objects


def trees(path: Path, *options: str) -> list[Any]:
    """The dissection of each frame as nested lists of (field, value)."""
    packets = json.loads(run("-r", str(path), "-T", "json", *options), object_pairs_hook=pairs)
    return [dict(dict(packet)["_source"])["layers"] for packet in packets]


#: Numbers by struct and field, in wire order.
Values = dict[tuple[str, str], list[int]]


def collect(value: Any, out: Values) -> None:
    """Add the numbers of a decoded buffer to `out`."""
    if isinstance(value, list):
        for element in value:
            collect(element, out)
        return
    if not hasattr(type(value), "__wire__") or spec_of(value).is_union:
        return
    spec = spec_of(value)
    for field in spec.fields:
        inner = getattr(value, field.name)
        for number in inner if isinstance(inner, list) else [inner]:
            if isinstance(number, int):
                out[shared_name(spec.name, field.name)].append(int(number))
            elif hasattr(type(number), "__wire__") and spec_of(number).name == "lustre_handle":
                out[spec.name, field.name].append(int(number.cookie))
        collect(inner, out)


def shared_name(struct: str, field: str) -> tuple[str, str]:
    """All reint records are one struct to tshark, its fields without the prefix that tells them apart."""
    if struct.startswith("mdt_rec_"):
        return "mdt_rec_reint", field.partition("_")[2]
    return struct, field


def their_values(layers: list[tuple[str, Any]]) -> dict[tuple[str, str], list[bytes]]:
    """Bytes of tshark's fields by struct and field, in wire order, where a field is whole bytes."""
    out: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for name, raw in _fields(layers):
        parts = name.removesuffix("_raw").split(".")
        if name.endswith("_raw") and len(parts) == 3 and isinstance(raw[0], str):
            digits, _, size, mask, _ = raw
            if not mask and 1 <= size <= 8 and len(digits) == 2 * size:
                out[parts[1], parts[2]].append(bytes.fromhex(digits))
    return out


def _fields(layers: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in layers:
        yield name, value
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            yield from _fields(value)
        elif isinstance(value, list):
            for element in value:
                if isinstance(element, list) and element and isinstance(element[0], tuple):
                    yield from _fields(element)
