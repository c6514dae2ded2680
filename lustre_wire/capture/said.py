"""What the streams of a capture say, before anything of it is decoded or matched."""

from __future__ import annotations

from typing import NamedTuple, final

from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.formats import Format, Head

#: What the index says of the lustre_msg in a PUT, if there is one: reason (`bulk.Reason`), magic, pb_type, opcode, size
#: of the ptlrpc_body in bytes, status, match bits in the ptlrpc_body. A `Known` has the values in this order.
KNOWN_FIELDS = ("reason", "magic", "type", "opcode", "body", "status", "mbits")
Known = tuple[int, int, int, int, int, int, int]
AT_OPCODE, AT_STATUS, AT_MBITS = (KNOWN_FIELDS.index(name) for name in ("opcode", "status", "mbits"))


@final
class Put(NamedTuple):
    """A whole PUT of which nothing has been read but its headers.

    Attributes:
        key: addresses and ports.
        head: what the headers say.
        frame: headers and payload.
        at: offset in the stream.
        form: how the headers are read.
    """

    key: bytes
    head: Head
    known: Known
    frame: bytes
    at: int
    form: Format


class Other(NamedTuple):
    """Any other LNet message, or a PUT that is not whole; `key`: addresses and ports."""

    key: bytes
    event: LnetMessage


Said = tuple[int, int, Put | Other]
"""When a message was complete, with which packet of the file, and the message."""


def head_of(event: LnetMessage) -> Head:
    """What the headers of a message say, as those of a PUT."""
    ask, ack = event.zc_cookies
    return (
        0, event.csum, ask, ack, event.dest_nid, event.src_nid, event.dest_pid, event.src_pid, event.type, event.length,
        event.handle, event.match_bits, 0, event.portal, event.offset,
    )  # fmt: skip
