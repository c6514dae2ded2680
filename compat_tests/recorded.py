"""The recorded messages of `fixtures/golden`, with the request each reply answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import lustre_wire as lw

FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True, eq=False)
class Recorded:
    """One recorded lustre_msg. `row` is the whole record, with the inputs under "params"."""

    id: str
    dialect: str
    direction: str
    endian: str
    data: bytes
    request_id: str
    row: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.row["kind"])

    def request(self) -> lw.Message | None:
        """The decoded request of a reply, where it was recorded too."""
        if self.direction != "reply":
            return None
        version = self.row["lustre_version"]
        found = by_id().get((self.dialect, version, self.request_id))
        if found is None:
            found = _by_match_bits().get((self.dialect, version, self.endian, self.row["opc"], self.match_bits))
        return found.decode() if found is not None else None

    @property
    def match_bits(self) -> int:
        """LNet match bits, which a request and its reply share."""
        return int(self.row["params"]["_lnet"]["match_bits_xid"])

    def decode(self, *, strict: bool = False) -> lw.Message:
        """The message, a reply in the light of its request."""
        return lw.decode(self.data, self.dialect, request=self.request(), strict=strict)

    def __str__(self) -> str:
        return f"{self.row['lustre_version']}:{self.dialect}:{self.id}"


@cache
def rows() -> tuple[dict[str, Any], ...]:
    """Every record, payloads and frames included."""
    files = sorted((FIXTURES / "golden").glob("*.jsonl"))
    return tuple(json.loads(line) for file in files for line in file.read_text().splitlines())


def _recorded() -> Iterator[Recorded]:
    for row in rows():
        if row.get("msg_format", "") in ("lustre_msg_v1", "lustre_msg_v2"):
            request = row["id"].removesuffix(".reply")
            yield Recorded(
                row["id"], row["dialect"], row["direction"], row["endian"], bytes.fromhex(row["hex"]), request, row
            )


@cache
def messages() -> tuple[Recorded, ...]:
    """Every recorded lustre_msg of both dialects."""
    return tuple(_recorded())


@cache
def by_id() -> dict[tuple[str, str, str], Recorded]:
    """(dialect, Lustre version, id) -> message."""
    return {(m.dialect, m.row["lustre_version"], m.id): m for m in messages()}


@cache
def _by_match_bits() -> dict[tuple[str, str, str, int, int], Recorded]:
    """The last request with these match bits: a replay is sent with those of the request it repeats."""
    return {
        (m.dialect, m.row["lustre_version"], m.endian, m.row["opc"], m.match_bits): m
        for m in messages()
        if m.direction == "request"
    }


def payloads(kind: str) -> list[dict[str, Any]]:
    """Records of one kind that are no lustre_msg: "lov-ea", "lustre-cfg", "socklnd-hello" and the like."""
    return [row for row in rows() if row["kind"] == kind]
