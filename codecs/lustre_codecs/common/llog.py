"""What logs have in common, whichever release wrote them: headers of every chunk size, records of later releases.

Source: lustre_idl.h and llog_osd.c of 2.17.0. Logs of updates have chunks of 32 KiB from 2.8 on (lod/lod_dev.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from lustre_codecs.common.structs import LlogLogHdr, LuFid
from lustre_wire.schema import U32, Array, Chars, Flex, Raw, Shown, WireEnum, spec_of, u32, u64, wire_struct

_SMALL: Final = spec_of(LlogLogHdr)


def _header(size: int) -> Any:
    """The header of a log of larger chunks: its bitmap fills what is left of the first one."""
    proto = LlogLogHdr()
    words = len(proto.llh_bitmap) + (size - _SMALL.size) // U32.size
    hints = {f.name: Annotated[(f.enum or object, f.type, *((f.shown,) if f.shown else ()))] for f in _SMALL.fields}
    hints["llh_bitmap"] = Annotated[list[int], Array(U32.as_sent(), words)]
    values = {name: getattr(proto, name) for name in hints} | {"llh_bitmap": [0] * words}
    made = type("LlogLogHdr", (), {"__annotations__": hints, "__doc__": LlogLogHdr.__doc__, **values})
    return wire_struct(size=size, c_name=_SMALL.name)(made)


#: The struct of a log's header by the size of its chunks in bytes.
HEADERS: Final[Mapping[int, Any]] = {
    _SMALL.size: LlogLogHdr, **{size: _header(size) for size in (16384, 32768, 65536)}
}  # fmt: skip


class LlogLaterType(WireEnum):
    """lrh_type of records that a release behind 2.0 was the first to write."""

    MDS_UNLINK64_REC = 0x10692404
    CHANGELOG_REC = 0x10660000
    CHANGELOG_USER_REC = 0x10670000
    CHANGELOG_USER_REC2 = 0x10670002
    HSM_AGENT_REC = 0x10680000
    UPDATE_REC = 0x106A0000


class AgentReqStatus(WireEnum):
    """arr_status: how far a request to a copy tool has come."""

    ARS_WAITING = 0
    ARS_STARTED = 1
    ARS_FAILED = 2
    ARS_CANCELED = 3
    ARS_SUCCEED = 4


@wire_struct(size=40, swab=False)
class LlogUnlink64Body:
    """An object to destroy, by its FID (2.4 and later)."""

    lur_fid: LuFid = LuFid()
    lur_count: u32 = 0
    lur_padding1: u32 = 0
    lur_padding2: u64 = 0
    lur_padding3: u64 = 0


@wire_struct(size=56, swab=False)
class LlogChangelogUser2Body:
    """A reader of the changelog with a name and a mask of its own (2.15 and later)."""

    cur_id: u32 = 0
    cur_time: u32 = 0
    cur_endrec: u64 = 0
    cur_mask: Annotated[u32, Shown.HEX] = 0
    cur_padding1: u32 = 0
    cur_name: Annotated[bytes, Chars(16)] = bytes(16)
    cur_padding2: u64 = 0
    cur_padding3: u64 = 0


@wire_struct(size=40, swab=False)
class LlogAgentReqBody:
    """A request to a copy tool (2.5 and later); the action, an `hsm_action_item`, follows."""

    arr_status: Annotated[AgentReqStatus, U32] = AgentReqStatus(0)
    arr_archive_id: u32 = 0
    arr_flags: Annotated[u64, Shown.HEX] = 0
    arr_compound_id: u64 = 0
    arr_req_create: Annotated[u64, Shown.TIME] = 0
    arr_req_change: Annotated[u64, Shown.TIME] = 0
    arr_hai: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=32, swab=False)
class UpdateRecords:
    """Changes that one operation makes on several MDTs (2.8 and later); updates and their parameters follow."""

    ur_master_transno: u64 = 0
    ur_batchid: u64 = 0
    ur_flags: Annotated[u32, Shown.HEX] = 0
    ur_index: u32 = 0
    ur_update_count: u32 = 0
    ur_param_count: u32 = 0
    ur_ops: Annotated[bytes, Flex(Raw(1))] = b""


#: What stands between head and tail of the records of later releases.
LATER: Final[Mapping[int, Any]] = {
    LlogLaterType.MDS_UNLINK64_REC: LlogUnlink64Body,
    LlogLaterType.CHANGELOG_USER_REC2: LlogChangelogUser2Body,
    LlogLaterType.HSM_AGENT_REC: LlogAgentReqBody,
    LlogLaterType.UPDATE_REC: UpdateRecords,
}
