"""Locks, and what rides on them."""

from __future__ import annotations

from functools import partial
from typing import Final

from lustre_codecs.enums.config import MgsCfgType
from lustre_codecs.enums.fid import FidSeq
from lustre_codecs.enums.keys import KEY_HSM_COPYTOOL_SEND
from lustre_codecs.enums.ldlm import LdlmFl, LdlmType
from lustre_codecs.enums.metadata import ItOp
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.rpcs import slots
from lustre_codecs.structs.attributes import MdsBody, MdtBody
from lustre_codecs.structs.hsm import KucHdr
from lustre_codecs.structs.layouts import LayoutIntent, LovMdsMdV1
from lustre_codecs.structs.ldlm import (
    LdlmGlBarrierDesc,
    LdlmGlDesc,
    LdlmGlLquotaDesc,
    LdlmIntent,
    LdlmReply,
    LdlmRequest,
    OstLvb,
)
from lustre_codecs.structs.llog import LlogCookie
from lustre_codecs.structs.ost import NiobufRemote
from lustre_codecs.structs.quota import LquotaLvb, QuotaBody
from lustre_codecs.structs.reint import (
    MdsRecCreate,
    MdsRecJoin,
    MdsRecUnlink,
    MdtRecCreate,
    MdtRecReint,
    MdtRecUnlink,
)
from lustre_codecs.structs.security import LustreCapa
from lustre_codecs.structs.xattrs import XATTRS
from lustre_wire.schema.holds import Beginning, Cases, Chosen, Parts, Records
from lustre_wire.schema.rpc import Absent, Bits, Buffers, Counted, CString, Match, Names, Opaque
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history
from lustre_wire.schema.types import u32

#: An enqueue at a metadata server.
enqueue = partial(
    rpc_history, Opcode.LDLM_ENQUEUE,
    version=MsgVersion.LUSTRE_DLM_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL,
)  # fmt: skip
#: From a server to the client, about a lock of its.
callback = partial(
    rpc_history, version=MsgVersion.LUSTRE_DLM_VERSION,
    portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL,
)  # fmt: skip
HAS_INTENT: Final = Bits(LdlmFl.LDLM_FL_HAS_INTENT)


def intent(opc: ItOp) -> Match:
    """What tells an enqueue with that intent from the others."""
    return {"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": opc}


@buffers_history
class LockRequest(Buffers):
    """A lock, or what is said of it."""

    dlm_req: LdlmRequest | None = dated_slot()


@buffers_history
class OpenRequest(Buffers):
    """An open that rides on a lock."""

    dlm_req: LdlmRequest | None = dated_slot()
    ldlm_intent: LdlmIntent | None = dated_slot()
    rec_reint: MdsRecCreate | MdtRecCreate | None = slots.record(MdsRecCreate, MdtRecCreate)
    capa1: LustreCapa | bytes | None = slots.CAPA
    capa2: LustreCapa | bytes | None = slots.CAPA
    name: CString | None = dated_slot(when={"1.8": "(namelen+1 bytes; may be just NUL)", "2.0": ""})
    eadata: Opaque | None = dated_slot(called={"1.8": "lov_ea", "2.0": "eadata"}, optional=True, holds=slots.ASKED, when={"1.8": "buffer always packed with max(lmmsize, client default easize), then grown so the whole request is a power of two; content 0 when no layout given", "2.0": "slot always counted; size = max(lmmsize, cl_default_mds_easize)"})
    mds_rec_join: MdsRecJoin | None = dated_slot(until="2.0", omit=True, when="M_JOIN_FILE only")
    file_secctx_name: CString | None = slots.SECCTX_NAME
    file_secctx: Opaque | None = slots.SECCTX
    selinux_pol: CString | None = slots.SELINUX_POL
    file_encctx: Opaque | None = slots.ENCCTX


@buffers_history
class OpenReply(Buffers):
    """The lock, and the file that was opened."""

    dlm_rep: LdlmReply | None = dated_slot()
    mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
    mdt_md: Opaque | None = slots.layout("max_mdsize; 0 on replay; shrunk with index shift to eadatasize")
    acl: Opaque | None = slots.ACL_OMITTED
    capa1: LustreCapa | bytes | None = slots.MDS_CAPA
    capa2: LustreCapa | bytes | None = slots.OSS_CAPA
    niobuf_inline: Opaque | None = dated_slot(since="2.12", optional=True, holds=Beginning(NiobufRemote), when="a niobuf_remote, and behind it the data of a small file on the MDT")
    file_secctx: Opaque | None = slots.SECCTX_ASKED
    file_encctx: Opaque | None = slots.ENCCTX
    default_mdt_md: Opaque | None = slots.default_layout("2.16")


@buffers_history
class GetattrRequest(Buffers):
    """Attributes asked for with a lock."""

    dlm_req: LdlmRequest | None = dated_slot()
    ldlm_intent: LdlmIntent | None = dated_slot()
    mdt_body: MdsBody | MdtBody | None = slots.REQUEST_BODY
    capa1: LustreCapa | bytes | None = slots.CAPA
    name: CString | None = dated_slot(when={"1.8": "namelen+1 bytes (length 1 = by fid2)", "2.0": ""})
    file_secctx_name: CString | None = dated_slot(since=("2.12.9", "2.13"), omit=True, when="name of the security attribute the client asks for")


@buffers_history
class GetattrReply(Buffers):
    """The lock, and the attributes of the file that was asked for."""

    dlm_rep: LdlmReply | None = dated_slot()
    mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
    mdt_md: Opaque | None = slots.layout("shrunk (and removed with index shift) when the request asked FLEASIZE|FLDIREA, which the client always does")
    acl: Opaque | None = slots.ACL_KEPT
    capa1: LustreCapa | bytes | None = slots.MDS_CAPA
    file_secctx: Opaque | None = slots.SECCTX_ASKED
    default_mdt_md: Opaque | None = slots.default_layout("2.13")
    file_encctx: Opaque | None = slots.ENCCTX


@enqueue(also_on={"1.8": (Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL), "2.5": (Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL, Portal.OST_IO_PORTAL, Portal.OUT_PORTAL)})
class LdlmEnqueue:
    """Sent by ldlm/ldlm_request.c:ldlm_prep_enqueue_req, ldlm_cli_enqueue. Handled by
    ldlm/ldlm_lockd.c:ldlm_handle_enqueue0 (1.8: ldlm/ldlm_lockd.c:ldlm_handle_enqueue).

    Plain enqueue (no HAS_INTENT): EXTENT to OST (28->4), IBITS/FLOCK to MDT (12->10), PLAIN config lock to MGS
    (26->25).

    Early lock cancels ride in dlm_req.lock_handle[1..] with lock_count.

    Error reply: body only, pb_status carries the rc; lock error codes ELDLM_* 300-series are positive.

    2.0: Server format RQF_LDLM_ENQUEUE(_LVB) = dlm_rep + dlm_lvb in both cases. Lock replay resends the same request
    with LDLM_FL_REPLAY; pb_flags also has REQ_REPLAY_DONE.

    1.8: Server packs ldlm_reply only when no LVB; client reserves room for ost_lvb because a 2.0 server always sends 40
    bytes. Lock replay resends the same request with LDLM_FL_REPLAY (ldlm_replay_locks / replay_one_lock).
    """

    Request = LockRequest

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        lvb: OstLvb | bytes | None = slots.lvb({"1.8": "only when the resource has an LVB (OST extent locks)", "2.0": "slot always packed; defaults to 40 bytes even when the resource has no LVB"}, omit={"1.8": True, "2.0": False})


@enqueue(name="LDLM_ENQUEUE/GLIMPSE", match={"dlm_req.lock_flags": HAS_INTENT, "[2]": Absent(), "dlm_req.lock_desc.l_resource.lr_type": LdlmType.LDLM_EXTENT}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL)
class LdlmEnqueueGlimpse:
    """Sent by osc/osc_request.c:osc_enqueue_base. Handled by obdfilter/filter.c:filter_intent_policy (LDLM_INTENT
    policy).
    """

    Request = LockRequest

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        lvb: OstLvb | bytes | None = slots.lvb("")


@enqueue(name="LDLM_ENQUEUE/INTENT_OPEN", match=intent(ItOp.IT_OPEN))
class LdlmEnqueueIntentOpen:
    """Sent by mdc/mdc_locks.c:mdc_intent_open_pack; mdc_lib.c:mdc_open_pack (1.8: mdc/mdc_locks.c:mdc_intent_open_pack;
    mdc_lib.c:mdc_open_pack_18, mdc_join_pack_18). Handled by mdt/mdt_handler.c:mdt_intent_policy, mdt_intent_reint
    (RQF_LDLM_INTENT_OPEN) -> mdt_open.c:mdt_reint_open (1.8: mds/handler.c:mds_intent_policy ->
    mds_lib.c:mds_open_unpack -> mds_open.c:mds_open, mds_finish_open; mds_join.c for join).

    dlm_req flags HAS_INTENT; intent opc = IT_OPEN (1).

    dlm_rep.lock_policy_res1 = disposition bits, lock_policy_res2 = result of the open.

    A negative intent result still gives a full reply with ELDLM_LOCK_ABORTED in pb_status.

    Request is replayable: the client grows it to hold the returned layout (mdc_realloc_openmsg).

    2.0: Reply always 7 buffers: format RQF_LDLM_INTENT_OPEN.

    1.8: 4 or 5 reply buffers; join buffer at index 6.
    """

    Request = OpenRequest
    Reply = OpenReply


@enqueue(name="LDLM_ENQUEUE/INTENT_OPEN_CREAT", match=intent(ItOp.IT_OPEN | ItOp.IT_CREAT))
class LdlmEnqueueIntentOpenCreat:
    """An open that may create, as LDLM_ENQUEUE/INTENT_OPEN: intent opc = IT_OPEN (1)|IT_CREAT (2) = 3."""

    Request = OpenRequest
    Reply = OpenReply


@enqueue(since="2.0", name="LDLM_ENQUEUE/INTENT_CREATE", match=intent(ItOp.IT_CREAT), status={"2.0": "server only", "2.16": ""})
class LdlmEnqueueIntentCreate:
    """Never sent by 2.0.0 clients. Handled by mdt/mdt_handler.c:mdt_intent_reint (format chosen from the record
    sub-opcode: RQF_LDLM_INTENT_CREATE) -> mdt_reint_create.

    IT_CREAT = 2 alone; the server pre-selects RQF_LDLM_INTENT then extends to _CREATE; record sub-opcode must be
    REINT_CREATE or -EPROTO.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()
        rec_reint: MdtRecCreate | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        eadata: Opaque | None = dated_slot(optional=True, holds=slots.ASKED)
        file_secctx_name: CString | None = slots.SECCTX_NAME
        file_secctx: Opaque | None = slots.SECCTX
        selinux_pol: CString | None = slots.SELINUX_POL
        file_encctx: Opaque | None = slots.ENCCTX

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        mdt_body: MdtBody | None = dated_slot()
        mdt_md: Opaque | None = slots.LAYOUT
        acl: Opaque | None = slots.ACL
        capa1: LustreCapa | bytes | None = slots.MDS_CAPA
        file_secctx: Opaque | None = slots.SECCTX_ASKED
        default_mdt_md: Opaque | None = slots.default_layout("2.13")
        file_encctx: Opaque | None = slots.ENCCTX


@enqueue(name="LDLM_ENQUEUE/INTENT_GETATTR", match=intent(ItOp.IT_GETATTR))
class LdlmEnqueueIntentGetattr:
    """Sent by mdc/mdc_locks.c:mdc_intent_getattr_pack; mdc_lib.c:mdc_getattr_pack (1.8:
    mdc/mdc_locks.c:mdc_intent_lookup_pack; mdc_lib.c:mdc_getattr_pack_18). Handled by
    mdt/mdt_handler.c:mdt_intent_getattr (RQF_LDLM_INTENT_GETATTR) (1.8: mds/handler.c:mds_intent_policy,
    mds_getattr_lock).

    Intent opc IT_GETATTR = 8.

    2.0: Reply 6 buffers, capa1 valid when FLMDSCAPA.
    """

    Request = GetattrRequest
    Reply = GetattrReply


@enqueue(name="LDLM_ENQUEUE/INTENT_LOOKUP", match=intent(ItOp.IT_LOOKUP))
class LdlmEnqueueIntentLookup:
    """As LDLM_ENQUEUE/INTENT_GETATTR, with intent opc IT_LOOKUP = 16.

    1.8: LOOKUP locks only LOOKUP|UPDATE bits (child) instead of full getattr bits.
    """

    Request = GetattrRequest
    Reply = GetattrReply


@enqueue(name="LDLM_ENQUEUE/INTENT_READDIR", match={"dlm_req.lock_flags": HAS_INTENT, "[2]": Absent()})
class LdlmEnqueueIntentReaddir:
    """Sent by mdc/mdc_locks.c:ldlm_enqueue_pack (1.8: mdc/mdc_locks.c:mdc_intent_readdir_pack). Handled by
    mdt/mdt_handler.c:mdt_intent_policy (RQF_LDLM_ENQUEUE branch) (1.8: mds/handler.c:mds_intent_policy (2-buffer reply
    when no intent buffer present)).

    2.0: With an intent buffer IT_READDIR would be -EOPNOTSUPP.

    1.8: HAS_INTENT but no intent buffer; if a peer did send an intent buffer the server treats it like GETATTR and adds
    body, md, acl.
    """

    Request = LockRequest

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        lvb: OstLvb | bytes | None = slots.lvb("slot always packed; defaults to 40 bytes even when the resource has no LVB", since="2.0")


@enqueue(until="2.12", name="LDLM_ENQUEUE/INTENT_UNLINK", match=intent(ItOp.IT_UNLINK), status="client packer only")
class LdlmEnqueueIntentUnlink:
    """Sent by mdc/mdc_locks.c:mdc_intent_unlink_pack. Handled by mdt/mdt_handler.c:mdt_intent_policy: act NULL ->
    -EOPNOTSUPP (1.8: mds/handler.c:mds_intent_policy -> default branch -EFAULT (reply already packed with 5 buffers)).

    IT_UNLINK = 32; not used by the shipped llite in either version.

    2.0: The server answers body only with -EOPNOTSUPP; the reply row shows the layout.c format the client reserves.

    1.8: Server answer is -EFAULT; the client never gets past it; reply row shows what was packed (shrink not applied).
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()
        rec_reint: MdsRecUnlink | MdtRecUnlink | None = slots.record(MdsRecUnlink, MdtRecUnlink)
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        mdt_md: Opaque | None = slots.layout()
        logcookies: list[LlogCookie] | None = dated_slot(until="2.0", optional=True, when="shrunk to the number of stripes when body.valid has FLCOOKIE; removed otherwise; index drops to 2 when lov_md was removed")
        acl: Opaque | None = slots.ACL


@buffers_history
class QuotaLockRequest(Buffers):
    """A quota lock, and quota asked for with it."""

    dlm_req: LdlmRequest | None = dated_slot()
    ldlm_intent: LdlmIntent | None = dated_slot()
    quota_body: QuotaBody | None = dated_slot()


@buffers_history
class QuotaLockReply(Buffers):
    """The lock, and what was granted."""

    dlm_rep: LdlmReply | None = dated_slot()
    lvb: Opaque | None = dated_slot(optional=True, holds=LquotaLvb)
    quota_body: QuotaBody | None = dated_slot()


@enqueue(since="2.5", name="LDLM_ENQUEUE/INTENT_GETXATTR", match=intent(ItOp.IT_GETXATTR))
class LdlmEnqueueIntentGetxattr:
    """Sent by mdc/mdc_locks.c:mdc_intent_getxattr_pack. Handled by mdt/mdt_handler.c:mdt_intent_policy,
    mdt_intent_getxattr.

    All extended attributes at once: names, values and their lengths in three buffers.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()
        mdt_body: MdtBody | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        selinux_pol: CString | None = slots.SELINUX_POL

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        mdt_body: MdtBody | None = dated_slot()
        mdt_md: Opaque | None = dated_slot(optional=True, when="reserved, unused")
        acl: Opaque | None = dated_slot(optional=True, when="reserved, not shrunk, unused")
        xattr_names: Opaque | None = dated_slot(optional=True, holds=Names(), when="names, each with its NUL")
        eavals: Opaque | None = dated_slot(optional=True, holds=Parts("xattr_names", "eavals_lens", XATTRS), when="the values, one behind the other")
        eavals_lens: list[u32] | None = dated_slot(optional=True, when="a length for each value")


@enqueue(since="2.4", name="LDLM_ENQUEUE/INTENT_LAYOUT", match=intent(ItOp.IT_LAYOUT))
class LdlmEnqueueIntentLayout:
    """Sent by mdc/mdc_locks.c:mdc_intent_layout_pack. Handled by mdt/mdt_handler.c:mdt_intent_policy, mdt_intent_layout.

    The layout travels as the value block of its lock.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()
        layout_intent: LayoutIntent | None = dated_slot()
        eadata: Opaque | None = dated_slot(optional=True, holds=slots.ASKED, when="counted; the layout that is to be")

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        lvb: Opaque | None = dated_slot(optional=True, holds=LovMdsMdV1)


@enqueue(since="2.11", name="LDLM_ENQUEUE/INTENT_GLIMPSE_DOM", match=intent(ItOp.IT_GLIMPSE))
class LdlmEnqueueIntentGlimpseDom:
    """Sent by mdc/mdc_dev.c:mdc_enqueue_send to servers without OBD_CONNECT2_DOM_LVB. Handled by
    mdt/mdt_handler.c:mdt_intent_policy, mdt_intent_glimpse.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()
        rec_reint: MdtRecReint | None = dated_slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        mdt_body: MdtBody | None = dated_slot()
        mdt_md: Opaque | None = slots.LAYOUT
        acl: Opaque | None = slots.ACL


@enqueue(since="2.4", name="LDLM_ENQUEUE/INTENT_BASIC", match={"dlm_req.lock_flags": HAS_INTENT, "[2]": Counted()}, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL)
class LdlmEnqueueIntentBasic:
    """An intent that none of the other formats is for; what a server looks at an intent with."""

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        lvb: OstLvb | bytes | None = slots.lvb("counted")


@enqueue(since="2.4", name="LDLM_ENQUEUE/INTENT_QUOTA_DQACQ", match=intent(ItOp.IT_QUOTA_DQACQ), portal=Portal.MDS_READPAGE_PORTAL)
class LdlmEnqueueIntentQuotaDqacq:
    """Sent by quota/qsd_request.c:qsd_intent_lock, of a target to the quota master. Handled by
    quota/qmt_lock.c:qmt_intent_policy.
    """

    Request = QuotaLockRequest
    Reply = QuotaLockReply


@enqueue(since="2.4", name="LDLM_ENQUEUE/INTENT_QUOTA_CONN", match=intent(ItOp.IT_QUOTA_CONN), portal=Portal.MDS_READPAGE_PORTAL)
class LdlmEnqueueIntentQuotaConn:
    """As LDLM_ENQUEUE/INTENT_QUOTA_DQACQ, for the lock of a whole index."""

    Request = QuotaLockRequest
    Reply = QuotaLockReply


@rpc_history(Opcode.LDLM_CONVERT, version=MsgVersion.LUSTRE_DLM_VERSION, portal={"1.8": Portal.MDS_REQUEST_PORTAL, "2.12": Portal.LDLM_CANCEL_REQUEST_PORTAL}, reply_portal={"1.8": Portal.MDC_REPLY_PORTAL, "2.12": Portal.LDLM_CANCEL_REPLY_PORTAL}, also_on={"1.8": (Portal.OST_REQUEST_PORTAL,), "2.12": ()})
class LdlmConvert:
    """Sent by ldlm/ldlm_request.c:ldlm_cli_convert. Handled by ldlm/ldlm_lockd.c:ldlm_handle_convert0.

    Before 2.12 no caller in llite; LCK conversions only, needs the lock handle in lock_handle[0].

    OST path unpacks RQF_LDLM_CONVERT; the MDT table entry has HABEO_CLAVIS but no request format, so mdt_req_handle
    would assert.
    """

    Request = LockRequest

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()


@rpc_history(Opcode.LDLM_CANCEL, version=MsgVersion.LUSTRE_DLM_VERSION, portal=Portal.LDLM_CANCEL_REQUEST_PORTAL, reply_portal=Portal.LDLM_CANCEL_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL))
class LdlmCancel:
    """Sent by ldlm/ldlm_request.c:ldlm_cli_cancel_req. Handled by ldlm/ldlm_lockd.c:ldlm_cancel_handler.

    lock_count handles in lock_handle[].

    OST request portals accept it too; MDS, MDT and MGS request services do not (1.8 MDS drops it unanswered).

    Reply status ESTALE when none of the handles was found.

    2 handles fit the base 104 bytes, each further adds 8.
    """

    Request = LockRequest


@callback(Opcode.LDLM_BL_CALLBACK)
class LdlmBlCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_blocking_ast (RQF_LDLM_BL_CALLBACK). Handled by
    ldlm/ldlm_lockd.c:ldlm_callback_handler, ldlm_handle_bl_callback.

    Server to client over the reverse import.

    lock_handle[0] = client lock cookie; lock_desc = the conflicting lock; lock_flags carries AST flags.

    Client replies (body only) before cancelling; when its lock has CANCEL_ON_BLOCK it sends no reply and the server
    expects none (instant cancel).

    Unknown or already cancelled lock: body-only reply with -EINVAL.
    """

    Request = LockRequest


@callback(Opcode.LDLM_CP_CALLBACK)
class LdlmCpCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_completion_ast (RQF_LDLM_CP_CALLBACK) (1.8:
    ldlm/ldlm_lockd.c:ldlm_server_completion_ast). Handled by ldlm/ldlm_lockd.c:ldlm_callback_handler,
    ldlm_handle_cp_callback.

    lock_handle[0] = client lock cookie, lock_desc = granted mode/policy, lock_flags may hold AST_SENT; the reply is
    sent before the callback is processed.

    For CANCEL_ON_BLOCK locks being granted with AST_SENT the server sends it without expecting a reply.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        lvb: OstLvb | bytes | None = slots.lvb({"1.8": "only when lr_lvb_len != 0", "2.0": "slot always packed (40 by default)"}, lock="dlm_req", omit={"1.8": True, "2.0": False})


@callback(Opcode.LDLM_GL_CALLBACK)
class LdlmGlCallback:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_glimpse_ast (RQF_LDLM_GL_CALLBACK) (1.8:
    ldlm/ldlm_lockd.c:ldlm_server_glimpse_ast). Handled by ldlm/ldlm_lockd.c:ldlm_callback_handler,
    ldlm_handle_gl_callback -> osc/osc_lock.c:osc_ldlm_glimpse_ast (1.8: ldlm/ldlm_lockd.c:ldlm_callback_handler,
    ldlm_handle_gl_callback -> llite/file.c:ll_glimpse_callback).
    """

    Request = LockRequest

    class Reply(Buffers):
        lvb: OstLvb | bytes | None = slots.lvb({"1.8": "on success; -ELDLM_NO_LOCK_DATA gives a body-only reply", "2.0": "on success; 1.8-style errors are body only"}, lock="")


#: The name of a quota lock begins with the FID of its index, that of a barrier's with the file system's name.
_NAME: Final = "dlm_req.lock_desc.l_resource.lr_name.name"
_TOLD: Final = Cases(
    (
        ({f"{_NAME}[0]": FidSeq.FID_SEQ_QUOTA_GLB}, LdlmGlLquotaDesc),
        ({f"{_NAME}[1]": MgsCfgType.MGS_CFG_T_BARRIER}, LdlmGlBarrierDesc),
    ),
    (),
)  # fmt: skip


@callback(Opcode.LDLM_GL_CALLBACK, name="LDLM_GL_CALLBACK/DESC", since="2.4", match={"[2]": Counted()})
class LdlmGlCallbackDesc:
    """Sent by ldlm/ldlm_lockd.c:ldlm_server_glimpse_ast, with what it tells. Handled by quota/qsd_lock.c,
    target/barrier.c.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        gl_desc: LdlmGlDesc | None = dated_slot(holds=_TOLD)

    class Reply(Buffers):
        lvb: Opaque | None = dated_slot(optional=True, holds=LquotaLvb)


@rpc_history(Opcode.LDLM_SET_INFO, since="2.0", version=MsgVersion.LUSTRE_OBD_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class LdlmSetInfo:
    """Sent by mdt/mdt_handler.c:mdt_hsm_copytool_send -> ptlrpc/pack_generic.c:do_set_info_async. Handled by
    ldlm/ldlm_lockd.c:ldlm_handle_setinfo (RQF_OBD_SET_INFO).

    Server to client, version OBD on the callback portal.

    HSM copytool experiment; key "hsm_send"; val = kuc header + hsm_action_list.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        val: Opaque | None = dated_slot(holds=Chosen("key", {KEY_HSM_COPYTOOL_SEND: Records(KucHdr)}))
