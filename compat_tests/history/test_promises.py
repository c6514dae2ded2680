"""What every view of every history promises, in each release: names, identity, and no meaning that is another's."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from operator import attrgetter
from typing import Annotated, Any

import pytest

import lustre_wire as lw
from compat_tests.history.test_dates import ENUMS, STRUCTS
from compat_tests.history.test_walk import at, dialect, facts
from lustre_codecs.translation import later
from lustre_wire.engines.chooser import looks
from lustre_wire.schema import Given, spec_of, u32
from lustre_wire.schema.conditions import resolve
from lustre_wire.schema.history import Place, StructHistory, Wire
from lustre_wire.schema.history import history as dated
from lustre_wire.schema.margins import was
from lustre_wire.schema.releases import Release, known, release
from lustre_wire.schema.views import view
from lustre_wire.text import struct_text
from lustre_wire.translate import rules_between

RELEASES = [release(name) for name in known()]


def views() -> Iterator[tuple[StructHistory, Release, Any]]:
    """Every view of every struct and union, once, at the first release that has it."""
    for history in STRUCTS.values():
        seen = set()
        for when in RELEASES:
            made = history.view(when)
            if made is not None and made not in seen:
                seen.add(made)
                yield history, when, made


def test_a_second_name_is_the_slots_own_and_no_lookup() -> None:
    """A `__getattr__` would make each read three times slower."""
    for history, when, made in views():
        assert not {"__getattr__", "__getattribute__"} & {n for c in made.__mro__[:-1] for n in vars(c)}, made
        own = {field.name for field in made.__wire__.fields}
        for newest, name in history.names(when).items():
            assert newest in own or vars(made)[newest] is vars(made)[name], (made, when, newest)


def test_every_view_is_what_was_declared_and_pickles() -> None:
    for history, _, made in views():
        value = made()
        assert isinstance(value, history.cls)
        again = pickle.loads(pickle.dumps(value))
        assert (type(again), again) == (made, value)


def test_enumerations_pickle_in_every_release() -> None:
    for history in ENUMS.values():
        for made in {id(v): v for when in RELEASES if (v := history.view(when)) is not None}.values():
            assert all(pickle.loads(pickle.dumps(member)) is member for member in made), made


@pytest.mark.parametrize("name", ["1.8.0", "2.1.6", "2.12.9", "2.17.0"])
def test_buffers_are_what_was_declared(name: str) -> None:
    for form in dialect(name).formats:
        history = dialect(name).format_history(form)
        assert history is not None
        for side, declared in history.sides().items():
            made = getattr(form, side.lower())()
            assert isinstance(made, declared.cls)
            assert type(pickle.loads(pickle.dumps(made))) is type(made)


def test_fields_keep_the_enumeration_that_was_declared() -> None:
    """A class of its own for each release of an enumeration would be carried into every struct and format."""
    for _, _, made in views():
        for field in made.__wire__.fields:
            if field.enum is not None:
                assert getattr(sys.modules[field.enum.__module__], field.enum.__name__) is field.enum


@pytest.mark.parametrize(("name", "bit"), [("2.16.1", "REQPORTAL"), ("2.17.0", "MGS_NIDLIST")])
def test_numbers_are_called_as_in_their_release(name: str, bit: str) -> None:
    data = lw.dialect(name).structs["obd_connect_data"](ocd_connect_flags=0x40)
    said = struct_text(data, lw.dialect(name))
    assert [n for n in ("REQPORTAL", "MGS_NIDLIST") if n in said] == [bit]


AT_ONCE = """
import json, sys, threading, lustre_wire as lw
lw.dialect("2.0").structs, lw.dialect("2.0").formats  # what declares them is imported
sys.setswitchinterval(1e-6)
found, ready = [], threading.Barrier(8)
def ask():
    ready.wait()
    d = lw.dialect("2.3.0")
    kinds = d.structs, d.rpcs, d.enums
    made = [d, d.body, *(kind[name] for kind in kinds for name in kind), *(form.request for form in d.formats)]
    found.append([id(one) for one in made])
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps([len(found), len(found[0]) > 300, max(len(set(ids)) for ids in zip(*found))]))
"""


def test_threads_that_ask_at_once_get_the_same() -> None:
    """A dialect, formats, their sides, structs, unions and enumerations, in a process that has made none of them."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True)
    assert json.loads(done.stdout or done.stderr) == [8, True, 1]


def test_names_inside_declarations_are_those_of_the_release() -> None:
    """Of text, of the bits that a field is given by, of what chooses a union's member, of counts."""
    for history, when, made in views():
        spec = made.__wire__
        fields = {field.name: field for field in spec.fields}
        paddings = {f.name for p in history.places if (f := p.at(when, history.prefix)) and f.state.is_padding}
        for piece in spec.text:
            names = set(re.findall(r"\{(\w+)", piece))
            assert names <= fields.keys() - paddings, (made, when, piece)
        for field in spec.fields:
            if field.given is not None:
                assert field.given.field in fields, (made, when, field.name)
            if field.tag is not None:
                chosen = attrgetter(field.tag.field)(made())
                members = field.type.cls.__wire__.by_name
                assert isinstance(chosen, int) and all(name in members for _, name in field.tag.members)
        if spec.tail is not None and spec.tail.limit and spec.tail.name in fields:
            assert spec.tail.limit.partition(".")[0] in fields, (made, when)


@dated(size=8)
class Told(Wire):
    """A field that is given by a bit of one which had another name."""

    mask: u32 = was("flags").since("2.4")
    one: Annotated[u32, Given("mask", 1)]


@pytest.mark.parametrize(("name", "flags"), [("2.3", "flags"), ("2.4", "mask")])
def test_what_gives_a_field_is_called_as_in_the_release(name: str, flags: str) -> None:
    given = spec_of(view(Told, name)).by_name["one"].given
    assert given is not None and given.field == flags


@pytest.mark.parametrize("when", RELEASES, ids=lambda when: when.name)
def test_conditions_of_formats_name_what_the_release_has(when: Release) -> None:
    for form in dialect(when.name).formats:
        assert len(looks(form)) == len(form.match)
        for side in (form.request, form.reply):
            for path in (path for slot in side.__slot_specs__ for path in slot.present or ()):
                assert resolve(side.__slot_specs__, path).index > 0


def test_shorter_forms_are_structs_of_the_facts() -> None:
    for name, older in (
        ("obd_connect_data", "obd_connect_data"),
        ("ptlrpc_body", "ptlrpc_body"),
        ("ost_lvb", "ost_lvb_v1"),
    ):
        (size,) = lw.history(name).shorter.values()
        assert facts()["structs"][older]["size"][0][2] == size


def test_what_a_receiver_is_content_with_is_dated() -> None:
    """Of connect data the first form's bytes, from where the format asks for that; the struct had not moved."""
    for when in RELEASES[2:]:
        fact = at(facts()["rmf"]["RMF_CONNECT_DATA"], when.name)
        slot = next(
            s for s in dialect(when.name).rpcs["OST_CONNECT"].request.__slot_specs__ if s.name == "connect_data"
        )
        assert fact is not None
        assert slot.minimum == (0 if when.name == "2.0.0" else 72), when
        assert fact[0]["struct"] != "obd_connect_data_v1" or lw.history("obd_connect_data").shorter["before 2.1"] == 72


def test_structs_are_there_before_they_are_asserted() -> None:
    assert facts()["structs"]["mdt_body"]["size"][0][0] == "2.2.0"
    assert dialect("2.0.0").structs["mdt_body"].__wire__.size == 216


#: Fields under another name that mean the same still, as `was` claims: each was looked at in the code that uses it.
SAME = {
    ("ff_group", "ff_seq"), ("hal_archive_num", "hal_archive_id"), ("hus_archive_num", "hus_archive_id"),
    ("li_opc", "lai_opc"), ("li_flags", "lai_flags"), ("li_extent", "lai_extent"),
    ("start", "lfw_start"), ("end", "lfw_end"), ("pid", "lfw_pid"),
    ("name", "lfik_name"), ("oa", "lfik_oa"), ("fiemap", "lfik_fiemap"), ("cr_tail", "cr_do_not_use"),
    ("lcr_ogr", "lcr_oseq"), ("lgl_ogr", "lgl_oseq"), ("lsr_ogr", "lsr_oseq"), ("lur_ogr", "lur_oseq"),
    ("lsc_io_epoch", "lsc_ioepoch"), ("lmm_object_gr", "lmm_object_seq"), ("l_object_gr", "l_object_seq"),
    ("lsd_ost_index", "lsd_osd_index"), ("mbo_handle", "mbo_open_handle"), ("mio_handle", "mio_open_handle"),
    ("cr_old_handle", "cr_open_handle_old"), ("cr_flags", "cr_flags_l"), ("rr_mirror_id", "rr_mirror_id_old"),
    ("rs_handle", "rs_lease_handle"), ("rs_mirror_id", "rs_mirror_id_old"), ("ioo_gr", "ioo_seq"),
    # one of two meanings that the type of the log chooses: a rule tells them apart
    ("mcb_nm_cur_pass", "mcb_rec_nid_size"),
}  # fmt: skip


def named(place: Place, history: StructHistory) -> list[str]:
    """The names of a place in the order of time, paddings and the struct's prefix left out."""
    found = [place.at(when, history.prefix) for when in RELEASES if history.exists(when)]
    names = [f.name for f in found if f is not None and not f.state.is_padding]
    return list(dict.fromkeys(name for name in names if "pad" not in name and "unused" not in name))


def test_what_has_another_name_was_looked_at() -> None:
    found = set()
    for history in STRUCTS.values():
        prefix = history.prefix[0] if history.prefix else ""
        for place in history.places:
            names = named(place, history)
            found |= {(one, other) for one, other in pairwise(names) if f"{prefix}{one}" != other}
    prefixed = {(one, other) for one, other in found if other.endswith(f"_{one}") and (one, other) not in SAME}
    assert found - prefixed == SAME


def meanings(history: StructHistory) -> set[tuple[str, str]]:
    """Pairs of fields of which one was in bytes that were the other's in another release, and neither a padding."""
    spans: dict[str, set[tuple[int, int]]] = {}
    there: dict[str, set[str]] = {}
    for when in RELEASES:
        made = history.view(when)
        for place in history.places if made is not None else ():
            found = place.at(when, history.prefix)
            if found is None or found.state.is_padding or "pad" in found.name or "unused" in found.name:
                continue
            spec = made.__wire__.by_name[found.name]
            spans.setdefault(place.name, set()).add((spec.offset, spec.offset + spec.size))
            there.setdefault(place.name, set()).add(when.name)
    same = {p.name: p.margin.same_as for p in history.places}
    first = {name: min(map(known().index, names)) for name, names in there.items()}
    pairs = ((one, other) for one in spans for other in spans if first[one] < first[other])
    return {
        (one, other)
        for one, other in pairs
        if not there[one] & there[other]
        and one not in same[other]
        and any(a < d and c < b for a, b in spans[one] for c, d in spans[other])
    }


#: What a reader of another release takes for something else: bytes with two meanings, by the struct.
MISREAD = {
    "FilterFid": {("ff_fid", "ff_parent"), ("ff_objid", "ff_layout"), ("ff_seq", "ff_layout")},
    "HsmActionItem": {
        ("hai_extent_start", "hai_extent"), ("hai_extent_start", "hai_dfid"), ("hai_extent_end", "hai_extent"),
    },
    "HsmUserRequest": {
        (name, "hur_request") for name in ("hur_action", "hur_archive_num", "hur_itemcount", "hur_data_len")
    },
    "LdlmFlock": {("blocking_export", "lfw_owner")},
    "LfsckRequest": {("lr_fid3", "lr_comp_id")},
    "LsdClientData": {("lcd_first_epoch", "lcd_generation")},
    "LuSeqRange": {("lsr_mdt", "lsr_index")},
    "MdtBody": {
        ("mbo_ioepoch", "mbo_version"), ("mbo_ino", "mbo_t_state"), ("mbo_generation", "mbo_layout_gen"),
    },
    "ObdConnectData": {
        *(("ocd_nllu", f"ocd_{name}") for name in (
            "blocksize", "inodespace", "grant_extent", "grant_blkbits", "grant_inobits", "grant_tax_kb")),
        ("ocd_nllg", "ocd_grant_max_blks"), ("ocd_blocksize", "ocd_grant_blkbits"),
        ("ocd_inodespace", "ocd_grant_inobits"), ("ocd_grant_extent", "ocd_grant_tax_kb"),
    },
    "ObdIoobj": {("ioo_type", "ioo_max_brw")},
    "ObjectUpdate": {("ou_master_index", "ou_result_size")},
    "Obdo": {
        ("o_fid", "o_parent_seq"), ("o_generation", "o_parent_oid"), ("o_easize", "o_ioepoch"), ("o_mds", "o_ioepoch"),
        ("o_lcookie", "o_layout"), ("o_lcookie", "o_layout_version"),
    },
    "UpdateAttributes": {("o_lcookie", "o_layout"), ("o_lcookie", "o_layout_version")},
    "PtlrpcBody": {("pb_last_seen", "pb_tag"), ("pb_last_seen", "pb_projid")},
}  # fmt: skip


def test_bytes_with_two_meanings_are_these() -> None:
    found = {name: pairs for name, h in STRUCTS.items() if not h.is_union and (pairs := meanings(h))}
    assert found == MISREAD


@pytest.mark.parametrize(
    "when", [when for when in RELEASES if when.base and when.name != "2.0.0"], ids=lambda w: w.name
)
def test_no_value_goes_over_into_another_meaning_by_itself(when: Release) -> None:
    """A rule that follows from a history is of one place; what joins two is declared."""
    assert when.base is not None
    rules, declared = rules_between(dialect(when.base.name), dialect(when.name)), later.at(when).fields
    for history in STRUCTS.values():
        old, new = history.view(when.base), history.view(when)
        if old is None or new is None or history.is_union:
            continue
        then, now = ({f.name: p for p in history.places if (f := p.at(w, history.prefix))} for w in (when.base, when))
        told = {(rule.old, rule.new) for rule in declared.get(history.cls, ())}
        for rule in rules.struct_rule(old, new).fields:
            if rule.old and rule.new and then[rule.old] is not now[rule.new]:
                assert (rule.old, rule.new) in told, (history.cls, rule)
