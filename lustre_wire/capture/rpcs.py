"""From a capture's packets to messages: requests with their replies, their bulk data, and LNet's own traffic.

What travels on which portal, with which match bits and offset, is restated from ptlrpc/niobuf.c and ptlrpc/events.c of
1.8.9-wc1 and 2.0.0; match bits of replies and bulk other than the xid are those of 2.17.0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, Final

from lustre_wire.bounded import Bounded
from lustre_wire.bulk.geometry import MBITS
from lustre_wire.capture.captured import (
    BULK,
    BULK_GET,
    EARLY_REPLY,
    LNET_ACK,
    LNET_GET,
    LNET_PING,
    LNET_PING_REPLY,
    LNET_PUSH,
    LNET_PUT,
    LNET_REPLY,
    LNET_SELFTEST,
    Captured,
    Statistics,
)
from lustre_wire.capture.connections import AUTO, DialectChoice, Pair
from lustre_wire.capture.packets import parse_segments
from lustre_wire.capture.pcap import read_records
from lustre_wire.capture.reassembly import Reassembler
from lustre_wire.capture.said import AT_MBITS, Known, Put, Said, head_of
from lustre_wire.capture.streams import Streams
from lustre_wire.dialects import Dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import lnet, lustre_msg
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.formats import Head
from lustre_wire.frames.nid import Nid, nid_str
from lustre_wire.frames.selftest import SELFTEST_PORTALS
from lustre_wire.kinds import checked
from lustre_wire.rpc import REPLY, REQUEST, Message, decode

SOCKLND_PORT: Final = 988

_ACK, _PUT, _GET, _REPLY = (int(t) for t in list(lnet.LnetMsgType)[:4])
_NO_HANDLE: Final = b"\xff" * lnet.LnetHandleWire.__wire__.size  # type: ignore[attr-defined]
#: Bulk data move in operations of 1 MiB with match bits in a row, the last one's in pb_mbits; the first one's have so
#: many zero bits (ptlrpc/client.c, PTLRPC_BULK_OPS_COUNT): 64, in 2.17 128.
_OPERATIONS, _MOST_OPERATIONS = 64, 128
#: Bytes of a flow between IPv4 addresses.
_IPV4_FLOW: Final = 12
#: What a message kept for its answer costs beside its bytes.
_OVERHEAD: Final = 2048
_MAX_PAIRS: Final = 4096
#: Which part of what is kept goes at once when it is too much.
_AT_ONCE: Final = 64
#: How many answered requests are kept for what may still come: a reply sent again, an ACK.
_MAX_ANSWERED: Final = 64


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
        self._kept: dict[Any, Captured] = {}
        self._max_served = max_served
        self._served: deque[tuple[Any, Captured]] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: Any, captured: Captured) -> None:
        """Keep a message, instead of an earlier one with the same key."""
        kept = self._kept
        if key in kept:
            self.pop(key)  # so that it is the latest
        kept[key] = captured
        self._bytes += captured.size + _OVERHEAD
        while self._bytes > self._max_bytes or len(kept) > self._max_count:
            for oldest in list(islice(kept, 1 + len(kept) // _AT_ONCE)):  # a dict is slow to tell its oldest entry
                self.pop(oldest)

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
            self._bytes -= captured.size + _OVERHEAD
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
        self._pairs: Bounded[tuple[Any, Any], Pair] = Bounded(_MAX_PAIRS)
        at_support = {int(d.constants.get("MSGHDR_AT_SUPPORT", 0)) for d in self._choice.dialects}
        self._early_mask = max(at_support)

    @property
    def dialect(self) -> Dialect:
        """The newest in question."""
        return self._choice.newest

    def message(self, time_ns: int, event: LnetMessage, flow: bytes = b"") -> Captured:
        """An LNet message, decoded and with what it belongs to. What cannot be decoded comes with its error.

        Args:
            time_ns: nanoseconds since 1970.
            event: the message as `SocklndStream` gives it.
            flow: addresses and ports.
        """
        captured = Captured(time_ns, LNET_PUT, event.payload, lnet=event, flow=flow)
        head = head_of(event)
        if event.type == _PUT:
            self._put(captured, head, None)
        elif event.type == _GET:
            self._get(captured, head)
        else:
            self._answer(captured, head)
        return captured

    def put(self, time_ns: int, put: Put) -> Captured:
        """A whole PUT with what it belongs to; decoded only where that tells what dialect is spoken, or may fail."""
        captured = Captured.of(time_ns, LNET_PUT, put)
        _, head, known, _, _, _ = put
        self._put(captured, head, known)
        return captured

    def lone(self, data: bytes) -> Captured:
        """A message that came without LNet."""
        captured = Captured(0, REQUEST, data)
        try:
            message = self._choice.alone(data)
            captured.decoded(message)
            captured.kind = message.direction
        except WireError as error:
            captured.error = error
        return captured

    def _pair(self, requester: Any, server: Any) -> Pair:
        """What is known of two nodes."""
        key = (requester, server) if type(requester) is type(server) is int else (_node(requester), _node(server))
        pair = self._pairs.get(key)
        if pair is None:
            pair = Pair()
            self._pairs.keep(key, pair)
            back = self._pairs.get(key[::-1]) or Pair()
            self._pairs.keep(key[::-1], back)
            pair.back, back.back = back, pair
        return pair

    def _put(self, captured: Captured, head: Head, known: Known | None) -> None:
        _, _, _, _, dest, src, _, _, _, _, handle, match_bits, _, portal, offset = head
        role = self._role(portal)
        if role == REQUEST:
            self._request(captured, match_bits, self._pair(src, dest), known)
        elif role == REPLY:
            self._reply(captured, match_bits, offset, self._pair(dest, src), known)
        elif portal == lnet.LNET_RESERVED_PORTAL:
            if match_bits == lnet.LNET_PROTO_PING_MATCHBITS:
                captured.kind = LNET_PUSH
        elif portal in SELFTEST_PORTALS:
            captured.kind = LNET_SELFTEST
        elif role == BULK or not self._unnamed(captured, head):
            self._bulk(captured, head, BULK)
        if handle != _NO_HANDLE:
            self._handles.put((handle, _node(src)), captured)

    def _unnamed(self, captured: Captured, head: Head) -> bool:
        """A PUT on a portal that no dialect names: a lustre_msg tells itself which direction it has."""
        if not lustre_msg.begins_message(captured.raw):
            return False
        _, _, _, _, dest, src, _, _, _, _, _, match_bits, _, _, offset = head
        pair = self._pair(src, dest)
        self._request(captured, match_bits, pair, None)
        if captured.direction == REPLY:
            self._reply(captured, match_bits, offset, pair.back, None)
        return True

    def _request(self, captured: Captured, match_bits: int, pair: Pair, known: Known | None) -> None:
        captured.kind = REQUEST
        captured.certain = self._choice.certain(known, REQUEST, pair)
        if captured.certain is None:
            try:
                captured.decoded(self._choice.request(captured.raw, pair))
            except WireError as error:
                captured.error = error
                if not self._cut(captured, None, pair):
                    return
            if captured.direction != REQUEST:
                return
        self._requests.put((pair, match_bits), captured)
        if pair.elsewhere is None:
            pair.elsewhere = _is_elsewhere(captured)
        if pair.elsewhere:
            self._requests.put((_way_back(captured.flow), match_bits), captured)
        other = self._match_bits(captured, known)
        if other and other != match_bits:
            self._requests.put((pair, other), captured)
            if not 0 < other - match_bits < _MOST_OPERATIONS:  # sent again, with match bits that are new
                self._requests.put((pair, other & -_OPERATIONS), captured)

    def _match_bits(self, captured: Captured, known: Known | None) -> int:
        """The match bits in the ptlrpc_body of a request, which the index has read; 0 without any."""
        if captured.certain is not None and known is not None:
            return known[AT_MBITS]
        said = captured.message or captured.partial
        return int(getattr(said.body, MBITS, 0)) if said is not None else 0

    def _reply(self, captured: Captured, match_bits: int, offset: int, pair: Pair, known: Known | None) -> None:
        captured.kind = REPLY
        key: tuple[Any, int] = (pair, match_bits)
        request = self._requests.get(key)
        if request is None and captured.flow:
            key = (_addresses(captured.flow), match_bits)
            request = self._requests.get(key)
            if request is not None and request.lnet is not None:
                pair = self._pair(request.lnet.src_nid, request.lnet.dest_nid)
        captured.request = request
        captured.certain = self._choice.certain(known, REPLY, pair, request)
        if captured.certain is None:
            said = request.message or request.partial if request is not None else None
            try:
                message = self._choice.reply(captured.raw, said, pair)
                captured.decoded(message)
                # a connect asks for more than one dialect, and its reply tells which it is
                if request is not None and request.message is not None and request.dialect is not message.dialect:
                    request.decoded(decode(request.raw, message.dialect))
            except WireError as error:
                captured.error = error
                self._cut(captured, said, pair)
        if not offset and (request is None or self._allows_early(request)) and _is_early(captured):
            captured.kind = EARLY_REPLY
        elif request is not None:
            self._requests.serve(key, request)

    def _cut(self, captured: Captured, request: Message | None, pair: Pair) -> bool:
        """Read what there is of a message whose end the capture lacks; False where its ptlrpc_body is not there."""
        try:
            captured.partial = self._choice.cut(captured.raw, captured.missing, request, pair)
        except WireError:
            return False
        there, missing = captured.there, captured.missing
        captured.error = TruncatedError(f"the capture has {there} of {there + missing} bytes", offset=there)
        return True

    def _allows_early(self, request: Captured) -> bool:
        return bool(getattr(request.header(), "lm_flags", 0) & self._early_mask)

    def _bulk(self, captured: Captured, head: Head, kind: str) -> None:
        """A transfer that the server starts: of the request with the same match bits."""
        _, _, _, _, dest, src, _, _, _, _, _, match_bits, _, portal, _ = head
        keys = [self._pair(dest, src), *([_addresses(captured.flow)] if captured.flow else [])]
        captured.request = next((r for key in keys if (r := self._moved_by(key, match_bits)) is not None), None)
        if captured.request is not None or self._role(portal) == BULK:
            captured.kind = kind

    def _moved_by(self, key: Any, match_bits: int) -> Captured | None:
        """The request whose data move with these match bits: its own, or one of several operations in a row."""
        for bits in dict.fromkeys((match_bits, match_bits & -_OPERATIONS, match_bits & -_MOST_OPERATIONS)):
            found = self._requests.get((key, bits))
            if found is not None:
                return found
        return None

    def _get(self, captured: Captured, head: Head) -> None:
        _, _, _, _, _, src, _, _, _, _, handle, match_bits, _, portal, _ = head
        captured.kind = LNET_GET
        if portal == lnet.LNET_RESERVED_PORTAL:
            if match_bits == lnet.LNET_PROTO_PING_MATCHBITS:
                captured.kind = LNET_PING
        elif portal in SELFTEST_PORTALS:
            captured.kind = LNET_SELFTEST
        else:
            self._bulk(captured, head, BULK_GET)
        self._handles.put((handle, _node(src)), captured)

    def _answer(self, captured: Captured, head: Head) -> None:
        """A REPLY or an ACK: it names the GET or PUT by the handle that came with that."""
        _, _, _, _, dest, _, _, _, kind, _, handle, *_ = head
        began = self._handles.pop((handle, _node(dest)))
        if kind == _ACK:
            captured.kind, captured.request = LNET_ACK, began
            return
        captured.kind, captured.request = LNET_REPLY, began
        if began is not None and began.kind == BULK_GET:
            captured.kind, captured.request = BULK, began.request
        elif began is not None and began.kind == LNET_PING:
            captured.kind = LNET_PING_REPLY


def _node(nid: Nid) -> int | str:
    """What tells nodes apart; large NIDs go by their text."""
    return nid if type(nid) is int else nid_str(nid)


def _addresses(flow: bytes) -> bytes:
    """Who sends to whom, whatever the ports: a node has several connections to a peer."""
    return flow[:-4]


def _way_back(flow: bytes) -> bytes:
    """The addresses of what comes back."""
    half = len(flow) // 2 - 2
    return flow[half:-4] + flow[:half]


def _is_elsewhere(captured: Captured) -> bool:
    """Whether a message's sender has another address than it says: then what comes back goes to that one."""
    event, flow = captured.lnet, captured.flow
    if event is None or type(event.src_nid) is not int or len(flow) != _IPV4_FLOW:
        return False
    return event.src_nid & 0xFFFFFFFF != int.from_bytes(flow[:4], "big")


def _is_early(reply: Captured) -> bool:
    """A reply at offset 0 that is as short as early replies are and has their checksum (ptlrpc/events.c)."""
    try:
        header = reply.header()
    except WireError:
        return False
    return len(header.lm_buflens) == 1 and getattr(header, "lm_cksum", 0) != 0


@checked
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
    if not 0 <= port <= 0xFFFF:
        raise WireError(f"port {port} is not between 0 and 65535")
    for name, limit in (("max_requests", max_requests), ("max_bytes", max_bytes)):
        if not isinstance(limit, int) or limit < 0:
            raise WireError(f"expected a limit, got {limit!r:.40}", path=name)
    matcher = Matcher(dialect, max_requests=max_requests, max_bytes=max_bytes)
    return _messages(stream, matcher, port, statistics if statistics is not None else Statistics())


@checked
def _messages(stream: BinaryIO, matcher: Matcher, port: int, counts: Statistics) -> Iterator[Captured]:
    put, count = matcher.put, counts.count
    for batch in _batches(stream, matcher.dialect, port, counts):
        for time_ns, packet, said in batch:
            if type(said) is Put:
                captured = put(time_ns, said)
            else:
                key, event = said
                captured = matcher.message(time_ns, event, key)
                if event.missing:
                    counts.incomplete += 1
            captured.packet = packet
            count(captured)
            yield captured


def _batches(stream: BinaryIO, dialect: Dialect, port: int, counts: Statistics) -> Iterator[list[Said]]:
    """The LNet messages, those that become complete with one reading of the file at a time."""
    assembler = Reassembler(port=port)
    counts.segments = assembler.counts
    streams = Streams(counts, dialect)
    first = 1
    for records in read_records(stream):
        yield streams.read(assembler.feed(parse_segments(records, counts.skipped, first=first)))
        first += len(records.places)
    yield streams.read(assembler.close())


__all__ = ["SOCKLND_PORT", "Captured", "Matcher", "Recent", "Statistics", "read_messages"]
