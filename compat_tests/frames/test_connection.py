"""`SocklndConnection`: two ends against each other, against recorded HELLOs, and what makes an end close."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_tests.frames.streams import streams
from compat_tests.recorded import payloads
from lustre_wire import WireError
from lustre_wire.frames import lnet, lnet_large
from lustre_wire.frames.connection import ZC_MIN_PAYLOAD, SocklndConnection
from lustre_wire.frames.events import (
    AcceptorRequest,
    Event,
    Hello,
    LnetMessage,
    Noop,
    Unparsed,
    Violation,
    encode,
    encode_noop,
)
from lustre_wire.frames.ksock import SocklndConnType
from lustre_wire.frames.nid import nid_str, parse_large_nid, parse_nid
from lustre_wire.frames.socklnd import SocklndStream

CLIENT, SERVER, OTHER = (parse_nid(f"192.0.2.{n}@tcp") for n in (2, 1, 3))
LARGE_CLIENT, LARGE_SERVER = parse_large_nid("2001:db8::2@tcp"), parse_large_nid("2001:db8::1@tcp")
KNOWN: dict[str, Any] = {"versions": (1, 2, 3, 4)}


def pair(version: int = 3, order: Any = "little", **options: Any) -> tuple[SocklndConnection, SocklndConnection]:
    """A client and a server that have greeted each other."""
    large = version == 4
    client = SocklndConnection(LARGE_CLIENT if large else CLIENT, byteorder=order, **KNOWN)
    server = SocklndConnection(LARGE_SERVER if large else SERVER, **KNOWN, **options)
    server.feed(client.start_active(server.nid, version=version))
    client.feed(server.data_to_send())
    return client, server


def header(client: SocklndConnection, server: SocklndConnection) -> Any:
    """A PUT from client to server."""
    cls: Any = lnet_large.LnetHdrLarge if client.version == 4 else lnet.LnetHdr
    return cls(server.nid, client.nid, type=lnet.LnetMsgType.LNET_MSG_PUT)


def violation(events: list[Event]) -> WireError:
    """The error that the events end with."""
    assert isinstance(events[-1], Violation)
    return events[-1].error


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("order", ["little", "big"])
def test_two_ends_agree_and_exchange(version: int, order: str) -> None:
    client, server = pair(version, order)
    assert (client.version, server.version) == (version, version)
    assert server.hello is not None and nid_str(server.hello.src_nid) == nid_str(client.nid)
    (there,) = server.feed(client.send(header(client, server), b"hello"))
    (back,) = client.feed(server.send(header(server, client), b"world"))
    assert isinstance(there, LnetMessage) and isinstance(back, LnetMessage)
    assert (there.payload, back.payload) == (b"hello", b"world")
    assert not (client.closed or server.closed)


@pytest.mark.parametrize("version", [2, 3, 4])
def test_long_payloads_are_acknowledged(version: int) -> None:
    client, server = pair(version)
    (event,) = server.feed(client.send(header(client, server), bytes(ZC_MIN_PAYLOAD)))
    assert isinstance(event, LnetMessage) and event.zc_cookies[0] == 2
    assert client.unacknowledged == {2}
    (noop,) = client.feed(server.data_to_send())
    assert isinstance(noop, Noop) and noop.zc_cookies == (0, 2)
    assert client.unacknowledged == set()


def test_a_message_carries_the_acknowledgement() -> None:
    client, server = pair()
    server.feed(client.send(header(client, server), bytes(ZC_MIN_PAYLOAD)))
    (event,) = client.feed(server.send(header(server, client)))
    assert isinstance(event, LnetMessage) and event.zc_cookies == (0, 2)
    assert client.unacknowledged == set()
    assert server.data_to_send() == b""


def test_a_message_does_not_overtake_the_hello() -> None:
    client, server = SocklndConnection(CLIENT), SocklndConnection(SERVER)
    server.feed(client.start_active(SERVER))
    events = client.feed(server.send(header(server, client), b"at once"))
    assert [type(e) for e in events] == [Hello, LnetMessage]


def test_a_message_that_cannot_be_sent_changes_nothing() -> None:
    client, server = pair()
    bad = header(client, server)
    bad.src_pid = -1
    with pytest.raises(WireError, match="src_pid"):
        client.send(bad, bytes(ZC_MIN_PAYLOAD))
    assert client.unacknowledged == set()


def test_a_range_acknowledges_several() -> None:
    client, server = pair()
    for _ in range(4):
        client.send(header(client, server), bytes(ZC_MIN_PAYLOAD))
    client.feed(encode_noop((2, 4)))
    assert client.unacknowledged == {5}


@pytest.mark.parametrize("cookies", [(0, 7), (2, 1 << 63), (2, (1 << 64) - 1), (9, 2)])
def test_an_unknown_cookie_closes(cookies: tuple[int, int]) -> None:
    client, server = pair()
    client.send(header(client, server), bytes(ZC_MIN_PAYLOAD))
    assert violation(client.feed(encode_noop(cookies))).path == "ksm_zc_cookies"
    assert client.closed
    with pytest.raises(WireError):
        client.feed(b"")
    with pytest.raises(WireError):
        client.send(header(client, server))


def test_only_version_3_knows_keepalives() -> None:
    client, server = pair(3)
    (noop,) = server.feed(client.keepalive())
    assert isinstance(noop, Noop) and noop.keepalive and not server.closed
    client, server = pair(2)
    assert violation(server.feed(encode_noop())).path == "ksm_zc_cookies"
    with pytest.raises(WireError):
        client.keepalive()


def test_types_are_inverted_by_the_side_connected_to() -> None:
    for asked, given_ in ((0, 0), (1, 1), (2, 3), (3, 2)):
        client, server = SocklndConnection(CLIENT), SocklndConnection(SERVER)
        server.feed(client.start_active(SERVER, ctype=asked))
        (answer,) = client.feed(server.data_to_send())
        assert isinstance(answer, Hello) and answer.ctype == given_


def test_recorded_client_is_answered_in_its_version() -> None:
    """The bytes of the user-space client: version 2, type ANY; its source port is not reserved."""
    start = bytes.fromhex(payloads("lnet-acceptor-connreq")[0]["hex"] + payloads("socklnd-hello")[0]["hex"])
    server = SocklndConnection(parse_nid("127.0.0.1@tcp"), peer=(0x7F000001, 40000))
    _, greeting = server.feed(start)
    assert isinstance(greeting, Hello)
    assert (nid_str(greeting.src_nid), greeting.src_pid) == ("127.0.0.1@tcp", 40000 | lnet.LNET_PID_USERFLAG)
    (answer,) = SocklndStream().feed(server.data_to_send())
    assert isinstance(answer, Hello) and (answer.version, answer.ctype, answer.ips) == (2, 0, ())
    (message,) = server.feed(bytes.fromhex(payloads("socklnd-msg")[0]["hex"]))
    assert isinstance(message, LnetMessage) and message.src_nid == greeting.src_nid


@pytest.mark.parametrize("capture", ["02-lnet-ping-discover.pcap", "17-lnet-ipv6-large-nid.pcap"])
def test_recorded_clients_are_accepted(capture: str) -> None:
    """Every recorded direction that begins with a connection request is taken by a node of the NID it asks for."""
    starts = 0
    for data in streams(capture).values():
        request = SocklndStream(resync=True).feed(data)[0]
        if isinstance(request, AcceptorRequest):
            starts += 1
            server = SocklndConnection(request.nid, **KNOWN)
            events = server.feed(data)
            assert not server.closed
            assert all(isinstance(e, (AcceptorRequest, Hello, LnetMessage, Noop)) for e in events)
    assert starts


# ---- refusals ----


def test_unknown_versions_are_answered_with_the_own_one() -> None:
    server = SocklndConnection(SERVER)
    bad_request = encode(AcceptorRequest(0, 1, "big", SERVER)).replace(b"\0\0\0\1", b"\0\0\0\7", 1)
    assert violation(server.feed(bad_request)).path == "acr_version"
    (answer,) = SocklndStream().feed(server.data_to_send())
    assert answer == AcceptorRequest(0, 1, "little", 0)

    server = SocklndConnection(SERVER)
    start = SocklndConnection(CLIENT).start_active(SERVER)
    assert violation(server.feed(start[:20] + b"\x63" + start[21:])).path == "kshm_version"
    (own,) = SocklndStream().feed(server.data_to_send())
    assert isinstance(own, Hello) and (own.version, own.ctype, own.ips) == (3, 0xFFFFFFFF, ())


def test_an_acceptor_answers_a_hello_that_comes_first() -> None:
    server = SocklndConnection(SERVER)
    assert violation(server.feed(SocklndConnection(CLIENT).start_active(SERVER)[16:])).path == "acr_version"
    assert SocklndStream().feed(server.data_to_send()) == [AcceptorRequest(0, 1, "little", 0)]


def test_a_refused_client_learns_the_version_to_retry_with() -> None:
    client = SocklndConnection(CLIENT)
    client.start_active(SERVER, version=3)
    refusal = Hello(0, 2, "little", SERVER, CLIENT, 12345, 12345, 1, 1, SocklndConnType.SOCKLND_CONN_NONE)
    assert violation(client.feed(encode(refusal))).path == "kshm_version"
    assert client.retry_version == 2


def test_a_node_without_large_nids_refuses_version_2_requests() -> None:
    server = SocklndConnection(SERVER)
    assert violation(server.feed(encode(AcceptorRequest(0, 2, "little", SERVER)))).path == "acr_version"
    assert server.data_to_send() == encode(AcceptorRequest(0, 1, "little", 0))


def test_the_wrong_nid_is_not_answered() -> None:
    server = SocklndConnection(SERVER)
    assert violation(server.feed(SocklndConnection(CLIENT).start_active(OTHER))).path == "acr_nid"
    assert server.data_to_send() == b""


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"src_nid": OTHER}, "kshm_src_nid"),
        ({"src_pid": 7}, "kshm_src_nid"),
        ({"ctype": 2}, "kshm_ctype"),
        ({"version": 2}, "kshm_version"),
    ],
)
def test_a_wrong_answer_closes(changes: dict[str, Any], path: str) -> None:
    client = SocklndConnection(CLIENT)
    client.start_active(SERVER)
    answer = Hello(0, 3, "little", SERVER, CLIENT, 12345, 12345, 1, 1, 0)._replace(**changes)
    assert violation(client.feed(encode(answer))).path == path


def test_an_unknown_type_closes() -> None:
    server = SocklndConnection(SERVER)
    assert violation(server.feed(SocklndConnection(CLIENT).start_active(SERVER, ctype=9))).path == "kshm_ctype"


def test_messages_for_others() -> None:
    client, server = pair()
    made = header(client, server)
    made.dest_nid = parse_nid("192.0.2.9@tcp7")
    (dropped,) = server.feed(client.send(made))
    assert isinstance(dropped, Unparsed) and "192.0.2.9@tcp7" in dropped.reason and not server.closed
    made.dest_nid = OTHER
    assert violation(server.feed(client.send(made))).path == "dest_nid"


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_give_events(data: bytes, greeted: bool) -> None:
    server = pair()[1] if greeted else SocklndConnection(SERVER)
    events = server.feed(data)
    assert server.closed == any(isinstance(e, Violation) for e in events)
