"""The value block of a lock: what the type of the lock, and its magic or size, say it is."""

from __future__ import annotations

import pytest

import lustre_wire as lw
from lustre_wire.embedded import holding

LAYOUT = bytes.fromhex("d00bd10b") + bytes(28)


@pytest.mark.parametrize(
    ("key", "side", "lock"), [("LDLM_ENQUEUE", "reply", "dlm_rep"), ("LDLM_CP_CALLBACK", "request", "dlm_req")]
)
@pytest.mark.parametrize(
    ("kind", "data", "found"),
    [
        ("LDLM_EXTENT", bytes(56), "ost_lvb"), ("LDLM_EXTENT", bytes(40), "ost_lvb_v1"),
        ("LDLM_PLAIN", bytes(40), "lquota_lvb"), ("LDLM_PLAIN", bytes(16), "barrier_lvb"),
        ("LDLM_IBITS", bytes(56), "ost_lvb"), ("LDLM_IBITS", LAYOUT, "lov_mds_md_v1"),
        # a layout of one object is as long as the value block of an object
        ("LDLM_IBITS", LAYOUT.ljust(56, b"\0"), "lov_mds_md_v1"),
        ("LDLM_IBITS", bytes(40), None), ("LDLM_FLOCK", bytes(3), None),
    ],
)  # fmt: skip
def test_is_what_the_lock_says(key: str, side: str, lock: str, kind: str, data: bytes, found: str | None) -> None:
    dialect = lw.dialect("2.17")
    said = dialect.structs["ldlm_reply" if lock == "dlm_rep" else "ldlm_request"]()
    said.lock_desc.l_resource.lr_type = dialect.constants[kind]
    message = lw.build("2.17", key, side, **{lock: said, "lvb": data})
    (slot,) = [each for each in type(message.buffers).__slot_specs__ if each.name == "lvb"]
    made = holding(slot.held_beside(message.buffers), data, dialect, "little")
    assert (made[1].__wire__.name if made is not None else None) == found
