"""Updates between targets, and pages of indices.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.update import IdxInfoFlags, UpdateFlag, UpdateRecordsFlag, UpdateType
from lustre_codecs.structs.fid import LuFid
from lustre_codecs.structs.llog import LlogRecHdr
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in16, in32, pad16, pad32, pad64, since, until, was
from lustre_wire.schema.shorthand import hex32, hex64
from lustre_wire.schema.types import AS_SENT, U16, U32, Array, Chars, Flex, u16, u32, u64
from lustre_wire.schema.union import WireUnion


@history(size={"2.4": 80}, text="{ii_fid} from {ii_hash_start:#x} {ii_count:count page}")
class IdxInfo(Wire):
    """What part of an index to read, and what was read."""

    ii_magic: hex32
    ii_flags: in32[IdxInfoFlags]
    ii_count: u16
    ii_pad0: pad16
    ii_attrs: u32
    ii_fid: LuFid
    ii_version: u64
    ii_hash_start: hex64
    ii_hash_end: hex64
    ii_keysize: u16
    ii_recsize: u16
    ii_pad1: pad32
    ii_pad2: pad64
    ii_pad3: pad64


@history(size={"2.4": 16})
class LuIdxpage(Wire):
    """Head of a page of an index; `lip_nr` entries follow."""

    lip_magic: u32
    lip_flags: u16
    lip_nr: u16
    lip_pad0: pad64
    lip_entries: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.6": 8})
class ObjectUpdateParam(Wire):
    """One parameter of an update; `oup_len` bytes follow."""

    oup_len: u16
    oup_padding: u16
    oup_padding2: u32
    oup_buf: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.6": 40})
class ObjectUpdate(Wire):
    """One update of an object; its parameters follow."""

    ou_type: in16[UpdateType]
    ou_params_count: u16
    ou_master_index: u32 = until("2.8")
    ou_result_size: u32 = since("2.8")
    ou_flags: in32[UpdateFlag]
    ou_padding1: u32
    ou_batchid: u64
    ou_fid: LuFid
    ou_params: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.6": 8})
class ObjectUpdateRequest(Wire):
    """Updates that follow each other."""

    ourq_magic: u32
    ourq_count: u16
    ourq_padding: u16
    ourq_updates: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.6": 8})
class ObjectUpdateResult(Wire):
    """Result of one update; `our_datalen` bytes follow."""

    our_rc: Annotated[int, U32, AS_SENT]
    our_datalen: Annotated[int, U16, AS_SENT]
    our_padding: pad16
    our_data: Annotated[list[int], Flex(U32.as_sent())]


@history(size={"2.8": 16}, byteorder="little", text="{orr_size} bytes up to {orr_offset:#x}")
class OutReadReply(Wire):
    """What was read of an object; `orr_size` bytes follow."""

    orr_size: u32
    orr_padding: pad32
    orr_offset: u64
    orr_data: Annotated[bytes, Flex(Chars(1), count="orr_size")]


@history(size={"2.6": 8})
class ObjectUpdateReply(Wire):
    """Results that follow each other, and their lengths."""

    ourp_magic: u32
    ourp_count: u16
    ourp_padding: u16
    ourp_lens: Annotated[list[int], Flex(U16)]


@history(size={"2.8": 8})
class OutUpdateBuffer(Wire):
    """Size in bytes of a piece of the request in bulk."""

    oub_size: u32
    oub_padding: u32


@history(size={"2.8": 16})
class OutUpdateHeader(Wire):
    """Head of a request: how many pieces, or the request itself."""

    ouh_magic: u32
    ouh_count: u32
    ouh_inline_length: u32
    ouh_reply_size: u32
    ouh_inline_data: Annotated[list[int], Flex(U32.as_sent())]


@history(size={"2.8": 24, "2.14": 20}, swab=False)
class UpdateOp(Wire):
    """One update of a recorded transaction."""

    uop_fid: LuFid
    uop_type: in16[UpdateType]
    uop_param_count: u16
    uop_params_off: Annotated[list[int], Flex(U16)] = (
        was(type=Annotated[list[int], Flex(U16, minimum=2)]).since("2.14")
    )


@history(size={"2.8": 0})
class UpdateOps(Wire):
    """Updates of a recorded transaction."""

    uops_op: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.8": 0}, swab=False)
class UpdateParams(Wire):
    """Parameters of a recorded transaction."""

    up_params: Annotated[bytes, Flex(Chars(1))]


@history(
    size={"2.8": 32},
    text=(
        "{ur_update_count:count update} of batch {ur_batchid}", " transaction {ur_master_transno}", " {ur_flags}",
        " part {ur_index}",
    ),
)  # fmt: skip
class UpdateRecords(Wire):
    """A recorded transaction: operations, then parameters."""

    ur_master_transno: u64
    ur_batchid: u64
    ur_flags: in32[UpdateRecordsFlag]
    ur_index: Annotated[int, U32, AS_SENT]
    ur_update_count: u32
    ur_param_count: u32
    ur_ops: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.8": 48}, swab=False)
class LlogUpdateRecord(Wire):
    """Log record: the updates of a distributed transaction."""

    lur_hdr: LlogRecHdr
    lur_update_rec: UpdateRecords


@history(size={"2.4": 4096})
class LuPage(WireUnion):
    """A page of an index: of a directory (`LuDirpage`) or another one (`LuIdxpage`)."""

    lp_array: Annotated[bytes, Chars(4096)]


@history(size={"2.4": 56, "2.6": None})
class Update(Wire):
    """One update of an object, before 2.6; sizes in bytes of its buffers."""

    u_type: in32[UpdateType]
    u_batchid: u32
    u_fid: LuFid
    u_lens: Annotated[list[int], Array(U32, 8)]
    u_bufs: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.4": 8, "2.6": None})
class UpdateBuf(Wire):
    """Updates that follow each other, before 2.6."""

    ub_magic: u32
    ub_count: u32
    ub_bufs: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.4": 8, "2.6": None})
class UpdateReply(Wire):
    """Results of updates, before 2.6, and their lengths."""

    ur_version: u32
    ur_count: u32
    ur_lens: Annotated[list[int], Flex(U32)]


@history(size={"2.16": 24})
class ButUpdateHeader(Wire):
    """Head of a batch of metadata requests: how many pieces, or the batch itself."""

    buh_magic: u32
    buh_count: u32
    buh_inline_length: u32
    buh_reply_size: u32
    buh_update_count: u32
    buh_padding: pad32
    buh_inline_data: Annotated[list[int], Flex(U32.as_sent())]


@history(size={"2.16": 8})
class ButUpdateBuffer(Wire):
    """Size in bytes of a piece of a batch in bulk."""

    bub_size: u32
    bub_padding: u32


@history(size={"2.16": 8})
class BatchUpdateRequest(Wire):
    """Requests of a batch, each a message of its own."""

    burq_magic: u32
    burq_count: u16
    burq_padding: u16
    burq_reqmsg: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.16": 8})
class BatchUpdateReply(Wire):
    """Replies to a batch, each a message of its own."""

    burp_magic: u32
    burp_count: u16
    burp_padding: u16
    burp_repmsg: Annotated[bytes, Flex(Chars(1))]
