"""Captures whose packets were cut at a snap length, or that lack packets: what is there is shown, and what not."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat_tests.recorded import FIXTURES
from lustre_wire.capture import Captured, PcapWriter, read_input, read_packets
from lustre_wire.capture.connections import AUTO, Fit
from lustre_wire.cli.main import cli
from lustre_wire.dialects import dialect
from lustre_wire.text import cut_tree, message_tree
from lustre_wire.text.tree import Node

SHARED = Path(__file__).parent.parent.parent.parent / "shared"
MOUNT = FIXTURES / "captures" / "04-client-mount.pcap"
SESSION = FIXTURES / "captures" / "recorded-session-1.8.pcap"


def cut(path: Path, snaplen: int) -> bytes:
    """What tcpdump -s SNAPLEN would have written."""
    out = io.BytesIO()
    writer = PcapWriter(out)
    with path.open("rb") as stream:
        for packet in read_packets(stream):
            writer.write(packet.time_ns, packet.data[:snaplen], packet.length)
    return out.getvalue()


def lossy(path: Path, every: int) -> bytes:
    """A capture from which each so-manieth packet is missing."""
    out = io.BytesIO()
    writer = PcapWriter(out)
    with path.open("rb") as stream:
        for number, packet in enumerate(read_packets(stream), 1):
            if number % every:
                writer.write(packet.time_ns, packet.data, packet.length)
    return out.getvalue()


def read(data: bytes | Path) -> list[Captured]:
    return list(read_input(io.BytesIO(data) if isinstance(data, bytes) else data))


def key(captured: Captured) -> tuple[object, ...]:
    return captured.direction, captured.match_bits, captured.src, captured.opcode


@pytest.mark.parametrize("path", [MOUNT, SESSION], ids=lambda path: path.stem)
@pytest.mark.parametrize("snaplen", [420, 512])
def test_a_message_whose_body_is_there_is_named_as_in_the_whole_capture(path: Path, snaplen: int) -> None:
    whole = {(*key(captured), captured.raw[:250]): captured for captured in read(path) if captured.is_rpc}
    found = [captured for captured in read(cut(path, snaplen)) if captured.direction]
    partial = [captured for captured in found if captured.partial is not None]
    assert partial
    for captured in partial:
        same = whole[*key(captured), captured.raw[:250]]
        assert (captured.status, captured.message, captured.is_rpc) == (same.status, None, True)
        assert captured.name.partition("/")[0] == same.name.partition("/")[0]
        assert captured.raw == same.raw[: captured.there]
        assert captured.there + captured.missing == len(same.raw)
        assert f"the capture has {captured.there} of {len(same.raw)} bytes" in str(captured.error)
    paired = [captured for captured in partial if captured.direction == "reply"]
    answered = [captured for captured in paired if whole[*key(captured), captured.raw[:250]].request is not None]
    assert all(captured.request is not None for captured in answered)


def leaves(node: Node) -> dict[tuple[int, str], str]:
    out = {} if node.offset is None or node.children else {(node.offset, node.name): node.text}
    for child in node.children:
        out |= leaves(child)
    return out


def test_every_value_that_is_shown_is_the_one_of_the_whole_message() -> None:
    whole = {key(captured): captured for captured in read(MOUNT) if captured.is_rpc}
    seen = 0
    for captured in read(cut(MOUNT, 512)):
        if captured.partial is None:
            continue
        same = whole[key(captured)].message
        assert same is not None
        told = leaves(message_tree(same))
        for (offset, name), text in leaves(cut_tree(captured.partial, captured.there)).items():
            assert offset < captured.there
            assert text == "cut" or told.get((offset, name)) == text or name.startswith("buffer")
            seen += 1
    assert seen > 300


def test_the_command_says_plainly_that_a_message_is_cut() -> None:
    result = CliRunner().invoke(cli, ["decode", "-"], input=cut(SESSION, 420))
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if "(cut: " in line]
    assert lines and all(" bytes)" in line and "not decoded" not in line for line in lines)
    assert "bytes are not in the capture: packets were cut or lost\n" in result.stderr
    json = CliRunner().invoke(cli, ["decode", "--json", "--errors", "-"], input=cut(SESSION, 420)).stdout
    assert '"opcode":' in json and '"status":' in json and '"error":"byte ' in json
    shown = CliRunner().invoke(cli, ["decode", "-v", "-"], input=cut(SESSION, 420)).stdout
    assert ": cut\n" in shown


@pytest.mark.parametrize("every", [3, 7])
def test_lost_packets_hide_nothing_of_the_others(every: int) -> None:
    whole = {key(captured) for captured in read(MOUNT) if captured.is_rpc}
    found = [captured for captured in read(lossy(MOUNT, every)) if captured.is_rpc]
    assert {key(captured) for captured in found} <= whole and len(found) > len(whole) // every


def test_a_capture_of_128_bytes_a_packet_says_what_is_lost() -> None:
    result = CliRunner().invoke(cli, ["decode", "-"], input=cut(MOUNT, 128))
    assert "bytes are not in the capture: packets were cut or lost\n" in result.stderr


@pytest.mark.skipif(not (SHARED / "cases").is_dir(), reason="the cases are not here")
def test_the_capture_that_was_reported() -> None:
    found = read(SHARED / "cases" / "snap512.pcap")
    rpcs = [captured for captured in found if captured.direction]
    assert len(rpcs) == 14 and all(captured.name and captured.dialect is not None for captured in rpcs)
    assert sum(captured.partial is not None for captured in rpcs) == 6


def _of(path: Path, name: str) -> Fit:
    fit = Fit(dialect(name))
    for captured in read_input(path, dialect=name):
        fit.see(captured)
    return fit


FILES = sorted([*(FIXTURES / "golden").glob("*.jsonl"), *(FIXTURES / "captures").glob("*.pcap")])
FILES += sorted([*(SHARED / "real-clients").rglob("*.pcap"), *SHARED.glob("real/*.pcapng")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_dialect_is_noticed_and_a_right_one_never_doubted(path: Path) -> None:
    """The right one is that of most messages that are of one alone, as the connections themselves granted it."""
    told = {name: _of(path, name).better() for name in ("1.8", "2.0", "2.17")}
    kinds = [captured.dialect.name for captured in read_input(path, dialect=AUTO) if captured.dialect is not None]
    wrong = [name for name, better in told.items() if better is not None]
    assert len(wrong) < 3
    if kinds and (len(set(kinds)) == 1 or "189" in path.stem):
        right = kinds[0] if len(set(kinds)) == 1 else "1.8"
        assert right not in wrong
        assert wrong or path.stem.startswith("02-")  # nothing but statfs there, which is the same in both
