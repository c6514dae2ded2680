"""Numbers of messages: portals, opcodes, flags of the header and of ptlrpc_body."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class Portal(WireEnum):
    """LNet portal of a service or of its replies."""

    LNET_RESERVED_PORTAL = 0
    CONNMGR_REQUEST_PORTAL = 1
    CONNMGR_REPLY_PORTAL = 2
    OSC_REPLY_PORTAL = 4
    OST_IO_PORTAL = 6
    OST_CREATE_PORTAL = 7
    OST_BULK_PORTAL = 8
    MDC_REPLY_PORTAL = 10
    MDS_REQUEST_PORTAL = 12
    MDS_IO_PORTAL = 13, since("2.11")
    MDS_BULK_PORTAL = 14
    LDLM_CB_REQUEST_PORTAL = 15
    LDLM_CB_REPLY_PORTAL = 16
    LDLM_CANCEL_REQUEST_PORTAL = 17
    LDLM_CANCEL_REPLY_PORTAL = 18
    MDS_SETATTR_PORTAL = 22, until("2.15")
    MDS_READPAGE_PORTAL = 23
    MDS_MDS_PORTAL = 24, since("1.8.9", "2.0").until("2.5")
    MGC_REPLY_PORTAL = 25
    MGS_REQUEST_PORTAL = 26
    MGS_REPLY_PORTAL = 27
    OST_REQUEST_PORTAL = 28
    FLD_REQUEST_PORTAL = 29
    SEQ_METADATA_PORTAL = 30
    SEQ_DATA_PORTAL = 31, since("1.8.9", "2.0")
    SEQ_CONTROLLER_PORTAL = 32, since("1.8.9", "2.0")
    PTLLND_PORTAL = 9, until("2.6")
    OUT_PORTAL = 24, since("2.5")
    MGS_BULK_PORTAL = 33, since("2.2")


class Opcode(WireEnum):
    """pb_opc."""

    MDS_GETATTR = 0x21
    MDS_GETATTR_NAME = 0x22
    MDS_CLOSE = 0x23
    MDS_REINT = 0x24
    MDS_READPAGE = 0x25
    MDS_CONNECT = 0x26
    MDS_DISCONNECT = 0x27
    MDS_GETSTATUS = 0x28, until("2.9")
    MDS_STATFS = 0x29
    MDS_PIN = 0x2a
    MDS_UNPIN = 0x2b
    MDS_SYNC = 0x2c
    MDS_DONE_WRITING = 0x2d
    MDS_SET_INFO = 0x2e
    MDS_QUOTACHECK = 0x2f
    MDS_QUOTACTL = 0x30
    MDS_GETXATTR = 0x31
    MDS_SETXATTR = 0x32
    MDS_WRITEPAGE = 0x33, since("1.8.9", "2.0")
    MDS_IS_SUBDIR = 0x34, since("1.8.9", "2.0")
    OST_REPLY = 0
    OST_GETATTR = 1
    OST_SETATTR = 2
    OST_READ = 3
    OST_WRITE = 4
    OST_CREATE = 5
    OST_DESTROY = 6
    OST_GET_INFO = 7
    OST_CONNECT = 8
    OST_DISCONNECT = 9
    OST_PUNCH = 0xa
    OST_OPEN = 0xb
    OST_CLOSE = 0xc
    OST_STATFS = 0xd
    OST_SYNC = 0x10
    OST_SET_INFO = 0x11
    OST_QUOTACHECK = 0x12
    OST_QUOTACTL = 0x13
    OST_QUOTA_ADJUST_QUNIT = 0x14
    LDLM_ENQUEUE = 0x65
    LDLM_CONVERT = 0x66
    LDLM_CANCEL = 0x67
    LDLM_BL_CALLBACK = 0x68
    LDLM_CP_CALLBACK = 0x69
    LDLM_GL_CALLBACK = 0x6a
    MGS_CONNECT = 0xfa
    MGS_DISCONNECT = 0xfb
    MGS_EXCEPTION = 0xfc
    MGS_TARGET_REG = 0xfd
    MGS_TARGET_DEL = 0xfe
    MGS_SET_INFO = 0xff
    OBD_PING = 0x190
    OBD_LOG_CANCEL = 0x191, until("2.12")
    OBD_QC_CALLBACK = 0x192, until("2.12")
    LLOG_ORIGIN_HANDLE_CREATE = 0x1f5
    LLOG_ORIGIN_HANDLE_NEXT_BLOCK = 0x1f6
    LLOG_ORIGIN_HANDLE_READ_HEADER = 0x1f7
    LLOG_ORIGIN_HANDLE_WRITE_REC = 0x1f8, until("2.12")
    LLOG_ORIGIN_HANDLE_CLOSE = 0x1f9, until("2.12")
    LLOG_ORIGIN_CONNECT = 0x1fa, until("2.12")
    LLOG_CATINFO = 0x1fb, until("2.12")
    LLOG_ORIGIN_HANDLE_PREV_BLOCK = 0x1fc
    LLOG_ORIGIN_HANDLE_DESTROY = 0x1fd
    QUOTA_DQACQ = 0x259
    QUOTA_DQREL = 0x25a
    SEQ_QUERY = 0x2bc
    SEC_CTX_INIT = 0x321, since("1.8.9", "2.0")
    SEC_CTX_INIT_CONT = 0x322, since("1.8.9", "2.0")
    SEC_CTX_FINI = 0x323, since("1.8.9", "2.0")
    MDS_GET_INFO = 0x35, since("2.0")
    LDLM_SET_INFO = 0x6b, since("2.0")
    FLD_QUERY = 0x384, since("2.0")
    OST_LADVISE = 0x15, since("2.9")
    OST_FALLOCATE = 0x16, since("2.12.9", "2.14")
    OST_SEEK = 0x17, since("2.12.9", "2.14")
    MDS_GET_ROOT = 0x28, since("2.9")
    MDS_HSM_STATE_GET = 0x36, since("2.4")
    MDS_HSM_STATE_SET = 0x37, since("2.4")
    MDS_HSM_ACTION = 0x38, since("2.4")
    MDS_HSM_PROGRESS = 0x39, since("2.4")
    MDS_HSM_REQUEST = 0x3a, since("2.4")
    MDS_HSM_CT_REGISTER = 0x3b, since("2.4")
    MDS_HSM_CT_UNREGISTER = 0x3c, since("2.4")
    MDS_SWAP_LAYOUTS = 0x3d, since("2.4")
    MDS_RMFID = 0x3e, since("2.12.9", "2.13")
    MDS_BATCH = 0x3f, since("2.16")
    MDS_HSM_DATA_VERSION = 0x40, since("2.16")
    MGS_CONFIG_READ = 0x100, since("2.2")
    OBD_IDX_READ = 0x193, since("2.4")
    FLD_READ = 0x385, since("2.6")
    UPDATE_OBJ = 0x3e8, since("2.4").until("2.6")
    OUT_UPDATE = 0x3e8, since("2.6")
    LFSCK_NOTIFY = 0x44d, since("2.6")
    LFSCK_QUERY = 0x44e, since("2.6")


class PtlrpcMsgType(WireEnum):
    """pb_type."""

    PTL_RPC_MSG_REQUEST = 0x1267
    PTL_RPC_MSG_ERR = 0x1268
    PTL_RPC_MSG_REPLY = 0x1269


class MsgFlags(WireFlag):
    """pb_flags."""

    MSG_LAST_REPLAY = 1, until("2.11")
    MSG_RESENT = 2
    MSG_REPLAY = 4
    MSG_DELAY_REPLAY = 0x10, until("2.11")
    MSG_VERSION_REPLAY = 0x20, until("2.11")
    MSG_REQ_REPLAY_DONE = 0x40, since("1.8.9", "2.0")
    MSG_LOCK_REPLAY_DONE = 0x80, since("1.8.9", "2.0")
    MSG_CLIENT_BANNED = 0x100, since("2.17")
    MSG_PACK_UID_GID = 0x200, since("2.16")
    MSG_PACK_PROJID = 0x400, since("2.17")


class MsgConnect(WireFlag):
    """pb_op_flags of a connect."""

    MSG_CONNECT_RECOVERING = 1
    MSG_CONNECT_RECONNECT = 2
    MSG_CONNECT_REPLAYABLE = 4
    MSG_CONNECT_LIBCLIENT = 0x10
    MSG_CONNECT_INITIAL = 0x20
    MSG_CONNECT_ASYNC = 0x40, until("2.11")
    MSG_CONNECT_NEXT_VER = 0x80
    MSG_CONNECT_TRANSNO = 0x100
    MSG_CONNECT_DELAYED = 0x200, until("2.0")


class MsghdrFlags(WireFlag):
    """lm_flags of a lustre_msg v2."""

    MSGHDR_AT_SUPPORT = 1
    MSGHDR_CKSUM_INCOMPAT18 = 2, since("2.0")


class MsgVersion(WireFlag):
    """pb_version: the version of the message, and in the high half the service it is for."""

    __numbers__ = ("LUSTRE_VERSION_MASK", "PTLRPC_MSG_VERSION")

    LUSTRE_OBD_VERSION = 0x10000
    LUSTRE_MDS_VERSION = 0x20000
    LUSTRE_OST_VERSION = 0x30000
    LUSTRE_DLM_VERSION = 0x40000
    LUSTRE_LOG_VERSION = 0x50000
    LUSTRE_MGS_VERSION = 0x60000
    LUSTRE_VERSION_MASK = 0xffff0000
    PTLRPC_MSG_VERSION = 3


# Magics of the container
LUSTRE_MSG_MAGIC_V1: Final = constant(0xbd00bd0, until("2.8"))
LUSTRE_MSG_MAGIC: Final = 0xbd00bd3
LUSTRE_MSG_MAGIC_V1_SWABBED: Final = constant(0xd00bd00b, until("2.8"))
LUSTRE_MSG_MAGIC_V2_SWABBED: Final = 0xd30bd00b
LUSTRE_MSG_MAGIC_V2: Final = 0xbd00bd3

# First opcode of each service, and the one after the last
OST_LAST_OPC: Final = constant(0x18, was(0x15).was(0x16, "2.9").since("2.14"))
MGS_LAST_OPC: Final = constant(0x101, was(0x100).since("2.2"))
OBD_LAST_OPC: Final = constant(0x194, was(0x193).since("2.4"))
QUOTA_LAST_OPC: Final = 0x25b
SEQ_LAST_OPC: Final = 0x2bd
SEQ_FIRST_OPC: Final = 0x2bc
SEC_LAST_OPC: Final = constant(0x324, since("1.8.9", "2.0"))
SEC_FIRST_OPC: Final = constant(0x321, since("1.8.9", "2.0"))
OST_FIRST_OPC: Final = 0
MDS_FIRST_OPC: Final = 0x21
OBD_FIRST_OPC: Final = 0x190
MDS_LAST_OPC: Final = constant(
    0x41, was(0x33).was(0x35, "1.8.9").was(0x36, "2.0").was(0x3e, "2.4").was(0x3f, "2.12.9", "2.13").since("2.16")
)  # fmt: skip
LDLM_LAST_OPC: Final = constant(0x6c, was(0x6b).since("2.0"))
LLOG_LAST_OPC: Final = 0x1fe
FLD_LAST_OPC: Final = constant(0x386, was(0x385, "2.0").since("2.6"))
FLD_FIRST_OPC: Final = constant(0x384, since("2.0"))

# Halves of pb_flags
MSG_OP_FLAG_MASK: Final = constant(0xffff0000, until("2.11"))
MSG_OP_FLAG_SHIFT: Final = constant(0x10, until("2.11"))
MSG_GEN_FLAG_MASK: Final = constant(0xffff, until("2.11"))

# Numbers of buffers, before layouts
MSG_PTLRPC_BODY_OFF: Final = 0
REQ_REC_OFF: Final = 1
REPLY_REC_OFF: Final = 1
DLM_LOCKREQ_OFF: Final = 1
DLM_REQ_REC_OFF: Final = 2
DLM_INTENT_IT_OFF: Final = 2
DLM_INTENT_REC_OFF: Final = 3
DLM_LOCKREPLY_OFF: Final = 1
DLM_REPLY_REC_OFF: Final = 2
MSG_PTLRPC_HEADER_OFF: Final = 0x1f
LDLM_ENQUEUE_CANCEL_OFF: Final = 1

# lustre_idl.h
DEAD_HANDLE_MAGIC: Final = 0xdeadbeefcafebabe
OBD_OBJECT_EOF: Final = 0xffffffffffffffff
DRANGE: Final = constant(
    "[%#16.16llx-%#16.16llx]:%x:%s", was("[%#16.16lx-%#16.16lx)").was("[%#16.16lx-%#16.16lx):%x", "2.0")
    .since("2.8")
)  # fmt: skip
JOIN_FILE_ALIGN: Final = constant(0x1000, until("2.0"))
LMA_INCOMPAT_SUPP: Final = constant(0x3e, was(0, "2.0").was(6, "2.4").was(0xe, "2.6").since("2.17"))
MF_SOM_LOCAL_FLAGS: Final = constant(7, since("2.0").until("2.8"))

# lustre_user.h
LUSTRE_JOBID_SIZE: Final = constant(0x20, since("2.7"))
