"""``lustre-wire translate``, called as a user calls it, on recorded conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import lustre_wire as lw
from compat_tests import recorded
from lustre_wire.capture import read_messages
from lustre_wire.cli.main import cli
from lustre_wire.frames import lustre_msg

KNOWN = "10597059/286397204=[0x200000400:0x21:0x0]", "13952502/555885348=[0x200000401:0x1a2b:0x0]"


def run(*args: str, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["translate", *args])
    assert result.exit_code == status, result.output
    return result


def objects(*args: str, status: int = 0) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What --json prints: the messages, and the rows of the summary."""
    *messages, last = [json.loads(line) for line in run(*args, "--json", status=status).stdout.splitlines()]
    return messages, last["summary"]


def recording(path: Path, *ids: str, dialect: str = "1.8") -> str:
    """A file with these recorded messages of 1.8.9 and their replies."""
    found = [
        m
        for m in recorded.messages()
        if m.dialect == dialect and m.row["lustre_version"].startswith("1.8") and m.id.removesuffix(".reply") in ids
    ]
    assert len(found) >= len(ids)
    path.write_text("".join(json.dumps(m.row) + "\n" for m in found))
    return str(path)


def test_a_conversation_becomes_one_of_the_other_dialect(tmp_path: Path) -> None:
    file = recording(tmp_path / "in.jsonl", "getattr-name-d18-n8", "reint-link-d18-n1", "close-d18-openlock")
    out = tmp_path / "out.pcap"
    names = [part for name in KNOWN for part in ("--identify", name)]
    rows = objects(file, "--to", "2.0", "-o", str(out), "--credentials", "1001:100", *names)[1]
    assert [(r["operation"], r["direction"], r["translated"], r["lossy"], r["impossible"]) for r in rows] == [
        (name, way, 1, 0, 0)
        for name in ("MDS_CLOSE", "MDS_GETATTR_NAME", "MDS_REINT/LINK") for way in ("request", "reply")
    ]  # fmt: skip
    with out.open("rb") as stream:
        written = [c for c in read_messages(stream, dialect="2.0") if c.direction]
    assert [c.message.name for c in written if c.message and c.direction == "request"] == [
        "MDS_CLOSE", "MDS_GETATTR_NAME", "MDS_REINT/LINK",
    ]  # fmt: skip
    for captured in written:
        assert captured.error is None
        form = captured.message.format  # type: ignore[union-attr]
        assert lw.decode(captured.raw, "2.0", request=form, strict=True) == captured.message
        assert captured.direction == "request" or captured.request is not None, "replies find their requests"
    record = written[0].message.buffers.rec_reint  # type: ignore[union-attr]
    assert (record.sa_fid.f_seq, record.sa_fsuid, record.sa_fsgid, record.sa_cap) == (0x200000401, 1001, 100, 0)


def test_a_close_of_nobody_known_is_lossy(tmp_path: Path) -> None:
    file = recording(tmp_path / "in.jsonl", "close-d18-openlock")
    row = objects(file, "--to", "2.0", status=1)[1][0]
    assert (row["operation"], row["lossy"], row["reasons"]) == ("MDS_CLOSE", 1, {"lossy: credentials": 1})
    assert objects(file, "--to", "2.0", "--allow", "credentials")[1][0]["reasons"] == {"lossy: credentials": 1}


@pytest.mark.parametrize("odd", ["-1", "a:b", "1:2:3:4", "1:", str(1 << 32)])
def test_credentials_that_are_none(tmp_path: Path, odd: str) -> None:
    file = recording(tmp_path / "in.jsonl", "close-d18-openlock")
    assert "UID:GID:CAPABILITIES" in run(file, "--to", "2.0", "--credentials", odd, status=2).output


def test_what_is_lossy_is_left_out_unless_it_is_allowed(tmp_path: Path) -> None:
    file = recording(tmp_path / "in.jsonl", "intent-open-d20-rdonly-n1", dialect="2.0")
    names = [part for name in KNOWN for part in ("--identify", name)]
    messages, rows = objects(file, "--to", "1.8", *names, status=1)
    assert rows[0]["lossy"] == 1
    assert rows[0]["reasons"] == {"lossy: suppgid2": 1}
    assert rows[1]["impossible"] == 1, "a reply goes with its request"
    assert "message" not in messages[0]
    assert messages[0]["report"]["entries"][0]["kind"] in ("lost", "filled", "dropped", "changed")
    allowed, rows = objects(file, "--to", "1.8", *names, "--allow", "time,suppgid2")
    assert rows[0]["lossy"] == 1
    made = lw.decode(lw.encode(lw.from_json(allowed[0]["message"])), "1.8", strict=True)
    assert made.name == "LDLM_ENQUEUE/INTENT_OPEN"


def test_what_is_impossible_says_why_with_its_errno(tmp_path: Path) -> None:
    file = recording(tmp_path / "in.jsonl", "pin-d18", "getattr-name-d18-n1")
    messages, rows = objects(file, "--to", "2.0", status=1)
    found = {(r["operation"], r["direction"]): r for r in rows}
    assert found["MDS_PIN", "request"]["impossible"] == 1
    assert next(m for m in messages if m["operation"] == "MDS_PIN")["errno"] == 95
    table = run(file, "--to", "2.0", status=1).stdout.splitlines()
    assert table[0].split()[:5] == ["operation", "direction", "translated", "lossy", "impossible"]
    assert any("EOPNOTSUPP" in line for line in table)
    assert "MDS_PIN request impossible" in run(file, "--to", "2.0", "-v", status=1).stdout


def test_new_files_get_fids_of_the_sequence_and_keep_them(tmp_path: Path) -> None:
    file = recording(tmp_path / "in.jsonl", "reint-mkdir-d18-n1")
    assert objects(file, "--to", "2.0", status=1)[1][0]["impossible"] == 1
    messages, rows = objects(file, "--to", "2.0", "--fids", "0x200000400")
    assert [row["translated"] for row in rows] == [1, 1]
    record = next(b for b in messages[0]["message"]["buffers"] if b["name"] == "rec_reint")["fields"]
    body = next(b for b in messages[1]["message"]["buffers"] if b["name"] == "mdt_body")["fields"]
    assert record["cr_fid2"]["f_seq"] == 0x200000400
    assert body["fid1"] == record["cr_fid2"]


def test_messages_of_the_target_dialect_go_through_as_they_are(tmp_path: Path) -> None:
    file = recording(tmp_path / "in.jsonl", "getattr-name-d20-n1", dialect="2.0")
    out = tmp_path / "out.pcap"
    run(file, "--to", "2.0", "-o", str(out))
    source = [m.data for m in recorded.messages() if m.id.startswith("getattr-name-d20-n1") and "1.8.9" in str(m)]
    with out.open("rb") as stream:
        assert [c.raw for c in read_messages(stream) if c.direction] == [d[: lustre_msg.split(d).end] for d in source]


@pytest.mark.parametrize(
    "args",
    [["--to", "9.9"], ["--identify", "nonsense", "--to", "2.0"], ["--fids", "x", "--to", "2.0"], []],
)
def test_options_that_cannot_be_used_are_said_in_one_line(tmp_path: Path, args: list[str]) -> None:
    file = recording(tmp_path / "in.jsonl", "ping-d18")
    result = CliRunner().invoke(cli, ["translate", file, *args])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["translate", str(tmp_path / "none"), "--to", "2.0"])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_diff_shows_the_rules() -> None:
    result = CliRunner().invoke(cli, ["diff", "1.8", "2.0", "--rules", "mds_rec_unlink", "--json"])
    assert result.exit_code == 0
    rows = {(r["old"] or r["new"])["name"]: r for r in map(json.loads, result.stdout.splitlines())}
    assert rows["ul_mode"]["old"] == {"name": "ul_mode", "offset": 20, "size": 4}
    assert rows["ul_mode"]["new"] == {"name": "ul_mode", "offset": 116, "size": 4}
    assert rows["ul_mode"]["up"] == rows["ul_mode"]["down"] == "moved"
    assert rows["ul_suppgid2"]["down"] == "lossy suppgid2"
    table = CliRunner().invoke(cli, ["diff", "1.8", "2.0", "--rules", "mdt_ioepoch"]).stdout.splitlines()
    assert table[0].split() == ["struct", "1.8", "2.0", "up", "down", "note"]
    unknown = CliRunner().invoke(cli, ["diff", "1.8", "2.0", "--rules", "nothing"])
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (2, 1)
