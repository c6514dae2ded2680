"""Composite layouts: each entry says where its component's own layout lies in the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

import lustre_wire as lw
from lustre_wire import embedded
from lustre_wire.engines import record
from lustre_wire.jsontext import json_text
from lustre_wire.text import message_tree

D217 = lw.dialect("2.17")
S, C = D217.structs, D217.constants


def stripes(count: int) -> bytes:
    objects = [S["lov_ost_data_v1"](l_ost_idx=number) for number in range(count)]
    magic = C["LOV_MAGIC_V1"]
    return record.pack(
        S["lov_mds_md_v1"](
            lmm_magic=magic, lmm_pattern=1, lmm_stripe_size=1 << 20, lmm_stripe_count=count, lmm_objects=objects
        )
    )


def composite(*components: bytes, shift: int = 0, longer: int = 0) -> bytes:
    """A composite layout of these components; each entry's place is wrong by `shift`, its size by `longer`."""
    at, entries = 32 + 48 * len(components), []
    for number, data in enumerate(components):
        extent = S["lu_extent"](e_start=number << 20, e_end=number + 1 << 20)
        entries.append(
            S["lov_comp_md_entry_v1"](
                lcme_id=number + 1, lcme_extent=extent, lcme_offset=at + shift, lcme_size=len(data) + longer
            )
        )
        at += len(data)
    head = S["lov_comp_md_v1"](
        lcm_magic=C["LOV_MAGIC_COMP_V1"], lcm_size=at, lcm_entry_count=len(entries), lcm_entries=entries
    )
    return record.pack(head) + b"".join(components)


def answer(layout: bytes) -> lw.Message:
    valid = C["OBD_MD_FLEASIZE"] | C["OBD_MD_FLMODE"]
    body = S["mdt_body"](mbo_mode=0o100644, mbo_valid=valid)
    return lw.build(D217, "MDS_GETATTR", "reply", mdt_body=body, mdt_md=layout)


def inside(message: lw.Message) -> Any:
    buffers = {each["name"]: each for each in lw.to_json(message)["buffers"]}
    return buffers["mdt_md"].get("inside")


def test_components_are_read_where_their_entries_say() -> None:
    message = answer(composite(stripes(1), stripes(4)))
    pieces = inside(message)["pieces"]
    assert [piece["struct"] for piece in pieces] == ["lov_mds_md_v1"] * 2
    assert [[one["l_ost_idx"] for one in piece["fields"]["lmm_objects"]] for piece in pieces] == [[0], [0, 1, 2, 3]]
    assert json.loads(json_text(message)) == lw.to_json(message)
    assert lw.from_json(lw.to_json(message)) == message
    layout = message_tree(message).children[-1]
    assert [(node.name, node.text.split()[0]) for node in layout.children[-2:]] == [
        ("piece 0", "lov_mds_md_v1"), ("piece 1", "lov_mds_md_v1")]  # fmt: skip


def test_a_component_that_nobody_knows_stays_bytes() -> None:
    assert inside(answer(composite(b"\x01\x02\x03\x04" * 4)))["pieces"] == [{"hex": "01020304" * 4}]


@pytest.mark.parametrize("wrong", [{"shift": 1}, {"shift": -1}, {"longer": 1}, {"longer": 0x7FFFFFFF}])
def test_a_component_behind_the_end_or_before_its_entries_is_none(wrong: dict[str, int]) -> None:
    assert inside(answer(composite(stripes(1), **wrong))) is None


def test_components_of_a_component_are_not_looked_for() -> None:
    """However deep somebody nests them."""
    data = composite(stripes(1))
    for _ in range(200):
        data = composite(data)
    [piece] = inside(answer(data))["pieces"]
    assert (piece["struct"], "pieces" in piece) == ("lov_comp_md_v1", False)
    assert len(embedded.pieces(*_held(data))) == 1


def _held(data: bytes) -> tuple[Any, tuple[()], bytes, lw.Dialect, Any]:
    found = embedded.holding((), data, D217, "little")
    assert found is not None
    return found[1], (), data, D217, "little"
