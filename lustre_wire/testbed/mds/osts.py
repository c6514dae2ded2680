"""An MDS as a client of its OSTs: what it asks of them, and what it keeps of what they gave."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.answers import bare_reply
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Handles, Packet, Xids
from lustre_wire.recovery.target import Target, Wait
from lustre_wire.testbed import layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.mds.service import Metadata
from lustre_wire.testbed.mds.unlinks import Gone
from lustre_wire.testbed.node import make_import
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import Call, OperationFailed, Steps, Tasks, Until

#: Objects made on an OST at once, and how few may be left before more are made.
PRECREATE, LOW_WATER = 32, 8
#: Seconds in which the last requests of a client that has left its MDS reach the OSTs.
OVERTAKING = 10.0


def at_once(osc: Import, steps: Callable[[], Any]) -> Any:
    """Nobody holds back what is asked of an OST."""
    return steps()


class OstSide:
    """The connections of an MDS to its OSTs; it lets clients in when they are synchronised (O1, C.5).

    Args:
        uuid: the MDT's; `osts` UUID of each OST, and the NIDs it may be found at.
        seed: of handles and numbers, other ones at each start.

    Attributes:
        imports: one for each OST, by its index; `tasks` what is under way with them.
        through: how what it asks for gets to an OST, by whoever may hold it back.
    """

    def __init__(self, nid: int, uuid: bytes, osts: list[tuple[bytes, list[int]]], seed: int) -> None:
        self.nid, self.uuid, self.osts, self.seed = nid, uuid, osts, seed
        self.imports: dict[int, Import] = {}
        self.tasks = Tasks()
        self.through: Callable[[Import, Callable[[], Any]], Any] = at_once
        self._starts = 0
        self._target: Target

    @property
    def _dialect(self) -> Dialect:
        return self._target.dialect

    @property
    def _service(self) -> Metadata:
        assert isinstance(self._target.service, Metadata)
        return self._target.service

    def start(self, target: Target, now: float) -> None:
        """Connect, anew for a target that was started."""
        self._target, self._starts = target, self._starts + 1
        target.accepting = not self.osts
        handles, xids = Handles(self.seed + 7919 * self._starts), Xids(1297600000 + 1000 * self._starts)
        self.tasks = Tasks()
        self.imports = {}
        if self.osts:
            self._service.ask_osts = self._ask_osts
        k, flags = names(self._dialect), packer(self._dialect).personality.ost_flags
        for index, (uuid, peers) in enumerate(self.osts):
            client = self.uuid.removesuffix(b"_UUID") + b"-mdtlov_UUID"
            data = {"ocd_index": index}
            made = make_import(
                self.nid, (self._dialect,), uuid, client, peers, "OST", flags | k.OBD_CONNECT_MDS, handles, xids, data
            )
            self.imports[index] = made
            made.connect(now)
            self.tasks.start(self._synchronise(index, made), f"synchronise {index}")
        self.tasks.run(now)

    def _synchronise(self, index: int, osc: Import) -> Steps:
        """Connect, find the last object, delete what a crash left behind, and keep objects in stock."""
        yield Until(lambda: osc.state is ImportState.FULL)
        yield from self._ask(osc, op.SetInfo(key=b"mds_conn\0", value=bytes(4)))
        self._open_the_door()
        yield Until(lambda: not self._recovering())
        self._service.mdt.unlinks.left_on(index)
        k, pack = names(self._dialect), packer(self._dialect)
        used = self._target.store.get(("lov_objid", index), 0)
        group, seq = k.OBD_MD_FLID | k.OBD_MD_FLGROUP, layouts.sequence_of(self._dialect, index)
        orphans = op.ObjectCreate(id=used, seq=seq, valid=group | k.OBD_MD_FLFLAGS, flags=k.OBD_FL_DELORPHAN)
        last = pack.result(pack.form(orphans), (yield from self._ask(osc, orphans)).reply).id
        pool = self._service.opens.pool.setdefault(index, [])
        while True:
            request = yield from self._ask(osc, op.ObjectCreate(id=last + PRECREATE, seq=seq, valid=group))
            made = pack.result(pack.form(op.ObjectCreate()), request.reply).id
            pool = self._service.opens.pool[index]
            pool.extend(range(last + 1, made + 1))
            last = made
            for wait in self._service.opens.thirsty:
                wait.wake()
            self._service.opens.thirsty.clear()
            yield Until(lambda: len(self._service.opens.pool[index]) < LOW_WATER)

    def _ask_osts(self, quota: Any, answers: list[Any], wait: Wait) -> None:
        """Ask every OST what an owner has there, or tell it how much he may have."""

        def ask() -> Steps:
            for osc in self.imports.values():
                request = yield from self._ask(osc, op.ObjectQuota(quota=quota))
                answers.append(packer(osc.dialect).result(packer(osc.dialect).form(request.op), request.reply).quota)
            wait.wake()

        self.tasks.start(ask(), "quota")

    def _destroy(self, gone: Gone) -> Steps:
        """Remove an object whose file is gone. A client that has left may have asked for it: it is not overtaken."""
        begins = self._target.now + (OVERTAKING if gone.client else 0)
        yield Until(lambda: self._target.now >= begins)
        k, seq = names(self._dialect), layouts.sequence_of(self._dialect, gone.ost)
        asked = op.ObjectDestroy(id=gone.number, seq=seq, valid=k.OBD_MD_FLID | k.OBD_MD_FLGROUP)
        with suppress(OperationFailed):  # it may be gone
            yield from self._ask(self.imports[gone.ost], asked)
        self._service.mdt.unlinks.done(gone)

    def _open_the_door(self) -> None:
        self._target.accepting = all(osc.state is ImportState.FULL for osc in self.imports.values())

    def _recovering(self) -> bool:
        return self._target.recovering

    def ask(self, owner: Import, asked: op.Operation, name: str = "") -> Any:
        """One request to an OST; the finished request, whatever its status."""
        request = yield Call(owner, owner.wrap(packer(owner.dialect).request(asked, name), op=asked))
        return request

    def _ask(self, osc: Import, asked: op.Operation) -> Any:
        """One request to an OST, until it is answered."""
        return self.through(osc, lambda: self._asked(osc, asked))

    def _asked(self, osc: Import, asked: op.Operation) -> Any:
        while True:
            request = yield from self.ask(osc, asked)
            if request.status >= 0:
                return request
            if request.status not in (-errno.EINTR, -errno.EIO, -errno.EAGAIN):
                raise OperationFailed(request.status)
            refused_by = osc.conn_cnt if request.status == -errno.EAGAIN else -1  # it is leaving: wait for the next
            yield Until(lambda: osc.state is ImportState.FULL and osc.conn_cnt > refused_by)  # noqa: B023

    def receive(self, packet: Packet, now: float) -> bool:
        """Take a packet of an OST, which answers or tells what it has removed; False for any other."""
        for osc in self.imports.values():
            if packet.source in osc.config.peers and packet.match_bits in osc.sending:
                osc.receive(packet, now)
                return True
            if packet.source in osc.config.peers and self._records_cancelled(osc, packet):
                return True
        return False

    def _records_cancelled(self, osc: Import, packet: Packet) -> bool:
        """Is this an OST that gives back cookies of objects that are gone (llog_origin_handle_cancel)?"""
        form = osc.dialect.rpcs.get("OBD_LOG_CANCEL")
        if form is None or packet.kind != PUT or packet.portal != form.portal:
            return False
        try:
            message = rpc.decode(packet.data, osc.dialect)
        except WireError:
            return False
        if message.format is not form or message.body is None or message.body.pb_handle.cookie != osc.config.handle:
            return False
        self._service.mdt.unlinks.cancel(getattr(message.buffers, "llog_cookies", None) or ())
        reply = rpc.encode(bare_reply(osc.dialect, message.opcode))
        offset = 0
        if message.header.lm_flags & names(osc.dialect).MSGHDR_AT_SUPPORT:
            offset = lustre_msg.early_reply_size(osc.dialect.body.__wire__.size)
        self._target.out.append(
            Packet(PUT, self.nid, packet.source, form.reply_portal or 0, packet.match_bits, offset, reply)
        )
        return True

    def go_on(self, now: float) -> None:
        """Remove objects whose files are gone, and do what can be done."""
        for gone in self._service.mdt.unlinks.take():
            self.tasks.start(self._destroy(gone), "destroy")
        self.tasks.run(now)

    def watch(self) -> bool:
        """Nothing more follows."""
        return False

    def tick(self, now: float) -> None:
        """Time has passed."""
        for osc in self.imports.values():
            osc.tick(now)

    def next_deadline(self) -> float | None:
        """When the next tick is due."""
        known = [t for t in (osc.next_deadline() for osc in self.imports.values()) if t is not None]
        return min(known) if known else None

    def take(self) -> list[Packet]:
        """Packets to be sent."""
        out: list[Packet] = []
        for osc in self.imports.values():
            out += osc.out
            osc.out = []
        return out
