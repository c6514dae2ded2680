"""What reading gives: messages with what they belong to, and counts."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import attrs

from lustre_wire.capture.packets import SkipCounts
from lustre_wire.capture.reassembly import ReassemblyCounts
from lustre_wire.capture.said import AT_OPCODE, AT_STATUS, Put
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.formats import lnet_message
from lustre_wire.frames.lnet import LnetMsgType
from lustre_wire.frames.nid import Nid, nid_str
from lustre_wire.jsontext import json_text, text_and_format
from lustre_wire.kinds import checked
from lustre_wire.message import opcode_name
from lustre_wire.reading import format_of, reader_of
from lustre_wire.rpc import REPLY, REQUEST, Message, decode
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.text import title

EARLY_REPLY: Final = "early reply"
BULK_GET: Final = "bulk get"
LNET_PING: Final = "lnet ping"
LNET_PING_REPLY: Final = "lnet ping reply"
LNET_PUSH: Final = "lnet push"
LNET_SELFTEST: Final = "lnet selftest"
LNET_ACK: Final = "lnet ack"
LNET_PUT: Final = "lnet put"
LNET_GET: Final = "lnet get"
LNET_REPLY: Final = "lnet reply"
BULK: Final = "bulk"
#: What a line of a recording is when it is no lustre_msg.
DATA: Final = "data"
#: All there are.
KINDS: Final = (
    REQUEST, REPLY, EARLY_REPLY, BULK, BULK_GET, LNET_PING, LNET_PING_REPLY, LNET_PUSH, LNET_SELFTEST, LNET_ACK,
    LNET_PUT, LNET_GET, LNET_REPLY, DATA,
)  # fmt: skip


class Route(NamedTuple):
    """The way of an LNet message.

    Attributes:
        src, dst: NIDs of sender and receiver; None where there was no LNet.
        match_bits: as a rule the xid; None where it has none.
        portal: of a PUT or GET; None for others.
        offset: bytes, where in the receiver's buffer the payload goes.
    """

    src: Nid | None
    dst: Nid | None
    match_bits: int | None
    portal: int | None
    offset: int


_NOWHERE: Final = Route(None, None, None, None, 0)
_tuple: Final = tuple.__new__  # skips the Python-level constructor of a NamedTuple


@attrs.define(slots=True, eq=False)
class Captured:
    """One LNet message of a capture, or one message of a file that holds messages alone.

    What a message is (`dialect`, `opcode`, `status`, `format`, `name`) is known without decoding it; `message` is
    decoded when it is first asked for.

    Attributes:
        time_ns: when its last byte was captured, nanoseconds since 1970; 0 where that is not known.
        kind: "request", "reply", "early reply", "bulk", "bulk get"; "lnet ping", "lnet ping reply", "lnet push" (of
            discovery), "lnet selftest", "lnet ack"; "lnet put", "lnet get", "lnet reply" for what is none of these.
        error: why a request or reply could not be decoded.
        partial: what is known of a request or reply that the capture has only the beginning of, its ptlrpc_body and
            more, read with zeroes instead of what is not there; `there` says how many bytes are.
        certain: the dialect in which the message will be read when it is asked for, which cannot fail; None where it
            was read at once.
        request: of a reply or bulk transfer the request it belongs to, of an LNet REPLY the GET, of an ACK the PUT;
            None when that was not seen.
        flow: addresses and ports as `packets.Segment.flow` has them; empty where there are none.
        packet: number of the packet with its last byte, from 1, as Wireshark counts frames; 0 where it came in none.
        beside: other messages of its RPC that say how it is read, where somebody looked for them (`cli.settled`): of
            pages in bulk the reply, of a reply the bulk data of its request.
    """

    time_ns: int
    kind: str
    _raw: bytes | None
    _message: Message | None = None
    error: WireError | None = None
    request: Captured | None = attrs.field(default=None, repr=False)
    _lnet: LnetMessage | None = attrs.field(default=None, repr=False)
    flow: bytes = attrs.field(default=b"", repr=False)
    _put: Put | None = attrs.field(default=None, init=False, repr=False)
    _frame: bytes = attrs.field(default=b"", init=False, repr=False)
    certain: Dialect | None = attrs.field(default=None, init=False, repr=False)
    _form: RpcFormat | None = attrs.field(default=None, init=False, repr=False)
    partial: Message | None = attrs.field(default=None, init=False, repr=False)
    packet: int = attrs.field(default=0, init=False, repr=False)
    beside: tuple[Captured, ...] = attrs.field(default=(), init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return self._said() == other._said() if type(other) is Captured else NotImplemented

    def __hash__(self) -> int:
        return hash((self.time_ns, self.flow, self.raw))

    def _said(self) -> tuple[Any, ...]:
        """What two of them are compared by: not whether they were looked at."""
        return (
            self.time_ns, self.kind, self.flow, self.raw, self.dialect, str(self.error or ""), self.lnet, self.request,
        )  # fmt: skip

    @classmethod
    def of(cls, time_ns: int, kind: str, put: Put) -> Captured:
        """A PUT of which nothing else is known yet."""
        made = _new(cls)  # not through __init__, which costs as much as all else that is done with a message
        made.time_ns = time_ns
        made.kind = kind
        made.flow, _, _, made._frame, _, _ = made._put = put
        made._raw = made._lnet = made._message = made.error = made.request = None
        made.certain = made._form = made.partial = None
        made.packet = 0
        made.beside = ()
        return made

    def decoded(self, message: Message) -> None:
        """This is the message."""
        self._message = message

    @property
    def raw(self) -> bytes:
        """The payload as it was captured."""
        return self._frame[self._put.form.size :] if self._put is not None else self._raw or b""

    @property
    def size(self) -> int:
        """How many bytes are kept of it: the payload, and perhaps headers."""
        return len(self._frame or self._raw or b"")

    @property
    def lnet(self) -> LnetMessage | None:
        """The LNet message; None where there was none."""
        put = self._put
        if self._lnet is None and put is not None:
            self._lnet = lnet_message(put.form, put.head, put.frame, 0, self.raw, 0, put.at)
        return self._lnet

    @property
    def message(self) -> Message | None:
        """The decoded request or reply; None for other kinds and where `error` says why not."""
        if self._message is None and self.certain is not None:
            self._message = decode(self.raw, self.certain, request=self._asked)
        return self._message

    @property
    def _asked(self) -> Message | RpcFormat | None:
        """What says how a reply is read."""
        request = self.request
        if request is None:
            return None
        form = request.format if request._message is None else None
        return form if form is not None and not form.asks else request.message

    @checked
    def json_text(self, names: bool = False) -> str | None:
        """The JSON text of `message`, which is not decoded if that is not needed; None where there is none.

        Args:
            names: with what its numbers are called.
        """
        if self._message is not None:
            return json_text(self._message, names=names)
        if self.certain is None:
            return None
        text, self._form = text_and_format(self.raw, self.certain, self._asked, names)
        return text

    def header(self) -> Any:
        """The lustre_msg header of a request or reply, read alone where the message is not decoded.

        Raises:
            WireError: the payload has none.
        """
        read = self._read
        return read.header if read is not None else lustre_msg.split(self.raw).header

    @property
    def _read(self) -> Message | None:
        """The message as far as it was read already."""
        return self._message if self._message is not None else self.partial

    @property
    def there(self) -> int:
        """How many bytes of the payload the capture has."""
        return len(self.raw)

    @property
    def is_rpc(self) -> bool:
        """Whether there is a `message`, or at least a `partial` one."""
        return self.certain is not None or self._read is not None

    @property
    def direction(self) -> str:
        """ "request" or "reply"; empty for other kinds."""
        if (read := self._read) is not None:
            return read.direction
        return _DIRECTIONS.get(self.kind, "")

    @property
    def dialect(self) -> Dialect | None:
        """In whose light the message is read; None when there is none."""
        return read.dialect if (read := self._read) is not None else self.certain

    @property
    def opcode(self) -> int:
        """As `Message.opcode`; 0 when there is no message."""
        if (read := self._read) is not None:
            return read.opcode
        return self._put.known[AT_OPCODE] if self.certain is not None and self._put is not None else 0

    @property
    def status(self) -> int:
        """As `Message.status`; 0 when there is no message."""
        if (read := self._read) is not None:
            return read.status
        return self._put.known[AT_STATUS] if self.certain is not None and self._put is not None else 0

    @property
    def format(self) -> RpcFormat | None:
        """As `Message.format`: the RPC format, None when there is none for it or no message."""
        if (read := self._read) is not None:
            return read.format
        if self._form is None and self.certain is not None:
            if self.kind == REQUEST:
                self._form = self._requested(self.certain)
            elif self.request is not None:
                self._form = self.request.format
            else:
                self._form = reader_of(self.certain).reply_format(self.opcode)
        return self._form

    def _requested(self, dialect: Dialect) -> RpcFormat | None:
        forms = dialect.by_opcode.get(self.opcode, ())
        return forms[0] if len(forms) == 1 and not forms[0].match else format_of(self.raw, dialect, self.opcode)

    @property
    def name(self) -> str:
        """What to call the message: its format, its opcode, or that a security policy wraps it; empty without one."""
        if (read := self._read) is not None:
            return title(read)
        form = self.format
        if form is not None:
            return form.name
        return opcode_name(self.certain, self.opcode) if self.certain is not None else ""

    @property
    def route(self) -> Route:
        """Who sends to whom, and where it goes there; nothing is known of a message without LNet."""
        if self._put is not None:
            _, _, _, _, dst, src, _, _, _, _, _, match_bits, _, portal, offset = self._put.head
            return _tuple(Route, (src, dst, match_bits, portal, offset))
        if self._lnet is None:
            return _NOWHERE
        lnet = self._lnet
        portal = lnet.portal if lnet.portal >= 0 else None
        match_bits = None if lnet.type == LnetMsgType.LNET_MSG_REPLY else lnet.match_bits
        return Route(lnet.src_nid, lnet.dest_nid, match_bits, portal, lnet.offset)

    @property
    def src(self) -> str:
        """NID of the sender, empty where not known."""
        return nid_str(nid) if (nid := self.route.src) is not None else ""

    @property
    def dst(self) -> str:
        """NID of the receiver, empty where not known."""
        return nid_str(nid) if (nid := self.route.dst) is not None else ""

    @property
    def portal(self) -> int | None:
        """LNet portal of a PUT or GET."""
        return self.route.portal

    @property
    def match_bits(self) -> int | None:
        """LNet match bits: as a rule the xid."""
        return self.route.match_bits

    @property
    def offset(self) -> int:
        """LNet offset in bytes: where in the receiver's buffer the payload goes."""
        return self.route.offset

    @property
    def missing(self) -> int:
        """How many bytes of the payload the capture lacks."""
        return self._lnet.missing if self._lnet is not None else 0  # a `Put` is whole


_new: Final = object.__new__
_DIRECTIONS: Final = {REQUEST: REQUEST, REPLY: REPLY, EARLY_REPLY: REPLY}


@attrs.define(slots=True)
class Statistics:
    """What a capture held, filled in while it is read.

    Attributes:
        kinds: how many messages of each kind.
        lnet_types: how many LNet messages of each type (`lnet.LnetMsgType`).
        replies_unmatched: replies and early replies whose request was not seen.
        errors: requests and replies that could not be decoded.
        handshakes: connection requests of the acceptor and HELLOs.
        noops: socklnd messages without an LNet message.
        incomplete: LNet messages of which the capture lacks bytes.
        unparsed: bytes between messages that are none; lost ones count.
        skipped: packets without a TCP segment.
        segments: what became of the segments; `segments.lost` are bytes that the capture lacks.
    """

    kinds: Counter[str] = attrs.field(factory=Counter)
    lnet_types: Counter[int] = attrs.field(factory=Counter)
    replies_unmatched: int = 0
    errors: int = 0
    handshakes: int = 0
    noops: int = 0
    incomplete: int = 0
    unparsed: int = 0
    skipped: SkipCounts = attrs.field(factory=SkipCounts)
    segments: ReassemblyCounts = attrs.field(factory=ReassemblyCounts)

    @property
    def messages(self) -> int:
        """How many messages there were, of all kinds."""
        return self.kinds.total()

    def count(self, captured: Captured) -> None:
        """Add one message."""
        self.kinds[captured.kind] += 1
        if captured.error is not None and captured.partial is None:
            self.errors += 1
        if captured.request is None and captured.kind in (REPLY, EARLY_REPLY):
            self.replies_unmatched += 1
