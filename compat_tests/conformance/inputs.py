"""Which decoded field each input of the recording programs went into, kind by kind.

The programs that made `fixtures/golden` called Lustre's own client code with known values, which stand under "params"
of each record. `check` compares them with what was decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lustre_wire as lw
from lustre_wire.schema import member_value

Expected = Callable[[Any, "View"], None]

#: Inputs that leave no trace of their own in the request, and where they show instead.
NOT_SENT = {
    "_lnet": "LNet header",
    "cksum_type": "checked with the checksum",
    "cur_idx": "where the client stands; the request names the next record",
    "ctxt_idx": "1.8 and 2.0 clients send 0",
    "default_mds_easize": "room in the reply",
    "fid3": "the file whose locks are cancelled early",
    "libclient": "kind of client",
    "lvb": "prose; lvb_size is checked as a lock's own value",
    "max_mds_easize": "room in the reply",
    "msg_magic_forced": "container version, checked by every test",
    "namelen": "the name's length",
    "note": "prose",
    "op_namelen": "the name's length",
    "output_size": "checked as eadatasize where it travels",
    "page_fill": "bulk data",
    "pb_flags_names": "checked for every message",
    "replay_or_resend_of": "checked by transaction number",
    "server_status": "of the reply",
    "val_len": "the client sends a value of its own",
}
PREFIXES = ("cr_", "lk_", "ul_", "rn_", "sa_", "sx_")
FILE_TYPES = {"mkdir": 0o040000, "symlink": 0o120000}
#: open(2) flags that keep their value in cr_flags.
OPEN_FLAGS = 0o17777


def plain(value: Any) -> Any:
    """Values as the recording programs wrote them: text, numbers, tuples of the numbers of a struct."""
    if hasattr(value, "__wire__"):
        return tuple(plain(getattr(value, f.name)) for f in value.__wire__.fields)
    if isinstance(value, bytes):
        return value.rstrip(b"\0").decode()
    return int(value) if isinstance(value, int) else value


class View:
    """A decoded request, its usual buffers found under whatever name the dialect has for them."""

    def __init__(self, message: lw.Message) -> None:
        self.message = message
        self.buffers = message.buffers

    def find(self, *names: str) -> Any:
        """The first buffer of these names that is there."""
        found = [getattr(self.buffers, n) for n in names if getattr(self.buffers, n, None) is not None]
        assert found, f"none of {names} in {self.message.name}"
        return found[0]

    @property
    def body(self) -> Any:
        return self.find("mds_body", "mdt_body")

    @property
    def lock(self) -> Any:
        return self.find("dlm_req").lock_desc

    def rec(self, *names: str) -> Any:
        """A field of the metadata record, without the prefix that each kind of record has."""
        record = self.find("rec", "rec_reint")
        for name in names:
            for prefix in PREFIXES:
                if hasattr(record, prefix + name):
                    return getattr(record, prefix + name)
        raise AssertionError(f"none of {names} in {type(record).__name__}")

    def text(self, *names: str) -> str:
        return str(self.find(*names).decode())

    def first(self, *owners: Callable[[], Any]) -> Any:
        for owner in owners:
            try:
                return owner()
            except (AssertionError, AttributeError):
                continue
        raise AssertionError("nowhere")


def equals(get: Callable[[View], Any]) -> Expected:
    def compare(wanted: Any, view: View) -> None:
        found = plain(get(view))
        assert found == (tuple(wanted.values()) if isinstance(wanted, dict) else wanted)

    return compare


def fid2(wanted: Any, view: View) -> None:
    """A new file's FID: a 2.0 client allocates it, before 2.0 there is none."""
    found = view.first(lambda: view.rec("fid2"), lambda: view.rec("replayfid"), lambda: view.body.fid2)
    if isinstance(wanted, str) and "mdc_fid_alloc" in wanted:
        assert plain(found)[0] >= 0x200000400
    elif isinstance(wanted, dict) and any(wanted.values()):
        assert plain(found) == tuple(wanted.values())
    else:
        assert not any(plain(found))


def locked_fid2(wanted: Any, view: View) -> None:
    """The child of an intent that looks it up by name: it may know it, but need not say so."""
    found = plain(view.body.fid2)
    assert not any(found) or found == tuple(wanted.values())


def replayed_fid2(wanted: Any, view: View) -> None:
    """A replay names the file that the first reply named."""
    assert any(plain(view.first(lambda: view.rec("fid2"), lambda: view.rec("replayfid"))))


def policy(wanted: Any, view: View) -> None:
    data = view.lock.l_policy_data
    if wanted is None:
        assert not any(data.raw)
    elif "ibits" in wanted:
        assert member_value(data, "l_inodebits").bits == wanted["ibits"]
    elif "pid" in wanted:
        flock = member_value(data, "l_flock")
        assert (flock.start, flock.end, flock.pid) == (wanted["flock_start"], wanted["flock_end"], wanted["pid"])
    else:
        assert plain(member_value(data, "l_extent")) == tuple(wanted.values())


def description(wanted: Any, view: View) -> None:
    """A whole lock."""
    lock = view.lock
    assert (lock.l_resource.lr_type, lock.l_resource.lr_name.name) == (wanted["type"], wanted["res_id"])
    assert (lock.l_req_mode, lock.l_granted_mode) == (wanted["req_mode"], wanted["granted_mode"])
    policy(wanted["policy"], view)


def pages(wanted: Any, view: View) -> None:
    """Neighbouring pages with the same flags go into one niobuf_remote."""
    runs: list[list[int]] = []
    for offset, count, flag in wanted:
        if runs and runs[-1][0] + runs[-1][1] == offset and runs[-1][2] == flag:
            runs[-1][1] += count
        else:
            runs.append([offset, count, flag])
    assert [[n.offset, n.len, int(n.flags)] for n in view.buffers.niobuf_remote] == runs


def operation(wanted: str, view: View) -> None:
    mode = view.rec("mode") & 0o170000
    assert mode == FILE_TYPES[wanted] if wanted in FILE_TYPES else mode not in FILE_TYPES.values()


def groups(wanted: list[int], view: View) -> None:
    first = view.first(lambda: view.rec("suppgid1", "suppgid"), lambda: view.body.suppgid)
    assert first == wanted[0]


def setattr_group(wanted: int, view: View) -> None:
    """Changing the group, the client names the new one."""
    chgrp = view.rec("valid") & view.message.dialect.constants["MDS_ATTR_GID"]
    assert view.rec("suppgid") == (view.rec("gid") if chgrp else wanted)


def nids(wanted: list[str], view: View) -> None:
    from lustre_wire.frames.nid import nid_str

    info = view.buffers.mgs_target_info
    assert [nid_str(n) for n in info.mti_nids[: info.mti_nid_count]] == wanted


def cookies(wanted: list[int], view: View) -> None:
    request = view.buffers.dlm_req
    assert [h.cookie for h in request.lock_handle[: request.lock_count]] == wanted


def cookie(wanted: int, view: View) -> None:
    assert view.buffers.dlm_req.lock_handle[0].cookie == wanted


def striping(wanted: Any, view: View) -> None:
    """No striping asked for: no EA, or room that is all zeroes."""
    data = view.first(lambda: view.find("eadata", "lov_ea", "ea", "eadata_or_symtgt"), lambda: b"")
    assert not any(data) if wanted is None else any(data)


def checksum(wanted: int, view: View) -> None:
    """A checksum travels in o_nlink, its algorithm (Adler-32 here) in o_flags."""
    oa, names = view.buffers.ost_body.oa, view.message.dialect.constants
    assert bool(oa.o_valid & names["OBD_MD_FLCKSUM"]) == bool(oa.o_nlink) == bool(wanted)
    assert bool(oa.o_flags & names["OBD_FL_CKSUM_ADLER"]) == bool(wanted)


def oa(name: str) -> Expected:
    return equals(lambda view: getattr(view.buffers.ost_body.oa, name))


def object_id(wanted: int, view: View) -> None:
    oa = view.buffers.ost_body.oa
    assert (oa.o_oi.oi_id if hasattr(oa, "o_oi") else oa.o_id) == wanted


def object_group(wanted: int, view: View) -> None:
    oa = view.buffers.ost_body.oa
    assert (oa.o_oi.oi_seq if hasattr(oa, "o_oi") else oa.o_gr) == wanted


def holds(test: Callable[[Any, View], Any]) -> Expected:
    def compare(wanted: Any, view: View) -> None:
        assert test(wanted, view)

    return compare


def includes(get: Callable[[View], int]) -> Expected:
    """The client adds bits of its own."""

    def compare(wanted: int, view: View) -> None:
        assert int(get(view)) & wanted == wanted

    return compare


def llogd(name: str) -> Expected:
    return equals(lambda view: getattr(view.buffers.llogd_body, name))


def logid(wanted: Any, view: View) -> None:
    found = plain(view.buffers.llogd_body.lgd_logid)
    assert not any(found) if wanted is None else found == tuple(wanted.values())


def llog_cookie(wanted: dict[str, int], view: View) -> None:
    found = view.buffers.ost_body.oa.o_lcookie
    assert [*plain(found.lgc_lgl), int(found.lgc_subsys), found.lgc_index] == list(wanted.values())


def replayed_striping(wanted: Any, view: View) -> None:
    """The layout that the first reply gave, an EA in little-endian order."""
    assert view.find("eadata", "lov_ea")[:4].hex() in ("d00bd10b", "d00bd30b")


#: A value that a reply gave, which the records of the inputs do not say.
ANYTHING: Expected = lambda wanted, view: None  # noqa: E731

LOCK: dict[str, Expected] = {
    "type": equals(lambda v: v.lock.l_resource.lr_type),
    "res_id": equals(lambda v: v.lock.l_resource.lr_name.name),
    "mode": equals(lambda v: v.lock.l_req_mode),
    "flags": equals(lambda v: v.buffers.dlm_req.lock_flags),
    "policy": policy,
}
INTENT: dict[str, Expected] = {
    "it_op": holds(lambda wanted, v: wanted == getattr(getattr(v.buffers, "ldlm_intent", None), "opc", wanted)),
    "ibits": lambda wanted, v: policy({"ibits": wanted}, v),
    "lock_mode": equals(lambda v: v.lock.l_req_mode),
    "it_flags": holds(lambda wanted, v: wanted == 0),
    "fid1": lambda wanted, v: _fid_of_resource(wanted, v),
    "fid2": locked_fid2,
    "name": equals(lambda v: v.text("name")),
    "suppgids": groups,
}
OPEN: dict[str, Expected] = INTENT | {
    "fid1": equals(lambda v: v.rec("fid1", "fid")),
    "it_flags": holds(lambda wanted, v: int(v.rec("flags")) & OPEN_FLAGS == wanted & OPEN_FLAGS),
    "it_create_mode": holds(lambda wanted, v: v.rec("mode") & 0o7777 == wanted & 0o7777),
    "mod_time": equals(lambda v: v.rec("time")),
    "fid2": fid2,
    "elc_count": holds(lambda wanted, v: v.buffers.dlm_req.lock_count == wanted + 1),
    "lmm": striping,
}
REINT: dict[str, Expected] = {
    "fid1": equals(lambda v: v.rec("fid1", "fid")),
    "fid2": fid2,
    "fid": equals(lambda v: v.rec("fid1", "fid")),
    "name": equals(lambda v: v.text("name")),
    "old": equals(lambda v: v.text("old_name")),
    "new": equals(lambda v: v.text("new_name")),
    "op": operation,
    "mode": equals(lambda v: v.rec("mode")),
    "uid": equals(lambda v: v.rec("fsuid")),
    "gid": equals(lambda v: v.rec("fsgid")),
    "cap": equals(lambda v: v.rec("cap")),
    "rdev": equals(lambda v: v.rec("rdev")),
    "time": equals(lambda v: v.rec("time")),
    "suppgid": equals(lambda v: v.rec("suppgid1", "suppgid")),
    "suppgids": groups,
    "elc_count": equals(lambda v: v.find("dlm_req").lock_count),
}
ATTRIBUTES: dict[str, Expected] = {
    name: equals(lambda v, n=name: v.rec(n)) for name in ("atime", "mtime", "ctime", "size", "mode", "attr_flags")
}  # fmt: skip
SETATTR: dict[str, Expected] = (
    REINT
    | ATTRIBUTES
    | {
        "uid": equals(lambda v: v.rec("uid")),
        "gid": equals(lambda v: v.rec("gid")),
        "ia_valid": includes(lambda v: v.rec("valid")),
        "ea": striping,
        "suppgid": setattr_group,
        "handle": lambda wanted, v: _epoch(wanted, v, "handle"),
        "ioepoch": lambda wanted, v: _epoch(wanted, v, "ioepoch"),
        "op_flags": holds(lambda wanted, v: v.find("dlm_req") and _epoch_flags(v) in (None, wanted & 7)),
    }
)
CLOSE: dict[str, Expected] = {
    "fid": equals(lambda v: v.first(lambda: v.body.fid1, lambda: v.rec("fid"))),
    "handle": holds(lambda wanted, v: _handle(v) == wanted),
    "size": equals(lambda v: _attribute(v, "size")),
    "blocks": equals(lambda v: _attribute(v, "blocks")),
    "atime": equals(lambda v: _attribute(v, "atime")),
    "mtime": equals(lambda v: _attribute(v, "mtime")),
    "ctime": equals(lambda v: _attribute(v, "ctime")),
    "mode": equals(lambda v: _attribute(v, "mode")),
    "suppgid": equals(lambda v: v.rec("suppgid")),
    "valid": holds(lambda wanted, v: v.first(lambda: v.body.valid == wanted, lambda: v.rec("valid") != 0)),
    "ia_valid": includes(lambda v: v.rec("valid")),
    "ioepoch": equals(lambda v: v.buffers.mdt_ioepoch.ioepoch),
    "op_flags": equals(lambda v: v.buffers.mdt_ioepoch.flags),
    "flags": equals(lambda v: v.first(lambda: v.body.flags, lambda: v.buffers.mdt_ioepoch.flags)),
}
BODY: dict[str, Expected] = {
    "fid": lambda wanted, v: equals(lambda v: v.body.fid1)(wanted, v) if wanted else None,
    "valid": includes(lambda v: v.body.valid),
    "ea_size": equals(lambda v: v.body.eadatasize),
    "name": equals(lambda v: v.text("name", "xattr_name")),
    "suppgid": equals(lambda v: v.body.suppgid),
    "offset": equals(lambda v: v.body.size),
    "size": equals(lambda v: v.body.nlink),
    "flag": equals(lambda v: v.body.flags),
    "handle": equals(lambda v: v.body.handle.cookie),
    "pfid": equals(lambda v: v.body.fid1),
    "cfid": equals(lambda v: v.body.fid2),
}
OST: dict[str, Expected] = {
    "o_id": object_id,
    "o_gr": object_group,
    "o_seq": object_group,
    "o_valid": includes(lambda v: v.buffers.ost_body.oa.o_valid),
    "o_valid_in": includes(lambda v: v.buffers.ost_body.oa.o_valid),
    **{n: oa(n) for n in ("o_atime", "o_mtime", "o_ctime", "o_uid", "o_gid", "o_flags")},
    "start": oa("o_size"),
    "end": oa("o_blocks"),
    "oscc_last_id": lambda wanted, v: object_id(wanted + 32, v),
    "oscc_grow_count": holds(lambda wanted, v: wanted == 32),
    "oscc_next_id": lambda wanted, v: object_id(wanted - 1, v),
    "elc_count": equals(lambda v: v.buffers.dlm_req.lock_count),
    "cookie": llog_cookie,
    "pages[off,count,flag]": pages,
    "checksum": checksum,
    "key": holds(lambda wanted, v: v.buffers.key.rstrip(b"\0").decode() == wanted),
}
CALLBACK: dict[str, Expected] = {
    "client_lock_cookie": cookie,
    "desc": description,
    "server_lock": description,
    "policy": policy,
    "flags": LOCK["flags"],
    "lock_l_flags": LOCK["flags"],
}
LLOG: dict[str, Expected] = {
    "name": equals(lambda v: v.text("name")),
    "logid": logid,
    "next_idx": llogd("lgd_index"),
    "prev_idx": llogd("lgd_index"),
    "len": llogd("lgd_len"),
    "cur_offset": llogd("lgd_cur_offset"),
}
INPUTS: dict[str, dict[str, Expected]] = {
    "connect": {
        "target_uuid": equals(lambda v: v.text("target_uuid")),
        "client_uuid": equals(lambda v: v.text("client_uuid")),
        **{
            name: equals(lambda v, n=name: getattr(v.buffers.connect_data, n))
            for name in ("ocd_connect_flags", "ocd_version", "ocd_group", "ocd_ibits_known", "ocd_cksum_types")
        },
    },
    "mgs-target-reg": {
        **{
            param: equals(lambda v, n=name: getattr(v.buffers.mgs_target_info, n))
            for param, name in {
                "ver": "mti_lustre_ver", "index": "mti_stripe_index", "config_ver": "mti_config_ver",
                "flags": "mti_flags", "fsname": "mti_fsname", "svname": "mti_svname", "uuid": "mti_uuid",
                "params": "mti_params",
            }.items()
        },
        "nids": nids,
    },
    "quotactl": {
        name: equals(lambda v, n=name: getattr(v.buffers.quotactl, n))
        for name in ("qc_cmd", "qc_type", "qc_id", "qc_stat")
    },
    "setxattr": {
        "fid": equals(lambda v: v.first(lambda: v.rec("fid"), lambda: v.body.fid1)),
        "name": equals(lambda v: v.text("name", "xattr_name")),
        "value": equals(lambda v: v.find("eadata", "xattr_value", "value", "input")),
        "flags": equals(lambda v: v.first(lambda: v.rec("flags"), lambda: v.body.flags)),
        "valid": includes(lambda v: v.first(lambda: v.rec("valid"), lambda: v.body.valid)),
        "suppgid": equals(lambda v: v.rec("suppgid1")),
    },
    "seq-query": {
        "opc": holds(lambda wanted, v: v.buffers.opc == {"SEQ_ALLOC_SUPER": 0, "SEQ_ALLOC_META": 1}[wanted]),
        "input_range": holds(lambda wanted, v: not any(plain(v.buffers.lu_seq_range))),
    },
    "fld-query": {
        "opc": holds(lambda wanted, v: v.buffers.opc == {"FLD_CREATE": 0, "FLD_DELETE": 1, "FLD_LOOKUP": 2}[wanted]),
        "seq": equals(lambda v: v.buffers.fld_range.lsr_start),
    },
    "ldlm-cancel": {
        "count": equals(lambda v: v.buffers.dlm_req.lock_count),
        "remote_lock_cookies": cookies,
    },
    "ldlm-convert": {"remote_lock_cookie": cookie, "new_mode": LOCK["mode"]},
    "ldlm-enqueue-glimpse": LOCK | {
        "extent": lambda wanted, v: policy({"start": wanted[0], "end": wanted[1], "gid": 0}, v),
        "object_id": holds(lambda wanted, v: v.lock.l_resource.lr_name.name[0] == wanted),
        "group": holds(lambda wanted, v: sum(v.lock.l_resource.lr_name.name[1:]) == wanted),
        "seq": holds(lambda wanted, v: sum(v.lock.l_resource.lr_name.name[1:]) == wanted),
    },
    **dict.fromkeys(("ldlm-bl-callback", "ldlm-cp-callback", "ldlm-gl-callback"), CALLBACK),
    **dict.fromkeys((f"ldlm-enqueue-{t}" for t in ("extent", "flock", "ibits", "plain")), LOCK),
    **dict.fromkeys((f"ldlm-enqueue-intent-{t}" for t in ("getattr", "lookup", "readdir")), INTENT),
    **dict.fromkeys(("ldlm-enqueue-intent-open",), OPEN),
    "open-replay": OPEN | {"fid2": replayed_fid2, "lmm": replayed_striping},
    **dict.fromkeys(("reint-create", "reint-link", "reint-rename", "reint-unlink", "resend"), REINT),
    "reint-setattr": SETATTR,
    **dict.fromkeys(("close", "done-writing"), CLOSE),
    "replay-MDS_CLOSE": CLOSE | {"handle": ANYTHING},  # the handle of the replayed open
    **dict.fromkeys(
        ("getattr", "getattr-name", "getstatus", "getxattr", "readpage", "sync", "pin", "unpin", "is-subdir"), BODY
    ),
    **dict.fromkeys(
        (f"ost-{t}" for t in (
            "create", "read", "write", "destroy", "get-info", "getattr", "punch", "set-info", "setattr", "sync",
        )), OST
    ),
    **dict.fromkeys(
        (f"llog-origin-handle-{t}" for t in ("create", "destroy", "next-block", "prev-block", "read-header")), LLOG
    ),
    **{kind: {} for kind in ("disconnect", "lock-replay", "ping", "statfs", "reconnect", "recovery-ping")},
}  # fmt: skip


def of_kind(view: View, kind: str) -> dict[str, Expected]:
    """A replayed record is checked like a new one, except for what replies gave it: FID, open handle and epoch."""
    if kind != "reint-replay":
        return INPUTS[kind]
    if view.message.name != "MDS_REINT/SETATTR":
        made = view.message.name == "MDS_REINT/CREATE"
        return REINT | {"fid2": replayed_fid2} if made else REINT
    return SETATTR | dict.fromkeys(("handle", "ioepoch"), ANYTHING)


def check(kind: str, params: dict[str, Any], message: lw.Message) -> int:
    """Compare every input that travels with its field; gives how many there were."""
    view = View(message)
    table = of_kind(view, kind)
    compared = 0
    for name, wanted in params.items():
        if name not in NOT_SENT:
            table[name](wanted, view)
            compared += 1
    return compared


def _fid_of_resource(wanted: dict[str, int], view: View) -> None:
    """The lock's resource name is made of the FID: of inode number and generation before 2.0."""
    name = view.lock.l_resource.lr_name.name
    parts = list(wanted.values())
    assert name[:2] == parts[:2]


def _attribute(view: View, name: str) -> Any:
    return view.first(lambda: getattr(view.body, name), lambda: view.rec(name))


def _handle(view: View) -> int:
    return int(view.first(lambda: view.body.handle.cookie, lambda: view.buffers.mdt_ioepoch.handle.cookie))


def _epoch_flags(view: View) -> int | None:
    epoch = view.buffers.mdt_ioepoch
    return None if epoch is None else int(epoch.flags)


def _epoch(wanted: int, view: View, name: str) -> None:
    epoch = view.buffers.mdt_ioepoch
    found = 0 if epoch is None else plain(getattr(epoch, name))
    assert found == (wanted if not isinstance(found, tuple) else (wanted,))
