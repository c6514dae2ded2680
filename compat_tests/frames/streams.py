"""TCP streams of the recorded captures, put together in order: what `SocklndStream` is fed with."""

from __future__ import annotations

from functools import cache

from compat_tests.recorded import FIXTURES
from lustre_wire.capture.packets import SYN, Segment, parse_segments
from lustre_wire.capture.pcap import read_records

CAPTURES = ("02-lnet-ping-discover.pcap", "17-lnet-ipv6-large-nid.pcap")


def joined(segments: list[Segment]) -> bytes:
    """The payloads of one direction by sequence number; the capture has no holes."""
    syn = next((s.seq + 1 for s in segments if s.flags & SYN), None)
    first = syn if syn is not None else min(s.seq for s in segments if s.payload)
    out = b""
    for segment in sorted(segments, key=lambda s: (s.seq - first) & 0xFFFFFFFF):
        at = (segment.seq - first) & 0xFFFFFFFF
        if segment.payload and at < 1 << 31:
            assert at <= len(out), "a hole"
            out += segment.payload[len(out) - at :]
    return out


@cache
def streams(capture: str) -> dict[bytes, bytes]:
    """Both directions of every connection by flow; those without data are left out."""
    flows: dict[bytes, list[Segment]] = {}
    with (FIXTURES / "captures" / capture).open("rb") as stream:
        for records in read_records(stream):
            for segment in parse_segments(records):
                flows.setdefault(segment.flow, []).append(segment)
    return {flow: joined(parts) for flow, parts in flows.items() if any(p.payload for p in parts)}
