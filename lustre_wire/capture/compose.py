"""Writes captures: messages wrapped in LNet, socklnd and TCP the way nodes of 1.8 and 2.0 send them.

What goes on which portal with which match bits and offset is restated from ptlrpc/niobuf.c of 1.8.9-wc1 and 2.0.0.
"""

from __future__ import annotations

from itertools import count
from typing import Any, BinaryIO, Final

from lustre_wire.capture.captured import Captured
from lustre_wire.capture.packets import TcpStreamWriter
from lustre_wire.capture.pcap import PcapWriter
from lustre_wire.capture.rpcs import SOCKLND_PORT
from lustre_wire.errors import WireError
from lustre_wire.frames import events, ksock, lnet
from lustre_wire.frames.lnet import LnetMsgType
from lustre_wire.frames.nid import LNET_NID_ANY, Nid, parse_nid, small_nid
from lustre_wire.rpc import REPLY, Message, encode
from lustre_wire.schema.nodes import ByteOrder

CLIENT: Final = "10.0.0.1@tcp"
SERVER: Final = "10.0.0.2@tcp"
#: The first of the reserved ports from which a node connects.
_SOURCE_PORT: Final = 1023


class ConversationWriter:
    """Writes what two nodes say to each other on one TCP connection into a capture.

    The connection request of the acceptor and both HELLOs are written before the first message.

    Args:
        writer: where the frames go; of link type Ethernet. Others may write to it too.
        client, server: NIDs whose addresses are IPv4; the client opens the connection. As text or 64-bit numbers.
        port: the server's TCP port.
        client_port: the client's TCP port; above 1023 a server would take it for a process in user space.
        version: of the socklnd protocol, 1 to 3.
        byteorder: of the socklnd headers; LNet headers are little-endian always, messages as they are.
        segment_size: most payload bytes of a TCP segment.

    Raises:
        WireError: a NID without a 64-bit form, another version; from the methods, a message that cannot be encoded, one
            without a portal, or a value that does not fit.
    """

    def __init__(
        self,
        writer: PcapWriter,
        client: str | Nid = CLIENT,
        server: str | Nid = SERVER,
        *,
        port: int = SOCKLND_PORT,
        client_port: int = _SOURCE_PORT,
        version: int = ksock.KSOCK_PROTO_V3,
        byteorder: ByteOrder = "little",
        segment_size: int = 1448,
    ) -> None:
        if not ksock.KSOCK_PROTO_V1 <= version <= ksock.KSOCK_PROTO_V3:
            raise WireError(f"socklnd version {version} is not between 1 and 3")
        self.client = _nid(client)
        self.server = _nid(server)
        self._version = version
        self._order: ByteOrder = byteorder
        ends = ((_address(self.client), client_port), (_address(self.server), port))
        self._tcp = TcpStreamWriter(writer, *ends, segment_size=segment_size)
        self._opened = False
        self._cookies = count(1)

    def request(
        self, time_ns: int, message: Message | bytes, xid: int, *, portal: int | None = None, by_server: bool = False
    ) -> None:
        """Write a request.

        Args:
            time_ns: nanoseconds since 1970.
            message: a message, or its bytes; then `portal` is needed.
            xid: its number, which becomes the match bits.
            portal: the LNet portal, unless it is that of the message's format.
            by_server: the server is the one who asks, as in callbacks of locks.
        """
        known = message.format.portal if isinstance(message, Message) and message.format is not None else None
        self.put(time_ns, _bytes(message), _portal(portal, known), xid, by_server=by_server)

    def reply(
        self,
        time_ns: int,
        message: Message | bytes,
        xid: int,
        *,
        portal: int | None = None,
        offset: int = 0,
        by_server: bool = True,
    ) -> None:
        """Write a reply; arguments as for `request`.

        Args:
            offset: where in the requester's buffer it goes, bytes: with adaptive timeouts an early reply at 0, the
                final one behind it (`frames.lustre_msg.early_reply_size`).
            by_server: False for the client's reply to a callback.
        """
        known = message.format.reply_portal if isinstance(message, Message) and message.format is not None else None
        self.put(time_ns, _bytes(message), _portal(portal, known), xid, offset=offset, by_server=by_server)

    def bulk_put(self, time_ns: int, data: bytes, portal: int, xid: int) -> None:
        """Write bulk data that the server sends, as for a read."""
        self.put(time_ns, data, portal, xid, by_server=True)

    def bulk_get(self, time_ns: int, data: bytes, portal: int, xid: int) -> None:
        """Write the server's GET and the client's REPLY with bulk data, as for a write."""
        cookie = next(self._cookies)
        get = lnet.LnetGet(_handle(cookie), xid, portal, 0, len(data))
        self._send(time_ns, "get", get, b"", by_server=True)
        self._send(time_ns, "reply", lnet.LnetReply(_handle(cookie)), data, by_server=False)

    def put(
        self, time_ns: int, data: bytes, portal: int, match_bits: int, *, offset: int = 0, by_server: bool = False
    ) -> None:
        """Write any PUT that asks for no ACK."""
        body = lnet.LnetPut(lnet.LnetHandleWire(), match_bits, 0, portal, offset)
        self._send(time_ns, "put", body, data, by_server=by_server)

    def close(self, time_ns: int) -> None:
        """Write an orderly close of the TCP connection, if it was opened."""
        if self._opened:
            self._tcp.close(time_ns)

    def _send(self, time_ns: int, kind: str, body: Any, data: bytes, *, by_server: bool) -> None:
        """Write an LNet message; `body` is what its header holds for this kind, by the name of the union's member."""
        if len(data) > lnet.LNET_MAX_PAYLOAD:
            raise WireError(f"a payload of {len(data)} bytes is above {lnet.LNET_MAX_PAYLOAD}", path="payload_length")
        src, dest = (self.server, self.client) if by_server else (self.client, self.server)
        header = lnet.LnetHdr(dest, src, type=LnetMsgType.__members__[f"LNET_MSG_{kind.upper()}"])
        setattr(header.msg, kind, body)
        whole = events.encode_message(header, data, version=self._version, byteorder=self._order)
        if not self._opened:
            self._open(time_ns)
        self._tcp.send(time_ns, int(by_server), whole)
        self._tcp.acknowledge(time_ns, 1 - int(by_server))

    def _open(self, time_ns: int) -> None:
        self._opened = True
        self._tcp.open(time_ns)
        wanted = events.AcceptorRequest(0, lnet.LNET_PROTO_ACCEPTOR_VERSION, self._order, self.server)
        started = time_ns // 1000  # an incarnation is the time a node started, microseconds
        self._tcp.send(time_ns, 0, events.encode(wanted) + self._hello(self.client, self.server, started))
        self._tcp.send(time_ns, 1, self._hello(self.server, self.client, started))

    def _hello(self, src: int, dest: int, incarnation: int) -> bytes:
        pid = lnet.LNET_PID_LUSTRE
        kind = ksock.SocklndConnType.SOCKLND_CONN_CONTROL
        return events.encode(
            events.Hello(0, self._version, self._order, src, dest, pid, pid, incarnation, incarnation, kind)
        )


class CaptureWriter:
    """Writes messages that were read from somewhere, changed or not, into a new capture.

    Args:
        stream: where the pcap file goes; left open.

    Raises:
        WireError: from the methods, as those of `ConversationWriter`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._writer = PcapWriter(stream)
        self._conversations: dict[frozenset[int], ConversationWriter] = {}
        self._last_ns = 0
        self._xids = count(1)
        self._xid = 0  # of the last request

    def write(self, captured: Captured, message: Message | None = None) -> None:
        """Write a request or reply again, between the same nodes.

        What came without LNet goes between two made-up nodes, a reply with the match bits of the last request.

        Args:
            captured: the message and its way over the network.
            message: what to write instead of what was captured, on the portal of its own format.
        """
        said = message if message is not None else captured.message
        if said is None:
            raise WireError(f"a {captured.kind} is no message that can be written", path="message")
        conversation, by_server = self._between(captured, said.direction)
        portal = captured.portal if message is None else None
        self._last_ns = captured.time_ns
        data: Message | bytes = said if message is not None or portal is None else captured.raw
        if said.direction == REPLY:
            xid = captured.match_bits if captured.match_bits is not None else self._xid
            conversation.reply(captured.time_ns, data, xid, portal=portal, offset=captured.offset, by_server=by_server)
        else:
            self._xid = next(self._xids) if captured.match_bits is None else captured.match_bits
            conversation.request(captured.time_ns, data, self._xid, portal=portal, by_server=by_server)

    def close(self) -> None:
        """Write the end of every TCP connection."""
        for conversation in self._conversations.values():
            conversation.close(self._last_ns)

    def _between(self, captured: Captured, direction: str) -> tuple[ConversationWriter, bool]:
        """The conversation of the two nodes, and whether the sender is its server."""
        ends = (LNET_NID_ANY, LNET_NID_ANY)
        if captured.lnet is not None:
            ends = small_nid(captured.lnet.src_nid), small_nid(captured.lnet.dest_nid)
        if ends[0] == ends[1]:
            ends = (_nid(SERVER), _nid(CLIENT)) if direction == REPLY else (_nid(CLIENT), _nid(SERVER))
        found = self._conversations.get(frozenset(ends))
        if found is None:
            client, server = reversed(ends) if direction == REPLY else ends
            found = self._conversations[frozenset(ends)] = ConversationWriter(self._writer, client, server)
        return found, ends[0] == found.server


def _nid(nid: str | Nid) -> int:
    return parse_nid(nid) if isinstance(nid, str) else small_nid(nid)


def _address(nid: int) -> bytes:
    return (nid & 0xFFFFFFFF).to_bytes(4, "big")


def _bytes(message: Message | bytes) -> bytes:
    return encode(message) if isinstance(message, Message) else message


def _portal(given: int | None, known: int | None) -> int:
    portal = given if given is not None else known
    if portal is None:
        raise WireError("no portal: the message has no format that says it", path="portal")
    return int(portal)


def _handle(cookie: int) -> Any:
    return lnet.LnetHandleWire(1, cookie)
