"""Requests and what they were answered, read out of what went over the network in a play."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import dialect
from lustre_wire.testbed.operations import NOBODY, Ident, Result
from lustre_wire.testbed.packing import Form, packer
from lustre_wire.testbed.seen import Seen, note
from lustre_wire.testbed.trace import Exchange as Watched
from lustre_wire.upgrade.evidence.wire import Kind, Message, Wire
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.stage.play import Play


@attrs.frozen(eq=False)
class Decoded:
    """A request or an answer, in the dialect that the bytes show its request was made in.

    Attributes:
        sent: as the network had it.
        message: it; `request` what an answer answers, None for a request.
        found: form and operation of the request, None where the testbed knows none.
    """

    sent: Message
    message: rpc.Message
    request: rpc.Message | None
    found: tuple[Form, Any] | None

    @property
    def asked(self) -> Any:
        """What was asked for, None where the testbed knows no such operation."""
        return self.found[1] if self.found is not None else None

    @property
    def said(self) -> Result | None:
        """What an answer says; None of a request, and of an answer without buffers of its own."""
        if self.found is None or self.request is None or isinstance(self.message.buffers, rpc.Generic):
            return None
        return packer(self.message.dialect).result(self.found[0], self.message)


def shown(play: Play) -> Iterator[tuple[float, Ident]]:
    """Inode and generation of every object that an MDS which names objects so told a client of, and when."""
    for each in decoded(play):
        if play.is_metadata(each.sent.server) and not packer(each.message.dialect).personality.client_names:
            said = each.said
            if said is not None and said.ident != NOBODY:
                yield each.sent.time, said.ident


def identities(request: Decoded) -> list[int]:
    """The first number of every object a request names."""
    if request.found is None:
        return []
    form, asked = request.found
    return [int(getattr(asked, attribute)[0]) for attribute in form.named]


def decoded(play: Play) -> list[Decoded]:
    """Every request and answer, in the order of sending. Nothing of it comes from the nodes. A server that asks another
    speaks its own version."""
    wire, starts = play.wire(), tuple(play.began)
    if wire.decoded is None or wire.decoded[0] != starts:
        wire.decoded = starts, list(_decoded(play, wire))
    found: list[Decoded] = wire.decoded[1]
    return found


def _decoded(play: Play, wire: Wire) -> Iterator[Decoded]:
    made = dict(wire.spoken([dialect(version) for version in VERSIONS]))
    for sent in wire.of(Kind.REQUEST):
        served = [begun.version for begun in play.began if begun.nid == sent.client and begun.place <= sent.place]
        made[sent.place] = served[-1] if served else made[sent.place]
    asked: dict[tuple[int, int, int], Decoded] = {}
    for sent in wire.messages:
        exchange = sent.client, sent.server, sent.xid
        if sent.kind is Kind.REQUEST:
            message = rpc.decode(sent.data, dialect(made[sent.place]))
            asked[exchange] = each = Decoded(sent, message, None, packer(message.dialect).read(message))
            yield each
        elif sent.kind is Kind.REPLY and exchange in asked:
            of = asked[exchange]
            message = rpc.decode(sent.data, of.message.dialect, request=of.message)
            yield Decoded(sent, message, of.message, of.found)


def seen(play: Play) -> list[Seen]:
    """What the invariants of recovery read: every request and answer. The nodes of a failover pair are one server. What
    an MDS asks an OST of another version is left out, its tries to connect aside: it ends its recovery by flags the
    other does not count (C.4)."""
    first: dict[bytes, int] = {}
    servers = {node.nid: first.setdefault(node.uuid, node.nid) for node in play.nodes.values()}
    packets, found = play.simulator.trace.packets, list[Seen]()
    for each in decoded(play):
        sent, message, request = each.sent, each.message, each.request
        alike = sent.client not in servers or _version(play, sent.client, sent) == _version(play, sent.server, sent)
        if alike or (request is None and message.name.endswith("_CONNECT")):
            server, packet = servers[sent.server], packets[sent.place]
            found.append(note(sent.place, Watched(sent.client, server, sent.xid, message, packet, request)))
    return found


def _version(play: Play, nid: int, sent: Message) -> str:
    """What a server runs when something is sent; nothing before its first start."""
    runs = [begun.version for begun in play.began if begun.nid == nid and begun.place <= sent.place]
    return runs[-1] if runs else ""
