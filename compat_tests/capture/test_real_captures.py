"""Traffic of real Lustre nodes: everything in it is found, and it is what was run.

The traffic is of 2.17.0.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import lustre_wire as lw
from compat_tests.capture.captures import CAPTURES, messages, path_of, statistics
from compat_tests.tshark import needs_tshark, values
from lustre_wire.frames import lnet
from lustre_wire.frames.lustre_msg import early_reply_size

IPV4 = [path for path in CAPTURES if "ipv6" not in path.name]  # tshark 4.0 takes socklnd version 4 for version 3
by_name = pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.stem)
by_name_ipv4 = pytest.mark.parametrize("path", IPV4, ids=lambda p: p.stem)


@by_name
def test_every_byte_is_framed_and_every_message_decodes(path: Path) -> None:
    counts = statistics(path)
    assert (counts.unparsed, counts.errors, counts.incomplete, counts.segments.lost) == (0, 0, 0, 0)
    assert (counts.skipped.malformed, counts.skipped.fragments) == (0, 0)
    assert counts.messages == len(messages(path)) == counts.lnet_types.total() > 0
    for captured in messages(path):
        assert captured.kind not in ("lnet put", "lnet get", "lnet reply"), "nothing stays unexplained"
        assert (captured.message is not None) == (captured.kind in ("request", "reply", "early reply"))


@by_name
def test_no_byte_of_a_message_is_lost(path: Path) -> None:
    for captured in messages(path):
        if captured.message is not None:
            assert lw.encode(captured.message) == captured.raw


@by_name
def test_every_reply_and_every_bulk_transfer_has_its_request(path: Path) -> None:
    assert statistics(path).replies_unmatched == 0
    for captured in messages(path):
        if captured.kind in ("request", "lnet ping", "lnet push"):
            assert captured.request is None
            continue
        request = captured.request
        assert request is not None
        assert request.time_ns <= captured.time_ns
        if captured.kind in ("reply", "early reply"):
            assert request.kind == "request"
            assert (captured.src, captured.dst) == (request.dst, request.src)
            assert captured.match_bits == request.match_bits
            assert captured.message is not None
            assert request.message is not None
            assert captured.message.opcode == request.message.opcode
        elif captured.kind in ("bulk", "bulk get"):
            assert request.kind == "request"
        elif captured.kind == "lnet ping reply":
            assert request.kind == "lnet ping"
            info = captured.raw[:4]
            assert info == lnet.LNET_PROTO_PING_MAGIC.to_bytes(4, "little")
        else:
            assert captured.kind == "lnet ack"
            assert request.lnet is not None
            assert request.lnet.type == lnet.LnetMsgType.LNET_MSG_PUT


@by_name
def test_all_is_read_with_the_newest_declarations(path: Path) -> None:
    """With a format of its own each, all its bytes covered, and as correct senders of that release send it."""
    for captured in messages(path):
        if (message := captured.message) is None:
            continue
        assert message.dialect.name == "2.17"
        assert message.format is not None
        extra = message.extra
        assert extra is None or not (extra.tails or extra.cut or extra.raw or extra.more or extra.gap or extra.trailing)
        asked = captured.request.message if captured.request is not None else None
        assert lw.decode(captured.raw, message.dialect, request=asked, strict=True) == message


@needs_tshark
@by_name_ipv4
def test_lnet_messages_are_those_that_tshark_finds(path: Path) -> None:
    ours = Counter((int(m.lnet.type), m.portal, m.match_bits) for m in messages(path) if m.lnet is not None)
    theirs: Counter[tuple[int, int | None, int | None]] = Counter()
    for types, portals, bits in values(path, "lnet.msg_type", "lnet.ptl_index", "lnet.msg_dst_match_bits"):
        portal, match = iter(portals), iter(bits)
        for kind in map(int, types):
            has_portal = kind in (lnet.LnetMsgType.LNET_MSG_PUT, lnet.LnetMsgType.LNET_MSG_GET)
            has_bits = kind != lnet.LnetMsgType.LNET_MSG_REPLY
            theirs[kind, int(next(portal)) if has_portal else None, int(next(match), 0) if has_bits else None] += 1
    assert ours == theirs


@needs_tshark
@by_name_ipv4
def test_requests_and_replies_are_those_that_tshark_finds(path: Path) -> None:
    """tshark 4.0 does not hand portals 13 and 24 to its Lustre dissector, so those requests are left out."""
    ours = Counter()
    for m in messages(path):
        if m.message is not None and m.portal not in (13, 24):
            ours[int(m.message.body.pb_type), m.message.opcode] += 1
    theirs = Counter()
    for types, opcodes in values(path, "lustre.ptlrpc_body.pb_type", "lustre.ptlrpc_body.pb_opc"):
        theirs.update(zip(map(int, types), map(int, opcodes), strict=True))
    assert ours == theirs


def test_a_complete_session_begins_with_handshakes() -> None:
    """Every connection is there from its SYN: one request of the acceptor and two HELLOs each."""
    connections = {frozenset((m.flow[:4] + m.flow[8:10], m.flow[4:8] + m.flow[10:])) for m in messages(path_of("00"))}
    handshakes = statistics(path_of("00")).handshakes
    assert handshakes % 3 == 0
    assert handshakes // 3 >= len(connections) > 0


def test_lnet_ping_and_discovery() -> None:
    kinds = statistics(path_of("02")).kinds
    assert kinds["lnet ping"] == kinds["lnet ping reply"] > 0
    assert kinds["lnet push"] > 0
    assert {m.match_bits for m in messages(path_of("02")) if m.kind.startswith("lnet p") and m.match_bits} == {1 << 63}


def test_large_nids_are_shown_as_addresses() -> None:
    nids = {m.src for m in messages(path_of("17"))}
    assert nids
    assert all(nid.endswith("@tcp") and nid.count(":") > 1 for nid in nids)


def test_metadata_operations_name_what_was_run() -> None:
    """`05-namespace.ops.txt` holds the commands; their operands turn up as names in requests."""
    names: dict[str, set[bytes]] = {}
    for m in messages(path_of("05")):
        if m.kind == "request" and m.message is not None and (name := getattr(m.message.buffers, "name", None)):
            names.setdefault(m.message.name.rpartition("/")[2], set()).add(name)
    created = {b"entry_with_a_name_%d" % i for i in range(1, 201)}
    assert created <= names["INTENT_OPEN_CREAT"]
    removed = {b"entry_with_a_name_%d" % i for i in range(100, 200)}
    assert {n for n in names["UNLINK"] if n.startswith(b"entry")} == removed
    assert b"hardlink" in names["LINK"]
    assert b"nonexistent" in names["INTENT_GETATTR"]
    run = path_of("05").with_suffix(".ops.txt").read_text()
    assert "ln dir1/sub/file2.moved dir1/hardlink" in run
    assert "stat dir1/nonexistent" in run
    assert "rm -f entry_with_a_name_1??" in run


def test_early_replies_come_before_the_final_one() -> None:
    """A restarted MDT keeps its clients waiting: early replies at LNet offset 0, the reply behind them."""
    answers: dict[int, list[tuple[str, int]]] = {}
    for m in messages(path_of("12b")):
        if m.kind in ("reply", "early reply") and m.request is not None:
            answers.setdefault(id(m.request), []).append((m.kind, m.offset))
    waited = [found for found in answers.values() if len(found) > 1]
    assert waited
    for found in waited:
        *early, last = found
        assert {(kind, offset) for kind, offset in early} == {("early reply", 0)}
        assert last == ("reply", early_reply_size(184))


def test_bulk_goes_with_readdir_and_writes() -> None:
    for start, opcode in (("05", "MDS_READPAGE"), ("00", "OST_WRITE")):
        moved = [m for m in messages(path_of(start)) if m.kind == "bulk" and m.request is not None]
        assert any(m.request.message.name == opcode and m.raw for m in moved)  # type: ignore[union-attr]


def test_replays_repeat_the_match_bits_of_the_first_request() -> None:
    """MSG_REPLAY requests of the recovery: each has its own reply."""
    replays = [
        m
        for m in messages(path_of("12b"))
        if m.message is not None and m.kind == "request" and m.message.body.pb_flags & 4
    ]
    assert replays
    answered = {id(m.request) for m in messages(path_of("12b")) if m.kind == "reply"}
    assert all(id(m) in answered for m in replays)
