"""What is special about traffic of 2.17, counted in its captures: how match bits, portals and lengths are chosen."""

from __future__ import annotations

import zlib
from collections import Counter
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.capture.captures import CAPTURES, messages, path_of
from lustre_wire.capture.captured import Captured
from lustre_wire.frames import lustre_msg
from lustre_wire.text import message_tree

K = lw.dialect("2.17").constants
MIB = 1 << 20
REPLIES = ("reply", "early reply")
#: Where a reply lands behind the room for an early one.
BEHIND_AN_EARLY_REPLY = lustre_msg.early_reply_size(184)


@cache
def everything() -> tuple[Captured, ...]:
    """All messages of all captures of 2.17."""
    return tuple(m for path in CAPTURES for m in messages(path))


def of(*kinds: str) -> list[Captured]:
    found = [m for m in everything() if m.kind in kinds and m.message is not None]
    assert found
    return found


def pb(m: Captured) -> Any:
    """The ptlrpc_body."""
    assert m.message is not None
    return m.message.body


def header(m: Captured) -> Any:
    assert m.message is not None
    return m.message.header


def mbits(request: Captured) -> int:
    return int(pb(request).pb_mbits)


def is_connect(m: Captured) -> bool:
    return m.name.endswith("_CONNECT")


def test_replies_land_on_the_match_bits_of_the_request() -> None:
    """On pb_mbits where they are set, as connections that grant REP_MBITS have them, else on the xid."""
    counted: Counter[str] = Counter()
    for reply in of(*REPLIES):
        request = reply.request
        assert request is not None
        asked = mbits(request)
        assert reply.match_bits == (asked or request.match_bits), reply.name
        counted["xid" if not asked else "both" if asked == request.match_bits else "mbits"] += 1
    assert counted["xid"] and counted["both"]


def test_bulk_data_land_on_pb_mbits() -> None:
    """One operation for each 1 MiB, the last on pb_mbits; what a reply to a GET brings has none."""
    moved = [m for m in everything() if m.kind in ("bulk", "bulk get")]
    assert {m.kind for m in moved if m.match_bits is not None} == {"bulk", "bulk get"}
    for each in moved:
        assert each.request is not None
        assert each.match_bits in (None, mbits(each.request)) and len(each.raw) <= MIB, each.request.name


def test_xids_leave_room_for_the_operations_of_a_transfer() -> None:
    for request in of("request"):
        assert request.match_bits is not None
        assert request.match_bits % 0x80 == 0, request.name


PORTALS = {
    "MDS_REINT/RENAME": (13, 10), "MDS_GETATTR": (23, 10), "MDS_GETXATTR": (23, 10), "MDS_CLOSE": (23, 10),
    "MDS_READPAGE": (23, 10), "OUT_UPDATE": (24, 4), "MDS_REINT/CREATE": (12, 10), "OST_WRITE": (6, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", PORTALS)
def test_portals(name: str) -> None:
    portal, reply_portal = PORTALS[name]
    assert {m.portal for m in of("request") if m.name == name} == {portal}
    assert {m.portal for m in of("reply") if m.name == name} == {reply_portal}


@pytest.mark.parametrize(
    ("name", "portal"),
    [
        ("MDS_REINT/MIGRATE", 13), ("QUOTA_DQACQ", 23), ("OST_WRITE", 13), ("OST_PUNCH", 13), ("OST_READ", 13),
        ("LDLM_ENQUEUE", 24), ("MDS_STATFS", 24), ("LDLM_CONVERT", 17),
    ],
)  # fmt: skip
def test_portals_of_what_no_capture_here_shows(name: str, portal: int) -> None:
    form = lw.dialect("2.17").rpcs[name]
    assert portal in (form.portal, *form.also_on)


def test_a_connect_between_metadata_servers_is_answered_where_object_servers_answer() -> None:
    found = {(m.request.portal, m.portal) for m in of("reply") if m.name == "MDS_CONNECT" and m.request is not None}
    assert found == {(12, 10), (24, 4)}


def test_slots_of_capabilities_are_there_and_empty() -> None:
    counted: Counter[str] = Counter()
    for m in of("request", "reply"):
        message = m.message
        assert message is not None
        slots = type(message.buffers).__slot_specs__
        for slot in slots:
            if slot.name.startswith("capa") and slot.index < len(message.header.lm_buflens):
                assert message.header.lm_buflens[slot.index] == 0, m.name
                counted[m.name] += 1
    assert counted["MDS_GETATTR"] and counted["OST_WRITE"] and counted["LDLM_ENQUEUE/INTENT_OPEN_CREAT"]


def test_an_object_is_told_by_a_number_or_a_fid() -> None:
    """Union by the value of the sequence; behind the stripe count of 16 bits stands the generation of the layout."""
    frame = next(m for m in messages(path_of("00")) if m.packet == 763)
    assert frame.message is not None and frame.name == "LDLM_ENQUEUE/INTENT_OPEN_CREAT"
    told = message_tree(frame.message)
    layout = next(node for node in told.children if node.name == "mdt_md")
    shown = {child.name: child.text for child in layout.children}
    assert "[0x2c0000401:0x2:0x0]" in layout.text
    assert shown["lmm_stripe_count"] == "1" and "lmm_layout_gen" in shown


def test_flags_of_requests() -> None:
    """All but callbacks say that a user and a group are in them; a project is only in those of clients."""
    uid, projid = K["MSG_PACK_UID_GID"], K["MSG_PACK_PROJID"]
    client = "10.0.0.3@tcp"
    for m in of("request"):
        flags = pb(m).pb_flags
        assert bool(flags & uid) == (m.name not in ("LDLM_BL_CALLBACK", "LDLM_CP_CALLBACK")), m.name
        assert not flags & projid or m.src == client
    assert any(pb(m).pb_flags & projid for m in of("request"))


def test_the_root_is_asked_for_with_a_state_among_the_flags() -> None:
    """LUSTRE_IMP_FULL, 9, is the state of the client's import and no flags (mdc/mdc_request.c:mdc_get_root)."""
    stray = {int(pb(m).pb_flags) & ~K["MSG_PACK_UID_GID"] for m in of("request") if m.name == "MDS_GET_ROOT"}
    assert stray == {9}


def test_lengths_and_offsets_of_replies() -> None:
    """Replies to connects land at the beginning of the room, all others behind an early one."""
    for reply in of("reply"):
        assert reply.request is not None
        at_support = bool(header(reply.request).lm_flags)
        assert at_support == (not is_connect(reply)), reply.name
        assert reply.offset == (BEHIND_AN_EARLY_REPLY if at_support else 0), reply.name
    assert BEHIND_AN_EARLY_REPLY == 224
    assert {early.offset for early in of("early reply")} == {0}


def test_the_checksum_of_an_early_reply() -> None:
    """Over the whole ptlrpc_body, preset to ones and not inverted at the end."""
    for early in of("early reply"):
        at = early.raw[lustre_msg.V2.first(1) :][:184]
        assert len(at) == 184
        assert header(early).lm_cksum == zlib.crc32(at) ^ 0xFFFFFFFF
        assert header(early).lm_cksum == lustre_msg.early_reply_checksum(at, whole=True)


def test_statuses_that_are_no_errors() -> None:
    positive = Counter((m.name, m.status > 0) for m in of("reply") if m.status is not None)
    assert positive["OST_READ", True]
    aborted = {m.status for m in of("reply") if m.name == "LDLM_ENQUEUE/INTENT_GETATTR" and m.status}
    assert aborted == {301}


def test_error_replies() -> None:
    """What fails at once has the ptlrpc_body alone; a connect that is to come again has its answer with it."""
    errors = [m for m in of("reply") if pb(m).pb_type == K["PTL_RPC_MSG_ERR"]]
    found = {(m.name, m.status, len(header(m).lm_buflens)) for m in errors}
    assert found == {("MDS_CONNECT", -19, 1), ("MDS_CONNECT", -11, 2), ("MDS_STATFS", -107, 1), ("OBD_PING", -107, 1)}
