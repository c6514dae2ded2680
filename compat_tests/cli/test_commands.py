"""layout, diff, verify and decode, called as a user calls them, on recorded messages and a real capture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.facts import DIALECTS, layouts
from compat_tests.recorded import FIXTURES
from lustre_wire.cli.main import COMMANDS, cli

GOLDEN = sorted(str(path) for path in (FIXTURES / "golden").glob("*.jsonl"))
CAPTURE = str(FIXTURES / "captures" / "02-lnet-ping-discover.pcap")


def run(*args: str, input: bytes | None = None, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, args, input=input)
    assert result.exit_code == status, result.output
    return result


def lines(*args: str, input: bytes | None = None, status: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*args, input=input, status=status).stdout.splitlines()]


def commands() -> list[list[str]]:
    """The words of every command, those of groups with each of their own."""
    context = click.Context(cli)
    out = []
    for name in sorted(COMMANDS):
        command = cli.get_command(context, name)
        inner = sorted(command.commands) if isinstance(command, click.Group) else []
        out += [[name, word] for word in inner] or [[name]]
    return out


def recording(path: Path, *messages: recorded.Recorded) -> str:
    path.write_text("".join(json.dumps(m.row) + "\n" for m in messages))
    return str(path)


class TestLayout:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_sizes_of_all_structs_are_the_measured_ones(self, dialect: str) -> None:
        shown = {row["name"]: row["size"] for row in lines("layout", "--dialect", dialect, "--json")}
        measured = layouts(dialect)
        known = {name: measured[name]["size"] for name in shown if name in measured}
        assert len(known) > 50
        assert {name: shown[name] for name in known} == known

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_offsets_are_the_measured_ones(self, dialect: str) -> None:
        measured = layouts(dialect)["obdo"]["fields"]
        (shown,) = lines("layout", "obdo", "--dialect", dialect, "--json")
        offsets = {f["name"]: (f["offset"], f["size"]) for f in shown["fields"]}
        assert offsets == {f["name"]: (f["offset"], f["size"]) for f in measured}

    def test_a_table_for_people(self) -> None:
        table = run("layout", "lu_fid", "--dialect", "2.0").stdout.splitlines()
        assert table[0].startswith("struct lu_fid: 16 bytes (dialect 2.0).")
        assert [line.split() for line in table[1:]] == [
            ["offset", "size", "type", "field"],
            ["0", "8", "u64", "f_seq"], ["8", "4", "u32", "f_oid"], ["12", "4", "u32", "f_ver"],
        ]  # fmt: skip
        assert all(line == line.rstrip() for line in table)

    def test_patterns_rpc_formats_and_enumerations(self) -> None:
        names = [row["name"] for row in lines("layout", "mds_rec_*", "-d", "1.8", "--json")]
        assert names == [name for name in lw.dialect("1.8").structs if name.startswith("mds_rec_")]
        (form,) = lines("layout", "LDLM_ENQUEUE/INTENT_OPEN", "-d", "2.0", "--json")
        request = [b["name"] for b in form["buffers"] if b["side"] == "request"]
        assert request[:3] == ["dlm_req", "ldlm_intent", "rec_reint"]
        (enum,) = lines("layout", "LdlmType", "-d", "1.8", "--json")
        assert enum["members"] == {"LDLM_PLAIN": 10, "LDLM_EXTENT": 11, "LDLM_FLOCK": 12, "LDLM_IBITS": 13}

    def test_an_unknown_name_says_what_comes_close(self) -> None:
        result = run("layout", "mdt_bdy", "-d", "2.0", status=2)
        assert result.stderr.count("\n") == 1
        assert "mdt_body" in result.stderr


class TestDiff:
    def test_the_same_dialect_does_not_differ(self) -> None:
        assert run("diff", "1.8", "1.8", "--exit-code").stdout == ""

    def test_exit_code_only_where_asked_for(self) -> None:
        run("diff", "1.8", "2.0")
        run("diff", "1.8", "2.0", "--exit-code", status=1)

    def test_changes_of_an_obdo(self) -> None:
        rows = {row["name"]: row for row in lines("diff", "1.8", "2.0", "obdo", "--json")}
        assert rows["obdo"]["change"] == "same"
        assert rows["obdo.o_valid"]["change"] == "same"
        assert rows["obdo.o_id"]["change"] == "only old"
        assert rows["obdo.o_oi"]["change"] == "only new"
        assert rows["obdo.o_padding_1"]["change"] == "was padding"
        assert "o_parent_ver" in rows["obdo.o_padding_1"]["new"]

    def test_two_structs_of_other_names(self) -> None:
        shown = lines("diff", "1.8", "2.0", "mds_body:mdt_body", "--json")
        rows = {row["name"].rpartition(".")[2]: row for row in shown}
        assert rows["fid1"]["change"] == "other type"
        assert rows["io_epoch"]["change"] == "renamed"
        assert rows["padding_4"]["change"] == "was padding"
        assert rows["padding_5"]["change"] == "only new"

    def test_constants(self) -> None:
        rows = {row["name"]: row for row in lines("diff", "1.8", "2.0", "OBD_CONNECT_*", "--json")}
        assert rows["OBD_CONNECT_FID"]["change"] == "same"
        assert rows["OBD_CONNECT_64BITHASH"]["change"] == "only old"
        (lck,) = lines("diff", "1.8", "2.0", "LCK_MAXMODE", "--json")
        assert (lck["change"], lck["old"]) == ("other value", "65")

    def test_buffers_of_an_rpc(self) -> None:
        rows = [row for row in lines("diff", "1.8", "2.0", "MDS_GETXATTR", "--json") if row["kind"] == "buffer"]
        forms = [lw.dialect(d).rpcs["MDS_GETXATTR"] for d in DIALECTS]
        counts = [len(form.request.__slot_specs__) for form in forms]
        assert len([row for row in rows if ".request[" in row["name"]]) == max(counts)
        assert [row["change"] for row in rows if ".request[" in row["name"]].count("only new") == counts[1] - counts[0]
        assert rows[0]["old"] == "mds_body mds_body"
        assert rows[0]["new"].startswith("mdt_body ")

    def test_every_struct_of_both_facts_that_differs_is_listed(self) -> None:
        old, new = layouts("1.8"), layouts("2.0")
        listed = {row["name"] for row in lines("diff", "1.8", "2.0", "--json") if row["kind"] == "struct"}
        known = set(lw.dialect("1.8").structs) & set(lw.dialect("2.0").structs) & set(old) & set(new)
        differ = {
            name for name in known
            if [(f["name"], f["offset"], f["size"]) for f in old[name]["fields"]]
            != [(f["name"], f["offset"], f["size"]) for f in new[name]["fields"]]
        }  # fmt: skip
        assert len(differ) > 10
        assert differ <= listed


class TestVerify:
    def test_everything_recorded_passes(self) -> None:
        total = len(recorded.messages())
        assert run("verify", *GOLDEN).stdout.splitlines()[-1] == f"{total} passed, 0 failed"

    def test_what_was_seen_and_what_never(self, tmp_path: Path) -> None:
        message = next(m for m in recorded.messages() if m.kind == "statfs" and m.dialect == "1.8")
        seen, never, last = lines("verify", recording(tmp_path / "one.jsonl", message), "--json")
        assert seen == {"dialect": "1.8", "format": "MDS_STATFS", "direction": "request", "messages": 1, "failed": 0}
        assert set(never["never_seen"]) == {form.key for form in lw.dialect("1.8").formats} - {"MDS_STATFS"}
        assert (last["passed"], last["failed"]) == (1, 0)

    def test_a_message_that_cannot_be_decoded_fails(self, tmp_path: Path) -> None:
        good, bad = recorded.messages()[:2]
        row = dict(bad.row, hex=bad.row["hex"][:200])
        path = tmp_path / "damaged.jsonl"
        path.write_text(json.dumps(good.row) + "\n" + json.dumps(row) + "\n")
        result = run("verify", str(path), status=1)
        assert result.stdout.splitlines()[-1] == "1 passed, 1 failed"
        assert f"{path}, message 2: " in result.stdout

    def test_an_engine_that_errs_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from lustre_wire.engines import reference

        honest = reference.unpack

        def lying(cls: Any, data: bytes, **options: Any) -> Any:
            value = honest(cls, data, **options)
            if hasattr(value, "pb_conn_cnt"):
                value.pb_conn_cnt ^= 1
            return value

        monkeypatch.setattr(reference, "unpack", lying)
        result = run("verify", GOLDEN[0], status=1)
        assert "ptlrpc_body: record and reference engine give other values" in result.stdout
        rows = [json.loads(line) for line in Path(GOLDEN[0]).read_text().splitlines()]
        bodies = sum(row.get("msg_format") == "lustre_msg_v2" for row in rows)
        assert result.stdout.splitlines()[-1].endswith(f" passed, {bodies} failed")

    def test_captures_are_verified_too(self) -> None:
        assert run("verify", CAPTURE).stdout.splitlines()[-1] == "8 passed, 0 failed"

    def test_no_messages_at_all(self) -> None:
        assert "standard input" in run("verify", "-", input=b"", status=2).stderr


class TestDecode:
    def test_a_request_and_its_reply(self) -> None:
        request, reply = run("decode", GOLDEN[0], "--xid", "1360632217600307", "--limit", "2").stdout.splitlines()
        assert request.startswith("x1360632217600307 LDLM_BL_CALLBACK EXTENT [")
        assert reply == "x1360632217600307   <- LDLM_BL_CALLBACK 0"

    def test_a_capture(self) -> None:
        shown = run("decode", CAPTURE, "--kind", "request", "--kind", "reply").stdout.splitlines()
        assert len(shown) == 8
        time, src, arrow, dst, xid, *_ = shown[0].split()
        assert arrow == "->"
        assert {src.rpartition("@")[2], dst.rpartition("@")[2]} == {"tcp"}
        assert len(time) == len("00:00:00.000000")
        assert int(xid.removeprefix("x")) > 0

    @pytest.mark.parametrize("file", GOLDEN, ids=lambda file: Path(file).stem)
    def test_json_encodes_to_the_recorded_bytes(self, file: str) -> None:
        rows = [json.loads(line) for line in Path(file).read_text().splitlines()]
        wanted = [row["hex"] for row in rows if row.get("msg_format", "").startswith("lustre_msg")]
        shown = lines("decode", file, "--json", "--kind", "request", "--kind", "reply")
        assert [lw.encode(lw.from_json(row)).hex() for row in shown] == wanted
        assert all(row["xid"] and row["portal"] for row in shown)

    def test_its_json_is_its_own_input(self) -> None:
        first = run("decode", GOLDEN[2], "--json", "--opcode", "MDS_*").stdout
        again = run("decode", "-", "--json", input=first.encode()).stdout
        keys = ("dialect", "direction", "format", "header", "buffers")
        stripped = [[{k: json.loads(line)[k] for k in keys} for line in text.splitlines()] for text in (first, again)]
        assert stripped[0] == stripped[1] != []

    def test_hexadecimal_digits_and_raw_bytes(self, tmp_path: Path) -> None:
        message = next(m for m in recorded.messages() if m.kind == "ping" and m.dialect == "1.8")
        (tmp_path / "hex").write_text(message.data.hex())
        (tmp_path / "raw").write_bytes(message.data)
        for name in ("hex", "raw"):
            assert run("decode", "--dialect", "1.8", str(tmp_path / name)).stdout == "OBD_PING\n"
        assert run("decode", "-d", "1.8", "-", input=message.data).stdout == "OBD_PING\n"

    def test_the_tree_names_every_buffer_at_its_offset(self) -> None:
        of_2_0 = (m for m in recorded.messages() if m.row["lustre_version"] == "2.0.0")
        message = next(m for m in of_2_0 if m.kind == "statfs-reply")
        shown = run("decode", "-v", "--dialect", "2.0", "-", input=json.dumps(message.row).encode()).stdout
        for part in message.row["buffers"]:
            assert f"{part['offset']:>7}  " in shown
        assert f"  dialect 2.0, {message.endian}-endian, {len(message.data)} bytes\n" in shown

    def test_the_tree_shows_the_commands_of_a_configuration_log(self) -> None:
        attach = next(row for row in recorded.payloads("lustre-cfg") if row["params"]["cmd"] == "LCFG_ATTACH")
        name, kind, uuid = attach["params"]["bufs"]
        shown = run("decode", GOLDEN[0], "-v", "--opcode", "LLOG_ORIGIN_HANDLE_NEXT_BLOCK", "--kind", "reply").stdout
        assert f"record 1: OBD_CFG_REC {name}: attach {kind} {name} {uuid}\n" in shown

    def test_the_tree_shows_the_entries_of_a_directory(self) -> None:
        mount = str(FIXTURES / "captures" / "04-client-mount.pcap")
        shown = run("decode", mount, "-v", "--kind", "bulk", "--opcode", "MDS_READPAGE").stdout
        root = "[0x200000007:0x1:0x0]"  # FID_SEQ_ROOT
        assert {line.strip() for line in shown.splitlines()[1:]} == {"bulk: 2 entries", f".: {root}", f"..: {root}"}

    def test_connections_are_listed_with_the_releases_of_both_sides(self) -> None:
        mount = str(FIXTURES / "captures" / "04-client-mount.pcap")
        rows = lines("decode", mount, "--connections", "--json")
        assert len(rows) == 5 and {(r["client_release"], r["server_release"]) for r in rows} == {("2.17.0", "2.17.0")}
        shown = run("decode", mount, "--connections").stdout.splitlines()
        for row, line in zip(rows, shown, strict=True):
            ends = f"{row['client']} (2.17.0) -> {row['server']} (2.17.0) socklnd 3"
            assert f"{ends} {row['target']} read as 2.17 " in line

    def test_filters(self) -> None:
        assert {row["format"] for row in lines("decode", GOLDEN[0], "--opcode", "mds_close", "--json")} == {"MDS_CLOSE"}
        errors = lines("decode", GOLDEN[0], "--errors", "--json")
        status = [row["buffers"][0]["fields"]["pb_status"] for row in errors if row["buffers"]]
        assert errors
        assert all(number >= 2**31 for number in status)
        nids = {row["src"] for row in lines("decode", CAPTURE, "--json")}
        one = min(nids)
        assert {one in (row["src"], row["dst"]) for row in lines("decode", CAPTURE, "--nid", one, "--json")} == {True}
        assert len(run("decode", GOLDEN[0], "--limit", "3").stdout.splitlines()) == 3
        assert run("decode", GOLDEN[0], "--limit", "0").stdout == ""

    def test_a_summary_counts_what_is_listed(self) -> None:
        listed = lines("decode", CAPTURE, "--json")
        rows = {row["name"]: row for row in lines("decode", CAPTURE, "--summary", "--json")}
        assert sum(row["requests"] + row["replies"] for row in rows.values()) == len(listed)
        replies = [row for row in listed if row["kind"] == "reply"]
        name = replies[0]["format"]
        times = [row["latency"] for row in replies if row["format"] == name]
        assert rows[name]["replies"] == rows[name]["timed"] == len(times)
        assert rows[name]["longest"] == max(times)
        assert f" {name} " in run("decode", CAPTURE, "--summary").stdout

    @pytest.mark.parametrize("path", sorted((FIXTURES / "captures").glob("*.pcap")), ids=lambda path: path.stem)
    def test_a_summary_without_decoding_is_that_of_all_decoded_messages(self, path: Path) -> None:
        """Names, failures and times come from the index alone there, from the whole messages here."""
        counted: dict[tuple[str | None, str], dict[str, Any]] = {}
        for row in lines("decode", str(path), "--json"):
            rpc = "buffers" in row
            key = (row["dialect"], lw.from_json(row).name) if rpc else (None, row["kind"])
            total = counted.setdefault(
                key, dict.fromkeys(("requests", "replies", "failed", "timed"), 0) | {"longest": 0.0}
            )
            if row["kind"] not in ("reply", "early reply"):
                total["requests"] += 1
                continue
            total["replies"] += 1
            total["failed"] += not rpc or row["buffers"][0]["fields"]["pb_status"] >= 1 << 31
            total["timed"] += "latency" in row
            total["longest"] = max(total["longest"], row.get("latency", 0.0))
        summary = lines("decode", str(path), "--summary", "--json")
        shown = {(row.pop("dialect"), row.pop("name")): row for row in summary}
        assert all(row.pop("total") >= 0 for row in shown.values())
        assert shown == counted

    def test_a_message_wrapped_by_a_security_policy(self) -> None:
        """lm_secflvr, the second word, says that the buffers are the policy's."""
        pings = (m for m in recorded.messages() if m.kind == "ping" and m.dialect == "2.0")
        message = next(m for m in pings if m.endian == "little")
        data = message.data[:4] + (0x21).to_bytes(4, "little") + message.data[8:]
        assert run("decode", "-d", "2.0", "-", input=data).stdout == "wrapped by security flavour 0x21\n"

    def test_findings(self, tmp_path: Path) -> None:
        message = recorded.messages()[0]
        (tmp_path / "cut").write_text(message.data.hex()[:100])
        result = run("decode", "-d", message.dialect, str(tmp_path / "cut"), status=1)
        assert "not decoded" in result.stdout


class TestMain:
    @pytest.mark.parametrize("words", commands(), ids=" ".join)
    def test_help_of_every_command_shows_examples(self, words: list[str]) -> None:
        assert f"lustre-wire {' '.join(words)}" in run(*words, "--help").stdout.partition("Examples:")[2]

    def test_every_command_module_is_listed(self) -> None:
        folder = Path(lw.__file__).parent / "cli"
        modules = {path.stem for path in folder.glob("*.py") if "\ndef command(" in path.read_text()}
        assert modules == {name.replace("-", "_") for name in COMMANDS}

    def test_version(self) -> None:
        assert run("--version").stdout == f"lustre-wire {lw.__version__}\n"

    @pytest.mark.parametrize("args", [["nonsense"], ["decode"], ["decode", "--dialect", "9.9", "x"], ["diff", "1.8"],
                                      ["decode", "--port", "70000", "x"], ["decode", "--xid", "zz", "x"],
                                      ["decode", "--nid", "1.2.3@tcp", "x"], ["layout", "--nonsense"]])  # fmt: skip
    def test_bad_usage_is_one_line(self, args: list[str]) -> None:
        result = run(*args, status=2)
        assert result.stdout == ""
        assert result.stderr.startswith("lustre-wire: ")
        assert result.stderr.count("\n") == 1


def test_a_capture_of_another_port_says_so() -> None:
    capture = str(FIXTURES / "captures" / "04-client-mount.pcap")
    result = run("decode", "--port", "1988", capture)
    assert result.stdout == ""
    assert result.stderr.startswith("nothing on TCP port 1988, ") and result.stderr.endswith(" on others: see --port\n")
    assert run("decode", "--summary", capture).stderr == ""
