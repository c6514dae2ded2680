"""Wireshark's own dissector of Lustre, where it is installed: a second reader that shares nothing with ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

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
