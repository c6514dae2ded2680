"""Lock callbacks from a target to its clients: the reverse imports of ldlm/ldlm_lockd.c, with their timeouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.recovery.answers import fitting
from lustre_wire.recovery.deadlines import Deadlines
from lustre_wire.recovery.exports import Export
from lustre_wire.recovery.ldlm import Ast, Lock, Namespace, describe
from lustre_wire.recovery.ldlm.namespace import BLOCKING, COMPLETION, GLIMPSE
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet, Xids
from lustre_wire.recovery.request import repsize
from lustre_wire.recovery.rules import rules_of

#: Seconds a client has to answer a callback, and then to give the lock back. It is sent once: who has not answered in
#: time is evicted (ldlm_lockd.c: rq_no_resend, ldlm_failed_ast).
CALLBACK_TIMEOUT = 50

FORMATS = {BLOCKING: "LDLM_BL_CALLBACK", COMPLETION: "LDLM_CP_CALLBACK", GLIMPSE: "LDLM_GL_CALLBACK"}


@attrs.define(slots=True, eq=False)
class Pending:
    """A callback under way."""

    ast: Ast
    message: rpc.Message
    xid: int
    until: float
    wait: Any = None


class Callbacks:
    """Callbacks of one target, to the owners of locks in `namespace`; `send` puts packets on the network.

    A client that neither answers nor gives the lock back in `CALLBACK_TIMEOUT` is evicted. One whose lock was taken
    away at once (`LDLM_FL_CANCEL_ON_BLOCK`) is only told.

    Attributes:
        value_of: an `ost_lvb` for a lock that is granted late, or None (ldlm_lockd.c: ldlm_server_completion_ast).
    """

    def __init__(
        self, dialect: Dialect, nid: int, namespace: Namespace, send: Callable[[Packet], None], xids: Xids
    ) -> None:
        self.dialect, self.k, self.nid, self.namespace = dialect, names(dialect), nid, namespace
        self.value_of: Callable[[Lock], Any] = lambda lock: None
        self._put, self.xids = send, xids
        self.pending: dict[int, Pending] = {}
        self._unanswered: Deadlines[Pending] = Deadlines(self._answer_due)
        self._owed: Deadlines[Lock] = Deadlines(self._release_due)

    def _answer_due(self, pending: Pending) -> float | None:
        return pending.until if self.pending.get(pending.xid) is pending else None

    def _release_due(self, lock: Lock) -> float | None:
        """For a lock that was asked back, as long as it is held and what was asked for of it not given."""
        return lock.callback_deadline or None if self.namespace.locks.get(lock.cookie) is lock else None

    def send(self, asts: list[Ast], now: float) -> None:
        """Send callbacks that are owed."""
        for ast in asts:
            self._start(ast, now)

    def glimpse(self, lock: Lock, wait: Any, now: float) -> None:
        """Ask the holder of an extent lock for size and times: `wait.ready` says the answer is in `lock.data`."""
        self._start(Ast(GLIMPSE, lock), now, wait)

    def tell(self, lock: Lock, wait: Any, now: float) -> None:
        """A completion callback nobody waits for in a queue; `wait.wake` is called when the client has answered."""
        self._start(Ast(COMPLETION, lock), now, wait)

    def _start(self, ast: Ast, now: float, wait: Any = None) -> None:
        export, k = ast.lock.owner, self.k
        dialect = self.dialect
        handle = dialect.structs["lustre_handle"]
        desc = describe(dialect, ast.cause or ast.lock, granted=ast.cause is None)
        flags = k.LDLM_FL_AST_SENT if ast.kind == COMPLETION and ast.lock.flags & k.LDLM_FL_AST_SENT else 0
        if ast.cause is not None:  # whoever wants the lock may want what it protects thrown away
            flags |= ast.cause.flags & k.LDLM_FL_DISCARD_DATA
        own = ast.lock.cookie if rules_of(dialect).named_in_callbacks and ast.kind != GLIMPSE else 0
        body = dialect.structs["ldlm_request"](
            lock_flags=flags, lock_desc=desc, lock_handle=[handle(cookie=ast.lock.remote), handle(cookie=own)]
        )
        rooms = (dialect.structs["ost_lvb"].__wire__.size,) if ast.kind == GLIMPSE else ()
        buffers, value = {"dlm_req": body}, self.value_of(ast.lock) if ast.kind == COMPLETION else None
        if value is not None:
            buffers["lvb"] = fitting(dialect.rpcs[FORMATS[COMPLETION]].request, "lvb", value)
        message = self._message(export, FORMATS[ast.kind], rooms, **buffers)
        pending = Pending(ast, message, self.xids.new(), now + CALLBACK_TIMEOUT, wait)
        self._transmit(pending)
        if ast.kind == BLOCKING and ast.lock.flags & k.LDLM_FL_CANCEL_ON_BLOCK:
            return
        if ast.kind == BLOCKING:
            ast.lock.callback_deadline = pending.until
            self._owed.add(ast.lock)
        self.pending[pending.xid] = pending
        self._unanswered.add(pending)

    def _message(self, export: Export, name: str, rooms: tuple[int, ...] = (), **buffers: Any) -> rpc.Message:
        """A request to a client's own handle: its reverse import."""
        message = rpc.build(self.dialect, name, **buffers)
        message.body.pb_handle.cookie = export.remote
        message.header.lm_flags = export.header_flags
        message.header.lm_repsize = repsize(self.dialect, *rooms)
        message.body.pb_conn_cnt = 1
        message.body.pb_status = 12345
        message.body.pb_timeout = CALLBACK_TIMEOUT
        return message

    def say(self, export: Export, name: str, **buffers: Any) -> None:
        """A request that is no lock callback, by the name of its format; nobody waits for the answer."""
        message = self._message(export, name, **buffers)
        portal = self.dialect.rpcs[name].portal or 0
        self._put(Packet(PUT, self.nid, export.nid, portal, self.xids.new(), 0, rpc.encode(message)))

    def _transmit(self, pending: Pending) -> None:
        form = pending.message.format
        assert form is not None
        export = pending.ast.lock.owner
        self._put(Packet(PUT, self.nid, export.nid, form.portal or 0, pending.xid, 0, rpc.encode(pending.message)))

    def answered(self, packet: Packet, now: float) -> bool:
        """Is this the answer to a callback? Then it is dealt with."""
        pending = self.pending.get(packet.match_bits)
        if pending is None or pending.message.format is None or packet.portal != pending.message.format.reply_portal:
            return False
        if packet.source != pending.ast.lock.owner.nid:
            return False
        try:
            reply = rpc.decode(packet.data, self.dialect, request=pending.message)
        except WireError:
            return True
        if pending.message.header.lm_flags & self.k.MSGHDR_AT_SUPPORT and not packet.offset:
            return True
        del self.pending[pending.xid]
        lock = pending.ast.lock
        if pending.ast.kind == GLIMPSE:
            lock.data = self._lvb(reply.buffers.lvb) if reply.status == 0 else None
        elif pending.ast.kind == BLOCKING and reply.status < 0:
            self.namespace.cancel(lock.cookie)
        if pending.wait is not None:
            pending.wait.wake()
        return True

    def _lvb(self, said: Any) -> Any:
        """The `ost_lvb` of a glimpse, which a dialect may know as bytes only."""
        return record.unpack(self.dialect.structs["ost_lvb"], said) if isinstance(said, bytes) else said

    def late(self, now: float) -> list[Export]:
        """Clients that ran out of time, to be evicted."""
        late = {pending.ast.lock.owner for pending in self._unanswered.take(now)}
        late |= {lock.owner for lock in self._owed.take(now)}
        return sorted(late, key=lambda export: export.uuid)

    def next_deadline(self) -> float | None:
        """When `late` has something to do, or None."""
        times = [time for time in (self._unanswered.first(), self._owed.first()) if time is not None]
        return min(times, default=None)

    def forget(self, export: Export) -> None:
        """The client is gone: nothing is expected of it."""
        for xid in [x for x, p in self.pending.items() if p.ast.lock.owner is export]:
            pending = self.pending.pop(xid)
            if pending.wait is not None:
                pending.ast.lock.data = None
                pending.wait.wake()
