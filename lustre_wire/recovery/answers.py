"""What any node answers with, before it has anything of its own to say."""

from __future__ import annotations

from typing import Any

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.schema.rpc import RpcFormat


def bare_reply(dialect: Dialect, opcode: int) -> rpc.Message:
    """A reply of nothing but a ptlrpc_body."""
    body = dialect.body()
    body.pb_type = dialect.constants["PTL_RPC_MSG_REPLY"]
    body.pb_version = int(dialect.constants["PTLRPC_MSG_VERSION"])
    body.pb_opc = opcode
    return rpc.Message(dialect, rpc.REPLY, "little", lustre_msg.LustreMsgV2(), body, None, rpc.Generic([]))


def goes_to_its_target(form: RpcFormat, dialect: Dialect) -> bool:
    """Is a message sent to the portals of whatever target it is for, not to its format's own? Converts were until 2.12,
    from when on they go where cancels do."""
    if form.name == "LDLM_CONVERT":
        return form.portal != dialect.rpcs["LDLM_CANCEL"].portal
    return form.name in ("OBD_PING", "LDLM_ENQUEUE")


def reply_portal(form: RpcFormat | None, portal: int, connect: RpcFormat) -> int:
    """Where an answer goes: to the reply portal of what was asked, but to that of the import it was asked over where it
    was asked at another portal than usual, as what an MDT is asked of data is.

    Args:
        form: the request's format, None where it has none that is known.
        portal: where it was asked.
        connect: the format of the connect.
    """
    usual = form is not None and portal == form.portal
    return int((form.reply_portal if form is not None and usual else connect.reply_portal) or 0)


def fitting(side: Any, name: str, value: Any) -> Any:
    """A struct as a buffer of these is to have it, which a dialect may know as bytes only."""
    slot = next(spec for spec in side.__slot_specs__ if spec.name == name)
    return value if slot.struct is not None else record.pack(value)


def empty_buffers(form: RpcFormat) -> dict[str, Any]:
    """The buffers of a reply that a handler prepared and did not fill: structs of zeroes, the rest without bytes."""
    needed = (spec for spec in form.reply.__slot_specs__ if spec.struct is not None and not spec.optional)
    return {spec.name: spec.struct() for spec in needed}
