"""What connections of 2.1 and later have of their own: how they are known, and what match bits say of them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from click.testing import CliRunner

import lustre_wire as lw
from compat_tests.capture.captures import messages, path_of
from lustre_codecs.enums.connect import ObdConnect
from lustre_wire.capture import ConversationWriter, PcapWriter, Statistics, TcpStreamWriter, read_messages
from lustre_wire.capture.captured import Captured
from lustre_wire.capture.connected import connected
from lustre_wire.capture.rpcs import Matcher
from lustre_wire.cli.line import line
from lustre_wire.cli.main import cli
from lustre_wire.cli.remembered import Remembered
from lustre_wire.frames.events import AcceptorRequest, Hello, LnetMessage, encode_message
from lustre_wire.frames.events import encode as encode_event
from lustre_wire.frames.ksock import SocklndConnType
from lustre_wire.frames.lnet import LnetHandleWire, LnetMsgType, LnetPut
from lustre_wire.frames.lnet_large import LNET_PROTO_ACCEPTOR_VERSION_16, LnetHdrLarge
from lustre_wire.frames.nid import parse_large_nid, parse_nid

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


def two_nodes(port: int, out: PcapWriter, *said: tuple[int, Any]) -> None:
    """A TCP connection of its own: the direction and the event, in turn."""
    ends = (bytes([10, 0, 0, 3]), port), (bytes([10, 0, 0, 1]), 988)
    tcp = TcpStreamWriter(out, *ends, segment_size=50)
    tcp.open(port)
    for direction, event in said:
        tcp.send(port, direction, encode_event(event))
    tcp.close(port)


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_node_with_large_nids_meets_one_of_2_15(order: Any) -> None:
    """Its request to the acceptor and its HELLO are answered in the old forms and refused; then it speaks version 3."""
    large, small = [parse_large_nid(f"fd00::{n}@tcp") for n in (3, 1)], [parse_nid(f"10.0.0.{n}@tcp") for n in (3, 1)]
    control, refused = SocklndConnType.SOCKLND_CONN_CONTROL, SocklndConnType.SOCKLND_CONN_NONE
    new = AcceptorRequest(0, LNET_PROTO_ACCEPTOR_VERSION_16, order, large[1])
    stream = io.BytesIO()
    out = PcapWriter(stream)
    two_nodes(1021, out, (0, new), (1, AcceptorRequest(0, 1, "little", 0)))
    two_nodes(
        1022, out, (0, AcceptorRequest(0, 1, order, small[1])),
        (0, Hello(0, 4, order, large[0], large[1], 12345, 12345, 5, 0, control)),
        (1, Hello(0, 3, "little", small[1], small[0], 12345, 12345, 6, 0, refused)),
    )  # fmt: skip
    talk = ConversationWriter(out, client="10.0.0.3@tcp", server="10.0.0.1@tcp", client_port=1023, byteorder=order)
    asked, granted = (FID | 1 << 61 | VERSION, "2.17.0"), (FID | 1 << 61 | VERSION, "2.15.5")
    request, reply = connected_by("2.17", "MDS", asked, granted)
    assert request.message is not None and reply.message is not None
    talk.request(2000, request.message, 64)
    talk.reply(3000, reply.message, 64)
    talk.close(4000)
    counts = Statistics()
    found = list(read_messages(io.BytesIO(stream.getvalue()), statistics=counts))
    assert (counts.handshakes, counts.unparsed, counts.segments.lost, counts.errors) == (8, 0, 0, 0)
    assert [(m.kind, m.src, m.dst) for m in found] == [
        ("request", "10.0.0.3@tcp", "10.0.0.1@tcp"), ("reply", "10.0.0.1@tcp", "10.0.0.3@tcp"),
    ]  # fmt: skip
    one = connected(found[1])
    assert one is not None and (one.client_release, one.server_release, one.socklnd) == ("2.17.0", "2.15.5", 3)
    shown = CliRunner().invoke(cli, ["decode", "--connections", "-"], input=stream.getvalue())
    assert "10.0.0.3@tcp (2.17.0) -> 10.0.0.1@tcp (2.15.5) socklnd 3 t read as 2.17" in shown.output


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_connect_between_large_nids(order: Any) -> None:
    """HELLOs of version 4, and LNet headers with addresses of 16 bytes."""
    ends = [parse_large_nid(f"fd00::{n}@tcp") for n in (3, 1)]
    pair = connected_by("2.17", "MDS", (FID | 1 << 61 | VERSION, "2.17.0"), (FID | 1 << 61 | VERSION, "2.17.0"))
    said: list[tuple[int, Any]] = [(0, AcceptorRequest(0, LNET_PROTO_ACCEPTOR_VERSION_16, order, ends[1]))]
    said += [(n, Hello(0, 4, order, ends[n], ends[1 - n], 12345, 12345, 5, 5, 1)) for n in (0, 1)]
    stream = io.BytesIO()
    tcp = TcpStreamWriter(PcapWriter(stream), (bytes(15) + b"\3", 1023), (bytes(15) + b"\1", 988))
    tcp.open(1)
    for direction, event in said:
        tcp.send(2, direction, encode_event(event))
    for n, message in enumerate(pair):
        header = LnetHdrLarge(ends[1 - n], ends[n], type=LnetMsgType.LNET_MSG_PUT)
        portal, data = message.portal, message.raw
        header.msg.put = LnetPut(LnetHandleWire(), 64, 0, portal, 0)
        tcp.send(3 + n, n, encode_message(header, data, version=4, byteorder=order))
    tcp.close(9)
    (_, found) = read_messages(io.BytesIO(stream.getvalue()))
    one = connected(found)
    assert one is not None and (one.client, one.server, one.socklnd) == ("fd00::3@tcp", "fd00::1@tcp", 4)


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


@pytest.mark.parametrize(
    ("target", "server", "name"),
    [
        ("MGS", "2.12.0", "MNE_SWAB"), ("MGS", "2.13.0", "MNE_SWAB"), ("MDS", "2.12.0", "MDS_MDS"),
        ("MGS", "2.12.9", "MDS_MDS"), ("MGS", "2.2.0", "MDS_MDS"),
    ],
)  # fmt: skip
def test_a_flag_of_the_mgs_has_its_name_there(target: str, server: str, name: str) -> None:
    """Bit 26 says of an MGS of 2.3 to 2.13 that it swabs entries, else that the client is an MDS."""
    both = (VERSION | FULL20 | BIT_38 | 1 << 26, server)
    request, reply = connected_by("2.17", target, both, both)
    assert all(f"|{name}|" in line(each, Remembered()) for each in (request, reply))
    found = connected(reply)
    assert found is not None and {f"OBD_CONNECT_{n}" for n in ("MNE_SWAB", "MDS_MDS")} & {*found.flags} == {
        f"OBD_CONNECT_{name}"
    }


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
