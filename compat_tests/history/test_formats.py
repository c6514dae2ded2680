"""RPC formats through all releases: against the slot lists of the facts, and as 1.8 and 2.0 declared them."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.history.test_walk import at, facts
from lustre_codecs.rpcs.ldlm import LdlmEnqueueIntentOpen
from lustre_codecs.rpcs.ost import OstWrite
from lustre_wire.schema.releases import release
from lustre_wire.schema.rpc import Items
from lustre_wire.schema.types import Struct
from lustre_wire.schema.views import history_of

#: The formats declared so far, by Lustre's name.
FORMATS = {"RQF_LDLM_INTENT_OPEN": LdlmEnqueueIntentOpen, "RQF_OST_BRW_WRITE": OstWrite}


def format_of(declared: Any, name: str) -> Any:
    history: Any = history_of(declared)
    return history.format(release(name))


@pytest.mark.parametrize("rqf", FORMATS)
@pytest.mark.parametrize("name", facts()["releases"])
def test_slots_are_those_of_the_facts(rqf: str, name: str) -> None:
    form, fact = format_of(FORMATS[rqf], name), at(facts()["rqf"][rqf], name)
    if fact is None:
        assert not name.startswith("2."), f"{rqf} is missing in {name}"
        return
    for side, made in (("client", form.request), ("server", form.reply)):
        wanted = fact[0][side][1:]
        assert [slot.name for slot in made.__slot_specs__] == [rmf.removeprefix("RMF_").lower() for rmf in wanted]
        for slot, rmf in zip(made.__slot_specs__, wanted, strict=True):
            said = at(facts()["rmf"][rmf], name)
            assert said is not None
            assert isinstance(slot.type, Items) == ("struct_array" in said[0]["flags"])
            if isinstance(slot.type, Struct) and rmf != "RMF_REC_REINT":
                assert slot.type.cls.__wire__.name == said[0]["struct"]


@pytest.mark.parametrize("declared", FORMATS.values())
@pytest.mark.parametrize(("dialect", "name"), [("1.8", "1.8.9"), ("2.0", "2.0")])
def test_the_view_is_what_the_dialect_declared(declared: Any, dialect: str, name: str) -> None:
    now = format_of(declared, name)
    was = lw.dialect(dialect).rpcs[now.key]
    for attribute in ("name", "opcode", "version", "portal", "reply_portal", "also_on", "bulk_portal", "bulk"):
        assert getattr(now, attribute) == getattr(was, attribute)
    assert plain(now.match) == plain(was.match)
    for side in ("request", "reply"):
        assert [said(slot) for slot in getattr(now, side).__slot_specs__] == [
            said(slot) for slot in getattr(was, side).__slot_specs__
        ]


def said(slot: Any) -> Any:
    """What a slot says, its structs by name."""
    kinds: list[Any] = [getattr(k, "cls", k) for k in (slot.type, getattr(slot.type, "element", None), slot.holds)]
    named = [k.__wire__.name if hasattr(k, "__wire__") else type(k).__name__ for k in kinds]
    present = plain(slot.present or {})
    return slot.name, slot.index, named, slot.optional, slot.omit, slot.when, slot.room, slot.minimum, present


def plain(match: Any) -> Any:
    """Conditions with their numbers as numbers."""
    return {path: int(c) if isinstance(c, int) else (type(c), getattr(c, "mask", None)) for path, c in match.items()}


def test_buffers_of_every_release_are_those_declared() -> None:
    """What the type checker was told holds at run time."""
    for name in ("1.8.0", "2.1.6", "2.17.0"):
        request = format_of(LdlmEnqueueIntentOpen, name).request()
        assert isinstance(request, LdlmEnqueueIntentOpen.Request)
        request.rec_reint = None
        assert request.rec_reint is None
