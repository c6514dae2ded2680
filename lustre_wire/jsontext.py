"""JSON text of messages, the same as of their `to_json`: from a decoded message, or straight from the bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.embedded import Inside, Piece, bytes_in, held_in, inside, inside_of, recalled
from lustre_wire.engines.jsontext import buffer_writer, quoted, writer
from lustre_wire.engines.payload import Extra, codec
from lustre_wire.errors import WireError
from lustre_wire.jsonform import BODY, message_extra
from lustre_wire.kinds import checked, octets
from lustre_wire.message import Generic, Message
from lustre_wire.reading import told_at_once
from lustre_wire.rpc import decode
from lustre_wire.schema.holds import Held, Parts
from lustre_wire.schema.nodes import Group, Node
from lustre_wire.schema.rpc import Buffers, RpcFormat, SlotSpec
from lustre_wire.schema.struct import spec_of
from lustre_wire.text.names import names_json, naming
from lustre_wire.text.quoting import json_line

Tell = Callable[[Any, Message], str]
#: What tells of opaque bytes what they hold: (what they may, the bytes, dialect, byte order) -> members of JSON.
InsideText = Callable[[Any, bytes, Dialect, Any], str]


@checked
def json_text(message: Message, *, names: bool = False) -> str:
    """What `to_json` gives, as one line of ASCII.

    Args:
        names: with one member more, ``names``: what numbers of the message are called, a JSON object a buffer; and the
            same of what opaque bytes hold.
    """
    extra, buffers = message.extra, message.buffers
    entries = []
    if message.body is not None:
        body: Any = type(message.body)
        told = _struct_writer(body)(message.body)
        entries.append(f'{{"name":"{BODY}"{told}{_of_buffer(extra, 0) if extra else ""}}}')
    if isinstance(buffers, Generic):
        first = 0 if message.body is None and message.version == 2 else 1
        for i, data in enumerate(buffers.buffers, first):
            entries.append(f'{{"name":"buffer_{i}","hex":"{data.hex()}"{_of_buffer(extra, i)}}}')
    else:
        side: Any = type(buffers)
        tellers = _tellers(side, named_inside if names else inside_text)
        for i, slot in enumerate(codec(side, message.order).places(buffers), 1):
            value = getattr(buffers, slot.name)
            told = tellers[slot.index](value, message) if value is not None else ""
            entries.append(f'{{"name":"{slot.name}"{told}{_of_buffer(extra, i) if extra else ""}}}')
    header: Any = type(message.header)
    form = message.format
    name = quoted(form.name) if form is not None else "null"
    more = f',"variant":{quoted(form.variant)}' if form is not None and form.variant else ""
    around = message_extra(extra)
    if around:
        more += f',"extra":{json_line(around)}'
    if names:
        more += f',"names":{names_json(message)}'
    return (
        f'{{"dialect":{quoted(message.dialect.name)},"direction":"{message.direction}","opcode":{message.opcode},'
        f'"format":{name},"endian":"{message.order}","header":{writer(header).do(message.header)},'
        f'"buffers":[{",".join(entries)}]{more}}}'
    )


@checked
def json_text_of(
    data: Any, dialect: Dialect | str, *, request: Message | RpcFormat | None = None, names: bool = False
) -> str:
    """The same straight from a message's bytes: a regular message is not decoded.

    Args and errors as of `decode`; `names` as of `json_text`.
    """
    found = dialect if isinstance(dialect, Dialect) else named_dialect(dialect)
    return text_and_format(data, found, request, names)[0]


def text_and_format(
    data: Any, dialect: Dialect, request: Message | RpcFormat | None, names: bool
) -> tuple[str, RpcFormat | None]:
    """The JSON text of a message, and its format.

    Args and errors as of `json_text_of`.
    """
    if type(data) is bytes:
        try:
            inside_, called = (named_inside, naming(dialect)) if names else (inside_text, None)
            told = told_at_once(data, dialect, request, inside_, called)
            if told is not None:
                return told
        except WireError as error:
            error.dialect = dialect.name
            raise
    message = decode(data, dialect, request=request)
    return json_text(message, names=names), message.format


@lru_cache(maxsize=2048)
def _tellers(side: type[Buffers], inside_: InsideText) -> dict[int, Tell]:
    """What is told of each buffer that has a value, by its place."""
    return {slot.index: _teller(slot, inside_) for slot in side.__slot_specs__}


def _teller(slot: SlotSpec, inside_: InsideText) -> Tell:
    write = buffer_writer(slot.node)
    if not slot.looked_into:
        return lambda value, message: write(value)

    if isinstance(slot.held, Parts):
        named = inside_ is named_inside
        return lambda value, message: (
            write(value) + _told(inside(slot, octets(value), message), message.dialect if named else None)
        )
    return lambda value, message: (
        write(value) + inside_(held_in(slot, message), bytes_in(value), message.dialect, message.order)
    )


@recalled
def inside_text(held: Held, data: bytes, dialect: Dialect, order: Any) -> str:
    """What opaque bytes hold, beside them."""
    return _told(inside_of(held, data, dialect, order), None)


@recalled
def named_inside(held: Held, data: bytes, dialect: Dialect, order: Any) -> str:
    """The same, with the names of its numbers."""
    return _told(inside_of(held, data, dialect, order), dialect)


def _told(found: Inside | None, names: Dialect | None) -> str:
    if found is None:
        return ""
    pieces = [_piece(each, names) for each in found.pieces]
    more = f',"pieces":[{",".join(pieces)}]' if pieces else ""
    return f',"inside":{{{f"{_value(found.found, names)}{more}"[1:]}}}'


def _piece(piece: Piece, names: Dialect | None) -> str:
    name = f',"name":{quoted(piece.name.decode("utf-8", "surrogateescape"))}' if piece.name else ""
    told = f"{name}{_value(piece.found, names)}" if piece.found is not None else f'{name},"hex":"{piece.data.hex()}"'
    return f"{{{told[1:]}}}"


def _value(found: tuple[Node, Any] | None, names: Dialect | None) -> str:
    if found is None:
        return ""
    node, value = found
    told = _namer(node.cls, names) if names is not None and isinstance(node, Group) else None
    named = told(value) if told is not None else ""
    return f"{_inside(node)(value)}{f',{named[:-1]}' if named else ''}"


@lru_cache(maxsize=1024)
def _namer(cls: Any, dialect: Dialect) -> Callable[[Any], str] | None:
    return naming(dialect).value(spec_of(cls).alone, "names")


def _inside(node: Any) -> Callable[[Any], str]:
    if isinstance(node, Group):
        return _struct_writer(node.cls)
    return buffer_writer(node)


@lru_cache(maxsize=1024)
def _struct_writer(cls: Any) -> Callable[[Any], str]:
    return buffer_writer(spec_of(cls).alone)


def _of_buffer(extra: Extra | None, index: int) -> str:
    if extra is None:
        return ""
    said = [
        f'"{key}":"{found[index].hex()}"'
        for key, found in (("tail", extra.tails), ("raw", extra.raw))
        if index in found
    ]
    said += [f'"length":{extra.cut[index]}'] if index in extra.cut else []
    return f',"extra":{{{",".join(said)}}}' if said else ""
