"""What any node answers with, before it has anything of its own to say."""

from __future__ import annotations

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg


def bare_reply(dialect: Dialect, opcode: int) -> rpc.Message:
    """A reply of nothing but a ptlrpc_body."""
    body = dialect.body()
    body.pb_type = dialect.constants["PTL_RPC_MSG_REPLY"]
    body.pb_version = int(dialect.constants["PTLRPC_MSG_VERSION"])
    body.pb_opc = opcode
    return rpc.Message(dialect, rpc.REPLY, "little", lustre_msg.LustreMsgV2(), body, None, rpc.Generic([]))
