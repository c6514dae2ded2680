"""What reading gives: messages with what they belong to, and counts."""

from __future__ import annotations

from collections import Counter
from typing import Final

import attrs

from lustre_wire.capture.packets import SkipCounts
from lustre_wire.capture.reassembly import ReassemblyCounts
from lustre_wire.errors import WireError
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.lnet import LnetMsgType
from lustre_wire.frames.nid import nid_str
from lustre_wire.rpc import REPLY, REQUEST, Message

EARLY_REPLY: Final = "early reply"
BULK_GET: Final = "bulk get"
LNET_PING: Final = "lnet ping"
LNET_PING_REPLY: Final = "lnet ping reply"
LNET_PUSH: Final = "lnet push"
LNET_ACK: Final = "lnet ack"
LNET_PUT: Final = "lnet put"
LNET_GET: Final = "lnet get"
LNET_REPLY: Final = "lnet reply"


@attrs.define(slots=True, eq=False)
class Captured:
    """One LNet message of a capture, or one message of a file that holds messages alone.

    Attributes:
        time_ns: when its last byte was captured, nanoseconds since 1970; 0 where that is not known.
        kind: "request", "reply", "early reply", "bulk", "bulk get"; "lnet ping", "lnet ping reply", "lnet push" (of
            discovery), "lnet ack"; "lnet put", "lnet get", "lnet reply" for what is none of these.
        raw: the payload as it was captured.
        message: the decoded request or reply; None for other kinds and where `error` says why not.
        error: why a request or reply could not be decoded.
        request: of a reply or bulk transfer the request it belongs to, of an LNet REPLY the GET, of an ACK the PUT;
            None when that was not seen.
        lnet: the LNet message; None where there was none.
        flow: addresses and ports as `packets.Segment.flow` has them; empty where there are none.
    """

    time_ns: int
    kind: str
    raw: bytes
    message: Message | None = None
    error: WireError | None = None
    request: Captured | None = attrs.field(default=None, repr=False)
    lnet: LnetMessage | None = attrs.field(default=None, repr=False)
    flow: bytes = attrs.field(default=b"", repr=False)

    @property
    def direction(self) -> str:
        """ "request" or "reply"; empty for other kinds."""
        if self.message is not None:
            return self.message.direction
        return {REQUEST: REQUEST, REPLY: REPLY, EARLY_REPLY: REPLY}.get(self.kind, "")

    @property
    def src(self) -> str:
        """NID of the sender, empty where not known."""
        return nid_str(self.lnet.src_nid) if self.lnet is not None else ""

    @property
    def dst(self) -> str:
        """NID of the receiver, empty where not known."""
        return nid_str(self.lnet.dest_nid) if self.lnet is not None else ""

    @property
    def portal(self) -> int | None:
        """LNet portal of a PUT or GET."""
        return self.lnet.portal if self.lnet is not None and self.lnet.portal >= 0 else None

    @property
    def match_bits(self) -> int | None:
        """LNet match bits: as a rule the xid."""
        return self.lnet.match_bits if self.lnet is not None and self.lnet.type != LnetMsgType.LNET_MSG_REPLY else None

    @property
    def offset(self) -> int:
        """LNet offset in bytes: where in the receiver's buffer the payload goes."""
        return self.lnet.offset if self.lnet is not None else 0

    @property
    def missing(self) -> int:
        """How many bytes of the payload the capture lacks."""
        return self.lnet.missing if self.lnet is not None else 0


@attrs.define(slots=True, eq=False)
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
        if captured.error is not None:
            self.errors += 1
        if captured.request is None and captured.kind in (REPLY, EARLY_REPLY):
            self.replies_unmatched += 1
