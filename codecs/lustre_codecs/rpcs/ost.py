"""Objects: their attributes and data."""

# ruff: noqa: E501  # the words of `when` are a sentence each

from __future__ import annotations

from functools import partial

from lustre_codecs.enums.ptlrpc import LUSTRE_OST_VERSION, Opcode, Portal
from lustre_codecs.rpcs.ldlm import CAPA_TYPE
from lustre_codecs.structs.ost import NiobufRemote, ObdIoobj, OstBody
from lustre_codecs.structs.security import LustreCapa
from lustre_wire.schema.rpc import Buffers, Opaque
from lustre_wire.schema.rpc_history import dated_slot, rpc_history
from lustre_wire.schema.types import u32

#: Data of objects: service, version word and portals, once.
ost_io = partial(
    rpc_history, version=LUSTRE_OST_VERSION,
    portal=Portal.OST_IO_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL, bulk_portal=Portal.OST_BULK_PORTAL,
)  # fmt: skip


@ost_io(Opcode.OST_WRITE, bulk="server GET")
class OstWrite:
    """Sent by osc/osc_request.c:osc_brw_prep_request (RQF_OST_BRW_WRITE). Handled by ost/ost_handler.c:ost_brw_write
    (1.8: ost_hpreq_handler too).

    Exactly one obd_ioobj; 0 or >256 niobufs rejected.

    niobuf_remote = {offset u64, len u32, flags u32}.

    OBD_BRW_CHECK / checksum valid bits drive the optional bulk checksum carried in obdo o_cksum / FLCKSUM.

    A request not on portal 6 fails -EPROTO.
    """

    class Request(Buffers):
        ost_body: OstBody | None = dated_slot()
        obd_ioobj: list[ObdIoobj] | None = dated_slot()
        niobuf_remote: list[NiobufRemote] | None = dated_slot()
        capa1: LustreCapa | bytes | None = dated_slot(
            since="2.0", type=CAPA_TYPE, optional=True,
            when={
                "2.0": "slot always counted; length 0 without capability, 120 with (OBD_CONNECT_OSS_CAPA, obdo valid FLOSSCAPA)",
                "2.12": "counted, without bytes",
            },
        )  # fmt: skip
        short_io: Opaque | None = dated_slot(since="2.11", optional=True)

    class Reply(Buffers):
        ost_body: OstBody | None = dated_slot()
        rcs: list[u32] | None = dated_slot(when="per-niobuf result codes")
