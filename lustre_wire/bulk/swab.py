"""Whole messages to the other byte order."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from lustre_wire import rpc
from lustre_wire.bulk import geometry, walk
from lustre_wire.bulk.formats import formats as compiled
from lustre_wire.bulk.formats import ordered
from lustre_wire.bulk.given import dialect_of, each
from lustre_wire.bulk.index import columns_table
from lustre_wire.bulk.reason import Reason
from lustre_wire.bulk.turn import turned
from lustre_wire.dialects import Dialect
from lustre_wire.engines import bulk as engine
from lustre_wire.engines.bulk.columns import Columns, flat, overlap, span
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.errors import WireError
from lustre_wire.schema.rpc import RpcFormat

MESSAGES = columns_table({
    C.LW_SWAB_OFFSET: ("offset", "Q"), C.LW_SWAB_LENGTH: ("length", "I"), C.LW_SWAB_REASON: ("reason", "B"),
    C.LW_SWAB_FORMAT: ("format", "i"),
})  # fmt: skip
#: The format of each reply, which its request decides: one for all, or one (or None) for each message.
ReplyFormats = RpcFormat | str | Sequence[RpcFormat | str | None] | None


def swab(messages: Any, dialect: Dialect | str, out: Any = None, *, formats: ReplyFormats = None) -> Columns:
    """Turn messages into the other byte order by the dialect's own swap rules: what Lustre's receivers swap, no more.

    Each message goes to the order it is not in, so swabbing twice gives the same bytes again: the numbers by which
    requests are told apart are swapped even where nothing else of their buffer is.

    Args:
        messages: concatenated messages, as any contiguous object with the buffer protocol.
        dialect: the connection's dialect.
        out: where the result goes, as long as the input and apart from it; unless given the messages are changed in
            place.
        formats: the RPC formats of replies that their opcode does not tell (an intent's): one for all, or one for each
            message, None where the opcode is enough.

    Returns:
        `offset` and `length` of each message or bad stretch of bytes, `reason` (one of `Reason`) and `format`, the
        number of its format or -1. Messages that receivers refuse, and bad bytes, stay as they are; of a message with
        reason NO_FORMAT the header and the ptlrpc_body were swapped.

    Raises:
        WireError: an unusable buffer or argument, `out` of another length or overlapping, an unknown dialect or format.
    """
    found = dialect_of(dialect)
    data = flat(messages, "messages", writable=out is None)
    target = data if out is None else flat(out, "out", writable=True)
    if target.nbytes != data.nbytes:
        raise WireError(f"expected {data.nbytes} bytes, got {target.nbytes}", path="out")
    if span(target) != span(data) and overlap(target, data):
        raise WireError("out overlaps the messages without being the same", path="out")
    replies = _Replies(found, formats)
    core = engine.native()
    if core is None:
        return _by_record(found, data, target, replies)
    return _by_core(core, found, data, target, replies)


class _Replies:
    """The formats that were given for replies: `every` for all of them, or `each` for one after the other."""

    def __init__(self, dialect: Dialect, formats: ReplyFormats) -> None:
        self.every: RpcFormat | None = None
        self.each: list[RpcFormat | None] = []
        if formats is None or isinstance(formats, (RpcFormat, str)):
            self.every = _format(dialect, formats)
        else:
            kinds = (RpcFormat, str, type(None))
            self.each = [_format(dialect, form) for form in each(formats, kinds, "RPC formats or names", "formats")]

    def of(self, number: int) -> RpcFormat | None:
        """The format of reply `number`, None where the opcode decides."""
        return self.each[number] if number < len(self.each) else self.every

    def numbers(self, known: dict[str, int]) -> tuple[array[int], int]:
        """The numbers of the formats given for each message, and of that for every other; -1 for none."""
        each = array("i", [-1 if form is None else known[form.key] for form in self.each])
        return each, -1 if self.every is None else known[self.every.key]


def _by_core(core: engine.Core, dialect: Dialect, data: memoryview, target: memoryview, replies: _Replies) -> Columns:
    tables, ffi = compiled(core, dialect), core.ffi
    each, every = replies.numbers(tables.numbers)
    numbers = ffi.new("int32_t[]", each.tolist())
    columns = Columns.allocate(MESSAGES, data.nbytes // _USUAL + 16)
    state = ffi.new("lw_walk *")
    size, source, out = data.nbytes, core.pointer(data), core.pointer(target)
    while True:
        state.max_rows = columns.rows
        pointers = columns.pointers(core)
        if core.lib.lw_swab_messages(tables.c, source, size, out, numbers, len(each), every, state, pointers):
            return columns.slice(0, state.rows)
        columns = columns.grown(columns.rows * 2)


#: Bytes of a message of the usual size.
_USUAL = 256


def _format(dialect: Dialect, form: RpcFormat | str | None) -> RpcFormat | None:
    if form is None:
        return None
    found = dialect.rpcs.get(form.key if isinstance(form, RpcFormat) else form)
    if found is None:
        raise WireError(f"no RPC format {form!r}", path="formats", dialect=dialect.name)
    return found


def _by_record(dialect: Dialect, data: memoryview, target: memoryview, replies: _Replies) -> Columns:
    rows: list[tuple[int, int, int, int]] = []
    what = geometry.rules(dialect)
    numbers = {form: number for number, form in enumerate(_all(dialect))}
    for row in walk.messages(data, what):
        reason, number = row.reason, -1
        whole = bytes(data[row.offset : row.end])
        if reason in (Reason.GOOD, Reason.WRAPPED):
            message = rpc.decode(whole, dialect, request=replies.of(len(rows)))
            whole = turned(message, whole)
            if message.format is not None:
                number = numbers[message.format.key]
            elif reason == Reason.GOOD:
                reason = Reason.NO_FORMAT
        target[row.offset : row.end] = whole
        rows.append((row.offset, row.end - row.offset, reason, number))
    columns = Columns.allocate(MESSAGES, len(rows))
    for name, values in zip(MESSAGES.numbers, zip(*rows, strict=True), strict=False):
        for i, value in enumerate(values):
            columns[name][i] = value
    return columns


def _all(dialect: Dialect) -> list[str]:
    """Keys of all formats in the order of their numbers."""
    return [form.key for forms in dialect.by_opcode.values() for form in ordered(forms)]
