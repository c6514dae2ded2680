"""RPC formats particular to 1.8."""

from __future__ import annotations

from typing import Annotated, Any

from lustre_codecs.common.rpcs import HAS_INTENT
from lustre_codecs.common.structs import (
    ACL_XATTRS,
    LdlmIntent,
    LdlmReply,
    LdlmRequest,
    LlogLogHdr,
    LlogRecHdr,
    LlUserFiemap,
    LustreHandle,
    NiobufRemote,
    ObdQuotactl,
    ObdStatfs,
    OstLvb,
    QunitData,
    XattrAclHeader,
)
from lustre_codecs.v1_8.constants import (
    KEY_READONLY,
    KEY_READONLY_166COMPAT,
    LUSTRE_DLM_VERSION,
    LUSTRE_LOG_VERSION,
    LUSTRE_MDS_VERSION,
    LUSTRE_OBD_VERSION,
    LUSTRE_OST_VERSION,
    ItOp,
    MdsReint,
    ObdMd,
    Opcode,
    Portal,
)
from lustre_codecs.v1_8.structs import (
    LlDirEntry,
    LlFiemapInfoKey,
    LlogCookie,
    LlogdBody,
    LlogdConnBody,
    LovMdsMdV1,
    LovUserMdV1,
    LuSeqRange,
    MdsBody,
    MdsRecCreate,
    MdsRecJoin,
    MdsRecLink,
    MdsRecRename,
    MdsRecSetattr,
    MdsRecUnlink,
    ObdConnectData,
    ObdIoobj,
    OstBody,
    QunitDataOld2,
    QuotaAdjustQunit,
)
from lustre_wire.schema import U32, spec_of, u32
from lustre_wire.schema.rpc import (
    Absent,
    Bits,
    Blob,
    Buffers,
    Chosen,
    CString,
    FixedText,
    Length,
    Match,
    NonZero,
    Opaque,
    Prefix,
    Records,
    buffers,
    derive,
    rpc,
    slot,
)

#: An MDS takes the layout buffer out of its reply when it has nothing to put into it.
MD_RETURNED: Match = {
    "mds_body.valid": Bits(ObdMd.OBD_MD_FLEASIZE | ObdMd.OBD_MD_FLDIREA | ObdMd.OBD_MD_LINKNAME, some=True),
    "mds_body.eadatasize": NonZero(),
}


@buffers
class ObdConnectClient(Buffers):
    """A connect, whatever the target."""

    target_uuid: Annotated[bytes, FixedText(40)] | None = slot(when="NUL-padded UUID")
    client_uuid: Annotated[bytes, FixedText(40)] | None = slot()
    conn_handle: LustreHandle | None = slot(when="the reverse-direction cookie (client import handle)")
    connect_data: ObdConnectData | None = slot(when="sent; server accepts longer")


@buffers
class MdsLastUnlinkServer(Buffers):
    """Where the objects of a file are whose last name is gone, for the client to destroy."""

    mds_body: MdsBody | None = slot()
    lov_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="shrunk to body.eadatasize when body.valid has FLEASIZE/FLDIREA (or LINKNAME); when 0 the segment is REMOVED and later buffers move one index down (bufcount unchanged, last buflen 0)")
    logcookies: list[LlogCookie] | None = slot(optional=True, when="shrunk to the number of stripes when body.valid has FLCOOKIE; removed otherwise; index drops to 2 when lov_md was removed")


@buffers
class LdlmIntentOpenClient(Buffers):
    """An open that rides on a lock."""

    dlm_req: LdlmRequest | None = slot()
    ldlm_intent: LdlmIntent | None = slot()
    rec: MdsRecCreate | None = slot()
    name: CString | None = slot(when="(namelen+1 bytes; may be just NUL)")
    lov_ea: Opaque | None = slot(holds=LovUserMdV1, optional=True, when="buffer always packed with max(lmmsize, client default easize), then grown so the whole request is a power of two; content 0 when no layout given")
    mds_rec_join: MdsRecJoin | None = slot(omit=True, when="M_JOIN_FILE only")


@buffers
class LdlmIntentOpenServer(Buffers):
    """The lock, and the file that was opened."""

    dlm_rep: LdlmReply | None = slot()
    mds_body: MdsBody | None = slot()
    lov_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="max_mdsize; 0 on replay; shrunk with index shift to eadatasize")
    acl: Opaque | None = slot(holds=XattrAclHeader, omit=True, when="slot present only when OBD_CONNECT_ACL; never shrunk (except reconstruct); index 4, or 3 after md removal")


@buffers
class LdlmIntentGetattrClient(Buffers):
    """Attributes asked for with a lock."""

    dlm_req: LdlmRequest | None = slot()
    ldlm_intent: LdlmIntent | None = slot()
    mds_body: MdsBody | None = slot(room=216)
    name: CString | None = slot(when="namelen+1 bytes (length 1 = by fid2)")


@buffers
class LdlmIntentServer(Buffers):
    """The lock, and the attributes of the file that was asked for."""

    dlm_rep: LdlmReply | None = slot()
    mds_body: MdsBody | None = slot()
    lov_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="shrunk (and removed with index shift) when the request asked FLEASIZE|FLDIREA, which the client always does")
    acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="packed when OBD_CONNECT_ACL negotiated and FLACL requested; true length is body.aclsize; the buffer itself stays 260 (see note); index drops by one when the md buffer is absent or removed")


@buffers
class OstBrwClient(Buffers):
    """Objects, and the ranges of them whose data move."""

    ost_body: OstBody | None = slot()
    obd_ioobj: list[ObdIoobj] | None = slot()
    niobuf_remote: list[NiobufRemote] | None = slot()


@rpc(Opcode.OST_CONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by ost/ost_handler.c:ost_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    1.8 servers tolerate a missing connect_data buffer (old peers): reply then has no buffer 1.

    pb_op_flags of the request: NEXT_VER when the import speaks V1, INITIAL, RECONNECT, LIBCLIENT, ASYNC as
    applicable; of the reply: RECOVERING, RECONNECT, REPLAYABLE, DELAYED.

    Reply ptlrpc_body.handle = cookie of the new export.

    Client reserves reply room for 72 bytes + 16 spare u64 words.
    """

    Request = ObdConnectClient

    class Reply(Buffers):
        connect_data: ObdConnectData | None = slot(when="when the request carried a connect_data buffer; client reserves 72+128 bytes")


@rpc(Opcode.MDS_CONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by mds/handler.c:mds_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    1.8 servers tolerate a missing connect_data buffer (old peers): reply then has no buffer 1.

    pb_op_flags of the request: NEXT_VER when the import speaks V1, INITIAL, RECONNECT, LIBCLIENT, ASYNC as
    applicable; of the reply: RECOVERING, RECONNECT, REPLAYABLE, DELAYED.

    Reply ptlrpc_body.handle = cookie of the new export.

    Client reserves reply room for 72 bytes + 16 spare u64 words.
    """

    Request = ObdConnectClient

    class Reply(Buffers):
        connect_data: ObdConnectData | None = slot(when="when the request carried a connect_data buffer; client reserves 72+128 bytes")


@rpc(Opcode.MGS_CONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL)
class MgsConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by mgs/mgs_handler.c:mgs_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    1.8 servers tolerate a missing connect_data buffer (old peers): reply then has no buffer 1.

    pb_op_flags of the request: NEXT_VER when the import speaks V1, INITIAL, RECONNECT, LIBCLIENT, ASYNC as
    applicable; of the reply: RECOVERING, RECONNECT, REPLAYABLE, DELAYED.

    Reply ptlrpc_body.handle = cookie of the new export.

    Client reserves reply room for 72 bytes + 16 spare u64 words.
    """

    Request = ObdConnectClient

    class Reply(Buffers):
        connect_data: ObdConnectData | None = slot(when="when the request carried a connect_data buffer; client reserves 72+128 bytes")


@rpc(Opcode.MDS_DISCONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by mds/handler.c:mds_handle ->
    ldlm_lib.c:target_handle_disconnect.
    """


@rpc(Opcode.MDS_GETSTATUS, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsGetstatus:
    """Sent by mdc/mdc_request.c:send_getstatus (via mdc_getstatus). Handled by mds/handler.c:mds_getstatus.

    Request body content is not used by the 1.8 server.

    Reply fid1 = root.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_GETATTR, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsGetattr:
    """Sent by mdc/mdc_request.c:mdc_getattr, mdc_getattr_common. Handled by mds/handler.c:mds_getattr,
    mds_getattr_pack_msg, mds_getattr_internal.

    FLACL is bit 39; mds_shrink_body_reply passes the masked flags through an int, so the ACL segment is never
    shrunk on this path.

    On lookup failure before packing the reply is body only.

    Request eadatasize says how much md room the client has.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()
        lov_md_or_linkname: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="packed when body.valid asks FLEASIZE|FLDIREA and the inode is a file or directory (max_mdsize, then shrunk), or when LINKNAME asked on a symlink (min(size+1, requested eadatasize), not shrunk); absent otherwise")
        acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="packed when OBD_CONNECT_ACL negotiated and FLACL requested; true length is body.aclsize; the buffer itself stays 260 (see note); index drops by one when the md buffer is absent or removed")


@rpc(Opcode.MDS_GETATTR_NAME, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsGetattrName:
    """Sent by mdc/mdc_request.c:mdc_getattr_name. Handled by mds/handler.c:mds_getattr_lock (GETATTR_NAME case of
    mds_handle).

    Name must be a NUL-terminated string filling the buffer exactly.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)
        name: CString | None = slot(when="buffer length = namelen as given by the caller incl. NUL; length <=1 means revalidate by fid2")

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()
        lov_md_or_linkname: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="shrunk to body.eadatasize when body.valid has FLEASIZE/FLDIREA (or LINKNAME); when 0 the segment is REMOVED and later buffers move one index down (bufcount unchanged, last buflen 0)")
        acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="packed when OBD_CONNECT_ACL negotiated and FLACL requested; true length is body.aclsize; the buffer itself stays 260 (see note); index drops by one when the md buffer is absent or removed")


@rpc(Opcode.MDS_GETXATTR, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsGetxattr:
    """Sent by mdc/mdc_request.c:mdc_getxattr, mdc_xattr_common. Handled by mds/mds_xattr.c:mds_getxattr,
    mds_getxattr_pack_msg.

    Request body.eadatasize = size of the caller buffer (0 = query length).

    On a failed attribute lookup the reply is body only.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)
        xattr_name: CString | None = slot(omit=True, when="body.valid has FLXATTR; absent for FLXATTRLS (list)")
        input: Opaque | None = slot(omit=True, when="only when the caller passes input data (input_size>0)")

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()
        eadata: Opaque | None = slot(holds=XattrAclHeader, omit=True, when="value or list; counted whenever the size lookup succeeded, length = min(requested eadatasize, actual), so 0 for a size query; when the lookup failed the reply is body only with the errno in pb_status")


@rpc(Opcode.MDS_SETXATTR, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsSetxattr:
    """Sent by mdc/mdc_request.c:mdc_setxattr, mdc_xattr_common. Handled by mds/mds_xattr.c:mds_setxattr.

    body.eadatasize = value length, body.flags = setxattr flags, body.mode/valid FLXATTR or FLXATTRRM.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)
        xattr_name: CString | None = slot()
        value: Opaque | None = slot(holds=Chosen("xattr_name", ACL_XATTRS), omit=True, when="FLXATTR with a value; absent for remove (FLXATTRRM) or zero-length value")


@rpc(Opcode.MDS_STATFS, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsStatfs:
    """Sent by mdc/mdc_request.c:mdc_statfs. Handled by mds/handler.c:mds_statfs."""

    class Reply(Buffers):
        obd_statfs: ObdStatfs | None = slot()


@rpc(Opcode.MDS_SYNC, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsSync:
    """Sent by mdc/mdc_request.c:mdc_sync. Handled by mds/handler.c:mds_sync.

    fid1.id == 0 means sync the whole device.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_PIN, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsPin:
    """Sent by mdc/mdc_request.c:mdc_pin. Handled by mds/mds_open.c:mds_pin.

    Reply body.handle = open handle.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_UNPIN, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="reserved")
class MdsUnpin:
    """Sent by mdc/mdc_request.c:mdc_unpin, but under the opcode of MDS_CLOSE, where it reads as a close. No MDS has a
    handler for MDS_UNPIN itself.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)


@rpc(Opcode.MDS_CLOSE, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_READPAGE_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MDS_SETATTR_PORTAL,))
class MdsClose:
    """Sent by mdc/mdc_request.c:mdc_close; mdc_lib.c:mdc_close_pack_18. Handled by mds/mds_open.c:mds_close;
    mds_reint.c:mds_shrink_body_reply.

    Request body.handle = open handle; attribute values with FLATIME/MTIME/CTIME/SIZE/BLOCKS/FLAGS.

    If packing fails the close still happens and the reply is body only.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()
        lov_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="mds_close forces FLEASIZE on the request so this is shrunk: kept at body.eadatasize when the last close of an unlinked file returns md (FLEASIZE), else removed with index shift")
        logcookies: list[LlogCookie] | None = slot(optional=True, when="packed at mds_max_cookiesize; only valid when body.valid has FLCOOKIE; never shrunk because the request asks neither FLCOOKIE nor a low-bit FLACL; index 2 when lov_md was removed")


@rpc(Opcode.MDS_DONE_WRITING, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsDoneWriting:
    """Sent by mdc/mdc_request.c:mdc_done_writing. Handled by mds/mds_open.c:mds_done_writing.

    No 2.0 variant in the 1.8.9 client.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_READPAGE, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_READPAGE_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MDS_SETATTR_PORTAL,), bulk_portal=Portal.MDS_BULK_PORTAL, bulk="server PUT", bulk_holds=Records(LlDirEntry))
class MdsReadpage:
    """Sent by mdc/mdc_request.c:mdc_readpage; mdc_lib.c:mdc_readdir_pack_18. Handled by mds/handler.c:mds_readpage,
    mds_sendpage.

    Request: fid1 = directory, size = byte offset, nlink = bytes wanted (page multiple).

    Reply body.size = directory size.

    Pages are raw ext3/ldiskfs directory blocks.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = slot(room=216)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_SET_INFO, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsSetInfo:
    """Sent by mdc/mdc_request.c:mdc_set_info_async. Handled by mds/handler.c:mds_set_info_rpc.

    Recognised keys: "read-only" and the 1.6.6 spelling "readonly" (val = __u32, toggles OBD_CONNECT_RDONLY on the
    export); any other -> -EINVAL.

    Key buffer length is what the caller passed; comparison is by prefix (KEY_IS).

    Status is pre-set to 0 in the packed reply.
    """

    class Request(Buffers):
        key: Opaque | None = slot()
        val: Opaque | None = slot(holds=Chosen("key", {KEY_READONLY: U32, KEY_READONLY_166COMPAT: U32}))


@rpc(Opcode.MDS_QUOTACHECK, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsQuotacheck:
    """Sent by quota/quota_check.c:client_quota_check. Handled by mds/handler.c:mds_handle_quotacheck."""

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()


@rpc(Opcode.MDS_QUOTACTL, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsQuotactl:
    """Sent by quota/quota_ctl.c:client_quota_ctl. Handled by mds/handler.c:mds_handle_quotactl."""

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()

    class Reply(Buffers):
        quotactl: ObdQuotactl | None = slot()


@rpc(Opcode.MDS_REINT, name="MDS_REINT/SETATTR", version=LUSTRE_MDS_VERSION, match={"rec.sa_opcode": MdsReint.REINT_SETATTR}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsReintSetattr:
    """Sent by mdc/mdc_reint.c:mdc_setattr; mdc_lib.c:mdc_setattr_pack_18. Handled by mds/mds_lib.c:mds_setattr_unpack;
    mds_reint.c:mds_reint_setattr.

    Sent on portal 22 (MDS_SETATTR) when ATTR_FROM_OPEN (truncate from open handle), else 12.

    dlm_req sits at index 4; server looks for it only when CANCELSET negotiated.
    """

    class Request(Buffers):
        rec: MdsRecSetattr | None = slot()
        ea: Opaque | None = slot(holds=LovUserMdV1, optional=True, when="lov EA when setting layout/default stripe; slot always counted, 0 length otherwise")
        logcookies: list[LlogCookie] | None = slot(optional=True, when="slot always counted; length = bytes of cookies (0 when none)")
        dlm_req: LdlmRequest | None = slot(omit=True, when="only when OBD_CONNECT_CANCELSET was negotiated; carries early lock cancels (lock_count handles, may be 0)")

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_REINT, name="MDS_REINT/CREATE", version=LUSTRE_MDS_VERSION, match={"rec.cr_opcode": MdsReint.REINT_CREATE}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsReintCreate:
    """Sent by mdc/mdc_reint.c:mdc_create; mdc_lib.c:mdc_create_pack_18. Handled by mds/mds_lib.c:mds_create_unpack;
    mds_reint.c:mds_reint_create.

    Bufcount 3, 4 (data) or 5 (CANCELSET).
    """

    class Request(Buffers):
        rec: MdsRecCreate | None = slot()
        name: CString | None = slot()
        data: Opaque | None = slot(omit=True, when="symlink target (string incl. NUL) or lov EA; counted with 0 length when CANCELSET is on and there is no data; left out when neither data nor CANCELSET")
        dlm_req: LdlmRequest | None = slot(omit=True, when="only when OBD_CONNECT_CANCELSET was negotiated; carries early lock cancels (lock_count handles, may be 0)")

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_REINT, name="MDS_REINT/LINK", version=LUSTRE_MDS_VERSION, match={"rec.lk_opcode": MdsReint.REINT_LINK}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsReintLink:
    """Sent by mdc/mdc_reint.c:mdc_link; mdc_lib.c:mdc_link_pack_18. Handled by mds/mds_lib.c:mds_link_unpack;
    mds_reint.c:mds_reint_link.
    """

    class Request(Buffers):
        rec: MdsRecLink | None = slot()
        name: CString | None = slot()
        dlm_req: LdlmRequest | None = slot(omit=True, when="only when OBD_CONNECT_CANCELSET was negotiated; carries early lock cancels (lock_count handles, may be 0)")

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()


@rpc(Opcode.MDS_REINT, name="MDS_REINT/UNLINK", version=LUSTRE_MDS_VERSION, match={"rec.ul_opcode": MdsReint.REINT_UNLINK}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsReintUnlink:
    """Sent by mdc/mdc_reint.c:mdc_unlink; mdc_lib.c:mdc_unlink_pack_18. Handled by mds/mds_lib.c:mds_unlink_unpack;
    mds_reint.c:mds_reint_unlink, mds_shrink_intent_reply.

    On MSG_REPLAY the md and cookie slots are packed with length 0.
    """

    class Request(Buffers):
        rec: MdsRecUnlink | None = slot()
        name: CString | None = slot()
        dlm_req: LdlmRequest | None = slot(omit=True, when="only when OBD_CONNECT_CANCELSET was negotiated; carries early lock cancels (lock_count handles, may be 0)")

    Reply = MdsLastUnlinkServer


@rpc(Opcode.MDS_REINT, name="MDS_REINT/RENAME", version=LUSTRE_MDS_VERSION, match={"rec.rn_opcode": MdsReint.REINT_RENAME}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsReintRename:
    """Sent by mdc/mdc_reint.c:mdc_rename; mdc_lib.c:mdc_rename_pack_18. Handled by mds/mds_lib.c:mds_rename_unpack;
    mds_reint.c:mds_reint_rename.
    """

    class Request(Buffers):
        rec: MdsRecRename | None = slot()
        old_name: CString | None = slot()
        new_name: CString | None = slot()
        dlm_req: LdlmRequest | None = slot(omit=True, when="only when OBD_CONNECT_CANCELSET was negotiated; carries early lock cancels (lock_count handles, may be 0)")

    Reply = MdsLastUnlinkServer


@rpc(Opcode.MDS_REINT, name="MDS_REINT/OPEN", version=LUSTRE_MDS_VERSION, match={"rec.cr_opcode": MdsReint.REINT_OPEN}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="no sender")
class MdsReintOpen:
    """Never sent but as an LDLM intent. Handled by mds/mds_open.c:mds_open (asserts on the non-intent offset).

    Plain MDS_REINT/OPEN is not usable: mds_open handles only the intent placement.
    """

    class Request(Buffers):
        rec: MdsRecCreate | None = slot()
        name: CString | None = slot(optional=True)
        ea: Opaque | None = slot(holds=LovUserMdV1, optional=True)

    class Reply(Buffers):
        mds_body: MdsBody | None = slot()
        lov_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="max_mdsize; 0 on replay")


@rpc(Opcode.LDLM_ENQUEUE, version=LUSTRE_DLM_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL,))
class LdlmEnqueue:
    """Sent by ldlm/ldlm_request.c:ldlm_prep_enqueue_req, ldlm_cli_enqueue. Handled by
    ldlm/ldlm_lockd.c:ldlm_handle_enqueue.

    Plain enqueue (no HAS_INTENT): EXTENT to OST (28->4), IBITS/FLOCK to MDT (12->10), PLAIN config lock to MGS
    (26->25).

    Early lock cancels ride in dlm_req.lock_handle[1..] with lock_count.

    Error reply: body only, pb_status carries the rc; lock error codes ELDLM_* 300-series are positive.

    Server packs ldlm_reply only when no LVB; client reserves room for ost_lvb because a 2.0 server always sends 40
    bytes.

    Lock replay resends the same request with LDLM_FL_REPLAY (ldlm_replay_locks / replay_one_lock).
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()
        lvb: OstLvb | None = slot(omit=True, when="only when the resource has an LVB (OST extent locks)")


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_OPEN", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_OPEN}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentOpen:
    """Sent by mdc/mdc_locks.c:mdc_intent_open_pack; mdc_lib.c:mdc_open_pack_18, mdc_join_pack_18. Handled by
    mds/handler.c:mds_intent_policy -> mds_lib.c:mds_open_unpack -> mds_open.c:mds_open, mds_finish_open; mds_join.c
    for join.

    dlm_req flags HAS_INTENT; intent opc = IT_OPEN (1).

    dlm_rep.lock_policy_res1 = disposition bits, lock_policy_res2 = result of the open.

    A negative intent result still gives a full reply with ELDLM_LOCK_ABORTED in pb_status.

    Request is replayable: the client grows it to hold the returned layout (mdc_realloc_openmsg).

    4 or 5 reply buffers; join buffer at index 6.
    """

    Request = LdlmIntentOpenClient

    Reply = LdlmIntentOpenServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_OPEN_CREAT", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_OPEN | ItOp.IT_CREAT}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentOpenCreat:
    """Sent by mdc/mdc_locks.c:mdc_intent_open_pack; mdc_lib.c:mdc_open_pack_18, mdc_join_pack_18. Handled by
    mds/handler.c:mds_intent_policy -> mds_lib.c:mds_open_unpack -> mds_open.c:mds_open, mds_finish_open; mds_join.c
    for join.

    dlm_req flags HAS_INTENT; intent opc = IT_OPEN (1)|IT_CREAT (2) = 3.

    dlm_rep.lock_policy_res1 = disposition bits, lock_policy_res2 = result of the open.

    A negative intent result still gives a full reply with ELDLM_LOCK_ABORTED in pb_status.

    Request is replayable: the client grows it to hold the returned layout (mdc_realloc_openmsg).

    4 or 5 reply buffers; join buffer at index 6.
    """

    Request = LdlmIntentOpenClient

    Reply = LdlmIntentOpenServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_GETATTR", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_GETATTR}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentGetattr:
    """Sent by mdc/mdc_locks.c:mdc_intent_lookup_pack; mdc_lib.c:mdc_getattr_pack_18. Handled by
    mds/handler.c:mds_intent_policy, mds_getattr_lock.

    Intent opc IT_GETATTR = 8.
    """

    Request = LdlmIntentGetattrClient

    Reply = LdlmIntentServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_LOOKUP", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_LOOKUP}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentLookup:
    """Sent by mdc/mdc_locks.c:mdc_intent_lookup_pack; mdc_lib.c:mdc_getattr_pack_18. Handled by
    mds/handler.c:mds_intent_policy, mds_getattr_lock.

    Intent opc IT_LOOKUP = 16.

    LOOKUP locks only LOOKUP|UPDATE bits (child) instead of full getattr bits.
    """

    Request = LdlmIntentGetattrClient

    Reply = LdlmIntentServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_READDIR", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "[2]": Absent()}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentReaddir:
    """Sent by mdc/mdc_locks.c:mdc_intent_readdir_pack. Handled by mds/handler.c:mds_intent_policy (2-buffer reply when
    no intent buffer present).

    HAS_INTENT but no intent buffer; if a peer did send an intent buffer the server treats it like GETATTR and adds
    body, md, acl.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_UNLINK", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_UNLINK}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="client packer only")
class LdlmEnqueueIntentUnlink:
    """Sent by mdc/mdc_locks.c:mdc_intent_unlink_pack. Handled by mds/handler.c:mds_intent_policy -> default branch
    -EFAULT (reply already packed with 5 buffers).

    IT_UNLINK = 32; not used by the shipped llite in either version.

    Server answer is -EFAULT; the client never gets past it; reply row shows what was packed (shrink not applied).
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()
        ldlm_intent: LdlmIntent | None = slot()
        rec: MdsRecUnlink | None = slot()
        name: CString | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()
        mds_body: MdsBody | None = slot()
        lov_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, present=MD_RETURNED, when="shrunk to body.eadatasize when body.valid has FLEASIZE/FLDIREA (or LINKNAME); when 0 the segment is REMOVED and later buffers move one index down (bufcount unchanged, last buflen 0)")
        logcookies: list[LlogCookie] | None = slot(optional=True, when="shrunk to the number of stripes when body.valid has FLCOOKIE; removed otherwise; index drops to 2 when lov_md was removed")


@rpc(Opcode.LDLM_CP_CALLBACK, version=LUSTRE_DLM_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmCpCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_completion_ast. Handled by ldlm/ldlm_lockd.c:ldlm_callback_handler,
    ldlm_handle_cp_callback.

    lock_handle[0] = client lock cookie, lock_desc = granted mode/policy, lock_flags may hold AST_SENT; the reply is
    sent before the callback is processed.

    For CANCEL_ON_BLOCK locks being granted with AST_SENT the server sends it without expecting a reply.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()
        lvb: OstLvb | None = slot(omit=True, when="only when lr_lvb_len != 0")


@rpc(Opcode.LDLM_GL_CALLBACK, version=LUSTRE_DLM_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmGlCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_glimpse_ast. Handled by ldlm/ldlm_lockd.c:ldlm_callback_handler,
    ldlm_handle_gl_callback -> llite/file.c:ll_glimpse_callback.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        lvb: OstLvb | None = slot(when="on success; -ELDLM_NO_LOCK_DATA gives a body-only reply")


@rpc(Opcode.OST_GETATTR, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstGetattr:
    """Sent by osc/osc_request.c:osc_getattr, osc_getattr_async. Handled by ost/ost_handler.c:ost_getattr."""

    class Request(Buffers):
        ost_body: OstBody | None = slot()

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_SETATTR, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstSetattr:
    """Sent by osc/osc_request.c:osc_setattr, osc_setattr_async. Handled by ost/ost_handler.c:ost_setattr."""

    class Request(Buffers):
        ost_body: OstBody | None = slot()

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_CREATE, version=LUSTRE_OST_VERSION, portal=Portal.OST_CREATE_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_IO_PORTAL,))
class OstCreate:
    """Sent by osc/osc_create.c:oscc_internal_create (portal 7); osc_request.c:osc_real_create (28). Handled by
    ost/ost_handler.c:ost_create.

    Precreate goes to portal 7; single create (osc_real_create) uses the default portal 28.

    No capa slot even in 2.0 (RQF_OST_CREATE).
    """

    class Request(Buffers):
        ost_body: OstBody | None = slot()

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_DESTROY, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL,))
class OstDestroy:
    """Sent by osc/osc_request.c:osc_destroy. Handled by ost/ost_handler.c:ost_destroy.

    Portal 6 (OST_IO).

    Cookies of the unlink llog travel in obdo o_lcookie with FLCOOKIE.
    """

    class Request(Buffers):
        ost_body: OstBody | None = slot()
        dlm_req: LdlmRequest | None = slot(omit=True, when="OBD_CONNECT_CANCELSET negotiated")

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_PUNCH, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL,))
class OstPunch:
    """Sent by osc/osc_request.c:osc_punch. Handled by ost/ost_handler.c:ost_punch.

    o_size = start, o_blocks = end of the range to free.

    Flag OBD_FL_TRUNCLOCK (1.8) / OBD_FL_SRVLOCK (2.0) asks the OST to take the lock.
    """

    class Request(Buffers):
        ost_body: OstBody | None = slot()

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_SYNC, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstSync:
    """Sent by osc/osc_request.c:osc_sync. Handled by ost/ost_handler.c:ost_sync.

    o_size = start, o_blocks = end; whole object when both 0.
    """

    class Request(Buffers):
        ost_body: OstBody | None = slot()

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_READ, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, bulk_portal=Portal.OST_BULK_PORTAL, bulk="server PUT")
class OstRead:
    """Sent by osc/osc_request.c:osc_brw_prep_request. Handled by ost/ost_handler.c:ost_brw_read, ost_hpreq_handler.

    Exactly one obd_ioobj; 0 or >256 niobufs rejected.

    niobuf_remote = {offset u64, len u32, flags u32}.

    OBD_BRW_CHECK / checksum valid bits drive the optional bulk checksum carried in obdo o_cksum / FLCKSUM.

    A request not on portal 6 fails -EPROTO.

    Client has no capa slot.
    """

    Request = OstBrwClient

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_WRITE, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, bulk_portal=Portal.OST_BULK_PORTAL, bulk="server GET")
class OstWrite:
    """Sent by osc/osc_request.c:osc_brw_prep_request. Handled by ost/ost_handler.c:ost_brw_write, ost_hpreq_handler.

    Exactly one obd_ioobj; 0 or >256 niobufs rejected.

    niobuf_remote = {offset u64, len u32, flags u32}.

    OBD_BRW_CHECK / checksum valid bits drive the optional bulk checksum carried in obdo o_cksum / FLCKSUM.

    A request not on portal 6 fails -EPROTO.

    Client has no capa slot.
    """

    Request = OstBrwClient

    class Reply(Buffers):
        ost_body: OstBody | None = slot()
        rcs: list[u32] | None = slot(when="per-niobuf result codes")


@rpc(Opcode.OST_GET_INFO, name="OST_GET_INFO/FIEMAP", version=LUSTRE_OST_VERSION, match={"fiemap_key": Prefix(b"fiemap")}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstGetInfoFiemap:
    """Sent by osc/osc_request.c:osc_get_info. Handled by ost/ost_handler.c:ost_get_info -> filter_get_info.

    Client swabs the whole reply as fiemap; the request key is not swabbed by the server in 1.8.
    """

    class Request(Buffers):
        fiemap_key: LlFiemapInfoKey | None = slot()

    class Reply(Buffers):
        fiemap_val: LlUserFiemap | None = slot()


@rpc(Opcode.OST_SET_INFO, name="OST_SET_INFO/GRANT_SHRINK", version=LUSTRE_OST_VERSION, match={"key": Prefix(b"grant_shrink")}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstSetInfoGrantShrink:
    """Sent by osc/osc_request.c:osc_shrink_grant_to_target -> osc_set_info_async. Handled by
    ost/ost_handler.c:ost_set_info.

    Only with OBD_CONNECT_GRANT_SHRINK.
    """

    class Request(Buffers):
        key: Opaque | None = slot()
        ost_body: OstBody | None = slot(when="ost_body with OBD_FL_SHRINK_GRANT and o_grant")

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_QUOTA_ADJUST_QUNIT, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstQuotaAdjustQunit:
    """Sent by quota/quota_adjust_qunit.c:client_quota_adjust_qunit. Handled by
    ost/ost_handler.c:ost_handle_quota_adjust_qunit.

    MDS to OST.
    """

    class Request(Buffers):
        quota_adjust_qunit: QuotaAdjustQunit | None = slot()

    class Reply(Buffers):
        quota_adjust_qunit: QuotaAdjustQunit | None = slot()


@rpc(Opcode.LLOG_ORIGIN_HANDLE_CREATE, version=LUSTRE_LOG_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL, also_on=(Portal.LDLM_CB_REQUEST_PORTAL, Portal.MDS_REQUEST_PORTAL,))
class LlogOriginHandleCreate:
    """Sent by ptlrpc/llog_client.c:llog_client_create. Handled by ptlrpc/llog_server.c:llog_origin_handle_create.

    Sent on the import of the log context: MGS (26->25, config logs), MDS/MDT (12->10), or OST to MDS over the
    reverse import (15->16).
    """

    class Request(Buffers):
        llogd_body: LlogdBody | None = slot()
        name: CString | None = slot(omit=True, when="open by name")

    class Reply(Buffers):
        llogd_body: LlogdBody | None = slot()


@rpc(Opcode.LLOG_ORIGIN_HANDLE_NEXT_BLOCK, version=LUSTRE_LOG_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL, also_on=(Portal.LDLM_CB_REQUEST_PORTAL, Portal.MDS_REQUEST_PORTAL,))
class LlogOriginHandleNextBlock:
    """Sent by ptlrpc/llog_client.c:llog_client_next_block. Handled by
    ptlrpc/llog_server.c:llog_origin_handle_next_block.

    Sent on the import of the log context: MGS (26->25, config logs), MDS/MDT (12->10), or OST to MDS over the
    reverse import (15->16).
    """

    class Request(Buffers):
        llogd_body: LlogdBody | None = slot()

    class Reply(Buffers):
        llogd_body: LlogdBody | None = slot()
        log_block: Annotated[bytes, Blob(8192)] | None = slot(holds=Records(LlogRecHdr), when="(LLOG_CHUNK_SIZE)")


@rpc(Opcode.LLOG_ORIGIN_HANDLE_PREV_BLOCK, version=LUSTRE_LOG_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LlogOriginHandlePrevBlock:
    """Sent by ptlrpc/llog_client.c:llog_client_prev_block. Handled by
    ptlrpc/llog_server.c:llog_origin_handle_prev_block.

    Handled by the MDS/MDT only (12->10), not by the MGS or callback service (the sender uses the import of its log
    context, so 26 is possible; an MGS answers -ENOTSUPP).
    """

    class Request(Buffers):
        llogd_body: LlogdBody | None = slot()

    class Reply(Buffers):
        llogd_body: LlogdBody | None = slot()
        log_block: Annotated[bytes, Blob(8192)] | None = slot(holds=Records(LlogRecHdr))


@rpc(Opcode.LLOG_ORIGIN_HANDLE_READ_HEADER, version=LUSTRE_LOG_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL, also_on=(Portal.LDLM_CB_REQUEST_PORTAL, Portal.MDS_REQUEST_PORTAL,))
class LlogOriginHandleReadHeader:
    """Sent by ptlrpc/llog_client.c:llog_client_read_header. Handled by
    ptlrpc/llog_server.c:llog_origin_handle_read_header.

    Sent on the import of the log context: MGS (26->25, config logs), MDS/MDT (12->10), or OST to MDS over the
    reverse import (15->16).
    """

    class Request(Buffers):
        llogd_body: LlogdBody | None = slot()

    class Reply(Buffers):
        llog_log_hdr: LlogLogHdr | None = slot()


@rpc(Opcode.LLOG_ORIGIN_HANDLE_DESTROY, version=LUSTRE_LOG_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LlogOriginHandleDestroy:
    """Sent by ptlrpc/llog_client.c:llog_client_destroy. Handled by ptlrpc/llog_server.c:llog_origin_handle_destroy.

    Handled by the MDS/MDT only (12->10), not by the MGS or callback service (the sender uses the import of its log
    context, so 26 is possible; an MGS answers -ENOTSUPP).
    """

    class Request(Buffers):
        llogd_body: LlogdBody | None = slot()

    class Reply(Buffers):
        llogd_body: LlogdBody | None = slot()


@rpc(Opcode.LLOG_ORIGIN_CONNECT, version=LUSTRE_LOG_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL)
class LlogOriginConnect:
    """Sent by ptlrpc/llog_net.c:llog_initiator_connect. Handled by ost/ost_handler.c (OST portal) ->
    ptlrpc/llog_net.c:llog_handle_connect.

    MDS connects its unlink log to the OST; the OST then walks the log back over the reverse import.
    """

    class Request(Buffers):
        llogd_conn_body: LlogdConnBody | None = slot()


@rpc(Opcode.LLOG_CATINFO, version=LUSTRE_LOG_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MGS_REQUEST_PORTAL,))
class LlogCatinfo:
    """Sent by llite/dir.c:ll_dir_ioctl (OBD_IOC_LLOG_CATINFO). Handled by ptlrpc/llog_server.c:llog_catinfo.

    Sent on the MDC import (12->10); the 1.8 MDS and the MGS both serve it.

    Keyword is "config" or "deletions"; the second buffer is the client filter string, length 0 when unused.
    """

    class Request(Buffers):
        keyword: CString | None = slot()
        filter: CString | None = slot(optional=True, when="buffer always counted; 0 length when the caller has no second argument")

    class Reply(Buffers):
        output: Annotated[bytes, Blob(8192)] | None = slot()


@rpc(Opcode.OBD_LOG_CANCEL, version=LUSTRE_LOG_VERSION, portal=Portal.LDLM_CANCEL_REQUEST_PORTAL, reply_portal=Portal.LDLM_CANCEL_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL,))
class ObdLogCancel:
    """Sent by ptlrpc/recov_thread.c:llcd_send (via llog_recov_thread/llcd_push). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler/ldlm_cancel_handler -> llog_server.c:llog_origin_handle_cancel.

    Sender is the OST: cancels unlink records it has executed.

    Count limited by the page-sized llcd (LLOG_CHUNK_SIZE granularity).

    The MDS and MGS request services answer -ENOTSUPP for this opcode.
    """

    class Request(Buffers):
        llog_cookies: list[LlogCookie] | None = slot()


@rpc(Opcode.QUOTA_DQACQ, version=LUSTRE_MDS_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class QuotaDqacq:
    """Sent by quota/quota_context.c:schedule_dqacq (OST to MDS over the reverse import). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler -> ldlm_lib.c:target_handle_dqacq_callback.

    16-byte old form when the export did not negotiate CHANGE_QS.
    """

    class Request(Buffers):
        qunit_data: QunitData | None = slot(when="unless the peer lacks OBD_CONNECT_CHANGE_QS: then struct qunit_data_old2, 16 bytes (needs OBD_CONNECT_QUOTA64)")

    class Reply(Buffers):
        qunit_data: QunitData | None = slot(when="same size as the request")


@rpc(Opcode.QUOTA_DQREL, version=LUSTRE_MDS_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class QuotaDqrel:
    """Sent by quota/quota_context.c:schedule_dqacq (OST to MDS over the reverse import). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler -> ldlm_lib.c:target_handle_dqacq_callback.

    16-byte old form when the export did not negotiate CHANGE_QS.
    """

    class Request(Buffers):
        qunit_data: QunitData | None = slot(when="unless the peer lacks OBD_CONNECT_CHANGE_QS: then struct qunit_data_old2, 16 bytes (needs OBD_CONNECT_QUOTA64)")

    class Reply(Buffers):
        qunit_data: QunitData | None = slot(when="same size as the request")


@buffers
class _OldQunit(Buffers):
    qunit_data: QunitDataOld2 | None = slot()


_OLD_QUNIT: dict[str, Any] = {
    "variant": "without CHANGE_QS",
    "match": {"[1]": Length(spec_of(QunitDataOld2).size)},
    "note": "for a peer that granted OBD_CONNECT_QUOTA64 but not OBD_CONNECT_CHANGE_QS",
    "request": _OldQunit,
    "reply": _OldQunit,
}
QuotaDqacqOld = derive(QuotaDqacq, **_OLD_QUNIT)
QuotaDqrelOld = derive(QuotaDqrel, **_OLD_QUNIT)


@rpc(Opcode.SEQ_QUERY, version=LUSTRE_MDS_VERSION, portal=Portal.SEQ_METADATA_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="client only")
class SeqQuery:
    """Sent by mdc/mdc_fid.c:seq_client_rpc. Handled by none in 1.8 (only a 2.0 MDS answers).

    Sent on portal 30 (SEQ_METADATA, SEQ_ALLOC_META) by the 1.8.9 client when it is connected to a 2.0 MDS.
    """

    class Request(Buffers):
        opc: u32 | None = slot()
        lu_seq_range: LuSeqRange | None = slot()

    class Reply(Buffers):
        lu_seq_range: LuSeqRange | None = slot()
