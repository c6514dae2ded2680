"""Quota: between clients and servers, and between servers."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.rpcs.mds import mds
from lustre_codecs.rpcs.ost import ost
from lustre_codecs.structs.quota import ObdQuotactl, QunitData, QunitDataOld2, QuotaAdjustQunit, QuotaBody
from lustre_wire.schema.rpc import Buffers, Length, Opaque
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history, variant
from lustre_wire.schema.struct import spec_of

#: From an OST to the MDS, over the reverse import; from 2.4 on from any target to the quota master.
qunit = partial(
    rpc_history, version=MsgVersion.LUSTRE_MDS_VERSION,
    portal={"1.8": Portal.LDLM_CB_REQUEST_PORTAL, "2.4": Portal.MDS_READPAGE_PORTAL},
    reply_portal={"1.8": Portal.LDLM_CB_REPLY_PORTAL, "2.4": Portal.MDC_REPLY_PORTAL},
)  # fmt: skip


@buffers_history
class Quotactl(Buffers):
    """A quota command."""

    quotactl: ObdQuotactl | None = dated_slot()


@buffers_history
class QuotactlReply(Buffers):
    """The answer to a quota command."""

    quotactl: ObdQuotactl | None = dated_slot()
    quota_iter: Opaque | None = dated_slot(since="2.16", optional=True, when="counted; what LUSTRE_Q_ITERQUOTA asks for")


@buffers_history
class QunitRequest(Buffers):
    """Quota acquired or released by a target."""

    qunit_data: QunitData | None = dated_slot(until="2.4", when={"1.8": "unless the peer lacks OBD_CONNECT_CHANGE_QS: then struct qunit_data_old2, 16 bytes (needs OBD_CONNECT_QUOTA64)", "2.0": ""})
    quota_body: QuotaBody | None = dated_slot(since="2.4")


@buffers_history
class QunitReply(Buffers):
    """What was granted of it."""

    qunit_data: QunitData | None = dated_slot(until="2.4", when="same size as the request")
    quota_body: QuotaBody | None = dated_slot(since="2.4")


@mds(Opcode.MDS_QUOTACHECK, until="2.8")
class MdsQuotacheck:
    """Sent by quota/quota_check.c:client_quota_check. Handled by mdt/mdt_handler.c:mdt_quotacheck_handle (1.8:
    mds/handler.c:mds_handle_quotacheck).
    """

    Request = Quotactl


@mds(Opcode.MDS_QUOTACTL)
class MdsQuotactl:
    """Sent by quota/quota_ctl.c:client_quota_ctl. Handled by mdt/mdt_handler.c:mdt_quotactl_handle (1.8:
    mds/handler.c:mds_handle_quotactl).
    """

    Request = Quotactl
    Reply = QuotactlReply


@ost(Opcode.OST_QUOTACHECK, until="2.8")
class OstQuotacheck:
    """Sent by quota/quota_check.c:client_quota_check. Handled by ost/ost_handler.c:ost_handle_quotacheck."""

    Request = Quotactl


@ost(Opcode.OST_QUOTACTL)
class OstQuotactl:
    """Sent by quota/quota_ctl.c:client_quota_ctl. Handled by ost/ost_handler.c:ost_handle_quotactl."""

    Request = Quotactl
    Reply = QuotactlReply


@ost(Opcode.OST_QUOTA_ADJUST_QUNIT, until="2.4")
class OstQuotaAdjustQunit:
    """Sent by quota/quota_adjust_qunit.c:client_quota_adjust_qunit. Handled by
    ost/ost_handler.c:ost_handle_quota_adjust_qunit.

    MDS to OST.
    """

    class Request(Buffers):
        quota_adjust_qunit: QuotaAdjustQunit | None = dated_slot()

    class Reply(Buffers):
        quota_adjust_qunit: QuotaAdjustQunit | None = dated_slot()


@rpc_history(Opcode.OBD_QC_CALLBACK, until="2.8", version=MsgVersion.LUSTRE_OBD_VERSION, portal=Portal.LDLM_CB_REQUEST_PORTAL, reply_portal=Portal.LDLM_CB_REPLY_PORTAL)
class ObdQcCallback:
    """Sent by quota/quota_check.c:target_quotacheck_callback (RQF_QC_CALLBACK). Handled by ldlm/ldlm_lockd.c ->
    target_handle_qc_callback.

    Server to client, version OBD on the callback portal.
    """

    Request = Quotactl


@qunit(Opcode.QUOTA_DQACQ)
class QuotaDqacq:
    """Sent by quota/quota_context.c (RQF_MDS_QUOTA_DQACQ) (1.8: quota/quota_context.c:schedule_dqacq (OST to MDS over
    the reverse import)). Handled by ldlm_lockd.c -> target_handle_dqacq_callback (1.8:
    ldlm/ldlm_lockd.c:ldlm_callback_handler -> ldlm_lib.c:target_handle_dqacq_callback).

    From 2.4 on sent by quota/qsd_request.c:qsd_send_dqacq, to release quota too, and handled by
    mdt/mdt_handler.c:mdt_quota_dqacq.

    2.0: Always 32 bytes.

    1.8: 16-byte old form when the export did not negotiate CHANGE_QS.
    """

    Request = QunitRequest
    Reply = QunitReply


@qunit(Opcode.QUOTA_DQREL, until="2.4")
class QuotaDqrel:
    """As QUOTA_DQACQ, the other way."""

    Request = QunitRequest
    Reply = QunitReply


@buffers_history
class OldQunit(Buffers):
    """The 16-byte form."""

    qunit_data: QunitDataOld2 | None = dated_slot()


_OLD: Final[dict[str, Any]] = {
    "until": "2.0", "match": {"[1]": Length(spec_of(QunitDataOld2).size)}, "request": OldQunit, "reply": OldQunit,
    "note": "for a peer that granted OBD_CONNECT_QUOTA64 but not OBD_CONNECT_CHANGE_QS",
}  # fmt: skip
QuotaDqacqOld = variant(QuotaDqacq, "without CHANGE_QS", **_OLD)
QuotaDqrelOld = variant(QuotaDqrel, "without CHANGE_QS", **_OLD)
