"""Capabilities and message protection."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class CapaOpc(WireFlag, since="2.0", until="2.14"):
    """lc_opc: what a capability allows."""

    CAPA_OPC_BODY_WRITE = 1
    CAPA_OPC_BODY_READ = 2
    CAPA_OPC_INDEX_LOOKUP = 4
    CAPA_OPC_INDEX_INSERT = 8
    CAPA_OPC_INDEX_DELETE = 0x10
    CAPA_OPC_OSS_WRITE = 0x20
    CAPA_OPC_OSS_READ = 0x40
    CAPA_OPC_OSS_TRUNC = 0x80
    CAPA_OPC_OSS_DESTROY = 0x100
    CAPA_OPC_META_WRITE = 0x200
    CAPA_OPC_META_READ = 0x400


class SptlrpcPolicy(WireEnum, since="2.0"):
    """Policy of a security flavour."""

    SPTLRPC_POLICY_NULL = 0
    SPTLRPC_POLICY_PLAIN = 1
    SPTLRPC_POLICY_GSS = 2


class SptlrpcService(WireEnum, since="2.0"):
    """Protection of RPCs."""

    SPTLRPC_SVC_NULL = 0
    SPTLRPC_SVC_AUTH = 1
    SPTLRPC_SVC_INTG = 2
    SPTLRPC_SVC_PRIV = 3


class SptlrpcBulkType(WireEnum, since="2.0"):
    """Kind of bulk protection."""

    SPTLRPC_BULK_DEFAULT = 0
    SPTLRPC_BULK_HASH = 1


class SptlrpcBulkService(WireEnum, since="2.0"):
    """Protection of bulk."""

    SPTLRPC_BULK_SVC_NULL = 0
    SPTLRPC_BULK_SVC_AUTH = 1
    SPTLRPC_BULK_SVC_INTG = 2
    SPTLRPC_BULK_SVC_PRIV = 3


class BulkHashAlg(WireEnum, since="2.0"):
    """Hash over bulk."""

    BULK_HASH_ALG_NULL = 0
    BULK_HASH_ALG_ADLER32 = 1
    BULK_HASH_ALG_CRC32 = 2
    BULK_HASH_ALG_MD5 = 3
    BULK_HASH_ALG_SHA1 = 4
    BULK_HASH_ALG_SHA256 = 5
    BULK_HASH_ALG_SHA384 = 6
    BULK_HASH_ALG_SHA512 = 7


class LustreSecPart(WireEnum, since="2.0"):
    """Sender part of lm_secflvr."""

    LUSTRE_SP_CLI = 0
    LUSTRE_SP_MDT = 1
    LUSTRE_SP_OST = 2
    LUSTRE_SP_MGC = 3
    LUSTRE_SP_MGS = 4
    LUSTRE_SP_ANY = 0xff


class PtlrpcGssProc(WireEnum, since="2.0"):
    """gh_proc of a GSS header."""

    PTLRPC_GSS_PROC_DATA = 0
    PTLRPC_GSS_PROC_INIT = 1
    PTLRPC_GSS_PROC_CONTINUE_INIT = 2
    PTLRPC_GSS_PROC_DESTROY = 3
    PTLRPC_GSS_PROC_ERR = 4


class PtlrpcGssFlags(WireFlag, since="2.0"):
    """gh_flags of a GSS header."""

    LUSTRE_GSS_PACK_BULK = 1
    LUSTRE_GSS_PACK_USER = 2


class IdentityPerm(WireFlag, since="2.0"):
    """What a remote user may be."""

    CFS_SETUID_PERM = 1
    CFS_SETGID_PERM = 2
    CFS_SETGRP_PERM = 4
    CFS_RMTACL_PERM = 8, since("2.0").until("2.9")
    CFS_RMTOWN_PERM = 0x10, since("2.0").until("2.9")


class RscDataFlags(WireFlag, since="2.16"):
    """scd_flags of a GSS context downcall."""

    RSC_DATA_FLAG_REMOTE = 1
    RSC_DATA_FLAG_ROOT = 2
    RSC_DATA_FLAG_MDS = 4
    RSC_DATA_FLAG_OSS = 8


# Capabilities
CAPA_HMAC_MAX_LEN: Final = constant(0x40, until("2.14"))
CAPA_HMAC_KEY_MAX_LEN: Final = constant(0x38, until("2.14"))
CAPA_OPC_OSS_RW: Final = constant(0x60, since("2.0").until("2.14"))
CAPA_OPC_MDS_ONLY: Final = constant(0x1f, since("2.0").until("2.14"))
CAPA_OPC_OSS_ONLY: Final = constant(0x1e0, since("2.0").until("2.14"))
CAPA_OPC_MDS_DEFAULT: Final = constant(-481, since("2.0").until("2.14"))
CAPA_OPC_OSS_DEFAULT: Final = constant(-512, since("2.0").until("2.14"))
CAPA_FL_MASK: Final = constant(0xffffff, since("2.0").until("2.14"))
CAPA_HMAC_ALG_MASK: Final = constant(0xff000000, since("2.0").until("2.14"))
CAPA_KEYS: Final = constant("capa_keys", since("2.0"))
CAPA_TIMEOUT: Final = constant(0x708, since("2.0").until("2.8"))
CAPA_KEY_TIMEOUT: Final = constant(0x15180, since("2.0").until("2.8"))
CAPA_HMAC_ALG_SHA1: Final = constant(1, since("2.0").until("2.14"))
CAPA_HMAC_ALG_MAX: Final = constant(2, since("2.0").until("2.14"))
CAPA_SITE_CLIENT: Final = constant(0, since("2.0").until("2.8"))
CAPA_SITE_SERVER: Final = constant(1, since("2.0").until("2.8"))
CAPA_SITE_MAX: Final = constant(2, since("2.0").until("2.8"))

# Flavours, headers, targets
BULK_GET_SOURCE: Final = constant(0, until("2.8"))
BULK_PUT_SINK: Final = constant(1, until("2.8"))
BULK_GET_SINK: Final = constant(2, until("2.8"))
BULK_PUT_SOURCE: Final = constant(3, until("2.8"))
SPTLRPC_SUBFLVR_KRB5N: Final = constant(1, since("2.0"))
SPTLRPC_SUBFLVR_KRB5A: Final = constant(0x11, since("2.0"))
SPTLRPC_SUBFLVR_KRB5I: Final = constant(0x21, since("2.0"))
SPTLRPC_SUBFLVR_KRB5P: Final = constant(0x31, since("2.0"))
SPTLRPC_FLVR_NULL: Final = constant(0, since("2.0"))
SPTLRPC_FLVR_PLAIN: Final = constant(0x21001, since("2.0"))
SPTLRPC_FLVR_KRB5N: Final = constant(0x12, since("2.0"))
SPTLRPC_FLVR_KRB5A: Final = constant(0x112, since("2.0"))
SPTLRPC_FLVR_KRB5I: Final = constant(0x20212, since("2.0"))
SPTLRPC_FLVR_KRB5P: Final = constant(0x30312, since("2.0"))
SPTLRPC_FLVR_DEFAULT: Final = constant(0, since("2.0"))
SPTLRPC_FLVR_INVALID: Final = constant(0xffffffff, since("2.0"))
SPTLRPC_FLVR_ANY: Final = constant(0xfff00000, since("2.0"))
SPTLRPC_MAX_PAYLOAD: Final = constant(0x400, since("2.0"))
PTLRPC_GSS_VERSION: Final = constant(1, since("2.0"))
PTLRPC_GSS_MAX_HANDLE_SIZE: Final = constant(8, since("2.0"))
GSS_SEQ_WIN: Final = constant(0x800, since("2.0"))
GSS_SEQ_WIN_MAIN: Final = constant(0x800, since("2.0"))
GSS_SEQ_WIN_BACK: Final = constant(0x80, since("2.0"))
PLAIN_PACK_SEGMENTS: Final = constant(4, since("2.0"))
PLAIN_PACK_HDR_OFF: Final = constant(0, since("2.0"))
PLAIN_PACK_MSG_OFF: Final = constant(1, since("2.0"))
PLAIN_PACK_USER_OFF: Final = constant(2, since("2.0"))
PLAIN_PACK_BULK_OFF: Final = constant(3, since("2.0"))
PLAIN_FL_USER: Final = constant(1, since("2.0"))
PLAIN_FL_BULK: Final = constant(2, since("2.0"))
PLAIN_BSD_SIZE: Final = constant(0x10, since("2.0"))
LUSTRE_GSS_TGT_MGS: Final = constant(0, since("2.0"))
LUSTRE_GSS_TGT_MDS: Final = constant(1, since("2.0"))
LUSTRE_GSS_TGT_OSS: Final = constant(2, since("2.0"))
FLVR_POLICY_OFFSET: Final = constant(0, since("2.0"))
FLVR_MECH_OFFSET: Final = constant(4, since("2.0"))
FLVR_SVC_OFFSET: Final = constant(8, since("2.0"))
FLVR_BULK_TYPE_OFFSET: Final = constant(0xc, since("2.0"))
FLVR_BULK_SVC_OFFSET: Final = constant(0x10, since("2.0"))
LUSTRE_MAX_GROUPS: Final = constant(0x80, since("2.0"))

# Mechanisms, and what is one past the last of each enumeration
SPTLRPC_POLICY_MAX: Final = constant(3, since("2.0"))
SPTLRPC_SVC_MAX: Final = constant(4, since("2.0"))
SPTLRPC_BULK_MAX: Final = constant(2, since("2.0"))
SPTLRPC_BULK_SVC_MAX: Final = constant(4, since("2.0"))
BULK_HASH_ALG_MAX: Final = constant(8, since("2.0"))
SPTLRPC_MECH_GSS_NULL: Final = constant(0, since("2.0"))
SPTLRPC_MECH_GSS_KRB5: Final = constant(1, since("2.0"))
SPTLRPC_MECH_GSS_MAX: Final = constant(3, was(2, "2.0").since("2.17"))
SPTLRPC_MECH_NULL: Final = constant(0, since("2.0"))
SPTLRPC_MECH_NULL_MAX: Final = constant(1, since("2.0"))
SPTLRPC_MECH_PLAIN: Final = constant(0, since("2.0"))
SPTLRPC_MECH_PLAIN_MAX: Final = constant(1, since("2.0"))
