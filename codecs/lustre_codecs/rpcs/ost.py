"""Objects: their attributes and data."""

from __future__ import annotations

from functools import partial

from lustre_codecs.enums.keys import KEY_FID2PATH, KEY_LAST_FID
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.rpcs import slots
from lustre_codecs.rpcs.mds import PathReply, PathRequest
from lustre_codecs.structs.attributes import ObdStatfs
from lustre_codecs.structs.fid import LuFid
from lustre_codecs.structs.ldlm import LdlmRequest
from lustre_codecs.structs.ost import (
    LadviseHdr,
    LlFiemapInfoKey,
    LlUserFiemap,
    LuLadvise,
    NiobufRemote,
    ObdIoobj,
    OstBody,
)
from lustre_codecs.structs.security import LustreCapa
from lustre_wire.schema.holds import Chosen, Content
from lustre_wire.schema.rpc import Buffers, Opaque, Prefix
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history
from lustre_wire.schema.types import U32, u32, u64

#: A request to the object service.
ost = partial(
    rpc_history, version=MsgVersion.LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL,
    also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL),
)  # fmt: skip
#: Data of objects.
ost_io = partial(
    rpc_history, version=MsgVersion.LUSTRE_OST_VERSION,
    portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, bulk_portal=Portal.OST_BULK_PORTAL,
    also_on={"1.8": (), "2.11": (Portal.MDS_IO_PORTAL,)},
)  # fmt: skip


@buffers_history
class ObjectRequest(Buffers):
    """An object, and a capability for it."""

    ost_body: OstBody | None = dated_slot()
    capa1: LustreCapa | bytes | None = slots.OBJECT_CAPA


@buffers_history
class Object(Buffers):
    """An object."""

    ost_body: OstBody | None = dated_slot()


@buffers_history
class BrwRequest(Buffers):
    """Objects, and the ranges of them whose data move."""

    ost_body: OstBody | None = dated_slot()
    obd_ioobj: list[ObdIoobj] | None = dated_slot()
    niobuf_remote: list[NiobufRemote] | None = dated_slot()
    capa1: LustreCapa | bytes | None = slots.OBJECT_CAPA
    short_io: Opaque | None = dated_slot(since="2.11", optional=True, holds=Content())


@ost(Opcode.OST_GETATTR)
class OstGetattr:
    """Sent by osc/osc_request.c:osc_getattr, osc_getattr_async. Handled by ost/ost_handler.c:ost_getattr."""

    Request = ObjectRequest
    Reply = Object


@ost(Opcode.OST_SETATTR)
class OstSetattr:
    """Sent by osc/osc_request.c:osc_setattr, osc_setattr_async_base (1.8: osc/osc_request.c:osc_setattr,
    osc_setattr_async). Handled by ost/ost_handler.c:ost_setattr.
    """

    Request = ObjectRequest
    Reply = Object


@ost(Opcode.OST_CREATE, portal={"1.8": Portal.OST_CREATE_PORTAL, "2.4": Portal.OST_REQUEST_PORTAL}, also_on={"1.8": (Portal.OST_REQUEST_PORTAL, Portal.OST_IO_PORTAL), "2.4": (Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL)})
class OstCreate:
    """Sent by osc/osc_create.c:oscc_internal_create; osc_request.c:osc_real_create (1.8:
    osc/osc_create.c:oscc_internal_create (portal 7); osc_request.c:osc_real_create (28)). Handled by
    ost/ost_handler.c:ost_create.

    Precreate goes to portal 7; single create (osc_real_create) uses the default portal 28.

    No capa slot even in 2.0 (RQF_OST_CREATE). o_size of the reply is how many objects a sequence has, where it is valid
    (from 2.16 on).
    """

    Request = Object

    class Reply(Buffers):
        ost_body: OstBody | None = dated_slot(line={"1.8": (), "2.4": ("object {oa.o_oi}", " sequence of {oa.o_size}", " {oa.o_flags}")})


@ost(Opcode.OST_DESTROY, portal={"1.8": Portal.OST_IO_PORTAL, "2.4": Portal.OST_REQUEST_PORTAL}, also_on={"1.8": (Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL), "2.4": (Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL)})
class OstDestroy:
    """Sent by osc/osc_request.c:osc_destroy. Handled by ost/ost_handler.c:ost_destroy.

    Portal 6 (OST_IO).

    Cookies of the unlink llog travel in obdo o_lcookie with FLCOOKIE. The object in the reply is the one behind the last
    that was destroyed.
    """

    class Request(Buffers):
        ost_body: OstBody | None = dated_slot()
        dlm_req: LdlmRequest | None = dated_slot(optional=True, omit={"1.8": True, "2.0": False}, when={"1.8": "OBD_CONNECT_CANCELSET negotiated", "2.0": "slot always packed; contents read only when lock_count set"})
        capa1: LustreCapa | bytes | None = slots.OBJECT_CAPA

    class Reply(Buffers):
        ost_body: OstBody | None = dated_slot(line={"1.8": (), "2.4": ("", "{oa.o_flags}")})


@ost(Opcode.OST_PUNCH, portal=Portal.OST_IO_PORTAL, also_on={"1.8": (Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL), "2.11": (Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.MDS_IO_PORTAL)})
class OstPunch:
    """Sent by osc/osc_request.c:osc_punch_base (1.8: osc/osc_request.c:osc_punch). Handled by
    ost/ost_handler.c:ost_punch.

    o_size = start, o_blocks = end of the range to free.

    Flag OBD_FL_TRUNCLOCK (1.8) / OBD_FL_SRVLOCK (2.0) asks the OST to take the lock.
    """

    class Request(Buffers):
        ost_body: OstBody | None = dated_slot(line={"1.8": (), "2.4": ("object {oa.o_oi} from {oa.o_size}", " {oa.o_flags}")})
        capa1: LustreCapa | bytes | None = slots.OBJECT_CAPA

    Reply = Object


@ost(Opcode.OST_SYNC, also_on={"1.8": (Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL), "2.11": (Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL, Portal.MDS_REQUEST_PORTAL)})
class OstSync:
    """Sent by osc/osc_request.c:osc_sync. Handled by ost/ost_handler.c:ost_sync.

    o_size = start, o_blocks = end; whole object when both 0.
    """

    Request = ObjectRequest
    Reply = Object


@ost(Opcode.OST_STATFS, portal=Portal.OST_CREATE_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_IO_PORTAL))
class OstStatfs:
    """Sent by osc/osc_request.c:osc_statfs, osc_statfs_async. Handled by ost/ost_handler.c:ost_statfs.

    Portal 7 (OST_CREATE).
    """

    class Reply(Buffers):
        obd_statfs: ObdStatfs | None = dated_slot()


@ost_io(Opcode.OST_READ, bulk="server PUT")
class OstRead:
    """Sent by osc/osc_request.c:osc_brw_prep_request (RQF_OST_BRW_READ) (1.8: osc/osc_request.c:osc_brw_prep_request).
    Handled by ost/ost_handler.c:ost_brw_read (1.8: ost/ost_handler.c:ost_brw_read, ost_hpreq_handler).

    Exactly one obd_ioobj; 0 or >256 niobufs rejected.

    niobuf_remote = {offset u64, len u32, flags u32}.

    OBD_BRW_CHECK / checksum valid bits drive the optional bulk checksum carried in obdo o_cksum / FLCKSUM.

    A request not on portal 6 fails -EPROTO.

    1.8: Client has no capa slot.
    """

    Request = BrwRequest

    class Reply(Buffers):
        ost_body: OstBody | None = dated_slot()
        short_io: Opaque | None = dated_slot(since="2.11", optional=True, holds=Content())


@ost_io(Opcode.OST_WRITE, bulk="server GET")
class OstWrite:
    """Sent by osc/osc_request.c:osc_brw_prep_request (RQF_OST_BRW_WRITE) (1.8: osc/osc_request.c:osc_brw_prep_request).
    Handled by ost/ost_handler.c:ost_brw_write (1.8: ost/ost_handler.c:ost_brw_write, ost_hpreq_handler).

    As OST_READ, the other way.
    """

    Request = BrwRequest

    class Reply(Buffers):
        ost_body: OstBody | None = dated_slot()
        rcs: list[u32] | None = dated_slot(when="per-niobuf result codes")


@ost(Opcode.OST_GET_INFO, name="OST_GET_INFO/LAST_ID", match={"key": Prefix(b"last_id")})
class OstGetInfoLastId:
    """Sent by osc/osc_request.c:osc_get_info (RQF_OST_GET_INFO_LAST_ID). Handled by ost/ost_handler.c:ost_get_info
    (RQF_OST_GET_INFO_GENERIC).

    The obdfilter also answers "blocksize" and "blocksize_bits" with a __u32, not sent by osc.

    Unknown key: error, reply is body only.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()

    class Reply(Buffers):
        obd_id: u64 | None = dated_slot()


@ost(Opcode.OST_GET_INFO, name="OST_GET_INFO/FIEMAP", match={"fiemap_key": Prefix(b"fiemap")})
class OstGetInfoFiemap:
    """Sent by osc/osc_request.c:osc_get_info (RQF_OST_GET_INFO_FIEMAP) (1.8: osc/osc_request.c:osc_get_info). Handled
    by ost/ost_handler.c:ost_get_info (key treated as SETINFO_KEY) (1.8: ost/ost_handler.c:ost_get_info ->
    filter_get_info).

    Client swabs the whole reply as fiemap; the request key is not swabbed by the server in 1.8.
    """

    class Request(Buffers):
        fiemap_key: LlFiemapInfoKey | None = dated_slot()
        fiemap_val: LlUserFiemap | None = dated_slot(since="2.0", when="(client copies its buffer in); the server ignores it")

    class Reply(Buffers):
        fiemap_val: LlUserFiemap | None = dated_slot()


@ost(Opcode.OST_SET_INFO)
class OstSetInfo:
    """Sent by osc/osc_request.c:osc_set_info_async (RQF_OBD_SET_INFO). Handled by ost/ost_handler.c:ost_set_info
    (RQF_OBD_SET_INFO).

    Keys that reach the wire: mds_conn (val = __u32 group; 2.0 server swabs it), evict_by_nid (val = nid text), others
    such as unlinked/next_id stay local or get -EINVAL.

    Key compared by prefix.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        val: Opaque | None = dated_slot(holds=Chosen("key", {"mds_conn": U32}))


@ost(Opcode.OST_SET_INFO, name="OST_SET_INFO/GRANT_SHRINK", match={"key": Prefix(b"grant_shrink")}, also_on={"1.8": (Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL), "2.0": (), "2.11": (Portal.MDS_REQUEST_PORTAL,)}, status={"1.8": "", "2.0": "sender broken", "2.4": ""})
class OstSetInfoGrantShrink:
    """Sent by osc/osc_request.c:osc_set_info_async (RQF_OST_SET_GRANT_INFO) (1.8:
    osc/osc_request.c:osc_shrink_grant_to_target -> osc_set_info_async). Handled by ost/ost_handler.c:ost_set_info
    (extends to RQF_OST_SET_GRANT_INFO) (1.8: ost/ost_handler.c:ost_set_info).

    2.0: Client sets the size of RMF_SETINFO_VAL, which RQF_OST_SET_GRANT_INFO does not have: the field lookup asserts,
    so 2.0.0 clients cannot send it.

    1.8: Only with OBD_CONNECT_GRANT_SHRINK.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        ost_body: OstBody | None = dated_slot(when={"1.8": "ost_body with OBD_FL_SHRINK_GRANT and o_grant", "2.0": ""})

    Reply = Object


@ost(Opcode.OST_GET_INFO, name="OST_GET_INFO/LAST_FID", since="2.4", match={"key": Prefix(KEY_LAST_FID.encode())}, also_on=())
class OstGetInfoLastFid:
    """Sent by osp/osp_precreate.c:osp_get_lastfid_from_ost. Handled by ofd/ofd_dev.c:ofd_get_info_hdl.

    The FID asked with says of which sequence.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        val: Opaque | None = dated_slot(until="2.6", holds=LuFid)
        fid: LuFid | None = dated_slot(since="2.6")

    class Reply(Buffers):
        fid: LuFid | None = dated_slot()


@ost(Opcode.OST_GET_INFO, name="OST_GET_INFO/FID2PATH", since="2.17", match={"key": Prefix(KEY_FID2PATH.encode())}, also_on=())
class OstGetInfoFid2path:
    """Sent by osc/osc_request.c:osc_get_info. Handled by ofd/ofd_dev.c:ofd_get_info_hdl.

    The path of an object, asked for as MDS_GET_INFO/FID2PATH asks for that of a file.
    """

    Request = PathRequest
    Reply = PathReply


@ost(Opcode.OST_SET_INFO, name="OST_SET_INFO/LAST_FID", since="2.4", match={"key": Prefix(KEY_LAST_FID.encode())}, also_on=(), status={"2.4": "", "2.17": "handler only"})
class OstSetInfoLastFid:
    """Sent by osp/osp_precreate.c. Handled by ofd/ofd_dev.c:ofd_set_info_hdl."""

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        val: Opaque | None = dated_slot(holds=LuFid)


@ost(Opcode.OST_LADVISE, since="2.9", portal=Portal.OST_IO_PORTAL, also_on=())
class OstLadvise:
    """Sent by osc/osc_request.c:osc_ladvise_base. Handled by ofd/ofd_dev.c:ofd_ladvise_hdl.

    A reply comes only where LF_ASYNC is not set.
    """

    class Request(Buffers):
        ost_body: OstBody | None = dated_slot()
        ladvise_hdr: LadviseHdr | None = dated_slot()
        ladvise: list[LuLadvise] | None = dated_slot(when="lah_count of them")

    Reply = Object


@ost(Opcode.OST_FALLOCATE, since="2.14", portal={"2.14": Portal.OST_REQUEST_PORTAL, "2.17": Portal.OST_IO_PORTAL}, also_on={"2.14": (), "2.17": (Portal.OST_REQUEST_PORTAL, Portal.MDS_IO_PORTAL)})
class OstFallocate:
    """Sent by osc/osc_request.c:osc_fallocate_base. Handled by ofd/ofd_dev.c:ofd_fallocate_hdl,
    mdt/mdt_io.c:mdt_fallocate_hdl.

    o_size and o_blocks are the ends of the range, o_nlink the mode.
    """

    class Request(Buffers):
        ost_body: OstBody | None = dated_slot(line=("object {oa.o_oi} from {oa.o_size} to {oa.o_blocks}", " mode {oa.o_nlink:#x}"))
        capa1: LustreCapa | bytes | None = slots.OBJECT_CAPA

    Reply = Object


@ost(Opcode.OST_SEEK, since="2.14", also_on=(Portal.MDS_REQUEST_PORTAL,))
class OstSeek:
    """Sent by osc/osc_io.c:osc_io_lseek_start. Handled by target/tgt_handler.c:tgt_lseek.

    o_size is where to begin, o_mode the whence; o_size of the reply what was found.
    """

    class Request(Buffers):
        ost_body: OstBody | None = dated_slot(line=("object {oa.o_oi} from {oa.o_size}", " whence {oa.o_mode:d}"))

    class Reply(Buffers):
        ost_body: OstBody | None = dated_slot(line=("object {oa.o_oi} at {oa.o_size}",))
