"""Compiles what is swapped of a struct into the tables of the C core."""

from __future__ import annotations

from typing import Any

from lustre_wire.engines.bulk import Core
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.schema.nodes import Cell, Group, Node, Repeat, swapped_in

_ORDERS = {"sender": C.LW_SENDERS, "sent": C.LW_LITTLE, "little": C.LW_LITTLE, "big": C.LW_BIG_ENDIAN}


class Swabs:
    """Makes `lw_swab` tables and keeps their memory; one for each type and minimum."""

    def __init__(self, core: Core) -> None:
        self.ffi = core.ffi
        self.keep: list[Any] = []
        self._made: dict[Any, Any] = {}

    def new(self, kind: str, value: Any) -> Any:
        """C memory that lives as long as this object."""
        made = self.ffi.new(kind, value)
        self.keep.append(made)
        return made

    def swab(self, node: Node, *, minimum: int = 0) -> Any:
        """The `lw_swab *` of what fills a buffer, or of an element; NULL where nothing of it is swapped."""
        repeated = isinstance(node, Repeat)
        element = node.node if isinstance(node, Repeat) else node
        what = element.cls if isinstance(element, Group) else element.width
        key = (what, getattr(element, "order", None), minimum, repeated)
        if key not in self._made:
            self._made[key] = self._compile(element, minimum or element.width, repeated)
        return self._made[key]

    def _compile(self, node: Node, minimum: int, repeated: bool) -> Any:
        places = [(at - node.offset, width) for at, width in swapped_in(node)]
        element, count = self._tail(node) if isinstance(node, Group) else (self.ffi.NULL, {})
        if not places and element == self.ffi.NULL:
            return self.ffi.NULL
        ranges = self.new("lw_range[]", _merged(places))
        return self.new("lw_swab *", {
            "size": node.width, "minimum": node.width if repeated else minimum, "n_ranges": len(ranges),
            "ranges": ranges, "repeated": int(repeated), "element": element, **count,
        })  # fmt: skip

    def _tail(self, group: Group) -> tuple[Any, dict[str, int]]:
        """`lw_swab` of a flexible array's element, and where the number of elements stands."""
        tail, number = group.tail, group.limit
        if tail is None:
            return self.ffi.NULL, {}
        element = self.swab(tail.node)
        if number is None:
            return element, {}
        return element, {
            "count_at": number.offset - group.offset, "count_width": number.width, "count_order": order_of(number),
        }  # fmt: skip


def order_of(cell: Cell) -> int:
    """The `lw_order` of a number."""
    return _ORDERS[cell.order or "sender"]


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(offset, width, count) of integers of one width that stand side by side."""
    out: list[tuple[int, int, int]] = []
    for offset, width in places:
        if out and out[-1][1] == width and out[-1][0] + width * out[-1][2] == offset:
            out[-1] = (out[-1][0], width, out[-1][2] + 1)
        else:
            out.append((offset, width, 1))
    return out
