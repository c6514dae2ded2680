"""What log blocks and directory pages hold: the records that declarations of slots and of bulk data say are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.embedded import held_in
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import nid_str
from lustre_wire.kinds import checked
from lustre_wire.payloads import batch, changelog, directory, hsm, indexpage, linkea, llog, nidtable, updates
from lustre_wire.payloads.config import Config
from lustre_wire.payloads.llog import LogRecord
from lustre_wire.rpc import Generic, Message
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.rpc import Parts, Records, SlotSpec, cut
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import Node, struct_text
from lustre_wire.text.tree import blob_text
from lustre_wire.text.values import field_text, hexed, named, node_text, quoted

__all__ = ["records_in", "records_of_bulk", "text_of", "type_of"]


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


def _log(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for record in llog.read_chunk(data, dialect, order).records:
        yield Node(f"record {record.index}", f"{type_of(record, dialect)} {text_of(record, dialect)}")


def _pages(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for entry in directory.read_pages(data, dialect).entries:
        yield Node(quoted(entry.name), struct_text(entry.head.lde_fid, dialect))


def _blocks(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for block in directory.read_blocks(data, dialect):
        yield from (Node(quoted(entry.name), f"inode {entry.inode}") for entry in block if entry.inode)


def _updates(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    _, behind = updates.inline(data, dialect, order)
    yield from _requested(behind, dialect, order) if behind else ()


def _requested(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for update in updates.read(data, dialect, order).updates:
        told = " ".join([struct_text(update.head.ou_fid, dialect), *map(blob_text, update.params)])
        yield Node(update.head.ou_type.name or str(int(update.head.ou_type)), told)


def _results(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    for result in updates.read_results(data, dialect, order).results:
        rc = int(result.head.our_rc)
        yield Node("result", f"{rc - (rc >> 31 << 32)} {hexed(result.data) if result.data else ''}".rstrip())


def _batch(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    _, behind = updates.inline(data, dialect, order, "but_update_header")
    yield from _messages(batch.read(behind, dialect, order) if behind else None, dialect)


def _batch_replies(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    yield from _messages(batch.read(data, dialect, order, "reply"), dialect)


def _messages(found: batch.Batch | None, dialect: Dialect) -> Iterator[Node]:
    for message in found.messages if found is not None else ():
        slots = message.buffers.__slot_specs__ if message.buffers is not None else ()
        values = [(slot, value) for slot in slots if (value := getattr(message.buffers, slot.name))]
        inner = tuple(Node(slot.name, _told(slot, value, dialect)) for slot, value in values)
        yield Node(message.format.name if message.format is not None else "message", str(message.code), None, inner)


def _told(slot: SlotSpec, value: Any, dialect: Dialect) -> str:
    return node_text(slot.node, value, dialect) if slot.struct is None else struct_text(value, dialect)


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


def _whole_batch(data: bytes, dialect: Dialect, order: ByteOrder) -> Iterator[Node]:
    yield from _messages(batch.read(data, dialect, order), dialect)


def _index(data: bytes, held: Records, message: Message) -> Iterator[Node]:
    dialect, info = message.dialect, getattr(message.buffers, "idx_info", None)
    hashes = info is not None and not int(info.ii_flags) & dialect.enums["IdxInfoFlags"].II_FL_NOHASH
    for page in indexpage.read(data, dialect, held, hashes):
        if held.record is None:
            yield Node("page", f"{page.head.lip_nr} entries")
        for entry in page.entries:
            if isinstance(entry.record, directory.PageEntry):
                yield Node(quoted(entry.record.name), struct_text(entry.record.head.lde_fid, dialect))
            else:
                yield Node(_shown(entry.key, dialect), _shown(entry.record, dialect))


def _shown(value: Any, dialect: Dialect) -> str:
    if isinstance(value, bytes):
        return hexed(value)
    return struct_text(value, dialect, short=True) if hasattr(value, "__wire__") else str(value)


#: Readers by the C name of the struct that the records begin with.
_READERS: Final[dict[str, Callable[[bytes, Dialect, ByteOrder], Iterator[Node]]]] = {
    "llog_rec_hdr": _log, "lu_dirpage": _pages, "ll_dir_entry": _blocks, "out_update_header": _updates,
    "object_update_request": _requested, "object_update_reply": _results, "but_update_header": _batch,
    "batch_update_request": _whole_batch, "batch_update_reply": _batch_replies, "link_ea_header": _links,
    "mgs_nidtbl_entry": _targets, "kuc_hdr": _actions,
}  # fmt: skip
#: The same of readers that look at what the request says.
_BESIDE: Final[dict[str, Callable[[bytes, Records, Message], Iterator[Node]]]] = {"lu_idxpage": _index}


@checked
def records_in(message: Message) -> Iterator[Node]:
    """A node for every log block or directory that a message carries; its children are the records."""
    for slot in () if isinstance(message.buffers, Generic) else message.buffers.__slot_specs__:
        value = getattr(message.buffers, slot.name) if slot.with_records else None
        if value and isinstance(slot.held, Parts):
            for name, held, data in slot.held.of_buffers(message.buffers, bytes(value)):
                yield from _read(quoted(name), held, data, message)
        elif value:
            yield from _read(slot.name, held_in(slot, message), value, message)


@checked
def records_of_bulk(request: Message, data: bytes) -> Iterator[Node]:
    """The same of the bulk data that a request asked for, or sends."""
    held = request.format.bulk_of(request.buffers) if request.format is not None else None
    if held is None:
        return
    if not held.sizes:
        yield from _read("bulk", held, data, request)
        return
    slot, _, field = held.sizes.partition(".")
    sizes = [int(getattr(one, field)) for one in getattr(request.buffers, slot) or ()]
    for number, part in enumerate(cut(data, sizes)):
        yield from _read(f"bulk part {number}", held, part, request)


def _read(name: str, held: Any, data: Any, message: Message) -> Iterator[Node]:
    head = spec_of(held.head).name if isinstance(held, Records) else ""
    try:
        if head in _BESIDE:
            children = tuple(_BESIDE[head](bytes(data), held, message))
        elif head in _READERS:
            children = tuple(_READERS[head](bytes(data), message.dialect, message.order))
        else:
            return
    except WireError as error:
        yield Node(name, f"unreadable: {error}")
    else:
        yield Node(name, f"{len(children)} entries", None, children)
