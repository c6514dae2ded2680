"""What logs have in common, whichever release wrote them: headers of every chunk size.

Source: lustre_idl.h and llog_osd.c of 2.17.0. Logs of updates have chunks of 32 KiB from 2.8 on (lod/lod_dev.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from lustre_codecs.common.structs import LlogLogHdr
from lustre_wire.schema import U32, Array, spec_of, wire_struct

_SMALL: Final = spec_of(LlogLogHdr)


def _header(size: int) -> Any:
    """The header of a log of larger chunks: its bitmap fills what is left of the first one."""
    proto = LlogLogHdr()
    words = len(proto.llh_bitmap) + (size - _SMALL.size) // U32.size
    hints = {f.name: Annotated[(f.enum or object, f.type, *((f.shown,) if f.shown else ()))] for f in _SMALL.fields}
    hints["llh_bitmap"] = Annotated[list[int], Array(U32.as_sent(), words)]
    values = {name: getattr(proto, name) for name in hints} | {"llh_bitmap": [0] * words}
    made = type("LlogLogHdr", (), {"__annotations__": hints, "__doc__": LlogLogHdr.__doc__, **values})
    return wire_struct(size=size, c_name=_SMALL.name)(made)


#: The struct of a log's header by the size of its chunks in bytes.
HEADERS: Final[Mapping[int, Any]] = {
    _SMALL.size: LlogLogHdr, **{size: _header(size) for size in (16384, 32768, 65536)}
}  # fmt: skip
