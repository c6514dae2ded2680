"""The replay list: what the server did and may still lose (ptlrpc/client.c: ptlrpc_retain_replayable_request)."""

from __future__ import annotations

from bisect import insort

from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request


class ReplayList:
    """Requests by transno, then xid.

    Attributes:
        last_committed: the highest transno known to be on the server's disk.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Request]] = []
        self.last_committed = 0

    def __len__(self) -> int:
        return len(self._entries)

    def requests(self) -> list[Request]:
        return [entry[2] for entry in self._entries]

    @property
    def lowest(self) -> int:
        """The lowest transno on the list, 0 when it is empty."""
        return self._entries[0][0] if self._entries else 0

    def retain(self, request: Request) -> None:
        """Keep a request the server did, ready to be sent again: MSG_REPLAY set, MSG_RESENT clear (R10a)."""
        k = names(request.message.dialect)
        body = request.message.body
        body.pb_flags = (int(body.pb_flags) | k.MSG_REPLAY) & ~k.MSG_RESENT
        body.pb_transno, request.resend = request.transno, False
        if request.reply is not None:
            body.pb_pre_versions = list(request.reply.body.pb_pre_versions)
        insort(self._entries, (request.transno, request.xid, request), key=lambda e: e[:2])
        if request.saved is not None:
            request.saved(request)

    def committed(self, transno: int) -> None:
        """The server says `transno` is on disk (R2, R3)."""
        self.last_committed = max(self.last_committed, transno)
        for _, _, request in [e for e in self._entries if e[0] <= self.last_committed and e[2].committed is not None]:
            told, request.committed = request.committed, None
            assert told is not None
            told(request)
        self._entries = [e for e in self._entries if e[0] > self.last_committed or e[2].keep]

    def after(self, transno: int) -> Request | None:
        """The first entry above `transno`: the next to be replayed (R5)."""
        return next((e[2] for e in self._entries if e[0] > transno), None)

    def clear(self) -> list[Request]:
        """Eviction: nothing can be replayed any more."""
        gone, self._entries = self.requests(), []
        return gone
