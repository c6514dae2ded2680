"""1.8 in the testbed: objects are named by inode and generation, records are mds_rec_* (mdc/mdc_lib.c of 1.8.9)."""

from __future__ import annotations

import dataclasses
from typing import Final

from lustre_codecs.behaviour import testbed_forms as common
from lustre_codecs.behaviour.testbed_forms import ACL, BODY, CAPA, COOKIES, DEFAULT_EA, DLM_REP, MD, MINUS_ONE
from lustre_codecs.enums.connect import MDS_CONNECT_SUPPORTED, MGS_CONNECT_SUPPORTED, OST_CONNECT_SUPPORTED, ObdConnect
from lustre_codecs.enums.metadata import MdsInodelock, MdsOpen, MdsReint, ObdMd
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import release
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import Cancels, Const, Fid, Fields, Form, LayoutNames, Maybe, Personality

_RELEASE: Final = release("1.8.9-wc1")
#: MDS_BFLAG_EXT_FLAGS: the client understands the inode flags as they are on disk.
EXT_FLAGS: Final = Const(0x80000000)
ATTRIBUTES: Final = common.attributes("mds_body", "io_epoch")
WHO: Final = common.who("mds_body")
WITH_MD: Final[Fields] = {**ATTRIBUTES, "lov_md": "md"}
INTENT_VALID: Final = Const(0x8091036FDF)


def rec(prefix: str, opcode: int, *, suppgid: str = "suppgid", second: bool = False) -> Fields:
    """The head of a reint record."""
    return {
        f"rec.{prefix}_opcode": Const(opcode),
        f"rec.{prefix}_fsuid": "uid",
        f"rec.{prefix}_fsgid": "gid",
        f"rec.{prefix}_cap": "cap",
        f"rec.{prefix}_{suppgid}": "suppgid",
        **({f"rec.{prefix}_suppgid2": "suppgid2"} if second else {}),
    }


CREATE: Final[Fields] = {
    "rec.cr_fid": Fid("parent"),
    "rec.cr_replayfid": Fid("child"),
    "rec.cr_mode": "mode",
    "rec.cr_time": "time",
    "rec.cr_rdev": "rdev",
    "name": "name",
}
INTENT: Final[Fields] = {"dlm_req": "dlm_req", "ldlm_intent.opc": "intent"}

FORMS: Final = (
    Form(op.GetStatus, "MDS_GETSTATUS", {**WHO, "mds_body.suppgid": Const(0)}, ATTRIBUTES, (BODY, CAPA)),
    Form(
        op.GetAttr, "MDS_GETATTR",
        {**WHO, "mds_body.suppgid": Const(0), "mds_body.fid1": Fid("ident"), "mds_body.valid": "valid",
         "mds_body.eadatasize": "easize", "mds_body.flags": EXT_FLAGS},
        {**ATTRIBUTES, "lov_md_or_linkname": "md"}, (BODY, Maybe("easize")),
    ),
    Form(
        op.GetAttrName, "MDS_GETATTR_NAME",
        {**WHO, "mds_body.suppgid": Const(0), "mds_body.fid1": Fid("ident"), "mds_body.valid": "valid",
         "mds_body.eadatasize": "easize", "mds_body.flags": EXT_FLAGS, "name": "name"},
        {**ATTRIBUTES, "lov_md_or_linkname": "md"}, (BODY, Maybe("easize")),
    ),
    Form(
        op.Lookup, "LDLM_ENQUEUE/INTENT_LOOKUP",
        {**INTENT, **WHO, "mds_body.fid1": Fid("parent"), "mds_body.fid2": Fid("child"), "mds_body.valid": INTENT_VALID,
         "mds_body.flags": EXT_FLAGS, "name": "name"},
        {"dlm_rep": "dlm_rep", **WITH_MD}, (DLM_REP, BODY, MD, ACL), match=("LDLM_ENQUEUE/INTENT_GETATTR",),
    ),
    Form(
        op.Open, "LDLM_ENQUEUE/INTENT_OPEN",
        {**INTENT, **rec("cr", MdsReint.REINT_OPEN), **CREATE, "rec.cr_flags": "flags", "lov_ea": "ea"},
        {"dlm_rep": "dlm_rep", **WITH_MD}, (DLM_REP, BODY, MD, ACL), match=("LDLM_ENQUEUE/INTENT_OPEN_CREAT",),
        replayed=True, lane="mdc", padded=("lov_ea", DEFAULT_EA), power_of_two="lov_ea",
    ),
    Form(
        op.Create, "MDS_REINT/CREATE",
        {**rec("cr", MdsReint.REINT_CREATE), **CREATE, "data": "data", "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY, common.LVB), replayed=True, lane="mdc",
    ),
    Form(
        op.Link, "MDS_REINT/LINK",
        {**rec("lk", MdsReint.REINT_LINK, suppgid="suppgid1", second=True), "rec.lk_fid1": Fid("source"),
         "rec.lk_fid2": Fid("parent"), "rec.lk_time": "time", "name": "name", "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY,), replayed=True, lane="mdc",
    ),
    Form(
        op.Unlink, "MDS_REINT/UNLINK",
        {**rec("ul", MdsReint.REINT_UNLINK), "rec.ul_mode": "mode", "rec.ul_fid1": Fid("parent"),
         "rec.ul_fid2": Fid("child"), "rec.ul_time": "time", "name": "name", "dlm_req": Cancels("cancels")},
        {**WITH_MD, "logcookies": "cookies"}, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.Rename, "MDS_REINT/RENAME",
        {**rec("rn", MdsReint.REINT_RENAME, suppgid="suppgid1", second=True), "rec.rn_fid1": Fid("source_dir"),
         "rec.rn_fid2": Fid("target_dir"), "rec.rn_time": "time", "old_name": "old", "new_name": "new",
         "dlm_req": Cancels("cancels")},
        {**WITH_MD, "logcookies": "cookies"}, (BODY, MD, COOKIES), replayed=True, lane="mdc",
    ),
    Form(
        op.SetAttr, "MDS_REINT/SETATTR",
        {**rec("sa", MdsReint.REINT_SETATTR), "rec.sa_mode": "mode", "rec.sa_fid": Fid("ident"),
         "rec.sa_valid": "valid", "rec.sa_size": "size", "rec.sa_mtime": "mtime", "rec.sa_atime": "atime",
         "rec.sa_ctime": "ctime", "rec.sa_uid": "owner", "rec.sa_gid": "group", "rec.sa_attr_flags": "attr_flags",
         "ea": "ea", "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY,), replayed=True, lane="mdc",
    ),
    Form(
        op.GetXattr, "MDS_GETXATTR",
        {**WHO, "mds_body.suppgid": Const(0), "mds_body.fid1": Fid("ident"), "mds_body.valid": "valid",
         "mds_body.eadatasize": "size", "xattr_name": "name"},
        {**ATTRIBUTES, "eadata": "value"}, (BODY, "size"),
    ),
    Form(
        op.SetXattr, "MDS_SETXATTR",
        {**WHO, "mds_body.suppgid": Const(0), "mds_body.fid1": Fid("ident"), "mds_body.valid": "valid",
         "mds_body.eadatasize": "size", "mds_body.flags": "flags", "xattr_name": "name", "value": "value"},
        replayed=True, lane="mdc",
    ),
    Form(
        op.Sync, "MDS_SYNC", {**WHO, "mds_body.suppgid": Const(0), "mds_body.fid1": Fid("ident")}, ATTRIBUTES, (BODY,),
    ),
    Form(
        op.Close, "MDS_CLOSE",
        {"mds_body.fid1": Fid("ident"), "mds_body.handle.cookie": "handle", "mds_body.valid": "valid",
         "mds_body.size": "size", "mds_body.blocks": "blocks", "mds_body.atime": "atime", "mds_body.mtime": "mtime",
         "mds_body.ctime": "ctime"},
        {**WITH_MD, "logcookies": "cookies"}, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="close",
    ),
    Form(
        op.DoneWriting, "MDS_DONE_WRITING",
        {"mds_body.fid1": Fid("ident"), "mds_body.valid": "valid", "mds_body.size": "size",
         "mds_body.blocks": "blocks", "mds_body.flags": "epoch_flags"},
        ATTRIBUTES, (BODY,), lane="close",
    ),
    Form(
        op.ReadPage, "MDS_READPAGE",
        {**WHO, "mds_body.suppgid": Const(MINUS_ONE), "mds_body.fid1": Fid("ident"), "mds_body.size": "offset",
         "mds_body.nlink": "size"},
        ATTRIBUTES, (BODY,), expects="size",
    ),
    *common.STATFS,
    *common.common_forms("lgl_ogr"),
    *common.ost_forms(common.obdo("o_id", "o_gr")),
)  # fmt: skip

PERSONALITY: Final = Personality(
    forms=FORMS,
    client_names=False,
    open_bits=MdsInodelock.MDS_INODELOCK_LOOKUP,
    flock_slot=2,
    close_valid=(
        ObdMd.OBD_MD_FLATIME | ObdMd.OBD_MD_FLMTIME | ObdMd.OBD_MD_FLCTIME,
        ObdMd.OBD_MD_FLATIME | ObdMd.OBD_MD_FLMTIME | ObdMd.OBD_MD_FLCTIME | ObdMd.OBD_MD_FLSIZE
        | ObdMd.OBD_MD_FLBLOCKS,
    ),
    directory="blocks",
    mds_flags=common.MDS_FLAGS | ObdConnect.OBD_CONNECT_EINPROGRESS,
    ost_flags=common.OST_FLAGS,
    mgs_flags=common.MGS_FLAGS | ObdConnect.OBD_CONNECT_ACL,
    mds_supported=number_at(MDS_CONNECT_SUPPORTED, _RELEASE),
    ost_supported=number_at(OST_CONNECT_SUPPORTED, _RELEASE),
    mgs_supported=number_at(MGS_CONNECT_SUPPORTED, _RELEASE),
    mgc_secflvr=0,
    bodies=dataclasses.replace(common.BODIES, epochs=True, rough_size=ObdMd.OBD_MD_FLSIZE),
    object_valid=common.OBJECT_VALID,
    layout=LayoutNames(file={"lmm_object_id": "id"}, object={"l_object_id": "id"}, io={"ioo_id": "id"}),
    checksums=common.CHECKSUMS,
    read_mode=MdsOpen.FMODE_READ,
    write_mode=MdsOpen.FMODE_WRITE,
)  # fmt: skip
