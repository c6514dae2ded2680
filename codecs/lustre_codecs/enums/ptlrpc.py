"""Numbers of messages: portals, opcodes, flags of the header and of ptlrpc_body.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until


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


class Opcode(WireEnum):
    """pb_opc."""

    MDS_GETATTR = 33
    MDS_GETATTR_NAME = 34
    MDS_CLOSE = 35
    MDS_REINT = 36
    MDS_READPAGE = 37
    MDS_CONNECT = 38
    MDS_DISCONNECT = 39
    MDS_GETSTATUS = 40, until("2.9")
    MDS_STATFS = 41
    MDS_PIN = 42
    MDS_UNPIN = 43
    MDS_SYNC = 44
    MDS_DONE_WRITING = 45
    MDS_SET_INFO = 46
    MDS_QUOTACHECK = 47
    MDS_QUOTACTL = 48
    MDS_GETXATTR = 49
    MDS_SETXATTR = 50
    MDS_WRITEPAGE = 51, since("1.8.9", "2.0")
    MDS_IS_SUBDIR = 52, since("1.8.9", "2.0")
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
    OST_PUNCH = 10
    OST_OPEN = 11
    OST_CLOSE = 12
    OST_STATFS = 13
    OST_SYNC = 16
    OST_SET_INFO = 17
    OST_QUOTACHECK = 18
    OST_QUOTACTL = 19
    OST_QUOTA_ADJUST_QUNIT = 20
    LDLM_ENQUEUE = 101
    LDLM_CONVERT = 102
    LDLM_CANCEL = 103
    LDLM_BL_CALLBACK = 104
    LDLM_CP_CALLBACK = 105
    LDLM_GL_CALLBACK = 106
    MGS_CONNECT = 250
    MGS_DISCONNECT = 251
    MGS_EXCEPTION = 252
    MGS_TARGET_REG = 253
    MGS_TARGET_DEL = 254
    MGS_SET_INFO = 255
    OBD_PING = 400
    OBD_LOG_CANCEL = 401, until("2.12")
    OBD_QC_CALLBACK = 402, until("2.12")
    LLOG_ORIGIN_HANDLE_CREATE = 501
    LLOG_ORIGIN_HANDLE_NEXT_BLOCK = 502
    LLOG_ORIGIN_HANDLE_READ_HEADER = 503
    LLOG_ORIGIN_HANDLE_WRITE_REC = 504, until("2.12")
    LLOG_ORIGIN_HANDLE_CLOSE = 505, until("2.12")
    LLOG_ORIGIN_CONNECT = 506, until("2.12")
    LLOG_CATINFO = 507, until("2.12")
    LLOG_ORIGIN_HANDLE_PREV_BLOCK = 508
    LLOG_ORIGIN_HANDLE_DESTROY = 509
    QUOTA_DQACQ = 601
    QUOTA_DQREL = 602
    SEQ_QUERY = 700
    SEC_CTX_INIT = 801, since("1.8.9", "2.0")
    SEC_CTX_INIT_CONT = 802, since("1.8.9", "2.0")
    SEC_CTX_FINI = 803, since("1.8.9", "2.0")
    MDS_GET_INFO = 53, since("2.0")
    LDLM_SET_INFO = 107, since("2.0")
    FLD_QUERY = 900, since("2.0")


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


#: Service class in the high half of pb_version.
LUSTRE_OBD_VERSION: Final = 0x10000
LUSTRE_MDS_VERSION: Final = 0x20000
LUSTRE_OST_VERSION: Final = 0x30000
LUSTRE_DLM_VERSION: Final = 0x40000
LUSTRE_LOG_VERSION: Final = 0x50000
LUSTRE_MGS_VERSION: Final = 0x60000
LUSTRE_VERSION_MASK: Final = 0xFFFF0000
PTLRPC_MSG_VERSION: Final = 3
