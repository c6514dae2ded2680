"""Security contexts."""

from __future__ import annotations

from functools import partial

from lustre_codecs.enums.ptlrpc import MsgVersion, Opcode, Portal
from lustre_wire.schema.rpc_history import rpc_history

security = partial(
    rpc_history, since="2.0", version=MsgVersion.LUSTRE_OBD_VERSION, status="GSS builds only",
    portal=Portal.OST_REQUEST_PORTAL, reply_portal=Portal.OSC_REPLY_PORTAL,
    also_on=(Portal.MDS_REQUEST_PORTAL, Portal.MGS_REQUEST_PORTAL),
)  # fmt: skip


@security(Opcode.SEC_CTX_INIT)
class SecCtxInit:
    """Sent by ptlrpc/gss/gss_cli_upcall.c. Handled by ptlrpc/gss server (ptlrpc/sec.c).

    First call; inner message is body only (RQF_SEC_CTX); the GSS token rides in the outer lustre_msg wrapper, portal =
    import default.
    """


@security(Opcode.SEC_CTX_INIT_CONT)
class SecCtxInitCont:
    """Continuation; else as SEC_CTX_INIT."""


@security(Opcode.SEC_CTX_FINI)
class SecCtxFini:
    """Context teardown; no reply processed; else as SEC_CTX_INIT."""
