"""Recorded messages as a conversation of two nodes: what is said, and the capture of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from compat_tests.recorded import Recorded, messages
from lustre_wire.capture import Captured, ConversationWriter, PcapWriter, Statistics, read_messages
from lustre_wire.capture.packets import Segment, build_tcp_packet, parse_segments
from lustre_wire.capture.pcap import read_records

START_NS = 1_297_555_200_000_000_000
#: Requests that servers send to their clients.
CALLBACK_PORTALS = (15, 16)


@dataclass(frozen=True)
class Exchange:
    """A recorded request with its reply."""

    request: Recorded
    reply: Recorded


def lnet_of(recorded: Recorded, key: str) -> int:
    """Portal or offset as recorded."""
    return int(recorded.row["params"]["_lnet"][key])


@cache
def exchanges(dialect: str, version: str, endian: str = "little") -> tuple[Exchange, ...]:
    """All recorded exchanges of one sender, connects first, as two nodes would begin."""
    own = {m.id: m for m in messages() if (m.dialect, m.row["lustre_version"], m.endian) == (dialect, version, endian)}
    found = [Exchange(m, own[f"{name}.reply"]) for name, m in own.items() if f"{name}.reply" in own]
    return tuple(sorted(found, key=lambda e: (e.request.kind != "connect", e.request.row["opc"] != 38)))


def ping_pair() -> Exchange:
    """A recorded ping whose reply came behind the room for an early one."""
    return next(e for e in exchanges("2.0", "2.0.0") if e.request.row["opc"] == 400 and lnet_of(e.reply, "offset") > 0)


SENDERS = (("1.8", "1.8.9-wc1"), ("2.0", "1.8.9-wc1"), ("2.0", "2.0.0"))


def say(writer: ConversationWriter, number: int, exchange: Exchange) -> None:
    """Write one exchange; the xid is its number."""
    time_ns = START_NS + number * 1_000_000
    backwards = lnet_of(exchange.request, "portal") in CALLBACK_PORTALS
    writer.request(
        time_ns, exchange.request.data, number, portal=lnet_of(exchange.request, "portal"), by_server=backwards
    )
    writer.reply(
        time_ns + 1000, exchange.reply.data, number,
        portal=lnet_of(exchange.reply, "portal"), offset=lnet_of(exchange.reply, "offset"), by_server=not backwards,
    )  # fmt: skip


def capture_of(said: Iterable[Exchange], **options: object) -> bytes:
    """The pcap file of a conversation; xids count from 1."""
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out), **options)  # type: ignore[arg-type]
    number = 0
    for number, exchange in enumerate(said, 1):
        say(writer, number, exchange)
    writer.close(START_NS + (number + 1) * 1_000_000)
    return out.getvalue()


def read(data: bytes, statistics: Statistics | None = None, **options: object) -> list[Captured]:
    """The messages of a pcap file."""
    return list(read_messages(io.BytesIO(data), statistics=statistics, **options))  # type: ignore[arg-type]


def segments_of(data: bytes) -> list[Segment]:
    """The TCP segments of a pcap file."""
    first, out = 1, list[Segment]()
    for records in read_records(io.BytesIO(data)):
        out += parse_segments(records, first=first)
        first += len(records.places)
    return out


def changed(data: bytes, change: Callable[[list[Segment]], Iterable[Segment]]) -> bytes:
    """The same capture with its segments changed, dropped or put in another order."""
    out = io.BytesIO()
    writer = PcapWriter(out)
    for i, s in enumerate(change(segments_of(data))):
        frame = build_tcp_packet(s.src, s.sport, s.dst, s.dport, s.seq, s.ack, s.flags, s.payload)
        writer.write(START_NS + i, frame)
    return out.getvalue()
