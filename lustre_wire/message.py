"""What a decoded message is."""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.engines.payload import Extra
from lustre_wire.frames import lustre_msg
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.rpc import Buffers, RpcFormat

REQUEST: Final = "request"
REPLY: Final = "reply"


@attrs.define(slots=True)
class Generic(Buffers):
    """The buffers of a message without a declared format, the ptlrpc_body left out where there is one."""

    buffers: list[bytes] = attrs.field(factory=list)


@attrs.define(slots=True)
class Message:
    """One lustre_msg.

    Attributes:
        dialect: in whose light it was read.
        direction: "request" or "reply".
        order: "little" or "big", the sender's byte order.
        header: `LustreMsgV1` or `LustreMsgV2`.
        body: the ptlrpc_body; None in a lustre_msg v1 (its header holds the same) and in a message wrapped by a
            security policy.
        format: the RPC format, or None when there is none for it.
        buffers: the format's request or reply class, or `Generic`.
        extra: what the declared buffers do not hold, or None.
        asked: of a reply the request it answers, where that was given and says what the reply's buffers hold
            (`RpcFormat.asks`); None otherwise. It is no part of the message: what is compared and written is not this.
    """

    dialect: Dialect
    direction: str
    order: ByteOrder
    header: Any
    body: Any
    format: RpcFormat | None
    buffers: Any
    extra: Extra | None = None
    asked: Message | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def version(self) -> int:
        """Version of the lustre_msg container, 1 or 2."""
        return lustre_msg.version_of(self.header)

    @property
    def opcode(self) -> int:
        """pb_opc or lm_opc; 0 in a wrapped message."""
        if self.body is not None:
            return int(self.body.pb_opc)
        return int(self.header.lm_opc) if isinstance(self.header, lustre_msg.LustreMsgV1) else 0

    @property
    def status(self) -> int:
        """pb_status or lm_status, signed: in a reply 0 or a negative errno, in a request the sender's pid."""
        raw = self.body.pb_status if self.body is not None else getattr(self.header, "lm_status", 0)
        return int(raw) - ((int(raw) & 0x80000000) << 1)

    @property
    def transno(self) -> int:
        """Transaction number."""
        return int(self.body.pb_transno if self.body is not None else getattr(self.header, "lm_transno", 0))

    @property
    def name(self) -> str:
        """The format's name, else the opcode's, else the number."""
        return self.format.name if self.format is not None else opcode_name(self.dialect, self.opcode)


def opcode_name(dialect: Dialect, opcode: int) -> str:
    """An opcode's name, else the number."""
    opcodes = dialect.enums.get("Opcode")
    return opcodes.name_of(opcode) if opcodes is not None else str(opcode)
