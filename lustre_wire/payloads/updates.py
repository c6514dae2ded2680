"""Many operations in one buffer: updates of objects between targets (OUT_UPDATE), and what came of each.

An `object_update_request` is a head, and updates behind each other, each a head and its parameters, of which each
begins at a multiple of 8 bytes. An `object_update_reply` is a head with the length of every result, and the results,
which begin at multiples of 8 bytes too. In a log, `update_records` are operations, which say their parameters by
number, and the parameters behind all of them. Source: lustre_update.h, target/out_lib.c, update_records.c and
update_trans.c of 2.17.0.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect, granted
from lustre_wire.engines import payload
from lustre_wire.errors import TruncatedError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import expect, formats_inside, head_at, pack, peek, round8, struct_of, unpack
from lustre_wire.rpc import REPLY, REQUEST, Generic, Message
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.rpc import Buffers
from lustre_wire.schema.struct import field_at, spec_of

__all__ = [
    "Recorded", "Result", "Results", "Update", "Updates", "declared_by", "inline", "operation", "outcome", "read",
    "read_records", "read_results", "write", "write_results",
]  # fmt: skip

_OPERATION: Final = "update_op"
#: The variant of a format that a log has, where its parameters are written otherwise than in a message.
_IN_LOGS: Final = "in logs"


@attrs.define(slots=True)
class Update:
    """One update: its head (`object_update`), and the bytes of its parameters."""

    head: Any
    params: tuple[bytes, ...]

    @property
    def type(self) -> Any:
        """Which update it is (OUT_CREATE ...)."""
        return self.head.ou_type

    @property
    def fid(self) -> Any:
        """The object."""
        return self.head.ou_fid


@attrs.define(slots=True)
class Recorded:
    """One update of a log: its head (`update_op`), and its parameters, b"" for one that another record has."""

    head: Any
    params: tuple[bytes, ...]

    @property
    def type(self) -> Any:
        """Which update it is (OUT_CREATE ...)."""
        return self.head.uop_type

    @property
    def fid(self) -> Any:
        """The object."""
        return self.head.uop_fid


@attrs.define(slots=True)
class Updates:
    """Updates that travel together: the head (`object_update_request`), the updates, what is behind the last one."""

    head: Any
    updates: tuple[Update, ...]
    rest: bytes = b""


@attrs.define(slots=True)
class Result:
    """What came of one update.

    Attributes:
        head: `object_update_result`; `our_rc` is its status.
        data: its data, as far as they are there: what an OUT_READ reads travels in bulk.
        size: bytes that the reply says it has, head included; 0 for as many as there are.
    """

    head: Any
    data: bytes
    size: int = 0


@attrs.define(slots=True)
class Results:
    """What came of updates: the head (`object_update_reply`), the results, and what is behind the last one."""

    head: Any
    results: tuple[Result, ...]
    rest: bytes = b""


def _bytes(data: bytes, at: int, size: int, path: str) -> bytes:
    if len(data) - at < size:
        raise TruncatedError(f"expected {size} bytes, got {len(data) - at}", path=path, offset=at)
    return data[at : at + size]


@checked
def inline(
    data: Any, of: Dialect | str, order: ByteOrder = "little", head: str = "out_update_header"
) -> tuple[Any, bytes]:
    """The head in the first buffer of an OUT_UPDATE (of an MDS_BATCH: a `but_update_header`), and what is behind it.

    Raises:
        TruncatedError: less than a head.
        WireError: no such struct in the dialect.
    """
    wanted, view = dialect(of), bytes(octets(data))
    found, end = head_at(view, 0, head, wanted, order)
    return found, view[end:]


@checked
def read(data: Any, of: Dialect | str, order: ByteOrder = "little") -> Updates:
    """The updates of an `object_update_request`.

    Raises:
        TruncatedError: fewer bytes than its counts and lengths say.
    """
    wanted, view = dialect(of), bytes(octets(data))
    head, at = head_at(view, 0, "object_update_request", wanted, order)
    updates = []
    for _ in range(head.ourq_count):
        update, at = head_at(view, at, "object_update", wanted, order)
        params, at = _params(view, at, update.ou_params_count, wanted, order)
        updates.append(Update(update, tuple(params)))
    return Updates(head, tuple(updates), view[at:])


def _params(view: bytes, at: int, count: int, wanted: Dialect, order: ByteOrder) -> tuple[list[bytes], int]:
    """So many parameters, and where they end."""
    params = []
    for _ in range(count):
        param, at = head_at(view, at, "object_update_param", wanted, order)
        params.append(_bytes(view, at, param.oup_len, "oup_buf"))
        at = min(at + round8(param.oup_len), len(view))
    return params, at


@checked
def declared_by(of: Dialect | str) -> Dialect:
    """Whose declarations tell of updates in logs: the dialect's own, or the newest ones where it has no such logs."""
    wanted = dialect(of)
    return wanted if _OPERATION in wanted.structs else granted()[-1]


@checked
def read_records(records: Any, of: Dialect | str, order: ByteOrder = "little") -> tuple[Recorded, ...]:
    """The updates in the `update_records` of a log record.

    A transaction that is too long for one record goes on in the next, which may have the parameters of operations here.

    Raises:
        TruncatedError: fewer bytes than its counts and lengths say.
        WireError: another struct.
    """
    expect(records, "update_records")
    wanted, view = dialect(of), bytes(octets(records.ur_ops))
    cls = struct_of(wanted, _OPERATION)
    numbers, size = field_at(cls, "uop_params_off")[0], spec_of(cls).size
    at, ops = 0, []
    for _ in range(records.ur_update_count):
        count = peek(cls, "uop_param_count", view, order, at)
        whole = _bytes(view, at, numbers + 2 * count, "uop_params_off")
        op = unpack(cls, whole.ljust(size, b"\0"), order)
        op.uop_params_off = op.uop_params_off[:count]
        ops.append(op)
        at += len(whole)
    params, _ = _params(view, at, records.ur_param_count, wanted, order)
    known = dict(enumerate(params))
    return tuple(Recorded(op, tuple(known.get(number, b"") for number in op.uop_params_off)) for op in ops)


@checked
def write(updates: Updates, of: Dialect | str, order: ByteOrder = "little") -> bytes:
    """The bytes of an `object_update_request`; its count and those of the updates are those of what is there.

    Raises:
        WireError: a value that does not fit its field.
    """
    wanted = dialect(of)
    param_of = struct_of(wanted, "object_update_param")
    updates.head.ourq_count = len(updates.updates)
    out = [pack(updates.head, order)]
    for update in updates.updates:
        update.head.ou_params_count = len(update.params)
        out.append(pack(update.head, order))
        for param in update.params:
            out += [pack(param_of(oup_len=len(param)), order), param.ljust(round8(len(param)), b"\0")]
    return b"".join(out) + updates.rest


@checked
def operation(update: Update | Recorded, of: Dialect | str, order: ByteOrder = "little") -> Message:
    """An update as a message whose buffers are its parameters; it has no header and no ptlrpc_body.

    Of a type that the dialect does not have there is no format, and the buffers are `Generic`.
    """
    wanted = dialect(of)
    form = formats_inside(wanted, "OUT_UPDATE").get(int(update.type))
    if form is not None and isinstance(update, Recorded):
        form = wanted.rpcs.get(f"{form.name} ({_IN_LOGS})", form)
    buffers, extra = _buffers(form.request if form is not None else None, list(update.params), order)
    return Message(wanted, REQUEST, order, None, None, form, buffers, extra)


@checked
def outcome(result: Result, asked: Message) -> Message:
    """The result of an `operation` in the same way: its data are a buffer."""
    form, data = asked.format, [result.data] if result.data else []
    buffers, extra = _buffers(form.reply if form is not None else None, data, asked.order)
    return Message(asked.dialect, REPLY, asked.order, None, None, form, buffers, extra, asked)


def _buffers(side: type[Buffers] | None, pieces: list[bytes], order: ByteOrder) -> tuple[Any, Any]:
    if side is None:
        return Generic(pieces), None
    # the first buffer stands where other messages have their ptlrpc_body
    ends = [0, *accumulate(round8(len(piece)) for piece in pieces)]
    data = b"".join(piece.ljust(round8(len(piece)), b"\0") for piece in pieces)
    return payload.codec(side, order).unpack(data, [0, *ends[:-1]], [0, *map(len, pieces)])


@checked
def read_results(data: Any, of: Dialect | str, order: ByteOrder = "little") -> Results:
    """The results of an `object_update_reply`.

    Raises:
        TruncatedError: fewer bytes than its count says, or a result without a head.
    """
    wanted, view = dialect(of), bytes(octets(data))
    start, end = head_at(view, 0, "object_update_reply", wanted, order)
    lens = _bytes(view, end, 2 * start.ourp_count, "ourp_lens")
    head = unpack(type(start), view[: end + len(lens)], order)
    at = min(round8(end + len(lens)), len(view))
    results = []
    for length in head.ourp_lens:
        whole = view[at : at + length]
        result, begin = head_at(whole, 0, "object_update_result", wanted, order)
        results.append(Result(result, whole[begin:], length))
        at = min(at + round8(length), len(view))
    return Results(head, tuple(results), view[at:])


@checked
def write_results(results: Results, order: ByteOrder = "little") -> bytes:
    """The bytes of an `object_update_reply`; its count and lengths are those of its results.

    Raises:
        WireError: a value that does not fit its field.
    """
    pieces = [pack(result.head, order) + result.data for result in results.results]
    results.head.ourp_count = len(pieces)
    results.head.ourp_lens = [r.size or len(piece) for r, piece in zip(results.results, pieces, strict=True)]
    whole = [pack(results.head, order), *pieces]
    short = any(size > len(piece) for size, piece in zip(results.head.ourp_lens, pieces, strict=True))
    out = b"".join(piece.ljust(round8(len(piece)), b"\0") for piece in whole[: len(whole) - short])
    return out + b"".join(whole[len(whole) - short :]) + results.rest
