"""No bytes are too odd for the readers of files: they give what they could read, or one WireError, in linear time."""

from __future__ import annotations

import json
import struct

from hypothesis import example, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.payloads import attributes, precheck
from lustre_wire.payloads.files import recognise
from lustre_wire.payloads.target import assemble, to_json

PATHS = (
    "CATALOGS", "lov_objid", "O/0/LAST_ID", "seq_srv", "capa_keys", "reply_data", "last_rcvd", "CONFIGS/mountdata",
    "CONFIGS/lustre-client", "oi.16", "fld", "lfsck_namespace", "dir", "xattrs",
)  # fmt: skip
HEADS = (
    b"", struct.pack("<4I", 8192, 0, 0x10645539, 0), struct.pack(">4I", 32768, 0, 0x10645539, 0),
    struct.pack("<I", 0x1DD00001), struct.pack("<Q3H", 0xBEDABB1ED, 8, 24, 4), struct.pack("<2I", 0xD9C01F11, 1),
    struct.pack("<3I", 0xBDABDA02, 32, 64), struct.pack("<IHBB4s", 2, 12, 1, 2, b"."), b"# file: x\n", b'{"ino": 1}',
)  # fmt: skip
NAMES = (
    "trusted.lov",
    "trusted.lma",
    "trusted.lmv",
    "trusted.fid",
    "trusted.link",
    "system.posix_acl_access",
    "user.x",
)
MAGICS = (0xBD10BD0, 0xBD30BD0, 0xBD60BD0, 0xBD70BD0, 0xCD20CD0, 0x11EAF1DF)


@given(
    st.sampled_from(PATHS), st.sampled_from(HEADS), st.binary(max_size=600), st.integers(0, 40_000),
    st.sampled_from(["1.8", "2.0"]), st.sampled_from(["", "1.8.0", "2.10.8", "2.17.0"]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_bytes_under_any_name(
    path: str, head: bytes, tail: bytes, zeroes: int, dialect: str, release: str
) -> None:  # fmt: skip
    data = head + bytes(zeroes) + tail
    file = recognise(path, data, dialect, release)
    if file is not None:
        [str(fault) for fault in file.reading.faults]
        list(precheck.of_file(path, file, release or "2.0.0"))
    json.dumps(to_json(assemble([(path, data)], dialect, release)))


@given(st.sampled_from(NAMES), st.one_of(st.binary(max_size=200), st.builds(
    lambda magic, rest: struct.pack("<I", magic) + rest, st.sampled_from(MAGICS), st.binary(max_size=200)
)))  # fmt: skip
@example("trusted.lov", struct.pack("<3I2H", 0xBD60BD0, 240, 1, 0, 0xFFFF) + bytes(12) + bytes(48))
@example("trusted.lov", struct.pack("<2I2QI2H", 0xBD10BD0, 1, 0, 0, 65536, 9, 0) + bytes(24))
@settings(max_examples=150, deadline=None)
def test_any_value_of_an_attribute(name: str, data: bytes) -> None:
    try:
        value = attributes.read(name, data, "1.8")
    except lw.WireError:
        return
    assert attributes.write(value) == data
    json.dumps(attributes.to_json(value))


@given(st.text(max_size=200), st.text("0123456789abcdef", max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_listing(text: str, digits: str) -> None:
    for listing in (
        text,
        f"# file: {text}\ntrusted.lma=0x{digits}",
        json.dumps({"ino": text, "xattrs": {text: digits}}),
    ):
        reading = attributes.examine_listing(listing.encode("utf-8", "surrogatepass"), "2.0")
        assert all(fault.does is not None for fault in reading.faults)
