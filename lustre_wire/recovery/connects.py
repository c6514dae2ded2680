"""How a target answers a connect request: ldlm/ldlm_lib.c: target_handle_connect, in its order."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from lustre_wire import rpc
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.packet import Packet
from lustre_wire.recovery.service import TargetEvent
from lustre_wire.recovery.timeouts import OBD_TIMEOUT

if TYPE_CHECKING:
    from lustre_wire.recovery.target import Target


def handle(target: Target, message: rpc.Message, packet: Packet, now: float) -> None:
    """Answer a connect request."""
    request = Incoming(message, packet, Export(b"", 0, nid=packet.source), now, now + OBD_TIMEOUT)
    status = _before_export(target, message)
    if status:
        target.reply(request, Answer(status, failed=True))
        return
    buffers = message.buffers
    export = target.exports.get(buffers.client_uuid)
    k, flags = target.k, int(message.body.pb_op_flags)
    offered = int(buffers.connect_data.ocd_connect_flags) if buffers.connect_data is not None else 0
    if export is not None and export.connected and flags & k.MSG_CONNECT_INITIAL and offered & k.OBD_CONNECT_MDS:
        target.drop(export)
        export = None
    status = _against(target, export, message, packet)
    zeroed = status == -errno.EALREADY and export is not None and export.remote != buffers.conn_handle.cookie
    if status:
        reply = target.reply_message(request, Answer(status, failed=True))
        reply.body.pb_handle.cookie = 0 if zeroed or export is None else export.cookie
        _send(target, request, reply)
        return
    _accept(target, export, request, now)


def _before_export(target: Target, message: rpc.Message) -> int:
    """What is wrong with the request itself, or with the target: a negative errno, or 0."""
    k, buffers = target.k, message.buffers
    if isinstance(buffers, rpc.Generic):
        return -errno.EPROTO
    if not buffers.target_uuid or buffers.target_uuid != target.uuid:
        return -errno.EINVAL
    if target.stopping:
        return -errno.ENODEV
    if not target.accepting:
        return -errno.EAGAIN
    if not buffers.client_uuid:
        return -errno.EINVAL
    if buffers.conn_handle is None or (buffers.connect_data is None and target.rules.needs_connect_data):
        return -errno.EPROTO
    data = buffers.connect_data
    libclient = message.body.pb_op_flags & k.MSG_CONNECT_LIBCLIENT and data is not None
    return -errno.EPROTO if libclient and data.ocd_version >> 16 != target.rules.version >> 16 else 0


def _against(target: Target, export: Export | None, message: rpc.Message, packet: Packet) -> int:
    """What speaks against it, seen from what is known of the client: a negative errno, or 0."""
    k, buffers, body = target.k, message.buffers, message.body
    if export is None and target.window is not None:
        return -errno.EBUSY
    if target.guard is not None and target.window is None and (export is None or not export.connected):
        refused = target.guard.connecting(export)
        if refused:
            return refused
    if export is not None:
        if export.connected and body.pb_op_flags & k.MSG_CONNECT_INITIAL and export.nid != packet.source:
            return -errno.EALREADY
        if export.failed and target.rules.failed_export_status:
            return target.rules.failed_export_status
        if export.active and not target.recovering:
            export.conn_cnt = max(export.conn_cnt, body.pb_conn_cnt - 1)
            target.abort_bulk(export)
            return -errno.EBUSY
        if body.pb_conn_cnt == 1:
            return -errno.EALREADY
        if export.connected and export.remote != buffers.conn_handle.cookie:
            return -errno.EALREADY
    offered = int(buffers.connect_data.ocd_connect_flags) if buffers.connect_data is not None else 0
    needed = target.rules.granted if target.service.metadata else 0
    if offered & needed != needed:
        return -errno.EBADE
    if export is not None and body.pb_conn_cnt <= export.conn_cnt:
        return -errno.EALREADY
    return 0


def _accept(target: Target, export: Export | None, request: Incoming, now: float) -> None:
    k, message = target.k, request.message
    buffers, flags = message.buffers, k.MSG_CONNECT_REPLAYABLE
    if export is None:
        export = Export(buffers.client_uuid, target.handles.new())
        if target.service.remembers:
            export.slot = target.last_rcvd.add(export.uuid)
            target.commit()
        target._add_export(export)
    elif export.connected:
        flags |= k.MSG_CONNECT_RECONNECT
    known, export.connected = export.connected, True
    export.remote, export.nid = buffers.conn_handle.cookie, request.packet.source
    export.conn_cnt, export.heard = message.body.pb_conn_cnt, now
    if not known:
        target.listen(export)
    data = buffers.connect_data
    granted = (
        int(data.ocd_connect_flags) & target.service.supported & ~int(target.rules.withheld) if data is not None else 0
    )
    export.granted = granted
    export.header_flags = sum(lm for flag, lm in target.rules.header_flags.items() if granted & flag)
    if target.window is not None:
        flags |= k.MSG_CONNECT_RECOVERING
        reported = data.ocd_transno if data is not None and message.body.pb_op_flags & k.MSG_CONNECT_TRANSNO else 0
        target.window.joined(export, reported, now)
    answer = Answer(0, {"connect_data": _granted(target, export, data)} if data is not None else {})
    reply = target.reply_message(request, answer)
    reply.body.pb_op_flags = flags
    reply.body.pb_handle.cookie = export.cookie
    target.events.append(TargetEvent("connected", export.uuid))
    _send(target, request, reply)


def _granted(target: Target, export: Export, asked: Any) -> Any:
    data = target.dialect.structs["obd_connect_data"](
        ocd_connect_flags=export.granted, ocd_version=target.rules.version, ocd_ibits_known=asked.ocd_ibits_known,
        ocd_transno=asked.ocd_transno,
    )  # fmt: skip
    target.service.connected(export, data)
    return data


def _send(target: Target, request: Incoming, reply: rpc.Message) -> None:
    request.replied = True
    target._send(request, target.reply_portal(request), 0, rpc.encode(reply))
