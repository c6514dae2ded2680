"""Index files of ldiskfs (object index, FID location database, quota limits, nodemap) and quota files of 1.6 to 2.3.

Both keep their entries in blocks of a tree. What is read are the entries, block by block as they stand in the file, so
that a broken tree hides none. Source: osd-ldiskfs/osd_iam_lfix.c of 2.17.0; the kernel's fs/quota/quota_tree.c.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.reading import Fault, Reading
from lustre_wire.payloads.wire import offset_in, peek, place, unpack
from lustre_wire.schema.files import IndexKind
from lustre_wire.schema.servers import Does
from lustre_wire.schema.struct import spec_of

__all__ = ["Entry", "Table", "examine_index", "examine_quota", "is_index", "is_quota", "to_json"]

#: Bytes of a block of an index, which is one of the file system, and of a quota file.
_BLOCK: Final = 4096
_QUOTA_BLOCK: Final = 1024
_LEAF: Final = Does("stops: -EIO", "osd-ldiskfs/osd_iam_lfix.c:iam_lfix_init")
_ROOT: Final = Does("refuses the index: -EBADF", "osd-ldiskfs/osd_iam_lfix.c:iam_lfix_guess")
_QUOTA: Final = Does("refuses the file", "lvfs/lustre_quota_fmt.c:check_quota_file")


@attrs.frozen
class Entry:
    """One entry: its place in the file, its key (None where the record has it) and its record."""

    offset: int
    key: Any
    record: Any


@attrs.define(slots=True)
class Table:
    """What an index or a quota file maps: the struct at its head, and its entries in the order of the file."""

    name: str
    head: Any = None
    entries: list[Entry] = attrs.field(factory=list)


@checked
def is_index(data: bytes, dialect_: Dialect | str) -> bool:
    """Whether bytes are an index file, by the number that it begins with."""
    root = dialect(dialect_).part("files").index_root
    field = spec_of(root).by_name["ilr_magic"]
    return len(data) >= spec_of(root).size and peek(root, "ilr_magic", data, "little") in field.magic


@checked
def examine_index(data: bytes, path: str, dialect_: Dialect | str) -> Reading[Table]:
    """The entries of an index file; `path` tells what it maps where its sizes leave a choice."""
    part, data = dialect(dialect_).part("files"), octets(data, "data")
    root = unpack(part.index_root, data, "little", 0, spec_of(part.index_root).size)
    kind = _index_kind(part.indexes, path, root.ilr_keysize, root.ilr_recsize)
    table, faults = Table(kind.name if kind is not None else "index", root), list[Fault]()
    size = root.ilr_keysize + root.ilr_recsize
    if not root.ilr_keysize or not root.ilr_recsize or size > _BLOCK:
        expected = f"from 1 to {_BLOCK} bytes a key and record"
        return Reading(table, [Fault("ilr_keysize", offset_in(root, "ilr_keysize"), expected, str(size), _ROOT, True)])
    head = spec_of(part.index_leaf).size
    for block in range(_BLOCK, len(data), _BLOCK):
        leaf = data[block : block + _BLOCK]
        if len(leaf) < head or peek(part.index_leaf, "ill_magic", leaf, "little") not in _magics(part.index_leaf):
            continue  # an index block, or an idle one
        count = peek(part.index_leaf, "ill_count", leaf, "little")
        room = (len(leaf) - head) // size
        if count > room:
            at = block + place(part.index_leaf, "ill_count")[0]
            faults.append(Fault("ill_count", at, f"at most {room}", str(count), _LEAF))
        for number in range(min(count, room)):
            at = head + number * size
            split = at + root.ilr_keysize
            table.entries.append(Entry(block + at, *_pair(kind, leaf[at:split], leaf[split : at + size])))
    return Reading(table, faults)


def _index_kind(kinds: tuple[IndexKind, ...], path: str, key: int, record: int) -> IndexKind | None:
    fitting = [k for k in kinds if (spec_of(k.key).size, spec_of(k.record).size) == (key, record)]
    return next((k for k in fitting if k.pattern.search(path)), None)


def _pair(kind: IndexKind | None, key: bytes, record: bytes) -> tuple[Any, Any]:
    if kind is None:
        return key, record
    return unpack(kind.key, key, "little"), unpack(kind.record, record, "little")


def _magics(cls: Any) -> tuple[int, ...]:
    return next(field.magic for field in spec_of(cls).fields if field.magic)


@checked
def is_quota(data: bytes, dialect_: Dialect | str) -> bool:
    """Whether bytes are a quota file, by the number that it begins with."""
    magics = dialect(dialect_).part("files").quota_magics
    return len(data) >= 4 and int.from_bytes(data[:4], "little") in magics


@checked
def examine_quota(data: bytes, dialect_: Dialect | str) -> Reading[Table]:
    """The limits that a quota file of 1.6 to 2.3 holds, by user or group."""
    part, data = dialect(dialect_).part("files"), octets(data, "data")
    users = int.from_bytes(data[:4], "little") == part.quota_magics[0]
    table, faults = Table("user quota" if users else "group quota"), list[Fault]()
    size = spec_of(part.quota_head).size
    if len(data) < size:
        expected = f"{size} bytes"
        return Reading(table, [Fault(table.name, 0, expected, str(len(data)), _QUOTA, unread=True, short=True)])
    head = table.head = unpack(part.quota_head, data, "little", 0, size)
    entry = part.quota_entries.get(head.dqh_version)
    if entry is None:
        expected, at = " or ".join(map(str, part.quota_entries)), offset_in(head, "dqh_version")
        return Reading(table, [Fault("dqh_version", at, expected, str(head.dqh_version), _QUOTA, unread=True)])
    blocks = -(-len(data) // _QUOTA_BLOCK)
    if len(data) > size and head.dqi_blocks > blocks:
        at = offset_in(head, "dqi_blocks")
        faults.append(Fault("dqi_blocks", at, f"at most {blocks}", str(head.dqi_blocks), _QUOTA, short=True))
    for block in _quota_leaves(data, min(blocks, max(head.dqi_blocks, 1))):
        table.entries += _quota_entries(data, block, part.quota_block_head, entry)
    return Reading(table, faults)


def _quota_leaves(data: bytes, blocks: int) -> list[int]:
    """The blocks with limits: what the four levels of pointers from block 1 on lead to, each once."""
    level = [1] if blocks > 1 else []
    for _ in range(4):
        found = dict[int, None]()
        for block in level:
            words = data[block * _QUOTA_BLOCK : (block + 1) * _QUOTA_BLOCK]
            pointers = (int.from_bytes(words[at : at + 4], "little") for at in range(0, len(words) - 3, 4))
            found |= dict.fromkeys(pointer for pointer in pointers if 1 < pointer < blocks)
        level = list(found)
    return level


def _quota_entries(data: bytes, block: int, head: Any, entry: Any) -> list[Entry]:
    start, size = block * _QUOTA_BLOCK + spec_of(head).size, spec_of(entry).size
    end = min((block + 1) * _QUOTA_BLOCK, len(data))
    places = range(start, end - size + 1, size)
    return [
        Entry(at, None, unpack(entry, data, "little", at, at + size)) for at in places if any(data[at : at + size])
    ]  # fmt: skip


@checked
def to_json(table: Table) -> dict[str, Any]:
    """A table as plain JSON types: "kind", "head" and "entries" with "key" and "record"."""
    entries = [{"key": _plain(entry.key), "record": _plain(entry.record)} for entry in table.entries]
    head = struct_to_json(table.head) if table.head is not None else None
    return {"kind": table.name, "head": head, "entries": entries}


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else struct_to_json(value) if value is not None else None
