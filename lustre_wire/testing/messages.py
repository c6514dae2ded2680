"""Hypothesis strategies for whole messages, derived from the RPC formats of a dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from lustre_wire.dialects import Dialect, all_dialects
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.engines import payload, record
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.rpc import REPLY, REQUEST, Message, build, decode, encode
from lustre_wire.schema.conditions import Condition, Match, conditions
from lustre_wire.schema.nodes import ByteOrder, Cell, Group, Node, Overlap
from lustre_wire.schema.rpc import Buffers, RpcFormat, SlotSpec
from lustre_wire.testing.structs import structs, values

_MOST_ITEMS = 4

Draw = Callable[[st.SearchStrategy[Any]], Any]


@checked
def messages(
    dialect: Dialect | str | None = None,
    *,
    opcode: int | None = None,
    name: str | None = None,
    direction: str | None = None,
    order: ByteOrder | None = None,
) -> st.SearchStrategy[Message]:
    """Messages that are right by construction: they decode to an equal value, in the format they were made for.

    Args:
        dialect: a dialect or its name; any installed one unless given.
        opcode: only this opcode (pb_opc).
        name: only this RPC format, as in ``dialect.rpcs``.
        direction: "request" or "reply"; both unless given. A reply decodes in the light of its format:
            ``decode(data, dialect, request=message.format)``.
        order: "little" or "big"; both unless given.

    Raises:
        WireError: no format of the dialect fits; a message of that format is in other messages alone.
    """
    dialects = [named_dialect(dialect)] if dialect is not None else list(all_dialects())
    choices = [(d, form) for d in dialects for form in formats_of(d, opcode=opcode, name=name)]
    if not choices:
        for found in dialects:
            if name is not None and name in found.rpcs:
                found.own_format(name)
        raise WireError(f"no RPC format with opcode {opcode} and name {name}")
    directions = [direction] if direction is not None else [REQUEST, REPLY]
    orders: list[ByteOrder] = [order] if order is not None else ["little", "big"]

    @st.composite
    def one(draw: Draw) -> Message:
        found, form = draw(st.sampled_from(choices))
        return _message(draw, found, form, draw(st.sampled_from(directions)), draw(st.sampled_from(orders)))

    return one()


def formats_of(dialect: Dialect, *, opcode: int | None = None, name: str | None = None) -> list[RpcFormat]:
    """The RPC formats of a dialect, all or those of one opcode or name; not those of messages inside of others."""
    return [
        form
        for form in dialect.formats
        if (opcode is None or form.opcode == opcode) and (name is None or name == form.key) and form.within is None
    ]


def _message(draw: Draw, dialect: Dialect, form: RpcFormat, direction: str, order: ByteOrder) -> Message:
    side = form.request if direction == REQUEST else form.reply
    buffers = {s.name: _slot(draw, s) for s in side.__slot_specs__}
    made = build(dialect, form.key, direction, order=order, **buffers)
    fixed = {name: getattr(made.body, name) for name in ("pb_type", "pb_version", "pb_opc")}
    made.body = draw(structs(dialect.body))
    for name, value in fixed.items():
        setattr(made.body, name, value)
    made.header.lm_repsize = draw(st.integers(0, 0xFFFF))
    for s in side.__slot_specs__:
        if s.present:
            _settle(draw, made.buffers, s, side)
    if direction == REQUEST:
        _meet(made.buffers, form.match)
        _tell_apart(made, form, dialect)
    return made


def _slot(draw: Draw, spec: SlotSpec) -> Any:
    if spec.optional and draw(st.booleans()):
        return None
    return draw(buffer_values(spec.node))


def buffer_values(node: Node) -> st.SearchStrategy[Any]:
    """Values of one buffer; none of them is empty, since an empty buffer reads as None."""
    if isinstance(node, (Group, Overlap)):
        return structs(node.cls)
    if isinstance(node, Cell):
        return values(node)
    return st.lists(buffer_values(node.node), min_size=1, max_size=_MOST_ITEMS)


def _settle(draw: Draw, buffers: Any, spec: SlotSpec, side: type[Buffers]) -> None:
    """Let a buffer that exists only under conditions exist, or take its value away."""
    if (
        spec.present
        and getattr(buffers, spec.name) is not None
        and all(getattr(buffers, path.split(".")[0]) is not None for path in spec.present)
    ):
        _meet(buffers, spec.present)
    codec = payload.codec(side, "little")
    if spec not in codec.places(buffers):
        setattr(buffers, spec.name, None)


def _meet(buffers: Any, match: Match) -> None:
    """Make conditions hold."""
    for path, condition in conditions(match):
        name, *rest = path.split(".")
        if condition.clears:
            _clear(buffers, path)
        elif condition.on_number:
            owner = getattr(buffers, name)
            for part in rest[:-1]:
                owner = getattr(owner, part)
            setattr(owner, rest[-1], condition.met(getattr(owner, rest[-1])))
        else:
            _change(buffers, path, condition)


def _named_slot(side: type[Buffers], path: str) -> SlotSpec:
    """The slot that ``"name"`` or ``"[index]"`` means."""
    return next(s for s in side.__slot_specs__ if path in (s.name, f"[{s.index}]"))


def _clear(buffers: Any, path: str) -> None:
    """Take away a buffer and what follows it."""
    first = int(path[1:-1]) if path.startswith("[") else _named_slot(type(buffers), path).index
    for s in type(buffers).__slot_specs__:
        if s.index >= first:
            setattr(buffers, s.name, None)


def _change(buffers: Any, path: str, condition: Condition) -> None:
    """Change the bytes of a buffer so that a condition on them holds."""
    spec = _named_slot(type(buffers), path)
    value = getattr(buffers, spec.name)
    if spec.struct is not None:
        setattr(buffers, spec.name, record.unpack(spec.struct, condition.met(record.pack(value))))
    elif spec.string:
        ending = spec.node.kind.ending  # type: ignore[union-attr]
        data = condition.met(bytes(value or b"") + ending)
        if ending:
            data = data[: len(data) - 1].replace(b"\0", b"n")
        setattr(buffers, spec.name, data)


def _tell_apart(made: Message, form: RpcFormat, dialect: Dialect) -> None:
    """Change what makes the message look like another format of its opcode."""
    others = [f for f in dialect.by_opcode[form.opcode] if f is not form]
    if not others or _reads_as(made, form):
        return
    mine = set(form.match)
    for other in others:
        for path in set(other.match) - mine:
            name, *rest = path.split(".")
            owner = getattr(made.buffers, name, None)
            if rest and owner is not None and len(rest) == 1 and hasattr(owner, rest[0]):
                setattr(owner, rest[0], type(getattr(owner, rest[0]))(0))
    if not _reads_as(made, form):
        reject()


def _reads_as(made: Message, form: RpcFormat) -> bool:
    return decode(encode(made), made.dialect).format is form


@checked
def damaged(source: st.SearchStrategy[Message] | None = None) -> st.SearchStrategy[bytes]:
    """Bytes of messages damaged on purpose: cut, lengthened, overwritten; some of them still decode.

    Args:
        source: where the messages come from; any message of any dialect unless given.
    """

    @st.composite
    def one(draw: Draw) -> bytes:
        data = bytearray(encode(draw(source if source is not None else messages())))
        for _ in range(draw(st.integers(1, 3))):
            _damage(draw, data)
        return bytes(data)

    return one()


def _damage(draw: Draw, data: bytearray) -> None:
    if not data:
        return
    at = draw(st.integers(0, len(data) - 1))
    how = draw(st.sampled_from(("cut", "overwrite", "word", "insert")))
    if how == "cut":
        del data[at:]
    elif how == "overwrite":
        data[at] = draw(st.integers(0, 255))
    elif how == "word":
        at &= ~3
        data[at : at + 4] = draw(st.sampled_from(_WORDS)).to_bytes(4, draw(st.sampled_from(("little", "big"))))
    else:
        data[at:at] = draw(st.binary(min_size=1, max_size=16))


#: Lengths and counts at which parsers go wrong.
_WORDS = (
    0, 1, 7, 8, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0x1FFFFFF7, 0x7FFFFFF9, 0xFFFFFFF9, 0xFFFFFFFF,
)  # fmt: skip
