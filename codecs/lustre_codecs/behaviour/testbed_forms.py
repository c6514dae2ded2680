"""What the testbed's messages have in common in 1.8 and 2.0.

Sizes of reply buffers (`room`) are those the recorded clients reserve (lm_repsize).
"""

from __future__ import annotations

from typing import Final

from lustre_codecs.enums.connect import ObdCksum, ObdConnect
from lustre_codecs.enums.metadata import MdsInodelock, ObdMd
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import Bodies, Cancels, Const, Fid, Fields, Form, ObjectValid

#: Bytes: mdt_body, EA of a file with as many stripes as can be, its unlink cookies, ACL, capability, ost_lvb.
BODY, MD, COOKIES, ACL, CAPA, LVB, DLM_REP, OBDO = 216, 1024, 128, 260, 120, 40, 112, 208
#: Default size of a new file's EA: what a client puts into an open that may create.
DEFAULT_EA = 72
ALL: Final = 0xFFFFFFFF
MINUS_ONE: Final = 0xFFFFFFFF

#: What a client asks of, and grants to, the three kinds of target in both dialects.
MDS_FLAGS: Final = (
    ObdConnect.OBD_CONNECT_VERSION | ObdConnect.OBD_CONNECT_ACL | ObdConnect.OBD_CONNECT_XATTR
    | ObdConnect.OBD_CONNECT_IBITS | ObdConnect.OBD_CONNECT_JOIN | ObdConnect.OBD_CONNECT_ATTRFID
    | ObdConnect.OBD_CONNECT_NODEVOH | ObdConnect.OBD_CONNECT_CANCELSET | ObdConnect.OBD_CONNECT_AT
    | ObdConnect.OBD_CONNECT_LRU_RESIZE | ObdConnect.OBD_CONNECT_VBR | ObdConnect.OBD_CONNECT_LOV_V3
)  # fmt: skip
OST_FLAGS: Final = (
    ObdConnect.OBD_CONNECT_GRANT | ObdConnect.OBD_CONNECT_SRVLOCK | ObdConnect.OBD_CONNECT_VERSION
    | ObdConnect.OBD_CONNECT_REQPORTAL | ObdConnect.OBD_CONNECT_TRUNCLOCK | ObdConnect.OBD_CONNECT_CANCELSET
    | ObdConnect.OBD_CONNECT_AT | ObdConnect.OBD_CONNECT_LRU_RESIZE | ObdConnect.OBD_CONNECT_INDEX
    | ObdConnect.OBD_CONNECT_VBR | ObdConnect.OBD_CONNECT_MDS | ObdConnect.OBD_CONNECT_CKSUM
    | ObdConnect.OBD_CONNECT_BRW_SIZE | ObdConnect.OBD_CONNECT_GRANT_SHRINK | ObdConnect.OBD_CONNECT_QUOTA64
)  # fmt: skip
MGS_FLAGS: Final = ObdConnect.OBD_CONNECT_VERSION | ObdConnect.OBD_CONNECT_AT | ObdConnect.OBD_CONNECT_VBR
IBITS: Final = (
    MdsInodelock.MDS_INODELOCK_LOOKUP | MdsInodelock.MDS_INODELOCK_UPDATE | MdsInodelock.MDS_INODELOCK_OPEN
)  # fmt: skip

_OBJECT: Final = ObdMd.OBD_MD_FLID | ObdMd.OBD_MD_FLATIME | ObdMd.OBD_MD_FLMTIME | ObdMd.OBD_MD_FLCTIME
_SIZE: Final = ObdMd.OBD_MD_FLSIZE | ObdMd.OBD_MD_FLBLOCKS
#: What bodies say of objects, of the MDT's and of the OSTs'.
BODIES: Final = Bodies(
    always=_OBJECT | ObdMd.OBD_MD_FLMODE | ObdMd.OBD_MD_FLTYPE | ObdMd.OBD_MD_FLUID | ObdMd.OBD_MD_FLGID
    | ObdMd.OBD_MD_FLFLAGS | ObdMd.OBD_MD_FLNLINK | ObdMd.OBD_MD_FLGENER | ObdMd.OBD_MD_FLRDEV,
    not_file=_SIZE, no_objects=_SIZE, handle=ObdMd.OBD_MD_FLHANDLE, cookies=ObdMd.OBD_MD_FLCOOKIE, max_mdsize=1024,
)  # fmt: skip
OBJECT_VALID: Final = {op.ObjectOp: ObjectValid(0, _OBJECT | _SIZE | ObdMd.OBD_MD_FLGROUP)}
CHECKSUMS: Final = ObdCksum.OBD_CKSUM_CRC32 | ObdCksum.OBD_CKSUM_ADLER


def attributes(body: str, epoch: str) -> Fields:
    """The reply's body: `mds_body` or `mdt_body`, whose fields have the same names but one."""
    same = (
        "valid", "size", "mtime", "atime", "ctime", "blocks", "ino", "generation", "mode", "flags", "rdev", "nlink",
        "max_mdsize", "max_cookiesize",
    )  # fmt: skip
    return {
        f"{body}.fid1": Fid("ident"),
        f"{body}.handle.cookie": "handle",
        f"{body}.uid": "owner",
        f"{body}.gid": "group",
        f"{body}.eadatasize": "easize",
        f"{body}.{epoch}": "epoch",
        **{f"{body}.{name}": name for name in same},
    }


def who(prefix: str, *, cap: str = "capability", suppgid: str = "suppgid") -> Fields:
    """Credentials in a body."""
    return {
        f"{prefix}.fsuid": "uid",
        f"{prefix}.fsgid": "gid",
        f"{prefix}.{cap}": "cap",
        f"{prefix}.{suppgid}": "suppgid",
    }


def obdo(ident: str, seq: str) -> Fields:
    """An `ost_body`."""
    same = ("valid", "size", "mtime", "atime", "ctime", "blocks", "grant", "mode", "flags", "misc")
    return {
        f"ost_body.oa.{ident}": "id",
        f"ost_body.oa.{seq}": "seq",
        "ost_body.oa.o_uid": "owner",
        "ost_body.oa.o_gid": "group",
        "ost_body.oa.o_nlink": "cksum",
        **{f"ost_body.oa.o_{name}": name for name in same},
    }


def ost_forms(fields: Fields) -> tuple[Form, ...]:
    """The OST's operations: the formats differ only in a capability at the end, which nobody fills."""
    reply = {path: source for path, source in fields.items() if source != "misc"}
    io = {**fields, "obd_ioobj": "ioobj", "niobuf_remote": "niobufs"}
    return (
        Form(op.ObjectGetAttr, "OST_GETATTR", fields, reply, (OBDO,)),
        Form(op.ObjectSetAttr, "OST_SETATTR", fields, reply, (OBDO,), replayed=True),
        Form(op.ObjectCreate, "OST_CREATE", fields, reply, (OBDO,)),
        Form(
            op.ObjectDestroy, "OST_DESTROY",
            {**fields, "ost_body.oa.o_lcookie": "lcookie", "dlm_req": Cancels("cancels")}, reply, (OBDO,),
            replayed=True,
        ),
        Form(op.ObjectPunch, "OST_PUNCH", fields, reply, (OBDO,), replayed=True),
        Form(op.ObjectSync, "OST_SYNC", fields, reply, (OBDO,)),
        Form(op.ObjectRead, "OST_READ", io, reply, (OBDO,)),
        Form(op.ObjectWrite, "OST_WRITE", io, {**reply, "rcs": "rcs"}, (OBDO, 8)),
        Form(op.GetInfo, "OST_GET_INFO/LAST_ID", {"key": "key"}, {"obd_id": "id"}, (8,)),
        Form(op.SetInfo, "OST_SET_INFO", {"key": "key", "val": "value"}),
    )


#: What an llogd_body names a log by, but for its sequence.
LOGS: Final[Fields] = {"lgl_ogen": "ogen"}


def common_forms(seq: str) -> tuple[Form, ...]:
    """What is the same in both: locks, configuration logs."""
    return (*lock_forms(LVB), *log_forms({**LOGS, "lgl_oid": "oid", seq: "oseq"}))


def lock_forms(lvb: int) -> tuple[Form, ...]:
    """Locks without an intent of the MDS, and their end."""
    return (
        Form(
            op.Enqueue, "LDLM_ENQUEUE", {"dlm_req": "dlm_req"}, {"dlm_rep": "dlm_rep", "lvb": "lvb"}, (DLM_REP, lvb),
            match=("LDLM_ENQUEUE/GLIMPSE", "LDLM_ENQUEUE/INTENT_READDIR"),
        ),
        Form(op.Cancel, "LDLM_CANCEL", {"dlm_req": Cancels("cancels")}),
    )  # fmt: skip


def log_forms(identity: Fields) -> tuple[Form, ...]:
    """Configuration logs, by the fields of an llog_logid."""
    logid = {f"llogd_body.lgd_logid.{path}": source for path, source in identity.items()}
    block = {
        **logid,
        "llogd_body.lgd_index": "index",
        "llogd_body.lgd_saved_index": "saved_index",
        "llogd_body.lgd_len": "length",
        "llogd_body.lgd_cur_offset": "offset",
    }
    return (
        Form(op.LogOpen, "LLOG_ORIGIN_HANDLE_CREATE", {"llogd_body.lgd_index": Const(0), "name": "name"}, logid, (48,)),
        Form(
            op.LogHeader, "LLOG_ORIGIN_HANDLE_READ_HEADER", {**logid, "llogd_body.lgd_llh_flags": "flags"},
            {"llog_log_hdr": "log_header"}, (8192,),
        ),
        Form(
            op.LogBlock, "LLOG_ORIGIN_HANDLE_NEXT_BLOCK", {**block, "llogd_body.lgd_llh_flags": "flags"},
            {**block, "log_block": "block"}, (48, 8192),
        ),
    )  # fmt: skip


STATFS: Final = (
    Form(op.StatFs, "MDS_STATFS", {}, {"obd_statfs": "statfs"}, (144,), match=("OST_STATFS",)),
    Form(op.Quota, "MDS_QUOTACTL", {"quotactl": "quota"}, {"quotactl": "quota"}, (112,)),
    Form(op.ObjectQuota, "OST_QUOTACTL", {"quotactl": "quota"}, {"quotactl": "quota"}, (112,)),
)  # fmt: skip
