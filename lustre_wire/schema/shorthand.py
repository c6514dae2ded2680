"""Short names of the annotations that many fields have: an integer by its width, and how people read it."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import u32, u64

id32: TypeAlias = Annotated[u32, Shown.ID]
hex32: TypeAlias = Annotated[u32, Shown.HEX]
hex64: TypeAlias = Annotated[u64, Shown.HEX]
mode32: TypeAlias = Annotated[u32, Shown.MODE]
time64: TypeAlias = Annotated[u64, Shown.TIME]
bytes32: TypeAlias = Annotated[u32, Shown.BYTES]
bytes64: TypeAlias = Annotated[u64, Shown.BYTES]
