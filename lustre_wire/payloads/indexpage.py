"""Pages of an index, as OBD_IDX_READ and MGS_CONFIG_READ (of nodemaps) bring them: a head and entries.

An entry is its hash, key and record, as far as the request wants them. A page has the byte order of whoever sends it,
told by its magic. Source: obdclass/dt_object.c:dt_index_page_build, ptlrpc/nodemap_storage.c of 2.17.0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.engines.payload import whole_value
from lustre_wire.engines.record import member
from lustre_wire.errors import TruncatedError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.directory import read_entries
from lustre_wire.payloads.wire import head_at, order_of, struct_of, unpack
from lustre_wire.schema.holds import Records, nodes_of
from lustre_wire.schema.nodes import ByteOrder, Node
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.union import WireUnion

__all__ = ["Entry", "Page", "read"]

_HEAD: Final = "lu_idxpage"
_HASH: Final = 8
_DIRENT: Final = "lu_dirent"


@attrs.frozen
class Entry:
    """One entry: its hash, its key, and its record (a `directory.PageEntry` of a directory), each None where it has
    none."""

    hash: int | None
    key: Any
    record: Any


@attrs.frozen
class Page:
    """One page: its byte order, its head (`lu_idxpage`), its entries, and the bytes behind its head.

    There are no entries where nobody says what they are.
    """

    order: ByteOrder
    head: Any
    entries: tuple[Entry, ...]
    data: bytes


@checked
def read(data: bytes, dialect_: Dialect | str, held: Records, hashes: bool = False, size: int = 0) -> tuple[Page, ...]:
    """The pages of a bulk transfer, up to one that is all zeroes.

    Args:
        held: what the operation says of them (`RpcFormat.bulk_of`).
        hashes: whether each entry begins with its hash (no II_FL_NOHASH in the request).
        size: bytes of a record, as the reply says them (ii_recsize), where they tell which one it is; 0: the newest.

    Raises:
        TruncatedError: a page that ends in its head, or before as many entries as it says.
        WireError: a page without the magic, or a dialect that has no such pages.
    """
    found, data = dialect(dialect_), octets(data, "data")
    struct_of(found, _HEAD)
    if isinstance(held.record, tuple):
        held = replace(held, record=_of_size(held.record, size))
    whole, pages = int(found.constants["LU_PAGE_SIZE"]), []
    for start in range(0, len(data), whole):
        page = data[start : start + whole]
        if not page.strip(b"\0"):
            break
        pages.append(_page(page, found, held, hashes))
    return tuple(pages)


def _of_size(records: tuple[Any, ...], size: int) -> Any:
    """The record that has so many bytes; None where there is none."""
    return next((one for one in records if size in (0, _node(one).width)), None)


def _page(data: bytes, found: Dialect, held: Records, hashes: bool) -> Page:
    cls, magic = found.structs[_HEAD], found.constants["LIP_MAGIC"]
    order = order_of(cls, "lip_magic", magic, data)
    head, at = head_at(data, 0, _HEAD, found, order)
    if held.record is None:
        return Page(order, head, (), data[at:])
    if _is_dirent(held.record):
        entries = read_entries(data, found, head.lip_nr, at)
        return Page(order, head, tuple(Entry(None, None, entry) for entry in entries), data[at:])
    made = []
    for _ in range(head.lip_nr):
        entry, at = _entry(data, at, held, hashes, order)
        made.append(entry)
    return Page(order, head, tuple(made), data[spec_of(cls).size :])


def _is_dirent(record: Any) -> bool:
    return hasattr(record, "__wire__") and spec_of(record).name == _DIRENT


def _entry(data: bytes, at: int, held: Records, hashes: bool, order: ByteOrder) -> tuple[Entry, int]:
    number = int.from_bytes(_cut(data, at, _HASH), order) if hashes else None
    at += _HASH if hashes else 0
    raw = b""
    key = record = None
    if held.key is not None:
        raw = _cut(data, at, _node(held.key).width)
        key, at = _value(held.key, raw, order), at + len(raw)
    raw_record = _cut(data, at, _node(held.record).width)
    record = _value(held.record, raw_record, order)
    if isinstance(record, WireUnion):
        record = _member(record, int.from_bytes(raw, "little"), held.members)
    return Entry(number, key, record), at + len(raw_record)


def _node(kind: Any) -> Node:
    nodes = nodes_of(kind)
    assert isinstance(nodes, tuple)
    return nodes[0]


def _value(kind: Any, data: bytes, order: ByteOrder) -> Any:
    return unpack(kind, data, order) if hasattr(kind, "__wire__") and not issubclass(kind, WireUnion) else whole_value(
        _node(kind), data, order
    )  # fmt: skip


def _member(record: Any, key: int, members: tuple[tuple[int, int, str], ...]) -> Any:
    """What a record is by its key; its bytes where nobody knows."""
    name = next((name for mask, value, name in members if key & mask == value), "")
    return member(spec_of(record).node, name)(record.raw) if name in spec_of(record).by_name else record.raw


def _cut(data: bytes, at: int, size: int) -> bytes:
    if len(data) - at < size:
        raise TruncatedError(f"expected {size} bytes, got {max(0, len(data) - at)}", path="lip_nr", offset=at)
    return data[at : at + size]
