"""Every recorded message: bytes that Lustre's own code put on the wire, and the inputs they were made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.conformance import inputs
from compat_tests.facts import layouts
from compat_tests.recorded import Recorded, by_id, messages
from lustre_wire.engines import payload, record, reference
from lustre_wire.frames import lustre_msg
from lustre_wire.rpc import Generic
from lustre_wire.schema.rpc import Items, SlotSpec
from lustre_wire.schema.types import Struct, as_type

EVERY = pytest.mark.parametrize("recorded", messages(), ids=str)
REQUESTS = [m for m in messages() if m.direction == "request"]
TWINS = [m for m in messages() if "be_of" in m.row["params"]]


@EVERY
def test_encodes_to_the_same_bytes(recorded: Recorded) -> None:
    assert lw.encode(recorded.decode()) == recorded.data


@EVERY
def test_survives_json(recorded: Recorded) -> None:
    obj = json.loads(json.dumps(lw.to_json(recorded.decode())))
    assert lw.encode(lw.from_json(obj)) == recorded.data


@EVERY
def test_what_the_record_says_of_the_whole_message(recorded: Recorded) -> None:
    row, message = recorded.row, recorded.decode()
    assert (message.direction, message.order, message.opcode) == (recorded.direction, recorded.endian, row["opc"])
    assert f"lustre_msg_v{message.version}" == row["msg_format"]
    assert lw.dialect(recorded.dialect).constants[row["opc_name"]] == message.opcode
    if message.format is not None and not recorded.kind.startswith("unpin"):  # it travels as MDS_CLOSE
        assert message.name.split("/")[0] == row["opc_name"]
    trailing = message.extra.trailing if message.extra is not None else b""
    assert trailing.hex() == row["trailing_bytes_after_last_buffer"]


@EVERY
def test_buffers_lie_where_the_record_says(recorded: Recorded) -> None:
    parts = lustre_msg.split(recorded.data)
    found = [
        (i, offset, length, recorded.data[offset : offset + length].hex())
        for i, (offset, length) in enumerate(zip(parts.offsets, parts.lengths, strict=True))
    ]
    assert found == [(b["index"], b["offset"], b["length"], b["hex"]) for b in recorded.row["buffers"]]


#: Labels of the records that are no struct's name: the slots they may stand for.
SLOTS = {
    "mdt_epoch": {"mdt_ioepoch"},
    "lov_ea": {"lov_ea", "lov_md", "lov_md_or_linkname", "mdt_md", "eadata", "data", "ea"},
    "lov_user_md": {"ea", "eadata"},
    "symlink_target_or_eadata": {"data", "eadata_or_symtgt"},
    "name": {"name"}, "name_old": {"old_name"}, "name_new": {"new_name"},
    "xattr_name": {"name", "xattr_name"}, "xattr_value": {"eadata", "value"},
    "acl": {"acl"}, "acl_or_cookies": {"acl", "logcookies"}, "llog_cookies": {"logcookies"}, "capa1": {"capa1"},
    "target_uuid": {"target_uuid"}, "client_uuid": {"client_uuid"}, "conn_handle": {"conn_handle"},
    "key": {"key"}, "val": {"val"}, "rcs": {"rcs"}, "llog_block": {"log_block"},
    "u32 fld_opc": {"opc"}, "u32 seq_opc": {"opc"},
}  # fmt: skip
#: lustre_idl.h calls it mds_body in the 2.0 operations that 1.8 clients alone send.
SAME = {("mdt_body", "mds_body"), ("mds_body", "mdt_body")}
#: Its labels are those of another operation: a buffer of 24 bytes is no mdt_body.
MISLABELLED = {"done-writing-d20"}


def slots(message: lw.Message) -> Iterator[tuple[int, SlotSpec]]:
    """Index in the record and slot of each declared buffer that is there."""
    if not isinstance(message.buffers, Generic):
        places = payload.codec(type(message.buffers), message.order).places(message.buffers)
        yield from enumerate(places, 1 if message.version == 2 else 0)


def struct_of(slot: SlotSpec) -> Any:
    kind = as_type(slot.type.element) if isinstance(slot.type, Items) else slot.type
    return kind.cls if isinstance(kind, Struct) else None


@pytest.mark.parametrize("recorded", [m for m in REQUESTS if m.id not in MISLABELLED], ids=str)
def test_buffers_are_the_ones_the_record_names(recorded: Recorded) -> None:
    labels = {b["index"]: b["struct"].split("[")[0] for b in recorded.row["buffers"] if b["length"]}
    for index, slot in slots(recorded.decode()):
        label = labels.get(index, "?").removesuffix("(ELC)").removesuffix("(lustre_handle)")
        if label in SLOTS:
            assert slot.name in SLOTS[label]
        elif label != "?":
            assert label in layouts(recorded.dialect)
            found = struct_of(slot).__wire__.name
            assert found == label or (found, label) in SAME


@EVERY
def test_both_engines_read_and_write_every_struct_alike(recorded: Recorded) -> None:
    message = recorded.decode()
    data = {b["index"]: bytes.fromhex(b["hex"]) for b in recorded.row["buffers"]}
    pairs = [(type(message.body), message.body, data[0])] if message.body is not None else []
    for index, slot in slots(message):
        value, cls = getattr(message.buffers, slot.name), struct_of(slot)
        if cls is None or value is None:
            continue
        if isinstance(slot.type, Items):
            size = cls.__wire__.size
            pairs += [(cls, each, data[index][i * size : (i + 1) * size]) for i, each in enumerate(value)]
        else:
            pairs.append((cls, value, data[index]))
    for cls, value, whole in pairs:
        order: Any = message.order
        packed = record.pack(value, byteorder=order)
        assert whole.startswith(packed) or packed.rstrip(b"\0") == whole.rstrip(b"\0")
        assert reference.pack(value, byteorder=order) == packed
        assert reference.unpack(cls, packed, byteorder=order) == record.unpack(cls, packed, byteorder=order) == value


@pytest.mark.parametrize("recorded", [m for m in REQUESTS if m.endian == "little"], ids=str)
def test_decoded_values_are_the_recorded_inputs(recorded: Recorded) -> None:
    """Every input that travels stands in the field that Lustre's source puts it into."""
    params = recorded.row["params"]
    message = recorded.decode()
    compared = inputs.check(recorded.kind, params, message)
    assert compared == len([name for name in params if name not in inputs.NOT_SENT])


def test_inputs_of_every_kind_are_known() -> None:
    assert {m.kind for m in REQUESTS} - set(inputs.INPUTS) == {"reint-replay"}
    assert sum(len(set(m.row["params"]) - set(inputs.NOT_SENT)) for m in REQUESTS if m.endian == "little") > 2000


@pytest.mark.parametrize("recorded", [m for m in messages() if "pb_flags_names" in m.row["params"]], ids=str)
def test_recovery_flags(recorded: Recorded) -> None:
    message = recorded.decode()
    names = recorded.row["params"]["pb_flags_names"]
    wanted = sum(int(lw.dialect(recorded.dialect).constants[n]) for n in names.split("+") if n)
    assert message.body.pb_flags == wanted


@pytest.mark.parametrize("recorded", [m for m in messages() if m.kind == "reint-replay"], ids=str)
def test_replays_carry_the_transaction_number_of_the_reply(recorded: Recorded) -> None:
    assert recorded.decode().transno > 0


@pytest.mark.parametrize("recorded", TWINS, ids=str)
def test_a_big_endian_peer_says_the_same(recorded: Recorded) -> None:
    """Value for value: what receivers do not swap is read as little-endian in both."""
    original = by_id()[recorded.dialect, recorded.row["lustre_version"], recorded.row["params"]["be_of"]]
    assert recorded.data != original.data
    assert lw.to_json(recorded.decode()) == {**lw.to_json(original.decode()), "endian": "big"}


#: The recording counted one NUL of the name twice; a mounted client sends one, and a 2.0 server refuses two.
TWO_NULS = {m for m in REQUESTS if m.kind == "getattr-name" and m.row["lustre_version"] == "2.0.0"}


@pytest.mark.parametrize("recorded", [m for m in REQUESTS if m not in TWO_NULS], ids=str)
def test_strict_accepts_what_clients_really_send(recorded: Recorded) -> None:
    assert lw.encode(recorded.decode(strict=True)) == recorded.data


@pytest.mark.parametrize("recorded", sorted(TWO_NULS, key=str), ids=str)
def test_strict_refuses_a_second_nul(recorded: Recorded) -> None:
    with pytest.raises(lw.StrictError, match="1 bytes behind"):
        recorded.decode(strict=True)


#: Replies whose number or size of buffers was chosen by hand lack buffers that a server always packs.
HAND_MADE = {
    "getstatus-reply", "ldlm-enqueue-flock-reply", "ldlm-enqueue-ibits-reply", "ldlm-enqueue-plain-reply",
    "lock-replay-reply", "ldlm-enqueue-intent-readdir-reply", "reint-create-reply", "reint-replay-reply",
}  # fmt: skip


@pytest.mark.parametrize("recorded", [m for m in messages() if m.direction == "reply"], ids=str)
def test_strict_accepts_replies(recorded: Recorded) -> None:
    try:
        recorded.decode(strict=True)
    except lw.StrictError as error:
        assert recorded.kind in HAND_MADE
        assert "expected content" in error.message or "more than the format has" in error.message
