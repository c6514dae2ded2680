"""MEA: the layout of a directory split over several MDTs, which 2.0 alone has (trusted.lmv).

It has its writer's byte order, told by the magic. Source: lustre_idl.h and lmv/lmv_fld.c of 2.0.0.
"""

from __future__ import annotations

from typing import Any, Final

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import OTHER, pack, peek, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["read", "write"]

_STRUCT: Final = "lmv_stripe_md"
_MAGIC: Final = "mea_magic"


@checked
def read(data: bytes, dialect_: Dialect | str) -> tuple[Any, ByteOrder]:
    """The struct `LmvStripeMd` with the FIDs of the directory's parts, and its byte order.

    Raises:
        TruncatedError: too short for the struct, or for the FIDs it announces.
        WireError: another magic, or a dialect without split directories.
    """
    found, data = dialect(dialect_), octets(data, "data")
    cls = found.structs.get(_STRUCT)
    if cls is None:
        raise WireError("directories are never split", path=_STRUCT, dialect=found.name)
    for order in OTHER:
        if peek(cls, _MAGIC, data, order) in spec_of(cls).by_name[_MAGIC].magic:
            made = unpack(cls, data, order)
            if len(made.mea_ids) < made.mea_count:
                missing = f"expected {made.mea_count} FIDs, got {len(made.mea_ids)}"
                raise TruncatedError(missing, path="mea_ids", dialect=found.name)
            return made, order
    got = peek(cls, _MAGIC, data, "little")
    raise WireError(f"no split directory has the magic {got:#x}", path=_MAGIC, offset=0, dialect=found.name)


@checked
def write(mea: Any, order: ByteOrder = "little") -> bytes:
    """The bytes of a split directory's layout.

    Raises:
        WireError: a value that does not fit its field.
    """
    return pack(mea, order)
