"""Files of any kind that hold messages, read as the messages of a capture are."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from lustre_wire.capture.captured import BULK, DATA, Captured, Statistics
from lustre_wire.capture.connections import AUTO
from lustre_wire.capture.pcap import is_capture, reading
from lustre_wire.capture.rpcs import SOCKLND_PORT, Matcher, read_messages
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames import lnet
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.lustre_msg import begins_message
from lustre_wire.frames.nid import LNET_NID_ANY
from lustre_wire.jsonform import from_json
from lustre_wire.kinds import checked
from lustre_wire.rpc import REPLY, REQUEST, encode

MAX_TEXT_LINE: Final = 64 << 20
"""Longest line of JSON or hexadecimal digits believed, bytes."""
MAX_RAW: Final = 64 << 20
"""Longest file believed to be one message, bytes."""

_PEEK = 4096
_HEX = re.compile(rb"[0-9A-Fa-f\s]*")


@checked
def read_input(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    dialect: Dialect | str = AUTO,
    port: int = SOCKLND_PORT,
    statistics: Statistics | None = None,
) -> Iterator[Captured]:
    """The messages of a file; what kind of file it is shows from its first bytes.

    ======================  ==========================================================================================
    pcap, pcapng            as `read_messages`
    JSON, an object a line  recorded messages ("hex", "dialect", "direction", and the LNet facts in "params"), or what
                            `lustre_wire.to_json` makes
    hexadecimal digits      messages; a line that begins with a lustre_msg magic begins a new one
    a lustre_msg            one message
    ======================  ==========================================================================================

    Args:
        source: a path, or a binary stream (read forward only, left open).
        dialect: a dialect or its name; "auto": what a recorded message says itself, otherwise it is found out.
        port: of captures, as in `read_messages`.
        statistics: is filled in on the way.

    Raises:
        WireError: a file of none of these kinds, a damaged one, or no such dialect. A message that cannot be decoded
            comes with its error instead.
        OSError: the file cannot be read.
        ValueError: a path that no file can have, with a NUL in it or a lone surrogate.
    """
    counts = statistics if statistics is not None else Statistics()
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as stream:
            yield from _read(stream, dialect, port, counts)
    else:
        yield from _read(source, dialect, port, counts)


class _Peeked:
    """A binary stream of which the first bytes have been looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = reading(stream)
        self.head = b""
        while len(self.head) < _PEEK and not is_capture(self.head):
            piece = self._read(_PEEK - len(self.head))
            if not piece:
                break
            self.head += piece
        self._first = self.head

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        if self._first:
            given, self._first = self._first[:size], self._first[size:]
            return given
        return self._read(size)


def _read(stream: BinaryIO, dialect: Dialect | str, port: int, counts: Statistics) -> Iterator[Captured]:
    peeked = _Peeked(stream)
    head = peeked.head
    if is_capture(head):
        yield from read_messages(cast(BinaryIO, peeked), dialect=dialect, port=port, statistics=counts)
        return
    reader = _Lone(dialect)
    if begins_message(head):
        found: Iterator[Captured] = iter([reader.message(_whole(peeked))])
    elif head.lstrip().startswith(b"{"):
        found = _json_lines(peeked, reader)
    elif head.strip() and _HEX.fullmatch(head):
        found = _hex_messages(peeked, reader)
    else:
        shown = f"bytes {head[:16].hex()}" if head else "an empty file"
        raise WireError(f"expected a capture, JSON lines, hexadecimal digits or a lustre_msg, found {shown}", offset=0)
    for captured in found:
        counts.count(captured)
        yield captured


def _whole(stream: _Peeked) -> bytes:
    parts, size = [], 0
    while piece := stream.read(1 << 20):
        parts.append(piece)
        size += len(piece)
        if size > MAX_RAW:
            raise WireError(f"a message of more than {MAX_RAW} bytes", offset=MAX_RAW)
    return b"".join(parts)


def _lines(stream: _Peeked) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their numbers from 1."""
    rest, number = b"", 0
    while piece := stream.read(1 << 20):
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > MAX_TEXT_LINE:
            raise WireError(f"line {number + len(whole) + 1} has more than {MAX_TEXT_LINE} bytes")
        for line in whole:
            number += 1
            if line.strip():
                yield number, line.strip()
    if rest.strip():
        yield number + 1, rest.strip()


class _Lone:
    """Decodes messages that come without a network: matchers by dialect, one conversation in each."""

    def __init__(self, dialect: Dialect | str) -> None:
        self._wanted = dialect
        self._matchers: dict[str, Matcher] = {}
        self._of("")  # an unknown dialect is reported before anything is read

    def _of(self, said: str) -> Matcher:
        found = self._matchers.get(said)
        if found is None:
            wanted = said if said and self._wanted == AUTO else self._wanted
            found = self._matchers[said] = Matcher(wanted)
        return found

    def message(self, data: bytes, said: str = "", event: LnetMessage | None = None) -> Captured:
        """One message; `event` is what is known of its way over the network, `said` the dialect it claims."""
        try:
            matcher = self._of(said)
        except WireError as error:
            return Captured(0, DATA, data, error=error)
        if event is not None:
            return matcher.message(0, event)
        return matcher.lone(data)


def _hex_messages(stream: _Peeked, reader: _Lone) -> Iterator[Captured]:
    parts: list[bytes] = []
    size = 0
    for number, line in _lines(stream):
        try:
            data = bytes.fromhex(line.decode("ascii"))
        except ValueError:
            raise WireError(f"line {number}: expected hexadecimal digits") from None
        if parts and begins_message(data):
            yield reader.message(b"".join(parts))
            parts, size = [], 0
        parts.append(data)
        size += len(data)
        if size > MAX_RAW:
            raise WireError(f"line {number}: a message of more than {MAX_RAW} bytes")
    if parts:
        yield reader.message(b"".join(parts))


def json_of(line: bytes | str, where: str) -> Any:
    """The value of one line of JSON; `where` says which line it is.

    Raises:
        WireError: it is no JSON, no UTF-8, or nested too deeply.
    """
    try:
        return json.loads(line)
    except RecursionError:
        raise WireError(f"{where}: JSON nested too deeply") from None
    except ValueError as error:
        raise WireError(f"{where}: expected a JSON object: {error}") from None


def _json_lines(stream: _Peeked, reader: _Lone) -> Iterator[Captured]:
    for number, line in _lines(stream):
        row = json_of(line, f"line {number}")
        if isinstance(row, dict) and row.get("kind") == BULK and "bytes" in row:  # file data that were left out
            yield Captured(0, DATA, b"")
            continue
        if not isinstance(row, dict) or not ({"hex", "buffers"} & row.keys()):
            raise WireError(f'line {number}: expected an object with "hex" or "buffers"')
        yield _recorded(row, reader, number) if "hex" in row else _from_json(row)


def _from_json(row: dict[str, Any]) -> Captured:
    try:
        message = from_json(row)
        return Captured(0, message.direction, encode(message), message)
    except WireError as error:
        return Captured(0, DATA, b"", error=error)


def _recorded(row: dict[str, Any], reader: _Lone, number: int) -> Captured:
    try:
        data = bytes.fromhex(row["hex"])
    except (TypeError, ValueError):
        raise WireError(f"line {number}: expected hexadecimal digits", path="hex") from None
    if row.get("direction") not in (REQUEST, REPLY) or not begins_message(data):
        return Captured(0, DATA, data)
    said = row.get("dialect")
    return reader.message(data, said if isinstance(said, str) else "", _event(row, data))


def _event(row: dict[str, Any], data: bytes) -> LnetMessage | None:
    """The PUT that brought a recorded message, from the facts recorded with it."""
    params = row.get("params")
    facts = params.get("_lnet") if isinstance(params, dict) else None
    if not isinstance(facts, dict):
        return None
    portal, bits, offset = (facts.get(key, 0) for key in ("portal", "match_bits_xid", "offset"))
    if not all(isinstance(value, int) for value in (portal, bits, offset)):
        return None
    put = int(lnet.LnetMsgType.LNET_MSG_PUT)
    nowhere = LNET_NID_ANY
    no_handle = b"\xff" * 16
    return LnetMessage(
        0, put, nowhere, nowhere, 0, 0, portal, bits, offset, len(data), no_handle, data, 0, 3, "little", 0, (0, 0), b""
    )
