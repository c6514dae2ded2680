"""Recovery facts that 1.8 and 2.0 have in common."""

from __future__ import annotations

from typing import Final

from lustre_codecs.common.constants import Opcode

#: Opcodes an OST serves while it recovers (ost/ost_handler.c: ost_filter_recovery_request).
OST_DURING_RECOVERY: Final = frozenset({
    Opcode.OBD_PING, Opcode.OST_CREATE, Opcode.OST_DESTROY, Opcode.OST_PUNCH, Opcode.OST_SETATTR, Opcode.OST_SYNC,
    Opcode.OST_WRITE, Opcode.OBD_LOG_CANCEL, Opcode.LDLM_ENQUEUE,
})  # fmt: skip

#: Opcodes an MDS of either version serves while it recovers.
MDS_DURING_RECOVERY: Final = frozenset({
    Opcode.MDS_CLOSE, Opcode.MDS_SYNC, Opcode.OBD_PING, Opcode.MDS_REINT, Opcode.LDLM_ENQUEUE,
})  # fmt: skip
