"""Configuration commands: those that Lustre's own code packed, and the format byte by byte."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import payloads
from lustre_wire.payloads.config import Config, command_lines, config_to_json, make_config, read_config, write_config

RECORDED = [(row["dialect"], bytes.fromhex(row["hex"]), row["params"]) for row in payloads("lustre-cfg")]
dialects = pytest.mark.parametrize("dialect", ["1.8", "2.0"])


def cfg_bytes(command: int, *buffers: bytes, order: str = "<", num: int = 0, nid: int = 0) -> bytes:
    """version, command, num, flags, nid, nal, bufcount, buflens; header and buffers rounded up to 8."""
    out = struct.pack(f"{order}4IQ2I", 0x1CF60001, command, num, 0, nid, 0, len(buffers))
    out += struct.pack(f"{order}{len(buffers)}I", *map(len, buffers))
    parts = [out, *buffers]
    return b"".join(p.ljust(-(-len(p) // 8) * 8, b"\0") for p in parts)


@pytest.mark.parametrize(("dialect", "data", "params"), RECORDED)
def test_recorded(dialect: str, data: bytes, params: dict[str, Any]) -> None:
    config = read_config(data, dialect)
    assert config.dialect.enums["LcfgCommand"].name_of(config.command) == params["cmd"]
    assert [config.text(i) for i in range(len(config.buffers))] == params["bufs"]
    assert write_config(config) == data
    assert write_config(make_config(dialect, params["cmd"], *params["bufs"])) == data


@dialects
@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order(dialect: str, order: str) -> None:
    """Told by the version; the buffers and lcfg_nal are nobody's to swap."""
    data = cfg_bytes(0xCF005, b"", b"10.0.0.1@tcp\0", order=order, nid=0x200000A000001)
    config = read_config(data, dialect)
    assert config.line() == "add_uuid 10.0.0.1@tcp 10.0.0.1@tcp"
    assert write_config(config) == data


def test_the_nid_of_an_old_log() -> None:
    """A network type in lcfg_nal and an address of 32 bits: 2 is tcp."""
    data = bytearray(cfg_bytes(0xCF005, b"", b"old\0", nid=0x0A000001))
    data[24:28] = struct.pack("<I", 2)
    config = read_config(bytes(data), "1.8")
    assert config.line() == "add_uuid old 10.0.0.1@tcp"
    assert config.nid == 0x200000A000001


@pytest.mark.parametrize(
    ("command", "buffers", "line"),
    [
        (0xCF001, [b"lov0\0", b"lov\0", b"u\0"], "attach lov lov0 u"),
        (0xCF003, [b"osc0\0", b"OST_UUID\0", b"10.0.0.1@tcp\0"], "setup OST_UUID 10.0.0.1@tcp"),
        (0xCF004, [b"osc0\0"], "cleanup"),
        (0xCF007, [b"", b"fs-client\0", b"fs-clilov\0", b"fs-MDT0000-mdc\0"],
         "mount_option fs-client fs-clilov fs-MDT0000-mdc"),
        (0xCF00B, [b"osc0\0", b"10.0.0.2@tcp\0"], "add_conn 10.0.0.2@tcp"),
        (0xCF00D, [b"fs-clilov\0", b"fs-OST0000_UUID\0", b"0\0", b"1\0"],
         "lov_modify_tgts add fs-clilov fs-OST0000_UUID 0 1"),
        (0xCF00F, [b"fs-OST0000-osc\0", b"osc.active=0\0"], "param osc.active=0"),
        (0xCE021, [b"fs-clilov\0", b"fs\0", b"gold\0", b"fs-OST0000_UUID\0"], "pool_add fs.gold fs-OST0000_UUID"),
        (0xCE0FF, [b"x\0", b"two words\0"], "0xce0ff x 'two words'"),
    ],
)  # fmt: skip
def test_command_lines(command: int, buffers: list[bytes], line: str) -> None:
    assert read_config(cfg_bytes(command, *buffers), "1.8").line() == line


def test_metadata_targets_are_known_to_2_0_only() -> None:
    data = cfg_bytes(0xCF014, b"fs-clilmv\0", b"fs-MDT0000_UUID\0", b"0\0", b"1\0", b"fs-MDT0000-mdc_UUID\0")
    assert read_config(data, "2.0").line().startswith("modify_mdc_tgts add fs-clilmv fs-MDT0000_UUID 0 1")
    assert read_config(data, "1.8").line().startswith("0xcf014 fs-clilmv")


@dialects
def test_the_description_of_a_lov(dialect: str) -> None:
    """88 bytes whose second word is 0xB0CCDE5C."""
    described = struct.pack("<4I2Q4I", 1, 0xB0CCDE5C, 2, 1, 1 << 20, 3, 0, 0, 0, 0) + b"fs-clilov_UUID".ljust(40, b"\0")
    config = read_config(cfg_bytes(0xCF003, b"fs-clilov\0", described), dialect)
    assert config.struct().ld_default_stripe_size == 1 << 20
    assert config.line() == "lov_setup fs-clilov_UUID 2 1048576 3 1"
    other = described[:4] + bytes(4) + described[8:]
    unmarked = read_config(cfg_bytes(0xCF003, b"fs-clilov\0", other), dialect)
    assert not hasattr(unmarked.struct(), "ld_default_stripe_size")


@dialects
@pytest.mark.parametrize(("code", "size"), [("QQ", 160), ("II", 152)])
def test_markers_of_64_and_32_bit_servers(dialect: str, code: str, size: int) -> None:
    marker = struct.pack(f"<4I{code}", 7, 1, 0x1080900, 0, 1297555200, 0) + b"fs-OST0000".ljust(64, b"\0")
    marker += b"add osc".ljust(64, b"\0")
    assert len(marker) == size
    config = read_config(cfg_bytes(0xCF010, b"", marker), dialect)
    assert (config.struct().cm_step, config.struct().cm_createtime) == (7, 1297555200)
    assert command_lines([config]) == ["# marker 7 CM_START fs-OST0000 'add osc'"]
    assert config_to_json(config)["inside"]["fields"]["cm_vers"] == 0x1080900


def test_the_script_names_a_device_whenever_it_changes() -> None:
    made = [
        make_config("2.0", "LCFG_ATTACH", "a", "osc", "u"), make_config("2.0", "LCFG_SETUP", "a", "x", "y"),
        make_config("2.0", "LCFG_ADD_CONN", "b", "z"), make_config("2.0", "LCFG_ADD_CONN", "b", "w"),
    ]  # fmt: skip
    assert command_lines(made) == ["attach osc a u", "setup x y", "cfg_device b", "add_conn z", "add_conn w"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"", "lcfg_version"),
        (bytes(32), "lcfg_version"),
        (cfg_bytes(0xCF001)[:20], "lustre_cfg"),
        (cfg_bytes(0xCF001, *[b"x"] * 8), "lcfg_bufcount"),
        (cfg_bytes(0xCF001)[:28] + struct.pack("<I", 7), "lcfg_buflens"),
        (cfg_bytes(0xCF001, b"name\0")[:-1], "buffer 0"),
        (cfg_bytes(0xCF001, b"name\0")[:32] + struct.pack("<2I", 0xFFFFFFF8, 0), "buffer 0"),
    ],
)
def test_refused(data: bytes, path: str) -> None:
    with pytest.raises(lw.WireError) as caught:
        read_config(data, "1.8")
    assert caught.value.path == path


def test_no_such_command() -> None:
    with pytest.raises(lw.WireError, match="LCFG_ADD_MDC"):
        make_config("1.8", "LCFG_ADD_MDC")


texts = st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=20)


@dialects
@given(st.lists(st.one_of(texts, st.binary(max_size=20)), max_size=7), st.sampled_from(["little", "big"]))
@settings(max_examples=60, deadline=None)
def test_what_is_made_is_read_again(dialect: str, buffers: list[Any], order: Any) -> None:
    made = make_config(dialect, "LCFG_PARAM", *buffers, order=order)
    again = read_config(write_config(made), dialect)
    assert again.buffers == made.buffers
    assert (again.order, again.command) == (order, made.command)


@dialects
@given(st.binary(max_size=64), st.integers(0, 9), st.sampled_from(["<", ">"]))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes(dialect: str, tail: bytes, count: int, order: str) -> None:
    data = struct.pack(f"{order}4IQ2I", 0x1CF60001, 0xCF010, 0, 0, 0, 0, count) + tail
    try:
        config: Config = read_config(data, dialect)
    except lw.WireError:
        return
    assert write_config(config) == data
    config.line()
    config_to_json(config)
