"""A kind of field that nobody knew, in this file alone; engines, JSON, text, tests and translation all have it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire import bulk
from lustre_wire.dialects import Dialect
from lustre_wire.engines import bulk as engine
from lustre_wire.engines import record, reference
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.jsonform import struct_from_json, struct_to_json
from lustre_wire.schema import Array, Flex, Scalar, WireEnum, WireUnion, layout, swab_ranges, u16, u32, wire_union
from lustre_wire.schema.nodes import Cell, Node, Order
from lustre_wire.schema.rpc import Buffers, CString, RpcFormat, rpc, rpc_of, slot
from lustre_wire.testing.differential import disagreements
from lustre_wire.testing.mutate import Mutator, sites
from lustre_wire.testing.structs import structs
from lustre_wire.text import field_text, struct_text, struct_tree
from lustre_wire.translate.rules import UP, RuleSet, only_new, pair
from lustre_wire.translate.structs import make_struct


@dataclass(frozen=True)
class Counter24(Scalar):
    """Three bytes, big-endian whoever sends them."""

    size: int = 3

    @property
    def c_type(self) -> str:
        return "be24"

    def lower(self, name: str, at: int, order: Order, field: Any = None) -> Node:
        return Cell(name, at, self.size, "big", self, field)


# --- nothing below says what the kind is ------------------------------------------------------------------------------

BE24 = Counter24()


class Phase(WireEnum):
    """Named numbers of that kind."""

    IDLE = 1
    BUSY = 0x010203


@wire_union(size=4)
class Either(WireUnion):
    """It can be a member of a union."""

    number: u32
    small: Annotated[int, BE24]


@lw.wire_struct(size=24)
class Holder:
    """Everywhere that a field can be."""

    before: u16 = 0
    plain: Annotated[int, BE24] = 0
    phase: Annotated[Phase, BE24] = Phase(0)
    pair: Annotated[list[int], Array(BE24, 2)] = [0, 0]
    either: Either = Either()
    after: u32 = 0
    count: u16 = 0
    tail: Annotated[list[int], Flex(BE24, count="count")] = []


VALUE = Holder(1, 0x0A0B0C, Phase.BUSY, [7, 8], Either(small=0x112233), 5, 2, [9, 0xFFFFFF])
BYTES = {
    "little": "0100 0a0b0c 010203 000007 000008 11223300 05000000 0200 000009 ffffff",
    "big": "0001 0a0b0c 010203 000007 000008 11223300 00000005 0002 000009 ffffff",
}


@pytest.mark.parametrize("order", ["little", "big"])
def test_every_engine_reads_and_writes_it(order: Any) -> None:
    data = bytes.fromhex(BYTES[order].replace(" ", ""))
    for read in (record, reference):
        assert read.pack(VALUE, byteorder=order) == data and read.unpack(Holder, data, byteorder=order) == VALUE
    assert reference.unpack(Holder, data, byteorder=order, compiled=True) == VALUE
    assert record.unpack(Holder, data, byteorder=order).phase is Phase.BUSY
    assert list(disagreements(Holder, data, order)) == []


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("order", ["little", "big"])
def test_columns_have_its_bytes(order: Any, native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not native:
        monkeypatch.setattr(engine, "core", None)
        monkeypatch.setattr(engine, "_warned", True)
    data = record.pack(VALUE, byteorder=order)[:24]
    columns = bulk.unpack(Holder, data * 3, byteorder=order)
    assert bytes(columns["plain"]) == 3 * bytes.fromhex("0a0b0c") and columns["plain"].shape == (3, 3)
    assert columns["pair"].shape == (3, 2, 3) and columns["after"].tolist() == [5, 5, 5]
    assert bytes(bulk.pack(Holder, columns, byteorder=order)) == data * 3


def test_json_both_ways() -> None:
    told = json.loads(json.dumps(struct_to_json(VALUE)))
    assert (told["plain"], told["phase"], told["pair"], told["tail"]) == (0x0A0B0C, 0x010203, [7, 8], [9, 0xFFFFFF])
    assert struct_from_json(Holder, told) == VALUE and struct_from_json(Holder, told).phase is Phase.BUSY
    with pytest.raises(WireError, match="expected a number, got str") as caught:
        struct_from_json(Holder, told | {"plain": "5"})
    assert caught.value.path == "holder.plain"


def test_text() -> None:
    d20 = lw.dialect("2.0")
    assert struct_text(VALUE, d20) == (
        "{before 1, plain 658188, phase BUSY, pair [7, 8], either 11223300, after 5, count 2, tail [9, 16777215]}"
    )
    assert field_text(Holder.__wire__.by_name["plain"], 0, d20) == "0"  # type: ignore[attr-defined]
    assert ("plain", 2, "658188") in [(n.name, n.offset, n.text) for n in struct_tree(VALUE, d20).children]


@settings(max_examples=30)
@given(structs(Holder), st.sampled_from(["little", "big"]))
def test_strategies_draw_it(value: Any, order: Any) -> None:
    assert 0 <= value.plain < 1 << 24 and len(value.pair) == 2 and isinstance(value.phase, Phase)
    data = record.pack(value, byteorder=order)
    assert record.unpack(Holder, data, byteorder=order) == value == reference.unpack(Holder, data, byteorder=order)
    assert struct_from_json(Holder, struct_to_json(value)) == value


def test_values_that_do_not_fit_are_named() -> None:
    for path, change in (("plain", {"plain": 1 << 24}), ("pair[1]", {"pair": [0, -1]}), ("tail[0]", {"tail": ["x"]})):
        with pytest.raises(WireError) as caught:
            record.pack(Holder(**change))
        assert caught.value.path == f"holder.{path}"


@rpc(77, name="COUNT")
class Count:
    """Buffers of the kind, alone and in a row."""

    class Request(Buffers):
        number: Annotated[int, BE24] | None = slot()
        holder: Holder | None = slot()
        name: CString | None = slot()
        numbers: list[Annotated[int, BE24]] | None = slot()


def dialect() -> Dialect:
    base = lw.dialect("2.0")
    module = ModuleType("counting")
    module.Count = Count  # type: ignore[attr-defined]
    return Dialect("counting", (*base.modules, module), base.body, base.body_minimum)


@pytest.mark.parametrize("order", ["little", "big"])
def test_whole_messages(order: Any) -> None:
    """In one step and by parts, to JSON and back, swabbed, mutated."""
    spoken = dialect()
    made = lw.build(spoken, "COUNT", order=order, number=0x010203, holder=VALUE, name=b"n", numbers=[1, 2, 3])
    data = lw.encode(made)
    parts = lustre_msg.split(data)
    assert [data[o : o + n].hex() for o, n in zip(parts.offsets, parts.lengths, strict=True)][1] == "010203"
    assert lw.decode(data, spoken) == made and lw.decode(data + bytes(8), spoken).buffers == made.buffers
    told = lw.to_json(made)
    assert told["buffers"][1] == {"name": "number", "value": 0x010203}
    assert told["buffers"][4] == {"name": "numbers", "items": [1, 2, 3]}
    swabbed = bytearray(data)
    bulk.swab(swabbed, spoken)
    other = lw.decode(bytes(swabbed), spoken)
    assert other.order != order and other.buffers == made.buffers
    assert {"holder.plain", "holder.phase", "holder.pair[1]"} <= {site.path for site in sites(made, data)}
    named = next(site for site in sites(made, data) if site.path == "holder.phase")
    assert bytes.fromhex("010203") in named.named
    mutants = Mutator([(spoken, data)], seed=1)
    assert len({mutants.data(number) for number in range(50)}) > 40


def test_translation_carries_it() -> None:
    @lw.wire_struct(size=6, c_name="kept")
    class Old:
        same: Annotated[int, BE24] = 0
        phase: Annotated[Phase, BE24] = Phase(0)

    @lw.wire_struct(size=9, c_name="kept")
    class New:
        phase: Annotated[Phase, BE24] = Phase(0)
        same: Annotated[int, BE24] = 0
        more: Annotated[int, BE24] = 0

    flags = pair(Old, New, only_new("more", default=4))
    rules = RuleSet("a", "b", (flags,), (), {}, {}, {}, {}, no_format_errno=1, lm_flags=flags.fields[0])
    made = make_struct(rules, Old, New, UP)(Old(3, Phase.BUSY), None)
    assert made == New(Phase.BUSY, 3, 4) and made.phase is Phase.BUSY


def test_tables_show_it() -> None:
    assert [(f.name, f.offset, f.size, f.type) for f in layout(Holder).fields][1:4] == [
        ("plain", 2, 3, "be24"), ("phase", 5, 3, "be24"), ("pair", 8, 6, "be24[2]"),
    ]  # fmt: skip
    assert (2, 3) in swab_ranges(Holder) and (22, 2) in swab_ranges(Holder)
    form: RpcFormat = rpc_of(Count)
    assert [s.type.c_type for s in form.request.__slot_specs__ if s.struct is None] == ["be24", "string", "be24[]"]
