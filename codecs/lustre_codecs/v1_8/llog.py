"""The records of 1.8's logs by type: the struct of the whole record, or of what stands between its head and tail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lustre_codecs.common.constants import LlogOp
from lustre_codecs.common.llog import HEADERS, LATER, LlogLaterType
from lustre_codecs.common.structs import LlogGenRec
from lustre_codecs.v1_8 import structs

__all__ = ["HEADERS", "LATER", "RECORDS", "LlogLaterType"]

RECORDS: Final[Mapping[int, Any]] = {
    LlogOp.MDS_UNLINK_REC: structs.LlogUnlinkRec,
    LlogOp.MDS_SETATTR_REC: structs.LlogSetattrRec,
    LlogOp.MDS_SETATTR64_REC: structs.LlogSetattr64Rec,
    LlogOp.OST_SZ_REC: structs.LlogSizeChangeRec,
    LlogOp.LLOG_GEN_REC: LlogGenRec,
    LlogOp.LLOG_LOGID_MAGIC: structs.LlogLogidRec,
    LlogOp.LLOG_JOIN_REC: structs.MdsExtentDesc,
}
