"""Space promised to clients for what they have not written yet (obdfilter/filter_io.c: filter_grant and its kin).

A client says with each transfer what it holds (`o_grant`), has used (`o_dirty`), gave up (`o_dropped`) and wants
(`o_undirty`); the answer says how much more it may use. Bytes throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lustre_wire.recovery.exports import Export
from lustre_wire.recovery.names import Names
from lustre_wire.testbed.operations import ObjectOp

#: The most that is granted at once (FILTER_GRANT_CHUNK), and a block of the disk.
CHUNK, BLOCK = 2 << 20, 4096


class Grants:
    """What the clients of one OST may still write without asking.

    Args:
        left: bytes that are free on the disk.
    """

    def __init__(self, k: Names, left: Callable[[], int]) -> None:
        self.k, self._left = k, left
        self._held: dict[bytes, int] = {}
        self._promised = 0  # to all of them, kept as a sum: there may be many

    def held(self, export: Export) -> int:
        return self._held.get(export.uuid, 0)

    @property
    def free(self) -> int:
        """Bytes neither used nor promised to anybody."""
        return max(0, self._left() - self._promised)

    def connected(self, export: Export, wanted: int) -> int:
        """What a client holds that connects and wants so much: what it held before, and perhaps more."""
        self._more(export, self.held(export), wanted)
        return self.held(export)

    def dropped(self, export: Export) -> None:
        self._promised -= self._held.pop(export.uuid, 0)

    def transfer(self, export: Export, asked: ObjectOp, pieces: list[Any]) -> int | None:
        """Note what a transfer says and uses.

        Args:
            pieces: the niobufs of a write, none of a read.

        Returns:
            What is granted besides; None for a client that says nothing of grants.
        """
        k = self.k
        says = k.OBD_MD_FLBLOCKS | k.OBD_MD_FLGRANT
        if not export.granted & k.OBD_CONNECT_GRANT or asked.valid & says != says:
            return None
        held = self.held(export)
        held -= min(asked.misc, held)
        if asked.valid & k.OBD_MD_FLFLAGS and asked.flags & k.OBD_FL_SHRINK_GRANT:
            held -= min(asked.grant, held)
        for piece in pieces:
            size = _whole(piece.rnb_offset + piece.rnb_len) - piece.rnb_offset // BLOCK * BLOCK
            held -= size if piece.rnb_flags & k.OBD_BRW_FROM_GRANT and size <= held else 0
        self._hold(export, held)
        return self._more(export, asked.grant, asked.mode) if pieces else 0

    def _more(self, export: Export, current: int, wanted: int) -> int:
        """Grant a client that has less than it wants; not one that does not know yet what it has."""
        held = self.held(export)
        if wanted > 0x7FFFFFFF or not current < wanted or not current < held + CHUNK:
            return 0
        more = min(_whole(wanted), self.free // 8 // BLOCK * BLOCK, CHUNK)
        self._hold(export, held + more)
        return more

    def _hold(self, export: Export, size: int) -> None:
        self._promised += size - self.held(export)
        self._held[export.uuid] = size


def _whole(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
