"""One end of a socklnd connection: negotiates, reads, writes and acknowledges; bytes in, bytes out.

What is accepted and what closes the connection is restated from lnet/lnet/acceptor.c and
lnet/klnds/socklnd/{socklnd.c,socklnd_cb.c,socklnd_proto.c} of 1.8.9-wc1 and 2.0.0; version 4 is that of 2.17.0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from lustre_wire.errors import WireError
from lustre_wire.frames import ksock, ksock_large, lnet, lnet_large
from lustre_wire.frames.events import (
    SOCKNAL_KEEPALIVE_PING,
    AcceptorRequest,
    Event,
    Hello,
    LnetMessage,
    Noop,
    Unparsed,
    Violation,
    acknowledged,
    encode,
    encode_message,
    encode_noop,
)
from lustre_wire.frames.ksock import SocklndConnType
from lustre_wire.frames.nid import Nid, large_nid, make_nid, nid_str
from lustre_wire.frames.socklnd import SocklndStream
from lustre_wire.schema.nodes import ByteOrder

#: Payloads from this many bytes on are sent without copying, and ask for an acknowledgement.
ZC_MIN_PAYLOAD: Final = 16 << 10
#: Peers on source ports above this one are not trusted to say who they are.
LNET_ACCEPTOR_MAX_RESERVED_PORT: Final = 1023

_INVERTED = {
    SocklndConnType.SOCKLND_CONN_ANY: SocklndConnType.SOCKLND_CONN_ANY,
    SocklndConnType.SOCKLND_CONN_CONTROL: SocklndConnType.SOCKLND_CONN_CONTROL,
    SocklndConnType.SOCKLND_CONN_BULK_IN: SocklndConnType.SOCKLND_CONN_BULK_OUT,
    SocklndConnType.SOCKLND_CONN_BULK_OUT: SocklndConnType.SOCKLND_CONN_BULK_IN,
}


def _network(nid: Nid) -> tuple[int, int]:
    large = large_nid(nid)
    return large.nid_type, large.nid_num


class SocklndConnection:
    """Both sides of the protocol; `start_active` makes it the side that connected.

    Args:
        nid: this node's NID.
        pid: its PID.
        incarnation: changes when the node restarts.
        byteorder: this node's byte order.
        versions: the socklnd versions it knows; (1, 2, 3) is what 1.8 and 2.0 know, 4 brings large NIDs.
        peer: IPv4 address and port at the other end, on the side that was connected to. With a port above 1023 they,
            and not what the peer says, are who it is.
        zc_min_payload: payloads from this many bytes on ask for an acknowledgement.
        max_payload: the longest payload accepted, in bytes.

    Attributes:
        hello: the peer's HELLO, None before.
        closed: nothing more is to be read or sent after `data_to_send`.
        retry_version: the version to connect again with, when the peer refused this one; otherwise 0.
        unacknowledged: cookies of own messages that the peer has not acknowledged.
    """

    def __init__(
        self,
        nid: Nid,
        *,
        pid: int = lnet.LNET_PID_LUSTRE,
        incarnation: int = 1,
        byteorder: ByteOrder = "little",
        versions: tuple[int, ...] = (ksock.KSOCK_PROTO_V1, ksock.KSOCK_PROTO_V2, ksock.KSOCK_PROTO_V3),
        peer: tuple[int, int] | None = None,
        zc_min_payload: int = ZC_MIN_PAYLOAD,
        max_payload: int = lnet.LNET_MAX_PAYLOAD,
    ) -> None:
        self.nid, self.pid, self.incarnation, self.byteorder = nid, pid, incarnation, byteorder
        self.versions = versions
        self.hello: Hello | None = None
        self.closed = False
        self.retry_version = 0
        self.unacknowledged: set[int] = set()
        self._stream = SocklndStream(max_payload=max_payload)
        self._peer = peer
        self._zc_min = zc_min_payload
        self._next_cookie = SOCKNAL_KEEPALIVE_PING + 1
        self._owed: deque[int] = deque()  # cookies to acknowledge
        self._out = bytearray()
        self._target: Nid | None = None
        self._mine: Hello | None = None  # the HELLO sent, on the active side
        self._asked = False  # a connection request was seen, on the passive side
        self._error: WireError | None = None
        self._source: tuple[int, int] | None = None  # who the peer is, whatever it says

    @property
    def version(self) -> int:
        """The version agreed on, 0 before."""
        return self.hello.version if self.hello is not None else 0

    def start_active(
        self,
        target_nid: Nid,
        *,
        ctype: int = SocklndConnType.SOCKLND_CONN_ANY,
        version: int = 0,
        target_pid: int = lnet.LNET_PID_LUSTRE,
    ) -> bytes:
        """The bytes to send first: connection request and HELLO.

        Args:
            target_nid: whom the connection is for.
            ctype: what it is for, `ksock.SocklndConnType`.
            version: of the protocol; if 0 the newest known, but 4 only where a NID needs it, as 2.17 does.
            target_pid: the PID expected there.

        Raises:
            WireError: a NID without a place in that version.
        """
        wide = large_nid(self.nid).nid_size or large_nid(target_nid).nid_size
        version = version or max(v for v in self.versions if wide or v != ksock_large.KSOCK_PROTO_V4)
        self._target = target_nid
        large = version == ksock_large.KSOCK_PROTO_V4
        request = lnet_large.LNET_PROTO_ACCEPTOR_VERSION_16 if large else lnet.LNET_PROTO_ACCEPTOR_VERSION
        self._mine = self._made(version, target_nid, target_pid, 0, ctype)
        return encode(AcceptorRequest(0, request, self.byteorder, target_nid)) + encode(self._mine)

    def _made(self, version: int, dst_nid: Nid, dst_pid: int, dst_incarnation: int, ctype: int) -> Hello:
        order: ByteOrder = "little" if version == ksock.KSOCK_PROTO_V1 else self.byteorder
        return Hello(
            0, version, order, self.nid, dst_nid, self.pid, dst_pid, self.incarnation, dst_incarnation, ctype
        )  # fmt: skip

    def feed(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Bytes from the peer. What is to be sent in answer is in `data_to_send` afterwards.

        Returns:
            What the peer said. A `Violation` comes last and means that the connection is to be closed.

        Raises:
            WireError: after a `Violation`, the same error again.
        """
        if self._error is not None:
            raise self._error
        out: list[Event] = []
        for event in self._stream.feed(data):
            try:
                taken = self._taken(event)
            except WireError as error:
                error.offset = event.at
                taken = Violation(event.at, error)
            out.append(taken)
            if isinstance(taken, Violation):
                self._error, self.closed = taken.error, True
                break
        return out

    def close(self) -> list[Event]:
        """The peer has closed the connection: what is incomplete comes as events."""
        self.closed = True
        return self._stream.close() if self._error is None else []

    def data_to_send(self) -> bytes:
        """What there is to send besides messages: the answer to a HELLO, acknowledgements that no message carried."""
        for cookie in self._owed:
            self._out += encode_noop((0, cookie), byteorder=self.byteorder)
        self._owed.clear()
        return self._taken_out()

    def _taken_out(self) -> bytes:
        data = bytes(self._out)
        self._out.clear()
        return data

    def send(self, header: Any, payload: bytes = b"") -> bytes:
        """The bytes of an LNet message, which carries an acknowledgement that is owed; a HELLO not yet sent goes first.

        Args:
            header: `lnet.LnetHdr`, in version 4 `lnet_large.LnetHdrLarge`; `payload_length` is set.
            payload: what follows it.

        Raises:
            WireError: before the peer's HELLO, after a close, or a value that does not fit its field.
        """
        if self.hello is None or self.closed:
            raise WireError("no connection to send on")
        zero_copy = self.version > ksock.KSOCK_PROTO_V1
        ask = self._next_cookie if zero_copy and len(payload) >= self._zc_min else 0
        ack = self._owed[0] if zero_copy and self._owed else 0
        options: dict[str, Any] = {"version": self.version, "byteorder": self.byteorder}
        message = encode_message(header, payload, zc_cookies=(ask, ack), **options)
        if ask:
            self._next_cookie += 1
            self.unacknowledged.add(ask)
        if ack:
            self._owed.popleft()
        return self._taken_out() + message

    def keepalive(self) -> bytes:
        """The bytes that keep an idle connection alive: a NOOP, which only versions from 3 on ignore.

        Raises:
            WireError: the version has none.
        """
        if self.version < ksock.KSOCK_PROTO_V3:
            raise WireError(f"socklnd version {self.version} has no keepalive")
        return encode_noop(byteorder=self.byteorder)

    def _taken(self, event: Event) -> Event:
        """Act on one event; gives the event to show."""
        if isinstance(event, Violation):
            self._answer_unknown(event.error)
            return event
        if isinstance(event, (LnetMessage, Noop)):
            return self._message(event)
        take: dict[type, Callable[[Any], Event]] = {AcceptorRequest: self._request, Hello: self._greeting}
        found = take.get(type(event))
        return found(event) if found is not None else event

    def _answer_unknown(self, error: WireError) -> None:
        """A version that is not known is answered with the own one, by the side that was connected to."""
        if self._mine is not None:
            return
        if not self._asked and error.path in ("acr_version", "kshm_version"):
            # an acceptor takes the magic of a HELLO for a request of a version it does not know
            self._out += encode(AcceptorRequest(0, lnet.LNET_PROTO_ACCEPTOR_VERSION, self.byteorder, 0))
        elif error.path == "kshm_version":
            version = ksock_large.KSOCK_PROTO_V4 if large_nid(self.nid).nid_size else ksock.KSOCK_PROTO_V3
            self._out += encode(self._made(version, 0, 0, 0, SocklndConnType.SOCKLND_CONN_NONE))

    def _request(self, event: AcceptorRequest) -> Event:
        if self._mine is not None:
            raise WireError(f"the acceptor knows version {event.version} only", path="acr_version")
        large = event.version == lnet_large.LNET_PROTO_ACCEPTOR_VERSION_16
        if large and ksock_large.KSOCK_PROTO_V4 not in self.versions:
            raise self._refused(WireError("unknown version 2 of a connection request", path="acr_version"))
        if large_nid(event.nid) != large_nid(self.nid):
            raise WireError(f"a connection for {nid_str(event.nid)}, this is {nid_str(self.nid)}", path="acr_nid")
        self._asked = True
        return event

    def _refused(self, error: WireError) -> WireError:
        self._answer_unknown(error)
        return error

    def _greeting(self, event: Hello) -> Event:
        if self._mine is not None:
            return self._answered(event, self._mine)
        if not self._asked:
            raise self._refused(WireError("a HELLO without a connection request", path="acr_version"))
        if event.version not in self.versions:
            raise self._refused(WireError(f"unknown version {event.version} of socklnd", path="kshm_version"))
        ctype = _INVERTED.get(SocklndConnType(event.ctype))
        if ctype is None:
            raise WireError(f"unknown type {event.ctype} of a connection", path="kshm_ctype")
        said = event
        if self._peer is not None and self._peer[1] > LNET_ACCEPTOR_MAX_RESERVED_PORT:
            address, port = self._peer
            self._source = make_nid(*_network(self.nid), address), port | lnet.LNET_PID_USERFLAG
            event = event._replace(src_nid=self._source[0], src_pid=self._source[1])
        self.hello = event
        self._out += encode(self._made(said.version, said.src_nid, said.src_pid, said.src_incarnation, ctype))
        return event

    def _answered(self, event: Hello, mine: Hello) -> Event:
        """The answer to the own HELLO."""
        if event.version != mine.version or event.ctype == SocklndConnType.SOCKLND_CONN_NONE:
            self.retry_version = event.version if event.version in self.versions else 0
            raise WireError(f"refused: the peer answers with version {event.version}", path="kshm_version")
        if self._target is None or large_nid(event.src_nid) != large_nid(self._target) or event.src_pid != mine.dst_pid:
            raise WireError(f"{nid_str(event.src_nid)} answers with PID {event.src_pid}", path="kshm_src_nid")
        if event.ctype != _INVERTED.get(SocklndConnType(mine.ctype)):
            raise WireError(f"a connection of type {mine.ctype} is answered with type {event.ctype}", path="kshm_ctype")
        self.hello = event
        return event

    def _message(self, event: LnetMessage | Noop) -> Event:
        if isinstance(event, Noop):
            if not event.keepalive or event.version < ksock.KSOCK_PROTO_V3:
                self._acknowledged(acknowledged(event.zc_cookies, noop=True))
            return event
        self._acknowledged(acknowledged(event.zc_cookies, noop=False))
        if event.zc_cookies[0]:
            self._owed.append(event.zc_cookies[0])
        if event.dest_nid != self.nid and large_nid(event.dest_nid) != large_nid(self.nid):
            if _network(event.dest_nid) == _network(self.nid):
                raise WireError(f"a message for {nid_str(event.dest_nid)}", path="dest_nid")
            return Unparsed(event.at, len(encode(event)), f"dropped: for {nid_str(event.dest_nid)}")
        if self._source is not None:
            event = event._replace(src_nid=self._source[0], src_pid=self._source[1])
        return event

    def _acknowledged(self, ranges: tuple[range, ...]) -> None:
        for cookies in ranges:
            if cookies.stop - cookies.start > len(self.unacknowledged) or not self.unacknowledged.issuperset(cookies):
                raise WireError(f"acknowledges cookies {cookies[0]} to {cookies[-1]}", path="ksm_zc_cookies")
            self.unacknowledged.difference_update(cookies)
