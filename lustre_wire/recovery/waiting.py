"""Handlers of one target that cannot go on yet: for a lock, for a time, for a client's bulk data."""

from __future__ import annotations

from collections import deque
from math import inf

import attrs

from lustre_wire.recovery.deadlines import Deadlines
from lustre_wire.recovery.exports import Export, Incoming
from lustre_wire.recovery.packet import Packet
from lustre_wire.recovery.service import Handling, Wait


@attrs.define(slots=True, frozen=True, eq=False)
class Stopped:
    """A handler and what it waits for; `fetch` is the client and the request number its bulk data comes under."""

    request: Incoming
    handling: Handling
    wait: Wait
    fetch: tuple[int, int]


class Waiting:
    """Handlers by the request they are about. A handler waits for one thing at a time."""

    def __init__(self) -> None:
        self._stopped: dict[Incoming, Stopped] = {}
        self._fetching: dict[tuple[int, int], Stopped] = {}
        self._timed: Deadlines[Stopped] = Deadlines(self._due)
        self._woken: deque[Stopped] = deque()

    def __len__(self) -> int:
        return len(self._stopped)

    def add(self, request: Incoming, handling: Handling, wait: Wait) -> None:
        """A handler waits from now on."""
        made = self._stopped[request] = Stopped(request, handling, wait, (request.packet.source, request.xid))
        request.fetching = bool(wait.bulk)
        if wait.bulk:
            self._fetching[made.fetch] = made
        wait.told = lambda: self._woken.append(made)
        if wait.ready:
            wait.told()
        elif wait.until < inf:
            self._timed.add(made)

    def take(self, now: float) -> tuple[Handling, Incoming] | None:
        """The next handler that can go on; it waits no longer."""
        for due in self._timed.take(now):
            due.wait.wake()
        while self._woken:
            found = self._woken.popleft()
            if self._stopped.get(found.request) is found:
                self._forget(found)
                return found.handling, found.request
        return None

    def fetched(self, packet: Packet) -> None:
        """A client's bulk data arrived."""
        found = self._fetching.get((packet.source, packet.cookie))
        if found is not None and not found.wait.ready:
            found.request.sink = packet.data
            found.wait.wake()

    def give_up(self, export: Export, *, bulk_only: bool = False) -> list[Incoming]:
        """Close the handlers of a client, or those that wait for its bulk data; their requests."""
        gone = [s for s in self._stopped.values() if s.request.export is export and (s.wait.bulk or not bulk_only)]
        for each in gone:
            each.handling.close()
            self._forget(each)
        return [each.request for each in gone]

    def next_deadline(self) -> float | None:
        return self._timed.first()

    def _forget(self, stopped: Stopped) -> None:
        del self._stopped[stopped.request]
        stopped.wait.told = None  # it refers back to what waits: nothing is left to the cycle collector
        if self._fetching.get(stopped.fetch) is stopped:
            del self._fetching[stopped.fetch]

    def _due(self, stopped: Stopped) -> float | None:
        there = self._stopped.get(stopped.request) is stopped and not stopped.wait.ready
        return stopped.wait.until if there else None
