"""Fuzz entry points: functions of bytes out of which only `WireError` may come, and it is caught here.

Each raises AssertionError where reading was not faithful. They suit any fuzzer; ``python -m
lustre_wire.testing.atheris_run`` runs one of them under Atheris.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from lustre_wire.capture import read_input, read_messages
from lustre_wire.dialects import all_dialects
from lustre_wire.errors import WireError
from lustre_wire.frames.events import Event
from lustre_wire.frames.socklnd import SocklndStream
from lustre_wire.jsonform import from_json, to_json
from lustre_wire.payloads import files, last_rcvd, llog, records
from lustre_wire.rpc import decode, encode
from lustre_wire.translate import translate


def one_message(data: bytes) -> None:
    """A lustre_msg in every dialect: the same bytes come back, also through JSON."""
    for dialect in all_dialects():
        try:
            message = decode(data, dialect)
        except WireError:
            continue
        assert encode(message) == data, "encodes to other bytes"
        assert encode(from_json(to_json(message))) == data, "encodes to other bytes after its JSON form"


def translation(data: bytes) -> None:
    """A lustre_msg of every dialect, translated to every other one: a message that can be written, or WireError."""
    for source in all_dialects():
        with suppress(WireError):
            message = decode(data, source)
            for target in all_dialects():
                with suppress(WireError):
                    encode(translate(message, target, on_loss="report").message)


def json_form(data: bytes) -> None:
    """Text as the JSON form of a message."""
    try:
        obj = json.loads(data)
    except (ValueError, RecursionError):  # of the json module: not ours to judge
        return
    with suppress(WireError):
        encode(from_json(obj))


def capture_file(data: bytes) -> None:
    """A pcap or pcapng file."""
    with suppress(WireError):
        for _ in read_messages(io.BytesIO(data)):
            pass


def any_input(data: bytes) -> None:
    """Whatever `lustre-wire decode` is given."""
    with suppress(WireError):
        for _ in read_input(io.BytesIO(data)):
            pass


def socklnd_stream(data: bytes) -> None:
    """One direction of a connection, as a node reads it and as a capture does; the pieces do not matter."""
    middle = len(data) // 2
    for resync in (False, True):
        assert _events([data], resync) == _events([data[:middle], data[middle:]], resync), "pieces give other events"


def _events(pieces: list[bytes], resync: bool) -> list[str]:
    """The events as text: exceptions in them do not compare."""
    stream = SocklndStream(resync=resync)
    events: list[Event] = []
    try:
        for piece in pieces:
            events += stream.feed(piece)
    except WireError:  # a violation ended the stream in an earlier piece
        pass
    return [repr(event) for event in events + stream.close()]


def llog_file(data: bytes) -> None:
    """A whole llog, such as a configuration log."""
    for dialect in all_dialects():
        try:
            log = llog.read_log(data, dialect)
        except WireError:
            continue
        assert llog.write_log(log) == data, "written to other bytes"


def last_rcvd_file(data: bytes) -> None:
    """A last_rcvd file."""
    for dialect in all_dialects():
        try:
            file = last_rcvd.read(data, dialect)
        except WireError:
            continue
        assert last_rcvd.write(file) == data, "written to other bytes"


def server_file(data: bytes) -> None:
    """Any file of a target, under names that tell what contents do not."""
    for path in ("CONFIGS/log", "last_rcvd", "mountdata", "lov_objid", "reply_data", "oi.16", "fld", "listing"):
        for dialect in all_dialects():
            found = files.recognise(path, data, dialect)
            if found is not None and isinstance(found.reading.value, records.RecordFile):
                assert records.write(found.reading.value) == data or found.reading.faults, "written to other bytes"


_ALL: Final = (
    one_message, translation, json_form, capture_file, any_input, socklnd_stream, llog_file, last_rcvd_file,
    server_file,
)  # fmt: skip

#: Every entry point by name.
ENTRY_POINTS: Final[dict[str, Callable[[bytes], None]]] = {entry.__name__: entry for entry in _ALL}
