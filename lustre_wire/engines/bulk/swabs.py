"""Compiles what is swapped of a struct into the tables of the C core."""

from __future__ import annotations

from typing import Any

from lustre_wire.engines.bulk import Core
from lustre_wire.engines.bulk.leaves import swapped, tail_of
from lustre_wire.schema.struct import StructSpec
from lustre_wire.schema.types import FieldType, Scalar, Struct

SENDERS, LITTLE, BIG = range(3)
_FIXED = {"sender": SENDERS, "little": LITTLE, "big": BIG}


class Swabs:
    """Makes `lw_swab` tables and keeps their memory; one for each type, place and minimum."""

    def __init__(self, core: Core) -> None:
        self.ffi = core.ffi
        self.keep: list[Any] = []
        self._made: dict[Any, Any] = {}

    def new(self, kind: str, value: Any) -> Any:
        """C memory that lives as long as this object."""
        made = self.ffi.new(kind, value)
        self.keep.append(made)
        return made

    def swab(self, kind: FieldType, *, alone: bool, minimum: int = 0, repeated: bool = False) -> Any:
        """The `lw_swab *` of a scalar or struct; NULL where nothing of it is swapped."""
        key = (kind, alone, minimum, repeated)
        if key not in self._made:
            self._made[key] = self._compile(kind, alone, minimum or kind.size, repeated)
        return self._made[key]

    def _compile(self, kind: FieldType, alone: bool, minimum: int, repeated: bool) -> Any:
        places = swapped(kind, alone=alone)
        element, count = self.ffi.NULL, (0, 0, SENDERS)
        if isinstance(kind, Struct) and not (alone and not kind.cls.__wire__.swab):
            element, count = self._tail(kind.cls.__wire__, opaque=kind.opaque)
        if not places and element == self.ffi.NULL:
            return self.ffi.NULL
        ranges = self.new("lw_range[]", _merged(places))
        return self.new("lw_swab *", {
            "size": kind.size, "minimum": kind.size if repeated else minimum, "n_ranges": len(ranges), "ranges": ranges,
            "repeated": int(repeated), "count_at": count[0], "count_width": count[1],
            "count_order": count[2], "element": element,
        })  # fmt: skip

    def _tail(self, spec: StructSpec, *, opaque: bool) -> tuple[Any, tuple[int, int, int]]:
        """`lw_swab` of a flexible array's element, and (offset, width, order) of the number of elements."""
        tail = tail_of(spec, opaque=opaque)
        if tail is None or tail.opaque or not isinstance(tail.element, (Scalar, Struct)):
            return self.ffi.NULL, (0, 0, SENDERS)
        element = self.swab(tail.element, alone=False)
        if tail.count is None or tail.count_at is None:
            return element, (0, 0, SENDERS)
        order = LITTLE if tail.count.opaque else _FIXED[spec.order]
        return element, (tail.count_at, tail.count.size, order)


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(offset, width, count) of integers of one width that stand side by side."""
    out: list[tuple[int, int, int]] = []
    for offset, width in places:
        if out and out[-1][1] == width and out[-1][0] + width * out[-1][2] == offset:
            out[-1] = (out[-1][0], width, out[-1][2] + 1)
        else:
            out.append((offset, width, 1))
    return out
