"""What opaque buffers hold is shown in the JSON form beside their bytes, and the bytes are what counts."""

from __future__ import annotations

import struct

import pytest

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages
from compat_tests.shared import CASES, needs_cases
from lustre_wire.text import brief

SHOWN = [m for m in messages() if any("inside" in b for b in lw.to_json(m.decode())["buffers"])]


@pytest.mark.parametrize("recorded", SHOWN, ids=str)
def test_the_bytes_stay_beside_what_is_shown(recorded: Recorded) -> None:
    told = lw.to_json(recorded.decode())
    for buffer in told["buffers"]:
        if "inside" in buffer:
            assert buffer["hex"]
    assert lw.encode(lw.from_json(told)) == recorded.data


def test_layouts_keys_and_attributes_are_among_them() -> None:
    inside = [b["inside"] for m in SHOWN for b in lw.to_json(m.decode())["buffers"] if "inside" in b]
    assert {"lov_user_md_v1"} <= {i.get("struct") for i in inside}
    assert any("value" in i for i in inside)


def test_inside_is_not_read_back() -> None:
    """An editor changes the hex; what the old bytes held is ignored."""
    recorded = next(m for m in SHOWN if m.id.startswith("reint-setattr"))
    told = lw.to_json(recorded.decode())
    buffer = next(b for b in told["buffers"] if "inside" in b)
    buffer["hex"] = "00" * (len(buffer["hex"]) // 2)
    changed = lw.from_json(told)
    assert set(bytes(getattr(changed.buffers, buffer["name"]))) == {0}


def test_a_files_own_attributes_are_told_by_name() -> None:
    """trusted.lma in a setxattr of 2.0: compat u32, incompat u32, FID, and five u64, little-endian."""
    value = struct.pack("<2IQ2I5Q", 2, 0, 0x200000400, 5, 0, 0, 7, 4096, 8, 1)
    for order in ("little", "big"):
        message = lw.build("2.0", "MDS_REINT/SETXATTR", order=order, name=b"trusted.lma", eadata=value)
        inside = next(b["inside"] for b in lw.to_json(message)["buffers"] if b["name"] == "eadata")
        assert inside["struct"] == "lustre_mdt_attrs"
        assert inside["fields"]["lma_self_fid"] == {"f_seq": 0x200000400, "f_oid": 5, "f_ver": 0}
        assert (inside["fields"]["lma_compat"], inside["fields"]["lma_som_size"]) == (2, 4096)


def _getattr_reply(dialect: str, ea: bytes, **body: int) -> lw.Message:
    named = {"1.8": ("mds_body", "lov_md_or_linkname"), "2.0": ("mdt_body", "mdt_md")}[dialect]
    known = lw.dialect(dialect)
    form = known.structs[named[0]](eadatasize=len(ea), **body)
    return lw.decode(
        lw.encode(lw.build(dialect, "MDS_GETATTR", "reply", **{named[0]: form, named[1]: ea})),
        dialect, request=known.rpcs["MDS_GETATTR"],
    )  # fmt: skip


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
@pytest.mark.parametrize(("magic", "name", "pool"), [(0x0BD10BD0, "v1", b""), (0x0BD30BD0, "v3", bytes(16))])
def test_a_directory_has_the_layout_that_its_user_asked_for(dialect: str, magic: int, name: str, pool: bytes) -> None:
    """lov_user_md counts in 16 bits, with -1 as no first OST behind them; lov_mds_md of a file in 32."""
    valid = lw.dialect(dialect).enums["ObdMd"]
    layout = struct.pack("<2I2QI2H", magic, 1, 0, 0, 1 << 20, 4, 0xFFFF) + pool
    for body in ({"valid": valid.OBD_MD_FLDIREA}, {"valid": valid.OBD_MD_FLEASIZE, "mode": 0o040755}):
        message = _getattr_reply(dialect, layout, **body)
        (held,) = [b["inside"] for b in lw.to_json(message)["buffers"] if "inside" in b]
        assert held["struct"] == f"lov_user_md_{name}"
        assert (held["fields"]["lmm_stripe_count"], held["fields"]["lmm_stripe_offset"]) == (4, 0xFFFF)
        assert "stripe_count 4 offset -1" in brief(message)
    file = struct.pack("<2I2Q2I", magic, 1, 5, 0, 1 << 20, 1) + pool + struct.pack("<2Q2I", 5, 0, 0, 0)
    message = _getattr_reply(dialect, file, valid=valid.OBD_MD_FLEASIZE, mode=0o100644)
    (held,) = [b["inside"] for b in lw.to_json(message)["buffers"] if "inside" in b]
    assert (held["struct"], held["fields"]["lmm_stripe_count"]) == (f"lov_mds_md_{name}", 1)


@needs_cases
@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_the_default_layout_of_a_real_directory(dialect: str) -> None:
    message = lw.decode((CASES / f"dirlov{dialect}.bin").read_bytes(), dialect)
    assert "stripe_count 4 offset -1 size 1M" in brief(message)
