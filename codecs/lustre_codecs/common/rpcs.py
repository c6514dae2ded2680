"""RPC formats that 1.8 and 2.0 have in common."""

from __future__ import annotations

from lustre_codecs.common.constants import (
    KEY_MDS_CONN,
    LUSTRE_DLM_VERSION,
    LUSTRE_MGS_VERSION,
    LUSTRE_OBD_VERSION,
    LUSTRE_OST_VERSION,
    LdlmFl,
    LdlmType,
    Opcode,
    Portal,
)
from lustre_codecs.common.structs import (
    LdlmReply,
    LdlmRequest,
    MgsSendParam,
    MgsTargetInfo,
    ObdQuotactl,
    ObdStatfs,
    OstLvb,
)
from lustre_wire.schema import U32, u64
from lustre_wire.schema.rpc import Absent, Bits, Buffers, Chosen, Opaque, Prefix, rpc, slot

HAS_INTENT = Bits(LdlmFl.LDLM_FL_HAS_INTENT)


@rpc(Opcode.OST_DISCONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by ost_handler.c:ost_handle ->
    ldlm_lib.c:target_handle_disconnect.
    """


@rpc(Opcode.MGS_DISCONNECT, version=LUSTRE_OBD_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL)
class MgsDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by mgs/mgs_handler.c:mgs_handle ->
    ldlm_lib.c:target_handle_disconnect.
    """


@rpc(Opcode.OBD_PING, version=LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL, Portal.MDS_SETATTR_PORTAL,))
class ObdPing:
    """Sent by ptlrpc/pinger.c:ptlrpc_prep_ping; ptlrpc/import.c:signal_completed_replay. Handled by
    mdt/mdt_handler.c:mdt_obd_ping; ost/ost_handler.c:ost_handle; mgs/mgs_handler.c:mgs_handle.

    Sent on the default request portal of the import it checks: MDC 12->10, OSC 28->4, MGC 26->25; the portal fields
    here show the MDC case.

    End-of-replay ping (signal_completed_replay): pb_flags = LAST_REPLAY|REQ_REPLAY_DONE|LOCK_REPLAY_DONE in 1.8,
    REQ_REPLAY_DONE|LOCK_REPLAY_DONE in 2.0.

    Accepted on the high-priority path; reply may carry slv/limit of the lock pool.
    """


@rpc(Opcode.LDLM_ENQUEUE, name="LDLM_ENQUEUE/GLIMPSE", version=LUSTRE_DLM_VERSION, match={"dlm_req.lock_flags": HAS_INTENT, "[2]": Absent(), "dlm_req.lock_desc.l_resource.lr_type": LdlmType.LDLM_EXTENT}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL)
class LdlmEnqueueGlimpse:
    """Sent by osc/osc_request.c:osc_enqueue_base. Handled by obdfilter/filter.c:filter_intent_policy (LDLM_INTENT
    policy).

    Same shape as 1.8.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()
        lvb: OstLvb | None = slot()


@rpc(Opcode.LDLM_CONVERT, version=LUSTRE_DLM_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL,))
class LdlmConvert:
    """Sent by ldlm/ldlm_request.c:ldlm_cli_convert. Handled by ldlm/ldlm_lockd.c:ldlm_handle_convert0.

    No caller in llite; LCK conversions only, needs the lock handle in lock_handle[0].

    OST path unpacks RQF_LDLM_CONVERT; the MDT table entry has HABEO_CLAVIS but no request format, so mdt_req_handle
    would assert.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = slot()


@rpc(Opcode.LDLM_CANCEL, version=LUSTRE_DLM_VERSION, portal=Portal.LDLM_CANCEL_REQUEST_PORTAL, reply_portal=Portal.LDLM_CANCEL_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class LdlmCancel:
    """Sent by ldlm/ldlm_request.c:ldlm_cli_cancel_req. Handled by ldlm/ldlm_lockd.c:ldlm_cancel_handler.

    lock_count handles in lock_handle[].

    OST request portals accept it too; MDS, MDT and MGS request services do not (1.8 MDS drops it unanswered).

    Reply status ESTALE when none of the handles was found.

    2 handles fit the base 104 bytes, each further adds 8.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()


@rpc(Opcode.LDLM_BL_CALLBACK, version=LUSTRE_DLM_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmBlCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_blocking_ast (RQF_LDLM_BL_CALLBACK). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler, ldlm_handle_bl_callback.

    Server to client over the reverse import.

    lock_handle[0] = client lock cookie; lock_desc = the conflicting lock; lock_flags carries AST flags.

    Client replies (body only) before cancelling; when its lock has CANCEL_ON_BLOCK it sends no reply and the server
    expects none (instant cancel).

    Unknown or already cancelled lock: body-only reply with -EINVAL.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = slot()


@rpc(Opcode.OST_STATFS, version=LUSTRE_OST_VERSION, portal=Portal.OST_CREATE_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_IO_PORTAL,))
class OstStatfs:
    """Sent by osc/osc_request.c:osc_statfs, osc_statfs_async. Handled by ost/ost_handler.c:ost_statfs.

    Portal 7 (OST_CREATE).
    """

    class Reply(Buffers):
        obd_statfs: ObdStatfs | None = slot()


@rpc(Opcode.OST_GET_INFO, name="OST_GET_INFO/LAST_ID", version=LUSTRE_OST_VERSION, match={"key": Prefix(b"last_id")}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstGetInfoLastId:
    """Sent by osc/osc_request.c:osc_get_info (RQF_OST_GET_INFO_LAST_ID). Handled by ost/ost_handler.c:ost_get_info
    (RQF_OST_GET_INFO_GENERIC).

    The obdfilter also answers "blocksize" and "blocksize_bits" with a __u32, not sent by osc.

    Unknown key: error, reply is body only.
    """

    class Request(Buffers):
        key: Opaque | None = slot()

    class Reply(Buffers):
        obd_id: u64 | None = slot()


@rpc(Opcode.OST_SET_INFO, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstSetInfo:
    """Sent by osc/osc_request.c:osc_set_info_async (RQF_OBD_SET_INFO). Handled by ost/ost_handler.c:ost_set_info
    (RQF_OBD_SET_INFO).

    Keys that reach the wire: mds_conn (val = __u32 group; 2.0 server swabs it), evict_by_nid (val = nid text),
    others such as unlinked/next_id stay local or get -EINVAL.

    Key compared by prefix.
    """

    class Request(Buffers):
        key: Opaque | None = slot()
        val: Opaque | None = slot(holds=Chosen("key", {KEY_MDS_CONN: U32}))


@rpc(Opcode.OST_QUOTACHECK, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstQuotacheck:
    """Sent by quota/quota_check.c:client_quota_check. Handled by ost/ost_handler.c:ost_handle_quotacheck."""

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()


@rpc(Opcode.OST_QUOTACTL, version=LUSTRE_OST_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL,))
class OstQuotactl:
    """Sent by quota/quota_ctl.c:client_quota_ctl. Handled by ost/ost_handler.c:ost_handle_quotactl."""

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()

    class Reply(Buffers):
        quotactl: ObdQuotactl | None = slot()


@rpc(Opcode.MGS_TARGET_REG, version=LUSTRE_MGS_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL)
class MgsTargetReg:
    """Sent by mgc/mgc_request.c:mgc_target_register. Handled by mgs/mgs_handler.c:mgs_handle_target_reg."""

    class Request(Buffers):
        mgs_target_info: MgsTargetInfo | None = slot()

    class Reply(Buffers):
        mgs_target_info: MgsTargetInfo | None = slot()


@rpc(Opcode.MGS_SET_INFO, version=LUSTRE_MGS_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL)
class MgsSetInfo:
    """Sent by mgc/mgc_request.c:mgc_set_mgs_param. Handled by mgs/mgs_handler.c:mgs_set_info_rpc."""

    class Request(Buffers):
        mgs_send_param: MgsSendParam | None = slot()

    class Reply(Buffers):
        mgs_send_param: MgsSendParam | None = slot()


@rpc(Opcode.MGS_EXCEPTION, version=LUSTRE_MGS_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL, status="handler only")
class MgsException:
    """Never sent. Handled by mgs/mgs_handler.c:mgs_handle_*."""


@rpc(Opcode.MGS_TARGET_DEL, version=LUSTRE_MGS_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL, status="handler only")
class MgsTargetDel:
    """Never sent. Handled by mgs/mgs_handler.c:mgs_handle_*."""


@rpc(Opcode.OBD_QC_CALLBACK, version=LUSTRE_OBD_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class ObdQcCallback:
    """Sent by quota/quota_check.c:target_quotacheck_callback (RQF_QC_CALLBACK). Handled by ldlm/ldlm_lockd.c ->
    target_handle_qc_callback.

    Server to client, version OBD on the callback portal.
    """

    class Request(Buffers):
        quotactl: ObdQuotactl | None = slot()
