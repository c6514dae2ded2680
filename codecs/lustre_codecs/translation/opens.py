"""Operations that make or open files: who names a new file, and what replays repeat.

Sources: mds/mds_open.c, mdc/mdc_lib.c and mdc/mdc_request.c of 1.8.9, mdt/mdt_open.c of 2.0.0.
"""

from __future__ import annotations

from errno import EINVAL, ESTALE
from typing import Any

from lustre_codecs.enums import metadata
from lustre_codecs.structs.fid import LuFid, LustreHandle
from lustre_codecs.translation.ends import new_numbers
from lustre_codecs.translation.identity import fid_down
from lustre_codecs.translation.layouts import layout, layout_down, layout_up
from lustre_wire.translate.rules import looks_at

Disposition = new_numbers(metadata.Disposition)
MdsOpen = new_numbers(metadata.MdsOpen)

# --- new files -------------------------------------------------------------------------------------------------------


def _create_key(buffers: Any, work: Any) -> Any:
    """What tells one create of a 1.8 client from the next: its xid, or else what it says."""
    if work.xid is not None:
        return work.xid
    rec = buffers.rec
    return (
        int(rec.cr_opcode), rec.cr_fid.id, rec.cr_fid.generation, buffers.name, rec.cr_time, rec.cr_mode,
        int(rec.cr_rdev), int(rec.cr_flags),
    )  # fmt: skip


def _give_fid(source: Any, target: Any, work: Any) -> None:
    """The client of 2.0 names a new file; one of 1.8 cannot, so the session does. A resend gets the same name."""
    found = work.session.new_fid(_create_key(source, work))
    work.at = "rec"
    if found is None:
        work.impossible(EINVAL, "the new file needs a FID, and the session allocates none", "cr_replayfid")
    target.rec_reint.cr_fid2 = LuFid(*found)
    work.at = "rec_reint"
    work.fill("cr_fid2", f"[{found[0]:#x}:{found[1]:#x}:{found[2]:#x}]")


def _take_fid(source: Any, target: Any, work: Any) -> None:
    """A server of 1.8 names the new file itself: the client must learn that name, or know it already."""
    fid = source.rec_reint.cr_fid2
    work.at = "rec_reint"
    if work.session.inode_of(fid.f_seq, fid.f_oid, fid.f_ver) is None and not work.session.keep_created:
        work.impossible(ESTALE, "1.8 would give the new file another identity", "cr_fid2")
    work.drop("cr_fid2", f"[{fid.f_seq:#x}:{fid.f_oid:#x}:{fid.f_ver:#x}]")


@looks_at(reads="rec.cr_replayfid ptlrpc_body.pb_transno", asks="open_file", changes="new_fid")
def create_up(source: Any, target: Any, work: Any) -> None:
    """Name the file of a plain create, or say what the replayed one made."""
    if source.rec is None:
        return
    if work.replay:
        _replay_state_up(source, target, work)
    else:
        _not_replayed(source, work)
        _give_fid(source, target, work)


@looks_at(reads="rec_reint.cr_fid2", asks="inode_of keep_created")
def create_down(source: Any, target: Any, work: Any) -> None:
    """Leave the naming of the file to the server, or say what the replayed create made."""
    if source.rec_reint is None:
        return
    if work.replay:
        _replayed_fid_down(source, target, work)
    else:
        _take_fid(source, target, work)


def _not_replayed(source: Any, work: Any) -> None:
    fid = source.rec.cr_replayfid
    if fid.id or fid.generation:
        work.at = "rec"
        work.lose("cr_replayfid", "cr_replayfid", fid.id)


def _replay_state_up(source: Any, target: Any, work: Any) -> None:
    """A replayed open names the handle it had, which the record of 1.8 does not hold."""
    fid = target.rec_reint.cr_fid2
    work.at = "rec"
    if not (fid.f_seq or fid.f_oid):
        work.impossible(EINVAL, "a replay must say what it made", "cr_replayfid")
    known = work.session.open_file(work.source.transno)
    work.at = "rec_reint"
    if known is not None:
        target.rec_reint.cr_old_handle = LustreHandle(known.handle)
        target.rec_reint.cr_ioepoch = known.ioepoch
    work.fill("cr_old_handle", target.rec_reint.cr_old_handle.cookie)


def _replayed_fid_down(source: Any, target: Any, work: Any) -> None:
    rec = source.rec_reint
    work.at = "rec_reint"
    target.rec.cr_replayfid = fid_down("cr_fid2")(rec.cr_fid2, rec, work)


@looks_at(reads="mds_body.fid1 ptlrpc_body.pb_status", asks="fid_of keep_created", changes="identify")
def created_up(source: Any, target: Any, work: Any) -> None:
    """The reply to a create: the client asked for one FID, the server of 1.8 gave an inode of its own."""
    body = source.mds_body
    if body is None or work.source.status < 0:
        return
    _learn_created(body, target.mdt_body, work)


def _learn_created(body: Any, made: Any, work: Any) -> None:
    if not body.fid1.id:
        return
    fid = work.session.fid_of(body.fid1.id, body.fid1.generation)
    asker = work.asker
    rec = getattr(asker, "rec_reint", None)
    if fid is None and rec is not None and work.session.keep_created:
        fid = (rec.cr_fid2.f_seq, rec.cr_fid2.f_oid, rec.cr_fid2.f_ver)
        work.session.identify(inode=body.fid1.id, generation=body.fid1.generation, fid=fid)
    work.at = "mds_body"
    if fid is None:
        work.impossible(ESTALE, "the new file is not the one the client named", "fid1")
    made.fid1 = LuFid(*fid)


@looks_at(changes="answered")
def created_down(source: Any, target: Any, work: Any) -> None:
    """A create of the session's own FID is done."""
    asker = work.asker
    if asker is not None and getattr(asker, "rec", None) is not None:
        work.session.answered(_create_key(asker, work))


# --- open ------------------------------------------------------------------------------------------------------------


def _by_identity(name: bytes | None, flags: int, work: Any) -> bool:
    """Whether an open names the file itself and not its parent, as NFS does: no name, MDS_OPEN_LOCK, no replay."""
    return not name and not work.replay and bool(flags & MdsOpen.MDS_OPEN_LOCK)


@looks_at(
    reads="rec.cr_flags rec.cr_replayfid lov_ea ea ptlrpc_body.pb_transno",
    asks="open_file connect_flags",
    changes="new_fid",
)
def open_up(source: Any, target: Any, work: Any) -> None:
    """Finish an open: which FID names what, and what the replayed one had open."""
    rec = source.rec
    if rec is None:
        return
    flags = int(rec.cr_flags)
    filled(target, "name", work)
    name = "lov_ea" if hasattr(source, "lov_ea") else "ea"
    target.eadata = layout(getattr(source, name), name, target.eadata, work)
    work.at = "rec"
    if flags & (MdsOpen.MDS_OPEN_HAS_EA | MdsOpen.MDS_OPEN_HAS_OBJS) and not target.eadata:
        work.impossible(EINVAL, "the open says that it has a layout, and has none", "cr_flags")
    if work.replay:
        _replay_state_up(source, target, work)
    elif _by_identity(source.name, flags, work):
        fid = target.rec_reint.cr_fid1
        target.rec_reint.cr_fid2 = LuFid(fid.f_seq, fid.f_oid, fid.f_ver)
        work.change("cr_fid", fid.f_seq)
    elif flags & MdsOpen.MDS_OPEN_HAS_EA and rec.cr_replayfid.id:
        return
    else:
        _not_replayed(source, work)
        if flags & MdsOpen.MDS_OPEN_CREAT:
            _give_fid(source, target, work)


@looks_at(reads="rec_reint.cr_flags rec_reint.cr_fid2 eadata", asks="inode_of keep_created connect_flags")
def open_down(source: Any, target: Any, work: Any) -> None:
    """Finish an open: which fid names what."""
    rec = source.rec_reint
    if rec is None:
        return
    flags = int(rec.cr_flags)
    name = "lov_ea" if hasattr(target, "lov_ea") else "ea"
    setattr(target, name, layout(source.eadata, "eadata", source.eadata, work))
    work.at = "rec_reint"
    if work.replay or (flags & MdsOpen.MDS_OPEN_HAS_EA and not flags & MdsOpen.MDS_OPEN_CREAT and rec.cr_fid2.f_seq):
        _replayed_fid_down(source, target, work)
    elif _by_identity(source.name, flags, work):
        target.rec.cr_fid = fid_down("cr_fid2")(rec.cr_fid2, rec, work)
        work.change("cr_fid2", rec.cr_fid2.f_seq)
    elif flags & MdsOpen.MDS_OPEN_CREAT:
        _take_fid(source, target, work)
    elif rec.cr_fid2.f_seq or rec.cr_fid2.f_oid:
        work.drop("cr_fid2", rec.cr_fid2.f_seq)


def _remember_open(body: Any, epoch: int, work: Any) -> None:
    if work.source.transno and body.handle.cookie:
        work.session.opened(transno=work.source.transno, handle=body.handle.cookie, ioepoch=epoch)


@looks_at(
    reads="mds_body.handle mds_body.io_epoch mds_body.fid1 dlm_rep.lock_policy_res1 dlm_rep.lock_policy_res2 lov_md "
    "ptlrpc_body.pb_transno",
    asks="fid_of keep_created connect_flags",
    changes="identify opened",
)
def opened_up(source: Any, target: Any, work: Any) -> None:
    """Finish the reply to an open: remember its handle, and the identity of what it created."""
    body, rep = source.mds_body, source.dlm_rep
    if body is None:
        return
    _remember_open(body, body.io_epoch, work)
    if rep is not None and int(rep.lock_policy_res1) & Disposition.DISP_OPEN_CREATE and not rep.lock_policy_res2:
        _learn_created(body, target.mdt_body, work)
    layout_up(source, target, work)


@looks_at(
    reads="mdt_body.handle mdt_body.ioepoch mdt_md ptlrpc_body.pb_transno",
    asks="connect_flags",
    changes="answered opened",
)
def opened_down(source: Any, target: Any, work: Any) -> None:
    """Finish the reply to an open: remember its handle; a create of the session is done."""
    body = source.mdt_body
    if body is None:
        return
    _remember_open(body, body.ioepoch, work)
    created_down(source, target, work)
    layout_down(source, target, work)


def filled(target: Any, name: str, work: Any) -> None:
    """2.0 wants a text here, an empty one where 1.8 may leave it out."""
    if getattr(target, name) is None:
        setattr(target, name, b"")
        work.at = ""
        work.fill(name, "")
