"""The command's JSON has names beside its numbers, and what logs and pages hold; `--numbers` is without them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from compat_tests.recorded import FIXTURES
from compat_tests.tshark import needs_tshark, values
from lustre_wire import dialect, encode, from_json
from lustre_wire.cli.main import cli
from lustre_wire.text.names import names_json

CAPTURES = FIXTURES / "captures"


def rows(name: str, *options: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["decode", "--json", str(CAPTURES / f"{name}.pcap"), *options])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


@pytest.fixture(scope="module")
def mount() -> list[dict[str, Any]]:
    return rows("04-client-mount")


def test_names_are_those_of_the_numbers(mount: list[dict[str, Any]]) -> None:
    newest = dialect("2.17")
    connects = [row for row in mount if row.get("format") == "MDS_CONNECT"]
    assert connects
    for row in connects:
        (data,) = (each["fields"] for each in row["buffers"] if each["name"] == "connect_data")
        flags = newest.enums["ObdConnect"]
        told = row["names"]["connect_data"]["ocd_connect_flags"]
        assert sum(int(flags[name]) for name in told if name in flags.__members__) == data["ocd_connect_flags"]
        assert row["names"]["ptlrpc_body"]["pb_opc"] == "MDS_CONNECT"


def test_a_failed_reply_has_its_status_signed_and_its_errno(mount: list[dict[str, Any]]) -> None:
    (failed,) = (row for row in mount if row.get("errno") == "ENOENT")
    assert failed["status"] == -2 and failed["buffers"][0]["fields"]["pb_status"] == (1 << 32) - 2


def test_a_union_is_named_by_the_member_that_counts() -> None:
    asked = rows("05-namespace", "--opcode", "LDLM_ENQUEUE/INTENT_GETATTR", "--limit", "4")
    policies = [json.dumps(row["names"].get("dlm_req", {})) for row in asked if row["kind"] == "request"]
    assert policies and all("MDS_INODELOCK_UPDATE" in each for each in policies)


def test_logs_and_pages_are_read(mount: list[dict[str, Any]]) -> None:
    """The configuration log of a client of 2.17, and the root's directory page."""
    records = [each for row in mount for each in row.get("records", ())]
    assert {"name": "record 2", "text": "OBD_CFG_REC oracle-clilov: attach lov oracle-clilov oracle-clilov_UUID"} in (
        records
    )
    assert {"name": "..", "text": "[0x200000007:0x1:0x0]"} in records


def unnamed(value: Any) -> Any:
    """Without the names of what opaque bytes hold."""
    if isinstance(value, list):
        return [unnamed(each) for each in value]
    return {k: unnamed(v) for k, v in value.items() if k != "names"} if isinstance(value, dict) else value


def test_what_opaque_bytes_hold_has_names_too() -> None:
    replies = rows("00-complete-session-from-mkfs", "--opcode", "LDLM_ENQUEUE/INTENT_OPEN_CREAT", "--kind", "reply")
    layouts = [each["inside"] for row in replies for each in row["buffers"] if each["name"] == "mdt_md"]
    assert layouts and all(each["names"] == {"lmm_pattern": ["LOV_PATTERN_RAID0"]} for each in layouts)


def test_numbers_alone_are_as_they_were(mount: list[dict[str, Any]]) -> None:
    bare = rows("04-client-mount", "--numbers")
    added = {"names", "records", "status", "errno", "src_release", "dst_release"}
    assert bare == [{key: unnamed(value) for key, value in row.items() if key not in added} for row in mount]
    for row in mount:
        if "buffers" in row:
            assert encode(from_json(row)) == encode(from_json({k: v for k, v in row.items() if k not in added}))


@pytest.mark.parametrize("name", ["00-complete-session-from-mkfs", "04-client-mount"])
def test_the_trees_of_a_session_of_2_17_are_whole(name: str) -> None:
    """They show the records of configuration logs, whose chunks are longer since 2.8."""
    result = CliRunner().invoke(cli, ["decode", "-v", str(CAPTURES / f"{name}.pcap")])
    assert result.exit_code == 0 and "OBD_CFG_REC" in result.output, result.exception


def test_data_of_reads_and_writes_come_when_they_are_asked_for() -> None:
    only = ("--opcode", "OST_WRITE", "--kind", "bulk")
    (counted,), (whole,) = (rows("00-complete-session-from-mkfs", *only, *option) for option in ((), ("--data",)))
    assert counted["bytes"] == len(whole["hex"]) // 2 == 1 << 20 and "hex" not in counted
    again = CliRunner().invoke(cli, ["decode", "-"], input=json.dumps(counted))
    assert again.exit_code == 0, again.output


@needs_tshark
@pytest.mark.parametrize("name", ["04-client-mount", "05-namespace", "12b-mdt-restart-open-lock-replay"])
def test_frames_are_numbered_as_wireshark_numbers_them(name: str) -> None:
    """Whatever Wireshark shows in a frame, we give that frame's number; it shows no lustre in a few of ours."""
    ours: dict[int, set[int]] = {}
    for row in rows(name, "--numbers"):
        ours.setdefault(row["frame"], set()).add(row["xid"])
    shown = values(CAPTURES / f"{name}.pcap", "frame.number", "lnet.msg_dst_match_bits")
    told = {int(number): {int(bits, 0) for bits in found} for ((number,), found) in shown if found}
    assert len(told) > 50
    assert all(bits <= ours.get(number, set()) for number, bits in told.items())


def test_the_flags_of_the_header_have_names(mount: list[dict[str, Any]]) -> None:
    """In all ways a message is told: by the generated function, and by its objects."""
    asked = [row for row in mount if row.get("format") == "MDS_GETATTR" and row["kind"] == "request"]
    flags = {"lm_flags": ["MSGHDR_AT_SUPPORT", "MSGHDR_CKSUM_INCOMPAT18"]}
    assert asked and all(row["names"]["header"] == flags for row in asked)
    assert json.loads(names_json(from_json(asked[0])))["header"] == flags
    assert not any("header" in row.get("names", {}) for row in mount if not row.get("header", {}).get("lm_flags"))


def test_a_field_that_holds_something_else_has_that_name() -> None:
    """A write tells the server what the client holds of its grant, in the place of blocks, mode and links."""
    told, plain = (
        [row for row in rows("00-complete-session-from-mkfs", "--opcode", name) if row["kind"] == "request"]
        for name in ("OST_WRITE", "OST_SETATTR")
    )
    assert told and plain
    second = {"o_blocks": "o_dirty", "o_mode": "o_undirty", "o_nlink": "o_cksum", "o_misc": "o_dropped"}
    for row in (*told, *plain):
        names = row["names"]["ost_body"]["oa"]
        assert json.loads(names_json(from_json(row)))["ost_body"]["oa"] == names
        assert {name: names[name] for name in second if name in names} == (second if row in told else {})
        fields = row["buffers"][1]["fields"]["oa"]
        assert ("o_flags" in names) == bool("OBD_MD_FLFLAGS" in names["o_valid"] and fields["o_flags"])
