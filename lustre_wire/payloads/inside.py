"""What log blocks and directory pages hold: the records that declarations of slots and of bulk data say are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.embedded import held_in
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import nid_str
from lustre_wire.kinds import checked
from lustre_wire.payloads import batch, changelog, directory, hsm, indexpage, linkea, llog, nidtable, updates
from lustre_wire.payloads.config import Config
from lustre_wire.payloads.llog import LogRecord
from lustre_wire.rpc import REPLY, REQUEST, Generic, Message
from lustre_wire.schema.holds import Parts, Records, cut
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import Node, struct_text
from lustre_wire.text.line import told
from lustre_wire.text.numbers import status
from lustre_wire.text.tree import blob_text, slot_node
from lustre_wire.text.values import field_text, hexed, named, quoted

__all__ = ["operations_in", "records_in", "records_of_bulk", "text_of", "type_of", "updates_of"]

#: What the name of a log record begins with.
LOG_RECORD: Final = "record "

Told = Callable[[], Node]
"""Tells of one operation of a batch; a line has room for the first few alone."""
_Place = tuple[str, Any, Any, Any]
"""What may hold records: name, what is declared of it, bytes, and what else of the RPC says how they are read."""


@checked
def type_of(record: LogRecord, dialect: Dialect) -> str:
    """The type of a log record by name, or in hexadecimal."""
    name = llog.LogFile(dialect, record.order, None).type_name(record)
    return f"{record.type:#x}" if name.isdigit() else name


@checked
def text_of(record: LogRecord, dialect: Dialect) -> str:
    """What a log record says: a configuration command as it would be typed, a struct's text, or bytes."""
    value = record.value
    if isinstance(value, Config):
        line = f"{value.device}: {value.line()}" if value.device else value.line()
        marker = value.struct()
        return f"{line} {_written(marker, dialect)}" if hasattr(marker, "cm_flags") else line
    if changelog.is_change(value):
        try:
            return changelog.line(value, dialect, record.order)
        except WireError as error:  # of this record alone
            return f"{struct_text(value, dialect, short=True)} unreadable: {error}"
    return hexed(value) if isinstance(value, bytes) else struct_text(value, dialect, short=True)


def _written(marker: Any, dialect: Dialect) -> str:
    """When a marker was written and cancelled, and by which version."""
    fields = (spec_of(marker).by_name[name] for name in ("cm_createtime", "cm_canceltime", "cm_vers"))
    told = [f"{field.name[3:]} {field_text(field, getattr(marker, field.name), dialect)}" for field in fields]
    return f"({', '.join(told)})"


@checked
def updates_of(record: LogRecord, dialect: Dialect) -> tuple[Node, ...]:
    """The updates of a recorded transaction, with their parameters; none of another log record.

    Raises:
        TruncatedError: fewer bytes than its counts and lengths say.
    """
    value = record.value
    if not hasattr(value, "ur_update_count"):
        return ()
    known = updates.declared_by(dialect)
    found = updates.read_records(value, known, record.order)
    return tuple(_update(one, known, record.order, True) for one in found)


def _log(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for record in llog.read_chunk(data, dialect, order).records:
        told = f"{type_of(record, dialect)} {text_of(record, dialect)}"
        yield Node(f"{LOG_RECORD}{record.index}", told, None, updates_of(record, dialect))


def _pages(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for entry in directory.read_pages(data, dialect).entries:
        yield Node(quoted(entry.name), struct_text(entry.head.lde_fid, dialect))


def _blocks(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for block in directory.read_blocks(data, dialect):
        yield from (Node(quoted(entry.name), f"inode {entry.inode}") for entry in block if entry.inode)


def _updates(data: bytes, held: Records, around: Message, deep: bool, moved: bytes) -> Iterator[Told]:
    _, behind = updates.inline(data, around.dialect, around.order)
    yield from _requested(behind, held, around, deep, moved) if behind else ()


def _requested(data: bytes, held: Records, around: Message, deep: bool, moved: bytes) -> Iterator[Told]:
    for update in updates.read(data, around.dialect, around.order).updates:
        yield partial(_update, update, around.dialect, around.order, deep)


def _update(update: updates.Update | updates.Recorded, dialect: Dialect, order: ByteOrder, deep: bool) -> Node:
    kind = update.type.name or str(int(update.type))
    return _one(kind, struct_text(update.fid, dialect), updates.operation(update, dialect, order), deep)


def _results(data: bytes, held: Records, message: Message, deep: bool, moved: bytes) -> Iterator[Told]:
    results = updates.read_results(data, message.dialect, message.order).results
    for result, update in zip_longest(results, _asked(held, message, moved), fillvalue=None):
        if result is not None:  # none are there of updates behind the first that failed
            yield partial(_result, result, update, message, deep)


def _result(result: updates.Result, update: updates.Update | None, message: Message, deep: bool) -> Node:
    code = status(int(result.head.our_rc))
    if update is None:
        return Node("result", f"{code} {hexed(result.data) if result.data else ''}".rstrip())
    asked = updates.operation(update, message.dialect, message.order)
    return _one(update.type.name or "result", code, updates.outcome(result, asked), deep)


def _asked(held: Records, message: Message, moved: bytes) -> list[updates.Update]:
    """The updates that a reply answers, where they stand in its request or in the bulk data of that."""
    request = message.asked
    data = getattr(request.buffers, held.asked, None) if request is not None else None
    if request is None or not data:
        return []
    if held.asked == "out_update_header":
        _, data = updates.inline(data, message.dialect, message.order)
    bulk = request.format.bulk_of(request.buffers) if request.format is not None and not data else None
    parts = [data] if data else _parts(request, bulk, moved) if bulk is not None else []
    return [one for part in parts for one in updates.read(part, message.dialect, message.order).updates]


def _batch(data: bytes, held: Records, around: Message, deep: bool, moved: bytes) -> Iterator[Told]:
    _, behind = updates.inline(data, around.dialect, around.order, "but_update_header")
    yield from _whole_batch(behind, held, around, deep, moved) if behind else ()


def _whole_batch(data: bytes, held: Records, around: Message, deep: bool, moved: bytes) -> Iterator[Told]:
    yield from _messages(batch.read(data, around.dialect, around.order), around, REQUEST, deep)


def _batch_replies(data: bytes, held: Records, message: Message, deep: bool, moved: bytes) -> Iterator[Told]:
    dialect, order = message.dialect, message.order
    header = getattr(message.asked.buffers, held.asked, None) if message.asked is not None else None
    behind = updates.inline(header, dialect, order, "but_update_header")[1] if header else b""
    asked = batch.read(behind, dialect, order) if behind else None
    yield from _messages(batch.read(data, dialect, order, REPLY, asked), message, REPLY, deep)


def _messages(found: batch.Batch, around: Message, direction: str, deep: bool) -> Iterator[Told]:
    for one in found.messages:
        buffers = one.buffers if one.buffers is not None else Generic([])
        message = Message(around.dialect, direction, around.order, None, None, one.format, buffers)
        name = one.format.name if one.format is not None else "message"
        yield partial(_one, name, status(one.code) if direction == REPLY else "", message, deep)


def _one(name: str, before: str, message: Message, deep: bool) -> Node:
    """One message inside of a message: a line, and its buffers; if `deep` with what they consist of."""
    if isinstance(message.buffers, Generic):
        return Node(name, " ".join([before, *map(blob_text, message.buffers.buffers)]).strip())
    parts = told(message)
    text = " ".join(filter(None, [before, *(text for _, text in parts)]))
    return Node(name, text, None, tuple(_buffers(message) if deep else (Node(*part) for part in parts)))


def _buffers(message: Message) -> Iterator[Node]:
    """What its buffers hold."""
    for slot in message.buffers.__slot_specs__:
        value = getattr(message.buffers, slot.name)
        if value is not None and value != b"":
            yield _placeless(slot_node(slot, value, message))
    yield from records_in(message)


def _placeless(node: Node) -> Node:
    """A node without its offset, which does not count from the beginning of the message around it."""
    return replace(node, offset=None, children=tuple(map(_placeless, node.children)))


def _links(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for link in linkea.read(data, dialect).links:
        yield Node(quoted(link.name), f"in {struct_text(link.parent, dialect)}")


def _targets(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    kinds = dialect.enums["LddFlags"]
    for target in nidtable.read(data, dialect, order):
        kind = named(kinds, target.head.mne_type, short=True).removeprefix("SV_TYPE_")
        nids = ", ".join(map(nid_str, target.nids))
        yield Node(f"{kind}{target.head.mne_index:04x}", f"{nids} version {target.head.mne_version}")


def _actions(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for item in hsm.read(data, dialect).items:
        yield Node(item.hai_action.name or str(int(item.hai_action)), struct_text(item, dialect, short=True))


def _index(data: bytes, held: Records, message: Message, reply: Message | None) -> Iterator[Node]:
    dialect, info = message.dialect, getattr(message.buffers, "idx_info", None)
    hashes = info is not None and not int(info.ii_flags) & dialect.enums["IdxInfoFlags"].II_FL_NOHASH
    size = int(_at(reply.buffers, held.width) or 0) if reply is not None and held.width else 0
    for page in indexpage.read(data, dialect, held, hashes, size):
        if not page.entries and page.head.lip_nr:
            yield Node("page", f"{page.head.lip_nr} entries")
        for entry in page.entries:
            if isinstance(entry.record, directory.PageEntry):
                yield Node(quoted(entry.record.name), struct_text(entry.record.head.lde_fid, dialect))
            else:
                yield Node(_shown(entry.key, dialect), _shown(entry.record, dialect))


def _at(buffers: Any, path: str) -> Any:
    """The value of a dotted path; None where it is not there."""
    for name in path.split("."):
        buffers = getattr(buffers, name, None)
    return buffers


def _shown(value: Any, dialect: Dialect) -> str:
    if isinstance(value, bytes):
        return hexed(value)
    return struct_text(value, dialect, short=True) if hasattr(value, "__wire__") else str(value)


#: Readers by the C name of the struct that the records begin with.
_READERS: Final[dict[str, Callable[[bytes, Dialect, ByteOrder], Iterator[Node]]]] = {
    "llog_rec_hdr": _log, "lu_dirpage": _pages, "ll_dir_entry": _blocks, "link_ea_header": _links,
    "mgs_nidtbl_entry": _targets, "kuc_hdr": _actions,
}  # fmt: skip
#: The same of readers of messages inside of messages, which are told how deep to go; results need what was asked.
_OPERATIONS: Final[dict[str, Callable[[bytes, Records, Message, bool, Any], Iterator[Told]]]] = {
    "out_update_header": _updates, "object_update_request": _requested, "object_update_reply": _results,
    "but_update_header": _batch, "batch_update_request": _whole_batch, "batch_update_reply": _batch_replies,
}  # fmt: skip


@checked
def records_in(message: Message, *, deep: bool = True, moved: bytes = b"") -> Iterator[Node]:
    """A node for every log block, directory or batch that a message carries; its children are the records.

    Args:
        deep: of messages inside of the message also what their buffers consist of, not only what they are about.
        moved: of a reply the bulk data that its request sent, where they are known: they say what the results are of.
    """
    for place in _places(message, moved):
        yield from _read(place, message, deep)


@checked
def records_of_bulk(
    request: Message, data: bytes, *, deep: bool = True, reply: Message | None = None
) -> Iterator[Node]:
    """The same of the bulk data that a request asked for, or sends.

    Args:
        reply: that to the request, where it is known: of an index of orphans it says which form its records have.
    """
    for place in _places_of_bulk(request, data, reply):
        yield from _read(place, request, deep)


@checked
def operations_in(message: Message, bulk: bytes | None = None, *, moved: bytes = b"") -> list[Told]:
    """What tells of each operation in a batch that a message carries; none of one that cannot be read.

    Args:
        bulk: look into the bulk data that a request sends, not into its buffers.
        moved: as of `records_in`.
    """
    places = _places(message, moved) if bulk is None else _places_of_bulk(message, bulk, None)
    found: list[Told] = []
    for _, held, data, beside in places:
        if (read := _OPERATIONS.get(_head(held))) is not None:
            with suppress(WireError):  # said where the message is shown in full
                found += read(bytes(data), held, message, False, beside)
    return found


def _places(message: Message, moved: bytes) -> Iterator[_Place]:
    for slot in () if isinstance(message.buffers, Generic) else message.buffers.__slot_specs__:
        value = getattr(message.buffers, slot.name) if slot.with_records else None
        if value and isinstance(slot.held, Parts):
            for name, held, data in slot.held.of_buffers(message.buffers, bytes(value)):
                yield quoted(name), held, data, b""
        elif value:
            yield slot.name, held_in(slot, message), value, moved


def _places_of_bulk(request: Message, data: bytes, reply: Message | None) -> Iterator[_Place]:
    held = request.format.bulk_of(request.buffers) if request.format is not None else None
    if held is None:
        return
    if not held.sizes:
        yield "bulk", held, data, reply
        return
    for number, part in enumerate(_parts(request, held, data)):
        yield f"bulk part {number}", held, part, None


def _parts(request: Message, held: Records, data: bytes) -> list[bytes]:
    """The parts of bulk data whose sizes a request says."""
    slot, _, field = held.sizes.partition(".")
    return cut(data, [int(getattr(one, field)) for one in getattr(request.buffers, slot) or ()])


def _head(held: Any) -> str:
    """C name of the struct that records begin with; empty of what holds none."""
    return spec_of(held.head).name if isinstance(held, Records) else ""


def _read(place: _Place, message: Message, deep: bool) -> Iterator[Node]:
    name, held, data, beside = place
    head = _head(held)
    try:
        if head in _OPERATIONS:
            children = tuple(told() for told in _OPERATIONS[head](bytes(data), held, message, deep, beside))
        elif head == "lu_idxpage":
            children = tuple(_index(bytes(data), held, message, beside))
        elif head in _READERS:
            children = tuple(_READERS[head](bytes(data), message.dialect, message.order))
        else:
            return
    except WireError as error:
        yield Node(name, f"unreadable: {error}")
    else:
        yield Node(name, f"{len(children)} entries", None, children)
