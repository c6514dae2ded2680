"""From packets to requests and replies: recorded messages in a conversation come back, matched and in their dialect."""

from __future__ import annotations

import io

import pytest

import lustre_wire as lw
from compat_tests.capture.captures import path_of
from compat_tests.capture.conversation import (
    SENDERS,
    START_NS,
    Exchange,
    capture_of,
    exchanges,
    lnet_of,
    ping_pair,
    read,
)
from compat_tests.recorded import messages
from lustre_wire.capture import ConversationWriter, PcapWriter, Statistics, read_messages
from lustre_wire.capture.connections import DialectChoice, Pair, portal_roles
from lustre_wire.frames import lustre_msg

by_sender = pytest.mark.parametrize("sender", SENDERS, ids=" by ".join)


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
        assert request.message.dialect.name == sender[0]  # of a connect too, which asked before anything was granted
        assert lw.encode(request.message) == exchange.request.data
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
            data = recorded.decode().buffers.connect_data
            flags, version = int(data.ocd_connect_flags), int(data.ocd_version)
            matching = [n for n in ("1.8", "2.0", "2.17") if lw.dialect(n).grants[38].shown(flags, version)]
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
