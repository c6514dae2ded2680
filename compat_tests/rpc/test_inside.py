"""What opaque buffers hold is shown in the JSON form beside their bytes, and the bytes are what counts."""

from __future__ import annotations

import struct

import pytest

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages

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
