"""Written captures: what nodes would have put on the wire, and messages written again after reading."""

from __future__ import annotations

import io

import pytest

import lustre_wire as lw
from compat_tests.capture.captures import messages as captured_messages
from compat_tests.capture.captures import path_of
from compat_tests.capture.conversation import START_NS, exchanges, read, segments_of
from compat_tests.recorded import FIXTURES, payloads
from lustre_wire.capture import CaptureWriter, ConversationWriter, PcapWriter, Statistics, read_input


def written(version: int = 2, **options: object) -> tuple[io.BytesIO, ConversationWriter]:
    out = io.BytesIO()
    return out, ConversationWriter(PcapWriter(out), version=version, **options)  # type: ignore[arg-type]


def stream(out: io.BytesIO, port: int = 988) -> bytes:
    """What went to this port."""
    return b"".join(s.payload for s in segments_of(out.getvalue()) if s.dport == port)


def test_the_bytes_are_those_of_a_recorded_connection() -> None:
    """A 1.8.9 client was recorded on a TCP socket: connection request, HELLO (version 2) and the first message."""
    wanted, hello, put = (
        next(row for row in payloads(kind) if row["lustre_version"] == "1.8.9-wc1")
        for kind in ("lnet-acceptor-connreq", "socklnd-hello", "socklnd-msg")
    )
    request = bytes.fromhex(put["hex"])
    out, writer = written(client=wanted["params"]["src_nid"], server=wanted["params"]["dst_nid"].split()[0])
    xid = int.from_bytes(request[24 + 48 : 24 + 56], "little")
    writer.request(START_NS, request[96:], xid, portal=12)
    ours = stream(out)
    sent = ours[16 + 56 :]
    assert ours[:16].hex() == wanted["hex"]
    recorded = bytes.fromhex(hello["hex"])
    assert ours[16:32] == recorded[:16], "magic, version, source NID"
    assert ours[32:40] == recorded[16:24], "destination NID"
    assert len(sent) == len(request)
    differing = {i for i in range(len(request)) if sent[i] != request[i]}
    pids, ack_wmd, hdr_data = range(24 + 16, 24 + 24), range(24 + 32, 24 + 48), range(24 + 56, 24 + 64)
    assert differing <= {*pids, *ack_wmd, *hdr_data}, "the recorded client is a process in user space"


def test_portals_come_from_the_format() -> None:
    for exchange in exchanges("2.0", "2.0.0")[:30]:
        request = lw.decode(exchange.request.data, "2.0")
        reply = lw.decode(exchange.reply.data, "2.0", request=request)
        out, writer = written()
        writer.request(START_NS, request, 7)
        writer.reply(START_NS, reply, 7)
        assert request.format is not None
        found = read(out.getvalue())
        assert [m.portal for m in found] == [request.format.portal, request.format.reply_portal]
        assert [m.raw for m in found] == [exchange.request.data, exchange.reply.data]


def test_what_has_no_portal_is_refused() -> None:
    out, writer = written()
    with pytest.raises(lw.WireError, match="portal"):
        writer.request(START_NS, b"bytes alone", 1)
    assert stream(out) == b"", "nothing is written before a message is known to be right"


@pytest.mark.parametrize(
    "options", [{"version": 4}, {"client": "10.0.0.1@nowhere"}, {"server": "fe80::1@tcp"}, {"segment_size": 0}]
)
def test_what_cannot_be_written_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(lw.WireError):
        written(**options)  # type: ignore[arg-type]


def test_a_payload_above_what_lnet_carries_is_refused() -> None:
    _, writer = written()
    with pytest.raises(lw.WireError, match="payload"):
        writer.bulk_put(START_NS, bytes((1 << 20) + 1), 8, 1)


@pytest.mark.parametrize("start", ["02", "04", "12b"])
def test_a_capture_written_again_has_the_same_messages(start: str) -> None:
    """Real traffic: nodes, portals, match bits, offsets and times stay."""
    wanted = [m for m in captured_messages(path_of(start)) if m.message is not None]
    out = io.BytesIO()
    writer = CaptureWriter(out)
    for m in wanted:
        writer.write(m)
    writer.close()
    counts = Statistics()
    found = read(out.getvalue(), counts)
    facts = [(m.time_ns, m.src, m.dst, m.portal, m.match_bits, m.offset, m.raw) for m in found]
    assert facts == [(m.time_ns, m.src, m.dst, m.portal, m.match_bits, m.offset, m.raw) for m in wanted]
    assert [m.kind for m in found] == [m.kind for m in wanted]
    assert counts.replies_unmatched == 0


def test_recorded_messages_and_changed_ones_can_be_written() -> None:
    path = sorted((FIXTURES / "golden").glob("*2.0.0-dialect-2.0.jsonl"))[0]
    out = io.BytesIO()
    writer = CaptureWriter(out)
    wanted = []
    for m in read_input(path):
        if m.message is not None and m.message.format is not None:
            m.message.header.lm_flags = 3
            wanted.append(lw.encode(m.message))
            writer.write(m, m.message)
    assert [m.raw for m in read(out.getvalue())] == wanted
    with pytest.raises(lw.WireError, match="no message"):
        writer.write(next(m for m in read_input(path) if m.message is None))


def test_messages_alone_get_match_bits_that_join_them() -> None:
    exchange = exchanges("2.0", "2.0.0")[0]
    text = (exchange.request.data.hex() + "\n" + exchange.reply.data.hex()).encode()
    out = io.BytesIO()
    writer = CaptureWriter(out)
    for m in read_input(io.BytesIO(text), dialect="2.0"):
        form = lw.decode(exchange.request.data, "2.0")
        writer.write(m, m.message if m.kind == "request" else lw.decode(m.raw, "2.0", request=form))
    request, reply = read(out.getvalue())
    assert reply.request is request
