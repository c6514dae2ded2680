"""What the 1.8.9 client sends to a 2.0 server, where it differs from what the 2.0.0 client sends.

The 1.8.9 client packs 2.0 messages by hand: it leaves out the capability at the end of many of them, and the early
lock cancels where OBD_CONNECT_CANCELSET was not granted. A 2.0 server takes a buffer that is not counted for an empty
one. The replies are those of 2.0. Each form is told from 2.0's own by the number of buffers, or by the length of one.
Servers take such clients until 2.8, whose connect refuses whoever lacks OBD_CONNECT_FULL20
(ldlm/ldlm_lib.c:target_handle_connect).
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from lustre_codecs.enums.ptlrpc import Opcode
from lustre_codecs.rpcs import ldlm, mds, obd, ost, reint, slots
from lustre_codecs.structs.attributes import MdsBody, MdtIoepoch
from lustre_codecs.structs.connect import ObdConnectData
from lustre_codecs.structs.fid import LustreHandle
from lustre_codecs.structs.ldlm import LdlmIntent, LdlmRequest
from lustre_codecs.structs.llog import LlogCookie
from lustre_codecs.structs.ost import LlFiemapInfoKey, NiobufRemote, ObdIoobj, OstBody
from lustre_codecs.structs.reint import MdtRecCreate, MdtRecJoin, MdtRecLink, MdtRecRename, MdtRecSetattr, MdtRecUnlink
from lustre_codecs.structs.security import LustreCapa
from lustre_wire.schema.rpc import Buffers, CString, FixedText, Length, Opaque, Uncounted
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, variant
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.views import view

by_1_8_9 = partial(variant, sender="1.8.9", since="2.0", until="2.8")

NO_CAPA: Final = dated_slot(optional=True, when="buffer always counted, never filled")
# Structs of 1.8 that 2.0 servers have to read, whatever they call them.
_BODY: Final = dated_slot(type=view(MdsBody, "2.0"), room=216)
_JOIN: Final = view(MdtRecJoin, "1.8.9")


@buffers_history
class Connect(Buffers):
    """A connect, with the whole UUIDs."""

    target_uuid: Annotated[bytes, FixedText(40)] | None = dated_slot(when="NUL-padded UUID")
    client_uuid: Annotated[bytes, FixedText(40)] | None = dated_slot()
    conn_handle: LustreHandle | None = dated_slot()
    connect_data: ObdConnectData | None = dated_slot(minimum={"2.0": 0, "2.1": 72})


@buffers_history
class OldBody(Buffers):
    """A body of 1.8."""

    mds_body: MdsBody | None = _BODY


@buffers_history
class Setattr(Buffers):
    """Attributes to set."""

    rec_reint: MdtRecSetattr | None = dated_slot()
    capa1: LustreCapa | None = NO_CAPA
    mdt_ioepoch: MdtIoepoch | None = dated_slot(optional=True)
    eadata: Opaque | None = dated_slot(holds=slots.ASKED, optional=True)
    logcookies: list[LlogCookie] | None = dated_slot(optional=True)


@buffers_history
class Create(Buffers):
    """A directory, a link or a node to create."""

    rec_reint: MdtRecCreate | None = dated_slot()
    capa1: LustreCapa | None = NO_CAPA
    name: CString | None = dated_slot()
    eadata_or_symtgt: Opaque | None = dated_slot(omit=True)


@buffers_history
class Link(Buffers):
    """A further name of a file."""

    rec_reint: MdtRecLink | None = dated_slot()
    capa1: LustreCapa | None = NO_CAPA
    capa2: LustreCapa | None = NO_CAPA
    name: CString | None = dated_slot()


@buffers_history
class Unlink(Buffers):
    """A name to remove."""

    rec_reint: MdtRecUnlink | None = dated_slot()
    capa1: LustreCapa | None = NO_CAPA
    name: CString | None = dated_slot()


@buffers_history
class Rename(Buffers):
    """A name to change."""

    rec_reint: MdtRecRename | None = dated_slot()
    capa1: LustreCapa | None = NO_CAPA
    capa2: LustreCapa | None = NO_CAPA
    old_name: CString | None = dated_slot()
    new_name: CString | None = dated_slot()


@buffers_history
class OpenJoin(Buffers):
    """An open that joins two files."""

    dlm_req: LdlmRequest | None = dated_slot()
    ldlm_intent: LdlmIntent | None = dated_slot()
    rec_reint: MdtRecCreate | None = dated_slot()
    capa1: LustreCapa | None = NO_CAPA
    capa2: LustreCapa | None = NO_CAPA
    name: CString | None = dated_slot()
    eadata: Opaque | None = dated_slot(holds=slots.ASKED, optional=True)
    mdt_rec_join: MdtRecJoin | None = dated_slot(type=_JOIN, when="M_JOIN_FILE only")


@buffers_history
class Destroy(Buffers):
    """An object to destroy."""

    ost_body: OstBody | None = dated_slot()
    dlm_req: LdlmRequest | None = dated_slot(omit=True, when="OBD_CONNECT_CANCELSET was granted")


@buffers_history
class Brw(Buffers):
    """Objects, and the ranges of them whose data move."""

    ost_body: OstBody | None = dated_slot()
    obd_ioobj: list[ObdIoobj] | None = dated_slot()
    niobuf_remote: list[NiobufRemote] | None = dated_slot()


@buffers_history
class Fiemap(Buffers):
    """The key alone."""

    fiemap_key: LlFiemapInfoKey | None = dated_slot()


def shorter(declared: Any, buffers: int, request: Any, doc: str = "", **options: Any) -> Any:
    """The form with `buffers` buffers, which 2.0's own exceeds."""
    return by_1_8_9(declared, doc=doc, match={f"[{buffers}]": Uncounted()}, request=request, **options)


connect = partial(by_1_8_9, match={"[1]": Length(40)}, request=Connect)
uncancelled = partial(shorter, note="this form only where OBD_CONNECT_CANCELSET was not granted")
join = partial(
    by_1_8_9, match={"[8]": Length(spec_of(_JOIN).size)}, request=OpenJoin, note="a join of two files",
)  # fmt: skip

OstConnect = connect(obd.OstConnect)
MdsConnect = connect(obd.MdsConnect)
MgsConnect = connect(obd.MgsConnect)

MdsGetattr = shorter(mds.MdsGetattr, 2, mds.Body)
MdsReadpage = shorter(mds.MdsReadpage, 2, mds.Body)
MdsUnpin = shorter(
    mds.MdsUnpin, 2, OldBody,
    "Sent by mdc/mdc_request.c:mdc_unpin of 1.8.9 under the opcode of MDS_CLOSE, in the form of 1.8. A 2.0 server "
    "cannot read it.",
    opcode=Opcode.MDS_CLOSE, status="",
)  # fmt: skip
MdsDoneWriting = shorter(
    mds.MdsDoneWriting, 2, OldBody,
    "Sent by mdc/mdc_request.c:mdc_done_writing of 1.8.9 in the form of 1.8, whatever the server.",
)  # fmt: skip

MdsReintSetattr = uncancelled(reint.MdsReintSetattr, 6, Setattr)
MdsReintCreate = uncancelled(reint.MdsReintCreate, 5, Create)
MdsReintLink = uncancelled(reint.MdsReintLink, 5, Link)
MdsReintUnlink = uncancelled(reint.MdsReintUnlink, 4, Unlink)
MdsReintRename = uncancelled(reint.MdsReintRename, 6, Rename)

LdlmEnqueueIntentOpen = join(ldlm.LdlmEnqueueIntentOpen)
LdlmEnqueueIntentOpenCreat = join(ldlm.LdlmEnqueueIntentOpenCreat)
LdlmCpCallback = shorter(
    ldlm.LdlmCpCallback, 2, ldlm.LockRequest,
    "Sent by ldlm/ldlm_lockd.c:ldlm_server_completion_ast of 1.8.9, where the resource has no lock value block.",
)  # fmt: skip

OstGetattr = shorter(ost.OstGetattr, 2, ost.Object)
OstSetattr = shorter(ost.OstSetattr, 2, ost.Object)
OstPunch = shorter(ost.OstPunch, 2, ost.Object)
OstSync = shorter(ost.OstSync, 2, ost.Object)
OstDestroy = shorter(ost.OstDestroy, 3, Destroy)
OstRead = shorter(ost.OstRead, 4, Brw)
OstWrite = shorter(ost.OstWrite, 4, Brw)
OstGetInfoFiemap = shorter(ost.OstGetInfoFiemap, 2, Fiemap)
