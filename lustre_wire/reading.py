"""What decoding remembers of a dialect, and messages of version 2 read in one step by what is remembered.

For each dialect, byte order and tuple of buffer lengths there is a plan; in it, for each kind of message (type, version
and opcode of its ptlrpc_body), how its format is found and which generated function reads it (`engines.whole`).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record, telling, whole
from lustre_wire.engines.chooser import Chooser, possible
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import BUFCOUNT, MAGIC, LustreMsgV2, Shape
from lustre_wire.message import REPLY, REQUEST, Generic, Message
from lustre_wire.schema import spec_of
from lustre_wire.schema.nodes import PREFIX, ByteOrder, Cell
from lustre_wire.schema.rpc import Buffers, RpcFormat

#: For how many different buffer lengths one dialect remembers how they are read, and for how many kinds of messages
#: each; when there are more, all are forgotten.
_MOST_PLANS, _MOST_WAYS = 1024, 64

Way = tuple[str, "Chooser | None", "RpcFormat | None", "_Reads"]
"""How a message is read: its direction, what finds its format, the format where nothing else does, the functions."""


_Told = tuple[str, "telling.Tell | None", "RpcFormat"]
"""The beginning of a JSON text, what gives the rest, and the format, so that nothing else gets its id."""
_Tells = dict[int, _Told]
"""By the id of the format."""


class Reader:
    """What decoding needs of one dialect in one byte order, looked up once."""

    def __init__(self, dialect: Dialect, order: ByteOrder) -> None:
        self.dialect = dialect
        self.order: ByteOrder = order
        body = record.codec(dialect.body, order)
        self.body, self.size, self.minimum = body.unpack, body.size, dialect.body_minimum
        types = dialect.enums["PtlrpcMsgType"].__members__
        self.directions = {
            int(types["PTL_RPC_MSG_REQUEST"]): REQUEST,
            int(types["PTL_RPC_MSG_REPLY"]): REPLY,
            int(types["PTL_RPC_MSG_ERR"]): REPLY,
        }
        self.version, self.version_mask = int(dialect.constants["PTLRPC_MSG_VERSION"]), dialect.version_mask
        self.choosers: dict[int, Chooser] = {}
        self.frame = whole.Frame(Message, LustreMsgV2, dialect.body, dialect.flavour_mask)
        self.sides: dict[type[Buffers], whole.Side] = {}
        self.spans = lustre_msg.spans_of_lengths(order)
        self.kind_at, self.kind = _span(dialect.body, order, "pb_type", "pb_version", "pb_opc")
        self.plans: dict[bytes, _Plan] = {}

    def side(self, cls: type[Buffers]) -> whole.Side:
        found = self.sides.get(cls)
        if found is None:
            found = self.sides[cls] = whole.side(self.frame, cls, self.order)
        return found

    def plan(self, data: bytes) -> _Plan | None:
        """How messages with these buffer lengths are read in one step, None where they never are."""
        _, shape = lustre_msg.locate(data)
        if not shape.lengths or shape.lengths[0] < self.size or shape.end != len(data):
            return None
        if 2 not in self.dialect.containers:
            return None
        if len(self.plans) >= _MOST_PLANS:
            self.plans.clear()
        plan = self.plans[data[self.spans[data[BUFCOUNT]]]] = _Plan(self, shape)
        return plan

    def way(self, kind: bytes, lengths: tuple[int, ...]) -> Way | None:
        """How a message is read whose ptlrpc_body begins like this; None where no format is declared for it."""
        number, version, opcode = self.kind(kind)
        direction = self.directions.get(number)
        if direction is None or version & self.version_mask != self.version:
            return None
        if direction == REPLY:
            return direction, None, self.reply_format(opcode), _Reads(self, lengths, direction, opcode)
        forms = possible(self.dialect.by_opcode.get(opcode, ()), lengths)
        if not forms:
            return None
        choose = None if len(forms) == 1 and not forms[0].match else self.dialect.chooser(forms, self.order)
        return direction, choose, forms[0], _Reads(self, lengths, direction, opcode)

    def form(
        self,
        direction: str,
        opcode: int,
        data: bytes,
        offsets: Sequence[int],
        lengths: Sequence[int],
        request: Message | RpcFormat | None,
    ) -> RpcFormat | None:
        """The format a message is read by: a request's own, a reply's that of its request."""
        if direction == REQUEST:
            return self.format_of(opcode, data, offsets, lengths)
        if request is None:
            return self.reply_format(opcode)
        return request.format if isinstance(request, Message) else request

    def format_of(self, opcode: int, data: bytes, offsets: Sequence[int], lengths: Sequence[int]) -> RpcFormat | None:
        choose = self.choosers.get(opcode)
        if choose is None:
            forms = self.dialect.by_opcode.get(opcode)
            if forms is None:
                return None
            choose = self.choosers[opcode] = self.dialect.chooser(forms, self.order)
        return choose(data, offsets, lengths)

    def reply_format(self, opcode: int) -> RpcFormat | None:
        forms = [form for form in self.dialect.by_opcode.get(opcode, ()) if not form.variant]
        return forms[0] if len(forms) == 1 else None

    def check(self, kind: int, version: int, path: str) -> str:
        """Direction of a message; the two checks every receiver makes."""
        direction = self.directions.get(kind)
        if direction is None:
            wanted = ", ".join(str(k) for k in sorted(self.directions))
            raise WireError(f"expected one of {wanted}, got {kind}", path=f"{path}_type")
        if version & self.version_mask != self.version:
            raise WireError(f"expected {self.version} in the low 16 bits, got {version:#x}", path=f"{path}_version")
        return direction


class _Plan(dict[bytes, "Way | None"]):
    """How messages with the same buffer lengths are read, by the bytes that say what kind of message it is."""

    __slots__ = ("end", "kind_at", "lengths", "offsets", "reader")

    def __init__(self, reader: Reader, shape: Shape) -> None:
        super().__init__()
        self.reader = reader
        self.offsets, self.lengths, self.end = shape.offsets, shape.lengths, shape.end
        at, span = self.offsets[0], reader.kind_at
        self.kind_at = slice(at + span.start, at + span.stop)

    def __missing__(self, kind: bytes) -> Way | None:
        if len(self) >= _MOST_WAYS:
            self.clear()
        way = self[kind] = self.reader.way(kind, self.lengths)
        return way


class _Reads(dict[type[Buffers], "whole.Read | None"]):
    """The functions that read messages of one direction and opcode with the same buffer lengths, by side of the RPC."""

    __slots__ = ("direction", "lengths", "opcode", "reader", "tells")

    def __init__(self, reader: Reader, lengths: tuple[int, ...], direction: str, opcode: int) -> None:
        super().__init__()
        self.reader, self.lengths = reader, lengths
        self.direction, self.opcode = direction, opcode
        self.tells: tuple[_Tells, _Tells] = {}, {}  # without names, with names

    def __missing__(self, cls: type[Buffers]) -> whole.Read | None:
        read = self[cls] = self.reader.side(cls).reader(self.lengths)
        return read

    def told(self, form: RpcFormat, naming: telling.Naming | None) -> _Told:
        """How the JSON text of such messages is made."""
        order, name = self.reader.order, self.reader.dialect.name
        side = self.reader.side(form.request if self.direction is REQUEST else form.reply)
        before = telling.beginning(name, self.direction, self.opcode, form, order)
        told = before, telling.teller(side, self.lengths, form.variant, naming), form
        self.tells[naming is not None][id(form)] = told
        return told


def _span(cls: type, order: ByteOrder, *names: str) -> tuple[slice, Any]:
    """Where in a struct a few of its integers are, which stand in this order, and a function that reads them there."""
    cells: list[Cell] = [spec_of(cls).alone.member(name) for name in names]
    start = at = cells[0].offset
    codes = ""
    for cell in cells:
        codes += f"{cell.offset - at}x{cell.kind.format(cell, order)}"
        at = cell.offset + cell.width
    return slice(start, at), struct.Struct(PREFIX[order] + codes).unpack


class _Readers(dict[Dialect, Reader]):
    """What decoding needs in one byte order, by dialect."""

    __slots__ = ("order",)

    def __init__(self, order: ByteOrder) -> None:
        super().__init__()
        self.order: ByteOrder = order

    def __missing__(self, dialect: Dialect) -> Reader:
        reader = self[dialect] = Reader(dialect, self.order)
        return reader


_READERS: dict[ByteOrder, _Readers] = {"little": _Readers("little"), "big": _Readers("big")}
_BY_MAGIC = {magic: _READERS[order] for order, magic in lustre_msg.MAGICS_V2.items()}


def reader_of(dialect: Dialect, order: ByteOrder = "little") -> Reader:
    """What decoding needs of a dialect, looked up once."""
    return _READERS[order][dialect]


def format_of(data: bytes, dialect: Dialect, opcode: int) -> RpcFormat | None:
    """The format of a request with this opcode, nothing of it read but what decides that.

    Raises:
        WireError: no lustre_msg, or one shorter than it says.
    """
    found, shape = lustre_msg.locate(data)
    reader = reader_of(dialect, found.order)
    return reader.format_of(opcode, data, shape.offsets, shape.lengths)


def _recognise(
    data: bytes, dialect: Dialect, request: Message | RpcFormat | None
) -> tuple[_Plan, str, RpcFormat, _Reads] | None:
    """How a regular message of version 2 is read in one step, None where something about it is not regular."""
    readers = _BY_MAGIC.get(data[MAGIC])
    if readers is None:
        return None
    reader = readers[dialect]
    span = reader.spans.get(data[BUFCOUNT])
    if span is None:
        return None
    plan = reader.plans.get(data[span])  # where lengths are missing the message ends too early for any plan
    if plan is None:
        plan = reader.plan(data)
    if plan is None or plan.end != len(data):
        return None
    way = plan[data[plan.kind_at]]
    if way is None:
        return None
    direction, choose, form, reads = way
    if choose is not None:
        form = choose(data, plan.offsets, plan.lengths)
    elif request is not None and direction is REPLY:
        form = request.format if isinstance(request, Message) else request
    return (plan, direction, form, reads) if form is not None else None


def read_at_once(data: bytes, dialect: Dialect, request: Message | RpcFormat | None) -> Message | None:
    """A message of version 2 read in one step, None where something about it is not regular."""
    found = _recognise(data, dialect, request)
    if found is None:
        return None
    plan, direction, form, reads = found
    read = reads[form.request if direction is REQUEST else form.reply]
    return read(data, plan.offsets, plan.lengths, dialect, direction, form) if read is not None else None


def told_at_once(
    data: bytes,
    dialect: Dialect,
    request: Message | RpcFormat | None,
    inside: telling.Inside,
    naming: telling.Naming | None = None,
) -> tuple[str, RpcFormat] | None:
    """The JSON text of such a message, and its format; None where something about it is not regular.

    Args:
        inside: tells what opaque bytes hold.
        naming: of that dialect, adds what its numbers are called.
    """
    found = _recognise(data, dialect, request)
    if found is None:
        return None
    plan, _, form, reads = found
    before, tell, _ = reads.tells[naming is not None].get(id(form)) or reads.told(form, naming)
    text = tell(data, plan.offsets, plan.lengths, dialect, inside) if tell is not None else None
    return (before + text, form) if text is not None else None


def written_at_once(message: Message) -> bytes | None:
    """The bytes of a message of version 2 written in one step, None where something about it is not regular."""
    buffers = message.buffers
    cls = type(buffers)
    if message.extra or message.body is None or cls is Generic or type(message.header) is not LustreMsgV2:
        return None
    reader = _READERS[message.order][message.dialect]
    write = (reader.sides.get(cls) or reader.side(cls)).writer(buffers)
    return write(message) if write is not None else None
