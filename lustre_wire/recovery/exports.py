"""The server side of one connection, and one request as the server has it."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs

from lustre_wire.bounded import Bounded
from lustre_wire.recovery.packet import Packet
from lustre_wire.rpc import Message

#: How many request numbers an export remembers, to tell a packet the network delivered twice from a new request.
REMEMBERED = 512


@attrs.define(slots=True, eq=False)
class Export:
    """What a target knows of one client.

    Attributes:
        uuid: the client's.
        cookie: this export's handle, new at each start of the target.
        remote: the client's own handle, which callbacks carry.
        nid: where the client is.
        conn_cnt: of the last accepted connect.
        connected: False for a client only known from last_rcvd.
        granted, granted2: connect flags, and those of ocd_connect_flags2; `header_flags` the lm_flags that follow.
        slot: index in last_rcvd, -1 for none.
        active: requests being handled or queued, by xid.
        files: open files by handle, for the service.
        failed: being evicted; `version_failed`: a replay of it failed its version check.
    """

    uuid: bytes
    cookie: int
    remote: int = 0
    nid: int = 0
    conn_cnt: int = 0
    connected: bool = False
    granted: int = 0
    granted2: int = 0
    header_flags: int = 0
    slot: int = -1
    active: dict[int, Incoming] = attrs.field(factory=dict)
    files: dict[int, Any] = attrs.field(factory=dict)
    failed: bool = False
    version_failed: bool = False
    service_time: int = 1
    heard: float = 0.0
    _seen: Bounded[tuple[int, int], None] = attrs.field(factory=partial(Bounded, REMEMBERED))

    def delivered_before(self, xid: int, conn_cnt: int, flags: int) -> bool:
        """Was this very packet here already? A request sent again on purpose differs in its flags or its connection."""
        key = (xid, conn_cnt << 32 | flags)
        if key in self._seen:
            return True
        self._seen.keep(key, None)
        return False


@attrs.define(slots=True, eq=False)
class Incoming:
    """A request at the server.

    Attributes:
        message, packet: as received.
        export: whose it is.
        arrived: when; `deadline` is when the client gives up unless told to wait.
        transno: assigned or, in a replay, brought along; 0 for a request that changes nothing.
        versions: pb_pre_versions of the reply.
        disposition: what reply reconstruction needs later (`lcd_last_data`).
        replied: answered; nothing is sent twice.
        fetching: its handler waits for bulk data of the client's own.
        sink: bulk data the client delivered, once asked for.
        locks: handles of the server's own locks, held while it is handled.
        reply_bits, bulk_bits: match bits that the answer and bulk data go to; 0 for the request's own.
    """

    message: Message
    packet: Packet
    export: Export
    arrived: float
    deadline: float
    transno: int = 0
    versions: tuple[int, ...] = (0, 0, 0, 0)
    disposition: int = 0
    replied: bool = False
    early: int = 0
    fetching: bool = False
    sink: bytes = b""
    locks: list[int] = attrs.field(factory=list)
    reply_bits: int = 0
    bulk_bits: int = 0

    @property
    def xid(self) -> int:
        return self.packet.match_bits

    @property
    def flags(self) -> int:
        return int(self.message.body.pb_flags)


@attrs.define(slots=True)
class Answer:
    """What a handler makes of a request.

    Attributes:
        status: pb_status: 0, a negative errno, or a positive ELDLM number.
        buffers: of the reply, by name; without any the reply is a ptlrpc_body alone.
        bulk: bulk data to be delivered before the reply.
        failed: the handler itself failed, rather than the operation: sent as PTL_RPC_MSG_ERR where the dialect does.
        evicts: there is no answer its client could use: it is told that it is not connected, and forgotten.
    """

    status: int = 0
    buffers: dict[str, Any] = attrs.field(factory=dict)
    bulk: bytes | None = None
    failed: bool = False
    evicts: bool = False
