"""Open files across a change of dialect: their opens are made again from what the client knows (TH-4, B10).

The new request keeps the number and the transno of the one it stands for; what is left of its effect is "open this
object": nothing is created, and nothing but the object's identity decides what is opened.
"""

from __future__ import annotations

import stat
from typing import Any

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.recovery.ldlm import Bits, Lock
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.node import OpenFile
from lustre_wire.testbed.operations import Ident
from lustre_wire.testbed.packing import packer


def renamed(ident: Ident, dialect: Dialect, mode: int) -> Ident:
    """An object named by inode and generation, as a dialect names it: the same two numbers in either (IGIF)."""
    return (ident[0], ident[1], 0 if packer(dialect).personality.client_names else stat.S_IFMT(mode))


def open_again(file: OpenFile, dialect: Dialect) -> None:
    """Put a new open in the place of a file's open request, ready to be replayed."""
    request, old = file.request, file.request.message
    k = names(dialect)
    file.ident = renamed(file.ident, dialect, file.mode)
    asked = _open(file, dialect, k)
    message = packer(dialect).request(asked, "LDLM_ENQUEUE/INTENT_OPEN")
    message.buffers.dlm_req.lock_flags |= k.LDLM_FL_INTENT_ONLY
    carry(old, message)
    request.message, request.op = message, asked


def _open(file: OpenFile, dialect: Dialect, k: Any) -> op.Open:
    before: op.Open = file.request.op
    parent = renamed(before.parent, dialect, stat.S_IFDIR)
    creating = k.MDS_OPEN_CREAT | k.MDS_OPEN_EXCL | k.MDS_OPEN_TRUNC
    bits = Bits(packer(dialect).personality.open_bits)
    lock = Lock(before.dlm_req.lock_handle[0].cookie, k.LDLM_IBITS, (parent[0], parent[1], 0, 0), k.LCK_CR, bits)
    return op.Open(
        uid=before.uid, gid=before.gid, cap=before.cap, suppgid=before.suppgid, suppgid2=before.suppgid2,
        parent=parent, child=file.ident, name=before.name, intent=k.IT_OPEN, flags=before.flags & ~creating,
        mode=file.mode, time=before.time, old_handle=file.handle,
        dlm_req=request_of(dialect, lock, k.LDLM_FL_HAS_INTENT, 1),
    )  # fmt: skip


def carry(old: rpc.Message, new: rpc.Message) -> None:
    """What a replay owes to the first time: flags, transno and versions."""
    for name in ("pb_flags", "pb_transno", "pb_pre_versions"):
        setattr(new.body, name, getattr(old.body, name))


def kept_opens(requests: list[Request]) -> list[Request]:
    """The open records of a replay list."""
    return [request for request in requests if request.keep]
