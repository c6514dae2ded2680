"""Changes of metadata: MDS_REINT, told apart by the first word of the record."""

from __future__ import annotations

from functools import partial
from typing import Final

from lustre_codecs.enums.metadata import MdsOpen, MdsReint
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.rpcs import slots
from lustre_codecs.rpcs.mds import Body
from lustre_codecs.structs.attributes import MdsBody, MdtBody, MdtIoepoch
from lustre_codecs.structs.layouts import LmvDefault, LmvUserMdV1
from lustre_codecs.structs.ldlm import LdlmRequest
from lustre_codecs.structs.llog import LlogCookie
from lustre_codecs.structs.reint import (
    CloseData,
    MdsRecCreate,
    MdsRecLink,
    MdsRecRename,
    MdsRecSetattr,
    MdsRecUnlink,
    MdtRecCreate,
    MdtRecLink,
    MdtRecRename,
    MdtRecResync,
    MdtRecSetattr,
    MdtRecSetxattr,
    MdtRecUnlink,
)
from lustre_codecs.structs.security import LustreCapa
from lustre_codecs.structs.xattrs import XATTRS
from lustre_wire.schema.holds import Cases, Chosen
from lustre_wire.schema.rpc import Bits, Buffers, CString, Opaque
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history

reint = partial(
    rpc_history, Opcode.MDS_REINT, version=MsgVersion.LUSTRE_MDS_VERSION,
    portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL,
    also_on={
        "1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL),
        "2.0": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL), "2.4": (Portal.MDS_SETATTR_PORTAL,), "2.15": (),
    },
)  # fmt: skip

#: The kind of file that a symlink is (sys/stat.h): no other has both of its bits.
_SYMLINK: Final = 0o120000


@buffers_history
class LastUnlinkReply(Buffers):
    """Where the objects of a file are whose last name is gone, for the client to destroy."""

    mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
    mdt_md: Opaque | None = slots.layout()
    logcookies: list[LlogCookie] | None = slots.cookies()
    capa1: LustreCapa | bytes | None = slots.MDS_CAPA
    capa2: LustreCapa | bytes | None = slots.OSS_CAPA


@reint(name="MDS_REINT/SETATTR", match={"rec_reint.sa_opcode": MdsReint.REINT_SETATTR})
class MdsReintSetattr:
    """Sent by mdc/mdc_reint.c:mdc_setattr; mdc_lib.c:mdc_setattr_pack (1.8: mdc/mdc_reint.c:mdc_setattr;
    mdc_lib.c:mdc_setattr_pack_18). Handled by mdt/mdt_lib.c:mdt_setattr_unpack; mdt_reint.c:mdt_reint_setattr (1.8:
    mds/mds_lib.c:mds_setattr_unpack; mds_reint.c:mds_reint_setattr).

    2.0: Format RQF_MDS_REINT_SETATTR; portal 22 when ATTR_FROM_OPEN. MDT-to-MDT imports (mdc_connect with a real MDS
    peer) use request portal 24 instead of 12.

    1.8: Sent on portal 22 (MDS_SETATTR) when ATTR_FROM_OPEN (truncate from open handle), else 12. dlm_req sits at index
    4; server looks for it only when CANCELSET negotiated.
    """

    class Request(Buffers):
        rec_reint: MdsRecSetattr | MdtRecSetattr | None = slots.record(MdsRecSetattr, MdtRecSetattr)
        capa1: LustreCapa | bytes | None = slots.CAPA
        mdt_ioepoch: MdtIoepoch | None = dated_slot(since="2.0", optional=True, when="slot always counted; 24 when op_flags has MF_SOM_CHANGE or MF_EPOCH_OPEN, else 0")
        eadata: Opaque | None = dated_slot(called={"1.8": "ea", "2.0": "eadata"}, optional=True, holds=slots.ASKED, when={"1.8": "lov EA when setting layout/default stripe; slot always counted, 0 length otherwise", "2.0": "slot always counted; lov EA, 0 length otherwise"})
        logcookies: list[LlogCookie] | None = dated_slot(optional=True, when={"1.8": "slot always counted; length = bytes of cookies (0 when none)", "2.0": "slot always counted, 0 when none"})
        dlm_req: LdlmRequest | None = slots.CANCELS

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        mdt_md: Opaque | None = slots.LAYOUT
        acl: Opaque | None = slots.ACL
        capa1: LustreCapa | bytes | None = slots.MDS_CAPA
        capa2: LustreCapa | bytes | None = slots.OSS_CAPA


#: A new directory's layout is what its maker asks for, or what its parent gives to all of them (mdc_create_pack).
_MADE_WITH: Final = Cases(
    (({"rec_reint.cr_flags_h": Bits(int(MdsOpen.MDS_OPEN_DEFAULT_LMV) >> 32)}, LmvDefault),), LmvUserMdV1
)


@reint(name="MDS_REINT/CREATE", match={"rec_reint.cr_opcode": MdsReint.REINT_CREATE})
class MdsReintCreate:
    """Sent by mdc/mdc_reint.c:mdc_create; mdc_lib.c:mdc_create_pack (1.8: mdc/mdc_reint.c:mdc_create;
    mdc_lib.c:mdc_create_pack_18). Handled by mdt/mdt_lib.c:mdt_create_unpack; mdt_reint.c:mdt_reint_create (1.8:
    mds/mds_lib.c:mds_create_unpack; mds_reint.c:mds_reint_create).

    2.0: Client packs RQF_MDS_REINT_CREATE_RMT_ACL; the server starts from RQF_MDS_REINT_CREATE and extends to _RMT_ACL,
    _SLAVE or _SYM by looking at the record (mode and cr_flags).

    1.8: Bufcount 3, 4 (data) or 5 (CANCELSET).
    """

    class Request(Buffers):
        rec_reint: MdsRecCreate | MdtRecCreate | None = slots.record(MdsRecCreate, MdtRecCreate)
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        eadata: Opaque | None = dated_slot(called={"1.8": "data", "2.0": "eadata_or_symtgt", "2.1": "eadata"}, optional=True, omit={"1.8": True, "2.0": False}, when={"1.8": "symlink target (string incl. NUL) or lov EA; counted with 0 length when CANCELSET is on and there is no data; left out when neither data nor CANCELSET", "2.0": "slot counted; symlink target string (RMF_SYMTGT) for S_ISLNK, slave/remote ACL EA otherwise, 0 length when none"}, holds={"2.16": _MADE_WITH})
        dlm_req: LdlmRequest | None = slots.CANCELS
        file_secctx_name: CString | None = slots.SECCTX_NAME
        file_secctx: Opaque | None = slots.SECCTX
        selinux_pol: CString | None = slots.SELINUX_POL
        file_encctx: Opaque | None = slots.ENCCTX

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        capa1: LustreCapa | bytes | None = slots.capa("slot always packed; valid when body.valid has FLMDSCAPA", optional=False)
        mdt_md: Opaque | None = dated_slot(since="2.16", optional=True, when="the layout of a new striped directory")


@reint(name="MDS_REINT/CREATE_SYM", since="2.1", split_from=MdsReintCreate, match={"rec_reint.cr_opcode": MdsReint.REINT_CREATE, "rec_reint.cr_mode": Bits(_SYMLINK)})
class MdsReintCreateSym:
    """Sent as MDS_REINT/CREATE, for a symlink: the server takes RQF_MDS_REINT_CREATE_SYM when it has seen the mode."""

    class Request(Buffers):
        rec_reint: MdtRecCreate | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        symtgt: CString | None = dated_slot(when="from 2.15 on, where names are encrypted, what encryption made of it")
        dlm_req: LdlmRequest | None = slots.CANCELS
        file_secctx_name: CString | None = slots.SECCTX_NAME
        file_secctx: Opaque | None = slots.SECCTX
        selinux_pol: CString | None = slots.SELINUX_POL
        file_encctx: Opaque | None = slots.ENCCTX

    class Reply(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.MDS_CAPA


@reint(name="MDS_REINT/LINK", match={"rec_reint.lk_opcode": MdsReint.REINT_LINK})
class MdsReintLink:
    """Sent by mdc/mdc_reint.c:mdc_link; mdc_lib.c:mdc_link_pack (1.8: mdc/mdc_reint.c:mdc_link;
    mdc_lib.c:mdc_link_pack_18). Handled by mdt/mdt_lib.c:mdt_link_unpack; mdt_reint.c:mdt_reint_link (1.8:
    mds/mds_lib.c:mds_link_unpack; mds_reint.c:mds_reint_link).
    """

    class Request(Buffers):
        rec_reint: MdsRecLink | MdtRecLink | None = slots.record(MdsRecLink, MdtRecLink)
        capa1: LustreCapa | bytes | None = slots.CAPA
        capa2: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        dlm_req: LdlmRequest | None = slots.CANCELS
        selinux_pol: CString | None = slots.SELINUX_POL

    Reply = Body


@reint(name="MDS_REINT/UNLINK", match={"rec_reint.ul_opcode": MdsReint.REINT_UNLINK})
class MdsReintUnlink:
    """Sent by mdc/mdc_reint.c:mdc_unlink; mdc_lib.c:mdc_unlink_pack (1.8: mdc/mdc_reint.c:mdc_unlink;
    mdc_lib.c:mdc_unlink_pack_18). Handled by mdt/mdt_lib.c:mdt_unlink_unpack; mdt_reint.c:mdt_reint_unlink (1.8:
    mds/mds_lib.c:mds_unlink_unpack; mds_reint.c:mds_reint_unlink, mds_shrink_intent_reply).

    2.0: Server format RQF_MDS_REINT_UNLINK.

    1.8: On MSG_REPLAY the md and cookie slots are packed with length 0.
    """

    class Request(Buffers):
        rec_reint: MdsRecUnlink | MdtRecUnlink | None = slots.record(MdsRecUnlink, MdtRecUnlink)
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        dlm_req: LdlmRequest | None = slots.CANCELS
        selinux_pol: CString | None = slots.SELINUX_POL

    Reply = LastUnlinkReply


@reint(name="MDS_REINT/RENAME", match={"rec_reint.rn_opcode": MdsReint.REINT_RENAME}, portal={"1.8": Portal.MDS_REQUEST_PORTAL, "2.16": Portal.MDS_IO_PORTAL}, also_on={"1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL), "2.4": (Portal.MDS_SETATTR_PORTAL,), "2.15": (), "2.16": (Portal.MDS_REQUEST_PORTAL,)})
class MdsReintRename:
    """Sent by mdc/mdc_reint.c:mdc_rename; mdc_lib.c:mdc_rename_pack (1.8: mdc/mdc_reint.c:mdc_rename;
    mdc_lib.c:mdc_rename_pack_18). Handled by mdt/mdt_lib.c:mdt_rename_unpack; mdt_reint.c:mdt_reint_rename (1.8:
    mds/mds_lib.c:mds_rename_unpack; mds_reint.c:mds_reint_rename).
    """

    class Request(Buffers):
        rec_reint: MdsRecRename | MdtRecRename | None = slots.record(MdsRecRename, MdtRecRename)
        capa1: LustreCapa | bytes | None = slots.CAPA
        capa2: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot(called={"1.8": "old_name", "2.1": "name"})
        symtgt: CString | None = dated_slot(called={"1.8": "new_name", "2.1": "symtgt"}, when={"1.8": "", "2.0": "(RMF_SYMTGT slot)"})
        dlm_req: LdlmRequest | None = slots.CANCELS
        selinux_pol: CString | None = slots.SELINUX_POL

    Reply = LastUnlinkReply


@reint(name="MDS_REINT/OPEN", match={"rec_reint.cr_opcode": MdsReint.REINT_OPEN}, also_on=(), status={"1.8": "no sender", "2.0": "server only"})
class MdsReintOpen:
    """Never sent but as an LDLM intent. Handled by mdt/mdt_open.c:mdt_reint_open (via mdt_reint_internal) (1.8:
    mds/mds_open.c:mds_open, which asserts on the non-intent offset: it handles only the intent placement).
    """

    class Request(Buffers):
        rec_reint: MdsRecCreate | MdtRecCreate | None = slots.record(MdsRecCreate, MdtRecCreate)
        capa1: LustreCapa | bytes | None = slots.CAPA
        capa2: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot(optional={"1.8": True, "2.0": False})
        eadata: Opaque | None = dated_slot(called={"1.8": "ea", "2.0": "eadata"}, optional=True, holds=slots.ASKED, when={"1.8": "", "2.0": "slot counted; 0 when none"})
        file_secctx_name: CString | None = slots.SECCTX_NAME
        file_secctx: Opaque | None = slots.SECCTX
        selinux_pol: CString | None = slots.SELINUX_POL
        file_encctx: Opaque | None = slots.ENCCTX

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        mdt_md: Opaque | None = slots.layout("max_mdsize; 0 on replay")
        acl: Opaque | None = slots.ACL
        capa1: LustreCapa | bytes | None = slots.MDS_CAPA
        capa2: LustreCapa | bytes | None = slots.OSS_CAPA


@reint(since="2.0", name="MDS_REINT/SETXATTR", match={"rec_reint.sx_opcode": MdsReint.REINT_SETXATTR})
class MdsReintSetxattr:
    """Sent by mdc/mdc_request.c:mdc_setxattr, mdc_xattr_common. Handled by mdt/mdt_lib.c:mdt_setxattr_unpack;
    mdt_xattr.c:mdt_reint_setxattr.

    2.0: No dlm_req slot.
    """

    class Request(Buffers):
        rec_reint: MdtRecSetxattr | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        eadata: Opaque | None = dated_slot(omit=True, holds=Chosen("name", XATTRS), when="value; trailing slot left out when there is no value")
        dlm_req: LdlmRequest | None = dated_slot(since="2.5", optional=True, when="early lock cancels")
        selinux_pol: CString | None = slots.SELINUX_POL

    Reply = Body


@reint(since="2.8", name="MDS_REINT/MIGRATE", match={"rec_reint.rn_opcode": MdsReint.REINT_MIGRATE}, portal={"2.8": Portal.MDS_REQUEST_PORTAL, "2.16": Portal.MDS_IO_PORTAL}, also_on={"2.8": (), "2.16": (Portal.MDS_REQUEST_PORTAL,)})
class MdsReintMigrate:
    """Sent by mdc/mdc_reint.c:mdc_rename (CLI_MIGRATE). Handled by mdt/mdt_reint.c:mdt_reint_migrate."""

    class Request(Buffers):
        rec_reint: MdtRecRename | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        capa2: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot()
        symtgt: CString | None = dated_slot()
        dlm_req: LdlmRequest | None = slots.CANCELS
        selinux_pol: CString | None = slots.SELINUX_POL
        mdt_ioepoch: MdtIoepoch | None = dated_slot()
        close_data: CloseData | None = dated_slot()
        eadata: Opaque | None = dated_slot(since="2.12", optional=True, holds=LmvUserMdV1, when="which MDTs to migrate to")

    Reply = LastUnlinkReply


@reint(since="2.11", name="MDS_REINT/RESYNC", match={"rec_reint.rs_opcode": MdsReint.REINT_RESYNC})
class MdsReintResync:
    """Sent by mdc/mdc_reint.c:mdc_file_resync. Handled by mdt/mdt_reint.c:mdt_reint_resync."""

    class Request(Buffers):
        rec_reint: MdtRecResync | None = dated_slot()
        dlm_req: LdlmRequest | None = slots.CANCELS

    Reply = Body
