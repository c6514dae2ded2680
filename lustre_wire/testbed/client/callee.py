"""What a node with imports owes to their servers: answers to lock callbacks, and locks that are given back."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable

from lustre_wire import rpc
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.answers import bare_reply, fitting
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Lock
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.recovery.request import Request
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import packer


class Callee:
    """The part of a node that servers call back.

    Args:
        nid: the node's.
        now: tells the time.

    Attributes:
        answers: to callbacks, to be sent; the node takes them.
        told: called with each callback that was answered: the import, the message and the packet.
    """

    def __init__(self, nid: int, now: Callable[[], float]) -> None:
        self._nid, self._now = nid, now
        self.answers: list[Packet] = []
        self.told: Callable[[Import, rpc.Message, Packet], None] = lambda owner, message, packet: None

    def take(self) -> list[Packet]:
        """Answers to be sent."""
        answers, self.answers = self.answers, []
        return answers

    def cancel(self, owner: Import, locks: list[Lock]) -> None:
        for lock in locks:
            if lock.remote:
                self._cancel(owner, lock.remote, owner.generation)

    def _cancel(self, owner: Import, handle: int, generation: int) -> None:
        """A lost cancel is asked for anew, not sent again, unless the client was evicted meanwhile (ldlm_request.c)."""
        if owner.generation != generation:
            return

        def done(request: Request) -> None:
            if request.status == -errno.ETIMEDOUT:
                self._cancel(owner, handle, generation)

        asked = op.Cancel(cancels=(handle,))
        message = packer(owner.dialect).request(asked)
        owner.submit(owner.wrap(message, op=asked, no_resend=True, done=done), self._now())

    def called_back(self, packet: Packet, owners: Iterable[Import]) -> None:
        """A lock callback from the server of one of these imports: answer first, act then."""
        for owner in owners:
            if packet.source not in owner.config.peers:
                continue
            try:
                message = rpc.decode(packet.data, owner.dialect)
            except WireError:
                continue
            if message.body is not None and message.body.pb_handle.cookie == owner.config.handle:
                self._called(owner, message, packet)
                self.told(owner, message, packet)
                return

    def _called(self, owner: Import, message: rpc.Message, packet: Packet) -> None:
        k, body = names(owner.dialect), getattr(message.buffers, "dlm_req", None)
        if body is None or message.format is None:
            return
        cookie = body.lock_handle[0].cookie
        gone: list[Lock] = []
        reply = bare_reply(owner.dialect, message.opcode)
        if message.opcode == k.LDLM_BL_CALLBACK:
            lock, gone = owner.locks.blocked(cookie, k)
            reply.body.pb_status = 0 if lock is not None else -errno.EINVAL & 0xFFFFFFFF
        elif message.opcode == k.LDLM_CP_CALLBACK:
            lock = owner.locks.completed(cookie, owner.dialect, body.lock_desc)
            if lock is not None and body.lock_flags & k.LDLM_FL_AST_SENT:
                lock.flags |= k.LDLM_FL_CBPENDING
        else:
            reply = self._glimpsed(owner, message, cookie)
        offset = 0
        if message.header.lm_flags & k.MSGHDR_AT_SUPPORT:
            offset = lustre_msg.early_reply_size(owner.dialect.body.__wire__.size)
        portal = message.format.reply_portal or 0
        self.answers.append(Packet(PUT, self._nid, packet.source, portal, packet.match_bits, offset, rpc.encode(reply)))
        self.cancel(owner, gone)

    def _glimpsed(self, owner: Import, message: rpc.Message, cookie: int) -> rpc.Message:
        """Size and times as this client knows them; everything it writes is on the OST at once, so never newer."""
        k = names(owner.dialect)
        lock = owner.locks.locks.get(cookie)
        if lock is None or lock.data is None:
            reply = bare_reply(owner.dialect, message.opcode)
            reply.body.pb_status = k.ELDLM_NO_LOCK_DATA
            return reply
        lvb = fitting(owner.dialect.rpcs["LDLM_GL_CALLBACK"].reply, "lvb", lock.data)
        return rpc.build(owner.dialect, "LDLM_GL_CALLBACK", rpc.REPLY, lvb=lvb)
