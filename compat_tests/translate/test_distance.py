"""Messages over any distance: from release to release, what the histories tell and nothing else.

Nothing recorded is an oracle between releases of 2.x. So each message is judged by what its target's receivers take, by
the sizes that the facts say, by the way back, and by the numbers of each field, which stay what they were.
"""

from __future__ import annotations

from errno import EOPNOTSUPP
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.releases import newest, release, way
from lustre_wire.schema.views import history_of
from lustre_wire.testing.messages import formats_of, messages
from lustre_wire.translate import rules_between
from lustre_wire.translate.buffers import paths
from lustre_wire.translate.rules import DOWN, UP

FEW = settings(
    max_examples=5, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip
#: The main line behind 2.0, and the leaves.
RELEASES = lw.releases()
LINE = [one.name for one in way(release("2.0.0"), newest())]
NAMES = {"", *(lw.dialect(name).name for name in LINE)}
STEPS = [(one.base.name, one.name) for name in RELEASES if (one := release(name)).base and name != "2.0.0"]
KINDS = {name: sorted({form.key for form in formats_of(lw.dialect(name))}) for name in LINE}


def named(message: lw.Message) -> dict[str, Any]:
    """The numbers of a message by their newest names, of all structs in it that have a history."""
    found: dict[str, Any] = {}
    for spec in type(message.buffers).__slot_specs__:
        _numbers(spec.name, getattr(message.buffers, spec.name), message.dialect.release, found)
    return found


def _numbers(path: str, value: Any, when: Any, found: dict[str, Any]) -> None:
    if isinstance(value, list):
        for i, one in enumerate(value):
            _numbers(f"{path}[{i}]", one, when, found)
    history = history_of(getattr(type(value), "__made__", (None,))[0])
    if isinstance(history, StructHistory) and not history.is_union:
        for newest_name, name in history.names(when).items():
            _numbers(f"{path}.{newest_name}", getattr(value, name), when, found)
    elif isinstance(value, int):
        found[path] = int(value)


def content(message: lw.Message) -> dict[str, Any]:
    """The buffers of a message that have bytes, by name: none is as good as one that is empty."""
    named = {spec.name: getattr(message.buffers, spec.name) for spec in type(message.buffers).__slot_specs__}
    return {name: value for name, value in named.items() if value not in (None, b"", [])}


@pytest.mark.parametrize(("old", "new"), STEPS)
def test_every_format_of_two_neighbours_has_its_rules(old: str, new: str) -> None:
    """Each side is made of the one format that its history names there, or there is none."""
    dialects = lw.dialect(old), lw.dialect(new)
    rules = rules_between(*dialects)
    for direction, here, there in ((UP, *dialects), (DOWN, *dialects[::-1])):
        for form in here.formats:
            history = here.format_history(form)
            while history is not None and not history.exists(there.release):
                history = history.split_from
            named = history.c_name(there.release) if history is not None else form.name
            for side in ("request", "reply")[: 1 if form.variant else 2]:
                found = paths(rules, form, there, direction, side)
                assert [path.form.key for path in found] == ([named] if named in there.rpcs else [])


@pytest.mark.parametrize("new", LINE[1:])
@FEW
@given(data=st.data())
def test_what_arrives_is_what_its_receivers_take(new: str, data: st.DataObject) -> None:
    old = data.draw(st.sampled_from(LINE[: LINE.index(new)]))
    source, target = data.draw(st.permutations([old, new]))
    sent = data.draw(messages(source, name=data.draw(st.sampled_from(KINDS[source]))))
    try:
        made = lw.translate(sent, target, request=None, on_loss="report")
    except lw.Untranslatable as error:
        assert error.errno
        return
    again = lw.decode(lw.encode(made.message), target, request=made.message.format, strict=True)
    assert again == made.message
    before, after = named(sent), named(made.message)
    said = {entry.path.split(".")[-1] for entry in made.report.entries}
    for path in before.keys() & after.keys():
        if not said & set(path.replace("[", ".").split(".")):
            assert before[path] == after[path], path
    for entry in made.report.entries:
        assert set(entry.step.split(" -> ")) <= NAMES, "each says where it happened"
    if not made.report.entries:
        back = lw.translate(made.message, source)
        filled = {entry.name for entry in back.report.entries if entry.kind == "filled"}
        assert {n: v for n, v in content(back.message).items() if n not in filled} == content(sent)


def test_what_receivers_need_is_there_although_the_sender_need_not_send_it() -> None:
    """Each was seen to be refused by a strict receiver before it was filled."""
    d20, d217 = lw.dialect("2.0"), lw.dialect("2.17")
    root = lw.build(d217, "MDS_GET_ROOT", "reply", mdt_body=d217.structs["mdt_body"]())
    made = lw.translate(root, "2.8.0")
    assert [(e.kind, e.name) for e in made.report.entries] == [("filled", "capa1")]
    assert made.message.buffers.capa1 == lw.dialect("2.8.0").structs["lustre_capa"]()
    glimpse = lw.build(d217, "LDLM_ENQUEUE/GLIMPSE", "reply", dlm_rep=d217.structs["ldlm_reply"]())
    assert lw.translate(glimpse, d20).message.buffers.lvb == d20.structs["ost_lvb"]()


def test_one_archive_is_an_array_of_one() -> None:
    old, new = lw.dialect("2.10.0"), lw.dialect("2.17")
    sent = lw.build(old, "MDS_HSM_CT_REGISTER", mdt_body=old.structs["mdt_body"](), archive_ids=3)
    made = lw.translate(sent, new).message
    assert made.buffers.archive_ids == [3]
    assert lw.translate(made, old).message.buffers == sent.buffers
    made.buffers.archive_ids = [3, 4]
    with pytest.raises(lw.LossyTranslation, match="archive_ids"):
        lw.translate(made, old)


def getattr_of(release_name: str, **values: Any) -> lw.Message:
    dialect = lw.dialect(release_name)
    return lw.build(dialect, "MDS_GETATTR", mdt_body=dialect.structs["mdt_body"](**values))


def connect_of(release_name: str, flags: int) -> lw.Message:
    data = lw.dialect(release_name).structs["obd_connect_data"](ocd_connect_flags=flags)
    return lw.build(release_name, "OST_CONNECT", target_uuid=b"t", client_uuid=b"c", connect_data=data)


def flags_of(message: lw.Message) -> int:
    return int(message.buffers.connect_data.ocd_connect_flags)


def test_a_loss_says_at_which_step_it_happens() -> None:
    with pytest.raises(lw.LossyTranslation) as caught:
        lw.translate(getattr_of("2.5.0", ioepoch=5), "2.17.0")
    assert [(loss.name, loss.step) for loss in caught.value.losses] == [("mbo_ioepoch", "2.10.0 -> 2.11.0")]
    assert str(caught.value.losses[0]) == "lost mbo_ioepoch (mdt_body.mbo_ioepoch), 2.10.0 -> 2.11.0: 5"
    told = lw.translate(getattr_of("2.5.0", ioepoch=5), "2.17.0", allow="mbo_ioepoch").report.to_json()
    assert told["entries"][0]["step"] == "2.10.0 -> 2.11.0"


def test_a_padding_that_was_put_to_use_is_new() -> None:
    made = lw.translate(getattr_of("2.17.0", mbo_projid=7), "2.9.0", on_loss="report")
    assert [(loss.name, loss.step) for loss in made.report.losses] == [("mbo_projid", "2.10.0 -> 2.9.0")]
    assert made.message.buffers.mdt_body.mbo_padding_5 == 0


def test_bits_that_were_given_to_something_else_do_not_arrive() -> None:
    old, new = lw.dialect("2.9.0").constants, lw.dialect("2.10.0").constants
    assert old["OBD_CONNECT_CROW"] == new["OBD_CONNECT_LARGE_ACL"]
    rdonly = old["OBD_CONNECT_RDONLY"]
    for flag, source, target in (("OBD_CONNECT_CROW", "2.9.0", "2.10.0"), ("OBD_CONNECT_LARGE_ACL", "2.10.0", "2.9.0")):
        made = lw.translate(connect_of(source, rdonly | lw.dialect(source).constants[flag]), target)
        assert flags_of(made.message) == rdonly
        assert [(entry.kind, entry.value) for entry in made.report.entries] == [("dropped", 0x200)]


def test_bits_that_moved_go_by_their_names() -> None:
    old, new = (lw.dialect(name).constants["OBD_CONNECT_GRANT_PARAM"] for name in ("2.2.0", "2.3.0"))
    assert (old, new) == (lw.dialect("2.3.0").constants["OBD_CONNECT_UMASK"], 0x100000000000)
    made = lw.translate(connect_of("2.2.0", old), "2.3.0").message
    assert flags_of(made) == new
    assert flags_of(lw.translate(made, "2.2.0").message) == old
    assert flags_of(lw.translate(connect_of("2.3.0", old), "2.2.0").message) == 0, "UMASK has no place there"


def test_the_same_bytes_cut_otherwise() -> None:
    old = lw.dialect("2.3.0")
    obj = old.structs["obd_ioobj"](ioo_id=5, ioo_seq=3, ioo_bufcnt=1)
    sent = lw.build(old, "OST_READ", ost_body=old.structs["ost_body"](), obd_ioobj=[obj], niobuf_remote=[])
    made = lw.translate(sent, "2.4.0", on_loss="report").message
    assert lw.encode(lw.translate(made, "2.3.0", on_loss="report").message) == lw.encode(sent)
    moved = made.buffers.obd_ioobj[0]
    assert (moved.ioo_oid.oi.oi.oi_id, moved.ioo_oid.oi.oi.oi_seq) == (5, 3)


def test_the_server_of_a_range_is_the_same_under_another_name() -> None:
    held = lw.dialect("2.0").structs["lu_seq_range"](lsr_start=1, lsr_end=2, lsr_mdt=3)
    made = lw.translate(lw.build("2.0", "SEQ_QUERY", opc=1, lu_seq_range=held), "2.17.0")
    found = made.message.buffers.lu_seq_range
    assert (found.lsr_start, found.lsr_end, found.lsr_index, made.report.lossless) == (1, 2, 3, True)


@pytest.mark.parametrize(("source", "target"), [("2.15", "2.16.0"), ("2.16.0", "2.15")])
def test_handles_of_a_cancel_are_kept(source: str, target: str) -> None:
    structs = lw.dialect(source).structs
    cancel = structs["ldlm_request"](lock_count=2, lock_handle=[structs["lustre_handle"](cookie=n) for n in (7, 8)])
    made = lw.translate(lw.build(source, "LDLM_CANCEL", dlm_req=cancel), target)
    assert made.report.lossless
    assert [handle.cookie for handle in made.message.buffers.dlm_req.lock_handle] == [7, 8]


def test_an_operation_that_a_release_has_not_names_it() -> None:
    with pytest.raises(lw.Untranslatable) as caught:
        lw.translate(lw.build("2.14", "OST_SEEK"), "2.5.0")
    assert caught.value.errno == EOPNOTSUPP
    assert str(caught.value).endswith("2.13.0 has no OST_SEEK (EOPNOTSUPP)")


def test_from_1_8_on_by_way_of_2_0() -> None:
    d18 = lw.dialect("1.8")
    file = d18.structs["ll_fid"](id=4711, generation=7)
    body = d18.structs["mds_body"](fid1=file, valid=d18.constants["OBD_MD_FLUID"])
    sent = lw.build(d18, "MDS_GETATTR", mds_body=body)
    made = lw.translate(sent, "2.12")
    assert (made.message.dialect.name, made.report.source, made.report.target) == ("2.12.9", "1.8", "2.12.9")
    fid = made.message.buffers.mdt_body.mbo_fid1
    assert (fid.f_seq, fid.f_oid, fid.f_ver) == (4711, 7, 0)
    again = lw.translate(made.message, "1.8").message.buffers.mds_body
    assert (again.fid1.id, again.fid1.generation) == (4711, 7)
    answer = lw.build("2.12", "MDS_GETATTR", "reply", mdt_body=lw.dialect("2.12").structs["mdt_body"](mbo_fid1=fid))
    for asked in (sent, made.message):
        told = lw.translate(answer, "1.8", request=asked).message
        assert (told.dialect is d18, told.buffers.mds_body.fid1.id) == (True, 4711)


def test_there_is_no_way_to_a_dialect_of_no_release() -> None:
    with pytest.raises(lw.WireError, match="no dialect"):
        lw.translate(getattr_of("2.5.0"), "3.0")
