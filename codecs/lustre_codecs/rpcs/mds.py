"""Metadata of files."""

from __future__ import annotations

from functools import partial
from typing import Final

from lustre_codecs.enums.keys import KEY_FID2PATH, KEY_FIEMAP
from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_codecs.rpcs import slots
from lustre_codecs.structs.acl import ACL_XATTRS
from lustre_codecs.structs.attributes import MdsBody, MdtBody, MdtIoepoch, ObdStatfs
from lustre_codecs.structs.directory import Fid2pathKey, Fid2pathRooted, GetinfoFid2path, LlDirEntry, LuDirpage
from lustre_codecs.structs.fid import LuFid
from lustre_codecs.structs.layouts import MdcSwapLayouts
from lustre_codecs.structs.ldlm import LdlmRequest
from lustre_codecs.structs.llog import ChangelogSetinfo, LlogCookie
from lustre_codecs.structs.ost import LlFiemapInfoKey, LlUserFiemap
from lustre_codecs.structs.reint import CloseData, MdtRecSetattr
from lustre_codecs.structs.security import LustreCapa
from lustre_codecs.structs.xattrs import ANSWERS
from lustre_wire.schema.holds import Chosen, Records
from lustre_wire.schema.rpc import Buffers, Counted, CString, Opaque, Prefix
from lustre_wire.schema.rpc_history import buffers_history, dated_slot, rpc_history
from lustre_wire.schema.types import U32, u32

#: A request to the metadata service.
mds = partial(
    rpc_history, version=MsgVersion.LUSTRE_MDS_VERSION, portal=Portal.MDS_REQUEST_PORTAL, reply_portal=Portal.MDC_REPLY_PORTAL,
    also_on={
        "1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL,), "2.15": (),
    },
)  # fmt: skip


#: Between MDTs it travels with what else they tell each other.
STATFS_ALSO_ON: Final = {
    "1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL,),
    "2.5": (Portal.MDS_SETATTR_PORTAL, Portal.OUT_PORTAL), "2.15": (Portal.OUT_PORTAL,),
}  # fmt: skip


@buffers_history
class BodyAndCapa(Buffers):
    """A body and a capability for the file it names."""

    mdt_body: MdsBody | MdtBody | None = slots.REQUEST_BODY
    capa1: LustreCapa | bytes | None = slots.CAPA


@buffers_history
class Body(Buffers):
    """Attributes of a file, or what else a body carries."""

    mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY


@buffers_history
class CloseRequest(Buffers):
    """The end of an open or of an I/O epoch, with the attributes it leaves."""

    mds_body: MdsBody | None = dated_slot(until="2.0", room=216)
    mdt_ioepoch: MdtIoepoch | None = dated_slot(since="2.0")
    rec_reint: MdtRecSetattr | None = dated_slot(since="2.0")
    capa1: LustreCapa | bytes | None = slots.CAPA


@buffers_history
class CloseReply(Buffers):
    """The layout of a file whose last name was gone and that is closed now, for the client to destroy its objects."""

    mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
    mdt_md: Opaque | None = slots.layout("mds_close forces FLEASIZE on the request so this is shrunk: kept at body.eadatasize when the last close of an unlinked file returns md (FLEASIZE), else removed with index shift")
    logcookies: list[LlogCookie] | None = slots.cookies("packed at mds_max_cookiesize; only valid when body.valid has FLCOOKIE; never shrunk because the request asks neither FLCOOKIE nor a low-bit FLACL; index 2 when lov_md was removed")
    capa1: LustreCapa | bytes | None = slots.MDS_CAPA
    capa2: LustreCapa | bytes | None = slots.OSS_CAPA


@mds(Opcode.MDS_GETSTATUS, name={"1.8": "MDS_GETSTATUS", "2.9": "MDS_GET_ROOT"})
class MdsGetstatus:
    """Sent by mdc/mdc_request.c:send_getstatus (1.8: mdc/mdc_request.c:send_getstatus (via mdc_getstatus)). Handled by
    mdt/mdt_handler.c:mdt_getstatus (1.8: mds/handler.c:mds_getstatus).

    2.9: The client puts the state of its import, LUSTRE_IMP_FULL, among the flags in pb_flags, where 9 means something
    else.

    1.8: Request body content is not used by the 1.8 server. Reply fid1 = root.
    """

    class Request(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REQUEST_BODY
        name: CString | None = dated_slot(since="2.9", omit=True, when="the subdirectory that is mounted as the root")

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        capa1: LustreCapa | bytes | None = slots.capa("slot always packed at 120; meaningful when body.valid has FLMDSCAPA (not shrunk)", optional=False)


@mds(Opcode.MDS_GETATTR, portal={"1.8": Portal.MDS_REQUEST_PORTAL, "2.15": Portal.MDS_READPAGE_PORTAL}, also_on={"1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL), "2.4": (Portal.MDS_SETATTR_PORTAL,), "2.15": (Portal.MDS_REQUEST_PORTAL,)})
class MdsGetattr:
    """Sent by mdc/mdc_request.c:mdc_getattr; mdc_get_remote_perm; mdc_renew_capa (1.8: mdc/mdc_request.c:mdc_getattr,
    mdc_getattr_common). Handled by mdt/mdt_handler.c:mdt_getattr, mdt_getattr_internal; mdt_lib.c:mdt_shrink_reply
    (1.8: mds/handler.c:mds_getattr, mds_getattr_pack_msg, mds_getattr_internal).

    2.0: mdc_get_remote_perm asks FLRMTPERM (reply slot 3 = 28 bytes); mdc_renew_capa sends a full 120-byte capability
    and asks FLMDSCAPA or FLOSSCAPA (renewed one comes back in slot 4 or 5). MDT-to-MDT imports (mdc_connect with a real
    MDS peer) use request portal 24 instead of 12.

    1.8: FLACL is bit 39; mds_shrink_body_reply passes the masked flags through an int, so the ACL segment is never
    shrunk on this path. On lookup failure before packing the reply is body only. Request eadatasize says how much md
    room the client has.
    """

    Request = BodyAndCapa

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        mdt_md: Opaque | None = slots.layout("packed when body.valid asks FLEASIZE|FLDIREA and the inode is a file or directory (max_mdsize, then shrunk), or when LINKNAME asked on a symlink (min(size+1, requested eadatasize), not shrunk); absent otherwise", "lov_md_or_linkname")
        acl: Opaque | None = slots.ACL_KEPT
        capa1: LustreCapa | bytes | None = slots.MDS_CAPA
        capa2: LustreCapa | bytes | None = slots.OSS_CAPA
        file_encctx: Opaque | None = dated_slot(since="2.15", holds=slots.CONTEXTS, optional=True, when="the encryption context of an encrypted file")


@mds(Opcode.MDS_GETATTR_NAME)
class MdsGetattrName:
    """Sent by mdc/mdc_request.c:mdc_getattr_name. Handled by mdt/mdt_handler.c:mdt_getattr_name, mdt_getattr_name_lock
    (1.8: mds/handler.c:mds_getattr_lock (GETATTR_NAME case of mds_handle)).

    2.0: Exact-fit string check: name plus one NUL; a recorded message with two NULs comes from a caller that counted
    the NUL in the name length, which the real sender asserts against and the server refuses.

    1.8: Name must be a NUL-terminated string filling the buffer exactly.
    """

    class Request(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REQUEST_BODY
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot(when={"1.8": "buffer length = namelen as given by the caller incl. NUL; length <=1 means revalidate by fid2", "2.0": ""})

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REPLY_BODY
        mdt_md: Opaque | None = slots.layout(called="lov_md_or_linkname")
        acl: Opaque | None = slots.ACL_KEPT
        capa1: LustreCapa | bytes | None = slots.MDS_CAPA
        capa2: LustreCapa | bytes | None = slots.OSS_CAPA
        file_encctx: Opaque | None = dated_slot(since="2.15", holds=slots.CONTEXTS, optional=True, when="the encryption context of an encrypted file")


@mds(Opcode.MDS_GETXATTR, portal={"1.8": Portal.MDS_REQUEST_PORTAL, "2.15": Portal.MDS_READPAGE_PORTAL}, also_on={"1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": (Portal.MDS_SETATTR_PORTAL,), "2.15": (Portal.MDS_REQUEST_PORTAL,)})
class MdsGetxattr:
    """Sent by mdc/mdc_request.c:mdc_getxattr, mdc_xattr_common. Handled by mdt/mdt_xattr.c:mdt_getxattr,
    mdt_getxattr_pack_reply (1.8: mds/mds_xattr.c:mds_getxattr, mds_getxattr_pack_msg).

    1.8: Request body.eadatasize = size of the caller buffer (0 = query length). On a failed attribute lookup the reply
    is body only.
    """

    class Request(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.XATTR_ASKED
        capa1: LustreCapa | bytes | None = slots.CAPA
        name: CString | None = dated_slot(called={"1.8": "xattr_name", "2.0": "name"}, omit=True, when={"1.8": "body.valid has FLXATTR; absent for FLXATTRLS (list)", "2.0": "FLXATTR; trailing slots with unset size are left out, so a list request may have only 3 buffers"})
        eadata: Opaque | None = dated_slot(called={"1.8": "input", "2.0": "eadata"}, optional=True, omit={"1.8": True, "2.10": False}, when={"1.8": "only when the caller passes input data (input_size>0)", "2.0": "input data present"})
        selinux_pol: CString | None = slots.SELINUX_POL

    class Reply(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.XATTR_TOLD
        eadata: Opaque | None = dated_slot(omit={"1.8": True, "2.0": False}, holds=Chosen("name", ANSWERS, asked=True), when={"1.8": "value or list; counted whenever the size lookup succeeded, length = min(requested eadatasize, actual), so 0 for a size query; when the lookup failed the reply is body only with the errno in pb_status", "2.0": "counted; length min(actual, requested eadatasize), 0 for a size query; when the requested size is non-zero but too small the server fails -ERANGE before packing (body-only ERR reply)"})


@mds(Opcode.MDS_SETXATTR, until="2.0")
class MdsSetxattr:
    """Sent by mdc/mdc_request.c:mdc_setxattr, mdc_xattr_common. Handled by mds/mds_xattr.c:mds_setxattr.

    body.eadatasize = value length, body.flags = setxattr flags, body.mode/valid FLXATTR or FLXATTRRM.
    """

    class Request(Buffers):
        mds_body: MdsBody | None = dated_slot(room=216)
        xattr_name: CString | None = dated_slot()
        value: Opaque | None = dated_slot(omit=True, holds=Chosen("xattr_name", ACL_XATTRS), when="FLXATTR with a value; absent for remove (FLXATTRRM) or zero-length value")


@mds(Opcode.MDS_STATFS, also_on=STATFS_ALSO_ON)
class MdsStatfs:
    """Sent by mdc/mdc_request.c:mdc_statfs. Handled by mdt/mdt_handler.c:mdt_statfs (1.8: mds/handler.c:mds_statfs)."""

    class Reply(Buffers):
        obd_statfs: ObdStatfs | None = dated_slot()


@mds(Opcode.MDS_STATFS, name="MDS_STATFS/NEW", since="2.12", match={"[1]": Counted()}, also_on=STATFS_ALSO_ON)
class MdsStatfsNew:
    """Sent by mdc/mdc_request.c:mdc_statfs where OBD_CONNECT2_SUM_STATFS was granted. Handled by
    mdt/mdt_handler.c:mdt_statfs.

    OBD_MD_FLAGSTATFS in mbo_valid asks for the sum of all targets. Between MDTs it travels on portal 24.
    """

    Request = Body

    class Reply(Buffers):
        obd_statfs: ObdStatfs | None = dated_slot()


@mds(Opcode.MDS_SYNC)
class MdsSync:
    """Sent by mdc/mdc_request.c:mdc_sync. Handled by mdt/mdt_handler.c:mdt_sync (1.8: mds/handler.c:mds_sync).

    2.0: Fid seq 0 = sync whole device.

    1.8: fid1.id == 0 means sync the whole device.
    """

    Request = BodyAndCapa
    Reply = Body


@mds(Opcode.MDS_PIN, until="2.6", also_on={"1.8": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL), "2.0": ()}, status={"1.8": "", "2.0": "sender+stub"})
class MdsPin:
    """Sent by mdc/mdc_request.c:mdc_pin. Handled by mdt/mdt_open.c:mdt_pin (1.8: mds/mds_open.c:mds_pin).

    2.0: mdt_pin answers -EOPNOTSUPP as a serious error (MSG_ERR type).

    1.8: Reply body.handle = open handle.
    """

    Request = BodyAndCapa
    Reply = Body


@mds(Opcode.MDS_UNPIN, until="2.6", also_on=(), status={"1.8": "reserved", "2.0": "sender only"})
class MdsUnpin:
    """Sent by mdc/mdc_request.c:mdc_unpin (1.8: under the opcode of MDS_CLOSE, where it reads as a close). Handled by
    none: no MDS of 1.8 has a handler, a 2.0 MDT drops the opcode without a reply
    (mdt/mdt_handler.c:mdt_msg_check_version).

    2.0: body.handle + body.flags used.
    """

    class Request(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.REQUEST_BODY


@mds(Opcode.MDS_CLOSE, portal=Portal.MDS_READPAGE_PORTAL, also_on={"1.8": (Portal.MDS_REQUEST_PORTAL, Portal.MDS_SETATTR_PORTAL), "2.15": (Portal.MDS_REQUEST_PORTAL,)})
class MdsClose:
    """Sent by mdc/mdc_request.c:mdc_close; mdc_lib.c:mdc_close_pack (1.8: mdc/mdc_request.c:mdc_close;
    mdc_lib.c:mdc_close_pack_18). Handled by mdt/mdt_open.c:mdt_close; mdt_lib.c:mdt_close_unpack (1.8:
    mds/mds_open.c:mds_close; mds_reint.c:mds_shrink_body_reply).

    2.0: Format RQF_MDS_CLOSE (server side = mds_last_unlink). md + cookies only on last close of an unlinked file.
    Reply -EAGAIN asks the client for a size-on-MDS update.

    1.8: Request body.handle = open handle; attribute values with FLATIME/MTIME/CTIME/SIZE/BLOCKS/FLAGS. If packing
    fails the close still happens and the reply is body only.
    """

    Request = CloseRequest
    Reply = CloseReply


@mds(Opcode.MDS_CLOSE, name="MDS_CLOSE/INTENT", since="2.5", match={"[4]": Counted()}, portal=Portal.MDS_READPAGE_PORTAL, also_on=(Portal.MDS_REQUEST_PORTAL,))
class MdsCloseIntent:
    """Sent by mdc/mdc_request.c:mdc_close where op_bias says so (before 2.8 to release a file alone,
    RQF_MDS_RELEASE_CLOSE). Handled by mdt/mdt_open.c:mdt_close, mdt_close_handle_layouts.

    sa_bias of the record says what the close does beside closing.
    """

    class Request(Buffers):
        mdt_ioepoch: MdtIoepoch | None = dated_slot()
        rec_reint: MdtRecSetattr | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        close_data: CloseData | None = dated_slot()
        resync_ids: list[u32] | None = dated_slot(since="2.11", when="more than 15 resynchronised components; one zero otherwise")

    Reply = CloseReply


@mds(Opcode.MDS_DONE_WRITING, until="2.8", also_on=(Portal.MDS_SETATTR_PORTAL, Portal.MDS_READPAGE_PORTAL))
class MdsDoneWriting:
    """Sent by mdc/mdc_request.c:mdc_done_writing. Handled by mdt/mdt_open.c:mdt_done_writing (1.8:
    mds/mds_open.c:mds_done_writing).

    1.8: No 2.0 variant in the 1.8.9 client.
    """

    Request = CloseRequest
    Reply = Body


@mds(Opcode.MDS_READPAGE, portal=Portal.MDS_READPAGE_PORTAL, also_on={"1.8": (Portal.MDS_REQUEST_PORTAL, Portal.MDS_SETATTR_PORTAL), "2.0": ()}, bulk_portal=Portal.MDS_BULK_PORTAL, bulk="server PUT", bulk_holds={"1.8": Records(LlDirEntry), "2.0": Records(LuDirpage)})
class MdsReadpage:
    """Sent by mdc/mdc_request.c:mdc_readpage; mdc_lib.c:mdc_readdir_pack (1.8: mdc/mdc_request.c:mdc_readpage;
    mdc_lib.c:mdc_readdir_pack_18). Handled by mdt/mdt_handler.c:mdt_readpage, mdt_sendpage (1.8:
    mds/handler.c:mds_readpage, mds_sendpage).

    2.0: The 12 and 22 services do not accept it. The body's size = 64-bit hash position, nlink = bytes, mode =
    LUDA_FID|LUDA_TYPE attribute mask. Pages hold struct lu_dirpage.

    1.8: Request: fid1 = directory, size = byte offset, nlink = bytes wanted (page multiple). Reply body.size =
    directory size. Pages are raw ext3/ldiskfs directory blocks.
    """

    class Request(Buffers):
        mdt_body: MdsBody | MdtBody | None = slots.PAGE_BODY
        capa1: LustreCapa | bytes | None = slots.CAPA

    Reply = Body


@mds(Opcode.MDS_WRITEPAGE, since="2.0", until="2.7", portal=Portal.MDS_READPAGE_PORTAL, also_on=(), bulk_portal=Portal.MDS_BULK_PORTAL, bulk="server GET", status="split builds only (HAVE_SPLIT_SUPPORT)")
class MdsWritepage:
    """Sent by mdc/mdc_request.c:mdc_sendpage. Handled by mdt/mdt_handler.c:mdt_writepage."""

    Request = BodyAndCapa
    Reply = Body


@mds(Opcode.MDS_IS_SUBDIR, since="2.0", until="2.6", also_on={"2.0": (Portal.MDS_SETATTR_PORTAL, Portal.MDS_MDS_PORTAL), "2.4": (Portal.MDS_SETATTR_PORTAL,)})
class MdsIsSubdir:
    """Sent by mdc/mdc_request.c:mdc_is_subdir. Handled by mdt/mdt_handler.c:mdt_is_subdir.

    MDS to MDS (CMD); body fid1 = parent, fid2 = child; result in reply body.valid/fid1.

    MDT-to-MDT imports (mdc_connect with a real MDS peer) use request portal 24 instead of 12.
    """

    Request = Body
    Reply = Body


@mds(Opcode.MDS_SET_INFO)
class MdsSetInfo:
    """Sent by ptlrpc/pack_generic.c:do_set_info_async from mdc_request.c:mdc_set_info_async (1.8:
    mdc/mdc_request.c:mdc_set_info_async). Handled by mdt/mdt_handler.c:mdt_set_info (1.8:
    mds/handler.c:mds_set_info_rpc).

    2.0: Keys "read-only" (val __u32, toggles OBD_CONNECT_RDONLY) and "changelog_clear" (val = packed 12-byte
    changelog_setinfo: recno u64, id u32); other -> -EINVAL. A missing or empty val is -EFAULT.

    1.8: Recognised keys: "read-only" and the 1.6.6 spelling "readonly" (val = __u32, toggles OBD_CONNECT_RDONLY on the
    export); any other -> -EINVAL. Key buffer length is what the caller passed; comparison is by prefix (KEY_IS). Status
    is pre-set to 0 in the packed reply.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        val: Opaque | None = dated_slot(holds={"1.8": Chosen("key", {"read-only": U32, "readonly": U32}), "2.0": Chosen("key", {"read-only": U32, "changelog_clear": ChangelogSetinfo})})


@mds(Opcode.MDS_SET_INFO, name="MDS_SET_INFO/CHANGELOG_CLEAR", since="2.14", split_from=MdsSetInfo, match={"[3]": Counted()})
class MdsSetInfoChangelogClear:
    """Sent by mdc/mdc_request.c:mdc_set_info_async. Handled by mdt/mdt_handler.c:mdt_set_info.

    The body says who asks.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot()
        val: Opaque | None = dated_slot(holds=Chosen("key", {"changelog_clear": ChangelogSetinfo}))
        mdt_body: MdtBody | None = dated_slot()


#: The longer one first: what follows the shorter one may be zeroes.
_PATH_KEYS: Final = (Fid2pathRooted, Fid2pathKey)


@mds(Opcode.MDS_GET_INFO, since="2.0")
class MdsGetInfo:
    """Sent by mdc/mdc_request.c:mdc_get_info_rpc. Handled by mdt/mdt_handler.c:mdt_get_info.

    Format RQF_MDS_GET_INFO; fid2path is the only key in 2.0.0.
    """

    class Request(Buffers):
        key: Opaque | None = dated_slot(holds=_PATH_KEYS, when="fid2path: \"fid2path\" plus NUL padded to 16 bytes, then packed getinfo_fid2path 32 bytes {fid 16, recno 8, linkno 4, pathlen 4}")
        vallen: u32 | None = dated_slot(until="2.17")
        val: Opaque | None = dated_slot(since="2.17", optional=True, when="what there is besides the key")

    class Reply(Buffers):
        val: Opaque | None = dated_slot(holds=GetinfoFid2path)


@buffers_history
class PathRequest(Buffers):
    """A file whose path is asked for: the key filled up to 16 bytes, and the question behind it."""

    key: Opaque | None = dated_slot(holds=_PATH_KEYS, when="`fid2path` padded to 16 bytes, a getinfo_fid2path, and from 2.12 the FID of the root")
    vallen: u32 | None = dated_slot()


@buffers_history
class PathReply(Buffers):
    """A path, with the question before it."""

    val: Opaque | None = dated_slot(holds=GetinfoFid2path)


@mds(Opcode.MDS_GET_INFO, name="MDS_GET_INFO/FID2PATH", since="2.17", split_from=MdsGetInfo, match={"key": Prefix(KEY_FID2PATH.encode())})
class MdsGetInfoFid2path:
    """Sent by mdc/mdc_request.c:mdc_get_info_rpc. Handled by mdt/mdt_handler.c:mdt_get_info, mdt_rpc_fid2path."""

    Request = PathRequest
    Reply = PathReply


@mds(Opcode.MDS_GET_INFO, name="MDS_GET_INFO/FIEMAP", since="2.11", match={"fiemap_key": Prefix(KEY_FIEMAP.encode())})
class MdsGetInfoFiemap:
    """Sent by mdc/mdc_dev.c:mdc_object_fiemap, of files whose data the MDT has. Handled by mdt/mdt_handler.c:mdt_get_info
    with the format of OST_GET_INFO/FIEMAP.
    """

    class Request(Buffers):
        fiemap_key: LlFiemapInfoKey | None = dated_slot()
        fiemap_val: LlUserFiemap | None = dated_slot()

    class Reply(Buffers):
        fiemap_val: LlUserFiemap | None = dated_slot()


@mds(Opcode.MDS_SWAP_LAYOUTS, since="2.4")
class MdsSwapLayouts:
    """Sent by mdc/mdc_request.c:mdc_ioc_swap_layouts. Handled by mdt/mdt_handler.c:mdt_swap_layouts."""

    class Request(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        swap_layouts: MdcSwapLayouts | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        capa2: LustreCapa | bytes | None = slots.CAPA
        dlm_req: LdlmRequest | None = slots.CANCELS


@mds(Opcode.MDS_RMFID, since=("2.12.9", "2.13"))
class MdsRmfid:
    """Sent by mdc/mdc_request.c:mdc_rmfid. Handled by mdt/mdt_handler.c:mdt_rmfid."""

    class Request(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        fid_array: list[LuFid] | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        capa2: LustreCapa | bytes | None = slots.CAPA

    class Reply(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        fid_array: list[LuFid] | None = dated_slot()
        rcs: list[u32] | None = dated_slot(when="a result for each")
