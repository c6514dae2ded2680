"""Messages that another one of their RPC says how to read: connects, pages, results of updates in bulk."""

from __future__ import annotations

import gzip
import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.capture import Captured, ConversationWriter, PcapWriter, read_messages
from lustre_wire.cli import settled as waiting
from lustre_wire.cli.main import cli
from lustre_wire.cli.settled import settled

CAPTURES = sorted((FIXTURES / "captures").glob("*.pcap"))
REAL = sorted((FIXTURES / "real-clients").glob("*.pcap.gz"))
D217 = lw.dialect("2.17")
START = 1_700_000_000_000_000_000
ORPHAN = struct.pack("<QII", 0x280000401, 9, 0)


def shown(*words: str, input: bytes | None = None) -> list[str]:
    result = CliRunner().invoke(cli, ["decode", *words], input=input)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def told(*words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shown(*words, "--json")]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_connection_has_one_dialect(path: Path, tmp_path: Path) -> None:
    """A client of 1.8.9 asks an MDS for FIDs too, which one of 1.8 does not grant."""
    capture = tmp_path / "real.pcap"
    capture.write_bytes(gzip.decompress(path.read_bytes()))
    rows = [row for row in told(str(capture)) if "dialect" in row]
    assert len({row["dialect"] for row in rows}) == 1 and len(rows) > 50
    assert any(row["format"] == "MDS_CONNECT" for row in rows)
    counted = told(str(capture), "--summary")
    assert {row["dialect"] for row in counted} - {None} == {rows[0]["dialect"]}


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
@pytest.mark.parametrize("live", [False, True])
def test_all_come_in_their_order(path: Path, live: bool) -> None:
    data = path.read_bytes()
    expected = [(m.time_ns, m.kind, m.raw) for m in read_messages(io.BytesIO(data))]
    assert [(m.time_ns, m.kind, m.raw) for m in settled(read_messages(io.BytesIO(data)), live)] == expected


def conversation(*, answered: bool = True, size: int = 56) -> bytes:
    """A connect; pages of an index with an object of a 2.10 or 2.11 server, what the reply says of them, pings."""
    out = io.BytesIO()
    writer = ConversationWriter(PcapWriter(out))
    structs = D217.structs
    data = structs["obd_connect_data"](ocd_connect_flags=1 << 61 | 0x20, ocd_version=0x020A0000)
    connect = {"target_uuid": b"lustre-OST0000_UUID", "client_uuid": b"c", "connect_data": data}
    writer.request(START, lw.build(D217, "OST_CONNECT", **connect, conn_handle=structs["lustre_handle"](cookie=7)), 1)
    if answered:
        writer.reply(START + 1, lw.build(D217, "OST_CONNECT", "reply", connect_data=data), 1)
    fid = structs["lu_fid"](f_seq=0x200000008, f_oid=1)
    asked = structs["idx_info"](ii_fid=fid, ii_flags=1)
    writer.request(START + 2, lw.build(D217, "OBD_IDX_READ", idx_info=asked), 2)
    owner = struct.pack("<QII 2I", 0x200000401, 3, 0, 1000, 100)
    record = owner + struct.pack("<2I2QI", 1 << 20, 4, 0, 2**64 - 1, 2) + bytes(4)
    page = struct.pack("<IHHQ", 0x8A6D6B6C, 0, 2, 0) + (ORPHAN + record) * 2
    writer.bulk_put(START + 3, page.ljust(4096, b"\0"), 14, 2)
    if answered:
        reply = structs["idx_info"](ii_fid=fid, ii_recsize=size)
        writer.reply(START + 4, lw.build(D217, "OBD_IDX_READ", "reply", idx_info=reply), 2)
    for number in range(3, 8):
        writer.request(START + number * 1000, lw.build(D217, "OBD_PING"), number, portal=26)
    writer.close(START + 9000)
    return out.getvalue()


def test_the_reply_says_what_pages_hold(tmp_path: Path) -> None:
    capture = tmp_path / "orphans.pcap"
    capture.write_bytes(conversation())
    (bulk,) = (row for row in told(str(capture)) if row["kind"] == "bulk")
    said = {
        "name": "[0x280000401:0x9:0x0]",
        "text": "of [0x200000401:0x3:0x0] uid 1000 gid 100 component 2 [0-EOF) stripe 4 x 1M",
    }
    assert bulk["records"][1:] == [said] * 2
    lines = shown(str(capture), "-v")
    assert sum(said["text"] in line for line in lines) == 2
    kinds = [row["kind"] for row in told(str(capture))]
    assert kinds == ["request", "reply", "request", "bulk", "reply", *["request"] * 5]


def test_what_is_never_answered_comes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = conversation(answered=False)
    assert len(list(settled(read_messages(io.BytesIO(data))))) == 8
    monkeypatch.setattr(waiting, "_MOST", 3)
    found = settled(read_messages(io.BytesIO(data)))
    assert [next(found).kind for _ in range(8)] == ["request", "request", "bulk", *["request"] * 5]


def test_nothing_waits_where_messages_come_one_by_one() -> None:
    given: list[Captured] = []

    def feed() -> Any:
        for captured in read_messages(io.BytesIO(conversation())):
            given.append(captured)
            yield captured

    for number, _ in enumerate(settled(feed(), live=True), 1):
        assert len(given) == number


def test_results_of_updates_in_bulk_have_the_names_of_what_was_asked() -> None:
    (capture,) = (str(path) for path in CAPTURES if path.name.startswith("00-"))
    replies = [line for line in shown(capture, "--opcode", "OUT_UPDATE") if "<- OUT_UPDATE" in line]
    assert len(replies) > 10
    assert not [line for line in replies if " result " in line]
    assert any(line.endswith("OUT_CREATE 0, OUT_REF_ADD 0, OUT_INDEX_INSERT 0, ... 13 in all") for line in replies)
    moved = shown(capture, "--opcode", "OUT_UPDATE", "--kind", "bulk")
    assert [": 32 bytes" in line or " bytes OUT_CREATE [0x200000401:" in line for line in moved] == [True] * 3
    rows = [row for row in told(capture, "--opcode", "OUT_UPDATE", "--kind", "reply") if len(row["records"]) == 14]
    assert rows and {"name": "OUT_REF_ADD", "text": "0"} in rows[0]["records"]


def test_json_says_the_releases_of_both_ends(tmp_path: Path) -> None:
    """As soon as a connect was answered; also where that is not shown, and not where numbers alone are wanted."""
    capture = tmp_path / "orphans.pcap"
    capture.write_bytes(conversation())
    keys = ("src_release", "dst_release")
    said = [tuple(row.get(key) for key in keys) for row in told(str(capture))]
    assert said == [(None, None), *[("2.10.0", "2.10.0")] * 9]
    pings = told(str(capture), "--opcode", "OBD_PING")
    assert len(pings) == 5 and all(row["src_release"] == "2.10.0" for row in pings)
    assert not any(key in row for row in told(str(capture), "--numbers") for key in keys)
    (mixed,) = (path for path in REAL if path.name.startswith("r189_18b"))
    unpacked = tmp_path / "real.pcap"
    unpacked.write_bytes(gzip.decompress(mixed.read_bytes()))
    assert {row.get("src_release") for row in told(str(unpacked))} == {None, "1.8.9"}
