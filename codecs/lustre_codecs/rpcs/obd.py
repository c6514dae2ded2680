"""Connections: the same operations to every target."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.rpcs import slots
from lustre_codecs.structs.connect import ObdConnectData
from lustre_codecs.structs.fid import LustreHandle
from lustre_wire.schema.rpc import Buffers, CString, FixedText
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history

to_ost = partial(
    rpc_history, version=MsgVersion.LUSTRE_OBD_VERSION, portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL,
    also_on=(Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL),
)  # fmt: skip
to_mds = partial(
    rpc_history, version=MsgVersion.LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL,
)  # fmt: skip
to_mgs = partial(
    rpc_history, version=MsgVersion.LUSTRE_OBD_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL,
)  # fmt: skip

#: A UUID, which 2.x sends without its last byte.
UUID: Final = {"1.8": Annotated[bytes, FixedText(40)], "2.0": Annotated[bytes, FixedText(39)]}


@buffers_history
class ConnectRequest(Buffers):
    """A connect, whatever the target."""

    target_uuid: bytes | None = dated_slot(type=UUID, when={"1.8": "NUL-padded UUID", "2.0": "first 39 bytes of the obd_uuid"})
    client_uuid: bytes | None = dated_slot(type=UUID)
    conn_handle: LustreHandle | None = dated_slot(when="the reverse-direction cookie (client import handle)")
    connect_data: ObdConnectData | None = dated_slot(when="sent; server accepts longer", minimum={"1.8": 0, "2.1": 72})
    selinux_pol: CString | None = slots.SELINUX_POL


@buffers_history
class ConnectReply(Buffers):
    """What the target grants."""

    connect_data: ObdConnectData | None = dated_slot(when={"1.8": "when the request carried a connect_data buffer; client reserves 72+128 bytes", "2.0": ""}, minimum={"1.8": 0, "2.1": 72})


@to_ost(Opcode.OST_CONNECT)
class OstConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by ost/ost_handler.c:ost_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    Reply ptlrpc_body.handle = cookie of the new export.

    2.0: Client always uses the RQF_MDS_CONNECT layout whatever the target type; uuid buffers are 39 bytes (obd_uuid
    minus its last byte).

    1.8: 1.8 servers tolerate a missing connect_data buffer (old peers): reply then has no buffer 1. pb_op_flags of the
    request: NEXT_VER when the import speaks V1, INITIAL, RECONNECT, LIBCLIENT, ASYNC as applicable; of the reply:
    RECOVERING, RECONNECT, REPLAYABLE, DELAYED. Client reserves reply room for 72 bytes + 16 spare u64 words.
    """

    Request = ConnectRequest
    Reply = ConnectReply


@to_mds(Opcode.MDS_CONNECT, also_on={"1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL, Portal.MDS_MDS_PORTAL), "2.4": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.5": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL, Portal.OUT_PORTAL), "2.15": (Portal.MDS_READPAGE_PORTAL, Portal.OUT_PORTAL)})
class MdsConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by mdt/mdt_handler.c:mdt_connect ->
    ldlm/ldlm_lib.c:target_handle_connect (1.8: mds/handler.c:mds_handle -> ldlm/ldlm_lib.c:target_handle_connect).

    As OST_CONNECT. 2.0: A request without connect_data is refused with -EPROTO (1.8 accepts it). MDT refuses clients
    without OBD_CONNECT_FID (mdt_connect_internal). MDT-to-MDT imports (mdc_connect with a real MDS peer) use request
    portal 24 instead of 12.
    """

    Request = ConnectRequest
    Reply = ConnectReply


@to_mgs(Opcode.MGS_CONNECT)
class MgsConnect:
    """Sent by ptlrpc/import.c:ptlrpc_connect_import. Handled by mgs/mgs_handler.c:mgs_handle ->
    ldlm/ldlm_lib.c:target_handle_connect.

    As OST_CONNECT.
    """

    Request = ConnectRequest
    Reply = ConnectReply


@to_ost(Opcode.OST_DISCONNECT)
class OstDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by ost_handler.c:ost_handle ->
    ldlm_lib.c:target_handle_disconnect.
    """


@to_mds(Opcode.MDS_DISCONNECT, also_on={"1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL,), "2.5": (Portal.MDS_SETATTR_PORTAL, Portal.OUT_PORTAL), "2.15": (Portal.OUT_PORTAL,)})
class MdsDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by mdt/mdt_handler.c:mdt_disconnect ->
    ldlm_lib.c:target_handle_disconnect (1.8: mds/handler.c:mds_handle -> ldlm_lib.c:target_handle_disconnect).
    """


@to_mgs(Opcode.MGS_DISCONNECT)
class MgsDisconnect:
    """Sent by ptlrpc/import.c:ptlrpc_disconnect_import. Handled by mgs/mgs_handler.c:mgs_handle ->
    ldlm_lib.c:target_handle_disconnect.
    """


@rpc_history(Opcode.OBD_PING, version=MsgVersion.LUSTRE_OBD_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL, also_on={"1.8": (Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL, Portal.MDS_SETATTR_PORTAL), "2.5": (Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL, Portal.MDS_SETATTR_PORTAL, Portal.OUT_PORTAL), "2.15": (Portal.OST_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL, Portal.OST_CREATE_PORTAL, Portal.OST_IO_PORTAL, Portal.OUT_PORTAL)})
class ObdPing:
    """Sent by ptlrpc/pinger.c:ptlrpc_prep_ping; ptlrpc/import.c:signal_completed_replay. Handled by
    mdt/mdt_handler.c:mdt_obd_ping; ost/ost_handler.c:ost_handle; mgs/mgs_handler.c:mgs_handle.

    Sent on the default request portal of the import it checks: MDC 12->10, OSC 28->4, MGC 26->25; the portal fields
    here show the MDC case.

    End-of-replay ping (signal_completed_replay): pb_flags = LAST_REPLAY|REQ_REPLAY_DONE|LOCK_REPLAY_DONE in 1.8,
    REQ_REPLAY_DONE|LOCK_REPLAY_DONE in 2.0.

    Accepted on the high-priority path; reply may carry slv/limit of the lock pool.
    """
