"""The client side of one connection: ptlrpc/client.c and ptlrpc/import.c over packets and clock readings."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery import connect, timeouts
from lustre_wire.recovery.answers import goes_to_its_target, reply_portal
from lustre_wire.recovery.connect import ImportEvent, ImportState
from lustre_wire.recovery.ldlm import LockTable
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import GET, PUT, REPLY, Packet, Xids
from lustre_wire.recovery.recover import Recovery
from lustre_wire.recovery.replay import ReplayList
from lustre_wire.recovery.request import UNSENT, Request, repsize
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.timeouts import Estimate

#: Bytes reserved for the connect data of the reply: the struct and 16 words more (ptlrpc/import.c).
CONNECT_ROOM = 200


@attrs.define(slots=True)
class ImportConfig:
    """What a mount decides about one import.

    Attributes:
        target, client: UUIDs.
        peers: NIDs the target may be found at, the preferred one first.
        connect, disconnect: format names.
        flags: connect flags wanted; offered at every connect, whatever was granted before (R13).
        dialects: what the node can speak, the one to begin with first; what is granted chooses among them.
        data: further fields of the connect data.
        local: the node's own NID; `pid` is the sender's pid in requests.
        handle: the client's own handle, by which the server calls back.
        replayable: whether requests can be replayed after a restart of the server.
        secflvr: lm_secflvr of every message.
    """

    target: bytes
    client: bytes
    peers: list[int]
    connect: str
    disconnect: str
    flags: int
    dialects: tuple[Dialect, ...]
    local: int
    handle: int
    data: dict[str, int] = attrs.field(factory=dict)
    pid: int = 12345
    replayable: bool = True
    secflvr: int = 0


class Import:
    """One import.

    Attributes:
        state: `ImportState`.
        dialect: what new requests are formatted in.
        granted: connect flags of the last accepted connect.
        ping_interval: seconds between pings.
        out: packets to be sent, in order; the owner takes them.
        events: what happened; the owner takes them.
        on_invalid: called when the import is evicted, with its lock table still full.
        on_dialect: called with the dialect before, when a connect changed it and nothing was sent in the new one yet.
        judge: says what is wrong with a reply to a request, None for nothing; a wrong one fails it with -EPROTO.
    """

    def __init__(self, config: ImportConfig, xids: Xids, locks: LockTable) -> None:
        self.config, self.xids, self.locks = config, xids, locks
        self.state: ImportState = ImportState.NEW
        self.dialect: Dialect = config.dialects[0]
        self.granted = 0
        self.connect_data: Any = None
        self.peer = config.peers[0]
        self.conn_cnt: int = 0
        self.remote: int = 0
        self.generation = 0
        self.invalid: bool = False
        self.connected_before: bool = False
        self.header_flags = 0
        self.replay: ReplayList = ReplayList()
        self.recovery: Recovery = Recovery(self)
        self.sending: dict[int, Request] = {}
        self.delayed: list[Request] = []
        self.lanes: dict[str, deque[Request]] = {}
        self.estimates: dict[int, Estimate] = {}
        self.out: list[Packet] = []
        self.events: list[ImportEvent] = []
        self.on_invalid: Callable[[], None] | None = None
        self.on_dialect: Callable[[Dialect], None] | None = None
        self.judge: Callable[[Request, rpc.Message], str | None] | None = None
        self.next_try = 0.0
        self.next_ping, self.ping_interval = 0.0, float(timeouts.PING_INTERVAL)
        self._attempt: Request | None = None
        self._same_peer = True

    # -- what the owner calls ------------------------------------------------------------------------------------

    def connect(self, now: float) -> None:
        """Try to connect, unless a try is under way."""
        if self.state in (ImportState.CONNECTING, ImportState.CLOSED):
            return
        if not self._same_peer:
            peers = self.config.peers
            self.peer = peers[(peers.index(self.peer) + 1) % len(peers)]
        self.recovery.stop()
        self.conn_cnt += 1
        self._attempt = request = self._connect_request()
        self.set_state(ImportState.CONNECTING)
        self.header_flags = 0
        self.send(request, now)
        request.deadline = now + timeouts.INITIAL_CONNECT_TIMEOUT + 1

    def submit(self, request: Request, now: float) -> None:
        """Send a request, now or as soon as the import and its lane allow. Its number it gets at once, so numbers tell
        the order in which requests were made (ptlrpc/client.c: ptlrpc_request_bufs_pack)."""
        request.generation, request.xid = self.generation, request.xid or self.xids.new()
        if self.state is ImportState.CLOSED:
            request.finish(-errno.ENODEV)
        elif request.lane and self._lane_busy(request):
            return
        else:
            self.start(request, now)

    def receive(self, packet: Packet, now: float) -> None:
        """A packet for this import: a reply, bulk data, or the server fetching bulk data."""
        request = self.sending.get(packet.match_bits)
        if request is None:
            return
        if packet.kind == GET:
            data = (request.data or b"")[packet.offset : packet.offset + packet.length]
            self.out.append(Packet(REPLY, packet.target, packet.source, data=data, cookie=packet.cookie))
        elif packet.portal != request.reply_portal:
            request.sink = packet.data
            if request.reply is not None:
                self._replied(request, request.reply, now)
        else:
            self._reply(request, packet, now)

    def tick(self, now: float) -> None:
        """Let time pass: timeouts, pings, new tries."""
        late = [r for r in self.sending.values() if r.sent >= 0 and r.deadline <= now]
        for request in late:
            if request.xid in self.sending:
                self._timed_out(request, now)
        waiting = [r for r in self.delayed if r.not_before and r.not_before <= now]
        if waiting and self.state is ImportState.FULL:
            self.delayed = [r for r in self.delayed if r not in waiting]
            for request in waiting:
                request.not_before = 0.0
                self.send(request, now)
        if self.state is ImportState.DISCON and self.next_try <= now:
            self.connect(now)
        elif self.state is ImportState.FULL and self.next_ping <= now:
            self.ping(now)

    def next_deadline(self) -> float | None:
        """When `tick` has something to do, or None."""
        times = [r.deadline for r in self.sending.values() if r.sent >= 0]
        times += [r.not_before for r in self.delayed if r.not_before]
        if self.state is ImportState.DISCON:
            times.append(self.next_try)
        elif self.state is ImportState.FULL:
            times.append(self.next_ping)
        return min(times) if times else None

    def disconnect(self, now: float) -> Request:
        """Say good-bye; the import is CLOSED when the answer comes."""
        request = self.request(self.config.disconnect, no_resend=True)
        request.done = lambda _: self.set_state(ImportState.CLOSED)
        self.submit(request, now)
        return request

    def ping(self, now: float) -> Request:
        """See whether the server is there; the request, not answered yet."""
        self.next_ping = now + self.ping_interval
        request = self.request("OBD_PING", no_delay=True, no_resend=True)
        self.submit(request, now)
        if self.ping_interval < timeouts.PING_INTERVAL:  # whoever asks more often does not wait longer either
            request.deadline = min(request.deadline, now + self.ping_interval)
        return request

    def request(self, name: str, *, portal: int = 0, **options: Any) -> Request:
        """A request in the dialect in force, without buffers or with those in `buffers`.

        Args:
            portal: where to send it, if not on the format's own portal (of an import that is not an MDC's).
            options: attributes of `Request`; ``buffers`` holds the message's buffers.
        """
        message = rpc.build(self.dialect, name, **options.pop("buffers", {}))
        message.header.lm_repsize = repsize(self.dialect)
        return self.wrap(message, portal=portal, **options)

    def wrap(self, message: rpc.Message, *, portal: int = 0, **options: Any) -> Request:
        """A `Request` around a message made for this import."""
        form = message.format
        assert form is not None
        own = self.dialect.rpcs[self.config.connect]
        where = portal or (own.portal if goes_to_its_target(form, self.dialect) else form.portal) or 0
        return Request(message, where, reply_portal(form, where, own), **options)

    # -- sending -------------------------------------------------------------------------------------------------

    def _lane_busy(self, request: Request) -> bool:
        lane = self.lanes.setdefault(request.lane, deque())
        lane.append(request)
        return len(lane) > 1

    def start(self, request: Request, now: float) -> None:
        if request.generation != self.generation:
            self.finish(request, -errno.EIO, now)
        elif self.state is ImportState.FULL or request.recovery:
            self.send(request, now)
        elif request.no_delay:
            self.finish(request, -errno.EWOULDBLOCK, now)
        else:
            self.delayed.append(request)

    def send(self, request: Request, now: float, flags: int = 0) -> None:
        """Put a request on the wire; `flags` are pb_flags besides those of the message."""
        k = names(request.message.dialect)
        if not request.xid:
            request.xid = self.xids.new()
        body, header = request.message.body, request.message.header
        body.pb_handle.cookie = self.remote
        body.pb_conn_cnt = request.conn_cnt = self.conn_cnt
        body.pb_status = self.config.pid
        header.lm_flags, header.lm_secflvr = self.header_flags, self.config.secflvr
        estimate = self.estimates.setdefault(request.portal, Estimate())
        timeout = timeouts.timeout_of(estimate.current)
        if request is self._attempt:
            body.pb_service_time = timeouts.estimate_of(timeout)
            timeout = timeouts.INITIAL_CONNECT_TIMEOUT
        elif not self.header_flags & k.MSGHDR_AT_SUPPORT:
            timeout = timeouts.OBD_TIMEOUT
        body.pb_timeout = timeout
        extra = flags | (k.MSG_RESENT if request.resend else 0)
        kept, body.pb_flags = body.pb_flags, body.pb_flags | extra
        data = rpc.encode(request.message)
        body.pb_flags = kept
        request.sent, request.deadline, request.tries = now, now + timeout, request.tries + 1
        request.reply = request.sink = None
        self.sending[request.xid] = request
        self.out.append(Packet(PUT, self.config.local, self.peer, request.portal, request.xid, 0, data))

    def finish(self, request: Request, status: int, now: float) -> None:
        """A request is over: its lane is free for the next."""
        self.sending.pop(request.xid, None)
        request.finish(status)
        lane = self.lanes.get(request.lane) if request.lane else None
        if lane and lane[0] is request:
            lane.popleft()
            if lane:
                self.start(lane[0], now)

    def set_state(self, state: ImportState) -> None:
        if state is not self.state:
            self.events.append(ImportEvent("state", (self.state, state)))
            self.state = state

    # -- receiving -----------------------------------------------------------------------------------------------

    def _reply(self, request: Request, packet: Packet, now: float) -> None:
        k = names(request.message.dialect)
        try:
            message = rpc.decode(packet.data, request.message.dialect, request=request.message)
        except WireError as error:
            self.events.append(ImportEvent("bad reply", error))
            return
        if message.direction != rpc.REPLY or message.body is None or message.opcode != request.message.opcode:
            self.events.append(ImportEvent("bad reply", WireError("no reply to this request")))
        elif request.message.header.lm_flags & k.MSGHDR_AT_SUPPORT and packet.offset == 0:
            self._early(request, message, packet.data)
        else:
            self._replied(request, message, now)

    def _early(self, request: Request, message: rpc.Message, data: bytes) -> None:
        """More time: counted from sending, as the server counts from arrival."""
        k = names(request.message.dialect)
        parts = lustre_msg.split(data)
        body = data[parts.offsets[0] : parts.offsets[0] + parts.lengths[0]]
        whole = "MSGHDR_CKSUM_INCOMPAT18" in k.dialect.constants and bool(
            request.message.header.lm_flags & k.MSGHDR_CKSUM_INCOMPAT18
        )
        if lustre_msg.early_reply_checksum(body, whole=whole) != message.header.lm_cksum:
            self.events.append(ImportEvent("bad early reply", request.xid))
            return
        request.deadline = max(request.deadline, request.sent + message.body.pb_timeout + 1)
        self.events.append(ImportEvent("early", request.xid))

    def _replied(self, request: Request, message: rpc.Message, now: float) -> None:
        request.reply = message
        if request.expects and request.sink is None and message.status >= 0:
            return
        body = message.body
        self.estimates.setdefault(request.portal, Estimate()).measure(body.pb_timeout, now)
        self.next_ping = now + self.ping_interval
        if request is self._attempt:
            self._attempt = None
            self.sending.pop(request.xid, None)
            self._connected(request, message, now)
        elif self.recovery.answered(request, message, now):
            return
        elif message.status in (-errno.ENOTCONN, -errno.ENODEV) and not request.recovery:
            self._not_connected(request, now)
        elif message.status == -errno.EINPROGRESS and rules_of(request.message.dialect).repeats_inprogress:
            self._repeat(request, now)
        else:
            self._accept(request, message, now)

    def _accept(self, request: Request, message: rpc.Message, now: float) -> None:
        """An ordinary reply: what was done is remembered until it is on disk."""
        body = message.body
        if body.pb_transno:
            request.transno = body.pb_transno
            if self.config.replayable and request.wants_replay and request.generation == self.generation:
                self.replay.retain(request)
        self.replay.committed(body.pb_last_committed)
        self.finish(request, -errno.EPROTO if self._wrong(request, message) else message.status, now)

    def _wrong(self, request: Request, message: rpc.Message) -> bool:
        wrong = self.judge(request, message) if self.judge is not None else None
        if wrong is not None:
            self.events.append(ImportEvent("wrong reply", wrong))
        return wrong is not None

    def _not_connected(self, request: Request, now: float) -> None:
        """The server does not know the handle: connect again at once, then send again."""
        stale = request.conn_cnt != self.conn_cnt
        if request.no_resend:
            self.finish(request, -errno.ENOTCONN, now)
        else:
            request.sent, request.resend = UNSENT, True
        if self.state is ImportState.FULL and not stale:
            self.lost(now)
        elif self.state is ImportState.FULL and not request.finished:
            self.send(request, now)

    def _repeat(self, request: Request, now: float) -> None:
        """-EINPROGRESS: again, with a new xid, later each time (R10b)."""
        self.sending.pop(request.xid, None)
        request.xid, request.sent = 0, UNSENT
        request.not_before = now + min(request.tries, request.message.body.pb_timeout or 1)
        self.delayed.append(request)

    def _timed_out(self, request: Request, now: float) -> None:
        if request is self._attempt:
            self._attempt = None
            self.sending.pop(request.xid, None)
            self.failed_to_connect(-errno.ETIMEDOUT, now)
        elif request.no_resend and not request.recovery:
            self.finish(request, -errno.ETIMEDOUT, now)
            self.lost(now)
        elif self.recovery.timed_out(request, now):
            return
        else:
            request.sent, request.resend = UNSENT, True
            self.lost(now)

    def lost(self, now: float) -> None:
        """The connection is of no use any more."""
        if self.state in (ImportState.DISCON, ImportState.CONNECTING, ImportState.CLOSED):
            return
        self.set_state(ImportState.DISCON)
        self.connect(now)

    def invalidate(self, now: float) -> None:
        """Evicted: what was under way fails, what could be replayed or was cached is gone (R4)."""
        self.generation += 1
        if self.on_invalid is not None:
            self.on_invalid()
        self.replay.clear()
        self.locks.clear()
        self.invalid = False
        under_way, self.delayed = [*self.sending.values(), *self.delayed], []
        for request in under_way:
            self.finish(request, -errno.EINTR, now)
        self.events.append(ImportEvent("evicted"))

    # -- connecting ---------------------------------------------------------------------------------------------

    def _connect_request(self) -> Request:
        dialect = self.config.dialects[0]
        k, config, rules = names(dialect), self.config, rules_of(dialect)
        flags = rules.connect_op_flags | (0 if self.connected_before else k.MSG_CONNECT_INITIAL)
        previous = self.connect_data
        data = dialect.structs["obd_connect_data"](ocd_connect_flags=config.flags, ocd_version=rules.version)
        for name, value in config.data.items():
            setattr(data, name, value)
        if previous is not None:
            data.ocd_ibits_known = previous.ocd_ibits_known
        if self.replay.lowest:
            flags |= k.MSG_CONNECT_TRANSNO
            data.ocd_transno = self.replay.lowest
        message = rpc.build(
            dialect, config.connect, target_uuid=config.target, client_uuid=config.client,
            conn_handle=dialect.structs["lustre_handle"](cookie=config.handle), connect_data=data,
        )  # fmt: skip
        message.body.pb_op_flags = flags
        message.header.lm_repsize = repsize(dialect, CONNECT_ROOM)
        return self.wrap(message, no_resend=True, recovery=True)

    def _connected(self, request: Request, message: rpc.Message, now: float) -> None:
        k, status = names(request.message.dialect), message.status
        if self.state is not ImportState.CONNECTING:
            return
        if status:
            self.failed_to_connect(status, now, message)
            return
        flags, data = int(message.body.pb_op_flags), message.buffers.connect_data
        granted = int(data.ocd_connect_flags) if data is not None else 0
        handle = message.body.pb_handle.cookie
        if granted & ~self.config.flags:
            self.events.append(ImportEvent("granted more than asked", granted & ~self.config.flags))
            self.failed_to_connect(-errno.EPROTO, now)
            return
        # "reconnected" without a handle is no fault, but a reason to connect again: see `connect.outcome`
        if not flags & k.MSG_CONNECT_RECONNECT and self._wrong(request, message):
            self.failed_to_connect(-errno.EPROTO, now)
            return
        found = connect.outcome(
            first=not self.connected_before, reconnect=bool(flags & k.MSG_CONNECT_RECONNECT),
            recovering=bool(flags & k.MSG_CONNECT_RECOVERING), handle=handle, known_handle=self.remote,
            invalid=self.invalid, delayed=bool(flags & _optional(k, "MSG_CONNECT_DELAYED")),
        )  # fmt: skip
        if found is connect.NOT_CONNECTED:
            self.failed_to_connect(-errno.ENOTCONN, now)
            return
        self.set_state(found.state)
        self.connected_before, self.remote, self._same_peer = True, handle, True
        self.replay.committed(message.body.pb_last_committed)
        self._adopt(granted, data)
        self.recovery.begin(found, now)

    def _adopt(self, granted: int, data: Any) -> None:
        """What was granted decides the dialect of what is formatted from now on; nothing is formatted again (R15)."""
        self.granted, self.connect_data, before = granted, data, self.dialect
        for dialect in self.config.dialects:
            rules = rules_of(dialect)
            if granted & rules.granted == rules.granted and not granted & rules.withheld:
                self.dialect = dialect
                break
        flags = rules_of(self.dialect).header_flags
        self.header_flags = sum(int(lm) for flag, lm in flags.items() if granted & int(flag))
        self.events.append(ImportEvent("granted", granted))
        if self.dialect is not before and self.on_dialect is not None:
            self.on_dialect(before)

    def failed_to_connect(self, status: int, now: float, message: rpc.Message | None = None) -> None:
        """No connection this time; the next try goes to the same node only if the server asked for patience."""
        self.events.append(ImportEvent("connect failed", status))
        data = getattr(message.buffers, "connect_data", None) if message is not None else None
        if (
            status == -errno.EPROTO
            and data is not None
            and data.ocd_version != rules_of(self.config.dialects[0]).version
        ):
            self.set_state(ImportState.CLOSED)
            self.invalidate(now)
            return
        self._same_peer = status in (-errno.EBUSY, -errno.EAGAIN)
        self.set_state(ImportState.DISCON)
        self.next_try = now + min(timeouts.INITIAL_CONNECT_TIMEOUT, self.conn_cnt)


def _optional(k: Any, name: str) -> int:
    return int(k.dialect.constants.get(name, 0))


__all__ = ["Import", "ImportConfig", "ImportEvent"]
