"""Compiles a dialect's formats into the tables by which the C core tells messages and buffers apart."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from lustre_wire.bulk import geometry
from lustre_wire.bulk.index import index_plan
from lustre_wire.dialects import Dialect
from lustre_wire.engines.bulk import Core
from lustre_wire.engines.bulk.swabs import BIG, LITTLE, SENDERS, Swabs
from lustre_wire.schema.peek import resolve
from lustre_wire.schema.rpc import (
    Absent,
    Bits,
    Condition,
    Items,
    Length,
    Match,
    NonZero,
    Prefix,
    RpcFormat,
    SlotSpec,
    Uncounted,
)
from lustre_wire.schema.types import Scalar, Struct, as_type

EQUAL, ANY, ABSENT, UNCOUNTED, HAS_LENGTH, PREFIX = range(6)


def ordered(forms: Iterable[RpcFormat]) -> list[RpcFormat]:
    """Formats of one opcode as they are tried: the most conditions first; of the same kind, the last declared first."""
    groups: dict[Any, dict[Any, RpcFormat]] = {}
    for form in forms:
        kinds = tuple((path, type(c), getattr(c, "mask", 0)) for path, c in form.match.items())
        groups.setdefault(kinds, {})[tuple(form.match.values())] = form
    found = sorted(groups.items(), key=lambda item: -len(item[0]))
    return [form for _, table in found for form in table.values()]


def deciding_numbers(forms: Iterable[RpcFormat]) -> list[tuple[int, int, int]]:
    """(buffer, offset, width) of the numbers in the sender's order by which requests of an opcode are told apart."""
    found = set()
    for form in forms:
        for path, condition in form.match.items():
            peek = resolve(form.request.__slot_specs__, path)
            if peek.scalar is None or isinstance(condition, (Absent, Uncounted, Length, Prefix)):
                continue
            if peek.scalar.size > 1 and _order(peek.scalar, peek.fixed_order) == SENDERS:
                found.add((peek.index, peek.offset, peek.scalar.size))
    return sorted(found)


class Formats:
    """A dialect's `lw_dialect`, and its formats in the order of its numbers."""

    def __init__(self, core: Core, dialect: Dialect) -> None:
        self.swabs = Swabs(core)
        self.formats: list[RpcFormat] = []
        self._null = core.ffi.NULL
        top = max(dialect.by_opcode, default=0) + 1
        first, count, of_reply = [0] * top, [0] * top, [-1] * top
        for opcode, forms in dialect.by_opcode.items():
            first[opcode] = len(self.formats)
            self.formats += ordered(forms)
            count[opcode] = len(self.formats) - first[opcode]
        self.numbers = {form.key: number for number, form in enumerate(self.formats)}
        for opcode, forms in dialect.by_opcode.items():
            own = [form for form in forms if not form.variant]
            if len(own) == 1:
                of_reply[opcode] = self.numbers[own[0].key]
        new = self.swabs.new
        members = dialect.enums["PtlrpcMsgType"].__members__
        classes = [cls for cls in geometry.VERSIONS.values() for _ in geometry.ORDERS]
        headers = [self.swabs.swab(Struct(cls), alone=True)[0] for cls in classes]
        numbers: list[tuple[int, int, int]] = []
        first_number, n_numbers = [0] * top, [0] * top
        for opcode, forms in dialect.by_opcode.items():
            first_number[opcode] = len(numbers)
            numbers += deciding_numbers(forms)
            n_numbers[opcode] = len(numbers) - first_number[opcode]
        self.c = new("lw_dialect *", {
            "index": index_plan(core, dialect, ""),
            "headers": new("lw_swab[]", headers),
            "body": self.swabs.swab(Struct(dialect.body), alone=True, minimum=dialect.body_minimum),
            "request_type": int(members["PTL_RPC_MSG_REQUEST"]),
            "n_opcodes": top,
            "first_number": new("uint32_t[]", first_number),
            "n_numbers": new("uint32_t[]", n_numbers),
            "numbers": new("lw_number[]", numbers),
            "first": new("uint32_t[]", first),
            "count": new("uint32_t[]", count),
            "of_reply": new("int32_t[]", of_reply),
            "formats": new("lw_format[]", [self._format(form) for form in self.formats]),
            "n_formats": len(self.formats),
        })  # fmt: skip

    def _format(self, form: RpcFormat) -> dict[str, Any]:
        slots = form.request.__slot_specs__
        return {
            "match": self._conditions(slots, form.match), "n_match": len(form.match),
            "request": self._side(slots), "reply": self._side(form.reply.__slot_specs__),
        }  # fmt: skip

    def _side(self, slots: tuple[SlotSpec, ...]) -> dict[str, Any]:
        rows = [
            {
                "swab": self._slot(s), "present": self._conditions(slots, s.present or {}, inside=True),
                "n_present": len(s.present or {}),
            }
            for s in slots
        ]  # fmt: skip
        return {"slots": self.swabs.new("lw_slot[]", rows), "n_slots": len(rows)}

    def _slot(self, slot: SlotSpec) -> Any:
        kind = slot.type
        if isinstance(kind, Items):
            return self.swabs.swab(as_type(kind.element), alone=True, repeated=True)
        if isinstance(kind, (Scalar, Struct)):
            return self.swabs.swab(kind, alone=True, minimum=slot.minimum)
        return self._null

    def _conditions(self, slots: tuple[SlotSpec, ...], match: Match, *, inside: bool = False) -> Any:
        rows = [self._condition(slots, path, condition, inside=inside) for path, condition in match.items()]
        return self.swabs.new("lw_condition[]", rows)

    def _condition(
        self, slots: tuple[SlotSpec, ...], path: str, condition: Condition, *, inside: bool
    ) -> dict[str, Any]:
        peek = resolve(slots, path)
        row: dict[str, Any] = {"buffer": peek.index, "offset": peek.offset, "prefix": self._null}
        if isinstance(condition, Absent):
            return row | {"test": ABSENT}
        if isinstance(condition, Uncounted):
            return row | {"test": UNCOUNTED}
        if isinstance(condition, Length):
            return row | {"test": HAS_LENGTH, "length": condition.size}
        if isinstance(condition, Prefix):
            data = self.swabs.new("uint8_t[]", condition.data)
            return row | {"test": PREFIX, "length": len(condition.data), "prefix": data}
        assert peek.scalar is not None
        width = peek.scalar.size
        length = peek.offset + width
        if inside:  # a slot that is too short for its type has no value
            slot = slots[peek.index - 1]
            length = max(length, slot.minimum or slot.type.size)
        every = (1 << 8 * width) - 1
        row |= {"width": width, "length": length, "order": _order(peek.scalar, peek.fixed_order)}
        if isinstance(condition, Bits):
            return row | {"test": ANY if condition.some else EQUAL, "mask": condition.mask, "value": condition.mask}
        if isinstance(condition, NonZero):
            return row | {"test": ANY, "mask": every}
        return row | {"test": EQUAL, "mask": every, "value": int(condition) & every}


def _order(scalar: Scalar, fixed: str) -> int:
    if scalar.opaque:
        return LITTLE
    return {"": SENDERS, "little": LITTLE, "big": BIG}[fixed]


@lru_cache(maxsize=64)
def formats(core: Core, dialect: Dialect) -> Formats:
    """A dialect's tables, made once."""
    return Formats(core, dialect)
