"""The client's record of one RPC, from packing to the commit of what it did (ptlrpc/client.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.frames.lustre_msg import LustreMsgV2, rounded
from lustre_wire.rpc import Message

#: When a request was sent that was not, or that is waiting to be sent again.
UNSENT = -1.0


@attrs.define(slots=True, eq=False)
class Request:
    """One RPC of an import.

    Attributes:
        message: formatted once, when it was made, and never again (R15); only what the connection owns is written at
            sending: handle, conn_cnt, timeout, flags.
        portal, reply_portal: LNet portals.
        wants_replay: a reply with a transno puts it on the replay list (R1).
        keep: stays there after its commit (an open, until its close is committed: R3).
        no_delay: fails with -EWOULDBLOCK rather than wait for the import to become usable.
        no_resend: fails rather than be sent again.
        recovery: part of recovery itself: sent in other states than FULL.
        lane: requests of one lane are in flight one at a time ("" for none).
        data: bulk data for the server to fetch, or None.
        expects: bytes of bulk data expected from the server, 0 for none.
        op: what was asked for, for the one who asked.
        done: called once with the request, when `status` is final.
        saved, replayed, committed: called when it was put on the replay list, with each reply to its replay, and when
            what it did is on disk.
    """

    message: Message
    portal: int
    reply_portal: int
    op: Any = None
    done: Callable[[Request], None] | None = None
    saved: Callable[[Request], None] | None = None
    replayed: Callable[[Request, Message], None] | None = None
    committed: Callable[[Request], None] | None = None
    wants_replay: bool = False
    keep: bool = False
    no_delay: bool = False
    no_resend: bool = False
    recovery: bool = False
    lane: str = ""
    data: bytes | None = None
    expects: int = 0
    xid: int = 0
    transno: int = 0
    generation: int = 0
    conn_cnt: int = 0
    sent: float = UNSENT
    deadline: float = 0.0
    tries: int = 0
    not_before: float = 0.0
    resend: bool = False
    finished: bool = False
    reply: Message | None = None
    status: int = 0
    sink: bytes | None = None

    def finish(self, status: int) -> None:
        """The final status; tells who asked."""
        if not self.finished:
            self.finished, self.status = True, status
            if self.done is not None:
                self.done(self)


def repsize(dialect: Dialect, *rooms: int) -> int:
    """`lm_repsize` of a request: bytes of a reply with these buffers behind its ptlrpc_body."""
    head = LustreMsgV2.__wire__.size + 4 * (len(rooms) + 1)  # type: ignore[attr-defined]
    return rounded(head) + rounded(dialect.body.__wire__.size) + sum(rounded(room) for room in rooms)
