"""Views of histories: what they share, what they promise, and what a declaration may not say."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from typing import Annotated, Any

import pytest

import lustre_wire as lw
from compat_tests.history.test_walk import dialect
from compat_tests.recorded import FIXTURES
from lustre_codecs.enums.connect import ObdConnect
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.connect import ObdConnectData
from lustre_codecs.structs.fid import LuFid, OstId, OstIdEither
from lustre_codecs.structs.layouts import LovMdsMdV1
from lustre_codecs.structs.ldlm import LdlmLockDesc
from lustre_wire.dialects import of_version
from lustre_wire.engines.record import pack, unpack
from lustre_wire.errors import SchemaError
from lustre_wire.schema import U32, Given, Magic, WireFlag, spec_of, u32, u64
from lustre_wire.schema.history import Wire, amend, history
from lustre_wire.schema.margins import GONE, Margin, called, padding, since, until, was
from lustre_wire.schema.numbers import constant, number_at
from lustre_wire.schema.releases import branch, known, newest, release, version_of, way
from lustre_wire.schema.views import changed, history_of, view


@pytest.mark.parametrize("name", known())
def test_a_view_is_what_was_declared(name: str) -> None:
    body = view(MdtBody, name)(mbo_size=7)
    body.mbo_valid = 3  # type: ignore[assignment]  # the number will do
    assert isinstance(body, MdtBody)
    assert (body.mbo_size, body.mbo_valid) == (7, 3)
    for same in (pickle.loads(pickle.dumps(body)), copy.deepcopy(body), unpack(type(body), pack(body))):
        assert same == body
        assert type(same) is type(body)


def test_a_union_is_what_was_declared() -> None:
    one = view(OstIdEither, "2.4")(bytes(range(16)))
    assert isinstance(one, OstIdEither)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one


def test_fields_have_the_names_of_their_release_and_todays() -> None:
    old: Any = view(MdtBody, "2.1")()
    assert [f.name for f in spec_of(old).fields][:4] == ["fid1", "fid2", "handle", "valid"]
    assert old.mbo_open_handle is old.handle
    assert "mbo_" not in repr(old)


def test_what_is_the_same_in_two_releases_is_one_class() -> None:
    assert view(LuFid, "1.8") is view(LuFid, "2.17")
    assert view(MdtBody, "2.6") is view(MdtBody, "2.7")
    assert view(MdtBody, "2.12.9") is view(MdtBody, "2.13") is not view(MdtBody, "2.12")  # which knows no lazy size
    views = [view for name in known() for view in dialect(name).structs.values()]
    assert len({id(view) for view in views}) * 9 < len(views)


def test_a_declared_class_makes_the_struct_of_today() -> None:
    assert type(MdtBody()) is view(MdtBody, newest())
    assert lw.layout(ObdConnectData).size == 192


def test_threads_get_one_class() -> None:
    @history(size=8)
    class Fresh(Wire):
        one: u32 = was("uno").since("2.4")
        two: u32

    found: list[Any] = []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        found.append(view(Fresh, "2.3"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_names_inside_a_declaration_are_those_of_its_release() -> None:
    old, new = spec_of(view(MdtBody, "2.1")), spec_of(view(MdtBody, "2.17"))
    assert (old.text[1], new.text[1]) == ("{fid1}", "{mbo_fid1}")
    assert spec_of(view(OstId, "2.1")).text == ("{oi_id}:{oi_seq}",)
    tag = spec_of(view(LdlmLockDesc, "2.1")).by_name["l_policy_data"].tag
    assert tag is not None and dict(tag.members)[12] == "l_flock"
    counted = spec_of(view(LovMdsMdV1, "2.17")).tail
    assert counted is not None and counted.limit == "lmm_stripe_count"


def test_masks_are_the_numbers_of_their_release() -> None:
    """GRANT_PARAM was bit 42 in 2.2, which is UMASK elsewhere."""
    given = {name: spec_of(view(ObdConnectData, name)).by_name["ocd_blocksize"].given for name in ("2.2", "2.3")}
    assert {name: g.mask for name, g in given.items() if g is not None} == {"2.2": 1 << 42, "2.3": 1 << 44}
    assert view(ObdConnect, "1.8.0")["OBD_CONNECT_RMT_CLIENT"] == 0x20000
    assert ObdConnect(0x40).name == "OBD_CONNECT_MGS_NIDLIST"
    assert view(ObdConnect, "2.0")(0x40).name == "OBD_CONNECT_REQPORTAL"


def test_equal_numbers_of_two_enumerations_stay_apart() -> None:
    """typing caches annotations by equality: one flag of value 1 is no other of value 1, nor the plain number."""
    marks = [Given("flags", Colours.RED), Given("flags", ObdConnect(1)), Given("flags", 1)]
    hints = [Annotated[u32, mark] for mark in marks]
    assert [hint.__metadata__[-1] is mark for hint, mark in zip(hints, marks, strict=True)] == [True] * 3
    limit, other = constant(15, since("2.4")), constant(15, since("2.5"))
    assert len({Magic(limit), Magic(other), Magic(15), Magic(15)}) == 3


def test_a_vendors_branch_is_a_few_changes() -> None:
    history: Any = history_of(MdtBody)
    branch("acme-2.12", "2.12.9")
    before = {name: view(MdtBody, name) for name in known() if name != "acme-2.12"}
    amend(MdtBody, "mbo_padding_9", "acme-2.12", name="acme_tag")
    try:
        assert [f.name for f in spec_of(view(MdtBody, "acme-2.12")).fields][-2:] == ["acme_tag", "mbo_padding_10"]
        history._at.clear()
        changed()
        assert all(view(MdtBody, name) is cls for name, cls in before.items())
    finally:
        next(p for p in history.places if p.name == "mbo_padding_9").margin.changes.pop()
        forget("acme-2.12")
    with pytest.raises(SchemaError, match="no field"):
        amend(MdtBody, "mbo_nothing", "2.17")


def forget(name: str) -> None:
    """Take a test's release out of the tree again."""
    from lustre_wire.schema import releases

    del releases._releases[name], releases._words[name]
    releases.newest.cache_clear()
    changed()


class TestMargins:
    def test_the_last_change_on_the_way_counts(self) -> None:
        margin: Margin = since("1.8.9", "2.1.6", "2.3").until("2.12.9", "2.14")
        there = [name for name in known() if margin.at(release(name)) is not GONE]
        assert there[:3] == ["1.8.9-wc1", "2.1.6", "2.3.0"]
        assert there[-2:] == ["2.12.0", "2.13.0"]

    @pytest.mark.parametrize("margin", [lambda: since("2.99"), lambda: until(), lambda: was("x").since("2.1").was("y")])
    def test_what_says_nothing_is_refused(self, margin: Any) -> None:
        with pytest.raises(SchemaError):
            margin()

    def test_constants(self) -> None:
        limit = constant(15, was(16).since("2.7"))
        assert (limit, number_at(limit, release("2.6")), number_at(limit, release("2.7"))) == (15, 16, 15)
        assert type(pickle.loads(pickle.dumps(limit))) is int
        assert number_at(constant(1, since("2.4")), release("2.3")) is None

    def test_constants_that_are_text(self) -> None:
        key = constant("max_easize", was("max_ea_size").since("2.0"))
        assert (key, number_at(key, release("1.8")), number_at(key, release("2.0"))) == (
            "max_easize", "max_ea_size", "max_easize",
        )  # fmt: skip

    def test_one_name_twice_is_refused(self) -> None:
        @history(size=8)
        class Twice(Wire):
            one: u32 = called("same")
            same: u32 = since("2.0")

        with pytest.raises(SchemaError, match="two fields of one name"):
            view(Twice, "2.0")

    def test_places_that_do_not_add_up_are_refused(self) -> None:
        @history(size={"1.8": 8, "2.0": 12})
        class Off(Wire):
            one: u64

        assert view(Off, "1.8")().one == 0
        with pytest.raises(SchemaError, match="declared size 12"):
            view(Off, "2.0")

    def test_what_a_release_has_not(self) -> None:
        @history(size={"2.0": 4, "2.5": None})
        class Brief(Wire):
            one: Annotated[int, U32] = padding("pad").since("2.4")

        with pytest.raises(SchemaError, match=r"1\.8\.0 has no Brief"):
            view(Brief, "1.8")
        assert spec_of(view(Brief, "2.3")).fields[0].type == U32.as_sent()


def test_the_way_between_releases_goes_by_where_they_part() -> None:
    steps = [r.name for r in way(release("2.12.9"), release("2.15.8"))]
    assert steps == ["2.12.9", "2.12.0", "2.13.0", "2.14.0", "2.15.0", "2.15.8"]


def test_dialects_of_releases_lines_and_versions() -> None:
    assert lw.dialect("2.12").release is release("2.12.9")
    assert lw.dialect("2.12.0").release is release("2.12.0")
    assert lw.dialect("1.8.9") is lw.dialect("1.8.9-wc1") is lw.dialect("1.8")
    assert lw.dialect("2.0.0") is lw.dialect("2.0")
    assert lw.dialect("2.15.5").release is release("2.15.0")
    assert "2.15.5" in lw.dialect("2.15.5").note
    assert of_version(0x020C0900).release is release("2.12.9")
    with pytest.raises(lw.WireError, match="no dialect"):
        lw.dialect("3.1")
    assert lw.dialect("2.17.0").structs["ptlrpc_body"] is lw.dialect("2.17.0").structs["ptlrpc_body_v3"]


def test_a_life() -> None:
    assert lw.history("mdt_body").fields["mbo_projid"] == (("2.10.0", "2.17.0", (172, 4)),)
    assert lw.history("OST_WRITE").fields["request.short_io"] == (("2.11.0", "2.17.0", 5),)
    assert lw.history("OBD_CONNECT_CROW").spans == (("1.8.0", "2.9.0", 0x200),)
    assert lw.history("obdo.o_easize").spans == (("1.8.0", "1.8.9-wc1", (112, 4)),)
    with pytest.raises(lw.WireError, match="nothing is declared"):
        lw.history("no_such_thing")


class Colours(WireFlag, since="2.4"):
    """An enumeration with a life."""

    RED = 1
    BLUE = 2, since("2.6")


def test_a_shorter_form_is_one_that_the_struct_had_before() -> None:
    """Peers that have not agreed on the longer one send it still."""
    shorter = {name: lw.history(name) for name in ("obd_connect_data", "ptlrpc_body", "ost_lvb")}
    assert {name: dict(life.shorter) for name, life in shorter.items()} == {
        "obd_connect_data": {"before 2.1": 72}, "ptlrpc_body": {"without a job id": 152},
        "ost_lvb": {"without LVB_TYPE": 40},
    }  # fmt: skip
    for life in shorter.values():
        assert set(life.shorter.values()) <= {size for _, _, size in life.spans[:-1]}


def test_an_enumeration_with_a_life() -> None:
    history: Any = history_of(Colours)
    assert history.view(release("2.3")) is None
    assert list(history.view(release("2.5")).__members__) == ["RED"]
    blue = history.view(release("2.6"))(2)
    assert pickle.loads(pickle.dumps(blue)) is blue
    assert int(Colours.BLUE) == 2


@pytest.mark.parametrize("name", known())
def test_a_release_calls_itself_by_its_version(name: str) -> None:
    k = dialect(name).constants
    parts = [k[f"LUSTRE_{part}"] for part in ("MAJOR", "MINOR", "PATCH", "FIX")]
    assert parts == [*version_of(name), int(name == "2.0.0")]
    assert k["LUSTRE_VERSION_STRING"] == ".".join(map(str, parts if parts[3] else parts[:3]))
    assert k["LUSTRE_VERSION_CODE"].to_bytes(4, "big") == bytes(parts)
    assert of_version(k["LUSTRE_VERSION_CODE"]).release is release(name)


@pytest.mark.parametrize(("short", "name"), [("1.8", "1.8.9-wc1"), ("2.0", "2.0.0")])
def test_what_compiled_headers_say_of_their_version(short: str, name: str) -> None:
    said = json.loads((FIXTURES / "facts" / f"constants-{short}.json").read_text())["release_version"]
    assert {n: dialect(name).constants[n] for n in said} == said


def test_targets_had_urns_of_their_line() -> None:
    found = {name: dialect(name).constants.get("MDS_URN") for name in ("1.8.0", "2.1.0", "2.1.6", "2.2.0")}
    assert list(found.values()) == ["LUSTRE-180-MDS", "LUSTRE-210-MDS", "LUSTRE-210-MDS", None]


@pytest.mark.parametrize("name", ["1.8", "2.0", "2.17.0"])
def test_a_new_struct_has_what_is_usual(name: str) -> None:
    dialect, k = lw.dialect(name), lw.dialect(name).constants
    server = dialect.structs["lr_server_data"]()
    sizes = server.lsd_server_size, server.lsd_client_start, server.lsd_client_size
    assert sizes == (k["LR_SERVER_SIZE"], k["LR_CLIENT_START"], k["LR_CLIENT_SIZE"]) == (512, 8192, 128)
    assert dialect.structs["lustre_disk_data"]().ldd_magic == k["LDD_MAGIC"]
    assert server.lsd_last_transno == 0
