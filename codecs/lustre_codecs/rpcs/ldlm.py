"""Locks, and what rides on them."""

# ruff: noqa: E501  # the words of `when` are a sentence each

from __future__ import annotations

from functools import partial
from typing import Final

from lustre_codecs.enums.ldlm import LdlmFl
from lustre_codecs.enums.metadata import ItOp, ObdMd
from lustre_codecs.enums.ptlrpc import LUSTRE_DLM_VERSION, Opcode, Portal
from lustre_codecs.structs.acl import XattrAclHeader
from lustre_codecs.structs.attributes import MdsBody, MdtBody
from lustre_codecs.structs.layouts import LovMdsMdV1, LovUserMdV1
from lustre_codecs.structs.ldlm import LdlmIntent, LdlmReply, LdlmRequest
from lustre_codecs.structs.ost import NiobufRemote
from lustre_codecs.structs.reint import MdsRecCreate, MdsRecJoin, MdtRecCreate
from lustre_codecs.structs.security import LustreCapa
from lustre_wire.schema.margins import dated
from lustre_wire.schema.rpc import Bits, Buffers, CString, Match, NonZero, Opaque
from lustre_wire.schema.rpc_history import dated_slot, rpc_history

#: An enqueue at a metadata server: service, version word and portals, once.
enqueue = partial(
    rpc_history, Opcode.LDLM_ENQUEUE,
    version=LUSTRE_DLM_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL,
)  # fmt: skip
HAS_INTENT: Final = Bits(LdlmFl.LDLM_FL_HAS_INTENT)

# The body of a 1.8 reply says that a layout follows: without these bits the buffer is not there, and the next moves up.
MD_RETURNED: Final[Match] = {
    "mdt_body.valid": Bits(ObdMd.OBD_MD_FLEASIZE | ObdMd.OBD_MD_FLDIREA | ObdMd.OBD_MD_LINKNAME, some=True),
    "mdt_body.eadatasize": NonZero(),
}

#: A struct of 120 bytes, from 2.12 on a buffer of none.
CAPA_TYPE: Final = {"2.0": LustreCapa, "2.12": Opaque}
REQUEST_CAPA: Final = dated_slot(
    type=CAPA_TYPE, since="2.0", optional=True,
    when={"2.0": "buffer always counted; length 0 without a capability, 120 with one", "2.12": "counted, without bytes"},
)  # fmt: skip


@enqueue(name="LDLM_ENQUEUE/INTENT_OPEN", match={"dlm_req.lock_flags": HAS_INTENT, "ldlm_intent.opc": ItOp.IT_OPEN})
class LdlmEnqueueIntentOpen:
    """Sent by mdc/mdc_locks.c:mdc_intent_open_pack; mdc_lib.c:mdc_open_pack (1.8: mdc_open_pack_18, mdc_join_pack_18).
    Handled by mdt/mdt_handler.c:mdt_intent_policy, mdt_intent_reint (RQF_LDLM_INTENT_OPEN) ->
    mdt_open.c:mdt_reint_open (1.8: mds/handler.c:mds_intent_policy -> mds_open.c:mds_open; mds_join.c for join).

    dlm_req flags HAS_INTENT; intent opc = IT_OPEN (1).

    dlm_rep.lock_policy_res1 = disposition bits, lock_policy_res2 = result of the open.

    A negative intent result still gives a full reply with ELDLM_LOCK_ABORTED in pb_status.

    Request is replayable: the client grows it to hold the returned layout (mdc_realloc_openmsg).

    1.8: 4 or 5 reply buffers; join buffer at index 6.
    """

    class Request(Buffers):
        dlm_req: LdlmRequest | None = dated_slot()
        ldlm_intent: LdlmIntent | None = dated_slot()
        rec_reint: MdsRecCreate | MdtRecCreate | None = dated_slot(called={"1.8": "rec", "2.0": "rec_reint"}, type={"1.8": MdsRecCreate, "2.0": MdtRecCreate})
        capa1: LustreCapa | bytes | None = REQUEST_CAPA
        capa2: LustreCapa | bytes | None = REQUEST_CAPA
        name: CString | None = dated_slot(when={"1.8": "(namelen+1 bytes; may be just NUL)", "2.0": ""})
        eadata: Opaque | None = dated_slot(
            called={"1.8": "lov_ea", "2.0": "eadata"}, holds=LovUserMdV1, optional=True,
            when={
                "1.8": "buffer always packed with max(lmmsize, client default easize), then grown so the whole request is a power of two; content 0 when no layout given",
                "2.0": "slot always counted; size = max(lmmsize, cl_default_mds_easize)",
            },
        )  # fmt: skip
        mds_rec_join: MdsRecJoin | None = dated_slot(until="2.0", omit=True, when="M_JOIN_FILE only")
        file_secctx_name: CString | None = dated_slot(since="2.9", optional=True)
        file_secctx: Opaque | None = dated_slot(since="2.9", optional=True)
        selinux_pol: CString | None = dated_slot(since=("2.12.9", "2.13"), optional=True)
        file_encctx: Opaque | None = dated_slot(since="2.14", optional=True)

    class Reply(Buffers):
        dlm_rep: LdlmReply | None = dated_slot()
        mdt_body: MdsBody | MdtBody | None = dated_slot(called={"1.8": "mds_body", "2.0": "mdt_body"}, type={"1.8": MdsBody, "2.0": MdtBody})
        mdt_md: Opaque | None = dated_slot(
            called={"1.8": "lov_md", "2.0": "mdt_md"}, holds=LovMdsMdV1, optional=True,
            present=dated({"1.8": MD_RETURNED, "2.0": None}),
            when={
                "1.8": "max_mdsize; 0 on replay; shrunk with index shift to eadatasize",
                "2.0": "slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0",
            },
        )  # fmt: skip
        acl: Opaque | None = dated_slot(
            holds=XattrAclHeader, omit={"1.8": True, "2.0": False}, optional=True,
            when={
                "1.8": "slot present only when OBD_CONNECT_ACL; never shrunk (except reconstruct); index 4, or 3 after md removal",
                "2.0": "slot always counted; shrunk in place to body.aclsize (ACL when OBD_CONNECT_ACL and FLACL asked; remote_perm when FLRMTPERM asked), 0 otherwise",
            },
        )  # fmt: skip
        capa1: LustreCapa | bytes | None = dated_slot(since="2.0", type=CAPA_TYPE, optional=True, when={"2.0": "slot always counted; kept at 120 when reply body.valid has OBD_MD_FLMDSCAPA, otherwise shrunk to 0 in place", "2.12": "counted, without bytes"})
        capa2: LustreCapa | bytes | None = dated_slot(since="2.0", type=CAPA_TYPE, optional=True, when={"2.0": "slot always counted; kept at 120 when reply body.valid has OBD_MD_FLOSSCAPA, otherwise shrunk to 0 in place", "2.12": "counted, without bytes"})
        niobuf_inline: NiobufRemote | None = dated_slot(since="2.12", optional=True)
        file_secctx: Opaque | None = dated_slot(since=("2.12.9", "2.13"), optional=True)
        file_encctx: Opaque | None = dated_slot(since="2.14", optional=True)
        default_mdt_md: Opaque | None = dated_slot(since="2.16", optional=True)
