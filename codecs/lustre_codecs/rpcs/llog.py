"""Logs that another node keeps."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.llog import LlogCookie, LlogdBody, LlogdConnBody, LlogLogHdr, LlogRecHdr
from lustre_wire.schema.holds import Records
from lustre_wire.schema.rpc import Blob, Buffers, CString
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history

#: A log of the import's target, most often the MGS.
llog = partial(
    rpc_history, version=MsgVersion.LUSTRE_LOG_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL,
    also_on=(Portal.LDLM_CB_REQUEST_PORTAL, Portal.MDS_REQUEST_PORTAL),
)  # fmt: skip
#: A log of the MDS.
mds_llog = partial(
    rpc_history, version=MsgVersion.LUSTRE_LOG_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL,
)  # fmt: skip


@buffers_history
class LogBody(Buffers):
    """A log, and a place in it."""

    llogd_body: LlogdBody | None = dated_slot()


@llog(Opcode.LLOG_ORIGIN_HANDLE_CREATE)
class LlogOriginHandleCreate:
    """Sent by ptlrpc/llog_client.c:llog_client_create. Handled by ptlrpc/llog_server.c:llog_origin_handle_create.

    Sent on the import of the log context: MGS (26->25, config logs), MDS/MDT (12->10), or OST to MDS over the reverse
    import (15->16).
    """

    class Request(Buffers):
        llogd_body: LlogdBody | None = dated_slot()
        name: CString | None = dated_slot(omit=True, when={"1.8": "open by name", "2.0": "open by name; trailing slot left out otherwise"})
        mdt_body: MdtBody | None = dated_slot(since="2.14", omit=True, when="behind a name: who asks")

    Reply = LogBody


@llog(Opcode.LLOG_ORIGIN_HANDLE_NEXT_BLOCK)
class LlogOriginHandleNextBlock:
    """Sent by ptlrpc/llog_client.c:llog_client_next_block. Handled by
    ptlrpc/llog_server.c:llog_origin_handle_next_block. On the import of the log context, as
    LLOG_ORIGIN_HANDLE_CREATE.
    """

    Request = LogBody

    class Reply(Buffers):
        llogd_body: LlogdBody | None = dated_slot()
        log_block: Annotated[bytes, Blob(8192)] | None = dated_slot(holds=Records(LlogRecHdr), when={"1.8": "(LLOG_CHUNK_SIZE)", "2.0": ""})


@mds_llog(Opcode.LLOG_ORIGIN_HANDLE_PREV_BLOCK)
class LlogOriginHandlePrevBlock:
    """Sent by ptlrpc/llog_client.c:llog_client_prev_block. Handled by
    ptlrpc/llog_server.c:llog_origin_handle_prev_block.

    Handled by the MDS/MDT only (12->10), not by the MGS or callback service (the sender uses the import of its log
    context, so 26 is possible; an MGS answers -ENOTSUPP).
    """

    Request = LogBody

    class Reply(Buffers):
        llogd_body: LlogdBody | None = dated_slot()
        log_block: Annotated[bytes, Blob(8192)] | None = dated_slot(holds=Records(LlogRecHdr))


@llog(Opcode.LLOG_ORIGIN_HANDLE_READ_HEADER)
class LlogOriginHandleReadHeader:
    """Sent by ptlrpc/llog_client.c:llog_client_read_header. Handled by
    ptlrpc/llog_server.c:llog_origin_handle_read_header. On the import of the log context, as
    LLOG_ORIGIN_HANDLE_CREATE.
    """

    Request = LogBody

    class Reply(Buffers):
        llog_log_hdr: LlogLogHdr | None = dated_slot()


@mds_llog(Opcode.LLOG_ORIGIN_HANDLE_DESTROY, until="2.12")
class LlogOriginHandleDestroy:
    """Sent by ptlrpc/llog_client.c:llog_client_destroy. Handled by ptlrpc/llog_server.c:llog_origin_handle_destroy, by
    whom LLOG_ORIGIN_HANDLE_PREV_BLOCK is.
    """

    Request = LogBody
    Reply = LogBody


@rpc_history(Opcode.LLOG_ORIGIN_CONNECT, until="2.12", version=MsgVersion.LUSTRE_LOG_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL)
class LlogOriginConnect:
    """Sent by ptlrpc/llog_net.c:llog_initiator_connect. Handled by ost/ost_handler.c:ost_llog_handle_connect (1.8:
    ost/ost_handler.c (OST portal) -> ptlrpc/llog_net.c:llog_handle_connect).

    1.8: MDS connects its unlink log to the OST; the OST then walks the log back over the reverse import.
    """

    class Request(Buffers):
        llogd_conn_body: LlogdConnBody | None = dated_slot()


@mds_llog(Opcode.LLOG_CATINFO, until=("2.1.6", "2.3"), also_on=(Portal.MGS_REQUEST_PORTAL,), status={"1.8": "", "2.0": "sender broken"})
class LlogCatinfo:
    """Sent by llite/dir.c (RQF_LLOG_CATINFO, on the MDC import) (1.8: llite/dir.c:ll_dir_ioctl (OBD_IOC_LLOG_CATINFO)).
    Handled by ptlrpc/llog_server.c:llog_catinfo (MGS only) (1.8: ptlrpc/llog_server.c:llog_catinfo).

    2.0: The client sends to the MDT, whose table has a NULL handler (asserts); only the MGS can answer it.

    1.8: Sent on the MDC import (12->10); the 1.8 MDS and the MGS both serve it. Keyword is "config" or "deletions"; the
    second buffer is the client filter string, length 0 when unused.
    """

    class Request(Buffers):
        name: CString | None = dated_slot(called={"1.8": "keyword", "2.0": "name"})
        string: CString | None = dated_slot(called={"1.8": "filter", "2.0": "string"}, optional={"1.8": True, "2.0": False}, when={"1.8": "buffer always counted; 0 length when the caller has no second argument", "2.0": "slot always packed; 0 length when no filter"})

    class Reply(Buffers):
        output: Annotated[bytes, Blob(8192)] | None = dated_slot(when={"1.8": "", "2.0": "server packs LLOG_CHUNK_SIZE; client expects the ioctl buffer length"})


@rpc_history(Opcode.OBD_LOG_CANCEL, until="2.12", version=MsgVersion.LUSTRE_LOG_VERSION, portal=Portal.LDLM_CANCEL_REQUEST_PORTAL, reply_portal=Portal.LDLM_CANCEL_REPLY_PORTAL, also_on=(Portal.OST_REQUEST_PORTAL,))
class ObdLogCancel:
    """Sent by ptlrpc/recov_thread.c:llcd_send (1.8: ptlrpc/recov_thread.c:llcd_send (via llog_recov_thread/llcd_push)).
    Handled by ldlm/ldlm_lockd.c (RQF_LOG_CANCEL) -> llog_origin_handle_cancel (1.8:
    ldlm/ldlm_lockd.c:ldlm_callback_handler/ldlm_cancel_handler -> llog_server.c:llog_origin_handle_cancel).

    Sender is the OST: cancels unlink records it has executed.

    Count limited by the page-sized llcd (LLOG_CHUNK_SIZE granularity).

    The MDS and MGS request services answer -ENOTSUPP for this opcode.
    """

    class Request(Buffers):
        llog_cookies: list[LlogCookie] | None = dated_slot()
