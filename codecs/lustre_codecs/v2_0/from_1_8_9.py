"""What the 1.8.9 client sends to a 2.0 server, where it differs from what the 2.0.0 client sends.

The 1.8.9 client packs 2.0 messages by hand: it leaves out the capability at the end of many of them, and the early
lock cancels where OBD_CONNECT_CANCELSET was not granted. A 2.0 server takes a buffer that is not counted for an empty
one. The replies are those of 2.0. Each form is told from 2.0's own by the number of buffers, or by the length of one.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_codecs.common.structs import LdlmIntent, LdlmRequest, LustreHandle, NiobufRemote
from lustre_codecs.v1_8 import structs as _structs_of_1_8
from lustre_codecs.v2_0 import rpcs
from lustre_codecs.v2_0.structs import (
    LlFiemapInfoKey,
    LlogCookie,
    LovUserMdV1,
    LustreCapa,
    MdsBody,
    MdtBody,
    MdtIoepoch,
    MdtRecCreate,
    MdtRecLink,
    MdtRecRename,
    MdtRecSetattr,
    MdtRecUnlink,
    ObdConnectData,
    ObdIoobj,
    OstBody,
)
from lustre_wire.schema import spec_of
from lustre_wire.schema.rpc import Buffers, CString, FixedText, Length, Opaque, Uncounted, buffers, derive, rpc_of, slot

#: The variant's name.
_SENDER: Final = "1.8.9"

_NO_CAPA: Final = "buffer always counted, never filled"
_NO_CANCELSET: Final = "this form only where OBD_CONNECT_CANCELSET was not granted"


@buffers
class _Connect(Buffers):
    target_uuid: Annotated[bytes, FixedText(40)] | None = slot(when="NUL-padded UUID")
    client_uuid: Annotated[bytes, FixedText(40)] | None = slot()
    conn_handle: LustreHandle | None = slot()
    connect_data: ObdConnectData | None = slot()


_WHOLE_UUID: Final = {"[1]": Length(40)}
OstConnect = derive(rpcs.OstConnect, variant=_SENDER, match=_WHOLE_UUID, request=_Connect)
MdsConnect = derive(rpcs.MdsConnect, variant=_SENDER, match=_WHOLE_UUID, request=_Connect)
MgsConnect = derive(rpcs.MgsConnect, variant=_SENDER, match=_WHOLE_UUID, request=_Connect)


@buffers
class _MdtBody(Buffers):
    mdt_body: MdtBody | None = slot()


MdsGetattr = derive(rpcs.MdsGetattr, variant=_SENDER, match={"[2]": Uncounted()}, request=_MdtBody)
MdsReadpage = derive(rpcs.MdsReadpage, variant=_SENDER, match={"[2]": Uncounted()}, request=_MdtBody)


@buffers
class _MdsBody(Buffers):
    mds_body: MdsBody | None = slot(room=216)


MdsUnpin = derive(
    rpcs.MdsUnpin,
    "Sent by mdc/mdc_request.c:mdc_unpin of 1.8.9 under the opcode of MDS_CLOSE, in the form of 1.8. A 2.0 server "
    "cannot read it.",
    opcode=rpc_of(rpcs.MdsClose).opcode,
    variant=_SENDER,
    match={"[2]": Uncounted()},
    request=_MdsBody,
    status="",
)
MdsDoneWriting = derive(
    rpcs.MdsDoneWriting,
    "Sent by mdc/mdc_request.c:mdc_done_writing of 1.8.9 in the form of 1.8, whatever the server.",
    variant=_SENDER,
    match={"[2]": Uncounted()},
    request=_MdsBody,
)


@buffers
class _Setattr(Buffers):
    rec_reint: MdtRecSetattr | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    mdt_ioepoch: MdtIoepoch | None = slot(optional=True)
    eadata: Opaque | None = slot(holds=LovUserMdV1, optional=True)
    logcookies: list[LlogCookie] | None = slot(optional=True)


@buffers
class _Create(Buffers):
    rec_reint: MdtRecCreate | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    name: CString | None = slot()
    eadata_or_symtgt: Opaque | None = slot(omit=True)


@buffers
class _Link(Buffers):
    rec_reint: MdtRecLink | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    capa2: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    name: CString | None = slot()


@buffers
class _Unlink(Buffers):
    rec_reint: MdtRecUnlink | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    name: CString | None = slot()


@buffers
class _Rename(Buffers):
    rec_reint: MdtRecRename | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    capa2: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    old_name: CString | None = slot()
    new_name: CString | None = slot()


MdsReintSetattr = derive(
    rpcs.MdsReintSetattr, variant=_SENDER, request=_Setattr, note=_NO_CANCELSET,
    match={**rpc_of(rpcs.MdsReintSetattr).match, "[6]": Uncounted()},
)  # fmt: skip
MdsReintCreate = derive(
    rpcs.MdsReintCreate, variant=_SENDER, request=_Create, note=_NO_CANCELSET,
    match={**rpc_of(rpcs.MdsReintCreate).match, "[5]": Uncounted()},
)  # fmt: skip
MdsReintLink = derive(
    rpcs.MdsReintLink, variant=_SENDER, request=_Link, note=_NO_CANCELSET,
    match={**rpc_of(rpcs.MdsReintLink).match, "[5]": Uncounted()},
)  # fmt: skip
MdsReintUnlink = derive(
    rpcs.MdsReintUnlink, variant=_SENDER, request=_Unlink, note=_NO_CANCELSET,
    match={**rpc_of(rpcs.MdsReintUnlink).match, "[4]": Uncounted()},
)  # fmt: skip
MdsReintRename = derive(
    rpcs.MdsReintRename, variant=_SENDER, request=_Rename, note=_NO_CANCELSET,
    match={**rpc_of(rpcs.MdsReintRename).match, "[6]": Uncounted()},
)  # fmt: skip


@buffers
class _OpenJoin(Buffers):
    dlm_req: LdlmRequest | None = slot()
    ldlm_intent: LdlmIntent | None = slot()
    rec_reint: MdtRecCreate | None = slot()
    capa1: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    capa2: LustreCapa | None = slot(optional=True, when=_NO_CAPA)
    name: CString | None = slot()
    eadata: Opaque | None = slot(holds=LovUserMdV1, optional=True)
    mdt_rec_join: _structs_of_1_8.MdtRecJoin | None = slot(when="M_JOIN_FILE only")


_JOIN: Final = {"[8]": Length(spec_of(_structs_of_1_8.MdtRecJoin).size)}
LdlmEnqueueIntentOpen = derive(
    rpcs.LdlmEnqueueIntentOpen, variant=_SENDER, request=_OpenJoin, note="a join of two files",
    match={**rpc_of(rpcs.LdlmEnqueueIntentOpen).match, **_JOIN},
)  # fmt: skip
LdlmEnqueueIntentOpenCreat = derive(
    rpcs.LdlmEnqueueIntentOpenCreat, variant=_SENDER, request=_OpenJoin, note="a join of two files",
    match={**rpc_of(rpcs.LdlmEnqueueIntentOpenCreat).match, **_JOIN},
)  # fmt: skip


@buffers
class _Callback(Buffers):
    dlm_req: LdlmRequest | None = slot()


LdlmCpCallback = derive(
    rpcs.LdlmCpCallback,
    "Sent by ldlm/ldlm_lockd.c:ldlm_server_completion_ast of 1.8.9, where the resource has no lock value block.",
    variant=_SENDER,
    match={"[2]": Uncounted()},
    request=_Callback,
)


@buffers
class _OstBody(Buffers):
    ost_body: OstBody | None = slot()


@buffers
class _Destroy(Buffers):
    ost_body: OstBody | None = slot()
    dlm_req: LdlmRequest | None = slot(omit=True, when="OBD_CONNECT_CANCELSET was granted")


@buffers
class _Brw(Buffers):
    ost_body: OstBody | None = slot()
    obd_ioobj: list[ObdIoobj] | None = slot()
    niobuf_remote: list[NiobufRemote] | None = slot()


@buffers
class _Fiemap(Buffers):
    fiemap_key: LlFiemapInfoKey | None = slot()


OstGetattr = derive(rpcs.OstGetattr, variant=_SENDER, match={"[2]": Uncounted()}, request=_OstBody)
OstSetattr = derive(rpcs.OstSetattr, variant=_SENDER, match={"[2]": Uncounted()}, request=_OstBody)
OstPunch = derive(rpcs.OstPunch, variant=_SENDER, match={"[2]": Uncounted()}, request=_OstBody)
OstSync = derive(rpcs.OstSync, variant=_SENDER, match={"[2]": Uncounted()}, request=_OstBody)
OstDestroy = derive(rpcs.OstDestroy, variant=_SENDER, match={"[3]": Uncounted()}, request=_Destroy)
OstRead = derive(rpcs.OstRead, variant=_SENDER, match={"[4]": Uncounted()}, request=_Brw)
OstWrite = derive(rpcs.OstWrite, variant=_SENDER, match={"[4]": Uncounted()}, request=_Brw)
OstGetInfoFiemap = derive(
    rpcs.OstGetInfoFiemap, variant=_SENDER, request=_Fiemap,
    match={**rpc_of(rpcs.OstGetInfoFiemap).match, "[2]": Uncounted()},
)  # fmt: skip
