"""One direction of a socklnd connection: bytes in any portions in, events out.

What makes a receiver close a connection is restated from lnet/lnet/lib-move.c (lnet_parse) and
lnet/klnds/socklnd/socklnd_cb.c (ksocknal_process_receive) of 1.8.9-wc1 and 2.0.0. Version 4 is that of 2.17.0.
"""

from __future__ import annotations

import re
from functools import cache

from lustre_wire.errors import WireError
from lustre_wire.frames import handshake, ksock, lnet
from lustre_wire.frames.events import Event, Noop, Unparsed, Violation, checksum, ksock_header
from lustre_wire.frames.formats import (
    AT_COOKIES,
    AT_CSUM,
    AT_LENGTH,
    AT_MESSAGE,
    AT_TYPE,
    FORMATS,
    KSOCK_SIZE,
    Format,
    Head,
    lnet_message,
)
from lustre_wire.schema.nodes import ByteOrder

_ACK, _PUT, _GET, _REPLY = (int(t) for t in list(lnet.LnetMsgType)[:4])
_NAMES = {int(t): t.name for t in lnet.LnetMsgType}
_new = tuple.__new__

# What a stream may hold whose HELLO was not seen; version 2 looks like version 3.
_GUESSES = tuple(f for f in FORMATS.values() if f.version != ksock.KSOCK_PROTO_V2)
_LONGEST = max(f.size for f in _GUESSES)
_KINDS: dict[bytes, tuple[int, ByteOrder]] = {
    kind.to_bytes(4, order): (kind, order)
    for kind in (ksock.KSOCK_MSG_NOOP, ksock.KSOCK_MSG_LNET)
    for order in ("little", "big")
}


@cache
def _pattern(*known: Format) -> re.Pattern[bytes]:
    """What a plausible header of a format looks like, or of any that may be guessed."""
    return re.compile(b"|".join(b"(%s)" % f.pattern for f in known or _GUESSES), re.DOTALL)


class SocklndStream:
    """Reads one direction of one connection.

    Args:
        max_payload: the longest payload accepted, in bytes; no more than one is ever kept.
        resync: False, as a node does: the stream begins with a connection request or a HELLO, and a violation of the
            protocol is its last event. True, as a reader of captures does: it may begin at any message, and after a
            violation or a hole it goes on at the next plausible header.

    Attributes:
        limits: the longest payload by type of LNet message.
        position: where in the stream the bytes begin that are not read yet.
        rest: those of them that are there, a header's at most while the stream is `between` messages.

    Events are the same however the bytes are portioned. Time is linear in the bytes.
    """

    def __init__(self, *, max_payload: int = lnet.LNET_MAX_PAYLOAD, resync: bool = False) -> None:
        self.limits = {_ACK: 0, _PUT: max_payload, _GET: 0, _REPLY: max_payload}
        self._resync = resync
        self._acceptor = True  # a connection request may still come
        self.position = 0
        self.rest = b""
        self._format: Format | None = None
        self._hello = False
        self._error: WireError | None = None
        self._step = self._begin
        self._closing = False
        # the message whose payload is not complete
        self._at = 0
        self._head: Head | None = None
        self._header = b""  # both headers' bytes
        self._payload = bytearray()
        self._need = 0
        self._hole = False
        # the run of bytes that are no message
        self._skip_at = 0
        self._skipped = 0
        self._reason = ""

    @property
    def version(self) -> int:
        """Version of the protocol as far as known, 0 before."""
        return self._format.version if self._format is not None else 0

    @property
    def between(self) -> Format | None:
        """The format of the messages while the stream is between two of them, None otherwise."""
        return self._format if self._head is None and self._step == self._messages else None

    def passed(self, size: int) -> None:
        """While `between`: somebody else has taken `rest` and what follows it, and read `size` bytes of it."""
        self.position += size
        self.rest = b""

    def feed(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """The next bytes of the stream.

        Returns:
            What became complete. Without `resync`, a `Violation` comes last.

        Raises:
            WireError: after a `Violation`, the same error again.
        """
        if self._error is not None:
            raise self._error
        data = bytes(data)
        out: list[Event] = []
        if self._head is not None:
            data = self._more(data, out)
        elif self.rest:
            data = self.rest + data
        self._run(data, out)
        return out

    def lost(self, size: int) -> list[Event]:
        """The capture lacks the next `size` bytes.

        Raises:
            WireError: without `resync`, or a negative size.
        """
        if size < 0:
            raise WireError(f"a hole of {size} bytes", offset=self.position + len(self.rest))
        if not self._resync:
            raise WireError(f"{size} bytes of the stream are missing", offset=self.position + len(self.rest))
        out: list[Event] = []
        if self._head is not None:
            inside = min(size, self._need)
            self._hole = self._hole or inside > 0
            self._need -= inside
            self.position += inside
            size -= inside
            if not self._need:
                self._complete(out)
        if size:
            self._skip("bytes are missing", self.position)
            self._skipped += len(self.rest) + size
            self.position += len(self.rest) + size
            self.rest = b""
        return out

    def close(self) -> list[Event]:
        """The stream has ended: what is incomplete comes as an event too."""
        out: list[Event] = []
        if self._error is not None:
            return out
        self._closing = True
        self._run(self.rest, out)
        if self._head is not None:
            self._complete(out)
        elif self.rest:
            self._skip("the stream ends inside a header", self.position)
            self._skipped += len(self.rest)
        self._flush(out)
        self.position += len(self.rest)
        self.rest = b""
        return out

    def _run(self, data: bytes, out: list[Event]) -> None:
        pos = 0
        while True:
            step = self._step
            end = step(data, pos, out)
            if end == len(data):
                pos = end
                break
            if end == pos and step == self._step:
                break
            pos = end
        self.position += pos
        self.rest = data[pos:] if pos else data

    def _begin(self, data: bytes, pos: int, out: list[Event]) -> int:
        """A connection request, a HELLO, or with `resync` a message."""
        magic = data[pos : pos + handshake.MAGIC_SIZE]
        if len(magic) < handshake.MAGIC_SIZE:
            return pos
        try:
            if magic in handshake.ACCEPTOR and self._acceptor:
                request = handshake.acceptor_request(data, pos, self.position + pos)
                if request is None:
                    return pos
                out.append(request[0])
                self._acceptor = False
                return request[1]
            if magic in handshake.HELLO or magic == handshake.HELLO_V1:
                found = handshake.hello(data, pos, self.position + pos)
                if found is None:
                    return pos
                out.append(found[0])
                self._hello, self._step = True, self._messages
                self._format = FORMATS[found[0].version, found[0].byteorder]
                return found[1]
        except WireError as error:
            return self._violated(error, data, pos, out)
        if self._resync:
            self._step = self._guess
            return pos
        text = f"expected a HELLO, got bytes {magic.hex()}"
        return self._violated(WireError(text, path="kshm_magic", offset=self.position + pos), data, pos, out)

    def _guess(self, data: bytes, pos: int, out: list[Event]) -> int:
        """The first message of a stream whose HELLO was not seen, if it begins here."""
        there = len(data) - pos
        kind, order = _KINDS.get(data[pos : pos + 4], (0, "little"))
        if kind == ksock.KSOCK_MSG_NOOP:
            if there < KSOCK_SIZE:
                return pos
            return self._noop(FORMATS[ksock.KSOCK_PROTO_V3, order], data, pos, out)
        for guess in _GUESSES:
            if bool(guess.ksock) != bool(kind) or (kind and guess.byteorder != order):
                continue
            if there < guess.size:
                return pos
            if _pattern(guess).match(data, pos) and self._plausible(guess, data, pos):
                self._settle(guess, data, pos)
                return pos
        self._skip("no message begins here", self.position + pos)
        return pos

    def _messages(self, data: bytes, pos: int, out: list[Event]) -> int:
        """Messages as long as each is whole, has no checksum, and nothing is wrong with it."""
        form = self._format
        assert form is not None
        size, read, limits, end = form.size, form.read, self.limits, len(data)
        while True:
            start = pos + size
            if start > end:
                if form.ksock and pos + KSOCK_SIZE <= end and form.read_ksock(data, pos)[0] != ksock.KSOCK_MSG_LNET:
                    return self._other(form, data, pos, out)
                return pos
            head = read(data, pos)
            if head[AT_TYPE] != ksock.KSOCK_MSG_LNET:
                return self._other(form, data, pos, out)
            length = head[AT_LENGTH]
            if length > limits.get(head[AT_MESSAGE], -1) or head[AT_CSUM]:
                return self._checked(form, head, data, pos, out)
            stop = start + length
            if stop > end:
                return self._keep(head, data, pos, start)
            out.append(lnet_message(form, head, data, pos, data[start:stop], 0, self.position + pos))
            if stop == end:
                return end
            pos = stop

    def _checked(self, form: Format, head: Head, data: bytes, pos: int, out: list[Event]) -> int:
        """A message that something is wrong with, or that has a checksum."""
        form = self._settle(form, data, pos)
        fault = self._fault(form, head, self.position + pos)
        if fault is not None:
            return self._violated(fault, data, pos, out)
        start = pos + form.size
        end = self._keep(head, data, pos, start)
        if not self._need:
            self._complete(out)
        return end

    def _fault(self, form: Format, head: Head, at: int) -> WireError | None:
        """Why a receiver closes the connection for this header (lnet_parse, ksocknal_process_receive)."""
        type_, length = head[AT_MESSAGE], head[AT_LENGTH]
        limit = self.limits.get(type_)
        if limit is None:
            return WireError(f"unknown LNet message type {type_}", path="type", offset=at)
        if length > limit:
            allowed = f"at most {limit} are allowed" if limit else "none is allowed"
            text = f"{_NAMES[type_]} with a payload of {length} bytes, {allowed}"
            return WireError(text, path="payload_length", offset=at)
        if head[AT_CSUM] and form.version != ksock.KSOCK_PROTO_V2:
            what = f"checksum {head[AT_CSUM]:#x} in socklnd version {form.version}"
            return WireError(what, path="ksm_csum", offset=at)
        return None

    def _other(self, form: Format, data: bytes, pos: int, out: list[Event]) -> int:
        kind = form.read_ksock(data, pos)[0]
        if kind == ksock.KSOCK_MSG_NOOP:
            return self._noop(form, data, pos, out)
        error = WireError(f"unknown socklnd message type {kind:#x}", path="ksm_type", offset=self.position + pos)
        return self._violated(error, data, pos, out)

    def _noop(self, form: Format, data: bytes, pos: int, out: list[Event]) -> int:
        kind, csum, first, second = form.read_ksock(data, pos)
        cookies = (first, second)
        if csum:
            summed = form.version == ksock.KSOCK_PROTO_V2 or not self._hello
            wanted = checksum(ksock_header(kind, 0, cookies, form.byteorder)) if summed else 0
            if csum != wanted:
                text = f"NOOP with checksum {csum:#x}, expected {wanted:#x}"
                return self._violated(WireError(text, path="ksm_csum", offset=self.position + pos), data, pos, out)
        out.append(Noop(self.position + pos, form.version, form.byteorder, csum, cookies))
        return pos + KSOCK_SIZE

    def _keep(self, head: Head, data: bytes, pos: int, start: int) -> int:
        """Keep a message until its payload is there; returns where its part of `data` ends."""
        end: int = min(len(data), start + head[AT_LENGTH])
        self._at, self._head, self._header = self.position + pos, head, data[pos:start]
        self._payload, self._need, self._hole = bytearray(data[start:end]), head[AT_LENGTH] - (end - start), False
        return end

    def _more(self, data: bytes, out: list[Event]) -> bytes:
        """Give the message that is kept what it needs; returns the rest."""
        taken = min(len(data), self._need)
        if not self._hole:
            self._payload += data[:taken]
        self._need -= taken
        self.position += taken
        if not self._need:
            self._complete(out)
        return data[taken:]

    def _complete(self, out: list[Event]) -> None:
        """The message that is kept, as far as it is there."""
        form, head = self._format, self._head
        assert form is not None and head is not None
        payload, missing = bytes(self._payload), head[AT_LENGTH] - len(self._payload)
        self._head, self._payload = None, bytearray()
        if head[AT_CSUM] and not missing:
            bare = ksock_header(head[AT_TYPE], 0, head[AT_COOKIES], form.byteorder) + self._header[form.ksock :]
            wanted = checksum(payload, checksum(bare))
            if wanted != head[AT_CSUM]:
                what = f"checksum {head[AT_CSUM]:#x}, computed {wanted:#x}"
                error = WireError(what, path="ksm_csum", offset=self._at)
                if self._resync:
                    out.append(Unparsed(self._at, len(self._header) + len(payload), str(error)))
                else:
                    self._die(error, self._at, out)
                return
        out.append(lnet_message(form, head, self._header, 0, payload, missing, self._at))

    def _violated(self, error: WireError, data: bytes, pos: int, out: list[Event]) -> int:
        if self._resync:
            self._skip(str(error), self.position + pos)
            self._skipped += 1
            return pos + 1
        self._die(error, self.position + pos, out)
        return len(data)

    def _die(self, error: WireError, at: int, out: list[Event]) -> None:
        self._error = error
        self._step = self._dead
        out.append(Violation(at, error))

    def _dead(self, data: bytes, pos: int, out: list[Event]) -> int:
        return len(data)

    def _skip(self, reason: str, at: int) -> None:
        """From stream offset `at` on look for the next header, unless that goes on already."""
        if self._step == self._search:
            return
        self._step = self._search
        self._skip_at, self._skipped, self._reason = at, 0, reason
        if not self._hello:
            self._format = None

    def _flush(self, out: list[Event]) -> None:
        if self._skipped:
            out.append(Unparsed(self._skip_at, self._skipped, self._reason))
            self._skipped = 0

    def _search(self, data: bytes, pos: int, out: list[Event]) -> int:
        """Skip to the next plausible header. A place counts only when the longest header would fit there."""
        known = self._format
        pattern, longest = (_pattern(), _LONGEST) if known is None else (_pattern(known), known.size)
        limit = len(data) if self._closing else max(pos, len(data) - longest + 1)
        at = pos
        while (found := pattern.search(data, at)) is not None and found.start() < limit:
            at = found.start()
            form = known or _GUESSES[(found.lastindex or 1) - 1]
            if self._plausible(form, data, at):
                self._skipped += at - pos
                self._flush(out)
                self._settle(form, data, at)
                return at
            at += 1
        self._skipped += limit - pos
        return limit

    def _plausible(self, form: Format, data: bytes, pos: int) -> bool:
        head = form.read(data, pos)
        summed = form.version == ksock.KSOCK_PROTO_V2 or (form.version == ksock.KSOCK_PROTO_V3 and not self._hello)
        return head[AT_LENGTH] <= self.limits[head[AT_MESSAGE]] and (summed or not head[AT_CSUM])

    def _settle(self, form: Format, data: bytes, pos: int) -> Format:
        """Read messages of this format from now on; without a HELLO, a checksum means version 2."""
        if not self._hello and form.version == ksock.KSOCK_PROTO_V3 and form.read(data, pos)[1]:
            form = FORMATS[ksock.KSOCK_PROTO_V2, form.byteorder]
        self._format = form
        self._step = self._messages
        return form
