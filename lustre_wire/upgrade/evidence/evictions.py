"""Who was evicted by whom, as disks and connects show it: what a server or a client says of it is not asked.

A client with a slot in last_rcvd that has none any more, and has not said good-bye, was evicted since the disk was
flushed before. A client that is let in as a new one by a server that knew it was evicted before, whether the disk shows
that or not; an MGS remembers nobody on its disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from lustre_wire.upgrade.evidence.records import Began, Flushed
from lustre_wire.upgrade.evidence.wire import Kind, Message, Wire


@attrs.frozen
class Eviction:
    """A target forgot a client.

    Attributes:
        time: when that was on the disk, or when the client was let in as a new one: it happened before.
        client: NID; `uuid` what the target knew it by.
        told: when it was let in as a new one, so that it knows; None where the disk shows it.
    """

    time: float
    client: int
    uuid: bytes
    target: str
    told: float | None = None

    @property
    def by_mds(self) -> bool:
        """Whether an MDS forgot it, and with it the files it had open."""
        return "MDT" in self.target


def known(wire: Wire, answer: Message) -> bool:
    """Does the answer to a connect say that the server knows the client: is it a reconnect, or part of a recovery?"""
    return bool(answer.op_flags & (wire.k.MSG_CONNECT_RECONNECT | wire.k.MSG_CONNECT_RECOVERING))


def evictions(
    wire: Wire, flushed: Sequence[Flushed], began: Sequence[Began], targets: Mapping[int, str]
) -> list[Eviction]:
    """Every eviction, in the order of time.

    Args:
        targets: what each node serves: NID -> UUID of the target.
    """
    found = [*_on_disk(wire, flushed, targets), *_at_connects(wire, flushed, began, targets)]
    return sorted(found, key=lambda each: each.time)


def _on_disk(wire: Wire, flushed: Sequence[Flushed], targets: Mapping[int, str]) -> Iterator[Eviction]:
    nids = {wire.who(asked): asked.client for asked, _ in wire.connects}
    parted = _farewells(wire, targets)
    before: dict[str, frozenset[bytes]] = {}
    for disk in flushed:
        for uuid in sorted(before.get(disk.target, frozenset()) - disk.clients):
            left = any(time <= disk.time for time in parted.get((uuid, disk.target), ()))
            if uuid in nids and not left:
                yield Eviction(disk.time, nids[uuid], uuid, disk.target)
        before[disk.target] = disk.clients


def _farewells(wire: Wire, targets: Mapping[int, str]) -> dict[tuple[bytes, str], list[float]]:
    """When a target heard a client's good-bye after which that did not come back."""
    k = wire.k
    last: dict[tuple[bytes, str], float] = {}
    for asked, answer in wire.connects:
        if not answer.status:
            last[wire.who(asked), targets[answer.server]] = answer.time
    found: dict[tuple[bytes, str], list[float]] = {}
    for message in wire.of(Kind.REQUEST, k.MDS_DISCONNECT, k.OST_DISCONNECT):
        uuid = wire.owners.get((message.server, message.handle))
        if uuid is not None and message.arrived is not None:
            pair = uuid, targets[message.server]
            if message.arrived >= last[pair]:
                found.setdefault(pair, []).append(message.arrived)
    return found


def _at_connects(
    wire: Wire, flushed: Sequence[Flushed], began: Sequence[Began], targets: Mapping[int, str]
) -> Iterator[Eviction]:
    k = wire.k
    events: list[tuple[float, int, Began | Message | tuple[Message, Message]]]
    events = [(begun.place, 0, begun) for begun in began]
    events += [(answer.place, 1, (asked, answer)) for asked, answer in wire.connects if not answer.status]
    events += [(m.place, 2, m) for m in wire.of(Kind.REQUEST, k.MDS_DISCONNECT, k.OST_DISCONNECT, k.MGS_DISCONNECT)]
    there: dict[str, set[bytes]] = {}
    for _, _, event in sorted(events, key=lambda event: event[:2]):
        if isinstance(event, Began):
            disks = (f for f in reversed(flushed[: event.flushes]) if f.target == event.target)
            there[event.target] = set(next((disk.clients for disk in disks), ()))
        elif isinstance(event, Message):
            uuid = wire.owners.get((event.server, event.handle))
            there.get(targets[event.server], set()).discard(uuid or b"")
        else:
            asked, answer = event
            uuid, target = wire.who(asked), targets[answer.server]
            anew = asked.client in targets and asked.op_flags & k.MSG_CONNECT_INITIAL  # an MDS that was started anew
            if uuid in there.setdefault(target, set()) and not known(wire, answer) and not anew:
                yield Eviction(answer.time, asked.client, uuid, target, told=answer.arrived or answer.time)
            there[target].add(uuid)
