"""What every message has.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.ptlrpc import MsgConnect, MsgFlags, MsgVersion, Opcode, PtlrpcMsgType
from lustre_codecs.structs.fid import LustreHandle
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, in32, pad16, pad64, padding, since, until
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import U64, Array, Chars, u16, u32, u64


@history(
    size={"1.8": 152, "2.3": 184}, short={"without a job id": 152},
    c_name={"1.8": "ptlrpc_body", "2.3": "ptlrpc_body_v3"},
)  # fmt: skip
class PtlrpcBody(Wire):
    """Buffer 0 of every lustre_msg v2: who asks for what, with which result, and where recovery stands."""

    pb_handle: as_sent[LustreHandle]
    pb_type: in32[PtlrpcMsgType]
    pb_version: in32[MsgVersion]
    pb_opc: in32[Opcode]
    pb_status: Annotated[u32, Shown.STATUS]
    pb_last_xid: u64
    pb_last_seen: u64                     = until("2.8")
    pb_tag: u16                           = since("2.8")
    pb_padding0: pad16                    = since("2.8")
    pb_projid: u32                        = padding("pb_padding1", "2.8").since("2.17")
    pb_last_committed: u64
    pb_transno: u64
    pb_flags: in32[MsgFlags]
    pb_op_flags: in32[MsgConnect]
    pb_conn_cnt: u32
    pb_timeout: u32
    pb_service_time: u32
    pb_limit: u32
    pb_slv: u64
    pb_pre_versions: Annotated[list[int], Array(U64, 4), Shown.HEX]
    pb_padding: Annotated[list[int], Array(U64.as_sent(), 4)] = until("2.8")
    pb_mbits: u64                         = since("2.8")
    pb_padding64_0: pad64                 = since("2.8")
    pb_padding64_1: pad64                 = since("2.8")
    pb_padding64_2: pad64                 = since("2.8").until("2.16")
    pb_uid: u32                           = since("2.16")
    pb_gid: u32                           = since("2.16")
    pb_jobid: Annotated[bytes, Chars(32)] = since("2.3")
