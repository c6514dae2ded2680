"""Lines of a capture say what messages before them told: targets, paths, locks of the MGS, layouts."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat_tests.recorded import FIXTURES
from lustre_wire import build, dialect
from lustre_wire.cli.main import cli
from lustre_wire.cli.remembered import Remembered
from lustre_wire.engines import record
from lustre_wire.frames.selftest import SrpcMsgType, selftest_type
from lustre_wire.schema import spec_of
from lustre_wire.text import struct_text
from lustre_wire.text.layouts import striped

SESSION = str(FIXTURES / "captures" / "00-complete-session-from-mkfs.pcap")


@pytest.fixture(scope="module")
def lines() -> list[str]:
    result = CliRunner().invoke(cli, ["decode", SESSION])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_requests_name_the_target_of_their_connection(lines: list[str]) -> None:
    written = [line for line in lines if re.search(r"x\d+ OST_WRITE", line)]
    assert written
    for line in written:
        assert re.search(r"OST_WRITE oracle-OST000[01] ", line), line
    assert any(" MDS_SYNC oracle-MDT0000 " in line for line in lines)


def test_files_and_their_objects_have_their_paths(lines: list[str]) -> None:
    """The names are those that `00-complete-session-from-mkfs.ops.txt` made."""
    assert any("OST_WRITE oracle-OST0000 object [0x240000400:0x2:0x0] /a/big " in line for line in lines)
    assert any("EXTENT [0x2c0000401:0x2:0x0:0x0] /a/f PW" in line for line in lines)
    assert any("in [0x200000402:0x1:0x0] /a new" in line for line in lines)


def test_a_renamed_file_has_its_new_path(lines: list[str]) -> None:
    fid = r"\[0x200000402:0x2:0x0(?::0x[0-9a-f]+)?\] (/\S+)"
    paths = [found[1] for line in lines if (found := re.search(fid, line))]
    assert list(dict.fromkeys(paths)) == ["/a/f", "/a/g", "/a/h"]


def test_what_filters_leave_out_is_told_of_too() -> None:
    result = CliRunner().invoke(cli, ["decode", SESSION, "--opcode", "OST_WRITE", "--kind", "request", "--limit", "1"])
    assert "OST_WRITE oracle-OST0000 object [0x240000400:0x2:0x0] /a/big " in result.output


def test_locks_of_the_mgs_say_whose_and_which_log(lines: list[str]) -> None:
    locks = {found[0] for line in lines for found in re.finditer(r"PLAIN \S+", line)}
    assert {"PLAIN [oracle:config]", "PLAIN [nodemap:nodemap]"} <= locks
    assert not any(lock.startswith("PLAIN [0x") for lock in locks)


def test_a_directory_is_made_as_its_parent_says(lines: list[str]) -> None:
    """The first of these takes what its parent has for all of them, the second what its maker asked for."""
    made = {name: line for line in lines for name in ('"a"', '"sd"') if "MDS_REINT/CREATE " in line and name in line}
    assert 'OPEN_DEFAULT_LMV "a" by default 1 stripe, first MDT any' in made['"a"']
    assert '"sd" 2 stripes, first MDT any' in made['"sd"']


def test_no_second_flags_are_not_said(lines: list[str]) -> None:
    connects = [line for line in lines if re.search(r" [MO][DGS][ST]_CONNECT ", line)]
    assert any("FLAGS2 flags2 " in line for line in connects) and not any("flags2 0" in line for line in connects)
    assert any(re.search(r"\|FLAGS2$", line) for line in connects)


def test_fids_of_special_sequences_say_what_they_stand_for(lines: list[str]) -> None:
    assert any("OUT_READ [0x200000009:0x1:0x0] UPDATE_LOG size 32" in line for line in lines)
    newest = dialect("2.17")
    said = Remembered().line("[0x200000400:0x1:0x0] [0x200000007:0x2:0x0] [0x20000000b:0x1:0x0]", newest)
    assert said == "[0x200000400:0x1:0x0] [0x200000007:0x2:0x0] ROOT [0x20000000b:0x1:0x0]"


@pytest.mark.parametrize(
    ("fid", "told"),
    [
        ("[0x200000006:0x10000:0x0]", "md-0x0.glb-usr"), ("[0x200000006:0x1020000:0x0]", "dt-0x0.glb-grp"),
        ("[0x200000006:0x2020003:0x0:0x0]", "dt-0x3.glb-prj"),
        ("[0x200000006:0x1010000:0x3e8:0x0]", "md-0x0.glb-grp id 1000"), ("[0x200000005:0x1:0x0]", "QUOTA"),
    ],
)  # fmt: skip
def test_quota_indexes_say_whose_and_of_what(fid: str, told: str) -> None:
    """Type, kind of target and pool stand in the object number, the id of a lock in its name (lquota_generate_fid)."""
    assert Remembered().line(f"lock {fid}", dialect("2.17")) == f"lock {fid} {told}"


def test_the_index_of_what_a_target_was_granted() -> None:
    """The answer to the lock of a whole index names it (qmt_intent_policy)."""
    newest = dialect("2.17")
    body, fid = newest.structs["quota_body"], newest.structs["lu_fid"]
    name = "LDLM_ENQUEUE/INTENT_QUOTA_CONN"
    asked = build(newest, name, quota_body=body(qb_fid=fid(f_seq=0x200000006, f_oid=0x1020000)))
    reply = build(newest, name, "reply", quota_body=body(qb_fid=fid(f_seq=0x200000005, f_oid=7)))
    told = Remembered()
    told._answered(asked, reply)
    assert told.line("[0x200000005:0x7:0x0]", newest) == "[0x200000005:0x7:0x0] slave index of dt-0x0.glb-grp"


def test_handles_of_locks_say_what_those_are_on(lines: list[str]) -> None:
    cancels = [line for line in lines if re.search(r"x\d+ LDLM_CANCEL ", line)]
    assert any("handle [0x9fb4ef9cc6686acd /a/f]" in line for line in cancels)
    assert any("MGS handle [0x41426f39d8fe1b56 oracle:config]" in line for line in cancels)
    renamed = next(line for line in lines if re.search(r"x\d+ MDS_REINT/RENAME ", line))
    assert "handle [0x41426f39d8fe1d7f /a/f, 0x41426f39d8fe1d6a /a/f]" in renamed
    assert not any(re.search(r"(IBITS|EXTENT|PLAIN) .*handle \[0x[0-9a-f]+ ", line) for line in lines)


def test_logs_have_their_names(lines: list[str]) -> None:
    read = [line for line in lines if "LLOG_ORIGIN_HANDLE_NEXT_BLOCK" in line]
    named = {found[1] for line in read for found in re.finditer(r'#\S+ "(\S+)"', line)}
    assert {"oracle-MDT0001", "oracle-client"} <= named
    assert all('" index ' in line for line in read)


def test_a_range_says_whose_it_is_also_of_the_first_server(lines: list[str]) -> None:
    assert any("<- FLD_QUERY 0 " in line and line.endswith(") MDT 0") for line in lines)


def test_replays_and_recovery_are_said() -> None:
    """What a connection does after its server came back, in the order in which it does it."""
    result = CliRunner().invoke(cli, ["decode", str(FIXTURES / "captures" / "12b-mdt-restart-open-lock-replay.pcap")])
    steps = (
        r"<- MDS_CONNECT 0 \S+ RECOVERING", "_CREAT oracle-MDT0000 REPLAY", "MDT0000 REQ_REPLAY_DONE FLOCK",
        r"OBD_PING oracle-MDT0000 REQ_REPLAY_DONE\|LOCK_REPLAY_DONE",
    )  # fmt: skip
    found = [re.search(step, result.output) for step in steps]
    places = [each.start() for each in found if each is not None]
    assert len(places) == len(steps) and places == sorted(places)
    assert "MDS_STATFS oracle-MDT0000 RESENT" in result.output
    assert "PACK_UID_GID" not in result.output and "<- LDLM_CANCEL 116 ESTALE" in result.output


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lustre_wire.cli.remembered._MOST", 3)
    told = Remembered()
    for number in range(1, 8):
        told._named("0x1:0x1", b"n%d" % number, f"0x2:{number:#x}")
    assert [told.path(f"0x2:{number:#x}") for number in range(1, 8)] == [""] * 4 + [".../n5", ".../n6", ".../n7"]


def test_a_directory_that_is_below_itself_ends() -> None:
    told = Remembered()
    told._named("0x1:0x1", b"a", "0x1:0x2")
    told._named("0x1:0x2", b"b", "0x1:0x1")
    assert told.path("0x1:0x1").startswith(".../")


def test_the_components_of_a_composite_layout_are_read() -> None:
    newest = dialect("2.17")
    head, entry, layout_of, stripe = (
        newest.structs[name] for name in ("lov_comp_md_v1", "lov_comp_md_entry_v1", "lov_mds_md_v1", "lov_ost_data_v1")
    )
    pieces = [
        record.pack(
            layout_of(
                lmm_magic=newest.constants["LOV_MAGIC_V1"], lmm_pattern=1, lmm_stripe_size=1 << 20,
                lmm_stripe_count=count, lmm_objects=[stripe(l_ost_idx=i) for i in range(count)],
            )
        )
        for count in (1, 4)
    ]  # fmt: skip
    at = spec_of(head).size + 2 * spec_of(entry).size
    offsets = [at, at + len(pieces[0])]
    entries = [entry(lcme_offset=o, lcme_size=len(p)) for o, p in zip(offsets, pieces, strict=True)]
    made = head(lcm_magic=newest.constants["LOV_MAGIC_COMP_V1"], lcm_entry_count=2, lcm_entries=entries)
    data = record.pack(made) + b"".join(pieces)
    assert [layout.lmm_stripe_count for layout in striped(data, newest)] == [1, 4]
    assert not list(striped(data[: at - 1], newest))


def test_what_nodes_say_of_themselves_is_shown() -> None:
    """A ping reply and a push, over IPv4 and with the NIDs that 64 bits do not hold."""
    for name, nid, feature in (("02-lnet-ping-discover", "10.0.0.1@tcp", "DISCOVERY"),
                               ("17-lnet-ipv6-large-nid", "fd00:988::1@tcp", "LARGE_ADDR")):  # fmt: skip
        result = CliRunner().invoke(cli, ["decode", str(FIXTURES / "captures" / f"{name}.pcap")])
        replies = [line for line in result.output.splitlines() if f"{nid} -> " in line and "ping reply" in line]
        assert replies and all(f" bytes {nid} features " in line and feature in line for line in replies)
        pushes = [line for line in result.output.splitlines() if "lnet push" in line]
        assert pushes and all(re.search(r" number \d+$", line) for line in pushes)


def test_messages_of_selftest_are_named_in_either_byte_order() -> None:
    for order in ("little", "big"):
        words = b"".join(number.to_bytes(4, order) for number in (0xEEB0F00D, 1, 14))
        assert selftest_type(words + bytes(20)) is SrpcMsgType.SRPC_MSG_PING_REQST
        assert selftest_type(words[:8] + (18).to_bytes(4, order)) is None
    assert selftest_type(bytes(64)) is selftest_type(b"") is None


@pytest.mark.parametrize("release", ["1.8", "2.0"])
def test_who_blocks_a_file_lock_is_not_said(release: str) -> None:
    """Senders do not fill it in (flk2venv.pcap has what was in memory), so that it is no fact."""
    flock = dialect(release).structs["ldlm_flock"]
    text = struct_text(flock(start=0, end=9, pid=5, blocking_pid=77), dialect(release))
    assert "pid 5" in text and "77" not in text


@pytest.mark.parametrize("name", ["k200_20", "r189_18b", "flk2venv"])
def test_lines_of_clients_of_1_8_and_2_0(name: str, tmp_path: Path) -> None:
    """There a reply's LVB is a struct, where 2.4 and later have bytes that may be a layout."""
    packed = FIXTURES / "real-clients" / f"{name}.pcap.gz"
    capture = tmp_path / "client.pcap"
    capture.write_bytes(gzip.decompress(packed.read_bytes()))
    result = CliRunner().invoke(cli, ["decode", str(capture)])
    assert result.exit_code == 0, result.output
    assert re.search(r"MDS_\w+ \S+-MDT0000 ", result.output), result.output
