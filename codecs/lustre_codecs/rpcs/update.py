"""Between targets, and many operations in one message: updates, indices, checks, batches."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from lustre_codecs.enums.fid import FidSeq
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.enums.update import BatchUpdateCmd, IdxInfoFlags, UpdateType
from lustre_codecs.rpcs import slots
from lustre_codecs.rpcs.ldlm import GetattrRequest
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.directory import LuDirent
from lustre_codecs.structs.fid import LuFid, LuFidLe
from lustre_codecs.structs.ldlm import LdlmReply
from lustre_codecs.structs.lfsck import LfsckReply, LfsckRequest, LuOrphanRec, LuOrphanRecV2, LuOrphanRecV3
from lustre_codecs.structs.ost import UpdateAttributes
from lustre_codecs.structs.quota import LquotaGlbRec, LquotaSlvRec
from lustre_codecs.structs.security import LustreCapa
from lustre_codecs.structs.update import (
    BatchUpdateReply,
    BatchUpdateRequest,
    ButUpdateBuffer,
    ButUpdateHeader,
    IdxInfo,
    LuIdxpage,
    ObjectUpdateReply,
    ObjectUpdateRequest,
    OutReadReply,
    OutUpdateBuffer,
    OutUpdateHeader,
    UpdateBuf,
    UpdateReply,
)
from lustre_codecs.structs.xattrs import XATTRS
from lustre_wire.schema.holds import Cases, Chosen, Records
from lustre_wire.schema.rpc import Bits, Buffers, CString, Names, Opaque
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history, variant
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import U32, U64, u32

#: To another target, which serves it beside its clients' requests.
to_target = partial(
    rpc_history,
    portal={"2.4": Portal.MDS_MDS_PORTAL, "2.5": Portal.OUT_PORTAL}, reply_portal=Portal.OSC_REPLY_PORTAL,
)  # fmt: skip
lfsck = partial(
    to_target, since="2.6", version=MsgVersion.LUSTRE_OBD_VERSION,
    also_on=(Portal.OST_REQUEST_PORTAL, Portal.MDS_REQUEST_PORTAL),
)  # fmt: skip
_GET: Final[dict[str, Any]] = {"bulk_portal": Portal.MDS_BULK_PORTAL, "bulk": "server GET"}


@buffers_history
class BatchGetattrReply(Buffers):
    """The lock, and the attributes of a file asked for in a batch."""

    dlm_rep: LdlmReply | None = dated_slot()
    mdt_body: MdtBody | None = dated_slot()
    mdt_md: Opaque | None = slots.LAYOUT
    acl: Opaque | None = slots.ACL
    capa1: LustreCapa | bytes | None = slots.MDS_CAPA
    file_secctx: Opaque | None = slots.SECCTX_ASKED
    default_mdt_md: Opaque | None = slots.default_layout("2.13")
    file_encctx: Opaque | None = slots.ENCCTX


_ORPHANS: Final = Records(
    LuIdxpage, key=LuFid, record=(LuOrphanRecV3, LuOrphanRecV2, LuOrphanRec), width="idx_info.ii_recsize"
)
#: What is read: the limits of quota, what a target was granted of it, objects that the file system checker found
#: without a layout, the entries of a directory.
_INDEX: Final = Cases(
    (
        ({"idx_info.ii_fid.f_seq": FidSeq.FID_SEQ_QUOTA_GLB}, Records(LuIdxpage, key=U64, record=LquotaGlbRec)),
        ({"idx_info.ii_fid.f_seq": FidSeq.FID_SEQ_QUOTA}, Records(LuIdxpage, key=U64, record=LquotaSlvRec)),
        ({"idx_info.ii_fid.f_seq": FidSeq.FID_SEQ_LAYOUT_RBTREE}, _ORPHANS),
        ({"idx_info.ii_flags": Bits(IdxInfoFlags.II_FL_NOKEY)}, Records(LuIdxpage, record=LuDirent)),
    ),
    Records(LuIdxpage),
)  # fmt: skip


@to_target(Opcode.OBD_IDX_READ, since="2.4", version=MsgVersion.LUSTRE_OBD_VERSION, also_on=(Portal.MDS_READPAGE_PORTAL,), bulk_portal=Portal.MDS_BULK_PORTAL, bulk="server PUT", bulk_holds=_INDEX)
class ObdIdxRead:
    """Sent by osp/osp_object.c:osp_it_fetch; on portal 23, with its reply on 10, by quota/qsd_request.c:qsd_fetch_index.
    Handled by target/tgt_handler.c:tgt_obd_idx_read.

    Pages of the index travel in bulk, little-endian; ii_count of the reply says how many units, ii_hash_end where the
    next request begins.
    """

    class Request(Buffers):
        idx_info: IdxInfo | None = dated_slot()

    class Reply(Buffers):
        idx_info: IdxInfo | None = dated_slot()


@to_target(Opcode.UPDATE_OBJ, name="UPDATE_OBJ", since="2.4", until="2.6", version=MsgVersion.LUSTRE_MDS_VERSION)
class UpdateObj:
    """Sent by osp/osp_md_object.c:osp_prep_update_req. Handled by mdt/out_handler.c:out_handle."""

    class Request(Buffers):
        update: Opaque | None = dated_slot(holds=UpdateBuf)

    class Reply(Buffers):
        update_reply: Opaque | None = dated_slot(holds=UpdateReply)


@to_target(Opcode.OUT_UPDATE, name="OUT_UPDATE", since="2.6", version=MsgVersion.LUSTRE_MDS_VERSION, bulk_holds=Records(ObjectUpdateRequest, sizes="out_update_buffer.oub_size"), **_GET)
class OutUpdate:
    """Sent by osp/osp_trans.c:osp_prep_update_req (before 2.8 osp/osp_object.c:osp_prep_update_req). Handled by
    target/out_handler.c:out_handle.

    What is longer than the header's place inline is fetched in bulk, in pieces as out_update_buffer says; what OUT_READ
    reads is put in bulk. pb_status may be positive.
    """

    class Request(Buffers):
        object_update: Opaque | None = dated_slot(until="2.8", holds=Records(ObjectUpdateRequest))
        out_update_header: Opaque | None = dated_slot(since="2.8", holds=Records(OutUpdateHeader), when="with the updates behind it where they fit")
        out_update_buffer: list[OutUpdateBuffer] | None = dated_slot(since="2.8", when="one without a size where the updates stand in the header's buffer")

    class Reply(Buffers):
        object_update_reply: Opaque | None = dated_slot(holds={"2.6": Records(ObjectUpdateReply, asked="object_update"), "2.8": Records(ObjectUpdateReply, asked="out_update_header")})


def update(kind: UpdateType, **said: Any) -> Any:
    """An update inside of OUT_UPDATE: its parameters are buffers, and so is what its result has."""
    name = str(kind.name).removeprefix("OUT_")
    return rpc_history(kind, name=f"OUT_UPDATE sub {name}", within=Opcode.OUT_UPDATE, **{"since": "2.6", **said})


@buffers_history
class Attributes(Buffers):
    """Attributes, as far as o_valid says."""

    obdo: UpdateAttributes | None = dated_slot()


@buffers_history
class EntryName(Buffers):
    """The name of an entry of an index, or of an extended attribute."""

    name: CString | None = dated_slot()


@update(UpdateType.OUT_CREATE)
class UpdateCreate:
    """Packed by target/out_lib.c:out_create_pack. Handled by target/out_handler.c:out_create.

    Senders write the parent little-endian whatever their order (fid_cpu_to_le), receivers of the other one swap it all
    the same; so of index inserts.
    """

    class Request(Buffers):
        obdo: UpdateAttributes | None = dated_slot()
        parent: LuFidLe | None = dated_slot(omit=True, when="the object was created for a directory")


@update(UpdateType.OUT_DESTROY)
class UpdateDestroy:
    """Packed by target/out_lib.c:out_destroy_pack. Handled by target/out_handler.c:out_destroy."""


@update(UpdateType.OUT_REF_ADD)
class UpdateRefAdd:
    """Packed by target/out_lib.c:out_ref_add_pack. Handled by target/out_handler.c:out_ref_add."""


@update(UpdateType.OUT_REF_DEL)
class UpdateRefDel:
    """Packed by target/out_lib.c:out_ref_del_pack. Handled by target/out_handler.c:out_ref_del."""


@update(UpdateType.OUT_ATTR_SET)
class UpdateAttrSet:
    """Packed by target/out_lib.c:out_attr_set_pack. Handled by target/out_handler.c:out_attr_set."""

    Request = Attributes


@update(UpdateType.OUT_ATTR_GET)
class UpdateAttrGet:
    """Packed by target/out_lib.c:out_attr_get_pack. Handled by target/out_handler.c:out_attr_get."""

    Reply = Attributes


@update(UpdateType.OUT_XATTR_SET)
class UpdateXattrSet:
    """Packed by target/out_lib.c:out_xattr_set_pack. Handled by target/out_handler.c:out_xattr_set."""

    class Request(Buffers):
        name: CString | None = dated_slot()
        value: Opaque | None = dated_slot(optional=True, holds=Chosen("name", XATTRS))
        flags: u32 | None = dated_slot()


@buffers_history
class RecordedXattrSet(Buffers):
    """An extended attribute and its value; in a log the flags are little-endian, whoever wrote it."""

    name: CString | None = dated_slot()
    value: Opaque | None = dated_slot(optional=True, holds=Chosen("name", XATTRS))
    flags: Annotated[int, U32.as_sent()] | None = dated_slot()


UpdateXattrSetRecorded = variant(
    UpdateXattrSet, "in logs", "Packed by target/update_records.c:update_records_xattr_set_pack.", since="2.8",
    request=RecordedXattrSet,
)  # fmt: skip


@update(UpdateType.OUT_XATTR_GET)
class UpdateXattrGet:
    """Packed by target/out_lib.c:out_xattr_get_pack. Handled by target/out_handler.c:out_xattr_get."""

    Request = EntryName

    class Reply(Buffers):
        value: Opaque | None = dated_slot(optional=True, holds=Chosen("name", XATTRS, asked=True))


@update(UpdateType.OUT_INDEX_LOOKUP)
class UpdateIndexLookup:
    """Packed by target/out_lib.c:out_index_lookup_pack. Handled by target/out_handler.c:out_index_lookup."""

    Request = EntryName

    class Reply(Buffers):
        fid: LuFid | None = dated_slot(line=("", "[{f_seq:#x}:{f_oid:#x}:{f_ver:#x}]"))


@update(UpdateType.OUT_INDEX_INSERT)
class UpdateIndexInsert:
    """Packed by target/out_lib.c:out_index_insert_pack. Handled by target/out_handler.c:out_index_insert."""

    class Request(Buffers):
        name: CString | None = dated_slot()
        fid: LuFidLe | None = dated_slot()
        type: Annotated[int, U32.as_sent(), Shown.OCTAL] | None = dated_slot()


@update(UpdateType.OUT_INDEX_DELETE)
class UpdateIndexDelete:
    """Packed by target/out_lib.c:out_index_delete_pack. Handled by target/out_handler.c:out_index_delete."""

    Request = EntryName


@update(UpdateType.OUT_WRITE)
class UpdateWrite:
    """Packed by target/out_lib.c:out_write_pack. Handled by target/out_handler.c:out_write.

    Written are an object's bytes, such as blocks of logs.
    """

    class Request(Buffers):
        buffer: Opaque | None = dated_slot()
        pos: Annotated[int, U64.as_sent(), Shown.HEX] | None = dated_slot()


@update(UpdateType.OUT_XATTR_DEL)
class UpdateXattrDel:
    """Packed by target/out_lib.c:out_xattr_del_pack. Handled by target/out_handler.c:out_xattr_del."""

    Request = EntryName


@update(UpdateType.OUT_PUNCH, since="2.8", status="in logs of updates alone")
class UpdatePunch:
    """Packed by target/update_records.c:update_records_punch_pack, little-endian."""

    class Request(Buffers):
        start: Annotated[int, U64.as_sent()] | None = dated_slot()
        end: Annotated[int, U64.as_sent()] | None = dated_slot()


@update(UpdateType.OUT_READ, since="2.8")
class UpdateRead:
    """Packed by target/out_lib.c:out_read_pack. Handled by target/out_handler.c:out_read.

    What is read travels in bulk; the result says how much it is, and where the next read begins.
    """

    class Request(Buffers):
        size: Annotated[int, U64.as_sent()] | None = dated_slot()
        pos: Annotated[int, U64.as_sent(), Shown.HEX] | None = dated_slot()

    class Reply(Buffers):
        out_read_reply: OutReadReply | None = dated_slot()


@update(UpdateType.OUT_NOOP, since="2.8")
class UpdateNoop:
    """Packed by target/update_records.c:update_records_noop_pack. Handled by target/out_handler.c:out_noop."""


@update(UpdateType.OUT_XATTR_LIST, since="2.12")
class UpdateXattrList:
    """Packed by target/out_lib.c:out_xattr_list_pack. Handled by target/out_handler.c:out_xattr_list."""

    class Reply(Buffers):
        names: Opaque | None = dated_slot(optional=True, holds=Names())


@to_target(Opcode.MDS_BATCH, since="2.16", version=MsgVersion.LUSTRE_MDS_VERSION, bulk_holds=Records(BatchUpdateRequest, sizes="but_update_buffer.bub_size"), **_GET)
class MdsBatch:
    """Sent by ptlrpc/batch.c:batch_prep_update_req. Handled by mdt/mdt_batch.c:mdt_batch.

    Each request in it is a lustre_msg of its own without a ptlrpc_body: lm_opc says which, lm_repsize what room its
    reply needs; in the replies lm_opc holds the result.
    """

    class Request(Buffers):
        but_update_header: Opaque | None = dated_slot(holds=Records(ButUpdateHeader), when="with the batch behind it where it fits")
        but_update_buffer: list[ButUpdateBuffer] | None = dated_slot(when="one without a size where the batch stands in the header's buffer")

    class Reply(Buffers):
        batch_update_reply: Opaque | None = dated_slot(holds=Records(BatchUpdateReply, asked="but_update_header"))


@rpc_history(BatchUpdateCmd.BUT_GETATTR, name="MDS_BATCH sub GETATTR", since="2.16", within=Opcode.MDS_BATCH)
class MdsBatchGetattr:
    """A request inside of MDS_BATCH. Sent by mdc/mdc_batch.c:mdc_batch_getattr_pack. Handled by mdt/mdt_batch.c.

    The lock and the attributes of a file, as LDLM_ENQUEUE/INTENT_GETATTR asks for them.
    """

    Request = GetattrRequest
    Reply = BatchGetattrReply


@lfsck(Opcode.LFSCK_NOTIFY)
class LfsckNotify:
    """Sent by lfsck/lfsck_lib.c:lfsck_async_request. Handled by target/tgt_handler.c:tgt_handle_lfsck_notify."""

    class Request(Buffers):
        lfsck_request: LfsckRequest | None = dated_slot()


@lfsck(Opcode.LFSCK_QUERY)
class LfsckQuery:
    """Sent by lfsck/lfsck_lib.c:lfsck_async_request. Handled by target/tgt_handler.c:tgt_handle_lfsck_query."""

    class Request(Buffers):
        lfsck_request: LfsckRequest | None = dated_slot()

    class Reply(Buffers):
        lfsck_reply: LfsckReply | None = dated_slot()

