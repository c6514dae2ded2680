"""What a target makes of a connect request, in the order of ldlm/ldlm_lib.c: target_handle_connect."""

from __future__ import annotations

import errno
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.recovery.exports import Export
from lustre_wire.recovery.names import Names
from lustre_wire.recovery.packet import host
from lustre_wire.recovery.rules import RecoveryRules
from lustre_wire.recovery.service import Guard, Service


@attrs.define(slots=True, frozen=True)
class Refusal:
    """Why somebody is not let in.

    Attributes:
        status: a negative errno.
        busy: requests of his are still being handled: those that wait for his bulk data are given up.
        nameless: the answer has no handle, though there is an export.
    """

    status: int
    busy: bool = False
    nameless: bool = False


@attrs.define(slots=True, frozen=True)
class Door:
    """What of a target decides about a connect request.

    Attributes:
        uuid: the target's.
        stopping, accepting, recovering: its state.
        full: it knows as many clients as it may.
        needed: connect flags without which nobody is let in.
        guard: asked about a client that has no connection while the target serves.
    """

    uuid: bytes
    stopping: bool
    accepting: bool
    recovering: bool
    full: bool
    needed: int
    guard: Guard | None


def offered(message: rpc.Message) -> int:
    """The connect flags a request offers, 0 without connect data."""
    data = message.buffers.connect_data
    return int(data.ocd_connect_flags) if data is not None else 0


def malformed(message: rpc.Message, door: Door, rules: RecoveryRules, k: Names) -> Refusal | None:
    """What is wrong with the request itself, or with the target, whoever asks."""
    buffers = message.buffers
    if isinstance(buffers, rpc.Generic):
        return Refusal(-errno.EPROTO)
    if not buffers.target_uuid or buffers.target_uuid != door.uuid:
        return Refusal(-errno.EINVAL)
    if door.stopping:
        return Refusal(-errno.ENODEV)
    if not door.accepting:
        return Refusal(-errno.EAGAIN)
    if not buffers.client_uuid:
        return Refusal(-errno.EINVAL)
    if buffers.conn_handle is None or (buffers.connect_data is None and rules.needs_connect_data):
        return Refusal(-errno.EPROTO)
    data = buffers.connect_data
    libclient = message.body.pb_op_flags & k.MSG_CONNECT_LIBCLIENT and data is not None
    return Refusal(-errno.EPROTO) if libclient and data.ocd_version >> 16 != rules.version >> 16 else None


def anew(export: Export | None, message: rpc.Message, k: Names) -> bool:
    """Does an MDS that was started anew ask, whose old connection can go?"""
    first = message.body.pb_op_flags & k.MSG_CONNECT_INITIAL and offered(message) & k.OBD_CONNECT_MDS
    return export is not None and export.connected and bool(first)


def refusal(
    export: Export | None, message: rpc.Message, source: int, door: Door, rules: RecoveryRules, k: Names
) -> Refusal | None:
    """What speaks against a request that is well formed, seen from what is known of the client.

    Args:
        export: the client's, None for one that is not known.
        source: the NID it comes from.
    """
    body, remote = message.body, message.buffers.conn_handle.cookie
    if export is None and door.recovering:
        return Refusal(-errno.EBUSY)
    if door.guard is not None and not door.recovering and (export is None or not export.connected):
        status = door.guard.connecting(export, first=bool(body.pb_op_flags & k.MSG_CONNECT_INITIAL))
        if status:
            return Refusal(status)
    if export is None and door.full:
        return Refusal(-errno.EOVERFLOW)
    already = Refusal(-errno.EALREADY, nameless=export is not None and export.remote != remote)
    if export is not None:
        first = export.connected and body.pb_op_flags & k.MSG_CONNECT_INITIAL
        if export.nid and host(export.nid) != host(source):  # whoever knows a UUID is not its owner
            return already
        if first and export.nid != source:
            return already
        if export.failed and rules.failed_export_status:
            return Refusal(rules.failed_export_status)
        if export.active and not door.recovering:
            return Refusal(-errno.EBUSY, busy=True)
        if body.pb_conn_cnt == 1:
            return already
        if export.connected and export.remote != remote:
            return already
    if offered(message) & door.needed != door.needed:
        return Refusal(-errno.EBADE)
    return already if export is not None and body.pb_conn_cnt <= export.conn_cnt else None


def grant(export: Export, data: Any, service: Service, rules: RecoveryRules, k: Names) -> None:
    """Note at an export what a client is granted of what it offers (connect data, or None)."""
    offered = int(data.ocd_connect_flags) if data is not None else 0
    export.granted = offered & int(service.supported) & ~int(rules.withheld)
    if export.granted & k.flag("OBD_CONNECT_FLAGS2"):
        export.granted2 = int(data.ocd_connect_flags2) & int(service.supported2)
    export.header_flags = sum(int(lm) for flag, lm in rules.header_flags.items() if export.granted & int(flag))


def granted(export: Export, asked: Any, service: Service, rules: RecoveryRules) -> Any:
    """The connect data of the answer."""
    data = attrs.evolve(asked, ocd_connect_flags=export.granted, ocd_version=rules.version)
    if hasattr(data, "ocd_connect_flags2"):
        data.ocd_connect_flags2 = export.granted2
    service.connected(export, data)
    return data
