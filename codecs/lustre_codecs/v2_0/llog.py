"""The records of 2.0's logs by type: the struct of the whole record, or of what stands between its head and tail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lustre_codecs.common.llog import HEADERS, LATER, LlogLaterType
from lustre_codecs.common.structs import LlogGenRec
from lustre_codecs.v2_0 import structs
from lustre_codecs.v2_0.constants import ChangelogRecType, LlogOp

__all__ = ["CHANGES", "HEADERS", "LATER", "RECORDS", "LlogLaterType"]

RECORDS: Final[Mapping[int, Any]] = {
    LlogOp.MDS_UNLINK_REC: structs.LlogUnlinkRec,
    LlogOp.MDS_SETATTR_REC: structs.LlogSetattrRec,
    LlogOp.MDS_SETATTR64_REC: structs.LlogSetattr64Rec,
    LlogOp.OST_SZ_REC: structs.LlogSizeChangeRec,
    LlogOp.LLOG_GEN_REC: LlogGenRec,
    LlogOp.LLOG_LOGID_MAGIC: structs.LlogLogidRec,
    LlogOp.CHANGELOG_REC: structs.ChangelogRec,
    LlogOp.CHANGELOG_USER_REC: structs.LlogChangelogUserRec,
}

#: How `lfs changelog` calls what happened (changelog_str).
CHANGES: Final[Mapping[int, str]] = {
    ChangelogRecType.CL_MARK: "MARK",
    ChangelogRecType.CL_CREATE: "CREAT",
    ChangelogRecType.CL_MKDIR: "MKDIR",
    ChangelogRecType.CL_HARDLINK: "HLINK",
    ChangelogRecType.CL_SOFTLINK: "SLINK",
    ChangelogRecType.CL_MKNOD: "MKNOD",
    ChangelogRecType.CL_UNLINK: "UNLNK",
    ChangelogRecType.CL_RMDIR: "RMDIR",
    ChangelogRecType.CL_RENAME: "RNMFM",
    ChangelogRecType.CL_EXT: "RNMTO",
    ChangelogRecType.CL_OPEN: "OPEN",
    ChangelogRecType.CL_CLOSE: "CLOSE",
    ChangelogRecType.CL_IOCTL: "IOCTL",
    ChangelogRecType.CL_TRUNC: "TRUNC",
    ChangelogRecType.CL_SETATTR: "SATTR",
    ChangelogRecType.CL_XATTR: "XATTR",
    ChangelogRecType.CL_HSM: "HSM",
    ChangelogRecType.CL_TIME: "TIME",
}
