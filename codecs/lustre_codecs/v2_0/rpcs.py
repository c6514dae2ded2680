"""RPC formats particular to 2.0."""

from __future__ import annotations

from typing import Annotated

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
from lustre_codecs.v2_0.constants import (
    KEY_CHANGELOG_CLEAR,
    KEY_READ_ONLY,
    LUSTRE_DLM_VERSION,
    LUSTRE_LOG_VERSION,
    LUSTRE_MDS_VERSION,
    LUSTRE_OBD_VERSION,
    LUSTRE_OST_VERSION,
    XATTR_NAME_LMA,
    XATTR_NAME_LMV,
    XATTR_NAME_LOV,
    ItOp,
    MdsReint,
    Opcode,
    Portal,
)
from lustre_codecs.v2_0.disk import LustreMdtAttrs
from lustre_codecs.v2_0.structs import (
    ChangelogSetinfo,
    LlFiemapInfoKey,
    LlogCookie,
    LlogdBody,
    LlogdConnBody,
    LmvStripeMd,
    LovMdsMdV1,
    LovUserMdV1,
    LuDirpage,
    LuSeqRange,
    LustreCapa,
    MdtBody,
    MdtIoepoch,
    MdtRecCreate,
    MdtRecLink,
    MdtRecRename,
    MdtRecSetattr,
    MdtRecSetxattr,
    MdtRecUnlink,
    ObdConnectData,
    ObdIoobj,
    OstBody,
    QuotaAdjustQunit,
)
from lustre_wire.schema import U32, u32
from lustre_wire.schema.rpc import (
    Absent,
    Blob,
    Buffers,
    Chosen,
    CString,
    FixedText,
    Opaque,
    Prefix,
    Records,
    buffers,
    rpc,
    slot,
)

#: Extended attributes with an inside of their own.
_XATTRS = {
    **ACL_XATTRS,
    XATTR_NAME_LMA: LustreMdtAttrs,
    XATTR_NAME_LMV: LmvStripeMd,
    XATTR_NAME_LOV: LovMdsMdV1,
}


@buffers
class ObdConnectClient(Buffers):
    """A connect, whatever the target."""

    target_uuid: Annotated[bytes, FixedText(39)] | None = slot(when="first 39 bytes of the obd_uuid")
    client_uuid: Annotated[bytes, FixedText(39)] | None = slot()
    conn_handle: LustreHandle | None = slot(when="the reverse-direction cookie (client import handle)")
    connect_data: ObdConnectData | None = slot(when="sent; server accepts longer")


@buffers
class MdtBodyCapa(Buffers):
    """A body and a capability for the file it names."""

    mdt_body: MdtBody | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")


@buffers
class MdtCloseClient(Buffers):
    """The end of an open or of an I/O epoch, with the attributes it leaves."""

    mdt_ioepoch: MdtIoepoch | None = slot()
    rec_reint: MdtRecSetattr | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")


@buffers
class MdtAttributesServer(Buffers):
    """A file's attributes, layout, ACL and renewed capabilities."""

    mdt_body: MdtBody | None = slot()
    mdt_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, when="slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0")
    acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="slot always counted; shrunk in place to body.aclsize (ACL when OBD_CONNECT_ACL and FLACL asked; remote_perm when FLRMTPERM asked), 0 otherwise")
    capa1: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLMDSCAPA, otherwise shrunk to 0 in place")
    capa2: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLOSSCAPA, otherwise shrunk to 0 in place")


@buffers
class MdsLastUnlinkServer(Buffers):
    """Where the objects of a file are whose last name or last open is gone, for the client to destroy."""

    mdt_body: MdtBody | None = slot()
    mdt_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, when="slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0")
    logcookies: list[LlogCookie] | None = slot(optional=True, when="slot always counted; shrunk in place to body.aclsize bytes (the aclsize field carries the cookie size), 0 otherwise")
    capa1: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLMDSCAPA, otherwise shrunk to 0 in place")
    capa2: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLOSSCAPA, otherwise shrunk to 0 in place")


@buffers
class LdlmIntentOpenClient(Buffers):
    """An open that rides on a lock."""

    dlm_req: LdlmRequest | None = slot()
    ldlm_intent: LdlmIntent | None = slot()
    rec_reint: MdtRecCreate | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
    capa2: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
    name: CString | None = slot()
    eadata: Opaque | None = slot(holds=LovUserMdV1, optional=True, when="slot always counted; size = max(lmmsize, cl_default_mds_easize)")


@buffers
class LdlmIntentOpenServer(Buffers):
    """The lock, and the file that was opened."""

    dlm_rep: LdlmReply | None = slot()
    mdt_body: MdtBody | None = slot()
    mdt_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, when="slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0")
    acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="slot always counted; shrunk in place to body.aclsize (ACL when OBD_CONNECT_ACL and FLACL asked; remote_perm when FLRMTPERM asked), 0 otherwise")
    capa1: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLMDSCAPA, otherwise shrunk to 0 in place")
    capa2: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLOSSCAPA, otherwise shrunk to 0 in place")


@buffers
class LdlmIntentGetattrClient(Buffers):
    """Attributes asked for with a lock."""

    dlm_req: LdlmRequest | None = slot()
    ldlm_intent: LdlmIntent | None = slot()
    mdt_body: MdtBody | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
    name: CString | None = slot()


@buffers
class LdlmIntentServer(Buffers):
    """The lock, and the attributes of the file that was asked for."""

    dlm_rep: LdlmReply | None = slot()
    mdt_body: MdtBody | None = slot()
    mdt_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, when="slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0")
    acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="slot always counted; shrunk in place to body.aclsize (ACL when OBD_CONNECT_ACL and FLACL asked; remote_perm when FLRMTPERM asked), 0 otherwise")
    capa1: LustreCapa | None = slot(optional=True, when="slot always counted; kept at 120 when reply body.valid has OBD_MD_FLMDSCAPA, otherwise shrunk to 0 in place")


@buffers
class OstBodyCapa(Buffers):
    """A body and a capability for the object it names."""

    ost_body: OstBody | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when="slot always counted; length 0 without capability, 120 with (OBD_CONNECT_OSS_CAPA, obdo valid FLOSSCAPA)")


@buffers
class OstBrwClient(Buffers):
    """Objects, and the ranges of them whose data move."""

    ost_body: OstBody | None = slot()
    obd_ioobj: list[ObdIoobj] | None = slot()
    niobuf_remote: list[NiobufRemote] | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when="slot always counted; length 0 without capability, 120 with (OBD_CONNECT_OSS_CAPA, obdo valid FLOSSCAPA)")


@rpc(Opcode.OST_CONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by ost/ost_handler.c:ost_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    Client always uses the RQF_MDS_CONNECT layout whatever the target type; uuid buffers are 39 bytes (obd_uuid
    minus its last byte).

    Reply ptlrpc_body.handle = cookie of the new export.
    """

    Request = ObdConnectClient

    class Reply(Buffers):
        connect_data: ObdConnectData | None = slot()


@rpc(Opcode.MDS_CONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by mdt/mdt_handler.c:mdt_connect ->
    ldlm/ldlm_lib.c:target_handle_connect.

    Client always uses the RQF_MDS_CONNECT layout whatever the target type; uuid buffers are 39 bytes (obd_uuid
    minus its last byte).

    Reply ptlrpc_body.handle = cookie of the new export.

    A request without connect_data is refused with -EPROTO (1.8 accepts it).

    MDT refuses clients without OBD_CONNECT_FID (mdt_connect_internal).

    MDT-to-MDT imports (mdc_connect with a real MDS peer) use request portal 24 instead of 12.
    """

    Request = ObdConnectClient

    class Reply(Buffers):
        connect_data: ObdConnectData | None = slot()


@rpc(Opcode.MGS_CONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL)
class MgsConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by mgs/mgs_handler.c:mgs_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    Client always uses the RQF_MDS_CONNECT layout whatever the target type; uuid buffers are 39 bytes (obd_uuid
    minus its last byte).

    Reply ptlrpc_body.handle = cookie of the new export.
    """

    Request = ObdConnectClient

    class Reply(Buffers):
        connect_data: ObdConnectData | None = slot()


@rpc(Opcode.MDS_DISCONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by mdt/mdt_handler.c:mdt_disconnect ->
    ldlm_lib.c:target_handle_disconnect.
    """


@rpc(Opcode.MDS_GETSTATUS, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsGetstatus:
    """Sent by mdc/mdc_request.c:send_getstatus. Handled by mdt/mdt_handler.c:mdt_getstatus."""

    class Request(Buffers):
        mdt_body: MdtBody | None = slot()

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()
        capa1: LustreCapa | None = slot(when="slot always packed at 120; meaningful when body.valid has FLMDSCAPA (not shrunk)")


@rpc(Opcode.MDS_GETATTR, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsGetattr:
    """Sent by mdc/mdc_request.c:mdc_getattr; mdc_get_remote_perm; mdc_renew_capa. Handled by
    mdt/mdt_handler.c:mdt_getattr, mdt_getattr_internal; mdt_lib.c:mdt_shrink_reply.

    mdc_get_remote_perm asks FLRMTPERM (reply slot 3 = 28 bytes); mdc_renew_capa sends a full 120-byte capability
    and asks FLMDSCAPA or FLOSSCAPA (renewed one comes back in slot 4 or 5).

    MDT-to-MDT imports (mdc_connect with a real MDS peer) use request portal 24 instead of 12.
    """

    Request = MdtBodyCapa

    Reply = MdtAttributesServer


@rpc(Opcode.MDS_GETATTR_NAME, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsGetattrName:
    """Sent by mdc/mdc_request.c:mdc_getattr_name. Handled by mdt/mdt_handler.c:mdt_getattr_name,
    mdt_getattr_name_lock.

    Exact-fit string check: name plus one NUL; a recorded message with two NULs comes from a caller that counted the
    NUL in the name length, which the real sender asserts against and the server refuses.
    """

    class Request(Buffers):
        mdt_body: MdtBody | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()

    Reply = MdtAttributesServer


@rpc(Opcode.MDS_GETXATTR, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsGetxattr:
    """Sent by mdc/mdc_request.c:mdc_getxattr, mdc_xattr_common. Handled by mdt/mdt_xattr.c:mdt_getxattr,
    mdt_getxattr_pack_reply.
    """

    class Request(Buffers):
        mdt_body: MdtBody | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot(omit=True, when="FLXATTR; trailing slots with unset size are left out, so a list request may have only 3 buffers")
        eadata: Opaque | None = slot(omit=True, when="input data present")

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()
        eadata: Opaque | None = slot(holds=XattrAclHeader, when="counted; length min(actual, requested eadatasize), 0 for a size query; when the requested size is non-zero but too small the server fails -ERANGE before packing (body-only ERR reply)")


@rpc(Opcode.MDS_STATFS, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsStatfs:
    """Sent by mdc/mdc_request.c:mdc_statfs. Handled by mdt/mdt_handler.c:mdt_statfs."""

    class Reply(Buffers):
        obd_statfs: ObdStatfs | None = slot()


@rpc(Opcode.MDS_SYNC, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsSync:
    """Sent by mdc/mdc_request.c:mdc_sync. Handled by mdt/mdt_handler.c:mdt_sync.

    Fid seq 0 = sync whole device.
    """

    Request = MdtBodyCapa

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_PIN, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="sender+stub")
class MdsPin:
    """Sent by mdc/mdc_request.c:mdc_pin. Handled by mdt/mdt_open.c:mdt_pin.

    mdt_pin answers -EOPNOTSUPP as a serious error (MSG_ERR type).
    """

    Request = MdtBodyCapa

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_UNPIN, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="sender only")
class MdsUnpin:
    """Sent by mdc/mdc_request.c:mdc_unpin. Handled by mdt/mdt_handler.c: opcode not in mdt_msg_check_version: request
    dropped without reply.

    body.handle + body.flags used.
    """

    class Request(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_CLOSE, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_READPAGE_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MDS_SETATTR_PORTAL,))
class MdsClose:
    """Sent by mdc/mdc_request.c:mdc_close; mdc_lib.c:mdc_close_pack. Handled by mdt/mdt_open.c:mdt_close;
    mdt_lib.c:mdt_close_unpack.

    Format RQF_MDS_CLOSE (server side = mds_last_unlink).

    md + cookies only on last close of an unlinked file.

    Reply -EAGAIN asks the client for a size-on-MDS update.
    """

    Request = MdtCloseClient

    Reply = MdsLastUnlinkServer


@rpc(Opcode.MDS_DONE_WRITING, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL,))
class MdsDoneWriting:
    """Sent by mdc/mdc_request.c:mdc_done_writing. Handled by mdt/mdt_open.c:mdt_done_writing."""

    Request = MdtCloseClient

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_READPAGE, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_READPAGE_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, bulk_portal=Portal.MDS_BULK_PORTAL, bulk="server PUT", bulk_holds=Records(LuDirpage))
class MdsReadpage:
    """Sent by mdc/mdc_request.c:mdc_readpage; mdc_lib.c:mdc_readdir_pack. Handled by mdt/mdt_handler.c:mdt_readpage,
    mdt_sendpage.

    The 12 and 22 services do not accept it.

    The body's size = 64-bit hash position, nlink = bytes, mode = LUDA_FID|LUDA_TYPE attribute mask.

    Pages hold struct lu_dirpage.
    """

    Request = MdtBodyCapa

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_WRITEPAGE, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_READPAGE_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, bulk_portal=Portal.MDS_BULK_PORTAL, bulk="server GET", status="split builds only (HAVE_SPLIT_SUPPORT)")
class MdsWritepage:
    """Sent by mdc/mdc_request.c:mdc_sendpage. Handled by mdt/mdt_handler.c:mdt_writepage."""

    Request = MdtBodyCapa

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_IS_SUBDIR, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsIsSubdir:
    """Sent by mdc/mdc_request.c:mdc_is_subdir. Handled by mdt/mdt_handler.c:mdt_is_subdir.

    MDS to MDS (CMD); body fid1 = parent, fid2 = child; result in reply body.valid/fid1.

    MDT-to-MDT imports (mdc_connect with a real MDS peer) use request portal 24 instead of 12.
    """

    class Request(Buffers):
        mdt_body: MdtBody | None = slot()

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_SET_INFO, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsSetInfo:
    """Sent by ptlrpc/pack_generic.c:do_set_info_async from mdc_request.c:mdc_set_info_async. Handled by
    mdt/mdt_handler.c:mdt_set_info.

    Keys "read-only" (val __u32, toggles OBD_CONNECT_RDONLY) and "changelog_clear" (val = packed 12-byte
    changelog_setinfo: recno u64, id u32); other -> -EINVAL.

    A missing or empty val is -EFAULT.
    """

    class Request(Buffers):
        key: Opaque | None = slot()
        val: Opaque | None = slot(holds=Chosen("key", {KEY_READ_ONLY: U32, KEY_CHANGELOG_CLEAR: ChangelogSetinfo}))


@rpc(Opcode.MDS_GET_INFO, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsGetInfo:
    """Sent by mdc/mdc_request.c:mdc_get_info_rpc. Handled by mdt/mdt_handler.c:mdt_get_info.

    Format RQF_MDS_GET_INFO; fid2path is the only key in 2.0.0.
    """

    class Request(Buffers):
        key: Opaque | None = slot(when='fid2path: "fid2path" plus NUL padded to 16 bytes, then packed getinfo_fid2path 32 bytes {fid 16, recno 8, linkno 4, pathlen 4}')
        vallen: u32 | None = slot()

    class Reply(Buffers):
        val: Opaque | None = slot()


@rpc(Opcode.MDS_QUOTACHECK, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsQuotacheck:
    """Sent by quota/quota_check.c:client_quota_check. Handled by mdt/mdt_handler.c:mdt_quotacheck_handle."""

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()


@rpc(Opcode.MDS_QUOTACTL, version=LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL,))
class MdsQuotactl:
    """Sent by quota/quota_ctl.c:client_quota_ctl. Handled by mdt/mdt_handler.c:mdt_quotactl_handle."""

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()

    class Reply(Buffers):
        quotactl: ObdQuotactl | None = slot()


@rpc(Opcode.MDS_REINT, name="MDS_REINT/SETATTR", version=LUSTRE_MDS_VERSION, match={"rec_reint.sa_opcode": MdsReint.REINT_SETATTR}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsReintSetattr:
    """Sent by mdc/mdc_reint.c:mdc_setattr; mdc_lib.c:mdc_setattr_pack. Handled by mdt/mdt_lib.c:mdt_setattr_unpack;
    mdt_reint.c:mdt_reint_setattr.

    Format RQF_MDS_REINT_SETATTR; portal 22 when ATTR_FROM_OPEN.

    MDT-to-MDT imports (mdc_connect with a real MDS peer) use request portal 24 instead of 12.
    """

    class Request(Buffers):
        rec_reint: MdtRecSetattr | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        mdt_ioepoch: MdtIoepoch | None = slot(optional=True, when="slot always counted; 24 when op_flags has MF_SOM_CHANGE or MF_EPOCH_OPEN, else 0")
        eadata: Opaque | None = slot(holds=LovUserMdV1, optional=True, when="slot always counted; lov EA, 0 length otherwise")
        logcookies: list[LlogCookie] | None = slot(optional=True, when="slot always counted, 0 when none")
        dlm_req: LdlmRequest | None = slot(optional=True, when="slot always packed (default 104 bytes); handles present when OBD_CONNECT_CANCELSET and lock_count>0, server reads it only then")

    Reply = MdtAttributesServer


@rpc(Opcode.MDS_REINT, name="MDS_REINT/CREATE", version=LUSTRE_MDS_VERSION, match={"rec_reint.cr_opcode": MdsReint.REINT_CREATE}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsReintCreate:
    """Sent by mdc/mdc_reint.c:mdc_create; mdc_lib.c:mdc_create_pack. Handled by mdt/mdt_lib.c:mdt_create_unpack;
    mdt_reint.c:mdt_reint_create.

    Client packs RQF_MDS_REINT_CREATE_RMT_ACL; the server starts from RQF_MDS_REINT_CREATE and extends to _RMT_ACL,
    _SLAVE or _SYM by looking at the record (mode and cr_flags).
    """

    class Request(Buffers):
        rec_reint: MdtRecCreate | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()
        eadata_or_symtgt: Opaque | None = slot(optional=True, when="slot counted; symlink target string (RMF_SYMTGT) for S_ISLNK, slave/remote ACL EA otherwise, 0 length when none")
        dlm_req: LdlmRequest | None = slot(optional=True, when="slot always packed (default 104 bytes); handles present when OBD_CONNECT_CANCELSET and lock_count>0, server reads it only then")

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()
        capa1: LustreCapa | None = slot(when="slot always packed; valid when body.valid has FLMDSCAPA")


@rpc(Opcode.MDS_REINT, name="MDS_REINT/LINK", version=LUSTRE_MDS_VERSION, match={"rec_reint.lk_opcode": MdsReint.REINT_LINK}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsReintLink:
    """Sent by mdc/mdc_reint.c:mdc_link; mdc_lib.c:mdc_link_pack. Handled by mdt/mdt_lib.c:mdt_link_unpack;
    mdt_reint.c:mdt_reint_link.
    """

    class Request(Buffers):
        rec_reint: MdtRecLink | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        capa2: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()
        dlm_req: LdlmRequest | None = slot(optional=True, when="slot always packed (default 104 bytes); handles present when OBD_CONNECT_CANCELSET and lock_count>0, server reads it only then")

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.MDS_REINT, name="MDS_REINT/UNLINK", version=LUSTRE_MDS_VERSION, match={"rec_reint.ul_opcode": MdsReint.REINT_UNLINK}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsReintUnlink:
    """Sent by mdc/mdc_reint.c:mdc_unlink; mdc_lib.c:mdc_unlink_pack. Handled by mdt/mdt_lib.c:mdt_unlink_unpack;
    mdt_reint.c:mdt_reint_unlink.

    Server format RQF_MDS_REINT_UNLINK.
    """

    class Request(Buffers):
        rec_reint: MdtRecUnlink | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()
        dlm_req: LdlmRequest | None = slot(optional=True, when="slot always packed (default 104 bytes); handles present when OBD_CONNECT_CANCELSET and lock_count>0, server reads it only then")

    Reply = MdsLastUnlinkServer


@rpc(Opcode.MDS_REINT, name="MDS_REINT/RENAME", version=LUSTRE_MDS_VERSION, match={"rec_reint.rn_opcode": MdsReint.REINT_RENAME}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsReintRename:
    """Sent by mdc/mdc_reint.c:mdc_rename; mdc_lib.c:mdc_rename_pack. Handled by mdt/mdt_lib.c:mdt_rename_unpack;
    mdt_reint.c:mdt_reint_rename.
    """

    class Request(Buffers):
        rec_reint: MdtRecRename | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        capa2: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        old_name: CString | None = slot()
        new_name: CString | None = slot(when="(RMF_SYMTGT slot)")
        dlm_req: LdlmRequest | None = slot(optional=True, when="slot always packed (default 104 bytes); handles present when OBD_CONNECT_CANCELSET and lock_count>0, server reads it only then")

    Reply = MdsLastUnlinkServer


@rpc(Opcode.MDS_REINT, name="MDS_REINT/OPEN", version=LUSTRE_MDS_VERSION, match={"rec_reint.cr_opcode": MdsReint.REINT_OPEN}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="server only")
class MdsReintOpen:
    """Never sent but as an LDLM intent. Handled by mdt/mdt_open.c:mdt_reint_open (via mdt_reint_internal)."""

    class Request(Buffers):
        rec_reint: MdtRecCreate | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        capa2: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()
        eadata: Opaque | None = slot(holds=LovUserMdV1, optional=True, when="slot counted; 0 when none")

    Reply = MdtAttributesServer


@rpc(Opcode.MDS_REINT, name="MDS_REINT/SETXATTR", version=LUSTRE_MDS_VERSION, match={"rec_reint.sx_opcode": MdsReint.REINT_SETXATTR}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL,))
class MdsReintSetxattr:
    """Sent by mdc/mdc_request.c:mdc_setxattr, mdc_xattr_common. Handled by mdt/mdt_lib.c:mdt_setxattr_unpack;
    mdt_xattr.c:mdt_reint_setxattr.

    No dlm_req slot.
    """

    class Request(Buffers):
        rec_reint: MdtRecSetxattr | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()
        eadata: Opaque | None = slot(holds=Chosen("name", _XATTRS), omit=True, when="value; trailing slot left out when there is no value")

    class Reply(Buffers):
        mdt_body: MdtBody | None = slot()


@rpc(Opcode.LDLM_ENQUEUE, version=LUSTRE_DLM_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL,))
class LdlmEnqueue:
    """Sent by ldlm/ldlm_request.c:ldlm_prep_enqueue_req, ldlm_cli_enqueue. Handled by
    ldlm/ldlm_lockd.c:ldlm_handle_enqueue0.

    Plain enqueue (no HAS_INTENT): EXTENT to OST (28->4), IBITS/FLOCK to MDT (12->10), PLAIN config lock to MGS
    (26->25).

    Early lock cancels ride in dlm_req.lock_handle[1..] with lock_count.

    Error reply: body only, pb_status carries the rc; lock error codes ELDLM_* 300-series are positive.

    Server format RQF_LDLM_ENQUEUE(_LVB) = dlm_rep + dlm_lvb in both cases.

    Lock replay resends the same request with LDLM_FL_REPLAY; pb_flags also has REQ_REPLAY_DONE.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()
        lvb: OstLvb | None = slot(when="slot always packed; defaults to 40 bytes even when the resource has no LVB")


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_OPEN", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_OPEN}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentOpen:
    """Sent by mdc/mdc_locks.c:mdc_intent_open_pack; mdc_lib.c:mdc_open_pack. Handled by
    mdt/mdt_handler.c:mdt_intent_policy, mdt_intent_reint (RQF_LDLM_INTENT_OPEN) -> mdt_open.c:mdt_reint_open.

    dlm_req flags HAS_INTENT; intent opc = IT_OPEN (1).

    dlm_rep.lock_policy_res1 = disposition bits, lock_policy_res2 = result of the open.

    A negative intent result still gives a full reply with ELDLM_LOCK_ABORTED in pb_status.

    Request is replayable: the client grows it to hold the returned layout (mdc_realloc_openmsg).

    Reply always 7 buffers: format RQF_LDLM_INTENT_OPEN.
    """

    Request = LdlmIntentOpenClient

    Reply = LdlmIntentOpenServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_OPEN_CREAT", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_OPEN | ItOp.IT_CREAT}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentOpenCreat:
    """Sent by mdc/mdc_locks.c:mdc_intent_open_pack; mdc_lib.c:mdc_open_pack. Handled by
    mdt/mdt_handler.c:mdt_intent_policy, mdt_intent_reint (RQF_LDLM_INTENT_OPEN) -> mdt_open.c:mdt_reint_open.

    dlm_req flags HAS_INTENT; intent opc = IT_OPEN (1)|IT_CREAT (2) = 3.

    dlm_rep.lock_policy_res1 = disposition bits, lock_policy_res2 = result of the open.

    A negative intent result still gives a full reply with ELDLM_LOCK_ABORTED in pb_status.

    Request is replayable: the client grows it to hold the returned layout (mdc_realloc_openmsg).

    Reply always 7 buffers: format RQF_LDLM_INTENT_OPEN.
    """

    Request = LdlmIntentOpenClient

    Reply = LdlmIntentOpenServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_CREATE", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_CREAT}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="server only")
class LdlmEnqueueIntentCreate:
    """Never sent by 2.0.0 clients. Handled by mdt/mdt_handler.c:mdt_intent_reint (format chosen from the
    record sub-opcode: RQF_LDLM_INTENT_CREATE) -> mdt_reint_create.

    IT_CREAT = 2 alone; the server pre-selects RQF_LDLM_INTENT then extends to _CREATE; record sub-opcode must be
    REINT_CREATE or -EPROTO.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()
        ldlm_intent: LdlmIntent | None = slot()
        rec_reint: MdtRecCreate | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()
        eadata: Opaque | None = slot(holds=LovUserMdV1, optional=True)

    Reply = LdlmIntentServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_GETATTR", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_GETATTR}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentGetattr:
    """Sent by mdc/mdc_locks.c:mdc_intent_getattr_pack; mdc_lib.c:mdc_getattr_pack. Handled by
    mdt/mdt_handler.c:mdt_intent_getattr (RQF_LDLM_INTENT_GETATTR).

    Intent opc IT_GETATTR = 8.

    Reply 6 buffers, capa1 valid when FLMDSCAPA.
    """

    Request = LdlmIntentGetattrClient

    Reply = LdlmIntentServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_LOOKUP", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_LOOKUP}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentLookup:
    """Sent by mdc/mdc_locks.c:mdc_intent_getattr_pack; mdc_lib.c:mdc_getattr_pack. Handled by
    mdt/mdt_handler.c:mdt_intent_getattr (RQF_LDLM_INTENT_GETATTR).

    Intent opc IT_LOOKUP = 16.

    Reply 6 buffers, capa1 valid when FLMDSCAPA.
    """

    Request = LdlmIntentGetattrClient

    Reply = LdlmIntentServer


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_READDIR", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "[2]": Absent()}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class LdlmEnqueueIntentReaddir:
    """Sent by mdc/mdc_locks.c:ldlm_enqueue_pack. Handled by mdt/mdt_handler.c:mdt_intent_policy (RQF_LDLM_ENQUEUE
    branch).

    With an intent buffer IT_READDIR would be -EOPNOTSUPP.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()
        lvb: OstLvb | None = slot(when="slot always packed; defaults to 40 bytes even when the resource has no LVB")


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/INTENT_UNLINK", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_UNLINK}, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, status="client packer only")
class LdlmEnqueueIntentUnlink:
    """Sent by mdc/mdc_locks.c:mdc_intent_unlink_pack. Handled by mdt/mdt_handler.c:mdt_intent_policy: act NULL ->
    -EOPNOTSUPP.

    IT_UNLINK = 32; not used by the shipped llite in either version.

    The server answers body only with -EOPNOTSUPP; the reply row shows the layout.c format the client reserves.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()
        ldlm_intent: LdlmIntent | None = slot()
        rec_reint: MdtRecUnlink | None = slot()
        capa1: LustreCapa | None = slot(optional=True, when="buffer always counted; length 0 without a capability, 120 with one")
        name: CString | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()
        mdt_body: MdtBody | None = slot()
        mdt_md: Opaque | None = slot(holds=LovMdsMdV1, optional=True, when="slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0")
        acl: Opaque | None = slot(holds=XattrAclHeader, optional=True, when="slot always counted; shrunk in place to body.aclsize (ACL when OBD_CONNECT_ACL and FLACL asked; remote_perm when FLRMTPERM asked), 0 otherwise")


@rpc(Opcode.LDLM_CP_CALLBACK, version=LUSTRE_DLM_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmCpCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_completion_ast (RQF_LDLM_CP_CALLBACK). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler, ldlm_handle_cp_callback.

    lock_handle[0] = client lock cookie, lock_desc = granted mode/policy, lock_flags may hold AST_SENT; the reply is
    sent before the callback is processed.

    For CANCEL_ON_BLOCK locks being granted with AST_SENT the server sends it without expecting a reply.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()
        lvb: OstLvb | None = slot(when="slot always packed (40 by default)")


@rpc(Opcode.LDLM_GL_CALLBACK, version=LUSTRE_DLM_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmGlCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_glimpse_ast (RQF_LDLM_GL_CALLBACK). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler, ldlm_handle_gl_callback -> osc/osc_lock.c:osc_ldlm_glimpse_ast.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        lvb: OstLvb | None = slot(when="on success; 1.8-style errors are body only")


@rpc(Opcode.LDLM_SET_INFO, version=LUSTRE_OBD_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmSetInfo:
    """Sent by mdt/mdt_handler.c:mdt_hsm_copytool_send -> ptlrpc/pack_generic.c:do_set_info_async. Handled by
    ldlm/ldlm_lockd.c:ldlm_handle_setinfo (RQF_OBD_SET_INFO).

    Server to client, version OBD on the callback portal.

    HSM copytool experiment; key "hsm_send"; val = kuc header + hsm_action_list.
    """

    class Request(Buffers):
        key: Opaque | None = slot()
        val: Opaque | None = slot()


@rpc(Opcode.OST_GETATTR, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstGetattr:
    """Sent by osc/osc_request.c:osc_getattr, osc_getattr_async. Handled by ost/ost_handler.c:ost_getattr."""

    Request = OstBodyCapa

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_SETATTR, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstSetattr:
    """Sent by osc/osc_request.c:osc_setattr, osc_setattr_async_base. Handled by ost/ost_handler.c:ost_setattr.
    """

    Request = OstBodyCapa

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_CREATE, version=LUSTRE_OST_VERSION, portal=Portal.OST_CREATE_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_IO_PORTAL,))
class OstCreate:
    """Sent by osc/osc_create.c:oscc_internal_create; osc_request.c:osc_real_create. Handled by
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
        dlm_req: LdlmRequest | None = slot(optional=True, when="slot always packed; contents read only when lock_count set")
        capa1: LustreCapa | None = slot(optional=True, when="slot always counted; length 0 without capability, 120 with (OBD_CONNECT_OSS_CAPA, obdo valid FLOSSCAPA)")

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_PUNCH, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL,))
class OstPunch:
    """Sent by osc/osc_request.c:osc_punch_base. Handled by ost/ost_handler.c:ost_punch.

    o_size = start, o_blocks = end of the range to free.

    Flag OBD_FL_TRUNCLOCK (1.8) / OBD_FL_SRVLOCK (2.0) asks the OST to take the lock.
    """

    Request = OstBodyCapa

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_SYNC, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstSync:
    """Sent by osc/osc_request.c:osc_sync. Handled by ost/ost_handler.c:ost_sync.

    o_size = start, o_blocks = end; whole object when both 0.
    """

    Request = OstBodyCapa

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_READ, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, bulk_portal=Portal.OST_BULK_PORTAL, bulk="server PUT")
class OstRead:
    """Sent by osc/osc_request.c:osc_brw_prep_request (RQF_OST_BRW_READ). Handled by ost/ost_handler.c:ost_brw_read.

    Exactly one obd_ioobj; 0 or >256 niobufs rejected.

    niobuf_remote = {offset u64, len u32, flags u32}.

    OBD_BRW_CHECK / checksum valid bits drive the optional bulk checksum carried in obdo o_cksum / FLCKSUM.

    A request not on portal 6 fails -EPROTO.
    """

    Request = OstBrwClient

    class Reply(Buffers):
        ost_body: OstBody | None = slot()


@rpc(Opcode.OST_WRITE, version=LUSTRE_OST_VERSION, portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, bulk_portal=Portal.OST_BULK_PORTAL, bulk="server GET")
class OstWrite:
    """Sent by osc/osc_request.c:osc_brw_prep_request (RQF_OST_BRW_WRITE). Handled by ost/ost_handler.c:ost_brw_write.

    Exactly one obd_ioobj; 0 or >256 niobufs rejected.

    niobuf_remote = {offset u64, len u32, flags u32}.

    OBD_BRW_CHECK / checksum valid bits drive the optional bulk checksum carried in obdo o_cksum / FLCKSUM.

    A request not on portal 6 fails -EPROTO.
    """

    Request = OstBrwClient

    class Reply(Buffers):
        ost_body: OstBody | None = slot()
        rcs: list[u32] | None = slot(when="per-niobuf result codes")


@rpc(Opcode.OST_GET_INFO, name="OST_GET_INFO/FIEMAP", version=LUSTRE_OST_VERSION, match={"fiemap_key": Prefix(b"fiemap")}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstGetInfoFiemap:
    """Sent by osc/osc_request.c:osc_get_info (RQF_OST_GET_INFO_FIEMAP). Handled by ost/ost_handler.c:ost_get_info (key
    treated as SETINFO_KEY).

    Client swabs the whole reply as fiemap; the request key is not swabbed by the server in 1.8.
    """

    class Request(Buffers):
        fiemap_key: LlFiemapInfoKey | None = slot()
        fiemap_val: LlUserFiemap | None = slot(when="(client copies its buffer in); the server ignores it")

    class Reply(Buffers):
        fiemap_val: LlUserFiemap | None = slot()


@rpc(Opcode.OST_SET_INFO, name="OST_SET_INFO/GRANT_SHRINK", version=LUSTRE_OST_VERSION, match={"key": Prefix(b"grant_shrink")}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, status="sender broken")
class OstSetInfoGrantShrink:
    """Sent by osc/osc_request.c:osc_set_info_async (RQF_OST_SET_GRANT_INFO). Handled by ost/ost_handler.c:ost_set_info
    (extends to RQF_OST_SET_GRANT_INFO).

    Client sets the size of RMF_SETINFO_VAL, which RQF_OST_SET_GRANT_INFO does not have: the field lookup asserts,
    so 2.0.0 clients cannot send it.
    """

    class Request(Buffers):
        key: Opaque | None = slot()
        ost_body: OstBody | None = slot()

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
        name: CString | None = slot(omit=True, when="open by name; trailing slot left out otherwise")

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
        log_block: Annotated[bytes, Blob(8192)] | None = slot(holds=Records(LlogRecHdr))


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
    """Sent by ptlrpc/llog_net.c:llog_initiator_connect. Handled by ost/ost_handler.c:ost_llog_handle_connect."""

    class Request(Buffers):
        llogd_conn_body: LlogdConnBody | None = slot()


@rpc(Opcode.LLOG_CATINFO, version=LUSTRE_LOG_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.MGS_REQUEST_PORTAL,), status="sender broken")
class LlogCatinfo:
    """Sent by llite/dir.c (RQF_LLOG_CATINFO, on the MDC import). Handled by ptlrpc/llog_server.c:llog_catinfo (MGS
    only).

    The client sends to the MDT, whose table has a NULL handler (asserts); only the MGS can answer it.
    """

    class Request(Buffers):
        name: CString | None = slot()
        string: CString | None = slot(when="slot always packed; 0 length when no filter")

    class Reply(Buffers):
        output: Annotated[bytes, Blob(8192)] | None = slot(when="server packs LLOG_CHUNK_SIZE; client expects the ioctl buffer length")


@rpc(Opcode.OBD_LOG_CANCEL, version=LUSTRE_LOG_VERSION, portal=Portal.LDLM_CANCEL_REQUEST_PORTAL, reply_portal=Portal.LDLM_CANCEL_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL,))
class ObdLogCancel:
    """Sent by ptlrpc/recov_thread.c:llcd_send. Handled by ldlm/ldlm_lockd.c (RQF_LOG_CANCEL) ->
    llog_origin_handle_cancel.

    Sender is the OST: cancels unlink records it has executed.

    Count limited by the page-sized llcd (LLOG_CHUNK_SIZE granularity).

    The MDS and MGS request services answer -ENOTSUPP for this opcode.
    """

    class Request(Buffers):
        llog_cookies: list[LlogCookie] | None = slot()


@rpc(Opcode.QUOTA_DQACQ, version=LUSTRE_MDS_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class QuotaDqacq:
    """Sent by quota/quota_context.c (RQF_MDS_QUOTA_DQACQ). Handled by ldlm_lockd.c -> target_handle_dqacq_callback.

    Always 32 bytes.
    """

    class Request(Buffers):
        qunit_data: QunitData | None = slot()

    class Reply(Buffers):
        qunit_data: QunitData | None = slot(when="same size as the request")


@rpc(Opcode.QUOTA_DQREL, version=LUSTRE_MDS_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class QuotaDqrel:
    """Sent by quota/quota_context.c (RQF_MDS_QUOTA_DQACQ). Handled by ldlm_lockd.c -> target_handle_dqacq_callback.

    Always 32 bytes.
    """

    class Request(Buffers):
        qunit_data: QunitData | None = slot()

    class Reply(Buffers):
        qunit_data: QunitData | None = slot(when="same size as the request")


@rpc(Opcode.SEQ_QUERY, version=LUSTRE_MDS_VERSION, portal=Portal.SEQ_METADATA_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.SEQ_CONTROLLER_PORTAL, Portal.SEQ_DATA_PORTAL,))
class SeqQuery:
    """Sent by fid/fid_request.c:seq_client_rpc. Handled by fid/fid_handler.c:seq_query, seq_req_handle.

    Portal 30 SEQ_METADATA (client ALLOC_META), 32 SEQ_CONTROLLER (ALLOC_SUPER), 31 SEQ_DATA (data sequences).

    Reply portals: 10 for 30/32, 4 for 31 (SEQ_DATA).
    """

    class Request(Buffers):
        opc: u32 | None = slot(when="SEQ_ALLOC_SUPER / SEQ_ALLOC_META")
        lu_seq_range: LuSeqRange | None = slot()

    class Reply(Buffers):
        lu_seq_range: LuSeqRange | None = slot()


@rpc(Opcode.FLD_QUERY, version=LUSTRE_MDS_VERSION, portal=Portal.FLD_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL)
class FldQuery:
    """Sent by fld/fld_request.c:fld_client_rpc. Handled by fld/fld_handler.c:fld_query, fld_req_handle.

    MDS to MDS / client to MDS; portal 29 to 10.
    """

    class Request(Buffers):
        opc: u32 | None = slot()
        fld_range: LuSeqRange | None = slot()

    class Reply(Buffers):
        fld_range: LuSeqRange | None = slot()


@rpc(Opcode.SEC_CTX_INIT, version=LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL,), status="GSS builds only")
class SecCtxInit:
    """Sent by ptlrpc/gss/gss_cli_upcall.c. Handled by ptlrpc/gss server (ptlrpc/sec.c).

    First call; inner message is body only (RQF_SEC_CTX); the GSS token rides in the outer lustre_msg wrapper,
    portal = import default.
    """


@rpc(Opcode.SEC_CTX_INIT_CONT, version=LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL,), status="GSS builds only")
class SecCtxInitCont:
    """Sent by ptlrpc/gss/gss_cli_upcall.c. Handled by ptlrpc/gss server (ptlrpc/sec.c).

    Continuation; inner message is body only (RQF_SEC_CTX); the GSS token rides in the outer lustre_msg wrapper,
    portal = import default.
    """


@rpc(Opcode.SEC_CTX_FINI, version=LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL,), status="GSS builds only")
class SecCtxFini:
    """Sent by ptlrpc/gss/gss_cli_upcall.c. Handled by ptlrpc/gss server (ptlrpc/sec.c).

    Context teardown; no reply processed; inner message is body only (RQF_SEC_CTX); the GSS token rides in the outer
    lustre_msg wrapper, portal = import default.
    """
