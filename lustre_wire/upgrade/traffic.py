"""Requests to an MDS and what they were answered, read out of what went over the network in a play."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lustre_wire import rpc
from lustre_wire.dialects import dialect
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.packet import PUT
from lustre_wire.testbed.packing import packer
from lustre_wire.upgrade.journal import Put

if TYPE_CHECKING:
    from lustre_wire.upgrade.play import Play


def requests(play: Play) -> Iterator[tuple[Put, rpc.Message]]:
    """Requests to an MDS with their messages, decoded in the dialect they were made in."""
    packets = {
        (sent.time, sent.packet.source, sent.packet.match_bits): sent.packet.data
        for sent in play.simulator.trace.packets if sent.packet.kind == PUT
    }  # fmt: skip
    for put in play.journal.put:
        data = packets.get((put.time, put.client, put.xid))
        if data is not None and play.is_metadata(put.server):
            yield put, rpc.decode(data, dialect(put.dialect))


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
    body = record.codec(dialect("1.8").body, "little")
    for sent in play.simulator.trace.packets:
        packet = sent.packet
        if packet.kind == PUT and play.is_metadata(packet.source) and packet.data:
            parts = lustre_msg.split(packet.data)
            answer = body.unpack(packet.data, parts.offsets[0], parts.lengths[0])
            if answer.pb_transno:
                found.setdefault((packet.target, packet.match_bits), answer.pb_transno)
    return found
