"""Sequences of FIDs, and where they are."""

from __future__ import annotations

from typing import Final

from lustre_codecs.enums.fid import FldOp, SeqOp
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.structs.fid import LuSeqRange, LuSeqRangeArray
from lustre_wire.schema.margins import in32
from lustre_wire.schema.rpc import Buffers, Opaque
from lustre_wire.schema.rpc_history import dated_slot, rpc_history

#: A client that has no range yet asks for one without saying any.
_NONE_AT_FIRST: Final = "[{lsr_start:#x}-{lsr_end:#x})"


@rpc_history(Opcode.SEQ_QUERY, version=MsgVersion.LUSTRE_MDS_VERSION, portal=Portal.SEQ_METADATA_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on={"1.8": (), "2.0": (Portal.SEQ_CONTROLLER_PORTAL, Portal.SEQ_DATA_PORTAL)}, status={"1.8": "client only", "2.0": ""})
class SeqQuery:
    """Sent by fid/fid_request.c:seq_client_rpc (1.8: mdc/mdc_fid.c:seq_client_rpc). Handled by
    fid/fid_handler.c:seq_query, seq_req_handle (1.8: none in 1.8 (only a 2.0 MDS answers)).

    2.0: Portal 30 SEQ_METADATA (client ALLOC_META), 32 SEQ_CONTROLLER (ALLOC_SUPER), 31 SEQ_DATA (data sequences).
    Reply portals: 10 for 30/32, 4 for 31 (SEQ_DATA).

    1.8: Sent on portal 30 (SEQ_METADATA, SEQ_ALLOC_META) by the 1.8.9 client when it is connected to a 2.0 MDS.
    """

    class Request(Buffers):
        opc: in32[SeqOp] | None = dated_slot(when={"1.8": "", "2.0": "SEQ_ALLOC_SUPER / SEQ_ALLOC_META"})
        lu_seq_range: LuSeqRange | None = dated_slot(line={"1.8": ("", _NONE_AT_FIRST, " MDT {lsr_mdt}"), "2.2": ("", _NONE_AT_FIRST, " {lsr_flags} {lsr_index}")})

    class Reply(Buffers):
        lu_seq_range: LuSeqRange | None = dated_slot()


@rpc_history(Opcode.FLD_QUERY, since="2.0", version=MsgVersion.LUSTRE_MDS_VERSION, portal=Portal.FLD_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class FldQuery:
    """Sent by fld/fld_request.c:fld_client_rpc. Handled by fld/fld_handler.c:fld_query, fld_req_handle.

    MDS to MDS / client to MDS; portal 29 to 10.
    """

    class Request(Buffers):
        opc: in32[FldOp] | None = dated_slot()
        fld_range: LuSeqRange | None = dated_slot(line=("sequence {lsr_start:#x}",))

    class Reply(Buffers):
        fld_range: LuSeqRange | None = dated_slot()


@rpc_history(Opcode.FLD_READ, since="2.6", version=MsgVersion.LUSTRE_MDS_VERSION, portal=Portal.FLD_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class FldRead:
    """Sent by fld/fld_request.c:fld_client_rpc, of an MDT to the first one. Handled by fld/fld_handler.c:fld_handle_read.

    A page of the ranges from the one asked with on, little-endian.
    """

    class Request(Buffers):
        fld_range: LuSeqRange | None = dated_slot()

    class Reply(Buffers):
        lu_seq_range_array: Opaque | None = dated_slot(holds=LuSeqRangeArray)
