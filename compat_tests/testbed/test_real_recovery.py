"""The monitor on real traffic: an MDT of 2.17 that was restarted, with open replay, lock replay and early replies.

The ptlrpc_body and the recovery protocol are those of 2.0, which reads them. Left out is what this capture cannot show:
it begins in the middle (R1, R3, L5, V1 need first answers and enqueues), one node has several targets (R11, R12, R13
speak of one connection), and 2.17 sets a further flag in lock replays (L4).
"""

from __future__ import annotations

from functools import cache

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.capture.rpcs import read_messages
from lustre_wire.frames.nid import small_nid
from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.monitor import judge
from lustre_wire.testbed.seen import Seen, watch
from lustre_wire.testbed.trace import Trace

CAPTURE = FIXTURES / "captures" / "12b-mdt-restart-open-lock-replay.pcap"


@cache
def seen() -> tuple[Seen, ...]:
    trace, nids = Trace(), set()
    with CAPTURE.open("rb") as stream:
        for captured in read_messages(stream, dialect="2.0"):
            event = captured.lnet
            if event is not None and captured.kind in ("request", "reply", "early reply"):
                time, source, target = captured.time_ns / 1e9, small_nid(event.src_nid), small_nid(event.dest_nid)
                packet = Packet(PUT, source, target, event.portal, event.match_bits, event.offset, event.payload)
                trace.sent(time, packet).arrived.append(time)
                nids |= {source, target}
    return tuple(watch(trace, dict.fromkeys(nids, lw.dialect("2.0"))))


def test_the_capture_shows_a_recovery() -> None:
    messages = seen()
    assert [m for m in messages if m.request and m.replay and m.opens]
    assert [m for m in messages if m.request and m.lock_replay]
    assert [m for m in messages if m.request and m.done_ping]
    assert [m for m in messages if m.early]


@pytest.mark.parametrize("name", ["R2", "R4", "R5", "R10a", "R14", "R15", "R16", "R17a", "R23", "L1", "L6"])
def test_real_recovery_keeps_the_invariants(name: str) -> None:
    verdict = judge(list(seen()), [name])[name]
    assert verdict.wrong == [] and verdict.seen > 0
