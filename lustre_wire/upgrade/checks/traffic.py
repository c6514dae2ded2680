"""Requests and what they were answered, read out of what went over the network in a play."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import dialect
from lustre_wire.recovery.packet import PUT
from lustre_wire.testbed.operations import NOBODY, Ident
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.seen import Seen, note
from lustre_wire.testbed.trace import Exchange as Watched
from lustre_wire.upgrade.evidence.journal import Put
from lustre_wire.upgrade.evidence.wire import Kind, Message, spoken
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.stage.play import Play


@attrs.frozen
class Exchange:
    """A request to an MDS as it went out, or the answer to it: then `reply` is there, and `time` its own."""

    time: float
    put: Put
    request: rpc.Message
    reply: rpc.Message | None = None


def conversation(play: Play) -> Iterator[Exchange]:
    """Requests and answers in the order of sending, each decoded in the dialect its request was made in.

    What a client noted and what the network carried are joined by number and order: over TCP their clocks differ.
    """
    noted: dict[tuple[int, int, int], deque[Put]] = {}
    for put in play.journal.put:
        noted.setdefault((put.client, put.server, put.xid), deque()).append(put)
    asked: dict[tuple[int, int], Exchange] = {}
    for sent in play.simulator.trace.packets:
        packet = sent.packet
        made = noted.get((packet.source, packet.target, packet.match_bits))
        if packet.kind == PUT and play.is_metadata(packet.target) and made:
            put = made.popleft()
            exchange = Exchange(sent.time, put, rpc.decode(packet.data, dialect(put.dialect)))
            asked[packet.source, packet.match_bits] = exchange
            yield exchange
        elif packet.kind == PUT and play.is_metadata(packet.source):
            before = asked.get((packet.target, packet.match_bits))
            if before is not None and packet.portal == before.request.format.reply_portal:  # type: ignore[union-attr]
                reply = rpc.decode(packet.data, before.request.dialect, request=before.request)
                yield attrs.evolve(before, time=sent.time, reply=reply)


def requests(play: Play) -> Iterator[tuple[Put, rpc.Message]]:
    """Requests to an MDS with their messages."""
    return ((exchange.put, exchange.request) for exchange in conversation(play) if exchange.reply is None)


def shown(play: Play) -> Iterator[tuple[float, Ident]]:
    """Inode and generation of every object that an MDS which names objects so told a client of, and when."""
    for exchange in conversation(play):
        pack = packer(exchange.request.dialect)
        reply = exchange.reply
        found = pack.read(exchange.request) if reply is not None and not pack.personality.client_names else None
        if found is not None and reply is not None and not isinstance(reply.buffers, rpc.Generic):
            ident = pack.result(found[0], reply).ident
            if ident != NOBODY:
                yield exchange.time, ident


def identities(message: rpc.Message) -> list[int]:
    """The first number of every object a request names."""
    found = packer(message.dialect).read(message)
    if found is None:
        return []
    form, asked = found
    return [int(getattr(asked, attribute)[0]) for attribute in form.named]


def decoded(play: Play) -> Iterator[tuple[Message, rpc.Message, rpc.Message | None]]:
    """Every request and answer, decoded in the dialect that the bytes show its request was made in; of an answer the
    last is what it answers. Nothing of it comes from the nodes. A server that asks another speaks its own version."""
    wire = play.wire()
    made = spoken(wire, [dialect(version) for version in VERSIONS])
    for sent in wire.of(Kind.REQUEST):
        served = [begun.version for begun in play.began if begun.nid == sent.client and begun.place <= sent.place]
        made[sent.place] = served[-1] if served else made[sent.place]
    asked: dict[tuple[int, int, int], rpc.Message] = {}
    for sent in wire.messages:
        exchange = sent.client, sent.server, sent.xid
        if sent.kind is Kind.REQUEST:
            asked[exchange] = message = rpc.decode(sent.data, dialect(made[sent.place]))
            yield sent, message, None
        elif sent.kind is Kind.REPLY and exchange in asked:
            request = asked[exchange]
            yield sent, rpc.decode(sent.data, request.dialect, request=request), request


def seen(play: Play) -> list[Seen]:
    """What the invariants of recovery read: every request and answer. The nodes of a failover pair are one server. What
    an MDS asks an OST of another version is left out, its tries to connect aside: it ends its recovery by flags the
    other does not count (C.4)."""
    first: dict[bytes, int] = {}
    servers = {node.nid: first.setdefault(node.uuid, node.nid) for node in play.nodes.values()}
    packets, found = play.simulator.trace.packets, list[Seen]()
    for sent, message, request in decoded(play):
        alike = sent.client not in servers or _version(play, sent.client, sent) == _version(play, sent.server, sent)
        if alike or (request is None and message.name.endswith("_CONNECT")):
            server, packet = servers[sent.server], packets[sent.place]
            found.append(note(sent.place, Watched(sent.client, server, sent.xid, message, packet, request)))
    return found


def _version(play: Play, nid: int, sent: Message) -> str:
    """What a server runs when something is sent; nothing before its first start."""
    runs = [begun.version for begun in play.began if begun.nid == nid and begun.place <= sent.place]
    return runs[-1] if runs else ""
