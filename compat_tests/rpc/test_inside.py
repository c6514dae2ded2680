"""What opaque buffers hold is shown in the JSON form beside their bytes, and the bytes are what counts."""

from __future__ import annotations

import json
import struct
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES, Recorded, messages
from compat_tests.shared import CASES, needs_cases
from lustre_wire.capture import Captured, read_messages
from lustre_wire.jsontext import json_text
from lustre_wire.payloads.inside import records_in
from lustre_wire.text import brief, message_tree

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


# --- extended attributes of 2.17 --------------------------------------------------------------------------------------


@cache
def asked_for_attributes() -> tuple[Captured, ...]:
    """The replies that bring attributes, or their names."""
    with (FIXTURES / "captures" / "05-namespace.pcap").open("rb") as stream:
        found = [m for m in read_messages(stream) if m.kind == "reply" and "GETXATTR" in m.name]
    bringing = (getattr(m.message.buffers, slot, None) for m in found if m.message for slot in ("eadata", "eavals"))
    assert sum(bool(each) for each in bringing) == 9
    return tuple(found)


def _inside(captured: Captured, slot: str) -> Any:
    """What the JSON of a captured message says of a buffer: the same from the bytes, and from the message."""
    message = captured.message
    assert message is not None
    told = lw.to_json(message)
    assert json.loads(json_text(message)) == told == json.loads(str(captured.json_text()))
    return next(b for b in told["buffers"] if b["name"] == slot).get("inside")


def _by_name(name: bytes) -> Captured:
    """The reply that has the value of an attribute; an earlier one says only how long it is."""
    return next(
        each for each in asked_for_attributes()
        if each.message and getattr(each.message.buffers, "eadata", None)
        and each.request and each.request.message and each.request.message.buffers.name == name
    )  # fmt: skip


def test_an_attribute_is_what_its_request_names() -> None:
    """The values have no magic; trusted.link has one, and a text user.color none of Lustre's."""
    lma = _inside(_by_name(b"trusted.lma"), "eadata")
    assert (lma["struct"], lma["fields"]["lma_self_fid"]["f_oid"]) == ("lustre_mdt_attrs", 3)
    som = _inside(_by_name(b"trusted.som"), "eadata")
    assert (som["struct"], som["fields"]["lsa_size"]) == ("lustre_som_attrs", 123456)
    assert _inside(_by_name(b"user.color"), "eadata") is None
    message = _by_name(b"trusted.link").message
    assert message is not None
    (links,) = records_in(message)
    assert [(link.name, link.text) for link in links.children] == [("file1", "in [0x200000402:0x1:0x0]")]


def test_without_its_request_nobody_says_what_an_attribute_is() -> None:
    reply = _by_name(b"trusted.lma")
    alone = lw.decode(reply.raw, "2.17", request=lw.dialect("2.17").rpcs["MDS_GETXATTR"])
    assert alone == reply.message
    assert [b.get("inside") for b in lw.to_json(alone)["buffers"] if b["name"] == "eadata"] == [None]


def test_a_list_of_attributes_is_their_names() -> None:
    reply = next(
        each for each in asked_for_attributes()
        if each.message and each.message.name == "MDS_GETXATTR" and each.message.buffers.eadata
        and each.request and each.request.message and each.request.message.buffers.name is None
    )  # fmt: skip
    names = ["trusted.lma", "trusted.lov", "trusted.link", "trusted.som", "user.color", "trusted.big"]
    assert _inside(reply, "eadata") == {"names": names}
    assert reply.message is not None and brief(reply.message).endswith(f'"{" ".join(names)}"')


def test_a_lock_on_attributes_brings_names_with_values() -> None:
    """Names, values and sizes stand in three buffers."""
    first = next(each for each in asked_for_attributes() if each.message and getattr(each.message.buffers, "eavals", 0))
    assert _inside(first, "xattr_names") == {"names": ["trusted.lma", "trusted.lov", "trusted.link", "trusted.som"]}
    values = _inside(first, "eavals")["pieces"]
    assert [(each["name"], each.get("struct")) for each in values] == [
        ("trusted.lma", "lustre_mdt_attrs"), ("trusted.lov", "lov_mds_md_v1"), ("trusted.link", None),
        ("trusted.som", "lustre_som_attrs"),
    ]  # fmt: skip
    assert values[1]["fields"]["lmm_stripe_size"] == 4 << 20 and values[3]["fields"]["lsa_size"] == 0
    message = first.message
    assert message is not None and "trusted.lov stripe 1 x 4M" in brief(message)
    shown = next(node for node in message_tree(message).children if node.name == "eavals")
    assert [node.name for node in shown.children] == [each["name"] for each in values]
    assert [(node.name, node.children[0].name) for node in records_in(message)] == [("trusted.link", "file1")]


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3], [3, 3], []])
def test_values_whose_sizes_do_not_go_with_them_stay_bytes(sizes: list[int]) -> None:
    message = lw.build(
        "2.17", "LDLM_ENQUEUE/INTENT_GETXATTR", "reply", xattr_names=b"user.a\0user.b\0", eavals=b"abcde",
        eavals_lens=sizes,
    )  # fmt: skip
    told = {b["name"]: b.get("inside") for b in lw.to_json(message)["buffers"]}
    assert (told["eavals"], told["xattr_names"]) == (None, {"names": ["user.a", "user.b"]})
    assert json.loads(json_text(message)) == lw.to_json(message)


@pytest.mark.parametrize("release", ["1.8", "2.0", "2.5", "2.17"])
def test_every_release_asks_by_name(release: str) -> None:
    known = lw.dialect(release)
    acl = struct.pack("<I2HI", 2, 1, 6, 0xFFFFFFFF)
    for name, value, held in (
        (b"system.posix_acl_access", acl, "posix_acl_xattr_header"), (None, b"user.a\0", None), (b"user.a", acl, None),
    ):  # fmt: skip
        request = lw.build(release, "MDS_GETXATTR", **({"name": name} if release != "1.8" else {"xattr_name": name}))
        reply = lw.encode(lw.build(release, "MDS_GETXATTR", "reply", eadata=value))
        told = lw.to_json(lw.decode(reply, known, request=request))["buffers"][-1].get("inside")
        if name is None:
            assert told == {"names": ["user.a"]}
        else:
            assert (told["struct"].replace("xattr_acl_header", "posix_acl_xattr_header") if told else None) == held
