"""The head of a request: what decides whether the rest of it is read at all."""

from __future__ import annotations

from functools import cache

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.schema.rpc import RpcFormat


def of_request(data: bytes, dialect: Dialect) -> rpc.Message | None:
    """lustre_msg header and ptlrpc_body of a request, its other buffers unread: they may be of another dialect.

    Returns:
        None where the head is not a ptlrpc_body by itself (version 1, a flavour that wraps it), is spoiled, or is
        shorter, as that of an older release: then whoever reads the whole message says what is wrong.
    """
    try:
        parts = lustre_msg.split(data)
        if parts.version != 2 or parts.header.lm_secflvr & dialect.flavour_mask or not parts.lengths:
            return None
        if parts.lengths[0] < dialect.body.__wire__.size:
            return None
        body = record.codec(dialect.body, parts.order).unpack(data, parts.offsets[0], parts.lengths[0])
    except WireError:
        return None
    if body.pb_type != dialect.constants["PTL_RPC_MSG_REQUEST"]:
        return None
    form = _formats(dialect).get(int(body.pb_opc))
    return rpc.Message(dialect, rpc.REQUEST, parts.order, parts.header, body, form, rpc.Generic([]))


@cache
def _formats(dialect: Dialect) -> dict[int, RpcFormat]:
    """A format of each opcode: all of one opcode are answered to the same portal."""
    return {int(form.opcode): form for form in dialect.rpcs.values()}
