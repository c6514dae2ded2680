"""What a target remembers of its answers, to answer a request again without doing it again (R24, R25)."""

from __future__ import annotations

from typing import Any

from lustre_wire.recovery.exports import Incoming
from lustre_wire.recovery.last_rcvd import LastRcvd
from lustre_wire.recovery.names import Names
from lustre_wire.recovery.store import Store

#: How many answers are remembered of a client that may make several changes at a time, closes included.
MAX_TAGS = 16


class LastAnswers:
    """The answers to clients' last changes: in their slots of last_rcvd, or under tags in the store."""

    def __init__(self, store: Store, last_rcvd: LastRcvd, k: Names) -> None:
        self._store, self._last_rcvd, self._k = store, last_rcvd, k

    def slot(self, request: Incoming) -> Any:
        """The slot of a request's client, where it holds what was answered to this very request; None otherwise."""
        export = request.export
        slot = self._last_rcvd.slot(export.slot) if export.slot >= 0 and self._last_rcvd.metadata else None
        return slot if slot is not None and request.xid in (slot.lcd_last_xid, slot.lcd_last_close_xid) else None

    def tagged(self, request: Incoming) -> Any:
        """What was answered to this very request of a client that has tags; None otherwise."""
        tag = self._tag(request)
        slot = self._store.get(tag) if tag is not None else None
        return slot if slot is not None and request.xid == slot.lcd_last_xid else None

    def remember(self, request: Incoming, status: int) -> None:
        """Write down what a request that changed something is answered."""
        export, tag = request.export, self._tag(request)
        if export.slot < 0 or self._repeatable(request):
            return
        slot = self._last_rcvd.slot(export.slot) if tag is None else self._last_rcvd.empty()
        if tag is None and request.message.opcode == self._k.MDS_CLOSE:
            slot.lcd_last_close_transno, slot.lcd_last_close_xid = request.transno, request.xid
            slot.lcd_last_close_result, slot.lcd_last_close_data = status & 0xFFFFFFFF, request.disposition
        else:  # under a tag whatever it is, a close too
            slot.lcd_last_transno, slot.lcd_last_xid = request.transno, request.xid
            slot.lcd_last_result, slot.lcd_last_data = status & 0xFFFFFFFF, request.disposition
            slot.lcd_pre_versions = list(request.versions)
        if tag is not None:
            self._store.set(tag, slot)
            return
        slot.lcd_last_epoch = request.transno >> self._k.LR_EPOCH_BITS
        self._last_rcvd.write(export.slot, slot)

    def _repeatable(self, request: Incoming) -> bool:
        """Is it about the bytes of a file on an MDT? It can be done twice, and has no turn among a client's changes."""
        k = self._k
        return self._last_rcvd.metadata and request.message.opcode in (k.OST_WRITE, k.OST_PUNCH)

    def forget(self, uuid: bytes) -> None:
        """A client is gone, and so are its tags; its slot is freed with it."""
        for tag in range(1, MAX_TAGS + 1):
            self._store.delete(("reply", uuid, tag))

    def _tag(self, request: Incoming) -> tuple[str, bytes, int] | None:
        """Under what the answer to a change is remembered, of a client that may make several at a time: its tag.

        None for a client that may not, whose last answer is in its slot (target/tgt_lastrcvd.c: tgt_reply_data).
        """
        if not request.export.granted & self._k.flag("OBD_CONNECT_MULTIMODRPCS"):
            return None
        tag = int(request.message.body.pb_tag)
        return ("reply", request.export.uuid, tag) if 0 < tag <= MAX_TAGS else None
