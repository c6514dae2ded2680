"""Log files: 8192-byte chunks, the bitmap, padding, foreign records; and blocks that Lustre's own code sent."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages, payloads
from lustre_wire.payloads import llog, logcheck, logwriter
from lustre_wire.payloads.config import make_config
from lustre_wire.schema.nodes import ByteOrder

CHUNK = 8192
CFG, PAD, UNLINK, SETATTR64, LOGID, GEN = 0x10620000, 0x10600000, 0x10612404, 0x10692401, 0x1064553B, 0x10640000
DIALECTS = ["1.8", "2.0"]
dialects = pytest.mark.parametrize("dialect", DIALECTS)


def record_bytes(index: int, kind: int, body: bytes, order: str = "<") -> bytes:
    """A record as the format has it: len, index, type, padding; body; len, index."""
    size = 16 + len(body) + 8
    return struct.pack(f"{order}4I", size, index, kind, 0) + body + struct.pack(f"{order}2I", size, index)


def header_bytes(live: list[int], last: int, order: str = "<", uuid: bytes = b"config_uuid") -> bytes:
    """Record 0 of a log; bit i of the bitmap stands for record i, whatever the byte order."""
    bitmap = bytearray(8096)
    for i in [0, *live]:
        bitmap[i // 8] |= 1 << i % 8
    head = struct.pack(f"{order}4I", CHUNK, 0, 0x10645539, 0)
    head += struct.pack(f"{order}Q5I", 1297555200, len(live) + 1, 88, 0, 4, 0)
    return head + uuid.ljust(40, b"\0") + bytes(4) + bytes(bitmap) + struct.pack(f"{order}2I", CHUNK, last)


def unlink_body(oid: int, order: str = "<") -> bytes:
    return struct.pack(f"{order}QII", oid, 0, 1)


# --- what Lustre's own code sent ------------------------------------------------------------------------------------

BLOCKS = [m for m in messages() if "block" in m.id and m.id.startswith("llog-") and m.direction == "reply"]
HEADERS = [m for m in messages() if "llog-read-header" in m.id and m.direction == "reply"]


@pytest.mark.parametrize("recorded", BLOCKS, ids=str)
def test_recorded_blocks_give_the_same_bytes(recorded: Recorded) -> None:
    block = recorded.decode().buffers.log_block
    chunk = llog.read_chunk(block, recorded.dialect)
    assert b"".join(map(llog.write_record, chunk.records)) + chunk.rest == block
    assert len(block) == CHUNK


def test_the_commands_of_a_recorded_block() -> None:
    """Three commands and the padding that fills the block; the commands are those recorded on their own."""
    recorded = next(m for m in BLOCKS if m.dialect == "1.8")
    chunk = llog.read_chunk(recorded.decode().buffers.log_block, "1.8")
    assert [(r.index, r.type, r.header.lrh_len) for r in chunk.records] == [
        (1, CFG, 128), (2, CFG, 80), (3, CFG, 128), (4, PAD, 7856),
    ]  # fmt: skip
    assert chunk.records[0].config is not None
    assert chunk.records[0].config.line() == "attach mdc golden-MDT0000-mdc golden-clilmv_UUID"
    lone = {bytes.fromhex(row["hex"]) for row in payloads("lustre-cfg")}
    assert {llog.write_config(r.config) for r in chunk.records if r.config} & lone


@pytest.mark.parametrize("recorded", HEADERS, ids=str)
def test_a_recorded_header_and_block_make_a_log(recorded: Recorded) -> None:
    header = recorded.decode().buffers.llog_log_hdr
    block = next(m for m in BLOCKS if m.dialect == recorded.dialect).decode().buffers.log_block
    data = llog.write_log(llog.LogFile(lw.dialect(recorded.dialect), "little", header)) + block
    log = llog.read_log(data, recorded.dialect)
    assert llog.write_log(log) == data
    assert len(log.live_records) == header.llh_count - 1
    assert all(record.config is not None for record in log.live_records)


# --- the format -----------------------------------------------------------------------------------------------------


@dialects
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_log_in_either_byte_order(dialect: str, order: str) -> None:
    records = [record_bytes(i, UNLINK, unlink_body(1000 + i, order), order) for i in (1, 2, 3)]
    data = header_bytes([1, 3], 3, order) + b"".join(records)
    log = llog.read_log(data, dialect)
    assert log.order == {"<": "little", ">": "big"}[order]
    assert [r.value.lur_oid for r in log.records] == [1001, 1002, 1003]
    assert [r.index for r in log.live_records] == [1, 3]
    assert (log.header.llh_count, log.header.llh_timestamp) == (3, 1297555200)
    assert llog.write_log(log) == data


@dialects
def test_records_of_both_byte_orders_in_one_log(dialect: str) -> None:
    """Each record is told apart by its type."""
    mixed = record_bytes(1, UNLINK, unlink_body(7)) + record_bytes(2, UNLINK, unlink_body(8, ">"), ">")
    data = header_bytes([1, 2], 2) + mixed
    log = llog.read_log(data, dialect)
    assert [(r.order, r.index, r.value.lur_oid) for r in log.records] == [("little", 1, 7), ("big", 2, 8)]
    assert llog.write_log(log) == data


def test_old_padding_has_type_0() -> None:
    """Foreign if its length is impossible as read."""
    old = record_bytes(1, 0, bytes(40), ">") + record_bytes(2, UNLINK, unlink_body(5))
    log = llog.read_log(header_bytes([2], 2) + old, "1.8")
    assert [r.order for r in log.records] == ["big", "little"]
    assert [r.index for r in log.live_records] == [2]


@pytest.mark.parametrize(
    ("dialect", "kind", "body", "struct_name", "values"),
    [
        ("1.8", UNLINK, struct.pack("<QII", 5, 6, 7), "llog_unlink_rec", {"lur_oid": 5, "lur_ogr": 6, "lur_count": 7}),
        ("2.0", UNLINK, struct.pack("<QII", 5, 6, 7), "llog_unlink_rec", {"lur_oid": 5, "lur_oseq": 6}),
        ("2.0", SETATTR64, struct.pack("<Q6I", 5, 6, 0, 1, 0, 2, 0), "llog_setattr64_rec", {"lsr_gid": 2}),
        ("1.8", GEN, struct.pack("<QQ", 3, 4), "llog_gen_rec", {}),
        ("1.8", LOGID, struct.pack("<QQI", 9, 1, 77) + bytes(20), "llog_logid_rec", {}),
        ("2.0", 0x10670000, struct.pack("<IIQ", 3, 0, 99), "llog_changelog_user_rec", {"cur_id": 3, "cur_endrec": 99}),
    ],
)
def test_records_by_type(dialect: str, kind: int, body: bytes, struct_name: str, values: dict[str, int]) -> None:
    data = header_bytes([1], 1) + record_bytes(1, kind, body)
    log = llog.read_log(data, dialect)
    (record,) = log.records
    assert record.value.__wire__.name == struct_name
    assert {name: getattr(record.value, name) for name in values} == values
    assert (record.header.lrh_index, record.tail.lrt_len) == (1, 24 + len(body))
    assert llog.write_log(log) == data


def test_a_changelog_record_has_its_name_before_the_tail() -> None:
    fid = struct.pack("<QII", 0x200000400, 5, 0)
    body = struct.pack("<HHIQQQ", 5, 0, 1, 42, 41, 1297555200) + fid + fid + b"hello" + bytes(3)
    data = header_bytes([1], 1) + record_bytes(1, 0x10660000, body)
    log = llog.read_log(data, "2.0")
    change = log.records[0].value
    assert (change.cr_name, change.cr_type.name, change.cr_index) == (b"hello", "CL_CREATE", 42)
    assert change.cr_tfid.f_seq == 0x200000400
    assert llog.write_log(log) == data


@dialects
def test_an_irregular_body_stays_bytes(dialect: str) -> None:
    """A record of the right type and another length, and a command that is none, are kept as they are."""
    odd = record_bytes(1, UNLINK, bytes(24)) + record_bytes(2, CFG, b"\xff" * 32)
    data = header_bytes([1, 2], 2) + odd
    log = llog.read_log(data, dialect)
    assert [r.value for r in log.records] == [bytes(24), b"\xff" * 32]
    assert [r.config for r in log.records] == [None, None]
    assert llog.write_log(log) == data


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"lustre", "llog_log_hdr"),
        (header_bytes([], 0)[:5000], "llog_log_hdr"),
        (bytes(CHUNK), "llh_hdr.lrh_type"),
        (struct.pack("<I", 4096) + header_bytes([], 0)[4:], "llh_hdr.lrh_len"),
        (header_bytes([1], 1) + struct.pack("<4I", 0, 1, CFG, 0), "lrh_len"),
        (header_bytes([1], 1) + struct.pack("<4I", 20, 1, CFG, 0) + bytes(8), "lrh_len"),
        (header_bytes([1], 1) + struct.pack("<4I", 28, 1, CFG, 0) + bytes(20), "lrh_len"),
        (header_bytes([1], 1) + struct.pack("<4I", 8200, 1, CFG, 0) + bytes(CHUNK), "lrh_len"),
        (header_bytes([1], 1) + struct.pack("<4I", 64, 1, CFG, 0) + bytes(8), "lrh_len"),
    ],
)
def test_refused(data: bytes, path: str) -> None:
    with pytest.raises(lw.WireError) as caught:
        llog.read_log(data, "2.0")
    assert caught.value.path == path
    assert caught.value.dialect == "2.0"


# --- writing --------------------------------------------------------------------------------------------------------


@dialects
def test_padding_fills_a_chunk(dialect: str) -> None:
    """Records never cross 8192 bytes: a padding record consumes an index, is not counted, and has no bit."""
    log = logwriter.new_log(dialect)
    for _ in range(3):
        logwriter.append(log, bytes(4000 - 24), CFG)
    data = llog.write_log(log)
    kinds = [(r.index, r.type, r.header.lrh_len) for r in log.records]
    assert kinds == [(1, CFG, 4000), (2, CFG, 4000), (3, PAD, 192), (4, CFG, 4000)]
    assert (log.header.llh_count, log.header.llh_tail.lrt_index) == (4, 4)
    assert [r.index for r in log.live_records] == [1, 2, 4]
    assert data[:CHUNK] == header_bytes([1, 2, 4], 4)[:16] + data[16:24] + header_bytes([1, 2, 4], 4)[24:]
    assert llog.write_log(llog.read_log(data, dialect)) == data


@dialects
@pytest.mark.parametrize("size", [8192, 8168, 4096])
def test_what_fits_exactly_needs_no_padding(dialect: str, size: int) -> None:
    log = logwriter.new_log(dialect)
    for _ in range(4):
        logwriter.append(log, bytes(size - 24), CFG)
    padded = {8192: 0, 8168: 3, 4096: 0}[size]
    assert sum(r.type == PAD for r in log.records) == padded
    assert llog.write_log(llog.read_log(llog.write_log(log), dialect)) == llog.write_log(log)


@dialects
@pytest.mark.parametrize("size", [8176, 8184])
def test_a_record_that_leaves_no_room_for_padding_is_the_last(dialect: str, size: int) -> None:
    """A server pads the whole chunk before it, and stops at the next record: that one is refused, nothing changes."""
    log = logwriter.new_log(dialect)
    logwriter.append(log, bytes(size - 24), CFG)
    assert [(r.index, r.type, r.header.lrh_len) for r in log.records] == [(1, PAD, 8192), (2, CFG, size)]
    before = llog.write_log(log)
    assert llog.write_log(llog.read_log(before, dialect)) == before
    for body in (8, 8168):
        with pytest.raises(lw.WireError, match=f"{8192 - size} bytes are left of the chunk, a padding record needs 24"):
            logwriter.append(log, bytes(body), CFG)
    assert llog.write_log(log) == before


@pytest.mark.parametrize(("size", "padding"), [(32768, 0), (16384, 0), (16376, 16392), (16368, 0), (32752, 32768)])
def test_the_chunks_are_those_of_the_logs_own_header(size: int, padding: int) -> None:
    """Of 32 KiB in a log of updates; llog_osd_write_rec of 2.17.0 goes by lrh_len of the header."""
    chunk = 32768
    bitmap = b"\1".ljust(chunk - 96, b"\0")
    head = struct.pack("<4IQ5I", chunk, 0, 0x10645539, 0, 1297555200, 1, 88, 0, 4, 0) + b"updates".ljust(40, b"\0")
    log = llog.read_log(head + bytes(4) + bitmap + struct.pack("<2I", chunk, 0), "2.0")
    for _ in range(2 if size < 32752 else 1):
        logwriter.append(log, bytes(size - 24), CFG)
    made = llog.write_log(log)
    pads = [(r.type, r.header.lrh_len) for r in log.records if r.type == PAD]
    assert pads == ([(PAD, padding)] if padding else [])
    assert not len(made) % 8 and llog.write_log(llog.read_log(made, "2.0")) == made


def test_nothing_is_appended_to_a_log_without_a_header() -> None:
    log = llog.read_log(b"", "2.0")
    with pytest.raises(lw.WireError, match="header"):
        logwriter.append(log, bytes(40), CFG)


def test_cancelling_clears_the_bit_and_keeps_the_bytes() -> None:
    log = logwriter.new_log("1.8")
    first, second = (logwriter.append(log, unlink_body(i), UNLINK) for i in (1, 2))
    before = llog.write_log(log)
    logwriter.cancel(log, first)
    after = llog.write_log(log)
    assert after[CHUNK:] == before[CHUNK:]
    assert log.live_records == [second]
    assert log.header.llh_count == 2
    with pytest.raises(lw.WireError, match="live"):
        logwriter.cancel(log, first)


def test_a_struct_knows_its_type() -> None:
    dialect = lw.dialect("2.0")
    log = logwriter.new_log(dialect, order="big")
    record = logwriter.append(log, dialect.structs["llog_unlink_rec"](lur_oid=9, lur_count=1))
    assert llog.write_record(record) == record_bytes(1, UNLINK, unlink_body(9, ">"), ">")
    with pytest.raises(lw.WireError, match="no record type"):
        logwriter.append(log, b"12345678")
    with pytest.raises(lw.WireError, match="multiple of 8"):
        logwriter.append(log, bytes(9000), CFG)


def test_a_full_log_takes_no_more() -> None:
    log = logwriter.new_log("1.8")
    log.header.llh_tail.lrt_index = 64766
    logwriter.append(log, unlink_body(1), UNLINK)
    with pytest.raises(lw.WireError, match="64767"):
        logwriter.append(log, unlink_body(2), UNLINK)


# --- configuration logs ---------------------------------------------------------------------------------------------


def marker(dialect: lw.Dialect, flags: str, what: bytes) -> Any:
    flag = dialect.enums["CfgMarkerFlags"].__members__[flags]
    made = dialect.structs["cfg_marker"](cm_step=1, cm_flags=flag, cm_tgtname=b"lustre-OST0000", cm_comment=what)
    return make_config(dialect, "LCFG_MARKER", "", made)


def config_log(dialect_name: str, skip: str = "CM_START") -> llog.LogFile:
    dialect = lw.dialect(dialect_name)
    log = logwriter.new_log(dialect)
    for config in (
        make_config(dialect, "LCFG_MOUNTOPT", "", "lustre-client", "lustre-clilov", "lustre-MDT0000-mdc"),
        marker(dialect, skip, b"add osc"),
        make_config(dialect, "LCFG_ADD_UUID", "", "192.168.1.2@tcp", nid=0x20000C0A80102),
        make_config(dialect, "LCFG_ATTACH", "lustre-OST0000-osc", "osc", "lustre-clilov_UUID"),
        make_config(dialect, "LCFG_SETUP", "lustre-OST0000-osc", "lustre-OST0000_UUID", "192.168.1.2@tcp"),
        make_config(dialect, "LCFG_LOV_ADD_OBD", "lustre-clilov", "lustre-OST0000_UUID", "0", "1"),
        marker(dialect, "CM_END", b"add osc"),
    ):
        logwriter.append(log, config)
    return llog.read_log(llog.write_log(log), dialect)


@dialects
def test_a_configuration_log_as_commands(dialect: str) -> None:
    assert llog.records_as_commands(config_log(dialect)) == [
        "# skipped: mount_option lustre-client lustre-clilov lustre-MDT0000-mdc",
        "# marker 1 CM_START lustre-OST0000 'add osc'",
        "add_uuid 192.168.1.2@tcp 192.168.1.2@tcp",
        "attach osc lustre-OST0000-osc lustre-clilov_UUID",
        "setup lustre-OST0000_UUID 192.168.1.2@tcp",
        "lov_modify_tgts add lustre-clilov lustre-OST0000_UUID 0 1",
        "# marker 1 CM_END lustre-OST0000 'add osc'",
    ]


def test_a_group_marked_skip_is_passed_over() -> None:
    log = config_log("2.0", skip="CM_START_SKIP")
    assert [s.skipped for s in llog.steps(log)] == [
        "outside markers", "", *["group marked CM_SKIP"] * 4, "",
    ]  # fmt: skip


def test_an_excluded_ost_is_added_as_inactive() -> None:
    """The marker's flag EXCLUDE 0x10; the record itself stays."""
    dialect = lw.dialect("2.0")
    log = config_log("2.0")
    marked = log.records[1].config
    assert marked is not None
    made = marked.struct()
    made.cm_flags = dialect.enums["CfgMarkerFlags"](0x11)
    marked.buffers[1] = make_config(dialect, "LCFG_MARKER", "", made).buffers[1]
    commands = llog.records_as_commands(log)
    assert "lov_modify_tgts add_inactive lustre-clilov lustre-OST0000_UUID 0 1" in commands
    assert "attach osc lustre-OST0000-osc lustre-clilov_UUID" in commands
    assert [r.config.line() for r in log.records if r.config][5].startswith("lov_modify_tgts add lustre-clilov")


def test_what_1_8_cannot_read_of_a_2_0_log() -> None:
    """It refuses a required command it does not know, and skips one that may be skipped, and all that is for an LMV."""
    dialect = lw.dialect("2.0")
    log = logwriter.new_log(dialect)
    logwriter.append(log, make_config(dialect, "LCFG_ADD_MDC", "lustre-lmv", "lustre-MDT0000_UUID", "0", "1", "x"))
    logwriter.append(log, make_config(dialect, "LCFG_SPTLRPC_CONF", "", "lustre.srpc.flavor.default=krb5p"))
    logwriter.append(log, make_config(dialect, "LCFG_PARAM", "lustre-client", "llite.max_cached_mb=1"))
    logwriter.append(log, dialect.structs["llog_changelog_user_rec"](cur_id=1))
    logwriter.append(log, make_config(dialect, "LCFG_ATTACH", "lustre-clilmv", "lmv", "lustre-clilmv_UUID"))
    logwriter.append(log, make_config(dialect, "LCFG_ADD_MDC", "lustre-clilmv", "lustre-MDT0000_UUID", "0", "1", "x"))
    found = [(record.index, verdict) for record, verdict in llog.unknown_to(log, "1.8")]
    assert found == [(1, "refuses"), (2, "skips"), (4, "skips"), (5, "skips"), (6, "skips")]
    assert llog.unknown_to(log, "2.0") == []


def test_json_form() -> None:
    log = config_log("2.0")
    told = llog.to_json(log)
    assert [r["type"] for r in told["records"]] == ["OBD_CFG_REC"] * 7
    assert told["records"][2]["config"]["line"] == "add_uuid 192.168.1.2@tcp 192.168.1.2@tcp"
    assert told["records"][1]["config"]["inside"]["struct"] == "cfg_marker"
    assert told["header"]["llh_count"] == 8


# --- properties -----------------------------------------------------------------------------------------------------

kinds = st.sampled_from([CFG, UNLINK, SETATTR64, LOGID, GEN, 0x10660000, 0x10650000, 0x10612401])


@dialects
@given(st.lists(st.tuples(kinds, st.binary(max_size=9000)), max_size=8), st.sampled_from(["little", "big"]))
@settings(max_examples=50, deadline=None)
def test_whatever_is_appended_is_read_again(dialect: str, wanted: list[tuple[int, bytes]], order: Any) -> None:
    log = logwriter.new_log(dialect, order=order)
    kept = []
    for kind, data in wanted:
        body = data.ljust(-(-len(data) // 8) * 8, b"\0")
        if len(body) + 24 <= CHUNK:
            logwriter.append(log, body, kind)
            kept.append((kind, body))
    written = llog.write_log(log)
    again = llog.read_log(written, dialect)
    assert llog.write_log(again) == written
    assert [(r.type, llog.write_record(r)[16:-8]) for r in again.live_records] == kept


@dialects
@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_behind_a_header(dialect: str, tail: bytes) -> None:
    """They read and give the same bytes, or they raise `WireError`."""
    data = header_bytes([1, 2], 2) + tail
    try:
        log = llog.read_log(data, dialect)
    except lw.WireError:
        return
    assert llog.write_log(log) == data
    llog.records_as_commands(log)
    llog.to_json(log)


@dialects
@given(st.integers(0, 2**32 - 1), kinds, st.binary(min_size=8, max_size=200), st.sampled_from(["<", ">"]))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bodies(dialect: str, index: int, kind: int, body: bytes, order: str) -> None:
    body = body.ljust(-(-len(body) // 8) * 8, b"\0")
    data = header_bytes([1], 1) + record_bytes(index or 1, kind, body, order)
    log = llog.read_log(data, dialect)
    assert llog.write_log(log) == data
    llog.to_json(log)


@pytest.mark.parametrize("release", lw.releases())
def test_every_release_begins_a_log_with_a_chunk_that_is_its_header(release: str) -> None:
    """The constant of a chunk's size has another name from 2.8 on; the header's size is the same in all."""
    log = logwriter.new_log(release)
    assert (log.chunk_size, log.header.llh_tail.lrt_len) == (8192, 8192)


@pytest.mark.parametrize("release", lw.releases())
@pytest.mark.parametrize("order", ["little", "big"])
def test_every_release_reads_padding_of_old_servers_in_either_order(release: str, order: ByteOrder) -> None:
    """A padding record of servers before 1.8 has type 0, so that its length alone tells its byte order."""
    data = b"".join(number.to_bytes(4, order) for number in (24, 1, 0, 0, 24, 1))
    [record] = llog.read_chunk(data, release).records
    assert (record.order, record.index, record.type) == (order, 1, 0)


@pytest.mark.parametrize("release", lw.releases())
def test_every_release_sees_a_stranger_among_commands(release: str) -> None:
    log = logwriter.new_log(release)
    logwriter.append(log, make_config(release, "LCFG_CLEANUP", "lustre-mdtlov"))
    logwriter.append(log, unlink_body(5), UNLINK)
    [fault] = logcheck.examine(llog.write_log(log), release).faults
    assert (fault.path, fault.found) == ("record 2.lrh_type", f"{UNLINK:#x}")
