"""The verdict per operation and direction: lossless, lossy with exactly these fields, or impossible with that errno."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from errno import EBADE, EINVAL, EOPNOTSUPP, EOVERFLOW, EPROTO, ESTALE
from typing import Any

import pytest

import lustre_wire as lw

D18, D20 = lw.dialect("1.8"), lw.dialect("2.0")
NO_GROUP = 0xFFFFFFFF
FLAGS = {**D18.constants, **D20.constants}
CAPA = D20.structs["lustre_capa"](lc_opc=1)


def s18(name: str, **values: Any) -> Any:
    """A struct of 1.8 with these values."""
    return D18.structs[name](**values)


def s20(name: str, **values: Any) -> Any:
    """A struct of 2.0 with these values."""
    return D20.structs[name](**values)


#: A file made by 1.8, its directory, and a file made by 2.0.
FILE18, FILE20 = s18("ll_fid", id=4711, generation=77, f_type=0o100000), s20("lu_fid", f_seq=4711, f_oid=77)
DIR18, DIR20 = s18("ll_fid", id=100, generation=9, f_type=0o040000), s20("lu_fid", f_seq=100, f_oid=9)
BORN20 = s20("lu_fid", f_seq=0x200000400, f_oid=5)


def lock(
    first: int = 100, second: int = 9, third: int = 0, fourth: int = 0, kind: str = "LDLM_IBITS", **more: Any
) -> Any:
    """A lock request on the resource with this name."""
    made = s18("ldlm_request", lock_count=1, **more)
    made.lock_desc.l_resource.lr_type = FLAGS[kind]
    made.lock_desc.l_resource.lr_name.name = [first, second, third, fourth]
    return made


def intent(opc: str) -> Any:
    """An intent."""
    value = FLAGS["IT_OPEN"] | FLAGS["IT_CREAT"] if opc == "IT_OPEN|IT_CREAT" else FLAGS[opc]
    return s18("ldlm_intent", opc=value)


def body18(**values: Any) -> Any:
    return s18("mds_body", **{"fid1": FILE18, **values})


def body20(**values: Any) -> Any:
    return s20("mdt_body", **{"fid1": FILE20, **values})


def request(dialect: Any, form: str, /, **buffers: Any) -> lw.Message:
    """A request."""
    return lw.build(dialect, form, **buffers)


def replay(message: lw.Message, transno: int = 5) -> lw.Message:
    """The same request, replayed."""
    message.body.pb_flags = FLAGS["MSG_REPLAY"]
    message.body.pb_transno = transno
    return message


def reply(dialect: Any, form: str, /, **buffers: Any) -> lw.Message:
    """A successful reply."""
    return lw.build(dialect, form, "reply", **buffers)


def open18(flags: Any = FLAGS["FMODE_READ"], name: bytes = b"f", intents: str = "IT_OPEN", **rec: Any) -> lw.Message:
    """An open of 1.8."""
    values = {"cr_opcode": FLAGS["REINT_OPEN"], "cr_fid": DIR18, "cr_flags": flags, **rec}
    form = "LDLM_ENQUEUE/INTENT_OPEN" + ("_CREAT" if "CREAT" in intents else "")
    return request(
        D18, form, dlm_req=lock(lock_flags=FLAGS["LDLM_FL_HAS_INTENT"]), ldlm_intent=intent(intents),
        rec=s18("mds_rec_create", **values), name=name,
    )  # fmt: skip


def open20(flags: Any = FLAGS["FMODE_READ"], name: bytes = b"f", intents: str = "IT_OPEN", **rec: Any) -> lw.Message:
    """An open of 2.0."""
    values = {
        "cr_opcode": FLAGS["REINT_OPEN"], "cr_fid1": DIR20, "cr_flags": flags, "cr_suppgid2": NO_GROUP, **rec,
    }  # fmt: skip
    form = "LDLM_ENQUEUE/INTENT_OPEN" + ("_CREAT" if "CREAT" in intents else "")
    return request(
        D20, form, dlm_req=lock(lock_flags=FLAGS["LDLM_FL_HAS_INTENT"]), ldlm_intent=intent(intents),
        rec_reint=s20("mdt_rec_create", **values), name=name,
    )  # fmt: skip


TIMES = FLAGS["MDS_ATTR_ATIME"] | FLAGS["MDS_ATTR_MTIME"]
TIMES_SET = FLAGS["MDS_ATTR_ATIME_SET"] | FLAGS["MDS_ATTR_MTIME_SET"]
CREATING = FLAGS["FMODE_WRITE"] | FLAGS["MDS_OPEN_CREAT"]


def opened18(disposition: Any, fid: Any = FILE18) -> lw.Message:
    """The reply to an open of 1.8."""
    return reply(
        D18, "LDLM_ENQUEUE/INTENT_OPEN_CREAT", dlm_rep=s18("ldlm_reply", lock_policy_res1=disposition),
        mds_body=body18(fid1=fid),
    )  # fmt: skip


def opened20(fid: Any) -> lw.Message:
    """The reply to an open of 2.0."""
    return reply(D20, "LDLM_ENQUEUE/INTENT_OPEN_CREAT", dlm_rep=s20("ldlm_reply"), mdt_body=body20(fid1=fid))


def mkdir18(**rec: Any) -> lw.Message:
    values = {"cr_opcode": FLAGS["REINT_CREATE"], "cr_fid": DIR18, "cr_mode": 0o040755, **rec}
    return request(D18, "MDS_REINT/CREATE", rec=s18("mds_rec_create", **values), name=b"d", dlm_req=s18("ldlm_request"))


def mkdir20(**rec: Any) -> lw.Message:
    values = {
        "cr_opcode": FLAGS["REINT_CREATE"], "cr_fid1": DIR20, "cr_fid2": BORN20, "cr_mode": 0o040755,
        "cr_suppgid2": NO_GROUP, **rec,
    }  # fmt: skip
    rec_reint = s20("mdt_rec_create", **values)
    return request(D20, "MDS_REINT/CREATE", rec_reint=rec_reint, name=b"d", dlm_req=s18("ldlm_request"))


def reint18(name: str, struct: str, prefix: str, **rec: Any) -> lw.Message:
    """A metadata record of 1.8 with the buffers its operation needs."""
    values = {f"{prefix}_opcode": FLAGS[f"REINT_{name}"], **rec}
    names = {"SETATTR": {}, "RENAME": {"old_name": b"a", "new_name": b"b"}}.get(name, {"name": b"n"})
    return request(D18, f"MDS_REINT/{name}", rec=s18(struct, **values), dlm_req=s18("ldlm_request"), **names)


def reint20(name: str, struct: str, prefix: str, buffers: Any = None, **rec: Any) -> lw.Message:
    """A metadata record of 2.0 with the buffers its operation needs."""
    values = {f"{prefix}_opcode": FLAGS[f"REINT_{name}"], **rec}
    names = {"SETATTR": {}, "RENAME": {"old_name": b"a", "new_name": b"b"}}.get(name, {"name": b"n"})
    more = {"dlm_req": s18("ldlm_request")} if name != "SETXATTR" else {}
    return request(D20, f"MDS_REINT/{name}", rec_reint=s20(struct, **values), **more, **names, **(buffers or {}))


def connect(dialect: Any, flags: Any, direction: str = "request", name: str = "MDS_CONNECT") -> lw.Message:
    """A connect or its answer."""
    data = dialect.structs["obd_connect_data"](ocd_connect_flags=flags)
    if direction == "reply":
        return reply(dialect, name, connect_data=data)
    return request(
        dialect, name, target_uuid=b"fs-MDT0000_UUID", client_uuid=b"c", conn_handle=s18("lustre_handle", cookie=1),
        connect_data=data,
    )  # fmt: skip


def ost(dialect: Any, name: str, **values: Any) -> lw.Message:
    """A request with an obdo."""
    made = dialect.structs["ost_body"]()
    made.oa.o_valid = FLAGS["OBD_MD_FLID"] | FLAGS["OBD_MD_FLGROUP"]
    for path, value in values.items():
        setattr(made.oa, path, value)
    return request(dialect, name, ost_body=made)


@dataclass
class Row:
    """One verdict: `lost` names the losses, `errno` says that it is impossible; neither: lossless."""

    operation: str
    way: str
    make: Callable[[], lw.Message]
    lost: tuple[str, ...] = ()
    errno: int = 0
    session: Callable[[], lw.Session] = lw.Session

    def __str__(self) -> str:
        return f"{self.operation}, {self.way}"


UP_REQ, DOWN_REP, DOWN_REQ, UP_REP = "18 req->20", "20 rep->18", "20 req->18", "18 rep->20"
FID, FULL20 = FLAGS["OBD_CONNECT_FID"], FLAGS["OBD_CONNECT_FULL20"]
RDONLY = FLAGS["OBD_CONNECT_RDONLY"]
#: A dirty flag combination of an MDS's attribute reply.
SEEN = FLAGS["OBD_MD_FLTYPE"] | FLAGS["OBD_MD_FLMODE"]


def allocating() -> lw.Session:
    return lw.Session(fids=lw.FidAllocator(0x200000400))


def knowing() -> lw.Session:
    """A session that knows both names of the new file."""
    made = lw.Session()
    made.identify(inode=4711, generation=77, fid=(0x200000400, 5, 0))
    return made


def _quota(dialect: Any) -> lw.Message:
    return request(dialect, "MDS_QUOTACTL", quotactl=dialect.structs["obd_quotactl"](qc_id=1))


def _statfs(dialect: Any) -> lw.Message:
    return reply(dialect, "MDS_STATFS", obd_statfs=dialect.structs["obd_statfs"](os_blocks=1))


def _enqueue(dialect: Any, kind: str = "LDLM_IBITS", name: tuple[int, ...] = (100, 9, 0, 0), **more: Any) -> lw.Message:
    return request(dialect, "LDLM_ENQUEUE", dlm_req=lock(*name, kind=kind, **more))


def _lock_reply(dialect: Any) -> lw.Message:
    made = dialect.structs["ldlm_reply"]()
    made.lock_desc.l_resource = lock().lock_desc.l_resource
    return reply(dialect, "LDLM_ENQUEUE", dlm_rep=made)


def _close18() -> lw.Message:
    return request(D18, "MDS_CLOSE", mds_body=body18(valid=FLAGS["OBD_MD_FLATIME"], atime=5))


def _unlinked(cookies: Any) -> lw.Message:
    return reply(
        D18, "LDLM_ENQUEUE/INTENT_UNLINK", dlm_rep=s18("ldlm_reply"), mds_body=body18(), logcookies=cookies
    )  # fmt: skip


def _setattr18(valid: int) -> lw.Message:
    return reint18("SETATTR", "mds_rec_setattr", "sa", sa_fid=FILE18, sa_valid=valid, sa_atime=1, sa_mtime=2)


def _close20(buffers: Any = None, flags: int = 4, ioepoch: int = 0, **rec: Any) -> lw.Message:
    values = {"sa_opcode": FLAGS["REINT_SETATTR"], "sa_fid": FILE20, "sa_suppgid": NO_GROUP, **rec}
    return request(
        D20, "MDS_CLOSE", mdt_ioepoch=s20("mdt_ioepoch", ioepoch=ioepoch, flags=flags),
        rec_reint=s20("mdt_rec_setattr", **values), **(buffers or {}),
    )  # fmt: skip


def _setxattr20(buffers: Any = None, **rec: Any) -> lw.Message:
    values = {"sx_fid": FILE20, "sx_suppgid1": NO_GROUP, "sx_suppgid2": NO_GROUP, "sx_valid": FLAGS["OBD_MD_FLXATTR"]}
    return reint20("SETXATTR", "mdt_rec_setxattr", "sx", {"eadata": b"v", **(buffers or {})}, **{**values, **rec})


def _replayed_lock(dialect: Any) -> lw.Message:
    made = _enqueue(dialect, lock_flags=FLAGS["LDLM_FL_REPLAY"] | FLAGS["LDLM_FL_BLOCK_GRANTED"])
    if dialect is D20:
        made.body.pb_flags = FLAGS["MSG_REQ_REPLAY_DONE"]
    return made


ROWS = [
    Row("CONNECT without FID", UP_REQ, lambda: connect(D18, RDONLY), errno=EBADE),
    Row("CONNECT with FID", UP_REQ, lambda: connect(D18, FID)),
    Row("CONNECT", DOWN_REP, lambda: connect(D20, FID | FULL20, "reply")),
    Row("CONNECT without FID", DOWN_REQ, lambda: connect(D20, FULL20), errno=EPROTO),
    Row("CONNECT with FID", DOWN_REQ, lambda: connect(D20, FULL20 | FID)),
    Row("CONNECT", UP_REP, lambda: connect(D18, RDONLY, "reply")),
    Row("CONNECT of an OST", UP_REQ, lambda: connect(D18, RDONLY, name="OST_CONNECT")),
    Row("GETSTATUS", UP_REQ, lambda: request(D18, "MDS_GETSTATUS", mds_body=s18("mds_body"))),
    Row("GETSTATUS of a root of 1.8", DOWN_REP, lambda: reply(D20, "MDS_GETSTATUS", mdt_body=body20())),
    Row("GETSTATUS of a root of 2.0", DOWN_REP, lambda: reply(D20, "MDS_GETSTATUS", mdt_body=body20(fid1=BORN20)),
        errno=ESTALE),
    Row("GETSTATUS", DOWN_REQ, lambda: request(D20, "MDS_GETSTATUS", mdt_body=s20("mdt_body"))),
    Row("GETSTATUS with a capability", DOWN_REP,
        lambda: reply(D20, "MDS_GETSTATUS", mdt_body=body20(), capa1=CAPA), lost=("capa",)),
    Row("GETSTATUS", UP_REP, lambda: reply(D18, "MDS_GETSTATUS", mds_body=body18())),
    Row("GETATTR", UP_REQ, lambda: request(D18, "MDS_GETATTR", mds_body=body18())),
    Row("GETATTR", DOWN_REP, lambda: reply(D20, "MDS_GETATTR", mdt_body=body20(valid=SEEN))),
    Row("GETATTR of a file of 2.0", DOWN_REP, lambda: reply(D20, "MDS_GETATTR", mdt_body=body20(fid1=BORN20)),
        errno=ESTALE),
    Row("GETATTR with gid_h and a capability", DOWN_REP,
        lambda: reply(D20, "MDS_GETATTR", mdt_body=body20(gid_h=1), capa1=CAPA), lost=("gid_h", "capa")),
    Row("GETATTR with uid_h", DOWN_REP, lambda: reply(D20, "MDS_GETATTR", mdt_body=body20(uid_h=1)), errno=EOVERFLOW),
    Row("GETATTR", DOWN_REQ, lambda: request(D20, "MDS_GETATTR", mdt_body=body20())),
    Row("GETATTR of a file of 2.0", DOWN_REQ, lambda: request(D20, "MDS_GETATTR", mdt_body=body20(fid1=BORN20)),
        errno=ESTALE),
    Row("GETATTR with a capability", DOWN_REQ, lambda: request(D20, "MDS_GETATTR", mdt_body=body20(), capa1=CAPA),
        lost=("capa",)),
    Row("GETATTR", UP_REP, lambda: reply(D18, "MDS_GETATTR", mds_body=body18())),
    Row("GETATTR_NAME", UP_REQ, lambda: request(D18, "MDS_GETATTR_NAME", mds_body=body18(fid1=DIR18), name=b"f")),
    Row("GETATTR_NAME", DOWN_REP, lambda: reply(D20, "MDS_GETATTR_NAME", mdt_body=body20())),
    Row("GETATTR_NAME", DOWN_REQ, lambda: request(D20, "MDS_GETATTR_NAME", mdt_body=body20(fid1=DIR20), name=b"f")),
    Row("GETATTR_NAME", UP_REP, lambda: reply(D18, "MDS_GETATTR_NAME", mds_body=body18())),
    Row("STATFS", UP_REQ, lambda: request(D18, "MDS_STATFS")),
    Row("STATFS", DOWN_REP, lambda: _statfs(D20)),
    Row("STATFS", DOWN_REQ, lambda: request(D20, "MDS_STATFS")),
    Row("STATFS", UP_REP, lambda: _statfs(D18)),
    Row("QUOTA", UP_REQ, lambda: _quota(D18)),
    Row("QUOTA", DOWN_REQ, lambda: _quota(D20)),
    Row("SETATTR", UP_REQ, lambda: reint18("SETATTR", "mds_rec_setattr", "sa", sa_fid=FILE18)),
    Row("SETATTR of both times to the server's", UP_REQ, lambda: _setattr18(TIMES), lost=("atime", "mtime")),
    Row("SETATTR of given times", UP_REQ, lambda: _setattr18(TIMES | TIMES_SET)),
    Row("SETATTR", DOWN_REP, lambda: reply(D20, "MDS_REINT/SETATTR", mdt_body=body20())),
    Row("SETATTR", DOWN_REQ, lambda: reint20("SETATTR", "mdt_rec_setattr", "sa", sa_fid=FILE20)),
    Row("SETATTR of blocks, with a capability", DOWN_REQ, lambda: reint20(
        "SETATTR", "mdt_rec_setattr", "sa", {"capa1": CAPA}, sa_fid=FILE20, sa_valid=FLAGS["MDS_ATTR_BLOCKS"],
        sa_blocks=8), lost=("blocks", "capa")),
    Row("SETATTR with fsuid_h", DOWN_REQ, lambda: reint20(
        "SETATTR", "mdt_rec_setattr", "sa", sa_fid=FILE20, sa_fsuid_h=1), errno=EOVERFLOW),
    Row("SETATTR with an epoch", DOWN_REQ, lambda: reint20(
        "SETATTR", "mdt_rec_setattr", "sa", {"mdt_ioepoch": s20("mdt_ioepoch", ioepoch=3)}, sa_fid=FILE20),
        lost=("ioepoch",)),
    Row("SETATTR", UP_REP, lambda: reply(D18, "MDS_REINT/SETATTR", mds_body=body18())),
    Row("CREATE with an allocated FID", UP_REQ, mkdir18, session=allocating),
    Row("CREATE without one", UP_REQ, mkdir18, errno=EINVAL),
    Row("CREATE of a new FID", DOWN_REP, lambda: reply(D20, "MDS_REINT/CREATE", mdt_body=body20(fid1=BORN20)),
        errno=ESTALE),
    Row("CREATE without a map", DOWN_REQ, mkdir20, errno=ESTALE),
    Row("CREATE with a map", DOWN_REQ, mkdir20, session=knowing),
    Row("CREATE with bias", DOWN_REQ, lambda: mkdir20(cr_bias=1), errno=EOPNOTSUPP, session=knowing),
    Row("CREATE of a split directory", DOWN_REQ, lambda: mkdir20(cr_flags=FLAGS["MDS_CREATE_SLAVE_OBJ"]),
        errno=EOPNOTSUPP, session=knowing),
    Row("CREATE without a map", UP_REP, lambda: reply(D18, "MDS_REINT/CREATE", mds_body=body18()), errno=ESTALE),
    Row("CREATE with a map", UP_REP, lambda: reply(D18, "MDS_REINT/CREATE", mds_body=body18()), session=knowing),
    Row("OPEN existing", UP_REQ, open18),
    Row("OPEN without flags", UP_REQ, lambda: open18(flags=0), errno=EPROTO),
    Row("OPEN with a layout it does not have", UP_REQ, lambda: open18(flags=FLAGS["MDS_OPEN_HAS_EA"]), errno=EINVAL),
    Row("OPEN existing", DOWN_REP, lambda: opened20(FILE20)),
    Row("OPEN of a file of 2.0", DOWN_REP, lambda: opened20(BORN20), errno=ESTALE),
    Row("OPEN existing", DOWN_REQ, open20),
    Row("OPEN with a second group", DOWN_REQ, lambda: open20(cr_suppgid2=7), lost=("suppgid2",)),
    Row("OPEN of an I/O epoch", DOWN_REQ, lambda: open20(flags=FLAGS["FMODE_EPOCH"]), errno=EOPNOTSUPP),
    Row("OPEN existing", UP_REP, lambda: opened18(FLAGS["DISP_OPEN_OPEN"])),
    Row("OPEN creating", UP_REQ, lambda: open18(CREATING, intents="IT_OPEN|IT_CREAT"), session=allocating),
    Row("OPEN creating without a FID", UP_REQ, lambda: open18(CREATING, intents="IT_OPEN|IT_CREAT"), errno=EINVAL),
    Row("OPEN creating", DOWN_REP, lambda: opened20(BORN20), errno=ESTALE),
    Row("OPEN creating without a map", DOWN_REQ, lambda: open20(CREATING, intents="IT_OPEN|IT_CREAT", cr_fid2=BORN20),
        errno=ESTALE),
    Row("OPEN creating without a map", UP_REP, lambda: opened18(FLAGS["DISP_OPEN_CREATE"]), errno=ESTALE),
    Row("OPEN replay", UP_REQ, lambda: replay(open18(cr_replayfid=FILE18))),
    Row("OPEN replay", DOWN_REP, lambda: opened20(FILE20)),
    Row("OPEN replay", DOWN_REQ, lambda: replay(open20(cr_fid2=FILE20, cr_old_handle=s20("lustre_handle", cookie=8)))),
    Row("OPEN replay of a file of 2.0", DOWN_REQ, lambda: replay(open20(cr_fid2=BORN20)), errno=ESTALE),
    Row("LINK", UP_REQ, lambda: reint18("LINK", "mds_rec_link", "lk", lk_fid1=FILE18, lk_fid2=DIR18)),
    Row("LINK", DOWN_REP, lambda: reply(D20, "MDS_REINT/LINK", mdt_body=body20())),
    Row("LINK", DOWN_REQ, lambda: reint20("LINK", "mdt_rec_link", "lk", lk_fid1=FILE20, lk_fid2=DIR20, lk_suppgid2=7)),
    Row("LINK with bias", DOWN_REQ, lambda: reint20("LINK", "mdt_rec_link", "lk", lk_bias=4), errno=EOPNOTSUPP),
    Row("LINK", UP_REP, lambda: reply(D18, "MDS_REINT/LINK", mds_body=body18())),
    Row("UNLINK", UP_REQ, lambda: reint18("UNLINK", "mds_rec_unlink", "ul", ul_fid1=DIR18, ul_fid2=FILE18)),
    Row("UNLINK", DOWN_REP, lambda: reply(D20, "MDS_REINT/UNLINK", mdt_body=body20())),
    Row("UNLINK", DOWN_REQ, lambda: reint20("UNLINK", "mdt_rec_unlink", "ul", ul_fid1=DIR20, ul_suppgid2=NO_GROUP)),
    Row("UNLINK with empty cookies", UP_REP, lambda: _unlinked(b"")),
    Row("UNLINK with cookies", UP_REP, lambda: _unlinked([s18("llog_cookie", lgc_index=1)]), lost=("logcookies",)),
    Row("UNLINK with a second group", DOWN_REQ, lambda: reint20(
        "UNLINK", "mdt_rec_unlink", "ul", ul_fid1=DIR20, ul_suppgid2=7), lost=("suppgid2",)),
    Row("UNLINK with bias", DOWN_REQ, lambda: reint20("UNLINK", "mdt_rec_unlink", "ul", ul_bias=2), errno=EOPNOTSUPP),
    Row("UNLINK", UP_REP, lambda: reply(D18, "MDS_REINT/UNLINK", mds_body=body18())),
    Row("RENAME", UP_REQ, lambda: reint18("RENAME", "mds_rec_rename", "rn", rn_fid1=DIR18, rn_fid2=DIR18)),
    Row("RENAME", DOWN_REP, lambda: reply(D20, "MDS_REINT/RENAME", mdt_body=body20())),
    Row("RENAME with a file type", DOWN_REQ, lambda: reint20(
        "RENAME", "mdt_rec_rename", "rn", rn_fid1=DIR20, rn_fid2=DIR20, rn_mode=0o100000)),
    Row("RENAME with a mode", DOWN_REQ, lambda: reint20(
        "RENAME", "mdt_rec_rename", "rn", rn_fid1=DIR20, rn_fid2=DIR20, rn_mode=0o100644), lost=("mode",)),
    Row("RENAME with bias", DOWN_REQ, lambda: reint20("RENAME", "mdt_rec_rename", "rn", rn_bias=1), errno=EOPNOTSUPP),
    Row("RENAME", UP_REP, lambda: reply(D18, "MDS_REINT/RENAME", mds_body=body18())),
    Row("JOIN", UP_REQ, lambda: open18(flags=FLAGS["MDS_OPEN_JOIN_FILE"]), errno=EOPNOTSUPP),
    Row("CLOSE by nobody known", UP_REQ, lambda: _close18(), lost=("credentials",)),
    Row("CLOSE", UP_REQ, lambda: _close18(), session=lambda: lw.Session(fsuid=0)),
    Row("CLOSE", DOWN_REP, lambda: reply(D20, "MDS_CLOSE", mdt_body=body20())),
    Row("CLOSE", DOWN_REQ, _close20),
    Row("CLOSE with an epoch", DOWN_REQ, lambda: _close20(ioepoch=3), lost=("ioepoch",)),
    Row("CLOSE with a size change", DOWN_REQ, lambda: _close20(flags=1), lost=("SOM",)),
    Row("CLOSE with attributes for size on MDS", DOWN_REQ, lambda: _close20(flags=0x80), errno=EOPNOTSUPP),
    Row("CLOSE", UP_REP, lambda: reply(D18, "MDS_CLOSE", mds_body=body18())),
    Row("DONE_WRITING", UP_REQ, lambda: request(D18, "MDS_DONE_WRITING", mds_body=body18()), errno=EOPNOTSUPP),
    Row("DONE_WRITING", DOWN_REQ, lambda: request(
        D20, "MDS_DONE_WRITING", mdt_ioepoch=s20("mdt_ioepoch"), rec_reint=s20("mdt_rec_setattr")), errno=EOPNOTSUPP),
    Row("READPAGE from the start", UP_REQ,
        lambda: request(D18, "MDS_READPAGE", mds_body=body18(fid1=DIR18, nlink=4096))),
    Row("READPAGE", UP_REQ, lambda: request(D18, "MDS_READPAGE", mds_body=body18(fid1=DIR18, size=4096)),
        lost=("cursor",)),
    Row("READPAGE", DOWN_REP, lambda: reply(D20, "MDS_READPAGE", mdt_body=body20(fid1=DIR20)), lost=("generation",)),
    Row("READPAGE of a directory of 2.0", DOWN_REP, lambda: reply(D20, "MDS_READPAGE", mdt_body=body20(fid1=BORN20)),
        errno=ESTALE),
    Row("READPAGE", DOWN_REQ, lambda: request(D20, "MDS_READPAGE", mdt_body=body20(fid1=DIR20, size=0x1234, mode=3)),
        lost=("cursor",)),
    Row("READPAGE", UP_REP, lambda: reply(D18, "MDS_READPAGE", mds_body=body18(fid1=DIR18)), errno=EOPNOTSUPP),
    Row("GETXATTR", UP_REQ, lambda: request(D18, "MDS_GETXATTR", mds_body=body18(), xattr_name=b"user.x")),
    Row("GETXATTR", DOWN_REP, lambda: reply(D20, "MDS_GETXATTR", mdt_body=body20(), eadata=b"v")),
    Row("GETXATTR", DOWN_REQ, lambda: request(D20, "MDS_GETXATTR", mdt_body=body20(), name=b"user.x")),
    Row("GETXATTR", UP_REP, lambda: reply(D18, "MDS_GETXATTR", mds_body=body18(), eadata=b"v")),
    Row("SETXATTR", UP_REQ, lambda: request(D18, "MDS_SETXATTR", mds_body=body18(), xattr_name=b"user.x", value=b"v")),
    Row("SETXATTR", DOWN_REP, lambda: reply(D20, "MDS_REINT/SETXATTR", mdt_body=s20("mdt_body"))),
    Row("SETXATTR", DOWN_REQ, _setxattr20),
    Row("SETXATTR with a second group and a time", DOWN_REQ, lambda: _setxattr20(sx_suppgid2=7, sx_time=5),
        lost=("suppgid2", "time")),
    Row("SETXATTR", UP_REP, lambda: reply(D18, "MDS_SETXATTR")),
    Row("PIN", UP_REQ, lambda: request(D18, "MDS_PIN", mds_body=body18()), errno=EOPNOTSUPP),
    Row("UNPIN", UP_REQ, lambda: request(D18, "MDS_UNPIN", mds_body=body18()), errno=EOPNOTSUPP),
    Row("SEQ", DOWN_REQ, lambda: request(D20, "SEQ_QUERY", opc=1, lu_seq_range=s20("lu_seq_range")), errno=EOPNOTSUPP),
    Row("FLD", DOWN_REQ, lambda: request(D20, "FLD_QUERY", ), errno=EOPNOTSUPP),
    Row("GET_INFO", DOWN_REQ, lambda: lw.build(D20, "MDS_GET_INFO"), errno=EOPNOTSUPP),
    Row("LDLM enqueue", UP_REQ, lambda: _enqueue(D18)),
    Row("LDLM enqueue", DOWN_REP, lambda: _lock_reply(D20)),
    Row("LDLM enqueue", DOWN_REQ, lambda: _enqueue(D20)),
    Row("LDLM enqueue of a file of 2.0", DOWN_REQ, lambda: _enqueue(D20, name=(0x200000400, 5, 0, 0)), errno=ESTALE),
    Row("LDLM enqueue of an extent", UP_REQ, lambda: _enqueue(D18, "LDLM_EXTENT", (5, 0, 0, 0))),
    Row("LDLM enqueue of an extent of another group", UP_REQ, lambda: _enqueue(D18, "LDLM_EXTENT", (5, 3, 0, 0)),
        lost=("group",)),
    Row("LDLM enqueue of an extent of another sequence", DOWN_REQ,
        lambda: _enqueue(D20, "LDLM_EXTENT", (5, 3, 0, 0)), errno=EPROTO),
    Row("LDLM enqueue of unknown inode bits", DOWN_REQ, lambda: _inode_bits(D20, 0x9), errno=EINVAL),
    Row("LDLM enqueue of unknown inode bits", UP_REQ, lambda: _inode_bits(D18, 0x9), errno=EINVAL),
    Row("LDLM enqueue", UP_REP, lambda: _lock_reply(D18)),
    Row("OST data", UP_REQ, lambda: ost(D18, "OST_GETATTR", o_id=5)),
    Row("OST data of another group", UP_REQ, lambda: ost(D18, "OST_GETATTR", o_id=5, o_gr=3), lost=("group",)),
    Row("OST data", DOWN_REP, lambda: reply(D20, "OST_GETATTR", ost_body=s20("ost_body"))),
    Row("OST data", DOWN_REQ, lambda: ost(D20, "OST_GETATTR", o_oi=s20("ost_id", oi_id=5))),
    Row("OST data with IDIF", DOWN_REQ,
        lambda: ost(D20, "OST_GETATTR", o_oi=s20("ost_id", oi_id=5, oi_seq=0x100000000)), errno=EPROTO),
    Row("OST data with an epoch", DOWN_REQ, lambda: ost(D20, "OST_GETATTR", o_ioepoch=5), lost=("ioepoch",)),
    Row("OST data", UP_REP, lambda: reply(D18, "OST_GETATTR", ost_body=s18("ost_body"))),
    Row("LDLM replay lock", UP_REQ, lambda: _replayed_lock(D18)),
    Row("LDLM replay lock", DOWN_REP, lambda: _lock_reply(D20)),
    Row("LDLM replay lock", DOWN_REQ, lambda: _replayed_lock(D20)),
    Row("LDLM replay lock", UP_REP, lambda: _lock_reply(D18)),
]  # fmt: skip


def _inode_bits(dialect: Any, bits: int) -> lw.Message:
    made = _enqueue(dialect)
    made.buffers.dlm_req.lock_desc.l_policy_data.l_inodebits = s18("ldlm_inodebits", bits=bits)
    return made


def target_of(row: Row) -> Any:
    return D20 if row.way.startswith("18") else D18


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_verdict(row: Row) -> None:
    message, target = row.make(), target_of(row)
    assert message.dialect is not target
    assert message.direction == ("reply" if " rep" in row.way else "request")
    before = lw.encode(message)
    if row.errno:
        with pytest.raises(lw.Untranslatable) as caught:
            lw.translate(message, target, session=row.session(), on_loss="report")
        assert caught.value.errno == row.errno
        return
    if row.lost:
        with pytest.raises(lw.LossyTranslation) as lossy:
            lw.translate(message, target, session=row.session())
        assert set(lossy.value.names) == set(row.lost)
    out = lw.translate(message, target, session=row.session(), allow=row.lost)
    assert {loss.name for loss in out.report.losses} == set(row.lost)
    assert all(loss.allowed for loss in out.report.losses)
    assert lw.encode(message) == before, "the source is not changed"
    again = lw.decode(lw.encode(out.message), target, request=out.message.format, strict=True)
    assert again == out.message


def test_the_table_has_every_row_of_the_verdicts() -> None:
    told = {row.operation.split()[0] for row in ROWS}
    assert told == {
        "CONNECT", "GETSTATUS", "GETATTR", "GETATTR_NAME", "STATFS", "QUOTA", "SETATTR", "CREATE", "OPEN", "LINK",
        "UNLINK", "RENAME", "JOIN", "CLOSE", "DONE_WRITING", "READPAGE", "GETXATTR", "SETXATTR", "PIN", "UNPIN", "SEQ",
        "FLD", "GET_INFO", "LDLM", "OST",
    }  # fmt: skip
