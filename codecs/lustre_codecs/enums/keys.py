"""Names: keys of get_info and set_info, parameters, attributes."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant

# key_strings
KEY_MDS_CONN: Final = constant("mds_conn", until("2.7"))
KEY_READONLY: Final = constant("read-only", until("2.0"))
KEY_READONLY_166COMPAT: Final = constant("readonly", until("2.0"))
KEY_SET_INFO: Final = "set_info"
KEY_NEXT_ID: Final = constant("next_id", until("2.7"))
KEY_LOVDESC: Final = constant("lovdesc", until("2.8"))
KEY_INIT_RECOV: Final = constant("initial_recov", until("2.6"))
KEY_INIT_RECOV_BACKUP: Final = "init_recov_bk"
KEY_LAST_ID: Final = "last_id"
KEY_LOCK_TO_STRIPE: Final = constant("lock_to_stripe", until("2.7"))
KEY_CHECKSUM: Final = "checksum"
KEY_EVICT_BY_NID: Final = "evict_by_nid"
KEY_REGISTER_TARGET: Final = "register_target"
KEY_SET_FS: Final = "set_fs"
KEY_CLEAR_FS: Final = "clear_fs"
KEY_BLOCKSIZE: Final = constant("blocksize", until("2.6"))
KEY_BLOCKSIZE_BITS: Final = constant("blocksize_bits", until("2.6"))
KEY_FIEMAP: Final = "fiemap"
KEY_CONNECT_FLAG: Final = constant("connect_flags", since("1.8.9", "2.0").until("2.7"))
KEY_ASYNC: Final = "async"
KEY_CAPA_KEY: Final = constant("capa_key", since("1.8.9", "2.0").until("2.8"))
KEY_GRANT_SHRINK: Final = constant("grant_shrink", since("1.8.9", "2.0"))
KEY_MAX_EASIZE: Final = constant("max_easize", was("max_ea_size").since("2.0"))
KEY_SYNC_LOCK_CANCEL: Final = constant("sync_lock_cancel", since("1.8.9", "2.1").until("2.6"))
KEY_OFF_RPCSIZE: Final = constant("off_rpcsize", since("1.8.9"))
KEY_CHANGELOG_CLEAR: Final = constant("changelog_clear", since("2.0"))
KEY_READ_ONLY: Final = constant("read-only", since("2.0"))
KEY_LAST_FID: Final = constant("last_fid", since("2.4"))
KEY_FID2PATH: Final = constant("fid2path", since("2.0"))
KEY_CONN_DATA: Final = constant("conn_data", since("2.0"))
KEY_FLUSH_CTX: Final = constant("flush_ctx", since("2.0"))
KEY_HSM_COPYTOOL_SEND: Final = constant("hsm_send", since("2.0"))
KEY_INTERMDS: Final = constant("inter_mds", since("2.0"))
KEY_LOV_IDX: Final = constant("lov_idx", since("2.0").until("2.6"))
KEY_MGSSEC: Final = constant("mgssec", since("2.0"))
KEY_REVIMP_UPD: Final = constant("revimp_update", since("2.0").until("2.4"))
KEY_SPTLRPC_CONF: Final = constant("sptlrpc_conf", since("2.0"))

# param_strings
PARAM_TIMEOUT: Final = constant("timeout=", since("1.8.9", "2.0"))
PARAM_LDLM_TIMEOUT: Final = constant("ldlm_timeout=", since("1.8.9", "2.0"))
PARAM_AT_MIN: Final = constant("at_min=", since("1.8.9", "2.0"))
PARAM_AT_MAX: Final = constant("at_max=", since("1.8.9", "2.0"))
PARAM_AT_EXTRA: Final = constant("at_extra=", since("1.8.9", "2.0"))
PARAM_AT_EARLY_MARGIN: Final = constant("at_early_margin=", since("1.8.9", "2.0"))
PARAM_AT_HISTORY: Final = constant("at_history=", since("1.8.9", "2.0"))
PARAM_MGSNODE: Final = "mgsnode="
PARAM_FAILNODE: Final = "failover.node="
PARAM_FAILMODE: Final = "failover.mode="
PARAM_ACTIVE: Final = "active="
PARAM_OST: Final = "ost."
PARAM_OSC: Final = "osc."
PARAM_MDT: Final = "mdt."
PARAM_MDC: Final = "mdc."
PARAM_LLITE: Final = "llite."
PARAM_LOV: Final = "lov."
PARAM_SYS: Final = constant("sys.", since("1.8.9", "2.0"))
PARAM_MDT_UPCALL: Final = constant("mdt.group_upcall=", until("2.0"))
PARAM_NETWORK: Final = constant("network=", since("2.0"))
PARAM_MDD: Final = constant("mdd.", since("2.0"))
PARAM_SRPC: Final = constant("srpc.", since("2.0"))
PARAM_SRPC_FLVR: Final = constant("srpc.flavor.", since("2.0"))
PARAM_SRPC_UDESC: Final = constant("srpc.udesc.cli2mdt", since("2.0"))
PARAM_SEC: Final = constant("security.", since("2.0"))

# xattr_names
XATTR_NAME_LMA: Final = constant("trusted.lma", since("2.0"))
XATTR_NAME_LMV: Final = constant("trusted.lmv", since("2.0"))
XATTR_NAME_LOV: Final = constant("trusted.lov", since("2.0"))
XATTR_NAME_ACL_ACCESS: Final = constant("system.posix_acl_access", since("2.0"))
XATTR_NAME_ACL_DEFAULT: Final = constant("system.posix_acl_default", since("2.0"))
XATTR_USER_PREFIX: Final = constant("user.", since("2.0"))
XATTR_TRUSTED_PREFIX: Final = constant("trusted.", since("2.0"))
XATTR_SECURITY_PREFIX: Final = constant("security.", since("2.0"))
XATTR_LUSTRE_PREFIX: Final = constant("lustre.", since("2.0"))
XATTR_NAME_LINK: Final = constant("trusted.link", since("2.0"))
