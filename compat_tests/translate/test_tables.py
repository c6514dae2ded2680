"""The rules as data: rows for people, copy plans for the bulk engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.facts import layouts
from lustre_codecs.v1_8 import structs as old
from lustre_codecs.v2_0 import structs as new
from lustre_wire.engines import record
from lustre_wire.translate import rules_between
from lustre_wire.translate.rules import DOWN, UP
from lustre_wire.translate.structs import make_struct
from lustre_wire.translate.tables import copy_plan, field_rows, operations, refusals
from lustre_wire.translate.work import Work

RULES = rules_between("1.8", "2.0")
RECORDS = [
    (old.MdsRecSetattr, new.MdtRecSetattr), (old.MdsRecCreate, new.MdtRecCreate), (old.MdsRecLink, new.MdtRecLink),
    (old.MdsRecUnlink, new.MdtRecUnlink), (old.MdsRecRename, new.MdtRecRename), (old.MdsBody, new.MdtBody),
]  # fmt: skip


def test_every_field_of_every_struct_has_a_rule_and_stands_where_the_layout_facts_say() -> None:
    measured = {"1.8": layouts("1.8"), "2.0": layouts("2.0")}
    checked = 0
    for rule in RULES.structs:
        rows = field_rows(rule)
        for side, dialect, cls in (("old", "1.8", rule.old), ("new", "2.0", rule.new)):
            facts = measured[dialect].get(cls.__wire__.name)
            if facts is None or (rule.partial and side == "old"):
                continue
            offsets = {f["name"]: f["offset"] for f in facts["fields"] if f["size"]}
            places = [p for row in rows if (p := getattr(row, side))]
            told = {p.name: p.offset for p in places if "." not in p.name}
            nested = {p.name.partition(".")[0] for p in places if "." in p.name}
            assert told.keys() | nested >= offsets.keys(), rule.name
            assert all(told[name] == offsets[name] for name in told.keys() & offsets.keys())
            checked += len(told)
    assert checked > 500


def test_a_moved_field_a_renamed_one_and_one_that_only_2_0_has() -> None:
    rows = {(r.old and r.old.name, r.new and r.new.name): r for r in field_rows(RULES.struct_rule(*RECORDS[3]))}
    assert rows["ul_mode", "ul_mode"][:4] == (("ul_mode", 20, 4), ("ul_mode", 116, 4), "moved", "moved")
    assert rows["ul_suppgid", "ul_suppgid1"].up == "renamed, moved"
    assert (rows[None, "ul_bias"].up, rows[None, "ul_bias"].down) == ("default 0", "impossible EOPNOTSUPP")
    assert rows[None, "ul_suppgid2"].up == "default 0xffffffff"
    assert rows[None, "ul_suppgid2"].down == "lossy suppgid2"


def test_operations_of_both_dialects_and_those_of_one() -> None:
    names = {(a.name, b.name) for a, b in operations(RULES)}
    assert ("MDS_SETXATTR", "MDS_REINT/SETXATTR") in names
    assert {n for n, *_ in refusals(RULES)} >= {"SEQ_QUERY", "FLD_QUERY", "MDS_GET_INFO", "MDS_PIN", "MDS_DONE_WRITING"}


@pytest.mark.parametrize(("one", "other"), RECORDS)
@pytest.mark.parametrize("direction", [UP, DOWN])
@given(data=st.data())
def test_a_copy_plan_gives_the_bytes_that_the_compiled_rules_give(
    one: type, other: type, direction: str, data: st.DataObject
) -> None:
    source, target = (one, other) if direction == UP else (other, one)
    plan = copy_plan(RULES, source, target)
    assert plan.copies
    raw = bytearray(plan.source_size)
    for at, _, width in plan.copies:
        raw[at : at + width] = data.draw(st.binary(min_size=width, max_size=width))
    message = lw.build("1.8" if direction == UP else "2.0", "MDS_STATFS")
    work = Work(message, lw.dialect("2.0" if direction == UP else "1.8"), lw.Session(), None, None, frozenset())
    made = record.pack(make_struct(RULES, source, target, direction)(record.unpack(source, bytes(raw)), work))
    for at, there, width in plan.copies:
        assert made[there : there + width] == raw[at : at + width]


def test_a_plan_copies_what_it_can_in_one_piece() -> None:
    plan = copy_plan(RULES, old.MdsBody, new.MdtBody)
    assert (plan.source_size, plan.target_size) == (168, 216)
    assert max(c.width for c in plan.copies) >= 32
    with pytest.raises(lw.WireError, match="no rule"):
        copy_plan(RULES, old.MdsBody, new.MdtRecLink)
