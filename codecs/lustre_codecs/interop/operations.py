"""Rules of operations: which buffers appear, vanish or move, and what several buffers decide together.

Sources: the packers of mdc/mdc_lib.c, mdc_reint.c, mdc_locks.c and mdc_request.c of 1.8.9 (which speaks both dialects),
the formats of ptlrpc/layout.c and the servers of both versions.
"""

from __future__ import annotations

from errno import EINVAL, EOPNOTSUPP, EOVERFLOW, EPROTO, ESTALE
from typing import Any, Final

from lustre_codecs.common.constants import (
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
    LdlmType,
)
from lustre_codecs.common.structs import LlFid, LuFid, LustreHandle, OstLvb
from lustre_codecs.interop.identity import fid_down
from lustre_codecs.v1_8.constants import LOV_MAGIC_JOIN
from lustre_codecs.v2_0 import constants
from lustre_codecs.v2_0.constants import MEA_MAGIC_ALL_CHARS, MEA_MAGIC_HASH_SEGMENT, MEA_MAGIC_LAST_CHAR
from lustre_codecs.v2_0.structs import LustreCapa, MdtBody
from lustre_wire.translate.rules import Operation, Side, Slot, Versions, numbers

Disposition = numbers(constants.Disposition)
MdsAttr = numbers(constants.MdsAttr)
MdsOpen = numbers(constants.MdsOpen)
ObdConnect = numbers(constants.ObdConnect)

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
    if work.session.inode_of(fid.f_seq, fid.f_oid) is None and not work.session.keep_created:
        work.impossible(ESTALE, "1.8 would give the new file another identity", "cr_fid2")
    work.drop("cr_fid2", f"[{fid.f_seq:#x}:{fid.f_oid:#x}:{fid.f_ver:#x}]")


def _create_up(source: Any, target: Any, work: Any) -> None:
    if source.rec is None:
        return
    if work.replay:
        _replay_state_up(source, target, work)
    else:
        _not_replayed(source, work)
        _give_fid(source, target, work)


def _create_down(source: Any, target: Any, work: Any) -> None:
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


def _created_up(source: Any, target: Any, work: Any) -> None:
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


def _created_down(source: Any, target: Any, work: Any) -> None:
    """A create of the session's own FID is done."""
    asker = work.asker
    if asker is not None and getattr(asker, "rec", None) is not None:
        work.session.answered(_create_key(asker, work))


# --- open ------------------------------------------------------------------------------------------------------------


def _by_identity(name: bytes | None, flags: int, work: Any) -> bool:
    """Whether an open names the file itself and not its parent, as NFS does: no name, MDS_OPEN_LOCK, no replay."""
    return not name and not work.replay and bool(flags & MdsOpen.MDS_OPEN_LOCK)


def _open_up(source: Any, target: Any, work: Any) -> None:
    rec = source.rec
    if rec is None:
        return
    flags = int(rec.cr_flags)
    _text(target, "name", work)
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


def _open_down(source: Any, target: Any, work: Any) -> None:
    rec = source.rec_reint
    if rec is None:
        return
    flags = int(rec.cr_flags)
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


def _text(target: Any, name: str, work: Any) -> None:
    """2.0 wants a text here, an empty one where 1.8 may leave it out."""
    if getattr(target, name) is None:
        setattr(target, name, b"")
        work.at = ""
        work.fill(name, "")


def _catalogue_up(source: Any, target: Any, work: Any) -> None:
    _text(target, "string", work)


def _remember_open(body: Any, epoch: int, work: Any) -> None:
    if work.source.transno and body.handle.cookie:
        work.session.opened(transno=work.source.transno, handle=body.handle.cookie, ioepoch=epoch)


def _opened_up(source: Any, target: Any, work: Any) -> None:
    body, rep = source.mds_body, source.dlm_rep
    if body is None:
        return
    _remember_open(body, body.io_epoch, work)
    if rep is not None and int(rep.lock_policy_res1) & Disposition.DISP_OPEN_CREATE and not rep.lock_policy_res2:
        _learn_created(body, target.mdt_body, work)
    _layout_up(source, target, work)


def _opened_down(source: Any, target: Any, work: Any) -> None:
    body = source.mdt_body
    if body is None:
        return
    _remember_open(body, body.ioepoch, work)
    _created_down(source, target, work)
    _layout_down(source, target, work)


# --- layouts ---------------------------------------------------------------------------------------------------------

_MEA: Final = frozenset({MEA_MAGIC_LAST_CHAR, MEA_MAGIC_ALL_CHARS, MEA_MAGIC_HASH_SEGMENT})
_V3_HEAD: Final = 48
_V1_HEAD: Final = 32
#: What a 2.0 server says of file and parent in every reply, under this name in either dialect.
_LAYOUTS: Final = ("lov_md", "lov_md_or_linkname")


def _layout_up(source: Any, target: Any, work: Any) -> None:
    for name in _LAYOUTS:
        target.mdt_md = _layout(getattr(source, name, None), name, target.mdt_md, work)


def _layout_down(source: Any, target: Any, work: Any) -> None:
    made = _layout(source.mdt_md, "mdt_md", source.mdt_md, work)
    for name in _LAYOUTS:
        if hasattr(target, name) and getattr(target, name) is not None:
            setattr(target, name, made)
            if made is not None and made != source.mdt_md:
                target.mds_body.eadatasize = len(made)


def _layout(value: bytes | None, name: str, made: bytes | None, work: Any) -> bytes | None:
    """A layout on its way: always little-endian, the same bytes but for pools towards a peer without them."""
    if value is None or len(value) < 4:
        return made
    work.at = name
    magic = int.from_bytes(value[:4], "little")
    if magic == LOV_MAGIC_JOIN:
        work.impossible(EOPNOTSUPP, "2.0 cannot use the layout of a joined file")
    if magic in _MEA and name == "mdt_md":
        work.impossible(EOPNOTSUPP, "1.8 knows no split directories")
    granted = work.session.connect_flags
    if magic == LOV_MAGIC_V3 and granted is not None and not granted & ObdConnect.OBD_CONNECT_LOV_V3:
        work.lose("pool", "", value[_V1_HEAD:_V3_HEAD])
        return LOV_MAGIC_V1.to_bytes(4, "little") + value[4:_V1_HEAD] + value[_V3_HEAD:]
    return made


# --- locks -----------------------------------------------------------------------------------------------------------


def _lock_value_up(source: Any, target: Any, work: Any) -> None:
    """2.0 has a lock value block in every successful reply to an enqueue."""
    if target.dlm_rep is not None and target.lvb is None:
        target.lvb = OstLvb()
        work.at = ""
        work.fill("lvb", "zeroes")


def _lock_value_down(source: Any, target: Any, work: Any) -> None:
    if source.lvb is not None and source.dlm_rep is not None:
        _only_extents(source.dlm_rep.lock_desc, target, work)


def _only_extents(desc: Any, target: Any, work: Any) -> None:
    """1.8 has a lock value block only for extent locks, which alone have a value."""
    if desc.l_resource.lr_type != LdlmType.LDLM_EXTENT:
        work.at = "lvb"
        work.drop("", "ost_lvb", "lvb")
        target.lvb = None


def _zero_lvb(value: Any, source: Any, work: Any) -> OstLvb:
    work.at = ""
    work.fill("lvb", "zeroes")
    return OstLvb()


def _zero_capa(value: Any, source: Any, work: Any) -> LustreCapa:
    """These replies of 2.0 have room for a capability whether there is one or not."""
    work.at = ""
    work.fill("capa1", "zeroes")
    return LustreCapa()


def _completion_down(source: Any, target: Any, work: Any) -> None:
    if getattr(source, "lvb", None) is not None and source.dlm_req is not None:
        _only_extents(source.dlm_req.lock_desc, target, work)


# --- setattr ---------------------------------------------------------------------------------------------------------

_VERSIONED: Final = MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_UID | MdsAttr.MDS_ATTR_GID | MdsAttr.MDS_ATTR_ATTR_FLAG


def _setattr_down(source: Any, target: Any, work: Any) -> None:
    """1.8 compares the version of a setattr by file handle, which 2.0 never supplied."""
    if not work.replay or source.rec_reint is None or work.source.body.pb_pre_versions[0]:
        return
    valid = int(source.rec_reint.sa_valid)
    if valid & MdsAttr.MDS_ATTR_FROM_OPEN and not valid & _VERSIONED:
        work.at = "rec_reint"
        work.impossible(EOVERFLOW, "1.8 wants the file's version, which a 2.0 client does not have", "sa_valid")


# --- extended attributes ---------------------------------------------------------------------------------------------


def _empty_body(value: Any, source: Any, work: Any) -> MdtBody:
    """A 2.0 client takes a body from every reint reply; the one of 1.8's setxattr says nothing."""
    return MdtBody()


# --- directory pages -------------------------------------------------------------------------------------------------


def _page_announced_down(source: Any, target: Any, work: Any) -> None:
    """The entries of a 1.8 page have no generation."""
    if work.source.status >= 0:
        work.at = "bulk"
        work.lose("generation", "", None)


def _page_announced_up(source: Any, target: Any, work: Any) -> None:
    if work.source.status >= 0:
        work.at = "bulk"
        work.impossible(EOPNOTSUPP, "the entries of a 1.8 page do not say the generations that FIDs need")


# --- the table -------------------------------------------------------------------------------------------------------

_ATTRIBUTES: Final = Side(up=_layout_up, down=_layout_down)
_CAPA_ROOM: Final = {"capa1": Slot(loss="capa", make=_zero_capa)}
_JOIN: Final = Slot(errno=EOPNOTSUPP, why="files are joined in 1.8 alone")


def _same_parents(buffers: Any) -> bool:
    rec = getattr(buffers, "rec", None) or getattr(buffers, "rec_reint", None)
    if rec is None:
        return False
    one, other = rec.rn_fid1, rec.rn_fid2
    if isinstance(one, LlFid):
        return bool((one.id, one.generation) == (other.id, other.generation))
    return bool(one == other)


def _open(name: str, *, creates: bool) -> Operation:
    return Operation(
        name, name,
        request=Side(only_old={"mds_rec_join": _JOIN}, only_new={"mdt_rec_join": _JOIN}, up=_open_up, down=_open_down),
        reply=Side(up=_opened_up, down=_opened_down),
        versions=Versions(absent=(1,)) if creates else None,
        # two slots more in the header, two capabilities of 120 bytes
        reply_room=248,
    )  # fmt: skip


_REPLACED: Final = Side(only_old={"logcookies": Slot(loss="logcookies")}, only_new={"acl": Slot(loss="acl")})
_SOM: Final = Side(errno_up=EOPNOTSUPP, errno_down=EOPNOTSUPP, why="size on MDS is not spoken between 1.8 and 2.0")
_UNSERVED: Final = Side(errno_up=EOPNOTSUPP, why="2.0 does not serve it")

OPERATIONS: Final = (
    Operation("MDS_GETSTATUS", "MDS_GETSTATUS", reply=Side(only_new=_CAPA_ROOM)),
    Operation("MDS_GETATTR", "MDS_GETATTR", reply=_ATTRIBUTES, reply_room=16),
    Operation("MDS_GETATTR_NAME", "MDS_GETATTR_NAME", reply=_ATTRIBUTES, reply_room=16),
    Operation("LDLM_ENQUEUE/INTENT_GETATTR", "LDLM_ENQUEUE/INTENT_GETATTR", reply=_ATTRIBUTES),
    Operation("LDLM_ENQUEUE/INTENT_LOOKUP", "LDLM_ENQUEUE/INTENT_LOOKUP", reply=_ATTRIBUTES),
    Operation("LDLM_ENQUEUE/INTENT_READDIR", "LDLM_ENQUEUE/INTENT_READDIR",
              reply=Side(only_new={"lvb": Slot(loss="lvb", make=_zero_lvb)})),
    Operation("LDLM_ENQUEUE/INTENT_UNLINK", "LDLM_ENQUEUE/INTENT_UNLINK", reply=_REPLACED),
    _open("LDLM_ENQUEUE/INTENT_OPEN", creates=False),
    _open("LDLM_ENQUEUE/INTENT_OPEN_CREAT", creates=True),
    Operation("LDLM_ENQUEUE", "LDLM_ENQUEUE", reply=Side(up=_lock_value_up, down=_lock_value_down)),
    Operation("LDLM_CP_CALLBACK", "LDLM_CP_CALLBACK", request=Side(down=_completion_down)),
    Operation(
        "MDS_CLOSE", "MDS_CLOSE",
        request=Side(split={"mds_body": ("mdt_ioepoch", "rec_reint")}, only_new={"capa1": Slot(loss="capa")}),
    ),
    Operation("MDS_DONE_WRITING", "MDS_DONE_WRITING", request=_SOM),
    Operation("MDS_PIN", "MDS_PIN", request=_UNSERVED),
    Operation("MDS_UNPIN", "MDS_UNPIN", request=_UNSERVED),
    Operation("MDS_READPAGE", "MDS_READPAGE", reply=Side(up=_page_announced_up, down=_page_announced_down)),
    Operation(
        "MDS_SETXATTR", "MDS_REINT/SETXATTR",
        request=Side(names={"mds_body": "rec_reint", "value": "eadata"}),
        reply=Side(only_new={"mdt_body": Slot(make=_empty_body)}),
        note="2.0 does not serve MDS_SETXATTR, 1.8 does not unpack REINT_SETXATTR",
    ),
    Operation(
        "MDS_REINT/SETATTR", "MDS_REINT/SETATTR",
        request=Side(only_new={"mdt_ioepoch": Slot(loss="ioepoch")}, down=_setattr_down),
        reply=Side(only_new={"mdt_md": Slot(loss="layout"), "acl": Slot(loss="acl")}), reply_room=16,
    ),
    Operation(
        "MDS_REINT/CREATE", "MDS_REINT/CREATE", request=Side(up=_create_up, down=_create_down),
        reply=Side(only_new=_CAPA_ROOM, up=_created_up, down=_created_down), versions=Versions(absent=(1, 2)),
    ),
    Operation("MDS_REINT/OPEN", "MDS_REINT/OPEN", request=Side(up=_open_up, down=_open_down),
              reply=Side(only_new={"acl": Slot(loss="acl")})),
    Operation("MDS_REINT/LINK", "MDS_REINT/LINK", versions=Versions(absent=(2,))),
    Operation("MDS_REINT/UNLINK", "MDS_REINT/UNLINK", reply=_ATTRIBUTES),
    Operation("MDS_REINT/RENAME", "MDS_REINT/RENAME", reply=_ATTRIBUTES,
              versions=Versions(order=(0, 2, 1, 3), absent=(3,), shared=_same_parents)),
    Operation("LLOG_CATINFO", "LLOG_CATINFO", request=Side(up=_catalogue_up)),
    Operation("OST_READ", "OST_READ", reply=Side(surplus=""), note="a reply has no return codes"),
    Operation("OST_GET_INFO/FIEMAP", "OST_GET_INFO/FIEMAP", request=Side(only_new={"fiemap_val": Slot()})),
)  # fmt: skip

#: Buffers under other names; the first one that the newer format has.
BUFFERS: Final = {
    "mds_body": ("mdt_body",),
    "rec": ("rec_reint",),
    "xattr_name": ("name",),
    "input": ("eadata",),
    "lov_ea": ("eadata",),
    "ea": ("eadata",),
    "data": ("eadata_or_symtgt", "eadata"),
    "lov_md": ("mdt_md",),
    "lov_md_or_linkname": ("mdt_md",),
    "keyword": ("name",),
    "filter": ("string",),
}

#: 1.8 knows no capabilities.
ADDED: Final = {"capa1": Slot(loss="capa"), "capa2": Slot(loss="capa")}

#: Quota units of the old size: 2.0 peers agree on OBD_CONNECT_CHANGE_QS.
OLD_ONLY: Final = {"QUOTA_DQACQ (without CHANGE_QS)": EPROTO, "QUOTA_DQREL (without CHANGE_QS)": EPROTO}

#: Operations of 2.0 that no 1.8 server serves.
NEW_ONLY: Final = dict.fromkeys(
    (
        "MDS_GET_INFO", "MDS_WRITEPAGE", "MDS_IS_SUBDIR", "SEQ_QUERY", "FLD_QUERY", "LDLM_SET_INFO", "SEC_CTX_INIT",
        "SEC_CTX_INIT_CONT", "SEC_CTX_FINI", "LDLM_ENQUEUE/INTENT_CREATE",
    ),
    EOPNOTSUPP,
)  # fmt: skip
