"""Rules of operations: which buffers appear, vanish or move, and what several buffers decide together.

Sources: the packers of mdc/mdc_lib.c, mdc_reint.c, mdc_locks.c and mdc_request.c of 1.8.9 (which speaks both dialects),
the formats of ptlrpc/layout.c and the servers of both versions.
"""

from __future__ import annotations

from errno import EOPNOTSUPP, EOVERFLOW, EPROTO
from typing import Any, Final

from lustre_codecs.enums import metadata
from lustre_codecs.enums.ldlm import LdlmType
from lustre_codecs.enums.llog import LlogOp
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.fid import LlFid
from lustre_codecs.structs.ldlm import OstLvb
from lustre_codecs.structs.llog import LlogRecHdr
from lustre_codecs.structs.security import LustreCapa
from lustre_codecs.translation.ends import NEW, new_numbers
from lustre_codecs.translation.layouts import layout, layout_down, layout_up
from lustre_codecs.translation.opens import (
    create_down,
    create_up,
    created_down,
    created_up,
    filled,
    open_down,
    open_up,
    opened_down,
    opened_up,
)
from lustre_wire.engines import record
from lustre_wire.schema.views import view
from lustre_wire.translate.rules import Operation, Side, Slot, Versions, looks_at

MdsAttr = new_numbers(metadata.MdsAttr)

# --- locks -----------------------------------------------------------------------------------------------------------


def _lock_value_up(source: Any, target: Any, work: Any) -> None:
    """2.0 has a lock value block in every successful reply to an enqueue."""
    if target.dlm_rep is not None and target.lvb is None:
        target.lvb = view(OstLvb, NEW)()
        work.at = ""
        work.fill("lvb", "zeroes")


@looks_at(reads="dlm_rep.lock_desc.l_resource.lr_type")
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
    return view(OstLvb, NEW)()


def _zero_capa(value: Any, source: Any, work: Any) -> LustreCapa:
    """These replies of 2.0 have room for a capability whether there is one or not."""
    work.at = ""
    work.fill("capa1", "zeroes")
    return view(LustreCapa, NEW)()


@looks_at(reads="dlm_req.lock_desc.l_resource.lr_type")
def _completion_down(source: Any, target: Any, work: Any) -> None:
    if getattr(source, "lvb", None) is not None and source.dlm_req is not None:
        _only_extents(source.dlm_req.lock_desc, target, work)


# --- texts ----------------------------------------------------------------------------------------------------------


def _catalogue_up(source: Any, target: Any, work: Any) -> None:
    filled(target, "string", work)


# --- logs -----------------------------------------------------------------------------------------------------------


@looks_at(reads="log_block")
def _log_block_down(source: Any, target: Any, work: Any) -> None:
    """1.8 has no readers of changelogs; all other records are the same."""
    block, at, head = source.log_block or b"", 0, record.codec(view(LlogRecHdr, NEW), work.order)
    while at + head.size <= len(block):
        found = head.unpack(block, at, len(block))
        if found.lrh_type == LlogOp.CHANGELOG_USER_REC:
            work.at = "log_block"
            work.impossible(EOPNOTSUPP, "1.8 has no readers of changelogs")
        if found.lrh_len < head.size:
            return
        at += found.lrh_len


# --- setattr ---------------------------------------------------------------------------------------------------------

_VERSIONED: Final = MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_UID | MdsAttr.MDS_ATTR_GID | MdsAttr.MDS_ATTR_ATTR_FLAG


@looks_at(reads="ea", asks="connect_flags")
def _setattr_up(source: Any, target: Any, work: Any) -> None:
    target.eadata = layout(source.ea, "ea", target.eadata, work)


@looks_at(reads="eadata rec_reint.sa_valid ptlrpc_body.pb_pre_versions", asks="connect_flags")
def _setattr_down(source: Any, target: Any, work: Any) -> None:
    """1.8 compares the version of a setattr by file handle, which 2.0 never supplied."""
    target.ea = layout(source.eadata, "eadata", target.ea, work)
    if not work.replay or source.rec_reint is None or work.source.body.pb_pre_versions[0]:
        return
    valid = int(source.rec_reint.sa_valid)
    if valid & MdsAttr.MDS_ATTR_FROM_OPEN and not valid & _VERSIONED:
        work.at = "rec_reint"
        work.impossible(EOVERFLOW, "1.8 wants the file's version, which a 2.0 client does not have", "sa_valid")


# --- extended attributes ---------------------------------------------------------------------------------------------


def _empty_body(value: Any, source: Any, work: Any) -> MdtBody:
    """A 2.0 client takes a body from every reint reply; the one of 1.8's setxattr says nothing."""
    return view(MdtBody, NEW)()


# --- directory pages -------------------------------------------------------------------------------------------------


@looks_at(reads="ptlrpc_body.pb_status")
def _page_announced_down(source: Any, target: Any, work: Any) -> None:
    """The entries of a 1.8 page have no generation."""
    if work.source.status >= 0:
        work.at = "bulk"
        work.lose("generation", "", None)


@looks_at(reads="ptlrpc_body.pb_status")
def _page_announced_up(source: Any, target: Any, work: Any) -> None:
    if work.source.status >= 0:
        work.at = "bulk"
        work.impossible(EOPNOTSUPP, "the entries of a 1.8 page do not say the generations that FIDs need")


# --- the table -------------------------------------------------------------------------------------------------------

_ATTRIBUTES: Final = Side(up=layout_up, down=layout_down)
_CAPA_ROOM: Final = {"capa1": Slot(loss="capa", make=_zero_capa)}
_JOIN: Final = Slot(errno=EOPNOTSUPP, why="files are joined in 1.8 alone")


@looks_at(reads="rec.rn_fid1 rec.rn_fid2 rec_reint.rn_fid1 rec_reint.rn_fid2")
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
        request=Side(only_old={"mds_rec_join": _JOIN}, only_new={"mdt_rec_join": _JOIN}, up=open_up, down=open_down),
        reply=Side(up=opened_up, down=opened_down),
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
        request=Side(only_new={"mdt_ioepoch": Slot(loss="ioepoch")}, up=_setattr_up, down=_setattr_down),
        reply=Side(only_new={"mdt_md": Slot(loss="layout"), "acl": Slot(loss="acl")}), reply_room=16,
    ),
    Operation(
        "MDS_REINT/CREATE", "MDS_REINT/CREATE", request=Side(up=create_up, down=create_down),
        reply=Side(only_new=_CAPA_ROOM, up=created_up, down=created_down), versions=Versions(absent=(1, 2)),
    ),
    Operation("MDS_REINT/OPEN", "MDS_REINT/OPEN", request=Side(up=open_up, down=open_down),
              reply=Side(only_new={"acl": Slot(loss="acl")})),
    Operation("MDS_REINT/LINK", "MDS_REINT/LINK", versions=Versions(absent=(2,))),
    Operation("MDS_REINT/UNLINK", "MDS_REINT/UNLINK", reply=_ATTRIBUTES),
    Operation("MDS_REINT/RENAME", "MDS_REINT/RENAME", reply=_ATTRIBUTES,
              versions=Versions(order=(0, 2, 1, 3), absent=(3,), shared=_same_parents, parents=(0, 2))),
    Operation("LLOG_CATINFO", "LLOG_CATINFO", request=Side(up=_catalogue_up)),
    Operation("LLOG_ORIGIN_HANDLE_NEXT_BLOCK", "LLOG_ORIGIN_HANDLE_NEXT_BLOCK", reply=Side(down=_log_block_down)),
    Operation("LLOG_ORIGIN_HANDLE_PREV_BLOCK", "LLOG_ORIGIN_HANDLE_PREV_BLOCK", reply=Side(down=_log_block_down)),
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
