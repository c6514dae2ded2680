"""Configuration logs that a 2.17 MGS gave its servers and clients: real logs are what the reader says."""

from __future__ import annotations

from functools import cache

import pytest

from compat_tests.recorded import FIXTURES
from lustre_wire.capture import read_messages
from lustre_wire.frames import lustre_msg
from lustre_wire.payloads import llog, logwriter

NEXT_BLOCK, READ_HEADER, REPLY, CHUNK = 502, 503, 4713, 8192


@cache
def logs(capture: str) -> tuple[bytes, ...]:
    """Header and first block of each log that was read, in the order of the capture; those without records left out."""
    out, header = [], b""
    with (FIXTURES / "captures" / capture).open("rb") as stream:
        for captured in read_messages(stream):
            if captured.kind != "reply":
                continue
            parts = lustre_msg.split(captured.raw)
            body = captured.raw[parts.offsets[0] :]
            opcode, kind = int.from_bytes(body[16:20], "little"), int.from_bytes(body[8:12], "little")
            last = captured.raw[parts.offsets[-1] : parts.offsets[-1] + parts.lengths[-1]]
            if kind == REPLY and opcode == READ_HEADER and len(last) == CHUNK:
                header = last
            elif kind == REPLY and opcode == NEXT_BLOCK and len(last) == CHUNK and header:
                out.append(header + last)
                header = b""
    return tuple(out)


MOUNT = logs("04-client-mount.pcap")
ALL = (*MOUNT, *logs("00-complete-session-from-mkfs.pcap"))


def test_there_are_some() -> None:
    assert len(MOUNT) == 1
    assert len(ALL) > 5


@pytest.mark.parametrize("data", ALL, ids=range(len(ALL)))
@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_every_byte_is_read_and_written(dialect: str, data: bytes) -> None:
    log = llog.read_log(data, dialect)
    assert llog.write_log(log) == data
    assert log.header.llh_count == len(log.live_records) + 1
    assert log.header.llh_tail.lrt_index == log.records[-1].index
    assert all(record.config is not None for record in log.live_records)


@pytest.mark.parametrize("data", ALL, ids=range(len(ALL)))
def test_the_writer_makes_the_same_log(data: bytes) -> None:
    """Appending the same commands to an empty log gives the bytes that the MGS wrote."""
    there = llog.read_log(data, "2.0")
    made = logwriter.new_log(
        "2.0", timestamp=there.header.llh_timestamp, flags=there.header.llh_flags, record_size=there.header.llh_size
    )
    made.header.llh_cat_idx = there.header.llh_cat_idx
    for record in there.records:
        added = logwriter.append(made, record.config)
        assert llog.write_record(added) == llog.write_record(record)
    if there.live_records == there.records:
        assert llog.write_log(made)[88:] == data[88 : len(llog.write_log(made))]


def test_the_log_of_a_client() -> None:
    """What the client of the capture was told when it mounted."""
    assert llog.records_as_commands(llog.read_log(MOUNT[0], "2.0"))[:12] == [
        "# marker 4 CM_START oracle-clilov 'lov setup'",
        "attach lov oracle-clilov oracle-clilov_UUID",
        "lov_setup oracle-clilov_UUID 1 4194304 18446744073709551615 1",
        "# marker 4 CM_END oracle-clilov 'lov setup'",
        "# marker 5 CM_START oracle-clilmv 'lmv setup'",
        "attach lmv oracle-clilmv oracle-clilmv_UUID",
        "lmv_setup oracle-clilmv_UUID",
        "# marker 5 CM_END oracle-clilmv 'lmv setup'",
        "# marker 6 CM_START oracle-client 'mount opts'",
        "mount_option oracle-client oracle-clilov oracle-clilmv",
        "# marker 6 CM_END oracle-client 'mount opts'",
        "# marker 7 CM_START oracle-MDT0000 'add mdc'",
    ]


def test_what_1_8_makes_of_it() -> None:
    """It passes over all that is for the LMV (1.8 knows one MDS, told of otherwise), and refuses nothing."""
    log = llog.read_log(MOUNT[0], "2.0")
    found = llog.unknown_to(log, "1.8")
    assert {(verdict, verdict.function) for _, verdict in found} == {
        ("skips", "obdclass/obd_config.c:class_config_llog_handler")
    }  # fmt: skip
    assert {record.config.line().split(" oracle")[0] for record, _ in found if record.config} == {
        "attach lmv", "lmv_setup", "modify_mdc_tgts add",
    }  # fmt: skip
