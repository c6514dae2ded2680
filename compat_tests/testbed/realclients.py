"""Recorded real clients, played to our servers: what they asked is asked again, and every answer is judged.

The requests are those of the capture, with the handles, cookies, identities and numbers of our answers in place of the
recorded ones. What a client looks at in an answer is in `lustre_wire.testbed.receivers`; what it got is compared with
what it got when it was recorded.
"""

from __future__ import annotations

import gzip
import io
import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs

from compat_tests.recorded import FIXTURES
from lustre_wire import rpc
from lustre_wire.capture.captured import Captured
from lustre_wire.capture.rpcs import SOCKLND_PORT, read_messages
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg
from lustre_wire.payloads import directory
from lustre_wire.recovery.answers import bare_reply
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import GET, PUT, REPLY, Packet
from lustre_wire.testbed import layouts, receivers
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.node import Node
from lustre_wire.testbed.packing import packer

FOLDER = FIXTURES / "real-clients"
#: The clients' own address in the captures; two processes of one address get one each.
CLIENT, MDS = 0x7F000005, bytes((127, 0, 0, 2))
KINDS = {
    ("request", True): "ask", ("reply", False): "answer", ("request", False): "called", ("reply", True): "said",
}  # fmt: skip
#: Seconds a client waits for an answer that it once got.
PATIENCE = 200.0


@attrs.define(slots=True, eq=False)
class Step:
    """One message of a recorded client's conversation: "ask", "answer" (a reply to it), "called" (back), "said"."""

    time: float
    kind: str
    server: int
    xid: int
    captured: Captured
    bulk: bytes | None = None

    @property
    def message(self) -> rpc.Message:
        found = self.captured.message
        assert found is not None
        return found


@cache
def captured(name: str, dialect: str) -> list[Captured]:
    data = gzip.decompress((FOLDER / f"{name}.pcap.gz").read_bytes())
    return list(read_messages(io.BytesIO(data), dialect=dialect))


def conversations(name: str, dialect: str) -> list[list[Step]]:
    """The steps of each client process of a capture, in order of appearance."""
    clients: dict[int, list[Step]] = defaultdict(list)
    process: dict[bytes, int] = {}
    began = 0.0
    found: dict[tuple[int, int], Step] = {}
    for c in captured(name, dialect):
        lnet = c.lnet
        began = began or c.time_ns / 1e9
        ours = c.flow[10:12] == SOCKLND_PORT.to_bytes(2, "big")
        address, other = (c.flow[:4], c.flow[4:8]) if ours else (c.flow[4:8], c.flow[:4])
        if lnet is None or address == MDS:
            continue
        port, server = c.flow[8:10] if ours else c.flow[10:12], int.from_bytes(other, "big")
        if c.kind == "request" and ours and c.message is not None and c.message.name.endswith("_CONNECT"):
            process[port] = int(c.message.body.pb_status)
        if port not in process:  # connected anew: who else
            (process[port],) = clients
        steps = clients[process[port]]
        time = c.time_ns / 1e9 - began
        if c.kind in ("request", "reply"):
            steps.append(Step(time, KINDS[c.kind, ours], server, lnet.match_bits, c))
            if steps[-1].kind == "ask":
                found[process[port], lnet.match_bits] = steps[-1]
        elif c.kind == "bulk" and ours and c.request is not None and c.request.lnet is not None:
            found[process[port], c.request.lnet.match_bits].bulk = c.raw
    return list(clients.values())


@attrs.define(slots=True, eq=False)
class Numbers:
    """What our servers call what the recorded ones called otherwise."""

    cookies: dict[int, int] = attrs.field(factory=dict)
    idents: dict[tuple[int, int], tuple[int, int]] = attrs.field(factory=dict)
    sequences: dict[int, int] = attrs.field(factory=dict)
    objects: dict[int, int] = attrs.field(factory=dict)
    logs: dict[tuple[int, ...], tuple[int, ...]] = attrs.field(factory=dict)
    transnos: dict[tuple[int, int], int] = attrs.field(factory=dict)
    layouts: dict[bytes, bytes] = attrs.field(factory=dict)
    hashes: dict[int, int] = attrs.field(factory=dict)

    def learn(self, server: int, recorded: rpc.Message, ours: rpc.Message) -> None:
        """Two answers to the same request: what stands at the same place is the same thing."""
        self.transnos[server, recorded.transno] = ours.transno
        for one, other in zip(recorded.body.pb_pre_versions, ours.body.pb_pre_versions, strict=True):
            self.transnos[server, one] = other
        for one, other in _pairs(recorded.body, ours.body):
            self._pair(one, other)
        for one, other in _pairs(recorded.buffers, ours.buffers):
            self._pair(one, other)

    def _pair(self, one: Any, other: Any) -> None:
        if isinstance(one, bytes):
            if one[:4] == b"\xd0\x0b\xd1\x0b" == other[:4]:
                self.layouts[one] = other
            return
        kind = _kind(one)
        if kind == "lustre_handle" and one.cookie:
            self.cookies[one.cookie] = other.cookie
        elif kind == "lu_seq_range":
            self.sequences[one.lsr_start] = other.lsr_start
        elif kind in ("ll_fid", "lu_fid") and _fid(one)[0]:
            self.idents[_fid(one)] = _fid(other)
        elif kind == "llog_logid":
            self.logs[_all(one)] = _all(other)

    def put(self, server: int, message: rpc.Message, dialect: Dialect) -> None:
        """Change a request in place."""
        body = message.body
        body.pb_transno = self.transnos.get((server, body.pb_transno), body.pb_transno)
        body.pb_pre_versions = [self.transnos.get((server, v), v) for v in body.pb_pre_versions]
        for one in itertools.chain(_structs(body), _structs(message.buffers)):
            self._put(server, one)
        for name in _slots(message.buffers):
            data = getattr(message.buffers, name)
            if isinstance(data, bytes):
                for old, new in self.layouts.items():
                    if data.startswith(old):
                        setattr(message.buffers, name, new + data[len(old) :])
        if message.name.startswith("MDS_READPAGE") and packer(dialect).personality.directory == "pages":
            asked = message.buffers.mdt_body
            asked.mbo_size = self.hashes.get(asked.mbo_size, asked.mbo_size)

    def _put(self, server: int, one: Any) -> None:
        kind, on_ost = _kind(one), server & 0xFF >= 0x10
        if kind == "lustre_handle":
            one.cookie = self.cookies.get(one.cookie, one.cookie)
        elif kind in ("ll_fid", "lu_fid"):
            _set(one, self.ident(_fid(one)))
        elif kind == "ldlm_res_id" and not on_ost:
            one.name = [*self.ident((one.name[0], one.name[1])), *list(one.name)[2:]]
        elif kind == "ldlm_res_id":
            one.name = [self.objects.get(one.name[0], one.name[0]), *list(one.name)[1:]]
        elif kind == "obd_ioobj":
            one.ioo_id = self.objects.get(one.ioo_id, one.ioo_id)
        elif kind == "ost_id":
            one.oi_id = self.objects.get(one.oi_id, one.oi_id)
        elif kind == "obdo" and hasattr(one, "o_id"):
            one.o_id = self.objects.get(one.o_id, one.o_id)
        elif kind == "llog_logid" and _all(one) in self.logs:
            for spec, value in zip(one.__wire__.fields, self.logs[_all(one)], strict=True):
                setattr(one, spec.name, value)
        elif kind == "obd_connect_data":
            one.ocd_transno = self.transnos.get((server, one.ocd_transno), one.ocd_transno)

    def ident(self, ident: tuple[int, int]) -> tuple[int, int]:
        return self.idents.get(ident, (self.sequences.get(ident[0], ident[0]), ident[1]))

    def pages(self, recorded: bytes, ours: bytes, dialect: Dialect) -> None:
        end, other = (int(directory.read_pages(data, dialect).head.ldp_hash_end) for data in (recorded, ours))
        self.hashes[end] = other

    def stripes(self, dialect: Dialect) -> None:
        for one, other in self.layouts.items():
            for old, new in zip(layouts.objects(dialect, one), layouts.objects(dialect, other), strict=True):
                self.objects[old[1]] = new[1]


class RealClient(Node):
    """A recorded client, asking again.

    Attributes:
        wrong: what the receivers found wrong with our answers.
        statuses: (operation, recorded, ours) where they differ.
        done: every request was sent and answered.
    """

    def __init__(self, nid: int, steps: list[Step], dialect: Dialect, recorded: list[Captured]) -> None:
        super().__init__(nid, 1)
        self.pages = {c.lnet.match_bits: c.raw for c in recorded if c.kind == "bulk" and c.lnet is not None}
        self.steps, self.dialect, self.k = steps, dialect, names(dialect)
        self.at, self.began, self.waits_since = 0, 0.0, -1.0
        self.numbers = Numbers()
        self.asked: dict[int, Step] = {}
        self.sent: dict[int, rpc.Message] = {}
        self.bulk: dict[int, bytes] = {}
        self.taken: dict[int, bytes] = {}
        self.got: dict[int, rpc.Message] = {}
        self.granted: dict[int, int] = {}
        self.exports: dict[int, int] = {}
        self.locks: dict[int, int] = {}
        self.wrong: list[str] = []
        self.statuses: list[tuple[str, int, int]] = []
        self.callbacks = 0
        self.out: list[Packet] = []
        self._own = itertools.count(1 << 60)
        self.said: dict[int, Step] = {}
        self.silent: set[int] = set()
        self.cancels: set[int] = set()
        replies = {(s.server, s.xid): s for s in steps if s.kind == "said"}
        for step in steps:
            if step.kind == "ask" and step.message.name == "LDLM_CANCEL":
                self.cancels |= {handle.cookie for handle in step.message.buffers.dlm_req.lock_handle}
            elif step.kind == "called":
                cookie = step.message.buffers.dlm_req.lock_handle[0].cookie
                answer = replies.get((step.server, step.xid))
                if answer is None:
                    self.silent.add(cookie)
                else:
                    self.said[cookie] = answer

    @property
    def done(self) -> bool:
        return self.at == len(self.steps)

    # -- Node ----------------------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        super().start(now)
        self.began = now

    def next_deadline(self) -> float | None:
        if self.done:
            return None
        step = self.steps[self.at]
        return self.began + step.time if step.kind == "ask" else self.waits_since + PATIENCE

    def tick(self, now: float) -> None:
        self._go_on(now)

    def take(self) -> list[Packet]:
        out, self.out = self.out, []
        return out

    def receive(self, packet: Packet, now: float) -> None:
        if packet.kind == GET:
            step = self.asked.get(packet.match_bits)
            data = (step.bulk if step is not None else None) or b""
            self.taken[packet.match_bits] = data
            self.out.append(Packet(REPLY, self.nid, packet.source, data=data, cookie=packet.cookie))
        elif packet.portal == self.dialect.rpcs["LDLM_BL_CALLBACK"].portal:
            self._called(packet)
        elif packet.match_bits in self.sent:
            self._answered(packet)
        self._go_on(now)

    # -- what it does --------------------------------------------------------------------------------------------

    def _go_on(self, now: float) -> None:
        while not self.done:
            step = self.steps[self.at]
            if step.kind == "ask":
                if self.began + step.time > now:
                    return
                self._ask(step)
            elif step.kind == "answer":
                if step.xid not in self.got:
                    self.waits_since = now if self.waits_since < 0 else self.waits_since
                    if now < self.waits_since + PATIENCE:
                        return
                    self.wrong.append(f"{step.message.name}: no answer at {step.time:.3f}")
                else:
                    self._compare(step)
            self.at, self.waits_since = self.at + 1, -1.0

    def _ask(self, step: Step) -> None:
        message = rpc.decode(step.captured.raw, self.dialect)
        self.numbers.stripes(self.dialect)
        self.numbers.put(step.server, message, self.dialect)
        self._send(step.server, step.captured.lnet.portal, step.xid, message)  # type: ignore[union-attr]
        self.asked[step.xid] = step

    def _send(self, server: int, portal: int, xid: int, message: rpc.Message) -> None:
        self.sent[xid] = message
        for kept in (self.got, self.bulk, self.taken):
            kept.pop(xid, None)
        target = self.nid & ~0xFFFFFFFF | server
        self.out.append(Packet(PUT, self.nid, target, portal, xid, 0, rpc.encode(message)))

    def _answered(self, packet: Packet) -> None:
        request = self.sent[packet.match_bits]
        form = request.format
        if form is not None and packet.portal == form.bulk_portal:
            self.bulk[packet.match_bits] = packet.data
            return
        support = request.header.lm_flags & self.k.MSGHDR_AT_SUPPORT
        if support and not packet.offset:
            return  # patience
        reply = rpc.decode(packet.data, self.dialect, request=request)
        self.got[packet.match_bits] = reply
        server = packet.source & 0xFFFFFFFF
        expected = lustre_msg.early_reply_size(self.dialect.body.__wire__.size) if support else 0
        if packet.offset != expected:
            self.wrong.append(f"{request.name}: reply at offset {packet.offset}")
        if (body := getattr(reply.buffers, "dlm_rep", None)) is not None:
            self.locks[request.buffers.dlm_req.lock_handle[0].cookie] = int(body.lock_handle.cookie)
        if request.name.endswith("_CONNECT") and reply.status == 0:
            self.exports[server] = int(reply.body.pb_handle.cookie)
            data = reply.buffers.connect_data
            self.granted[server] = int(data.ocd_connect_flags) if data is not None else 0
        read = form is not None and form.bulk_portal is not None and "WRITE" not in request.name
        received = receivers.Received(
            request, reply, self.granted.get(server, 0), self.bulk.get(packet.match_bits, b"") if read else None,
            self.taken.get(packet.match_bits), len(packet.data),
        )  # fmt: skip
        self.wrong += receivers.complaints(received)

    def _compare(self, step: Step) -> None:
        ours = self.got[step.xid]
        if ours.status != step.message.status:
            self.statuses.append((step.message.name, step.message.status, ours.status))
        self.numbers.learn(step.server, step.message, ours)
        read = step.message.name.startswith("MDS_READPAGE") and step.xid in self.bulk and step.xid in self.pages
        if read and packer(self.dialect).personality.directory == "pages":
            self.numbers.pages(self.pages[step.xid], self.bulk[step.xid], self.dialect)

    # -- callbacks -----------------------------------------------------------------------------------------------

    def _called(self, packet: Packet) -> None:
        """Answered as it was when it was recorded, and where that is not known as a client does that has the lock."""
        self.callbacks += 1
        message = rpc.decode(packet.data, self.dialect)
        form = message.format
        assert form is not None
        cookie = message.buffers.dlm_req.lock_handle[0].cookie
        if cookie in self.silent:
            return
        said = self.said.get(cookie)
        reply = bare_reply(self.dialect, message.opcode) if said is None else said.message
        offset = 0
        if message.header.lm_flags & self.k.MSGHDR_AT_SUPPORT:
            offset = lustre_msg.early_reply_size(self.dialect.body.__wire__.size)
        data = rpc.encode(reply)
        self.out.append(Packet(PUT, self.nid, packet.source, form.reply_portal or 0, packet.match_bits, offset, data))
        remote = self.locks.get(cookie, 0)
        if message.name == "LDLM_BL_CALLBACK" and reply.status == 0 and not self.gives_up_later(cookie):
            self._cancel(packet.source & 0xFFFFFFFF, remote)

    def gives_up_later(self, cookie: int) -> bool:
        """Does the recording give a lock back, by the client's handle?"""
        return self.locks.get(cookie, 0) in self.given_up

    def _cancel(self, server: int, remote: int) -> None:
        """Give back a lock that was not asked back when this was recorded."""
        request = packer(self.dialect).request(op.Cancel(cancels=(remote,)))
        request.body.pb_handle.cookie, request.body.pb_conn_cnt = self.exports[server], 1
        request.body.pb_timeout = 100
        self._send(server, self.dialect.rpcs["LDLM_CANCEL"].portal or 0, next(self._own), request)

    @property
    def given_up(self) -> set[int]:
        """Locks that the recording gives back, by our server's handle."""
        return {self.numbers.cookies[recorded] for recorded in self.cancels & self.numbers.cookies.keys()}


def _kind(one: Any) -> str:
    return str(one.__wire__.name) if hasattr(one, "__wire__") else ""


def _fid(one: Any) -> tuple[int, int]:
    first, second, _ = (int(getattr(one, spec.name)) for spec in one.__wire__.fields)
    return first, second


def _set(one: Any, value: tuple[int, int]) -> None:
    for spec, number in zip(one.__wire__.fields, value, strict=False):
        setattr(one, spec.name, number)


def _all(one: Any) -> tuple[int, ...]:
    return tuple(int(getattr(one, spec.name)) for spec in one.__wire__.fields)


def _slots(buffers: Any) -> list[str]:
    return [spec.name for spec in getattr(type(buffers), "__slot_specs__", ())]


def _children(one: Any) -> Iterator[Any]:
    if hasattr(one, "__wire__"):
        yield from (getattr(one, spec.name) for spec in one.__wire__.fields)
    elif isinstance(one, (list, tuple)):
        yield from one
    else:
        yield from (getattr(one, name) for name in _slots(one))


def _structs(one: Any) -> Iterator[Any]:
    """Every struct in a struct, a list, or a message's buffers."""
    if hasattr(one, "__wire__"):
        yield one
    if not isinstance(one, (int, bytes, str, type(None))):
        for child in _children(one):
            yield from _structs(child)


def _pairs(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """What stands at the same place in two values of one shape."""
    if isinstance(one, bytes) and isinstance(other, bytes):
        yield one, other
    elif type(one) is type(other) and not isinstance(one, (int, str, type(None))):
        if hasattr(one, "__wire__"):
            yield one, other
        for a, b in zip(_children(one), _children(other), strict=False):
            yield from _pairs(a, b)
