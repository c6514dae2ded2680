"""How a target answers: replies, early replies, bulk data (ptlrpc/niobuf.c, ptlrpc/service.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery import timeouts
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm.namespace import MAX_LOCKS
from lustre_wire.recovery.packet import GET, PUT, Packet

#: Seconds that all the locks a target has room for may lie unused: its lock volume (ldlm_pool.c: LDLM_POOL_MAX_AGE).
LOCK_AGE = 36000

if TYPE_CHECKING:
    from lustre_wire.recovery.target import Target


class Answers:
    """The part of `Target` that sends."""

    def reply(self: Target, request: Incoming, answer: Answer) -> None:  # type: ignore[misc]
        """Send the answer to a request."""
        if request.replied:
            return
        request.replied = True
        request.export.active.pop(request.xid, None)
        message = self.reply_message(request, answer)
        form = request.message.format
        portal = self.reply_portal(request)
        if answer.bulk is not None and form is not None and form.bulk_portal is not None:
            self._send(request, form.bulk_portal, 0, answer.bulk)
        offset = 0
        if request.message.header.lm_flags & self.k.MSGHDR_AT_SUPPORT:
            offset = lustre_msg.early_reply_size(self.dialect.body.__wire__.size)
        self._send(request, portal, offset, rpc.encode(message))

    def reply_message(self: Target, request: Incoming, answer: Answer) -> rpc.Message:  # type: ignore[misc]
        """The lustre_msg of an answer: ptlrpc_body and, where there are any, the format's buffers."""
        k = self.k
        form = request.message.format
        if form is not None and answer.buffers:
            message = rpc.build(self.dialect, form.name, rpc.REPLY, **answer.buffers)
        else:
            message = bare_reply(self.dialect, request.message.opcode)
        body = message.body
        error = answer.failed and answer.status < 0 and answer.status not in self.rules.plain_errors
        body.pb_type = k.PTL_RPC_MSG_ERR if error else k.PTL_RPC_MSG_REPLY
        body.pb_status = answer.status & 0xFFFFFFFF
        body.pb_last_xid = request.xid
        body.pb_last_committed = self.last_committed
        body.pb_transno = request.transno
        body.pb_timeout = body.pb_service_time = 1
        if request.export.granted & k.OBD_CONNECT_LRU_RESIZE:
            body.pb_limit, body.pb_slv = MAX_LOCKS, MAX_LOCKS * LOCK_AGE
        if request.transno and (self.rules.versions_in_replay or not self.is_replay(request)):
            body.pb_pre_versions = list(request.versions)
        if (
            self.window is not None
            and self.window.versioned
            and self.rules.version_replay_flag
            and self.is_replay(request)
        ):
            body.pb_flags |= k.MSG_VERSION_REPLAY
        return message

    def reply_portal(self: Target, request: Incoming) -> int:  # type: ignore[misc]
        """Where the client waits for the answer: the import's own reply portal."""
        form = request.message.format
        if form is not None and form.name not in ("OBD_PING", "LDLM_ENQUEUE", "LDLM_CONVERT"):
            return form.reply_portal or 0
        return self.dialect.rpcs[self.connect_name].reply_portal or 0

    def _early(self: Target, request: Incoming, now: float) -> None:  # type: ignore[misc]
        """Ask a client for patience before it gives up (ptlrpc/service.c: ptlrpc_at_send_early_reply)."""
        if not request.message.header.lm_flags & self.k.MSGHDR_AT_SUPPORT:
            return
        if request.deadline - timeouts.AT_EARLY_MARGIN > now or request.replied:
            return
        request.early += 1
        request.deadline = now + timeouts.AT_EXTRA
        message = self.reply_message(request, Answer())
        early = bare_reply(self.dialect, request.message.opcode)
        early.body = message.body
        early.body.pb_transno, early.body.pb_pre_versions = 0, [0] * 4
        early.body.pb_timeout = int(request.deadline - request.arrived)
        data = rpc.encode(early)
        parts = lustre_msg.split(data)
        whole = request.message.header.lm_flags & int(self.dialect.constants.get("MSGHDR_CKSUM_INCOMPAT18", 0))
        body = data[parts.offsets[0] : parts.offsets[0] + parts.lengths[0]]
        early.header.lm_cksum = lustre_msg.early_reply_checksum(body, whole=bool(whole))
        self._send(request, self.reply_portal(request), 0, rpc.encode(early))

    def _send(self: Target, request: Incoming, portal: int, offset: int, data: bytes) -> None:  # type: ignore[misc]
        self.out.append(Packet(PUT, self.nid, request.packet.source, portal, request.xid, offset, data))

    # -- bulk ----------------------------------------------------------------------------------------------------

    def _fetch(self: Target, request: Incoming, length: int) -> None:  # type: ignore[misc]
        form = request.message.format
        portal = (form.bulk_portal if form is not None else None) or 0
        self.out.append(
            Packet(GET, self.nid, request.packet.source, portal, request.xid, length=length, cookie=request.xid)
        )

    def abort_bulk(self: Target, export: Export) -> None:  # type: ignore[misc]
        """Give up requests of a client that wait for its bulk data; it will send them again (ptlrpc_abort_bulk)."""
        for request in self._waiting.give_up(export, bulk_only=True):
            export.active.pop(request.xid, None)


def bare_reply(dialect: Dialect, opcode: int) -> rpc.Message:
    """A reply of nothing but a ptlrpc_body."""
    body = dialect.body()
    body.pb_type = dialect.constants["PTL_RPC_MSG_REPLY"]
    body.pb_version = int(dialect.constants["PTLRPC_MSG_VERSION"])
    body.pb_opc = opcode
    return rpc.Message(dialect, rpc.REPLY, "little", lustre_msg.LustreMsgV2(), body, None, rpc.Generic([]))
