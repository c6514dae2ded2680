"""2.0 in the testbed: objects are named by FID, records are mdt_rec_* (mdc/mdc_lib.c of 2.0.0)."""

from __future__ import annotations

from typing import Final

from lustre_codecs.behaviour import testbed_forms as common
from lustre_codecs.behaviour.testbed_forms import BODY, CAPA, COOKIES, DEFAULT_EA, DLM_REP, MD, MINUS_ONE
from lustre_codecs.enums.connect import MDT_CONNECT_SUPPORTED, MGS_CONNECT_SUPPORTED, OST_CONNECT_SUPPORTED, ObdConnect
from lustre_codecs.enums.metadata import LuDirentAttrs, MdsAttr, MdsInodelock, MdsOpen, MdsReint, ObdMd
from lustre_codecs.enums.security import LustreSecPart
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import release
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import Cancels, Const, Fid, Fields, Form, LayoutNames, Personality

_RELEASE: Final = release("2.0.0")
ATTRIBUTES: Final = common.attributes("mdt_body", "ioepoch")
WHO: Final = common.who("mdt_body")
NO_GROUP: Final = Const(MINUS_ONE)
#: A body that names an object says so.
NAMED: Final = Const(ObdMd.OBD_MD_FLID)
WITH_MD: Final[Fields] = {**ATTRIBUTES, "mdt_md": "md"}
#: Of what may have taken the last of a file away: its layout, and cookies for its objects, whose bytes are in aclsize.
LAST: Final[Fields] = {**WITH_MD, "mdt_body.aclsize": "aclsize", "logcookies": "cookies"}
INTENT_VALID: Final = Const(0x28491036FDF)
#: Bytes of an EA without objects.
SMALL_MD = 56


def rec(prefix: str, opcode: int, *groups: str, minus: str = "") -> Fields:
    """The head of a reint record."""
    return {
        f"rec_reint.{prefix}_opcode": Const(opcode),
        f"rec_reint.{prefix}_fsuid": "uid",
        f"rec_reint.{prefix}_fsgid": "gid",
        f"rec_reint.{prefix}_cap": "cap",
        **{
            f"rec_reint.{prefix}_{name}": attribute
            for name, attribute in zip(groups, ("suppgid", "suppgid2"), strict=False)
        },
        **({f"rec_reint.{prefix}_{minus}": NO_GROUP} if minus else {}),
    }


CREATE: Final[Fields] = {
    "rec_reint.cr_fid1": Fid("parent"),
    "rec_reint.cr_fid2": Fid("child"),
    "rec_reint.cr_mode": "mode",
    "rec_reint.cr_time": "time",
    "rec_reint.cr_rdev": "rdev",
    "name": "name",
}
INTENT: Final[Fields] = {"dlm_req": "dlm_req", "ldlm_intent.opc": "intent"}

FORMS: Final = (
    Form(op.GetStatus, "MDS_GETSTATUS", {**WHO, "mdt_body.suppgid": NO_GROUP}, ATTRIBUTES, (BODY, CAPA)),
    Form(
        op.GetAttr, "MDS_GETATTR",
        {**WHO, "mdt_body.suppgid": NO_GROUP, "mdt_body.fid1": Fid("ident"), "mdt_body.valid": "valid",
         "mdt_body.eadatasize": "easize"},
        WITH_MD, (BODY, "easize", 0, CAPA, CAPA),
    ),
    Form(
        op.GetAttrName, "MDS_GETATTR_NAME",
        {**WHO, "mdt_body.fid1": Fid("ident"), "mdt_body.valid": "valid", "mdt_body.eadatasize": "easize",
         "name": "name"},
        WITH_MD, (BODY, "easize", 0, CAPA, CAPA),
    ),
    Form(
        op.Lookup, "LDLM_ENQUEUE/INTENT_LOOKUP",
        {**INTENT, **WHO, "mdt_body.fid1": Fid("parent"), "mdt_body.fid2": Fid("child"), "mdt_body.valid": INTENT_VALID,
         "name": "name"},
        {"dlm_rep": "dlm_rep", **WITH_MD}, (DLM_REP, BODY, MD, 0, CAPA), match=("LDLM_ENQUEUE/INTENT_GETATTR",),
    ),
    Form(
        op.Open, "LDLM_ENQUEUE/INTENT_OPEN",
        {**INTENT, **rec("cr", MdsReint.REINT_OPEN, "suppgid1", "suppgid2"), **CREATE, "rec_reint.cr_flags": "flags",
         "rec_reint.cr_old_handle.cookie": "old_handle", "rec_reint.cr_ioepoch": "epoch", "eadata": "ea"},
        {"dlm_rep": "dlm_rep", **WITH_MD}, (DLM_REP, BODY, SMALL_MD, 0, CAPA, CAPA),
        match=("LDLM_ENQUEUE/INTENT_OPEN_CREAT",), replayed=True, lane="mdc", padded=("eadata", DEFAULT_EA),
    ),
    Form(
        op.Create, "MDS_REINT/CREATE",
        {**rec("cr", MdsReint.REINT_CREATE, "suppgid1", "suppgid2"), **CREATE, "eadata_or_symtgt": "data",
         "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.Link, "MDS_REINT/LINK",
        {**rec("lk", MdsReint.REINT_LINK, "suppgid1", "suppgid2"), "rec_reint.lk_fid1": Fid("source"),
         "rec_reint.lk_fid2": Fid("parent"), "rec_reint.lk_time": "time", "name": "name",
         "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY,), replayed=True, lane="mdc",
    ),
    Form(
        op.Unlink, "MDS_REINT/UNLINK",
        {**rec("ul", MdsReint.REINT_UNLINK, "suppgid1", minus="suppgid2"), "rec_reint.ul_mode": "mode",
         "rec_reint.ul_fid1": Fid("parent"), "rec_reint.ul_fid2": Fid("child"), "rec_reint.ul_time": "time",
         "name": "name", "dlm_req": Cancels("cancels")},
        LAST, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.Rename, "MDS_REINT/RENAME",
        {**rec("rn", MdsReint.REINT_RENAME, "suppgid1", "suppgid2"), "rec_reint.rn_mode": "mode",
         "rec_reint.rn_fid1": Fid("source_dir"), "rec_reint.rn_fid2": Fid("target_dir"), "rec_reint.rn_time": "time",
         "old_name": "old", "new_name": "new", "dlm_req": Cancels("cancels")},
        LAST, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.SetAttr, "MDS_REINT/SETATTR",
        {**rec("sa", MdsReint.REINT_SETATTR, "suppgid"), "rec_reint.sa_mode": "mode", "rec_reint.sa_fid": Fid("ident"),
         "rec_reint.sa_valid": "valid", "rec_reint.sa_size": "size", "rec_reint.sa_mtime": "mtime",
         "rec_reint.sa_atime": "atime", "rec_reint.sa_ctime": "ctime", "rec_reint.sa_uid": "owner",
         "rec_reint.sa_gid": "group", "rec_reint.sa_attr_flags": "attr_flags", "eadata": "ea",
         "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY, SMALL_MD, 0, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.GetXattr, "MDS_GETXATTR",
        {**WHO, "mdt_body.suppgid": NO_GROUP, "mdt_body.fid1": Fid("ident"), "mdt_body.valid": "valid",
         "mdt_body.eadatasize": "size", "name": "name"},
        {**ATTRIBUTES, "eadata": "value"}, (BODY, "size"),
    ),
    Form(
        op.SetXattr, "MDS_REINT/SETXATTR",
        {**rec("sx", MdsReint.REINT_SETXATTR, "suppgid1", minus="suppgid2"), "rec_reint.sx_fid": Fid("ident"),
         "rec_reint.sx_valid": "valid", "rec_reint.sx_time": "time", "rec_reint.sx_size": "size",
         "rec_reint.sx_flags": "flags", "name": "name", "eadata": "value"},
        ATTRIBUTES, (BODY,), replayed=True, lane="mdc",
    ),
    Form(
        op.Sync, "MDS_SYNC",
        {**WHO, "mdt_body.suppgid": NO_GROUP, "mdt_body.fid1": Fid("ident"), "mdt_body.valid": NAMED},
        ATTRIBUTES, (BODY,),
    ),
    Form(
        op.Close, "MDS_CLOSE",
        {"mdt_ioepoch.handle.cookie": "handle", "mdt_ioepoch.ioepoch": "epoch", "mdt_ioepoch.flags": "epoch_flags",
         **rec("sa", MdsReint.REINT_SETATTR, "suppgid"), "rec_reint.sa_fid": Fid("ident"),
         "rec_reint.sa_valid": "valid", "rec_reint.sa_mode": "mode", "rec_reint.sa_size": "size",
         "rec_reint.sa_blocks": "blocks", "rec_reint.sa_atime": "atime", "rec_reint.sa_mtime": "mtime",
         "rec_reint.sa_ctime": "ctime"},
        LAST, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="close",
    ),
    Form(
        op.DoneWriting, "MDS_DONE_WRITING",
        {"mdt_ioepoch.handle.cookie": "handle", "mdt_ioepoch.ioepoch": "epoch", "mdt_ioepoch.flags": "epoch_flags",
         **rec("sa", MdsReint.REINT_SETATTR, "suppgid"), "rec_reint.sa_fid": Fid("ident"),
         "rec_reint.sa_valid": "valid", "rec_reint.sa_size": "size", "rec_reint.sa_blocks": "blocks"},
        ATTRIBUTES, (BODY,), replayed=True, lane="close",
    ),
    Form(
        op.ReadPage, "MDS_READPAGE",
        {**WHO, "mdt_body.suppgid": NO_GROUP, "mdt_body.fid1": Fid("ident"), "mdt_body.valid": NAMED,
         "mdt_body.size": "offset", "mdt_body.nlink": "size",
         "mdt_body.mode": Const(LuDirentAttrs.LUDA_FID | LuDirentAttrs.LUDA_TYPE)},
        ATTRIBUTES, (BODY,), expects="size",
    ),
    Form(
        op.SeqQuery, "SEQ_QUERY", {"opc": "opc", "lu_seq_range.lsr_start": "start", "lu_seq_range.lsr_end": "end"},
        {"lu_seq_range.lsr_start": "start", "lu_seq_range.lsr_end": "end"}, (24,),
    ),
    Form(
        op.FldQuery, "FLD_QUERY", {"opc": "opc", "fld_range.lsr_start": "start"},
        {"fld_range.lsr_start": "start", "fld_range.lsr_end": "end"}, (24,),
    ),
    *common.STATFS,
    *common.common_forms("lgl_oseq"),
    *common.ost_forms(common.obdo("o_oi.oi_id", "o_oi.oi_seq")),
)  # fmt: skip

PERSONALITY: Final = Personality(
    forms=FORMS,
    client_names=True,
    link_looks_up=False,
    replies_rounded=True,
    open_bits=MdsInodelock.MDS_INODELOCK_UPDATE,
    flock_slot=3,
    close_valid=(
        MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_ATIME_SET | MdsAttr.MDS_ATTR_MTIME_SET
        | MdsAttr.MDS_ATTR_CTIME_SET,
        MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_ATIME_SET | MdsAttr.MDS_ATTR_MTIME_SET
        | MdsAttr.MDS_ATTR_CTIME_SET | MdsAttr.MDS_ATTR_SIZE,
    ),
    directory="pages",
    mds_flags=common.MDS_FLAGS | ObdConnect.OBD_CONNECT_FID | ObdConnect.OBD_CONNECT_FULL20,
    ost_flags=common.OST_FLAGS | ObdConnect.OBD_CONNECT_FULL20,
    mgs_flags=common.MGS_FLAGS | ObdConnect.OBD_CONNECT_FID | ObdConnect.OBD_CONNECT_FULL20,
    mds_supported=number_at(MDT_CONNECT_SUPPORTED, _RELEASE),
    ost_supported=number_at(OST_CONNECT_SUPPORTED, _RELEASE),
    mgs_supported=number_at(MGS_CONNECT_SUPPORTED, _RELEASE),
    mgc_secflvr=LustreSecPart.LUSTRE_SP_MGC << 24,
    bodies=common.BODIES,
    object_valid=common.OBJECT_VALID,
    layout=LayoutNames(file={"lmm_object_id": "id"}, object={"l_object_id": "id"}, io={"ioo_id": "id"}),
    checksums=common.CHECKSUMS,
    read_mode=MdsOpen.FMODE_READ,
    write_mode=MdsOpen.FMODE_WRITE,
)  # fmt: skip
