"""How a target answers: the messages, the portals and match bits they go to, and asking for patience."""

from __future__ import annotations

from collections.abc import Callable

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery import timeouts
from lustre_wire.recovery.answers import bare_reply, empty_buffers, reply_portal
from lustre_wire.recovery.exports import Answer, Incoming
from lustre_wire.recovery.limits import Limits
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import GET, PUT, Packet
from lustre_wire.recovery.rules import rules_of

#: Seconds that all the locks a target has room for may lie unused: its lock volume (ldlm_pool.c: LDLM_POOL_MAX_AGE).
LOCK_AGE = 36000


class Replies:
    """Makes answers and sends them.

    Args:
        nid: the target's.
        connect: name of the connect request it serves.
        put: takes the packets.
        is_replay: tells whether a request is one whose first run was lost.
        committed: tells the last transno on disk.
        versioned: tells whether gaps in what is replayed are decided by versions.
    """

    def __init__(
        self, nid: int, dialect: Dialect, limits: Limits, connect: str, put: Callable[[Packet], None],
        is_replay: Callable[[Incoming], bool], committed: Callable[[], int], versioned: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._nid, self._dialect, self._limits, self._put = nid, dialect, limits, put
        self._k, self._rules = names(dialect), rules_of(dialect)
        self._connect = dialect.rpcs[connect]
        self._is_replay, self._committed, self._versioned = is_replay, committed, versioned

    def message(self, request: Incoming, answer: Answer) -> rpc.Message:
        """The lustre_msg of an answer: ptlrpc_body and, where there are any, the format's buffers."""
        k, rules = self._k, self._rules
        form = request.message.format
        serious = answer.failed and answer.status < 0 and answer.status not in rules.plain_errors
        buffers, prepared = answer.buffers, not serious or request.message.opcode == self._connect.opcode
        if form is not None and answer.status < 0 and prepared and not buffers and rules.whole_errors:
            buffers = empty_buffers(form)
        if form is not None and buffers:
            message = rpc.build(self._dialect, form.name, rpc.REPLY, **buffers)
        else:
            message = bare_reply(self._dialect, request.message.opcode)
        body, replay = message.body, self._is_replay(request)
        body.pb_type = k.PTL_RPC_MSG_ERR if serious else k.PTL_RPC_MSG_REPLY
        body.pb_status = answer.status & 0xFFFFFFFF
        body.pb_last_xid = request.xid
        body.pb_last_committed = self._committed()
        body.pb_transno = request.transno
        body.pb_timeout = body.pb_service_time = 1
        if request.export.granted & k.OBD_CONNECT_LRU_RESIZE:
            body.pb_limit, body.pb_slv = self._limits.locks, self._limits.locks * LOCK_AGE
        if request.transno and (rules.versions_in_replay or not replay):
            body.pb_pre_versions = list(request.versions)
        if rules.version_replay_flag and replay and self._versioned():
            body.pb_flags |= k.flag("MSG_VERSION_REPLAY")
        return message

    def send(self, request: Incoming, answer: Answer) -> None:
        """Send an answer, its bulk data first."""
        form = request.message.format
        if answer.bulk is not None and form is not None and form.bulk_portal is not None:
            self._send(request, form.bulk_portal, 0, answer.bulk, request.bulk_bits)
        offset = 0
        if request.message.header.lm_flags & self._k.MSGHDR_AT_SUPPORT:
            offset = lustre_msg.early_reply_size(self._dialect.body.__wire__.size)
        message = self.message(request, answer)
        self._send(request, self._portal(request), offset, rpc.encode(message), request.reply_bits)

    def send_message(self, request: Incoming, message: rpc.Message) -> None:
        """Send the answer to a connect request."""
        request.replied = True
        self._send(request, self._portal(request), 0, rpc.encode(message))

    def send_early(self, request: Incoming, now: float) -> None:
        """Ask a client for patience before it gives up (ptlrpc/service.c: ptlrpc_at_send_early_reply)."""
        if not request.message.header.lm_flags & self._k.MSGHDR_AT_SUPPORT:
            return
        if request.deadline - timeouts.AT_EARLY_MARGIN > now or request.replied:
            return
        request.early += 1
        request.deadline = now + timeouts.AT_EXTRA
        early = bare_reply(self._dialect, request.message.opcode)
        early.body = self.message(request, Answer()).body
        early.body.pb_transno, early.body.pb_pre_versions = 0, [0] * 4
        early.body.pb_timeout = int(request.deadline - request.arrived)
        data = rpc.encode(early)
        parts = lustre_msg.split(data)
        whole = request.message.header.lm_flags & int(self._dialect.constants.get("MSGHDR_CKSUM_INCOMPAT18", 0))
        body = data[parts.offsets[0] : parts.offsets[0] + parts.lengths[0]]
        early.header.lm_cksum = lustre_msg.early_reply_checksum(body, whole=bool(whole))
        self._send(request, self._portal(request), 0, rpc.encode(early), request.reply_bits)

    def fetch(self, request: Incoming, length: int) -> None:
        """Ask a client for so many bytes of bulk data."""
        form = request.message.format
        portal = (form.bulk_portal if form is not None else None) or 0
        bits = request.bulk_bits or request.xid
        self._put(Packet(GET, self._nid, request.packet.source, portal, bits, length=length, cookie=request.xid))

    def _portal(self, request: Incoming) -> int:
        """Where the client waits for the answer."""
        return reply_portal(request.message.format, request.packet.portal, self._connect)

    def _send(self, request: Incoming, portal: int, offset: int, data: bytes, bits: int = 0) -> None:
        self._put(Packet(PUT, self._nid, request.packet.source, portal, bits or request.xid, offset, data))
