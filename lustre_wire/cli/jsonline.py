"""A captured message as one line of JSON: when, who, which transfer, the message, and the names of its numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lustre_wire.capture import Captured
from lustre_wire.capture.captured import BULK
from lustre_wire.capture.connected import Releases
from lustre_wire.cli.filters import rpc_of
from lustre_wire.cli.inputs import latency, nid_text
from lustre_wire.cli.records import is_log_record, records_in
from lustre_wire.cli.times import iso
from lustre_wire.dialects import Dialect
from lustre_wire.engines.jsontext import quoted
from lustre_wire.frames.nid import Nid
from lustre_wire.rpc import REPLY
from lustre_wire.schema.rpc import Buffers
from lustre_wire.text import Node
from lustre_wire.text.line import reply_status, service_of
from lustre_wire.text.numbers import signed
from lustre_wire.text.quoting import json_line


class JsonLines:
    """Gives the JSON line of a message.

    Args:
        releases: which release each node runs, as far as it is known.
        names: with what numbers are called, and the records that logs and pages consist of.
        data: with the data of reads and writes.
    """

    def __init__(self, releases: Releases, names: bool, data: bool) -> None:
        self._releases, self._names, self._data = releases, names, data
        self._ends = lru_cache(maxsize=4096)(self._between)

    def __call__(self, captured: Captured) -> str:
        src, dst, xid, portal, offset = captured.route
        ends = self._ends if type(src) is type(dst) is int else self._between  # large NIDs have no hash
        time, packet, missing = iso(captured.time_ns), captured.packet, captured.missing
        when = f'"{time}"' if time is not None else "null"
        frame = f'"frame":{packet},' if packet else ""
        more = f'"offset":{offset},' if offset else ""
        if captured.request is not None and (taken := latency(captured)) is not None:
            more += f'"latency":{taken!r},'
        if missing:
            more += f'"missing":{missing},'
        text = captured.json_text(self._names)
        if text is None:
            text = self._undecoded(captured)
        elif self._names and captured.direction == REPLY and (status := captured.status):
            more += f"{_errno(status, captured.dialect, service_of(captured.format))},"
        if self._names and (records := _records(captured)):
            text = f'{text[:-1]},"records":{json_line(records)}}}'
        return (
            f'{{"time":{when},{frame}"kind":"{captured.kind}",{ends(src, dst, self._releases.told)},'
            f'"xid":{"null" if xid is None else xid},"portal":{"null" if portal is None else portal},{more}{text[1:]}'
        )

    def _between(self, src: Nid | None, dst: Nid | None, told: int) -> str:
        """Who sends to whom, and their releases as far as they are known when so much was `told`."""
        ends = [("src", nid_text(src)), ("dst", nid_text(dst))]
        releases = [(f"{end}_release", self._releases.of(nid)) for end, nid in ends]
        return ",".join(
            [f'"{end}":{quoted(nid) if nid else "null"}' for end, nid in ends]
            + [f'"{end}":{quoted(release)}' for end, release in releases if release]
        )

    def _undecoded(self, captured: Captured) -> str:
        """What there is of a message that could not be decoded, or that is none."""
        raw, short = captured.raw, False
        told: dict[str, Any]
        if (partial := captured.partial) is not None:
            form = partial.format.key if partial.format is not None else None
            told = {
                "dialect": partial.dialect.name, "direction": partial.direction, "opcode": partial.opcode,
                "format": form, "status": partial.status, "transno": partial.transno, "endian": partial.order,
            }  # fmt: skip
        else:
            about = rpc_of(captured)
            told = {"of": about.name if about is not None else None}
            short = not self._data and _file_data(captured)
        data = f'"bytes":{len(raw)}' if short else f'"hex":"{raw.hex()}"'  # not through the encoder: it may be long
        error = f',"error":{quoted(str(captured.error))}' if captured.error is not None else ""
        return f"{json_line(told)[:-1]},{data}{error}}}"


@lru_cache(maxsize=1024)
def _errno(status: int, dialect: Dialect, service: int) -> str:
    """The status of a reply, and its name."""
    name = reply_status(status, dialect, service).partition(" ")[2]
    return f'"status":{signed(status)},"errno":{quoted(name) if name else "null"}'


def _records(captured: Captured) -> list[dict[str, Any]]:
    """The records that logs and pages in a message, or in the bulk data it belongs to, consist of."""
    request = captured.request
    if captured.kind == BULK:
        form = request.format if request is not None else None
        if form is None or form.bulk_holds is None:
            return []
    elif (form := captured.format) is None or not _with_records(
        form.reply if captured.direction == REPLY else form.request
    ):
        return []
    nodes = records_in(captured, deep=False)
    return [_told(each, each is not node) for node in nodes for each in (node, *node.children)]


def _told(node: Node, inner: bool) -> dict[str, Any]:
    """A record by its name and text; of a message in a message its buffers too, of a transaction its updates."""
    told: dict[str, Any] = {"name": node.name, "text": node.text}
    if not inner or not node.children:
        return told
    held = "updates" if is_log_record(node) else "buffers"
    return told | {held: [_told(each, False) for each in node.children]}


@lru_cache(maxsize=1024)
def _with_records(side: type[Buffers]) -> bool:
    """Whether a buffer may hold records."""
    return any(slot.with_records for slot in side.__slot_specs__)


def _file_data(captured: Captured) -> bool:
    """Whether it is what a file's reads and writes move."""
    form = captured.request.format if captured.kind == BULK and captured.request is not None else None
    return form is not None and form.name.partition("/")[0] in ("OST_READ", "OST_WRITE")
