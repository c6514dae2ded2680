"""From packets to requests and replies: recorded messages in a conversation come back, matched and in their dialect."""

from __future__ import annotations

import io
from itertools import groupby
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.capture.captures import path_of
from compat_tests.capture.conversation import (
    SENDERS,
    START_NS,
    Exchange,
    capture_of,
    changed,
    exchanges,
    lnet_of,
    read,
)
from compat_tests.recorded import Recorded, messages
from lustre_wire.capture import Captured, CaptureError, ConversationWriter, PcapWriter, Statistics, read_messages
from lustre_wire.capture.connections import DialectChoice, Pair, portal_roles
from lustre_wire.capture.packets import Segment
from lustre_wire.capture.pcap import read_packets
from lustre_wire.capture.reassembly import Reassembler
from lustre_wire.capture.rpcs import Matcher, Recent
from lustre_wire.engines import record
from lustre_wire.frames import lnet, lustre_msg
from lustre_wire.frames.events import LnetMessage, ksock_header
from lustre_wire.frames.socklnd import SocklndStream

by_sender = pytest.mark.parametrize("sender", SENDERS, ids=" by ".join)


def told(found: list[Captured]) -> list[tuple[str, bytes]]:
    return [(m.kind, m.raw) for m in found]


# --- dialects and matching -------------------------------------------------------------------------------------------


@by_sender
@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_recorded_conversation_comes_back(sender: tuple[str, str], version: int) -> None:
    """Every message byte for byte, every reply with its request, all in the dialect that the connect granted."""
    said = exchanges(*sender)
    counts = Statistics()
    found = read(capture_of(said, version=version), counts)
    assert [m.raw for m in found] == [data for e in said for data in (e.request.data, e.reply.data)]
    assert (counts.replies_unmatched, counts.errors, counts.unparsed, counts.handshakes) == (0, 0, 0, 3)
    for request, reply, exchange in zip(found[::2], found[1::2], said, strict=True):
        assert reply.request is request
        assert reply.message is not None
        assert request.message is not None
        assert reply.message.dialect.name == sender[0]
        if exchange.request.kind not in ("connect", "reconnect"):  # asked before anything was granted
            assert request.message.dialect.name == sender[0]
        assert lw.encode(reply.message) == exchange.reply.data


@by_sender
def test_replies_are_read_as_with_their_recorded_request(sender: tuple[str, str]) -> None:
    said = exchanges(*sender)
    for reply, exchange in zip(read(capture_of(said), dialect=sender[0])[1::2], said, strict=True):
        alone = lw.decode(exchange.request.data, sender[0])
        assert reply.message == lw.decode(exchange.reply.data, sender[0], request=alone)


@pytest.mark.parametrize("sender", [s for s in SENDERS if exchanges(*s, endian="big")], ids=" by ".join)
def test_a_big_endian_conversation_comes_back(sender: tuple[str, str]) -> None:
    said = exchanges(*sender, endian="big")
    counts = Statistics()
    found = read(capture_of(said, byteorder="big"), counts)
    assert [m.raw for m in found] == [data for e in said for data in (e.request.data, e.reply.data)]
    assert (counts.replies_unmatched, counts.errors) == (0, 0)
    for m, exchange in zip(found[1::2], said, strict=True):
        assert m.message is not None
        assert m.message.order == "big"
        assert m.message.dialect.name == sender[0], exchange.request.id


def fitting_one(sender: tuple[str, str]) -> list[Exchange]:
    """Exchanges whose request only its own dialect reads without a remainder."""
    return [e for e in exchanges(*sender) if e.request.row["opc"] == 36 and e.request.row["msg_format"].endswith("v2")]


@by_sender
def test_without_a_connect_the_messages_tell_the_dialect(sender: tuple[str, str]) -> None:
    """Every MDS_REINT of one dialect is refused by the other's strict reading."""
    said = fitting_one(sender)
    assert said
    for exchange in said:
        (request, reply) = read(capture_of([exchange]))
        assert request.message is not None
        assert reply.message is not None
        assert request.message.dialect.name == reply.message.dialect.name == sender[0], exchange.request.id


def test_no_recorded_message_fits_only_the_wrong_dialect() -> None:
    """What tells a dialect without a connect is sound: what one dialect alone reads strictly is of that one."""
    choice = DialectChoice()
    told = 0
    for recorded in messages():
        pair = Pair()
        choice.request(recorded.data, pair)
        assert pair.dialect is None or pair.dialect.name == recorded.dialect, recorded.id
        told += pair.dialect is not None
    assert told > len(messages()) // 4


def test_a_reply_alone_can_tell_the_dialect_too() -> None:
    told = set()
    for recorded in messages():
        if recorded.direction == "reply":
            pair = Pair()
            DialectChoice().reply(recorded.data, None, pair)
            if pair.dialect is not None:
                assert pair.dialect.name == recorded.dialect
                told.add(recorded.dialect)
    assert told == {"1.8", "2.0"}


def test_what_one_message_told_holds_for_the_ones_that_fit_both() -> None:
    ping = next(e for e in exchanges("1.8", "1.8.9-wc1") if e.request.row["opc"] == 400)
    telling = fitting_one(("1.8", "1.8.9-wc1"))[0]
    dialects = [m.message.dialect.name for m in read(capture_of([ping, telling, ping])) if m.message is not None]
    assert dialects[2:] == ["1.8"] * 4


def test_many_messages_that_fit_both_do_not_hide_the_one_that_tells() -> None:
    ping = next(e for e in exchanges("1.8", "1.8.9-wc1") if e.request.row["opc"] == 400)
    telling = fitting_one(("1.8", "1.8.9-wc1"))[0]
    dialects = [m.message.dialect.name for m in read(capture_of([ping] * 100 + [telling])) if m.message is not None]
    assert dialects[-2:] == ["1.8"] * 2


def test_a_refused_connect_grants_nothing() -> None:
    """A 2.17 MDT answers -EAGAIN with connect data of zeroes while it starts: no sign of 1.8."""
    with path_of("00").open("rb") as stream:
        refused = [
            m for m in read_messages(stream)
            if m.kind == "reply" and m.message is not None and m.message.name == "MDS_CONNECT" and m.message.status < 0
        ]  # fmt: skip
    assert refused
    assert {m.message.dialect.name for m in refused if m.message is not None} <= {"2.0", "2.17"}


def test_targets_of_different_dialects_on_one_node() -> None:
    """Each export keeps what its own connect granted, known by the handle that requests carry."""
    choice = DialectChoice()
    pair, back = Pair(), Pair()
    pair.back, back.back = back, pair
    handles: dict[str, int] = {}
    for sender in (SENDERS[0], SENDERS[2]):
        connect = next(
            e for e in exchanges(*sender) if e.request.row["opc"] == 38 and e.reply.row["msg_format"].endswith("v2")
        )
        request = choice.request(connect.request.data, pair)
        granting = lw.decode(connect.reply.data, sender[0], request=request)
        granting.body.pb_handle.cookie = handles[sender[0]] = 0xABC0 + len(handles)
        assert choice.reply(lw.encode(granting), request, pair).dialect.name == sender[0]
    for name, handle in handles.items():
        ping = next(
            m
            for m in messages()
            if m.row["opc"] == 400 and m.direction == "request" and m.row["msg_format"].endswith("v2")
        )
        message = lw.decode(ping.data, name)
        message.body.pb_handle.cookie = handle
        assert choice.request(lw.encode(message), pair).dialect.name == name


def test_the_caller_may_know_better() -> None:
    found = read(capture_of(exchanges("1.8", "1.8.9-wc1")[:20]), dialect="2.0")
    assert {m.message.dialect.name for m in found if m.message is not None} == {"2.0"}
    with pytest.raises(lw.WireError, match="no dialect"):
        read(capture_of([]), dialect="3.0")


def test_what_a_connect_grants_is_what_recorded_servers_granted() -> None:
    """The declared bits tell every recorded connect reply of an MDS from those of the other dialect."""
    seen = set()
    for recorded in messages():
        if recorded.row["opc"] == 38 and recorded.direction == "reply":
            flags = int(recorded.decode().buffers.connect_data.ocd_connect_flags)
            matching = [n for n in ("1.8", "2.0") if flags & lw.dialect(n).grants[38][0] == lw.dialect(n).grants[38][1]]
            assert matching == [recorded.dialect]
            seen.add(recorded.dialect)
    assert seen == {"1.8", "2.0"}


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_recorded_portals_carry_what_the_formats_say(dialect: str) -> None:
    roles = portal_roles((lw.dialect(dialect),))
    for recorded in messages():
        if recorded.dialect == dialect and "_lnet" in recorded.row["params"]:
            assert roles[lnet_of(recorded, "portal")] == recorded.direction, recorded.id
    assert [roles[p] for p in (8, 14)] == ["bulk", "bulk"]  # OST_BULK, MDS_BULK


def ping_pair() -> Exchange:
    return next(e for e in exchanges("2.0", "2.0.0") if e.request.row["opc"] == 400 and lnet_of(e.reply, "offset") > 0)


def early_reply(exchange: Exchange) -> bytes:
    """What a server sends while it is busy: the ptlrpc_body alone, with the checksum of an early reply."""
    early = lw.decode(exchange.reply.data, "2.0", request=lw.decode(exchange.request.data, "2.0"))
    body = lw.encode(early)[lustre_msg.rounded(36) :][:152]
    early.header.lm_cksum = lustre_msg.early_reply_checksum(body)
    return lw.encode(early)


def test_early_replies_the_final_one_and_a_resent_one_belong_to_the_same_request() -> None:
    exchange = ping_pair()
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out))
    early = early_reply(exchange)
    writer.request(START_NS, exchange.request.data, 5, portal=28)
    writer.reply(START_NS, early, 5, portal=4)
    writer.reply(START_NS, early, 5, portal=4)
    writer.reply(START_NS, exchange.reply.data, 5, portal=4, offset=lustre_msg.early_reply_size(152))
    writer.reply(START_NS, exchange.reply.data, 5, portal=4, offset=lustre_msg.early_reply_size(152))
    found = read(out.getvalue())
    assert [m.kind for m in found] == ["request", "early reply", "early reply", "reply", "reply"]
    assert {id(m.request) for m in found[1:]} == {id(found[0])}


def test_a_reply_without_its_request_is_decoded_all_the_same() -> None:
    exchange = ping_pair()
    out = io.BytesIO()
    ConversationWriter(PcapWriter(out)).reply(START_NS, exchange.reply.data, 5, portal=4)
    counts = Statistics()
    (found,) = read(out.getvalue(), counts)
    assert (found.kind, found.request, counts.replies_unmatched) == ("reply", None, 1)
    assert found.message is not None
    assert lw.encode(found.message) == exchange.reply.data


def test_the_same_xid_of_another_client_is_another_request() -> None:
    exchange = ping_pair()
    out = io.BytesIO()
    pcap = PcapWriter(out)
    first = ConversationWriter(pcap, "10.0.0.1@tcp", "10.0.0.9@tcp")
    second = ConversationWriter(pcap, "10.0.0.2@tcp", "10.0.0.9@tcp")
    for writer in (first, second):
        writer.request(START_NS, exchange.request.data, 5, portal=28)
    for writer in (first, second):
        writer.reply(START_NS, exchange.reply.data, 5, portal=4)
    asked = read(out.getvalue())
    assert [(m.kind, m.src, m.request.src if m.request else "") for m in asked] == [
        ("request", "10.0.0.1@tcp", ""), ("request", "10.0.0.2@tcp", ""),
        ("reply", "10.0.0.9@tcp", "10.0.0.1@tcp"), ("reply", "10.0.0.9@tcp", "10.0.0.2@tcp"),
    ]  # fmt: skip


def test_a_server_that_asks_with_the_same_xid_is_no_answer() -> None:
    """Xids are counted on each node: a callback may have the xid of a request in the other direction."""
    exchange = ping_pair()
    callback = next(e for e in exchanges("2.0", "2.0.0") if lnet_of(e.request, "portal") == 15)
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out))
    writer.request(START_NS, exchange.request.data, 5, portal=28)
    writer.request(START_NS, callback.request.data, 5, portal=15, by_server=True)
    writer.reply(START_NS, exchange.reply.data, 5, portal=4)
    writer.reply(START_NS, callback.reply.data, 5, portal=16, by_server=False)
    found = read(out.getvalue())
    assert found[2].request is found[0]
    assert found[3].request is found[1]


def test_bulk_data_belongs_to_its_request() -> None:
    said = {e.request.row["opc_name"]: e for e in exchanges("2.0", "2.0.0")}
    read_of, write_of = said["OST_READ"], said["OST_WRITE"]
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out))
    page = bytes(range(256)) * 16
    writer.request(START_NS, read_of.request.data, 1, portal=6)
    writer.bulk_put(START_NS, page, 8, 1)
    writer.request(START_NS, write_of.request.data, 2, portal=6)
    writer.bulk_get(START_NS, page, 8, 2)
    writer.bulk_put(START_NS, page, 8, 77)
    found = read(out.getvalue())
    assert [m.kind for m in found] == ["request", "bulk", "request", "bulk get", "bulk", "bulk"]
    assert [m.request and m.request.match_bits for m in found] == [None, 1, None, 2, 2, None]
    assert [m.raw for m in found if m.kind == "bulk"] == [page] * 3


def test_a_portal_that_no_dialect_names() -> None:
    """What travels on it tells itself: a lustre_msg is a request or reply, anything else is just a PUT."""
    exchange = ping_pair()
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out))
    writer.request(START_NS, exchange.request.data, 1, portal=61)
    writer.reply(START_NS, exchange.reply.data, 1, portal=62)
    writer.put(START_NS, b"something else", 63, 1234)
    found = read(out.getvalue())
    assert [m.kind for m in found] == ["request", "reply", "lnet put"]
    assert found[1].request is found[0]


def test_what_cannot_be_decoded_comes_with_its_bytes_and_the_error() -> None:
    exchange = ping_pair()
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out))
    for data in (exchange.request.data[:40], b"no lustre_msg at all", b""):
        writer.request(START_NS, data, 1, portal=12)
        writer.reply(START_NS, data, 1, portal=10)
    counts = Statistics()
    found = read(out.getvalue(), counts)
    assert [m.kind for m in found] == ["request", "reply"] * 3
    for m in found:
        assert m.message is None
        assert isinstance(m.error, lw.WireError)
    assert counts.errors == 6
    assert [m.raw for m in found[::2]] == [exchange.request.data[:40], b"no lustre_msg at all", b""]


# --- segments --------------------------------------------------------------------------------------------------------

SAID = exchanges("2.0", "2.0.0")[:12]
WHOLE = capture_of(SAID)
TOLD = told(read(WHOLE))


@settings(max_examples=25)
@given(st.integers(1, 3000))
def test_the_size_of_segments_does_not_matter(size: int) -> None:
    assert told(read(capture_of(SAID, segment_size=size))) == TOLD


def runs(segments: list[Segment]) -> list[list[Segment]]:
    """Segments that follow each other in one direction: within these the network may change the order."""
    return [list(run) for _, run in groupby(segments, key=lambda s: s.flow)]


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(0, 2**32))
def test_order_and_repetition_of_segments_do_not_matter(size: int, seed: int) -> None:
    random = Random(seed)

    def change(segments: list[Segment]) -> list[Segment]:
        out: list[Segment] = []
        for run in runs(segments):
            mixed = run + [s for s in run if random.random() < 0.3]
            random.shuffle(mixed)
            out += mixed
            out += [s for s in out[-40:] if random.random() < 0.1]
        return out

    assert told(read(changed(capture_of(SAID, segment_size=size), change))) == TOLD


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(20, 700), st.integers(0, 10**6))
def test_a_lost_segment_costs_only_the_messages_it_touches(size: int, which: int) -> None:
    """Those come without their end, or not at all when a header is gone; everything else is as it was."""
    data = capture_of(SAID, segment_size=size)
    gone: list[Segment] = []

    def change(segments: list[Segment]) -> list[Segment]:
        with_data = [i for i, s in enumerate(segments) if s.payload]
        at = with_data[which % len(with_data)]
        gone.append(segments[at])
        return segments[:at] + segments[at + 1 :]

    counts = Statistics()
    found = read(changed(data, change), counts)
    whole = [(m.kind, m.raw) for m in found if not m.missing]
    lost = len(TOLD) - len(whole)
    # a segment of `size` bytes touches at most the messages that lie in it, and one at each end
    smallest = min(len(raw) for _, raw in TOLD) + 96
    assert lost <= size // smallest + 2
    rest = iter(TOLD)
    assert all(t in rest for t in whole), "something that was not said, or not in that order"
    assert counts.segments.lost + counts.unparsed + counts.incomplete >= (lost > 0)
    assert counts.replies_unmatched <= lost


def test_cut_snapshots_give_what_was_captured() -> None:
    """tcpdump -s 200: the payloads end early, and each message says how much is missing."""
    out = io.BytesIO()
    writer = PcapWriter(out)
    for packet in read_packets(io.BytesIO(WHOLE)):
        writer.write(packet.time_ns, packet.data[:400], len(packet.data))
    found = read(out.getvalue())
    assert [m.kind for m in found] == [kind for kind, _ in TOLD]
    for m, (_, raw) in zip(found, TOLD, strict=True):
        assert raw.startswith(m.raw)
        assert len(m.raw) + m.missing == len(raw)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=20), st.integers(0, 2**20))
def test_damaged_captures_raise_nothing_but_capture_errors(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at % len(data)] = value
    counts = Statistics()
    seen = 0
    try:
        for m in read_messages(io.BytesIO(bytes(data[: 24 + cut % len(data)])), statistics=counts):
            seen += 1
            assert m.message is None or m.error is None
    except CaptureError as error:
        assert error.offset is not None
    assert counts.messages == seen


MUTABLE = tuple(m for m in messages() if "_lnet" in m.row["params"])[::7]


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(MUTABLE),
            st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=8)), max_size=4),
            st.integers(0, 700),
            st.integers(1, 3),
        ),
        max_size=8,
    )
)
def test_damaged_messages_come_with_their_error(
    said: list[tuple[Recorded, list[tuple[int, bytes]], int, int]],
) -> None:
    """Both dialects in question, requests and replies mixed: what decodes keeps every byte, the rest has an error."""
    matcher = Matcher()
    for recorded, changes, cut, xid in said:
        data = bytearray(recorded.data)
        for at, value in changes:
            data[at % len(data) : at % len(data) + len(value)] = value
        whole = bytes(data[: cut if cut < 300 else None])
        found = matcher.message(0, put(xid, whole, 1)._replace(portal=lnet_of(recorded, "portal")))
        assert found.raw == whole
        assert (found.message is None) == isinstance(found.error, lw.WireError)
        if found.message is not None:
            assert lw.encode(found.message) == whole


# --- memory ----------------------------------------------------------------------------------------------------------


def put(xid: int, data: bytes, client: int) -> LnetMessage:
    src, dest = lnet_nid(client), lnet_nid(255)
    none = b"\xff" * 16
    return LnetMessage(0, 1, src, dest, 0, 0, 28, xid, 0, len(data), none, data, 0, 3, "little", 0, (0, 0), b"")


def lnet_nid(host: int) -> int:
    return 2 << 48 | 0x0A000000 | host


def test_requests_that_are_never_answered_do_not_pile_up() -> None:
    matcher = Matcher(max_requests=100, max_bytes=1 << 20)
    data = ping_pair().request.data
    for xid in range(5000):
        matcher.message(0, put(xid, data, xid % 200))
    assert len(matcher._requests) <= 100


def test_what_is_kept_is_bounded_by_bytes_too() -> None:
    kept = Recent(1000, 100_000)
    for i in range(50):
        kept.put(i, Captured(0, "bulk", bytes(30_000)))
        assert len(kept) <= 3
    kept.put("large", Captured(0, "bulk", bytes(200_000)))
    assert len(kept) == 0
    assert kept.get(49) is None


def test_the_newest_requests_are_kept() -> None:
    kept = Recent(3, 1 << 30)
    for i in (1, 2, 3, 1, 4):
        kept.put(i, Captured(i, "request", b""))
    assert [kept.get(i) is not None for i in (1, 2, 3, 4)] == [True, False, True, True]
    assert kept.pop(1) is not None
    assert kept.pop(1) is None


def test_many_connections_with_messages_that_never_end() -> None:
    """Each of 300 clients begins a message of a megabyte and goes silent: no more than has come is ever kept."""
    head = lnet.LnetHdr(lnet_nid(1), lnet_nid(2), type=1)
    head.payload_length = 1 << 20
    start = ksock_header(0xC1, 0, (0, 0), "little") + record.pack(head)
    segments = [
        Segment(i, bytes(4) + i.to_bytes(4, "big") + b"\x03\xff\x03\xdc", 1, 0, 16, start + bytes(100), 0)
        for i in range(300)
    ]
    assembler = Reassembler(port=988, max_flows=32)
    kept = 0
    events = []
    for piece in assembler.pieces(segments):
        if piece.flow.reader is None:
            piece.flow.reader = SocklndStream(resync=True)
            kept += 1
        events += piece.flow.reader.feed(piece.data) if piece.data else piece.flow.reader.close()
        assert len(assembler) <= 32
    assert kept == 300
    assert [(len(e.payload), e.missing) for e in events] == [(100, (1 << 20) - 100)] * 300
