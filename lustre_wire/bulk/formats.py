"""Compiles a dialect's formats into the tables by which the C core tells messages and buffers apart."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from lustre_wire.bulk import geometry
from lustre_wire.bulk.index import index_plan
from lustre_wire.dialects import Dialect
from lustre_wire.engines.bulk import Core
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.engines.bulk.swabs import Swabs, order_of
from lustre_wire.engines.chooser import grouped, looks
from lustre_wire.frames.lustre_msg import V1, V2
from lustre_wire.schema.conditions import Match, conditions, resolve
from lustre_wire.schema.rpc import RpcFormat, SlotSpec
from lustre_wire.schema.struct import spec_of


def ordered(forms: Iterable[RpcFormat]) -> list[RpcFormat]:
    """Formats of one opcode as they are tried: the most conditions first."""
    return [form for _, table in grouped(forms) for form in table.values()]


def deciding_numbers(forms: Iterable[RpcFormat]) -> list[tuple[int, int, int]]:
    """(buffer, offset, width) of the numbers in the sender's order by which requests of an opcode are told apart."""
    looked = [each for form in forms for each in looks(form)]
    return sorted({
        (peek.index, peek.cell.offset, peek.cell.width)
        for peek, condition in looked
        if condition.on_number and peek.cell is not None and peek.cell.swapped
    })  # fmt: skip


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
        classes = [head.cls for head in (V1, V2) for _ in geometry.ORDERS]
        headers = [self.swabs.swab(spec_of(cls).alone)[0] for cls in classes]
        numbers: list[tuple[int, int, int]] = []
        first_number, n_numbers = [0] * top, [0] * top
        for opcode, forms in dialect.by_opcode.items():
            first_number[opcode] = len(numbers)
            numbers += deciding_numbers(forms)
            n_numbers[opcode] = len(numbers) - first_number[opcode]
        self.c = new("lw_dialect *", {
            "index": index_plan(core, dialect, ""),
            "headers": new("lw_swab[]", headers),
            "body": self.swabs.swab(spec_of(dialect.body).alone, minimum=dialect.body_minimum),
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
                "swab": self.swabs.swab(s.node, minimum=s.minimum),
                "present": self._conditions(slots, s.present, inside=True), "n_present": len(s.present or {}),
            }
            for s in slots
        ]  # fmt: skip
        return {"slots": self.swabs.new("lw_slot[]", rows), "n_slots": len(rows)}

    def _conditions(self, slots: tuple[SlotSpec, ...], match: Match | None, *, inside: bool = False) -> Any:
        """`inside`: of a slot; a buffer that is too short for its type has no value, so no number to be looked at."""
        rows = []
        for path, condition in conditions(match):
            peek, row = resolve(slots, path), {"prefix": self._null}
            if peek.cell is not None:
                length = max(peek.end, slots[peek.index - 1].least) if inside else peek.end
                row |= {"offset": peek.cell.offset, "width": peek.cell.width, "length": length}
                row["order"] = order_of(peek.cell)
            row |= {"test": getattr(C, condition.test), "buffer": peek.index, **condition.row(peek, self._memory)}
            rows.append(row)
        return self.swabs.new("lw_condition[]", rows)

    def _memory(self, data: bytes) -> Any:
        return self.swabs.new("uint8_t[]", data)


@lru_cache(maxsize=64)
def formats(core: Core, dialect: Dialect) -> Formats:
    """A dialect's tables, made once."""
    return Formats(core, dialect)
