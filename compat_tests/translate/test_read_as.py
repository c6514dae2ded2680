"""What a message is called after a translation is what the target's receivers read in its bytes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire import bulk
from lustre_wire.schema.releases import release
from lustre_wire.testing.messages import _meet, messages
from lustre_wire.translate import rules_between
from lustre_wire.translate.rules import DOWN, UP

SYMLINK = 0o120777


def symlink(name: str, **buffers: Any) -> lw.Message:
    """A create of a symlink, as clients of 1.8 or 2.0 send it."""
    dialect = lw.dialect(name)
    if name == "1.8":
        rec = dialect.structs["mds_rec_create"](cr_opcode=2, cr_mode=SYMLINK)
        rec.cr_fid = dialect.structs["ll_fid"](id=4711, generation=7)
        return lw.build(name, "MDS_REINT/CREATE", rec=rec, name=b"link", data=b"target\0")
    rec = dialect.structs["mdt_rec_create"](cr_opcode=2, cr_mode=SYMLINK)
    buffers = {"eadata_or_symtgt": b"target\0", **buffers}
    return lw.build(name, "MDS_REINT/CREATE", rec_reint=rec, name=b"link", **buffers)


def read_again(message: lw.Message) -> lw.Message:
    return lw.decode(lw.encode(message), message.dialect)


@pytest.mark.parametrize("target", ["2.1.0", "2.5", "2.12", "2.17"])
def test_a_symlink_is_one_over_any_distance(target: str) -> None:
    made = lw.translate(symlink("2.0"), target)
    assert (made.message.name, made.report.entries) == ("MDS_REINT/CREATE_SYM", ())
    assert made.message.buffers.symtgt == b"target"
    assert read_again(made.message) == made.message
    back = lw.translate(made.message, "2.0")
    assert (back.report.lossless, back.message.name) == (True, "MDS_REINT/CREATE")
    assert lw.encode(back.message) == lw.encode(symlink("2.0"))


def test_a_symlink_of_1_8_too() -> None:
    session = lw.Session(fids=lw.FidAllocator(0x200000400, 0x200000500), keep_created=True)
    made = lw.translate(symlink("1.8"), "2.12", session=session).message
    assert (made.name, made.buffers.symtgt, read_again(made)) == ("MDS_REINT/CREATE_SYM", b"target", made)


def test_bytes_behind_the_nul_and_a_name_without_one_stay() -> None:
    for data in (b"target", b"target\0\0\0", b"tar\0get\0"):
        sent = symlink("2.0", eadata_or_symtgt=data)
        made = lw.translate(sent, "2.1.0", on_loss="report").message
        assert (made.name, read_again(made)) == ("MDS_REINT/CREATE_SYM", made)
        assert lw.encode(made) == lw.encode(sent)


def test_another_file_is_none() -> None:
    sent = symlink("2.0")
    sent.buffers.rec_reint.cr_mode = 0o040755
    assert lw.translate(sent, "2.17").message.name == "MDS_REINT/CREATE"


def test_the_reply_to_a_symlink_is_read_as_one() -> None:
    asked = symlink("2.0")
    answer = lw.build("2.0", "MDS_REINT/CREATE", "reply", mdt_body=lw.dialect("2.0").structs["mdt_body"]())
    for request in (asked, lw.translate(asked, "2.17").message):
        made = lw.translate(answer, "2.17", request=request, on_loss="report").message
        assert made.name == "MDS_REINT/CREATE_SYM"
        back = lw.translate(made, "2.0", request=request, on_loss="report").message
        assert back.name == "MDS_REINT/CREATE"


def test_a_path_is_asked_for_in_another_format() -> None:
    """What the third buffer was, one key alone has kept: as the operation's new format it would be lost."""
    sent = lw.build("2.16.1", "MDS_GET_INFO", key=b"fid2path\0\0\0\0\0\0\0\0" + bytes(32), vallen=4096)
    made = lw.translate(sent, "2.17")
    assert (made.message.name, made.message.buffers.vallen, made.report.entries) == ("MDS_GET_INFO/FID2PATH", 4096, ())
    assert read_again(made.message) == made.message
    assert lw.encode(lw.translate(made.message, "2.16.1").message) == lw.encode(sent)
    other = lw.build("2.16.1", "MDS_GET_INFO", key=b"other", vallen=4096)
    made = lw.translate(other, "2.17", on_loss="report")
    assert (made.message.name, [loss.name for loss in made.report.losses]) == ("MDS_GET_INFO", ["vallen"])


def test_records_of_a_changelog_were_cleared_before_there_was_a_format_of_its_own() -> None:
    body = lw.dialect("2.14").structs["mdt_body"]
    sent = lw.build("2.14", "MDS_SET_INFO/CHANGELOG_CLEAR", key=b"changelog_clear", val=bytes(16), mdt_body=body())
    made = lw.translate(sent, "2.13.0", on_loss="report")
    assert (made.message.name, made.report.lossless, read_again(made.message)) == ("MDS_SET_INFO", True, made.message)
    sent.buffers.mdt_body.mbo_uid = 7
    lost = lw.translate(sent, "2.13.0", on_loss="report").report.losses
    assert [(loss.name, loss.step) for loss in lost] == [("mdt_body", "")]


STEPS = [(one.base.name, one.name) for name in lw.releases() if (one := release(name)).base and name != "2.0.0"]
RIVALS = [
    (source, target, form.key, other.key)
    for old, new in STEPS
    for rules in (rules_between(old, new),)
    for source, target, direction in ((old, new, UP), (new, old, DOWN))
    for form in lw.dialect(source).formats
    for other, _ in rules.readings(form, direction)
]


@pytest.mark.parametrize(("source", "target", "key", "other"), RIVALS)
@settings(max_examples=4, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_message_is_called_what_it_is_read_as(
    source: str, target: str, key: str, other: str, data: st.DataObject
) -> None:
    """Also where it meets the conditions of a format that the source does not tell apart."""
    sent = data.draw(messages(source, name=key, direction="request"))
    with suppress(AttributeError, StopIteration, TypeError):  # conditions on what this one has not
        _meet(sent.buffers, lw.dialect(target).rpcs[other].match)
    if lw.decode(lw.encode(sent), source).format is not sent.format:
        return  # the source tells it apart by itself
    made = lw.translate(sent, target, on_loss="report").message
    assert read_again(made) == made


def test_streams_tell_them_apart_too() -> None:
    """No plan of one message serves another whose name is read in its bytes."""
    link, folder = symlink("2.0"), symlink("2.0")
    folder.buffers.rec_reint.cr_mode = 0o040755
    stream = b"".join(map(lw.encode, [link, folder, link, folder]))
    made = bulk.translate(stream, "2.0", "2.1.0")
    assert (made.rows, made.single, bytes(made.data)) == (4, 4, stream)
    rules, form = rules_between("2.0", "2.1.0"), lw.dialect("2.0").rpcs["MDS_REINT/CREATE"]
    assert [other.key for other, _ in rules.readings(form, "up")] == ["MDS_REINT/CREATE_SYM"]
