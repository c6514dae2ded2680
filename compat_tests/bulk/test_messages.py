"""Whole messages from columns: what building and encoding one message after the other gives, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.bulk.engines import DIALECTS, ORDERS, everywhere, noise, record_engine
from lustre_wire import bulk, rpc
from lustre_wire.bulk import Reason
from lustre_wire.bulk.compose import pack_messages
from lustre_wire.schema.rpc import Blob, Items, Text
from lustre_wire.schema.types import Struct

d20 = lw.dialect("2.0")


def formats() -> list[tuple[str, str, str]]:
    """(dialect, format, direction) of everything that can be made."""
    return [(d, key, way) for d in DIALECTS for key in lw.dialect(d).rpcs for way in ("request", "reply")]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_format_of_defaults_is_what_build_makes(dialect: str, order: Any) -> None:
    for name, key, way in formats():
        if name != dialect:
            continue
        core, scalar, by_record = everywhere(
            lambda key=key, way=way: bytes(
                pack_messages(key, {}, direction=way, dialect=dialect, byteorder=order, rows=3)
            )
        )
        assert core == scalar == by_record
        found = bulk.index(core, dialect)
        assert found.rows == 3 and set(found["reason"].tolist()) <= {Reason.GOOD, Reason.NO_BODY}, (key, way)
        one = core[: found["length"][0]]
        message = lw.decode(one, dialect, request=lw.dialect(dialect).rpcs[key] if way == "reply" else None)
        assert message.opcode == lw.dialect(dialect).rpcs[key].opcode
        assert lw.encode(message) == one


@settings(max_examples=120, deadline=None)
@given(draw=st.data())
def test_any_columns_of_any_format(draw: Any) -> None:
    dialect, key, way = draw.draw(st.sampled_from(formats()))
    order = draw.draw(st.sampled_from(ORDERS))
    rows = draw.draw(st.integers(0, 70))
    form = lw.dialect(dialect).rpcs[key]
    side = form.request if way == "request" else form.reply
    deciding = {path for s in side.__slot_specs__ for path in (s.present or {})}
    columns: dict[str, Any] = {"pb_transno": range(rows), "lm_flags": 3}
    names: dict[str, Any] = {}
    for s in side.__slot_specs__:
        if s.present or not draw.draw(st.booleans()):
            continue
        if isinstance(s.type, Struct) and s.type.size:
            leaves = bulk.unpack(s.type.cls, noise(s.type.size * rows, rows), byteorder=order)
            picked = draw.draw(st.lists(st.sampled_from(list(leaves)), unique=True))
            columns |= {f"{s.name}.{n}": leaves[n] for n in picked if f"{s.name}.{n}" not in deciding}
        elif isinstance(s.type, (Text, Blob)):
            alphabet = st.binary(max_size=30).map(lambda b: b.replace(b"\0", b"x"))
            names[s.name] = draw.draw(st.lists(alphabet, min_size=rows, max_size=rows))
    made = everywhere(
        lambda: bytes(pack_messages(key, columns, names, direction=way, dialect=dialect, byteorder=order))
    )
    assert made[0] == made[1] == made[2]
    assert bulk.index(made[0], dialect)["transno"].tolist() == list(range(rows))


def test_a_batch_of_getattr_replies() -> None:
    body = d20.structs["mdt_body"]
    rows = 200
    attributes = bulk.unpack(body, noise(216 * rows, 1))
    columns = {f"mdt_body.{name}": column for name, column in attributes.items()}
    stream = pack_messages(d20.rpcs["MDS_GETATTR"], columns | {"pb_transno": [7] * rows}, direction="reply")
    found = bulk.index(stream, "2.0")
    places = [found["buffer_offset"][first + 1] for first in found["first_buffer"]]
    assert bulk.unpack(body, stream, offsets=places)["mtime"].tolist() == attributes["mtime"].tolist()
    one = lw.decode(bytes(stream[: found["length"][0]]), d20, request=d20.rpcs["MDS_GETATTR"])
    assert one.buffers.mdt_body.size == attributes["size"][0] and one.transno == 7


def test_opens_have_their_names_and_are_known_as_opens() -> None:
    names = [b"", b"a", b"seven77", b"eightttt", b"x" * 300]
    columns = {"rec_reint.cr_mode": [0o100644] * 5, "ldlm_intent.opc": 1}
    for stream in everywhere(lambda: bytes(pack_messages("LDLM_ENQUEUE/INTENT_OPEN", columns, names, dialect="2.0"))):
        found = bulk.index(stream, "2.0")
        for row, name in enumerate(names):
            start = found["offset"][row]
            message = lw.decode(stream[start : start + found["length"][row]], d20)
            assert (message.name, message.buffers.name) == ("LDLM_ENQUEUE/INTENT_OPEN", name)
            assert message.extra is None


def test_messages_longer_than_any_block_and_strings_by_offsets() -> None:
    data = noise(100_000, 3).replace(b"\0", b"z")
    strings = bulk.Strings(data, memoryview(bytearray(8 * 4)).cast("Q"))
    for i, place in enumerate((0, 99_000, 99_000, 100_000)):
        strings.offsets[i] = place
    for stream in everywhere(lambda: bytes(pack_messages("MDS_GETATTR_NAME", {}, {"name": strings}, dialect="2.0"))):
        found = bulk.index(stream, "2.0")
        lengths = [found["buffer_length"][first + 3] for first in found["first_buffer"]]
        assert lengths == [99_001, 1, 1001]


def test_out_is_used_and_checked() -> None:
    out = bytearray(4000)
    made = pack_messages("OBD_PING", {"pb_transno": [1, 2]}, dialect="2.0", out=out)
    assert made == pack_messages("OBD_PING", {"pb_transno": [1, 2]}, dialect="2.0") == out[: len(made)]
    column = memoryview(bytearray(800))
    for call, message in (
        (lambda: pack_messages("OBD_PING", {}, dialect="2.0", rows=9, out=bytearray(9)), "at least"),
        (lambda: pack_messages("OBD_PING", {"nothing": 1}, dialect="2.0", rows=1), "no column 'nothing'"),
        (lambda: pack_messages("OBD_PING", {}, dialect="2.0"), "one length"),
        (lambda: pack_messages("OBD_PING", {}, rows=1), "needs a dialect"),
        (lambda: pack_messages("NOTHING", {}, dialect="2.0", rows=1), "no RPC format"),
        (lambda: pack_messages("OBD_PING", {}, dialect="2.0", rows=1, direction="up"), "direction"),
        (lambda: pack_messages("OBD_PING", {}, [b"x"], dialect="2.0"), "no buffer of strings"),
        (lambda: pack_messages("MDS_GETATTR_NAME", {"pb_transno": [1]}, [b"x", b"y"], dialect="2.0"), "one length"),
        (lambda: pack_messages("MDS_GETATTR_NAME", {}, ["x"], dialect="2.0"), "strings"),
        (lambda: pack_messages("OBD_PING", {"pb_status": [1 << 32]}, dialect="2.0"), "pb_status"),
    ):
        for run in (call, lambda call=call: _by_record(call)):
            with pytest.raises(lw.WireError, match=message):
                run()
    with pytest.raises(lw.WireError, match="overlaps"):
        pack_messages("OBD_PING", {"pb_transno": column[:8]}, dialect="2.0", out=column)
    wrong = memoryview(bytearray(24)).cast("Q")
    for places in ((0, 9, 0), (0, 0, 9)):
        for i, place in enumerate(places):
            wrong[i] = place
        for run in (pack_messages, lambda *a, **k: _by_record(lambda: pack_messages(*a, **k))):
            with pytest.raises(lw.WireError, match="not within"):
                run("MDS_GETATTR_NAME", {}, bulk.Strings(b"abc", wrong), dialect="2.0")


def _by_record(call: Any) -> Any:
    with record_engine():
        return call()


def test_a_field_that_decides_which_buffers_there_are_has_one_value() -> None:
    form = lw.dialect("1.8").rpcs["MDS_GETATTR"]
    deciding = next(path for s in form.reply.__slot_specs__ for path in (s.present or {}))
    with pytest.raises(lw.WireError, match="which buffers"):
        pack_messages(form, {deciding: [1, 2]}, direction="reply")
    assert rpc.REPLY == "reply"
    assert not any(isinstance(s.type, Items) for s in form.reply.__slot_specs__)
