"""A message in a few words: what stands beside its name in a list of messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from lustre_wire import embedded
from lustre_wire.dialects import Dialect
from lustre_wire.engines.often import Often
from lustre_wire.kinds import checked
from lustre_wire.rpc import REQUEST, Generic, Message
from lustre_wire.schema.holds import Content, Held, Parts
from lustre_wire.schema.nodes import ByteOrder, Cell, Form, Group, Node, Repeat
from lustre_wire.schema.rpc import Buffers, RpcFormat, SlotSpec
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import numbers
from lustre_wire.text.structs import writer
from lustre_wire.text.tree import blob_text
from lustre_wire.text.values import MOST_ELEMENTS, node_text, quoted

_LONGEST: Final = 400


@checked
def title(message: Message) -> str:
    """What to call a message: its format, its opcode, or that a security policy wraps it."""
    if message.body is None and message.version == 2:
        return f"wrapped by security flavour {message.header.lm_secflvr:#x}"
    return message.name


@checked
def status_text(message: Message) -> str:
    """The status of a reply: 0, ``-2 ENOENT``, or the name of a lock error; of a request the sender's pid."""
    if message.direction == REQUEST:
        return f"pid {message.status}" if message.status else ""
    return reply_status(message.status, message.dialect, service_of(message.format))


def service_of(form: RpcFormat | None) -> int:
    """The service class of a format; 0 where it has none."""
    return form.version if form is not None else 0


@lru_cache(maxsize=1024)
def reply_status(status: int, dialect: Dialect, service: int) -> str:
    """The status of a reply: 0, ``-2 ENOENT``, or the name of a lock error where it is about a lock."""
    errors: Any = dialect.enums.get("LdlmError")
    locks = service == dialect.constants.get("LUSTRE_DLM_VERSION")
    if status > 0 and locks and errors is not None and status in errors._value2member_map_:
        return f"{status} {errors.name_of(status)}"
    if status > 0 and locks:  # an errno without its sign: ESTALE, of handles that are known no more
        return f"{status} {numbers.status(-status).partition(' ')[2]}".rstrip()
    return numbers.status(status)


@checked
def brief(message: Message) -> str:
    """What a message is about: the declared texts of its structs, and its names.

    A struct without a declared text, and opaque bytes in which nothing is recognised, do not appear.
    """
    text = " ".join([text for _, text in told(message)])
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def told(message: Message) -> list[tuple[str, str]]:
    """What `brief` says of each buffer, by its name."""
    buffers, parts = message.buffers, []
    if isinstance(buffers, Generic):
        return []
    side: Any = type(buffers)
    for name, tell in _tellers(side, message.dialect):
        value = getattr(buffers, name)
        if value is not None and (text := tell(value, message)):
            parts.append((name, text))
    return parts


Tell = Callable[[Any, Message], str]


@lru_cache(maxsize=2048)
def _tellers(side: type[Buffers], dialect: Dialect) -> list[tuple[str, Tell]]:
    """What is told of each buffer that has a text, by its name."""
    slots = [slot for slot in side.__slot_specs__ if not isinstance(slot.held, Content)]
    tellers = ((s.name, _opaque(s, dialect) if s.looked_into else _teller(s.node, dialect, s.line)) for s in slots)
    return [(name, tell) for name, tell in tellers if tell is not None]


def _teller(node: Node, dialect: Dialect, line: tuple[str, ...] = ()) -> Tell | None:
    if isinstance(node, Cell):
        bare = node.form is Form.NUMBER and (node.field is None or node.field.enum is None)
        name = f"{node.name} " if bare else ""
        return lambda value, message: f"{name}{node_text(node, value, dialect, short=True)}" if value != b"" else ""
    several = isinstance(node, Repeat)
    struct = node.node if isinstance(node, Repeat) else node
    if not isinstance(struct, Group) or not spec_of(struct.cls).text:
        return None
    often = writer(struct.cls, dialect, True, line)
    return (lambda value, message: _several(often, value)) if several else (lambda value, message: often.do(value))


def _several(often: Often, values: Sequence[Any]) -> str:
    more = [f"... {len(values)} in all"] if len(values) > MOST_ELEMENTS else []
    return " ".join(filter(None, [*map(often.do, values[:MOST_ELEMENTS]), *more]))


def _opaque(slot: SlotSpec, dialect: Dialect) -> Tell:
    if isinstance(slot.held, Parts):
        return lambda value, message: _parts_text(slot, bytes(value), message)
    bytes_in, held_in = embedded.bytes_in, embedded.held_in
    text = embedded.recalled(partial(_of_held, line=slot.line)) if slot.line else _held_text
    return lambda value, message: text(held_in(slot, message), bytes_in(value), dialect, message.order)


def _parts_text(slot: SlotSpec, data: bytes, message: Message) -> str:
    parts = embedded.parts_of(slot, data, message)
    told = ((each.name, _blob(each.data, each.found, message.dialect)) for each in parts)
    return ", ".join(f"{quoted(name)} {text}" for name, text in told if text)


def _of_held(held: Held, data: bytes, dialect: Dialect, order: ByteOrder, line: tuple[str, ...] = ()) -> str:
    """Of opaque bytes what they hold, or the string that they are; `line`: of a struct instead of its own text."""
    return _blob(data, embedded.holding(held, data, dialect, order) if data else None, dialect, line)


_held_text = embedded.recalled(_of_held)


def _blob(data: bytes, found: tuple[Node, Any] | None, dialect: Dialect, line: tuple[str, ...] = ()) -> str:
    if found is not None and isinstance(found[0], Group):
        return writer(found[0].cls, dialect, True, line).do(found[1]) if spec_of(found[0].cls).text else ""
    if found is not None:
        return node_text(*found, dialect, short=True)
    text = blob_text(data)
    return text if text.startswith('"') else ""
