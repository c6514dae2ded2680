"""From a capture's packets to messages: requests with their replies, their bulk data, and LNet's own traffic.

What travels on which portal, with which match bits and offset, is restated from ptlrpc/niobuf.c and ptlrpc/events.c of
1.8.9-wc1 and 2.0.0; match bits of replies and bulk other than the xid are those of 2.17.0.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from lustre_wire.capture.captured import (
    BULK_GET,
    EARLY_REPLY,
    LNET_ACK,
    LNET_GET,
    LNET_PING,
    LNET_PING_REPLY,
    LNET_PUSH,
    LNET_PUT,
    LNET_REPLY,
    Captured,
    Statistics,
)
from lustre_wire.capture.connections import AUTO, BULK, DialectChoice, Pair
from lustre_wire.capture.packets import parse_segments
from lustre_wire.capture.pcap import Packet, read_packets
from lustre_wire.capture.reassembly import Piece, Reassembler
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lnet, lustre_msg
from lustre_wire.frames.events import AcceptorRequest, Hello, LnetMessage, Noop, Unparsed
from lustre_wire.frames.nid import nid_str
from lustre_wire.frames.socklnd import SocklndStream
from lustre_wire.rpc import REPLY, REQUEST, Message

SOCKLND_PORT: Final = 988

_ACK, _PUT, _GET, _REPLY = (int(t) for t in list(lnet.LnetMsgType)[:4])
_NO_HANDLE: Final = b"\xff" * lnet.LnetHandleWire.__wire__.size  # type: ignore[attr-defined]
#: What a message kept for its answer costs beside its bytes.
_OVERHEAD: Final = 2048
_MAX_PAIRS: Final = 4096
#: How many answered requests are kept for what may still come: a reply sent again, an ACK.
_MAX_ANSWERED: Final = 64
_new = object.__new__
#: How many pieces of streams are taken at a time.
_BATCH: Final = 128


class Recent:
    """Messages that wait for what belongs to them; the oldest go when there are too many or too large ones.

    Args:
        max_count: most messages kept.
        max_bytes: most bytes they may have.
        max_served: most messages kept of those that have got what they waited for.
    """

    def __init__(self, max_count: int, max_bytes: int, max_served: int = 0) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Any, Captured] = OrderedDict()  # a dict is slow to tell its oldest entry
        self._max_served = max_served
        self._served: deque[tuple[Any, Captured]] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: Any, captured: Captured) -> None:
        """Keep a message, instead of an earlier one with the same key."""
        kept = self._kept
        if key in kept:
            self.pop(key)
        kept[key] = captured
        self._bytes += len(captured.raw) + _OVERHEAD
        while self._bytes > self._max_bytes or len(kept) > self._max_count:
            self._bytes -= len(kept.popitem(last=False)[1].raw) + _OVERHEAD

    def get(self, key: Any) -> Captured | None:
        """The message with that key."""
        return self._kept.get(key)

    def serve(self, key: Any, captured: Captured) -> None:
        """The message with that key need not be kept for long any more."""
        self._served.append((key, captured))
        if len(self._served) > self._max_served:
            oldest, served = self._served.popleft()
            if self._kept.get(oldest) is served:
                self.pop(oldest)

    def pop(self, key: Any) -> Captured | None:
        """The message with that key, which is not kept any longer."""
        captured = self._kept.pop(key, None)
        if captured is not None:
            self._bytes -= len(captured.raw) + _OVERHEAD
        return captured


class Matcher:
    """Decodes LNet messages and finds what belongs together.

    Args:
        dialect: a dialect or its name, or "auto".
        max_requests: most requests kept for their replies and bulk data.
        max_bytes: most bytes that what is kept may have.

    Raises:
        WireError: no such dialect.
    """

    def __init__(self, dialect: Dialect | str = AUTO, *, max_requests: int = 16384, max_bytes: int = 64 << 20) -> None:
        self._choice = DialectChoice(dialect)
        self._role = self._choice.roles.get
        self._requests = Recent(max_requests, max_bytes, min(max_requests // 4, _MAX_ANSWERED))
        self._handles = Recent(max_requests, max_bytes)
        self._pairs: dict[tuple[Any, Any], Pair] = {}
        at_support = {int(d.constants.get("MSGHDR_AT_SUPPORT", 0)) for d in self._choice.dialects}
        self._early_mask = max(at_support)

    def message(self, time_ns: int, event: LnetMessage, flow: bytes = b"") -> Captured:
        """An LNet message, decoded and with what it belongs to. What cannot be decoded comes with its error.

        Args:
            time_ns: nanoseconds since 1970.
            event: the message as `SocklndStream` gives it.
            flow: addresses and ports.
        """
        captured = _new(Captured)  # not through __init__, which costs more than the rest of this function
        captured.time_ns, captured.kind, captured.raw = time_ns, LNET_PUT, event.payload
        captured.message = captured.error = captured.request = None
        captured.lnet, captured.flow = event, flow
        if event.type == _PUT:
            self._put(captured, event)
        elif event.type == _GET:
            self._get(captured, event)
        else:
            self._answer(captured, event)
        return captured

    def lone(self, data: bytes) -> Captured:
        """A message that came without LNet."""
        captured = Captured(0, REQUEST, data)
        try:
            captured.message = self._choice.alone(data)
            captured.kind = captured.message.direction
        except WireError as error:
            captured.error = error
        return captured

    def _pair(self, requester: Any, server: Any) -> Pair:
        """What is known of two nodes; large NIDs go by their text."""
        key = (
            requester if type(requester) is int else nid_str(requester),
            server if type(server) is int else nid_str(server),
        )
        pair = self._pairs.get(key)
        if pair is None:
            if len(self._pairs) >= _MAX_PAIRS:
                del self._pairs[next(iter(self._pairs))]
            pair = self._pairs[key] = Pair()
            back = self._pairs.setdefault((key[1], key[0]), Pair())
            pair.back, back.back = back, pair
        return pair

    def _put(self, captured: Captured, event: LnetMessage) -> None:
        role = self._role(event.portal)
        if role == REQUEST:
            self._request(captured, event, self._pair(event.src_nid, event.dest_nid))
        elif role == REPLY:
            self._reply(captured, event, self._pair(event.dest_nid, event.src_nid))
        elif event.portal == lnet.LNET_RESERVED_PORTAL:
            if event.match_bits == lnet.LNET_PROTO_PING_MATCHBITS:
                captured.kind = LNET_PUSH
        elif role == BULK or not self._unnamed(captured, event):
            self._bulk(captured, event, BULK)
        if event.handle != _NO_HANDLE:
            self._handles.put((event.handle, captured.src), captured)

    def _unnamed(self, captured: Captured, event: LnetMessage) -> bool:
        """A PUT on a portal that no dialect names: a lustre_msg tells itself which direction it has."""
        if not lustre_msg.begins_message(event.payload):
            return False
        pair = self._pair(event.src_nid, event.dest_nid)
        self._request(captured, event, pair)
        if captured.direction == REPLY:
            self._reply(captured, event, pair.back)
        return True

    def _request(self, captured: Captured, event: LnetMessage, pair: Pair) -> None:
        captured.kind = REQUEST
        try:
            message = captured.message = self._choice.request(event.payload, pair)
        except WireError as error:
            captured.error = error
            return
        if message.direction == REQUEST:
            self._requests.put((pair, event.match_bits), captured)
            other = getattr(message.body, "pb_mbits", 0)
            if other and other != event.match_bits:
                self._requests.put((pair, int(other)), captured)

    def _reply(self, captured: Captured, event: LnetMessage, pair: Pair) -> None:
        captured.kind = REPLY
        key = (pair, event.match_bits)
        request = captured.request = self._requests.get(key)
        said = request.message if request is not None else None
        try:
            captured.message = self._choice.reply(event.payload, said, pair)
        except WireError as error:
            captured.error = error
        if not event.offset and (said is None or self._allows_early(said)) and _is_early(captured):
            captured.kind = EARLY_REPLY
        elif request is not None:
            self._requests.serve(key, request)

    def _allows_early(self, request: Message) -> bool:
        return bool(getattr(request.header, "lm_flags", 0) & self._early_mask)

    def _bulk(self, captured: Captured, event: LnetMessage, kind: str) -> None:
        """A transfer that the server starts: of the request with the same match bits."""
        captured.request = self._requests.get((self._pair(event.dest_nid, event.src_nid), event.match_bits))
        if captured.request is not None or self._role(event.portal) == BULK:
            captured.kind = kind

    def _get(self, captured: Captured, event: LnetMessage) -> None:
        captured.kind = LNET_GET
        if event.portal == lnet.LNET_RESERVED_PORTAL:
            if event.match_bits == lnet.LNET_PROTO_PING_MATCHBITS:
                captured.kind = LNET_PING
        else:
            self._bulk(captured, event, BULK_GET)
        self._handles.put((event.handle, captured.src), captured)

    def _answer(self, captured: Captured, event: LnetMessage) -> None:
        """A REPLY or an ACK: it names the GET or PUT by the handle that came with that."""
        began = self._handles.pop((event.handle, captured.dst))
        if event.type == _ACK:
            captured.kind, captured.request = LNET_ACK, began
            return
        captured.kind, captured.request = LNET_REPLY, began
        if began is not None and began.kind == BULK_GET:
            captured.kind, captured.request = BULK, began.request
        elif began is not None and began.kind == LNET_PING:
            captured.kind = LNET_PING_REPLY


def _is_early(reply: Captured) -> bool:
    """A reply at offset 0 that is as short as early replies are and has their checksum (ptlrpc/events.c)."""
    if reply.message is not None:
        header = reply.message.header
    else:
        try:
            header = lustre_msg.split(reply.raw).header
        except WireError:
            return False
    return len(header.lm_buflens) == 1 and getattr(header, "lm_cksum", 0) != 0


def read_messages(
    stream: BinaryIO,
    *,
    dialect: Dialect | str = AUTO,
    port: int = SOCKLND_PORT,
    statistics: Statistics | None = None,
    max_requests: int = 16384,
    max_bytes: int = 64 << 20,
) -> Iterator[Captured]:
    """The messages of a pcap or pcapng file, in the order in which they were complete.

    Args:
        stream: the file; read forward only.
        dialect: a dialect or its name; "auto" finds it for each connection: from what a connect reply grants, else from
            the messages.
        port: TCP port of socklnd's acceptor (988 unless lnet's module parameter `accept_port` says otherwise).
        statistics: is filled in on the way.
        max_requests: most requests kept for their replies and bulk data.
        max_bytes: most bytes that what is kept may have.

    Raises:
        CaptureError: the file is no capture, or is cut or damaged; messages before that have been given out by then.
        WireError: no such dialect, or a port above 65535.
    """
    packets = read_packets(stream)
    return messages_of(
        packets, dialect=dialect, port=port, statistics=statistics, max_requests=max_requests, max_bytes=max_bytes
    )


def messages_of(
    packets: Iterator[Packet],
    *,
    dialect: Dialect | str = AUTO,
    port: int = SOCKLND_PORT,
    statistics: Statistics | None = None,
    max_requests: int = 16384,
    max_bytes: int = 64 << 20,
) -> Iterator[Captured]:
    """The messages in `packets`: arguments and errors as in `read_messages`."""
    if not 0 <= port <= 0xFFFF:
        raise WireError(f"port {port} is not between 0 and 65535")
    counts = statistics if statistics is not None else Statistics()
    matcher = Matcher(dialect, max_requests=max_requests, max_bytes=max_bytes)
    assembler = Reassembler(port=port)
    counts.segments = assembler.counts
    return _messages(assembler.pieces(parse_segments(packets, counts.skipped)), matcher, counts)


def _messages(pieces: Iterator[Piece], matcher: Matcher, counts: Statistics) -> Iterator[Captured]:
    message, count = matcher.message, counts.count
    for batch in _batches(pieces):
        for time_ns, event, key in _events(batch, counts):
            captured = message(time_ns, event, key)
            count(captured)
            if event.missing:
                counts.incomplete += 1
            yield captured


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """A few pieces at a time: one step for all of them before the next step keeps its code in the processor's cache."""
    batch: list[Piece] = []
    try:
        for piece in pieces:
            batch.append(piece)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
    except (WireError, OSError):
        yield batch  # what came before the fault counts
        raise
    yield batch


def _events(batch: list[Piece], counts: Statistics) -> list[tuple[int, LnetMessage, bytes]]:
    """The LNet messages that become complete with these pieces: (time, message, addresses and ports)."""
    out: list[tuple[int, LnetMessage, bytes]] = []
    for time_ns, flow, data, lost in batch:
        reader = flow.reader
        if reader is None:
            reader = flow.reader = SocklndStream(resync=True)
        for event in reader.feed(data) if data else reader.lost(lost) if lost else reader.close():
            if type(event) is LnetMessage:
                out.append((time_ns, event, flow.key))
            else:
                _count_other(event, counts)
    counts.lnet_types.update([event.type for _, event, _ in out])
    return out


def _count_other(event: object, counts: Statistics) -> None:
    if isinstance(event, Noop):
        counts.noops += 1
    elif isinstance(event, (AcceptorRequest, Hello)):
        counts.handshakes += 1
    elif isinstance(event, Unparsed):
        counts.unparsed += event.size


__all__ = ["SOCKLND_PORT", "Captured", "Matcher", "Recent", "Statistics", "messages_of", "read_messages"]
