"""Pairs of recorded messages: one operation with one input, packed by the 1.8.9 client for a 1.8 and a 2.0 server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages


@cache
def pairs() -> tuple[tuple[Recorded, Recorded], ...]:
    """(1.8, 2.0) requests whose ids differ in ``-d18-`` and ``-d20-`` alone."""
    ours = [m for m in messages() if m.row["lustre_version"].startswith("1.8") and m.direction == "request"]
    newer = {m.id: m for m in ours if m.dialect == "2.0"}
    return tuple(
        (m, newer[m.id.replace("-d18-", "-d20-")])
        for m in ours
        if m.dialect == "1.8" and m.id.replace("-d18-", "-d20-") in newer and "-d18-" in m.id
    )


def _identities(one: Any, other: Any) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """What stands in both `params` in the same place: an ll_fid here, a lu_fid there."""
    if isinstance(one, dict) and isinstance(other, dict):
        if "generation" in one and "oid" in other:
            yield one, other
        for key in one.keys() & other.keys():
            yield from _identities(one[key], other[key])


def _resources(one: Any, other: Any) -> Iterator[tuple[list[int], list[int]]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() & other.keys():
            if key == "res_id":
                yield one[key], other[key]
            else:
                yield from _resources(one[key], other[key])


@cache
def known_names() -> tuple[tuple[int, int, int, tuple[int, int, int]], ...]:
    """(inode, generation, type, FID) of every file in the `params` of all pairs."""
    found: dict[tuple[int, int], tuple[int, tuple[int, int, int]]] = {}
    for old, new in pairs():
        for one, other in _identities(old.row["params"], new.row["params"]):
            if one["id"]:
                key = (one["id"], one["generation"])
                found[key] = (one["f_type"], (other["seq"], other["oid"], other["ver"]))
        for name, other_name in _resources(old.row["params"], new.row["params"]):
            if name != other_name:
                found.setdefault((name[0], name[1]), (0, (other_name[0], other_name[1], 0)))
    return tuple((ino, gen, kind, fid) for (ino, gen), (kind, fid) in found.items())


def session() -> lw.Session:
    """A session that knows both names of the recorded files, and the credentials of the recording process."""
    made = lw.Session(fsuid=1001, fsgid=1002, capability=0x1FFFFEFF, keep_created=True)
    for inode, generation, kind, fid in known_names():
        made.identify(inode=inode, generation=generation, fid=fid, type=kind)
    return made


def flat(obj: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of everything in plain JSON types."""
    if isinstance(obj, dict):
        for key, value in obj.items():
            yield from flat(value, f"{path}.{key}" if path else key)
    elif isinstance(obj, list):
        for number, value in enumerate(obj):
            yield from flat(value, f"{path}[{number}]")
    else:
        yield path, obj


def fields(message: lw.Message) -> dict[str, Any]:
    """Everything a message says, by buffer and field: ``"rec_reint.cr_mode"``, ``"header.lm_flags"``."""
    told = lw.to_json(message)
    out = {f"header.{path}": value for path, value in flat(told["header"])}
    for buffer in told["buffers"]:
        for path, value in flat({k: v for k, v in buffer.items() if k not in ("name", "struct")}):
            out[f"{buffer['name']}.{path.removeprefix('fields.')}"] = value
    out.update((f"extra.{path}", value) for path, value in flat(told.get("extra", {})))
    return out
