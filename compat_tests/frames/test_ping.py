"""LNet ping of 1.8 and 2.0, and the ping replies and pushes of 2.17, against recorded ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_tests.frames.streams import CAPTURES, streams
from lustre_wire import TruncatedError, WireError
from lustre_wire.engines import record
from lustre_wire.frames import lnet
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.lnet_large import LnetPingFeature, parse_ping_info
from lustre_wire.frames.nid import nid_str, parse_nid
from lustre_wire.frames.socklnd import SocklndStream

CLIENT, SERVER = parse_nid("192.0.2.2@tcp"), parse_nid("192.0.2.1@tcp")


def recorded(capture: str, kind: int) -> list[bytes]:
    """Payloads of LNet's own portal in a capture, of one message type."""
    events = [e for data in streams(capture).values() for e in SocklndStream(resync=True).feed(data)]
    messages = [e for e in events if isinstance(e, LnetMessage) and e.type == kind]
    return [m.payload for m in messages if m.payload[:4] == b"gnip"]


@pytest.mark.parametrize("capture", CAPTURES)
def test_recorded_replies_and_pushes_round_trip(capture: str) -> None:
    payloads = recorded(capture, lnet.LnetMsgType.LNET_MSG_REPLY) + recorded(capture, lnet.LnetMsgType.LNET_MSG_PUT)
    assert payloads
    for payload in payloads:
        info = parse_ping_info(payload)
        assert nid_str(info.info.pi_ni[0].ns_nid) == "0@lo"
        assert info.encode() == payload


def test_recorded_features() -> None:
    feature = LnetPingFeature
    base = (
        feature.LNET_PING_FEAT_NI_STATUS | feature.LNET_PING_FEAT_RTE_DISABLED
        | feature.LNET_PING_FEAT_MULTI_RAIL | feature.LNET_PING_FEAT_DISCOVERY
    )  # fmt: skip
    large = base | feature.LNET_PING_FEAT_LARGE_ADDR | feature.LNET_PING_FEAT_PRIMARY_LARGE
    replies = [recorded(c, lnet.LnetMsgType.LNET_MSG_REPLY) for c in CAPTURES]
    assert {parse_ping_info(p).info.pi_features for p in replies[0]} == {base}
    assert {parse_ping_info(p).info.pi_features for p in replies[1]} == {large}
    for payload in replies[1]:
        assert all(":" in nid_str(status.ns_nid) for status in parse_ping_info(payload).large)


def test_recorded_pushes_count() -> None:
    pushes = [parse_ping_info(p) for c in CAPTURES for p in recorded(c, lnet.LnetMsgType.LNET_MSG_PUT)]
    assert pushes and all(p.push for p in pushes)


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_ping_and_its_reply(order: Any) -> None:
    request = lnet.ping_request(CLIENT, SERVER, lnet.LnetHandleWire(1, 2))
    assert (request.type, request.msg.get.match_bits) == (lnet.LnetMsgType.LNET_MSG_GET, 1 << 63)
    info = lnet.LnetPingInfo(pi_nnis=2, pi_ni=[lnet.LnetNiStatus(SERVER), lnet.LnetNiStatus(CLIENT, 0xDEADFACE)])
    header, payload = lnet.ping_reply(request, info, byteorder=order)
    assert (header.src_nid, header.dest_nid, header.payload_length) == (SERVER, CLIENT, 48)
    assert header.msg.reply.dst_wmd.wh_object_cookie == 2
    assert lnet.parse_ping_reply(payload) == info


@pytest.mark.parametrize("order", ["little", "big"])
def test_version_1_lists_nids_alone(order: Any) -> None:
    head = record.pack(lnet.LnetPingInfo(pi_version=1, pi_nnis=1), byteorder=order)
    info = lnet.parse_ping_reply(head + SERVER.to_bytes(8, order))
    assert info.pi_ni == [lnet.LnetNiStatus(SERVER, lnet.LNET_NI_STATUS_UP)]


def test_what_is_no_ping_reply() -> None:
    good = record.pack(lnet.LnetPingInfo(pi_nnis=1, pi_ni=[lnet.LnetNiStatus(SERVER)]))
    for parse in (lnet.parse_ping_reply, parse_ping_info):
        with pytest.raises(TruncatedError, match="1 interfaces"):
            parse(good[:-1])
        with pytest.raises(WireError, match="magic"):
            parse(b"x" * 16)
    with pytest.raises(WireError, match="version 9"):
        lnet.parse_ping_reply(good[:4] + b"\x09" + good[5:])


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda b: b"gnip" + b)))
def test_any_bytes_give_a_reply_or_an_error(data: bytes) -> None:
    for parse in (lnet.parse_ping_reply, parse_ping_info):
        try:
            found: Any = parse(data)
        except WireError:
            continue
        if parse is parse_ping_info:
            assert found.encode() == data
        else:
            assert len(found.pi_ni) == found.pi_nnis
