"""What a network moves packets to: nodes with a NID, whose targets and imports live in memory; stores survive."""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.answers import bare_reply
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import, ImportConfig
from lustre_wire.recovery.ldlm import LockTable
from lustre_wire.recovery.limits import DEFAULT, Limits
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Handles, Packet, Xids
from lustre_wire.recovery.request import Request
from lustre_wire.recovery.store import Store
from lustre_wire.recovery.target import Service, Target, TargetEvent, Wait
from lustre_wire.rpc import Message
from lustre_wire.testbed import layouts, receivers
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.mds.service import Metadata
from lustre_wire.testbed.mds.unlinks import Gone
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import Call, OperationFailed, Steps, Tasks, Until

#: Seconds after which what was done is on disk, unless something forces it there before.
COMMIT_INTERVAL = 5.0
#: Objects made on an OST at once, and how few may be left before more are made.
PRECREATE, LOW_WATER = 32, 8
#: Seconds in which the last requests of a client that has left its MDS reach the OSTs.
OVERTAKING = 10.0


class Node(ABC):
    """Base of servers and clients.

    Attributes:
        nid: its network address.
        up: False while it is crashed or stopped; it loses everything but its store.
    """

    def __init__(self, nid: int, seed: int) -> None:
        self.nid, self.seed = nid, seed
        self.up = False
        self.boots = 0

    @abstractmethod
    def receive(self, packet: Packet, now: float) -> None:
        """A packet arrived."""

    @abstractmethod
    def tick(self, now: float) -> None:
        """Time has passed."""

    @abstractmethod
    def next_deadline(self) -> float | None:
        """When the next tick is due; None for never."""

    @abstractmethod
    def take(self) -> list[Packet]:
        """Packets to be sent."""

    def start(self, now: float) -> None:
        """Begin, or begin again after a crash."""
        self.up, self.boots = True, self.boots + 1

    def crash(self) -> None:
        """Lose everything that is not on disk."""
        self.up = False


class ServerNode(Node):
    """A target on its store.

    Args:
        make: makes the service for a dialect and a store.
        connect: format name of the target's connect.

    Attributes:
        events: what happened to its targets, as long as `keeps_events`.
        limits: what its next target keeps for clients, at most.
        told: called with each event, if anybody wants to know.
    """

    def __init__(
        self, nid: int, uuid: bytes, dialect: Dialect, make: Callable[[Dialect, Store], Any], connect: str, seed: int
    ) -> None:
        super().__init__(nid, seed)
        self.uuid, self.dialect, self.make, self.connect = uuid, dialect, make, connect
        self.store = Store()
        self.commit_interval = COMMIT_INTERVAL
        self.target: Target | None = None
        self.events: list[TargetEvent] = []
        self.keeps_events = True
        self.limits: Limits = DEFAULT
        self.told: Callable[[TargetEvent], None] | None = None
        self._commit_at: float | None = None

    def start(self, now: float) -> None:
        super().start(now)
        service: Service = self.make(self.dialect, self.store)
        seed = self.seed * 1000 + self.boots
        self.target = Target(self.uuid, self.nid, self.dialect, self.store, service, seed, self.connect, self.limits)
        service.target = self.target  # type: ignore[attr-defined]
        self._commit_at = None

    def crash(self) -> None:
        super().crash()
        self.store.crash()
        self.target = None

    def shut_down(self, now: float) -> None:
        """Stop cleanly: what was done is on disk, clients are still known."""
        if self.target is not None:
            self.target.commit()
        self.crash()

    def receive(self, packet: Packet, now: float) -> None:
        assert self.target is not None
        try:
            self.target.receive(packet, now)
        finally:
            self._after(now)

    def tick(self, now: float) -> None:
        assert self.target is not None
        if self._commit_at is not None and self._commit_at <= now:
            self.target.commit()
            self._commit_at = None
        try:
            self.target.tick(now)
        finally:
            self._after(now)

    def _after(self, now: float) -> None:
        target = self.target
        assert target is not None
        if target.last_transno > target.last_committed and self._commit_at is None:
            self._commit_at = now + self.commit_interval
        if self.keeps_events:
            self.events += target.events
        for event in target.events if self.told is not None else ():
            self.told(event)  # type: ignore[misc]
        target.events = []

    def next_deadline(self) -> float | None:
        assert self.target is not None
        times = [t for t in (self.target.next_deadline(), self._commit_at) if t is not None]
        return min(times) if times else None

    def take(self) -> list[Packet]:
        assert self.target is not None
        out, self.target.out = self.target.out, []
        return out


def make_import(
    node: Node, dialects: tuple[Dialect, ...], target: bytes, client: bytes, peers: list[int], kind: str, flags: int,
    handles: Handles, xids: Xids, data: dict[str, int] | None = None,
) -> Import:  # fmt: skip
    """An import of a node: `kind` is ``MDS``, ``OST`` or ``MGS``. It believes what Lustre's receivers would believe."""
    secflvr = packer(dialects[0]).personality.mgc_secflvr if kind == "MGS" else 0
    config = ImportConfig(
        target, client, peers, f"{kind}_CONNECT", f"{kind}_DISCONNECT", flags, dialects, node.nid, handles.new(),
        data or {}, replayable=kind != "MGS", secflvr=secflvr,
    )  # fmt: skip
    made = Import(config, xids, LockTable(handles))

    def judge(request: Request, reply: Message) -> str | None:
        read = (request.sink or b"") if request.expects else None
        received = receivers.Received(request.message, reply, made.granted, read, request.data)
        return next(receivers.complaints(received), None)

    made.judge = judge
    return made


class MetadataNode(ServerNode):
    """An MDS with its connections to the OSTs, which lets clients in when they are synchronised (O1, C.5).

    Args:
        osts: UUID of each OST, and the NIDs it may be found at.
        stripes: how many objects a new file gets.
    """

    def __init__(
        self, nid: int, uuid: bytes, dialect: Dialect, osts: list[tuple[bytes, list[int]]], seed: int, stripes: int
    ) -> None:
        super().__init__(nid, uuid, dialect, lambda d, s: Metadata(d, s, stripes, len(osts)), "MDS_CONNECT", seed)
        self.osts = osts
        self.imports: dict[int, Import] = {}
        self.tasks = Tasks()

    @property
    def service(self) -> Metadata:
        assert self.target is not None
        service = self.target.service
        assert isinstance(service, Metadata)
        return service

    def start(self, now: float) -> None:
        super().start(now)
        assert self.target is not None
        self.target.accepting = not self.osts
        handles, xids = Handles(self.seed + 7919 * self.boots), Xids(1297600000 + 1000 * self.boots)
        self.tasks = Tasks()
        self.imports = {}
        if self.osts:
            self.service.ask_osts = self._ask_osts
        k, flags = names(self.dialect), packer(self.dialect).personality.ost_flags
        for index, (uuid, peers) in enumerate(self.osts):
            client = self.uuid.removesuffix(b"_UUID") + b"-mdtlov_UUID"
            data = {"ocd_index": index}
            made = make_import(
                self, (self.dialect,), uuid, client, peers, "OST", flags | k.OBD_CONNECT_MDS, handles, xids, data
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
        self.service.mdt.unlinks.left_on(index)
        k, pack = names(self.dialect), packer(self.dialect)
        assert self.target is not None
        used = self.store.get(("lov_objid", index), 0)
        group, seq = k.OBD_MD_FLID | k.OBD_MD_FLGROUP, layouts.sequence_of(self.dialect, index)
        orphans = op.ObjectCreate(id=used, seq=seq, valid=group | k.OBD_MD_FLFLAGS, flags=k.OBD_FL_DELORPHAN)
        last = pack.result(pack.form(orphans), (yield from self._ask(osc, orphans)).reply).id
        pool = self.service.opens.pool.setdefault(index, [])
        while True:
            request = yield from self._ask(osc, op.ObjectCreate(id=last + PRECREATE, seq=seq, valid=group))
            made = pack.result(pack.form(op.ObjectCreate()), request.reply).id
            pool = self.service.opens.pool[index]
            pool.extend(range(last + 1, made + 1))
            last = made
            for wait in self.service.opens.thirsty:
                wait.wake()
            self.service.opens.thirsty.clear()
            yield Until(lambda: len(self.service.opens.pool[index]) < LOW_WATER)

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
        assert self.target is not None
        begins = self.target.now + (OVERTAKING if gone.client else 0)
        yield Until(lambda: self.target is None or self.target.now >= begins)
        k, seq = names(self.dialect), layouts.sequence_of(self.dialect, gone.ost)
        asked = op.ObjectDestroy(id=gone.number, seq=seq, valid=k.OBD_MD_FLID | k.OBD_MD_FLGROUP)
        with suppress(OperationFailed):  # it may be gone
            yield from self._ask(self.imports[gone.ost], asked)
        self.service.mdt.unlinks.done(gone)

    def _open_the_door(self) -> None:
        assert self.target is not None
        self.target.accepting = all(osc.state is ImportState.FULL for osc in self.imports.values())

    def _recovering(self) -> bool:
        return self.target is None or self.target.recovering

    def ask(self, owner: Import, asked: op.Operation, name: str = "") -> Any:
        """One request to an OST; the finished request, whatever its status."""
        request = yield Call(owner, owner.wrap(packer(owner.dialect).request(asked, name), op=asked))
        return request

    def _ask(self, osc: Import, asked: op.Operation) -> Any:
        """One request to an OST, until it is answered."""
        while True:
            request = yield from self.ask(osc, asked)
            if request.status >= 0:
                return request
            if request.status not in (-errno.EINTR, -errno.EIO, -errno.EAGAIN):
                raise OperationFailed(request.status)
            refused_by = osc.conn_cnt if request.status == -errno.EAGAIN else -1  # it is leaving: wait for the next
            yield Until(lambda: osc.state is ImportState.FULL and osc.conn_cnt > refused_by)  # noqa: B023

    def receive(self, packet: Packet, now: float) -> None:
        for osc in self.imports.values():
            if packet.source in osc.config.peers and packet.match_bits in osc.sending:
                osc.receive(packet, now)
                break
            if packet.source in osc.config.peers and self._records_cancelled(osc, packet):
                break
        else:
            super().receive(packet, now)
        self._go_on(now)

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
        self.service.mdt.unlinks.cancel(getattr(message.buffers, "llog_cookies", None) or ())
        reply = rpc.encode(bare_reply(osc.dialect, message.opcode))
        offset = 0
        if message.header.lm_flags & names(osc.dialect).MSGHDR_AT_SUPPORT:
            offset = lustre_msg.early_reply_size(osc.dialect.body.__wire__.size)
        assert self.target is not None
        self.target.out.append(
            Packet(PUT, self.nid, packet.source, form.reply_portal or 0, packet.match_bits, offset, reply)
        )
        return True

    def _go_on(self, now: float) -> None:
        assert self.target is not None
        for gone in self.service.mdt.unlinks.take():
            self.tasks.start(self._destroy(gone), "destroy")
        self.tasks.run(now)
        self.target.resume(now)
        self._after(now)

    def tick(self, now: float) -> None:
        super().tick(now)
        for osc in self.imports.values():
            osc.tick(now)
        self._go_on(now)

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), *(osc.next_deadline() for osc in self.imports.values())]
        known = [t for t in times if t is not None]
        return min(known) if known else None

    def take(self) -> list[Packet]:
        out = super().take()
        for osc in self.imports.values():
            out += osc.out
            osc.out = []
        return out
