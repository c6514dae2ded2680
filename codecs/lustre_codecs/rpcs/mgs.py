"""Configuration."""

from __future__ import annotations

from functools import partial

from lustre_codecs.enums.ptlrpc import LUSTRE_MGS_VERSION, Opcode, Portal
from lustre_codecs.structs.mgs import MgsSendParam, MgsTargetInfo
from lustre_wire.schema.rpc import Buffers
from lustre_wire.schema.rpc_history import dated_slot, rpc_history

mgs = partial(
    rpc_history, version=LUSTRE_MGS_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL,
)  # fmt: skip


@mgs(Opcode.MGS_TARGET_REG)
class MgsTargetReg:
    """Sent by mgc/mgc_request.c:mgc_target_register. Handled by mgs/mgs_handler.c:mgs_handle_target_reg."""

    class Request(Buffers):
        mgs_target_info: MgsTargetInfo | None = dated_slot()

    class Reply(Buffers):
        mgs_target_info: MgsTargetInfo | None = dated_slot()


@mgs(Opcode.MGS_SET_INFO)
class MgsSetInfo:
    """Sent by mgc/mgc_request.c:mgc_set_mgs_param. Handled by mgs/mgs_handler.c:mgs_set_info_rpc."""

    class Request(Buffers):
        mgs_send_param: MgsSendParam | None = dated_slot()

    class Reply(Buffers):
        mgs_send_param: MgsSendParam | None = dated_slot()


@mgs(Opcode.MGS_EXCEPTION, status="handler only")
class MgsException:
    """Never sent. Handled by mgs/mgs_handler.c:mgs_handle_*."""


@mgs(Opcode.MGS_TARGET_DEL, status="handler only")
class MgsTargetDel:
    """Never sent. Handled by mgs/mgs_handler.c:mgs_handle_*."""
