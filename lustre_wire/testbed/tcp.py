"""The testbed's nodes on TCP: acceptor, HELLO and socklnd frames over asyncio, so that others can watch or join.

A node listens on its own address (the IPv4 address of its NID) and opens a connection when it has something to send to
a node it has no connection with. Who is at the other end of a connection is decided as a kernel does: from a port above
1023 the socket's address and port count, not what the peer says (socklnd_cb.c: ksocknal_recv_hello).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from functools import partial
from typing import Any

from lustre_wire.errors import WireError
from lustre_wire.frames import lnet
from lustre_wire.frames.connection import SocklndConnection
from lustre_wire.frames.events import Hello, LnetMessage, Violation
from lustre_wire.frames.lnet import LnetMsgType
from lustre_wire.frames.nid import small_nid
from lustre_wire.recovery.packet import GET, PUT, REPLY, Packet
from lustre_wire.testbed.node import Node
from lustre_wire.testbed.trace import Trace

#: Seconds for a connection to say who it is; bytes that may wait to be read by one peer; connections of one node.
HANDSHAKE_TIMEOUT = 10.0
MAX_BACKLOG = 8 << 20
MAX_CONNECTIONS = 4096
#: Bytes that may wait for all peers of a node together, and bytes of messages of which a part is still to come.
MAX_UNSENT, MAX_HALF_READ = 64 << 20, 64 << 20
#: How many messages a peer may leave unacknowledged.
MAX_UNACKNOWLEDGED = 4096
#: 0@lo, the interface every node has (lnet/types.h: LNET_NID_LO_0).
LOOPBACK = 9 << 48
#: Where the number that tells apart user-space peers of one address stands in the NID a node sees them by: above all of
#: the NID, so that it never comes round.
ALIAS_SHIFT, ALIAS_MASK = 64, -1 << 64

#: Told of every chunk of bytes: (address, port) of who connected and who was connected to, direction 0 or 1, the bytes;
#: None for a connection that closed.
Tap = Callable[[tuple[str, int], tuple[str, int], int, bytes | None], None]


def address_of(nid: int) -> str:
    """The IPv4 address in a NID."""
    return str(ipaddress.IPv4Address(nid & 0xFFFFFFFF))


class TcpNode:
    """One node on the network.

    Args:
        node: what packets go to.
        port: where every node of the file system listens, each on its own address.
        clock: the time nodes are told.
        trace: where packets are recorded, if anywhere.
        tap: who sees the bytes.
        listens: False for a client, which others need not connect to.
        address: where a NID is to be found, if not at the address in it.

    Attributes:
        running: whether it takes connections: it was started, and not stopped.
        silent: peers whose sockets it neither reads nor writes.
        lose: says which packets are lost on the way out; a packet to a silent peer is lost in any case.
    """

    def __init__(
        self, node: Node, port: int, clock: Clock, *, trace: Trace | None = None, tap: Tap | None = None,
        listens: bool = True, address: Callable[[int], str] = address_of,
    ) -> None:  # fmt: skip
        self.node, self.port, self.clock, self.address = node, port, clock, address
        self.running = self.paused = False
        self.trace, self.tap, self.listens = trace, tap, listens
        self.peers: dict[int, list[Connection]] = {}
        self.connections: dict[Connection, None] = {}
        self.half_read = 0
        self.changed = asyncio.Event()
        self.silent: set[int] = set()
        self.lose: Callable[[Packet], bool] | None = None
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._aliases = 0
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._queued: dict[int, list[Packet]] = {}
        self._held: list[Packet] = []

    async def start(self) -> None:
        """Start the node, listening if it is a server.

        Raises:
            OSError: the address is taken, or not there.
        """
        loop = asyncio.get_running_loop()
        self.running = True
        if self.listens:
            address = self.address(self.node.nid)
            self._server = await loop.create_server(
                lambda: Connection(self), address, self.port, reuse_address=True, backlog=1024
            )
        self._mark("start")
        self.node.start(self.clock.now())
        self.flush()

    async def stop(self, *, crash: bool = False) -> None:
        """Stop listening and drop every connection; with `crash` the node loses its memory."""
        self.running, server, self._server = False, self._server, None
        if server is not None:
            for listening in server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
        if self._timer is not None:
            self._timer.cancel()
        for nid in list(self._opening):
            self._opening.pop(nid).cancel()
        for connection in list(self.connections):
            connection.abort()
        self.peers.clear()
        self._queued.clear()
        if crash:
            self._mark("crash")
            self.node.crash()
        await asyncio.sleep(0)  # what was just accepted becomes a connection: a server that is closed loses its socket
        if server is not None:
            server.close()
            await asyncio.sleep(0)

    def _mark(self, kind: str) -> None:
        if self.trace is not None:
            self.trace.mark(self.clock.now(), kind, self.node.nid)

    # -- packets -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what the node has to send, and wake it when it wants to be woken."""
        if not self.node.up or self.paused:
            return
        for packet in self.node.take():
            self._send(packet)
        deadline = self.node.next_deadline()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            wait = max(0.0, deadline - self.clock.now()) / self.clock.speed
            self._timer = asyncio.get_running_loop().call_later(wait, self._wake)
        self.changed.set()

    def _wake(self) -> None:
        if self.node.up and not self.paused:
            try:
                self.node.tick(self.clock.now())
            finally:
                self.flush()

    def received(self, packet: Packet) -> None:
        """A packet arrived. The loop hands it on, so that a fault is reported there and costs nobody his connection."""
        asyncio.get_running_loop().call_soon(self._receive, packet)

    def _receive(self, packet: Packet) -> None:
        if self.paused:
            self._held.append(packet)
        elif self.node.up:
            try:
                self.node.receive(packet, self.clock.now())
            finally:
                self.flush()

    def _send(self, packet: Packet) -> None:
        connections = self.peers.get(packet.target)
        if self.trace is not None:
            said = connections[0].said if connections else packet.target
            sent = self.trace.sent(self.clock.now(), _renamed(packet, said))
        if packet.target in self.silent or (self.lose is not None and self.lose(packet)):
            return
        if self.trace is not None:
            sent.arrived.append(sent.time)
        if connections:
            connections[-1].send(packet)
        elif not packet.target & ALIAS_MASK:
            self._queued.setdefault(packet.target, []).append(packet)
            if packet.target not in self._opening:
                task = asyncio.get_running_loop().create_task(self._open(packet.target))
                self._opening[packet.target] = task
                task.add_done_callback(partial(self._opened, packet.target))

    async def _open(self, nid: int) -> None:
        """Connect to a node; what waits for it is lost if that fails, as packets are."""
        loop = asyncio.get_running_loop()
        connection = Connection(self, nid)
        try:
            await loop.create_connection(
                lambda: connection, self.address(nid), self.port, local_addr=(self.address(self.node.nid), 0)
            )
            await asyncio.wait_for(connection.ready, HANDSHAKE_TIMEOUT)
        except (TimeoutError, OSError):
            connection.abort()
            self._queued.pop(nid, None)
        else:
            for packet in self._queued.pop(nid, []):
                connection.send(packet)

    def _opened(self, nid: int, task: asyncio.Task[None]) -> None:
        """Told too of one that was cancelled before it began."""
        if self._opening.get(nid) is task:
            del self._opening[nid]

    def pause(self) -> None:
        """Do nothing and read nothing, as a node that hangs; connections stay."""
        self.paused = True
        for connection in self.connections:
            connection.pause()

    def go_on(self) -> None:
        """Go on where it was paused."""
        self.paused = False
        for connection in self.connections:
            connection.go_on()
        held, self._held = self._held, []
        for packet in held:
            self.received(packet)
        self.flush()

    def fall_silent(self, nid: int) -> None:
        """Neither read nor write what this peer is told or tells; its connections stay, as those of a hung node do."""
        self.silent.add(nid)
        if nid in self._opening:
            self._opening.pop(nid).cancel()
            self._queued.pop(nid, None)
        for connection in self.peers.get(nid, []):
            connection.pause()

    def speak_again(self, nid: int) -> None:
        """Drop what stalled, as a socket that timed out, and let new connections come."""
        self.silent.discard(nid)
        for connection in list(self.peers.get(nid, [])):
            connection.abort()

    def alias(self, nid: int) -> int:
        """A NID of its own for a peer whose address others may share."""
        self._aliases += 1
        return nid | self._aliases << ALIAS_SHIFT


class Connection(asyncio.Protocol):
    """One TCP connection; `target` is whom it is for on the side that opened it.

    Attributes:
        nid: who is at the other end, as this node knows it; `said` is what it said.
        ready: done when both sides said who they are.
    """

    def __init__(self, owner: TcpNode, target: int = 0) -> None:
        self.owner, self.target = owner, target
        self.transport: asyncio.Transport | None = None
        self.nid = self.said = target
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends: tuple[tuple[str, int], tuple[str, int]] = (("", 0), ("", 0))
        self._socklnd: SocklndConnection | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._half_read = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self.owner.running:  # accepted before it stopped listening
            transport.abort()
            return
        owner, peer, here = self.owner, transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if len(owner.connections) >= MAX_CONNECTIONS:  # the one that has been silent for longest makes room
            next(iter(owner.connections)).abort()
        owner.connections[self] = None
        if owner.paused:
            self.pause()
        self._ends = (here[:2], peer[:2]) if self.target else (peer[:2], here[:2])
        who = None if self.target else (int(ipaddress.IPv4Address(peer[0])), peer[1])
        self._socklnd = SocklndConnection(owner.node.nid, incarnation=owner.node.boots or 1, peer=who)
        self._limit = asyncio.get_running_loop().call_later(HANDSHAKE_TIMEOUT, self._too_slow)
        if self.target:
            self._write(self._socklnd.start_active(self.target))

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()

    def data_received(self, data: bytes) -> None:
        self._tapped(0, data)
        if self._socklnd is None or self._socklnd.closed or self not in self.owner.connections:
            return
        self.owner.connections[self] = self.owner.connections.pop(self)  # heard of last
        events = self._socklnd.feed(data)
        self._unfinished(0 if events else self._half_read + len(data))
        if self.owner.half_read > MAX_HALF_READ:
            self.abort()
            return
        for event in events:
            if isinstance(event, Hello):
                self._greeted(event)
            elif isinstance(event, LnetMessage):
                self._message(event)
            elif isinstance(event, Violation):
                self._write(self._socklnd.data_to_send())
                self.close()
                return
        self._write(self._socklnd.data_to_send())

    def _unfinished(self, size: int) -> None:
        """So many bytes are there of a message that is not complete."""
        self.owner.half_read += size - self._half_read
        self._half_read = size

    def send(self, packet: Packet) -> None:
        """Send a packet; a peer that does not read what it is sent, or acknowledge it, is dropped."""
        if self.transport is None or self._socklnd is None or self.transport.is_closing():
            return
        waits = self.transport.get_write_buffer_size()
        if waits > MAX_BACKLOG or len(self._socklnd.unacknowledged) > MAX_UNACKNOWLEDGED:
            self.abort()
            return
        if waits and sum(c.unsent for c in self.owner.connections) > MAX_UNSENT:
            max(self.owner.connections, key=lambda c: c.unsent).abort()
        try:
            self._write(self._socklnd.send(self._header(packet), packet.data))
        except WireError:
            self.abort()

    @property
    def unsent(self) -> int:
        """Bytes the peer has not read."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
        self._forget()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self._forget()

    def pause(self) -> None:
        """Read nothing more."""
        if self.transport is not None:
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _forget(self) -> None:
        owner = self.owner
        if self._limit is not None:
            self._limit.cancel()
        if self in owner.connections:
            del owner.connections[self]
            self._unfinished(0)
            self._tapped(0, None)
        known = owner.peers.get(self.nid)
        if known and self in known:
            known.remove(self)
            if not known:
                del owner.peers[self.nid]
        if not self.ready.done():
            self.ready.cancel()

    def _too_slow(self) -> None:
        if not self.ready.done():
            self.abort()

    def _greeted(self, hello: Hello) -> None:
        owner = self.owner
        if not self.target:
            source = small_nid(hello.src_nid)
            self.nid = owner.alias(source) if hello.src_pid & lnet.LNET_PID_USERFLAG else source
            self.said = source
        self._pid = hello.src_pid
        if self._limit is not None:
            self._limit.cancel()
        owner.peers.setdefault(self.nid, []).append(self)
        if not self.ready.done():
            self.ready.set_result(None)

    def _write(self, data: bytes) -> None:
        if data and self.transport is not None and not self.transport.is_closing():
            self._tapped(1, data)
            self.transport.write(data)

    def _tapped(self, direction: int, data: bytes | None) -> None:
        """Show the bytes; the end that was connected to shows both directions, and the other none."""
        if self.owner.tap is not None and not self.target:
            self.owner.tap(*self._ends, direction, data)

    # -- LNet ----------------------------------------------------------------------------------------------------

    def _message(self, event: LnetMessage) -> None:
        kind, here = int(event.type), self.owner.node.nid
        handle = int.from_bytes(event.handle, "little")
        if kind == LnetMsgType.LNET_MSG_PUT:
            packet = Packet(PUT, self.nid, here, event.portal, event.match_bits, event.offset, event.payload)
            if handle != _NO_HANDLE:
                self._acknowledge(event)
        elif kind == LnetMsgType.LNET_MSG_GET:
            if event.portal == lnet.LNET_RESERVED_PORTAL and event.match_bits == lnet.LNET_PROTO_PING_MATCHBITS:
                self._pinged(event)
                return
            packet = Packet(
                GET, self.nid, here, event.portal, event.match_bits, event.offset, b"", event.length, handle
            )
        elif kind == LnetMsgType.LNET_MSG_REPLY:
            packet = Packet(REPLY, self.nid, here, data=event.payload, cookie=handle)
        else:
            return
        self.owner.received(packet)

    def _header(self, packet: Packet) -> Any:
        kinds = {PUT: LnetMsgType.LNET_MSG_PUT, GET: LnetMsgType.LNET_MSG_GET, REPLY: LnetMsgType.LNET_MSG_REPLY}
        header = self._addressed(kinds[packet.kind])
        handle = _handle(packet.cookie)
        if packet.kind == PUT:
            header.msg.put = lnet.LnetPut(lnet.LnetHandleWire(), packet.match_bits, 0, packet.portal, packet.offset)
        elif packet.kind == GET:
            header.msg.get = lnet.LnetGet(handle, packet.match_bits, packet.portal, packet.offset, packet.length)
        else:
            header.msg.reply = lnet.LnetReply(handle)
        return header

    def _addressed(self, kind: LnetMsgType) -> Any:
        return lnet.LnetHdr(self.said, self.owner.node.nid, self._pid, lnet.LNET_PID_LUSTRE, kind)

    def _acknowledge(self, event: LnetMessage) -> None:
        header = self._addressed(LnetMsgType.LNET_MSG_ACK)
        handle = _handle(int.from_bytes(event.handle, "little"))
        header.msg.ack = lnet.LnetAck(handle, event.match_bits, len(event.payload))
        self._write_message(header)

    def _pinged(self, event: LnetMessage) -> None:
        """Say which interfaces there are: the loopback first, or the answer counts for nothing (lnet/api-ni.c:
        lnet_ping_info_validate), and then whoever discovers this node sends it nothing."""
        info = lnet.LnetPingInfo(pi_nnis=2)
        own = self.owner.node.nid
        info.pi_ni = [lnet.LnetNiStatus(nid, lnet.LNET_NI_STATUS_UP) for nid in (LOOPBACK, own)]
        with contextlib.suppress(WireError):
            header, payload = lnet.ping_reply(event.lnet_hdr(), info)
            self._write_message(header, payload)

    def _write_message(self, header: Any, payload: bytes = b"") -> None:
        assert self._socklnd is not None
        self._write(self._socklnd.send(header, payload))

    _pid = lnet.LNET_PID_LUSTRE


_NO_HANDLE = (1 << 128) - 1


def _handle(cookie: int) -> Any:
    data = cookie.to_bytes(16, "little")
    return lnet.LnetHandleWire(int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little"))


def _renamed(packet: Packet, target: int) -> Packet:
    """A packet as the trace has it: to the node it is for, not to the name it has at one server."""
    if target == packet.target:
        return packet
    return Packet(
        packet.kind, packet.source, target, packet.portal, packet.match_bits, packet.offset, packet.data, packet.length,
        packet.cookie,
    )  # fmt: skip


class Clock:
    """The time nodes are told: real seconds since the start, or `speed` times as many."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._began = asyncio.get_running_loop().time()

    def now(self) -> float:
        return (asyncio.get_running_loop().time() - self._began) * self.speed
