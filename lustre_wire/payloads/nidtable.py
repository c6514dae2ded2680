"""The table of NIDs: where the targets of a file system are, as MGS_CONFIG_READ brings it to who has lost one.

Entries follow each other, each a head and its NIDs, of 8 bytes or of 20; the last of a unit is as long as what is left
of it. They have the byte order of the MGS. Source: mgs/mgs_nids.c, mgc/mgc_request.c:mgc_apply_recover_logs of 2.17.0.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames.nid import LnetNid, Nid
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import OTHER, head_at, pack, peek, struct_of, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["Target", "read", "write"]

_ENTRY: Final = "mgs_nidtbl_entry"
_SMALL: Final = 8


@attrs.frozen
class Target:
    """Where a target is.

    Attributes:
        head: its `MgsNidtblEntry`, which has its index and version.
        nids: its NIDs.
        rest: what follows them, to the end of the entry.
    """

    head: Any
    nids: tuple[Nid, ...]
    rest: bytes = b""


@checked
def read(data: bytes, dialect_: Dialect | str, order: ByteOrder = "little") -> tuple[Target, ...]:
    """The entries of a table of NIDs.

    Args:
        order: the MGS's byte order, where the bytes leave a choice.

    Raises:
        TruncatedError: they end in an entry.
        WireError: an entry shorter than its NIDs, or with NIDs of no size that they have.
    """
    found, data = dialect(dialect_), octets(data, "data")
    cls, at, targets = struct_of(found, _ENTRY), 0, []
    if data and not _possible(cls, data, order) and _possible(cls, data, OTHER[order]):
        order = OTHER[order]
    while at < len(data):
        head, start = head_at(data, at, _ENTRY, found, order)
        size, end = head.mne_nid_size or _SMALL, at + head.mne_length
        if size not in (_SMALL, spec_of(LnetNid).size):
            raise WireError(f"expected 8 or 20, got {size}", path="mne_nid_size", offset=at)
        stop = start + size * head.mne_nid_count
        if stop > end:
            raise WireError(f"expected at least {stop - at}, got {head.mne_length}", path="mne_length", offset=at)
        if end > len(data):
            raise TruncatedError(f"expected {head.mne_length} bytes, got {len(data) - at}", path=_ENTRY, offset=at)
        nids = tuple(_nid(data[place : place + size], order) for place in range(start, stop, size))
        targets.append(Target(head, nids, data[stop:end]))
        at = end
    return tuple(targets)


def _possible(cls: Any, data: bytes, order: ByteOrder) -> bool:
    """Whether the first entry has a length that fits."""
    return spec_of(cls).size <= peek(cls, "mne_length", data, order) <= len(data)


def _nid(data: bytes, order: ByteOrder) -> Nid:
    found: Nid = unpack(LnetNid, data, "big") if len(data) > _SMALL else int.from_bytes(data, order)
    return found


@checked
def write(targets: tuple[Target, ...], order: ByteOrder = "little") -> bytes:
    """The bytes of entries; their lengths and counts are written as they stand.

    Raises:
        WireError: a value that does not fit its field.
    """
    out = []
    for target in targets:
        out += [pack(target.head, order), *(_nid_bytes(nid, order) for nid in target.nids), target.rest]
    return b"".join(out)


def _nid_bytes(nid: Nid, order: ByteOrder) -> bytes:
    if isinstance(nid, LnetNid):
        return pack(nid, "big")
    if not 0 <= nid < 1 << 8 * _SMALL:
        raise WireError(f"expected a number of {_SMALL} bytes, got {nid:#x}", path="nids")
    return nid.to_bytes(_SMALL, order)
