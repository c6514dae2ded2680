"""2.17 in the testbed: what servers of 2.17.0 answer to its clients (mdt/, ofd/, target/, mgs/ of 2.17.0).

Sizes, valid bits and flags are those of the recorded servers (`compat_tests/testbed/test_recorded_servers.py`).
"""

from __future__ import annotations

import errno
from typing import Final

from lustre_codecs.behaviour import testbed_forms as common
from lustre_codecs.behaviour.testbed_2_0 import CREATE, INTENT, rec
from lustre_codecs.behaviour.testbed_forms import BODY, CAPA, COOKIES, DLM_REP, LOGS, MD, MINUS_ONE, OBDO
from lustre_codecs.enums.connect import (
    MDT_CONNECT_SUPPORTED,
    MGS_CONNECT_SUPPORTED,
    OST_CONNECT_SUPPORTED,
    ObdCksum,
    ObdConnect2,
)
from lustre_codecs.enums.layout import LMV_USER_MAGIC
from lustre_codecs.enums.metadata import LuDirentAttrs, LustreFl, MdsAttr, MdsInodelock, MdsReint, ObdMd
from lustre_codecs.enums.security import LustreSecPart
from lustre_codecs.structs.layouts import LmvUserMdV1
from lustre_wire.engines import record
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import release
from lustre_wire.schema.views import view
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import (
    Bodies,
    Cancels,
    Const,
    Fid,
    Fields,
    Form,
    LayoutNames,
    Locking,
    ObjectValid,
    Personality,
)

_RELEASE: Final = release("2.17.0")
_BODY: Final = "mdt_body.mbo_"
ATTRIBUTES: Final[Fields] = {
    **{
        f"{_BODY}{name}": name
        for name in (
            "valid", "size", "mtime", "atime", "ctime", "blocks", "mode", "flags", "rdev", "nlink", "max_mdsize",
        )
    },
    f"{_BODY}fid1": Fid("ident"),
    f"{_BODY}open_handle.cookie": "handle",
    f"{_BODY}uid": "owner",
    f"{_BODY}gid": "group",
    f"{_BODY}eadatasize": "easize",
    f"{_BODY}btime": "btime",
    f"{_BODY}dom_size": "dom_size",
    f"{_BODY}dom_blocks": "dom_blocks",
}  # fmt: skip
WHO: Final[Fields] = {
    f"{_BODY}fsuid": "uid", f"{_BODY}fsgid": "gid", f"{_BODY}capability": "cap", f"{_BODY}suppgid": "suppgid",
}  # fmt: skip
NAMED: Final = Const(ObdMd.OBD_MD_FLID)
NO_GROUP: Final = Const(MINUS_ONE)
WITH_MD: Final[Fields] = {**ATTRIBUTES, f"{_BODY}aclsize": "aclsize", "mdt_md": "md", "acl": "acl"}
#: Most changes are answered with a body that says nothing.
BARE: Final[Fields] = {f"{_BODY}valid": Const(0)}
_ACL_ROOM: Final = 260
_LMV: Final = 56

#: What a new root says of its subdirectories: one stripe each, on any MDT, and round robin for three levels.
_DEFAULT_LMV: Final = view(LmvUserMdV1, _RELEASE)(
    lum_magic=LMV_USER_MAGIC, lum_stripe_count=1, lum_stripe_offset=0xFFFFFFFF, lum_max_inherit_rr=3
)

INTENT_REPLY: Final[Fields] = {"dlm_rep": "dlm_rep", **WITH_MD, "default_mdt_md": "default_lmv"}
OPENED: Final[Fields] = {
    "dlm_rep": "dlm_rep", **WITH_MD, "niobuf_inline": "inline", "default_mdt_md": "default_lmv",
}  # fmt: skip

#: obdo of an OST's object, which is named by FID.
OBJECT: Final[Fields] = {
    "ost_body.oa.o_oi.oi.oi_fid.f_seq": "seq",
    "ost_body.oa.o_oi.oi.oi_fid.f_oid": "id",
    "ost_body.oa.o_uid": "owner",
    "ost_body.oa.o_gid": "group",
    "ost_body.oa.o_nlink": "cksum",
    "ost_body.oa.o_parent_seq": "parent_seq",
    "ost_body.oa.o_parent_oid": "parent_oid",
    "ost_body.oa.o_handle.cookie": "handle",
    **{
        f"ost_body.oa.o_{name}": name
        for name in ("valid", "size", "mtime", "atime", "ctime", "blocks", "grant", "mode", "flags", "misc")
    },
}
OBJECT_REPLY: Final[Fields] = {path: source for path, source in OBJECT.items() if source != "misc"}
IO: Final[Fields] = {**OBJECT, "obd_ioobj": "ioobj", "niobuf_remote": "niobufs", "short_io": "short"}

FORMS: Final = (
    Form(op.GetStatus, "MDS_GET_ROOT", {**WHO}, {f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": NAMED}, (BODY, CAPA)),
    Form(
        op.GetAttr, "MDS_GETATTR",
        {**WHO, f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": "valid", f"{_BODY}eadatasize": "easize"},
        WITH_MD, (BODY, "easize", _ACL_ROOM, CAPA, CAPA),
    ),
    Form(
        op.GetAttrName, "MDS_GETATTR_NAME",
        {**WHO, f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": "valid", f"{_BODY}eadatasize": "easize",
         "name": "name"},
        WITH_MD, (BODY, "easize", _ACL_ROOM, CAPA, CAPA),
    ),
    Form(
        op.Lookup, "LDLM_ENQUEUE/INTENT_LOOKUP",
        {**INTENT, **WHO, f"{_BODY}fid1": Fid("parent"), f"{_BODY}fid2": Fid("child"), f"{_BODY}valid": "valid",
         f"{_BODY}eadatasize": "easize", "name": "name"},
        INTENT_REPLY, (DLM_REP, BODY, MD, _ACL_ROOM, CAPA, 0, _LMV), match=("LDLM_ENQUEUE/INTENT_GETATTR",),
    ),
    Form(
        op.BatchGetAttr, "MDS_BATCH sub GETATTR",
        {**INTENT, **WHO, f"{_BODY}fid1": Fid("parent"), f"{_BODY}fid2": Fid("child"), f"{_BODY}valid": "valid",
         f"{_BODY}eadatasize": "easize", "name": "name"},
        {**INTENT_REPLY, "file_encctx": Const(b"")},
    ),
    Form(
        op.Batch, "MDS_BATCH", {"but_update_header": "head", "but_update_buffer": "pieces"},
        {"batch_update_reply": "value"},
    ),
    Form(op.Convert, "LDLM_CONVERT", {"dlm_req": "dlm_req"}, {"dlm_rep": "dlm_rep"}, (DLM_REP,)),
    Form(
        op.LayoutGet, "LDLM_ENQUEUE/INTENT_LAYOUT",
        {**INTENT, "layout_intent.lai_opc": "opc", "layout_intent.lai_extent.e_start": "start",
         "layout_intent.lai_extent.e_end": "end", "eadata": "ea"},
        {"dlm_rep": "dlm_rep", "lvb": "md"}, (DLM_REP, MD), replayed=True,
    ),
    Form(
        op.XattrsGet, "LDLM_ENQUEUE/INTENT_GETXATTR",
        {**INTENT, **WHO, f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": "valid", f"{_BODY}eadatasize": "size"},
        {"dlm_rep": "dlm_rep", f"{_BODY}valid": "valid", f"{_BODY}eadatasize": "easize", f"{_BODY}aclsize": "aclsize",
         f"{_BODY}max_mdsize": "max_mdsize", "mdt_md": Const(bytes(_LMV)), "acl": Const(bytes(_ACL_ROOM)),
         "xattr_names": "value", "eavals": "values", "eavals_lens": "lengths"},
        (DLM_REP, BODY, _LMV, _ACL_ROOM, "size", "size", "size"),
    ),
    Form(
        op.Open, "LDLM_ENQUEUE/INTENT_OPEN",
        {**INTENT, **rec("cr", MdsReint.REINT_OPEN, "suppgid1", "suppgid2"), **CREATE, "rec_reint.cr_flags_l": "flags",
         "rec_reint.cr_open_handle_old.cookie": "old_handle", "rec_reint.cr_ioepoch": "epoch",
         "rec_reint.cr_umask": "umask", "eadata": "ea"},
        OPENED, (DLM_REP, BODY, MD, _ACL_ROOM, CAPA, CAPA, 16, 0, 0, _LMV),
        match=("LDLM_ENQUEUE/INTENT_OPEN_CREAT",), replayed=True, lane="mdc",
    ),
    Form(
        op.Create, "MDS_REINT/CREATE",
        {**rec("cr", MdsReint.REINT_CREATE, "suppgid1", "suppgid2"), **CREATE, "rec_reint.cr_umask": "umask",
         "rec_reint.cr_flags_l": "flags", "eadata": "ea", "dlm_req": Cancels("cancels")},
        {**ATTRIBUTES, "mdt_md": "md"}, (BODY, CAPA, MD), replayed=True, lane="mdc",
    ),
    Form(
        op.CreateLink, "MDS_REINT/CREATE_SYM",
        {**rec("cr", MdsReint.REINT_CREATE, "suppgid1", "suppgid2"), **CREATE, "rec_reint.cr_umask": "umask",
         "symtgt": "data", "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.Link, "MDS_REINT/LINK",
        {**rec("lk", MdsReint.REINT_LINK, "suppgid1", "suppgid2"), "rec_reint.lk_fid1": Fid("source"),
         "rec_reint.lk_fid2": Fid("parent"), "rec_reint.lk_time": "time", "name": "name",
         "dlm_req": Cancels("cancels")},
        BARE, (BODY,), replayed=True, lane="mdc",
    ),
    Form(
        op.Unlink, "MDS_REINT/UNLINK",
        {**rec("ul", MdsReint.REINT_UNLINK, "suppgid1", minus="suppgid2"), "rec_reint.ul_mode": "mode",
         "rec_reint.ul_fid1": Fid("parent"), "rec_reint.ul_fid2": Fid("child"), "rec_reint.ul_time": "time",
         "name": "name", "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.Rename, "MDS_REINT/RENAME",
        {**rec("rn", MdsReint.REINT_RENAME, "suppgid1", "suppgid2"), "rec_reint.rn_mode": "mode",
         "rec_reint.rn_fid1": Fid("source_dir"), "rec_reint.rn_fid2": Fid("target_dir"), "rec_reint.rn_time": "time",
         "name": "old", "symtgt": "new", "dlm_req": Cancels("cancels")},
        BARE, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.SetAttr, "MDS_REINT/SETATTR",
        {**rec("sa", MdsReint.REINT_SETATTR, "suppgid"), "rec_reint.sa_mode": "mode", "rec_reint.sa_fid": Fid("ident"),
         "rec_reint.sa_valid": "valid", "rec_reint.sa_size": "size", "rec_reint.sa_mtime": "mtime",
         "rec_reint.sa_atime": "atime", "rec_reint.sa_ctime": "ctime", "rec_reint.sa_uid": "owner",
         "rec_reint.sa_gid": "group", "rec_reint.sa_attr_flags": "attr_flags", "eadata": "ea",
         "dlm_req": Cancels("cancels")},
        ATTRIBUTES, (BODY, MD, _ACL_ROOM, CAPA, CAPA), replayed=True, lane="mdc",
    ),
    Form(
        op.GetXattr, "MDS_GETXATTR",
        {**WHO, f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": "valid", f"{_BODY}eadatasize": "size", "name": "name"},
        {f"{_BODY}valid": Const(ObdMd.OBD_MD_FLXATTR), f"{_BODY}eadatasize": "easize", "eadata": "value"},
        (BODY, "size"),
    ),
    Form(
        op.SetXattr, "MDS_REINT/SETXATTR",
        {**rec("sx", MdsReint.REINT_SETXATTR, "suppgid1", minus="suppgid2"), "rec_reint.sx_fid": Fid("ident"),
         "rec_reint.sx_valid": "valid", "rec_reint.sx_time": "time", "rec_reint.sx_size": "size",
         "rec_reint.sx_flags": "flags", "name": "name", "eadata": "value", "dlm_req": Cancels("cancels")},
        BARE, (BODY,), replayed=True, lane="mdc",
    ),
    Form(op.Sync, "MDS_SYNC", {**WHO, f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": NAMED}, ATTRIBUTES, (BODY,)),
    Form(
        op.Close, "MDS_CLOSE",
        {"mdt_ioepoch.mio_open_handle.cookie": "handle", **rec("sa", MdsReint.REINT_SETATTR, "suppgid"),
         "rec_reint.sa_fid": Fid("ident"), "rec_reint.sa_valid": "valid", "rec_reint.sa_mode": "mode",
         "rec_reint.sa_size": "size", "rec_reint.sa_blocks": "blocks", "rec_reint.sa_atime": "atime",
         "rec_reint.sa_mtime": "mtime", "rec_reint.sa_ctime": "ctime"},
        BARE, (BODY, MD, COOKIES, CAPA, CAPA), replayed=True, lane="close",
    ),
    Form(
        op.ReadPage, "MDS_READPAGE",
        {**WHO, f"{_BODY}fid1": Fid("ident"), f"{_BODY}valid": NAMED, f"{_BODY}size": "offset", f"{_BODY}nlink": "size",
         f"{_BODY}mode": Const(LuDirentAttrs.LUDA_FID | LuDirentAttrs.LUDA_TYPE)},
        BARE, (BODY,), expects="size",
    ),
    Form(
        op.SeqQuery, "SEQ_QUERY", {"opc": "opc", "lu_seq_range.lsr_start": "start", "lu_seq_range.lsr_end": "end"},
        {"lu_seq_range.lsr_start": "start", "lu_seq_range.lsr_end": "end"}, (24,),
    ),
    Form(
        op.FldQuery, "FLD_QUERY", {"opc": "opc", "fld_range.lsr_start": "start"},
        {"fld_range.lsr_start": "start", "fld_range.lsr_end": "end"}, (24,),
    ),
    Form(
        op.StatFs, "MDS_STATFS", {}, {"obd_statfs": "statfs"}, (144,), match=("OST_STATFS", "MDS_STATFS/NEW"),
    ),
    Form(op.Quota, "MDS_QUOTACTL", {"quotactl": "quota"}, {"quotactl": "quota"}, (112,)),
    Form(op.ObjectQuota, "OST_QUOTACTL", {"quotactl": "quota"}, {"quotactl": "quota"}, (112,)),
    Form(op.FidToPath, "MDS_GET_INFO/FID2PATH", {"key": "key", "vallen": "vallen"}, {"val": "value"}, ("vallen",)),
    Form(
        op.ConfigRead, "MGS_CONFIG_READ",
        {"mgs_config_body.mcb_name": "name", "mgs_config_body.mcb_offset": "offset", "mgs_config_body.mcb_type": "kind",
         "mgs_config_body.mcb_rec_nid_size": "nid_size", "mgs_config_body.mcb_bits": "bits",
         "mgs_config_body.mcb_units": "units"},
        {"mgs_config_res.mcr_offset": "offset", "mgs_config_res.mcr_size": "size"}, (16,),
    ),
    *common.log_forms({**LOGS, "lgl_oi.oi_id": "oid", "lgl_oi.oi_seq": "oseq"}),
    *common.lock_forms(56),
    Form(op.ObjectGetAttr, "OST_GETATTR", OBJECT, OBJECT_REPLY, (OBDO,)),
    Form(op.ObjectSetAttr, "OST_SETATTR", OBJECT, OBJECT_REPLY, (OBDO,), replayed=True),
    Form(op.ObjectCreate, "OST_CREATE", OBJECT, OBJECT_REPLY, (OBDO,)),
    Form(
        op.ObjectDestroy, "OST_DESTROY", {**OBJECT, "dlm_req": Cancels("cancels")}, OBJECT_REPLY, (OBDO,),
        replayed=True,
    ),
    Form(op.ObjectPunch, "OST_PUNCH", OBJECT, OBJECT_REPLY, (OBDO,), replayed=True),
    Form(op.ObjectSync, "OST_SYNC", OBJECT, OBJECT_REPLY, (OBDO,)),
    Form(op.ObjectSeek, "OST_SEEK", OBJECT, OBJECT_REPLY, (OBDO,)),
    Form(op.ObjectRead, "OST_READ", IO, {**OBJECT_REPLY, "short_io": "short"}, (OBDO, 0)),
    Form(op.ObjectWrite, "OST_WRITE", IO, {**OBJECT_REPLY, "rcs": "rcs"}, (OBDO, 8)),
    Form(op.GetInfo, "OST_GET_INFO/LAST_ID", {"key": "key"}, {"obd_id": "id"}, (8,)),
    Form(op.SetInfo, "OST_SET_INFO", {"key": "key", "val": "value"}),
)  # fmt: skip

_C2: Final = ObdConnect2
#: MDT_CONNECT_SUPPORTED2, OST_CONNECT_SUPPORTED2 and MGS_CONNECT_SUPPORTED2 (lustre_idl.h).
MDT_SUPPORTED2: Final = (
    _C2.OBD_CONNECT2_FILE_SECCTX | _C2.OBD_CONNECT2_DIR_MIGRATE | _C2.OBD_CONNECT2_SUM_STATFS
    | _C2.OBD_CONNECT2_OVERSTRIPING | _C2.OBD_CONNECT2_FLR | _C2.OBD_CONNECT2_LOCK_CONVERT
    | _C2.OBD_CONNECT2_ARCHIVE_ID_ARRAY | _C2.OBD_CONNECT2_INC_XID | _C2.OBD_CONNECT2_SELINUX_POLICY
    | _C2.OBD_CONNECT2_LSOM | _C2.OBD_CONNECT2_ASYNC_DISCARD | _C2.OBD_CONNECT2_PCC | _C2.OBD_CONNECT2_CRUSH
    | _C2.OBD_CONNECT2_ENCRYPT | _C2.OBD_CONNECT2_GETATTR_PFID | _C2.OBD_CONNECT2_LSEEK | _C2.OBD_CONNECT2_DOM_LVB
    | _C2.OBD_CONNECT2_REP_MBITS | _C2.OBD_CONNECT2_ATOMIC_OPEN_LOCK | _C2.OBD_CONNECT2_BATCH_RPC
    | _C2.OBD_CONNECT2_ENCRYPT_NAME | _C2.OBD_CONNECT2_ENCRYPT_FID2PATH | _C2.OBD_CONNECT2_DMV_IMP_INHERIT
    | _C2.OBD_CONNECT2_UNALIGNED_DIO | _C2.OBD_CONNECT2_PCCRO | _C2.OBD_CONNECT2_MIRROR_ID_FIX
)  # fmt: skip
OST_SUPPORTED2: Final = (
    _C2.OBD_CONNECT2_LOCKAHEAD | _C2.OBD_CONNECT2_INC_XID | _C2.OBD_CONNECT2_ENCRYPT | _C2.OBD_CONNECT2_LSEEK
    | _C2.OBD_CONNECT2_REP_MBITS | _C2.OBD_CONNECT2_REPLAY_CREATE | _C2.OBD_CONNECT2_UNALIGNED_DIO
)  # fmt: skip
MGS_SUPPORTED2: Final = _C2.OBD_CONNECT2_REP_MBITS | _C2.OBD_CONNECT2_LARGE_NID
_ID_TIMES: Final = ObdMd.OBD_MD_FLID | ObdMd.OBD_MD_FLATIME | ObdMd.OBD_MD_FLMTIME | ObdMd.OBD_MD_FLCTIME
_SIZE: Final = ObdMd.OBD_MD_FLSIZE | ObdMd.OBD_MD_FLBLOCKS
_KIND: Final = ObdMd.OBD_MD_FLMODE | ObdMd.OBD_MD_FLTYPE
_OWNER: Final = ObdMd.OBD_MD_FLUID | ObdMd.OBD_MD_FLGID
_QUOTAS: Final = ObdMd.OBD_MD_FLUSRQUOTA | ObdMd.OBD_MD_FLGRPQUOTA | ObdMd.OBD_MD_FLPRJQUOTA

PERSONALITY: Final = Personality(
    forms=FORMS,
    client_names=True,
    open_bits=MdsInodelock.MDS_INODELOCK_UPDATE,
    flock_slot=3,
    close_valid=(
        MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_ATIME_SET | MdsAttr.MDS_ATTR_MTIME_SET
        | MdsAttr.MDS_ATTR_CTIME_SET,
        MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_ATIME_SET | MdsAttr.MDS_ATTR_MTIME_SET
        | MdsAttr.MDS_ATTR_CTIME_SET | MdsAttr.MDS_ATTR_SIZE,
    ),
    directory="pages",
    mds_flags=number_at(MDT_CONNECT_SUPPORTED, _RELEASE),
    ost_flags=number_at(OST_CONNECT_SUPPORTED, _RELEASE),
    mgs_flags=number_at(MGS_CONNECT_SUPPORTED, _RELEASE),
    mds_supported=number_at(MDT_CONNECT_SUPPORTED, _RELEASE),
    ost_supported=number_at(OST_CONNECT_SUPPORTED, _RELEASE),
    mgs_supported=number_at(MGS_CONNECT_SUPPORTED, _RELEASE),
    mgc_secflvr=LustreSecPart.LUSTRE_SP_MGC << 24,
    mds_supported2=MDT_SUPPORTED2,
    ost_supported2=OST_SUPPORTED2,
    mgs_supported2=MGS_SUPPORTED2,
    bodies=Bodies(
        always=_ID_TIMES | _KIND | _OWNER | ObdMd.OBD_MD_FLFLAGS | ObdMd.OBD_MD_FLNLINK | ObdMd.OBD_MD_FLPROJID
        | ObdMd.OBD_MD_FLBTIME,
        not_file=_SIZE | ObdMd.OBD_MD_FLRDEV,
        no_objects=_SIZE,
        told=ObdMd.OBD_MD_FLLAZYSIZE | ObdMd.OBD_MD_FLLAZYBLOCKS,
        telling=MdsAttr.MDS_ATTR_LSIZE,
        acl=ObdMd.OBD_MD_FLACL,
        max_mdsize=128,
        file_flags=0x80000,
        orphan_flags=LustreFl.LUSTRE_ORPHAN_FL,
        asked_max=ObdMd.OBD_MD_FLMODEASIZE,
        replayed_layout=False,
        layout_of_removed=False,
        layout_where_asked=ObdMd.OBD_MD_FLEASIZE,
        default_lmv_asked=ObdMd.OBD_MD_MEA | ObdMd.OBD_MD_DEFAULT_MEA,
        default_lmv_valid=ObdMd.OBD_MD_FLDIREA | ObdMd.OBD_MD_DEFAULT_MEA,
        striped=ObdMd.OBD_MD_FLDIREA | ObdMd.OBD_MD_MEA,
        dom_size=ObdMd.OBD_MD_DOM_SIZE,
    ),
    locking=Locking(
        lookup=MdsInodelock.MDS_INODELOCK_LOOKUP | MdsInodelock.MDS_INODELOCK_PERM,
        getattr=MdsInodelock.MDS_INODELOCK_LOOKUP | MdsInodelock.MDS_INODELOCK_UPDATE | MdsInodelock.MDS_INODELOCK_PERM,
        layout=MdsInodelock.MDS_INODELOCK_LAYOUT,
        xattr=MdsInodelock.MDS_INODELOCK_XATTR,
        mode="LCK_PR",
        open=MdsInodelock.MDS_INODELOCK_LOOKUP | MdsInodelock.MDS_INODELOCK_OPEN,
        setattr=MdsInodelock.MDS_INODELOCK_UPDATE | MdsInodelock.MDS_INODELOCK_PERM,
        setxattr=MdsInodelock.MDS_INODELOCK_UPDATE | MdsInodelock.MDS_INODELOCK_XATTR,
        data=MdsInodelock.MDS_INODELOCK_DOM,
    ),
    object_word=1,
    object_sequences=(0x240000400, 0x40000000),
    object_valid={
        op.ObjectGetAttr: ObjectValid(0, _ID_TIMES | _SIZE | _KIND | _OWNER | ObdMd.OBD_MD_FLGROUP),
        op.ObjectSetAttr: ObjectValid(
            0, _ID_TIMES | _SIZE | _KIND | _OWNER | ObdMd.OBD_MD_FLGROUP | ObdMd.OBD_MD_FLPROJID
        ),
        op.ObjectSync: ObjectValid(0, _ID_TIMES | _SIZE | _KIND | ObdMd.OBD_MD_FLGROUP),
        op.ObjectSeek: ObjectValid(~0, 0),
        op.ObjectPunch: ObjectValid(0, ObdMd.OBD_MD_FLID | ObdMd.OBD_MD_FLBLOCKS),
        op.ObjectRead: ObjectValid(0, 0),
        op.ObjectWrite: ObjectValid(
            ~int(ObdMd.OBD_MD_FLMTIME | ObdMd.OBD_MD_FLATIME), _SIZE | _KIND | _QUOTAS | ObdMd.OBD_MD_FLID),
    },
    layout=LayoutNames(
        file={"lmm_oi.oi_id": "id", "lmm_oi.oi_seq": "seq"},
        object={"l_ost_oi.oi.oi_fid.f_seq": "seq", "l_ost_oi.oi.oi_fid.f_oid": "id"},
        io={"ioo_oid.oi.oi_fid.f_seq": "seq", "ioo_oid.oi.oi_fid.f_oid": "id"},
    ),
    root=(0x200000007, 1, 0),
    default_lmv=record.pack(_DEFAULT_LMV),
    default_lmv_room=_LMV,
    checksums=ObdCksum.OBD_CKSUM_ADLER | ObdCksum.OBD_CKSUM_T10IP512 | ObdCksum.OBD_CKSUM_T10IP4K,
    connect={
        "MDS": {"ocd_max_easize": 65536, "ocd_instance": 1, "ocd_maxmodrpcs": 8, "ocd_grant_blkbits": 12,
                "ocd_grant_inobits": 5, "ocd_grant_tax_kb": 24, "ocd_grant_max_blks": 16384},
        "OST": {"ocd_max_easize": 65536, "ocd_instance": 1, "ocd_grant_blkbits": 12, "ocd_grant_inobits": 5,
                "ocd_grant_tax_kb": 24, "ocd_grant_max_blks": 16384, "ocd_maxbytes": 17592186040320},
        "MGS": {},
    },
    lookup_valid=0x1140008491036FDF,
    lists_attributes=True,
    pages_at_once=True,
    extra_logs=("params",),
    replies_rounded=True,
    most_shards=5,
    punch_error=errno.EPROTO,
    mdt_object_valid={
        op.ObjectPunch: ObjectValid(0, _ID_TIMES | _SIZE),
    },
)  # fmt: skip
