"""Requests to an MDS and what they were answered, read out of what went over the network in a play."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lustre_wire import rpc
from lustre_wire.dialects import dialect
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.journal import Put

if TYPE_CHECKING:
    from lustre_wire.upgrade.play import Play


def requests(play: Play) -> Iterator[tuple[Put, rpc.Message]]:
    """Requests to an MDS with their messages, decoded in the dialect they were made in.

    What a client noted and what the network carried are joined by number and order: over TCP their clocks differ.
    """
    carried: dict[tuple[int, int, int], deque[bytes]] = {}
    for packet in (sent.packet for sent in play.simulator.trace.packets):
        if packet.kind == PUT and play.is_metadata(packet.target):
            key = (packet.source, packet.target, packet.match_bits)
            carried.setdefault(key, deque()).append(packet.data)
    for put in play.journal.put:
        sent = carried.get((put.client, put.server, put.xid))
        if sent:
            yield put, rpc.decode(sent.popleft(), dialect(put.dialect))


def identities(message: rpc.Message) -> list[int]:
    """The first number of every object a request names."""
    found = packer(message.dialect).read(message)
    if found is None:
        return []
    form, asked = found
    return [int(getattr(asked, attribute)[0]) for attribute in form.named]


def transnos(play: Play) -> dict[tuple[int, int], int]:
    """The transno each request was answered with, the first time."""
    found: dict[tuple[int, int], int] = {}
    for packet in (sent.packet for sent in play.simulator.trace.packets):
        if packet.kind == PUT and play.is_metadata(packet.source) and packet.data:
            number = transno(packet)
            if number:
                found.setdefault((packet.target, packet.match_bits), number)
    return found


def transno(packet: Packet) -> int:
    """pb_transno of the lustre_msg in a packet; it stands at the same place in either dialect."""
    body = record.codec(dialect("1.8").body, "little")
    parts = lustre_msg.split(packet.data)
    return int(body.unpack(packet.data, parts.offsets[0], parts.lengths[0]).pb_transno)
