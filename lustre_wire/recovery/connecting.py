"""Connect requests, and what their answers do to an import (ptlrpc/import.c: ptlrpc_connect_import, _interpret)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import attrs

from lustre_wire import rpc
from lustre_wire.recovery import connect, timeouts
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request, repsize
from lustre_wire.recovery.rules import rules_of

if TYPE_CHECKING:
    from lustre_wire.recovery.imports import Import

#: Bytes reserved for the connect data of the reply: the struct and 16 words more (ptlrpc/import.c).
CONNECT_ROOM = 200


@attrs.define(slots=True, frozen=True)
class ImportEvent:
    """Something that happened: ``state`` (old, new), ``granted``, ``evicted``, ``replay status`` and the like."""

    kind: str
    detail: Any = None


class Connecting:
    """The part of `Import` that connects."""

    def _connect_request(self: Import) -> Request:  # type: ignore[misc]
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

    def _connected(self: Import, request: Request, message: rpc.Message, now: float) -> None:  # type: ignore[misc]
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

    def _adopt(self: Import, granted: int, data: Any) -> None:  # type: ignore[misc]
        """What was granted decides the dialect of what is formatted from now on; nothing is formatted again (R15)."""
        self.granted, self.connect_data, before = granted, data, self.dialect
        for dialect in self.config.dialects:
            rules = rules_of(dialect)
            if granted & rules.granted == rules.granted and not granted & rules.withheld:
                self.dialect = dialect
                break
        flags = rules_of(self.dialect).header_flags
        self.header_flags = sum(lm for flag, lm in flags.items() if granted & flag)
        self.events.append(ImportEvent("granted", granted))
        if self.dialect is not before and self.on_dialect is not None:
            self.on_dialect(before)

    def failed_to_connect(self: Import, status: int, now: float, message: rpc.Message | None = None) -> None:  # type: ignore[misc]
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
