"""What went over the network: every packet, when it was sent, and when it arrived, if it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.packet import PUT, Packet


@attrs.define(slots=True, eq=False)
class Sent:
    """A packet on the network; `arrived` holds each time it was delivered."""

    time: float
    packet: Packet
    arrived: list[float] = attrs.field(factory=list)


@attrs.define(slots=True, frozen=True)
class Mark:
    """Something that happened to a node, seen from outside: ``crash``, ``start``."""

    time: float
    kind: str
    nid: int


@attrs.define(slots=True, eq=False)
class Exchange:
    """A message as somebody who watches the network reads it.

    Attributes:
        client, server: NIDs of who asks and who is asked.
        message: decoded; `request` is what a reply answers.
        early: an early reply.
        sent: the packet.
    """

    client: int
    server: int
    xid: int
    message: rpc.Message
    sent: Sent
    request: rpc.Message | None = None
    early: bool = False

    @property
    def name(self) -> str:
        return self.message.name

    @property
    def is_request(self) -> bool:
        return self.message.direction == rpc.REQUEST

    @property
    def flags(self) -> int:
        return int(self.message.body.pb_flags)


class Trace:
    """A recording.

    Attributes:
        packets: in the order of sending.
        marks: crashes and starts.
        finals: what an exercise wants remembered beside the traffic: the last state of every import.
    """

    def __init__(self) -> None:
        self.packets: list[Sent] = []
        self.marks: list[Mark] = []

    def sent(self, time: float, packet: Packet) -> Sent:
        made = Sent(time, packet)
        self.packets.append(made)
        return made

    def mark(self, time: float, kind: str, nid: int) -> None:
        self.marks.append(Mark(time, kind, nid))

    def exchanges(self, dialects: dict[int, Dialect]) -> Iterator[Exchange]:
        """Every lustre_msg of the recording, in the order of sending.

        Args:
            dialects: of each server, by NID.
        """
        asked: dict[tuple[int, int, int], rpc.Message] = {}
        for sent in self.packets:
            packet = sent.packet
            if packet.kind != PUT or not packet.data:
                continue
            found = self._decode(sent, dialects, asked)
            if found is not None:
                yield found

    def _decode(self, sent: Sent, dialects: dict[int, Dialect], asked: dict[Any, rpc.Message]) -> Exchange | None:
        packet = sent.packet
        key = (packet.target, packet.source, packet.match_bits)
        request = asked.get(key)
        dialect = dialects.get(packet.source) or dialects.get(packet.target)
        if request is not None and packet.portal in _bulk_portals(request):
            return None
        if dialect is None:
            return None
        try:
            message = rpc.decode(packet.data, request.dialect if request is not None else dialect, request=request)
        except WireError:
            return None
        if message.body is None:
            return None
        if message.direction == rpc.REQUEST:
            asked[packet.source, packet.target, packet.match_bits] = message
            return Exchange(packet.source, packet.target, packet.match_bits, message, sent)
        if request is None:
            return None
        early = bool(request.header.lm_flags & dialect.constants["MSGHDR_AT_SUPPORT"]) and packet.offset == 0
        return Exchange(packet.target, packet.source, packet.match_bits, message, sent, request, early)


def _bulk_portals(request: rpc.Message) -> tuple[int, ...]:
    form = request.format
    return (form.bulk_portal,) if form is not None and form.bulk_portal is not None else ()


def shape(message: rpc.Message) -> tuple[Any, ...]:
    """What is the same of a message in every run: not times, handles, request numbers."""
    sizes = tuple(lustre_msg.split(rpc.encode(message)).lengths)
    return (message.direction, message.name, message.status if message.direction == rpc.REPLY else 0, sizes)
