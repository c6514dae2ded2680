"""The rules as data."""

from __future__ import annotations

from dataclasses import replace

from compat_tests.facts import layouts
from lustre_codecs.structs.ldlm import LdlmResourceDesc
from lustre_codecs.structs.reint import MdsRecUnlink, MdtRecUnlink
from lustre_codecs.translation.ends import NEW, OLD
from lustre_wire.schema.views import view
from lustre_wire.translate import rules_between
from lustre_wire.translate.rules import UP
from lustre_wire.translate.tables import field_rows, operations, refusals

RULES = rules_between("1.8", "2.0")


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
    rule = RULES.struct_rule(view(MdsRecUnlink, OLD), view(MdtRecUnlink, NEW))
    rows = {(r.old and r.old.name, r.new and r.new.name): r for r in field_rows(rule)}
    assert rows["ul_mode", "ul_mode"][:4] == (("ul_mode", 20, 4), ("ul_mode", 116, 4), "moved", "moved")
    assert rows["ul_suppgid", "ul_suppgid1"].up == "renamed, moved"
    assert (rows[None, "ul_bias"].up, rows[None, "ul_bias"].down) == ("default 0", "impossible EOPNOTSUPP")
    assert rows[None, "ul_suppgid2"].up == "default 0xffffffff"
    assert rows[None, "ul_suppgid2"].down == "lossy suppgid2"


def test_operations_of_both_dialects_and_those_of_one() -> None:
    names = {(a.name, b.name) for a, b in operations(RULES)}
    assert ("MDS_SETXATTR", "MDS_REINT/SETXATTR") in names
    assert {n for n, *_ in refusals(RULES)} >= {"SEQ_QUERY", "FLD_QUERY", "MDS_GET_INFO", "MDS_PIN", "MDS_DONE_WRITING"}


def test_it_does_not_matter_what_is_asked_first() -> None:
    fresh = replace(RULES, cache={})
    assert list(operations(fresh))
    resource = view(LdlmResourceDesc, OLD)
    rule = fresh.struct_rule(resource, view(LdlmResourceDesc, NEW))
    assert rule is RULES.struct_rule(resource, resource)
    assert any(field.kind(UP) == "computed" for field in rule.fields)
