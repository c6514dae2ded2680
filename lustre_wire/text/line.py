"""A message in a few words: what stands beside its name in a list of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lustre_wire import embedded
from lustre_wire.engines.payload import codec
from lustre_wire.kinds import checked
from lustre_wire.rpc import REQUEST, Generic, Message
from lustre_wire.schema.nodes import Group, Repeat
from lustre_wire.schema.rpc import SlotSpec
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import numbers
from lustre_wire.text.tree import blob_text
from lustre_wire.text.values import MOST_ELEMENTS, node_text, struct_text

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
    node = slot.node
    if value is None or value == b"":
        return
    if slot.opaque:
        found = embedded.holding(slot, bytes(value), message.buffers, message.dialect, message.order)
        if found is None:
            text = blob_text(bytes(value))
            if text.startswith('"'):
                yield text
            return
        node, value = found
    if isinstance(node, Group):
        if spec_of(node.cls).text:
            yield struct_text(value, message.dialect, short=True)
    elif not isinstance(node, Repeat):
        yield node_text(node, value, message.dialect, short=True)
    elif isinstance(node.node, Group) and spec_of(node.node.cls).text:
        yield from (struct_text(each, message.dialect, short=True) for each in value[:MOST_ELEMENTS])
        if len(value) > MOST_ELEMENTS:
            yield f"... {len(value)} in all"
