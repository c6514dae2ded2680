"""What a watcher of the network notes of each message: all that the invariants of recovery speak about."""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.names import names
from lustre_wire.testbed.trace import Exchange, Trace

#: What checks of it are said to read.
TRAFFIC = "traffic"


@attrs.define(slots=True, eq=False)
class Seen:
    """One message.

    Attributes:
        time, arrived: when it was sent, and first delivered (None: never).
        client, server: who asks and who is asked, by NID.
        request: a request; otherwise a reply.
        opcode, flags, op_flags, conn_cnt, transno, committed, status, versions: of the ptlrpc_body.
        handle: pb_handle; `file` the open handle in a body, `lock` the lock handle, `lock_flags` an ldlm_request's.
        offered: connect flags.
        reported: ocd_transno of a connect.
        content: the buffers' bytes, without the ptlrpc_body.
        shape: the format.
        bulk: the request moves bulk data.
        copies: how often it was delivered.
        room: lm_repsize.
        cancels: handles of the locks it gives back.
    """

    number: int
    time: float
    arrived: float | None
    client: int
    server: int
    request: bool
    early: bool
    dialect: Dialect
    name: str
    opcode: int
    xid: int
    flags: int
    op_flags: int
    conn_cnt: int
    transno: int
    committed: int
    status: int
    handle: int
    versions: tuple[int, ...]
    file: int = 0
    lock: int = 0
    remote: int = 0
    lock_flags: int = 0
    offered: int = 0
    reported: int = 0
    content: tuple[bytes, ...] = ()
    disposition: int = 0
    ident: tuple[int, ...] = ()
    bulk: bool = False
    portal: int = 0
    copies: int = 1
    room: int = 0
    cancels: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"message {self.number} at {self.time:.3f}"

    @property
    def connect(self) -> bool:
        return self.name.endswith("_CONNECT")

    @property
    def opens(self) -> bool:
        return "INTENT_OPEN" in self.name

    def has(self, flag: str) -> bool:
        """Is this pb_flags bit set?"""
        return bool(self.flags & getattr(names(self.dialect), flag))

    @property
    def replay(self) -> bool:
        return self.has("MSG_REPLAY") and self.transno != 0

    @property
    def lock_replay(self) -> bool:
        return bool(self.lock_flags & names(self.dialect).LDLM_FL_REPLAY)

    @property
    def done_ping(self) -> bool:
        k = names(self.dialect)
        done = k.MSG_REQ_REPLAY_DONE | k.MSG_LOCK_REPLAY_DONE
        return self.name == "OBD_PING" and self.flags & done == done


def watch(trace: Trace, dialects: dict[int, Dialect]) -> list[Seen]:
    """Note everything that went over the network."""
    return [note(number, exchange) for number, exchange in enumerate(trace.exchanges(dialects))]


def note(number: int, exchange: Exchange) -> Seen:
    """One message of a recording, by its number there."""
    message, body = exchange.message, exchange.message.body
    buffers = message.buffers
    form = (exchange.request or message).format
    seen = Seen(
        number, exchange.sent.time, min(exchange.sent.arrived, default=None), exchange.client, exchange.server,
        exchange.is_request, exchange.early, message.dialect, (exchange.request or message).name, message.opcode,
        exchange.xid, int(body.pb_flags), int(body.pb_op_flags), body.pb_conn_cnt, body.pb_transno,
        body.pb_last_committed, message.status if message.direction == rpc.REPLY else 0, body.pb_handle.cookie,
        tuple(body.pb_pre_versions), content=_content(exchange.sent.packet.data),
        bulk=form is not None and form.bulk_portal is not None, portal=exchange.sent.packet.portal,
        copies=len(exchange.sent.arrived), room=message.header.lm_repsize,
    )  # fmt: skip
    data = getattr(buffers, "connect_data", None)
    if data is not None:
        seen.offered, seen.reported = int(data.ocd_connect_flags), data.ocd_transno
    dlm = getattr(buffers, "dlm_req", None)
    if dlm is not None:
        seen.lock_flags, seen.lock = int(dlm.lock_flags), dlm.lock_handle[0].cookie
        asks = seen.name.startswith("LDLM_ENQUEUE")
        given = dlm.lock_handle[1 if asks else 0 :] if asks or message.direction == rpc.REQUEST else []
        seen.cancels = tuple(handle.cookie for handle in given if handle.cookie)
    reply = getattr(buffers, "dlm_rep", None)
    if reply is not None:
        seen.remote, seen.disposition = reply.lock_handle.cookie, int(reply.lock_policy_res1)
    _attributes(seen, buffers)
    return seen


def _attributes(seen: Seen, buffers: Any) -> None:
    for name in ("mds_body", "mdt_body"):
        body = getattr(buffers, name, None)
        if body is not None:
            old = hasattr(body, "fid1")
            seen.file = (body.handle if old else body.mbo_open_handle).cookie
            found = body.fid1 if old else body.mbo_fid1
            seen.ident = tuple(int(getattr(found, f.name)) for f in found.__wire__.fields)
    epoch = getattr(buffers, "mdt_ioepoch", None)
    if epoch is not None:
        seen.file = epoch.mio_open_handle.cookie


def _content(data: bytes) -> tuple[bytes, ...]:
    parts = lustre_msg.split(data)
    return tuple(data[o : o + n] for o, n in zip(parts.offsets[1:], parts.lengths[1:], strict=True))
