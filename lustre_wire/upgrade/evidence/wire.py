"""What went over the network, read from its bytes alone: who asked whom for what, and what was answered.

Nothing of it comes from the nodes. Of most messages only the head is read, which is the same in every dialect: the
ptlrpc_body; of lock requests the ldlm_request behind it, of connects the UUID and the flags.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed.tcp import ALIAS_MASK
from lustre_wire.testbed.trace import Sent
from lustre_wire.upgrade.protocol import all_access_lock


class Kind(Enum):
    """What a message is: asked by a client, answered by a server, or asked by a server of a client."""

    REQUEST = "request"
    REPLY = "reply"
    CALLBACK = "callback"


@attrs.frozen(eq=False)
class Message:
    """One lustre_msg.

    Attributes:
        place: its number in the recording; `time` when it was sent, `arrived` when it came first (None: it did not).
        client, server: NIDs of who asks and who is asked; of a callback who is called and who calls.
        opcode, xid, status, transno, flags, op_flags: of the ptlrpc_body; `status` signed. `committed` is what it says
            of the server's disk.
        handle: of the connection, by the name its reader has for it.
        shape: lengths of the buffers.
        data: the bytes.
        answered: of a callback: when the answer came to the server (None: it did not); `heard` when it was sent, which
            is when the client knew: over TCP the recording has packets arrive when they are sent.
    """

    place: int
    time: float
    arrived: float | None
    client: int
    server: int
    kind: Kind
    opcode: int
    xid: int
    status: int
    transno: int
    flags: int
    op_flags: int
    handle: int
    shape: tuple[int, ...]
    data: bytes
    answered: float | None = None
    heard: float | None = None
    committed: int = 0

    def buffer(self, number: int) -> bytes:
        """The bytes of one buffer; none of one that is not there."""
        parts = lustre_msg.split(self.data)
        if number >= len(parts.lengths):
            return b""
        return self.data[parts.offsets[number] : parts.offsets[number] + parts.lengths[number]]


class Wire:
    """A recording as messages, in the order of sending.

    Args:
        dialect: any: what is read of a message is the same in all.

    Attributes:
        decoded: what checks read out of all messages, by what they needed for it; kept for the next check.
    """

    def __init__(self, messages: Sequence[Message], dialect: Dialect) -> None:
        self.messages, self.dialect, self.k = messages, dialect, names(dialect)
        self._lock = record.codec(dialect.structs["ldlm_request"], "little")
        self._lock_reply = record.codec(dialect.structs["ldlm_reply"], "little")
        asked: dict[tuple[int, int, int], Message] = {}
        self.decoded: tuple[Any, Any] | None = None
        self._spoken: tuple[Sequence[Dialect], dict[int, str]] | None = None
        self._answered: dict[int, Message] = {}
        self._kinds: dict[Kind, list[Message]] = {kind: [] for kind in Kind}
        for message in messages:
            key = message.client, message.server, message.xid
            self._kinds[message.kind].append(message)
            if message.kind is Kind.REQUEST:
                asked[key] = message
            elif message.kind is Kind.REPLY and key in asked:
                self._answered[message.place] = asked[key]

    def of(self, kind: Kind, *opcodes: int) -> list[Message]:
        """Messages of a kind, with one of these opcodes if any are named."""
        return [m for m in self._kinds[kind] if not opcodes or m.opcode in opcodes]

    def request_of(self, reply: Message) -> Message | None:
        """What a reply answers: the request as it was sent last."""
        return self._answered.get(reply.place)

    def spoken(self, dialects: Sequence[Dialect]) -> dict[int, str]:
        """The dialect each request was made in, by its place: see `spoken`."""
        if self._spoken is None or self._spoken[0] != dialects:
            self._spoken = dialects, spoken(self, dialects)
        return self._spoken[1]

    # -- the all-access lock -------------------------------------------------------------------------------------

    def lock_request(self, message: Message) -> Any:
        """The ldlm_request of a lock message."""
        data = message.buffer(1)
        return self._lock.unpack(data, 0, len(data))

    def about_access(self, message: Message) -> bool:
        """Is this lock message about the all-access lock?"""
        return bool(self.lock_request(message).lock_desc.l_resource.lr_name.name[:2] == list(ACCESS[:2]))

    def granted_lock(self, answer: Message) -> bool:
        """Does the answer to a lock request grant it?"""
        data = answer.buffer(1)
        return bool(data and self._lock_reply.unpack(data, 0, len(data)).lock_desc.l_granted_mode)

    @cached_property
    def revocations(self) -> list[Message]:
        """Blocking callbacks on the all-access lock."""
        return [m for m in self.of(Kind.CALLBACK, self.k.LDLM_BL_CALLBACK) if self.about_access(m)]

    @cached_property
    def notices(self) -> list[Message]:
        """Completion callbacks that describe the server's own all-access lock as granted."""
        found = [m for m in self.of(Kind.CALLBACK, self.k.LDLM_CP_CALLBACK) if self.about_access(m)]
        return [m for m in found if self.lock_request(m).lock_desc.l_granted_mode == self.k.LCK_EX]

    @cached_property
    def releases(self) -> list[Message]:
        """Cancels of an all-access lock, each time one was sent: known by the handle the server gave."""
        granted: set[tuple[int, int]] = set()
        found = []
        for message in self.messages:
            if message.kind is Kind.REPLY and message.opcode == self.k.LDLM_ENQUEUE and not message.status:
                asked = self.request_of(message)
                if asked is not None and len(message.shape) > 1 and self.about_access(asked):
                    data = message.buffer(1)
                    granted.add((message.server, self._lock_reply.unpack(data, 0, len(data)).lock_handle.cookie))
            elif message.kind is Kind.REQUEST and message.opcode == self.k.LDLM_CANCEL:
                asked_for = self.lock_request(message)
                handles = [handle.cookie for handle in asked_for.lock_handle[: asked_for.lock_count]]
                if any((message.server, handle) in granted for handle in handles):
                    found.append(message)
        return found

    @cached_property
    def first_releases(self) -> list[Message]:
        """The same, each only as it was sent first."""
        return list({(m.client, m.server, m.xid): m for m in reversed(self.releases)}.values())

    @cached_property
    def version_failures(self) -> list[Message]:
        """Answers to replays that were refused since an object is not as it was (version-based recovery)."""
        asked = ((self.request_of(m), m) for m in self.of(Kind.REPLY) if m.status == -errno.EOVERFLOW)
        return [m for request, m in asked if request is not None and request.flags & self.k.MSG_REPLAY]

    # -- connections ---------------------------------------------------------------------------------------------

    @cached_property
    def connect_opcodes(self) -> frozenset[int]:
        return frozenset({self.k.MDS_CONNECT, self.k.OST_CONNECT, self.k.MGS_CONNECT})

    @cached_property
    def connects(self) -> list[tuple[Message, Message]]:
        """Connect requests with their answers."""
        found = ((self.request_of(m), m) for m in self.of(Kind.REPLY, *self.connect_opcodes))
        return [(asked, answer) for asked, answer in found if asked is not None]

    @cached_property
    def owners(self) -> dict[tuple[int, int], bytes]:
        """UUID of the client of each connection, by its server and handle."""
        return {(answer.server, answer.handle): self.who(asked) for asked, answer in self.connects if not answer.status}

    def who(self, connect: Message) -> bytes:
        """UUID of the client that connects."""
        return connect.buffer(2).rstrip(b"\0")

    def granted(self, answer: Message) -> int:
        """Connect flags of a connect's answer."""
        data = answer.buffer(1)
        return int.from_bytes(data[:8], "little")


#: The resource of the all-access lock, as its name travels.
ACCESS: Sequence[int] = all_access_lock.RESOURCE


def read(packets: Sequence[Sent], dialect: Dialect) -> Wire:
    """The lustre_msgs among packets. Bulk data and early replies are left out; answers to callbacks stand, by the time
    they came, with the callback."""
    k, body = names(dialect), record.codec(dialect.body, "little")
    callbacks = {k.LDLM_BL_CALLBACK, k.LDLM_CP_CALLBACK, k.LDLM_GL_CALLBACK}
    bulk = {form.bulk_portal for form in dialect.rpcs.values() if form.bulk_portal}
    found: list[Message] = []
    patient: set[tuple[int, int, int]] = set()
    called: dict[tuple[int, int, int], tuple[float, float]] = {}
    for place, sent in enumerate(packets):
        packet = sent.packet
        if packet.kind != PUT or not packet.data or packet.portal in bulk:
            continue
        parts = lustre_msg.split(packet.data)
        head = body.unpack(packet.data, parts.offsets[0], parts.lengths[0])
        asks, back = head.pb_type == k.PTL_RPC_MSG_REQUEST, head.pb_opc in callbacks
        ends = packet.source & ~ALIAS_MASK, packet.target & ~ALIAS_MASK
        client, server = ends if asks and not back else ends[::-1]
        exchange = client, server, packet.match_bits
        if back and not asks and sent.arrived:
            called.setdefault((*ends, packet.match_bits), (sent.time, min(sent.arrived)))
        if asks and not back and parts.header.lm_flags & k.MSGHDR_AT_SUPPORT:
            patient.add(exchange)
        if not asks and (back or (exchange in patient and not packet.offset)):
            continue
        kind = Kind.CALLBACK if back else Kind.REQUEST if asks else Kind.REPLY
        status = int(head.pb_status) - ((int(head.pb_status) & 0x80000000) << 1)
        found.append(
            Message(
                place, sent.time, min(sent.arrived, default=None), client, server, kind, head.pb_opc,
                packet.match_bits, status, head.pb_transno, int(head.pb_flags), int(head.pb_op_flags),
                head.pb_handle.cookie, tuple(parts.lengths), packet.data, committed=head.pb_last_committed,
            )
        )  # fmt: skip
    return Wire([_answered(message, called) for message in found], dialect)


def _answered(message: Message, called: dict[tuple[int, int, int], tuple[float, float]]) -> Message:
    """A callback that knows when its answer came; any other message as it is."""
    if message.kind is not Kind.CALLBACK:
        return message
    heard, answered = called.get((message.client, message.server, message.xid), (None, None))
    return attrs.evolve(message, answered=answered, heard=heard)


def is_change(packet: Packet, dialect: Dialect) -> bool:
    """Whether an MDS answers a change that a client would miss: of a close nothing is left when its server has gone."""
    found = read([Sent(0.0, packet)], dialect).messages
    return bool(found and found[0].transno) and found[0].opcode != names(dialect).MDS_CLOSE


#: Buffers of a request that have the same lengths each time it is sent: names and layouts come behind them.
FIXED = 4


def spoken(wire: Wire, dialects: Sequence[Dialect]) -> dict[int, str]:
    """The dialect each request was made in, by its place: what the connection was granted, but for a request sent again
    with buffers of the same lengths, which is as it was the first time."""
    granted: dict[tuple[int, int], tuple[float, str]] = {}
    first: dict[tuple[int, int], Message] = {}
    found: dict[int, str] = {}
    news = sorted(
        ((a.arrived, asked.client, asked.server, _named(wire.granted(a), dialects)) for asked, a in wire.connects
         if a.arrived is not None and not a.status),
    )  # fmt: skip
    for message in wire.messages:
        if message.kind is Kind.REQUEST:
            while news and news[0][0] <= message.time:
                time, client, server, name = news.pop(0)
                granted[client, server] = time, name
            now = granted.get((message.client, message.server), (0.0, dialects[0].name))[1]
            before = first.setdefault((message.client, message.xid), message)
            as_before = len(before.shape) == len(message.shape) and before.shape[:FIXED] == message.shape[:FIXED]
            again = before is not message and as_before
            found[message.place] = found[before.place] if again else now
    return found


def _named(granted: int, dialects: Sequence[Dialect]) -> str:
    for dialect in dialects:
        rules = rules_of(dialect)
        if granted & rules.granted == rules.granted and not granted & rules.withheld:
            return dialect.name
    return dialects[0].name
