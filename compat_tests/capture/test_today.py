"""What connections of 2.1 and later have of their own: how they are known, and what match bits say of them."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.capture.captures import messages, path_of
from lustre_codecs.enums.connect import ObdConnect
from lustre_wire.capture.captured import Captured
from lustre_wire.capture.connected import connected
from lustre_wire.capture.rpcs import Matcher
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.lnet import LnetMsgType
from lustre_wire.frames.nid import parse_nid

CLIENT, SERVER = parse_nid("10.0.0.1@tcp"), parse_nid("10.0.0.2@tcp")
FID, FULL20, BIT_38 = (
    int(flag) for flag in (ObdConnect.OBD_CONNECT_FID, ObdConnect.OBD_CONNECT_FULL20, ObdConnect.OBD_CONNECT_64BITHASH)
)
VERSION = int(ObdConnect.OBD_CONNECT_VERSION)
EINPROGRESS = int(ObdConnect.OBD_CONNECT_EINPROGRESS)


def put(data: bytes, portal: int, match_bits: int, back: bool = False, offset: int = 0) -> LnetMessage:
    src, dest = (SERVER, CLIENT) if back else (CLIENT, SERVER)
    kind = int(LnetMsgType.LNET_MSG_PUT)
    return LnetMessage(
        0, kind, src, dest, 12345, 12345, portal, match_bits, offset, len(data), bytes(16), data, 0, 3, "little", 0,
        (0, 0), b"",
    )  # fmt: skip


def version(text: str) -> int:
    major, minor, patch = (int(part) for part in text.split("."))
    return major << 24 | minor << 16 | patch << 8


def connected_by(dialect: str, target: str, asked: tuple[int, str], granted: tuple[int, str]) -> list[Captured]:
    """A connect and its reply as nodes of that dialect write them."""
    form = lw.dialect(dialect).rpcs[f"{target}_CONNECT"]
    data = lw.dialect(dialect).structs["obd_connect_data"]
    said = [data(ocd_connect_flags=flags, ocd_version=version(release)) for flags, release in (asked, granted)]
    handle = lw.dialect(dialect).structs["lustre_handle"](cookie=7)
    request = lw.build(
        dialect, form.key, target_uuid=b"t", client_uuid=b"c", conn_handle=handle, connect_data=said[0],
    )  # fmt: skip
    reply = lw.build(dialect, form.key, "reply", connect_data=said[1])
    matcher = Matcher()
    assert form.portal is not None and form.reply_portal is not None
    return [
        matcher.message(1, put(lw.encode(request), form.portal, 64)),
        matcher.message(2, put(lw.encode(reply), form.reply_portal, 64, back=True)),
    ]


@pytest.mark.parametrize(
    ("written", "target", "asked", "granted", "read"),
    [
        ("1.8", "MDS", (VERSION | FID, "1.8.9"), (VERSION, "1.8.9"), "1.8"),
        ("1.8", "OST", (VERSION, "1.8.9"), (VERSION, "1.8.9"), "1.8"),
        ("1.8", "MGS", (VERSION, "1.8.9"), (VERSION, "1.8.0"), "1.8"),
        ("2.0", "MDS", (VERSION | FID, "2.0.0"), (VERSION | FID, "2.0.0"), "2.0"),
        ("2.0", "MGS", (VERSION | FULL20, "2.0.0"), (VERSION | FULL20, "2.0.0"), "2.0"),
        # a 1.8.9 client knows some of the later flags, and sends to any 2.x server what it sends to 2.0
        ("2.0", "MDS", (VERSION | FID | EINPROGRESS, "1.8.9"), (VERSION | FID | EINPROGRESS, "2.5.3"), "2.0"),
        ("2.1.0", "MDS", (VERSION | FID | BIT_38, "2.1.0"), (VERSION | FID | BIT_38, "2.1.0"), "2.17"),
        ("2.12.9", "OST", (VERSION | FULL20 | BIT_38, "2.12.9"), (VERSION | FULL20 | BIT_38, "2.12.9"), "2.17"),
        ("2.12.9", "MGS", (FULL20 | BIT_38, "2.12.9"), (FULL20 | BIT_38, "2.12.9"), "2.17"),
        ("2.4.0", "MDS", (VERSION | FID | BIT_38, "2.4.0"), (VERSION | FID | BIT_38, "2.15.8"), "2.17"),
    ],
)  # fmt: skip
def test_what_a_connection_speaks_is_what_its_connect_shows(
    written: str, target: str, asked: tuple[int, str], granted: tuple[int, str], read: str
) -> None:
    request, reply = connected_by(written, target, asked, granted)
    assert reply.request is request
    assert reply.dialect is not None and reply.dialect.name == read


@pytest.mark.parametrize(
    ("releases", "flag", "name"),
    [
        (("2.2.0", "2.2.0"), 1 << 42, "OBD_CONNECT_GRANT_PARAM"), (("2.17.0", "2.12.9"), 1 << 42, "OBD_CONNECT_UMASK"),
        (("2.3.0", "2.3.0"), 1 << 45, "OBD_CONNECT_NANOSEC_TIME"),
        (("2.4.0", "2.4.0"), 1 << 45, "OBD_CONNECT_FLOCK_OWNER"),
        (("2.8.0", "2.17.0"), 1 << 9, "OBD_CONNECT_CROW"), (("2.10.8", "2.17.0"), 1 << 9, "OBD_CONNECT_LARGE_ACL"),
    ],
)  # fmt: skip
def test_a_connection_says_both_releases_and_what_was_granted_by_the_older_ones_names(
    releases: tuple[str, str], flag: int, name: str
) -> None:
    client, server = releases
    _, reply = connected_by("2.17", "MDS", (VERSION | FID, client), (VERSION | FID | BIT_38 | flag, server))
    found = connected(reply)
    assert found is not None
    assert (found.client_release, found.server_release, found.target, found.dialect) == (client, server, "t", "2.17")
    assert (found.client, found.server, found.status) == ("10.0.0.1@tcp", "10.0.0.2@tcp", 0)
    assert {name, "OBD_CONNECT_FID", "OBD_CONNECT_VERSION"} <= {*found.flags}


def test_every_connection_of_a_mount_is_found() -> None:
    found = [each for m in messages(path_of("04")) if (each := connected(m)) is not None]
    assert [each.target for each in found] == [
        "MGS", "oracle-MDT0000_UUID", "oracle-OST0000_UUID", "oracle-MDT0001_UUID", "oracle-OST0001_UUID",
    ]  # fmt: skip
    assert {(each.client_release, each.server_release) for each in found} == {("2.17.0", "2.17.0")}
    assert all("OBD_CONNECT_BULK_MBITS" in each.flags for each in found)


@pytest.mark.parametrize("release", ["2.1.0", "2.4.0", "2.8.0", "2.12.9", "2.15.0", "2.17.0"])
def test_what_a_release_sends_is_written_as_it_came(release: str) -> None:
    """Read by the newest view: a shorter ptlrpc_body, and slots that came later, stay away when it is written again."""
    for key in ("MDS_GETATTR", "MDS_REINT/CREATE", "LDLM_ENQUEUE", "OST_GETATTR", "OST_READ", "MDS_CLOSE"):
        slots = lw.dialect(release).rpcs[key].request.__slot_specs__
        values = {slot.name: slot.struct() for slot in slots if slot.struct is not None}
        if "rec_reint" in values and key.startswith("MDS_REINT"):
            values["rec_reint"].cr_opcode = 2
        sent = lw.encode(lw.build(release, key, **values))
        read = lw.decode(sent, "2.17")
        assert read.format is not None and read.format.name == key
        assert lw.encode(read) == sent
        assert lw.encode(lw.from_json(lw.to_json(read))) == sent


def brw(xid: int, mbits: int) -> LnetMessage:
    request = lw.build("2.17", "OST_WRITE")
    assert request.body is not None
    request.body.pb_mbits = mbits
    return put(lw.encode(request), 6, xid)


@pytest.mark.parametrize(("xid", "count"), [(0x1000, 1), (0x1000, 16), (0x1040, 64), (0x1080, 128)])
def test_bulk_data_in_several_operations_belong_to_their_request(xid: int, count: int) -> None:
    matcher = Matcher("2.17")
    others = [matcher.message(0, brw(xid + 128 * i, xid + 128 * i)) for i in (-1, 1)]
    request = matcher.message(1, brw(xid, xid + count - 1))
    for i in (0, count // 2, count - 1):
        moved = matcher.message(2, put(bytes(8), 8, xid + i, back=True))
        assert moved.kind == "bulk" and moved.request is request and request not in others


def test_a_request_sent_again_has_match_bits_that_are_new() -> None:
    """It keeps its xid; reply and bulk use pb_mbits (15-resend of the facts)."""
    matcher = Matcher("2.17")
    matcher.message(1, brw(0x1000, 0x1003))
    again = matcher.message(2, brw(0x1000, 0x5003))
    reply = lw.encode(lw.build("2.17", "OST_WRITE", "reply"))
    assert matcher.message(3, put(reply, 4, 0x5003, back=True)).request is again
    assert [matcher.message(4, put(b"", 8, bits, back=True)).request for bits in (0x5000, 0x5002)] == [again, again]


def test_pb_mbits_is_read_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """From whole PUTs, and as decoding reads it."""
    found = [m for m in messages(path_of("05")) if m.kind == "request"]
    matcher = Matcher()
    bits = [(m, matcher._match_bits(m, m._put.known if m._put is not None else None)) for m in found]
    assert all(m.message is not None and m.message.body.pb_mbits == each for m, each in bits)
    assert sum(m.certain is not None for m, _ in bits) > 1000


def test_a_client_whose_packets_come_from_elsewhere() -> None:
    """What comes back goes to where they came from, under any NID."""
    flow = bytes([10, 0, 0, 99, 10, 0, 0, 2]) + (1020).to_bytes(2, "big") + (988).to_bytes(2, "big")
    back = flow[4:8] + flow[:4] + flow[10:] + flow[8:10]
    matcher = Matcher("2.17")
    ping = lw.encode(lw.build("2.17", "OBD_PING"))
    request = matcher.message(1, put(ping, 12, 5), flow)
    pong = lw.encode(lw.build("2.17", "OBD_PING", "reply"))
    answer = put(pong, 10, 5, back=True)._replace(dest_nid=parse_nid("10.0.0.99@tcp"))
    assert matcher.message(2, answer, back).request is request


def test_a_list_of_attributes_is_asked_for_with_three_buffers() -> None:
    """From the first buffer on whose size was never set nothing is counted."""
    request: Any = lw.build("2.17", "MDS_GETXATTR")
    assert len(lw.decode(lw.encode(request), "2.17").header.lm_buflens) == 3
    request.buffers.name = b"user.one"
    assert len(lw.decode(lw.encode(request), "2.17").header.lm_buflens) == 6
