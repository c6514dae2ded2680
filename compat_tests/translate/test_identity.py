"""Identities: ll_fid and lu_fid, IGIF and its bounds, IDIF, names of lock resources."""

from __future__ import annotations

from errno import EBADF, EINVAL, EPROTO, ESTALE
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.translate.test_verdicts import D18, D20, FLAGS, body18, body20, lock, mkdir20, request, s18, s20
from lustre_codecs.translation.identity import fid_to_object, object_to_fid


def up(fid: Any, session: lw.Session | None = None, **more: Any) -> Any:
    """The FID that a 1.8 client's fid becomes."""
    message = request(D18, "MDS_GETATTR", mds_body=body18(fid1=fid))
    return lw.translate(message, D20, session=session, **more).message.buffers.mdt_body.fid1


def down(fid: Any, session: lw.Session | None = None, **more: Any) -> Any:
    """The fid of 1.8 that a FID becomes."""
    message = request(D20, "MDS_GETATTR", mdt_body=body20(fid1=fid))
    return lw.translate(message, D18, session=session, **more).message.buffers.mds_body.fid1


@pytest.mark.parametrize("inode", [12, 4711, 0xFFFFFFFF])
def test_an_inode_has_an_igif_and_comes_back_from_it(inode: int) -> None:
    fid = up(s18("ll_fid", id=inode, generation=77, f_type=0o100000))
    assert fid == s20("lu_fid", f_seq=inode, f_oid=77, f_ver=0), "the type is no part of it"
    assert down(fid) == s18("ll_fid", id=inode, generation=77, f_type=0)


@pytest.mark.parametrize("inode", [1, 2, 11, 1 << 32, 0x200000400, (1 << 64) - 1])
def test_no_other_number_is_an_inode_of_a_client(inode: int) -> None:
    with pytest.raises(lw.Untranslatable) as caught:
        up(s18("ll_fid", id=inode, generation=77))
    assert caught.value.errno == EINVAL
    assert caught.value.path == "mds_body.fid1"


@pytest.mark.parametrize("seq", [1, 11, 0x100000000, 0x1FFFFFFFF, 0x200000001, 0x200000400, (1 << 64) - 1])
def test_a_file_born_under_20_has_no_name_in_18(seq: int) -> None:
    with pytest.raises(lw.Untranslatable) as caught:
        down(s20("lu_fid", f_seq=seq, f_oid=77))
    assert caught.value.errno == ESTALE
    assert caught.value.path == "mdt_body.fid1"


@given(st.integers(0, (1 << 64) - 1), st.integers(1, (1 << 32) - 1), st.integers(0, (1 << 32) - 1))
def test_a_fid_is_never_cut_or_flattened(seq: int, oid: int, ver: int) -> None:
    try:
        made = down(s20("lu_fid", f_seq=seq, f_oid=oid, f_ver=ver))
    except lw.Untranslatable as error:
        assert error.errno == ESTALE
        assert not 12 <= seq <= 0xFFFFFFFF or ver
    else:
        assert (made.id, made.generation) == (seq, oid)
        assert 12 <= seq <= 0xFFFFFFFF


def test_nothing_stays_nothing() -> None:
    assert up(s18("ll_fid")) == s20("lu_fid")
    assert down(s20("lu_fid")) == s18("ll_fid")


def test_generation_0_means_any_file_and_is_never_made_silently() -> None:
    with pytest.raises(lw.LossyTranslation) as caught:
        down(s20("lu_fid", f_seq=4711, f_oid=0))
    assert caught.value.names == ("generation",)
    assert down(s20("lu_fid", f_seq=4711), allow=["generation"]).generation == 0
    with pytest.raises(lw.LossyTranslation):
        up(s18("ll_fid", id=4711, generation=0))


def test_what_the_session_knows_beats_the_igif() -> None:
    session = lw.Session()
    session.identify(inode=10597059, generation=286397204, fid=(0x200000400, 0x21, 0), type=0o040000)
    assert up(s18("ll_fid", id=10597059, generation=286397204), session) == s20("lu_fid", f_seq=0x200000400, f_oid=0x21)
    assert down(s20("lu_fid", f_seq=0x200000400, f_oid=0x21), session) == s18(
        "ll_fid", id=10597059, generation=286397204, f_type=0o040000
    )
    with pytest.raises(lw.Untranslatable):
        down(s20("lu_fid", f_seq=0x200000400, f_oid=0x21, f_ver=1), session)
    session.identify(inode=5, generation=1, fid=(0x200000400, 0x21, 0))
    assert down(s20("lu_fid", f_seq=0x200000400, f_oid=0x21), session).id == 5, "the later word counts"
    assert up(s18("ll_fid", id=10597059, generation=286397204), session).f_seq == 10597059


@pytest.mark.parametrize("values", [{"inode": 1 << 64}, {"generation": -1}, {"fid": (0, 1 << 32, 0)}, {"fid": (1, 1)}])
def test_the_session_takes_no_name_that_fits_no_field(values: dict[str, Any]) -> None:
    with pytest.raises(lw.WireError):
        lw.Session().identify(**{"inode": 1, "generation": 1, "fid": (1, 1, 0), **values})


def named(kind: str, *words: int, dialect: Any = D18, session: lw.Session | None = None, **more: Any) -> list[int]:
    """The name a lock resource gets in the other dialect."""
    message = request(dialect, "LDLM_ENQUEUE", dlm_req=lock(*words, kind=kind))
    made = lw.translate(message, D20 if dialect is D18 else D18, session=session, **more).message
    name: list[int] = made.buffers.dlm_req.lock_desc.l_resource.lr_name.name
    return name


def test_metadata_locks_are_named_by_the_files_identity() -> None:
    for kind in ("LDLM_IBITS", "LDLM_PLAIN"):
        assert named(kind, 4711, 77, 0, 0) == [4711, 77, 0, 0]
        assert named(kind, 4711, 77, 0, 0, dialect=D20) == [4711, 77, 0, 0]
    session = lw.Session()
    session.identify(inode=4711, generation=77, fid=(0x200000400, 5, 0))
    assert named("LDLM_IBITS", 4711, 77, 0, 0, session=session) == [0x200000400, 5, 0, 0]
    assert named("LDLM_IBITS", 0x200000400, 5, 0, 0, dialect=D20, session=session) == [4711, 77, 0, 0]
    with pytest.raises(lw.Untranslatable) as caught:
        named("LDLM_IBITS", 0x200000400, 5, 0, 0, dialect=D20)
    assert caught.value.errno == ESTALE


def test_a_type_that_leaked_into_a_name_is_cleared_and_anything_else_there_is_no_files_name() -> None:
    assert named("LDLM_IBITS", 4711, 77, 0o040000, 0) == [4711, 77, 0, 0]
    assert named("LDLM_IBITS", 4711, 77, 0o040000, 0, dialect=D20) == [4711, 77, 0, 0]
    with pytest.raises(lw.Untranslatable) as caught:
        named("LDLM_IBITS", 4711, 77, 1, 0)
    assert caught.value.errno == ESTALE


def test_the_mark_of_a_flock_moves_between_slots_2_and_3() -> None:
    assert named("LDLM_FLOCK", 4711, 77, 12, 0) == [4711, 77, 0, 12]
    assert named("LDLM_FLOCK", 4711, 77, 0, 12, dialect=D20) == [4711, 77, 12, 0]
    assert named("LDLM_FLOCK", 4711, 77, 0, 0) == [4711, 77, 0, 0]


def test_the_hash_of_a_parallel_directory_operation_stays_in_slot_3() -> None:
    assert named("LDLM_IBITS", 4711, 77, 0, 0xABCD, dialect=D20) == [4711, 77, 0, 0xABCD]


def test_data_locks_are_named_by_the_object() -> None:
    assert named("LDLM_EXTENT", 20482, 0, 0, 0) == [20482, 0, 0, 0]
    assert named("LDLM_EXTENT", 20482, 0, 0, 0, dialect=D20) == [20482, 0, 0, 0]
    with pytest.raises(lw.LossyTranslation) as lossy:
        named("LDLM_EXTENT", 20482, 3, 0, 0)
    assert lossy.value.names == ("group",), "as OST requests lose it"
    with pytest.raises(lw.Untranslatable) as caught:
        named("LDLM_EXTENT", 20482, 0x100000000, 0, 0, dialect=D20)
    assert caught.value.errno == EPROTO


def test_the_name_of_a_configuration_log_is_no_files_name() -> None:
    fsname = int.from_bytes(b"lustre", "little")
    assert named("LDLM_PLAIN", fsname, 0, 0, 0) == [fsname, 0, 0, 0]
    assert named("LDLM_PLAIN", fsname, 0, 0, 0, dialect=D20) == [fsname, 0, 0, 0]


@given(st.integers(0, (1 << 48) - 1), st.integers(0, 0xFFFF))
def test_an_osts_object_has_an_idif_which_forgets_the_ost(object_id: int, ost: int) -> None:
    fid = object_to_fid(object_id, 0, ost)
    assert fid.f_seq >> 32 == 1
    assert fid.f_seq >> 16 & 0xFFFF == ost
    assert fid_to_object(fid) == (object_id, 0)


def test_what_is_no_object_has_no_idif() -> None:
    assert object_to_fid(5, 0, 1) == s20("lu_fid", f_seq=0x100010000, f_oid=5)
    assert object_to_fid(7 << 32 | 5, 0x200000400, 0) == s20("lu_fid", f_seq=0x200000400, f_oid=5, f_ver=7)
    assert fid_to_object(s20("lu_fid", f_seq=0x200000400, f_oid=5, f_ver=7)) == (7 << 32 | 5, 0x200000400)
    for object_id, seq, ost in ((1, 0, 1 << 16), (1 << 48, 0, 0), (0xFFFFFFFF, 3, 0), (1, 4711, 0)):
        with pytest.raises(lw.Untranslatable) as caught:
            object_to_fid(object_id, seq, ost)
        assert caught.value.errno == EBADF
    with pytest.raises(lw.Untranslatable) as caught:
        fid_to_object(s20("lu_fid", f_seq=4711, f_oid=1))
    assert caught.value.errno == EBADF


def obdo18(**values: Any) -> Any:
    """The obdo of 2.0 that one of 1.8 becomes, every loss allowed."""
    made = s18("ost_body")
    for name, value in values.items():
        setattr(made.oa, name, value)
    out = lw.translate(request(D18, "OST_GETATTR", ost_body=made), D20, on_loss="report")
    return out.message.buffers.ost_body.oa, out.report


def test_objects_of_18_are_in_group_0_and_say_so() -> None:
    made, report = obdo18(o_id=5, o_gr=0)
    assert (made.o_oi.oi_id, made.o_oi.oi_seq) == (5, 0)
    assert made.o_valid & FLAGS["OBD_MD_FLGROUP"]
    assert report.lossless
    made, report = obdo18(o_id=5, o_gr=3)
    assert made.o_oi.oi_seq == 0
    assert [loss.name for loss in report.losses] == ["group"]


def test_the_slot_of_ea_size_and_mds_is_an_io_epoch_only_if_the_obdo_says_so() -> None:
    assert obdo18(o_easize=7, o_mds=1)[0].o_ioepoch == 0
    assert obdo18(o_easize=7, o_mds=1, o_valid=FLAGS["OBD_MD_FLEPOCH"])[0].o_ioepoch == 1 << 32 | 7


def test_the_parent_of_an_object_keeps_its_name() -> None:
    made, _ = obdo18(o_fid=4711, o_generation=77, o_valid=FLAGS["OBD_MD_FLFID"])
    assert (made.o_parent_seq, made.o_parent_oid) == (4711, 77)
    body = s20("ost_body")
    body.oa.o_valid, body.oa.o_parent_seq, body.oa.o_parent_oid = FLAGS["OBD_MD_FLFID"], 0x200000400, 5
    with pytest.raises(lw.Untranslatable) as caught:
        lw.translate(request(D20, "OST_GETATTR", ost_body=body), D18)
    assert caught.value.errno == ESTALE


def test_a_client_of_20_creates_on_18_when_the_session_keeps_both_names() -> None:
    session = lw.Session(keep_created=True)
    asked = mkdir20()
    there = lw.translate(asked, D18, session=session).message
    assert there.buffers.rec.cr_replayfid == s18("ll_fid"), "the server names the file"
    answer = lw.build(D18, "MDS_REINT/CREATE", "reply", mds_body=body18(fid1=s18("ll_fid", id=900, generation=3)))
    back = lw.translate(answer, D20, session=session, request=asked).message
    assert back.buffers.mdt_body.fid1 == asked.buffers.rec_reint.cr_fid2
    assert down(asked.buffers.rec_reint.cr_fid2, session) == s18("ll_fid", id=900, generation=3)
