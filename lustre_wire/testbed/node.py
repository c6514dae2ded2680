"""What a network moves packets to: nodes with a NID, whose targets and imports live in memory; stores survive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.imports import Import, ImportConfig
from lustre_wire.recovery.ldlm import LockTable
from lustre_wire.recovery.limits import DEFAULT, Limits
from lustre_wire.recovery.packet import Handles, Packet, Xids
from lustre_wire.recovery.request import Request
from lustre_wire.recovery.store import Store
from lustre_wire.recovery.target import Service, Target, TargetEvent
from lustre_wire.rpc import Message
from lustre_wire.testbed import receivers
from lustre_wire.testbed.packing import packer

#: Seconds after which what was done is on disk, unless something forces it there before.
COMMIT_INTERVAL = 5.0


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


class Beside(Protocol):
    """What a node does beside serving its target: an MDS is a client of its OSTs."""

    def start(self, target: Target, now: float) -> None:
        """The target was started."""

    def receive(self, packet: Packet, now: float) -> bool:
        """Is a packet for this, and no business of the target's?"""

    def tick(self, now: float) -> None:
        """Time has passed."""

    def go_on(self, now: float) -> None:
        """Do what can be done after something happened at the target or here."""

    def watch(self) -> bool:
        """Look at what came of that; whether more may follow from it."""

    def next_deadline(self) -> float | None:
        """When the next tick is due; None for never."""

    def take(self) -> list[Packet]:
        """Packets to be sent."""


class ServerNode(Node):
    """A target on its store.

    Args:
        make: makes the service for a dialect and a store.
        connect: format name of the target's connect.

    Attributes:
        events: what happened to its targets, as long as `keeps_events`.
        limits: what its next target keeps for clients, at most.
        told: called with each event, if anybody wants to know.
        beside: what else it does, if anything.
    """

    beside: Beside | None = None

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

    @property
    def metadata(self) -> bool:
        """Is it an MDS?"""
        return self.connect == "MDS_CONNECT"

    @property
    def service(self) -> Any:
        """What its target does with requests, while it is up."""
        assert self.target is not None
        return self.target.service

    def start(self, now: float) -> None:
        super().start(now)
        service: Service = self.make(self.dialect, self.store)
        seed = self.seed * 1000 + self.boots
        self.target = Target(self.uuid, self.nid, self.dialect, self.store, service, seed, self.connect, self.limits)
        service.target = self.target  # type: ignore[attr-defined]
        self._commit_at = None
        if self.beside is not None:
            self.beside.start(self.target, now)

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
        if self.beside is None or not self.beside.receive(packet, now):
            try:
                self.target.receive(packet, now)
            finally:
                self._after(now)
        self._go_on(now)

    def tick(self, now: float) -> None:
        assert self.target is not None
        if self._commit_at is not None and self._commit_at <= now:
            self.target.commit()
            self._commit_at = None
        try:
            self.target.tick(now)
        finally:
            self._after(now)
        if self.beside is not None:
            self.beside.tick(now)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """Whatever follows, at the target and beside it."""
        if self.beside is not None:
            self._both(self.beside, now)
            if self.up and self.beside.watch():
                self._both(self.beside, now)

    def _both(self, beside: Beside, now: float) -> None:
        assert self.target is not None
        beside.go_on(now)
        self.target.resume(now)
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
        own = self.target.next_deadline(), self._commit_at, self.beside.next_deadline() if self.beside else None
        times = [t for t in own if t is not None]
        return min(times) if times else None

    def take(self) -> list[Packet]:
        assert self.target is not None
        out, self.target.out = self.target.out, []
        return out + self.beside.take() if self.beside is not None else out


def make_import(
    nid: int, dialects: tuple[Dialect, ...], target: bytes, client: bytes, peers: list[int], kind: str, flags: int,
    handles: Handles, xids: Xids, data: dict[str, int] | None = None,
) -> Import:  # fmt: skip
    """An import of a node: `kind` is ``MDS``, ``OST`` or ``MGS``. It believes what Lustre's receivers would believe."""
    secflvr = packer(dialects[0]).personality.mgc_secflvr if kind == "MGS" else 0
    config = ImportConfig(
        target, client, peers, f"{kind}_CONNECT", f"{kind}_DISCONNECT", flags, dialects, nid, handles.new(),
        data or {}, replayable=kind != "MGS", secflvr=secflvr,
    )  # fmt: skip
    made = Import(config, xids, LockTable(handles))

    def judge(request: Request, reply: Message) -> str | None:
        read = (request.sink or b"") if request.expects else None
        received = receivers.Received(request.message, reply, made.granted, read, request.data)
        return next(receivers.complaints(received), None)

    made.judge = judge
    return made
