"""What logs have in them: headers of every chunk size, records by type, those of later releases too.

Source: lustre_idl.h and llog_osd.c of 2.17.0. Logs of updates have chunks of 32 KiB from 2.8 on (lod/lod_dev.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from lustre_codecs.disk.files import LlogAgentReqBody
from lustre_codecs.enums.llog import ChangelogRecExtraFlags, ChangelogRecFlags, ChangelogRecType, LlogOp
from lustre_codecs.structs import llog
from lustre_codecs.structs.layouts import MdsExtentDesc
from lustre_codecs.structs.update import UpdateRecords
from lustre_wire.schema.commands import LogTypes
from lustre_wire.schema.margins import lasting
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import Release, newest
from lustre_wire.schema.struct import spec_of, wire_struct
from lustre_wire.schema.types import U32, Array
from lustre_wire.schema.views import history_of, view

_RECORDS: Final[Mapping[LlogOp, Any]] = {
    LlogOp.MDS_UNLINK_REC: llog.LlogUnlinkRec,
    LlogOp.MDS_SETATTR_REC: llog.LlogSetattrRec,
    LlogOp.MDS_SETATTR64_REC: llog.LlogSetattr64Rec,
    LlogOp.OST_SZ_REC: llog.LlogSizeChangeRec,
    LlogOp.LLOG_GEN_REC: llog.LlogGenRec,
    LlogOp.LLOG_LOGID_MAGIC: llog.LlogLogidRec,
    LlogOp.LLOG_JOIN_REC: MdsExtentDesc,
    LlogOp.CHANGELOG_REC: llog.ChangelogRec,
    LlogOp.CHANGELOG_USER_REC: llog.LlogChangelogUserRec,
    LlogOp.CHANGELOG_USER_REC2: llog.LlogChangelogUserRec2,
    LlogOp.MDS_UNLINK64_REC: llog.LlogUnlink64Rec,
    LlogOp.HSM_AGENT_REC: LlogAgentReqBody,
    LlogOp.UPDATE_REC: UpdateRecords,
}
_LARGER: Final = (16384, 32768, 65536)

#: How `lfs changelog` calls what happened (changelog_str).
_CHANGES: Final[Mapping[int, Any]] = {
    ChangelogRecType.CL_MARK: "MARK",
    ChangelogRecType.CL_CREATE: "CREAT",
    ChangelogRecType.CL_MKDIR: "MKDIR",
    ChangelogRecType.CL_HARDLINK: "HLINK",
    ChangelogRecType.CL_SOFTLINK: "SLINK",
    ChangelogRecType.CL_MKNOD: "MKNOD",
    ChangelogRecType.CL_UNLINK: "UNLNK",
    ChangelogRecType.CL_RMDIR: "RMDIR",
    ChangelogRecType.CL_RENAME: lasting({"2.0": "RNMFM", ("2.1.6", "2.3"): "RENME"}),
    ChangelogRecType.CL_EXT: "RNMTO",
    ChangelogRecType.CL_OPEN: "OPEN",
    ChangelogRecType.CL_CLOSE: "CLOSE",
    ChangelogRecType.CL_IOCTL: "IOCTL",
    ChangelogRecType.CL_TRUNC: "TRUNC",
    ChangelogRecType.CL_SETATTR: "SATTR",
    ChangelogRecType.CL_XATTR: "XATTR",
    ChangelogRecType.CL_HSM: "HSM",
    ChangelogRecType.CL_TIME: "TIME",
    ChangelogRecType.CL_LAYOUT: "LYOUT",
    ChangelogRecType.CL_SETXATTR: "XATTR",
    ChangelogRecType.CL_MTIME: "MTIME",
    ChangelogRecType.CL_CTIME: "CTIME",
    ChangelogRecType.CL_ATIME: "ATIME",
    ChangelogRecType.CL_MIGRATE: "MIGRT",
    ChangelogRecType.CL_FLRW: "FLRW",
    ChangelogRecType.CL_RESYNC: "RESYNC",
    ChangelogRecType.CL_GETXATTR: "GXATR",
    ChangelogRecType.CL_DN_OPEN: "NOPEN",
}


#: The optional parts of a change, in the order in which they follow each other, and the flag that says so of each.
_TAILS: Final[tuple[tuple[Any, Any], ...]] = (
    (llog.ChangelogExtRename, ChangelogRecFlags.CLF_RENAME),
    (llog.ChangelogExtJobid, ChangelogRecFlags.CLF_JOBID),
    (llog.ChangelogExtExtraFlags, ChangelogRecFlags.CLF_EXTRA_FLAGS),
    (llog.ChangelogExtUidgid, ChangelogRecExtraFlags.CLFE_UIDGID),
    (llog.ChangelogExtNid, ChangelogRecExtraFlags.CLFE_NID),
    (llog.ChangelogExtOpenmode, ChangelogRecExtraFlags.CLFE_OPEN),
    (llog.ChangelogExtXattr, ChangelogRecExtraFlags.CLFE_XATTR),
)


def at(release: Release) -> LogTypes:
    """The records that a release and newer ones write, and what its changelogs tell of."""
    records = _records(release)
    told = ((number_at(kind, release), said) for kind, said in _CHANGES.items())
    changes = {n: str(lasting(said).at(release).value) for n, said in told if n is not None}
    small = view(llog.LlogLogHdr, release)
    headers = {spec_of(small).size: small, **{size: _header(small, size) for size in _LARGER}}
    later = {number: cls for number, cls in _records(newest()).items() if number not in records}
    return LogTypes(records, later, headers, LlogOp, changes, _tails(release))


def _tails(release: Release) -> tuple[tuple[Any, str, int], ...]:
    """The parts that a release's changes may have."""
    found = (
        (cls, "cr_flags" if isinstance(flag, ChangelogRecFlags) else "cr_extra_flags", number_at(flag, release))
        for cls, flag in _TAILS
        if (history := history_of(cls)) is not None and history.exists(release)  # before, a bit meant a longer record
    )  # fmt: skip
    return tuple((view(cls, release), field, number) for cls, field, number in found if number is not None)


def _records(release: Release) -> dict[int, Any]:
    found = ((number_at(op, release), cls, history_of(cls)) for op, cls in _RECORDS.items())
    return {
        number: view(cls, release)
        for number, cls, history in found if number is not None and (history is None or history.exists(release))
    }  # fmt: skip


def _header(small: Any, size: int) -> Any:
    """The header of a log of larger chunks: its bitmap fills what is left of the first one."""
    proto, spec = small(), spec_of(small)
    words = len(proto.llh_bitmap) + (size - spec.size) // U32.size
    hints = {f.name: Annotated[(f.enum or object, f.type, *((f.shown,) if f.shown else ()))] for f in spec.fields}
    hints["llh_bitmap"] = Annotated[list[int], Array(U32.as_sent(), words)]
    values = {name: getattr(proto, name) for name in hints} | {"llh_bitmap": [0] * words}
    made = type(small.__name__, (), {"__annotations__": hints, "__doc__": small.__doc__, **values})
    return wire_struct(size=size, c_name=spec.name)(made)
