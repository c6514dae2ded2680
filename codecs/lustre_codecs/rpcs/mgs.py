"""Configuration."""

from __future__ import annotations

from functools import partial
from typing import Final

from lustre_codecs.enums.config import MgsCfgType
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.structs.mgs import (
    MgsConfigBody,
    MgsConfigRes,
    MgsNidtblEntry,
    MgsSendParam,
    MgsTargetInfo,
    MgsTargetNidlist,
)
from lustre_codecs.structs.nodemap import RECORD_OF_KEY, NodemapKey, NodemapRec
from lustre_codecs.structs.update import LuIdxpage
from lustre_wire.schema.holds import Cases, Records
from lustre_wire.schema.rpc import Buffers
from lustre_wire.schema.rpc_history import dated_slot, rpc_history

mgs = partial(
    rpc_history, version=MsgVersion.LUSTRE_MGS_VERSION, portal=Portal.MGS_REQUEST_PORTAL, reply_portal=Portal.MGC_REPLY_PORTAL,
)  # fmt: skip


@mgs(Opcode.MGS_TARGET_REG, bulk_portal={"1.8": None, "2.17": Portal.MGS_BULK_PORTAL}, bulk={"1.8": "", "2.17": "server GET"})
class MgsTargetReg:
    """Sent by mgc/mgc_request.c:mgc_target_register. Handled by mgs/mgs_handler.c:mgs_handle_target_reg."""

    class Request(Buffers):
        mgs_target_info: MgsTargetInfo | None = dated_slot()
        mgs_target_nidlist: MgsTargetNidlist | None = dated_slot(since="2.17", omit=True, when="OBD_CONNECT_MGS_NIDLIST was granted")

    class Reply(Buffers):
        mgs_target_info: MgsTargetInfo | None = dated_slot()


@mgs(Opcode.MGS_SET_INFO)
class MgsSetInfo:
    """Sent by mgc/mgc_request.c:mgc_set_mgs_param. Handled by mgs/mgs_handler.c:mgs_set_info_rpc."""

    class Request(Buffers):
        mgs_send_param: MgsSendParam | None = dated_slot()

    class Reply(Buffers):
        mgs_send_param: MgsSendParam | None = dated_slot()


#: What is read: entries of a table of NIDs, or pages of the index of nodemaps.
_NODEMAPS: Final = Records(LuIdxpage, key=NodemapKey, record=NodemapRec, members=RECORD_OF_KEY)
_CONFIG: Final = Cases((({"mgs_config_body.mcb_type": MgsCfgType.MGS_CFG_T_NODEMAP}, _NODEMAPS),), Records(MgsNidtblEntry))


@mgs(Opcode.MGS_CONFIG_READ, since="2.2", bulk_portal=Portal.MGS_BULK_PORTAL, bulk="server PUT", bulk_holds=_CONFIG)
class MgsConfigRead:
    """Sent by mgc/mgc_request.c:mgc_process_recover_log, for where targets are; mgc_process_nodemap_log, for nodemaps,
    whose pages are those of an index. Handled by mgs/mgs_handler.c:mgs_config_read.

    The pages travel in bulk, mcb_units of them of 1 << mcb_bits bytes.
    """

    class Request(Buffers):
        mgs_config_body: MgsConfigBody | None = dated_slot()

    class Reply(Buffers):
        mgs_config_res: MgsConfigRes | None = dated_slot()


@mgs(Opcode.MGS_EXCEPTION, status="handler only")
class MgsException:
    """Never sent. Handled by mgs/mgs_handler.c:mgs_handle_*."""


@mgs(Opcode.MGS_TARGET_DEL, status="handler only")
class MgsTargetDel:
    """Never sent. Handled by mgs/mgs_handler.c:mgs_handle_*."""
