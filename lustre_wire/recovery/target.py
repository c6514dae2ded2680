"""A server target: ldlm/ldlm_lib.c and ptlrpc/service.c over packets and clock readings.

What the target serves is a `Service`; the target adds connections, transaction numbers, reply reconstruction, the
recovery window, lock callbacks, early replies and eviction.
"""

from __future__ import annotations

import errno
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery import connect_request, head, timeouts
from lustre_wire.recovery.callbacks import Callbacks
from lustre_wire.recovery.connect_request import Door
from lustre_wire.recovery.deadlines import Deadlines
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.last_answers import LastAnswers
from lustre_wire.recovery.last_rcvd import LastRcvd
from lustre_wire.recovery.ldlm import Namespace
from lustre_wire.recovery.limits import DEFAULT, Limits
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, REPLY, Handles, Packet, Xids, host
from lustre_wire.recovery.replies import Replies
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.service import Guard, Handling, Service, TargetEvent, Wait
from lustre_wire.recovery.store import Store
from lustre_wire.recovery.transaction import Refused, Transaction
from lustre_wire.recovery.waiting import Waiting
from lustre_wire.recovery.window import RecoveryWindow, Verdict

#: The longest request a service takes, in bytes; LNet drops longer ones (MDS_MAXREQSIZE, OST_MAXREQSIZE are 5 KiB, an
#: MGS takes 8 KiB).
MAX_REQUEST = 8 << 10
#: Seconds of silence after which a client is evicted (ping_evictor.c).
SILENCE = 6 * timeouts.PING_INTERVAL


class Target:
    """One target on one store. Made anew at each start; what is remembered is what the store has.

    Attributes:
        accepting: False until the target lets clients in (-EAGAIN before).
        synchronous: what a request did is on disk before it is answered.
        guard: asked before strangers are let in and requests are handled.
        now: the time it was told last.

    A fault in a handler stops nobody but its client: `receive`, `tick` and `resume` raise it when they are done.

    Raises:
        MountRefused: the store has features the dialect does not know.
    """

    def __init__(
        self, uuid: bytes, nid: int, dialect: Dialect, store: Store, service: Service, seed: int, connect: str,
        limits: Limits = DEFAULT,
    ) -> None:  # fmt: skip
        self.limits = limits
        self.uuid, self.nid, self.dialect, self.store, self.service = uuid, nid, dialect, store, service
        self.k, self.rules = names(dialect), rules_of(dialect)
        self._connects = dialect.rpcs[connect].opcode
        self.handles = Handles(seed)
        self.namespace = Namespace(dialect, self.handles, limits)
        self.last_rcvd = LastRcvd(store, dialect, metadata=service.metadata)
        self.accepting = True
        self.stopping = False
        self.now = 0.0
        self.synchronous = False
        self.guard: Guard | None = None
        self.out: list[Packet] = []
        self.events: list[TargetEvent] = []
        self.exports: dict[bytes, Export] = {}
        self.by_cookie: dict[int, Export] = {}
        self._silent: Deadlines[Export] = Deadlines(self._silent_at)
        self._patience: Deadlines[Incoming] = Deadlines(self._early_due)
        self.last_answers = LastAnswers(store, self.last_rcvd, self.k)
        self.replies = Replies(
            nid, dialect, limits, connect, self._put, self.is_replay, lambda: self.last_committed,
            lambda: self.window is not None and self.window.versioned,
        )  # fmt: skip
        self.callbacks = Callbacks(dialect, nid, self.namespace, self._put, Xids(seed & 0xFFFFFFFF))
        self._waiting = Waiting()
        self._faults: list[Exception] = []
        self._unserved: set[str] = set()
        if self.last_rcvd.start(uuid):
            self.events.append(TargetEvent("forgotten"))
        self.last_committed = self.last_transno = self.found_committed = self.last_rcvd.highest_transno()
        self.window: RecoveryWindow | None = None
        self._known_clients()

    def _known_clients(self) -> None:
        for uuid, index in self.last_rcvd.slots.items():
            self._add_export(Export(uuid, self.handles.new(), slot=index, nid=self.store.get(("peer", uuid), 0)))
        if self.exports:
            passing = self.rules.mds_during_recovery if self.service.metadata else self.rules.ost_during_recovery
            self.window = RecoveryWindow(self.k, self.rules, set(self.exports), self.last_committed + 1, passing)
        else:
            self._new_epoch()

    def _new_epoch(self) -> None:
        """Transnos of this start lie above all of the last: the restart count is their upper half (LR_EPOCH_BITS)."""
        bits = self.k.LR_EPOCH_BITS
        head = self.last_rcvd.header()
        head.lsd_start_epoch = max(head.lsd_start_epoch, self.last_transno >> bits) + 1
        self.last_transno = max(self.last_transno, head.lsd_start_epoch << bits)
        head.lsd_last_transno = self.last_transno
        self.last_rcvd.write_header(head)
        self.commit()

    # -- what the owner calls ------------------------------------------------------------------------------------

    @property
    def recovering(self) -> bool:
        return self.window is not None

    def receive(self, packet: Packet, now: float) -> None:
        """A packet for this target: a request, bulk data, or the answer to a callback."""
        self.now = now
        if packet.kind == REPLY:
            self._waiting.fetched(packet)
        elif packet.kind == PUT and not self.callbacks.answered(packet, now):
            self._request(packet, now)
        self._run(now)
        self._raise_faults()

    def tick(self, now: float) -> None:
        """Let time pass: callback timeouts, the recovery window, early replies."""
        self.now = now
        silent = self._silent.take(now) if self.window is None else []
        late = dict.fromkeys(self.callbacks.late(now), "a callback not answered, or its lock not given back, in time")
        for export, why in [*late.items(), *((export, "silent for too long") for export in silent)]:
            if export.uuid in self.exports:
                self.evict(export, now, why)
        while self.window is not None and self.window.deadline and self.window.deadline <= now:
            for uuid in self.window.expire(now):
                self.evict(self.exports[uuid], now, "not done before the recovery window ended")
            self._run(now)
        for request in self._patience.take(now):
            self.replies.send_early(request, now)
            self._patience.add(request)
        self._run(now)
        self._raise_faults()

    def listen(self, export: Export) -> None:
        """A client is there: from now on it has to be heard of."""
        self._silent.add(export)

    def _silent_at(self, export: Export) -> float | None:
        """When a client has not been heard of for too long."""
        known = export.connected and self.exports.get(export.uuid) is export
        return export.heard + SILENCE if known else None

    def _early_due(self, request: Incoming) -> float | None:
        """When a client is asked for patience: one that knows early replies and waits for more than its own data."""
        waits = not request.replied and not request.fetching and request.export.active.get(request.xid) is request
        support = request.message.header.lm_flags & self.k.MSGHDR_AT_SUPPORT
        return request.deadline - timeouts.AT_EARLY_MARGIN if waits and support else None

    def next_deadline(self) -> float | None:
        times = [self.callbacks.next_deadline(), self._patience.first(), self._waiting.next_deadline()]
        times.append(self._silent.first() if self.window is None else self.window.deadline or None)
        return min((time for time in times if time is not None), default=None)

    def resume(self, now: float) -> None:
        """Something a handler waited for has happened."""
        self.now = now
        self._run(now)
        self._raise_faults()

    def commit(self) -> None:
        """Everything done so far is on disk."""
        if self.last_transno > self.last_committed:
            head = self.last_rcvd.header()
            head.lsd_last_transno = self.last_transno
            self.last_rcvd.write_header(head)
        self.store.commit()
        self.last_committed = self.last_transno
        self.events.append(TargetEvent("commit", self.last_committed))

    def abort_recovery(self, now: float) -> None:
        """Evict who has not finished, fail what is queued with -ENOTCONN, open for service."""
        if self.window is not None:
            unfinished, queued = self.window.abort()
            for request in queued:
                self.reply(request, Answer(-errno.ENOTCONN, failed=True))
            for uuid in unfinished:
                self.evict(self.exports[uuid], now, "not done when recovery was aborted")
            self._run(now)

    def evict(self, export: Export, now: float, why: str = "") -> None:
        """Forget a client: its locks, its open files, its slot; what it still sends is answered with -ENOTCONN."""
        export.failed = True
        self.events.append(TargetEvent("evicted", export.uuid, why))
        self.drop(export)
        self._run(now)

    def drop(self, export: Export) -> None:
        """The export is gone, by eviction or because the client disconnected."""
        self.exports.pop(export.uuid, None)
        self.by_cookie.pop(export.cookie, None)
        export.connected = False
        export.active.clear()
        self._waiting.give_up(export)
        if self.window is not None:
            self.window.left(export.uuid)
        self.callbacks.forget(export)
        self.namespace.drop_owner(export)
        self.service.dropped(export)
        self.last_rcvd.free(export.uuid)
        self.store.delete(("peer", export.uuid))
        self.last_answers.forget(export.uuid)

    def leave(self, export: Export) -> None:
        """The client is off until the next start: it keeps its slot, so it will be expected then."""
        export.connected = False
        self.events.append(TargetEvent("left", export.uuid))

    # -- for the service -----------------------------------------------------------------------------------------

    def version(self, key: Any) -> int:
        """An object's version: the transno of its last change."""
        return int(self.store.get(("version", key), 0))

    def is_replay(self, request: Incoming) -> bool:
        """Is this a request whose first run was lost?"""
        return bool(request.flags & self.k.MSG_REPLAY) and request.message.transno != 0

    def begin(self, request: Incoming) -> Transaction:
        """Begin to change something on behalf of a request."""
        return Transaction(self, request)

    # -- requests ------------------------------------------------------------------------------------------------

    def _request(self, packet: Packet, now: float) -> None:
        if len(packet.data) > MAX_REQUEST:
            return
        message = head.of_request(packet.data, self.dialect)
        if message is None or message.opcode == self._connects or self._live(message, packet):
            try:
                message = rpc.decode(packet.data, self.dialect)
            except WireError:
                return
        if message.direction != rpc.REQUEST or message.body is None:
            return
        at = message.header.lm_flags & self.k.MSGHDR_AT_SUPPORT
        if at and not message.body.pb_timeout:
            return
        seconds = message.body.pb_timeout if at else timeouts.OBD_TIMEOUT
        if message.opcode == self._connects:
            self._connect(message, packet, now)
            return
        export = self._live(message, packet)
        request = Incoming(message, packet, export or Export(b"", 0, nid=packet.source), now, now + seconds)
        self._match(request)
        if export is None:
            self.reply(request, Answer(-errno.ENOTCONN, failed=True))
            return
        export.heard = now
        if message.body.pb_conn_cnt < export.conn_cnt:
            return
        if export.delivered_before(request.xid, message.body.pb_conn_cnt, request.flags):
            return
        self._admit(request, now)

    def _match(self, request: Incoming) -> None:
        """Where a client waits for the answer and for bulk data, by what it was granted."""
        export, rules = request.export, self.rules
        if export.granted2 and export.granted2 & rules.replies_by_mbits:
            request.reply_bits = request.message.body.pb_mbits
        if rules.bulk_by_mbits and export.granted & rules.bulk_by_mbits:
            request.bulk_bits = request.message.body.pb_mbits

    def _live(self, message: rpc.Message, packet: Packet) -> Export | None:
        """The connection behind a request's handle. A handle is its owner's, whoever knows it."""
        export = self.by_cookie.get(message.body.pb_handle.cookie)
        return export if export is not None and export.connected and export.nid == packet.source else None

    def _admit(self, request: Incoming, now: float) -> None:
        export, k = request.export, self.k
        if request.message.opcode in (k.MDS_DISCONNECT, k.OST_DISCONNECT, k.MGS_DISCONNECT):
            self.reply(request, Answer())
            if self.guard is not None and self.guard.keeps(export):
                self.leave(export)
            else:
                self.drop(export)
            return
        if request.message.opcode in (k.LDLM_CANCEL, k.LDLM_CONVERT):  # a service of its own, which no recovery stops
            self._handle(request, now)
            return
        already = export.active.get(request.xid)
        if already is not None and self.window is None:
            already.packet = request.packet
            return
        if already is None and len(export.active) >= self.limits.requests:
            self.reply(request, Answer(-errno.EBUSY, failed=True))
            return
        if self.window is not None:
            if export.version_failed and request.flags & k.flag("MSG_LAST_REPLAY"):
                self.reply(request, Answer())
                self.drop(export)
                return
            self.window.extend(now + request.message.body.pb_timeout)
            verdict = self.window.admit(request)
            if verdict is Verdict.QUEUED:
                export.active[request.xid] = request
                self._patience.add(request)
                return
            if verdict is Verdict.DROP:
                return
            if verdict is not Verdict.HANDLE:
                assert isinstance(verdict, int)
                self.reply(request, Answer(verdict, failed=True))
                return
        elif request.message.transno:  # only a replay brings its number, and there is nothing to replay
            self.reply(request, Answer(-errno.ENOTCONN, failed=True))
            return
        elif request.flags & k.flag("MSG_LAST_REPLAY") and self.rules.done_ping_when_not_recovering:
            self.reply(request, Answer(self.rules.done_ping_when_not_recovering, failed=True))
            return
        self._handle(request, now)

    def _handle(self, request: Incoming, now: float) -> None:
        export = request.export
        export.active[request.xid] = request
        if request.message.opcode == self.k.OBD_PING:
            self.reply(request, Answer())
            return
        slot = self.last_answers.slot(request)
        if slot is not None:
            close = request.xid == slot.lcd_last_close_xid
            if request.flags & (self.k.MSG_RESENT | self.k.MSG_REPLAY):
                if self._comes_again(request):
                    self._reconstruct(request, slot, close)
                    return
            else:
                self.reply(request, Answer(-errno.ENOTCONN, failed=True))
                return
        tagged = self.last_answers.tagged(request)
        if tagged is not None and self._comes_again(request):
            self._reconstruct(request, tagged, close=False)
            return
        handling = self.service.handle(request, now)
        self._step(handling if self.guard is None else self.guard.handling(request, handling), request, now)

    def _comes_again(self, request: Incoming) -> bool:
        """Is this a request sent again whose effect is known, and no replay of what a crash found on disk?"""
        sent_again = request.flags & (self.k.MSG_RESENT | self.k.MSG_REPLAY)
        lost = not self.is_replay(request) or request.message.transno > self.found_committed
        return bool(sent_again) and lost

    def _reconstruct(self, request: Incoming, slot: Any, close: bool) -> None:
        request.transno = slot.lcd_last_close_transno if close else slot.lcd_last_transno
        request.versions = tuple(slot.lcd_pre_versions)
        request.disposition = slot.lcd_last_close_data if close else slot.lcd_last_data
        mark = self.store.mark()
        try:
            answer = self.service.reconstruct(request, slot, close)
        except Exception as error:  # see _refused
            answer = attrs.evolve(self._refused(request, error, mark), failed=True)
        self.reply(request, answer)

    def _refused(self, request: Incoming, error: Exception, mark: int) -> Answer:
        """Undo what a handler did before it failed; what its client is told.

        A fault of the handler itself is no reason to serve nobody any more: its client gets -EIO, and whoever runs the
        target gets the exception, when everything else is done (`_raise_faults`).
        """
        self.store.undo_to(mark)
        request.transno = 0
        if isinstance(error, Refused):
            return Answer(error.status, failed=error.failed)
        if isinstance(error, WireError):
            return Answer(-errno.EPROTO, failed=True)
        self._faults.append(error)
        return Answer(-errno.EIO, failed=True)

    def _raise_faults(self) -> None:
        """Raise what handlers failed with during this event."""
        faults, self._faults = self._faults, []
        if faults:
            raise faults[0] if len(faults) == 1 else ExceptionGroup("handlers failed", faults)

    def _step(self, handling: Handling, request: Incoming, now: float) -> None:
        """Let a handler go on until it waits or has an answer."""
        mark = self.store.mark()
        try:
            wait = next(handling)
        except StopIteration as stop:
            self._finish(request, stop.value, now)
        except Exception as error:  # see _refused
            self._finish(request, self._refused(request, error, mark), now)
        else:
            self._waiting.add(request, handling, wait)
            self._patience.add(request)
            if wait.bulk:
                self.replies.fetch(request, wait.bulk)

    def _finish(self, request: Incoming, answer: Answer, now: float) -> None:
        if request.export.failed:
            return
        if self.store.undo_bytes > self.limits.undo:
            self.commit()
        if answer.status == -errno.EOPNOTSUPP and request.message.name not in self._unserved:
            self._unserved.add(request.message.name)  # once: a client may ask it for ever
            self.events.append(TargetEvent("unserved", request.message.name.encode()))
        if request.transno > self.found_committed:
            self.events.append(TargetEvent("transaction", request))
            self.last_answers.remember(request, answer.status)
            if self.synchronous:
                self.commit()
        self.reply(request, answer)
        if answer.evicts:
            self.evict(request.export, now, "it replays what cannot be read here")

    def _run(self, now: float) -> None:
        """Whatever can go on now: handlers whose wait is over, replays whose turn has come, callbacks owed."""
        progress = True
        while progress:
            progress = False
            while (awake := self._waiting.take(now)) is not None:
                self._step(*awake, now)
                progress = True
            if self.window is not None and not self._waiting:
                request = self.window.take()
                if request is not None:
                    self._handle(request, now)
                    progress = True
                elif self.window.over:
                    self._recovered(now)
                    progress = True
        self.callbacks.send(self.namespace.take_asts(), now)

    def _recovered(self, now: float) -> None:
        window, self.window = self.window, None
        assert window is not None
        for export in self.exports.values():
            export.heard = now
        self.service.recovered()
        self._new_epoch()
        self.events.append(TargetEvent("recovered", sorted(window.connected)))
        for request in window.final.values():
            self._handle(request, now)
            if request.export.version_failed:
                self.evict(request.export, now, "what it replays was built on what is lost")

    def _add_export(self, export: Export) -> None:
        self.exports[export.uuid] = export
        self.by_cookie[export.cookie] = export

    # -- answering ----------------------------------------------------------------------------------------------

    def reply(self, request: Incoming, answer: Answer) -> None:
        """Send the answer to a request."""
        if request.replied:
            return
        request.replied = True
        request.export.active.pop(request.xid, None)
        self.replies.send(request, answer)

    def _put(self, packet: Packet) -> None:
        self.out.append(packet)

    # -- bulk ----------------------------------------------------------------------------------------------------

    def abort_bulk(self, export: Export) -> None:
        """Give up requests of a client that wait for its bulk data; it will send them again (ptlrpc_abort_bulk)."""
        for request in self._waiting.give_up(export, bulk_only=True):
            export.active.pop(request.xid, None)

    # -- connects ------------------------------------------------------------------------------------------------

    def _connect(self, message: rpc.Message, packet: Packet, now: float) -> None:
        """Answer a connect request."""
        request = Incoming(message, packet, Export(b"", 0, nid=packet.source), now, now + timeouts.OBD_TIMEOUT)
        most = self.limits.clients + (not self.service.metadata)  # an OST knows its MDT besides
        door = Door(
            self.uuid, self.stopping, self.accepting, self.recovering, full=len(self.exports) >= most,
            needed=self.rules.granted if self.service.metadata else 0, guard=self.guard,
        )  # fmt: skip
        export, refused = None, connect_request.malformed(message, door, self.rules, self.k)
        if refused is None:
            export = self.exports.get(message.buffers.client_uuid)
            if export is not None and connect_request.anew(export, message, self.k):
                self.drop(export)
                export = None
            refused = connect_request.refusal(export, message, packet.source, door, self.rules, self.k)
        if refused is None:
            self._accept(export, request, now)
            return
        if refused.busy and export is not None:
            export.conn_cnt = max(export.conn_cnt, message.body.pb_conn_cnt - 1)
            self.abort_bulk(export)
        reply = self.replies.message(request, Answer(refused.status, failed=True))
        reply.body.pb_handle.cookie = 0 if refused.nameless or export is None else export.cookie
        if self.rules.whole_errors and self.service.remembers:
            # an error says too that what is remembered here can be replayed, where its buffers were prepared before
            reply.body.pb_op_flags = self.k.MSG_CONNECT_REPLAYABLE
        self.replies.send_message(request, reply)

    def _accept(self, export: Export | None, request: Incoming, now: float) -> None:
        k, message = self.k, request.message
        buffers, flags = message.buffers, k.MSG_CONNECT_REPLAYABLE if self.service.remembers else 0
        if export is None:
            export = Export(buffers.client_uuid, self.handles.new())
            if self.service.remembers:
                export.slot = self.last_rcvd.add(export.uuid)
                self.store.set(("peer", export.uuid), host(request.packet.source))
                self.commit()
            self._add_export(export)
        elif export.connected:
            flags |= k.MSG_CONNECT_RECONNECT
        known, export.connected = export.connected, True
        export.remote, export.nid = buffers.conn_handle.cookie, request.packet.source
        export.conn_cnt, export.heard = message.body.pb_conn_cnt, now
        if not known:
            self.listen(export)
        data = buffers.connect_data
        connect_request.grant(export, data, self.service, self.rules, k)
        if self.window is not None:
            flags |= k.MSG_CONNECT_RECOVERING
            reported = data.ocd_transno if data is not None and message.body.pb_op_flags & k.MSG_CONNECT_TRANSNO else 0
            self.window.joined(export, reported, now)
        told = {}
        if data is not None:
            told["connect_data"] = connect_request.granted(export, data, self.service, self.rules)
        request.export.granted = export.granted  # it counts for the answer already (ldlm_cli_update_pool)
        reply = self.replies.message(request, Answer(0, told))
        reply.body.pb_op_flags = flags
        reply.body.pb_handle.cookie = export.cookie
        self.events.append(TargetEvent("connected", export.uuid))
        self.replies.send_message(request, reply)


__all__ = ["Guard", "Handling", "Service", "Target", "TargetEvent", "Wait"]
