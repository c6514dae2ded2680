"""A buffer that is there without anything in it comes back as it was, or the report says that it does not."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import attrs
import pytest

import lustre_wire as lw
from lustre_wire.schema.releases import release
from lustre_wire.testing.messages import formats_of
from lustre_wire.testing.sampling import sample
from lustre_wire.translate.rules import DOWN, UP

PAIRS = [("1.8", "2.0"), *((one.base.name, one.name) for name in lw.releases() if (one := release(name)).base)]
WAYS = [way for old, new in PAIRS if new != "2.0.0" for way in ((old, new), (new, old))]


@cache
def drawn(source: str, key: str, direction: str) -> lw.Message:
    return sample(source, 1, name=key, direction=direction)[0]


def unsaid(source: str, target: str, key: str, direction: str) -> list[str]:
    """Buffers of a format that were empty and are not there afterwards, which no report says."""
    form, found = lw.dialect(source).rpcs[key], []
    side = form.request if direction == "request" else form.reply
    for slot in (slot for slot in side.__slot_specs__ if slot.string or slot.structs is not None):
        sent = drawn(source, key, direction)
        empty: Any = [] if slot.structs is not None else b""
        buffers = copy.copy(sent.buffers)
        setattr(buffers, slot.name, empty)
        one = attrs.evolve(sent, buffers=buffers)
        if direction == "request" and lw.decode(lw.encode(one), source).format is not one.format:
            continue
        try:
            there = lw.translate(one, target, on_loss="report")
            back = lw.translate(there.message, source, on_loss="report")
        except lw.Untranslatable:
            continue
        said = {part for e in (*there.report.entries, *back.report.entries) for part in (e.name, e.path)}
        if slot.name not in said and getattr(back.message.buffers, slot.name, empty) != empty:
            found.append(f"{key} {direction}: {slot.name}")
    return found


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_an_empty_buffer_is_kept_or_said(source: str, target: str) -> None:
    there, rules = lw.dialect(target).rpcs, lw.rules_between(source, target)
    way = UP if (source, target) in PAIRS else DOWN
    tried = []
    for form in formats_of(lw.dialect(source)):
        other = there.get(form.key)
        for direction in ("request", "reply"):  # one that both releases share, and read as the same, is only copied
            shared = other is not None and getattr(other, direction) is getattr(form, direction)
            if not shared or (other is not form and rules.readings(form, way)):
                tried.append((form.key, direction))
    assert not [u for key, direction in tried for u in unsaid(source, target, key, direction)]


def test_what_is_said_of_one_is_no_loss() -> None:
    """A layout of no bytes in a reply of 2.0 that has no place for any in 1.8."""
    answer = lw.build("2.0", "MDS_REINT/SETATTR", "reply", mdt_body=lw.dialect("2.0").structs["mdt_body"](), mdt_md=b"")
    report = lw.translate(answer, "1.8").report
    assert [(e.kind, e.name, e.value) for e in report.entries if e.path == "mdt_md"] == [("dropped", "mdt_md", b"")]
    assert report.lossless


def test_one_that_is_read_again_is_said_too() -> None:
    body = lw.dialect("2.0").structs["mdt_rec_create"](cr_opcode=2, cr_mode=0o120777)
    sent = lw.build("2.0", "MDS_REINT/CREATE", rec_reint=body, name=b"n", eadata_or_symtgt=b"")
    made = lw.translate(sent, "2.1.0")
    assert (made.message.name, made.message.buffers.symtgt) == ("MDS_REINT/CREATE_SYM", None)
    assert [(e.kind, e.name) for e in made.report.entries] == [("dropped", "eadata")]
