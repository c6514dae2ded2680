"""One LNet operation as recovery sees it, and the numbers both sides draw from."""

from __future__ import annotations

import random

import attrs

PUT, GET, REPLY = "PUT", "GET", "REPLY"


def host(nid: int) -> int:
    """The NID on the network, without what one node adds to it to tell apart user-space peers of one address."""
    return nid & 0xFFFFFFFFFFFFFFFF


@attrs.define(slots=True, frozen=True)
class Packet:
    """A PUT, a GET or the REPLY to a GET.

    Attributes:
        kind: `PUT`, `GET` or `REPLY`.
        source, target: NIDs, 64 bits, or more where one node tells apart peers of one address (`host`).
        portal, match_bits, offset: as in the LNet header; a REPLY carries none of them.
        data: payload of a PUT (a lustre_msg, or bulk data) or a REPLY (bulk data).
        length: bytes a GET asks for.
        cookie: pairs a REPLY with its GET; the sender's, echoed.
    """

    kind: str
    source: int
    target: int
    portal: int = 0
    match_bits: int = 0
    offset: int = 0
    data: bytes = b""
    length: int = 0
    cookie: int = 0


class Handles:
    """Handle cookies: random 64-bit numbers, never zero, the same for the same seed.

    Lustre counts (obdclass/lustre_handles.c), so that who has one handle knows the next; here none says anything of
    another, and a peer that uses a handle it was not given is found out.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def new(self) -> int:
        return self._random.randrange(1, 1 << 64)


class Xids:
    """Request numbers of one node, increasing: seeded with time << 20 (ptlrpc/client.c: ptlrpc_init_xid)."""

    def __init__(self, seconds: int) -> None:
        self.last = seconds << 20

    def new(self) -> int:
        self.last += 1
        return self.last
