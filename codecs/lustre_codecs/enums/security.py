"""Capabilities and message protection.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since


class CapaOpc(WireFlag):
    """lc_opc: what a capability allows."""

    CAPA_OPC_BODY_WRITE = 0x1, since("2.0").until("2.17")
    CAPA_OPC_BODY_READ = 0x2, since("2.0").until("2.17")
    CAPA_OPC_INDEX_LOOKUP = 0x4, since("2.0").until("2.17")
    CAPA_OPC_INDEX_INSERT = 0x8, since("2.0").until("2.17")
    CAPA_OPC_INDEX_DELETE = 0x10, since("2.0").until("2.17")
    CAPA_OPC_OSS_WRITE = 0x20, since("2.0").until("2.17")
    CAPA_OPC_OSS_READ = 0x40, since("2.0").until("2.17")
    CAPA_OPC_OSS_TRUNC = 0x80, since("2.0").until("2.17")
    CAPA_OPC_OSS_DESTROY = 0x100, since("2.0").until("2.17")
    CAPA_OPC_META_WRITE = 0x200, since("2.0").until("2.17")
    CAPA_OPC_META_READ = 0x400, since("2.0").until("2.17")


class SptlrpcPolicy(WireEnum):
    """Policy of a security flavour."""

    SPTLRPC_POLICY_NULL = 0, since("2.0")
    SPTLRPC_POLICY_PLAIN = 1, since("2.0")
    SPTLRPC_POLICY_GSS = 2, since("2.0")


class SptlrpcService(WireEnum):
    """Protection of RPCs."""

    SPTLRPC_SVC_NULL = 0, since("2.0")
    SPTLRPC_SVC_AUTH = 1, since("2.0")
    SPTLRPC_SVC_INTG = 2, since("2.0")
    SPTLRPC_SVC_PRIV = 3, since("2.0")


class SptlrpcBulkType(WireEnum):
    """Kind of bulk protection."""

    SPTLRPC_BULK_DEFAULT = 0, since("2.0")
    SPTLRPC_BULK_HASH = 1, since("2.0")


class SptlrpcBulkService(WireEnum):
    """Protection of bulk."""

    SPTLRPC_BULK_SVC_NULL = 0, since("2.0")
    SPTLRPC_BULK_SVC_AUTH = 1, since("2.0")
    SPTLRPC_BULK_SVC_INTG = 2, since("2.0")
    SPTLRPC_BULK_SVC_PRIV = 3, since("2.0")


class BulkHashAlg(WireEnum):
    """Hash over bulk."""

    BULK_HASH_ALG_NULL = 0, since("2.0")
    BULK_HASH_ALG_ADLER32 = 1, since("2.0")
    BULK_HASH_ALG_CRC32 = 2, since("2.0")
    BULK_HASH_ALG_MD5 = 3, since("2.0")
    BULK_HASH_ALG_SHA1 = 4, since("2.0")
    BULK_HASH_ALG_SHA256 = 5, since("2.0")
    BULK_HASH_ALG_SHA384 = 6, since("2.0")
    BULK_HASH_ALG_SHA512 = 7, since("2.0")


class LustreSecPart(WireEnum):
    """Sender part of lm_secflvr."""

    LUSTRE_SP_CLI = 0, since("2.0")
    LUSTRE_SP_MDT = 1, since("2.0")
    LUSTRE_SP_OST = 2, since("2.0")
    LUSTRE_SP_MGC = 3, since("2.0")
    LUSTRE_SP_MGS = 4, since("2.0")
    LUSTRE_SP_ANY = 255, since("2.0")


class PtlrpcGssProc(WireEnum):
    """gh_proc of a GSS header."""

    PTLRPC_GSS_PROC_DATA = 0, since("2.0")
    PTLRPC_GSS_PROC_INIT = 1, since("2.0")
    PTLRPC_GSS_PROC_CONTINUE_INIT = 2, since("2.0")
    PTLRPC_GSS_PROC_DESTROY = 3, since("2.0")
    PTLRPC_GSS_PROC_ERR = 4, since("2.0")


class PtlrpcGssFlags(WireFlag):
    """gh_flags of a GSS header."""

    LUSTRE_GSS_PACK_BULK = 1, since("2.0")
    LUSTRE_GSS_PACK_USER = 2, since("2.0")
