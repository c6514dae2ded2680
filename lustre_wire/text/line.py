"""A message in a few words: what stands beside its name in a list of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lustre_wire import embedded
from lustre_wire.engines.payload import codec
from lustre_wire.kinds import checked
from lustre_wire.rpc import REQUEST, Generic, Message
from lustre_wire.schema.rpc import Blob, Items, SlotSpec
from lustre_wire.schema.types import Struct, as_type
from lustre_wire.text import numbers
from lustre_wire.text.tree import slot_text
from lustre_wire.text.values import MOST_ELEMENTS, struct_text

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
    status = message.status
    if message.direction == REQUEST:
        return f"pid {status}" if status else ""
    errors: Any = message.dialect.enums.get("LdlmError")
    if status > 0 and errors is not None and status in errors._value2member_map_:
        return f"{status} {errors.name_of(status)}"
    return numbers.status(status)


@checked
def brief(message: Message) -> str:
    """What a message is about: the declared texts of its structs, and its names.

    A struct without a declared text, and opaque bytes in which nothing is recognised, do not appear.
    """
    if isinstance(message.buffers, Generic):
        return ""
    slots = codec(type(message.buffers), message.order).places(message.buffers)
    parts = [text for slot in slots for text in _parts(slot, message) if text]
    text = " ".join(parts)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _parts(slot: SlotSpec, message: Message) -> Iterator[str]:
    value: Any = getattr(message.buffers, slot.name)
    kind = slot.type
    if value is None or value == b"":
        return
    if isinstance(kind, Blob):
        found = embedded.holding(slot, bytes(value), message.buffers, message.dialect, message.order)
        if found is None:
            text = slot_text(slot.name, kind, value, message.dialect)
            if text.startswith('"'):
                yield text
            return
        kind, value = found
    if isinstance(kind, Struct):
        if kind.cls.__wire__.text:
            yield struct_text(value, message.dialect, short=True)
    elif isinstance(kind, Items):
        if _has_text(kind):
            yield from (struct_text(each, message.dialect, short=True) for each in value[:MOST_ELEMENTS])
            if len(value) > MOST_ELEMENTS:
                yield f"... {len(value)} in all"
    else:
        yield slot_text(slot.name, kind, value, message.dialect, short=True)


def _has_text(kind: Items) -> bool:
    element = as_type(kind.element)
    return isinstance(element, Struct) and bool(element.cls.__wire__.text)
