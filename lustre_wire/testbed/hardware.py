"""What links, servers and disks can do: what makes simulated time depend on how much there is to send and to write."""

from __future__ import annotations

from math import inf

import attrs

from lustre_wire.frames.lnet import LnetHdr
from lustre_wire.recovery.packet import Packet

#: Bytes in front of a packet's payload: the LNet header.
HEADER: int = LnetHdr.__wire__.size  # type: ignore[attr-defined]


@attrs.define(slots=True, frozen=True)
class Hardware:
    """As fast as you like, unless told otherwise: then nothing takes longer than the network's delay.

    Attributes:
        link: bytes a second each node can send, and as many receive.
        disk: bytes a second an OST can write.
        requests: messages a second a server can take in, answers to its callbacks included.
        capacity: bytes an OST holds.
    """

    link: float = inf
    disk: float = inf
    requests: float = inf
    capacity: int = 1 << 28

    @property
    def writing(self) -> float:
        """Bytes a second an OST can fetch and write: it asks for no more than that."""
        return min(self.link, self.disk)


class Turns:
    """Things that are done one at a time, in the order they are asked for."""

    def __init__(self) -> None:
        self._free = 0.0

    def take(self, now: float, seconds: float) -> tuple[float, float]:
        """When something that takes so long and is asked for now begins, and when it is done."""
        begins = max(now, self._free)
        self._free = begins + seconds
        return begins, self._free


class Wires:
    """When packets are on the network, and when they are taken from it."""

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = hardware
        self._turns: dict[tuple[str, int], Turns] = {}

    def sent(self, packet: Packet, now: float) -> float:
        """When the last byte has left its node."""
        return self._done("sending", packet.source, now, self._carrying(packet))

    def taken(self, packet: Packet, now: float, *, by_server: bool) -> float:
        """When its target has all of a packet that begins to arrive now, and a server has come to look at it."""
        whole = self._done("receiving", packet.target, now, self._carrying(packet))
        return self._done("looking", packet.target, whole, 1 / self.hardware.requests) if by_server else whole

    def forget(self, nid: int) -> None:
        """A node is down: what waited there is gone."""
        for what in ("sending", "receiving", "looking"):
            self._turns.pop((what, nid), None)

    def _done(self, what: str, nid: int, now: float, seconds: float) -> float:
        return self._turns.setdefault((what, nid), Turns()).take(now, seconds)[1]

    def _carrying(self, packet: Packet) -> float:
        return (HEADER + len(packet.data)) / self.hardware.link
